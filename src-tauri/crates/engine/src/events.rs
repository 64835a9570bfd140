//! Tells clients what became stale and how jobs move on.

use std::sync::{Arc, Mutex};

use proofmark_contract::{EngineEvent, Tag};

use crate::lock;

type Listener = Arc<dyn Fn(&EngineEvent) + Send + Sync>;

/// The listeners of this process.
#[derive(Default)]
pub(crate) struct Events {
    listeners: Mutex<Vec<Listener>>,
}

impl Events {
    pub(crate) fn subscribe(&self, listener: Box<dyn Fn(&EngineEvent) + Send + Sync>) {
        lock(&self.listeners).push(Arc::from(listener));
    }

    pub(crate) fn emit(&self, event: &EngineEvent) {
        // Copied out first: a listener may subscribe another one.
        let listeners: Vec<Listener> = lock(&self.listeners).clone();
        for listener in listeners {
            listener(event);
        }
    }
}

/// The client's word for a part of the ledger.
pub(crate) fn tag_of(tag: proofmark_ledger::Tag) -> Tag {
    use proofmark_ledger::Tag as Part;
    match tag {
        Part::Projects => Tag::Projects,
        Part::Files | Part::Versions => Tag::Files,
        Part::Runs | Part::RunLogs | Part::Environments => Tag::Runs,
        Part::Reports => Tag::Reports,
        Part::People => Tag::People,
        Part::Settings => Tag::Settings,
        Part::Jobs => Tag::Jobs,
        Part::Decisions => Tag::Decisions,
        Part::Registries | Part::Releases => Tag::Registry,
        Part::Audit => Tag::Audit,
    }
}

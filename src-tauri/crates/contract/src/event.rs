//! What the engine tells its clients without being asked.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use proofmark_domain::job::Job;

/// A part of what is known. A read names the parts that it is made of, a write those that it makes stale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "each tag is the plural of a word of the glossary")]
pub enum Tag {
    Projects,
    Files,
    Runs,
    Reports,
    Decisions,
    Registry,
    People,
    Settings,
    Jobs,
    Audit,
}

impl Tag {
    /// The word that stands in the change log.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Projects => "projects",
            Self::Files => "files",
            Self::Runs => "runs",
            Self::Reports => "reports",
            Self::Decisions => "decisions",
            Self::Registry => "registry",
            Self::People => "people",
            Self::Settings => "settings",
            Self::Jobs => "jobs",
            Self::Audit => "audit",
        }
    }

    /// Every tag.
    pub const ALL: [Self; 10] = [
        Self::Projects,
        Self::Files,
        Self::Runs,
        Self::Reports,
        Self::Decisions,
        Self::Registry,
        Self::People,
        Self::Settings,
        Self::Jobs,
        Self::Audit,
    ];

    /// Reads the word back.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tag| tag.word() == word)
    }
}

/// Something a person should be told at once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Notice {
    /// How it ended: `pass`, `attention` or `fail`.
    pub tone: NoticeTone,
    /// What happened, in one sentence.
    pub text: String,
    /// Where to look, if anywhere.
    pub target: Option<proofmark_domain::attention::Target>,
}

/// The tone of a notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum NoticeTone {
    /// It went well.
    Pass,
    /// Somebody should look.
    Attention,
    /// It failed.
    Fail,
}

/// What the engine tells its clients.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum EngineEvent {
    /// Refetch what is made of these parts.
    Stale {
        /// The parts.
        tags: Vec<Tag>,
    },
    /// A job moved on.
    Job {
        /// Its state now.
        job: Job,
    },
    /// Tell the person.
    Notice {
        /// What.
        notice: Notice,
    },
}

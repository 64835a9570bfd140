//! Taking away what nobody needs: what unfinished work left behind, and content to which nothing refers.

use std::collections::BTreeSet;
use std::time::Duration;

use proofmark_domain::Digest;
use proofmark_domain::release::rules;
use proofmark_domain::release::{CandidateState, RegistryState};

use super::log::Freshness;
use super::{Registry, waits};
use crate::error::RegistryError;
use crate::keys::Signer;
use crate::layout::{self, STAGING};
use crate::store::{Entry, EntryKind};

/// What was taken away.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pruned {
    /// Leftovers of unfinished work, as paths in the registry.
    pub leftovers: Vec<String>,
    /// Content that nothing referred to, or only what was rejected or destroyed, as paths in the registry.
    pub objects: Vec<String>,
    /// Bytes of that content.
    pub bytes: u64,
}

impl Registry {
    /// Takes away what nobody needs and what lay there for longer than `age`: what unfinished work left behind, and content to which no
    /// candidate refers but those that were rejected or whose version was destroyed. Statements, manifests and versions stay.
    ///
    /// `age` protects what is under way: content is there before the statement that refers to it. `pruned` tells what was taken away, also
    /// where it ends with an error.
    ///
    /// # Errors
    /// If the person who acts is no owner, the log is not whole (a statement that is missing could refer to what would be taken), or the
    /// store refuses.
    pub fn prune(&self, owner: &Signer, age: Duration, pruned: &mut Pruned) -> Result<(), RegistryError> {
        self.ready(owner)?;
        let loaded = self.load(Freshness::Bytes)?;
        rules::may_prune(&loaded.state, self.actor(owner))?;
        // What waits keeps nobody from a copy, but it says that a submission is missing whose content lies here.
        if let Some(finding) = loaded.findings.iter().find(|it| !it.void || it.problem.code == waits::WAITS) {
            let why =
                format!("{}, so nobody can tell what is needed, and nothing was taken away", finding.problem.message);
            return Err(RegistryError::Incomplete { path: self.path(&finding.problem.path), why });
        }
        self.clean_into(age, &mut pruned.leftovers)?;
        let needed = needed(&loaded.state);
        let room = self.workroom();
        for entry in self.objects()? {
            let Ok(digest) = Digest::from_hex(&entry.name) else { continue };
            if needed.contains(&digest) || !self.is_older(&entry, age) {
                continue;
            }
            let path = layout::object(&digest);
            let target = room.path(&format!("object-{}", entry.name));
            self.store.settle(&path, &target).map_err(RegistryError::io(self.path(&path), "taking away"))?;
            pruned.bytes += entry.size;
            pruned.objects.push(path);
        }
        Ok(())
    }

    /// Removes what unfinished work left in `.staging` longer than `age` ago. Returns the names.
    pub fn clean(&self, age: Duration) -> Result<Vec<String>, RegistryError> {
        let mut removed = Vec::new();
        self.clean_into(age, &mut removed)?;
        Ok(removed)
    }

    fn clean_into(&self, age: Duration, removed: &mut Vec<String>) -> Result<(), RegistryError> {
        let entries = self.store.list(STAGING).map_err(RegistryError::io(self.path(STAGING), "listing"))?;
        for entry in entries {
            if self.is_older(&entry, age) {
                let path = format!("{STAGING}/{}", entry.name);
                self.store.discard(&path).map_err(RegistryError::io(self.path(&path), "removing"))?;
                removed.push(path);
            }
        }
        Ok(())
    }

    /// Whether something lies there for longer than `age`. Where the store keeps no times, nothing does.
    fn is_older(&self, entry: &Entry, age: Duration) -> bool {
        let now = i128::from(self.clock.now().ms()) * 1_000_000;
        entry.stamp.is_some_and(|stamp| now - i128::from(stamp[0]) >= age.as_nanos().cast_signed())
    }

    /// Every object that bears the name of its place.
    fn objects(&self) -> Result<Vec<Entry>, RegistryError> {
        let list = |path: &str| self.store.list(path).map_err(RegistryError::io(self.path(path), "listing"));
        let mut all = Vec::new();
        for folder in list("objects/sha256")?.into_iter().filter(|it| it.kind == EntryKind::Folder) {
            let base = format!("objects/sha256/{}", folder.name);
            all.extend(list(&base)?.into_iter().filter(|it| {
                let own = |digest| layout::object(&digest) == format!("{base}/{}", it.name);
                it.kind == EntryKind::File && Digest::from_hex(&it.name).is_ok_and(own)
            }));
        }
        Ok(all)
    }
}

/// What some candidate needs: its manifest always, and its files unless it was rejected, or its version destroyed.
fn needed(state: &RegistryState) -> BTreeSet<Digest> {
    let mut needed = BTreeSet::new();
    for record in state.candidates.values() {
        needed.insert(record.bundle);
        let version = record.version.and_then(|number| state.version(&record.model, number));
        let over = record.state == CandidateState::Rejected || version.is_some_and(|it| it.destroyed.is_some());
        if let Some(manifest) = record.manifest.as_ref().filter(|_| !over) {
            needed.extend(manifest.files.iter().chain(&manifest.evidence).map(|it| it.digest));
        }
    }
    needed
}

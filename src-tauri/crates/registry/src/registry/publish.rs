//! Publishing: prepare the folder, sign, claim the number, show the folder.

use std::sync::Arc;
use std::time::Duration;

use proofmark_domain::Digest;
use proofmark_domain::id::CandidateId;
use proofmark_domain::release::{
    BundleManifest, CandidateRecord, CandidateState, ModelName, Placed, ReleaseBlocked, StatementBody, VersionRecord,
    rules,
};
use uuid::Uuid;

use super::Registry;
use super::log::{Claim, Freshness, Loaded};
use crate::error::RegistryError;
use crate::keys::Signer;
use crate::layout;
use crate::progress::Watch;

/// How often a number or a view that others change at the same time is tried again. Each round means that somebody
/// else succeeded, so the bound is a guard against a broken file system, not against load.
const ROUNDS: usize = 10_000;
/// Longest pause after the first lost race for a number where nobody can take turns, in milliseconds. It doubles with each further one, up
/// to two seconds.
const FIRST_PAUSE_MS: u64 = 64;
const DOUBLINGS: usize = 5;
/// After this many milliseconds a claim that was cut short is taken over. Writing its hundred bytes takes none.
const ABANDONED_MS: i64 = 60_000;

impl Registry {
    /// Publishes an approved candidate and returns its version number.
    ///
    /// May be repeated after any failure, by anybody who may publish: what is already there is taken up.
    pub fn publish(
        &self,
        publisher: &Signer,
        candidate: CandidateId,
        watch: &mut Watch<'_>,
    ) -> Result<u64, RegistryError> {
        let loaded = self.ready(publisher)?;
        let record = known(&loaded, candidate)?;
        let manifest = manifest_of(&record)?;
        if record.state != CandidateState::Published {
            rules::may_publish(&loaded.state, self.actor(publisher), candidate, &record.bundle)?;
        }
        drop(loaded);
        // Every byte is checked before the number is claimed, so that a damaged candidate never becomes a version.
        let room = self.workroom();
        let shown = match record.version {
            Some(version) => self.is_shown(&record.model, version)?,
            None => false,
        };
        if !shown {
            self.prepare(&room, (&record.bundle, &manifest), publisher, watch)?;
        }
        let version = self.number(publisher, candidate, &record.model)?;
        if !shown {
            self.show(&room, candidate, version)?;
        }
        self.refresh_view(&record.model)?;
        Ok(version)
    }

    fn is_shown(&self, model: &ModelName, version: u64) -> Result<bool, RegistryError> {
        let path = layout::version_folder(model, version);
        self.store.is_placed(&path).map_err(RegistryError::io(self.path(&path), "looking at"))
    }

    /// Signs that the candidate is the next version, and claims that number. Of those who try the same number, one gets
    /// it and the others go on to the next.
    fn number(&self, publisher: &Signer, candidate: CandidateId, model: &ModelName) -> Result<u64, RegistryError> {
        for round in 0..ROUNDS {
            let queued = self.queue(model, round > 0);
            if queued.is_none() && round > 0 {
                pause_after_lost_race(round);
            }
            let turn = self.turn();
            let loaded = self.ready_for(publisher, Freshness::Names)?;
            let record = known(&loaded, candidate)?;
            if let (CandidateState::Published, Some(version)) = (record.state, record.version) {
                return Ok(version);
            }
            rules::may_publish(&loaded.state, self.actor(publisher), candidate, &record.bundle)?;
            let last = loaded.claims.get(model).and_then(|claims| {
                claims.iter().rev().find(|(number, claim)| !is_false(&loaded, model, **number, claim))
            });
            // Only where files cannot get name and content in one step can a claim be cut short.
            let cut_short = match last {
                Some((number, Claim::Partial)) => Some(*number),
                _ => None,
            };
            if let Some(number) = cut_short
                && !self.is_abandoned(&layout::claim(model, number))?
            {
                let why = "somebody is claiming this number at this moment; a minute from now it can be taken over";
                return Err(RegistryError::Incomplete {
                    path: self.path(&layout::claim(model, number)),
                    why: why.to_owned(),
                });
            }
            let free = last.map_or(1, |(number, _)| number + 1);
            // Others may have claimed further numbers since the log was read: each lost race leaves a statement behind.
            let version = match cut_short {
                Some(number) => number,
                None => self.first_free(model, free)?,
            };
            let digest = match pending(&loaded, publisher, candidate, &(model.clone(), version)) {
                Some(digest) => digest,
                None => {
                    let (model, bundle, proof) = (model.clone(), record.bundle, record.statements.clone());
                    let body = StatementBody::Published { candidate, bundle, model, version, proof };
                    self.append(&loaded, publisher, Some(&record.model), body)?.1
                }
            };
            drop(turn);
            if self.claim(&layout::claim(model, version), &digest, cut_short.is_some())? {
                return Ok(version);
            }
        }
        let path = self.path(&format!("claims/{candidate}"));
        Err(RegistryError::Incomplete {
            path,
            why: "the numbers of this model change faster than they can be claimed".to_owned(),
        })
    }

    fn first_free(&self, model: &ModelName, from: u64) -> Result<u64, RegistryError> {
        let mut number = from;
        loop {
            let path = layout::claim(model, number);
            if number > layout::HIGHEST {
                let why = "somebody claimed the highest number there can be, so no other is left".to_owned();
                let path = self.path(&layout::claim(model, layout::HIGHEST));
                return Err(RegistryError::Damaged { path, why });
            }
            if self.store.entry(&path).map_err(RegistryError::io(self.path(&path), "looking at"))?.is_none() {
                return Ok(number);
            }
            number += 1;
        }
    }

    /// Whether a claim that was cut short has been so for long enough that nobody is still writing it.
    pub(super) fn is_abandoned(&self, path: &str) -> Result<bool, RegistryError> {
        let entry = self.store.entry(path).map_err(RegistryError::io(self.path(path), "looking at"))?;
        let Some(modified_ms) = entry.and_then(|entry| entry.stamp).map(|stamp| stamp[0] / 1_000_000) else {
            return Ok(false);
        };
        let since = |now: i64| now.saturating_sub(modified_ms);
        Ok(since(self.clock.now().ms()) > ABANDONED_MS || since(self.now_of_store()?) < -ABANDONED_MS)
    }

    /// The time by the clock that dates the files of this place. A file that it dates far ahead is not one that is being written.
    fn now_of_store(&self) -> Result<i64, RegistryError> {
        let room = self.workroom();
        let path = room.path("now");
        let io = |what| RegistryError::io(self.path(&path), what);
        self.store.stage(&path, &mut [].as_slice()).map_err(io("writing"))?;
        let entry = self.store.entry(&path).map_err(io("looking at"))?;
        Ok(entry.and_then(|entry| entry.stamp).map_or_else(|| self.clock.now().ms(), |stamp| stamp[0] / 1_000_000))
    }

    /// Whether the number is this statement's now. What the file says decides, also when the call itself failed: an
    /// answer can get lost on the way from a server.
    pub(super) fn claim(&self, path: &str, statement: &Digest, take_over: bool) -> Result<bool, RegistryError> {
        let text = layout::claim_text(statement);
        let made = if take_over {
            let staged = self.workroom();
            let file = staged.path("claim");
            self.store.stage(&file, &mut text.as_slice()).and_then(|_| self.store.settle(&file, path))
        } else {
            self.store.create_new(path, &text)
        };
        match self.store.read(path) {
            Ok(text) => match layout::read_claim(&text) {
                Some(holder) => Ok(holder == *statement),
                None => match made {
                    Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
                        Err(RegistryError::io(self.path(path), "claiming the number")(error))
                    }
                    // Another writer is at it; the next round sees what became of it.
                    _ => Ok(false),
                },
            },
            Err(error) => Err(RegistryError::io(self.path(path), "claiming the number")(made.err().unwrap_or(error))),
        }
    }

    /// Keeps the small files that MLflow reads in step with the signed statements.
    ///
    /// Two writers may overwrite each other here. Each looks again after writing, so the last one to finish has seen
    /// everything, and leaves the right text.
    pub(super) fn refresh_view(&self, model: &ModelName) -> Result<(), RegistryError> {
        for _ in 0..ROUNDS {
            let loaded = self.load(Freshness::Names)?;
            let mut changed = false;
            let mut expected = vec![];
            if let Some(meta) = self.expected_model_meta(&loaded.state, model) {
                expected.push((format!("{}/meta.yaml", layout::model_folder(model)), Some(meta)));
            }
            for (alias, record) in loaded.state.aliases.get(model).into_iter().flatten() {
                let path = format!("{}/aliases/{alias}", layout::model_folder(model));
                expected.push((path, record.version.map(|version| version.to_string().into_bytes())));
            }
            // Before the first version is shown, MLflow must not see the folder at all.
            if !self.has_folder(&layout::model_folder(model))? {
                return Ok(());
            }
            for (path, text) in expected {
                changed |= self.write_view(&path, text)?;
            }
            if !changed {
                return Ok(());
            }
        }
        Err(RegistryError::Incomplete {
            path: self.path(&layout::model_folder(model)),
            why: "its view for MLflow changes faster than it can be written; the signed statements are in order"
                .to_owned(),
        })
    }

    pub(super) fn has_folder(&self, path: &str) -> Result<bool, RegistryError> {
        let entry = self.store.entry(path).map_err(RegistryError::io(self.path(path), "looking at"))?;
        Ok(entry.is_some())
    }

    fn write_view(&self, path: &str, text: Option<Vec<u8>>) -> Result<bool, RegistryError> {
        let now = match self.store.read(path) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(RegistryError::io(self.path(path), "reading")(error)),
        };
        if now == text {
            return Ok(false);
        }
        let room = self.workroom();
        let staged = room.path("view");
        match text {
            Some(text) => {
                self.store
                    .stage(&staged, &mut text.as_slice())
                    .and_then(|_| self.store.settle(&staged, path))
                    .map_err(RegistryError::io(self.path(path), "writing"))?;
            }
            // Moved away rather than removed: nothing outside of `.staging` is ever deleted.
            None => {
                self.store
                    .stage(&room.path("x"), &mut [].as_slice())
                    .and_then(|_| self.store.settle(path, &staged))
                    .map_err(RegistryError::io(self.path(path), "taking away"))?;
            }
        }
        Ok(true)
    }
}

/// Waits a random while, so that those who lost together do not try together again.
fn pause_after_lost_race(round: usize) {
    let most = FIRST_PAUSE_MS << (round - 1).min(DOUBLINGS);
    let drawn = Uuid::new_v4().as_u64_pair().0 % most;
    std::thread::sleep(Duration::from_millis(drawn));
}

pub(super) fn known(loaded: &Loaded, candidate: CandidateId) -> Result<CandidateRecord, RegistryError> {
    let missing = || ReleaseBlocked::NoCandidate { candidate: candidate.to_string() };
    Ok(loaded.state.candidates.get(&candidate).cloned().ok_or_else(missing)?)
}

pub(super) fn manifest_of(record: &CandidateRecord) -> Result<Arc<BundleManifest>, RegistryError> {
    let missing = || ReleaseBlocked::ManifestMissing { bundle: record.bundle.short() };
    Ok(record.manifest.clone().ok_or_else(missing)?)
}

/// Whether a claim names a statement that is there and says something else. Nobody published under such a number, so the numbers do
/// not go on from it.
fn is_false(loaded: &Loaded, of: &ModelName, number: u64, claim: &Claim) -> bool {
    let named = claim.holder().and_then(|it| loaded.by_digest.get(&it)).and_then(|id| loaded.statements.get(id));
    named.is_some_and(|(_, it)| {
        !matches!(&it.statement.body, StatementBody::Published { model, version, .. } if model == of && *version == number)
    })
}

/// A statement of this key that already says so, left by an attempt that was cut short before its claim.
fn pending(loaded: &Loaded, publisher: &Signer, candidate: CandidateId, number: &(ModelName, u64)) -> Option<Digest> {
    let of_number = loaded.unclaimed.get(number)?.iter();
    let own = |it: &&Arc<Placed>| {
        let of = matches!(&it.statement.body, StatementBody::Published { candidate: of, .. } if *of == candidate);
        of && it.statement.key_id == publisher.key_id()
    };
    of_number.filter(|it| !loaded.refused.contains(&it.statement.id)).find(own).map(|it| it.digest)
}

pub(super) fn version_record(loaded: &Loaded, model: &ModelName, version: u64) -> Result<VersionRecord, RegistryError> {
    let missing = || ReleaseBlocked::Version { model: model.to_string(), version, state: "does not exist" };
    Ok(loaded.state.version(model, version).cloned().ok_or_else(missing)?)
}

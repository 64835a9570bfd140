//! A second copy of a registry: verified, copied in the order in which it was written, and verified again.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::log::{Finding, Freshness};
use super::verify::{expected_files, leads_to};
use super::version::hash;
use super::{OpenOptions, Registry};
use crate::error::RegistryError;
use crate::layout::{self, LAST_OF_FOLDER, MARKER, STAGING};
use crate::names::foreign;
use crate::progress::Watch;
use crate::store::{DirStore, EntryKind, Store};

/// What was copied.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mirrored {
    /// Files copied; those that were there already are not counted.
    pub files: usize,
    /// Bytes copied.
    pub bytes: u64,
    /// What the registry holds that counts for nothing, or waits for something that is not there. It was copied as it is.
    pub notes: Vec<String>,
}

/// The worst that is wrong with a registry, but for what counts for nothing anyway.
fn in_the_way(findings: &[Finding]) -> Option<String> {
    findings.iter().filter(|it| !it.void).max_by_key(|it| it.verdict).map(told)
}

fn told(finding: &Finding) -> String {
    format!("{}: {}", finding.problem.path, finding.problem.message)
}

impl Registry {
    /// Copies what is new here to `to`, which is made if it is not there and must otherwise be an earlier copy of this
    /// registry. Files that are there already are compared, and only the small ones that follow the statements replaced.
    pub fn mirror(&self, to: &Path, watch: &mut Watch<'_>) -> Result<Mirrored, RegistryError> {
        self.ensure_outside(to)?;
        let shown = to.display().to_string();
        self.mirror_to(&shown, watch, || {
            fs::create_dir_all(to).map_err(RegistryError::io(&shown, "making the folder"))?;
            let target = DirStore::new(to).map_err(RegistryError::io(&shown, "opening the folder"))?;
            Ok(Box::new(target))
        })
    }

    /// Copies what is new here to another store, which must be empty or hold an earlier copy of this registry.
    pub fn mirror_in(&self, target: Box<dyn Store>, watch: &mut Watch<'_>) -> Result<Mirrored, RegistryError> {
        let shown = target.place();
        self.mirror_to(&shown, watch, || Ok(target))
    }

    /// The target is made only once this registry has been verified.
    fn mirror_to(
        &self,
        shown: &str,
        watch: &mut Watch<'_>,
        open: impl FnOnce() -> Result<Box<dyn Store>, RegistryError>,
    ) -> Result<Mirrored, RegistryError> {
        let findings = self.findings(watch)?;
        if let Some(first) = in_the_way(&findings) {
            let why = format!("it does not verify, so it was not copied; {first}");
            return Err(RegistryError::Damaged { path: self.place(), why });
        }
        let target = open()?;
        self.same_or_new(target.as_ref(), shown)?;
        let notes = findings.iter().filter(|it| it.void).map(told).collect();
        let mut done = Mirrored { notes, ..Mirrored::default() };
        // Written in the order of a publication, so that a copy that is cut short is one that has not arrived yet.
        let ours = self.ours()?;
        for folder in ["objects", "log", "claims", "models"] {
            self.copy_folder(target.as_ref(), folder, &ours, &mut done, watch)?;
        }
        let options = OpenOptions {
            trusted_owner: self.trusted_owner.clone(),
            seen: Some(self.seen()?),
            clock: Some(std::sync::Arc::clone(&self.clock)),
        };
        let copy = Self::open_in(target, options)?;
        // What was destroyed since the last copy must not live on in this one.
        for (model, versions) in &copy.state()?.versions {
            for (number, _) in versions.iter().filter(|(_, it)| it.destroyed.is_some()) {
                copy.take_away(model, *number)?;
            }
        }
        match in_the_way(&copy.findings(watch)?) {
            None => Ok(done),
            Some(first) => {
                let why = format!("the copy does not verify; {first}");
                Err(RegistryError::Damaged { path: shown.to_owned(), why })
            }
        }
    }

    fn same_or_new(&self, target: &dyn Store, shown: &str) -> Result<(), RegistryError> {
        let marker = self.store.read(MARKER).map_err(RegistryError::io(self.path(MARKER), "reading"))?;
        match target.read(MARKER) {
            Ok(known) if known == marker => Ok(()),
            Ok(_) => Err(RegistryError::AlreadyThere { path: shown.to_owned() }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let names = target.list("").map_err(RegistryError::io(shown, "listing"))?;
                // What unfinished work of an attempt that was cut short left there is nobody's.
                if names.iter().any(|it| it.name != STAGING) {
                    let why = "it is neither empty nor a copy of this registry; choose an empty place";
                    return Err(RegistryError::Invalid(format!("{shown}: {why}")));
                }
                target.create_new(MARKER, &marker).map_err(RegistryError::io(shown, "writing"))
            }
            Err(error) => Err(RegistryError::io(shown, "reading")(error)),
        }
    }

    /// Files of versions, some of which bear names as synchronisers give them.
    fn ours(&self) -> Result<BTreeMap<String, ()>, RegistryError> {
        let state = self.load(Freshness::Stamps)?.state;
        let mut ours = BTreeMap::new();
        for (model, versions) in &state.versions {
            for (number, record) in versions {
                let Some(candidate) = state.candidates.get(&record.candidate) else { continue };
                let base = layout::version_folder(model, *number);
                let files = candidate.manifest.as_deref().map(expected_files).unwrap_or_default();
                ours.extend(files.into_keys().map(|name| (format!("{base}/{name}"), ())));
            }
        }
        Ok(ours)
    }

    fn copy_folder(
        &self,
        target: &dyn Store,
        folder: &str,
        ours: &BTreeMap<String, ()>,
        done: &mut Mirrored,
        watch: &mut Watch<'_>,
    ) -> Result<(), RegistryError> {
        let mut entries = self.store.list(folder).map_err(RegistryError::io(self.path(folder), "listing"))?;
        // Where a folder is not put in place as a whole, this file says that the others are there.
        entries.sort_by_key(|entry| entry.name == LAST_OF_FOLDER);
        for entry in entries {
            let path = format!("{folder}/{}", entry.name);
            if foreign(&entry.name).is_some() && !ours.contains_key(&path) && !leads_to(ours, &path) {
                continue;
            }
            match entry.kind {
                EntryKind::Folder => self.copy_folder(target, &path, ours, done, watch)?,
                EntryKind::File => self.copy_file(target, &path, entry.size, done, watch)?,
                EntryKind::Link | EntryKind::Other => {}
            }
        }
        Ok(())
    }

    fn copy_file(
        &self,
        target: &dyn Store,
        path: &str,
        size: u64,
        done: &mut Mirrored,
        watch: &mut Watch<'_>,
    ) -> Result<(), RegistryError> {
        let shown = format!("{}/{path}", target.place());
        let open = |store: &dyn Store, shown: &str| store.open(path).map_err(RegistryError::io(shown, "opening"));
        let there = target.entry(path).map_err(RegistryError::io(&shown, "looking at"))?;
        if there.is_some_and(|entry| entry.size == size) {
            let (ours, _) = hash(open(self.store.as_ref(), &self.path(path))?.as_mut(), path, watch, |_| Ok(()))?;
            let (theirs, _) = hash(open(target, &shown)?.as_mut(), path, watch, |_| Ok(()))?;
            if ours == theirs {
                return Ok(());
            }
        }
        let staged = format!("{}/{}", STAGING, self.clock.fresh(self.clock.now()));
        let mut source = open(self.store.as_ref(), &self.path(path))?;
        let placed = target.stage(&staged, source.as_mut()).and_then(|bytes| {
            target.settle(&staged, path)?;
            Ok(bytes)
        });
        let bytes = placed.map_err(RegistryError::io(shown, "copying"))?;
        done.files += 1;
        done.bytes += bytes;
        Ok(())
    }
}

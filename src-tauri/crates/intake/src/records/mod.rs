//! Runs and registered models that other tools recorded, read in place.
//!
//! Nothing is executed and nothing is written, not even beside a database. A record that is damaged in one place is read
//! everywhere else, and each place that could not be read is told.

pub mod dvc;
mod locate;
pub mod mlflow;
mod text;
mod yaml;

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use proofmark_domain::artifact::RelPath;
use proofmark_domain::foreign::{ForeignModelVersion, ForeignRun, RecordProblem, StoreKind, StoreRef};

use crate::files::walk::Walk;

pub use locate::{Locator, local_path};
pub(crate) use text::read_text;
pub(crate) use yaml::value as read_yaml;

/// More problems than this of one store are counted and not listed.
const MOST_PROBLEMS: usize = 200;

/// Points that are kept of one metric's history.
const MOST_POINTS: usize = 1_000;

/// What a reader needs to know.
pub struct ReadOptions<'a> {
    /// The project's folder.
    pub root: &'a Path,
    /// The runs of the store that are known, by their identifier there, each with the stamp of its last reading.
    pub known: &'a HashMap<String, String>,
    /// Only runs at or below this path need to be looked at; empty means all of them.
    pub under: &'a RelPath,
    /// Asked now and then whether to stop.
    pub cancel: &'a (dyn Fn() -> bool + Sync),
}

/// What a store holds, apart from its runs, which are given out one by one.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StoreReading {
    /// Identifiers of all runs that stand in the part that was looked at, new, changed or the same.
    pub present: Vec<String>,
    /// Whether everything in the store was looked at, so that a run that is not in `present` is gone.
    pub complete: bool,
    /// Versions in the tool's own registry of models.
    pub versions: Vec<ForeignModelVersion>,
    /// What could not be read.
    pub problems: Vec<RecordProblem>,
    /// Problems beyond the number that is listed.
    pub more_problems: u64,
}

impl StoreReading {
    fn problem(&mut self, path: RelPath, message: impl Into<String>) {
        if self.problems.len() < MOST_PROBLEMS {
            self.problems.push(RecordProblem { path, message: message.into() });
        } else {
            self.more_problems += 1;
        }
    }
}

/// The records of other tools among what a walk found: folders of MLflow, its databases, and folders with files of DVC.
/// The project's own folder counts as one of DVC if it is a git repository, whose tags may register models.
pub fn stores_in(root: &Path, walk: &Walk) -> Vec<StoreRef> {
    let mut stores: BTreeSet<StoreRef> =
        walk.mlflow_stores.iter().map(|path| StoreRef { kind: StoreKind::MlflowFiles, path: path.clone() }).collect();
    for found in &walk.files {
        if mlflow::is_database(found) {
            stores.insert(StoreRef { kind: StoreKind::MlflowDatabase, path: found.path.clone() });
        }
        if dvc::is_part(&found.path) {
            stores.insert(StoreRef { kind: StoreKind::Dvc, path: dvc::folder_of(&found.path) });
        }
    }
    if root.join(".git").symlink_metadata().is_ok() {
        stores.insert(StoreRef { kind: StoreKind::Dvc, path: RelPath::from("") });
    }
    stores.into_iter().collect()
}

/// Reads a store. `take` gets every run that is new or has another stamp than the known one, in the order of the store.
///
/// # Errors
///
/// What `take` answers, which ends the reading. A store that cannot be read at all is a problem in the answer.
pub fn read_store<E>(
    store: &StoreRef,
    options: &ReadOptions<'_>,
    take: &mut dyn FnMut(ForeignRun) -> Result<(), E>,
) -> Result<StoreReading, E> {
    match store.kind {
        StoreKind::MlflowFiles => mlflow::read_files(&store.path, options, take),
        StoreKind::MlflowDatabase => mlflow::read_database(&store.path, options, take),
        StoreKind::Dvc => dvc::read_folder(&store.path, options, take),
    }
}

#[cfg(test)]
mod tests;

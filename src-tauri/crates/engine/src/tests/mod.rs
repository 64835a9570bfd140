//! The use cases, tried on temporary folders with a clock that stands still.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod comparing;
mod following;
mod keychain;
mod line;
mod scanning;
mod screening;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use proofmark_contract::view::{PathRef, ProjectAdd};
use proofmark_domain::artifact::RelPath;
use proofmark_domain::project::Project;
use tempfile::TempDir;

use crate::scan::{ScanControl, ScanSummary};
use crate::{Engine, EngineOptions, FixedClock};

/// 2026-11-23T12:00:00Z.
const NOON: i64 = 1_795_435_200_000;

/// A temporary project, a temporary home and a fixed clock.
pub(super) struct Sandbox {
    folder: TempDir,
    pub(super) clock: Arc<FixedClock>,
    pub(super) engine: Engine,
}

impl Sandbox {
    pub(super) fn new() -> Self {
        Self::with_keychain(keychain::in_memory())
    }

    pub(super) fn with_keychain(keychain: crate::platform::Keychain) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("project")).unwrap();
        let clock = Arc::new(FixedClock::at(NOON));
        let home = Some(folder.path().join("home"));
        let options = EngineOptions { home, clock: clock.clone(), keychain };
        Self { engine: Engine::open(options).unwrap(), folder, clock }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(super) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path("project").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    pub(super) fn add(&self) -> Project {
        let path = self.path("project").to_string_lossy().into_owned();
        self.engine.add_project(&ProjectAdd { path, name: None }).unwrap()
    }

    pub(super) fn scan(&self, project: &Project) -> ScanSummary {
        let control = ScanControl { cancelled: &|| false, progress: &|_, _, _| () };
        // The machine's file times are now; a clock that stands in the past would make every entry of the stat cache racy.
        self.engine.scan(project, &RelPath::from(""), &control).unwrap()
    }

    pub(super) fn place(&self, project: &Project, path: &str) -> PathRef {
        PathRef { project: project.id, path: path.to_owned() }
    }
}

/// Gives a file an old time, as a file has that was not written a moment ago.
pub(super) fn age(path: &Path) {
    let old = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_700_000_000);
    fs::File::options().append(true).open(path).unwrap().set_modified(old).unwrap();
}

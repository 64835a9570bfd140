//! The ledger from outside: what goes in comes out, nothing half-written stays, and damage is named.

mod audit;
mod opening;
mod round_trips;
mod run_lists;
mod runs;
mod sharing;

use std::error::Error;
use std::path::PathBuf;

use proofmark_domain::id::ProjectId;
use proofmark_domain::project::Project;
use proofmark_domain::{Digest, Timestamp};
use proofmark_ledger::{AuditEntry, Ledger, LedgerError, Write};
use uuid::Uuid;

type Outcome = Result<(), Box<dyn Error>>;

/// A ledger in a temporary folder.
struct Sandbox {
    folder: tempfile::TempDir,
    path: PathBuf,
    ledger: Ledger,
}

impl Sandbox {
    fn new() -> Result<Self, Box<dyn Error>> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("home").join("ledger.db");
        let ledger = Ledger::open(&path, now())?;
        Ok(Self { folder, path, ledger })
    }

    /// A ledger with one project.
    fn with_project() -> Result<(Self, ProjectId), Box<dyn Error>> {
        let sandbox = Self::new()?;
        let project = project(1, "/data/credit");
        sandbox.write(|w| w.projects().add(&project))?;
        Ok((sandbox, project.id))
    }

    fn write<T>(&self, work: impl FnOnce(&mut Write<'_>) -> Result<T, LedgerError>) -> Result<T, LedgerError> {
        self.ledger.write(now(), entry(), work)
    }

    /// Opens the file past the crate, as somebody who wants to tamper with it would.
    fn raw(&self) -> rusqlite::Result<rusqlite::Connection> {
        rusqlite::Connection::open(&self.path)
    }
}

fn now() -> Timestamp {
    Timestamp::from_ms(1_795_411_522_582)
}

fn entry() -> AuditEntry {
    AuditEntry::new("ada", "test.write", "something")
}

fn uuid(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

fn digest(number: u8) -> Digest {
    Digest::from_bytes([number; 32])
}

fn project(number: u128, root: &str) -> Project {
    Project {
        id: ProjectId::from_uuid(uuid(number)),
        name: format!("Project {number}"),
        root: root.to_owned(),
        added_at: now(),
        paused: false,
        last_scan: None,
        is_sample: false,
    }
}

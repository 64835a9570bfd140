//! The ledger: the local SQLite database in which everything that was recorded lies.
//!
//! [`Ledger::write`] is the only way to change it: one transaction, with its audit entry and its line in the change log,
//! or nothing. [`Ledger::read`] sees one moment of it and never waits for a writer. Readers of a table ([`Files`]) and its
//! writers ([`FilesMut`]) are different types, so that a read cannot write.
//!
//! Not here: no clock and no randomness (times and ids come in as arguments), no decisions about what the facts mean, and
//! nothing that lies on a shared directory.

#![deny(missing_docs)]

mod audit;
mod change_log;
mod codec;
mod db;
mod error;
mod ledger;
mod migrations;
mod open;
mod platform;
mod table;

pub use audit::{Audit, AuditEntry, AuditRecord, AuditReport, AuditVerdict};
pub use change_log::{Change, Changes, Tag};
pub use codec::Page;
pub use error::LedgerError;
pub use ledger::{BackupReport, IntegrityReport, Ledger, Read, Write};
pub use migrations::{APPLICATION_ID, KNOWN_VERSION};
pub use open::Options;
pub use table::decision::{DecisionKey, Decisions, DecisionsMut, NewDecision, StoredDecision};
pub use table::environment::{Environments, EnvironmentsMut};
pub use table::file::{FileFilter, FileSort, FileState, Files, FilesMut, Stat};
pub use table::foreign::{ForeignRecords, ForeignRecordsMut, KnownStore};
pub use table::job::{Jobs, JobsMut, Owner};
pub use table::person::{People, PeopleMut, StoredPerson};
pub use table::project::{Added, Projects, ProjectsMut};
pub use table::registry::{Attachment, Registries, RegistriesMut};
pub use table::report::{NewReport, ReportHead, ReportKind, Reports, ReportsMut, StoredReport};
pub use table::run::{ForeignRow, Runs, RunsMut};
pub use table::run_fact::FactKind;
pub use table::run_list::{Compare, Condition, FactUse, Operand, RunFilter, RunSort};
pub use table::run_log::{RunLogs, RunLogsMut};
pub use table::setting::{Settings, SettingsMut};
pub use table::version::{NewVersion, StoredVersion, Versions, VersionsMut};

//! What can go wrong with the ledger. Each message names the file, what was kept and what to do next.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::ErrorCode;
use thiserror::Error;

/// What can go wrong with the ledger.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LedgerError {
    /// A newer Proofmark wrote it.
    #[error(
        "the ledger {} has format {found}, and this Proofmark knows formats up to {known}. Nothing was changed. Open it with the newer Proofmark that wrote it, or name another ledger folder",
        path.display()
    )]
    NewerVersion {
        /// The ledger.
        path: PathBuf,
        /// Format of the file.
        found: i64,
        /// Newest format that this build knows.
        known: i64,
    },
    /// Its bytes are not those of a whole ledger.
    #[error(
        "the ledger {} is damaged: {detail}. Nothing was changed. Keep the file, and put a backup in its place or move it away to begin a new ledger; project folders and registries are not affected",
        path.display()
    )]
    Damaged {
        /// The ledger.
        path: PathBuf,
        /// What is wrong with it.
        detail: String,
    },
    /// It is a database of another application.
    #[error(
        "{} is an SQLite database, but not a ledger of Proofmark (application id {found:#010x}). Nothing was changed. Name another ledger folder",
        path.display()
    )]
    NotALedger {
        /// The file.
        path: PathBuf,
        /// The application id in its header.
        found: u32,
    },
    /// There is a folder or a device where the file should be.
    #[error("{} is not a file ({found}), so no ledger can be kept there. Nothing was changed. Name another ledger folder", path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
        /// What is there instead.
        found: &'static str,
    },
    /// Another process has it locked.
    #[error(
        "the ledger {} is in use by another process and stayed so for {waited:?}. Nothing of this step was written; what was recorded before is kept. Wait for the other Proofmark to finish or close it, then try again",
        path.display()
    )]
    Busy {
        /// The ledger.
        path: PathBuf,
        /// How long was waited.
        waited: Duration,
    },
    /// The operating system forbids to read or write it.
    #[error(
        "the ledger {} cannot be opened for reading and writing: {detail}. What was recorded is kept. Give your user the right to write this file and its folder, or name another ledger folder",
        path.display()
    )]
    PermissionDenied {
        /// The ledger, or the folder that it should be in.
        path: PathBuf,
        /// What the system said.
        detail: String,
    },
    /// The disk is full.
    #[error(
        "the disk with the ledger {} is full. Nothing of this step was written; what was recorded before is kept. Free some space and try again",
        path.display()
    )]
    DiskFull {
        /// The ledger.
        path: PathBuf,
    },
    /// It would lie on a network file system.
    #[error(
        "the ledger {} would lie on a network file system ({kind}), where SQLite cannot keep it whole. Nothing was written. Name a ledger folder on a local disk (`--home`); the shared registry may stay on the network",
        path.display()
    )]
    NetworkFileSystem {
        /// Where the ledger would be.
        path: PathBuf,
        /// The kind of file system, such as `nfs`.
        kind: String,
    },
    /// The file system failed.
    #[error("{doing} {} failed: {source}. What was recorded before is kept. Check the disk, then try again", path.display())]
    Io {
        /// What was tried, such as `creating the folder`.
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// SQLite met a failure of the disk.
    #[error("the disk failed while the ledger {} was used: {detail}. Nothing of this step was written. Check the disk, then run `proofmark doctor`", path.display())]
    DiskFailed {
        /// The ledger.
        path: PathBuf,
        /// What SQLite said.
        detail: String,
    },
    /// A row does not hold what its table promises.
    #[error("the ledger {} holds a row that cannot be read: {detail}. Nothing was changed. Run `proofmark doctor`, and restore a backup if it reports damage", path.display())]
    BadRow {
        /// The ledger.
        path: PathBuf,
        /// Which value, and why not.
        detail: String,
    },
    /// A recorded fact would have been overwritten or removed.
    #[error("the ledger {} refused: {detail}. Nothing of this step was written. Record a correction as a new fact instead", path.display())]
    AppendOnly {
        /// The ledger.
        path: PathBuf,
        /// What the rule says.
        detail: String,
    },
    /// Something that should be changed is not there.
    #[error(
        "there is no {what} {id} in the ledger. Nothing of this step was written. List what there is and try again with one of those"
    )]
    Missing {
        /// The kind of thing.
        what: &'static str,
        /// Its identifier.
        id: String,
    },
    /// Something that should be added is there already.
    #[error("the {what} {id} is in the ledger already. Nothing of this step was written. Use the existing one")]
    Exists {
        /// The kind of thing.
        what: &'static str,
        /// Its identifier.
        id: String,
    },
    /// A value breaks a rule of its table: a dangling reference or a repeated key.
    #[error("the ledger {} refused a value: {detail}. Nothing of this step was written; this is a fault of Proofmark, please report it", path.display())]
    Constraint {
        /// The ledger.
        path: PathBuf,
        /// The rule.
        detail: String,
    },
    /// A value has no JSON form.
    #[error(
        "a value could not be written as JSON: {0}. Nothing of this step was written; this is a fault of Proofmark, please report it"
    )]
    Json(#[source] serde_json::Error),
    /// Anything else that SQLite says.
    #[error("the ledger {} could not be used: {source}. Nothing of this step was written", path.display())]
    Sqlite {
        /// The ledger.
        path: PathBuf,
        /// What SQLite said.
        #[source]
        source: rusqlite::Error,
    },
    /// A step to the present format failed.
    #[error(
        "the ledger {} could not be brought to format {known}: {detail}. It was left as it was{}. Please report this",
        path.display(),
        copy.as_ref().map(|it| format!(", and a copy is at {}", it.display())).unwrap_or_default()
    )]
    Migration {
        /// The ledger.
        path: PathBuf,
        /// The format that was aimed at.
        known: i64,
        /// The copy made before.
        copy: Option<PathBuf>,
        /// What failed.
        detail: String,
    },
}

impl LedgerError {
    /// Turns what SQLite said about `path` into one of ours. `waited` is the time that SQLite waits for a lock.
    pub(crate) fn from_sqlite(path: &Path, waited: Duration, source: rusqlite::Error) -> Self {
        let path = path.to_owned();
        match &source {
            rusqlite::Error::SqliteFailure(failure, message) => {
                let detail = message.clone().unwrap_or_else(|| failure.to_string());
                match failure.code {
                    ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Self::Busy { path, waited },
                    ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => Self::Damaged { path, detail },
                    ErrorCode::PermissionDenied | ErrorCode::ReadOnly | ErrorCode::CannotOpen => {
                        Self::PermissionDenied { path, detail }
                    }
                    ErrorCode::DiskFull => Self::DiskFull { path },
                    ErrorCode::SystemIoFailure => Self::DiskFailed { path, detail },
                    ErrorCode::ConstraintViolation => match detail.strip_prefix("append-only: ") {
                        Some(rule) => Self::AppendOnly { path, detail: rule.to_owned() },
                        None => Self::Constraint { path, detail },
                    },
                    _ => Self::Sqlite { path, source },
                }
            }
            rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
            | rusqlite::Error::Utf8Error(..) => Self::BadRow { path, detail: source.to_string() },
            _ => Self::Sqlite { path, source },
        }
    }

    /// Turns what the file system said about `path` into one of ours.
    pub(crate) fn from_io(doing: &'static str, path: &Path, source: std::io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem => {
                Self::PermissionDenied { path, detail: format!("{doing}: {source}") }
            }
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Self::DiskFull { path },
            _ => Self::Io { doing, path, source },
        }
    }
}

//! A connection together with the file it belongs to, so that every error can name the file.

use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;

use crate::LedgerError;

/// What a function of a table says when it fails, before the file is named.
#[derive(Debug)]
pub(crate) enum Fault {
    Sqlite(rusqlite::Error),
    Json(serde_json::Error),
    Missing { what: &'static str, id: String },
    Exists { what: &'static str, id: String },
}

impl From<rusqlite::Error> for Fault {
    fn from(source: rusqlite::Error) -> Self {
        Self::Sqlite(source)
    }
}

impl From<serde_json::Error> for Fault {
    fn from(source: serde_json::Error) -> Self {
        Self::Json(source)
    }
}

/// A connection, the file it belongs to and how long it waits for a lock.
#[derive(Clone, Copy)]
pub(crate) struct Db<'c> {
    pub(crate) conn: &'c Connection,
    pub(crate) path: &'c Path,
    pub(crate) waits: Duration,
}

impl<'c> Db<'c> {
    /// Runs `work` and names the file in its failure.
    pub(crate) fn run<T>(&self, work: impl FnOnce(&'c Connection) -> Result<T, Fault>) -> Result<T, LedgerError> {
        work(self.conn).map_err(|fault| match fault {
            Fault::Sqlite(source) => LedgerError::from_sqlite(self.path, self.waits, source),
            Fault::Json(source) => LedgerError::Json(source),
            Fault::Missing { what, id } => LedgerError::Missing { what, id },
            Fault::Exists { what, id } => LedgerError::Exists { what, id },
        })
    }
}

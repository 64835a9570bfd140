//! The `environment` table: the software and machines that runs had. Append-only, one row per digest.

use proofmark_domain::Digest;
use proofmark_domain::environment::Environment;
use rusqlite::{OptionalExtension as _, params};

use crate::codec::{json, to_json};
use crate::db::Db;
use crate::{LedgerError, Tag, Write};

/// Reads environments.
pub struct Environments<'c> {
    pub(crate) db: Db<'c>,
}

impl Environments<'_> {
    /// One environment.
    pub fn by_digest(&self, digest: &Digest) -> Result<Option<Environment>, LedgerError> {
        self.db.run(|conn| {
            let mut statement = conn.prepare_cached("SELECT body FROM environment WHERE digest = ?1")?;
            Ok(statement.query_row([digest.as_bytes()], |row| json(row, 0)).optional()?)
        })
    }
}

/// Writes environments.
pub struct EnvironmentsMut<'c> {
    pub(crate) write: &'c Write<'c>,
}

impl EnvironmentsMut<'_> {
    /// Records an environment; does nothing if its digest is known. Returns whether it was new.
    pub fn add(&self, environment: &Environment) -> Result<bool, LedgerError> {
        self.write.touch(Tag::Environments).run(|conn| {
            let mut statement = conn.prepare_cached(
                "INSERT INTO environment (digest, body) VALUES (?1, ?2) ON CONFLICT (digest) DO NOTHING",
            )?;
            Ok(statement.execute(params![environment.digest.as_bytes(), to_json(environment)?])? == 1)
        })
    }
}

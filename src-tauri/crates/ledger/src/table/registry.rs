//! The `registry_attachment` table: shared directories that this machine uses, and whom it trusts in each.

use proofmark_domain::Timestamp;
use proofmark_domain::id::RegistryId;
use proofmark_domain::registry::RegistryReport;
use rusqlite::{OptionalExtension as _, Params, Row, params};

use crate::codec::{opt_json, opt_time, parsed, time, to_json};
use crate::db::{Db, Fault};
use crate::{LedgerError, Tag, Write};

const COLUMNS: &str = "path, id, name, owner_key_id, attached_at, verified_at, last_report";

/// A shared directory that this machine uses.
#[derive(Debug, Clone, PartialEq)]
pub struct Attachment {
    /// Absolute path of the directory.
    pub path: String,
    /// Its identifier.
    pub id: RegistryId,
    /// What people call it.
    pub name: String,
    /// The key of the owner that was trusted when it was attached. Trust begins here: a directory that names another owner
    /// later is not believed.
    pub owner_key_id: String,
    /// When it was attached.
    pub attached_at: Timestamp,
    /// When it was last verified.
    pub verified_at: Option<Timestamp>,
    /// What verifying found then.
    pub last_report: Option<RegistryReport>,
}

/// Reads attached registries.
pub struct Registries<'c> {
    pub(crate) db: Db<'c>,
}

impl Registries<'_> {
    /// All of them, by name.
    pub fn list(&self) -> Result<Vec<Attachment>, LedgerError> {
        self.many("1 ORDER BY name COLLATE NOCASE, path", [])
    }

    /// One by its directory.
    pub fn by_path(&self, path: &str) -> Result<Option<Attachment>, LedgerError> {
        Ok(self.many("path = ?1", [path])?.pop())
    }

    fn many(&self, scope: &str, values: impl Params) -> Result<Vec<Attachment>, LedgerError> {
        self.db.run(|conn| {
            let mut statement =
                conn.prepare_cached(&format!("SELECT {COLUMNS} FROM registry_attachment WHERE {scope}"))?;
            Ok(statement.query_map(values, attachment)?.collect::<Result<_, _>>()?)
        })
    }
}

/// Writes attached registries.
pub struct RegistriesMut<'c> {
    pub(crate) write: &'c Write<'c>,
}

impl RegistriesMut<'_> {
    /// Attaches a directory. One that is attached is refused, so that the trusted owner cannot change unnoticed: to trust
    /// another owner, a person detaches it first.
    pub fn attach(&self, new: &Attachment) -> Result<(), LedgerError> {
        self.write.touch(Tag::Registries).run(|conn| {
            let known: Option<String> = conn
                .prepare_cached("SELECT id FROM registry_attachment WHERE path = ?1")?
                .query_row([&new.path], |row| row.get(0))
                .optional()?;
            if known.is_some() {
                return Err(Fault::Exists { what: "registry", id: new.path.clone() });
            }
            conn.prepare_cached(
                "INSERT INTO registry_attachment (path, id, name, owner_key_id, attached_at, verified_at, last_report)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![
                new.path,
                new.id.to_string(),
                new.name,
                new.owner_key_id,
                new.attached_at.ms(),
                new.verified_at.map(Timestamp::ms),
                new.last_report.as_ref().map(to_json).transpose()?,
            ])?;
            Ok(())
        })
    }

    /// Notes what verifying found, at the time of this write.
    pub fn set_verified(&self, path: &str, report: &RegistryReport) -> Result<(), LedgerError> {
        let at = self.write.at().ms();
        self.write.touch(Tag::Registries).run(|conn| {
            let mut statement = conn
                .prepare_cached("UPDATE registry_attachment SET verified_at = ?2, last_report = ?3 WHERE path = ?1")?;
            match statement.execute(params![path, at, to_json(report)?])? {
                0 => Err(Fault::Missing { what: "registry", id: path.to_owned() }),
                _ => Ok(()),
            }
        })
    }

    /// Stops using a directory. Nothing in it changes.
    pub fn detach(&self, path: &str) -> Result<(), LedgerError> {
        self.write.touch(Tag::Registries).run(|conn| {
            match conn.prepare_cached("DELETE FROM registry_attachment WHERE path = ?1")?.execute([path])? {
                0 => Err(Fault::Missing { what: "registry", id: path.to_owned() }),
                _ => Ok(()),
            }
        })
    }
}

fn attachment(row: &Row<'_>) -> rusqlite::Result<Attachment> {
    Ok(Attachment {
        path: row.get(0)?,
        id: parsed(row, 1)?,
        name: row.get(2)?,
        owner_key_id: row.get(3)?,
        attached_at: time(row, 4)?,
        verified_at: opt_time(row, 5)?,
        last_report: opt_json(row, 6)?,
    })
}

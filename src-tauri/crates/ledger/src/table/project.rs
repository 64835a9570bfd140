//! The `project` table: watched folders.

use proofmark_domain::Timestamp;
use proofmark_domain::id::ProjectId;
use proofmark_domain::project::Project;
use rusqlite::{OptionalExtension as _, Row, params};

use crate::codec::{opt_time, parsed, time};
use crate::db::{Db, Fault};
use crate::{LedgerError, Tag, Write};

const COLUMNS: &str = "id, name, root, added_at, paused, last_scan, is_sample";

/// What adding a folder did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Added {
    /// The folder is new.
    New(Project),
    /// The folder was removed before; it is back under its former id, with its history.
    Revived(Project),
}

impl Added {
    /// The project, new or revived.
    pub fn project(&self) -> &Project {
        match self {
            Self::New(project) | Self::Revived(project) => project,
        }
    }
}

/// Reads watched folders.
pub struct Projects<'c> {
    pub(crate) db: Db<'c>,
}

impl Projects<'_> {
    /// All that were not removed, by name.
    pub fn list(&self) -> Result<Vec<Project>, LedgerError> {
        self.db.run(|conn| {
            let sql =
                format!("SELECT {COLUMNS} FROM project WHERE removed_at IS NULL ORDER BY name COLLATE NOCASE, id");
            let mut statement = conn.prepare_cached(&sql)?;
            Ok(statement.query_map([], project)?.collect::<Result<_, _>>()?)
        })
    }

    /// One by its id, unless it was removed.
    pub fn by_id(&self, id: ProjectId) -> Result<Option<Project>, LedgerError> {
        self.one("id = ?1 AND removed_at IS NULL", &id.to_string())
    }

    /// One by its folder, unless it was removed. Folders are compared letter by letter.
    pub fn by_root(&self, root: &str) -> Result<Option<Project>, LedgerError> {
        self.one("root = ?1 AND removed_at IS NULL", root)
    }

    /// One by its id, also if it was removed: histories name such.
    pub fn by_id_even_removed(&self, id: ProjectId) -> Result<Option<Project>, LedgerError> {
        self.one("id = ?1", &id.to_string())
    }

    fn one(&self, condition: &str, value: &str) -> Result<Option<Project>, LedgerError> {
        self.db.run(|conn| {
            let mut statement = conn.prepare_cached(&format!("SELECT {COLUMNS} FROM project WHERE {condition}"))?;
            Ok(statement.query_row([value], project).optional()?)
        })
    }
}

/// Writes watched folders.
pub struct ProjectsMut<'c> {
    pub(crate) write: &'c Write<'c>,
}

impl ProjectsMut<'_> {
    /// Adds a folder. One that was removed before comes back with its former id, time and history and takes the new name;
    /// one that is there already is refused.
    pub fn add(&self, new: &Project) -> Result<Added, LedgerError> {
        self.write.touch(Tag::Projects).run(|conn| {
            let former: Option<(String, bool)> = conn
                .prepare_cached("SELECT id, removed_at IS NOT NULL FROM project WHERE root = ?1")?
                .query_row([&new.root], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()?;
            match former {
                Some((_, false)) => Err(Fault::Exists { what: "project folder", id: new.root.clone() }),
                Some((id, true)) => {
                    let sql = format!(
                        "UPDATE project SET name = ?2, paused = ?3, is_sample = ?4, removed_at = NULL WHERE id = ?1
                         RETURNING {COLUMNS}"
                    );
                    let revived = conn
                        .prepare_cached(&sql)?
                        .query_row(params![id, new.name, new.paused, new.is_sample], project)?;
                    Ok(Added::Revived(revived))
                }
                None => {
                    conn.prepare_cached(
                        "INSERT INTO project (id, name, root, added_at, paused, last_scan, is_sample)
                         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                    )?
                    .execute(params![
                        new.id.to_string(),
                        new.name,
                        new.root,
                        new.added_at.ms(),
                        new.paused,
                        new.last_scan.map(Timestamp::ms),
                        new.is_sample,
                    ])?;
                    Ok(Added::New(new.clone()))
                }
            }
        })
    }

    /// Gives it another name.
    pub fn rename(&self, id: ProjectId, name: &str) -> Result<(), LedgerError> {
        self.change(id, "UPDATE project SET name = ?2 WHERE id = ?1 AND removed_at IS NULL", name)
    }

    /// Pauses watching or takes it up again.
    pub fn set_paused(&self, id: ProjectId, paused: bool) -> Result<(), LedgerError> {
        self.change(id, "UPDATE project SET paused = ?2 WHERE id = ?1 AND removed_at IS NULL", paused)
    }

    /// Notes that a scan finished.
    pub fn set_last_scan(&self, id: ProjectId, at: Timestamp) -> Result<(), LedgerError> {
        self.change(id, "UPDATE project SET last_scan = ?2 WHERE id = ?1 AND removed_at IS NULL", at.ms())
    }

    /// Hides it from lists, from the time of this write on. Everything recorded about it stays.
    pub fn remove(&self, id: ProjectId) -> Result<(), LedgerError> {
        let at = self.write.at().ms();
        self.change(id, "UPDATE project SET removed_at = ?2 WHERE id = ?1 AND removed_at IS NULL", at)
    }

    fn change(&self, id: ProjectId, sql: &str, value: impl rusqlite::ToSql) -> Result<(), LedgerError> {
        self.write.touch(Tag::Projects).run(|conn| {
            match conn.prepare_cached(sql)?.execute(params![id.to_string(), value])? {
                0 => Err(Fault::Missing { what: "project", id: id.to_string() }),
                _ => Ok(()),
            }
        })
    }
}

fn project(row: &Row<'_>) -> rusqlite::Result<Project> {
    Ok(Project {
        id: parsed(row, 0)?,
        name: row.get(1)?,
        root: row.get(2)?,
        added_at: time(row, 3)?,
        paused: row.get(4)?,
        last_scan: opt_time(row, 5)?,
        is_sample: row.get(6)?,
    })
}

//! The `foreign_version` and `foreign_store` tables: registries of other tools, and the records that were found.

use proofmark_domain::Timestamp;
use proofmark_domain::artifact::RelPath;
use proofmark_domain::foreign::{ForeignModelVersion, RecordProblem, StoreRef};
use proofmark_domain::id::ProjectId;
use proofmark_domain::run::RunSource;
use rusqlite::params;

use crate::codec::{self, opt_time, time, to_json, to_word};
use crate::db::Db;
use crate::{LedgerError, Tag, Write};

/// A record that was found in a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownStore {
    /// Which.
    pub store: StoreRef,
    /// When it was last read.
    pub read_at: Timestamp,
    /// Runs in it.
    pub runs: u64,
    /// What could not be read.
    pub problems: Vec<RecordProblem>,
}

/// Reads what other tools keep beside their runs.
pub struct ForeignRecords<'c> {
    pub(crate) db: Db<'c>,
}

impl ForeignRecords<'_> {
    /// The versions in other tools' registries, by model and version. Those that went away are left out.
    pub fn versions(&self, project: ProjectId) -> Result<Vec<ForeignModelVersion>, LedgerError> {
        self.db.run(|conn| {
            let mut statement = conn.prepare_cached(
                "SELECT source, store, model, version, aliases, run, path, created, description FROM foreign_version
                  WHERE project = ?1 AND gone = 0 ORDER BY model, length(version), version, source, store",
            )?;
            let rows = statement.query_map([project.to_string()], |row| {
                Ok(ForeignModelVersion {
                    source: codec::word(row, 0)?,
                    store: RelPath::new(row.get::<_, String>(1)?),
                    model: row.get(2)?,
                    version: row.get(3)?,
                    aliases: codec::json(row, 4)?,
                    run: row.get(5)?,
                    found: row.get::<_, Option<String>>(6)?.map(RelPath::new),
                    created: opt_time(row, 7)?,
                    description: row.get(8)?,
                })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// The records that were found in a project, by path.
    pub fn stores(&self, project: ProjectId) -> Result<Vec<KnownStore>, LedgerError> {
        self.db.run(|conn| {
            let mut statement = conn.prepare_cached(
                "SELECT kind, path, read_at, runs, problems FROM foreign_store WHERE project = ?1 ORDER BY path, kind",
            )?;
            let rows = statement.query_map([project.to_string()], |row| {
                Ok(KnownStore {
                    store: StoreRef { kind: codec::word(row, 0)?, path: RelPath::new(row.get::<_, String>(1)?) },
                    read_at: time(row, 2)?,
                    runs: codec::uint(row, 3)?,
                    problems: codec::json(row, 4)?,
                })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }
}

/// Writes what other tools keep beside their runs.
pub struct ForeignRecordsMut<'c> {
    pub(crate) write: &'c Write<'c>,
}

impl ForeignRecordsMut<'_> {
    /// Takes over a registry as it stands now. Versions that are not in it any more are marked as gone.
    pub fn put_versions(
        &self,
        project: ProjectId,
        source: RunSource,
        store: &RelPath,
        versions: &[ForeignModelVersion],
    ) -> Result<(), LedgerError> {
        self.write.touch(Tag::Runs).run(|conn| {
            let (project, source) = (project.to_string(), to_word(&source)?);
            conn.prepare_cached(
                "UPDATE foreign_version SET gone = 1 WHERE project = ?1 AND source = ?2 AND store = ?3",
            )?
            .execute(params![project, source, store.as_str()])?;
            let mut statement = conn.prepare_cached(
                "INSERT INTO foreign_version
                     (project, source, store, model, version, aliases, run, path, created, description, gone)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, 0)
                 ON CONFLICT (project, source, store, model, version) DO UPDATE SET
                     aliases = excluded.aliases, run = excluded.run, path = excluded.path, created = excluded.created,
                     description = excluded.description, gone = 0",
            )?;
            for it in versions {
                statement.execute(params![
                    project,
                    source,
                    store.as_str(),
                    it.model,
                    it.version,
                    to_json(&it.aliases)?,
                    it.run,
                    it.found.as_ref().map(RelPath::as_str),
                    it.created.map(Timestamp::ms),
                    it.description,
                ])?;
            }
            Ok(())
        })
    }

    /// Notes that a record was read.
    pub fn put_store(&self, project: ProjectId, known: &KnownStore) -> Result<(), LedgerError> {
        self.write.touch(Tag::Runs).run(|conn| {
            conn.prepare_cached(
                "INSERT INTO foreign_store (project, kind, path, read_at, runs, problems) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                 ON CONFLICT (project, kind, path) DO UPDATE SET
                     read_at = excluded.read_at, runs = excluded.runs, problems = excluded.problems",
            )?
            .execute(params![
                project.to_string(),
                to_word(&known.store.kind)?,
                known.store.path.as_str(),
                known.read_at.ms(),
                codec::int(known.runs),
                to_json(&known.problems)?,
            ])?;
            Ok(())
        })
    }
}

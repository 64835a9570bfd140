//! The `run` table: executions with what they read and wrote.

use std::collections::{BTreeMap, HashMap};

use proofmark_domain::artifact::RelPath;
use proofmark_domain::foreign::Curve;
use proofmark_domain::id::{ProjectId, RunId};
use proofmark_domain::run::{Run, RunSource, RunStatus};
use proofmark_domain::{Digest, Timestamp};
use rusqlite::{Connection, OptionalExtension as _, Params, Row, params};

use super::job::Owner;
use super::run_list::{self, FactUse, RunFilter};
use super::{run_edge, run_fact};
use crate::codec::{self, Page, opt_time, parsed, to_json, to_word};
use crate::db::{Db, Fault};
use crate::{LedgerError, Tag, Write};

const COLUMNS: &str = "id, project, source, foreign_id, name, status, started, ended, command, parameters, metrics, code, \
                       environment, process, user, owner_pid, owner_token, record";

pub(crate) const VISIBLE: &str = "project IN (SELECT id FROM project WHERE removed_at IS NULL)";

/// A run of another tool's record, as it is known here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignRow {
    /// Its identifier here.
    pub id: RunId,
    /// Its identifier there.
    pub foreign_id: String,
    /// The place of the record in the project.
    pub store: RelPath,
    /// What tells whether it has to be read again.
    pub stamp: String,
    /// Whether it is held for deleted.
    pub deleted: bool,
}

/// Reads runs. Every run comes complete with its edges.
pub struct Runs<'c> {
    pub(crate) db: Db<'c>,
}

impl Runs<'_> {
    /// One run.
    pub fn by_id(&self, id: RunId) -> Result<Option<Run>, LedgerError> {
        Ok(self.many("id = ?1", [id.to_string()])?.pop())
    }

    /// The run that another tool knows by `foreign_id`.
    pub fn by_foreign_id(
        &self,
        project: ProjectId,
        source: RunSource,
        foreign_id: &str,
    ) -> Result<Option<Run>, LedgerError> {
        let source = self.db.run(|_| to_word(&source))?;
        let found = self
            .many("project = ?1 AND source = ?2 AND foreign_id = ?3", params![project.to_string(), source, foreign_id]);
        Ok(found?.pop())
    }

    /// Every run of a project with its edges, oldest first: what the graph is made of, in two queries.
    pub fn of_project(&self, project: ProjectId) -> Result<Vec<Run>, LedgerError> {
        self.many("project = ?1 ORDER BY started IS NULL, started, id", [project.to_string()])
    }

    /// Every run of every project that was not removed, oldest first.
    pub fn all(&self) -> Result<Vec<Run>, LedgerError> {
        self.many(&format!("{VISIBLE} ORDER BY started IS NULL, started, id"), [])
    }

    /// The runs that wrote these bytes, newest first. There can be several: none of them owns the bytes.
    pub fn that_wrote(&self, digest: &Digest) -> Result<Vec<Run>, LedgerError> {
        self.touching(digest, "out")
    }

    /// The runs that read these bytes, newest first.
    pub fn that_read(&self, digest: &Digest) -> Result<Vec<Run>, LedgerError> {
        self.touching(digest, "in")
    }

    /// The runs that had this environment, newest first.
    pub fn with_environment(&self, environment: &Digest) -> Result<Vec<Run>, LedgerError> {
        self.many("environment = ?1 ORDER BY started DESC, id DESC", [environment.as_bytes()])
    }

    /// Recorded runs that have not ended, with the process that records each. After a crash that process is gone, and
    /// the caller ends the run as killed.
    pub fn running(&self) -> Result<Vec<(Run, Option<Owner>)>, LedgerError> {
        self.db.run(|conn| {
            let sql = format!(
                "SELECT {COLUMNS} FROM run WHERE status = 'running' AND source = 'recorded' ORDER BY started, id"
            );
            let mut statement = conn.prepare_cached(&sql)?;
            let (mut runs, mut owners) = (Vec::new(), Vec::new());
            for row in statement.query_map([], |row| Ok((run(row)?, owner(row)?)))? {
                let (run, owner) = row?;
                runs.push(run);
                owners.push(owner);
            }
            run_edge::attach(conn, &mut runs)?;
            Ok(runs.into_iter().zip(owners).collect())
        })
    }

    /// One page of the runs that `filter` lets through, and how many there are in all.
    pub fn list(&self, filter: &RunFilter) -> Result<Page<Run>, LedgerError> {
        self.db.run(|conn| {
            let page = run_list::page(conn, filter)?;
            let ids = to_json(&page.rows)?;
            let mut rows = complete(conn, "id IN (SELECT value FROM json_each(?1))", [ids])?;
            let place: HashMap<&str, usize> =
                page.rows.iter().enumerate().map(|(index, id)| (id.as_str(), index)).collect();
            rows.sort_by_cached_key(|run| place.get(run.id.to_string().as_str()).copied());
            Ok(Page { rows, total: page.total })
        })
    }

    /// How many runs `filter` lets through.
    pub fn count(&self, filter: &RunFilter) -> Result<u64, LedgerError> {
        self.db.run(|conn| Ok(run_list::page(conn, &RunFilter { limit: Some(0), ..filter.clone() })?.total))
    }

    /// The names of parameters and metrics that runs have, the most used first.
    pub fn fact_names(&self, project: Option<ProjectId>) -> Result<Vec<FactUse>, LedgerError> {
        self.db.run(|conn| run_list::names(conn, project))
    }

    /// The histories of a run's metrics, by name.
    pub fn curves(&self, id: RunId) -> Result<BTreeMap<String, Curve>, LedgerError> {
        self.db.run(|conn| {
            let seq = conn
                .prepare_cached("SELECT seq FROM run WHERE id = ?1")?
                .query_row([id.to_string()], |row| row.get(0))
                .optional()?;
            match seq {
                Some(seq) => run_fact::curves(conn, seq),
                None => Ok(BTreeMap::new()),
            }
        })
    }

    /// The runs that were taken over from another tool's records, without their facts.
    pub fn foreign_rows(&self, project: ProjectId, source: RunSource) -> Result<Vec<ForeignRow>, LedgerError> {
        self.db.run(|conn| {
            let mut statement = conn.prepare_cached(
                "SELECT id, foreign_id, store, coalesce(stamp, ''), deleted FROM run
                  WHERE project = ?1 AND source = ?2 AND store IS NOT NULL AND foreign_id IS NOT NULL",
            )?;
            let rows = statement.query_map(params![project.to_string(), to_word(&source)?], |row| {
                Ok(ForeignRow {
                    id: parsed(row, 0)?,
                    foreign_id: row.get(1)?,
                    store: RelPath::new(row.get::<_, String>(2)?),
                    stamp: row.get(3)?,
                    deleted: row.get(4)?,
                })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// The runs that a run of another tool's record started there, by its identifier there: identifiers here, and names.
    pub fn children(
        &self,
        project: ProjectId,
        source: RunSource,
        parent: &str,
        most: u64,
    ) -> Result<Vec<(RunId, String)>, LedgerError> {
        self.db.run(|conn| {
            let mut statement = conn.prepare_cached(
                "SELECT id, name FROM run WHERE project = ?1 AND source = ?2 AND parent = ?3 ORDER BY started, id LIMIT ?4",
            )?;
            let values = params![project.to_string(), to_word(&source)?, parent, codec::limit(Some(most))];
            let rows = statement.query_map(values, |row| Ok((parsed(row, 0)?, row.get(1)?)))?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// Whether a run is known.
    pub fn exists(&self, id: RunId) -> Result<bool, LedgerError> {
        self.db.run(|conn| exists(conn, id))
    }

    fn touching(&self, digest: &Digest, direction: &str) -> Result<Vec<Run>, LedgerError> {
        self.many(
            "id IN (SELECT run FROM run_edge WHERE digest = ?1 AND direction = ?2) ORDER BY started DESC, id DESC",
            params![digest.as_bytes(), direction],
        )
    }

    fn many(&self, scope: &str, values: impl Params) -> Result<Vec<Run>, LedgerError> {
        self.db.run(|conn| complete(conn, scope, values))
    }
}

fn complete(conn: &Connection, scope: &str, values: impl Params) -> Result<Vec<Run>, Fault> {
    let mut statement = conn.prepare_cached(&format!("SELECT {COLUMNS} FROM run WHERE {scope}"))?;
    let mut runs: Vec<Run> = statement.query_map(values, run)?.collect::<Result<_, _>>()?;
    run_edge::attach(conn, &mut runs)?;
    Ok(runs)
}

/// Writes runs.
pub struct RunsMut<'c> {
    pub(crate) write: &'c Write<'c>,
}

impl RunsMut<'_> {
    /// Records a run. `owner` is the process that records it, for a run that has not ended.
    pub fn insert(&self, run: &Run, owner: Option<&Owner>) -> Result<(), LedgerError> {
        self.write.touch(Tag::Runs).run(|conn| {
            if exists(conn, run.id)? {
                return Err(Fault::Exists { what: "run", id: run.id.to_string() });
            }
            insert(conn, run, owner)
        })
    }

    /// Completes a recorded run that has not ended: everything but its id, project and source is taken from `run`. A run that ended
    /// is refused ([`LedgerError::AppendOnly`]). The status may stay `running`, to record what is known so far.
    pub fn finish(&self, run: &Run) -> Result<(), LedgerError> {
        self.write.touch(Tag::Runs).run(|conn| {
            if !exists(conn, run.id)? {
                return Err(Fault::Missing { what: "run", id: run.id.to_string() });
            }
            update(conn, run)
        })
    }

    /// Takes over a run from another tool's record, or from what was inferred, keyed by (project, source, foreign id).
    /// Returns the id under which it is known, which for a known one is the former.
    ///
    /// A run without a foreign id is keyed by its own id. A recorded one is refused: other tools do not write those.
    pub fn upsert_foreign(&self, run: &Run) -> Result<RunId, LedgerError> {
        self.write.touch(Tag::Runs).run(|conn| {
            let known: Option<RunId> = match &run.foreign_id {
                Some(foreign_id) => conn
                    .prepare_cached("SELECT id FROM run WHERE project = ?1 AND source = ?2 AND foreign_id = ?3")?
                    .query_row(params![run.project.to_string(), to_word(&run.source)?, foreign_id], |row| {
                        parsed(row, 0)
                    })
                    .optional()?,
                None => exists(conn, run.id)?.then_some(run.id),
            };
            match known {
                Some(id) if id == run.id => update(conn, run)?,
                Some(id) => update(conn, &Run { id, ..run.clone() })?,
                None => insert(conn, run, None)?,
            }
            Ok(known.unwrap_or(run.id))
        })
    }

    /// Notes of a run from another tool's record which record it is, the stamp of this reading, and the histories of its metrics.
    pub fn set_record(
        &self,
        id: RunId,
        store: &RelPath,
        stamp: &str,
        curves: &BTreeMap<String, Curve>,
    ) -> Result<(), LedgerError> {
        self.write.touch(Tag::Runs).run(|conn| {
            let id = id.to_string();
            conn.prepare_cached("UPDATE run SET store = ?2, stamp = ?3 WHERE id = ?1")?.execute(params![
                id,
                store.as_str(),
                stamp
            ])?;
            let seq = conn.prepare_cached("SELECT seq FROM run WHERE id = ?1")?.query_row([&id], |row| row.get(0))?;
            run_fact::replace_curves(conn, seq, curves)
        })
    }

    /// Notes that a run is no longer in the record that it was taken from. What is known about it stays.
    pub fn mark_deleted(&self, id: RunId) -> Result<(), LedgerError> {
        self.write.touch(Tag::Runs).run(|conn| {
            conn.prepare_cached(
                "UPDATE run SET deleted = 1, stamp = NULL, record = json_set(record, '$.deleted', json('true')) WHERE id = ?1",
            )?
            .execute([id.to_string()])?;
            Ok(())
        })
    }

    /// Removes an inferred run that newer facts speak against. A recorded or foreign one is refused
    /// ([`LedgerError::AppendOnly`]).
    pub fn retract_inferred(&self, id: RunId) -> Result<(), LedgerError> {
        self.write.touch(Tag::Runs).run(|conn| {
            let id = id.to_string();
            // The edges go first, so a run of another source must be refused before its edges are touched.
            let source: Option<String> = conn
                .prepare_cached("SELECT source FROM run WHERE id = ?1")?
                .query_row([&id], |row| row.get(0))
                .optional()?;
            if source.as_deref() == Some("inferred") {
                conn.prepare_cached("DELETE FROM run_edge WHERE run = ?1")?.execute([&id])?;
                for table in ["run_fact", "run_curve"] {
                    conn.prepare_cached(&format!(
                        "DELETE FROM {table} WHERE run = (SELECT seq FROM run WHERE id = ?1)"
                    ))?
                    .execute([&id])?;
                }
            }
            match conn.prepare_cached("DELETE FROM run WHERE id = ?1")?.execute([&id])? {
                0 => Err(Fault::Missing { what: "run", id }),
                _ => Ok(()),
            }
        })
    }
}

fn exists(conn: &Connection, id: RunId) -> Result<bool, Fault> {
    Ok(conn.prepare_cached("SELECT 1 FROM run WHERE id = ?1")?.exists([id.to_string()])?)
}

fn insert(conn: &Connection, run: &Run, owner: Option<&Owner>) -> Result<(), Fault> {
    // A recorded run takes edges only while it runs, so it is inserted as running and then gets its status.
    let status = if run.source == RunSource::Recorded { RunStatus::Running } else { run.status };
    conn.prepare_cached(
        "INSERT INTO run (id, project, source, foreign_id, name, status, started, ended, command, parameters, metrics,
                          code, environment, process, user, owner_pid, owner_token, record, deleted, parent, seq)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20,
                 (SELECT coalesce(max(seq), 0) + 1 FROM run))",
    )?
    .execute(params![
        run.id.to_string(),
        run.project.to_string(),
        to_word(&run.source)?,
        run.foreign_id,
        run.name,
        to_word(&status)?,
        run.started.map(Timestamp::ms),
        run.ended.map(Timestamp::ms),
        run.command,
        to_json(&run.parameters)?,
        codec::metrics_to_json(&run.metrics)?,
        to_json(&run.code)?,
        run.environment_digest.as_ref().map(|it| it.as_bytes()),
        run.process.as_ref().map(to_json).transpose()?,
        run.user,
        owner.map(|it| it.pid),
        owner.map(|it| it.token.as_str()),
        run.record.as_ref().map(to_json).transpose()?,
        run.record.as_ref().is_some_and(|it| it.deleted),
        run.record.as_ref().and_then(|it| it.parent.as_deref()),
    ])?;
    run_edge::replace(conn, run)?;
    let seq =
        conn.prepare_cached("SELECT seq FROM run WHERE id = ?1")?.query_row([run.id.to_string()], |row| row.get(0))?;
    run_fact::replace(conn, run, seq)?;
    if status != run.status {
        conn.prepare_cached("UPDATE run SET status = ?2 WHERE id = ?1")?
            .execute(params![run.id.to_string(), to_word(&run.status)?])?;
    }
    Ok(())
}

fn update(conn: &Connection, run: &Run) -> Result<(), Fault> {
    run_edge::replace(conn, run)?;
    conn.prepare_cached(
        "UPDATE run SET project = ?2, source = ?3, foreign_id = ?4, name = ?5, status = ?6, started = ?7, ended = ?8,
                        command = ?9, parameters = ?10, metrics = ?11, code = ?12, environment = ?13, process = ?14,
                        user = ?15, record = ?16, deleted = ?17, parent = ?18
          WHERE id = ?1",
    )?
    .execute(params![
        run.id.to_string(),
        run.project.to_string(),
        to_word(&run.source)?,
        run.foreign_id,
        run.name,
        to_word(&run.status)?,
        run.started.map(Timestamp::ms),
        run.ended.map(Timestamp::ms),
        run.command,
        to_json(&run.parameters)?,
        codec::metrics_to_json(&run.metrics)?,
        to_json(&run.code)?,
        run.environment_digest.as_ref().map(|it| it.as_bytes()),
        run.process.as_ref().map(to_json).transpose()?,
        run.user,
        run.record.as_ref().map(to_json).transpose()?,
        run.record.as_ref().is_some_and(|it| it.deleted),
        run.record.as_ref().and_then(|it| it.parent.as_deref()),
    ])?;
    let seq =
        conn.prepare_cached("SELECT seq FROM run WHERE id = ?1")?.query_row([run.id.to_string()], |row| row.get(0))?;
    run_fact::replace(conn, run, seq)
}

fn run(row: &Row<'_>) -> rusqlite::Result<Run> {
    Ok(Run {
        id: parsed(row, 0)?,
        project: parsed(row, 1)?,
        source: codec::word(row, 2)?,
        foreign_id: row.get(3)?,
        name: row.get(4)?,
        status: codec::word(row, 5)?,
        started: opt_time(row, 6)?,
        ended: opt_time(row, 7)?,
        command: row.get(8)?,
        parameters: codec::json(row, 9)?,
        metrics: codec::metrics(row, 10)?,
        code: codec::json(row, 11)?,
        environment_digest: codec::opt_digest(row, 12)?,
        inputs: Vec::new(),
        outputs: Vec::new(),
        process: codec::opt_json(row, 13)?,
        user: row.get(14)?,
        record: codec::opt_json(row, 17)?,
    })
}

fn owner(row: &Row<'_>) -> rusqlite::Result<Option<Owner>> {
    let (pid, token): (Option<u32>, Option<String>) = (row.get(15)?, row.get(16)?);
    Ok(pid.zip(token).map(|(pid, token)| Owner { pid, token }))
}

//! The `job` table: long work, and the process that does it.

use proofmark_domain::Timestamp;
use proofmark_domain::id::JobId;
use proofmark_domain::job::Job;
use rusqlite::{Params, Row, params};

use crate::codec::{self, int, opt_parsed, opt_time, parsed, time, to_word, uint, word};
use crate::db::Db;
use crate::{LedgerError, Tag, Write};

const COLUMNS: &str = "id, kind, title, project, state, done, total, unit, detail, created_at, ended_at, error, \
                       owner_pid, owner_token";

/// A process. The number alone is used again after a while, so the token must tell this process from a later one with
/// the same number: the machine's boot and the process's start time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// The number of the process.
    pub pid: u32,
    /// What tells it from later ones with the same number.
    pub token: String,
}

/// Reads jobs.
pub struct Jobs<'c> {
    pub(crate) db: Db<'c>,
}

impl Jobs<'_> {
    /// One job.
    pub fn by_id(&self, id: JobId) -> Result<Option<Job>, LedgerError> {
        Ok(self.many("id = ?1", [id.to_string()])?.pop().map(|(job, _)| job))
    }

    /// The last jobs, newest first.
    pub fn latest(&self, limit: u64) -> Result<Vec<Job>, LedgerError> {
        let found = self.many("1 ORDER BY created_at DESC, id DESC LIMIT ?1", [codec::limit(Some(limit))])?;
        Ok(found.into_iter().map(|(job, _)| job).collect())
    }

    /// Jobs that have not ended, oldest first, with the process that does each. After a crash that process is gone, and
    /// the caller marks them with [`JobsMut::interrupt`].
    pub fn unfinished(&self) -> Result<Vec<(Job, Owner)>, LedgerError> {
        self.many("state IN ('queued', 'running') ORDER BY created_at, id", [])
    }

    fn many(&self, scope: &str, values: impl Params) -> Result<Vec<(Job, Owner)>, LedgerError> {
        self.db.run(|conn| {
            let mut statement = conn.prepare_cached(&format!("SELECT {COLUMNS} FROM job WHERE {scope}"))?;
            Ok(statement.query_map(values, job)?.collect::<Result<_, _>>()?)
        })
    }
}

/// Writes jobs.
pub struct JobsMut<'c> {
    pub(crate) write: &'c Write<'c>,
}

impl JobsMut<'_> {
    /// Stores the present state of a job. Progress belongs into events; a write per state is enough.
    pub fn put(&self, job: &Job, owner: &Owner) -> Result<(), LedgerError> {
        self.write.touch(Tag::Jobs).run(|conn| {
            conn.prepare_cached(
                "INSERT INTO job (id, kind, title, project, state, done, total, unit, detail, created_at, ended_at, error,
                                  owner_pid, owner_token)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)
                 ON CONFLICT (id) DO UPDATE SET
                     title = excluded.title, state = excluded.state, done = excluded.done, total = excluded.total,
                     unit = excluded.unit, detail = excluded.detail, ended_at = excluded.ended_at,
                     error = excluded.error, owner_pid = excluded.owner_pid, owner_token = excluded.owner_token",
            )?
            .execute(params![
                job.id.to_string(),
                to_word(&job.kind)?,
                job.title,
                job.project.map(|it| it.to_string()),
                to_word(&job.state)?,
                int(job.done),
                job.total.map(int),
                job.unit,
                job.detail,
                job.created_at.ms(),
                job.ended_at.map(Timestamp::ms),
                job.error,
                owner.pid,
                owner.token,
            ])?;
            Ok(())
        })
    }

    /// Marks jobs whose process is gone as interrupted, at the time of this write. Jobs that ended are left as they are.
    /// Returns how many were marked.
    pub fn interrupt(&self, jobs: &[JobId]) -> Result<u64, LedgerError> {
        let at = self.write.at().ms();
        self.write.touch(Tag::Jobs).run(|conn| {
            let mut statement = conn.prepare_cached(
                "UPDATE job SET state = 'interrupted', ended_at = ?2 WHERE id = ?1 AND state IN ('queued', 'running')",
            )?;
            let mut marked = 0;
            for id in jobs {
                marked += statement.execute(params![id.to_string(), at])? as u64;
            }
            Ok(marked)
        })
    }
}

fn job(row: &Row<'_>) -> rusqlite::Result<(Job, Owner)> {
    let job = Job {
        id: parsed(row, 0)?,
        kind: word(row, 1)?,
        title: row.get(2)?,
        project: opt_parsed(row, 3)?,
        state: word(row, 4)?,
        done: uint(row, 5)?,
        total: row.get::<_, Option<i64>>(6)?.map(i64::cast_unsigned),
        unit: row.get(7)?,
        detail: row.get(8)?,
        created_at: time(row, 9)?,
        ended_at: opt_time(row, 10)?,
        error: row.get(11)?,
    };
    Ok((job, Owner { pid: row.get(12)?, token: row.get(13)? }))
}

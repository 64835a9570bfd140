//! The `run_log` table: the output of runs, in chunks. Append-only.

use proofmark_domain::id::RunId;
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::codec::{int, uint};
use crate::db::{Db, Fault};
use crate::{LedgerError, Tag, Write};

/// Reads the output of runs.
pub struct RunLogs<'c> {
    pub(crate) db: Db<'c>,
}

impl RunLogs<'_> {
    /// How many bytes there are.
    pub fn size(&self, run: RunId) -> Result<u64, LedgerError> {
        self.db.run(|conn| size(conn, run))
    }

    /// Bytes from position `start` on, at most `limit`. Empty behind the end.
    pub fn read(&self, run: RunId, start: u64, limit: usize) -> Result<Vec<u8>, LedgerError> {
        self.db.run(|conn| {
            let mut statement = conn.prepare_cached(
                "SELECT start, bytes FROM run_log
                  WHERE run = ?1 AND start >= coalesce((SELECT max(start) FROM run_log WHERE run = ?1 AND start <= ?2), 0)
                  ORDER BY start",
            )?;
            let mut rows = statement.query(params![run.to_string(), int(start)])?;
            let mut bytes = Vec::new();
            while bytes.len() < limit
                && let Some(row) = rows.next()?
            {
                let chunk = row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?;
                let skipped = usize::try_from(start.saturating_sub(uint(row, 0)?)).unwrap_or(usize::MAX);
                let wanted = chunk.get(skipped..).unwrap_or_default();
                bytes.extend(wanted.iter().take(limit - bytes.len()));
            }
            Ok(bytes)
        })
    }

    /// The last bytes, at most `limit`, and the position at which they begin.
    pub fn tail(&self, run: RunId, limit: usize) -> Result<(u64, Vec<u8>), LedgerError> {
        let start = self.size(run)?.saturating_sub(limit as u64);
        Ok((start, self.read(run, start, limit)?))
    }
}

/// Writes the output of runs.
pub struct RunLogsMut<'c> {
    pub(crate) write: &'c Write<'c>,
}

impl RunLogsMut<'_> {
    /// Appends bytes and returns how many there are then. Each call is a chunk, so a caller gathers some kilobytes first.
    pub fn append(&self, run: RunId, bytes: &[u8]) -> Result<u64, LedgerError> {
        self.write.touch(Tag::RunLogs).run(|conn| {
            let start = size(conn, run)?;
            if !bytes.is_empty() {
                conn.prepare_cached("INSERT INTO run_log (run, start, bytes) VALUES (?1, ?2, ?3)")?
                    .execute(params![run.to_string(), int(start), bytes])?;
            }
            Ok(start + bytes.len() as u64)
        })
    }
}

fn size(conn: &Connection, run: RunId) -> Result<u64, Fault> {
    let end: Option<u64> = conn
        .prepare_cached("SELECT start + length(bytes) FROM run_log WHERE run = ?1 ORDER BY start DESC LIMIT 1")?
        .query_row([run.to_string()], |row| uint(row, 0))
        .optional()?;
    Ok(end.unwrap_or(0))
}

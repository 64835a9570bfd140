//! The `audit` table: who did what, chained by hashes so that a later edit shows.

use proofmark_domain::{Digest, Timestamp};
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::LedgerError;
use crate::codec::{self, digest, time};
use crate::db::{Db, Fault};

/// What the first entry names as the one before it.
const GENESIS: [u8; 32] = [0; 32];

/// Who does what to which object. Belongs to one write; [`crate::Write::note`] adds what turns out on the way.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditEntry {
    /// Who: a person's key, an operating system user, or a part of Proofmark.
    pub actor: String,
    /// What, as `noun.verb`, such as `project.add`.
    pub action: String,
    /// The identifier of what it was done to.
    pub object: String,
    /// Further facts: a JSON object.
    pub detail: Value,
}

impl AuditEntry {
    /// An entry without further facts.
    pub fn new(actor: impl Into<String>, action: impl Into<String>, object: impl Into<String>) -> Self {
        Self { actor: actor.into(), action: action.into(), object: object.into(), detail: Value::Null }
    }

    /// Adds the further facts.
    pub fn with_detail(mut self, detail: Value) -> Self {
        self.detail = detail;
        self
    }
}

/// An entry as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditRecord {
    /// Its position, from 1, without gaps.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// Who, what, to which object.
    pub entry: AuditEntry,
    /// The hash of the entry before it.
    pub previous: Digest,
    /// Its own hash.
    pub hash: Digest,
}

/// Whether the audit trail is whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AuditVerdict {
    /// Every entry follows from the one before it.
    Ok,
    /// An entry was edited, removed, added or moved.
    Broken,
}

/// What re-computing the chain found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AuditReport {
    /// How many entries there are.
    pub entries: u64,
    /// Whether all of them follow from one another.
    pub verdict: AuditVerdict,
    /// The first position that does not hold what it should.
    pub first_broken: Option<i64>,
    /// What is wrong there, in words.
    pub why: Option<String>,
    /// The hash of the last entry that is whole. A copy of it kept elsewhere proves that nothing before it was changed,
    /// which the chain alone cannot: whoever can write the file can compute a new chain.
    pub head: Option<Digest>,
}

/// Reads the audit trail.
pub struct Audit<'c> {
    pub(crate) db: Db<'c>,
}

impl Audit<'_> {
    /// Entries after position `after`, oldest first, at most `limit`.
    pub fn after(&self, after: i64, limit: u64) -> Result<Vec<AuditRecord>, LedgerError> {
        self.db.run(|conn| {
            let mut statement = conn.prepare_cached(
                "SELECT seq, at, actor, action, object, detail, previous, hash FROM audit
                  WHERE seq > ?1 ORDER BY seq LIMIT ?2",
            )?;
            let rows = statement.query_map(params![after, codec::limit(Some(limit))], record)?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// The newest entries, newest first, at most `limit`; only those about `object` if one is named.
    pub fn latest(&self, object: Option<&str>, limit: u64) -> Result<Vec<AuditRecord>, LedgerError> {
        self.db.run(|conn| {
            let mut statement = conn.prepare_cached(
                "SELECT seq, at, actor, action, object, detail, previous, hash FROM audit
                  WHERE ?1 IS NULL OR object = ?1 ORDER BY seq DESC LIMIT ?2",
            )?;
            let rows = statement.query_map(params![object, codec::limit(Some(limit))], record)?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// The position of the entry with this hash. `None` for a head that was pinned elsewhere means that the trail was rewritten.
    pub fn position_of(&self, hash: &Digest) -> Result<Option<i64>, LedgerError> {
        self.db.run(|conn| {
            let mut statement = conn.prepare_cached("SELECT seq FROM audit WHERE hash = ?1")?;
            Ok(statement.query_row([hash.as_bytes()], |row| row.get(0)).optional()?)
        })
    }

    /// Re-computes the chain from the first entry to the last.
    pub fn verify(&self) -> Result<AuditReport, LedgerError> {
        self.db.run(verify)
    }
}

/// Appends `entry`, chained to the last one, and returns its position and hash.
pub(crate) fn append(conn: &Connection, at: Timestamp, entry: &AuditEntry) -> Result<(i64, Digest), Fault> {
    let last: Option<[u8; 32]> = conn
        .prepare_cached("SELECT hash FROM audit ORDER BY seq DESC LIMIT 1")?
        .query_row([], |row| row.get(0))
        .optional()?;
    // The position comes from SQLite's own counter, so that the entry after a removed tail shows the gap.
    let seq: i64 = conn
        .prepare_cached("SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'audit'), 0) + 1")?
        .query_row([], |row| row.get(0))?;
    let previous = last.unwrap_or(GENESIS);
    let detail = codec::to_json(&entry.detail)?;
    let hash = chain_hash(seq, at.ms(), [&entry.actor, &entry.action, &entry.object, &detail], &previous);
    conn.prepare_cached(
        "INSERT INTO audit (seq, at, actor, action, object, detail, previous, hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?
    .execute(params![seq, at.ms(), entry.actor, entry.action, entry.object, detail, previous, hash])?;
    Ok((seq, Digest::from_bytes(hash)))
}

/// SHA-256 over `proofmark-audit/1`, the position and time as 64-bit big-endian numbers, each text as its length in bytes
/// (64-bit big-endian) and its bytes, and the 32 bytes of the previous hash. The lengths keep two different entries from
/// having the same bytes. `detail` is hashed as the very text that is stored.
fn chain_hash(seq: i64, at_ms: i64, texts: [&str; 4], previous: &[u8; 32]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(b"proofmark-audit/1");
    hasher.update(seq.to_be_bytes());
    hasher.update(at_ms.to_be_bytes());
    for text in texts {
        hasher.update((text.len() as u64).to_be_bytes());
        hasher.update(text.as_bytes());
    }
    hasher.update(previous);
    hasher.finalize().into()
}

fn verify(conn: &Connection) -> Result<AuditReport, Fault> {
    let entries: i64 = conn.query_row("SELECT count(*) FROM audit", [], |row| row.get(0))?;
    let mut report = AuditReport {
        entries: entries.cast_unsigned(),
        verdict: AuditVerdict::Ok,
        first_broken: None,
        why: None,
        head: None,
    };
    let mut statement =
        conn.prepare("SELECT seq, at, actor, action, object, detail, previous, hash FROM audit ORDER BY seq")?;
    let mut rows = statement.query([])?;
    let (mut expected, mut previous) = (1_i64, GENESIS);
    while let Some(row) = rows.next()? {
        let seq: i64 = row.get(0)?;
        let text = |index: usize| row.get_ref(index)?.as_str().map_err(rusqlite::Error::from);
        let (stored_previous, stored_hash): ([u8; 32], [u8; 32]) = (row.get(6)?, row.get(7)?);
        let hash = chain_hash(seq, row.get(1)?, [text(2)?, text(3)?, text(4)?, text(5)?], &stored_previous);
        let (broken, why) = if seq != expected {
            (expected, format!("entry {expected} is missing; the next one there is {seq}"))
        } else if hash != stored_hash {
            (seq, format!("entry {seq} does not have the content that was hashed when it was written"))
        } else if stored_previous != previous {
            (seq, format!("entry {seq} does not follow from the entry before it"))
        } else {
            (expected, previous) = (expected + 1, hash);
            report.head = Some(Digest::from_bytes(hash));
            continue;
        };
        return Ok(AuditReport { verdict: AuditVerdict::Broken, first_broken: Some(broken), why: Some(why), ..report });
    }
    let written: i64 = conn
        .query_row("SELECT seq FROM sqlite_sequence WHERE name = 'audit'", [], |row| row.get(0))
        .optional()?
        .unwrap_or(0);
    if written >= expected {
        report.verdict = AuditVerdict::Broken;
        report.first_broken = Some(expected);
        report.why = Some(format!("entries {expected} to {written} were removed from the end"));
    }
    Ok(report)
}

fn record(row: &Row<'_>) -> rusqlite::Result<AuditRecord> {
    Ok(AuditRecord {
        seq: row.get(0)?,
        at: time(row, 1)?,
        entry: AuditEntry {
            actor: row.get(2)?,
            action: row.get(3)?,
            object: row.get(4)?,
            detail: codec::json(row, 5)?,
        },
        previous: digest(row, 6)?,
        hash: digest(row, 7)?,
    })
}

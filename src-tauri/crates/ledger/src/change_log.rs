//! The `change_log` table: which parts of the domain each write made stale, so that windows and command lines see each
//! other's writes.

use std::collections::BTreeSet;

use proofmark_domain::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};
use serde::{Deserialize, Serialize};

use crate::LedgerError;
use crate::codec;
use crate::db::{Db, Fault};

/// How many changes are kept. Whoever is further behind is told that everything is stale.
const KEPT: i64 = 10_000;

/// A part of the domain that a write can make stale. Names domain state, not screens and not tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tag {
    /// Watched folders.
    Projects,
    /// Present files.
    Files,
    /// Histories of files.
    Versions,
    /// Runs and their edges, hence lineage.
    Runs,
    /// The output of runs.
    RunLogs,
    /// Environments.
    Environments,
    /// Profiles, checks, sensitive columns, drift.
    Reports,
    /// People with a key on this machine.
    People,
    /// Settings.
    Settings,
    /// Jobs.
    Jobs,
    /// Decisions about findings and labels.
    Decisions,
    /// Attached registries and what verifying them found.
    Registries,
    /// Candidates, approvals and releases; nothing in the ledger, so writers name it themselves.
    Releases,
    /// The audit trail.
    Audit,
}

impl Tag {
    /// Every tag.
    pub const ALL: [Self; 14] = [
        Self::Projects,
        Self::Files,
        Self::Versions,
        Self::Runs,
        Self::RunLogs,
        Self::Environments,
        Self::Reports,
        Self::People,
        Self::Settings,
        Self::Jobs,
        Self::Decisions,
        Self::Registries,
        Self::Releases,
        Self::Audit,
    ];

    /// The word that stands in the ledger and in events.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Projects => "projects",
            Self::Files => "files",
            Self::Versions => "versions",
            Self::Runs => "runs",
            Self::RunLogs => "run_logs",
            Self::Environments => "environments",
            Self::Reports => "reports",
            Self::People => "people",
            Self::Settings => "settings",
            Self::Jobs => "jobs",
            Self::Decisions => "decisions",
            Self::Registries => "registries",
            Self::Releases => "releases",
            Self::Audit => "audit",
        }
    }

    /// Reads the word back.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tag| tag.word() == word)
    }
}

/// One write and what it made stale.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Its position. Positions only grow, over all processes.
    pub seq: i64,
    /// When it was written.
    pub at: Timestamp,
    /// What became stale.
    pub tags: BTreeSet<Tag>,
}

/// Reads the change log.
pub struct Changes<'c> {
    pub(crate) db: Db<'c>,
}

impl Changes<'_> {
    /// The position of the last write; 0 before the first.
    pub fn latest_seq(&self) -> Result<i64, LedgerError> {
        self.db.run(|conn| {
            let mut statement = conn.prepare_cached("SELECT coalesce(max(seq), 0) FROM change_log")?;
            Ok(statement.query_row([], |row| row.get(0))?)
        })
    }

    /// The writes after position `seq`, oldest first. If some of them are no longer kept, the first answer stands for
    /// those and names every tag.
    pub fn since(&self, seq: i64) -> Result<Vec<Change>, LedgerError> {
        self.db.run(|conn| {
            let mut statement =
                conn.prepare_cached("SELECT seq, at, tags FROM change_log WHERE seq > ?1 ORDER BY seq")?;
            let rows = statement.query_map([seq], |row| {
                let tags = row.get_ref(2)?.as_str()?.split(',').filter_map(Tag::from_word).collect();
                Ok(Change { seq: row.get(0)?, at: codec::time(row, 1)?, tags })
            })?;
            let mut changes: Vec<Change> = rows.collect::<Result<_, _>>()?;
            let gap = changes.first().filter(|first| first.seq > seq + 1).map(|first| (first.seq - 1, first.at));
            if let Some((seq, at)) = gap {
                changes.insert(0, Change { seq, at, tags: Tag::ALL.into() });
            }
            Ok(changes)
        })
    }
}

/// Appends a change and forgets those that are no longer kept.
pub(crate) fn append(conn: &Connection, at: Timestamp, tags: &BTreeSet<Tag>) -> Result<(), Fault> {
    let words: Vec<&str> = tags.iter().map(|tag| tag.word()).collect();
    let seq: i64 = conn
        .prepare_cached("INSERT INTO change_log (at, tags) VALUES (?1, ?2) RETURNING seq")?
        .query_row(params![at.ms(), words.join(",")], |row| row.get(0))?;
    let oldest: Option<i64> =
        conn.prepare_cached("SELECT min(seq) FROM change_log")?.query_row([], |row| row.get(0)).optional()?.flatten();
    if oldest.is_some_and(|oldest| oldest <= seq - KEPT) {
        conn.prepare_cached("DELETE FROM change_log WHERE seq <= ?1")?.execute([seq - KEPT])?;
    }
    Ok(())
}

//! The `report` table: what was computed about bytes. Append-only; the newest of a kind counts.

use proofmark_domain::artifact::RelPath;
use proofmark_domain::id::{ProjectId, ReportId};
use proofmark_domain::{Digest, Timestamp};
use rusqlite::{OptionalExtension as _, Params, Row, params};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::codec::{self, parsed, to_json, to_word};
use crate::db::Db;
use crate::{LedgerError, Tag, Write};

const HEAD: &str =
    "id, kind, project, path, digest, reference, reference_path, params_key, created_at, verdict, summary";

/// What a report is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReportKind {
    /// The summary of a table.
    Profile,
    /// Violated rules of a table.
    Check,
    /// Sensitive columns of a table.
    Sensitive,
    /// Whether the other columns of a table give its sensitive ones away.
    Proxies,
    /// How a table differs from its reference.
    Drift,
    /// What a model file says about itself.
    ModelFacts,
    /// What a script or notebook reads and writes.
    SourceFacts,
    /// The names of a table's columns, read from its header before its profile is made.
    Header,
    /// What a log of predictions says about its models.
    Monitor,
    /// What a project's own command answered about a model, for its gates.
    GateRun,
}

/// A report without its body: all that a list needs.
#[derive(Debug, Clone, PartialEq)]
pub struct ReportHead {
    /// Its identifier.
    pub id: ReportId,
    /// What it is about.
    pub kind: ReportKind,
    /// The project for which it was made, if one.
    pub project: Option<ProjectId>,
    /// The path under which the subject lay then.
    pub path: Option<RelPath>,
    /// The bytes it is about.
    pub digest: Digest,
    /// The bytes they were compared with.
    pub reference: Option<Digest>,
    /// The path under which the reference lay then.
    pub reference_path: Option<RelPath>,
    /// Version of the computation and its options: reports with the same subject and key say the same.
    pub params_key: String,
    /// When it was computed.
    pub created_at: Timestamp,
    /// Its verdict as one word.
    pub verdict: Option<String>,
    /// What a list shows of it: counts, labels.
    pub summary: Value,
}

/// A report that is to be stored.
#[derive(Debug, Clone, PartialEq)]
pub struct NewReport<'b, B> {
    /// All but the body.
    pub head: ReportHead,
    /// The document.
    pub body: &'b B,
}

/// A stored report.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredReport<B> {
    /// All but the body.
    pub head: ReportHead,
    /// The document.
    pub body: B,
}

/// Reads reports. A body is read as the type that the caller names; `serde_json::Value` fits all.
pub struct Reports<'c> {
    pub(crate) db: Db<'c>,
}

impl Reports<'_> {
    /// One report.
    pub fn by_id<B: DeserializeOwned>(&self, id: ReportId) -> Result<Option<StoredReport<B>>, LedgerError> {
        self.one("id = ?1", [id.to_string()])
    }

    /// The newest report about these bytes, this reference and with this key: what need not be computed again.
    pub fn newest_exact<B: DeserializeOwned>(
        &self,
        kind: ReportKind,
        digest: &Digest,
        reference: Option<&Digest>,
        params_key: &str,
    ) -> Result<Option<StoredReport<B>>, LedgerError> {
        let kind = self.db.run(|_| to_word(&kind))?;
        self.one(
            "kind = ?1 AND digest = ?2 AND reference IS ?3 AND params_key = ?4 ORDER BY seq DESC LIMIT 1",
            params![kind, digest.as_bytes(), reference.map(|it| it.as_bytes()), params_key],
        )
    }

    /// The newest report about these bytes, whatever its reference and key.
    pub fn newest<B: DeserializeOwned>(
        &self,
        kind: ReportKind,
        digest: &Digest,
    ) -> Result<Option<StoredReport<B>>, LedgerError> {
        let kind = self.db.run(|_| to_word(&kind))?;
        self.one("kind = ?1 AND digest = ?2 ORDER BY seq DESC LIMIT 1", params![kind, digest.as_bytes()])
    }

    /// The newest report about each of these bytes, in their order, without bodies; `None` where there is none.
    pub fn newest_heads<'d>(
        &self,
        kind: ReportKind,
        digests: impl IntoIterator<Item = &'d Digest>,
    ) -> Result<Vec<Option<ReportHead>>, LedgerError> {
        self.db.run(|conn| {
            let kind = to_word(&kind)?;
            let sql = format!("SELECT {HEAD} FROM report WHERE kind = ?1 AND digest = ?2 ORDER BY seq DESC LIMIT 1");
            let mut statement = conn.prepare_cached(&sql)?;
            digests
                .into_iter()
                .map(|digest| Ok(statement.query_row(params![kind, digest.as_bytes()], head).optional()?))
                .collect()
        })
    }

    /// The reports of a kind that were made for a project, newest first, without bodies.
    pub fn of_project(
        &self,
        project: ProjectId,
        kind: ReportKind,
        limit: Option<u64>,
    ) -> Result<Vec<ReportHead>, LedgerError> {
        self.db.run(|conn| {
            let sql = format!("SELECT {HEAD} FROM report WHERE project = ?1 AND kind = ?2 ORDER BY seq DESC LIMIT ?3");
            let mut statement = conn.prepare_cached(&sql)?;
            let rows = statement.query_map(params![project.to_string(), to_word(&kind)?, codec::limit(limit)], head)?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// The newest reports of a kind about each path of a project, at most `most` a path, newest first, with their bodies.
    pub fn newest_of_paths<B: DeserializeOwned>(
        &self,
        project: ProjectId,
        kind: ReportKind,
        path: Option<&RelPath>,
        most: u32,
    ) -> Result<Vec<StoredReport<B>>, LedgerError> {
        self.db.run(|conn| {
            let sql = format!(
                "SELECT {HEAD}, body FROM
                   (SELECT *, row_number() OVER (PARTITION BY path ORDER BY seq DESC) AS nth FROM report
                     WHERE project = ?1 AND kind = ?2 AND path IS NOT NULL AND (?3 IS NULL OR path = ?3))
                  WHERE nth <= ?4 ORDER BY seq DESC"
            );
            let mut statement = conn.prepare_cached(&sql)?;
            let stored = |row: &Row<'_>| Ok(StoredReport { head: head(row)?, body: codec::json(row, 11)? });
            let values = params![project.to_string(), to_word(&kind)?, path.map(RelPath::as_str), most];
            Ok(statement.query_map(values, stored)?.collect::<Result<_, _>>()?)
        })
    }

    /// The newest report of a kind about a path of a project, whatever its bytes were then, without its body. Those with the verdict
    /// `but` are passed over.
    pub fn newest_of_path(
        &self,
        project: ProjectId,
        kind: ReportKind,
        path: &RelPath,
        but: Option<&str>,
    ) -> Result<Option<ReportHead>, LedgerError> {
        self.db.run(|conn| {
            let sql = format!(
                "SELECT {HEAD} FROM report
                  WHERE project = ?1 AND kind = ?2 AND path = ?3 AND (?4 IS NULL OR verdict IS NOT ?4)
                  ORDER BY seq DESC LIMIT 1"
            );
            let mut statement = conn.prepare_cached(&sql)?;
            let values = params![project.to_string(), to_word(&kind)?, path.as_str(), but];
            Ok(statement.query_row(values, head).optional()?)
        })
    }

    /// Every report about these bytes, newest first, without bodies.
    pub fn about(&self, digest: &Digest) -> Result<Vec<ReportHead>, LedgerError> {
        self.db.run(|conn| {
            // The index begins with the kind, so each kind is named.
            let sql = format!(
                "SELECT {HEAD} FROM report
                  WHERE kind IN ('profile', 'check', 'sensitive', 'drift', 'model_facts') AND digest = ?1
                  ORDER BY seq DESC"
            );
            let mut statement = conn.prepare_cached(&sql)?;
            Ok(statement.query_map([digest.as_bytes()], head)?.collect::<Result<_, _>>()?)
        })
    }

    fn one<B: DeserializeOwned>(
        &self,
        scope: &str,
        values: impl Params,
    ) -> Result<Option<StoredReport<B>>, LedgerError> {
        self.db.run(|conn| {
            let mut statement = conn.prepare_cached(&format!("SELECT {HEAD}, body FROM report WHERE {scope}"))?;
            let stored = |row: &Row<'_>| Ok(StoredReport { head: head(row)?, body: codec::json(row, 11)? });
            Ok(statement.query_row(values, stored).optional()?)
        })
    }
}

/// Writes reports.
pub struct ReportsMut<'c> {
    pub(crate) write: &'c Write<'c>,
}

impl ReportsMut<'_> {
    /// Stores a report. Earlier ones about the same stay.
    pub fn add<B: Serialize>(&self, report: &NewReport<'_, B>) -> Result<(), LedgerError> {
        let NewReport { head, body } = report;
        self.write.touch(Tag::Reports).run(|conn| {
            conn.prepare_cached(
                "INSERT INTO report (id, kind, project, path, digest, reference, reference_path, params_key, created_at,
                                     verdict, summary, body)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
            )?
            .execute(params![
                head.id.to_string(),
                to_word(&head.kind)?,
                head.project.map(|it| it.to_string()),
                head.path.as_ref().map(RelPath::as_str),
                head.digest.as_bytes(),
                head.reference.as_ref().map(|it| it.as_bytes()),
                head.reference_path.as_ref().map(RelPath::as_str),
                head.params_key,
                head.created_at.ms(),
                head.verdict,
                to_json(&head.summary)?,
                to_json(body)?,
            ])?;
            Ok(())
        })
    }
}

fn head(row: &Row<'_>) -> rusqlite::Result<ReportHead> {
    Ok(ReportHead {
        id: parsed(row, 0)?,
        kind: codec::word(row, 1)?,
        project: codec::opt_parsed(row, 2)?,
        path: row.get::<_, Option<String>>(3)?.map(RelPath::new),
        digest: codec::digest(row, 4)?,
        reference: codec::opt_digest(row, 5)?,
        reference_path: row.get::<_, Option<String>>(6)?.map(RelPath::new),
        params_key: row.get(7)?,
        created_at: codec::time(row, 8)?,
        verdict: row.get(9)?,
        summary: codec::json(row, 10)?,
    })
}

//! The `decision` table: what people decided about findings and labels. Append-only; the newest about a subject counts.

use proofmark_domain::Timestamp;
use proofmark_domain::artifact::RelPath;
use proofmark_domain::id::ProjectId;
use rusqlite::{Row, params};
use serde_json::Value;

use crate::codec::{json, parsed, time, to_json};
use crate::db::Db;
use crate::{LedgerError, Tag, Write};

/// What a decision is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DecisionKey {
    /// The project.
    pub project: ProjectId,
    /// The file.
    pub path: RelPath,
    /// The column; empty for the table as a whole.
    pub column: String,
    /// The kind of subject, such as `finding` or `sensitive_label`.
    pub subject: String,
    /// Which of them, such as the kind of the finding or the label.
    pub key: String,
}

/// A decision that is to be recorded. Its time is that of the write.
#[derive(Debug, Clone, PartialEq)]
pub struct NewDecision {
    /// What it is about.
    pub about: DecisionKey,
    /// What was decided, as one word, such as `accepted`, `confirmed`, `rejected`.
    pub decision: String,
    /// Why, in the person's words.
    pub reason: String,
    /// Who decided.
    pub actor: String,
    /// What else belongs to it; an object, empty if nothing does.
    pub detail: Value,
}

/// A recorded decision.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredDecision {
    /// Its position; later ones have larger ones.
    pub seq: i64,
    /// When it was made.
    pub at: Timestamp,
    /// What was decided.
    pub decision: NewDecision,
}

/// Reads decisions.
pub struct Decisions<'c> {
    pub(crate) db: Db<'c>,
}

impl Decisions<'_> {
    /// The decisions that count in a project, one per subject, in the order of paths; only those about `path` if one is named.
    pub fn standing(&self, project: ProjectId, path: Option<&RelPath>) -> Result<Vec<StoredDecision>, LedgerError> {
        self.db.run(|conn| {
            // `max` picks the row from which SQLite takes the bare columns.
            let mut statement = conn.prepare_cached(
                r#"SELECT max(seq), project, path, "column", subject, key, decision, reason, actor, at, detail FROM decision
                    WHERE project = ?1 AND (?2 IS NULL OR path = ?2)
                    GROUP BY project, path, subject, "column", key
                    ORDER BY path, subject, "column", key"#,
            )?;
            let values = params![project.to_string(), path.map(RelPath::as_str)];
            Ok(statement.query_map(values, decision)?.collect::<Result<_, _>>()?)
        })
    }

    /// Every decision about one subject, oldest first.
    pub fn history(&self, about: &DecisionKey) -> Result<Vec<StoredDecision>, LedgerError> {
        self.db.run(|conn| {
            let mut statement = conn.prepare_cached(
                r#"SELECT seq, project, path, "column", subject, key, decision, reason, actor, at, detail FROM decision
                    WHERE project = ?1 AND path = ?2 AND "column" = ?3 AND subject = ?4 AND key = ?5 ORDER BY seq"#,
            )?;
            let values =
                params![about.project.to_string(), about.path.as_str(), about.column, about.subject, about.key];
            Ok(statement.query_map(values, decision)?.collect::<Result<_, _>>()?)
        })
    }
}

/// Writes decisions.
pub struct DecisionsMut<'c> {
    pub(crate) write: &'c Write<'c>,
}

impl DecisionsMut<'_> {
    /// Records a decision, which replaces earlier ones about the same subject.
    pub fn add(&self, new: &NewDecision) -> Result<(), LedgerError> {
        let at = self.write.at().ms();
        self.write.touch(Tag::Decisions).run(|conn| {
            conn.prepare_cached(
                r#"INSERT INTO decision (project, path, "column", subject, key, decision, reason, actor, at, detail)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"#,
            )?
            .execute(params![
                new.about.project.to_string(),
                new.about.path.as_str(),
                new.about.column,
                new.about.subject,
                new.about.key,
                new.decision,
                new.reason,
                new.actor,
                at,
                to_json(&new.detail)?,
            ])?;
            Ok(())
        })
    }
}

fn decision(row: &Row<'_>) -> rusqlite::Result<StoredDecision> {
    Ok(StoredDecision {
        seq: row.get(0)?,
        at: time(row, 9)?,
        decision: NewDecision {
            about: DecisionKey {
                project: parsed(row, 1)?,
                path: RelPath::new(row.get::<_, String>(2)?),
                column: row.get(3)?,
                subject: row.get(4)?,
                key: row.get(5)?,
            },
            decision: row.get(6)?,
            reason: row.get(7)?,
            actor: row.get(8)?,
            detail: json(row, 10)?,
        },
    })
}

//! The `run_fact` and `run_curve` tables: single parameters and metrics of runs, and the histories of metrics. Belongs to
//! [`super::run`].

use std::collections::BTreeMap;

use proofmark_domain::Timestamp;
use proofmark_domain::foreign::{Curve, MetricPoint};
use proofmark_domain::run::Run;
use rusqlite::{Connection, OptionalExtension as _, params};
use serde_json::Value;

use crate::codec;
use crate::db::Fault;

/// The part of a long text that can be asked for.
const LONGEST_TEXT: usize = 200;

/// Bytes of one point.
const POINT: usize = 24;

/// What a fact is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FactKind {
    /// A measured number.
    Metric,
    /// A setting.
    Parameter,
}

impl FactKind {
    /// The word that stands in the ledger.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Metric => "metric",
            Self::Parameter => "parameter",
        }
    }
}

/// The number of a name, which is made if it is new.
pub(crate) fn name_id(conn: &Connection, kind: FactKind, name: &str) -> Result<i64, Fault> {
    let known = conn
        .prepare_cached("SELECT id FROM fact_name WHERE kind = ?1 AND name = ?2")?
        .query_row(params![kind.word(), name], |row| row.get(0))
        .optional()?;
    match known {
        Some(id) => Ok(id),
        None => {
            conn.prepare_cached("INSERT INTO fact_name (kind, name) VALUES (?1, ?2)")?
                .execute(params![kind.word(), name])?;
            Ok(conn.last_insert_rowid())
        }
    }
}

/// The number of a name, if any run has it.
pub(crate) fn known_name(conn: &Connection, kind: FactKind, name: &str) -> Result<Option<i64>, Fault> {
    Ok(conn
        .prepare_cached("SELECT id FROM fact_name WHERE kind = ?1 AND name = ?2")?
        .query_row(params![kind.word(), name], |row| row.get(0))
        .optional()?)
}

/// A value as it is asked for: a number if it is one or reads as one, else a text.
pub(crate) fn askable(value: &Value) -> (Option<f64>, Option<String>) {
    let number = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse::<f64>().ok().filter(|it| it.is_finite()),
        _ => None,
    };
    match (number, value) {
        (Some(number), _) => (Some(number), None),
        (None, Value::String(text)) => (None, Some(cut(text))),
        (None, other) => (None, Some(cut(&other.to_string()))),
    }
}

fn cut(text: &str) -> String {
    text.chars().take(LONGEST_TEXT).collect()
}

/// Puts the facts of a run in place of those it had.
pub(crate) fn replace(conn: &Connection, run: &Run, seq: i64) -> Result<(), Fault> {
    conn.prepare_cached("DELETE FROM run_fact WHERE run = ?1")?.execute([seq])?;
    let mut insert = conn.prepare_cached("INSERT INTO run_fact (run, name, number, text) VALUES (?1, ?2, ?3, ?4)")?;
    for (name, value) in &run.parameters {
        let (number, text) = askable(value);
        insert.execute(params![seq, name_id(conn, FactKind::Parameter, name)?, number, text])?;
    }
    for (name, value) in &run.metrics {
        // SQLite keeps no NaN: such a metric has no number to be asked for.
        let number = value.is_finite().then_some(*value);
        insert.execute(params![seq, name_id(conn, FactKind::Metric, name)?, number, None::<String>])?;
    }
    Ok(())
}

/// Puts the histories of a run in place of those it had.
pub(crate) fn replace_curves(conn: &Connection, seq: i64, curves: &BTreeMap<String, Curve>) -> Result<(), Fault> {
    conn.prepare_cached("DELETE FROM run_curve WHERE run = ?1")?.execute([seq])?;
    let mut insert =
        conn.prepare_cached("INSERT INTO run_curve (run, name, recorded, points) VALUES (?1, ?2, ?3, ?4)")?;
    for (name, curve) in curves {
        let mut bytes = Vec::with_capacity(curve.points.len() * POINT);
        for point in &curve.points {
            bytes.extend(point.step.to_le_bytes());
            bytes.extend(point.at.map_or(i64::MIN, Timestamp::ms).to_le_bytes());
            bytes.extend(point.value.to_le_bytes());
        }
        insert.execute(params![seq, name_id(conn, FactKind::Metric, name)?, codec::int(curve.recorded), bytes])?;
    }
    Ok(())
}

/// The histories of a run.
pub(crate) fn curves(conn: &Connection, seq: i64) -> Result<BTreeMap<String, Curve>, Fault> {
    let mut statement = conn.prepare_cached(
        "SELECT fact_name.name, recorded, points FROM run_curve JOIN fact_name ON fact_name.id = run_curve.name WHERE run = ?1",
    )?;
    let rows = statement.query_map([seq], |row| {
        let points = row.get_ref(2)?.as_blob()?.chunks_exact(POINT).map(point).collect();
        Ok((row.get::<_, String>(0)?, Curve { recorded: codec::uint(row, 1)?, points }))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn point(bytes: &[u8]) -> MetricPoint {
    let part = |at: usize| {
        let mut eight = [0; 8];
        eight.copy_from_slice(&bytes[at..at + 8]);
        eight
    };
    let at = i64::from_le_bytes(part(8));
    MetricPoint {
        step: i64::from_le_bytes(part(0)),
        at: (at != i64::MIN).then(|| Timestamp::from_ms(at)),
        value: f64::from_le_bytes(part(16)),
    }
}

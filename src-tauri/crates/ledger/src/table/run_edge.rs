//! The `run_edge` table: what runs read and wrote. Belongs to [`super::run`].

use std::collections::HashMap;

use proofmark_domain::artifact::RelPath;
use proofmark_domain::run::{Run, RunEdge};
use proofmark_domain::{Basis, Confidence};
use rusqlite::{Connection, Row, params};

use crate::codec::{self, to_json, to_word};
use crate::db::Fault;

/// Reads the edges of all `runs` in one query and puts them in place.
pub(crate) fn attach(conn: &Connection, runs: &mut [Run]) -> Result<(), Fault> {
    let at: HashMap<String, usize> = runs.iter().enumerate().map(|(index, run)| (run.id.to_string(), index)).collect();
    let ids = to_json(&runs.iter().map(|run| run.id.to_string()).collect::<Vec<_>>())?;
    let mut statement = conn.prepare_cached(
        "SELECT run, direction, path, digest, kind, role, basis, confidence, columns, evidence, reasons FROM run_edge
          WHERE run IN (SELECT value FROM json_each(?1)) ORDER BY run, direction, ordinal",
    )?;
    let mut rows = statement.query([ids])?;
    while let Some(row) = rows.next()? {
        let Some(run) =
            at.get(row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?).and_then(|it| runs.get_mut(*it))
        else {
            continue;
        };
        let edge = edge(row)?;
        match row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)? {
            "in" => run.inputs.push(edge),
            _ => run.outputs.push(edge),
        }
    }
    Ok(())
}

/// Removes the edges of `run`, which its triggers allow only while the run may still change, and inserts those of now.
pub(crate) fn replace(conn: &Connection, run: &Run) -> Result<(), Fault> {
    let id = run.id.to_string();
    conn.prepare_cached("DELETE FROM run_edge WHERE run = ?1")?.execute([&id])?;
    let mut statement = conn.prepare_cached(
        "INSERT INTO run_edge (run, direction, ordinal, path, digest, kind, role, basis, confidence, columns, evidence, reasons)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
    )?;
    for (direction, edges) in [("in", &run.inputs), ("out", &run.outputs)] {
        for (ordinal, edge) in (0_i64..).zip(edges) {
            statement.execute(params![
                id,
                direction,
                ordinal,
                edge.path.as_str(),
                edge.digest.as_ref().map(|it| it.as_bytes()),
                edge.kind.word(),
                to_word(&edge.role)?,
                Basis::word(edge.basis),
                edge.confidence.get(),
                to_json(&edge.columns)?,
                edge.evidence,
                to_json(&edge.reasons)?,
            ])?;
        }
    }
    Ok(())
}

fn edge(row: &Row<'_>) -> rusqlite::Result<RunEdge> {
    Ok(RunEdge {
        path: RelPath::new(row.get::<_, String>(2)?),
        digest: codec::opt_digest(row, 3)?,
        kind: codec::word(row, 4)?,
        role: codec::word(row, 5)?,
        basis: codec::word(row, 6)?,
        confidence: Confidence::clamped(row.get(7)?),
        columns: codec::json(row, 8)?,
        evidence: row.get(9)?,
        reasons: codec::json(row, 10)?,
    })
}

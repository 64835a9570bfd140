//! Setting the offending rows of a table aside.

use std::collections::BTreeMap;
use std::path::Path;

use proofmark_analysis::facade::{self, Table};
use proofmark_domain::Timestamp;
use proofmark_domain::check::{Finding, Severity};
use proofmark_domain::counts::grouped;
use serde::Serialize;

use super::check::{CheckBeside, check_until};
use super::never;
use super::rules::reading_at;
use crate::trouble::{Answer, io_trouble};

/// A finding whose rows are set aside, or why they are not.
#[derive(Debug, Clone, Serialize)]
pub struct AsideFinding {
    /// The finding in one sentence.
    pub message: String,
    /// Its kind.
    pub kind: proofmark_domain::check::FindingKind,
    /// Its columns.
    pub columns: Vec<String>,
    /// Rows that it concerns.
    pub rows: u64,
    /// Why its rows stay; `null` if they were set aside.
    pub stays: Option<String>,
}

/// What was set aside.
#[derive(Debug, Clone, Serialize)]
pub struct SetAside {
    /// The table, which was only read.
    pub path: String,
    /// The file with the rows that stay; `null` if nothing had to be set aside.
    pub kept: Option<String>,
    /// The file with the other rows, their numbers and reasons.
    pub aside: Option<String>,
    /// Rows that stay.
    pub rows_kept: u64,
    /// Rows that were set aside.
    pub rows_aside: u64,
    /// Findings that are bad enough, with what became of their rows.
    pub findings: Vec<AsideFinding>,
}

/// Above this share of the rows a finding is about the table, and a table without those rows would be another one.
const MOST_ASIDE: f64 = 0.5;

/// Sets the offending rows of a table aside, each with its reasons. The table is only read, and no file is overwritten.
/// `counts` says which findings count, as far as somebody decided.
///
/// # Errors
/// If the file is no table, or the files cannot be written.
pub fn quarantine(
    path: &Path,
    beside: &CheckBeside<'_>,
    folder: &Path,
    least: Severity,
    counts: &dyn Fn(&Finding) -> bool,
    now: Timestamp,
) -> Answer<SetAside> {
    quarantine_until(path, beside, folder, least, counts, now, &never)
}

/// The same, until `cancel` says that it shall stop: then no file is left behind.
pub(crate) fn quarantine_until(
    path: &Path,
    beside: &CheckBeside<'_>,
    folder: &Path,
    least: Severity,
    counts: &dyn Fn(&Finding) -> bool,
    now: Timestamp,
    cancel: &dyn Fn() -> bool,
) -> Answer<SetAside> {
    let beside = CheckBeside { every_row: true, ..beside.clone() };
    let report = check_until(path, &beside, now, cancel)?;
    let reading = match &beside.rules {
        Some(rules) => rules.reading.clone(),
        None => reading_at(path),
    };
    let table = Table::open_as(path, &beside.reading.clone().or(&reading))?;
    let mut reasons: BTreeMap<u64, Vec<String>> = BTreeMap::new();
    let mut findings = Vec::new();
    for finding in report.findings.iter().filter(|it| it.severity >= least) {
        let stays = if !counts(finding) {
            Some("A person accepted it as expected, or muted it.".to_owned())
        } else if finding.affected_rows == 0 {
            Some("It is about the table as a whole.".to_owned())
        } else if finding.affected_ratio > MOST_ASIDE {
            Some("It concerns more than half of the rows, so it is about the table.".to_owned())
        } else if (finding.example_rows.len() as u64) < finding.affected_rows {
            Some(format!(
                "Only {} of its {} rows are known one by one.",
                grouped(finding.example_rows.len()),
                grouped(finding.affected_rows)
            ))
        } else {
            for row in &finding.example_rows {
                reasons.entry(*row).or_default().push(finding.message.clone());
            }
            None
        };
        findings.push(AsideFinding {
            message: finding.message.clone(),
            kind: finding.kind,
            columns: finding.columns.clone(),
            rows: finding.affected_rows,
            stays,
        });
    }
    let path = path.to_string_lossy().into_owned();
    if reasons.is_empty() {
        let rows_kept = table.rows();
        return Ok(SetAside { path, kept: None, aside: None, rows_kept, rows_aside: 0, findings });
    }
    std::fs::create_dir_all(folder).map_err(|error| io_trouble("making", folder, &error))?;
    let written = facade::quarantine(&table, &reasons, folder, cancel)?;
    let text = |path: &Path| Some(path.to_string_lossy().into_owned());
    Ok(SetAside {
        path,
        kept: text(&written.kept),
        aside: text(&written.aside),
        rows_kept: written.rows_kept,
        rows_aside: written.rows_aside,
        findings,
    })
}

//! What was found wrong with a table, as a document tells it: without values that name or protect a person.

use std::collections::BTreeSet;

use proofmark_domain::check::{Finding, Severity};
use proofmark_domain::masking::without_values;
use serde::Serialize;

use super::DatasetDocument;
use crate::document::{State, heading, words};
use crate::text;

#[derive(Serialize)]
pub(super) struct FindingRow {
    state: State,
    kind: String,
    columns: String,
    message: String,
    suggestion: String,
    rows: String,
    examples: String,
    confidence: String,
    measures: Vec<MeasureRow>,
    decision: Option<String>,
}

#[derive(Serialize)]
struct MeasureRow {
    name: String,
    value: String,
    limit: String,
}

/// Findings without the values of sensitive columns, in the order of the check.
pub(super) fn masked(document: &DatasetDocument<'_>, sensitive: &BTreeSet<String>) -> Vec<Finding> {
    let findings = document.check.into_iter().flat_map(|check| &check.findings);
    findings.map(|finding| mask(finding, document, sensitive)).collect()
}

fn mask(finding: &Finding, document: &DatasetDocument<'_>, sensitive: &BTreeSet<String>) -> Finding {
    let mut masked = finding.clone();
    let hidden: Vec<&String> = finding.columns.iter().filter(|name| sensitive.contains(*name)).collect();
    if hidden.is_empty() {
        return masked;
    }
    let values: Vec<String> = hidden
        .into_iter()
        .filter_map(|name| document.profile.column(name))
        .flat_map(|c| c.top.iter().map(|entry| &entry.value).chain(c.min.as_ref()).chain(c.max.as_ref()))
        .map(ToString::to_string)
        .collect();
    let is_column = |name: &str| document.profile.column(name).is_some();
    let shown = |text: &str| without_values(text, &is_column, &values);
    masked.message = shown(&finding.message);
    masked.suggestion = shown(&finding.suggestion);
    for measure in &mut masked.measures {
        measure.name = shown(&measure.name);
    }
    masked
}

/// The findings as rows, worst first.
pub(super) fn rows(document: &DatasetDocument<'_>, sensitive: &BTreeSet<String>) -> Vec<FindingRow> {
    let mut findings = masked(document, sensitive);
    // Stable: within a severity the order of the check stays.
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    findings.iter().map(|finding| row(finding, document)).collect()
}

fn row(finding: &Finding, document: &DatasetDocument<'_>) -> FindingRow {
    let state = match finding.severity {
        Severity::Error => State::fail("error"),
        Severity::Warn => State::attention("warning"),
        Severity::Info => State::unknown("remark"),
    };
    let rows = match finding.affected_rows {
        0 => "the table as a whole".to_owned(),
        n => format!("{} ({})", text::rows(n), text::share(finding.affected_ratio)),
    };
    let examples = finding.example_rows.iter().map(|row| text::count(*row)).collect::<Vec<_>>().join(" · ");
    let decision = document
        .decisions
        .iter()
        .filter(|d| d.kind == finding.kind && d.columns == finding.columns)
        .max_by_key(|d| d.at)
        .map(|d| format!("{} by {} on {}: {}", d.decision, d.by, words::moment(d.at), d.reason));
    FindingRow {
        state,
        kind: words::kind(finding.kind),
        columns: if finding.columns.is_empty() {
            String::new()
        } else {
            words::list(&finding.columns.iter().map(|name| heading(name)).collect::<Vec<_>>())
        },
        message: finding.message.clone(),
        suggestion: finding.suggestion.clone(),
        rows,
        examples,
        confidence: text::share(finding.confidence),
        measures: finding
            .measures
            .iter()
            .map(|m| MeasureRow {
                name: m.name.clone(),
                value: text::number(m.value),
                limit: m.limit.map_or_else(|| "–".to_owned(), text::number),
            })
            .collect(),
        decision,
    }
}

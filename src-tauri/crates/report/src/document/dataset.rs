//! Fitness and permission of one table.

use std::collections::BTreeSet;

use proofmark_domain::check::{CheckReport, CheckVerdict, Finding, FindingKind, Severity};
use proofmark_domain::masking::without_values;
use proofmark_domain::profile::{ColumnProfile, Meaning, Scalar, TableProfile};
use proofmark_domain::sensitive::SensitivityReport;
use proofmark_domain::{Digest, Timestamp};
use serde::Serialize;
use serde_json::json;

use super::{Fact, MOST_FIGURES, Picture, ReportError, State, heading, render, words};
use crate::figure::{self, Size};
use crate::text;

/// What a person decided about a finding.
#[derive(Debug, Clone, PartialEq)]
pub struct FindingDecision {
    /// The kind of finding.
    pub kind: FindingKind,
    /// Its columns.
    pub columns: Vec<String>,
    /// Where it stands: `acknowledged`, `expected`, `muted`, …
    pub decision: String,
    /// Why.
    pub reason: String,
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// Everything that the document on a data set is made from.
#[derive(Debug, Clone, Copy)]
pub struct DatasetDocument<'a> {
    /// Its heading.
    pub title: &'a str,
    /// The project.
    pub project: &'a str,
    /// The data set's path in the project.
    pub path: &'a str,
    /// Its bytes.
    pub digest: Option<Digest>,
    /// When the document was made.
    pub generated_at: Timestamp,
    /// Its summary.
    pub profile: &'a TableProfile,
    /// What was found wrong; `None` if it was not checked.
    pub check: Option<&'a CheckReport>,
    /// Its sensitive columns; `None` if it was not searched.
    pub sensitive: Option<&'a SensitivityReport>,
    /// Decisions about its findings.
    pub decisions: &'a [FindingDecision],
}

#[derive(Serialize)]
struct FindingRow {
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

#[derive(Serialize)]
struct ColumnRow {
    name: String,
    full_name: String,
    meaning: String,
    stored: String,
    sensitive: bool,
    missing: String,
    distinct: String,
    range: String,
    center: String,
    small: Option<Picture>,
    full: Option<Picture>,
}

#[derive(Serialize)]
struct SensitiveRow {
    name: String,
    labels: String,
    group: &'static str,
    factors: Vec<FactorRow>,
}

#[derive(Serialize)]
struct FactorRow {
    name: String,
    value: String,
    weight: String,
    why: String,
}

/// Writes the document on a data set as one HTML file.
///
/// Values of sensitive columns are masked here again, whether or not the profile was masked before.
///
/// # Errors
/// Only if a template does not fit its values.
pub fn dataset_report(document: &DatasetDocument<'_>) -> Result<String, ReportError> {
    let sensitive = sensitive_names(document);
    let mut profile = document.profile.clone();
    profile.mask(&|name| sensitive.contains(name));
    let (state, lead) = verdict(document);
    let findings = findings(document, &sensitive);
    let drawn = drawn(document, &sensitive);
    let columns: Vec<ColumnRow> = profile
        .columns
        .iter()
        .enumerate()
        .map(|(i, column)| column_row(column, profile.rows, drawn.contains(&i)))
        .collect();
    let not_drawn = profile.columns.len().saturating_sub(MOST_FIGURES);
    let mut facts = vec![
        Fact::new("Project", document.project),
        Fact::new("Data set", document.path),
        Fact::new("Rows", text::count(profile.rows)),
        Fact::new("Columns", text::count(profile.columns.len() as u64)),
        Fact::new("Format", reading(&profile)),
    ];
    if let Some(reference) = document.check.and_then(|check| check.reference.as_deref()) {
        facts.push(Fact::new("Compared with", reference));
    }
    facts
        .push(Fact::new("Digest", document.digest.map_or_else(|| "not known".to_owned(), |digest| digest.to_string())));
    let decisions: Vec<_> = document
        .decisions
        .iter()
        .map(|d| {
            json!({
                "kind": words::kind(d.kind), "columns": words::list(&d.columns), "decision": d.decision, "reason": d.reason,
                "by": d.by, "at": words::moment(d.at)
            })
        })
        .collect();
    let values = json!({
        "title": document.title,
        "generated_at": words::moment(document.generated_at),
        "state": state,
        "lead": lead,
        "permission": permission(document),
        "facts": facts,
        "notes": profile.reading.notes,
        "checked": document.check.is_some(),
        "findings": findings,
        "columns": columns,
        "not_drawn": not_drawn,
        "most": MOST_FIGURES,
        "searched": document.sensitive.is_some(),
        "sensitive": sensitive_rows(document),
        "anonymity": document.sensitive.map(anonymity),
        "decisions": decisions,
    });
    render("dataset.html", document.title, values)
}

fn sensitive_names(document: &DatasetDocument<'_>) -> BTreeSet<String> {
    let found = document
        .sensitive
        .into_iter()
        .flat_map(SensitivityReport::sensitive_columns)
        .map(|column| column.name.as_str());
    let masked = document.profile.columns.iter().filter(|column| column.masked).map(|column| column.name.as_str());
    let mut names: BTreeSet<String> = found.chain(masked).map(str::to_owned).collect();
    // A nested field `user.email` lives in the column `user`.
    let outer: Vec<String> =
        names.iter().filter_map(|name| name.split_once('.').map(|(outer, _)| outer.to_owned())).collect();
    names.extend(outer);
    names
}

fn verdict(document: &DatasetDocument<'_>) -> (State, String) {
    let rows = text::rows(document.profile.rows);
    let Some(check) = document.check else {
        return (
            State::unknown("not checked"),
            format!("Whether {} is fit to train on cannot be told: it was not checked.", document.path),
        );
    };
    let of = |severity| check.findings.iter().filter(|finding| finding.severity == severity).count() as u64;
    let (errors, warnings, remarks) = (of(Severity::Error), of(Severity::Warn), of(Severity::Info));
    let parts: Vec<String> =
        [(errors, "error", "errors"), (warnings, "warning", "warnings"), (remarks, "remark", "remarks")]
            .into_iter()
            .filter(|(n, ..)| *n > 0)
            .map(|(n, one, many)| text::plural(n, one, many))
            .collect();
    let counted = words::list(&parts);
    match check.verdict {
        CheckVerdict::Fail => {
            (State::fail("fail"), format!("{} must not be trained on as it is: {counted} in {rows}.", document.path))
        }
        CheckVerdict::Warn => {
            (State::attention("attention"), format!("{} may mislead a model: {counted} in {rows}.", document.path))
        }
        CheckVerdict::Pass if counted.is_empty() => (
            State::pass("pass"),
            format!("Nothing was found in {rows} of {} that speaks against training on it.", document.path),
        ),
        CheckVerdict::Pass => (
            State::pass("pass"),
            format!("Nothing was found in {rows} of {} that speaks against training on it; {counted}.", document.path),
        ),
    }
}

fn permission(document: &DatasetDocument<'_>) -> String {
    let Some(report) = document.sensitive else {
        return "It was not searched for sensitive columns.".to_owned();
    };
    let names: Vec<String> = report.sensitive_columns().map(|column| heading(&column.name)).collect();
    match names.len() {
        0 => format!(
            "No sensitive column was found among {}.",
            text::plural(report.columns.len() as u64, "column", "columns")
        ),
        1 => {
            format!("One column holds sensitive data: {}. Its values are masked in this document.", words::list(&names))
        }
        n => format!(
            "{n} columns hold sensitive data: {}. Their values are masked in this document.",
            words::list(&names)
        ),
    }
}

fn reading(profile: &TableProfile) -> String {
    let mut parts = vec![profile.reading.format.replace('_', " ")];
    parts.extend(profile.reading.encoding.clone());
    if let Some(delimiter) = &profile.reading.delimiter {
        parts.push(match delimiter.as_str() {
            "\t" => "separated by tabs".to_owned(),
            other => format!("separated by {other}"),
        });
    }
    if profile.reading.has_header == Some(false) {
        parts.push("no header".to_owned());
    }
    parts.join(", ")
}

fn findings(document: &DatasetDocument<'_>, sensitive: &BTreeSet<String>) -> Vec<FindingRow> {
    let mut findings: Vec<&Finding> = document.check.into_iter().flat_map(|check| &check.findings).collect();
    // Stable: within a severity the order of the check stays.
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    findings.into_iter().map(|finding| finding_row(finding, document, sensitive)).collect()
}

fn finding_row(finding: &Finding, document: &DatasetDocument<'_>, sensitive: &BTreeSet<String>) -> FindingRow {
    let state = match finding.severity {
        Severity::Error => State::fail("error"),
        Severity::Warn => State::attention("warning"),
        Severity::Info => State::unknown("remark"),
    };
    let touched: Vec<&ColumnProfile> = document
        .profile
        .columns
        .iter()
        .filter(|c| finding.columns.contains(&c.name) && sensitive.contains(&c.name))
        .collect();
    let hidden = finding.columns.iter().any(|name| sensitive.contains(name));
    let values: Vec<String> = touched
        .iter()
        .flat_map(|c| c.top.iter().map(|entry| &entry.value).chain(c.min.as_ref()).chain(c.max.as_ref()))
        .map(ToString::to_string)
        .collect();
    let is_column = |name: &str| document.profile.column(name).is_some();
    let shown = |text: &str| if hidden { without_values(text, &is_column, &values) } else { text.to_owned() };
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
        message: shown(&finding.message),
        suggestion: shown(&finding.suggestion),
        rows,
        examples,
        confidence: text::share(finding.confidence),
        measures: finding
            .measures
            .iter()
            .map(|m| MeasureRow {
                name: shown(&m.name),
                value: text::number(m.value),
                limit: m.limit.map_or_else(|| "–".to_owned(), text::number),
            })
            .collect(),
        decision,
    }
}

/// The columns that get figures: those with findings by severity, then sensitive ones, then as they stand in the file.
fn drawn(document: &DatasetDocument<'_>, sensitive: &BTreeSet<String>) -> BTreeSet<usize> {
    let severity = |name: &String| {
        document
            .check
            .into_iter()
            .flat_map(|c| &c.findings)
            .filter(|f| f.columns.contains(name))
            .map(|f| f.severity)
            .max()
    };
    let mut order: Vec<_> = document
        .profile
        .columns
        .iter()
        .enumerate()
        .map(|(i, column)| (std::cmp::Reverse(severity(&column.name)), !sensitive.contains(&column.name), i))
        .collect();
    order.sort();
    order.into_iter().take(MOST_FIGURES).map(|(.., i)| i).collect()
}

fn column_row(column: &ColumnProfile, rows: u64, draw: bool) -> ColumnRow {
    let about = if column.distinct_is_estimate { "≈\u{a0}" } else { "" };
    let short = |value: &Scalar| text::fit(&text::scalar(value), 12.0, 150.0);
    let range = match (column.masked, &column.min, &column.max) {
        (true, ..) => "masked".to_owned(),
        (_, Some(min), Some(max)) => format!("{} … {}", short(min), short(max)),
        _ => "–".to_owned(),
    };
    let moment = matches!(column.meaning, Meaning::Date | Meaning::Time);
    let center = match (column.mean.filter(|m| !moment && m.is_finite()), column.std.filter(|s| s.is_finite())) {
        (Some(mean), Some(std)) => format!("{} ± {}", text::number(mean), text::number(std)),
        (Some(mean), None) => text::number(mean),
        _ => "–".to_owned(),
    };
    let picture = |size| figure::column(column, rows, size).map(Picture::from);
    ColumnRow {
        name: heading(&column.name),
        full_name: column.name.clone(),
        meaning: words::meaning(column.meaning).to_owned(),
        stored: column.stored_type.clone(),
        sensitive: column.masked,
        missing: text::share(text::ratio(column.nulls, rows)),
        distinct: format!("{about}{}", text::count(column.distinct)),
        range,
        center,
        small: draw.then(|| picture(Size::Small)).flatten(),
        full: draw.then(|| picture(Size::Full)).flatten(),
    }
}

fn sensitive_rows(document: &DatasetDocument<'_>) -> Vec<SensitiveRow> {
    document
        .sensitive
        .into_iter()
        .flat_map(SensitivityReport::sensitive_columns)
        .map(|column| SensitiveRow {
            name: heading(&column.name),
            labels: column
                .labels
                .iter()
                .map(|label| format!("{} ({})", label.label.replace('_', " "), text::share(label.confidence)))
                .collect::<Vec<_>>()
                .join(", "),
            group: column.group.map_or("not named", words::group),
            factors: column
                .factors
                .iter()
                .map(|factor| FactorRow {
                    name: factor.name.replace('_', " "),
                    value: factor.value.clone(),
                    weight: if factor.weight >= 0.0 {
                        format!("+{}", text::decimal(factor.weight, 1))
                    } else {
                        text::decimal(factor.weight, 1)
                    },
                    why: factor.why.clone(),
                })
                .collect(),
        })
        .collect()
}

fn anonymity(report: &SensitivityReport) -> String {
    let found = &report.k_anonymity;
    match found.k {
        Some(k) => format!(
            "Taken together, {} split the rows into groups of at least {}; {} alone in their group and {} smaller than five rows.",
            words::list(&found.columns),
            text::rows(k),
            match found.unique_rows {
                1 => "1 row stands".to_owned(),
                n => format!("{} stand", text::rows(n)),
            },
            match found.small_groups {
                1 => "1 group is".to_owned(),
                n => format!("{} groups are", text::count(n)),
            },
        ),
        None => "No columns were found that name a person only together, so rows were not grouped by them.".to_owned(),
    }
}

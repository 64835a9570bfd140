//! Fitness and permission of one table.

mod findings;
mod sensitive;

use std::collections::{BTreeMap, BTreeSet};

use proofmark_domain::check::{CheckReport, CheckVerdict, FindingKind, Severity};
use proofmark_domain::profile::{ColumnProfile, Meaning, Scalar, TableProfile};
use proofmark_domain::sensitive::SensitivityReport;
use proofmark_domain::{Digest, Timestamp};
use serde::Serialize;
use serde_json::json;

use super::sheet::{Kind, Sheet};
use super::{Fact, Form, MOST_FIGURES, Picture, ReportError, State, data, facts_of, heading, words};
use crate::figure::{self, Size};
use crate::text;

/// What a person decided about a finding.
#[derive(Debug, Clone, PartialEq, Serialize)]
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

/// What the words of the document mean and where its measures come from.
const METHOD: [(&str, &str); 7] = [
    (
        "Severity",
        "An error (square) must be mended before training. A warning (triangle) may mislead a model. A remark (hollow diamond) is worth knowing.",
    ),
    ("Measured and allowed", "The number behind a finding, and the limit that it was held against."),
    (
        "Distribution",
        "Bins of equal width, or the most frequent values. If the tails are long, the outermost bins hold everything beyond them. Hollow bars are rows without a value, pale bars the remaining values.",
    ),
    (
        "Distinct",
        "Counted exactly, or estimated from a sketch where marked with ≈ (Flajolet et al. 2007, HyperLogLog).",
    ),
    ("Deviation", "Sample standard deviation (n − 1); values that are not finite are left out."),
    (
        "Sensitive columns",
        "Evidence is added up as log-odds: a positive weight speaks for the label, a negative one against. The search gives reasons, not certainty.",
    ),
    (
        "Groups of rows",
        "k-anonymity (Sweeney 2002): the rows of the smallest group that share all values which name a person only together.",
    ),
];

#[derive(Serialize)]
struct ColumnRow {
    rank: usize,
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

impl DatasetDocument<'_> {
    /// Writes the document on a data set.
    ///
    /// Values of sensitive columns are masked here again, whether or not the profile was masked before. As JSON its schema is
    /// `proofmark/dataset-report/1`.
    ///
    /// # Errors
    /// Only if a template does not fit its values.
    pub fn write(&self, form: Form) -> Result<Vec<u8>, ReportError> {
        match form {
            Form::Html => sheet(self).html(),
            Form::Pdf => sheet(self).pdf(),
            Form::Json => data::write(self.title, "dataset-report", &json(self)),
        }
    }
}

fn json(document: &DatasetDocument<'_>) -> serde_json::Value {
    let hidden = sensitive_names(document);
    let mut profile = document.profile.clone();
    profile.mask(&|name| hidden.contains(name));
    let check =
        document.check.map(|check| CheckReport { findings: findings::masked(document, &hidden), ..check.clone() });
    json!({
        "project": document.project,
        "path": document.path,
        "digest": document.digest,
        "generated_at": document.generated_at,
        "profile": profile,
        "check": check,
        "sensitive": document.sensitive,
        "decisions": document.decisions,
    })
}

fn sheet(document: &DatasetDocument<'_>) -> Sheet {
    let hidden = sensitive_names(document);
    let mut profile = document.profile.clone();
    profile.mask(&|name| hidden.contains(name));
    let (state, lead) = verdict(document);
    let findings = findings::rows(document, &hidden);
    let ranks = ranks(document, &hidden);
    let columns: Vec<ColumnRow> =
        profile.columns.iter().zip(&ranks).map(|(column, rank)| column_row(column, profile.rows, *rank)).collect();
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
        "method": facts_of(&METHOD),
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
        "sensitive": sensitive::rows(document),
        "anonymity": document.sensitive.map(sensitive::anonymity),
        "decisions": decisions,
    });
    Sheet::new(Kind::Dataset, document.title, document.generated_at, values)
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

/// Where each column stands when not all have room: those with findings by severity, then sensitive ones, then as they stand in
/// the file.
fn ranks(document: &DatasetDocument<'_>, sensitive: &BTreeSet<String>) -> Vec<usize> {
    let mut worst: BTreeMap<&str, Severity> = BTreeMap::new();
    for finding in document.check.into_iter().flat_map(|check| &check.findings) {
        for name in &finding.columns {
            let found = worst.entry(name).or_insert(finding.severity);
            *found = (*found).max(finding.severity);
        }
    }
    let columns = &document.profile.columns;
    let mut order: Vec<_> = columns
        .iter()
        .enumerate()
        .map(|(i, column)| {
            let severity = worst.get(column.name.as_str()).copied();
            (std::cmp::Reverse(severity), !sensitive.contains(&column.name), i)
        })
        .collect();
    order.sort();
    let mut ranks = vec![0; columns.len()];
    for (rank, (.., i)) in order.into_iter().enumerate() {
        if let Some(place) = ranks.get_mut(i) {
            *place = rank;
        }
    }
    ranks
}

fn column_row(column: &ColumnProfile, rows: u64, rank: usize) -> ColumnRow {
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
    let draw = rank < MOST_FIGURES;
    let picture = |size| figure::column(column, rows, size).map(Picture::from);
    ColumnRow {
        rank,
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

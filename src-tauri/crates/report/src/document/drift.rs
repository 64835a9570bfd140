//! The comparison of two tables.

use proofmark_domain::Timestamp;
use proofmark_domain::drift::{ColumnDrift, DriftChange, DriftReport, DriftVerdict};
use serde::Serialize;
use serde_json::json;

use super::{Fact, MOST_FIGURES, Picture, ReportError, State, heading, render, words};
use crate::figure::{self, Size, TableNames};
use crate::text;

/// Everything that the document on a comparison is made from.
#[derive(Debug, Clone, Copy)]
pub struct DriftDocument<'a> {
    /// Its heading.
    pub title: &'a str,
    /// The project.
    pub project: &'a str,
    /// When the document was made.
    pub generated_at: Timestamp,
    /// The comparison.
    pub report: &'a DriftReport,
    /// Columns whose values must not be shown.
    pub sensitive: &'a [String],
}

#[derive(Serialize)]
struct ColumnSection {
    name: String,
    full_name: String,
    state: State,
    sensitive: bool,
    why: String,
    effect: String,
    interval: String,
    threshold: String,
    p: String,
    change: &'static str,
    n: String,
    small: Option<Picture>,
    full: Option<Picture>,
    statistics: Vec<Fact>,
    detailed: bool,
}

fn state(verdict: DriftVerdict) -> State {
    let word = figure::verdict_word(verdict);
    match verdict {
        DriftVerdict::Drift => State::fail(word),
        DriftVerdict::NoDrift => State::pass(word),
        DriftVerdict::CannotTell => State::unknown(word),
    }
}

fn change(change: Option<DriftChange>) -> &'static str {
    match change {
        Some(DriftChange::Distribution) => "distribution",
        Some(DriftChange::Unit) => "unit",
        Some(DriftChange::Encoding) => "encoding",
        Some(DriftChange::Nulls) => "missing values",
        Some(DriftChange::NewCategory) => "new values",
        Some(DriftChange::Season) => "season",
        None => "–",
    }
}

/// Writes the document on a comparison as one HTML file.
///
/// # Errors
/// Only if a template does not fit its values.
pub fn drift_report(document: &DriftDocument<'_>) -> Result<String, ReportError> {
    let report = document.report;
    let names = TableNames { reference: &report.reference, current: &report.current };
    let mut ordered: Vec<&ColumnDrift> = report.columns.iter().collect();
    // "Cannot tell" without an effect comes last, but it comes.
    let effect = |column: &ColumnDrift| column.effect.filter(|e| e.is_finite()).unwrap_or(-1.0);
    ordered.sort_by(|a, b| effect(b).total_cmp(&effect(a)));
    let columns: Vec<ColumnSection> = ordered
        .into_iter()
        .enumerate()
        .map(|(i, column)| section(column, names, document.sensitive, i < MOST_FIGURES))
        .collect();
    let count = |verdict| report.columns.iter().filter(|column| column.verdict == verdict).count() as u64;
    let joint = &report.joint;
    let facts = vec![
        Fact::new("Project", document.project),
        Fact::new("Reference", format!("{} · {}", report.reference, text::rows(report.rows.reference))),
        Fact::new("Current", format!("{} · {}", report.current, text::rows(report.rows.current))),
        Fact::new(
            "Columns",
            format!(
                "{} with drift, {} without, {} that cannot be told",
                text::count(count(DriftVerdict::Drift)),
                text::count(count(DriftVerdict::NoDrift)),
                text::count(count(DriftVerdict::CannotTell))
            ),
        ),
    ];
    let values = json!({
        "title": document.title,
        "generated_at": words::moment(document.generated_at),
        "state": state(report.verdict),
        "lead": report.why,
        "facts": facts,
        "effects": figure::drift_effects(report).map(Picture::from),
        "not_drawn": columns.len().saturating_sub(MOST_FIGURES),
        "most": MOST_FIGURES,
        "columns": columns,
        "joint": json!({
            "state": state(joint.verdict),
            "why": joint.why,
            "auc": figure::auc_words(joint),
            "p": joint.p_value.map(words::p_value),
            "n": format!("{} of the reference, {} of the current table", text::rows(joint.n.0), text::rows(joint.n.1)),
            "roc": figure::roc(joint).map(Picture::from),
            "drivers": figure::importance(&joint.drivers).map(Picture::from),
        }),
        "left_out": joint.left_out.iter().map(|(name, why)| Fact::new(&heading(name), why.as_str())).collect::<Vec<_>>(),
        "concept": report.concept.as_ref().map(|concept| json!({ "state": state(concept.verdict), "why": concept.why })),
    });
    render("drift.html", document.title, values)
}

fn section(column: &ColumnDrift, names: TableNames<'_>, sensitive: &[String], detailed: bool) -> ColumnSection {
    let hidden = sensitive.contains(&column.name);
    let masked;
    let column = if hidden {
        masked = figure::masked(column);
        &masked
    } else {
        column
    };
    let picture = |size| figure::drift_column(column, names, size).map(Picture::from);
    let finite = |value: Option<f64>| value.filter(|v| v.is_finite());
    ColumnSection {
        name: heading(&column.name),
        full_name: column.name.clone(),
        state: state(column.verdict),
        sensitive: hidden,
        why: column.why.clone(),
        effect: finite(column.effect).map_or_else(|| "–".to_owned(), |e| text::decimal(e, 3)),
        interval: column
            .interval
            .filter(|(a, b)| a.is_finite() && b.is_finite())
            .map_or_else(|| "–".to_owned(), |(a, b)| format!("{} to {}", text::decimal(a, 3), text::decimal(b, 3))),
        threshold: text::number(column.threshold),
        p: finite(column.p_adjusted).map_or_else(|| "–".to_owned(), words::p_value),
        change: change(column.change),
        n: format!("{} / {}", text::count(column.n.0), text::count(column.n.1)),
        small: detailed.then(|| picture(Size::Small)).flatten(),
        full: detailed.then(|| picture(Size::Full)).flatten(),
        statistics: column
            .statistics
            .iter()
            .map(|(key, value)| {
                let shown = if key.starts_with("missing_") { text::share(*value) } else { text::number(*value) };
                Fact::new(&words::statistic(key), shown)
            })
            .chain(finite(column.p_value).map(|p| Fact::new("p-value", words::p_value(p))))
            .collect(),
        detailed,
    }
}

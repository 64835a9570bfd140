//! The comparison of two tables.

use proofmark_domain::Timestamp;
use proofmark_domain::drift::{ColumnDrift, DriftChange, DriftReport, DriftVerdict};
use serde::Serialize;
use serde_json::json;

use super::sheet::{Kind, Sheet};
use super::{Fact, Form, MOST_FIGURES, Picture, ReportError, State, data, facts_of, heading, words};
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

/// What the words of the document mean and where its measures come from.
const METHOD: [(&str, &str); 7] = [
    (
        "Verdict",
        "Drift (square) means that the effect is larger than what is tolerated and chance does not explain it. No drift (dot) means that it is within. “Cannot tell” (hollow diamond) means too few rows or nothing to compare; it does not mean that all is well.",
    ),
    (
        "Effect",
        "0 is the same, 1 entirely different. For numbers the largest distance between the two cumulative distributions (Kolmogorov 1933, Smirnov 1948), for categories the total variation distance, half the sum of the differences between shares.",
    ),
    ("Interval", "95 % confidence: with data of this size the true effect lies within it in 95 of 100 comparisons."),
    (
        "p-value, adjusted",
        "How often chance alone gives such an effect, corrected for testing many columns at once (Benjamini and Hochberg 1995).",
    ),
    (
        "Population stability index",
        "Sum over bins of the difference of shares times the logarithm of their ratio (Siddiqi 2006); it grows with the number of bins, so it is shown and not judged by.",
    ),
    (
        "Jensen–Shannon, Wasserstein",
        "The distance of both distributions from their mean (Lin 1991), and the least effort of moving one onto the other, in the unit of the column (Vallender 1974).",
    ),
    (
        "All columns together",
        "A classifier is asked which table a row comes from. AUC 0.5 is chance; the more it exceeds 0.5, the better the tables can be told apart, also when no single column moved (Lopez-Paz and Oquab 2017, classifier two-sample tests).",
    ),
];

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

impl DriftDocument<'_> {
    /// Writes the document on a comparison.
    ///
    /// Values of sensitive columns are masked. As JSON it is what `proofmark drift --json` prints, schema `proofmark/drift/1`.
    ///
    /// # Errors
    /// Only if a template does not fit its values.
    pub fn write(&self, form: Form) -> Result<Vec<u8>, ReportError> {
        match form {
            Form::Html => sheet(self).html(),
            Form::Pdf => sheet(self).pdf(),
            Form::Json => data::write(self.title, "drift", &masked(self)),
        }
    }
}

fn masked(document: &DriftDocument<'_>) -> DriftReport {
    let mut report = document.report.clone();
    for column in report.columns.iter_mut().filter(|it| document.sensitive.contains(&it.name)) {
        *column = figure::masked(column);
    }
    report
}

fn sheet(document: &DriftDocument<'_>) -> Sheet {
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
        "method": facts_of(&METHOD),
        "generated_at": words::moment(document.generated_at),
        "state": state(report.verdict),
        "lead": report.why,
        "facts": facts,
        "effects": figure::drift_effects(&report.columns).map(Picture::from),
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
    Sheet::new(Kind::Drift, document.title, document.generated_at, values)
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

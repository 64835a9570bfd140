//! How a model does in use, as one file.

use proofmark_domain::Timestamp;
use proofmark_domain::drift::DriftVerdict;
use proofmark_domain::monitor::{
    Alert, AlertState, Assumption, HealthState, ModelMonitor, MonitorReport, MonitorWindow, Retrain, RetrainingRequest,
};
use serde::Serialize;
use serde_json::json;

use super::sheet::{Kind, Sheet};
use super::{Fact, Form, Picture, ReportError, State, data, facts_of, words};
use crate::figure::{self, Size};
use crate::text;

/// Windows that are listed; the newest, because older ones stand in the figure.
const MOST_WINDOWS: usize = 200;
/// Columns of the newest window that are listed.
const MOST_COLUMNS: usize = 40;

/// Everything that the document on a model in use is made from.
#[derive(Debug, Clone, Copy)]
pub struct MonitorDocument<'a> {
    /// Its heading.
    pub title: &'a str,
    /// The project; absent for a log that lies in none.
    pub project: Option<&'a str>,
    /// When the document was made.
    pub generated_at: Timestamp,
    /// The reading.
    pub report: &'a MonitorReport,
    /// What it says about training anew.
    pub retraining: &'a RetrainingRequest,
}

/// What the words of the document mean and where its measures come from.
const METHOD: [(&str, &str); 3] = [
    (
        "Alerts",
        "One opens when its condition holds in two windows in a row, or in one by far, and closes after two clear ones. Its cost is the change of the metric that was measured or is estimated.",
    ),
    (
        "Measured and estimated",
        "Measured from labels that came back; estimated from the model's own probabilities, calibrated on the reference. When an assumption of an estimate fails there is no number.",
    ),
    ("Intervals", "95 % confidence."),
];

#[derive(Serialize)]
struct AlertRow {
    state: State,
    kind: String,
    since: String,
    windows: String,
    cost: String,
    sentence: String,
    answer: String,
}

#[derive(Serialize)]
struct WindowRow {
    name: String,
    rows: String,
    errors: String,
    drift: State,
    drifted: String,
    confidence: String,
    measured: String,
    estimated: String,
}

fn health(state: HealthState) -> State {
    match state {
        HealthState::Good => State::pass("Good"),
        HealthState::Watch => State::attention("Look at this"),
        HealthState::Bad => State::fail("Bad"),
        HealthState::Unknown => State::unknown("Not known"),
    }
}

fn advice(advice: Retrain) -> State {
    match advice {
        Retrain::Advised => State::fail("Train anew"),
        Retrain::Consider => State::attention("Consider training anew"),
        Retrain::MendFirst => State::attention("Mend the inputs first"),
        Retrain::NotNeeded => State::pass("Not needed"),
        Retrain::CannotTell => State::unknown("Cannot tell"),
    }
}

fn drift(verdict: Option<DriftVerdict>) -> State {
    match verdict {
        Some(DriftVerdict::Drift) => State::fail("drift"),
        Some(DriftVerdict::NoDrift) => State::pass("no drift"),
        Some(DriftVerdict::CannotTell) => State::unknown("cannot tell"),
        None => State::unknown("not compared"),
    }
}

fn with_interval(value: f64, interval: Option<(f64, f64)>) -> String {
    let place = |it: f64| text::decimal(it, 3);
    interval.map_or_else(|| place(value), |(low, high)| format!("{} ({} to {})", place(value), place(low), place(high)))
}

fn word<T: Serialize>(value: T) -> String {
    let text = serde_json::to_value(value).ok().and_then(|it| it.as_str().map(str::to_owned)).unwrap_or_default();
    text.replace('_', " ")
}

fn alert(it: &Alert) -> AlertRow {
    let answer = it.answer.as_ref().map_or_else(String::new, |answer| {
        let what = match answer.state {
            AlertState::Acknowledged => "acknowledged",
            AlertState::Snoozed => "snoozed",
            AlertState::Seasonal if answer.learned => "expected, as in an earlier year",
            AlertState::Seasonal => "called seasonal",
        };
        let until = answer.until.map_or_else(String::new, |it| format!(" until {}", words::moment(it)));
        let note = if answer.note.is_empty() { String::new() } else { format!(": {}", answer.note) };
        format!("{what}{until} by {} on {}{note}", answer.by, words::moment(answer.at))
    });
    AlertRow {
        state: if it.is_open { State::attention("open") } else { State::unknown("over") },
        kind: word(it.kind),
        since: it.since.map_or_else(|| format!("window {}", it.window + 1), words::moment),
        windows: text::count(it.windows),
        cost: it.cost.map_or_else(|| "not known".to_owned(), |it| text::decimal(it, 3)),
        sentence: it.sentence.clone(),
        answer,
    }
}

fn window(it: &MonitorWindow, at: usize, metric: Option<&str>) -> WindowRow {
    let real = metric.and_then(|metric| it.performance.realised.get(metric));
    let said = metric.and_then(|metric| it.performance.estimated.get(metric));
    WindowRow {
        name: it.start.map_or_else(|| format!("window {}", at + 1), words::moment),
        rows: text::count(it.rows),
        errors: text::share(it.usage.error_rate),
        drift: drift(it.drift.as_ref().map(|it| it.verdict)),
        drifted: it.drift.as_ref().map_or_else(|| "–".to_owned(), |it| format!("{} of {}", it.drifted, it.compared)),
        confidence: it.confidence.map_or_else(|| "–".to_owned(), |it| text::decimal(it.max_probability, 3)),
        measured: real.map_or_else(|| "–".to_owned(), |it| with_interval(it.value, Some(it.interval))),
        estimated: said.map_or_else(
            || "–".to_owned(),
            |it| it.value.map_or_else(|| "no number".to_owned(), |value| with_interval(value, it.interval)),
        ),
    }
}

fn assumptions(model: &ModelMonitor) -> Vec<Fact> {
    let Some(last) = model.windows.iter().rev().find(|it| !it.performance.estimated.is_empty()) else {
        return Vec::new();
    };
    let mut found: Vec<Fact> = Vec::new();
    for (metric, it) in &last.performance.estimated {
        let states: Vec<String> = it
            .assumptions
            .iter()
            .map(|(name, state)| {
                let state = match state {
                    Assumption::Holds => "holds",
                    Assumption::Unknown => "not known",
                    Assumption::Fails => "fails",
                };
                format!("{} {state}", name.replace('_', " "))
            })
            .collect();
        found.push(Fact::new(metric, format!("{} {}", states.join(", "), it.why)));
    }
    found
}

impl MonitorDocument<'_> {
    /// Writes the document on a model in use.
    ///
    /// As JSON it is what `proofmark monitor --json` prints, schema `proofmark/monitor/1`.
    ///
    /// # Errors
    /// Only if a template does not fit its values.
    pub fn write(&self, form: Form) -> Result<Vec<u8>, ReportError> {
        match form {
            Form::Html => sheet(self).html(),
            Form::Pdf => sheet(self).pdf(),
            Form::Json => data::write(self.title, "monitor", self.report),
        }
    }
}

fn sheet(document: &MonitorDocument<'_>) -> Sheet {
    let report = document.report;
    let model = &report.main;
    let metric = ["accuracy", "mae", "roc_auc", "f1"].into_iter().find(|metric| {
        model
            .windows
            .iter()
            .any(|it| it.performance.realised.contains_key(*metric) || it.performance.estimated.contains_key(*metric))
    });
    let skipped = model.windows.len().saturating_sub(MOST_WINDOWS);
    let windows: Vec<WindowRow> =
        model.windows.iter().enumerate().skip(skipped).rev().map(|(at, it)| window(it, at, metric)).collect();
    let last = model.windows.iter().rev().find_map(|it| it.drift.as_ref().map(|drift| (it, drift)));
    let parts =
        model.windows.last().filter(|it| !it.performance.segments.is_empty()).map(|it| {
            (it.start.map_or_else(|| "the newest window".to_owned(), words::moment), &it.performance.segments)
        });
    let columns: Vec<serde_json::Value> = last.map_or_else(Vec::new, |(_, it)| {
        it.columns
            .iter()
            .take(MOST_COLUMNS)
            .map(|column| {
                json!({
                    "name": super::heading(&column.name),
                    "state": drift(Some(column.verdict)),
                    "effect": column.effect.map_or_else(|| "–".to_owned(), |it| with_interval(it, column.interval)),
                    "cost": column.cost.map_or_else(|| "–".to_owned(), |it| text::decimal(it, 3)),
                    "why": column.why,
                })
            })
            .collect()
    });
    let named = |names: Vec<String>| if names.is_empty() { "not named".to_owned() } else { names.join(", ") };
    let mut facts = vec![
        Fact::new("Model", model.model.clone().unwrap_or_else(|| "not named in the log".to_owned())),
        Fact::new("Versions", named(model.versions.iter().map(|it| it.name.clone()).collect())),
        Fact::new("Log", format!("{} · {}", report.log.paths.join(", "), text::rows(report.log.rows))),
        Fact::new(
            "Compared with",
            report
                .reference
                .as_ref()
                .map_or_else(|| "nothing".to_owned(), |it| format!("{} · {}", it.path, text::rows(it.rows))),
        ),
        Fact::new("Labels", report.labels.as_ref().map_or_else(|| "none".to_owned(), |it| text::count(it.joined))),
    ];
    if let Some(project) = document.project {
        facts.insert(0, Fact::new("Project", project));
    }
    let retraining = document.retraining;
    let values = json!({
        "title": document.title,
        "method": facts_of(&METHOD),
        "generated_at": words::moment(document.generated_at),
        "state": health(model.health.state),
        "lead": model.health.why,
        "facts": facts,
        "figure": figure::monitor(model, Size::Full, None).map(Picture::from),
        "alerts": model.alerts.iter().map(alert).collect::<Vec<_>>(),
        "metric": metric,
        "windows": windows,
        "skipped": skipped,
        "last": last.map(|(it, _)| it.start.map_or_else(|| "the newest window".to_owned(), words::moment)),
        "columns": columns,
        "segments": parts.as_ref().map_or_else(Vec::new, |(_, it)| it.iter().map(|it| it.sentence.clone()).collect::<Vec<_>>()),
        "segments_of": parts.map(|(name, _)| name),
        "together": last.and_then(|(_, found)| found.together.as_ref()).map(|it| json!({"state": drift(Some(it.verdict)), "why": it.why})),
        "changes": model.changes.iter().map(|it| it.sentence.clone()).collect::<Vec<_>>(),
        "assumptions": assumptions(model),
        "retraining": json!({
            "state": advice(retraining.advice),
            "why": retraining.why,
            "evidence": retraining.evidence.iter().map(|it| it.sentence.clone()).collect::<Vec<_>>(),
            "doubts": retraining.doubts,
        }),
        "problems": report.log.problems.iter().map(|it| it.message.clone()).collect::<Vec<_>>(),
    });
    Sheet::new(Kind::Monitor, document.title, document.generated_at, values)
}

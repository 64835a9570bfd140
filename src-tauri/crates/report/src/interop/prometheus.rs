//! What is known of models in use, in the text format of Prometheus (exposition format 0.0.4), for the text file collector of its node
//! exporter and for anything else that reads it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use proofmark_domain::monitor::{AlertKind, HealthState, ModelMonitor, MonitorReport};

/// Columns of which the effect is told, the strongest first: a series for each of thousands would burden who reads it.
const MOST_COLUMNS: usize = 100;

/// What every such text begins with: families come in the order of their names, and this one is always there.
pub(crate) const HEAD: &str = "# HELP proofmark_alerts_open Open alerts that nobody answered.\n";

/// One family of series.
struct Family {
    help: &'static str,
    samples: Vec<(Vec<(&'static str, String)>, f64)>,
}

#[derive(Default)]
struct Families(BTreeMap<&'static str, Family>);

impl Families {
    fn put(&mut self, name: &'static str, help: &'static str, labels: Vec<(&'static str, String)>, value: f64) {
        // Prometheus knows NaN; what is not known is better absent.
        if value.is_finite() {
            self.0.entry(name).or_insert_with(|| Family { help, samples: Vec::new() }).samples.push((labels, value));
        }
    }
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

fn word<T: serde::Serialize>(value: T) -> String {
    serde_json::to_value(value).ok().and_then(|it| it.as_str().map(str::to_owned)).unwrap_or_default()
}

/// The text of one reading of a log. All series are gauges of its newest window, but `proofmark_predictions`, which counts the whole log.
pub fn prometheus(report: &MonitorReport) -> String {
    let mut all = Families::default();
    for model in std::iter::once(&report.main).chain(&report.others) {
        of_model(&mut all, model);
    }
    let mut text = String::new();
    for (name, family) in all.0 {
        // Writing into a string cannot fail.
        let _ = writeln!(text, "# HELP {name} {}\n# TYPE {name} gauge", family.help);
        for (labels, value) in family.samples {
            let labels: Vec<String> = labels.iter().map(|(name, it)| format!("{name}=\"{}\"", escaped(it))).collect();
            let _ = writeln!(text, "{name}{{{}}} {value}", labels.join(","));
        }
    }
    text
}

fn of_model(all: &mut Families, model: &ModelMonitor) {
    let name = model.model.clone().unwrap_or_default();
    let with = |further: &[(&'static str, &str)]| -> Vec<(&'static str, String)> {
        std::iter::once(("model", name.clone()))
            .chain(further.iter().map(|(label, value)| (*label, (*value).to_owned())))
            .collect()
    };
    for state in [HealthState::Good, HealthState::Unknown, HealthState::Watch, HealthState::Bad] {
        let value = f64::from(u8::from(model.health.state == state));
        all.put(
            "proofmark_model_health",
            "1 for the state that the model is in.",
            with(&[("state", &word(state))]),
            value,
        );
    }
    let rows: u64 = model.windows.iter().map(|it| it.rows).sum();
    all.put("proofmark_predictions", "Predictions in the log.", with(&[]), rows as f64);
    for kind in [
        AlertKind::Performance,
        AlertKind::EstimatedPerformance,
        AlertKind::Errors,
        AlertKind::Quality,
        AlertKind::Scores,
        AlertKind::Inputs,
        AlertKind::Together,
        AlertKind::Outputs,
        AlertKind::Confidence,
        AlertKind::Skew,
        AlertKind::Silence,
        AlertKind::Latency,
    ] {
        let open = model.alerts.iter().filter(|it| it.is_open && it.kind == kind && it.answer.is_none()).count();
        all.put(
            "proofmark_alerts_open",
            "Open alerts that nobody answered.",
            with(&[("kind", &word(kind))]),
            open as f64,
        );
    }
    // A window that may still grow says less than the one before it, but its usage is the newest there is.
    let Some(last) = model.windows.last() else { return };
    let seconds = |it: proofmark_domain::Timestamp| it.ms() as f64 / 1000.0;
    if let Some(start) = last.start {
        all.put(
            "proofmark_window_start_seconds",
            "Begin of the newest window, seconds since 1970.",
            with(&[]),
            seconds(start),
        );
    }
    all.put("proofmark_window_predictions", "Predictions in the newest window.", with(&[]), last.rows as f64);
    all.put("proofmark_window_error_ratio", "Share of failed requests, 0..1.", with(&[]), last.usage.error_rate);
    if let Some(latency) = last.usage.latency {
        for (quantile, value) in [("0.5", latency.p50), ("0.95", latency.p95), ("0.99", latency.p99)] {
            all.put(
                "proofmark_window_latency_ms",
                "How long answers took, milliseconds.",
                with(&[("quantile", quantile)]),
                value,
            );
        }
    }
    if let Some(confidence) = last.confidence {
        all.put(
            "proofmark_window_confidence",
            "Mean of the largest probability, 0..1.",
            with(&[]),
            confidence.max_probability,
        );
    }
    let closed = model.windows.iter().rev().find(|it| it.drift.is_some() && (!it.is_open || model.windows.len() == 1));
    if let Some(drift) = closed.and_then(|it| it.drift.as_ref()) {
        all.put(
            "proofmark_window_drifted_columns",
            "Columns that drifted, without what the season explains.",
            with(&[]),
            drift.drifted as f64,
        );
        all.put("proofmark_window_compared_columns", "Columns that were compared.", with(&[]), drift.compared as f64);
        for column in drift.columns.iter().take(MOST_COLUMNS) {
            if let Some(effect) = column.effect {
                let labels = with(&[("column", &column.name), ("role", &column.role)]);
                all.put("proofmark_column_effect", "Distance of a column from the reference, 0..1.", labels, effect);
            }
        }
    }
    for window in model.windows.iter().rev().filter(|it| !it.performance.realised.is_empty()).take(1) {
        for (metric, it) in &window.performance.realised {
            for (bound, value) in [("value", it.value), ("low", it.interval.0), ("high", it.interval.1)] {
                let labels = with(&[("metric", metric), ("bound", bound)]);
                all.put("proofmark_performance", "Performance of the newest window with labels.", labels, value);
            }
        }
    }
    for window in model.windows.iter().rev().filter(|it| !it.performance.estimated.is_empty()).take(1) {
        for (metric, it) in &window.performance.estimated {
            let interval = it.interval.map_or((f64::NAN, f64::NAN), |it| it);
            for (bound, value) in [("value", it.value.unwrap_or(f64::NAN)), ("low", interval.0), ("high", interval.1)] {
                let labels = with(&[("metric", metric), ("bound", bound)]);
                let help = "Performance estimated without labels; absent where its assumptions fail.";
                all.put("proofmark_performance_estimated", help, labels, value);
            }
        }
    }
}

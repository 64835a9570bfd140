//! How a model is, in one sentence with its reasons.

use serde::{Deserialize, Serialize};

use super::alert::{baseline, chief, figure, predictions};
use super::performance::more_is_better;
use super::{Alert, AlertKind, Assumption, MonitorWindow};
use crate::drift::DriftVerdict;

/// How a model is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub enum HealthState {
    /// Something was judged, and nothing speaks against it.
    Good,
    /// Nothing could be judged.
    Unknown,
    /// Something changed that may cost performance.
    Watch,
    /// Predictions are worse, or requests fail.
    Bad,
}

/// How a model is, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct Health {
    /// The state.
    pub state: HealthState,
    /// Why, in one sentence or two.
    pub why: String,
}

/// Loss of the chief metric above which an alert about performance means `bad`: a share of classes, or a part of the error.
const BAD_SHARE: f64 = 0.03;
const BAD_RELATIVE: f64 = 0.15;

fn is_bad(alert: &Alert, windows: &[MonitorWindow]) -> bool {
    match alert.kind {
        AlertKind::Performance | AlertKind::EstimatedPerformance => {
            let metric = windows.iter().find_map(|it| {
                let p = &it.performance;
                chief(&p.realised).map(|it| it.0).or_else(|| chief(&p.estimated).map(|it| it.0))
            });
            let Some(metric) = metric else { return true };
            let loss = alert.cost.unwrap_or(0.0);
            let base = baseline(windows, metric).unwrap_or(0.0);
            if more_is_better(metric) { loss >= BAD_SHARE } else { loss >= BAD_RELATIVE * base.abs() }
        }
        AlertKind::Errors => true,
        AlertKind::Quality => windows.last().is_some_and(|it| !it.quality.absent.is_empty()),
        _ => false,
    }
}

/// Judges a model by its windows and alerts.
pub fn health(windows: &[MonitorWindow], alerts: &[Alert]) -> Health {
    let answer = |state, why: String| Health { state, why };
    let rows: u64 = windows.iter().map(|it| it.rows).sum();
    if rows == 0 {
        return answer(HealthState::Unknown, "The log holds no prediction, so nothing can be said.".to_owned());
    }
    let open: Vec<&Alert> = alerts.iter().filter(|it| it.is_open).collect();
    let bad: Vec<&&Alert> = open.iter().filter(|it| is_bad(it, windows)).collect();
    let since = |alert: &Alert| alert.since.map_or_else(String::new, |it| format!("Since {}: ", day(&it.to_string())));
    let performance = performance_words(windows);
    if let Some(first) = bad.first() {
        let cause =
            open.iter().find(|it| matches!(it.kind, AlertKind::Inputs | AlertKind::Quality) && it.kind != first.kind);
        let cause = cause.map_or_else(String::new, |it| format!(" {}", it.sentence));
        return answer(HealthState::Bad, format!("{}{}{cause}", since(first), first.sentence));
    }
    if let Some(first) = open.first() {
        let more = match open.len() {
            0 | 1 => String::new(),
            2 => " Another alert is open.".to_owned(),
            many => format!(" {} more alerts are open.", many - 1),
        };
        let held = performance.map_or_else(
            || " What it costs is not known without labels or probabilities.".to_owned(),
            |it| format!(" {}", it.words),
        );
        return answer(HealthState::Watch, format!("{}{}{held}{more}", since(first), first.sentence));
    }
    let judged =
        windows.iter().rev().find(|it| it.drift.as_ref().is_some_and(|it| it.verdict != DriftVerdict::CannotTell));
    let drift = judged.and_then(|it| it.drift.as_ref());
    match (drift, performance) {
        (Some(drift), held) if drift.verdict == DriftVerdict::Drift => answer(
            HealthState::Watch,
            format!(
                "One window is not enough for an alert, but: {}{}",
                drift.why,
                held.map_or_else(String::new, |it| format!(" {}", it.words))
            ),
        ),
        (Some(drift), Some(held)) => answer(HealthState::Good, format!("{} {}", held.words, drift.why)),
        (Some(drift), None) => answer(
            HealthState::Good,
            format!("{} How good the predictions are is not known without labels or probabilities.", drift.why),
        ),
        (None, Some(held)) if held.is_enough => answer(HealthState::Good, held.words),
        (None, Some(held)) => answer(HealthState::Unknown, format!("{} That is too little to judge it.", held.words)),
        (None, None) => {
            let why = windows.iter().rev().find_map(|it| it.drift.as_ref().map(|it| it.why.clone())).unwrap_or_else(|| {
                "There is neither a reference nor a label, so what the model was asked and answered cannot be judged. Name the table it was \
                 trained on as the reference."
                    .to_owned()
            });
            answer(HealthState::Unknown, why)
        }
    }
}

fn day(moment: &str) -> String {
    moment.get(..10).unwrap_or(moment).to_owned()
}

/// Labels that a window needs to say something of performance.
const ENOUGH_LABELS: u64 = 30;

/// What is known of performance.
struct Held {
    words: String,
    /// Whether it rests on enough predictions to call a model good.
    is_enough: bool,
}

/// The newest thing known of performance that rests on enough predictions, if it is fine; what is not is said by an alert.
fn performance_words(windows: &[MonitorWindow]) -> Option<Held> {
    let measured = |least: u64| {
        windows.iter().rev().find_map(|it| {
            let (metric, it) = chief(&it.performance.realised).filter(|it| it.1.rows >= least)?;
            let words = format!(
                "{metric} is {} ({} to {} with 95 %), measured on {}.",
                figure(it.value),
                figure(it.interval.0),
                figure(it.interval.1),
                predictions(it.rows)
            );
            Some(Held { words, is_enough: it.rows >= ENOUGH_LABELS })
        })
    };
    let realised = measured(ENOUGH_LABELS).or_else(|| measured(0));
    let estimated = || {
        windows.iter().rev().find_map(|it| {
            let (metric, it) = chief(&it.performance.estimated)?;
            let (value, interval) = (it.value?, it.interval?);
            let unsure = it.assumptions.values().any(|it| *it == Assumption::Unknown);
            let doubt = if unsure { ", as far as its assumptions could be tested" } else { "" };
            let words = format!(
                "{metric} is estimated to be {} ({} to {} with 95 %){doubt}.",
                figure(value),
                figure(interval.0),
                figure(interval.1)
            );
            Some(Held { words, is_enough: true })
        })
    };
    realised.or_else(estimated)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_log_is_not_healthy() {
        assert_eq!(health(&[], &[]).state, HealthState::Unknown);
    }
}

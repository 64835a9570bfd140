//! The request to train a model anew, with what speaks for it.

use serde::{Deserialize, Serialize};

use super::{Alert, AlertKind, Assumption, HealthState, ModelMonitor, MonitorReport};
use crate::Timestamp;

/// How much speaks for training anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub enum Retrain {
    /// Labels show that the model became worse.
    Advised,
    /// It is thought to have become worse, or its inputs changed in a way that costs something.
    Consider,
    /// Nothing speaks for it.
    NotNeeded,
    /// Training anew would learn a fault: requests or inputs are broken, or served otherwise than trained.
    MendFirst,
    /// Nothing is known that speaks for or against it.
    CannotTell,
}

/// One thing that speaks for or against training anew.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct RetrainingEvidence {
    /// Where it comes from.
    pub kind: AlertKind,
    /// Since when.
    pub since: Option<Timestamp>,
    /// Windows that it lasts.
    pub windows: u64,
    /// Columns concerned.
    pub columns: Vec<String>,
    /// Loss of the metric that was measured or is estimated.
    pub cost: Option<f64>,
    /// In one sentence.
    pub sentence: String,
}

/// A request to train a model anew, as a document that stands by itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct RetrainingRequest {
    /// The model.
    pub model: Option<String>,
    /// Its versions in the log, newest last.
    pub versions: Vec<String>,
    /// How much speaks for it.
    pub advice: Retrain,
    /// Why, in one sentence.
    pub why: String,
    /// What speaks for and against it, the weightiest first.
    pub evidence: Vec<RetrainingEvidence>,
    /// The log that was read.
    pub log: Vec<String>,
    /// What it was compared with.
    pub reference: Option<String>,
    /// Predictions in the log.
    pub rows: u64,
    /// Labels that training could use, as far as they came back.
    pub labels: u64,
    /// The span of predictions since the change, which training should cover.
    pub since: Option<Timestamp>,
    /// End of that span.
    pub until: Option<Timestamp>,
    /// Assumptions of estimates that could not be held, in words.
    pub doubts: Vec<String>,
    /// When it was made.
    pub made_at: Timestamp,
}

fn evidence(alert: &Alert) -> RetrainingEvidence {
    RetrainingEvidence {
        kind: alert.kind,
        since: alert.since,
        windows: alert.windows,
        columns: alert.columns.clone(),
        cost: alert.cost,
        sentence: alert.sentence.clone(),
    }
}

fn doubts(model: &ModelMonitor) -> Vec<String> {
    let Some(last) = model.windows.iter().rev().find(|it| !it.performance.estimated.is_empty()) else {
        return Vec::new();
    };
    let failing = last.performance.estimated.iter().filter_map(|(metric, it)| {
        let names: Vec<String> = it
            .assumptions
            .iter()
            .filter(|(_, state)| **state != Assumption::Holds)
            .map(|(name, state)| {
                format!(
                    "{} {}",
                    name.replace('_', " "),
                    if *state == Assumption::Fails { "fails" } else { "is not known" }
                )
            })
            .collect();
        (!names.is_empty()).then(|| format!("The estimate of {metric}: {}.", names.join(", ")))
    });
    failing.collect()
}

/// What a reading of a log says about training anew.
pub fn retraining(report: &MonitorReport, now: Timestamp) -> RetrainingRequest {
    let model = &report.main;
    let open: Vec<&Alert> = model.alerts.iter().filter(|it| it.is_open).collect();
    let of = |kinds: &[AlertKind]| open.iter().find(|it| kinds.contains(&it.kind));
    let measured = of(&[AlertKind::Performance]);
    let broken = of(&[AlertKind::Quality, AlertKind::Scores, AlertKind::Skew, AlertKind::Errors]);
    let softer = of(&[AlertKind::EstimatedPerformance, AlertKind::Inputs, AlertKind::Together, AlertKind::Confidence]);
    let (advice, why) = match (measured, broken, softer) {
        (_, Some(broken), _) => (
            Retrain::MendFirst,
            match broken.kind {
                AlertKind::Scores => {
                    format!("Mend how the model is served before training it anew: {}", broken.sentence)
                }
                _ => format!(
                    "Mend what is fed to the model before training it anew, or it learns the fault: {}",
                    broken.sentence
                ),
            },
        ),
        (Some(worse), None, _) => {
            (Retrain::Advised, format!("Labels show that the model became worse: {}", worse.sentence))
        }
        (None, None, Some(softer)) => {
            (Retrain::Consider, format!("No label shows a loss yet, but: {}", softer.sentence))
        }
        (None, None, None) => match model.health.state {
            HealthState::Unknown => (Retrain::CannotTell, model.health.why.clone()),
            HealthState::Good => (Retrain::NotNeeded, format!("Nothing speaks for it: {}", model.health.why)),
            _ => (Retrain::NotNeeded, format!("No alert is open: {}", model.health.why)),
        },
    };
    let since = open.iter().filter_map(|it| it.since).min();
    RetrainingRequest {
        model: model.model.clone(),
        versions: model.versions.iter().map(|it| it.name.clone()).collect(),
        advice,
        why,
        evidence: open.iter().map(|it| evidence(it)).collect(),
        log: report.log.paths.clone(),
        reference: report.reference.as_ref().map(|it| it.path.clone()),
        rows: report.log.rows,
        labels: report.labels.as_ref().map_or(0, |it| it.joined),
        since,
        until: model.windows.last().and_then(|it| it.end),
        doubts: doubts(model),
        made_at: now,
    }
}

//! How a model does in use: what its log of predictions says, window by window.
//!
//! The values here are measured by `analysis`; what they mean (which of them are worth an alert, and how the model is) is decided
//! in [`alert`] and [`health`], which are pure.

mod alert;
mod answer;
mod health;
mod log;
mod performance;
mod retraining;
mod window;

pub use alert::{Alert, AlertKind, raise};
pub use answer::{
    AlertAnswer, AlertResponse, AlertState, AnsweredAlert, apply as apply_answers, as_seasonal, months_of,
};
pub use health::{Health, HealthState, health};
pub use log::{LabelReading, LogProblem, LogReading, LogRole, MappedColumn, ReferenceReading};
pub use performance::{Assumption, Estimated, Performance, Realised, SegmentPerformance};
pub use retraining::{Retrain, RetrainingEvidence, RetrainingRequest, retraining};
pub use window::{
    ColumnQuality, Latency, ModelConfidence, Named, Season, SeasonState, Silence, Usage, WindowColumn, WindowDrift,
    WindowKind, WindowQuality,
};

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// One window of logged predictions.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct MonitorWindow {
    /// Its begin; absent where the log holds no times.
    pub start: Option<Timestamp>,
    /// Its end, exclusive for windows of time, the last moment for windows of rows.
    pub end: Option<Timestamp>,
    /// Predictions in it, each counted once.
    pub rows: u64,
    /// Whether the log ends inside it, so that more may come.
    pub is_open: bool,
    /// Requests, callers, versions, latency, errors, silence.
    pub usage: Usage,
    /// How sure the model was; `null` where the log holds no probabilities.
    pub confidence: Option<ModelConfidence>,
    /// Inputs and outputs against the reference; `null` without one.
    pub drift: Option<WindowDrift>,
    /// What is wrong with the inputs, whatever their distribution.
    pub quality: WindowQuality,
    /// How good the predictions were, or are thought to have been.
    pub performance: Performance,
}

/// A moment at which a series went to another level.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct ChangePoint {
    /// The series: `confidence`, `error_rate`, or the name of a column.
    pub series: String,
    /// The first window of the new level, counted from 0.
    pub window: u64,
    /// Its begin.
    pub at: Option<Timestamp>,
    /// Mean before.
    pub before: f64,
    /// Mean after.
    pub after: f64,
    /// p-value of the largest step among all possible places.
    pub p_value: f64,
    /// `step` when the level moved at once, `trend` when it moved little by little.
    pub shape: ChangeShape,
    /// In one sentence.
    pub sentence: String,
}

/// How a series moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub enum ChangeShape {
    /// At once.
    Step,
    /// Little by little.
    Trend,
}

/// A column that was fed otherwise than in training from the first prediction on, which no change of the world explains.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct Skew {
    /// The column.
    pub column: String,
    /// Smallest effect of all windows.
    pub effect: f64,
    /// In one sentence.
    pub sentence: String,
}

/// What the log says about one model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct ModelMonitor {
    /// Its name in the log; `null` where the log names none.
    pub model: Option<String>,
    /// Versions that answered, in order of first use.
    pub versions: Vec<Named>,
    /// Windows in order of time.
    pub windows: Vec<MonitorWindow>,
    /// Where series changed level.
    pub changes: Vec<ChangePoint>,
    /// Columns that never were as in training.
    pub skew: Vec<Skew>,
    /// What a person should look at, the costliest first.
    pub alerts: Vec<Alert>,
    /// How the model is.
    pub health: Health,
}

/// The document of `proofmark monitor`: the model with most predictions, and the others beside it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct MonitorReport {
    /// The model with most predictions.
    #[serde(flatten)]
    pub main: ModelMonitor,
    /// Size of the windows.
    pub window: WindowKind,
    /// What was read, and how.
    pub log: LogReading,
    /// What it was compared with.
    pub reference: Option<ReferenceReading>,
    /// Labels that were joined.
    pub labels: Option<LabelReading>,
    /// Further models of the same log.
    pub others: Vec<ModelMonitor>,
}

/// Numbers by the name of what was measured.
pub type Measures<T> = BTreeMap<String, T>;

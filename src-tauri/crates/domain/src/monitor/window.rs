//! What is measured in one window.

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::drift::{DriftChange, DriftVerdict, JointDrift};

/// Size of the windows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub enum WindowKind {
    /// An hour of UTC.
    Hour,
    /// A day of UTC.
    Day,
    /// Monday to Sunday, UTC.
    Week,
    /// A calendar month of UTC.
    Month,
    /// This many predictions, in the order of the log.
    Rows(u64),
}

/// Something with a number of requests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct Named {
    /// Its name.
    pub name: String,
    /// Predictions.
    pub rows: u64,
}

/// How long answers took, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct Latency {
    /// Mean.
    pub mean: f64,
    /// Median, to 1 %.
    pub p50: f64,
    /// 95th percentile, to 1 %.
    pub p95: f64,
    /// 99th percentile, to 1 %.
    pub p99: f64,
}

/// The longest time without a prediction.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct Silence {
    /// When it began.
    pub from: Timestamp,
    /// How long, in seconds.
    pub seconds: f64,
    /// Whether it is longer than the traffic of the log explains.
    pub is_unusual: bool,
}

/// Requests, callers, versions, latency, errors, silence.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct Usage {
    /// Requests, answered or not.
    pub requests: u64,
    /// Requests that failed.
    pub errors: u64,
    /// Their share, 0..1.
    pub error_rate: f64,
    /// Callers, most frequent first, at most ten; the rest is `(other)`.
    pub callers: Vec<Named>,
    /// Versions that answered, most frequent first.
    pub versions: Vec<Named>,
    /// How long answers took.
    pub latency: Option<Latency>,
    /// The longest time without a prediction inside the window.
    pub silence: Option<Silence>,
}

/// How sure the model was.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct ModelConfidence {
    /// Predictions with valid probabilities.
    pub rows: u64,
    /// Mean of the largest probability, 0..1.
    pub max_probability: f64,
    /// Its 95 % interval.
    pub interval: (f64, f64),
    /// Mean difference of the two largest probabilities, 0..1.
    pub margin: f64,
    /// Mean entropy in bits, 0 to log2 of the number of classes.
    pub entropy: f64,
    /// Share of predictions whose largest probability is under 0.6.
    pub unsure: f64,
}

/// What the season has to do with a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub enum SeasonState {
    /// It was so in this season before.
    Expected,
    /// It was not so in this season before.
    Unexpected,
    /// Less than one cycle is known.
    Unknown,
}

/// A window held against the same season of earlier cycles.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct Season {
    /// The verdict.
    pub state: SeasonState,
    /// Earlier windows of the same season.
    pub known: u64,
    /// Such as `expected for December: inside the range of the last 3 Decembers`.
    pub sentence: String,
}

/// A column of a window against the reference.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct WindowColumn {
    /// The column.
    pub name: String,
    /// `input` or `output`.
    pub role: String,
    /// The verdict.
    pub verdict: DriftVerdict,
    /// Effect size, 0..1.
    pub effect: Option<f64>,
    /// Its 95 % interval.
    pub interval: Option<(f64, f64)>,
    /// p-value after Benjamini-Hochberg over the columns of the window.
    pub p_adjusted: Option<f64>,
    /// What sort of change it is.
    pub change: Option<DriftChange>,
    /// Change of the model's mean loss that the moved values of this column alone would make, where outcomes of the reference are known: a
    /// share of errors for classes, the target's unit for numbers.
    pub cost: Option<f64>,
    /// The season's part in it.
    pub season: Option<Season>,
    /// Why, in one sentence.
    pub why: String,
}

/// Inputs and outputs of a window against the reference.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct WindowDrift {
    /// The verdict over all columns: what the season explains is no drift.
    pub verdict: DriftVerdict,
    /// Columns that drifted, without those that the season explains.
    pub drifted: u64,
    /// Columns compared.
    pub compared: u64,
    /// Columns in order of effect, strongest first.
    pub columns: Vec<WindowColumn>,
    /// All inputs together, by a classifier that tries to tell the window from the reference; inputs that the season explains or that
    /// cannot be compared are left out. `null` where it was not asked: without two inputs, and for older windows.
    #[serde(default)]
    pub together: Option<JointDrift>,
    /// In one sentence.
    pub why: String,
}

impl WindowDrift {
    /// Whether the inputs hang together otherwise than in the reference although no single column shows it. In a season that moves
    /// columns it may move how they hang together, too, so then nothing is concluded.
    pub fn only_together(&self) -> bool {
        let seasonal = self.columns.iter().any(|it| it.change == Some(DriftChange::Season));
        self.drifted == 0 && !seasonal && self.together.as_ref().is_some_and(|it| it.verdict == DriftVerdict::Drift)
    }
}

/// What is wrong with one input.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct ColumnQuality {
    /// The input.
    pub name: String,
    /// Share of rows without a value.
    pub missing: f64,
    /// The same in the reference.
    pub missing_reference: Option<f64>,
    /// Share of values outside of the reference's range.
    pub outside_range: Option<f64>,
    /// Share of values that the reference never had.
    pub unseen: Option<f64>,
    /// Share of values of another type: text where the reference has numbers.
    pub wrong_type: f64,
    /// Share of values that are infinite or not a number.
    pub not_finite: f64,
}

/// What is wrong with the inputs of a window, whatever their distribution.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct WindowQuality {
    /// Inputs with something wrong, worst first.
    pub columns: Vec<ColumnQuality>,
    /// Inputs of the reference that no prediction of the window has.
    pub absent: Vec<String>,
    /// Share of predictions whose scores are no probabilities: outside of 0 to 1, not a number, or of all classes and not summing to 1.
    #[serde(default)]
    pub scores_unfit: f64,
}

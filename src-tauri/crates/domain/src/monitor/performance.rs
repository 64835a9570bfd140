//! How good the predictions of a window were, or are thought to have been.

use serde::{Deserialize, Serialize};

use super::Measures;

/// A metric measured from labels.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct Realised {
    /// Its value.
    pub value: f64,
    /// Its 95 % interval.
    pub interval: (f64, f64),
    /// Predictions with a label.
    pub rows: u64,
}

/// Whether an assumption of an estimate can be relied on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub enum Assumption {
    /// It was tested and holds.
    Holds,
    /// Nothing is known against it, and it could not be tested.
    Unknown,
    /// It was tested and fails.
    Fails,
}

/// A metric estimated without labels. When an assumption fails there is no number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct Estimated {
    /// Its value; `null` when an assumption fails.
    pub value: Option<f64>,
    /// Its 95 % interval: chance in the window, and what the reference leaves open about calibration.
    pub interval: Option<(f64, f64)>,
    /// Standard error by chance alone, were the true value that of the reference.
    pub sampling_error: Option<f64>,
    /// `calibration`, `overlap`, `enough_rows`, `stable_relation`, `valid_scores`.
    pub assumptions: Measures<Assumption>,
    /// Why there is no number, or what it rests on.
    pub why: String,
}

/// A part of the predictions in which the model is worse than in the rest, or became so.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct SegmentPerformance {
    /// The input that the part is cut by.
    pub column: String,
    /// Its values there, such as `is north` or `is from 30 to under 45`.
    pub values: String,
    /// `accuracy` for classes, `mae` for numbers.
    pub metric: String,
    /// Predictions with a label in it.
    pub rows: u64,
    /// The metric in it.
    pub value: f64,
    /// The metric on all other predictions of the window.
    pub elsewhere: f64,
    /// Both in the reference; `null` where its outcomes are not known.
    pub reference: Option<f64>,
    /// The metric on the rest of the reference.
    pub reference_elsewhere: Option<f64>,
    /// By how much the loss (share of errors, absolute error) exceeds that of the rest, beyond what it did in the reference.
    pub more: f64,
    /// Its 95 % interval.
    pub interval: (f64, f64),
    /// One-sided p-value after Benjamini-Hochberg over all parts of the window.
    pub p_adjusted: f64,
    /// In one sentence.
    pub sentence: String,
}

/// Performance of one window.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct Performance {
    /// `accuracy`, `f1`, `precision`, `recall`, `roc_auc`, `brier` for classes; `mae`, `rmse`, `bias` for numbers.
    pub realised: Measures<Realised>,
    /// The same names.
    pub estimated: Measures<Estimated>,
    /// The same on the reference, to compare with.
    pub reference: Measures<f64>,
    /// Where the model is worse than elsewhere, the costliest part first, at most five.
    #[serde(default)]
    pub segments: Vec<SegmentPerformance>,
    /// What the numbers rest on, or why there are none.
    pub why: String,
}

/// Whether more of a metric is better.
pub fn more_is_better(metric: &str) -> bool {
    !matches!(metric, "mae" | "rmse" | "mse" | "bias" | "brier" | "log_loss")
}

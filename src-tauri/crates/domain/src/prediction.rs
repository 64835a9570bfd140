//! Logged predictions.

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// What a log of predictions holds, without its rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct PredictionLogSummary {
    /// The file.
    pub path: String,
    /// Predictions in it.
    pub rows: u64,
    /// The model that it names, if one.
    pub model: Option<String>,
    /// Versions that it names.
    pub versions: Vec<String>,
    /// First and last moment.
    pub span: Option<(Timestamp, Timestamp)>,
    /// Identifiers that stand more than once.
    pub duplicate_ids: u64,
}

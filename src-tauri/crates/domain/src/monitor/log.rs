//! What was read, and how it was understood.

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// What a column of a log stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub enum LogRole {
    /// Identifier of one prediction.
    Id,
    /// When it was made.
    Time,
    /// Name of the model.
    Model,
    /// Version of the model.
    Version,
    /// Who asked.
    Caller,
    /// How long the answer took.
    Latency,
    /// Status of the answer, such as 200.
    Status,
    /// What went wrong.
    Error,
    /// What the model answered: a class or a number.
    Prediction,
    /// Probability of a class.
    Score,
    /// What turned out to be true.
    Label,
    /// What the model was asked.
    Input,
    /// None of these.
    Ignored,
}

/// How one column of the log was understood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct MappedColumn {
    /// The column as the file names it.
    pub column: String,
    /// What it stands for.
    pub role: LogRole,
    /// The name it has here: of the input without its prefix, of the class for a score.
    pub name: String,
    /// Whether a person said so, or the format fixes it, rather than that it was guessed from the name.
    pub confirmed: bool,
}

/// Something wrong with a log. The rest of it was used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct LogProblem {
    /// A stable word: `duplicate_ids`, `future_times`, `unordered_times`, `mixed_zones`, `bad_times`, `no_times`, `broken_lines`,
    /// `partial_line`, `truncated_file`, `unreadable_file`, `missing_half`, `scores_out_of_range`, `scores_do_not_sum`, `not_finite`,
    /// `schema_mismatch`, `type_mismatch`, `constant_label`, `one_class`, `unknown_labels`, `unmatched_labels`, `no_rows`, `shared_rows`, `inputs_by_place`,
    /// `too_many_windows`, `further_models`, `other_encoding`, `no_ids`, `no_outputs`.
    pub code: String,
    /// Rows, lines or columns concerned.
    pub count: u64,
    /// What it is, what was kept, what to do: full sentences.
    pub message: String,
}

/// What was read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct LogReading {
    /// Files, in the order in which they were read.
    pub paths: Vec<String>,
    /// `proofmark`, `cloudevents`, `open_inference`, `v1`, `mlflow`, or `table`.
    pub format: String,
    /// Predictions, each counted once.
    pub rows: u64,
    /// First and last moment.
    pub span: Option<(Timestamp, Timestamp)>,
    /// How each column was understood.
    pub mapping: Vec<MappedColumn>,
    /// What is wrong with it.
    pub problems: Vec<LogProblem>,
}

/// What the log was compared with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct ReferenceReading {
    /// The file, or `the first windows of the log`.
    pub path: String,
    /// Rows in it.
    pub rows: u64,
    /// Rows that were used; fewer than there are when it was thinned out evenly.
    pub used: u64,
    /// Inputs of the log that it has, too.
    pub columns: Vec<String>,
    /// Whether performance can be learnt from it: it has predictions and what turned out to be true.
    pub has_outcomes: bool,
}

/// Labels that were joined by identifier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct LabelReading {
    /// The file; `null` for labels that stand in the log itself.
    pub path: Option<String>,
    /// Labels in it.
    pub labels: u64,
    /// Predictions that have one now.
    pub joined: u64,
    /// Labels of predictions that are not in the log.
    pub unmatched: u64,
}

//! Measures a model by its predictions on labelled rows, alone, part by part, and beside another model on the same rows.
//!
//! Formulas are those of scikit-learn and SciPy; `tests/fixtures/statistics/evaluate.json`, written by `evaluate.py` beside it, holds them to that.

mod calibration;
mod metric;
mod paired;
mod part;
mod read;

use thiserror::Error;

use crate::table::TableError;

pub use calibration::{Calibrated, calibration};
pub use metric::measure;
pub use paired::{Pairing, compare, pair};
pub use part::{Part, parts};
pub use read::{EvaluationColumns, Task, read};

/// More rows than this are not read: evaluation sets are samples, and every figure is sure enough long before.
pub const MOST_ROWS: usize = 2_000_000;

/// Rows with a label and what a model said about them.
#[derive(Debug, Clone, PartialEq)]
pub struct Predictions {
    /// What is predicted.
    pub task: Task,
    /// Class by its place in the task, or number.
    pub(crate) label: Vec<f64>,
    /// Class by its place in the task, or number.
    pub(crate) prediction: Vec<f64>,
    /// Probability of the positive class, or of the predicted one if there are more than two; empty if the file has none.
    pub(crate) score: Vec<f64>,
    /// Names of rows.
    pub(crate) row: Vec<String>,
    /// Whether the rows bear names of their own; if not, they are numbered.
    pub named: bool,
    /// Columns that cut the rows into parts, with each row's part.
    pub(crate) parts: Vec<(String, Vec<String>)>,
    /// Rows that were left out because label or prediction is missing.
    pub left_out: u64,
}

impl Predictions {
    /// Rows.
    pub const fn len(&self) -> usize {
        self.label.len()
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.label.is_empty()
    }

    /// Whether the file has a score.
    pub const fn has_scores(&self) -> bool {
        !self.score.is_empty()
    }

    /// The rows at these places, in this order.
    #[must_use]
    pub(crate) fn at(&self, places: &[usize]) -> Self {
        let take = |of: &[f64]| places.iter().filter_map(|it| of.get(*it).copied()).collect::<Vec<_>>();
        let texts = |of: &[String]| places.iter().filter_map(|it| of.get(*it).cloned()).collect::<Vec<_>>();
        Self {
            task: self.task.clone(),
            label: take(&self.label),
            prediction: take(&self.prediction),
            score: take(&self.score),
            row: texts(&self.row),
            named: self.named,
            parts: self.parts.iter().map(|(name, of)| (name.clone(), texts(of))).collect(),
            left_out: 0,
        }
    }

    /// The rows as a small CSV file with the columns `row`, `label`, `prediction` and `score`, for another model to be compared with
    /// later. At most `most` rows, evenly over all. Nothing of what the model was given is in it.
    pub fn to_csv(&self, most: usize) -> Vec<u8> {
        use std::fmt::Write as _;
        let step = self.len().div_ceil(most.max(1)).max(1);
        let mut text = String::from("row,label,prediction");
        text.push_str(if self.has_scores() { ",score\n" } else { "\n" });
        for at in (0..self.len()).step_by(step) {
            let (Some(row), Some(label), Some(prediction)) =
                (self.row.get(at), self.label.get(at), self.prediction.get(at))
            else {
                break;
            };
            let shown = |value: f64| self.task.text(value);
            let _ = write!(text, "{},{},{}", quoted(row), quoted(&shown(*label)), quoted(&shown(*prediction)));
            if let Some(score) = self.score.get(at) {
                let _ = write!(text, ",{score}");
            }
            text.push('\n');
        }
        text.into_bytes()
    }
}

/// A cell of a CSV file, always quoted, so that no text can be taken for a number or a line.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

/// Why predictions could not be measured.
#[derive(Debug, Error)]
pub enum EvaluateError {
    /// The file is no table, or is damaged.
    #[error(transparent)]
    Table(#[from] TableError),
    /// A column is missing.
    #[error("it has no column `{column}`; it has {known}")]
    NoColumn {
        /// Which.
        column: String,
        /// Those that there are.
        known: String,
    },
    /// A column holds what it cannot hold.
    #[error("the column `{column}` {why}")]
    Column {
        /// Which.
        column: String,
        /// What is wrong.
        why: String,
    },
    /// There are too many rows.
    #[error("it has {rows} rows, and at most {MOST_ROWS} are compared; take a sample")]
    TooLarge {
        /// How many.
        rows: u64,
    },
    /// The metric does not fit the predictions.
    #[error("{metric} cannot be measured: {why}")]
    Metric {
        /// Which.
        metric: &'static str,
        /// Why.
        why: String,
    },
    /// The two were not made on the same rows.
    #[error("{0}")]
    OtherRows(String),
}

#[cfg(test)]
mod tests;

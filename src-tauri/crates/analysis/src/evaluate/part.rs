//! The same metric in every part of the rows.

use std::collections::BTreeMap;

use proofmark_domain::evaluation::{EvaluationMetric, Measured};

use super::metric::measure;
use super::{EvaluateError, Predictions};

/// A part of the rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// The column that cuts.
    pub column: String,
    /// The part.
    pub name: String,
    /// Rows in it.
    pub rows: u64,
    /// The metric there; `None` if there are too few rows, or it is not defined there.
    pub measured: Option<Measured>,
}

/// Measures every part that has at least `least_rows` rows.
///
/// # Errors
/// If the predictions have no columns that cut, or the metric does not fit.
pub fn parts(
    predictions: &Predictions,
    metric: EvaluationMetric,
    least_rows: u64,
    alpha: f64,
) -> Result<Vec<Part>, EvaluateError> {
    if predictions.parts.is_empty() {
        let why = "no column is named that cuts the rows into parts".to_owned();
        return Err(EvaluateError::Metric { metric: metric.as_str(), why });
    }
    // A metric that does not fit as a whole fits no part.
    measure(predictions, metric, alpha)?;
    let mut found = Vec::new();
    for (column, names) in &predictions.parts {
        let mut places: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (at, name) in names.iter().enumerate() {
            places.entry(name).or_default().push(at);
        }
        for (name, places) in places {
            let rows = places.len() as u64;
            let measured = if rows < least_rows { None } else { measure(&predictions.at(&places), metric, alpha).ok() };
            found.push(Part { column: column.clone(), name: name.to_owned(), rows, measured });
        }
    }
    Ok(found)
}

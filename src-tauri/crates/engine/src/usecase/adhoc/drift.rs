//! How one table in a file differs from another.

use std::path::Path;

use proofmark_analysis::facade::{self, DriftInput, Follow, Table};
use proofmark_domain::drift::DriftReport;

use super::never;
use super::rules::reading_at;
use crate::trouble::Answer;

/// What a comparison is about besides its two files.
#[derive(Debug, Clone, Default)]
pub struct DriftWishes {
    /// The target's column.
    pub target: Option<String>,
    /// The prediction's column.
    pub prediction: Option<String>,
    /// The time's column.
    pub time: Option<String>,
}

/// How one table differs from another.
///
/// # Errors
/// If either cannot be read as a table, or a named column does not exist.
pub fn drift(reference: &Path, current: &Path, wishes: &DriftWishes) -> Answer<DriftReport> {
    let input = DriftInput {
        target: wishes.target.clone(),
        prediction: wishes.prediction.clone(),
        time: wishes.time.clone(),
        ..DriftInput::named(&reference.to_string_lossy(), &current.to_string_lossy())
    };
    let open = |path: &Path| -> Answer<Table> { Ok(Table::open_as(path, &reading_at(path))?) };
    let follow = Follow { cancel: &never, progress: &|_, _| (), news: None };
    Ok(facade::drift(&open(reference)?, &open(current)?, &input, &follow)?)
}

//! What a comparison tells while it is at work.
//!
//! The whole report needs every row of both tables and a classifier. A person who waits for it sees each column as soon as it is measured,
//! and before that a part of the rows.

use proofmark_domain::drift::{ColumnDrift, DriftVerdict, RowCounts};

use super::DriftOptions;
use super::column::{self, Measured};

/// What is known before the report is.
#[derive(Debug, Clone, PartialEq)]
pub enum DriftNews {
    /// All columns, compared on a part of the rows. Nothing of it is in the report.
    FirstLook {
        /// Rows that were compared.
        rows: RowCounts,
        /// Columns in order of effect, strongest first.
        columns: Vec<ColumnDrift>,
    },
    /// One column, compared on all rows. Its p-value is not corrected for the number of columns yet.
    Column {
        /// What became of it.
        column: Box<ColumnDrift>,
        /// Columns that were gone through, this one included.
        done: u64,
        /// Columns to go through.
        of: u64,
    },
    /// One column that turned out not to be compared.
    LeftOut {
        /// Its name.
        column: String,
        /// Columns that were gone through, this one included.
        done: u64,
        /// Columns to go through.
        of: u64,
    },
    /// All columns with the corrected p-values, in order of effect, strongest first.
    Columns {
        /// The columns as the report will have them.
        columns: Vec<ColumnDrift>,
        /// Whether nothing may change them any more: what the season explains is looked for last.
        settled: bool,
    },
    /// How far the classifier is that looks at all columns together.
    Classifier {
        /// 0..1.
        share: f64,
    },
}

/// Who follows a comparison.
#[derive(Clone, Copy)]
pub struct Follow<'a> {
    /// Says whether to stop. Asked about every 50 ms and at every step.
    pub cancel: &'a dyn Fn() -> bool,
    /// Gets a share of 0..1 and what is being done.
    pub progress: &'a dyn Fn(f64, &str),
    /// Gets what is known early. Nothing is computed for nobody.
    pub news: Option<&'a dyn Fn(DriftNews)>,
}

/// A column of which only the uncorrected p-value is known. The corrected one lies between that and its product with the number of columns: a
/// verdict that both give stands, else it cannot be told yet.
pub(super) fn provisional(measured: &Measured, columns: usize, options: &DriftOptions) -> ColumnDrift {
    let p_value = measured.p_value();
    let mut found = column::decide(measured.clone(), p_value, options);
    let most = p_value.map(|it| (it * columns as f64).min(1.0));
    let strictest = column::decide(measured.clone(), most, options);
    if found.verdict != strictest.verdict {
        found.verdict = DriftVerdict::CannotTell;
        found.why = format!("{}; whether chance explains it can be told once all columns are compared", found.why);
    }
    found.p_adjusted = None;
    found
}

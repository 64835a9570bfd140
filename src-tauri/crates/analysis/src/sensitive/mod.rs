//! Which columns hold personal or otherwise protected data, and why.
//!
//! Evidence is weighed in log-odds: the column's name in many languages, the form of its distinct values, check digits
//! against their chance level, dictionaries, and what the neighbouring columns and the table's name say about whose data it is.
//! Every weight is shown. Raw values never leave this module.

mod abbreviation;
mod anonymity;
mod check_digit;
mod column_name;
mod dictionary;
mod evidence;
mod facts;
mod fold;
mod form;
mod label;
mod leaves;
mod mask;
mod national;
mod sample;
mod verdict;
mod words;

pub use anonymity::k_anonymity;
pub use label::{Label, LabelInfo, all_labels, label_group};
pub use mask::mask;
pub use national::{SCHEMES, Scheme};

use polars::prelude::DataFrame;
use proofmark_domain::sensitive::{SensitiveGroup, SensitivityReport};
use sample::ColumnSample;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

/// Version of the rules and dictionaries; a change means that columns must be judged anew.
pub const DETECTOR_VERSION: u32 = 2;

/// What a person decided about a column; it outweighs every finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Not sensitive, whatever it looks like.
    NotSensitive,
    /// Sensitive with these labels.
    Sensitive(Vec<Label>),
}

/// What is known besides the values.
#[derive(Debug, Clone, Default)]
pub struct Context {
    /// Name of the table, such as a file stem or an SQL table; may be empty.
    pub table_name: String,
    /// Path for the report.
    pub path: String,
    /// Decisions of people by column path.
    pub decisions: BTreeMap<String, Decision>,
    /// The current year, for plausible birth dates; `None` takes it from the clock.
    pub year: Option<i32>,
}

/// Why a table could not be searched.
#[derive(Debug, thiserror::Error)]
pub enum SensitiveError {
    /// A column could not be read.
    #[error(
        "column `{column}` could not be searched for sensitive data: {source}; nothing was recorded, check that the file is whole"
    )]
    Read {
        /// The column.
        column: String,
        /// What polars says.
        source: polars::error::PolarsError,
    },
    /// The caller gave up.
    #[error("the search for sensitive columns was cancelled; nothing was recorded")]
    Cancelled,
    /// A worker ended unexpectedly.
    #[error("the search for sensitive columns ended unexpectedly; nothing was recorded, try again and report it")]
    Broken,
}

/// Searches every column of a frame. Looks at a seeded sample of at most 20,000 rows and 10,000 distinct values a column;
/// k-anonymity is counted over all rows.
///
/// # Errors
/// See [`SensitiveError`].
pub fn detect(frame: &DataFrame, context: &Context, cancel: &AtomicBool) -> Result<SensitivityReport, SensitiveError> {
    let samples = leaves::columns(frame, cancel)?;
    let facts = measure(&samples, cancel)?;
    let names: Vec<&str> = samples.iter().map(|s| s.path.as_str()).collect();
    let columns = verdict::judge(&names, &facts, context);
    let quasi: Vec<String> = columns
        .iter()
        .filter(|c| {
            c.sensitive && c.group.is_some_and(|g| matches!(g, SensitiveGroup::Quasi | SensitiveGroup::Location))
        })
        .map(|c| c.name.clone())
        .collect();
    let k_anonymity = if quasi.is_empty() { Default::default() } else { anonymity::k_anonymity(frame, &quasi)? };
    let rows = frame.height() as u64;
    Ok(SensitivityReport {
        path: context.path.clone(),
        rows,
        rows_read: rows,
        detector_version: DETECTOR_VERSION,
        columns,
        k_anonymity,
        changed: None,
        proxies: None,
    })
}

/// Measures the columns on all processors.
fn measure(samples: &[ColumnSample], cancel: &AtomicBool) -> Result<Vec<facts::Facts>, SensitiveError> {
    let workers = std::thread::available_parallelism().map_or(1, usize::from).min(samples.len().max(1));
    let next = std::sync::atomic::AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        while let Some((i, sample)) = {
            let i = next.fetch_add(1, Ordering::Relaxed);
            samples.get(i).map(|s| (i, s))
        } {
            if cancel.load(Ordering::Relaxed) {
                return Err(SensitiveError::Cancelled);
            }
            done.push((i, facts::measure(sample)));
        }
        Ok(done)
    };
    let mut all = std::thread::scope(|scope| {
        let handles: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        let mut all = Vec::with_capacity(samples.len());
        for handle in handles {
            all.extend(handle.join().map_err(|_| SensitiveError::Broken)??);
        }
        Ok::<_, SensitiveError>(all)
    })?;
    all.sort_by_key(|(i, _)| *i);
    Ok(all.into_iter().map(|(_, f)| f).collect())
}

#[cfg(test)]
mod bench;
#[cfg(test)]
mod tests;

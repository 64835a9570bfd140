//! The summary of a table in one pass over its batches, with accumulators that merge.
//!
//! Exact up to 200,000 rows: moments, quantiles (Hyndman-Fan 7), distinct values and frequent values equal those of pandas. Beyond that,
//! quantiles come from a compacting sketch (rank error below 0.1 %), distinct values from HyperLogLog (standard error 0.8 %),
//! and counts of frequent values are lower bounds (Misra-Gries), so that memory does not grow with the table.

pub mod association;
mod calendar;
mod column;
mod distinct;
mod frequent;
mod patterns;
mod quantile;
mod sketch;
mod summary;

use polars::prelude::*;
use proofmark_domain::profile::TableProfile;
use rayon::prelude::*;

use crate::table::{TableError, TableSource};
use column::ColumnAccumulator;
pub use sketch::{Sketch, SketchError};

/// Rows up to which everything is exact.
pub const EXACT_ROWS: u64 = 200_000;
const BATCH_ROWS: usize = 131_072;

/// Summarises a table.
///
/// `progress` gets the share of rows done, 0..1. The digest is left empty for the caller, who knows it from the scan.
///
/// # Errors
/// When the file can no longer be read, or `cancel` says so.
pub fn profile(
    source: &TableSource,
    cancel: &dyn Fn() -> bool,
    progress: &mut dyn FnMut(f64),
) -> Result<TableProfile, TableError> {
    Ok(gather(source, cancel, progress)?.finish())
}

/// Gathers a table without summarising it yet, so that it can be saved and merged with others.
///
/// # Errors
/// As [`profile`].
pub fn gather(
    source: &TableSource,
    cancel: &dyn Fn() -> bool,
    progress: &mut dyn FnMut(f64),
) -> Result<Sketch, TableError> {
    let mut gathering = Gathering::default();
    let total = source.rows().max(1) as f64;
    source.for_each_batch(None, BATCH_ROWS, cancel, &mut |first, frame| {
        gathering.add(source, &frame)?;
        progress((first + frame.height() as u64) as f64 / total);
        Ok(())
    })?;
    gathering.finish(source)
}

/// Gathers a table batch by batch, for a caller who reads it for more than its summary.
#[derive(Default)]
pub struct Gathering {
    columns: Vec<ColumnAccumulator>,
}

impl Gathering {
    /// Adds a batch of all columns.
    ///
    /// # Errors
    /// If it holds something else than its type says.
    pub fn add(&mut self, source: &TableSource, frame: &DataFrame) -> Result<(), TableError> {
        if self.columns.is_empty() {
            self.columns = start(frame);
        }
        add(&mut self.columns, frame)
            .map_err(|error| TableError::Damaged { path: source.path().to_owned(), detail: error.to_string() })
    }

    /// What was gathered.
    ///
    /// # Errors
    /// If the file of a table without rows can no longer be read.
    pub fn finish(mut self, source: &TableSource) -> Result<Sketch, TableError> {
        if self.columns.is_empty() {
            self.columns = start(&source.frame(None)?);
        }
        Ok(Sketch::new(source.path().display().to_string(), source.rows(), source.reading().clone(), self.columns))
    }
}

fn start(frame: &DataFrame) -> Vec<ColumnAccumulator> {
    frame.columns().iter().map(|column| ColumnAccumulator::new(column.name(), column.dtype())).collect()
}

fn add(columns: &mut [ColumnAccumulator], frame: &DataFrame) -> PolarsResult<()> {
    columns
        .par_iter_mut()
        .zip(frame.columns().par_iter())
        .try_for_each(|(accumulator, column)| accumulator.add(column.as_materialized_series()))
}

#[cfg(test)]
mod tests;

pub(crate) use column::{as_ms, decimal_keys};
pub(crate) use distinct::{hash_text, mix};
pub(crate) use frequent::Ready;
pub(crate) use summary::{named_like_an_id, type_name};

//! A table in a file, ready to be read as often as needed.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use polars::prelude::*;
use proofmark_domain::counts::{counted, grouped};
use proofmark_domain::profile::Reading;

use super::binary::{self, Binary};
use super::build::{FrameBuilder, ReadAs};
use super::csv::{self, Layout};
use super::decode::{self, Encoding, Packing};
use super::json::{self, Columns, JsonError};
use super::kept::Kept;
use super::options::ReadOptions;
use super::rows::{self, RowSource};
use super::sniff;
use super::structure::{Odd, Structure};
use super::{TableError, parts, sqlite, value, workbook};

mod delimited;
mod opening;

use opening::{json_error, unreadable};

pub use opening::{names_of_text, open};

#[derive(Debug, Clone)]
enum Format {
    Delimited(Layout),
    Json { packing: Packing, encoding: Encoding, array: bool, types: Vec<ReadAs> },
    Binary { kind: Binary, groups: Vec<usize> },
    Rows { source: RowSource, types: Vec<ReadAs> },
    Parts(Vec<TableSource>),
}

/// A table in a file.
#[derive(Debug, Clone)]
pub struct TableSource {
    path: PathBuf,
    format: Format,
    reading: Reading,
    names: Vec<String>,
    rows: u64,
    structure: Option<Structure>,
    /// Values that were kept when the file was gone through.
    kept: Option<Arc<Kept>>,
}

/// Pieces that a part of a table is taken in.
const PIECES: usize = 5;

/// Where to take `most` of `rows`: first row and length of each piece, evenly over the table, without an overlap.
fn spans(rows: usize, most: usize) -> Vec<(usize, usize)> {
    if rows <= most {
        return vec![(0, rows)];
    }
    let length = (most / PIECES).max(1);
    (0..PIECES).map(|piece| ((rows - length) / (PIECES - 1) * piece, length)).collect()
}

impl TableSource {
    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How it is read.
    pub fn reading(&self) -> &Reading {
        &self.reading
    }

    /// Names of its columns, unique, in the order of the file.
    pub fn column_names(&self) -> &[String] {
        &self.names
    }

    /// Rows of data.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// What was seen in a text table; `None` for Parquet and Arrow.
    pub fn structure(&self) -> Option<&Structure> {
        self.structure.as_ref()
    }

    /// The number that the file gives to the row at `index` (from 0) of the table: 1 for the first row of data.
    pub fn row_number(&self, index: u64) -> u64 {
        let mut number = index + 1;
        for skipped in self.structure.iter().flat_map(|structure| &structure.skipped) {
            if *skipped > number {
                break;
            }
            number += 1;
        }
        number
    }

    /// The index (from 0) of the row to which the file gives this number; `None` if it is no row of the table.
    pub fn index_of(&self, number: u64) -> Option<u64> {
        let skipped = self.structure.as_ref().map_or(&[][..], |structure| &structure.skipped);
        if skipped.contains(&number) {
            return None;
        }
        let before = skipped.iter().filter(|it| **it < number).count() as u64;
        number.checked_sub(1 + before).filter(|index| *index < self.rows)
    }

    /// The table, or the named columns of it, in memory.
    ///
    /// # Errors
    /// When a column does not exist, or the file can no longer be read.
    pub fn frame(&self, columns: Option<&[String]>) -> Result<DataFrame, TableError> {
        let mut whole: Option<DataFrame> = None;
        self.for_each_batch(columns, usize::MAX, &|| false, &mut |_, frame| {
            match &mut whole {
                None => whole = Some(frame),
                Some(all) => {
                    all.vstack_mut(&frame).map_err(|_| TableError::Changed { path: self.path.clone() })?;
                }
            }
            Ok(())
        })?;
        match whole {
            Some(frame) => Ok(frame),
            None => self.empty(columns),
        }
    }

    /// Reads the table in batches of at most `rows_per_batch` rows, in order; `each` gets the index of the batch's first row.
    /// A Parquet file is read by row groups, so a batch can be smaller.
    ///
    /// # Errors
    /// As `frame`; [`TableError::Cancelled`] when `cancel` says so; and whatever `each` returns.
    pub fn for_each_batch(
        &self,
        columns: Option<&[String]>,
        rows_per_batch: usize,
        cancel: &dyn Fn() -> bool,
        each: &mut dyn FnMut(u64, DataFrame) -> Result<(), TableError>,
    ) -> Result<(), TableError> {
        let wanted = self.wanted(columns)?;
        let batch = rows_per_batch.max(1);
        match &self.format {
            Format::Binary { kind, groups } => {
                let names: Vec<String> = wanted.iter().filter_map(|at| self.names.get(*at)).cloned().collect();
                let parts: Vec<usize> = if batch == usize::MAX { vec![groups.iter().sum()] } else { groups.clone() };
                let mut offset = 0usize;
                for rows in parts {
                    // Small slices of one row group would each decode it again from its start.
                    let step = if rows <= batch.saturating_mul(8) { rows.max(1) } else { batch };
                    let end = offset + rows;
                    while offset < end {
                        if cancel() {
                            return Err(TableError::Cancelled);
                        }
                        let length = step.min(end - offset);
                        let frame = binary::read(&self.path, *kind, &names, offset, length)?;
                        let frame =
                            frame.select(names.iter().map(String::as_str)).map_err(|error| self.damaged(&error))?;
                        each(offset as u64, frame)?;
                        offset += length;
                    }
                }
                Ok(())
            }
            Format::Delimited(layout) => match &self.kept {
                Some(kept) => self.kept_batches(kept, layout, &wanted, batch, cancel, each),
                None => self.delimited_batches(layout, &wanted, batch, cancel, each),
            },
            Format::Json { packing, encoding, array, types } => {
                self.json_batches((*packing, *encoding, *array), types, &wanted, batch, cancel, each)
            }
            Format::Rows { source, types } => self.row_batches(source, types, &wanted, batch, cancel, each),
            Format::Parts(sources) => {
                let schema = parts::common_types(sources)?;
                let mut before = 0u64;
                for source in sources {
                    source.for_each_batch(columns, rows_per_batch, cancel, &mut |first, frame| {
                        each(before + first, parts::cast(&source.path, frame, &schema)?)
                    })?;
                    before += source.rows;
                }
                Ok(())
            }
        }
    }

    /// At most `most` rows, in pieces from several places of the table, in order; `None` where the file would have to be read to its end.
    ///
    /// # Errors
    /// As `for_each_batch`.
    pub fn pieces(&self, most: usize, cancel: &dyn Fn() -> bool) -> Result<Option<DataFrame>, TableError> {
        let kind = match &self.format {
            Format::Binary { kind: kind @ Binary::Parquet, .. } => *kind,
            _ => return Ok(None),
        };
        let rows = usize::try_from(self.rows).unwrap_or(usize::MAX);
        let spans = spans(rows, most);
        let mut found: Option<DataFrame> = None;
        for (offset, length) in spans {
            if cancel() {
                return Err(TableError::Cancelled);
            }
            let frame = binary::read(&self.path, kind, &self.names, offset, length)?;
            let frame = frame.select(self.names.iter().map(String::as_str)).map_err(|error| self.damaged(&error))?;
            match &mut found {
                None => found = Some(frame),
                Some(all) => {
                    all.vstack_mut_owned(frame).map_err(|_| TableError::Changed { path: self.path.clone() })?;
                }
            }
        }
        Ok(found)
    }

    fn row_batches(
        &self,
        source: &RowSource,
        types: &[ReadAs],
        wanted: &[usize],
        batch: usize,
        cancel: &dyn Fn() -> bool,
        each: &mut dyn FnMut(u64, DataFrame) -> Result<(), TableError>,
    ) -> Result<(), TableError> {
        let mut builder = FrameBuilder::new(self.plan(types, wanted));
        let (mut row, mut first) = (0u64, 0u64);
        let mut failed = None;
        source.each(&self.path, &mut |fields| {
            row += 1;
            builder.push(|index| fields.get(index).copied().flatten());
            if row.is_multiple_of(4096) && cancel() {
                failed = Some(TableError::Cancelled);
                return false;
            }
            if builder.height >= batch {
                let height = builder.height as u64;
                let outcome = builder.take().map_err(|error| self.damaged(&error)).and_then(|frame| each(first, frame));
                first += height;
                if let Err(error) = outcome {
                    failed = Some(error);
                    return false;
                }
            }
            true
        })?;
        if let Some(error) = failed {
            return Err(error);
        }
        if builder.height > 0 {
            each(first, builder.take().map_err(|error| self.damaged(&error))?)?;
        }
        if row != self.rows {
            return Err(TableError::Changed { path: self.path.clone() });
        }
        Ok(())
    }

    fn wanted(&self, columns: Option<&[String]>) -> Result<Vec<usize>, TableError> {
        let Some(columns) = columns else { return Ok((0..self.names.len()).collect()) };
        columns
            .iter()
            .map(|name| {
                self.names.iter().position(|known| known == name).ok_or_else(|| TableError::NoSuchColumn {
                    path: self.path.clone(),
                    column: name.clone(),
                    known: self.names.iter().take(20).cloned().collect::<Vec<_>>().join(", "),
                })
            })
            .collect()
    }

    fn plan(&self, types: &[ReadAs], wanted: &[usize]) -> Vec<(usize, String, ReadAs)> {
        let text = ReadAs::Text { na_is_code: false };
        wanted
            .iter()
            .filter_map(|at| Some((*at, self.names.get(*at)?.clone(), types.get(*at).copied().unwrap_or(text))))
            .collect()
    }

    fn damaged(&self, error: &PolarsError) -> TableError {
        TableError::Damaged { path: self.path.clone(), detail: error.to_string() }
    }

    pub(super) fn empty(&self, columns: Option<&[String]>) -> Result<DataFrame, TableError> {
        let wanted = self.wanted(columns)?;
        if let Format::Binary { kind, .. } = &self.format {
            let names: Vec<String> = wanted.iter().filter_map(|at| self.names.get(*at)).cloned().collect();
            return binary::read(&self.path, *kind, &names, 0, 0);
        }
        let types = match &self.format {
            Format::Delimited(layout) => layout.types.as_slice(),
            Format::Json { types, .. } | Format::Rows { types, .. } => types.as_slice(),
            Format::Parts(sources) => {
                return match sources.first() {
                    Some(first) => first.empty(columns),
                    None => Ok(DataFrame::empty()),
                };
            }
            Format::Binary { .. } => &[],
        };
        FrameBuilder::new(self.plan(types, &wanted)).take().map_err(|error| self.damaged(&error))
    }

    /// Reads a Parquet or Arrow table in batches, in the types in which it is stored; `None` for other tables.
    ///
    /// # Errors
    /// As `for_each_batch`.
    pub(crate) fn for_each_stored_batch(
        &self,
        cancel: &dyn Fn() -> bool,
        each: &mut dyn FnMut(u64, DataFrame) -> Result<(), TableError>,
    ) -> Option<Result<(), TableError>> {
        let Format::Binary { kind, groups } = &self.format else { return None };
        let mut offset = 0usize;
        for rows in groups {
            if cancel() {
                return Some(Err(TableError::Cancelled));
            }
            let read = binary::read_raw(&self.path, *kind, &self.names, offset, *rows)
                .and_then(|frame| {
                    frame.select(self.names.iter().map(String::as_str)).map_err(|error| self.damaged(&error))
                })
                .and_then(|frame| each(offset as u64, frame));
            if let Err(error) = read {
                return Some(Err(error));
            }
            offset += rows;
        }
        Some(Ok(()))
    }

    fn json_batches(
        &self,
        (packing, encoding, array): (Packing, Encoding, bool),
        types: &[ReadAs],
        wanted: &[usize],
        batch: usize,
        cancel: &dyn Fn() -> bool,
        each: &mut dyn FnMut(u64, DataFrame) -> Result<(), TableError>,
    ) -> Result<(), TableError> {
        let mut columns = Columns::of(&self.names);
        let mut builder = FrameBuilder::new(self.plan(types, wanted));
        let mut bad = Odd::default();
        let (mut row, mut first) = (0u64, 0u64);
        let mut failed = None;
        let mut slots: Vec<Option<usize>> = vec![None; self.names.len()];
        json::each_record(&self.path, packing, encoding, array, &mut columns, &mut bad, &mut |fields| {
            row += 1;
            slots.iter_mut().for_each(|slot| *slot = None);
            for (at, (index, _)) in fields.iter().enumerate() {
                if let Some(slot) = slots.get_mut(*index) {
                    *slot = Some(at);
                }
            }
            builder.push(|index| {
                let at = slots.get(index).copied().flatten()?;
                fields.get(at).and_then(|(_, value)| value.as_deref())
            });
            if row.is_multiple_of(4096) && cancel() {
                failed = Some(TableError::Cancelled);
                return false;
            }
            if builder.height >= batch {
                let height = builder.height as u64;
                let outcome = builder.take().map_err(|error| self.damaged(&error)).and_then(|frame| each(first, frame));
                first += height;
                if let Err(error) = outcome {
                    failed = Some(error);
                    return false;
                }
            }
            true
        })
        .map_err(|error| json_error(&self.path, error))?;
        if let Some(error) = failed {
            return Err(error);
        }
        if builder.height > 0 {
            each(first, builder.take().map_err(|error| self.damaged(&error))?)?;
        }
        if row != self.rows {
            return Err(TableError::Changed { path: self.path.clone() });
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;

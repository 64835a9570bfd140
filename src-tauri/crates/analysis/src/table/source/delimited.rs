//! Reading of delimited text, once its layout is known.

use polars::prelude::{AnyValue, DataFrame};

use super::{Format, TableSource, unreadable};
use crate::table::TableError;
use crate::table::build::FrameBuilder;
use crate::table::csv::{self, Layout};
use crate::table::kept::Kept;
use crate::table::records::Record;

/// Rows that are read again at once, of columns whose type was guessed wrongly.
const REREAD: usize = 8_192;

impl TableSource {
    /// Gives every row with its number in the file and its values as texts: those of a text table as they are written, spellings of
    /// missing values and leading zeros included. `each` says whether to go on.
    ///
    /// # Errors
    /// When the file can no longer be read to its end, or `cancel` or `each` says so.
    pub(crate) fn each_text(
        &self,
        cancel: &dyn Fn() -> bool,
        each: &mut dyn FnMut(u64, &[Option<String>]) -> bool,
    ) -> Result<(), TableError> {
        let Format::Delimited(layout) = &self.format else {
            return self.for_each_batch(None, 4_096, cancel, &mut |first, frame| {
                for at in 0..frame.height() {
                    let values: Vec<Option<String>> = frame
                        .columns()
                        .iter()
                        .map(|column| match column.get(at) {
                            Ok(AnyValue::Null) | Err(_) => None,
                            Ok(AnyValue::String(text)) => Some(text.to_owned()),
                            Ok(other) => Some(other.to_string()),
                        })
                        .collect();
                    if !each(self.row_number(first + at as u64), &values) {
                        return Err(TableError::Cancelled);
                    }
                }
                Ok(())
            });
        };
        self.each_record(layout, cancel, &mut |row, record| {
            // A row with more fields than the header keeps them all: it is set aside or it stays as it is.
            let width = record.len().max(self.names.len());
            let values: Vec<Option<String>> =
                (0..width).map(|at| Some(record.get(at).to_owned()).filter(|it| !it.is_empty())).collect();
            if each(row, &values) { Ok(()) } else { Err(TableError::Cancelled) }
        })
    }

    /// Gives every record that is a row of the table, with its number in the file.
    fn each_record(
        &self,
        layout: &Layout,
        cancel: &dyn Fn() -> bool,
        each: &mut dyn FnMut(u64, &Record) -> Result<(), TableError>,
    ) -> Result<(), TableError> {
        let mut reader = csv::reader(&self.path, layout).map_err(|error| unreadable(&self.path, error))?;
        let mut record = Record::default();
        let mut ahead = layout.before_rows();
        let mut skipped = self.structure.iter().flat_map(|structure| structure.skipped.iter().copied()).peekable();
        let mut row = 0u64;
        while reader.next(&mut record).map_err(|error| unreadable(&self.path, error))? {
            if record.blank && self.names.len() > 1 {
                continue;
            }
            if ahead > 0 {
                ahead -= 1;
                continue;
            }
            row += 1;
            if skipped.next_if(|number| *number == row).is_some() {
                continue;
            }
            if row.is_multiple_of(4096) && cancel() {
                return Err(TableError::Cancelled);
            }
            each(row, &record)?;
        }
        Ok(())
    }

    /// From what was kept; a column whose type was guessed wrongly is read once more from the file.
    pub(super) fn kept_batches(
        &self,
        kept: &Kept,
        layout: &Layout,
        wanted: &[usize],
        batch: usize,
        cancel: &dyn Fn() -> bool,
        each: &mut dyn FnMut(u64, DataFrame) -> Result<(), TableError>,
    ) -> Result<(), TableError> {
        let reread = |wrong: &[usize]| {
            let mut frames = Vec::new();
            self.delimited_batches(layout, wrong, REREAD, cancel, &mut |_, frame| {
                frames.push(frame);
                Ok(())
            })?;
            Ok(frames)
        };
        let frames = kept.frames(reread, || TableError::Changed { path: self.path.clone() })?;
        let names: Vec<&str> = wanted.iter().filter_map(|at| self.names.get(*at)).map(String::as_str).collect();
        let mut first = 0u64;
        for frame in frames {
            let frame = frame.select(names.iter().copied()).map_err(|error| self.damaged(&error))?;
            let mut at = 0usize;
            while at < frame.height() {
                if cancel() {
                    return Err(TableError::Cancelled);
                }
                let length = batch.min(frame.height() - at);
                each(first, frame.slice(at as i64, length))?;
                at += length;
                first += length as u64;
            }
        }
        Ok(())
    }

    pub(super) fn delimited_batches(
        &self,
        layout: &Layout,
        wanted: &[usize],
        batch: usize,
        cancel: &dyn Fn() -> bool,
        each: &mut dyn FnMut(u64, DataFrame) -> Result<(), TableError>,
    ) -> Result<(), TableError> {
        let mut builder = FrameBuilder::new(self.plan(&layout.types, wanted));
        let mut first = 0u64;
        let mut give = |builder: &mut FrameBuilder| {
            let height = builder.height as u64;
            each(first, builder.take().map_err(|error| self.damaged(&error))?)?;
            first += height;
            Ok(())
        };
        self.each_record(layout, cancel, &mut |_, record| {
            builder.push(|index| Some(layout.options.field(record.get(index))));
            if builder.height >= batch { give(&mut builder) } else { Ok(()) }
        })?;
        if builder.height > 0 {
            give(&mut builder)?;
        }
        if first != self.rows {
            return Err(TableError::Changed { path: self.path.clone() });
        }
        Ok(())
    }
}

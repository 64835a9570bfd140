//! Sets rows of a table aside: one file with the rows that stay, one with the others and why. The table itself is only read.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use polars::prelude::*;

use crate::table::{TableError, TableSource};

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The rows that stay, in the format of the table where it can be written, else as CSV.
    pub kept: PathBuf,
    /// The rows that were set aside, as CSV, each with its number and its reasons.
    pub aside: PathBuf,
    /// How many stay.
    pub rows_kept: u64,
    /// How many were set aside.
    pub rows_aside: u64,
}

/// Why nothing was set aside. No file is left behind then.
#[derive(Debug, thiserror::Error)]
pub enum QuarantineError {
    /// The table.
    #[error(transparent)]
    Table(#[from] TableError),
    /// The operating system refused to write.
    #[error("{} could not be written: {source}. Nothing was set aside.", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
}

/// Files that are removed again unless all of them are whole.
struct Pending(Vec<PathBuf>);

impl Drop for Pending {
    fn drop(&mut self) {
        for path in &self.0 {
            // They are ours and of no use; if one cannot be removed, its name still says what it is.
            std::fs::remove_file(path).ok();
        }
    }
}

fn create(path: &Path, pending: &mut Pending) -> Result<BufWriter<File>, QuarantineError> {
    let file = OpenOptions::new().write(true).create_new(true).open(path);
    let file = file.map_err(|source| QuarantineError::Write { path: path.to_owned(), source })?;
    pending.0.push(path.to_owned());
    Ok(BufWriter::new(file))
}

/// Sets rows aside. `reasons` names them by their numbers in the file.
///
/// # Errors
/// If the table cannot be read to its end, a file of these names is there already or cannot be written, or `cancel` says so.
pub fn quarantine(
    source: &TableSource,
    reasons: &BTreeMap<u64, Vec<String>>,
    folder: &Path,
    cancel: &dyn Fn() -> bool,
) -> Result<Written, QuarantineError> {
    let name = source.path().file_name().map(|it| it.to_string_lossy().into_owned()).unwrap_or_default();
    let stem = name.trim_start_matches('.').split('.').next().unwrap_or("table").to_owned();
    let reading = source.reading();
    let parquet = matches!(reading.format.as_str(), "parquet" | "arrow");
    let separator = reading.delimiter.as_deref().and_then(|it| it.bytes().next()).unwrap_or(b',');
    let end = if parquet {
        "parquet"
    } else if separator == b'\t' {
        "tsv"
    } else {
        "csv"
    };
    let kept = folder.join(format!("{stem}.kept.{end}"));
    let aside = folder.join(format!("{stem}.aside.csv"));
    let mut pending = Pending(Vec::new());
    let mut out_aside = create(&aside, &mut pending)?;
    let mut out_kept = create(&kept, &mut pending)?;
    let write = |path: &Path| {
        let path = path.to_owned();
        move |source: io::Error| QuarantineError::Write { path, source }
    };
    let (mut rows_kept, mut rows_aside) = (0u64, 0u64);
    let header: Vec<&str> =
        ["row", "reasons"].into_iter().chain(source.column_names().iter().map(String::as_str)).collect();
    line(&mut out_aside, b',', header.into_iter().map(Some)).map_err(write(&aside))?;
    let mut put_aside = |number: u64, why: &[String], values: &[Option<String>]| -> Result<(), QuarantineError> {
        rows_aside += 1;
        let (number, why) = (number.to_string(), why.join("; "));
        let fields = [Some(number.as_str()), Some(why.as_str())].into_iter();
        line(&mut out_aside, b',', fields.chain(values.iter().map(Option::as_deref))).map_err(write(&aside))
    };
    if parquet {
        let mut writer: Option<_> = None;
        let mut failed: Option<QuarantineError> = None;
        let mut file = Some(&mut out_kept);
        let read = source.for_each_stored_batch(cancel, &mut |first, frame| {
            let mut stays = Vec::with_capacity(frame.height());
            for at in 0..frame.height() {
                let number = source.row_number(first + at as u64);
                match reasons.get(&number) {
                    None => stays.push(true),
                    Some(why) => {
                        stays.push(false);
                        if let Err(error) = put_aside(number, why, &texts(&frame, at)) {
                            failed = Some(error);
                            return Err(TableError::Cancelled);
                        }
                    }
                }
            }
            let damaged =
                |error: PolarsError| TableError::Damaged { path: source.path().to_owned(), detail: error.to_string() };
            let mask = BooleanChunked::new("stays".into(), stays);
            let frame = frame.filter(&mask).map_err(damaged)?;
            rows_kept += frame.height() as u64;
            if writer.is_none()
                && let Some(file) = file.take()
            {
                writer = Some(ParquetWriter::new(file).batched(frame.schema()).map_err(damaged)?);
            }
            if let Some(writer) = writer.as_mut() {
                writer.write_batch(&frame).map_err(damaged)?;
            }
            Ok(())
        });
        read.unwrap_or(Ok(())).map_err(|error| failed.take().unwrap_or(QuarantineError::Table(error)))?;
        if let Some(writer) = writer {
            writer
                .finish()
                .map_err(|error| QuarantineError::Write { path: kept.clone(), source: io::Error::other(error) })?;
        }
    } else {
        line(&mut out_kept, separator, source.column_names().iter().map(|it| Some(it.as_str())))
            .map_err(write(&kept))?;
        let mut failed: Option<QuarantineError> = None;
        source
            .each_text(cancel, &mut |number, values| {
                let done = match reasons.get(&number) {
                    Some(why) => put_aside(number, why, values),
                    None => {
                        rows_kept += 1;
                        let fields = values.iter().map(Option::as_deref);
                        line(&mut out_kept, separator, fields).map_err(write(&kept))
                    }
                };
                match done {
                    Ok(()) => true,
                    Err(error) => {
                        failed = Some(error);
                        false
                    }
                }
            })
            .map_err(|error| failed.take().unwrap_or(QuarantineError::Table(error)))?;
    }
    out_kept.flush().and_then(|()| out_kept.get_ref().sync_all()).map_err(write(&kept))?;
    out_aside.flush().and_then(|()| out_aside.get_ref().sync_all()).map_err(write(&aside))?;
    pending.0.clear();
    Ok(Written { kept, aside, rows_kept, rows_aside })
}

/// The values of one row as texts, nothing left out.
fn texts(frame: &DataFrame, at: usize) -> Vec<Option<String>> {
    frame
        .columns()
        .iter()
        .map(|column| match column.get(at) {
            Ok(AnyValue::Null) | Err(_) => None,
            Ok(AnyValue::String(text)) => Some(text.to_owned()),
            Ok(other) => Some(other.to_string()),
        })
        .collect()
}

/// One line of delimited text (RFC 4180). A missing value is an empty field, an empty text a quoted one.
fn line<'f>(out: &mut impl Write, separator: u8, fields: impl Iterator<Item = Option<&'f str>>) -> io::Result<()> {
    for (at, field) in fields.enumerate() {
        if at > 0 {
            out.write_all(&[separator])?;
        }
        let Some(field) = field else { continue };
        let special = |byte: u8| byte == separator || matches!(byte, b'"' | b'\n' | b'\r');
        let edge = field.starts_with(' ') || field.ends_with(' ');
        if field.is_empty() || edge || field.bytes().any(special) {
            out.write_all(b"\"")?;
            out.write_all(field.replace('"', "\"\"").as_bytes())?;
            out.write_all(b"\"")?;
        } else {
            out.write_all(field.as_bytes())?;
        }
    }
    out.write_all(b"\n")
}

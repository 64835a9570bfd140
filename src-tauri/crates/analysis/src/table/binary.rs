//! Parquet and Arrow files, through polars.

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use polars::prelude::*;

use super::TableError;

/// Parquet or Arrow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Binary {
    /// Apache Parquet.
    Parquet,
    /// Arrow IPC file, also called Feather 2.
    Arrow,
}

/// Names, rows, and the rows of each part that can be read alone.
pub struct Shape {
    /// Names in the order of the file.
    pub names: Vec<String>,
    /// All rows.
    pub rows: u64,
    /// Rows per row group.
    pub groups: Vec<usize>,
}

/// Runs a reader that may panic on damaged bytes, and turns both kinds of failure into one.
fn guarded<T>(path: &Path, work: impl FnOnce() -> PolarsResult<T>) -> Result<T, TableError> {
    let outcome = catch_unwind(AssertUnwindSafe(work));
    let detail = match outcome {
        Ok(Ok(value)) => return Ok(value),
        Ok(Err(error)) => error.to_string(),
        Err(_) => "its content contradicts itself".to_owned(),
    };
    let detail = detail.lines().next().unwrap_or_default().to_owned();
    Err(TableError::Damaged { path: path.to_owned(), detail })
}

fn file(path: &Path) -> Result<File, TableError> {
    File::open(path).map_err(|source| TableError::Unreadable { path: path.to_owned(), source })
}

/// Reads what the file says about itself.
pub fn shape(path: &Path, kind: Binary) -> Result<Shape, TableError> {
    let input = file(path)?;
    match kind {
        Binary::Parquet => guarded(path, || {
            let mut reader = ParquetReader::new(input);
            let names = reader.schema()?.iter_names().map(|name| name.to_string()).collect();
            let groups: Vec<usize> = reader.get_metadata()?.row_groups.iter().map(|group| group.num_rows()).collect();
            Ok(Shape { names, rows: groups.iter().sum::<usize>() as u64, groups })
        }),
        Binary::Arrow => guarded(path, || {
            let mut reader = IpcReader::new(input);
            let names: Vec<String> = reader.schema()?.iter_names().map(|name| name.to_string()).collect();
            let frame = match names.first() {
                Some(first) => IpcReader::new(File::open(path)?).with_columns(Some(vec![first.clone()])).finish()?,
                None => DataFrame::empty(),
            };
            Ok(Shape { names, rows: frame.height() as u64, groups: vec![frame.height()] })
        }),
    }
}

/// Reads `length` rows from `offset` on.
pub fn read(
    path: &Path,
    kind: Binary,
    columns: &[String],
    offset: usize,
    length: usize,
) -> Result<DataFrame, TableError> {
    let frame = read_raw(path, kind, columns, offset, length)?;
    guarded(path, || {
        let height = frame.height();
        DataFrame::new(height, frame.columns().iter().map(plain).collect::<PolarsResult<Vec<_>>>()?)
    })
}

/// Reads `length` rows from `offset` on, in the types in which they are stored.
pub fn read_raw(
    path: &Path,
    kind: Binary,
    columns: &[String],
    offset: usize,
    length: usize,
) -> Result<DataFrame, TableError> {
    let input = file(path)?;
    guarded(path, || {
        Ok(match kind {
            Binary::Parquet => ParquetReader::new(input)
                .with_columns(Some(columns.to_vec()))
                .with_slice(Some((offset, length)))
                .finish()?,
            Binary::Arrow => {
                let frame = IpcReader::new(input).with_columns(Some(columns.to_vec())).finish()?;
                frame.slice(i64::try_from(offset).unwrap_or(i64::MAX), length)
            }
        })
    })
}

/// Types that nothing else here knows, as what they say: bytes as their number, durations as whole units.
fn plain(column: &Column) -> PolarsResult<Column> {
    match column.dtype() {
        DataType::Binary => {
            let series = column.as_materialized_series();
            let lengths: Vec<Option<String>> =
                series.binary()?.iter().map(|bytes| bytes.map(|it| format!("{} bytes", it.len()))).collect();
            Ok(Column::new(column.name().clone(), lengths))
        }
        DataType::Duration(_) => Ok(column.as_materialized_series().to_physical_repr().cast(&DataType::Int64)?.into()),
        _ => Ok(column.clone()),
    }
}

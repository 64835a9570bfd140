//! Tables whose rows come one by one from a reader that is not ours: sheets of workbooks, tables of SQLite databases.

use std::path::Path;
use std::sync::Arc;

use super::build::ReadAs;
use super::options::ReadOptions;
use super::structure::{ColumnText, Structure};
use super::{TableError, csv, sniff, sqlite};

/// A sheet in memory.
#[derive(Debug, Clone, Default)]
pub struct Grid {
    /// Rows of texts; `None` is an empty cell.
    pub cells: Vec<Vec<Option<Box<str>>>>,
    /// Columns.
    pub width: usize,
}

/// Where rows come from.
#[derive(Debug, Clone)]
pub enum RowSource {
    /// A sheet in memory, from this row on.
    Held(Arc<Grid>, usize),
    /// A table of a database.
    Sqlite(String),
}

/// What one pass over all rows found.
pub struct Scanned {
    /// Names, unique.
    pub names: Vec<String>,
    /// What each column is read as.
    pub types: Vec<ReadAs>,
    /// Rows.
    pub rows: u64,
    /// What was seen.
    pub structure: Structure,
}

impl RowSource {
    /// Gives every row to `visit`, which says whether to go on.
    ///
    /// # Errors
    /// When the file cannot be read on.
    pub fn each(&self, path: &Path, visit: &mut dyn FnMut(&[Option<&str>]) -> bool) -> Result<(), TableError> {
        match self {
            Self::Held(grid, from) => {
                for row in grid.cells.iter().skip(*from) {
                    let fields: Vec<Option<&str>> = row.iter().map(|cell| cell.as_deref()).collect();
                    if !visit(&fields) {
                        break;
                    }
                }
                Ok(())
            }
            Self::Sqlite(table) => sqlite::each(path, table, visit),
        }
    }
}

/// Goes through all rows once.
pub fn scan(
    path: &Path,
    source: &RowSource,
    names: Vec<String>,
    duplicate_names: Vec<String>,
) -> Result<Scanned, TableError> {
    let mut structure =
        Structure { columns: vec![ColumnText::default(); names.len()], duplicate_names, ..Structure::default() };
    let mut rows = 0u64;
    source.each(path, &mut |fields| {
        rows += 1;
        for (at, column) in structure.columns.iter_mut().enumerate() {
            column.add(fields.get(at).copied().flatten().unwrap_or_default(), rows, None);
        }
        true
    })?;
    let types = structure.columns.iter().map(|column| ReadAs::of(column, &ReadOptions::default())).collect();
    Ok(Scanned { names, types, rows, structure })
}

/// Where a sheet's table begins and what its columns are called: titles and blank rows above it are passed over.
pub fn header_of(grid: &Grid) -> (Vec<String>, Vec<String>, usize, bool) {
    let filled = |row: &Vec<Option<Box<str>>>| row.iter().flatten().filter(|text| !text.trim().is_empty()).count();
    let width = grid.cells.iter().take(200).map(filled).max().unwrap_or(0);
    let first = grid.cells.iter().take(50).position(|row| filled(row) * 2 > width).unwrap_or(0);
    let head: Vec<Vec<String>> = grid
        .cells
        .iter()
        .skip(first)
        .take(300)
        .map(|row| row.iter().map(|cell| cell.as_deref().unwrap_or_default().to_owned()).collect())
        .collect();
    let has_header = sniff::has_header(&head);
    let raw: Vec<String> = match head.first() {
        Some(row) if has_header => row.clone(),
        _ => (1..=grid.width).map(|at| format!("column_{at}")).collect(),
    };
    let (names, twice) = csv::unique_names(&raw);
    (names, twice, first + usize::from(has_header), has_header)
}

//! A folder or a pattern of files as one table.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use polars::prelude::*;

use super::structure::{ColumnText, Odd, Structure};
use super::{TableError, TableSource};

/// Parts that are read as one table at most.
const MOST: usize = 10_000;

/// The files of a folder or pattern in the order of their names; `None` for what names one file.
///
/// A pattern has `*` and `?` in its last part. In a folder, hidden files and those that start with `_` (such as `_SUCCESS`) are passed over.
pub fn of(path: &Path) -> Result<Option<Vec<PathBuf>>, TableError> {
    let unreadable = |source| TableError::Unreadable { path: path.to_owned(), source };
    let name = path.file_name().map(|it| it.to_string_lossy().into_owned()).unwrap_or_default();
    let pattern = (name.contains(['*', '?']) && !path.exists()).then_some(name);
    let folder = match &pattern {
        Some(_) => path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new(".")),
        None if path.is_dir() => path,
        None => return Ok(None),
    };
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let file = entry.map_err(unreadable)?.path();
        let Some(name) = file.file_name().map(|it| it.to_string_lossy().into_owned()) else { continue };
        let wanted = match &pattern {
            Some(pattern) => matches(pattern.as_bytes(), name.as_bytes()),
            None => is_part(&name),
        };
        if wanted && file.is_file() {
            found.push(file);
        }
        if found.len() > MOST {
            return Err(TableError::TooLarge { path: path.to_owned(), detail: format!("more than {MOST} files") });
        }
    }
    if found.is_empty() {
        let looks_like = if pattern.is_some() { "a pattern that no file fits" } else { "a folder without tables" };
        return Err(TableError::NotATable { path: path.to_owned(), looks_like: looks_like.to_owned() });
    }
    found.sort();
    Ok(Some(found))
}

/// Whether a file of a folder is a part of the table in it.
fn is_part(name: &str) -> bool {
    const ENDINGS: [&str; 14] = [
        "csv", "tsv", "txt", "psv", "parquet", "pq", "json", "jsonl", "ndjson", "arrow", "feather", "ipc", "gz", "zst",
    ];
    let ending = name.rsplit('.').next().unwrap_or_default().to_lowercase();
    !name.starts_with(['.', '_']) && ENDINGS.contains(&ending.as_str())
}

/// Whether a name fits a pattern of `*` and `?`.
fn matches(pattern: &[u8], name: &[u8]) -> bool {
    let (mut p, mut n, mut star) = (0usize, 0usize, None);
    while n < name.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, n));
                p += 1;
            }
            Some(byte) if *byte == b'?' || Some(byte) == name.get(n) => {
                p += 1;
                n += 1;
            }
            _ => match star {
                Some((at, from)) => {
                    p = at + 1;
                    n = from + 1;
                    star = Some((at, from + 1));
                }
                None => return false,
            },
        }
    }
    pattern.get(p..).unwrap_or_default().iter().all(|byte| *byte == b'*')
}

/// One type per column that holds the values of all parts, by the name of the column.
pub fn common_types(sources: &[TableSource]) -> Result<HashMap<String, DataType>, TableError> {
    let mut types: HashMap<String, DataType> = HashMap::new();
    for source in sources {
        for column in source.empty(None)?.columns() {
            let own = column.dtype();
            match types.get_mut(column.name().as_str()) {
                None => {
                    types.insert(column.name().to_string(), own.clone());
                }
                Some(common) => *common = wider(common, own),
            }
        }
    }
    Ok(types)
}

fn wider(a: &DataType, b: &DataType) -> DataType {
    use DataType as D;
    match (a, b) {
        _ if a == b => a.clone(),
        (D::Null, other) | (other, D::Null) => other.clone(),
        _ if a.is_integer() && b.is_integer() => D::Int64,
        _ if a.is_primitive_numeric() && b.is_primitive_numeric() => D::Float64,
        (D::Date, D::Datetime(unit, zone)) | (D::Datetime(unit, zone), D::Date) => D::Datetime(*unit, zone.clone()),
        (D::Datetime(..), D::Datetime(..)) => D::Datetime(TimeUnit::Milliseconds, None),
        _ => D::String,
    }
}

/// Brings a batch of one part to the types of all.
pub fn cast(path: &Path, frame: DataFrame, types: &HashMap<String, DataType>) -> Result<DataFrame, TableError> {
    let damaged = |error: PolarsError| TableError::Damaged { path: path.to_owned(), detail: error.to_string() };
    let height = frame.height();
    let columns = frame
        .columns()
        .iter()
        .map(|column| match types.get(column.name().as_str()) {
            Some(to) if to != column.dtype() => column.cast(to),
            _ => Ok(column.clone()),
        })
        .collect::<PolarsResult<Vec<_>>>()
        .map_err(damaged)?;
    DataFrame::new(height, columns).map_err(damaged)
}

fn add_odd(to: &mut Odd, from: &Odd, before: u64) {
    to.count += from.count;
    let room = from.rows.len().max(10).saturating_sub(to.rows.len());
    to.rows.extend(from.rows.iter().take(room).map(|row| row + before));
}

fn add_column(to: &mut ColumnText, from: &ColumnText, before: u64) {
    for (word, odd) in &from.nulls {
        add_odd(to.nulls.entry(word.clone()).or_default(), odd, before);
    }
    for (form, count) in &from.dates {
        *to.dates.entry(*form).or_default() += count;
    }
    to.empty += from.empty;
    to.int += from.int;
    to.big += from.big;
    to.coded += from.coded;
    to.float += from.float;
    to.comma += from.comma;
    to.thousands += from.thousands;
    to.large_unmarked += from.large_unmarked;
    to.bool += from.bool;
    to.with_time += from.with_time;
    to.day_first += from.day_first;
    to.month_first += from.month_first;
    to.text += from.text;
    to.two_letters += from.two_letters;
}

/// What was seen in all parts together, rows numbered through; `None` if any of them is not text.
pub fn merged(sources: &[TableSource]) -> Option<Structure> {
    let mut all = Structure::default();
    let mut before = 0u64;
    for source in sources {
        let seen = source.structure()?;
        all.columns.resize(all.columns.len().max(seen.columns.len()), ColumnText::default());
        for (to, from) in all.columns.iter_mut().zip(&seen.columns) {
            add_column(to, from, before);
        }
        let rows = [
            (&mut all.short_rows, &seen.short_rows),
            (&mut all.long_rows, &seen.long_rows),
            (&mut all.repeated_header, &seen.repeated_header),
            (&mut all.open_quotes, &seen.open_quotes),
            (&mut all.bad_encoding, &seen.bad_encoding),
            (&mut all.nul_bytes, &seen.nul_bytes),
            (&mut all.cut_rows, &seen.cut_rows),
            (&mut all.bad_lines, &seen.bad_lines),
        ];
        for (to, from) in rows {
            add_odd(to, from, before);
        }
        all.blank_lines += seen.blank_lines;
        all.footer = all.footer.or(seen.footer.map(|row| row + before));
        all.truncated = all.truncated.or(seen.truncated.map(|row| row + before));
        all.truncated_compression |= seen.truncated_compression;
        all.skipped.extend(seen.skipped.iter().map(|row| row + before));
        for name in &seen.duplicate_names {
            if !all.duplicate_names.contains(name) {
                all.duplicate_names.push(name.clone());
            }
        }
        before += source.rows() + seen.skipped.len() as u64;
    }
    Some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_fit_names_as_in_a_shell() {
        let fits = |pattern: &str, name: &str| matches(pattern.as_bytes(), name.as_bytes());
        assert!(fits("part-*.csv", "part-0001.csv") && fits("*", "x") && fits("a?c*", "abcd"));
        assert!(!fits("part-*.csv", "part-0001.parquet") && !fits("a?c", "ac"));
    }
}

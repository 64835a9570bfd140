//! Tables of SQLite databases, read in place and read-only.

use std::path::Path;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};

use super::TableError;

/// A longer text or blob is cut, so that one cell cannot fill the memory.
const LONGEST: usize = 1 << 20;

fn open(path: &Path) -> Result<Connection, TableError> {
    // A database whose program still runs keeps its newest rows in a file beside it; `mode=ro` reads both and writes neither.
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(path, flags).map_err(|error| damaged(path, &error))
}

fn damaged(path: &Path, error: &rusqlite::Error) -> TableError {
    TableError::Damaged { path: path.to_owned(), detail: error.to_string() }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Names of the tables and views of a database.
pub fn tables(path: &Path) -> Result<Vec<String>, TableError> {
    let list = || {
        let connection = open(path)?;
        let mut statement = connection
            .prepare("SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY type, name")
            .map_err(|error| damaged(path, &error))?;
        let names = statement.query_map([], |row| row.get::<_, String>(0)).map_err(|error| damaged(path, &error))?;
        names.collect::<Result<Vec<_>, _>>().map_err(|error| damaged(path, &error))
    };
    list()
}

/// Names of the columns of a table.
pub fn columns(path: &Path, table: &str) -> Result<Vec<String>, TableError> {
    let connection = open(path)?;
    let statement = connection
        .prepare(&format!("SELECT * FROM {} LIMIT 0", quoted(table)))
        .map_err(|error| damaged(path, &error))?;
    Ok(statement.column_names().into_iter().map(str::to_owned).collect())
}

/// Gives every row to `visit` as texts, in the order of the table.
pub fn each(path: &Path, table: &str, visit: &mut dyn FnMut(&[Option<&str>]) -> bool) -> Result<(), TableError> {
    let connection = open(path)?;
    let mut statement =
        connection.prepare(&format!("SELECT * FROM {}", quoted(table))).map_err(|error| damaged(path, &error))?;
    let width = statement.column_count();
    let mut rows = statement.query([]).map_err(|error| damaged(path, &error))?;
    while let Some(row) = rows.next().map_err(|error| damaged(path, &error))? {
        let mut texts: Vec<Option<String>> = Vec::with_capacity(width);
        for at in 0..width {
            let value = row.get_ref(at).map_err(|error| damaged(path, &error))?;
            texts.push(match value {
                ValueRef::Null => None,
                ValueRef::Integer(value) => Some(value.to_string()),
                ValueRef::Real(value) => Some(value.to_string()),
                ValueRef::Text(bytes) => Some(
                    String::from_utf8_lossy(bytes.get(..bytes.len().min(LONGEST)).unwrap_or_default()).into_owned(),
                ),
                ValueRef::Blob(bytes) => Some(format!("{} bytes", bytes.len())),
            });
        }
        let fields: Vec<Option<&str>> = texts.iter().map(Option::as_deref).collect();
        if !visit(&fields) {
            break;
        }
    }
    Ok(())
}

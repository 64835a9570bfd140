//! Tables as they are in this database, whatever the version that made it.

use std::collections::{BTreeSet, HashMap};

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};

/// Longer texts are cut: nothing that MLflow writes is longer.
const LONGEST: usize = 4 << 20;

/// One table.
#[derive(Debug)]
pub struct Table {
    name: String,
    columns: BTreeSet<String>,
}

impl Table {
    /// Whether it has a column.
    pub fn has(&self, column: &str) -> bool {
        self.columns.contains(column)
    }

    /// Whether an index begins with a column.
    pub fn has_index_on(&self, conn: &Connection, column: &str) -> rusqlite::Result<bool> {
        let mut statement = conn.prepare(
            "SELECT 1 FROM pragma_index_list(?1) AS it JOIN pragma_index_info(it.name) AS part WHERE part.seqno = 0 AND part.name = ?2",
        )?;
        statement.exists([self.name.as_str(), column])
    }

    /// Its name for SQL.
    pub fn quoted(&self) -> String {
        format!("\"{}\"", self.name)
    }

    /// A query for these columns, `NULL` standing for those that this version does not have.
    pub fn select(&self, columns: &[&str]) -> String {
        let list: Vec<String> =
            columns.iter().map(|it| if self.has(it) { format!("\"{it}\"") } else { "NULL".to_owned() }).collect();
        format!("SELECT {} FROM {}", list.join(", "), self.quoted())
    }
}

/// The tables of a database by name.
#[derive(Debug)]
pub struct Tables(HashMap<String, Table>);

impl Tables {
    /// Looks at the schema. Views do not count: what MLflow writes are tables.
    pub fn of(conn: &Connection) -> rusqlite::Result<Self> {
        let mut statement = conn.prepare("SELECT name FROM sqlite_master WHERE type = 'table'")?;
        let names: Vec<String> = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
        let mut tables = HashMap::new();
        for name in names.into_iter().filter(|name| name.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'_')) {
            let mut statement = conn.prepare(&format!("PRAGMA table_info(\"{name}\")"))?;
            let columns = statement.query_map([], |row| row.get::<_, String>(1))?.collect::<Result<_, _>>()?;
            tables.insert(name.clone(), Table { name, columns });
        }
        Ok(Self(tables))
    }

    /// One of them.
    pub fn get(&self, name: &str) -> Option<&Table> {
        self.0.get(name)
    }
}

/// Reads texts whatever type they were stored as.
pub struct Text;

impl Text {
    /// The text of a column, `None` for NULL.
    pub fn of(row: &Row<'_>, index: usize) -> rusqlite::Result<Option<String>> {
        Ok(match row.get_ref(index)? {
            ValueRef::Null => None,
            ValueRef::Integer(number) => Some(number.to_string()),
            ValueRef::Real(number) => Some(number.to_string()),
            ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
                Some(String::from_utf8_lossy(&bytes[..bytes.len().min(LONGEST)]).into_owned())
            }
        })
    }
}

/// A whole number, also of a text or a number with a point.
pub fn whole(row: &Row<'_>, index: usize) -> rusqlite::Result<Option<i64>> {
    Ok(match row.get_ref(index)? {
        ValueRef::Integer(number) => Some(number),
        ValueRef::Real(number) => Some(number as i64),
        ValueRef::Text(bytes) => std::str::from_utf8(bytes).ok().and_then(|it| it.trim().parse().ok()),
        ValueRef::Null | ValueRef::Blob(_) => None,
    })
}

/// A measured value. What is not a number is stored as 0 with a mark beside it.
pub fn measured(row: &Row<'_>, value: usize, is_nan: usize) -> rusqlite::Result<f64> {
    let marked = match row.get_ref(is_nan)? {
        ValueRef::Integer(number) => number != 0,
        ValueRef::Text(bytes) => bytes == b"true" || bytes == b"1",
        _ => false,
    };
    if marked {
        return Ok(f64::NAN);
    }
    Ok(match row.get_ref(value)? {
        ValueRef::Integer(number) => number as f64,
        ValueRef::Real(number) => number,
        ValueRef::Text(bytes) => {
            std::str::from_utf8(bytes).ok().and_then(|it| it.trim().parse().ok()).unwrap_or(f64::NAN)
        }
        ValueRef::Null | ValueRef::Blob(_) => f64::NAN,
    })
}

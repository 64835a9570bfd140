//! How domain values lie in columns, and how they are read back.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Display;
use std::str::FromStr;

use proofmark_domain::{Digest, Timestamp};
use rusqlite::Row;
use rusqlite::types::Type;
use serde::de::value::{Error as WordError, StrDeserializer};
use serde::de::{DeserializeOwned, IntoDeserializer};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::db::Fault;

/// One page of a longer list.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<T> {
    /// The rows of this page.
    pub rows: Vec<T>,
    /// How many rows there are on all pages.
    pub total: u64,
}

fn bad(index: usize, kind: Type, why: impl Into<Box<dyn Error + Send + Sync>>) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(index, kind, why.into())
}

/// Reads an identifier, or anything else with one text form.
pub(crate) fn parsed<T>(row: &Row<'_>, index: usize) -> rusqlite::Result<T>
where
    T: FromStr,
    T::Err: Display,
{
    let text = row.get_ref(index)?.as_str()?;
    text.parse().map_err(|why: T::Err| bad(index, Type::Text, why.to_string()))
}

/// Like [`parsed`], for a column that may be null.
pub(crate) fn opt_parsed<T>(row: &Row<'_>, index: usize) -> rusqlite::Result<Option<T>>
where
    T: FromStr,
    T::Err: Display,
{
    if is_null(row, index)? { Ok(None) } else { parsed(row, index).map(Some) }
}

fn is_null(row: &Row<'_>, index: usize) -> rusqlite::Result<bool> {
    Ok(matches!(row.get_ref(index)?, rusqlite::types::ValueRef::Null))
}

/// Reads a variant by its serialised word.
pub(crate) fn word<'de, T: Deserialize<'de>>(row: &'de Row<'_>, index: usize) -> rusqlite::Result<T> {
    let deserializer: StrDeserializer<'de, WordError> = row.get_ref(index)?.as_str()?.into_deserializer();
    T::deserialize(deserializer).map_err(|why| bad(index, Type::Text, why))
}

/// The serialised word of a variant without fields.
pub(crate) fn to_word<T: Serialize>(value: &T) -> Result<String, Fault> {
    use serde::ser::Error as _;
    match serde_json::to_value(value)? {
        Value::String(word) => Ok(word),
        other => Err(serde_json::Error::custom(format!("{other} is not a word")).into()),
    }
}

/// Reads a moment.
pub(crate) fn time(row: &Row<'_>, index: usize) -> rusqlite::Result<Timestamp> {
    row.get(index).map(Timestamp::from_ms)
}

/// Reads a moment that may be null.
pub(crate) fn opt_time(row: &Row<'_>, index: usize) -> rusqlite::Result<Option<Timestamp>> {
    Ok(row.get::<_, Option<i64>>(index)?.map(Timestamp::from_ms))
}

/// Reads a digest.
pub(crate) fn digest(row: &Row<'_>, index: usize) -> rusqlite::Result<Digest> {
    row.get(index).map(Digest::from_bytes)
}

/// Reads a digest that may be null.
pub(crate) fn opt_digest(row: &Row<'_>, index: usize) -> rusqlite::Result<Option<Digest>> {
    Ok(row.get::<_, Option<[u8; 32]>>(index)?.map(Digest::from_bytes))
}

/// Reads a number that was written with [`int`].
pub(crate) fn uint(row: &Row<'_>, index: usize) -> rusqlite::Result<u64> {
    row.get::<_, i64>(index).map(i64::cast_unsigned)
}

/// SQLite has no unsigned numbers. The same 64 bits are kept, so every value reads back; above 2^63 the order is lost,
/// which matters to no size, and inodes have no order.
pub(crate) const fn int(value: u64) -> i64 {
    value.cast_signed()
}

/// Reads a JSON column.
pub(crate) fn json<T: DeserializeOwned>(row: &Row<'_>, index: usize) -> rusqlite::Result<T> {
    serde_json::from_str(row.get_ref(index)?.as_str()?).map_err(|why| bad(index, Type::Text, why))
}

/// Reads a JSON column that may be null.
pub(crate) fn opt_json<T: DeserializeOwned>(row: &Row<'_>, index: usize) -> rusqlite::Result<Option<T>> {
    if is_null(row, index)? { Ok(None) } else { json(row, index).map(Some) }
}

/// The JSON text of a value.
pub(crate) fn to_json<T: Serialize>(value: &T) -> Result<String, Fault> {
    Ok(serde_json::to_string(value)?)
}

/// The JSON text of metrics. JSON has no NaN and no infinities, training runs do have them, so those are written as words.
pub(crate) fn metrics_to_json(metrics: &BTreeMap<String, f64>) -> Result<String, Fault> {
    let encoded: BTreeMap<&str, Value> = metrics
        .iter()
        .map(|(name, value)| {
            let number = serde_json::Number::from_f64(*value).map(Value::Number);
            (name.as_str(), number.unwrap_or_else(|| Value::String(value.to_string())))
        })
        .collect();
    to_json(&encoded)
}

/// Reads metrics that [`metrics_to_json`] wrote.
pub(crate) fn metrics(row: &Row<'_>, index: usize) -> rusqlite::Result<BTreeMap<String, f64>> {
    json::<BTreeMap<String, Value>>(row, index)?
        .into_iter()
        .map(|(name, value)| {
            let number = match &value {
                Value::Number(number) => number.as_f64(),
                Value::String(word) => word.parse().ok(),
                _ => None,
            };
            match number {
                Some(number) => Ok((name, number)),
                None => Err(bad(index, Type::Text, format!("metric `{name}` is no number: {value}"))),
            }
        })
        .collect()
}

/// A pattern for `LIKE … ESCAPE '\'` that finds `text` anywhere, taking every character of it literally.
pub(crate) fn contains(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push('%');
    for character in text.chars() {
        if matches!(character, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern.push('%');
    pattern
}

/// A page's `LIMIT`: SQLite takes a negative number for no limit.
pub(crate) fn limit(rows: Option<u64>) -> i64 {
    rows.map_or(-1, |rows| i64::try_from(rows).unwrap_or(-1))
}

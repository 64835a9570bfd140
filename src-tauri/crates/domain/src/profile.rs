//! The summary of one table.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Digest;

/// A single value of a table as it is shown. Large integers that a JSON number would bend are text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub enum Scalar {
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Any other finite number.
    Float(f64),
    /// Text, and everything that has no better form: dates, times, decimals.
    Text(String),
}

impl std::fmt::Display for Scalar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Bool(value) => write!(f, "{value}"),
            Self::Int(value) => write!(f, "{value}"),
            Self::Float(value) => write!(f, "{value}"),
            Self::Text(value) => f.write_str(value),
        }
    }
}

/// What a column means, as opposed to how it is stored: a number stored as text is still a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub enum Meaning {
    /// A quantity.
    Number,
    /// Yes or no.
    Boolean,
    /// One of few values.
    Category,
    /// Names a row or an entity: nearly every value is another one.
    Identifier,
    /// A day.
    Date,
    /// A moment or a time of day.
    Time,
    /// Free text.
    Text,
    /// A list or a structure.
    Nested,
    /// No value at all.
    Empty,
}

/// How often a value stands in a column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct ValueCount {
    /// The value; masked if the column is sensitive.
    pub value: Scalar,
    /// Rows that hold it.
    pub count: u64,
}

/// Counts of a numeric column in bins of equal width. Values outside the edges are in the first or last bin.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct Histogram {
    /// One more than there are bins, ascending.
    pub edges: Vec<f64>,
    /// Rows per bin.
    pub counts: Vec<u64>,
}

/// The summary of one column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct ColumnProfile {
    /// Its name as the file has it.
    pub name: String,
    /// How it is stored, such as `int64`, `float64`, `string`, `datetime[ms]`.
    #[serde(rename = "type")]
    pub stored_type: String,
    /// What it means.
    pub meaning: Meaning,
    /// Rows without a value.
    pub nulls: u64,
    /// Different values, nulls not counted.
    pub distinct: u64,
    /// Whether `distinct` comes from a sketch.
    pub distinct_is_estimate: bool,
    /// Least value.
    pub min: Option<Scalar>,
    /// Greatest value.
    pub max: Option<Scalar>,
    /// Arithmetic mean of a numeric column, NaN and infinities left out.
    pub mean: Option<f64>,
    /// Sample standard deviation (n - 1).
    pub std: Option<f64>,
    /// Quantiles by their probability, keys such as `0.5`; linear interpolation between order statistics (Hyndman-Fan 7).
    pub quantiles: BTreeMap<String, f64>,
    /// Most frequent values first.
    pub top: Vec<ValueCount>,
    /// Rows equal to zero, for numbers.
    pub zeros: Option<u64>,
    /// Rows below zero, for numbers.
    pub negatives: Option<u64>,
    /// Rows that are NaN or infinite, for floating-point numbers.
    pub not_finite: Option<u64>,
    /// Shortest and longest text, in characters.
    pub lengths: Option<(u64, u64)>,
    /// Distribution of a numeric or time column.
    pub histogram: Option<Histogram>,
    /// Whether values were masked because the column is sensitive.
    pub masked: bool,
}

/// How a text table was read; all of it found from the file itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct Reading {
    /// `csv`, `tsv`, `parquet`, `json_lines`, `json`, `arrow`.
    pub format: String,
    /// Between fields, for text tables.
    pub delimiter: Option<String>,
    /// Character encoding, for text tables.
    pub encoding: Option<String>,
    /// Whether the first line holds names.
    pub has_header: Option<bool>,
    /// Things a person should know about how it was read, such as rows with too many fields.
    pub notes: Vec<String>,
}

/// The summary of one table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct TableProfile {
    /// The file as it was named.
    pub path: String,
    /// SHA-256 of its bytes, when known.
    pub digest: Option<Digest>,
    /// Rows.
    pub rows: u64,
    /// How it was read.
    pub reading: Reading,
    /// Columns in the order of the file.
    pub columns: Vec<ColumnProfile>,
}

impl TableProfile {
    /// The column called `name`.
    pub fn column(&self, name: &str) -> Option<&ColumnProfile> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Replaces the values of the named columns by what cannot be read back: counts stay, values go.
    ///
    /// Raw sensitive values must stand neither in the ledger nor in a report. Numbers keep mean, deviation and histogram
    /// only if the column is numeric; minimum, maximum, quantiles and frequent values single people out, so they go.
    pub fn mask(&mut self, sensitive: &dyn Fn(&str) -> bool) {
        for column in self.columns.iter_mut().filter(|column| sensitive(&column.name)) {
            for (rank, entry) in column.top.iter_mut().enumerate() {
                entry.value = Scalar::Text(format!("value {}", rank + 1));
            }
            column.min = None;
            column.max = None;
            column.quantiles.clear();
            column.masked = true;
        }
    }
}

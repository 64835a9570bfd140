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

/// A way in which texts are written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct TextPattern {
    /// Such as `AA999`.
    pub pattern: String,
    /// Share of the texts that were looked at (the first hundred thousand of the column), 0..1.
    pub share: f64,
}

/// The finest unit of time in which values differ from a whole one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
#[allow(missing_docs, reason = "each variant is its own word")]
pub enum TimeUnit {
    Year,
    Month,
    Day,
    Hour,
    Minute,
    Second,
    Millisecond,
}

/// How the days of a column follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub enum TimeStep {
    /// Every day.
    Daily,
    /// Every day from Monday to Friday.
    WorkingDays,
    /// The same day of every week.
    Weekly,
    /// Once a month.
    Monthly,
    /// Once a year.
    Yearly,
}

/// A stretch without values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct TimeGap {
    /// The last day before it, `2026-01-31`.
    pub after: String,
    /// The first day after it.
    pub before: String,
    /// Steps that are missing between.
    pub missing: u64,
}

/// How the moments of a column follow each other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct TimeShape {
    /// The finest unit that is used.
    pub unit: TimeUnit,
    /// Different days.
    pub days: u64,
    /// How the days follow each other; absent if they follow no step.
    pub step: Option<TimeStep>,
    /// Steps that are missing between the first and the last day.
    pub missing: u64,
    /// The longest stretches without values, longest first, at most five.
    pub gaps: Vec<TimeGap>,
}

/// A measure of how two columns go together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub enum AssociationMeasure {
    /// Pearson's product-moment correlation of two numbers, -1..1.
    Pearson,
    /// Spearman's rank correlation of two numbers, ties at their mean rank, -1..1.
    Spearman,
    /// Cramér's V of two categories, without correction for small samples, 0..1.
    CramersV,
    /// Correlation ratio of a number by a category: the root of the share of its variance that lies between the categories, 0..1.
    CorrelationRatio,
}

/// How two columns go together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct Association {
    /// One column; the category where the measure tells the two apart.
    pub a: String,
    /// The other column.
    pub b: String,
    /// What was measured.
    pub measure: AssociationMeasure,
    /// How strong.
    pub value: f64,
    /// Rows that hold a value in both, among those that were looked at.
    pub rows: u64,
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
    /// How texts are written, most frequent first: `A` a capital, `a` another letter, `9` a digit, everything else itself; `A+` is
    /// one or more where texts are written in too many ways.
    #[serde(default)]
    pub patterns: Vec<TextPattern>,
    /// How often moments follow each other, for dates and times.
    #[serde(default)]
    pub times: Option<TimeShape>,
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
    /// Pairs of columns that go together, strongest first; of at most ten thousand rows, evenly over the table.
    #[serde(default)]
    pub associations: Vec<Association>,
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
            // The ends of a gap are values; how often the days follow each other is none.
            if let Some(times) = &mut column.times {
                times.gaps.clear();
            }
            column.masked = true;
        }
    }
}

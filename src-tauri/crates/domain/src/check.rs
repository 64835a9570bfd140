//! Rules for data and what violates them.

use serde::{Deserialize, Serialize};

/// What is wrong with data. The words are a promise of `--json`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
#[allow(missing_docs, reason = "each variant is its own word; `title` says it in full")]
pub enum FindingKind {
    Sentinel,
    PlaceholderValues,
    NullLikeStrings,
    NullSurge,
    AllNull,
    ConstantColumn,
    AlmostConstant,
    UnitChange,
    ScaleChange,
    CodeRemap,
    SwappedColumns,
    ShiftedColumns,
    TypeChange,
    MixedTypes,
    MixedNumberFormats,
    MixedDateFormats,
    DateOrderFlip,
    PrecisionLoss,
    Overflow,
    ClippedValues,
    OutOfRange,
    Outliers,
    FutureTimestamps,
    ImpossibleOrder,
    StaleTimestamps,
    StaleCopy,
    FrozenValues,
    TimeGap,
    UnsortedTime,
    Mojibake,
    LossyEncoding,
    EncodingChange,
    InvisibleCharacters,
    WhitespaceVariants,
    CasingVariants,
    CategoryTypos,
    UnseenCategory,
    DuplicateRows,
    DuplicateKeys,
    NearDuplicateKeys,
    BrokenForeignKey,
    RowCountDrop,
    TruncatedFile,
    EmptyTable,
    EmptyFile,
    RaggedRows,
    RepeatedHeaderRow,
    FooterTotalRow,
    MissingHeader,
    DuplicateColumnName,
    DelimiterChange,
    ColumnAdded,
    ColumnDropped,
    ColumnRenamed,
    LabelNoise,
    ConflictingLabels,
    TargetLeakage,
    IdentifierLeakage,
    TrainTestOverlap,
    DistributionChange,
}

/// How bad a finding is. `Error` fails a check, `Warn` does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// May mislead a model.
    Warn,
    /// Must not be trained on as it is.
    Error,
}

/// One number behind a finding: what was measured, and what would have been allowed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct Measure {
    /// Such as `share of rows at -1`.
    pub name: String,
    /// What was measured.
    pub value: f64,
    /// The limit it was held against.
    pub limit: Option<f64>,
}

/// A violation of a rule, or an error that needed no rule to be seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct Finding {
    /// What is wrong.
    pub kind: FindingKind,
    /// Where; empty for the table as a whole.
    pub columns: Vec<String>,
    /// How bad.
    pub severity: Severity,
    /// How sure, 0..1.
    pub confidence: f64,
    /// Rows concerned; 0 for findings about the table as a whole.
    pub affected_rows: u64,
    /// Their share of all rows.
    pub affected_ratio: f64,
    /// Up to ten row numbers, counted as the file does: the first row of data after a header on line 1 is row 1.
    pub example_rows: Vec<u64>,
    /// What happened, in one sentence.
    pub message: String,
    /// What to do about it, and what it would do to a model.
    pub suggestion: String,
    /// The numbers behind it.
    pub measures: Vec<Measure>,
}

/// The verdict on a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub enum CheckVerdict {
    /// Nothing worse than a remark.
    Pass,
    /// Something may mislead a model.
    Warn,
    /// Must not be trained on as it is.
    Fail,
}

impl CheckVerdict {
    /// The verdict that the worst of `findings` calls for.
    pub fn of(findings: &[Finding]) -> Self {
        match findings.iter().map(|finding| finding.severity).max() {
            Some(Severity::Error) => Self::Fail,
            Some(Severity::Warn) => Self::Warn,
            Some(Severity::Info) | None => Self::Pass,
        }
    }
}

/// What checking a table found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct CheckReport {
    /// The table.
    pub path: String,
    /// The table it was compared with, if one.
    pub reference: Option<String>,
    /// Rows that were read.
    pub rows: u64,
    /// The verdict.
    pub verdict: CheckVerdict,
    /// Worst first.
    pub findings: Vec<Finding>,
    /// What a person should know about how it was checked, such as rules that could not be read.
    #[serde(default)]
    pub notes: Vec<String>,
}

/// A rule that a person wrote or accepted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "rule", rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub enum Rule {
    /// No row lacks a value.
    NotNull {
        /// The column.
        column: String,
        /// Largest share of rows that may lack a value, 0..1.
        #[serde(default)]
        at_most: f64,
    },
    /// No value stands twice.
    Unique {
        /// The columns that are unique together.
        columns: Vec<String>,
    },
    /// Every number lies in the range, ends included.
    InRange {
        /// The column.
        column: String,
        /// Least value allowed.
        min: Option<f64>,
        /// Greatest value allowed.
        max: Option<f64>,
    },
    /// Every value is one of these.
    OneOf {
        /// The column.
        column: String,
        /// Values allowed, as text.
        values: Vec<String>,
    },
    /// The column exists.
    HasColumn {
        /// The column.
        column: String,
    },
    /// None of these values stands anywhere, such as `-1` for an amount that nobody knows.
    NoneOf {
        /// The column.
        column: String,
        /// Values forbidden, as text.
        values: Vec<String>,
    },
    /// Every text holds a match of a regular expression; `^` and `$` bind it to the ends.
    Matches {
        /// The column.
        column: String,
        /// The expression, without look-around and back-references.
        pattern: String,
    },
    /// Every text is so many characters long, ends included.
    Length {
        /// The column.
        column: String,
        /// Least number of characters.
        min: Option<u64>,
        /// Greatest number of characters.
        max: Option<u64>,
    },
    /// The table has so many rows, ends included.
    Rows {
        /// Least number of rows.
        min: Option<u64>,
        /// Greatest number of rows.
        max: Option<u64>,
    },
}

impl Rule {
    /// The columns that it is about; none for the table as a whole.
    pub fn columns(&self) -> Vec<&str> {
        match self {
            Self::NotNull { column, .. }
            | Self::InRange { column, .. }
            | Self::OneOf { column, .. }
            | Self::HasColumn { column }
            | Self::NoneOf { column, .. }
            | Self::Matches { column, .. }
            | Self::Length { column, .. } => vec![column],
            Self::Unique { columns } => columns.iter().map(String::as_str).collect(),
            Self::Rows { .. } => Vec::new(),
        }
    }

    /// The rule as a person would say it.
    pub fn sentence(&self) -> String {
        let named = |columns: &[&str]| columns.iter().map(|it| format!("`{it}`")).collect::<Vec<_>>().join(", ");
        let listed = |values: &[String]| {
            let shown = values.iter().take(6).map(|it| format!("\u{201c}{it}\u{201d}")).collect::<Vec<_>>().join(", ");
            if values.len() > 6 { format!("{shown} and {} more", values.len() - 6) } else { shown }
        };
        match self {
            Self::HasColumn { column } => format!("There is a column `{column}`."),
            Self::NotNull { column, at_most } if *at_most <= 0.0 => format!("`{column}` has a value in every row."),
            Self::NotNull { column, at_most } => {
                format!("`{column}` lacks a value in at most {} % of the rows.", short(at_most * 100.0))
            }
            Self::Unique { columns } => {
                let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
                match columns.len() {
                    1 => format!("No two rows have the same value in {}.", named(&columns)),
                    _ => format!("No two rows have the same values in {} together.", named(&columns)),
                }
            }
            Self::InRange { column, min, max } => {
                format!("`{column}` lies {}.", between(min.map(short), max.map(short)))
            }
            Self::OneOf { column, values } => format!("`{column}` is one of {}.", listed(values)),
            Self::NoneOf { column, values } => format!("`{column}` is never {}.", listed(values)),
            Self::Matches { column, pattern } => format!("`{column}` matches `{pattern}`."),
            Self::Length { column, min, max } => {
                let span = between(min.map(|it| it.to_string()), max.map(|it| it.to_string()));
                format!("The length of `{column}` in characters lies {span}.")
            }
            Self::Rows { min, max } => {
                let span = between(min.map(|it| it.to_string()), max.map(|it| it.to_string()));
                format!("The number of rows lies {span}.")
            }
        }
    }

    /// Why the rule cannot be meant as it is written; `None` if it can.
    pub fn problem(&self) -> Option<String> {
        let unnamed = self.columns().iter().any(|it| it.is_empty());
        let no_columns = matches!(self, Self::Unique { columns } if columns.is_empty());
        if unnamed || no_columns {
            return Some("it names no column".to_owned());
        }
        match self {
            Self::NotNull { at_most, .. } if !(0.0..=1.0).contains(at_most) => {
                Some("`at_most` is a share of the rows, from 0 to 1".to_owned())
            }
            Self::InRange { min, max, .. } => ends(*min, *max),
            Self::Length { min, max, .. } | Self::Rows { min, max } => {
                ends(min.map(|it| it as f64), max.map(|it| it as f64))
            }
            Self::OneOf { values, .. } | Self::NoneOf { values, .. } if values.is_empty() => {
                Some("its list of values is empty".to_owned())
            }
            Self::Matches { pattern, .. } if pattern.is_empty() => Some("its pattern is empty".to_owned()),
            _ => None,
        }
    }
}

fn ends(min: Option<f64>, max: Option<f64>) -> Option<String> {
    match (min, max) {
        (None, None) => Some("it names neither `min` nor `max`".to_owned()),
        (Some(min), Some(max)) if min > max => Some("`min` is greater than `max`".to_owned()),
        (min, max) if [min, max].into_iter().flatten().any(f64::is_nan) => Some("its limit is no number".to_owned()),
        _ => None,
    }
}

fn between(min: Option<String>, max: Option<String>) -> String {
    match (min, max) {
        (Some(min), Some(max)) => format!("between {min} and {max}"),
        (Some(min), None) => format!("at {min} or above"),
        (None, Some(max)) => format!("at {max} or below"),
        (None, None) => "anywhere".to_owned(),
    }
}

/// A number without digits that say nothing.
fn short(value: f64) -> String {
    let text = format!("{value:.6}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

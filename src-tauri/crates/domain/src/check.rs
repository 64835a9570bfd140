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
}

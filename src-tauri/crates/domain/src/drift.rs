//! Whether two tables come from the same world.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The verdict on a comparison. "Cannot tell" is a verdict and is never shown as "fine".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub enum DriftVerdict {
    /// The difference is larger than what is tolerated, and chance does not explain it.
    Drift,
    /// The difference is within what is tolerated.
    NoDrift,
    /// Too few rows, or nothing to compare.
    CannotTell,
}

/// What sort of change it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub enum DriftChange {
    /// The values are distributed otherwise.
    Distribution,
    /// The same quantity in another unit.
    Unit,
    /// The same values written otherwise.
    Encoding,
    /// More or fewer rows lack a value.
    Nulls,
    /// Values that the reference never had.
    NewCategory,
    /// What the season explains.
    Season,
}

/// The two distributions of one column, for its figure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "shape", rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub enum DriftShape {
    /// Shares in bins with common edges.
    Numeric {
        /// One more than there are bins, ascending.
        edges: Vec<f64>,
        /// Share of the reference per bin.
        reference: Vec<f64>,
        /// Share of the current table per bin.
        current: Vec<f64>,
    },
    /// Shares of values.
    Categories {
        /// The values, most frequent in the reference first; the rest are in `(other)`.
        names: Vec<String>,
        /// Share of the reference per value.
        reference: Vec<f64>,
        /// Share of the current table per value.
        current: Vec<f64>,
    },
}

/// What became of one column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct ColumnDrift {
    /// The column.
    pub name: String,
    /// The verdict.
    pub verdict: DriftVerdict,
    /// Effect size, 0..1: the two-sample KS distance of numbers, the total variation distance of categories.
    pub effect: Option<f64>,
    /// Its 95 % confidence interval.
    pub interval: Option<(f64, f64)>,
    /// p-value of the column's test.
    pub p_value: Option<f64>,
    /// The same after Benjamini-Hochberg over all columns.
    pub p_adjusted: Option<f64>,
    /// What sort of change it is.
    pub change: Option<DriftChange>,
    /// `ks`, `psi`, `js`, `wasserstein`, `chi2`, …, as far as they apply.
    pub statistics: BTreeMap<String, f64>,
    /// Rows with a value, reference then current.
    pub n: (u64, u64),
    /// The threshold that the effect was held against.
    pub threshold: f64,
    /// Why, in one sentence.
    pub why: String,
    /// The two distributions.
    pub shape: Option<DriftShape>,
}

/// How much a column tells the two tables apart.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct Driver {
    /// The column.
    pub column: String,
    /// AUC that is lost when the column is left out, or the share of the classifier's weight; 0..1.
    pub importance: f64,
}

/// Whether a classifier can tell which table a row comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct JointDrift {
    /// The verdict.
    pub verdict: DriftVerdict,
    /// Cross-validated area under the ROC curve; 0.5 is chance.
    pub auc: Option<f64>,
    /// Its 95 % confidence interval.
    pub interval: Option<(f64, f64)>,
    /// p-value against chance.
    pub p_value: Option<f64>,
    /// The columns that tell the tables apart, strongest first.
    pub drivers: Vec<Driver>,
    /// Columns left out of the comparison, such as identifiers and times, each with the reason.
    pub left_out: Vec<(String, String)>,
    /// The ROC curve as points (false positive rate, true positive rate), for its figure.
    pub roc: Vec<(f64, f64)>,
    /// Rows used, reference then current.
    pub n: (u64, u64),
    /// What is left when the columns that tell the tables apart most are taken out; `null` where nothing does, or for tables of old.
    #[serde(default)]
    pub without: Option<AucWithout>,
    /// The rows of the current table that are least like the reference, the surest first.
    #[serde(default)]
    pub typical: Vec<TypicalRow>,
    /// Why, in one sentence.
    pub why: String,
}

impl JointDrift {
    /// The columns that matter: at least a tenth as much as the strongest, at most five.
    pub fn chief_drivers(&self) -> Vec<&str> {
        let least = self.drivers.first().map_or(0.0, |it| 0.1 * it.importance);
        self.drivers.iter().take(5).filter(|it| it.importance >= least).map(|it| it.column.as_str()).collect()
    }
}

/// The classifier's AUC without some columns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct AucWithout {
    /// The columns that were taken out, at most three.
    pub columns: Vec<String>,
    /// The AUC of the rest; `null` where no column is left.
    pub auc: Option<f64>,
    /// Its 95 % confidence interval.
    pub interval: Option<(f64, f64)>,
}

/// A row that is typical of the current table.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct TypicalRow {
    /// Its number in the current table, from 1; a header is not counted.
    pub row: u64,
    /// How sure the classifier was, without having learnt from it, that it is of the current table, 0..1.
    pub sure: f64,
}

/// Whether the relation between features and target changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct ConceptDrift {
    /// The verdict.
    pub verdict: DriftVerdict,
    /// Why, in one sentence.
    pub why: String,
}

/// Row counts of the two tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct RowCounts {
    /// Of the reference.
    pub reference: u64,
    /// Of the current table.
    pub current: u64,
}

/// The comparison of two tables.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct DriftReport {
    /// The reference table.
    pub reference: String,
    /// The current table.
    pub current: String,
    /// The verdict over all.
    pub verdict: DriftVerdict,
    /// Rows of both.
    pub rows: RowCounts,
    /// Columns in order of effect, strongest first.
    pub columns: Vec<ColumnDrift>,
    /// The domain classifier.
    pub joint: JointDrift,
    /// Concept drift, when a target was named.
    pub concept: Option<ConceptDrift>,
    /// The verdict in one sentence.
    pub why: String,
}

//! Proxies: whether the features that remain can predict a sensitive column that was left out.

use serde::{Deserialize, Serialize};

/// How well the features predict a sensitive column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub enum ProxyVerdict {
    /// They predict it well: leaving the column out does not hide it.
    Strong,
    /// They predict it better than chance, though not well.
    Weak,
    /// No better than the same model does on shuffled values.
    None,
    /// Too few rows, or the column has one value only.
    CannotTell,
}

/// The same model on shuffled values of the sensitive column: what chance alone reaches.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct ProxyBaseline {
    /// How often the values were shuffled.
    pub permutations: u32,
    /// Mean area under the ROC curve.
    pub mean: f64,
    /// The highest one.
    pub highest: f64,
}

/// One feature as a stand-in for the sensitive column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct ProxyFeature {
    /// The feature's column.
    pub column: String,
    /// Area under the ROC curve with this feature alone, cross-validated; 0.5 is chance, 1 is certainty.
    pub alone: f64,
    /// What the area with all features loses when this one is shuffled; 0 where another feature tells the same.
    pub importance: f64,
}

/// What was found about one sensitive column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct ProxyTarget {
    /// The sensitive column.
    pub column: String,
    /// Its first label, such as `gender`; none if a person named a column that is not sensitive.
    pub label: Option<String>,
    /// The verdict.
    pub verdict: ProxyVerdict,
    /// What was predicted: `classes`, or `above_median` for an amount.
    pub predicted: String,
    /// Classes that were told apart. A class rarer than twenty rows is counted among the others.
    pub classes: u32,
    /// Rows in which the column has a value.
    pub rows: u64,
    /// Area under the ROC curve of all features together, out of fold; the mean over the classes by their share of the rows.
    pub auc: Option<f64>,
    /// 95 % interval of it.
    pub interval: Option<(f64, f64)>,
    /// Share of shuffles that reach it, counting itself; at least one over the shuffles plus one.
    pub p_value: Option<f64>,
    /// What chance reaches.
    pub baseline: Option<ProxyBaseline>,
    /// The strongest stand-ins first.
    pub features: Vec<ProxyFeature>,
    /// In one sentence.
    pub why: String,
}

/// Whether sensitive columns can be predicted from the others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct ProxyReport {
    /// The table.
    pub path: String,
    /// Rows of the table.
    pub rows: u64,
    /// Rows that were learnt from; a larger table is thinned out evenly.
    pub rows_read: u64,
    /// Features that were used.
    pub features: Vec<String>,
    /// Columns that were left out of the features, each with why.
    pub left_out: Vec<(String, String)>,
    /// One a sensitive column.
    pub targets: Vec<ProxyTarget>,
}

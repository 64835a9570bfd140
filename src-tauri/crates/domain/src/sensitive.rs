//! Columns that hold personal or otherwise protected data, with the reasons for saying so.

use serde::{Deserialize, Serialize};

/// The families of sensitive data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub enum SensitiveGroup {
    /// Names a person by itself: name, e-mail, national identifier.
    Direct,
    /// Names a person together with others: birth date, postcode, gender.
    Quasi,
    /// Special categories of the GDPR, article 9: health, religion, ethnicity.
    Special,
    /// Accounts, cards, income.
    Financial,
    /// Where a person is or lives.
    Location,
    /// Passwords, keys, tokens.
    Secret,
    /// A stand-in for an identifier: hash, token, customer number.
    Pseudonym,
    /// Free text that contains such.
    Text,
}

/// A kind of sensitive data on a column, such as `email` or `iban`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct LabelScore {
    /// The label.
    pub label: String,
    /// How sure, 0..1.
    pub confidence: f64,
}

/// One piece of evidence for or against a label.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct Factor {
    /// Such as `column_name`, `check_digit`, `format`, `cardinality`.
    pub name: String,
    /// What was measured, such as `0.998 of distinct values pass`. Never a raw value of the column.
    pub value: String,
    /// Log-odds that it adds; negative speaks against.
    pub weight: f64,
    /// Why it counts.
    pub why: String,
}

/// What was decided about one column. A nested field is named by its path, such as `user.address.city`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct SensitiveColumn {
    /// The column.
    pub name: String,
    /// The verdict.
    pub sensitive: bool,
    /// The family of its first label.
    pub group: Option<SensitiveGroup>,
    /// Labels, surest first.
    pub labels: Vec<LabelScore>,
    /// Everything that was weighed.
    pub factors: Vec<Factor>,
}

/// How well the rows hide in one another.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct KAnonymity {
    /// Columns that were combined.
    pub columns: Vec<String>,
    /// Rows in the smallest group; `null` if there are no such columns.
    pub k: Option<u64>,
    /// Rows that stand alone in their group.
    pub unique_rows: u64,
    /// Groups smaller than five rows.
    pub small_groups: u64,
}

/// What looking for sensitive columns found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct SensitivityReport {
    /// The table.
    pub path: String,
    /// Rows that were looked at.
    pub rows_read: u64,
    /// Every column, in the order of the file.
    pub columns: Vec<SensitiveColumn>,
    /// How well the rows hide in one another.
    pub k_anonymity: KAnonymity,
}

impl SensitivityReport {
    /// The columns that were found sensitive.
    pub fn sensitive_columns(&self) -> impl Iterator<Item = &SensitiveColumn> {
        self.columns.iter().filter(|column| column.sensitive)
    }
}

/// A label as it travels along the lineage: which label, on which column, of which data.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct CarriedLabel {
    /// The label, such as `email`.
    pub label: String,
    /// Its family.
    pub group: SensitiveGroup,
    /// The column.
    pub column: String,
    /// Path of the data set in which the column was found.
    pub dataset: String,
    /// What the column is called where the label has arrived; empty where that is not known.
    #[serde(default)]
    pub reached_as: Vec<String>,
    /// Whether every step from the column to here is known column by column. If `false`, some step is known for the whole
    /// table only, and the column may have been left out there.
    #[serde(default)]
    pub exact: bool,
}

//! Columns that hold personal or otherwise protected data, with the reasons for saying so.

use serde::{Deserialize, Serialize};

/// The families of sensitive data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub enum SensitiveGroup {
    /// Names a person by itself: name, e-mail, national identifier, account, card.
    Direct,
    /// Names a person together with others: birth date, postcode, gender.
    Quasi,
    /// Special categories of the GDPR, article 9: health, religion, ethnicity.
    Special,
    /// Income, balance, debt, creditworthiness of a person.
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
    /// Rows that were counted.
    #[serde(default)]
    pub rows: u64,
    /// One, two and three of the columns together, those that tell most rows apart first.
    #[serde(default)]
    pub combinations: Vec<Combination>,
}

/// How well rows hide in some columns together. Groups are counted and never shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct Combination {
    /// The columns.
    pub columns: Vec<String>,
    /// Groups of equal rows.
    pub groups: u64,
    /// Rows in the smallest group.
    pub k: u64,
    /// Rows that stand alone in their group.
    pub unique_rows: u64,
    /// Share of such rows, 0..1.
    pub unique_ratio: f64,
    /// Groups smaller than five rows.
    pub small_groups: u64,
}

/// A column that another version of the detector judges otherwise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct ColumnChange {
    /// The column.
    pub column: String,
    /// Its labels before; none if it was not called sensitive.
    pub before: Vec<String>,
    /// Its labels now.
    pub after: Vec<String>,
}

/// What became different when the same data was judged again by a newer detector.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct DetectorChange {
    /// Version of the detector that judged before.
    pub from: u32,
    /// Columns that are judged otherwise; empty if none is.
    pub columns: Vec<ColumnChange>,
}

/// What looking for sensitive columns found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct SensitivityReport {
    /// The table.
    pub path: String,
    /// Rows of the table.
    #[serde(default)]
    pub rows: u64,
    /// Rows that were looked at; fewer than there are when the table was sampled.
    pub rows_read: u64,
    /// Version of the rules and dictionaries that judged.
    #[serde(default)]
    pub detector_version: u32,
    /// Every column, in the order of the file.
    pub columns: Vec<SensitiveColumn>,
    /// How well the rows hide in one another.
    pub k_anonymity: KAnonymity,
    /// What an older version of the detector said otherwise about the same data; none if it did not judge it.
    #[serde(default)]
    pub changed: Option<DetectorChange>,
    /// Whether the other columns give the sensitive ones away; only when asked for.
    #[serde(default)]
    pub proxies: Option<crate::proxy::ProxyReport>,
}

impl SensitivityReport {
    /// What this report says otherwise than an older one about the same data. Columns that a person decided about are not compared.
    pub fn changes_from(&self, older: &SensitivityReport) -> DetectorChange {
        let labels = |column: &SensitiveColumn| -> Vec<String> {
            if column.sensitive { column.labels.iter().map(|it| it.label.clone()).collect() } else { Vec::new() }
        };
        let decided = |column: &SensitiveColumn| column.factors.iter().any(|it| it.name == "decision");
        let columns = self
            .columns
            .iter()
            .filter(|column| !decided(column))
            .filter_map(|column| {
                let before = older.columns.iter().find(|it| it.name == column.name && !decided(it)).map(labels)?;
                let after = labels(column);
                (before.first() != after.first()).then(|| ColumnChange { column: column.name.clone(), before, after })
            })
            .collect();
        DetectorChange { from: older.detector_version, columns }
    }

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

#[cfg(test)]
mod tests {
    use super::*;

    fn report(version: u32, label: Option<&str>) -> SensitivityReport {
        let labels = label.map(|it| LabelScore { label: it.to_owned(), confidence: 0.9 }).into_iter().collect();
        SensitivityReport {
            path: "people.csv".into(),
            rows: 10,
            rows_read: 10,
            detector_version: version,
            columns: vec![SensitiveColumn {
                name: "c".into(),
                sensitive: label.is_some(),
                group: None,
                labels,
                factors: vec![],
            }],
            k_anonymity: KAnonymity::default(),
            changed: None,
            proxies: None,
        }
    }

    #[test]
    fn a_newer_detector_says_what_it_judges_otherwise() {
        let change = report(2, Some("phone")).changes_from(&report(1, None));
        assert_eq!((change.from, change.columns.len()), (1, 1));
        assert_eq!((change.columns[0].before.len(), change.columns[0].after[0].as_str()), (0, "phone"));
        assert!(report(2, Some("phone")).changes_from(&report(1, Some("phone"))).columns.is_empty());
    }

    #[test]
    fn what_a_person_decided_is_no_change_of_the_detector() {
        let mut old = report(1, Some("name"));
        old.columns[0].factors.push(Factor {
            name: "decision".into(),
            value: "Ada".into(),
            weight: 20.0,
            why: "known".into(),
        });
        assert!(report(2, None).changes_from(&old).columns.is_empty());
    }

    #[test]
    fn reports_of_older_versions_are_read() -> Result<(), serde_json::Error> {
        let old = r#"{"path":"a","rows_read":3,"columns":[],"k_anonymity":{"columns":[],"k":null,"unique_rows":0,"small_groups":0}}"#;
        let read: SensitivityReport = serde_json::from_str(old)?;
        assert_eq!((read.detector_version, read.rows_read), (0, 3));
        Ok(())
    }
}

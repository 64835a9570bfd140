//! Two profiles side by side: the columns paired by name, and what differs between them.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::counts::counted;
use crate::profile::{ColumnProfile, Scalar, TableProfile};

/// What became of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub enum ColumnFate {
    /// It is in the second table only.
    Added,
    /// It is in the first table only.
    Dropped,
    /// Something that its profile tells differs.
    Changed,
    /// Nothing that its profile tells differs.
    Same,
}

/// One fact that differs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct FactChange {
    /// What: `type`, `meaning`, `missing`, `distinct`, `min`, `max`, `mean`, `std`, `median`, `values`.
    pub fact: String,
    /// In the first table, as a person reads it.
    pub before: String,
    /// In the second.
    pub after: String,
}

/// A column in two tables.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct ColumnPair {
    /// Its name.
    pub name: String,
    /// What became of it.
    pub fate: ColumnFate,
    /// Its profile in the first table.
    pub before: Option<ColumnProfile>,
    /// Its profile in the second.
    pub after: Option<ColumnProfile>,
    /// What differs.
    pub changes: Vec<FactChange>,
}

/// Two tables side by side.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct ProfilePair {
    /// The two in one sentence.
    pub sentence: String,
    /// Rows of the first.
    pub rows_before: u64,
    /// Rows of the second.
    pub rows_after: u64,
    /// Added, dropped and changed columns first, each in the order of the tables.
    pub columns: Vec<ColumnPair>,
}

/// A share below this is no difference that a person would want to read.
const LEAST: f64 = 0.005;

/// Puts two profiles side by side.
pub fn pair(before: &TableProfile, after: &TableProfile) -> ProfilePair {
    let known: BTreeMap<&str, &ColumnProfile> = before.columns.iter().map(|it| (it.name.as_str(), it)).collect();
    let mut columns: Vec<ColumnPair> = after
        .columns
        .iter()
        .map(|now| match known.get(now.name.as_str()) {
            None => one(&now.name, ColumnFate::Added, None, Some(now), Vec::new()),
            Some(then) => {
                let changes = changes((then, before.rows), (now, after.rows));
                let fate = if changes.is_empty() { ColumnFate::Same } else { ColumnFate::Changed };
                one(&now.name, fate, Some(then), Some(now), changes)
            }
        })
        .collect();
    let gone = before.columns.iter().filter(|it| after.column(&it.name).is_none());
    columns.extend(gone.map(|it| one(&it.name, ColumnFate::Dropped, Some(it), None, Vec::new())));
    columns.sort_by_key(|it| it.fate);
    let of = |fate: ColumnFate| columns.iter().filter(|it| it.fate == fate).count();
    let parts: Vec<String> =
        [(of(ColumnFate::Added), "added"), (of(ColumnFate::Dropped), "dropped"), (of(ColumnFate::Changed), "changed")]
            .into_iter()
            .filter(|(n, _)| *n > 0)
            .map(|(n, word)| format!("{n} {} {word}", if n == 1 { "column" } else { "columns" }))
            .collect();
    let more = |from: u64, to: u64| counted(to - from, "row", "rows");
    let rows = match after.rows.cmp(&before.rows) {
        Ordering::Equal => format!("{} in both", counted(after.rows, "row", "rows")),
        Ordering::Greater => format!("{} more", more(before.rows, after.rows)),
        Ordering::Less => format!("{} fewer", more(after.rows, before.rows)),
    };
    let what = if parts.is_empty() { "no column differs".to_owned() } else { parts.join(", ") };
    let sentence = format!("{rows}; {what}.");
    ProfilePair { sentence, rows_before: before.rows, rows_after: after.rows, columns }
}

fn one(
    name: &str,
    fate: ColumnFate,
    before: Option<&ColumnProfile>,
    after: Option<&ColumnProfile>,
    changes: Vec<FactChange>,
) -> ColumnPair {
    ColumnPair { name: name.to_owned(), fate, before: before.cloned(), after: after.cloned(), changes }
}

fn changes((then, rows_then): (&ColumnProfile, u64), (now, rows_now): (&ColumnProfile, u64)) -> Vec<FactChange> {
    let mut found = Vec::new();
    let mut say = |fact: &str, before: String, after: String| {
        found.push(FactChange { fact: fact.to_owned(), before, after });
    };
    if then.stored_type != now.stored_type {
        say("type", then.stored_type.clone(), now.stored_type.clone());
    }
    if then.meaning != now.meaning {
        say("meaning", word(&then.meaning), word(&now.meaning));
    }
    let share = |nulls: u64, rows: u64| nulls as f64 / rows.max(1) as f64;
    let (missing_then, missing_now) = (share(then.nulls, rows_then), share(now.nulls, rows_now));
    if (missing_then - missing_now).abs() >= LEAST || (missing_then == 0.0) != (missing_now == 0.0) {
        let text = |it: f64| format!("{:.1} %", it * 100.0);
        say("missing", text(missing_then), text(missing_now));
    }
    // A key has as many values as there are rows; only a column with its own number of values can have another one.
    let key = then.distinct + then.nulls == rows_then && now.distinct + now.nulls == rows_now;
    let apart = then.distinct.abs_diff(now.distinct) as f64 / then.distinct.max(now.distinct).max(1) as f64;
    if !key && apart >= if then.distinct_is_estimate || now.distinct_is_estimate { 0.05 } else { LEAST } {
        say("distinct", then.distinct.to_string(), now.distinct.to_string());
    }
    if then.masked || now.masked {
        return found;
    }
    for (fact, a, b) in [("min", &then.min, &now.min), ("max", &then.max, &now.max)] {
        if a != b {
            say(fact, shown(a.as_ref()), shown(b.as_ref()));
        }
    }
    let scale = [then.std, now.std].into_iter().flatten().fold(0.0, f64::max);
    let differ = |a: f64, b: f64| (a - b).abs() > LEAST * scale.max(f64::MIN_POSITIVE);
    let medians = (then.quantiles.get("0.5").copied(), now.quantiles.get("0.5").copied());
    for (fact, a, b) in [("mean", then.mean, now.mean), ("std", then.std, now.std), ("median", medians.0, medians.1)] {
        if let (Some(a), Some(b)) = (a, b)
            && differ(a, b)
        {
            say(fact, digits(a), digits(b));
        }
    }
    let complete = |it: &ColumnProfile| !it.distinct_is_estimate && it.top.len() as u64 == it.distinct;
    if complete(then) && complete(now) {
        let of = |it: &ColumnProfile| it.top.iter().map(|entry| entry.value.to_string()).collect::<Vec<_>>();
        let (a, b) = (of(then), of(now));
        let only = |own: &[String], other: &[String]| {
            let names: Vec<&str> = own.iter().filter(|it| !other.contains(it)).map(String::as_str).take(5).collect();
            if names.is_empty() { "–".to_owned() } else { names.join(", ") }
        };
        let (gone, new) = (only(&a, &b), only(&b, &a));
        if gone != "–" || new != "–" {
            say("values", gone, new);
        }
    }
    found
}

fn word<T: Serialize>(value: &T) -> String {
    serde_json::to_value(value).ok().and_then(|it| it.as_str().map(str::to_owned)).unwrap_or_default()
}

fn shown(value: Option<&Scalar>) -> String {
    match value {
        None => "–".to_owned(),
        Some(Scalar::Float(value)) => digits(*value),
        Some(other) => other.to_string().chars().take(40).collect(),
    }
}

fn digits(value: f64) -> String {
    if value == value.trunc() && value.abs() < 1e15 {
        return format!("{value}");
    }
    let text = format!("{value:.4}");
    if value.abs() < 1e-3 || value.abs() >= 1e15 {
        return format!("{value:e}");
    }
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn table(rows: u64, columns: serde_json::Value) -> TableProfile {
        let columns: Vec<serde_json::Value> = columns
            .as_array()
            .unwrap()
            .iter()
            .map(|it| {
                let mut whole = serde_json::json!({
                    "name": "x", "type": "float64", "meaning": "number", "nulls": 0, "distinct": 5, "distinct_is_estimate": false, "min": 0.0,
                    "max": 1.0, "mean": 0.5, "std": 0.1, "quantiles": {}, "top": [], "zeros": null, "negatives": null, "not_finite": null,
                    "lengths": null, "histogram": null, "masked": false,
                });
                for (key, value) in it.as_object().unwrap() {
                    whole[key] = value.clone();
                }
                whole
            })
            .collect();
        serde_json::from_value(serde_json::json!({
            "path": "t.csv", "digest": null, "rows": rows, "columns": columns,
            "reading": {"format": "csv", "delimiter": ",", "encoding": "utf-8", "has_header": true, "notes": []},
        }))
        .unwrap()
    }

    #[test]
    fn columns_are_paired_by_name_and_what_differs_is_told() {
        let before = table(100, serde_json::json!([{"name": "a"}, {"name": "b"}, {"name": "old"}]));
        let after = table(
            120,
            serde_json::json!([{"name": "a"}, {"name": "b", "nulls": 12, "max": 90.0, "mean": 30.0, "std": 9.0}, {"name": "new"}]),
        );
        let pair = pair(&before, &after);
        assert_eq!(pair.sentence, "20 rows more; 1 column added, 1 column dropped, 1 column changed.");
        let fates: Vec<(&str, ColumnFate)> = pair.columns.iter().map(|it| (it.name.as_str(), it.fate)).collect();
        assert_eq!(
            fates,
            [
                ("new", ColumnFate::Added),
                ("old", ColumnFate::Dropped),
                ("b", ColumnFate::Changed),
                ("a", ColumnFate::Same)
            ]
        );
        let facts: Vec<(&str, &str, &str)> = pair.columns[2]
            .changes
            .iter()
            .map(|it| (it.fact.as_str(), it.before.as_str(), it.after.as_str()))
            .collect();
        assert_eq!(
            facts,
            [("missing", "0.0 %", "10.0 %"), ("max", "1", "90"), ("mean", "0.5", "30"), ("std", "0.1", "9")]
        );
    }

    #[test]
    fn values_of_sensitive_columns_are_not_compared() {
        let before = table(10, serde_json::json!([{"name": "mail", "min": null, "max": null, "masked": true}]));
        let after = table(10, serde_json::json!([{"name": "mail", "min": "a@b.c", "max": "x@y.z"}]));
        assert!(pair(&before, &after).columns[0].changes.is_empty());
    }
}

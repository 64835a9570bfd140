//! Keys that point to rows of another table which do not exist.

use std::collections::{HashMap, HashSet};

use proofmark_domain::check::{Finding, FindingKind, Severity};
use proofmark_domain::counts::grouped;

use super::finding::{About, finding, percent};
use super::view::{View, ViewColumn};

/// A table of the same folder or project.
pub struct Related {
    /// The name of its file without ending, such as `customers`.
    pub name: String,
    /// Its values.
    pub view: View,
}

/// Letters and digits in lower case.
fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The singular of a table's name, as far as English spells it by rule.
fn singular(name: &str) -> String {
    let name = plain(name);
    if let Some(stem) = name.strip_suffix("ies") {
        return format!("{stem}y");
    }
    for ending in ["sses", "shes", "ches", "xes"] {
        if name.ends_with(ending) {
            return name.trim_end_matches("es").to_owned();
        }
    }
    name.strip_suffix('s').map_or(name.clone(), str::to_owned)
}

/// Whether `column` names the row of `table` that its column `key` names: `customer_id` and `customers.id`.
fn points_to(column: &str, table: &str, key: &str) -> bool {
    let (column, key, table) = (plain(column), plain(key), singular(table));
    if table.len() < 3 || !column.contains(&table) {
        return false;
    }
    column == key
        || column == format!("{table}{key}")
        || column == table && matches!(key.as_str(), "id" | "code" | "key" | "name" | "no" | "number")
        || column.ends_with(&key) && matches!(key.as_str(), "id" | "code" | "key" | "no" | "number" | "ref")
}

fn known(column: &ViewColumn) -> HashSet<u64> {
    column.hashes.iter().copied().filter(|hash| *hash != 0).collect()
}

/// Holds every column that names rows of another table against that table.
pub fn check(view: &View, others: &[Related], findings: &mut Vec<Finding>) {
    for other in others {
        let shared = view.columns.iter().filter(|c| other.view.column(&c.name).is_some()).count();
        // Another version of the same table is no table that this one points to.
        if shared * 10 >= view.columns.len() * 6 && view.columns.len() > 1 || other.view.sampled {
            continue;
        }
        for column in &view.columns {
            let parent = other.view.columns.iter().find(|key| points_to(&column.name, &other.name, &key.name));
            let Some(parent) = parent else { continue };
            let keys = known(parent);
            let unique = keys.len() == parent.hashes.iter().filter(|hash| **hash != 0).count();
            let own = known(column);
            if !unique || keys.len() < 5 || own.is_empty() {
                continue;
            }
            let strangers = own.iter().filter(|hash| !keys.contains(hash)).count();
            // Two tables that share next to nothing were never meant to meet.
            if strangers == 0 || strangers * 2 > own.len() {
                continue;
            }
            let mut seen: HashMap<u64, usize> = HashMap::new();
            let rows: Vec<usize> = column
                .hashes
                .iter()
                .enumerate()
                .filter(|(_, hash)| **hash != 0 && !keys.contains(hash))
                .map(|(row, hash)| {
                    *seen.entry(*hash).or_default() += 1;
                    row
                })
                .collect();
            let share = rows.len() as f64 / view.rows.max(1) as f64;
            let message = format!(
                "{} rows ({}) name a `{}` that `{}` does not have ({} different ones).",
                grouped(rows.len()),
                percent(share),
                column.name,
                other.name,
                grouped(strangers)
            );
            let advice = "Load the missing rows of the other table, or correct the keys. A join drops these rows or fills them with nothing, and a model learns from what is left.";
            findings.push(
                finding(FindingKind::BrokenForeignKey, &[&column.name], Severity::Error, 0.92, message, advice)
                    .rows(view, rows)
                    .measure("share of keys that exist", 1.0 - strangers as f64 / own.len() as f64, Some(1.0)),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_which_table_a_key_points_to() {
        for (column, table, key) in [
            ("customer_id", "customers", "customer_id"),
            ("customer_id", "customers", "id"),
            ("CustomerID", "Customers", "ID"),
            ("country_code", "countries", "code"),
            ("branch", "branches", "code"),
        ] {
            assert!(points_to(column, table, key), "{column} {table}.{key}");
        }
        for (column, table, key) in
            [("order_id", "customers", "id"), ("amount", "accounts", "id"), ("customer_name", "customers", "id")]
        {
            assert!(!points_to(column, table, key), "{column} {table}.{key}");
        }
    }
}

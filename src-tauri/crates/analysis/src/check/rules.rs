//! Rules that people wrote.

use proofmark_domain::check::{Finding, FindingKind, Rule, Severity};
use proofmark_domain::profile::TableProfile;

use super::finding::{About, finding, percent, show};
use super::view::View;

const BROKEN: &str = "Correct the rows at their source, or change the rule if it no longer holds.";

/// Holds the table against each rule.
pub fn check(view: &View, profile: &TableProfile, rules: &[Rule], findings: &mut Vec<Finding>) {
    for rule in rules {
        let found = match rule {
            Rule::HasColumn { column } => {
                if view.column(column).is_none() {
                    Some(missing(column))
                } else {
                    None
                }
            }
            Rule::NotNull { column, at_most } => not_null(view, profile, column, *at_most),
            Rule::Unique { columns } => unique(view, columns),
            Rule::InRange { column, min, max } => in_range(view, column, *min, *max),
            Rule::OneOf { column, values } => one_of(view, column, values),
        };
        findings.extend(found);
    }
}

fn missing(column: &str) -> Finding {
    let message = format!("A rule asks for the column `{column}`, and there is none.");
    finding(FindingKind::ColumnDropped, &[column], Severity::Error, 1.0, message, BROKEN)
}

fn not_null(view: &View, profile: &TableProfile, name: &str, at_most: f64) -> Option<Finding> {
    let Some(column) = view.column(name) else { return Some(missing(name)) };
    let share = profile.column(name)?.nulls as f64 / profile.rows.max(1) as f64;
    (share > at_most).then(|| {
        let message =
            format!("`{name}` lacks a value in {} of the rows; the rule allows {}.", percent(share), percent(at_most));
        let rows = column.hashes.iter().enumerate().filter(|(_, h)| **h == 0).map(|(row, _)| row);
        finding(FindingKind::NullSurge, &[name], Severity::Error, 1.0, message, BROKEN).rows(view, rows).measure(
            "share without a value",
            share,
            Some(at_most),
        )
    })
}

fn unique(view: &View, names: &[String]) -> Option<Finding> {
    let mut columns = Vec::new();
    for name in names {
        match view.column(name) {
            Some(column) => columns.push(column),
            None => return Some(missing(name)),
        }
    }
    let mut seen = std::collections::HashSet::new();
    let rows: Vec<usize> = (0..view.rows)
        .filter(|row| {
            let key: Vec<u64> = columns.iter().filter_map(|c| c.hashes.get(*row).copied()).collect();
            key.iter().all(|h| *h != 0) && !seen.insert(key)
        })
        .collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    (!rows.is_empty()).then(|| {
        let message =
            format!("{} rows repeat a value of `{}`, which a rule calls unique.", rows.len(), names.join("`, `"));
        finding(FindingKind::DuplicateKeys, &names, Severity::Error, 1.0, message, BROKEN).rows(view, rows)
    })
}

fn in_range(view: &View, name: &str, min: Option<f64>, max: Option<f64>) -> Option<Finding> {
    let Some(column) = view.column(name) else { return Some(missing(name)) };
    let Some((values, _)) = column.numbers() else {
        let message = format!("A rule gives `{name}` a range, but it holds no numbers.");
        return Some(finding(FindingKind::TypeChange, &[name], Severity::Error, 1.0, message, BROKEN));
    };
    let outside = |v: f64| min.is_some_and(|min| v < min) || max.is_some_and(|max| v > max);
    let rows: Vec<usize> = values.iter().enumerate().filter(|(_, v)| outside(**v)).map(|(row, _)| row).collect();
    (!rows.is_empty()).then(|| {
        let end = |limit: Option<f64>, open: &str| limit.map_or(open.to_owned(), show);
        let message = format!(
            "`{name}` leaves the range {} to {} of a rule in {} rows.",
            end(min, "any"),
            end(max, "any"),
            rows.len()
        );
        finding(FindingKind::OutOfRange, &[name], Severity::Error, 1.0, message, BROKEN).rows(view, rows)
    })
}

fn one_of(view: &View, name: &str, allowed: &[String]) -> Option<Finding> {
    let Some(column) = view.column(name) else { return Some(missing(name)) };
    let rows: Vec<usize> = match (column.texts(), column.numbers()) {
        (Some((_, words, _)), _) => {
            column.rows_with(|code| words.get(code as usize).is_some_and(|w| !allowed.contains(w)))
        }
        (_, Some((values, _))) => {
            let numbers: Vec<f64> = allowed.iter().filter_map(|v| v.parse().ok()).collect();
            values
                .iter()
                .enumerate()
                .filter(|(_, v)| v.is_finite() && !numbers.contains(v))
                .map(|(row, _)| row)
                .collect()
        }
        _ => return None,
    };
    (!rows.is_empty()).then(|| {
        let message = format!("`{name}` holds values in {} rows that a rule does not list.", rows.len());
        finding(FindingKind::UnseenCategory, &[name], Severity::Error, 1.0, message, BROKEN).rows(view, rows)
    })
}

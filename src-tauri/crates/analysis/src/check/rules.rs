//! Rules that people wrote.

use proofmark_domain::check::{Finding, FindingKind, Rule, Severity};
use proofmark_domain::counts::grouped;
use proofmark_domain::profile::TableProfile;

use super::finding::{About, finding, percent, show};
use super::view::View;

const BROKEN: &str = "Correct the rows at their source, or change the rule if it no longer holds.";

/// Holds the table against each rule.
pub fn check(view: &View, profile: &TableProfile, rules: &[Rule], findings: &mut Vec<Finding>) {
    findings.extend(rules.iter().filter_map(|rule| one(view, profile, rule)));
}

/// What one rule finds; nothing if the table keeps it.
pub fn one(view: &View, profile: &TableProfile, rule: &Rule) -> Option<Finding> {
    match rule {
        Rule::HasColumn { column } => view.column(column).is_none().then(|| missing(column)),
        Rule::NotNull { column, at_most } => not_null(view, profile, column, *at_most),
        Rule::Unique { columns } => unique(view, columns),
        Rule::InRange { column, min, max } => in_range(view, column, *min, *max),
        Rule::OneOf { column, values } => among(view, column, values, true),
        Rule::NoneOf { column, values } => among(view, column, values, false),
        Rule::Matches { column, pattern } => matches(view, column, pattern),
        Rule::Length { column, min, max } => length(view, column, *min, *max),
        Rule::Rows { min, max } => row_count(view, *min, *max),
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
        let message = format!(
            "{} rows repeat a value of `{}`, which a rule calls unique.",
            grouped(rows.len()),
            names.join("`, `")
        );
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
            grouped(rows.len())
        );
        finding(FindingKind::OutOfRange, &[name], Severity::Error, 1.0, message, BROKEN).rows(view, rows)
    })
}

/// Values of a list only, or none of a list.
fn among(view: &View, name: &str, listed: &[String], wanted: bool) -> Option<Finding> {
    let Some(column) = view.column(name) else { return Some(missing(name)) };
    let numbers: Vec<f64> = listed.iter().filter_map(|v| v.trim().parse().ok()).collect();
    let mut rows: Vec<usize> = match (column.texts(), column.numbers()) {
        (Some((_, words, _)), _) => {
            column.rows_with(|code| words.get(code as usize).is_some_and(|w| listed.contains(w) != wanted))
        }
        (_, Some((values, _))) => values
            .iter()
            .enumerate()
            .filter(|(_, v)| v.is_finite() && numbers.contains(v) != wanted)
            .map(|(row, _)| row)
            .collect(),
        _ => return None,
    };
    if column.texts().is_none() {
        // Texts among the numbers are values too.
        rows.extend(column.stray_rows.iter().filter(|(_, word)| listed.contains(word) != wanted).map(|(row, _)| *row));
        rows.sort_unstable();
    }
    (!rows.is_empty()).then(|| {
        let (message, kind) = if wanted {
            (
                format!("`{name}` holds values in {} rows that a rule does not list.", grouped(rows.len())),
                FindingKind::UnseenCategory,
            )
        } else {
            (
                format!("`{name}` holds values in {} rows that a rule forbids.", grouped(rows.len())),
                FindingKind::Sentinel,
            )
        };
        finding(kind, &[name], Severity::Error, 1.0, message, BROKEN).rows(view, rows)
    })
}

/// The rows of a column of texts for whose text `wrong` is true. Whole numbers are taken as they are written.
/// `None` if the column holds neither.
fn texts_where(view: &View, name: &str, wrong: impl Fn(&str) -> bool) -> Option<Vec<usize>> {
    let column = view.column(name)?;
    if let Some((values, true)) = column.numbers() {
        let numbers = values.iter().enumerate().filter(|(_, value)| value.is_finite() && wrong(&format!("{value}")));
        let mut rows: Vec<usize> = numbers.map(|(row, _)| row).collect();
        rows.extend(column.stray_rows.iter().filter(|(_, word)| wrong(word)).map(|(row, _)| *row));
        rows.sort_unstable();
        return Some(rows);
    }
    let (_, words, _) = column.texts()?;
    let bad: Vec<bool> = words.iter().map(|word| wrong(word)).collect();
    Some(column.rows_with(|code| bad.get(code as usize) == Some(&true)))
}

fn no_texts(name: &str, stored: &str) -> Finding {
    let message = format!("A rule says how the texts of `{name}` are written, but it holds {stored}.");
    finding(FindingKind::TypeChange, &[name], Severity::Error, 1.0, message, BROKEN)
}

/// Expressions beyond this size would take more memory than a rule is worth.
const LARGEST_EXPRESSION: usize = 1 << 20;

fn matches(view: &View, name: &str, pattern: &str) -> Option<Finding> {
    let Some(column) = view.column(name) else { return Some(missing(name)) };
    let expression = match regex::RegexBuilder::new(pattern).size_limit(LARGEST_EXPRESSION).build() {
        Ok(expression) => expression,
        Err(error) => {
            let why = error.to_string();
            let why = why.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
            let message = format!("The expression of a rule for `{name}` cannot be understood: {why}.");
            let suggestion = "Correct the expression; look-around and back-references are not known here.";
            return Some(finding(FindingKind::TypeChange, &[name], Severity::Error, 1.0, message, suggestion));
        }
    };
    let Some(rows) = texts_where(view, name, |word| !expression.is_match(word)) else {
        return Some(no_texts(name, &column.stored));
    };
    (!rows.is_empty()).then(|| {
        let message = format!("`{name}` does not match `{pattern}` in {} rows, as a rule asks.", grouped(rows.len()));
        finding(FindingKind::MixedTypes, &[name], Severity::Error, 1.0, message, BROKEN).rows(view, rows)
    })
}

fn length(view: &View, name: &str, min: Option<u64>, max: Option<u64>) -> Option<Finding> {
    let Some(column) = view.column(name) else { return Some(missing(name)) };
    let wrong = |word: &str| {
        let length = word.chars().count() as u64;
        min.is_some_and(|min| length < min) || max.is_some_and(|max| length > max)
    };
    let Some(rows) = texts_where(view, name, wrong) else { return Some(no_texts(name, &column.stored)) };
    (!rows.is_empty()).then(|| {
        let message = format!("`{name}` is shorter or longer than a rule allows in {} rows.", grouped(rows.len()));
        finding(FindingKind::MixedTypes, &[name], Severity::Error, 1.0, message, BROKEN).rows(view, rows)
    })
}

fn row_count(view: &View, min: Option<u64>, max: Option<u64>) -> Option<Finding> {
    let rows = view.total_rows;
    let limit = min.filter(|min| rows < *min).or(max.filter(|max| rows > *max))?;
    let (kind, how) =
        if rows < limit { (FindingKind::RowCountDrop, "fewer") } else { (FindingKind::DuplicateRows, "more") };
    let message =
        format!("The table has {} rows, {how} than the {} that a rule allows.", grouped(rows), grouped(limit));
    Some(finding(kind, &[], Severity::Error, 1.0, message, BROKEN).measure("rows", rows as f64, Some(limit as f64)))
}

//! Rows whose values stand one column too far: a mark too many or too few before them.

use std::collections::HashSet;

use proofmark_domain::check::{Finding, FindingKind, Severity};
use proofmark_domain::counts::grouped;

use super::finding::{About, finding, percent};
use super::view::{Data, MISSING, View, ViewColumn};
use crate::table::{lenient_number, parse_moment};

/// Whether a text could stand in a column.
fn fits(column: &ViewColumn, words: Option<&HashSet<&str>>, text: &str) -> bool {
    match &column.data {
        Data::Numbers { .. } => lenient_number(text).is_some(),
        Data::Times { .. } => parse_moment(text, false).is_some(),
        Data::Texts { .. } => words.is_some_and(|words| words.contains(text)),
        Data::Other => text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false"),
    }
}

/// Words of a column that come back, each in a hundredth of the rows at least.
fn usual<'a>(column: &'a ViewColumn) -> Option<HashSet<&'a str>> {
    let (_, words, counts) = column.texts()?;
    let total: u64 = counts.iter().sum();
    let often = words.iter().zip(counts).filter(|(_, c)| **c * 100 >= total && **c > 1).map(|(w, _)| w.as_str());
    Some(often.collect::<HashSet<&'a str>>())
}

/// Cells of a column that do not belong there, as (row, text).
fn misfits<'a>(column: &'a ViewColumn, usual: Option<&HashSet<&str>>) -> Vec<(usize, &'a str)> {
    if let Some((codes, words, counts)) = column.texts() {
        let total: u64 = counts.iter().sum();
        let regular: u64 = words
            .iter()
            .zip(counts)
            .filter(|(w, _)| usual.is_some_and(|u| u.contains(w.as_str())))
            .map(|(_, c)| c)
            .sum();
        // Only a column of words that come back has words that do not belong.
        if regular * 100 < total * 90 {
            return Vec::new();
        }
        return codes
            .iter()
            .enumerate()
            .filter(|(_, code)| **code != MISSING)
            .filter_map(|(row, code)| Some((row, words.get(*code as usize)?.as_str())))
            .filter(|(_, word)| usual.is_some_and(|u| !u.contains(word)))
            .collect();
    }
    column.stray_rows.iter().map(|(row, text)| (*row, text.as_str())).collect()
}

/// Looks for rows in which several cells hold what their neighbour should.
pub fn check(view: &View, findings: &mut Vec<Finding>) {
    if view.columns.len() < 3 || view.rows < 20 {
        return;
    }
    texts(view, findings);
    if !findings.iter().any(|f| f.kind == FindingKind::ShiftedColumns) {
        numbers(view, findings);
    }
}

/// Rows that lack a value where nearly none does, and from there on hold numbers that only their left neighbours hold elsewhere.
fn numbers(view: &View, findings: &mut Vec<Finding>) {
    for (at, column) in view.columns.iter().enumerate().take(500) {
        let rows: Vec<usize> =
            column.hashes.iter().enumerate().filter(|(_, hash)| **hash == 0).map(|(row, _)| row).collect();
        if rows.len() < 3 || rows.len() * 5 > view.rows {
            continue;
        }
        let gone: HashSet<usize> = rows.iter().copied().collect();
        // The range of each number among the other rows.
        let range = |c: &ViewColumn| -> Option<(f64, f64)> {
            let (values, _) = c.numbers()?;
            let all =
                super::stats::sorted(values.iter().enumerate().filter(|(row, _)| !gone.contains(row)).map(|(_, v)| *v));
            (all.len() >= 20).then(|| (super::stats::quantile(&all, 0.001), super::stats::quantile(&all, 0.999)))
        };
        let mut wrong = std::collections::HashMap::<usize, usize>::new();
        let mut columns = Vec::new();
        for j in at + 1..view.columns.len() {
            let (Some(own), Some(left)) = (view.columns.get(j), view.columns.get(j - 1)) else { continue };
            let (Some((values, _)), Some((low, high)), Some((left_low, left_high))) =
                (own.numbers(), range(own), range(left))
            else {
                continue;
            };
            let slack = 0.05 * (high - low);
            let misplaced: Vec<usize> = rows
                .iter()
                .copied()
                .filter(|row| {
                    values.get(*row).is_some_and(|v| {
                        v.is_finite()
                            && (*v < low - slack || *v > high + slack)
                            && (left_low - 1e-9..=left_high + 1e-9).contains(v)
                    })
                })
                .collect();
            if misplaced.len() * 2 >= rows.len() {
                columns.push(own.name.as_str());
                misplaced.into_iter().for_each(|row| *wrong.entry(row).or_default() += 1);
            }
        }
        let mut hit: Vec<usize> = wrong.into_keys().collect();
        if columns.len() < 2 || hit.len() * 10 < rows.len() * 6 {
            continue;
        }
        hit.sort_unstable();
        let mut names = vec![column.name.as_str()];
        names.extend(columns);
        let message = format!(
            "{} rows lack `{}`, and from there on hold values that only the columns to their left hold elsewhere: {}.",
            grouped(hit.len()),
            column.name,
            names.join(", ")
        );
        findings
            .push(finding(FindingKind::ShiftedColumns, &names, Severity::Error, 0.88, message, ADVICE).rows(view, hit));
        return;
    }
}

const ADVICE: &str = "Look for a mark within a value that was not protected, or a field that was left out. A model reads each of these values as another.";

/// Rows with several cells whose text is of another kind than their column, and of the kind of the neighbour.
fn texts(view: &View, findings: &mut Vec<Finding>) {
    let words: Vec<Option<HashSet<&str>>> = view.columns.iter().map(usual).collect();
    let mut cells = vec![0u32; view.rows];
    let mut odd: Vec<(usize, usize, &str)> = Vec::new();
    for (at, column) in view.columns.iter().enumerate() {
        for (row, text) in misfits(column, words.get(at).and_then(Option::as_ref)) {
            if let Some(count) = cells.get_mut(row) {
                *count += 1;
            }
            odd.push((at, row, text));
        }
        if odd.len() > 200_000 {
            return;
        }
    }
    for step in [-1i64, 1] {
        let mut rows: Vec<usize> = Vec::new();
        let mut columns = HashSet::new();
        let (mut all, mut explained) = (0usize, 0usize);
        for (at, row, text) in &odd {
            if cells.get(*row).is_none_or(|count| *count < 2) {
                continue;
            }
            all += 1;
            let neighbour = usize::try_from(*at as i64 + step).ok();
            let fit = neighbour.is_some_and(|n| {
                view.columns.get(n).is_some_and(|column| fits(column, words.get(n).and_then(Option::as_ref), text))
            });
            if fit {
                explained += 1;
                columns.insert(*at);
                rows.push(*row);
            }
        }
        rows.sort_unstable();
        rows.dedup();
        if rows.len() < 3 || explained * 10 < all * 7 || columns.len() < 2 || rows.len() * 2 > view.rows {
            continue;
        }
        let mut columns: Vec<usize> = columns.into_iter().collect();
        columns.sort_unstable();
        let names: Vec<&str> = columns.iter().filter_map(|at| view.columns.get(*at)).map(|c| c.name.as_str()).collect();
        let message = format!(
            "In {} rows ({}) values stand one column too far to the {}: {} hold what belongs to their neighbours.",
            grouped(rows.len()),
            percent(rows.len() as f64 / view.rows as f64),
            if step < 0 { "right" } else { "left" },
            names.join(", ")
        );
        findings.push(
            finding(FindingKind::ShiftedColumns, &names, Severity::Error, 0.9, message, ADVICE)
                .rows(view, rows)
                .measure(
                    "share of odd cells that fit their neighbour",
                    explained as f64 / all.max(1) as f64,
                    Some(0.7),
                ),
        );
        return;
    }
}

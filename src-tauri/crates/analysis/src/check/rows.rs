//! Rows and keys that stand more than once, and labels that contradict each other.

use std::collections::HashMap;

use proofmark_domain::check::{Finding, FindingKind, Severity};
use proofmark_domain::counts::grouped;
use proofmark_domain::profile::{Meaning, TableProfile};

use super::CheckOptions;
use super::finding::{About, finding, percent};
use super::reference::Reference;
use rayon::prelude::*;

use super::view::{HashesSet, View, ViewColumn};
use crate::profile::{mix, named_like_an_id};

/// A hash per row over some columns; `None` where all of them are missing.
pub fn row_hashes<'a>(columns: impl Iterator<Item = &'a ViewColumn>, rows: usize) -> Vec<u64> {
    let mut out = vec![0u64; rows];
    for (position, column) in columns.enumerate() {
        let salt = mix(position as u64 + 1);
        for (slot, hash) in out.iter_mut().zip(&column.hashes) {
            *slot = mix(*slot ^ salt).wrapping_add(mix(hash ^ salt));
        }
    }
    out
}

/// Rows whose hash stood before.
fn repeats(hashes: &[u64]) -> Vec<usize> {
    let mut seen = HashesSet::with_capacity_and_hasher(hashes.len(), Default::default());
    hashes.iter().enumerate().filter(|(_, hash)| !seen.insert(**hash)).map(|(row, _)| row).collect()
}

/// Minus the logarithm of the chance that two rows agree, if columns were independent (sum of collision entropies).
pub fn variety<'a>(columns: impl Iterator<Item = &'a ViewColumn>) -> f64 {
    let columns: Vec<&ViewColumn> = columns.collect();
    // Summed in the order of the columns, so that the same table gives the same figure.
    let entropies: Vec<f64> = columns.par_iter().map(|column| column.spread().entropy).collect();
    entropies.into_iter().sum()
}

/// Rows and columns that are looked at to tell copies from coincidence.
const COINCIDENCE: (usize, usize) = (100_000, 40);

/// Whether rows agree because the table has few different ones. Rows that are copies agree in every column; where rows agree by
/// coincidence, many more agree in all columns but one.
fn coincide(view: &View, copies: usize) -> bool {
    let rows = view.rows.min(COINCIDENCE.0);
    let part = |position: usize, hash: u64| mix(hash ^ mix(position as u64 + 1));
    let mut whole = vec![0u64; rows];
    for (position, column) in view.columns.iter().enumerate() {
        for (slot, hash) in whole.iter_mut().zip(&column.hashes) {
            *slot = slot.wrapping_add(part(position, *hash));
        }
    }
    let exact = repeats(&whole).len().min(copies);
    let mut varied: Vec<(usize, usize)> = view
        .columns
        .iter()
        .enumerate()
        .map(|(at, c)| (c.hashes.iter().take(rows).copied().collect::<HashesSet>().len(), at))
        .collect();
    varied.sort_unstable_by(|a, b| b.cmp(a));
    varied.iter().take(COINCIDENCE.1).any(|(_, at)| {
        let Some(column) = view.columns.get(*at) else { return false };
        let without: Vec<u64> =
            whole.iter().zip(&column.hashes).map(|(sum, hash)| sum.wrapping_sub(part(*at, *hash))).collect();
        let nearly = repeats(&without).len();
        nearly > 2 * exact + 2
    })
}

/// All checks of rows.
pub fn check(
    view: &View,
    profile: &TableProfile,
    reference: Option<&Reference<'_>>,
    options: &CheckOptions<'_>,
    findings: &mut Vec<Finding>,
) {
    let all = row_hashes(view.columns.iter(), view.rows);
    let repeated = repeats(&all);
    let share = repeated.len() as f64 / view.rows.max(1) as f64;
    let before = reference.map(|r| {
        let hashes = row_hashes(r.view.columns.iter(), r.view.rows);
        repeats(&hashes).len() as f64 / r.view.rows.max(1) as f64
    });
    // In narrow tables equal rows come about by chance: n²/2 pairs among all possible rows, if columns were independent.
    let possible = variety(view.columns.iter());
    let by_chance = ((view.rows as f64).ln() * 2.0 - 2f64.ln() - possible).exp();
    let has_key = profile.columns.iter().any(|c| {
        let unlike = c.nulls == 0 && (c.distinct as f64) > 0.9 * view.rows as f64 && view.rows >= 10;
        unlike && !c.stored_type.starts_with("float") && (c.meaning == Meaning::Identifier || named_like_an_id(&c.name))
    });
    let suspicious = match before {
        Some(before) => share > 2.0 * before + 0.002 && (has_key || by_chance < 0.25 * repeated.len() as f64),
        None => has_key || by_chance < 0.05 && share > 0.003 && view.columns.len() >= 3,
    };
    let suspicious = suspicious && (has_key || !coincide(view, repeated.len()));
    let copies = !repeated.is_empty() && suspicious && repeated.len() >= if has_key || view.rows < 500 { 1 } else { 2 };
    if copies && (has_key || before.is_some() || repeated.len() >= 2) {
        let message =
            format!("{} rows ({}) are exact copies of an earlier row.", grouped(repeated.len()), percent(share));
        let advice = "Remove the copies. They count twice in training, and a copy in the test set makes the model look better than it is.";
        let severity = if has_key || before.is_some() { Severity::Error } else { Severity::Warn };
        findings.push(
            finding(FindingKind::DuplicateRows, &[], severity, if has_key { 0.97 } else { 0.85 }, message, advice)
                .rows(view, repeated.iter().copied())
                .measure("share of copies", share, before.map(|b| 2.0 * b + 0.002)),
        );
    }
    let copied: std::collections::HashSet<usize> = repeated.into_iter().collect();
    keys(view, profile, reference, options, &copied, findings);
}

fn keys(
    view: &View,
    profile: &TableProfile,
    reference: Option<&Reference<'_>>,
    options: &CheckOptions<'_>,
    copied: &std::collections::HashSet<usize>,
    findings: &mut Vec<Finding>,
) {
    let told: Vec<&ViewColumn> = options.key.iter().filter_map(|name| view.column(name)).collect();
    let mut tried: Vec<Vec<&ViewColumn>> = Vec::new();
    if !told.is_empty() && told.len() == options.key.len() {
        tried.push(told);
    } else if view.rows >= 20 {
        for column in &view.columns {
            let Some(p) = profile.column(&column.name) else { continue };
            let values = profile.rows.saturating_sub(p.nulls);
            let unique_before =
                reference.and_then(|r| r.profile.column(&column.name).map(|c| (c, r.profile.rows))).is_some_and(
                    |(c, rows)| c.distinct == rows.saturating_sub(c.nulls) && rows >= 20 && !c.distinct_is_estimate,
                );
            let whole = column.numbers().is_none_or(|(_, whole)| whole);
            let named = named_like_an_id(&column.name);
            let first = view.columns.first().is_some_and(|f| f.name == column.name);
            let nearly = p.distinct as f64 >= 0.95 * values as f64 && p.nulls * 20 < profile.rows.max(1);
            let keylike = whole && column.times().is_none() && p.meaning != Meaning::Text;
            // Unique in the reference, and far more repeats now than chance would bring.
            let earlier_rows = reference.map_or(0, |r| r.view.rows);
            let repeats_now = values.saturating_sub(p.distinct) as f64;
            let by_chance = 4.0 * (view.rows as f64 / earlier_rows.max(1) as f64).powi(2);
            let unnamed = unique_before && nearly && earlier_rows >= 100 && repeats_now > by_chance;
            // A foreign key ends in id as well, but is not nearly unique.
            if keylike
                && (named && nearly && (first || p.distinct as f64 >= 0.98 * values as f64)
                    || unique_before && named
                    || unnamed
                    || first && coded(column) && p.distinct as f64 >= 0.97 * values as f64)
            {
                tried.push(vec![column]);
            }
        }
    }
    for columns in tried {
        let hashes = row_hashes(columns.iter().copied(), view.rows);
        let present = |row: &usize| columns.iter().all(|c| c.hashes.get(*row).is_some_and(|h| *h != 0));
        let rows: Vec<usize> =
            repeats(&hashes).into_iter().filter(present).filter(|row| !copied.contains(row)).collect();
        let names: Vec<&str> = columns.iter().map(|c| c.name.as_str()).collect();
        if !rows.is_empty() {
            let message = format!(
                "{} rows repeat a key of `{}` that is otherwise unique, with other values beside it.",
                grouped(rows.len()),
                names.join("`, `")
            );
            let advice =
                "Decide which row is right. Joins multiply such rows, and the same case lands in training and test.";
            findings.push(
                finding(FindingKind::DuplicateKeys, &names, Severity::Error, 0.93, message, advice).rows(view, rows),
            );
        } else if let [column] = columns.as_slice() {
            near(view, column, findings);
        }
    }
}

/// Whether nearly all texts of a column are codes of one length: letters and digits, no words.
fn coded(column: &ViewColumn) -> bool {
    let Some((_, words, _)) = column.texts() else { return false };
    let length = words.first().map_or(0, String::len);
    let code = |w: &String| {
        w.len() == length
            && w.bytes().any(|b| b.is_ascii_digit())
            && w.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_/.#".contains(&b))
    };
    // Short numbers, as zip codes are, meet by chance.
    let long = length >= 8 || words.iter().take(50).all(|w| w.bytes().any(|b| b.is_ascii_alphabetic()));
    words.len() >= 50 && long && words.iter().filter(|w| code(w)).count() * 100 >= words.len() * 97
}

/// Keys that are the same but for case, spaces and marks.
fn near(view: &View, column: &ViewColumn, findings: &mut Vec<Finding>) {
    let Some((codes, words, _)) = column.texts() else { return };
    let mut seen: HashMap<String, u32> = HashMap::new();
    let mut hits = Vec::new();
    for (row, code) in codes.iter().enumerate() {
        let Some(word) = words.get(*code as usize) else { continue };
        let plain: String = word.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
        if *seen.entry(plain).or_insert(*code) != *code {
            hits.push(row);
        }
    }
    if !hits.is_empty() && hits.len() * 10 < view.rows {
        let message =
            format!("{} keys of `{}` differ from another only by case, spaces or marks.", hits.len(), column.name);
        let advice =
            "They are probably the same case entered twice. Merge them before splitting into training and test.";
        findings.push(
            finding(FindingKind::NearDuplicateKeys, &[&column.name], Severity::Warn, 0.85, message, advice)
                .rows(view, hits),
        );
    }
}

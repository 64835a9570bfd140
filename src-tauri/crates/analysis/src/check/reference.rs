//! What changed against a table that is known to be good.

use std::collections::HashMap;

use proofmark_domain::check::{Finding, FindingKind, Severity};
use proofmark_domain::counts::grouped;
use proofmark_domain::profile::TableProfile;

use super::finding::{About, finding, percent};
use super::stats::{ks, sorted};
use super::view::{View, ViewColumn};
use crate::table::TableSource;

/// The table compared with.
pub struct Reference<'a> {
    /// Its values.
    pub view: &'a View,
    /// Its file.
    #[allow(dead_code, reason = "names the file in messages of later checks")]
    pub source: &'a TableSource,
    /// Its profile.
    pub profile: &'a TableProfile,
}

/// Compares each column with its reference, and the number of rows.
pub fn check(
    view: &View,
    profile: &TableProfile,
    earlier: &Reference<'_>,
    renamed: &HashMap<String, String>,
    findings: &mut Vec<Finding>,
) {
    row_count(profile, earlier.profile, findings);
    let later = later(view, earlier.view);
    for column in &view.columns {
        let name = renamed.get(&column.name).unwrap_or(&column.name);
        let (Some(then), Some(now_profile), Some(then_profile)) =
            (earlier.view.column(name), profile.column(&column.name), earlier.profile.column(name))
        else {
            continue;
        };
        nulls(view, column, (now_profile.nulls, profile.rows), (then_profile.nulls, earlier.profile.rows), findings);
        if !categories(view, column, then, later, findings) {
            distribution(view, column, then, later, findings);
        }
    }
}

fn row_count(now: &TableProfile, then: &TableProfile, findings: &mut Vec<Finding>) {
    if then.rows >= 100 && now.rows * 2 < then.rows && now.rows > 0 {
        let message = format!("{} rows; the reference has {}.", grouped(now.rows), grouped(then.rows));
        let advice = "Check whether a part is missing. A model trained on it may never see some groups.";
        findings.push(
            finding(
                FindingKind::RowCountDrop,
                &[],
                Severity::Warn,
                if now.rows * 4 < then.rows { 0.8 } else { 0.6 },
                message,
                advice,
            )
            .measure("rows", now.rows as f64, Some(then.rows as f64 / 2.0)),
        );
    }
}

fn nulls(view: &View, column: &ViewColumn, now: (u64, u64), then: (u64, u64), findings: &mut Vec<Finding>) {
    let (n, m) = (now.1.max(1) as f64, then.1.max(1) as f64);
    let (p, q) = (now.0 as f64 / n, then.0 as f64 / m);
    let pooled = (now.0 + then.0) as f64 / (n + m);
    let error = (pooled * (1.0 - pooled) * (1.0 / n + 1.0 / m)).sqrt();
    // Far beyond chance, and at least half as much again, and large enough to matter.
    if p - q > 5.0 * error && p - q > if q == 0.0 { 0.01 } else { 0.03 } && p > 1.5 * q && now.0 >= 5 && now.0 < now.1 {
        let message = format!(
            "`{}` lacks a value in {} of the rows; in the reference in {}.",
            column.name,
            percent(p),
            percent(q)
        );
        let advice = "Find the step that lost them. Imputed in their place, the mean is what a model will learn.";
        let rows = column.hashes.iter().enumerate().filter(|(_, h)| **h == 0).map(|(row, _)| row);
        findings.push(
            finding(FindingKind::NullSurge, &[&column.name], Severity::Error, 0.95, message, advice)
                .rows(view, rows)
                .measure("share without a value", p, Some((q + 5.0 * error).max(1.5 * q))),
        );
    }
}

/// Shares of each value.
fn shares(column: &ViewColumn) -> Option<HashMap<String, f64>> {
    if let Some((_, words, counts)) = column.texts() {
        let total = counts.iter().sum::<u64>().max(1) as f64;
        return Some(words.iter().zip(counts).map(|(w, c)| (w.clone(), *c as f64 / total)).collect());
    }
    let (values, whole) = column.numbers()?;
    let mut counts: HashMap<i64, u64> = HashMap::new();
    for value in values.iter().filter(|v| v.is_finite()) {
        if !whole || value.abs() > 1e9 {
            return None;
        }
        *counts.entry(*value as i64).or_default() += 1;
        if counts.len() > 30 {
            return None;
        }
    }
    let total = counts.values().sum::<u64>().max(1) as f64;
    Some(counts.into_iter().map(|(value, count)| (value.to_string(), count as f64 / total)).collect())
}

/// Category checks. True if the column was one.
fn categories(view: &View, column: &ViewColumn, then: &ViewColumn, later: bool, findings: &mut Vec<Finding>) -> bool {
    let (Some(now), Some(before)) = (shares(column), shares(then)) else { return column.texts().is_some() };
    if then.texts().is_some() && column.numbers().is_some() && numbered(view, column, &now, &before, findings) {
        return true;
    }
    let present = |c: &ViewColumn| c.hashes.iter().filter(|hash| **hash != 0).count() as f64;
    let (n, m) = (present(column), present(then));
    let text = column.texts().is_some();
    // Names and free text have new values every day.
    if before.len() > 200 || before.len() as f64 > 0.2 * m || m < 30.0 {
        return text;
    }
    // Remarks repeat, but are no categories.
    let long = before.keys().map(|word| word.chars().count()).sum::<usize>() > 20 * before.len();
    if long {
        return text;
    }
    let rare = before.values().filter(|share| **share * m < 4.0).count();
    let seldom = before.values().filter(|share| **share * m < 2.0).count();
    let new: Vec<&String> = now.keys().filter(|word| !before.contains_key(*word)).collect();
    let new_share: f64 = new.iter().filter_map(|word| now.get(*word)).sum();
    let lost: Vec<&String> = before.keys().filter(|word| !now.contains_key(*word)).collect();
    let lost_share: f64 = lost.iter().filter_map(|word| before.get(*word)).sum();
    // All codes are other ones, but they stand in the same proportions.
    if new_share > 0.6 && lost_share > 0.6 && new.len() >= 2 && new.len().abs_diff(lost.len()) <= 1 && text {
        let message = format!(
            "`{}` uses other codes than the reference: {} new ones in {} of the rows.",
            column.name,
            new.len(),
            percent(new_share)
        );
        findings.push(
            finding(FindingKind::CodeRemap, &[&column.name], Severity::Error, 0.85, message, REMAP)
                .rows(view, 0..view.rows),
        );
        return true;
    }
    if text && !new.is_empty() {
        // By Good and Turing, the chance of the unseen is the share of what was seen once.
        let expected = seldom.max(rare.div_ceil(2)) as f64 / m * n;
        let count = (new_share * n).round();
        // The chance that all rows of a word that both tables share fall into this one.
        let by_chance = (n / (n + m)).powf(count / new.len().max(1) as f64);
        if count >= 1.0 && count > 3.0 * expected && by_chance < 0.002 {
            let listed: Vec<String> =
                new.iter().take(5).map(|w| format!("\"{}\"", w.chars().take(30).collect::<String>())).collect();
            let message = format!(
                "`{}` holds {} in {} rows, which the reference never does.",
                column.name,
                listed.join(", "),
                grouped(count as u64)
            );
            let advice = "Find out what it means. A model that has never seen it ignores it or fails.";
            let words = column.texts().map(|(_, words, _)| words).unwrap_or_default();
            let rows = column.rows_with(|code| words.get(code as usize).is_some_and(|w| !before.contains_key(w)));
            findings.push(
                finding(FindingKind::UnseenCategory, &[&column.name], Severity::Warn, 0.85, message, advice)
                    .rows(view, rows)
                    .measure("share of new values", new_share, Some(3.0 * expected / n.max(1.0))),
            );
        }
    }
    // The same codes in other proportions that a renaming explains: one permutation, and all large shares agree again.
    let distance = 0.5
        * now
            .keys()
            .chain(before.keys().filter(|k| !now.contains_key(*k)))
            .map(|k| (now.get(k).unwrap_or(&0.0) - before.get(k).unwrap_or(&0.0)).abs())
            .sum::<f64>();
    let noise = ((before.len() as f64) / 4.0 * (1.0 / n.max(1.0) + 1.0 / m)).sqrt();
    if distance > 0.12 + 1.5 * noise && before.len() >= 2 && n >= 50.0 {
        let ranked = |map: &HashMap<String, f64>| {
            let mut all: Vec<f64> = map.values().copied().collect();
            all.sort_by(|a, b| b.total_cmp(a));
            all
        };
        let (a, b) = (ranked(&now), ranked(&before));
        let after: f64 = 0.5
            * (0..a.len().max(b.len()))
                .map(|i| (a.get(i).unwrap_or(&0.0) - b.get(i).unwrap_or(&0.0)).abs())
                .sum::<f64>();
        if after < 0.03 + noise && new_share < 0.05 && lost_share < 0.05 {
            let message = format!(
                "The codes of `{}` stand in each other's proportions: as if they had been given new meanings.",
                column.name
            );
            findings.push(
                finding(FindingKind::CodeRemap, &[&column.name], Severity::Error, 0.8, message, REMAP)
                    .rows(view, 0..view.rows)
                    .measure("distance of the proportions", distance, Some(0.12 + 1.5 * noise))
                    .measure("distance after renaming", after, Some(0.03 + noise)),
            );
        } else {
            changed(column, "total variation", distance, 0.12 + 1.5 * noise, later, findings);
        }
    }
    true
}

/// Words that became numbers one to one, told by their number and their shares.
fn numbered(
    view: &View,
    column: &ViewColumn,
    now: &HashMap<String, f64>,
    before: &HashMap<String, f64>,
    findings: &mut Vec<Finding>,
) -> bool {
    let ranked = |map: &HashMap<String, f64>| {
        let mut all: Vec<f64> = map.values().copied().collect();
        all.sort_by(|a, b| b.total_cmp(a));
        all
    };
    let (a, b) = (ranked(now), ranked(before));
    let apart: f64 = 0.5
        * (0..a.len().max(b.len())).map(|i| (a.get(i).unwrap_or(&0.0) - b.get(i).unwrap_or(&0.0)).abs()).sum::<f64>();
    if before.len() < 2 || before.len() > 60 || a.len().abs_diff(b.len()) > 1 + before.len() / 10 || apart > 0.15 {
        return false;
    }
    let message = format!(
        "`{}` holds {} numbers where the reference holds {} words in the same proportions: it was coded anew.",
        column.name,
        now.len(),
        before.len()
    );
    findings.push(
        finding(FindingKind::CodeRemap, &[&column.name], Severity::Error, 0.85, message, REMAP)
            .rows(view, 0..view.rows)
            .measure("distance of the proportions", apart, Some(0.15)),
    );
    true
}

const REMAP: &str = "Ask the source for its code list. A model reads every code with its old meaning.";

/// Whether the table goes on in time after its reference. Then it may be another season, and a change is only worth knowing.
fn later(view: &View, earlier: &View) -> bool {
    let last = |c: &ViewColumn| c.times().and_then(|ms| ms.iter().copied().filter(|v| *v != i64::MIN).max());
    view.columns.iter().any(|c| {
        let then = earlier.column(&c.name).and_then(last);
        matches!((last(c), then), (Some(now), Some(then)) if now > then + 86_400_000)
    })
}

fn changed(column: &ViewColumn, what: &str, distance: f64, limit: f64, later: bool, findings: &mut Vec<Finding>) {
    let message =
        format!("`{}` is distributed otherwise than in the reference ({what} distance {distance:.2}).", column.name);
    let advice = "Look at the drift report for the reason. A model trained on the reference may be off.";
    let severity = if later || distance < 1.25 * limit { Severity::Info } else { Severity::Warn };
    findings.push(finding(FindingKind::DistributionChange, &[&column.name], severity, 0.7, message, advice).measure(
        what,
        distance,
        Some(limit),
    ));
}

fn distribution(view: &View, column: &ViewColumn, then: &ViewColumn, later: bool, findings: &mut Vec<Finding>) {
    let (Some((now, _)), Some((before, _))) = (column.numbers(), then.numbers()) else { return };
    if super::super::profile::named_like_an_id(&column.name) || view.rows < 50 {
        return;
    }
    let (a, b) = (sorted(now.iter().copied()), sorted(before.iter().copied()));
    if a.len() < 50 || b.len() < 50 {
        return;
    }
    // A counter goes on counting.
    let ascending = |v: &[f64]| v.windows(2).all(|p| !matches!(p, [a, b] if a > b));
    if ascending(now) && ascending(before) {
        return;
    }
    let distance = ks(&a, &b);
    let limit = 0.2 + 1.63 * (1.0 / a.len() as f64 + 1.0 / b.len() as f64).sqrt();
    if distance > limit {
        changed(column, "Kolmogorov-Smirnov", distance, limit, later, findings);
    }
}

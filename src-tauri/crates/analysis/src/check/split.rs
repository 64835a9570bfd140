//! What leaks from the target into features, and from the test into the training data.

use std::collections::{HashMap, HashSet};

use proofmark_domain::check::{Finding, FindingKind, Severity};
use proofmark_domain::counts::grouped;

use super::CheckOptions;
use super::finding::{About, finding, percent};
use super::view::{View, ViewColumn};
use crate::profile::{mix, named_like_an_id};
use crate::table::TableError;

/// All checks that need a target or a test table.
pub fn check(
    view: &View,
    target: Option<&ViewColumn>,
    options: &CheckOptions<'_>,
    cancel: &dyn Fn() -> bool,
    findings: &mut Vec<Finding>,
) -> Result<(), TableError> {
    if let Some(target) = target {
        for column in view.columns.iter().filter(|c| c.name != target.name) {
            leak(view, column, target, findings);
        }
    }
    if let Some(source) = options.test {
        let test = View::load(source, cancel)?;
        overlap(view, &test, findings);
    }
    Ok(())
}

/// Hashes of the columns that both tables have, per row.
fn shared_hashes(view: &View, other: &View) -> Vec<u64> {
    let mut out = vec![0u64; view.rows];
    for (position, column) in
        view.columns.iter().filter(|c| other.column(&c.name).is_some() && !named_like_an_id(&c.name)).enumerate()
    {
        let salt = mix(position as u64 + 1);
        for (slot, hash) in out.iter_mut().zip(&column.hashes) {
            *slot = mix(*slot ^ salt).wrapping_add(mix(hash ^ salt));
        }
    }
    out
}

fn overlap(train: &View, test: &View, findings: &mut Vec<Finding>) {
    let own = shared_hashes(train, test);
    let mut ordered_test = vec![0u64; test.rows];
    for (position, column) in
        train.columns.iter().filter(|c| !named_like_an_id(&c.name)).filter_map(|c| test.column(&c.name)).enumerate()
    {
        let salt = mix(position as u64 + 1);
        for (slot, hash) in ordered_test.iter_mut().zip(&column.hashes) {
            *slot = mix(*slot ^ salt).wrapping_add(mix(hash ^ salt));
        }
    }
    let tested: HashSet<u64> = ordered_test.iter().copied().collect();
    // Rows that repeat within one table are common rows; meeting them in the other is chance.
    let within = own.len() - own.iter().collect::<HashSet<_>>().len();
    let rows: Vec<usize> =
        own.iter().enumerate().filter(|(_, hash)| tested.contains(hash)).map(|(row, _)| row).collect();
    let share = rows.len() as f64 / test.rows.max(1) as f64;
    if !rows.is_empty() && rows.len() > 2 * within && share > 0.002 {
        let message =
            format!("{} rows stand in the test table as well ({} of it).", grouped(rows.len()), percent(share));
        let advice = "Remove them from one of the two. The test otherwise measures memory, not skill.";
        findings.push(
            finding(FindingKind::TrainTestOverlap, &[], Severity::Error, 0.95, message, advice)
                .rows(train, rows)
                .measure("share of the test table", share, Some(0.002)),
        );
    }
    for column in train.columns.iter().filter(|c| named_like_an_id(&c.name) || unlike(c)) {
        let Some(other) = test.column(&column.name) else { continue };
        shared_keys(train, column, other, findings);
    }
}

/// Whether nearly all values of a column that is no measurement differ: it names rows, whatever it is called.
fn unlike(column: &ViewColumn) -> bool {
    let measured = column.numbers().is_some_and(|(_, whole)| !whole) || column.times().is_some();
    let distinct: HashSet<u64> = column.hashes.iter().copied().filter(|h| *h != 0).collect();
    !measured && column.hashes.len() >= 50 && distinct.len() * 100 >= column.hashes.len() * 99
}

/// Cases that stand on both sides under one name.
fn shared_keys(train: &View, column: &ViewColumn, other: &ViewColumn, findings: &mut Vec<Finding>) {
    let known: HashSet<u64> = other.hashes.iter().copied().filter(|h| *h != 0).collect();
    let distinct: HashSet<u64> = column.hashes.iter().copied().filter(|h| *h != 0).collect();
    // Only keys: a code for a shop or a product belongs in both.
    let unique = distinct.len() * 100 >= train.rows * 95 && known.len() * 100 >= other.hashes.len() * 95;
    let both: Vec<usize> =
        column.hashes.iter().enumerate().filter(|(_, h)| known.contains(h)).map(|(row, _)| row).collect();
    // Two tables that each count their rows from 0 or 1 share all numbers.
    let counted = column.numbers().is_some_and(|(v, _)| v.first().is_some_and(|v| *v <= 1.0));
    // Whole numbers drawn from a narrow range meet by chance.
    let by_chance = column.numbers().map_or(0.0, |(values, _)| {
        let range = |v: &[f64]| {
            v.iter().copied().filter(|v| v.is_finite()).fold((f64::MAX, f64::MIN), |(a, b), v| (a.min(v), b.max(v)))
        };
        let ((a, b), (c, d)) = (range(values), other.numbers().map_or((0.0, 0.0), |(v, _)| range(v)));
        distinct.len() as f64 * known.len() as f64 / (b.max(d) - a.min(c)).max(1.0)
    });
    let overlaps = findings.iter().any(|f| f.kind == FindingKind::TrainTestOverlap);
    if !unique || both.is_empty() || counted || overlaps || both.len() as f64 <= 3.0 * by_chance + 1.0 {
        return;
    }
    let message = format!(
        "{} keys of `{}` stand in the test table as well ({} of it), under other values.",
        both.len(),
        column.name,
        percent(both.len() as f64 / other.hashes.len().max(1) as f64)
    );
    let advice = "Keep all rows of one case on one side. The test otherwise measures memory, not skill.";
    findings.push(
        finding(FindingKind::IdentifierLeakage, &[&column.name], Severity::Error, 0.85, message, advice)
            .rows(train, both),
    );
}

/// A feature that all but gives the target away.
fn leak(view: &View, column: &ViewColumn, target: &ViewColumn, findings: &mut Vec<Finding>) {
    let classes: HashSet<u64> = target.hashes.iter().copied().filter(|h| *h != 0).collect();
    let both: Vec<(u64, u64)> =
        column.hashes.iter().copied().zip(target.hashes.iter().copied()).filter(|(a, b)| *a != 0 && *b != 0).collect();
    if both.len() < 50 || classes.len() < 2 {
        return;
    }
    let distinct = both.iter().map(|(a, _)| a).collect::<HashSet<_>>().len();
    let say = |what: String, confidence: f64, findings: &mut Vec<Finding>| {
        let message = format!("`{}` all but gives `{}` away: {what}.", column.name, target.name);
        let advice = "Leave it out unless it is known before the prediction is made. The model otherwise looks perfect and fails in use.";
        findings.push(
            finding(FindingKind::TargetLeakage, &[&column.name], Severity::Error, confidence, message, advice)
                .rows(view, 0..0),
        );
    };
    let numeric_target = target.numbers().filter(|_| classes.len() > 20);
    if let (Some((x, _)), Some((y, _))) = (column.numbers(), numeric_target) {
        let r = correlation(x, y);
        if r.abs() > 0.999 {
            say(format!("their correlation is {r:.5}"), 0.9, findings);
        }
        return;
    }
    if classes.len() > 20 || numeric_target.is_some() {
        return;
    }
    if let (Some((x, _)), true) = (column.numbers(), distinct > 20) {
        // Each class has its own stretch of the numbers.
        let mut line: Vec<(f64, u64)> =
            x.iter().copied().zip(target.hashes.iter().copied()).filter(|(v, h)| v.is_finite() && *h != 0).collect();
        line.sort_by(|a, b| a.0.total_cmp(&b.0));
        let changes = line.windows(2).filter(|p| matches!(p, [a, b] if a.1 != b.1)).count();
        if changes < classes.len() && line.len() >= 100 {
            let is_id = named_like_an_id(&column.name) || unlike(column);
            if is_id {
                let message = format!(
                    "`{}` names rows, and yet its order separates the classes of `{}`.",
                    column.name, target.name
                );
                let advice = "Leave it out and shuffle the rows. The model otherwise learns the order of the file.";
                findings.push(finding(
                    FindingKind::IdentifierLeakage,
                    &[&column.name],
                    Severity::Error,
                    0.85,
                    message,
                    advice,
                ));
            } else if !others_tell(view, column, target) {
                say("cuts through its values separate the classes without a mistake".to_owned(), 0.85, findings);
            }
        } else if let Some(right) = best_cut(&line)
            && right > 0.995
            && line.len() >= 100
            && !others_tell(view, column, target)
        {
            say(format!("one cut through its values tells {} of the rows right", percent(right)), 0.8, findings);
        }
        return;
    }
    if distinct * 10 > both.len() || distinct < 2 || named_like_an_id(&column.name) {
        return;
    }
    let mut votes: HashMap<u64, HashMap<u64, usize>> = HashMap::new();
    let mut overall: HashMap<u64, usize> = HashMap::new();
    for (value, class) in &both {
        *votes.entry(*value).or_default().entry(*class).or_default() += 1;
        *overall.entry(*class).or_default() += 1;
    }
    let right: usize = votes.values().filter_map(|classes| classes.values().max()).sum();
    let base = overall.values().max().copied().unwrap_or(0);
    let accuracy = right as f64 / both.len() as f64;
    if accuracy > 0.995 && (base as f64) < 0.95 * both.len() as f64 {
        say(format!("knowing it, {} of the rows are told right", percent(accuracy)), 0.85, findings);
    }
}

/// Whether another number tells two classes nearly as well: then they lie far apart by nature.
fn others_tell(view: &View, column: &ViewColumn, target: &ViewColumn) -> bool {
    view.columns.iter().filter(|c| c.name != column.name && c.name != target.name && !named_like_an_id(&c.name)).any(
        |c| {
            let Some((values, _)) = c.numbers() else { return false };
            let mut line: Vec<(f64, u64)> = values
                .iter()
                .copied()
                .zip(target.hashes.iter().copied())
                .filter(|(v, h)| v.is_finite() && *h != 0)
                .collect();
            line.sort_by(|a, b| a.0.total_cmp(&b.0));
            best_cut(&line).is_some_and(|right| right > 0.93 && right < 1.0)
        },
    )
}

/// Share of rows that the best single cut tells right, for two classes of which the smaller has a twentieth of the rows at least.
fn best_cut(line: &[(f64, u64)]) -> Option<f64> {
    let first = line.first()?.1;
    let n = line.len();
    let of_first = line.iter().filter(|(_, class)| *class == first).count();
    let second = line.iter().find(|(_, class)| *class != first)?.1;
    if line.iter().any(|(_, class)| *class != first && *class != second) || of_first.min(n - of_first) * 20 < n {
        return None;
    }
    let (mut left, mut best) = (0usize, 0usize);
    for (at, (value, class)) in line.iter().enumerate() {
        left += usize::from(*class == first);
        // A cut cannot part equal values.
        if line.get(at + 1).is_some_and(|(next, _)| next == value) {
            continue;
        }
        let right_seconds = (n - at - 1) - (of_first - left);
        let correct = left + right_seconds;
        best = best.max(correct).max(n - correct);
    }
    Some(best as f64 / n as f64)
}

fn correlation(x: &[f64], y: &[f64]) -> f64 {
    let both: Vec<(f64, f64)> =
        x.iter().copied().zip(y.iter().copied()).filter(|(a, b)| a.is_finite() && b.is_finite()).collect();
    let n = both.len() as f64;
    let (mx, my) = (both.iter().map(|p| p.0).sum::<f64>() / n, both.iter().map(|p| p.1).sum::<f64>() / n);
    let (mut xy, mut xx, mut yy) = (0.0, 0.0, 0.0);
    for (a, b) in &both {
        xy += (a - mx) * (b - my);
        xx += (a - mx).powi(2);
        yy += (b - my).powi(2);
    }
    if xx == 0.0 || yy == 0.0 { 0.0 } else { xy / (xx * yy).sqrt() }
}

//! Labels that contradict each other, or contradict what everything else about their rows says.

use std::collections::HashMap;

use proofmark_domain::check::{Finding, FindingKind, Severity};
use proofmark_domain::counts::grouped;

use super::finding::{About, finding, percent};
use super::reference::Reference;
use super::rows::row_hashes;
use super::stats::{quantile, sorted};
use super::view::{View, ViewColumn};
use crate::profile::named_like_an_id;
use crate::table::TableError;

/// Rows whose neighbours are looked for at most; a larger table is thinned out evenly.
const ROWS: usize = 3000;
/// Neighbours asked about each row.
const NEIGHBOURS: usize = 15;

/// Both checks of labels.
pub fn check(
    view: &View,
    target: &ViewColumn,
    key: &[String],
    reference: Option<&Reference<'_>>,
    cancel: &dyn Fn() -> bool,
    findings: &mut Vec<Finding>,
) -> Result<(), TableError> {
    let classes = target.spread().distinct;
    if !(2..=50).contains(&classes) {
        return Ok(());
    }
    conflicts(view, target, key, findings);
    noise(view, target, key, reference, cancel, findings)
}

fn features<'a>(view: &'a View, target: &str, key: &'a [String]) -> impl Iterator<Item = &'a ViewColumn> + Clone {
    let target = target.to_owned();
    view.columns
        .iter()
        .filter(move |c| c.name != target && !key.contains(&c.name) && !named_like_an_id(&c.name) && !names_rows(c))
}

/// Whether nearly every row has its own value, as numbers of accounts do; measured quantities have too, and are none.
fn names_rows(column: &ViewColumn) -> bool {
    let measured =
        column.numbers().is_some_and(|(values, whole)| !whole && !values.is_empty()) || column.times().is_some();
    !measured && {
        let spread = column.spread();
        spread.present > 20 && spread.distinct * 100 > spread.present * 98
    }
}

/// Rows that agree in everything but the label.
fn conflicts(view: &View, target: &ViewColumn, key: &[String], findings: &mut Vec<Finding>) {
    let features = features(view, &target.name, key);
    let hashes = row_hashes(features.clone(), view.rows);
    let values = |c: &ViewColumn| c.spread().distinct + usize::from(c.spread().present < c.hashes.len());
    let possible: f64 = features.map(|c| (values(c).max(1) as f64).ln()).sum();
    if possible < 2.0 * (view.rows.max(2) as f64).ln() {
        return; // Few possible rows: equal features with other labels are ordinary noise.
    }
    let mut first: HashMap<u64, u64> = HashMap::new();
    let rows: Vec<usize> = hashes
        .iter()
        .zip(&target.hashes)
        .enumerate()
        .filter(|(_, (hash, label))| **label != 0 && *first.entry(**hash).or_insert(**label) != **label)
        .map(|(row, _)| row)
        .collect();
    if !rows.is_empty() {
        let name = &target.name;
        let message =
            format!("{} rows have the same features as another row, but another `{name}`.", grouped(rows.len()));
        let advice = "Decide which label is right. No model can learn both.";
        findings.push(
            finding(FindingKind::ConflictingLabels, &[name], Severity::Warn, 0.9, message, advice).rows(view, rows),
        );
    }
}

/// What the neighbours of rows say about their labels.
struct Opinion {
    /// Rows that were asked about.
    asked: usize,
    /// Mean over the classes of the share whose label the neighbours would have given: 0.5 is guessing between two.
    balanced: f64,
    /// Rows whose neighbours all but agree on another label.
    contradicted: Vec<usize>,
}

/// k-nearest-neighbour votes over robustly scaled numbers and categories.
fn opinion(
    view: &View,
    target: &ViewColumn,
    key: &[String],
    cancel: &dyn Fn() -> bool,
) -> Result<Option<Opinion>, TableError> {
    let step = view.rows.div_ceil(ROWS).max(1);
    let rows: Vec<usize> =
        (0..view.rows).step_by(step).filter(|row| target.hashes.get(*row).is_some_and(|h| *h != 0)).collect();
    if rows.len() < 60 {
        return Ok(None);
    }
    let mut columns: Vec<Vec<f64>> = Vec::new();
    let mut codes: Vec<Vec<u64>> = Vec::new();
    for column in features(view, &target.name, key).take(200) {
        if let Some((values, _)) = column.numbers() {
            let all = sorted(values.iter().copied());
            let (middle, spread) = (quantile(&all, 0.5), (quantile(&all, 0.9) - quantile(&all, 0.1)) / 2.563);
            if spread > 0.0 {
                let scaled = |row: &usize| {
                    values.get(*row).filter(|v| v.is_finite()).map_or(0.0, |v| ((v - middle) / spread).clamp(-4.0, 4.0))
                };
                columns.push(rows.iter().map(scaled).collect());
            }
        } else if column.times().is_none() {
            let spread = column.spread();
            let few = spread.distinct + usize::from(spread.present < column.hashes.len()) <= 30;
            if few {
                codes.push(rows.iter().map(|row| column.hashes.get(*row).copied().unwrap_or(0)).collect());
            }
        }
    }
    if columns.len() + codes.len() < 2 {
        return Ok(None);
    }
    let label: Vec<u64> = rows.iter().map(|row| target.hashes.get(*row).copied().unwrap_or(0)).collect();
    let mut sizes: HashMap<u64, usize> = HashMap::new();
    label.iter().for_each(|l| *sizes.entry(*l).or_default() += 1);
    let mut right: HashMap<u64, usize> = HashMap::new();
    let mut contradicted = Vec::new();
    let mut distance = vec![0f64; rows.len()];
    for (i, own) in label.iter().enumerate() {
        if i % 64 == 0 && cancel() {
            return Err(TableError::Cancelled);
        }
        distance.iter_mut().for_each(|d| *d = 0.0);
        for column in &columns {
            let here = column.get(i).copied().unwrap_or(0.0);
            distance.iter_mut().zip(column).for_each(|(d, v)| *d += (v - here) * (v - here));
        }
        for column in &codes {
            let here = column.get(i).copied().unwrap_or(0);
            distance.iter_mut().zip(column).for_each(|(d, v)| *d += if *v == here { 0.0 } else { 1.0 });
        }
        if let Some(slot) = distance.get_mut(i) {
            *slot = f64::INFINITY;
        }
        let mut order: Vec<u32> = (0..rows.len() as u32).collect();
        let near = NEIGHBOURS.min(rows.len() - 1);
        let at = |k: &u32| distance.get(*k as usize).copied().unwrap_or(f64::INFINITY);
        order.select_nth_unstable_by(near - 1, |a, b| at(a).total_cmp(&at(b)));
        let mut votes: HashMap<u64, usize> = HashMap::new();
        for k in order.iter().take(near) {
            *votes.entry(label.get(*k as usize).copied().unwrap_or(0)).or_default() += 1;
        }
        let Some((winner, most)) = votes.iter().max_by_key(|(class, n)| (**n, **class)) else { continue };
        if winner == own {
            *right.entry(*own).or_default() += 1;
        } else if most * 10 >= near * 7 && votes.get(own).copied().unwrap_or(0) * 5 <= near {
            contradicted.extend(rows.get(i));
        }
    }
    let recalls = sizes.iter().map(|(class, n)| right.get(class).copied().unwrap_or(0) as f64 / *n as f64);
    Ok(Some(Opinion { asked: rows.len(), balanced: recalls.sum::<f64>() / sizes.len().max(1) as f64, contradicted }))
}

/// Labels that the neighbours of their rows contradict, where neighbours are right about every class otherwise.
///
/// The idea of confident learning (Northcutt, Jiang and Chuang 2021) with nearest neighbours as the model: where features hardly tell
/// the classes apart, disagreement is no sign of a wrong label, and nothing is said.
fn noise(
    view: &View,
    target: &ViewColumn,
    key: &[String],
    reference: Option<&Reference<'_>>,
    cancel: &dyn Fn() -> bool,
    findings: &mut Vec<Finding>,
) -> Result<(), TableError> {
    let Some(now) = opinion(view, target, key, cancel)? else { return Ok(()) };
    let share = now.contradicted.len() as f64 / now.asked as f64;
    let before = match reference.and_then(|r| Some((r, r.view.column(&target.name)?))) {
        Some((r, earlier)) => opinion(r.view, earlier, key, cancel)?,
        None => None,
    };
    let limit = match &before {
        Some(before) => 2.0 * before.contradicted.len() as f64 / before.asked as f64 + 0.02,
        None => 0.045,
    };
    if now.balanced < 0.72 || share <= limit || now.contradicted.len() < if before.is_some() { 6 } else { 9 } {
        return Ok(());
    }
    let name = &target.name;
    let message = format!(
        "{} of the rows carry a `{name}` that nearly all rows like them contradict, though rows alike agree in {} of the cases.",
        percent(share),
        percent(now.balanced)
    );
    let advice =
        "Have these labels looked at again. A model learns the mistakes, and a test set with them measures nothing.";
    let mut found = finding(FindingKind::LabelNoise, &[name], Severity::Warn, 0.8, message, advice)
        .rows(view, now.contradicted.iter().copied())
        .measure("share of contradicted labels", share, Some(limit))
        .measure("balanced agreement of neighbours", now.balanced, Some(0.72));
    // From a part of the rows, the count of all is an estimate.
    found.affected_ratio = share;
    found.affected_rows = (share * view.total_rows as f64).round() as u64;
    findings.push(found);
    Ok(())
}

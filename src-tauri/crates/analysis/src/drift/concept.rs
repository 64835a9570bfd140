//! Whether the relation between features and target changed: P(y|x), not only P(x).
//!
//! Two models of equal size and equal training rows learn the target, one from the reference and one from the current table. On held-out
//! current rows the current model must beat the reference's, and on held-out reference rows the reference's must beat the current one:
//! only then does each world have its own relation. Rows on which the domain classifier is nearly sure are not used, because there one of
//! the models has never seen the like and its loss says nothing about the relation.

use std::sync::atomic::Ordering;

use proofmark_domain::counts::grouped;
use proofmark_domain::drift::{ConceptDrift, DriftVerdict};

use super::column::short;
use super::columns::MISSING;
use super::joint::Rows;
use super::joint::features::Picked;
use super::joint::forest::{Forest, Size};
use super::random::{Random, mix};
use super::statistics::{Z95, normal_upper_tail, quantile_sorted};
use super::{DriftError, DriftOptions, work};

const FOLDS: usize = 4;
/// Fewest rows of each table with a target, in the overlap.
const FEWEST: usize = 200;
/// Tolerated loss, as a share of the target's variance.
const TOLERATED: f64 = 0.02;
/// Log-odds beyond which a row counts as of one table only; both models' log-odds are added up, so 4 is about 88 % from each.
const OVERLAP: f64 = 4.0;
const MAX_CLASSES: usize = 5;

fn answer(verdict: DriftVerdict, why: String) -> ConceptDrift {
    ConceptDrift { verdict, why }
}

/// A target as columns of numbers: itself, or one column of 0 and 1 per frequent class. None where it is missing.
fn encode(target: &Picked, picked: &[usize]) -> (Vec<Vec<f32>>, Vec<bool>) {
    match target {
        Picked::Numbers(values) => {
            let values: Vec<f64> = picked.iter().map(|r| values.get(*r).copied().unwrap_or(f64::NAN)).collect();
            let mut sorted: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
            sorted.sort_unstable_by(f64::total_cmp);
            let (low, high) = (quantile_sorted(&sorted, 0.005), quantile_sorted(&sorted, 0.995));
            let (low, high) =
                if low < high { (low, high) } else { (quantile_sorted(&sorted, 0.0), quantile_sorted(&sorted, 1.0)) };
            let width = high / 2.0 - low / 2.0;
            let scaled = |v: &f64| {
                let share = (v.clamp(low.min(high), high.max(low)) / 2.0 - low / 2.0) / width;
                if share.is_finite() { share as f32 } else { 0.0 }
            };
            let usable = values.iter().map(|v| v.is_finite()).collect();
            if sorted.is_empty() || width.is_nan() || width <= 0.0 {
                return (Vec::new(), usable);
            }
            (vec![values.iter().map(scaled).collect()], usable)
        }
        Picked::Categories { codes, .. } => {
            let codes: Vec<u32> = picked.iter().map(|r| codes.get(*r).copied().unwrap_or(MISSING)).collect();
            let mut counts = std::collections::BTreeMap::new();
            for code in codes.iter().filter(|c| **c != MISSING) {
                *counts.entry(*code).or_insert(0usize) += 1;
            }
            let mut order: Vec<(usize, u32)> = counts.into_iter().map(|(code, count)| (count, code)).collect();
            order.sort_by_key(|(count, code)| (std::cmp::Reverse(*count), *code));
            let usable = codes.iter().map(|c| *c != MISSING).collect();
            // One of two classes says all about the other.
            let kept = if order.len() == 2 { 1 } else { order.len().min(MAX_CLASSES) };
            if order.len() < 2 {
                return (Vec::new(), usable);
            }
            let one = |class: u32| codes.iter().map(|c| f32::from(u8::from(*c == class))).collect();
            (order.into_iter().take(kept).map(|(_, class)| one(class)).collect(), usable)
        }
    }
}

/// Share or mean absolute error of the predictions per table, in words, where both columns are of one kind.
fn performance(target: &Picked, prediction: &Picked, rows: &Rows) -> Option<String> {
    let losses: Vec<f64> = match (target, prediction) {
        (Picked::Numbers(y), Picked::Numbers(p)) => y.iter().zip(p).map(|(y, p)| (y - p).abs()).collect(),
        (Picked::Categories { names: a, codes: y }, Picked::Categories { names: b, codes: p }) => {
            let name = |names: &[String], code: u32| names.get(code as usize).map(|n| n.trim().to_lowercase());
            let equal = |(y, p): (&u32, &u32)| match (name(a, *y), name(b, *p)) {
                (Some(y), Some(p)) => f64::from(u8::from(y == p)),
                _ => f64::NAN,
            };
            y.iter().zip(p).map(equal).collect()
        }
        _ => return None,
    };
    let side = |current: bool| -> Vec<f64> {
        let of = rows.picked.iter().zip(&rows.is_current).filter(|(_, c)| **c == current);
        of.filter_map(|(r, _)| losses.get(*r).copied()).filter(|l| l.is_finite()).collect()
    };
    let (a, b) = (mean_and_error(&side(false))?, mean_and_error(&side(true))?);
    let label = if matches!(target, Picked::Numbers(_)) { "mean absolute error" } else { "accuracy" };
    Some(format!(
        "the {label} of the predictions went from {} to {} (difference {} to {} with 95 %)",
        short(a.0),
        short(b.0),
        short(b.0 - a.0 - Z95 * a.1.hypot(b.1)),
        short(b.0 - a.0 + Z95 * a.1.hypot(b.1)),
    ))
}

fn mean_and_error(values: &[f64]) -> Option<(f64, f64)> {
    let n = values.len() as f64;
    if values.len() < 2 {
        return None;
    }
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0);
    Some((mean, (variance / n).sqrt()))
}

/// Tests the relation. `scores` are the domain classifier's out-of-fold log-odds.
#[allow(clippy::too_many_arguments)]
pub(super) fn relation(
    name: &str,
    target: Option<&Picked>,
    prediction: Option<&Picked>,
    rows: &Rows,
    scores: Option<&[f64]>,
    options: &DriftOptions,
    cancel: &dyn Fn() -> bool,
    progress: &mut dyn FnMut(f64),
) -> Result<ConceptDrift, DriftError> {
    let tell = |why: String| Ok(answer(DriftVerdict::CannotTell, why));
    let Some(target) = target else {
        return tell(format!(
            "the target \"{name}\" stands in one table only, or cannot be read as numbers or categories"
        ));
    };
    let told = prediction.and_then(|p| performance(target, p, rows)).map_or_else(String::new, |p| format!("; {p}"));
    let (columns, usable) = encode(target, &rows.picked);
    if columns.is_empty() {
        return tell(format!("the target \"{name}\" holds one value only"));
    }
    let Some(scores) = scores else {
        return tell(format!("too few rows or columns to learn the relation to \"{name}\"{told}"));
    };
    let common: Vec<usize> = (0..usable.len()).filter(|r| usable[*r] && scores[*r].abs() <= OVERLAP).collect();
    let all: Vec<usize> = (0..usable.len()).filter(|r| usable[*r]).collect();
    let count = |list: &[usize], current: bool| list.iter().filter(|r| rows.is_current[**r] == current).count();
    let (n, m) = (count(&common, false), count(&common, true));
    if n < FEWEST || m < FEWEST {
        let known = (count(&all, false), count(&all, true));
        let why = format!(
            "only {} and {} rows with a known \"{name}\" lie where both tables have rows (of {} and {}); {FEWEST} of each are needed to \
             tell a change of the relation from a change of the features{told}",
            grouped(n),
            grouped(m),
            grouped(known.0),
            grouped(known.1)
        );
        return tell(why);
    }
    for (current, which) in [(false, "the reference"), (true, "the current table")] {
        let side: Vec<usize> = all.iter().copied().filter(|r| rows.is_current[*r] == current).collect();
        if columns.iter().map(|column| spread(column, &side)).sum::<f64>() <= 0.0 {
            return tell(format!(
                "the target \"{name}\" is the same in every row of {which}, so there is no relation to compare; was it filled in?{told}"
            ));
        }
    }
    let folds = rows.folds(&mut Random::new(mix(options.seed ^ 0xc0)));
    let pieces = FOLDS * columns.len();
    let losses = work::each(pieces, cancel, &mut |share, _, _| progress(share), |piece, stop| {
        let (fold, column) = (piece % FOLDS, &columns[piece / FOLDS]);
        let mut random = Random::new(mix(options.seed ^ 0xc1 ^ piece as u64));
        // `rows.folds` makes five folds; the last two are held out together.
        let held = |row: usize| folds[row].min(FOLDS - 1) == fold;
        let side = |current: bool| -> Vec<usize> {
            common.iter().copied().filter(|r| rows.is_current[*r] == current && !held(*r)).collect()
        };
        let (a, b) = (side(false), side(true));
        let rows_each = a.len().min(b.len());
        let mut grow = |from: &[usize]| {
            let chosen: Vec<usize> = random.sample(from.len(), rows_each).into_iter().map(|i| from[i]).collect();
            let size = Size { trees: 60, depth: 8, leaf: (chosen.len() / 200).clamp(5, 30) };
            Forest::fit(&rows.features, &chosen, column, size, &mut random, &|| stop.load(Ordering::Relaxed))
        };
        let (of_reference, of_current) = (grow(&a), grow(&b));
        let loss =
            |forest: &Forest, row: usize| (forest.predict(&rows.features, |_| row) - f64::from(column[row])).powi(2);
        let test = common.iter().copied().filter(|r| held(*r));
        test.map(|r| (r, loss(&of_reference, r), loss(&of_current, r))).collect::<Vec<_>>()
    })?;
    let mut gains = vec![0.0; usable.len()];
    for (row, by_reference, by_current) in losses.into_iter().flatten() {
        gains[row] += if rows.is_current[row] { by_reference - by_current } else { by_current - by_reference };
    }
    let variance: f64 = columns.iter().map(|column| spread(column, &common)).sum();
    if variance.is_nan() || variance <= 0.0 {
        return tell(format!("the target \"{name}\" holds one value only where both tables have rows"));
    }
    let gain = |current: bool| {
        let side = common.iter().filter(|r| rows.is_current[**r] == current);
        mean_and_error(&side.map(|r| gains[*r] / variance).collect::<Vec<f64>>())
    };
    let (Some(on_reference), Some(on_current)) = (gain(false), gain(true)) else {
        return tell(format!("too few rows to learn the relation to \"{name}\"{told}"));
    };
    let weaker = if on_reference.0 - Z95 * on_reference.1 < on_current.0 - Z95 * on_current.1 {
        on_reference
    } else {
        on_current
    };
    let (low, high) = (weaker.0 - Z95 * weaker.1, weaker.0 + Z95 * weaker.1);
    let p = normal_upper_tail(weaker.0 / weaker.1.max(f64::MIN_POSITIVE));
    let numbers = format!(
        "a model learnt in the other table loses {:.1} % of the variance of \"{name}\", 95 % interval {:.1} to {:.1} %, tolerated {:.0} %",
        weaker.0 * 100.0,
        low * 100.0,
        high * 100.0,
        TOLERATED * 100.0
    );
    Ok(if low > TOLERATED && p < options.alpha_joint() {
        answer(
            DriftVerdict::Drift,
            format!("the relation between the features and \"{name}\" changed: {numbers}{told}"),
        )
    } else if high <= TOLERATED || (p >= options.alpha_joint() && high - low <= 0.1) {
        answer(
            DriftVerdict::NoDrift,
            format!("the relation between the features and \"{name}\" holds: {numbers}{told}"),
        )
    } else {
        answer(
            DriftVerdict::CannotTell,
            format!("too few rows to tell whether the relation to \"{name}\" changed: {numbers}{told}"),
        )
    })
}

fn spread(column: &[f32], rows: &[usize]) -> f64 {
    let n = rows.len().max(1) as f64;
    let mean = rows.iter().map(|r| f64::from(column[*r])).sum::<f64>() / n;
    rows.iter().map(|r| (f64::from(column[*r]) - mean).powi(2)).sum::<f64>() / n
}

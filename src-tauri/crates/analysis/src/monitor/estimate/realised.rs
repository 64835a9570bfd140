//! Performance measured from labels, with 95 % intervals, and the sampling error of each metric.

use std::collections::BTreeMap;

use proofmark_domain::monitor::Realised;

use super::super::kept::{Kept, Task};
use crate::drift::statistics::{Z95, delong};

/// Standard error of a metric at one row that is relevant to it, and the share of rows that are: at n rows the error is
/// `std / sqrt(n * share)`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::monitor) struct Spread {
    pub(in crate::monitor) std: f64,
    pub(in crate::monitor) share: f64,
}

impl Spread {
    /// The standard error at `n` rows.
    pub(in crate::monitor) fn at(self, n: usize) -> f64 {
        self.std / (n as f64 * self.share).sqrt()
    }
}

/// A metric with what its error follows from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::monitor) struct Measured {
    pub(in crate::monitor) value: f64,
    pub(in crate::monitor) spread: Spread,
    /// Rows that it was measured on.
    pub(in crate::monitor) rows: usize,
}

/// Wilson's interval of a share (Wilson 1927).
pub(in crate::monitor) fn wilson(share: f64, n: f64) -> (f64, f64) {
    if n <= 0.0 {
        return (0.0, 1.0);
    }
    let z2 = Z95 * Z95;
    let middle = (share + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = Z95 / (1.0 + z2 / n) * (share * (1.0 - share) / n + z2 / (4.0 * n * n)).sqrt();
    ((middle - half).max(0.0), (middle + half).min(1.0))
}

fn moments(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    (mean, (values.iter().map(|it| (it - mean).powi(2)).sum::<f64>() / n).sqrt())
}

/// All metrics over the rows with a label.
pub(in crate::monitor) fn measure(task: &Task, kept: &Kept) -> BTreeMap<String, Measured> {
    let rows: Vec<usize> =
        (0..kept.len()).filter(|it| !kept.label[*it].is_nan() && !kept.prediction[*it].is_nan()).collect();
    if rows.is_empty() {
        return BTreeMap::new();
    }
    match task {
        Task::Numbers => numbers(kept, &rows),
        Task::Classes { names, scores } => classes(task, names.len(), scores, kept, &rows),
    }
}

fn numbers(kept: &Kept, rows: &[usize]) -> BTreeMap<String, Measured> {
    let errors: Vec<f64> =
        rows.iter().map(|it| kept.prediction[*it] - kept.label[*it]).filter(|it| it.is_finite()).collect();
    let absolute: Vec<f64> = errors.iter().map(|it| it.abs()).collect();
    let squared: Vec<f64> = errors.iter().map(|it| it * it).collect();
    let mut found = BTreeMap::new();
    if errors.is_empty() {
        return found;
    }
    let rows = errors.len();
    let mut put = |name: &str, (value, std): (f64, f64)| {
        found.insert(name.to_owned(), Measured { value, spread: Spread { std, share: 1.0 }, rows });
    };
    put("mae", moments(&absolute));
    put("bias", moments(&errors));
    let (mse, std) = moments(&squared);
    // The error of a square root follows from that of its square.
    put("rmse", (mse.sqrt(), if mse > 0.0 { std / (2.0 * mse.sqrt()) } else { 0.0 }));
    found
}

/// Counts of one class against the rest.
struct Against {
    tp: f64,
    fp: f64,
    fn_: f64,
}

fn against(kept: &Kept, rows: &[usize], class: f64) -> Against {
    let mut counts = Against { tp: 0.0, fp: 0.0, fn_: 0.0 };
    for row in rows {
        match (kept.prediction[*row] == class, kept.label[*row] == class) {
            (true, true) => counts.tp += 1.0,
            (true, false) => counts.fp += 1.0,
            (false, true) => counts.fn_ += 1.0,
            (false, false) => {}
        }
    }
    counts
}

fn deviation_of_share(share: f64) -> f64 {
    (share * (1.0 - share)).max(0.0).sqrt()
}

/// F1 as a mean over the rows that count for it, and its spread: `f1 = mean(c * [true positive])` with `c = m / (tp + (fp + fn) / 2)` over
/// the `m = tp + fp + fn` rows.
fn f1(counts: &Against, rows: usize) -> Option<Measured> {
    let relevant = counts.tp + counts.fp + counts.fn_;
    if relevant == 0.0 {
        return None;
    }
    let factor = relevant / (counts.tp + (counts.fp + counts.fn_) / 2.0);
    let share = counts.tp / relevant;
    Some(Measured {
        value: share * factor,
        spread: Spread { std: factor * deviation_of_share(share), share: relevant / rows as f64 },
        rows,
    })
}

fn auc(kept: &Kept, rows: &[usize], column: usize, class: f64) -> Option<Measured> {
    let side = |is: bool| -> Vec<f64> {
        let of = rows.iter().filter(|it| (kept.label[**it] == class) == is && kept.has_scores(**it));
        of.map(|it| kept.score(*it, column)).collect()
    };
    let (low, high) = (side(false), side(true));
    let found = delong(&low, &high)?;
    let n = low.len() + high.len();
    Some(Measured { value: found.auc, spread: Spread { std: (found.variance * n as f64).sqrt(), share: 1.0 }, rows: n })
}

/// The mean over classes, as if they erred independently.
fn mean_of(parts: &[Measured], rows: usize) -> Option<Measured> {
    if parts.is_empty() {
        return None;
    }
    let k = parts.len() as f64;
    let value = parts.iter().map(|it| it.value).sum::<f64>() / k;
    let variance = parts.iter().map(|it| it.spread.std.powi(2) / it.spread.share).sum::<f64>() / (k * k);
    Some(Measured { value, spread: Spread { std: variance.sqrt(), share: 1.0 }, rows })
}

fn classes(task: &Task, count: usize, scores: &[usize], kept: &Kept, rows: &[usize]) -> BTreeMap<String, Measured> {
    let mut found = BTreeMap::new();
    let n = rows.len();
    let right = rows.iter().filter(|it| kept.prediction[**it] == kept.label[**it]).count() as f64 / n as f64;
    found.insert(
        "accuracy".to_owned(),
        Measured { value: right, spread: Spread { std: deviation_of_share(right), share: 1.0 }, rows: n },
    );
    if let Some(positive) = task.positive() {
        let counts = against(kept, rows, positive as f64);
        let mut share = |name: &str, of: f64, all: f64| {
            if all > 0.0 {
                let value = of / all;
                let spread = Spread { std: deviation_of_share(value), share: all / n as f64 };
                found.insert(name.to_owned(), Measured { value, spread, rows: n });
            }
        };
        share("precision", counts.tp, counts.tp + counts.fp);
        share("recall", counts.tp, counts.tp + counts.fn_);
        found.extend(f1(&counts, n).map(|it| ("f1".to_owned(), it)));
        let column = scores.iter().position(|it| *it == positive);
        if let Some(column) = column {
            found.extend(auc(kept, rows, column, positive as f64).map(|it| ("roc_auc".to_owned(), it)));
            let squares: Vec<f64> = rows
                .iter()
                .filter(|it| kept.has_scores(**it))
                .map(|it| (kept.score(*it, column) - f64::from(u8::from(kept.label[*it] == positive as f64))).powi(2))
                .collect();
            if !squares.is_empty() {
                let (value, std) = moments(&squares);
                found.insert(
                    "brier".to_owned(),
                    Measured { value, spread: Spread { std, share: 1.0 }, rows: squares.len() },
                );
            }
        }
        return found;
    }
    let each: Vec<Measured> = (0..count).filter_map(|class| f1(&against(kept, rows, class as f64), n)).collect();
    found.extend(mean_of(&each, n).map(|it| ("f1".to_owned(), it)));
    let each: Vec<Measured> =
        scores.iter().enumerate().filter_map(|(column, class)| auc(kept, rows, column, *class as f64)).collect();
    if each.len() == scores.len() {
        found.extend(mean_of(&each, n).map(|it| ("roc_auc".to_owned(), it)));
    }
    found
}

/// Metrics that are shares lie in 0..1.
pub(in crate::monitor) fn is_share(metric: &str) -> bool {
    !matches!(metric, "mae" | "rmse" | "bias")
}

/// Metrics with their intervals, for the report.
pub(in crate::monitor) fn reported(found: &BTreeMap<String, Measured>) -> BTreeMap<String, Realised> {
    found
        .iter()
        .map(|(name, it)| {
            let n = it.rows as f64 * it.spread.share;
            let interval = if matches!(name.as_str(), "accuracy" | "precision" | "recall") {
                wilson(it.value, n)
            } else {
                let half = Z95 * it.spread.at(it.rows);
                let (low, high) = (it.value - half, it.value + half);
                match name.as_str() {
                    "bias" => (low, high),
                    name if is_share(name) => (low.max(0.0), high.min(1.0)),
                    _ => (low.max(0.0), high),
                }
            };
            (name.clone(), Realised { value: it.value, interval, rows: it.rows as u64 })
        })
        .collect()
}

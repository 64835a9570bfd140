//! Performance of a classifier without labels: confidence-based performance estimation.
//!
//! A calibrated probability says how often a prediction is right; added up, the probabilities of a window give the confusion matrix that is to
//! be expected. Calibration is isotonic and learnt on the reference, one class against the rest, where held-out rows gain by it, and the calibrated probabilities of several
//! classes are scaled to sum to one, which is what NannyML's CBPE does (nannyml.readthedocs.io, "How it works: performance estimation").
//! It rests on the relation of score and truth staying what it was: a change of the world inside the model's blind spot is not seen.

use std::collections::BTreeMap;

use super::super::kept::{Kept, Task};
use super::isotonic::Isotonic;
use crate::drift::Random;

/// Calibrators of all score columns.
#[derive(Debug, Clone, Default)]
pub(in crate::monitor) struct Cbpe {
    /// `None` where the scores are as good as they are.
    calibrators: Vec<Option<Isotonic>>,
}

/// Rows that a calibrator needs at least, and of each class.
pub(in crate::monitor) const FEWEST: usize = 100;

impl Cbpe {
    /// Learns the calibration from the given rows of the reference; `None` when they are too few or lack a class.
    pub(in crate::monitor) fn fit(scores: &[usize], kept: &Kept, rows: &[usize]) -> Option<Self> {
        let usable: Vec<usize> =
            rows.iter().copied().filter(|it| !kept.label[*it].is_nan() && kept.has_scores(*it)).collect();
        if scores.is_empty() || usable.len() < FEWEST {
            return None;
        }
        let calibrators: Vec<Option<Isotonic>> = scores
            .iter()
            .enumerate()
            .map(|(column, class)| {
                let pair =
                    |row: &usize| (kept.score(*row, column), f64::from(u8::from(kept.label[*row] == *class as f64)));
                let pairs: Vec<(f64, f64)> = usable.iter().map(pair).collect();
                gains(&pairs).then(|| Isotonic::fit(pairs.into_iter()))
            })
            .collect();
        let both = scores.iter().all(|class| {
            let positive = usable.iter().filter(|it| kept.label[**it] == *class as f64).count();
            positive >= 10 && usable.len() - positive >= 10
        });
        (both && calibrators.iter().flatten().all(|it| !it.is_empty())).then_some(Self { calibrators })
    }

    /// Calibrated probabilities of the score columns of a row.
    pub(in crate::monitor) fn probabilities(&self, kept: &Kept, row: usize, into: &mut Vec<f64>) {
        into.clear();
        into.extend(self.calibrators.iter().enumerate().map(|(column, it)| {
            let score = kept.score(row, column);
            it.as_ref().map_or(score, |it| it.at(score))
        }));
        if into.len() > 1 {
            let sum: f64 = into.iter().sum();
            let count = into.len() as f64;
            into.iter_mut().for_each(|it| *it = if sum > 0.0 { *it / sum } else { 1.0 / count });
        }
    }

    /// Expected metrics over the given rows: the same names as those that are measured from labels.
    pub(in crate::monitor) fn estimate(&self, task: &Task, kept: &Kept, rows: &[usize]) -> BTreeMap<String, f64> {
        let Task::Classes { scores, .. } = task else { return BTreeMap::new() };
        let usable: Vec<usize> =
            rows.iter().copied().filter(|it| kept.has_scores(*it) && !kept.prediction[*it].is_nan()).collect();
        let mut found = BTreeMap::new();
        if usable.is_empty() {
            return found;
        }
        let n = usable.len() as f64;
        let mut p = Vec::new();
        if let Some(positive) = task.positive() {
            let column = scores.iter().position(|it| *it == positive).unwrap_or(0);
            let (mut tp, mut fp, mut fn_, mut tn, mut brier) = (0.0, 0.0, 0.0, 0.0, 0.0);
            let mut pairs = Vec::with_capacity(usable.len());
            for row in &usable {
                self.probabilities(kept, *row, &mut p);
                let (q, raw) = (p[column], kept.score(*row, column));
                pairs.push((raw, q));
                brier += q * (1.0 - raw).powi(2) + (1.0 - q) * raw * raw;
                if kept.prediction[*row] == positive as f64 {
                    tp += q;
                    fp += 1.0 - q;
                } else {
                    fn_ += q;
                    tn += 1.0 - q;
                }
            }
            found.insert("accuracy".to_owned(), (tp + tn) / n);
            found.insert("brier".to_owned(), brier / n);
            for (name, of, all) in
                [("precision", tp, tp + fp), ("recall", tp, tp + fn_), ("f1", 2.0 * tp, 2.0 * tp + fp + fn_)]
            {
                if all > 0.0 {
                    found.insert(name.to_owned(), of / all);
                }
            }
            found.extend(expected_auc(&mut pairs).map(|it| ("roc_auc".to_owned(), it)));
            return found;
        }
        let k = scores.len();
        let (mut right, mut tp, mut fp, mut fn_) = (0.0, vec![0.0; k], vec![0.0; k], vec![0.0; k]);
        let mut pairs: Vec<Vec<(f64, f64)>> = vec![Vec::with_capacity(usable.len()); k];
        for row in &usable {
            self.probabilities(kept, *row, &mut p);
            for (column, class) in scores.iter().enumerate() {
                pairs[column].push((kept.score(*row, column), p[column]));
                if kept.prediction[*row] == *class as f64 {
                    right += p[column];
                    tp[column] += p[column];
                    fp[column] += 1.0 - p[column];
                } else {
                    fn_[column] += p[column];
                }
            }
        }
        found.insert("accuracy".to_owned(), right / n);
        let f1: f64 = (0..k).map(|it| 2.0 * tp[it] / (2.0 * tp[it] + fp[it] + fn_[it])).sum::<f64>() / k as f64;
        if f1.is_finite() {
            found.insert("f1".to_owned(), f1);
        }
        let aucs: Option<Vec<f64>> = pairs.iter_mut().map(|it| expected_auc(it)).collect();
        found.extend(aucs.map(|it| ("roc_auc".to_owned(), it.iter().sum::<f64>() / k as f64)));
        found
    }
}

/// Whether calibration brings held-out rows nearer to the truth, by the expected calibration error in ten bins of equal size: what is
/// calibrated well already only becomes noisier by it. Each row is held out once, in ten folds.
fn gains(pairs: &[(f64, f64)]) -> bool {
    const FOLDS: usize = 10;
    let mut order: Vec<usize> = (0..pairs.len()).collect();
    Random::new(0xca1b).shuffle(&mut order);
    let mut held: Vec<(f64, f64, f64)> = Vec::with_capacity(pairs.len());
    for fold in 0..FOLDS {
        let is_held = |at: usize| at % FOLDS == fold;
        let fitted = Isotonic::fit(order.iter().enumerate().filter(|it| !is_held(it.0)).map(|it| pairs[*it.1]));
        held.extend(order.iter().enumerate().filter(|it| is_held(it.0)).map(|it| {
            let (score, truth) = pairs[*it.1];
            (score, fitted.at(score), truth)
        }));
    }
    let error = |of: fn(&(f64, f64, f64)) -> f64| -> f64 {
        let mut sorted: Vec<(f64, f64)> = held.iter().map(|it| (of(it), it.2)).collect();
        sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
        let bins = sorted.chunks(sorted.len().div_ceil(10).max(1));
        bins.map(|bin| bin.iter().map(|it| it.0 - it.1).sum::<f64>().abs()).sum::<f64>()
    };
    error(|it| it.0) > error(|it| it.1)
}

/// Expected area under the ROC curve of `(score, probability)` pairs: the trapezoidal area of the curve of expected true and false
/// positives, walked from the highest score down. Rows of equal score are one step.
fn expected_auc(pairs: &mut [(f64, f64)]) -> Option<f64> {
    pairs.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
    let (mut tp, mut fp, mut area) = (0.0, 0.0, 0.0);
    let mut at = 0;
    while let Some(first) = pairs.get(at) {
        let (mut step_tp, mut step_fp) = (0.0, 0.0);
        while let Some(pair) = pairs.get(at).filter(|it| it.0 == first.0) {
            step_tp += pair.1;
            step_fp += 1.0 - pair.1;
            at += 1;
        }
        area += step_fp * (tp + step_tp / 2.0);
        tp += step_tp;
        fp += step_fp;
    }
    (tp > 0.0 && fp > 0.0).then(|| area / (tp * fp))
}

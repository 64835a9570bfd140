//! The area under the ROC curve and how sure it is.

use super::Z95;

/// An area under the ROC curve with its variance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Auc {
    /// P(score of a positive > score of a negative) + half of P(equal), 0..1.
    pub auc: f64,
    /// DeLong's variance of it.
    pub variance: f64,
}

/// Mann-Whitney AUC with half weight for ties, and its variance by DeLong, DeLong and Clarke-Pearson (1988), computed from mid-ranks in
/// O(n log n) (Sun and Xu 2014). The AUC equals `sklearn.metrics.roc_auc_score`. None when a side is empty or a score is NaN.
pub fn delong(negatives: &[f64], positives: &[f64]) -> Option<Auc> {
    if negatives.is_empty() || positives.is_empty() || negatives.iter().chain(positives).any(|s| s.is_nan()) {
        return None;
    }
    let sorted = |values: &[f64]| {
        let mut values = values.to_vec();
        values.sort_unstable_by(f64::total_cmp);
        values
    };
    let (low, high) = (sorted(negatives), sorted(positives));
    // Share of the other side below a score, ties counted half: the placement values of DeLong.
    let placements = |of: &[f64], among: &[f64]| -> (f64, f64) {
        let size = among.len() as f64;
        let (mut below, mut up_to) = (0usize, 0usize);
        let (mut sum, mut squares) = (0.0, 0.0);
        let mut values = Vec::with_capacity(of.len());
        for &score in of {
            while below < among.len() && among[below] < score {
                below += 1;
            }
            up_to = up_to.max(below);
            while up_to < among.len() && among[up_to] <= score {
                up_to += 1;
            }
            let value = (below as f64 + (up_to - below) as f64 / 2.0) / size;
            sum += value;
            values.push(value);
        }
        let mean = sum / of.len() as f64;
        for value in values {
            squares += (value - mean).powi(2);
        }
        (mean, if of.len() > 1 { squares / (of.len() as f64 - 1.0) } else { 0.0 })
    };
    let (auc, spread_positive) = placements(&high, &low);
    let (_, spread_negative) = placements(&low, &high);
    let variance = spread_positive / high.len() as f64 + spread_negative / low.len() as f64;
    Some(Auc { auc, variance })
}

/// 95 % interval of an AUC on the logit scale (Pepe 2003), which stays inside 0..1; the plain one where the AUC is 0 or 1.
pub fn auc_interval(auc: &Auc) -> (f64, f64) {
    let error = auc.variance.max(0.0).sqrt();
    if auc.auc <= 0.0 || auc.auc >= 1.0 || error == 0.0 {
        return ((auc.auc - Z95 * error).max(0.0), (auc.auc + Z95 * error).min(1.0));
    }
    let logit = (auc.auc / (1.0 - auc.auc)).ln();
    let width = Z95 * error / (auc.auc * (1.0 - auc.auc));
    let back = |x: f64| 1.0 / (1.0 + (-x).exp());
    (back(logit - width), back(logit + width))
}

/// Variance of the AUC when scores say nothing: `(n + m + 1) / (12 n m)` (Mann and Whitney 1947), without ties.
pub fn mann_whitney_null_variance(negatives: usize, positives: usize) -> f64 {
    let (n, m) = (negatives as f64, positives as f64);
    (n + m + 1.0) / (12.0 * n * m)
}

/// The ROC curve as at most `limit` points (false positive rate, true positive rate) from (0,0) to (1,1), ties joined.
pub fn roc_points(negatives: &[f64], positives: &[f64], limit: usize) -> Vec<(f64, f64)> {
    let mut scores: Vec<(f64, bool)> =
        negatives.iter().map(|&s| (s, false)).chain(positives.iter().map(|&s| (s, true))).collect();
    if negatives.is_empty() || positives.is_empty() || limit < 2 {
        return Vec::new();
    }
    scores.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
    let mut points = vec![(0.0, 0.0)];
    let (mut wrong, mut right) = (0usize, 0usize);
    for (position, &(score, positive)) in scores.iter().enumerate() {
        if positive {
            right += 1
        } else {
            wrong += 1
        }
        if scores.get(position + 1).is_none_or(|next| next.0 != score) {
            points.push((wrong as f64 / negatives.len() as f64, right as f64 / positives.len() as f64));
        }
    }
    if points.len() <= limit {
        return points;
    }
    let last = points.len() - 1;
    (0..limit).map(|i| points[i * last / (limit - 1)]).collect()
}

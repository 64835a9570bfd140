//! Whether scores are probabilities that come true as often as they say.

use proofmark_domain::evaluation::Measured;

use super::metric::{Weights, bootstrap, ensure_probabilities, percentiles};
use super::read::Task;
use super::{EvaluateError, Predictions};

/// How well scores are calibrated.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Calibrated {
    /// Expected calibration error: mean over bins of |share of outcomes - mean score|, weighted by rows, 0..1. Its interval is the basic one of a
    /// bootstrap, which takes out what drawing adds to a mean of absolute values.
    pub ece: Measured,
    /// Brier score, 0..1, with the percentiles of a bootstrap.
    pub brier: Measured,
}

/// Measures calibration over `bins` bins of equal width, cut as `sklearn.calibration.calibration_curve` cuts them. Of two classes the positive
/// one's score is held against its outcome; of more, the score against whether the predicted class was right.
///
/// # Errors
/// If there are no scores, or they are no probabilities.
pub fn calibration(predictions: &Predictions, bins: u32, alpha: f64) -> Result<Calibrated, EvaluateError> {
    let cannot = |why: &str| EvaluateError::Metric { metric: "calibration", why: why.to_owned() };
    if predictions.is_empty() || !predictions.has_scores() {
        return Err(cannot("the predictions carry no score"));
    }
    ensure_probabilities(predictions, "calibration")?;
    let outcome: Vec<f64> = match &predictions.task {
        Task::Numbers => return Err(cannot("the label is a number, not a class")),
        Task::Classes { positive: Some(positive), .. } => {
            predictions.label.iter().map(|it| f64::from(u8::from(*it == *positive as f64))).collect()
        }
        Task::Classes { positive: None, .. } => {
            let both = predictions.label.iter().zip(&predictions.prediction);
            both.map(|(label, prediction)| f64::from(u8::from(label == prediction))).collect()
        }
    };
    let bins = bins.clamp(1, 1000) as usize;
    let edges: Vec<f64> = (1..bins).map(|at| at as f64 * (1.0 / bins as f64)).collect();
    let bin: Vec<usize> = predictions.score.iter().map(|score| edges.partition_point(|edge| edge < score)).collect();
    let score = &predictions.score;
    let ece_of = |weights: &Weights| -> Option<f64> {
        let mut sums = vec![0.0; bins];
        let mut all = 0.0;
        for (((weight, bin), outcome), score) in weights.iter().zip(&bin).zip(&outcome).zip(score) {
            let weight = f64::from(*weight);
            *sums.get_mut(*bin)? += weight * (outcome - score);
            all += weight;
        }
        (all > 0.0).then(|| sums.iter().map(|it: &f64| it.abs()).sum::<f64>() / all)
    };
    let brier_of = |weights: &Weights| -> Option<f64> {
        let (mut sum, mut all) = (0.0, 0.0);
        for ((weight, outcome), score) in weights.iter().zip(&outcome).zip(score) {
            let weight = f64::from(*weight);
            sum += weight * (outcome - score).powi(2);
            all += weight;
        }
        (all > 0.0).then(|| sum / all)
    };
    let rows = predictions.len();
    let ones = vec![1u32; rows];
    let too_few = || cannot("too few rows to draw from");
    let (ece, brier) = (ece_of(&ones).ok_or_else(too_few)?, brier_of(&ones).ok_or_else(too_few)?);
    let (low, high) = percentiles(bootstrap(rows, ece_of), alpha).ok_or_else(too_few)?;
    let basic = ((2.0 * ece - high).max(0.0), (2.0 * ece - low).clamp(0.0, 1.0));
    let brier_interval = percentiles(bootstrap(rows, brier_of), alpha).ok_or_else(too_few)?;
    let rows = rows as u64;
    Ok(Calibrated {
        ece: Measured { value: ece, interval: basic, rows },
        brier: Measured { value: brier, interval: brier_interval, rows },
    })
}

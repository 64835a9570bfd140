//! One metric of one model's predictions.

use proofmark_domain::evaluation::{EvaluationMetric, Measured};
use statrs::distribution::{ContinuousCDF as _, Normal};

use super::read::Task;
use super::{EvaluateError, Predictions};
use crate::drift::Random;
use crate::drift::statistics::delong;

/// Draws of a bootstrap.
const DRAWS: usize = 2_000;
/// Rows times draws that are worth the time; beyond, fewer are drawn.
const WORK: usize = 200_000_000;
/// Draws below which a tail of 2.5 % holds too few.
const FEWEST_DRAWS: usize = 400;

/// How often each row counts. All ones is the sample itself.
pub(super) type Weights = [u32];

/// A metric made ready to be computed for many weights.
pub(super) struct Ready<'p> {
    predictions: &'p Predictions,
    metric: EvaluationMetric,
    /// Rows by falling score, for areas.
    order: Vec<u32>,
}

fn cannot(metric: EvaluationMetric, why: impl Into<String>) -> EvaluateError {
    EvaluateError::Metric { metric: metric.as_str(), why: why.into() }
}

impl<'p> Ready<'p> {
    /// Checks that the metric fits.
    pub(super) fn new(predictions: &'p Predictions, metric: EvaluationMetric) -> Result<Self, EvaluateError> {
        use EvaluationMetric as M;
        let no = |why: &str| Err(cannot(metric, why));
        if predictions.is_empty() {
            return no("there is no row with a label and a prediction");
        }
        let needs_numbers = matches!(metric, M::Mae | M::Rmse | M::R2);
        match &predictions.task {
            Task::Numbers if !needs_numbers => return no("the label is a number, not a class"),
            Task::Classes { .. } if needs_numbers => return no("the label is a class, not a number"),
            Task::Classes { positive: None, .. }
                if matches!(metric, M::Precision | M::Recall | M::RocAuc | M::LogLoss | M::Brier) =>
            {
                return no("it is defined for two classes");
            }
            _ => {}
        }
        if matches!(metric, M::RocAuc | M::LogLoss | M::Brier) && !predictions.has_scores() {
            return no("the predictions carry no score");
        }
        if matches!(metric, M::LogLoss | M::Brier) {
            ensure_probabilities(predictions, metric.as_str())?;
        }
        let mut order = Vec::new();
        if metric == M::RocAuc {
            order = (0..u32::try_from(predictions.len()).unwrap_or(u32::MAX)).collect();
            let score = |at: &u32| predictions.score.get(*at as usize).copied().unwrap_or(f64::NAN);
            order.sort_unstable_by(|a, b| score(b).total_cmp(&score(a)));
        }
        Ok(Self { predictions, metric, order })
    }

    /// The metric over the rows with these weights; `None` where it is not defined, such as an area with one class only.
    pub(super) fn value(&self, weights: &Weights) -> Option<f64> {
        use EvaluationMetric as M;
        let p = self.predictions;
        match self.metric {
            M::RocAuc => self.area(weights),
            M::LogLoss => self.mean(weights, |at| {
                // Clipped as scikit-learn clips, to the precision of the number.
                let score = p.score.get(at)?.clamp(f64::EPSILON, 1.0 - f64::EPSILON);
                Some(if self.is_positive(at) { -score.ln() } else { -(1.0 - score).ln() })
            }),
            M::Brier => {
                self.mean(weights, |at| Some((p.score.get(at)? - f64::from(u8::from(self.is_positive(at)))).powi(2)))
            }
            M::Accuracy => self.mean(weights, |at| Some(f64::from(u8::from(p.label.get(at) == p.prediction.get(at))))),
            M::Mae => self.mean(weights, |at| Some((p.prediction.get(at)? - p.label.get(at)?).abs())),
            M::Rmse => self.mean(weights, |at| Some((p.prediction.get(at)? - p.label.get(at)?).powi(2))).map(f64::sqrt),
            M::R2 => {
                let mean = self.mean(weights, |at| p.label.get(at).copied())?;
                let around = self.mean(weights, |at| Some((p.label.get(at)? - mean).powi(2)))?;
                let left = self.mean(weights, |at| Some((p.prediction.get(at)? - p.label.get(at)?).powi(2)))?;
                (around > 0.0).then(|| 1.0 - left / around)
            }
            M::F1 | M::Precision | M::Recall | M::BalancedAccuracy => self.of_classes(weights),
        }
    }

    fn is_positive(&self, at: usize) -> bool {
        let positive = self.predictions.task.positive().map(|it| it as f64);
        self.predictions.label.get(at).copied() == positive
    }

    fn mean(&self, weights: &Weights, of: impl Fn(usize) -> Option<f64>) -> Option<f64> {
        let (mut sum, mut count) = (0.0, 0.0);
        for (at, weight) in weights.iter().enumerate().filter(|(_, weight)| **weight > 0) {
            sum += f64::from(*weight) * of(at)?;
            count += f64::from(*weight);
        }
        (count > 0.0).then(|| sum / count)
    }

    /// P(score of a positive > score of a negative) + half of P(equal).
    fn area(&self, weights: &Weights) -> Option<f64> {
        let score = |at: u32| self.predictions.score.get(at as usize).copied();
        let (mut above, mut pairs, mut negatives, mut positives) = (0.0f64, 0.0, 0.0, 0.0);
        let mut begin = 0;
        while let Some(first) = self.order.get(begin) {
            let (mut up, mut down) = (0.0, 0.0);
            let mut end = begin;
            while let Some(at) = self.order.get(end).filter(|at| score(**at) == score(*first)) {
                let weight = f64::from(weights.get(*at as usize).copied().unwrap_or(0));
                if self.is_positive(*at as usize) {
                    up += weight
                } else {
                    down += weight
                }
                end += 1;
            }
            // Every negative of this score lies below the positives seen before, and level with those of the same score.
            pairs += down * above + down * up / 2.0;
            above += up;
            positives += up;
            negatives += down;
            begin = end;
        }
        (positives > 0.0 && negatives > 0.0).then(|| pairs / (positives * negatives))
    }

    fn of_classes(&self, weights: &Weights) -> Option<f64> {
        let Task::Classes { names, positive } = &self.predictions.task else { return None };
        let classes = names.len();
        let (mut right, mut said, mut is) = (vec![0.0; classes], vec![0.0; classes], vec![0.0; classes]);
        for (at, weight) in weights.iter().enumerate().filter(|(_, weight)| **weight > 0) {
            let (label, prediction) = (*self.predictions.label.get(at)?, *self.predictions.prediction.get(at)?);
            let weight = f64::from(*weight);
            *is.get_mut(label as usize)? += weight;
            *said.get_mut(prediction as usize)? += weight;
            if label == prediction {
                *right.get_mut(label as usize)? += weight;
            }
        }
        // A class that was never said or never is has 0, as scikit-learn has it.
        let share = |of: f64, all: f64| if all > 0.0 { of / all } else { 0.0 };
        let f1 = |class: usize| Some(share(2.0 * right.get(class)?, said.get(class)? + is.get(class)?));
        match (self.metric, positive) {
            (EvaluationMetric::Precision, Some(class)) => Some(share(*right.get(*class)?, *said.get(*class)?)),
            (EvaluationMetric::Recall, Some(class)) => Some(share(*right.get(*class)?, *is.get(*class)?)),
            (EvaluationMetric::F1, Some(class)) => f1(*class),
            (EvaluationMetric::F1, None) => {
                let seen: Vec<usize> =
                    (0..classes).filter(|it| is.get(*it) > Some(&0.0) || said.get(*it) > Some(&0.0)).collect();
                let all: Option<Vec<f64>> = seen.iter().map(|it| f1(*it)).collect();
                Some(all?.iter().sum::<f64>() / seen.len().max(1) as f64)
            }
            (EvaluationMetric::BalancedAccuracy, _) => {
                let seen: Vec<f64> =
                    is.iter().zip(&right).filter(|(is, _)| **is > 0.0).map(|(is, right)| right / is).collect();
                (!seen.is_empty()).then(|| seen.iter().sum::<f64>() / seen.len() as f64)
            }
            _ => None,
        }
    }
}

pub(super) fn ensure_probabilities(predictions: &Predictions, metric: &'static str) -> Result<(), EvaluateError> {
    match predictions.score.iter().find(|it| !(0.0..=1.0).contains(*it)) {
        Some(score) => {
            Err(EvaluateError::Metric { metric, why: format!("the score {score} is no probability between 0 and 1") })
        }
        None => Ok(()),
    }
}

/// The point of the standard normal distribution that leaves half of `alpha` above it.
pub(super) fn two_sided(alpha: f64) -> f64 {
    Normal::standard().inverse_cdf(1.0 - alpha / 2.0)
}

/// A metric with its interval at the level `1 - alpha`: Wilson's for shares of rows, DeLong's on the logit scale for areas, the percentiles of a
/// bootstrap of 2,000 draws for the others. The draws are the same every time.
///
/// # Errors
/// If the metric does not fit the predictions.
pub fn measure(predictions: &Predictions, metric: EvaluationMetric, alpha: f64) -> Result<Measured, EvaluateError> {
    let ready = Ready::new(predictions, metric)?;
    let ones = vec![1u32; predictions.len()];
    let value = ready.value(&ones).ok_or_else(|| cannot(metric, "one of the classes does not occur in these rows"))?;
    let rows = predictions.len() as u64;
    let z = two_sided(alpha);
    let interval = match metric {
        EvaluationMetric::Accuracy => wilson(value, rows as f64, z),
        EvaluationMetric::RocAuc => {
            let side = |positive: bool| -> Vec<f64> {
                let of = (0..predictions.len()).filter(|at| ready.is_positive(*at) == positive);
                of.filter_map(|at| predictions.score.get(at).copied()).collect()
            };
            let found = delong(&side(false), &side(true)).ok_or_else(|| cannot(metric, "a score is not a number"))?;
            on_logit_scale(value, found.variance.max(0.0).sqrt(), z)
        }
        _ => {
            let drawn = bootstrap(predictions.len(), |weights| ready.value(weights));
            percentiles(drawn, alpha).ok_or_else(|| cannot(metric, "too few rows to draw from"))?
        }
    };
    Ok(Measured { value, interval, rows })
}

/// Wilson's interval of a share (Wilson 1927).
fn wilson(share: f64, n: f64, z: f64) -> (f64, f64) {
    let z2 = z * z;
    let middle = (share + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = z / (1.0 + z2 / n) * (share * (1.0 - share) / n + z2 / (4.0 * n * n)).sqrt();
    ((middle - half).max(0.0), (middle + half).min(1.0))
}

/// The interval of an area on the logit scale (Pepe 2003), which stays inside 0..1; the plain one where the area is 0 or 1.
fn on_logit_scale(area: f64, error: f64, z: f64) -> (f64, f64) {
    if area <= 0.0 || area >= 1.0 || error == 0.0 {
        return ((area - z * error).max(0.0), (area + z * error).min(1.0));
    }
    let logit = (area / (1.0 - area)).ln();
    let width = z * error / (area * (1.0 - area));
    let back = |x: f64| 1.0 / (1.0 + (-x).exp());
    (back(logit - width), back(logit + width))
}

/// The value of `of` for rows drawn with replacement, sorted. Draws for which it is not defined are left out.
pub(super) fn bootstrap(rows: usize, of: impl Fn(&Weights) -> Option<f64>) -> Vec<f64> {
    let draws = (WORK / rows.max(1)).clamp(FEWEST_DRAWS, DRAWS);
    let mut random = Random::new(0x5EED ^ rows as u64);
    let mut weights = vec![0u32; rows];
    let mut drawn = Vec::with_capacity(draws);
    for _ in 0..draws {
        weights.fill(0);
        for _ in 0..rows {
            if let Some(weight) = weights.get_mut(random.below(rows)) {
                *weight += 1;
            }
        }
        drawn.extend(of(&weights).filter(|it| it.is_finite()));
    }
    drawn.sort_unstable_by(f64::total_cmp);
    drawn
}

/// The interval that leaves half of `alpha` of the draws on either side.
pub(super) fn percentiles(drawn: Vec<f64>, alpha: f64) -> Option<(f64, f64)> {
    if drawn.len() < FEWEST_DRAWS / 2 {
        return None;
    }
    let at = |share: f64| crate::drift::statistics::quantile_sorted(&drawn, share);
    Some((at(alpha / 2.0), at(1.0 - alpha / 2.0)))
}

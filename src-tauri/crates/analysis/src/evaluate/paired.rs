//! Two models on the same rows.

use std::collections::HashMap;

use proofmark_domain::counts::grouped;
use proofmark_domain::evaluation::{Compared, EvaluationMetric, Measured, PairedTest};
use statrs::distribution::{Binomial, DiscreteCDF as _};

use super::metric::{Ready, bootstrap, percentiles, two_sided};
use super::read::Task;
use super::{EvaluateError, Predictions};
use crate::drift::statistics::normal_upper_tail;

/// Share of the smaller one's rows that both must have.
const COMMON: f64 = 0.9;

/// Two models' predictions on the same rows, in the same order.
#[derive(Debug, Clone)]
pub struct Pairing {
    /// The first model's.
    pub first: Predictions,
    /// The second model's.
    pub second: Predictions,
    /// Rows that only one of them has.
    pub unpaired: u64,
}

/// Finds the rows that both have, and makes sure that they are the same: the same names, and for each the same label.
///
/// # Errors
/// If names are not unique, a label differs, or fewer than nine in ten rows are common.
pub fn pair(first: &Predictions, second: &Predictions) -> Result<Pairing, EvaluateError> {
    let other = |why: String| Err(EvaluateError::OtherRows(why));
    if first.named != second.named {
        return other("one of the two names its rows and the other numbers them, so that nobody can say whether they are the same".into());
    }
    let mut places: HashMap<&str, usize> = HashMap::with_capacity(second.len());
    for (at, row) in second.row.iter().enumerate() {
        if places.insert(row, at).is_some() {
            return other(format!("two rows of the version in production bear the name {row}"));
        }
    }
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    let mut seen = std::collections::HashSet::with_capacity(first.len());
    for (at, row) in first.row.iter().enumerate() {
        if !seen.insert(row.as_str()) {
            return other(format!("two rows of the candidate bear the name {row}"));
        }
        if let Some(place) = places.get(row.as_str()) {
            ours.push(at);
            theirs.push(*place);
        }
    }
    let smaller = first.len().min(second.len());
    if smaller == 0 || (ours.len() as f64) < COMMON * smaller as f64 {
        return other(format!(
            "only {} of {} rows of the candidate are among the {} of the version in production",
            grouped(ours.len()),
            grouped(first.len()),
            grouped(second.len())
        ));
    }
    let unpaired = (first.len() + second.len() - 2 * ours.len()) as u64;
    let (first, mut second) = (first.at(&ours), second.at(&theirs));
    speak_alike(&first, &mut second)?;
    let differing = first.label.iter().zip(&second.label).filter(|(a, b)| a != b).count();
    if differing > 0 {
        return other(format!(
            "{} of {} common rows bear another label there",
            grouped(differing),
            grouped(first.len())
        ));
    }
    Ok(Pairing { first, second, unpaired })
}

/// Gives the classes of the second the places that they have in the first.
fn speak_alike(first: &Predictions, second: &mut Predictions) -> Result<(), EvaluateError> {
    let (Task::Classes { names: ours, .. }, Task::Classes { names: theirs, .. }) = (&first.task, &second.task) else {
        if first.task == second.task {
            return Ok(());
        }
        return Err(EvaluateError::OtherRows("one of the two predicts a class and the other a number".to_owned()));
    };
    let mut places = Vec::with_capacity(theirs.len());
    for name in theirs {
        match ours.iter().position(|it| it == name) {
            Some(place) => places.push(place as f64),
            None => {
                return Err(EvaluateError::OtherRows(format!(
                    "the version in production knows the class `{name}`, which the candidate's rows never show"
                )));
            }
        }
    }
    for value in second.label.iter_mut().chain(second.prediction.iter_mut()) {
        *value = places.get(*value as usize).copied().unwrap_or(f64::NAN);
    }
    second.task = first.task.clone();
    Ok(())
}

/// Compares a metric of two models on the same rows.
///
/// # Errors
/// If the metric does not fit the predictions, or the test the metric.
pub fn compare(
    pairing: &Pairing,
    metric: EvaluationMetric,
    test: PairedTest,
    alpha: f64,
) -> Result<Compared, EvaluateError> {
    let cannot = |why: String| EvaluateError::Metric { metric: metric.as_str(), why };
    if !test.suits(metric) {
        return Err(cannot(format!("{} is no test for it", test.as_str())));
    }
    let (ours, theirs) = (Ready::new(&pairing.first, metric)?, Ready::new(&pairing.second, metric)?);
    let rows = pairing.first.len();
    let ones = vec![1u32; rows];
    let undefined = || cannot("one of the classes does not occur in these rows".to_owned());
    let (first, second) = (ours.value(&ones).ok_or_else(undefined)?, theirs.value(&ones).ok_or_else(undefined)?);
    let sign = if metric.more_is_better() { 1.0 } else { -1.0 };
    let value = sign * (first - second);
    let (interval, p_value) = match test {
        PairedTest::Mcnemar => mcnemar(pairing, alpha).ok_or_else(undefined)?,
        PairedTest::Delong => correlated_areas(pairing, alpha).ok_or_else(undefined)?,
        PairedTest::Bootstrap => {
            let drawn = bootstrap(rows, |weights| Some(sign * (ours.value(weights)? - theirs.value(weights)?)));
            let count = drawn.len() as f64;
            let below = drawn.iter().filter(|it| **it <= 0.0).count() as f64;
            let above = drawn.iter().filter(|it| **it >= 0.0).count() as f64;
            // One is added to both, so that no number of draws can show a chance of nothing (Davison and Hinkley 1997, 4.11).
            let p_value = (2.0 * (below.min(above) + 1.0) / (count + 1.0)).min(1.0);
            (percentiles(drawn, alpha).ok_or_else(|| cannot("too few rows to draw from".to_owned()))?, p_value)
        }
    };
    let better_by = Measured { value, interval, rows: rows as u64 };
    Ok(Compared { first, second, better_by, test, p_value })
}

type Found = ((f64, f64), f64);

/// McNemar's exact test: of the rows on which one of the two is right, each is as likely to be. The interval is Wald's for paired shares:
/// `d ± z sqrt(b + c - (b - c)² / n) / n` (Agresti 2002, 10.1).
fn mcnemar(pairing: &Pairing, alpha: f64) -> Option<Found> {
    let (mut only_first, mut only_second) = (0u64, 0u64);
    let rows = pairing.first.label.iter().zip(&pairing.first.prediction).zip(&pairing.second.prediction);
    for ((label, first), second) in rows {
        match (first == label, second == label) {
            (true, false) => only_first += 1,
            (false, true) => only_second += 1,
            _ => {}
        }
    }
    let n = pairing.first.len() as f64;
    let apart = only_first + only_second;
    let p_value = if only_first == only_second {
        1.0
    } else {
        (2.0 * Binomial::new(0.5, apart).ok()?.cdf(only_first.min(only_second))).min(1.0)
    };
    let (b, c) = (only_first as f64, only_second as f64);
    let value = (b - c) / n;
    let half = two_sided(alpha) * (b + c - (b - c).powi(2) / n).max(0.0).sqrt() / n;
    Some(((value - half, value + half), p_value))
}

/// DeLong, DeLong and Clarke-Pearson (1988): the difference of two areas on the same rows, with the covariance of their placement values.
fn correlated_areas(pairing: &Pairing, alpha: f64) -> Option<Found> {
    let positive = pairing.first.task.positive()? as f64;
    let is: Vec<bool> = pairing.first.label.iter().map(|it| *it == positive).collect();
    let (up_first, down_first) = placements(&pairing.first.score, &is)?;
    let (up_second, down_second) = placements(&pairing.second.score, &is)?;
    let value = mean(&up_first) - mean(&up_second);
    let of = |first: &[f64], second: &[f64]| -> f64 {
        let difference: Vec<f64> = first.iter().zip(second).map(|(a, b)| a - b).collect();
        let n = difference.len() as f64;
        let middle = mean(&difference);
        if n < 2.0 { 0.0 } else { difference.iter().map(|it| (it - middle).powi(2)).sum::<f64>() / (n - 1.0) / n }
    };
    let error = (of(&up_first, &up_second) + of(&down_first, &down_second)).sqrt();
    let p_value = if error == 0.0 {
        // Scores that order the rows alike have no difference to test.
        if value == 0.0 { 1.0 } else { 0.0 }
    } else {
        (2.0 * normal_upper_tail((value / error).abs())).min(1.0)
    };
    let half = two_sided(alpha) * error;
    Some(((value - half, value + half), p_value))
}

fn mean(of: &[f64]) -> f64 {
    of.iter().sum::<f64>() / of.len() as f64
}

/// For each positive the share of negatives below it, for each negative the share of positives above it, ties counted half.
fn placements(score: &[f64], is: &[bool]) -> Option<(Vec<f64>, Vec<f64>)> {
    let side = |wanted: bool| -> Vec<f64> {
        score.iter().zip(is).filter(|(_, is)| **is == wanted).map(|(score, _)| *score).collect()
    };
    let (up, down) = (side(true), side(false));
    if up.is_empty() || down.is_empty() || score.iter().any(|it| it.is_nan()) {
        return None;
    }
    let sorted = |of: &[f64]| {
        let mut of = of.to_vec();
        of.sort_unstable_by(f64::total_cmp);
        of
    };
    let share_below = |among: &[f64], score: f64| {
        let below = among.partition_point(|it| *it < score);
        let up_to = among.partition_point(|it| *it <= score);
        (below + up_to) as f64 / 2.0 / among.len() as f64
    };
    let (high, low) = (sorted(&up), sorted(&down));
    let of_up = up.iter().map(|it| share_below(&low, *it)).collect();
    let of_down = down.iter().map(|it| 1.0 - share_below(&high, *it)).collect();
    Some((of_up, of_down))
}

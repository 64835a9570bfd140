//! Performance of windows: measured from labels, or estimated without them.

pub(super) mod cbpe;
pub(super) mod dle;
pub(super) mod isotonic;
pub(super) mod realised;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use proofmark_domain::counts::grouped;
use proofmark_domain::monitor::{Assumption, Estimated};

use self::cbpe::Cbpe;
use self::dle::LossModel;
use self::realised::{Measured, is_share, measure};
use super::kept::{Kept, Task};
use crate::drift::statistics::Z95;

/// Difference between what a half of the reference says of the other half and what is true of it, up to which calibration holds.
const CALIBRATION: f64 = 0.02;
/// The same for numbers, as a part of the mean error.
const CALIBRATION_RELATIVE: f64 = 0.10;
/// Half-width of an interval above which an estimate says nothing.
const WIDEST: f64 = 0.10;
/// Share of rows that lie outside of what the reference has, beyond what chance makes, up to which it can speak for them.
const OUTSIDE: f64 = 0.05;

/// Estimates performance from what the reference taught.
#[derive(Debug)]
pub(super) struct Estimator {
    /// Metrics of the reference.
    pub(super) reference: BTreeMap<String, Measured>,
    /// Rows of the reference with an outcome.
    pub(super) rows: usize,
    calibration: Assumption,
    calibration_why: String,
    model: Learnt,
}

#[derive(Debug)]
enum Learnt {
    Classes(Cbpe),
    Numbers(LossModel),
}

/// What is known of a window besides its rows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Circumstances {
    /// Share of rows with an input that the reference gives no hold for.
    pub(super) outside: f64,
    /// What chance makes of it.
    pub(super) expected_outside: f64,
    /// Share of rows whose scores are no probabilities.
    pub(super) bad_scores: f64,
    /// Whether the relation of inputs and outcome still is what it was, as far as labels show.
    pub(super) relation: Assumption,
}

impl Estimator {
    /// Learns from rows whose outcome is known; the reason when it cannot.
    pub(super) fn learn(task: &Task, kept: &Kept, names: &[String]) -> Result<Self, String> {
        let rows: Vec<usize> =
            (0..kept.len()).filter(|it| !kept.label[*it].is_nan() && !kept.prediction[*it].is_nan()).collect();
        if rows.len() < cbpe::FEWEST {
            return Err(format!(
                "only {} rows have both a prediction and an outcome; {} are needed",
                grouped(rows.len()),
                cbpe::FEWEST
            ));
        }
        let labels: std::collections::BTreeSet<u64> = rows.iter().map(|it| kept.label[*it].to_bits()).collect();
        if labels.len() < 2 {
            return Err("the outcome is the same in every row, so nothing can be learnt from it".to_owned());
        }
        let reference = measure(task, &kept.only(&rows));
        let halves = [
            rows.iter().copied().step_by(2).collect::<Vec<_>>(),
            rows.iter().copied().skip(1).step_by(2).collect::<Vec<_>>(),
        ];
        let in_order = [rows[..rows.len() / 2].to_vec(), rows[rows.len() / 2..].to_vec()];
        match task {
            Task::Classes { scores, .. } => {
                let model = Cbpe::fit(scores, kept, &rows)
                    .ok_or("there are no probabilities, or a class is too rare in the reference")?;
                let split = |parts: &[Vec<usize>; 2]| -> Option<(f64, f64)> {
                    let worst = [(0, 1), (1, 0)].into_iter().filter_map(|(fit, test)| {
                        let learnt = Cbpe::fit(scores, kept, &parts[fit])?;
                        let test = kept.only(&parts[test]);
                        let all: Vec<usize> = (0..test.len()).collect();
                        let said = learnt.estimate(task, &test, &all).get("accuracy").copied()?;
                        let is = measure(task, &test).get("accuracy").copied()?;
                        Some((said - is.value, is.spread.at(is.rows)))
                    });
                    worst.max_by(|a, b| a.0.abs().total_cmp(&b.0.abs()))
                };
                // In order of the file, so that a relation that moved inside the reference is found, too.
                let (calibration, calibration_why) = match (split(&in_order), split(&halves)) {
                    (Some((gap, error)), _) if gap.abs() > CALIBRATION && gap.abs() > 3.0 * error => (
                        Assumption::Fails,
                        format!("what one half of the reference teaches is {:.3} off in the other half", gap.abs()),
                    ),
                    (Some((gap, error)), Some(_)) if gap.abs() + error < 2.0 * CALIBRATION => (
                        Assumption::Holds,
                        format!("one half of the reference predicts the accuracy of the other to {:.3}", gap.abs()),
                    ),
                    _ => (Assumption::Unknown, "the reference is too small to test the calibration".to_owned()),
                };
                Ok(Self { reference, rows: rows.len(), calibration, calibration_why, model: Learnt::Classes(model) })
            }
            Task::Numbers => {
                let model = LossModel::fit(kept, &rows, names)
                    .ok_or("the reference has no inputs that the error could depend on")?;
                let gaps: Vec<(f64, f64)> = [(0, 1), (1, 0)]
                    .into_iter()
                    .filter_map(|(fit, test)| {
                        let learnt = LossModel::fit(kept, &in_order[fit], names)?;
                        let part = kept.only(&in_order[test]);
                        let all: Vec<usize> = (0..part.len()).collect();
                        let said = learnt.estimate(&part, &all).get("mae").copied()?;
                        let is = measure(task, &part).get("mae").copied()?;
                        Some((
                            (said - is.value) / is.value.max(f64::MIN_POSITIVE),
                            is.spread.at(is.rows) / is.value.max(f64::MIN_POSITIVE),
                        ))
                    })
                    .collect();
                let worst = gaps.into_iter().max_by(|a, b| a.0.abs().total_cmp(&b.0.abs()));
                let (calibration, calibration_why) = match worst {
                    Some((gap, error)) if gap.abs() > CALIBRATION_RELATIVE && gap.abs() > 3.0 * error => (
                        Assumption::Fails,
                        format!(
                            "the error that one half of the reference predicts for the other is {:.0} % off",
                            gap.abs() * 100.0
                        ),
                    ),
                    Some((gap, error)) if gap.abs() + error < 2.0 * CALIBRATION_RELATIVE => (
                        Assumption::Holds,
                        format!(
                            "one half of the reference predicts the error of the other to {:.0} %",
                            gap.abs() * 100.0
                        ),
                    ),
                    _ => (Assumption::Unknown, "the reference is too small to test the model of the error".to_owned()),
                };
                Ok(Self { reference, rows: rows.len(), calibration, calibration_why, model: Learnt::Numbers(model) })
            }
        }
    }

    /// Bare numbers of the given rows.
    pub(super) fn values(&self, task: &Task, kept: &Kept) -> BTreeMap<String, f64> {
        let all: Vec<usize> = (0..kept.len()).collect();
        match &self.model {
            Learnt::Classes(it) => it.estimate(task, kept, &all),
            Learnt::Numbers(it) => it.estimate(kept, &all),
        }
    }

    /// Metrics of a window with their intervals, each with its assumptions; no number where one fails.
    pub(super) fn estimate(&self, task: &Task, kept: &Kept, about: Circumstances) -> BTreeMap<String, Estimated> {
        let n = match &self.model {
            Learnt::Classes(_) => {
                (0..kept.len()).filter(|it| kept.has_scores(*it) && !kept.prediction[*it].is_nan()).count()
            }
            Learnt::Numbers(_) => kept.prediction.iter().filter(|it| !it.is_nan()).count(),
        };
        let values = if n == 0 { BTreeMap::new() } else { self.values(task, kept) };
        let mut found = BTreeMap::new();
        for (name, reference) in &self.reference {
            let value = values.get(name).copied();
            let sampling = (n > 0).then(|| reference.spread.at(n));
            // What is learnt from the reference is as uncertain as its own metric.
            let half = sampling.map(|it| Z95 * it.hypot(reference.spread.at(reference.rows)));
            let mut assumptions = BTreeMap::new();
            assumptions.insert("calibration".to_owned(), self.calibration);
            let excess = about.outside - about.expected_outside;
            assumptions
                .insert("overlap".to_owned(), if excess > OUTSIDE { Assumption::Fails } else { Assumption::Holds });
            let wide = half.is_none_or(|it| {
                if is_share(name) { it > WIDEST } else { it > 0.25 * reference.value.abs().max(f64::MIN_POSITIVE) }
            });
            let few = n < 30 || (wide && name != "bias");
            assumptions.insert("enough_rows".to_owned(), if few { Assumption::Fails } else { Assumption::Holds });
            assumptions.insert("stable_relation".to_owned(), about.relation);
            if matches!(self.model, Learnt::Classes(_)) {
                assumptions.insert(
                    "valid_scores".to_owned(),
                    if about.bad_scores > 0.01 { Assumption::Fails } else { Assumption::Holds },
                );
            }
            let failed: Vec<&str> =
                assumptions.iter().filter(|it| *it.1 == Assumption::Fails).map(|it| it.0.as_str()).collect();
            let why = if failed.is_empty() {
                match about.relation {
                    Assumption::Holds => {
                        format!("learnt from {} rows with a known outcome; labels of the log agree", grouped(self.rows))
                    }
                    _ => format!(
                        "learnt from {} rows with a known outcome; whether the world still is the same is not known without labels",
                        grouped(self.rows)
                    ),
                }
            } else {
                let words: Vec<String> =
                    failed.iter().map(|it| self.failure(it, n, excess, about.bad_scores)).collect();
                format!("no number is given: {}", words.join("; "))
            };
            let value = value.filter(|_| failed.is_empty());
            let interval = value.zip(half).map(|(value, half)| {
                let (low, high) = (value - half, value + half);
                match name.as_str() {
                    "bias" => (low, high),
                    name if is_share(name) => (low.max(0.0), high.min(1.0)),
                    _ => (low.max(0.0), high),
                }
            });
            found.insert(name.clone(), Estimated { value, interval, sampling_error: sampling, assumptions, why });
        }
        found
    }

    fn failure(&self, assumption: &str, n: usize, excess: f64, bad: f64) -> String {
        match assumption {
            "calibration" => self.calibration_why.clone(),
            "overlap" => format!("{:.0} % of the rows hold values that the reference never had", excess * 100.0),
            "enough_rows" => format!("{} rows are too few", grouped(n)),
            "stable_relation" => "labels show that the same inputs now have other outcomes".to_owned(),
            _ => format!("{:.1} % of the rows have scores that are no probabilities", bad * 100.0),
        }
    }

    /// How the calibration was tested, in words.
    pub(super) fn calibration(&self) -> (Assumption, &str) {
        (self.calibration, &self.calibration_why)
    }
}

//! Requests, callers, versions, latency, errors, silence.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use proofmark_domain::monitor::{Latency, Named, Silence, Usage};

use super::clock::stamp;
use crate::drift::statistics::quantile_sorted;

/// Callers or versions that are told apart in one window.
const MOST_NAMES: usize = 10_000;
/// Callers that are listed.
const LISTED: usize = 10;

/// Counts by name, bounded.
#[derive(Debug, Clone, Default)]
pub(super) struct Names {
    counts: HashMap<String, u64>,
    other: u64,
}

impl Names {
    pub(super) fn add(&mut self, name: &str, count: u64) {
        if let Some(known) = self.counts.get_mut(name) {
            *known += count;
        } else if self.counts.len() < MOST_NAMES {
            self.counts.insert(name.to_owned(), count);
        } else {
            self.other += count;
        }
    }

    fn join(&mut self, other: Self) {
        self.other += other.other;
        other.counts.into_iter().for_each(|(name, count)| self.add(&name, count));
    }

    /// Most frequent first; what is not listed is `(other)`.
    pub(super) fn listed(&self, most: usize) -> Vec<Named> {
        let mut all: Vec<Named> =
            self.counts.iter().map(|(name, rows)| Named { name: name.clone(), rows: *rows }).collect();
        all.sort_by(|a, b| b.rows.cmp(&a.rows).then_with(|| a.name.cmp(&b.name)));
        let rest: u64 = all.iter().skip(most).map(|it| it.rows).sum::<u64>() + self.other;
        all.truncate(most);
        if rest > 0 {
            all.push(Named { name: "(other)".to_owned(), rows: rest });
        }
        all
    }
}

/// Values that are kept as they are; NumPy's quantiles of them are exact.
const MOST_KEPT: usize = 4_096;

/// Quantiles of numbers from 0 on: of the values themselves while they are few, then of counts by the logarithm, known to half a percent.
#[derive(Debug, Clone, Default)]
struct Quantiles {
    kept: Vec<f64>,
    counts: BTreeMap<i32, u64>,
    sum: f64,
    n: u64,
}

impl Quantiles {
    const STEP: f64 = 1.01;

    fn add(&mut self, value: f64) {
        self.sum += value;
        self.n += 1;
        self.place(value);
    }

    fn place(&mut self, value: f64) {
        if self.counts.is_empty() {
            self.kept.push(value);
            if self.kept.len() > MOST_KEPT {
                std::mem::take(&mut self.kept).into_iter().for_each(|it| self.count(it));
            }
        } else {
            self.count(value);
        }
    }

    fn count(&mut self, value: f64) {
        let bin = if value <= 0.0 { i32::MIN } else { (value.ln() / Self::STEP.ln()).floor() as i32 };
        *self.counts.entry(bin).or_default() += 1;
    }

    fn join(&mut self, other: Self) {
        self.sum += other.sum;
        self.n += other.n;
        if !other.counts.is_empty() {
            std::mem::take(&mut self.kept).into_iter().for_each(|it| self.count(it));
            other.counts.into_iter().for_each(|(bin, count)| *self.counts.entry(bin).or_default() += count);
        }
        other.kept.into_iter().for_each(|it| self.place(it));
    }

    /// Several quantiles, each of a `q` in 0..=1.
    fn at<const N: usize>(&self, qs: [f64; N]) -> [f64; N] {
        if self.counts.is_empty() {
            let mut sorted = self.kept.clone();
            sorted.sort_unstable_by(f64::total_cmp);
            return qs.map(|q| quantile_sorted(&sorted, q));
        }
        qs.map(|q| {
            let wanted = (q * self.n as f64).ceil().max(1.0) as u64;
            let mut seen = 0;
            let reached = self.counts.iter().find(|(_, count)| {
                seen += **count;
                seen >= wanted
            });
            match reached {
                None | Some((&i32::MIN, _)) => 0.0,
                Some((bin, _)) => Self::STEP.powf(f64::from(*bin) + 0.5),
            }
        })
    }
}

/// Usage of one window while it is read.
#[derive(Debug, Clone, Default)]
pub(super) struct UsageCount {
    pub(super) requests: u64,
    pub(super) errors: u64,
    pub(super) callers: Names,
    pub(super) versions: Names,
    latency: Quantiles,
}

impl UsageCount {
    pub(super) fn latency(&mut self, ms: f64) {
        if ms.is_finite() && ms >= 0.0 {
            self.latency.add(ms);
        }
    }

    pub(super) fn join(&mut self, other: Self) {
        self.requests += other.requests;
        self.errors += other.errors;
        self.callers.join(other.callers);
        self.versions.join(other.versions);
        self.latency.join(other.latency);
    }

    pub(super) fn report(&self, silence: Option<Silence>) -> Usage {
        let latency = (self.latency.n > 0).then(|| {
            let [p50, p95, p99] = self.latency.at([0.5, 0.95, 0.99]);
            Latency { mean: self.latency.sum / self.latency.n as f64, p50, p95, p99 }
        });
        Usage {
            requests: self.requests,
            errors: self.errors,
            error_rate: if self.requests == 0 { 0.0 } else { self.errors as f64 / self.requests as f64 },
            callers: self.callers.listed(LISTED),
            versions: self.versions.listed(LISTED),
            latency,
            silence,
        }
    }
}

/// Minutes in which there was any request.
#[derive(Debug, Clone, Default)]
pub(super) struct Activity {
    minutes: BTreeSet<i64>,
    /// Minutes of one step: grows when a log is so long that minutes would fill the memory.
    step: i64,
}

/// Steps that are told apart.
const MOST_STEPS: usize = 1_000_000;
const MINUTE: i64 = 60_000;
const DAY: i64 = 86_400_000;

impl Activity {
    pub(super) fn add(&mut self, ms: i64) {
        self.step = self.step.max(1);
        self.minutes.insert(ms.div_euclid(MINUTE * self.step));
        if self.minutes.len() > MOST_STEPS {
            self.step *= 10;
            self.minutes = self.minutes.iter().map(|it| it.div_euclid(10)).collect();
        }
    }

    /// Forgets what lies after a moment, which only a wrong clock can have dated.
    pub(super) fn forget_after(&mut self, ms: i64) {
        let last = ms.div_euclid(MINUTE * self.step.max(1));
        self.minutes.retain(|it| *it <= last);
    }

    /// Whether a gap behind the `before`th minute of activity is the work of a wrong clock: longer than all else, with next to nothing beyond.
    fn is_of_clock(&self, before: usize, length: i64) -> bool {
        let (Some(first), Some(last)) = (self.minutes.first(), self.minutes.last()) else { return false };
        let beyond = before.min(self.minutes.len() - before);
        length * 2 > last - first && beyond * 100 < self.minutes.len()
    }

    /// The longest silence of each window `[start, end)`, with whether it is unusual: over an hour, over three times the longest silence of
    /// an ordinary day (the median over days), and over twice that of nine days in ten.
    pub(super) fn silences(&self, windows: &[(i64, i64)]) -> Vec<Option<Silence>> {
        let unit = MINUTE * self.step.max(1);
        let gaps: Vec<(i64, i64)> = self
            .minutes
            .iter()
            .zip(self.minutes.iter().skip(1))
            .enumerate()
            .filter(|(at, (a, b))| **b - **a > 1 && !self.is_of_clock(at + 1, *b - *a))
            .map(|(_, (a, b))| ((a + 1) * unit, (b - a - 1) * unit))
            .collect();
        let mut daily: BTreeMap<i64, i64> = self.minutes.iter().map(|it| ((it * unit).div_euclid(DAY), 0)).collect();
        for (from, length) in &gaps {
            let longest = daily.entry(from.div_euclid(DAY)).or_default();
            *longest = (*longest).max(*length);
        }
        let mut lengths: Vec<i64> = daily.into_values().collect();
        lengths.sort_unstable();
        let at = |q: f64| lengths.get((lengths.len().saturating_sub(1) as f64 * q) as usize).copied().unwrap_or(0);
        // Of fewer than three days nothing is known about ordinary ones.
        let limit = if lengths.len() < 3 { i64::MAX } else { (3 * at(0.5)).max(2 * at(0.9)).max(60 * MINUTE) };
        windows
            .iter()
            .map(|(start, end)| {
                let inside = gaps.iter().filter(|(from, _)| from >= start && from < end).max_by_key(|it| it.1)?;
                Some(Silence { from: stamp(inside.0), seconds: inside.1 as f64 / 1000.0, is_unusual: inside.1 > limit })
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn quantiles_are_those_of_the_values() {
        // numpy.quantile([i ** 1.5 for i in range(1, 1001)], q)
        let value = |it: u32| f64::from(it).powf(1.5);
        let mut latency = Quantiles::default();
        let mut other = Quantiles::default();
        (1..=700).for_each(|it| latency.add(value(it)));
        (701..=1000).for_each(|it| other.add(value(it)));
        latency.join(other);
        for (found, expected) in
            latency.at([0.5, 0.95, 0.99]).into_iter().zip([11_197.118_779_79, 29_283.278_777_58, 31_150.094_873_8])
        {
            assert!((found / expected - 1.0).abs() < 1e-9, "{found} is not {expected}");
        }
    }

    #[test]
    fn quantiles_of_many_values_are_known_to_half_a_percent() {
        let mut latency = Quantiles::default();
        let mut other = Quantiles::default();
        for it in 1..=10_000 {
            if it % 10 == 0 { other.add(f64::from(it)) } else { latency.add(f64::from(it)) }
        }
        other.join(latency);
        for (found, expected) in other.at([0.5, 0.95, 0.99]).into_iter().zip([5_000.0, 9_500.0, 9_900.0]) {
            assert!((found / expected - 1.0).abs() < 0.006, "{found} is not {expected}");
        }
        assert_eq!((other.n, other.sum), (10_000, 50_005_000.0));
    }

    #[test]
    fn nights_are_no_silence() {
        let mut activity = Activity::default();
        for day in 0..10i64 {
            // From 8 to 20 o'clock every minute, but for the afternoon of the seventh day and the day after.
            for minute in 8 * 60..20 * 60 {
                if !(day == 7 || (day == 6 && minute > 12 * 60)) {
                    activity.add(day * DAY + minute * MINUTE);
                }
            }
        }
        let windows: Vec<(i64, i64)> = (0..10).map(|it| (it * DAY, (it + 1) * DAY)).collect();
        let unusual: Vec<usize> = activity
            .silences(&windows)
            .iter()
            .enumerate()
            .filter(|(_, it)| it.is_some_and(|it| it.is_unusual))
            .map(|it| it.0)
            .collect();
        assert_eq!(unusual, [6]);
    }
}

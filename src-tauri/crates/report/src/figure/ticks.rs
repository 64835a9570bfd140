//! Round numbers and round dates for axes, and a scale that survives any finite range.

use proofmark_domain::Timestamp;

use super::canvas::TEXT;
use crate::text;

/// A value on an axis and what is written there.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tick {
    pub at: f64,
    pub label: String,
}

/// What the numbers of an axis are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Number,
    /// Milliseconds since 1970, shown as days.
    Day,
    /// Milliseconds since 1970.
    Moment,
}

/// Maps a range to pixels.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale {
    pub low: f64,
    pub high: f64,
    pub from: f64,
    pub to: f64,
}

impl Scale {
    /// Where a value lies, never outside the pixels. Halved before subtracting, because the width of a range of doubles
    /// may be no double.
    pub fn at(&self, value: f64) -> f64 {
        let width = self.high / 2.0 - self.low / 2.0;
        let share = (value / 2.0 - self.low / 2.0) / width;
        let share = if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.5 };
        self.from + (self.to - self.from) * share
    }
}

/// The round number at or above `rough`: 1, 2 or 5 times a power of ten.
fn nice(rough: f64) -> Option<f64> {
    if !(rough.is_finite() && rough > 0.0) {
        return None;
    }
    let power = 10f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|m| m * power).find(|step| *step >= rough * 0.999_999)?;
    (step.is_finite() && step > 0.0).then_some(step)
}

/// The least round number that is not below `value`, for the end of an axis that starts at zero.
pub(super) fn ceiling(value: f64) -> f64 {
    let Some(step) = nice(value / 4.0) else { return 1.0 };
    let top = (value / step - 1e-9).ceil() * step;
    if top.is_finite() && top > 0.0 { top } else { value }
}

/// At most `most` round values within the range; its two ends where no round value can be told apart.
pub(super) fn numbers(low: f64, high: f64, most: usize) -> Vec<f64> {
    let ends = || if low == high { vec![low] } else { vec![low, high] };
    let width = high - low;
    let most = most.max(2);
    let Some(mut step) = nice(width / (most - 1) as f64) else { return ends() };
    if (low.abs().max(high.abs()) / step) > 1e12 {
        return ends();
    }
    for _ in 0..4 {
        let (first, last) = ((low / step - 1e-9).ceil(), (high / step + 1e-9).floor());
        let n = last - first + 1.0;
        if n >= 1.0 && n <= most as f64 {
            return (0..n as u32)
                .map(|i| (first + f64::from(i)) * step)
                .map(|v| if v == 0.0 { 0.0 } else { v })
                .collect();
        }
        if n < 1.0 {
            return ends();
        }
        match nice(step * 1.5) {
            Some(wider) => step = wider,
            None => return ends(),
        }
    }
    ends()
}

/// The same with labels of equal precision.
pub(super) fn labelled(low: f64, high: f64, most: usize) -> Vec<Tick> {
    let values = numbers(low, high, most);
    let step = values.windows(2).map(|w| w[1] - w[0]).fold(f64::INFINITY, f64::min);
    let largest = values.iter().fold(0.0f64, |a, b| a.max(b.abs()));
    let plain = largest < 1e7 && (largest >= 1e-4 || largest == 0.0) && step.is_finite();
    values
        .into_iter()
        .map(|at| {
            let label = if plain {
                let decimals = (-(step * 1.000_001).log10().floor()).clamp(0.0, 8.0) as usize;
                text::decimal(at, decimals)
            } else if at == 0.0 {
                "0".to_owned()
            } else {
                text::power(at, 3)
            };
            Tick { at, label }
        })
        .collect()
}

/// Counts of rows from zero: whole numbers only.
pub(super) fn counts(high: f64, most: usize) -> Vec<Tick> {
    numbers(0.0, high, most)
        .into_iter()
        .filter(|at| at.fract() == 0.0)
        .map(|at| Tick { at, label: if at < 1e9 { text::count(at as u64) } else { text::power(at, 3) } })
        .collect()
}

/// Shares as percentages from zero.
pub(super) fn shares(high: f64, most: usize) -> Vec<Tick> {
    labelled(0.0, high * 100.0, most)
        .into_iter()
        .map(|tick| Tick { at: tick.at / 100.0, label: format!("{}\u{a0}%", tick.label) })
        .collect()
}

/// Ticks of an axis of values, thinned until no two labels touch.
pub(super) fn axis(kind: Kind, scale: &Scale) -> Vec<Tick> {
    for most in (2..=6).rev() {
        let ticks = match kind {
            Kind::Number => labelled(scale.low, scale.high, most),
            Kind::Day | Kind::Moment => moments(scale.low, scale.high, most),
        };
        let apart = ticks.windows(2).all(|pair| {
            let room = (scale.at(pair[1].at) - scale.at(pair[0].at)).abs();
            room >= (text::width(&pair[0].label, TEXT) + text::width(&pair[1].label, TEXT)) / 2.0 + 8.0
        });
        if apart && ticks.len() <= 6 {
            return ticks;
        }
    }
    labelled(scale.low, scale.high, 2).into_iter().take(1).collect()
}

const DAY: f64 = 86_400_000.0;

/// Days since 1970 of a day of the proleptic Gregorian calendar; `month` from 0, may lie beyond a year.
/// After Howard Hinnant, "chrono-compatible low-level date algorithms".
fn days(year: i64, month: i64) -> i64 {
    let (year, month) = (year + month.div_euclid(12), month.rem_euclid(12) + 1);
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let yoe = y.rem_euclid(400);
    let doy = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5;
    era * 146_097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719_468
}

fn year_of(ms: f64) -> i64 {
    label(ms).get(..4).and_then(|year| year.parse().ok()).unwrap_or(1970)
}

fn label(ms: f64) -> String {
    Timestamp::from_ms(ms as i64).to_string()
}

/// A value as text for a mark: a number with four digits, a day or a moment to the second.
pub(super) fn value(kind: Kind, value: f64) -> String {
    match kind {
        Kind::Number => text::number(value),
        Kind::Day => label(value).chars().take(10).collect(),
        Kind::Moment => label(value).chars().take(19).collect::<String>().replace('T', " "),
    }
}

/// Round dates or times of day within a range of milliseconds.
fn moments(low: f64, high: f64, most: usize) -> Vec<Tick> {
    let limit = 2.5e14;
    let (low, high) = (low.clamp(-limit, limit), high.clamp(-limit, limit));
    let rough = (high - low) / most as f64;
    let fixed = [
        1.0,
        5.0,
        15.0,
        30.0,
        60.0,
        300.0,
        900.0,
        1800.0,
        3600.0,
        10800.0,
        21600.0,
        43200.0,
        86400.0,
        172_800.0,
        604_800.0,
        1_209_600.0,
    ];
    let inside = |at: &f64| *at >= low && *at <= high;
    let (values, from, to): (Vec<f64>, usize, usize) = if rough > 0.75 * 365.0 * DAY {
        let step = nice(rough / (365.25 * DAY)).unwrap_or(1.0).max(1.0) as i64;
        let first = year_of(low).div_euclid(step) * step;
        ((0..=(most as i64 + 1)).map(|i| days(first + i * step, 0) as f64 * DAY).filter(inside).collect(), 0, 4)
    } else if rough > 14.0 * DAY {
        let step = [1, 2, 3, 6, 12].into_iter().find(|m| *m as f64 * 30.4 * DAY >= rough).unwrap_or(12);
        let year = year_of(low);
        ((0..=240).map(|i| days(year, i * step) as f64 * DAY).filter(inside).collect(), 0, 7)
    } else if let Some(step) =
        fixed.into_iter().map(|s| s * 1000.0).find(|s| *s >= rough && *s > 0.0).filter(|_| high > low)
    {
        let first = (low / step).ceil();
        let values = (0..=most as u32).map(|i| (first + f64::from(i)) * step).filter(inside).collect();
        if step >= DAY {
            (values, 0, 10)
        } else if step >= 60_000.0 {
            (values, 5, 16)
        } else {
            (values, 11, 19)
        }
    } else {
        (vec![low], 0, 19)
    };
    let values: Vec<f64> = if values.is_empty() { vec![low] } else { values };
    let (from, to) = if values.len() == 1 { (0, 19) } else { (from, to) };
    values
        .into_iter()
        .take(most.max(1))
        .map(|at| Tick { at, label: label(at).get(from..to).unwrap_or_default().replace('T', " ") })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_few() {
        assert_eq!(numbers(0.0, 97.0, 6), vec![0.0, 20.0, 40.0, 60.0, 80.0], "round steps inside the range");
        assert_eq!(labelled(-0.2, 0.2, 6).first().map(|t| t.label.clone()), Some("−0.2".into()), "equal precision");
        let extremes = [f64::MIN, -1e300, -1.0, -1e-310, 0.0, 1e-310, 1.0, 1.0 + f64::EPSILON, 1e16, 1e300, f64::MAX];
        for low in extremes {
            for high in extremes.into_iter().filter(|high| *high >= low) {
                for kind in [Kind::Number, Kind::Day, Kind::Moment] {
                    let scale = Scale { low, high, from: 0.0, to: 400.0 };
                    let ticks = axis(kind, &scale);
                    assert!(ticks.len() <= 6, "at most six between {low} and {high}");
                    assert!(ticks.iter().all(|t| scale.at(t.at).is_finite()), "every tick has a place");
                }
            }
        }
    }

    #[test]
    fn dates_are_round() {
        let scale = |low: &str, high: &str| -> Vec<String> {
            let ms = |t: &str| t.parse::<Timestamp>().map_or(0.0, |t| t.ms() as f64);
            axis(Kind::Day, &Scale { low: ms(low), high: ms(high), from: 0.0, to: 400.0 })
                .into_iter()
                .map(|t| t.label)
                .collect()
        };
        assert_eq!(
            scale("1950-03-01T00:00:00Z", "2009-03-01T00:00:00Z"),
            ["1960", "1970", "1980", "1990", "2000"],
            "years"
        );
        assert_eq!(
            scale("2024-02-10T00:00:00Z", "2024-08-10T00:00:00Z"),
            ["2024-03", "2024-04", "2024-05", "2024-06", "2024-07", "2024-08"],
            "first days of months"
        );
        assert_eq!(days(2000, 2), 11_017, "1 March 2000 after a leap day of a century");
    }
}

//! How the moments of a column follow each other: the finest unit, the step of their days, and what is missing.

use std::collections::BTreeSet;

use proofmark_domain::Timestamp;
use proofmark_domain::profile::{TimeGap, TimeShape, TimeStep, TimeUnit};
use serde::{Deserialize, Serialize};

/// Days that are remembered: more than a hundred years of them.
const MOST: usize = 40_000;

/// Gaps that a profile shows.
const SHOWN: usize = 5;

const DAY: i64 = 86_400_000;

/// Gathers moments.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Calendar {
    days: BTreeSet<i32>,
    /// There were more days than are remembered.
    overflow: bool,
    /// The finest unit that was seen below a day.
    below: Below,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Below {
    #[default]
    Day,
    Hour,
    Minute,
    Second,
    Millisecond,
}

impl Calendar {
    /// Adds a moment in milliseconds since 1970-01-01 UTC.
    pub fn add(&mut self, ms: i64) {
        let within = ms.rem_euclid(DAY);
        let below = if within == 0 {
            Below::Day
        } else if within % 3_600_000 == 0 {
            Below::Hour
        } else if within % 60_000 == 0 {
            Below::Minute
        } else if within % 1_000 == 0 {
            Below::Second
        } else {
            Below::Millisecond
        };
        self.below = self.below.max(below);
        let Ok(day) = i32::try_from(ms.div_euclid(DAY)) else { return };
        self.keep(day);
    }

    fn keep(&mut self, day: i32) {
        if self.days.len() < MOST {
            self.days.insert(day);
        } else {
            self.overflow |= !self.days.contains(&day);
        }
    }

    /// Adds what was gathered elsewhere.
    pub fn merge(&mut self, other: Self) {
        self.below = self.below.max(other.below);
        self.overflow |= other.overflow;
        other.days.into_iter().for_each(|day| self.keep(day));
    }

    /// The shape; `None` without a moment.
    pub fn shape(&self) -> Option<TimeShape> {
        if self.days.is_empty() {
            return None;
        }
        let dates: Vec<(i32, Civil)> = self.days.iter().map(|day| (*day, Civil::of(*day))).collect();
        let unit = match self.below {
            Below::Millisecond => TimeUnit::Millisecond,
            Below::Second => TimeUnit::Second,
            Below::Minute => TimeUnit::Minute,
            Below::Hour => TimeUnit::Hour,
            Below::Day if dates.iter().all(|(_, date)| (date.month, date.day) == (1, 1)) => TimeUnit::Year,
            Below::Day if dates.iter().all(|(_, date)| date.day == 1) || dates.iter().all(|(_, date)| date.is_last) => {
                TimeUnit::Month
            }
            Below::Day => TimeUnit::Day,
        };
        let (step, missing, gaps) = if self.overflow { (None, 0, Vec::new()) } else { steps(&dates) };
        Some(TimeShape { unit, days: self.days.len() as u64, step, missing, gaps })
    }
}

/// A day of the calendar.
#[derive(Debug, Clone, Copy)]
struct Civil {
    year: i64,
    month: u32,
    day: u32,
    /// The last of its month.
    is_last: bool,
}

impl Civil {
    /// The day that lies so many days after 1970-01-01 (H. Hinnant, "chrono-compatible low-level date algorithms").
    fn of(days: i32) -> Self {
        let (year, month, day) = civil(i64::from(days));
        let (_, next, _) = civil(i64::from(days) + 1);
        Self { year, month, day, is_last: next != month }
    }
}

fn civil(days: i64) -> (i64, u32, u32) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z - era * 146_097;
    let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let day = (doy - (153 * mp + 2) / 5 + 1) as u32;
    let month = (if mp < 10 { mp + 3 } else { mp - 9 }) as u32;
    (yoe + era * 400 + i64::from(month <= 2), month, day)
}

/// Steps between two days, by the way in which the days follow each other.
fn between(step: TimeStep, (a, from): (i32, Civil), (b, to): (i32, Civil)) -> i64 {
    let days = i64::from(b) - i64::from(a);
    match step {
        TimeStep::Daily => days,
        TimeStep::Weekly => (days + 3) / 7,
        TimeStep::Monthly => (to.year - from.year) * 12 + i64::from(to.month) - i64::from(from.month),
        TimeStep::Yearly => to.year - from.year,
        TimeStep::WorkingDays => {
            // Whole weeks have five; 1970-01-01 was a Thursday, day 3 of a week that begins on Monday.
            let weekday = |day: i32| (i64::from(day) + 3).rem_euclid(7);
            let worked = |day: i32| (i64::from(day) + 3).div_euclid(7) * 5 + weekday(day).min(5);
            worked(b) - worked(a)
        }
    }
}

/// How the days follow each other: the step that most of them keep, and what is missing by it.
fn steps(dates: &[(i32, Civil)]) -> (Option<TimeStep>, u64, Vec<TimeGap>) {
    /// Fewer days have no step that could be told from chance.
    const FEWEST: usize = 5;
    let pairs: Vec<_> = dates.windows(2).filter_map(|it| Some((*it.first()?, *it.get(1)?))).collect();
    if dates.len() < FEWEST {
        return (None, 0, Vec::new());
    }
    let weekend = dates.iter().any(|(day, _)| (i64::from(*day) + 3).rem_euclid(7) >= 5);
    let order = [TimeStep::Daily, TimeStep::WorkingDays, TimeStep::Weekly, TimeStep::Monthly, TimeStep::Yearly];
    let keeps = |step: TimeStep| {
        let one = pairs.iter().filter(|(a, b)| {
            between(step, *a, *b) == 1
                && match step {
                    TimeStep::Weekly => (6..=8).contains(&(b.0 - a.0)),
                    TimeStep::Monthly => (25..=37).contains(&(b.0 - a.0)),
                    TimeStep::Yearly => (350..=380).contains(&(b.0 - a.0)),
                    TimeStep::Daily | TimeStep::WorkingDays => true,
                }
        });
        // Four of five days follow their step; what is left is what is missing.
        one.count() * 5 >= pairs.len() * 4
    };
    let step = order.into_iter().filter(|it| *it != TimeStep::WorkingDays || !weekend).find(|it| keeps(*it));
    let Some(step) = step else { return (None, 0, Vec::new()) };
    let mut gaps: Vec<(i64, i32, i32)> =
        pairs.iter().map(|(a, b)| (between(step, *a, *b) - 1, a.0, b.0)).filter(|(missing, ..)| *missing > 0).collect();
    let missing = gaps.iter().map(|it| it.0).sum::<i64>().unsigned_abs();
    gaps.sort_by_key(|(missing, after, _)| (std::cmp::Reverse(*missing), *after));
    let text = |day: i32| Timestamp::from_ms(i64::from(day) * DAY).to_string().chars().take(10).collect::<String>();
    let gaps = gaps
        .into_iter()
        .take(SHOWN)
        .map(|(missing, after, before)| TimeGap {
            after: text(after),
            before: text(before),
            missing: missing.unsigned_abs(),
        })
        .collect();
    (Some(step), missing, gaps)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn of(days: impl IntoIterator<Item = i64>) -> TimeShape {
        let mut calendar = Calendar::default();
        days.into_iter().for_each(|day| calendar.add(day * DAY));
        calendar.shape().unwrap()
    }

    fn day(text: &str) -> i64 {
        format!("{text}T00:00:00Z").parse::<Timestamp>().unwrap().ms() / DAY
    }

    #[test]
    fn days_without_values_are_gaps_and_weekends_are_none() {
        let from = day("2026-01-01");
        let shape = of((0..60).filter(|it| !(20..=23).contains(it)).map(|it| from + it));
        assert_eq!((shape.unit, shape.step, shape.missing), (TimeUnit::Day, Some(TimeStep::Daily), 4));
        assert_eq!(shape.gaps, [TimeGap { after: "2026-01-20".into(), before: "2026-01-25".into(), missing: 4 }]);
        // 2026-01-05 is a Monday.
        let monday = day("2026-01-05");
        let working = of((0..70).filter(|it| it % 7 < 5 && *it != 16).map(|it| monday + it));
        assert_eq!((working.step, working.missing), (Some(TimeStep::WorkingDays), 1));
    }

    #[test]
    fn months_and_weeks_and_years_have_their_step() {
        let months: Vec<i64> =
            (0..24).filter(|it| *it != 7).map(|it| day(&format!("{}-{:02}-01", 2024 + it / 12, it % 12 + 1))).collect();
        let shape = of(months);
        assert_eq!((shape.unit, shape.step, shape.missing), (TimeUnit::Month, Some(TimeStep::Monthly), 1));
        assert_eq!(shape.gaps[0].after, "2024-07-01");
        let weeks = of((0..30).filter(|it| *it != 3 && *it != 4).map(|it| day("2026-01-07") + it * 7));
        assert_eq!((weeks.step, weeks.missing), (Some(TimeStep::Weekly), 2));
        let years = of((1990..2020).map(|year| day(&format!("{year}-01-01"))));
        assert_eq!((years.unit, years.step, years.missing), (TimeUnit::Year, Some(TimeStep::Yearly), 0));
        let loose = of([0, 3, 4, 19, 44, 45, 90, 200, 201].map(|it| it + 20_000));
        assert_eq!((loose.step, loose.missing), (None, 0));
    }

    #[test]
    fn units_below_a_day_are_told_and_parts_merge() {
        let mut calendar = Calendar::default();
        calendar.add(day("2026-01-01") * DAY + 3_600_000);
        assert_eq!(calendar.shape().unwrap().unit, TimeUnit::Hour);
        let mut other = Calendar::default();
        other.add(day("2026-01-02") * DAY + 61_001);
        calendar.merge(other);
        let shape = calendar.shape().unwrap();
        assert_eq!((shape.unit, shape.days), (TimeUnit::Millisecond, 2));
    }
}

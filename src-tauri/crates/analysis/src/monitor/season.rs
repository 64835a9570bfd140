//! The same season of earlier cycles: hours and days repeat with the week, weeks and months with the year.

use proofmark_domain::monitor::{Season, SeasonState, WindowKind};

use super::clock::{civil_from_days, month, weekday};

const DAY: i64 = 86_400_000;
const WEEKDAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// A place in a cycle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// Weekday and hour.
    HourOfWeek(u32, u32),
    /// Weekday.
    Weekday(u32),
    /// Month, 1..=12.
    Month(u32),
    /// A public holiday that most of the western world keeps, by its place in the list.
    Holiday(usize),
}

/// Days that are unlike others: fixed as (month, day), or counted from Easter Sunday.
const FIXED: &[(u32, u32, &str)] = &[
    (1, 1, "New Year's Day"),
    (5, 1, "Labour Day"),
    (7, 4, "Independence Day"),
    (12, 24, "Christmas Eve"),
    (12, 25, "Christmas Day"),
    (12, 26, "the second day of Christmas"),
    (12, 31, "New Year's Eve"),
];
const FROM_EASTER: &[(i64, &str)] = &[(-2, "Good Friday"), (0, "Easter Sunday"), (1, "Easter Monday")];

/// Days since 1970 of Easter Sunday (the anonymous Gregorian computus, Nature 1876).
fn easter(year: i64) -> i64 {
    let (a, b, c) = (year % 19, year / 100, year % 100);
    let (d, e) = (b / 4, b % 4);
    let f = (b + 8) / 25;
    let g = (b - f + 1) / 3;
    let h = (19 * a + b - d - g + 15) % 30;
    let (i, k) = (c / 4, c % 4);
    let l = (32 + 2 * e + 2 * i - h - k) % 7;
    let m = (a + 11 * h + 22 * l) / 451;
    let n = h + l - 7 * m + 114;
    crate::table::days_from_civil(year, (n / 31) as u32, (n % 31 + 1) as u32)
}

/// The holiday of a day, by its place in the list.
fn holiday(ms: i64) -> Option<usize> {
    let days = ms.div_euclid(DAY);
    let (year, month, day) = civil_from_days(days);
    let fixed = FIXED.iter().position(|it| (it.0, it.1) == (month, day));
    fixed.or_else(|| FROM_EASTER.iter().position(|it| easter(year) + it.0 == days).map(|it| FIXED.len() + it))
}

impl Phase {
    /// The place of a window in its cycle; `None` for windows of rows.
    pub(crate) fn of(kind: WindowKind, start: i64) -> Option<Self> {
        Some(match kind {
            WindowKind::Hour => Self::HourOfWeek(weekday(start), start.div_euclid(3_600_000).rem_euclid(24) as u32),
            WindowKind::Day => holiday(start).map_or_else(|| Self::Weekday(weekday(start)), Self::Holiday),
            // The Thursday says which month a week belongs to.
            WindowKind::Week => Self::Month(month(start + 3 * DAY).1),
            WindowKind::Month => Self::Month(month(start).1),
            WindowKind::Rows(_) => return None,
        })
    }

    /// Its name.
    pub(crate) fn name(self) -> String {
        match self {
            Self::HourOfWeek(day, hour) => format!("{} {hour:02}:00", WEEKDAYS[day as usize % 7]),
            Self::Weekday(day) => WEEKDAYS[day as usize % 7].to_owned(),
            Self::Month(month) => MONTHS[(month.max(1) - 1) as usize % 12].to_owned(),
            Self::Holiday(place) => FIXED
                .get(place)
                .map(|it| it.2)
                .or_else(|| FROM_EASTER.get(place.saturating_sub(FIXED.len())).map(|it| it.1))
                .unwrap_or("a holiday")
                .to_owned(),
        }
    }

    fn plural(self) -> String {
        let name = self.name();
        match self {
            Self::Month(_) | Self::Weekday(_) => format!("{name}s"),
            Self::HourOfWeek(..) => format!("hours of {name}"),
            Self::Holiday(_) => format!("days of {name}"),
        }
    }
}

/// Earlier windows of the same phase, and whether this one lies within their range: `within` says so for one of them.
///
/// A difference that has been there ever since the earlier cycle is no season but a lasting change: `lasting` tells so.
pub(super) fn judge(phase: Phase, earlier: usize, within: bool, lasting: bool, seen_cycle: bool) -> Season {
    let name = phase.name();
    if earlier == 0 {
        let why =
            if seen_cycle { format!("no earlier {name} is known") } else { "less than one cycle known".to_owned() };
        return Season {
            state: SeasonState::Unknown,
            known: 0,
            sentence: format!("{why}, so it cannot be told from the season"),
        };
    }
    let which =
        if earlier == 1 { format!("the last {name}") } else { format!("the last {earlier} {}", phase.plural()) };
    let (state, sentence) = if lasting {
        (SeasonState::Unexpected, format!("like {which}, but it has not been otherwise since, so it is no season"))
    } else if within {
        (SeasonState::Expected, format!("expected for {name}: inside the range of {which}"))
    } else {
        (SeasonState::Unexpected, format!("not expected for {name}: outside the range of {which}"))
    };
    Season { state, known: earlier as u64, sentence }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::clock::read_moment;
    use super::*;

    #[test]
    fn days_have_their_names() {
        let name = |text: &str| Phase::of(WindowKind::Day, read_moment(text).unwrap().ms).unwrap().name();
        assert_eq!(name("2024-03-31 00:00:00"), "Easter Sunday");
        assert_eq!(name("2025-04-18 00:00:00"), "Good Friday");
        assert_eq!(name("2024-12-25 00:00:00"), "Christmas Day");
        assert_eq!(name("2024-12-17 00:00:00"), "Tuesday");
    }

    #[test]
    fn what_is_known_is_said() {
        let december = Phase::Month(12);
        assert_eq!(
            judge(december, 3, true, false, true).sentence,
            "expected for December: inside the range of the last 3 Decembers"
        );
        assert_eq!(judge(december, 0, false, false, false).state, SeasonState::Unknown);
        assert!(judge(december, 0, false, false, false).sentence.starts_with("less than one cycle known"));
        assert_eq!(
            judge(december, 2, true, true, true).state,
            SeasonState::Unexpected,
            "a change that stayed is no season"
        );
    }
}

//! Moments and the windows that they fall into. All of it is UTC.

use proofmark_domain::Timestamp;
use proofmark_domain::monitor::WindowKind;

use crate::table::{days_from_civil, parse_moment};

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

/// A number since 1970 as milliseconds: seconds, milliseconds, microseconds or nanoseconds, told apart by size.
pub(super) fn epoch_ms(value: f64) -> f64 {
    let size = value.abs();
    if size >= 1e17 {
        value / 1e6
    } else if size >= 1e14 {
        value / 1e3
    } else if size >= 1e11 {
        value
    } else {
        value * 1e3
    }
}

/// A moment as it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Written {
    /// Milliseconds since 1970.
    pub(super) ms: i64,
    /// Whether a zone was given; without one UTC is taken.
    pub(super) zoned: bool,
}

/// Reads a moment from text.
pub(super) fn read_moment(text: &str) -> Option<Written> {
    let text = text.trim();
    if let Some(moment) = parse_moment(text, false) {
        let after_date = text.get(10..).unwrap_or_default();
        let zoned = after_date.ends_with(['Z', 'z'])
            || after_date.ends_with("UTC")
            || after_date.contains('+')
            || after_date.contains('-');
        return Some(Written { ms: moment.ms, zoned });
    }
    let number: f64 = text.parse().ok()?;
    (number.is_finite() && number >= 1e8).then(|| Written { ms: epoch_ms(number) as i64, zoned: true })
}

/// Year, month (1..=12) and day of a number of days since 1970-01-01 (H. Hinnant, "chrono-compatible low-level date algorithms").
pub(super) fn civil_from_days(days: i64) -> (i64, u32, u32) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z - era * 146_097;
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let day = (doy - (153 * mp + 2) / 5 + 1) as u32;
    let month = if mp < 10 { mp + 3 } else { mp - 9 } as u32;
    (yoe + era * 400 + i64::from(month <= 2), month, day)
}

/// Day of the week, 0 for Monday.
pub(super) fn weekday(ms: i64) -> u32 {
    (ms.div_euclid(DAY) + 3).rem_euclid(7) as u32
}

/// Month of a moment, 1..=12, with its year.
pub(super) fn month(ms: i64) -> (i64, u32) {
    let (year, month, _) = civil_from_days(ms.div_euclid(DAY));
    (year, month)
}

/// Number of the window that a moment falls into.
pub(super) fn window_of(kind: WindowKind, ms: i64) -> i64 {
    match kind {
        WindowKind::Hour => ms.div_euclid(HOUR),
        WindowKind::Day | WindowKind::Rows(_) => ms.div_euclid(DAY),
        WindowKind::Week => (ms.div_euclid(DAY) + 3).div_euclid(7),
        WindowKind::Month => {
            let (year, month) = month(ms);
            year * 12 + i64::from(month) - 1
        }
    }
}

/// First moment of a window of time.
pub(super) fn start_of(kind: WindowKind, window: i64) -> i64 {
    match kind {
        WindowKind::Hour => window * HOUR,
        WindowKind::Day | WindowKind::Rows(_) => window * DAY,
        WindowKind::Week => (window * 7 - 3) * DAY,
        WindowKind::Month => days_from_civil(window.div_euclid(12), window.rem_euclid(12) as u32 + 1, 1) * DAY,
    }
}

/// A moment for the report.
pub(super) fn stamp(ms: i64) -> Timestamp {
    Timestamp::from_ms(ms)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn windows_begin_where_people_think() {
        let ms = read_moment("2024-02-29T13:45:00+02:00").unwrap();
        assert!(ms.zoned);
        let begin = |kind| stamp(start_of(kind, window_of(kind, ms.ms))).to_string();
        assert_eq!(begin(WindowKind::Hour), "2024-02-29T11:00:00.000Z");
        assert_eq!(begin(WindowKind::Day), "2024-02-29T00:00:00.000Z");
        assert_eq!(begin(WindowKind::Week), "2024-02-26T00:00:00.000Z", "weeks begin on Monday");
        assert_eq!(begin(WindowKind::Month), "2024-02-01T00:00:00.000Z");
        assert_eq!(weekday(ms.ms), 3, "a Thursday");
        let before = read_moment("1969-12-31 23:00:00").unwrap();
        assert!(!before.zoned);
        assert_eq!(
            stamp(start_of(WindowKind::Month, window_of(WindowKind::Month, before.ms))).to_string(),
            "1969-12-01T00:00:00.000Z"
        );
    }

    #[test]
    fn epochs_are_told_apart_by_size() {
        for text in ["1706659200", "1706659200000", "1706659200000000", "1706659200000000000"] {
            assert_eq!(read_moment(text).unwrap().ms, 1_706_659_200_000, "{text}");
        }
    }
}

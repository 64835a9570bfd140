//! For how long data may be kept.

use std::str::FromStr;

use thiserror::Error;

use crate::Timestamp;

/// How long a data set is kept: until a day, or for a time after it was last written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retention {
    /// To the end of this moment's day, in UTC.
    Until(Timestamp),
    /// This many days.
    Days(i64),
    /// This many months of the calendar.
    Months(i64),
}

/// A text that says no period.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{0}` is no period: write a day such as 2027-12-31, or `400 days`, `18 months`, `2 years`")]
pub struct BadRetention(pub String);

impl FromStr for Retention {
    type Err = BadRetention;

    fn from_str(text: &str) -> Result<Self, BadRetention> {
        let bad = || BadRetention(text.to_owned());
        if let Ok(day) = text.trim().parse::<jiff::civil::Date>() {
            let end = day.to_zoned(jiff::tz::TimeZone::UTC).and_then(|it| it.end_of_day()).map_err(|_| bad())?;
            return Ok(Self::Until(Timestamp::from_ms(end.timestamp().as_millisecond())));
        }
        let (count, unit) = text.trim().split_once(' ').ok_or_else(bad)?;
        let count: i64 = count.parse().ok().filter(|it| (1..=36_500).contains(it)).ok_or_else(bad)?;
        match unit.trim() {
            "day" | "days" => Ok(Self::Days(count)),
            "week" | "weeks" => Ok(Self::Days(count * 7)),
            "month" | "months" => Ok(Self::Months(count)),
            "year" | "years" => Ok(Self::Months(count * 12)),
            _ => Err(bad()),
        }
    }
}

impl Retention {
    /// The last moment at which what was written at `written` may be kept.
    pub fn end(self, written: Timestamp) -> Timestamp {
        const DAY_MS: i64 = 86_400_000;
        // What a span of the calendar library can hold: about 20,000 years.
        const MOST_MONTHS: i64 = 239_976;
        match self {
            Self::Until(end) => end,
            Self::Days(days) => Timestamp::from_ms(written.ms().saturating_add(days.saturating_mul(DAY_MS))),
            Self::Months(months) => {
                let moment = jiff::Timestamp::from_millisecond(written.ms()).unwrap_or(jiff::Timestamp::MAX);
                let later = moment
                    .to_zoned(jiff::tz::TimeZone::UTC)
                    .saturating_add(jiff::Span::new().months(months.min(MOST_MONTHS)));
                Timestamp::from_ms(later.timestamp().as_millisecond())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn periods_end_by_the_calendar() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let end = |period: &str| period.parse::<Retention>().unwrap().end(at("2024-01-31T12:00:00Z"));
        assert_eq!(end("1 month"), at("2024-02-29T12:00:00Z"));
        assert_eq!(end("2 years"), at("2026-01-31T12:00:00Z"));
        assert_eq!(end("30 days"), at("2024-03-01T12:00:00Z"));
        assert_eq!(end("2024-06-30"), at("2024-06-30T23:59:59.999Z"));
        for text in ["", "soon", "0 days", "-1 years", "99999999999 days", "2024-13-01"] {
            assert!(text.parse::<Retention>().is_err(), "{text}");
        }
        assert!(end("36500 years") > at("9998-01-01T00:00:00Z"), "what lies beyond the calendar never ends");
    }
}

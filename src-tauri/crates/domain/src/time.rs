//! Moments in time, to the millisecond, always UTC.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A moment, as milliseconds since 1970-01-01T00:00:00Z. Written as RFC 3339 in UTC with three decimals.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS), ts(type = "string"))]
pub struct Timestamp(i64);

/// A text that is not an RFC 3339 moment.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{0}` is not a time of the form 2026-01-31T12:00:00Z")]
pub struct BadTimestamp(pub String);

impl Timestamp {
    /// The first and last moments that can be written with a four-digit year; a file time outside of them is a broken clock.
    const MIN_MS: i64 = -62_135_596_800_000;
    const MAX_MS: i64 = 253_402_207_199_999;

    /// Takes milliseconds since the epoch. Values outside the years 1 to 9999 are moved to the nearest of them,
    /// because file systems and foreign records do hold such values.
    pub const fn from_ms(ms: i64) -> Self {
        if ms < Self::MIN_MS {
            Self(Self::MIN_MS)
        } else if ms > Self::MAX_MS {
            Self(Self::MAX_MS)
        } else {
            Self(ms)
        }
    }

    /// Milliseconds since the epoch.
    pub const fn ms(self) -> i64 {
        self.0
    }

    /// Seconds from `earlier` to `self`; negative if `self` is the earlier one.
    pub fn seconds_since(self, earlier: Self) -> f64 {
        (self.0 - earlier.0) as f64 / 1000.0
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(moment) => write!(f, "{moment:.3}"),
            Err(_) => write!(f, "{} ms", self.0),
        }
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Timestamp {
    type Err = BadTimestamp;

    fn from_str(text: &str) -> Result<Self, BadTimestamp> {
        text.parse::<jiff::Timestamp>()
            .map(|moment| Self::from_ms(moment.as_millisecond()))
            .map_err(|_| BadTimestamp(text.to_owned()))
    }
}

impl TryFrom<String> for Timestamp {
    type Error = BadTimestamp;

    fn try_from(text: String) -> Result<Self, BadTimestamp> {
        text.parse()
    }
}

impl From<Timestamp> for String {
    fn from(time: Timestamp) -> Self {
        time.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_form_is_rfc_3339_in_utc() {
        let time = Timestamp::from_ms(1_795_411_522_582);
        assert_eq!(time.to_string(), "2026-11-23T05:25:22.582Z", "milliseconds and Z, always");
        assert_eq!(time.to_string().parse(), Ok(time), "the text form reads back");
        assert_eq!("2026-11-23T07:25:22.582+02:00".parse(), Ok(time), "other zones are read and turned into UTC");
    }

    #[test]
    fn absurd_file_times_still_print() {
        for ms in [i64::MIN, i64::MAX] {
            assert!(Timestamp::from_ms(ms).to_string().ends_with('Z'), "a broken clock must not break a scan");
        }
    }
}

//! Dates and times as people write them.

/// The order and the marks of a written date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DateForm {
    /// `2024-01-31`
    Iso,
    /// `2024/01/31`
    YearSlash,
    /// `31/01/2024` or `01/31/2024`
    Slash,
    /// `31.01.2024`
    Dot,
    /// `31-01-2024` or `01-31-2024`
    Dash,
    /// `31 Jan 2024`, `Jan 31, 2024`
    MonthName,
    /// `20240131`; only among dates of another form, since alone it is a number
    Compact,
}

impl DateForm {
    /// An example that shows the form.
    pub fn example(self) -> &'static str {
        match self {
            Self::Iso => "2024-01-31",
            Self::YearSlash => "2024/01/31",
            Self::Slash => "31/01/2024",
            Self::Dot => "31.01.2024",
            Self::Dash => "31-01-2024",
            Self::MonthName => "31 Jan 2024",
            Self::Compact => "20240131",
        }
    }
}

/// A moment that was read from text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moment {
    /// Milliseconds since 1970-01-01T00:00:00Z; without a zone, as if it were UTC.
    pub ms: i64,
    /// How it was written.
    pub form: DateForm,
    /// Whether a time of day was given.
    pub has_time: bool,
    /// The first two numbers, where their order is open.
    pub first_two: Option<(u32, u32)>,
}

/// Days since 1970-01-01 of a day of the proleptic Gregorian calendar (H. Hinnant, "chrono-compatible low-level date algorithms").
pub fn days_from_civil(year: i64, month: u32, day: u32) -> i64 {
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let yoe = y - era * 400;
    let mp = (i64::from(month) + 9) % 12;
    let doy = (153 * mp + 2) / 5 + i64::from(day) - 1;
    era * 146_097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719_468
}

fn days_in_month(year: i64, month: u32) -> u32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Cursor<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }
    fn eat(&mut self, byte: u8) -> bool {
        if self.peek() == Some(byte) {
            self.at += 1;
            return true;
        }
        false
    }
    /// A number of `min..=max` digits, with how many there were.
    fn digits(&mut self, min: usize, max: usize) -> Option<(u32, usize)> {
        let start = self.at;
        let mut value = 0u32;
        while let Some(byte @ b'0'..=b'9') = self.peek() {
            if self.at - start == max {
                return None;
            }
            value = value * 10 + u32::from(byte - b'0');
            self.at += 1;
        }
        let count = self.at - start;
        (count >= min).then_some((value, count))
    }
    /// Two digits, whatever follows.
    fn two_digits(&mut self) -> Option<u32> {
        let digit = |it: Option<&u8>| it.filter(|it| it.is_ascii_digit()).map(|it| u32::from(it - b'0'));
        let value = digit(self.bytes.get(self.at))? * 10 + digit(self.bytes.get(self.at + 1))?;
        self.at += 2;
        Some(value)
    }
    fn month_name(&mut self) -> Option<u32> {
        const NAMES: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
        let start = self.at;
        while self.peek().is_some_and(|b| b.is_ascii_alphabetic()) {
            self.at += 1;
        }
        let word = self.bytes.get(start..self.at)?.to_ascii_lowercase();
        if word.len() < 3 || word.len() > 9 {
            return None;
        }
        let index = NAMES.iter().position(|name| word.starts_with(name.as_bytes()))?;
        const FULL: [&str; 12] = [
            "january",
            "february",
            "march",
            "april",
            "may",
            "june",
            "july",
            "august",
            "september",
            "october",
            "november",
            "december",
        ];
        FULL.get(index)?.as_bytes().starts_with(&word).then_some(index as u32 + 1)
    }
}

/// Reads a date, with or without a time. `day_first` decides `03/04/2024`.
pub fn parse_moment(text: &str, day_first: bool) -> Option<Moment> {
    let text = text.trim();
    if text.len() < 8 || text.len() > 40 {
        return None;
    }
    let mut c = Cursor { bytes: text.as_bytes(), at: 0 };
    let (year, month, day, form, first_two);
    if c.peek()?.is_ascii_alphabetic() {
        month = c.month_name()?;
        if !c.eat(b' ') && !c.eat(b'-') {
            return None;
        }
        day = c.digits(1, 2)?.0;
        c.eat(b',');
        if !c.eat(b' ') && !c.eat(b'-') {
            return None;
        }
        year = c.digits(4, 4)?.0;
        form = DateForm::MonthName;
        first_two = None;
    } else {
        let (a, a_len) = c.digits(1, 4)?;
        let mark = c.peek()?;
        if !matches!(mark, b'-' | b'/' | b'.' | b' ') {
            return None;
        }
        c.at += 1;
        if a_len <= 2 && c.peek()?.is_ascii_alphabetic() {
            day = a;
            month = c.month_name()?;
            if !c.eat(mark) {
                return None;
            }
            year = c.digits(4, 4)?.0;
            form = DateForm::MonthName;
            first_two = None;
        } else if a_len == 4 {
            if mark != b'-' && mark != b'/' {
                return None;
            }
            year = a;
            month = c.digits(1, 2)?.0;
            if !c.eat(mark) {
                return None;
            }
            day = c.digits(1, 2)?.0;
            form = if mark == b'-' { DateForm::Iso } else { DateForm::YearSlash };
            first_two = None;
        } else {
            if a_len > 2 || mark == b' ' {
                return None;
            }
            let (b, _) = c.digits(1, 2)?;
            if !c.eat(mark) {
                return None;
            }
            year = c.digits(4, 4)?.0;
            form = match mark {
                b'/' => DateForm::Slash,
                b'.' => DateForm::Dot,
                _ => DateForm::Dash,
            };
            first_two = (mark != b'.').then_some((a, b));
            (day, month) = if a > 12 || (b <= 12 && (day_first || mark == b'.')) { (a, b) } else { (b, a) };
        }
    }
    if year < 1 || !(1..=12).contains(&month) || day < 1 || day > days_in_month(i64::from(year), month) {
        return None;
    }
    let mut ms = days_from_civil(i64::from(year), month, day) * 86_400_000;
    let has_time = c.at < c.bytes.len();
    if has_time {
        ms += time_of_day(&mut c)?;
    }
    Some(Moment { ms, form, has_time, first_two })
}

/// Reads `20240131`, of the years 1900 to 2199.
pub fn compact_date(text: &str) -> Option<Moment> {
    let text = text.trim();
    if text.len() != 8 || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let part = |range: std::ops::Range<usize>| text.get(range)?.parse::<u32>().ok();
    let (year, month, day) = (i64::from(part(0..4)?), part(4..6)?, part(6..8)?);
    let fine =
        (1900..2200).contains(&year) && (1..=12).contains(&month) && day >= 1 && day <= days_in_month(year, month);
    fine.then(|| Moment {
        ms: days_from_civil(year, month, day) * 86_400_000,
        form: DateForm::Compact,
        has_time: false,
        first_two: None,
    })
}

/// `T12:34:56.789+02:00`, from the mark between date and time on.
fn time_of_day(c: &mut Cursor<'_>) -> Option<i64> {
    if !c.eat(b'T') && !c.eat(b' ') && !c.eat(b't') {
        return None;
    }
    let (mut hour, _) = c.digits(1, 2)?;
    if !c.eat(b':') {
        return None;
    }
    let (minute, _) = c.digits(2, 2)?;
    let mut ms = 0i64;
    let mut second = 0;
    if c.eat(b':') {
        second = c.digits(2, 2)?.0;
        if c.eat(b'.') || c.eat(b',') {
            let mut scale = 100i64;
            let mut seen = 0;
            while let Some(byte @ b'0'..=b'9') = c.peek() {
                ms += i64::from(byte - b'0') * scale;
                scale /= 10;
                c.at += 1;
                seen += 1;
            }
            if seen == 0 || seen > 9 {
                return None;
            }
        }
    }
    c.eat(b' ');
    if matches!(c.peek(), Some(b'A' | b'a' | b'P' | b'p')) {
        let afternoon = matches!(c.peek(), Some(b'P' | b'p'));
        c.at += 1;
        if !c.eat(b'M') && !c.eat(b'm') {
            return None;
        }
        if !(1..=12).contains(&hour) {
            return None;
        }
        hour = hour % 12 + if afternoon { 12 } else { 0 };
    }
    let mut offset_minutes = 0i64;
    match c.peek() {
        Some(b'Z' | b'z') => c.at += 1,
        Some(sign @ (b'+' | b'-')) => {
            c.at += 1;
            // `+02:00`, `+0200` or `+02`.
            let h = c.two_digits()?;
            c.eat(b':');
            let m = if c.at < c.bytes.len() { c.two_digits()? } else { 0 };
            offset_minutes = i64::from(h * 60 + m) * if sign == b'+' { 1 } else { -1 };
        }
        _ => {
            if c.bytes.get(c.at..) == Some(b"UTC") {
                c.at += 3;
            }
        }
    }
    if c.at != c.bytes.len() || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    Some(
        i64::from(hour) * 3_600_000 + i64::from(minute) * 60_000 + i64::from(second) * 1000 + ms
            - offset_minutes * 60_000,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(text: &str) -> Option<i64> {
        parse_moment(text, false).map(|m| m.ms)
    }

    #[test]
    fn forms_of_one_day_are_one_day() {
        let day = Some(1_706_659_200_000);
        for text in [
            "2024-01-31",
            "2024/01/31",
            "31/01/2024",
            "01/31/2024",
            "31.01.2024",
            "31 Jan 2024",
            "Jan 31, 2024",
            "31-Jan-2024",
        ] {
            assert_eq!(ms(text), day, "{text}");
        }
        assert_eq!(ms("2024-01-31T12:00:00+02:00"), Some(1_706_659_200_000 + 10 * 3_600_000));
        for text in ["2024-01-31T12:00:00+0200", "2024-01-31 12:00:00 +0200", "2024-01-31T12:00:00+02"] {
            assert_eq!(ms(text), Some(1_706_659_200_000 + 10 * 3_600_000), "{text}");
        }
        assert_eq!(ms("2024-01-31T12:00:00+2"), None);
        assert_eq!(ms("01/31/2024 1:05 PM"), Some(1_706_659_200_000 + 13 * 3_600_000 + 5 * 60_000));
    }

    #[test]
    fn what_only_looks_like_a_date_is_none() {
        for text in [
            "2024-02-30",
            "31/31/2024",
            "192.168.0.1",
            "2024-13-01",
            "12-34-5678",
            "2024-01-31x",
            "Maybe 31, 2024",
            "1.2.3",
        ] {
            assert_eq!(ms(text), None, "{text}");
        }
    }
}

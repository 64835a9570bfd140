//! Numbers, names and tables as people read them in a terminal.

use proofmark_contract::domain::Timestamp;
pub use proofmark_contract::domain::counts::{counted, grouped as count};
use serde::Serialize;
use unicode_width::UnicodeWidthStr;

/// A name that cannot drive the terminal or turn its line around: control characters and those that set the direction of
/// writing are written as `\u{…}`.
pub fn safe(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        let directs = matches!(letter, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}');
        match letter {
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            _ if letter.is_control() || directs => out.extend(letter.escape_unicode()),
            _ => out.push(letter),
        }
    }
    out
}

/// Text of several lines, such as a log, each line made safe.
pub fn safe_lines(text: &str) -> String {
    text.lines().map(|line| safe(line) + "\n").collect()
}

/// At most `width` columns, with a mark where it was cut.
pub fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut out = String::new();
    for letter in text.chars() {
        let mut next = out.clone();
        next.push(letter);
        if next.width() + 1 > width {
            break;
        }
        out = next;
    }
    out + "…"
}

/// `512 bytes`, `1.5 MiB`.
pub fn bytes(size: u64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    if size < 1024 {
        return counted(size, "byte", "bytes");
    }
    let mut amount = size as f64 / 1024.0;
    let mut unit = 0;
    while amount >= 1023.95 && unit + 1 < UNITS.len() {
        amount /= 1024.0;
        unit += 1;
    }
    format!("{amount:.1} {}", UNITS[unit])
}

/// `0.42 s`, `12.3 s`, `3 min 20 s`, `2 h 05 min`.
pub fn seconds(duration: f64) -> String {
    if !duration.is_finite() || duration < 0.0 {
        return "unknown".to_owned();
    }
    let whole = duration.round() as u64;
    if duration < 9.995 {
        format!("{duration:.2} s")
    } else if whole < 60 {
        format!("{duration:.1} s")
    } else if whole < 3_600 {
        format!("{} min {:02} s", whole / 60, whole % 60)
    } else {
        format!("{} h {:02} min", whole / 3_600, whole % 3_600 / 60)
    }
}

/// A share from 0 to 1 as `12.3 %`; what is too small to show so is not shown as nothing.
pub fn percent(share: f64) -> String {
    if share > 0.0 && share < 0.000_5 { "< 0.1 %".to_owned() } else { format!("{:.1} %", share * 100.0) }
}

/// A number with as many digits as say something.
pub fn number(value: f64) -> String {
    let size = value.abs();
    if value == value.trunc() && size < 1e15 {
        return format!("{value:.0}");
    }
    if !(1e-4..1e9).contains(&size) {
        return format!("{value:.3e}");
    }
    let decimals = if size >= 1000.0 {
        1
    } else if size >= 1.0 {
        3
    } else {
        5
    };
    let text = format!("{value:.decimals$}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A number that may be missing.
pub fn maybe(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), number)
}

/// `2026-01-31 12:00:05 UTC`.
pub fn when(moment: Timestamp) -> String {
    let text = moment.to_string();
    match (text.get(..10), text.get(11..19)) {
        (Some(day), Some(time)) => format!("{day} {time} UTC"),
        _ => text,
    }
}

/// The same of a moment that may not be known.
pub fn when_known(moment: Option<Timestamp>) -> String {
    moment.map_or_else(|| "–".to_owned(), when)
}

/// The word that stands for a value in documents.
pub fn word<T: Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        Ok(other) => other.to_string(),
        Err(_) => "?".to_owned(),
    }
}

/// The same as words: `prediction log`.
pub fn words<T: Serialize>(value: &T) -> String {
    word(value).replace('_', " ")
}

/// `a, b and c`.
pub fn joined(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

/// Where the text of a column stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

use Side::Right;

/// A small table: head, rows, columns two blanks apart. Cells are made safe here.
#[derive(Debug, Default)]
pub struct Table {
    sides: Vec<Side>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these columns.
    pub fn new<const N: usize>(columns: [(&str, Side); N]) -> Self {
        Self {
            sides: columns.iter().map(|it| it.1).collect(),
            rows: vec![columns.iter().map(|it| it.0.to_owned()).collect()],
        }
    }

    /// Adds a row.
    pub fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.iter().map(|cell| safe(cell)).collect());
    }

    /// The table as text, or nothing if it has no rows.
    pub fn text(&self) -> String {
        if self.rows.len() < 2 {
            return String::new();
        }
        let width = |column: usize| {
            self.rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.width()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..self.sides.len()).map(width).collect();
        let mut text = String::from("\n");
        for row in &self.rows {
            let mut line = String::new();
            for ((cell, side), width) in row.iter().zip(&self.sides).zip(&widths) {
                let gap = " ".repeat(width.saturating_sub(cell.width()));
                if !line.is_empty() {
                    line.push_str("  ");
                }
                match side {
                    Right => line.extend([gap.as_str(), cell]),
                    Side::Left => line.extend([cell.as_str(), &gap]),
                }
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::Side::Left;
    use super::*;

    #[test]
    fn numbers_carry_their_unit_and_no_false_digits() {
        assert_eq!(
            [bytes(0), bytes(1), bytes(1023), bytes(1536), bytes(u64::MAX)],
            ["0 bytes", "1 byte", "1,023 bytes", "1.5 KiB", "16384.0 PiB"]
        );
        assert_eq!(bytes(1024 * 1024 - 1), "1.0 MiB", "never 1024.0 KiB");
        assert_eq!(
            [seconds(0.421), seconds(12.34), seconds(200.0), seconds(7_500.0)],
            ["0.42 s", "12.3 s", "3 min 20 s", "2 h 05 min"]
        );
        assert_eq!([seconds(59.96), seconds(f64::NAN)], ["1 min 00 s", "unknown"]);
        assert_eq!(
            [percent(0.0), percent(0.000_1), percent(0.5)],
            ["0.0 %", "< 0.1 %", "50.0 %"],
            "little is not nothing"
        );
        assert_eq!(
            [number(3.0), number(0.123_456), number(1234.56), number(1e-9), number(-2.5)],
            ["3", "0.12346", "1234.6", "1.000e-9", "-2.5"]
        );
        assert_eq!(
            [count(0u64), count(999u64), count(1_000u64), count(1_234_567u64)],
            ["0", "999", "1,000", "1,234,567"]
        );
    }

    #[test]
    fn a_name_cannot_drive_the_terminal() {
        assert_eq!(safe("a\nb\u{1b}[31m\u{202e}txt.exe\u{9b}"), "a\\nb\\u{1b}[31m\\u{202e}txt.exe\\u{9b}");
        assert_eq!(safe("größe 数据.csv"), "größe 数据.csv", "letters of every language stay");
    }

    #[test]
    fn columns_align_whatever_the_script() {
        let mut table = Table::new([("Path", Left), ("Rows", Right)]);
        table.row(["数据.csv".into(), "12".into()]);
        table.row(["a.csv".into(), "1,200".into()]);
        assert_eq!(table.text(), "\nPath       Rows\n数据.csv     12\na.csv     1,200\n");
        assert_eq!(Table::new([("Path", Left)]).text(), "", "a head without rows says nothing");
    }

    #[test]
    fn a_cut_text_says_so() {
        assert_eq!(cut("short", 10), "short");
        assert_eq!(cut("much too long", 6), "much …");
    }
}

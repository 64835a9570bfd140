//! What a person says about a file where finding out goes wrong.

use super::decode::Encoding;
use super::value::{Kind, classify, is_null_spelling};

/// What a person says about a file where finding out goes wrong. What is absent is found out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReadOptions {
    /// The mark between fields of a text table.
    pub delimiter: Option<char>,
    /// Whether the first line holds names.
    pub has_header: Option<bool>,
    /// The sheet of a workbook, or the table of a database.
    pub table: Option<String>,
    /// How the characters of a text table are encoded.
    pub encoding: Option<TextEncoding>,
    /// The mark before the fraction of numbers in a text table.
    pub decimal: Option<DecimalMark>,
    /// Words that stand for a missing value in a text table, besides those that programs write.
    pub null_words: Vec<String>,
    /// Whether `03/04` is the third of April in a text table.
    pub day_first: Option<bool>,
}

/// Encodings that a person can name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextEncoding {
    /// UTF-8.
    Utf8,
    /// UTF-16, low byte first.
    Utf16Le,
    /// UTF-16, high byte first.
    Utf16Be,
    /// UTF-32, low byte first.
    Utf32Le,
    /// UTF-32, high byte first.
    Utf32Be,
    /// windows-1252, and with it ISO 8859-1.
    Windows1252,
}

impl TextEncoding {
    /// The encoding of a name, as people and programs spell it.
    pub fn named(name: &str) -> Option<Self> {
        match name.trim().to_lowercase().replace('_', "-").as_str() {
            "utf-8" | "utf8" | "utf-8-sig" | "ascii" => Some(Self::Utf8),
            "utf-16" | "utf-16le" | "utf-16-le" => Some(Self::Utf16Le),
            "utf-16be" | "utf-16-be" => Some(Self::Utf16Be),
            "utf-32" | "utf-32le" | "utf-32-le" => Some(Self::Utf32Le),
            "utf-32be" | "utf-32-be" => Some(Self::Utf32Be),
            "windows-1252" | "cp1252" | "latin-1" | "latin1" | "iso-8859-1" | "iso8859-1" => Some(Self::Windows1252),
            _ => None,
        }
    }

    /// What it is here. A byte order mark is passed over where there is one.
    pub(super) fn with_mark(self, sample: &[u8]) -> Encoding {
        match self {
            Self::Utf8 if sample.starts_with(b"\xef\xbb\xbf") => Encoding::Utf8Bom,
            Self::Utf8 => Encoding::Utf8,
            Self::Utf16Le => Encoding::Utf16Le,
            Self::Utf16Be => Encoding::Utf16Be,
            Self::Utf32Le => Encoding::Utf32Le,
            Self::Utf32Be => Encoding::Utf32Be,
            Self::Windows1252 => Encoding::Windows1252Throughout,
        }
    }
}

/// The mark before the fraction of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecimalMark {
    /// `1.5`; a comma groups thousands.
    Point,
    /// `1,5`; a point groups thousands.
    Comma,
}

impl DecimalMark {
    /// The mark that a character is.
    pub fn of(mark: char) -> Option<Self> {
        match mark {
            '.' => Some(Self::Point),
            ',' => Some(Self::Comma),
            _ => None,
        }
    }
}

impl ReadOptions {
    /// These, and where they say nothing, others.
    #[must_use]
    pub fn or(self, others: &Self) -> Self {
        Self {
            delimiter: self.delimiter.or(others.delimiter),
            has_header: self.has_header.or(others.has_header),
            table: self.table.or_else(|| others.table.clone()),
            encoding: self.encoding.or(others.encoding),
            decimal: self.decimal.or(others.decimal),
            null_words: if self.null_words.is_empty() { others.null_words.clone() } else { self.null_words },
            day_first: self.day_first.or(others.day_first),
        }
    }

    /// A text that differs between options that read a file differently; empty if nothing is said.
    pub fn key(&self) -> String {
        if *self == Self::default() { String::new() } else { format!("{self:?}") }
    }

    /// Whether a field stands for a missing value because a person said so.
    pub(super) fn is_null(&self, field: &str) -> bool {
        if self.null_words.is_empty() {
            return false;
        }
        let field = field.trim();
        self.null_words.iter().any(|word| word.trim() == field)
    }

    /// A field as it is read under these options: empty where a person said that it stands for a missing value.
    pub(super) fn field<'f>(&self, field: &'f str) -> &'f str {
        if self.is_null(field) { "" } else { field }
    }
}

/// The number that a field is when the decimal mark is known, strictly: other marks have to group thousands by three digits.
/// `None` if it is none.
pub(super) fn strict_number(field: &str, mark: DecimalMark) -> Option<f64> {
    let text = field.trim();
    let (decimal, group) = match mark {
        DecimalMark::Point => ('.', ','),
        DecimalMark::Comma => (',', '.'),
    };
    match classify(text, false) {
        Kind::Int | Kind::BigInt | Kind::Float | Kind::Comma | Kind::Thousands => {}
        _ => return None,
    }
    if text.contains(['e', 'E']) {
        return if mark == DecimalMark::Point { text.parse().ok() } else { None };
    }
    let unsigned = text.trim_start_matches(['-', '+']);
    let (whole, fraction) = match unsigned.split_once(decimal) {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (unsigned, None),
    };
    if fraction.is_some_and(|it| it.contains([decimal, group])) {
        return None;
    }
    let mut parts = whole.split(group);
    let head = parts.next().unwrap_or_default();
    let grouped = whole.contains(group);
    if grouped && (!(1..=3).contains(&head.len()) || parts.any(|part| part.len() != 3)) {
        return None;
    }
    let plain: String = text.chars().filter(|c| *c != group).map(|c| if c == decimal { '.' } else { c }).collect();
    plain.parse().ok()
}

/// Whether a field is empty or a word that programs write for a missing value.
pub(super) fn is_missing(field: &str) -> bool {
    let trimmed = field.trim();
    trimmed.is_empty() || is_null_spelling(trimmed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_mean_what_a_person_said() {
        for (text, mark, value) in [
            ("1.234", DecimalMark::Comma, Some(1234.0)),
            ("1.5", DecimalMark::Comma, None),
            ("1.234.567,89", DecimalMark::Comma, Some(1_234_567.89)),
            ("0,123", DecimalMark::Comma, Some(0.123)),
            ("1,234", DecimalMark::Comma, Some(1.234)),
            ("1,234", DecimalMark::Point, Some(1234.0)),
            ("1,5", DecimalMark::Point, None),
            ("-12", DecimalMark::Comma, Some(-12.0)),
            ("1e3", DecimalMark::Point, Some(1000.0)),
            ("twelve", DecimalMark::Point, None),
        ] {
            assert_eq!(strict_number(text, mark), value, "{text} with {mark:?}");
        }
        assert_eq!(TextEncoding::named("Latin1"), Some(TextEncoding::Windows1252));
        assert_eq!(TextEncoding::named("klingon"), None);
    }
}

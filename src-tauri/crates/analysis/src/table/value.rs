//! What a single written value is.

use super::moment::{Moment, parse_moment};

/// The form of one field.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// Nothing, or blanks only.
    Empty,
    /// A word that programs write for a missing value.
    Null,
    /// A whole number of 64 bits.
    Int,
    /// A whole number that needs more than 64 bits.
    BigInt,
    /// Digits with a leading zero: a code, not a number.
    Coded,
    /// A number with a decimal point or an exponent.
    Float,
    /// A number with a decimal comma.
    Comma,
    /// A number with marks between thousands, decimal point or none.
    Thousands,
    /// `true` or `false`.
    Bool,
    /// A date, with or without time.
    Moment(Moment),
    /// Anything else.
    Text,
}

/// What pandas 2 reads as missing, apart from the empty field (`pandas._libs.parsers.STR_NA_VALUES`), and `\N` of MySQL.
const NULLS: [&str; 18] = [
    "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA", "NULL",
    "NaN", "None", "n/a", "nan", "null",
];

/// Whether programs write this for a missing value.
pub fn is_null_spelling(text: &str) -> bool {
    text.len() <= 9 && (NULLS.contains(&text) || text == "\\N")
}

/// Tells what one field is. `dates` is switched off for columns that were seen to hold none, since it is the dearest test.
pub fn classify(field: &str, dates: bool) -> Kind {
    let text = field.trim();
    let bytes = text.as_bytes();
    let Some(&first) = bytes.first() else { return Kind::Empty };
    if (first.is_ascii_digit() || matches!(first, b'-' | b'+' | b'.'))
        && let Some(kind) = number_kind(bytes)
    {
        return kind;
    }
    if matches!(first, b'<' | b'#' | b'N' | b'n' | b'-' | b'1' | b'\\') && is_null_spelling(text) {
        return Kind::Null;
    }
    if bytes.len() <= 9 {
        if text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false") {
            return Kind::Bool;
        }
        let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
        if unsigned.eq_ignore_ascii_case("inf") || unsigned.eq_ignore_ascii_case("infinity") {
            return Kind::Float;
        }
    }
    if dates
        && bytes.len() >= 8
        && let Some(moment) = parse_moment(text, false)
    {
        return Kind::Moment(moment);
    }
    Kind::Text
}

fn number_kind(bytes: &[u8]) -> Option<Kind> {
    let signed = matches!(bytes.first(), Some(b'-' | b'+'));
    let body = if signed { bytes.get(1..)? } else { bytes };
    if body.is_empty() {
        return None;
    }
    let mut digits = 0usize;
    let (mut dots, mut commas) = (0usize, 0usize);
    for (at, byte) in body.iter().enumerate() {
        match byte {
            b'0'..=b'9' => digits += 1,
            b'.' => dots += 1,
            b',' => commas += 1,
            b'e' | b'E' => {
                if digits == 0 || commas > 0 || dots > 1 {
                    return None;
                }
                let mut rest = body.get(at + 1..)?;
                if matches!(rest.first(), Some(b'-' | b'+')) {
                    rest = rest.get(1..)?;
                }
                let fine = !rest.is_empty() && rest.len() <= 4 && rest.iter().all(u8::is_ascii_digit);
                return fine.then_some(Kind::Float);
            }
            _ => return None,
        }
    }
    if digits == 0 {
        return None;
    }
    match (dots, commas) {
        (0, 0) => {
            if bytes.first() == Some(&b'+') && digits >= 7 {
                return None; // a telephone number
            }
            if digits > 1 && body.first() == Some(&b'0') {
                return Some(Kind::Coded);
            }
            if digits < 19 || std::str::from_utf8(bytes).ok()?.parse::<i64>().is_ok() {
                Some(Kind::Int)
            } else {
                Some(Kind::BigInt)
            }
        }
        (1, 0) => Some(Kind::Float),
        _ => grouped(body),
    }
}

/// Numbers with commas, or with several dots.
fn grouped(body: &[u8]) -> Option<Kind> {
    let text = std::str::from_utf8(body).ok()?;
    let groups_of_three = |whole: &str, mark: char| {
        let mut parts = whole.split(mark);
        let head = parts.next().unwrap_or_default();
        (1..=3).contains(&head.len()) && parts.all(|part| part.len() == 3)
    };
    match (text.rfind(','), text.rfind('.')) {
        (Some(comma), Some(dot)) if dot > comma => {
            let (whole, rest) = text.split_at(dot);
            (rest.len() > 1 && groups_of_three(whole, ',')).then_some(Kind::Thousands)
        }
        (Some(comma), Some(_)) => {
            let (whole, rest) = text.split_at(comma);
            (rest.len() > 1 && !rest.get(1..)?.contains(',') && groups_of_three(whole, '.')).then_some(Kind::Comma)
        }
        (Some(comma), None) => {
            if text.matches(',').count() > 1 {
                return groups_of_three(text, ',').then_some(Kind::Thousands);
            }
            let (whole, rest) = text.split_at(comma);
            if rest.len() == 4 && groups_of_three(text, ',') && !whole.starts_with('0') {
                Some(Kind::Thousands)
            } else {
                (!whole.is_empty() && rest.len() > 1).then_some(Kind::Comma)
            }
        }
        (None, _) => groups_of_three(text, '.').then_some(Kind::Comma),
    }
}

/// The number that a field of a numeric kind holds. `comma` tells that the comma is the decimal mark.
pub fn parse_number(field: &str, comma: bool) -> Option<f64> {
    let text = field.trim();
    if let Ok(value) = text.parse::<f64>()
        && (!comma || !text.contains('.') || text.contains(['e', 'E']))
    {
        return Some(value);
    }
    let cleaned: String = if comma {
        text.chars().filter(|c| *c != '.').map(|c| if c == ',' { '.' } else { c }).collect()
    } else {
        text.chars().filter(|c| *c != ',').collect()
    };
    cleaned.parse().ok()
}

/// Reads a number the way a person would: currency signs, units, percent and grouping marks are overlooked.
pub fn lenient_number(text: &str) -> Option<f64> {
    let trimmed = text.trim();
    let core = trimmed.trim_start_matches(['$', '€', '£', '¥', ' ', '\u{a0}']).trim_end_matches(|c: char| {
        c.is_alphabetic() || matches!(c, '%' | '$' | '€' | '£' | '¥' | ' ' | '\u{a0}' | '°')
    });
    if core.is_empty() || trimmed.len() - core.len() > 8 {
        return None;
    }
    let plain: String = core.chars().filter(|c| !matches!(c, ' ' | '\u{a0}' | '\u{202f}' | '\'' | '_')).collect();
    match classify(&plain, false) {
        Kind::Comma => parse_number(&plain, true),
        Kind::Int | Kind::BigInt | Kind::Float | Kind::Thousands | Kind::Coded => parse_number(&plain, false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_what_a_person_would_call_them() {
        let cases = [
            ("", Kind::Empty),
            ("NA", Kind::Null),
            ("12", Kind::Int),
            ("-1", Kind::Int),
            ("007", Kind::Coded),
            ("0", Kind::Int),
            ("1.5e-3", Kind::Float),
            ("1,5", Kind::Comma),
            ("1.234,56", Kind::Comma),
            ("1,234.56", Kind::Thousands),
            ("1,234", Kind::Thousands),
            ("0,123", Kind::Comma),
            ("123456789012345678901", Kind::BigInt),
            ("True", Kind::Bool),
            ("+491701234567", Kind::Text),
            ("12-34-5678", Kind::Text),
            ("1.2.3", Kind::Text),
            ("-", Kind::Text),
        ];
        for (text, kind) in cases {
            assert_eq!(classify(text, true), kind, "{text}");
        }
        assert_eq!(lenient_number("1.234,50 €"), Some(1234.5));
        assert_eq!(lenient_number("$1,200"), Some(1200.0));
        assert_eq!(lenient_number("12 kg"), Some(12.0));
        assert_eq!(lenient_number("unknown"), None);
    }
}

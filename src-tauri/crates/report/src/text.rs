//! Words and numbers as people read them, and how much room they take.

use proofmark_domain::counts::separated;
pub(crate) use proofmark_domain::counts::{counted as plural, grouped as count};
use proofmark_domain::profile::Scalar;

/// Names of columns and values come from files: they may hold anything. What would break a line, an XML document or the
/// direction of the text around it becomes visible or goes.
pub(crate) fn legible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}' | '\u{85}' => out.push(' '),
            // Marks without effect on neighbouring text: direction marks, joiners' cousins, byte-order mark.
            '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{feff}' => {}
            // Overrides and isolates reorder what stands beside them, so a name could disguise another.
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => out.push('\u{fffd}'),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// The same for a name, which is never nothing.
pub(crate) fn clean(name: &str) -> String {
    let out = legible(name);
    if out.trim().is_empty() { "(empty)".to_owned() } else { out }
}

/// Escapes for XML text and attributes.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            c => out.push(c),
        }
    }
    out
}

/// Estimated width in pixels at a font size. Exact widths would need the reader's font; the classes follow the average
/// advance of wide sans-serif faces and err on the wide side.
pub(crate) fn width(text: &str, size: f64) -> f64 {
    let ems: f64 = text
        .chars()
        .map(|c| match c {
            '\u{300}'..='\u{36f}' | '\u{200b}'..='\u{200d}' => 0.0,
            'i' | 'j' | 'l' | 'I' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' | '(' | ')' | '[' | ']' | ' '
            | '\u{a0}' => 0.39,
            'f' | 't' | 'r' | '-' | '/' | '"' | '*' | '·' => 0.44,
            'm' | 'w' | 'M' | 'W' | '%' | '@' | '…' => 1.0,
            '0'..='9' | 'a'..='z' | '_' => 0.64,
            'A'..='Z' => 0.76,
            '\u{1100}'..='\u{11ff}' | '\u{2e80}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{ff00}'..='\u{ff60}' => {
                1.05
            }
            c if u32::from(c) >= 0x1f000 => 1.3,
            '⁰'..='₉' | '¹' | '²' | '³' => 0.5,
            _ => 0.84,
        })
        .sum();
    ems * size
}

/// Shortens in the middle, because names often differ at their ends only.
pub(crate) fn fit(text: &str, size: f64, room: f64) -> String {
    let text = clean(text);
    if width(&text, size) <= room {
        return text;
    }
    let chars: Vec<char> = text.chars().collect();
    let mut keep = chars.len().min(400).saturating_sub(1);
    loop {
        let (head, tail) = (keep.div_ceil(2), keep / 2);
        let short: String =
            chars.iter().take(head).chain(['…'].iter()).chain(chars.iter().skip(chars.len() - tail)).collect();
        if keep <= 1 || width(&short, size) <= room {
            return short;
        }
        keep -= 1;
    }
}

/// `1 row`, `2 rows`.
pub(crate) fn rows(n: u64) -> String {
    plural(n, "row", "rows")
}

/// A share of 0..1 in percent with one decimal, never rounded to none or all when it is neither.
pub(crate) fn share(value: f64) -> String {
    if !value.is_finite() {
        return "unknown".to_owned();
    }
    let percent = value * 100.0;
    if percent == 0.0 {
        "0\u{a0}%".to_owned()
    } else if percent > 0.0 && percent < 0.05 {
        "<0.1\u{a0}%".to_owned()
    } else if (99.95..100.0).contains(&percent) {
        ">99.9\u{a0}%".to_owned()
    } else if (percent - percent.round()).abs() < 1e-9 && percent.abs() < 1e6 {
        format!("{percent:.0}\u{a0}%")
    } else if percent.abs() < 1e6 {
        format!("{percent:.1}\u{a0}%")
    } else {
        format!("{}\u{a0}%", number(percent))
    }
}

/// `part` of `whole`, 0 if there is no whole.
pub(crate) fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// A value of a table: numbers grouped, the rest as it stands.
pub(crate) fn scalar(value: &Scalar) -> String {
    match value {
        Scalar::Float(v) => number(*v),
        Scalar::Int(v) if v.unsigned_abs() >= 10_000 => {
            format!("{}{}", if *v < 0 { "−" } else { "" }, count(v.unsigned_abs()))
        }
        Scalar::Int(v) => v.to_string().replace('-', "−"),
        other => other.to_string(),
    }
}

/// A number with four significant digits.
pub(crate) fn number(value: f64) -> String {
    if value.is_nan() {
        return "not a number".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "infinity" } else { "−infinity" }.to_owned();
    }
    if value == 0.0 {
        return "0".to_owned();
    }
    let magnitude = value.abs().log10().floor();
    if !(-4.0..9.0).contains(&magnitude) {
        return power(value, 3);
    }
    let decimals = (3.0 - magnitude).clamp(0.0, 8.0) as usize;
    trim_zeros(&decimal(value, decimals))
}

/// A number with a fixed number of decimals, digits grouped from five digits on so that years stay years.
pub(crate) fn decimal(value: f64, decimals: usize) -> String {
    let text = format!("{:.*}", decimals, value.abs());
    let (whole, rest) = text.split_once('.').map_or((text.as_str(), None), |(a, b)| (a, Some(b)));
    let whole = if whole.len() > 4 { separated(whole) } else { whole.to_owned() };
    let zero = text.chars().all(|c| matches!(c, '0' | '.'));
    let sign = if value < 0.0 && !zero { "−" } else { "" };
    match rest {
        Some(rest) => format!("{sign}{whole}.{rest}"),
        None => format!("{sign}{whole}"),
    }
}

fn trim_zeros(text: &str) -> String {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text.to_owned() }
}

/// `1.5×10⁹`, with at most `digits` decimals of the mantissa.
pub(crate) fn power(value: f64, digits: usize) -> String {
    let text = format!("{value:.digits$e}");
    let Some((mantissa, exponent)) = text.split_once('e') else { return text };
    let raised: String = exponent
        .chars()
        .map(|c| match c {
            '-' => '⁻',
            '0' => '⁰',
            '1' => '¹',
            '2' => '²',
            '3' => '³',
            c => c.to_digit(10).and_then(|d| char::from_u32(0x2070 + d)).unwrap_or(c),
        })
        .collect();
    format!("{}×10{raised}", trim_zeros(mantissa).replace('-', "−"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(count(1_234_567u64), "1,234,567", "thousands are set apart");
        assert_eq!(decimal(2010.0, 0), "2010", "a year is not set apart");
        assert_eq!(number(-12345.678), "−12,346", "four digits are enough, but the whole part is never bent");
        assert_eq!(number(1e300), "1×10³⁰⁰", "huge numbers stay short");
        assert_eq!(decimal(-0.0001, 2), "0.00", "zero has no sign");
        assert_eq!(share(0.99999), ">99.9\u{a0}%", "nearly all is not all");
        assert_eq!(share(0.00001), "<0.1\u{a0}%", "nearly none is not none");
    }

    #[test]
    fn a_name_is_shortened_in_the_middle() {
        let long = format!("start{}end", "x".repeat(300));
        let short = fit(&long, 11.0, 120.0);
        assert!(short.starts_with("start") && short.ends_with("end") && short.contains('…'), "both ends stay: {short}");
        assert!(width(&short, 11.0) <= 120.0, "and it fits");
        assert_eq!(fit("", 11.0, 50.0), "(empty)", "an empty name is still named");
    }

    #[test]
    fn what_reorders_or_breaks_text_cannot_hide() {
        assert_eq!(
            clean("a\u{202e}b\nc\u{200f}\0"),
            "a\u{fffd}b c\u{fffd}",
            "overrides show, line breaks become spaces"
        );
    }
}

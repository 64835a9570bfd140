//! The facts of a document as the typesetter takes them.

use typst::foundations::{Array, Bytes, Dict, IntoValue, Value};

use super::fonts;
use crate::document::sheet::{Attachment, Sheet};

/// A line must be breakable somewhere: beyond this many characters without a break, one is allowed.
const RUN: usize = 16;

/// Longer texts are cut; no sentence of ours is, but a file may hold anything.
const MOST_LETTERS: usize = 3_000;

/// Figures are measured for a wide sans-serif, while the serif of the pages takes four fifths of its room. Larger letters fill that
/// room, and stay legible where a figure is made smaller to fit the page.
const LARGER: f64 = 1.25;

/// Quotes in texts are escaped, so that this is never part of one.
const SIZE: &str = " font-size=\"";

const NAMESPACE: &str = " xmlns=\"http://www.w3.org/2000/svg\"";

pub(super) fn of(sheet: &Sheet) -> Dict {
    let mut readable = true;
    let mut dict = match value("", &sheet.values, &mut readable) {
        Value::Dict(dict) => dict,
        _ => Dict::new(),
    };
    dict.insert("unreadable".into(), (!readable).into_value());
    dict.insert("attachments".into(), sheet.attachments.iter().map(attachment).collect::<Array>().into_value());
    let mut inputs = Dict::new();
    inputs.insert("it".into(), dict.into_value());
    inputs
}

fn attachment(it: &Attachment) -> Value {
    let mut dict = Dict::new();
    // A name from a registry is that of a file, and could be a path.
    let name: String = it
        .name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '-' })
        .collect();
    dict.insert("name".into(), name.trim_start_matches('.').into_value());
    dict.insert("media".into(), it.media_type.into_value());
    dict.insert("says".into(), it.says.as_str().into_value());
    dict.insert("bytes".into(), Bytes::new(it.bytes.clone()).into_value());
    dict.into_value()
}

fn value(name: &str, json: &serde_json::Value, readable: &mut bool) -> Value {
    match json {
        serde_json::Value::Null => Value::None,
        serde_json::Value::Bool(it) => it.into_value(),
        serde_json::Value::Number(it) => match it.as_i64() {
            Some(whole) => whole.into_value(),
            None => it.as_f64().unwrap_or(f64::NAN).into_value(),
        },
        serde_json::Value::String(text) => {
            *readable = *readable && fonts::cover(text);
            match name {
                "svg" => Bytes::new(drawing(text).into_bytes()).into_value(),
                "digest" | "environment" | "value" if is_digest(text) => text.as_str().into_value(),
                _ => breakable(text).into_value(),
            }
        }
        serde_json::Value::Array(items) => {
            items.iter().map(|item| value("", item, readable)).collect::<Array>().into_value()
        }
        serde_json::Value::Object(fields) => fields
            .iter()
            .map(|(name, it)| (name.as_str().into(), value(name, it, readable)))
            .collect::<Dict>()
            .into_value(),
    }
}

/// A figure as a file of its own, with letters as large as there is room for.
fn drawing(svg: &str) -> String {
    let mut parts = svg.split(SIZE);
    let mut out = parts.next().unwrap_or_default().replacen("<svg", &format!("<svg{NAMESPACE}"), 1);
    for part in parts {
        let size = part.split_once('"').and_then(|(size, rest)| Some((size.parse::<f64>().ok()?, rest)));
        out.push_str(SIZE);
        match size {
            Some((size, rest)) => out.push_str(&format!("{:.2}\"{rest}", size * LARGER)),
            None => out.push_str(part),
        }
    }
    out
}

/// A digest has a line of its own, and is copied to be compared: nothing may stand within it.
fn is_digest(text: &str) -> bool {
    let hex = text.strip_prefix("sha256:").unwrap_or(text);
    hex.len() == 64 && hex.bytes().all(|it| it.is_ascii_hexdigit())
}

/// Lets long names and digests go over the end of a line, at a sign between words if there is one, and cuts what nobody reads.
/// Short words stay as they are, so that they are found when a reader searches for them.
fn breakable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut run = Vec::new();
    for c in text.chars().take(MOST_LETTERS) {
        if c.is_whitespace() {
            end(&mut out, &mut run);
            out.push(c);
        } else {
            run.push(c);
        }
    }
    end(&mut out, &mut run);
    if text.chars().nth(MOST_LETTERS).is_some() {
        out.push_str(" … (cut)");
    }
    out
}

fn end(out: &mut String, run: &mut Vec<char>) {
    let long = run.len() > RUN;
    let mut since = 0;
    for (i, c) in run.iter().enumerate() {
        out.push(*c);
        since += 1;
        let between = matches!(c, '_' | '.' | '/' | '-' | '\\' | ':' | ',' | ';' | '=' | '&' | '?' | '@') && since > 3;
        // Marks that belong to the letter before them must not be torn off.
        let whole = run.get(i + 1).is_some_and(|next| next.is_alphanumeric());
        if long && whole && (between || since >= RUN) {
            out.push('\u{200b}');
            since = 0;
        }
    }
    run.clear();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_words_can_be_broken_and_short_ones_are_left() {
        assert_eq!(breakable("customer_id is low"), "customer_id is low", "a short name can be searched for");
        let digest = "ab".repeat(32);
        let soft = breakable(&digest);
        assert_eq!(soft.replace('\u{200b}', ""), digest, "no character is lost");
        assert!(soft.split('\u{200b}').all(|part| part.chars().count() <= RUN), "there is a break within every line");
        assert_eq!(
            breakable("average_household_income"),
            "average_\u{200b}household_\u{200b}income",
            "between words, where there are some"
        );
    }

    #[test]
    fn letters_of_figures_grow_and_their_words_stay() {
        let svg = "<svg viewBox=\"0 0 9 9\"><text font-size=\"11\">font-size=&quot;11&quot; 11</text></svg>";
        let drawn = drawing(svg);
        assert!(drawn.contains("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox"), "it stands on its own: {drawn}");
        assert!(drawn.contains("font-size=\"13.75\">font-size=&quot;11&quot; 11<"), "{drawn}");
    }

    #[test]
    fn a_text_without_end_is_cut() {
        assert!(breakable(&"word ".repeat(100_000)).chars().count() < MOST_LETTERS + 20);
    }
}

//! Conditions on runs as people write them: `metrics.auc >= 0.8 and params.model = 'rf'`.

use proofmark_contract::ErrorCode;
use proofmark_contract::view::{FactCompare, FactCondition, FactKind, FactRef};
use serde_json::Value;

use crate::trouble::{Answer, Trouble};

const SIGNS: [(&str, FactCompare); 10] = [
    (">=", FactCompare::AtLeast),
    ("<=", FactCompare::AtMost),
    ("!=", FactCompare::NotEqual),
    ("==", FactCompare::Equal),
    (">", FactCompare::Greater),
    ("<", FactCompare::Less),
    ("=", FactCompare::Equal),
    ("~", FactCompare::Contains),
    (" like ", FactCompare::Contains),
    (" LIKE ", FactCompare::Contains),
];

/// Reads conditions that are joined by `and`.
///
/// # Errors
/// If one of them is none; the answer says how they are written.
pub(crate) fn conditions(text: &str) -> Answer<Vec<FactCondition>> {
    parts(text).into_iter().filter(|part| !part.trim().is_empty()).map(condition).collect()
}

/// Splits at `and`, but not within quotes.
fn parts(text: &str) -> Vec<&str> {
    let (mut found, mut start, mut quote) = (Vec::new(), 0, None);
    for (at, character) in text.char_indices() {
        match quote {
            Some(open) if character == open => quote = None,
            Some(_) => {}
            None if matches!(character, '\'' | '"' | '`') => quote = Some(character),
            None if text.get(at..at + 5).is_some_and(|it| it.eq_ignore_ascii_case(" and ")) => {
                found.push(&text[start..at]);
                start = at + 5;
            }
            None => {}
        }
    }
    found.push(text.get(start..).unwrap_or_default());
    found
}

fn condition(text: &str) -> Answer<FactCondition> {
    let misread = || {
        Trouble::new(ErrorCode::InvalidRequest, format!("`{}` is no condition on runs.", text.trim())).hint(
            "Write `metrics.NAME > NUMBER`, `params.NAME = TEXT` or `params.NAME ~ PART`; the signs are = != < <= > >= ~.",
        )
    };
    // A name in back quotes may hold any sign.
    let from = if text.contains('`') { text.rfind('`').unwrap_or(0) } else { 0 };
    // The leftmost sign, and of those that begin there the longest.
    let (at, sign, compare) = SIGNS
        .iter()
        .filter_map(|(sign, compare)| Some((from + text[from..].find(sign)?, *sign, *compare)))
        .min_by_key(|(at, sign, _)| (*at, std::cmp::Reverse(sign.len())))
        .ok_or_else(misread)?;
    let fact = fact(text[..at].trim()).ok_or_else(misread)?;
    let value = text[at + sign.len()..].trim();
    if value.is_empty() {
        return Err(misread());
    }
    let quoted = ['\'', '"'].iter().find_map(|it| value.strip_prefix(*it)?.strip_suffix(*it));
    let with = match (quoted, value.parse::<f64>()) {
        (None, Ok(number)) if number.is_finite() => Value::from(number),
        (quoted, _) => Value::String(quoted.unwrap_or(value).to_owned()),
    };
    Ok(FactCondition { fact, compare, with })
}

/// `metrics.auc`, `params.model`, also ``metrics.`val/auc` ``.
fn fact(text: &str) -> Option<FactRef> {
    let (kind, name) = text.split_once('.')?;
    let kind = match kind.trim().to_lowercase().as_str() {
        "metrics" | "metric" => FactKind::Metric,
        "params" | "param" | "parameters" | "parameter" => FactKind::Parameter,
        _ => return None,
    };
    let name = name.trim().trim_matches(['`', '"']).to_owned();
    (!name.is_empty()).then_some(FactRef { kind, name })
}

#[cfg(test)]
mod tests {
    use super::*;

    type Read = (FactKind, String, FactCompare, Value);

    fn read(text: &str) -> Option<Vec<Read>> {
        let read = conditions(text).ok()?;
        Some(read.into_iter().map(|it| (it.fact.kind, it.fact.name, it.compare, it.with)).collect())
    }

    #[test]
    fn conditions_are_read_as_people_write_them() {
        use FactCompare::{AtLeast, Contains, Equal, Less};
        use FactKind::{Metric, Parameter};
        assert_eq!(read("metrics.auc>=0.8"), Some(vec![(Metric, "auc".into(), AtLeast, Value::from(0.8))]));
        assert_eq!(
            read("params.model = 'salt and pepper' AND metrics.`a>b` < 1"),
            Some(vec![
                (Parameter, "model".into(), Equal, Value::from("salt and pepper")),
                (Metric, "a>b".into(), Less, Value::from(1.0))
            ])
        );
        assert_eq!(read("params.path ~ a=b"), Some(vec![(Parameter, "path".into(), Contains, Value::from("a=b"))]));
        assert_eq!(read("  "), Some(vec![]));
        for wrong in ["auc > 1", "metrics. > 1", "metrics.auc", "metrics.auc >", "params.ü"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}

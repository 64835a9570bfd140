//! YAML within bounds.

use serde::de::DeserializeOwned;
use serde_json::Value;

/// A document longer than this must do without aliases, which can unfold to any size.
const LONGEST_WITH_ALIASES: usize = 256 << 10;

/// Nesting deeper than this is not written by people or by tools.
const DEEPEST: usize = 64;

/// Reads a document into a type of one's own.
///
/// # Errors
///
/// A sentence on what is wrong and where.
pub fn read<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    check(text)?;
    serde_yaml_ng::from_str(text).map_err(|error| error.to_string())
}

/// Reads a document as plain values. Keys that are no text are written as such. An empty document is `null`.
///
/// # Errors
///
/// A sentence on what is wrong and where.
pub fn value(text: &str) -> Result<Value, String> {
    check(text)?;
    let document: serde_yaml_ng::Value = serde_yaml_ng::from_str(text).map_err(|error| error.to_string())?;
    Ok(plain(document, 0))
}

fn check(text: &str) -> Result<(), String> {
    // Every alias is a word that begins with `*`; one that stands in a text costs only this refusal.
    if text.len() > LONGEST_WITH_ALIASES
        && text.split_ascii_whitespace().any(|word| word.trim_start_matches(['[', '{', ',']).starts_with('*'))
    {
        return Err(format!("it is longer than {LONGEST_WITH_ALIASES} bytes and uses aliases"));
    }
    Ok(())
}

fn plain(value: serde_yaml_ng::Value, depth: usize) -> Value {
    use serde_yaml_ng::Value as Yaml;
    if depth > DEEPEST {
        return Value::Null;
    }
    match value {
        Yaml::Null => Value::Null,
        Yaml::Bool(it) => Value::Bool(it),
        Yaml::Number(it) => {
            let whole = it.as_i64().map(Value::from).or_else(|| it.as_u64().map(Value::from));
            // JSON has no infinities; the word is what people wrote.
            whole.unwrap_or_else(|| {
                let number = it.as_f64().unwrap_or(f64::NAN);
                serde_json::Number::from_f64(number).map_or_else(|| Value::String(number.to_string()), Value::Number)
            })
        }
        Yaml::String(it) => Value::String(it),
        Yaml::Sequence(list) => list.into_iter().map(|it| plain(it, depth + 1)).collect::<Vec<_>>().into(),
        Yaml::Mapping(map) => {
            let members = map.into_iter().map(|(key, it)| {
                let key = match plain(key, depth + 1) {
                    Value::String(text) => text,
                    other => other.to_string(),
                };
                (key, plain(it, depth + 1))
            });
            Value::Object(members.collect())
        }
        Yaml::Tagged(it) => plain(it.value, depth + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bomb_of_aliases_is_refused() {
        let mut bomb = String::from("a: &a [x, x, x, x, x, x, x, x, x]\n");
        for (name, before) in ('b'..='j').zip('a'..) {
            bomb.push_str(&format!("{name}: &{name} [*{before}, *{before}, *{before}, *{before}, *{before}, *{before}, *{before}, *{before}, *{before}]\n"));
        }
        assert!(value(&bomb).is_err(), "nine levels of nine would be a billion values");
    }

    #[test]
    fn text_stays_text_where_text_is_asked_for() {
        #[derive(serde::Deserialize)]
        struct Meta {
            id: Option<String>,
            name: Option<String>,
            none: Option<String>,
        }
        let meta: Meta =
            read("id: 12e4\nname: 007\nnone: null\nother: [1]\n").unwrap_or(Meta { id: None, name: None, none: None });
        assert_eq!((meta.id.as_deref(), meta.name.as_deref(), meta.none), (Some("12e4"), Some("007"), None));
    }

    #[test]
    fn plain_values_keep_their_types() {
        let read = value("a: 1\nb: 1.5\nc: yes\nd: [~, .inf]\n2: x\n");
        let expected = serde_json::json!({"a": 1, "b": 1.5, "c": "yes", "d": [null, "inf"], "2": "x"});
        assert_eq!(read, Ok(expected));
    }
}

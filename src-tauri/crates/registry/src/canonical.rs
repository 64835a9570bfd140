//! One text for one value: JSON with sorted names and no white space.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use thiserror::Error;

/// Writes `value` with object names in the order of their code points and without white space.
///
/// Numbers are written as serde_json writes them (shortest text that reads back), which is where this differs from
/// RFC 8785. Sorting is done here because another crate of the workspace may switch serde_json to insertion order.
pub fn to_bytes<T: Serialize>(value: &T) -> Result<Vec<u8>, serde_json::Error> {
    serde_json::to_vec(&sorted(serde_json::to_value(value)?))
}

/// Why a text is not one that this program could have written.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Unread {
    /// It does not read as what it should be.
    #[error("it does not read: {0}")]
    Malformed(String),
    /// It says something that this program does not know, and might mean something else by it.
    #[error("it says something that this program does not know: {0}")]
    Unknown(String),
    /// Another text says the same.
    #[error("its text is not in the form in which Proofmark writes")]
    OtherForm,
}

/// Reads what [`to_bytes`] wrote. A text that is signed must say one thing to every reader, so a text is refused that has another form
/// (white space, two fields of one name) or says more than is understood. Fields that an older program did not know may be absent.
pub fn read<T: Serialize + DeserializeOwned>(text: &[u8]) -> Result<T, Unread> {
    let malformed = |error: serde_json::Error| Unread::Malformed(error.to_string());
    let value: T = serde_json::from_slice(text).map_err(malformed)?;
    let said: Value = serde_json::from_slice(text).map_err(malformed)?;
    let understood = serde_json::to_value(&value).map_err(malformed)?;
    if let Some(place) = beyond(&said, &understood, "") {
        return Err(Unread::Unknown(place));
    }
    if serde_json::to_vec(&sorted(said)).map_err(malformed)? != text {
        return Err(Unread::OtherForm);
    }
    Ok(value)
}

/// The first place where `said` holds something that `understood` does not.
fn beyond(said: &Value, understood: &Value, at: &str) -> Option<String> {
    match (said, understood) {
        (Value::Object(said), Value::Object(understood)) => said.iter().find_map(|(name, value)| {
            let at = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
            understood.get(name).map_or_else(|| Some(at.clone()), |known| beyond(value, known, &at))
        }),
        (Value::Array(said), Value::Array(understood)) if said.len() == understood.len() => {
            said.iter().zip(understood).find_map(|(value, known)| beyond(value, known, at))
        }
        _ if said == understood => None,
        _ => Some(at.to_owned()),
    }
}

fn sorted(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<(String, Value)> = fields.into_iter().collect();
            fields.sort_by(|a, b| a.0.cmp(&b.0));
            Value::Object(fields.into_iter().map(|(name, value)| (name, sorted(value))).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Fact {
        name: String,
        #[serde(default)]
        added_later: Vec<u8>,
    }

    #[test]
    fn only_what_is_wholly_understood_and_in_its_form_reads() {
        let fact = Fact { name: "a".to_owned(), added_later: vec![1] };
        let text = to_bytes(&fact).unwrap_or_default();
        assert_eq!(read::<Fact>(&text), Ok(fact), "its own text");
        let older = read::<Fact>(br#"{"name":"a"}"#);
        assert_eq!(older.map(|it| it.added_later), Ok(Vec::new()), "an older program knew fewer fields");
        assert_eq!(read::<Fact>(br#"{"name":"a","only_if":"x"}"#), Err(Unread::Unknown("only_if".to_owned())));
        for other in [r#"{"name": "a"}"#, r#"{"name":"\u0061"}"#, "{\"name\":\"a\"}\n"] {
            assert_eq!(read::<Fact>(other.as_bytes()), Err(Unread::OtherForm), "{other}");
        }
        for two in [r#"{"name":"a","name":"b"}"#, r#"{"added_later":[],"name":"a","zz":1,"zz":2}"#] {
            assert!(read::<Fact>(two.as_bytes()).is_err(), "{two}");
        }
    }
}

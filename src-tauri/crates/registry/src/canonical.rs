//! One text for one value: JSON with sorted names and no white space.

use serde::Serialize;
use serde_json::Value;

/// Writes `value` with object names in the order of their code points and without white space.
///
/// Numbers are written as serde_json writes them (shortest text that reads back), which is where this differs from
/// RFC 8785. Sorting is done here because another crate of the workspace may switch serde_json to insertion order.
pub fn to_bytes<T: Serialize>(value: &T) -> Result<Vec<u8>, serde_json::Error> {
    serde_json::to_vec(&sorted(serde_json::to_value(value)?))
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

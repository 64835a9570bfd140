//! Sensitive columns, left out or replaced by a keyed hash before anything is written.
//!
//! What is sent on to the model server is not touched. A body in which the named columns cannot be told apart from the others (lists
//! without names) is not written at all: a gap in the log is better than a leak in it.

use std::fs;
use std::io::Write;
use std::path::Path;

use proofmark_contract::ErrorCode;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use crate::trouble::{Answer, Trouble, io_trouble};

/// What happens to a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    LeftOut,
    Hashed,
}

const UNNAMED: &str = "its values have no names, so that the columns to hide cannot be found";

/// The columns to hide.
#[derive(Debug)]
pub(super) struct Private {
    columns: Vec<(String, Fate)>,
    key: Vec<u8>,
}

impl Private {
    /// Of the names given on the command line; `key` is the file of the key of hashes, made when it is first needed.
    ///
    /// # Errors
    /// If the key cannot be read or made.
    pub(super) fn new(left_out: &[String], hashed: &[String], key: &Path) -> Answer<Self> {
        let columns = left_out
            .iter()
            .map(|it| (it.clone(), Fate::LeftOut))
            .chain(hashed.iter().map(|it| (it.clone(), Fate::Hashed)))
            .collect();
        let key = if hashed.is_empty() { Vec::new() } else { key_of(key)? };
        Ok(Self { columns, key })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }

    fn fate(&self, name: &str) -> Option<Fate> {
        let last = name.rsplit('.').next().unwrap_or(name);
        self.columns.iter().find(|(it, _)| it == name || it == last).map(|(_, fate)| *fate)
    }

    fn hidden(&self, column: &str, value: &Value, fate: Fate) -> Value {
        match fate {
            Fate::LeftOut => Value::Null,
            Fate::Hashed if value.is_null() => Value::Null,
            Fate::Hashed => {
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                // Length before content, so that no two pairs of column and value are one text.
                let message = [&(column.len() as u64).to_le_bytes()[..], column.as_bytes(), text.as_bytes()].concat();
                json!(format!("hash:{}", &hex(&hmac(&self.key, &message))[..32]))
            }
        }
    }

    /// Hides the columns in the body of a request.
    ///
    /// # Errors
    /// Why the columns cannot be found in it.
    pub(super) fn hide_in_request(&self, body: &mut Value) -> Result<(), &'static str> {
        let nameless = |items: &[Value]| items.iter().any(|it| !it.is_object());
        let is_nameless = match &*body {
            Value::Object(fields) => ["instances", "inputs"]
                .iter()
                .any(|list| fields.get(*list).and_then(Value::as_array).is_some_and(|items| nameless(items))),
            Value::Array(items) => nameless(items),
            _ => true,
        };
        if !self.is_empty() && is_nameless { Err(UNNAMED) } else { self.hide(body) }
    }

    /// Hides the columns in the body of an answer, or of a request whose values all have names. Lists without names in an answer are what
    /// the model made, and stay.
    ///
    /// # Errors
    /// Why the columns cannot be found in it.
    pub(super) fn hide(&self, body: &mut Value) -> Result<(), &'static str> {
        if self.is_empty() {
            return Ok(());
        }
        let Value::Object(fields) = body else {
            self.walk(body);
            return Ok(());
        };
        let mut done: Vec<(&str, Option<Value>)> = Vec::new();
        if let Some(Value::Object(split)) = fields.get_mut("dataframe_split") {
            self.hide_split(split).ok_or(UNNAMED)?;
            done.push(("dataframe_split", None));
        }
        for list in ["inputs", "outputs"] {
            if let Some(Value::Array(items)) = fields.get_mut(list)
                && items.iter().any(is_tensor)
            {
                for item in items {
                    if !is_tensor(item) {
                        self.walk(item);
                    } else if self.hide_tensor(item).is_err() && list == "inputs" {
                        return Err(UNNAMED);
                    }
                }
                done.push((list, None));
            }
        }
        if let Some(Value::Object(data)) = fields.get_mut("data")
            && (data.contains_key("ndarray") || data.contains_key("tensor"))
        {
            self.hide_ndarray(data).ok_or(UNNAMED)?;
            done.push(("data", None));
        }
        // Fields of a protocol can have the name of a column, as `name` of a tensor; what was looked through is not looked through again.
        for (name, kept) in &mut done {
            *kept = fields.remove(*name);
        }
        self.hide_fields(fields);
        fields.extend(done.into_iter().filter_map(|(name, kept)| Some((name.to_owned(), kept?))));
        Ok(())
    }

    fn walk(&self, value: &mut Value) {
        match value {
            Value::Object(fields) => self.hide_fields(fields),
            Value::Array(items) => items.iter_mut().for_each(|it| self.walk(it)),
            _ => {}
        }
    }

    fn hide_fields(&self, fields: &mut Map<String, Value>) {
        let left_out: Vec<String> = fields.keys().filter(|it| self.fate(it) == Some(Fate::LeftOut)).cloned().collect();
        for name in left_out {
            fields.remove(&name);
        }
        for (name, value) in fields.iter_mut() {
            match self.fate(name) {
                // A list under a name is a list of the column's values.
                Some(fate) => match value {
                    Value::Array(items) => items.iter_mut().for_each(|it| *it = self.hidden(name, it, fate)),
                    _ => *value = self.hidden(name, value, fate),
                },
                None => self.walk(value),
            }
        }
    }

    /// Lists of values under names that stand apart. `None` if there are no names.
    fn hide_rows(&self, names: &[Value], rows: &mut [Value]) -> Option<()> {
        let names: Vec<&str> = names.iter().map(Value::as_str).collect::<Option<_>>()?;
        let fates: Vec<Option<Fate>> = names.iter().map(|it| self.fate(it)).collect();
        for row in rows {
            let values = row.as_array_mut().filter(|it| it.len() == names.len())?;
            for ((value, name), fate) in values.iter_mut().zip(&names).zip(&fates) {
                match fate {
                    Some(fate) => *value = self.hidden(name, value, *fate),
                    None => self.walk(value),
                }
            }
        }
        Some(())
    }

    fn hide_split(&self, split: &mut Map<String, Value>) -> Option<()> {
        let names = split.get("columns")?.as_array()?.clone();
        match split.get_mut("data") {
            Some(Value::Array(rows)) => self.hide_rows(&names, rows),
            _ => Some(()),
        }
    }

    fn hide_ndarray(&self, data: &mut Map<String, Value>) -> Option<()> {
        let names = data.get("names")?.as_array()?.clone();
        match data.get_mut("ndarray") {
            Some(Value::Array(rows)) => self.hide_rows(&names, rows),
            _ => None,
        }
    }

    fn hide_tensor(&self, tensor: &mut Value) -> Result<(), ()> {
        if tensor.get("data").is_none() {
            // Its values lie behind the JSON, or nowhere.
            return Ok(());
        }
        let name = tensor.get("name").and_then(Value::as_str).filter(|it| !it.is_empty()).ok_or(())?.to_owned();
        let columns = tensor.pointer("/parameters/column_names").and_then(Value::as_array).cloned();
        let shape: Option<Vec<u64>> =
            tensor.get("shape").and_then(Value::as_array).and_then(|it| it.iter().map(Value::as_u64).collect());
        let product = |it: &[u64]| it.iter().try_fold(1u64, |all, it| all.checked_mul(*it));
        let fate = self.fate(&name);
        let data = match tensor.get_mut("data") {
            Some(Value::Array(data)) => data,
            Some(other) => {
                *other = self.hidden(&name, other, fate.ok_or(())?);
                return Ok(());
            }
            None => return Ok(()),
        };
        if let Some(fate) = fate {
            hide_leaves(data, &mut |value| self.hidden(&name, value, fate));
            return Ok(());
        }
        // Which value is of which column is only known where the shape is that of the values.
        let shape = shape.ok_or(())?;
        let width =
            product(shape.get(1..).unwrap_or_default()).and_then(|it| usize::try_from(it).ok()).ok_or(())?.max(1);
        if product(&shape) != Some(leaves(data)) {
            return Err(());
        }
        match columns {
            Some(columns) if columns.len() == width => {
                let names: Vec<String> = columns.iter().map(|it| it.as_str().unwrap_or_default().to_owned()).collect();
                let mut at = 0;
                hide_leaves(data, &mut |value| {
                    let name = &names[at % width];
                    at += 1;
                    self.fate(name).map_or_else(|| value.clone(), |fate| self.hidden(name, value, fate))
                });
                Ok(())
            }
            // Several values of a row under one name: any of them can be a column to hide.
            _ if width > 1 => Err(()),
            _ => Ok(()),
        }
    }
}

/// Whether an item of a list of inputs or outputs is a tensor of the Open Inference Protocol. Every item is told by itself: one that is
/// not must not make the others pass for records, whose fields have other names.
fn is_tensor(item: &Value) -> bool {
    let has = |field: &str| item.get(field).is_some();
    has("datatype") || has("data") && (has("name") || has("shape"))
}

/// Values in nested lists.
fn leaves(items: &[Value]) -> u64 {
    items.iter().map(|it| if let Value::Array(inner) = it { leaves(inner) } else { 1 }).sum()
}

fn hide_leaves(items: &mut [Value], hidden: &mut dyn FnMut(&Value) -> Value) {
    for item in items {
        match item {
            Value::Array(inner) => hide_leaves(inner, hidden),
            other => *other = hidden(other),
        }
    }
}

/// HMAC-SHA-256 (RFC 2104) with a key of at most a block.
fn hmac(key: &[u8], message: &[u8]) -> [u8; 32] {
    let pad = |with: u8| {
        let mut block = [with; 64];
        block.iter_mut().zip(key).for_each(|(pad, key)| *pad ^= key);
        block
    };
    let inner = Sha256::new().chain_update(pad(0x36)).chain_update(message).finalize();
    Sha256::new().chain_update(pad(0x5c)).chain_update(inner).finalize().into()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The key of hashes: 32 random bytes in a file that only its owner reads. With it equal values have equal hashes in every log; without it
/// nobody can try out which value a hash is of.
fn key_of(path: &Path) -> Answer<Vec<u8>> {
    match fs::read(path) {
        Ok(key) if key.len() == 32 => return Ok(key),
        Ok(_) => {
            let message = format!("{} is no key of hashes: it is not 32 bytes long.", path.display());
            return Err(Trouble::new(ErrorCode::Unreadable, message)
                .hint("Put the key back, or remove the file to begin with a new one."));
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(io_trouble("reading", path, &error)),
    }
    let key: Vec<u8> =
        [*uuid::Uuid::new_v4().as_bytes(), *uuid::Uuid::new_v4().as_bytes(), *uuid::Uuid::new_v4().as_bytes()].concat();
    // Version and variant of a UUID are known; three of them hold 366 random bits, which are condensed to 256.
    let key = Sha256::digest(key).to_vec();
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|error| io_trouble("making", folder, &error))?;
    }
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).map_err(|error| io_trouble("making", path, &error))?;
    file.write_all(&key).and_then(|()| file.sync_all()).map_err(|error| io_trouble("writing", path, &error))?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn private() -> Private {
        Private {
            columns: vec![("name".to_owned(), Fate::LeftOut), ("iban".to_owned(), Fate::Hashed)],
            key: vec![7; 32],
        }
    }

    #[test]
    fn hmac_is_that_of_the_standard() {
        // RFC 4231, test case 2.
        assert_eq!(
            hex(&hmac(b"Jefe", b"what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }

    #[test]
    fn columns_are_hidden_in_every_form_of_a_body() {
        let bodies = [
            json!({"instances": [{"name": "Ada", "iban": "DE1", "age": 41}]}),
            json!({"dataframe_records": [{"name": "Ada", "iban": "DE1", "age": 41}]}),
            json!({"dataframe_split": {"columns": ["name", "iban", "age"], "data": [["Ada", "DE1", 41]]}}),
            json!({"inputs": {"name": ["Ada"], "iban": ["DE1"], "age": [41]}}),
            json!({"inputs": [
                {"name": "name", "shape": [1], "datatype": "BYTES", "data": ["Ada"]},
                {"name": "iban", "shape": [1, 1], "datatype": "BYTES", "data": [["DE1"]]},
                {"name": "age", "shape": [1], "datatype": "INT64", "data": [41]}]}),
            json!({"data": {"names": ["name", "iban", "age"], "ndarray": [["Ada", "DE1", 41]]}}),
            json!([{"person": {"name": "Ada", "iban": "DE1"}, "age": 41}]),
        ];
        for mut body in bodies {
            private().hide_in_request(&mut body).unwrap_or_else(|why| panic!("{why}: {body}"));
            let text = body.to_string();
            assert!(!text.contains("Ada") && !text.contains("DE1"), "{text}");
            assert!(text.contains("hash:") && text.contains("41"), "{text}");
            assert!(
                !text.contains("\"inputs\":[") || text.contains("\"name\":\"age\""),
                "tensors keep their names: {text}"
            );
        }
    }

    #[test]
    fn tensors_without_names_stay_where_nothing_is_hidden_and_in_answers() {
        let whole = json!({"inputs": [{"name": "x", "shape": [1, 2], "data": [1, 2]}]});
        let mut body = whole.clone();
        let none = Private { columns: Vec::new(), key: Vec::new() };
        assert!(none.hide_in_request(&mut body).is_ok() && body == whole, "{body}");
        let whole = json!({"outputs": [{"name": "scores", "shape": [1, 2], "data": [0.2, 0.8]}]});
        let mut body = whole.clone();
        assert!(private().hide(&mut body).is_ok() && body == whole, "{body}");
    }

    #[test]
    fn a_tensor_among_others_without_data_is_hidden() {
        let mut body = json!({"inputs": [
            {"name": "age", "shape": [1], "datatype": "INT64", "parameters": {"binary_data_size": 8}},
            {"name": "name", "shape": [1], "datatype": "BYTES", "data": ["Ada"]},
            {"name": "iban", "shape": [1], "datatype": "BYTES", "data": "DE1"}]});
        private().hide_in_request(&mut body).unwrap_or_else(|why| panic!("{why}"));
        let text = body.to_string();
        assert!(!text.contains("Ada") && !text.contains("DE1") && text.contains("\"age\""), "{text}");
        let mut records = json!({"inputs": [{"name": "Ada", "iban": "DE1", "age": 41}]});
        private().hide_in_request(&mut records).unwrap_or_else(|why| panic!("{why}"));
        assert!(!records.to_string().contains("Ada") && !records.to_string().contains("DE1"), "{records}");
    }

    #[test]
    fn a_body_without_names_is_not_written() {
        for mut body in [
            json!({"inputs": [{"datatype": "BYTES", "shape": [1], "data": ["Ada"]}]}),
            json!({"inputs": [{"name": "x", "shape": [3], "data": [[1, 2, 3], [4, 5, 6]]}]}),
            json!({"inputs": [{"name": "x", "data": [1, 2, 3]}]}),
            json!({"inputs": [{"name": "x", "shape": [-1], "data": [1]}]}),
            json!({"inputs": [{"name": "x", "shape": [1], "datatype": "BYTES", "data": "Ada"}]}),
            json!({"instances": [[1, 2, 3]]}),
            json!({"inputs": [[1, 2]]}),
            json!({"instances": [1, 2]}),
            json!([[1, 2]]),
            json!({"data": {"ndarray": [[1, 2]]}}),
            json!({"dataframe_split": {"data": [[1, 2]]}}),
            json!({"inputs": [{"name": "x", "shape": [1, 3], "data": [1, 2, 3]}]}),
        ] {
            assert!(private().hide_in_request(&mut body).is_err(), "{body}");
        }
    }
}

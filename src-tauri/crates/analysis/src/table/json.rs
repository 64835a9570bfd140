//! JSON records, as lines or as one array, flattened: `{"user": {"city": "Rome"}}` is the column `user.city`.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::build::ReadAs;
use super::decode::{self, Encoding, Packing};
use super::options::ReadOptions;
use super::structure::{ColumnText, Odd, Structure};

/// One flattened record: the index of each column met, and the text of its value (`None` for null).
pub type Fields = Vec<(usize, Option<String>)>;

/// Columns in the order in which they are first met.
#[derive(Debug, Default, Clone)]
pub struct Columns {
    /// Names by index.
    pub names: Vec<String>,
    index: HashMap<String, usize>,
    /// Whether text stood in the column, so that `"007"` and `"12"` in quotes stay text.
    pub quoted: Vec<u64>,
    /// Whether lists stood in it.
    pub nested: Vec<bool>,
}

/// More columns than any table has: keys are data then, and further ones are left out.
const MAX_COLUMNS: usize = 20_000;

impl Columns {
    /// The same columns, for a later pass.
    pub fn of(names: &[String]) -> Self {
        let mut columns = Self::default();
        for name in names {
            columns.slot(name);
        }
        columns
    }

    fn slot(&mut self, name: &str) -> Option<usize> {
        if let Some(index) = self.index.get(name) {
            return Some(*index);
        }
        if self.names.len() >= MAX_COLUMNS {
            return None;
        }
        let index = self.names.len();
        self.names.push(name.to_owned());
        self.index.insert(name.to_owned(), index);
        self.quoted.push(0);
        self.nested.push(false);
        Some(index)
    }
}

struct Sink<'a, 'c> {
    columns: &'a RefCell<&'c mut Columns>,
    fields: &'a RefCell<Fields>,
    path: String,
    depth: usize,
}

impl Sink<'_, '_> {
    fn put(&self, text: Option<String>, quoted: bool, nested: bool) {
        let mut columns = self.columns.borrow_mut();
        let name = if self.path.is_empty() { "value" } else { self.path.as_str() };
        if let Some(index) = columns.slot(name) {
            if let Some(count) = columns.quoted.get_mut(index) {
                *count += u64::from(quoted);
            }
            if let Some(flag) = columns.nested.get_mut(index) {
                *flag |= nested;
            }
            self.fields.borrow_mut().push((index, text));
        }
    }
}

impl<'de> DeserializeSeed<'de> for Sink<'_, '_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Sink<'_, '_> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }
    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        self.put(Some(value.to_string()), false, false);
        Ok(())
    }
    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        self.put(Some(value.to_string()), false, false);
        Ok(())
    }
    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        self.put(Some(value.to_string()), false, false);
        Ok(())
    }
    fn visit_f64<E>(self, value: f64) -> Result<(), E> {
        self.put(Some(format!("{value:?}")), false, false);
        Ok(())
    }
    fn visit_str<E>(self, value: &str) -> Result<(), E> {
        self.put(Some(value.to_owned()), true, false);
        Ok(())
    }
    fn visit_unit<E>(self) -> Result<(), E> {
        self.put(None, false, false);
        Ok(())
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element::<serde_json::Value>()? {
            items.push(item);
        }
        self.put(Some(serde_json::Value::Array(items).to_string()), true, true);
        Ok(())
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            let path = if self.path.is_empty() { key } else { format!("{}.{key}", self.path) };
            if self.depth >= 8 {
                let rest = map.next_value::<serde_json::Value>()?;
                Sink { columns: self.columns, fields: self.fields, path, depth: 9 }.put(
                    Some(rest.to_string()),
                    true,
                    true,
                );
            } else {
                map.next_value_seed(Sink { columns: self.columns, fields: self.fields, path, depth: self.depth + 1 })?;
            }
        }
        Ok(())
    }
}

struct Items<'a, 'c> {
    columns: &'a RefCell<&'c mut Columns>,
    each: &'a mut dyn FnMut(&Fields) -> bool,
}

impl<'de> Visitor<'de> for Items<'_, '_> {
    type Value = bool;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of records")
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<bool, A::Error> {
        loop {
            let fields = RefCell::new(Vec::new());
            let sink = Sink { columns: self.columns, fields: &fields, path: String::new(), depth: 0 };
            if seq.next_element_seed(sink)?.is_none() {
                return Ok(true);
            }
            if !(self.each)(&fields.into_inner()) {
                while seq.next_element::<serde::de::IgnoredAny>()?.is_some() {}
                return Ok(false);
            }
        }
    }
}

impl<'de> DeserializeSeed<'de> for Items<'_, '_> {
    type Value = bool;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

/// Why records could not be read.
#[derive(Debug)]
pub enum JsonError {
    /// The operating system or the decompression.
    Io(std::io::Error),
    /// The text is not JSON from some place on.
    Syntax(String),
}

/// Reads every record. Lines that are not JSON go to `bad`; an array must be sound from end to end.
pub fn each_record(
    path: &Path,
    packing: Packing,
    encoding: Encoding,
    array: bool,
    columns: &mut Columns,
    bad: &mut Odd,
    each: &mut dyn FnMut(&Fields) -> bool,
) -> Result<bool, JsonError> {
    let input = BufReader::with_capacity(1 << 18, decode::text(path, packing, encoding).map_err(JsonError::Io)?);
    let columns = RefCell::new(columns);
    if array {
        let mut reader = serde_json::Deserializer::from_reader(input);
        return Items { columns: &columns, each }
            .deserialize(&mut reader)
            .map_err(|error| JsonError::Syntax(error.to_string()));
    }
    let mut input = input;
    let mut line = Vec::new();
    let mut row = 0u64;
    loop {
        line.clear();
        // One line can be as long as the file; more than this is not a record.
        let n = (&mut input).take(64 << 20).read_until(b'\n', &mut line).map_err(JsonError::Io)?;
        if n == 0 {
            return Ok(true);
        }
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        row += 1;
        let fields = RefCell::new(Vec::new());
        let sink = Sink { columns: &columns, fields: &fields, path: String::new(), depth: 0 };
        let mut reader = serde_json::Deserializer::from_slice(&line);
        let sound = sink.deserialize(&mut reader).and_then(|()| reader.end()).is_ok();
        let fields = fields.into_inner();
        if !sound {
            bad.add_up_to(row, Odd::MOST);
            if !each(&Vec::new()) {
                return Ok(false);
            }
        } else if !each(&fields) {
            return Ok(false);
        }
    }
}

/// The first pass: names, types, rows.
pub struct Scanned {
    /// Names in order of appearance.
    pub names: Vec<String>,
    /// What each is read as.
    pub types: Vec<ReadAs>,
    /// Records.
    pub rows: u64,
    /// What was seen.
    pub structure: Structure,
}

/// Goes through all records once.
pub fn scan(path: &Path, packing: Packing, encoding: Encoding, array: bool) -> Result<Scanned, JsonError> {
    let mut columns = Columns::default();
    let mut texts: Vec<ColumnText> = Vec::new();
    let mut rows = 0u64;
    let mut bad = Odd::default();
    each_record(path, packing, encoding, array, &mut columns, &mut bad, &mut |fields| {
        rows += 1;
        for (index, value) in fields {
            if texts.len() <= *index {
                texts.resize_with(index + 1, ColumnText::default);
            }
            if let (Some(text), Some(value)) = (texts.get_mut(*index), value) {
                text.add(value, rows, None);
            }
        }
        true
    })?;
    texts.resize_with(columns.names.len(), ColumnText::default);
    let types = texts
        .iter()
        .zip(&columns.quoted)
        .map(|(text, quoted)| match ReadAs::of(text, &ReadOptions::default()) {
            // What stands in quotes was meant as text, except for dates, for which JSON has nothing else.
            ReadAs::Int | ReadAs::Float { .. } | ReadAs::Bool if *quoted > 0 => ReadAs::Text { na_is_code: false },
            other => other,
        })
        .collect();
    let structure = Structure { columns: texts, bad_lines: bad, ..Structure::default() };
    Ok(Scanned { names: columns.names, types, rows, structure })
}

/// Whether a text that begins with a brace goes on as one JSON object over several lines.
pub fn is_document(text: &[u8]) -> bool {
    let inner = text.get(1..).unwrap_or_default().trim_ascii_start();
    inner.starts_with(b"\"") || inner.starts_with(b"}")
}

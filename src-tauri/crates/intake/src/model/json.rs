//! JSON documents of any length, of which the numbers of the trees are passed over and the rest is kept within limits.

use std::cell::Cell;
use std::fmt;
use std::io::{BufReader, Read};

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::Limits;
use super::source::{Fault, Source};

/// Longer arrays of numbers are the values of trees and tables, which nobody asks for: they are read and not kept.
pub(crate) const NUMBERS: usize = 4_096;
/// Keys whose elements are only counted: the trees of XGBoost, LightGBM and CatBoost.
pub(crate) const COUNTED: [&str; 3] = ["trees", "tree_info", "oblivious_trees"];
/// Trees that are counted one by one.
const MOST_COUNTED: usize = 1 << 20;

/// Reads a document to the last byte of the source.
pub(crate) fn read(source: &mut Source<'_>, limits: &Limits) -> Result<Value, Fault> {
    let budget = Budget { values: Cell::new(limits.values), bytes: Cell::new(limits.document_bytes) };
    let result = parse(Bytes(source), &budget);
    result.map_err(|error| Fault::Malformed(source.position(), format!("cannot be read as JSON: {error}")))
}

/// Reads a document that is held in memory.
pub(crate) fn from_slice(bytes: &[u8], limits: &Limits) -> Result<Value, Fault> {
    let budget = Budget { values: Cell::new(limits.values), bytes: Cell::new(limits.document_bytes) };
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = Node(&budget).deserialize(&mut deserializer);
    let value = value.and_then(|value| deserializer.end().map(|()| value));
    value.map_err(|error| Fault::Malformed(0, format!("cannot be read as JSON: {error}")))
}

fn parse(reader: impl Read, budget: &Budget) -> serde_json::Result<Value> {
    let mut deserializer = serde_json::Deserializer::from_reader(BufReader::with_capacity(64 << 10, reader));
    let value = Node(budget).deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(value)
}

struct Bytes<'s, 'a>(&'s mut Source<'a>);

impl Read for Bytes<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.0.check_time().map_err(|fault| std::io::Error::other(fault.what()))?;
        self.0.read_some(buffer)
    }
}

struct Budget {
    values: Cell<usize>,
    bytes: Cell<u64>,
}

impl Budget {
    fn value<E: Error>(&self) -> Result<(), E> {
        let left = self.values.get().checked_sub(1).ok_or_else(|| E::custom("more values than the limit"))?;
        self.values.set(left);
        Ok(())
    }

    fn text<E: Error>(&self, text: &str) -> Result<(), E> {
        let left = self.bytes.get().checked_sub(text.len() as u64);
        self.bytes.set(left.ok_or_else(|| E::custom("more text than the limit"))?);
        Ok(())
    }
}

#[derive(Clone, Copy)]
struct Node<'b>(&'b Budget);

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        self.0.value()?;
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        self.0.value()?;
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        self.0.value()?;
        Ok(Value::from(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        self.0.value()?;
        Ok(Value::from(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        self.0.value()?;
        Ok(Value::from(value))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        self.0.value()?;
        self.0.text(text)?;
        Ok(Value::from(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        self.0.value()?;
        let (mut found, mut only_numbers) = (Vec::new(), true);
        while let Some(item) = items.next_element_seed(self)? {
            only_numbers &= item.is_number();
            found.push(item);
            if found.len() > NUMBERS && only_numbers {
                // What was kept is given back, or one long array would use everything up.
                self.0.values.set(self.0.values.get() + found.len());
                while items.next_element::<IgnoredAny>()?.is_some() {}
                return Ok(Value::Array(Vec::new()));
            }
        }
        Ok(Value::Array(found))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        self.0.value()?;
        let mut found = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            self.0.text(&key)?;
            let value = if COUNTED.contains(&key.as_str()) {
                entries.next_value_seed(Count)?
            } else {
                entries.next_value_seed(self)?
            };
            found.insert(key, value);
        }
        Ok(Value::Object(found))
    }
}

/// Counts the elements of an array: as many `null`s come back.
struct Count;

impl<'de> DeserializeSeed<'de> for Count {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Count {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an array of trees")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut count = 0;
        while items.next_element::<IgnoredAny>()?.is_some() {
            count += 1;
        }
        Ok(Value::Array(vec![Value::Null; count.min(MOST_COUNTED)]))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Value::Object(Map::new()))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        Ok(Value::from(&text[..text.floor_char_boundary(1_024)]))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
}

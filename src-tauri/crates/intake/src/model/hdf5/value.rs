//! Types, shapes and the values of attributes.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::source::Fault;
use super::Reader;
use super::bytes::Cursor;
use crate::model::pickle::array::number;

/// Elements of one attribute.
const ELEMENTS: u64 = 100_000;

/// The number of elements along each axis.
pub(super) struct Shape {
    pub(super) sides: Vec<u64>,
    is_null: bool,
}

impl Shape {
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Self, Fault> {
        let version = cursor.byte()?;
        let rank = cursor.byte()?;
        cursor.skip(1)?;
        let is_null = match version {
            1 => {
                cursor.skip(5)?;
                false
            }
            2 => cursor.byte()? == 2,
            _ => return Err(cursor.malformed("a shape of an unknown version")),
        };
        if rank > 32 {
            return Err(cursor.malformed("a shape of more than 32 axes"));
        }
        let sides = (0..rank).map(|_| cursor.length()).collect::<Result<_, _>>()?;
        Ok(Self { sides, is_null })
    }

    fn count(&self) -> Option<u64> {
        if self.is_null {
            return Some(0);
        }
        self.sides.iter().try_fold(1_u64, |product, side| product.checked_mul(*side))
    }
}

/// The type of one element.
#[derive(Debug)]
pub(super) struct Type {
    class: u8,
    size: u64,
    big_endian: bool,
    signed: bool,
    /// Of which elements a sequence is made, and whether it is text.
    inner: Option<(Box<Self>, bool)>,
}

impl Type {
    pub(super) fn read(cursor: &mut Cursor<'_>, depth: u8) -> Result<Self, Fault> {
        let depth = depth.checked_sub(1).ok_or_else(|| cursor.malformed("a type that is nested too deeply"))?;
        let class = cursor.byte()? & 0x0f;
        let bits = cursor.number(3)?;
        let size = cursor.number(4)?;
        let mut found = Self { class, size, big_endian: bits & 1 != 0, signed: bits & 8 != 0, inner: None };
        match class {
            0 | 4 => cursor.skip(4)?,
            1 => cursor.skip(12)?,
            2 => cursor.skip(2)?,
            8 => found.inner = Some((Box::new(Self::read(cursor, depth)?), false)),
            9 => found.inner = Some((Box::new(Self::read(cursor, depth)?), bits & 0x0f == 1)),
            _ => {}
        }
        Ok(found)
    }

    /// The name of the type, as numpy spells it.
    pub(super) fn name(&self) -> String {
        let bits = self.size.saturating_mul(8);
        match (self.class, &self.inner) {
            (0, _) => format!("{}int{bits}", if self.signed { "" } else { "u" }),
            (1, _) => format!("float{bits}"),
            (2, _) => "time".to_owned(),
            (3, _) | (9, Some((_, true))) => "string".to_owned(),
            (4, _) => "bitfield".to_owned(),
            (5, _) => "opaque".to_owned(),
            (6, _) => "compound".to_owned(),
            (7, _) => "reference".to_owned(),
            (8, Some((inner, _))) if inner.size == 1 => "bool".to_owned(),
            (8, _) => "enum".to_owned(),
            (9, _) => "sequence".to_owned(),
            _ => "array".to_owned(),
        }
    }
}

/// The name and value of an attribute. `None` for values of types that nobody asks for.
pub(super) fn attribute(reader: &mut Reader<'_>, bytes: &[u8], origin: u64) -> Result<Option<(String, Value)>, Fault> {
    let mut cursor = Cursor::new(bytes, 0, reader.offsets, reader.lengths, origin);
    let version = cursor.byte()?;
    let flags = cursor.byte()?;
    let (name, kind, shape) = (cursor.number(2)?, cursor.number(2)?, cursor.number(2)?);
    match version {
        1 | 2 => {}
        3 => cursor.skip(1)?,
        _ => return Err(cursor.malformed("an attribute of an unknown version")),
    }
    let padded = version == 1;
    let part = |cursor: &mut Cursor<'_>, length: u64| -> Result<(usize, usize), Fault> {
        let start = cursor.position();
        cursor.skip(length as usize)?;
        let end = cursor.position();
        if padded {
            cursor.align(start)?;
        }
        Ok((start, end))
    };
    let name = part(&mut cursor, name)?;
    let kind = part(&mut cursor, kind)?;
    let shape = part(&mut cursor, shape)?;
    let slice = |range: (usize, usize)| bytes.get(range.0..range.1).unwrap_or_default();
    let name = String::from_utf8_lossy(slice(name).split(|byte| *byte == 0).next().unwrap_or_default()).into_owned();
    if flags & 1 != 0 {
        // The type is kept elsewhere, which Keras does not do.
        return Ok(None);
    }
    let inner = |range| Cursor::new(slice(range), 0, reader.offsets, reader.lengths, origin);
    let kind = Type::read(&mut inner(kind), 8)?;
    let shape = Shape::read(&mut inner(shape))?;
    let Some(count) = shape.count().filter(|count| *count <= ELEMENTS) else { return Ok(None) };
    let size = usize::try_from(kind.size).unwrap_or(usize::MAX);
    let mut values = Vec::new();
    for _ in 0..count {
        let element = cursor.take(size)?;
        match scalar(reader, &kind, element, origin)? {
            Some(value) => values.push(value),
            None => return Ok(None),
        }
    }
    let value = match (shape.sides.is_empty(), values.len()) {
        (true, 1) => values.remove(0),
        (true, 0) => Value::Null,
        _ => Value::Array(values),
    };
    Ok(Some((name, value)))
}

fn scalar(reader: &mut Reader<'_>, kind: &Type, element: &[u8], origin: u64) -> Result<Option<Value>, Fault> {
    let ordered = || {
        let mut bytes = element.to_vec();
        if kind.big_endian {
            bytes.reverse();
        }
        bytes
    };
    Ok(match (kind.class, element.len()) {
        (0, 1..=8) => {
            let mut wide = [0; 8];
            let bytes = ordered();
            wide[..bytes.len()].copy_from_slice(&bytes);
            let value = u64::from_le_bytes(wide);
            let shift = 64 - 8 * bytes.len() as u32;
            Some(if kind.signed { Value::from(((value << shift) as i64) >> shift) } else { Value::from(value) })
        }
        (1, 4) => ordered().try_into().ok().map(|bytes| number(f64::from(f32::from_le_bytes(bytes)))),
        (1, 8) => ordered().try_into().ok().map(|bytes| number(f64::from_le_bytes(bytes))),
        (3, _) => {
            let text = element.split(|byte| *byte == 0).next().unwrap_or_default();
            Some(Value::from(String::from_utf8_lossy(text).trim_end()))
        }
        (8, 1) => Some(Value::Bool(element[0] != 0)),
        (9, _) if matches!(kind.inner, Some((_, true))) => {
            let mut cursor = Cursor::new(element, 0, reader.offsets, reader.lengths, origin);
            let length = cursor.number(4)? as usize;
            let (collection, index) = (cursor.address()?, cursor.number(4)?);
            if length == 0 {
                return Ok(Some(Value::from("")));
            }
            // Many elements may share one long text, so each use of it counts.
            reader.charge(length as u64, collection)?;
            let found = reader.heap_object(collection, index)?;
            let text = found.get(..length.min(found.len())).unwrap_or_default();
            Some(Value::from(String::from_utf8_lossy(text).trim_end_matches('\0')))
        }
        _ => None,
    })
}

/// A global heap: its bytes, and where in them each object lies.
#[derive(Debug, Default)]
pub(super) struct Heap {
    bytes: Vec<u8>,
    objects: BTreeMap<u64, (usize, usize)>,
}

impl Reader<'_> {
    /// An object of a global heap, where texts of any length are kept.
    fn heap_object(&mut self, address: u64, wanted: u64) -> Result<&[u8], Fault> {
        if !self.heaps.contains_key(&address) {
            let heap = self.heap(address)?;
            self.heaps.insert(address, heap);
        }
        let heap = self.heaps.get(&address);
        let found = heap.and_then(|heap| {
            let (start, length) = heap.objects.get(&wanted)?;
            heap.bytes.get(*start..start + length)
        });
        found.ok_or_else(|| Fault::Malformed(address, "a text that its heap does not hold".to_owned()))
    }

    fn heap(&mut self, address: u64) -> Result<Heap, Fault> {
        let head = self.at(address, 8 + u64::from(self.lengths))?;
        if !head.starts_with(b"GCOL") {
            return Err(Fault::Malformed(address, "no heap of texts".to_owned()));
        }
        let size = Cursor::new(&head, 8, self.offsets, self.lengths, address).length()?;
        let bytes = self.at(address, size)?;
        let start = 8 + usize::from(self.lengths);
        let mut objects = BTreeMap::new();
        let mut cursor = Cursor::new(&bytes, start, self.offsets, self.lengths, address);
        while cursor.left() >= start {
            let index = cursor.number(2)?;
            cursor.skip(6)?;
            let size = cursor.length()?;
            if index == 0 {
                break;
            }
            let size = usize::try_from(size).map_err(|_| cursor.malformed("a text of impossible length"))?;
            let at = cursor.position();
            cursor.skip(size)?;
            objects.insert(index, (at, size));
            cursor.align(start)?;
        }
        Ok(Heap { bytes, objects })
    }
}

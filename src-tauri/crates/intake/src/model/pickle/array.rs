//! Arrays and other values of a graph, read as plain data.

use serde_json::{Map, Number, Value};

use super::graph::{Graph, Id, Node};

/// A numpy element type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Dtype {
    kind: u8,
    size: u64,
    big_endian: bool,
    has_objects: bool,
}

impl Dtype {
    /// Reads `numpy.dtype(...)` with its state.
    pub(crate) fn of(graph: &Graph, id: Id) -> Option<Self> {
        Self::nested(graph, id, 8)
    }

    fn nested(graph: &Graph, id: Id, depth: u8) -> Option<Self> {
        let Node::Object(object) = graph.get(id) else { return None };
        let class = graph.class(id)?;
        if &*class.module == "numpy.dtypes" {
            return None;
        }
        if class.path() != "numpy.dtype" {
            return None;
        }
        let code = graph.text(*graph.elements(object.args)?.first()?)?;
        let code = code.trim_start_matches(['<', '>', '|', '=']);
        let kind = *code.as_bytes().first()?;
        let mut size: u64 = match code.get(1..)? {
            "" => match kind {
                b'O' => 8,
                b'?' => 1,
                _ => return None,
            },
            digits => digits.parse().ok()?,
        };
        if kind == b'U' {
            size = size.checked_mul(4)?;
        }
        let mut found = Self { kind, size, big_endian: false, has_objects: kind == b'O' };
        if let Some(state) = object.states.last().and_then(|state| graph.elements(*state)) {
            found.big_endian = state.get(1).and_then(|order| graph.text(*order)) == Some(">");
            if let Some(fields) = state.get(4).and_then(|fields| graph.entries(*fields)) {
                if depth == 0 {
                    return None;
                }
                for (_, field) in fields {
                    let inner = Self::nested(graph, *graph.elements(*field)?.first()?, depth - 1)?;
                    found.has_objects |= inner.has_objects;
                }
            }
            if let Some(base) = state.get(2).and_then(|base| graph.elements(*base)).and_then(|base| base.first()) {
                found.has_objects |= Self::nested(graph, *base, depth.checked_sub(1)?)?.has_objects;
            }
            if let Some(flags) = state.get(7).and_then(|flags| graph.int(*flags)) {
                found.has_objects |= flags & 1 != 0;
            }
        }
        Some(found)
    }

    fn value(self, bytes: &[u8]) -> Option<Value> {
        let mut element = bytes.to_vec();
        if self.big_endian && self.kind != b'U' {
            element.reverse();
        }
        let unsigned = |bytes: &[u8]| {
            let mut wide = [0; 8];
            wide.get_mut(..bytes.len())?.copy_from_slice(bytes);
            Some(u64::from_le_bytes(wide))
        };
        Some(match (self.kind, element.len()) {
            (b'b' | b'?', 1) => Value::Bool(element[0] != 0),
            (b'i', 1..=8) => {
                let shift = 64 - 8 * element.len() as u32;
                Value::from(((unsigned(&element)? << shift) as i64) >> shift)
            }
            (b'u', 1..=8) => Value::from(unsigned(&element)?),
            (b'f', 8) => number(f64::from_le_bytes(element.try_into().ok()?)),
            (b'f', 4) => number(f64::from(f32::from_le_bytes(element.try_into().ok()?))),
            (b'U', _) => {
                let text: Option<String> = element
                    .chunks_exact(4)
                    .map(|unit| {
                        let unit = [unit[0], unit[1], unit[2], unit[3]];
                        let code = if self.big_endian { u32::from_be_bytes(unit) } else { u32::from_le_bytes(unit) };
                        char::from_u32(code)
                    })
                    .collect();
                Value::from(text?.trim_end_matches('\0'))
            }
            (b'S', _) => Value::from(String::from_utf8_lossy(&element).trim_end_matches('\0')),
            _ => return None,
        })
    }
}

/// The layout of an array in a joblib file.
#[derive(Debug)]
pub(crate) struct Layout {
    dtype: Dtype,
    shape: Vec<u64>,
    /// Whether the elements are objects, held in a nested pickle.
    pub(crate) has_objects: bool,
    /// Whether a length and padding stand before the elements.
    pub(crate) padded: bool,
}

impl Layout {
    /// Reads the attributes of a `NumpyArrayWrapper`.
    pub(crate) fn of_wrapper(graph: &Graph, wrapper: Id) -> Option<Self> {
        let dtype = Dtype::of(graph, graph.attribute(wrapper, "dtype")?)?;
        let shape = shape(graph, graph.attribute(wrapper, "shape")?)?;
        let alignment = graph.attribute(wrapper, "numpy_array_alignment_bytes");
        let padded = alignment.is_some_and(|id| !matches!(graph.get(id), Node::None));
        Some(Self { dtype, shape, has_objects: dtype.has_objects, padded })
    }

    /// The number of bytes of all elements.
    pub(crate) fn bytes(&self) -> Option<u64> {
        self.shape.iter().try_fold(self.dtype.size, |product, side| product.checked_mul(*side))
    }
}

fn shape(graph: &Graph, id: Id) -> Option<Vec<u64>> {
    if let Some(single) = graph.int(id) {
        return Some(vec![u64::try_from(single).ok()?]);
    }
    let sides = graph.elements(id)?;
    if sides.len() > 64 {
        return None;
    }
    sides.iter().map(|side| graph.int(*side).and_then(|side| u64::try_from(side).ok())).collect()
}

/// The shape of an array, as far as the graph holds one.
pub(crate) fn shape_of(graph: &Graph, id: Id) -> Option<Vec<u64>> {
    let Node::Object(object) = graph.get(id) else { return None };
    match graph.class(id)?.path().as_str() {
        "joblib.numpy_pickle.NumpyArrayWrapper" => shape(graph, graph.attribute(id, "shape")?),
        path if path.ends_with(".ZNDArrayWrapper") => {
            shape(graph, *graph.elements(graph.attribute(id, "state")?)?.get(1)?)
        }
        path if path.ends_with("multiarray._reconstruct") => {
            let state = graph.elements(*object.states.last()?)?;
            shape(graph, *state.get(1)?)
        }
        path if path.ends_with("numeric._frombuffer") => shape(graph, *graph.elements(object.args)?.get(2)?),
        _ => None,
    }
}

/// Whether the elements of an array are stored column by column.
fn is_fortran(graph: &Graph, id: Id) -> bool {
    let Node::Object(object) = graph.get(id) else { return false };
    let order = graph.attribute(id, "order").and_then(|order| graph.text(order));
    let state = object.states.last().and_then(|state| graph.elements(*state));
    let of_state =
        state.and_then(|state| state.get(3)).is_some_and(|flag| matches!(graph.get(*flag), Node::Bool(true)));
    let args = graph.elements(object.args).and_then(|args| args.get(3)).and_then(|order| graph.text(*order));
    order == Some("F") || of_state || args == Some("F")
}

/// Stored elements as lists inside lists, one level for each axis. `None` when they do not fill the shape.
pub(crate) fn nested(flat: Vec<Value>, shape: &[u64], is_fortran: bool) -> Option<Value> {
    let sides: Vec<usize> = shape.iter().map(|side| usize::try_from(*side).ok()).collect::<Option<_>>()?;
    let count = sides.iter().try_fold(1_usize, |product, side| product.checked_mul(*side))?;
    if count != flat.len() {
        return None;
    }
    let ordered = if is_fortran && sides.len() > 1 {
        (0..count).map(|at| flat[column_major(at, &sides)].clone()).collect()
    } else {
        flat
    };
    let mut level = ordered;
    for side in sides.iter().skip(1).rev().filter(|side| **side > 0) {
        level = level.chunks(*side).map(|chunk| Value::Array(chunk.to_vec())).collect();
    }
    match sides.len() {
        0 => level.into_iter().next(),
        _ => Some(Value::Array(level)),
    }
}

/// Where the element that is `at`th row by row lies when elements are stored column by column.
fn column_major(at: usize, sides: &[usize]) -> usize {
    let (mut rest, mut places) = (at, Vec::with_capacity(sides.len()));
    for side in sides.iter().rev() {
        places.push(rest % side);
        rest /= side;
    }
    places.reverse();
    places.iter().zip(sides).rev().fold(0, |sum, (place, side)| sum * side + place)
}

/// The elements of an array in their stored order; for at most `limit` elements.
pub(crate) fn elements(graph: &Graph, id: Id, limit: usize) -> Option<Vec<Value>> {
    elements_within(graph, id, limit, 4)
}

fn elements_within(graph: &Graph, id: Id, limit: usize, depth: u8) -> Option<Vec<Value>> {
    if depth == 0 {
        return None;
    }
    let plain = |ids: &[Id]| -> Option<Vec<Value>> {
        if ids.len() > limit {
            return None;
        }
        ids.iter().map(|item| json(graph, *item, 4)).collect()
    };
    let decode = |dtype: Dtype, bytes: &[u8]| -> Option<Vec<Value>> {
        let size = usize::try_from(dtype.size).ok().filter(|size| *size > 0)?;
        if bytes.len() / size > limit || !bytes.len().is_multiple_of(size) {
            return None;
        }
        bytes.chunks_exact(size).map(|element| dtype.value(element)).collect()
    };
    let Node::Object(object) = graph.get(id) else { return plain(graph.elements(id)?) };
    let path = graph.class(id)?.path();
    if let Some(nested) = object.nested {
        return elements_within(graph, nested, limit, depth - 1);
    }
    if path.ends_with(".ZNDArrayWrapper") {
        let state = graph.elements(graph.attribute(id, "state")?)?;
        return decode(Dtype::of(graph, *state.get(2)?)?, object.data.as_ref()?.all()?);
    }
    if path == "joblib.numpy_pickle.NumpyArrayWrapper" {
        let dtype = Dtype::of(graph, graph.attribute(id, "dtype")?)?;
        return decode(dtype, object.data.as_ref()?.all()?);
    }
    if path.ends_with("multiarray._reconstruct") {
        let state = graph.elements(*object.states.last()?)?;
        let dtype = Dtype::of(graph, *state.get(2)?)?;
        let data = *state.get(4)?;
        return match raw(graph, data) {
            Some(bytes) => decode(dtype, &bytes),
            None => plain(graph.elements(data)?),
        };
    }
    if path.ends_with("numeric._frombuffer") {
        let args = graph.elements(object.args)?;
        return decode(Dtype::of(graph, *args.get(1)?)?, &raw(graph, *args.first()?)?);
    }
    plain(graph.elements(id)?)
}

/// The bytes of a value: of `bytes`, of a `bytearray`, and of what Python 2 protocols write in their place.
pub(crate) fn raw(graph: &Graph, id: Id) -> Option<Vec<u8>> {
    match graph.get(id) {
        Node::Bytes(blob) => blob.all().map(<[u8]>::to_vec),
        // Python 2 wrote bytes as text.
        Node::Str(blob) => blob.all().map(<[u8]>::to_vec),
        Node::Object(object) => {
            let args = graph.elements(object.args)?;
            match graph.class(id)?.path().as_str() {
                "_codecs.encode" => {
                    let text = graph.text(*args.first()?)?;
                    text.chars().map(|unit| u8::try_from(u32::from(unit)).ok()).collect()
                }
                "builtins.bytearray" | "builtins.bytes" => match args.first() {
                    None => Some(Vec::new()),
                    Some(first) if *first < id => raw(graph, *first),
                    Some(_) => None,
                },
                _ => None,
            }
        }
        _ => None,
    }
}

/// A number as JSON. What JSON cannot write is text.
pub(crate) fn number(value: f64) -> Value {
    match Number::from_f64(value) {
        Some(number) => Value::Number(number),
        None if value.is_nan() => Value::from("NaN"),
        None if value > 0.0 => Value::from("Infinity"),
        None => Value::from("-Infinity"),
    }
}

/// How many elements of a container are shown as a parameter.
const SHOWN: usize = 1_000;

/// A value as JSON. `None` for what is too deep or too large to be shown.
pub(crate) fn json(graph: &Graph, id: Id, depth: u8) -> Option<Value> {
    let mut budget = SHOWN;
    json_within(graph, id, depth, &mut budget)
}

fn json_within(graph: &Graph, id: Id, depth: u8, budget: &mut usize) -> Option<Value> {
    *budget = budget.checked_sub(1)?;
    let list = |items: &[Id], budget: &mut usize| -> Option<Value> {
        let depth = depth.checked_sub(1)?;
        items.iter().map(|item| json_within(graph, *item, depth, budget)).collect::<Option<Vec<_>>>().map(Value::Array)
    };
    Some(match graph.get(id) {
        Node::None => Value::Null,
        Node::Bool(value) => Value::Bool(*value),
        Node::Int(value) => Value::from(*value),
        Node::Big(text) => Value::from(text.to_string()),
        Node::Float(value) => number(*value),
        Node::Str(_) => Value::from(graph.text(id)?),
        Node::Bytes(blob) => Value::from(format!("<{} bytes>", blob.length)),
        Node::Tuple(items) => list(items, budget)?,
        Node::List(items) | Node::Set(items) => list(items, budget)?,
        Node::Dict(entries) => dictionary(graph, entries, depth.checked_sub(1)?, budget)?,
        Node::Global(global) => Value::from(global.path()),
        Node::Persistent(_) => Value::from("<stored elsewhere>"),
        Node::Object(object) => {
            let path = graph.class(id)?.path();
            if path.ends_with("multiarray.scalar") {
                let args = graph.elements(object.args)?;
                let value = *args.get(1)?;
                return match Dtype::of(graph, *args.first()?) {
                    Some(dtype) if !dtype.has_objects => dtype.value(&raw(graph, value)?),
                    _ => json_within(graph, value, depth.checked_sub(1)?, budget),
                };
            }
            if path == "numpy.dtype" {
                return Some(Value::from(graph.text(*graph.elements(object.args)?.first()?)?));
            }
            if path == "builtins.slice"
                || path == "builtins.set"
                || path == "builtins.frozenset"
                || path == "builtins.range"
            {
                return list(graph.elements(object.args)?, budget);
            }
            if let Some(inner) = object.nested {
                return json_within(graph, inner, depth.checked_sub(1)?, budget);
            }
            if let Some(shape) = shape_of(graph, id) {
                return nested(elements(graph, id, 64)?, &shape, is_fortran(graph, id));
            }
            match graph.entries(id) {
                Some(entries) => dictionary(graph, entries, depth.checked_sub(1)?, budget)?,
                None => Value::from(path),
            }
        }
    })
}

fn dictionary(graph: &Graph, entries: &[(Id, Id)], depth: u8, budget: &mut usize) -> Option<Value> {
    let mut map = Map::new();
    for (key, value) in entries {
        let name = match json_within(graph, *key, 1, budget)? {
            Value::String(text) => text,
            other => other.to_string(),
        };
        map.insert(name, json_within(graph, *value, depth, budget)?);
    }
    Some(Value::Object(map))
}

/// The arguments of a call as a person would read them, cut to one short line.
pub(crate) fn arguments(graph: &Graph, args: Id) -> String {
    let shown: Vec<String> = graph
        .elements(args)
        .unwrap_or_default()
        .iter()
        .take(4)
        .map(|item| json(graph, *item, 3).map_or_else(|| "…".to_owned(), |value| value.to_string()))
        .collect();
    let line: String = shown.join(", ").chars().take(120).collect();
    format!("({line})")
}

/// The bytes of a string literal as protocol 0 writes it.
pub(crate) fn unquote(line: &[u8]) -> Option<Vec<u8>> {
    let line = line.trim_ascii();
    let (first, last) = (line.first()?, line.last()?);
    if line.len() < 2 || first != last || !matches!(first, b'\'' | b'"') {
        return None;
    }
    let mut bytes = line[1..line.len() - 1].iter().copied().peekable();
    let mut text = Vec::new();
    while let Some(byte) = bytes.next() {
        if byte != b'\\' {
            text.push(byte);
            continue;
        }
        match bytes.next()? {
            b'n' => text.push(b'\n'),
            b't' => text.push(b'\t'),
            b'r' => text.push(b'\r'),
            b'x' => {
                let high = char::from(bytes.next()?).to_digit(16)?;
                let low = char::from(bytes.next()?).to_digit(16)?;
                text.push((high * 16 + low) as u8);
            }
            first @ b'0'..=b'7' => {
                let mut value = u32::from(first - b'0');
                for _ in 0..2 {
                    match bytes.peek() {
                        Some(digit @ b'0'..=b'7') => {
                            value = value * 8 + u32::from(digit - b'0');
                            bytes.next();
                        }
                        _ => break,
                    }
                }
                text.push(value as u8);
            }
            b'a' => text.push(7),
            b'b' => text.push(8),
            b'f' => text.push(12),
            b'v' => text.push(11),
            other @ (b'\\' | b'\'' | b'"') => text.push(other),
            other => text.extend_from_slice(&[b'\\', other]),
        }
    }
    Some(text)
}

/// The text of a line in Python's raw-unicode-escape, as UTF-8.
pub(crate) fn raw_unicode(line: &[u8]) -> Vec<u8> {
    let mut text = String::new();
    let mut at = 0;
    while at < line.len() {
        let digits = match line.get(at..at + 2) {
            Some(b"\\u") => 4,
            Some(b"\\U") => 8,
            _ => 0,
        };
        let code = line
            .get(at + 2..at + 2 + digits)
            .filter(|_| digits > 0)
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u32::from_str_radix(digits, 16).ok())
            .and_then(char::from_u32);
        match code {
            Some(code) => {
                text.push(code);
                at += 2 + digits;
            }
            None => {
                text.push(char::from(line[at]));
                at += 1;
            }
        }
    }
    text.into_bytes()
}

/// The elements of raw array data, for a type such as `<f8` or `<U10`.
pub(crate) fn npy_elements(descr: &str, data: &[u8]) -> Option<Vec<Value>> {
    let code = descr.trim_start_matches(['<', '>', '|', '=']);
    let kind = *code.as_bytes().first()?;
    let count: u64 = code.get(1..)?.parse().ok()?;
    let size = if kind == b'U' { count.checked_mul(4)? } else { count };
    let dtype = Dtype { kind, size, big_endian: descr.starts_with('>'), has_objects: false };
    let step = usize::try_from(size).ok().filter(|step| *step > 0)?;
    data.chunks_exact(step).map(|element| dtype.value(element)).collect()
}

//! JSON lines: a log that grows line by line, with lines that are broken, unfinished or of another shape.

use std::collections::HashMap;
use std::fmt;
use std::io::{BufRead, BufReader, ErrorKind, Read};
use std::path::Path;

use rayon::prelude::*;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::super::cells::{Block, Builder};
use super::envelope::{Exchanges, is_envelope};
use super::nan::with_quotes;
use super::{Read as Outcome, Trouble, bodies};
use crate::table::{Packing, TableError, push_windows_1252, unpacked};

/// Bytes of a piece that one thread reads.
const PIECE: usize = 4 << 20;
/// Longest line that is a record.
const LONGEST: usize = 64 << 20;
/// Lines by which it is found out what the file holds.
const LOOK: usize = 40;

/// Whether the bytes begin as JSON lines do.
pub(super) fn looks_like_lines(head: &[u8]) -> bool {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    // A rotated log can begin in the middle of a line.
    let mut lines = head.split(|it| *it == b'\n').map(<[u8]>::trim_ascii).filter(|it| !it.is_empty());
    lines.by_ref().take(3).any(|line| line.starts_with(b"{") && record(line).is_ok())
}

/// The record of a line.
fn record(line: &[u8]) -> Result<Map<String, Value>, serde_json::Error> {
    serde_json::from_slice(line).or_else(|error| match mended(line) {
        Some((mended, _)) => serde_json::from_slice(&mended),
        None => Err(error),
    })
}

/// A line that is no JSON as others would read it, and whether its letters had to be decoded: Python writes NaN and infinities as bare words,
/// and old programs write windows-1252.
fn mended(line: &[u8]) -> Option<(Vec<u8>, bool)> {
    if std::str::from_utf8(line).is_ok() {
        return with_quotes(line).map(|it| (it, false));
    }
    let mut decoded = String::with_capacity(line.len() + line.len() / 8);
    push_windows_1252(line, &mut decoded);
    let decoded = decoded.into_bytes();
    Some((with_quotes(&decoded).unwrap_or(decoded), true))
}

/// Lines of a piece that are no records.
#[derive(Debug, Default)]
struct Broken {
    count: u64,
    /// The first of them, counted from 0 in the piece, and what is wrong with it.
    first: Option<(u64, String)>,
    /// Whether the last line is not finished.
    partial: bool,
    /// Lines of the piece, empty ones and broken ones included.
    lines: u64,
    /// Records that were read as windows-1252.
    decoded: u64,
}

impl Broken {
    fn of(piece: &[u8]) -> Self {
        Self { lines: memchr::memchr_iter(b'\n', piece).count() as u64, ..Self::default() }
    }

    fn add(&mut self, line: u64, why: impl FnOnce() -> String) {
        self.count += 1;
        if self.first.is_none() {
            self.first = Some((line, why()));
        }
    }
}

/// What is wrong with a line, without the line number that the parser gives it, which is always 1.
fn cause(error: &serde_json::Error) -> String {
    error.to_string().replace(" at line 1 column ", " at its character ")
}

/// Reads all records. `each` gets blocks in the order of the file.
pub(super) fn read(
    path: &Path,
    packing: Packing,
    cancel: &dyn Fn() -> bool,
    each: &mut dyn FnMut(Block) -> Result<(), TableError>,
) -> Result<Outcome, TableError> {
    let unreadable = |source| TableError::Unreadable { path: path.to_owned(), source };
    let mut input = BufReader::with_capacity(1 << 20, unpacked(path, packing).map_err(unreadable)?);
    let mut outcome = Outcome::default();
    let mut envelopes: Option<Exchanges> = None;
    let mut first = true;
    let mut before = 0u64;
    let mut tell = |outcome: &mut Outcome, broken: Broken| {
        outcome.add(Trouble::BrokenLine, broken.count);
        outcome.add(Trouble::PartialLine, u64::from(broken.partial));
        outcome.add(Trouble::OtherEncoding, broken.decoded);
        if let (None, Some((line, why))) = (&outcome.first_broken, broken.first) {
            outcome.first_broken = Some((before + line + 1, why));
        }
        before += broken.lines;
    };
    let pieces = rayon::current_num_threads().clamp(1, 8);
    loop {
        if cancel() {
            return Err(TableError::Cancelled);
        }
        let mut taken = Vec::with_capacity(pieces);
        let mut ended = false;
        while taken.len() < pieces && !ended {
            let (piece, end, broken) = next_piece(&mut input).map_err(unreadable)?;
            outcome.add(Trouble::Truncated, u64::from(broken));
            ended = end;
            if !piece.is_empty() {
                taken.push(piece);
            }
        }
        if first {
            first = false;
            let head = taken.first().map(Vec::as_slice).unwrap_or_default();
            if sound(head).take(LOOK).any(|it| is_envelope(&it)) {
                envelopes = Some(Exchanges::default());
            }
        }
        let last = taken.len();
        match &mut envelopes {
            None => {
                let blocks: Vec<(Block, Broken)> =
                    taken.par_iter().enumerate().map(|(at, it)| flat(it, ended && at + 1 == last)).collect();
                for (block, broken) in blocks {
                    tell(&mut outcome, broken);
                    each(block)?;
                }
            }
            Some(exchanges) => {
                let records: Vec<Records> =
                    taken.par_iter().enumerate().map(|(at, it)| parsed(it, ended && at + 1 == last)).collect();
                let mut builder = Builder::default();
                for (maps, broken) in records {
                    tell(&mut outcome, broken);
                    for fields in maps {
                        if is_envelope(&fields) {
                            exchanges.take(fields, &mut builder);
                        } else {
                            let mut row = bodies::Row::new();
                            bodies::flatten("", &Value::Object(fields), &mut row);
                            row.iter().for_each(|(name, cell)| builder.put(name, cell));
                            builder.end_row();
                        }
                    }
                }
                if ended {
                    exchanges.finish(&mut builder);
                }
                each(builder.finish())?;
            }
        }
        if ended {
            break;
        }
    }
    if let Some(exchanges) = envelopes {
        outcome.add(Trouble::MissingHalf, exchanges.halves);
        outcome.format = exchanges.format.unwrap_or("v1");
    }
    Ok(outcome)
}

/// A piece that ends at the end of a line, whether it is the last, and whether it is so because the packed data breaks off.
fn next_piece(input: &mut impl BufRead) -> std::io::Result<(Vec<u8>, bool, bool)> {
    let mut piece = Vec::new();
    let mut taken = input.by_ref().take(PIECE as u64).read_to_end(&mut piece);
    let ended = taken.is_ok() && piece.len() < PIECE;
    if taken.is_ok() && !ended {
        taken = input.take(LONGEST as u64).read_until(b'\n', &mut piece);
    }
    match taken {
        Ok(_) => Ok((piece, ended, false)),
        // What came before the break is sound; the rest is not there.
        Err(error)
            if matches!(error.kind(), ErrorKind::UnexpectedEof | ErrorKind::InvalidData | ErrorKind::InvalidInput) =>
        {
            Ok((piece, true, true))
        }
        Err(error) => Err(error),
    }
}

/// Lines that are looked at for one identifier.
const MOST_MATCHES: usize = 1_000;

/// The records of the lines that hold an identifier, in any of its spellings.
pub(super) fn matching(
    path: &Path,
    packing: Packing,
    id: &str,
    cancel: &dyn Fn() -> bool,
) -> Result<Vec<Block>, TableError> {
    let unreadable = |source| TableError::Unreadable { path: path.to_owned(), source };
    // Further predictions of one request have a number behind its identifier, which the file does not hold.
    let id = id.trim().split('#').next().unwrap_or_default();
    let mut spellings = vec![id.to_owned(), id.to_lowercase(), id.to_uppercase()];
    spellings.dedup();
    let finders: Vec<memchr::memmem::Finder<'_>> =
        spellings.iter().map(|it| memchr::memmem::Finder::new(it.as_bytes())).collect();
    let mut input = BufReader::with_capacity(1 << 20, unpacked(path, packing).map_err(unreadable)?);
    let mut found: Vec<u8> = Vec::new();
    let mut matches = 0;
    loop {
        if cancel() {
            return Err(TableError::Cancelled);
        }
        let (piece, ended, _) = next_piece(&mut input).map_err(unreadable)?;
        if finders.iter().any(|it| it.find(&piece).is_some()) {
            for (line, _) in lines(&piece).filter(|(line, _)| finders.iter().any(|it| it.find(line).is_some())) {
                if matches < MOST_MATCHES {
                    found.extend_from_slice(line);
                    found.push(b'\n');
                    matches += 1;
                }
            }
        }
        if ended {
            break;
        }
    }
    if found.is_empty() {
        return Ok(Vec::new());
    }
    if !sound(&found).any(|it| is_envelope(&it)) {
        return Ok(vec![flat(&found, false).0]);
    }
    let mut exchanges = Exchanges::default();
    let mut builder = Builder::default();
    for fields in parsed(&found, false).0 {
        exchanges.take(fields, &mut builder);
    }
    exchanges.finish(&mut builder);
    Ok(vec![builder.finish()])
}

fn lines(piece: &[u8]) -> impl Iterator<Item = (&[u8], bool)> {
    numbered(piece).map(|(_, line, ended)| (line, ended))
}

/// The lines that are not empty, each with its place, counted from 0, and whether it is finished.
fn numbered(piece: &[u8]) -> impl Iterator<Item = (u64, &[u8], bool)> {
    let mut rest = piece.strip_prefix(b"\xef\xbb\xbf").unwrap_or(piece);
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        Some(match memchr::memchr(b'\n', rest) {
            Some(at) => {
                let line = rest.get(..at).unwrap_or_default();
                rest = rest.get(at + 1..).unwrap_or_default();
                (line, true)
            }
            None => (std::mem::take(&mut rest), false),
        })
    })
    .zip(0u64..)
    .map(|((line, ended), at)| (at, line, ended))
    .filter(|(_, line, _)| !line.trim_ascii().is_empty())
}

fn sound(piece: &[u8]) -> impl Iterator<Item = Map<String, Value>> {
    lines(piece).filter_map(|(line, _)| record(line).ok())
}

/// The records of a piece, and which lines are none.
type Records = (Vec<Map<String, Value>>, Broken);

fn parsed(piece: &[u8], last: bool) -> Records {
    let (mut maps, mut broken) = (Vec::new(), Broken::of(piece));
    for (at, line, ended) in numbered(piece) {
        match record(line) {
            Ok(map) => {
                broken.decoded += u64::from(std::str::from_utf8(line).is_err());
                maps.push(map);
            }
            Err(_) if last && !ended => broken.partial = true,
            Err(error) => broken.add(at, || cause(&error)),
        }
    }
    (maps, broken)
}

fn flat(piece: &[u8], last: bool) -> (Block, Broken) {
    let mut builder = Builder::default();
    let mut paths = Paths::default();
    let mut broken = Broken::of(piece);
    for (at, line, ended) in numbered(piece) {
        let mut put = |line: &[u8]| {
            let mut reader = serde_json::Deserializer::from_slice(line);
            let sink = Sink { builder: &mut builder, paths: &mut paths, node: 0, depth: 0 };
            let outcome = sink.deserialize(&mut reader).and_then(|()| reader.end());
            if outcome.is_ok() {
                builder.end_row()
            } else {
                builder.drop_row()
            }
            outcome
        };
        let is_object = line.trim_ascii_start().starts_with(b"{");
        let outcome = if is_object {
            put(line).or_else(|error| {
                let Some((mended, was_decoded)) = mended(line) else { return Err(error) };
                put(&mended).inspect(|()| broken.decoded += u64::from(was_decoded))
            })
        } else {
            Ok(())
        };
        match outcome {
            Ok(()) if is_object => {}
            _ if last && !ended => broken.partial = true,
            Ok(()) => broken.add(at, || "it is no JSON object".to_owned()),
            Err(error) => broken.add(at, || cause(&error)),
        }
    }
    (builder.finish(), broken)
}

/// Names of nested fields, found without putting them together for each value.
#[derive(Debug)]
struct Paths {
    nodes: Vec<(String, HashMap<String, usize>, Option<usize>)>,
}

impl Default for Paths {
    fn default() -> Self {
        Self { nodes: vec![(String::new(), HashMap::new(), None)] }
    }
}

impl Paths {
    fn child(&mut self, node: usize, key: &str) -> usize {
        if let Some(child) = self.nodes.get(node).and_then(|it| it.1.get(key)) {
            return *child;
        }
        let child = self.nodes.len();
        let Some(parent) = self.nodes.get_mut(node) else { return 0 };
        let name = if parent.0.is_empty() { key.to_owned() } else { format!("{}.{key}", parent.0) };
        parent.1.insert(key.to_owned(), child);
        self.nodes.push((name, HashMap::new(), None));
        child
    }

    fn place(&mut self, node: usize, builder: &mut Builder) -> Option<usize> {
        let known = self.nodes.get_mut(node)?;
        if known.2.is_none() {
            known.2 = builder.place(&known.0);
        }
        known.2
    }
}

struct Sink<'a> {
    builder: &'a mut Builder,
    paths: &'a mut Paths,
    node: usize,
    depth: usize,
}

impl Sink<'_> {
    fn number(self, value: f64) {
        if let Some(place) = self.paths.place(self.node, self.builder) {
            self.builder.number(place, value);
        }
    }

    fn text(self, value: &str) {
        if let Some(place) = self.paths.place(self.node, self.builder) {
            self.builder.text(place, value);
        }
    }
}

impl<'de> DeserializeSeed<'de> for Sink<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Sink<'_> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }
    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        self.text(if value { "true" } else { "false" });
        Ok(())
    }
    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        self.number(value as f64);
        Ok(())
    }
    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        self.number(value as f64);
        Ok(())
    }
    fn visit_f64<E>(self, value: f64) -> Result<(), E> {
        self.number(value);
        Ok(())
    }
    fn visit_str<E>(self, value: &str) -> Result<(), E> {
        match value {
            "NaN" => self.number(f64::NAN),
            "Infinity" => self.number(f64::INFINITY),
            "-Infinity" => self.number(f64::NEG_INFINITY),
            _ => self.text(value),
        }
        Ok(())
    }
    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        // A list of values becomes one column for each place; long lists are pictures or texts, not inputs to look at one by one.
        let mut place = 0usize;
        while place < 64 && self.depth < 8 {
            let node = self.paths.child(self.node, &place.to_string());
            let sink = Sink { builder: &mut *self.builder, paths: &mut *self.paths, node, depth: self.depth + 1 };
            if seq.next_element_seed(sink)?.is_none() {
                return Ok(());
            }
            place += 1;
        }
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<std::borrow::Cow<'de, str>>()? {
            if self.depth >= 8 {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            let node = self.paths.child(self.node, &key);
            map.next_value_seed(Sink {
                builder: &mut *self.builder,
                paths: &mut *self.paths,
                node,
                depth: self.depth + 1,
            })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn blocks(text: &str) -> (Vec<Block>, Outcome) {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let mut found = Vec::new();
        let outcome = read(file.path(), Packing::Plain, &|| false, &mut |block| {
            found.push(block);
            Ok(())
        })
        .unwrap();
        (found, outcome)
    }

    #[test]
    fn broken_lines_cost_themselves_only() {
        let text = "{\"a\":1,\"in\":{\"b\":\"x\"}}\n{\"a\":2,\n{\"a\":3,\"in\":{\"b\":null}}\n{\"a\":4,\"s\":[0.1,0.9]}\n{\"a\":5,\"in\":{\"b\"";
        let (blocks, outcome) = blocks(text);
        let block = &blocks[0];
        assert_eq!(block.rows, 3);
        assert_eq!(block.column("a").unwrap().numbers, [1.0, 3.0, 4.0]);
        assert_eq!(block.column("in.b").unwrap().text(0), Some("x"));
        assert_eq!(block.column("in.b").unwrap().text(1), None);
        assert_eq!(block.column("s.1").unwrap().number(2), Some(0.9));
        assert_eq!((outcome.count(Trouble::BrokenLine), outcome.count(Trouble::PartialLine)), (1, 1));
    }

    #[test]
    fn the_first_line_that_is_no_record_is_named_with_what_is_wrong() {
        let (_, outcome) = blocks("{\"a\":1}\n\n[1]\n{\"a\":2,}\n");
        assert_eq!(outcome.first_broken, Some((3, "it is no JSON object".to_owned())));
        let (_, outcome) = blocks("{\"a\":2,}\n{\"a\":1}\n");
        assert_eq!(outcome.first_broken, Some((1, "trailing comma at its character 8".to_owned())));
    }

    #[test]
    fn python_writes_nan_and_infinities_as_bare_words() {
        let text = "{\"a\": NaN, \"b\": [Infinity, -Infinity], \"c\": \"NaN, \\\"Infinity\"}\n{\"a\": 1}\n";
        let (blocks, outcome) = blocks(text);
        assert_eq!((blocks[0].rows, outcome.count(Trouble::BrokenLine)), (2, 0));
        assert!(blocks[0].column("a").unwrap().number(0).is_none(), "it is no number");
        assert_eq!(blocks[0].column("a").unwrap().number(1), Some(1.0));
        assert_eq!(blocks[0].column("c").unwrap().text(0), Some("NaN, \"Infinity"));
        assert!(looks_like_lines(text.as_bytes()));
        assert!(!looks_like_lines(b"{\"a\": NaNa}\n"));
    }

    #[test]
    fn letters_of_windows_1252_are_decoded_and_told() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(
            file.path(),
            b"{\"id\":1,\"city\":\"K\xf6ln\"}\n{\"id\":2,\"city\":\"K\xc3\xb6ln\",\"x\":NaN}\n",
        )
        .unwrap();
        assert!(looks_like_lines(&std::fs::read(file.path()).unwrap()));
        let mut blocks = Vec::new();
        let outcome = read(file.path(), Packing::Plain, &|| false, &mut |block| {
            blocks.push(block);
            Ok(())
        })
        .unwrap();
        let city = blocks[0].column("city").unwrap();
        assert_eq!((city.text(0), city.text(1)), (Some("Köln"), Some("Köln")));
        assert_eq!((outcome.count(Trouble::OtherEncoding), outcome.count(Trouble::BrokenLine)), (1, 0));
    }

    #[test]
    fn events_are_joined_by_their_identifier() {
        let event = |kind: &str, id: &str, at: &str, data: &str| {
            format!(
                "{{\"specversion\":\"1.0\",\"id\":\"{id}\",\"type\":\"org.kubeflow.serving.inference.{kind}\",\"time\":\"{at}\",\"inferenceservicename\":\"m\",\"data\":{data}}}\n"
            )
        };
        let text = event("request", "a", "2024-01-01T00:00:00Z", r#"{"instances":[{"x":1},{"x":2}]}"#)
            + &event("request", "b", "2024-01-01T00:00:01Z", r#"{"instances":[{"x":3}]}"#)
            + &event("response", "a", "2024-01-01T00:00:00.050Z", r#"{"predictions":[0.5,0.7]}"#);
        let (blocks, outcome) = blocks(&text);
        let block = &blocks[0];
        assert_eq!((block.rows, outcome.format), (3, "cloudevents"));
        assert_eq!(block.column("inputs.x").unwrap().numbers, [1.0, 2.0, 3.0]);
        assert_eq!(block.column("prediction").unwrap().number(1), Some(0.7));
        assert_eq!(block.column("id").unwrap().text(1), Some("a#1"));
        assert_eq!(block.column("latency_ms").unwrap().number(0), Some(50.0));
        assert_eq!(outcome.count(Trouble::MissingHalf), 1, "b was never answered");
    }
}

//! Walks the opcodes of a pickle with a symbolic stack and memo. Nothing is imported and nothing is called.

use std::collections::HashMap;

use super::array;
use super::graph::{Blob, Graph, Id, Node};
use crate::model::Limits;
use crate::model::source::{Fault, Source};
use crate::model::verdict::Findings;

/// What was learned on the way, beside the graph.
#[derive(Debug, Default)]
pub(crate) struct Trail {
    /// What speaks against the file.
    pub(crate) findings: Findings,
    /// Whether raw arrays in the manner of joblib follow objects.
    pub(crate) joblib: bool,
    /// Modules that were named, each once.
    pub(crate) modules: std::collections::BTreeSet<String>,
    /// The highest protocol that was declared.
    pub(crate) protocol: u8,
    /// Arrays that lie in files beside this one.
    pub(crate) companions: Vec<Companion>,
    pub(super) operations: u64,
    pub(super) retained: u64,
}

/// An array that an old version of joblib put into a file of its own.
#[derive(Debug)]
pub(crate) struct Companion {
    /// The object that stands for it.
    pub(crate) wrapper: Id,
    /// The name of the file, in the same folder.
    pub(crate) file: String,
    /// Whether the file is compressed.
    pub(crate) compressed: bool,
    /// Where it is named, in bytes.
    pub(crate) at: u64,
}

/// One pickle being walked.
pub(crate) struct Walk<'w, 's> {
    pub(super) source: &'w mut Source<'s>,
    pub(super) graph: &'w mut Graph,
    pub(super) trail: &'w mut Trail,
    pub(super) limits: &'w Limits,
    /// The name of the member that is read, put before positions.
    pub(super) member: &'w str,
    /// Whether `NumpyArrayWrapper` is followed by array data, as for `joblib.load`.
    pub(super) arrays: bool,
    pub(super) depth: u32,
    pub(super) stack: Vec<Id>,
    pub(super) marks: Vec<usize>,
    pub(super) memo: HashMap<u32, Id>,
    pub(super) places: HashMap<Id, u64>,
}

const TEXT_LINE: usize = 1 << 20;
/// The name under which the pickles of an old PyTorch file are walked.
pub(crate) const LEGACY_TORCH: &str = "pickle";

impl<'w, 's> Walk<'w, 's> {
    /// Prepares a walk from the current position of the source.
    pub(crate) fn new(
        source: &'w mut Source<'s>,
        graph: &'w mut Graph,
        trail: &'w mut Trail,
        limits: &'w Limits,
        member: &'w str,
    ) -> Self {
        Self {
            source,
            graph,
            trail,
            limits,
            member,
            arrays: true,
            depth: 0,
            stack: Vec::new(),
            marks: Vec::new(),
            memo: HashMap::new(),
            places: HashMap::new(),
        }
    }

    /// Reads the raw data after a `NumpyArrayWrapper` as pickle, as `pickle.load` would.
    pub(crate) fn without_arrays(mut self) -> Self {
        self.arrays = false;
        self
    }

    /// Walks to `STOP` and returns what would be returned.
    pub(crate) fn run(mut self) -> Result<Id, Fault> {
        loop {
            self.source.tick()?;
            let at = self.source.position();
            self.trail.operations += 1;
            if self.trail.operations > self.limits.operations {
                return Err(Fault::Limit(at, "operations"));
            }
            let opcode = self.source.byte("a pickle")?;
            if opcode == b'.' {
                let result = self.pop(at)?;
                if !self.stack.is_empty() || !self.marks.is_empty() {
                    self.unverified("values left on the stack at STOP", at);
                }
                return Ok(result);
            }
            self.step(opcode, at)?;
            if self.graph.len() > self.limits.values || self.stack.len() > self.limits.values {
                return Err(Fault::Limit(at, "values"));
            }
            if self.memo.len() > self.limits.memo {
                return Err(Fault::Limit(at, "memo entries"));
            }
        }
    }

    pub(super) fn place(&self, at: u64) -> String {
        if self.member.is_empty() { format!("byte {at}") } else { format!("{} byte {at}", self.member) }
    }

    pub(super) fn unverified(&mut self, what: &str, at: u64) {
        let place = self.place(at);
        self.trail.findings.unverified(what, place);
    }

    pub(super) fn push(&mut self, node: Node) {
        let id = self.graph.add(node);
        self.stack.push(id);
    }

    pub(super) fn pop(&mut self, at: u64) -> Result<Id, Fault> {
        let floor = self.marks.last().copied().unwrap_or(0);
        if self.stack.len() <= floor {
            return Err(Fault::Malformed(at, "takes a value from an empty stack".to_owned()));
        }
        self.stack.pop().ok_or_else(|| Fault::Malformed(at, "takes a value from an empty stack".to_owned()))
    }

    pub(super) fn top(&self, at: u64) -> Result<Id, Fault> {
        self.stack.last().copied().ok_or_else(|| Fault::Malformed(at, "looks at an empty stack".to_owned()))
    }

    fn pop_mark(&mut self, at: u64) -> Result<Vec<Id>, Fault> {
        let mark = self.marks.pop().ok_or_else(|| Fault::Malformed(at, "there is no mark".to_owned()))?;
        if mark > self.stack.len() {
            return Err(Fault::Malformed(at, "there is no mark".to_owned()));
        }
        Ok(self.stack.split_off(mark))
    }

    fn blob(&mut self, length: u64, what: &'static str) -> Result<Blob, Fault> {
        let keep = self.limits.blob_bytes.min(self.limits.retained_bytes.saturating_sub(self.trail.retained));
        let head = self.source.blob(length, keep, what)?;
        self.trail.retained += head.len() as u64;
        Ok(Blob { head: head.into_boxed_slice(), length })
    }

    fn length(&mut self, bytes: usize, at: u64) -> Result<u64, Fault> {
        let mut buffer = [0; 8];
        self.source.read_exact(&mut buffer[..bytes], "a length")?;
        let value = u64::from_le_bytes(buffer);
        if bytes == 4 && value > i32::MAX as u64 && self.trail.protocol < 3 {
            return Err(Fault::Malformed(at, "a negative length".to_owned()));
        }
        Ok(value)
    }

    fn line(&mut self, what: &'static str) -> Result<Vec<u8>, Fault> {
        self.source.line(TEXT_LINE, what)
    }

    fn step(&mut self, opcode: u8, at: u64) -> Result<(), Fault> {
        match opcode {
            0x80 => {
                let protocol = self.source.byte("a protocol")?;
                if protocol > 5 {
                    return Err(Fault::Malformed(at, format!("pickle protocol {protocol} is not known")));
                }
                self.trail.protocol = self.trail.protocol.max(protocol);
            }
            0x95 => {
                self.source.array::<8>("a frame")?;
            }
            b'(' => self.marks.push(self.stack.len()),
            b'0' => {
                // POP takes a mark when that is what lies on top.
                if self.marks.last() == Some(&self.stack.len()) {
                    self.marks.pop();
                } else {
                    self.pop(at)?;
                }
            }
            b'1' => {
                self.pop_mark(at)?;
            }
            b'2' => {
                let top = self.top(at)?;
                self.stack.push(top);
            }
            b'N' => self.push(Node::None),
            0x88 => self.push(Node::Bool(true)),
            0x89 => self.push(Node::Bool(false)),
            b'J' => {
                let value = i32::from_le_bytes(self.source.array("an integer")?);
                self.push(Node::Int(i64::from(value)));
            }
            b'K' => {
                let value = self.source.byte("an integer")?;
                self.push(Node::Int(i64::from(value)));
            }
            b'M' => {
                let value = u16::from_le_bytes(self.source.array("an integer")?);
                self.push(Node::Int(i64::from(value)));
            }
            b'I' | b'L' => self.text_integer(opcode, at)?,
            b'F' => {
                let line = self.line("a number")?;
                let value = std::str::from_utf8(&line).ok().and_then(|text| text.trim().parse().ok());
                let value = value.ok_or_else(|| Fault::Malformed(at, "a number that cannot be read".to_owned()))?;
                self.push(Node::Float(value));
            }
            b'G' => {
                let value = f64::from_be_bytes(self.source.array("a number")?);
                self.push(Node::Float(value));
            }
            0x8a => {
                let length = self.length(1, at)?;
                self.long(length, at)?;
            }
            0x8b => {
                let length = self.length(4, at)?;
                self.long(length, at)?;
            }
            b'S' => {
                let line = self.line("a string")?;
                let text =
                    array::unquote(&line).ok_or_else(|| Fault::Malformed(at, "a string without quotes".to_owned()))?;
                self.push(Node::Str(Blob::whole(text)));
            }
            b'V' => {
                let line = self.line("a string")?;
                self.push(Node::Str(Blob::whole(array::raw_unicode(&line))));
            }
            b'T' | b'X' | b'U' | 0x8c | 0x8d => {
                let width = match opcode {
                    b'T' | b'X' => 4,
                    0x8d => 8,
                    _ => 1,
                };
                let length = self.length(width, at)?;
                let blob = self.blob(length, "a string")?;
                self.push(Node::Str(blob));
            }
            b'B' | b'C' | 0x8e | 0x96 => {
                let width = match opcode {
                    b'B' => 4,
                    b'C' => 1,
                    _ => 8,
                };
                let length = self.length(width, at)?;
                let blob = self.blob(length, "bytes")?;
                self.push(Node::Bytes(blob));
            }
            0x97 => {
                self.unverified("a buffer that is stored outside the file", at);
                self.push(Node::None);
            }
            0x98 => {
                self.top(at)?;
            }
            b')' => self.push(Node::Tuple(Box::new([]))),
            b't' => {
                let items = self.pop_mark(at)?;
                self.push(Node::Tuple(items.into_boxed_slice()));
            }
            0x85..=0x87 => {
                let mut items = Vec::new();
                for _ in 0..=(opcode - 0x85) {
                    items.push(self.pop(at)?);
                }
                items.reverse();
                self.push(Node::Tuple(items.into_boxed_slice()));
            }
            b']' => self.push(Node::List(Vec::new())),
            b'l' => {
                let items = self.pop_mark(at)?;
                self.push(Node::List(items));
            }
            b'}' => self.push(Node::Dict(Vec::new())),
            b'd' => {
                let items = self.pop_mark(at)?;
                let pairs = pairs(&items, at)?;
                self.push(Node::Dict(pairs));
            }
            0x8f => self.push(Node::Set(Vec::new())),
            0x91 => {
                let items = self.pop_mark(at)?;
                self.push(Node::Set(items));
            }
            0x90 | b'e' => {
                let items = self.pop_mark(at)?;
                self.append(&items, at)?;
            }
            b'a' => {
                let item = self.pop(at)?;
                self.append(&[item], at)?;
            }
            b's' => {
                let value = self.pop(at)?;
                let key = self.pop(at)?;
                self.set_items(vec![(key, value)], at)?;
            }
            b'u' => {
                let items = self.pop_mark(at)?;
                let pairs = pairs(&items, at)?;
                self.set_items(pairs, at)?;
            }
            _ => return self.step_rest(opcode, at),
        }
        Ok(())
    }

    fn step_rest(&mut self, opcode: u8, at: u64) -> Result<(), Fault> {
        match opcode {
            b'c' => {
                let module = self.line("an import")?;
                let name = self.line("an import")?;
                self.global(&module, &name, at);
            }
            0x93 => {
                let name = self.pop(at)?;
                let module = self.pop(at)?;
                let (Some(module), Some(name)) = (self.graph.text(module), self.graph.text(name)) else {
                    return Err(Fault::Malformed(at, "imports something that is no text".to_owned()));
                };
                let (module, name) = (module.to_owned(), name.to_owned());
                self.global(module.as_bytes(), name.as_bytes(), at);
            }
            b'R' => {
                let args = self.pop(at)?;
                let callee = self.pop(at)?;
                self.call(callee, args, at);
            }
            0x81 => {
                let args = self.pop(at)?;
                let class = self.pop(at)?;
                self.call_as(class, args, at, false);
            }
            0x92 => {
                self.pop(at)?;
                let args = self.pop(at)?;
                let class = self.pop(at)?;
                self.call_as(class, args, at, false);
            }
            b'i' => {
                let module = self.line("an import")?;
                let name = self.line("an import")?;
                let items = self.pop_mark(at)?;
                self.global(&module, &name, at);
                let callee = self.pop(at)?;
                let args = self.graph.add(Node::Tuple(items.into_boxed_slice()));
                self.call(callee, args, at);
            }
            b'o' => {
                let mut items = self.pop_mark(at)?;
                if items.is_empty() {
                    return Err(Fault::Malformed(at, "makes an object without a class".to_owned()));
                }
                let callee = items.remove(0);
                let args = self.graph.add(Node::Tuple(items.into_boxed_slice()));
                self.call(callee, args, at);
            }
            b'b' => self.build(at)?,
            b'p' | b'q' | b'r' | 0x94 => {
                let key = match opcode {
                    b'p' => self.text_key(at)?,
                    b'q' => u32::from(self.source.byte("a memo key")?),
                    b'r' => u32::from_le_bytes(self.source.array("a memo key")?),
                    _ => self.memo.len() as u32,
                };
                let top = self.top(at)?;
                self.memo.insert(key, top);
            }
            b'g' | b'h' | b'j' => {
                let key = match opcode {
                    b'g' => self.text_key(at)?,
                    b'h' => u32::from(self.source.byte("a memo key")?),
                    _ => u32::from_le_bytes(self.source.array("a memo key")?),
                };
                let id = self.memo.get(&key).copied();
                let id = id.ok_or_else(|| Fault::Malformed(at, format!("memo entry {key} was never made")))?;
                self.stack.push(id);
            }
            b'P' => {
                let line = self.line("a persistent id")?;
                let id = self.graph.add(Node::Str(Blob::whole(line)));
                self.push(Node::Persistent(id));
                self.unverified("refers to something stored outside the file", at);
            }
            b'Q' => {
                let id = self.pop(at)?;
                if self.member == LEGACY_TORCH
                    && let Some(class) = self.class_of_module(id)
                {
                    self.stack.push(class);
                    return Ok(());
                }
                self.push(Node::Persistent(id));
                if self.member.is_empty() {
                    self.unverified("refers to something stored outside the file", at);
                }
            }
            0x82..=0x84 => {
                let width = [1, 2, 4][usize::from(opcode - 0x82)];
                self.length(width, at)?;
                self.unverified("uses the extension registry, which can hold any name", at);
                self.push(Node::None);
            }
            _ => return Err(Fault::Malformed(at, format!("0x{opcode:02x} is no pickle opcode"))),
        }
        Ok(())
    }

    /// The old format of PyTorch wraps a class as `("module", class, file, source)`; what comes back is the class.
    fn class_of_module(&self, id: Id) -> Option<Id> {
        let parts = self.graph.elements(id)?;
        let is_module = self.graph.text(*parts.first()?)? == "module";
        let class = *parts.get(1)?;
        (is_module && matches!(self.graph.get(class), Node::Global(_))).then_some(class)
    }

    fn text_key(&mut self, at: u64) -> Result<u32, Fault> {
        let line = self.line("a memo key")?;
        let key = std::str::from_utf8(&line).ok().and_then(|text| text.trim().parse().ok());
        key.ok_or_else(|| Fault::Malformed(at, "a memo key that is no number".to_owned()))
    }

    fn text_integer(&mut self, opcode: u8, at: u64) -> Result<(), Fault> {
        let line = self.line("an integer")?;
        if opcode == b'I' && (line == b"00" || line == b"01") {
            self.push(Node::Bool(line == b"01"));
            return Ok(());
        }
        let text = std::str::from_utf8(&line).unwrap_or_default().trim().trim_end_matches('L');
        if let Ok(value) = text.parse::<i64>() {
            self.push(Node::Int(value));
        } else if !text.is_empty() && text.trim_start_matches('-').bytes().all(|byte| byte.is_ascii_digit()) {
            self.push(Node::Big(text.into()));
        } else {
            return Err(Fault::Malformed(at, "an integer that cannot be read".to_owned()));
        }
        Ok(())
    }

    fn long(&mut self, length: u64, at: u64) -> Result<(), Fault> {
        let blob = self.blob(length, "an integer")?;
        let bytes = blob.all().ok_or(Fault::Limit(at, "bytes of an integer"))?;
        if bytes.len() <= 8 {
            let negative = bytes.last().is_some_and(|last| last & 0x80 != 0);
            let mut wide = [if negative { 0xff } else { 0 }; 8];
            wide[..bytes.len()].copy_from_slice(bytes);
            self.push(Node::Int(i64::from_le_bytes(wide)));
        } else {
            let hex: String = bytes.iter().rev().take(64).map(|byte| format!("{byte:02x}")).collect();
            self.push(Node::Big(format!("0x{hex}").into()));
        }
        Ok(())
    }

    /// Python calls methods of the object to add to it. Once its attributes are set, those methods may be among them.
    fn check_unset(&mut self, target: Id, at: u64) {
        if matches!(self.graph.get(target), Node::Object(object) if !object.states.is_empty()) {
            self.unverified("adds to an object whose attributes were set before", at);
        }
    }

    fn append(&mut self, items: &[Id], at: u64) -> Result<(), Fault> {
        let target = self.top(at)?;
        self.check_unset(target, at);
        match self.graph.get_mut(target) {
            Some(Node::List(list) | Node::Set(list)) => list.extend_from_slice(items),
            Some(Node::Object(object)) => object.appended.extend_from_slice(items),
            _ => return Err(Fault::Malformed(at, "appends to something that is no list".to_owned())),
        }
        Ok(())
    }

    fn set_items(&mut self, items: Vec<(Id, Id)>, at: u64) -> Result<(), Fault> {
        let target = self.top(at)?;
        self.check_unset(target, at);
        match self.graph.get_mut(target) {
            Some(Node::Dict(entries)) => entries.extend(items),
            Some(Node::Object(object)) => object.items.extend(items),
            _ => return Err(Fault::Malformed(at, "sets items on something that is no dictionary".to_owned())),
        }
        Ok(())
    }
}

fn pairs(items: &[Id], at: u64) -> Result<Vec<(Id, Id)>, Fault> {
    if !items.len().is_multiple_of(2) {
        return Err(Fault::Malformed(at, "a key without a value".to_owned()));
    }
    Ok(items.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect())
}

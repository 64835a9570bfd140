//! Walks the opcodes of a pickle with a symbolic stack and memo. Nothing is imported and nothing is called.

use std::collections::HashMap;

use super::array;
use super::disguise;
use super::graph::{Blob, Global, Graph, Id, Node, Object};
use super::policy::{self, Judgement};
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
    operations: u64,
    retained: u64,
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
    source: &'w mut Source<'s>,
    graph: &'w mut Graph,
    trail: &'w mut Trail,
    limits: &'w Limits,
    /// The name of the member that is read, put before positions.
    member: &'w str,
    /// Whether `NumpyArrayWrapper` is followed by array data, as for `joblib.load`.
    arrays: bool,
    depth: u32,
    stack: Vec<Id>,
    marks: Vec<usize>,
    memo: HashMap<u32, Id>,
    places: HashMap<Id, u64>,
}

const TEXT_LINE: usize = 1 << 20;
/// The name under which the pickles of an old PyTorch file are walked.
pub(crate) const LEGACY_TORCH: &str = "pickle";
/// Companion files of one pickle.
const COMPANIONS: usize = 10_000;

/// Attributes that the unpickler or Python itself looks up on an object and calls.
fn is_reserved(name: &str) -> bool {
    name.starts_with("__")
        && name.ends_with("__")
        && !matches!(name, "__doc__" | "__name__" | "__module__" | "__qualname__")
        || matches!(name, "append" | "extend" | "add")
}

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

    fn place(&self, at: u64) -> String {
        if self.member.is_empty() { format!("byte {at}") } else { format!("{} byte {at}", self.member) }
    }

    fn unverified(&mut self, what: &str, at: u64) {
        let place = self.place(at);
        self.trail.findings.unverified(what, place);
    }

    fn push(&mut self, node: Node) {
        let id = self.graph.add(node);
        self.stack.push(id);
    }

    fn pop(&mut self, at: u64) -> Result<Id, Fault> {
        let floor = self.marks.last().copied().unwrap_or(0);
        if self.stack.len() <= floor {
            return Err(Fault::Malformed(at, "takes a value from an empty stack".to_owned()));
        }
        self.stack.pop().ok_or_else(|| Fault::Malformed(at, "takes a value from an empty stack".to_owned()))
    }

    fn top(&self, at: u64) -> Result<Id, Fault> {
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

    /// The raw elements of an array. All of them are looked through for what `pickle.load` would take for an import.
    fn array_data(&mut self, length: u64, start: u64) -> Result<Blob, Fault> {
        let keep = self.limits.blob_bytes.min(self.limits.retained_bytes.saturating_sub(self.trail.retained));
        let mut search = disguise::Search::default();
        let looked_at = length.min(disguise::LOOKED_AT);
        let head = self.source.each(looked_at, keep, "array data", |block| search.feed(block))?;
        self.source.skip(length - looked_at, "array data")?;
        if looked_at < length {
            self.unverified("an array that is too large to be looked through", start);
        }
        if search.found() {
            self.unverified("array data that reads as an import when loaded with pickle instead of joblib", start);
        }
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

    fn global(&mut self, module: &[u8], name: &[u8], at: u64) {
        let (module, name) = policy::modern(&String::from_utf8_lossy(module), &String::from_utf8_lossy(name));
        if self.trail.modules.len() < 10_000 {
            self.trail.modules.insert(module.clone());
        }
        let global = Global { module: module.into(), name: name.into() };
        let place = self.place(at);
        match policy::judge(&global) {
            Judgement::Dangerous => self.trail.findings.dangerous(global.path(), place),
            Judgement::Unknown => {
                self.trail
                    .findings
                    .unverified(&format!("{} is not on the list of harmless names", global.path()), place);
            }
            Judgement::Constructor | Judgement::Reference => {}
        }
        self.push(Node::Global(Box::new(global)));
        if let Some(id) = self.stack.last() {
            self.places.insert(*id, at);
        }
    }

    /// Records a call and what is known about it.
    fn call(&mut self, callee: Id, args: Id, at: u64) {
        self.call_as(callee, args, at, true);
    }

    /// `initialises` is false for the way of making an object that passes its initialiser by.
    fn call_as(&mut self, callee: Id, args: Id, at: u64, initialises: bool) {
        match self.graph.get(callee) {
            Node::Global(global) => {
                let global = (**global).clone();
                if let Some(class) = self.skeleton(&global, args) {
                    self.push(Node::Global(Box::new(class)));
                    return;
                }
                match policy::judge(&global) {
                    Judgement::Dangerous => {
                        let shown = format!("{}{}", global.path(), array::arguments(self.graph, args));
                        let import = self.places.get(&callee).copied().unwrap_or(at);
                        let place = self.place(import);
                        self.trail.findings.called(&global.path(), shown, place);
                    }
                    Judgement::Reference => self.unverified(&format!("calls {}", global.path()), at),
                    Judgement::Constructor if &*global.name == "_create_array" => {
                        if self.create_array(args) {
                            return;
                        }
                        self.unverified("rebuilds an array in an unknown way", at);
                    }
                    Judgement::Constructor if &*global.name == "_load_type" => return self.load_type(args, at),
                    Judgement::Constructor => {
                        self.check_rebuild(&global, args, at);
                        if initialises && !policy::may_be_called_with(self.graph, &global, args) {
                            self.unverified(
                                &format!("calls {} with arguments that make it do more", global.path()),
                                at,
                            );
                        }
                    }
                    Judgement::Unknown => {}
                }
            }
            Node::Object(_) => self.unverified("calls something that the file itself makes", at),
            _ => self.unverified("calls something that is no name", at),
        }
        let object = Object {
            callee,
            args,
            states: Vec::new(),
            items: Vec::new(),
            appended: Vec::new(),
            data: None,
            nested: None,
        };
        self.push(Node::Object(Box::new(object)));
    }

    /// `dill._dill._create_array(f, args, state, npdict)` calls `f(*args)` and sets the state: the same as numpy's own way
    /// in two steps. Only numpy's own function is taken for harmless.
    fn create_array(&mut self, args: Id) -> bool {
        let Some([callee, inner, state, _]) =
            self.graph.elements(args).and_then(|items| <[Id; 4]>::try_from(items).ok())
        else {
            return false;
        };
        let known = match self.graph.get(callee) {
            Node::Global(global) => global.path().ends_with("multiarray._reconstruct"),
            _ => false,
        };
        if !known {
            return false;
        }
        let object = Object {
            callee,
            args: inner,
            states: vec![state],
            items: Vec::new(),
            appended: Vec::new(),
            data: None,
            nested: None,
        };
        self.push(Node::Object(Box::new(object)));
        true
    }

    /// The name of a class that cloudpickle carries with it: `_make_skeleton_class(meta, name, bases, {"__module__": …}, …)`. What
    /// speaks against the file was noted when the function was imported.
    fn skeleton(&self, global: &Global, args: Id) -> Option<Global> {
        if !global.module.starts_with("cloudpickle")
            || !matches!(&*global.name, "_make_skeleton_class" | "_make_skeleton_enum")
        {
            return None;
        }
        let args = self.graph.elements(args)?;
        let name = self.graph.text(*args.get(1)?)?;
        let module =
            args.get(3).and_then(|state| self.graph.entry(*state, "__module__")).and_then(|id| self.graph.text(id));
        Some(Global { module: module.unwrap_or("__main__").into(), name: name.into() })
    }

    /// dill names built-in types by words of its own; what comes back is the type itself.
    fn load_type(&mut self, args: Id, at: u64) {
        let word = self.graph.elements(args).and_then(|items| self.graph.text(*items.first()?)).unwrap_or_default();
        match policy::dill_type(word) {
            Some(global) => self.global(global.module.as_bytes(), global.name.as_bytes(), at),
            None => {
                let what = format!("dill type {word} is not on the list of harmless names");
                self.unverified(&what, at);
                self.push(Node::None);
            }
        }
    }

    /// `copyreg` calls the classes that it is given, so they must be classes that may be called.
    fn check_rebuild(&mut self, global: &Global, args: Id, at: u64) {
        if &*global.module != "copyreg" {
            return;
        }
        let classes = if &*global.name == "_reconstructor" { 2 } else { 1 };
        let Some(elements) = self.graph.elements(args) else {
            self.unverified("rebuilds something that is no class", at);
            return;
        };
        let fine = elements.len() >= classes
            && elements.iter().take(classes).all(|id| match self.graph.get(*id) {
                Node::Global(class) => policy::judge(class) == Judgement::Constructor,
                _ => false,
            });
        if !fine {
            self.unverified("rebuilds something that is no harmless class", at);
        }
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

    fn build(&mut self, at: u64) -> Result<(), Fault> {
        let state = self.pop(at)?;
        let target = self.top(at)?;
        if self.graph.state_names(state).any(is_reserved) {
            self.unverified("sets an attribute that Python calls by itself", at);
        }
        match self.graph.get_mut(target) {
            Some(Node::Object(object)) => object.states.push(state),
            Some(Node::Global(_)) => self.unverified("sets attributes of a class or function", at),
            _ => return Err(Fault::Malformed(at, "sets the state of something that has none".to_owned())),
        }
        let class = self.graph.class(target).map(Global::path);
        match class.as_deref() {
            Some("joblib.numpy_pickle.NumpyArrayWrapper") if self.arrays => self.read_array(target, at),
            Some(
                "joblib.numpy_pickle.NDArrayWrapper"
                | "joblib.numpy_pickle.ZNDArrayWrapper"
                | "joblib.numpy_pickle_compat.NDArrayWrapper"
                | "joblib.numpy_pickle_compat.ZNDArrayWrapper",
            ) => {
                self.trail.joblib = true;
                let file = self.graph.attribute(target, "filename").and_then(|id| self.graph.text(id));
                let file = file.unwrap_or_default().to_owned();
                let compressed = class.is_some_and(|class| class.ends_with(".ZNDArrayWrapper"));
                if self.trail.companions.len() >= COMPANIONS {
                    return Err(Fault::Limit(at, "companion files"));
                }
                self.trail.companions.push(Companion { wrapper: target, file, compressed, at });
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Reads the array that follows a `NumpyArrayWrapper` in a joblib file: for objects a nested pickle, else an
    /// optional padding with its length before it, and the raw elements.
    fn read_array(&mut self, wrapper: Id, at: u64) -> Result<(), Fault> {
        self.trail.joblib = true;
        let layout = array::Layout::of_wrapper(self.graph, wrapper)
            .ok_or_else(|| Fault::Malformed(at, "an array whose type or shape cannot be read".to_owned()))?;
        if layout.has_objects {
            if self.depth >= self.limits.depth {
                return Err(Fault::Limit(at, "nested pickles"));
            }
            let nested = Walk {
                source: self.source,
                graph: self.graph,
                trail: self.trail,
                limits: self.limits,
                member: self.member,
                arrays: false,
                depth: self.depth + 1,
                stack: Vec::new(),
                marks: Vec::new(),
                memo: HashMap::new(),
                places: HashMap::new(),
            };
            let value = nested.run()?;
            if let Some(Node::Object(object)) = self.graph.get_mut(wrapper) {
                object.nested = Some(value);
            }
            return Ok(());
        }
        if layout.padded {
            let padding = self.source.byte("padding")?;
            let padding = self.source.blob(u64::from(padding), u64::from(padding), "padding")?;
            if padding.iter().any(|byte| *byte != 0xff) {
                self.unverified("padding before an array that joblib does not write", at);
            }
        }
        let bytes = layout.bytes().ok_or_else(|| Fault::Malformed(at, "an array of impossible size".to_owned()))?;
        let start = self.source.position();
        let data = self.array_data(bytes, start)?;
        if let Some(Node::Object(object)) = self.graph.get_mut(wrapper) {
            object.data = Some(data);
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

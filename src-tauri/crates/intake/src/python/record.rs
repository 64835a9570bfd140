//! Notes what the source does with files.

use std::rc::Rc;

use super::eval::{Analysis, ROOT};
use super::facts::PathUse;
use super::frame::{Frame, NOWHERE};
use super::io::{Access, Gives, Operation};
use super::names;
use super::pattern;
use super::values::{HOLE, Val, add, folder, keyword, path_texts};

/// The keyword arguments in which a reading call names the columns that it keeps.
const KEEPS: [&str; 4] = ["usecols", "columns", "names", "fieldnames"];
/// Those in which it names columns among others.
const NAMES: [&str; 4] = ["parse_dates", "index_col", "dtype", "converters"];
/// How many flows into one file are kept.
const FLOWS: usize = 10_000;
/// How many files a source may read or write.
const USES: usize = 5_000;

impl<'a> Analysis<'a> {
    /// Where a path that the source uses lies in the project.
    pub(super) fn placed(&self, path: &str) -> String {
        let path = path.strip_prefix("file://").unwrap_or(path);
        match path.strip_prefix(ROOT) {
            Some(rest) => pattern::normal(rest.trim_start_matches('/')),
            None if pattern::is_absolute(path) => pattern::normal(path),
            None => match &self.folder {
                Some(folder) => pattern::normal(&pattern::join(folder, path)),
                None if self.notebook || path.starts_with("..") => {
                    pattern::normal(&pattern::join(&folder(&self.path), path))
                }
                None => pattern::normal(path),
            },
        }
    }

    /// Notes a use of a file. Returns its place among the reads or writes.
    pub(super) fn record(&mut self, access: Access, path: &str, call: &str, line: u32) -> Option<usize> {
        self.record_part(access, path, call, None, line)
    }

    pub(super) fn record_part(
        &mut self,
        access: Access,
        path: &str,
        call: &str,
        part: Option<&str>,
        line: u32,
    ) -> Option<usize> {
        let placed = self.placed(path);
        let placed = pattern::squeeze_to_star(&placed.replace(HOLE, "*"));
        if !pattern::says_something(&placed) {
            return None;
        }
        let place = (self.file != self.path).then(|| (self.file.to_string(), line));
        let line = self.line.unwrap_or(line);
        let mut confidence = if placed.contains('*') { 0.6 } else { 0.9 };
        let when_run = self.aside == 0;
        if !when_run {
            confidence *= 0.6;
        }
        let uses = if access == Access::Write { &mut self.facts.writes } else { &mut self.facts.reads };
        let same = |other: &PathUse| {
            other.pattern == placed && other.line == line && other.call == call && other.part.as_deref() == part
        };
        if let Some(at) = uses.iter().position(same) {
            uses[at].when_run |= when_run;
            uses[at].confidence = uses[at].confidence.max(confidence);
            return Some(at);
        }
        if uses.len() >= USES {
            return None;
        }
        let (call, part) = (call.to_owned(), part.map(str::to_owned));
        uses.push(PathUse { pattern: placed, line, call, part, when_run, place, confidence, ..PathUse::default() });
        Some(uses.len() - 1)
    }

    /// Carries out what is known about a call that reads or writes. `any` also takes text that has no sign of a path.
    /// `what` is written, if it writes.
    #[allow(clippy::too_many_arguments, reason = "the call, as its parts were found, and how it is to be taken")]
    pub(super) fn operate(
        &mut self,
        operation: Operation,
        name: &str,
        args: &[Val<'a>],
        keywords: &[(String, Val<'a>)],
        line: u32,
        any: bool,
        what: Option<&Val<'a>>,
    ) -> Val<'a> {
        let named = operation.names.iter().find_map(|name| keyword(keywords, name));
        let placed = args.get(operation.position).filter(|value| !path_texts(value).is_empty());
        let Some(path) = placed.or(named) else { return self.result_of(operation, &[], keywords, None, name) };
        let part =
            ["sheet_name", "key", "table_name"].iter().find_map(|key| keyword(keywords, key)?.as_text().cloned());
        let mut found = Vec::new();
        if let Val::Handle(_, read, write) = path {
            found.extend(if operation.access == Access::Write { *write } else { *read });
        } else {
            for path in path_texts(path) {
                if !any && !path.contains(['/', '.', '\\']) && !path.starts_with(ROOT) {
                    continue;
                }
                let path: Rc<str> = match operation.suffix {
                    Some(suffix) if !path.ends_with(suffix) => format!("{path}{suffix}").into(),
                    _ => path,
                };
                match operation.access {
                    Access::Copy => {
                        let to =
                            args.get(1).or_else(|| keyword(keywords, "dst")).or_else(|| keyword(keywords, "target"));
                        let read = self.record(Access::Read, &path, name, line);
                        for to in to.map(path_texts).unwrap_or_default() {
                            let write = self.record(Access::Write, &to, name, line);
                            if let (Some(read), Some(write)) = (read, write) {
                                self.wrote_frame(write, &Frame::of_read(read));
                            }
                        }
                    }
                    access => found.extend(self.record_part(access, &path, name, part.as_deref(), line)),
                }
            }
        }
        if operation.access == Access::Write {
            if let Some(what) = what {
                for write in &found {
                    self.wrote(*write, what);
                }
            }
            return match operation.gives {
                Gives::Handle => {
                    let text = path_texts(path).first().cloned().unwrap_or_else(|| "".into());
                    Val::Handle(text, None, found.first().copied())
                }
                _ => Val::Unknown,
            };
        }
        self.result_of(operation, &found, keywords, path_texts(path).first().cloned(), name)
    }

    fn result_of(
        &mut self,
        operation: Operation,
        reads: &[usize],
        keywords: &[(String, Val<'a>)],
        path: Option<Rc<str>>,
        name: &str,
    ) -> Val<'a> {
        let kept: Vec<Rc<str>> = KEEPS
            .iter()
            .find_map(|key| {
                let value = keyword(keywords, key).filter(|value| matches!(value, Val::List(_) | Val::Labels(_)))?;
                Some(names::columns(value)).filter(|names| !names.is_empty())
            })
            .unwrap_or_default();
        let mut mentioned: Vec<Rc<str>> =
            NAMES.iter().filter_map(|key| keyword(keywords, key)).flat_map(names::columns).collect();
        mentioned.extend(kept.iter().cloned());
        for column in &mentioned {
            add(&mut self.facts.columns_used, column);
            for read in reads {
                add(&mut self.facts.reads[*read].columns, column);
            }
        }
        // Many arrays under names that are no columns.
        let archive = matches!(name, "numpy.load" | "scipy.io.loadmat")
            && path.as_deref().is_some_and(|path| path.ends_with(".npz") || path.ends_with(".mat"));
        match operation.gives {
            Gives::Table if archive => Val::Handle(path.unwrap_or_else(|| "".into()), reads.first().copied(), None),
            Gives::Table => {
                let mut whole: Option<Frame> = None;
                for read in if reads.is_empty() { &[NOWHERE] } else { reads } {
                    let known = self.facts.reads.get(*read).and_then(|read| self.context.columns(&read.pattern));
                    let mut frame = match (kept.is_empty(), known) {
                        (false, _) => Frame::of_columns(*read, &kept),
                        (true, Some(columns)) => Frame::of_columns(
                            *read,
                            &columns.iter().map(|name| name.as_str().into()).collect::<Vec<_>>(),
                        ),
                        (true, None) => Frame::of_read(*read),
                    };
                    if let Some(Val::Text(index)) = keyword(keywords, "index_col")
                        && let Some(sources) = frame.get(index)
                    {
                        frame.set(index, sources);
                        frame.index = vec![index.clone()];
                    }
                    whole = Some(whole.map_or_else(|| frame.clone(), |whole| whole.stacked(&frame)));
                }
                let frame = whole.unwrap_or_default();
                // All sheets of a workbook, by name.
                self.table(frame)
            }
            Gives::Model => self.loaded_model(reads.first().copied()),
            Gives::Handle => Val::Handle(path.unwrap_or_else(|| "".into()), reads.first().copied(), None),
            Gives::Store => Val::Handle(format!("{name}|{}", path.unwrap_or_default()).into(), None, None),
            Gives::Nothing => Val::Unknown,
        }
    }

    /// `open(path, mode)`.
    pub(super) fn open(&mut self, path: Option<&Val<'a>>, mode: Option<&Val<'a>>, call: &str, line: u32) -> Val<'a> {
        let Some(path) = path else { return Val::Unknown };
        let paths = path_texts(path);
        let Some(first) = paths.first().cloned() else { return Val::Unknown };
        if let Val::Handle(..) = path {
            return path.clone();
        }
        let modes = mode.map(path_texts).unwrap_or_default();
        let mode = modes.first().map_or("r", |mode| mode);
        let access = if mode.starts_with(['w', 'a', 'x']) { Access::Write } else { Access::Read };
        let noted: Vec<usize> = paths.iter().filter_map(|path| self.record(access, path, call, line)).collect();
        if mode.starts_with("r+") {
            self.record(Access::Write, &first, call, line);
        }
        match access {
            Access::Write => Val::Handle(first, None, noted.first().copied()),
            _ => Val::Handle(first, noted.first().copied(), None),
        }
    }

    /// What a write is made of: the columns of a table, or a model.
    pub(super) fn wrote(&mut self, write: usize, what: &Val<'a>) {
        match what {
            Val::Table(at) => {
                let frame = self.tables[*at].clone();
                self.wrote_frame(write, &frame);
            }
            Val::Series(series) => self.wrote_frame(write, &series.to_frame(None)),
            Val::Model(model) => self.saved(*model, write),
            Val::List(items) => {
                let items = items.borrow().clone();
                items.iter().take(64).for_each(|item| self.wrote_inner(write, item, 3));
            }
            Val::Map(entries) => {
                let entries = entries.borrow().clone();
                entries.iter().take(64).for_each(|(_, item)| self.wrote_inner(write, item, 3));
            }
            Val::Object(object, false) => {
                let mut inner: Vec<_> = self.things[*object].names.iter().collect();
                inner.sort_by_key(|(a, _)| *a);
                let models: Vec<Val<'a>> = inner
                    .into_iter()
                    .map(|(_, value)| value.clone())
                    .filter(|value| matches!(value, Val::Model(_)))
                    .collect();
                models.iter().for_each(|model| self.wrote(write, model));
            }
            _ => {}
        }
    }

    fn wrote_inner(&mut self, write: usize, what: &Val<'a>, depth: usize) {
        if depth > 0 && matches!(what, Val::Model(_) | Val::Map(_) | Val::List(_) | Val::Object(..)) {
            self.wrote(write, what);
        }
    }

    pub(super) fn wrote_frame(&mut self, write: usize, frame: &Frame) {
        let Some(write) = self.facts.writes.get_mut(write) else { return };
        for (name, _) in frame.columns.iter().take(4_000) {
            add(&mut write.columns, name);
        }
        let before = write.flows.len();
        for flow in frame.flows() {
            if write.flows.len() < FLOWS && !write.flows[..before].contains(&flow) {
                write.flows.push(flow);
            }
        }
    }
}

//! Methods of paths, open files, parsers and of values that are not known.

use std::rc::Rc;

use super::eval::Analysis;
use super::frame::{Frame, Labels};
use super::io::{self, Access};
use super::names;
use super::pattern;
use super::tree::Expr;
use super::values::{HOLE, Val, dotted, keyword, path_text, path_texts, split_name};

impl<'a> Analysis<'a> {
    pub(super) fn path_method(
        &mut self,
        path: &str,
        method: &str,
        args: &[Val<'a>],
        keywords: &[(String, Val<'a>)],
        line: u32,
    ) -> Val<'a> {
        let first = args.first().and_then(path_text);
        let or_hole = |text: Option<String>| text.unwrap_or_else(|| HOLE.to_string());
        match method {
            "as_posix" | "__str__" | "__fspath__" => Val::text(path),
            "as_uri" => Val::text(path),
            "resolve" | "absolute" | "expanduser" | "relative_to" | "copy" => Val::path(path),
            "joinpath" => {
                let mut joined = path.to_owned();
                for arg in args {
                    joined = pattern::join(&joined, &or_hole(path_text(arg)));
                }
                Val::path(&joined)
            }
            "with_suffix" => {
                let (_, suffix) = split_name(path);
                let stem = path.strip_suffix(&suffix).unwrap_or(path);
                Val::path(&format!("{stem}{}", or_hole(first)))
            }
            "with_name" => Val::path(&pattern::join(&pattern::parent(path), &or_hole(first))),
            "with_stem" => {
                let (_, suffix) = split_name(path);
                Val::path(&pattern::join(&pattern::parent(path), &format!("{}{suffix}", or_hole(first))))
            }
            "glob" | "rglob" => {
                let inner = or_hole(first);
                let inner = if method == "rglob" { format!("*/{inner}") } else { inner.replace("**/", "*/") };
                Val::list(vec![Val::path(&pattern::join(path, &inner))])
            }
            "iterdir" => Val::list(vec![Val::path(&pattern::join(path, &HOLE.to_string()))]),
            "open" => self.open(
                Some(&Val::path(path)),
                args.first().or_else(|| keyword(keywords, "mode")),
                "pathlib.Path.open",
                line,
            ),
            "read_text" | "read_bytes" => {
                let read = self.record(Access::Read, path, &format!("pathlib.Path.{method}"), line);
                Val::Handle(path.into(), read, None)
            }
            "write_text" | "write_bytes" => {
                let write = self.record(Access::Write, path, &format!("pathlib.Path.{method}"), line);
                if let (Some(write), Some(what)) = (write, args.first()) {
                    self.wrote(write, what);
                }
                Val::Unknown
            }
            "rename" | "replace" | "move" | "copy_into" => {
                if let Some(to) = first {
                    let call = format!("pathlib.Path.{method}");
                    let read = self.record(Access::Read, path, &call, line);
                    let write = self.record(Access::Write, &to, &call, line);
                    if let (Some(read), Some(write)) = (read, write) {
                        self.wrote_frame(write, &Frame::of_read(read));
                    }
                    return Val::path(&to);
                }
                Val::Unknown
            }
            // `Path.joinpath(...)` on a text, and what a text can do as well.
            "endswith" | "startswith" | "split" | "format" => super::values::text_method(path, method, args, keywords),
            _ => Val::Unknown,
        }
    }

    /// A method of something that is no text, path, module or object of the project.
    pub(super) fn method(
        &mut self,
        base: Option<&'a Expr>,
        method: &str,
        receiver: &Val<'a>,
        args: &[Val<'a>],
        keywords: &[(String, Val<'a>)],
        line: u32,
    ) -> Val<'a> {
        match (method, receiver) {
            ("add_argument" | "add_option", _) => {
                self.add_argument(args, keywords);
                return Val::Unknown;
            }
            ("parse_args", _) => return Val::Arguments,
            ("parse_known_args", _) => return Val::list(vec![Val::Arguments, Val::Unknown]),
            ("add_parser" | "add_subparsers" | "add_argument_group", _) => return Val::Unknown,
            ("set_defaults", _) => {
                self.set_defaults(keywords);
                return Val::Unknown;
            }
            ("get", Val::Arguments) => {
                let found = args.first().and_then(Val::as_text).and_then(|key| self.arguments.get(&**key)).cloned();
                return found.or_else(|| args.get(1).cloned()).unwrap_or_default();
            }
            (name, Val::Arguments) if self.arguments.contains_key(name) => {
                let callee = self.arguments[name].clone();
                return self.invoke(&callee, args, keywords, line);
            }
            ("items" | "values", Val::Arguments) => return Val::Unknown,
            (_, Val::Connection(at)) => return self.connection_method(*at, method, args, keywords, line),
            ("execute" | "sql" | "query" | "executemany" | "executescript", Val::Unknown)
                if args.first().is_some_and(is_query) =>
            {
                let text = args.first().and_then(path_text).unwrap_or_default();
                return self.query(&text, None, method, line);
            }
            (_, Val::Spark(at, way)) => return self.spark_method(*at, &way.clone(), method, args, keywords, line),
            (_, Val::Model(model)) => return self.model_method(*model, method, args, keywords, line),
            (_, Val::Table(at)) => {
                if let Some(value) = self.writing_method(receiver, method, args, keywords, line) {
                    return value;
                }
                return self.table_method(*at, method, args, keywords, line);
            }
            (_, Val::Series(series)) => {
                if let Some(value) = self.writing_method(receiver, method, args, keywords, line) {
                    return value;
                }
                let series = series.clone();
                return self.series_method(&series, method, args, keywords, line);
            }
            (_, Val::Groups(groups)) => {
                let groups = groups.clone();
                return self.group_method(&groups, method, args, keywords, line);
            }
            (_, Val::Labels(labels)) => return labels_method(labels, method, args),
            (_, Val::Handle(path, read, write)) => {
                return self.handle_method(&path.clone(), *read, *write, method, args, keywords, line);
            }
            _ => {}
        }
        if let Some(value) = self.writing_method(receiver, method, args, keywords, line) {
            return value;
        }
        if matches!(method, "fit" | "fit_transform" | "partial_fit" | "fit_resample" | "train") {
            return self.unknown_fit(method, args, keywords, line);
        }
        // A plot names columns of the table that it is given.
        self.mentioned_columns(args, keywords);
        let spelled = base.and_then(dotted).unwrap_or_default();
        let name = if spelled.is_empty() { method.to_owned() } else { format!("{spelled}.{method}") };
        match self.callbacks(&name, args, keywords, line) {
            Val::Unknown
                if matches!(method, "transform" | "predict" | "predict_proba" | "inverse_transform" | "apply") =>
            {
                let values: Vec<&Val<'a>> = args.iter().collect();
                self.mixed(&values)
            }
            value => value,
        }
    }

    /// Methods that read or write a file, whatever they are called on.
    pub(super) fn writing_method(
        &mut self,
        receiver: &Val<'a>,
        method: &str,
        args: &[Val<'a>],
        keywords: &[(String, Val<'a>)],
        line: u32,
    ) -> Option<Val<'a>> {
        if method == "to_sql" {
            let connection = args.get(1).or_else(|| keyword(keywords, "con")).cloned();
            let table = args.first().or_else(|| keyword(keywords, "name")).and_then(path_text);
            if let Some(write) = self.write_database(connection.as_ref(), table.as_deref(), method, line) {
                self.wrote(write, receiver);
            }
            return Some(Val::Unknown);
        }
        let (operation, certain) = io::method(method)?;
        // Without a path the text is returned.
        let named = operation.names.iter().any(|name| keyword(keywords, name).is_some());
        if args.is_empty() && !named {
            return None;
        }
        if method == "to_file"
            && matches!(receiver, Val::Unknown)
            && args.first().is_some_and(|arg| path_texts(arg).is_empty())
        {
            return None;
        }
        // Of a table, only these columns.
        let chosen = match (receiver, keyword(keywords, "columns")) {
            (Val::Table(at), Some(columns @ (Val::List(_) | Val::Labels(_)))) if method.starts_with("to_") => {
                let (at, columns) = (*at, columns.clone());
                Some(self.select(at, &columns))
            }
            _ => None,
        };
        let what = chosen.as_ref().unwrap_or(receiver);
        Some(self.operate(operation, method, args, keywords, line, certain, Some(what)))
    }

    #[allow(clippy::too_many_arguments, reason = "a handle has its path and two uses besides what every call has")]
    fn handle_method(
        &mut self,
        path: &Rc<str>,
        read: Option<usize>,
        write: Option<usize>,
        method: &str,
        args: &[Val<'a>],
        keywords: &[(String, Val<'a>)],
        line: u32,
    ) -> Val<'a> {
        match method {
            "read" | "readlines" | "readline" | "decode" | "splitlines" | "text" => {
                Val::Handle(path.clone(), read, write)
            }
            "extractall" | "extract" => {
                if let Some(to) = args.first().or_else(|| keyword(keywords, "path")).and_then(path_text) {
                    self.record(Access::Write, &to, method, line);
                }
                Val::Unknown
            }
            "open" => Val::Handle(path.clone(), read, write),
            "put" | "append" | "to_hdf" if path.starts_with("pandas.HDFStore|") => {
                let handle = Val::Handle(path.clone(), read, write);
                if let [key, value, ..] = args {
                    self.write_part(&handle, key, value);
                }
                Val::Unknown
            }
            "get" | "select" if path.starts_with("pandas.HDFStore|") => {
                let key = args.first().cloned().unwrap_or_default();
                self.keyed_part(&Val::Handle(path.clone(), read, write), &key)
            }
            "create_dataset" => {
                if let (Some(write), Some(data)) = (write, args.get(1).or_else(|| keyword(keywords, "data"))) {
                    self.wrote(write, data);
                }
                Val::Unknown
            }
            "json" | "parse" => Val::Unknown,
            _ => Val::Unknown,
        }
    }

    /// `store["key"]`: a part of a file of many tables that is read.
    pub(super) fn keyed_part(&mut self, container: &Val<'a>, key: &Val<'a>) -> Val<'a> {
        match container {
            Val::Handle(path, read, None) => match path.split_once('|') {
                Some((call, path)) => {
                    let (call, path) = (call.to_owned(), path.to_owned());
                    let part = key.as_text().map(ToString::to_string);
                    match self.record_part(Access::Read, &path, &call, part.as_deref(), self.line.unwrap_or(1)) {
                        Some(read) => self.table(Frame::of_read(read)),
                        None => Val::Unknown,
                    }
                }
                None => match read {
                    Some(read) => self.table(Frame::of_read(*read)),
                    None => Val::Unknown,
                },
            },
            _ => Val::Unknown,
        }
    }

    /// `store["key"] = table`.
    pub(super) fn write_part(&mut self, container: &Val<'a>, key: &Val<'a>, value: &Val<'a>) {
        if let Val::Handle(path, _, write) = container {
            let write = match path.split_once('|') {
                Some((call, path)) => {
                    let (call, path) = (call.to_owned(), path.to_owned());
                    let part = key.as_text().map(ToString::to_string);
                    self.record_part(Access::Write, &path, &call, part.as_deref(), self.line.unwrap_or(1))
                }
                None => *write,
            };
            if let Some(write) = write {
                self.wrote(write, value);
            }
        }
    }
}

fn is_query(value: &Val<'_>) -> bool {
    path_text(value).is_some_and(|text| {
        let start = text.trim_start().to_lowercase();
        ["select", "with", "insert", "create", "copy", "update", "delete", "from", "replace", "merge"]
            .iter()
            .any(|word| start.starts_with(word))
    })
}

fn labels_method<'a>(labels: &Rc<Labels>, method: &str, args: &[Val<'a>]) -> Val<'a> {
    match method {
        "tolist" | "to_list" | "copy" | "values" | "sort_values" | "to_numpy" | "unique" => Val::Labels(labels.clone()),
        "difference" | "drop" | "remove" | "discard" => {
            let mut frame = labels.frame.clone();
            for arg in args {
                frame.drop_columns(&names::columns(arg));
            }
            Val::Labels(Rc::new(Labels { frame, some: labels.some }))
        }
        "union" | "append" | "insert" | "extend" => Val::Labels(labels.clone()),
        "intersection" => args.first().cloned().unwrap_or_default(),
        // Names that are worked out from the names: in lower case and the like.
        _ => Val::Labels(Rc::new(Labels { frame: labels.frame.clone(), some: true })),
    }
}

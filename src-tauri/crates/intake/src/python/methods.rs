//! Methods of paths, tables, parsers and containers.

use super::columns;
use super::eval::{Analysis, Val};
use super::io::{self, Access};
use super::pattern;
use super::syntax::Expr;
use super::values::{add, destination, dotted, from_json, keyword, light, path_text, split_name, value_like};

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
        match method {
            "resolve" | "absolute" | "expanduser" | "as_posix" | "__str__" if method == "as_posix" => {
                Val::Text(path.to_owned())
            }
            "resolve" | "absolute" | "expanduser" | "relative_to" => Val::Path(path.to_owned()),
            "joinpath" => {
                let mut joined = path.to_owned();
                for arg in args {
                    joined = pattern::join(&joined, &path_text(arg).unwrap_or_else(|| "*".to_owned()));
                }
                Val::Path(joined)
            }
            "with_suffix" => {
                let (_, suffix) = split_name(path);
                let stem = path.strip_suffix(&suffix).unwrap_or(path);
                Val::Path(format!("{stem}{}", first.unwrap_or_else(|| "*".to_owned())))
            }
            "with_name" => Val::Path(pattern::join(&pattern::parent(path), &first.unwrap_or_else(|| "*".to_owned()))),
            "with_stem" => {
                let (_, suffix) = split_name(path);
                Val::Path(pattern::join(
                    &pattern::parent(path),
                    &format!("{}{suffix}", first.unwrap_or_else(|| "*".to_owned())),
                ))
            }
            "glob" | "rglob" => {
                let inner = first.unwrap_or_else(|| "*".to_owned());
                let inner = if method == "rglob" {
                    format!("*{}", inner.trim_start_matches('*'))
                } else {
                    inner.replace("**/", "*")
                };
                Val::List(vec![Val::Path(pattern::join(path, &inner))])
            }
            "iterdir" => Val::List(vec![Val::Path(pattern::join(path, "*"))]),
            "open" => self.open(
                Some(&Val::Path(path.to_owned())),
                args.first().or_else(|| keyword(keywords, "mode")),
                "pathlib.Path.open",
                line,
            ),
            "read_text" | "read_bytes" => {
                self.record(Access::Read, path, &format!("pathlib.Path.{method}"), Vec::new(), line);
                Val::Handle(path.to_owned())
            }
            "write_text" | "write_bytes" => {
                self.record(Access::Write, path, &format!("pathlib.Path.{method}"), Vec::new(), line);
                Val::Unknown
            }
            "rename" | "replace" => {
                if let Some(to) = first {
                    self.record(Access::Read, path, &format!("pathlib.Path.{method}"), Vec::new(), line);
                    self.record(Access::Write, &to, &format!("pathlib.Path.{method}"), Vec::new(), line);
                }
                Val::Unknown
            }
            _ => Val::Unknown,
        }
    }

    /// A method of something that is no text, path or module: tables above all.
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
            ("parse_args" | "parse_known_args", _) => {
                return if method == "parse_args" {
                    Val::Arguments
                } else {
                    Val::List(vec![Val::Arguments, Val::Unknown])
                };
            }
            ("set_defaults", _) => {
                self.arguments.extend(keywords.iter().cloned());
                return Val::Unknown;
            }
            ("get", Val::Map(_) | Val::Document(_) | Val::Arguments) => {
                let found = match (receiver, args.first()) {
                    (Val::Map(entries), Some(Val::Text(key))) => {
                        entries.iter().find(|(name, _)| name == key).map(|(_, value)| value.clone())
                    }
                    (Val::Document(document), Some(Val::Text(key))) => document.get(key).map(from_json),
                    (Val::Arguments, Some(Val::Text(key))) => self.arguments.get(key).cloned(),
                    _ => None,
                };
                return found.or_else(|| args.get(1).cloned()).unwrap_or(Val::Unknown);
            }
            ("items", Val::Map(entries)) => {
                return Val::List(
                    entries.iter().map(|(key, value)| Val::List(vec![Val::Text(key.clone()), value.clone()])).collect(),
                );
            }
            ("values", Val::Map(entries)) => {
                return Val::List(entries.iter().map(|(_, value)| value.clone()).collect());
            }
            ("keys", Val::Map(entries)) => {
                return Val::List(entries.iter().map(|(key, _)| Val::Text(key.clone())).collect());
            }
            ("append" | "extend", Val::List(items)) => {
                if let Some(Expr::Name(name)) = base
                    && items.len() < 1_000
                {
                    let mut items = items.clone();
                    match (method, args.first()) {
                        ("extend", Some(Val::List(more))) => items.extend(more.iter().cloned()),
                        (_, Some(item)) => items.push(item.clone()),
                        _ => {}
                    }
                    self.set(name, light(Val::List(items)));
                }
                return Val::Unknown;
            }
            ("execute" | "sql" | "query", Val::Unknown) => {
                if let Some(Val::Text(query)) = args.first() {
                    self.query(query, method, line);
                }
                return Val::Table(None);
            }
            ("write" | "read" | "readlines" | "readline", Val::Handle(_)) => return Val::Unknown,
            _ => {}
        }
        if matches!(method, "fit" | "fit_transform" | "partial_fit" | "fit_resample")
            && let Some(target) = args.get(1).or_else(|| keyword(keywords, "y"))
        {
            self.note_target(target);
        }
        let spelled = base.and_then(dotted).unwrap_or_default();
        if let Some(operation) = io::spark(&spelled, method) {
            return self.operate(operation, &format!("{spelled}.{method}"), args, keywords, line, true);
        }
        if let Some(operation) = io::method(method) {
            let certain = !matches!(method, "save" | "load_model" | "load_weights");
            let columns = match receiver {
                Val::Columns(names, _) => names.clone(),
                _ => keyword(keywords, "columns").map(columns::names).unwrap_or_default(),
            };
            let before = self.facts.writes.len();
            self.operate(operation, method, args, keywords, line, certain);
            for write in self.facts.writes.iter_mut().skip(before) {
                write.columns.clone_from(&columns);
            }
            return Val::Unknown;
        }
        let origin = match receiver {
            Val::Table(origin) | Val::Columns(_, origin) => *origin,
            _ => return Val::Unknown,
        };
        self.table_method(method, receiver, origin, args, keywords)
    }

    pub(super) fn table_method(
        &mut self,
        method: &str,
        receiver: &Val<'a>,
        origin: Option<usize>,
        args: &[Val<'a>],
        keywords: &[(String, Val<'a>)],
    ) -> Val<'a> {
        match method {
            "drop" => {
                let by_axis = matches!(args.get(1).or_else(|| keyword(keywords, "axis")), Some(Val::Number(1)))
                    || matches!(args.get(1).or_else(|| keyword(keywords, "axis")), Some(Val::Text(axis)) if axis == "columns");
                let mut names = keyword(keywords, "columns").map(columns::names).unwrap_or_default();
                if by_axis {
                    names.extend(
                        args.first().or_else(|| keyword(keywords, "labels")).map(columns::names).unwrap_or_default(),
                    );
                } else if keyword(keywords, "axis").is_none() && keyword(keywords, "index").is_none() {
                    // polars drops columns by position; a text that stands for a row is rare in pandas.
                    names.extend(args.iter().flat_map(columns::names));
                }
                if self.silent == 0 {
                    for name in &names {
                        add(&mut self.facts.columns_dropped, name);
                    }
                }
                return Val::Table(origin);
            }
            "rename" => {
                let map = keyword(keywords, "columns").or_else(|| keyword(keywords, "mapping")).or(args.first());
                if let Some(Val::Map(entries)) = map {
                    for (old, new) in entries {
                        if let Val::Text(new) = new
                            && self.silent == 0
                            && self.facts.renames.len() < 10_000
                        {
                            self.facts.renames.insert(old.clone(), new.clone());
                        }
                    }
                }
                return value_like(receiver, origin);
            }
            "pop" => {
                let names = args.first().map(columns::names).unwrap_or_default();
                self.use_columns(&names, origin);
                if self.silent == 0 {
                    for name in &names {
                        add(&mut self.facts.columns_dropped, name);
                    }
                }
                return Val::Columns(names, origin);
            }
            "assign" | "with_columns" | "with_column" => {
                let names: Vec<String> =
                    keywords.iter().map(|(name, _)| name.clone()).filter(|name| !name.is_empty()).collect();
                self.create(&names);
                return Val::Table(origin);
            }
            "withColumn" | "insert" | "with_row_index" => {
                let at = usize::from(method == "insert");
                let names = args.get(at).map(columns::names).unwrap_or_default();
                self.create(&names);
                return Val::Table(origin);
            }
            "withColumnRenamed" => {
                if let (Some(Val::Text(old)), Some(Val::Text(new))) = (args.first(), args.get(1))
                    && self.silent == 0
                {
                    self.facts.renames.insert(old.clone(), new.clone());
                }
                return Val::Table(origin);
            }
            "alias" => {
                let names = args.first().map(columns::names).unwrap_or_default();
                self.create(&names);
                return Val::Columns(names, origin);
            }
            _ => {}
        }
        if let Some((positions, named)) = columns::used_by(method)
            // On columns these take values and functions, not names.
            && matches!(receiver, Val::Table(_))
        {
            let by_name = matches!(method, "fillna" | "astype" | "agg" | "aggregate" | "replace");
            let mut names = Vec::new();
            for value in positions
                .iter()
                .filter_map(|at| args.get(*at))
                .chain(named.iter().filter_map(|name| keyword(keywords, name)))
            {
                // `fillna(0)` and `astype("int")` name no column, `fillna({"a": 0})` does.
                if !by_name || matches!(value, Val::Map(_)) {
                    names.extend(columns::names(value));
                }
            }
            self.use_columns(&names, origin);
            if matches!(method, "select" | "get_column" | "get") && !names.is_empty() {
                return Val::Columns(names, origin);
            }
        }
        value_like(receiver, origin)
    }

    pub(super) fn add_argument(&mut self, args: &[Val<'a>], keywords: &[(String, Val<'a>)]) {
        let names: Vec<&String> =
            args.iter().filter_map(|arg| if let Val::Text(text) = arg { Some(text) } else { None }).collect();
        let long = names.iter().find(|name| name.starts_with("--")).or(names.first());
        let name = match keyword(keywords, "dest") {
            Some(Val::Text(name)) => name.clone(),
            _ => long.map(|name| destination(name)).unwrap_or_default(),
        };
        if let Some(default) = keyword(keywords, "default") {
            if columns::is_target_setting(&name)
                && let Val::Text(text) = default
                && self.silent == 0
            {
                self.setting.get_or_insert_with(|| text.clone());
            }
            self.arguments.insert(name, default.clone());
        }
    }
}

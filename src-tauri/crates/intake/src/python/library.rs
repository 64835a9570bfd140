//! Functions of Python and its libraries that name files, columns or models.

use super::PathUse;
use super::columns;
use super::eval::{Analysis, ROOT, Val};
use super::io::{self, Access, Operation};
use super::pattern;
use super::values::{add, folder, from_json, keyword, path_text, split_name, text_of};

impl<'a> Analysis<'a> {
    pub(super) fn builtin(
        &mut self,
        name: &str,
        args: &[Val<'a>],
        keywords: &[(String, Val<'a>)],
        line: u32,
    ) -> Val<'a> {
        match name {
            "open" => {
                let mode = args.get(1).or_else(|| keyword(keywords, "mode"));
                let path = args.first().or_else(|| keyword(keywords, "file"));
                self.open(path, mode, "open", line)
            }
            "str" => args.first().map_or(Val::Text(String::new()), |value| match value {
                Val::Unknown => Val::Unknown,
                value => Val::Text(text_of(value)),
            }),
            "list" | "tuple" | "sorted" | "set" | "reversed" | "vars" | "iter" => {
                args.first().cloned().unwrap_or(Val::Unknown)
            }
            "dict" => Val::Map(keywords.to_vec()),
            "enumerate" => match args.first() {
                Some(Val::List(items)) => {
                    Val::List(items.iter().map(|item| Val::List(vec![Val::Unknown, item.clone()])).collect())
                }
                _ => Val::Unknown,
            },
            "zip" => match args
                .iter()
                .map(|arg| if let Val::List(items) = arg { Some(items) } else { None })
                .collect::<Option<Vec<_>>>()
            {
                Some(lists) => {
                    let length = lists.iter().map(|list| list.len()).min().unwrap_or(0);
                    Val::List(
                        (0..length).map(|at| Val::List(lists.iter().map(|list| list[at].clone()).collect())).collect(),
                    )
                }
                None => Val::Unknown,
            },
            "getattr" => match (args.first(), args.get(1)) {
                (Some(Val::Arguments), Some(Val::Text(name))) => {
                    self.arguments.get(name).cloned().unwrap_or(Val::Unknown)
                }
                _ => Val::Unknown,
            },
            _ => Val::Unknown,
        }
    }

    pub(super) fn open(&mut self, path: Option<&Val<'a>>, mode: Option<&Val<'a>>, call: &str, line: u32) -> Val<'a> {
        let Some(path) = path.and_then(path_text) else { return Val::Unknown };
        let mode = match mode {
            Some(Val::Text(mode)) => mode.as_str(),
            _ => "r",
        };
        let access = if mode.starts_with(['w', 'a', 'x']) { Access::Write } else { Access::Read };
        self.record(access, &path, call, Vec::new(), line);
        Val::Handle(path)
    }

    /// Notes a use of a file. Returns the number of the read.
    pub(super) fn record(
        &mut self,
        access: Access,
        path: &str,
        call: &str,
        columns: Vec<String>,
        line: u32,
    ) -> Option<usize> {
        if self.silent > 0 {
            return None;
        }
        let path = pattern::squeeze(path);
        let placed = match path.strip_prefix(ROOT) {
            Some(rest) => pattern::normal(rest.trim_start_matches('/')),
            None if pattern::is_absolute(&path) => pattern::normal(&path),
            None if self.notebook || path.starts_with("..") => {
                pattern::normal(&pattern::join(&folder(&self.path), &path))
            }
            None => pattern::normal(&path),
        };
        if !pattern::says_something(&placed) {
            return None;
        }
        let line = self.line.unwrap_or(line);
        let confidence = if placed.contains('*') { 0.6 } else { 0.9 };
        let uses = if access == Access::Write { &mut self.facts.writes } else { &mut self.facts.reads };
        if let Some(at) =
            uses.iter().position(|other| other.pattern == placed && other.line == line && other.call == call)
        {
            return Some(at);
        }
        let call = call.to_owned();
        uses.push(PathUse { pattern: placed, line, call, columns, when_run: true, confidence, ..PathUse::default() });
        Some(uses.len() - 1)
    }

    /// Carries out what is known about a call that reads or writes. `any` also takes text that has no sign of a path.
    pub(super) fn operate(
        &mut self,
        operation: Operation,
        name: &str,
        args: &[Val<'a>],
        keywords: &[(String, Val<'a>)],
        line: u32,
        any: bool,
    ) -> Val<'a> {
        let named = operation.names.iter().find_map(|name| keyword(keywords, name));
        let path = args.get(operation.position).filter(|value| path_text(value).is_some()).or(named);
        let mut named_columns = Vec::new();
        for key in columns::READ_KEYWORDS {
            if let Some(value) = keyword(keywords, key) {
                for name in columns::names(value) {
                    add(&mut named_columns, &name);
                }
            }
        }
        let mut origin = None;
        let paths = match path {
            Some(Val::List(items)) => items.iter().filter_map(path_text).collect(),
            Some(value) => path_text(value).into_iter().collect::<Vec<_>>(),
            None => Vec::new(),
        };
        for path in paths {
            if !any && !path.contains(['/', '.']) && !path.starts_with(ROOT) {
                continue;
            }
            let is_handle = matches!(named.or(args.get(operation.position)), Some(Val::Handle(_)));
            match operation.access {
                // The file was noted when it was opened.
                Access::Read if is_handle => {
                    origin = self.facts.reads.len().checked_sub(1);
                }
                Access::Write if is_handle => {}
                Access::Copy => {
                    self.record(Access::Read, &path, name, Vec::new(), line);
                    let to = args.get(1).or_else(|| keyword(keywords, "dst")).and_then(path_text);
                    if let Some(to) = to {
                        self.record(Access::Write, &to, name, Vec::new(), line);
                    }
                }
                access => {
                    let found = self.record(access, &path, name, named_columns.clone(), line);
                    if access == Access::Read {
                        origin = found;
                    }
                }
            }
        }
        if operation.access == Access::Read && self.silent == 0 {
            for column in &named_columns {
                add(&mut self.facts.columns_used, column);
            }
        }
        if operation.table { Val::Table(origin) } else { Val::Unknown }
    }

    pub(super) fn external(
        &mut self,
        name: &str,
        args: &[Val<'a>],
        keywords: &[(String, Val<'a>)],
        line: u32,
    ) -> Val<'a> {
        let text = |at: usize| args.get(at).and_then(path_text);
        match name {
            "pathlib.Path" | "pathlib.PurePath" | "pathlib.PosixPath" | "upath.UPath" | "anyio.Path" => {
                let mut path = String::new();
                for arg in args {
                    path = pattern::join(&path, &path_text(arg).unwrap_or_else(|| "*".to_owned()));
                }
                return Val::Path(path);
            }
            "pathlib.Path.cwd" | "os.getcwd" => return Val::Path(String::new()),
            "pathlib.Path.home" => return Val::Path("~".to_owned()),
            "os.path.join" | "posixpath.join" => {
                let mut path = String::new();
                for (at, arg) in args.iter().enumerate() {
                    let part = path_text(arg).unwrap_or_else(|| "*".to_owned());
                    path = if at == 0 { part } else { pattern::join(&path, &part) };
                }
                return Val::Text(path);
            }
            "os.path.dirname" => return text(0).map_or(Val::Unknown, |path| Val::Text(pattern::parent(&path))),
            "os.path.basename" => {
                return text(0).map_or(Val::Unknown, |path| Val::Text(pattern::name(&path).to_owned()));
            }
            "os.path.abspath"
            | "os.path.realpath"
            | "os.path.normpath"
            | "os.path.expanduser"
            | "os.fspath"
            | "os.path.expandvars"
            | "hydra.utils.to_absolute_path" => {
                return text(0).map_or(Val::Unknown, Val::Text);
            }
            "os.path.splitext" => {
                let Some(path) = text(0) else { return Val::Unknown };
                let (_, suffix) = split_name(&path);
                let stem = path.strip_suffix(&suffix).unwrap_or(&path).to_owned();
                return Val::List(vec![Val::Text(stem), Val::Text(suffix)]);
            }
            "glob.glob" | "glob.iglob" => {
                return text(0).map_or(Val::Unknown, |path| Val::List(vec![Val::Text(path.replace("**", "*"))]));
            }
            "os.listdir" | "os.scandir" => return Val::List(vec![Val::Text("*".to_owned())]),
            "os.getenv" | "os.environ.get" => {
                return args.get(1).or_else(|| keyword(keywords, "default")).cloned().unwrap_or(Val::Unknown);
            }
            "typer.Option" | "typer.Argument" => {
                return args.first().or_else(|| keyword(keywords, "default")).cloned().unwrap_or(Val::Unknown);
            }
            "pydantic.Field" | "dataclasses.field" => {
                return keyword(keywords, "default").or(args.first()).cloned().unwrap_or(Val::Unknown);
            }
            "yaml.safe_load"
            | "yaml.load"
            | "yaml.full_load"
            | "json.load"
            | "toml.load"
            | "tomllib.load"
            | "omegaconf.OmegaConf.load" => {
                let Some(path) = text(0) else { return Val::Unknown };
                if !matches!(args.first(), Some(Val::Handle(_))) {
                    self.record(Access::Read, &path, name, Vec::new(), line);
                }
                let bare = path.trim_start_matches(ROOT);
                return self
                    .context
                    .document(&pattern::normal(bare.trim_start_matches('/')))
                    .map_or(Val::Unknown, from_json);
            }
            "pickle.load" | "json.dump" | "pickle.dump" | "yaml.dump" | "yaml.safe_dump" => {
                // `pickle.load(Path(..).open("rb"))`: the file was noted when it was opened.
                return Val::Unknown;
            }
            "codecs.open" | "io.open" | "gzip.open" | "bz2.open" | "lzma.open" | "fsspec.open" | "smart_open.open" => {
                return self.open(args.first(), args.get(1).or_else(|| keyword(keywords, "mode")), name, line);
            }
            "polars.col" | "pyspark.sql.functions.col" | "polars.element" => {
                let names: Vec<String> = args.iter().flat_map(columns::names).collect();
                self.use_columns(&names, None);
                return Val::Columns(names, None);
            }
            "pandas.concat"
            | "polars.concat"
            | "pandas.merge"
            | "pandas.get_dummies"
            | "pandas.DataFrame"
            | "polars.DataFrame"
            | "pandas.merge_asof"
            | "pandas.json_normalize"
            | "pandas.melt"
            | "pandas.pivot_table" => {
                for key in ["on", "left_on", "right_on", "columns", "by", "index", "values"] {
                    if let Some(value) = keyword(keywords, key)
                        && !(key == "columns" && name.ends_with("DataFrame"))
                    {
                        let names = columns::names(value);
                        self.use_columns(&names, None);
                    }
                }
                if name.ends_with("DataFrame") {
                    let names = args
                        .first()
                        .filter(|value| matches!(value, Val::Map(_)))
                        .map(columns::names)
                        .unwrap_or_default();
                    self.create(&names);
                }
                let origin = args.iter().find_map(|arg| if let Val::Table(origin) = arg { *origin } else { None });
                return Val::Table(origin);
            }
            "duckdb.sql" | "duckdb.query" | "duckdb.execute" => {
                if let Some(Val::Text(query)) = args.first() {
                    self.query(query, name, line);
                }
                return Val::Table(None);
            }
            "mlflow.log_artifact" => {}
            _ => {}
        }
        let (module, last) = name.rsplit_once('.').unwrap_or(("", name));
        if let Some(operation) = io::function(name) {
            if name == "h5py.File" || name == "zipfile.ZipFile" {
                return self.open(args.first(), args.get(1).or_else(|| keyword(keywords, "mode")), name, line);
            }
            return self.operate(operation, name, args, keywords, line, true);
        }
        if name == "sklearn.model_selection.train_test_split" {
            if let Some(second) = args.get(1) {
                self.note_target(second);
            }
            let parts = args.iter().flat_map(|arg| [arg.clone(), arg.clone()]).collect();
            return Val::List(parts);
        }
        if matches!(last, "DMatrix" | "Dataset" | "Pool" | "QuantileDMatrix")
            && let Some(label) = keyword(keywords, "label").or(args.get(1))
        {
            self.note_target(label);
        }
        if last == "ColumnTransformer" || last == "make_column_transformer" {
            self.transformer_columns(args, keywords);
        }
        let is_model = [
            "sklearn",
            "xgboost",
            "lightgbm",
            "catboost",
            "imblearn",
            "keras",
            "torch",
            "tensorflow",
            "statsmodels",
            "prophet",
        ]
        .contains(&module.split('.').next().unwrap_or(""));
        if is_model && last.starts_with(|first: char| first.is_ascii_uppercase()) && self.silent == 0 {
            add(&mut self.facts.model_classes, name);
        }
        Val::Unknown
    }

    pub(super) fn transformer_columns(&mut self, args: &[Val<'a>], keywords: &[(String, Val<'a>)]) {
        let mut lists: Vec<&Val<'a>> = args.iter().collect();
        lists.extend(keyword(keywords, "transformers"));
        let mut found = Vec::new();
        for list in lists {
            let Val::List(parts) = list else { continue };
            let nested: Vec<&Vec<Val<'a>>> =
                parts.iter().filter_map(|part| if let Val::List(inner) = part { Some(inner) } else { None }).collect();
            if nested.iter().any(|inner| inner.len() >= 3) {
                found.extend(nested.iter().filter_map(|inner| inner.get(2)).flat_map(columns::names));
            } else if let Some(last) = parts.last() {
                found.extend(columns::names(last));
            }
        }
        self.use_columns(&found, None);
    }

    /// File names in the text of a query, such as `select * from 'data/x.parquet'`.
    pub(super) fn query(&mut self, query: &str, call: &str, line: u32) {
        for (at, part) in query.split('\'').enumerate() {
            let ends =
                [".csv", ".parquet", ".json", ".tsv", ".ndjson", ".csv.gz"].iter().any(|ending| part.ends_with(ending));
            if at % 2 == 1 && ends {
                let before = query.split('\'').take(at).last().unwrap_or("").trim_end().to_lowercase();
                let access = if before.ends_with(" to") { Access::Write } else { Access::Read };
                self.record(access, part, call, Vec::new(), line);
            }
        }
    }
}

//! Functions of Python and its libraries: paths, files, settings, tables.

use std::rc::Rc;

use super::arguments::wrapped;
use super::eval::{Analysis, truth};
use super::facts::FlowKind;
use super::frame::{Frame, NOWHERE};
use super::io::{self, Access};
use super::names;
use super::pattern;
use super::values::{HOLE, Val, each, from_json, keyword, light, path_text, path_texts, split_name, text_of};

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
            "str" => args.first().map_or(Val::text(""), |value| match value {
                Val::Unknown | Val::Series(_) => value.clone(),
                value => each(value, |value| Val::text(&text_of(value))),
            }),
            "int" | "float" | "round" | "abs" | "bool" => match args.first() {
                Some(value @ (Val::Number(_) | Val::Series(_))) => value.clone(),
                Some(Val::Text(text)) => text.trim().parse().map_or(Val::Unknown, Val::Number),
                _ => Val::Unknown,
            },
            "list" | "tuple" | "sorted" | "set" | "reversed" | "iter" | "next" | "frozenset" | "deepcopy" => {
                match args.first() {
                    Some(value @ Val::Map(_)) => Val::list(self.elements(value)),
                    Some(Val::List(items)) if name == "next" => items.borrow().first().cloned().unwrap_or_default(),
                    Some(Val::List(items)) => Val::list(items.borrow().clone()),
                    Some(Val::Table(at)) if !self.tables[*at].by_row => self.table_attribute(*at, "columns"),
                    Some(value) => value.clone(),
                    None => Val::list(Vec::new()),
                }
            }
            "vars" => match args.first() {
                Some(Val::Object(at, _)) => self.attribute_of(*at, "__dict__").unwrap_or_default(),
                Some(value) => value.clone(),
                None => Val::Unknown,
            },
            "dict" => {
                let mut entries: Vec<(Rc<str>, Val<'a>)> = match args.first() {
                    Some(Val::Map(entries)) => entries.borrow().clone(),
                    Some(Val::List(items)) => items
                        .borrow()
                        .iter()
                        .filter_map(|pair| {
                            pair.items().and_then(|pair| Some((pair.first()?.as_text()?.clone(), pair.get(1)?.clone())))
                        })
                        .collect(),
                    _ => Vec::new(),
                };
                entries.extend(keywords.iter().map(|(name, value)| (name.as_str().into(), value.clone())));
                Val::map(entries)
            }
            "enumerate" => {
                let items = args.first().map(|items| self.elements(items)).unwrap_or_default();
                Val::list(items.into_iter().map(|item| Val::list(vec![Val::Unknown, item])).collect())
            }
            "zip" => {
                let lists: Vec<Vec<Val<'a>>> = args.iter().map(|arg| self.elements(arg)).collect();
                let length = lists.iter().map(Vec::len).max().unwrap_or(0);
                let at = |list: &Vec<Val<'a>>, at: usize| list.get(at).cloned().unwrap_or_default();
                Val::list(
                    (0..length).map(|place| Val::list(lists.iter().map(|list| at(list, place)).collect())).collect(),
                )
            }
            "getattr" => match (args.first(), args.get(1)) {
                (Some(object), Some(Val::Text(name))) => {
                    let name = name.to_string();
                    match (self.member_of(object, &name), args.get(2)) {
                        (Val::Unknown, Some(default)) => default.clone(),
                        (value, _) => value,
                    }
                }
                _ => Val::Unknown,
            },
            "setattr" => {
                if let [Val::Object(object, _), Val::Text(name), value] = args {
                    self.things[*object].names.insert(name.to_string(), value.clone());
                }
                Val::Unknown
            }
            "super" => self.parent(),
            "isinstance" => match (args.first(), args.get(1)) {
                // Only what is known to be a text is told from other things.
                (Some(Val::Table(_)), Some(Val::Import(class))) if class.ends_with(".DataFrame") => Val::Bool(true),
                _ => Val::Unknown,
            },
            "max" | "min" | "sum" | "any" | "all" | "len" => {
                let kept: Vec<&Val<'a>> = args.iter().collect();
                self.mixed(&kept)
            }
            "map" | "filter" => {
                if let [
                    function @ (Val::Function(_) | Val::Partial(_) | Val::Import(_) | Val::Object(_, true)),
                    items,
                    ..,
                ] = args
                {
                    let mut found = Vec::new();
                    for item in self.elements(items) {
                        let result = self.invoke(function, std::slice::from_ref(&item), &[], line);
                        match name {
                            "map" => found.push(result),
                            _ if truth(&result) != Some(false) => found.push(item),
                            _ => {}
                        }
                    }
                    return Val::list(found);
                }
                args.get(1).cloned().unwrap_or_default()
            }
            "display" | "print" => Val::Unknown,
            "exec" | "eval" | "range" => Val::Unknown,
            // Databricks and Kaggle give a session by this name.
            _ if self.commands_of(name, line) => Val::Unknown,
            _ => self.callbacks(name, args, keywords, line),
        }
    }

    /// A function of a library by its full name.
    pub(super) fn external(
        &mut self,
        name: &str,
        args: &[Val<'a>],
        keywords: &[(String, Val<'a>)],
        line: u32,
    ) -> Val<'a> {
        if let Some(value) = self.path_function(name, args, keywords) {
            return value;
        }
        if let Some(value) = self.settings_function(name, args, keywords, line) {
            return value;
        }
        if let Some(value) = self.running_function(name, args, keywords, line) {
            return value;
        }
        if let Some(value) = self.sql_function(name, args, keywords, line) {
            return value;
        }
        if let Some(value) = self.table_function(name, args, keywords, line) {
            return value;
        }
        if name == "datasets.load_dataset" {
            return self.load_dataset(args, keywords, line);
        }
        let last = name.rsplit('.').next().unwrap_or(name);
        if matches!(
            name,
            "h5py.File"
                | "zipfile.ZipFile"
                | "tarfile.open"
                | "gzip.open"
                | "bz2.open"
                | "lzma.open"
                | "codecs.open"
                | "io.open"
                | "fsspec.open"
                | "smart_open.open"
                | "rasterio.open"
                | "fiona.open"
                | "gzip.GzipFile"
                | "bz2.BZ2File"
                | "lzma.LZMAFile"
                | "zarr.open"
        ) {
            return self.open(
                args.first().or(keyword(keywords, "name")).or(keyword(keywords, "filename")),
                args.get(1).or_else(|| keyword(keywords, "mode")),
                name,
                line,
            );
        }
        if let Some(operation) = io::function(name) {
            let what = args.get(operation.what).or_else(|| {
                ["value", "obj", "arr", "table", "df", "model", "sk_model", "X"]
                    .iter()
                    .find_map(|key| keyword(keywords, key))
            });
            let what = what.cloned();
            return self.operate(operation, name, args, keywords, line, true, what.as_ref());
        }
        if let Some(value) = self.learning_function(name, args, keywords, line) {
            return value;
        }
        match self.callbacks(last, args, keywords, line) {
            Val::Unknown => self.of_columns(name, last, args, keywords),
            value => value,
        }
    }

    /// What an unknown function makes of tables and columns.
    fn of_columns(&mut self, name: &str, last: &str, args: &[Val<'a>], keywords: &[(String, Val<'a>)]) -> Val<'a> {
        self.mentioned_columns(args, keywords);
        let kind = if names::is_aggregation(last) { FlowKind::Aggregation } else { FlowKind::Transformation };
        // Arrays of the same values.
        let same = matches!(
            last,
            "array"
                | "asarray"
                | "tensor"
                | "from_numpy"
                | "FloatTensor"
                | "deepcopy"
                | "copy"
                | "shuffle"
                | "resample"
        );
        let kind = if same { FlowKind::Identity } else { kind };
        let values: Vec<&Val<'a>> = args.iter().chain(keywords.iter().map(|(_, value)| value)).collect();
        if let Some(Val::Table(at)) = values.iter().find(|value| matches!(value, Val::Table(_)))
            && values.iter().all(|value| !matches!(value, Val::Series(_)))
        {
            let mut frame = self.tables[*at].changed(kind);
            for other in values
                .iter()
                .filter_map(|value| if let Val::Table(other) = value { Some(*other) } else { None })
                .filter(|other| other != at)
                .take(16)
            {
                frame = frame.stacked(&self.tables[other].changed(kind));
            }
            return self.table(frame);
        }
        if name.starts_with("matplotlib") || name.starts_with("seaborn") || name.starts_with("plotly") {
            return Val::Unknown;
        }
        match self.mixed(&values) {
            Val::Series(series) if same && args.len() == 1 => match args.first() {
                Some(Val::Series(first)) => Val::Series(first.clone()),
                _ => Val::Series(series),
            },
            Val::Series(series) => Val::series(series.through(kind)),
            value => value,
        }
    }

    fn path_function(&mut self, name: &str, args: &[Val<'a>], keywords: &[(String, Val<'a>)]) -> Option<Val<'a>> {
        let first = || args.first().cloned().unwrap_or_default();
        let on_text = |f: fn(&str) -> String| {
            each(&first(), |value| path_text(value).map_or(Val::Unknown, |path| Val::text(&f(&path))))
        };
        Some(match name {
            "pathlib.Path"
            | "pathlib.PurePath"
            | "pathlib.PosixPath"
            | "pathlib.PurePosixPath"
            | "upath.UPath"
            | "anyio.Path"
            | "cloudpathlib.AnyPath"
            | "path.Path" => match args {
                [one] => each(one, |value| Val::path(&path_text(value).unwrap_or_else(|| HOLE.to_string()))),
                _ => {
                    let mut path = String::new();
                    for arg in args {
                        path = pattern::join(&path, &path_text(arg).unwrap_or_else(|| HOLE.to_string()));
                    }
                    Val::path(&path)
                }
            },
            "pathlib.Path.cwd" | "os.getcwd" | "os.getcwdu" | "hydra.utils.get_original_cwd" => Val::path("."),
            "pathlib.Path.home" => Val::path("~"),
            "pyprojroot.here"
            | "here.here"
            | "rootutils.setup_root"
            | "rootutils.find_root"
            | "pyrootutils.setup_root" => {
                let rest = path_text(&first()).filter(|path| !path.contains(super::eval::ROOT)).unwrap_or_default();
                Val::path(&format!("{}/{rest}", super::eval::ROOT))
            }
            "os.path.join" | "posixpath.join" | "ntpath.join" => {
                let mut path = Val::text("");
                for (at, arg) in args.iter().enumerate() {
                    path = if at == 0 {
                        each(arg, |arg| Val::text(&path_text(arg).unwrap_or_else(|| HOLE.to_string())))
                    } else {
                        each(&path, |left| {
                            each(arg, |right| {
                                let right = path_text(right).unwrap_or_else(|| HOLE.to_string());
                                Val::text(&pattern::join(&text_of(left), &right))
                            })
                        })
                    };
                }
                path
            }
            "os.path.dirname" => on_text(pattern::parent),
            "os.path.basename" => on_text(|path| pattern::name(path).to_owned()),
            "os.path.expanduser"
            | "os.path.abspath"
            | "os.path.realpath"
            | "os.path.normpath"
            | "os.fspath"
            | "os.path.expandvars"
            | "hydra.utils.to_absolute_path"
            | "os.path.relpath" => on_text(str::to_owned),
            "os.path.splitext" => {
                let Some(path) = path_text(&first()) else { return Some(Val::Unknown) };
                let (_, suffix) = split_name(&path);
                let stem = path.strip_suffix(&suffix).unwrap_or(&path).to_owned();
                Val::list(vec![Val::text(&stem), Val::text(&suffix)])
            }
            "os.path.split" => {
                let Some(path) = path_text(&first()) else { return Some(Val::Unknown) };
                Val::list(vec![Val::text(&pattern::parent(&path)), Val::text(pattern::name(&path))])
            }
            "os.path.exists" | "os.path.isfile" | "os.path.isdir" | "os.path.getsize" | "os.makedirs" | "os.mkdir"
            | "os.remove" | "os.unlink" | "shutil.rmtree" | "os.path.getmtime" => Val::Unknown,
            "glob.glob" | "glob.iglob" => {
                let root = keyword(keywords, "root_dir").and_then(path_text).unwrap_or_default();
                match path_text(&first()) {
                    Some(path) => {
                        Val::list(vec![Val::text(&pattern::join(&root, &path.replace("**/", "*/").replace("**", "*")))])
                    }
                    None => Val::Unknown,
                }
            }
            "os.listdir" => Val::list(vec![Val::text(&HOLE.to_string())]),
            "os.scandir" => {
                let folder = path_text(&first()).unwrap_or_else(|| ".".to_owned());
                Val::list(vec![Val::path(&pattern::join(&folder, &HOLE.to_string()))])
            }
            "os.walk" => {
                let unknown = Val::list(vec![Val::text(&HOLE.to_string())]);
                let folder = path_text(&first())
                    .map_or(Val::Unknown, |path| Val::text(&pattern::join(&path, &HOLE.to_string())));
                Val::list(vec![Val::list(vec![folder, unknown.clone(), unknown])])
            }
            "os.chdir" => {
                if let Some(path) = path_text(&first()) {
                    self.change_folder(&path);
                }
                Val::Unknown
            }
            "os.getenv" | "os.environ.get" | "os.environ.setdefault" | "decouple.config" | "environs.Env.str" => {
                // Without a default it is `None` where nobody set it.
                args.get(1).or_else(|| keyword(keywords, "default")).cloned().unwrap_or(Val::Nothing)
            }
            _ => return None,
        })
    }

    fn settings_function(
        &mut self,
        name: &str,
        args: &[Val<'a>],
        keywords: &[(String, Val<'a>)],
        line: u32,
    ) -> Option<Val<'a>> {
        Some(match name {
            "typer.Option" | "typer.Argument" | "pydantic.Field" | "dataclasses.field" | "attr.ib" | "attrs.field"
            | "click.Option" | "fastapi.Query" | "fastapi.Body" => {
                match keyword(keywords, "default_factory").or(keyword(keywords, "factory")) {
                    Some(factory) => {
                        let factory = factory.clone();
                        self.invoke(&factory, &[], &[], line)
                    }
                    None => wrapped(args, keywords),
                }
            }
            "yaml.safe_load"
            | "yaml.load"
            | "yaml.full_load"
            | "yaml.unsafe_load"
            | "json.load"
            | "toml.load"
            | "tomllib.load"
            | "tomli.load"
            | "omegaconf.OmegaConf.load"
            | "json.loads"
            | "yaml.safe_load_all"
            | "toml.loads"
            | "hjson.load"
            | "tomllib.loads"
            | "box.Box.from_yaml"
            | "ruamel.yaml.safe_load" => {
                let first = args.first().or_else(|| keyword(keywords, "filename"))?;
                let path = match first {
                    Val::Handle(path, ..) => path.to_string(),
                    Val::Text(path) | Val::Path(path) if name.ends_with("load") || name.ends_with("from_yaml") => {
                        self.record(Access::Read, path, name, line);
                        path.to_string()
                    }
                    // A text that is written out in the source.
                    Val::Text(text) if name.starts_with("json") && text.len() < 4_096 => {
                        return Some(serde_json::from_str(text).map_or(Val::Unknown, |value| from_json(&value)));
                    }
                    _ => return Some(Val::Unknown),
                };
                let placed = self.placed(&path);
                self.settings(&placed).unwrap_or_default()
            }
            "omegaconf.OmegaConf.create"
            | "omegaconf.OmegaConf.to_container"
            | "types.SimpleNamespace"
            | "easydict.EasyDict"
            | "box.Box"
            | "munch.Munch"
            | "addict.Dict"
            | "argparse.Namespace"
            | "collections.OrderedDict"
            | "ml_collections.ConfigDict"
            | "copy.deepcopy"
            | "copy.copy"
            | "omegaconf.OmegaConf.resolve"
            | "dotmap.DotMap" => match args.first() {
                Some(value) => value.clone(),
                None => self.builtin("dict", args, keywords, line),
            },
            "dvc.api.params_show" => self.settings("params.yaml").unwrap_or_default(),
            "pickle.load" | "dill.load" | "cPickle.load" | "cloudpickle.load" | "_pickle.load" => match args.first() {
                Some(Val::Handle(_, read, _)) => self.loaded_model(*read),
                _ => Val::Unknown,
            },
            "json.dump" | "pickle.dump" | "yaml.dump" | "yaml.safe_dump" | "dill.dump" | "cPickle.dump"
            | "cloudpickle.dump" | "toml.dump" | "_pickle.dump" | "simplejson.dump" => {
                // The file was noted when it was opened.
                if let (Some(what), Some(Val::Handle(_, _, Some(write)))) = (
                    args.first().or(keyword(keywords, "obj")),
                    args.get(1)
                        .or(keyword(keywords, "fp"))
                        .or(keyword(keywords, "file"))
                        .or(keyword(keywords, "stream")),
                ) {
                    self.wrote(*write, what);
                }
                Val::Unknown
            }
            "csv.DictReader" | "csv.reader" => match args.first() {
                Some(Val::Handle(_, read, _)) => {
                    let mut frame = Frame::of_read(read.unwrap_or(NOWHERE));
                    frame.by_row = true;
                    self.table(frame)
                }
                _ => Val::Unknown,
            },
            "csv.DictWriter" | "csv.writer" => args.first().cloned().unwrap_or_default(),
            "tempfile.mkdtemp"
            | "tempfile.NamedTemporaryFile"
            | "tempfile.TemporaryDirectory"
            | "tempfile.gettempdir"
            | "tempfile.mkstemp" => Val::Unknown,
            _ => return None,
        })
    }

    /// Functions that run functions or programs.
    fn running_function(
        &mut self,
        name: &str,
        args: &[Val<'a>],
        keywords: &[(String, Val<'a>)],
        line: u32,
    ) -> Option<Val<'a>> {
        Some(match name {
            "functools.partial" => match args {
                [function, rest @ ..] => {
                    light(Val::Partial(Rc::new((function.clone(), rest.to_vec(), keywords.to_vec()))))
                }
                [] => Val::Unknown,
            },
            // The result is called like the function itself.
            "functools.wraps"
            | "functools.lru_cache"
            | "functools.cache"
            | "joblib.delayed"
            | "dask.delayed"
            | "ray.remote"
            | "numba.jit"
            | "tensorflow.function"
            | "torch.no_grad" => args.first().cloned().unwrap_or_default(),
            "fire.Fire" | "typer.run" | "tyro.cli" | "defopt.run" | "absl.app.run" | "asyncio.run" | "plac.call"
            | "hydra.main" => {
                self.run_command(args.first().or(keyword(keywords, "component")), line);
                Val::Unknown
            }
            "subprocess.run"
            | "subprocess.call"
            | "subprocess.check_call"
            | "subprocess.check_output"
            | "subprocess.Popen"
            | "os.system"
            | "os.popen" => {
                self.subprocess(args.first().or(keyword(keywords, "args")), name, line);
                Val::Unknown
            }
            _ if name.starts_with("itertools.")
                || name == "tqdm.tqdm"
                || name.ends_with(".tqdm")
                || name.ends_with(".track")
                || name.ends_with("tqdm_notebook")
                || name.ends_with("progress_bar") =>
            {
                match (name, args) {
                    ("itertools.product", [a, b]) => {
                        let (a, b) = (self.elements(a), self.elements(b));
                        let pairs = a.iter().flat_map(|a| b.iter().map(|b| Val::list(vec![a.clone(), b.clone()])));
                        Val::list(pairs.take(1_000).collect())
                    }
                    ("itertools.chain", all) => {
                        let mut found = Vec::new();
                        for arg in all {
                            found.extend(self.elements(arg));
                        }
                        Val::list(found)
                    }
                    _ => args.first().or(keyword(keywords, "iterable")).cloned().unwrap_or_default(),
                }
            }
            _ => return None,
        })
    }

    fn run_command(&mut self, what: Option<&Val<'a>>, line: u32) {
        match what {
            Some(Val::Object(class, true)) => {
                let object = self.instantiate(*class, &[], &[], line);
                if let Val::Object(at, false) = object {
                    let mut names: Vec<String> = self.things[at]
                        .names
                        .iter()
                        .filter(|(name, value)| !name.starts_with('_') && matches!(value, Val::Function(_)))
                        .map(|(name, _)| name.clone())
                        .collect();
                    names.sort();
                    for name in names {
                        self.call_method(None, &object, &name, &[], &[], line);
                    }
                }
            }
            Some(Val::Map(entries)) => {
                let entries = entries.borrow().clone();
                for (_, function) in &entries {
                    self.invoke(function, &[], &[], line);
                }
            }
            Some(function) => {
                self.invoke(function, &[], &[], line);
            }
            None => {
                let module = self.scopes.first().copied().unwrap_or(0);
                let mut all: Vec<(u32, Val<'a>)> = self.spaces[module]
                    .names
                    .values()
                    .filter_map(|value| {
                        if let Val::Function(closure) = value {
                            Some((closure.function.line, value.clone()))
                        } else {
                            None
                        }
                    })
                    .collect();
                all.sort_by_key(|(at, _)| *at);
                for (_, function) in all {
                    self.invoke(&function, &[], &[], line);
                }
            }
        }
    }

    /// `datasets.load_dataset("csv", data_files=...)`.
    fn load_dataset(&mut self, args: &[Val<'a>], keywords: &[(String, Val<'a>)], line: u32) -> Val<'a> {
        let files = match keyword(keywords, "data_files") {
            Some(Val::Map(entries)) => entries.borrow().iter().flat_map(|(_, value)| path_texts(value)).collect(),
            Some(value) => path_texts(value),
            None => Vec::new(),
        };
        if files.is_empty() && matches!(args.first(), Some(Val::Text(name)) if name.starts_with(['.', '/'])) {
            let path = args.first().map(path_texts).unwrap_or_default();
            path.iter().for_each(|path| {
                self.record(Access::Read, path, "datasets.load_dataset", line);
            });
        }
        let mut frame: Option<Frame> = None;
        for path in files {
            if let Some(read) = self.record(Access::Read, &path, "datasets.load_dataset", line) {
                let one = Frame::of_read(read);
                frame = Some(frame.map_or_else(|| one.clone(), |frame| frame.stacked(&one)));
            }
        }
        match frame {
            Some(frame) => self.table(frame),
            None => Val::Unknown,
        }
    }
}

//! Follows values through a source: constants, paths, tables, functions of the project. Runs none of it.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use super::columns;
use super::io::{self, Access, Operation};
use super::pattern;
use super::project::ProjectModules;
use super::syntax::{Call, Expr, Function, Stmt};
use super::{PathUse, SourceFacts};

/// Stands for the root of the project at the start of a path that was made from `__file__`.
const ROOT: char = '\u{1}';
/// How deep calls are followed.
const CALLS: usize = 6;
/// How many statements and calls are followed in one source.
const STEPS: usize = 200_000;
/// How long one source is followed.
const TIME: Duration = Duration::from_secs(5);
/// How many values one value may hold.
const WEIGHT: usize = 20_000;
/// How many elements of a list a loop is followed over.
const LOOP: usize = 64;
/// How long a text may grow.
const TEXT: usize = 4_096;

/// What is known about a value.
#[derive(Debug, Clone)]
pub(crate) enum Val<'a> {
    /// Nothing.
    Unknown,
    /// Text, with `*` for what is unknown in it.
    Text(String),
    /// A `pathlib` path.
    Path(String),
    /// An integer.
    Number(i64),
    /// A list, tuple or set.
    List(Vec<Val<'a>>),
    /// A dictionary with text keys.
    Map(Vec<(String, Val<'a>)>),
    /// Something of a library, by its dotted name.
    Import(String),
    /// A module of the project, by its path.
    Module(String),
    /// A function of the project, with the path of its file, and the object it is bound to.
    Function(&'a Function, String, Option<usize>),
    /// A class or object of the project, by the number of its names.
    Object(usize, bool),
    /// Parsed command-line arguments.
    Arguments,
    /// Settings.
    Document(serde_json::Value),
    /// An open file.
    Handle(String),
    /// A table, with the read that it came from.
    Table(Option<usize>),
    /// Columns of a table.
    Columns(Vec<String>, Option<usize>),
}

type Names<'a> = HashMap<String, Val<'a>>;

/// One source being followed.
pub(crate) struct Analysis<'a> {
    context: &'a ProjectModules,
    path: String,
    notebook: bool,
    facts: SourceFacts,
    scopes: Vec<Names<'a>>,
    objects: Vec<Names<'a>>,
    modules: HashMap<String, Names<'a>>,
    loading: HashSet<String>,
    arguments: Names<'a>,
    called: HashSet<*const Function>,
    file: String,
    silent: usize,
    line: Option<u32>,
    calls: usize,
    steps: usize,
    deadline: Instant,
    setting: Option<String>,
}

impl<'a> Analysis<'a> {
    /// Prepares to follow the source at `path`.
    pub(crate) fn new(context: &'a ProjectModules, path: &str, notebook: bool) -> Self {
        Self {
            context,
            path: path.to_owned(),
            notebook,
            facts: SourceFacts::default(),
            scopes: vec![Names::new()],
            objects: Vec::new(),
            modules: HashMap::new(),
            loading: HashSet::new(),
            arguments: Names::new(),
            called: HashSet::new(),
            file: path.to_owned(),
            silent: 0,
            line: None,
            calls: 0,
            steps: 0,
            deadline: Instant::now() + TIME,
            setting: None,
        }
    }

    /// Follows the statements, then the functions that nothing in the source calls, with their defaults.
    pub(crate) fn run(mut self, body: &'a [Stmt]) -> SourceFacts {
        self.block(body);
        self.uncalled(body, None);
        self.facts.target = self.facts.target.take().or(self.setting.take());
        self.facts
    }

    fn uncalled(&mut self, body: &'a [Stmt], object: Option<usize>) {
        for stmt in body {
            match stmt {
                Stmt::Function(function) if !self.called.contains(&std::ptr::from_ref(function)) => {
                    let file = self.file.clone();
                    self.call_function(function, &file, object, &[], &[]);
                }
                Stmt::Class(name, inner) => {
                    let object = match self.lookup(name) {
                        Val::Object(class, _) => Some(class),
                        _ => None,
                    };
                    self.uncalled(inner, object);
                }
                Stmt::Block(_, inner) | Stmt::With(_, inner) => self.uncalled(inner, object),
                _ => {}
            }
        }
    }

    fn spend(&mut self) -> bool {
        self.steps += 1;
        if self.steps % 256 == 0 && Instant::now() > self.deadline {
            self.steps = STEPS;
        }
        self.steps < STEPS
    }

    fn block(&mut self, body: &'a [Stmt]) -> Val<'a> {
        let mut result = Val::Unknown;
        for stmt in body {
            if !self.spend() {
                break;
            }
            let returned = self.statement(stmt);
            if !matches!(returned, Val::Unknown) {
                result = returned;
            }
        }
        result
    }

    fn statement(&mut self, stmt: &'a Stmt) -> Val<'a> {
        match stmt {
            Stmt::Assign(targets, value) => {
                let value = self.eval(value);
                for target in targets {
                    self.assign(target, value.clone());
                }
            }
            Stmt::Expr(value) => {
                self.eval(value);
            }
            Stmt::Return(value) => return value.as_ref().map_or(Val::Unknown, |value| self.eval(value)),
            Stmt::Function(function) => {
                let file = self.file.clone();
                self.set(&function.name, Val::Function(function, file, None));
            }
            Stmt::Class(name, body) => {
                self.scopes.push(Names::new());
                self.block(body);
                let names = self.scopes.pop().unwrap_or_default();
                self.objects.push(names);
                let class = self.objects.len() - 1;
                self.set(name, Val::Object(class, true));
            }
            Stmt::Import(names) => {
                for (name, alias) in names {
                    let first = name.split('.').next().unwrap_or(name);
                    match (self.find(name, 0), alias) {
                        (Some(path), Some(alias)) => self.set(alias, Val::Module(path)),
                        (Some(path), None) if first == name => self.set(name, Val::Module(path)),
                        (Some(path), None) => self.set(name, Val::Module(path)),
                        (None, Some(alias)) => self.set(alias, Val::Import(name.clone())),
                        (None, None) => self.set(first, Val::Import(first.to_owned())),
                    }
                }
            }
            Stmt::From(module, level, names) => self.import_from(module, *level, names),
            Stmt::With(items, body) => {
                for (value, target) in items {
                    let value = self.eval(value);
                    if let Some(target) = target {
                        self.assign(target, value);
                    }
                }
                return self.block(body);
            }
            Stmt::For(target, iter, body) => {
                let iter = self.eval(iter);
                let items = self.items(iter);
                let mut result = Val::Unknown;
                for item in items {
                    self.assign(target, item);
                    let returned = self.block(body);
                    if !matches!(returned, Val::Unknown) {
                        result = returned;
                    }
                }
                return result;
            }
            Stmt::Block(tests, body) => {
                for test in tests {
                    self.eval(test);
                }
                return self.block(body);
            }
        }
        Val::Unknown
    }

    /// What a loop binds, one after the other; one unknown value when the elements are not known.
    fn items(&self, value: Val<'a>) -> Vec<Val<'a>> {
        match value {
            Val::List(items) if !items.is_empty() && items.len() <= LOOP => items,
            Val::List(items) => items.into_iter().take(1).chain([]).collect::<Vec<_>>(),
            Val::Map(entries) if !entries.is_empty() && entries.len() <= LOOP => {
                entries.into_iter().map(|(key, _)| Val::Text(key)).collect()
            }
            _ => vec![Val::Unknown],
        }
    }

    fn find(&mut self, module: &str, level: u32) -> Option<String> {
        let path = self.context.find(&self.file, module, level)?.to_owned();
        if path == self.file {
            return None;
        }
        if self.silent == 0 && self.file == self.path && !self.facts.imports.contains(&path) {
            self.facts.imports.push(path.clone());
        }
        Some(path)
    }

    fn import_from(&mut self, module: &str, level: u32, names: &[(String, Option<String>)]) {
        // `from package import module` and `from . import module` name files; everything else names what is in one.
        let file = self.context.find(&self.file, module, level).filter(|path| *path != self.file).map(str::to_owned);
        for (name, alias) in names {
            let bound = alias.as_ref().unwrap_or(name);
            let inner = if module.is_empty() { name.clone() } else { format!("{module}.{name}") };
            if file.is_some() || level > 0 || self.context.find(&self.file, &inner, 0).is_some() {
                if let Some(path) = self.find(&inner, level) {
                    self.set(bound, Val::Module(path));
                    continue;
                }
            }
            let Some(path) = self.find(module, level) else {
                self.set(bound, Val::Import(inner));
                continue;
            };
            if name == "*" {
                self.load(&path);
                let all = self.modules.get(&path).cloned().unwrap_or_default();
                for (name, value) in all {
                    self.set(&name, value);
                }
                continue;
            }
            let value = self.member(&path, name);
            self.set(bound, value);
        }
    }

    /// A name of another file of the project.
    fn member(&mut self, path: &str, name: &str) -> Val<'a> {
        self.load(path);
        self.modules.get(path).and_then(|names| names.get(name)).cloned().unwrap_or(Val::Unknown)
    }

    fn load(&mut self, path: &str) {
        if self.modules.contains_key(path) || self.loading.len() > 16 || !self.loading.insert(path.to_owned()) {
            return;
        }
        let context = self.context;
        if let Some(parsed) = context.module(path) {
            let scopes = std::mem::replace(&mut self.scopes, vec![Names::new()]);
            let file = std::mem::replace(&mut self.file, path.to_owned());
            // What another file does while it is imported is its own doing.
            self.silent += 1;
            self.block(&parsed.body);
            self.silent -= 1;
            self.file = file;
            let mut inner = std::mem::replace(&mut self.scopes, scopes);
            self.modules.insert(path.to_owned(), inner.pop().unwrap_or_default());
        }
        self.loading.remove(path);
    }

    fn set(&mut self, name: &str, value: Val<'a>) {
        if columns::is_target_setting(name)
            && let Val::Text(text) = &value
            && self.silent == 0
            && !text.contains('*')
        {
            self.setting.get_or_insert_with(|| text.clone());
        }
        if let Some(scope) = self.scopes.last_mut() {
            scope.insert(name.to_owned(), value);
        }
    }

    fn lookup(&self, name: &str) -> Val<'a> {
        self.scopes.iter().rev().find_map(|scope| scope.get(name)).cloned().unwrap_or(Val::Unknown)
    }

    fn assign(&mut self, target: &'a Expr, value: Val<'a>) {
        match target {
            Expr::Name(name) => {
                if columns::is_target_name(name) {
                    self.note_target(&value);
                }
                self.set(name, value);
            }
            Expr::List(targets) => {
                let items = match value {
                    Val::List(items) if items.len() == targets.len() => items,
                    // Splitting a table or its columns gives parts of the same.
                    Val::Table(origin) => vec![Val::Table(origin); targets.len()],
                    _ => vec![Val::Unknown; targets.len()],
                };
                for (target, item) in targets.iter().zip(items) {
                    self.assign(target, item);
                }
            }
            Expr::Attribute(base, name) => match self.eval(base) {
                Val::Object(object, _) => {
                    if let Some(names) = self.objects.get_mut(object) {
                        names.insert(name.clone(), value);
                    }
                }
                Val::Table(_) if name == "columns" => {
                    let names = columns::names(&value);
                    self.create(&names);
                }
                _ => {}
            },
            Expr::Index(base, index) => {
                let (base, by_label) = match &**base {
                    Expr::Attribute(inner, name) if matches!(name.as_str(), "loc" | "at") => (&**inner, true),
                    other => (other, false),
                };
                let table = self.eval_table(base);
                let index = self.eval(index);
                match table {
                    Val::Table(_) | Val::Columns(..) => {
                        let names = match (&index, by_label) {
                            (Val::List(parts), true) => parts.get(1).map(columns::names).unwrap_or_default(),
                            (_, true) => Vec::new(),
                            (index, false) => columns::names(index),
                        };
                        self.create(&names);
                    }
                    Val::Map(mut entries) => {
                        if let (Expr::Name(name), Val::Text(key)) = (base, index)
                            && entries.len() < 1_000
                        {
                            entries.retain(|(other, _)| *other != key);
                            entries.push((key, value));
                            self.set(name, light(Val::Map(entries)));
                        }
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }

    fn create(&mut self, names: &[String]) {
        if self.silent > 0 {
            return;
        }
        for name in names {
            if !self.facts.columns_used.contains(name) {
                add(&mut self.facts.columns_created, name);
            }
        }
    }

    fn use_columns(&mut self, names: &[String], origin: Option<usize>) {
        if self.silent > 0 {
            return;
        }
        for name in names {
            add(&mut self.facts.columns_used, name);
            if let Some(read) = origin.and_then(|origin| self.facts.reads.get_mut(origin))
                && !self.facts.columns_created.contains(name)
            {
                add(&mut read.columns, name);
            }
        }
    }

    fn note_target(&mut self, value: &Val<'a>) {
        if let Val::Columns(names, _) = value
            && let [name] = names.as_slice()
            && self.silent == 0
        {
            self.facts.target.get_or_insert_with(|| name.clone());
        }
    }

    /// A value where a table is expected: a name that people give to tables means one.
    fn eval_table(&mut self, e: &'a Expr) -> Val<'a> {
        let value = self.eval(e);
        match (e, &value) {
            (Expr::Name(name), Val::Unknown) if columns::is_table_name(name) => Val::Table(None),
            _ => value,
        }
    }

    fn eval(&mut self, e: &'a Expr) -> Val<'a> {
        if !self.spend() {
            return Val::Unknown;
        }
        match e {
            Expr::Str(text) => Val::Text(cut(text.clone())),
            Expr::Number(text) => text.parse().map_or(Val::Unknown, Val::Number),
            Expr::Name(name) if name == "__file__" => Val::Text(format!("{ROOT}/{}", self.file)),
            Expr::Name(name) => self.lookup(name),
            Expr::Joined(parts) => {
                let mut text = String::new();
                for part in parts {
                    let value = self.eval(part);
                    text.push_str(&text_of(&value));
                }
                Val::Text(cut(pattern::squeeze(&text)))
            }
            Expr::Attribute(base, name) => self.attribute(base, name),
            Expr::Call(call) => self.call(call),
            Expr::Index(base, index) => self.index(base, index),
            Expr::Binary(op, left, right) => {
                let (left, right) = (self.eval(left), self.eval(right));
                binary(*op, left, right)
            }
            Expr::List(items) => light(Val::List(items.iter().map(|item| self.eval(item)).collect())),
            Expr::Dict(items) => {
                let mut entries = Vec::new();
                for (key, value) in items {
                    let value = self.eval(value);
                    match key.as_ref().map(|key| self.eval(key)) {
                        Some(Val::Text(key)) => entries.push((key, value)),
                        None => {
                            if let Val::Map(inner) = value {
                                entries.extend(inner);
                            }
                        }
                        Some(_) => {}
                    }
                }
                light(Val::Map(entries))
            }
            Expr::Either(choices) => {
                let values: Vec<Val<'a>> = choices.iter().map(|choice| self.eval(choice)).collect();
                values.into_iter().find(|value| !matches!(value, Val::Unknown | Val::Import(_))).unwrap_or(Val::Unknown)
            }
            Expr::Comprehension(element, ranges) => {
                self.scopes.push(Names::new());
                let mut found = Vec::new();
                let first: Vec<Val<'a>> = match ranges.first() {
                    Some((_, iter)) => {
                        let iter = self.eval(iter);
                        self.items(iter)
                    }
                    None => Vec::new(),
                };
                for item in first {
                    for (at, (target, iter)) in ranges.iter().enumerate() {
                        let item = if at == 0 {
                            item.clone()
                        } else {
                            let iter = self.eval(iter);
                            self.items(iter).into_iter().next().unwrap_or(Val::Unknown)
                        };
                        self.assign(target, item);
                    }
                    found.push(self.eval(element));
                }
                self.scopes.pop();
                light(Val::List(found))
            }
            Expr::Other(parts) => {
                for part in parts {
                    self.eval(part);
                }
                Val::Unknown
            }
        }
    }

    fn attribute(&mut self, base: &'a Expr, name: &str) -> Val<'a> {
        // `import a.b` binds the dotted name of a module of the project as a whole.
        if let Some(Val::Module(path)) = dotted(base).and_then(|whole| self.scopes.iter().rev().find_map(|scope| scope.get(&whole)).cloned()) {
            return self.member(&path, name);
        }
        let value = self.eval_table(base);
        match value {
            Val::Import(module) => match (module.as_str(), name) {
                ("os", "sep") => Val::Text("/".to_owned()),
                ("os", "curdir") => Val::Text(".".to_owned()),
                ("os", "pardir") => Val::Text("..".to_owned()),
                _ => Val::Import(format!("{module}.{name}")),
            },
            Val::Module(path) => self.member(&path, name),
            Val::Object(object, is_class) => {
                let found = self.objects.get(object).and_then(|names| names.get(name)).cloned();
                match found {
                    Some(Val::Function(function, file, None)) if !is_class => Val::Function(function, file, Some(object)),
                    Some(value) => value,
                    None => Val::Unknown,
                }
            }
            Val::Arguments => self.arguments.get(name).cloned().unwrap_or(Val::Unknown),
            Val::Document(document) => document.get(name).map_or(Val::Unknown, from_json),
            Val::Map(entries) => entries.into_iter().find(|(key, _)| key == name).map_or(Val::Unknown, |(_, value)| value),
            Val::Path(path) => match name {
                "parent" => Val::Path(pattern::parent(&path)),
                "parents" => {
                    let mut all = Vec::new();
                    let mut at = path;
                    for _ in 0..12 {
                        at = pattern::parent(&at);
                        all.push(Val::Path(at.clone()));
                    }
                    Val::List(all)
                }
                "name" => Val::Text(pattern::name(&path).to_owned()),
                "stem" => Val::Text(split_name(&path).0),
                "suffix" => Val::Text(split_name(&path).1),
                _ => Val::Unknown,
            },
            Val::Table(origin) => {
                if matches!(name, "loc" | "iloc" | "at" | "iat" | "T" | "values" | "str" | "dt" | "cat") {
                    return Val::Table(origin);
                }
                // Only of a table whose origin is known: other things are called `data` as well.
                if origin.is_some() && columns::may_be_column(name) {
                    let names = vec![name.to_owned()];
                    self.use_columns(&names, origin);
                    return Val::Columns(names, origin);
                }
                Val::Unknown
            }
            Val::Columns(names, origin) => Val::Columns(names, origin),
            _ => Val::Unknown,
        }
    }

    fn index(&mut self, base: &'a Expr, index: &'a Expr) -> Val<'a> {
        let by_label = matches!(base, Expr::Attribute(_, name) if matches!(name.as_str(), "loc" | "at"));
        let by_place = matches!(base, Expr::Attribute(_, name) if matches!(name.as_str(), "iloc" | "iat"));
        let value = self.eval_table(base);
        let index = self.eval(index);
        match value {
            Val::Table(origin) | Val::Columns(_, origin) if by_label || by_place => {
                let names = match &index {
                    Val::List(parts) if by_label && parts.len() == 2 => columns::names(&parts[1]),
                    _ => Vec::new(),
                };
                self.use_columns(&names, origin);
                if names.is_empty() { value_again(origin) } else { Val::Columns(names, origin) }
            }
            Val::Table(origin) => {
                let names = columns::names(&index);
                self.use_columns(&names, origin);
                if names.is_empty() { Val::Table(origin) } else { Val::Columns(names, origin) }
            }
            Val::Columns(names, origin) => {
                let inner = columns::names(&index);
                self.use_columns(&inner, origin);
                Val::Columns(if inner.is_empty() { names } else { inner }, origin)
            }
            Val::List(items) => match index {
                Val::Number(at) => {
                    let at = if at < 0 { at + items.len() as i64 } else { at };
                    usize::try_from(at).ok().and_then(|at| items.get(at).cloned()).unwrap_or(Val::Unknown)
                }
                _ => Val::List(items),
            },
            Val::Map(entries) => match index {
                Val::Text(key) => entries.into_iter().find(|(name, _)| *name == key).map_or(Val::Unknown, |(_, value)| value),
                _ => Val::Unknown,
            },
            Val::Document(document) => match index {
                Val::Text(key) => document.get(&key).map_or(Val::Unknown, from_json),
                Val::Number(at) => usize::try_from(at).ok().and_then(|at| document.get(at)).map_or(Val::Unknown, from_json),
                _ => Val::Unknown,
            },
            Val::Arguments => match index {
                Val::Text(key) => self.arguments.get(&key).cloned().unwrap_or(Val::Unknown),
                _ => Val::Unknown,
            },
            _ => Val::Unknown,
        }
    }

    fn call(&mut self, call: &'a Call) -> Val<'a> {
        let (base, method) = match &call.func {
            Expr::Attribute(base, method) => (Some(&**base), method.as_str()),
            Expr::Name(name) => (None, name.as_str()),
            _ => (None, ""),
        };
        let receiver = match base {
            Some(base) => match dotted(base).and_then(|whole| self.scopes.iter().rev().find_map(|scope| scope.get(&whole)).cloned()) {
                Some(module @ Val::Module(_)) => module,
                _ => self.eval_table(base),
            },
            None => Val::Unknown,
        };
        let args: Vec<Val<'a>> = call.args.iter().map(|arg| self.eval_table(arg)).collect();
        let keywords: Vec<(String, Val<'a>)> =
            call.keywords.iter().map(|(name, value)| (name.clone(), self.eval_table(value))).collect();
        if base.is_none() {
            return match self.lookup(method) {
                Val::Function(function, file, object) => self.follow(function, &file, object, &args, &keywords, call.line),
                Val::Object(class, true) => self.instantiate(class, &args, &keywords, call.line),
                Val::Import(name) => self.external(&name, &args, &keywords, call.line),
                _ => self.builtin(method, &args, &keywords, call.line),
            };
        }
        match &receiver {
            Val::Import(module) => {
                let name = format!("{module}.{method}");
                if let Some(operation) = io::spark(module, method) {
                    return self.operate(operation, &name, &args, &keywords, call.line, true);
                }
                self.external(&name, &args, &keywords, call.line)
            }
            Val::Module(path) => {
                let path = path.clone();
                match self.member(&path, method) {
                    Val::Function(function, file, object) => self.follow(function, &file, object, &args, &keywords, call.line),
                    Val::Object(class, true) => self.instantiate(class, &args, &keywords, call.line),
                    _ => Val::Unknown,
                }
            }
            Val::Object(object, is_class) => {
                let found = self.objects.get(*object).and_then(|names| names.get(method)).cloned();
                match found {
                    Some(Val::Function(function, file, None)) => {
                        let bound = (!is_class).then_some(*object);
                        self.follow(function, &file, bound, &args, &keywords, call.line)
                    }
                    _ => self.method(base, method, &receiver, &args, &keywords, call.line),
                }
            }
            Val::Text(text) => text_method(text, method, &args, &keywords),
            Val::Path(path) => {
                let path = path.clone();
                self.path_method(&path, method, &args, &keywords, call.line)
            }
            _ => self.method(base, method, &receiver, &args, &keywords, call.line),
        }
    }

    fn follow(
        &mut self,
        function: &'a Function,
        file: &str,
        object: Option<usize>,
        args: &[Val<'a>],
        keywords: &[(String, Val<'a>)],
        line: u32,
    ) -> Val<'a> {
        let outer = self.line;
        if file != self.file && self.line.is_none() {
            self.line = Some(line);
        }
        let result = self.call_function(function, file, object, args, keywords);
        self.line = outer;
        result
    }

    fn instantiate(&mut self, class: usize, args: &[Val<'a>], keywords: &[(String, Val<'a>)], line: u32) -> Val<'a> {
        if self.objects.len() > 10_000 {
            return Val::Unknown;
        }
        let names = self.objects.get(class).cloned().unwrap_or_default();
        let init = names.get("__init__").cloned();
        self.objects.push(names);
        let object = self.objects.len() - 1;
        match init {
            Some(Val::Function(function, file, _)) => {
                self.follow(function, &file, Some(object), args, keywords, line);
            }
            _ => {
                if let Some(names) = self.objects.get_mut(object) {
                    names.extend(keywords.iter().cloned());
                }
            }
        }
        Val::Object(object, false)
    }

    fn call_function(
        &mut self,
        function: &'a Function,
        file: &str,
        object: Option<usize>,
        args: &[Val<'a>],
        keywords: &[(String, Val<'a>)],
    ) -> Val<'a> {
        self.called.insert(std::ptr::from_ref(function));
        if self.calls >= CALLS || !self.spend() {
            return Val::Unknown;
        }
        self.calls += 1;
        let elsewhere = file != self.file;
        let mut outer = None;
        if elsewhere {
            self.load(file);
            let names = self.modules.get(file).cloned().unwrap_or_default();
            outer = Some((std::mem::replace(&mut self.scopes, vec![names]), std::mem::replace(&mut self.file, file.to_owned())));
        }
        let mut bound = Names::new();
        let mut positional = args.iter();
        for (at, parameter) in function.parameters.iter().enumerate() {
            let named = keywords.iter().find(|(name, _)| *name == parameter.name).map(|(_, value)| value.clone());
            let value = if at == 0 && parameter.name == "self" {
                object.map_or(Val::Unknown, |object| Val::Object(object, false))
            } else if let Some(value) = named {
                value
            } else if let Some(value) = positional.next() {
                value.clone()
            } else if let Some(value) = self.option(function, &parameter.name) {
                value
            } else {
                parameter.default.as_ref().map_or(Val::Unknown, |default| self.eval(default))
            };
            bound.insert(parameter.name.clone(), value);
        }
        if let Some(Val::Text(text)) = bound.iter().find(|(name, _)| columns::is_target_setting(name)).map(|(_, value)| value)
            && self.silent == 0
        {
            self.setting.get_or_insert_with(|| text.clone());
        }
        self.scopes.push(bound);
        let result = self.block(&function.body);
        self.scopes.pop();
        if let Some((scopes, file)) = outer {
            self.scopes = scopes;
            self.file = file;
        }
        self.calls -= 1;
        result
    }

    /// The default that a click decorator gives to a parameter.
    fn option(&mut self, function: &'a Function, name: &str) -> Option<Val<'a>> {
        for decorator in &function.decorators {
            let Expr::Call(call) = decorator else { continue };
            let Expr::Attribute(_, kind) = &call.func else { continue };
            if !matches!(kind.as_str(), "option" | "argument") {
                continue;
            }
            let fits = call.args.iter().any(|arg| matches!(arg, Expr::Str(text) if destination(text) == name));
            if fits {
                let default = call.keywords.iter().find(|(key, _)| key == "default")?;
                return Some(self.eval(&default.1));
            }
        }
        None
    }

    fn builtin(&mut self, name: &str, args: &[Val<'a>], keywords: &[(String, Val<'a>)], line: u32) -> Val<'a> {
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
            "list" | "tuple" | "sorted" | "set" | "reversed" | "vars" | "iter" => args.first().cloned().unwrap_or(Val::Unknown),
            "dict" => Val::Map(keywords.to_vec()),
            "enumerate" => match args.first() {
                Some(Val::List(items)) => Val::List(items.iter().map(|item| Val::List(vec![Val::Unknown, item.clone()])).collect()),
                _ => Val::Unknown,
            },
            "zip" => match args.iter().map(|arg| if let Val::List(items) = arg { Some(items) } else { None }).collect::<Option<Vec<_>>>() {
                Some(lists) => {
                    let length = lists.iter().map(|list| list.len()).min().unwrap_or(0);
                    Val::List((0..length).map(|at| Val::List(lists.iter().map(|list| list[at].clone()).collect())).collect())
                }
                None => Val::Unknown,
            },
            "getattr" => match (args.first(), args.get(1)) {
                (Some(Val::Arguments), Some(Val::Text(name))) => self.arguments.get(name).cloned().unwrap_or(Val::Unknown),
                _ => Val::Unknown,
            },
            _ => Val::Unknown,
        }
    }

    fn open(&mut self, path: Option<&Val<'a>>, mode: Option<&Val<'a>>, call: &str, line: u32) -> Val<'a> {
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
    fn record(&mut self, access: Access, path: &str, call: &str, columns: Vec<String>, line: u32) -> Option<usize> {
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
        if let Some(at) = uses.iter().position(|other| other.pattern == placed && other.line == line && other.call == call) {
            return Some(at);
        }
        uses.push(PathUse { pattern: placed, line, call: call.to_owned(), columns, confidence });
        Some(uses.len() - 1)
    }

    /// Carries out what is known about a call that reads or writes. `any` also takes text that has no sign of a path.
    fn operate(
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

    fn external(&mut self, name: &str, args: &[Val<'a>], keywords: &[(String, Val<'a>)], line: u32) -> Val<'a> {
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
            "os.path.basename" => return text(0).map_or(Val::Unknown, |path| Val::Text(pattern::name(&path).to_owned())),
            "os.path.abspath" | "os.path.realpath" | "os.path.normpath" | "os.path.expanduser" | "os.fspath" | "os.path.expandvars"
            | "hydra.utils.to_absolute_path" => {
                return text(0).map_or(Val::Unknown, Val::Text);
            }
            "os.path.splitext" => {
                let Some(path) = text(0) else { return Val::Unknown };
                let (_, suffix) = split_name(&path);
                let stem = path.strip_suffix(&suffix).unwrap_or(&path).to_owned();
                return Val::List(vec![Val::Text(stem), Val::Text(suffix)]);
            }
            "glob.glob" | "glob.iglob" => return text(0).map_or(Val::Unknown, |path| Val::List(vec![Val::Text(path.replace("**", "*"))])),
            "os.listdir" | "os.scandir" => return Val::List(vec![Val::Text("*".to_owned())]),
            "os.getenv" | "os.environ.get" => return args.get(1).or_else(|| keyword(keywords, "default")).cloned().unwrap_or(Val::Unknown),
            "typer.Option" | "typer.Argument" => return args.first().or_else(|| keyword(keywords, "default")).cloned().unwrap_or(Val::Unknown),
            "pydantic.Field" | "dataclasses.field" => return keyword(keywords, "default").or(args.first()).cloned().unwrap_or(Val::Unknown),
            "yaml.safe_load" | "yaml.load" | "yaml.full_load" | "json.load" | "toml.load" | "tomllib.load" | "omegaconf.OmegaConf.load" => {
                let Some(path) = text(0) else { return Val::Unknown };
                if !matches!(args.first(), Some(Val::Handle(_))) {
                    self.record(Access::Read, &path, name, Vec::new(), line);
                }
                let bare = path.trim_start_matches(ROOT);
                return self.context.document(&pattern::normal(bare.trim_start_matches('/'))).map_or(Val::Unknown, from_json);
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
            "pandas.concat" | "polars.concat" | "pandas.merge" | "pandas.get_dummies" | "pandas.DataFrame" | "polars.DataFrame"
            | "pandas.merge_asof" | "pandas.json_normalize" | "pandas.melt" | "pandas.pivot_table" => {
                for key in ["on", "left_on", "right_on", "columns", "by", "index", "values"] {
                    if let Some(value) = keyword(keywords, key)
                        && !(key == "columns" && name.ends_with("DataFrame"))
                    {
                        let names = columns::names(value);
                        self.use_columns(&names, None);
                    }
                }
                if name.ends_with("DataFrame") {
                    let names = args.first().filter(|value| matches!(value, Val::Map(_))).map(columns::names).unwrap_or_default();
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
        if matches!(last, "DMatrix" | "Dataset" | "Pool" | "QuantileDMatrix") {
            if let Some(label) = keyword(keywords, "label").or(args.get(1)) {
                self.note_target(label);
            }
        }
        if last == "ColumnTransformer" || last == "make_column_transformer" {
            self.transformer_columns(args, keywords);
        }
        let is_model = ["sklearn", "xgboost", "lightgbm", "catboost", "imblearn", "keras", "torch", "tensorflow", "statsmodels", "prophet"]
            .contains(&module.split('.').next().unwrap_or(""));
        if is_model && last.starts_with(|first: char| first.is_ascii_uppercase()) && self.silent == 0 {
            add(&mut self.facts.model_classes, name);
        }
        Val::Unknown
    }

    fn transformer_columns(&mut self, args: &[Val<'a>], keywords: &[(String, Val<'a>)]) {
        let mut lists: Vec<&Val<'a>> = args.iter().collect();
        lists.extend(keyword(keywords, "transformers"));
        let mut found = Vec::new();
        for list in lists {
            let Val::List(parts) = list else { continue };
            let nested: Vec<&Vec<Val<'a>>> = parts.iter().filter_map(|part| if let Val::List(inner) = part { Some(inner) } else { None }).collect();
            if nested.iter().any(|inner| inner.len() >= 3) {
                found.extend(nested.iter().filter_map(|inner| inner.get(2)).flat_map(columns::names));
            } else if let Some(last) = parts.last() {
                found.extend(columns::names(last));
            }
        }
        self.use_columns(&found, None);
    }

    /// File names in the text of a query, such as `select * from 'data/x.parquet'`.
    fn query(&mut self, query: &str, call: &str, line: u32) {
        for (at, part) in query.split('\'').enumerate() {
            let ends = [".csv", ".parquet", ".json", ".tsv", ".ndjson", ".csv.gz"].iter().any(|ending| part.ends_with(ending));
            if at % 2 == 1 && ends {
                let before = query.split('\'').take(at).last().unwrap_or("").trim_end().to_lowercase();
                let access = if before.ends_with(" to") { Access::Write } else { Access::Read };
                self.record(access, part, call, Vec::new(), line);
            }
        }
    }

    fn path_method(&mut self, path: &str, method: &str, args: &[Val<'a>], keywords: &[(String, Val<'a>)], line: u32) -> Val<'a> {
        let first = args.first().and_then(path_text);
        match method {
            "resolve" | "absolute" | "expanduser" | "as_posix" | "__str__" if method == "as_posix" => Val::Text(path.to_owned()),
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
                Val::Path(pattern::join(&pattern::parent(path), &format!("{}{suffix}", first.unwrap_or_else(|| "*".to_owned()))))
            }
            "glob" | "rglob" => {
                let inner = first.unwrap_or_else(|| "*".to_owned());
                let inner = if method == "rglob" { format!("*{}", inner.trim_start_matches('*')) } else { inner.replace("**/", "*") };
                Val::List(vec![Val::Path(pattern::join(path, &inner))])
            }
            "iterdir" => Val::List(vec![Val::Path(pattern::join(path, "*"))]),
            "open" => self.open(Some(&Val::Path(path.to_owned())), args.first().or_else(|| keyword(keywords, "mode")), "pathlib.Path.open", line),
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
    fn method(
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
                return if method == "parse_args" { Val::Arguments } else { Val::List(vec![Val::Arguments, Val::Unknown]) };
            }
            ("set_defaults", _) => {
                self.arguments.extend(keywords.iter().cloned());
                return Val::Unknown;
            }
            ("get", Val::Map(_) | Val::Document(_) | Val::Arguments) => {
                let found = match (receiver, args.first()) {
                    (Val::Map(entries), Some(Val::Text(key))) => entries.iter().find(|(name, _)| name == key).map(|(_, value)| value.clone()),
                    (Val::Document(document), Some(Val::Text(key))) => document.get(key).map(from_json),
                    (Val::Arguments, Some(Val::Text(key))) => self.arguments.get(key).cloned(),
                    _ => None,
                };
                return found.or_else(|| args.get(1).cloned()).unwrap_or(Val::Unknown);
            }
            ("items", Val::Map(entries)) => {
                return Val::List(entries.iter().map(|(key, value)| Val::List(vec![Val::Text(key.clone()), value.clone()])).collect());
            }
            ("values", Val::Map(entries)) => return Val::List(entries.iter().map(|(_, value)| value.clone()).collect()),
            ("keys", Val::Map(entries)) => return Val::List(entries.iter().map(|(key, _)| Val::Text(key.clone())).collect()),
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

    fn table_method(
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
                    names.extend(args.first().or_else(|| keyword(keywords, "labels")).map(columns::names).unwrap_or_default());
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
                let names: Vec<String> = keywords.iter().map(|(name, _)| name.clone()).filter(|name| !name.is_empty()).collect();
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
            for value in positions.iter().filter_map(|at| args.get(*at)).chain(named.iter().filter_map(|name| keyword(keywords, name))) {
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

    fn add_argument(&mut self, args: &[Val<'a>], keywords: &[(String, Val<'a>)]) {
        let names: Vec<&String> = args.iter().filter_map(|arg| if let Val::Text(text) = arg { Some(text) } else { None }).collect();
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

/// The value, or nothing when it holds so much that copying it would take long.
fn light(value: Val<'_>) -> Val<'_> {
    let mut left = WEIGHT;
    if weigh(&value, &mut left) { value } else { Val::Unknown }
}

fn weigh(value: &Val<'_>, left: &mut usize) -> bool {
    let Some(rest) = left.checked_sub(1) else { return false };
    *left = rest;
    match value {
        Val::List(items) => items.iter().all(|item| weigh(item, left)),
        Val::Map(entries) => entries.iter().all(|(_, item)| weigh(item, left)),
        _ => true,
    }
}

fn add(list: &mut Vec<String>, name: &str) {
    if list.len() < 100_000 && !list.iter().any(|other| other == name) {
        list.push(name.to_owned());
    }
}

fn value_again<'a>(origin: Option<usize>) -> Val<'a> {
    Val::Table(origin)
}

fn value_like<'a>(receiver: &Val<'a>, origin: Option<usize>) -> Val<'a> {
    match receiver {
        Val::Columns(names, _) => Val::Columns(names.clone(), origin),
        _ => Val::Table(origin),
    }
}

fn keyword<'v, 'a>(keywords: &'v [(String, Val<'a>)], name: &str) -> Option<&'v Val<'a>> {
    keywords.iter().find(|(key, _)| key == name).map(|(_, value)| value)
}

/// The name under which an option arrives: `--input-path` as `input_path`.
fn destination(option: &str) -> String {
    option.split(['/', ' ']).next().unwrap_or(option).trim_start_matches('-').replace('-', "_")
}

fn folder(path: &str) -> String {
    path.rsplit_once('/').map(|(folder, _)| folder.to_owned()).unwrap_or_default()
}

fn cut(text: String) -> String {
    match text.char_indices().nth(TEXT) {
        Some((at, _)) => format!("{}*", &text[..at]),
        None => text,
    }
}

fn split_name(path: &str) -> (String, String) {
    let name = pattern::name(path);
    match name.rfind('.').filter(|at| *at > 0) {
        Some(at) => (name[..at].to_owned(), name[at..].to_owned()),
        None => (name.to_owned(), String::new()),
    }
}

/// A value inside a text.
fn text_of(value: &Val<'_>) -> String {
    match value {
        Val::Text(text) | Val::Path(text) | Val::Handle(text) => text.clone(),
        Val::Number(number) => number.to_string(),
        _ => "*".to_owned(),
    }
}

/// A value as the path of a file, if it can be one.
fn path_text(value: &Val<'_>) -> Option<String> {
    match value {
        Val::Text(text) | Val::Path(text) | Val::Handle(text) => Some(text.clone()),
        Val::List(items) => items.first().and_then(|first| if matches!(first, Val::List(_)) { None } else { path_text(first) }),
        _ => None,
    }
}

fn from_json<'a>(value: &serde_json::Value) -> Val<'a> {
    match value {
        serde_json::Value::String(text) => Val::Text(text.clone()),
        serde_json::Value::Number(number) => number.as_i64().map_or(Val::Unknown, Val::Number),
        serde_json::Value::Array(items) => Val::List(items.iter().map(from_json).collect()),
        serde_json::Value::Object(_) => Val::Document(value.clone()),
        _ => Val::Unknown,
    }
}

fn binary<'a>(op: char, left: Val<'a>, right: Val<'a>) -> Val<'a> {
    match (op, left, right) {
        ('/', Val::Path(left), right) => Val::Path(pattern::join(&left, &path_text(&right).unwrap_or_else(|| "*".to_owned()))),
        // Something unknown, joined with text: a path whose folder is not known.
        ('/', Val::Unknown, Val::Text(right)) => Val::Path(pattern::join("*", &right)),
        ('/', Val::Text(left), Val::Path(right)) => Val::Path(pattern::join(&left, &right)),
        ('+', Val::List(mut left), Val::List(right)) if left.len() + right.len() < 100_000 => {
            left.extend(right);
            light(Val::List(left))
        }
        ('+', Val::List(left), _) => Val::List(left),
        ('+', Val::Columns(left, origin), _) | ('+' | '/' | '%' | '?', _, Val::Columns(left, origin)) => Val::Columns(left, origin),
        ('+', Val::Number(left), Val::Number(right)) => left.checked_add(right).map_or(Val::Unknown, Val::Number),
        ('+', left @ (Val::Text(_) | Val::Unknown), right @ (Val::Text(_) | Val::Unknown | Val::Number(_))) => {
            if matches!((&left, &right), (Val::Unknown, Val::Unknown)) {
                return Val::Unknown;
            }
            Val::Text(cut(pattern::squeeze(&format!("{}{}", text_of(&left), text_of(&right)))))
        }
        ('%', Val::Text(left), right) => {
            let values = match right {
                Val::List(items) => items,
                other => vec![other],
            };
            Val::Text(percent(&left, &values))
        }
        ('?' | '/' | '%', Val::Columns(names, origin), _) => Val::Columns(names, origin),
        (_, Val::Table(origin), _) | (_, _, Val::Table(origin)) => Val::Table(origin),
        _ => Val::Unknown,
    }
}

/// `"%s/%d.csv" % values`.
fn percent(text: &str, values: &[Val<'_>]) -> String {
    let (mut result, mut values, mut letters) = (String::new(), values.iter(), text.chars().peekable());
    while let Some(letter) = letters.next() {
        if letter != '%' {
            result.push(letter);
            continue;
        }
        let mut spec = String::new();
        while let Some(next) = letters.next_if(|next| !next.is_alphabetic() && *next != '%') {
            spec.push(next);
        }
        match letters.next() {
            Some('%') => result.push('%'),
            Some(_) => {
                let value = values.next().map_or("*".to_owned(), text_of);
                result.push_str(if spec.is_empty() { &value } else { "*" });
            }
            None => {}
        }
    }
    cut(pattern::squeeze(&result))
}

fn text_method<'a>(text: &str, method: &str, args: &[Val<'a>], keywords: &[(String, Val<'a>)]) -> Val<'a> {
    let plain = |at: usize| match args.get(at) {
        Some(Val::Text(text)) if !text.contains('*') => Some(text.as_str()),
        _ => None,
    };
    Val::Text(match method {
        "format" => {
            let mut result = String::new();
            let mut next = 0;
            let mut rest = text;
            while let Some((before, after)) = rest.split_once('{') {
                result.push_str(before);
                if let Some(after) = after.strip_prefix('{') {
                    result.push('{');
                    rest = after;
                    continue;
                }
                let Some((hole, after)) = after.split_once('}') else { break };
                rest = after;
                let value = match hole {
                    "" => {
                        next += 1;
                        args.get(next - 1)
                    }
                    hole => hole.parse::<usize>().ok().and_then(|at| args.get(at)).or_else(|| keyword(keywords, hole)),
                };
                result.push_str(&value.map_or("*".to_owned(), text_of));
            }
            result.push_str(rest);
            pattern::squeeze(&result)
        }
        "join" => match args.first() {
            Some(Val::List(items)) => items.iter().map(text_of).collect::<Vec<_>>().join(text),
            _ => "*".to_owned(),
        },
        "replace" => match (plain(0), plain(1)) {
            (Some(from), Some(to)) if !from.is_empty() => text.replace(from, to),
            _ => return Val::Unknown,
        },
        "lower" => text.to_lowercase(),
        "upper" => text.to_uppercase(),
        "strip" | "lstrip" | "rstrip" | "encode" | "decode" | "expandtabs" => text.trim().to_owned(),
        "rsplit" | "split" => {
            let Some(by) = plain(0).filter(|by| !by.is_empty()) else {
                return Val::List(text.split_whitespace().map(|part| Val::Text(part.to_owned())).collect());
            };
            return Val::List(text.split(by).map(|part| Val::Text(part.to_owned())).collect());
        }
        _ => return Val::Unknown,
    })
}

/// A chain of names such as `a.b.c` as text.
fn dotted(e: &Expr) -> Option<String> {
    match e {
        Expr::Name(name) => Some(name.clone()),
        Expr::Attribute(base, name) => Some(format!("{}.{name}", dotted(base)?)),
        _ => None,
    }
}

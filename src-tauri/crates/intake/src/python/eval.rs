//! Follows values through a source: constants, paths, tables, functions of the project. Runs none of it.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use super::SourceFacts;
use super::columns;
use super::pattern;
use super::project::ProjectModules;
use super::syntax::{Expr, Function, Stmt};
use super::values::{add, binary, cut, dotted, from_json, light, split_name, text_of, value_again};

/// Stands for the root of the project at the start of a path that was made from `__file__`.
pub(super) const ROOT: char = '\u{1}';
/// How deep calls are followed.
pub(super) const CALLS: usize = 6;
/// How many statements and calls are followed in one source.
const STEPS: usize = 200_000;
/// How long one source is followed.
const TIME: Duration = Duration::from_secs(5);
/// How many values one value may hold.
pub(super) const WEIGHT: usize = 20_000;
/// How many elements of a list a loop is followed over.
const LOOP: usize = 64;

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

pub(super) type Names<'a> = HashMap<String, Val<'a>>;

/// One source being followed.
pub(crate) struct Analysis<'a> {
    pub(super) context: &'a ProjectModules,
    pub(super) path: String,
    pub(super) notebook: bool,
    pub(super) facts: SourceFacts,
    pub(super) scopes: Vec<Names<'a>>,
    pub(super) objects: Vec<Names<'a>>,
    pub(super) modules: HashMap<String, Names<'a>>,
    pub(super) loading: HashSet<String>,
    pub(super) arguments: Names<'a>,
    pub(super) called: HashSet<*const Function>,
    pub(super) file: String,
    pub(super) silent: usize,
    pub(super) line: Option<u32>,
    pub(super) calls: usize,
    pub(super) steps: usize,
    pub(super) deadline: Instant,
    pub(super) setting: Option<String>,
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

    pub(super) fn uncalled(&mut self, body: &'a [Stmt], object: Option<usize>) {
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

    pub(super) fn spend(&mut self) -> bool {
        self.steps += 1;
        if self.steps.is_multiple_of(256) && Instant::now() > self.deadline {
            self.steps = STEPS;
        }
        self.steps < STEPS
    }

    pub(super) fn block(&mut self, body: &'a [Stmt]) -> Val<'a> {
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

    pub(super) fn statement(&mut self, stmt: &'a Stmt) -> Val<'a> {
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
    pub(super) fn items(&self, value: Val<'a>) -> Vec<Val<'a>> {
        match value {
            Val::List(items) if !items.is_empty() && items.len() <= LOOP => items,
            Val::List(items) => items.into_iter().take(1).chain([]).collect::<Vec<_>>(),
            Val::Map(entries) if !entries.is_empty() && entries.len() <= LOOP => {
                entries.into_iter().map(|(key, _)| Val::Text(key)).collect()
            }
            _ => vec![Val::Unknown],
        }
    }

    pub(super) fn find(&mut self, module: &str, level: u32) -> Option<String> {
        let path = self.context.find(&self.file, module, level)?.to_owned();
        if path == self.file {
            return None;
        }
        if self.silent == 0 && self.file == self.path && !self.facts.imports.contains(&path) {
            self.facts.imports.push(path.clone());
        }
        Some(path)
    }

    pub(super) fn import_from(&mut self, module: &str, level: u32, names: &[(String, Option<String>)]) {
        // `from package import module` and `from . import module` name files; everything else names what is in one.
        let file = self.context.find(&self.file, module, level).filter(|path| *path != self.file).map(str::to_owned);
        for (name, alias) in names {
            let bound = alias.as_ref().unwrap_or(name);
            let inner = if module.is_empty() { name.clone() } else { format!("{module}.{name}") };
            if (file.is_some() || level > 0 || self.context.find(&self.file, &inner, 0).is_some())
                && let Some(path) = self.find(&inner, level)
            {
                self.set(bound, Val::Module(path));
                continue;
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
    pub(super) fn member(&mut self, path: &str, name: &str) -> Val<'a> {
        self.load(path);
        self.modules.get(path).and_then(|names| names.get(name)).cloned().unwrap_or(Val::Unknown)
    }

    pub(super) fn load(&mut self, path: &str) {
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

    pub(super) fn set(&mut self, name: &str, value: Val<'a>) {
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

    pub(super) fn lookup(&self, name: &str) -> Val<'a> {
        self.scopes.iter().rev().find_map(|scope| scope.get(name)).cloned().unwrap_or(Val::Unknown)
    }

    pub(super) fn assign(&mut self, target: &'a Expr, value: Val<'a>) {
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

    pub(super) fn create(&mut self, names: &[String]) {
        if self.silent > 0 {
            return;
        }
        for name in names {
            if !self.facts.columns_used.contains(name) {
                add(&mut self.facts.columns_created, name);
            }
        }
    }

    pub(super) fn use_columns(&mut self, names: &[String], origin: Option<usize>) {
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

    pub(super) fn note_target(&mut self, value: &Val<'a>) {
        if let Val::Columns(names, _) = value
            && let [name] = names.as_slice()
            && self.silent == 0
        {
            self.facts.target.get_or_insert_with(|| name.clone());
        }
    }

    /// A value where a table is expected: a name that people give to tables means one.
    pub(super) fn eval_table(&mut self, e: &'a Expr) -> Val<'a> {
        let value = self.eval(e);
        match (e, &value) {
            (Expr::Name(name), Val::Unknown) if columns::is_table_name(name) => Val::Table(None),
            _ => value,
        }
    }

    pub(super) fn eval(&mut self, e: &'a Expr) -> Val<'a> {
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

    pub(super) fn attribute(&mut self, base: &'a Expr, name: &str) -> Val<'a> {
        // `import a.b` binds the dotted name of a module of the project as a whole.
        if let Some(Val::Module(path)) =
            dotted(base).and_then(|whole| self.scopes.iter().rev().find_map(|scope| scope.get(&whole)).cloned())
        {
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
                    Some(Val::Function(function, file, None)) if !is_class => {
                        Val::Function(function, file, Some(object))
                    }
                    Some(value) => value,
                    None => Val::Unknown,
                }
            }
            Val::Arguments => self.arguments.get(name).cloned().unwrap_or(Val::Unknown),
            Val::Document(document) => document.get(name).map_or(Val::Unknown, from_json),
            Val::Map(entries) => {
                entries.into_iter().find(|(key, _)| key == name).map_or(Val::Unknown, |(_, value)| value)
            }
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

    pub(super) fn index(&mut self, base: &'a Expr, index: &'a Expr) -> Val<'a> {
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
                Val::Text(key) => {
                    entries.into_iter().find(|(name, _)| *name == key).map_or(Val::Unknown, |(_, value)| value)
                }
                _ => Val::Unknown,
            },
            Val::Document(document) => match index {
                Val::Text(key) => document.get(&key).map_or(Val::Unknown, from_json),
                Val::Number(at) => {
                    usize::try_from(at).ok().and_then(|at| document.get(at)).map_or(Val::Unknown, from_json)
                }
                _ => Val::Unknown,
            },
            Val::Arguments => match index {
                Val::Text(key) => self.arguments.get(&key).cloned().unwrap_or(Val::Unknown),
                _ => Val::Unknown,
            },
            _ => Val::Unknown,
        }
    }
}

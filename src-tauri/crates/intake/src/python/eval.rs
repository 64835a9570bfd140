//! Follows values through a source: statement by statement, branch by branch. Runs none of it.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::facts::SourceFacts;
use super::frame::{Frame, Sources};
use super::learn::Model;
use super::names;
use super::project::ProjectModules;
use super::sql::Connection;
use super::tree::{Class, Expr, Function, Stmt};
use super::values::{Closure, Val, either};

/// Stands for the root of the project at the start of a path that was made from `__file__`.
pub(super) const ROOT: char = '\u{1}';
/// How deep calls are followed.
pub(super) const CALLS: usize = 12;
/// How many statements and expressions are followed in one source.
const STEPS: usize = 400_000;
/// How long one source is followed.
const TIME: Duration = Duration::from_secs(5);
/// How many elements of a list a loop is followed over.
const LOOP: usize = 64;

pub(super) type Names<'a> = HashMap<String, Val<'a>>;

/// The names of a module, function or class while it runs.
#[derive(Debug, Default)]
pub(super) struct Space<'a> {
    pub(super) names: Names<'a>,
    /// Names that mean those of the module.
    pub(super) global: HashSet<String>,
}

/// A class or an object of one.
#[derive(Debug, Default)]
pub(super) struct Thing<'a> {
    pub(super) names: Names<'a>,
    /// The class of an object.
    pub(super) class: Option<usize>,
    /// The first base of a class that is one of the project.
    pub(super) base: Option<usize>,
    /// Whether a base of the class is of a library, which may then call its methods.
    pub(super) foreign: bool,
    /// The class itself.
    pub(super) source: Option<&'a Class>,
}

/// One source being followed.
pub(crate) struct Analysis<'a> {
    pub(super) context: &'a ProjectModules,
    pub(super) path: Rc<str>,
    pub(super) notebook: bool,
    pub(super) facts: SourceFacts,
    pub(super) spaces: Vec<Space<'a>>,
    pub(super) scopes: Rc<Vec<usize>>,
    pub(super) things: Vec<Thing<'a>>,
    pub(super) modules: HashMap<String, usize>,
    pub(super) tables: Vec<Frame>,
    pub(super) models: Vec<Model<'a>>,
    pub(super) connections: Vec<Connection>,
    /// Tables by the name under which queries in Spark and DuckDB know them.
    pub(super) views: HashMap<String, usize>,
    pub(super) arguments: Names<'a>,
    /// How many arguments without a name the parsers take.
    pub(super) positionals: usize,
    pub(super) called: HashSet<*const Function>,
    pub(super) active: Vec<*const Function>,
    pub(super) file: Rc<str>,
    /// The working folder, when the source changed it.
    pub(super) folder: Option<Rc<str>>,
    /// The line of the analysed file from which another file is followed.
    pub(super) line: Option<u32>,
    pub(super) steps: usize,
    pub(super) deadline: Instant,
    pub(super) setting: Option<String>,
    /// Above zero: what is followed does not happen when the source is run with its defaults.
    pub(super) aside: usize,
    /// The class whose body is running, with its space.
    pub(super) class: Option<(usize, usize)>,
    pub(super) returns: Vec<Vec<Val<'a>>>,
    pub(super) yields: Vec<Vec<Val<'a>>>,
    /// What the tests in functions that are applied to rows depend on.
    pub(super) tests: Vec<Sources>,
    /// Changes of names since a branch began: space, name, what it was.
    pub(super) journal: Option<Vec<(usize, String, Option<Val<'a>>)>>,
    /// A function that nothing calls: anybody may call it with anything.
    pub(super) uncalled: Option<*const Function>,
    /// Work for column bookkeeping, so that wide tables end too.
    pub(super) copied: usize,
}

impl<'a> Analysis<'a> {
    /// Prepares to follow the source at `path`.
    pub(crate) fn new(context: &'a ProjectModules, path: &str, notebook: bool) -> Self {
        Self {
            context,
            path: path.into(),
            notebook,
            facts: SourceFacts::default(),
            spaces: vec![Space::default()],
            scopes: Rc::new(vec![0]),
            things: Vec::new(),
            modules: HashMap::from([(path.to_owned(), 0)]),
            tables: Vec::new(),
            models: Vec::new(),
            connections: Vec::new(),
            views: HashMap::new(),
            arguments: Names::new(),
            positionals: 0,
            called: HashSet::new(),
            active: Vec::new(),
            file: path.into(),
            folder: None,
            line: None,
            steps: 0,
            deadline: Instant::now() + TIME,
            setting: None,
            aside: 0,
            class: None,
            returns: Vec::new(),
            yields: Vec::new(),
            tests: Vec::new(),
            journal: None,
            uncalled: None,
            copied: 0,
        }
    }

    /// Follows the statements, then what a library calls in objects that were made, then the functions that nothing calls.
    pub(crate) fn run(mut self, body: &'a [Stmt]) -> SourceFacts {
        self.block(body);
        self.awaited();
        self.aside += 1;
        self.uncalled(body, None);
        self.aside -= 1;
        self.unused_connections();
        self.facts.target = self.facts.target.take().or(self.setting.take());
        self.facts
    }

    /// Methods of objects whose class extends one of a library: the library calls them.
    fn awaited(&mut self) {
        let objects: Vec<(usize, usize)> =
            self.things.iter().enumerate().filter_map(|(at, thing)| Some((at, thing.class?))).collect();
        for (object, class) in objects.into_iter().take(200) {
            let Some(source) = self.things[class].source.filter(|_| self.is_foreign(class)) else { continue };
            for stmt in &source.body {
                if let Stmt::Function(function) = stmt
                    && !self.called.contains(&std::ptr::from_ref(function))
                    && let Some(method) = self.attribute_of(object, &function.name)
                {
                    self.invoke(&method, &[], &[], 1);
                }
            }
        }
    }

    fn is_foreign(&self, class: usize) -> bool {
        let mut at = Some(class);
        for _ in 0..16 {
            let Some(thing) = at.and_then(|at| self.things.get(at)) else { return false };
            if thing.foreign {
                return true;
            }
            at = thing.base;
        }
        false
    }

    fn uncalled(&mut self, body: &'a [Stmt], class: Option<usize>) {
        for stmt in body {
            match stmt {
                Stmt::Function(function) if !self.called.contains(&std::ptr::from_ref(function)) => {
                    let object = class.map(|class| self.object_of(class));
                    let closure = Closure {
                        function,
                        file: self.file.clone(),
                        scopes: self.scopes.clone(),
                        object: object.map(|object| (object, false)),
                        class,
                    };
                    self.uncalled = Some(std::ptr::from_ref(function));
                    self.call_function(&Rc::new(closure), &[], &[]);
                    self.uncalled = None;
                }
                Stmt::Class(class) => {
                    if let Val::Object(found, true) = self.lookup(&class.name) {
                        self.uncalled(&class.body, Some(found));
                    }
                }
                Stmt::If(branches) => branches.iter().for_each(|(_, inner)| self.uncalled(inner, class)),
                Stmt::Block(_, inner) | Stmt::With(_, inner) | Stmt::Try(inner, _) => self.uncalled(inner, class),
                _ => {}
            }
        }
    }

    /// An object of a class as it is before anything was called on it.
    fn object_of(&mut self, class: usize) -> usize {
        let made = self.things.iter().position(|thing| thing.class == Some(class));
        made.unwrap_or_else(|| match self.instantiate(class, &[], &[], 1) {
            Val::Object(object, false) => object,
            _ => class,
        })
    }

    pub(super) fn spend(&mut self) -> bool {
        self.steps += 1;
        if self.steps.is_multiple_of(256) && Instant::now() > self.deadline {
            self.steps = STEPS;
        }
        self.steps < STEPS
    }

    /// Follows statements. Returns whether what comes after them is not reached.
    pub(super) fn block(&mut self, body: &'a [Stmt]) -> bool {
        for stmt in body {
            if !self.spend() || self.statement(stmt) {
                return true;
            }
        }
        false
    }

    fn statement(&mut self, stmt: &'a Stmt) -> bool {
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
            Stmt::Return(value) => {
                let value = value.as_ref().map_or(Val::Nothing, |value| self.eval(value));
                if let Some(returns) = self.returns.last_mut() {
                    returns.push(value);
                }
                return true;
            }
            Stmt::Function(function) => {
                let closure = self.closure(function);
                self.set(&function.name, closure);
            }
            Stmt::Class(class) => self.define(class),
            Stmt::Import(names, line) => self.import(names, *line),
            Stmt::From(module, level, names, line) => self.import_from(module, *level, names, *line),
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
                let items = self.elements(&iter);
                for item in items {
                    self.assign(target, item);
                    self.block(body);
                }
            }
            Stmt::If(branches) => return self.branches(branches),
            Stmt::Try(body, handlers) => {
                self.block(body);
                let handlers: Vec<&'a [Stmt]> = handlers.iter().map(Vec::as_slice).collect();
                self.alternatives(&handlers, true);
            }
            Stmt::Block(tests, body) => {
                for test in tests {
                    self.eval(test);
                }
                self.block(body);
            }
            Stmt::Global(names) => {
                if let Some(space) = self.scopes.last().and_then(|at| self.spaces.get_mut(*at)) {
                    space.global.extend(names.iter().cloned());
                }
            }
            Stmt::Declare(_) => {}
        }
        false
    }

    fn branches(&mut self, branches: &'a [(Option<Expr>, Vec<Stmt>)]) -> bool {
        let mut open: Vec<&'a [Stmt]> = Vec::new();
        let mut complete = false;
        for (test, body) in branches {
            let value = test.as_ref().map_or(Val::Bool(true), |test| self.eval(test));
            if let (Val::Series(series), Some(tests)) = (&value, self.tests.last_mut()) {
                tests.add(&series.sources);
            }
            match truth(&value) {
                Some(true) => {
                    open.push(body);
                    complete = true;
                    break;
                }
                // What is compared with `None` or asked for its module is settled; a switch may be set another time.
                Some(false) if test.as_ref().is_some_and(is_settled) => {}
                Some(false) => {
                    self.aside += 1;
                    self.alternatives(&[body], true);
                    self.aside -= 1;
                }
                None => open.push(body),
            }
        }
        match open.as_slice() {
            [] => false,
            [only] if complete => self.block(only),
            _ => self.alternatives(&open, !complete),
        }
    }

    /// Follows each from the same start; afterwards a name has the values of all. `none`: perhaps none of them runs.
    fn alternatives(&mut self, bodies: &[&'a [Stmt]], none: bool) -> bool {
        let outer = self.journal.take();
        let mut ends: Vec<HashMap<(usize, String), Val<'a>>> = Vec::new();
        let mut before: HashMap<(usize, String), Option<Val<'a>>> = HashMap::new();
        let mut all_ended = !none;
        for body in bodies {
            self.journal = Some(Vec::new());
            let ended = self.block(body);
            let mut changed = HashMap::new();
            for (space, name, old) in self.journal.take().unwrap_or_default().into_iter().rev() {
                let key = (space, name);
                if let Some(names) = self.spaces.get_mut(space).map(|space| &mut space.names) {
                    if !changed.contains_key(&key)
                        && let Some(now) = names.get(&key.1)
                    {
                        changed.insert(key.clone(), now.clone());
                    }
                    match &old {
                        Some(old) => names.insert(key.1.clone(), old.clone()),
                        None => names.remove(&key.1),
                    };
                }
                before.insert(key, old);
            }
            all_ended &= ended;
            if !ended {
                ends.push(changed);
            }
        }
        if none {
            ends.push(HashMap::new());
        }
        self.journal = outer;
        for ((space, name), old) in before {
            let key = (space, name);
            let values: Vec<Val<'a>> =
                ends.iter().map(|end| end.get(&key).cloned().or_else(|| old.clone()).unwrap_or_default()).collect();
            let value = self.joined(values);
            if value.is_known() || old.is_some() {
                self.set_in(key.0, &key.1, value);
            }
        }
        all_ended
    }

    /// One value that stands for any of these.
    pub(super) fn joined(&mut self, values: Vec<Val<'a>>) -> Val<'a> {
        let tables: Vec<usize> =
            values.iter().filter_map(|it| if let Val::Table(at) = it { Some(*at) } else { None }).collect();
        if let [first, rest @ ..] = tables.as_slice() {
            let rest: Vec<usize> = rest.iter().filter(|at| *at != first).copied().collect();
            if rest.is_empty() {
                return Val::Table(*first);
            }
            let mut whole = self.tables[*first].clone();
            for at in rest.into_iter().take(16) {
                whole = whole.stacked(&self.tables[at]);
            }
            return self.table(whole);
        }
        let series: Vec<_> =
            values.iter().filter_map(|it| if let Val::Series(it) = it { Some(it.clone()) } else { None }).collect();
        if let [first, rest @ ..] = series.as_slice() {
            let mut whole = (**first).clone();
            for other in rest {
                whole.sources.add(&other.sources);
            }
            return Val::series(whole);
        }
        either(values)
    }

    /// What a loop binds, one after the other; one unknown value when the elements are not known.
    pub(super) fn elements(&mut self, value: &Val<'a>) -> Vec<Val<'a>> {
        let found = match value {
            Val::List(items) => items.borrow().clone(),
            Val::Map(entries) => entries.borrow().iter().map(|(key, _)| Val::Text(key.clone())).collect(),
            Val::Choice(items) => items.to_vec(),
            Val::Labels(labels) if labels.frame.is_closed() && !labels.some => {
                labels.frame.columns.iter().map(|(name, _)| Val::Text(name.clone())).collect()
            }
            Val::Table(at) if self.tables[*at].by_row => return vec![Val::Table(*at)],
            Val::Table(at) if self.tables[*at].is_closed() => {
                self.tables[*at].columns.iter().map(|(name, _)| Val::Text(name.clone())).collect()
            }
            Val::Groups(groups) => {
                let table = self.table(groups.frame.clone());
                return vec![Val::list(vec![Val::Unknown, table])];
            }
            // The values of a column, and rows of a file that is open.
            Val::Series(_) => return vec![value.clone()],
            _ => Vec::new(),
        };
        match found.len() {
            0 => vec![Val::Unknown],
            1..=LOOP => found,
            _ => found.into_iter().take(1).collect(),
        }
    }

    pub(super) fn set(&mut self, name: &str, value: Val<'a>) {
        if names::is_target_setting(name)
            && let Val::Text(text) = &value
            && !text.contains(super::values::HOLE)
        {
            self.setting.get_or_insert_with(|| text.to_string());
        }
        let Some(mut space) = self.scopes.last().copied() else { return };
        if self.spaces[space].global.contains(name)
            && let Some(module) = self.scopes.first()
        {
            space = *module;
        }
        self.set_in(space, name, value);
    }

    fn set_in(&mut self, space: usize, name: &str, value: Val<'a>) {
        let Some(names) = self.spaces.get_mut(space).map(|space| &mut space.names) else { return };
        let old = names.insert(name.to_owned(), value);
        if let Some(journal) = &mut self.journal {
            journal.push((space, name.to_owned(), old));
        }
    }

    pub(super) fn lookup(&self, name: &str) -> Val<'a> {
        self.scopes.iter().rev().find_map(|at| self.spaces[*at].names.get(name)).cloned().unwrap_or_default()
    }

    pub(super) fn closure(&self, function: &'a Function) -> Val<'a> {
        let class = self.class.filter(|(_, space)| self.scopes.last() == Some(space));
        // Methods do not see the names of their class.
        let scopes = match class {
            Some(_) => Rc::new(self.scopes[..self.scopes.len() - 1].to_vec()),
            None => self.scopes.clone(),
        };
        let class = class.map(|(class, _)| class);
        Val::Function(Rc::new(Closure { function, file: self.file.clone(), scopes, object: None, class }))
    }

    fn define(&mut self, class: &'a Class) {
        if self.things.len() > 10_000 {
            return;
        }
        let mut thing = Thing { source: Some(class), ..Thing::default() };
        for base in &class.bases {
            match self.eval(base) {
                Val::Object(base, true) => {
                    thing.base.get_or_insert(base);
                    for (name, value) in &self.things[base].names {
                        thing.names.entry(name.clone()).or_insert_with(|| value.clone());
                    }
                }
                Val::Import(_) => thing.foreign = true,
                _ => {}
            }
        }
        self.things.push(thing);
        let at = self.things.len() - 1;
        let space = self.new_space(Names::new());
        let outer = self.class.replace((at, space));
        let mut inner = (*self.scopes).clone();
        inner.push(space);
        let scopes = std::mem::replace(&mut self.scopes, Rc::new(inner));
        self.block(&class.body);
        self.scopes = scopes;
        self.class = outer;
        let names = std::mem::take(&mut self.spaces[space].names);
        self.things[at].names.extend(names);
        self.set(&class.name, Val::Object(at, true));
    }

    pub(super) fn new_space(&mut self, names: Names<'a>) -> usize {
        self.spaces.push(Space { names, global: HashSet::new() });
        self.spaces.len() - 1
    }

    /// Keeps a table and returns it as a value.
    pub(super) fn table(&mut self, frame: Frame) -> Val<'a> {
        self.copied += frame.columns.len() + frame.rows.len() + 1;
        if self.copied > 4_000_000 || (frame.columns.len() > 200 && Instant::now() > self.deadline) {
            self.steps = STEPS;
        }
        self.tables.push(frame);
        Val::Table(self.tables.len() - 1)
    }
}

/// Whether a value counts as true, if that is known.
pub(super) fn truth(value: &Val<'_>) -> Option<bool> {
    match value {
        Val::Bool(flag) => Some(*flag),
        Val::Nothing => Some(false),
        Val::Number(number) => Some(*number != 0),
        Val::Text(text) if !text.contains(super::values::HOLE) => Some(!text.is_empty()),
        Val::Path(_) | Val::Table(_) | Val::Model(_) => Some(true),
        _ => None,
    }
}

/// Whether a test is about which module runs or whether there is a value at all.
fn is_settled(test: &Expr) -> bool {
    match test {
        Expr::Compare(left, others) => {
            matches!(&**left, Expr::Name(name) if name == "__name__")
                || others.iter().any(|(_, e)| matches!(e, Expr::Nothing))
        }
        Expr::Unary('!', inner) => matches!(**inner, Expr::Name(_) | Expr::Attribute(..)),
        Expr::Logic(_, parts) => parts.iter().all(is_settled),
        Expr::Call(call) => matches!(&call.func, Expr::Name(name) if name == "isinstance"),
        _ => false,
    }
}

//! Calls: what is called, with what, and what is known of the result.

use std::rc::Rc;

use super::eval::{Analysis, CALLS, Names, Thing};
use super::names;
use super::tree::{Call, Expr, Function, Stmt, Takes};
use super::values::{Closure, Named, Val, dotted, keyword, push, put, text_method};

impl<'a> Analysis<'a> {
    pub(super) fn call(&mut self, call: &'a Call) -> Val<'a> {
        match &call.func {
            Expr::Attribute(base, method) => {
                let module = match dotted(base).map(|whole| self.lookup(&whole)) {
                    Some(module @ Val::Module(_)) => Some(module),
                    _ => None,
                };
                let receiver = match module {
                    Some(module) => module,
                    None => self.eval(base),
                };
                let (args, keywords) = self.given(call);
                self.call_method(Some(base), &receiver, method, &args, &keywords, call.line)
            }
            Expr::Name(name) => {
                let callee = self.lookup(name);
                let (args, keywords) = self.given(call);
                match callee {
                    Val::Unknown => self.builtin(name, &args, &keywords, call.line),
                    callee => self.invoke(&callee, &args, &keywords, call.line),
                }
            }
            other => {
                let callee = self.eval(other);
                let (args, keywords) = self.given(call);
                self.invoke(&callee, &args, &keywords, call.line)
            }
        }
    }

    fn given(&mut self, call: &'a Call) -> (Vec<Val<'a>>, Named<'a>) {
        let args = self.items_of(&call.args);
        let mut keywords = Vec::new();
        for (name, value) in &call.keywords {
            let value = self.eval(value);
            match (name.is_empty(), &value) {
                (true, Val::Map(entries)) => {
                    keywords.extend(entries.borrow().iter().map(|(key, value)| (key.to_string(), value.clone())));
                }
                (true, _) => {}
                (false, _) => keywords.push((name.clone(), value)),
            }
        }
        (args, keywords)
    }

    pub(super) fn call_method(
        &mut self,
        base: Option<&'a Expr>,
        receiver: &Val<'a>,
        method: &str,
        args: &[Val<'a>],
        keywords: &[(String, Val<'a>)],
        line: u32,
    ) -> Val<'a> {
        match receiver {
            Val::Import(module) => {
                let name = format!("{module}.{method}");
                self.external(&name, args, keywords, line)
            }
            Val::Choice(items) => {
                let results =
                    items.iter().map(|item| self.call_method(base, item, method, args, keywords, line)).collect();
                self.joined(results)
            }
            Val::Module(path) => {
                let callee = self.member(path, method);
                self.invoke(&callee, args, keywords, line)
            }
            Val::Object(object, _) => match self.attribute_of(*object, method) {
                Some(callee) => self.invoke(&callee, args, keywords, line),
                None => self.method(base, method, receiver, args, keywords, line),
            },
            Val::Super(..) => {
                let callee = self.member_of(receiver, method);
                self.invoke(&callee, args, keywords, line)
            }
            // Schedulers call a function by a method of it.
            Val::Function(_)
                if matches!(
                    method,
                    "remote" | "delay" | "submit" | "apply_async" | "fn" | "map" | "callback" | "func"
                ) =>
            {
                self.invoke(receiver, args, keywords, line)
            }
            Val::Text(text) => text_method(text, method, args, keywords),
            Val::Path(path) => self.path_method(path, method, args, keywords, line),
            Val::List(items) => {
                match (method, args) {
                    ("append" | "add", [item]) | ("insert", [_, item]) => push(items, item.clone()),
                    ("extend" | "update", [Val::List(more)]) => {
                        let more = more.borrow().clone();
                        more.into_iter().for_each(|item| push(items, item));
                    }
                    ("extend", [labels @ Val::Labels(_)]) => push(items, labels.clone()),
                    ("remove" | "discard", [item]) => {
                        let gone = names::columns(item);
                        if let Ok(mut items) = items.try_borrow_mut() {
                            items.retain(|item| item.as_text().is_none_or(|text| !gone.contains(text)));
                        }
                    }
                    ("copy" | "tolist" | "union", _) => return Val::list(items.borrow().clone()),
                    ("pop", _) => return items.borrow().last().cloned().unwrap_or_default(),
                    ("difference", [other]) => return super::values::binary('-', receiver, other).unwrap_or_default(),
                    _ => {}
                }
                Val::Unknown
            }
            Val::Map(entries) => match (method, args) {
                ("get" | "pop" | "setdefault", [Val::Text(key), rest @ ..]) => receiver
                    .entry(key)
                    .unwrap_or_else(|| rest.first().or(keyword(keywords, "default")).cloned().unwrap_or(Val::Unknown)),
                ("items", _) => {
                    let entries = entries.borrow();
                    let pairs =
                        entries.iter().map(|(key, value)| Val::list(vec![Val::Text(key.clone()), value.clone()]));
                    Val::list(pairs.collect())
                }
                ("values", _) => Val::list(entries.borrow().iter().map(|(_, value)| value.clone()).collect()),
                ("keys", _) => Val::list(entries.borrow().iter().map(|(key, _)| Val::Text(key.clone())).collect()),
                ("copy", _) => Val::map(entries.borrow().clone()),
                ("update", [Val::Map(more)]) => {
                    let more = more.borrow().clone();
                    more.iter().for_each(|(key, value)| put(entries, key, value.clone()));
                    Val::Unknown
                }
                _ => match receiver.entry(method) {
                    Some(callee) => self.invoke(&callee, args, keywords, line),
                    None => Val::Unknown,
                },
            },
            _ => self.method(base, method, receiver, args, keywords, line),
        }
    }

    /// Calls a value.
    pub(super) fn invoke(
        &mut self,
        callee: &Val<'a>,
        args: &[Val<'a>],
        keywords: &[(String, Val<'a>)],
        line: u32,
    ) -> Val<'a> {
        if !self.spend() {
            return Val::Unknown;
        }
        match callee {
            Val::Function(closure) => {
                let outer = self.line;
                if closure.file != self.file && self.line.is_none() {
                    self.line = Some(line);
                }
                let result = self.call_function(closure, args, keywords);
                self.line = outer;
                if self.is_group(closure.function) {
                    self.commands_of(&closure.function.name, line);
                }
                result
            }
            Val::Partial(parts) => {
                let mut all = parts.1.clone();
                all.extend(args.iter().cloned());
                let mut named = keywords.to_vec();
                named.extend(parts.2.iter().filter(|(name, _)| keyword(keywords, name).is_none()).cloned());
                if all.len() > 1_000 || !self.spend() {
                    return Val::Unknown;
                }
                self.invoke(&parts.0, &all, &named, line)
            }
            Val::Object(class, true) => self.instantiate(*class, args, keywords, line),
            Val::Object(object, false) => {
                let found = ["__call__", "forward"].into_iter().find_map(|name| self.attribute_of(*object, name));
                match found {
                    Some(callee) => self.invoke(&callee, args, keywords, line),
                    None => self.callbacks("", args, keywords, line),
                }
            }
            Val::Import(name) => self.external(&name.clone(), args, keywords, line),
            Val::Choice(items) => {
                let results = items.iter().map(|item| self.invoke(item, args, keywords, line)).collect();
                self.joined(results)
            }
            _ => self.callbacks("", args, keywords, line),
        }
    }

    /// Functions that are given to something unknown: it is going to call them.
    pub(super) fn callbacks(
        &mut self,
        name: &str,
        args: &[Val<'a>],
        keywords: &[(String, Val<'a>)],
        line: u32,
    ) -> Val<'a> {
        let mut result = Val::Unknown;
        for (at, arg) in args.iter().enumerate() {
            if let Val::Function(_) | Val::Partial(_) = arg {
                let rest = &args[at + 1..];
                result = if name.contains("map") {
                    let items = rest.first().map(|items| self.elements(items)).unwrap_or_default();
                    let mut results = Vec::new();
                    for item in items {
                        results.push(self.invoke(arg, &[item], keywords, line));
                    }
                    Val::list(results)
                } else if let [Val::List(given)] = rest {
                    let given = given.borrow().clone();
                    self.invoke(arg, &given, &[], line)
                } else {
                    self.invoke(arg, rest, keywords, line)
                };
            }
        }
        for (_, arg) in keywords {
            if let Val::Function(closure) = arg
                && !self.called.contains(&std::ptr::from_ref(closure.function))
            {
                let given = keyword(keywords, "args").and_then(Val::items).unwrap_or_default();
                self.invoke(arg, &given, &[], line);
            }
        }
        result
    }

    pub(super) fn bound(&self, closure: &Rc<Closure<'a>>, object: (usize, bool)) -> Val<'a> {
        Val::Function(Rc::new(Closure {
            function: closure.function,
            file: closure.file.clone(),
            scopes: closure.scopes.clone(),
            object: Some(object),
            class: closure.class,
        }))
    }

    /// An attribute of an object or class; methods are bound, properties are worked out.
    pub(super) fn attribute_of(&mut self, at: usize, name: &str) -> Option<Val<'a>> {
        let thing = self.things.get(at)?;
        let is_class = thing.class.is_none();
        let class = thing.class.unwrap_or(at);
        match name {
            "__class__" if !is_class => return Some(Val::Object(class, true)),
            "__dict__" => {
                let mut entries: Vec<_> =
                    thing.names.iter().map(|(name, value)| (name.as_str().into(), value.clone())).collect();
                entries.sort_by(|(a, _): &(Rc<str>, Val<'a>), (b, _)| a.cmp(b));
                return Some(Val::map(entries));
            }
            _ => {}
        }
        let value = thing.names.get(name)?.clone();
        let Val::Function(closure) = &value else { return Some(value) };
        if closure.object.is_some() || closure.class.is_none() {
            return Some(value);
        }
        let decorated = |wanted: &[&str]| {
            closure.function.decorators.iter().any(|decorator| {
                dotted(decorator).is_some_and(|name| wanted.contains(&name.rsplit('.').next().unwrap_or("")))
            })
        };
        if decorated(&["staticmethod"]) {
            return Some(value);
        }
        if decorated(&["classmethod"]) {
            return Some(self.bound(closure, (class, true)));
        }
        if is_class {
            return Some(value);
        }
        let method = self.bound(closure, (at, false));
        if decorated(&["property", "cached_property"]) {
            return Some(self.invoke(&method, &[], &[], 1));
        }
        Some(method)
    }

    pub(super) fn instantiate(
        &mut self,
        class: usize,
        args: &[Val<'a>],
        keywords: &[(String, Val<'a>)],
        line: u32,
    ) -> Val<'a> {
        if self.things.len() > 10_000 {
            return Val::Unknown;
        }
        let names = self.things.get(class).map(|thing| thing.names.clone()).unwrap_or_default();
        self.things.push(Thing { names, class: Some(class), ..Thing::default() });
        let object = self.things.len() - 1;
        match self.attribute_of(object, "__init__") {
            Some(init) => {
                self.invoke(&init, args, keywords, line);
            }
            None => {
                // A data class: its fields in the order of the class, by place or by name.
                let fields = self.fields(class, 0);
                let given = fields.into_iter().zip(args.iter().cloned()).chain(keywords.iter().cloned());
                self.things[object].names.extend(given.collect::<Vec<_>>());
            }
        }
        if let Some(after) = self.attribute_of(object, "__post_init__") {
            self.invoke(&after, &[], &[], line);
        }
        Val::Object(object, false)
    }

    fn fields(&self, class: usize, depth: usize) -> Vec<String> {
        let Some(thing) = self.things.get(class).filter(|_| depth < 16) else { return Vec::new() };
        let mut found = thing.base.map(|base| self.fields(base, depth + 1)).unwrap_or_default();
        for stmt in thing.source.iter().flat_map(|source| &source.body) {
            match stmt {
                Stmt::Declare(name) => found.push(name.clone()),
                Stmt::Assign(targets, _) => {
                    if let [Expr::Name(name)] = targets.as_slice() {
                        found.push(name.clone());
                    }
                }
                _ => {}
            }
        }
        found
    }

    /// Follows a function with these arguments.
    pub(super) fn call_function(
        &mut self,
        closure: &Rc<Closure<'a>>,
        args: &[Val<'a>],
        keywords: &[(String, Val<'a>)],
    ) -> Val<'a> {
        let function = closure.function;
        let identity = std::ptr::from_ref(function);
        self.called.insert(identity);
        let again = self.active.iter().filter(|other| **other == identity).count();
        if self.active.len() >= CALLS || again > 1 || !self.spend() {
            return Val::Unknown;
        }
        self.active.push(identity);
        let bound = self.bind(closure, args, keywords);
        for (name, value) in &bound {
            if names::is_target_setting(name)
                && let Val::Text(text) = value
                && !text.contains(super::values::HOLE)
            {
                self.setting.get_or_insert_with(|| text.to_string());
            }
        }
        let space = self.new_space(bound);
        let mut inner = (*closure.scopes).clone();
        inner.push(space);
        let scopes = std::mem::replace(&mut self.scopes, Rc::new(inner));
        let file = std::mem::replace(&mut self.file, closure.file.clone());
        let class = self.class.take();
        self.returns.push(Vec::new());
        self.yields.push(Vec::new());
        self.block(&function.body);
        let yields = self.yields.pop().unwrap_or_default();
        let returns = self.returns.pop().unwrap_or_default();
        self.class = class;
        self.file = file;
        // Nothing that outlives the call sees its names any more, unless it made a function.
        let inner = std::mem::replace(&mut self.scopes, scopes);
        if Rc::strong_count(&inner) == 1 {
            self.spaces[space].names.clear();
        }
        self.active.pop();
        if yields.is_empty() { self.returned(returns) } else { Val::list(yields) }
    }

    /// What a call results in, when it returns in several places.
    fn returned(&mut self, mut returns: Vec<Val<'a>>) -> Val<'a> {
        if returns.len() == 1 {
            return returns.swap_remove(0);
        }
        let lists: Vec<Vec<Val<'a>>> = returns.iter().filter_map(Val::items).collect();
        if let [first, rest @ ..] = lists.as_slice()
            && !rest.is_empty()
            && rest.iter().all(|other| other.len() == first.len())
            && first.len() < 16
        {
            let parts = (0..first.len()).map(|at| lists.iter().map(|list| list[at].clone()).collect());
            let parts: Vec<Vec<Val<'a>>> = parts.collect();
            let parts = parts.into_iter().map(|values| self.joined(values)).collect();
            return Val::list(parts);
        }
        if returns.is_empty() { Val::Nothing } else { self.joined(returns) }
    }

    fn bind(&mut self, closure: &Rc<Closure<'a>>, args: &[Val<'a>], keywords: &[(String, Val<'a>)]) -> Names<'a> {
        let function = closure.function;
        let mut bound = Names::new();
        let mut positional =
            closure.object.map(|(at, is_class)| Val::Object(at, is_class)).into_iter().chain(args.iter().cloned());
        for parameter in &function.parameters {
            let named = || keyword(keywords, &parameter.name).cloned();
            let value = match parameter.takes {
                Takes::Rest => Val::list(positional.by_ref().collect()),
                Takes::NamedRest => {
                    let taken = |name: &String| function.parameters.iter().any(|other| other.name == *name);
                    let rest = keywords.iter().filter(|(name, _)| !taken(name));
                    Val::map(rest.map(|(name, value)| (name.as_str().into(), value.clone())).collect())
                }
                Takes::One | Takes::Named => {
                    let place = if parameter.takes == Takes::One { positional.next() } else { None };
                    match named().or(place) {
                        Some(value) => value,
                        None => self.left_out(closure, &parameter.name, parameter.default.as_ref()),
                    }
                }
            };
            bound.insert(parameter.name.clone(), value);
        }
        bound
    }

    /// The value of a parameter that a call does not give.
    fn left_out(&mut self, closure: &Rc<Closure<'a>>, name: &str, default: Option<&'a Expr>) -> Val<'a> {
        if let Some(value) = self.option(closure.function, name) {
            return value;
        }
        // Defaults are worked out where the function stands.
        let scopes = std::mem::replace(&mut self.scopes, closure.scopes.clone());
        let file = std::mem::replace(&mut self.file, closure.file.clone());
        let value = default.map_or(Val::Unknown, |default| self.eval(default));
        self.scopes = scopes;
        self.file = file;
        let open = self.uncalled == Some(std::ptr::from_ref(closure.function));
        if open && matches!(value, Val::Nothing) { Val::Unknown } else { value }
    }

    /// `super()` in a method.
    pub(super) fn parent(&self) -> Val<'a> {
        let Some(Val::Object(object, false)) = self.scopes.last().and_then(|at| {
            let names = &self.spaces[*at].names;
            names.get("self").cloned()
        }) else {
            return Val::Unknown;
        };
        // The class in which the method stands is the one whose statements hold it.
        let running = self.active.last().copied();
        let mut class = self.things[object].class;
        for _ in 0..16 {
            let Some(at) = class else { break };
            let thing = &self.things[at];
            let holds = thing.source.is_some_and(|source| {
                source.body.iter().any(|stmt| matches!(stmt, Stmt::Function(function) if Some(std::ptr::from_ref::<Function>(function)) == running))
            });
            if holds {
                return thing.base.map_or(Val::Unknown, |base| Val::Super(object, base));
            }
            class = thing.base;
        }
        Val::Unknown
    }
}

//! Expressions: what is known of their values.

use std::rc::Rc;

use super::eval::{Analysis, Names, ROOT, truth};
use super::facts::FlowKind;
use super::frame::{Labels, Series, Sources};
use super::names;
use super::pattern;
use super::tree::{Comparison, Comprehension, Expr};
use super::values::{HOLE, Val, binary, cut, dotted, each, either, formatted, path_texts, put, split_name, text_of};

impl<'a> Analysis<'a> {
    pub(super) fn eval(&mut self, e: &'a Expr) -> Val<'a> {
        if !self.spend() {
            return Val::Unknown;
        }
        match e {
            Expr::Str(text) => Val::text(&cut(text.clone())),
            Expr::Number(text) => text.parse().map_or(Val::Unknown, Val::Number),
            Expr::Bool(flag) => Val::Bool(*flag),
            Expr::Nothing => Val::Nothing,
            Expr::Name(name) => self.name(name),
            Expr::Joined(parts) => self.joined_text(parts),
            Expr::Formatted(value, spec) => {
                let value = self.eval(value);
                let spec = spec.clone();
                each(&value, |value| Val::text(&formatted(value, &spec)))
            }
            Expr::Attribute(base, name) => self.attribute(base, name),
            Expr::Call(call) => self.call(call),
            Expr::Index(base, index) => self.index(base, index),
            Expr::Slice(parts) => {
                for part in parts.iter().flatten() {
                    self.eval(part);
                }
                Val::Unknown
            }
            Expr::Binary(op, left, right) => {
                let (left, right) = (self.eval(left), self.eval(right));
                self.operation(*op, &left, &right)
            }
            Expr::Unary(sign, inner) => {
                let value = self.eval(inner);
                match (sign, &value) {
                    ('!', value) => truth(value).map_or(Val::Unknown, |flag| Val::Bool(!flag)),
                    ('-', Val::Number(number)) => Val::Number(-*number),
                    (_, Val::Series(series)) => Val::series(series.through(FlowKind::Transformation)),
                    (_, Val::Table(_)) => value,
                    _ => Val::Unknown,
                }
            }
            Expr::Compare(left, others) => self.comparison(left, others),
            Expr::Logic(any, parts) => self.logic(*any, parts),
            Expr::Choice(test, then, other) => {
                let test = self.eval(test);
                if let (Val::Series(series), Some(tests)) = (&test, self.tests.last_mut()) {
                    tests.add(&series.sources);
                }
                match truth(&test) {
                    Some(true) => self.eval(then),
                    Some(false) => self.eval(other),
                    None => {
                        let (then, other) = (self.eval(then), self.eval(other));
                        match (self.joined(vec![then, other]), test) {
                            (Val::Series(value), Val::Series(test)) => {
                                let mut value = (*value).clone();
                                value.sources.add(&test.sources.through(FlowKind::Conditional));
                                Val::series(value)
                            }
                            (Val::Unknown, Val::Series(test)) => Val::series(test.through(FlowKind::Conditional)),
                            (value, _) => value,
                        }
                    }
                }
            }
            Expr::List(items) => {
                let items = self.items_of(items);
                Val::list(items)
            }
            Expr::Dict(items) => {
                let mut entries: Vec<(Rc<str>, Val<'a>)> = Vec::new();
                for (key, value) in items {
                    let value = self.eval(value);
                    match key.as_ref().map(|key| self.eval(key)) {
                        Some(Val::Text(key)) => entries.push((key, value)),
                        Some(Val::Number(key)) => entries.push((key.to_string().into(), value)),
                        None => {
                            if let Val::Map(inner) = value {
                                entries.extend(inner.borrow().iter().cloned());
                            }
                        }
                        Some(_) => {}
                    }
                }
                Val::map(entries)
            }
            Expr::Comprehension(inner) => self.comprehension(inner),
            Expr::Lambda(function) => self.closure(function),
            Expr::Starred(inner) => self.eval(inner),
            Expr::Yield(value) => {
                let value = value.as_ref().map_or(Val::Nothing, |value| self.eval(value));
                if let Some(yields) = self.yields.last_mut()
                    && yields.len() < 1_000
                {
                    yields.push(value);
                }
                Val::Unknown
            }
            Expr::Named(target, value) => {
                let value = self.eval(value);
                self.assign(target, value.clone());
                value
            }
            Expr::Magic(sign, text, line) => {
                self.magic(*sign, text, *line);
                Val::Unknown
            }
            Expr::Other(parts) => {
                for part in parts {
                    self.eval(part);
                }
                Val::Unknown
            }
        }
    }

    /// Elements of a list or arguments of a call, `*values` among them taken apart.
    pub(super) fn items_of(&mut self, items: &'a [Expr]) -> Vec<Val<'a>> {
        let mut found = Vec::with_capacity(items.len().min(1_000));
        for item in items {
            let value = self.eval(item);
            match (item, value) {
                (Expr::Starred(_), Val::List(inner)) => found.extend(inner.borrow().iter().cloned()),
                (_, value) => found.push(value),
            }
        }
        found
    }

    fn name(&mut self, name: &str) -> Val<'a> {
        match name {
            "__file__" => Val::text(&format!("{ROOT}/{}", self.file)),
            "__name__" if self.file == self.path => Val::text("__main__"),
            "__name__" => Val::text(&self.file),
            _ => match self.lookup(name) {
                // A name that people give to tables means one, when nothing else is known of it.
                Val::Unknown if names::is_table_name(name) && self.is_parameter(name) => {
                    let table = self.table(super::frame::Frame::of_read(super::frame::NOWHERE));
                    self.set(name, table.clone());
                    table
                }
                // Notebooks of Databricks and the like are given a session.
                Val::Unknown if name == "spark" => Val::Import("pyspark.session".into()),
                value => value,
            },
        }
    }

    /// Whether a name is bound to something unknown in the function that is followed, or bound nowhere.
    fn is_parameter(&self, name: &str) -> bool {
        let bound = self.scopes.iter().rev().find(|at| self.spaces[**at].names.contains_key(name));
        bound.is_none_or(|at| Some(at) == self.scopes.last())
    }

    fn joined_text(&mut self, parts: &'a [Expr]) -> Val<'a> {
        let mut whole = Val::text("");
        let mut sources = Sources::default();
        for part in parts {
            let value = self.eval(part);
            if let Val::Series(series) = &value {
                sources.add(&series.sources.through(FlowKind::Transformation));
            }
            let value = each(&value, |value| Val::text(&text_of(value)));
            whole = binary('+', &whole, &value).unwrap_or_default();
        }
        // A text that is made from the columns of a row, and no path.
        if !sources.is_empty() && path_texts(&whole).iter().all(|text| !text.contains(['/', '.', '\\'])) {
            return Val::series(Series { sources, ..Series::default() });
        }
        whole
    }

    pub(super) fn operation(&mut self, op: char, left: &Val<'a>, right: &Val<'a>) -> Val<'a> {
        if let Some(value) = binary(op, left, right) {
            return value;
        }
        match (left, right) {
            (Val::Labels(labels), other) | (other, Val::Labels(labels)) if matches!(op, '-' | '?') => {
                let mut frame = labels.frame.clone();
                frame.drop_columns(&names::columns(other));
                Val::Labels(Rc::new(Labels { frame, some: labels.some }))
            }
            (Val::Table(at), other) | (other, Val::Table(at)) => {
                let mut frame = self.tables[*at].changed(FlowKind::Transformation);
                if let Val::Table(other) = other {
                    frame = frame.stacked(&self.tables[*other].changed(FlowKind::Transformation));
                }
                self.table(frame)
            }
            (Val::Series(_), _) | (_, Val::Series(_)) => self.mixed(&[left, right]),
            _ => Val::Unknown,
        }
    }

    /// A column made from these values.
    pub(super) fn mixed(&mut self, values: &[&Val<'a>]) -> Val<'a> {
        let mut result = Series::default();
        let mut any = false;
        for value in values {
            match value {
                Val::Series(series) => {
                    result.sources.add(&series.sources.through(FlowKind::Transformation));
                    super::frame::merge_rows(&mut result.rows, &series.rows);
                    result.name = result.name.take().or_else(|| series.name.clone());
                    if result.index.is_empty() {
                        result.index.clone_from(&series.index);
                    }
                    result.table = result.table.or(series.table);
                    any = true;
                }
                Val::Table(at) => {
                    result.sources.add(&self.tables[*at].all_sources().through(FlowKind::Transformation));
                    any = true;
                }
                Val::List(items) => {
                    for item in items.borrow().iter() {
                        if let Val::Series(series) = item {
                            result.sources.add(&series.sources.through(FlowKind::Transformation));
                            any = true;
                        }
                    }
                }
                _ => {}
            }
        }
        if any { Val::series(result) } else { Val::Unknown }
    }

    fn comparison(&mut self, left: &'a Expr, others: &'a [(Comparison, Expr)]) -> Val<'a> {
        let first = self.eval(left);
        let rest: Vec<Val<'a>> = others.iter().map(|(_, e)| self.eval(e)).collect();
        if let ([(how, _)], [second]) = (others, rest.as_slice()) {
            let plain = |value: &Val<'a>| match value {
                Val::Text(text) if !text.contains(HOLE) => Some(text.to_string()),
                Val::Number(number) => Some(number.to_string()),
                _ => None,
            };
            let same = match (&first, second) {
                (Val::Nothing, Val::Nothing) => Some(true),
                (Val::Nothing, other) | (other, Val::Nothing) => match other {
                    Val::Unknown | Val::Choice(_) => None,
                    _ => Some(false),
                },
                (Val::Bool(a), Val::Bool(b)) => Some(a == b),
                (a, b) => plain(a).zip(plain(b)).map(|(a, b)| a == b),
            };
            let within = || {
                let text = plain(&first)?;
                let items = match second {
                    Val::Map(entries) => {
                        entries.borrow().iter().map(|(key, _)| Some(key.to_string())).collect::<Vec<_>>()
                    }
                    _ => second.items()?.iter().map(plain).collect(),
                };
                let found = items.iter().any(|item| item.as_deref() == Some(&*text));
                (found || items.iter().all(Option::is_some)).then_some(found)
            };
            let known = match how {
                Comparison::Equal => same,
                Comparison::Unequal => same.map(|same| !same),
                Comparison::In => within(),
                Comparison::NotIn => within().map(|found| !found),
                Comparison::Less(strictly) => {
                    order(&first, second).map(|order| order.is_lt() || !strictly && order.is_eq())
                }
                Comparison::Greater(strictly) => {
                    order(&first, second).map(|order| order.is_gt() || !strictly && order.is_eq())
                }
            };
            if let Some(known) = known {
                return Val::Bool(known);
            }
        }
        let all: Vec<&Val<'a>> = std::iter::once(&first).chain(&rest).collect();
        match self.mixed(&all) {
            Val::Series(series) => Val::series(series.through(FlowKind::Transformation)),
            value => value,
        }
    }

    fn logic(&mut self, any: bool, parts: &'a [Expr]) -> Val<'a> {
        let mut open = Vec::new();
        for part in parts {
            let value = self.eval(part);
            match (truth(&value), any) {
                (Some(true), true) | (Some(false), false) => {
                    open.push(value);
                    break;
                }
                (Some(_), _) => {}
                (None, _) => open.push(value),
            }
        }
        let refs: Vec<&Val<'a>> = open.iter().collect();
        if refs.iter().any(|value| matches!(value, Val::Series(_))) {
            return self.mixed(&refs);
        }
        if open.is_empty() {
            return Val::Bool(!any);
        }
        if !any {
            // Either the last one or one that is false.
            return if open.len() == 1 && truth(&open[0]) == Some(false) { open.remove(0) } else { Val::Unknown };
        }
        open.retain(|value| !matches!(value, Val::Import(_)) || open_len(parts) == 1);
        self.joined(open)
    }

    fn comprehension(&mut self, inner: &'a Comprehension) -> Val<'a> {
        let Some((target, iter, tests)) = inner.ranges.first() else { return Val::Unknown };
        let iter = self.eval(iter);
        let space = self.new_space(Names::new());
        let mut scopes = (*self.scopes).clone();
        scopes.push(space);
        let outer = std::mem::replace(&mut self.scopes, Rc::new(scopes));
        let labels = match &iter {
            Val::Labels(labels) if !labels.frame.is_closed() || labels.some => Some(labels.clone()),
            Val::Table(at) if !self.tables[*at].by_row && !self.tables[*at].is_closed() => {
                Some(Rc::new(Labels { frame: self.tables[*at].clone(), some: false }))
            }
            _ => None,
        };
        let result = if let Some(labels) = labels {
            self.labels_where(&labels, target, &inner.element, tests)
        } else {
            let items = self.elements(&iter);
            let (mut found, mut entries): (Vec<Val<'a>>, Vec<(Rc<str>, Val<'a>)>) = (Vec::new(), Vec::new());
            for item in items {
                self.assign(target, item);
                if tests.iter().any(|test| {
                    let value = self.eval(test);
                    truth(&value) == Some(false)
                }) {
                    continue;
                }
                for (target, iter, _) in &inner.ranges[1..] {
                    let iter = self.eval(iter);
                    let item = self.elements(&iter).into_iter().next().unwrap_or_default();
                    self.assign(target, item);
                }
                match &inner.key {
                    Some(key) => {
                        let key = self.eval(key);
                        let value = self.eval(&inner.element);
                        entries.push((text_of(&key).into(), value));
                    }
                    None => found.push(self.eval(&inner.element)),
                }
            }
            if inner.key.is_some() { Val::map(entries) } else { Val::list(found) }
        };
        self.scopes = outer;
        result
    }

    /// `[c for c in table.columns if c != "y"]`: names with exceptions, or some of the names.
    fn labels_where(&mut self, labels: &Labels, target: &'a Expr, element: &'a Expr, tests: &'a [Expr]) -> Val<'a> {
        self.assign(target, Val::Unknown);
        let is_name = |e: &Expr| matches!((e, target), (Expr::Name(a), Expr::Name(b)) if a == b);
        if !is_name(element) {
            self.eval(element);
            // The same columns under names that are worked out, as `c.lower()`.
            return Val::Labels(Rc::new(Labels { frame: labels.frame.clone(), some: true }));
        }
        let (mut frame, mut some) = (labels.frame.clone(), labels.some);
        for test in tests {
            let mut parts = vec![test];
            if let Expr::Logic(false, inner) = test {
                parts = inner.iter().collect();
            }
            for part in parts {
                let left_out = match part {
                    Expr::Compare(left, others) if is_name(left) && others.len() == 1 => match &others[0] {
                        (Comparison::Unequal | Comparison::NotIn, e) => Some(self.eval(e)),
                        _ => None,
                    },
                    Expr::Unary('!', inner) => match &**inner {
                        Expr::Compare(left, others) if is_name(left) && others.len() == 1 => match &others[0] {
                            (Comparison::Equal | Comparison::In, e) => Some(self.eval(e)),
                            _ => None,
                        },
                        _ => None,
                    },
                    _ => None,
                };
                match left_out {
                    Some(value) => frame.drop_columns(&names::columns(&value)),
                    None => {
                        self.eval(part);
                        some = true;
                    }
                }
            }
        }
        Val::Labels(Rc::new(Labels { frame, some }))
    }

    fn attribute(&mut self, base: &'a Expr, name: &str) -> Val<'a> {
        // `import a.b` binds the dotted name of a module of the project as a whole.
        if let Some(Val::Module(path)) = dotted(base).map(|whole| self.lookup(&whole)) {
            return self.member(&path, name);
        }
        let value = self.eval(base);
        match &value {
            Val::Choice(items) => {
                let values = items.iter().map(|item| self.member_of(item, name)).collect();
                either(values)
            }
            value => self.member_of(value, name),
        }
    }

    pub(super) fn member_of(&mut self, value: &Val<'a>, name: &str) -> Val<'a> {
        match value {
            Val::Import(module) => match (&**module, name) {
                ("os", "sep") => Val::text("/"),
                ("os", "curdir") => Val::text("."),
                ("os", "pardir") => Val::text(".."),
                ("sys", "argv") => self.argv(),
                _ => Val::Import(format!("{module}.{name}").into()),
            },
            Val::Module(path) => self.member(path, name),
            Val::Object(object, _) => self.attribute_of(*object, name).unwrap_or_default(),
            Val::Super(object, class) => self.attribute_of(*class, name).map_or(Val::Unknown, |value| match value {
                Val::Function(closure) => self.bound(&closure, (*object, false)),
                value => value,
            }),
            Val::Arguments => self.arguments.get(name).cloned().unwrap_or_default(),
            Val::Map(_) => value.entry(name).unwrap_or_default(),
            Val::Text(_) if name == "value" => value.clone(),
            Val::Path(path) => path_attribute(path, name),
            Val::Handle(path, ..) if name == "name" => Val::Text(path.clone()),
            Val::Table(at) => self.table_attribute(*at, name),
            Val::Series(series) => self.series_attribute(series, name),
            Val::Labels(labels) => match name {
                "values" => value.clone(),
                "str" => Val::Labels(Rc::new(Labels { frame: labels.frame.clone(), some: true })),
                _ => Val::Unknown,
            },
            Val::Groups(groups) => {
                if groups.frame.get(name).is_some() && names::may_be_column(name) {
                    return self.chosen(groups, vec![name.into()], true);
                }
                Val::Unknown
            }
            Val::Model(model) => self.model_attribute(*model, name),
            Val::Spark(at, path) => Val::Spark(*at, format!("{path}.{name}").into()),
            _ => Val::Unknown,
        }
    }

    fn index(&mut self, base: &'a Expr, index: &'a Expr) -> Val<'a> {
        let accessor = match base {
            Expr::Attribute(inner, name) if matches!(name.as_str(), "loc" | "at" | "iloc" | "iat") => {
                Some((&**inner, name.as_str()))
            }
            _ => None,
        };
        let value = match accessor {
            Some((inner, _)) => self.eval(inner),
            None => self.eval(base),
        };
        if let Val::Table(at) = value {
            return match accessor {
                Some((_, "loc" | "at")) => self.loc(at, index),
                Some(_) => self.iloc(at, index),
                None => {
                    let key = self.eval(index);
                    self.subscript(at, &key, index)
                }
            };
        }
        let key = self.eval(index);
        self.item(&value, &key, index)
    }

    fn item(&mut self, value: &Val<'a>, key: &Val<'a>, index: &'a Expr) -> Val<'a> {
        match value {
            Val::List(items) => {
                let items = items.borrow();
                match (key, index) {
                    (Val::Number(at), _) => {
                        let at = if *at < 0 { at + items.len() as i64 } else { *at };
                        usize::try_from(at).ok().and_then(|at| items.get(at).cloned()).unwrap_or_default()
                    }
                    (_, Expr::Slice(_)) => value.clone(),
                    // One of them: any stands for the others.
                    _ => either(items.clone()),
                }
            }
            Val::Map(entries) => match key {
                Val::Text(key) => value.entry(key).unwrap_or_default(),
                Val::Number(key) => value.entry(&key.to_string()).unwrap_or_default(),
                Val::Choice(keys) => either(keys.iter().filter_map(|key| value.entry(key.as_text()?)).collect()),
                _ => either(entries.borrow().iter().map(|(_, value)| value.clone()).collect()),
            },
            Val::Arguments => key.as_text().and_then(|key| self.arguments.get(&**key)).cloned().unwrap_or_default(),
            Val::Series(series) => {
                // Of rows that a mask keeps, or of one row.
                if let Val::Series(mask) = key {
                    let mut kept = (**series).clone();
                    super::frame::decide(&mut kept.rows, &mask.sources, FlowKind::Filter);
                    return Val::series(kept);
                }
                if series.accessor {
                    return Val::series(series.through(FlowKind::Transformation));
                }
                value.clone()
            }
            Val::Groups(groups) => {
                let names = names::columns(key);
                let single = matches!(key, Val::Text(_));
                self.chosen(groups, names, single)
            }
            Val::Labels(labels) => Val::Labels(Rc::new(Labels { frame: labels.frame.clone(), some: true })),
            Val::Object(object, false) => match self.attribute_of(*object, "__getitem__") {
                Some(method) => self.invoke(&method, std::slice::from_ref(key), &[], 1),
                None => Val::Unknown,
            },
            // An enumeration by name.
            Val::Object(class, true) => {
                key.as_text().and_then(|name| self.attribute_of(*class, name)).unwrap_or_default()
            }
            Val::Text(text) => match (key, index) {
                (_, Expr::Slice(_)) if !text.contains(HOLE) => Val::text(&HOLE.to_string()),
                _ => Val::Unknown,
            },
            Val::Import(name) if &**name == "os.environ" => Val::Unknown,
            // What is looked up by values of a column is made from them.
            Val::Model(_) | Val::Unknown if matches!(key, Val::Series(_)) => self.mixed(&[key]),
            Val::Connection(_) | Val::Handle(..) => self.keyed_part(value, key),
            Val::Choice(items) => {
                let values = items.iter().map(|item| self.item(item, key, index)).collect();
                either(values)
            }
            _ => Val::Unknown,
        }
    }

    pub(super) fn assign(&mut self, target: &'a Expr, value: Val<'a>) {
        match target {
            Expr::Name(name) => {
                if names::is_target_name(name) {
                    self.note_target(&value);
                }
                self.set(name, value);
            }
            Expr::Starred(inner) => self.assign(inner, value),
            Expr::List(targets) => {
                let items = match &value {
                    Val::List(items) if items.borrow().len() == targets.len() => items.borrow().clone(),
                    // Splitting a table or its columns gives parts of the same.
                    Val::Table(_) | Val::Series(_) => vec![value.clone(); targets.len()],
                    _ => vec![Val::Unknown; targets.len()],
                };
                for (target, item) in targets.iter().zip(items) {
                    self.assign(target, item);
                }
            }
            Expr::Attribute(base, name) => match self.eval(base) {
                Val::Object(object, _) => {
                    self.things[object].names.insert(name.clone(), value);
                }
                Val::Table(at) if name == "columns" => self.name_columns(at, &value),
                Val::Table(at) if names::may_be_column(name) && self.tables[at].get(name).is_some() => {
                    self.set_column(at, &name.as_str().into(), &value);
                }
                _ => {}
            },
            Expr::Index(base, index) => self.assign_item(base, index, value),
            _ => {}
        }
    }

    fn assign_item(&mut self, base: &'a Expr, index: &'a Expr, value: Val<'a>) {
        if let Expr::Attribute(inner, name) = base
            && matches!(name.as_str(), "loc" | "at")
            && let Val::Table(at) = self.eval(inner)
        {
            self.assign_loc(at, index, &value);
            return;
        }
        let container = self.eval(base);
        let key = self.eval(index);
        match (&container, &key) {
            (Val::Table(at), key) => self.set_columns(*at, &names::columns(key), &value),
            // An array that is filled element by element.
            (Val::Unknown | Val::Series(_), _) if matches!(value, Val::Series(_) | Val::Table(_)) => {
                if let Expr::Name(name) = base {
                    let filled = self.mixed(&[&container, &value]);
                    self.set(name, filled);
                }
            }
            (Val::Map(entries), Val::Text(key)) => put(entries, key, value),
            (Val::Handle(..) | Val::Connection(_), key) => {
                self.keyed_part(&container, key);
                self.write_part(&container, key, &value);
            }
            _ => {}
        }
    }
}

/// Which of two numbers is larger, when both are known.
fn order(left: &Val<'_>, right: &Val<'_>) -> Option<std::cmp::Ordering> {
    match (left, right) {
        (Val::Number(left), Val::Number(right)) => Some(left.cmp(right)),
        _ => None,
    }
}

fn open_len(parts: &[Expr]) -> usize {
    parts.len()
}

fn path_attribute<'a>(path: &str, name: &str) -> Val<'a> {
    match name {
        "parent" => Val::path(&pattern::parent(path)),
        "parents" => {
            let mut all = Vec::new();
            let mut at = path.to_owned();
            for _ in 0..12 {
                at = pattern::parent(&at);
                all.push(Val::path(&at));
            }
            Val::list(all)
        }
        "name" => Val::text(pattern::name(path)),
        "stem" => Val::text(&split_name(path).0),
        "suffix" => Val::text(&split_name(path).1),
        "parts" => Val::list(path.split('/').map(Val::text).collect()),
        // An entry of `os.scandir`.
        "path" => Val::path(path),
        _ => Val::Unknown,
    }
}

//! Columns of tables: which the code names, chooses and sets.

use std::rc::Rc;

use super::eval::Analysis;
use super::facts::FlowKind;
use super::frame::{Frame, Labels, NOWHERE, Series, Sources, decide};
use super::names;
use super::tree::Expr;
use super::values::{HOLE, Val, add};

impl<'a> Analysis<'a> {
    /// Notes that the code names columns of a table.
    pub(super) fn use_columns(&mut self, at: usize, names: &[Rc<str>]) {
        let found: Vec<(Rc<str>, Option<Rc<Sources>>)> =
            names.iter().map(|name| (name.clone(), self.tables[at].get(name))).collect();
        for (name, sources) in found {
            let Some(sources) = sources else { continue };
            self.use_sources(&name, &sources);
            if self.tables[at].columns.iter().all(|(other, _)| *other != name) {
                // Named once, it is a column of its own from here on.
                self.tables[at].set(&name, sources);
            }
        }
    }

    fn use_sources(&mut self, name: &str, sources: &Sources) {
        for (origin, way) in sources.iter() {
            if let super::frame::Origin::Read(read, column) = origin
                && &**column == name
            {
                if !self.facts.columns_created.iter().any(|made| made == name) || *read != NOWHERE {
                    add(&mut self.facts.columns_used, name);
                }
                if let Some(read) = self.facts.reads.get_mut(*read).filter(|_| way.sure >= 0.5) {
                    add(&mut read.columns, name);
                }
            }
        }
    }

    pub(super) fn create(&mut self, name: &str) {
        if !self.facts.columns_used.iter().any(|used| used == name) {
            add(&mut self.facts.columns_created, name);
        }
    }

    /// The sources of a value that becomes a column of a table, its free names bound to it.
    pub(super) fn value_sources(&mut self, at: usize, value: &Val<'a>) -> Sources {
        match value {
            Val::Series(series) => {
                let free: Vec<Rc<str>> = series.sources.free().cloned().collect();
                self.use_columns(at, &free);
                series.sources.bound(&self.tables[at])
            }
            Val::Table(other) => self.tables[*other].all_sources(),
            Val::List(items) => {
                let mut all = Sources::default();
                for item in items.borrow().iter().take(64) {
                    if let Val::Series(series) = item {
                        all.add(&series.sources.through(FlowKind::Transformation));
                    }
                }
                all
            }
            _ => Sources::default(),
        }
    }

    pub(super) fn set_column(&mut self, at: usize, name: &Rc<str>, value: &Val<'a>) {
        if name.contains(HOLE) {
            return;
        }
        let sources = self.value_sources(at, value);
        let frame = &self.tables[at];
        let there = frame.columns.iter().any(|(other, _)| other == name);
        if !there {
            self.create(name);
        }
        self.tables[at].set(name, Rc::new(sources));
    }

    /// `table[["a", "b"]] = value`: the columns of another table in their order, or else the same for each.
    pub(super) fn set_columns(&mut self, at: usize, names: &[Rc<str>], value: &Val<'a>) {
        let Val::Table(other) = value else {
            names.iter().for_each(|name| self.set_column(at, name, value));
            return;
        };
        let other = self.tables[*other].clone();
        let in_order = other.is_closed() && other.columns.len() == names.len();
        for (place, name) in names.iter().enumerate() {
            let found = if in_order { other.columns.get(place).map(|(_, it)| it.clone()) } else { other.get(name) };
            match found {
                Some(sources) => {
                    let series = Series { name: Some(name.clone()), sources: (*sources).clone(), ..Series::default() };
                    self.set_column(at, name, &Val::series(series));
                }
                None => self.set_column(at, name, value),
            }
        }
    }

    /// `table.columns = [...]`.
    pub(super) fn name_columns(&mut self, at: usize, value: &Val<'a>) {
        let names = names::columns(value);
        if names.is_empty() || matches!(value, Val::Labels(_)) {
            return;
        }
        let frame = &mut self.tables[at];
        if frame.is_closed() && frame.columns.len() == names.len() {
            for (column, name) in frame.columns.iter_mut().zip(&names) {
                if column.0 != *name {
                    self.facts.renames.insert(column.0.to_string(), name.to_string());
                    column.0 = name.clone();
                }
            }
            return;
        }
        // The columns of a file without a header get their names here.
        if let [open] = frame.open.as_slice()
            && frame.columns.is_empty()
        {
            let rows = std::mem::take(&mut frame.rows);
            *frame = Frame::of_columns(open.read, &names);
            frame.rows = rows;
            return;
        }
        for name in &names {
            self.create(name);
        }
        let all = self.tables[at].all_sources();
        let mut frame = Frame { rows: self.tables[at].rows.clone(), ..Frame::default() };
        for name in &names {
            frame.set(name, Rc::new(all.clone().doubted(0.5)));
        }
        self.tables[at] = frame;
    }

    pub(super) fn column(&mut self, at: usize, name: &Rc<str>) -> Val<'a> {
        self.use_columns(at, std::slice::from_ref(name));
        let frame = &self.tables[at];
        let sources = frame.get(name).map(|sources| (*sources).clone()).unwrap_or_default();
        let index = frame
            .index
            .iter()
            .filter(|key| *key != name)
            .filter_map(|key| Some((key.clone(), frame.get(key)?)))
            .collect();
        Val::series(Series {
            name: Some(name.clone()),
            sources,
            rows: frame.rows.clone(),
            index,
            table: Some(at),
            accessor: false,
        })
    }

    pub(super) fn table_attribute(&mut self, at: usize, name: &str) -> Val<'a> {
        match name {
            "columns" | "feature_names" => Val::Labels(Rc::new(Labels { frame: self.tables[at].clone(), some: false })),
            "schema" => Val::Unknown,
            "values" | "T" | "style" | "na" | "loc" | "iloc" | "iat" | "at" | "rdd" | "plot" => Val::Table(at),
            "write" | "writeTo" | "writeStream" => Val::Spark(Some(at), "write".into()),
            "index" => {
                let frame = &self.tables[at];
                let mut series = Series { rows: frame.rows.clone(), ..Series::default() };
                for name in &frame.index {
                    if let Some(sources) = frame.get(name) {
                        series.sources.add(&sources);
                        series.name = Some(name.clone());
                    }
                }
                Val::series(series)
            }
            // Only of a table whose origin is known: other things are called `data` as well.
            _ if names::may_be_column(name) && self.has_origin(at, name) => self.column(at, &name.into()),
            _ => Val::Unknown,
        }
    }

    pub(super) fn has_origin(&self, at: usize, name: &str) -> bool {
        let frame = &self.tables[at];
        frame.columns.iter().any(|(other, _)| &**other == name)
            || frame.open.iter().any(|open| open.read != NOWHERE && !open.except.contains(name))
    }

    /// `table[key]`.
    pub(super) fn subscript(&mut self, at: usize, key: &Val<'a>, index: &'a Expr) -> Val<'a> {
        match key {
            Val::Text(name) if !name.contains(HOLE) => self.column(at, name),
            Val::Choice(_) => {
                let names = names::columns(key);
                let columns = names.iter().map(|name| self.column(at, name)).collect();
                self.joined(columns)
            }
            Val::List(_) | Val::Labels(_) => self.select(at, key),
            Val::Series(mask) => {
                let sources = self.value_sources(at, key);
                let mut frame = self.tables[at].clone();
                decide(&mut frame.rows, &sources, FlowKind::Filter);
                super::frame::merge_rows(&mut frame.rows, &mask.rows);
                self.table(frame)
            }
            Val::Table(other) => {
                let sources = self.tables[*other].all_sources();
                let mut frame = self.tables[at].clone();
                decide(&mut frame.rows, &sources, FlowKind::Filter);
                self.table(frame)
            }
            _ => match index {
                // `array[:, 1:]`
                Expr::List(parts) if parts.len() == 2 => self.iloc(at, index),
                _ => {
                    let frame = self.tables[at].clone();
                    self.table(frame)
                }
            },
        }
    }

    /// These columns of a table.
    pub(super) fn select(&mut self, at: usize, key: &Val<'a>) -> Val<'a> {
        let (names, open) = picked(key);
        self.use_columns(at, &names);
        let mut frame = self.tables[at].select(&names);
        for labels in open {
            // The names of the table with exceptions, or some of them.
            let mut rest = labels.frame.clone();
            rest.rows.clone_from(&self.tables[at].rows);
            if labels.some {
                for open in &mut rest.open {
                    open.sure *= 0.6;
                }
            }
            for open in &mut rest.open {
                for name in &names {
                    Rc::make_mut(&mut open.except).insert(name.clone());
                }
            }
            let mut mine = Frame { rows: rest.rows.clone(), ..Frame::default() };
            for (name, _) in &rest.columns {
                if let Some(sources) = self.tables[at].get(name) {
                    mine.set(name, sources);
                }
            }
            for open in &rest.open {
                // The same columns of this table, which may be another than the one that the names were taken from.
                for mine_open in &self.tables[at].open {
                    let mut except = (*mine_open.except).clone();
                    except.extend(open.except.iter().cloned());
                    mine.open.push(super::frame::Open {
                        except: Rc::new(except),
                        sure: mine_open.sure.min(open.sure),
                        ..mine_open.clone()
                    });
                }
            }
            for (name, sources) in &frame.columns {
                mine.set(name, sources.clone());
            }
            mine.index.clone_from(&frame.index);
            frame = mine;
        }
        self.table(frame)
    }

    pub(super) fn loc(&mut self, at: usize, index: &'a Expr) -> Val<'a> {
        let parts: Vec<&'a Expr> = match index {
            Expr::List(parts) if parts.len() == 2 => parts.iter().collect(),
            other => vec![other],
        };
        let rows = self.eval(parts[0]);
        let mut whole = Val::Table(at);
        if let Val::Series(_) | Val::Table(_) = rows {
            whole = self.subscript(at, &rows, parts[0]);
        }
        let Val::Table(at) = whole else { return whole };
        match parts.get(1) {
            None => {
                let frame = self.tables[at].clone();
                self.table(frame)
            }
            Some(Expr::Slice(ends)) => {
                // From one column to another: the ends are named.
                let mut named = Vec::new();
                for end in ends.iter().flatten() {
                    named.extend(names::columns(&self.eval(end)));
                }
                self.use_columns(at, &named);
                let frame = self.tables[at].clone();
                self.table(frame)
            }
            Some(columns) => {
                let key = self.eval(columns);
                self.subscript(at, &key, columns)
            }
        }
    }

    /// `table.iloc[rows, columns]`, and the like of arrays.
    pub(super) fn iloc(&mut self, at: usize, index: &'a Expr) -> Val<'a> {
        let Expr::List(parts) = index else {
            self.eval(index);
            let frame = self.tables[at].clone();
            return self.table(frame);
        };
        for part in parts {
            self.eval(part);
        }
        let number = |e: &Expr| match e {
            Expr::Number(text) => text.parse::<i64>().ok(),
            Expr::Unary('-', inner) => match &**inner {
                Expr::Number(text) => text.parse::<i64>().ok().map(|number| -number),
                _ => None,
            },
            _ => None,
        };
        let frame = self.tables[at].clone();
        let length = frame.columns.len() as i64;
        let place = |at: i64| usize::try_from(if at < 0 { at + length } else { at }).unwrap_or(usize::MAX);
        match parts.get(1) {
            Some(Expr::Slice(ends)) if frame.is_closed() => {
                let end = |at: usize| ends.get(at).and_then(Option::as_ref).map(number);
                let (from, to) = (end(0), end(1));
                if from == Some(None) || to == Some(None) {
                    return self.table(frame);
                }
                let from = from.flatten().map_or(0, place);
                let to = to.flatten().map_or(frame.columns.len(), place).min(frame.columns.len());
                let names: Vec<Rc<str>> =
                    frame.columns.iter().take(to).skip(from).map(|(name, _)| name.clone()).collect();
                let chosen = frame.select(&names);
                self.table(chosen)
            }
            Some(Expr::Slice(ends)) => {
                // All but a few of columns that are not known.
                let mut frame = frame;
                if ends.iter().any(Option::is_some) {
                    for open in &mut frame.open {
                        open.sure *= 0.8;
                    }
                }
                self.table(frame)
            }
            Some(e) => match number(e) {
                Some(at_) if frame.is_closed() => match frame.columns.get(place(at_)) {
                    Some((name, _)) => {
                        let name = name.clone();
                        self.column(at, &name)
                    }
                    None => Val::Unknown,
                },
                Some(_) => {
                    let sources = frame.all_sources().doubted(0.5);
                    Val::series(Series { sources, rows: frame.rows, table: Some(at), ..Series::default() })
                }
                None => self.table(frame),
            },
            None => self.table(frame),
        }
    }

    /// `table.loc[rows, columns] = value`.
    pub(super) fn assign_loc(&mut self, at: usize, index: &'a Expr, value: &Val<'a>) {
        let Expr::List(parts) = index else {
            self.eval(index);
            return;
        };
        let [rows, columns] = parts.as_slice() else { return };
        let rows = self.eval(rows);
        let key = self.eval(columns);
        let mask = if let Val::Series(_) = rows { self.value_sources(at, &rows) } else { Sources::default() };
        for name in names::columns(&key) {
            let before =
                self.tables[at].columns.iter().find(|(other, _)| *other == name).map(|(_, sources)| sources.clone());
            self.set_column(at, &name, value);
            let mut sources = self.tables[at].get(&name).map(|sources| (*sources).clone()).unwrap_or_default();
            if let Some(before) = before {
                sources.add(&before.through(FlowKind::Transformation));
            }
            sources.add(&mask.through(FlowKind::Conditional));
            self.tables[at].set(&name, Rc::new(sources));
        }
    }

    /// Columns that a call names in arguments such as `x="age"`, of the tables that it is given.
    pub(super) fn mentioned_columns(&mut self, args: &[Val<'a>], keywords: &[(String, Val<'a>)]) {
        let tables: Vec<usize> = keywords
            .iter()
            .map(|(_, value)| value)
            .chain(args)
            .filter_map(|value| if let Val::Table(at) = value { Some(*at) } else { None })
            .collect();
        let Some(at) = tables.first() else { return };
        for (name, value) in keywords {
            let names_column = matches!(
                name.as_str(),
                "x" | "y"
                    | "z"
                    | "hue"
                    | "color"
                    | "size"
                    | "style"
                    | "col"
                    | "row"
                    | "facet_col"
                    | "facet_row"
                    | "on"
                    | "left_on"
                    | "right_on"
                    | "by"
                    | "index"
                    | "columns"
                    | "values"
                    | "names"
                    | "path"
                    | "lat"
                    | "lon"
                    | "vars"
                    | "x_vars"
                    | "y_vars"
                    | "subset"
                    | "target"
                    | "label"
                    | "label_column"
                    | "id_vars"
                    | "value_vars"
                    | "hover_name"
                    | "hover_data"
                    | "group_by"
                    | "cat_features"
                    | "animation_frame"
                    | "column"
            );
            if names_column && matches!(value, Val::Text(_) | Val::List(_)) {
                let found: Vec<Rc<str>> =
                    names::columns(value).into_iter().filter(|name| self.has_origin(*at, name)).collect();
                self.use_columns(*at, &found);
            }
        }
    }
}

/// Names, and the names of tables that stand for many.
fn picked(key: &Val<'_>) -> (Vec<Rc<str>>, Vec<Rc<Labels>>) {
    let is_open = |labels: &Rc<Labels>| !labels.frame.is_closed() || labels.some;
    match key {
        Val::Labels(labels) if is_open(labels) => (Vec::new(), vec![labels.clone()]),
        Val::List(items) => {
            let items = items.borrow();
            let open = items
                .iter()
                .filter_map(|item| if let Val::Labels(labels) = item { Some(labels.clone()) } else { None });
            (names::columns(key), open.filter(is_open).collect())
        }
        key => (names::columns(key), Vec::new()),
    }
}

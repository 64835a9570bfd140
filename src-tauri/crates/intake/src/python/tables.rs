//! What methods of tables do with their columns: pandas, polars, Spark and the like.

use std::rc::Rc;

use super::eval::{Analysis, truth};
use super::facts::FlowKind;
use super::frame::{Frame, Groups, Labels, NOWHERE, Series, Sources, decide};
use super::names;
use super::tree::Expr;
use super::values::{HOLE, Val, add, keyword, path_text};

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

    fn has_origin(&self, at: usize, name: &str) -> bool {
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
            sources.add(&mask.through(FlowKind::Filter));
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

    /// Carries out a method in place, if it is asked to.
    fn in_place(&mut self, at: usize, keywords: &[(String, Val<'a>)], frame: Frame) -> Val<'a> {
        if keyword(keywords, "inplace").and_then(truth) == Some(true) {
            self.tables[at] = frame;
            return Val::Nothing;
        }
        self.table(frame)
    }

    pub(super) fn table_method(
        &mut self,
        at: usize,
        method: &str,
        args: &[Val<'a>],
        keywords: &[(String, Val<'a>)],
        line: u32,
    ) -> Val<'a> {
        let columns_of = |names: &[&str], places: &[usize]| {
            let mut found = Vec::new();
            for value in names
                .iter()
                .filter_map(|name| keyword(keywords, name))
                .chain(places.iter().filter_map(|at| args.get(*at)))
            {
                found.extend(names::columns(value));
            }
            found
        };
        match method {
            "drop" => self.drop(at, args, keywords),
            "rename" => self.rename(at, args, keywords),
            "withColumnRenamed" => {
                if let (Some(Val::Text(old)), Some(Val::Text(new))) = (args.first(), args.get(1)) {
                    self.facts.renames.insert(old.to_string(), new.to_string());
                    let mut frame = self.tables[at].clone();
                    frame.rename(old, new);
                    return self.table(frame);
                }
                Val::Table(at)
            }
            "pop" | "drop_in_place" => {
                let names = columns_of(&["item"], &[0]);
                let series = names.first().map_or(Val::Unknown, |name| self.column(at, name));
                for name in &names {
                    add(&mut self.facts.columns_dropped, name);
                }
                self.tables[at].drop_columns(&names);
                series
            }
            "assign" => {
                let frame = self.tables[at].clone();
                let copy = self.table(frame);
                let Val::Table(new) = copy else { return copy };
                for (name, value) in keywords {
                    let value = self.applied(new, value, line);
                    self.set_column(new, &name.as_str().into(), &value);
                }
                copy
            }
            "insert" | "withColumn" | "with_column" if args.len() >= 2 => {
                let place = usize::from(method == "insert");
                let frame = self.tables[at].clone();
                let target = if method == "insert" { Val::Table(at) } else { self.table(frame) };
                let (Val::Table(new), Some(name)) = (&target, args.get(place).and_then(Val::as_text).cloned()) else {
                    return target;
                };
                let value = args.get(place + 1).cloned().unwrap_or_default();
                self.set_column(*new, &name, &value);
                target
            }
            "with_columns" | "select" | "with_column" | "selectExpr" | "with_row_index" | "with_row_count" => {
                self.expressions(at, args, keywords, !method.starts_with("select"))
            }
            "filter" | "where" | "query" | "remove" => self.filtered(at, method, args, keywords),
            "eval" => {
                let text = args.first().and_then(path_text).unwrap_or_default();
                self.eval_text(at, &text, keywords)
            }
            "groupby" | "group_by" | "groupBy" | "group_by_dynamic" | "rollup" | "resample" => {
                self.grouped(at, method, args, keywords)
            }
            "merge" | "join" | "merge_asof" | "join_asof" | "combine_first" | "crossJoin" => {
                self.merged(at, method, args, keywords)
            }
            "append" | "union" | "unionByName" | "vstack" | "extend" | "unionAll" => {
                let mut frame = self.tables[at].clone();
                for arg in args {
                    let others = arg.items().unwrap_or_else(|| vec![arg.clone()]);
                    for other in others {
                        if let Val::Table(other) = other {
                            frame = frame.stacked(&self.tables[other]);
                        }
                    }
                }
                self.table(frame)
            }
            "hstack" => self
                .table_function(
                    "pandas.concat",
                    &[Val::list(vec![Val::Table(at), args.first().cloned().unwrap_or_default()])],
                    &[("axis".to_owned(), Val::Number(1))],
                    line,
                )
                .unwrap_or_default(),
            "melt" | "unpivot" => self.melted(at, args, keywords),
            "pivot_table" | "pivot" => self.pivoted(at, method, args, keywords),
            "get_column" | "to_series" | "get" | "squeeze" => match args.first().and_then(Val::as_text).cloned() {
                Some(name) => self.column(at, &name),
                None => Val::Table(at),
            },
            "sort_values" | "sort" | "orderBy" | "sort_index" | "order_by" | "nlargest" | "nsmallest" | "top_k" => {
                let place = usize::from(method.starts_with('n'));
                let named = columns_of(&["by", "columns"], &[place]);
                let mut sources = Sources::default();
                self.use_columns(at, &named);
                for name in &named {
                    sources.add(&self.tables[at].get(name).map(|it| (*it).clone()).unwrap_or_default());
                }
                for arg in args {
                    if let Val::Series(_) = arg {
                        sources.add(&self.value_sources(at, arg));
                    }
                }
                let mut frame = self.tables[at].clone();
                decide(&mut frame.rows, &sources, FlowKind::Sort);
                self.in_place(at, keywords, frame)
            }
            "dropna" | "drop_nulls" | "drop_duplicates" | "dropDuplicates" | "unique" | "distinct" | "duplicated" => {
                let named = if matches!(method, "dropna") {
                    columns_of(&["subset"], &[])
                } else {
                    columns_of(&["subset"], &[0])
                };
                self.use_columns(at, &named);
                let mut frame = self.tables[at].clone();
                let mut sources = Sources::default();
                for name in &named {
                    sources.add(&frame.get(name).map(|it| (*it).clone()).unwrap_or_default());
                }
                if method == "duplicated" {
                    let sources = if sources.is_empty() { frame.all_sources() } else { sources };
                    return Val::series(Series {
                        sources: sources.through(FlowKind::Transformation),
                        ..Series::default()
                    });
                }
                decide(&mut frame.rows, &sources, FlowKind::Filter);
                self.in_place(at, keywords, frame)
            }
            "set_index" => {
                let named = columns_of(&["keys"], &[0]);
                self.use_columns(at, &named);
                let mut frame = self.tables[at].clone();
                frame.index = named;
                self.in_place(at, keywords, frame)
            }
            "reset_index" => {
                let mut frame = self.tables[at].clone();
                if keyword(keywords, "drop").and_then(truth) == Some(true) {
                    let index = std::mem::take(&mut frame.index);
                    frame.drop_columns(&index);
                }
                frame.index.clear();
                self.in_place(at, keywords, frame)
            }
            "fillna" | "replace" | "astype" | "fill_null" | "cast" | "clip" | "round" | "interpolate" | "ffill"
            | "bfill" | "mask" | "where_" | "transform" | "map" | "applymap" | "fill_nan" => {
                // `fillna(0)` changes all, `fillna({"a": 0})` one column.
                let map = [
                    args.first(),
                    keyword(keywords, "value"),
                    keyword(keywords, "dtype"),
                    keyword(keywords, "to_replace"),
                ]
                .into_iter()
                .flatten()
                .find(|value| matches!(value, Val::Map(_)));
                let mut frame = self.tables[at].clone();
                match map {
                    Some(map)
                        if !(method == "replace"
                            && names::columns(map).iter().all(|name| !self.has_origin(at, name))) =>
                    {
                        let named = names::columns(map);
                        self.use_columns(at, &named);
                        frame = self.tables[at].clone();
                        for name in named {
                            if let Some(sources) = frame.get(&name) {
                                frame.set(&name, Rc::new(sources.through(FlowKind::Transformation)));
                            }
                        }
                    }
                    _ if matches!(method, "transform" | "map" | "applymap") => {
                        frame = frame.changed(FlowKind::Transformation)
                    }
                    // A few values are filled in: the rest of the column is as it was.
                    _ => {}
                }
                self.in_place(at, keywords, frame)
            }
            "apply" | "pipe" | "map_batches" | "map_partitions" | "progress_apply" | "parallel_apply"
            | "applyInPandas" | "map_rows" => self.apply(at, method, args, keywords, line),
            "agg" | "aggregate" => {
                let groups = Groups { frame: self.tables[at].clone(), keys: Vec::new(), chosen: None, single: false };
                self.group_method(&Rc::new(groups), "agg", args, keywords, line)
            }
            "iterrows" => Val::list(vec![Val::list(vec![Val::Unknown, Val::Table(at)])]),
            "itertuples" | "iter_rows" | "to_dicts" | "rows" | "collect_rows" | "toLocalIterator" => {
                Val::list(vec![Val::Table(at)])
            }
            "items" | "iteritems" => {
                let all = self.tables[at].all_sources();
                Val::list(vec![Val::list(vec![
                    Val::Unknown,
                    Val::series(Series { sources: all, ..Series::default() }),
                ])])
            }
            "keys" => self.table_attribute(at, "columns"),
            "fetchall" | "fetchone" | "fetchmany" | "fetchdf" | "fetch_df" | "df" | "pl" | "arrow"
            | "fetch_arrow_table" | "toPandas" | "to_pandas" | "to_df" | "compute" | "collect" | "lazy" | "persist"
            | "cache" | "to_arrow" | "read" | "to_table" | "parse" | "repartition" | "coalesce" | "checkpoint"
            | "pandas_api" | "toDF" | "fetchnumpy" => {
                if method == "toDF" && !args.is_empty() {
                    let list = Val::list(args.to_vec());
                    let frame = self.tables[at].clone();
                    let copy = self.table(frame);
                    if let Val::Table(new) = copy {
                        self.name_columns(new, &list);
                    }
                    return copy;
                }
                Val::Table(at)
            }
            "createOrReplaceTempView"
            | "createTempView"
            | "registerTempTable"
            | "createOrReplaceGlobalTempView"
            | "to_view"
            | "create_view" => {
                if let Some(Val::Text(name)) = args.first() {
                    self.views.insert(name.to_lowercase(), at);
                }
                Val::Table(at)
            }
            "select_dtypes" => {
                let mut frame = self.tables[at].clone();
                for open in &mut frame.open {
                    open.sure *= 0.6;
                }
                self.table(frame)
            }
            "reindex" | "reorder_columns" if keyword(keywords, "columns").is_some() => {
                let key = keyword(keywords, "columns").cloned().unwrap_or_default();
                self.select(at, &key)
            }
            "hist" | "boxplot" | "plot" | "scatter" | "bar" | "line" | "pairplot" | "value_counts"
                if method != "value_counts" =>
            {
                let named: Vec<Rc<str>> = columns_of(&["x", "y", "column", "by", "hue"], &[0])
                    .into_iter()
                    .filter(|name| self.has_origin(at, name))
                    .collect();
                self.use_columns(at, &named);
                Val::Unknown
            }
            "value_counts" => {
                let named = columns_of(&["subset"], &[0]);
                let groups = Groups { frame: self.tables[at].clone(), keys: named, chosen: None, single: false };
                self.group_method(&Rc::new(groups), "size", &[], keywords, line)
            }
            "describe" | "info" | "corr" | "cov" | "summary" | "memory_usage" | "isnull" | "isna" | "notna"
            | "notnull" => {
                let kind = if method.starts_with("is") || method.starts_with("not") {
                    FlowKind::Transformation
                } else {
                    FlowKind::Aggregation
                };
                let frame = self.tables[at].changed(kind);
                self.table(frame)
            }
            "std" | "var" | "mean" | "sum" | "min" | "max" | "median" | "count" | "nunique" | "any" | "all"
            | "mode" | "quantile" | "prod" | "skew" | "kurt" | "idxmax" | "argmax" | "sem" => {
                let by_row = matches!(keyword(keywords, "axis").or(args.first()), Some(Val::Number(1)))
                    || matches!(keyword(keywords, "axis"), Some(Val::Text(axis)) if &**axis == "columns");
                let kind = if by_row { FlowKind::Transformation } else { FlowKind::Aggregation };
                let frame = self.tables[at].clone();
                Val::series(Series {
                    sources: frame.all_sources().through(kind),
                    rows: frame.rows,
                    ..Series::default()
                })
            }
            "to_numpy" | "to_dict" | "to_list" | "tolist" | "as_matrix" | "copy" | "clone" | "deepcopy" | "head"
            | "tail" | "sample" | "limit" | "reshape" | "ravel" | "flatten" | "transpose" | "slice" | "take"
            | "shuffle" | "batch" | "astype_" | "to_frame" | "rechunk" => {
                let frame = self.tables[at].clone();
                self.table(frame)
            }
            "sort_by" | "train_test_split" | "randomSplit" | "random_split" => {
                let frame = self.tables[at].clone();
                let table = self.table(frame);
                Val::list(vec![table.clone(), table])
            }
            "explode" | "unnest" => {
                let named = columns_of(&["columns", "column"], &[0]);
                self.use_columns(at, &named);
                let frame = self.tables[at].clone();
                self.table(frame)
            }
            "shift" | "diff" | "rank" | "cumsum" | "pct_change" | "abs" | "rolling" | "expanding" | "ewm" | "dot"
            | "mul" | "div" | "add" | "sub" => {
                let frame = self.tables[at].changed(FlowKind::Transformation);
                self.table(frame)
            }
            "col" | "apply_" => Val::Unknown,
            _ => {
                self.mentioned_columns(&[&[Val::Table(at)], args].concat(), keywords);
                let result = self.callbacks(method, args, keywords, line);
                if result.is_known() {
                    return result;
                }
                let frame = self.tables[at].clone();
                self.table(frame)
            }
        }
    }

    fn drop(&mut self, at: usize, args: &[Val<'a>], keywords: &[(String, Val<'a>)]) -> Val<'a> {
        let axis = args.get(1).or_else(|| keyword(keywords, "axis"));
        let by_axis = match axis {
            Some(Val::Number(1)) => true,
            Some(Val::Text(axis)) => &**axis == "columns" || &**axis == "1",
            _ => false,
        };
        let mut names = keyword(keywords, "columns").map(names::columns).unwrap_or_default();
        if by_axis {
            names.extend(args.first().or_else(|| keyword(keywords, "labels")).map(names::columns).unwrap_or_default());
        } else if axis.is_none() || !matches!(axis, Some(Val::Number(_))) {
            // polars and Spark drop columns by position; a text that stands for a row is rare in pandas.
            if keyword(keywords, "index").is_none() && keyword(keywords, "axis").is_none() {
                names.extend(args.iter().flat_map(names::columns));
            }
        }
        for name in &names {
            add(&mut self.facts.columns_dropped, name);
        }
        let mut frame = self.tables[at].clone();
        frame.drop_columns(&names);
        self.in_place(at, keywords, frame)
    }

    fn rename(&mut self, at: usize, args: &[Val<'a>], keywords: &[(String, Val<'a>)]) -> Val<'a> {
        let map = keyword(keywords, "columns").or_else(|| keyword(keywords, "mapping")).or(args.first());
        let mut frame = self.tables[at].clone();
        if let Some(Val::Map(entries)) = map {
            let mut before = frame.clone();
            let pairs: Vec<(Rc<str>, Val<'a>)> = entries.borrow().clone();
            for (old, new) in &pairs {
                if let Val::Text(new) = new
                    && !new.contains(HOLE)
                {
                    if self.facts.renames.len() < 10_000 {
                        self.facts.renames.insert(old.to_string(), new.to_string());
                    }
                    frame.rename(old, new);
                }
            }
            // The table itself knows these names from now on.
            for (old, _) in &pairs {
                if let Some(sources) = before.get(old) {
                    before.set(old, sources);
                }
            }
        }
        self.in_place(at, keywords, frame)
    }

    fn melted(&mut self, at: usize, args: &[Val<'a>], keywords: &[(String, Val<'a>)]) -> Val<'a> {
        let named = |keys: &[&str], place: usize| {
            keys.iter()
                .find_map(|key| keyword(keywords, key))
                .or_else(|| args.get(place))
                .map(names::columns)
                .unwrap_or_default()
        };
        let ids = named(&["id_vars", "index"], 0);
        let values = named(&["value_vars", "on"], 1);
        self.use_columns(at, &ids);
        self.use_columns(at, &values);
        let text = |keys: &[&str], or: &str| -> Rc<str> {
            keys.iter().find_map(|key| keyword(keywords, key)?.as_text().cloned()).unwrap_or_else(|| or.into())
        };
        let (variable, value) = (text(&["var_name", "variable_name"], "variable"), text(&["value_name"], "value"));
        let frame = &self.tables[at];
        let mut result = frame.select(&ids);
        let mut sources = Sources::default();
        if values.is_empty() {
            let mut rest = frame.clone();
            rest.drop_columns(&ids);
            sources = rest.all_sources();
        }
        for name in &values {
            if let Some(found) = frame.get(name) {
                sources.add(&found);
            }
        }
        result.set(&variable, Rc::default());
        result.set(&value, Rc::new(sources));
        self.create(&variable);
        self.create(&value);
        self.table(result)
    }

    fn pivoted(&mut self, at: usize, method: &str, args: &[Val<'a>], keywords: &[(String, Val<'a>)]) -> Val<'a> {
        let named = |keys: &[&str], place: usize| {
            keys.iter()
                .find_map(|key| keyword(keywords, key))
                .or_else(|| args.get(place))
                .map(names::columns)
                .unwrap_or_default()
        };
        // `pivot_table(values, index, columns)` and `pivot(index, columns, values)`.
        let order = if method == "pivot_table" { [1, 2, 0] } else { [usize::MAX; 3] };
        let index = named(&["index"], order[0]);
        let columns = named(&["columns", "on"], order[1]);
        let values = named(&["values"], order[2]);
        for names in [&index, &columns, &values] {
            self.use_columns(at, names);
        }
        let frame = self.tables[at].clone();
        let mut result = Frame { rows: frame.rows.clone(), ..Frame::default() };
        for name in &index {
            result.set(name, frame.get(name).unwrap_or_default());
        }
        result.index.clone_from(&index);
        let kind = if method == "pivot_table" || keyword(keywords, "aggregate_function").is_some() {
            FlowKind::Aggregation
        } else {
            FlowKind::Identity
        };
        let mut all = Sources::default();
        for name in &values {
            all.add(&frame.get(name).map(|it| it.through(kind)).unwrap_or_default());
        }
        // The data names these columns.
        result.set(&"*".into(), Rc::new(all));
        for name in index.iter().chain(&columns) {
            if let Some(sources) = frame.get(name) {
                decide(&mut result.rows, &sources, FlowKind::GroupBy);
            }
        }
        self.table(result)
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

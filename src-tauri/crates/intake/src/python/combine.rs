//! Tables made from tables: chosen expressions, filters, groups, joins, functions that are applied to rows.

use std::rc::Rc;

use super::eval::{Analysis, truth};
use super::facts::FlowKind;
use super::frame::{Frame, Groups, Origin, Series, Sources, decide};
use super::names;
use super::values::{HOLE, Val, keyword, path_text};

impl<'a> Analysis<'a> {
    /// `select` and `with_columns`: names and expressions as columns. `keep`: beside those that are there.
    pub(super) fn expressions(
        &mut self,
        at: usize,
        args: &[Val<'a>],
        keywords: &[(String, Val<'a>)],
        keep: bool,
    ) -> Val<'a> {
        let mut items: Vec<(Option<Rc<str>>, Val<'a>)> = Vec::new();
        for arg in args {
            match arg {
                Val::List(inner) => items.extend(inner.borrow().iter().map(|item| (None, item.clone()))),
                Val::Map(entries) => {
                    items.extend(entries.borrow().iter().map(|(name, value)| (Some(name.clone()), value.clone())));
                }
                other => items.push((None, other.clone())),
            }
        }
        items.extend(keywords.iter().map(|(name, value)| (Some(name.as_str().into()), value.clone())));
        let source = self.tables[at].clone();
        let mut result = if keep { source.clone() } else { Frame { rows: source.rows.clone(), ..Frame::default() } };
        for (name, value) in items {
            match &value {
                Val::Text(column) if &**column == "*" => result = source.clone(),
                Val::Text(column) if !column.contains(HOLE) => {
                    self.use_columns(at, std::slice::from_ref(column));
                    if let Some(sources) = self.tables[at].get(column) {
                        let name = name.as_ref().unwrap_or(column);
                        if name != column {
                            self.create(name);
                        }
                        result.set(name, sources);
                    }
                }
                Val::Labels(_) | Val::List(_) => {
                    if let Val::Table(chosen) = self.select(at, &value) {
                        let chosen = self.tables[chosen].clone();
                        result.open.extend(chosen.open);
                        for (name, sources) in chosen.columns {
                            result.set(&name, sources);
                        }
                    }
                }
                Val::Series(series) => {
                    let whole = series.sources.free().any(|name| &**name == "*");
                    let sources = self.value_sources(at, &value);
                    match name.or_else(|| series.name.clone()).filter(|name| &**name != "*") {
                        Some(name) => {
                            if !self.tables[at].columns.iter().any(|(other, _)| *other == name) {
                                self.create(&name);
                            }
                            result.set(&name, Rc::new(sources));
                        }
                        // All columns, as they are or all changed alike.
                        None if whole => {
                            let kind = sources.iter().map(|(_, way)| way.kind).max().unwrap_or(FlowKind::Identity);
                            let kind = if keep { kind.max(FlowKind::Transformation) } else { kind };
                            let rows = result.rows.clone();
                            result = source.changed(kind);
                            result.rows = rows;
                        }
                        None => {}
                    }
                }
                _ => {
                    if let Some(name) = name {
                        self.create(&name);
                        result.set(&name, Rc::default());
                    }
                }
            }
        }
        self.table(result)
    }

    pub(super) fn filtered(
        &mut self,
        at: usize,
        method: &str,
        args: &[Val<'a>],
        keywords: &[(String, Val<'a>)],
    ) -> Val<'a> {
        if let Some(items) = keyword(keywords, "items").filter(|_| method == "filter") {
            let items = items.clone();
            return self.select(at, &items);
        }
        let mut sources = Sources::default();
        for arg in args {
            match arg {
                Val::Text(text) => {
                    let found = self.named_in(at, &text.clone());
                    sources.add(&found);
                }
                Val::List(items)
                    if method == "filter" && items.borrow().iter().all(|item| matches!(item, Val::Text(_))) =>
                {
                    return self.select(at, arg);
                }
                arg => sources.add(&self.value_sources(at, arg)),
            }
        }
        if let Some(text) = keyword(keywords, "expr").or(keyword(keywords, "condition")).and_then(path_text) {
            sources.add(&self.named_in(at, &text));
        } else if method == "filter" {
            let named: Vec<Rc<str>> = keywords
                .iter()
                .map(|(name, _)| name.as_str().into())
                .filter(|name: &Rc<str>| !matches!(&**name, "like" | "regex" | "axis"))
                .collect();
            self.use_columns(at, &named);
            for name in named {
                sources.add(&self.tables[at].get(&name).unwrap_or_default());
            }
        }
        let mut frame = self.tables[at].clone();
        decide(&mut frame.rows, &sources, FlowKind::Filter);
        if keyword(keywords, "inplace").and_then(truth) == Some(true) {
            self.tables[at] = frame;
            return Val::Nothing;
        }
        self.table(frame)
    }

    /// The columns of a table that an expression in a text names.
    fn named_in(&mut self, at: usize, text: &str) -> Sources {
        let names: Vec<Rc<str>> = identifiers(text)
            .into_iter()
            .map(Rc::from)
            .filter(|name: &Rc<str>| self.tables[at].get(name).is_some())
            .collect();
        self.use_columns(at, &names);
        let mut sources = Sources::default();
        for name in names {
            sources.add(&self.tables[at].get(&name).unwrap_or_default());
        }
        sources
    }

    /// `table.eval("c = a + b")`.
    pub(super) fn eval_text(&mut self, at: usize, text: &str, keywords: &[(String, Val<'a>)]) -> Val<'a> {
        let frame = self.tables[at].clone();
        let copy = self.table(frame);
        let Val::Table(new) = copy else { return copy };
        let mut assigned = false;
        for line in text.lines() {
            let line = line.trim();
            let cut =
                line.find('=').filter(|at| !line[at + 1..].starts_with('=') && !line[..*at].ends_with(['!', '<', '>']));
            let Some(cut) = cut else { continue };
            let name: Rc<str> = line[..cut].trim().into();
            let sources = self.named_in(new, &line[cut + 1..]).through(FlowKind::Transformation);
            self.set_column(new, &name, &Val::series(Series { sources, ..Series::default() }));
            assigned = true;
        }
        if !assigned {
            let sources = self.named_in(at, text).through(FlowKind::Transformation);
            return Val::series(Series { sources, table: Some(at), ..Series::default() });
        }
        if keyword(keywords, "inplace").and_then(truth) == Some(true) {
            self.tables[at] = self.tables[new].clone();
        }
        copy
    }

    pub(super) fn grouped(
        &mut self,
        at: usize,
        method: &str,
        args: &[Val<'a>],
        keywords: &[(String, Val<'a>)],
    ) -> Val<'a> {
        let mut keys: Vec<Val<'a>> = Vec::new();
        let named = ["by", "on", "index_column", "group_by"].iter().filter_map(|key| keyword(keywords, key)).cloned();
        let args = if method == "resample" { &[] } else { args };
        for value in args.iter().cloned().chain(named) {
            match value.items() {
                Some(items) => keys.extend(items),
                None => keys.push(value),
            }
        }
        let mut frame = self.tables[at].clone();
        let mut names = Vec::new();
        for key in &keys {
            match key {
                Val::Text(name) if !name.contains(HOLE) => {
                    self.use_columns(at, std::slice::from_ref(name));
                    if let Some(sources) = self.tables[at].get(name) {
                        frame.set(name, sources);
                    }
                    names.push(name.clone());
                }
                Val::Series(series) => {
                    let sources = self.value_sources(at, key);
                    if let Some(name) = series.name.clone() {
                        frame.set(&name, Rc::new(sources));
                        names.push(name);
                    }
                }
                _ => {}
            }
        }
        Val::Groups(Rc::new(Groups { frame, keys: names, chosen: None, single: false }))
    }

    /// Columns that are chosen from a grouped table.
    pub(super) fn chosen(&mut self, groups: &Groups, names: Vec<Rc<str>>, single: bool) -> Val<'a> {
        let at = self.kept(groups.frame.clone());
        self.use_columns(at, &names);
        let frame = self.tables[at].clone();
        let chosen = (!names.is_empty()).then_some(names);
        Val::Groups(Rc::new(Groups { frame, keys: groups.keys.clone(), chosen, single }))
    }

    pub(super) fn kept(&mut self, frame: Frame) -> usize {
        self.table(frame);
        self.tables.len() - 1
    }

    pub(super) fn group_method(
        &mut self,
        groups: &Rc<Groups>,
        method: &str,
        args: &[Val<'a>],
        keywords: &[(String, Val<'a>)],
        line: u32,
    ) -> Val<'a> {
        let source = self.kept(groups.frame.clone());
        let mut rows = groups.frame.rows.clone();
        for key in &groups.keys {
            if let Some(sources) = groups.frame.get(key) {
                decide(&mut rows, &sources, FlowKind::GroupBy);
            }
        }
        let values: Vec<Rc<str>> = match &groups.chosen {
            Some(chosen) => chosen.clone(),
            None => groups
                .frame
                .columns
                .iter()
                .map(|(name, _)| name.clone())
                .filter(|name| !groups.keys.contains(name))
                .collect(),
        };
        let keyed = || {
            let mut frame = Frame { rows: rows.clone(), index: groups.keys.clone(), ..Frame::default() };
            for key in &groups.keys {
                if let Some(sources) = groups.frame.get(key) {
                    frame.set(key, sources);
                }
            }
            frame
        };
        match method {
            "agg" | "aggregate" if !(args.is_empty() && keywords.is_empty()) => {
                let mut frame = keyed();
                let mut whole = false;
                let exprs: Vec<Val<'a>> = args
                    .iter()
                    .flat_map(|arg| match arg {
                        Val::List(items) => items.borrow().clone(),
                        arg => vec![arg.clone()],
                    })
                    .collect();
                for arg in exprs {
                    match &arg {
                        Val::Map(entries) => {
                            let entries = entries.borrow().clone();
                            for (name, function) in entries {
                                self.use_columns(source, std::slice::from_ref(&name));
                                if let Some(sources) = self.tables[source].get(&name) {
                                    frame.set(&name, Rc::new(sources.through(FlowKind::Aggregation)));
                                }
                                self.called_back(&function, source, line);
                            }
                        }
                        Val::Series(series) => {
                            let sources = self.value_sources(source, &arg).through(FlowKind::Aggregation);
                            if let Some(name) = series.name.clone() {
                                if self.tables[source].columns.iter().all(|(other, _)| *other != name) {
                                    self.create(&name);
                                }
                                frame.set(&name, Rc::new(sources));
                            }
                        }
                        _ => whole = true,
                    }
                }
                for (name, value) in
                    keywords.iter().filter(|(name, _)| !matches!(name.as_str(), "axis" | "engine" | "func"))
                {
                    let name: Rc<str> = name.as_str().into();
                    let sources = match value {
                        Val::List(pair) => {
                            let column = pair.borrow().first().and_then(Val::as_text).cloned();
                            column
                                .map(|column| {
                                    self.use_columns(source, std::slice::from_ref(&column));
                                    self.tables[source].get(&column).unwrap_or_default().through(FlowKind::Aggregation)
                                })
                                .unwrap_or_default()
                        }
                        Val::Text(_) if groups.single => {
                            let mut all = Sources::default();
                            for value in &values {
                                all.add(&self.tables[source].get(value).unwrap_or_default());
                            }
                            all.through(FlowKind::Aggregation)
                        }
                        value => self.value_sources(source, value).through(FlowKind::Aggregation),
                    };
                    self.create(&name);
                    frame.set(&name, Rc::new(sources));
                }
                if whole {
                    // One function or several for each column: with several, names have two levels.
                    let several = matches!(args.first(), Some(Val::List(_)));
                    for value in &values {
                        let sources = self.tables[source].get(value).unwrap_or_default().through(FlowKind::Aggregation);
                        match args.first().filter(|_| several && groups.single) {
                            Some(functions) => {
                                for name in names::columns(functions) {
                                    frame.set(&name, Rc::new(sources.clone()));
                                }
                            }
                            None => frame.set(value, Rc::new(sources)),
                        }
                    }
                    if groups.chosen.is_none() {
                        frame.open.extend(groups.frame.changed(FlowKind::Aggregation).open);
                    }
                    if groups.single && !several {
                        return self.group_series(&frame, &values);
                    }
                }
                self.table(frame)
            }
            "size" | "ngroups" | "len" if method != "ngroups" => {
                let frame = keyed();
                if method == "len" {
                    let mut frame = frame;
                    frame.set(&"len".into(), Rc::default());
                    return self.table(frame);
                }
                let index = groups.keys.iter().filter_map(|key| Some((key.clone(), frame.get(key)?))).collect();
                Val::series(Series { name: None, rows: frame.rows, index, ..Series::default() })
            }
            "transform" | "cumsum" | "cumcount" | "cumprod" | "shift" | "rank" | "diff" | "ffill" | "bfill"
            | "pct_change" | "fillna" | "cummax" | "cummin" | "ngroup" => {
                let kind = if method == "transform" { FlowKind::Aggregation } else { FlowKind::Transformation };
                let mut all = Sources::default();
                for value in &values {
                    all.add(&self.tables[source].get(value).unwrap_or_default().through(kind));
                }
                if matches!(method, "cumcount" | "ngroup") {
                    all = Sources::default();
                }
                let mut grouped = Sources::default();
                for key in &groups.keys {
                    grouped.add(&groups.frame.get(key).unwrap_or_default().through(FlowKind::GroupBy));
                }
                all.add(&grouped);
                if groups.single || matches!(method, "cumcount" | "ngroup") {
                    let name = values.first().cloned().filter(|_| groups.single);
                    return Val::series(Series {
                        name,
                        sources: all,
                        rows: groups.frame.rows.clone(),
                        ..Series::default()
                    });
                }
                let mut frame = groups.frame.select(&values).changed(kind);
                for (_, sources) in &mut frame.columns {
                    Rc::make_mut(sources).add(&grouped);
                }
                self.table(frame)
            }
            "apply" | "map_groups" | "applyInPandas" | "pipe" | "progress_apply" => {
                let frame = match &groups.chosen {
                    Some(chosen) => groups.frame.select(chosen),
                    None => groups.frame.clone(),
                };
                let inner = if groups.single {
                    let at = self.kept(frame);
                    values.first().map_or(Val::Unknown, |name| self.column(at, name))
                } else {
                    self.table(frame)
                };
                let mut given = vec![inner];
                given.extend(args.iter().skip(1).cloned());
                let result =
                    args.first().map_or(Val::Unknown, |function| self.invoke(function, &given, keywords, line));
                match result {
                    Val::Table(at) => {
                        let mut frame = self.tables[at].clone();
                        super::frame::merge_rows(&mut frame.rows, &rows);
                        self.table(frame)
                    }
                    Val::Series(series) => {
                        let mut series = series.through(FlowKind::Aggregation);
                        series.index =
                            groups.keys.iter().filter_map(|key| Some((key.clone(), groups.frame.get(key)?))).collect();
                        super::frame::merge_rows(&mut series.rows, &rows);
                        Val::series(series)
                    }
                    _ => {
                        let mut frame = keyed();
                        frame.open.extend(groups.frame.changed(FlowKind::Aggregation).open);
                        self.table(frame)
                    }
                }
            }
            "rolling" | "resample" | "expanding" | "ewm" | "pivot" => Val::Groups(groups.clone()),
            "head" | "tail" | "nth" | "sample" | "get_group" | "filter" => {
                let frame = groups.frame.clone();
                self.table(frame)
            }
            "plot" | "hist" | "boxplot" => Val::Unknown,
            _ => {
                // One value for each group: `mean()`, `sum("a", "b")`, and functions that are not known.
                let mut chosen: Vec<Rc<str>> =
                    args.iter().flat_map(names::columns).filter(|name| groups.frame.get(name).is_some()).collect();
                self.use_columns(source, &chosen);
                if chosen.is_empty() {
                    chosen = values.clone();
                }
                let mut frame = keyed();
                for value in &chosen {
                    frame.set(
                        value,
                        Rc::new(self.tables[source].get(value).unwrap_or_default().through(FlowKind::Aggregation)),
                    );
                }
                if groups.chosen.is_none() && args.is_empty() {
                    frame.open.extend(groups.frame.changed(FlowKind::Aggregation).open);
                }
                if groups.single {
                    return self.group_series(&frame, &values);
                }
                self.table(frame)
            }
        }
    }

    fn group_series(&mut self, frame: &Frame, values: &[Rc<str>]) -> Val<'a> {
        let name = values.first().cloned();
        let sources = name.as_ref().and_then(|name| frame.get(name)).map(|it| (*it).clone()).unwrap_or_default();
        let index = frame
            .index
            .iter()
            .filter(|key| Some(*key) != name.as_ref())
            .filter_map(|key| Some((key.clone(), frame.get(key)?)))
            .collect();
        Val::series(Series { name, sources, rows: frame.rows.clone(), index, ..Series::default() })
    }

    fn called_back(&mut self, function: &Val<'a>, at: usize, line: u32) {
        if let Val::Function(_) = function {
            let all = self.tables[at].all_sources();
            self.invoke(function, &[Val::series(Series { sources: all, ..Series::default() })], &[], line);
        }
    }

    pub(super) fn merged(
        &mut self,
        at: usize,
        method: &str,
        args: &[Val<'a>],
        keywords: &[(String, Val<'a>)],
    ) -> Val<'a> {
        let other = args.first().or_else(|| keyword(keywords, "right")).or_else(|| keyword(keywords, "other"));
        let others: Vec<usize> = match other {
            Some(Val::Table(other)) => vec![*other],
            Some(Val::Series(series)) => {
                let frame = series.to_frame(None);
                vec![self.kept(frame)]
            }
            Some(Val::List(items)) => items
                .borrow()
                .iter()
                .filter_map(|item| if let Val::Table(at) = item { Some(*at) } else { None })
                .take(16)
                .collect(),
            _ => Vec::new(),
        };
        let Some(other) = others.first().copied() else {
            let frame = self.tables[at].clone();
            return self.table(frame);
        };
        let place = if method.starts_with("merge") { 2 } else { 1 };
        let on = keyword(keywords, "on").or_else(|| args.get(place));
        let how = keyword(keywords, "how")
            .or_else(|| args.get(if place == 2 { 1 } else { 2 }))
            .and_then(path_text)
            .unwrap_or_default();
        let mut rows = Sources::default();
        let mut keys = Vec::new();
        let (mut left, mut right) = (Vec::new(), Vec::new());
        match on {
            Some(Val::Series(condition)) => {
                // A condition, as in Spark: which of its columns are keys of both is not told.
                let free: Vec<Rc<str>> = condition.sources.free().cloned().collect();
                rows.add(&self.value_sources(at, &Val::Series(condition.clone())));
                keys = free;
            }
            Some(value) => {
                keys = names::columns(value);
                left.clone_from(&keys);
                right.clone_from(&keys);
            }
            None => {}
        }
        let side = |key: &str| keyword(keywords, key).map(names::columns).unwrap_or_default();
        left.extend(side("left_on"));
        right.extend(side("right_on"));
        self.use_columns(at, &left);
        self.use_columns(other, &right);
        // Without keys pandas takes the names that both have, or the index.
        if left.is_empty() && right.is_empty() && keys.is_empty() {
            let by_index = keyword(keywords, "left_index").is_some() || matches!(method, "join");
            let (mine, theirs) = (&self.tables[at], &self.tables[other]);
            left = if by_index {
                mine.index.clone()
            } else {
                mine.columns
                    .iter()
                    .map(|(name, _)| name.clone())
                    .filter(|name| theirs.columns.iter().any(|(other, _)| other == name))
                    .collect()
            };
            right = if by_index { theirs.index.clone() } else { left.clone() };
            if !by_index {
                keys.clone_from(&left);
            }
        }
        for (table, names) in [(at, &left), (other, &right)] {
            for name in names {
                rows.add(&self.tables[table].get(name).unwrap_or_default());
            }
        }
        let suffixes = match keyword(keywords, "suffixes").and_then(Val::items) {
            Some(pair) if pair.len() == 2 => {
                let text = |value: &Val<'a>| value.as_text().map(ToString::to_string).unwrap_or_default();
                (text(&pair[0]), text(&pair[1]))
            }
            _ => {
                let of = |key: &str| keyword(keywords, key).and_then(path_text);
                match (of("suffix"), of("lsuffix"), of("rsuffix")) {
                    (Some(right), ..) => (String::new(), right),
                    (None, left @ Some(_), right) | (None, left, right @ Some(_)) => {
                        (left.unwrap_or_default(), right.unwrap_or_default())
                    }
                    _ if method.starts_with("merge") => ("_x".to_owned(), "_y".to_owned()),
                    _ => (String::new(), "_right".to_owned()),
                }
            }
        };
        let mut frame = if how.contains("semi") || how.contains("anti") {
            self.tables[at].clone()
        } else {
            let theirs = self.tables[other].clone();
            let mut frame = self.tables[at].beside(&theirs, &keys, (&suffixes.0, &suffixes.1));
            for more in others.iter().skip(1) {
                frame = frame.beside(&self.tables[*more], &keys, (&suffixes.0, &suffixes.1));
            }
            frame
        };
        decide(&mut frame.rows, &rows, FlowKind::Join);
        self.table(frame)
    }

    /// `apply` and `pipe`: a function of the table, of its rows or of its columns.
    pub(super) fn apply(
        &mut self,
        at: usize,
        method: &str,
        args: &[Val<'a>],
        keywords: &[(String, Val<'a>)],
        line: u32,
    ) -> Val<'a> {
        let Some(function) = args.first().or_else(|| keyword(keywords, "func")).cloned() else { return Val::Table(at) };
        let by_row = matches!(keyword(keywords, "axis").or(args.get(1)), Some(Val::Number(1)))
            || matches!(keyword(keywords, "axis"), Some(Val::Text(_)));
        let mut given = vec![Val::Table(at)];
        if matches!(method, "pipe" | "map_batches" | "map_partitions") {
            given.extend(args.iter().skip(1).cloned());
            return self.invoke(&function, &given, keywords, line);
        }
        given.extend(keyword(keywords, "args").and_then(Val::items).unwrap_or_default());
        let named: Vec<(String, Val<'a>)> = keywords
            .iter()
            .filter(|(name, _)| !matches!(name.as_str(), "axis" | "args" | "func" | "result_type" | "raw"))
            .cloned()
            .collect();
        if !by_row {
            self.invoke(&function, &given, &named, line);
            let frame = self.tables[at].changed(FlowKind::Transformation);
            return self.table(frame);
        }
        self.tests.push(Sources::default());
        let result = self.invoke(&function, &given, &named, line);
        let tests = self.tests.pop().unwrap_or_default().through(FlowKind::Conditional);
        let mut sources = tests;
        match &result {
            // The row itself, perhaps with more columns.
            Val::Table(same) => return Val::Table(*same),
            Val::Series(series) => sources.add(&series.sources.through(FlowKind::Transformation)),
            value => sources.add(&self.value_sources(at, value)),
        }
        let rows = self.tables[at].rows.clone();
        Val::series(Series { sources, rows, table: Some(at), ..Series::default() })
    }

    /// What a function makes of a table, where a value or a function of the table may stand.
    pub(super) fn applied(&mut self, at: usize, value: &Val<'a>, line: u32) -> Val<'a> {
        match value {
            Val::Function(_) | Val::Partial(_) => self.invoke(value, &[Val::Table(at)], &[], line),
            value => value.clone(),
        }
    }
}

/// The names in an expression that is written in a text, those behind `@` and functions left out.
pub(super) fn identifiers(text: &str) -> Vec<String> {
    const WORDS: [&str; 18] = [
        "and", "or", "not", "in", "is", "null", "like", "between", "true", "false", "none", "case", "when", "then",
        "else", "end", "as", "if",
    ];
    let mut found: Vec<String> = Vec::new();
    let mut letters = text.chars().take(20_000).peekable();
    let mut before = ' ';
    while let Some(letter) = letters.next() {
        match letter {
            '"' | '\'' => {
                for inner in letters.by_ref() {
                    if inner == letter {
                        break;
                    }
                }
            }
            '`' => found.push(letters.by_ref().take_while(|inner| *inner != '`').collect()),
            letter if letter.is_alphabetic() || letter == '_' => {
                let mut name = letter.to_string();
                while let Some(next) = letters.next_if(|next| next.is_alphanumeric() || *next == '_') {
                    name.push(next);
                }
                let called = letters.peek() == Some(&'(');
                if !called && before != '@' && before != '.' && !WORDS.contains(&name.to_lowercase().as_str()) {
                    found.push(name);
                }
                before = 'a';
                continue;
            }
            _ => {}
        }
        if !letter.is_whitespace() {
            before = letter;
        }
    }
    found
}

/// A column that is not bound to a table yet.
pub(super) fn free<'a>(names: &[Rc<str>], kind: FlowKind) -> Val<'a> {
    let mut sources = Sources::default();
    for name in names {
        sources.add(&Sources::one(Origin::Free(name.clone()), kind, 1.0));
    }
    let name = names.first().filter(|name| names.len() == 1 && &***name != "*").cloned();
    Val::series(Series { name, sources, ..Series::default() })
}

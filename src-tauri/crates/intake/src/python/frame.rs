//! Tables and columns as the analysis sees them: for each column, which columns of which files it is made from.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::facts::{ColumnFlow, FlowKind};

/// A read that is not known: the table came from somewhere else, such as a parameter.
pub(super) const NOWHERE: usize = usize::MAX;
/// How many columns of one table are told apart.
const COLUMNS: usize = 4_000;
/// How many sources of one column, and deciding columns of one table, are kept.
const SOURCES: usize = 300;

/// How many flows out of one table are told.
const FLOWS: usize = 10_000;

/// Where values come from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Origin {
    /// A column of a read; `*` for one that is not known by name.
    Read(usize, Rc<str>),
    /// A column of a table that is not known yet, as in `pl.col("a")`.
    Free(Rc<str>),
}

/// How values come from an origin.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Way {
    /// Identity, transformation, aggregation or conditional.
    pub(super) kind: FlowKind,
    /// How sure, 0..1.
    pub(super) sure: f64,
}

/// All origins of a value.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Sources(BTreeMap<Origin, Way>);

impl Sources {
    pub(super) fn one(origin: Origin, kind: FlowKind, sure: f64) -> Self {
        Self(BTreeMap::from([(origin, Way { kind, sure })]))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&Origin, &Way)> {
        self.0.iter()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Both together. What arrives once per row and once over many rows is a transformation; what arrives as a value and also
    /// decides between values is a value.
    pub(super) fn add(&mut self, other: &Self) {
        for (origin, way) in &other.0 {
            if let Some(mine) = self.0.get_mut(origin) {
                mine.kind = match (mine.kind.is_direct(), way.kind.is_direct()) {
                    _ if mine.kind == way.kind => mine.kind,
                    (true, false) => mine.kind,
                    (false, true) => way.kind,
                    _ => FlowKind::Transformation,
                };
                mine.sure = mine.sure.max(way.sure);
            } else if self.0.len() < SOURCES {
                self.0.insert(origin.clone(), *way);
            }
        }
    }

    /// After something was done to the values.
    pub(super) fn through(&self, kind: FlowKind) -> Self {
        Self(
            self.0
                .iter()
                .map(|(origin, way)| (origin.clone(), Way { kind: way.kind.max(kind), sure: way.sure }))
                .collect(),
        )
    }

    pub(super) fn doubted(mut self, factor: f64) -> Self {
        for way in self.0.values_mut() {
            way.sure *= factor;
        }
        self
    }

    /// With the columns of a table in the place of the names that were still free.
    pub(super) fn bound(&self, frame: &Frame) -> Self {
        let mut result = Self::default();
        for (origin, way) in &self.0 {
            match origin {
                Origin::Free(name) if &**name == "*" => {
                    for (_, sources) in &frame.columns {
                        result.add(&sources.through(way.kind));
                    }
                    for open in &frame.open {
                        result.add(&open.sources("*").through(way.kind));
                    }
                }
                Origin::Free(name) => {
                    if let Some(found) = frame.get(name) {
                        result.add(&found.through(way.kind));
                    }
                }
                Origin::Read(..) => result.add(&Self(BTreeMap::from([(origin.clone(), *way)]))),
            }
        }
        result
    }

    /// Names that are still free.
    pub(super) fn free(&self) -> impl Iterator<Item = &Rc<str>> {
        self.0.keys().filter_map(|origin| if let Origin::Free(name) = origin { Some(name) } else { None })
    }
}

/// Columns that decide about rows, and how.
pub(super) type Rows = BTreeMap<(Origin, FlowKind), f64>;

pub(super) fn decide(rows: &mut Rows, sources: &Sources, kind: FlowKind) {
    for (origin, way) in sources.iter() {
        if rows.len() < SOURCES {
            rows.entry((origin.clone(), kind)).or_insert(way.sure);
        }
    }
}

/// Columns of a read that the code does not name.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Open {
    /// The read.
    pub(super) read: usize,
    /// Columns that are not among them.
    pub(super) except: Rc<BTreeSet<Rc<str>>>,
    /// How their values arrive.
    pub(super) kind: FlowKind,
    /// How sure, 0..1.
    pub(super) sure: f64,
}

impl Open {
    fn sources(&self, name: &str) -> Sources {
        Sources::one(Origin::Read(self.read, name.into()), self.kind, self.sure)
    }
}

/// A table.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Frame {
    /// Columns by name, in order as far as it is known.
    pub(super) columns: Vec<(Rc<str>, Rc<Sources>)>,
    /// Further columns.
    pub(super) open: Vec<Open>,
    /// What decided about its rows.
    pub(super) rows: Rows,
    /// The columns that are its index.
    pub(super) index: Vec<Rc<str>>,
    /// Whether iterating over it gives rows, as of a file, and not names of columns.
    pub(super) by_row: bool,
}

impl Frame {
    /// The table that a read returns.
    pub(super) fn of_read(read: usize) -> Self {
        Self {
            open: vec![Open { read, except: Rc::default(), kind: FlowKind::Identity, sure: 1.0 }],
            ..Self::default()
        }
    }

    /// The table that a read returns when its columns are named.
    pub(super) fn of_columns(read: usize, names: &[Rc<str>]) -> Self {
        let column = |name: &Rc<str>| {
            (name.clone(), Rc::new(Sources::one(Origin::Read(read, name.clone()), FlowKind::Identity, 1.0)))
        };
        Self { columns: names.iter().take(COLUMNS).map(column).collect(), ..Self::default() }
    }

    pub(super) fn is_closed(&self) -> bool {
        self.open.is_empty()
    }

    /// The sources of a column, if the table has or may have it.
    pub(super) fn get(&self, name: &str) -> Option<Rc<Sources>> {
        if let Some((_, sources)) = self.columns.iter().find(|(other, _)| &**other == name) {
            return Some(sources.clone());
        }
        let may: Vec<&Open> = self.open.iter().filter(|open| !open.except.contains(name)).collect();
        let doubt = if may.len() > 1 { 0.5 } else { 1.0 };
        let mut found = Sources::default();
        for open in &may {
            found.add(&open.sources(name).doubted(doubt));
        }
        (!may.is_empty()).then(|| Rc::new(found))
    }

    /// Sets a column, in place of one of that name or behind all others.
    pub(super) fn set(&mut self, name: &Rc<str>, sources: Rc<Sources>) {
        self.hide(name);
        if let Some(column) = self.columns.iter_mut().find(|(other, _)| other == name) {
            column.1 = sources;
        } else if self.columns.len() < COLUMNS {
            self.columns.push((name.clone(), sources));
        }
    }

    /// Notes that the further columns do not have this name, or no longer.
    fn hide(&mut self, name: &Rc<str>) {
        for open in &mut self.open {
            if !open.except.contains(name) && open.except.len() < COLUMNS {
                Rc::make_mut(&mut open.except).insert(name.clone());
            }
        }
    }

    pub(super) fn drop_columns(&mut self, names: &[Rc<str>]) {
        for name in names {
            self.hide(name);
        }
        self.columns.retain(|(name, _)| !names.contains(name));
        self.index.retain(|name| !names.contains(name));
    }

    /// These columns alone, with the index and what decided about rows.
    pub(super) fn select(&self, names: &[Rc<str>]) -> Self {
        let mut chosen = Self { rows: self.rows.clone(), ..Self::default() };
        for name in &self.index {
            if let Some(sources) = self.get(name) {
                chosen.set(name, sources);
                chosen.index.push(name.clone());
            }
        }
        for name in names.iter().take(COLUMNS) {
            if let Some(sources) = self.get(name) {
                chosen.set(name, sources);
            }
        }
        chosen
    }

    pub(super) fn rename(&mut self, old: &str, new: &Rc<str>) {
        let Some(sources) = self.get(old) else { return };
        let old: Rc<str> = old.into();
        self.hide(&old);
        self.hide(new);
        if let Some(column) = self.columns.iter_mut().find(|(name, _)| *name == old) {
            column.0 = new.clone();
        } else if self.columns.len() < COLUMNS {
            self.columns.push((new.clone(), sources));
        }
        for name in &mut self.index {
            if *name == old {
                *name = new.clone();
            }
        }
    }

    /// With all values changed, or all of a few columns.
    pub(super) fn changed(&self, kind: FlowKind) -> Self {
        let mut result = self.clone();
        for (name, sources) in &mut result.columns {
            if !self.index.contains(name) {
                *sources = Rc::new(sources.through(kind));
            }
        }
        for open in &mut result.open {
            open.kind = open.kind.max(kind);
        }
        result
    }

    /// All that its values come from.
    pub(super) fn all_sources(&self) -> Sources {
        let mut all = Sources::default();
        for (_, sources) in &self.columns {
            all.add(sources);
        }
        for open in &self.open {
            all.add(&open.sources("*"));
        }
        all
    }

    /// Rows of both, one under the other.
    pub(super) fn stacked(&self, other: &Self) -> Self {
        let mut result = self.clone();
        for (name, sources) in &other.columns {
            let mut both = (**sources).clone();
            if let Some(mine) = self.get(name) {
                both.add(&mine);
            }
            result.set(name, Rc::new(both));
        }
        for (name, sources) in &self.columns {
            if let Some(theirs) = other.get(name) {
                let mut both = (**sources).clone();
                both.add(&theirs);
                result.set(name, Rc::new(both));
            }
        }
        for open in &other.open {
            let named: BTreeSet<Rc<str>> = result.columns.iter().map(|(name, _)| name.clone()).collect();
            let mut open = open.clone();
            if !named.is_subset(&open.except) {
                Rc::make_mut(&mut open.except).extend(named);
            }
            if !result.open.contains(&open) && result.open.len() < 64 {
                result.open.push(open);
            }
        }
        merge_rows(&mut result.rows, &other.rows);
        result
    }

    /// Columns of both, side by side. Names that both have, less `keys`, get the suffixes.
    pub(super) fn beside(&self, other: &Self, keys: &[Rc<str>], suffixes: (&str, &str)) -> Self {
        let mut result = Self { rows: self.rows.clone(), index: self.index.clone(), ..Self::default() };
        merge_rows(&mut result.rows, &other.rows);
        let twice = |name: &Rc<str>, frame: &Self| {
            !keys.contains(name) && frame.columns.iter().any(|(theirs, _)| theirs == name)
        };
        let named = |name: &Rc<str>, suffix: &str| -> Rc<str> { format!("{name}{suffix}").into() };
        let mut columns: Vec<(Rc<str>, Rc<Sources>)> = Vec::new();
        for (name, sources) in &self.columns {
            let name = if twice(name, other) { named(name, suffixes.0) } else { name.clone() };
            columns.push((name, sources.clone()));
        }
        for (name, sources) in &other.columns {
            if keys.contains(name) && self.get(name).is_some() {
                continue;
            }
            let name = if twice(name, self) { named(name, suffixes.1) } else { name.clone() };
            columns.push((name, sources.clone()));
        }
        result.open.extend(self.open.iter().cloned());
        for open in &other.open {
            let mut open = open.clone();
            Rc::make_mut(&mut open.except).extend(keys.iter().cloned());
            result.open.push(open);
        }
        result.open.truncate(64);
        for (name, sources) in columns {
            result.set(&name, sources);
        }
        result
    }

    /// The flows into a file or a model.
    pub(super) fn flows(&self) -> Vec<ColumnFlow> {
        let mut flows = Vec::new();
        for (name, sources) in &self.columns {
            if flows.len() < FLOWS {
                flows.extend(flows_into(sources, name));
            }
        }
        for open in self.open.iter().filter(|open| open.read != NOWHERE) {
            let except = open.except.iter().map(|name| name.to_string()).collect();
            let confidence = 0.9 * open.sure;
            flows.push(ColumnFlow {
                read: open.read,
                from: "*".into(),
                to: "*".into(),
                kind: open.kind,
                except,
                confidence,
            });
        }
        for ((origin, kind), sure) in &self.rows {
            if let Origin::Read(read, name) = origin
                && *read != NOWHERE
            {
                let (from, confidence) = (name.to_string(), 0.9 * sure);
                flows.push(ColumnFlow {
                    read: *read,
                    from,
                    to: "*".into(),
                    kind: *kind,
                    except: Vec::new(),
                    confidence,
                });
            }
        }
        flows
    }
}

/// The flows of a column into a column or feature of this name.
pub(super) fn flows_into(sources: &Sources, to: &str) -> Vec<ColumnFlow> {
    let flow = |(origin, way): (&Origin, &Way)| match origin {
        Origin::Read(read, name) if *read != NOWHERE => Some(ColumnFlow {
            read: *read,
            from: name.to_string(),
            to: to.to_owned(),
            kind: way.kind,
            except: Vec::new(),
            confidence: 0.9 * way.sure,
        }),
        _ => None,
    };
    sources.iter().filter_map(flow).collect()
}

pub(super) fn merge_rows(rows: &mut Rows, others: &Rows) {
    for (key, sure) in others {
        if rows.len() < SOURCES {
            rows.entry(key.clone()).or_insert(*sure);
        }
    }
}

/// A column, or values made from columns.
#[derive(Debug, Clone, Default)]
pub(super) struct Series {
    /// Its name.
    pub(super) name: Option<Rc<str>>,
    /// What it is made from.
    pub(super) sources: Sources,
    /// What decided about its rows.
    pub(super) rows: Rows,
    /// Index columns that it carries, as after `groupby`.
    pub(super) index: Vec<(Rc<str>, Rc<Sources>)>,
    /// The table that it is a column of, and what it was taken from.
    pub(super) table: Option<usize>,
    /// Whether it is `.str`, `.dt` or `.cat` of a column.
    pub(super) accessor: bool,
}

impl Series {
    /// After something was done to its values.
    pub(super) fn through(&self, kind: FlowKind) -> Self {
        Self { sources: self.sources.through(kind), accessor: false, ..self.clone() }
    }

    /// As a table of its own.
    pub(super) fn to_frame(&self, name: Option<&Rc<str>>) -> Frame {
        let mut frame = Frame { rows: self.rows.clone(), ..Frame::default() };
        for (name, sources) in &self.index {
            frame.set(name, sources.clone());
            frame.index.push(name.clone());
        }
        let name = name.or(self.name.as_ref()).cloned().unwrap_or_else(|| "0".into());
        frame.set(&name, Rc::new(self.sources.clone()));
        frame
    }
}

/// A table that was grouped.
#[derive(Debug, Clone)]
pub(super) struct Groups {
    /// The table, with the keys as columns.
    pub(super) frame: Frame,
    /// The keys.
    pub(super) keys: Vec<Rc<str>>,
    /// The columns that were chosen from it, if any were.
    pub(super) chosen: Option<Vec<Rc<str>>>,
    /// Whether a single one was, so that a column results.
    pub(super) single: bool,
}

/// The names of the columns of a table.
#[derive(Debug, Clone)]
pub(super) struct Labels {
    /// The table at that time.
    pub(super) frame: Frame,
    /// Whether only some are meant, and which ones the data decides.
    pub(super) some: bool,
}

//! Methods that drop and rename the columns of a table, or turn columns into rows and back.

use std::rc::Rc;

use super::eval::Analysis;
use super::facts::FlowKind;
use super::frame::{Frame, Sources, decide};
use super::names;
use super::values::{HOLE, Val, add, keyword};

impl<'a> Analysis<'a> {
    pub(super) fn drop(&mut self, at: usize, args: &[Val<'a>], keywords: &[(String, Val<'a>)]) -> Val<'a> {
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

    pub(super) fn rename(&mut self, at: usize, args: &[Val<'a>], keywords: &[(String, Val<'a>)]) -> Val<'a> {
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

    pub(super) fn melted(&mut self, at: usize, args: &[Val<'a>], keywords: &[(String, Val<'a>)]) -> Val<'a> {
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

    pub(super) fn pivoted(
        &mut self,
        at: usize,
        method: &str,
        args: &[Val<'a>],
        keywords: &[(String, Val<'a>)],
    ) -> Val<'a> {
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

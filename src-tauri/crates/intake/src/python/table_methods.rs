//! Methods of tables: what each does with their columns.

use std::rc::Rc;

use super::eval::{Analysis, truth};
use super::facts::FlowKind;
use super::frame::{Frame, Groups, Series, Sources, decide};
use super::names;
use super::values::{Val, add, keyword, path_text};

impl<'a> Analysis<'a> {
    /// Carries out a method in place, if it is asked to.
    pub(super) fn in_place(&mut self, at: usize, keywords: &[(String, Val<'a>)], frame: Frame) -> Val<'a> {
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
                match keyword(keywords, "columns").filter(|columns| matches!(columns, Val::List(_) | Val::Labels(_))) {
                    Some(columns) => {
                        let columns = columns.clone();
                        self.select(at, &columns)
                    }
                    None => Val::Table(at),
                }
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
}

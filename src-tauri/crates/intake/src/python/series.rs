//! What methods of columns do, and functions of libraries that make tables and columns.

use std::rc::Rc;

use super::combine::free;
use super::eval::{Analysis, truth};
use super::facts::FlowKind;
use super::frame::{Frame, Series, Sources, decide};
use super::names;
use super::values::{HOLE, Val, keyword, path_text};

impl<'a> Analysis<'a> {
    pub(super) fn series_attribute(&mut self, series: &Rc<Series>, name: &str) -> Val<'a> {
        match name {
            "str" | "dt" | "cat" | "list" | "struct" | "arr" | "bin" => {
                Val::series(Series { accessor: true, ..(**series).clone() })
            }
            "values" | "T" | "iloc" | "loc" | "array" | "at" | "iat" | "plot" => Val::Series(series.clone()),
            "name" if series.accessor => Val::Series(series.clone()),
            "name" => series.name.clone().map_or(Val::Unknown, Val::Text),
            "index" => {
                let mut index = Series { rows: series.rows.clone(), ..Series::default() };
                for (name, sources) in &series.index {
                    index.name = Some(name.clone());
                    index.sources.add(sources);
                }
                Val::series(index)
            }
            "shape" | "dtype" | "size" | "empty" | "ndim" => Val::Unknown,
            // Parts of a date, of an index of dates, and of a row.
            _ => Val::series(series.through(FlowKind::Transformation)),
        }
    }

    pub(super) fn series_method(
        &mut self,
        series: &Rc<Series>,
        method: &str,
        args: &[Val<'a>],
        keywords: &[(String, Val<'a>)],
        line: u32,
    ) -> Val<'a> {
        let again = || Val::Series(series.clone());
        match method {
            "apply" | "map" | "transform" | "progress_apply" | "map_elements" | "parallel_apply" | "applymap"
            | "pipe" => {
                let mut result = series.through(FlowKind::Transformation);
                if let Some(function @ (Val::Function(_) | Val::Partial(_))) = args.first() {
                    self.tests.push(Sources::default());
                    let mut given = vec![again()];
                    given.extend(keyword(keywords, "args").and_then(Val::items).unwrap_or_default());
                    let value = self.invoke(function, &given, &[], line);
                    self.tests.pop();
                    match value {
                        Val::Series(value) => result.sources.add(&value.sources.through(FlowKind::Transformation)),
                        Val::Table(_) if method == "pipe" => return value,
                        _ => {}
                    }
                }
                // Values that are looked up in another column, by its index.
                if let (Some(Val::Series(looked_up)), false) = (args.first(), method == "pipe") {
                    result.sources.add(&looked_up.sources);
                }
                Val::series(result)
            }
            "value_counts" => {
                let name = series.name.clone().unwrap_or_else(|| "index".into());
                let mut rows = series.rows.clone();
                decide(&mut rows, &series.sources, FlowKind::GroupBy);
                let index = vec![(name, Rc::new(series.sources.clone()))];
                Val::series(Series { name: Some("count".into()), rows, index, ..Series::default() })
            }
            "alias" | "rename" if !series.accessor => {
                match args.first().or_else(|| keyword(keywords, "name")).and_then(Val::as_text) {
                    Some(name) => Val::series(Series { name: Some(name.clone()), ..(**series).clone() }),
                    None => again(),
                }
            }
            "suffix" | "prefix" | "to_lowercase" | "keep" if series.accessor => again(),
            "to_frame" | "reset_index" => {
                if keyword(keywords, "drop").and_then(truth) == Some(true) {
                    return again();
                }
                let name = args
                    .first()
                    .or_else(|| keyword(keywords, "name"))
                    .or_else(|| keyword(keywords, "names"))
                    .and_then(Val::as_text)
                    .cloned();
                if let Some(name) = &name {
                    self.create(name);
                }
                let mut frame = series.to_frame(name.as_ref());
                if method == "reset_index" {
                    frame.index.clear();
                }
                self.table(frame)
            }
            "tolist" | "to_list" | "to_numpy" | "copy" | "head" | "tail" | "sample" | "sort_values" | "sort_index"
            | "unique" | "drop_duplicates" | "dropna" | "reshape" | "ravel" | "flatten" | "nlargest" | "nsmallest"
            | "items" | "iteritems" | "set_axis" | "squeeze" | "compute" | "to_series" | "drop_nulls" | "limit"
            | "to_physical" | "cpu" | "numpy" | "clone" | "detach" | "over" | "rolling" | "ewm" | "expanding"
            | "resample" | "get" | "groupby" | "view" | "unsqueeze" | "desc" | "asc" | "set_index" | "collect"
                if !series.accessor =>
            {
                again()
            }
            // Values by the index that they were found under.
            "to_dict" => Val::series(Series { name: None, table: None, ..(**series).clone() }),
            // A further case of a choice, and values that stay or are replaced by whether a test holds.
            "when" | "where" | "mask" if !series.accessor && !args.is_empty() => {
                let values: Vec<Val<'a>> =
                    args.iter().skip(1).cloned().chain(keywords.iter().map(|(_, value)| value.clone())).collect();
                let chosen = self.one_of(&args[..1], &values);
                let mut result = series.through(FlowKind::Transformation);
                if let Val::Series(chosen) = &chosen {
                    result.sources.add(&chosen.sources);
                    super::frame::merge_rows(&mut result.rows, &chosen.rows);
                }
                let value = Val::series(result);
                self.column_in_place(series, value, keywords)
            }
            "hist" | "plot" | "boxplot" | "describe" | "info" | "bar" | "savefig" => Val::Unknown,
            _ => {
                let aggregated = !series.accessor && names::is_aggregation(method);
                let mut all: Vec<&Val<'a>> = args.iter().collect();
                all.extend(keywords.iter().map(|(_, value)| value));
                let mut result =
                    series.through(if aggregated { FlowKind::Aggregation } else { FlowKind::Transformation });
                if let Val::Series(others) = self.mixed(&all) {
                    result.sources.add(&others.sources.through(FlowKind::Transformation));
                    super::frame::merge_rows(&mut result.rows, &others.rows);
                }
                if matches!(method, "then" | "otherwise") {
                    result.name = result.name.or_else(|| {
                        args.first().and_then(|arg| if let Val::Series(it) = arg { it.name.clone() } else { None })
                    });
                }
                let value = Val::series(result);
                self.column_in_place(series, value, keywords)
            }
        }
    }

    /// Puts a value in the place of the column that it was made from, if the call says so.
    fn column_in_place(&mut self, series: &Series, value: Val<'a>, keywords: &[(String, Val<'a>)]) -> Val<'a> {
        if keyword(keywords, "inplace").and_then(truth) == Some(true)
            && let (Some(at), Some(name)) = (series.table, &series.name)
        {
            self.set_column(at, &name.clone(), &value);
            return Val::Nothing;
        }
        value
    }

    /// One of these values for each row, by tests: the values arrive, the tests only decide. Texts among the values are values.
    fn one_of(&mut self, tests: &[Val<'a>], values: &[Val<'a>]) -> Val<'a> {
        let mut result = match self.mixed(&values.iter().collect::<Vec<_>>()) {
            Val::Series(series) => (*series).clone(),
            _ => Series::default(),
        };
        match self.mixed(&tests.iter().collect::<Vec<_>>()) {
            Val::Series(tests) => {
                result.sources.add(&tests.sources.through(FlowKind::Conditional));
                super::frame::merge_rows(&mut result.rows, &tests.rows);
                result.table = result.table.or(tests.table);
                if result.index.is_empty() {
                    result.index.clone_from(&tests.index);
                }
            }
            _ if result.sources.is_empty() => return Val::Unknown,
            _ => {}
        }
        Val::series(result)
    }

    /// Functions of pandas, polars, numpy and Spark that make tables or columns.
    pub(super) fn table_function(
        &mut self,
        name: &str,
        args: &[Val<'a>],
        keywords: &[(String, Val<'a>)],
        line: u32,
    ) -> Option<Val<'a>> {
        let (module, last) = name.rsplit_once('.').unwrap_or(("", name));
        let root = module.split('.').next().unwrap_or("");
        match (root, last) {
            ("pandas" | "polars" | "dask" | "cudf" | "modin", "concat") => Some(self.concat(args, keywords)),
            ("numpy", "concatenate" | "vstack" | "hstack" | "column_stack" | "stack" | "c_" | "r_")
            | ("torch", "cat" | "stack") => Some(self.concat(
                args,
                &[("axis".to_owned(), Val::Number(i64::from(matches!(last, "hstack" | "column_stack"))))],
            )),
            ("pandas" | "dask", "merge" | "merge_asof" | "merge_ordered") => {
                let Some(Val::Table(left)) = args.first().or_else(|| keyword(keywords, "left")) else {
                    return Some(Val::Unknown);
                };
                let rest = args.get(1..).unwrap_or(&[]);
                Some(self.merged(*left, "merge", rest, keywords))
            }
            ("geopandas", "sjoin" | "overlay" | "sjoin_nearest") => {
                let Some(Val::Table(left)) = args.first() else { return Some(Val::Unknown) };
                Some(self.merged(*left, "join", args.get(1..).unwrap_or(&[]), keywords))
            }
            ("pandas", "get_dummies") => Some(self.dummies(args, keywords)),
            (
                "pandas" | "polars" | "dask" | "cudf" | "geopandas" | "pyarrow" | "modin",
                "DataFrame" | "LazyFrame" | "GeoDataFrame" | "from_dict" | "table" | "from_pydict" | "from_records",
            ) => Some(self.made_table(args, keywords)),
            ("pandas" | "polars", "Series") => {
                let name = keyword(keywords, "name").and_then(Val::as_text).cloned();
                Some(
                    match args
                        .iter()
                        .chain(keyword(keywords, "data"))
                        .find(|value| matches!(value, Val::Series(_) | Val::Table(_)))
                    {
                        Some(Val::Series(series)) => {
                            Val::series(Series { name: name.or_else(|| series.name.clone()), ..(**series).clone() })
                        }
                        Some(value) => {
                            let value = value.clone();
                            self.mixed(&[&value])
                        }
                        None => Val::Unknown,
                    },
                )
            }
            ("polars" | "pyarrow" | "dask" | "geopandas", "from_pandas" | "from_arrow" | "from_numpy") => {
                args.first().cloned()
            }
            (
                "pandas" | "dask" | "polars",
                "melt" | "pivot_table" | "pivot" | "crosstab" | "json_normalize" | "wide_to_long",
            ) => match args.first().or_else(|| keyword(keywords, "data")).or_else(|| keyword(keywords, "frame")) {
                Some(Val::Table(at)) if last != "crosstab" => {
                    Some(self.table_method(*at, last, args.get(1..).unwrap_or(&[]), keywords, line))
                }
                Some(Val::Series(_)) => Some(self.mixed(&args.iter().collect::<Vec<_>>())),
                _ => Some(Val::Unknown),
            },
            ("polars", "col" | "element") | ("polars", "nth") => {
                let names: Vec<Rc<str>> = args.iter().flat_map(names::columns).collect();
                if args.is_empty() || names.is_empty() || names.iter().any(|name| name.starts_with('^')) {
                    return Some(free(&["*".into()], FlowKind::Identity));
                }
                Some(free(&names, FlowKind::Identity))
            }
            ("polars", "all" | "exclude") => Some(free(&["*".into()], FlowKind::Identity)),
            ("polars", _) if module.ends_with("selectors") => Some(free(&["*".into()], FlowKind::Identity)),
            ("polars", "lit") => Some(Val::series(Series { name: Some("literal".into()), ..Series::default() })),
            ("polars", "len" | "count") if args.is_empty() => {
                Some(Val::series(Series { name: Some(last.into()), ..Series::default() }))
            }
            (
                "polars",
                "struct" | "concat_str" | "concat_list" | "coalesce" | "sum_horizontal" | "mean_horizontal"
                | "max_horizontal" | "min_horizontal" | "any_horizontal" | "all_horizontal" | "format",
            ) => Some(self.expression(args, keywords, FlowKind::Transformation)),
            ("polars", "when") => Some(match self.expression(args, keywords, FlowKind::Conditional) {
                // The name is that of the first value.
                Val::Series(series) => Val::series(Series { name: None, ..(*series).clone() }),
                value => value,
            }),
            ("polars", _) if names::is_aggregation(last) => {
                Some(self.expression(args, keywords, FlowKind::Aggregation))
            }
            ("pyspark", _) if module.ends_with("functions") => Some(self.spark_function(last, args, keywords)),
            ("pyspark" | "databricks", "SparkSession" | "SQLContext" | "HiveContext") => {
                Some(Val::Import("pyspark.session".into()))
            }
            ("pyspark", _) if name.contains("SparkSession") => Some(Val::Import("pyspark.session".into())),
            ("pyspark", _) if name.starts_with("pyspark.session.") => {
                Some(self.session(name.trim_start_matches("pyspark.session."), args, keywords, line))
            }
            ("numpy", "where" | "select") => {
                let (tests, values) = args.split_at(args.len().min(1));
                let values: Vec<Val<'a>> =
                    values.iter().cloned().chain(keywords.iter().map(|(_, value)| value.clone())).collect();
                // Alone, the condition is itself what is asked for: the places where it holds.
                let value = if values.is_empty() {
                    self.mixed(&tests.iter().collect::<Vec<_>>())
                } else {
                    self.one_of(tests, &values)
                };
                Some(match value {
                    Val::Series(series) => Val::series(Series { name: None, ..(*series).clone() }),
                    value => value,
                })
            }
            (
                "pandas",
                "to_datetime" | "to_numeric" | "cut" | "qcut" | "factorize" | "to_timedelta" | "isnull" | "notnull"
                | "isna" | "Categorical",
            ) => {
                let value = self.mixed(&args.iter().take(1).collect::<Vec<_>>());
                Some(if last == "factorize" { Val::list(vec![value, Val::Unknown]) } else { value })
            }
            ("pandas", "Grouper") => {
                let names = keyword(keywords, "key").map(names::columns).unwrap_or_default();
                Some(if names.is_empty() { Val::Unknown } else { free(&names, FlowKind::Transformation) })
            }
            ("pandas", "NamedAgg") => {
                let column = keyword(keywords, "column").or(args.first()).cloned().unwrap_or_default();
                Some(Val::list(vec![column, Val::Unknown]))
            }
            ("pandas", "Index") => args.first().cloned(),
            _ => None,
        }
    }

    /// An expression of polars over these: texts name columns.
    fn expression(&mut self, args: &[Val<'a>], keywords: &[(String, Val<'a>)], kind: FlowKind) -> Val<'a> {
        let mut result = Series::default();
        for arg in args.iter().chain(keywords.iter().map(|(_, value)| value)) {
            match arg {
                Val::Series(series) => {
                    result.sources.add(&series.sources.through(kind));
                    result.name = result.name.take().or_else(|| series.name.clone());
                }
                arg => {
                    if let Val::Series(series) = free(&names::columns(arg), kind) {
                        result.sources.add(&series.sources);
                        result.name = result.name.take().or_else(|| series.name.clone());
                    }
                }
            }
        }
        Val::series(result)
    }

    fn spark_function(&mut self, last: &str, args: &[Val<'a>], keywords: &[(String, Val<'a>)]) -> Val<'a> {
        match last {
            "col" | "column" => {
                let names: Vec<Rc<str>> = args.iter().flat_map(names::columns).collect();
                // `t.a` names the table as well.
                let bare: Vec<Rc<str>> =
                    names.iter().map(|name| name.rsplit('.').next().unwrap_or(name).into()).collect();
                free(&bare, FlowKind::Identity)
            }
            "lit"
            | "current_timestamp"
            | "current_date"
            | "rand"
            | "monotonically_increasing_id"
            | "row_number"
            | "input_file_name" => Val::series(Series::default()),
            "expr" => {
                let text = args.first().and_then(path_text).unwrap_or_default();
                let names: Vec<Rc<str>> = super::combine::identifiers(&text).into_iter().map(Rc::from).collect();
                match free(&names, FlowKind::Transformation) {
                    Val::Series(series) => Val::series(Series { name: None, ..(*series).clone() }),
                    value => value,
                }
            }
            "desc" | "asc" => self.expression(args, keywords, FlowKind::Identity),
            "when" => self.one_of(args.get(..1).unwrap_or(&[]), args.get(1..).unwrap_or(&[])),
            _ if names::is_aggregation(last) => {
                self.expression(args.get(..1).unwrap_or(&[]), keywords, FlowKind::Aggregation)
            }
            // Formats and patterns are texts too: the first argument is the column.
            _ => {
                let mut all = args.get(..1).unwrap_or(&[]).to_vec();
                all.extend(args.iter().skip(1).filter(|arg| matches!(arg, Val::Series(_))).cloned());
                self.expression(&all, &[], FlowKind::Transformation)
            }
        }
    }

    fn concat(&mut self, args: &[Val<'a>], keywords: &[(String, Val<'a>)]) -> Val<'a> {
        let list = args
            .first()
            .or_else(|| keyword(keywords, "objs"))
            .or_else(|| keyword(keywords, "items"))
            .cloned()
            .unwrap_or_default();
        let items = list.items().unwrap_or_else(|| self.elements(&list));
        let beside = match keyword(keywords, "axis").or(args.get(1)) {
            Some(Val::Number(axis)) => *axis == 1,
            Some(Val::Text(axis)) => &**axis == "columns",
            _ => matches!(keyword(keywords, "how"), Some(Val::Text(how)) if how.starts_with("horizontal")),
        };
        let mut frames = Vec::new();
        let mut names = Vec::new();
        for item in items.iter().take(256) {
            match item {
                Val::Table(at) => frames.push(self.tables[*at].clone()),
                Val::Series(series) => {
                    names.push(series.name.clone());
                    frames.push(series.to_frame(None));
                }
                // Columns of an array that is put together.
                Val::List(_) => {
                    let inner = self.mixed(&[item]);
                    if let Val::Series(series) = inner {
                        frames.push(series.to_frame(None));
                    }
                }
                _ => {}
            }
        }
        let mut frames = frames.into_iter();
        let Some(mut whole) = frames.next() else { return Val::Unknown };
        for frame in frames {
            whole = if beside { whole.beside(&frame, &[], ("", "_1")) } else { whole.stacked(&frame) };
        }
        // Values of one column, one under the other, stay a column.
        if !beside && names.len() == items.len() && !names.is_empty() {
            let sources = whole.all_sources();
            return Val::series(Series { name: names.swap_remove(0), sources, rows: whole.rows, ..Series::default() });
        }
        self.table(whole)
    }

    fn dummies(&mut self, args: &[Val<'a>], keywords: &[(String, Val<'a>)]) -> Val<'a> {
        let columns = keyword(keywords, "columns").or(args.get(4)).map(names::columns).unwrap_or_default();
        let coded = |frame: &mut Frame, name: &str, sources: &Sources| {
            let prefix =
                keyword(keywords, "prefix").and_then(Val::as_text).map_or(name.to_owned(), |prefix| prefix.to_string());
            frame.set(&format!("{prefix}_*").into(), Rc::new(sources.through(FlowKind::Transformation)));
        };
        match args.first().or_else(|| keyword(keywords, "data")) {
            Some(Val::Table(at)) => {
                self.use_columns(*at, &columns);
                let mut frame = self.tables[*at].clone();
                if columns.is_empty() {
                    // Those that hold texts, which the data decides: all keep their names at least in part.
                    return self.table(frame);
                }
                for name in &columns {
                    let sources = frame.get(name).unwrap_or_default();
                    frame.drop_columns(std::slice::from_ref(name));
                    coded(&mut frame, name, &sources);
                }
                self.table(frame)
            }
            Some(Val::Series(series)) => {
                let mut frame = Frame { rows: series.rows.clone(), ..Frame::default() };
                let name = series.name.clone().unwrap_or_else(|| "".into());
                coded(&mut frame, &name, &series.sources);
                self.table(frame)
            }
            _ => Val::Unknown,
        }
    }

    /// `pd.DataFrame(...)`.
    fn made_table(&mut self, args: &[Val<'a>], keywords: &[(String, Val<'a>)]) -> Val<'a> {
        let data = args.first().or_else(|| keyword(keywords, "data")).cloned().unwrap_or_default();
        let columns = keyword(keywords, "columns").or_else(|| keyword(keywords, "schema")).cloned();
        let mut frame = Frame::default();
        match &data {
            Val::Map(entries) => {
                let entries = entries.borrow().clone();
                for (name, value) in entries.iter().filter(|(name, _)| !name.contains(HOLE)) {
                    let sources = match value {
                        Val::Series(series) => {
                            super::frame::merge_rows(&mut frame.rows, &series.rows);
                            series.sources.clone()
                        }
                        Val::Table(at) => self.tables[*at].all_sources(),
                        Val::List(_) => match self.mixed(&[value]) {
                            Val::Series(series) => series.sources.clone(),
                            _ => Sources::default(),
                        },
                        _ => Sources::default(),
                    };
                    self.create(name);
                    frame.set(name, Rc::new(sources));
                }
            }
            Val::Table(at) => {
                let at = *at;
                let Some(columns) = columns else {
                    let frame = self.tables[at].clone();
                    return self.table(frame);
                };
                if let Val::Labels(labels) = &columns {
                    // An array with the names of the table that it was made from.
                    if labels.some
                        || !labels.frame.is_closed()
                        || labels.frame.columns.len() == self.tables[at].columns.len()
                    {
                        let frame = self.tables[at].clone();
                        return self.table(frame);
                    }
                }
                let names = names::columns(&columns);
                let all = self.tables[at].all_sources();
                let closed = self.tables[at].is_closed() && self.tables[at].columns.len() == names.len();
                frame.rows.clone_from(&self.tables[at].rows);
                for (place, name) in names.iter().enumerate() {
                    let sources = match self.tables[at].columns.get(place) {
                        Some((_, sources)) if closed => sources.clone(),
                        _ => self.tables[at]
                            .columns
                            .iter()
                            .find(|(other, _)| other == name)
                            .map_or_else(|| Rc::new(all.clone()), |(_, it)| it.clone()),
                    };
                    self.create(name);
                    frame.set(name, sources);
                }
            }
            Val::Series(series) => {
                let names = columns.as_ref().map(names::columns).unwrap_or_default();
                for name in &names {
                    self.create(name);
                }
                frame = series.to_frame(names.first());
            }
            Val::List(items) => {
                // Rows as dictionaries, or one list for each row.
                let items = items.borrow().clone();
                for item in items.iter().take(64) {
                    if let Val::Map(entries) = item {
                        let entries = entries.borrow().clone();
                        for (name, value) in entries {
                            let sources = if let Val::Series(series) = &value {
                                series.sources.clone()
                            } else {
                                Sources::default()
                            };
                            self.create(&name);
                            frame.set(&name, Rc::new(sources));
                        }
                    }
                }
                for name in columns.as_ref().map(names::columns).unwrap_or_default() {
                    if frame.get(&name).is_none() {
                        self.create(&name);
                        frame.set(&name, Rc::default());
                    }
                }
            }
            _ => {
                for name in columns.as_ref().map(names::columns).unwrap_or_default() {
                    self.create(&name);
                    frame.set(&name, Rc::default());
                }
            }
        }
        self.table(frame)
    }
}

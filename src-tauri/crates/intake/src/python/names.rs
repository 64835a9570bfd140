//! Names: those that mean tables, targets and columns, and the column names in a value.

use std::rc::Rc;

use super::values::{HOLE, Val};

/// Attributes of a table or column that are not columns.
const NOT_COLUMNS: &[&str] = &[
    "shape",
    "columns",
    "index",
    "values",
    "dtypes",
    "dtype",
    "T",
    "loc",
    "iloc",
    "at",
    "iat",
    "ndim",
    "empty",
    "str",
    "dt",
    "cat",
    "name",
    "feature_names",
    "target_names",
    "schema",
    "axes",
    "attrs",
    "style",
    "sparse",
    "is_unique",
    "nbytes",
    "flags",
    "groups",
    "write",
    "read",
    "rdd",
    "na",
    "DESCR",
    "collect",
    "columns_",
    "real",
    "imag",
    "flat",
    "head",
    "tail",
    "apply",
    "info",
    "describe",
    "sample",
    "iterrows",
    "itertuples",
    "items",
    "keys",
    "feature_names_in_",
    "best_estimator_",
    "named_steps",
    "steps",
    "shape_",
    "dropna",
    "fillna",
    "memory_usage",
];

/// Whether `table.name` can mean a column.
pub(super) fn may_be_column(name: &str) -> bool {
    !NOT_COLUMNS.contains(&name) && !name.starts_with('_')
}

/// Whether a name is one that people give to tables.
pub(super) fn is_table_name(name: &str) -> bool {
    let lower = name.to_lowercase();
    matches!(
        lower.as_str(),
        "df" | "data"
            | "dataset"
            | "frame"
            | "dataframe"
            | "train"
            | "test"
            | "x"
            | "features"
            | "raw"
            | "table"
            | "valid"
            | "validation"
    ) || lower.starts_with("df_")
        || lower.ends_with("_df")
        || lower.starts_with("df") && lower[2..].bytes().all(|byte| byte.is_ascii_digit())
        || lower.ends_with("_data")
        || lower.ends_with("_frame")
        || matches!(lower.as_str(), "x_train" | "x_test" | "x_val" | "train_set" | "test_set")
}

/// Whether a name is one that people give to what is to be predicted.
pub(super) fn is_target_name(name: &str) -> bool {
    let lower = name.to_lowercase();
    matches!(
        lower.as_str(),
        "y" | "target" | "targets" | "label" | "labels" | "y_train" | "y_true" | "y_all" | "y_full" | "outcome"
    )
}

/// Whether a name is one that people give to the name of the column that is to be predicted.
pub(super) fn is_target_setting(name: &str) -> bool {
    let lower = name.to_lowercase();
    matches!(
        lower.as_str(),
        "target"
            | "target_col"
            | "target_column"
            | "target_name"
            | "target_var"
            | "target_variable"
            | "label_col"
            | "label_column"
            | "label_name"
            | "y_col"
            | "y_column"
            | "dependent_variable"
            | "response"
    )
}

/// The column names in a value: one text, or a list of texts. Names with unknown parts are left out.
pub(super) fn columns(value: &Val<'_>) -> Vec<Rc<str>> {
    let mut found = Vec::new();
    collect(value, &mut found, 4);
    found
}

fn collect(value: &Val<'_>, found: &mut Vec<Rc<str>>, depth: usize) {
    if depth == 0 || found.len() > 4_000 {
        return;
    }
    match value {
        Val::Text(text) if !text.contains(HOLE) && !text.is_empty() => found.push(text.clone()),
        Val::List(items) => {
            for item in items.borrow().iter().filter(|item| !matches!(item, Val::Map(_))) {
                collect(item, found, depth - 1);
            }
        }
        Val::Map(entries) => {
            found.extend(entries.borrow().iter().map(|(key, _)| key.clone()).filter(|key| !key.contains(HOLE)));
        }
        Val::Choice(items) => items.iter().for_each(|item| collect(item, found, depth - 1)),
        Val::Labels(labels) if labels.frame.is_closed() && !labels.some => {
            found.extend(labels.frame.columns.iter().map(|(name, _)| name.clone()));
        }
        Val::Series(series) => {
            let mut free = series.sources.free().peekable();
            if free.peek().is_some() {
                found.extend(free.filter(|name| &***name != "*").cloned());
            } else {
                found.extend(series.name.clone());
            }
        }
        _ => {}
    }
}

/// Whether a method or function makes one value of many rows.
pub(super) fn is_aggregation(name: &str) -> bool {
    matches!(
        name,
        "sum"
            | "mean"
            | "median"
            | "min"
            | "max"
            | "std"
            | "var"
            | "count"
            | "nunique"
            | "n_unique"
            | "first"
            | "last"
            | "quantile"
            | "mode"
            | "size"
            | "prod"
            | "any"
            | "all"
            | "agg"
            | "aggregate"
            | "value_counts"
            | "skew"
            | "kurt"
            | "kurtosis"
            | "sem"
            | "idxmax"
            | "idxmin"
            | "argmax"
            | "argmin"
            | "describe"
            | "corr"
            | "cov"
            | "average"
            | "avg"
            | "nanmean"
            | "nanmedian"
            | "nansum"
            | "percentile"
            | "len"
            | "countDistinct"
            | "count_distinct"
            | "approx_count_distinct"
            | "collect_list"
            | "collect_set"
            | "stddev"
            | "variance"
            | "mad"
            | "concat_list"
            | "implode"
    )
}

//! What code does with the columns of a table: the methods that name columns, and the names that mean a table.

use super::eval::Val;

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
    "size",
    "ndim",
    "empty",
    "str",
    "dt",
    "cat",
    "plot",
    "name",
    "data",
    "target",
    "feature_names",
    "target_names",
    "schema",
    "width",
    "height",
    "axes",
    "attrs",
    "style",
    "sparse",
    "array",
    "is_unique",
    "nbytes",
    "flags",
    "hist",
    "groups",
    "write",
    "read",
    "rdd",
    "na",
    "frame",
    "DESCR",
    "metadata",
    "collect",
    "names",
    "text",
    "content",
    "columns_",
    "categories",
    "codes",
    "real",
    "imag",
    "flat",
    "head",
    "tail",
    "apply",
];

/// Whether `table.name` can mean a column.
pub(crate) fn may_be_column(name: &str) -> bool {
    !NOT_COLUMNS.contains(&name) && !name.starts_with('_')
}

/// Whether a name is one that people give to tables.
pub(crate) fn is_table_name(name: &str) -> bool {
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
pub(crate) fn is_target_name(name: &str) -> bool {
    let lower = name.to_lowercase();
    matches!(
        lower.as_str(),
        "y" | "target" | "targets" | "label" | "labels" | "y_train" | "y_true" | "y_all" | "y_full" | "outcome"
    )
}

/// Whether a name is one that people give to the name of the column that is to be predicted.
pub(crate) fn is_target_setting(name: &str) -> bool {
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
pub(crate) fn names(value: &Val<'_>) -> Vec<String> {
    match value {
        Val::Text(text) if !text.contains('*') && !text.is_empty() => vec![text.clone()],
        Val::List(items) => {
            items.iter().flat_map(|item| if let Val::Text(_) = item { names(item) } else { Vec::new() }).collect()
        }
        Val::Map(entries) => entries.iter().map(|(key, _)| key.clone()).filter(|key| !key.contains('*')).collect(),
        Val::Columns(found, _) => found.clone(),
        _ => Vec::new(),
    }
}

/// The arguments in which a method of a table names columns that it uses: positions, then names.
pub(crate) fn used_by(method: &str) -> Option<(&'static [usize], &'static [&'static str])> {
    Some(match method {
        "groupby" | "group_by" => (&[0, 1, 2], &["by"]),
        "sort_values" | "sort" => (&[0], &["by"]),
        "set_index" | "partition_by" => (&[0], &["keys", "by"]),
        "merge" | "join" => (&[], &["on", "left_on", "right_on"]),
        "pivot" | "pivot_table" => (&[], &["index", "columns", "values", "on"]),
        "melt" | "unpivot" => (&[], &["id_vars", "value_vars", "on", "index"]),
        "dropna" | "drop_nulls" | "drop_duplicates" | "duplicated" | "unique" => (&[], &["subset"]),
        "fillna" | "astype" | "agg" | "aggregate" | "replace" => (&[0], &["value", "dtype", "func"]),
        "select" | "filter" | "explode" | "nlargest" | "nsmallest" | "get_column" | "value_counts" | "get" => {
            (&[0, 1, 2, 3, 4, 5], &["items", "columns", "subset"])
        }
        "plot" | "scatter" | "hist" | "boxplot" | "bar" | "line" => (&[], &["x", "y", "column", "by", "hue"]),
        "reindex" => (&[], &["columns"]),
        _ => return None,
    })
}

/// The keyword arguments in which a reading call names columns.
pub(crate) const READ_KEYWORDS: [&str; 5] = ["usecols", "columns", "parse_dates", "index_col", "dtype"];

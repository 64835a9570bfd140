//! Requests and answers of model servers, taken apart into predictions.
//!
//! Read: the Open Inference Protocol version 2 (tensors by name), V1 bodies (`instances` and `predictions`), MLflow's `dataframe_split`,
//! `dataframe_records` and `inputs`, and Seldon's `data.ndarray` and `jsonData`. One request can ask for several predictions; the
//! second and further ones have the identifier of the request with `#1`, `#2`, … behind it.

use serde_json::{Map, Value};

use super::super::cells::Cell;

/// The values of one prediction by column.
pub(super) type Row = Vec<(String, Cell)>;

/// Most rows that one request is taken apart into.
const MOST_ROWS: usize = 100_000;
/// Most values of one nested input: beyond it the input is a picture or a text embedding, and is not looked at value by value.
const MOST_VALUES: usize = 2_000;

fn cell(value: &Value) -> Cell {
    match value {
        Value::Null => Cell::Null,
        Value::Bool(it) => Cell::Text(it.to_string()),
        Value::Number(it) => it.as_f64().map_or(Cell::Null, Cell::Number),
        Value::String(it) => match it.as_str() {
            // JSON has no numbers for these, so writers put them in quotes.
            "NaN" => Cell::Number(f64::NAN),
            "Infinity" | "inf" => Cell::Number(f64::INFINITY),
            "-Infinity" | "-inf" => Cell::Number(f64::NEG_INFINITY),
            _ => Cell::Text(it.clone()),
        },
        other => Cell::Text(other.to_string()),
    }
}

/// Puts a value, nested as it may be, under a name.
pub(super) fn flatten(prefix: &str, value: &Value, into: &mut Row) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                flatten(&join(prefix, key), value, into);
            }
        }
        Value::Array(items) if items.len() == 1 => flatten(prefix, &items[0], into),
        Value::Array(items) if items.len() <= MOST_VALUES => {
            for (place, value) in items.iter().enumerate() {
                flatten(&join(prefix, &place.to_string()), value, into);
            }
        }
        Value::Array(_) => {}
        other => into.push((prefix.to_owned(), cell(other))),
    }
}

fn join(prefix: &str, key: &str) -> String {
    if prefix.is_empty() { key.to_owned() } else { format!("{prefix}.{key}") }
}

/// Rows of a list of records, of lists, or of plain values; `names` are of the columns of lists, where they are known.
fn rows_of(items: &[Value], names: &[String]) -> Vec<Row> {
    items
        .iter()
        .take(MOST_ROWS)
        .map(|item| {
            let mut row = Row::new();
            match item {
                Value::Array(values) if values.len() <= MOST_VALUES => {
                    for (place, value) in values.iter().enumerate() {
                        let name = names.get(place).cloned().unwrap_or_else(|| place.to_string());
                        flatten(&name, value, &mut row);
                    }
                }
                Value::Object(_) => flatten("", item, &mut row),
                other => flatten(names.first().map_or("0", String::as_str), other, &mut row),
            }
            row
        })
        .collect()
}

fn texts(value: Option<&Value>) -> Vec<String> {
    let list = value.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    list.iter().map(|it| it.as_str().map_or_else(|| it.to_string(), str::to_owned)).collect()
}

/// Tensors of the Open Inference Protocol: one column for each, or one for each of its values beyond the first axis.
fn tensors(list: &[Value]) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for tensor in list {
        let (Some(name), Some(data)) =
            (tensor.get("name").and_then(Value::as_str), tensor.get("data").and_then(Value::as_array))
        else {
            continue;
        };
        let shape: Vec<usize> = tensor
            .get("shape")
            .and_then(Value::as_array)
            .map(|it| it.iter().filter_map(|d| d.as_u64().map(|d| d as usize)).collect())
            .unwrap_or_default();
        let mut flat = Vec::new();
        leaves(data, &mut flat);
        let count = shape.first().copied().unwrap_or(flat.len()).min(MOST_ROWS);
        if count == 0 || flat.is_empty() {
            continue;
        }
        let width = (flat.len() / count).max(1);
        if width > MOST_VALUES {
            continue;
        }
        let names = tensor.pointer("/parameters/column_names").map(|it| texts(Some(it))).unwrap_or_default();
        rows.resize_with(rows.len().max(count), Row::new);
        for (row, values) in rows.iter_mut().zip(flat.chunks(width)) {
            if let [one] = values {
                row.push((name.to_owned(), cell(one)));
            } else {
                row.extend(values.iter().enumerate().map(|(place, value)| {
                    let column = names.get(place).cloned().unwrap_or_else(|| format!("{name}.{place}"));
                    (column, cell(value))
                }));
            }
        }
    }
    rows
}

fn leaves<'a>(items: &'a [Value], into: &mut Vec<&'a Value>) {
    for item in items {
        match item {
            Value::Array(inner) => leaves(inner, into),
            other => into.push(other),
        }
    }
}

fn is_tensors(value: &Value) -> bool {
    value.as_array().is_some_and(|list| {
        !list.is_empty() && list.iter().all(|it| it.get("name").is_some() && it.get("data").is_some())
    })
}

/// Whether an object looks like a request or an answer of a model server.
pub(super) fn is_body(fields: &Map<String, Value>) -> bool {
    let has = |name: &str| fields.get(name).is_some_and(Value::is_array);
    has("instances")
        || has("dataframe_records")
        || fields.get("dataframe_split").is_some_and(Value::is_object)
        || fields.get("inputs").is_some_and(is_tensors)
        || fields.get("outputs").is_some_and(is_tensors)
        || (has("predictions") && fields.len() <= 4)
        || fields.get("data").is_some_and(|it| it.get("ndarray").is_some() || it.get("tensor").is_some())
}

/// What a body is, in the word of the report.
pub(super) fn protocol(fields: &Map<String, Value>) -> &'static str {
    let tensors = ["inputs", "outputs"].iter().any(|name| fields.get(*name).is_some_and(is_tensors));
    if tensors {
        "open_inference"
    } else if fields.contains_key("dataframe_split") || fields.contains_key("dataframe_records") {
        "mlflow"
    } else {
        "v1"
    }
}

fn named_rows(fields: &Map<String, Value>) -> Option<Vec<Row>> {
    if let Some(list) = fields.get("instances").and_then(Value::as_array) {
        return Some(rows_of(list, &[]));
    }
    if let Some(list) = fields.get("dataframe_records").and_then(Value::as_array) {
        return Some(rows_of(list, &[]));
    }
    if let Some(split) = fields.get("dataframe_split") {
        let list = split.get("data").and_then(Value::as_array)?;
        return Some(rows_of(list, &texts(split.get("columns"))));
    }
    if let Some(data) = fields.get("data").filter(|it| it.is_object()) {
        let names = texts(data.get("names"));
        if let Some(list) = data.get("ndarray").and_then(Value::as_array) {
            return Some(rows_of(list, &names));
        }
        if let Some(tensor) = data.get("tensor") {
            let values = tensor.get("values").and_then(Value::as_array)?;
            let rows = tensor.pointer("/shape/0").and_then(Value::as_u64).unwrap_or(1).max(1) as usize;
            let width = (values.len() / rows).max(1);
            let lists: Vec<Value> = values.chunks(width).map(|it| Value::Array(it.to_vec())).collect();
            return Some(rows_of(&lists, &names));
        }
    }
    if let Some(data) = fields.get("jsonData") {
        return Some(rows_of(data.as_array().map_or(std::slice::from_ref(data), Vec::as_slice), &[]));
    }
    None
}

/// The inputs of a request, one row for each prediction asked for.
pub(super) fn inputs(body: &Value) -> Vec<Row> {
    let Some(fields) = body.as_object() else {
        return body.as_array().map(|it| rows_of(it, &[])).unwrap_or_default();
    };
    let rows = match fields.get("inputs") {
        Some(list) if is_tensors(list) => list.as_array().map(|it| tensors(it)).unwrap_or_default(),
        // TensorFlow's columns: `{"inputs": {"age": [1, 2], "income": [3, 4]}}`.
        Some(Value::Object(columns)) => by_columns(columns),
        Some(Value::Array(list)) => rows_of(list, &[]),
        _ => named_rows(fields).unwrap_or_else(|| {
            let mut row = Row::new();
            flatten("", body, &mut row);
            vec![row]
        }),
    };
    rows.into_iter().map(|row| prefixed("inputs", row)).collect()
}

fn by_columns(columns: &Map<String, Value>) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for (name, value) in columns {
        let list = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
        rows.resize_with(rows.len().max(list.len().min(MOST_ROWS)), Row::new);
        for (row, value) in rows.iter_mut().zip(list) {
            flatten(name, value, row);
        }
    }
    rows
}

fn prefixed(prefix: &str, row: Row) -> Row {
    row.into_iter().map(|(name, cell)| (join(prefix, &name), cell)).collect()
}

/// The answers of a response, one row for each prediction: `prediction`, `scores.CLASS`, or `outputs.NAME`.
pub(super) fn outputs(body: &Value) -> Vec<Row> {
    let Some(fields) = body.as_object() else {
        return body.as_array().map(|it| it.iter().map(answer).collect()).unwrap_or_default();
    };
    if let Some(list) = fields.get("predictions") {
        return match list {
            Value::Array(items) => items.iter().take(MOST_ROWS).map(answer).collect(),
            Value::Object(columns) => by_columns(columns).into_iter().map(|row| named_answers(row, 1)).collect(),
            other => vec![answer(other)],
        };
    }
    if let Some(list) = fields.get("outputs").filter(|it| is_tensors(it)).and_then(Value::as_array) {
        return tensors(list).into_iter().map(|row| named_answers(row, list.len())).collect();
    }
    if let Some(rows) = named_rows(fields) {
        let names = texts(fields.get("data").and_then(|it| it.get("names")));
        return rows
            .into_iter()
            .map(|row| {
                if names.len() > 1 {
                    row.into_iter().map(|(name, cell)| (format!("scores.{name}"), cell)).collect()
                } else {
                    named_answers(row, 1)
                }
            })
            .collect();
    }
    vec![answer(body)]
}

/// One answer: a value is the prediction; a list of probabilities are scores; a record keeps its names.
fn answer(value: &Value) -> Row {
    match value {
        Value::Array(items) if items.len() > 1 && items.len() <= MOST_VALUES && are_probabilities(items) => {
            items.iter().enumerate().map(|(place, it)| (format!("scores.{place}"), cell(it))).collect()
        }
        Value::Array(items) if items.len() == 1 => answer(&items[0]),
        Value::Object(_) => {
            let mut row = Row::new();
            flatten("outputs", value, &mut row);
            row
        }
        other => {
            let mut row = Row::new();
            flatten("prediction", other, &mut row);
            row
        }
    }
}

fn are_probabilities(items: &[Value]) -> bool {
    let numbers: Vec<f64> = items.iter().filter_map(Value::as_f64).collect();
    let sum: f64 = numbers.iter().sum();
    numbers.len() == items.len()
        && numbers.iter().all(|it| (-1e-6..=1.000_001).contains(it))
        && (sum - 1.0).abs() < 0.01
}

/// Answers that have names of their own: the only one is the prediction, whatever it is called.
fn named_answers(row: Row, tensors: usize) -> Row {
    if let [(_, cell)] = row.as_slice()
        && tensors == 1
    {
        return vec![("prediction".to_owned(), cell.clone())];
    }
    let numbers: Option<Vec<f64>> =
        row.iter().map(|(_, cell)| if let Cell::Number(it) = cell { Some(*it) } else { None }).collect();
    let scores = numbers.is_some_and(|it| {
        it.iter().all(|p| (-1e-6..=1.000_001).contains(p)) && (it.iter().sum::<f64>() - 1.0).abs() < 0.01
    });
    let prefix = if scores && tensors == 1 { "scores" } else { "outputs" };
    row.into_iter()
        .map(|(name, cell)| {
            let name = if prefix == "scores" { name.rsplit('.').next().unwrap_or(&name).to_owned() } else { name };
            (format!("{prefix}.{name}"), cell)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn read(text: &str) -> Value {
        serde_json::from_str(text).unwrap()
    }

    fn shown(rows: &[Row]) -> String {
        let cell = |it: &Cell| match it {
            Cell::Null => "null".to_owned(),
            Cell::Number(it) => it.to_string(),
            Cell::Text(it) => it.clone(),
        };
        let row = |row: &Row| row.iter().map(|(name, it)| format!("{name}={}", cell(it))).collect::<Vec<_>>().join(" ");
        rows.iter().map(row).collect::<Vec<_>>().join(" | ")
    }

    #[test]
    fn tensors_of_several_rows() {
        let body = read(
            r#"{"id":"a","inputs":[{"name":"x","shape":[2,2],"datatype":"FP32","data":[1,2,3,4]},{"name":"city","shape":[2],"datatype":"BYTES","data":["Rome","Oslo"]}]}"#,
        );
        assert_eq!(
            shown(&inputs(&body)),
            "inputs.x.0=1 inputs.x.1=2 inputs.city=Rome | inputs.x.0=3 inputs.x.1=4 inputs.city=Oslo"
        );
        let body = read(
            r#"{"model_name":"m","outputs":[{"name":"p","shape":[2,2],"datatype":"FP32","data":[[0.1,0.9],[0.7,0.3]]}]}"#,
        );
        assert_eq!(shown(&outputs(&body)), "scores.0=0.1 scores.1=0.9 | scores.0=0.7 scores.1=0.3");
        let body = read(r#"{"outputs":[{"name":"y","shape":[1],"datatype":"INT64","data":[3]}]}"#);
        assert_eq!(shown(&outputs(&body)), "prediction=3");
    }

    #[test]
    fn instances_in_their_forms() {
        assert_eq!(
            shown(&inputs(&read(r#"{"instances":[{"a":1,"b":"x"},{"a":2}]}"#))),
            "inputs.a=1 inputs.b=x | inputs.a=2"
        );
        assert_eq!(
            shown(&inputs(&read(r#"{"instances":[[1,2],[3,4]]}"#))),
            "inputs.0=1 inputs.1=2 | inputs.0=3 inputs.1=4"
        );
        assert_eq!(
            shown(&inputs(&read(r#"{"dataframe_split":{"columns":["a","b"],"data":[[1,null]]}}"#))),
            "inputs.a=1 inputs.b=null"
        );
        assert_eq!(shown(&inputs(&read(r#"{"data":{"names":["a","b"],"ndarray":[[1,2]]}}"#))), "inputs.a=1 inputs.b=2");
        assert_eq!(
            shown(&outputs(&read(r#"{"predictions":[[0.2,0.8],[0.5,0.5]]}"#))),
            "scores.0=0.2 scores.1=0.8 | scores.0=0.5 scores.1=0.5"
        );
        assert_eq!(shown(&outputs(&read(r#"{"predictions":[4.5]}"#))), "prediction=4.5");
        assert_eq!(
            shown(&outputs(&read(r#"{"data":{"names":["no","yes"],"ndarray":[[0.4,0.6]]}}"#))),
            "scores.no=0.4 scores.yes=0.6"
        );
    }
}

//! JSON: a document or a record a line, and which of the many things that are kept in JSON.

use proofmark_domain::artifact::ArtifactKind::{
    self, Config, Dataset, Environment, Metrics, Model, Notebook, Other, PredictionLog,
};
use serde_json::Value;

use super::{Classified, Source, names, prediction};

/// Lines of a file of records that are looked at.
const MOST_LINES: usize = 50;

/// Says what a text that begins with `{` or `[` is; `None` if it is not JSON after all.
pub fn recognise(source: &Source<'_, '_>, text: &str) -> Option<Classified> {
    if let Some(found) = lines(source, text) {
        return Some(found);
    }
    if source.is_whole() || whole_despite_size(text) {
        let value: Value = serde_json::from_str(text.trim_end()).ok()?;
        return Some(document(source, &Shape::of_value(&value), text));
    }
    // The file is longer than the head: what the head shows must do.
    Some(document(source, &Shape::of_start(text)?, text))
}

fn whole_despite_size(text: &str) -> bool {
    text.len() < 1_000
}

/// A record a line.
fn lines(source: &Source<'_, '_>, text: &str) -> Option<Classified> {
    let mut lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).take(MOST_LINES + 1).collect();
    if lines.len() > MOST_LINES || (!source.is_whole() && lines.len() > 1) {
        lines.pop();
    }
    let promised = matches!(source.ending.as_str(), "jsonl" | "ndjson");
    if lines.len() < 2 && !promised {
        return None;
    }
    let mut records = Vec::with_capacity(lines.len());
    for (index, line) in lines.iter().enumerate() {
        match serde_json::from_str::<Value>(line) {
            Ok(record @ (Value::Object(_) | Value::Array(_))) => records.push(record),
            // The last line of a log may be half-written; a damaged line among good ones is for the check to name.
            _ if index > 0 && (promised || index + 1 == lines.len()) => {}
            _ => return None,
        }
    }
    if records.is_empty() || (!promised && records.len() < 2) {
        return None;
    }
    let kind = if records.iter().all(is_logged_prediction) { PredictionLog } else { Dataset };
    Some(Classified::new(kind, "application/x-ndjson"))
}

fn is_logged_prediction(record: &Value) -> bool {
    let Some(fields) = record.as_object() else { return false };
    let nested = fields.values().filter_map(Value::as_object).flat_map(|inner| inner.keys());
    prediction::names_are_of_a_log(fields.keys().chain(nested).map(String::as_str))
        && fields.iter().any(|(name, value)| {
            prediction::is_identifier(name) && value.as_str().is_some_and(prediction::is_unique_id)
        })
}

/// The first level of a document.
#[derive(Debug, Default)]
struct Shape {
    is_array: bool,
    /// Keys of the object, with what their values are.
    fields: Vec<(String, Part)>,
    /// What the elements of an array are.
    elements: Vec<Part>,
    /// Whether the first elements are logged predictions.
    is_log: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Object,
    Array,
    Text,
    Number,
    Word,
}

impl Part {
    fn of(value: &Value) -> Self {
        match value {
            Value::Object(_) => Self::Object,
            Value::Array(_) => Self::Array,
            Value::String(_) => Self::Text,
            Value::Number(_) => Self::Number,
            Value::Bool(_) | Value::Null => Self::Word,
        }
    }
}

impl Shape {
    fn of_value(value: &Value) -> Self {
        match value {
            Value::Object(fields) => Self {
                fields: fields.iter().map(|(key, value)| (key.clone(), Part::of(value))).collect(),
                ..Self::default()
            },
            Value::Array(elements) => Self {
                is_array: true,
                elements: elements.iter().take(MOST_LINES).map(Part::of).collect(),
                is_log: !elements.is_empty() && elements.iter().take(MOST_LINES).all(is_logged_prediction),
                ..Self::default()
            },
            _ => Self::default(),
        }
    }

    /// Reads the first level of a text that is cut somewhere. `None` if it cannot be JSON.
    fn of_start(text: &str) -> Option<Self> {
        let mut shape = Self { is_array: text.starts_with('['), ..Self::default() };
        let mut depth = 0usize;
        let mut key: Option<String> = None;
        let mut pending: Option<String> = None;
        let mut expects_value = true;
        let mut element_start = None;
        let mut characters = text.char_indices();
        while let Some((at, character)) = characters.next() {
            let part = match character {
                '{' => Some(Part::Object),
                '[' => Some(Part::Array),
                '"' => Some(Part::Text),
                '-' | '0'..='9' => Some(Part::Number),
                't' | 'f' | 'n' | 'N' | 'I' => Some(Part::Word),
                _ => None,
            };
            if depth == 1
                && expects_value
                && let Some(part) = part
            {
                if shape.is_array {
                    element_start.get_or_insert(at);
                    shape.elements.push(part);
                    expects_value = false;
                } else if let Some(name) = key.take() {
                    shape.fields.push((name, part));
                    expects_value = false;
                }
            }
            match character {
                '"' => {
                    let mut name = String::new();
                    let mut escaped = false;
                    let mut closed = false;
                    for (_, inner) in characters.by_ref() {
                        if !escaped && inner == '"' {
                            closed = true;
                            break;
                        }
                        escaped = !escaped && inner == '\\';
                        if name.len() < 200 {
                            name.push(inner);
                        }
                    }
                    if closed && depth == 1 && !shape.is_array {
                        pending = Some(name);
                    }
                }
                ':' if depth == 1 => {
                    key = Some(pending.take()?);
                    expects_value = true;
                }
                ',' if depth == 1 => expects_value = true,
                '{' | '[' => depth += 1,
                '}' | ']' => {
                    depth = depth.checked_sub(1)?;
                    if depth == 1
                        && shape.is_array
                        && shape.elements.len() == 1
                        && let Some(element) = element_start.and_then(|from| text.get(from..=at))
                    {
                        // A first element that is no JSON means that the text only looks like it.
                        let value: Value = serde_json::from_str(element).ok()?;
                        shape.is_log = is_logged_prediction(&value);
                    }
                    if depth == 0 {
                        break;
                    }
                }
                _ if character.is_whitespace() || part.is_some() || "}],:.+-eEaulrsfiyt".contains(character) => {}
                _ => return None,
            }
        }
        Some(shape)
    }

    fn part(&self, key: &str) -> Option<Part> {
        self.fields.iter().find(|(name, _)| name == key).map(|(_, part)| *part)
    }
}

/// Names of measured results (scikit-learn's scoring names and what frameworks log).
const RESULTS: &[&str] = &[
    "accuracy",
    "auc",
    "roc_auc",
    "pr_auc",
    "f1",
    "f1_score",
    "precision",
    "recall",
    "rmse",
    "mse",
    "mae",
    "mape",
    "r2",
    "r2_score",
    "log_loss",
    "logloss",
    "loss",
    "val_loss",
    "gini",
    "ks",
    "brier",
    "specificity",
    "sensitivity",
    "mcc",
    "balanced_accuracy",
    "average_precision",
    "perplexity",
    "bleu",
    "rouge",
    "iou",
    "ndcg",
    "explained_variance",
];

fn is_result_name(key: &str) -> bool {
    let key = key.to_lowercase();
    let bare = ["train_", "test_", "val_", "valid_", "validation_", "eval_", "cv_", "mean_", "holdout_"]
        .iter()
        .fold(key.as_str(), |name, prefix| name.strip_prefix(prefix).unwrap_or(name));
    RESULTS.contains(&bare) || RESULTS.contains(&key.as_str())
}

fn document(source: &Source<'_, '_>, shape: &Shape, text: &str) -> Classified {
    let json = |kind: ArtifactKind| Classified::new(kind, "application/json");
    if shape.is_array {
        return match shape.elements.first() {
            _ if shape.is_log => json(PredictionLog),
            Some(Part::Object | Part::Array | Part::Number) => json(Dataset),
            Some(Part::Text | Part::Word) => json(Config),
            None => json(names::kind_of_name(&source.name, &source.ending)),
        };
    }
    let has = |key: &str| shape.part(key).is_some();
    if shape.part("cells") == Some(Part::Array) && (has("nbformat") || text.contains("\"cell_type\"")) {
        return Classified::new(Notebook, "application/x-ipynb+json");
    }
    if shape.part("worksheets") == Some(Part::Array) && has("nbformat") {
        return Classified::new(Notebook, "application/x-ipynb+json");
    }
    if source.ending == "ipynb" && !has("nbformat") {
        return json(Other);
    }
    if shape.part("learner") == Some(Part::Object) {
        return Classified::new(Model, "application/vnd.xgboost+json");
    }
    if has("oblivious_trees") || (has("trees") && has("features_info")) {
        return Classified::new(Model, "application/vnd.catboost+json");
    }
    if has("tree_info") && has("max_feature_idx") {
        return Classified::new(Model, "application/vnd.lightgbm+json");
    }
    if has("class_name") && has("config") && (has("keras_version") || has("registered_name")) {
        return Classified::new(Model, "application/vnd.keras+json");
    }
    if matches!(shape.part("features"), Some(Part::Array)) && text.contains("FeatureCollection") {
        return Classified::new(Dataset, "application/geo+json");
    }
    if names::environment(&source.name).is_some() {
        return json(Environment);
    }
    if is_table(shape, text) {
        return json(Dataset);
    }
    let numbers = shape.fields.iter().filter(|(_, part)| *part == Part::Number).count();
    let known = shape.fields.iter().filter(|(key, part)| *part == Part::Number && is_result_name(key)).count();
    let leaves = || {
        let (mut numeric, mut others) = (0usize, 0usize);
        if let Ok(value) = serde_json::from_str::<Value>(text.trim_end()) {
            count_leaves(&value, &mut numeric, &mut others);
        }
        numeric > 0 && numeric >= others
    };
    if (known > 0 && known * 2 >= shape.fields.len()) || (names::is_metrics(&source.name) && (numbers > 0 || leaves()))
    {
        return json(Metrics);
    }
    json(Config)
}

/// Numbers against texts. The depth is limited by the parser (128).
fn count_leaves(value: &Value, numeric: &mut usize, others: &mut usize) {
    match value {
        Value::Number(_) => *numeric += 1,
        Value::String(_) | Value::Bool(_) => *others += 1,
        Value::Null => {}
        Value::Array(values) => values.iter().for_each(|value| count_leaves(value, numeric, others)),
        Value::Object(fields) => fields.values().for_each(|value| count_leaves(value, numeric, others)),
    }
}

/// The shapes in which pandas writes a table as one object.
fn is_table(shape: &Shape, text: &str) -> bool {
    let split = shape.part("columns") == Some(Part::Array) && shape.part("data") == Some(Part::Array);
    let table = shape.part("schema") == Some(Part::Object) && shape.part("data") == Some(Part::Array);
    if split || table {
        return true;
    }
    // Columns of equal kind: `{"a": {"0": 1, "1": 2}, …}`.
    let by_row = || {
        let Ok(Value::Object(fields)) = serde_json::from_str::<Value>(text.trim_end()) else {
            return text.split('{').nth(2).is_some_and(|inner| inner.trim_start().starts_with("\"0\":"));
        };
        let rows = |value: &Value| {
            value.as_object().is_some_and(|rows| {
                !rows.is_empty() && rows.keys().all(|key| !key.is_empty() && key.bytes().all(|b| b.is_ascii_digit()))
            })
        };
        !fields.is_empty() && fields.values().all(rows)
    };
    if !shape.fields.is_empty() && shape.fields.iter().all(|(_, part)| *part == Part::Object) {
        return by_row();
    }
    let columns = shape.fields.len() >= 2 && shape.fields.iter().all(|(_, part)| *part == Part::Array);
    columns && equal_lengths(text)
}

/// Whether the arrays of an object are of one length above two; a cut text cannot be asked, and then it is a table.
fn equal_lengths(text: &str) -> bool {
    let Ok(Value::Object(fields)) = serde_json::from_str::<Value>(text.trim_end()) else { return true };
    let mut lengths = fields.values().filter_map(|value| value.as_array().map(Vec::len));
    lengths.next().is_some_and(|first| first > 2 && lengths.all(|length| length == first))
}

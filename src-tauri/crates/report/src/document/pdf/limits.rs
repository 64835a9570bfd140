//! What has room on pages. Paper is for reading: beyond some hundred rows a person opens the HTML document, which has them all.

use serde_json::{Map, Value, json};

use crate::document::sheet::Kind;
use crate::text;

/// A list, the most of it that is set, and what its entries are called.
struct Limit(&'static str, usize, &'static str);

const COLUMNS: usize = 300;
const DRAWN: usize = 24;
const DETAILED: usize = 24;

const fn of(kind: Kind) -> &'static [Limit] {
    match kind {
        Kind::Dataset => &[
            Limit("notes", 50, "notes"),
            Limit("findings", 150, "findings"),
            Limit("sensitive", 100, "sensitive columns"),
            Limit("decisions", 150, "decisions"),
        ],
        Kind::Drift => &[Limit("columns", COLUMNS, "columns"), Limit("left_out", 150, "columns")],
        Kind::Monitor => {
            &[Limit("alerts", 150, "alerts"), Limit("changes", 100, "changes"), Limit("problems", 100, "problems")]
        }
        Kind::Release => &[
            Limit("problems", 150, "problems"),
            Limit("files", COLUMNS, "files"),
            Limit("labels", COLUMNS, "labels"),
            Limit("datasets", 150, "data sets"),
            Limit("metrics", 150, "metrics"),
        ],
    }
}

/// Shortens the lists of a document, and says under `left` of each what is missing; `null` for those that are whole.
pub(super) fn apply(kind: Kind, values: &mut Value) {
    let mut left = Map::new();
    if kind == Kind::Dataset {
        left.insert("columns".to_owned(), json!(columns(values)));
        left.insert("drawn".to_owned(), json!(figures(values)));
    }
    if kind == Kind::Drift {
        left.insert("detailed".to_owned(), json!(details(values)));
    }
    for Limit(field, most, what) in of(kind) {
        let list = values.get_mut(field).and_then(Value::as_array_mut);
        let said = list.and_then(|list| shorten(list, *most, what));
        left.insert((*field).to_owned(), json!(said));
    }
    if let Some(values) = values.as_object_mut() {
        values.insert("left".to_owned(), Value::Object(left));
    }
}

fn shorten(list: &mut Vec<Value>, most: usize, what: &str) -> Option<String> {
    let all = list.len();
    if all <= most {
        return None;
    }
    list.truncate(most);
    Some(format!("The first {} of {} {what} are listed; the HTML document lists all.", count(most), count(all)))
}

fn count(n: usize) -> String {
    text::count(n as u64)
}

fn rank(column: &Value) -> usize {
    column.get("rank").and_then(Value::as_u64).and_then(|it| usize::try_from(it).ok()).unwrap_or(usize::MAX)
}

const ORDER: &str = "those with findings first, worst first, then sensitive ones, then in the order of the file";

/// The columns of a data set that have room, in the order of the file.
fn columns(values: &mut Value) -> Option<String> {
    let list = values.get_mut("columns")?.as_array_mut()?;
    let all = list.len();
    list.retain(|column| rank(column) < COLUMNS);
    (list.len() < all).then(|| {
        format!("{} of {} columns are listed: {ORDER}. The HTML document lists all.", count(list.len()), count(all))
    })
}

/// Of those, the ones with a full figure, by rank.
fn figures(values: &mut Value) -> Option<String> {
    let list = values.get("columns")?.as_array()?;
    let mut drawn: Vec<Value> =
        list.iter().filter(|it| it.get("full").is_some_and(|it| !it.is_null())).cloned().collect();
    drawn.sort_by_key(rank);
    let all = list.len();
    drawn.truncate(DRAWN);
    let said =
        (drawn.len() == DRAWN && all > DRAWN).then(|| format!("{} columns are drawn: {ORDER}.", count(drawn.len())));
    values.as_object_mut()?.insert("drawn".to_owned(), Value::Array(drawn));
    said
}

/// The columns of a comparison that are shown one by one, in the order of their effect.
fn details(values: &mut Value) -> Option<String> {
    let list = values.get_mut("columns")?.as_array_mut()?;
    let all = list.len();
    list.iter_mut().skip(DETAILED).for_each(|column| column["detailed"] = Value::Bool(false));
    (all > DETAILED).then(|| format!("The {DETAILED} columns that moved furthest are shown."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_said() {
        let columns: Vec<Value> = (0..1_000).map(|i| json!({"rank": 999 - i, "full": {"svg": ""}})).collect();
        let mut values = json!({"columns": columns, "findings": [1, 2], "notes": [], "sensitive": [], "decisions": []});
        apply(Kind::Dataset, &mut values);
        assert_eq!(values["columns"].as_array().map(Vec::len), Some(COLUMNS), "no more than has room");
        assert_eq!(rank(&values["columns"][0]), COLUMNS - 1, "those that matter, still in the order of the file");
        assert_eq!(rank(&values["drawn"][0]), 0, "the figures begin with the one that matters most");
        let said = values["left"]["columns"].as_str().unwrap_or_default();
        assert!(said.starts_with("300 of 1,000 columns"), "{said}");
        assert!(values["left"]["findings"].is_null(), "a whole list needs no words");
    }
}

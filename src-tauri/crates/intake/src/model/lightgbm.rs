//! LightGBM's text format.

use proofmark_domain::model::ModelFacts;
use serde_json::Value;

use super::facts::blank;

/// Reads the text of a model file.
pub(crate) fn read(text: &str) -> ModelFacts {
    let mut facts = blank("lightgbm_text");
    describe(text, &mut facts);
    let mut findings = super::verdict::Findings::default();
    if facts.features_in.is_none() {
        findings.unverified("the header names no features", "byte 0");
    }
    if let Err((what, at)) = check(text) {
        findings.unverified(what, format!("byte {at}"));
    }
    facts.safety = findings.into_safety();
    facts
}

/// Parts of a file, in their order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd)]
enum Part {
    Head,
    Trees,
    Importances,
    Parameters,
    End,
}

/// Holds every line against what LightGBM writes at its place. Fails with what is wrong and where, in bytes.
fn check(text: &str) -> Result<(), (&'static str, usize)> {
    let (mut part, mut after_trees, mut trees, mut announced) = (Part::Head, false, 0, None);
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let here = at;
        at += line.len();
        let bare = line.trim_end_matches(['\n', '\r']);
        let named = bare.contains('=');
        match (part, bare) {
            (_, "") => {}
            (Part::Head, "tree" | "average_output") if !named => {}
            (Part::Head | Part::Trees, _) if bare.starts_with("Tree=") => {
                (part, trees) = (Part::Trees, trees + 1);
            }
            (Part::Head, _) if named => {
                if let Some(sizes) = bare.strip_prefix("tree_sizes=") {
                    announced = Some(sizes.split_ascii_whitespace().count());
                }
            }
            (Part::Trees, _) if named => {}
            (Part::Head | Part::Trees, "end of trees") => (part, after_trees) = (Part::Importances, true),
            (Part::Importances, "feature_importances:" | "feature importances:") => {}
            (Part::Importances, "parameters:") => part = Part::Parameters,
            (Part::Importances, _) if named => {}
            (Part::Parameters, "end of parameters") => part = Part::End,
            (Part::Parameters, _) if bare.starts_with('[') && bare.ends_with(']') => {}
            (Part::Importances | Part::End, _) if bare.starts_with("pandas_categorical:") => part = Part::End,
            _ => return Err(("a line that LightGBM does not write there", here)),
        }
    }
    if !after_trees {
        return Err(("the file ends before `end of trees`", at));
    }
    if announced.is_some_and(|announced| announced != trees) {
        return Err(("another number of trees than the head says", at));
    }
    match part {
        Part::End => {}
        Part::Parameters => return Err(("the file ends before `end of parameters`", at)),
        _ => return Err(("the file ends before its parameters", at)),
    }
    if !text.ends_with('\n') && !text.ends_with("null") && !text.ends_with(']') {
        return Err(("the file ends inside a line", at));
    }
    Ok(())
}

/// Fills in what the text of a booster says.
pub(crate) fn describe(text: &str, facts: &mut ModelFacts) {
    facts.framework = Some("lightgbm".to_owned());
    facts.class.get_or_insert_with(|| "lightgbm.basic.Booster".to_owned());
    let head = text.split("\nTree=").next().unwrap_or(text);
    for line in head.lines() {
        let Some((key, value)) = line.split_once('=') else { continue };
        match key {
            // This is the version of the format: the library's own version is not written.
            "version" => {
                facts.training.insert("format_version".to_owned(), Value::from(value));
            }
            "feature_names" => {
                facts.features_in = Some(value.split_ascii_whitespace().map(str::to_owned).collect());
            }
            "objective" => {
                let name = value.split_ascii_whitespace().next().unwrap_or(value);
                facts.training.insert("objective".to_owned(), Value::from(name));
            }
            "num_class" | "num_tree_per_iteration" | "max_feature_idx" | "label_index" => {
                if let Ok(number) = value.trim().parse::<i64>() {
                    facts.training.insert(key.to_owned(), Value::from(number));
                }
            }
            "feature_infos" => {
                let ranges = value.split_ascii_whitespace().map(Value::from).collect();
                facts.training.insert(key.to_owned(), Value::Array(ranges));
            }
            _ => {}
        }
    }
    let trees = text.matches("\nTree=").count();
    facts.training.insert("trees".to_owned(), Value::from(trees));
    let tail = text.rsplit_once("\nparameters:").map_or("", |(_, tail)| tail);
    let (parameters, after) = tail.split_once("end of parameters").unwrap_or((tail, ""));
    for line in parameters.lines() {
        let inside = line.trim().strip_prefix('[').and_then(|line| line.strip_suffix(']'));
        if let Some((key, value)) = inside.and_then(|line| line.split_once(':')) {
            facts.parameters.insert(key.trim().to_owned(), scalar(value.trim()));
        }
    }
    let categories =
        after.lines().chain(text.lines().rev().take(3)).find_map(|line| line.strip_prefix("pandas_categorical:"));
    if let Some(value) =
        categories.and_then(|line| serde_json::from_str::<Value>(line).ok()).filter(|value| !value.is_null())
    {
        facts.training.insert("pandas_categorical".to_owned(), value);
    }
}

/// Whether a JSON document is what `dump_model` of LightGBM gives.
pub(crate) fn is_json(document: &Value) -> bool {
    document.get("tree_info").is_some() && document.get("max_feature_idx").is_some()
}

/// Reads what `dump_model` gives, which holds no parameters.
pub(crate) fn read_json(document: &Value) -> ModelFacts {
    let mut facts = blank("lightgbm_json");
    facts.framework = Some("lightgbm".to_owned());
    facts.class = Some("lightgbm.basic.Booster".to_owned());
    if let Some(names) = document.get("feature_names").and_then(Value::as_array) {
        facts.features_in = Some(super::facts::names(names));
    }
    if let Some(version) = document.get("version") {
        facts.training.insert("format_version".to_owned(), version.clone());
    }
    if let Some(objective) = document.get("objective").and_then(Value::as_str) {
        let name = objective.split_ascii_whitespace().next().unwrap_or(objective);
        facts.training.insert("objective".to_owned(), Value::from(name));
    }
    for key in ["num_class", "num_tree_per_iteration", "max_feature_idx", "label_index", "feature_infos"] {
        if let Some(value) = document.get(key) {
            facts.training.insert(key.to_owned(), value.clone());
        }
    }
    if let Some(categories) =
        document.get("pandas_categorical").filter(|it| it.as_array().is_some_and(|it| !it.is_empty()))
    {
        facts.training.insert("pandas_categorical".to_owned(), categories.clone());
    }
    let trees = document.get("tree_info").and_then(Value::as_array).map_or(0, Vec::len);
    facts.training.insert("trees".to_owned(), Value::from(trees));
    facts
}

fn scalar(text: &str) -> Value {
    if let Ok(whole) = text.parse::<i64>() {
        return Value::from(whole);
    }
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() => Value::from(number),
        _ => Value::from(text),
    }
}

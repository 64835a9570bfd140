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
    if !text.contains("\nend of trees") {
        findings.unverified("the file ends before `end of trees`", format!("byte {}", text.len()));
    } else if !text.contains("\nend of parameters") && text.contains("\nparameters:") {
        findings.unverified("the file ends before `end of parameters`", format!("byte {}", text.len()));
    }
    facts.safety = findings.into_safety();
    facts
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

fn scalar(text: &str) -> Value {
    if let Ok(whole) = text.parse::<i64>() {
        return Value::from(whole);
    }
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() => Value::from(number),
        _ => Value::from(text),
    }
}

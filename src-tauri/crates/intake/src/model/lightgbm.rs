//! LightGBM's text format.

use proofmark_domain::model::ModelFacts;
use serde_json::Value;

use super::Limits;
use super::facts::blank;
use super::source::{Fault, Source};
use super::verdict::Findings;

/// Reads a model file line by line. What the trees say is passed over, so that the size of the file costs no memory.
pub(crate) fn read(source: &mut Source<'_>, limits: &Limits) -> ModelFacts {
    let mut facts = blank("lightgbm_text");
    let mut text = Text::default();
    let mut findings = Findings::default();
    match text.walk(source, limits) {
        Err(fault) => findings.unverified(&fault.what(), format!("byte {}", fault.position())),
        Ok(Err((what, at))) => findings.unverified(what, format!("byte {at}")),
        Ok(Ok(())) => {}
    }
    text.describe(&mut facts);
    if facts.features_in.is_none() {
        findings.unverified("the header names no features", "byte 0");
    }
    facts.safety = findings.into_safety();
    facts
}

/// Fills in what the text of a booster says that lies inside another file.
pub(crate) fn describe(text: &str, facts: &mut ModelFacts) {
    let mut parts = Text { trees: text.matches("\nTree=").count(), ..Text::default() };
    parts.head.push_str(text.split("\nTree=").next().unwrap_or(text));
    parts.tail.push_str(text.rsplit_once("end of trees").map_or("", |(_, tail)| tail));
    parts.describe(facts);
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

/// What is kept of a file: the lines before its trees and those behind them.
#[derive(Default)]
struct Text {
    head: String,
    tail: String,
    trees: usize,
}

/// What is wrong with a file, and where, in bytes.
type Wrong = (&'static str, u64);

impl Text {
    /// Reads all lines and holds each against what LightGBM writes at its place.
    fn walk(&mut self, source: &mut Source<'_>, limits: &Limits) -> Result<Result<(), Wrong>, Fault> {
        let most = usize::try_from(limits.document_bytes).unwrap_or(usize::MAX);
        let (mut part, mut after_trees, mut announced, mut line, mut whole) =
            (Part::Head, false, None, Vec::new(), true);
        let end = loop {
            source.tick()?;
            let here = source.position();
            source.line_into(&mut line, most)?;
            if line.is_empty() {
                break here;
            }
            // The last line may end with what it holds.
            whole = line.ends_with(b"\n") || line.ends_with(b"null") || line.ends_with(b"]");
            let bare = line.trim_ascii_end();
            let named = bare.contains(&b'=');
            match (part, bare) {
                (_, b"") => continue,
                (Part::Head, b"tree" | b"average_output") => {}
                (Part::Head | Part::Trees, _) if bare.starts_with(b"Tree=") => {
                    (part, self.trees) = (Part::Trees, self.trees + 1);
                    continue;
                }
                (Part::Head, _) if named => {
                    if let Some(sizes) = bare.strip_prefix(b"tree_sizes=") {
                        announced = Some(sizes.split(u8::is_ascii_whitespace).filter(|size| !size.is_empty()).count());
                        // One number for each tree says nothing more.
                        continue;
                    }
                }
                (Part::Trees, _) if named => continue,
                (Part::Head | Part::Trees, b"end of trees") => {
                    (part, after_trees) = (Part::Importances, true);
                    continue;
                }
                (Part::Importances, b"feature_importances:" | b"feature importances:") => {}
                (Part::Importances, b"parameters:") => part = Part::Parameters,
                (Part::Importances, _) if named => {}
                (Part::Parameters, b"end of parameters") => part = Part::End,
                (Part::Parameters, _) if bare.starts_with(b"[") && bare.ends_with(b"]") => {}
                (Part::Importances | Part::End, _) if bare.starts_with(b"pandas_categorical:") => part = Part::End,
                _ => return Ok(Err(("a line that LightGBM does not write there", here))),
            }
            let kept = if after_trees { &mut self.tail } else { &mut self.head };
            if kept.len() + bare.len() > most {
                return Err(Fault::Limit(here, "bytes of a header"));
            }
            kept.push('\n');
            kept.push_str(&String::from_utf8_lossy(bare));
        };
        Ok(match part {
            _ if !after_trees => Err(("the file ends before `end of trees`", end)),
            _ if announced.is_some_and(|announced| announced != self.trees) => {
                Err(("another number of trees than the head says", end))
            }
            Part::End if whole => Ok(()),
            Part::End => Err(("the file ends inside a line", end)),
            Part::Parameters => Err(("the file ends before `end of parameters`", end)),
            _ => Err(("the file ends before its parameters", end)),
        })
    }

    fn describe(&self, facts: &mut ModelFacts) {
        facts.framework = Some("lightgbm".to_owned());
        facts.class.get_or_insert_with(|| "lightgbm.basic.Booster".to_owned());
        for line in self.head.lines() {
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
        facts.training.insert("trees".to_owned(), Value::from(self.trees));
        let (_, tail) = self.tail.split_once("\nparameters:").unwrap_or_default();
        let (parameters, after) = tail.split_once("end of parameters").unwrap_or((tail, ""));
        for line in parameters.lines() {
            let inside = line.trim().strip_prefix('[').and_then(|line| line.strip_suffix(']'));
            if let Some((key, value)) = inside.and_then(|line| line.split_once(':')) {
                facts.parameters.insert(key.trim().to_owned(), scalar(value.trim()));
            }
        }
        let categories = after
            .lines()
            .chain(self.tail.lines().rev().take(3))
            .find_map(|line| line.strip_prefix("pandas_categorical:"));
        if let Some(value) =
            categories.and_then(|line| serde_json::from_str::<Value>(line).ok()).filter(|value| !value.is_null())
        {
            facts.training.insert("pandas_categorical".to_owned(), value);
        }
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

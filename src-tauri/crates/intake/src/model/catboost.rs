//! CatBoost's binary format and its JSON spelling.
//!
//! A `.cbm` file is the word `CBM1`, the length of a FlatBuffers message, the message (`TModelCore` of CatBoost's `model.fbs`), and
//! after it the parts that the message names. The training parameters are JSON texts in a map of the message.

use proofmark_domain::model::ModelFacts;
use serde_json::{Map, Value};

use super::facts::blank;
use super::flatbuffers::Table;
use super::source::{Fault, Source};
use super::verdict::Findings;
use super::{Limits, settle};

/// Fields of `TModelCore`.
mod core {
    pub(super) const FORMAT_VERSION: usize = 0;
    pub(super) const TREES: usize = 1;
    pub(super) const INFO: usize = 2;
    pub(super) const PARTS: usize = 3;
}

/// Fields of `TModelTrees`.
mod trees {
    pub(super) const DIMENSION: usize = 0;
    pub(super) const SIZES: usize = 2;
    pub(super) const CATEGORICAL: usize = 4;
    pub(super) const NUMERIC: usize = 5;
    pub(super) const TEXT: usize = 12;
}

/// Reads a `.cbm` file.
pub(crate) fn read(source: &mut Source<'_>, limits: &Limits) -> ModelFacts {
    let mut facts = blank("catboost");
    facts.framework = Some("catboost".to_owned());
    let mut findings = Findings::default();
    let fault = read_core(source, limits, &mut facts, &mut findings).err();
    facts.safety = findings.into_safety();
    settle((facts, fault))
}

/// Fills in what the bytes of a model inside a pickled wrapper say.
pub(crate) fn describe(bytes: &[u8], facts: &mut ModelFacts) -> Option<()> {
    let length = usize::try_from(u32::from_le_bytes(bytes.get(4..8)?.try_into().ok()?)).ok()?;
    if !bytes.starts_with(b"CBM1") {
        return None;
    }
    fill(Table::root(bytes.get(8..8 + length)?)?, facts)
}

fn read_core(
    source: &mut Source<'_>,
    limits: &Limits,
    facts: &mut ModelFacts,
    findings: &mut Findings,
) -> Result<(), Fault> {
    source.skip(4, "the header")?;
    let length = u64::from(u32::from_le_bytes(source.array("the header")?));
    if length > 4 * limits.document_bytes {
        return Err(Fault::Limit(4, "bytes held in memory"));
    }
    let message = source.blob(length, length, "the model")?;
    let malformed = || Fault::Malformed(8, "the model cannot be read".to_owned());
    let root = Table::root(&message).ok_or_else(malformed)?;
    fill(root, facts).ok_or_else(malformed)?;
    let parts = root.texts(core::PARTS).unwrap_or_default();
    let at = source.position();
    match parts.as_slice() {
        [] => {}
        // Tables of category statistics: their number, and each with its length.
        ["static_provider_v1"] => {
            let tables = u32::from_le_bytes(source.array("the statistics of categories")?);
            for _ in 0..tables {
                let length = u32::from_le_bytes(source.array("the statistics of categories")?);
                source.skip(u64::from(length), "the statistics of categories")?;
                source.tick()?;
            }
        }
        others => {
            let what = format!("the parts {} were not read", others.join(", "));
            findings.unverified(&what, format!("byte {at}"));
            return Ok(());
        }
    }
    if !source.at_end()? {
        findings.unverified("bytes after the end of the model", format!("byte {}", source.position()));
    }
    Ok(())
}

fn fill(root: Table<'_>, facts: &mut ModelFacts) -> Option<()> {
    facts.class.get_or_insert_with(|| "catboost.core.CatBoost".to_owned());
    if let Some(version) = root.text(core::FORMAT_VERSION) {
        facts.training.insert("format_version".to_owned(), Value::from(version));
    }
    let forest = root.table(core::TREES)?;
    if let Some(count) = forest.len(trees::SIZES, 4) {
        facts.training.insert("trees".to_owned(), Value::from(count));
    }
    if let Some(dimension) = forest.int(trees::DIMENSION) {
        facts.training.insert("approx_dimension".to_owned(), Value::from(dimension));
    }
    let mut features = Features::default();
    // Numeric features keep their borders between place and name; the other kinds do not.
    for (kind, field, name) in
        [("numeric", trees::NUMERIC, 4), ("categorical", trees::CATEGORICAL, 2), ("text", trees::TEXT, 2)]
    {
        for feature in forest.tables(field).unwrap_or_default() {
            features.add(kind, feature.int(1).map(i64::from), feature.text(name));
        }
    }
    features.settle(facts);
    let info = root.tables(core::INFO).unwrap_or_default();
    let entries = info.iter().filter_map(|entry| Some((entry.text(0)?.to_owned(), Value::from(entry.text(1)?))));
    describe_info(entries, facts);
    Some(())
}

/// Features of all kinds, put in the order of the columns they were trained on.
#[derive(Default)]
struct Features {
    names: Vec<(i64, Option<String>)>,
    kinds: Map<String, Value>,
}

impl Features {
    fn add(&mut self, kind: &str, place: Option<i64>, name: Option<&str>) {
        let Some(place) = place else { return };
        let name = name.filter(|name| !name.is_empty()).map(str::to_owned);
        if kind != "numeric" {
            let shown = name.clone().unwrap_or_else(|| place.to_string());
            let list = self.kinds.entry(format!("{kind}_features")).or_insert_with(|| Value::Array(Vec::new()));
            if let Some(list) = list.as_array_mut() {
                list.push(Value::from(shown));
            }
        }
        self.names.push((place, name));
    }

    /// Without names CatBoost numbers the columns; numbers that it wrote for that reason are no names.
    fn settle(mut self, facts: &mut ModelFacts) {
        self.names.sort();
        facts.training.extend(self.kinds);
        if self.names.is_empty() {
            return;
        }
        facts.training.insert("n_features".to_owned(), Value::from(self.names.len()));
        let numbered = self.names.iter().all(|(place, name)| name.as_deref() == Some(place.to_string().as_str()));
        let names: Option<Vec<String>> = self.names.into_iter().map(|(_, name)| name).collect();
        if !numbered && let Some(names) = names {
            facts.features_in = Some(names);
        }
    }
}

/// Whether a JSON document is one that CatBoost wrote.
pub(crate) fn is_json(document: &Value) -> bool {
    document.get("oblivious_trees").is_some()
        || document.get("features_info").is_some() && document.get("model_info").is_some()
}

/// Reads the JSON spelling.
pub(crate) fn read_json(document: &Value) -> ModelFacts {
    let mut facts = blank("catboost_json");
    facts.framework = Some("catboost".to_owned());
    facts.class = Some("catboost.core.CatBoost".to_owned());
    let mut features = Features::default();
    for (kind, group) in [
        ("numeric", "float_features"),
        ("categorical", "categorical_features"),
        ("text", "text_features"),
        ("embedding", "embedding_features"),
    ] {
        let list = document.get("features_info").and_then(|info| info.get(group)).and_then(Value::as_array);
        for feature in list.into_iter().flatten() {
            let place = feature.get("flat_feature_index").and_then(Value::as_i64);
            let name = feature.get("feature_name").or_else(|| feature.get("feature_id")).and_then(Value::as_str);
            features.add(kind, place, name);
        }
    }
    features.settle(&mut facts);
    let trees = document.get("oblivious_trees").or_else(|| document.get("trees")).and_then(Value::as_array);
    if let Some(trees) = trees {
        facts.training.insert("trees".to_owned(), Value::from(trees.len()));
    }
    if let Some(info) = document.get("model_info").and_then(Value::as_object) {
        describe_info(info.iter().map(|(key, value)| (key.clone(), value.clone())), &mut facts);
    }
    facts
}

fn describe_info(entries: impl Iterator<Item = (String, Value)>, facts: &mut ModelFacts) {
    for (key, value) in entries {
        let parsed = value.as_str().and_then(|text| serde_json::from_str(text).ok());
        let is_text = parsed.is_none();
        let value = parsed.unwrap_or(value);
        match key.as_str() {
            "params" => parameters(&value, facts),
            "class_params" => {
                let names = ["class_names", "class_to_label"].iter().find_map(|name| {
                    value.get(*name).and_then(Value::as_array).filter(|names| !names.is_empty()).cloned()
                });
                facts.classes = names;
            }
            "catboost_version_info" => {
                if let Some(version) = value.as_str().and_then(version_in) {
                    facts.environment.packages.insert("catboost".to_owned(), version.clone());
                    facts.framework_version = Some(version);
                }
            }
            "training" => {
                for (ours, theirs) in [("best_score_learn", "learn_best_error"), ("best_score_test", "test_best_error")]
                {
                    let best = value.pointer(&format!("/metrics/{theirs}"));
                    let best = best.filter(|best| match best {
                        Value::Object(map) => !map.is_empty(),
                        Value::Array(list) => !list.is_empty(),
                        _ => false,
                    });
                    if let Some(best) = best {
                        facts.training.insert(ours.to_owned(), best.clone());
                    }
                }
                let history = value.pointer("/metrics/learn_metrics_history").and_then(Value::as_array);
                if let Some(history) = history.filter(|history| !history.is_empty()) {
                    facts.training.insert("iterations".to_owned(), Value::from(history.len()));
                }
            }
            "output_options" => {}
            _ if is_text || key == "train_finish_time" || key == "model_guid" => {
                facts.training.insert(key, value);
            }
            _ => {}
        }
    }
}

/// The parameters that were given, and those that CatBoost settled on, each under its own name.
fn parameters(value: &Value, facts: &mut ModelFacts) {
    let Some(groups) = value.as_object() else { return };
    for (name, group) in groups.iter().filter(|(name, _)| *name != "flat_params") {
        let Some(options) = group.as_object() else {
            if group.is_number() || group.is_boolean() || group.is_string() {
                facts.parameters.insert(name.clone(), group.clone());
            }
            continue;
        };
        if name == "loss_function" {
            if let Some(kind) = options.get("type") {
                facts.parameters.insert(name.clone(), kind.clone());
            }
            continue;
        }
        if !matches!(name.as_str(), "boosting_options" | "tree_learner_options" | "cat_feature_params") {
            continue;
        }
        for (option, value) in options.iter().filter(|(_, value)| !value.is_object() && !value.is_array()) {
            facts.parameters.insert(option.clone(), value.clone());
        }
    }
    let given = groups.get("flat_params").and_then(Value::as_object);
    facts.parameters.extend(given.into_iter().flatten().map(|(key, value)| (key.clone(), value.clone())));
}

/// The version in what CatBoost says about its build: the tag of the release.
fn version_in(text: &str) -> Option<String> {
    let after = ["tags/v", "CatBoost release "].iter().find_map(|mark| text.split_once(mark))?.1;
    let version: String = after.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
    let version = version.trim_end_matches('.');
    version.contains('.').then(|| version.to_owned())
}

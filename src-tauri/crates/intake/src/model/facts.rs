//! An empty record of facts, and what the readers share to fill it.

use std::collections::{BTreeMap, BTreeSet};

use proofmark_domain::model::{ModelEnvironment, ModelFacts, Safety, SafetyVerdict};
use serde_json::Value;

/// Facts of which only the format is known.
pub(crate) fn blank(format: &str) -> ModelFacts {
    ModelFacts {
        format: format.to_owned(),
        framework: None,
        framework_version: None,
        class: None,
        steps: Vec::new(),
        parts: Vec::new(),
        parameters: BTreeMap::new(),
        features_in: None,
        outputs: None,
        classes: None,
        tensors: None,
        signature: None,
        environment: ModelEnvironment::default(),
        training: BTreeMap::new(),
        harmless_types: Vec::new(),
        safety: Safety { verdict: SafetyVerdict::Safe, reasons: Vec::new() },
    }
}

/// The framework that a module belongs to, by the name of its package on the package index.
pub(crate) fn framework(module: &str) -> Option<&'static str> {
    Some(match module.split('.').next()? {
        "sklearn" => "scikit-learn",
        "imblearn" => "imbalanced-learn",
        "xgboost" => "xgboost",
        "lightgbm" => "lightgbm",
        "catboost" => "catboost",
        "torch" | "torchvision" => "pytorch",
        "keras" => "keras",
        "tensorflow" => "tensorflow",
        "statsmodels" => "statsmodels",
        "transformers" => "transformers",
        "prophet" => "prophet",
        "spacy" => "spacy",
        "gensim" => "gensim",
        _ => return None,
    })
}

/// The first framework of a set of modules, scikit-learn last because wrappers of others use it as well.
pub(crate) fn framework_of(modules: &BTreeSet<String>) -> Option<&'static str> {
    let found: BTreeSet<&'static str> = modules.iter().filter_map(|module| framework(module)).collect();
    found.iter().find(|name| **name != "scikit-learn").or_else(|| found.first()).copied()
}

/// How many tensors are listed; more are only counted.
pub(crate) const LISTED_TENSORS: usize = 4_096;
/// How many parameters, or facts of training, are listed.
const LISTED: usize = 20_000;

/// Adds an entry unless there are too many already. The first of one name stands.
pub(crate) fn insert_within(map: &mut BTreeMap<String, Value>, name: String, value: Value) {
    if map.len() < LISTED {
        map.entry(name).or_insert(value);
    }
}

/// Names as JSON texts become names again.
pub(crate) fn names(values: &[Value]) -> Vec<String> {
    values
        .iter()
        .map(|value| match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        })
        .collect()
}

//! MLflow model folders: `MLmodel`, its environment files and the payload of its flavour.

use std::fs::File;
use std::io::Read;
use std::path::{Component, Path, PathBuf};
use std::time::Instant;

use proofmark_domain::model::ModelFacts;
use serde_json::Value;

use super::facts::blank;
use super::verdict::Findings;
use super::{Limits, ModelError, read_file};

/// A description longer than this is not one.
const DESCRIPTION: u64 = 16 << 20;
/// YAML may repeat itself by aliases only in documents shorter than this.
const WITH_ALIASES: usize = 64 << 10;

/// Whether the first bytes of a file are those of an `MLmodel` file.
pub(crate) fn is_description(head: &[u8]) -> bool {
    let has = |key: &[u8]| {
        head.starts_with(key) || head.windows(key.len() + 1).any(|part| part[0] == b'\n' && &part[1..] == key)
    };
    has(b"flavors:") && std::str::from_utf8(head).map_or_else(|error| error.valid_up_to() + 4 > head.len(), |_| true)
}

/// Reads a folder by its `MLmodel` file.
pub(crate) fn read(description: &Path, limits: &Limits, deadline: Instant) -> Result<ModelFacts, ModelError> {
    let other = || ModelError::NotAModel { path: description.to_owned() };
    let folder = description.parent().unwrap_or(Path::new(""));
    let Some(text) = small_file(description) else { return Err(other()) };
    let mut findings = Findings::default();
    let Some(description) = yaml(&text) else {
        let mut facts = blank("mlflow");
        findings.unverified("cannot be read as YAML", "MLmodel");
        facts.safety = findings.into_safety();
        return Ok(facts);
    };
    let Some(flavors) = description.get("flavors").and_then(Value::as_object) else { return Err(other()) };
    let payload = payload(folder, flavors);
    let mut facts = match &payload {
        Some((relative, file)) => {
            match File::open(file).map_err(|_| other()).and_then(|open| read_file(file, open, limits, deadline)) {
                Ok(mut inner) => {
                    for reason in &mut inner.safety.reasons {
                        reason.place = format!("{relative} {}", reason.place);
                    }
                    inner.training.insert("payload_format".to_owned(), Value::from(inner.format.clone()));
                    inner
                }
                Err(_) => {
                    findings.unverified("the payload is of no known format", relative.clone());
                    blank("mlflow")
                }
            }
        }
        None => {
            findings.unverified("the payload that MLmodel names is not there", "MLmodel");
            blank("mlflow")
        }
    };
    facts.format = "mlflow".to_owned();
    describe(&description, flavors, folder, &mut facts, &mut findings);
    let mut safety = findings.into_safety();
    safety.verdict = worse(safety.verdict, facts.safety.verdict);
    facts.safety.reasons.append(&mut safety.reasons);
    facts.safety.verdict = safety.verdict;
    Ok(facts)
}

fn worse(
    left: proofmark_domain::model::SafetyVerdict,
    right: proofmark_domain::model::SafetyVerdict,
) -> proofmark_domain::model::SafetyVerdict {
    use proofmark_domain::model::SafetyVerdict::{Dangerous, Safe, Unverified};
    match (left, right) {
        (Dangerous, _) | (_, Dangerous) => Dangerous,
        (Unverified, _) | (_, Unverified) => Unverified,
        (Safe, Safe) => Safe,
    }
}

fn describe(
    description: &Value,
    flavors: &serde_json::Map<String, Value>,
    folder: &Path,
    facts: &mut ModelFacts,
    findings: &mut Findings,
) {
    for (name, flavor) in flavors {
        if name == "python_function" {
            if let Some(version) = flavor.get("python_version") {
                facts.environment.python = Some(text_of(version));
            }
            continue;
        }
        for (key, value) in flavor.as_object().into_iter().flatten() {
            if let Some(package) = key.strip_suffix("_version")
                && !value.is_null()
            {
                let package = match package {
                    "lgb" => "lightgbm",
                    "xgb" => "xgboost",
                    "pytorch" => "pytorch",
                    other => super::facts::framework(other).unwrap_or(other),
                };
                facts.environment.packages.insert(package.to_owned(), text_of(value));
                if facts.framework.is_none() || facts.framework.as_deref() == Some(package) {
                    facts.framework = Some(package.to_owned());
                    facts.framework_version = Some(text_of(value));
                }
            }
        }
        if flavor.get("code").is_some_and(|code| !code.is_null()) {
            findings.unverified("carries Python code that runs when it is loaded", "code");
        }
    }
    if folder.join("code").is_dir() {
        findings.unverified("carries Python code that runs when it is loaded", "code");
    }
    let loader = flavors.get("python_function").and_then(|flavor| flavor.get("loader_module")).and_then(Value::as_str);
    if let Some(loader) = loader.filter(|loader| !loader.starts_with("mlflow.")) {
        findings.unverified(&format!("is loaded by {loader}, which is outside MLflow"), "MLmodel");
    }
    if let Some(version) = description.get("mlflow_version") {
        facts.environment.packages.insert("mlflow".to_owned(), text_of(version));
    }
    for key in ["run_id", "model_id", "model_uuid", "utc_time_created"] {
        if let Some(value) = description.get(key).filter(|value| !value.is_null()) {
            facts.training.insert(key.to_owned(), value.clone());
        }
    }
    if let Some(signature) = description.get("signature").and_then(Value::as_object) {
        let mut parsed = serde_json::Map::new();
        for (key, value) in signature {
            // The parts are JSON written as text inside YAML.
            let inner =
                value.as_str().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_else(|| value.clone());
            parsed.insert(key.clone(), inner);
        }
        let names = |key: &str| -> Option<Vec<String>> {
            let ports = parsed.get(key)?.as_array()?;
            ports.iter().map(|port| port.get("name")?.as_str().map(str::to_owned)).collect()
        };
        facts.features_in = facts.features_in.take().or_else(|| names("inputs"));
        facts.outputs = facts.outputs.take().or_else(|| names("outputs"));
        facts.signature = Some(Value::Object(parsed));
    }
    for line in small_file(&folder.join("requirements.txt")).unwrap_or_default().lines() {
        let line = line.split(['#', ';']).next().unwrap_or("").trim();
        if let Some((name, version)) = line.split_once("==") {
            let name = name.split('[').next().unwrap_or(name).trim().to_owned();
            facts.environment.packages.entry(name).or_insert_with(|| version.trim().to_owned());
        }
    }
    let python = small_file(&folder.join("python_env.yaml")).and_then(|text| yaml(&text));
    if let Some(version) = python.as_ref().and_then(|env| env.get("python")) {
        facts.environment.python.get_or_insert_with(|| text_of(version));
    }
}

fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The file that holds the model, inside the folder and nowhere else.
fn payload(folder: &Path, flavors: &serde_json::Map<String, Value>) -> Option<(String, PathBuf)> {
    const KEYS: [&str; 6] = ["pickled_model", "model_file", "data", "model_data", "model_path", "model_binary"];
    let python = flavors.get("python_function");
    let others = flavors.iter().filter(|(name, _)| *name != "python_function").map(|(_, flavor)| flavor);
    for flavor in others.chain(python) {
        for key in KEYS {
            let Some(relative) = flavor.get(key).and_then(Value::as_str) else { continue };
            let path = Path::new(relative);
            if !path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir)) {
                continue;
            }
            let file = folder.join(path);
            if file.is_file() && inside(folder, &file) {
                return Some((relative.to_owned(), file));
            }
            for inner in ["model.pth", "model.pkl", "model.keras", "data/model.keras", "data/model.pth"] {
                let nested = file.join(inner);
                if nested.is_file() && inside(folder, &nested) {
                    return Some((format!("{relative}/{inner}"), nested));
                }
            }
        }
    }
    None
}

fn inside(folder: &Path, file: &Path) -> bool {
    matches!((folder.canonicalize(), file.canonicalize()), (Ok(folder), Ok(file)) if file.starts_with(&folder))
}

fn small_file(path: &Path) -> Option<String> {
    let file = File::open(path).ok()?;
    if !file.metadata().ok()?.is_file() {
        return None;
    }
    let mut bytes = Vec::new();
    file.take(DESCRIPTION + 1).read_to_end(&mut bytes).ok()?;
    (bytes.len() as u64 <= DESCRIPTION).then(|| String::from_utf8_lossy(&bytes).into_owned())
}

/// A YAML document as JSON. Refuses long documents with aliases, which can unfold to any size.
fn yaml(text: &str) -> Option<Value> {
    let aliases = text.split_ascii_whitespace().any(|word| word.trim_start_matches(['[', '{', ',']).starts_with('*'));
    if aliases && text.len() > WITH_ALIASES {
        return None;
    }
    serde_yaml_ng::from_str(text).ok()
}

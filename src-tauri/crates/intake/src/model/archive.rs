//! Models that are zip archives: skops, PyTorch, Keras.

use std::fs::File;
use std::io::{BufReader, Read};
use std::time::Instant;

use proofmark_domain::model::ModelFacts;
use serde_json::Value;
use zip::ZipArchive;

use super::facts::blank;
use super::pickle::graph::Graph;
use super::pickle::walk::{Trail, Walk};
use super::source::{Fault, Source};
use super::verdict::Findings;
use super::{Limits, pickled, skops};

/// An open archive with the limits that apply to it.
pub(crate) struct Archive<'l> {
    zip: ZipArchive<BufReader<File>>,
    /// The limits.
    pub(crate) limits: &'l Limits,
    /// When time is up.
    pub(crate) deadline: Instant,
}

impl Archive<'_> {
    /// The names of all members; nothing when one of them is no text.
    pub(crate) fn names(&self) -> Option<Vec<String>> {
        self.zip.file_names().map(|name| name.ok().map(|name| name.into_owned())).collect()
    }

    /// The bytes of a member, at most `limit` of them.
    pub(crate) fn member(&mut self, name: &str, limit: u64) -> Result<Vec<u8>, Fault> {
        let (limits, deadline) = (self.limits, self.deadline);
        let member = self.zip.by_name(name).map_err(|error| Fault::Malformed(0, format!("{name}: {error}")))?;
        Source::stream(Box::new(member), limits, deadline).rest(limit)
    }

    /// A reader of a member.
    pub(crate) fn stream(&mut self, name: &str) -> Result<Source<'_>, Fault> {
        let (limits, deadline) = (self.limits, self.deadline);
        let member = self.zip.by_name(name).map_err(|error| Fault::Malformed(0, format!("{name}: {error}")))?;
        let reader: Box<dyn Read + '_> = Box::new(member);
        Ok(Source::stream(reader, limits, deadline))
    }
}

/// Reads an archive. `None` when it holds no model.
pub(crate) fn read(file: File, limits: &Limits, deadline: Instant) -> Option<ModelFacts> {
    let zip = ZipArchive::new(BufReader::new(file)).ok()?;
    if zip.len() > limits.members {
        return None;
    }
    let mut archive = Archive { zip, limits, deadline };
    let names = archive.names()?;
    let mut findings = Findings::default();
    for name in names.iter().filter(|name| leaves(name)) {
        findings.unverified("a member whose name leaves the archive", name.clone());
    }
    let has = |name: &str| names.iter().any(|other| other == name);
    let mut facts = if has("schema.json") {
        skops::read(&mut archive, &mut findings)?
    } else if names.iter().any(|name| name == "data.pkl" || name.ends_with("/data.pkl")) {
        torch(&mut archive, &names, findings)?
    } else if has("config.json") && has("metadata.json") {
        keras(&mut archive, &names, &mut findings)?
    } else {
        return None;
    };
    facts.training.remove("pickle_protocol");
    Some(facts)
}

fn leaves(name: &str) -> bool {
    name.starts_with(['/', '\\']) || name.contains(':') || name.split(['/', '\\']).any(|part| part == "..")
}

fn torch(archive: &mut Archive<'_>, names: &[String], findings: Findings) -> Option<ModelFacts> {
    let mut facts = blank("pytorch_zip");
    facts.framework = Some("pytorch".to_owned());
    let mut trail = Trail::default();
    trail.findings = findings;
    let limits = archive.limits;
    for name in names.iter().filter(|name| name.ends_with(".pkl")) {
        let short = name.rsplit('/').next().unwrap_or(name);
        let mut graph = Graph::default();
        let mut source = match archive.stream(name) {
            Ok(source) => source,
            Err(fault) => {
                trail.findings.unverified(&fault.what(), short);
                continue;
            }
        };
        match Walk::new(&mut source, &mut graph, &mut trail, limits, short).without_arrays().run() {
            Ok(root) => {
                if !matches!(source.at_end(), Ok(true)) {
                    let place = format!("{short} byte {}", source.position());
                    trail.findings.unverified("bytes after the end of the pickle", place);
                }
                if short == "data.pkl" {
                    pickled::describe(&graph, root, &mut facts, limits);
                    facts.framework = Some("pytorch".to_owned());
                }
            }
            Err(fault) => trail.findings.unverified(&fault.what(), format!("{short} byte {}", fault.position())),
        }
    }
    if names.iter().any(|name| name.contains("/code/") || name.ends_with("/constants.pkl")) {
        facts.format = "torchscript".to_owned();
        trail.findings.unverified("TorchScript holds code of its own", "code/");
    }
    facts.safety = trail.findings.into_safety();
    Some(facts)
}

fn keras(archive: &mut Archive<'_>, names: &[String], findings: &mut Findings) -> Option<ModelFacts> {
    let limit = archive.limits.document_bytes;
    let mut document =
        |name: &str| -> Option<Value> { serde_json::from_slice(&archive.member(name, limit).ok()?).ok() };
    let metadata = document("metadata.json");
    let config = document("config.json");
    let mut facts = blank("keras");
    facts.framework = Some("keras".to_owned());
    match &metadata {
        Some(metadata) => {
            facts.framework_version = metadata.get("keras_version").and_then(Value::as_str).map(str::to_owned);
            if let Some(date) = metadata.get("date_saved") {
                facts.training.insert("date_saved".to_owned(), date.clone());
            }
        }
        None => findings.unverified("cannot be read as JSON", "metadata.json"),
    }
    match &config {
        Some(config) => keras_config(config, &mut facts, findings, "config.json"),
        None => findings.unverified("cannot be read as JSON", "config.json"),
    }
    if !names.iter().any(|name| name == "model.weights.h5") {
        findings.unverified("there are no weights", "model.weights.h5");
    }
    if let Some(version) = &facts.framework_version {
        facts.environment.packages.insert("keras".to_owned(), version.clone());
    }
    facts.safety = std::mem::take(findings).into_safety();
    Some(facts)
}

/// What a Keras configuration says: class, layers, inputs; and whether it carries code.
pub(crate) fn keras_config(config: &Value, facts: &mut ModelFacts, findings: &mut Findings, place: &str) {
    let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    let path = |value: &Value| {
        let class = text(value, "class_name")?;
        Some(match text(value, "module") {
            Some(module) => format!("{module}.{class}"),
            None => class,
        })
    };
    facts.class = path(config);
    let layers = config.pointer("/config/layers").and_then(Value::as_array);
    let mut inputs = Vec::new();
    for layer in layers.into_iter().flatten() {
        if facts.steps.len() < 10_000 {
            facts.steps.extend(path(layer));
        }
        if text(layer, "class_name").as_deref() == Some("InputLayer") {
            let name = layer.pointer("/config/name").or_else(|| layer.get("name")).and_then(Value::as_str);
            inputs.extend(name.map(str::to_owned));
        }
    }
    if !inputs.is_empty() {
        facts.features_in = Some(inputs);
    }
    if let Some(compile) = config.get("compile_config").filter(|compile| !compile.is_null()) {
        facts.training.insert("compile_config".to_owned(), compile.clone());
    }
    suspicious(config, findings, place, 64);
}

fn suspicious(value: &Value, findings: &mut Findings, place: &str, depth: u8) {
    let Some(depth) = depth.checked_sub(1) else {
        findings.unverified("nested too deeply", place);
        return;
    };
    match value {
        Value::Object(map) => {
            let text = |key: &str| map.get(key).and_then(Value::as_str);
            if let Some(class) = text("class_name") {
                let module = text("module").unwrap_or("keras");
                if matches!(class, "Lambda" | "__lambda__") {
                    findings.dangerous(format!("{class} layer, which runs stored code"), place);
                } else if !module
                    .split('.')
                    .next()
                    .is_some_and(|first| matches!(first, "keras" | "builtins" | "tensorflow"))
                {
                    findings.unverified(&format!("{module}.{class} is code outside Keras"), place);
                } else if module.starts_with("builtins")
                    && !matches!(class, "function" | "float" | "int" | "str" | "bool" | "list" | "dict" | "tuple")
                {
                    findings.unverified(&format!("{module}.{class} is not on the list of harmless names"), place);
                }
                if text("registered_name").is_some_and(|name| name.contains('>') && !name.starts_with("keras")) {
                    findings.unverified(&format!("{class} is registered by code outside Keras"), place);
                }
            }
            for inner in map.values() {
                suspicious(inner, findings, place, depth);
            }
        }
        Value::Array(items) => items.iter().for_each(|inner| suspicious(inner, findings, place, depth)),
        _ => {}
    }
}

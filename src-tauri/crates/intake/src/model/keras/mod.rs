//! Keras models: `.keras` archives, `.h5` files, and configurations as JSON.

mod config;

use std::io::{Cursor, Read, Seek, SeekFrom};
use std::time::Instant;

use proofmark_domain::model::{ModelFacts, Tensor};
use serde_json::Value;

use super::Limits;
use super::archive::{Archive, Stored};
use super::facts::{LISTED_TENSORS, blank};
use super::hdf5::{self, Tree};
use super::json;
use super::verdict::Findings;

/// Members that Keras itself writes. Files of assets belong to layers and are data.
const MEMBERS: [&str; 3] = ["metadata.json", "config.json", "model.weights.h5"];

/// Reads a `.keras` archive.
pub(crate) fn archive(archive: &mut Archive<'_>, names: &[String], findings: &mut Findings) -> ModelFacts {
    let limit = archive.limits.document_bytes;
    let limits = archive.limits;
    let mut document = |name: &str| -> Option<Value> {
        archive.member(name, limit).ok().and_then(|bytes| json::from_slice(&bytes, limits).ok())
    };
    let metadata = document("metadata.json");
    let configuration = document("config.json");
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
    match &configuration {
        Some(configuration) => config::describe(configuration, &mut facts, findings, "config.json"),
        None => findings.unverified("cannot be read as JSON", "config.json"),
    }
    for name in names.iter().filter(|name| !MEMBERS.contains(&name.as_str()) && !name.starts_with("assets/")) {
        findings.unverified("a member that Keras does not write", name.clone());
    }
    if names.iter().any(|name| name == MEMBERS[2]) {
        weights(archive, &mut facts, findings);
    } else {
        findings.unverified("there are no weights", MEMBERS[2]);
    }
    if let Some(version) = &facts.framework_version {
        facts.environment.packages.insert("keras".to_owned(), version.clone());
    }
    facts.safety = std::mem::take(findings).into_safety();
    facts
}

fn weights(archive: &mut Archive<'_>, facts: &mut ModelFacts, findings: &mut Findings) {
    let (limits, deadline) = (archive.limits, archive.deadline);
    let name = MEMBERS[2];
    let (tree, length, fault) = match archive.stored(name) {
        Ok(Stored::Whole(bytes)) => {
            let length = bytes.len() as u64;
            let (tree, fault) = hdf5::read(&mut Cursor::new(bytes), length, limits, deadline);
            (tree, length, fault)
        }
        Ok(Stored::Window { file, start, length }) => {
            let mut window = Window { file, start, length, at: 0 };
            let (tree, fault) = hdf5::read(&mut window, length, limits, deadline);
            (tree, length, fault)
        }
        Err(fault) => return findings.unverified(&fault.what(), name),
    };
    if let Some(fault) = fault {
        findings.unverified(&fault.what(), format!("{name} byte {}", fault.position()));
    }
    judge(&tree, length, findings, name);
    tensors(&tree, "", facts);
}

/// A part of a file, as a file.
struct Window<F> {
    file: F,
    start: u64,
    length: u64,
    at: u64,
}

impl<F: Read + Seek> Read for Window<F> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let left = self.length.saturating_sub(self.at);
        let count = (buffer.len() as u64).min(left) as usize;
        self.file.seek(SeekFrom::Start(self.start.saturating_add(self.at)))?;
        let read = self.file.read(&mut buffer[..count])?;
        self.at += read as u64;
        Ok(read)
    }
}

impl<F: Read + Seek> Seek for Window<F> {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.length.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = at.ok_or_else(|| std::io::Error::from(std::io::ErrorKind::InvalidInput))?;
        Ok(self.at)
    }
}

/// Reads an HDF5 file. `None` when Keras did not write it.
pub(crate) fn h5(file: std::fs::File, length: u64, limits: &Limits, deadline: Instant) -> Option<ModelFacts> {
    let mut file = std::io::BufReader::new(file);
    let (tree, fault) = hdf5::read(&mut file, length, limits, deadline);
    let text = |name: &str| tree.root_attribute(name).and_then(Value::as_str).map(str::to_owned);
    let document = |name: &str| json::from_slice(text(name)?.as_bytes(), limits).ok();
    let is_weights = tree.items.iter().any(|item| {
        item.attributes.contains_key("weight_names")
            || item.attributes.contains_key("layer_names")
            || item.path.ends_with("/vars") && item.data.is_none()
    });
    let is_keras = text("keras_version").is_some() || text("model_config").is_some() || is_weights;
    if !is_keras {
        return None;
    }
    let mut facts = blank("keras_h5");
    let mut findings = Findings::default();
    facts.framework = Some("keras".to_owned());
    facts.framework_version = text("keras_version");
    if let Some(version) = &facts.framework_version {
        facts.environment.packages.insert("keras".to_owned(), version.clone());
    }
    if let Some(backend) = text("backend") {
        facts.training.insert("backend".to_owned(), Value::from(backend));
    }
    match (text("model_config"), document("model_config")) {
        (_, Some(configuration)) => {
            config::describe(&configuration, &mut facts, &mut findings, "model_config");
            if let Some(training) = document("training_config") {
                config::describe_training(&training, &mut facts);
                config::judge(&training, &mut findings, "training_config");
            }
        }
        (Some(_), None) => findings.unverified("cannot be read as JSON", "model_config"),
        (None, None) => facts.format = "keras_weights".to_owned(),
    }
    judge(&tree, length, &mut findings, "");
    tensors(&tree, "model_weights/", &mut facts);
    facts.safety = findings.into_safety();
    Some(super::settle((facts, fault)))
}

fn judge(tree: &Tree, length: u64, findings: &mut Findings, place: &str) {
    for what in &tree.unread {
        findings.unverified(&format!("{what}, was not read"), place);
    }
    let at = |byte: u64| if place.is_empty() { format!("byte {byte}") } else { format!("{place} byte {byte}") };
    if tree.end < length {
        findings.unverified("bytes after the end of the data", at(tree.end));
    } else if tree.end > length {
        findings.unverified("the file ends before its data", at(length));
    }
}

/// The weights by their place, without what the optimiser keeps for itself.
fn tensors(tree: &Tree, prefix: &str, facts: &mut ModelFacts) {
    let (mut listed, mut count, mut parameters) = (Vec::new(), 0_u64, 0_u64);
    for item in &tree.items {
        let Some((dtype, sides)) = &item.data else { continue };
        let name = item.path.strip_prefix(prefix).unwrap_or(&item.path);
        if name.starts_with("optimizer") {
            continue;
        }
        count += 1;
        parameters = parameters.saturating_add(sides.iter().fold(1_u64, |product, side| product.saturating_mul(*side)));
        if listed.len() < LISTED_TENSORS {
            let shape = sides.iter().map(|side| i64::try_from(*side).unwrap_or(i64::MAX)).collect();
            listed.push(Tensor { name: name.to_owned(), dtype: dtype.clone(), shape });
        }
    }
    facts.training.insert("tensor_count".to_owned(), Value::from(count));
    facts.training.insert("parameter_count".to_owned(), Value::from(parameters));
    facts.tensors = Some(listed);
}

/// Reads a configuration that is a file of its own. `None` when it is none.
pub(crate) fn configuration(document: &Value) -> Option<ModelFacts> {
    document.get("class_name")?;
    document.pointer("/config/layers")?;
    let mut facts = blank("keras_json");
    let mut findings = Findings::default();
    facts.framework = Some("keras".to_owned());
    facts.framework_version = document.get("keras_version").and_then(Value::as_str).map(str::to_owned);
    config::describe(document, &mut facts, &mut findings, "config");
    facts.safety = findings.into_safety();
    Some(facts)
}

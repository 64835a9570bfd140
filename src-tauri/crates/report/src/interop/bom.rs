//! A bill of materials of a model: CycloneDX 1.6 with a model card inside.

use std::collections::BTreeMap;

use proofmark_domain::sensitive::SensitiveGroup;
use serde_json::{Value, json};

use super::ReleaseFacts;

/// Writes the bill of materials.
pub fn ml_bom(facts: &ReleaseFacts<'_>) -> Value {
    let manifest = facts.manifest;
    let name = manifest.model.as_str();
    let data: Vec<Value> =
        manifest.datasets.iter().enumerate().map(|(index, it)| dataset(facts, index, &it.path)).collect();
    let libraries: Vec<Value> = facts
        .packages()
        .into_iter()
        .map(|(package, version)| {
            let purl = format!("pkg:pypi/{}@{}", encoded(&package.to_lowercase().replace('_', "-")), encoded(&version));
            json!({"type": "library", "bom-ref": purl, "name": package, "version": version, "purl": purl})
        })
        .collect();
    let files: Vec<Value> = manifest
        .files
        .iter()
        .map(|file| {
            json!({"type": "file", "bom-ref": format!("file:{}", file.path), "name": file.path,
                   "hashes": [{"alg": "SHA-256", "content": file.digest.hex()}]})
        })
        .collect();
    let references = |of: &[Value]| of.iter().filter_map(|it| it.get("bom-ref").cloned()).collect::<Vec<_>>();
    let depends: Vec<Value> = [references(&files), references(&data), references(&libraries)].concat();
    let mut components = vec![model(facts)];
    components.extend(files);
    components.extend(data);
    components.extend(libraries);
    json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": format!("urn:uuid:{}", uuid_of(facts)),
        "version": 1,
        "metadata": {
            "tools": {"components": [{"type": "application", "name": "proofmark"}]},
            "component": {"type": "application", "bom-ref": "release", "name": name},
        },
        "components": components,
        "dependencies": [{"ref": "release", "dependsOn": ["model"]}, {"ref": "model", "dependsOn": depends}],
    })
}

/// The same model has the same number, in the form that a version 4 identifier has.
fn uuid_of(facts: &ReleaseFacts<'_>) -> String {
    let hex = facts.manifest.files.first().map_or_else(|| "0".repeat(64), |it| it.digest.hex());
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    format!("{}-{}-4{}-8{}-{}", part(0, 8), part(8, 12), part(12, 15), part(15, 18), part(18, 30))
}

fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

fn model(facts: &ReleaseFacts<'_>) -> Value {
    let manifest = facts.manifest;
    let mut parameters = serde_json::Map::new();
    parameters.insert("approach".into(), json!({"type": "supervised"}));
    if let Some(task) = facts.task() {
        parameters.insert("task".into(), json!(task));
    }
    if let Some(framework) = facts.model.and_then(|it| it.framework.as_ref()) {
        parameters.insert("architectureFamily".into(), json!(framework));
    }
    if let Some(class) = facts.model.and_then(|it| it.class.as_ref()) {
        parameters.insert("modelArchitecture".into(), json!(class));
    }
    let datasets: Vec<Value> =
        (0..manifest.datasets.len()).map(|index| json!({"ref": format!("data-{index}")})).collect();
    if !datasets.is_empty() {
        parameters.insert("datasets".into(), json!(datasets));
    }
    let metrics: Vec<Value> =
        manifest.metrics.iter().map(|(name, value)| json!({"type": name, "value": value.to_string()})).collect();
    let mut card = json!({
        "modelParameters": parameters,
        "quantitativeAnalysis": {"performanceMetrics": metrics},
        "considerations": {"useCases": [manifest.purpose]},
    });
    if !manifest.limits.is_empty() {
        card["considerations"]["technicalLimitations"] = json!([manifest.limits]);
    }
    let hashes: Vec<Value> = match manifest.files.as_slice() {
        [only] => vec![json!({"alg": "SHA-256", "content": only.digest.hex()})],
        _ => Vec::new(),
    };
    let mut component = json!({"type": "machine-learning-model", "bom-ref": "model", "name": manifest.model.as_str(), "modelCard": card});
    if !hashes.is_empty() {
        component["hashes"] = json!(hashes);
    }
    component
}

fn dataset(facts: &ReleaseFacts<'_>, index: usize, path: &str) -> Value {
    let labels = facts.manifest.labels.iter().filter(|it| it.dataset == path);
    let mut sensitive: BTreeMap<String, SensitiveGroup> = BTreeMap::new();
    for label in labels {
        sensitive.insert(format!("{} ({})", label.label, label.column), label.group);
    }
    let mut data = json!({"type": "dataset", "name": path});
    if !sensitive.is_empty() {
        data["classification"] = json!("sensitive");
        data["sensitiveData"] = json!(sensitive.keys().collect::<Vec<_>>());
    }
    let mut component = json!({"type": "data", "bom-ref": format!("data-{index}"), "name": path, "data": [data]});
    if let Some(digest) = facts.manifest.datasets.get(index).and_then(|it| it.digest) {
        component["hashes"] = json!([{"alg": "SHA-256", "content": digest.hex()}]);
    }
    component
}

//! A model card in the form of Hugging Face: YAML in front, then the sections that its template has.

use std::collections::BTreeSet;

use super::{ReleaseFacts, quoted};
use crate::text::legible;

/// Writes the card. Numbers of the training run stand under `model-index`, where tools look for them.
pub fn model_card(facts: &ReleaseFacts<'_>) -> String {
    let manifest = facts.manifest;
    let name = manifest.model.as_str();
    let mut text = String::from("---\n");
    let library = facts.model.and_then(|it| it.framework.as_deref()).map(|it| match it {
        "scikit-learn" => "sklearn",
        other => other,
    });
    text.push_str(&format!("license: other\nlicense_name: internal\nmodel_name: {}\n", quoted(name)));
    if let Some(library) = library {
        text.push_str(&format!("library_name: {}\n", quoted(library)));
    }
    text.push_str("tags:\n- proofmark\n");
    if let Some(task) = facts.task() {
        text.push_str(&format!("- tabular-{task}\n"));
    }
    if !manifest.datasets.is_empty() {
        text.push_str("datasets:\n");
        for data in &manifest.datasets {
            text.push_str(&format!("- {}\n", quoted(&data.path)));
        }
    }
    if !manifest.metrics.is_empty() {
        text.push_str("metrics:\n");
        for metric in manifest.metrics.keys() {
            text.push_str(&format!("- {}\n", quoted(metric)));
        }
        let task = facts.task().map_or_else(|| "tabular".to_owned(), |task| format!("tabular-{task}"));
        let data = manifest.datasets.first().map_or("unknown", |it| it.path.as_str());
        text.push_str(&format!(
            "model-index:\n- name: {}\n  results:\n  - task:\n      type: {task}\n    dataset:\n      type: {}\n      name: {}\n    metrics:\n",
            quoted(name),
            quoted(data),
            quoted(data)
        ));
        for (metric, value) in &manifest.metrics {
            text.push_str(&format!(
                "    - type: {}\n      value: {value}\n      name: {}\n",
                quoted(metric),
                quoted(metric)
            ));
        }
    }
    text.push_str("---\n\n");
    sections(facts, &mut text);
    text
}

fn sections(facts: &ReleaseFacts<'_>, text: &mut String) {
    let manifest = facts.manifest;
    let section = |text: &mut String, title: &str, body: &str| {
        let body = if body.trim().is_empty() { "Not stated." } else { body.trim() };
        text.push_str(&format!("## {title}\n\n{body}\n\n"));
    };
    text.push_str(&format!("# {}\n\n", legible(manifest.model.as_str())));
    let class = facts.model.and_then(|it| it.class.clone()).unwrap_or_else(|| "a model".to_owned());
    let framework = facts
        .model
        .and_then(|it| it.framework.clone())
        .map(|name| {
            let version = facts.model.and_then(|it| it.framework_version.clone()).unwrap_or_default();
            format!(" of {name} {version}")
        })
        .unwrap_or_default();
    section(text, "Model Details", &legible(&format!("`{class}`{}.", framework.trim_end())));
    section(text, "Uses", &legible(&manifest.purpose));
    section(text, "Bias, Risks, and Limitations", &legible(&manifest.limits));
    let labels: BTreeSet<String> = manifest
        .labels
        .iter()
        .map(|it| format!("- `{}` in `{}`: {}\n", legible(&it.column), legible(&it.dataset), it.label))
        .collect();
    let sensitive = if labels.is_empty() {
        "No sensitive column is known in the data that this model came from.".to_owned()
    } else {
        labels.into_iter().collect()
    };
    section(text, "Sensitive Data", &sensitive);
    let data: String = manifest
        .datasets
        .iter()
        .map(|it| {
            let digest = it.digest.map_or_else(|| "bytes not known".to_owned(), |digest| digest.to_string());
            format!("- `{}` ({digest})\n", legible(&it.path))
        })
        .collect();
    section(text, "Training Details", &data);
    let metrics: String = manifest
        .metrics
        .iter()
        .map(|(name, value)| format!("| {} | {value} |\n", legible(name).replace('|', "/")))
        .collect();
    let table = if metrics.is_empty() { String::new() } else { format!("| Metric | Value |\n|---|---|\n{metrics}") };
    section(text, "Evaluation", &table);
    let environment = manifest.environment.map(|it| format!("Environment `{it}`.")).unwrap_or_default();
    section(text, "Technical Specifications", &environment);
}

//! The training run as OpenLineage events, one JSON document a line.

use proofmark_domain::Digest;
use proofmark_domain::run::{EdgeRole, RunEdge, RunStatus};
use serde_json::{Value, json};

use super::ReleaseFacts;

const PRODUCER: &str = "https://proofmark.dev";
const EVENT: &str = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent";

fn facet(schema: &str, mut fields: Value) -> Value {
    fields["_producer"] = json!(PRODUCER);
    fields["_schemaURL"] = json!(format!("https://openlineage.io/spec/facets/{schema}"));
    fields
}

fn dataset(edge: &RunEdge, facts: &ReleaseFacts<'_>) -> Value {
    let mut facets = serde_json::Map::new();
    if let Some(digest) = edge.digest {
        facets.insert("version".into(), version(&digest));
    }
    let kind = if edge.role == EdgeRole::Model { "MODEL" } else { "FILE" };
    let schema = "1-0-1/DatasetTypeDatasetFacet.json#/$defs/DatasetTypeDatasetFacet";
    facets.insert("datasetType".into(), facet(schema, json!({"datasetType": kind})));
    let path = edge.path.as_str();
    let labels: Vec<Value> = facts
        .manifest
        .labels
        .iter()
        .filter(|it| it.dataset == path)
        .map(|it| json!({"key": "sensitive", "value": it.label, "field": it.column, "source": "proofmark"}))
        .collect();
    if !labels.is_empty() {
        let schema = "1-0-0/TagsDatasetFacet.json#/$defs/TagsDatasetFacet";
        facets.insert("tags".into(), facet(schema, json!({"tags": labels})));
    }
    json!({"namespace": "file", "name": path, "facets": facets})
}

fn version(digest: &Digest) -> Value {
    let schema = "1-0-1/DatasetVersionDatasetFacet.json#/$defs/DatasetVersionDatasetFacet";
    facet(schema, json!({"datasetVersion": digest.to_string()}))
}

/// The start and the end of the run that wrote the model; `None` if no run with a beginning is known.
pub fn open_lineage(facts: &ReleaseFacts<'_>) -> Option<String> {
    let run = facts.run?;
    let started = run.started?;
    let job = json!({"namespace": "proofmark", "name": run.name, "facets": {}});
    let data = |edges: &[RunEdge]| edges.iter().map(|edge| dataset(edge, facts)).collect::<Vec<_>>();
    let event = |kind: &str, at: String, inputs: Vec<Value>, outputs: Vec<Value>| {
        json!({
            "eventType": kind, "eventTime": at, "producer": PRODUCER, "schemaURL": EVENT,
            "run": {"runId": run.id.uuid().to_string(), "facets": {}}, "job": job,
            "inputs": inputs, "outputs": outputs,
        })
    };
    let end = match run.status {
        RunStatus::Failed => "FAIL",
        RunStatus::Killed => "ABORT",
        _ => "COMPLETE",
    };
    let ended = run.ended.unwrap_or(started);
    let start = event("START", started.to_string(), data(&run.inputs), Vec::new());
    let finish = event(end, ended.to_string(), data(&run.inputs), data(&run.outputs));
    Some(format!("{start}\n{finish}\n"))
}

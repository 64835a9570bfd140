//! Apache Atlas v2: the body of `POST /api/atlas/v2/entity/bulk`, and the classifications that must be there before it.

use std::collections::{BTreeMap, BTreeSet};

use proofmark_domain::lineage::{Node, NodeId, NodeKind};
use serde_json::{Value, json};

use super::Story;

/// Entities: a file is an `fs_path`, a run a `Process` between its inputs and outputs. Both types are in every Atlas.
pub fn atlas(story: &Story) -> Value {
    let guids: BTreeMap<&NodeId, String> =
        (1u32..).zip(&story.graph.nodes).map(|(at, node)| (&node.id, format!("-{at}"))).collect();
    let mut entities = Vec::new();
    for node in story.graph.nodes.iter().filter(|node| node.kind != NodeKind::Run) {
        entities.push(file_entity(story, node, &guids));
    }
    for run in &story.runs {
        let id = NodeId::run(run.id);
        let Some(guid) = guids.get(&id) else { continue };
        let ends = |ids: Vec<&NodeId>| -> Vec<Value> {
            let known: BTreeSet<&String> = ids.iter().filter_map(|id| guids.get(id)).collect();
            known.into_iter().map(|guid| json!({"guid": guid, "typeName": "fs_path"})).collect()
        };
        let inputs = ends(story.edges_into(&id).map(|edge| &edge.from).collect());
        let outputs = ends(story.edges_from(&id).map(|edge| &edge.to).collect());
        let (began, ended) = story.times(run);
        let weakest = story.edges_from(&id).map(|edge| edge.confidence.get()).fold(1.0, f64::min);
        let mut own = BTreeMap::from([
            ("proofmark_source", serde_json::to_value(run.source).unwrap_or_default()),
            ("proofmark_confidence", Value::String(format!("{weakest:.3}"))),
            ("proofmark_start", Value::String(began.to_string())),
            ("proofmark_end", Value::String(ended.to_string())),
        ]);
        if let Some(command) = &run.command {
            own.insert("proofmark_command", Value::String(command.clone()));
        }
        if let Some(commit) = &run.code.commit {
            own.insert("proofmark_commit", Value::String(commit.clone()));
        }
        entities.push(json!({
            "typeName": "Process",
            "guid": guid,
            "attributes": {
                "qualifiedName": format!("{}@{}", run.id, story.host),
                "name": run.name,
                "description": run.command,
                "owner": run.user,
                "inputs": inputs,
                "outputs": outputs,
            },
            "customAttributes": own,
        }));
    }
    json!({"referredEntities": {}, "entities": entities})
}

fn file_entity(story: &Story, node: &Node, guids: &BTreeMap<&NodeId, String>) -> Value {
    let path = story.absolute(node);
    let facts = story.file(&node.id);
    let name = path.rsplit('/').next().unwrap_or(&path).to_owned();
    // Bytes that lay under a path before are another thing than those that lie there now.
    let version = if node.present {
        String::new()
    } else {
        node.digest.map_or_else(|| "#unknown".to_owned(), |digest| format!("#{}", digest.short()))
    };
    let mut attributes = json!({
        "qualifiedName": format!("file://{path}{version}@{}", story.host),
        "name": name,
        "path": path,
        "isFile": true,
    });
    if let Some(attributes) = attributes.as_object_mut() {
        attributes.extend(facts.and_then(|it| it.size).map(|size| ("fileSize".to_owned(), json!(size))));
        attributes.extend(facts.and_then(|it| it.modified).map(|at| ("modifiedTime".to_owned(), json!(at.ms()))));
    }
    let kinds: BTreeSet<&str> = node.labels.iter().map(|label| label.label.as_str()).collect();
    let guid = guids.get(&node.id);
    let classifications: Vec<Value> = kinds
        .iter()
        .map(|label| {
            json!({
                "typeName": classification(label),
                "entityGuid": guid,
                // Where a label goes is carried here column by column; Atlas would carry it over whole tables.
                "propagate": false,
                "removePropagationsOnEntityDelete": false,
            })
        })
        .collect();
    let mut own = BTreeMap::from([("proofmark_kind", serde_json::to_value(node.kind).unwrap_or_default())]);
    if let Some(digest) = &node.digest {
        own.insert("proofmark_sha256", Value::String(digest.hex()));
    }
    json!({
        "typeName": "fs_path",
        "guid": guid,
        "status": if node.present { "ACTIVE" } else { "DELETED" },
        "attributes": attributes,
        "classifications": classifications,
        "customAttributes": own,
    })
}

fn classification(label: &str) -> String {
    let letters: String = label.chars().map(|it| if it.is_ascii_alphanumeric() { it } else { '_' }).collect();
    format!("proofmark_{letters}")
}

/// The body of `POST /api/atlas/v2/types/typedefs` for every classification that [`atlas`] names.
pub fn atlas_types(story: &Story) -> Value {
    let labels: BTreeSet<&str> =
        story.graph.nodes.iter().flat_map(|node| &node.labels).map(|label| label.label.as_str()).collect();
    let definitions: Vec<Value> = labels
        .into_iter()
        .map(|label| {
            json!({
                "name": classification(label),
                "description": format!("Sensitive data: {}", label.replace('_', " ")),
                "superTypes": [],
                "attributeDefs": [],
            })
        })
        .collect();
    json!({"classificationDefs": definitions, "entityDefs": [], "enumDefs": [], "structDefs": [], "relationshipDefs": []})
}

//! Where a model came from, as an in-toto statement with SLSA provenance.

use proofmark_domain::run::RunEdge;
use serde_json::{Value, json};

use super::ReleaseFacts;

/// Writes the statement. What is not known about the run is left out; the inputs of the run are its dependencies.
pub fn slsa_provenance(facts: &ReleaseFacts<'_>) -> Value {
    let manifest = facts.manifest;
    let subject: Vec<Value> =
        manifest.files.iter().map(|file| json!({"name": file.path, "digest": {"sha256": file.digest.hex()}})).collect();
    let mut dependencies: Vec<Value> = facts.run.iter().flat_map(|run| &run.inputs).map(dependency).collect();
    if let Some(commit) = &manifest.commit {
        dependencies.push(json!({"name": "source", "digest": {"gitCommit": commit}}));
    }
    if let Some(environment) = manifest.environment {
        dependencies.push(json!({"name": "environment", "digest": {"sha256": environment.hex()}}));
    }
    let mut metadata = serde_json::Map::new();
    let mut external = serde_json::Map::new();
    if let Some(run) = facts.run {
        metadata.insert("invocationId".into(), json!(run.id.to_string()));
        for (name, moment) in [("startedOn", run.started), ("finishedOn", run.ended)] {
            if let Some(moment) = moment {
                metadata.insert(name.into(), json!(moment.to_string()));
            }
        }
        external.insert("command".into(), json!(run.command));
        external.insert("parameters".into(), json!(run.parameters));
    }
    json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": subject,
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {
            "buildDefinition": {
                "buildType": "https://proofmark.dev/training-run/v1",
                "externalParameters": external,
                "internalParameters": {},
                "resolvedDependencies": dependencies,
            },
            "runDetails": {"builder": {"id": "https://proofmark.dev/local"}, "metadata": metadata},
        },
    })
}

fn dependency(edge: &RunEdge) -> Value {
    let mut dependency = json!({"name": edge.path.as_str()});
    match edge.digest {
        Some(digest) => dependency["digest"] = json!({"sha256": digest.hex()}),
        // A dependency needs one of digest, uri and content.
        None => dependency["uri"] = json!(format!("file:{}", edge.path.as_str())),
    }
    dependency
}

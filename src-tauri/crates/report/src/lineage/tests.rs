#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use proofmark_domain::artifact::ArtifactKind;
use proofmark_domain::id::{ProjectId, RunId};
use proofmark_domain::lineage::{ColumnEdge, NodeKind, Reason};
use proofmark_domain::run::{EdgeRole, RunEdge, RunSource, RunStatus};
use proofmark_domain::sensitive::{CarriedLabel, SensitiveGroup};
use proofmark_domain::{Basis, Confidence, Digest};
use serde_json::Value;

use super::*;

fn digest(number: u8) -> Digest {
    Digest::from_bytes([number; 32])
}

fn id<T>(number: u128, make: impl Fn(uuid::Uuid) -> T) -> T {
    make(uuid::Uuid::from_u128(number))
}

/// Raw data, a recorded run, a table whose name asks for escaping, an inferred run, a model, and a failed run that wrote nothing.
fn story() -> Story {
    let project = id(1, ProjectId::from_uuid);
    let run = |number: u128, source, status| {
        let mut run = Run::bare(id(number, RunId::from_uuid), project, source, status);
        run.name = format!("run \"{number}\" <b>");
        run.started = Some(Timestamp::from_ms(1_700_000_000_000 + number as i64 * 60_000));
        run.ended = Some(Timestamp::from_ms(1_700_000_030_000 + number as i64 * 60_000));
        run.user = Some("ada".into());
        run
    };
    let mut prepare = run(10, RunSource::Recorded, RunStatus::Finished);
    prepare.code.path = Some("src/prepare it.py".into());
    prepare.code.commit = Some("0123456789abcdef0123456789abcdef01234567".into());
    let mut train = run(11, RunSource::Inferred, RunStatus::Unknown);
    train.started = None;
    let failed = run(12, RunSource::Recorded, RunStatus::Failed);
    let edge = |path: &str, number: u8, kind: ArtifactKind| RunEdge {
        path: path.into(),
        digest: Some(digest(number)),
        kind,
        role: EdgeRole::of(kind),
        basis: Basis::Observed,
        confidence: Confidence::CERTAIN,
        columns: vec![],
        evidence: String::new(),
        reasons: vec![],
    };
    prepare.outputs = vec![edge("data/a \"b\" #1.csv", 2, ArtifactKind::Dataset)];
    train.outputs = vec![edge("model.pkl", 3, ArtifactKind::Model)];
    let label = CarriedLabel {
        label: "email".into(),
        group: SensitiveGroup::Direct,
        column: "mail".into(),
        dataset: "data/raw.csv".into(),
        reached_as: vec!["mail".into()],
        exact: true,
    };
    let node = |key: NodeId, kind, label: &str, digest: Option<Digest>| Node {
        id: key,
        kind,
        label: label.into(),
        digest,
        paths: vec![],
        labels: vec![],
        present: true,
    };
    let file = |number: u8, kind, label: &str| {
        node(NodeId::file(Some(&digest(number)), label), kind, label, Some(digest(number)))
    };
    let mut raw = file(1, NodeKind::Dataset, "data/raw.csv");
    raw.labels = vec![label];
    let mut gone = node(NodeId::file(None, "/mnt/other/old.csv"), NodeKind::Dataset, "/mnt/other/old.csv", None);
    gone.present = false;
    let clean = file(2, NodeKind::Dataset, "data/a \"b\" #1.csv");
    let model = file(3, NodeKind::Model, "model.pkl");
    let runs = [&prepare, &train, &failed].map(|run| node(NodeId::run(run.id), NodeKind::Run, &run.name, None));
    let line = |from: &Node, to: &Node, basis: Basis, sure: f64| Edge {
        from: from.id.clone(),
        to: to.id.clone(),
        run: None,
        basis,
        confidence: Confidence::clamped(sure),
        evidence: "because".into(),
        reasons: vec![Reason { name: "code".into(), weight: 1.5, why: "it is written so".into() }],
        columns: vec![ColumnEdge {
            from: "mail".into(),
            to: "mail".into(),
            basis: Basis::Inferred,
            confidence: Confidence::clamped(0.9),
            decides: false,
        }],
        columns_known: true,
    };
    let mut into = line(&runs[0], &clean, Basis::Observed, 1.0);
    into.columns[0].to = "domain".into();
    let edges = vec![
        line(&raw, &runs[0], Basis::Observed, 1.0),
        line(&gone, &runs[0], Basis::Declared, 1.0),
        into,
        line(&clean, &runs[1], Basis::Inferred, 0.7),
        line(&runs[1], &model, Basis::Inferred, 0.8),
        line(&clean, &runs[2], Basis::Matched, 1.0),
    ];
    let facts = FileStory {
        size: Some(12),
        modified: Some(Timestamp::from_ms(1_700_000_000_000)),
        media_type: Some("text/csv".into()),
        columns: vec!["mail".into(), "age".into()],
        findings: Some(vec![]),
        ..FileStory::default()
    };
    let files = [&raw, &clean, &model].map(|node| (node.id.clone(), facts.clone())).into();
    let [a, b, c] = runs;
    Story {
        project: "churn".into(),
        root: "/home/ada/churn".into(),
        host: "desk".into(),
        now: Timestamp::from_ms(1_700_001_000_000),
        version: "1".into(),
        graph: Graph { nodes: vec![raw, gone, clean, model, a, b, c], edges },
        runs: vec![prepare, train, failed],
        files,
    }
}

fn keys_everywhere(value: &Value, key: &str, found: &mut Vec<Value>) {
    match value {
        Value::Object(fields) => {
            found.extend(fields.get(key).cloned());
            fields.values().for_each(|it| keys_everywhere(it, key, found));
        }
        Value::Array(items) => items.iter().for_each(|it| keys_everywhere(it, key, found)),
        _ => {}
    }
}

#[test]
fn openlineage_has_one_start_and_one_end_for_each_run() {
    let events = openlineage(&story());
    assert_eq!(events.len(), 6);
    for run in ["0000000a", "0000000b", "0000000c"] {
        let of: Vec<&Value> = events.iter().filter(|it| it["run"]["runId"].as_str().unwrap().ends_with(run)).collect();
        let kinds: Vec<&str> = of.iter().map(|it| it["eventType"].as_str().unwrap()).collect();
        assert_eq!(kinds[0], "START");
        assert_eq!(kinds[1], if run == "0000000c" { "FAIL" } else { "COMPLETE" });
        assert!(of[0]["eventTime"].as_str() <= of[1]["eventTime"].as_str());
        assert_eq!(of[0]["job"], of[1]["job"]);
    }
    let mut facets = Vec::new();
    events.iter().for_each(|it| keys_everywhere(it, "facets", &mut facets));
    events.iter().for_each(|it| keys_everywhere(it, "inputFacets", &mut facets));
    events.iter().for_each(|it| keys_everywhere(it, "outputFacets", &mut facets));
    let every: Vec<&Value> = facets.iter().flat_map(|it| it.as_object().unwrap().values()).collect();
    assert!(every.len() > 30);
    for facet in every {
        assert!(facet["_producer"].is_string() && facet["_schemaURL"].is_string(), "{facet}");
    }
}

#[test]
fn openlineage_says_which_column_became_which_and_what_is_guessed() {
    let events = openlineage(&story());
    let end =
        events.iter().find(|it| it["eventType"] == "COMPLETE" && it["job"]["name"] == "src/prepare it.py").unwrap();
    let output = &end["outputs"][0];
    assert_eq!(output["name"], "/home/ada/churn/data/a \"b\" #1.csv");
    let from = &output["facets"]["columnLineage"]["fields"]["domain"]["inputFields"];
    assert_eq!(
        (&from[0]["field"], &from[0]["name"]),
        (&Value::from("mail"), &Value::from("/home/ada/churn/data/raw.csv"))
    );
    assert_eq!(from[0]["transformations"][0]["subtype"], "TRANSFORMATION");
    assert_eq!(output["facets"]["version"]["datasetVersion"], digest(2).to_string());
    let code = &end["job"]["facets"]["sourceCodeLocation"];
    assert_eq!(code["url"], "file:///home/ada/churn/src/prepare%20it.py");
    assert_eq!(code["version"], "0123456789abcdef0123456789abcdef01234567");
    let raw = end["inputs"].as_array().unwrap().iter().find(|it| it["name"] == "/home/ada/churn/data/raw.csv").unwrap();
    assert_eq!(raw["facets"]["tags"]["tags"][0]["field"], "mail");
    assert_eq!(raw["inputFacets"]["dataQualityAssertions"]["assertions"][0]["success"], true);
    let guessed = events.iter().find(|it| it["run"]["facets"]["proofmark_run"]["source"] == "inferred").unwrap();
    assert_eq!(guessed["inputs"][0]["facets"]["proofmark_edge"]["confidence"], 0.7);
    assert_eq!(guessed["inputs"][0]["facets"]["proofmark_edge"]["basis"], "inferred");
}

#[test]
fn atlas_entities_hang_together() {
    let story = story();
    let body = atlas(&story);
    let entities = body["entities"].as_array().unwrap();
    let guids: BTreeSet<&str> = entities.iter().map(|it| it["guid"].as_str().unwrap()).collect();
    assert_eq!(guids.len(), entities.len(), "each entity has a placeholder of its own");
    assert!(guids.iter().all(|it| it.starts_with('-')));
    let names: BTreeSet<&str> = entities.iter().map(|it| it["attributes"]["qualifiedName"].as_str().unwrap()).collect();
    assert_eq!(names.len(), entities.len(), "two entities with one name would be one in Atlas");
    for process in entities.iter().filter(|it| it["typeName"] == "Process") {
        for end in ["inputs", "outputs"].iter().flat_map(|it| process["attributes"][*it].as_array().unwrap()) {
            assert!(guids.contains(end["guid"].as_str().unwrap()));
        }
    }
    let raw = entities.iter().find(|it| it["attributes"]["name"] == "raw.csv").unwrap();
    assert_eq!(raw["classifications"][0]["typeName"], "proofmark_email");
    assert_eq!(raw["classifications"][0]["removePropagationsOnEntityDelete"], false);
    assert_eq!(atlas_types(&story)["classificationDefs"][0]["name"], "proofmark_email");
    let gone = entities.iter().find(|it| it["attributes"]["name"] == "old.csv").unwrap();
    assert_eq!(gone["status"], "DELETED");
}

#[test]
fn prov_relations_name_what_is_there() {
    let document = prov(&story());
    let names = |part: &str| document[part].as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
    let (entities, activities, agents) = (names("entity"), names("activity"), names("agent"));
    assert_eq!((entities.len(), activities.len(), agents.len()), (4, 3, 1));
    for name in entities.iter().chain(&activities).chain(&agents) {
        let local = name.strip_prefix("pm:").unwrap();
        assert!(local.chars().all(|it| it.is_ascii_alphanumeric() || it == '_' || it == '-'), "{name}");
    }
    for used in document["used"].as_object().unwrap().values() {
        assert!(
            activities.contains(used["prov:activity"].as_str().unwrap())
                && entities.contains(used["prov:entity"].as_str().unwrap())
        );
    }
    for made in document["wasGeneratedBy"].as_object().unwrap().values() {
        assert!(entities.contains(made["prov:entity"].as_str().unwrap()));
    }
    assert_eq!(document["used"].as_object().unwrap().len(), 4);
}

#[test]
fn text_forms_survive_any_name() {
    let story = story();
    let chart = mermaid(&story);
    assert!(chart.starts_with("flowchart LR\n"));
    assert!(chart.contains("data/a #quot;b#quot; #35;1.csv"), "{chart}");
    assert!(chart.contains("-.->|\"70 %\"|"), "a guess is dashed and says how sure it is: {chart}");
    let graph = dot(&story);
    assert!(graph.contains("\\\"b\\\"") && graph.contains("style=dashed"), "{graph}");
    assert_eq!(graph.matches('{').count(), graph.matches('}').count());
}

#[test]
fn the_drawing_shows_everything_once_and_guesses_as_guesses() {
    let story = story();
    let drawing = svg(&story);
    assert_eq!(drawing.matches("<g>").count(), story.graph.nodes.len());
    assert!(drawing.contains("stroke-dasharray=\"5 4\"") && drawing.contains("70 %"));
    assert!(!drawing.contains("<b>"), "names are escaped");
    assert!(drawing.contains("role=\"img\"><title>"));
    let empty = Story { graph: Graph::default(), ..story };
    assert!(svg(&empty).ends_with("</svg>\n"));
    assert!(openlineage(&empty).is_empty());
}

#[test]
fn a_cycle_and_a_thousand_nodes_are_laid_out() {
    let mut story = story();
    let first = story.graph.nodes[0].id.clone();
    let back = Edge { from: story.graph.nodes[3].id.clone(), to: first.clone(), ..story.graph.edges[0].clone() };
    story.graph.edges.push(back);
    for number in 0..1000 {
        let mut node = story.graph.nodes[2].clone();
        node.id = NodeId(format!("n{number}"));
        story.graph.edges.push(Edge { from: first.clone(), to: node.id.clone(), ..story.graph.edges[0].clone() });
        story.graph.nodes.push(node);
    }
    let places = super::layers::layers(&story.graph);
    let distinct: BTreeSet<_> = places.iter().collect();
    assert_eq!(distinct.len(), places.len(), "no two cards on one place");
}

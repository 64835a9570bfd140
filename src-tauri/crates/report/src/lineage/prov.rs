//! W3C PROV-JSON: files are entities, runs are activities, those who started them are agents.
//! https://www.w3.org/submissions/prov-json/

use proofmark_domain::lineage::{NodeId, NodeKind};
use serde_json::{Map, Value, json};

use super::openlineage::file_url;
use super::{PRODUCER, Story};

/// The document.
pub fn prov(story: &Story) -> Value {
    let mut entities = Map::new();
    let nodes = story.nodes();
    for node in story.graph.nodes.iter().filter(|node| node.kind != NodeKind::Run) {
        let mut fields = json!({
            "prov:label": node.label,
            "prov:type": {"$": format!("pm:{}", kind_word(node.kind)), "type": "prov:QUALIFIED_NAME"},
            "pm:present": node.present,
        });
        if let Some(fields) = fields.as_object_mut() {
            fields.insert("prov:location".into(), json!({"$": file_url(&story.absolute(node)), "type": "xsd:anyURI"}));
            if let Some(digest) = &node.digest {
                fields.insert("pm:sha256".into(), digest.hex().into());
            }
            let labels: Vec<&str> = node.labels.iter().map(|it| it.label.as_str()).collect();
            if !labels.is_empty() {
                fields.insert("pm:sensitive".into(), json!(labels));
            }
        }
        entities.insert(name(&node.id), fields);
    }
    let mut activities = Map::new();
    let mut agents = Map::new();
    let mut associated = Map::new();
    for run in &story.runs {
        let id = NodeId::run(run.id);
        if !nodes.contains_key(&id) {
            continue;
        }
        let mut fields = json!({"prov:label": run.name, "pm:source": run.source, "pm:status": run.status});
        if let Some(fields) = fields.as_object_mut() {
            // Only recorded times: an activity without them has none.
            fields.extend(run.started.map(|at| ("prov:startTime".to_owned(), json!(at.to_string()))));
            fields.extend(run.ended.map(|at| ("prov:endTime".to_owned(), json!(at.to_string()))));
            fields.extend(run.command.as_ref().map(|it| ("pm:command".to_owned(), json!(it))));
            fields.extend(run.code.commit.as_ref().map(|it| ("pm:commit".to_owned(), json!(it))));
        }
        activities.insert(name(&id), fields);
        if let Some(user) = &run.user {
            let agent = format!("pm:user_{}", local(user));
            let person = json!({"prov:label": user, "prov:type": {"$": "prov:Person", "type": "prov:QUALIFIED_NAME"}});
            agents.insert(agent.clone(), person);
            let link = json!({"prov:activity": name(&id), "prov:agent": agent});
            associated.insert(format!("_:a{}", associated.len() + 1), link);
        }
    }
    let (mut used, mut generated) = (Map::new(), Map::new());
    for edge in &story.graph.edges {
        let (Some(from), Some(to)) = (nodes.get(&edge.from), nodes.get(&edge.to)) else { continue };
        let known = |mut fields: Value| {
            if let Some(fields) = fields.as_object_mut() {
                fields.insert("pm:basis".into(), edge.basis.word().into());
                fields.insert(
                    "pm:confidence".into(),
                    json!({"$": format!("{}", edge.confidence.get()), "type": "xsd:double"}),
                );
                fields.insert("pm:evidence".into(), edge.evidence.as_str().into());
            }
            fields
        };
        if to.kind == NodeKind::Run {
            let fields = json!({"prov:activity": name(&to.id), "prov:entity": name(&from.id)});
            used.insert(format!("_:u{}", used.len() + 1), known(fields));
        } else if from.kind == NodeKind::Run {
            let fields = json!({"prov:entity": name(&to.id), "prov:activity": name(&from.id)});
            generated.insert(format!("_:g{}", generated.len() + 1), known(fields));
        }
    }
    let mut document = Map::new();
    document.insert("prefix".into(), json!({"pm": format!("{PRODUCER}#")}));
    for (part, fields) in [
        ("entity", entities),
        ("activity", activities),
        ("agent", agents),
        ("used", used),
        ("wasGeneratedBy", generated),
        ("wasAssociatedWith", associated),
    ] {
        if !fields.is_empty() {
            document.insert(part.into(), Value::Object(fields));
        }
    }
    Value::Object(document)
}

fn kind_word(kind: NodeKind) -> String {
    serde_json::to_value(kind).ok().and_then(|it| it.as_str().map(str::to_owned)).unwrap_or_else(|| "other".to_owned())
}

/// A qualified name: letters that it may not hold are written as their number.
fn name(id: &NodeId) -> String {
    format!("pm:{}", local(&id.0))
}

fn local(text: &str) -> String {
    text.chars()
        .map(|it| {
            if it.is_ascii_alphanumeric() || it == '_' || it == '-' {
                it.to_string()
            } else {
                format!("_{:x}_", u32::from(it))
            }
        })
        .collect()
}

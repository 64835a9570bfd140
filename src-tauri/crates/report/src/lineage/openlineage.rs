//! OpenLineage 2-0-2: one START and one terminal event for each run. https://openlineage.io/spec/2-0-2/OpenLineage.json

use std::collections::BTreeMap;

use proofmark_domain::check::Severity;
use proofmark_domain::lineage::{Edge, Node, NodeId, NodeKind};
use proofmark_domain::run::{Run, RunSource, RunStatus};
use serde_json::{Map, Value, json};

use super::{PRODUCER, Story};

const EVENT: &str = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent";

/// The address of a facet's schema: file, version and definition as the specification publishes them.
fn schema(name: &str, version: &str) -> String {
    format!("https://openlineage.io/spec/facets/{version}/{name}.json#/$defs/{name}")
}

fn facet(name: &str, version: &str, mut fields: Value) -> Value {
    if let Some(fields) = fields.as_object_mut() {
        fields.insert("_producer".into(), PRODUCER.into());
        fields.insert("_schemaURL".into(), schema(name, version).into());
    }
    fields
}

/// The events, oldest first, a JSON object each.
pub fn openlineage(story: &Story) -> Vec<Value> {
    let nodes = story.nodes();
    let mut events = Vec::new();
    for run in &story.runs {
        let id = NodeId::run(run.id);
        if !nodes.contains_key(&id) {
            continue;
        }
        let (began, ended) = story.times(run);
        let inputs: Vec<Value> = story
            .edges_into(&id)
            .filter_map(|edge| Some(dataset(story, nodes.get(&edge.from)?, edge, Side::Input)))
            .collect();
        let outputs: Vec<Value> = story
            .edges_from(&id)
            .filter_map(|edge| Some(dataset(story, nodes.get(&edge.to)?, edge, Side::Output)))
            .collect();
        let event = |kind: &str, at: proofmark_domain::Timestamp, outputs: &[Value]| {
            json!({
                "eventType": kind,
                "eventTime": at.to_string(),
                "producer": PRODUCER,
                "schemaURL": EVENT,
                "run": {"runId": run.id.uuid().to_string(), "facets": run_facets(story, run)},
                "job": {"namespace": namespace(story), "name": job_name(run), "facets": job_facets(story, run)},
                "inputs": inputs,
                "outputs": outputs,
            })
        };
        events.push((began, event("START", began, &[])));
        let end = match run.status {
            RunStatus::Finished | RunStatus::Unknown => Some("COMPLETE"),
            RunStatus::Failed => Some("FAIL"),
            RunStatus::Killed => Some("ABORT"),
            RunStatus::Running | RunStatus::Scheduled => None,
        };
        if let Some(end) = end {
            events.push((ended, event(end, ended, &outputs)));
        }
    }
    // A stable sort keeps each START before the end that has the same time.
    events.sort_by_key(|(at, _)| *at);
    events.into_iter().map(|(_, event)| event).collect()
}

fn namespace(story: &Story) -> String {
    format!("proofmark:{}", story.project)
}

fn job_name(run: &Run) -> String {
    run.code.path.as_ref().map_or_else(|| run.name.clone(), |path| path.as_str().to_owned())
}

fn run_facets(story: &Story, run: &Run) -> Value {
    let mut facets = Map::new();
    facets.insert(
        "processing_engine".into(),
        facet("ProcessingEngineRunFacet", "1-1-1", json!({"version": story.version, "name": "Proofmark"})),
    );
    let source = match run.source {
        RunSource::Recorded => "recorded",
        RunSource::Inferred => "inferred",
        RunSource::Mlflow => "mlflow",
        RunSource::Dvc => "dvc",
    };
    let mut own = json!({
        "source": source,
        "command": run.command,
        "parameters": run.parameters,
        "metrics": run.metrics,
        "environmentDigest": run.environment_digest,
        "_producer": PRODUCER,
        "_schemaURL": format!("{PRODUCER}/facets/run.json"),
    });
    if run.source == RunSource::Inferred
        && let Some(own) = own.as_object_mut()
    {
        let sure = run.outputs.iter().map(|edge| edge.confidence.get()).fold(0.0, f64::max);
        own.insert("confidence".into(), json!(sure));
    }
    facets.insert("proofmark_run".into(), own);
    if let Some(started) = run.started {
        let mut times = json!({"nominalStartTime": started.to_string()});
        if let (Some(ended), Some(times)) = (run.ended, times.as_object_mut()) {
            times.insert("nominalEndTime".into(), ended.to_string().into());
        }
        facets.insert("nominalTime".into(), facet("NominalTimeRunFacet", "1-0-1", times));
    }
    Value::Object(facets)
}

fn job_facets(story: &Story, run: &Run) -> Value {
    let mut facets = Map::new();
    facets.insert(
        "jobType".into(),
        facet(
            "JobTypeJobFacet",
            "2-0-4",
            json!({"processingType": "BATCH", "integration": "PROOFMARK", "jobType": "RUN"}),
        ),
    );
    if let Some(path) = &run.code.path {
        let url = file_url(&story.absolute_path(path.as_str()));
        let mut fields = json!({"type": "git", "url": url, "path": path.as_str()});
        if let Some(fields) = fields.as_object_mut() {
            if let Some(commit) = &run.code.commit {
                fields.insert("version".into(), commit.as_str().into());
            }
            if let Some(branch) = &run.code.branch {
                fields.insert("branch".into(), branch.as_str().into());
            }
        }
        facets.insert("sourceCodeLocation".into(), facet("SourceCodeLocationJobFacet", "1-1-0", fields));
    }
    Value::Object(facets)
}

/// A path as a URL: everything outside the unreserved letters is escaped.
pub(super) fn file_url(path: &str) -> String {
    let mut url = String::from("file://");
    if !path.starts_with('/') {
        url.push('/');
    }
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' | b':' => {
                url.push(char::from(byte))
            }
            other => url.push_str(&format!("%{other:02X}")),
        }
    }
    url
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Input,
    Output,
}

fn dataset(story: &Story, node: &Node, edge: &Edge, side: Side) -> Value {
    let mut facets = Map::new();
    let columns = story.columns(&node.id);
    if !columns.is_empty() {
        let fields: Vec<Value> = (1u32..)
            .zip(&columns)
            .map(|(at, (name, kind))| match kind {
                Some(kind) => json!({"name": name, "type": kind, "ordinal_position": at}),
                None => json!({"name": name, "ordinal_position": at}),
            })
            .collect();
        facets.insert("schema".into(), facet("SchemaDatasetFacet", "1-2-0", json!({"fields": fields})));
    }
    if let Some(digest) = &node.digest {
        let fields = json!({"datasetVersion": digest.to_string()});
        facets.insert("version".into(), facet("DatasetVersionDatasetFacet", "1-0-1", fields));
    }
    let kind = match node.kind {
        NodeKind::Model => "MODEL",
        NodeKind::Dataset | NodeKind::PredictionLog => "TABLE",
        _ => "FILE",
    };
    facets.insert("datasetType".into(), facet("DatasetTypeDatasetFacet", "1-0-1", json!({"datasetType": kind})));
    if let Some(media_type) = story.file(&node.id).and_then(|it| it.media_type.as_deref()) {
        let fields = json!({"storageLayer": "file", "fileFormat": media_type});
        facets.insert("storage".into(), facet("StorageDatasetFacet", "1-0-1", fields));
    }
    if let Some(tags) = tags(node) {
        facets.insert("tags".into(), tags);
    }
    facets.insert("proofmark_edge".into(), edge_facet(edge));
    if side == Side::Output
        && let Some(lineage) = column_lineage(story, edge)
    {
        facets.insert("columnLineage".into(), lineage);
    }
    let mut dataset = json!({"namespace": "file", "name": story.absolute(node), "facets": facets});
    if let Some(dataset) = dataset.as_object_mut() {
        match side {
            Side::Input => dataset.insert("inputFacets".into(), input_facets(story, &node.id)),
            Side::Output => dataset.insert("outputFacets".into(), output_facets(story, &node.id)),
        };
    }
    dataset
}

/// How the edge is known: a guess is told from a record in every form.
fn edge_facet(edge: &Edge) -> Value {
    let reasons: Vec<Value> =
        edge.reasons.iter().map(|it| json!({"name": it.name, "weight": it.weight, "why": it.why})).collect();
    json!({
        "basis": edge.basis.word(),
        "confidence": edge.confidence.get(),
        "evidence": edge.evidence,
        "reasons": reasons,
        "_producer": PRODUCER,
        "_schemaURL": format!("{PRODUCER}/facets/edge.json"),
    })
}

/// Labels of sensitive data, on the column that they reached where it is known.
fn tags(node: &Node) -> Option<Value> {
    let mut tags = Vec::new();
    for label in &node.labels {
        let value = if label.exact { "reached" } else { "possible" };
        let tag = json!({"key": format!("sensitive:{}", label.label), "value": value, "source": "PROOFMARK"});
        if label.reached_as.is_empty() {
            tags.push(tag.clone());
        }
        for field in &label.reached_as {
            let mut tag = tag.clone();
            if let Some(tag) = tag.as_object_mut() {
                tag.insert("field".into(), field.as_str().into());
            }
            tags.push(tag);
        }
    }
    (!tags.is_empty()).then(|| facet("TagsDatasetFacet", "1-0-0", json!({"tags": tags})))
}

/// The columns of an output with the columns of the run's inputs that they were made from.
fn column_lineage(story: &Story, output: &Edge) -> Option<Value> {
    let nodes = story.nodes();
    let mut fields: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    for column in &output.columns {
        for input in story.edges_into(&output.from) {
            let Some(node) = nodes.get(&input.from) else { continue };
            for it in input.columns.iter().filter(|it| it.to == column.from) {
                let (how, subtype) = match (it.decides || column.decides, it.from == column.to) {
                    (true, _) => ("INDIRECT", "CONDITIONAL"),
                    (false, true) => ("DIRECT", "IDENTITY"),
                    (false, false) => ("DIRECT", "TRANSFORMATION"),
                };
                fields.entry(&column.to).or_default().push(json!({
                    "namespace": "file",
                    "name": story.absolute(node),
                    "field": it.from,
                    "transformations": [{
                        "type": how,
                        "subtype": subtype,
                        "description": format!("{}, {:.0} % sure", column.basis.word(), column.confidence.get() * 100.0),
                        "masking": false,
                    }],
                }));
            }
        }
    }
    if fields.is_empty() {
        return None;
    }
    let fields: Map<String, Value> =
        fields.into_iter().map(|(to, from)| (to.to_owned(), json!({"inputFields": from}))).collect();
    Some(facet("ColumnLineageDatasetFacet", "1-2-0", json!({"fields": fields})))
}

fn input_facets(story: &Story, id: &NodeId) -> Value {
    let mut facets = Map::new();
    let Some(file) = story.file(id) else { return Value::Object(facets) };
    if let Some(profile) = &file.profile {
        let columns: Map<String, Value> = profile
            .columns
            .iter()
            .map(|it| {
                let mut metrics = json!({"nullCount": it.nulls, "distinctCount": it.distinct});
                // Of a masked column the numbers would single people out.
                if let (false, Some(metrics)) = (it.masked, metrics.as_object_mut()) {
                    let number = |value: &Option<proofmark_domain::profile::Scalar>| match value {
                        Some(proofmark_domain::profile::Scalar::Int(it)) => Some(json!(it)),
                        Some(proofmark_domain::profile::Scalar::Float(it)) => Some(json!(it)),
                        _ => None,
                    };
                    metrics.extend(number(&it.min).map(|value| ("min".to_owned(), value)));
                    metrics.extend(number(&it.max).map(|value| ("max".to_owned(), value)));
                    if !it.quantiles.is_empty() {
                        metrics.insert("quantiles".into(), json!(it.quantiles));
                    }
                }
                (it.name.clone(), metrics)
            })
            .collect();
        let mut fields = json!({"rowCount": profile.rows, "columnMetrics": columns});
        if let (Some(size), Some(fields)) = (file.size, fields.as_object_mut()) {
            fields.insert("bytes".into(), json!(size));
        }
        facets.insert("dataQualityMetrics".into(), facet("DataQualityMetricsInputDatasetFacet", "1-0-3", fields));
    }
    if let Some(findings) = &file.findings {
        let assertions: Vec<Value> = if findings.is_empty() {
            vec![json!({"assertion": "proofmark_checks", "success": true})]
        } else {
            findings
                .iter()
                .flat_map(|finding| {
                    let severity = if finding.severity == Severity::Error { "error" } else { "warn" };
                    let kind = serde_json::to_value(finding.kind).ok().and_then(|it| it.as_str().map(str::to_owned));
                    let assertion = json!({
                        "assertion": kind.unwrap_or_else(|| "finding".to_owned()),
                        "success": finding.severity == Severity::Info,
                        "severity": severity,
                        "description": finding.message,
                    });
                    let columns: Vec<Option<&String>> = if finding.columns.is_empty() {
                        vec![None]
                    } else {
                        finding.columns.iter().map(Some).collect()
                    };
                    columns.into_iter().map(move |column| {
                        let mut assertion = assertion.clone();
                        if let (Some(column), Some(fields)) = (column, assertion.as_object_mut()) {
                            fields.insert("column".into(), column.as_str().into());
                        }
                        assertion
                    })
                })
                .collect()
        };
        let fields = json!({"assertions": assertions});
        facets.insert("dataQualityAssertions".into(), facet("DataQualityAssertionsDatasetFacet", "1-1-0", fields));
    }
    Value::Object(facets)
}

fn output_facets(story: &Story, id: &NodeId) -> Value {
    let mut facets = Map::new();
    if let Some(file) = story.file(id)
        && let Some(size) = file.size
    {
        let mut fields = json!({"size": size, "fileCount": 1});
        if let (Some(profile), Some(fields)) = (&file.profile, fields.as_object_mut()) {
            fields.insert("rowCount".into(), json!(profile.rows));
        }
        facets.insert("outputStatistics".into(), facet("OutputStatisticsOutputDatasetFacet", "1-0-2", fields));
    }
    Value::Object(facets)
}

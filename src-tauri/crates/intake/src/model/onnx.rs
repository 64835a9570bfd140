//! The header of an ONNX model: producer, operator sets, inputs, outputs, class labels.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use proofmark_domain::model::{ModelFacts, Tensor};
use serde_json::{Value, json};

use super::facts::{LISTED_TENSORS, blank};
use super::outside::Outside;
use super::protobuf::{Field, beginning, fields, packed};
use super::source::{Fault, Source};
use super::verdict::Findings;

/// Operator sets whose meaning is published; anything else needs a library of its own to run.
const DOMAINS: [&str; 6] =
    ["", "ai.onnx", "ai.onnx.ml", "ai.onnx.training", "ai.onnx.preview.training", "com.microsoft"];
/// A nested message longer than this is passed over: only weights are that long.
const MESSAGE: u64 = 8 << 20;
/// Operators that are listed one by one.
const LISTED: usize = 2_000;

/// Whether the first bytes are those of an ONNX model: its first field is `ir_version`.
pub(crate) fn sniff(head: &[u8]) -> bool {
    let [0x08, version, rest @ ..] = head else { return false };
    // Next comes the producer's name, the graph, or one of the other fields below 32. Other formats have messages where ONNX has
    // texts.
    let is_text = |rest: &[u8]| {
        let length = rest.first().map_or(0, |length| usize::from(*length)).min(127);
        let text = rest.get(1..).unwrap_or_default();
        text.iter().take(length).all(|byte| !byte.is_ascii_control())
    };
    (1..=30).contains(version)
        && match rest.split_first() {
            Some((0x12 | 0x1a | 0x22, rest)) => is_text(rest),
            Some((first, _)) => matches!(first, 0x28 | 0x32 | 0x3a | 0x42 | 0x72),
            None => false,
        }
}

#[derive(Default)]
struct Graph {
    inputs: Vec<(String, Value)>,
    outputs: Vec<(String, Value)>,
    initializers: BTreeSet<String>,
    operators: BTreeMap<String, u64>,
    domains: BTreeSet<String>,
    labels: Option<Vec<Value>>,
    /// Weights that the model keeps in other files.
    external: Outside,
    /// Domains of functions that the file itself defines.
    defined: BTreeSet<String>,
    /// Operators in order.
    steps: Vec<String>,
    name: Option<String>,
    tensors: Vec<Tensor>,
    tensor_count: u64,
    parameters: u64,
    graphs: u32,
    foreign: BTreeSet<u64>,
    skipped: bool,
}

/// Reads a model to its end, passing over the weights. Those that it keeps in other files are looked for in `folder`.
pub(crate) fn read(source: &mut Source<'_>, folder: Option<&Path>) -> (ModelFacts, Option<Fault>) {
    let mut facts = blank("onnx");
    facts.framework = Some("onnx".to_owned());
    let mut graph = Graph::default();
    let mut findings = Findings::default();
    let result = header(source, &mut facts, &mut graph);
    let inputs: Vec<&(String, Value)> =
        graph.inputs.iter().filter(|(name, _)| !graph.initializers.contains(name)).collect();
    if result.is_ok() {
        if graph.outputs.is_empty() {
            findings.unverified("the graph has no outputs", "graph");
        } else {
            facts.features_in = Some(inputs.iter().map(|(name, _)| name.clone()).collect());
            facts.outputs = Some(graph.outputs.iter().map(|(name, _)| name.clone()).collect());
            facts.classes = graph.labels;
        }
        let port = |(name, kind): &(String, Value)| json!({"name": name, "type": kind});
        facts.signature = Some(json!({
            "inputs": inputs.iter().map(|input| port(input)).collect::<Vec<_>>(),
            "outputs": graph.outputs.iter().map(port).collect::<Vec<_>>(),
        }));
        facts.training.insert("operators".to_owned(), json!(graph.operators));
        if let Some(name) = graph.name {
            facts.training.insert("graph_name".to_owned(), Value::from(name));
        }
        facts.steps = graph.steps;
        if graph.tensor_count > 0 {
            facts.training.insert("tensor_count".to_owned(), Value::from(graph.tensor_count));
            facts.training.insert("parameter_count".to_owned(), Value::from(graph.parameters));
            facts.tensors = Some(graph.tensors);
        }
        if graph.graphs > 1 {
            findings.unverified("more than one graph, which readers put together in their own ways", "graph");
        }
    }
    for field in &graph.foreign {
        findings.unverified(&format!("field {field}, which ONNX does not define"), "model");
    }
    let known = |domain: &String| DOMAINS.contains(&domain.as_str()) || graph.defined.contains(domain);
    for domain in graph.domains.iter().filter(|domain| !known(domain)) {
        findings.unverified(&format!("operators of {domain} need a library of their own"), "graph");
    }
    for trouble in graph.external.troubles(folder) {
        findings.unverified(&trouble, "graph");
    }
    if graph.skipped {
        findings.unverified("a part of the graph is too large to be read", "graph");
    }
    facts.safety = findings.into_safety();
    (facts, result.err())
}

/// Names of the files in which a model keeps its weights, as far as it can be read.
pub(crate) fn external(source: &mut Source<'_>) -> Vec<String> {
    let mut graph = Graph::default();
    // What cannot be read is said by the reader of the model itself.
    let _ = header(source, &mut blank("onnx"), &mut graph);
    graph.external.files()
}

fn header(source: &mut Source<'_>, facts: &mut ModelFacts, graph: &mut Graph) -> Result<(), Fault> {
    while !source.at_end()? {
        source.tick()?;
        let at = source.position();
        let key = source.varint("a field")?;
        match (key >> 3, key & 7) {
            (0, _) => return Err(Fault::Malformed(at, "no field of an ONNX model".to_owned())),
            (7, 2) => {
                let length = source.varint("a field")?;
                graph.graphs += 1;
                read_graph(source, length, graph)?;
            }
            (number, 2) => {
                let length = source.varint("a field")?;
                if length > MESSAGE {
                    source.skip(length, "a field")?;
                    graph.skipped = true;
                    continue;
                }
                let bytes = source.blob(length, length, "a field")?;
                model_field(number, Field::Bytes(&bytes), facts, graph)
                    .ok_or_else(|| Fault::Malformed(at, format!("field {number} is no message")))?;
            }
            (number, 0) => {
                let value = source.varint("a field")?;
                let name = match number {
                    1 => "ir_version",
                    5 => "model_version",
                    _ => {
                        graph.foreign.insert(number);
                        continue;
                    }
                };
                facts.training.insert(name.to_owned(), Value::from(value as i64));
            }
            (number, kind @ (1 | 5)) => {
                source.skip(if kind == 1 { 8 } else { 4 }, "a field")?;
                graph.foreign.insert(number);
            }
            _ => return Err(Fault::Malformed(at, "no field of an ONNX model".to_owned())),
        }
    }
    Ok(())
}

fn model_field(number: u64, field: Field<'_>, facts: &mut ModelFacts, graph: &mut Graph) -> Option<()> {
    match number {
        2 => {
            facts.training.insert("producer_name".to_owned(), Value::from(field.text()));
        }
        3 => {
            let version = field.text();
            if let Some(Value::String(producer)) = facts.training.get("producer_name") {
                facts.environment.packages.insert(producer.clone(), version.clone());
            }
            facts.training.insert("producer_version".to_owned(), Value::from(version));
        }
        4 => {
            facts.training.insert("domain".to_owned(), Value::from(field.text()));
        }
        6 if !field.bytes().is_empty() => {
            facts.training.insert("doc_string".to_owned(), Value::from(field.text()));
        }
        8 => {
            let (mut domain, mut version) = (String::new(), 0);
            for (number, field) in fields(field.bytes())? {
                match number {
                    1 => domain = field.text(),
                    2 => version = field.int(),
                    _ => {}
                }
            }
            graph.domains.insert(domain.clone());
            let name = if domain.is_empty() { "ai.onnx".to_owned() } else { domain };
            if name == "ai.onnx" {
                facts.framework_version = Some(format!("opset {version}"));
            }
            let sets = facts.training.entry("opset_import".to_owned()).or_insert_with(|| json!({}));
            if let Some(sets) = sets.as_object_mut() {
                sets.insert(name, Value::from(version));
            }
        }
        14 => {
            let (mut key, mut value) = (String::new(), String::new());
            for (number, field) in fields(field.bytes())? {
                match number {
                    1 => key = field.text(),
                    2 => value = field.text(),
                    _ => {}
                }
            }
            facts.parameters.insert(key, Value::from(value));
        }
        6 | 20 | 26 => {}
        25 => {
            for (number, field) in fields(field.bytes())? {
                match number {
                    7 => node(field.bytes(), graph, 8)?,
                    10 => {
                        graph.defined.insert(field.text());
                    }
                    _ => {}
                }
            }
        }
        other => {
            graph.foreign.insert(other);
        }
    }
    Some(())
}

fn read_graph(source: &mut Source<'_>, length: u64, graph: &mut Graph) -> Result<(), Fault> {
    let end = source.position().saturating_add(length);
    while source.position() < end {
        let at = source.position();
        source.tick()?;
        let malformed = |what: &str| Fault::Malformed(at, what.to_owned());
        let key = source.varint("a field")?;
        match (key >> 3, key & 7) {
            (0, _) => return Err(malformed("no field of an ONNX graph")),
            (number, 2) => {
                let length = source.varint("a field")?;
                if source.position().saturating_add(length) > end {
                    return Err(malformed("a field that leaves the graph"));
                }
                // The name of an initializer stands before its data or behind it, so large ones are read in part.
                if number == 5 && length > MESSAGE {
                    let head = source.blob(length, 4_096, "an initializer")?;
                    initializer(&beginning(&head), graph);
                    continue;
                }
                if length > MESSAGE {
                    source.skip(length, "a part of the graph")?;
                    graph.skipped = true;
                    continue;
                }
                let bytes = source.blob(length, length, "a part of the graph")?;
                graph_field(number, &bytes, graph)
                    .ok_or_else(|| malformed("a part of the graph that is no message"))?;
            }
            (_, 0) => {
                source.varint("a field")?;
            }
            (_, 1) => source.skip(8, "a field")?,
            (_, 5) => source.skip(4, "a field")?,
            _ => return Err(malformed("no field of an ONNX graph")),
        }
    }
    if source.position() == end {
        Ok(())
    } else {
        Err(Fault::Malformed(end, "a field that leaves the graph".to_owned()))
    }
}

/// An initializer: a tensor with its values, which are not read.
fn initializer(found: &[(u64, Field<'_>)], graph: &mut Graph) {
    let (mut name, mut dtype, mut shape) = (String::new(), "undefined", Vec::new());
    graph.external.note(found);
    for (number, field) in found {
        match (number, field) {
            (1, Field::Number(side)) => shape.push(*side as i64),
            (1, Field::Bytes(sides)) => shape.extend(packed(sides)),
            (2, field) => dtype = element(field.int()),
            (8, field) => name = field.text(),
            _ => {}
        }
    }
    let count = shape.iter().fold(1_u64, |product, side| product.saturating_mul((*side).max(0) as u64));
    graph.parameters = graph.parameters.saturating_add(count);
    graph.tensor_count += 1;
    if graph.tensors.len() < LISTED_TENSORS {
        graph.tensors.push(Tensor { name: name.clone(), dtype: dtype.to_owned(), shape });
    }
    graph.initializers.insert(name);
}

/// A sparse tensor: its values and where they stand are tensors of their own.
fn sparse(bytes: &[u8], graph: &mut Graph) -> Option<()> {
    for (_, part) in fields(bytes)?.into_iter().filter(|(number, _)| matches!(number, 1 | 2)) {
        graph.external.note(&fields(part.bytes())?);
    }
    Some(())
}

/// An operator, with the graphs inside its attributes.
fn node(bytes: &[u8], graph: &mut Graph, depth: u8) -> Option<()> {
    let depth = depth.checked_sub(1)?;
    let (mut operator, mut domain) = (String::new(), String::new());
    for (number, field) in fields(bytes)? {
        match number {
            4 => operator = field.text(),
            5 => attribute(field.bytes(), graph, depth)?,
            7 => domain = field.text(),
            _ => {}
        }
    }
    *graph.operators.entry(operator.clone()).or_default() += 1;
    if graph.steps.len() < LISTED {
        graph.steps.push(if domain.is_empty() { operator } else { format!("{domain}.{operator}") });
    }
    graph.domains.insert(domain);
    Some(())
}

fn graph_field(number: u64, bytes: &[u8], graph: &mut Graph) -> Option<()> {
    match number {
        1 => node(bytes, graph, 8)?,
        2 => graph.name = Some(Field::Bytes(bytes).text()).filter(|name| !name.is_empty()),
        5 => initializer(&fields(bytes)?, graph),
        15 => sparse(bytes, graph)?,
        11 => graph.inputs.push(port(bytes)?),
        12 => graph.outputs.push(port(bytes)?),
        10 | 13 | 14 | 16 => {}
        other => {
            graph.foreign.insert(other);
        }
    }
    Some(())
}

fn attribute(bytes: &[u8], graph: &mut Graph, depth: u8) -> Option<()> {
    let (mut name, mut labels) = (String::new(), Vec::new());
    for (number, field) in fields(bytes)? {
        match (number, field) {
            (1, field) => name = field.text(),
            (8, Field::Number(value)) => labels.push(Value::from(value as i64)),
            (8, Field::Bytes(bytes)) => labels.extend(packed(bytes).into_iter().map(Value::from)),
            (9, field) => labels.push(Value::from(field.text())),
            (5 | 10, Field::Bytes(tensor)) => graph.external.note(&fields(tensor)?),
            (22 | 23, Field::Bytes(tensor)) => sparse(tensor, graph)?,
            // The branches of a condition and the bodies of loops are graphs of their own.
            (6 | 11, Field::Bytes(inner)) => {
                for (_, part) in fields(inner)?.into_iter().filter(|(number, _)| *number == 1) {
                    node(part.bytes(), graph, depth)?;
                }
            }
            _ => {}
        }
    }
    let is_labels = name.starts_with("classlabels_") || name.starts_with("class_labels");
    if is_labels && !labels.is_empty() {
        graph.labels = Some(labels);
    }
    Some(())
}

fn port(bytes: &[u8]) -> Option<(String, Value)> {
    let (mut name, mut kind) = (String::new(), Value::Null);
    for (number, field) in fields(bytes)? {
        match number {
            1 => name = field.text(),
            2 => kind = type_of(field.bytes(), 8)?,
            _ => {}
        }
    }
    Some((name, kind))
}

fn type_of(bytes: &[u8], depth: u8) -> Option<Value> {
    let depth = depth.checked_sub(1)?;
    let mut kind = Value::Null;
    for (number, field) in fields(bytes)? {
        match number {
            1 | 8 => kind = tensor(field.bytes())?,
            4 => {
                let inner = fields(field.bytes())?.into_iter().find(|(number, _)| *number == 1);
                kind =
                    json!({"sequence": inner.map_or(Some(Value::Null), |(_, field)| type_of(field.bytes(), depth))?});
            }
            5 => {
                let mut map = json!({});
                for (number, field) in fields(field.bytes())? {
                    match number {
                        1 => map["key"] = Value::from(element(field.int())),
                        2 => map["value"] = type_of(field.bytes(), depth)?,
                        _ => {}
                    }
                }
                kind = json!({"map": map});
            }
            _ => {}
        }
    }
    Some(kind)
}

fn tensor(bytes: &[u8]) -> Option<Value> {
    let (mut dtype, mut shape) = ("undefined", None);
    for (number, field) in fields(bytes)? {
        match number {
            1 => dtype = element(field.int()),
            2 => {
                let mut sides = Vec::new();
                for (_, side) in fields(field.bytes())?.into_iter().filter(|(number, _)| *number == 1) {
                    let found = fields(side.bytes())?.into_iter().next();
                    sides.push(match found {
                        Some((1, field)) => Value::from(field.int()),
                        Some((2, field)) => Value::from(field.text()),
                        _ => Value::Null,
                    });
                }
                shape = Some(sides);
            }
            _ => {}
        }
    }
    Some(json!({"dtype": dtype, "shape": shape}))
}

fn element(code: i64) -> &'static str {
    const NAMES: [&str; 17] = [
        "undefined",
        "float32",
        "uint8",
        "int8",
        "uint16",
        "int16",
        "int32",
        "int64",
        "string",
        "bool",
        "float16",
        "float64",
        "uint32",
        "uint64",
        "complex64",
        "complex128",
        "bfloat16",
    ];
    usize::try_from(code).ok().and_then(|code| NAMES.get(code)).copied().unwrap_or("other")
}

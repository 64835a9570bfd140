//! TensorFlow's SavedModel: what `saved_model.pb` says about signatures, variables and operators. The values of the variables
//! lie in files beside it and are not read.
//!
//! Field numbers are those of `saved_model.proto`, `meta_graph.proto`, `graph.proto` and `saved_object_graph.proto` of TensorFlow.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use proofmark_domain::model::{ModelFacts, Tensor};
use serde_json::{Value, json};

use super::Limits;
use super::facts::{LISTED_TENSORS, blank};
use super::protobuf::{Field, each};
use super::source::{Fault, Source};
use super::verdict::Findings;

/// Operators that touch files when the graph runs.
const TOUCH_FILES: [&str; 2] = ["ReadFile", "WriteFile"];
/// Operators that call back into Python.
const CALL_PYTHON: [&str; 4] = ["PyFunc", "PyFuncStateless", "EagerPyFunc", "NumpyFunc"];
/// The signature that servers use when none is named.
const SERVED: &str = "serving_default";
/// Different operators, signatures, their inputs and outputs, and tags that are kept.
const KEPT: usize = 2_000;

/// Whether the first bytes are those of a SavedModel: schema version 1, then a graph that begins with its description and fits into
/// the file.
pub(crate) fn sniff(head: &[u8], length: u64) -> bool {
    let [0x08, 0x01, 0x12, rest @ ..] = head else { return false };
    let (mut size, mut used) = (0_u64, 0);
    for (at, byte) in rest.iter().take(10).enumerate() {
        size |= u64::from(byte & 0x7f) << (7 * at).min(63);
        if byte & 0x80 == 0 {
            used = at + 1;
            break;
        }
    }
    used > 0 && rest.get(used) == Some(&0x0a) && size <= length.saturating_sub(3 + used as u64)
}

#[derive(Default)]
struct Found {
    tags: BTreeSet<String>,
    signatures: BTreeMap<String, Signature>,
    operators: BTreeMap<String, u64>,
    tensors: Vec<Tensor>,
    tensor_count: u64,
    parameters: u64,
    graphs: u32,
    too_large: bool,
}

#[derive(Default)]
struct Signature {
    inputs: Vec<(String, Value)>,
    outputs: Vec<(String, Value)>,
}

/// Reads the file, and looks whether its variables lie in `folder`.
pub(crate) fn read(source: &mut Source<'_>, limits: &Limits, folder: Option<&Path>) -> (ModelFacts, Option<Fault>) {
    let mut facts = blank("saved_model");
    facts.framework = Some("tensorflow".to_owned());
    let mut found = Found::default();
    let result = walk(source, limits, &mut facts, &mut found);
    let mut findings = Findings::default();
    findings.unverified(
        "a graph that TensorFlow runs; its operators were not held against a list of harmless ones",
        "graph",
    );
    for name in TOUCH_FILES.iter().filter(|name| found.operators.contains_key(**name)) {
        findings.dangerous(format!("operator {name}, which touches files when the model runs"), "graph");
    }
    for name in CALL_PYTHON.iter().filter(|name| found.operators.contains_key(**name)) {
        findings.unverified(&format!("operator {name}, which calls functions of Python"), "graph");
    }
    if found.too_large {
        findings.unverified("a part of the graph is too large to be read", "graph");
    }
    if found.tensor_count > 0 && folder.is_some_and(|folder| !folder.join("variables/variables.index").is_file()) {
        findings.unverified("the variables that belong beside it are not there", "variables");
    }
    facts.safety = findings.into_safety();
    describe(&mut facts, found);
    (facts, result.err())
}

fn describe(facts: &mut ModelFacts, found: Found) {
    let names: Vec<&String> = found.signatures.keys().filter(|name| !name.starts_with("__saved_model")).collect();
    let chosen = found.signatures.get(SERVED).or_else(|| names.first().and_then(|name| found.signatures.get(*name)));
    if let Some(signature) = chosen {
        let port = |(name, kind): &(String, Value)| json!({"name": name, "type": kind});
        let name = |(name, _): &(String, Value)| name.clone();
        facts.features_in = Some(signature.inputs.iter().map(name).collect());
        facts.outputs = Some(signature.outputs.iter().map(name).collect());
        facts.signature = Some(json!({
            "inputs": signature.inputs.iter().map(port).collect::<Vec<_>>(),
            "outputs": signature.outputs.iter().map(port).collect::<Vec<_>>(),
        }));
    }
    facts.training.insert("signatures".to_owned(), json!(names));
    facts.training.insert("tags".to_owned(), json!(found.tags));
    facts.training.insert("operators".to_owned(), json!(found.operators));
    if found.graphs > 1 {
        facts.training.insert("graphs".to_owned(), Value::from(found.graphs));
    }
    if found.tensor_count > 0 {
        facts.training.insert("tensor_count".to_owned(), Value::from(found.tensor_count));
        facts.training.insert("parameter_count".to_owned(), Value::from(found.parameters));
        facts.tensors = Some(found.tensors);
    }
}

fn walk(source: &mut Source<'_>, limits: &Limits, facts: &mut ModelFacts, found: &mut Found) -> Result<(), Fault> {
    while !source.at_end()? {
        source.tick()?;
        let at = source.position();
        let malformed = || Fault::Malformed(at, "no field of a SavedModel".to_owned());
        match source.varint("a field")? {
            0x08 => {
                let version = source.varint("a version")?;
                facts.training.insert("schema_version".to_owned(), Value::from(version));
            }
            0x12 => {
                let length = source.varint("a length")?;
                found.graphs += 1;
                if length > limits.document_bytes {
                    source.skip(length, "a graph")?;
                    found.too_large = true;
                    continue;
                }
                let bytes = source.blob(length, length, "a graph")?;
                meta_graph(&bytes, facts, found, source).ok_or_else(malformed)??;
            }
            _ => return Err(malformed()),
        }
    }
    Ok(())
}

/// One graph with its description. `None` when it is no such message; a limit that was reached is passed on.
fn meta_graph(
    bytes: &[u8],
    facts: &mut ModelFacts,
    found: &mut Found,
    source: &mut Source<'_>,
) -> Option<Result<(), Fault>> {
    let mut stopped = Ok(());
    each(bytes, |number, field| {
        if stopped.is_err() {
            return Some(());
        }
        match number {
            1 => description(field.bytes(), facts, found)?,
            2 => stopped = graph(field.bytes(), found, source)?,
            5 => signature(field.bytes(), found)?,
            7 => objects(field.bytes(), found)?,
            _ => {}
        }
        Some(())
    })?;
    Some(stopped)
}

fn description(bytes: &[u8], facts: &mut ModelFacts, found: &mut Found) -> Option<()> {
    each(bytes, |number, field| {
        match number {
            4 if found.tags.len() < KEPT => {
                found.tags.insert(field.text());
            }
            5 => {
                let version = field.text();
                facts.environment.packages.insert("tensorflow".to_owned(), version.clone());
                facts.framework_version = Some(version);
            }
            _ => {}
        }
        Some(())
    })
}

/// The operators of a graph and of the functions in its library.
fn graph(bytes: &[u8], found: &mut Found, source: &mut Source<'_>) -> Option<Result<(), Fault>> {
    let mut stopped = Ok(());
    each(bytes, |number, field| {
        if stopped.is_ok() {
            stopped = source.tick();
        }
        match number {
            _ if stopped.is_err() => {}
            1 => operator(field.bytes(), found)?,
            2 => each(field.bytes(), |number, function| match number {
                1 => each(function.bytes(), |number, node| match number {
                    3 => operator(node.bytes(), found),
                    _ => Some(()),
                }),
                _ => Some(()),
            })?,
            _ => {}
        }
        Some(())
    })?;
    Some(stopped)
}

fn operator(bytes: &[u8], found: &mut Found) -> Option<()> {
    each(bytes, |number, field| {
        if number == 2 {
            let name = field.text();
            if found.operators.len() < KEPT || found.operators.contains_key(&name) {
                *found.operators.entry(name).or_default() += 1;
            } else {
                found.too_large = true;
            }
        }
        Some(())
    })
}

/// An entry of the map from names to signatures.
fn signature(bytes: &[u8], found: &mut Found) -> Option<()> {
    let (mut name, mut signature) = (String::new(), Signature::default());
    each(bytes, |number, field| {
        match number {
            1 => name = field.text(),
            2 => each(field.bytes(), |number, port| {
                match number {
                    1 if signature.inputs.len() < KEPT => signature.inputs.push(tensor_info(port.bytes())?),
                    2 if signature.outputs.len() < KEPT => signature.outputs.push(tensor_info(port.bytes())?),
                    _ => {}
                }
                Some(())
            })?,
            _ => {}
        }
        Some(())
    })?;
    signature.inputs.sort_by(|a, b| a.0.cmp(&b.0));
    signature.outputs.sort_by(|a, b| a.0.cmp(&b.0));
    if found.signatures.len() < KEPT {
        found.signatures.insert(name, signature);
    }
    Some(())
}

/// An entry of the map from names to tensors.
fn tensor_info(bytes: &[u8]) -> Option<(String, Value)> {
    let (mut name, mut dtype, mut sides) = (String::new(), "undefined", None);
    each(bytes, |number, field| {
        match number {
            1 => name = field.text(),
            2 => each(field.bytes(), |number, field| {
                match number {
                    2 => dtype = element(field.int()),
                    3 => sides = shape(field.bytes())?,
                    _ => {}
                }
                Some(())
            })?,
            _ => {}
        }
        Some(())
    })?;
    // A side of -1 is one that the caller chooses.
    let sides = sides.map(|sides| {
        let side = |side: i64| if side < 0 { Value::Null } else { Value::from(side) };
        sides.into_iter().map(side).collect::<Vec<_>>()
    });
    Some((name, json!({"dtype": dtype, "shape": sides})))
}

/// The sides of a tensor; `None` inside when even their number is unknown.
fn shape(bytes: &[u8]) -> Option<Option<Vec<i64>>> {
    let (mut sides, mut known) = (Vec::new(), true);
    each(bytes, |number, field| {
        match number {
            2 => {
                // A side of zero is not written.
                let mut side = 0;
                each(field.bytes(), |number, field| {
                    if number == 1 {
                        side = field.int();
                    }
                    Some(())
                })?;
                if sides.len() < 64 {
                    sides.push(side);
                }
            }
            3 => known = field.int() == 0,
            _ => {}
        }
        Some(())
    })?;
    Some(known.then_some(sides))
}

/// The variables among the objects that the model is made of.
fn objects(bytes: &[u8], found: &mut Found) -> Option<()> {
    each(bytes, |number, object| {
        if number != 1 {
            return Some(());
        }
        each(object.bytes(), |number, field| if number == 7 { variable(field.bytes(), found) } else { Some(()) })
    })
}

fn variable(bytes: &[u8], found: &mut Found) -> Option<()> {
    let (mut name, mut dtype, mut sides) = (String::new(), "undefined", Vec::new());
    each(bytes, |number, field| {
        match (number, field) {
            (1, Field::Number(kind)) => dtype = element(kind as i64),
            (2, field) => sides = shape(field.bytes())?.unwrap_or_default(),
            (6, field) => name = field.text(),
            _ => {}
        }
        Some(())
    })?;
    let count = sides.iter().fold(1_u64, |product, side| product.saturating_mul((*side).max(0) as u64));
    found.tensor_count += 1;
    found.parameters = found.parameters.saturating_add(count);
    if found.tensors.len() < LISTED_TENSORS {
        found.tensors.push(Tensor { name, dtype: dtype.to_owned(), shape: sides });
    }
    Some(())
}

/// The kinds of elements of `types.proto`, under the names of NumPy where it has them.
fn element(kind: i64) -> &'static str {
    match kind {
        1 => "float32",
        2 => "float64",
        3 => "int32",
        4 => "uint8",
        5 => "int16",
        6 => "int8",
        7 => "string",
        8 => "complex64",
        9 => "int64",
        10 => "bool",
        14 => "bfloat16",
        17 => "uint16",
        18 => "complex128",
        19 => "float16",
        20 => "resource",
        21 => "variant",
        22 => "uint32",
        23 => "uint64",
        11..=13 | 15 | 16 => "quantised",
        _ => "undefined",
    }
}

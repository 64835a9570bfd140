//! Files that are one pickle, with or without joblib's arrays, and the old PyTorch files that are several.

use std::collections::BTreeMap;

use proofmark_domain::model::ModelFacts;
use serde_json::{Map, Value, json};

use super::facts::{blank, framework_of};
use super::pickle::array;
use super::pickle::graph::{Graph, Id, Node};
use super::pickle::walk::{Trail, Walk};
use super::source::Source;
use super::{Limits, estimator};

/// The number that opens a PyTorch file of before version 1.6.
const TORCH_MAGIC: &str = "0x1950a86a20f9469cfc6c";
/// How many tensors are listed.
const LISTED: usize = 4_096;

/// Whether the first bytes can be those of a pickle.
pub(crate) fn starts_like_a_pickle(head: &[u8]) -> bool {
    match head {
        [0x80, protocol, ..] => *protocol <= 5,
        [first, ..] => b"(])}cNIFGJKMSTUVXLl.P".contains(first),
        [] => false,
    }
}

/// Reads a file that should be a pickle. `None` when it is so little of one that it must be something else.
pub(crate) fn read(mut source: Source<'_>, limits: &Limits, format: &str) -> Option<ModelFacts> {
    let mut graph = Graph::default();
    let mut trail = Trail::default();
    let mut facts = blank(format);
    match Walk::new(&mut source, &mut graph, &mut trail, limits, "").run() {
        Ok(root) if is_torch_magic(&graph, root) => {
            facts.format = "pytorch_legacy".to_owned();
            facts.framework = Some("pytorch".to_owned());
            read_torch(&mut source, &mut graph, &mut trail, limits, &mut facts);
            trail
                .findings
                .unverified("the old PyTorch format keeps its tensors in raw bytes that were not read", "end of file");
        }
        Ok(root) => {
            let at = source.position();
            match source.at_end() {
                Ok(true) => {}
                Ok(false) => {
                    trail.findings.unverified("bytes after the end of the pickle", format!("byte {at}"));
                    // Another loader would go on reading, so what follows is judged as well.
                    while matches!(source.at_end(), Ok(false))
                        && Walk::new(&mut source, &mut graph, &mut trail, limits, "").run().is_ok()
                    {
                    }
                }
                Err(fault) => trail.findings.unverified(&fault.what(), format!("byte {}", fault.position())),
            }
            describe(&graph, root, &mut facts, limits);
        }
        Err(fault) => {
            // A text file can begin with a byte that is an opcode.
            if trail.protocol == 0 && trail.modules.is_empty() {
                return None;
            }
            trail.findings.unverified(&fault.what(), format!("byte {}", fault.position()));
        }
    }
    if trail.protocol == 0 && trail.modules.is_empty() && graph.len() < 2 {
        return None;
    }
    if facts.format == "pickle" {
        if trail.joblib {
            facts.format = "joblib".to_owned();
        } else if trail.modules.iter().any(|module| module.starts_with("cloudpickle")) {
            facts.format = "cloudpickle".to_owned();
        } else if trail.modules.iter().any(|module| module.starts_with("dill")) {
            facts.format = "dill".to_owned();
        }
    }
    if facts.framework.is_none() {
        facts.framework = framework_of(&trail.modules).map(str::to_owned);
    }
    facts.training.insert("pickle_protocol".to_owned(), Value::from(trail.protocol));
    facts.safety = trail.findings.into_safety();
    Some(facts)
}

/// Fills in what a finished graph says.
pub(crate) fn describe(graph: &Graph, root: Id, facts: &mut ModelFacts, limits: &Limits) {
    estimator::describe(graph, root, facts, limits);
    let tensors = tensors(graph, root);
    if !tensors.is_empty() {
        facts.framework.get_or_insert_with(|| "pytorch".to_owned());
        facts.training.insert("tensor_count".to_owned(), Value::from(tensors.len()));
        facts.training.insert("tensors".to_owned(), Value::Object(tensors));
    }
}

fn is_torch_magic(graph: &Graph, root: Id) -> bool {
    matches!(graph.get(root), Node::Big(text) if text.trim_start_matches("0x").trim_start_matches('0') == &TORCH_MAGIC[2..])
}

/// The pickles after the magic number: protocol version, system, the object, and the keys of the storages.
fn read_torch(source: &mut Source<'_>, graph: &mut Graph, trail: &mut Trail, limits: &Limits, facts: &mut ModelFacts) {
    for part in 0..4 {
        match Walk::new(source, graph, trail, limits, "pickle").run() {
            Ok(root) if part == 2 => describe(graph, root, facts, limits),
            Ok(_) => {}
            Err(fault) => {
                trail.findings.unverified(&fault.what(), format!("byte {}", fault.position()));
                return;
            }
        }
    }
}

/// The tensors of a state dictionary by name, with type and shape.
fn tensors(graph: &Graph, root: Id) -> Map<String, Value> {
    let mut found = BTreeMap::new();
    collect(graph, root, "", 6, &mut found);
    found.into_iter().collect()
}

fn collect(graph: &Graph, id: Id, prefix: &str, depth: u8, found: &mut BTreeMap<String, Value>) {
    if depth == 0 || found.len() >= LISTED {
        return;
    }
    if let Some(tensor) = tensor(graph, id, 3) {
        found.insert(prefix.to_owned(), tensor);
        return;
    }
    for (key, value) in graph.entries(id).unwrap_or_default().iter().chain(graph.attributes(id)) {
        if found.len() >= LISTED {
            return;
        }
        if let Some(name) = graph.text(*key) {
            let inner = if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") };
            collect(graph, *value, &inner, depth - 1, found);
        }
    }
}

fn tensor(graph: &Graph, id: Id, depth: u8) -> Option<Value> {
    let Node::Object(object) = graph.get(id) else { return None };
    let class = graph.class(id)?;
    if &*class.module != "torch._utils" {
        return None;
    }
    let args = graph.elements(object.args)?;
    match &*class.name {
        "_rebuild_tensor_v2" | "_rebuild_tensor" => {
            let Node::Persistent(key) = graph.get(*args.first()?) else { return None };
            let storage = graph.elements(*key)?;
            let dtype = match graph.get(*storage.get(1)?) {
                Node::Global(class) => class.name.trim_end_matches("Storage").to_lowercase(),
                _ => return None,
            };
            Some(json!({"dtype": dtype, "shape": array::json(graph, *args.get(2)?, 2)?}))
        }
        name if name.starts_with("_rebuild_parameter") => tensor(graph, *args.first()?, depth.checked_sub(1)?),
        _ => None,
    }
}

//! Files that are one pickle, with or without joblib's arrays, and the old PyTorch files that are several.

use std::collections::HashMap;
use std::path::Path;

use proofmark_domain::model::ModelFacts;
use serde_json::Value;

use super::facts::{blank, framework_of};
use super::pickle::graph::{Graph, Id, Node};
use super::pickle::walk::{LEGACY_TORCH, Trail, Walk};
use super::source::{Fault, Source};
use super::{Limits, companion, estimator, torch};

/// The number that opens a PyTorch file of before version 1.6.
const TORCH_MAGIC: &str = "0x1950a86a20f9469cfc6c";

/// Whether the first bytes can be those of a pickle.
pub(crate) fn starts_like_a_pickle(head: &[u8]) -> bool {
    match head {
        [0x80, protocol, ..] => *protocol <= 5,
        [first, ..] => b"(])}cNIFGJKMSTUVXLl.P".contains(first),
        [] => false,
    }
}

/// Reads a file that should be a pickle. `None` when it is so little of one that it must be something else.
///
/// `folder` is where companion files are looked for.
pub(crate) fn read(mut source: Source<'_>, limits: &Limits, format: &str, folder: Option<&Path>) -> Option<ModelFacts> {
    let mut graph = Graph::default();
    let mut trail = Trail::default();
    let mut facts = blank(format);
    match Walk::new(&mut source, &mut graph, &mut trail, limits, "").run() {
        Ok(root) if is_torch_magic(&graph, root) => {
            facts.format = "pytorch_legacy".to_owned();
            facts.framework = Some("pytorch".to_owned());
            read_torch(&mut source, &mut graph, &mut trail, limits, &mut facts);
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
            companion::read(folder, &mut graph, &mut trail, limits, source.deadline());
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
    if torch::is_module(graph, root) {
        torch::describe(graph, root, facts);
        return;
    }
    estimator::describe(graph, root, facts, limits);
    torch::describe(graph, root, facts);
}

fn is_torch_magic(graph: &Graph, root: Id) -> bool {
    matches!(graph.get(root), Node::Big(text) if text.trim_start_matches("0x").trim_start_matches('0') == &TORCH_MAGIC[2..])
}

/// The pickles after the magic number: protocol version, system, the object, and the keys of the storages. Behind them lie the
/// storages in the order of the keys, each with its number of elements before it.
fn read_torch(source: &mut Source<'_>, graph: &mut Graph, trail: &mut Trail, limits: &Limits, facts: &mut ModelFacts) {
    let mut keys = Vec::new();
    for part in 0..4 {
        match Walk::new(source, graph, trail, limits, LEGACY_TORCH).run() {
            Ok(root) if part == 2 => describe(graph, root, facts, limits),
            Ok(root) => keys = graph.elements(root).unwrap_or_default().to_vec(),
            Err(fault) => {
                trail.findings.unverified(&fault.what(), format!("byte {}", fault.position()));
                return;
            }
        }
    }
    let keys: Vec<&str> = keys.iter().filter_map(|key| graph.text(*key)).collect();
    let storages: HashMap<String, torch::Storage> =
        torch::storages(graph).into_iter().map(|storage| (storage.key.clone(), storage)).collect();
    if keys.len() != storages.len() {
        trail
            .findings
            .unverified("the list of storages is not that of the tensors", format!("byte {}", source.position()));
        return;
    }
    for key in keys {
        let at = source.position();
        let Some((elements, width)) = storages.get(key).and_then(|storage| Some((storage.elements, storage.width?)))
        else {
            trail.findings.unverified("the data of a tensor of unknown type", format!("byte {at}"));
            return;
        };
        let read = source.array::<8>("the data of a tensor").and_then(|count| {
            if u64::from_le_bytes(count) != elements {
                return Err(Fault::Malformed(at, "the data of a tensor have another size than the tensor".to_owned()));
            }
            source.skip(elements.saturating_mul(width), "the data of a tensor")
        });
        if let Err(fault) = read {
            trail.findings.unverified(&fault.what(), format!("byte {}", fault.position()));
            return;
        }
    }
    if !matches!(source.at_end(), Ok(true)) {
        trail.findings.unverified("bytes after the end of the tensors", format!("byte {}", source.position()));
    }
}

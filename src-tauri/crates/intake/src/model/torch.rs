//! What PyTorch keeps in its pickles: state dictionaries, whole modules, checkpoints, and the storages beside them.

use std::collections::BTreeMap;

use proofmark_domain::model::{ModelFacts, ModelPart, Tensor};
use serde_json::Value;

use super::facts::{LISTED_TENSORS, insert_within};
use super::pickle::array;
use super::pickle::graph::{Graph, Id, Node};

/// Modules inside modules, and dictionaries inside dictionaries.
const DEPTH: u8 = 24;
/// Parts and entries that are looked at.
const LISTED: usize = 20_000;

/// A piece of memory that tensors share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Storage {
    /// Its key, which is also the name of its member in an archive.
    pub(crate) key: String,
    /// The number of elements.
    pub(crate) elements: u64,
    /// Bytes of one element, if the type is known.
    pub(crate) width: Option<u64>,
}

/// Name and width in bytes of the elements of a storage class such as `FloatStorage`.
fn element(storage: &str) -> Option<(&'static str, u64)> {
    Some(match storage.trim_end_matches("Storage") {
        "Float" => ("float32", 4),
        "Double" => ("float64", 8),
        "Half" => ("float16", 2),
        "BFloat16" => ("bfloat16", 2),
        "Long" => ("int64", 8),
        "Int" => ("int32", 4),
        "Short" => ("int16", 2),
        "Char" => ("int8", 1),
        "Byte" | "Untyped" => ("uint8", 1),
        "Bool" => ("bool", 1),
        "ComplexFloat" => ("complex64", 8),
        "ComplexDouble" => ("complex128", 16),
        "QInt8" => ("qint8", 1),
        "QUInt8" => ("quint8", 1),
        "QInt32" => ("qint32", 4),
        _ => return None,
    })
}

/// Every storage that the values refer to, each once. `None` for the key of a reference that is no storage.
pub(crate) fn storages(graph: &Graph) -> Vec<Storage> {
    let mut found = BTreeMap::new();
    for id in graph.ids() {
        let Node::Persistent(key) = graph.get(id) else { continue };
        if let Some(storage) = storage(graph, *key) {
            found.insert(storage.key.clone(), storage);
        }
    }
    found.into_values().collect()
}

fn storage(graph: &Graph, id: Id) -> Option<Storage> {
    let parts = graph.elements(id)?;
    if graph.text(*parts.first()?)? != "storage" {
        return None;
    }
    let Node::Global(class) = graph.get(*parts.get(1)?) else { return None };
    Some(Storage {
        key: graph.text(*parts.get(2)?)?.to_owned(),
        elements: u64::try_from(graph.int(*parts.get(4)?)?).ok()?,
        width: element(&class.name).map(|(_, width)| width),
    })
}

/// Whether a value is a module of `torch.nn` or one derived from it.
pub(crate) fn is_module(graph: &Graph, id: Id) -> bool {
    graph.attribute(id, "_modules").is_some() && graph.attribute(id, "_parameters").is_some()
}

/// Whether a value is a module of TorchScript, whose classes are code in the same archive.
fn is_script(graph: &Graph, id: Id) -> bool {
    graph.class(id).is_some_and(|class| class.module.starts_with("__torch__"))
}

/// Fills in what the values under `root` hold. Returns whether there was anything of PyTorch in it.
pub(crate) fn describe(graph: &Graph, root: Id, facts: &mut ModelFacts) -> bool {
    let mut tensors = Vec::new();
    collect(graph, root, "", DEPTH, &mut tensors);
    let has_module = is_module(graph, root) || is_script(graph, root);
    if tensors.is_empty() && !has_module {
        return false;
    }
    facts.framework.get_or_insert_with(|| "pytorch".to_owned());
    if has_module {
        facts.class = graph.class(root).map(super::pickle::graph::Global::path);
        facts.parts = parts(graph, root, "", facts, DEPTH);
        steps(&facts.parts, &mut facts.steps);
    } else {
        checkpoint(graph, root, facts);
    }
    if !tensors.is_empty() {
        facts.training.insert("tensor_count".to_owned(), Value::from(tensors.len()));
        let parameters = tensors.iter().fold(0_u64, |sum, tensor| {
            let count = tensor.shape.iter().fold(1_u64, |product, side| product.saturating_mul((*side).max(0) as u64));
            sum.saturating_add(count)
        });
        facts.training.insert("parameter_count".to_owned(), Value::from(parameters));
        tensors.truncate(LISTED_TENSORS);
        facts.tensors = Some(tensors);
    }
    true
}

fn steps(parts: &[ModelPart], found: &mut Vec<String>) {
    for part in parts {
        if found.len() >= LISTED {
            return;
        }
        found.push(part.class.clone());
        steps(&part.parts, found);
    }
}

/// Modules inside a module, and the settings of each as parameters.
fn parts(graph: &Graph, module: Id, prefix: &str, facts: &mut ModelFacts, depth: u8) -> Vec<ModelPart> {
    let Some(depth) = depth.checked_sub(1) else { return Vec::new() };
    for (key, value) in graph.attributes(module) {
        let Some(name) = graph.text(*key).filter(|name| !name.starts_with('_') && *name != "training") else {
            continue;
        };
        // What is no plain value, such as a tensor or a module, is listed elsewhere.
        let is_plain = !matches!(graph.get(*value), Node::Object(_));
        if let Some(value) = array::json(graph, *value, 3).filter(|_| is_plain) {
            insert_within(&mut facts.parameters, format!("{prefix}{name}"), value);
        }
    }
    let inner = if is_script(graph, module) {
        graph.attributes(module)
    } else {
        graph.attribute(module, "_modules").and_then(|id| graph.entries(id)).unwrap_or_default()
    };
    let mut found = Vec::new();
    let is_part = |id: &Id| is_module(graph, *id) || is_script(graph, *id);
    for (key, child) in inner.iter().filter(|(_, child)| is_part(child)).take(LISTED) {
        let (Some(name), Some(class)) = (graph.text(*key), graph.class(*child)) else { continue };
        if facts.parameters.len() > LISTED {
            break;
        }
        let parts = parts(graph, *child, &format!("{prefix}{name}__"), facts, depth);
        found.push(ModelPart { name: name.to_owned(), class: class.path(), columns: None, parts });
    }
    found
}

/// A dictionary of what a training loop keeps: counters, losses, settings.
fn checkpoint(graph: &Graph, root: Id, facts: &mut ModelFacts) {
    for (key, value) in graph.entries(root).unwrap_or_default().iter().take(LISTED) {
        let Some(name) = graph.text(*key) else { continue };
        match graph.get(*value) {
            Node::Int(_) | Node::Float(_) | Node::Bool(_) | Node::Str(_) => {
                if let Some(value) = array::json(graph, *value, 1) {
                    insert_within(&mut facts.training, name.to_owned(), value);
                }
            }
            _ if matches!(name, "hyper_parameters" | "hparams" | "hyperparameters" | "config" | "args" | "params") => {
                for (key, value) in graph.entries(*value).unwrap_or_default().iter().take(LISTED) {
                    if let (Some(key), Some(value)) = (graph.text(*key), array::json(graph, *value, 3)) {
                        insert_within(&mut facts.parameters, key.to_owned(), value);
                    }
                }
            }
            _ => {}
        }
        if let Some(groups) = graph.entry(*value, "param_groups").and_then(|groups| graph.elements(groups)) {
            let first = groups.first().and_then(|group| graph.entries(*group)).unwrap_or_default();
            for (key, value) in first {
                let Some(key) = graph.text(*key).filter(|key| *key != "params") else { continue };
                if let Some(value) = array::json(graph, *value, 3) {
                    insert_within(&mut facts.parameters, format!("{name}__{key}"), value);
                }
            }
        }
    }
    if let Some(version) = facts.training.get("pytorch-lightning_version").and_then(Value::as_str) {
        let version = version.to_owned();
        facts.environment.packages.insert("pytorch-lightning".to_owned(), version);
    }
}

fn collect(graph: &Graph, id: Id, prefix: &str, depth: u8, found: &mut Vec<Tensor>) {
    let Some(depth) = depth.checked_sub(1) else { return };
    if found.len() >= LISTED {
        return;
    }
    if let Some((dtype, shape)) = tensor(graph, id, 3) {
        found.push(Tensor { name: prefix.to_owned(), dtype, shape });
        return;
    }
    let mut inside = |entries: &[(Id, Id)]| {
        for (key, value) in entries {
            let Some(name) = graph.text(*key) else { continue };
            let inner = if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") };
            collect(graph, *value, &inner, depth, found);
        }
    };
    if is_module(graph, id) {
        for kind in ["_parameters", "_buffers", "_modules"] {
            inside(graph.attribute(id, kind).and_then(|part| graph.entries(part)).unwrap_or_default());
        }
        return;
    }
    if is_script(graph, id) {
        inside(graph.attributes(id));
        return;
    }
    inside(graph.entries(id).unwrap_or_default());
}

fn tensor(graph: &Graph, id: Id, depth: u8) -> Option<(String, Vec<i64>)> {
    let depth = depth.checked_sub(1)?;
    let Node::Object(object) = graph.get(id) else { return None };
    let class = graph.class(id)?;
    if &*class.module != "torch._utils" {
        return None;
    }
    let args = graph.elements(object.args)?;
    let shape = |at: usize| -> Option<Vec<i64>> {
        let sides = sides(graph, *args.get(at)?)?;
        sides.iter().map(|side| graph.int(*side)).collect()
    };
    match &*class.name {
        "_rebuild_tensor_v2" | "_rebuild_tensor" | "_rebuild_tensor_v3" | "_rebuild_qtensor" => {
            let Node::Persistent(key) = graph.get(*args.first()?) else { return None };
            let parts = graph.elements(*key)?;
            // The third version names the type of the elements itself.
            let named = args.get(6).filter(|_| &*class.name == "_rebuild_tensor_v3").map(|id| graph.get(*id));
            let dtype = match (named, graph.get(*parts.get(1)?)) {
                (Some(Node::Global(dtype)), _) => dtype.name.to_string(),
                (_, Node::Global(class)) => {
                    element(&class.name).map_or_else(|| class.name.to_string(), |(name, _)| name.to_owned())
                }
                _ => return None,
            };
            Some((dtype, shape(2)?))
        }
        "_rebuild_meta_tensor_no_storage" => {
            let Node::Global(dtype) = graph.get(*args.first()?) else { return None };
            Some((dtype.name.to_string(), shape(1)?))
        }
        name if name.starts_with("_rebuild_parameter") => tensor(graph, *args.first()?, depth),
        _ => None,
    }
}

/// A shape is a tuple, or a `torch.Size` made of one.
fn sides(graph: &Graph, id: Id) -> Option<&[Id]> {
    match graph.get(id) {
        Node::Object(object) => graph.elements(*graph.elements(object.args)?.first()?),
        _ => graph.elements(id),
    }
}

//! skops files: a zip with a tree of typed nodes in `schema.json` and arrays beside it.

use std::collections::{BTreeSet, HashMap};

use proofmark_domain::model::ModelFacts;
use serde_json::Value;

use super::archive::Archive;
use super::estimator;
use super::facts::{blank, framework_of};
use super::pickle::array;
use super::pickle::graph::{Blob, Global, Graph, Id, Node, Object};
use super::pickle::policy::{self, Judgement};
use super::verdict::Findings;
use super::{json, npy};

/// Largest array that is decoded, in bytes: names and classes are small, weights are not needed.
const ARRAY: u64 = 4 << 20;

/// Node types that skops itself defines.
const LOADERS: [&str; 26] = [
    "BytearrayNode",
    "BytesNode",
    "CachedNode",
    "ConstructorFromReduceNode",
    "DTypeNode",
    "DefaultDictNode",
    "DictNode",
    "FunctionNode",
    "JsonNode",
    "ListNode",
    "LossNode",
    "MaskedArrayNode",
    "MethodNode",
    "NdArrayNode",
    "ObjectNode",
    "OperatorFuncNode",
    "PartialNode",
    "QuantileForestNode",
    "RandomGeneratorNode",
    "RandomStateNode",
    "SetNode",
    "SliceNode",
    "SparseMatrixNode",
    "TreeNode",
    "TupleNode",
    "TypeNode",
];

struct Builder<'a, 'l> {
    archive: &'a mut Archive<'l>,
    findings: &'a mut Findings,
    graph: Graph,
    seen: HashMap<String, Id>,
    modules: BTreeSet<String>,
    harmless: BTreeSet<String>,
}

/// Reads a skops archive. `None` when its schema is that of something else.
pub(crate) fn read(archive: &mut Archive<'_>, names: &[String], findings: &mut Findings) -> Option<ModelFacts> {
    let limits = archive.limits;
    let mut facts = blank("skops");
    let schema = archive.member("schema.json", limits.document_bytes);
    let schema = match schema.and_then(|bytes| json::from_slice(&bytes, limits)) {
        Ok(schema) => schema,
        Err(fault) => {
            findings.unverified(&fault.what(), "schema.json");
            facts.safety = std::mem::take(findings).into_safety();
            return Some(facts);
        }
    };
    schema.get("__loader__")?;
    if let Some(version) = schema.get("_skops_version").and_then(Value::as_str) {
        facts.environment.packages.insert("skops".to_owned(), version.to_owned());
    }
    let mut builder = Builder {
        archive,
        findings,
        graph: Graph::default(),
        seen: HashMap::new(),
        modules: BTreeSet::new(),
        harmless: BTreeSet::new(),
    };
    let root = builder.node(&schema, limits.depth.min(120), "schema.json");
    estimator::describe(&builder.graph, root, &mut facts, limits);
    for name in names.iter().filter(|name| !builder.archive.read.contains(*name)) {
        builder.findings.unverified("a member that the schema does not name", name.clone());
    }
    if facts.framework.is_none() {
        facts.framework = framework_of(&builder.modules).map(str::to_owned);
    }
    facts.harmless_types = builder.harmless.into_iter().collect();
    facts.safety = std::mem::take(findings).into_safety();
    Some(facts)
}

impl Builder<'_, '_> {
    fn none(&mut self) -> Id {
        self.graph.add(Node::None)
    }

    fn text(&mut self, text: &str) -> Id {
        self.graph.add(Node::Str(Blob::whole(text.as_bytes().to_vec())))
    }

    fn judge(&mut self, global: &Global, loader: &str, place: &str) {
        self.modules.insert(global.module.to_string());
        match policy::judge(global) {
            // Such a node calls what it names.
            Judgement::Reference if loader == "ConstructorFromReduceNode" => {
                let what = format!("{} would be called, and is not known to be harmless then", global.path());
                self.findings.unverified(&what, place);
            }
            Judgement::Dangerous => self.findings.dangerous(global.path(), place),
            Judgement::Unknown => {
                let what = format!("{} is not on the list of harmless names", global.path());
                self.findings.unverified(&what, place);
            }
            Judgement::Constructor | Judgement::Reference => {
                self.harmless.insert(global.path());
            }
        }
    }

    fn node(&mut self, value: &Value, depth: u32, place: &str) -> Id {
        if depth == 0 || self.graph.len() > self.archive.limits.values {
            self.findings.unverified("nested too deeply or too large", place);
            return self.none();
        }
        let Some(map) = value.as_object() else {
            self.findings.unverified("a node that is no object", place);
            return self.none();
        };
        let field = |key: &str| map.get(key).and_then(Value::as_str);
        let loader = field("__loader__").unwrap_or("");
        let key = map.get("__id__").map(Value::to_string);
        if loader == "CachedNode" {
            let known = key.and_then(|key| self.seen.get(&key).copied());
            return known.unwrap_or_else(|| {
                self.findings.unverified("refers to a node that does not come before it", place);
                self.none()
            });
        }
        if !LOADERS.contains(&loader) {
            self.findings.unverified(&format!("node type {loader} is not known"), place);
        }
        let (Some(class), Some(module)) = (field("__class__"), field("__module__")) else {
            self.findings.unverified("a node without a class", place);
            return self.none();
        };
        let (module, class) = policy::modern(module, class);
        let global = Global { module: module.into(), name: class.into() };
        self.judge(&global, loader, place);
        let id = self.typed(loader, &global, map, depth - 1, place);
        if let Some(key) = key {
            self.seen.insert(key, id);
        }
        id
    }

    /// Nodes anywhere in a value that is no node itself.
    fn extra(&mut self, value: &Value, depth: u32, place: &str) {
        let Some(depth) = depth.checked_sub(1) else { return };
        match value {
            Value::Object(map) if map.contains_key("__loader__") => {
                self.node(value, depth, place);
            }
            Value::Object(map) => {
                for (key, inner) in map {
                    let place = format!("{place}/{key}");
                    self.extra(inner, depth, &place);
                }
            }
            Value::Array(items) => items.iter().for_each(|inner| self.extra(inner, depth, place)),
            _ => {}
        }
    }

    fn typed(
        &mut self,
        loader: &str,
        class: &Global,
        map: &serde_json::Map<String, Value>,
        depth: u32,
        place: &str,
    ) -> Id {
        let content = map.get("content");
        // Whatever else hangs on the node is judged as well, and not otherwise used.
        for (key, extra) in map.iter().filter(|(key, _)| *key != "content") {
            let place = format!("{place}/{key}");
            self.extra(extra, depth, &place);
        }
        match (loader, content) {
            ("JsonNode", Some(Value::String(text))) => match serde_json::from_str::<Value>(text) {
                Ok(value) => self.graph.add_plain(&value),
                // Python writes these three where JSON has no word.
                Err(_) if matches!(text.as_str(), "NaN" | "Infinity" | "-Infinity") => {
                    let value = match text.as_str() {
                        "NaN" => f64::NAN,
                        "Infinity" => f64::INFINITY,
                        _ => f64::NEG_INFINITY,
                    };
                    self.graph.add(Node::Float(value))
                }
                Err(_) => {
                    self.findings.unverified("a value that cannot be read as JSON", place);
                    self.none()
                }
            },
            ("DictNode" | "DefaultDictNode", Some(Value::Object(entries))) => {
                let entries: Vec<(Id, Id)> = entries
                    .iter()
                    .map(|(key, value)| {
                        let place = format!("{place}/{key}");
                        let key = self.text(key);
                        (key, self.node(value, depth, &place))
                    })
                    .collect();
                self.graph.add(Node::Dict(entries))
            }
            ("ListNode" | "TupleNode" | "SetNode" | "NdArrayNode" | "MaskedArrayNode", Some(Value::Array(items))) => {
                let mut ids = Vec::new();
                for (at, item) in items.iter().enumerate() {
                    let place = format!("{place}/{at}");
                    ids.push(self.node(item, depth, &place));
                }
                self.graph.add(match loader {
                    "TupleNode" => Node::Tuple(ids.into_boxed_slice()),
                    "SetNode" => Node::Set(ids),
                    _ => Node::List(ids),
                })
            }
            ("NdArrayNode", None) => {
                let file = map.get("file").and_then(Value::as_str).unwrap_or_default().to_owned();
                self.array(&file, place)
            }
            ("BytesNode" | "BytearrayNode", None) => {
                let file = map.get("file").and_then(Value::as_str).unwrap_or_default().to_owned();
                let limit = self.archive.limits.blob_bytes;
                match self.archive.member(&file, limit) {
                    Ok(bytes) => self.graph.add(Node::Bytes(Blob::whole(bytes))),
                    Err(fault) => {
                        self.findings.unverified(&fault.what(), place);
                        self.none()
                    }
                }
            }
            ("SparseMatrixNode", None) => {
                let file = map.get("file").and_then(Value::as_str).unwrap_or_default().to_owned();
                if let Err(fault) = self.archive.stream(&file).and_then(|mut member| member.drain()) {
                    self.findings.unverified(&fault.what(), place);
                }
                self.none()
            }
            ("TypeNode" | "FunctionNode", _) => self.graph.add(Node::Global(Box::new(class.clone()))),
            (_, content) => {
                let callee = self.graph.add(Node::Global(Box::new(class.clone())));
                let args = self.graph.add(Node::Tuple(Box::new([])));
                let mut states = Vec::new();
                match content {
                    Some(value) if value.get("__loader__").is_some() => states.push(self.node(value, depth, place)),
                    Some(Value::Object(parts)) => {
                        let mut entries = Vec::new();
                        for (key, value) in parts.iter().filter(|(_, value)| value.get("__loader__").is_some()) {
                            let place = format!("{place}/{key}");
                            let key = self.text(key);
                            entries.push((key, self.node(value, depth, &place)));
                        }
                        states.push(self.graph.add(Node::Dict(entries)));
                    }
                    _ => {}
                }
                let object =
                    Object { callee, args, states, items: Vec::new(), appended: Vec::new(), data: None, nested: None };
                self.graph.add(Node::Object(Box::new(object)))
            }
        }
    }

    /// An array in `.npy` format. Small ones become a list, or a single value when they have no dimension.
    fn array(&mut self, file: &str, place: &str) -> Id {
        let read = self.archive.stream(file).and_then(|mut source| {
            let header = npy::header(&mut source)?;
            let length = header.bytes();
            // A large array is passed over, and one of a type whose size is not known is read to its end.
            let data = match length {
                Some(length) if length > ARRAY => source.skip(length, "an array").map(|()| Vec::new())?,
                _ => source.rest(ARRAY)?,
            };
            let whole = length.is_none_or(|length| length > ARRAY || length == data.len() as u64);
            Ok((header, data, whole && source.at_end()?))
        });
        let (header, data, whole) = match read {
            Ok(read) => read,
            Err(fault) => {
                self.findings.unverified(&fault.what(), place);
                return self.none();
            }
        };
        if header.has_objects {
            self.findings.unverified("an array of objects, which is a pickle", file);
            return self.none();
        }
        if !whole {
            self.findings.unverified("an array of another length than its shape", file);
        }
        let values = array::npy_elements(&header.descr, &data).unwrap_or_default();
        let values: Vec<Value> = values.into_iter().take(100_000).collect();
        match array::nested(values, &header.shape, header.is_fortran) {
            Some(value) => self.graph.add_plain(&value),
            None => self.none(),
        }
    }
}

//! What a graph must be before the runtime sees it: whole, in order, of known operators, and of bounded size.
//!
//! The runtime trusts what it reads in places: it looks names up that it expects to be there. That is settled here; what it makes of
//! constants is bounded by `ops::bounded`.

use std::collections::HashSet;

use tract_onnx::pb::{GraphProto, ModelProto, NodeProto, TensorProto, tensor_proto::DataType};

use crate::error::ScoringError;
use crate::limits::Limits;
use crate::ops;

/// Operators whose answer is left to chance, or that need not end.
const REFUSED: &[(&str, &str)] = &[
    ("RandomNormal", "its answer is left to chance"),
    ("RandomNormalLike", "its answer is left to chance"),
    ("RandomUniform", "its answer is left to chance"),
    ("RandomUniformLike", "its answer is left to chance"),
    ("Multinomial", "its answer is left to chance"),
];

/// Checks the whole model.
pub(super) fn model(model: &ModelProto, limits: &Limits) -> Result<(), ScoringError> {
    let graph = model.graph.as_ref().ok_or_else(|| ScoringError::damaged("it has no graph"))?;
    if graph.output.is_empty() {
        return Err(ScoringError::damaged("it has no output"));
    }
    let own: HashSet<(&str, &str)> = model
        .functions
        .iter()
        .map(|it| (it.domain.as_deref().unwrap_or_default(), it.name.as_deref().unwrap_or_default()))
        .collect();
    let versions = model.opset_import.iter().map(|it| plain_domain(&it.domain)).collect();
    let mut seen = Seen { own, versions, nodes: 0, limits };
    seen.graph(graph, &HashSet::new(), 0)
}

/// The name of a set of operators; ONNX's own has two.
fn plain_domain(domain: &str) -> &str {
    if domain == "ai.onnx" { "" } else { domain }
}

struct Seen<'a> {
    /// Functions that the model brings along.
    own: HashSet<(&'a str, &'a str)>,
    /// Sets of operators of which the file names a version.
    versions: HashSet<&'a str>,
    nodes: usize,
    limits: &'a Limits,
}

impl Seen<'_> {
    fn graph(&mut self, graph: &GraphProto, outer: &HashSet<&str>, depth: usize) -> Result<(), ScoringError> {
        if depth > 8 {
            return Err(ScoringError::damaged("its graphs lie too deep within each other"));
        }
        if !graph.sparse_initializer.is_empty() {
            return Err(ScoringError::unsupported("SparseTensor", "weights that leave zeros out are not read"));
        }
        self.nodes += graph.node.len();
        if self.nodes > self.limits.nodes {
            return Err(ScoringError::TooLarge {
                what: "the number of its nodes".to_owned(),
                limit: self.limits.nodes.to_string(),
            });
        }
        let mut known = outer.clone();
        for tensor in &graph.initializer {
            self.tensor(tensor)?;
            known.insert(&tensor.name);
        }
        let mut made: HashSet<&str> = HashSet::new();
        for input in &graph.input {
            if input.name.is_empty() || !made.insert(&input.name) {
                return Err(ScoringError::damaged(format!("two of its inputs are called {:?}", input.name)));
            }
            known.insert(&input.name);
        }
        for node in &graph.node {
            self.node(node, &known, depth)?;
            for output in node.output.iter().filter(|it| !it.is_empty()) {
                if !made.insert(output) {
                    return Err(ScoringError::damaged(format!("{output:?} is computed twice")));
                }
                known.insert(output);
            }
        }
        match graph.output.iter().find(|it| !known.contains(it.name.as_str())) {
            Some(output) => Err(ScoringError::damaged(format!("nothing computes its output {:?}", output.name))),
            None => Ok(()),
        }
    }

    fn node(&mut self, node: &NodeProto, known: &HashSet<&str>, depth: usize) -> Result<(), ScoringError> {
        let kind = node.op_type.as_str();
        let full = if node.domain.is_empty() { kind.to_owned() } else { format!("{}.{kind}", node.domain) };
        if self.own.contains(&(node.domain.as_str(), kind)) {
            return Err(ScoringError::unsupported(full, "it is a function that the model brings along"));
        }
        if !matches!(node.domain.as_str(), "" | "ai.onnx" | "ai.onnx.ml") || !ops::is_known(kind) {
            return Err(ScoringError::unsupported(full, ""));
        }
        if !self.versions.contains(plain_domain(&node.domain)) {
            return Err(ScoringError::damaged(format!("it does not say which version of {full} it means")));
        }
        if let Some((_, why)) = REFUSED.iter().find(|(it, _)| *it == kind) {
            return Err(ScoringError::unsupported(full, why));
        }
        if kind == "Cast" && whole_number(node, "to") == Some(DataType::String as i64) {
            return Err(ScoringError::unsupported(full, "numbers are not written as text"));
        }
        if let Some(input) = node.input.iter().find(|it| !it.is_empty() && !known.contains(it.as_str())) {
            return Err(ScoringError::damaged(format!("nothing computes {input:?}, which {full} needs")));
        }
        for attribute in &node.attribute {
            for tensor in attribute.t.iter().chain(&attribute.tensors) {
                self.tensor(tensor)?;
            }
            if attribute.sparse_tensor.is_some() || !attribute.sparse_tensors.is_empty() {
                return Err(ScoringError::unsupported(full, "weights that leave zeros out are not read"));
            }
            for inner in attribute.g.iter().chain(&attribute.graphs) {
                self.graph(inner, known, depth + 1)?;
            }
        }
        Ok(())
    }

    fn tensor(&self, tensor: &TensorProto) -> Result<(), ScoringError> {
        let name = tensor.name.as_str();
        if !tensor.external_data.is_empty() || tensor.data_location.is_some_and(|it| it != 0) {
            let place = tensor.external_data.iter().find(|it| it.key == "location");
            return Err(ScoringError::ExternalData(place.map(|it| it.value.clone()).unwrap_or_default()));
        }
        let count = tensor
            .dims
            .iter()
            .try_fold(1u64, |all, it| u64::try_from(*it).ok().and_then(|it| all.checked_mul(it)))
            .ok_or_else(|| ScoringError::damaged(format!("the shape of {name:?} is none")))?;
        let kind = DataType::try_from(tensor.data_type).unwrap_or(DataType::Undefined);
        let size = match kind {
            DataType::Bool | DataType::Uint8 | DataType::Int8 => 1,
            DataType::Uint16 | DataType::Int16 | DataType::Float16 => 2,
            DataType::Float | DataType::Int32 | DataType::Uint32 => 4,
            DataType::Double | DataType::Int64 | DataType::Uint64 => 8,
            DataType::String => 0,
            other => {
                let other = other.as_str_name();
                return Err(ScoringError::unsupported(
                    "Constant",
                    &format!("{name:?} holds values of the kind {other}"),
                ));
            }
        };
        let there = if !tensor.raw_data.is_empty() {
            if size == 0 || !(tensor.raw_data.len() as u64).is_multiple_of(size) {
                return Err(ScoringError::damaged(format!("the values of {name:?} are cut")));
            }
            tensor.raw_data.len() as u64 / size
        } else {
            let list = match kind {
                DataType::Float => tensor.float_data.len(),
                DataType::Double => tensor.double_data.len(),
                DataType::String => tensor.string_data.len(),
                // The runtime reads these from the list of signed numbers; writers use the other one.
                DataType::Uint32 | DataType::Uint64 => {
                    return Err(ScoringError::unsupported(
                        "Constant",
                        &format!("{name:?} holds numbers without a sign in a list"),
                    ));
                }
                DataType::Int64 => tensor.int64_data.len(),
                _ => tensor.int32_data.len(),
            };
            list as u64
        };
        if there == count {
            Ok(())
        } else {
            Err(ScoringError::damaged(format!("{name:?} has {there} values where its shape says {count}")))
        }
    }
}

fn whole_number(node: &NodeProto, name: &str) -> Option<i64> {
    node.attribute.iter().find(|it| it.name == name).map(|it| it.i)
}

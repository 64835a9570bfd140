//! The graph of a model as its file describes it: read within limits, checked, and made ready for the runtime.

mod check;
mod estimate;
mod zip_map;

use tract_onnx::pb::{ModelProto, ValueInfoProto, tensor_shape_proto::dimension, type_proto};
use tract_onnx::prelude::{DatumType, Framework};

use crate::error::ScoringError;
use crate::kind::Kind;
use crate::limits::Limits;

/// An input or output as the file declares it.
#[derive(Debug, Clone)]
pub(crate) struct Declared {
    pub(crate) name: String,
    /// `None` where it is no tensor, or says nothing.
    pub(crate) kind: Option<Kind>,
    /// `None` where even the number of dimensions is open.
    pub(crate) shape: Option<Vec<Option<usize>>>,
    /// Names of the classes that its columns stand for.
    pub(crate) classes: Option<Vec<String>>,
}

/// A checked graph.
#[derive(Debug)]
pub(crate) struct Graph {
    pub(crate) proto: ModelProto,
    pub(crate) inputs: Vec<Declared>,
    pub(crate) outputs: Vec<Declared>,
    pub(crate) metadata: Vec<(String, String)>,
}

/// Reads and checks a model.
pub(crate) fn read(bytes: &[u8], limits: &Limits) -> Result<Graph, ScoringError> {
    if bytes.len() as u64 > limits.file {
        return Err(too_large("the file", limits.file));
    }
    estimate::check(bytes, limits)?;
    let mut reader = bytes;
    let mut proto = tract_onnx::onnx()
        .proto_model_for_read(&mut reader)
        .map_err(|error| ScoringError::damaged(error.root_cause().to_string()))?;
    let mut classes = Vec::new();
    if let Some(graph) = proto.graph.as_mut() {
        zip_map::remove(graph, &mut classes)?;
    }
    check::model(&proto, limits)?;
    let Some(graph) = proto.graph.as_ref() else { return Err(ScoringError::damaged("it has no graph")) };
    let is_given = |name: &str| graph.initializer.iter().any(|it| it.name == name);
    let inputs = graph.input.iter().filter(|it| !is_given(&it.name)).map(declared).collect();
    let outputs = graph
        .output
        .iter()
        .map(|it| {
            let named = classes.iter().find(|(name, _)| *name == it.name).map(|(_, classes)| classes.clone());
            Declared { classes: named, ..declared(it) }
        })
        .collect();
    let metadata = proto.metadata_props.iter().map(|it| (it.key.clone(), it.value.clone())).collect();
    Ok(Graph { inputs, outputs, metadata, proto })
}

fn too_large(what: &str, limit: u64) -> ScoringError {
    ScoringError::TooLarge { what: what.to_owned(), limit: format!("{limit} bytes") }
}

fn declared(info: &ValueInfoProto) -> Declared {
    let tensor = info.r#type.as_ref().and_then(|it| it.value.as_ref());
    let tensor = tensor.map(|type_proto::Value::TensorType(it)| it);
    let kind = tensor
        .and_then(|it| tract_onnx::pb::tensor_proto::DataType::try_from(it.elem_type).ok())
        .and_then(|it| DatumType::try_from(it).ok())
        .and_then(Kind::of);
    let size = |it: &dimension::Value| match it {
        // Some exporters write 0 where they know nothing.
        dimension::Value::DimValue(size) if *size > 0 => usize::try_from(*size).ok(),
        _ => None,
    };
    let shape = tensor
        .and_then(|it| it.shape.as_ref())
        .map(|it| it.dim.iter().map(|dim| dim.value.as_ref().and_then(size)).collect());
    Declared { name: info.name.clone(), kind, shape, classes: None }
}

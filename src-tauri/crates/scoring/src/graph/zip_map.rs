//! `ZipMap` gives the columns of a matrix names and makes a list of dictionaries of it. The matrix itself says the same in a form that can be
//! logged and compared, so the operator is taken out, and the names are kept beside the output.

use tract_onnx::pb::{AttributeProto, GraphProto, NodeProto};

use crate::error::ScoringError;

/// Takes every `ZipMap` out; `classes` gets the names of the columns by output.
pub(super) fn remove(graph: &mut GraphProto, classes: &mut Vec<(String, Vec<String>)>) -> Result<(), ScoringError> {
    for node in graph.node.iter_mut().filter(|it| it.op_type == "ZipMap") {
        let (Some(input), [output]) = (node.input.first().cloned(), node.output.as_slice()) else {
            return Err(ScoringError::damaged("a ZipMap has no input or output"));
        };
        let output = output.clone();
        classes.push((output.clone(), names(&node.attribute)));
        *node = NodeProto {
            input: vec![input],
            output: vec![output],
            name: node.name.clone(),
            op_type: "Identity".to_owned(),
            ..NodeProto::default()
        };
    }
    Ok(())
}

fn names(attributes: &[AttributeProto]) -> Vec<String> {
    let texts = attributes.iter().find(|it| it.name == "classlabels_strings").map(|it| it.strings.as_slice());
    let numbers = attributes.iter().find(|it| it.name == "classlabels_int64s").map(|it| it.ints.as_slice());
    match (texts, numbers) {
        (Some(texts), _) if !texts.is_empty() => {
            texts.iter().map(|it| String::from_utf8_lossy(it).into_owned()).collect()
        }
        (_, Some(numbers)) => numbers.iter().map(i64::to_string).collect(),
        _ => Vec::new(),
    }
}

//! `Scaler`: `(x - offset) * scale`, by columns.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

use super::attributes::{Attributes, each};
use super::kernel::{Built, Kernel, built, input, numbers, shape, tensor, values};

#[derive(Debug)]
struct Scaler {
    offset: Vec<f32>,
    scale: Vec<f32>,
}

pub(super) fn build(_: &ParsingContext, node: &NodeProto) -> Built {
    let attributes = Attributes::of(node);
    let offset = attributes.floats("offset").unwrap_or(&[0.0]).to_vec();
    let scale = attributes.floats("scale").unwrap_or(&[1.0]).to_vec();
    built(Scaler { offset, scale })
}

impl Kernel for Scaler {
    fn name(&self) -> &'static str {
        "Scaler"
    }

    fn kinds(&self) -> TVec<DatumType> {
        tvec!(DatumType::F32)
    }

    fn shapes(&self, inputs: &[TVec<TDim>]) -> TractResult<TVec<TVec<TDim>>> {
        Ok(tvec!(shape(inputs, 0, self.name())?.clone()))
    }

    fn run(&self, inputs: &[TValue]) -> TractResult<TVec<Tensor>> {
        let given = input(inputs, 0, self.name())?;
        let columns = given.shape().last().copied().unwrap_or(1).max(1);
        let constant = |values: &[f32], at: usize| {
            each(values, columns, at % columns)
                .ok_or_else(|| format_err!("Scaler has {} factors for {columns} columns", values.len()))
        };
        let mut scaled = Vec::with_capacity(given.len());
        if given.datum_type() == DatumType::F32 {
            // In single precision throughout, as every runtime does it.
            for (at, value) in values::<f32>(given)?.into_iter().enumerate() {
                scaled.push((value - constant(&self.offset, at)?) * constant(&self.scale, at)?);
            }
        } else {
            for (at, value) in numbers(given)?.into_iter().enumerate() {
                let offset = f64::from(constant(&self.offset, at)?);
                scaled.push(((value - offset) * f64::from(constant(&self.scale, at)?)) as f32);
            }
        }
        Ok(tvec!(tensor(given.shape(), scaled)?))
    }
}

//! `Binarizer`: one above a threshold, zero up to it.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

use super::attributes::Attributes;
use super::kernel::{Built, Kernel, built, input, shape, tensor, values};

#[derive(Debug)]
struct Binarizer {
    threshold: f32,
}

pub(super) fn build(_: &ParsingContext, node: &NodeProto) -> Built {
    built(Binarizer { threshold: Attributes::of(node).float("threshold").unwrap_or(0.0) })
}

impl Kernel for Binarizer {
    fn name(&self) -> &'static str {
        "Binarizer"
    }

    fn kinds(&self) -> TVec<DatumType> {
        tvec!(DatumType::F32)
    }

    fn shapes(&self, inputs: &[TVec<TDim>]) -> TractResult<TVec<TVec<TDim>>> {
        Ok(tvec!(shape(inputs, 0, self.name())?.clone()))
    }

    fn run(&self, inputs: &[TValue]) -> TractResult<TVec<Tensor>> {
        let given = input(inputs, 0, self.name())?;
        ensure!(given.datum_type() == DatumType::F32, "Binarizer takes numbers of single precision");
        let above = values::<f32>(given)?.into_iter().map(|it| f32::from(u8::from(it > self.threshold)));
        Ok(tvec!(tensor(given.shape(), above.collect())?))
    }
}

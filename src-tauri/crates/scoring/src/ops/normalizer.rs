//! `Normalizer`: rows divided by their norm. A row whose norm is zero stays.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

use super::attributes::Attributes;
use super::kernel::{Built, Kernel, built, input, numbers, rows, shape, tensor};

#[derive(Debug, Clone, Copy)]
enum Normalizer {
    Max,
    Sum,
    Length,
}

pub(super) fn build(_: &ParsingContext, node: &NodeProto) -> Built {
    built(match Attributes::of(node).text("norm")?.unwrap_or("MAX") {
        "MAX" => Normalizer::Max,
        "L1" => Normalizer::Sum,
        "L2" => Normalizer::Length,
        other => bail!("Normalizer has the norm {other}"),
    })
}

impl Kernel for Normalizer {
    fn name(&self) -> &'static str {
        "Normalizer"
    }

    fn kinds(&self) -> TVec<DatumType> {
        tvec!(DatumType::F32)
    }

    fn shapes(&self, inputs: &[TVec<TDim>]) -> TractResult<TVec<TVec<TDim>>> {
        Ok(tvec!(shape(inputs, 0, self.name())?.clone()))
    }

    fn run(&self, inputs: &[TValue]) -> TractResult<TVec<Tensor>> {
        let given = input(inputs, 0, self.name())?;
        let (_, columns) = rows(given, self.name())?;
        let mut all = Vec::with_capacity(given.len());
        for row in numbers(given)?.chunks(columns.max(1)) {
            let norm = match self {
                Self::Max => row.iter().copied().fold(f64::NEG_INFINITY, f64::max),
                Self::Sum => row.iter().map(|it| it.abs()).sum(),
                Self::Length => row.iter().map(|it| it * it).sum::<f64>().sqrt(),
            };
            all.extend(row.iter().map(|it| if norm == 0.0 { *it as f32 } else { (it / norm) as f32 }));
        }
        Ok(tvec!(tensor(given.shape(), all)?))
    }
}

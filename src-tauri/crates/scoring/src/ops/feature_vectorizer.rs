//! `FeatureVectorizer`: columns of several inputs beside each other.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

use super::attributes::Attributes;
use super::kernel::{Built, Kernel, built, input, numbers, row_count, rows, shape, tensor};

#[derive(Debug)]
struct FeatureVectorizer {
    widths: Vec<usize>,
}

pub(super) fn build(_: &ParsingContext, node: &NodeProto) -> Built {
    let widths = Attributes::of(node).indices("inputdimensions")?;
    ensure!(widths.len() == node.input.len(), "FeatureVectorizer does not say how wide its inputs are");
    built(FeatureVectorizer { widths })
}

impl FeatureVectorizer {
    fn width(&self) -> usize {
        self.widths.iter().sum()
    }
}

impl Kernel for FeatureVectorizer {
    fn name(&self) -> &'static str {
        "FeatureVectorizer"
    }

    fn kinds(&self) -> TVec<DatumType> {
        tvec!(DatumType::F32)
    }

    fn shapes(&self, inputs: &[TVec<TDim>]) -> TractResult<TVec<TVec<TDim>>> {
        let count = row_count(shape(inputs, 0, self.name())?, self.name())?;
        Ok(tvec!(tvec!(count, self.width().to_dim())))
    }

    fn run(&self, inputs: &[TValue]) -> TractResult<TVec<Tensor>> {
        let width = self.width();
        let (count, _) = rows(input(inputs, 0, self.name())?, self.name())?;
        let mut all = vec![0f32; count * width];
        let mut from = 0;
        for (at, wanted) in self.widths.iter().enumerate() {
            let given = input(inputs, at, self.name())?;
            let (there, columns) = rows(given, self.name())?;
            ensure!(there == count && columns == *wanted, "FeatureVectorizer was given {:?}", given.shape());
            for (place, value) in numbers(given)?.into_iter().enumerate() {
                all[place / columns * width + from + place % columns] = value as f32;
            }
            from += wanted;
        }
        Ok(tvec!(tensor(&[count, width], all)?))
    }
}

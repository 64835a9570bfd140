//! `FeatureVectorizer`: columns of several inputs beside each other.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

use super::attributes::Attributes;
use super::kernel::{Built, Kernel, built, input, numbers, row_count, rows, shape, tensor};

#[derive(Debug)]
struct FeatureVectorizer {
    widths: Vec<usize>,
    width: usize,
}

pub(super) fn build(_: &ParsingContext, node: &NodeProto) -> Built {
    let widths = Attributes::of(node).indices("inputdimensions")?;
    ensure!(widths.len() == node.input.len(), "FeatureVectorizer does not say how wide its inputs are");
    let width = widths.iter().try_fold(0usize, |all, it| all.checked_add(*it));
    let width = width.filter(|it| i64::try_from(*it).is_ok());
    let width = width.ok_or_else(|| format_err!("FeatureVectorizer says that its inputs are wider than anything"))?;
    built(FeatureVectorizer { widths, width })
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
        Ok(tvec!(tvec!(count, self.width.to_dim())))
    }

    fn run(&self, inputs: &[TValue]) -> TractResult<TVec<Tensor>> {
        let width = self.width;
        let (count, _) = rows(input(inputs, 0, self.name())?, self.name())?;
        // All of them before anything is allocated: the widths are what the file says, and the file can say anything.
        for (at, wanted) in self.widths.iter().enumerate() {
            let given = input(inputs, at, self.name())?;
            let found = rows(given, self.name())?;
            ensure!(found == (count, *wanted), "FeatureVectorizer was given {:?}", given.shape());
        }
        let size = count.checked_mul(width).ok_or_else(|| format_err!("FeatureVectorizer makes too much"))?;
        let mut all = vec![0f32; size];
        let mut from = 0;
        for (at, wanted) in self.widths.iter().enumerate() {
            let given = input(inputs, at, self.name())?;
            let columns = *wanted;
            for (place, value) in numbers(given)?.into_iter().enumerate() {
                all[place / columns * width + from + place % columns] = value as f32;
            }
            from += wanted;
        }
        Ok(tvec!(tensor(&[count, width], all)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_that_are_not_those_of_the_inputs_allocate_nothing() {
        let width = usize::MAX / 16;
        let hostile = FeatureVectorizer { widths: vec![1, width - 1], width };
        let given = || Tensor::from(tract_ndarray::arr2(&[[1f32], [2.0]])).into_tvalue();
        assert!(hostile.run(&[given(), given()]).is_err());
        let fine = FeatureVectorizer { widths: vec![1, 1], width: 2 };
        assert!(fine.run(&[given(), given()]).is_ok_and(|it| it[0].shape() == [2, 2]));
    }
}

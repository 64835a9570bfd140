//! `OneHotEncoder`: a column of zeros and ones for every known value.

use std::collections::HashMap;
use std::hash::Hash;

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

use super::attributes::Attributes;
use super::kernel::{Built, Kernel, built, input, numbers, shape, tensor, values};

#[derive(Debug)]
struct OneHot {
    known: Known,
    /// Whether unknown values have zeros everywhere; else they are an error.
    zeros: bool,
}

#[derive(Debug)]
enum Known {
    Texts(HashMap<String, usize>),
    Ints(HashMap<i64, usize>),
}

pub(super) fn build(_: &ParsingContext, node: &NodeProto) -> Built {
    let attributes = Attributes::of(node);
    let known = match (attributes.texts("cats_strings")?, attributes.ints("cats_int64s")) {
        (Some(texts), None) => Known::Texts(places(texts)?),
        (None, Some(ints)) => Known::Ints(places(ints.to_vec())?),
        _ => bail!("OneHotEncoder needs values of one kind"),
    };
    built(OneHot { known, zeros: attributes.int("zeros").unwrap_or(1) != 0 })
}

/// The column of every value.
fn places<T: Eq + Hash>(values: Vec<T>) -> TractResult<HashMap<T, usize>> {
    let count = values.len();
    let places: HashMap<T, usize> = values.into_iter().enumerate().map(|(at, it)| (it, at)).collect();
    ensure!(places.len() == count, "OneHotEncoder has a value twice, so that it is not clear which column is its");
    Ok(places)
}

/// A number without its fraction, as the standard says; `None` where no whole number stands for it.
fn cut(value: f64) -> Option<i64> {
    // The bounds are exact in double precision: -2^63, and 2^63, which is one too many.
    (value >= i64::MIN as f64 && value < i64::MAX as f64).then_some(value as i64)
}

impl OneHot {
    fn width(&self) -> usize {
        match &self.known {
            Known::Texts(it) => it.len(),
            Known::Ints(it) => it.len(),
        }
    }
}

impl Kernel for OneHot {
    fn name(&self) -> &'static str {
        "OneHotEncoder"
    }

    fn kinds(&self) -> TVec<DatumType> {
        tvec!(DatumType::F32)
    }

    fn shapes(&self, inputs: &[TVec<TDim>]) -> TractResult<TVec<TVec<TDim>>> {
        let mut shape = shape(inputs, 0, self.name())?.clone();
        shape.push(self.width().to_dim());
        Ok(tvec!(shape))
    }

    fn run(&self, inputs: &[TValue]) -> TractResult<TVec<Tensor>> {
        let given = input(inputs, 0, self.name())?;
        let places: Vec<Option<usize>> = match &self.known {
            Known::Texts(known) => {
                ensure!(given.datum_type() == DatumType::String, "OneHotEncoder knows texts and was given numbers");
                values::<String>(given)?.iter().map(|it| known.get(it).copied()).collect()
            }
            Known::Ints(known) if given.datum_type().is_float() => {
                numbers(given)?.into_iter().map(|it| known.get(&cut(it)?).copied()).collect()
            }
            Known::Ints(known) => {
                ensure!(given.datum_type() != DatumType::String, "OneHotEncoder knows numbers and was given texts");
                // Not by way of a number with a fraction, which holds only 53 bits of it.
                values::<i64>(given)?.iter().map(|it| known.get(it).copied()).collect()
            }
        };
        let width = self.width();
        let mut hot = vec![0f32; places.len() * width];
        for (at, place) in places.iter().enumerate() {
            match place {
                Some(place) => hot[at * width + place] = 1.0,
                None if self.zeros => {}
                None => bail!("a value is none of the {width} that the model knows"),
            }
        }
        let shape: Vec<usize> = given.shape().iter().copied().chain([width]).collect();
        Ok(tvec!(tensor(&shape, hot)?))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn hot(known: &[i64], given: Tensor) -> TractResult<Vec<f32>> {
        let one = OneHot { known: Known::Ints(places(known.to_vec())?), zeros: true };
        values(&one.run(&[given.into_tvalue()])?[0])
    }

    #[test]
    fn large_numbers_are_told_apart_and_nan_is_none() {
        let large = (1i64 << 53) + 1;
        assert_eq!(hot(&[large - 1, large], tensor1(&[large])).unwrap(), [0.0, 1.0]);
        assert_eq!(hot(&[0, 3], tensor1(&[f32::NAN, 3.7, f32::INFINITY])).unwrap(), [0.0, 0.0, 0.0, 1.0, 0.0, 0.0]);
        assert!(hot(&[3, 3], tensor1(&[3i64])).is_err());
        assert!(hot(&[3], tensor1(&["3".to_owned()])).is_err());
    }
}

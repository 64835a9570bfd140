//! `OneHotEncoder`: a column of zeros and ones for every known value.

use std::collections::HashMap;

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
        (Some(texts), None) => Known::Texts(texts.into_iter().enumerate().map(|(at, it)| (it, at)).collect()),
        (None, Some(ints)) => Known::Ints(ints.iter().enumerate().map(|(at, it)| (*it, at)).collect()),
        _ => bail!("OneHotEncoder needs values of one kind"),
    };
    built(OneHot { known, zeros: attributes.int("zeros").unwrap_or(1) != 0 })
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
            // Numbers with a fraction are cut, as the standard says.
            Known::Ints(known) => numbers(given)?.iter().map(|it| known.get(&(*it as i64)).copied()).collect(),
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

//! `Imputer`: puts a value of the column where another one, most often NaN, stands for a gap.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

use super::attributes::{Attributes, each};
use super::kernel::{Built, Kernel, built, input, shape, tensor, values};

#[derive(Debug)]
enum Imputer {
    Floats { put: Vec<f32>, gap: f32 },
    Ints { put: Vec<i64>, gap: i64 },
}

pub(super) fn build(_: &ParsingContext, node: &NodeProto) -> Built {
    let attributes = Attributes::of(node);
    match (attributes.floats("imputed_value_floats"), attributes.ints("imputed_value_int64s")) {
        (Some(put), None) => {
            built(Imputer::Floats { put: put.to_vec(), gap: attributes.float("replaced_value_float").unwrap_or(0.0) })
        }
        (None, Some(put)) => {
            built(Imputer::Ints { put: put.to_vec(), gap: attributes.int("replaced_value_int64").unwrap_or(0) })
        }
        _ => bail!("Imputer needs values of one kind to put in"),
    }
}

fn filled<T: Copy>(found: Vec<T>, put: &[T], columns: usize, is_gap: impl Fn(&T) -> bool) -> TractResult<Vec<T>> {
    let lacks = || format_err!("Imputer has {} values for {columns} columns", put.len());
    let one = |(at, value): (usize, T)| {
        if is_gap(&value) { each(put, columns, at % columns).ok_or_else(lacks) } else { Ok(value) }
    };
    found.into_iter().enumerate().map(one).collect()
}

impl Kernel for Imputer {
    fn name(&self) -> &'static str {
        "Imputer"
    }

    fn kinds(&self) -> TVec<DatumType> {
        tvec!(match self {
            Self::Floats { .. } => DatumType::F32,
            Self::Ints { .. } => DatumType::I64,
        })
    }

    fn shapes(&self, inputs: &[TVec<TDim>]) -> TractResult<TVec<TVec<TDim>>> {
        Ok(tvec!(shape(inputs, 0, self.name())?.clone()))
    }

    fn run(&self, inputs: &[TValue]) -> TractResult<TVec<Tensor>> {
        let given = input(inputs, 0, self.name())?;
        let columns = given.shape().last().copied().unwrap_or(1).max(1);
        Ok(tvec!(match self {
            Self::Floats { put, gap } => {
                let is_gap = |it: &f32| if gap.is_nan() { it.is_nan() } else { it == gap };
                tensor(given.shape(), filled(values::<f32>(given)?, put, columns, is_gap)?)?
            }
            Self::Ints { put, gap } => {
                tensor(given.shape(), filled(values::<i64>(given)?, put, columns, |it| it == gap)?)?
            }
        }))
    }
}

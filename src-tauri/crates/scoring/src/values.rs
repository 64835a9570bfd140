//! What goes into a model and comes out of it.

use tract_onnx::prelude::{DatumType, Tensor as Inner, TractResult, tract_ndarray::ArrayD};
use tract_onnx::tract_hir::internal::TDim;

use crate::error::ScoringError;
use crate::kind::Kind;

/// Values in the order of their rows. Integers of every size are held as `I64` (those of 64 bits without a sign as `U64`), halves as `F32`.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub enum Values {
    Bool(Vec<bool>),
    I64(Vec<i64>),
    U64(Vec<u64>),
    F32(Vec<f32>),
    F64(Vec<f64>),
    Text(Vec<String>),
}

impl Values {
    /// How many.
    pub fn len(&self) -> usize {
        match self {
            Self::Bool(it) => it.len(),
            Self::I64(it) => it.len(),
            Self::U64(it) => it.len(),
            Self::F32(it) => it.len(),
            Self::F64(it) => it.len(),
            Self::Text(it) => it.len(),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value at a place as a number; texts and places beyond the end are none.
    pub fn number(&self, at: usize) -> Option<f64> {
        Some(match self {
            Self::Bool(it) => f64::from(u8::from(*it.get(at)?)),
            Self::I64(it) => *it.get(at)? as f64,
            Self::U64(it) => *it.get(at)? as f64,
            Self::F32(it) => f64::from(*it.get(at)?),
            Self::F64(it) => *it.get(at)?,
            Self::Text(_) => return None,
        })
    }

    /// The value at a place as text.
    pub fn text(&self, at: usize) -> Option<String> {
        Some(match self {
            Self::Bool(it) => it.get(at)?.to_string(),
            Self::I64(it) => it.get(at)?.to_string(),
            Self::U64(it) => it.get(at)?.to_string(),
            Self::F32(it) => it.get(at)?.to_string(),
            Self::F64(it) => it.get(at)?.to_string(),
            Self::Text(it) => it.get(at)?.clone(),
        })
    }

    fn integer(&self, at: usize) -> Option<i128> {
        const EXACT: f64 = 9_007_199_254_740_992.0;
        let whole = |it: f64| (it.fract() == 0.0 && it.abs() <= EXACT).then_some(it as i128);
        match self {
            Self::Bool(it) => it.get(at).map(|it| i128::from(*it)),
            Self::I64(it) => it.get(at).map(|it| i128::from(*it)),
            Self::U64(it) => it.get(at).map(|it| i128::from(*it)),
            Self::F32(it) => it.get(at).and_then(|it| whole(f64::from(*it))),
            Self::F64(it) => it.get(at).and_then(|it| whole(*it)),
            Self::Text(_) => None,
        }
    }
}

/// Values with a shape.
#[derive(Debug, Clone, PartialEq)]
pub struct Tensor {
    shape: Vec<usize>,
    values: Values,
}

impl Tensor {
    /// Of values in the order of their rows (the last dimension runs fastest).
    ///
    /// # Errors
    /// If shape and number of values do not go together.
    pub fn new(shape: Vec<usize>, values: Values) -> Result<Self, ScoringError> {
        let wanted = shape.iter().try_fold(1usize, |all, it| all.checked_mul(*it));
        if wanted != Some(values.len()) {
            return Err(ScoringError::Input(format!("{} values do not have the shape {shape:?}", values.len())));
        }
        Ok(Self { shape, values })
    }

    /// Sizes of its dimensions.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// Its values.
    pub const fn values(&self) -> &Values {
        &self.values
    }

    /// Its values, without its shape.
    pub fn into_values(self) -> Values {
        self.values
    }

    /// As the runtime wants it: of exactly this kind.
    pub(crate) fn into_inner(self, name: &str, kind: Kind) -> Result<Inner, ScoringError> {
        let Self { shape, values } = self;
        let count = values.len();
        // By its place and not as it is: messages are written down where values may be hidden.
        let wrong = |at: usize| {
            ScoringError::Input(format!(
                "the input {name} holds {}, and the value at place {at} (from 0) is none",
                kind.protocol_name()
            ))
        };
        let numbers = || -> Result<Vec<f64>, ScoringError> {
            (0..count).map(|at| values.number(at).ok_or_else(|| wrong(at))).collect()
        };
        let integers = |(least, most): (i128, i128)| -> Result<Vec<i128>, ScoringError> {
            (0..count)
                .map(|at| values.integer(at).filter(|it| (least..=most).contains(it)).ok_or_else(|| wrong(at)))
                .collect()
        };
        let made = match (kind, &values) {
            (Kind::F32, Values::F32(_)) => {
                let Values::F32(own) = values else { return Err(ScoringError::Failed("a kind changed".to_owned())) };
                array(&shape, own)
            }
            (Kind::F32, _) => array(&shape, numbers()?.into_iter().map(|it| it as f32).collect()),
            (Kind::F64, _) => array(&shape, numbers()?),
            (Kind::F16, _) => {
                let single: Vec<f32> = numbers()?.into_iter().map(|it| it as f32).collect();
                array(&shape, single).and_then(|it| Ok(it.cast_to_dt(DatumType::F16)?.into_owned()))
            }
            (Kind::Text, Values::Text(_)) => {
                let Values::Text(own) = values else { return Err(ScoringError::Failed("a kind changed".to_owned())) };
                array(&shape, own)
            }
            (Kind::Text, _) => return Err(wrong(0)),
            (Kind::Bool, _) => array(&shape, integers((0, 1))?.into_iter().map(|it| it == 1).collect()),
            (Kind::U64, _) => {
                array(&shape, integers((0, i128::from(u64::MAX)))?.into_iter().map(|it| it as u64).collect())
            }
            (whole, _) => {
                let range = whole.range().unwrap_or((i128::from(i64::MIN), i128::from(i64::MAX)));
                let own: Vec<i64> = integers(range)?.into_iter().map(|it| it as i64).collect();
                array(&shape, own).and_then(|it| Ok(it.cast_to_dt(whole.datum())?.into_owned()))
            }
        };
        made.map_err(|error| ScoringError::Failed(format!("{error:#}")))
    }

    /// What the runtime answered.
    pub(crate) fn from_inner(inner: &Inner) -> Result<Self, ScoringError> {
        fn all<T: tract_onnx::prelude::Datum>(inner: &Inner) -> TractResult<Vec<T>> {
            Ok(inner.to_plain_array_view::<T>()?.iter().cloned().collect())
        }
        let values = match inner.datum_type() {
            DatumType::Bool => all(inner).map(Values::Bool),
            DatumType::F32 => all(inner).map(Values::F32),
            DatumType::F64 => all(inner).map(Values::F64),
            DatumType::I64 => all(inner).map(Values::I64),
            DatumType::U64 => all(inner).map(Values::U64),
            DatumType::String => all(inner).map(Values::Text),
            DatumType::F16 => inner.cast_to::<f32>().and_then(|it| all(&it)).map(Values::F32),
            DatumType::TDim => all::<TDim>(inner)
                .and_then(|it| it.iter().map(|it| Ok(it.to_i64()?)).collect::<TractResult<Vec<i64>>>())
                .map(Values::I64),
            _ => inner.cast_to::<i64>().and_then(|it| all(&it)).map(Values::I64),
        };
        let values = values.map_err(|error| ScoringError::Failed(format!("{error:#}")))?;
        Ok(Self { shape: inner.shape().to_vec(), values })
    }
}

fn array<T: tract_onnx::prelude::Datum>(shape: &[usize], values: Vec<T>) -> TractResult<Inner> {
    Ok(Inner::from(ArrayD::from_shape_vec(shape.to_vec(), values)?))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn values_become_the_kind_of_the_input_or_are_refused() {
        let tensor = |values| Tensor::new(vec![1, 1], values).unwrap();
        let back =
            |values, kind| Tensor::from_inner(&tensor(values).into_inner("x", kind).unwrap()).unwrap().into_values();
        assert_eq!(back(Values::F64(vec![3.0]), Kind::I32), Values::I64(vec![3]));
        assert_eq!(back(Values::I64(vec![3]), Kind::F32), Values::F32(vec![3.0]));
        assert_eq!(back(Values::U64(vec![u64::MAX]), Kind::U64), Values::U64(vec![u64::MAX]));
        assert_eq!(back(Values::I64(vec![1]), Kind::Bool), Values::Bool(vec![true]));
        for (values, kind) in [
            (Values::F64(vec![3.5]), Kind::I64),
            (Values::I64(vec![300]), Kind::U8),
            (Values::I64(vec![-1]), Kind::U64),
            (Values::Text(vec!["3".into()]), Kind::F32),
            (Values::F32(vec![1.0]), Kind::Text),
            (Values::F64(vec![f64::NAN]), Kind::I64),
        ] {
            assert!(tensor(values.clone()).into_inner("x", kind).is_err_and(|it| it.is_input()), "{values:?} {kind:?}");
        }
        let secret = Tensor::new(vec![2], Values::Text(vec!["1".into(), "Ada Lovelace".into()])).unwrap();
        let told = secret.into_inner("x", Kind::F32).unwrap_err().to_string();
        assert!(told.contains("place 0") && !told.contains("Ada"), "{told}");
        let second = Tensor::new(vec![2], Values::F64(vec![1.0, 48.75])).unwrap();
        let told = second.into_inner("x", Kind::I64).unwrap_err().to_string();
        assert!(told.contains("place 1") && !told.contains("48"), "{told}");
        assert!(Tensor::new(vec![2, 2], Values::I64(vec![1])).is_err());
        assert!(Tensor::new(vec![usize::MAX, 2], Values::I64(vec![1])).is_err());
    }
}

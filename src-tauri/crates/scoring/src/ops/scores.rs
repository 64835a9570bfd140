//! From scores to what a classifier answers: labels, and scores in the form that was asked for.

use tract_onnx::tract_hir::internal::*;

use super::attributes::Attributes;
use super::kernel::tensor;

/// Names of the classes.
#[derive(Debug)]
pub(super) enum Labels {
    Texts(Vec<String>),
    Ints(Vec<i64>),
}

impl Labels {
    /// Of the attributes of these names.
    pub(super) fn of(attributes: Attributes<'_>, texts: &str, ints: &str) -> TractResult<Self> {
        match (attributes.texts(texts)?, attributes.ints(ints)) {
            (Some(texts), None) => Ok(Self::Texts(texts)),
            (None, Some(ints)) => Ok(Self::Ints(ints.to_vec())),
            _ => bail!("the classes have no names of one kind"),
        }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::Texts(it) => it.len(),
            Self::Ints(it) => it.len(),
        }
    }

    pub(super) fn kind(&self) -> DatumType {
        match self {
            Self::Texts(_) => DatumType::String,
            Self::Ints(_) => DatumType::I64,
        }
    }

    /// The names at these places.
    pub(super) fn at(&self, places: &[usize]) -> TractResult<Tensor> {
        fn taken<T: Datum>(from: &[T], places: &[usize]) -> TractResult<Tensor> {
            let one = |at: &usize| from.get(*at).cloned().ok_or_else(|| format_err!("there is no class {at}"));
            tensor(&[places.len()], places.iter().map(one).collect::<TractResult<Vec<T>>>()?)
        }
        match self {
            Self::Texts(it) => taken(it, places),
            Self::Ints(it) => taken(it, places),
        }
    }
}

/// What is done with scores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Transform {
    None,
    Logistic,
    Softmax,
}

impl Transform {
    pub(super) fn of(attributes: Attributes<'_>) -> TractResult<Self> {
        Ok(match attributes.text("post_transform")?.unwrap_or("NONE") {
            "NONE" => Self::None,
            "LOGISTIC" => Self::Logistic,
            "SOFTMAX" => Self::Softmax,
            other => bail!("scores that are transformed by {other} are not known here"),
        })
    }

    /// Of the scores of one row, in place.
    pub(super) fn apply(self, scores: &mut [f64]) {
        match self {
            Self::None => {}
            Self::Logistic => scores.iter_mut().for_each(|it| *it = logistic(*it)),
            Self::Softmax => {
                let most = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                scores.iter_mut().for_each(|it| *it = (*it - most).exp());
                let sum: f64 = scores.iter().sum();
                scores.iter_mut().for_each(|it| *it /= sum);
            }
        }
    }
}

/// `1 / (1 + e^-x)`, without overflow.
pub(super) fn logistic(x: f64) -> f64 {
    let small = (-x.abs()).exp();
    if x >= 0.0 { 1.0 / (1.0 + small) } else { small / (1.0 + small) }
}

/// The place of the largest, the first of several.
pub(super) fn largest(scores: &[f64]) -> usize {
    let mut best = 0;
    for (at, score) in scores.iter().enumerate() {
        if *score > scores[best] {
            best = at;
        }
    }
    best
}

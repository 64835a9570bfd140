//! `LinearClassifier` and `LinearRegressor`.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

use super::attributes::Attributes;
use super::kernel::{Built, Kernel, built, input, numbers, row_count, rows, shape, tensor};
use super::scores::{Labels, Transform, largest};

/// Scores that are sums of weighted columns.
#[derive(Debug)]
struct Sums {
    /// One row of weights after the other.
    weights: Vec<f32>,
    intercepts: Vec<f32>,
    columns: usize,
}

impl Sums {
    fn of(weights: &[f32], intercepts: Option<&[f32]>, outputs: usize) -> TractResult<Self> {
        let even = outputs > 0 && !weights.is_empty() && weights.len().is_multiple_of(outputs);
        ensure!(even, "{} weights do not make {outputs} sums", weights.len());
        let intercepts = intercepts.map_or_else(|| vec![0.0; outputs], <[f32]>::to_vec);
        ensure!(intercepts.len() == outputs, "{} intercepts for {outputs} sums", intercepts.len());
        Ok(Self { weights: weights.to_vec(), intercepts, columns: weights.len() / outputs })
    }

    fn of_row(&self, row: &[f64]) -> Vec<f64> {
        let one = |(weights, intercept): (&[f32], &f32)| {
            weights.iter().zip(row).map(|(weight, value)| f64::from(*weight) * value).sum::<f64>()
                + f64::from(*intercept)
        };
        self.weights.chunks(self.columns).zip(&self.intercepts).map(one).collect()
    }

    /// Rows of the input, each as wide as the weights.
    fn rows(&self, given: &Tensor, name: &str) -> TractResult<Vec<Vec<f64>>> {
        let (_, columns) = rows(given, name)?;
        ensure!(columns == self.columns, "{name} takes {} columns, and was given {columns}", self.columns);
        Ok(numbers(given)?.chunks(columns).map(|it| self.of_row(it)).collect())
    }
}

#[derive(Debug)]
struct Classifier {
    sums: Sums,
    labels: Labels,
    transform: Transform,
}

pub(super) fn classifier(_: &ParsingContext, node: &NodeProto) -> Built {
    let attributes = Attributes::of(node);
    let labels = Labels::of(attributes, "classlabels_strings", "classlabels_ints")?;
    let weights = attributes.floats("coefficients").unwrap_or_default();
    let intercepts = attributes.floats("intercepts");
    let outputs = intercepts.map_or(labels.len(), <[f32]>::len);
    // Where the line lies between two classes with a single sum, and what their scores are then, is not the same in every runtime.
    ensure!(outputs == labels.len(), "{outputs} sums for {} classes", labels.len());
    let transform = Transform::of(attributes)?;
    built(Classifier { sums: Sums::of(weights, intercepts, outputs)?, labels, transform })
}

impl Kernel for Classifier {
    fn name(&self) -> &'static str {
        "LinearClassifier"
    }

    fn kinds(&self) -> TVec<DatumType> {
        tvec!(self.labels.kind(), DatumType::F32)
    }

    fn shapes(&self, inputs: &[TVec<TDim>]) -> TractResult<TVec<TVec<TDim>>> {
        let count = row_count(shape(inputs, 0, self.name())?, self.name())?;
        Ok(tvec!(tvec!(count.clone()), tvec!(count, self.labels.len().to_dim())))
    }

    fn run(&self, inputs: &[TValue]) -> TractResult<TVec<Tensor>> {
        let sums = self.sums.rows(input(inputs, 0, self.name())?, self.name())?;
        let mut places = Vec::with_capacity(sums.len());
        let mut all = Vec::with_capacity(sums.len() * self.labels.len());
        for mut scores in sums.iter().cloned() {
            places.push(largest(&scores));
            self.transform.apply(&mut scores);
            all.extend(scores.into_iter().map(|it| it as f32));
        }
        Ok(tvec!(self.labels.at(&places)?, tensor(&[places.len(), self.labels.len()], all)?))
    }
}

#[derive(Debug)]
struct Regressor {
    sums: Sums,
    targets: usize,
}

pub(super) fn regressor(_: &ParsingContext, node: &NodeProto) -> Built {
    let attributes = Attributes::of(node);
    ensure!(Transform::of(attributes)? == Transform::None, "LinearRegressor transforms what it answers");
    let targets = usize::try_from(attributes.int("targets").unwrap_or(1))?;
    let weights = attributes.floats("coefficients").unwrap_or_default();
    built(Regressor { sums: Sums::of(weights, attributes.floats("intercepts"), targets)?, targets })
}

impl Kernel for Regressor {
    fn name(&self) -> &'static str {
        "LinearRegressor"
    }

    fn kinds(&self) -> TVec<DatumType> {
        tvec!(DatumType::F32)
    }

    fn shapes(&self, inputs: &[TVec<TDim>]) -> TractResult<TVec<TVec<TDim>>> {
        let count = row_count(shape(inputs, 0, self.name())?, self.name())?;
        Ok(tvec!(tvec!(count, self.targets.to_dim())))
    }

    fn run(&self, inputs: &[TValue]) -> TractResult<TVec<Tensor>> {
        let sums = self.sums.rows(input(inputs, 0, self.name())?, self.name())?;
        let shape = [sums.len(), self.targets];
        Ok(tvec!(tensor(&shape, sums.into_iter().flatten().map(|it| it as f32).collect())?))
    }
}

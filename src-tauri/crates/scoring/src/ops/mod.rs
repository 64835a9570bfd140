//! Operators of `ai.onnx.ml` as the standard defines them.
//!
//! The runtime knows a few of them; scikit-learn's exports need more, and of those that it knows, sums and exponentials are computed here in
//! double precision and rounded once, so that the only difference from another runtime is that of its own rounding. Where onnxruntime and the
//! text of the standard disagree, the model is refused instead of answered in one of two ways.

mod attributes;
mod binarizer;
mod bounded;
mod feature_vectorizer;
mod imputer;
mod kernel;
mod label_encoder;
mod linear;
mod normalizer;
mod one_hot;
mod scaler;
mod scores;
mod trees;

use std::collections::BTreeSet;
use std::sync::OnceLock;

use tract_onnx::Onnx;

pub(crate) use self::bounded::{Grown, template};

/// The runtime with our operators in it, none of which makes more than the [`template`] of its graph allows.
pub(crate) fn runtime() -> Onnx {
    let mut onnx = plain();
    bounded::all(&mut onnx);
    onnx
}

fn plain() -> Onnx {
    let mut onnx = tract_onnx::onnx().with_ignore_output_types(true).with_ignore_value_info(true);
    let operators = &mut onnx.op_register;
    operators.insert("Binarizer", binarizer::build);
    operators.insert("FeatureVectorizer", feature_vectorizer::build);
    operators.insert("Imputer", imputer::build);
    operators.insert("LabelEncoder", label_encoder::build);
    operators.insert("LinearClassifier", linear::classifier);
    operators.insert("LinearRegressor", linear::regressor);
    operators.insert("Normalizer", normalizer::build);
    operators.insert("OneHotEncoder", one_hot::build);
    operators.insert("Scaler", scaler::build);
    operators.insert("TreeEnsembleClassifier", trees::classifier);
    operators.insert("TreeEnsembleRegressor", trees::regressor);
    onnx
}

/// Whether an operator can be evaluated, by its name.
pub(crate) fn is_known(operator: &str) -> bool {
    static NAMES: OnceLock<BTreeSet<String>> = OnceLock::new();
    NAMES.get_or_init(|| runtime().op_register.0.into_keys().collect()).contains(operator)
}

//! What a model file says about itself, read without running it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Whether a model file may be loaded without fear.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub enum SafetyVerdict {
    /// Everything that loading would call is on the list of harmless constructors, and every byte was read.
    Safe,
    /// Loading would call something that can run code, touch files or reach the network.
    Dangerous,
    /// Could not be read to its end, or calls something that is on neither list.
    Unverified,
}

/// One reason for a safety verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct SafetyReason {
    /// What was found, such as `os.system`.
    pub what: String,
    /// Where, such as `byte 1042`, or `data.pkl byte 12`.
    #[serde(rename = "where")]
    pub place: String,
}

/// The safety verdict with its reasons.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct Safety {
    /// The verdict.
    pub verdict: SafetyVerdict,
    /// Why. Empty only for `safe`.
    pub reasons: Vec<SafetyReason>,
}

/// The environment that a model file names.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct ModelEnvironment {
    /// Python version.
    pub python: Option<String>,
    /// Packages with versions.
    pub packages: BTreeMap<String, String>,
}

/// One part of a composed model, such as a step of a pipeline or a layer of a network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct ModelPart {
    /// Its name in the whole.
    pub name: String,
    /// Fully qualified class; or the word that stands in place of one, such as `passthrough`.
    pub class: String,
    /// The columns that it is given, by name or place, where the whole deals them out.
    pub columns: Option<Vec<Value>>,
    /// What it is made of in turn.
    pub parts: Vec<ModelPart>,
}

/// One tensor of a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct Tensor {
    /// Its name.
    pub name: String,
    /// Element type, as the format spells it.
    pub dtype: String,
    /// Number of elements along each axis, in the order in which the format writes them.
    pub shape: Vec<i64>,
}

/// What a model file says about itself. What the format does not hold is `null`, never guessed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct ModelFacts {
    /// File format, such as `joblib`, `pickle`, `onnx`, `lightgbm_text`, `safetensors`.
    pub format: String,
    /// Such as `scikit-learn`.
    pub framework: Option<String>,
    /// Version of the framework that wrote it.
    pub framework_version: Option<String>,
    /// Fully qualified class of the outermost object.
    pub class: Option<String>,
    /// Classes of a pipeline's steps, outermost first.
    pub steps: Vec<String>,
    /// The same steps as a tree, with their names and the columns that each is given.
    #[serde(default)]
    pub parts: Vec<ModelPart>,
    /// Hyperparameters by name; nested ones with `step__name`.
    pub parameters: BTreeMap<String, Value>,
    /// Names of the features it was trained on, in order.
    pub features_in: Option<Vec<String>>,
    /// Names of what it returns.
    pub outputs: Option<Vec<String>>,
    /// Classes of a classifier.
    pub classes: Option<Vec<Value>>,
    /// Tensors, where the format keeps them by name; the first 4096 of them.
    #[serde(default)]
    pub tensors: Option<Vec<Tensor>>,
    /// A signature, as the format writes it.
    pub signature: Option<Value>,
    /// The environment that it names.
    pub environment: ModelEnvironment,
    /// Facts about training that the file holds, such as the number of iterations.
    pub training: BTreeMap<String, Value>,
    /// Names of types and functions in it that are known as harmless, sorted; only where whoever loads it must say which those are, as
    /// with skops.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "bindings", ts(optional, as = "Option<Vec<String>>"))]
    pub harmless_types: Vec<String>,
    /// Whether it may be loaded without fear.
    pub safety: Safety,
}

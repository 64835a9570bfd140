//! Logged predictions.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::id::{ProjectId, RunId};
use crate::{Basis, Digest, Timestamp};

/// What a log of predictions holds, without its rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct PredictionLogSummary {
    /// The file.
    pub path: String,
    /// Predictions in it.
    pub rows: u64,
    /// The model that it names, if one.
    pub model: Option<String>,
    /// Versions that it names.
    pub versions: Vec<String>,
    /// First and last moment.
    pub span: Option<(Timestamp, Timestamp)>,
    /// Identifiers that stand more than once.
    pub duplicate_ids: u64,
}

/// An input that is unlike what the model was trained on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct UnusualInput {
    /// The input.
    pub name: String,
    /// Its value.
    pub value: serde_json::Value,
    /// `below_range`, `above_range`, `tail`, `rare`, `unseen`, `missing`, or `wrong_type`.
    pub kind: String,
    /// Share of the training rows with a value up to this one, 0..1; of numbers only.
    pub quantile: Option<f64>,
    /// Share of the training rows with this value, 0..1; of categories, and of what is missing.
    pub share: Option<f64>,
    /// In one sentence.
    pub sentence: String,
}

/// A training row that is like the prediction's inputs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct Neighbour {
    /// Its number in the training table, 1 for the first row of data.
    pub row: u64,
    /// Gower's distance (1971): the mean over the inputs of the difference as a share of the range that holds 90 % of the values, or of 1
    /// where categories differ; 0..1.
    pub distance: f64,
    /// Its values of the inputs.
    pub values: BTreeMap<String, serde_json::Value>,
    /// What was true of it.
    pub label: Option<serde_json::Value>,
}

/// A logged prediction as it stands in its log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct LoggedPrediction {
    /// Its identifier as the log writes it.
    pub request_id: String,
    /// When it was made.
    pub time: Option<Timestamp>,
    /// The model that the log names.
    pub model: Option<String>,
    /// The version that the log names.
    pub version: Option<String>,
    /// What the model was asked.
    pub inputs: BTreeMap<String, serde_json::Value>,
    /// What it answered: `prediction`, and `scores` by class.
    pub outputs: BTreeMap<String, serde_json::Value>,
    /// What turned out to be true, where the log itself says so.
    pub label: Option<serde_json::Value>,
    /// Who asked.
    pub caller: Option<String>,
    /// How long the answer took, in milliseconds.
    pub latency_ms: Option<f64>,
    /// Status or error of the answer.
    pub status: Option<String>,
    /// The file that it stands in.
    pub log: String,
    /// Records of this identifier in that file.
    pub copies: u64,
}

/// The version of the model that answered, in the registry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct TracedRelease {
    /// The model's name in the registry.
    pub model: String,
    /// The version.
    pub version: u64,
    /// Digest of the model's bytes.
    pub digest: Digest,
    /// What it was released for.
    pub purpose: String,
    /// Who published it.
    pub published_by: String,
    /// When.
    pub published_at: Timestamp,
    /// Whether it was withdrawn since.
    pub withdrawn: bool,
}

/// A data set that the model was made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct TracedData {
    /// Its path.
    pub path: String,
    /// Its bytes, where they are known.
    pub digest: Option<Digest>,
    /// How it is known.
    pub basis: Basis,
    /// Whether the same bytes are still there.
    pub present: bool,
}

/// The run that made the model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct TracedRun {
    /// The run.
    pub id: RunId,
    /// Its name.
    pub name: String,
    /// When it began.
    pub started: Option<Timestamp>,
    /// What was run.
    pub command: Option<String>,
    /// Commit of the code.
    pub commit: Option<String>,
    /// Its parameters.
    pub parameters: BTreeMap<String, serde_json::Value>,
}

/// The environment of that run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct TracedEnvironment {
    /// Its digest.
    pub digest: Digest,
    /// Version of Python, where it has one.
    pub python: Option<String>,
    /// Packages in it.
    pub packages: u64,
}

/// The file of the model that answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct TracedModel {
    /// Its path.
    pub path: String,
    /// Its bytes.
    pub digest: Option<Digest>,
    /// How it is known that this model answered: `digest` (the log names the bytes), `release` (the log names the released version),
    /// `lineage` (a run that read it wrote the log), or `name` (the log's name is the file's).
    pub known_by: String,
}

/// A decision about the release.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct TracedApproval {
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Whether it was an approval rather than a rejection.
    pub approved: bool,
    /// Why.
    pub reason: String,
}

/// What one feature contributed to an answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct Contribution {
    /// The input.
    pub name: String,
    /// Its value; null where it has none.
    pub value: serde_json::Value,
    /// Its contribution, in the unit of the answer. Together with the baseline they make the answer.
    pub contribution: f64,
    /// Its standard error, from the choice of background rows (and of orders, where these are drawn).
    pub error: f64,
}

/// Why a model answered as it did, as far as its features say it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct Explanation {
    /// `shapley_exact` (all subsets of the features) or `shapley_sampled` (orders of the features, drawn at random).
    pub method: String,
    /// What is explained: an output of the model, with its class where it has several.
    pub output: String,
    /// What the model answers to these inputs when it is asked again.
    pub answer: f64,
    /// Whether that is what the log says; absent where the log holds nothing to compare it with.
    pub agrees: Option<bool>,
    /// The mean answer over the background.
    pub baseline: f64,
    /// Training rows that were the background.
    pub background: u64,
    /// Rows that the model was asked for.
    pub evaluations: u64,
    /// The largest first.
    pub contributions: Vec<Contribution>,
    /// What it does not say: full sentences.
    pub limits: Vec<String>,
}

/// How inputs that a log knows by their place alone came by their names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct NamedInputs {
    /// Whose order it is: `model` (what the model file says of itself), `project` (`proofmark.toml`) or `reference` (the columns of the table
    /// that the inputs are compared with).
    pub by: String,
    /// The inputs as the log has them, in their order.
    pub places: Vec<String>,
    /// Their names, in the same order.
    pub names: Vec<String>,
    /// In one sentence.
    pub sentence: String,
}

/// The story of one prediction: the document of `proofmark trace`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct Trace {
    /// What stands in the log.
    #[serde(flatten)]
    pub logged: LoggedPrediction,
    /// How the inputs came by their names, where the log has none.
    pub named_inputs: Option<NamedInputs>,
    /// The project that the log lies in.
    pub project: Option<ProjectId>,
    /// The model that answered, as far as it can be found.
    pub model_file: Option<TracedModel>,
    /// Its release.
    pub release: Option<TracedRelease>,
    /// Who decided about it.
    pub approvals: Vec<TracedApproval>,
    /// The run that made it.
    pub run: Option<TracedRun>,
    /// What it was made from.
    pub datasets: Vec<TracedData>,
    /// The environment of the run.
    pub environment: Option<TracedEnvironment>,
    /// Inputs unlike those of the training, the most unusual first.
    pub unusual_inputs: Vec<UnusualInput>,
    /// Training rows that are most like it.
    pub neighbours: Vec<Neighbour>,
    /// Distance at which a training row has its nearest neighbour: the median, for comparison.
    pub usual_distance: Option<f64>,
    /// The table that the inputs were compared with.
    pub reference: Option<String>,
    /// What its features contributed, where the model can be evaluated here.
    pub explanation: Option<Explanation>,
    /// What was known of drift at that hour, in one sentence.
    pub drift: Option<String>,
    /// What could not be found, and why: full sentences.
    pub missing: Vec<String>,
}

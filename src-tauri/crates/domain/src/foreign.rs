//! What other tools recorded about runs, as they recorded it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::artifact::RelPath;
use crate::run::{CodeState, EdgeRole, RunSource, RunStatus};
use crate::{Digest, Timestamp};

/// What kind of record another tool keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub enum StoreKind {
    /// MLflow's folder of small files, `mlruns/`.
    MlflowFiles,
    /// MLflow's SQLite database, `mlflow.db`.
    MlflowDatabase,
    /// A DVC pipeline: `dvc.yaml` with `dvc.lock`, or `.dvc` files.
    Dvc,
}

/// A record of another tool that lies in a project.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct StoreRef {
    /// Its kind.
    pub kind: StoreKind,
    /// The folder or file, relative to the project; empty for the project's own folder.
    pub path: RelPath,
}

/// Where a run stands in the record of the tool that wrote it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct ForeignRecord {
    /// The store it was read from, relative to the project.
    pub store: RelPath,
    /// The experiment, or the pipeline, that it belongs to.
    pub experiment: Option<String>,
    /// The run that started it, by its identifier there.
    pub parent: Option<String>,
    /// Whether the tool holds it for deleted.
    pub deleted: bool,
    /// Tags by name, as the tool keeps them.
    pub tags: BTreeMap<String, String>,
}

/// A file that a foreign record names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForeignEdge {
    /// The place as the record writes it: a URI, an absolute path of another machine, a relative path.
    pub written_as: String,
    /// Where it was found in the project, after what had moved was looked for. `None` if it is not there.
    pub found: Option<RelPath>,
    /// The SHA-256 that the record itself gives, if any. Other digests (DVC's MD5, MLflow's eight letters) identify nothing here.
    pub digest: Option<Digest>,
    /// What it was to the run.
    pub role: EdgeRole,
    /// Columns, where the record names them (a signature, a schema).
    pub columns: Vec<String>,
    /// What the record says, in words: `dvc.lock, stage train, outs`.
    pub evidence: String,
}

/// A run as another tool recorded it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ForeignRun {
    /// Who recorded it.
    pub source: RunSource,
    /// Its identifier there, unique within the store and the same at every reading.
    pub foreign_id: String,
    /// Changes whenever something about the run may have changed: sizes and times of its files, or the numbers of its rows. A run whose stamp is known
    /// need not be read again.
    pub stamp: String,
    /// What people call it.
    pub name: String,
    /// How it ended.
    pub status: RunStatus,
    /// When it began.
    pub started: Option<Timestamp>,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// The command, where it is recorded.
    pub command: Option<String>,
    /// Who started it.
    pub user: Option<String>,
    /// Parameters by name.
    pub parameters: BTreeMap<String, Value>,
    /// Last value of each metric by name.
    pub metrics: BTreeMap<String, f64>,
    /// Commit, branch and script, as far as recorded.
    pub code: CodeState,
    /// Where it stands in the record.
    pub record: ForeignRecord,
    /// What it read.
    pub inputs: Vec<ForeignEdge>,
    /// What it wrote.
    pub outputs: Vec<ForeignEdge>,
    /// Files of the project that describe its environment, such as the `requirements.txt` beside a logged model.
    pub environment_files: Vec<RelPath>,
}

/// One value of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct MetricPoint {
    /// Step, such as the epoch.
    pub step: i64,
    /// When it was measured.
    pub at: Option<Timestamp>,
    /// The value. Not a number and infinities are written as `null` in JSON.
    pub value: f64,
}

/// A version of a model in another tool's registry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct ForeignModelVersion {
    /// The tool.
    pub source: RunSource,
    /// The store it was read from.
    pub store: RelPath,
    /// Name of the registered model.
    pub model: String,
    /// Version, as the tool writes it: `3`, `1.4.0`.
    pub version: String,
    /// Stage or aliases that point at it now.
    pub aliases: Vec<String>,
    /// The run that made it, by its identifier there.
    pub run: Option<String>,
    /// Where the model was found in the project.
    pub found: Option<RelPath>,
    /// When it was registered.
    pub created: Option<Timestamp>,
    /// Its description.
    pub description: Option<String>,
}

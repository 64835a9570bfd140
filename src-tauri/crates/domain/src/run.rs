//! Executions: what read what, wrote what, with which result.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::artifact::{ArtifactKind, RelPath};
use crate::foreign::ForeignRecord;
use crate::id::{ProjectId, RunId};
use crate::lineage::Reason;
use crate::{Basis, Confidence, Digest, Timestamp};

/// Who recorded a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub enum RunSource {
    /// Proofmark watched the process.
    Recorded,
    /// Nobody recorded it; static analysis, digests and times say that it must have happened.
    Inferred,
    /// MLflow's own record.
    Mlflow,
    /// DVC's own record.
    Dvc,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub enum RunStatus {
    /// Has not ended, as far as is known.
    Running,
    /// Ended with exit code 0 or by its tool's word.
    Finished,
    /// Ended with another exit code.
    Failed,
    /// Ended by a signal, or its recorder was killed.
    Killed,
    /// Accepted by its tool, and not begun as far as is known.
    Scheduled,
    /// The record does not say.
    Unknown,
}

/// What a file was to a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub enum EdgeRole {
    /// Data read or written.
    Data,
    /// Code that was executed.
    Code,
    /// A model read or written.
    Model,
    /// Settings that were read.
    Config,
    /// Results that were measured.
    Metrics,
    /// Anything else.
    Other,
}

impl EdgeRole {
    /// The role that a file of `kind` usually plays.
    pub const fn of(kind: ArtifactKind) -> Self {
        match kind {
            ArtifactKind::Dataset | ArtifactKind::PredictionLog => Self::Data,
            ArtifactKind::Code | ArtifactKind::Notebook => Self::Code,
            ArtifactKind::Model => Self::Model,
            ArtifactKind::Config | ArtifactKind::Environment => Self::Config,
            ArtifactKind::Metrics => Self::Metrics,
            ArtifactKind::Document | ArtifactKind::Archive | ArtifactKind::Other => Self::Other,
        }
    }
}

/// One file that a run read or wrote.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct RunEdge {
    /// Project-relative path, or an absolute one for a file outside the project.
    pub path: RelPath,
    /// The bytes that were read or written, when known.
    pub digest: Option<Digest>,
    /// What the file is.
    pub kind: ArtifactKind,
    /// What it was to the run.
    pub role: EdgeRole,
    /// How the edge is known.
    pub basis: Basis,
    /// How sure it is.
    pub confidence: Confidence,
    /// Columns that were used, when known.
    pub columns: Vec<String>,
    /// Why the edge is believed, in words: `opened for reading by python (pid 81), train.py line 12`.
    pub evidence: String,
    /// The reasons for and against, for an edge that was inferred; empty for one that was recorded.
    #[serde(default)]
    pub reasons: Vec<Reason>,
}

/// The state of the code when a run began.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct CodeState {
    /// The commit that was checked out.
    pub commit: Option<String>,
    /// Its branch.
    pub branch: Option<String>,
    /// Whether tracked files differed from the commit; `null` when there is no repository or it cannot be told.
    pub dirty: Option<bool>,
    /// The script that was run, relative to the project.
    pub path: Option<RelPath>,
    /// The uncommitted difference as a unified diff, cut at a size limit.
    pub diff: Option<String>,
}

/// What became of data that was held back when a run began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub enum HeldFate {
    /// The run tried to open it and was refused.
    Refused,
    /// The run read it, because the person who started it said so.
    Allowed,
    /// The run read it, and nothing of ours was in the process to refuse.
    NotStopped,
}

/// Data that was held back when a run began, and that it read or tried to read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct HeldInput {
    /// Project-relative path, or an absolute one for a file outside the project.
    pub path: RelPath,
    /// The bytes that are held.
    pub digest: Digest,
    /// Why they are held.
    pub reason: String,
    /// What became of it.
    pub fate: HeldFate,
}

/// What is known about the process of a recorded run.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct ProcessFacts {
    /// The command, an argument each.
    pub argv: Vec<String>,
    /// Absolute working directory.
    pub cwd: String,
    /// Exit code, if the process ended by itself.
    pub exit_code: Option<i32>,
    /// The signal that ended it (Unix).
    pub signal: Option<i32>,
    /// Largest resident memory of the process and its ended children, in bytes.
    pub peak_memory: Option<u64>,
    /// Ways of observation that were at work: `audit_hook`, `preload`, `scan`.
    pub observed_by: Vec<String>,
    /// What could not be seen, in words; empty if nothing is known to be missing.
    pub blind_spots: Vec<String>,
    /// Whether the log was cut at its size limit.
    pub log_truncated: bool,
    /// Variables of its surroundings that can change what it computes, from a list of those that hold no secrets.
    #[serde(default)]
    pub variables: BTreeMap<String, String>,
    /// Data that was held back when it began, and that it read or tried to read.
    #[serde(default)]
    pub held: Vec<HeldInput>,
    /// Why the person who started it let it read data that is held back; `null` if nobody did.
    #[serde(default)]
    pub use_held: Option<String>,
}

/// One execution that read and wrote artifacts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct Run {
    /// Its identifier here.
    pub id: RunId,
    /// The project it belongs to.
    pub project: ProjectId,
    /// Who recorded it.
    pub source: RunSource,
    /// Its identifier in the tool that recorded it.
    pub foreign_id: Option<String>,
    /// What people call it.
    pub name: String,
    /// How it ended.
    pub status: RunStatus,
    /// When it began.
    pub started: Option<Timestamp>,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// The command as one line.
    pub command: Option<String>,
    /// Parameters by name.
    pub parameters: BTreeMap<String, Value>,
    /// Last value of each metric by name.
    pub metrics: BTreeMap<String, f64>,
    /// The state of the code.
    pub code: CodeState,
    /// Digest of the environment's canonical form.
    pub environment_digest: Option<Digest>,
    /// What it read.
    pub inputs: Vec<RunEdge>,
    /// What it wrote.
    pub outputs: Vec<RunEdge>,
    /// The process, for recorded runs.
    pub process: Option<ProcessFacts>,
    /// Who started it, as the operating system knows them.
    pub user: Option<String>,
    /// Where it stands in the record of the tool that wrote it; `null` for runs that Proofmark recorded or inferred.
    #[serde(default)]
    pub record: Option<ForeignRecord>,
}

impl Run {
    /// A run of which nothing is known yet but who it is.
    pub fn bare(id: RunId, project: ProjectId, source: RunSource, status: RunStatus) -> Self {
        Self {
            id,
            project,
            source,
            foreign_id: None,
            name: String::new(),
            status,
            started: None,
            ended: None,
            command: None,
            parameters: BTreeMap::new(),
            metrics: BTreeMap::new(),
            record: None,
            code: CodeState::default(),
            environment_digest: None,
            inputs: Vec::new(),
            outputs: Vec::new(),
            process: None,
            user: None,
        }
    }
}

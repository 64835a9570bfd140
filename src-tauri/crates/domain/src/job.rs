//! Long work, its progress and its end.

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::id::{JobId, ProjectId};

/// What a job does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub enum JobKind {
    /// Looks through a project's folder.
    Scan,
    /// Profiles, checks and labels new data set versions.
    Screen,
    /// Compares two tables.
    Drift,
    /// Looks whether other columns give sensitive ones away.
    Proxies,
    /// Re-checks every byte and signature of a registry.
    Verify,
    /// Copies a candidate into the registry.
    Submit,
    /// Publishes a candidate.
    Publish,
    /// Verifies the registry and copies it, or one version of it, elsewhere.
    Copy,
    /// Asks a project's own command what its model answers.
    Gates,
    /// Writes the rows of a table that must not be trained on apart from the others.
    SetAside,
}

/// How far a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub enum JobState {
    /// Waits for its turn.
    Queued,
    /// Is at work.
    Running,
    /// Ended well.
    Done,
    /// Ended with an error.
    Failed,
    /// A person stopped it. What it had recorded stays.
    Cancelled,
    /// The process ended before the job did; the next start takes it up again or says so.
    Interrupted,
}

/// A piece of long work.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct Job {
    /// Its identifier.
    pub id: JobId,
    /// What it does.
    pub kind: JobKind,
    /// What it is about, in a person's words, such as `Scanning credit-risk`.
    pub title: String,
    /// The project it works for, if one.
    pub project: Option<ProjectId>,
    /// How far it is.
    pub state: JobState,
    /// Steps done so far, in `unit`.
    pub done: u64,
    /// Steps in all, in `unit`, when known.
    pub total: Option<u64>,
    /// What is counted: `files`, `bytes`, `data sets`.
    pub unit: String,
    /// What it is busy with now, such as a file name.
    pub detail: String,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Why it failed, in words, with what to do.
    pub error: Option<String>,
}

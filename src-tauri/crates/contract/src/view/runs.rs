//! Executions.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;

use proofmark_domain::environment::{Environment, PackageDifference};
use proofmark_domain::id::{ProjectId, RunId};
use proofmark_domain::run::{Run, RunSource, RunStatus};

/// What to sort runs by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum RunSort {
    /// When they began.
    #[default]
    Started,
    /// Their name.
    Name,
    /// How long they took.
    Duration,
}

/// Asks for runs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, TS)]
pub struct RunQuery {
    /// The project; all if absent.
    #[serde(default)]
    pub project: Option<ProjectId>,
    /// Recorded by this source only.
    #[serde(default)]
    pub source: Option<RunSource>,
    /// That ended so only.
    #[serde(default)]
    pub status: Option<RunStatus>,
    /// Whose name, command or identifier contains this text.
    #[serde(default)]
    pub text: Option<String>,
    /// What to sort by.
    #[serde(default)]
    pub sort: RunSort,
    /// Smallest or oldest first.
    #[serde(default)]
    pub ascending: bool,
    /// Rows to pass over.
    #[serde(default)]
    pub offset: u64,
    /// Rows to return at most; 200 if absent.
    #[serde(default)]
    pub limit: Option<u64>,
}

/// Some of the runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct RunPage {
    /// Runs that fit the question.
    pub total: u64,
    /// Those asked for.
    pub runs: Vec<Run>,
}

/// Names a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct RunRef {
    /// The run.
    pub run: RunId,
}

/// Names several runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct RunRefs {
    /// The runs, the first is what the others are compared with.
    pub runs: Vec<RunId>,
}

/// Everything about one run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct RunView {
    /// The run.
    pub run: Run,
    /// The project's name.
    pub project_name: String,
    /// What it made from what, with which result, in one sentence.
    pub sentence: String,
    /// Its environment.
    pub environment: Option<Environment>,
    /// The last part of its log.
    pub log_tail: String,
    /// Bytes of the whole log.
    pub log_size: u64,
}

/// One fact that differs between runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct RunDifference {
    /// `parameter`, `metric`, `input`, `code`, `environment`.
    pub of: String,
    /// Its name.
    pub name: String,
    /// Its value in each run, in the order asked for; `null` if absent.
    pub values: Vec<Option<Value>>,
}

/// What differs between runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct RunComparison {
    /// The runs, in the order asked for.
    pub runs: Vec<Run>,
    /// Only what differs.
    pub differences: Vec<RunDifference>,
    /// How many facts are the same in all.
    pub same: u64,
    /// Packages that differ from the first run's, by run.
    pub packages: BTreeMap<String, Vec<PackageDifference>>,
}

//! Executions.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;

use proofmark_domain::Timestamp;
use proofmark_domain::environment::{Environment, PackageDifference};
use proofmark_domain::foreign::{Curve, ForeignModelVersion, RecordProblem, StoreRef};
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

/// A parameter or a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum FactKind {
    /// A setting.
    Parameter,
    /// A measured number.
    Metric,
}

/// Names a parameter or a metric.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FactRef {
    /// Which of the two.
    pub kind: FactKind,
    /// Its name.
    pub name: String,
}

/// How a fact is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum FactCompare {
    /// Is the same.
    Equal,
    /// Is there and another.
    NotEqual,
    /// Is less.
    Less,
    /// Is less or the same.
    AtMost,
    /// Is greater.
    Greater,
    /// Is greater or the same.
    AtLeast,
    /// Contains this text, letters regardless of case.
    Contains,
}

/// A condition on a parameter or metric.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct FactCondition {
    /// Which fact.
    pub fact: FactRef,
    /// How it is compared.
    pub compare: FactCompare,
    /// With what: a number or a text.
    pub with: Value,
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
    /// Only those that their tool holds for deleted, or only the others; both if absent.
    #[serde(default)]
    pub deleted: Option<bool>,
    /// Whose parameters and metrics fulfil all of these.
    #[serde(default)]
    pub conditions: Vec<FactCondition>,
    /// The same as people write it: `metrics.auc >= 0.8 and params.model = 'rf'`.
    #[serde(default)]
    pub filter: Option<String>,
    /// What to sort by.
    #[serde(default)]
    pub sort: RunSort,
    /// A parameter or metric to sort by instead; runs without it come last.
    #[serde(default)]
    pub sort_fact: Option<FactRef>,
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

/// Asks which parameters and metrics runs have.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, TS)]
pub struct FactQuery {
    /// The project; all if absent.
    #[serde(default)]
    pub project: Option<ProjectId>,
}

/// A parameter or metric that runs have.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct FactUse {
    /// Which.
    pub fact: FactRef,
    /// How many of the newest runs have it.
    pub runs: u64,
}

/// Parameters and metrics, the most used first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct FactList {
    /// Those that any of the newest runs has.
    pub facts: Vec<FactUse>,
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
    /// Histories of the metrics that have more than one value.
    #[serde(default)]
    pub curves: BTreeMap<String, Curve>,
    /// The run that started it, and those that it started, where another tool recorded that.
    #[serde(default)]
    pub related: Vec<RelatedRun>,
    /// The last part of its log.
    pub log_tail: String,
    /// Bytes of the whole log.
    pub log_size: u64,
}

/// A run that belongs to another one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct RelatedRun {
    /// The run.
    pub run: RunId,
    /// Its name.
    pub name: String,
    /// `parent` or `child`.
    pub relation: String,
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
    /// Histories of metrics, by metric: one for each run in the order asked for; `null` if it has none.
    #[serde(default)]
    pub curves: BTreeMap<String, Vec<Option<Curve>>>,
}

/// The records of other tools in a project.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct RecordList {
    /// Each record, by its path.
    pub records: Vec<RecordView>,
    /// Versions in other tools' registries of models.
    pub versions: Vec<ForeignModelVersion>,
}

/// A record of another tool.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct RecordView {
    /// Which.
    pub record: StoreRef,
    /// When it was last found to be other than before.
    pub read_at: Timestamp,
    /// Runs in it.
    pub runs: u64,
    /// What could not be read of it.
    pub problems: Vec<RecordProblem>,
}

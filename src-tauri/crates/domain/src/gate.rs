//! Rules that a candidate must pass before people decide.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::evaluation::{EvaluationMetric, PairedTest};
use crate::person::Role;
use crate::profile::Scalar;

/// A rule for candidates.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "rule", rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub enum GateRule {
    /// Every data set that the model came from is known by its digest.
    LineageComplete,
    /// The environment of the training run is known.
    EnvironmentKnown,
    /// No training data set fails its checks.
    DataQuality,
    /// Loading the model file cannot run foreign code.
    ModelFileSafe,
    /// Sensitive columns in the lineage carry no label but these.
    SensitiveColumns {
        /// Labels that the stated purpose allows.
        #[serde(default)]
        allowed: Vec<String>,
    },
    /// A metric of the training run holds a limit.
    Metric {
        /// The metric's name in the run.
        metric: String,
        /// Least value allowed.
        #[serde(default)]
        at_least: Option<f64>,
        /// Greatest value allowed.
        #[serde(default)]
        at_most: Option<f64>,
    },
    /// The code was committed when the run began.
    CodeCommitted,
    /// No data set upstream is kept for longer than the project says.
    RetentionNotExpired,
    /// A metric of the project's evaluation predictions holds a limit.
    Evaluation {
        /// The metric.
        metric: EvaluationMetric,
        /// Least value allowed.
        #[serde(default)]
        at_least: Option<f64>,
        /// Greatest value allowed.
        #[serde(default)]
        at_most: Option<f64>,
    },
    /// A metric is no worse than that of the version in production, on the same evaluation rows.
    AgainstProduction {
        /// The metric.
        metric: EvaluationMetric,
        /// The significance test; the one that suits the metric if absent.
        #[serde(default)]
        test: Option<PairedTest>,
        /// What must be shown.
        #[serde(default)]
        demand: Demand,
        /// How much worse is no harm, in units of the metric, 0 or more.
        #[serde(default)]
        at_most_worse: f64,
        /// Chance of a false alarm, in 0..1, usually 0.05.
        #[serde(default = "alpha")]
        alpha: f64,
        /// Rows below which nothing is said.
        #[serde(default = "least_rows")]
        least_rows: u64,
    },
    /// A metric holds in every part of the evaluation rows.
    Segments {
        /// The metric.
        metric: EvaluationMetric,
        /// Least value allowed in a part.
        #[serde(default)]
        at_least: Option<f64>,
        /// Greatest value allowed in a part.
        #[serde(default)]
        at_most: Option<f64>,
        /// How much worse than over all rows a part may be, in units of the metric.
        #[serde(default)]
        at_most_behind: Option<f64>,
        /// Rows below which a part is not judged.
        #[serde(default = "least_of_part")]
        least_rows: u64,
    },
    /// Scores are probabilities that come true as often as they say.
    Calibration {
        /// Greatest expected calibration error allowed, in 0..1.
        #[serde(default)]
        ece_at_most: Option<f64>,
        /// Greatest Brier score allowed, in 0..1.
        #[serde(default)]
        brier_at_most: Option<f64>,
        /// Bins of equal width for the calibration error.
        #[serde(default = "bins")]
        bins: u32,
    },
    /// The model's files together are no larger than this.
    ModelSize {
        /// Bytes.
        at_most: u64,
    },
    /// The project's own command answers in time, one row after another.
    Latency {
        /// Milliseconds that 95 of 100 answers may take.
        p95_ms: f64,
        /// Rows that are asked for; those of the behaviour tests in turn.
        #[serde(default = "latency_rows")]
        rows: u32,
        /// Row to ask with; the first of the evaluation rows is not used, because it carries the label.
        #[serde(default)]
        example: Example,
    },
    /// The project's own command answers as it must.
    Behaviour {
        /// What must hold.
        #[serde(default, rename = "test")]
        tests: Vec<BehaviourTest>,
    },
}

/// Values of a row by column.
pub type Example = BTreeMap<String, Scalar>;

const fn alpha() -> f64 {
    0.05
}

const fn least_rows() -> u64 {
    100
}

const fn least_of_part() -> u64 {
    50
}

const fn bins() -> u32 {
    10
}

const fn latency_rows() -> u32 {
    200
}

/// What a comparison with production must show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub enum Demand {
    /// Fails if it is significantly worse.
    #[default]
    NotWorse,
    /// Passes only if the interval of the difference shows that it is not worse by more than is allowed.
    NotInferior,
    /// Passes only if it is significantly better.
    Better,
}

/// One thing that a model must do, asked of the project's own command.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct BehaviourTest {
    /// What is tested, in words.
    pub name: String,
    /// The row that is asked for.
    pub example: Example,
    /// What the answer must be.
    #[serde(flatten)]
    pub expect: Expectation,
}

/// What an answer must be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub enum Expectation {
    /// The answer to this very row is known.
    MustPass {
        /// Exactly this.
        #[serde(default)]
        equals: Option<Scalar>,
        /// At least this number.
        #[serde(default)]
        at_least: Option<f64>,
        /// At most this number.
        #[serde(default)]
        at_most: Option<f64>,
    },
    /// The answer stays when these columns change.
    Invariance {
        /// What changes.
        change: Example,
        /// How far a number may move.
        #[serde(default)]
        tolerance: f64,
    },
    /// The answer, a number, moves this way when these columns change.
    Direction {
        /// What changes.
        change: Example,
        /// Which way.
        towards: Towards,
        /// How far at least.
        #[serde(default)]
        by: f64,
    },
}

/// A way for a number to move.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub enum Towards {
    /// It grows.
    Up,
    /// It falls.
    Down,
}

/// A rule under the name that a project gives it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct Gate {
    /// Such as `auc-floor`.
    pub name: String,
    /// Whether a failure forbids the release, or only warns.
    pub required: bool,
    /// Who may let it go for a candidate if it does not pass, other than the candidate's author; nobody if empty.
    #[serde(default)]
    pub waivable_by: BTreeSet<Role>,
    /// The rule.
    #[serde(flatten)]
    pub rule: GateRule,
}

/// What a gate says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub enum GateVerdict {
    /// Holds.
    Pass,
    /// Does not hold, but may.
    Warn,
    /// What it needs to know is not known. Forbids a release where the gate is required.
    CannotTell,
    /// Does not hold.
    Fail,
}

/// What a gate measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct GateOutcome {
    /// The gate.
    pub gate: String,
    /// The rule in words.
    pub rule: String,
    /// Whether a failure forbids the release.
    pub required: bool,
    /// The verdict.
    pub verdict: GateVerdict,
    /// What was measured, in words or as a number with its unit.
    pub measured: String,
    /// What is allowed.
    pub allowed: String,
    /// Why, in one sentence.
    pub why: String,
    /// What the verdict rests on: paths, runs, reports.
    pub evidence: Vec<String>,
    /// The figures behind the verdict, where it rests on a sample.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "bindings", ts(optional, as = "Option<Vec<GateFigure>>"))]
    pub figures: Vec<GateFigure>,
    /// The rule as it was held against the candidate, by which a reader knows that it is the registry's own.
    #[serde(default)]
    #[cfg_attr(feature = "bindings", ts(skip))]
    pub definition: Option<Gate>,
    /// Who may let it go for a candidate if it does not pass; nobody if empty.
    #[serde(default)]
    #[cfg_attr(feature = "bindings", ts(optional, as = "Option<BTreeSet<Role>>"))]
    pub waivable_by: BTreeSet<Role>,
}

/// A number that a gate measured on a sample, with how sure it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct GateFigure {
    /// What was measured, such as `roc_auc`, or `difference of roc_auc`.
    pub name: String,
    /// The part of the rows; empty for all.
    #[serde(default)]
    pub part: String,
    /// The value.
    pub value: f64,
    /// Interval at the level that the gate states, 95 % unless it says otherwise; `null` if there is none.
    pub interval: Option<(f64, f64)>,
    /// Rows.
    pub rows: u64,
    /// The significance test, such as `mcnemar`; `null` if none was made.
    pub test: Option<String>,
    /// Its two-sided p-value.
    pub p_value: Option<f64>,
}

impl GateOutcome {
    /// Whether it forbids a release.
    pub const fn blocks(&self) -> bool {
        self.required && matches!(self.verdict, GateVerdict::Fail | GateVerdict::CannotTell)
    }
}

/// The gates of a project that names none of its own.
pub fn default_gates() -> Vec<Gate> {
    let gate = |name: &str, required, by: &[Role], rule| Gate {
        name: name.to_owned(),
        required,
        waivable_by: by.iter().copied().collect(),
        rule,
    };
    let (approver, governance) = (&[Role::Approver], &[Role::GovernanceReviewer]);
    vec![
        gate("lineage-complete", true, approver, GateRule::LineageComplete),
        gate("environment-known", false, approver, GateRule::EnvironmentKnown),
        gate("training-data-fit", true, approver, GateRule::DataQuality),
        gate("model-file-safe", true, &[Role::Owner], GateRule::ModelFileSafe),
        gate("sensitive-columns", false, governance, GateRule::SensitiveColumns { allowed: Vec::new() }),
        gate("code-committed", false, approver, GateRule::CodeCommitted),
    ]
}

//! Rules that a candidate must pass before people decide.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::person::Role;

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
    /// The rule as it was held against the candidate, by which a reader knows that it is the registry's own.
    #[serde(default)]
    #[cfg_attr(feature = "bindings", ts(skip))]
    pub definition: Option<Gate>,
    /// Who may let it go for a candidate if it does not pass; nobody if empty.
    #[serde(default)]
    #[cfg_attr(feature = "bindings", ts(optional, as = "Option<BTreeSet<Role>>"))]
    pub waivable_by: BTreeSet<Role>,
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

//! Candidates: submit, decide, publish.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use proofmark_domain::gate::GateOutcome;
use proofmark_domain::id::{CandidateId, ProjectId, StatementId};
use proofmark_domain::release::{BundleFile, BundleManifest, CandidateState, Decision, Question, WaiverRecord};
use proofmark_domain::sensitive::CarriedLabel;
use proofmark_domain::{Digest, Timestamp};

use super::Permission;

/// What a candidate would be if it were submitted now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct CandidateDraft {
    /// The project.
    pub project: ProjectId,
    /// The model file.
    pub path: String,
    /// A name for the model in the registry, from the file's.
    pub suggested_name: String,
    /// What the gates say.
    pub gates: Vec<GateOutcome>,
    /// Files that would be copied.
    pub files: Vec<BundleFile>,
    /// Labels that reach the model.
    pub labels: Vec<CarriedLabel>,
    /// Metrics of the training run.
    pub metrics: BTreeMap<String, f64>,
    /// Whether it may be submitted.
    pub may_submit: Permission,
    /// The project's own command that gates ask; empty if it names none.
    #[serde(default)]
    pub command: Vec<String>,
    /// Whether gates ask the ONNX model itself and it has not been evaluated for what they ask now. `gates_run` does.
    #[serde(default)]
    pub unevaluated: bool,
}

/// Submits a model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct CandidateSubmit {
    /// The project.
    pub project: ProjectId,
    /// The model file.
    pub path: String,
    /// Its name in the registry.
    pub model: String,
    /// What it is for.
    pub purpose: String,
    /// What it must not be used for.
    #[serde(default)]
    pub limits: String,
    /// What is new.
    #[serde(default)]
    pub note: String,
    /// How much depends on it, in a word that the registry's policy knows.
    #[serde(default)]
    #[ts(optional, as = "Option<String>")]
    pub risk: String,
    /// Opens the key if it lies in an encrypted file.
    #[serde(default)]
    pub passphrase: Option<String>,
}

/// Names a candidate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct CandidateRef {
    /// The candidate.
    pub candidate: CandidateId,
}

/// A candidate in a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct CandidateRow {
    /// The candidate.
    pub candidate: CandidateId,
    /// The model's name.
    pub model: String,
    /// Digest of what is approved.
    pub bundle: Digest,
    /// Where it stands.
    pub state: CandidateState,
    /// Its version, once published.
    pub version: Option<u64>,
    /// Who submitted it.
    pub submitted_by: String,
    /// When.
    pub submitted_at: Timestamp,
    /// What is new, in the submitter's words.
    pub note: String,
    /// Approvals given.
    pub approvals: u64,
    /// Approvals needed.
    pub required: u64,
    /// Gates that forbid it.
    pub blocking: u64,
    /// Whether the person who acts now can decide on it.
    pub waits_for_me: bool,
}

/// All candidates.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct CandidateList {
    /// What waits first, then newest first.
    pub candidates: Vec<CandidateRow>,
}

/// One number of the candidate beside that of the version in production.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct MetricComparison {
    /// The metric.
    pub name: String,
    /// Of the candidate.
    pub candidate: Option<f64>,
    /// Of the version in production.
    pub production: Option<f64>,
}

/// What would change for those who use production.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ProductionComparison {
    /// The version in production.
    pub version: u64,
    /// Its metrics beside the candidate's.
    pub metrics: Vec<MetricComparison>,
    /// Labels that the candidate adds.
    pub new_labels: Vec<String>,
    /// Labels that it no longer has.
    pub gone_labels: Vec<String>,
    /// Files that differ.
    pub changed_files: Vec<String>,
}

/// Everything about one candidate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct CandidateView {
    /// In one line.
    pub row: CandidateRow,
    /// "May this be published?", answered in one sentence.
    pub sentence: String,
    /// What an approval is bound to.
    pub manifest: BundleManifest,
    /// Decisions so far.
    pub decisions: Vec<Decision>,
    /// Beside the version in production, if there is one.
    pub production: Option<ProductionComparison>,
    /// Gates that were let go.
    #[serde(default)]
    #[ts(optional, as = "Option<Vec<WaiverRecord>>")]
    pub waivers: Vec<WaiverRecord>,
    /// Questions and answers, oldest first.
    #[serde(default)]
    #[ts(optional, as = "Option<Vec<Question>>")]
    pub questions: Vec<Question>,
    /// What others found when they held it against gates again.
    #[serde(default)]
    #[ts(optional, as = "Option<Vec<GateOutcome>>")]
    pub rejudged: Vec<GateOutcome>,
    /// Gates that stand in the way, and whether this person may let each go.
    #[serde(default)]
    #[ts(optional, as = "Option<BTreeMap<String, Permission>>")]
    pub may_waive: BTreeMap<String, Permission>,
    /// Whether this person may approve it.
    pub may_approve: Permission,
    /// Whether this person may reject it.
    pub may_reject: Permission,
    /// Whether this person may publish it.
    pub may_publish: Permission,
}

/// Approves or rejects a candidate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct CandidateDecide {
    /// The candidate.
    pub candidate: CandidateId,
    /// Digest of what was looked at.
    pub bundle: Digest,
    /// Approve or reject.
    pub approve: bool,
    /// Why.
    pub reason: String,
    /// Opens the key if it lies in an encrypted file.
    #[serde(default)]
    pub passphrase: Option<String>,
}

/// Lets a gate go for a candidate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct CandidateWaive {
    /// The candidate.
    pub candidate: CandidateId,
    /// Digest of what was looked at.
    pub bundle: Digest,
    /// The gate.
    pub gate: String,
    /// Why.
    pub reason: String,
    /// Until when, at most 366 days ahead; 90 days from now if absent.
    #[serde(default)]
    pub expires: Option<Timestamp>,
    /// Opens the key if it lies in an encrypted file.
    #[serde(default)]
    pub passphrase: Option<String>,
}

/// Asks about a candidate, or answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct CandidateDiscuss {
    /// The candidate.
    pub candidate: CandidateId,
    /// Digest of what was looked at.
    pub bundle: Digest,
    /// The question that is answered; a new question if absent.
    #[serde(default)]
    pub answers: Option<StatementId>,
    /// What is said.
    pub text: String,
    /// Opens the key if it lies in an encrypted file.
    #[serde(default)]
    pub passphrase: Option<String>,
}

/// Points an alias back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct AliasRollBack {
    /// The model's name.
    pub model: String,
    /// Such as `production`.
    pub alias: String,
    /// To this version; to the last one that may still be used if absent.
    #[serde(default)]
    pub version: Option<u64>,
    /// Why.
    pub reason: String,
    /// Opens the key if it lies in an encrypted file.
    #[serde(default)]
    pub passphrase: Option<String>,
}

/// Publishes an approved candidate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct CandidatePublish {
    /// The candidate.
    pub candidate: CandidateId,
    /// The model's name, typed by the person to confirm.
    pub confirm: String,
    /// An alias to set at once, such as `production`.
    #[serde(default)]
    pub alias: Option<String>,
    /// Opens the key if it lies in an encrypted file.
    #[serde(default)]
    pub passphrase: Option<String>,
}

/// Moves an alias.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct AliasSet {
    /// The model's name.
    pub model: String,
    /// Such as `production`.
    pub alias: String,
    /// The version; `null` removes the alias.
    pub version: Option<u64>,
    /// Why.
    pub reason: String,
    /// From when on it is to point to the version, which must not have passed; absent for at once.
    #[serde(default)]
    #[ts(optional)]
    pub from: Option<Timestamp>,
    /// Opens the key if it lies in an encrypted file.
    #[serde(default)]
    pub passphrase: Option<String>,
}

/// Calls off a promotion whose time has not come.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct AliasCallOff {
    /// The model's name.
    pub model: String,
    /// Such as `production`.
    pub alias: String,
    /// Why.
    pub reason: String,
    /// Opens the key if it lies in an encrypted file.
    #[serde(default)]
    pub passphrase: Option<String>,
}

/// Withdraws a version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct VersionWithdraw {
    /// The model's name.
    pub model: String,
    /// The version.
    pub version: u64,
    /// Why.
    pub reason: String,
    /// The model's name, typed by the person to confirm.
    pub confirm: String,
    /// What to use instead.
    #[serde(default)]
    #[ts(optional)]
    pub replacement: Option<u64>,
    /// Opens the key if it lies in an encrypted file.
    #[serde(default)]
    pub passphrase: Option<String>,
}

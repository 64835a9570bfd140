//! Where sensitive data went, and who did what.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;

use proofmark_domain::Timestamp;
use proofmark_domain::id::ProjectId;
use proofmark_domain::sensitive::CarriedLabel;

/// A model at the head of a column of the matrix.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct MatrixModel {
    /// The project.
    pub project: ProjectId,
    /// Its name.
    pub project_name: String,
    /// The model file.
    pub path: String,
    /// Where it stands: `version 3 · production`, `not released`.
    pub release: String,
}

/// What of a data set reached a model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct MatrixCell {
    /// Index into the models.
    pub model: u64,
    /// Labels that reach it.
    pub labels: Vec<CarriedLabel>,
    /// Whether the model's own list of features names a sensitive column.
    pub in_features: bool,
    /// Least confidence on the way.
    pub confidence: f64,
}

/// A data set with sensitive columns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct MatrixRow {
    /// The project.
    pub project: ProjectId,
    /// Its name.
    pub project_name: String,
    /// The data set.
    pub path: String,
    /// Labels found in it.
    pub labels: Vec<CarriedLabel>,
    /// Models that it reached.
    pub cells: Vec<MatrixCell>,
}

/// Where sensitive data went.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct GovernanceView {
    /// In one sentence.
    pub sentence: String,
    /// Models.
    pub models: Vec<MatrixModel>,
    /// Data sets with sensitive columns.
    pub rows: Vec<MatrixRow>,
    /// Data sets of which nothing can be said.
    pub unscreened: u64,
    /// Those of them that were not looked at yet; the others could not be read.
    pub waiting: u64,
}

/// Asks for audit entries.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, TS)]
pub struct AuditQuery {
    /// That contain this text.
    #[serde(default)]
    pub text: Option<String>,
    /// Rows to pass over.
    #[serde(default)]
    pub offset: u64,
    /// Rows to return at most; 200 if absent.
    #[serde(default)]
    pub limit: Option<u64>,
}

/// One audit entry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct AuditRow {
    /// Its place in the chain.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: String,
    /// What, such as `project.add`.
    pub action: String,
    /// To what.
    pub object: String,
    /// Details.
    pub detail: Value,
    /// Hash that closes the chain up to here.
    pub hash: String,
}

/// Some of the audit entries.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct AuditPage {
    /// Entries that fit the question.
    pub total: u64,
    /// Newest first.
    pub entries: Vec<AuditRow>,
}

/// Whether the audit chain holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct AuditVerdict {
    /// Entries looked at.
    pub entries: u64,
    /// Whether every entry follows from the one before.
    pub intact: bool,
    /// The first that does not.
    pub first_broken: Option<u64>,
    /// Hash of the last entry.
    pub head: String,
}

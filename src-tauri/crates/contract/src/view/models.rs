//! Model files: what they are, what they saw, whether they are safe.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use proofmark_domain::id::{CandidateId, ProjectId};
use proofmark_domain::model::{ModelFacts, SafetyVerdict};
use proofmark_domain::release::CandidateState;
use proofmark_domain::sensitive::CarriedLabel;
use proofmark_domain::{Digest, Timestamp};

use super::{Permission, RunLink};

/// A model in a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ModelRow {
    /// The project.
    pub project: ProjectId,
    /// Its name.
    pub project_name: String,
    /// Where it lies.
    pub path: String,
    /// Its bytes now.
    pub digest: Digest,
    /// Bytes.
    pub size: u64,
    /// When it was last written.
    pub modified: Timestamp,
    /// File format.
    pub format: Option<String>,
    /// Framework with version.
    pub framework: Option<String>,
    /// Class of the outermost object.
    pub class: Option<String>,
    /// Whether it may be loaded without fear.
    pub safety: Option<SafetyVerdict>,
    /// Metrics of the run that made it.
    pub metrics: BTreeMap<String, f64>,
    /// Labels of sensitive data that reach it.
    pub labels: Vec<String>,
    /// Where it stands: `version 3 · production`, `waits for approval`, `not released`.
    pub release: String,
}

/// All models.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ModelList {
    /// Newest first.
    pub models: Vec<ModelRow>,
}

/// A data set that a model came from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ModelSource {
    /// Where it lies.
    pub path: String,
    /// Its bytes as the run read them.
    pub digest: Option<Digest>,
    /// Whether the same bytes still lie there.
    pub unchanged: bool,
    /// Least confidence on the way.
    pub confidence: f64,
    /// Labels of its sensitive columns.
    pub labels: Vec<String>,
}

/// A feature of a model with what is known about the column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Feature {
    /// Its name.
    pub name: String,
    /// Labels of sensitive data on the column of that name.
    pub labels: Vec<String>,
}

/// A candidate made from the model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct CandidateLink {
    /// The candidate.
    pub candidate: CandidateId,
    /// Where it stands.
    pub state: CandidateState,
    /// Its version, once published.
    pub version: Option<u64>,
    /// When it was submitted.
    pub at: Timestamp,
}

/// Everything about one model file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ModelView {
    /// In one line.
    pub row: ModelRow,
    /// What it is and what it saw, in one sentence.
    pub sentence: String,
    /// What the file says about itself; `null` if it could not be read, and `problem` says why.
    pub facts: Option<ModelFacts>,
    /// Why the file could not be read.
    pub problem: Option<String>,
    /// Its features.
    pub features: Vec<Feature>,
    /// Labels that reach it.
    pub labels: Vec<CarriedLabel>,
    /// Data that it came from.
    pub sources: Vec<ModelSource>,
    /// Runs that wrote it.
    pub written_by: Vec<RunLink>,
    /// Candidates made from it.
    pub candidates: Vec<CandidateLink>,
    /// Whether it may be submitted.
    pub may_submit: Permission,
}

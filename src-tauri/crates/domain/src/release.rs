//! From a submitted candidate to a published version: signed facts, and the state that they add up to.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use thiserror::Error;

pub mod rules;
pub mod state;

pub use rules::fold;
pub use state::{
    AliasChange, AliasRecord, CandidateRecord, Member, Placed, Policy, Refused, RegistryState, VersionRecord,
    Withdrawal,
};

use crate::gate::GateOutcome;
use crate::id::{CandidateId, PersonId, RegistryId, StatementId};
use crate::person::{PersonCard, Role};
use crate::sensitive::CarriedLabel;
use crate::{Digest, Timestamp};

/// The name of a model in a registry: lower-case letters, digits, `-`, `_` and `.`, at most 64, no dot in front.
///
/// The narrow alphabet keeps one name one folder on every file system, whatever its rules about case and Unicode.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS), ts(type = "string"))]
pub struct ModelName(String);

/// A text that is no model name.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "`{0}` is not a model name: use lower-case letters, digits, `-`, `_` and `.`, starting with a letter or digit, at most 64"
)]
pub struct BadModelName(pub String);

impl ModelName {
    /// Reads a name.
    pub fn new(name: &str) -> Result<Self, BadModelName> {
        let fits = (1..=64).contains(&name.len())
            && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_' | b'.'))
            && name.as_bytes()[0].is_ascii_alphanumeric()
            && !name.ends_with('.')
            && !is_device_name(name);
        if fits { Ok(Self(name.to_owned())) } else { Err(BadModelName(name.to_owned())) }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Names that Windows keeps for devices, with or without an extension: no folder can bear them there.
fn is_device_name(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or(name);
    let numbered = |prefix: &str| {
        stem.strip_prefix(prefix).is_some_and(|rest| rest.len() == 1 && rest.as_bytes()[0].is_ascii_digit())
    };
    matches!(stem, "con" | "prn" | "aux" | "nul") || numbered("com") || numbered("lpt")
}

/// Whether `alias` can name a version: lower-case letters, digits, `-` and `_`, at most 64, starting with a letter.
/// `latest` and `v` followed by digits are refused, because MLflow gives them a meaning of its own.
pub fn is_alias(alias: &str) -> bool {
    let shape = (1..=64).contains(&alias.len())
        && alias.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_'))
        && alias.as_bytes()[0].is_ascii_lowercase();
    let number =
        alias.strip_prefix('v').is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit()));
    shape && alias != "latest" && !number && !is_device_name(alias)
}

impl std::fmt::Display for ModelName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for ModelName {
    type Error = BadModelName;

    fn try_from(name: String) -> Result<Self, BadModelName> {
        Self::new(&name)
    }
}

impl From<ModelName> for String {
    fn from(name: ModelName) -> Self {
        name.0
    }
}

/// One file of a candidate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct BundleFile {
    /// Relative path inside the bundle, with `/`.
    pub path: String,
    /// SHA-256 of its bytes.
    pub digest: Digest,
    /// Bytes.
    pub size: u64,
}

/// Everything that an approval is bound to. Its digest is the SHA-256 of its canonical JSON.
///
/// One changed byte in a model file, a report, the gates or the purpose gives another digest, and no approval of this one
/// applies to that one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct BundleManifest {
    /// The model's name.
    pub model: ModelName,
    /// Files that consumers load, under `model/`.
    pub files: Vec<BundleFile>,
    /// Reports, lineage, environment and other evidence, under `evidence/`.
    pub evidence: Vec<BundleFile>,
    /// What the gates said.
    pub gates: Vec<GateOutcome>,
    /// Sensitive labels that reach the model along its lineage.
    pub labels: Vec<CarriedLabel>,
    /// Metrics of the training run.
    pub metrics: BTreeMap<String, f64>,
    /// What the model is for.
    pub purpose: String,
    /// What it must not be used for, and where it is known to be weak.
    pub limits: String,
}

/// A fact that a person signs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub enum StatementBody {
    /// The registry begins; its author is the first owner.
    RegistryCreated {
        /// What people call the registry.
        name: String,
        /// The first owner.
        owner: PersonCard,
        /// What a release needs here.
        #[serde(default)]
        policy: Policy,
    },
    /// An owner changes what a release needs from now on.
    PolicySet {
        /// What a release needs.
        policy: Policy,
        /// Why.
        reason: String,
    },
    /// An owner admits a person or changes their roles. The latest statement about a person counts.
    PersonAdmitted {
        /// Who.
        person: PersonCard,
        /// What they may do; empty means nothing any more.
        roles: BTreeSet<Role>,
    },
    /// An owner declares a key invalid from now on.
    KeyRevoked {
        /// The key. Named `revoked_key` in JSON, where `key_id` is the key that signs.
        #[serde(rename = "revoked_key")]
        key_id: String,
        /// Digest of the last statement by this key that still counts; `null` if none does. A thief who backdates
        /// a statement cannot put it in front of this one.
        #[serde(default)]
        last: Option<Digest>,
        /// Why.
        reason: String,
    },
    /// A candidate is submitted.
    Submitted {
        /// The candidate.
        candidate: CandidateId,
        /// Digest of its manifest.
        bundle: Digest,
        /// The model's name.
        model: ModelName,
        /// What is new, in words.
        note: String,
    },
    /// A candidate is approved.
    Approved {
        /// The candidate.
        candidate: CandidateId,
        /// Digest of the manifest that was looked at.
        bundle: Digest,
        /// Why.
        reason: String,
    },
    /// A candidate is rejected.
    Rejected {
        /// The candidate.
        candidate: CandidateId,
        /// Digest of the manifest that was looked at.
        bundle: Digest,
        /// Why.
        reason: String,
    },
    /// A candidate became a version.
    Published {
        /// The candidate.
        candidate: CandidateId,
        /// Digest of its manifest.
        bundle: Digest,
        /// The model's name.
        model: ModelName,
        /// The version's number, counted from 1.
        version: u64,
    },
    /// An alias points to a version, or to none any more.
    AliasSet {
        /// The model's name.
        model: ModelName,
        /// Such as `production`.
        alias: String,
        /// The version; `null` removes the alias.
        version: Option<u64>,
        /// Why.
        reason: String,
    },
    /// A version must not be used any more.
    Withdrawn {
        /// The model's name.
        model: ModelName,
        /// The version.
        version: u64,
        /// Why.
        reason: String,
    },
}

/// A fact with its author and its place in the order of facts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct Statement {
    /// Its identifier. Version 7, so that names of statements sort by time.
    pub id: StatementId,
    /// The registry that it is for: replayed elsewhere, it counts for nothing.
    pub registry: RegistryId,
    /// When its author says it was made.
    pub at: Timestamp,
    /// Who signs.
    pub author: PersonId,
    /// The key that signs: hex SHA-256 of the public key's PEM text.
    pub key_id: String,
    /// Digest of the payload of the previous statement by the same key, so that leaving one out shows.
    pub previous: Option<Digest>,
    /// The fact.
    #[serde(flatten)]
    pub body: StatementBody,
}

/// Where a candidate stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub enum CandidateState {
    /// Waits for approvals.
    Waiting,
    /// Has the approvals that it needs.
    Approved,
    /// Was rejected.
    Rejected,
    /// Became a version.
    Published,
}

/// One person's decision on a candidate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct Decision {
    /// Who.
    pub person: PersonId,
    /// Their name at the time.
    pub name: String,
    /// The key that signed.
    pub key_id: String,
    /// Approved or rejected.
    pub approved: bool,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

/// Why something may not be done. A variant carries facts and no advice.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ReleaseBlocked {
    /// Too few people approved.
    #[error("{given} of {required} approvals")]
    ApprovalsMissing {
        /// People who approved.
        given: usize,
        /// People who must.
        required: usize,
    },
    /// The author of a candidate decides on it.
    #[error("{name} submitted this candidate, so somebody else must decide")]
    AuthorDecides {
        /// Who.
        name: String,
    },
    /// The person already decided.
    #[error("{name} has already decided on this candidate")]
    AlreadyDecided {
        /// Who.
        name: String,
    },
    /// The person lacks a role.
    #[error("{name} has not the role `{role}` in this registry")]
    RoleMissing {
        /// Who.
        name: String,
        /// Which role.
        role: &'static str,
    },
    /// The person is not known to the registry.
    #[error("{name} is not known to this registry")]
    Unknown {
        /// Who.
        name: String,
    },
    /// The candidate is not in the state that the step needs.
    #[error("the candidate is {state}, so it cannot be {step}")]
    WrongState {
        /// The state in words.
        state: &'static str,
        /// The step in words.
        step: &'static str,
    },
    /// A required gate does not pass.
    #[error("the gate `{gate}` does not pass: {why}")]
    Gate {
        /// The gate.
        gate: String,
        /// Its reason.
        why: String,
    },
    /// The approval was given to other bytes.
    #[error("this approval no longer applies: it was given to {approved}, and the candidate is now {now}")]
    OtherBytes {
        /// Short digest that was approved.
        approved: String,
        /// Short digest of the candidate.
        now: String,
    },
    /// The version does not exist or is withdrawn.
    #[error("version {version} of {model} {state}")]
    Version {
        /// The model.
        model: String,
        /// The version.
        version: u64,
        /// `does not exist` or `is withdrawn`.
        state: &'static str,
    },
    /// The signature's key is revoked.
    #[error("the key {key} of {name} is revoked")]
    KeyRevoked {
        /// Short key id.
        key: String,
        /// Whose key it is.
        name: String,
    },
    /// The candidate is not known.
    #[error("the candidate {candidate} is not known here")]
    NoCandidate {
        /// Which.
        candidate: String,
    },
    /// The manifest that says what was decided on is not there, so nothing can be decided.
    #[error("the manifest {bundle} of this candidate has not arrived")]
    ManifestMissing {
        /// Short digest of the manifest.
        bundle: String,
    },
    /// Sensitive data reaches the model, and nobody who answers for it has approved.
    #[error("sensitive columns reach this model, and no governance reviewer has approved it")]
    GovernanceMissing,
    /// The statement stands where statements of its kind do not belong.
    #[error("{0}")]
    OutOfPlace(String),
    /// A name that cannot be used for this.
    #[error(
        "`{0}` cannot be an alias: use lower-case letters, digits, `-` and `_`, starting with a letter; `latest` and `v1` are taken"
    )]
    BadAlias(String),
    /// A registry must keep an owner.
    #[error("this would leave the registry without an owner")]
    LastOwner,
    /// A reason is required and was left empty.
    #[error("a reason is required")]
    ReasonMissing,
}

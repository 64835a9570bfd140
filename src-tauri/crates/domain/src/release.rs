//! From a submitted candidate to a published version: signed facts, and the state that they add up to.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use thiserror::Error;

pub mod fold;
pub mod plan;
pub mod policy;
pub mod rules;
pub mod state;
pub mod trust;

pub use fold::{Claims, Fold, Manifests, fold};
pub use plan::{Plan, PlanEnd};
pub use policy::{Policy, Requirement};
pub use state::{
    AliasChange, AliasMoveKind, AliasRecord, CandidateRecord, Destruction, Freeze, JoinRequest, Member, PendingTrust,
    Placed, Question, Refused, RegistryState, VersionRecord, WaiverRecord, Withdrawal,
};
pub use trust::{Revocation, TrustList, TrustedKey, TrustedPerson};

use crate::gate::GateOutcome;
use crate::id::{CandidateId, PersonId, RegistryId, StatementId};
use crate::person::PersonCard;
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
    /// Data sets upstream with their digests, nearest first.
    #[serde(default)]
    #[cfg_attr(feature = "bindings", ts(optional, as = "Option<Vec<BundleData>>"))]
    pub datasets: Vec<BundleData>,
    /// Digest of the environment of the training run.
    #[serde(default)]
    #[cfg_attr(feature = "bindings", ts(optional))]
    pub environment: Option<Digest>,
    /// Commit of the code that trained it.
    #[serde(default)]
    #[cfg_attr(feature = "bindings", ts(optional))]
    pub commit: Option<String>,
    /// How much depends on it, in a word that the registry's policy knows, such as `high`; empty for none.
    #[serde(default)]
    #[cfg_attr(feature = "bindings", ts(optional, as = "Option<String>"))]
    pub risk: String,
}

/// A data set that a model came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct BundleData {
    /// Its path in the project.
    pub path: String,
    /// SHA-256 of its bytes, if they are known.
    pub digest: Option<Digest>,
}

/// A fact that a person signs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub enum StatementBody {
    /// An owner proposes a version of the trust list. The first one begins the registry; every other takes effect when
    /// enough owners of the version before have signed it.
    TrustProposed {
        /// The whole list.
        list: TrustList,
        /// Why.
        reason: String,
    },
    /// An owner signs a version of the trust list that another proposed.
    TrustEndorsed {
        /// The version's number.
        version: u64,
        /// Digest of the statement that proposes it.
        list: Digest,
    },
    /// Somebody who is not known yet asks to be admitted. Says nothing but that they hold the key on the card.
    JoinRequested {
        /// Who.
        person: PersonCard,
        /// What they ask for, in words.
        note: String,
    },
    /// An owner stops every publication and promotion, or lets them go on.
    FreezeSet {
        /// Whether the registry stands still.
        frozen: bool,
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
    /// Somebody else held a candidate against gates again. Counts beside what its author found, never instead of it.
    GatesJudged {
        /// The candidate.
        candidate: CandidateId,
        /// Digest of the manifest that was judged.
        bundle: Digest,
        /// What the gates said.
        gates: Vec<GateOutcome>,
    },
    /// A gate that does not pass is let go for this candidate, for a time.
    Waived {
        /// The candidate.
        candidate: CandidateId,
        /// Digest of the manifest that was looked at.
        bundle: Digest,
        /// The gate.
        gate: String,
        /// Why.
        reason: String,
        /// Until when; `null` only from programs from before waivers had to end.
        expires: Option<Timestamp>,
    },
    /// A question about a candidate.
    Asked {
        /// The candidate.
        candidate: CandidateId,
        /// Digest of the manifest that was looked at.
        bundle: Digest,
        /// The question.
        text: String,
    },
    /// An answer to a question.
    Answered {
        /// The candidate.
        candidate: CandidateId,
        /// Digest of the manifest that was looked at.
        bundle: Digest,
        /// The question's statement.
        question: StatementId,
        /// The answer.
        text: String,
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
        /// The statements about the candidate that the publisher had seen: what the version rests on.
        proof: Vec<StatementId>,
    },
    /// An alias points to a version from now on, or from a time on unless a later statement about the alias comes before that.
    Promoted {
        /// The model's name.
        model: ModelName,
        /// Such as `production`.
        alias: String,
        /// The version.
        version: u64,
        /// Why.
        reason: String,
        /// From when on; absent for at once. One that is not after the statement's own time is at once, too.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "bindings", ts(optional))]
        from: Option<Timestamp>,
    },
    /// A promotion whose time has not come is called off; the alias stays as it is.
    PromotionCalledOff {
        /// The model's name.
        model: ModelName,
        /// Such as `production`.
        alias: String,
        /// Why.
        reason: String,
    },
    /// An alias points to a version again that it pointed to before.
    RolledBack {
        /// The model's name.
        model: ModelName,
        /// Such as `production`.
        alias: String,
        /// The version.
        version: u64,
        /// Why.
        reason: String,
    },
    /// An alias points to nothing any more.
    AliasRemoved {
        /// The model's name.
        model: ModelName,
        /// Such as `production`.
        alias: String,
        /// Why.
        reason: String,
    },
    /// A version must not be used any more.
    Withdrawn {
        /// The model's name.
        model: ModelName,
        /// The version.
        version: u64,
        /// What to use instead.
        replacement: Option<u64>,
        /// Why.
        reason: String,
    },
    /// The bytes of a withdrawn version are destroyed; what was said about it stays.
    Destroyed {
        /// The model's name.
        model: ModelName,
        /// The version.
        version: u64,
        /// Why.
        reason: String,
    },
}

impl StatementBody {
    /// The model whose folder holds such a statement, as far as the statement itself says.
    pub const fn model(&self) -> Option<&ModelName> {
        match self {
            Self::Submitted { model, .. }
            | Self::Published { model, .. }
            | Self::Promoted { model, .. }
            | Self::PromotionCalledOff { model, .. }
            | Self::RolledBack { model, .. }
            | Self::AliasRemoved { model, .. }
            | Self::Withdrawn { model, .. }
            | Self::Destroyed { model, .. } => Some(model),
            _ => None,
        }
    }

    /// The candidate that it is about, with the digest of the manifest that its author looked at.
    pub const fn candidate(&self) -> Option<(CandidateId, Digest)> {
        match self {
            Self::Submitted { candidate, bundle, .. }
            | Self::GatesJudged { candidate, bundle, .. }
            | Self::Waived { candidate, bundle, .. }
            | Self::Asked { candidate, bundle, .. }
            | Self::Answered { candidate, bundle, .. }
            | Self::Approved { candidate, bundle, .. }
            | Self::Rejected { candidate, bundle, .. }
            | Self::Published { candidate, bundle, .. } => Some((*candidate, *bundle)),
            _ => None,
        }
    }

    /// Whether it is about the registry itself and no model.
    pub const fn is_about_registry(&self) -> bool {
        matches!(
            self,
            Self::TrustProposed { .. }
                | Self::TrustEndorsed { .. }
                | Self::JoinRequested { .. }
                | Self::FreezeSet { .. }
        )
    }
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
    /// Digest of the statement that proposed the trust list which its author acted under; `null` only for the first list
    /// and for those who ask to join. A reader to whom that list was withheld notices.
    pub trust: Option<Digest>,
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
    #[error("it has {given} of {required} approvals")]
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
    /// No promotion of the alias waits for its time.
    #[error("no promotion of `{alias}` of {model} waits for its time")]
    NothingPlanned {
        /// The model.
        model: String,
        /// The alias.
        alias: String,
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
    /// An alias that is to be taken away points to nothing.
    #[error("`{0}` points to no version, so there is nothing to take away")]
    NoAlias(String),
    /// A registry must keep enough owners to change its trust list.
    #[error("this would leave the registry without enough owners to change its trust list")]
    LastOwner,
    /// Another version of the trust list came first.
    #[error("it does not follow version {version} of the trust list, which holds now")]
    Superseded {
        /// The version that holds.
        version: u64,
    },
    /// Too few owners signed a version of the trust list.
    #[error("version {version} of the trust list is signed by {given} of {required} owners")]
    OwnersMissing {
        /// The version.
        version: u64,
        /// Owners who signed.
        given: usize,
        /// Owners who must.
        required: usize,
    },
    /// The signature's key had expired.
    #[error("the key {key} of {name} expired on {on}")]
    KeyExpired {
        /// Short key id.
        key: String,
        /// Whose key it is.
        name: String,
        /// When.
        on: String,
    },
    /// The trust list has expired.
    #[error("version {version} of the trust list expired on {on}; its owners must sign a new one")]
    TrustExpired {
        /// The version.
        version: u64,
        /// When.
        on: String,
    },
    /// The author acted under a trust list that is not here.
    #[error("its author acted under a version of the trust list ({trust}) that has not arrived")]
    TrustMissing {
        /// Short digest of the statement that proposes it.
        trust: String,
    },
    /// The registry stands still.
    #[error("the registry is frozen: {reason}")]
    Frozen {
        /// Why.
        reason: String,
    },
    /// The gate may not be waived, or not by this person.
    #[error("the gate `{gate}` cannot be waived by {name}: {why}")]
    NotWaivable {
        /// The gate.
        gate: String,
        /// Who.
        name: String,
        /// Why.
        why: String,
    },
    /// A reason is required and was left empty.
    #[error("a reason is required")]
    ReasonMissing,
}

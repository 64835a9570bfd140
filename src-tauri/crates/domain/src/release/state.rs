//! What the accepted statements of a registry add up to.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{BundleManifest, CandidateState, Decision, ModelName, ReleaseBlocked, Statement};
use crate::id::{CandidateId, PersonId, RegistryId, StatementId};
use crate::person::{PersonCard, Role};
use crate::sensitive::SensitiveGroup;
use crate::{Digest, Timestamp};

/// What a release needs in a registry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct Policy {
    /// People other than the submitter who must approve. At least one: 0 counts as 1.
    pub approvals: u32,
    /// One of the approvals must be a governance reviewer's if labels of these groups reach the model,
    /// provided that the registry has a governance reviewer other than the submitter.
    pub governance_groups: BTreeSet<SensitiveGroup>,
}

impl Default for Policy {
    /// One approval; direct identifiers and special categories of the GDPR ask for a governance reviewer.
    fn default() -> Self {
        Self { approvals: 1, governance_groups: [SensitiveGroup::Direct, SensitiveGroup::Special].into() }
    }
}

/// A person of a registry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct Member {
    /// The latest card.
    pub card: PersonCard,
    /// Every key that was ever theirs, revoked ones too.
    pub keys: BTreeSet<String>,
    /// What they may do now.
    pub roles: BTreeSet<Role>,
    /// When they were first admitted.
    pub since: Timestamp,
}

/// A candidate and what was decided on it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct CandidateRecord {
    /// Its identifier.
    pub id: CandidateId,
    /// The model.
    pub model: ModelName,
    /// Digest of its manifest.
    pub bundle: Digest,
    /// What is new, in words.
    pub note: String,
    /// Who submitted it.
    pub submitter: PersonId,
    /// Their name at the time.
    pub submitter_name: String,
    /// The key that signed.
    pub submitter_key: String,
    /// When.
    pub at: Timestamp,
    /// The manifest; `null` if it has not arrived.
    pub manifest: Option<BundleManifest>,
    /// Decisions, oldest first.
    pub decisions: Vec<Decision>,
    /// People whose approval was given as a governance reviewer.
    pub governance_approvals: BTreeSet<PersonId>,
    /// Where it stands.
    pub state: CandidateState,
    /// The version that it became.
    pub version: Option<u64>,
    /// The statements about it, oldest first, by which a version proves itself.
    pub statements: Vec<StatementId>,
}

/// That a version must not be used any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct Withdrawal {
    /// Who said so.
    pub person: PersonId,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

/// A published version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct VersionRecord {
    /// The model.
    pub model: ModelName,
    /// Its number, counted from 1.
    pub version: u64,
    /// The candidate that it was.
    pub candidate: CandidateId,
    /// Digest of its manifest.
    pub bundle: Digest,
    /// Who published it.
    pub publisher: PersonId,
    /// The key that signed, which also signs the bytes.
    pub publisher_key: String,
    /// When.
    pub at: Timestamp,
    /// The statement.
    pub statement: StatementId,
    /// Whether it was withdrawn.
    pub withdrawn: Option<Withdrawal>,
}

/// One move of an alias.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct AliasChange {
    /// The version; `null` if the alias was removed.
    pub version: Option<u64>,
    /// Who.
    pub person: PersonId,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

/// An alias and its history.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct AliasRecord {
    /// The version that it points to now.
    pub version: Option<u64>,
    /// Every move, oldest first.
    pub history: Vec<AliasChange>,
}

/// A statement with the place that it was found in.
#[derive(Debug, Clone, PartialEq)]
pub struct Placed {
    /// The model whose folder holds it; `None` for the registry's own folder.
    pub model: Option<ModelName>,
    /// Digest of its payload.
    pub digest: Digest,
    /// The statement.
    pub statement: Statement,
}

/// A statement that counts for nothing, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Which.
    pub statement: StatementId,
    /// The model whose folder holds it.
    pub model: Option<ModelName>,
    /// Why.
    pub why: ReleaseBlocked,
}

/// Everything that the accepted statements of a registry say.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct RegistryState {
    /// The registry.
    pub id: RegistryId,
    /// What people call it.
    pub name: String,
    /// The key that began it, which a reader may pin.
    pub root_key: Option<String>,
    /// What a release needs.
    pub policy: Policy,
    /// People by id.
    pub people: BTreeMap<PersonId, Member>,
    /// Revoked keys, with the last statement by each that still counts.
    pub revoked: BTreeMap<String, Option<Digest>>,
    /// Candidates by id, which is the order of their submission.
    pub candidates: BTreeMap<CandidateId, CandidateRecord>,
    /// Versions by model and number.
    pub versions: BTreeMap<ModelName, BTreeMap<u64, VersionRecord>>,
    /// Aliases by model and name.
    pub aliases: BTreeMap<ModelName, BTreeMap<String, AliasRecord>>,
}

impl RegistryState {
    /// A registry of which nothing is known yet.
    pub fn empty(id: RegistryId) -> Self {
        Self {
            id,
            name: String::new(),
            root_key: None,
            policy: Policy::default(),
            people: BTreeMap::new(),
            revoked: BTreeMap::new(),
            candidates: BTreeMap::new(),
            versions: BTreeMap::new(),
            aliases: BTreeMap::new(),
        }
    }

    /// The person a key belongs to.
    pub fn holder(&self, key_id: &str) -> Option<&Member> {
        self.people.values().find(|member| member.keys.contains(key_id))
    }

    /// A version, if it was published.
    pub fn version(&self, model: &ModelName, version: u64) -> Option<&VersionRecord> {
        self.versions.get(model)?.get(&version)
    }

    /// The version that an alias points to.
    pub fn aliased(&self, model: &ModelName, alias: &str) -> Option<u64> {
        self.aliases.get(model)?.get(alias)?.version
    }

    /// Aliases that point to a version.
    pub fn aliases_of(&self, model: &ModelName, version: u64) -> Vec<String> {
        let all = self.aliases.get(model).into_iter().flatten();
        all.filter(|(_, record)| record.version == Some(version)).map(|(alias, _)| alias.clone()).collect()
    }

    /// The number that the next version of a model gets.
    pub fn next_version(&self, model: &ModelName) -> u64 {
        self.versions.get(model).and_then(|versions| versions.last_key_value()).map_or(1, |(last, _)| last + 1)
    }
}

//! What the accepted statements of a registry add up to.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{
    BundleManifest, CandidateState, Decision, ModelName, Plan, Policy, ReleaseBlocked, Statement, TrustList,
    TrustedPerson,
};
use crate::gate::GateOutcome;
use crate::id::{CandidateId, PersonId, RegistryId, StatementId};
use crate::person::{PersonCard, Role};
use crate::{Digest, Timestamp};

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

/// A gate that was let go for a candidate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct WaiverRecord {
    /// The gate.
    pub gate: String,
    /// Who let it go.
    pub person: PersonId,
    /// Their name at the time.
    pub name: String,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Timestamp,
    /// Until when; `null` only where it was signed by a program from before waivers had to end.
    pub expires: Option<Timestamp>,
}

/// A question about a candidate, with its answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct Question {
    /// The statement that asks.
    pub id: StatementId,
    /// Who asks or answers.
    pub name: String,
    /// What they say.
    pub text: String,
    /// When.
    pub at: Timestamp,
    /// Answers, oldest first; an answer has none itself.
    pub answers: Vec<Question>,
}

/// What somebody else found when they held a candidate against gates again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct Rejudged {
    /// Who.
    pub name: String,
    /// When.
    pub at: Timestamp,
    /// What the gates said.
    pub gates: Vec<GateOutcome>,
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
    #[serde(with = "shared")]
    #[cfg_attr(feature = "bindings", ts(as = "Option<BundleManifest>"))]
    pub manifest: Option<Arc<BundleManifest>>,
    /// Decisions, oldest first.
    pub decisions: Vec<Decision>,
    /// People whose approval was given as a governance reviewer.
    pub governance_approvals: BTreeSet<PersonId>,
    /// Gates that were let go.
    pub waivers: Vec<WaiverRecord>,
    /// Questions and answers, oldest first.
    pub questions: Vec<Question>,
    /// What others found when they held it against gates again.
    pub rejudged: Vec<Rejudged>,
    /// Where it stands.
    pub state: CandidateState,
    /// The version that it became.
    pub version: Option<u64>,
    /// The statements about it, oldest first.
    pub statements: Vec<StatementId>,
}

impl CandidateRecord {
    /// Whether somebody let a gate go, and that still holds at a time.
    pub fn is_waived(&self, gate: &str, at: Timestamp) -> bool {
        self.waivers.iter().any(|waiver| waiver.gate == gate && waiver.expires.is_none_or(|end| at <= end))
    }
}

/// That a version must not be used any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct Withdrawal {
    /// Who said so.
    pub person: PersonId,
    /// Why.
    pub reason: String,
    /// What to use instead.
    pub replacement: Option<u64>,
    /// When.
    pub at: Timestamp,
}

/// That the bytes of a version were destroyed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct Destruction {
    /// Who said so.
    pub person: PersonId,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

/// That nothing may be published or promoted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct Freeze {
    /// Who said so.
    pub name: String,
    /// Why.
    pub reason: String,
    /// Since when.
    pub at: Timestamp,
}

/// Somebody who asks to be admitted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct JoinRequest {
    /// Their card.
    pub person: PersonCard,
    /// What they ask for, in words.
    pub note: String,
    /// When.
    pub at: Timestamp,
}

/// A version of the trust list that waits for signatures of owners.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct PendingTrust {
    /// Digest of the statement that proposes it.
    pub statement: Digest,
    /// The list.
    pub list: TrustList,
    /// Why.
    pub reason: String,
    /// Names of the owners who signed it.
    pub signed: Vec<String>,
    /// People who signed it.
    pub signers: BTreeSet<PersonId>,
    /// Owners who must sign it.
    pub required: usize,
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
    /// The statements about its candidate that it rests on.
    pub proof: Vec<StatementId>,
    /// Whether it was withdrawn.
    pub withdrawn: Option<Withdrawal>,
    /// That its bytes were destroyed.
    pub destroyed: Option<Destruction>,
}

/// What was done to an alias.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub enum AliasMoveKind {
    /// It was pointed to a version.
    Promoted,
    /// It was pointed back to a version.
    RolledBack,
    /// It was taken away.
    Removed,
}

/// One move of an alias.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct AliasChange {
    /// What was done.
    pub kind: AliasMoveKind,
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
    /// Promotions that were given a time, oldest first. At most the last one still waits.
    #[serde(default)]
    pub plans: Vec<Plan>,
}

/// A manifest is the same for all states that are read of one registry, and large beside them.
mod shared {
    use super::{Arc, BundleManifest, Deserialize, Serialize};
    use serde::{Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(it: &Option<Arc<BundleManifest>>, to: S) -> Result<S::Ok, S::Error> {
        it.as_deref().serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Arc<BundleManifest>>, D::Error> {
        Ok(Option::deserialize(from)?.map(Arc::new))
    }
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
    /// The trust list that holds.
    pub trust: Option<TrustList>,
    /// Digest of the statement that proposed it.
    pub trust_statement: Option<Digest>,
    /// Versions of the trust list that wait for signatures of owners.
    pub pending: Vec<PendingTrust>,
    /// People who ask to be admitted, oldest first.
    pub requests: Vec<JoinRequest>,
    /// That nothing may be published or promoted.
    pub frozen: Option<Freeze>,
    /// What a release needs, from the trust list.
    pub policy: Policy,
    /// People by id, from the trust list.
    pub people: BTreeMap<PersonId, Member>,
    /// Revoked keys, with the last statement by each that still counts, from the trust list.
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
            trust: None,
            trust_statement: None,
            pending: Vec::new(),
            requests: Vec::new(),
            frozen: None,
            policy: Policy::default(),
            people: BTreeMap::new(),
            revoked: BTreeMap::new(),
            candidates: BTreeMap::new(),
            versions: BTreeMap::new(),
            aliases: BTreeMap::new(),
        }
    }

    /// Takes people and policy from a version of the trust list.
    pub(super) fn govern(&mut self, list: &TrustList, statement: Digest) {
        self.name.clone_from(&list.name);
        self.policy = list.policy.clone();
        self.people = list.people.iter().map(|(id, person)| (*id, Member::of(*id, person))).collect();
        let keys = list.people.values().flat_map(|it| &it.keys);
        self.revoked =
            keys.filter_map(|(id, key)| key.revoked.as_ref().map(|revoked| (id.clone(), revoked.last))).collect();
        self.trust = Some(list.clone());
        self.trust_statement = Some(statement);
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

    /// The version that an alias pointed to before the present one, and that may still be used.
    pub fn before(&self, model: &ModelName, alias: &str) -> Option<u64> {
        let record = self.aliases.get(model)?.get(alias)?;
        let usable = |version: &u64| {
            Some(*version) != record.version && self.version(model, *version).is_some_and(|it| it.withdrawn.is_none())
        };
        record.history.iter().rev().skip(1).filter_map(|it| it.version).find(usable)
    }
}

impl Member {
    fn of(id: PersonId, person: &TrustedPerson) -> Self {
        // The newest key that counts stands for the person; a person without one is shown with their newest.
        let newest = person.keys.iter().max_by_key(|(_, key)| (key.revoked.is_none(), key.since));
        let (key_id, public_key) =
            newest.map_or_else(Default::default, |(key_id, key)| (key_id.clone(), key.public_key.clone()));
        Self {
            card: PersonCard { id, name: person.name.clone(), contact: person.contact.clone(), public_key, key_id },
            keys: person.keys.keys().cloned().collect(),
            roles: person.roles.clone(),
            since: person.since,
        }
    }
}

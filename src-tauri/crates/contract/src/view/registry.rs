//! The shared directory and the people it trusts.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use proofmark_domain::id::{CandidateId, PersonId, RegistryId};
use proofmark_domain::person::{LocalPerson, PersonCard, Role};
use proofmark_domain::registry::RegistryReport;
use proofmark_domain::release::Decision;
use proofmark_domain::{Digest, Timestamp};

use super::Permission;

/// A version in the registry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct VersionRow {
    /// The version.
    pub version: u64,
    /// The candidate that it was.
    pub candidate: CandidateId,
    /// Digest of its manifest.
    pub bundle: Digest,
    /// When it was published.
    pub published_at: Timestamp,
    /// By whom.
    pub published_by: String,
    /// Who approved it.
    pub approvals: Vec<Decision>,
    /// Aliases that point to it.
    pub aliases: Vec<String>,
    /// Why it was withdrawn, if it was.
    pub withdrawn: Option<String>,
    /// Where its files lie.
    pub folder: String,
}

/// A move of an alias.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct AliasMove {
    /// The alias.
    pub alias: String,
    /// Where it points from then on.
    pub version: Option<u64>,
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// A model in the registry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct RegistryModel {
    /// Its name.
    pub name: String,
    /// Newest first.
    pub versions: Vec<VersionRow>,
    /// Moves of its aliases, newest first.
    pub alias_moves: Vec<AliasMove>,
}

/// A person in the registry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct RegistryPerson {
    /// The public side.
    pub card: PersonCard,
    /// What they may do.
    pub roles: BTreeSet<Role>,
    /// Short form of the key id in groups of four.
    pub fingerprint: String,
    /// Whether the key was revoked.
    pub revoked: bool,
    /// Whether this person's private key is on this machine.
    pub is_local: bool,
}

/// One property of the file system that the registry lies on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct SelfTestLine {
    /// What was tried.
    pub name: String,
    /// Whether it holds.
    pub holds: bool,
    /// What that means.
    pub meaning: String,
}

/// The registry and where it stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct RegistryView {
    /// Whether a registry is attached.
    pub attached: bool,
    /// The directory.
    pub path: Option<String>,
    /// What people call it.
    pub name: Option<String>,
    /// Its identifier.
    pub id: Option<RegistryId>,
    /// Why it cannot be used now, with what to do.
    pub problem: Option<String>,
    /// Where it stands, in one sentence.
    pub sentence: String,
    /// Models by name.
    pub models: Vec<RegistryModel>,
    /// People by name.
    pub people: Vec<RegistryPerson>,
    /// What the last verification found.
    pub verified: Option<RegistryReport>,
    /// When that was.
    pub verified_at: Option<Timestamp>,
    /// What this file system can promise.
    pub self_test: Vec<SelfTestLine>,
    /// Whether this person may admit others.
    pub may_admit: Permission,
    /// Whether this person may move aliases and withdraw versions.
    pub may_publish: Permission,
}

/// Makes a new registry in an empty directory.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct RegistryCreate {
    /// The directory.
    pub path: String,
    /// What to call it.
    pub name: String,
    /// Opens the key if it lies in an encrypted file.
    #[serde(default)]
    pub passphrase: Option<String>,
}

/// Attaches a registry that exists.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct RegistryAttach {
    /// The directory.
    pub path: String,
    /// Key id or fingerprint of its first owner, if the person has it from them; pins it on attaching.
    #[serde(default)]
    pub owner: Option<String>,
}

/// Admits a person or changes their roles.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct RegistryAdmit {
    /// Who.
    pub person: PersonCard,
    /// What they may do.
    pub roles: BTreeSet<Role>,
    /// Opens the key if it lies in an encrypted file.
    #[serde(default)]
    pub passphrase: Option<String>,
}

/// People whose keys are on this machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct PersonList {
    /// By name.
    pub people: Vec<LocalPerson>,
    /// Whether new keys can go to the operating system's keychain.
    pub keychain: Permission,
}

/// Makes a key for a person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct PersonCreate {
    /// Their name.
    pub name: String,
    /// How to reach them.
    #[serde(default)]
    pub contact: Option<String>,
    /// Protects the key file; at least eight characters. Absent to use the keychain.
    #[serde(default)]
    pub passphrase: Option<String>,
}

/// Names a person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct PersonRef {
    /// The person.
    pub person: PersonId,
}

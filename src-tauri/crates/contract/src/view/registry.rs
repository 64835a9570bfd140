//! The shared directory and the people it trusts.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use proofmark_domain::id::{CandidateId, PersonId, RegistryId};
use proofmark_domain::person::{LocalPerson, PersonCard, Role};
use proofmark_domain::registry::RegistryReport;
use proofmark_domain::release::{AliasMoveKind, Decision, Freeze, Policy};
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
    /// What to use instead of a withdrawn version.
    #[serde(default)]
    #[ts(optional)]
    pub replacement: Option<u64>,
    /// Whether its bytes were destroyed.
    #[serde(default)]
    #[ts(optional, as = "Option<bool>")]
    pub destroyed: bool,
    /// Where its files lie.
    pub folder: String,
}

/// A move of an alias.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct AliasMove {
    /// The alias.
    pub alias: String,
    /// What was done; `null` in documents from before this was told apart.
    #[serde(default)]
    #[ts(optional)]
    pub kind: Option<AliasMoveKind>,
    /// Where it points from then on.
    pub version: Option<u64>,
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// An alias that is, or was, to point to a version from a time on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct PlannedMove {
    /// The alias.
    pub alias: String,
    /// The version.
    pub version: u64,
    /// From when on.
    pub from: Timestamp,
    /// Who planned it.
    pub by: String,
    /// Why.
    pub reason: String,
    /// When they did.
    pub at: Timestamp,
    /// Why it came to nothing, a sentence; `null` while it waits.
    pub ended: Option<String>,
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
    /// Promotions with a time: those that wait, the soonest first, then those that came to nothing, newest first. What took effect is
    /// among the moves.
    #[serde(default)]
    pub planned: Vec<PlannedMove>,
}

/// A key of a person in the registry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct RegistryKey {
    /// The key.
    pub key_id: String,
    /// Short form of the key id in groups of four.
    pub fingerprint: String,
    /// When it was admitted.
    pub since: Timestamp,
    /// When it ends; `null` for never.
    pub expires: Option<Timestamp>,
    /// Why it was revoked, if it was.
    pub revoked: Option<String>,
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
    /// Every key that was ever theirs, newest first.
    #[serde(default)]
    #[ts(optional, as = "Option<Vec<RegistryKey>>")]
    pub keys: Vec<RegistryKey>,
}

/// A version of the trust list that waits for signatures of owners.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct TrustProposal {
    /// By which it is endorsed.
    pub list: Digest,
    /// The version that it would be.
    pub version: u64,
    /// Why.
    pub reason: String,
    /// What it would change, one sentence each.
    pub changes: Vec<String>,
    /// Owners who signed it.
    pub signed: Vec<String>,
    /// Owners who must.
    pub required: u64,
    /// Whether this person may sign it.
    pub may_endorse: Permission,
}

/// Somebody who asks to be admitted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct JoinView {
    /// Who they say they are.
    pub card: PersonCard,
    /// Short form of the key id, to be compared with them by voice.
    pub fingerprint: String,
    /// What they ask for.
    pub note: String,
    /// When.
    pub at: Timestamp,
}

/// The trust list of a registry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct TrustView {
    /// The version that holds.
    pub version: u64,
    /// Short form of the key that began the registry, to be compared by voice.
    pub root_fingerprint: String,
    /// Owners who must sign a change.
    pub owners_needed: u64,
    /// When it ends.
    pub expires: Option<Timestamp>,
    /// What a release needs.
    pub policy: Policy,
    /// The registry's gates in the form of `proofmark.toml`, for people to change.
    #[serde(default)]
    pub gates_text: String,
    /// What waits for signatures of owners.
    pub proposals: Vec<TrustProposal>,
    /// Who asks to be admitted.
    pub requests: Vec<JoinView>,
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
    /// Who is trusted, and how that changes.
    #[serde(default)]
    #[ts(optional)]
    pub trust: Option<TrustView>,
    /// That nothing may be published or promoted.
    #[serde(default)]
    #[ts(optional)]
    pub frozen: Option<Freeze>,
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
    /// The fingerprint that was compared with the person over another way; another card is refused then.
    #[serde(default)]
    #[ts(optional)]
    pub fingerprint: Option<String>,
    /// When the key on the card ends; as before if absent, which is never for a new one.
    #[serde(default)]
    #[ts(optional)]
    pub expires: Option<Timestamp>,
    /// Opens the key if it lies in an encrypted file.
    #[serde(default)]
    pub passphrase: Option<String>,
}

/// Signs a version of the trust list that another owner proposed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct TrustEndorse {
    /// The proposal that was looked at.
    pub list: Digest,
    /// Opens the key if it lies in an encrypted file.
    #[serde(default)]
    pub passphrase: Option<String>,
}

/// Declares a key invalid.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct KeyRevoke {
    /// The key, or the beginning of its id.
    pub key_id: String,
    /// Why.
    pub reason: String,
    /// Nothing that it ever signed counts, instead of what had arrived up to now.
    #[serde(default)]
    pub all: bool,
    /// Opens the key if it lies in an encrypted file.
    #[serde(default)]
    pub passphrase: Option<String>,
}

/// Changes what a registry asks for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct TrustSet {
    /// What a release needs; unchanged if absent.
    #[serde(default)]
    pub policy: Option<Policy>,
    /// Gates in the form of `proofmark.toml`, instead of those of `policy`.
    #[serde(default)]
    #[ts(optional)]
    pub gates_text: Option<String>,
    /// Owners who must sign a change of the trust list; unchanged if absent.
    #[serde(default)]
    pub owners_needed: Option<u32>,
    /// When the trust list ends; unchanged if absent.
    #[serde(default)]
    pub expires: Option<Timestamp>,
    /// Why.
    pub reason: String,
    /// Opens the key if it lies in an encrypted file.
    #[serde(default)]
    pub passphrase: Option<String>,
}

/// Asks to be admitted to a registry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct RegistryJoin {
    /// What is asked for, in words.
    #[serde(default)]
    pub note: String,
    /// Opens the key if it lies in an encrypted file.
    #[serde(default)]
    pub passphrase: Option<String>,
}

/// Stops every publication and promotion, or lets them go on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct RegistryFreeze {
    /// Whether the registry stands still.
    pub frozen: bool,
    /// Why.
    pub reason: String,
    /// Opens the key if it lies in an encrypted file.
    #[serde(default)]
    pub passphrase: Option<String>,
}

/// People whose keys are on this machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct PersonList {
    /// By name.
    pub people: Vec<LocalPerson>,
    /// Whether passphrases can be kept in the operating system's keychain.
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
    /// Protects the key file; at least eight characters.
    #[serde(default)]
    pub passphrase: Option<String>,
    /// Whether the operating system's keychain keeps the passphrase, so that it is not asked for each time.
    #[serde(default)]
    pub keychain: bool,
}

/// Has the operating system's keychain keep the passphrase of a key, or forget it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct KeyKeychain {
    /// The key.
    pub key_id: String,
    /// Whether it is kept.
    pub keep: bool,
    /// The passphrase, which is tried on the key first; needed to keep it.
    #[serde(default)]
    pub passphrase: Option<String>,
}

/// Names a person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct PersonRef {
    /// The person.
    pub person: PersonId,
}

/// Destroys the bytes of a withdrawn version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct VersionDestroy {
    /// The model's name.
    pub model: String,
    /// The version.
    pub version: u64,
    /// Why.
    pub reason: String,
    /// The model's name, typed by the person.
    pub confirm: String,
    /// Opens the key if it lies in an encrypted file.
    #[serde(default)]
    pub passphrase: Option<String>,
}

/// Writes the dossier of a version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct DossierSave {
    /// The model's name.
    pub model: String,
    /// The version.
    pub version: u64,
    /// The file to write: PDF if its name ends so, else HTML.
    pub path: String,
    /// Whether to sign it, beside it as `FILE.sig`.
    #[serde(default)]
    pub sign: bool,
    /// Opens the key if it lies in an encrypted file.
    #[serde(default)]
    pub passphrase: Option<String>,
}

/// Verifies a version and copies it out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct VersionFetch {
    /// The model's name.
    pub model: String,
    /// The version.
    pub version: u64,
    /// The folder in which a new one is made for it.
    pub folder: String,
}

/// Takes away what nobody needs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct RegistryPrune {
    /// Only what lay there for so many days, at least one: what is younger may belong to work that is under way elsewhere.
    pub days: u32,
    /// Opens the key if it lies in an encrypted file.
    #[serde(default)]
    pub passphrase: Option<String>,
}

/// What was taken away.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct RegistryPruned {
    /// Leftovers of unfinished work, as paths in the registry.
    pub leftovers: Vec<String>,
    /// Content that nothing referred to, or only what was rejected or destroyed, as paths in the registry.
    pub objects: Vec<String>,
    /// Bytes of that content.
    pub bytes: u64,
    /// The same in a sentence.
    pub sentence: String,
}

/// Verifies the registry and copies it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct RegistryMirror {
    /// The folder of the copy; a former copy is brought up to date.
    pub path: String,
}

/// Asks how a version is used.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ConsumeQuery {
    /// The model's name.
    pub model: String,
    /// The version.
    pub version: u64,
    /// By this alias instead of the number, if it points there.
    #[serde(default)]
    pub alias: Option<String>,
}

/// How a version is used.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ConsumePage {
    /// The lines for Python, command line and containers, with comments.
    pub text: String,
    /// Manifests of Kubernetes and KServe.
    pub manifests: String,
}

/// Copies the encrypted file of a key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct KeyBackUp {
    /// The key.
    pub key_id: String,
    /// The file to write; it must not exist yet.
    pub path: String,
}

/// Takes a key from a backup.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct KeyRestore {
    /// The backup.
    pub path: String,
    /// What opens it.
    #[serde(default)]
    pub passphrase: Option<String>,
}

/// Names a released version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct VersionRef {
    /// The model's name.
    pub model: String,
    /// The version.
    pub version: u64,
}

/// How it is known that somebody uses a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ConsumerKind {
    /// They took it out of the registry on this machine.
    Fetched,
    /// They stand in a log of predictions that this version answered.
    Logged,
}

/// Somebody who uses a version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Consumer {
    /// How that is known.
    pub kind: ConsumerKind,
    /// The person who took it out, or the caller as the log names them.
    pub name: String,
    /// The folder of the copy, or the log and its project.
    pub place: String,
    /// Times that it was taken out, or predictions; where two versions answered in one window, at most this many.
    pub count: u64,
    /// The last time.
    pub last: Option<Timestamp>,
}

/// Who is known to use a version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ConsumerList {
    /// The last ones first.
    pub consumers: Vec<Consumer>,
    /// In one sentence, with what cannot be known.
    pub sentence: String,
}

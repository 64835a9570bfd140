//! People, their keys and what they may do.

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::id::PersonId;

/// What a person may do in a registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub enum Role {
    /// Admits people and changes their roles.
    Owner,
    /// Submits candidates.
    Submitter,
    /// Approves or rejects candidates of others.
    Approver,
    /// Approves with a view to the use of sensitive data.
    GovernanceReviewer,
    /// Publishes approved candidates and moves aliases.
    Publisher,
}

impl Role {
    /// The role's name, as in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Submitter => "submitter",
            Self::Approver => "approver",
            Self::GovernanceReviewer => "governance_reviewer",
            Self::Publisher => "publisher",
        }
    }
}

/// A person as a registry knows them: name and public key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct PersonCard {
    /// The person's identifier, the same under every key of theirs.
    pub id: PersonId,
    /// What people call them.
    pub name: String,
    /// An e-mail address or any other way to reach them.
    pub contact: Option<String>,
    /// The ECDSA P-256 public key: SubjectPublicKeyInfo as PEM.
    pub public_key: String,
    /// Lower-case hex SHA-256 of that PEM text, the form that OpenSSF Model Signing uses as its hint.
    pub key_id: String,
}

/// What opens the encrypted file in which a private key lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub enum KeyStorage {
    /// A passphrase that the keychain of the operating system keeps.
    Keychain,
    /// A passphrase that a person types.
    EncryptedFile,
}

/// A person whose private key is on this machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct LocalPerson {
    /// The public side.
    pub card: PersonCard,
    /// Short form of the key id, in groups of four, for comparing by voice.
    pub fingerprint: String,
    /// What opens the private key's file.
    pub storage: KeyStorage,
    /// When the key was made.
    pub created_at: Timestamp,
    /// Whether this is the person who acts now.
    pub is_current: bool,
}

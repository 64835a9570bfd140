//! What can go wrong with a registry.

use std::io;

use proofmark_domain::release::ReleaseBlocked;
use thiserror::Error;

use crate::dsse::SignatureError;
use crate::keys::KeyError;
use crate::names::BadPath;

/// Why work on a registry did not succeed. Unless a variant says otherwise, nothing that others see has changed,
/// and the same call can be made again.
#[derive(Debug, Error)]
pub enum RegistryError {
    /// The file system refused.
    #[error("{path}: {what} failed: {source}. What was recorded before stays; try again when the cause is gone")]
    Io {
        /// The file or folder.
        path: String,
        /// What was tried.
        what: &'static str,
        /// The system's reason.
        source: io::Error,
    },
    /// The directory holds no registry.
    #[error("{path} holds no registry: {why}. Choose the folder that contains proofmark-registry.json")]
    NotARegistry {
        /// The directory.
        path: String,
        /// Why.
        why: String,
    },
    /// A registry cannot begin here.
    #[error("{path} already holds a registry; open it instead")]
    AlreadyThere {
        /// The directory.
        path: String,
    },
    /// A newer program wrote this registry.
    #[error(
        "{path} is a registry of format {found}, and this program knows up to {known}. Use a newer Proofmark; nothing was changed"
    )]
    NewerFormat {
        /// The directory.
        path: String,
        /// Its format.
        found: u32,
        /// The newest known.
        known: u32,
    },
    /// The place cannot keep the promises that writing needs.
    #[error("{path} can be read, but not published to: {why}")]
    ReadOnly {
        /// The directory.
        path: String,
        /// Why.
        why: String,
    },
    /// A rule forbids it.
    #[error(transparent)]
    Blocked(#[from] ReleaseBlocked),
    /// A signature does not hold.
    #[error("{path}: {source}")]
    Signature {
        /// The file.
        path: String,
        /// Why.
        source: SignatureError,
    },
    /// A key cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A name that cannot be part of a release.
    #[error(transparent)]
    Name(#[from] BadPath),
    /// Bytes are not what was signed.
    #[error("{path} is damaged: {why}. Nothing was taken from it; `registry verify` lists what mends it")]
    Damaged {
        /// The file.
        path: String,
        /// What differs.
        why: String,
    },
    /// Something is not there yet.
    #[error("{path} has not arrived: {why}. Wait for the folder to be synchronised, then try again")]
    Incomplete {
        /// The file.
        path: String,
        /// What is missing.
        why: String,
    },
    /// Signed by nobody that is trusted.
    #[error("{path} is not trusted: {why}")]
    Untrusted {
        /// The directory or file.
        path: String,
        /// Why.
        why: String,
    },
    /// The input does not fit.
    #[error("{0}")]
    Invalid(String),
    /// A person stopped it.
    #[error("stopped on request; what was recorded before stays, and the same call goes on from there")]
    Cancelled,
}

impl RegistryError {
    pub(crate) fn io(path: impl Into<String>, what: &'static str) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, what, source }
    }
}

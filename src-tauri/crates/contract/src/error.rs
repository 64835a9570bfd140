//! Errors as a client sees them.

use std::fmt;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What sort of error it is. Clients branch on this and on nothing else; a code is added when a client needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// The request is not of the form that the command takes.
    InvalidRequest,
    /// What was asked for does not exist.
    NotFound,
    /// It exists already.
    AlreadyExists,
    /// The operating system does not allow it.
    PermissionDenied,
    /// Another process holds what is needed; trying again may help.
    Busy,
    /// A file cannot be read as what it should be.
    Unreadable,
    /// A disk is full or a device failed.
    Storage,
    /// The ledger was written by a newer version of Proofmark.
    LedgerNewer,
    /// The ledger is damaged.
    LedgerDamaged,
    /// A rule forbids it; the message says which.
    Blocked,
    /// Nobody has been chosen to act: there is no key yet.
    NoIdentity,
    /// The passphrase does not open the key.
    WrongPassphrase,
    /// No registry is attached.
    NoRegistry,
    /// The registry's directory is gone, read-only or unsuitable.
    RegistryUnavailable,
    /// Bytes or signatures are not as they should be.
    VerificationFailed,
    /// A person stopped it.
    Cancelled,
    /// Our fault.
    Internal,
}

/// An error as every client receives it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ErrorBody {
    /// The sort of error.
    pub code: ErrorCode,
    /// What happened to what, and what was kept.
    pub message: String,
    /// What to do next.
    pub hints: Vec<String>,
}

impl ErrorBody {
    /// An error without hints.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), hints: Vec::new() }
    }

    /// Adds what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}

impl fmt::Display for ErrorBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ErrorBody {}

//! Every error of the crates below, as the one form that clients see.

use std::io;
use std::path::Path;

use proofmark_analysis::table::TableError;
use proofmark_contract::{ErrorBody, ErrorCode};
use proofmark_intake::files::{FileError, HashError, LabelError, RootError};
use proofmark_ledger::LedgerError;

/// An error on its way to a client.
#[derive(Debug, Clone)]
pub struct Trouble(pub ErrorBody);

/// What a use case answers.
pub type Answer<T> = Result<T, Trouble>;

impl Trouble {
    /// An error without hints.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self(ErrorBody::new(code, message))
    }

    /// Adds what to do next.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self(self.0.hint(hint))
    }

    /// What was asked for does not exist.
    pub fn not_found(what: impl std::fmt::Display) -> Self {
        Self::new(ErrorCode::NotFound, format!("There is no {what}."))
    }

    /// A person stopped it.
    pub fn cancelled() -> Self {
        Self::new(ErrorCode::Cancelled, "It was stopped. What had been recorded until then is kept.")
    }

    /// Whether a person stopped it.
    pub fn is_cancelled(&self) -> bool {
        self.0.code == ErrorCode::Cancelled
    }
}

impl From<Trouble> for ErrorBody {
    fn from(trouble: Trouble) -> Self {
        trouble.0
    }
}

impl From<ErrorBody> for Trouble {
    fn from(body: ErrorBody) -> Self {
        Self(body)
    }
}

impl std::fmt::Display for Trouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl std::error::Error for Trouble {}

/// A sentence: capital first, full stop last.
pub(crate) fn sentence(text: &str) -> String {
    let text = text.trim();
    let mut letters = text.chars();
    let Some(first) = letters.next() else { return String::new() };
    // A path or an identifier in front keeps its case.
    let starts_with_word = text.split_whitespace().next().is_some_and(|word| word.chars().all(char::is_lowercase));
    let mut sentence: String =
        if starts_with_word { first.to_uppercase().chain(letters).collect() } else { text.to_owned() };
    if !sentence.ends_with(['.', '?', '!']) {
        sentence.push('.');
    }
    sentence
}

/// A failure of the file system, with the file and what was being done.
pub(crate) fn io_trouble(doing: &str, path: &Path, error: &io::Error) -> Trouble {
    let code = match error.kind() {
        io::ErrorKind::NotFound => ErrorCode::NotFound,
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => ErrorCode::PermissionDenied,
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => ErrorCode::Storage,
        _ => ErrorCode::Unreadable,
    };
    Trouble::new(code, format!("{} {} failed: {error}.", sentence(doing).trim_end_matches('.'), path.display()))
}

impl From<LedgerError> for Trouble {
    fn from(error: LedgerError) -> Self {
        let code = match &error {
            LedgerError::NewerVersion { .. } => ErrorCode::LedgerNewer,
            LedgerError::Damaged { .. } | LedgerError::NotALedger { .. } | LedgerError::NotAFile { .. } => {
                ErrorCode::LedgerDamaged
            }
            LedgerError::Busy { .. } => ErrorCode::Busy,
            LedgerError::PermissionDenied { .. } => ErrorCode::PermissionDenied,
            LedgerError::DiskFull { .. } | LedgerError::NetworkFileSystem { .. } | LedgerError::Io { .. } => {
                ErrorCode::Storage
            }
            _ => ErrorCode::Internal,
        };
        Self::new(code, sentence(&error.to_string()))
    }
}

impl From<RootError> for Trouble {
    fn from(error: RootError) -> Self {
        let code = match &error {
            RootError::NotFound { .. } => ErrorCode::NotFound,
            RootError::PermissionDenied { .. } => ErrorCode::PermissionDenied,
            RootError::AlreadyAProject { .. } => ErrorCode::AlreadyExists,
            RootError::Unreadable { .. } => ErrorCode::Unreadable,
            _ => ErrorCode::InvalidRequest,
        };
        Self::new(code, sentence(&error.to_string()))
    }
}

impl From<FileError> for Trouble {
    fn from(error: FileError) -> Self {
        match error {
            FileError::Cancelled => Self::cancelled(),
            other => Self::new(ErrorCode::Unreadable, sentence(&other.to_string()))
                .hint("Nothing recorded was lost. Check that the folder is there and readable, then scan again."),
        }
    }
}

impl From<HashError> for Trouble {
    fn from(error: HashError) -> Self {
        match error {
            HashError::Cancelled { .. } => Self::cancelled(),
            HashError::Vanished { .. } => Self::new(ErrorCode::NotFound, sentence(&error.to_string())),
            HashError::PermissionDenied { .. } => Self::new(ErrorCode::PermissionDenied, sentence(&error.to_string())),
            _ => Self::new(ErrorCode::Unreadable, sentence(&error.to_string())),
        }
    }
}

impl From<LabelError> for Trouble {
    fn from(error: LabelError) -> Self {
        Self::new(ErrorCode::InvalidRequest, sentence(&error.to_string()))
    }
}

impl From<proofmark_analysis::facade::FacadeError> for Trouble {
    fn from(error: proofmark_analysis::facade::FacadeError) -> Self {
        use proofmark_analysis::facade::{DriftError, FacadeError, SensitiveError};
        match error {
            FacadeError::Table(error) => error.into(),
            FacadeError::Sensitive(SensitiveError::Cancelled) | FacadeError::Drift(DriftError::Cancelled) => {
                Self::cancelled()
            }
            FacadeError::Drift(error @ (DriftError::UnknownColumn { .. } | DriftError::BadOption { .. })) => {
                Self::new(ErrorCode::InvalidRequest, sentence(&error.to_string()))
            }
            other => Self::new(ErrorCode::Internal, sentence(&other.to_string())),
        }
    }
}

impl From<proofmark_registry::KeyError> for Trouble {
    fn from(error: proofmark_registry::KeyError) -> Self {
        use proofmark_registry::KeyError;
        let code = match &error {
            KeyError::WrongPassphrase { .. } => ErrorCode::WrongPassphrase,
            KeyError::WeakPassphrase { .. } | KeyError::Unusable { .. } => ErrorCode::InvalidRequest,
            KeyError::Missing { .. } => ErrorCode::NotFound,
            KeyError::AlreadyThere { .. } => ErrorCode::AlreadyExists,
            _ => ErrorCode::Storage,
        };
        Self::new(code, sentence(&error.to_string()))
    }
}

impl From<proofmark_registry::RegistryError> for Trouble {
    fn from(error: proofmark_registry::RegistryError) -> Self {
        use proofmark_registry::RegistryError;
        let code = match &error {
            RegistryError::Cancelled => return Self::cancelled(),
            RegistryError::Key(_) => {
                let RegistryError::Key(key) = error else { return Self::cancelled() };
                return key.into();
            }
            RegistryError::Blocked(_) => ErrorCode::Blocked,
            RegistryError::NotARegistry { .. } => ErrorCode::NotFound,
            RegistryError::AlreadyThere { .. } => ErrorCode::AlreadyExists,
            RegistryError::Signature { .. } | RegistryError::Damaged { .. } | RegistryError::Untrusted { .. } => {
                ErrorCode::VerificationFailed
            }
            RegistryError::Name(_) | RegistryError::Invalid(_) | RegistryError::NewerFormat { .. } => {
                ErrorCode::InvalidRequest
            }
            _ => ErrorCode::RegistryUnavailable,
        };
        Self::new(code, sentence(&error.to_string()))
    }
}

impl From<TableError> for Trouble {
    fn from(error: TableError) -> Self {
        if matches!(error, TableError::Cancelled) {
            return Self::cancelled();
        }
        Self::new(ErrorCode::Unreadable, sentence(&error.to_string()))
    }
}

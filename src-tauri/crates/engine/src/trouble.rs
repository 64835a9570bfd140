//! Every error of the crates below, as the one form that clients see.

mod blocked;

use std::io;
use std::path::Path;

use proofmark_analysis::facade::{QuarantineError, SketchError};
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
    ///
    /// What may be done about errors of this kind in general is its hint, until [`Trouble::hint`] names something better.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        let body = ErrorBody::new(code, plain(&message.into()));
        Self(match general_hint(code) {
            Some(hint) => body.hint(hint),
            None => body,
        })
    }

    /// Says what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hints.retain(|it| Some(it.as_str()) != general_hint(self.0.code));
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

/// What may be done about errors of a kind, where nothing better is known.
const fn general_hint(code: ErrorCode) -> Option<&'static str> {
    Some(match code {
        ErrorCode::InvalidRequest => "Change what the message names, and try again.",
        ErrorCode::NotFound => "Check the spelling, and whether it was moved or its disk is connected.",
        ErrorCode::AlreadyExists => "Use what is there, or choose another name or place.",
        ErrorCode::PermissionDenied => "Give your user the right to it, or choose another place.",
        ErrorCode::Busy => "Wait until the other Proofmark has finished, then try again.",
        ErrorCode::Unreadable => "Look whether the file is complete, and write it again where it came from.",
        ErrorCode::Storage => "Check the place and its free space, then try again. What was recorded is kept.",
        ErrorCode::LedgerNewer => "Use the newer Proofmark, or name another folder with --home.",
        ErrorCode::LedgerDamaged => "Put a backup in its place, or name another folder with --home.",
        ErrorCode::Blocked => "What the message names has to change first, or somebody else has to do it.",
        ErrorCode::NoIdentity => "Make a key under Settings, People; on the command line: proofmark key create.",
        ErrorCode::WrongPassphrase => {
            "Try again. A passphrase that is lost cannot be found again; make a new key instead."
        }
        ErrorCode::NoRegistry => {
            "Create or attach one under Registry; on the command line: proofmark registry init DIR."
        }
        ErrorCode::RegistryUnavailable => "Check that its folder is connected and writable, then try again.",
        ErrorCode::VerificationFailed => "Verify the registry to see what is damaged and what mends it.",
        ErrorCode::Internal => "Please report it, with what you did and the message above.",
        ErrorCode::Cancelled => return None,
    })
}

/// Without the numbers that operating systems give to their errors, which say nothing to a person.
pub(crate) fn plain(message: &str) -> String {
    let mut text = message.to_owned();
    while let Some(begin) = text.find(" (os error ") {
        let Some(length) = text[begin..].find(')') else { break };
        text.replace_range(begin..=begin + length, "");
    }
    text
}

/// A sentence: capital first, full stop last.
pub(crate) fn sentence(text: &str) -> String {
    let text = text.trim();
    let Some(first) = text.chars().next() else { return String::new() };
    // A path or an identifier in front keeps its case.
    let starts_with_word = text.split_whitespace().next().is_some_and(|word| word.chars().all(char::is_lowercase));
    let text = plain(text);
    let mut letters = text.chars();
    letters.next();
    let mut sentence: String =
        if starts_with_word { first.to_uppercase().chain(letters).collect() } else { text.clone() };
    if !sentence.ends_with(['.', '?', '!']) {
        sentence.push('.');
    }
    sentence
}

/// A failure of the file system, with the file and what was being done.
pub(crate) fn io_trouble(doing: &str, path: &Path, error: &io::Error) -> Trouble {
    let code = match error.kind() {
        io::ErrorKind::AlreadyExists => {
            let why = format!("{} is there already. It was left as it is.", path.display());
            return Trouble::new(ErrorCode::AlreadyExists, why);
        }
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
        use proofmark_analysis::facade::{DriftError, FacadeError, ProxyError, SensitiveError};
        match error {
            FacadeError::Table(error) => error.into(),
            FacadeError::Sensitive(SensitiveError::Cancelled)
            | FacadeError::Drift(DriftError::Cancelled)
            | FacadeError::Proxy(ProxyError::Cancelled) => Self::cancelled(),
            FacadeError::Proxy(error @ ProxyError::NoColumn { .. }) => {
                Self::new(ErrorCode::InvalidRequest, sentence(&error.to_string()))
            }
            FacadeError::Drift(error @ (DriftError::UnknownColumn { .. } | DriftError::BadOption { .. })) => {
                Self::new(ErrorCode::InvalidRequest, sentence(&error.to_string()))
            }
            other => Self::new(ErrorCode::Internal, sentence(&other.to_string())),
        }
    }
}

impl From<proofmark_scoring::ScoringError> for Trouble {
    fn from(error: proofmark_scoring::ScoringError) -> Self {
        use proofmark_scoring::ScoringError;
        let hint = match &error {
            ScoringError::Unsupported { .. } | ScoringError::Unprepared(_) => {
                Some("Its own runtime can answer behind a gateway: proofmark gateway.")
            }
            ScoringError::ExternalData(_) => Some("Export the model with its weights in one file."),
            _ => None,
        };
        let code = match &error {
            ScoringError::Input(_) | ScoringError::TooLarge { .. } => ErrorCode::InvalidRequest,
            _ => ErrorCode::Unreadable,
        };
        let trouble = Self::new(code, sentence(&format!("The model cannot be evaluated here: {error}")));
        match hint {
            Some(hint) => trouble.hint(hint),
            None => trouble,
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
        let trouble = Self::new(code, sentence(&error.to_string()));
        match &error {
            RegistryError::Blocked(why) => trouble.hint(blocked::next_step(why)),
            RegistryError::Io { source, .. } => match blocked::of_place(source.kind()) {
                Some(hint) => trouble.hint(hint),
                None => trouble,
            },
            RegistryError::ReadOnly { .. } => trouble.hint(
                "Mend what it says: free space, ask for the right to write, or connect the share for writing. Reading and verifying stay possible.",
            ),
            RegistryError::NotARegistry { .. } => trouble.hint("Begin one there with proofmark registry init, or name another folder."),
            // What has not arrived is said with what to do about it; that the folder be connected is no help then.
            RegistryError::Incomplete { .. } => {
                trouble.hint("See `proofmark registry verify` for everything that is missing. If its owner says that it was restored from an older copy on purpose: proofmark registry attach DIR takes it as it is now.")
            }
            _ => trouble,
        }
    }
}

impl From<SketchError> for Trouble {
    fn from(error: SketchError) -> Self {
        let code = match &error {
            SketchError::Io { source, .. } => match source.kind() {
                io::ErrorKind::NotFound => ErrorCode::NotFound,
                io::ErrorKind::PermissionDenied => ErrorCode::PermissionDenied,
                _ => ErrorCode::Unreadable,
            },
            SketchError::NotASketch { .. } | SketchError::Differ { .. } => ErrorCode::Unreadable,
        };
        Self::new(code, sentence(&error.to_string()))
    }
}

impl From<QuarantineError> for Trouble {
    fn from(error: QuarantineError) -> Self {
        match error {
            QuarantineError::Table(error) => error.into(),
            QuarantineError::Write { path, source } if source.kind() == io::ErrorKind::AlreadyExists => Self::new(
                ErrorCode::AlreadyExists,
                format!("{} is there already, and nothing is overwritten. Nothing was set aside.", path.display()),
            )
            .hint("Name another folder, or move the file away."),
            QuarantineError::Write { path, source } => io_trouble("writing", &path, &source),
        }
    }
}

impl From<TableError> for Trouble {
    fn from(error: TableError) -> Self {
        let code = match &error {
            TableError::Cancelled => return Self::cancelled(),
            TableError::SeveralTables { .. } | TableError::NoSuchPart { .. } => ErrorCode::InvalidRequest,
            TableError::Unreadable { source, .. } => match source.kind() {
                io::ErrorKind::NotFound => ErrorCode::NotFound,
                io::ErrorKind::PermissionDenied => ErrorCode::PermissionDenied,
                _ => ErrorCode::Unreadable,
            },
            _ => ErrorCode::Unreadable,
        };
        // Most begin with the name of the file, which keeps its case.
        let text = error.to_string();
        Self::new(code, if text.starts_with("the ") { sentence(&text) } else { text })
    }
}

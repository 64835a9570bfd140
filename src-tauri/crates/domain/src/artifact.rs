//! Content-addressed files, and the paths that label them.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Digest, Timestamp};

/// What an artifact is for. Decided by its content; the name of the file breaks ties only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub enum ArtifactKind {
    /// A table or other data that a model may be trained on or applied to.
    Dataset,
    /// Source code.
    Code,
    /// A notebook: code with its outputs.
    Notebook,
    /// A trained model or a part of one.
    Model,
    /// Settings and parameters.
    Config,
    /// A description of packages: lock files, requirements, container files.
    Environment,
    /// Logged predictions, a UUID each.
    PredictionLog,
    /// Measured results written by a run.
    Metrics,
    /// Text and pictures for people.
    Document,
    /// A container of other files that is not itself one of the above.
    Archive,
    /// Anything else.
    Other,
}

impl ArtifactKind {
    /// Every kind, in the order in which people meet them.
    pub const ALL: [Self; 11] = [
        Self::Dataset,
        Self::Code,
        Self::Notebook,
        Self::Model,
        Self::Config,
        Self::Environment,
        Self::PredictionLog,
        Self::Metrics,
        Self::Document,
        Self::Archive,
        Self::Other,
    ];

    /// The word that stands in the ledger and in documents.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Dataset => "dataset",
            Self::Code => "code",
            Self::Notebook => "notebook",
            Self::Model => "model",
            Self::Config => "config",
            Self::Environment => "environment",
            Self::PredictionLog => "prediction_log",
            Self::Metrics => "metrics",
            Self::Document => "document",
            Self::Archive => "archive",
            Self::Other => "other",
        }
    }

    /// Reads the word back.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// A path inside a project, with `/` between its parts on every platform.
///
/// File names need not be Unicode. A byte that is not part of valid UTF-8 is written `\xHH` and a backslash in a name
/// is written `\\`, so that every file has exactly one label and the label leads back to the file.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS), ts(type = "string"))]
pub struct RelPath(String);

impl RelPath {
    /// Takes a label that was made by the platform's path reader or read back from the ledger.
    pub fn new(label: impl Into<String>) -> Self {
        Self(label.into())
    }

    /// The label.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last part of the path.
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// The lower-case ending of the file name without its dot, or an empty text.
    pub fn extension(&self) -> String {
        match self.file_name().rsplit_once('.') {
            Some((stem, ending)) if !stem.is_empty() => ending.to_lowercase(),
            _ => String::new(),
        }
    }
}

impl fmt::Display for RelPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for RelPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

impl From<&str> for RelPath {
    fn from(label: &str) -> Self {
        Self::new(label)
    }
}

/// One file of a project as the last scan saw it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct FileFacts {
    /// Where it lies in the project.
    pub path: RelPath,
    /// SHA-256 of its bytes.
    pub digest: Digest,
    /// What it is for.
    pub kind: ArtifactKind,
    /// Media type found from the content, such as `text/csv` or `application/vnd.apache.parquet`.
    pub media_type: String,
    /// Bytes.
    pub size: u64,
    /// When the file system says it was last written.
    pub modified: Timestamp,
}

/// Why a file was left out of a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub enum SkipCause {
    /// No permission to read it.
    PermissionDenied,
    /// A symbolic link that leaves the project.
    LinkLeavesProject,
    /// A symbolic link that leads back to one of its own parents.
    LinkLoops,
    /// A symbolic link to nothing.
    LinkBroken,
    /// A FIFO, socket or device: reading it could wait for ever.
    NotARegularFile,
    /// It changed again and again while it was read.
    ChangedWhileRead,
    /// It went away between listing and reading.
    Vanished,
    /// Another project watches this folder.
    BelongsToOtherProject,
    /// Any other failure of the file system.
    Unreadable,
}

/// A file or folder that a scan could not record, and why. The rest of the scan goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct Skipped {
    /// Where it lies in the project.
    pub path: RelPath,
    /// The kind of reason.
    pub cause: SkipCause,
    /// The reason in words.
    pub reason: String,
}

/// What happened to a path between two scans.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub enum Change {
    /// The path is new.
    Added,
    /// The path holds other bytes than before.
    Changed,
    /// The same bytes lie under another path than before.
    Moved,
    /// Nothing lies there any more; the history stays.
    Deleted,
}

/// One change of one path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct PathChange {
    /// The path, the new one for a move.
    pub path: RelPath,
    /// What happened.
    pub change: Change,
    /// Where the bytes lay before, for a move.
    pub moved_from: Option<RelPath>,
    /// The bytes now; for a deletion, the bytes that were there.
    pub digest: Digest,
    /// What it is for.
    pub kind: ArtifactKind,
    /// When the scan saw it.
    pub seen_at: Timestamp,
}

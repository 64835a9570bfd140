//! Files and their history.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use proofmark_domain::artifact::{ArtifactKind, FileFacts, PathChange};
use proofmark_domain::check::CheckVerdict;
use proofmark_domain::id::{ProjectId, RunId};
use proofmark_domain::{Basis, Confidence};

/// Asks for files.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct FileQuery {
    /// The project.
    pub project: ProjectId,
    /// Of this kind only.
    #[serde(default)]
    pub kind: Option<ArtifactKind>,
    /// Whose path contains this text, whatever its case.
    #[serde(default)]
    pub text: Option<String>,
    /// Rows to pass over.
    #[serde(default)]
    pub offset: u64,
    /// Rows to return at most; 1,000 if absent.
    #[serde(default)]
    pub limit: Option<u64>,
}

/// A file in a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct FileRow {
    /// The file.
    pub facts: FileFacts,
    /// Versions known under this path.
    pub versions: u64,
    /// Newest verdict, for data sets.
    pub verdict: Option<CheckVerdict>,
    /// Labels of sensitive data found in it.
    pub labels: Vec<String>,
}

/// Some of the files.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct FilePage {
    /// Files that fit the question.
    pub total: u64,
    /// Those asked for, by path.
    pub files: Vec<FileRow>,
}

/// A run as a file sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct RunLink {
    /// The run.
    pub run: RunId,
    /// What people call it.
    pub name: String,
    /// How the edge is known.
    pub basis: Basis,
    /// How sure it is.
    pub confidence: Confidence,
}

/// Everything about one path.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct FileView {
    /// The file now; `null` if it was deleted.
    pub facts: Option<FileFacts>,
    /// Its absolute path.
    pub absolute: String,
    /// What happened to the path, newest first.
    pub history: Vec<PathChange>,
    /// Runs that wrote these bytes.
    pub written_by: Vec<RunLink>,
    /// Runs that read these bytes.
    pub read_by: Vec<RunLink>,
    /// Other paths of the same project that hold the same bytes.
    pub same_bytes: Vec<String>,
    /// The beginning of a text file that is neither data nor sensitive, for reading.
    pub preview: Option<String>,
}

/// Asks what changed lately.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ChangeQuery {
    /// The project; all if absent.
    #[serde(default)]
    pub project: Option<ProjectId>,
    /// At most so many; 100 if absent.
    #[serde(default)]
    pub limit: Option<u64>,
}

/// What changed lately.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ChangeList {
    /// Newest first.
    pub changes: Vec<ChangeRow>,
}

/// One change with its project.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ChangeRow {
    /// The project.
    pub project: ProjectId,
    /// Its name.
    pub project_name: String,
    /// The change.
    pub change: PathChange,
}

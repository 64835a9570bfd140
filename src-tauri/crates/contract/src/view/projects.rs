//! Watched folders.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use proofmark_domain::Timestamp;
use proofmark_domain::artifact::{ArtifactKind, Skipped};
use proofmark_domain::id::{JobId, ProjectId};
use proofmark_domain::project::{Project, WatchState};

/// Adds a folder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ProjectAdd {
    /// The folder.
    pub path: String,
    /// What to call it; the folder's name if absent.
    #[serde(default)]
    pub name: Option<String>,
}

/// Renames a project.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ProjectRename {
    /// The project.
    pub project: ProjectId,
    /// Its new name.
    pub name: String,
}

/// Pauses or resumes watching.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ProjectPause {
    /// The project.
    pub project: ProjectId,
    /// Whether to pause.
    pub paused: bool,
}

/// Files of one kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct KindCount {
    /// The kind.
    pub kind: ArtifactKind,
    /// Files present.
    pub count: u64,
    /// Their bytes.
    pub size: u64,
}

/// A project and where it stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ProjectView {
    /// The project.
    pub project: Project,
    /// Whether and how it is watched.
    pub state: WatchState,
    /// Why it is not watched as it should be, with what to do.
    pub problem: Option<String>,
    /// Files by kind.
    pub kinds: Vec<KindCount>,
    /// Runs known.
    pub runs: u64,
    /// Data sets whose newest check failed.
    pub failed_datasets: u64,
    /// What the last scan left out, with reasons.
    pub skipped: Vec<Skipped>,
    /// When something last changed.
    pub last_change: Option<Timestamp>,
    /// The scan at work now.
    pub scanning: Option<JobId>,
    /// What this folder is, in one sentence.
    pub sentence: String,
}

/// All projects.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ProjectList {
    /// By name.
    pub projects: Vec<ProjectView>,
}

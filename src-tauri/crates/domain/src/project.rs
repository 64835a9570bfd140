//! A watched folder.

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::id::ProjectId;

/// Whether and how a project's folder is watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub enum WatchState {
    /// Changes appear by themselves.
    Watching,
    /// The file system gives no events, so the folder is looked through every few seconds.
    Polling,
    /// A person paused it.
    Paused,
    /// The folder is gone or not readable at the moment. Nothing recorded was lost.
    Unreachable,
    /// No process of ours is watching now: the window is closed and no `proofmark watch` runs.
    Idle,
}

/// A folder whose files are recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct Project {
    /// Its identifier.
    pub id: ProjectId,
    /// What people call it.
    pub name: String,
    /// The absolute path of the folder.
    pub root: String,
    /// When it was added.
    pub added_at: Timestamp,
    /// Whether a person paused watching.
    pub paused: bool,
    /// When a scan last finished.
    pub last_scan: Option<Timestamp>,
    /// Whether it is the sample that ships with the application.
    pub is_sample: bool,
}

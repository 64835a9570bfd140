//! The state of the code: commit, branch, and what differs from it.
//!
//! A repository is read, never asked: its configuration can name programs (filters, a file system monitor, an external
//! diff, hooks), and git itself would run them. Here the configuration of the repository is not even believed, files are
//! compared by their bytes, and no process is started.

mod diff;
mod tags;
mod worktree;

use std::path::{Path, PathBuf};

use gix::bstr::ByteSlice as _;
use proofmark_domain::Timestamp;
use proofmark_domain::run::CodeState;
use thiserror::Error;

pub use tags::{Tag, tags};

/// A repository that cannot be read.
#[derive(Debug, Error)]
pub enum GitError {
    /// The repository is damaged, or has a format that is not known.
    #[error("the git repository {} cannot be read: {why}. The run is recorded without its commit; `git fsck` may say more", root.display())]
    Unreadable {
        /// The folder that holds `.git`.
        root: PathBuf,
        /// What is wrong.
        why: String,
    },
}

/// The state of the code in a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepositoryState {
    /// The folder that holds `.git`.
    pub root: PathBuf,
    /// The commit that is checked out; `None` before the first one.
    pub commit: Option<String>,
    /// Its branch; `None` if no branch is checked out.
    pub branch: Option<String>,
    /// Who wrote the commit, as `Name <address>`.
    pub author: Option<String>,
    /// When it was committed.
    pub committed_at: Option<Timestamp>,
    /// The first line of its message.
    pub summary: Option<String>,
    /// Whether tracked files differ from the commit; `None` if some could not be compared.
    pub dirty: Option<bool>,
    /// The paths that differ, with `/` between their parts, in order.
    pub changed: Vec<String>,
    /// The difference as a unified diff; `None` if nothing differs.
    pub diff: Option<String>,
    /// Whether the difference was cut at the limit.
    pub diff_is_cut: bool,
}

impl RepositoryState {
    /// The same as the record of a run keeps it.
    pub fn to_code_state(&self) -> CodeState {
        CodeState {
            commit: self.commit.clone(),
            branch: self.branch.clone(),
            dirty: self.dirty,
            path: None,
            diff: self.diff.clone(),
        }
    }
}

/// Reads the state of the repository that contains `dir`, looking in the folders above it as git does.
///
/// The diff holds at most `max_diff_bytes` bytes. Files that git does not track are no part of it. A file under Git LFS is
/// compared by the digest in its pointer, and one with other line ends than its commit counts as unchanged.
/// Answers `None` if no folder on the way up holds a repository.
///
/// # Errors
///
/// [`GitError::Unreadable`] if there is a repository and it is damaged.
pub fn code_state(dir: &Path, max_diff_bytes: usize) -> Result<Option<RepositoryState>, GitError> {
    let start = std::fs::canonicalize(dir).unwrap_or_else(|_| dir.to_owned());
    let Some(root) = start.ancestors().find(|folder| is_repository(&folder.join(".git"))) else { return Ok(None) };
    let failed = |why: String| GitError::Unreadable { root: root.to_owned(), why };
    let repository = open(root).map_err(|error| failed(error.to_string()))?;
    let mut state = RepositoryState {
        root: root.to_owned(),
        commit: None,
        branch: None,
        author: None,
        committed_at: None,
        summary: None,
        dirty: None,
        changed: Vec::new(),
        diff: None,
        diff_is_cut: false,
    };
    let head = repository.head().map_err(|error| failed(error.to_string()))?;
    state.branch = head.referent_name().map(|name| name.shorten().to_string());
    if head.is_unborn() {
        return Ok(Some(state));
    }
    let commit = repository.head_commit().map_err(|error| failed(error.to_string()))?;
    state.commit = Some(commit.id.to_string());
    state.author = commit
        .author()
        .ok()
        .map(|author| format!("{} <{}>", author.name.to_str_lossy().trim(), author.email.to_str_lossy().trim()));
    state.committed_at = commit.time().ok().map(|time| Timestamp::from_ms(time.seconds.saturating_mul(1000)));
    state.summary = commit
        .message_raw()
        .ok()
        .and_then(|message| message.lines().next().map(|line| line.to_str_lossy().trim().to_owned()));
    let compared = worktree::compare(&repository, &commit, root).map_err(failed)?;
    state.dirty = if !compared.changes.is_empty() { Some(true) } else { (!compared.incomplete).then_some(false) };
    let mut text = diff::Limited::new(max_diff_bytes);
    for change in &compared.changes {
        state.changed.push(change.path.to_str_lossy().into_owned());
        diff::write(change, &mut text);
    }
    state.diff_is_cut = text.is_cut();
    let text = text.into_text();
    state.diff = (!text.is_empty()).then_some(text);
    Ok(Some(state))
}

/// A folder `.git`, or the file that stands for it in a linked worktree or submodule.
fn is_repository(path: &Path) -> bool {
    path.join("HEAD").symlink_metadata().is_ok()
        || path.symlink_metadata().is_ok_and(|metadata| metadata.is_file() && metadata.len() < 4096)
}

/// Opens a repository without believing its configuration, that of the user, or the environment.
pub(super) fn open(root: &Path) -> gix::Result<gix::Repository> {
    let options = gix::open::Options::isolated().with(gix::sec::Trust::Reduced).strict_config(false);
    gix::open_opts(root, options)
}

#[cfg(test)]
mod tests;

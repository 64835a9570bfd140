//! What a run was made of, beside what lies there now.

use serde::{Deserialize, Serialize};

use crate::Digest;
use crate::artifact::{ArtifactKind, RelPath};
use crate::run::{EdgeRole, Run};

/// What has become of something since a run read or wrote it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub enum InputState {
    /// The same bytes lie under the same path.
    Same,
    /// Other bytes lie there now.
    Changed,
    /// The bytes lie under another path, and nothing lies under this one.
    Moved,
    /// Nothing lies there any more.
    Deleted,
    /// Which bytes it was is not known, so nobody can tell.
    Unknown,
}

/// One file of a run, then and now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct InputThenNow {
    /// Its path then.
    pub path: RelPath,
    /// What it is for.
    pub kind: ArtifactKind,
    /// What it was to the run.
    pub role: EdgeRole,
    /// Whether the run wrote it; otherwise it read it.
    pub written: bool,
    /// Its bytes then.
    pub then: Option<Digest>,
    /// The bytes that lie under the path now.
    pub now: Option<Digest>,
    /// Where the bytes of then lie now, if elsewhere.
    pub lies_at: Option<RelPath>,
    /// The difference in one word.
    pub state: InputState,
}

/// Compares what a run read and wrote with what lies there now.
///
/// `at` tells the bytes under a path now, `where_is` a path under which bytes lie now.
pub fn then_and_now(
    run: &Run,
    at: &dyn Fn(&RelPath) -> Option<Digest>,
    where_is: &dyn Fn(&Digest) -> Option<RelPath>,
) -> Vec<InputThenNow> {
    let edges = run.inputs.iter().map(|edge| (edge, false)).chain(run.outputs.iter().map(|edge| (edge, true)));
    edges
        .map(|(edge, written)| {
            let now = at(&edge.path);
            let lies_at = edge.digest.as_ref().and_then(where_is).filter(|path| *path != edge.path);
            let state = match (&edge.digest, &now) {
                (None, None) => InputState::Deleted,
                (None, Some(_)) => InputState::Unknown,
                (Some(then), Some(now)) if then == now => InputState::Same,
                (Some(_), None) if lies_at.is_some() => InputState::Moved,
                (Some(_), None) => InputState::Deleted,
                (Some(_), Some(_)) => InputState::Changed,
            };
            InputThenNow {
                path: edge.path.clone(),
                kind: edge.kind,
                role: edge.role,
                written,
                then: edge.digest,
                now,
                lies_at: lies_at.filter(|_| state != InputState::Same),
                state,
            }
        })
        .collect()
}

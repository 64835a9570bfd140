//! Data sets that are held back, and what that and failed checks mean for everything downstream.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use proofmark_domain::hold::{HoldState, HoldWord};
use proofmark_domain::id::ProjectId;
use proofmark_domain::lineage::NodeId;
use proofmark_domain::{Confidence, Digest};

/// Holds a version of a data set back, or releases it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct HoldDecide {
    /// The project.
    pub project: ProjectId,
    /// The data set.
    pub path: String,
    /// The bytes; those that lie there now if absent.
    #[serde(default)]
    pub digest: Option<Digest>,
    /// What is decided.
    pub state: HoldState,
    /// Why.
    pub reason: String,
}

/// A version of a data set about which was decided.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct HoldRow {
    /// The project.
    pub project: ProjectId,
    /// Its name.
    pub project_name: String,
    /// The path under which it was decided.
    pub path: String,
    /// The bytes.
    pub digest: Digest,
    /// Every path of the project under which these bytes lie now.
    pub lies_at: Vec<String>,
    /// What was decided last.
    pub word: HoldWord,
}

/// Versions of data sets about which was decided.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct HoldList {
    /// In one sentence.
    pub sentence: String,
    /// Those that are held first, then the newest first.
    pub holds: Vec<HoldRow>,
}

/// What is the matter with a data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum TroubleKind {
    /// It is held back.
    Held,
    /// It failed its checks.
    Failed,
    /// It cannot be read as a table.
    Unreadable,
}

/// That a data set is in trouble, on one node of the graph: the data set itself, or something that was made from it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct NodeTrouble {
    /// The node.
    pub node: NodeId,
    /// The node of the data set; the same if it is the data set itself.
    pub origin: NodeId,
    /// The path of the data set.
    pub dataset: String,
    /// What is the matter.
    pub kind: TroubleKind,
    /// Why, in one sentence.
    pub why: String,
    /// How sure it is that the node was made from it.
    pub confidence: Confidence,
}

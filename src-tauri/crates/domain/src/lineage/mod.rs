//! One graph of artifacts and runs, and the questions asked of it.

mod columns;
mod index;
mod labels;
mod origin;
mod then_now;

pub use columns::{EdgeColumns, Ends, RunColumns, columns_of};
pub use index::GraphIndex;
pub use origin::{ColumnOrigin, ColumnSource};
pub use then_now::{InputState, InputThenNow, then_and_now};

use serde::{Deserialize, Serialize};

use crate::artifact::ArtifactKind;
use crate::id::RunId;
use crate::sensitive::CarriedLabel;
use crate::{Basis, Confidence, Digest};

/// What stands at a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
#[allow(missing_docs, reason = "the kinds of artifacts, documented there, and the run")]
pub enum NodeKind {
    Dataset,
    Code,
    Notebook,
    Model,
    Config,
    Environment,
    PredictionLog,
    Metrics,
    Document,
    Archive,
    Other,
    Run,
}

impl From<ArtifactKind> for NodeKind {
    fn from(kind: ArtifactKind) -> Self {
        match kind {
            ArtifactKind::Dataset => Self::Dataset,
            ArtifactKind::Code => Self::Code,
            ArtifactKind::Notebook => Self::Notebook,
            ArtifactKind::Model => Self::Model,
            ArtifactKind::Config => Self::Config,
            ArtifactKind::Environment => Self::Environment,
            ArtifactKind::PredictionLog => Self::PredictionLog,
            ArtifactKind::Metrics => Self::Metrics,
            ArtifactKind::Document => Self::Document,
            ArtifactKind::Archive => Self::Archive,
            ArtifactKind::Other => Self::Other,
        }
    }
}

/// A node's name in the graph: `run_<uuid>` for a run, `art_<hex>` for bytes that are known by their digest,
/// `path_<path>` for a file whose bytes are not known.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS), ts(type = "string"))]
pub struct NodeId(pub String);

impl NodeId {
    /// The node of a run.
    pub fn run(run: RunId) -> Self {
        Self(run.to_string())
    }

    /// The node of a file: by its digest when it is known, else by its path.
    pub fn file(digest: Option<&Digest>, path: &str) -> Self {
        digest.map_or_else(|| Self(format!("path_{path}")), |digest| Self(format!("art_{}", digest.hex())))
    }
}

/// A thing in the graph.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct Node {
    /// Its name in the graph.
    pub id: NodeId,
    /// What it is.
    pub kind: NodeKind,
    /// What people call it: the path of a file, the name of a run.
    pub label: String,
    /// The bytes, for a file whose bytes are known.
    pub digest: Option<Digest>,
    /// Every path of the project under which these bytes lie now, `label` among them if it does; empty for runs.
    #[serde(default)]
    pub paths: Vec<String>,
    /// Labels of sensitive data, its own and those carried to it.
    pub labels: Vec<CarriedLabel>,
    /// Whether the file still lies there with these bytes; `true` for runs.
    pub present: bool,
}

/// A column that became a column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct ColumnEdge {
    /// The column read.
    pub from: String,
    /// The column written.
    pub to: String,
    /// How it is known.
    pub basis: Basis,
    /// How sure it is.
    #[serde(default = "certain")]
    pub confidence: Confidence,
    /// Whether it only decides which value a row gets, as a mask does, and is none of the values: what OpenLineage calls
    /// indirect and conditional. Of an edge into a run always `false`.
    #[serde(default)]
    pub decides: bool,
}

const fn certain() -> Confidence {
    Confidence::CERTAIN
}

/// One piece of evidence for or against an edge that was inferred.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct Reason {
    /// Its kind: `code`, `time`, `name`, `features`, `class`, `framework`, `digest`, `command`, `notebook`, `rivals`, `person`.
    pub name: String,
    /// Log-odds that it adds; negative speaks against the edge.
    pub weight: f64,
    /// What was found, in one sentence.
    pub why: String,
}

/// A fact that something went into something.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct Edge {
    /// Upstream end.
    pub from: NodeId,
    /// Downstream end.
    pub to: NodeId,
    /// The run that makes the edge.
    pub run: Option<RunId>,
    /// How it is known.
    pub basis: Basis,
    /// How sure it is.
    pub confidence: Confidence,
    /// Why it is believed, in words.
    pub evidence: String,
    /// The reasons for and against, for an edge that was inferred.
    #[serde(default)]
    pub reasons: Vec<Reason>,
    /// Columns, as far as known. Between a file and a run, `to` is the name that the column has inside the run: its own name,
    /// or `path:name` where two inputs have a column of this name that go different ways.
    pub columns: Vec<ColumnEdge>,
    /// Whether `columns` is complete: a column that is not listed does not pass. If `false`, every column may have passed.
    #[serde(default)]
    pub columns_known: bool,
}

/// Which way to look from a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub enum Direction {
    /// To what it came from.
    Up,
    /// To what became of it.
    Down,
    /// Both.
    Both,
}

/// The graph or a part of it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct Graph {
    /// Nodes by name.
    pub nodes: Vec<Node>,
    /// Edges.
    pub edges: Vec<Edge>,
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn node(id: &str, kind: NodeKind) -> Node {
        Node {
            id: NodeId(id.into()),
            kind,
            label: id.into(),
            digest: None,
            paths: vec![],
            labels: vec![],
            present: true,
        }
    }

    pub(super) fn edge(from: &str, to: &str) -> Edge {
        Edge {
            from: NodeId(from.into()),
            to: NodeId(to.into()),
            run: None,
            basis: Basis::Observed,
            confidence: Confidence::CERTAIN,
            evidence: String::new(),
            reasons: vec![],
            columns: vec![],
            columns_known: false,
        }
    }

    pub(super) fn line() -> Graph {
        Graph {
            nodes: vec![
                node("raw", NodeKind::Dataset),
                node("prepare", NodeKind::Run),
                node("clean", NodeKind::Dataset),
                node("train", NodeKind::Run),
                node("model", NodeKind::Model),
                node("sibling", NodeKind::Model),
            ],
            edges: vec![
                edge("raw", "prepare"),
                edge("prepare", "clean"),
                edge("clean", "train"),
                edge("train", "model"),
                edge("train", "sibling"),
                // A run that rewrites its own input.
                edge("prepare", "raw"),
            ],
        }
    }
}

//! Questions about lineage, and what people say about what was inferred.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;

use proofmark_domain::artifact::ArtifactKind;
use proofmark_domain::environment::PackageDifference;
use proofmark_domain::id::{ProjectId, RunId};
use proofmark_domain::inference::Way;
use proofmark_domain::lineage::{ColumnOrigin, Direction, Edge, InputThenNow, Node, NodeId};
use proofmark_domain::{Confidence, Digest, Timestamp};

/// Asks for a part of the graph.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct LineageQuery {
    /// The project.
    pub project: ProjectId,
    /// A path, a digest, a run or a node; the whole project if absent.
    #[serde(default)]
    pub focus: Option<String>,
    /// Which way to look.
    pub direction: Direction,
    /// Edges to walk at most.
    #[serde(default)]
    pub depth: Option<u32>,
    /// Whether to show code and configuration, or only data, runs and models.
    #[serde(default)]
    pub data_only: bool,
    /// Leaves out edges that are less sure than this, 0..1.
    #[serde(default)]
    pub least_confidence: Option<f64>,
}

/// A part of the graph.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct LineageView {
    /// The node in focus.
    pub focus: Option<NodeId>,
    /// The graph.
    pub graph: proofmark_domain::lineage::Graph,
    /// Nodes of the whole project.
    pub total_nodes: u64,
    /// Whether the answer was cut because it was too large to show.
    pub truncated: bool,
    /// Data sets in trouble, on each node of `graph` that they are or that was made from them. Those on the data sets
    /// themselves first.
    pub troubles: Vec<super::NodeTrouble>,
}

/// Asks how one thing came to another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct LineageWayQuery {
    /// The project.
    pub project: ProjectId,
    /// Where it begins: a path, a digest, a run or a node.
    pub from: String,
    /// Where it ends.
    pub to: String,
}

/// How one thing came to another: the surest way, and the shortest of those.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct LineageWay {
    /// Whether there is a way, and how sure it is, in one sentence.
    pub sentence: String,
    /// Where it begins. The two are exchanged if data flows only the other way.
    pub from: NodeId,
    /// Where it ends.
    pub to: NodeId,
    /// The nodes on the way, in order; empty if there is none.
    pub nodes: Vec<Node>,
    /// The edges on the way, in order.
    pub edges: Vec<Edge>,
    /// The confidence of its weakest edge.
    pub confidence: Option<Confidence>,
}

/// Asks for the columns of one node.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct LineageColumnsQuery {
    /// The project.
    pub project: ProjectId,
    /// A path, a digest or a node.
    pub what: String,
}

/// Where the columns of a table, or the features of a model, came from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct LineageColumns {
    /// What is known, in one sentence.
    pub sentence: String,
    /// The node.
    pub node: NodeId,
    /// Its columns or features, in order.
    pub columns: Vec<ColumnOrigin>,
    /// Columns of data further up that are not known to have been left out on the way, as `dataset` and `column`.
    pub possible: Vec<(String, String)>,
}

/// What a run was made of, beside what lies there now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ThenNowView {
    /// The run.
    pub run: RunId,
    /// Its name.
    pub name: String,
    /// What differs, in one sentence.
    pub sentence: String,
    /// The files of the run itself, what it read first.
    pub files: Vec<InputThenNow>,
    /// The files of the runs above it, by run, nearest first.
    pub above: Vec<ThenNowAbove>,
}

/// A run above another, then and now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ThenNowAbove {
    /// The run.
    pub run: RunId,
    /// Its name.
    pub name: String,
    /// Its files.
    pub files: Vec<InputThenNow>,
}

/// Asks what changed between two versions of something, such as two model files or two digests of one path.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct OriginCompareQuery {
    /// The project.
    pub project: ProjectId,
    /// The earlier: a path, a digest or a node.
    pub before: String,
    /// The later.
    pub after: String,
}

/// One side of a comparison.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct OriginSide {
    /// The node.
    pub node: NodeId,
    /// Its path.
    pub label: String,
    /// Its bytes.
    pub digest: Option<Digest>,
    /// The run that made it, the surest if several may have.
    pub run: Option<RunId>,
    /// The name of that run.
    pub run_name: Option<String>,
    /// When it ended.
    pub ended: Option<Timestamp>,
}

/// A file that differs between two origins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct OriginFile {
    /// Its path.
    pub path: String,
    /// What it is for.
    pub kind: ArtifactKind,
    /// Its bytes above the earlier; `null` if it is not there.
    pub before: Option<Digest>,
    /// Its bytes above the later.
    pub after: Option<Digest>,
    /// Whether bytes are known on every side on which it stands.
    pub known: bool,
}

/// A value that differs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct OriginValue {
    /// Its name.
    pub name: String,
    /// Its earlier value.
    pub before: Option<Value>,
    /// Its later value.
    pub after: Option<Value>,
}

/// What changed between two versions: everything above them that differs, and only that.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct OriginDifference {
    /// What changed, in one sentence.
    pub sentence: String,
    /// The earlier.
    pub before: OriginSide,
    /// The later.
    pub after: OriginSide,
    /// Data that differs.
    pub data: Vec<OriginFile>,
    /// Code, notebooks and settings that differ.
    pub code: Vec<OriginFile>,
    /// Parameters of the run, or of the model itself where no run recorded any.
    pub parameters: Vec<OriginValue>,
    /// Metrics.
    pub metrics: Vec<OriginValue>,
    /// Packages.
    pub packages: Vec<PackageDifference>,
    /// What could not be compared, and why.
    pub unknown: Vec<String>,
    /// Files that are the same on both sides.
    pub same: u64,
}

/// A form in which lineage is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum LineageFormat {
    /// OpenLineage 2-0-2 events, a JSON object a line.
    Openlineage,
    /// Entities of Apache Atlas v2, for its bulk endpoint.
    Atlas,
    /// The classifications that Apache Atlas must know before those entities.
    AtlasTypes,
    /// W3C PROV-JSON.
    Prov,
    /// A Mermaid flow chart.
    Mermaid,
    /// A Graphviz graph.
    Dot,
    /// A drawing.
    Svg,
    /// The same as pixels.
    Png,
}

/// Writes a part of the graph to a file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct LineageExport {
    /// Which part.
    pub query: LineageQuery,
    /// In which form.
    pub format: LineageFormat,
    /// The file to write; a place in the person's documents folder if absent.
    #[serde(default)]
    pub to: Option<String>,
}

/// What a person says about one file of an inferred run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct EdgeStatement {
    /// Whether it is about reading or writing.
    pub way: Way,
    /// The file.
    pub path: String,
    /// Whether it is so.
    pub right: bool,
}

/// Confirms or corrects an inferred run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct RunCorrect {
    /// The run.
    pub run: RunId,
    /// What is said, file by file.
    pub statements: Vec<EdgeStatement>,
    /// The script that ran instead, relative to the project; that of the run if absent.
    #[serde(default)]
    pub script: Option<String>,
    /// Why, for those who read it later.
    #[serde(default)]
    pub reason: String,
}

//! One graph of artifacts and runs, and the questions asked of it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

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
    /// Labels of sensitive data, its own and those carried to it.
    pub labels: Vec<CarriedLabel>,
    /// Whether the file still lies there with these bytes; `true` for runs.
    pub present: bool,
}

/// A column that became a column.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct ColumnEdge {
    /// The column read.
    pub from: String,
    /// The column written.
    pub to: String,
    /// How it is known.
    pub basis: Basis,
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
    /// Columns, as far as known.
    pub columns: Vec<ColumnEdge>,
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

/// Which nodes an edge leads to from a node, in each direction.
struct Neighbours<'g> {
    up: BTreeMap<&'g NodeId, Vec<&'g NodeId>>,
    down: BTreeMap<&'g NodeId, Vec<&'g NodeId>>,
}

impl Graph {
    fn neighbours(&self) -> Neighbours<'_> {
        let mut neighbours = Neighbours { up: BTreeMap::new(), down: BTreeMap::new() };
        for edge in &self.edges {
            neighbours.down.entry(&edge.from).or_default().push(&edge.to);
            neighbours.up.entry(&edge.to).or_default().push(&edge.from);
        }
        neighbours
    }

    /// The nodes that are reached from `focus`, it included, and the edges between them.
    ///
    /// `depth` limits the number of edges walked; `None` walks to the end. Looking both ways means everything upstream and
    /// everything downstream, not the siblings that share a parent. A cycle, such as a file read and written by one run, ends.
    pub fn closure(&self, focus: &NodeId, direction: Direction, depth: Option<usize>) -> Self {
        let neighbours = self.neighbours();
        let mut reached: BTreeSet<&NodeId> = BTreeSet::new();
        let Some(start) = self.nodes.iter().map(|node| &node.id).find(|id| *id == focus) else {
            return Self::default();
        };
        let ways: &[&BTreeMap<&NodeId, Vec<&NodeId>>] = match direction {
            Direction::Up => &[&neighbours.up],
            Direction::Down => &[&neighbours.down],
            Direction::Both => &[&neighbours.up, &neighbours.down],
        };
        for way in ways {
            let mut seen: BTreeSet<&NodeId> = BTreeSet::from([start]);
            let mut queue = VecDeque::from([(start, 0usize)]);
            while let Some((node, walked)) = queue.pop_front() {
                if depth.is_some_and(|limit| walked >= limit) {
                    continue;
                }
                for next in way.get(node).into_iter().flatten() {
                    if seen.insert(next) {
                        queue.push_back((next, walked + 1));
                    }
                }
            }
            reached.extend(seen);
        }
        Self {
            nodes: self.nodes.iter().filter(|node| reached.contains(&node.id)).cloned().collect(),
            edges: self
                .edges
                .iter()
                .filter(|edge| reached.contains(&edge.from) && reached.contains(&edge.to))
                .cloned()
                .collect(),
        }
    }

    /// Carries the labels of data downstream to everything that was made from it.
    ///
    /// A label travels over every edge whose columns are unknown. Where the columns of an edge are known, it travels only if
    /// its column is among them, and takes the name of the column that it became.
    pub fn carry_labels(&mut self) {
        let mut carried: BTreeMap<NodeId, BTreeSet<CarriedLabel>> =
            self.nodes.iter().map(|node| (node.id.clone(), node.labels.iter().cloned().collect())).collect();
        let mut downstream: BTreeMap<&NodeId, Vec<&Edge>> = BTreeMap::new();
        for edge in &self.edges {
            downstream.entry(&edge.from).or_default().push(edge);
        }
        let mut queue: VecDeque<NodeId> =
            carried.iter().filter(|(_, labels)| !labels.is_empty()).map(|(id, _)| id.clone()).collect();
        while let Some(id) = queue.pop_front() {
            let labels = carried.get(&id).cloned().unwrap_or_default();
            for edge in downstream.get(&id).into_iter().flatten() {
                let target = carried.entry(edge.to.clone()).or_default();
                let before = target.len();
                target.extend(labels.iter().filter(|label| edge.carries(label)).cloned());
                if target.len() > before {
                    queue.push_back(edge.to.clone());
                }
            }
        }
        for node in &mut self.nodes {
            node.labels = carried.remove(&node.id).unwrap_or_default().into_iter().collect();
        }
    }
}

impl Edge {
    fn carries(&self, label: &CarriedLabel) -> bool {
        self.columns.is_empty() || self.columns.iter().any(|column| column.from == label.column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sensitive::SensitiveGroup;

    fn node(id: &str, kind: NodeKind) -> Node {
        Node { id: NodeId(id.into()), kind, label: id.into(), digest: None, labels: vec![], present: true }
    }

    fn edge(from: &str, to: &str) -> Edge {
        Edge {
            from: NodeId(from.into()),
            to: NodeId(to.into()),
            run: None,
            basis: Basis::Observed,
            confidence: Confidence::CERTAIN,
            evidence: String::new(),
            columns: vec![],
        }
    }

    fn line() -> Graph {
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

    fn names(graph: &Graph) -> Vec<&str> {
        graph.nodes.iter().map(|node| node.id.0.as_str()).collect()
    }

    #[test]
    fn up_and_down_end_in_spite_of_a_cycle() {
        let graph = line();
        let model = NodeId("model".into());
        assert_eq!(names(&graph.closure(&model, Direction::Up, None)), ["raw", "prepare", "clean", "train", "model"]);
        assert_eq!(names(&graph.closure(&model, Direction::Up, Some(1))), ["train", "model"], "one edge only");
        assert_eq!(
            names(&graph.closure(&NodeId("clean".into()), Direction::Down, None)),
            ["clean", "train", "model", "sibling"]
        );
        assert!(graph.closure(&NodeId("nowhere".into()), Direction::Both, None).nodes.is_empty());
    }

    #[test]
    fn a_label_reaches_every_model_made_from_its_column() {
        let mut graph = line();
        let label = |column: &str| CarriedLabel {
            label: "email".into(),
            group: SensitiveGroup::Direct,
            column: column.into(),
            dataset: "raw".into(),
        };
        graph.nodes[0].labels = vec![label("mail"), label("backup_mail")];
        graph.edges[2].columns = vec![ColumnEdge { from: "mail".into(), to: "mail".into(), basis: Basis::Inferred }];
        graph.carry_labels();
        let of = |id: &str| graph.nodes.iter().find(|node| node.id.0 == id).map(|node| node.labels.len());
        assert_eq!(of("clean"), Some(2), "nothing is known about columns before the cleaning, so both labels travel");
        assert_eq!(of("model"), Some(1), "training is known to read `mail` only");
    }
}

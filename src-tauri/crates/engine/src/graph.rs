//! The graph of a project, from what the ledger holds.

use std::collections::{BTreeMap, BTreeSet};

use proofmark_domain::Digest;
use proofmark_domain::lineage::{Edge, Graph, Node, NodeId, NodeKind};
use proofmark_domain::project::Project;
use proofmark_domain::run::{Run, RunEdge};
use proofmark_domain::sensitive::CarriedLabel;
use proofmark_ledger::{Read, ReportKind};

use crate::Engine;
use crate::screen::labels_in;
use crate::trouble::Answer;

/// The graph with the labels of sensitive data carried to everything that was made from it.
pub(crate) struct ProjectGraph {
    pub(crate) graph: Graph,
    pub(crate) runs: Vec<Run>,
}

impl ProjectGraph {
    /// The node of a path as it is now; of a path that is gone, as it was last.
    pub(crate) fn node_of_path(&self, path: &str) -> Option<&Node> {
        let of_path = |node: &&Node| node.kind != NodeKind::Run && node.label == path;
        self.graph.nodes.iter().filter(of_path).max_by_key(|node| node.present)
    }

    pub(crate) fn node(&self, id: &NodeId) -> Option<&Node> {
        self.graph.nodes.iter().find(|node| node.id == *id)
    }

    /// What a person may have meant: a node, a path, a digest or its beginning, a run or its name.
    pub(crate) fn find(&self, what: &str) -> Option<NodeId> {
        let digits = what.strip_prefix("sha256:").unwrap_or(what);
        let exact = self.graph.nodes.iter().find(|node| node.id.0 == what).map(|node| &node.id);
        let by_path = || self.node_of_path(what).map(|node| &node.id);
        let by_digest = || {
            let hex = digits.len() >= 6 && digits.bytes().all(|b| b.is_ascii_hexdigit());
            let fits = |node: &&Node| {
                hex && node.digest.is_some_and(|digest| digest.hex().starts_with(&digits.to_lowercase()))
            };
            self.graph.nodes.iter().find(fits).map(|node| &node.id)
        };
        let by_run = || {
            self.graph.nodes.iter().find(|node| node.kind == NodeKind::Run && node.label == what).map(|node| &node.id)
        };
        exact.or_else(by_path).or_else(by_digest).or_else(by_run).cloned()
    }
}

impl Engine {
    pub(crate) fn project_graph(&self, project: &Project) -> Answer<ProjectGraph> {
        self.ledger().read(|read| build(read, project))
    }
}

fn build(read: &Read<'_>, project: &Project) -> Answer<ProjectGraph> {
    let runs = read.runs().of_project(project.id)?;
    let files = read.files().of_project(project.id)?;
    let mut nodes: BTreeMap<NodeId, Node> = BTreeMap::new();
    for state in &files {
        let facts = &state.facts;
        let id = NodeId::file(Some(&facts.digest), facts.path.as_str());
        nodes.entry(id.clone()).or_insert_with(|| Node {
            id,
            kind: facts.kind.into(),
            label: facts.path.as_str().to_owned(),
            digest: Some(facts.digest),
            labels: Vec::new(),
            present: true,
        });
    }
    let mut edges = Vec::new();
    for run in &runs {
        let id = NodeId::run(run.id);
        nodes.insert(
            id.clone(),
            Node {
                id: id.clone(),
                kind: NodeKind::Run,
                label: run.name.clone(),
                digest: None,
                labels: Vec::new(),
                present: true,
            },
        );
        for input in &run.inputs {
            let file = node_of(input, &mut nodes);
            edges.push(edge_of(input, file, id.clone(), run));
        }
        for output in &run.outputs {
            let file = node_of(output, &mut nodes);
            edges.push(edge_of(output, id.clone(), file, run));
        }
    }
    // Files that no run touched stay out of the graph, but for data and models, whose missing history is worth seeing.
    let touched: BTreeSet<&NodeId> = edges.iter().flat_map(|edge| [&edge.from, &edge.to]).collect();
    nodes.retain(|id, node| {
        touched.contains(id)
            || matches!(node.kind, NodeKind::Dataset | NodeKind::Model | NodeKind::PredictionLog | NodeKind::Run)
    });
    let with_digest: Vec<(NodeId, Digest, String)> =
        nodes.values().filter_map(|node| Some((node.id.clone(), node.digest?, node.label.clone()))).collect();
    let heads = read.reports().newest_heads(ReportKind::Sensitive, with_digest.iter().map(|(_, digest, _)| digest))?;
    let decisions = read.decisions().standing(project.id, None)?;
    for ((id, _, label), head) in with_digest.into_iter().zip(heads) {
        let Some(head) = head else { continue };
        let decided: Vec<_> = decisions.iter().filter(|it| it.decision.about.path.as_str() == label).collect();
        let found = labels_in(&head.summary, &decided);
        if let Some(node) = nodes.get_mut(&id) {
            node.labels = found
                .into_iter()
                .map(|it| CarriedLabel { label: it.label, group: it.group, column: it.column, dataset: label.clone() })
                .collect();
        }
    }
    let mut graph = Graph { nodes: nodes.into_values().collect(), edges };
    graph.carry_labels();
    Ok(ProjectGraph { graph, runs })
}

fn node_of(edge: &RunEdge, nodes: &mut BTreeMap<NodeId, Node>) -> NodeId {
    let id = NodeId::file(edge.digest.as_ref(), edge.path.as_str());
    nodes.entry(id.clone()).or_insert_with(|| Node {
        id: id.clone(),
        kind: edge.kind.into(),
        label: edge.path.as_str().to_owned(),
        digest: edge.digest,
        labels: Vec::new(),
        present: false,
    });
    id
}

fn edge_of(edge: &RunEdge, from: NodeId, to: NodeId, run: &Run) -> Edge {
    Edge {
        from,
        to,
        run: Some(run.id),
        basis: edge.basis,
        confidence: edge.confidence,
        evidence: edge.evidence.clone(),
        columns: Vec::new(),
    }
}

/// The least confidence on the surest way from `from` to each node downstream of it.
pub(crate) fn confidence_downstream(graph: &Graph, from: &NodeId) -> BTreeMap<NodeId, f64> {
    let mut down: BTreeMap<&NodeId, Vec<(&NodeId, f64)>> = BTreeMap::new();
    for edge in &graph.edges {
        down.entry(&edge.from).or_default().push((&edge.to, edge.confidence.get()));
    }
    let mut best: BTreeMap<NodeId, f64> = BTreeMap::from([(from.clone(), 1.0)]);
    let mut queue = vec![from.clone()];
    while let Some(node) = queue.pop() {
        let so_far = best.get(&node).copied().unwrap_or(0.0);
        for (next, confidence) in down.get(&node).into_iter().flatten() {
            let through = so_far.min(*confidence);
            if best.get(*next).is_none_or(|known| through > *known) {
                best.insert((*next).clone(), through);
                queue.push((*next).clone());
            }
        }
    }
    best.remove(from);
    best
}

/// Kinds that a person sees when they ask for data only.
pub(crate) const fn is_main_kind(kind: NodeKind) -> bool {
    matches!(kind, NodeKind::Dataset | NodeKind::Model | NodeKind::PredictionLog | NodeKind::Run)
}

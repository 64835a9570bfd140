//! The graph of a project, from what the ledger holds. Made once for each state of the ledger, and kept.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proofmark_domain::artifact::ArtifactKind;
use proofmark_domain::id::ProjectId;
use proofmark_domain::lineage::{
    ColumnEdge, Direction, Edge, EdgeColumns, Ends, Graph, GraphIndex, Node, NodeId, NodeKind, RunColumns, columns_of,
};
use proofmark_domain::model::ModelFacts;
use proofmark_domain::profile::TableProfile;
use proofmark_domain::project::Project;
use proofmark_domain::run::{Run, RunEdge};
use proofmark_domain::sensitive::CarriedLabel;
use proofmark_domain::{Confidence, Digest};
use proofmark_ledger::{Read, ReportKind, Tag};
use serde_json::Value;

use crate::infer::SourceShelf;
use crate::screen::labels_in;
use crate::trouble::Answer;
use crate::{Engine, lock};

/// The graph with the labels of sensitive data carried to everything that was made from it.
pub(crate) struct ProjectGraph {
    pub(crate) graph: Graph,
    pub(crate) index: GraphIndex,
    pub(crate) runs: Vec<Run>,
}

/// Graphs by project, each with the position in the ledger's change log up to which it is known to hold.
pub(crate) type Graphs = BTreeMap<ProjectId, (i64, Arc<ProjectGraph>)>;

/// Parts of the ledger that graphs are made of.
const MADE_OF: [Tag; 6] = [Tag::Projects, Tag::Files, Tag::Versions, Tag::Runs, Tag::Reports, Tag::Decisions];

impl ProjectGraph {
    /// The node of a path as it is now; of a path that is gone, as it was last.
    pub(crate) fn node_of_path(&self, path: &str) -> Option<&Node> {
        let is_file = |node: &&Node| node.kind != NodeKind::Run;
        let lies = self.graph.nodes.iter().filter(is_file).find(|node| node.paths.iter().any(|it| it == path));
        lies.or_else(|| {
            self.graph.nodes.iter().filter(is_file).filter(|node| node.label == path).max_by_key(|node| node.present)
        })
    }

    pub(crate) fn node(&self, id: &NodeId) -> Option<&Node> {
        self.index.place(id).and_then(|at| self.graph.nodes.get(at as usize))
    }

    /// The least confidence on the surest way from `from` to each node downstream of it.
    pub(crate) fn confidence_below(&self, from: &NodeId) -> BTreeMap<&NodeId, f64> {
        self.index.confidence_below(&self.graph, from)
    }

    pub(crate) fn closure(&self, id: &NodeId, direction: Direction, depth: Option<usize>) -> Graph {
        self.graph.closure_by(&self.index, id, direction, depth)
    }

    /// What a person may have meant: a node, a path, a digest or its beginning, a run or its name.
    pub(crate) fn find(&self, what: &str) -> Option<NodeId> {
        let digits = what.strip_prefix("sha256:").unwrap_or(what);
        let exact = self.node(&NodeId(what.to_owned())).map(|node| &node.id);
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
    /// The graph of a project as the ledger is now. Made anew only if something that it is made of was written since.
    pub(crate) fn project_graph(&self, project: &Project) -> Answer<Arc<ProjectGraph>> {
        let now = self.ledger().latest_seq()?;
        let kept = lock(&self.0.graphs).get(&project.id).cloned();
        if let Some((seen, graph)) = kept {
            let changes = if seen == now { Vec::new() } else { self.ledger().changes_since(seen)? };
            if !changes.iter().any(|change| change.tags.iter().any(|tag| MADE_OF.contains(tag))) {
                lock(&self.0.graphs).insert(project.id, (now, Arc::clone(&graph)));
                return Ok(graph);
            }
        }
        let graph = Arc::new(self.ledger().read(|read| build(read, project))?);
        lock(&self.0.graphs).insert(project.id, (now, Arc::clone(&graph)));
        Ok(graph)
    }
}

fn build(read: &Read<'_>, project: &Project) -> Answer<ProjectGraph> {
    let runs = read.runs().of_project(project.id)?;
    let mut nodes = present_nodes(read, project, &runs)?;
    let mut edges = Vec::new();
    let mut columns = Columns::default();
    for run in &runs {
        let id = NodeId::run(run.id);
        nodes.insert(
            id.clone(),
            Node {
                id: id.clone(),
                kind: NodeKind::Run,
                label: run.name.clone(),
                digest: None,
                paths: Vec::new(),
                labels: Vec::new(),
                present: true,
            },
        );
        let known = columns.of_run(read, run)?;
        for (input, columns) in run.inputs.iter().zip(known.inputs) {
            let file = node_of(input, &mut nodes);
            edges.push(edge_of(input, file, id.clone(), run, columns));
        }
        for (output, columns) in run.outputs.iter().zip(known.outputs) {
            let file = node_of(output, &mut nodes);
            edges.push(edge_of(output, id.clone(), file, run, columns));
        }
    }
    // Files that no run touched stay out of the graph, but for data and models, whose missing history is worth seeing.
    let touched: BTreeSet<&NodeId> = edges.iter().flat_map(|edge| [&edge.from, &edge.to]).collect();
    nodes.retain(|id, node| {
        touched.contains(id)
            || matches!(node.kind, NodeKind::Dataset | NodeKind::Model | NodeKind::PredictionLog | NodeKind::Run)
    });
    label(read, project, &mut nodes)?;
    let mut graph = Graph { nodes: nodes.into_values().collect(), edges };
    graph.carry_labels();
    Ok(ProjectGraph { index: GraphIndex::new(&graph), graph, runs })
}

/// A node for the bytes of every file that lies there. Of several paths the one that a run wrote names it.
fn present_nodes(read: &Read<'_>, project: &Project, runs: &[Run]) -> Answer<BTreeMap<NodeId, Node>> {
    let written: BTreeSet<(&str, Digest)> = runs
        .iter()
        .flat_map(|run| &run.outputs)
        .filter(|edge| edge.confidence.get() > 0.5)
        .filter_map(|edge| Some((edge.path.as_str(), edge.digest?)))
        .collect();
    let mut nodes: BTreeMap<NodeId, Node> = BTreeMap::new();
    for state in &read.files().of_project(project.id)? {
        let facts = &state.facts;
        let id = NodeId::file(Some(&facts.digest), facts.path.as_str());
        let path = facts.path.as_str().to_owned();
        let node = nodes.entry(id.clone()).or_insert_with(|| Node {
            id,
            kind: facts.kind.into(),
            label: path.clone(),
            digest: Some(facts.digest),
            paths: Vec::new(),
            labels: Vec::new(),
            present: true,
        });
        if written.contains(&(path.as_str(), facts.digest)) && !written.contains(&(node.label.as_str(), facts.digest)) {
            node.label.clone_from(&path);
        }
        node.paths.push(path);
    }
    Ok(nodes)
}

/// Puts the labels of sensitive data on the nodes of the data in which they were found.
fn label(read: &Read<'_>, project: &Project, nodes: &mut BTreeMap<NodeId, Node>) -> Answer<()> {
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
                .map(|it| CarriedLabel {
                    label: it.label,
                    group: it.group,
                    reached_as: vec![it.column.clone()],
                    column: it.column,
                    dataset: label.clone(),
                    exact: true,
                })
                .collect();
        }
    }
    Ok(())
}

/// Columns of tables and features of models, each looked up once.
#[derive(Default)]
struct Columns {
    sources: SourceShelf,
    tables: BTreeMap<Digest, Option<Vec<String>>>,
    features: BTreeMap<Digest, Option<Vec<String>>>,
}

impl Columns {
    fn of_run(&mut self, read: &Read<'_>, run: &Run) -> Answer<RunColumns> {
        let is_table = |edge: &&RunEdge| matches!(edge.kind, ArtifactKind::Dataset | ArtifactKind::PredictionLog);
        for digest in run.inputs.iter().chain(&run.outputs).filter(is_table).filter_map(|edge| edge.digest) {
            if let std::collections::btree_map::Entry::Vacant(e) = self.tables.entry(digest) {
                e.insert(table_columns(read, &digest)?);
            }
        }
        let is_model = |edge: &&RunEdge| edge.kind == ArtifactKind::Model;
        for digest in run.outputs.iter().filter(is_model).filter_map(|edge| edge.digest) {
            if let std::collections::btree_map::Entry::Vacant(e) = self.features.entry(digest) {
                e.insert(features(read, &digest)?);
            }
        }
        let source = self.sources.of_run(read, run)?;
        let (tables, features) = (&self.tables, &self.features);
        let ends = Ends {
            table: &|digest| tables.get(digest).cloned().flatten(),
            features: &|digest| features.get(digest).cloned().flatten(),
        };
        Ok(columns_of(run, source, &ends))
    }
}

/// The columns of a table: from its profile, else from its header.
fn table_columns(read: &Read<'_>, digest: &Digest) -> Answer<Option<Vec<String>>> {
    let profile = read.reports().newest::<Value>(ReportKind::Profile, digest)?;
    // A table that could not be read has a report that says so, and no columns.
    if let Some(profile) = profile.and_then(|it| serde_json::from_value::<TableProfile>(it.body).ok()) {
        return Ok(Some(profile.columns.into_iter().map(|column| column.name).collect()));
    }
    Ok(read.reports().newest::<Vec<String>>(ReportKind::Header, digest)?.map(|it| it.body))
}

/// The features that a model file names.
fn features(read: &Read<'_>, digest: &Digest) -> Answer<Option<Vec<String>>> {
    let stored = read.reports().newest::<Value>(ReportKind::ModelFacts, digest)?;
    let facts = stored.and_then(|it| serde_json::from_value::<ModelFacts>(it.body).ok());
    Ok(facts.and_then(|it| it.features_in).filter(|it| !it.is_empty()))
}

fn node_of(edge: &RunEdge, nodes: &mut BTreeMap<NodeId, Node>) -> NodeId {
    let id = NodeId::file(edge.digest.as_ref(), edge.path.as_str());
    nodes.entry(id.clone()).or_insert_with(|| Node {
        id: id.clone(),
        kind: edge.kind.into(),
        label: edge.path.as_str().to_owned(),
        digest: edge.digest,
        paths: Vec::new(),
        labels: Vec::new(),
        present: false,
    });
    id
}

fn edge_of(edge: &RunEdge, from: NodeId, to: NodeId, run: &Run, columns: EdgeColumns) -> Edge {
    Edge {
        from,
        to,
        run: Some(run.id),
        basis: edge.basis,
        confidence: edge.confidence,
        evidence: edge.evidence.clone(),
        reasons: edge.reasons.clone(),
        columns: columns
            .columns
            .into_iter()
            .map(|column| ColumnEdge { confidence: least(column.confidence, edge.confidence), ..column })
            .collect(),
        columns_known: columns.known,
    }
}

fn least(a: Confidence, b: Confidence) -> Confidence {
    if b < a { b } else { a }
}

/// Kinds that a person sees when they ask for data only.
pub(crate) const fn is_main_kind(kind: NodeKind) -> bool {
    matches!(kind, NodeKind::Dataset | NodeKind::Model | NodeKind::PredictionLog | NodeKind::Run)
}

//! Questions about the graph: parts of it, ways through it, columns, then and now, what changed.

use std::collections::{BTreeMap, BTreeSet};

use proofmark_contract::view::*;
use proofmark_domain::artifact::{ArtifactKind, RelPath};
use proofmark_domain::counts::counted;
use proofmark_domain::environment::package_differences;
use proofmark_domain::lineage::{
    ColumnOrigin, Direction, Graph, InputState, InputThenNow, Node, NodeId, NodeKind, then_and_now,
};
use proofmark_domain::project::Project;
use proofmark_domain::run::{Run, RunEdge};
use proofmark_domain::{Confidence, Digest};
use serde_json::Value;

use super::projects::joined;
use crate::Engine;
use crate::graph::{ProjectGraph, is_main_kind};
use crate::trouble::{Answer, Trouble};

/// More nodes than this are not sent to the window at once: nobody could read them.
const MOST_NODES: usize = 2_000;

impl Engine {
    /// A part of a project's graph.
    ///
    /// # Errors
    /// If there is no such project, or nothing that the focus could mean.
    pub fn lineage(&self, request: LineageQuery) -> Answer<LineageView> {
        let (mut view, _) = self.lineage_whole(&request)?;
        view.truncated = view.graph.nodes.len() > MOST_NODES;
        if view.truncated {
            view.graph.nodes.truncate(MOST_NODES);
            keep_edges(&mut view.graph);
            let shown: BTreeSet<&NodeId> = view.graph.nodes.iter().map(|node| &node.id).collect();
            view.troubles.retain(|it| shown.contains(&it.node));
        }
        Ok(view)
    }

    /// The same without a limit, for an export.
    pub(crate) fn lineage_whole(&self, request: &LineageQuery) -> Answer<(LineageView, Project)> {
        let project = self.project(request.project)?;
        let known = self.project_graph(&project)?;
        let total_nodes = known.graph.nodes.len() as u64;
        let focus = match request.focus.as_deref().filter(|it| !it.is_empty()) {
            None => None,
            Some(what) => Some(named(&known, &project, what)?),
        };
        let mut graph = match (&focus, request.least_confidence.filter(|it| *it > 0.0)) {
            (None, None) => known.graph.clone(),
            (Some(focus), None) => known.closure(focus, request.direction, request.depth.map(|it| it as usize)),
            (focus, Some(least)) => {
                let mut sure = known.graph.clone();
                sure.edges.retain(|edge| edge.confidence.get() >= least);
                match focus {
                    None => sure,
                    Some(focus) => sure.closure(focus, request.direction, request.depth.map(|it| it as usize)),
                }
            }
        };
        if request.data_only {
            graph.nodes.retain(|node| is_main_kind(node.kind) || focus.as_ref() == Some(&node.id));
            keep_edges(&mut graph);
        }
        let troubles = self.troubles(&project, &known, &graph.nodes)?;
        Ok((LineageView { focus, graph, total_nodes, truncated: false, troubles }, project))
    }

    /// The surest way from one thing to another.
    ///
    /// # Errors
    /// If there is no such project, or one of them is not in its lineage.
    pub fn lineage_way(&self, request: LineageWayQuery) -> Answer<LineageWay> {
        let project = self.project(request.project)?;
        let known = self.project_graph(&project)?;
        let (from, to) = (named(&known, &project, &request.from)?, named(&known, &project, &request.to)?);
        let way = |from: &NodeId, to: &NodeId| {
            let (a, b) = (known.index.place(from)?, known.index.place(to)?);
            known.index.way(&known.graph.edges, a, b)
        };
        let (from, to, found) = match way(&from, &to) {
            Some(found) => (from, to, Some(found)),
            None => match way(&to, &from) {
                Some(found) => (to, from, Some(found)),
                None => (from, to, None),
            },
        };
        let edges: Vec<_> =
            found.iter().flatten().filter_map(|at| known.graph.edges.get(*at as usize)).cloned().collect();
        let ids = std::iter::once(&from).chain(edges.iter().map(|edge| &edge.to));
        let nodes: Vec<Node> =
            if found.is_some() { ids.filter_map(|id| known.node(id)).cloned().collect() } else { Vec::new() };
        let confidence = edges.iter().map(|edge| edge.confidence.get()).min_by(f64::total_cmp).map(Confidence::clamped);
        let label = |id: &NodeId| known.node(id).map_or_else(|| id.0.clone(), |node| node.label.clone());
        let sentence = match (&found, confidence) {
            (None, _) => format!("Nothing is known to lead from {} to {}, nor back.", label(&from), label(&to)),
            (Some(_), None) => format!("{} is itself.", label(&from)),
            (Some(_), Some(sure)) => {
                let runs = nodes.iter().filter(|node| node.kind == NodeKind::Run).count() as u64;
                let through = counted(runs, "run", "runs");
                if sure.get() >= 1.0 {
                    format!("{} became {} through {through}; every step is recorded.", label(&from), label(&to))
                } else {
                    let percent = (sure.get() * 100.0).round();
                    format!(
                        "{} became {} through {through}; the weakest step is {percent:.0} % sure.",
                        label(&from),
                        label(&to)
                    )
                }
            }
        };
        Ok(LineageWay { sentence, from, to, nodes, edges, confidence })
    }

    /// Where the columns of a table, or the features of a model, came from.
    ///
    /// # Errors
    /// If there is no such project or node.
    pub fn lineage_columns(&self, request: LineageColumnsQuery) -> Answer<LineageColumns> {
        let project = self.project(request.project)?;
        let known = self.project_graph(&project)?;
        let id = named(&known, &project, &request.what)?;
        let Some(node) = known.node(&id) else { return Err(Trouble::not_found(format!("`{}`", request.what))) };
        let names = self.names_of(node, &known)?;
        let above = known.closure(&id, Direction::Up, None);
        let mut columns_of: BTreeMap<NodeId, Option<Vec<String>>> = BTreeMap::new();
        for node in &above.nodes {
            let columns = match (&node.digest, node.kind) {
                (Some(digest), NodeKind::Dataset | NodeKind::PredictionLog) => self.known_columns(digest)?,
                _ => None,
            };
            columns_of.insert(node.id.clone(), columns);
        }
        let has = |id: &NodeId, name: &str| {
            columns_of.get(id).and_then(Option::as_ref).map(|columns| columns.iter().any(|it| it == name))
        };
        let columns: Vec<ColumnOrigin> = names
            .iter()
            .map(|name| {
                let labels: BTreeSet<String> = node
                    .labels
                    .iter()
                    .filter(|label| label.reached_as.iter().any(|it| it == name))
                    .map(|label| label.label.clone())
                    .collect();
                let sources = known.graph.column_sources(&known.index, &id, name, &has);
                ColumnOrigin { column: name.clone(), labels: labels.into_iter().collect(), sources }
            })
            .collect();
        let possible: BTreeSet<(String, String)> = node
            .labels
            .iter()
            .filter(|label| !label.exact && label.dataset != node.label)
            .map(|label| (label.dataset.clone(), label.column.clone()))
            .collect();
        let traced = columns.iter().filter(|it| !it.sources.is_empty()).count() as u64;
        let exact = columns.iter().filter(|it| it.sources.iter().any(|source| source.exact)).count() as u64;
        let what = if node.kind == NodeKind::Model { ("feature", "features") } else { ("column", "columns") };
        let sentence = if names.is_empty() {
            format!("The {} of {} are not known.", what.1, node.label)
        } else {
            let of = counted(names.len() as u64, what.0, what.1);
            format!(
                "Of {of}, {traced} are followed to where they came from, {exact} of them step by step through code."
            )
        };
        Ok(LineageColumns { sentence, node: id, columns, possible: possible.into_iter().collect() })
    }

    /// Columns of a table, features of a model; where neither is known, what edges into it name.
    fn names_of(&self, node: &Node, known: &ProjectGraph) -> Answer<Vec<String>> {
        if let Some(digest) = &node.digest {
            if node.kind == NodeKind::Model
                && let Some(features) = self.model_facts(digest)?.and_then(|it| it.features_in)
            {
                return Ok(features);
            }
            if let Some(columns) = self.known_columns(digest)? {
                return Ok(columns);
            }
        }
        let into = known.graph.edges.iter().filter(|edge| edge.to == node.id);
        let names: BTreeSet<String> = into.flat_map(|edge| edge.columns.iter().map(|it| it.to.clone())).collect();
        Ok(names.into_iter().collect())
    }

    /// What a run was made of, beside what lies there now; and the same for every run above it.
    ///
    /// # Errors
    /// If there is no such run.
    pub fn run_then_now(&self, request: RunRef) -> Answer<ThenNowView> {
        let run = self.run(request.run)?;
        let project = self.project(run.project)?;
        let known = self.project_graph(&project)?;
        let present = self.present(&project)?;
        let mut lies: BTreeMap<Digest, RelPath> = BTreeMap::new();
        for (path, state) in &present {
            lies.entry(state.facts.digest).or_insert_with(|| path.clone());
        }
        let compare = |run: &Run| {
            then_and_now(run, &|path| present.get(path).map(|it| it.facts.digest), &|digest| lies.get(digest).cloned())
        };
        let id = NodeId::run(run.id);
        let above = known.index.place(&id).map(|at| known.index.reached(at, Direction::Up, None)).unwrap_or_default();
        let by_id: BTreeMap<NodeId, &Run> = known.runs.iter().map(|run| (NodeId::run(run.id), run)).collect();
        let above: Vec<ThenNowAbove> = above
            .into_iter()
            .filter_map(|at| known.graph.nodes.get(at as usize))
            .filter(|node| node.id != id)
            .filter_map(|node| by_id.get(&node.id))
            .map(|run| ThenNowAbove { run: run.id, name: run.name.clone(), files: compare(run) })
            .collect();
        let files = compare(&run);
        let sentence = then_now_sentence(&run, &files, &above);
        Ok(ThenNowView { run: run.id, name: run.name, sentence, files, above })
    }

    /// What changed between two versions: data, code, parameters, metrics, environment.
    ///
    /// # Errors
    /// If there is no such project, or one of them is not in its lineage.
    pub fn origin_compare(&self, request: OriginCompareQuery) -> Answer<OriginDifference> {
        let project = self.project(request.project)?;
        let known = self.project_graph(&project)?;
        let before = self.origin_of(&known, &project, &request.before)?;
        let after = self.origin_of(&known, &project, &request.after)?;
        let mut difference = OriginDifference {
            sentence: String::new(),
            data: Vec::new(),
            code: Vec::new(),
            parameters: Vec::new(),
            metrics: Vec::new(),
            packages: Vec::new(),
            unknown: Vec::new(),
            same: 0,
            before: before.side.clone(),
            after: after.side.clone(),
        };
        let paths: BTreeSet<&String> = before.files.keys().chain(after.files.keys()).collect();
        for path in paths {
            let (a, b) = (before.files.get(path), after.files.get(path));
            let known = [a, b].into_iter().flatten().all(|edge| edge.digest.is_some());
            let (then, now) = (a.and_then(|it| it.digest), b.and_then(|it| it.digest));
            if a.is_some() && b.is_some() && then == now && known {
                difference.same += 1;
                continue;
            }
            let Some(kind) = a.or(b).map(|edge| edge.kind) else { continue };
            let file = OriginFile { path: path.clone(), kind, before: then, after: now, known };
            if matches!(kind, ArtifactKind::Dataset | ArtifactKind::PredictionLog | ArtifactKind::Model) {
                difference.data.push(file);
            } else {
                difference.code.push(file);
            }
        }
        difference.parameters = values(&before.parameters, &after.parameters);
        difference.metrics = values(&before.metrics, &after.metrics);
        match (&before.environment, &after.environment) {
            (Some(a), Some(b)) => difference.packages = package_differences(a, b),
            (None, None) => difference.unknown.push("No environment is recorded on either side.".to_owned()),
            (None, _) => difference.unknown.push(format!("The environment of {} is not recorded.", before.side.label)),
            (_, None) => difference.unknown.push(format!("The environment of {} is not recorded.", after.side.label)),
        }
        for side in [&before.side, &after.side] {
            if side.run.is_none() {
                difference.unknown.push(format!("Which run made {} is not known.", side.label));
            }
        }
        difference.sentence = difference_sentence(&difference);
        Ok(difference)
    }

    fn origin_of(&self, known: &ProjectGraph, project: &Project, what: &str) -> Answer<Origin> {
        let id = named(known, project, what)?;
        let node = known.node(&id).cloned().ok_or_else(|| Trouble::not_found(format!("`{what}`")))?;
        let made: Option<&Run> = known
            .runs
            .iter()
            .filter_map(|run| {
                let wrote =
                    run.outputs.iter().filter(|edge| NodeId::file(edge.digest.as_ref(), edge.path.as_str()) == id);
                let sure = wrote.map(|edge| edge.confidence.get()).max_by(f64::total_cmp)?;
                Some((sure, run.started.or(run.ended), run))
            })
            .max_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)))
            .map(|(_, _, run)| run)
            .or_else(|| known.runs.iter().find(|run| NodeId::run(run.id) == id));
        let above: BTreeSet<NodeId> =
            known.closure(&id, Direction::Up, None).nodes.into_iter().map(|it| it.id).collect();
        let mut files: BTreeMap<String, RunEdge> = BTreeMap::new();
        for run in known.runs.iter().filter(|run| above.contains(&NodeId::run(run.id))) {
            for edge in &run.inputs {
                let better = files.get(edge.path.as_str()).is_none_or(|it| it.confidence.get() < edge.confidence.get());
                if better {
                    files.insert(edge.path.as_str().to_owned(), edge.clone());
                }
            }
        }
        let environment = match made.and_then(|run| run.environment_digest) {
            Some(digest) => self.ledger().read::<_, Trouble>(|read| Ok(read.environments().by_digest(&digest)?))?,
            None => None,
        };
        let mut parameters: BTreeMap<String, Value> = made.map(|run| run.parameters.clone()).unwrap_or_default();
        if let Some(facts) = node.digest.as_ref().map(|digest| self.model_facts(digest)).transpose()?.flatten() {
            // What the model itself holds stands beside what its run was told.
            parameters.extend(facts.parameters.into_iter().map(|(name, value)| (format!("model.{name}"), value)));
            if let Some(class) = facts.class {
                parameters.insert("model.class".to_owned(), Value::String(class));
            }
            if let Some(features) = facts.features_in {
                parameters.insert("model.features".to_owned(), features.into_iter().map(Value::String).collect());
            }
        }
        let metrics = made
            .map(|run| run.metrics.iter().map(|(name, value)| (name.clone(), Value::from(*value))).collect())
            .unwrap_or_default();
        let side = OriginSide {
            node: id,
            label: node.label,
            digest: node.digest,
            run: made.map(|run| run.id),
            run_name: made.map(|run| run.name.clone()),
            ended: made.and_then(|run| run.ended),
        };
        Ok(Origin { side, files, parameters, metrics, environment })
    }
}

struct Origin {
    side: OriginSide,
    files: BTreeMap<String, RunEdge>,
    parameters: BTreeMap<String, Value>,
    metrics: BTreeMap<String, Value>,
    environment: Option<proofmark_domain::environment::Environment>,
}

/// The node that a person means.
fn named(known: &ProjectGraph, project: &Project, what: &str) -> Answer<NodeId> {
    known.find(what).ok_or_else(|| {
        Trouble::not_found(format!("`{what}` in the lineage of {}", project.name))
            .hint("Name a path, a run, or at least six digits of a digest.")
    })
}

fn keep_edges(graph: &mut Graph) {
    let kept: BTreeSet<NodeId> = graph.nodes.iter().map(|node| node.id.clone()).collect();
    graph.edges.retain(|edge| kept.contains(&edge.from) && kept.contains(&edge.to));
}

fn values(before: &BTreeMap<String, Value>, after: &BTreeMap<String, Value>) -> Vec<OriginValue> {
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    names
        .into_iter()
        .filter(|name| before.get(*name) != after.get(*name))
        .map(|name| OriginValue {
            name: name.clone(),
            before: before.get(name).cloned(),
            after: after.get(name).cloned(),
        })
        .collect()
}

fn then_now_sentence(run: &Run, files: &[InputThenNow], above: &[ThenNowAbove]) -> String {
    let all: Vec<&InputThenNow> = files.iter().chain(above.iter().flat_map(|it| &it.files)).collect();
    let count = |state: InputState| {
        all.iter().filter(|it| it.state == state).map(|it| &it.path).collect::<BTreeSet<_>>().len() as u64
    };
    let parts: Vec<String> = [
        (count(InputState::Changed), "holds other bytes now", "hold other bytes now"),
        (count(InputState::Moved), "was moved", "were moved"),
        (count(InputState::Deleted), "is gone", "are gone"),
        (count(InputState::Unknown), "cannot be compared", "cannot be compared"),
    ]
    .into_iter()
    .filter(|(count, ..)| *count > 0)
    .map(|(count, one, many)| format!("{} {}", counted(count, "file", "files"), if count == 1 { one } else { many }))
    .collect();
    if all.is_empty() {
        return format!("Nothing is known of what {} read or wrote.", run.name);
    }
    if parts.is_empty() {
        return format!("Everything that {} and the runs above it read and wrote lies there as it was.", run.name);
    }
    format!("Since {}, {}.", run.name, joined(&parts))
}

fn difference_sentence(difference: &OriginDifference) -> String {
    let parts: Vec<String> = [
        (difference.data.len(), "data file", "data files"),
        (difference.code.len(), "file of code or settings", "files of code or settings"),
        (difference.parameters.len(), "parameter", "parameters"),
        (difference.packages.len(), "package", "packages"),
        (difference.metrics.len(), "metric", "metrics"),
    ]
    .into_iter()
    .filter(|(count, ..)| *count > 0)
    .map(|(count, one, many)| counted(count as u64, one, many))
    .collect();
    let (a, b) = (&difference.before.label, &difference.after.label);
    let (a, b) = if a == b {
        let short =
            |side: &OriginSide| side.digest.map_or_else(String::new, |digest| format!("{a} ({})", digest.short()));
        (short(&difference.before), short(&difference.after))
    } else {
        (a.clone(), b.clone())
    };
    if difference.before.node == difference.after.node {
        return format!("Both are {a}: the same bytes.");
    }
    if parts.is_empty() {
        return format!("Nothing that is known of {a} and {b} differs above them.");
    }
    format!("From {a} to {b}, {} differ.", joined(&parts))
}

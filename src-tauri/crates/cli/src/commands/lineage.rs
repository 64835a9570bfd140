//! What something came from, and what became of it.

use std::collections::BTreeMap;
use std::path::Path;

use clap::Args;
use proofmark_contract::domain::id::ProjectId;
use proofmark_contract::domain::lineage::{Direction, Edge, Node, NodeId, NodeKind};
use proofmark_contract::domain::project::Project;
use proofmark_contract::view::{LineageQuery, LineageView, Nothing};
use proofmark_contract::{ErrorBody, ErrorCode};
use serde::Serialize;

use crate::context::{Context, inside};
use crate::reply::Outcome;
use crate::text::Side::{Left, Right};
use crate::text::{Table, counted, percent, safe, word, words};

/// What to look at.
#[derive(Debug, Args)]
pub struct Arguments {
    /// A path, a run, a node, or at least six digits of a digest
    what: String,
    /// What it came from
    #[arg(long, conflicts_with_all = ["down", "both"])]
    up: bool,
    /// What became of it
    #[arg(long, conflicts_with = "both")]
    down: bool,
    /// Both, which is also meant if nothing is said
    #[arg(long)]
    both: bool,
    /// Edges to walk at most
    #[arg(long, value_name = "N")]
    depth: Option<u32>,
    /// Identifier, name or folder of the project
    #[arg(long)]
    project: Option<String>,
    /// Leaves out code and configuration
    #[arg(long)]
    data_only: bool,
}

/// The document of a lineage.
#[derive(Debug, Serialize)]
struct Document<'a> {
    project: ProjectId,
    focus: Option<&'a NodeId>,
    nodes: &'a [Node],
    edges: &'a [Edge],
    total_nodes: u64,
    truncated: bool,
}

impl Arguments {
    /// Does it.
    ///
    /// # Errors
    /// If nothing is called so.
    pub fn run(self, context: &Context) -> Outcome {
        let direction = match (self.up, self.down) {
            (true, _) => Direction::Up,
            (false, true) => Direction::Down,
            (false, false) => Direction::Both,
        };
        let mut missed = None;
        for project in self.candidates(context)? {
            let focus = inside(&project, &self.what).unwrap_or_else(|| self.what.clone());
            let query = LineageQuery {
                project: project.id,
                focus: Some(focus),
                direction,
                depth: self.depth,
                data_only: self.data_only,
            };
            match context.engine()?.lineage(query) {
                Ok(view) => return answer(context, &project, &view, direction),
                Err(trouble) if trouble.0.code == ErrorCode::NotFound => missed = Some(ErrorBody::from(trouble)),
                Err(trouble) => return Err(trouble.into()),
            }
        }
        Err(missed.unwrap_or_else(|| {
            ErrorBody::new(ErrorCode::NotFound, "There is no project yet.").hint("Add one: proofmark project add DIR")
        }))
    }

    /// The projects in which it may be, likeliest first.
    fn candidates(&self, context: &Context) -> Result<Vec<Project>, ErrorBody> {
        let engine = context.engine()?;
        if let Some(named) = &self.project {
            return Ok(vec![engine.project_named(named)?]);
        }
        let file = Path::new(&self.what);
        if file.exists()
            && let Ok(project) = engine.project_at(file)
        {
            return Ok(vec![project]);
        }
        let mut projects: Vec<Project> =
            engine.project_list(Nothing {})?.projects.into_iter().map(|view| view.project).collect();
        if let Some(here) = std::env::current_dir().ok().and_then(|here| engine.project_at(&here).ok()) {
            projects.sort_by_key(|project| project.id != here.id);
        }
        Ok(projects)
    }
}

fn answer(context: &Context, project: &Project, view: &LineageView, direction: Direction) -> Outcome {
    let document = Document {
        project: project.id,
        focus: view.focus.as_ref(),
        nodes: &view.graph.nodes,
        edges: &view.graph.edges,
        total_nodes: view.total_nodes,
        truncated: view.truncated,
    };
    context.answer("lineage", &document, || text(view, direction))
}

fn text(view: &LineageView, direction: Direction) -> String {
    let nodes: BTreeMap<&NodeId, &Node> = view.graph.nodes.iter().map(|node| (&node.id, node)).collect();
    let name = |id: &NodeId| nodes.get(id).map_or_else(|| id.0.clone(), |node| node.label.clone());
    let focus = view.focus.as_ref().map(&name).unwrap_or_default();
    let way = match direction {
        Direction::Up => "Upstream of",
        Direction::Down => "Downstream of",
        Direction::Both => "Up- and downstream of",
    };
    let kinds = [
        (NodeKind::Dataset, "data set", "data sets"),
        (NodeKind::Run, "run", "runs"),
        (NodeKind::Model, "model", "models"),
        (NodeKind::Code, "script", "scripts"),
        (NodeKind::PredictionLog, "prediction log", "prediction logs"),
    ];
    let others = |kind: NodeKind| {
        nodes.values().filter(|node| node.kind == kind && Some(&node.id) != view.focus.as_ref()).count() as u64
    };
    let found: Vec<String> = kinds
        .into_iter()
        .map(|(kind, one, many)| (others(kind), one, many))
        .filter(|it| it.0 > 0)
        .map(|(n, one, many)| counted(n, one, many))
        .collect();
    if view.graph.edges.is_empty() {
        return format!("{way} {} nothing is known: no run was seen that read or wrote it.\n", safe(&focus));
    }
    let found = if found.is_empty() { "other files".to_owned() } else { crate::text::joined(&found) };
    let mut text = format!("{way} {}: {found}.\n", safe(&focus));
    let mut table = Table::new([("From", Left), ("", Left), ("To", Left), ("Basis", Left), ("Confidence", Right)]);
    for edge in &view.graph.edges {
        table.row([name(&edge.from), "→".into(), name(&edge.to), word(&edge.basis), percent(edge.confidence.get())]);
    }
    text.push_str(&table.text());
    let focused = view.focus.as_ref().and_then(|id| nodes.get(id));
    if let Some(node) = focused.filter(|node| !node.labels.is_empty()) {
        let mut table = Table::new([("Sensitive data that reaches it", Left), ("Column", Left), ("Data set", Left)]);
        for label in &node.labels {
            table.row([words(&label.label), label.column.clone(), label.dataset.clone()]);
        }
        text.push_str(&table.text());
    }
    if view.truncated {
        text.push_str("\nThis is a part: the graph is too large to show. Limit it with --depth.\n");
    }
    text
}

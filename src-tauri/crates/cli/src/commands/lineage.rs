//! What something came from, and what became of it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use proofmark_contract::domain::id::ProjectId;
use proofmark_contract::domain::lineage::{Direction, Edge, Node, NodeId, NodeKind};
use proofmark_contract::domain::project::Project;
use proofmark_contract::view::*;
use proofmark_contract::{ErrorBody, ErrorCode};
use serde::Serialize;

use crate::context::{Context, inside};
use crate::reply::{DONE, Outcome, Reply, wrong};
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
    /// Leaves out edges that are less sure than this, 0 to 1
    #[arg(long, value_name = "CONFIDENCE")]
    least: Option<f64>,
    /// The surest way from it to OTHER
    #[arg(long, value_name = "OTHER", conflicts_with_all = ["up", "down", "both", "columns", "versus", "format"])]
    to: Option<String>,
    /// Where its columns or features came from
    #[arg(long, conflicts_with_all = ["up", "down", "both", "versus", "format"])]
    columns: bool,
    /// What changed from it to a later version, OTHER
    #[arg(long, value_name = "OTHER", conflicts_with_all = ["up", "down", "both", "format"])]
    versus: Option<String>,
    /// Writes it as openlineage, atlas, atlas-types, prov, mermaid, dot, svg or png
    #[arg(long, value_name = "FORMAT")]
    format: Option<String>,
    /// The file to write; standard output if absent
    #[arg(long, short, value_name = "FILE", requires = "format")]
    output: Option<PathBuf>,
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
    troubles: &'a [NodeTrouble],
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
            match self.of_project(context, &project, focus, direction) {
                Ok(reply) => return Ok(reply),
                Err(trouble) if trouble.code == ErrorCode::NotFound => missed = Some(trouble),
                Err(trouble) => return Err(trouble),
            }
        }
        Err(missed.unwrap_or_else(|| {
            ErrorBody::new(ErrorCode::NotFound, "There is no project yet.").hint("Add one: proofmark project add DIR")
        }))
    }

    fn of_project(&self, context: &Context, project: &Project, focus: String, direction: Direction) -> Outcome {
        let engine = context.engine()?;
        let other = |named: &str| inside(project, named).unwrap_or_else(|| named.to_owned());
        if let Some(to) = &self.to {
            let way = engine.lineage_way(LineageWayQuery { project: project.id, from: focus, to: other(to) })?;
            return context.answer("lineage-way", &way, || way_text(&way));
        }
        if let Some(after) = &self.versus {
            let query = OriginCompareQuery { project: project.id, before: focus, after: other(after) };
            let difference = engine.origin_compare(query)?;
            return context.answer("lineage-versus", &difference, || difference_text(&difference));
        }
        if self.columns {
            let columns = engine.lineage_columns(LineageColumnsQuery { project: project.id, what: focus })?;
            return context.answer("lineage-columns", &columns, || columns_text(&columns));
        }
        let query = LineageQuery {
            project: project.id,
            focus: Some(focus),
            direction,
            depth: self.depth,
            data_only: self.data_only,
            least_confidence: self.least,
        };
        match &self.format {
            Some(format) => export(context, query, format, self.output.as_deref()),
            None => answer(context, project, &engine.lineage(query)?, direction),
        }
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

/// Writes to a file, or prints what others read: the form itself without `--json`, inside a document with it.
fn export(context: &Context, query: LineageQuery, format: &str, output: Option<&Path>) -> Outcome {
    let word = format.to_lowercase().replace('-', "_");
    let parsed: LineageFormat = serde_json::from_value(serde_json::Value::String(word)).map_err(|_| {
        wrong(format!("`{format}` is no form of lineage."))
            .hint("openlineage, atlas, atlas-types, prov, mermaid, dot, svg or png.")
    })?;
    if let Some(output) = output {
        let to = Some(output.to_string_lossy().into_owned());
        let written = context.engine()?.lineage_export(LineageExport { query, format: parsed, to })?;
        return context.answer("lineage-export", &written, || {
            format!("{} written, {}.\n", safe(&written.path), crate::text::bytes(written.size))
        });
    }
    if parsed == LineageFormat::Png {
        return Err(wrong("A picture is not printed on a terminal.").hint("Name a file: --output lineage.png"));
    }
    let (bytes, _) = context.engine()?.lineage_bytes(&query, parsed)?;
    let content = String::from_utf8_lossy(&bytes).into_owned();
    if context.json() {
        let document = serde_json::json!({"format": format, "content": content});
        return context.answer("lineage-export", &document, String::new);
    }
    Ok(Reply { output: content, to_errors: false, code: DONE })
}

fn way_text(way: &LineageWay) -> String {
    let mut text = format!("{}\n", safe(&way.sentence));
    let name = |id: &NodeId| {
        way.nodes.iter().find(|node| node.id == *id).map_or_else(|| id.0.clone(), |node| node.label.clone())
    };
    let mut table = Table::new([
        ("From", Left),
        ("", Left),
        ("To", Left),
        ("Basis", Left),
        ("Confidence", Right),
        ("Evidence", Left),
    ]);
    for edge in &way.edges {
        table.row([
            name(&edge.from),
            "→".into(),
            name(&edge.to),
            word(&edge.basis),
            percent(edge.confidence.get()),
            crate::text::cut(&edge.evidence, 80),
        ]);
    }
    text.push_str(&table.text());
    text
}

fn columns_text(columns: &LineageColumns) -> String {
    let mut text = format!("{}\n", safe(&columns.sentence));
    let mut table =
        Table::new([("Column", Left), ("From", Left), ("Known", Left), ("Confidence", Right), ("Sensitive", Left)]);
    for column in &columns.columns {
        let labels = column.labels.iter().map(words).collect::<Vec<_>>().join(", ");
        if column.sources.is_empty() {
            table.row([column.column.clone(), "not known".into(), String::new(), String::new(), labels]);
            continue;
        }
        for (at, source) in column.sources.iter().enumerate() {
            let known = if source.exact { "column by column" } else { "by its name" };
            table.row([
                if at == 0 { column.column.clone() } else { String::new() },
                format!("{}: {}", source.dataset, source.column),
                known.into(),
                percent(source.confidence.get()),
                if at == 0 { labels.clone() } else { String::new() },
            ]);
        }
    }
    text.push_str(&table.text());
    if !columns.possible.is_empty() {
        text.push_str("\nNot known to have been left out on the way:\n");
        for (dataset, column) in &columns.possible {
            text.push_str(&format!("  {}: {}\n", safe(dataset), safe(column)));
        }
    }
    text
}

fn difference_text(difference: &OriginDifference) -> String {
    let mut text = format!("{}\n", safe(&difference.sentence));
    let digest =
        |it: &Option<proofmark_contract::domain::Digest>| it.map_or_else(|| "–".to_owned(), |digest| digest.short());
    for (title, files) in [("Data", &difference.data), ("Code and settings", &difference.code)] {
        let mut table = Table::new([(title, Left), ("Before", Left), ("After", Left)]);
        for file in files {
            table.row([file.path.clone(), digest(&file.before), digest(&file.after)]);
        }
        text.push_str(&table.text());
    }
    let plain = |value: &Option<serde_json::Value>| match value {
        None => "–".to_owned(),
        Some(serde_json::Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    for (title, values) in [("Parameter", &difference.parameters), ("Metric", &difference.metrics)] {
        let mut table = Table::new([(title, Left), ("Before", Left), ("After", Left)]);
        for value in values {
            table.row([
                value.name.clone(),
                crate::text::cut(&plain(&value.before), 60),
                crate::text::cut(&plain(&value.after), 60),
            ]);
        }
        text.push_str(&table.text());
    }
    let mut table = Table::new([("Package", Left), ("Before", Left), ("After", Left)]);
    for package in &difference.packages {
        let version = |it: &Option<String>| it.clone().unwrap_or_else(|| "absent".to_owned());
        table.row([package.name.clone(), version(&package.before), version(&package.after)]);
    }
    text.push_str(&table.text());
    for line in &difference.unknown {
        text.push_str(&format!("\n{}\n", safe(line)));
    }
    text
}

fn answer(context: &Context, project: &Project, view: &LineageView, direction: Direction) -> Outcome {
    let document = Document {
        project: project.id,
        focus: view.focus.as_ref(),
        nodes: &view.graph.nodes,
        edges: &view.graph.edges,
        total_nodes: view.total_nodes,
        truncated: view.truncated,
        troubles: &view.troubles,
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
    if !view.troubles.is_empty() {
        let mut table = Table::new([("Data in trouble", Left), ("What", Left), ("Reaches", Left), ("Sure", Right)]);
        let here = view
            .troubles
            .iter()
            .filter(|it| view.focus.as_ref().is_none_or(|focus| it.node == *focus) || it.node == it.origin);
        for trouble in here {
            let reaches = if trouble.node == trouble.origin { "–".to_owned() } else { name(&trouble.node) };
            table.row([trouble.dataset.clone(), words(&trouble.kind), reaches, percent(trouble.confidence.get())]);
        }
        text.push_str(&table.text());
    }
    if view.truncated {
        text.push_str("\nThis is a part: the graph is too large to show. Limit it with --depth.\n");
    }
    text
}

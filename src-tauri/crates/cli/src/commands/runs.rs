//! Executions that were recorded.

use std::fs;
use std::path::PathBuf;

use clap::Subcommand;
use proofmark_contract::domain::id::RunId;
use proofmark_contract::domain::inference::Way;
use proofmark_contract::domain::run::{RunEdge, RunSource, RunStatus};
use proofmark_contract::view::{
    EdgeStatement, FactKind, FactRef, ProjectRef, RecordList, RunComparison, RunCorrect, RunPage, RunQuery, RunRef,
    RunRefs, RunSort, RunView, ThenNowView,
};
use proofmark_contract::{ErrorBody, ErrorCode};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::context::Context;
use crate::reply::{Outcome, wrong};
use crate::text::Side::{Left, Right};
use crate::text::{
    Table, bytes, count, counted, cut, number, percent, safe, safe_lines, seconds, when_known, word, words,
};

/// Commands about runs.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Lists runs, newest first
    List {
        /// Identifier, name or folder of a project; all projects if absent
        #[arg(long)]
        project: Option<String>,
        /// recorded, inferred, mlflow or dvc
        #[arg(long)]
        source: Option<String>,
        /// running, finished, failed, killed or unknown
        #[arg(long)]
        status: Option<String>,
        /// Whose name, command or identifier contains this
        #[arg(long)]
        text: Option<String>,
        /// Whose parameter or metric is so: `metrics.auc >= 0.8`, `params.model = rf`, `params.path ~ raw`; may be repeated
        #[arg(long = "where", value_name = "CONDITION")]
        conditions: Vec<String>,
        /// started, name, duration, or a fact such as `metrics.auc`
        #[arg(long)]
        sort: Option<String>,
        /// Smallest or oldest first
        #[arg(long)]
        ascending: bool,
        /// Only those that their tool holds for deleted
        #[arg(long, conflicts_with = "active")]
        deleted: bool,
        /// Without those that their tool holds for deleted
        #[arg(long)]
        active: bool,
        /// At most so many; all if absent
        #[arg(long)]
        limit: Option<u64>,
        /// Passes over so many
        #[arg(long, default_value_t = 0)]
        offset: u64,
    },
    /// Shows the records of other tools in a project, what could not be read of them, and their registries of models
    Records {
        /// Identifier, name or folder of the project; the one around the working directory if absent
        #[arg(long)]
        project: Option<String>,
    },
    /// Shows everything about one run
    Show {
        /// Its identifier, the beginning of it, or its name
        run: String,
    },
    /// Shows what differs between runs
    Compare {
        /// Their identifiers or names; the first is what the others are compared with
        #[arg(required = true, num_args = 2..)]
        runs: Vec<String>,
    },
    /// Shows what a run was made of beside what lies there now
    ThenNow {
        /// Its identifier, the beginning of it, or its name
        run: String,
    },
    /// Says that an inferred run is right; what is said stands, whatever is concluded later
    Confirm {
        /// Its identifier, the beginning of it, or its name
        run: String,
        /// Only these files; all that it is said to have read and written if absent
        #[arg(long, value_name = "PATH")]
        file: Vec<String>,
        /// Why, for those who read it later
        #[arg(long, default_value = "")]
        reason: String,
    },
    /// Says what is wrong with an inferred run; what is said stands, whatever is concluded later
    Correct {
        /// Its identifier, the beginning of it, or its name
        run: String,
        /// It wrote this file
        #[arg(long, value_name = "PATH")]
        wrote: Vec<String>,
        /// It did not write this file
        #[arg(long, value_name = "PATH")]
        not_wrote: Vec<String>,
        /// It read this file
        #[arg(long, value_name = "PATH")]
        read: Vec<String>,
        /// It did not read this file
        #[arg(long, value_name = "PATH")]
        not_read: Vec<String>,
        /// Another script wrote what it is said to have written
        #[arg(long, value_name = "PATH")]
        script: Option<String>,
        /// Why, for those who read it later
        #[arg(long, default_value = "")]
        reason: String,
    },
    /// Says that an inferred run did not happen
    Reject {
        /// Its identifier, the beginning of it, or its name
        run: String,
        /// Why, for those who read it later
        #[arg(long, default_value = "")]
        reason: String,
    },
    /// Writes the recorded runs of a project for another machine, which takes them over with the folder
    Export {
        /// The folder to write into
        dir: PathBuf,
        /// Identifier, name or folder of the project; the one around the working directory if absent
        #[arg(long)]
        project: Option<String>,
    },
}

impl Command {
    /// Does it.
    ///
    /// # Errors
    /// What the engine answers.
    pub fn run(self, context: &Context) -> Outcome {
        let engine = context.engine()?;
        match self {
            Self::List {
                project,
                source,
                status,
                text,
                conditions,
                sort,
                ascending,
                deleted,
                active,
                limit,
                offset,
            } => {
                let project = project.map(|name| engine.project_named(&name)).transpose()?.map(|it| it.id);
                let source: Option<RunSource> = source.map(|it| named(&it, "source")).transpose()?;
                let status: Option<RunStatus> = status.map(|it| named(&it, "status")).transpose()?;
                let limit = Some(limit.unwrap_or(u64::from(u32::MAX)));
                let filter = (!conditions.is_empty()).then(|| conditions.join(" and "));
                let deleted = if deleted { Some(true) } else { active.then_some(false) };
                let (sort, sort_fact) = order(sort.as_deref())?;
                let page = engine.run_list(RunQuery {
                    project,
                    source,
                    status,
                    text,
                    deleted,
                    filter,
                    sort,
                    sort_fact,
                    ascending,
                    offset,
                    limit,
                    ..RunQuery::default()
                })?;
                context.answer("runs-list", &page, || list_text(&page))
            }
            Self::Records { project } => {
                let project = context.project(project.as_deref())?;
                let records = engine.record_list(ProjectRef { project: project.id })?;
                context.answer("runs-records", &records, || records_text(&records))
            }
            Self::Show { run } => {
                let view = engine.run_show(RunRef { run: find(context, &run)? })?;
                context.answer("runs-show", &view, || show_text(&view))
            }
            Self::Compare { runs } => {
                let runs: Vec<RunId> = runs.iter().map(|run| find(context, run)).collect::<Result<_, ErrorBody>>()?;
                let comparison = engine.run_compare(RunRefs { runs })?;
                context.answer("runs-compare", &comparison, || compare_text(&comparison))
            }
            Self::ThenNow { run } => {
                let view = engine.run_then_now(RunRef { run: find(context, &run)? })?;
                context.answer("runs-then-now", &view, || then_now_text(&view))
            }
            Self::Confirm { run, file, reason } => {
                let view = engine.run_show(RunRef { run: find(context, &run)? })?;
                let wanted = |path: &str| file.is_empty() || file.iter().any(|it| it == path);
                let said = |edges: &[RunEdge], way: Way| -> Vec<EdgeStatement> {
                    let paths = edges.iter().map(|edge| edge.path.as_str()).filter(|path| wanted(path));
                    paths.map(|path| EdgeStatement { way, path: path.to_owned(), right: true }).collect()
                };
                let mut statements = said(&view.run.outputs, Way::Wrote);
                statements.extend(said(&view.run.inputs, Way::Read));
                correct(context, RunCorrect { run: view.run.id, statements, script: None, reason })
            }
            Self::Correct { run, wrote, not_wrote, read, not_read, script, reason } => {
                let run = find(context, &run)?;
                let mut statements = Vec::new();
                for (paths, way, right) in [
                    (wrote, Way::Wrote, true),
                    (not_wrote, Way::Wrote, false),
                    (read, Way::Read, true),
                    (not_read, Way::Read, false),
                ] {
                    statements.extend(paths.into_iter().map(|path| EdgeStatement { way, path, right }));
                }
                if script.is_some() && !statements.iter().any(|it| it.way == Way::Wrote) {
                    let view = engine.run_show(RunRef { run })?;
                    let outputs = view.run.outputs.iter().map(|edge| edge.path.as_str().to_owned());
                    statements.extend(outputs.map(|path| EdgeStatement { way: Way::Wrote, path, right: true }));
                }
                correct(context, RunCorrect { run, statements, script, reason })
            }
            Self::Reject { run, reason } => {
                let view = engine.run_show(RunRef { run: find(context, &run)? })?;
                let outputs = view.run.outputs.iter().map(|edge| edge.path.as_str().to_owned());
                let statements = outputs.map(|path| EdgeStatement { way: Way::Wrote, path, right: false }).collect();
                correct(context, RunCorrect { run: view.run.id, statements, script: None, reason })
            }
            Self::Export { dir, project } => {
                let project = context.project(project.as_deref())?;
                fs::create_dir_all(&dir).map_err(|error| {
                    ErrorBody::new(ErrorCode::PermissionDenied, format!("{} cannot be made: {error}.", dir.display()))
                })?;
                let written = engine.export_runs(&project, &dir)?;
                let document =
                    serde_json::json!({"project": project.id, "folder": dir.to_string_lossy(), "runs": written});
                context.answer("runs-export", &document, || {
                    format!(
                        "{} of {} written to {}.\n",
                        counted(written, "run", "runs"),
                        safe(&project.name),
                        safe(&dir.to_string_lossy())
                    )
                })
            }
        }
    }
}

fn order(text: Option<&str>) -> Result<(RunSort, Option<FactRef>), ErrorBody> {
    let Some(text) = text else { return Ok((RunSort::default(), None)) };
    if let Some((kind, name)) = text.split_once('.') {
        let kind = match kind.to_lowercase().as_str() {
            "metrics" | "metric" => Some(FactKind::Metric),
            "params" | "param" | "parameters" | "parameter" => Some(FactKind::Parameter),
            _ => None,
        };
        if let Some(kind) = kind {
            let name = name.trim_matches(['`', '"']).to_owned();
            return Ok((RunSort::default(), Some(FactRef { kind, name })));
        }
    }
    let sort = serde_json::from_value(Value::String(text.to_lowercase())).map_err(|_| {
        wrong(format!("Runs cannot be sorted by `{text}`."))
            .hint("Choose started, name, duration, metrics.NAME or params.NAME.")
    })?;
    Ok((sort, None))
}

fn records_text(records: &RecordList) -> String {
    if records.records.is_empty() {
        return "There is no record of MLflow or DVC in this project.\n".to_owned();
    }
    let mut text = String::new();
    let mut table = Table::new([("Record", Left), ("Kind", Left), ("Runs", Right), ("Unreadable places", Right)]);
    for it in &records.records {
        let path = if it.record.path.as_str().is_empty() { "." } else { it.record.path.as_str() };
        table.row([path.to_owned(), words(&it.record.kind), count(it.runs), count(it.problems.len() as u64)]);
    }
    text.push_str(table.text().trim_start_matches('\n'));
    for problem in records.records.iter().flat_map(|it| &it.problems) {
        text.push_str(&format!("\n{}: {}", safe(problem.path.as_str()), safe(&problem.message)));
    }
    if !records.versions.is_empty() {
        let mut table =
            Table::new([("Registered model", Left), ("Version", Left), ("Stands for", Left), ("File", Left)]);
        for it in &records.versions {
            let found = it.found.as_ref().map_or_else(|| "not in this folder".to_owned(), |it| it.as_str().to_owned());
            table.row([it.model.clone(), it.version.clone(), it.aliases.join(", "), found]);
        }
        text.push_str(&table.text());
    }
    text
}

fn correct(context: &Context, request: RunCorrect) -> Outcome {
    let done = context.engine()?.run_correct(request)?;
    context.answer("runs-correct", &done, || format!("{}\n", safe(&done.message)))
}

fn then_now_text(view: &ThenNowView) -> String {
    let mut text = format!("{}\n", safe(&view.sentence));
    let own = (view.name.clone(), &view.files);
    for (name, files) in std::iter::once(own).chain(view.above.iter().map(|it| (it.name.clone(), &it.files))) {
        text.push_str(&format!("\n{}\n", safe(&name)));
        let mut table = Table::new([("File", Left), ("", Left), ("Then", Left), ("Now", Left), ("", Left)]);
        for file in files {
            let short = |it: &Option<proofmark_contract::domain::Digest>| {
                it.map_or_else(|| "–".to_owned(), |digest| digest.short())
            };
            let at = file.lies_at.as_ref().map_or_else(String::new, |path| format!(", lies at {path}"));
            table.row([
                file.path.as_str().to_owned(),
                if file.written { "written" } else { "read" }.to_owned(),
                short(&file.then),
                short(&file.now),
                format!("{}{at}", word(&file.state)),
            ]);
        }
        text.push_str(table.text().trim_start_matches('\n'));
    }
    text
}

/// A word of a fixed list.
fn named<T: DeserializeOwned>(text: &str, what: &str) -> Result<T, ErrorBody> {
    serde_json::from_value(Value::String(text.to_lowercase()))
        .map_err(|error| wrong(format!("`{text}` is no {what} of a run: {error}.")))
}

/// Finds a run by its identifier, the beginning of it, or its name; of several with the name, the newest.
pub(super) fn find(context: &Context, what: &str) -> Result<RunId, ErrorBody> {
    if let Ok(id) = what.parse() {
        return Ok(id);
    }
    let page = context.engine()?.run_list(RunQuery {
        text: Some(what.to_owned()),
        limit: Some(1_000),
        ..RunQuery::default()
    })?;
    let by_name = page.runs.iter().find(|run| run.name == what || run.foreign_id.as_deref() == Some(what));
    let begins = |run: &&proofmark_contract::domain::run::Run| {
        run.id.to_string().starts_with(what) || run.id.uuid().to_string().starts_with(what)
    };
    let by_start: Vec<_> = page.runs.iter().filter(begins).collect();
    match (by_name, &by_start[..]) {
        (Some(run), _) => Ok(run.id),
        (None, [run]) => Ok(run.id),
        (None, []) => {
            Err(ErrorBody::new(ErrorCode::NotFound, format!("There is no run `{what}`."))
                .hint("See proofmark runs list."))
        }
        (None, several) => {
            Err(wrong(format!("{} runs begin with `{what}`.", several.len())).hint("Give more of the identifier."))
        }
    }
}

fn list_text(page: &RunPage) -> String {
    if page.runs.is_empty() {
        return "No run is recorded that fits. Record one: proofmark run -- python train.py\n".to_owned();
    }
    let mut table = Table::new([
        ("Started", Left),
        ("Name", Left),
        ("Status", Left),
        ("Source", Left),
        ("Read", Right),
        ("Wrote", Right),
        ("Metrics", Left),
        ("Run", Left),
    ]);
    for run in &page.runs {
        let metrics: Vec<String> =
            run.metrics.iter().take(2).map(|(name, value)| format!("{name} {}", number(*value))).collect();
        table.row([
            when_known(run.started),
            cut(&run.name, 40),
            word(&run.status),
            word(&run.source),
            count(run.inputs.len() as u64),
            count(run.outputs.len() as u64),
            metrics.join(", "),
            run.id.to_string(),
        ]);
    }
    let shown = page.runs.len() as u64;
    let of = if shown < page.total { format!(" of {}", count(page.total)) } else { String::new() };
    format!("{}{of}.\n{}", counted(shown, "run", "runs"), table.text())
}

fn edges(title: &str, edges: &[RunEdge]) -> String {
    let mut table =
        Table::new([(title, Left), ("Role", Left), ("Basis", Left), ("Confidence", Right), ("Digest", Left)]);
    for edge in edges {
        let digest = edge.digest.map_or_else(|| "–".to_owned(), |digest| digest.short());
        table.row([
            edge.path.as_str().to_owned(),
            word(&edge.role),
            word(&edge.basis),
            percent(edge.confidence.get()),
            digest,
        ]);
    }
    table.text()
}

fn show_text(view: &RunView) -> String {
    let run = &view.run;
    let mut text = format!(
        "{}: {}\n{} · {} · {}\n",
        safe(&run.name),
        safe(&view.sentence),
        safe(&view.project_name),
        word(&run.source),
        run.id
    );
    if let Some(command) = &run.command {
        text.push_str(&format!("$ {}\n", safe(command)));
    }
    text.push_str(&format!("Started {}, {}", when_known(run.started), word(&run.status)));
    if let (Some(began), Some(ended)) = (run.started, run.ended) {
        text.push_str(&format!(" after {}", seconds(ended.seconds_since(began))));
    }
    if let Some(process) = &run.process {
        if let Some(code) = process.exit_code {
            text.push_str(&format!(", exit code {code}"));
        }
        if let Some(peak) = process.peak_memory {
            text.push_str(&format!(", {} of memory at most", bytes(peak)));
        }
    }
    text.push_str(".\n");
    if let Some(commit) = &run.code.commit {
        let dirty = match run.code.dirty {
            Some(true) => ", with uncommitted changes",
            Some(false) => "",
            None => ", whether with uncommitted changes is not known",
        };
        text.push_str(&format!("Code at commit {}{dirty}.\n", safe(commit)));
    }
    if let Some(environment) = &view.environment {
        let python = environment
            .interpreter
            .as_ref()
            .map_or_else(String::new, |it| format!("{} {}, ", safe(&it.name), safe(&it.version)));
        text.push_str(&format!(
            "Environment: {python}{}, {}.\n",
            counted(environment.packages.len() as u64, "package", "packages"),
            if environment.system.is_empty() {
                "on a system that is not known".to_owned()
            } else {
                safe(&environment.system)
            }
        ));
    }
    let mut table = Table::new([("Parameter", Left), ("Value", Left)]);
    for (name, value) in &run.parameters {
        table.row([name.clone(), plain(value)]);
    }
    text.push_str(&table.text());
    let mut table = Table::new([("Metric", Left), ("Value", Right)]);
    for (name, value) in &run.metrics {
        table.row([name.clone(), number(*value)]);
    }
    text.push_str(&table.text());
    text.push_str(&edges("Read", &run.inputs));
    text.push_str(&edges("Wrote", &run.outputs));
    for spot in run.process.iter().flat_map(|it| &it.blind_spots) {
        text.push_str(&format!("\nNot seen: {}\n", safe(spot)));
    }
    if !view.log_tail.is_empty() {
        let part = if view.log_size > view.log_tail.len() as u64 { "The end of its" } else { "Its" };
        text.push_str(&format!("\n{part} log ({}):\n{}", bytes(view.log_size), safe_lines(&view.log_tail)));
    }
    text
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "–".to_owned(),
        other => other.to_string(),
    }
}

fn compare_text(comparison: &RunComparison) -> String {
    let names: Vec<String> = comparison.runs.iter().map(|run| safe(&run.name)).collect();
    let mut text = format!(
        "{} differ in {}; {} the same.\n",
        crate::text::joined(&names),
        counted(comparison.differences.len() as u64, "fact", "facts"),
        if comparison.same == 1 { "1 is".to_owned() } else { format!("{} are", count(comparison.same)) }
    );
    for difference in &comparison.differences {
        text.push_str(&format!("\n{} {}\n", safe(&difference.of), safe(&difference.name)));
        for (run, value) in comparison.runs.iter().zip(&difference.values) {
            let value = value.as_ref().map_or_else(|| "–".to_owned(), plain);
            text.push_str(&format!("  {}  {}\n", run.id, safe(&cut(&value, 80))));
        }
    }
    for (run, packages) in comparison.packages.iter().filter(|it| !it.1.is_empty()) {
        text.push_str(&format!("\nPackages of {run}\n"));
        let version = |it: &Option<String>| it.clone().unwrap_or_else(|| "absent".to_owned());
        let mut table = Table::new([("Package", Left), ("First run", Left), ("This run", Left)]);
        for package in packages {
            table.row([package.name.clone(), version(&package.before), version(&package.after)]);
        }
        text.push_str(table.text().trim_start_matches('\n'));
    }
    text
}

//! Watched folders.

use clap::Subcommand;
use proofmark_contract::view::{Nothing, ProjectAdd, ProjectPause, ProjectRef, ProjectRename, ProjectView};

use crate::context::Context;
use crate::reply::Outcome;
use crate::text::Side::{Left, Right};
use crate::text::{Table, bytes, count, counted, safe, when_known, words};

/// Commands about projects.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Adds a folder, looks through it, and looks at its data
    Add {
        /// The folder
        dir: String,
        /// What to call it; the folder's name if absent
        #[arg(long)]
        name: Option<String>,
    },
    /// Lists all projects
    List,
    /// Shows where one project stands
    Show {
        /// Identifier, name or folder; the project around the working directory if absent
        project: Option<String>,
    },
    /// Gives a project another name
    Rename {
        /// Identifier, name or folder
        project: String,
        /// Its new name
        name: String,
    },
    /// Stops watching a project until it is resumed
    Pause {
        /// Identifier, name or folder
        project: String,
    },
    /// Watches a project again
    Resume {
        /// Identifier, name or folder
        project: String,
    },
    /// Takes a project off the list; its files stay untouched, and its history stays in the ledger
    Remove {
        /// Identifier, name or folder
        project: String,
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
            Self::Add { dir, name } => {
                let added = engine.project_add(ProjectAdd { path: dir, name })?.project;
                settle(context, &added)?;
                one(context, "project-add", &engine.project_show(ProjectRef { project: added.id })?)
            }
            Self::List => {
                let list = engine.project_list(Nothing {})?;
                context.answer("project-list", &list, || list_text(&list.projects))
            }
            Self::Show { project } => {
                let project = context.project(project.as_deref())?;
                one(context, "project-show", &engine.project_show(ProjectRef { project: project.id })?)
            }
            Self::Rename { project, name } => {
                let project = engine.project_named(&project)?;
                one(context, "project-rename", &engine.project_rename(ProjectRename { project: project.id, name })?)
            }
            Self::Pause { project } => {
                let project = engine.project_named(&project)?;
                one(
                    context,
                    "project-pause",
                    &engine.project_pause(ProjectPause { project: project.id, paused: true })?,
                )
            }
            Self::Resume { project } => {
                let project = engine.project_named(&project)?;
                engine.project_pause(ProjectPause { project: project.id, paused: false })?;
                settle(context, &project)?;
                one(context, "project-resume", &engine.project_show(ProjectRef { project: project.id })?)
            }
            Self::Remove { project } => {
                let project = engine.project_named(&project)?;
                let done = engine.project_remove(ProjectRef { project: project.id })?;
                context.answer("project-remove", &done, || safe(&done.message) + "\n")
            }
        }
    }
}

/// Waits until the folder and its data have been looked at.
fn settle(
    context: &Context,
    project: &proofmark_contract::domain::project::Project,
) -> Result<(), proofmark_contract::ErrorBody> {
    context.finish(context.engine()?.scan_start(ProjectRef { project: project.id })?)?;
    context.finish_all(project.id)
}

fn one(context: &Context, command: &str, view: &ProjectView) -> Outcome {
    context.answer(command, view, || show_text(view))
}

/// One project for people.
pub fn show_text(view: &ProjectView) -> String {
    let project = &view.project;
    let mut text =
        format!("{}: {}\n{} · {}\n", safe(&project.name), safe(&view.sentence), safe(&project.root), project.id);
    if let Some(problem) = &view.problem {
        text.push_str(&format!("{}\n", safe(problem)));
    }
    let mut table = Table::new([("Kind", Left), ("Files", Right), ("Size", Right)]);
    for kind in &view.kinds {
        table.row([words(&kind.kind), count(kind.count), bytes(kind.size)]);
    }
    text.push_str(&table.text());
    if view.failed_datasets > 0 {
        text.push_str(&format!("\n{} failed its checks.\n", counted(view.failed_datasets, "data set", "data sets")));
    }
    text
}

fn list_text(projects: &[ProjectView]) -> String {
    if projects.is_empty() {
        return "There is no project yet. Add one: proofmark project add DIR\n".to_owned();
    }
    let mut table = Table::new([
        ("Name", Left),
        ("State", Left),
        ("Files", Right),
        ("Runs", Right),
        ("Last scan", Left),
        ("Folder", Left),
    ]);
    for view in projects {
        let files: u64 = view.kinds.iter().map(|it| it.count).sum();
        table.row([
            view.project.name.clone(),
            words(&view.state),
            count(files),
            count(view.runs),
            when_known(view.project.last_scan),
            view.project.root.clone(),
        ]);
    }
    format!("{}.\n{}", counted(projects.len() as u64, "project", "projects"), table.text())
}

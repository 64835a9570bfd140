//! What happened to a path, also of a file that is gone.

use std::path::Path;

use clap::Args;
use proofmark_contract::view::{FileView, PathRef};
use serde::Serialize;

use crate::context::{Context, inside};
use crate::reply::Outcome;
use crate::text::Side::Left;
use crate::text::{Table, safe, when, word};

/// Which path.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The path, which need not hold a file any more
    path: String,
    /// Identifier, name or folder of the project
    #[arg(long)]
    project: Option<String>,
}

/// The document of a history.
#[derive(Debug, Serialize)]
struct Document<'a> {
    path: &'a str,
    #[serde(flatten)]
    view: &'a FileView,
}

impl Arguments {
    /// Does it.
    ///
    /// # Errors
    /// If the path was never seen.
    pub fn run(self, context: &Context) -> Outcome {
        let engine = context.engine()?;
        let absolute = std::path::absolute(&self.path).unwrap_or_else(|_| Path::new(&self.path).to_path_buf());
        let project = match &self.project {
            Some(named) => engine.project_named(named)?,
            None => {
                // The file may be gone, and its folder with it: the nearest folder that is there decides.
                let near = absolute.ancestors().find(|it| it.exists()).unwrap_or_else(|| Path::new("."));
                engine.project_at(near)?
            }
        };
        let gone = || {
            let inside = absolute.strip_prefix(&project.root).map(|it| it.to_string_lossy().replace('\\', "/"));
            inside.unwrap_or_else(|_| self.path.clone())
        };
        let path = inside(&project, &self.path).unwrap_or_else(gone);
        let view = engine.file_show(PathRef { project: project.id, path: path.clone() })?;
        let document = Document { path: &path, view: &view };
        context.answer("history", &document, || {
            let mut table = Table::new([("When", Left), ("What", Left), ("Bytes", Left)]);
            for change in &view.history {
                table.row([when(change.seen_at), word(&change.change), change.digest.short()]);
            }
            let state = if view.facts.is_some() { "lies there" } else { "is gone; its history stays" };
            format!("{} {state}.\n\n{}", safe(&path), table.text())
        })
    }
}

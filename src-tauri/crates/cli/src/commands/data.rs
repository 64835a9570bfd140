//! Data that is held back: which, why, and what a person decides.

use clap::{Args, Subcommand};
use proofmark_contract::domain::Digest;
use proofmark_contract::domain::hold::HoldState;
use proofmark_contract::view::{HoldDecide, HoldList, HoldRow, PathRef, ProjectFilter};
use proofmark_contract::{ErrorBody, ErrorCode};
use serde::Serialize;

use crate::context::Context;
use crate::reply::Outcome;
use crate::text::safe;

/// What to do with data that is held back.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Lists the versions that are held back, and with --all those that were released
    List(List),
    /// Holds the version that lies there now back: nothing that Proofmark starts reads it
    Hold(Decide),
    /// Releases a version that is held back
    Release(Decide),
}

/// Lists what is held back.
#[derive(Debug, Args)]
pub struct List {
    /// Identifier, name or folder of a project; all projects if absent
    #[arg(long)]
    project: Option<String>,
    /// Also what was released
    #[arg(long)]
    all: bool,
}

/// Names a data set, and why.
#[derive(Debug, Args)]
pub struct Decide {
    /// The data set
    file: String,
    /// Why; it is recorded with your name
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    reason: String,
    /// Identifier, name or folder of the project; from the file's place if absent
    #[arg(long)]
    project: Option<String>,
    /// Another version than the one that lies there now: its digest, or at least six digits of it
    #[arg(long, value_name = "DIGEST")]
    version: Option<String>,
}

#[derive(Serialize)]
struct Decided<'a> {
    message: &'a str,
    hold: &'a HoldRow,
}

impl Command {
    /// Does it.
    ///
    /// # Errors
    /// If there is no such data set, or it stands so already.
    pub fn run(self, context: &Context) -> Outcome {
        match self {
            Self::List(it) => it.run(context),
            Self::Hold(it) => it.run(context, HoldState::Held),
            Self::Release(it) => it.run(context, HoldState::Released),
        }
    }
}

impl List {
    fn run(self, context: &Context) -> Outcome {
        let project = match &self.project {
            Some(named) => Some(context.project(Some(named))?.id),
            None => None,
        };
        let mut list = context.engine()?.hold_list(ProjectFilter { project })?;
        if !self.all {
            list.holds.retain(|it| it.word.is_held());
        }
        context.answer("data-list", &list, || text(&list))
    }
}

impl Decide {
    fn run(self, context: &Context, state: HoldState) -> Outcome {
        let (project, path) = context.locate(&self.file, self.project.as_deref())?;
        let engine = context.engine()?;
        // Bytes are decided about, so those that lie there now must be known.
        context.refresh(&project, false)?;
        let digest = match &self.version {
            Some(begin) => {
                Some(version(&engine.dataset_show(PathRef { project: project.id, path: path.clone() })?, begin)?)
            }
            None => None,
        };
        let decide = HoldDecide { project: project.id, path: path.clone(), digest, state, reason: self.reason };
        let done = engine.hold_decide(decide)?;
        let list = engine.hold_list(ProjectFilter { project: Some(project.id) })?;
        let fits = |row: &&HoldRow| match digest {
            Some(digest) => row.digest == digest,
            None => row.path == path || row.lies_at.contains(&path),
        };
        let newest = list.holds.iter().filter(fits).max_by_key(|row| row.word.at);
        let hold =
            newest.ok_or_else(|| ErrorBody::new(ErrorCode::Internal, "What was decided cannot be read back."))?;
        context
            .answer("data-decided", &Decided { message: &done.message, hold }, || format!("{}\n", safe(&done.message)))
    }
}

/// The version of a data set whose digest begins so.
fn version(view: &proofmark_contract::view::DatasetView, begin: &str) -> Result<Digest, ErrorBody> {
    let begin = begin.strip_prefix("sha256:").unwrap_or(begin).to_lowercase();
    let fitting: Vec<Digest> = view
        .versions
        .iter()
        .map(|it| it.digest)
        .filter(|it| begin.len() >= 6 && it.hex().starts_with(&begin))
        .collect();
    match fitting.first() {
        Some(first) if fitting.iter().all(|it| it == first) => Ok(*first),
        Some(_) => Err(crate::reply::wrong(format!("Several versions begin with {begin}.")).hint("Name more digits.")),
        None => {
            Err(ErrorBody::new(ErrorCode::NotFound, format!("No version of {} begins with {begin}.", view.row.path))
                .hint("See proofmark history for the versions; at least six digits are needed."))
        }
    }
}

fn text(list: &HoldList) -> String {
    let mut text = format!("{}\n", list.sentence);
    for row in &list.holds {
        let state = if row.word.is_held() { "held by" } else { "released by" };
        let gone = if row.lies_at.is_empty() { " (lies there no longer)" } else { "" };
        text.push_str(&format!(
            "\n{}  {}{gone}\n  {state} {}, {}: {}\n",
            safe(&row.path),
            row.digest.short(),
            safe(row.word.who()),
            row.word.at,
            safe(&row.word.reason)
        ));
    }
    text
}

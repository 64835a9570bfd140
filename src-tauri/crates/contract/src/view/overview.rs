//! What needs a person, what happened, and where the application stands.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use proofmark_domain::Timestamp;
use proofmark_domain::attention::{Attention, Target};
use proofmark_domain::job::Job;
use proofmark_domain::person::LocalPerson;

/// The first screen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Overview {
    /// Whether nothing was ever added: the window then offers the sample project.
    pub first_run: bool,
    /// What needs a person, most pressing first.
    pub attention: Vec<Attention>,
    /// What happened lately, newest first.
    pub activity: Vec<Activity>,
    /// Every model with one sentence.
    pub models: Vec<ModelLine>,
    /// Projects that are watched.
    pub projects: u64,
    /// Data sets in them.
    pub datasets: u64,
    /// Runs in them.
    pub runs: u64,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Activity {
    /// When.
    pub at: Timestamp,
    /// What, in one sentence.
    pub what: String,
    /// The project's name.
    pub project: Option<String>,
    /// Where to look.
    pub target: Option<Target>,
}

/// A model in one line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ModelLine {
    /// Its path or registry name.
    pub name: String,
    /// The project's name.
    pub project: String,
    /// Where to look.
    pub target: Target,
    /// Where it stands: `in production as version 3`, `waits for approval`, `not released`.
    pub state: String,
    /// What is known against it, or that nothing is, in one sentence.
    pub sentence: String,
    /// `pass`, `attention`, `fail` or `unknown`.
    pub tone: Tone,
}

/// The four states that the window shows by shape, colour and word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    /// Good.
    Pass,
    /// Nobody can tell.
    Unknown,
    /// Somebody should look.
    Attention,
    /// Bad.
    Fail,
}

/// The status line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Status {
    /// Folders being watched now.
    pub watching: u64,
    /// Projects in all.
    pub projects: u64,
    /// Jobs queued or running.
    pub jobs: Vec<Job>,
    /// What is wrong with the ledger, if anything.
    pub ledger_problem: Option<String>,
    /// Who acts now.
    pub me: Option<LocalPerson>,
    /// Candidates that wait for this person's decision.
    pub waiting_for_me: u64,
    /// Version of the application.
    pub version: String,
}

/// Looks for anything by what people remember of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Search {
    /// Part of a name, a path, a digest, a person.
    pub text: String,
    /// At most so many.
    #[serde(default)]
    pub limit: Option<u32>,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct SearchHits {
    /// Best first.
    pub hits: Vec<SearchHit>,
}

/// One thing that was found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct SearchHit {
    /// What it is: a kind of artifact, `run`, `project`, `version`, `candidate`.
    pub kind: String,
    /// What people call it.
    pub label: String,
    /// Where it is.
    pub detail: String,
    /// The address of its page in the window, such as `/projects/prj_…/runs/run_…`.
    pub address: String,
}

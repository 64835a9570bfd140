//! Models in use: what their logs say, and the story of single predictions.

use proofmark_domain::Timestamp;
use proofmark_domain::id::{ProjectId, ReportId};
use proofmark_domain::monitor::{AlertKind, HealthState, LogRole, MonitorReport, WindowKind};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

pub use proofmark_domain::monitor::RetrainingRequest;
pub use proofmark_domain::prediction::{Explanation, Trace};

/// Asks for one prediction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct TraceQuery {
    /// Its identifier.
    pub id: String,
}

/// Starts to read a log of predictions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct MonitorStart {
    /// The project.
    pub project: ProjectId,
    /// The log.
    pub path: String,
    /// The table to compare with; what the model was trained on if absent.
    #[serde(default)]
    pub reference: Option<String>,
    /// Labels that came later.
    #[serde(default)]
    pub labels: Option<String>,
    /// Size of the windows; chosen by the span of the log if absent.
    #[serde(default)]
    pub window: Option<WindowKind>,
}

/// How a model does, in one line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct MonitorHead {
    /// The report.
    pub report: ReportId,
    /// How the model is.
    pub state: HealthState,
    /// Why.
    pub why: String,
    /// Open alerts.
    pub alerts: u64,
    /// Predictions by window, for a spark line.
    pub requests: Vec<u64>,
    /// Begin of the last window.
    pub last_window: Option<Timestamp>,
    /// When the log was read.
    pub created_at: Timestamp,
}

/// What a log says about its models.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct MonitorView {
    /// The project.
    pub project: ProjectId,
    /// Its name.
    pub project_name: String,
    /// The log.
    pub path: String,
    /// The report; `null` until the log was read.
    pub head: Option<MonitorHead>,
    /// Everything that it says.
    pub report: Option<MonitorReport>,
    /// The table that it can be compared with.
    pub reference: Option<String>,
    /// Tables of the project that could hold labels.
    pub labels: Vec<String>,
}

/// What a person answers to an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum AlertVerb {
    /// It is known; it shows again when it becomes worse.
    Acknowledge,
    /// It is to be shown again at a moment.
    Snooze,
    /// It is what this time of the year is like; the next year's is expected.
    Seasonal,
    /// The answer before no longer holds.
    Reopen,
}

/// Says what columns of a log stand for, once: it holds for every later reading of this path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct LogMap {
    /// The project.
    pub project: ProjectId,
    /// The log.
    pub path: String,
    /// The columns; what is not among them is found out by names and values. Empty takes back what was said.
    pub columns: Vec<ColumnRole>,
}

/// What one column of a log stands for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ColumnRole {
    /// The column as the file names it.
    pub column: String,
    /// Its role.
    pub role: LogRole,
    /// Of a score, the class that it is of.
    #[serde(default)]
    pub class: Option<String>,
}

/// Answers an alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AlertReply {
    /// The project.
    pub project: ProjectId,
    /// The log.
    pub path: String,
    /// The model in the log; the one with most predictions if absent.
    #[serde(default)]
    pub model: Option<String>,
    /// Kind of the alert.
    pub kind: AlertKind,
    /// Begin of its first window; the open one, else the newest, if absent.
    #[serde(default)]
    pub since: Option<Timestamp>,
    /// The answer.
    pub verb: AlertVerb,
    /// Until when, of a snooze; a week if absent.
    #[serde(default)]
    pub until: Option<Timestamp>,
    /// Why, in the person's words.
    #[serde(default)]
    pub note: String,
}

/// Asks for the newest lines of a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct LogTailQuery {
    /// The project.
    pub project: ProjectId,
    /// The log.
    pub path: String,
    /// Only what came after this position, which the last look returned.
    #[serde(default)]
    pub after: Option<u64>,
    /// The `mark` that the last look returned beside it; without one, only a file that became shorter is known to be another.
    #[serde(default)]
    pub mark: Option<String>,
    /// Lines at most; 100 if absent.
    #[serde(default)]
    pub most: Option<u64>,
}

/// The newest lines of a log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct LogTail {
    /// Oldest first.
    pub lines: Vec<TailLine>,
    /// The position behind them, for the next look.
    pub next: u64,
    /// What tells the file that was read up to there from one that takes its place, for the next look.
    pub mark: String,
    /// Lines since the last look that were too many to be shown.
    pub skipped: u64,
    /// Bytes before them that were too many to be read.
    pub skipped_bytes: u64,
    /// Whether another file took the place of the one that was read, or it was written anew, so that it was read from its begin.
    pub rotated: bool,
}

/// One line of a log, as far as it names these things.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct TailLine {
    /// Identifier of the request.
    pub request_id: Option<String>,
    /// When it was asked, as the log writes it.
    pub time: Option<String>,
    /// The model.
    pub model: Option<String>,
    /// Its version.
    pub version: Option<String>,
    /// Who asked.
    pub caller: Option<String>,
    /// Status of the answer.
    pub status: Option<u32>,
    /// How long it took, milliseconds.
    pub latency_ms: Option<f64>,
    /// What went wrong.
    pub error: Option<String>,
    /// What was answered.
    pub prediction: Option<String>,
    /// The line itself, cut at 400 letters.
    pub text: String,
}

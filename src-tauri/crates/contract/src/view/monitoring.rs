//! Models in use: what their logs say, and the story of single predictions.

use proofmark_domain::Timestamp;
use proofmark_domain::id::{ProjectId, ReportId};
use proofmark_domain::monitor::{HealthState, MonitorReport, WindowKind};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

pub use proofmark_domain::prediction::Trace;

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

//! Data sets: what is in them, what is wrong with them, what is sensitive in them, how two of them differ.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use proofmark_domain::check::{CheckReport, CheckVerdict};
use proofmark_domain::drift::{ColumnDrift, DriftReport, DriftVerdict, RowCounts};
use proofmark_domain::hold::HoldWord;
use proofmark_domain::id::{ProjectId, ReportId};
use proofmark_domain::prediction::PredictionLogSummary;
use proofmark_domain::profile::TableProfile;
use proofmark_domain::profile_pair::ProfilePair;
use proofmark_domain::proxy::ProxyReport;
use proofmark_domain::sensitive::SensitivityReport;
use proofmark_domain::{Digest, Timestamp};

use super::{RunLink, Tone};

/// Whether a data set version was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ScreenState {
    /// Not yet.
    Waiting,
    /// Now.
    Running,
    /// Yes.
    Done,
    /// It could not be read as a table; `problem` says why.
    Unreadable,
}

/// A data set in a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct DatasetRow {
    /// The project.
    pub project: ProjectId,
    /// Its name.
    pub project_name: String,
    /// Where it lies.
    pub path: String,
    /// Its bytes now.
    pub digest: Digest,
    /// Media type.
    pub media_type: String,
    /// Bytes.
    pub size: u64,
    /// When it was last written.
    pub modified: Timestamp,
    /// Whether it was looked at.
    pub state: ScreenState,
    /// Why it could not be read.
    pub problem: Option<String>,
    /// Rows, once known.
    pub rows: Option<u64>,
    /// Columns, once known.
    pub columns: Option<u64>,
    /// Verdict of its checks, without what a person accepted as expected or muted.
    pub verdict: Option<CheckVerdict>,
    /// Findings that count by severity: error, warn, info.
    pub findings: (u64, u64, u64),
    /// Labels of its sensitive columns.
    pub labels: Vec<String>,
    /// Models made from it.
    pub models: u64,
    /// Whether it is a log of predictions.
    pub is_prediction_log: bool,
    /// Whether these bytes are held back, or were and were released; none if nothing was decided.
    pub hold: Option<HoldWord>,
}

/// All data sets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct DatasetList {
    /// By project and path.
    pub datasets: Vec<DatasetRow>,
}

/// A version of a data set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct DatasetVersion {
    /// Its bytes.
    pub digest: Digest,
    /// When it was first seen under this path.
    pub seen_at: Timestamp,
    /// Bytes.
    pub size: u64,
    /// Verdict of its checks, if they ran.
    pub verdict: Option<CheckVerdict>,
    /// Whether it is held back, or was and was released; none if nothing was decided.
    pub hold: Option<HoldWord>,
}

/// Two versions of data sets, to be put side by side.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct VersionPair {
    /// The project.
    pub project: ProjectId,
    /// The data set.
    pub path: String,
    /// The bytes of the earlier version.
    pub before: Digest,
    /// The bytes of the later version.
    pub after: Digest,
}

/// Two versions of a data set side by side.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct VersionPairView {
    /// The two side by side; none if one of them was never looked at.
    pub pair: Option<ProfilePair>,
    /// Why there is nothing to put side by side.
    pub problem: Option<String>,
}

/// A model that was made from the data set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ModelUse {
    /// Where the model lies.
    pub path: String,
    /// Its bytes.
    pub digest: Digest,
    /// Least confidence on the way from the data to it.
    pub confidence: f64,
}

/// Everything about one data set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct DatasetView {
    /// In one line.
    pub row: DatasetRow,
    /// Whether it is fit and permitted, in one sentence.
    pub sentence: String,
    /// The same as a state.
    pub tone: Tone,
    /// Its profile.
    pub profile: Option<TableProfile>,
    /// Its findings.
    pub check: Option<CheckReport>,
    /// Its sensitive columns.
    pub sensitive: Option<SensitivityReport>,
    /// Whether its other columns give the sensitive ones away; none if nobody asked yet.
    pub proxies: Option<ProxyReport>,
    /// Its findings with where they stand, and those that are gone from it: those that count first, then the worst first.
    pub findings: Vec<super::FindingRow>,
    /// Newest first.
    pub versions: Vec<DatasetVersion>,
    /// Runs that wrote it.
    pub written_by: Vec<RunLink>,
    /// Runs that read it.
    pub read_by: Vec<RunLink>,
    /// Models made from it.
    pub models: Vec<ModelUse>,
    /// The data set that it is compared with.
    pub reference: Option<String>,
    /// Why with that one; none if with nothing.
    pub reference_basis: Option<ReferenceBasis>,
    /// Data sets of the project that it could be compared with.
    pub possible_references: Vec<String>,
    /// Comparisons in which it takes part.
    pub drifts: Vec<DriftRow>,
}

/// Why a data set is compared with its reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ReferenceBasis {
    /// A person chose it.
    Chosen,
    /// The project's own file names it.
    ProjectFile,
    /// It comes before this one in a series of files.
    Series,
}

/// Names the table that a data set is compared with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ReferenceSet {
    /// The project.
    pub project: ProjectId,
    /// The data set.
    pub path: String,
    /// Its reference; none if absent.
    pub reference: Option<String>,
}

/// Says that a column is sensitive or is not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct LabelDecide {
    /// The project.
    pub project: ProjectId,
    /// The data set.
    pub path: String,
    /// The column.
    pub column: String,
    /// The label; `null` says that the column is not sensitive.
    pub label: Option<String>,
    /// Why.
    pub reason: String,
}

/// Looks whether the other columns of a data set give its sensitive ones away.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ProxyStart {
    /// The project.
    pub project: ProjectId,
    /// The data set.
    pub path: String,
    /// Columns to predict; those found sensitive if empty.
    #[serde(default)]
    pub targets: Vec<String>,
    /// Columns to predict from; all but the targets and the identifiers if empty.
    #[serde(default)]
    pub features: Vec<String>,
}

/// Looks at data sets now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ScreenStart {
    /// The project.
    pub project: ProjectId,
    /// One data set; all that wait if absent.
    #[serde(default)]
    pub path: Option<String>,
}

/// Compares two tables of a project.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct DriftStart {
    /// The project.
    pub project: ProjectId,
    /// The table compared with.
    pub reference: String,
    /// The table in question.
    pub current: String,
    /// The target's column, if concept drift is asked for.
    #[serde(default)]
    pub target: Option<String>,
}

/// A comparison in one line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct DriftRow {
    /// The report.
    pub report: ReportId,
    /// The project.
    pub project: ProjectId,
    /// The table compared with.
    pub reference: String,
    /// The table in question.
    pub current: String,
    /// The verdict.
    pub verdict: DriftVerdict,
    /// Why.
    pub why: String,
    /// Columns that drifted.
    pub drifted: u64,
    /// Columns compared.
    pub compared: u64,
    /// Area under the ROC curve of the domain classifier.
    pub auc: Option<f64>,
    /// When.
    pub created_at: Timestamp,
}

/// All comparisons.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct DriftList {
    /// Newest first.
    pub reports: Vec<DriftRow>,
}

/// One comparison.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct DriftView {
    /// In one line.
    pub row: DriftRow,
    /// The project's name.
    pub project_name: String,
    /// The report.
    pub report: DriftReport,
}

/// What is known of a column before the whole comparison is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ColumnStage {
    /// It was measured on a part of the rows.
    FirstLook,
    /// It was measured on all rows; its p-value is not corrected for the number of columns yet.
    AllRows,
    /// It stands as in the report, but for what the season explains.
    Corrected,
    /// It stands as in the report.
    Settled,
}

/// A column of a comparison that is at work.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ColumnSoFar {
    /// What is known of it so far. Its distributions are left to its figure.
    pub column: ColumnDrift,
    /// How much that is.
    pub stage: ColumnStage,
}

/// What a comparison that is at work can show.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct DriftSoFar {
    /// The project.
    pub project: ProjectId,
    /// Its name.
    pub project_name: String,
    /// The table compared with.
    pub reference: String,
    /// The table in question.
    pub current: String,
    /// Grows with everything that becomes known; a figure is asked for with it.
    pub revision: u64,
    /// Rows of both tables, once they are open.
    pub rows: Option<RowCounts>,
    /// Rows of both tables that the first look took; `null` if there was none.
    pub looked_at: Option<RowCounts>,
    /// What is known, and how far to trust it, in one sentence.
    pub sentence: String,
    /// The columns, those with the largest effect at the first look first.
    pub columns: Vec<ColumnSoFar>,
    /// How far the classifier is that looks at all columns together, 0..1; `null` while columns are compared.
    pub classifier: Option<f64>,
    /// The report, once it is kept. The columns are then in it.
    pub report: Option<ReportId>,
}

/// A log of predictions in one line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct MonitorRow {
    /// The project.
    pub project: ProjectId,
    /// Its name.
    pub project_name: String,
    /// What the log holds.
    pub log: PredictionLogSummary,
    /// What was read in it last.
    pub head: Option<super::MonitorHead>,
    /// Newest comparison of what the model was asked with what it was trained on.
    pub drift: Option<DriftRow>,
    /// The table that the log can be compared with.
    pub reference: Option<String>,
    /// How the model does, in one sentence.
    pub sentence: String,
    /// The same as a state.
    pub tone: Tone,
}

/// All logs of predictions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct MonitorList {
    /// Worst first.
    pub logs: Vec<MonitorRow>,
}

//! Requests and answers that many commands share.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use proofmark_domain::id::{JobId, ProjectId, ReportId, RunId};

/// A request that says nothing more than the command's name.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, TS)]
pub struct Nothing {}

/// It was done, and there is nothing more to say.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Done {
    /// What was done, in one sentence.
    pub message: String,
}

/// Whether something may be done now. A disabled button shows `why`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Permission {
    /// Whether it may.
    pub allowed: bool,
    /// Why not, in one sentence.
    pub why: Option<String>,
}

impl Permission {
    /// It may.
    pub const fn granted() -> Self {
        Self { allowed: true, why: None }
    }

    /// It may not.
    pub fn denied(why: impl Into<String>) -> Self {
        Self { allowed: false, why: Some(why.into()) }
    }
}

/// Names a project.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ProjectRef {
    /// The project.
    pub project: ProjectId,
}

/// One project, or all.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, TS)]
pub struct ProjectFilter {
    /// The project; all if absent.
    #[serde(default)]
    pub project: Option<ProjectId>,
}

/// Names a path of a project.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct PathRef {
    /// The project.
    pub project: ProjectId,
    /// The path in it.
    pub path: String,
}

/// Names a job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct JobRef {
    /// The job.
    pub job: JobId,
}

/// Names a stored report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ReportRef {
    /// The report.
    pub report: ReportId,
}

/// A rectangle of a figure that stands for a number: for hover, keyboard focus and the table beside the figure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Mark {
    /// The series: `reference`, `current`, `rows`.
    pub series: String,
    /// What it stands for: a category, or a range of numbers with its unit.
    pub label: String,
    /// Its number as text, with unit.
    pub value: String,
    /// Left edge in the coordinates of the SVG's view box.
    pub x: f64,
    /// Top edge.
    pub y: f64,
    /// Width.
    pub width: f64,
    /// Height.
    pub height: f64,
}

/// A picture drawn by the engine, the same in the window and in a report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Figure {
    /// What it shows.
    pub title: String,
    /// The same in a sentence, for those who do not see it.
    pub description: String,
    /// The picture. Colours are classes (`fig-reference`, `fig-current`, …) with plain colours to fall back to.
    pub svg: String,
    /// Width of the view box.
    pub width: f64,
    /// Height of the view box.
    pub height: f64,
    /// Its numbers.
    pub marks: Vec<Mark>,
}

/// Which picture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "of", rename_all = "snake_case")]
pub enum FigureQuery {
    /// The distribution of a column of a data set.
    Column {
        /// The project.
        project: ProjectId,
        /// The data set.
        path: String,
        /// The column.
        column: String,
        /// A small one for a table's row, without axes.
        small: bool,
    },
    /// Two distributions of a column in a drift report.
    DriftColumn {
        /// The report.
        report: ReportId,
        /// The column.
        column: String,
        /// A small one for a table's row, without axes.
        small: bool,
    },
    /// Effects of all columns in a drift report.
    DriftEffects {
        /// The report.
        report: ReportId,
    },
    /// Two distributions of a column in a comparison that is at work.
    DriftColumnSoFar {
        /// The comparison's job.
        job: JobId,
        /// The column.
        column: String,
        /// What the picture is to show at least, so that a newer one is another question.
        revision: u64,
    },
    /// Effects of the columns in a comparison that is at work.
    DriftEffectsSoFar {
        /// The comparison's job.
        job: JobId,
        /// What the picture is to show at least, so that a newer one is another question.
        revision: u64,
    },
    /// A model over time, from its log of predictions.
    Monitor {
        /// The report.
        report: ReportId,
        /// A small one for a table's row: its predictions alone.
        small: bool,
        /// Only the windows from one to another, counted from 0, both ends included.
        #[serde(default)]
        span: Option<(u64, u64)>,
    },
    /// The ROC curve of the domain classifier.
    DriftRoc {
        /// The report.
        report: ReportId,
    },
    /// How a metric went in one run or in several.
    RunMetric {
        /// The runs.
        runs: Vec<RunId>,
        /// The metric.
        metric: String,
    },
}

/// Which document to write.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "of", rename_all = "snake_case")]
pub enum ReportSource {
    /// Quality and sensitive columns of a data set.
    Dataset {
        /// The project.
        project: ProjectId,
        /// The data set.
        path: String,
    },
    /// A comparison.
    Drift {
        /// The report.
        report: ReportId,
    },
    /// A model in use.
    Monitor {
        /// The project.
        project: ProjectId,
        /// The log of its predictions.
        path: String,
    },
}

/// The form of a document.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ReportFormat {
    /// One file for a browser, with everything in it.
    #[default]
    Html,
    /// Pages; of a wide table a part, and what was left out is said.
    Pdf,
    /// What the document is made from, for programs.
    Json,
}

impl ReportFormat {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Html, Self::Pdf, Self::Json];

    /// How the name of such a file ends, without the dot.
    pub const fn ending(self) -> &'static str {
        match self {
            Self::Html => "html",
            Self::Pdf => "pdf",
            Self::Json => "json",
        }
    }
}

/// Writes a document that stands on its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ReportExport {
    /// Which document.
    pub source: ReportSource,
    /// The file to write; a place in the person's documents folder if absent.
    #[serde(default)]
    pub to: Option<String>,
    /// Its form; that of the file's ending if absent, and HTML if that says nothing.
    #[serde(default)]
    pub format: Option<ReportFormat>,
}

/// A file was written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Exported {
    /// Its absolute path.
    pub path: String,
    /// Bytes.
    pub size: u64,
}

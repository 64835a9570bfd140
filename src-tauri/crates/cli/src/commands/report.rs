//! Documents that stand on their own.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use proofmark_contract::view::{
    DriftStart, Exported, MonitorStart, ProjectFilter, ReportExport, ReportFormat, ReportSource, ScreenStart,
};
use proofmark_contract::{ErrorBody, ErrorCode};

use crate::context::Context;
use crate::reply::{Outcome, wrong};
use crate::text::{bytes, safe};

/// Where a report goes, and in which form.
#[derive(Debug, Args)]
pub struct Destination {
    /// The file to write; a new one in the folder of reports if absent
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
    /// The form; that of FILE's ending if absent, else html
    #[arg(long, value_enum)]
    format: Option<Format>,
}

/// The forms of a report.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// One file for a browser
    Html,
    /// Pages
    Pdf,
    /// What the report is made from, for programs
    Json,
}

impl From<Format> for ReportFormat {
    fn from(format: Format) -> Self {
        match format {
            Format::Html => Self::Html,
            Format::Pdf => Self::Pdf,
            Format::Json => Self::Json,
        }
    }
}

/// Commands that write reports.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Quality and sensitive columns of a data set
    Data {
        /// The data set, in the folder of a project
        file: String,
        /// Identifier, name or folder of the project; from the file's place if absent
        #[arg(long)]
        project: Option<String>,
        #[command(flatten)]
        destination: Destination,
    },
    /// How a model does in use, from the log of its predictions in a project
    Monitor {
        /// The log
        log: String,
        /// Identifier, name or folder of the project; from the log's place if absent
        #[arg(long)]
        project: Option<String>,
        #[command(flatten)]
        destination: Destination,
    },
    /// The comparison of two data sets of a project
    Drift {
        /// The data set that is compared with
        reference: String,
        /// The data set in question
        current: String,
        /// The target's column
        #[arg(long, value_name = "COL")]
        target: Option<String>,
        /// Identifier, name or folder of the project; from the files' place if absent
        #[arg(long)]
        project: Option<String>,
        #[command(flatten)]
        destination: Destination,
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
            Self::Data { file, project, destination } => {
                let (project, path) = context.locate(&file, project.as_deref())?;
                context.refresh(&project, false)?;
                context.finish(engine.screen_start(ScreenStart { project: project.id, path: Some(path.clone()) })?)?;
                export(context, "report-data", ReportSource::Dataset { project: project.id, path }, destination)
            }
            Self::Monitor { log, project, destination } => {
                let (project, path) = context.locate(&log, project.as_deref())?;
                context.refresh(&project, false)?;
                let start = MonitorStart {
                    project: project.id,
                    path: path.clone(),
                    reference: None,
                    labels: None,
                    window: None,
                };
                context.finish(engine.monitor_start(start)?)?;
                export(context, "report-monitor", ReportSource::Monitor { project: project.id, path }, destination)
            }
            Self::Drift { reference, current, target, project, destination } => {
                let (place, reference) = context.locate(&reference, project.as_deref())?;
                let (other, current) = context.locate(&current, project.as_deref())?;
                if place.id != other.id {
                    return Err(wrong(format!(
                        "{reference} is in {}, {current} in {}: two tables of one project can be reported on.",
                        place.name, other.name
                    ))
                    .hint("proofmark drift compares any two files."));
                }
                context.refresh(&place, false)?;
                let start =
                    DriftStart { project: place.id, reference: reference.clone(), current: current.clone(), target };
                context.finish(engine.drift_start(start)?)?;
                let rows = engine.drift_list(ProjectFilter { project: Some(place.id) })?.reports;
                // Newest first.
                let row = rows
                    .into_iter()
                    .find(|row| row.reference == reference && row.current == current)
                    .ok_or_else(|| {
                        ErrorBody::new(
                            ErrorCode::Internal,
                            format!("{current} was compared with {reference}, and the result was not kept."),
                        )
                    })?;
                export(context, "report-drift", ReportSource::Drift { report: row.report }, destination)
            }
        }
    }
}

fn export(context: &Context, command: &str, source: ReportSource, destination: Destination) -> Outcome {
    let to = destination.to.map(|path| path.to_string_lossy().into_owned());
    let format = destination.format.map(ReportFormat::from);
    let written: Exported = context.engine()?.report_export(ReportExport { source, to, format })?;
    context.answer(command, &written, || format!("{} written ({}).\n", safe(&written.path), bytes(written.size)))
}

//! What a log of predictions says, and the documents about it.

use std::path::{Path, PathBuf};

use proofmark_analysis::monitor::{MonitorInput, Wish};
use proofmark_contract::ErrorCode;
use proofmark_domain::Timestamp;
use proofmark_domain::monitor::{LogRole, MonitorReport, WindowKind};
use proofmark_report::document::{Form, MonitorDocument, is_own};
use serde::Serialize;

use super::never;
use crate::trouble::{Answer, Trouble};
use crate::usecase::written::{refuse_other_file, replace};

/// What is asked about a log of predictions.
#[derive(Debug, Clone, Default)]
pub struct MonitorWishes {
    /// What the model was trained on, or a log whose outcomes are known.
    pub reference: Option<PathBuf>,
    /// What turned out to be true, by identifier.
    pub labels: Option<PathBuf>,
    /// Size of the windows; chosen by the span of the log if absent.
    pub window: Option<WindowKind>,
    /// What columns stand for: the column, its role, and the class of a score.
    pub columns: Vec<(String, LogRole, Option<String>)>,
}

/// What a log of predictions says about its models, window by window.
///
/// # Errors
/// If the log, the reference or the labels cannot be read at all, or a named column does not exist.
pub fn monitor(
    log: &Path,
    wishes: &MonitorWishes,
    now: Timestamp,
    progress: &dyn Fn(f64, &str),
) -> Answer<MonitorReport> {
    let input = MonitorInput {
        log: log.to_owned(),
        reference: wishes.reference.clone(),
        labels: wishes.labels.clone(),
        window: wishes.window,
        columns: wishes
            .columns
            .iter()
            .map(|(column, role, class)| Wish { column: column.clone(), role: *role, class: class.clone() })
            .collect(),
        now: now.ms(),
    };
    Ok(proofmark_analysis::monitor::monitor(&input, &never, progress)?)
}

/// What to write of a reading besides showing it.
#[derive(Debug, Clone, Default)]
pub struct MonitorFiles {
    /// A self-contained HTML document.
    pub html: Option<PathBuf>,
    /// The same as PDF.
    pub pdf: Option<PathBuf>,
    /// The text format of Prometheus.
    pub prometheus: Option<PathBuf>,
    /// The request to train anew, JSON.
    pub retraining: Option<PathBuf>,
}

/// Writes documents about a reading. Each file is there as a whole or not at all, so that a collector never reads half of one.
///
/// # Errors
/// If one cannot be made or written, or a file that is no such document is in its place; then none is written.
pub fn write_monitor(log: &Path, report: &MonitorReport, now: Timestamp, files: &MonitorFiles) -> Answer<()> {
    let internal =
        |error: String| Trouble::new(ErrorCode::Internal, format!("The document could not be made: {error}."));
    for to in [&files.html, &files.pdf, &files.prometheus, &files.retraining].into_iter().flatten() {
        refuse_other_file(to, is_own)?;
    }
    let request = proofmark_domain::monitor::retraining(report, now);
    if files.html.is_some() || files.pdf.is_some() {
        let name = log.file_name().map_or_else(|| "log".to_owned(), |it| it.to_string_lossy().into_owned());
        let document = MonitorDocument {
            title: report.main.model.as_deref().unwrap_or(&name),
            project: None,
            generated_at: now,
            report,
            retraining: &request,
        };
        for (to, form) in [(&files.html, Form::Html), (&files.pdf, Form::Pdf)] {
            if let Some(to) = to {
                replace(to, &document.write(form).map_err(|error| internal(error.to_string()))?)?;
            }
        }
    }
    if let Some(to) = &files.prometheus {
        replace(to, proofmark_report::interop::prometheus(report).as_bytes())?;
    }
    if let Some(to) = &files.retraining {
        let document = Named { schema: "proofmark/retraining/1", body: &request };
        let text = serde_json::to_string_pretty(&document).map_err(|error| internal(error.to_string()))?;
        replace(to, format!("{text}\n").as_bytes())?;
    }
    Ok(())
}

/// The name of the schema comes first, so that the file is known by its beginning.
#[derive(Serialize)]
struct Named<'a, T> {
    schema: &'static str,
    #[serde(flatten)]
    body: &'a T,
}

/// The newest lines of a log, at most `most`.
///
/// # Errors
/// If it cannot be read, or is no file of lines.
pub fn tail(log: &Path, most: usize) -> Answer<proofmark_contract::view::LogTail> {
    crate::usecase::tail::tail(log, None, most)
}

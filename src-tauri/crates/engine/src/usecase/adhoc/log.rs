//! What a log of predictions says, and the documents about it.

use std::path::{Path, PathBuf};

use proofmark_analysis::monitor::{MonitorInput, Wish};
use proofmark_contract::ErrorCode;
use proofmark_domain::Timestamp;
use proofmark_domain::monitor::{LogRole, MonitorReport, WindowKind};
use proofmark_report::document::{Form, MonitorDocument};

use super::never;
use crate::trouble::{Answer, Trouble, io_trouble};

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
/// If one cannot be made or written.
pub fn write_monitor(log: &Path, report: &MonitorReport, now: Timestamp, files: &MonitorFiles) -> Answer<()> {
    let internal =
        |error: String| Trouble::new(ErrorCode::Internal, format!("The document could not be made: {error}."));
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
        let mut document = serde_json::to_value(&request).map_err(|error| internal(error.to_string()))?;
        if let Some(fields) = document.as_object_mut() {
            fields.insert("schema".to_owned(), "proofmark/retraining/1".into());
        }
        let text = serde_json::to_string_pretty(&document).map_err(|error| internal(error.to_string()))?;
        replace(to, format!("{text}\n").as_bytes())?;
    }
    Ok(())
}

/// Writes a file beside its place and moves it there.
fn replace(to: &Path, bytes: &[u8]) -> Answer<()> {
    let mut name = to.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.part", std::process::id()));
    let part = to.with_file_name(name);
    let written = std::fs::write(&part, bytes).and_then(|()| std::fs::rename(&part, to));
    written.map_err(|error| {
        // What is left of the attempt is of no use; if it cannot be removed, the error that follows says enough.
        let _ = std::fs::remove_file(&part);
        io_trouble("writing", to, &error)
    })
}

/// The newest lines of a log, or those after a position.
///
/// # Errors
/// If it cannot be read, or is no file of lines.
pub fn tail(log: &Path, after: Option<u64>, most: usize) -> Answer<proofmark_contract::view::LogTail> {
    crate::usecase::tail::tail(log, after, most)
}

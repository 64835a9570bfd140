//! Documents: what is known of a data set, of a comparison, of a model in use, as a file.

use std::fs;
use std::path::Path;

use proofmark_contract::ErrorCode;
use proofmark_contract::view::*;
use proofmark_domain::artifact::RelPath;
use proofmark_ledger::AuditEntry;
use proofmark_report::document::{DatasetDocument, DriftDocument, FindingDecision, Form, MonitorDocument, is_own};

use super::written::{refuse_other_file, replace, write_new};
use crate::Engine;
use crate::trouble::{Answer, Trouble, io_trouble};

impl Engine {
    /// Writes a document that stands on its own, as HTML or PDF, or what it is made from as JSON.
    ///
    /// # Errors
    /// If there is nothing to report yet, or the file cannot be written.
    pub fn report_export(&self, request: ReportExport) -> Answer<Exported> {
        let format = request.format.or_else(|| request.to.as_deref().and_then(format_of)).unwrap_or_default();
        let (written, name, project) = match &request.source {
            ReportSource::Dataset { project, path } => {
                let view = self.dataset_show(PathRef { project: *project, path: path.clone() })?;
                let profile = view.profile.ok_or_else(|| {
                    Trouble::new(
                        ErrorCode::NotFound,
                        format!("{path} has not been looked at yet, so there is nothing to report."),
                    )
                    .hint("Look at it first.")
                })?;
                let decisions: Vec<FindingDecision> = view
                    .findings
                    .into_iter()
                    .filter(|it| it.resolved_at.is_none())
                    .filter_map(|it| {
                        let said = it.said?;
                        Some(FindingDecision {
                            kind: it.finding.kind,
                            columns: it.finding.columns,
                            decision: said.state.word().to_owned(),
                            reason: said.reason,
                            by: said.by,
                            at: said.at,
                        })
                    })
                    .collect();
                let at = RelPath::new(path.clone());
                let document = DatasetDocument {
                    title: at.file_name(),
                    project: &view.row.project_name,
                    path,
                    digest: Some(view.row.digest),
                    generated_at: self.now(),
                    profile: &profile,
                    check: view.check.as_ref(),
                    sensitive: view.sensitive.as_ref(),
                    decisions: &decisions,
                };
                let written = document.write(form(format));
                (written, format!("{}-quality", stem(path)), Some(*project))
            }
            ReportSource::Drift { report } => {
                let stored = self.drift_report(*report)?;
                let sensitive = self.sensitive_in(&stored.head)?;
                let view = self.drift_show(ReportRef { report: *report })?;
                let title = format!("{} against {}", view.row.current, view.row.reference);
                let document = DriftDocument {
                    title: &title,
                    project: &view.project_name,
                    generated_at: self.now(),
                    report: &view.report,
                    sensitive: &sensitive,
                };
                let written = document.write(form(format));
                (written, format!("{}-drift", stem(&view.row.current)), Some(view.row.project))
            }
            ReportSource::Monitor { project, path } => {
                let at = PathRef { project: *project, path: path.clone() };
                let retraining = self.retraining_request(at.clone())?;
                let view = self.monitor_show(at)?;
                let report = view
                    .report
                    .ok_or_else(|| Trouble::not_found(format!("reading of {path}")).hint("Read the log first."))?;
                let title =
                    report.main.model.clone().unwrap_or_else(|| RelPath::new(path.clone()).file_name().to_owned());
                let document = MonitorDocument {
                    title: &title,
                    project: Some(&view.project_name),
                    generated_at: self.now(),
                    report: &report,
                    retraining: &retraining,
                };
                let written = document.write(form(format));
                (written, format!("{}-monitor", stem(path)), Some(*project))
            }
        };
        let bytes = written
            .map_err(|error| Trouble::new(ErrorCode::Internal, format!("The document could not be made: {error}.")))?;
        let path = match request.to.filter(|it| !it.is_empty()) {
            Some(path) => {
                let path =
                    std::path::absolute(&path).map_err(|error| io_trouble("finding", Path::new(&path), &error))?;
                refuse_other_file(&path, is_own)?;
                replace(&path, &bytes)?;
                path
            }
            None => {
                let folder = self.home().reports();
                fs::create_dir_all(&folder).map_err(|error| io_trouble("making", &folder, &error))?;
                write_new(&folder, &name, format.ending(), &bytes)?
            }
        };
        let object = project.map_or_else(String::new, |it| it.to_string());
        let entry = AuditEntry::new(self.actor(), "report.export", object);
        self.ledger().write(self.now(), entry, |write| -> Answer<()> {
            write.note("path", path.to_string_lossy());
            Ok(())
        })?;
        Ok(Exported { path: path.to_string_lossy().into_owned(), size: bytes.len() as u64 })
    }
}

const fn form(format: ReportFormat) -> Form {
    match format {
        ReportFormat::Html => Form::Html,
        ReportFormat::Pdf => Form::Pdf,
        ReportFormat::Json => Form::Json,
    }
}

/// What a file's name asks for; nothing if it asks for none of the forms.
fn format_of(path: &str) -> Option<ReportFormat> {
    let ending = Path::new(path).extension()?;
    ReportFormat::ALL.into_iter().find(|it| ending.eq_ignore_ascii_case(it.ending()))
}

fn stem(path: &str) -> String {
    let name = RelPath::new(path).file_name().to_owned();
    let stem = name.rsplit_once('.').map_or(name.as_str(), |(stem, _)| stem);
    stem.chars()
        .map(|letter| if letter.is_alphanumeric() || matches!(letter, '-' | '_') { letter } else { '-' })
        .take(80)
        .collect()
}

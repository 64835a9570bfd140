//! Pictures and documents: the same ones in the window and in a report.

use std::fs;
use std::path::{Path, PathBuf};

use proofmark_contract::ErrorCode;
use proofmark_contract::view::*;
use proofmark_domain::artifact::RelPath;
use proofmark_ledger::{AuditEntry, ReportHead, ReportKind};
use proofmark_report::document::{
    self, DatasetDocument, DriftDocument, MonitorDocument, dataset_report, drift_report, monitor_report,
};
use proofmark_report::figure::{self as draw, Size, TableNames};

use crate::Engine;
use crate::screen::labels_in;
use crate::trouble::{Answer, Trouble, io_trouble};

impl Engine {
    /// Draws a picture.
    ///
    /// # Errors
    /// If there is nothing to draw it from.
    pub fn figure(&self, request: FigureQuery) -> Answer<Figure> {
        let size = |small: bool| if small { Size::Small } else { Size::Full };
        let drawn = match &request {
            FigureQuery::Column { project, path, column, small } => {
                let project = self.project(*project)?;
                let facts = self.file(&project, &RelPath::new(path.clone()))?.facts;
                let profile = self
                    .stored_profile(&facts.digest)?
                    .ok_or_else(|| Trouble::not_found(format!("profile of {path} yet")))?;
                let column =
                    profile.column(column).ok_or_else(|| Trouble::not_found(format!("column `{column}` in {path}")))?;
                // A stored profile was masked before it was stored.
                draw::column(column, profile.rows, size(*small))
            }
            FigureQuery::DriftColumn { report, column, small } => {
                let stored = self.drift_report(*report)?;
                let sensitive = self.sensitive_in(&stored.head)?;
                let report = stored.body;
                let found = report.columns.iter().find(|it| it.name == *column);
                let found = found.ok_or_else(|| Trouble::not_found(format!("column `{column}` in this comparison")))?;
                let names = TableNames { reference: &report.reference, current: &report.current };
                if sensitive.contains(column) {
                    draw::drift_column(&draw::masked(found), names, size(*small))
                } else {
                    draw::drift_column(found, names, size(*small))
                }
            }
            FigureQuery::DriftEffects { report } => draw::drift_effects(&self.drift_report(*report)?.body),
            FigureQuery::Monitor { report, small, span } => {
                draw::monitor(&self.monitor_report(*report)?.main, size(*small), *span)
            }
            FigureQuery::DriftRoc { report } => draw::roc(&self.drift_report(*report)?.body.joint),
            FigureQuery::RunMetric { runs, metric } => {
                let curves = self.metric_curves(runs, metric)?;
                let curves: Vec<_> = curves.iter().map(|(name, curve)| (name.clone(), curve)).collect();
                draw::metric_curves(metric, &curves)
            }
        };
        let drawn = drawn.ok_or_else(|| {
            Trouble::new(ErrorCode::NotFound, "There is nothing to draw: no value, or no comparison of values.")
        })?;
        Ok(Figure {
            title: drawn.title,
            description: drawn.description,
            svg: drawn.svg,
            width: drawn.width,
            height: drawn.height,
            marks: drawn
                .marks
                .into_iter()
                .map(|mark| Mark {
                    series: mark.series,
                    label: mark.label,
                    value: mark.value,
                    x: mark.x,
                    y: mark.y,
                    width: mark.width,
                    height: mark.height,
                })
                .collect(),
        })
    }

    /// Writes a self-contained HTML document.
    ///
    /// # Errors
    /// If there is nothing to report yet, or the file cannot be written.
    pub fn report_export(&self, request: ReportExport) -> Answer<Exported> {
        let (html, name, project) = match &request.source {
            ReportSource::Dataset { project, path } => {
                let view = self.dataset_show(PathRef { project: *project, path: path.clone() })?;
                let profile = view.profile.ok_or_else(|| {
                    Trouble::new(
                        ErrorCode::NotFound,
                        format!("{path} has not been looked at yet, so there is nothing to report."),
                    )
                    .hint("Look at it first.")
                })?;
                let decisions: Vec<document::FindingDecision> = view
                    .findings
                    .into_iter()
                    .filter(|it| it.resolved_at.is_none())
                    .filter_map(|it| {
                        let said = it.said?;
                        Some(document::FindingDecision {
                            kind: it.finding.kind,
                            columns: it.finding.columns,
                            decision: said.state.word().to_owned(),
                            reason: said.reason,
                            by: said.by,
                            at: said.at,
                        })
                    })
                    .collect();
                let written = dataset_report(&DatasetDocument {
                    title: RelPath::new(path.clone()).file_name(),
                    project: &view.row.project_name,
                    path,
                    digest: Some(view.row.digest),
                    generated_at: self.now(),
                    profile: &profile,
                    check: view.check.as_ref(),
                    sensitive: view.sensitive.as_ref(),
                    decisions: &decisions,
                });
                (written, format!("{}-quality", stem(path)), Some(*project))
            }
            ReportSource::Drift { report } => {
                let stored = self.drift_report(*report)?;
                let sensitive = self.sensitive_in(&stored.head)?;
                let view = self.drift_show(ReportRef { report: *report })?;
                let written = drift_report(&DriftDocument {
                    title: &format!("{} against {}", view.row.current, view.row.reference),
                    project: &view.project_name,
                    generated_at: self.now(),
                    report: &view.report,
                    sensitive: &sensitive,
                });
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
                let written = monitor_report(&MonitorDocument {
                    title: &title,
                    project: Some(&view.project_name),
                    generated_at: self.now(),
                    report: &report,
                    retraining: &retraining,
                });
                (written, format!("{}-monitor", stem(path)), Some(*project))
            }
        };
        let html = html
            .map_err(|error| Trouble::new(ErrorCode::Internal, format!("The document could not be made: {error}.")))?;
        let path = match request.to.filter(|it| !it.is_empty()) {
            Some(path) => {
                std::path::absolute(&path).map_err(|error| io_trouble("finding", Path::new(&path), &error))?
            }
            None => {
                let folder = self.home().reports();
                fs::create_dir_all(&folder).map_err(|error| io_trouble("making", &folder, &error))?;
                free_name(&folder, &name)
            }
        };
        self.refuse_project_folder(&path)?;
        fs::write(&path, html.as_bytes()).map_err(|error| io_trouble("writing", &path, &error))?;
        let object = project.map_or_else(String::new, |it| it.to_string());
        let entry = AuditEntry::new(self.actor(), "report.export", object);
        self.ledger().write(self.now(), entry, |write| -> Answer<()> {
            write.note("path", path.to_string_lossy());
            Ok(())
        })?;
        Ok(Exported { path: path.to_string_lossy().into_owned(), size: html.len() as u64 })
    }

    /// Names of the columns that are sensitive in either table of a comparison, also under the name of the structure that holds them.
    fn sensitive_in(&self, head: &ReportHead) -> Answer<Vec<String>> {
        let digests: Vec<_> = [Some(head.digest), head.reference].into_iter().flatten().collect();
        let heads = self
            .ledger()
            .read::<_, Trouble>(|read| Ok(read.reports().newest_heads(ReportKind::Sensitive, &digests)?))?;
        let mut names = Vec::new();
        for found in heads.into_iter().flatten() {
            for label in labels_in(&found.summary, &[]) {
                if let Some((outer, _)) = label.column.split_once('.') {
                    names.push(outer.to_owned());
                }
                names.push(label.column);
            }
        }
        Ok(names)
    }

    /// A person's files are never written over: a report goes to a new name, or replaces a report.
    fn refuse_project_folder(&self, path: &Path) -> Answer<()> {
        let replaces_other = path.exists()
            && !fs::read(path)
                .is_ok_and(|bytes| String::from_utf8_lossy(&bytes[..bytes.len().min(4096)]).contains("Proofmark"));
        if replaces_other {
            return Err(Trouble::new(
                ErrorCode::AlreadyExists,
                format!("{} is there already and is no report of Proofmark. It was left as it is.", path.display()),
            )
            .hint("Choose another name."));
        }
        Ok(())
    }
}

fn stem(path: &str) -> String {
    let name = RelPath::new(path).file_name().to_owned();
    let stem = name.rsplit_once('.').map_or(name.as_str(), |(stem, _)| stem);
    stem.chars()
        .map(|letter| if letter.is_alphanumeric() || matches!(letter, '-' | '_') { letter } else { '-' })
        .take(80)
        .collect()
}

fn free_name(folder: &Path, name: &str) -> PathBuf {
    let mut path = folder.join(format!("{name}.html"));
    let mut count = 2;
    while path.exists() {
        path = folder.join(format!("{name}-{count}.html"));
        count += 1;
    }
    path
}

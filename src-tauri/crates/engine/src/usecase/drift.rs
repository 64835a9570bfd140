//! Comparisons of two tables.

use proofmark_analysis::facade::{self, DriftInput, DriftNews, Follow, Table};
use proofmark_contract::ErrorCode;
use proofmark_contract::view::*;
use proofmark_domain::artifact::{FileFacts, RelPath};
use proofmark_domain::drift::{DriftReport, DriftVerdict, RowCounts};
use proofmark_domain::id::ReportId;
use proofmark_domain::job::JobKind;
use proofmark_domain::project::Project;
use proofmark_ledger::{AuditEntry, NewReport, ReportHead, ReportKind, StoredReport};
use serde_json::{Value, json};

use crate::Engine;
use crate::jobs::{JobPlan, Worker};
use crate::screen::{absolute, reading_of};
use crate::trouble::{Answer, Trouble};

impl Engine {
    /// Starts to compare two tables of a project.
    ///
    /// # Errors
    /// If either does not exist, or they are the same bytes.
    pub fn drift_start(&self, request: DriftStart) -> Answer<JobRef> {
        let project = self.project(request.project)?;
        let reference = self.file(&project, &RelPath::new(request.reference))?.facts;
        let current = self.file(&project, &RelPath::new(request.current))?.facts;
        if reference.digest == current.digest {
            return Err(Trouble::new(
                ErrorCode::InvalidRequest,
                format!("{} and {} hold the same bytes, so there is nothing to compare.", reference.path, current.path),
            ));
        }
        let plan = JobPlan {
            kind: JobKind::Drift,
            title: format!("Comparing {} with {}", current.path.file_name(), reference.path.file_name()),
            project: Some(project.id),
            unit: "percent",
            notice: None,
        };
        let input =
            DriftInput { target: request.target, ..DriftInput::named(reference.path.as_str(), current.path.as_str()) };
        let asked = (project.clone(), reference.clone(), current.clone());
        let job = self.start_job(plan, move |engine, worker| {
            engine.comparison_began(worker.id(), &project, &reference, &current);
            let kept = engine
                .compare_files(&project, (&reference, &current), &input, worker)
                .and_then(|report| engine.keep_drift(&project, &reference, &current, &report));
            engine.comparison_ended(worker.id(), kept.as_ref().ok().copied());
            kept.map(|_| ())
        })?;
        // Whoever asked may look before the job's thread came to its first line.
        self.comparison_began(job.job, &asked.0, &asked.1, &asked.2);
        Ok(job)
    }

    /// Compares two files of a project and tells what is known early.
    fn compare_files(
        &self,
        project: &Project,
        (reference, current): (&FileFacts, &FileFacts),
        input: &DriftInput,
        worker: &Worker,
    ) -> Answer<DriftReport> {
        let config = self.config_now(project)?.config;
        let open = |facts: &FileFacts| -> Answer<Table> {
            Ok(Table::open_as(&absolute(project, &facts.path)?, &reading_of(&config, facts.path.as_str()))?)
        };
        let (reference, current) = (open(reference)?, open(current)?);
        self.comparison_opened(worker.id(), RowCounts { reference: reference.rows(), current: current.rows() });
        let news = |it: DriftNews| {
            let several = matches!(it, DriftNews::FirstLook { .. } | DriftNews::Columns { .. });
            self.comparison_told(worker.id(), it);
            if several {
                worker.tell();
            }
        };
        let follow = Follow {
            cancel: &|| worker.cancelled(),
            progress: &|done, what| worker.progress((done * 100.0) as u64, Some(100), what),
            news: Some(&news),
        };
        let report = facade::drift(&reference, &current, input, &follow)?;
        worker.check()?;
        Ok(report)
    }

    fn keep_drift(
        &self,
        project: &Project,
        reference: &FileFacts,
        current: &FileFacts,
        report: &DriftReport,
    ) -> Answer<ReportId> {
        let drifted = report.columns.iter().filter(|it| it.verdict == DriftVerdict::Drift).count();
        let summary =
            json!({"why": report.why, "drifted": drifted, "compared": report.columns.len(), "auc": report.joint.auc});
        let verdict = serde_json::to_value(report.verdict).ok().and_then(|it| it.as_str().map(str::to_owned));
        let head = self.head(ReportKind::Drift, project, current, Some(reference), verdict, summary);
        let id = head.id;
        let entry = AuditEntry::new(self.actor(), "drift.compare", current.path.as_str());
        self.ledger().write(self.now(), entry, |write| -> Answer<ReportId> {
            write.note("reference", reference.path.as_str());
            write.reports().add(&NewReport { head, body: report })?;
            Ok(id)
        })
    }

    /// Comparisons, newest first.
    ///
    /// # Errors
    /// If the ledger cannot be read.
    pub fn drift_list(&self, request: ProjectFilter) -> Answer<DriftList> {
        let mut reports = Vec::new();
        for project in self.projects_in(&request)? {
            reports.extend(self.drift_rows(&project)?);
        }
        reports.sort_by_key(|row: &DriftRow| std::cmp::Reverse(row.created_at));
        Ok(DriftList { reports })
    }

    /// One comparison.
    ///
    /// # Errors
    /// If there is no such report.
    pub fn drift_show(&self, request: ReportRef) -> Answer<DriftView> {
        let stored = self.drift_report(request.report)?;
        let row =
            drift_row(&stored.head).ok_or_else(|| Trouble::not_found(format!("comparison {}", request.report)))?;
        let project_name = self.project(row.project).map(|it| it.name).unwrap_or_default();
        Ok(DriftView { row, project_name, report: stored.body })
    }

    pub(crate) fn drift_report(&self, id: ReportId) -> Answer<StoredReport<DriftReport>> {
        self.ledger()
            .read::<_, Trouble>(|read| Ok(read.reports().by_id::<DriftReport>(id)?))?
            .filter(|it| it.head.kind == ReportKind::Drift)
            .ok_or_else(|| Trouble::not_found(format!("comparison {id}")))
    }

    pub(crate) fn drift_rows(&self, project: &Project) -> Answer<Vec<DriftRow>> {
        let heads = self
            .ledger()
            .read::<_, Trouble>(|read| Ok(read.reports().of_project(project.id, ReportKind::Drift, Some(500))?))?;
        Ok(heads.iter().filter_map(drift_row).collect())
    }
}

fn drift_row(head: &ReportHead) -> Option<DriftRow> {
    let verdict = serde_json::from_value(Value::String(head.verdict.clone()?)).ok()?;
    let number = |name: &str| head.summary.get(name).and_then(Value::as_u64).unwrap_or(0);
    Some(DriftRow {
        report: head.id,
        project: head.project?,
        reference: head.reference_path.as_ref()?.as_str().to_owned(),
        current: head.path.as_ref()?.as_str().to_owned(),
        verdict,
        why: head.summary.get("why").and_then(Value::as_str).unwrap_or_default().to_owned(),
        drifted: number("drifted"),
        compared: number("compared"),
        auc: head.summary.get("auc").and_then(Value::as_f64),
        created_at: head.created_at,
    })
}

//! Comparisons of two tables, and the logs of predictions that are compared with what a model was trained on.

use std::path::Path;

use proofmark_analysis::facade::{self, DriftInput, Table};
use proofmark_contract::ErrorCode;
use proofmark_contract::view::*;
use proofmark_domain::artifact::{ArtifactKind, FileFacts, RelPath};
use proofmark_domain::drift::{DriftReport, DriftVerdict};
use proofmark_domain::id::ReportId;
use proofmark_domain::job::JobKind;
use proofmark_domain::lineage::{Direction, NodeId, NodeKind};
use proofmark_domain::prediction::PredictionLogSummary;
use proofmark_domain::project::Project;
use proofmark_ledger::{AuditEntry, NewReport, ReportHead, ReportKind, StoredReport};
use serde_json::{Value, json};

use crate::Engine;
use crate::config::ProjectConfig;
use crate::jobs::JobPlan;
use crate::screen::absolute;
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
        let target = request.target;
        self.start_job(plan, move |engine, worker| {
            let cancel = || worker.cancelled();
            let open = |facts: &FileFacts| -> Answer<Table> { Ok(Table::open(&absolute(&project, &facts.path)?)?) };
            let input = DriftInput {
                target: target.clone(),
                ..DriftInput::named(reference.path.as_str(), current.path.as_str())
            };
            let report = facade::drift(&open(&reference)?, &open(&current)?, &input, &cancel, &|done, what| {
                worker.progress((done * 100.0) as u64, Some(100), what);
            })?;
            worker.check()?;
            engine.keep_drift(&project, &reference, &current, &report)
        })
    }

    fn keep_drift(
        &self,
        project: &Project,
        reference: &FileFacts,
        current: &FileFacts,
        report: &DriftReport,
    ) -> Answer<()> {
        let drifted = report.columns.iter().filter(|it| it.verdict == DriftVerdict::Drift).count();
        let summary =
            json!({"why": report.why, "drifted": drifted, "compared": report.columns.len(), "auc": report.joint.auc});
        let verdict = serde_json::to_value(report.verdict).ok().and_then(|it| it.as_str().map(str::to_owned));
        let head = self.head(ReportKind::Drift, project, current, Some(reference), verdict, summary);
        let entry = AuditEntry::new(self.actor(), "drift.compare", current.path.as_str());
        self.ledger().write(self.now(), entry, |write| -> Answer<()> {
            write.note("reference", reference.path.as_str());
            Ok(write.reports().add(&NewReport { head, body: report })?)
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

    /// Logs of predictions, worst first.
    ///
    /// # Errors
    /// If the ledger cannot be read.
    pub fn monitor_list(&self, request: ProjectFilter) -> Answer<MonitorList> {
        let mut logs = Vec::new();
        for project in self.projects_in(&request)? {
            let rows = self.drift_rows(&project)?;
            for facts in self.files_of_kind(&project, &[ArtifactKind::PredictionLog])? {
                logs.push(self.monitor_row(&project, &facts, &rows)?);
            }
        }
        logs.sort_by_key(|row| std::cmp::Reverse(row.tone));
        Ok(MonitorList { logs })
    }

    fn monitor_row(&self, project: &Project, facts: &FileFacts, rows: &[DriftRow]) -> Answer<MonitorRow> {
        let summary = self.log_summary(project, facts)?;
        let reference = self.log_reference(project, facts)?;
        let drift =
            rows.iter().filter(|row| row.current == facts.path.as_str()).max_by_key(|row| row.created_at).cloned();
        let (sentence, tone) = match (&drift, &reference) {
            (Some(row), _) => {
                let tone = match row.verdict {
                    DriftVerdict::Drift => Tone::Attention,
                    DriftVerdict::NoDrift => Tone::Pass,
                    DriftVerdict::CannotTell => Tone::Unknown,
                };
                (row.why.clone(), tone)
            }
            (None, Some(reference)) => {
                (format!("What it was asked has not been compared with {reference} yet."), Tone::Unknown)
            }
            (None, None) => (
                "Nothing is known that it could be compared with: no run was seen to train its model.".to_owned(),
                Tone::Unknown,
            ),
        };
        Ok(MonitorRow {
            project: project.id,
            project_name: project.name.clone(),
            log: summary,
            drift,
            reference,
            sentence,
            tone,
        })
    }

    /// What a log holds. Computed once for each version of it.
    fn log_summary(&self, project: &Project, facts: &FileFacts) -> Answer<PredictionLogSummary> {
        let head = self
            .ledger()
            .read::<_, Trouble>(|read| Ok(read.reports().newest_heads(ReportKind::Profile, [&facts.digest])?))?
            .into_iter()
            .flatten()
            .next();
        if let Some(known) =
            head.as_ref().and_then(|it| it.summary.get("log")).and_then(|it| serde_json::from_value(it.clone()).ok())
        {
            return Ok(known);
        }
        let empty = PredictionLogSummary {
            path: facts.path.as_str().to_owned(),
            rows: head.as_ref().and_then(|it| it.summary.get("rows")).and_then(Value::as_u64).unwrap_or(0),
            model: None,
            versions: Vec::new(),
            span: None,
            duplicate_ids: 0,
        };
        let profile = self.stored_profile(&facts.digest)?;
        let _ = project;
        let Some(profile) = profile else { return Ok(empty) };
        Ok(facade::summarise_log(&profile, facts.path.as_str()).unwrap_or(empty))
    }

    /// The table that a log can be compared with: the one that was named for it, else what its model was trained on.
    fn log_reference(&self, project: &Project, facts: &FileFacts) -> Answer<Option<String>> {
        let config = ProjectConfig::read(Path::new(&project.root)).unwrap_or_default();
        // The log before this one shows what changed lately; what the model knows is what it was trained on.
        if let Some(named) = self.reference_of(project, facts, &config)?.filter(|it| it.basis != ReferenceBasis::Series)
        {
            return Ok(Some(named.facts.path.as_str().to_owned()));
        }
        let known = self.project_graph(project)?;
        let id = NodeId::file(Some(&facts.digest), facts.path.as_str());
        let above = known.closure(&id, Direction::Up, None);
        let model = above.nodes.iter().find(|node| node.kind == NodeKind::Model);
        let Some(model) = model else { return Ok(None) };
        // Two steps up from the model: the run that trained it, and what that read.
        let near = known.closure(&model.id, Direction::Up, Some(2));
        let role = |path: &str| config.dataset(path).and_then(|it| it.role.as_deref()) == Some("train");
        let named = |path: &str| RelPath::new(path).file_name().to_lowercase().contains("train");
        let tables = near.nodes.iter().filter(|node| node.kind == NodeKind::Dataset && node.present);
        // A run reads what it trains on and often what it holds out; the former is what the model is used to.
        Ok(tables.max_by_key(|node| (role(&node.label), named(&node.label))).map(|node| node.label.clone()))
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

//! Logs of predictions: what they say about their models, and what they can be compared with.

use std::path::PathBuf;

use proofmark_analysis::facade;
use proofmark_analysis::monitor::{MonitorInput, monitor};
use proofmark_contract::view::*;
use proofmark_domain::artifact::{ArtifactKind, FileFacts, RelPath};
use proofmark_domain::drift::DriftVerdict;
use proofmark_domain::id::ReportId;
use proofmark_domain::job::JobKind;
use proofmark_domain::lineage::{Direction, NodeId, NodeKind};
use proofmark_domain::monitor::{HealthState, MonitorReport, WindowKind};
use proofmark_domain::prediction::PredictionLogSummary;
use proofmark_domain::project::Project;
use proofmark_ledger::{AuditEntry, NewReport, ReportHead, ReportKind};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::log_mapping::wishes;
use crate::Engine;
use crate::jobs::{JobPlan, Worker};
use crate::screen::absolute;
use crate::trouble::{Answer, Trouble};

/// The verdict of a try to read a log that came to nothing.
pub(super) const UNREADABLE: &str = "unreadable";

/// How a log is to be read; what is absent is found out.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    pub(super) reference: Option<String>,
    #[serde(default)]
    pub(super) labels: Option<String>,
    #[serde(default)]
    window: Option<WindowKind>,
}

/// What was read of a log last, with what people answered to it.
pub(super) struct Answered {
    pub(super) head: MonitorHead,
    /// `None` if another version of Proofmark kept it in a form that this one does not know.
    pub(super) report: Option<MonitorReport>,
}

/// A log that is about to be read.
pub(super) struct LogJob {
    pub(super) log: FileFacts,
    pub(super) reference: Option<FileFacts>,
    labels: Option<FileFacts>,
    pub(super) asked: Asked,
}

impl Engine {
    /// Starts to read a log of predictions window by window.
    ///
    /// # Errors
    /// If the log, or a table that was named, does not exist.
    pub fn monitor_start(&self, request: MonitorStart) -> Answer<JobRef> {
        let project = self.project(request.project)?;
        let asked = Asked { reference: request.reference, labels: request.labels, window: request.window };
        let reading = self.log_reading(&project, &RelPath::new(request.path), asked)?;
        let plan = JobPlan {
            kind: JobKind::Drift,
            title: format!("Reading {}", reading.log.path.file_name()),
            project: Some(project.id),
            unit: "percent",
            notice: None,
        };
        self.start_job(plan, move |engine, worker| {
            engine.read_log(&project, &reading, worker, &|done, what| {
                worker.progress((done * 100.0) as u64, Some(100), what);
            })
        })
    }

    /// What it takes to read a log as it was asked for.
    pub(super) fn log_reading(&self, project: &Project, path: &RelPath, asked: Asked) -> Answer<LogJob> {
        let log = self.file(project, path)?.facts;
        let named = |path: Option<&String>| -> Answer<Option<FileFacts>> {
            path.filter(|it| !it.is_empty())
                .map(|it| Ok(self.file(project, &RelPath::new(it.clone()))?.facts))
                .transpose()
        };
        let labels = named(asked.labels.as_ref())?;
        let reference = match named(asked.reference.as_ref())? {
            Some(facts) => Some(facts),
            None => named(self.log_reference(project, &log)?.as_ref())?,
        };
        Ok(LogJob { log, reference, labels, asked })
    }

    /// Reads a log and keeps what it says.
    pub(super) fn read_log(
        &self,
        project: &Project,
        reading: &LogJob,
        worker: &Worker,
        progress: &dyn Fn(f64, &str),
    ) -> Answer<()> {
        let cancel = || worker.cancelled();
        let place = |facts: &Option<FileFacts>| -> Answer<Option<PathBuf>> {
            facts.as_ref().map(|it| absolute(project, &it.path)).transpose()
        };
        let input = MonitorInput {
            log: absolute(project, &reading.log.path)?,
            reference: place(&reading.reference)?,
            labels: place(&reading.labels)?,
            window: reading.asked.window,
            columns: wishes(self.log_columns(project, &reading.log.path)?),
            now: self.now().ms(),
        };
        let mut report = monitor(&input, &cancel, progress)?;
        worker.check()?;
        // Inside a project files are known by their place in it.
        if let (Some(read), Some(facts)) = (&mut report.reference, &reading.reference)
            && input.reference.as_ref().is_some_and(|it| it.to_string_lossy() == read.path)
        {
            facts.path.as_str().clone_into(&mut read.path);
        }
        if let (Some(read), Some(facts)) = (&mut report.labels, &reading.labels)
            && input.labels.as_ref().map(|it| it.to_string_lossy().into_owned()) == read.path
        {
            read.path = Some(facts.path.as_str().to_owned());
        }
        self.keep_monitor(project, reading, &report)
    }

    fn keep_monitor(&self, project: &Project, reading: &LogJob, report: &MonitorReport) -> Answer<()> {
        let log = &reading.log;
        // What is kept is what was measured; answers are put in when it is shown, so that they can be taken back.
        let mut answered = report.clone();
        self.with_answers(project.id, &log.path, &mut answered)?;
        let health = &answered.main.health;
        let last = report.main.windows.last();
        // A list shows a line of at most this many points.
        let requests: Vec<u64> =
            report.main.windows.iter().rev().take(60).map(|it| it.rows).collect::<Vec<_>>().into_iter().rev().collect();
        let summary = json!({
            "state": health.state, "why": health.why, "requests": requests, "last_window": last.and_then(|it| it.start),
            "alerts": open_alerts(&answered), "asked": reading.asked,
        });
        let verdict = serde_json::to_value(health.state).ok().and_then(|it| it.as_str().map(str::to_owned));
        let head = self.head(ReportKind::Monitor, project, log, reading.reference.as_ref(), verdict, summary);
        let entry = AuditEntry::new(self.actor(), "monitor.read", log.path.as_str());
        self.ledger().write(self.now(), entry, |write| -> Answer<()> {
            Ok(write.reports().add(&NewReport { head, body: report })?)
        })
    }

    /// What a log says about its models, as it was read last.
    ///
    /// # Errors
    /// If there is no such file.
    pub fn monitor_show(&self, request: PathRef) -> Answer<MonitorView> {
        let project = self.project(request.project)?;
        let log = self.file(&project, &RelPath::new(request.path))?.facts;
        let (head, report) = self.answered_reading(&project, &log.path)?.map(|it| (it.head, it.report)).unzip();
        let report = report.flatten();
        let labels = self
            .files_of_kind(&project, &[ArtifactKind::Dataset])?
            .into_iter()
            .map(|it| it.path.as_str().to_owned())
            .filter(|path| {
                ["label", "truth", "target", "outcome", "actual"].iter().any(|word| path.to_lowercase().contains(word))
            })
            .collect();
        Ok(MonitorView {
            project: project.id,
            project_name: project.name.clone(),
            path: log.path.as_str().to_owned(),
            head,
            report,
            reference: self.log_reference(&project, &log)?,
            labels,
        })
    }

    pub(crate) fn monitor_report(&self, id: ReportId) -> Answer<MonitorReport> {
        let stored = self.ledger().read::<_, Trouble>(|read| Ok(read.reports().by_id::<MonitorReport>(id)?))?;
        stored
            .filter(|it| it.head.kind == ReportKind::Monitor)
            .map(|it| it.body)
            .ok_or_else(|| Trouble::not_found(format!("reading {id} of a log of predictions")))
    }

    /// The newest reading of a log, whatever its bytes were then, or the try to read it that came to nothing.
    pub(super) fn newest_try(&self, project: &Project, log: &RelPath) -> Answer<Option<ReportHead>> {
        self.ledger()
            .read::<_, Trouble>(|read| Ok(read.reports().newest_of_path(project.id, ReportKind::Monitor, log, None)?))
    }

    /// The newest reading of a log that came to something.
    pub(super) fn newest_reading(&self, project: &Project, log: &RelPath) -> Answer<Option<ReportHead>> {
        self.ledger().read::<_, Trouble>(|read| {
            Ok(read.reports().newest_of_path(project.id, ReportKind::Monitor, log, Some(UNREADABLE))?)
        })
    }

    /// The newest reading of a log with what people answered to its alerts; nothing if it was not read or could not be.
    pub(super) fn answered_reading(&self, project: &Project, log: &RelPath) -> Answer<Option<Answered>> {
        let Some(stored) = self.newest_reading(project, log)? else { return Ok(None) };
        let Some(mut head) = monitor_head(&stored) else { return Ok(None) };
        let body = self.ledger().read::<_, Trouble>(|read| Ok(read.reports().by_id::<Value>(stored.id)?))?;
        let known = body.and_then(|it| serde_json::from_value::<MonitorReport>(it.body).ok());
        let Some(mut report) = known else {
            // One reading of another version of Proofmark must not hide all others.
            head.state = HealthState::Unknown;
            "It was read by another version of Proofmark. Read the log again.".clone_into(&mut head.why);
            return Ok(Some(Answered { head, report: None }));
        };
        self.with_answers(project.id, log, &mut report)?;
        head.state = report.main.health.state;
        head.why.clone_from(&report.main.health.why);
        head.alerts = open_alerts(&report);
        Ok(Some(Answered { head, report: Some(report) }))
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
        let head = self.answered_reading(project, &facts.path)?.map(|it| it.head);
        let problem = self.reading_problem(project, facts)?;
        let (sentence, tone) = match (&head, &drift, &reference) {
            (Some(head), _, _) => {
                let since = problem.map_or_else(String::new, |it| format!(" Since then it could not be read: {it}"));
                (format!("{}{since}", head.why), tone_of(head.state))
            }
            _ if let Some(problem) = problem => (format!("It could not be read: {problem}"), Tone::Unknown),
            (None, Some(row), _) => {
                let tone = match row.verdict {
                    DriftVerdict::Drift => Tone::Attention,
                    DriftVerdict::NoDrift => Tone::Pass,
                    DriftVerdict::CannotTell => Tone::Unknown,
                };
                (row.why.clone(), tone)
            }
            (None, None, Some(reference)) => (
                format!("It has not been read yet. What it was asked can be compared with {reference}."),
                Tone::Unknown,
            ),
            (None, None, None) => (
                "Nothing is known that it could be compared with: no run was seen to train its model.".to_owned(),
                Tone::Unknown,
            ),
        };
        Ok(MonitorRow {
            project: project.id,
            project_name: project.name.clone(),
            log: summary,
            head,
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
    pub(crate) fn log_reference(&self, project: &Project, facts: &FileFacts) -> Answer<Option<String>> {
        let config = self.config_now(project)?.config;
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

fn open_alerts(report: &MonitorReport) -> u64 {
    report.main.alerts.iter().filter(|it| it.is_open && it.answer.is_none()).count() as u64
}

fn tone_of(state: HealthState) -> Tone {
    match state {
        HealthState::Good => Tone::Pass,
        HealthState::Watch => Tone::Attention,
        HealthState::Bad => Tone::Fail,
        HealthState::Unknown => Tone::Unknown,
    }
}

fn monitor_head(head: &ReportHead) -> Option<MonitorHead> {
    let field = |name: &str| head.summary.get(name).cloned().unwrap_or(Value::Null);
    Some(MonitorHead {
        report: head.id,
        state: serde_json::from_value(field("state")).ok()?,
        why: field("why").as_str().unwrap_or_default().to_owned(),
        alerts: field("alerts").as_u64().unwrap_or(0),
        requests: serde_json::from_value(field("requests")).unwrap_or_default(),
        last_window: serde_json::from_value(field("last_window")).ok().flatten(),
        created_at: head.created_at,
    })
}

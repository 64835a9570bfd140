//! Logs of predictions are read again when they have grown, so that nobody has to ask how a model does.

use proofmark_contract::{EngineEvent, ErrorCode, Notice, NoticeTone};
use proofmark_domain::artifact::{ArtifactKind, FileFacts, RelPath};
use proofmark_domain::attention::{Attention, Target, Urgency};
use proofmark_domain::monitor::HealthState;
use proofmark_domain::project::Project;
use proofmark_ledger::{AuditEntry, NewReport, ReportKind};
use serde_json::{Value, json};

use super::monitoring::{Answered, Asked, LogJob, UNREADABLE};
use crate::Engine;
use crate::jobs::Worker;
use crate::trouble::{Answer, Trouble};

/// A log that is written to all day is read by itself once an hour: its windows are hours at least, and every reading is kept.
const REST_MS: i64 = 3_600_000;

impl Engine {
    /// Logs of a project that are other than when they were read last, and were not read within the last hour.
    pub(crate) fn logs_due(&self, project: &Project) -> Answer<Vec<FileFacts>> {
        let limit = self.settings()?.screen_size_limit;
        let now = self.now().ms();
        let mut due = Vec::new();
        for log in self.files_of_kind(project, &[ArtifactKind::PredictionLog])? {
            if log.size > limit {
                continue;
            }
            let newest = self.newest_try(project, &log.path)?;
            if newest.is_none_or(|it| it.digest != log.digest && now - it.created_at.ms() >= REST_MS) {
                due.push(log);
            }
        }
        Ok(due)
    }

    /// Reads the logs that are due, as they were asked for last, and tells when a model does worse than before.
    pub(crate) fn follow_logs(&self, project: &Project, worker: &Worker) -> Answer<()> {
        let mut worse = Vec::new();
        for log in self.logs_due(project)? {
            worker.check()?;
            worker.progress(0, None, log.path.as_str());
            let before = self.answered_reading(project, &log.path)?;
            let asked = self.asked_before(project, &log.path)?;
            let read = self
                .reading_as(project, &log.path, &asked)
                .and_then(|reading| self.read_log(project, &reading, worker, &|_, _| {}));
            match read {
                Ok(()) => {}
                Err(trouble) if trouble.is_cancelled() => return Err(trouble),
                Err(trouble) => {
                    self.keep_unread(project, &log, &asked, &trouble)?;
                    continue;
                }
            }
            let Some(after) = self.answered_reading(project, &log.path)? else { continue };
            if is_worse(before.as_ref(), &after) {
                worse.push((log.path, after));
            }
        }
        self.tell_worse(project, &worse);
        Ok(())
    }

    /// How a log was asked for when it was read, or tried, last.
    fn asked_before(&self, project: &Project, log: &RelPath) -> Answer<Asked> {
        let newest = self.newest_try(project, log)?;
        let asked = newest.and_then(|it| it.summary.get("asked").cloned());
        Ok(asked.and_then(|it| serde_json::from_value(it).ok()).unwrap_or_default())
    }

    /// What it takes to read a log as it was asked for. A table that was named and is gone is left out this time, and stays named.
    fn reading_as(&self, project: &Project, log: &RelPath, asked: &Asked) -> Answer<LogJob> {
        let is_there = |named: &Option<String>| -> Answer<bool> {
            let Some(path) = named.as_ref().filter(|it| !it.is_empty()) else { return Ok(true) };
            match self.file(project, &RelPath::new(path.clone())) {
                Ok(_) => Ok(true),
                Err(trouble) if trouble.0.code == ErrorCode::NotFound => Ok(false),
                Err(trouble) => Err(trouble),
            }
        };
        let mut now = asked.clone();
        if !is_there(&now.reference)? {
            now.reference = None;
        }
        if !is_there(&now.labels)? {
            now.labels = None;
        }
        let mut reading = self.log_reading(project, log, now)?;
        reading.asked = asked.clone();
        Ok(reading)
    }

    fn keep_unread(&self, project: &Project, log: &FileFacts, asked: &Asked, trouble: &Trouble) -> Answer<()> {
        let problem = json!({"problem": trouble.0.message, "asked": asked});
        let entry = AuditEntry::new("proofmark", "monitor.unreadable", log.path.as_str());
        self.ledger().write(self.now(), entry, |write| -> Answer<()> {
            let head = self.head(ReportKind::Monitor, project, log, None, Some(UNREADABLE.into()), problem.clone());
            Ok(write.reports().add(&NewReport { head, body: &problem })?)
        })
    }

    /// Why the newest try to read a log came to nothing.
    pub(super) fn reading_problem(&self, project: &Project, log: &FileFacts) -> Answer<Option<String>> {
        let newest = self.newest_try(project, &log.path)?;
        Ok(newest.and_then(|it| it.summary.get("problem").and_then(Value::as_str).map(str::to_owned)))
    }

    fn tell_worse(&self, project: &Project, worse: &[(RelPath, Answered)]) {
        let (text, target) = match worse {
            [] => return,
            [(path, reading)] => (
                format!("{}: {}", path.file_name(), reading.head.why),
                Target::Monitor { project: project.id, path: path.as_str().to_owned() },
            ),
            [(first, _), ..] => (
                format!("{} logs of predictions of {} need a look, {first} among them.", worse.len(), project.name),
                Target::Project { project: project.id },
            ),
        };
        let is_bad = worse.iter().any(|(_, it)| it.head.state == HealthState::Bad);
        let tone = if is_bad { NoticeTone::Fail } else { NoticeTone::Attention };
        self.0.events.emit(&EngineEvent::Notice { notice: Notice { tone, text, target: Some(target) } });
    }

    /// Models in use that need a look, for the overview.
    pub(super) fn models_needing(&self, attention: &mut Vec<Attention>) -> Answer<()> {
        for project in self.projects()? {
            for log in self.files_of_kind(&project, &[ArtifactKind::PredictionLog])? {
                // Answers only make it better, so what was well when it was read need not be looked into.
                let newest = self.newest_reading(&project, &log.path)?;
                if newest.and_then(|it| it.verdict).is_none_or(|it| it == "good" || it == "unknown") {
                    continue;
                }
                let Some(reading) = self.answered_reading(&project, &log.path)? else { continue };
                let model = reading.report.as_ref().and_then(|it| it.main.model.clone());
                let model = model.unwrap_or_else(|| format!("The model of {}", log.path.file_name()));
                let (urgency, what) = match reading.head.state {
                    HealthState::Bad => (Urgency::Fail, format!("{model} no longer holds in {}", log.path)),
                    HealthState::Watch => (Urgency::Attention, format!("{model} needs a look in {}", log.path)),
                    HealthState::Good | HealthState::Unknown => continue,
                };
                attention.push(Attention {
                    urgency,
                    what,
                    why: reading.head.why,
                    action: "See what changed".into(),
                    target: Target::Monitor { project: project.id, path: log.path.as_str().to_owned() },
                    since: reading.head.created_at,
                });
            }
        }
        Ok(())
    }
}

/// Whether a model does worse than when its log was read before.
fn is_worse(before: Option<&Answered>, after: &Answered) -> bool {
    let rank = |state: HealthState| match state {
        HealthState::Good | HealthState::Unknown => 0,
        HealthState::Watch => 1,
        HealthState::Bad => 2,
    };
    let was = before.map_or(0, |it| rank(it.head.state));
    let has_new_alerts = before.is_some_and(|it| after.head.alerts > it.head.alerts);
    rank(after.head.state) > was || (rank(after.head.state) > 0 && has_new_alerts)
}

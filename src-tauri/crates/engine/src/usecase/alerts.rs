//! What people answer to alerts about a model in use, and the request to train it anew.

use std::path::Path;

use proofmark_contract::ErrorCode;
use proofmark_contract::view::{AlertReply, AlertVerb, MonitorView, PathRef};
use proofmark_domain::Timestamp;
use proofmark_domain::artifact::RelPath;
use proofmark_domain::id::ProjectId;
use proofmark_domain::monitor::{
    AlertAnswer, AlertKind, AnsweredAlert, MonitorReport, RetrainingRequest, apply_answers, as_seasonal, retraining,
};
use proofmark_ledger::{AuditEntry, DecisionKey, NewDecision, StoredDecision};

use crate::Engine;
use crate::trouble::{Answer, Trouble};

/// The subject of decisions about alerts.
const SUBJECT: &str = "alert";
/// Between the kind of an alert and the begin of its first window, in the key of a decision.
const SINCE: char = '@';

fn key(kind: AlertKind, since: Option<Timestamp>) -> Answer<String> {
    let kind = serde_json::to_value(kind)
        .ok()
        .and_then(|it| it.as_str().map(str::to_owned))
        .ok_or_else(|| Trouble::new(ErrorCode::Internal, "The kind of an alert has no name. Nothing was recorded."))?;
    Ok(format!("{kind}{SINCE}{}", since.map_or_else(String::new, |it| it.to_string())))
}

/// An answer as it was recorded. What a newer Proofmark recorded and this one does not know is passed over.
fn answered(stored: &StoredDecision) -> Option<AnsweredAlert> {
    let decision = &stored.decision;
    let (kind, since) = decision.about.key.split_once(SINCE)?;
    Some(AnsweredAlert {
        model: Some(decision.about.column.clone()).filter(|it| !it.is_empty()),
        kind: serde_json::from_value(kind.into()).ok()?,
        since: since.parse().ok(),
        answer: serde_json::from_str(&decision.decision).ok()?,
        by: decision.actor.clone(),
        at: stored.at,
        note: decision.reason.clone(),
    })
}

impl Engine {
    fn alert_answers(&self, project: ProjectId, path: &RelPath) -> Answer<Vec<AnsweredAlert>> {
        let mut standing =
            self.ledger().read::<_, Trouble>(|read| Ok(read.decisions().standing(project, Some(path))?))?;
        standing.sort_by_key(|it| it.seq);
        Ok(standing.iter().filter(|it| it.decision.about.subject == SUBJECT).filter_map(answered).collect())
    }

    /// Puts what people answered into a reading, and what was learned from it.
    pub(crate) fn with_answers(&self, project: ProjectId, path: &RelPath, report: &mut MonitorReport) -> Answer<()> {
        let answers = self.alert_answers(project, path)?;
        if answers.is_empty() {
            return Ok(());
        }
        let now = self.now();
        for model in std::iter::once(&mut report.main).chain(&mut report.others) {
            let name = model.model.clone();
            if let Some(health) = apply_answers(&mut model.alerts, &model.windows, &answers, name.as_deref(), now) {
                model.health = health;
            }
            // What a person has to look at comes first.
            model.alerts.sort_by_key(|it| (!it.is_open, it.answer.is_some()));
        }
        Ok(())
    }

    /// The same for a log that was read outside of a project, if it lies in one.
    ///
    /// # Errors
    /// If the ledger cannot be read.
    pub fn answered_log(&self, log: &Path, mut report: MonitorReport) -> Answer<MonitorReport> {
        let Ok(project) = self.project_at(log) else { return Ok(report) };
        let canonical = std::fs::canonicalize(log).unwrap_or_else(|_| log.to_path_buf());
        if let Ok(path) = proofmark_intake::files::label_of(Path::new(&project.root), &canonical) {
            self.with_answers(project.id, &path, &mut report)?;
        }
        Ok(report)
    }

    /// Answers an alert: it is known, is to be shown later, belongs to the season, or the answer before no longer holds.
    ///
    /// # Errors
    /// If the log was not read yet, has no such alert, or the alert cannot be answered so.
    pub fn alert_answer(&self, request: AlertReply) -> Answer<MonitorView> {
        let at = PathRef { project: request.project, path: request.path.clone() };
        let view = self.monitor_show(at.clone())?;
        let report = view.report.ok_or_else(|| not_read(&request.path))?;
        let mut models = std::iter::once(&report.main).chain(&report.others);
        let model = match &request.model {
            None => Some(&report.main),
            named => models.find(|it| it.model == *named),
        };
        let found = model.and_then(|model| {
            let mut of = model.alerts.iter().filter(|it| it.kind == request.kind);
            let alert = match request.since {
                Some(since) => of.find(|it| it.since == Some(since)),
                // The open one, else the newest.
                None => of.clone().find(|it| it.is_open).or_else(|| of.max_by_key(|it| it.window)),
            };
            alert.map(|alert| (model, alert))
        });
        let (model, alert) = found.ok_or_else(|| {
            Trouble::new(ErrorCode::NotFound, format!("The reading of {} has no such alert.", request.path))
                .hint("Look at its alerts, and read the log again if it has grown.")
        })?;
        let now = self.now();
        let answer = match request.verb {
            AlertVerb::Acknowledge => AlertAnswer::Acknowledged { cost: alert.cost },
            AlertVerb::Snooze => {
                let until = request.until.unwrap_or_else(|| Timestamp::from_ms(now.ms() + 7 * 86_400_000));
                if until <= now {
                    let message = format!("{until} has passed, so nothing can be put off until then.");
                    return Err(Trouble::new(ErrorCode::InvalidRequest, message));
                }
                AlertAnswer::Snoozed { until }
            }
            AlertVerb::Seasonal => as_seasonal(alert, &model.windows).map_err(|why| {
                Trouble::new(ErrorCode::InvalidRequest, format!("This alert cannot be called seasonal: {why}."))
                    .hint("Acknowledge it instead.")
            })?,
            AlertVerb::Reopen => AlertAnswer::Reopened,
        };
        let decision = serde_json::to_string(&answer)
            .map_err(|error| Trouble::new(ErrorCode::Internal, format!("The answer cannot be written: {error}.")))?;
        let actor = self.actor();
        let new = NewDecision {
            about: DecisionKey {
                project: request.project,
                path: RelPath::new(request.path.clone()),
                column: model.model.clone().unwrap_or_default(),
                subject: SUBJECT.to_owned(),
                key: key(alert.kind, alert.since)?,
            },
            decision,
            reason: request.note.trim().to_owned(),
            actor: actor.clone(),
            detail: serde_json::json!({}),
        };
        let entry = AuditEntry::new(actor, "alert.answer", request.path.as_str());
        self.ledger().write(now, entry, |write| -> Answer<()> {
            write.note("decision", new.decision.clone());
            write.note("key", new.about.key.clone());
            Ok(write.decisions().add(&new)?)
        })?;
        self.monitor_show(at)
    }

    /// What the last reading of a log says about training its model anew.
    ///
    /// # Errors
    /// If the log was not read yet.
    pub fn retraining_request(&self, request: PathRef) -> Answer<RetrainingRequest> {
        let path = request.path.clone();
        let report = self.monitor_show(request)?.report.ok_or_else(|| not_read(&path))?;
        Ok(retraining(&report, self.now()))
    }
}

fn not_read(path: &str) -> Trouble {
    Trouble::new(ErrorCode::NotFound, format!("{path} has not been read as a log of predictions yet."))
        .hint("Read it first: Monitoring in the window, or proofmark alert list LOG.")
}

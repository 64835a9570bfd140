//! What the columns of a log of predictions stand for, as a person said it once.

use std::path::Path;

use proofmark_analysis::monitor::Wish;
use proofmark_contract::ErrorCode;
use proofmark_contract::view::{ColumnRole, Done, LogMap};
use proofmark_domain::artifact::RelPath;
use proofmark_domain::counts::counted;
use proofmark_domain::project::Project;
use proofmark_ledger::{AuditEntry, DecisionKey, NewDecision};
use serde_json::{Value, json};

use crate::Engine;
use crate::trouble::{Answer, Trouble};

/// The subject of decisions about columns of logs.
const SUBJECT: &str = "log_columns";

impl Engine {
    /// Keeps what columns of a log stand for.
    ///
    /// # Errors
    /// If there is no such log, or a column is named twice.
    pub fn log_map(&self, request: LogMap) -> Answer<Done> {
        let project = self.project(request.project)?;
        let path = self.file(&project, &RelPath::new(request.path))?.facts.path;
        for (at, named) in request.columns.iter().enumerate() {
            if request.columns.iter().skip(at + 1).any(|other| other.column == named.column) {
                let message =
                    format!("The column \"{}\" is named twice, and can stand for one thing only.", named.column);
                return Err(Trouble::new(ErrorCode::InvalidRequest, message));
            }
        }
        let actor = self.actor();
        let count = request.columns.len() as u64;
        let new = NewDecision {
            about: DecisionKey {
                project: project.id,
                path: path.clone(),
                column: String::new(),
                subject: SUBJECT.to_owned(),
                key: String::new(),
            },
            decision: if count == 0 { "taken_back" } else { "confirmed" }.to_owned(),
            reason: String::new(),
            actor: actor.clone(),
            detail: json!({"columns": request.columns}),
        };
        let entry = AuditEntry::new(actor, "log.map", path.as_str());
        self.ledger().write(self.now(), entry, |write| -> Answer<()> {
            write.note("columns", count);
            Ok(write.decisions().add(&new)?)
        })?;
        let message = match count {
            0 => format!("The columns of {path} are found out by their names again."),
            _ => format!("{} of {path} kept: every later reading goes by them.", counted(count, "column", "columns")),
        };
        Ok(Done { message })
    }

    /// What a person said about the columns of a log.
    pub(super) fn log_columns(&self, project: &Project, log: &RelPath) -> Answer<Vec<ColumnRole>> {
        let decided =
            self.ledger().read::<_, Trouble>(|read| Ok(read.decisions().standing(project.id, Some(log))?))?;
        let newest = decided.into_iter().filter(|it| it.decision.about.subject == SUBJECT).max_by_key(|it| it.seq);
        let columns = newest.and_then(|it| it.decision.detail.get("columns").cloned()).unwrap_or(Value::Null);
        // What a newer Proofmark kept and this one does not know says nothing here.
        Ok(serde_json::from_value(columns).unwrap_or_default())
    }

    /// The same for a log that is read outside of a project, if it lies in one.
    ///
    /// # Errors
    /// If the ledger cannot be read.
    pub fn log_columns_at(&self, log: &Path) -> Answer<Vec<ColumnRole>> {
        let Ok(project) = self.project_at(log) else { return Ok(Vec::new()) };
        let canonical = std::fs::canonicalize(log).unwrap_or_else(|_| log.to_path_buf());
        match proofmark_intake::files::label_of(Path::new(&project.root), &canonical) {
            Ok(path) => self.log_columns(&project, &path),
            Err(_) => Ok(Vec::new()),
        }
    }
}

/// As the reader of logs wants it.
pub(super) fn wishes(columns: Vec<ColumnRole>) -> Vec<Wish> {
    columns.into_iter().map(|it| Wish { column: it.column, role: it.role, class: it.class }).collect()
}

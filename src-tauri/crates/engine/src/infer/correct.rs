//! A person's word about an inferred edge: recorded as a decision, and applied at every conclusion from then on.

use proofmark_contract::ErrorCode;
use proofmark_contract::view::{Done, EdgeStatement, RunCorrect};
use proofmark_domain::Digest;
use proofmark_domain::artifact::RelPath;
use proofmark_domain::counts::counted;
use proofmark_domain::inference::{Correction, Way, edge_key};
use proofmark_domain::project::Project;
use proofmark_domain::run::{Run, RunSource};
use proofmark_ledger::{AuditEntry, DecisionKey, NewDecision};

use crate::Engine;
use crate::trouble::{Answer, Trouble};

/// What decisions about edges are filed under.
const EDGE_SUBJECT: &str = "inferred_edge";

const RIGHT: &str = "confirmed";
const WRONG: &str = "rejected";

impl Engine {
    /// Confirms or corrects what an inferred run is said to have read and written. The word stands from then on, whatever is
    /// concluded later.
    ///
    /// # Errors
    /// If there is no such run, it was not inferred, or nothing is said.
    pub fn run_correct(&self, request: RunCorrect) -> Answer<Done> {
        let run = self.run(request.run)?;
        // A record stands; what was concluded about it is open to a person's word.
        let is_open = |said: &EdgeStatement| {
            said.way == Way::Read
                && run.inputs.iter().any(|edge| edge.path.as_str() == said.path && super::is_concluded(edge))
        };
        let completed = run.source == RunSource::Mlflow && request.statements.iter().all(is_open);
        if run.source != RunSource::Inferred && !completed {
            return Err(Trouble::new(
                ErrorCode::InvalidRequest,
                format!("{} was recorded, not inferred: a record is not corrected.", run.name),
            ));
        }
        if request.statements.is_empty() {
            return Err(Trouble::new(ErrorCode::InvalidRequest, "Nothing is said about any file of the run.")
                .hint("Confirm it as a whole, or name what it read, wrote, did not read or did not write."));
        }
        let project = self.project(run.project)?;
        let script = match &request.script {
            Some(path) => Some(self.script_named(&project, path)?),
            None => run.code.path.clone(),
        };
        let actor = self.actor();
        let mut decisions = Vec::new();
        for said in &request.statements {
            if script != run.code.path && said.way == Way::Wrote && said.right {
                // Another script wrote it, so this one did not.
                decisions.push(decision(
                    &project,
                    &run,
                    run.code.path.as_ref(),
                    &EdgeStatement { right: false, ..said.clone() },
                    &request.reason,
                    &actor,
                ));
            }
            decisions.push(decision(&project, &run, script.as_ref(), said, &request.reason, &actor));
        }
        let entry = AuditEntry::new(actor, "run.correct", run.id.to_string());
        self.ledger().write(self.now(), entry, |write| -> Answer<()> {
            write.note("reason", request.reason.clone());
            for decision in &decisions {
                write.note(
                    &decision.about.path.to_string(),
                    format!("{} {}", decision.decision, decision.about.key.split('|').next().unwrap_or_default()),
                );
                write.decisions().add(decision)?;
            }
            Ok(())
        })?;
        self.infer_runs(&project, &|| self.is_closing())?;
        let count = counted(request.statements.len() as u64, "edge", "edges");
        Ok(Done { message: format!("What you said about {count} of {} is recorded, and stands.", run.name) })
    }

    fn script_named(&self, project: &Project, path: &str) -> Answer<RelPath> {
        let path = RelPath::new(path);
        self.file(project, &path)?;
        Ok(path)
    }

    /// What people said about inferred edges of a project.
    pub(super) fn corrections(&self, project: &Project) -> Answer<Vec<Correction>> {
        let standing = self.ledger().read::<_, Trouble>(|read| Ok(read.decisions().standing(project.id, None)?))?;
        let mut said: Vec<(i64, Correction)> = standing
            .into_iter()
            .filter(|it| it.decision.about.subject == EDGE_SUBJECT)
            .filter_map(|it| {
                let (way, output, script) = parts_of(&it.decision.about.key)?;
                let correction = Correction {
                    script,
                    path: it.decision.about.path.clone(),
                    output,
                    way,
                    right: it.decision.decision == RIGHT,
                    by: it.decision.actor.clone(),
                    at: it.at,
                    reason: it.decision.reason.clone(),
                };
                Some((it.seq, correction))
            })
            .collect();
        said.sort_by_key(|(seq, _)| *seq);
        Ok(said.into_iter().map(|(_, correction)| correction).collect())
    }
}

/// Reads back what [`edge_key`] wrote.
fn parts_of(key: &str) -> Option<(Way, Option<Digest>, Option<RelPath>)> {
    let mut parts = key.splitn(3, '|');
    let way = match parts.next()? {
        "read" => Way::Read,
        "wrote" => Way::Wrote,
        _ => return None,
    };
    let output = Digest::from_hex(parts.next()?).ok();
    let script = parts.next().filter(|it| !it.is_empty()).map(RelPath::from);
    Some((way, output, script))
}

/// An output is known by its own bytes; an input by those of the run's first output, for other bytes are another run.
fn decision(
    project: &Project,
    run: &Run,
    script: Option<&RelPath>,
    said: &EdgeStatement,
    reason: &str,
    actor: &str,
) -> NewDecision {
    let path = RelPath::new(said.path.clone());
    let output = match said.way {
        Way::Wrote => run.outputs.iter().find(|edge| edge.path == path),
        Way::Read => run.outputs.first(),
    };
    let digest = output.and_then(|edge| edge.digest);
    NewDecision {
        about: DecisionKey {
            project: project.id,
            key: edge_key(said.way, script, digest.as_ref()),
            path,
            column: String::new(),
            subject: EDGE_SUBJECT.to_owned(),
        },
        decision: if said.right { RIGHT } else { WRONG }.to_owned(),
        reason: reason.to_owned(),
        actor: actor.to_owned(),
        detail: serde_json::json!({}),
    }
}

//! Data that is held back: what was decided, what a command would read of it, and how a process is kept from reading it.

mod ahead;
mod guard;

pub(crate) use ahead::HeldRead;
pub(crate) use guard::Guard;

use std::collections::BTreeMap;

use proofmark_domain::Digest;
use proofmark_domain::artifact::{FileFacts, RelPath};
use proofmark_domain::check::CheckVerdict;
use proofmark_domain::hold::{HoldFrom, HoldState, HoldWord};
use proofmark_domain::project::Project;
use proofmark_ledger::{AuditEntry, DecisionKey, NewDecision, Read, ReportKind, StoredDecision};
use serde_json::{Value, json};

use crate::Engine;
use crate::trouble::{Answer, Trouble};
use crate::usecase::findings::judged_heads;

/// What is decided about the bytes of a data set.
pub(crate) const HOLD_SUBJECT: &str = "hold";

/// Who holds data back where the project's own file says so.
const SCREENING: &str = "proofmark";

/// What was decided last about bytes: under which path, and what.
pub(crate) type Holds = BTreeMap<Digest, (RelPath, HoldWord)>;

/// What counts of a project's decisions, by bytes: a copy under another path is the same data.
pub(crate) fn holds_in(decisions: &[StoredDecision]) -> Holds {
    let mut newest: BTreeMap<Digest, &StoredDecision> = BTreeMap::new();
    for stored in decisions.iter().filter(|it| it.decision.about.subject == HOLD_SUBJECT) {
        let Ok(digest) = stored.decision.about.key.parse::<Digest>() else { continue };
        if newest.get(&digest).is_none_or(|known| known.seq < stored.seq) {
            newest.insert(digest, stored);
        }
    }
    newest
        .into_iter()
        .filter_map(|(digest, stored)| Some((digest, (stored.decision.about.path.clone(), word_of(stored)?))))
        .collect()
}

fn word_of(stored: &StoredDecision) -> Option<HoldWord> {
    let decision = &stored.decision;
    Some(HoldWord {
        state: HoldState::of_word(&decision.decision)?,
        by: decision.actor.clone(),
        by_screening: decision.detail.get("by").and_then(Value::as_str) == Some("screening"),
        reason: decision.reason.clone(),
        at: stored.at,
    })
}

/// What was decided about the bytes of a project's data sets.
pub(crate) fn read_holds(read: &Read<'_>, project: &Project) -> Answer<Holds> {
    Ok(holds_in(&read.decisions().standing(project.id, None)?))
}

/// A decision about bytes.
pub(crate) fn decision(
    project: &Project,
    path: &RelPath,
    digest: &Digest,
    state: HoldState,
    (reason, actor, detail): (String, String, Value),
) -> NewDecision {
    let about = DecisionKey {
        project: project.id,
        path: path.clone(),
        column: String::new(),
        subject: HOLD_SUBJECT.to_owned(),
        key: digest.to_string(),
    };
    NewDecision { about, decision: state.word().to_owned(), reason, actor, detail }
}

impl Engine {
    /// What was decided about the bytes of a project's data sets.
    pub(crate) fn holds(&self, project: &Project) -> Answer<Holds> {
        self.ledger().read::<_, Trouble>(|read| read_holds(read, project))
    }

    /// Holds back what was just looked at and is bad enough for the project to say so. Bytes about which anything was decided
    /// are left as they are: a person's word stands.
    pub(crate) fn hold_by_screening(&self, project: &Project, looked_at: &[FileFacts], from: HoldFrom) -> Answer<()> {
        if from == HoldFrom::Never {
            return Ok(());
        }
        let now = self.now();
        let decided = self.holds(project)?;
        let digests: Vec<Digest> = looked_at.iter().map(|it| it.digest).collect();
        let (checks, profiles) = self.ledger().read::<_, Trouble>(|read| {
            let checks = read.reports().newest_heads(ReportKind::Check, &digests)?;
            Ok((judged_heads(read, checks, now)?, read.reports().newest_heads(ReportKind::Profile, &digests)?))
        })?;
        for ((facts, check), profile) in looked_at.iter().zip(checks).zip(profiles) {
            if decided.contains_key(&facts.digest) {
                continue;
            }
            let unreadable = profile.filter(|it| it.verdict.as_deref() == Some("unreadable"));
            let (verdict, reason) = match (check, unreadable) {
                (_, Some(head)) => {
                    let why = head.summary.get("problem").and_then(Value::as_str).unwrap_or_default();
                    (None, format!("It cannot be read as a table. {why}").trim().to_owned())
                }
                (Some(check), None) => {
                    let Some(verdict) = check.verdict else { continue };
                    let how = if verdict == CheckVerdict::Fail { "It failed its checks." } else { "Its checks warn." };
                    (Some(verdict), format!("{how} {}", check.first.unwrap_or_default()).trim().to_owned())
                }
                (None, None) => continue,
            };
            if !from.holds(verdict) {
                continue;
            }
            let detail = json!({"by": "screening", "from": from});
            let new =
                decision(project, &facts.path, &facts.digest, HoldState::Held, (reason, SCREENING.to_owned(), detail));
            let entry = AuditEntry::new(SCREENING, "hold.decide", facts.path.as_str());
            self.ledger().write(now, entry, |write| -> Answer<()> {
                write.note("decision", HoldState::Held.word());
                write.note("digest", facts.digest.to_string());
                write.note("reason", new.reason.clone());
                Ok(write.decisions().add(&new)?)
            })?;
        }
        Ok(())
    }
}

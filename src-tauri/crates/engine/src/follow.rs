//! Notices that somebody wrote to the registry, and tells the person what waits for them.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use proofmark_contract::view::{CandidateRow, Nothing};
use proofmark_contract::{EngineEvent, Notice, NoticeTone, Tag};
use proofmark_domain::Timestamp;
use proofmark_domain::attention::Target;
use proofmark_domain::id::CandidateId;
use proofmark_domain::release::{Plan, PlanEnd, RegistryState};
use proofmark_ledger::Attachment;

use crate::Engine;
use crate::usecase::follow_plans;

/// Between two looks at a folder: a few names are asked for.
const FOLDER: Duration = Duration::from_secs(2);
/// Between two looks at a bucket: each is a way over the network, and may cost.
const BUCKET: Duration = Duration::from_secs(20);
/// A place that does not answer is asked less and less often, up to this.
const LONGEST: Duration = Duration::from_secs(120);
/// Between two questions whether the process ends.
const STEP: Duration = Duration::from_millis(250);

/// What was last seen.
struct Seen {
    /// Which registry and who looked, because what waits differs by person.
    of: (String, Option<String>),
    pulse: u64,
    waiting: BTreeSet<CandidateId>,
    /// When the next planned promotion holds.
    due: Option<Timestamp>,
}

impl Engine {
    /// Looks at the registry from time to time until the process ends. Whoever reads this directory on another machine gets no
    /// event from the file system when somebody else writes, so the names are looked at.
    pub(crate) fn follow_the_registry(&self) {
        let mut seen: Option<Seen> = None;
        let begun = self.now();
        let mut wait = FOLDER;
        while !self.is_closing() {
            let attachment = self.attachment().ok().flatten();
            let usual = match &attachment {
                Some(it) if proofmark_bucket::Address::is_meant(&it.path) => BUCKET,
                _ => FOLDER,
            };
            wait = match attachment.map(|it| self.look_at_registry(&it, begun, &mut seen)) {
                Some(Err(())) => (wait * 2).clamp(usual, LONGEST),
                Some(Ok(())) | None => usual,
            };
            let until = Instant::now() + wait;
            while Instant::now() < until && !self.is_closing() {
                std::thread::sleep(STEP);
            }
        }
    }

    /// One look. An error is no news here: every page that shows the registry says what is wrong with it.
    fn look_at_registry(&self, attachment: &Attachment, begun: Timestamp, seen: &mut Option<Seen>) -> Result<(), ()> {
        let registry = self.open_attached(attachment).map_err(drop)?;
        let pulse = registry.pulse().map_err(drop)?;
        let me = self.me().map_err(drop)?.map(|me| me.person.card.key_id);
        let of = (attachment.path.clone(), me);
        let now = self.now();
        let is_due = |it: &Seen| it.due.is_some_and(|due| due <= now);
        if seen.as_ref().is_some_and(|it| it.of == of && it.pulse == pulse && !is_due(it)) {
            return Ok(());
        }
        let state = registry.state().map_err(drop)?;
        let rows = self.candidate_list(Nothing {}).map_err(drop)?.candidates;
        let waiting: Vec<_> = rows.into_iter().filter(|it| it.waits_for_me).collect();
        let before = seen.take().filter(|it| it.of == of);
        self.0.events.emit(&EngineEvent::Stale { tags: vec![Tag::Registry] });
        let is_news = |row: &CandidateRow| match &before {
            Some(before) => !before.waiting.contains(&row.candidate),
            // What came between the moment of attaching and the first look.
            None => attachment.attached_at >= begun && row.submitted_at >= attachment.attached_at,
        };
        for row in waiting.iter().filter(|row| is_news(row)) {
            let text = format!("{} waits for your review. {} submitted it.", row.model, row.submitted_by);
            let target = Some(Target::Candidate { candidate: row.candidate });
            self.0.events.emit(&EngineEvent::Notice { notice: Notice { tone: NoticeTone::Attention, text, target } });
        }
        if let Some(due) = before.as_ref().and_then(|it| it.due).filter(|due| *due <= now) {
            follow_plans(&registry, &state);
            self.tell_promoted(&state, due, now);
        }
        let waiting = waiting.into_iter().map(|it| it.candidate).collect();
        *seen = Some(Seen { of, pulse, waiting, due: state.next_due() });
        Ok(())
    }

    /// Tells which aliases moved by themselves since `after`.
    fn tell_promoted(&self, state: &RegistryState, after: Timestamp, now: Timestamp) {
        for (model, aliases) in &state.aliases {
            for (alias, record) in aliases {
                let moved = |plan: &&Plan| plan.end == Some(PlanEnd::TookEffect) && (after..=now).contains(&plan.from);
                let Some(plan) = record.plans.iter().rev().find(moved) else { continue };
                let text = format!("{alias} of {model} points to version {} now, as was planned.", plan.version);
                self.0.events.emit(&EngineEvent::Notice {
                    notice: Notice { tone: NoticeTone::Attention, text, target: Some(Target::Registry) },
                });
            }
        }
    }
}

//! Notices that somebody wrote to the registry, and tells the person what waits for them.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use proofmark_contract::view::{CandidateRow, Nothing};
use proofmark_contract::{EngineEvent, Notice, NoticeTone, Tag};
use proofmark_domain::Timestamp;
use proofmark_domain::attention::Target;
use proofmark_domain::id::CandidateId;
use proofmark_ledger::Attachment;

use crate::Engine;

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
        if seen.as_ref().is_some_and(|it| it.of == of && it.pulse == pulse) {
            return Ok(());
        }
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
        let waiting = waiting.into_iter().map(|it| it.candidate).collect();
        *seen = Some(Seen { of, pulse, waiting });
        Ok(())
    }
}

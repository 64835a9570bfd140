//! Conclusions that are owed. What changed and the note that nothing was concluded from it yet are written together, so that whatever
//! ends this process in between leaves the conclusions to the next scan.

use proofmark_domain::id::ProjectId;
use proofmark_domain::project::Project;
use proofmark_ledger::{AuditEntry, LedgerError, Write};

use crate::Engine;
use crate::trouble::{Answer, Trouble};

fn key(project: ProjectId) -> String {
    format!("conclusions_owed.{project}")
}

/// Notes that conclusions are owed, with the change that they are owed for.
pub(crate) fn owe(write: &mut Write<'_>, project: ProjectId) -> Result<(), LedgerError> {
    write.settings().set(&key(project), &true)
}

impl Engine {
    /// Whether something changed since the runs of a project were last concluded.
    pub(crate) fn owes_conclusions(&self, project: &Project) -> Answer<bool> {
        self.ledger().read::<_, Trouble>(|read| Ok(read.settings().get::<bool>(&key(project.id))?.unwrap_or(false)))
    }

    /// Notes that nothing is owed any more.
    pub(super) fn settle_conclusions(&self, project: &Project) -> Answer<()> {
        if !self.owes_conclusions(project)? {
            return Ok(());
        }
        let entry = AuditEntry::new("proofmark", "runs.infer", project.id.to_string());
        self.ledger().write(self.now(), entry, |write| Ok(write.settings().unset(&key(project.id))?))
    }
}

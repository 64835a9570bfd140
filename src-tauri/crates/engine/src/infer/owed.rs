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
    let debts: u64 = write.settings().get(&key(project))?.unwrap_or(0);
    write.settings().set(&key(project), &(debts + 1))
}

impl Engine {
    /// Whether something changed since the runs of a project were last concluded.
    pub(crate) fn owes_conclusions(&self, project: &Project) -> Answer<bool> {
        Ok(self.conclusions_owed(project)?.is_some())
    }

    /// How many changes there were since the runs of a project were last concluded.
    pub(super) fn conclusions_owed(&self, project: &Project) -> Answer<Option<u64>> {
        self.ledger().read::<_, Trouble>(|read| Ok(read.settings().get(&key(project.id))?))
    }

    /// Notes that nothing is owed any more, unless more changed since `owed` was read: that was not looked at.
    pub(super) fn settle_conclusions(&self, project: &Project, owed: Option<u64>) -> Answer<()> {
        if owed.is_none() || self.conclusions_owed(project)? != owed {
            return Ok(());
        }
        let entry = AuditEntry::new("proofmark", "runs.infer", project.id.to_string());
        self.ledger().write(self.now(), entry, |write| {
            // Another process may have come in between.
            if write.settings().get(&key(project.id))? == owed {
                write.settings().unset(&key(project.id))?;
            }
            Ok(())
        })
    }
}

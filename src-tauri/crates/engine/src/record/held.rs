//! Runs and data that is held back: what is not started, and what is recorded of a run that met such data all the same.

use std::collections::BTreeMap;
use std::path::Path;

use proofmark_contract::ErrorCode;
use proofmark_domain::artifact::RelPath;
use proofmark_domain::project::Project;
use proofmark_domain::run::{HeldFate, HeldInput, RunEdge};
use proofmark_intake::files::label_of;
use proofmark_ledger::{AuditEntry, FileState};

use super::trace::{Access, AccessKind};
use super::{RecordRequest, kernel, preload_library, shell_line};
use crate::Engine;
use crate::hold::{Guard, HeldRead};
use crate::trouble::{Answer, Trouble};

impl Engine {
    /// Does not let a command begin that would read data that is held back, unless a person said why it may.
    pub(super) fn refuse_held(
        &self,
        project: &Project,
        present: &BTreeMap<RelPath, FileState>,
        request: &RecordRequest,
        folder: &Path,
    ) -> Answer<()> {
        if let Some(reason) = &request.use_held {
            if reason.trim().is_empty() {
                return Err(Trouble::new(
                    ErrorCode::InvalidRequest,
                    "A reason is needed to read data that is held back: it is recorded in the run.",
                ));
            }
            return Ok(());
        }
        let notebook = kernel::notebook(&request.argv);
        // A kernel runs what a person chooses, a cell at a time: there the cell that opens the data is refused.
        if notebook.is_some() && cfg!(target_os = "linux") && preload_library().is_some() {
            return Ok(());
        }
        let reads = self.held_reads(project, present, &request.argv, folder, notebook.as_deref())?;
        if reads.is_empty() {
            return Ok(());
        }
        let entry = AuditEntry::new(self.actor(), "run.refused", project.name.clone());
        self.ledger().write(self.now(), entry, |write| -> Answer<()> {
            let command: Vec<String> = request.argv.iter().map(|it| it.to_string_lossy().into_owned()).collect();
            write.note("command", command.join(" "));
            write.note("held", reads.iter().map(|it| it.path.as_str().to_owned()).collect::<Vec<String>>());
            Ok(())
        })?;
        Err(refusal(Path::new(&project.root), &reads)
            .hint("Or go on all the same, which is recorded in the run: proofmark run --use-held REASON -- …"))
    }
}

/// That a command was not started.
pub(crate) fn refusal(root: &Path, reads: &[HeldRead]) -> Trouble {
    const MOST: usize = 3;
    let mut sentences: Vec<String> = reads.iter().take(MOST).map(HeldRead::sentence).collect();
    if reads.len() > MOST {
        sentences.push(format!("{} more of what it would read are held back, too.", reads.len() - MOST));
    }
    sentences.push("The command was not started.".to_owned());
    let trouble = Trouble::new(ErrorCode::Blocked, sentences.join(" "));
    let Some(first) = reads.first() else { return trouble };
    // Absolute, because the command may have been asked for in any folder.
    let path = root.join(first.path.as_str()).to_string_lossy().into_owned();
    trouble.hint(format!(
        "Mend the data, or decide that it may be used: proofmark data release {} --reason …",
        shell_line(&[path])
    ))
}

/// What a run tried to read or read of the data that was held back when it began.
pub(super) fn inputs(
    root: &Path,
    guard: &Guard,
    accesses: &[Access],
    inputs: &[RunEdge],
    allowed: bool,
) -> Vec<HeldInput> {
    let named = |path: &Path| label_of(root, path).unwrap_or_else(|_| RelPath::new(path.to_string_lossy()));
    let mut found: BTreeMap<RelPath, HeldInput> = BTreeMap::new();
    for access in accesses.iter().filter(|it| it.kind == AccessKind::Refused) {
        let Some(held) = guard.files.get(&access.path) else { continue };
        let path = named(&access.path);
        let (digest, reason) = (held.digest, held.word.reason.clone());
        found.insert(path.clone(), HeldInput { path, digest, reason, fate: HeldFate::Refused });
    }
    for edge in inputs {
        let Some(digest) = edge.digest else { continue };
        // Bytes are held in a project; the same bytes in another one are not.
        let mut here = guard.files.iter().filter(|(path, _)| path.starts_with(root));
        let Some((_, held)) = here.find(|(_, it)| it.digest == digest) else { continue };
        let fate = if allowed { HeldFate::Allowed } else { HeldFate::NotStopped };
        let reason = held.word.reason.clone();
        found.insert(edge.path.clone(), HeldInput { path: edge.path.clone(), digest, reason, fate });
    }
    found.into_values().collect()
}

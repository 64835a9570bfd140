//! Sets rows of a project's table aside, as a job.

use std::path::PathBuf;

use proofmark_contract::view::{JobRef, RowsSetAside};
use proofmark_contract::{EngineEvent, ErrorCode, Notice, NoticeTone};
use proofmark_domain::artifact::RelPath;
use proofmark_domain::attention::Target;
use proofmark_domain::check::{Finding, Severity};
use proofmark_domain::counts::counted;
use proofmark_domain::job::JobKind;
use proofmark_ledger::AuditEntry;

use super::adhoc::{CheckBeside, SetAside, quarantine_until};
use crate::Engine;
use crate::jobs::JobPlan;
use crate::screen::absolute;
use crate::trouble::{Answer, Trouble};

impl Engine {
    /// Writes the rows of a table that must not be trained on, and those that stay, into a folder.
    ///
    /// # Errors
    /// If there is no such data set, or the folder is not named as a whole. What goes wrong with the files is the job's error.
    pub fn rows_set_aside(&self, request: RowsSetAside) -> Answer<JobRef> {
        let project = self.project(request.project)?;
        let path = RelPath::new(request.path);
        let facts = self.file(&project, &path)?.facts;
        let folder = PathBuf::from(&request.to);
        if !folder.is_absolute() {
            return Err(Trouble::new(ErrorCode::InvalidRequest, "The folder must be named with its whole path."));
        }
        let least = if request.warnings { Severity::Warn } else { Severity::Error };
        let plan = JobPlan {
            kind: JobKind::SetAside,
            title: format!("Setting rows of {} aside", path.file_name()),
            project: Some(project.id),
            unit: "",
            notice: None,
        };
        self.start_job(plan, move |engine, worker| {
            let file = absolute(&project, &facts.path)?;
            let config = engine.config_now(&project)?.config;
            let reference = engine.reference_of(&project, &facts, &config)?;
            let reference = match &reference {
                Some(reference) => Some(absolute(&project, &reference.facts.path)?),
                None => None,
            };
            let beside = CheckBeside {
                reference: reference.as_deref(),
                rules: engine.rules_in_force(&file)?,
                ..CheckBeside::default()
            };
            let muted = engine.findings_that_do_not_count(&file)?;
            let counts = |finding: &Finding| {
                !muted.iter().any(|(kind, columns)| *kind == finding.kind && *columns == finding.columns)
            };
            let now = engine.now();
            let done = quarantine_until(&file, &beside, &folder, least, &counts, now, &|| worker.cancelled())?;
            let entry = AuditEntry::new(engine.actor(), "data.set_aside", facts.path.as_str());
            engine.ledger().write(engine.now(), entry, |write| -> Answer<()> {
                write.note("rows_aside", done.rows_aside);
                write.note("rows_kept", done.rows_kept);
                write.note("folder", folder.to_string_lossy());
                Ok(())
            })?;
            let target = Target::Dataset { project: project.id, path: facts.path.as_str().to_owned() };
            let tone = if done.aside.is_some() { NoticeTone::Pass } else { NoticeTone::Attention };
            let notice = Notice { tone, text: sentence(&facts.path, &done), target: Some(target) };
            engine.0.events.emit(&EngineEvent::Notice { notice });
            Ok(())
        })
    }
}

/// What was set aside, what stays although something was found, and where the files lie.
fn sentence(path: &RelPath, done: &SetAside) -> String {
    let stays: Vec<&str> = done.findings.iter().filter_map(|it| it.stays.as_deref()).collect();
    let stays = match stays.first() {
        None => String::new(),
        Some(why) => {
            let of = counted(stays.len() as u64, "finding stay", "findings stay");
            format!(" The rows of {of}: {}", why)
        }
    };
    match (&done.aside, &done.kept) {
        (Some(aside), Some(kept)) => format!(
            "{} set aside in {aside}, {} in {kept}.{stays} {path} itself was not changed.",
            counted(done.rows_aside, "row was", "rows were"),
            counted(done.rows_kept, "row stays", "rows stay"),
        ),
        _ => format!("Nothing was set aside: no row of {path} has to be.{stays}"),
    }
}

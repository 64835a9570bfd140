//! Runs that nobody recorded: gathers what a project shows, has the rules of `domain` conclude, and keeps the conclusions.

mod columns;
mod commands;
mod correct;
mod gather;
mod owed;

pub(crate) use columns::SourceShelf;
pub(crate) use commands::{LARGEST as LARGEST_RECIPE, commands_in, may_hold_commands};
pub(crate) use owed::owe;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use proofmark_domain::artifact::ArtifactKind;
use proofmark_domain::id::RunId;
use proofmark_domain::inference::{self, InferredRun};
use proofmark_domain::project::Project;
use proofmark_domain::run::{CodeState, Run, RunEdge, RunSource, RunStatus};
use proofmark_domain::{Basis, Digest};
use proofmark_ledger::AuditEntry;

use crate::Engine;
use crate::trouble::{Answer, Trouble};

impl Engine {
    /// Concludes the runs of a project anew from what lies there now, and records what is other than before.
    ///
    /// A run whose outputs are all gone stays as it was: it is history, and nothing that lies there now speaks against it.
    pub(crate) fn infer_runs(&self, project: &Project, stop: &dyn Fn() -> bool) -> Answer<()> {
        let owed = self.conclusions_owed(project)?;
        let scene = self.gather(project, stop)?;
        if stop() {
            return Err(Trouble::cancelled());
        }
        let corrections = self.corrections(project)?;
        let concluded = inference::infer(&scene.scene, &corrections);
        let all = self.ledger().read::<_, Trouble>(|read| Ok(read.runs().of_project(project.id)?))?;
        let completed = completed(&scene.scene, &all, &corrections);
        let known: Vec<Run> = all.into_iter().filter(|run| run.source == RunSource::Inferred).collect();
        let here: BTreeSet<Digest> = scene.scene.files.iter().map(|file| file.digest).collect();
        let git = scene.repository(Path::new(&project.root));
        let runs: Vec<Run> = concluded.iter().map(|it| self.run_of(project, it, &git)).collect();
        let (changed, retracted, shortened) = differences(&runs, &known, &here);
        if changed.is_empty() && retracted.is_empty() && shortened.is_empty() && completed.is_empty() {
            return self.settle_conclusions(project, owed);
        }
        let entry = AuditEntry::new("proofmark", "runs.infer", project.id.to_string());
        self.ledger().write(self.now(), entry, |write| -> Answer<()> {
            write.note("concluded", changed.len());
            write.note("withdrawn", retracted.len());
            write.note("completed", completed.len());
            for id in &retracted {
                write.runs().retract_inferred(*id)?;
            }
            for run in changed.iter().copied().chain(&shortened).chain(&completed) {
                write.runs().upsert_foreign(run)?;
            }
            Ok(())
        })?;
        self.settle_conclusions(project, owed)
    }

    fn run_of(&self, project: &Project, found: &InferredRun, git: &gather::Repository) -> Run {
        let name = found.script.as_ref().map_or("unknown script", |script| script.file_name());
        let code = match &found.script {
            Some(script) => git.code_state(script, found.ended),
            None => CodeState::default(),
        };
        Run {
            foreign_id: Some(found.key.clone()),
            name: name.to_owned(),
            ended: found.ended,
            command: found.command.clone(),
            code,
            inputs: found.inputs.clone(),
            outputs: found.outputs.clone(),
            ..Run::bare(RunId::from_uuid(self.0.clock.new_id()), project.id, RunSource::Inferred, RunStatus::Unknown)
        }
    }
}

/// Runs of a tracking client whose record names the script and no data: what the script reads is added, as a conclusion. Only
/// those that are other than before.
fn completed(scene: &inference::Scene, runs: &[Run], corrections: &[inference::Correction]) -> Vec<Run> {
    let lacking: Vec<(&Run, inference::RecordedRun)> = runs
        .iter()
        .filter(|run| run.source == RunSource::Mlflow && run.record.as_ref().is_none_or(|record| !record.deleted))
        .filter(|run| !run.inputs.iter().any(|edge| is_data(edge) && !is_concluded(edge)))
        .filter_map(|run| {
            let script = run.code.path.clone()?;
            Some((run, inference::RecordedRun { script, ended: run.ended, outputs: run.outputs.clone() }))
        })
        .collect();
    let asked: Vec<inference::RecordedRun> = lacking.iter().map(|(_, asked)| asked.clone()).collect();
    let found = inference::inputs_of_recorded(scene, &asked, corrections);
    lacking
        .iter()
        .zip(found)
        .filter_map(|((run, _), found)| {
            let mut inputs: Vec<RunEdge> = run.inputs.iter().filter(|edge| !is_concluded(edge)).cloned().collect();
            inputs.extend(found);
            (inputs != run.inputs).then(|| Run { inputs, ..(*run).clone() })
        })
        .collect()
}

/// Keeps what was concluded about a run whose record is read again, until it is concluded anew.
pub(crate) fn keep_conclusions(former: &Run, run: &mut Run) {
    if !run.inputs.iter().any(is_data) {
        run.inputs.extend(former.inputs.iter().filter(|edge| is_concluded(edge)).cloned());
    }
}

fn is_data(edge: &RunEdge) -> bool {
    matches!(edge.kind, ArtifactKind::Dataset | ArtifactKind::PredictionLog)
}

/// Whether an edge of a record was added by a conclusion, or by a person's word about one.
fn is_concluded(edge: &RunEdge) -> bool {
    edge.basis == Basis::Inferred || !edge.reasons.is_empty()
}

/// What is to be written: runs that are new or other than before, runs that newer facts speak against, and what is left of those.
fn differences<'r>(runs: &'r [Run], known: &[Run], here: &BTreeSet<Digest>) -> (Vec<&'r Run>, Vec<RunId>, Vec<Run>) {
    let before: BTreeMap<&str, &Run> = known.iter().filter_map(|run| Some((run.foreign_id.as_deref()?, run))).collect();
    let same = |run: &Run, known: &Run| {
        (&run.inputs, &run.outputs, &run.command, run.ended, &run.code.path)
            == (&known.inputs, &known.outputs, &known.command, known.ended, &known.code.path)
    };
    let changed = runs
        .iter()
        .filter(|run| {
            run.foreign_id.as_deref().and_then(|key| before.get(key).copied()).is_none_or(|known| !same(run, known))
        })
        .collect();
    let now: BTreeSet<&str> = runs.iter().filter_map(|run| run.foreign_id.as_deref()).collect();
    let mut retracted = Vec::new();
    let mut shortened = Vec::new();
    for run in known.iter().filter(|run| !run.foreign_id.as_deref().is_some_and(|key| now.contains(key))) {
        let is_here = |digest: &Option<Digest>| digest.is_some_and(|it| here.contains(&it));
        if !run.outputs.iter().any(|edge| is_here(&edge.digest)) {
            continue;
        }
        retracted.push(run.id);
        let gone: Vec<_> = run.outputs.iter().filter(|edge| !is_here(&edge.digest)).cloned().collect();
        if let Some(first) = gone.first() {
            let key = format!(
                "{} > {}@{} (earlier)",
                run.name,
                first.path,
                first.digest.map_or_else(String::new, |it| it.short())
            );
            shortened.push(Run { id: run.id, foreign_id: Some(key), outputs: gone, ..run.clone() });
        }
    }
    (changed, retracted, shortened)
}

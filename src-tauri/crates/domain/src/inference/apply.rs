//! What people said about inferred edges: it stands above every conclusion, and it is kept apart from it.

use serde::{Deserialize, Serialize};

use super::InferredRun;
use super::scene::View;
use crate::artifact::{ArtifactKind, RelPath};
use crate::lineage::Reason;
use crate::run::{EdgeRole, RunEdge};
use crate::{Basis, Confidence, Digest, Timestamp};

/// Which way an edge runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub enum Way {
    /// The run read the file.
    Read,
    /// The run wrote the file.
    Wrote,
}

/// What a person said about one edge.
#[derive(Debug, Clone, PartialEq)]
pub struct Correction {
    /// The script of the run; `None` for a run without one.
    pub script: Option<RelPath>,
    /// The file at the other end.
    pub path: RelPath,
    /// The bytes of the output that it is about. For what was read, those of the run's output: other bytes are another run.
    pub output: Option<Digest>,
    /// Which way.
    pub way: Way,
    /// Whether it is so.
    pub right: bool,
    /// Who said so.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Why, in the person's words.
    pub reason: String,
}

/// The name of an edge under which a person's word about it is kept.
pub fn edge_key(way: Way, script: Option<&RelPath>, output: Option<&Digest>) -> String {
    let way = match way {
        Way::Read => "read",
        Way::Wrote => "wrote",
    };
    let output = output.map_or_else(String::new, |digest| digest.hex());
    format!("{way}|{output}|{}", script.map_or("", RelPath::as_str))
}

pub(super) fn apply(view: &View<'_>, mut runs: Vec<InferredRun>, corrections: &[Correction]) -> Vec<InferredRun> {
    for said in corrections.iter().filter(|said| said.way == Way::Wrote) {
        if said.right { confirm_output(view, &mut runs, said) } else { deny_output(&mut runs, said) }
    }
    for said in corrections.iter().filter(|said| said.way == Way::Read) {
        let about = |run: &&mut InferredRun| {
            run.script == said.script
                && said.output.is_none_or(|digest| run.outputs.iter().any(|edge| edge.digest == Some(digest)))
        };
        for run in runs.iter_mut().filter(about) {
            run.inputs.retain(|edge| said.right || edge.path != said.path);
            if said.right {
                confirm_input(view, run, said);
            }
        }
    }
    runs
}

fn words(said: &Correction) -> (String, Vec<Reason>) {
    let because = if said.reason.is_empty() { String::new() } else { format!(": {}", said.reason) };
    let why = format!("{} said so{because}", said.by);
    let reason = Reason { name: "person".into(), weight: 9.0, why: format!("{why} ({})", said.at) };
    (why, vec![reason])
}

fn declared(
    path: RelPath,
    digest: Option<Digest>,
    kind: ArtifactKind,
    said: &Correction,
    before: &[Reason],
) -> RunEdge {
    let (evidence, mut reasons) = words(said);
    reasons.extend(before.iter().cloned());
    RunEdge {
        path,
        digest,
        kind,
        role: EdgeRole::of(kind),
        basis: Basis::Declared,
        confidence: Confidence::CERTAIN,
        columns: Vec::new(),
        evidence,
        reasons,
    }
}

/// The bytes that a correction is about: those that it names, else those that lie under its path now.
fn bytes_of(view: &View<'_>, said: &Correction) -> Option<(Digest, ArtifactKind)> {
    match said.output {
        Some(digest) => {
            let kind = view.holding(&digest).first().map(|file| file.kind);
            let lies = view.by_path.get(said.path.as_str()).map(|file| file.kind);
            Some((digest, kind.or(lies).unwrap_or(ArtifactKind::Other)))
        }
        None => view.by_path.get(said.path.as_str()).map(|file| (file.digest, file.kind)),
    }
}

/// This script wrote it, so no other did.
fn confirm_output(view: &View<'_>, runs: &mut Vec<InferredRun>, said: &Correction) {
    let Some((digest, kind)) = bytes_of(view, said) else { return };
    if view.scene.recorded.contains(&digest) {
        return;
    }
    let mut before = Vec::new();
    let mut happened = 0.0;
    for run in runs.iter_mut() {
        if run.script == said.script {
            happened = run.outputs.iter().map(|edge| edge.confidence.get()).fold(0.0, f64::max);
            before = run
                .outputs
                .iter()
                .find(|edge| edge.digest == Some(digest))
                .map(|edge| edge.reasons.clone())
                .unwrap_or_default();
        }
        run.outputs.retain(|edge| edge.digest != Some(digest));
    }
    let edge = declared(said.path.clone(), Some(digest), kind, said, &before);
    match runs.iter_mut().find(|run| run.script == said.script) {
        Some(run) => {
            run.outputs.push(edge);
            raise_inputs(run, happened);
        }
        None => {
            let mut inputs = Vec::new();
            if let Some(source) = said.script.as_ref().and_then(|script| view.source(script)) {
                inputs.push(declared(source.path.clone(), Some(source.digest), source.kind, said, &[]));
            }
            runs.push(InferredRun {
                key: String::new(),
                script: said.script.clone(),
                ended: None,
                command: None,
                inputs,
                outputs: vec![edge],
            });
        }
    }
    runs.retain(|run| !run.outputs.is_empty());
}

/// What the run read is as sure as the run: now that it is certain, only the reading is in doubt.
fn raise_inputs(run: &mut InferredRun, happened: f64) {
    if happened <= 0.0 {
        return;
    }
    for edge in run.inputs.iter_mut().filter(|edge| edge.basis == Basis::Inferred) {
        edge.confidence = Confidence::clamped((edge.confidence.get() / happened).min(0.97));
    }
}

fn deny_output(runs: &mut Vec<InferredRun>, said: &Correction) {
    for run in runs.iter_mut().filter(|run| run.script == said.script) {
        run.outputs.retain(|edge| !(edge.path == said.path && (said.output.is_none() || edge.digest == said.output)));
    }
    runs.retain(|run| !run.outputs.is_empty());
}

fn confirm_input(view: &View<'_>, run: &mut InferredRun, said: &Correction) {
    match run.inputs.iter_mut().find(|edge| edge.path == said.path) {
        Some(edge) => {
            let (evidence, mut reasons) = words(said);
            reasons.append(&mut edge.reasons);
            edge.basis = Basis::Declared;
            edge.confidence = Confidence::CERTAIN;
            edge.evidence = evidence;
            edge.reasons = reasons;
        }
        None => {
            let file = view.by_path.get(said.path.as_str());
            let kind = file.map_or(ArtifactKind::Other, |file| file.kind);
            run.inputs.push(declared(said.path.clone(), file.map(|file| file.digest), kind, said, &[]));
        }
    }
}

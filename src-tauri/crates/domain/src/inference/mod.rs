//! Runs that nobody recorded: which script made which file from what, concluded from the traces that it left.
//!
//! A file with no recorded origin is a question, and every script that could have written it is a hypothesis beside the
//! one that none of them did. Each piece of evidence adds log-odds to a hypothesis, and the hypotheses about one file share
//! one probability among them. So at most one can be surer than one half, and two scripts that explain a file equally well
//! are both below it. What a run read is known from its script, so an input is as sure as the run times the reading.
//!
//! The weights are judgements, not fits: they were set so that a path that is written out in one script alone is believed
//! (0.95), a path with an unknown part is believed if it is specific, and a wildcard that fits half of the project is not.

mod ahead;
mod apply;
mod evidence;
mod inputs;
mod outputs;
mod place;
mod recorded;
mod scene;
mod times;

#[cfg(test)]
mod tests;

pub use ahead::{ReadAhead, reads_ahead};
pub use apply::{Correction, Way, edge_key};
pub use evidence::bare as bare_feature;
pub use place::{can_mean, is_like};
pub use recorded::{RecordedRun, inputs_of_recorded};
pub use scene::{Earlier, Invocation, ModelTraits, Scene, SceneFile, ScriptFlow, ScriptUse, Source};

use crate::Timestamp;
use crate::artifact::RelPath;
use crate::run::RunEdge;

/// A run that must have happened, as far as the traces tell.
#[derive(Debug, Clone, PartialEq)]
pub struct InferredRun {
    /// The same for the same script and the same bytes, so that a run that is concluded again is the same run.
    pub key: String,
    /// The script or notebook; `None` if only the data speaks.
    pub script: Option<RelPath>,
    /// When its last output was written, where the times of files say anything.
    pub ended: Option<Timestamp>,
    /// The command, where a file of the project spells it out.
    pub command: Option<String>,
    /// What it read: code first, then data.
    pub inputs: Vec<RunEdge>,
    /// What it wrote.
    pub outputs: Vec<RunEdge>,
}

/// Hypotheses below this are not worth anybody's attention.
pub const LEAST: f64 = 0.1;

/// Concludes the runs of a project, in the order of their scripts. People's corrections stand above every conclusion.
pub fn infer(scene: &Scene, corrections: &[Correction]) -> Vec<InferredRun> {
    let view = scene::View::new(scene);
    let claims = outputs::claims(&view);
    let mut runs = inputs::runs(&view, &claims);
    runs.extend(inputs::without_script(&view, &claims));
    let mut runs = apply::apply(&view, runs, corrections);
    for run in &mut runs {
        run.key = key_of(run);
    }
    runs.retain(|run| !run.outputs.is_empty());
    runs.sort_by(|a, b| a.key.cmp(&b.key));
    runs
}

/// Script and first output. The bytes are part of it: other bytes are another run.
fn key_of(run: &InferredRun) -> String {
    let script = run.script.as_ref().map_or("", RelPath::as_str);
    let first = run.outputs.iter().min_by(|a, b| (main_first(a), &a.path).cmp(&(main_first(b), &b.path)));
    let output = first.map_or_else(String::new, |edge| {
        let digest = edge.digest.map_or_else(String::new, |digest| digest.short());
        format!("{}@{digest}", edge.path)
    });
    format!("{script} > {output}")
}

/// Models name a run better than data, and data better than the rest.
fn main_first(edge: &RunEdge) -> u8 {
    use crate::artifact::ArtifactKind::{Dataset, Model, PredictionLog};
    match edge.kind {
        Model => 0,
        Dataset | PredictionLog => 1,
        _ => 2,
    }
}

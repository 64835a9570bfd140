//! What a run read whose record names its script and no data, as records of tracking clients mostly do.

use super::apply::{self, Correction, Way};
use super::inputs::Reading;
use super::scene::{Scene, View};
use super::{InferredRun, LEAST};
use crate::artifact::RelPath;
use crate::run::RunEdge;
use crate::{Confidence, Timestamp};

/// A run that a tool recorded, without the data that it read.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordedRun {
    /// The script that its record names.
    pub script: RelPath,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// What it wrote.
    pub outputs: Vec<RunEdge>,
}

/// That the run happened is known. That its script was what lies there now is not, quite.
const HAPPENED: f64 = 0.95;

/// The same for a script that was changed since.
const CHANGED_SINCE: f64 = 0.75;

/// What each of the runs read, as its script tells: nothing for a script that is not there.
pub fn inputs_of_recorded(scene: &Scene, runs: &[RecordedRun], corrections: &[Correction]) -> Vec<Vec<RunEdge>> {
    let view = View::new(scene);
    let read: Vec<Correction> = corrections.iter().filter(|said| said.way == Way::Read).cloned().collect();
    runs.iter().map(|run| inputs_of(&view, run, &read)).collect()
}

fn inputs_of(view: &View<'_>, run: &RecordedRun, corrections: &[Correction]) -> Vec<RunEdge> {
    let Some(source) = view.source(&run.script) else { return Vec::new() };
    let changed =
        view.by_path.get(run.script.as_str()).zip(run.ended).is_some_and(|(file, ended)| file.modified > ended);
    let happened = if changed { CHANGED_SINCE } else { HAPPENED };
    let mut inputs = Reading { view, source, claims: &[], happened, ended: run.ended }.data();
    inputs.retain(|edge| edge.digest.is_none() || run.outputs.iter().all(|output| output.digest != edge.digest));
    let whole = InferredRun {
        key: String::new(),
        script: Some(run.script.clone()),
        ended: run.ended,
        command: None,
        inputs,
        outputs: run.outputs.clone(),
    };
    let said = apply::apply(view, vec![whole], corrections);
    let inputs = said.into_iter().next().map(|run| run.inputs).unwrap_or_default();
    inputs.into_iter().filter(|edge| edge.confidence >= Confidence::clamped(LEAST)).collect()
}

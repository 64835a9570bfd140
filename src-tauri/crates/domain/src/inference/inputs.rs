//! What an inferred run read, and the runs that follow from the claims.

use std::collections::BTreeMap;

use super::evidence::{Evidence, features_in};
use super::outputs::{Claim, by_script, sentence};
use super::place::Fit;
use super::scene::{SceneFile, ScriptUse, Source, View};
use super::{InferredRun, LEAST};
use crate::artifact::{ArtifactKind, RelPath};
use crate::lineage::Reason;
use crate::run::{EdgeRole, RunEdge};
use crate::{Basis, Confidence, Digest, Timestamp};

/// An edge that is concluded: never a record, whatever its confidence.
pub(super) fn edge(
    path: RelPath,
    digest: Option<Digest>,
    kind: ArtifactKind,
    confidence: f64,
    columns: Vec<String>,
    evidence: String,
    reasons: Vec<Reason>,
) -> RunEdge {
    RunEdge {
        path,
        digest,
        kind,
        role: EdgeRole::of(kind),
        basis: Basis::Inferred,
        // A conclusion is never certain.
        confidence: Confidence::clamped((confidence * 1000.0).round().min(990.0) / 1000.0),
        columns,
        evidence,
        reasons,
    }
}

/// The strongest reason, as a sentence.
pub(super) fn strongest(evidence: &Evidence) -> String {
    let best = evidence.reasons.iter().max_by(|a, b| a.weight.total_cmp(&b.weight));
    best.map_or_else(String::new, |reason| reason.why.clone())
}

pub(super) fn runs<'s>(view: &View<'s>, claims: &[Claim<'s>]) -> Vec<InferredRun> {
    by_script(claims).into_iter().map(|(source, claims)| run_of(view, source, &claims)).collect()
}

fn run_of<'s>(view: &View<'s>, source: &Source, claims: &[&Claim<'s>]) -> InferredRun {
    let outputs: Vec<RunEdge> = claims
        .iter()
        .map(|claim| {
            let columns = claim.used.map(|used| used.columns.clone()).unwrap_or_default();
            let file = claim.file;
            edge(
                file.path.clone(),
                Some(file.digest),
                file.kind,
                claim.confidence,
                columns,
                sentence(claim),
                claim.evidence.reasons.clone(),
            )
        })
        .collect();
    // The run happened if it wrote at least one of them; what it read is as sure as that.
    let happened = claims.iter().map(|claim| claim.confidence).fold(0.0, f64::max);
    let ended = claims.iter().map(|claim| claim.file.modified).max();
    let reading = Reading { view, source, claims, happened, ended };
    let mut inputs = reading.code();
    inputs.extend(reading.data());
    InferredRun {
        key: String::new(),
        script: Some(source.path.clone()),
        ended: ended.filter(|_| view.times.told()),
        command: claims.iter().find_map(|claim| claim.command).map(|command| command.command.clone()),
        inputs,
        outputs,
    }
}

/// What a script tells of the files that one of its runs read.
pub(super) struct Reading<'r, 's> {
    pub(super) view: &'r View<'s>,
    pub(super) source: &'r Source,
    /// What the run is said to have written, as far as that is concluded.
    pub(super) claims: &'r [&'r Claim<'s>],
    /// How sure it is that the run happened so, 0..1.
    pub(super) happened: f64,
    pub(super) ended: Option<Timestamp>,
}

impl<'s> Reading<'_, 's> {
    fn code(&self) -> Vec<RunEdge> {
        let script = &self.source.path;
        let own = Reason { name: "code".into(), weight: 3.0, why: format!("{script} is what was run") };
        let mut edges =
            vec![self.code_edge(script, self.source.digest, self.source.kind, 0.97, "what was run", vec![own])];
        for path in self.source.imports.iter().filter(|path| *path != script) {
            let Some(file) = self.view.by_path.get(path.as_str()) else { continue };
            let why = format!("{script} imports it");
            let reason = Reason { name: "code".into(), weight: 2.5, why: why.clone() };
            edges.push(self.code_edge(path, file.digest, file.kind, 0.92, &why, vec![reason]));
        }
        edges
    }

    /// Code that was changed since is named by the bytes that lay there then, if they are known.
    fn code_edge(
        &self,
        path: &RelPath,
        digest: Digest,
        kind: ArtifactKind,
        sure: f64,
        why: &str,
        mut reasons: Vec<Reason>,
    ) -> RunEdge {
        let modified = self.view.by_path.get(path.as_str()).map(|file| file.modified);
        let changed =
            self.ended.zip(modified).is_some_and(|(ended, modified)| self.view.times.is_later(modified, ended));
        let mut digest = digest;
        let mut factor = 1.0;
        if changed {
            factor = 0.8;
            let then = self.ended.and_then(|ended| self.lay_there(path, ended));
            let why = match then {
                Some(then) => {
                    digest = then;
                    factor = 0.95;
                    "it was changed since; these are the bytes that lay there then"
                }
                None => "it was changed since, so the bytes that ran may be earlier ones",
            };
            reasons.push(Reason { name: "time".into(), weight: -0.5, why: why.into() });
        }
        edge(path.clone(), Some(digest), kind, self.happened * sure * factor, Vec::new(), why.to_owned(), reasons)
    }

    /// The bytes that lay under a path at a time, as far as scans saw them.
    fn lay_there(&self, path: &RelPath, at: Timestamp) -> Option<Digest> {
        let earlier = self.view.scene.earlier.get(path)?;
        earlier.iter().rev().find(|it| it.seen <= at && at < it.gone).map(|it| it.digest)
    }

    pub(super) fn data(&self) -> Vec<RunEdge> {
        let mut best: BTreeMap<RelPath, RunEdge> = BTreeMap::new();
        for used in &self.source.reads {
            for edge in self.of_use(used) {
                match best.get_mut(&edge.path) {
                    Some(known) => {
                        let columns: Vec<String> =
                            edge.columns.iter().filter(|it| !known.columns.contains(it)).cloned().collect();
                        known.columns.extend(columns);
                        if known.confidence < edge.confidence {
                            *known = RunEdge { columns: std::mem::take(&mut known.columns), ..edge };
                        }
                    }
                    None => {
                        best.insert(edge.path.clone(), edge);
                    }
                }
            }
        }
        for command in self.claims.iter().filter_map(|claim| claim.command) {
            self.of_command(command, &mut best);
        }
        best.into_values().filter(|edge| edge.confidence.get() >= LEAST).collect()
    }

    /// Paths among the arguments of the command that are not its outputs.
    fn of_command(&self, command: &super::Invocation, best: &mut BTreeMap<RelPath, RunEdge>) {
        for argument in &command.arguments {
            let Some(file) = self.view.by_path.get(argument.trim_start_matches("./")) else { continue };
            let is_output = self.claims.iter().any(|claim| claim.file.digest == file.digest);
            let is_code = matches!(file.kind, ArtifactKind::Code | ArtifactKind::Notebook);
            if is_output
                || is_code
                || best.get(&file.path).is_some_and(|known| known.confidence.get() > self.happened * 0.8)
            {
                continue;
            }
            let why = format!("{} names it: {}", command.place, command.command);
            let reason = Reason { name: "command".into(), weight: 2.0, why: why.clone() };
            let found = edge(
                file.path.clone(),
                Some(file.digest),
                file.kind,
                self.happened * 0.88,
                Vec::new(),
                why,
                vec![reason],
            );
            best.insert(file.path.clone(), found);
        }
    }

    fn of_use(&self, used: &ScriptUse) -> Vec<RunEdge> {
        let mut found: Vec<(&SceneFile, Fit)> = self.view.fitting(self.source, used);
        found.retain(|(file, _)| !matches!(file.kind, ArtifactKind::Code | ArtifactKind::Notebook));
        // What it made itself is no input, unless it read it first.
        let (own, mut found): (Vec<_>, Vec<_>) = found.into_iter().partition(|(file, _)| self.is_own(file));
        let mut edges: Vec<RunEdge> =
            own.into_iter().filter_map(|(file, fit)| self.rewritten(used, file, fit)).collect();
        if used.pattern.contains('*') && !used.all {
            // One of several is meant, and it lay there when the run ended.
            let in_time: Vec<_> = found
                .iter()
                .copied()
                .filter(|(file, _)| self.ended.is_none_or(|ended| !self.view.times.is_later(file.modified, ended)))
                .collect();
            if !in_time.is_empty() {
                found = in_time;
            }
        }
        let many = found.len();
        edges.extend(found.into_iter().map(|(file, fit)| self.input(used, file, fit, many)));
        edges
    }

    fn is_own(&self, file: &SceneFile) -> bool {
        self.claims.iter().any(|claim| claim.file.digest == file.digest && claim.confidence > 0.3)
    }

    /// Read and overwritten in place: what it read is gone, only its path is known.
    fn rewritten(&self, used: &ScriptUse, file: &SceneFile, fit: Fit) -> Option<RunEdge> {
        let claim = self.claims.iter().find(|claim| claim.file.digest == file.digest)?;
        let read_first = claim.used.is_some_and(|write| used.line < write.line);
        if !read_first || fit < Fit::Elsewhere || claim.file.path != file.path {
            return None;
        }
        let why = format!(
            "{} line {} reads it and overwrites it later; the bytes that it read are gone",
            self.source.path, used.line
        );
        let reasons = vec![Reason { name: "code".into(), weight: 1.0, why: why.clone() }];
        Some(edge(file.path.clone(), None, file.kind, self.happened * 0.6, used.columns.clone(), why, reasons))
    }

    fn input(&self, used: &ScriptUse, file: &SceneFile, fit: Fit, many: usize) -> RunEdge {
        let mut evidence = Evidence::default();
        let script = &self.source.path;
        let count = many.max(1) as f64;
        let (mut sure, how) = match fit {
            Fit::Whole => (0.96, fit.words().to_owned()),
            Fit::Elsewhere => (0.85, fit.words().to_owned()),
            Fit::TwoPlaces => (0.48, fit.words().to_owned()),
            Fit::NameOnly => (0.4 / count, fit.words().to_owned()),
            _ if used.all && fit >= Fit::Folder => (0.88, format!("every file that fits is read, {many} of them")),
            Fit::Part if many == 1 => (0.75, "a part of the path is not known, and one file fits".to_owned()),
            Fit::Folder if many == 1 => (0.55, "only folder and ending are known, and one file fits".to_owned()),
            Fit::Part | Fit::Folder => {
                ((0.9 / count).min(0.45), format!("a part of the path is not known, and {many} files fit"))
            }
            Fit::Ending => ((0.3 / count).min(0.3), fit.words().to_owned()),
        };
        sure *= used.confidence.clamp(0.3, 0.9) / 0.9;
        let why = format!("{script} line {} reads `{}` ({}): {how}", used.line, used.pattern, used.call);
        evidence.add("code", (sure / (1.0 - sure)).ln(), why.clone());
        if !used.when_run && self.source.reads.iter().any(|it| it.when_run) {
            sure *= 0.8;
            evidence.add("code", -0.5, "the line stands in a function that the script itself does not call");
        }
        sure = self.weigh_features(file, fit, many, sure, &mut evidence);
        let mut digest = Some(file.digest);
        if self.ended.is_some_and(|ended| self.view.times.is_later(file.modified, ended)) {
            let then = self.ended.and_then(|ended| self.lay_there(&file.path, ended));
            digest = then;
            let what = match then {
                Some(_) => "other bytes were written there since; these lay there when the run ended",
                None => {
                    "it was written after the output: the run read earlier bytes under this path, which are not known"
                }
            };
            sure = if then.is_some() || fit >= Fit::Elsewhere { sure * 0.7 } else { (sure * 0.5).min(0.45) };
            evidence.add("time", -0.8, what);
        } else if self.ended.is_some_and(|ended| self.view.times.is_in_order(file.modified, ended)) {
            evidence.add("time", 0.2, "it was written before the output");
        }
        edge(file.path.clone(), digest, file.kind, self.happened * sure, used.columns.clone(), why, evidence.reasons)
    }

    /// Of several tables that may be meant, the model's features point at those that have them.
    fn weigh_features(&self, file: &SceneFile, fit: Fit, many: usize, sure: f64, evidence: &mut Evidence) -> f64 {
        if fit >= Fit::Elsewhere {
            return sure;
        }
        let Some(columns) = self.view.columns(&file.digest) else { return sure };
        let models = self.claims.iter().filter_map(|claim| self.view.model(&claim.file.digest));
        let Some((found, all)) = models.filter_map(|model| features_in(model, columns)).max() else { return sure };
        if found == all {
            evidence.add("features", 0.8, format!("all {all} features of the model are its columns"));
            if many == 1 { (sure * 1.2).min(0.85) } else { sure }
        } else if found == 0 {
            evidence.add("features", -1.5, "no feature of the model is among its columns");
            sure * 0.4
        } else {
            sure
        }
    }
}

/// Models that no script claims: the tables that have all of their features are candidates, never above one half.
pub(super) fn without_script(view: &View<'_>, claims: &[Claim<'_>]) -> Vec<InferredRun> {
    let mut runs = Vec::new();
    let mut done: Vec<Digest> = Vec::new();
    for file in view.scene.files.iter().filter(|file| file.kind == ArtifactKind::Model && file.size > 0) {
        let explained = claims.iter().any(|claim| claim.file.digest == file.digest && claim.confidence >= 0.3);
        if explained || done.contains(&file.digest) || view.scene.recorded.contains(&file.digest) {
            continue;
        }
        let Some(model) = view.model(&file.digest) else { continue };
        let fitting: Vec<&SceneFile> = view
            .scene
            .files
            .iter()
            .filter(|table| {
                let found = view.columns(&table.digest).and_then(|columns| features_in(model, columns));
                found.is_some_and(|(found, all)| found == all && all >= 2)
            })
            .collect();
        if fitting.is_empty() {
            continue;
        }
        done.push(file.digest);
        let all = model.features.len();
        let share = 0.45 / fitting.len() as f64;
        let inputs: Vec<RunEdge> = fitting
            .iter()
            .map(|table| {
                let later = view.times.is_later(table.modified, file.modified);
                let why = format!("all {all} features of the model are columns of this table");
                let mut reasons = vec![Reason { name: "features".into(), weight: 0.8, why: why.clone() }];
                if later {
                    reasons.push(Reason {
                        name: "time".into(),
                        weight: -0.8,
                        why: "it was written after the model".into(),
                    });
                }
                edge(
                    table.path.clone(),
                    Some(table.digest),
                    table.kind,
                    share * if later { 0.5 } else { 1.0 },
                    model.features.clone(),
                    why,
                    reasons,
                )
            })
            .filter(|edge| edge.confidence.get() >= LEAST)
            .collect();
        if inputs.is_empty() {
            continue;
        }
        let why = "no script is known that writes it; its features are columns of a table of the project".to_owned();
        let reasons = vec![Reason { name: "features".into(), weight: -0.3, why: why.clone() }];
        runs.push(InferredRun {
            key: String::new(),
            script: None,
            ended: view.times.told().then_some(file.modified),
            command: None,
            inputs,
            outputs: vec![edge(file.path.clone(), Some(file.digest), file.kind, 0.45, Vec::new(), why, reasons)],
        });
    }
    runs
}

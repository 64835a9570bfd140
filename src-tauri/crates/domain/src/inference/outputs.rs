//! Who wrote what: the hypotheses about the origin of each file.

use std::collections::{BTreeMap, BTreeSet};

use super::evidence::{Evidence, chance, features_in, is_set_aside, is_test, weigh_model, words};
use super::place::Fit;
use super::scene::{Invocation, SceneFile, ScriptUse, Source, View};
use super::{LEAST, inputs};
use crate::Digest;
use crate::artifact::{ArtifactKind, RelPath};

/// One script's claim on one file.
#[derive(Debug, Clone)]
pub(super) struct Claim<'s> {
    pub(super) source: &'s Source,
    pub(super) file: &'s SceneFile,
    /// The write of the script, where one was understood.
    pub(super) used: Option<&'s ScriptUse>,
    pub(super) evidence: Evidence,
    /// 0..1, with what speaks for the other claims on the same bytes taken off.
    pub(super) confidence: f64,
    pub(super) command: Option<&'s Invocation>,
}

/// Claims on files whose origin is not recorded, each above [`LEAST`].
pub(super) fn claims<'s>(view: &View<'s>) -> Vec<Claim<'s>> {
    let mut of_bytes: BTreeMap<Digest, Vec<Claim<'s>>> = BTreeMap::new();
    for source in &view.scene.sources {
        for used in &source.writes {
            for (file, fit) in view.fitting(source, used) {
                consider(view, source, Some((used, fit)), file, &mut of_bytes);
            }
        }
        for (command, file) in named_by_commands(view, source) {
            let known = of_bytes
                .get_mut(&file.digest)
                .and_then(|claims| claims.iter_mut().find(|it| it.source.path == source.path));
            match known {
                Some(claim) if claim.command.is_none() => add_command(claim, command),
                Some(_) => {}
                None if writes_unknown(source) => {
                    consider(view, source, None, file, &mut of_bytes);
                    let added = of_bytes
                        .get_mut(&file.digest)
                        .and_then(|claims| claims.iter_mut().find(|it| it.source.path == source.path));
                    if let Some(claim) = added {
                        add_command(claim, command);
                    }
                }
                None => {}
            }
        }
        claim_models_by_their_facts(view, source, &mut of_bytes);
    }
    for claims in of_bytes.values_mut() {
        leave_out_libraries(claims);
        share(claims);
    }
    stand_together(view, &mut of_bytes);
    let mut claims: Vec<Claim<'s>> =
        of_bytes.into_values().flatten().filter(|claim| claim.confidence >= LEAST).collect();
    claims.sort_by(|a, b| (&a.source.path, &a.file.path).cmp(&(&b.source.path, &b.file.path)));
    claims
}

/// Whether a file asks for an origin.
fn is_open(view: &View<'_>, file: &SceneFile) -> bool {
    file.kind.is_made() && file.size > 0 && !view.scene.recorded.contains(&file.digest)
}

fn consider<'s>(
    view: &View<'s>,
    source: &'s Source,
    used: Option<(&'s ScriptUse, Fit)>,
    file: &'s SceneFile,
    of_bytes: &mut BTreeMap<Digest, Vec<Claim<'s>>>,
) {
    if !is_open(view, file) || file.path == source.path {
        return;
    }
    let mut evidence = Evidence::default();
    match used {
        Some((used, fit)) => {
            let sure = if used.confidence >= 0.85 { 0.0 } else { -2.0 * (0.85 - used.confidence) };
            let how = fit.words();
            evidence.add(
                "code",
                fit.weight() + sure,
                format!("{} line {} writes `{}` ({}): {how}", source.path, used.line, used.pattern, used.call),
            );
            if !used.when_run {
                evidence.add(
                    "code",
                    -0.4,
                    "the line stands in a function that the script itself does not call".to_owned(),
                );
            }
        }
        None => evidence.add("code", -1.0, format!("{} writes something, and where is not written in it", source.path)),
    }
    weigh_source(view, source, file, &mut evidence);
    if let Some(model) = view.model(&file.digest) {
        weigh_model(model, source, &mut evidence);
        weigh_features(view, source, file, &mut evidence);
    }
    let claims = of_bytes.entry(file.digest).or_default();
    let claim = Claim { source, file, used: used.map(|it| it.0), evidence, confidence: 0.0, command: None };
    // One script claims the same bytes once: by its best line.
    match claims.iter_mut().find(|it| it.source.path == source.path) {
        Some(known) if known.evidence.sum() >= claim.evidence.sum() => {}
        Some(known) => *known = claim,
        None => claims.push(claim),
    }
}

fn weigh_source(view: &View<'_>, source: &Source, file: &SceneFile, evidence: &mut Evidence) {
    if view.times.is_in_order(source.modified, file.modified) {
        evidence.add("time", 0.3, format!("{} was last changed before the file was written", source.path));
    } else if view.times.is_later(source.modified, file.modified) {
        evidence.add("time", -0.7, format!("{} was changed after the file was written", source.path));
    }
    match source.executed {
        Some(true) => evidence.add("notebook", 0.3, "the notebook was run, and saved with its outputs"),
        Some(false) => evidence.add("notebook", -0.8, "the notebook is saved in a state in which no cell was run"),
        None => {}
    }
    let (script, path) = (source.path.as_str(), file.path.as_str());
    if is_set_aside(script) && !is_set_aside(path) {
        evidence.add("name", -2.0, format!("the name of {script} says that it was set aside"));
    } else if is_set_aside(path) && !is_set_aside(script) {
        evidence.add("name", -0.5, format!("the name of {path} says that it was set aside"));
    }
    if is_test(script) && !is_test(path) {
        evidence.add("name", -2.0, format!("{script} is a test"));
    }
    let copied = source
        .reads
        .iter()
        .flat_map(|used| view.fitting(source, used))
        .any(|(read, fit)| fit >= Fit::Elsewhere && read.digest == file.digest && read.path != file.path);
    if copied {
        evidence.add("digest", -4.0, format!("{script} reads the same bytes elsewhere: it copies them"));
    }
    let missing = source.reads.iter().filter(|used| {
        used.when_run && used.confidence >= 0.85 && !used.pattern.contains('*') && view.fitting(source, used).is_empty()
    });
    if let Some(used) = missing.take(1).next() {
        evidence.add(
            "name",
            -0.4,
            format!("{script} line {} reads `{}`, which does not lie there", used.line, used.pattern),
        );
    }
}

/// Features of the model against the columns of the tables that the script reads.
fn weigh_features(view: &View<'_>, source: &Source, file: &SceneFile, evidence: &mut Evidence) {
    let Some(model) = view.model(&file.digest) else { return };
    let mut best: Option<(usize, usize, &SceneFile)> = None;
    let mut tables = 0;
    for (read, fit) in source.reads.iter().flat_map(|used| view.fitting(source, used)) {
        if fit < Fit::Folder {
            continue;
        }
        let Some(found) = view.columns(&read.digest).and_then(|columns| features_in(model, columns)) else { continue };
        tables += 1;
        if best.is_none_or(|known| found.0 > known.0) {
            best = Some((found.0, found.1, read));
        }
    }
    match best {
        Some((found, all, table)) if found == all => {
            evidence.add(
                "features",
                1.0,
                format!("all {all} features of the model are columns of {}, which {} reads", table.path, source.path),
            );
        }
        Some((found, all, table)) if found * 2 >= all => {
            evidence.add(
                "features",
                0.4,
                format!("{found} of {all} features of the model are columns of {}", table.path),
            );
        }
        Some((0, all, _)) if tables > 0 && all >= 3 => {
            evidence.add(
                "features",
                -1.2,
                format!("no feature of the model is a column of what {} reads", source.path),
            );
        }
        _ => {}
    }
}

/// Whether the script writes to a place that its code does not tell.
fn writes_unknown(source: &Source) -> bool {
    source.writes.is_empty() || source.writes.iter().any(|used| used.pattern.contains('*'))
}

/// Files that a spelled-out command names as an argument of the script and that it does not read.
fn named_by_commands<'s>(view: &View<'s>, source: &'s Source) -> Vec<(&'s Invocation, &'s SceneFile)> {
    let commands = view.scene.invocations.iter().filter(|command| command.script == source.path);
    let mut found = Vec::new();
    for command in commands {
        let files: Vec<&SceneFile> = command
            .arguments
            .iter()
            .filter_map(|argument| view.by_path.get(argument.trim_start_matches("./")).copied())
            .filter(|file| file.kind.is_made())
            .collect();
        // Of several files the inputs come first by custom, and a model that is trained is never an input of it.
        for (at, file) in files.iter().enumerate() {
            let is_read = source.reads.iter().any(|used| {
                view.fitting(source, used).iter().any(|(read, fit)| read.path == file.path && *fit >= Fit::Elsewhere)
            });
            let makes_models = !source.classes.is_empty();
            let is_output = match file.kind {
                ArtifactKind::Model => makes_models || at + 1 == files.len(),
                _ => at + 1 == files.len() && files.len() > 1,
            };
            if is_output && !is_read {
                found.push((command, *file));
            }
        }
    }
    found
}

fn add_command<'s>(claim: &mut Claim<'s>, command: &'s Invocation) {
    claim.evidence.add(
        "command",
        4.0,
        format!("{} runs {} with this path: {}", command.place, claim.source.path, command.command),
    );
    claim.command = Some(command);
}

/// A script that makes a model of this class but whose writing was not understood is a weak candidate: never above one half.
fn claim_models_by_their_facts<'s>(
    view: &View<'s>,
    source: &'s Source,
    of_bytes: &mut BTreeMap<Digest, Vec<Claim<'s>>>,
) {
    if source.classes.is_empty() || !source.runs_itself || !writes_unknown(source) {
        return;
    }
    for file in view.scene.files.iter().filter(|file| file.kind == ArtifactKind::Model) {
        let claimed =
            of_bytes.get(&file.digest).is_some_and(|claims| claims.iter().any(|it| it.source.path == source.path));
        let Some(model) = view.model(&file.digest).filter(|_| !claimed) else { continue };
        let mut evidence = Evidence::default();
        weigh_model(model, source, &mut evidence);
        if evidence.sum() < 1.0 {
            continue;
        }
        consider(view, source, None, file, of_bytes);
        let added = of_bytes
            .get_mut(&file.digest)
            .and_then(|claims| claims.iter_mut().find(|it| it.source.path == source.path));
        if let Some(claim) = added {
            let shared = words(source.path.as_str()).intersection(&words(file.path.as_str())).count();
            if shared > 1 {
                claim.evidence.add("name", 0.3, "script and file share words of their names".to_owned());
            }
            let sum = claim.evidence.sum();
            if sum > -0.4 {
                claim.evidence.add("code", -0.4 - sum, "without a line that writes it, this stays a guess".to_owned());
            }
        }
    }
}

/// A module that another claimant imports and that does nothing by itself is that claimant's hand, not its rival.
fn leave_out_libraries(claims: &mut Vec<Claim<'_>>) {
    let users: Vec<(BTreeSet<RelPath>, RelPath)> =
        claims.iter().map(|claim| (claim.source.imports.clone(), claim.source.path.clone())).collect();
    claims.retain(|claim| {
        let own = &claim.source.path;
        let used = users.iter().any(|(imports, user)| user != own && imports.contains(own));
        !(used && !claim.source.runs_itself)
    });
}

/// Makes probabilities of log-odds: the claims on the same bytes and the chance that none is right share one.
fn share(claims: &mut [Claim<'_>]) {
    let odds: Vec<f64> = claims.iter().map(|claim| claim.evidence.sum().exp()).collect();
    let all: f64 = 1.0 + odds.iter().sum::<f64>();
    let rivals = claims.len();
    let strongest: Vec<(usize, String)> = {
        let mut order: Vec<usize> = (0..claims.len()).collect();
        order.sort_by(|a, b| odds[*b].total_cmp(&odds[*a]));
        order.into_iter().map(|at| (at, claims[at].source.path.to_string())).collect()
    };
    for (at, claim) in claims.iter_mut().enumerate() {
        claim.confidence = odds[at] / all;
        claim.evidence.reasons.retain(|reason| reason.name != "rivals");
        let alone = chance(claim.evidence.sum());
        if rivals > 1 && alone - claim.confidence > 0.02 {
            let rival = strongest.iter().find(|(other, _)| *other != at).map_or("", |(_, path)| path.as_str());
            let weight = log_odds(claim.confidence) - log_odds(alone);
            claim.evidence.add("rivals", weight, format!("{rival} can have written it as well"));
        }
    }
}

fn log_odds(chance: f64) -> f64 {
    let chance = chance.clamp(1e-9, 1.0 - 1e-9);
    (chance / (1.0 - chance)).ln()
}

/// Files that were written in one go have one author: what a script surely wrote speaks for its claim on what lies beside it.
fn stand_together<'s>(view: &View<'s>, of_bytes: &mut BTreeMap<Digest, Vec<Claim<'s>>>) {
    if !view.times.told() {
        return;
    }
    let sure: Vec<(RelPath, crate::Timestamp)> = of_bytes
        .values()
        .flatten()
        .filter(|claim| claim.confidence > 0.8)
        .map(|claim| (claim.source.path.clone(), claim.file.modified))
        .collect();
    for claims in
        of_bytes.values_mut().filter(|claims| claims.len() > 1 && claims.iter().all(|it| it.confidence <= 0.8))
    {
        let beside = |claim: &Claim<'_>| {
            sure.iter()
                .any(|(path, time)| *path == claim.source.path && view.times.is_together(*time, claim.file.modified))
        };
        let [one] =
            claims.iter().enumerate().filter(|(_, claim)| beside(claim)).map(|(at, _)| at).collect::<Vec<_>>()[..]
        else {
            continue;
        };
        claims[one].evidence.add("time", 1.5, "the script's other outputs were written at the same time".to_owned());
        share(claims);
    }
}

/// What all claims of one script are about: a run, with what it read.
pub(super) fn by_script<'c, 's>(claims: &'c [Claim<'s>]) -> Vec<(&'s Source, Vec<&'c Claim<'s>>)> {
    let mut grouped: Vec<(&Source, Vec<&Claim<'_>>)> = Vec::new();
    for claim in claims {
        match grouped.last_mut() {
            Some((source, list)) if source.path == claim.source.path => list.push(claim),
            _ => grouped.push((claim.source, vec![claim])),
        }
    }
    grouped
}

/// The line of a claim as the evidence of an edge.
pub(super) fn sentence(claim: &Claim<'_>) -> String {
    match claim.used {
        Some(used) => format!("{} line {} writes `{}` ({})", claim.source.path, used.line, used.pattern, used.call),
        None => inputs::strongest(&claim.evidence),
    }
}

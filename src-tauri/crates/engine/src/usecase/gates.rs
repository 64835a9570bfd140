//! Holds a model against the gates of its project.

mod command;
mod evaluation;
mod model;
mod retention;

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use proofmark_domain::artifact::{ArtifactKind, FileFacts};
use proofmark_domain::check::CheckVerdict;
use proofmark_domain::counts::counted;
use proofmark_domain::gate::{Demand, Gate, GateFigure, GateOutcome, GateRule, GateVerdict};
use proofmark_domain::lineage::{Graph, NodeId, NodeKind};
use proofmark_domain::model::SafetyVerdict;
use proofmark_domain::project::Project;
use proofmark_domain::release::BundleFile;
use proofmark_domain::run::Run;
use proofmark_intake::model::{Limits, ModelError, companions, read_model};
use proofmark_ledger::ReportKind;
use serde_json::Value;

pub(crate) use self::evaluation::{EVALUATION_FILE, Evaluation, InProduction};
use super::holds::held_why;
use super::projects::joined;
use crate::Engine;
use crate::config::ProjectConfig;
use crate::graph::ProjectGraph;
use crate::hold::read_holds;
use crate::screen::absolute;
use crate::trouble::{Answer, Trouble};

/// Everything that gates look at.
pub(crate) struct Evidence<'a> {
    pub(crate) project: &'a Project,
    pub(crate) config: &'a ProjectConfig,
    pub(crate) model: &'a FileFacts,
    /// The model's files as they would be released.
    pub(crate) files: &'a [BundleFile],
    /// Where those files lie, by their names in the release.
    pub(crate) sources: &'a [(String, PathBuf)],
    pub(crate) known: &'a ProjectGraph,
    pub(crate) upstream: &'a Graph,
    /// The version that it would take the place of.
    pub(crate) production: Option<InProduction>,
    /// The candidate's predictions, read when the first gate asks for them.
    pub(crate) evaluation: OnceCell<Result<Evaluation, String>>,
    /// The gates that are judged.
    pub(crate) gates: &'a [Gate],
}

/// What was found in a model file.
struct Looked {
    /// `safe`, `dangerous`, `unverified` or `unreadable`.
    verdict: String,
    reasons: Vec<String>,
    /// Why it could not be read at all.
    problem: Option<String>,
}

impl Evidence<'_> {
    /// The last run that wrote the model.
    pub(crate) fn training(&self) -> Option<&Run> {
        let wrote = |run: &&Run| run.outputs.iter().any(|edge| edge.digest == Some(self.model.digest));
        self.known.runs.iter().filter(wrote).max_by_key(|run| run.started)
    }
}

/// What a gate found: verdict, measured, why, evidence.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    verdict: GateVerdict,
    measured: String,
    why: String,
    evidence: Vec<String>,
    figures: Vec<GateFigure>,
}

impl Found {
    fn new(verdict: GateVerdict, measured: impl Into<String>, why: impl Into<String>) -> Self {
        Self { verdict, measured: measured.into(), why: why.into(), evidence: Vec::new(), figures: Vec::new() }
    }

    /// With the figures behind it. What is not finite cannot be written down, and says nothing.
    fn and(mut self, figures: Vec<GateFigure>) -> Self {
        self.figures = figures.into_iter().filter(|it| it.value.is_finite()).collect();
        for figure in &mut self.figures {
            figure.interval = figure.interval.filter(|(low, high)| low.is_finite() && high.is_finite());
        }
        self
    }

    fn with(mut self, evidence: Vec<String>) -> Self {
        self.evidence = evidence;
        self
    }
}

impl Engine {
    pub(crate) fn judge(&self, gates: &[Gate], evidence: &Evidence<'_>) -> Answer<Vec<GateOutcome>> {
        gates
            .iter()
            .map(|gate| {
                let found = self.measure(&gate.rule, evidence)?;
                let (rule, allowed) = words(&gate.rule);
                Ok(GateOutcome {
                    gate: gate.name.clone(),
                    rule,
                    required: gate.required,
                    // Where a failure only warns, the verdict says so.
                    verdict: if found.verdict == GateVerdict::Fail && !gate.required {
                        GateVerdict::Warn
                    } else {
                        found.verdict
                    },
                    measured: found.measured,
                    allowed,
                    why: found.why,
                    evidence: found.evidence,
                    figures: found.figures,
                    definition: Some(gate.clone()),
                    waivable_by: gate.waivable_by.clone(),
                })
            })
            .collect()
    }

    fn measure(&self, rule: &GateRule, evidence: &Evidence<'_>) -> Answer<Found> {
        Ok(match rule {
            GateRule::LineageComplete => lineage(evidence),
            GateRule::EnvironmentKnown => environment(evidence),
            GateRule::DataQuality => self.data_quality(evidence)?,
            GateRule::ModelFileSafe => self.model_file(evidence)?,
            GateRule::SensitiveColumns { allowed } => self.sensitive_columns(evidence, allowed)?,
            GateRule::Metric { metric, at_least, at_most } => metric_gate(evidence, metric, *at_least, *at_most),
            GateRule::CodeCommitted => committed(evidence),
            GateRule::RetentionNotExpired => self.retention(evidence)?,
            GateRule::Evaluation { metric, at_least, at_most } => {
                self.evaluation_gate(evidence, *metric, (*at_least, *at_most))?
            }
            GateRule::AgainstProduction { metric, test, demand, at_most_worse, alpha, least_rows } => {
                let ask = evaluation::Against {
                    metric: *metric,
                    test: test.unwrap_or(metric.usual_test()),
                    demand: *demand,
                    at_most_worse: *at_most_worse,
                    alpha: alpha.clamp(1e-9, 0.5),
                    least_rows: *least_rows,
                };
                self.production_gate(evidence, &ask)?
            }
            GateRule::Segments { metric, at_least, at_most, at_most_behind, least_rows } => {
                self.segments_gate(evidence, *metric, (*at_least, *at_most), *at_most_behind, *least_rows)?
            }
            GateRule::Calibration { ece_at_most, brier_at_most, bins } => {
                self.calibration_gate(evidence, *ece_at_most, *brier_at_most, *bins)?
            }
            GateRule::ModelSize { at_most } => model_size(evidence, *at_most),
            GateRule::Latency { p95_ms, rows, .. } => self.latency_gate(evidence, *p95_ms, *rows)?,
            GateRule::Behaviour { tests } => self.behaviour_gate(evidence, tests)?,
        })
    }

    fn data_quality(&self, evidence: &Evidence<'_>) -> Answer<Found> {
        let tables: Vec<_> = evidence.upstream.nodes.iter().filter(|node| node.kind == NodeKind::Dataset).collect();
        if tables.is_empty() {
            return Ok(Found::new(
                GateVerdict::CannotTell,
                "no data set known",
                "No data set is known upstream, so there is nothing to judge.",
            ));
        }
        let digests: Vec<_> = tables.iter().filter_map(|node| node.digest).collect();
        let (checks, profiles, holds) = self.ledger().read::<_, Trouble>(|read| {
            let checks = read.reports().newest_heads(ReportKind::Check, &digests)?;
            Ok((
                super::findings::judged_heads(read, checks, self.now())?,
                read.reports().newest_heads(ReportKind::Profile, &digests)?,
                read_holds(read, evidence.project)?,
            ))
        })?;
        let held: Vec<String> = tables
            .iter()
            .filter_map(|node| {
                let (_, word) = holds.get(&node.digest?).filter(|(_, word)| word.is_held())?;
                Some(format!("{}: {}", node.label, held_why(word)))
            })
            .collect();
        let (mut failed, mut warned, mut unseen, mut passed) = (Vec::new(), Vec::new(), Vec::new(), 0u64);
        let with_digest = tables.iter().filter(|node| node.digest.is_some());
        for ((node, check), profile) in with_digest.zip(checks).zip(profiles) {
            match (check.and_then(|it| it.verdict), profile) {
                (Some(CheckVerdict::Fail), _) => failed.push(node.label.clone()),
                (Some(CheckVerdict::Warn), _) => warned.push(node.label.clone()),
                (Some(CheckVerdict::Pass), _) => passed += 1,
                _ => unseen.push(node.label.clone()),
            }
        }
        unseen.extend(tables.iter().filter(|node| node.digest.is_none()).map(|node| node.label.clone()));
        let measured = format!(
            "{} passed, {} warned, {} failed, {} not checked",
            passed,
            warned.len(),
            failed.len(),
            unseen.len()
        );
        let measured = if held.is_empty() { measured } else { format!("{measured}; {} held back", held.len()) };
        Ok(if let Some(first) = held.first() {
            let why = format!("It was made from data that is held back. {first}");
            Found::new(GateVerdict::Fail, measured, why).with(held)
        } else if !failed.is_empty() {
            Found::new(GateVerdict::Fail, measured, format!("{} failed its checks.", joined(&failed))).with(failed)
        } else if !unseen.is_empty() {
            Found::new(
                GateVerdict::CannotTell,
                measured,
                format!("{} was not checked, or its bytes are not known.", joined(&unseen)),
            )
            .with(unseen)
        } else if !warned.is_empty() {
            Found::new(
                GateVerdict::Warn,
                measured,
                format!("Nothing failed; look at the warnings on {}.", joined(&warned)),
            )
            .with(warned)
        } else {
            Found::new(GateVerdict::Pass, measured, "Every data set upstream passed its checks.")
        })
    }

    /// What the other files of the release may do when the model is loaded, if they are not known to be harmless: whoever loads a folder
    /// loads what its description names, and not the file that was submitted.
    fn beside(&self, evidence: &Evidence<'_>) -> Answer<Option<Found>> {
        let own = absolute(evidence.project, &evidence.model.path)?;
        // Raw weights that the model itself names are never taken for anything else.
        let weights = companions(&own, &Limits::default()).unwrap_or_default();
        let mut unclear = Vec::new();
        for (name, path) in evidence.sources.iter().filter(|(name, path)| *path != own && !weights.contains(name)) {
            let ending = Path::new(name).extension().and_then(|it| it.to_str()).unwrap_or_default().to_lowercase();
            if ["py", "pyc", "pyd", "so", "dll", "dylib"].contains(&ending.as_str()) {
                unclear.push(format!("{name} is code of its own"));
                continue;
            }
            // The description names the files that are looked at here one by one.
            if Path::new(name).file_name().is_some_and(|it| it == "MLmodel") {
                continue;
            }
            match read_model(path, &Limits::default()) {
                Ok(facts) => {
                    let reasons = facts.safety.reasons.iter().take(3).map(|it| format!("{} at {}", it.what, it.place));
                    let why = format!("{name}: {}", joined(&reasons.collect::<Vec<_>>()));
                    match facts.safety.verdict {
                        SafetyVerdict::Safe => {}
                        SafetyVerdict::Dangerous => {
                            let said = format!("Loading what is released with it would run foreign code: {why}.");
                            return Ok(Some(Found::new(GateVerdict::Fail, "dangerous", said).with(vec![why])));
                        }
                        SafetyVerdict::Unverified => unclear.push(why),
                    }
                }
                // Text, settings and other data.
                Err(ModelError::NotAModel { .. }) => {}
                Err(error @ ModelError::Io { .. }) => unclear.push(format!("{name}: {error}")),
            }
        }
        if unclear.is_empty() {
            return Ok(None);
        }
        unclear.truncate(5);
        let said = format!("What is released with it could not be verified: {}.", joined(&unclear));
        Ok(Some(Found::new(GateVerdict::CannotTell, "could not be verified", said).with(unclear)))
    }

    fn model_file(&self, evidence: &Evidence<'_>) -> Answer<Found> {
        let Some(Looked { verdict, reasons, problem }) = self.looked(evidence)? else {
            return Ok(Found::new(
                GateVerdict::CannotTell,
                "not read yet",
                "The model file has not been looked at yet.",
            ));
        };
        let reasons: Vec<String> = reasons.into_iter().take(5).collect();
        let shown = joined(&reasons);
        if verdict != "dangerous"
            && let Some(found) = self.beside(evidence)?
        {
            return Ok(found);
        }
        Ok(match verdict.as_str() {
            "safe" => {
                Found::new(GateVerdict::Pass, "safe", "Everything that loading would call is a harmless constructor.")
                    .with(vec![evidence.model.path.as_str().to_owned()])
            }
            "dangerous" => {
                Found::new(GateVerdict::Fail, "dangerous", format!("Loading it would run {shown}.")).with(reasons)
            }
            _ => {
                let why = problem.unwrap_or_else(|| {
                    if shown.is_empty() {
                        "It could not be read to its end.".to_owned()
                    } else {
                        format!("Nobody can vouch for all of it: {shown}.")
                    }
                });
                Found::new(GateVerdict::CannotTell, "could not be verified", why).with(reasons)
            }
        })
    }

    /// What was found in the model file. Where it keeps a part of itself in other files, it is read anew: those may have come or gone
    /// since it was kept what it says.
    fn looked(&self, evidence: &Evidence<'_>) -> Answer<Option<Looked>> {
        let own = absolute(evidence.project, &evidence.model.path)?;
        let limits = Limits::default();
        if !companions(&own, &limits).unwrap_or_default().is_empty() {
            return Ok(Some(match read_model(&own, &limits) {
                Ok(facts) => Looked {
                    verdict: match facts.safety.verdict {
                        SafetyVerdict::Safe => "safe",
                        SafetyVerdict::Dangerous => "dangerous",
                        SafetyVerdict::Unverified => "unverified",
                    }
                    .to_owned(),
                    reasons: facts.safety.reasons.iter().map(|it| format!("{} at {}", it.what, it.place)).collect(),
                    problem: None,
                },
                Err(error) => Looked {
                    verdict: "unreadable".to_owned(),
                    reasons: Vec::new(),
                    problem: Some(crate::trouble::sentence(&error.to_string())),
                },
            }));
        }
        let stored = self.ledger().read::<_, Trouble>(|read| {
            Ok(read.reports().newest::<Value>(ReportKind::ModelFacts, &evidence.model.digest)?)
        })?;
        Ok(stored.map(|report| Looked {
            reasons: report
                .body
                .pointer("/safety/reasons")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .filter_map(|it| Some(format!("{} at {}", it.get("what")?.as_str()?, it.get("where")?.as_str()?)))
                .collect(),
            problem: report.head.summary.get("problem").and_then(Value::as_str).map(str::to_owned),
            verdict: report.head.verdict.unwrap_or_default(),
        }))
    }

    fn sensitive_columns(&self, evidence: &Evidence<'_>, allowed: &[String]) -> Answer<Found> {
        let tables: Vec<_> = evidence.upstream.nodes.iter().filter(|node| node.kind == NodeKind::Dataset).collect();
        let digests: Vec<_> = tables.iter().filter_map(|node| node.digest).collect();
        let looked = self
            .ledger()
            .read::<_, Trouble>(|read| Ok(read.reports().newest_heads(ReportKind::Sensitive, &digests)?))?;
        let unseen = looked.iter().filter(|it| it.is_none()).count() + (tables.len() - digests.len());
        let id = NodeId::file(Some(&evidence.model.digest), evidence.model.path.as_str());
        let reaching = evidence.known.node(&id).map(|node| node.labels.clone()).unwrap_or_default();
        let labels: BTreeSet<&str> = reaching.iter().map(|it| it.label.as_str()).collect();
        let foreign: Vec<String> =
            labels.iter().filter(|label| !allowed.iter().any(|it| it == **label)).map(|it| (*it).to_owned()).collect();
        let measured = if labels.is_empty() {
            "none".to_owned()
        } else {
            joined(&labels.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>())
        };
        let places: Vec<String> = reaching
            .iter()
            .filter(|it| foreign.contains(&it.label))
            .map(|it| format!("{} in {} ({})", it.column, it.dataset, it.label))
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect();
        Ok(if !foreign.is_empty() {
            Found::new(
                GateVerdict::Fail,
                measured,
                format!("{} in its lineage is not among the labels that the purpose allows.", joined(&foreign)),
            )
            .with(places)
        } else if tables.is_empty() || unseen > 0 {
            Found::new(
                GateVerdict::CannotTell,
                measured,
                format!(
                    "{} upstream could not be searched for sensitive columns.",
                    if tables.is_empty() {
                        "No data set".to_owned()
                    } else {
                        counted(unseen as u64, "data set", "data sets")
                    }
                ),
            )
        } else if labels.is_empty() {
            Found::new(GateVerdict::Pass, measured, "No sensitive column was found in any data set upstream.")
        } else {
            Found::new(GateVerdict::Pass, measured, "Every label in its lineage is allowed for the stated purpose.")
        })
    }
}

fn lineage(evidence: &Evidence<'_>) -> Found {
    let Some(run) = evidence.training() else {
        return Found::new(
            GateVerdict::Fail,
            "no run known",
            "No run is known that wrote this model, so nobody can say what it came from.",
        );
    };
    let data: Vec<_> = run.inputs.iter().filter(|edge| edge.kind == ArtifactKind::Dataset).collect();
    if data.is_empty() {
        return Found::new(
            GateVerdict::Fail,
            "no data read",
            format!("The run {} was not seen to read any data.", run.name),
        )
        .with(vec![run.id.to_string()]);
    }
    let unknown: Vec<String> = evidence
        .upstream
        .nodes
        .iter()
        .filter(|node| node.kind == NodeKind::Dataset && node.digest.is_none())
        .map(|node| node.label.clone())
        .collect();
    let guessed = evidence.upstream.edges.iter().filter(|edge| edge.confidence.get() < 0.5).count();
    let sets = evidence
        .upstream
        .nodes
        .iter()
        .filter(|node| node.kind == NodeKind::Dataset && node.id.0 != format!("art_{}", evidence.model.digest.hex()))
        .count();
    let measured =
        format!("{} upstream, {} without a digest", counted(sets as u64, "data set", "data sets"), unknown.len());
    if !unknown.is_empty() {
        return Found::new(GateVerdict::Fail, measured, format!("The bytes of {} are not known.", joined(&unknown)))
            .with(unknown);
    }
    if guessed > 0 {
        let why = format!(
            "{} of its lineage are guesses with a confidence below 0.5.",
            counted(guessed as u64, "edge", "edges")
        );
        return Found::new(GateVerdict::CannotTell, measured, why);
    }
    Found::new(GateVerdict::Pass, measured, "Every data set that it came from is known by its digest.")
        .with(vec![run.id.to_string()])
}

fn environment(evidence: &Evidence<'_>) -> Found {
    match evidence.training() {
        Some(Run { environment_digest: Some(digest), name, .. }) => {
            Found::new(GateVerdict::Pass, digest.short(), format!("The environment of the run {name} was recorded."))
                .with(vec![digest.to_string()])
        }
        Some(run) => {
            Found::new(GateVerdict::Fail, "not known", format!("The environment of the run {} is not known.", run.name))
        }
        None => Found::new(GateVerdict::CannotTell, "no run known", "No run is known that wrote this model."),
    }
}

fn committed(evidence: &Evidence<'_>) -> Found {
    match evidence.training() {
        Some(run) => match (&run.code.commit, run.code.dirty) {
            (Some(commit), Some(false)) => Found::new(
                GateVerdict::Pass,
                commit.chars().take(12).collect::<String>(),
                "The code was committed and unchanged when the run began.",
            ),
            (Some(commit), Some(true)) => Found::new(
                GateVerdict::Fail,
                format!("{} with changes", commit.chars().take(12).collect::<String>()),
                "Tracked files differed from the commit when the run began. The difference is kept with the run.",
            ),
            (Some(_), None) => {
                Found::new(GateVerdict::CannotTell, "not known", "Whether files differed from the commit is not known.")
            }
            (None, _) => Found::new(
                GateVerdict::Fail,
                "no commit",
                "The code was in no repository when the run began. Its files are known by their digests.",
            ),
        },
        None => Found::new(GateVerdict::CannotTell, "no run known", "No run is known that wrote this model."),
    }
}

fn metric_gate(evidence: &Evidence<'_>, metric: &str, at_least: Option<f64>, at_most: Option<f64>) -> Found {
    let Some(run) = evidence.training() else {
        return Found::new(GateVerdict::CannotTell, "no run known", "No run is known that wrote this model.");
    };
    let Some(value) = run.metrics.get(metric) else {
        let known = if run.metrics.is_empty() {
            "no metric".to_owned()
        } else {
            joined(&run.metrics.keys().cloned().collect::<Vec<_>>())
        };
        return Found::new(
            GateVerdict::CannotTell,
            "not measured",
            format!("The run {} recorded {known}, and not {metric}.", run.name),
        );
    };
    let low = at_least.is_some_and(|limit| *value < limit);
    let high = at_most.is_some_and(|limit| *value > limit);
    let measured = format!("{value:.4}");
    let evidence = vec![run.id.to_string()];
    if value.is_nan() {
        return Found::new(GateVerdict::CannotTell, "not a number", format!("{metric} is not a number."))
            .with(evidence);
    }
    if low || high {
        let side = if low { "below" } else { "above" };
        return Found::new(GateVerdict::Fail, measured, format!("{metric} is {side} its limit.")).with(evidence);
    }
    Found::new(GateVerdict::Pass, measured, format!("{metric} holds its limit.")).with(evidence)
}

fn model_size(evidence: &Evidence<'_>, at_most: u64) -> Found {
    let size: u64 = evidence.files.iter().map(|it| it.size).sum();
    let measured = format!("{size} bytes in {}", counted(evidence.files.len() as u64, "file", "files"));
    let named = evidence.files.iter().take(5).map(|it| it.path.clone()).collect();
    if size > at_most {
        return Found::new(GateVerdict::Fail, measured, "The model's files are larger than allowed.").with(named);
    }
    Found::new(GateVerdict::Pass, measured, "The model's files are no larger than allowed.").with(named)
}

/// Limits in words.
fn limits(at_least: Option<f64>, at_most: Option<f64>) -> String {
    let said = [at_least.map(|it| format!("at least {it}")), at_most.map(|it| format!("at most {it}"))];
    joined(&said.into_iter().flatten().collect::<Vec<_>>())
}

/// The rule in words, and what is allowed.
fn words(rule: &GateRule) -> (String, String) {
    match rule {
        GateRule::LineageComplete => ("Every data set that the model came from is known".into(), "none unknown".into()),
        GateRule::EnvironmentKnown => ("The environment of the training run is known".into(), "recorded".into()),
        GateRule::DataQuality => ("No training data fails its checks or is held back".into(), "no failure".into()),
        GateRule::ModelFileSafe => ("Loading the model file cannot run foreign code".into(), "safe".into()),
        GateRule::SensitiveColumns { allowed } => (
            "Sensitive data in the lineage is allowed for the purpose".into(),
            if allowed.is_empty() { "none".into() } else { joined(allowed) },
        ),
        GateRule::Metric { metric, at_least, at_most } => {
            (format!("{metric} holds its limit"), limits(*at_least, *at_most))
        }
        GateRule::CodeCommitted => ("The code was committed when the run began".into(), "committed, unchanged".into()),
        GateRule::RetentionNotExpired => {
            ("No training data is kept for longer than it may be".into(), "not past its end".into())
        }
        GateRule::Evaluation { metric, at_least, at_most } => {
            (format!("{} on the evaluation rows holds its limit", metric.as_str()), limits(*at_least, *at_most))
        }
        GateRule::AgainstProduction { metric, test, demand, at_most_worse, alpha, .. } => {
            let test = test.unwrap_or(metric.usual_test()).as_str();
            let rule =
                format!("{} is compared with production on the same rows ({test}, alpha {alpha})", metric.as_str());
            let allowed = match demand {
                Demand::NotWorse => format!("not significantly worse by more than {at_most_worse}"),
                Demand::NotInferior => format!("shown to be at most {at_most_worse} worse"),
                Demand::Better => "significantly better".to_owned(),
            };
            (rule, allowed)
        }
        GateRule::Segments { metric, at_least, at_most, at_most_behind, least_rows } => {
            let behind = at_most_behind.map(|it| format!("at most {it} worse than over all rows"));
            let stated = Some(limits(*at_least, *at_most)).filter(|it| !it.is_empty());
            let all: Vec<String> = [stated, behind].into_iter().flatten().collect();
            (format!("{} holds in every part of {least_rows} rows or more", metric.as_str()), joined(&all))
        }
        GateRule::Calibration { ece_at_most, brier_at_most, bins } => {
            let all = [
                ece_at_most.map(|it| format!("ECE at most {it}")),
                brier_at_most.map(|it| format!("Brier at most {it}")),
            ];
            (
                format!("Scores come true as often as they say ({bins} bins)"),
                joined(&all.into_iter().flatten().collect::<Vec<_>>()),
            )
        }
        GateRule::ModelSize { at_most } => {
            ("The model's files are small enough".into(), format!("at most {at_most} bytes"))
        }
        GateRule::Latency { p95_ms, .. } => {
            ("The model answers in time".into(), format!("95 of 100 within {p95_ms} ms"))
        }
        GateRule::Behaviour { tests } => {
            ("The model answers as it must".into(), counted(tests.len() as u64, "test holds", "tests hold"))
        }
    }
}

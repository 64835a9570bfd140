//! Gates that measure a candidate by its predictions on labelled rows.

use proofmark_analysis::facade::{
    self, EvaluateError, EvaluationColumns, Part, Predictions, Table, calibration, measure, pair, parts,
};
use proofmark_domain::Digest;
use proofmark_domain::artifact::{ArtifactKind, RelPath};
use proofmark_domain::counts::grouped;
use proofmark_domain::evaluation::{Compared, EvaluationMetric, Measured, PairedTest};
use proofmark_domain::gate::{Demand, GateFigure, GateVerdict};
use sha2::{Digest as _, Sha256};

use super::{Evidence, Found};
use crate::Engine;
use crate::config::{EvaluationConfig, EvaluationTask};
use crate::screen::absolute;
use crate::trouble::{Answer, sentence};

/// The file in a version's evidence that keeps its predictions, so that later candidates can be compared with it.
pub(crate) const EVALUATION_FILE: &str = "evaluation.csv";

/// Rows that are kept in it.
const MOST_KEPT: usize = 500_000;

/// Level of the intervals that no gate states: 95 %.
const ALPHA: f64 = 0.05;

/// The version that a candidate would take the place of.
pub(crate) struct InProduction {
    pub(crate) version: u64,
    /// Its own predictions, if it carries any.
    pub(crate) evaluation: Option<Result<Vec<u8>, String>>,
}

/// The candidate's predictions, with where they came from.
pub(crate) struct Evaluation {
    predictions: Predictions,
    path: String,
    digest: Digest,
    /// What is known about which model made them.
    made_by: MadeBy,
}

enum MadeBy {
    /// A run that touched this very model.
    This(String),
    /// A run that touched another one.
    Another(String),
    Unknown,
}

/// Nobody needs to know who a row is about in order to see that two rows are the same.
fn veiled(name: &str) -> String {
    let digest: [u8; 32] = Sha256::digest(name.as_bytes()).into();
    Digest::from_bytes(digest).hex().chars().take(16).collect()
}

impl EvaluationConfig {
    fn columns(&self) -> EvaluationColumns {
        EvaluationColumns {
            label: self.label.clone(),
            prediction: self.prediction.clone(),
            score: self.score.clone(),
            row: self.row.clone(),
            parts: self.segments.clone(),
            positive: self.positive.clone(),
            threshold: self.threshold,
            numbers: self.task.map(|task| task == EvaluationTask::Regression),
        }
    }
}

impl Evaluation {
    /// The rows without anything that the model was given, as they are kept with a version.
    pub(crate) fn kept(&self) -> Vec<u8> {
        self.predictions.to_csv(MOST_KEPT)
    }

    fn named(&self) -> Vec<String> {
        let mut named = vec![format!("{} ({})", self.path, self.digest.short())];
        if let MadeBy::This(run) | MadeBy::Another(run) = &self.made_by {
            named.push(run.clone());
        }
        named
    }

    /// What to add to a sentence about them.
    fn caveat(&self) -> String {
        let mut caveat = match self.made_by {
            MadeBy::This(_) | MadeBy::Another(_) => String::new(),
            MadeBy::Unknown => " No run shows that this model made the predictions; proofmark.toml says so.".to_owned(),
        };
        if self.predictions.left_out > 0 {
            caveat +=
                &format!(" {} rows without a label or a prediction were left out.", grouped(self.predictions.left_out));
        }
        caveat
    }
}

impl Engine {
    /// Reads the candidate's predictions; an error in words is what its gates then cannot tell from.
    pub(crate) fn evaluation(&self, evidence: &Evidence<'_>) -> Result<Evaluation, String> {
        let Some(config) = &evidence.config.gates.evaluation else {
            return Err("proofmark.toml names no predictions on labelled rows ([gates.evaluation]).".to_owned());
        };
        let (table, path, digest) = self.evaluation_table(evidence, &config.predictions)?;
        let predictions = facade::read_predictions(&table, &config.columns(), &veiled)
            .map_err(|error| format!("{path}: {}", sentence(&error.to_string())))?;
        let made_by = made_by(evidence, &digest);
        Ok(Evaluation { predictions, path, digest, made_by })
    }

    fn evaluation_table(&self, evidence: &Evidence<'_>, path: &str) -> Result<(Table, String, Digest), String> {
        let missing = |why: &str| format!("{path} {why}");
        let label = RelPath::new(path);
        let facts = self.file(evidence.project, &label).map_err(|_| missing("is no file that the project records."))?;
        let place = absolute(evidence.project, &label).map_err(|trouble| trouble.0.message)?;
        let table = Table::open(&place).map_err(|error| missing(&format!("cannot be read: {error}.")))?;
        Ok((table, path.to_owned(), facts.facts.digest))
    }

    /// The predictions of the version in production: its own, or else those that the project names.
    fn production(&self, evidence: &Evidence<'_>, current: &InProduction) -> Result<(Predictions, String), String> {
        let config = evidence.config.gates.evaluation.as_ref();
        if let Some(kept) = &current.evaluation {
            let bytes = kept.as_ref().map_err(Clone::clone)?;
            let shown = format!("{EVALUATION_FILE} of version {}", current.version);
            let broken = |error: String| format!("{shown} cannot be read: {error}.");
            let room = self.home().folder().join(format!("evaluation-{}.csv", self.0.clock.new_id()));
            std::fs::write(&room, bytes).map_err(|error| broken(error.to_string()))?;
            let read = Table::open(&room).map_err(EvaluateError::from).and_then(|table| {
                let has = |name: &str| table.columns().iter().any(|it| it == name).then(|| name.to_owned());
                let columns = EvaluationColumns {
                    label: "label".to_owned(),
                    prediction: Some("prediction".to_owned()),
                    score: has("score"),
                    row: Some("row".to_owned()),
                    positive: config.and_then(|it| it.positive.clone()),
                    numbers: config.and_then(|it| it.task).map(|task| task == EvaluationTask::Regression),
                    ..EvaluationColumns::default()
                };
                facade::read_predictions(&table, &columns, &str::to_owned)
            });
            // What stays behind here is a few bytes in our own folder.
            let _ = std::fs::remove_file(&room);
            let mut predictions = read.map_err(|error| broken(error.to_string()))?;
            // Rows without names of their own were numbered when they were kept.
            predictions.named = config.is_some_and(|it| it.row.is_some());
            return Ok((predictions, shown));
        }
        let Some((config, path)) = config.and_then(|it| Some((it, it.production.as_ref()?))) else {
            return Err(format!(
                "Version {} carries no predictions, and proofmark.toml names none of it ([gates.evaluation] production).",
                current.version
            ));
        };
        let (table, path, digest) = self.evaluation_table(evidence, path)?;
        let columns = EvaluationColumns { parts: Vec::new(), ..config.columns() };
        let predictions = facade::read_predictions(&table, &columns, &veiled)
            .map_err(|error| format!("{path}: {}", sentence(&error.to_string())))?;
        Ok((predictions, format!("{path} ({})", digest.short())))
    }

    /// The candidate's predictions, or why nothing can be told from them.
    fn usable<'e>(&self, evidence: &'e Evidence<'_>) -> Result<&'e Evaluation, Found> {
        let evaluation = evidence.evaluation.get_or_init(|| self.evaluation(evidence)).as_ref();
        let evaluation = evaluation.map_err(|why| Found::new(GateVerdict::CannotTell, "not measured", why.clone()))?;
        if let MadeBy::Another(run) = &evaluation.made_by {
            let why = format!("{} was written by a run that used another model than this one.", evaluation.path);
            return Err(Found::new(GateVerdict::CannotTell, "made by another model", why).with(vec![run.clone()]));
        }
        Ok(evaluation)
    }

    pub(super) fn evaluation_gate(
        &self,
        evidence: &Evidence<'_>,
        metric: EvaluationMetric,
        limits: (Option<f64>, Option<f64>),
    ) -> Answer<Found> {
        let evaluation = match self.usable(evidence) {
            Ok(evaluation) => evaluation,
            Err(found) => return Ok(found),
        };
        Ok(match measure(&evaluation.predictions, metric, ALPHA) {
            Err(error) => cannot(&error, evaluation),
            Ok(found) => {
                let (verdict, why) = within(metric.as_str(), &found, limits);
                Found::new(verdict, shown(&found), why + &evaluation.caveat())
                    .with(evaluation.named())
                    .and(vec![figure(metric.as_str(), "", &found)])
            }
        })
    }

    pub(super) fn calibration_gate(
        &self,
        evidence: &Evidence<'_>,
        ece_at_most: Option<f64>,
        brier_at_most: Option<f64>,
        bins: u32,
    ) -> Answer<Found> {
        let evaluation = match self.usable(evidence) {
            Ok(evaluation) => evaluation,
            Err(found) => return Ok(found),
        };
        let found = match calibration(&evaluation.predictions, bins, ALPHA) {
            Ok(found) => found,
            Err(error) => return Ok(cannot(&error, evaluation)),
        };
        let ece = within("The calibration error", &found.ece, (None, ece_at_most));
        let brier = within("The Brier score", &found.brier, (None, brier_at_most));
        let mut said: Vec<(GateVerdict, String)> = Vec::new();
        said.extend(ece_at_most.map(|_| ece));
        said.extend(brier_at_most.map(|_| brier));
        let verdict = said.iter().map(|it| it.0).max().unwrap_or(GateVerdict::CannotTell);
        let why = if said.is_empty() {
            "The gate states no limit (ece_at_most or brier_at_most).".to_owned()
        } else {
            said.into_iter().map(|it| it.1).collect::<Vec<_>>().join(" ")
        };
        let measured = format!("ECE {}; Brier {}", shown(&found.ece), shown(&found.brier));
        Ok(Found::new(verdict, measured, why + &evaluation.caveat())
            .with(evaluation.named())
            .and(vec![figure("ece", "", &found.ece), figure("brier", "", &found.brier)]))
    }

    pub(super) fn segments_gate(
        &self,
        evidence: &Evidence<'_>,
        metric: EvaluationMetric,
        limits: (Option<f64>, Option<f64>),
        at_most_behind: Option<f64>,
        least_rows: u64,
    ) -> Answer<Found> {
        let evaluation = match self.usable(evidence) {
            Ok(evaluation) => evaluation,
            Err(found) => return Ok(found),
        };
        let whole = measure(&evaluation.predictions, metric, ALPHA);
        let found = whole.and_then(|whole| Ok((whole, parts(&evaluation.predictions, metric, least_rows, ALPHA)?)));
        Ok(match found {
            Err(error) => cannot(&error, evaluation),
            Ok((whole, parts)) => {
                let limits = from_whole(metric, limits, at_most_behind, whole.value);
                let found = judge_parts(metric, &parts, limits, least_rows);
                Found { why: found.why + &evaluation.caveat(), ..found }.with(evaluation.named())
            }
        })
    }

    pub(super) fn production_gate(&self, evidence: &Evidence<'_>, ask: &Against) -> Answer<Found> {
        let Some(current) = &evidence.production else {
            let why = "No version is in production that it could be worse than.";
            return Ok(Found::new(GateVerdict::Pass, "nothing to compare with", why));
        };
        let evaluation = match self.usable(evidence) {
            Ok(evaluation) => evaluation,
            Err(found) => return Ok(found),
        };
        let (theirs, place) = match self.production(evidence, current) {
            Ok(found) => found,
            Err(why) => return Ok(Found::new(GateVerdict::CannotTell, "not compared", why).with(evaluation.named())),
        };
        let compared = pair(&evaluation.predictions, &theirs)
            .and_then(|pairing| Ok((facade::compare(&pairing, ask.metric, ask.test, ask.alpha)?, pairing.unpaired)));
        Ok(match compared {
            Err(error) => {
                let why = format!("{} and {place}: {}", evaluation.path, sentence(&error.to_string()));
                Found::new(GateVerdict::CannotTell, "not compared", why).with(evaluation.named())
            }
            Ok((compared, unpaired)) => {
                let (verdict, mut why) = ask.verdict(&compared, current.version);
                if unpaired > 0 {
                    why += &format!(" {} rows that only one of the two has were left out.", grouped(unpaired));
                }
                let mut named = evaluation.named();
                named.push(place);
                let name = ask.metric.as_str();
                Found::new(verdict, ask.measured(&compared), why + &evaluation.caveat()).with(named).and(vec![
                    plain_figure(name, compared.first, compared.better_by.rows),
                    plain_figure(
                        &format!("{name} of version {}", current.version),
                        compared.second,
                        compared.better_by.rows,
                    ),
                    GateFigure {
                        test: Some(compared.test.as_str().to_owned()),
                        p_value: Some(compared.p_value),
                        ..figure(&format!("better by ({name})"), "", &compared.better_by)
                    },
                ])
            }
        })
    }
}

/// What a comparison with production is asked for.
pub(super) struct Against {
    pub(super) metric: EvaluationMetric,
    pub(super) test: PairedTest,
    pub(super) demand: Demand,
    pub(super) at_most_worse: f64,
    pub(super) alpha: f64,
    pub(super) least_rows: u64,
}

impl Against {
    fn measured(&self, found: &Compared) -> String {
        let (low, high) = found.better_by.interval;
        format!(
            "{:.4} against {:.4}: better by {:.4} ({low:.4} to {high:.4}), p = {}",
            found.first,
            found.second,
            found.better_by.value,
            chance(found.p_value)
        )
    }

    /// The verdict and its reason.
    fn verdict(&self, found: &Compared, version: u64) -> (GateVerdict, String) {
        let name = self.metric.as_str();
        let Measured { value, interval: (low, high), rows } = found.better_by;
        let allowed = self.at_most_worse.max(0.0);
        let test = match found.test {
            PairedTest::Mcnemar => "McNemar's exact test",
            PairedTest::Delong => "DeLong's test",
            PairedTest::Bootstrap => "a paired bootstrap",
        };
        let base = format!("on the same {} rows by {test} (p = {})", grouped(rows), chance(found.p_value));
        if rows < self.least_rows {
            let why = format!(
                "{} rows are too few to compare {name}; the gate asks for {}.",
                grouped(rows),
                grouped(self.least_rows)
            );
            return (GateVerdict::CannotTell, why);
        }
        let surely_worse = found.p_value < self.alpha && high < -allowed;
        let surely_better = found.p_value < self.alpha && low > 0.0;
        match self.demand {
            _ if surely_worse => (GateVerdict::Fail, format!("{name} is worse than that of version {version} {base}.")),
            Demand::NotWorse if value < -allowed => (
                GateVerdict::Warn,
                format!("{name} is lower than that of version {version}, and that may be chance {base}."),
            ),
            Demand::NotWorse if surely_better => {
                (GateVerdict::Pass, format!("{name} is better than that of version {version} {base}."))
            }
            Demand::NotWorse => {
                (GateVerdict::Pass, format!("{name} is not worse than that of version {version} {base}."))
            }
            Demand::NotInferior if low > -allowed || (low == 0.0 && high == 0.0) => (
                GateVerdict::Pass,
                format!("{name} is shown to be at most {allowed} worse than that of version {version} {base}."),
            ),
            Demand::NotInferior => (
                GateVerdict::CannotTell,
                format!(
                    "It is not shown that {name} is at most {allowed} worse than that of version {version} {base}."
                ),
            ),
            Demand::Better if surely_better => {
                (GateVerdict::Pass, format!("{name} is better than that of version {version} {base}."))
            }
            Demand::Better => {
                (GateVerdict::Fail, format!("{name} is not shown to be better than that of version {version} {base}."))
            }
        }
    }
}

fn chance(p: f64) -> String {
    if p < 0.0001 { "less than 0.0001".to_owned() } else { format!("{p:.4}") }
}

fn made_by(evidence: &Evidence<'_>, predictions: &Digest) -> MadeBy {
    let wrote = evidence.known.runs.iter().filter(|run| run.outputs.iter().any(|it| it.digest == Some(*predictions)));
    let mut another = None;
    for run in wrote {
        let mut models = run.inputs.iter().chain(&run.outputs).filter(|it| it.kind == ArtifactKind::Model).peekable();
        let any = models.peek().is_some();
        if models.any(|it| it.digest == Some(evidence.model.digest)) {
            return MadeBy::This(run.id.to_string());
        }
        if any {
            another = Some(run.id.to_string());
        }
    }
    another.map_or(MadeBy::Unknown, MadeBy::Another)
}

fn cannot(error: &EvaluateError, evaluation: &Evaluation) -> Found {
    let why = format!("{}: {}", evaluation.path, sentence(&error.to_string()));
    Found::new(GateVerdict::CannotTell, "not measured", why).with(evaluation.named())
}

fn shown(found: &Measured) -> String {
    let (low, high) = found.interval;
    format!("{:.4} ({low:.4} to {high:.4}) on {} rows", found.value, grouped(found.rows))
}

fn figure(name: &str, part: &str, found: &Measured) -> GateFigure {
    GateFigure { interval: Some(found.interval), part: part.to_owned(), ..plain_figure(name, found.value, found.rows) }
}

fn plain_figure(name: &str, value: f64, rows: u64) -> GateFigure {
    let name = name.to_owned();
    GateFigure { name, part: String::new(), value, interval: None, rows, test: None, p_value: None }
}

/// Whether a value holds its limits, and whether its interval does.
fn within(name: &str, found: &Measured, (at_least, at_most): (Option<f64>, Option<f64>)) -> (GateVerdict, String) {
    let (low, high) = found.interval;
    if at_least.is_some_and(|limit| found.value < limit) {
        (GateVerdict::Fail, format!("{name} is below its limit."))
    } else if at_most.is_some_and(|limit| found.value > limit) {
        (GateVerdict::Fail, format!("{name} is above its limit."))
    } else if at_least.is_some_and(|limit| low < limit) || at_most.is_some_and(|limit| high > limit) {
        (GateVerdict::Warn, format!("{name} holds its limit on these rows, and its 95 % interval reaches beyond it."))
    } else {
        (GateVerdict::Pass, format!("{name} holds its limit, with its whole 95 % interval."))
    }
}

/// Limits for a part, with the one that follows from the whole.
fn from_whole(
    metric: EvaluationMetric,
    (at_least, at_most): (Option<f64>, Option<f64>),
    behind: Option<f64>,
    whole: f64,
) -> (Option<f64>, Option<f64>) {
    let Some(behind) = behind else { return (at_least, at_most) };
    if metric.more_is_better() {
        (Some(at_least.map_or(whole - behind, |it| it.max(whole - behind))), at_most)
    } else {
        (at_least, Some(at_most.map_or(whole + behind, |it| it.min(whole + behind))))
    }
}

/// A part fails when its whole interval lies beyond a limit; when only the value does, that may be chance.
fn judge_parts(
    metric: EvaluationMetric,
    parts: &[Part],
    (at_least, at_most): (Option<f64>, Option<f64>),
    least_rows: u64,
) -> Found {
    let name = metric.as_str();
    let (mut surely, mut perhaps, mut judged, mut figures) = (Vec::new(), Vec::new(), 0usize, Vec::new());
    let mut worst: Option<(f64, String)> = None;
    for part in parts {
        let Some(found) = &part.measured else { continue };
        judged += 1;
        let shown = format!("{} = {}", part.column, part.name);
        figures.push(figure(name, &shown, found));
        let (low, high) = found.interval;
        if at_least.is_some_and(|limit| high < limit) || at_most.is_some_and(|limit| low > limit) {
            surely.push(format!("{shown} ({:.4})", found.value));
        } else if at_least.is_some_and(|limit| found.value < limit) || at_most.is_some_and(|limit| found.value > limit)
        {
            perhaps.push(format!("{shown} ({:.4})", found.value));
        }
        let badness = if metric.more_is_better() { -found.value } else { found.value };
        if worst.as_ref().is_none_or(|(so_far, _)| badness > *so_far) {
            worst = Some((badness, format!("{shown}: {:.4} on {} rows", found.value, grouped(found.rows))));
        }
    }
    let measured = match worst {
        Some((_, worst)) => format!("{judged} of {} parts; worst {worst}", parts.len()),
        None => format!("none of {} parts", parts.len()),
    };
    let left = parts.len() - judged;
    let left = if left > 0 {
        format!(" {left} parts of fewer than {least_rows} rows, or of one class, were not judged.")
    } else {
        String::new()
    };
    let found = if judged == 0 {
        Found::new(GateVerdict::CannotTell, measured, format!("No part has the {least_rows} rows that it takes."))
    } else if !surely.is_empty() {
        let why = format!("{name} is beyond its limit in {}, with the whole interval.{left}", surely.join(", "));
        Found::new(GateVerdict::Fail, measured, why)
    } else if !perhaps.is_empty() {
        let why = format!("{name} is beyond its limit in {}, which may be chance.{left}", perhaps.join(", "));
        Found::new(GateVerdict::Warn, measured, why)
    } else {
        Found::new(GateVerdict::Pass, measured, format!("{name} holds its limit in every part that was judged.{left}"))
    };
    found.and(figures)
}

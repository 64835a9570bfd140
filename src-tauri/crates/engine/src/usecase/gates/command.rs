//! The project's own command: asked when a person says so, one row a line, and what its answers say about the model.
//!
//! The protocol is in `docs/gates.md`.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

use proofmark_contract::ErrorCode;
use proofmark_contract::view::{JobRef, PathRef};
use proofmark_domain::Digest;
use proofmark_domain::artifact::{FileFacts, RelPath};
use proofmark_domain::counts::counted;
use proofmark_domain::gate::{BehaviourTest, Example, Expectation, Gate, GateFigure, GateRule, GateVerdict, Towards};
use proofmark_domain::job::JobKind;
use proofmark_domain::profile::Scalar;
use proofmark_domain::project::Project;
use proofmark_ledger::{AuditEntry, NewReport, ReportKind};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Evidence, Found};
use crate::Engine;
use crate::config::{GatesConfig, ProjectConfig};
use crate::jobs::{JobPlan, Worker};
use crate::screen::absolute;
use crate::trouble::{Answer, Trouble, io_trouble};

/// Rows that are asked for at most.
pub(super) const MOST_ROWS: usize = 20_000;
/// A longer line is no answer.
const LONGEST_LINE: u64 = 1 << 20;
/// Answers at the start that are not timed: the program loads its libraries and the model.
pub(super) const WARM_UP: usize = 5;
/// Seconds that one answer may take, where the project does not say.
const TIMEOUT_S: f64 = 60.0;
/// What a gate says before the model was evaluated for it.
const NOT_EVALUATED: &str = "The model has not been evaluated for what the gates ask now; proofmark gate does, and so does the page of the draft.";
/// Bytes of its errors that are shown.
const TAIL: usize = 2_000;

/// What the command answered about one model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct GateRun {
    /// The command as proofmark.toml has it; empty where the model itself was evaluated.
    command: Vec<String>,
    /// The field of an answer that counts.
    output: Option<String>,
    /// The model that stood behind it.
    model: Digest,
    /// Files of the project that the command names, as they were.
    files: BTreeMap<String, Digest>,
    /// Answers by row, both as JSON.
    answers: BTreeMap<String, Said>,
    /// Milliseconds for one answer after another, once it was warm.
    times_ms: Vec<f64>,
    /// Where the model itself was evaluated: what it was asked and how, by its digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    settings: Option<Digest>,
    /// Why the model itself could not be evaluated, where it could not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
}

/// One answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Said {
    /// The value that counts.
    Value(Scalar),
    /// Why there is none.
    Nothing(String),
    /// Why the row could not be asked for: what the project states lacks something, which says nothing about the model.
    Unasked(String),
}

/// What gates ask for.
pub(super) struct Questions {
    pub(super) rows: Vec<Example>,
    pub(super) timed: Vec<Example>,
}

impl Questions {
    pub(super) fn of(gates: &[Gate]) -> Self {
        let mut rows = Vec::new();
        for gate in gates {
            if let GateRule::Behaviour { tests } = &gate.rule {
                for test in tests {
                    rows.push(test.example.clone());
                    rows.extend(changed(test));
                }
            }
        }
        let mut timed = Vec::new();
        for gate in gates {
            if let GateRule::Latency { rows: wanted, example, .. } = &gate.rule {
                let own = [example.clone()];
                let from: &[Example] = if example.is_empty() { &rows } else { &own };
                timed.extend(
                    from.iter().cycle().take(if from.is_empty() { 0 } else { *wanted as usize + WARM_UP }).cloned(),
                );
            }
        }
        Self { rows, timed }
    }

    fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.timed.is_empty()
    }

    fn is_too_many(&self) -> bool {
        self.rows.len() + self.timed.len() > MOST_ROWS
    }
}

/// The row of a test with its change.
fn changed(test: &BehaviourTest) -> Option<Example> {
    match &test.expect {
        Expectation::MustPass { .. } => None,
        Expectation::Invariance { change, .. } | Expectation::Direction { change, .. } => {
            let mut row = test.example.clone();
            row.extend(change.iter().map(|(name, value)| (name.clone(), value.clone())));
            Some(row)
        }
    }
}

pub(super) fn text_of(row: &Example) -> String {
    serde_json::to_string(row).unwrap_or_default()
}

impl Engine {
    /// Asks the project's own command what the model answers, for its gates of behaviour and latency. This executes what the project's
    /// proofmark.toml names, so it is done on request only. Where it names no command, an ONNX model itself is evaluated, and nothing of the
    /// project is executed.
    ///
    /// # Errors
    /// If there is neither a command nor an ONNX model to ask, or no gate needs an answer.
    pub fn gates_run(&self, request: PathRef) -> Answer<JobRef> {
        let project = self.project(request.project)?;
        let facts = self.model_place(&project, &request.path)?.facts;
        let config = ProjectConfig::read(Path::new(&project.root))?;
        let itself = config.gates.command.is_empty();
        if itself && !super::model::is_onnx(&facts) {
            return Err(Trouble::new(
                ErrorCode::InvalidRequest,
                "proofmark.toml names no command to ask ([gates] command).",
            )
            .hint("An ONNX model is evaluated without one. Else name one that reads a JSON object a line and answers each with a line; see the page on gates."));
        }
        let state = self.registry_state().map(|(_, state)| state);
        let questions = Questions::of(&crate::usecase::release::with_registry_gates(config.gates(), state.as_deref()));
        if questions.is_empty() {
            return Err(Trouble::new(
                ErrorCode::InvalidRequest,
                "No gate asks how the model behaves or how fast it answers.",
            )
            .hint("Add a [[gate]] with rule = \"behaviour\" or \"latency\" to proofmark.toml."));
        }
        if questions.is_too_many() {
            return Err(Trouble::new(
                ErrorCode::InvalidRequest,
                format!("The gates ask for more than {MOST_ROWS} rows."),
            ));
        }
        if !itself {
            self.refuse_held_for_gates(&project, &config.gates, &facts)?;
        }
        let plan = JobPlan {
            kind: JobKind::Gates,
            title: if itself {
                format!("Evaluating {} for the gates", facts.path.file_name())
            } else {
                format!("Asking the command about {}", facts.path.file_name())
            },
            project: Some(project.id),
            unit: "",
            notice: None,
        };
        self.start_job(plan, move |engine, worker| {
            let run = if itself {
                super::model::evaluate(&project, &facts, &config.gates, &questions, worker)?
            } else {
                engine.ask(&project, &facts, &config.gates, &questions, worker)?
            };
            let summary = json!({"answers": run.answers.len(), "timed": run.times_ms.len()});
            let head = engine.head(ReportKind::GateRun, &project, &facts, None, None, summary);
            let entry = AuditEntry::new(engine.actor(), "gates.run", facts.path.as_str());
            engine.ledger().write(engine.now(), entry, |write| -> Answer<()> {
                write.note("command", run.asked());
                Ok(write.reports().add(&NewReport { head, body: &run })?)
            })
        })
    }

    /// Does not ask a command that would read data that is held back.
    fn refuse_held_for_gates(&self, project: &Project, config: &GatesConfig, facts: &FileFacts) -> Answer<()> {
        let model = absolute(project, &facts.path)?;
        let argv: Vec<OsString> =
            config.command.iter().map(|part| part.replace("{model}", &model.to_string_lossy()).into()).collect();
        let present = self.present(project)?;
        let reads = self.held_reads(project, &present, &argv, Path::new(&project.root), None)?;
        if reads.is_empty() { Ok(()) } else { Err(crate::record::refusal(Path::new(&project.root), &reads)) }
    }

    fn ask(
        &self,
        project: &Project,
        facts: &FileFacts,
        config: &GatesConfig,
        questions: &Questions,
        worker: &Worker,
    ) -> Answer<GateRun> {
        let model = absolute(project, &facts.path)?;
        let shown = model.to_string_lossy();
        let argv: Vec<String> = config.command.iter().map(|part| part.replace("{model}", &shown)).collect();
        let place = self.home().runs().join(format!("gates_{}", self.0.clock.new_id()));
        let refusing = Refusing(place.clone());
        let guard = crate::record::refusing(self.home(), &self.guard()?, &place)?;
        let mut asked = Asked::start(&argv, Path::new(&project.root), &model, &guard)?;
        let timeout = Duration::from_secs_f64(
            config.timeout_s.filter(|it| it.is_finite()).unwrap_or(TIMEOUT_S).clamp(0.1, 3_600.0),
        );
        let total = (questions.rows.len() + questions.timed.len()) as u64;
        let (mut answers, mut times_ms) = (BTreeMap::new(), Vec::new());
        for (at, row) in questions.rows.iter().chain(&questions.timed).enumerate() {
            worker.check()?;
            worker.progress(at as u64, Some(total), "");
            let text = text_of(row);
            let timed = at.checked_sub(questions.rows.len());
            if timed.is_none() && answers.contains_key(&text) {
                continue;
            }
            let begin = Instant::now();
            let line = asked.answer(&text, timeout, worker)?;
            let took = begin.elapsed().as_secs_f64() * 1000.0;
            if timed.is_some_and(|it| it >= WARM_UP) {
                times_ms.push((took * 1000.0).round() / 1000.0);
            }
            if timed.is_none() {
                answers.insert(text, said(&line, config.output.as_deref()));
            }
        }
        drop(asked);
        drop(refusing);
        if digest_of(&model).map_err(|error| io_trouble("reading", &model, &error))? != facts.digest {
            return Err(Trouble::new(
                ErrorCode::Unreadable,
                format!("{} changed while its command was asked, so nothing was recorded.", facts.path),
            )
            .hint("Look at the folder again (proofmark scan), then ask again."));
        }
        let files = self.named_files(project, &config.command);
        let (command, output) = (config.command.clone(), config.output.clone());
        let (settings, problem) = (None, None);
        Ok(GateRun { command, output, model: facts.digest, files, answers, times_ms, settings, problem })
    }

    /// Files of the project that a command names, with their digests.
    fn named_files(&self, project: &Project, command: &[String]) -> BTreeMap<String, Digest> {
        let known = |part: &String| {
            let path = RelPath::new(part.trim_start_matches("./").replace('\\', "/"));
            self.file(project, &path).ok().map(|it| (path.as_str().to_owned(), it.facts.digest))
        };
        command.iter().filter_map(known).collect()
    }

    /// The newest answers about this model, if they are still those of the command that proofmark.toml names, or of the model itself to what
    /// gates ask now.
    pub(in crate::usecase) fn gate_run(&self, evidence: &Evidence<'_>) -> Answer<Result<GateRun, Found>> {
        let none = |why: String| Ok(Err(Found::new(GateVerdict::CannotTell, "not asked", why)));
        let config = &evidence.config.gates;
        let itself = config.command.is_empty();
        if itself && !super::model::is_onnx(evidence.model) {
            return none(
                "proofmark.toml names no command to ask ([gates] command), and the model is no ONNX file, which could be evaluated without one."
                    .to_owned(),
            );
        }
        let stored = self.ledger().read::<_, Trouble>(|read| {
            Ok(read.reports().newest::<GateRun>(ReportKind::GateRun, &evidence.model.digest)?)
        })?;
        if itself {
            let questions = Questions::of(evidence.gates);
            if questions.is_empty() {
                return none("The gates name no example that the model could be asked for.".to_owned());
            }
            if questions.is_too_many() {
                return none(format!("The gates ask for more than {MOST_ROWS} rows."));
            }
            let settings = super::model::settings(config, &questions);
            return match stored.map(|it| it.body).filter(|it| it.settings == Some(settings)) {
                Some(GateRun { problem: Some(why), .. }) => {
                    Ok(Err(Found::new(GateVerdict::CannotTell, "not evaluated", why)))
                }
                Some(run) => Ok(Ok(run)),
                None => none(NOT_EVALUATED.to_owned()),
            };
        }
        let Some(run) = stored.map(|it| it.body) else {
            return none(
                "The project's command has not been asked about this model yet; proofmark gate --run does.".to_owned(),
            );
        };
        if run.command != config.command || run.output != config.output {
            return none("The command was changed since it was asked; ask again.".to_owned());
        }
        let now = self.named_files(evidence.project, &config.command);
        if let Some((path, _)) = run.files.iter().find(|(path, digest)| now.get(*path) != Some(*digest)) {
            return none(format!("{path} was changed since it was asked; ask again."));
        }
        Ok(Ok(run))
    }

    /// Whether gates ask an ONNX model itself, and what it answers to what they ask now is not known yet.
    pub(in crate::usecase) fn is_unevaluated(&self, evidence: &Evidence<'_>) -> Answer<bool> {
        let asks = |it: &Gate| matches!(it.rule, GateRule::Behaviour { .. } | GateRule::Latency { .. });
        if !evidence.config.gates.command.is_empty() || !evidence.gates.iter().any(asks) {
            return Ok(false);
        }
        Ok(self.gate_run(evidence)?.is_err_and(|found| found.why == NOT_EVALUATED))
    }

    pub(super) fn behaviour_gate(&self, evidence: &Evidence<'_>, tests: &[BehaviourTest]) -> Answer<Found> {
        if tests.is_empty() {
            return Ok(Found::new(GateVerdict::CannotTell, "no test", "The gate names no test."));
        }
        let run = match self.gate_run(evidence)? {
            Ok(run) => run,
            Err(found) => return Ok(found),
        };
        let (mut failed, mut unasked, mut gaps) = (Vec::new(), 0u64, Vec::new());
        for test in tests {
            match run.holds(test) {
                Ok(Ok(())) => {}
                Ok(Err(why)) => failed.push(format!("{}: {why}", test.name)),
                Err(Unasked::NotYet) => unasked += 1,
                Err(Unasked::Never(why)) => gaps.push(format!("{}: {why}", test.name)),
            }
        }
        let measured =
            format!("{} of {} hold", tests.len() - failed.len() - gaps.len() - unasked as usize, tests.len());
        let named = vec![run.asked()];
        Ok(if !failed.is_empty() {
            let why = format!("{} not hold: {}.", counted(failed.len() as u64, "test does", "tests do"), failed[0]);
            let rest = failed.into_iter().take(20);
            Found::new(GateVerdict::Fail, measured, why).with(named.into_iter().chain(rest).collect())
        } else if let Some(first) = gaps.first() {
            let why = format!("{} not be asked: {first}.", counted(gaps.len() as u64, "test can", "tests can"));
            let rest = gaps.into_iter().take(20);
            Found::new(GateVerdict::CannotTell, measured, why).with(named.into_iter().chain(rest).collect())
        } else if unasked > 0 {
            let why = format!("{} not been asked yet; ask again.", counted(unasked, "test has", "tests have"));
            Found::new(GateVerdict::CannotTell, measured, why).with(named)
        } else {
            Found::new(GateVerdict::Pass, measured, "It answers as it must.").with(named)
        })
    }

    pub(super) fn latency_gate(&self, evidence: &Evidence<'_>, p95_ms: f64, rows: u32) -> Answer<Found> {
        let mut run = match self.gate_run(evidence)? {
            Ok(run) => run,
            Err(found) => return Ok(found),
        };
        run.times_ms.sort_unstable_by(f64::total_cmp);
        let count = run.times_ms.len();
        let Some(p95) = at_rank(&run.times_ms, (0.95 * count as f64).ceil()) else {
            let gap = run.answers.values().find_map(|it| if let Said::Unasked(why) = it { Some(why) } else { None });
            let why = gap.map_or_else(
                || "No answer has been timed yet; ask again.".to_owned(),
                |why| format!("No answer could be timed: {why}."),
            );
            return Ok(Found::new(GateVerdict::CannotTell, "not timed", why));
        };
        // By order statistics (Conover 1999, 3.2): the ranks between which the quantile lies with 95 %.
        let spread = 1.96 * (count as f64 * 0.95 * 0.05).sqrt();
        let interval = (
            at_rank(&run.times_ms, (0.95 * count as f64 - spread).floor()).unwrap_or(p95),
            at_rank(&run.times_ms, (0.95 * count as f64 + spread).ceil()).unwrap_or(p95),
        );
        let measured = format!("{p95:.1} ms ({:.1} to {:.1}) over {count} answers", interval.0, interval.1);
        let (verdict, why) = if (count as u32) < rows.min(20) {
            (GateVerdict::CannotTell, format!("{count} answers are too few; ask again."))
        } else if p95 > p95_ms {
            (GateVerdict::Fail, "More than 5 of 100 answers take longer than allowed.".to_owned())
        } else {
            (GateVerdict::Pass, "95 of 100 answers come in time on this machine.".to_owned())
        };
        let figure = GateFigure {
            name: "p95_ms".to_owned(),
            part: String::new(),
            value: p95,
            interval: Some(interval),
            rows: count as u64,
            test: None,
            p_value: None,
        };
        Ok(Found::new(verdict, measured, why).with(vec![run.asked()]).and(vec![figure]))
    }
}

fn digest_of(path: &Path) -> std::io::Result<Digest> {
    use sha2::Digest as _;
    let mut hash = sha2::Sha256::new();
    let mut file = std::fs::File::open(path)?;
    let mut buffer = vec![0u8; 1 << 20];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(Digest::from_bytes(hash.finalize().into())),
            Ok(read) => hash.update(buffer.get(..read).unwrap_or_default()),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// The value of this rank, counted from one.
fn at_rank(sorted: &[f64], rank: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    sorted.get((rank.max(1.0) as usize - 1).min(last)).copied()
}

/// Why there is nothing to say about a test.
enum Unasked {
    /// A row of it was not asked for.
    NotYet,
    /// What the project states of it lacks something.
    Never(String),
}

impl GateRun {
    /// What the model itself answered, of its own evaluation; or why it could not be evaluated.
    pub(super) fn of_model(
        model: Digest,
        settings: Digest,
        output: Option<String>,
        found: Result<(BTreeMap<String, Said>, Vec<f64>), String>,
    ) -> Self {
        let ((answers, times_ms), problem) = match found {
            Ok(found) => (found, None),
            Err(why) => ((BTreeMap::new(), Vec::new()), Some(why)),
        };
        let (command, files, settings) = (Vec::new(), BTreeMap::new(), Some(settings));
        Self { command, output, model, files, answers, times_ms, settings, problem }
    }

    /// What was asked.
    fn asked(&self) -> String {
        if self.command.is_empty() { "the ONNX model itself".to_owned() } else { self.command.join(" ") }
    }

    fn said(&self, row: &Example) -> Result<&Said, Unasked> {
        match self.answers.get(&text_of(row)) {
            Some(Said::Unasked(why)) => Err(Unasked::Never(why.clone())),
            Some(said) => Ok(said),
            None => Err(Unasked::NotYet),
        }
    }

    /// Whether a test holds; if not, why.
    fn holds(&self, test: &BehaviourTest) -> Result<Result<(), String>, Unasked> {
        if matches!(test.expect, Expectation::MustPass { equals: None, at_least: None, at_most: None }) {
            return Err(Unasked::Never("the test says nothing about the answer".to_owned()));
        }
        let first = match self.said(&test.example)? {
            Said::Value(value) => value,
            Said::Nothing(why) | Said::Unasked(why) => return Ok(Err(why.clone())),
        };
        let second = match changed(test) {
            Some(row) => match self.said(&row)? {
                Said::Value(value) => Some(value),
                Said::Nothing(why) | Said::Unasked(why) => return Ok(Err(why.clone())),
            },
            None => None,
        };
        Ok(held(&test.expect, first, second))
    }
}

fn number(value: &Scalar) -> Option<f64> {
    match value {
        Scalar::Int(number) => Some(*number as f64),
        Scalar::Float(number) => Some(*number),
        Scalar::Bool(_) | Scalar::Text(_) => None,
    }
}

fn equal(a: &Scalar, b: &Scalar) -> bool {
    match (number(a), number(b)) {
        (Some(a), Some(b)) => a == b,
        _ => a == b,
    }
}

fn held(expect: &Expectation, first: &Scalar, second: Option<&Scalar>) -> Result<(), String> {
    match (expect, second) {
        (Expectation::MustPass { equals, at_least, at_most }, _) => {
            if let Some(wanted) = equals.as_ref().filter(|wanted| !equal(wanted, first)) {
                return Err(format!("the answer is {first}, not {wanted}"));
            }
            if at_least.is_none() && at_most.is_none() {
                return Ok(());
            }
            let Some(value) = number(first) else { return Err(format!("the answer {first} is no number")) };
            match (at_least.filter(|limit| value < *limit), at_most.filter(|limit| value > *limit)) {
                (Some(limit), _) => Err(format!("the answer is {first}, below {limit}")),
                (_, Some(limit)) => Err(format!("the answer is {first}, above {limit}")),
                _ => Ok(()),
            }
        }
        (Expectation::Invariance { tolerance, .. }, Some(second)) => match (number(first), number(second)) {
            (Some(a), Some(b)) if (a - b).abs() <= tolerance.max(0.0) => Ok(()),
            (None, None) if first == second => Ok(()),
            _ => Err(format!("the answer moves from {first} to {second}")),
        },
        (Expectation::Direction { towards, by, .. }, Some(second)) => {
            let (Some(a), Some(b)) = (number(first), number(second)) else {
                return Err(format!("the answers {first} and {second} are no numbers"));
            };
            let moved = if *towards == Towards::Up { b - a } else { a - b };
            let enough = if *by > 0.0 { moved >= *by } else { moved > 0.0 };
            if enough { Ok(()) } else { Err(format!("the answer moves from {first} to {second}")) }
        }
        (_, None) => Err("the changed row was not asked for".to_owned()),
    }
}

/// The value that counts in an answer.
fn said(line: &str, output: Option<&str>) -> Said {
    let shown = || line.chars().take(200).collect::<String>();
    let value: Value = match serde_json::from_str(line) {
        Ok(value) => value,
        // A word that is no JSON is a class.
        Err(_) if !line.trim_start().starts_with(['{', '[', '"']) => Value::String(line.trim().to_owned()),
        Err(_) => return Said::Nothing(format!("the answer is no JSON: {}", shown())),
    };
    let counted = match &value {
        Value::Object(fields) => {
            if let Some(error) = fields.get("error") {
                return Said::Nothing(format!("the command answered with an error: {error}"));
            }
            let names = output.into_iter().chain(["score", "prediction", "output"]);
            let named = names.filter_map(|name| fields.get(name)).next();
            named.or_else(|| fields.values().next().filter(|_| fields.len() == 1 && output.is_none())).cloned()
        }
        Value::Array(items) if items.len() == 1 => items.first().cloned(),
        other => Some(other.clone()),
    };
    match counted.map(serde_json::from_value::<Scalar>) {
        Some(Ok(value)) => Said::Value(value),
        _ => Said::Nothing(format!("the answer has no value that counts: {}", shown())),
    }
}

/// The folder of what a command at work needs; removed with it.
struct Refusing(PathBuf);

impl Drop for Refusing {
    fn drop(&mut self) {
        // It holds a list and is private to the user; what stays behind is of no harm.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The command at work. Ended, with all that it started, when dropped.
struct Asked {
    child: Child,
    lines: Receiver<std::io::Result<String>>,
    errors: std::thread::JoinHandle<String>,
    program: String,
}

impl Asked {
    fn start(argv: &[String], folder: &Path, model: &Path, guard: &BTreeMap<OsString, OsString>) -> Answer<Self> {
        let (program, arguments) =
            argv.split_first().ok_or_else(|| Trouble::new(ErrorCode::InvalidRequest, "There is no command to run."))?;
        let mut command = Command::new(program);
        command.args(arguments).current_dir(folder).env("PROOFMARK_MODEL", model).envs(guard);
        // Python keeps its output back when nobody seems to look.
        command.env("PYTHONUNBUFFERED", "1").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        crate::platform::lead_own_group(&mut command);
        let mut child = command.spawn().map_err(|error| {
            io_trouble("starting", Path::new(program), &error)
                .hint("Check [gates] command in proofmark.toml, and that the program is on the search path.")
        })?;
        let (tell, lines) = sync_channel(16);
        if let Some(output) = child.stdout.take() {
            std::thread::spawn(move || {
                let mut reader = BufReader::new(output);
                loop {
                    let mut line = Vec::new();
                    let read = (&mut reader).take(LONGEST_LINE).read_until(b'\n', &mut line);
                    let told = match read {
                        Ok(0) => return,
                        Ok(_) if !line.ends_with(b"\n") && line.len() as u64 >= LONGEST_LINE => {
                            tell.send(Err(std::io::Error::other("a line is longer than 1 MiB")))
                        }
                        Ok(_) => tell.send(Ok(String::from_utf8_lossy(&line).trim().to_owned())),
                        Err(error) => tell.send(Err(error)),
                    };
                    if told.is_err() {
                        return;
                    }
                }
            });
        }
        let stream = child.stderr.take();
        let errors = std::thread::spawn(move || {
            let (mut kept, mut buffer) = (Vec::new(), [0u8; 4096]);
            if let Some(mut stream) = stream {
                while let Ok(read @ 1..) = stream.read(&mut buffer) {
                    kept.extend_from_slice(buffer.get(..read).unwrap_or_default());
                    let over = kept.len().saturating_sub(TAIL);
                    kept.drain(..over);
                }
            }
            String::from_utf8_lossy(&kept).trim().to_owned()
        });
        Ok(Self { child, lines, errors, program: program.clone() })
    }

    fn answer(&mut self, row: &str, timeout: Duration, worker: &Worker) -> Answer<String> {
        let written = match self.child.stdin.as_mut() {
            Some(input) => writeln!(input, "{row}").and_then(|()| input.flush()),
            None => Err(std::io::ErrorKind::BrokenPipe.into()),
        };
        let end = Instant::now() + timeout;
        loop {
            worker.check()?;
            let left = end.saturating_duration_since(Instant::now()).min(Duration::from_millis(100));
            match self.lines.recv_timeout(left) {
                Ok(Ok(line)) if line.is_empty() => {}
                Ok(Ok(line)) => return Ok(line),
                Ok(Err(error)) => return Err(self.failed(&format!("its answer could not be read: {error}"))),
                Err(RecvTimeoutError::Timeout) if Instant::now() < end => {}
                Err(RecvTimeoutError::Timeout) => {
                    let why = format!("it did not answer a row within {} s", timeout.as_secs_f64());
                    return Err(self.failed(&why));
                }
                Err(RecvTimeoutError::Disconnected) => {
                    let why =
                        if written.is_err() { "it ended before it was asked" } else { "it ended without an answer" };
                    return Err(self.failed(why));
                }
            }
        }
    }

    fn failed(&mut self, why: &str) -> Trouble {
        crate::platform::end_group(&mut self.child);
        let errors = std::mem::replace(&mut self.errors, std::thread::spawn(String::new));
        let said = errors.join().unwrap_or_default();
        let last = said.lines().last().unwrap_or_default().to_owned();
        let trouble =
            Trouble::new(ErrorCode::Unreadable, format!("The command {} is of no use: {why}. {last}", self.program));
        trouble.hint("It must read a JSON object a line from its input and answer each with one line at once, flushed.")
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        self.child.stdin.take();
        crate::platform::end_group(&mut self.child);
    }
}

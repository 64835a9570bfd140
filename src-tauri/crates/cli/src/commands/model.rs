//! Questions about model files.

use std::path::PathBuf;

use clap::Args;
use proofmark_contract::domain::gate::GateVerdict;
use proofmark_contract::domain::model::{ModelFacts, ModelPart, SafetyVerdict};
use proofmark_contract::view::{CandidateDraft, CodeReport, PathRef};
use proofmark_engine::code;
use proofmark_engine::{VerifyOptions, adhoc};
use serde::Serialize;

use crate::context::Context;
use crate::reply::Outcome;
use crate::text::Side::Left;
use crate::text::{Table, counted, cut, joined, safe, words};

/// Steps and tensors that are printed; the document has all of them.
const MOST_LINES: usize = 100;

/// Reads a model file without loading it, or a script or notebook without running it.
#[derive(Debug, Args)]
pub struct Inspect {
    /// The model file, script or notebook
    file: PathBuf,
}

/// Holds a model against its gates.
#[derive(Debug, Args)]
pub struct GateArguments {
    /// The model file, or the folder that is the model as a whole
    model: String,
    /// Identifier, name or folder of the project; from the file's place if absent
    #[arg(long)]
    project: Option<String>,
    /// Judges by what is recorded already, without looking at the folder first
    #[arg(long)]
    no_scan: bool,
    /// Runs the project's own command first ([gates] command in proofmark.toml), for gates of behaviour and latency
    #[arg(long)]
    run: bool,
}

/// Verifies a signed model made by anyone.
#[derive(Debug, Args)]
pub struct VerifyModel {
    /// The model: a folder or a file
    path: PathBuf,
    /// The signature bundle
    #[arg(long, value_name = "FILE")]
    signature: PathBuf,
    /// The public key of the signer, as PEM
    #[arg(
        long,
        value_name = "FILE",
        required_unless_present = "certificate_chain",
        conflicts_with = "certificate_chain"
    )]
    public_key: Option<PathBuf>,
    /// Certificates that vouch for the signer, as PEM
    #[arg(long, value_name = "FILE", num_args = 1..)]
    certificate_chain: Vec<PathBuf>,
    /// Passes over files that nobody signed
    #[arg(long)]
    ignore_unsigned_files: bool,
    /// Reads what symbolic links point to
    #[arg(long)]
    allow_symlinks: bool,
    /// Also verifies .git, .gitignore and the like
    #[arg(long)]
    no_ignore_git_paths: bool,
    /// Passes over this path; may be given several times
    #[arg(long, value_name = "PATH")]
    ignore_path: Vec<String>,
}

/// The document of a file that was inspected.
#[derive(Debug, Serialize)]
struct Inspected<'a> {
    path: String,
    #[serde(flatten)]
    facts: &'a ModelFacts,
}

/// The document of a script or notebook that was inspected.
#[derive(Debug, Serialize)]
struct InspectedCode<'a> {
    path: String,
    #[serde(flatten)]
    report: &'a CodeReport,
}

/// The document of a model that was held against its gates.
#[derive(Debug, Serialize)]
struct Gated<'a> {
    blocked: bool,
    #[serde(flatten)]
    draft: &'a CandidateDraft,
}

impl Inspect {
    /// Does it.
    ///
    /// # Errors
    /// If it cannot be read as a model file, script or notebook.
    pub fn run(self, context: &Context) -> Outcome {
        let path = self.file.to_string_lossy().into_owned();
        if code::is_code(&self.file) {
            let report = code::code(&self.file)?;
            return context.answer("inspect", &InspectedCode { path: path.clone(), report: &report }, || {
                code_text(&path, &report)
            });
        }
        let facts = adhoc::inspect(&self.file)?;
        context.answer("inspect", &Inspected { path: path.clone(), facts: &facts }, || inspect_text(&path, &facts))
    }
}

fn code_text(path: &str, report: &CodeReport) -> String {
    let mut text = format!("{}: {}\n", safe(path), report.sentence);
    let mut table = Table::new([("", Left), ("Path", Left), ("Where", Left), ("Call", Left), ("Sure", Left)]);
    let uses = report.reads.iter().map(|it| ("reads", it)).chain(report.writes.iter().map(|it| ("writes", it)));
    for (word, found) in uses {
        let place = match (&found.place, found.cell) {
            (Some(place), _) => place.clone(),
            (None, Some(cell)) => format!("cell {cell}, line {}", found.line),
            (None, None) => format!("line {}", found.line),
        };
        let part = found.part.as_ref().map(|part| format!(" ({part})")).unwrap_or_default();
        let when = if found.when_run { "" } else { ", if called" };
        let sure = format!("{:.0} %{when}", found.confidence * 100.0);
        table.row([word.to_owned(), format!("{}{part}", found.path), place, found.call.clone(), sure]);
    }
    text.push_str(&table.text());
    for fit in &report.fits {
        let class = fit.class.as_deref().unwrap_or("a model");
        let target = fit.target.as_ref().map(|target| format!(" to predict {}", safe(target))).unwrap_or_default();
        let features: Vec<String> = fit.features.iter().map(|it| safe(it)).collect();
        text.push_str(&format!(
            "Trains {} on line {}{target}, from {}\n",
            safe(class),
            fit.line,
            cut(&features.join(", "), 400)
        ));
    }
    let list = |text: &mut String, title: &str, items: &[String]| {
        if !items.is_empty() {
            let items: Vec<String> = items.iter().map(|it| safe(it)).collect();
            text.push_str(&format!("{title}: {}\n", cut(&items.join(", "), 400)));
        }
    };
    list(&mut text, "Columns used", &report.columns.used);
    list(&mut text, "Columns made", &report.columns.created);
    list(&mut text, "Columns dropped", &report.columns.dropped);
    let renamed: Vec<String> = report.columns.renamed.iter().map(|(old, new)| format!("{old} as {new}")).collect();
    list(&mut text, "Columns renamed", &renamed);
    list(&mut text, "Not understood", &report.parse_errors);
    text
}

fn inspect_text(path: &str, facts: &ModelFacts) -> String {
    let class = facts.class.as_deref().unwrap_or("an object whose class the file does not name");
    let framework = match (&facts.framework, &facts.framework_version) {
        (Some(name), Some(version)) => format!(" of {} {}", safe(name), safe(version)),
        (Some(name), None) => format!(" of {}", safe(name)),
        _ => String::new(),
    };
    let safety = match facts.safety.verdict {
        SafetyVerdict::Safe => "Loading it runs nothing but harmless constructors.",
        SafetyVerdict::Dangerous => "DANGEROUS: loading it would run code.",
        SafetyVerdict::Unverified => "Whether it may be loaded without fear could not be verified.",
    };
    let mut text =
        format!("{}: {}{framework}, written as {}.\n{safety}\n", safe(path), safe(class), safe(&facts.format));
    for reason in &facts.safety.reasons {
        text.push_str(&format!("  {} at {}\n", safe(&reason.what), safe(&reason.place)));
    }
    let list = |text: &mut String, title: &str, items: &[String]| {
        if !items.is_empty() {
            let items: Vec<String> = items.iter().map(|it| safe(it)).collect();
            text.push_str(&format!("{title} ({}): {}\n", items.len(), cut(&items.join(", "), 400)));
        }
    };
    if facts.parts.is_empty() {
        list(&mut text, "Steps", &facts.steps);
    } else {
        text.push_str("Steps:\n");
        let mut left = MOST_LINES;
        parts_text(&facts.parts, 1, &mut left, &mut text);
    }
    list(&mut text, "Features", facts.features_in.as_deref().unwrap_or_default());
    list(&mut text, "Outputs", facts.outputs.as_deref().unwrap_or_default());
    let classes: Vec<String> = facts.classes.iter().flatten().map(ToString::to_string).collect();
    list(&mut text, "Classes", &classes);
    if let Some(python) = &facts.environment.python {
        text.push_str(&format!("Python {}\n", safe(python)));
    }
    let mut table = Table::new([("Parameter", Left), ("Value", Left)]);
    for (name, value) in facts.parameters.iter().chain(&facts.training) {
        table.row([name.clone(), cut(&value.to_string(), 80)]);
    }
    text.push_str(&table.text());
    if let Some(tensors) = facts.tensors.as_ref().filter(|tensors| !tensors.is_empty()) {
        let mut table = Table::new([("Tensor", Left), ("Type", Left), ("Shape", Left)]);
        for tensor in tensors.iter().take(MOST_LINES) {
            let sides: Vec<String> = tensor.shape.iter().map(ToString::to_string).collect();
            table.row([tensor.name.clone(), tensor.dtype.clone(), sides.join(" x ")]);
        }
        text.push_str(&table.text());
        if tensors.len() > MOST_LINES {
            text.push_str(&format!("and {} more tensors\n", tensors.len() - MOST_LINES));
        }
    }
    let mut table = Table::new([("Package", Left), ("Version", Left)]);
    for (name, version) in &facts.environment.packages {
        table.row([name.clone(), version.clone()]);
    }
    text.push_str(&table.text());
    text
}

/// The steps of a model, each below the one it belongs to, with the columns that it is given.
fn parts_text(parts: &[ModelPart], depth: usize, left: &mut usize, text: &mut String) {
    for part in parts {
        let Some(rest) = left.checked_sub(1) else { return };
        *left = rest;
        let columns: Vec<String> = part.columns.iter().flatten().map(ToString::to_string).collect();
        let columns = part.columns.as_ref().map(|_| format!(" on {}", cut(&safe(&columns.join(", ")), 200)));
        let indent = "  ".repeat(depth);
        let columns = columns.unwrap_or_default();
        text.push_str(&format!("{indent}{}: {}{columns}\n", safe(&part.name), safe(&part.class)));
        parts_text(&part.parts, depth + 1, left, text);
    }
}

impl GateArguments {
    /// Does it.
    ///
    /// # Errors
    /// If there is no such model in a project.
    pub fn run(self, context: &Context) -> Outcome {
        let (project, path) = context.locate(&self.model, self.project.as_deref())?;
        if !self.no_scan {
            context.refresh(&project, true)?;
        }
        let place = PathRef { project: project.id, path };
        if self.run {
            context.finish(context.engine()?.gates_run(place.clone())?)?;
        }
        let draft = context.evaluated_draft(place)?;
        let blocked = draft.gates.iter().any(|gate| gate.blocks());
        let reply = context.answer("gate", &Gated { blocked, draft: &draft }, || gate_text(&draft))?;
        Ok(reply.passed(!blocked))
    }
}

fn gate_text(draft: &CandidateDraft) -> String {
    let blocking: Vec<String> = draft.gates.iter().filter(|gate| gate.blocks()).map(|gate| safe(&gate.gate)).collect();
    let mut text = if blocking.is_empty() {
        format!("{} may be submitted: no gate forbids it.\n", safe(&draft.path))
    } else {
        format!(
            "{} may not be released: {} {} not pass.\n",
            safe(&draft.path),
            joined(&blocking),
            if blocking.len() == 1 { "does" } else { "do" }
        )
    };
    text.push_str(&gates_text(&draft.gates));
    text
}

/// Gates with what they measured, and the reasons of those that do not pass.
pub fn gates_text(gates: &[proofmark_contract::domain::gate::GateOutcome]) -> String {
    let mut table =
        Table::new([("Gate", Left), ("Verdict", Left), ("Required", Left), ("Measured", Left), ("Allowed", Left)]);
    for gate in gates {
        table.row([
            gate.gate.clone(),
            words(&gate.verdict),
            if gate.required { "yes" } else { "no" }.to_owned(),
            cut(&gate.measured, 50),
            cut(&gate.allowed, 40),
        ]);
    }
    let mut text = table.text();
    for gate in gates.iter().filter(|gate| gate.verdict != GateVerdict::Pass) {
        text.push_str(&format!("\n{}: {}\n", safe(&gate.gate), safe(&gate.why)));
    }
    text
}

impl VerifyModel {
    /// Does it.
    ///
    /// # Errors
    /// If the key or certificates cannot be read.
    pub fn run(self, context: &Context) -> Outcome {
        let options = VerifyOptions {
            ignore_unsigned_files: self.ignore_unsigned_files,
            allow_symlinks: self.allow_symlinks,
            ignore_git_paths: !self.no_ignore_git_paths,
            ignore_paths: self.ignore_path,
        };
        let verdict = adhoc::verify_model(
            &self.path,
            &self.signature,
            self.public_key.as_deref(),
            &self.certificate_chain,
            &options,
        )?;
        let passed = verdict.verdict == "ok";
        let reply = context.answer("verify-model", &verdict, || {
            let path = safe(&self.path.to_string_lossy());
            match &verdict.reason {
                None => format!("{path} is as it was signed: {} verified.\n", counted(verdict.files, "file", "files")),
                Some(reason) => format!("{path} is refused: {}\n", safe(reason)),
            }
        })?;
        Ok(reply.passed(passed))
    }
}

//! What the features of a prediction contributed to it, where its model is an ONNX file that can be evaluated here.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use proofmark_domain::Digest;
use proofmark_domain::prediction::{Contribution, Explanation, Trace};
use proofmark_scoring::explain::explain;
use proofmark_scoring::{Cell, Columns, Counted, Kind, Limits, ManyClasses, Model, ScoringError, Tensor};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::Engine;
use crate::config::ProjectConfig;
use crate::trouble::sentence;

impl Engine {
    /// Puts the contributions into the story, or why there are none.
    pub(super) fn explain(&self, trace: &mut Trace, background: &[BTreeMap<String, Value>]) {
        let is_onnx = trace.model_file.as_ref().is_some_and(|it| it.path.to_lowercase().ends_with(".onnx"));
        if !is_onnx {
            // Other models would have to be run by their own framework, which a trace never does.
            return;
        }
        match self.explanation(trace, background) {
            Ok(explanation) => trace.explanation = Some(explanation),
            Err(why) => {
                let why = sentence(&why);
                trace.missing.push(format!("What the inputs contributed to the answer is not known. {why}"));
            }
        }
    }

    fn explanation(&self, trace: &Trace, background: &[BTreeMap<String, Value>]) -> Result<Explanation, String> {
        let file = trace.model_file.as_ref().ok_or("no model file is known")?;
        let digest = file.digest.ok_or("the bytes of the model are not known")?;
        let bytes =
            self.model_bytes(trace, &file.path, &digest).ok_or("the bytes of the model are not there any more")?;
        let told = |error: ScoringError| error.to_string();
        let model = Model::from_bytes(&bytes, &Limits::default()).map_err(told)?;
        let order = self.order_of_columns(trace, &model);
        let names: Vec<String> = match (&order, model.columns()) {
            (Some(order), _) => order.clone(),
            (None, Some(own)) => own,
            (None, None) => return Err("the order of the columns that the model takes is not known".to_owned()),
        };
        let inputs = &trace.logged.inputs;
        if let Some(name) = names.iter().find(|it| !inputs.contains_key(*it)) {
            return Err(format!("the log does not hold the input {name}"));
        }
        let is_hash =
            |name: &&String| inputs.get(*name).and_then(Value::as_str).is_some_and(|it| it.starts_with("hash:"));
        if let Some(name) = names.iter().find(is_hash) {
            return Err(format!("the log holds a hash of the input {name} instead of its value"));
        }
        // Texts are numbers for a model that takes numbers: logs in CSV do not say which is which.
        let is_text = |name: &str| {
            model.inputs().iter().find(|it| it.name == name).or(model.inputs().first()).and_then(|it| it.kind)
                == Some(Kind::Text)
        };
        let cells = |from: &BTreeMap<String, Value>| -> Vec<Cell> {
            names.iter().map(|name| cell(from.get(name), is_text(name))).collect()
        };
        let row = cells(inputs);
        let takes_gaps = model.inputs().iter().all(|it| matches!(it.kind, Some(Kind::F16 | Kind::F32 | Kind::F64)));
        let known: Vec<Vec<Cell>> =
            background.iter().map(cells).filter(|it| takes_gaps || !it.contains(&Cell::Missing)).collect();
        let of_training = |name: &String| background.iter().any(|it| it.contains_key(name));
        if let Some(name) = names.iter().find(|it| !of_training(it)) {
            return Err(format!("the training table has no column {name} to compare with"));
        }
        let evaluate = |columns: &Columns| model.evaluate_columns(columns, order.as_deref());
        let asked: Columns = names.iter().cloned().zip(row.iter().map(|it| vec![it.clone()])).collect();
        let answers = evaluate(&asked).map_err(told)?;
        let counted = Counted::of(&model, &answers, None, ManyClasses::Highest).map_err(told)?;
        if counted.is_text(&answers) {
            return Err("the model answers with labels alone, which cannot be divided".to_owned());
        }
        let answer = |columns: &Columns| -> Result<Vec<f64>, ScoringError> {
            let rows = columns.first().map_or(0, |it| it.1.len());
            let answers = evaluate(columns)?;
            Ok((0..rows).map(|row| counted.number(&answers, row).unwrap_or(f64::NAN)).collect())
        };
        let shares = explain(&names, &row, &known, &answer).map_err(told)?;
        let mut contributions: Vec<Contribution> = names
            .iter()
            .zip(&shares.shares)
            .map(|(name, share)| Contribution {
                name: name.clone(),
                value: inputs.get(name).cloned().unwrap_or(Value::Null),
                contribution: share.value,
                error: share.error,
            })
            .collect();
        contributions
            .sort_by(|a, b| b.contribution.abs().total_cmp(&a.contribution.abs()).then_with(|| a.name.cmp(&b.name)));
        let mut limits = vec![
            "Inputs that go together are changed as if they did not, so the model is asked about rows that may not occur.".to_owned(),
            "A contribution says what the model does with an input, not what causes what.".to_owned(),
        ];
        if !shares.exact {
            limits.push(format!(
                "{} inputs are too many for all their combinations, so orders in which they change were drawn at random.",
                names.len()
            ));
        }
        Ok(Explanation {
            method: if shares.exact { "shapley_exact" } else { "shapley_sampled" }.to_owned(),
            output: counted.name.clone(),
            answer: shares.answer,
            agrees: agrees(&trace.logged.outputs, shares.answer, &answers),
            baseline: shares.baseline,
            background: shares.background as u64,
            evaluations: shares.evaluations as u64,
            contributions,
            limits,
        })
    }

    /// The bytes of a model, from its project or from the registry, if they are still those.
    pub(super) fn model_bytes(&self, trace: &Trace, path: &str, digest: &Digest) -> Option<Vec<u8>> {
        let project = trace.project.and_then(|id| self.project(id).ok());
        let in_project = project.map(|it| Path::new(&it.root).join(path));
        let most = Limits::default().file;
        let in_registry = || -> Option<Vec<u8>> {
            let release = trace.release.as_ref()?;
            let (registry, state) = self.registry_state()?;
            let model = proofmark_domain::release::ModelName::new(&release.model).ok()?;
            let record = state.versions.get(&model)?.get(&release.version)?;
            let manifest = state.candidates.get(&record.candidate)?.manifest.as_ref()?;
            let file = manifest.files.iter().find(|it| it.digest == *digest)?;
            registry.model_file(&model, release.version, file, most).ok()
        };
        let read = |path: PathBuf| {
            let is_small = fs::metadata(&path).ok()?.len() <= most;
            let bytes = if is_small { fs::read(&path).ok()? } else { return None };
            (Digest::from_bytes(Sha256::digest(&bytes).into()) == *digest).then_some(bytes)
        };
        in_project.and_then(read).or_else(in_registry)
    }

    /// The order of the columns of a model that takes a matrix: what the model says, else the project, else the order in which the log has its
    /// inputs, by place.
    fn order_of_columns(&self, trace: &Trace, model: &Model) -> Option<Vec<String>> {
        let width = model.width()?;
        let fits = |it: &Vec<String>| it.len() == width && it.iter().all(|name| trace.logged.inputs.contains_key(name));
        let said = || {
            let project = self.project(trace.project?).ok()?;
            Some(ProjectConfig::read(Path::new(&project.root)).ok()?.gates.columns).filter(fits)
        };
        let places = || {
            let input = &model.inputs().first()?.name;
            Some((0..width).map(|at| format!("{input}.{at}")).collect()).filter(fits)
        };
        let named = || trace.named_inputs.as_ref().map(|it| it.names.clone()).filter(fits);
        model.columns().filter(fits).or_else(said).or_else(named).or_else(places)
    }
}

fn cell(value: Option<&Value>, is_text: bool) -> Cell {
    match value {
        None | Some(Value::Null) => Cell::Missing,
        Some(Value::Bool(it)) => Cell::Bool(*it),
        Some(Value::Number(it)) if is_text => Cell::Text(it.to_string()),
        Some(Value::Number(it)) => {
            it.as_i64().map_or_else(|| it.as_f64().map_or(Cell::Missing, Cell::Number), Cell::Integer)
        }
        Some(Value::String(it)) if !is_text => {
            it.trim().parse::<f64>().map_or_else(|_| Cell::Text(it.clone()), Cell::Number)
        }
        Some(Value::String(it)) => Cell::Text(it.clone()),
        Some(other) => Cell::Text(other.to_string()),
    }
}

/// Whether the log holds what the model answers now: its number, or its label.
fn agrees(logged: &BTreeMap<String, Value>, answer: f64, answers: &[(String, Tensor)]) -> Option<bool> {
    fn leaves<'v>(value: &'v Value, into: &mut Vec<&'v Value>) {
        match value {
            Value::Array(items) => items.iter().for_each(|it| leaves(it, into)),
            Value::Object(fields) => fields.values().for_each(|it| leaves(it, into)),
            other => into.push(other),
        }
    }
    let mut found = Vec::new();
    logged.values().for_each(|it| leaves(it, &mut found));
    if found.is_empty() {
        return None;
    }
    let near = |it: f64| (it - answer).abs() <= 1e-4 * answer.abs().max(1.0);
    let numbers: Vec<f64> = found.iter().filter_map(|it| it.as_f64()).collect();
    if numbers.iter().any(|it| it.fract() != 0.0) {
        return Some(numbers.into_iter().any(near));
    }
    // A log of labels alone.
    let single = answers.iter().filter(|it| it.1.values().len() == 1);
    let labels: Vec<String> = single.filter_map(|it| it.1.values().text(0)).collect();
    let is_label = |it: &Value| labels.contains(&it.as_str().map_or_else(|| it.to_string(), str::to_owned));
    Some(found.into_iter().any(|it| is_label(it) || it.as_f64().is_some_and(near)))
}

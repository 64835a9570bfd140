//! The ONNX model itself, asked for the rows of gates. Nothing of the project runs, so nobody has to allow it.

use std::collections::BTreeMap;
use std::fs;
use std::time::Instant;

use proofmark_contract::ErrorCode;
use proofmark_domain::Digest;
use proofmark_domain::artifact::FileFacts;
use proofmark_domain::gate::Example;
use proofmark_domain::profile::Scalar;
use proofmark_domain::project::Project;
use proofmark_scoring::{Cell, Columns, Counted, Limits, ManyClasses, Model, ScoringError};
use sha2::{Digest as _, Sha256};

use super::command::{GateRun, Questions, Said, WARM_UP, text_of};
use crate::config::GatesConfig;
use crate::jobs::Worker;
use crate::screen::absolute;
use crate::trouble::{Answer, Trouble, io_trouble, sentence};

/// Whether a file is an ONNX model, by its name.
pub(super) fn is_onnx(model: &FileFacts) -> bool {
    model.path.as_str().to_lowercase().ends_with(".onnx")
}

/// What decides about the answers beside the model's own bytes.
pub(super) fn settings(config: &GatesConfig, questions: &Questions) -> Digest {
    let text = |rows: &[Example]| rows.iter().map(text_of).collect::<Vec<_>>();
    let all = serde_json::json!([config.output, config.columns, text(&questions.rows), text(&questions.timed)]);
    Digest::from_bytes(Sha256::digest(all.to_string()).into())
}

/// Evaluates the model for all rows that gates ask for. A model that cannot be evaluated here is an answer, too, because it stays so.
///
/// # Errors
/// If its file cannot be read, is another by now, or a person stopped it.
pub(super) fn evaluate(
    project: &Project,
    facts: &FileFacts,
    config: &GatesConfig,
    questions: &Questions,
    worker: &Worker,
) -> Answer<GateRun> {
    let limits = Limits::default();
    let done = |found| Ok(GateRun::of_model(facts.digest, settings(config, questions), config.output.clone(), found));
    if facts.size > limits.file {
        return done(Err(format!("The model is larger than the {} bytes that are evaluated here.", limits.file)));
    }
    let path = absolute(project, &facts.path)?;
    let bytes = fs::read(&path).map_err(|error| io_trouble("reading", &path, &error))?;
    if Digest::from_bytes(Sha256::digest(&bytes).into()) != facts.digest {
        let message = format!("{} was changed since it was last seen, so nothing was recorded.", facts.path);
        return Err(Trouble::new(ErrorCode::Unreadable, message)
            .hint("Look at the folder again (proofmark scan), then ask again."));
    }
    let told = |error: &ScoringError| {
        let why = sentence(&format!("The model cannot be evaluated here: {error}"));
        format!("{why} A command of the project can answer instead ([gates] command).")
    };
    let model = match Model::from_bytes(&bytes, &limits) {
        Ok(model) => model,
        Err(error) => return done(Err(told(&error))),
    };
    let total = (questions.rows.len() + questions.timed.len()) as u64;
    let (mut answers, mut times_ms) = (BTreeMap::new(), Vec::new());
    for (at, row) in questions.rows.iter().chain(&questions.timed).enumerate() {
        worker.check()?;
        worker.progress(at as u64, Some(total), "");
        let timed = at.checked_sub(questions.rows.len());
        let begin = Instant::now();
        let answered = answer(&model, config, row);
        let took = begin.elapsed();
        let said = match answered {
            Ok(answer) => answer,
            // A row that does not fit the model says nothing about the model: what the project states lacks something.
            Err(error) if error.is_input() => Said::Unasked(error.to_string()),
            Err(error) => return done(Err(told(&error))),
        };
        if timed.is_some_and(|it| it >= WARM_UP) && !matches!(said, Said::Unasked(_)) {
            times_ms.push((took.as_secs_f64() * 1e6).round() / 1e3);
        }
        answers.entry(text_of(row)).or_insert(said);
    }
    done(Ok((answers, times_ms)))
}

fn answer(model: &Model, config: &GatesConfig, row: &Example) -> Result<Said, ScoringError> {
    let cell = |value: &Scalar| match value {
        Scalar::Bool(it) => Cell::Bool(*it),
        Scalar::Int(it) => Cell::Integer(*it),
        Scalar::Float(it) => Cell::Number(*it),
        Scalar::Text(it) => Cell::Text(it.clone()),
    };
    let columns: Columns = row.iter().map(|(name, value)| (name.clone(), vec![cell(value)])).collect();
    let order = Some(config.columns.as_slice()).filter(|it| !it.is_empty());
    let answers = model.evaluate_columns(&columns, order)?;
    let counted = Counted::of(model, &answers, config.output.as_deref(), ManyClasses::Label)?;
    let value = match counted.number(&answers, 0) {
        Some(number) if !number.is_finite() => return Ok(Said::Nothing(format!("the answer is {number}"))),
        // Numbers of single precision as they are written, not as double precision sees them.
        Some(number) => {
            let written = counted.text(&answers, 0).and_then(|it| it.parse::<f64>().ok()).unwrap_or(number);
            if written.fract() == 0.0 && written.abs() < 9e15 {
                Scalar::Int(written as i64)
            } else {
                Scalar::Float(written)
            }
        }
        None => Scalar::Text(counted.text(&answers, 0).unwrap_or_default()),
    };
    Ok(Said::Value(value))
}

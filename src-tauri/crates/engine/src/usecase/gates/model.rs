//! The ONNX model itself, asked for the rows of gates. Nothing of the project runs, so nobody has to allow it.

use std::collections::BTreeMap;
use std::fs;
use std::time::Instant;

use proofmark_domain::artifact::FileFacts;
use proofmark_domain::gate::{Example, GateVerdict};
use proofmark_domain::profile::Scalar;
use proofmark_scoring::{Cell, Columns, Counted, Limits, ManyClasses, Model, ScoringError};
use sha2::{Digest as _, Sha256};

use super::command::{GateRun, MOST_ROWS, Questions, Said, WARM_UP, text_of};
use super::{Evidence, Found};
use crate::Engine;
use crate::config::GatesConfig;
use crate::screen::absolute;

/// Whether a file is an ONNX model, by its name.
pub(super) fn is_onnx(model: &FileFacts) -> bool {
    model.path.as_str().to_lowercase().ends_with(".onnx")
}

impl Engine {
    /// Evaluates the model for all rows that gates ask for.
    pub(super) fn evaluate_model(&self, evidence: &Evidence<'_>) -> Result<GateRun, Found> {
        let cannot = |why: String| Found::new(GateVerdict::CannotTell, "not evaluated", why);
        let questions = Questions::of(evidence.gates);
        if questions.rows.len() + questions.timed.len() > MOST_ROWS {
            return Err(cannot(format!("The gates ask for more than {MOST_ROWS} rows.")));
        }
        let limits = Limits::default();
        let path = absolute(evidence.project, &evidence.model.path).map_err(|trouble| cannot(trouble.0.message))?;
        if evidence.model.size > limits.file {
            return Err(cannot(format!("The model is larger than the {} bytes that are evaluated here.", limits.file)));
        }
        let bytes = fs::read(&path).map_err(|error| cannot(format!("The model cannot be read: {error}.")))?;
        if proofmark_domain::Digest::from_bytes(Sha256::digest(&bytes).into()) != evidence.model.digest {
            return Err(cannot("The model was changed since it was last seen; scan the project again.".to_owned()));
        }
        let told = |error: &ScoringError| {
            let hint = "A command of the project can answer instead ([gates] command).";
            cannot(format!(
                "{} {hint}",
                crate::trouble::sentence(&format!("The model cannot be evaluated here: {error}"))
            ))
        };
        let model = Model::from_bytes(&bytes, &limits).map_err(|error| told(&error))?;
        let config = &evidence.config.gates;
        let mut answers = BTreeMap::new();
        for row in &questions.rows {
            let answer = match answer(&model, config, row) {
                Ok(answer) => answer,
                // A row that does not fit the model fails its own test, not all of them.
                Err(error) if error.is_input() => Said::Nothing(error.to_string()),
                Err(error) => return Err(told(&error)),
            };
            answers.insert(text_of(row), answer);
        }
        let mut times_ms = Vec::new();
        for (at, row) in questions.timed.iter().enumerate() {
            let begin = Instant::now();
            match answer(&model, config, row) {
                Ok(_) => {}
                // What does not fit is refused, which is no answer whose time counts.
                Err(error) if error.is_input() => continue,
                Err(error) => return Err(told(&error)),
            }
            if at >= WARM_UP {
                times_ms.push((begin.elapsed().as_secs_f64() * 1e6).round() / 1e3);
            }
        }
        Ok(GateRun::of_model(evidence.model.digest, config.output.clone(), answers, times_ms))
    }
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

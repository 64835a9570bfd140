//! `proofmark.toml`: what a project says about itself, for version control and for people to read. Everything works without it.

use std::fs;
use std::path::Path;

use proofmark_contract::ErrorCode;
use proofmark_domain::check::Rule;
use proofmark_domain::gate::{Gate, default_gates};
use serde::Deserialize;

use crate::trouble::{Answer, Trouble, io_trouble};

/// File name at a project's root.
pub(crate) const FILE: &str = "proofmark.toml";

/// More than this is no file that a person wrote.
const LIMIT: u64 = 1 << 20;

/// What a project says about itself.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct ProjectConfig {
    #[serde(default)]
    pub(crate) dataset: Vec<DatasetConfig>,
    #[serde(default)]
    pub(crate) gate: Vec<Gate>,
    #[serde(default)]
    pub(crate) gates: GatesConfig,
    #[serde(default)]
    pub(crate) release: ReleaseConfig,
}

/// Where gates find what they measure. What they demand stands in `[[gate]]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GatesConfig {
    /// The project's own command that answers one row a line; `{model}` in it stands for the model file.
    #[serde(default)]
    pub(crate) command: Vec<String>,
    /// The field of an answer that counts, where answers are objects.
    #[serde(default)]
    pub(crate) output: Option<String>,
    /// Seconds that one answer may take; 60 if absent.
    #[serde(default)]
    pub(crate) timeout_s: Option<f64>,
    /// Predictions on labelled rows that were not trained on.
    #[serde(default)]
    pub(crate) evaluation: Option<EvaluationConfig>,
}

/// A table of predictions on labelled rows.
#[derive(Debug, Clone, Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EvaluationConfig {
    /// The table with the candidate's predictions.
    pub(crate) predictions: String,
    /// The table with the predictions of the version in production, where that version carries none of its own.
    #[serde(default)]
    pub(crate) production: Option<String>,
    pub(crate) label: String,
    #[serde(default)]
    pub(crate) prediction: Option<String>,
    #[serde(default)]
    pub(crate) score: Option<String>,
    /// The column that names a row.
    #[serde(default)]
    pub(crate) row: Option<String>,
    /// Columns that cut the rows into parts.
    #[serde(default)]
    pub(crate) segments: Vec<String>,
    #[serde(default)]
    pub(crate) positive: Option<String>,
    #[serde(default)]
    pub(crate) threshold: Option<f64>,
    #[serde(default)]
    pub(crate) task: Option<EvaluationTask>,
}

/// What is predicted, where the label does not show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum EvaluationTask {
    Classification,
    Regression,
}

/// What it says about one data set.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct DatasetConfig {
    pub(crate) path: String,
    /// What it is for: `train`, `holdout`, `raw`, `production`, …
    #[serde(default)]
    pub(crate) role: Option<String>,
    /// The data set that it is compared with.
    #[serde(default)]
    pub(crate) reference: Option<String>,
    /// The column that a model is trained to predict.
    #[serde(default)]
    pub(crate) target: Option<String>,
    /// How long it is kept: a day such as `2027-12-31`, or a time after it was last written such as `2 years`.
    #[serde(default)]
    pub(crate) retention: Option<String>,
    /// Rules that it must hold.
    #[serde(default)]
    pub(crate) check: Vec<Rule>,
}

/// What it says about releases.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct ReleaseConfig {
    #[serde(default)]
    pub(crate) model: Option<String>,
}

impl ProjectConfig {
    /// Reads the file at the root of a project; the default if there is none.
    pub(crate) fn read(root: &Path) -> Answer<Self> {
        let path = root.join(FILE);
        let facts = match fs::metadata(&path) {
            Ok(facts) => facts,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(io_trouble("reading", &path, &error)),
        };
        if !facts.is_file() || facts.len() > LIMIT {
            return Err(Trouble::new(
                ErrorCode::Unreadable,
                format!("{} is not a settings file: it is no regular file, or larger than 1 MiB.", path.display()),
            ));
        }
        let text = fs::read_to_string(&path).map_err(|error| io_trouble("reading", &path, &error))?;
        toml::from_str(&text).map_err(|error| {
            Trouble::new(
                ErrorCode::Unreadable,
                format!("{} cannot be understood: {}.", path.display(), error.message()),
            )
            .hint("Nothing was changed. Mend the file; until then its gates and references do not count.")
        })
    }

    pub(crate) fn dataset(&self, path: &str) -> Option<&DatasetConfig> {
        self.dataset.iter().find(|it| it.path == path)
    }

    /// The project's own gates, or the usual ones.
    pub(crate) fn gates(&self) -> Vec<Gate> {
        if self.gate.is_empty() { default_gates() } else { self.gate.clone() }
    }
}

/// Gates in the form of `proofmark.toml`.
pub(crate) fn gates_text(gates: &[Gate]) -> String {
    let mut all = serde_json::json!({ "gate": gates });
    drop_nulls(&mut all);
    if gates.is_empty() { String::new() } else { toml::to_string(&all).unwrap_or_default() }
}

/// TOML has no word for nothing: what is absent is left out.
fn drop_nulls(value: &mut serde_json::Value) {
    match value {
        serde_json::Value::Object(fields) => {
            fields.retain(|_, value| !value.is_null());
            fields.values_mut().for_each(drop_nulls);
        }
        serde_json::Value::Array(items) => items.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}

/// Reads gates in the form of `proofmark.toml`.
///
/// # Errors
/// If they cannot be understood, or two bear one name.
pub(crate) fn parse_gates(text: &str) -> Answer<Vec<Gate>> {
    let invalid =
        |why: String| Trouble::new(ErrorCode::InvalidRequest, format!("The gates cannot be understood: {why}."));
    let gates = toml::from_str::<ProjectConfig>(text).map_err(|error| invalid(error.message().to_owned()))?.gate;
    let mut names = std::collections::BTreeSet::new();
    match gates.iter().find(|gate| !names.insert(gate.name.as_str())) {
        Some(twice) => Err(invalid(format!("two of them are called {}", twice.name))),
        None => Ok(gates),
    }
}

/// Reads the gates of a file in the form of `proofmark.toml`, for a registry to ask for.
///
/// # Errors
/// If it cannot be read or understood.
pub fn read_gates(file: &Path) -> Answer<Vec<Gate>> {
    let text = fs::read_to_string(file).map_err(|error| io_trouble("reading", file, &error))?;
    toml::from_str::<ProjectConfig>(&text).map(|config| config.gate).map_err(|error| {
        Trouble::new(ErrorCode::Unreadable, format!("{} cannot be understood: {}.", file.display(), error.message()))
    })
}

//! `proofmark.toml`: what a project says about itself, for version control and for people to read. Everything works without it.

pub(crate) mod edit;
mod place;
pub(crate) mod reading;

use std::fs;
use std::path::Path;

use proofmark_analysis::facade::ReadOptions;
use proofmark_contract::ErrorCode;
use proofmark_contract::view::{ConfigProblem, RulesFrom};
use proofmark_domain::check::Rule;
use proofmark_domain::gate::{Gate, default_gates};
use proofmark_domain::hold::HoldFrom;
use proofmark_domain::path_pattern;
use proofmark_domain::project::Project;
use proofmark_ledger::AuditEntry;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use crate::Engine;
use crate::config::reading::ReadConfig;
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
    #[serde(default)]
    pub(crate) screening: ScreeningConfig,
}

/// What happens to new versions of data sets by itself.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ScreeningConfig {
    /// From which verdict on a version is held back until a person releases it.
    #[serde(default)]
    pub(crate) hold: HoldFrom,
}

/// Where gates find what they measure. What they demand stands in `[[gate]]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GatesConfig {
    /// The project's own command that answers one row a line; `{model}` in it stands for the model file.
    #[serde(default)]
    pub(crate) command: Vec<String>,
    /// The columns of an ONNX model that takes a matrix, in their order, where the model does not name them itself.
    #[serde(default)]
    pub(crate) columns: Vec<String>,
    /// The field of an answer that counts, where answers are objects; of an ONNX model the output, or `OUTPUT.CLASS`.
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
    /// How it is read, where finding out goes wrong.
    #[serde(default)]
    pub(crate) read: Option<ReadConfig>,
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
        match text(&path)? {
            None => Ok(Self::default()),
            Some(text) => Self::parse(&text).map_err(|problem| trouble(&path, &problem)),
        }
    }

    /// Understands the text of the file.
    ///
    /// # Errors
    /// What is wrong, with line and column.
    pub(crate) fn parse(text: &str) -> Result<Self, ConfigProblem> {
        let config: Self = toml::from_str(text).map_err(|error| {
            let at = error.span().map(|span| place::of(text, span.start));
            problem(error.message().trim().trim_end_matches('.').to_owned(), at)
        })?;
        for (dataset, entry) in config.dataset.iter().enumerate() {
            if let Some(why) = entry.read.as_ref().and_then(|it| it.options().err()) {
                return Err(problem(format!("how {} is read: {why}", entry.path), place::of_reading(text, dataset)));
            }
            for (check, rule) in entry.check.iter().enumerate() {
                if let Some(why) = rule.problem() {
                    let message = format!("a rule for {} cannot be meant as it is written: {why}", entry.path);
                    return Err(problem(message, place::of_rule(text, dataset, check)));
                }
            }
        }
        Ok(config)
    }

    /// What it says about a data set: the entry of its path, else the first pattern that it fits.
    pub(crate) fn dataset(&self, path: &str) -> Option<&DatasetConfig> {
        let named = self.dataset.iter().find(|it| it.path == path);
        named.or_else(|| self.dataset.iter().find(|it| path_pattern::fits(&it.path, path)))
    }

    /// How a data set is read.
    pub(crate) fn reading(&self, path: &str) -> ReadOptions {
        let said = self.dataset.iter().filter(|it| it.path == path || path_pattern::fits(&it.path, path));
        // What cannot be meant was refused when the file was understood.
        said.filter_map(|it| it.read.as_ref()?.options().ok()).next().unwrap_or_default()
    }

    /// The rules of a data set, those of patterns that it fits among them: the entry that names each, its place there, and the rule.
    pub(crate) fn rules(&self, path: &str) -> impl Iterator<Item = (&str, usize, &Rule)> {
        self.dataset
            .iter()
            .filter(move |it| it.path == path || path_pattern::fits(&it.path, path))
            .flat_map(|it| it.check.iter().enumerate().map(|(index, rule)| (it.path.as_str(), index, rule)))
    }

    /// The same without where they stand.
    pub(crate) fn rules_for(&self, path: &str) -> Vec<Rule> {
        self.rules(path).map(|(_, _, rule)| rule.clone()).collect()
    }

    /// The project's own gates, or the usual ones.
    pub(crate) fn gates(&self) -> Vec<Gate> {
        if self.gate.is_empty() { default_gates() } else { self.gate.clone() }
    }
}

/// The text of the file; `None` if there is none.
pub(crate) fn text(path: &Path) -> Answer<Option<String>> {
    let facts = match fs::metadata(path) {
        Ok(facts) => facts,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io_trouble("reading", path, &error)),
    };
    if !facts.is_file() || facts.len() > LIMIT {
        return Err(Trouble::new(
            ErrorCode::Unreadable,
            format!("{} is not a settings file: it is no regular file, or larger than 1 MiB.", path.display()),
        ));
    }
    fs::read_to_string(path).map(Some).map_err(|error| io_trouble("reading", path, &error))
}

fn problem(message: String, at: Option<(u64, u64)>) -> ConfigProblem {
    let (line, column) = at.unzip();
    ConfigProblem { message, line, column }
}

fn trouble(path: &Path, problem: &ConfigProblem) -> Trouble {
    let at = match (problem.line, problem.column) {
        (Some(line), Some(column)) => format!(", line {line}, column {column},"),
        _ => String::new(),
    };
    let message = format!("{}{at} cannot be understood: {}.", path.display(), problem.message);
    Trouble::new(ErrorCode::Unreadable, message)
        .hint("Nothing was changed. Mend the file; until then the rules and references that were last understood stay in force, and no model can be released.")
}

/// What a project says about itself, now or when it was last understood.
pub(crate) struct ConfigNow {
    /// What counts.
    pub(crate) config: ProjectConfig,
    /// Where that comes from.
    pub(crate) from: RulesFrom,
    /// What is wrong with the file as it is.
    pub(crate) problem: Option<(ConfigProblem, Trouble)>,
}

/// The text of a project's file as it was when it was last understood.
fn last_good(project: &Project) -> String {
    format!("project_file/{}", project.id)
}

impl Engine {
    /// What a project says about itself. A file that cannot be understood does not take its rules away: those that were last
    /// understood stay in force.
    pub(crate) fn config_now(&self, project: &Project) -> Answer<ConfigNow> {
        let path = Path::new(&project.root).join(FILE);
        let problem = match text(&path) {
            Ok(None) => {
                return Ok(ConfigNow { config: ProjectConfig::default(), from: RulesFrom::NoFile, problem: None });
            }
            Ok(Some(text)) => match ProjectConfig::parse(&text) {
                Ok(config) => return Ok(ConfigNow { config, from: RulesFrom::File, problem: None }),
                Err(problem) => {
                    let trouble = trouble(&path, &problem);
                    (problem, trouble)
                }
            },
            Err(trouble) => (problem(trouble.0.message.clone(), None), trouble),
        };
        let kept: Option<String> =
            self.ledger().read::<_, Trouble>(|read| Ok(read.settings().get(&last_good(project))?))?;
        let config = kept.and_then(|text| ProjectConfig::parse(&text).ok()).unwrap_or_default();
        Ok(ConfigNow { config, from: RulesFrom::LastGood, problem: Some(problem) })
    }

    /// Remembers the file as it is, if it can be understood, for the time when it cannot.
    pub(crate) fn keep_config(&self, project: &Project) -> Answer<()> {
        let Some(text) = text(&Path::new(&project.root).join(FILE)).ok().flatten() else { return Ok(()) };
        if ProjectConfig::parse(&text).is_err() {
            return Ok(());
        }
        let key = last_good(project);
        let kept: Option<String> = self.ledger().read::<_, Trouble>(|read| Ok(read.settings().get(&key)?))?;
        if kept.as_ref() == Some(&text) {
            return Ok(());
        }
        let entry = AuditEntry::new("proofmark", "project.file", project.name.clone());
        let digest: String = Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
        self.ledger().write(self.now(), entry, |write| -> Answer<()> {
            write.note("digest", format!("sha256:{digest}"));
            Ok(write.settings().set(&key, &text)?)
        })
    }
}

/// Gates in the form of `proofmark.toml`.
///
/// # Errors
/// If they cannot be written so: an empty text would say that there are none.
pub(crate) fn gates_text(gates: &[Gate]) -> Answer<String> {
    if gates.is_empty() {
        return Ok(String::new());
    }
    let mut all = serde_json::json!({ "gate": gates });
    drop_nulls(&mut all);
    toml::to_string(&all)
        .map_err(|error| Trouble::new(ErrorCode::Internal, format!("The gates cannot be written as text: {error}.")))
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

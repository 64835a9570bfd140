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
    pub(crate) release: ReleaseConfig,
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

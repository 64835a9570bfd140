//! Software and machines: which one a model was trained in, and how two differ.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use proofmark_domain::environment::{Environment, PackageDifference};
use proofmark_domain::id::ProjectId;
use proofmark_domain::{Basis, Confidence};

/// Names an environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct EnvironmentRef {
    /// The project.
    pub project: ProjectId,
    /// A run, the path of a model, of a file that describes an environment or of a virtual environment; the project as it stands
    /// now if empty.
    pub of: String,
}

/// Names two environments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct EnvironmentPair {
    /// The one.
    pub before: EnvironmentRef,
    /// The other.
    pub after: EnvironmentRef,
}

/// How an environment is written to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum EnvironmentFormat {
    /// `requirements.txt` of pip.
    Requirements,
    /// `environment.yml` of conda.
    Conda,
}

/// Writes an environment as a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct EnvironmentExport {
    /// Which one.
    pub environment: EnvironmentRef,
    /// How.
    pub format: EnvironmentFormat,
}

/// An environment as the text of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct EnvironmentText {
    /// The usual name of such a file.
    pub name: String,
    /// What stands in it.
    pub text: String,
    /// Packages that are left out because their version is not known exactly.
    pub left_out: Vec<String>,
}

/// One package, and how its version is known.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct PackageView {
    /// Its normalised name (PEP 503).
    pub name: String,
    /// Its version, or what is asked of it.
    pub version: String,
    /// How it is known.
    pub basis: Basis,
    /// How sure that is.
    pub confidence: Confidence,
    /// What says so.
    pub from: String,
    /// What other sources say, where they say something else.
    pub elsewhere: Vec<String>,
}

/// Something that tells about an environment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct EnvironmentSource {
    /// What it is: a run, a file, a folder.
    pub what: String,
    /// How it is known that it belongs here.
    pub basis: Basis,
    /// How sure that is.
    pub confidence: Confidence,
    /// The version of Python that it names.
    pub python: Option<String>,
    /// Packages that it names.
    pub packages: u64,
    /// Why it is believed, or why not more.
    pub why: String,
}

/// An environment, and how it is known.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct EnvironmentView {
    /// What it is the environment of.
    pub title: String,
    /// The answer in one sentence.
    pub sentence: String,
    /// The environment; `null` if nothing is known.
    pub environment: Option<Environment>,
    /// Its packages, each with how its version is known.
    pub packages: Vec<PackageView>,
    /// What was asked, the surest first.
    pub sources: Vec<EnvironmentSource>,
}

/// A fact of two environments that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct EnvironmentFact {
    /// `python`, `system`, `architecture`, `cpu`, `gpus`.
    pub name: String,
    /// In the one; `null` if not known.
    pub before: Option<String>,
    /// In the other; `null` if not known.
    pub after: Option<String>,
}

/// How two environments differ.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct EnvironmentDifference {
    /// The answer in one sentence.
    pub sentence: String,
    /// What the one is the environment of.
    pub before: String,
    /// What the other is the environment of.
    pub after: String,
    /// Facts that differ.
    pub facts: Vec<EnvironmentFact>,
    /// Packages that differ.
    pub packages: Vec<PackageDifference>,
    /// Packages that are the same in both.
    pub same: u64,
}

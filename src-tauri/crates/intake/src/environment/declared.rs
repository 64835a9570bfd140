//! Environments as people and tools write them down: requirements, lock files, conda, projects, container files, and what
//! MLflow puts beside a model. Nothing is installed, resolved or downloaded.

mod conda;
mod container;
mod locks;
mod mlflow;
mod project;
mod requirements;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use proofmark_domain::environment::{Environment, Interpreter};
use proofmark_domain::{Basis, Confidence};

use super::{digest_of, normal_name};
use crate::records::read_text;

/// A file of packages larger than this is not one.
const LARGEST: u64 = 64 << 20;

/// More packages than this are not read from one file.
const MOST_PACKAGES: usize = 50_000;

/// Files that name other files, one behind the other.
const MOST_INCLUDES: usize = 32;

/// A package as it is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Requirement {
    /// The version, if exactly one fits.
    pub version: Option<String>,
    /// What is asked of the version, as it is written: `>=1.2,<2`.
    pub specifier: String,
    /// Extras: `standard` of `uvicorn[standard]`.
    pub extras: Vec<String>,
    /// When it is needed: `python_version < "3.9"`.
    pub marker: Option<String>,
    /// Where it comes from, if not from an index: a URL or a path.
    pub source: Option<String>,
}

/// What a file says about an environment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Declared {
    /// The version of Python, or what is asked of it.
    pub python: Option<String>,
    /// Packages by normalised name (PEP 503).
    pub packages: BTreeMap<String, Requirement>,
    /// The image that a container begins with.
    pub base_image: Option<String>,
    /// Names of the files that were read.
    pub files: Vec<String>,
    /// Whether every package has exactly one version, as lock files have.
    pub is_locked: bool,
    /// What could not be understood, a sentence each.
    pub problems: Vec<String>,
}

impl Declared {
    fn add(&mut self, name: &str, requirement: Requirement) {
        let name = normal_name(name);
        if name.is_empty() || self.packages.len() >= MOST_PACKAGES {
            return;
        }
        match self.packages.get_mut(&name) {
            // What is exact says more than what is not.
            Some(known) if known.version.is_none() && requirement.version.is_some() => *known = requirement,
            Some(_) => {}
            None => {
                self.packages.insert(name, requirement);
            }
        }
    }

    fn merge(&mut self, other: Self) {
        self.python = self.python.take().or(other.python);
        self.base_image = self.base_image.take().or(other.base_image);
        for (name, requirement) in other.packages {
            self.add(&name, requirement);
        }
        self.is_locked |= other.is_locked;
        for file in other.files {
            if !self.files.contains(&file) {
                self.files.push(file);
            }
        }
        self.problems.extend(other.problems);
    }

    /// The same as an environment. System and processor are not known from such files. A package without an exact version
    /// stands there with what is asked of it.
    pub fn into_environment(self) -> Environment {
        let packages: BTreeMap<String, String> =
            self.packages.into_iter().map(|(name, it)| (name, it.version.unwrap_or(it.specifier))).collect();
        let interpreter =
            self.python.map(|version| Interpreter { name: "Python".to_owned(), version, path: String::new() });
        Environment {
            digest: digest_of(interpreter.as_ref().map(|it| it.version.as_str()), &packages, "", ""),
            interpreter,
            packages,
            system: String::new(),
            architecture: String::new(),
            cpu: None,
            gpus: Vec::new(),
            basis: Basis::Declared,
            confidence: Confidence::clamped(if self.is_locked { 1.0 } else { 0.9 }),
            evidence: self.files,
        }
    }
}

/// Whether a file describes an environment, by its name.
pub fn describes_environment(name: &str) -> bool {
    reader_of(name).is_some()
}

/// Reads one file. `None` if it is of no known kind or cannot be read.
pub fn of_file(path: &Path) -> Option<Declared> {
    let name = path.file_name()?.to_str()?.to_owned();
    let reader = reader_of(&name)?;
    let text = read_text(path, LARGEST).ok()?;
    let mut declared = reader(&text, path);
    declared.files.push(name);
    Some(declared)
}

/// Reads several files that describe one environment. Those with exact versions count more, wherever they stand.
pub fn of_files(paths: &[PathBuf]) -> Option<Declared> {
    let mut all: Option<Declared> = None;
    for path in paths {
        if let Some(read) = of_file(path) {
            all.get_or_insert_with(Declared::default).merge(read);
        }
    }
    all.filter(|it| !it.packages.is_empty() || it.python.is_some())
}

type Reader = fn(&str, &Path) -> Declared;

fn reader_of(name: &str) -> Option<Reader> {
    let lower = name.to_lowercase();
    Some(match lower.as_str() {
        "conda.yaml" | "conda.yml" | "environment.yml" | "environment.yaml" => conda::environment,
        "conda-lock.yml" => conda::lock,
        "python_env.yaml" => mlflow::python_env,
        "mlmodel" => mlflow::model,
        "mlproject" => mlflow::project,
        "pyproject.toml" => project::pyproject,
        "uv.lock" | "poetry.lock" | "pdm.lock" | "pylock.toml" => locks::toml_lock,
        "pipfile.lock" => locks::pipfile_lock,
        "pipfile" => project::pipfile,
        "dockerfile" | "containerfile" => container::dockerfile,
        _ if lower.starts_with("dockerfile.") || lower.ends_with(".dockerfile") => container::dockerfile,
        _ if is_requirements(&lower) => requirements::file,
        _ => return None,
    })
}

fn is_requirements(name: &str) -> bool {
    name.ends_with(".txt")
        && (name.starts_with("requirements") || name.ends_with("requirements.txt") || name == "constraints.txt")
}

#[cfg(test)]
mod tests;

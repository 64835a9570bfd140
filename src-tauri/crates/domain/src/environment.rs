//! The software and machine that a run had.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Basis, Confidence, Digest};

/// An interpreter such as CPython.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct Interpreter {
    /// Such as `CPython`.
    pub name: String,
    /// Such as `3.11.7`.
    pub version: String,
    /// Absolute path of the executable.
    pub path: String,
}

/// The software and machine that a run had. Two runs with the same digest had the same environment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct Environment {
    /// SHA-256 of the canonical form: sorted JSON of interpreter version, packages, system and architecture.
    pub digest: Digest,
    /// The interpreter, if there was one.
    pub interpreter: Option<Interpreter>,
    /// Packages with their versions, names in normalised form (PEP 503).
    pub packages: BTreeMap<String, String>,
    /// Operating system with version.
    pub system: String,
    /// Processor architecture, such as `x86_64`.
    pub architecture: String,
    /// Processor model, when the system tells.
    pub cpu: Option<String>,
    /// Graphics processors, when the system tells.
    pub gpus: Vec<String>,
    /// How the packages are known.
    pub basis: Basis,
    /// How sure that is.
    pub confidence: Confidence,
    /// What it was read from: names of files, or words for what was looked at.
    #[serde(default)]
    pub evidence: Vec<String>,
}

/// How one package differs between two environments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct PackageDifference {
    /// The package.
    pub name: String,
    /// Its version in the first; `null` if absent.
    pub before: Option<String>,
    /// Its version in the second; `null` if absent.
    pub after: Option<String>,
}

/// Packages whose presence or version differs, by name.
pub fn package_differences(before: &Environment, after: &Environment) -> Vec<PackageDifference> {
    let names: std::collections::BTreeSet<&String> = before.packages.keys().chain(after.packages.keys()).collect();
    names
        .into_iter()
        .filter_map(|name| {
            let (old, new) = (before.packages.get(name), after.packages.get(name));
            (old != new).then(|| PackageDifference { name: name.clone(), before: old.cloned(), after: new.cloned() })
        })
        .collect()
}

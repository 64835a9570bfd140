//! The software and the machine that a run has: read from what is installed, never by starting the interpreter.

pub mod declared;
mod find;
mod machine;
mod python;
mod variables;

use std::collections::BTreeMap;

use proofmark_domain::environment::Environment;
use proofmark_domain::{Basis, Confidence, Digest};
use sha2::{Digest as _, Sha256};

pub use find::find_interpreter;
pub use machine::{Machine, machine};
pub use python::{PythonError, PythonFacts, normal_name, of_python};
pub use variables::relevant_variables;

/// Puts interpreter, packages and machine together. `python` is `None` for a run without Python.
///
/// The digest is the SHA-256 of the JSON object with the keys `architecture`, `interpreter` (its version or `null`),
/// `packages` and `system`, keys sorted, without blanks: processor and graphics do not change it.
pub fn environment(
    python: Option<&PythonFacts>,
    machine: &Machine,
    basis: Basis,
    confidence: Confidence,
) -> Environment {
    let packages = python.map(|python| python.packages.clone()).unwrap_or_default();
    let version = python.map(|python| python.interpreter.version.as_str());
    Environment {
        digest: digest_of(version, &packages, &machine.system, &machine.architecture),
        interpreter: python.map(|python| python.interpreter.clone()),
        packages,
        system: machine.system.clone(),
        architecture: machine.architecture.clone(),
        cpu: machine.cpu.clone(),
        gpus: machine.gpus.clone(),
        basis,
        confidence,
        evidence: Vec::new(),
    }
}

/// The digest of an environment's canonical form; see [`environment`].
pub fn digest_of(
    interpreter_version: Option<&str>,
    packages: &BTreeMap<String, String>,
    system: &str,
    architecture: &str,
) -> Digest {
    let mut canonical: BTreeMap<&str, serde_json::Value> = BTreeMap::new();
    canonical.insert("architecture", architecture.into());
    canonical.insert("interpreter", interpreter_version.into());
    canonical.insert(
        "packages",
        packages
            .iter()
            .map(|(name, version)| (name.clone(), version.as_str().into()))
            .collect::<serde_json::Map<_, _>>()
            .into(),
    );
    canonical.insert("system", system.into());
    // `Value` writes itself without failing; a `BTreeMap` keeps its keys sorted, and so were the packages inserted.
    let members: Vec<String> =
        canonical.into_iter().map(|(key, value)| format!("{}:{value}", serde_json::Value::from(key))).collect();
    Digest::from_bytes(Sha256::digest(format!("{{{}}}", members.join(","))).into())
}

#[cfg(test)]
mod tests;

//! conda: `environment.yml`, `conda.yaml` and `conda-lock.yml`.

use std::path::Path;

use serde_json::Value;

use super::requirements::{exact, requirement};
use super::{Declared, Requirement};
use crate::records::read_yaml;

/// An environment with its packages from channels and from pip.
pub fn environment(text: &str, _: &Path) -> Declared {
    let mut declared = Declared::default();
    match read_yaml(text) {
        Ok(document) => dependencies(document.get("dependencies"), &mut declared),
        Err(why) => declared.problems.push(format!("It is no valid YAML: {why}.")),
    }
    declared
}

/// A list of packages, with a list of pip's among them.
pub fn dependencies(list: Option<&Value>, declared: &mut Declared) {
    for member in list.and_then(Value::as_array).into_iter().flatten() {
        match member {
            Value::String(text) => add(text, declared),
            Value::Object(parts) => {
                for text in parts.get("pip").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
                    match requirement(text) {
                        Some((name, it)) => declared.add(&name, it),
                        None if text.starts_with('-') => {}
                        None => declared.problems.push(format!("`{text}` is no requirement.")),
                    }
                }
            }
            _ => {}
        }
    }
}

/// `numpy=1.26.4=py311h64a7726_0`, `numpy==1.26`, `conda-forge::numpy>=1.2`, `numpy 1.26.4`.
fn add(text: &str, declared: &mut Declared) {
    let text = text.rsplit("::").next().unwrap_or(text).trim();
    let text = text.split('[').next().unwrap_or(text).trim();
    let end = text.find([' ', '=', '<', '>', '!', '~']).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    let rest = rest.trim();
    let (version, specifier) = match rest.strip_prefix('=').filter(|it| !it.starts_with('=')) {
        // A single `=` asks for a version that begins so; with a build behind it, for exactly that one.
        Some(rest) => {
            let version = rest.split('=').next().unwrap_or(rest).trim();
            let is_exact = !version.contains('*') && version.split('.').count() > 2 || rest.contains('=');
            (is_exact.then(|| version.to_owned()), format!("={version}"))
        }
        None if rest.starts_with(|c: char| c.is_ascii_digit()) => {
            let version = rest.split_whitespace().next().unwrap_or(rest);
            (Some(version.to_owned()), format!("=={version}"))
        }
        None => (exact(rest), rest.replace(' ', "")),
    };
    if name == "python" {
        declared.python = declared
            .python
            .take()
            .or(version)
            .or(Some(specifier.trim_start_matches('=').to_owned()))
            .filter(|it| !it.is_empty());
        return;
    }
    declared.add(name, Requirement { version, specifier, ..Requirement::default() });
}

/// The lock of `conda-lock`. Of several platforms, the first that names a package counts.
pub fn lock(text: &str, _: &Path) -> Declared {
    let mut declared = Declared { is_locked: true, ..Declared::default() };
    let document = match read_yaml(text) {
        Ok(document) => document,
        Err(why) => {
            declared.problems.push(format!("It is no valid YAML: {why}."));
            return declared;
        }
    };
    for package in document.get("package").and_then(Value::as_array).into_iter().flatten() {
        let text = |key: &str| package.get(key).and_then(Value::as_str);
        let (Some(name), Some(version)) = (text("name"), text("version")) else { continue };
        if name == "python" {
            declared.python.get_or_insert_with(|| version.to_owned());
        } else {
            let specifier = format!("=={version}");
            declared.add(name, Requirement { version: Some(version.to_owned()), specifier, ..Requirement::default() });
        }
    }
    declared
}

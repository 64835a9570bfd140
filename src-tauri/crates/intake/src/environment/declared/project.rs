//! `pyproject.toml` (PEP 621, poetry) and `Pipfile`: what a project asks for, not what is installed.

use std::path::Path;

use toml::{Table, Value};

use super::requirements::{exact, requirement};
use super::{Declared, Requirement};

/// `pyproject.toml`.
pub fn pyproject(text: &str, _: &Path) -> Declared {
    let mut declared = Declared::default();
    let document: Table = match text.parse() {
        Ok(document) => document,
        Err(why) => {
            declared.problems.push(format!("It is no valid TOML: {why}."));
            return declared;
        }
    };
    if let Some(project) = document.get("project") {
        declared.python = project.get("requires-python").and_then(Value::as_str).map(str::to_owned);
        for text in
            project.get("dependencies").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
        {
            match requirement(text) {
                Some((name, it)) => declared.add(&name, it),
                None => declared.problems.push(format!("`{text}` is no requirement.")),
            }
        }
    }
    let poetry = document.get("tool").and_then(|it| it.get("poetry")).and_then(|it| it.get("dependencies"));
    if let Some(packages) = poetry.and_then(Value::as_table) {
        table(packages, &mut declared);
    }
    declared
}

/// `Pipfile`.
pub fn pipfile(text: &str, _: &Path) -> Declared {
    let mut declared = Declared::default();
    match text.parse::<Table>() {
        Ok(document) => {
            let python = document
                .get("requires")
                .and_then(|it| it.get("python_full_version").or_else(|| it.get("python_version")));
            declared.python = python.and_then(Value::as_str).map(str::to_owned);
            if let Some(packages) = document.get("packages").and_then(Value::as_table) {
                table(packages, &mut declared);
            }
        }
        Err(why) => declared.problems.push(format!("It is no valid TOML: {why}.")),
    }
    declared
}

/// `name = "^1.2"` or `name = {version = "…", git = "…", extras = […]}`.
fn table(packages: &Table, declared: &mut Declared) {
    for (name, asked) in packages {
        let text = |key: &str| asked.get(key).and_then(Value::as_str).map(str::to_owned);
        let specifier = asked.as_str().map(str::to_owned).or_else(|| text("version")).unwrap_or_default();
        if name == "python" || name == "python_version" {
            declared.python = Some(specifier);
            continue;
        }
        let extras = asked.get("extras").and_then(Value::as_array).into_iter().flatten();
        let requirement = Requirement {
            version: exact(&specifier),
            specifier: if specifier == "*" { String::new() } else { specifier },
            extras: extras.filter_map(Value::as_str).map(str::to_owned).collect(),
            marker: text("markers"),
            source: text("git").or_else(|| text("url")).or_else(|| text("path")),
        };
        declared.add(name, requirement);
    }
}

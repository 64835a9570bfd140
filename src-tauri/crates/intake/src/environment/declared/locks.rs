//! Lock files: uv, poetry, PDM, pylock (PEP 751), pipenv.

use std::path::Path;

use serde_json::Value;
use toml::Table;

use super::requirements::exact;
use super::{Declared, Requirement};

/// `uv.lock`, `poetry.lock`, `pdm.lock` and `pylock.toml`: a list of packages with name and version.
pub fn toml_lock(text: &str, path: &Path) -> Declared {
    let mut declared = Declared { is_locked: true, ..Declared::default() };
    let document: Table = match text.parse() {
        Ok(document) => document,
        Err(why) => {
            declared.problems.push(format!("It is no valid TOML: {why}."));
            return declared;
        }
    };
    let python = document.get("requires-python").or_else(|| {
        document.get("metadata").and_then(|it| it.get("python-versions").or_else(|| it.get("requires_python")))
    });
    declared.python = python.and_then(toml::Value::as_str).map(str::to_owned);
    let is_pylock = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("pylock"));
    let list = document.get(if is_pylock { "packages" } else { "package" }).and_then(toml::Value::as_array);
    for package in list.into_iter().flatten() {
        let text = |key: &str| package.get(key).and_then(toml::Value::as_str);
        let Some(name) = text("name") else { continue };
        let source = package.get("source");
        let place = |key: &str| source.and_then(|it| it.get(key)).and_then(toml::Value::as_str).map(str::to_owned);
        // The project itself stands in its own lock.
        let is_self = ["editable", "virtual"].iter().any(|key| source.is_some_and(|it| it.get(*key).is_some()));
        if is_self && place("editable").or_else(|| place("virtual")).as_deref() == Some(".") {
            continue;
        }
        let version = text("version").map(str::to_owned);
        let specifier = version.as_ref().map(|it| format!("=={it}")).unwrap_or_default();
        let source = place("git").or_else(|| place("url").filter(|_| place("type").is_some_and(|it| it != "legacy")));
        declared.add(name, Requirement { version, specifier, source, ..Requirement::default() });
    }
    declared
}

/// `Pipfile.lock`: packages by group, of which `default` is what runs.
pub fn pipfile_lock(text: &str, _: &Path) -> Declared {
    let mut declared = Declared { is_locked: true, ..Declared::default() };
    let document: Value = match serde_json::from_str(text) {
        Ok(document) => document,
        Err(why) => {
            declared.problems.push(format!("It is no valid JSON: {why}."));
            return declared;
        }
    };
    let python = document
        .pointer("/_meta/requires/python_full_version")
        .or_else(|| document.pointer("/_meta/requires/python_version"));
    declared.python = python.and_then(Value::as_str).map(str::to_owned);
    for (name, facts) in document.get("default").and_then(Value::as_object).into_iter().flatten() {
        let text = |key: &str| facts.get(key).and_then(Value::as_str).map(str::to_owned);
        let specifier = text("version").unwrap_or_default();
        declared.add(
            name,
            Requirement {
                version: exact(&specifier),
                specifier,
                marker: text("markers"),
                source: text("git"),
                ..Requirement::default()
            },
        );
    }
    declared
}

//! What MLflow writes beside a model and in a project: `MLmodel`, `python_env.yaml`, `MLproject`.

use std::path::{Component, Path};

use serde_json::Value;

use super::conda::dependencies;
use super::requirements::requirement;
use super::{Declared, Requirement, of_file};
use crate::records::read_yaml;

/// `python_env.yaml`: the version of Python, and packages or a file of them.
pub fn python_env(text: &str, path: &Path) -> Declared {
    let mut declared = Declared::default();
    let Some(document) = yaml(text, &mut declared) else { return declared };
    declared.python = document.get("python").map(plain);
    for text in document.get("dependencies").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
        match text.strip_prefix("-r ") {
            Some(name) => beside(path, name.trim(), &mut declared),
            None => {
                if let Some((name, it)) = requirement(text) {
                    declared.add(&name, it);
                }
            }
        }
    }
    declared
}

/// `MLmodel`: the versions of the libraries that each flavour names.
pub fn model(text: &str, _: &Path) -> Declared {
    let mut declared = Declared::default();
    let Some(document) = yaml(text, &mut declared) else { return declared };
    let mut exact = |name: &str, version: String| {
        let specifier = format!("=={version}");
        declared.add(name, Requirement { version: Some(version), specifier, ..Requirement::default() });
    };
    let mut python = None;
    for (flavor, facts) in document.get("flavors").and_then(Value::as_object).into_iter().flatten() {
        for (key, value) in facts.as_object().into_iter().flatten() {
            let Some(package) = key.strip_suffix("_version").filter(|_| !value.is_null()) else { continue };
            match (flavor.as_str(), package) {
                ("python_function", "python") => python = Some(plain(value)),
                (_, "sklearn") => exact("scikit-learn", plain(value)),
                (_, "pytorch") => exact("torch", plain(value)),
                (_, "xgb") => exact("xgboost", plain(value)),
                (_, "lgb") => exact("lightgbm", plain(value)),
                (
                    "sklearn" | "xgboost" | "lightgbm" | "catboost" | "pytorch" | "tensorflow" | "keras" | "onnx"
                    | "statsmodels" | "spacy" | "transformers" | "prophet" | "pmdarima",
                    package,
                ) => {
                    exact(package, plain(value));
                }
                _ => {}
            }
        }
    }
    if let Some(version) = document.get("mlflow_version").filter(|it| !it.is_null()) {
        exact("mlflow", plain(version));
    }
    declared.python = python;
    declared
}

/// `MLproject`: the file that describes its environment.
pub fn project(text: &str, path: &Path) -> Declared {
    let mut declared = Declared::default();
    let Some(document) = yaml(text, &mut declared) else { return declared };
    for key in ["python_env", "conda_env"] {
        if let Some(name) = document.get(key).and_then(Value::as_str) {
            beside(path, name, &mut declared);
        }
    }
    dependencies(document.get("dependencies"), &mut declared);
    declared.base_image = declared
        .base_image
        .take()
        .or_else(|| document.pointer("/docker_env/image").and_then(Value::as_str).map(str::to_owned));
    declared
}

/// Reads a file that another one names, beside it or below.
fn beside(path: &Path, name: &str, declared: &mut Declared) {
    let inside = Path::new(name).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    let place = path.parent().unwrap_or(Path::new(".")).join(name);
    // A file that names one of its own kind could name itself.
    let same_kind = place.file_name() == path.file_name();
    if inside
        && !same_kind
        && let Some(found) = of_file(&place)
    {
        declared.merge(found);
    }
}

fn yaml(text: &str, declared: &mut Declared) -> Option<Value> {
    match read_yaml(text) {
        Ok(document) => Some(document),
        Err(why) => {
            declared.problems.push(format!("It is no valid YAML: {why}."));
            None
        }
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

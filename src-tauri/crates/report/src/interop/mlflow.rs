//! Makes a model loadable by MLflow that was not logged with it.

use std::borrow::Cow;

use proofmark_domain::model::ModelFacts;

use super::{ReleaseFacts, TextFile, quoted};

/// How a file becomes an object with `predict`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loader {
    /// joblib or pickle.
    Joblib,
    /// skops.
    Skops,
    /// XGBoost's own formats.
    Xgboost,
    /// LightGBM's text.
    Lightgbm,
    /// CatBoost's own formats.
    Catboost,
    /// ONNX through onnxruntime.
    Onnx,
}

impl Loader {
    /// The loader for a format, if one can be made.
    pub fn of(format: &str) -> Option<Self> {
        Some(match format {
            "joblib" | "pickle" | "cloudpickle" | "dill" => Self::Joblib,
            "skops" => Self::Skops,
            "xgboost_json" | "xgboost_ubjson" => Self::Xgboost,
            "lightgbm_text" => Self::Lightgbm,
            "catboost" | "catboost_json" => Self::Catboost,
            "onnx" => Self::Onnx,
            _ => return None,
        })
    }

    /// Packages that loading needs.
    const fn packages(self) -> &'static [&'static str] {
        match self {
            Self::Joblib => &["joblib"],
            Self::Skops => &["skops"],
            Self::Xgboost => &["xgboost"],
            Self::Lightgbm => &["lightgbm"],
            Self::Catboost => &["catboost"],
            Self::Onnx => &["onnxruntime"],
        }
    }

    /// The text of the module that loads this model.
    fn source(self, model: &ModelFacts) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::Joblib => {
                "import joblib


def _load_pyfunc(path):
    return joblib.load(path)
"
            }
            Self::Skops => return Cow::Owned(of_skops(&model.harmless_types)),
            Self::Xgboost => {
                "import xgboost


class _Model:
    def __init__(self, booster):
        self._booster = booster

    def predict(self, data):
        return self._booster.predict(xgboost.DMatrix(data))


def _load_pyfunc(path):
    booster = xgboost.Booster()
    booster.load_model(path)
    return _Model(booster)
"
            }
            Self::Lightgbm => {
                "import lightgbm


def _load_pyfunc(path):
    return lightgbm.Booster(model_file=path)
"
            }
            Self::Catboost => {
                "import catboost


def _load_pyfunc(path):
    with open(path, 'rb') as file:
        form = 'json' if file.read(1) == b'{' else 'cbm'
    model = catboost.CatBoost().load_model(path, format=form)
    # The base class answers with raw scores, also for a model that tells classes apart.
    if len(model.classes_) > 0:
        model = catboost.CatBoostClassifier().load_model(path, format=form)
    return model
"
            }
            Self::Onnx => {
                "import numpy
import onnxruntime


class _Model:
    def __init__(self, session):
        self._session = session

    def predict(self, data):
        inputs = self._session.get_inputs()
        if len(inputs) == 1:
            name, kind = inputs[0].name, inputs[0].type
            dtype = {'tensor(float)': 'float32', 'tensor(double)': 'float64', 'tensor(int64)': 'int64'}.get(kind)
            feed = {name: numpy.asarray(data, dtype=dtype)}
        else:
            feed = {it.name: numpy.asarray(data[it.name]).reshape(-1, 1) for it in inputs}
        return self._session.run(None, feed)[0]


def _load_pyfunc(path):
    return _Model(onnxruntime.InferenceSession(path))
"
            }
        })
    }
}

/// skops asks whoever loads a file which types they trust. Those are the ones that were known as harmless when the file was looked at, and
/// no others, so that a file that names more is refused.
fn of_skops(harmless: &[String]) -> String {
    // The names come out of the file, and go into code.
    let plain = |name: &&String| name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.'));
    let known: String = harmless.iter().filter(plain).map(|name| format!("    '{name}',\n")).collect();
    format!(
        "from skops import io

# What was known as harmless when the model was released.
KNOWN = [
{known}]


def _load_pyfunc(path):
    found = io.get_untrusted_types(file=path)
    unknown = sorted(set(found) - set(KNOWN))
    if unknown:
        raise ValueError(
            'The model was not loaded: it names what was not known as harmless when it was released: '
            + ', '.join(unknown)
            + '. Look at what that does. If you trust it, load the file by yourself and name it: '
            + 'skops.io.load(file, trusted=[...]).'
        )
    return io.load(path, trusted=found)
"
    )
}

impl Loader {
    /// Name of the module that loads the model. MLflow puts `code` on the path and imports it, and Python imports a name once: a process
    /// that loads two models must not load the second with the code of the first. So one name stands for one text.
    fn module(source: &str) -> String {
        let hash = source
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        format!("proofmark_loader_{hash:016x}")
    }
}

/// The files beside a model that make `mlflow.pyfunc.load_model` work on its folder. `file` is the model's own name in the
/// folder. `None` if no loader can be made for its format.
///
/// No signature is written: what a model file says about its inputs is names at most, and MLflow would refuse
/// data for a type that was guessed.
pub fn mlflow_files(file: &str, facts: &ReleaseFacts<'_>) -> Option<Vec<TextFile>> {
    let model = facts.model?;
    let loader = Loader::of(&model.format)?;
    let packages = facts.packages();
    let mut needed: Vec<String> = loader.packages().iter().map(|it| (*it).to_owned()).collect();
    let framework = model.framework.clone().filter(|it| !needed.contains(it));
    needed.extend(framework.filter(|name| name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))));
    // Estimators were fitted on arrays and frames of a certain version.
    needed.extend(
        ["numpy", "pandas", "scipy"].iter().filter(|it| packages.contains_key(**it)).map(|it| (*it).to_owned()),
    );
    let version = |name: &str| {
        let own = model.framework.as_deref().filter(|it| *it == name).and(model.framework_version.clone());
        packages.get(name).cloned().or(own)
    };
    let requirements: String = needed
        .iter()
        .map(|name| version(name).map_or_else(|| format!("{name}\n"), |version| format!("{name}=={version}\n")))
        .collect();
    let python = facts.python();
    let uuid: String = facts
        .manifest
        .files
        .iter()
        .find(|it| it.path == file)
        .map_or_else(|| "0".repeat(32), |it| it.digest.hex().chars().take(32).collect());
    let source = loader.source(model);
    let module = Loader::module(&source);
    let mut mlmodel = format!(
        "flavors:\n  python_function:\n    code: code\n    data: {}\n    env:\n      virtualenv: python_env.yaml\n    loader_module: {module}\n",
        quoted(file)
    );
    if let Some(python) = &python {
        mlmodel.push_str(&format!("    python_version: {}\n", quoted(python)));
    }
    mlmodel.push_str(&format!("model_uuid: {uuid}\n"));
    let mut environment = String::new();
    if let Some(python) = &python {
        environment.push_str(&format!("python: {}\n", quoted(python)));
    }
    environment.push_str("dependencies:\n- -r requirements.txt\n");
    let text = |path: &str, text: String| TextFile { path: path.to_owned(), text };
    Some(vec![
        text("MLmodel", mlmodel),
        text(
            &format!("code/{module}.py"),
            format!(
                "\"\"\"Loads the model beside it for MLflow. Written by Proofmark when the model was submitted.\"\"\"\n\n{source}"
            ),
        ),
        text("python_env.yaml", environment),
        text("requirements.txt", requirements),
    ])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::collections::BTreeSet;

    use super::*;

    fn facts(harmless_types: &[&str]) -> ModelFacts {
        let blank = serde_json::json!({
            "format": "skops", "framework": null, "framework_version": null, "class": null, "steps": [], "parameters": {},
            "features_in": null, "outputs": null, "classes": null, "signature": null,
            "environment": {"python": null, "packages": {}}, "training": {}, "harmless_types": harmless_types,
            "safety": {"verdict": "safe", "reasons": []},
        });
        serde_json::from_value(blank).unwrap()
    }

    #[test]
    fn no_two_loaders_share_a_module() {
        let all = [Loader::Joblib, Loader::Skops, Loader::Xgboost, Loader::Lightgbm, Loader::Catboost, Loader::Onnx];
        let model = facts(&[]);
        let other = Loader::Skops.source(&facts(&["sklearn.linear_model._base.LinearRegression"]));
        let sources = all.iter().map(|it| it.source(&model)).chain([other]);
        let modules: BTreeSet<String> = sources.map(|source| Loader::module(&source)).collect();
        assert_eq!(modules.len(), all.len() + 1, "{modules:?}");
        let plain = |it: &String| it.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        assert!(modules.iter().all(plain), "each is a name in Python: {modules:?}");
    }

    #[test]
    fn the_loader_of_skops_trusts_what_was_known_and_takes_no_code_from_names() {
        let source =
            Loader::Skops.source(&facts(&["sklearn.svm._classes.SVC", "sklearn.x'); import os; ('", "a.b\nimport os"]));
        assert!(source.contains("    'sklearn.svm._classes.SVC',\n]"), "{source}");
        assert!(!source.contains("import os"), "{source}");
        assert!(!source.contains("trusted=io.get_untrusted_types"), "all that the file names: {source}");
    }
}

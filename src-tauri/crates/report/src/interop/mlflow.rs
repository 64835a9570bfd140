//! Makes a model loadable by MLflow that was not logged with it.

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

    const fn source(self) -> &'static str {
        match self {
            Self::Joblib => {
                "import joblib


def _load_pyfunc(path):
    return joblib.load(path)
"
            }
            Self::Skops => {
                "from skops import io


def _load_pyfunc(path):
    # Types were looked at when the model was released; what is not on the list of skops is named here.
    return io.load(path, trusted=io.get_untrusted_types(file=path))
"
            }
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
        }
    }
}

impl Loader {
    /// Name of the module that loads the model. MLflow puts `code` on the path and imports it, and Python imports a name once: a process
    /// that loads two models must not load the second with the code of the first. So one name stands for one text.
    fn module(self) -> String {
        let hash = self
            .source()
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
    let module = loader.module();
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
                "\"\"\"Loads the model beside it for MLflow. Written by Proofmark when the model was submitted.\"\"\"\n\n{}",
                loader.source()
            ),
        ),
        text("python_env.yaml", environment),
        text("requirements.txt", requirements),
    ])
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_two_loaders_share_a_module() {
        let all = [Loader::Joblib, Loader::Skops, Loader::Xgboost, Loader::Lightgbm, Loader::Catboost, Loader::Onnx];
        let modules: BTreeSet<String> = all.iter().map(|it| it.module()).collect();
        assert_eq!(modules.len(), all.len(), "{modules:?}");
        let plain = |it: &String| it.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        assert!(modules.iter().all(plain), "each is a name in Python: {modules:?}");
    }
}

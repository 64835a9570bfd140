//! Pieces of evidence, and how they add up.

use std::collections::BTreeSet;

use super::scene::{ModelTraits, Source};
use crate::lineage::Reason;

/// Evidence about one hypothesis, in the order in which it was found.
#[derive(Debug, Clone, Default)]
pub(super) struct Evidence {
    pub(super) reasons: Vec<Reason>,
}

impl Evidence {
    pub(super) fn add(&mut self, name: &str, weight: f64, why: impl Into<String>) {
        self.reasons.push(Reason { name: name.to_owned(), weight, why: why.into() });
    }

    /// Log-odds.
    pub(super) fn sum(&self) -> f64 {
        self.reasons.iter().map(|reason| reason.weight).sum()
    }
}

/// 0..1 from log-odds.
pub(super) fn chance(log_odds: f64) -> f64 {
    1.0 / (1.0 + (-log_odds).exp())
}

/// Words in a path that say: this is not the one that is in use.
const SET_ASIDE: [&str; 16] = [
    "old",
    "backup",
    "bak",
    "copy",
    "archive",
    "archived",
    "deprecated",
    "legacy",
    "unused",
    "obsolete",
    "scratch",
    "tmp",
    "draft",
    "untitled",
    "sandbox",
    "attic",
];

/// The words of a path's last part, or of all of it.
pub(super) fn words(path: &str) -> BTreeSet<String> {
    let mut words = BTreeSet::new();
    let mut word = String::new();
    for letter in path.chars().chain(std::iter::once('/')) {
        if letter.is_alphabetic() {
            word.extend(letter.to_lowercase());
        } else if !word.is_empty() {
            words.insert(std::mem::take(&mut word));
        }
    }
    words
}

/// Whether a path says that it was set aside: `train_old.py`, `archive/train.py`, `train-Copy1.ipynb`.
pub(super) fn is_set_aside(path: &str) -> bool {
    words(path).iter().any(|word| SET_ASIDE.contains(&word.as_str()))
}

/// Whether a path is that of a test.
pub(super) fn is_test(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let in_folder =
        path.rsplit_once('/').is_some_and(|(folder, _)| folder.split('/').any(|it| it == "tests" || it == "test"));
    name.starts_with("test_") || name.ends_with("_test.py") || name == "conftest.py" || in_folder
}

/// The package that a framework is imported under.
const IMPORTED_AS: [(&str, &[&str]); 14] = [
    ("scikit-learn", &["sklearn", "imblearn", "pycaret"]),
    ("sklearn", &["sklearn", "imblearn", "pycaret"]),
    ("xgboost", &["xgboost"]),
    ("lightgbm", &["lightgbm"]),
    ("catboost", &["catboost"]),
    ("pytorch", &["torch", "lightning", "pytorch_lightning", "transformers"]),
    ("torch", &["torch", "lightning", "pytorch_lightning", "transformers"]),
    ("keras", &["keras", "tensorflow", "tf_keras"]),
    ("tensorflow", &["tensorflow", "keras"]),
    ("onnx", &["onnx", "skl2onnx", "torch", "onnxmltools", "tf2onnx"]),
    ("statsmodels", &["statsmodels"]),
    ("prophet", &["prophet", "fbprophet"]),
    ("spacy", &["spacy"]),
    ("transformers", &["transformers"]),
];

/// What the model file says about itself, held against the code.
pub(super) fn weigh_model(model: &ModelTraits, source: &Source, evidence: &mut Evidence) {
    let short = |class: &str| class.rsplit('.').next().unwrap_or(class).to_owned();
    let made: BTreeSet<String> = source.classes.iter().map(|it| short(it)).collect();
    let held: Vec<String> = model.classes.iter().map(|it| short(it)).collect();
    let shared: Vec<&String> = held.iter().filter(|class| made.contains(*class)).collect();
    // A pipeline or search wraps what matters, so only a class that nobody wraps in can be missing.
    let wrappers = ["Pipeline", "ColumnTransformer", "GridSearchCV", "RandomizedSearchCV", "dict", "list", "Booster"];
    let telling = held.iter().any(|class| !wrappers.contains(&class.as_str()));
    if let Some(class) = shared.first() {
        let wraps = wrappers.contains(&class.as_str()) && shared.len() == 1;
        evidence.add(
            "class",
            if wraps { 0.3 } else { 1.5 },
            format!("the model is a {class}, which {} makes", source.path),
        );
    } else if telling && !made.is_empty() && !held.is_empty() {
        let class = held.iter().find(|it| !wrappers.contains(&it.as_str())).map_or("", String::as_str);
        let made: Vec<&str> = made.iter().take(3).map(String::as_str).collect();
        evidence.add("class", -2.0, format!("the model is a {class}, and {} makes {}", source.path, made.join(", ")));
    }
    let Some(framework) = &model.framework else { return };
    let lower = framework.to_lowercase();
    let Some((_, packages)) = IMPORTED_AS.iter().find(|(name, _)| *name == lower) else { return };
    if source.packages.is_empty() {
        return;
    }
    match packages.iter().find(|it| source.packages.contains(**it)) {
        Some(package) => evidence.add(
            "framework",
            0.4,
            format!("{} imports {package}, and the model is of {framework}", source.path),
        ),
        None => evidence.add(
            "framework",
            -1.5,
            format!("the model is of {framework}, which {} does not import", source.path),
        ),
    }
}

/// How many of a model's features are columns of a table: all, some, or none. `None` if the model does not say.
pub(super) fn features_in(model: &ModelTraits, columns: &[String]) -> Option<(usize, usize)> {
    // Numbered features say nothing about names.
    let is_numbered = |name: &str| {
        let rest = name.trim_start_matches(|letter: char| letter.is_alphabetic() || letter == '_');
        !rest.is_empty()
            && rest.bytes().all(|byte| byte.is_ascii_digit())
            && name.to_lowercase().trim_end_matches(rest).len() <= 8
    };
    if model.features.is_empty() || model.features.iter().all(|name| is_numbered(name)) {
        return None;
    }
    let columns: BTreeSet<&str> = columns.iter().map(String::as_str).collect();
    let found = model
        .features
        .iter()
        .filter(|feature| columns.contains(feature.as_str()) || columns.contains(bare(feature)))
        .count();
    Some((found, model.features.len()))
}

/// A feature without the prefix of the step that made it: `num__age` is `age`.
pub fn bare(feature: &str) -> &str {
    feature.rsplit("__").next().unwrap_or(feature)
}

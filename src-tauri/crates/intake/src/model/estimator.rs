//! What a graph of values says about the estimator in it.
//!
//! The graph comes from a pickle or from a skops file. An estimator keeps its hyperparameters in public attributes and
//! what it learned in attributes that end with an underscore; that is the convention of scikit-learn, followed by
//! XGBoost, LightGBM, imbalanced-learn and most others.

use proofmark_domain::model::{ModelFacts, ModelPart};
use serde_json::Value;

use super::facts::framework;
use super::pickle::array;
use super::pickle::graph::{Graph, Id, Node};
use super::{Limits, catboost, lightgbm, xgboost, xgboost_binary};

/// How deep estimators may contain estimators.
const DEPTH: u8 = 12;
/// What fitting leaves behind, by scikit-learn's names, that says how it went.
const LEARNED: [&str; 30] = [
    "C_",
    "alpha_",
    "best_index_",
    "best_iteration_",
    "best_loss_",
    "best_params_",
    "best_score_",
    "best_validation_score_",
    "converged_",
    "inertia_",
    "l1_ratio_",
    "loss_",
    "lower_bound_",
    "n_clusters_",
    "n_components_",
    "n_estimators_",
    "n_features_",
    "n_features_in_",
    "n_iter_",
    "n_layers_",
    "n_leaves_",
    "n_outputs_",
    "n_samples_",
    "n_samples_fit_",
    "n_samples_seen_",
    "n_splits_",
    "n_trees_per_iteration_",
    "oob_score_",
    "reconstruction_err_",
    "refit_time_",
];
/// How many steps and parameters are listed.
const LISTED: usize = 2_000;

/// Fills in what the graph under `root` holds.
pub(crate) fn describe(graph: &Graph, root: Id, facts: &mut ModelFacts, limits: &Limits) {
    let reader = Reader { graph, limits };
    facts.class = reader.class_path(root);
    if reader.is_estimator(root) {
        reader.estimator(root, facts);
        return;
    }
    // Models are often stored in a dictionary or tuple together with what belongs to them.
    let members = reader.members(root);
    let estimators: Vec<&(String, Id)> = members.iter().filter(|(_, id)| reader.is_estimator(*id)).collect();
    if let [(name, id)] = estimators.as_slice() {
        facts.class = reader.container(root);
        let mut inner = super::facts::blank("");
        reader.estimator(*id, &mut inner);
        facts.steps = reader.class_path(*id).into_iter().chain(inner.steps).collect();
        facts.parts = reader.part(name, *id, None, DEPTH).into_iter().collect();
        facts.parameters = inner.parameters.into_iter().map(|(key, value)| (format!("{name}__{key}"), value)).collect();
        facts.features_in = inner.features_in;
        facts.outputs = inner.outputs;
        facts.classes = inner.classes;
        facts.framework = inner.framework;
        facts.framework_version = inner.framework_version;
        facts.environment = inner.environment;
        facts.training = inner.training;
    } else {
        facts.class = facts.class.take().or_else(|| reader.container(root));
        for (name, id) in estimators {
            let Some(class) = reader.class_path(*id) else { continue };
            let mut inner = super::facts::blank("");
            reader.estimator(*id, &mut inner);
            facts.parts.extend(reader.part(name, *id, None, DEPTH));
            facts.steps.push(class);
            facts.steps.extend(inner.steps);
            let prefixed = inner.parameters.into_iter().map(|(key, value)| (format!("{name}__{key}"), value));
            facts.parameters.extend(prefixed);
            facts.framework = facts.framework.take().or(inner.framework);
            facts.framework_version = facts.framework_version.take().or(inner.framework_version);
            facts.environment.packages.extend(inner.environment.packages);
        }
    }
}

struct Reader<'g> {
    graph: &'g Graph,
    limits: &'g Limits,
}

impl Reader<'_> {
    fn class_path(&self, id: Id) -> Option<String> {
        self.graph.class(id).map(|class| class.path())
    }

    fn container(&self, id: Id) -> Option<String> {
        let name = match self.graph.get(id) {
            Node::Dict(_) => "dict",
            Node::List(_) => "list",
            Node::Tuple(_) => "tuple",
            Node::Set(_) => "set",
            _ => return None,
        };
        Some(format!("builtins.{name}"))
    }

    fn members(&self, id: Id) -> Vec<(String, Id)> {
        if let Some(entries) = self.graph.entries(id) {
            let named = entries.iter().filter_map(|(key, value)| Some((self.graph.text(*key)?.to_owned(), *value)));
            return named.take(LISTED).collect();
        }
        let elements = self.graph.elements(id).unwrap_or_default();
        elements.iter().take(LISTED).enumerate().map(|(at, value)| (at.to_string(), *value)).collect()
    }

    fn is_estimator(&self, id: Id) -> bool {
        let Some(class) = self.graph.class(id) else { return false };
        let known = framework(&class.module).is_some() && !self.graph.attributes(id).is_empty();
        known
            || ["_sklearn_version", "n_features_in_", "classes_"]
                .iter()
                .any(|name| self.graph.attribute(id, name).is_some())
    }

    fn estimator(&self, id: Id, facts: &mut ModelFacts) {
        if let Some(class) = self.graph.class(id) {
            facts.framework = framework(&class.module).map(str::to_owned);
        }
        self.parameters(id, "", facts, DEPTH);
        facts.parts = self.parts(id, DEPTH);
        facts.features_in = self.features(id, DEPTH);
        facts.classes = self.classes(id, DEPTH);
        if let Some(version) = self.version(id, DEPTH) {
            facts.environment.packages.insert("scikit-learn".to_owned(), version.clone());
            if matches!(facts.framework.as_deref(), None | Some("scikit-learn")) {
                facts.framework = Some("scikit-learn".to_owned());
                facts.framework_version = Some(version);
            }
        }
        for name in LEARNED {
            let value = self.graph.attribute(id, name).and_then(|value| array::json(self.graph, value, 4));
            if let Some(value) = value.filter(|value| !value.is_null()) {
                facts.training.insert(name.to_owned(), value);
            }
        }
        if !facts.training.contains_key("n_features_in_")
            && let Some(count) = self.count(id, DEPTH)
        {
            facts.training.insert("n_features_in_".to_owned(), Value::from(count));
        }
        self.booster(id, facts);
        self.catboost(id, facts);
    }

    /// What the model of CatBoost inside its wrapper says.
    fn catboost(&self, id: Id, facts: &mut ModelFacts) {
        let Some(holder) = self.catboost_holder(id, DEPTH) else { return };
        let Some(bytes) = self.graph.attribute(holder, "__model").and_then(|model| array::raw(self.graph, model))
        else {
            return;
        };
        let mut inner = super::facts::blank("");
        if catboost::describe(&bytes, &mut inner).is_none() {
            return;
        }
        let own = holder == id;
        facts.classes = facts.classes.take().or(inner.classes);
        if own || facts.features_in.is_none() && self.first_step(id) == Some(holder) {
            facts.features_in = facts.features_in.take().or(inner.features_in);
        }
        for (key, value) in inner.training {
            facts.training.entry(key).or_insert(value);
        }
        facts.environment.packages.extend(inner.environment.packages);
        if own {
            // The wrapper holds what was given; the model also holds what CatBoost settled on.
            for (key, value) in inner.parameters {
                facts.parameters.entry(key).or_insert(value);
            }
            facts.framework_version = inner.framework_version;
        }
    }

    fn catboost_holder(&self, id: Id, depth: u8) -> Option<Id> {
        let depth = depth.checked_sub(1)?;
        if self.graph.class(id).is_some_and(|class| class.module.starts_with("catboost")) {
            return Some(id);
        }
        let inner = self.last_step(id).or_else(|| self.graph.attribute(id, "best_estimator_"))?;
        self.catboost_holder(inner, depth)
    }

    /// The attributes that are hyperparameters, by the convention that public ones without a trailing underscore are.
    fn own_parameters(&self, id: Id) -> impl Iterator<Item = (&str, Id)> {
        let class = self.graph.class(id).map(|class| &*class.name).unwrap_or_default();
        // Forests keep the tree they are made of where others keep a parameter.
        let is_forest = ["RandomForest", "ExtraTreesC", "ExtraTreesR", "RandomTrees", "Isolation"]
            .iter()
            .any(|start| class.starts_with(start));
        self.graph.attributes(id).iter().filter_map(move |(key, value)| {
            let name = self.graph.text(*key)?;
            let hidden = name.starts_with('_') || name.ends_with('_') || name == "estimator_params";
            let of_forest = is_forest && matches!(name, "estimator" | "base_estimator");
            (!hidden && !of_forest).then_some((name, *value))
        })
    }

    /// Hyperparameters and steps. An estimator inside contributes its class to the steps and its own
    /// hyperparameters as `step__name`.
    fn parameters(&self, id: Id, prefix: &str, facts: &mut ModelFacts, depth: u8) {
        if depth == 0 || facts.parameters.len() > LISTED || facts.steps.len() > LISTED {
            return;
        }
        // XGBoost and LightGBM keep what their constructors do not name in a dictionary.
        for name in ["kwargs", "_other_params"] {
            let others = self.graph.attribute(id, name).and_then(|others| self.graph.entries(others));
            for (other, value) in others.unwrap_or_default() {
                if let (Some(other), Some(value)) = (self.graph.text(*other), array::json(self.graph, *value, 4)) {
                    facts.parameters.insert(format!("{prefix}{other}"), value);
                }
            }
        }
        // Before version 1.1 this vectoriser kept some of its parameters in the transformer that it uses.
        if let Some(inner) = self.graph.attribute(id, "_tfidf").filter(|inner| self.is_estimator(*inner)) {
            self.parameters(inner, prefix, facts, depth - 1);
        }
        for (name, value) in self.own_parameters(id) {
            if self.is_estimator(value) {
                self.step(name, value, prefix, facts, depth);
                continue;
            }
            let named = self.named_estimators(value);
            if !named.is_empty() {
                for (step, inner) in named {
                    self.step(&step, inner, prefix, facts, depth);
                }
                continue;
            }
            if let Some(value) = array::json(self.graph, value, 5) {
                facts.parameters.insert(format!("{prefix}{name}"), value);
            }
        }
    }

    /// What an estimator is composed of, as a tree.
    fn parts(&self, id: Id, depth: u8) -> Vec<ModelPart> {
        let Some(depth) = depth.checked_sub(1) else { return Vec::new() };
        let mut found = Vec::new();
        for (name, value) in self.own_parameters(id) {
            if found.len() > LISTED {
                break;
            }
            if self.is_estimator(value) {
                found.extend(self.part(name, value, None, depth));
                continue;
            }
            if self.named_estimators(value).is_empty() {
                continue;
            }
            // A fitted column transformer knows which columns it dealt out; before that there may only be a rule for it.
            let fitted = (name == "transformers").then(|| self.graph.attribute(id, "transformers_")).flatten();
            let items = fitted.and_then(|fitted| self.graph.elements(fitted)).or_else(|| self.graph.elements(value));
            for item in items.unwrap_or_default().iter().take(LISTED) {
                let step = self.graph.elements(*item).unwrap_or_default();
                if let [name, inner, rest @ ..] = step
                    && let Some(name) = self.graph.text(*name)
                {
                    found.extend(self.part(name, *inner, rest.first().copied(), depth));
                }
            }
        }
        found
    }

    fn part(&self, name: &str, id: Id, columns: Option<Id>, depth: u8) -> Option<ModelPart> {
        let word = columns.and_then(|_| self.graph.text(id));
        let class = match word {
            Some(word) => word.to_owned(),
            None => self.class_path(id)?,
        };
        let columns = columns.and_then(|columns| match self.graph.text(columns) {
            Some(single) => Some(vec![Value::from(single)]),
            None => array::elements(self.graph, columns, 1 << 16),
        });
        Some(ModelPart { name: name.to_owned(), class, columns, parts: self.parts(id, depth) })
    }

    fn step(&self, name: &str, id: Id, prefix: &str, facts: &mut ModelFacts, depth: u8) {
        facts.steps.extend(self.class_path(id));
        self.parameters(id, &format!("{prefix}{name}__"), facts, depth - 1);
    }

    /// The estimators of a list of `(name, estimator)` or `(name, estimator, columns)`. One that is known makes all of them
    /// estimators: people write steps of their own, whose classes nobody else knows.
    fn named_estimators(&self, id: Id) -> Vec<(String, Id)> {
        let Node::List(items) = self.graph.get(id) else { return Vec::new() };
        let named = items.iter().take(LISTED).filter_map(|item| {
            let parts = self.graph.elements(*item)?;
            let name = self.graph.text(*parts.first()?)?.to_owned();
            parts.get(1).filter(|inner| self.graph.class(**inner).is_some()).map(|inner| (name, *inner))
        });
        let named: Vec<(String, Id)> = named.collect();
        if named.iter().any(|(_, inner)| self.is_estimator(*inner)) { named } else { Vec::new() }
    }

    fn first_step(&self, id: Id) -> Option<Id> {
        let steps = self.graph.attribute(id, "steps").or_else(|| self.graph.attribute(id, "transformer_list"))?;
        let steps = self.graph.elements(steps)?;
        steps
            .iter()
            .filter_map(|step| self.graph.elements(*step)?.get(1).copied())
            .find(|step| self.is_estimator(*step))
    }

    fn last_step(&self, id: Id) -> Option<Id> {
        let steps = self.graph.elements(self.graph.attribute(id, "steps")?)?;
        self.graph.elements(*steps.last()?)?.get(1).copied()
    }

    fn features(&self, id: Id, depth: u8) -> Option<Vec<String>> {
        let depth = depth.checked_sub(1)?;
        for name in ["feature_names_in_", "_feature_names_in"] {
            if let Some(found) =
                self.graph.attribute(id, name).and_then(|value| array::elements(self.graph, value, 1 << 20))
            {
                return Some(super::facts::names(&found));
            }
        }
        if let Some(first) = self.first_step(id) {
            return self.features(first, depth);
        }
        let best = self.graph.attribute(id, "best_estimator_")?;
        self.features(best, depth)
    }

    fn count(&self, id: Id, depth: u8) -> Option<i64> {
        let depth = depth.checked_sub(1)?;
        let own = ["n_features_in_", "_n_features_in"].iter().find_map(|name| self.graph.attribute(id, name));
        if let Some(count) = own {
            return array::json(self.graph, count, 2)?.as_i64();
        }
        self.first_step(id)
            .or_else(|| self.graph.attribute(id, "best_estimator_"))
            .and_then(|inner| self.count(inner, depth))
    }

    fn classes(&self, id: Id, depth: u8) -> Option<Vec<Value>> {
        let depth = depth.checked_sub(1)?;
        for name in ["classes_", "_classes"] {
            if let Some(found) =
                self.graph.attribute(id, name).and_then(|value| array::elements(self.graph, value, 100_000))
            {
                return Some(found);
            }
        }
        // XGBoost numbers its classes from zero and stores only how many there are.
        if self.graph.class(id).is_some_and(|class| class.module.starts_with("xgboost."))
            && let Some(count) =
                self.graph.attribute(id, "n_classes_").and_then(|count| array::json(self.graph, count, 2)?.as_u64())
        {
            return (count <= 100_000).then(|| (0..count).map(Value::from).collect());
        }
        let inner = self.last_step(id).or_else(|| {
            ["best_estimator_", "estimator_", "label_binarizer_"].iter().find_map(|name| self.graph.attribute(id, name))
        })?;
        self.classes(inner, depth)
    }

    /// The version of scikit-learn, in the estimator or in the first one inside that holds it.
    fn version(&self, id: Id, depth: u8) -> Option<String> {
        let depth = depth.checked_sub(1)?;
        if let Some(version) = self.graph.attribute(id, "_sklearn_version").and_then(|value| self.graph.text(value)) {
            return Some(version.to_owned());
        }
        self.graph.attributes(id).iter().take(LISTED).find_map(|(_, value)| {
            if self.is_estimator(*value) {
                return self.version(*value, depth);
            }
            self.named_estimators(*value).iter().find_map(|(_, inner)| self.version(*inner, depth))
        })
    }

    /// What the booster of XGBoost or LightGBM inside a wrapper or pipeline says.
    fn booster(&self, id: Id, facts: &mut ModelFacts) {
        let Some(holder) = self.booster_holder(id, DEPTH) else { return };
        let own = holder == id;
        let booster = self.graph.attribute(holder, "_Booster").unwrap_or(holder);
        let Some(class) = self.graph.class(booster) else { return };
        let mut inner = super::facts::blank("");
        if class.module.starts_with("xgboost") {
            let Some(bytes) = self.graph.attribute(booster, "handle").and_then(|handle| array::raw(self.graph, handle))
            else {
                return;
            };
            match xgboost::parse(&bytes, self.limits) {
                Ok(document) => xgboost::describe(document.get("Model").unwrap_or(&document), &mut inner),
                Err(_) => xgboost_binary::describe(&bytes, &mut inner),
            }
            if inner.features_in.is_none() {
                inner.features_in = self
                    .graph
                    .attribute(booster, "feature_names")
                    .and_then(|names| array::elements(self.graph, names, 1 << 20))
                    .map(|names| super::facts::names(&names));
            }
            if let Some(version) = &inner.framework_version {
                facts.environment.packages.insert("xgboost".to_owned(), version.clone());
            }
        } else if class.module.starts_with("lightgbm") {
            let handle = ["_handle", "handle", "model_str", "_model_str"]
                .iter()
                .find_map(|name| self.graph.attribute(booster, name));
            let Some(text) = handle.and_then(|handle| self.graph.text(handle)) else { return };
            lightgbm::describe(text, &mut inner);
        } else {
            return;
        }
        for (key, value) in inner.training {
            facts.training.entry(key).or_insert(value);
        }
        if own || facts.features_in.is_none() && self.first_step(id) == Some(holder) {
            facts.features_in = facts.features_in.take().or(inner.features_in);
        }
        if own {
            facts.framework = inner.framework;
            facts.framework_version = inner.framework_version;
        }
        if own && facts.class.as_deref().is_some_and(|class| class.ends_with(".Booster")) {
            facts.parameters = inner.parameters;
        }
    }

    fn booster_holder(&self, id: Id, depth: u8) -> Option<Id> {
        let depth = depth.checked_sub(1)?;
        let is_booster = |id: Id| self.graph.class(id).is_some_and(|class| &*class.name == "Booster");
        if is_booster(id) || self.graph.attribute(id, "_Booster").is_some_and(is_booster) {
            return Some(id);
        }
        let inner = self.last_step(id).or_else(|| self.graph.attribute(id, "best_estimator_"))?;
        self.booster_holder(inner, depth)
    }
}

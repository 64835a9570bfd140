//! Models: what is made, what it is trained on, where it is saved.

use std::rc::Rc;

use super::eval::Analysis;
use super::facts::{FlowKind, ModelFit};
use super::frame::{Frame, Series, flows_into};
use super::names;
use super::values::{Val, add, keyword, path_text};

/// Libraries whose classes are models and their parts.
const LIBRARIES: [&str; 23] = [
    "sklearn",
    "xgboost",
    "lightgbm",
    "catboost",
    "imblearn",
    "keras",
    "torch",
    "tensorflow",
    "statsmodels",
    "prophet",
    "fbprophet",
    "category_encoders",
    "feature_engine",
    "autogluon",
    "cuml",
    "skorch",
    "lifelines",
    "pmdarima",
    "ngboost",
    "flaml",
    "tpot",
    "umap",
    "hdbscan",
];

/// A model, a transformer, a pipeline of them, or the training set of a library.
#[derive(Debug, Clone, Default)]
pub(super) struct Model<'a> {
    /// Its class, with the library; empty when it was loaded.
    pub(super) class: Rc<str>,
    /// Columns that a column transformer takes, by name.
    picks: Option<Vec<Rc<str>>>,
    /// Whether it takes all others as well.
    rest: bool,
    /// The steps of a pipeline, or what a search trains.
    inner: Vec<usize>,
    /// What it is going to be trained on, as of a training set: features and label.
    data: Option<(Val<'a>, Option<Val<'a>>)>,
    /// The name of the column that is to be predicted, when it was told that.
    label: Option<Rc<str>>,
    /// Its training.
    fit: Option<usize>,
    /// Writes of it before it was trained.
    writes: Vec<usize>,
}

impl<'a> Analysis<'a> {
    fn model(&mut self, model: Model<'a>) -> Val<'a> {
        if self.models.len() > 10_000 {
            return Val::Unknown;
        }
        self.models.push(model);
        Val::Model(self.models.len() - 1)
    }

    pub(super) fn loaded_model(&mut self, _read: Option<usize>) -> Val<'a> {
        self.model(Model::default())
    }

    /// Functions and classes of libraries that train. `None` for all others.
    pub(super) fn learning_function(
        &mut self,
        name: &str,
        args: &[Val<'a>],
        keywords: &[(String, Val<'a>)],
        line: u32,
    ) -> Option<Val<'a>> {
        let (module, last) = name.rsplit_once('.').unwrap_or(("", name));
        let root = module.split('.').next().unwrap_or("");
        if last == "train_test_split" {
            if let Some(second) = args.get(1) {
                self.note_target(second);
            }
            for key in ["stratify"] {
                if let Some(Val::Series(series)) = keyword(keywords, key)
                    && let (Some(at), Some(name)) = (series.table, series.name.clone())
                {
                    self.use_columns(at, &[name]);
                }
            }
            let parts = args.iter().flat_map(|arg| [arg.clone(), arg.clone()]).collect();
            return Some(Val::list(parts));
        }
        if matches!(last, "DMatrix" | "Dataset" | "Pool" | "QuantileDMatrix" | "DaskDMatrix")
            && matches!(root, "xgboost" | "lightgbm" | "catboost")
        {
            let features = args.first().or_else(|| keyword(keywords, "data")).cloned().unwrap_or_default();
            let label = keyword(keywords, "label").or(args.get(1)).cloned();
            if let Some(label) = &label {
                self.note_target(label);
            }
            return Some(self.model(Model { class: name.into(), data: Some((features, label)), ..Model::default() }));
        }
        if matches!((root, last), ("xgboost" | "lightgbm" | "catboost", "train" | "cv")) {
            let set = args
                .get(1)
                .or_else(|| keyword(keywords, "dtrain"))
                .or_else(|| keyword(keywords, "train_set"))
                .or_else(|| keyword(keywords, "pool"))
                .cloned();
            let set = set.or_else(|| args.first().filter(|_| root == "catboost").cloned());
            let class = match root {
                "xgboost" => "xgboost.Booster",
                "lightgbm" => "lightgbm.Booster",
                _ => "catboost.CatBoost",
            };
            let model = self.model(Model { class: class.into(), ..Model::default() });
            if let (Val::Model(at), Some(Val::Model(set))) = (&model, &set)
                && let Some((features, label)) = self.models[*set].data.clone()
            {
                self.fit(Some(*at), &features, label.as_ref(), name, line);
            }
            return Some(model);
        }
        if matches!(
            last,
            "cross_val_score"
                | "cross_validate"
                | "cross_val_predict"
                | "learning_curve"
                | "validation_curve"
                | "permutation_test_score"
        ) && root == "sklearn"
        {
            let model = args.first().or_else(|| keyword(keywords, "estimator"));
            let features = args.get(1).or_else(|| keyword(keywords, "X")).cloned().unwrap_or_default();
            let target = args.get(2).or_else(|| keyword(keywords, "y")).cloned();
            let model = if let Some(Val::Model(at)) = model { Some(*at) } else { None };
            self.fit(model, &features, target.as_ref(), last, line);
            return Some(match last {
                "cross_val_predict" => self.mixed(&[&features]),
                _ => Val::Unknown,
            });
        }
        if root == "statsmodels"
            && matches!(
                last,
                "ols" | "logit" | "glm" | "probit" | "poisson" | "wls" | "gls" | "mixedlm" | "rlm" | "negativebinomial"
            )
        {
            return Some(self.formula(name, args, keywords));
        }
        if root == "statsmodels" && matches!(last, "OLS" | "Logit" | "GLM" | "WLS" | "Probit" | "Poisson" | "RLM") {
            let target = args.first().or_else(|| keyword(keywords, "endog")).cloned();
            let features = args.get(1).or_else(|| keyword(keywords, "exog")).cloned().unwrap_or_default();
            add(&mut self.facts.model_classes, name);
            return Some(self.model(Model { class: name.into(), data: Some((features, target)), ..Model::default() }));
        }
        if root == "statsmodels" && last == "add_constant" {
            return args.first().cloned();
        }
        if root == "sklearn" && (module == "sklearn.datasets" || module == "sklearn.metrics") {
            if let (true, [truth, ..]) = (module == "sklearn.metrics", args) {
                self.note_target(truth);
            }
            return Some(Val::Unknown);
        }
        let made = matches!(last, "make_pipeline" | "make_column_transformer" | "make_union" | "make_imb_pipeline");
        let class = last.starts_with(|first: char| first.is_ascii_uppercase());
        if !LIBRARIES.contains(&root) || !(class || made) {
            return None;
        }
        if class {
            add(&mut self.facts.model_classes, name);
        }
        let mut model = Model { class: name.into(), ..Model::default() };
        if last == "ColumnTransformer" || last == "make_column_transformer" {
            self.transformer_columns(&mut model, args, keywords);
        } else {
            let mut values: Vec<Val<'a>> = args.to_vec();
            values.extend(
                [
                    "steps",
                    "estimator",
                    "base_estimator",
                    "estimators",
                    "transformer_list",
                    "regressor",
                    "classifier",
                    "final_estimator",
                    "model",
                ]
                .iter()
                .filter_map(|key| keyword(keywords, key))
                .cloned(),
            );
            for value in &values {
                models_in(value, &mut model.inner, 4);
            }
        }
        model.label =
            ["label", "target", "target_column"].iter().find_map(|key| keyword(keywords, key)?.as_text().cloned());
        if let Some(label) = &model.label {
            self.setting.get_or_insert_with(|| label.to_string());
        }
        Some(self.model(model))
    }

    fn transformer_columns(&mut self, model: &mut Model<'a>, args: &[Val<'a>], keywords: &[(String, Val<'a>)]) {
        model.rest =
            matches!(keyword(keywords, "remainder").or(args.get(1)), Some(Val::Text(rest)) if &**rest == "passthrough");
        let mut parts: Vec<Vec<Val<'a>>> = Vec::new();
        for value in args.iter().chain(keyword(keywords, "transformers")) {
            let Some(items) = value.items() else { continue };
            // One transformer, or a list of them.
            if items.iter().all(|item| matches!(item, Val::List(_))) && !items.is_empty() {
                parts.extend(items.iter().filter_map(Val::items));
            } else {
                parts.push(items);
            }
        }
        let mut picks = Vec::new();
        let mut unknown = false;
        for part in parts {
            let Some(last) = part.last() else { continue };
            let names = names::columns(last);
            unknown |= names.is_empty() && !matches!(last, Val::List(_));
            models_in(&Val::list(part.clone()), &mut model.inner, 2);
            picks.extend(names);
        }
        if !unknown {
            model.picks = Some(picks);
        }
    }

    /// `smf.ols("y ~ a + b", data=df)`.
    fn formula(&mut self, name: &str, args: &[Val<'a>], keywords: &[(String, Val<'a>)]) -> Val<'a> {
        let text = args.first().or_else(|| keyword(keywords, "formula")).and_then(path_text).unwrap_or_default();
        add(&mut self.facts.model_classes, name);
        let data = args.get(1).or_else(|| keyword(keywords, "data")).cloned();
        let (Some(Val::Table(at)), Some((left, right))) = (data, text.split_once('~')) else {
            return self.model(Model { class: name.into(), ..Model::default() });
        };
        let named =
            |text: &str| -> Vec<Rc<str>> { super::combine::identifiers(text).into_iter().map(Rc::from).collect() };
        let (target, features) = (named(left), named(right));
        let features = self.select(at, &Val::list(features.into_iter().map(Val::Text).collect()));
        let target = target.first().map(|name| self.column(at, name));
        self.model(Model { class: name.into(), data: Some((features, target)), ..Model::default() })
    }

    pub(super) fn model_attribute(&mut self, at: usize, name: &str) -> Val<'a> {
        match name {
            "best_estimator_" | "named_steps" | "estimator" | "estimator_" | "booster_" | "best_model" | "model"
            | "steps" | "base_estimator_" | "regressor_" => Val::Model(at),
            _ => Val::Unknown,
        }
    }

    pub(super) fn model_method(
        &mut self,
        at: usize,
        method: &str,
        args: &[Val<'a>],
        keywords: &[(String, Val<'a>)],
        line: u32,
    ) -> Val<'a> {
        if let Some(value) = self.writing_method(&Val::Model(at), method, args, keywords, line) {
            return match value {
                Val::Unknown => Val::Model(at),
                value => value,
            };
        }
        let first = args
            .first()
            .or_else(|| keyword(keywords, "X"))
            .or_else(|| keyword(keywords, "x"))
            .or_else(|| keyword(keywords, "train_data"))
            .or_else(|| keyword(keywords, "df"))
            .cloned();
        let second = args.get(1).or_else(|| keyword(keywords, "y")).cloned();
        match method {
            "fit" | "partial_fit" | "train" | "fit_generator" | "tune" if method != "train" || first.is_some() => {
                match (first, self.models[at].data.clone()) {
                    // A training set in the place of the features, or the data that the model was made with.
                    (Some(Val::Model(set)), _) => {
                        if let Some((features, label)) = self.models[set].data.clone() {
                            self.fit(Some(at), &features, label.as_ref(), method, line);
                        }
                    }
                    (Some(features), _) => self.fit(Some(at), &features, second.as_ref(), method, line),
                    (None, Some((features, label))) => self.fit(Some(at), &features, label.as_ref(), method, line),
                    _ => {}
                }
                Val::Model(at)
            }
            "fit_transform" | "transform" | "inverse_transform" | "fit_predict" | "texts_to_sequences"
            | "texts_to_matrix" | "preprocess" => {
                let Some(values) = first else { return Val::Unknown };
                if method.starts_with("fit") {
                    self.fit(Some(at), &values, second.as_ref(), method, line);
                }
                self.transformed(at, &values)
            }
            "fit_resample" => {
                if let Some(target) = &second {
                    self.note_target(target);
                }
                Val::list(vec![first.unwrap_or_default(), second.unwrap_or_default()])
            }
            "predict" | "predict_proba" | "decision_function" | "predict_log_proba" | "score_samples"
            | "kneighbors" => {
                let values = match first {
                    Some(Val::Model(set)) => self.models[set].data.clone().map(|(features, _)| features),
                    other => other,
                };
                let Some(values) = values else { return Val::Unknown };
                match self.mixed(&[&values]) {
                    Val::Series(series) => Val::series(Series { name: None, table: None, ..(*series).clone() }),
                    value => value,
                }
            }
            "split" => {
                if let Some(target) = &second {
                    self.note_target(target);
                }
                Val::list(vec![Val::list(vec![Val::Unknown, Val::Unknown])])
            }
            "score" | "evaluate" => {
                if let Some(target) = &second {
                    self.note_target(target);
                }
                Val::Unknown
            }
            "to" | "eval" | "cuda" | "cpu" | "half" | "set_params" | "get_booster" | "double" | "float" | "add"
            | "clone" => Val::Model(at),
            "compile" | "summary" | "parameters" | "state_dict" => Val::Unknown,
            _ => match self.callbacks(method, args, keywords, line) {
                // Whatever it is, it is made from what it was given.
                Val::Unknown => self.mixed(&args.iter().collect::<Vec<_>>()),
                value => value,
            },
        }
    }

    /// What a transformer makes of a table or column.
    fn transformed(&mut self, at: usize, values: &Val<'a>) -> Val<'a> {
        match values {
            Val::Table(table) => {
                let model = self.models[at].clone();
                let mut frame = self.tables[*table].clone();
                if let Some(picks) = model.picks.as_ref().filter(|_| !model.rest) {
                    self.use_columns(*table, picks);
                    frame = self.tables[*table].select(picks);
                }
                let class = model.class.rsplit('.').next().unwrap_or("");
                let mixes = [
                    "PCA",
                    "SVD",
                    "NMF",
                    "TSNE",
                    "UMAP",
                    "KMeans",
                    "Polynomial",
                    "Vectorizer",
                    "Hash",
                    "Projection",
                    "ICA",
                    "Discriminant",
                ]
                .iter()
                .any(|part| class.contains(part) && class != "DictVectorizer");
                if mixes && frame.is_closed() {
                    let sources = frame.all_sources().through(FlowKind::Transformation);
                    frame = Frame { rows: frame.rows, ..Frame::default() };
                    frame.set(&"*".into(), Rc::new(sources));
                    return self.table(frame);
                }
                let frame = frame.changed(FlowKind::Transformation);
                self.table(frame)
            }
            Val::Series(series) => Val::series(series.through(FlowKind::Transformation)),
            Val::List(_) => self.mixed(&[values]),
            _ => Val::Unknown,
        }
    }

    /// A training by something that is not known.
    pub(super) fn unknown_fit(
        &mut self,
        method: &str,
        args: &[Val<'a>],
        keywords: &[(String, Val<'a>)],
        line: u32,
    ) -> Val<'a> {
        let features = args.first().or_else(|| keyword(keywords, "X")).cloned().unwrap_or_default();
        let target = args.get(1).or_else(|| keyword(keywords, "y")).cloned();
        if let Some(target @ (Val::Series(_) | Val::Table(_))) = &target {
            if method == "fit_resample" {
                self.note_target(target);
                return Val::list(vec![features, target.clone()]);
            }
            self.fit(None, &features, Some(target), method, line);
        }
        match method {
            "fit_transform" => match &features {
                Val::Table(at) => {
                    let frame = self.tables[*at].changed(FlowKind::Transformation);
                    self.table(frame)
                }
                value => self.mixed(&[value]),
            },
            _ => Val::Unknown,
        }
    }

    fn last_class(&self, at: usize, depth: usize) -> Rc<str> {
        let model = &self.models[at];
        let name = model.class.rsplit('.').next().unwrap_or("");
        let wraps = matches!(name, "Pipeline" | "make_pipeline" | "TransformedTargetRegressor")
            || name.ends_with("SearchCV")
            || name.starts_with("Halving");
        match model.inner.last().filter(|_| wraps && depth < 8) {
            Some(last) => self.last_class(*last, depth + 1),
            None => model.class.clone(),
        }
    }

    fn picks_of(&self, at: usize, depth: usize) -> Option<(Vec<Rc<str>>, bool)> {
        let model = self.models.get(at).filter(|_| depth < 8)?;
        if let Some(picks) = &model.picks {
            return Some((picks.clone(), model.rest));
        }
        model.inner.iter().find_map(|inner| self.picks_of(*inner, depth + 1))
    }

    /// Notes a training: features, target, and what they are made from.
    fn fit(&mut self, model: Option<usize>, features: &Val<'a>, target: Option<&Val<'a>>, call: &str, line: u32) {
        if let Some(target) = target {
            self.note_target(target);
        }
        let class = model.map(|at| self.last_class(at, 0)).filter(|class| !class.is_empty());
        if class.as_deref().is_some_and(is_transformer) {
            return;
        }
        let mut frame = match features {
            Val::Table(at) => self.tables[*at].clone(),
            Val::Series(series) => series.to_frame(None),
            Val::List(items) => {
                let mut whole: Option<Frame> = None;
                for item in items.borrow().iter().take(16) {
                    let one = match item {
                        Val::Table(at) => self.tables[*at].clone(),
                        Val::Series(series) => series.to_frame(None),
                        _ => continue,
                    };
                    whole = Some(whole.map_or_else(|| one.clone(), |whole| whole.beside(&one, &[], ("", "_1"))));
                }
                match whole {
                    Some(whole) => whole,
                    None => return,
                }
            }
            _ if target.is_some_and(|target| matches!(target, Val::Series(_) | Val::Table(_))) => Frame::default(),
            _ => return,
        };
        // The index is no feature.
        let index = std::mem::take(&mut frame.index);
        if frame.columns.len() > index.len() || !frame.open.is_empty() {
            frame.drop_columns(&index);
        }
        let mut target_name = target.and_then(|target| self.name_of(target));
        let mut target_sources = target.map(|target| match target {
            Val::Series(series) => series.sources.clone(),
            Val::Table(at) => self.tables[*at].all_sources(),
            _ => super::frame::Sources::default(),
        });
        // A learner that takes the target out of the table itself.
        let label = model
            .and_then(|at| self.models[at].label.clone())
            .or_else(|| class.as_deref().filter(|class| class.ends_with(".Prophet")).map(|_| "y".into()));
        if let Some(label) = label.filter(|_| target.is_none()) {
            target_sources = frame.get(&label).map(|it| (*it).clone());
            frame.drop_columns(std::slice::from_ref(&label));
            self.facts.target.get_or_insert_with(|| label.to_string());
            target_name = Some(label);
        }
        if let Some((picks, rest)) = model.and_then(|at| self.picks_of(at, 0))
            && let Val::Table(at) = features
        {
            self.use_columns(*at, &picks);
            frame = if rest { self.tables[*at].clone() } else { self.tables[*at].select(&picks) };
        }
        let mut names: Vec<String> = frame.columns.iter().map(|(name, _)| name.to_string()).collect();
        if !frame.open.is_empty() && !names.iter().any(|name| name == "*") {
            names.push("*".to_owned());
        }
        let mut flows = frame.flows();
        match (&target_name, &target_sources, target) {
            (Some(name), Some(sources), _) => flows.extend(flows_into(sources, name)),
            // Several columns are to be predicted.
            (None, _, Some(Val::Table(at))) if self.tables[*at].is_closed() => {
                for (name, sources) in &self.tables[*at].columns {
                    flows.extend(flows_into(sources, name));
                }
            }
            _ => {}
        }
        let when_run = self.aside == 0;
        let line = self.line.unwrap_or(line);
        let fit = ModelFit {
            line,
            call: call.to_owned(),
            class: class.map(|class| class.to_string()),
            features: names,
            target: target_name.map(|name| name.to_string()),
            flows,
            saved: Vec::new(),
            when_run,
        };
        let same = |other: &ModelFit| {
            other.line == fit.line
                && other.call == fit.call
                && other.features == fit.features
                && other.flows == fit.flows
        };
        let at = match self.facts.fits.iter().position(same) {
            Some(at) => {
                self.facts.fits[at].when_run |= when_run;
                at
            }
            None if self.facts.fits.len() < 1_000 => {
                self.facts.fits.push(fit);
                self.facts.fits.len() - 1
            }
            None => return,
        };
        if let Some(model) = model {
            self.models[model].fit = Some(at);
            for write in std::mem::take(&mut self.models[model].writes) {
                self.link(at, write);
            }
        }
    }

    fn link(&mut self, fit: usize, write: usize) {
        if let Some(fit) = self.facts.fits.get_mut(fit)
            && !fit.saved.contains(&write)
        {
            fit.saved.push(write);
        }
    }

    /// Notes that a model is written.
    pub(super) fn saved(&mut self, model: usize, write: usize) {
        match self.models[model].fit {
            Some(fit) => self.link(fit, write),
            None => {
                // Perhaps a part of what was trained, or trained later.
                let outer = self
                    .models
                    .iter()
                    .find(|other| other.inner.contains(&model) && other.fit.is_some() && other.inner.len() == 1)
                    .and_then(|other| other.fit);
                match outer {
                    Some(fit) => self.link(fit, write),
                    None => self.models[model].writes.push(write),
                }
            }
        }
    }

    fn name_of(&self, value: &Val<'a>) -> Option<Rc<str>> {
        match value {
            Val::Series(series) => series.name.clone(),
            Val::Table(at) => match self.tables[*at].columns.as_slice() {
                [(name, _)] if self.tables[*at].is_closed() => Some(name.clone()),
                _ => None,
            },
            _ => None,
        }
    }

    pub(super) fn note_target(&mut self, value: &Val<'a>) {
        if let Some(name) = self.name_of(value)
            && &*name != "*"
        {
            self.facts.target.get_or_insert_with(|| name.to_string());
        }
    }
}

fn models_in(value: &Val<'_>, found: &mut Vec<usize>, depth: usize) {
    match value {
        Val::Model(at) => found.push(*at),
        Val::List(items) if depth > 0 => items.borrow().iter().for_each(|item| models_in(item, found, depth - 1)),
        _ => {}
    }
}

/// Whether a class prepares data and predicts nothing.
fn is_transformer(class: &str) -> bool {
    let name = class.rsplit('.').next().unwrap_or(class);
    [
        "Scaler",
        "Encoder",
        "Imputer",
        "Transformer",
        "Vectorizer",
        "Binarizer",
        "Normalizer",
        "Discretizer",
        "Tokenizer",
        "Features",
        "Union",
        "SelectKBest",
        "VarianceThreshold",
        "Kernel",
        "Selector",
    ]
    .iter()
    .any(|ending| name.ends_with(ending))
        || matches!(
            name,
            "PCA"
                | "TruncatedSVD"
                | "KBinsDiscretizer"
                | "make_column_transformer"
                | "make_union"
                | "TSNE"
                | "UMAP"
                | "SelectPercentile"
                | "RFE"
                | "SMOTE"
                | "NMF"
                | "FastICA"
                | "IncrementalPCA"
        )
}

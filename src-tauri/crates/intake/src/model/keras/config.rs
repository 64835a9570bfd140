//! What a Keras configuration says: class, layers, inputs, training; and whether loading it would run more than Keras.

use proofmark_domain::model::{ModelFacts, ModelPart};
use serde_json::{Map, Value, json};

use crate::model::facts::insert_within;
use crate::model::pickle::graph::Global;
use crate::model::pickle::policy::{self, Judgement};
use crate::model::verdict::Findings;

/// Layers inside models inside layers.
const DEPTH: u8 = 64;
/// Layers that are listed.
const LISTED: usize = 10_000;

/// Parts of Keras whose objects a configuration may name. Others, such as `keras.utils` with its downloads, may not be.
const PARTS: [&str; 12] = [
    "layers",
    "models",
    "initializers",
    "regularizers",
    "constraints",
    "optimizers",
    "losses",
    "metrics",
    "activations",
    "dtype_policies",
    "quantizers",
    "ops",
];
/// Classes of `keras` itself.
const TOP: [&str; 7] = ["Sequential", "Functional", "Model", "Variable", "KerasTensor", "DTypePolicy", "SeedGenerator"];

fn text(value: &Value, key: &str) -> Option<String> {
    value.get(key).and_then(Value::as_str).map(str::to_owned)
}

fn path(value: &Value) -> Option<String> {
    let class = text(value, "class_name")?;
    Some(match text(value, "module") {
        Some(module) if !module.is_empty() => format!("{module}.{class}"),
        _ => class,
    })
}

/// Fills in what a configuration says, and judges it.
pub(crate) fn describe(config: &Value, facts: &mut ModelFacts, findings: &mut Findings, place: &str) {
    facts.class = path(config);
    facts.parts = layers(config, DEPTH);
    collect_steps(&facts.parts, &mut facts.steps);
    let (mut inputs, mut ports) = (Vec::new(), Vec::new());
    for layer in layer_list(config) {
        let class = text(layer, "class_name").unwrap_or_default();
        let shape = ["batch_shape", "batch_input_shape"]
            .iter()
            .find_map(|key| layer.get("config")?.get(*key))
            .filter(|shape| !shape.is_null());
        // Older files of sequential models keep the shape of their input in the first layer.
        if class == "InputLayer" || ports.is_empty() && inputs.is_empty() && shape.is_some() {
            let name = layer.pointer("/config/name").or_else(|| layer.get("name")).and_then(Value::as_str);
            let dtype = layer.pointer("/config/dtype").filter(|dtype| dtype.is_string());
            ports.push(json!({"name": name.filter(|_| class == "InputLayer"), "dtype": dtype, "shape": shape}));
            inputs.extend(name.filter(|_| class == "InputLayer").map(str::to_owned));
        }
        layer_parameters(layer, &mut facts.parameters);
    }
    let outputs = outputs(config);
    if !ports.is_empty() {
        facts.signature = Some(json!({"inputs": ports, "outputs": outputs.clone()}));
    }
    facts.features_in = Some(inputs).filter(|inputs| !inputs.is_empty());
    facts.outputs = outputs;
    if let Some(compile) = config.get("compile_config").filter(|compile| !compile.is_null()) {
        describe_training(compile, facts);
    }
    judge(config, findings, place);
}

/// Fills in optimiser, loss and metrics.
pub(crate) fn describe_training(training: &Value, facts: &mut ModelFacts) {
    let optimizer = training.get("optimizer").or_else(|| training.get("optimizer_config"));
    match optimizer {
        Some(Value::String(name)) => {
            facts.parameters.insert("optimizer".to_owned(), Value::from(name.clone()));
        }
        Some(value) => {
            if let Some(name) = value.get("class_name") {
                facts.parameters.insert("optimizer".to_owned(), name.clone());
            }
            for (key, value) in value.get("config").and_then(Value::as_object).into_iter().flatten() {
                insert_within(&mut facts.parameters, format!("optimizer__{key}"), shown(value));
            }
        }
        None => {}
    }
    for key in ["loss", "metrics", "loss_weights", "weighted_metrics"] {
        if let Some(value) = training.get(key).filter(|value| !value.is_null()) {
            facts.parameters.insert(key.to_owned(), shown(value));
        }
    }
}

/// A value as a person would write it: an object that Keras spelled out becomes its name.
fn shown(value: &Value) -> Value {
    match value {
        Value::Object(map) => match (map.get("class_name"), map.get("config")) {
            (Some(Value::String(class)), Some(Value::String(name))) if class == "function" => Value::from(name.clone()),
            (Some(class), Some(_)) => class.clone(),
            _ => Value::Object(map.iter().map(|(key, value)| (key.clone(), shown(value))).collect::<Map<_, _>>()),
        },
        Value::Array(items) => Value::Array(items.iter().map(shown).collect()),
        plain => plain.clone(),
    }
}

fn layer_list(config: &Value) -> impl Iterator<Item = &Value> {
    // The oldest files keep the layers of a sequential model in place of its configuration.
    let nested = config.pointer("/config/layers").or_else(|| config.get("config"));
    nested.and_then(Value::as_array).into_iter().flatten()
}

fn layers(config: &Value, depth: u8) -> Vec<ModelPart> {
    let Some(depth) = depth.checked_sub(1) else { return Vec::new() };
    let part = |layer: &Value| {
        let name = layer.pointer("/config/name").or_else(|| layer.get("name")).and_then(Value::as_str);
        Some(ModelPart {
            name: name.unwrap_or_default().to_owned(),
            class: path(layer)?,
            columns: None,
            parts: layers(layer, depth),
        })
    };
    layer_list(config).take(LISTED).filter_map(part).collect()
}

fn collect_steps(parts: &[ModelPart], steps: &mut Vec<String>) {
    for part in parts {
        if steps.len() >= LISTED {
            return;
        }
        steps.push(part.class.clone());
        collect_steps(&part.parts, steps);
    }
}

fn layer_parameters(layer: &Value, parameters: &mut std::collections::BTreeMap<String, Value>) {
    let Some(config) = layer.get("config").and_then(Value::as_object) else { return };
    let Some(name) = config.get("name").and_then(Value::as_str) else { return };
    for (key, value) in config.iter().filter(|(key, _)| !matches!(key.as_str(), "name" | "layers" | "build_config")) {
        insert_within(parameters, format!("{name}__{key}"), shown(value));
    }
}

/// The names of what the model returns: the layers that a functional model names, and the last one of a sequential model.
fn outputs(config: &Value) -> Option<Vec<String>> {
    match config.pointer("/config/output_layers") {
        Some(Value::Array(outputs)) => {
            let name = |output: &Value| Some(output.get(0)?.as_str()?.to_owned());
            // One output stands without a list around it.
            match outputs.first() {
                Some(Value::String(name)) => Some(vec![name.clone()]),
                _ => outputs.iter().map(name).collect(),
            }
        }
        Some(Value::Object(outputs)) => Some(outputs.keys().cloned().collect()),
        _ if text(config, "class_name").as_deref() == Some("Sequential") => {
            let last = layer_list(config).last()?;
            let name = last.pointer("/config/name").or_else(|| last.get("name")).and_then(Value::as_str)?;
            Some(vec![name.to_owned()])
        }
        _ => None,
    }
}

/// Judges everything that a configuration would make.
pub(crate) fn judge(value: &Value, findings: &mut Findings, place: &str) {
    walk(value, findings, place, 2 * DEPTH);
}

fn walk(value: &Value, findings: &mut Findings, place: &str, depth: u8) {
    let Some(depth) = depth.checked_sub(1) else {
        findings.unverified("nested too deeply", place);
        return;
    };
    match value {
        Value::Object(map) => {
            object(map, findings, place);
            for inner in map.values() {
                walk(inner, findings, place, depth);
            }
        }
        Value::Array(items) => items.iter().for_each(|inner| walk(inner, findings, place, depth)),
        _ => {}
    }
}

fn object(map: &Map<String, Value>, findings: &mut Findings, place: &str) {
    let text = |key: &str| map.get(key).and_then(Value::as_str);
    let Some(class) = text("class_name") else { return };
    let named = || map.get("config").and_then(|config| config.get("name")?.as_str()).unwrap_or(class);
    if matches!(class, "Lambda" | "__lambda__" | "lambda") {
        findings.dangerous(format!("{class} layer, which runs stored code"), format!("{place} {}", named()));
        return;
    }
    if matches!(class, "TFOpLambda" | "SlicingOpLambda" | "InstanceMethod" | "ClassMethod") {
        findings.unverified(&format!("{class} layer, which calls TensorFlow by name"), format!("{place} {}", named()));
    }
    // These read a vocabulary from any path that they are given.
    let vocabulary = map.get("config").and_then(|config| config.get("vocabulary"));
    if let Some(file) = vocabulary.and_then(Value::as_str) {
        findings.unverified(&format!("{class} reads the file {file} when it is loaded"), place);
    }
    if text("registered_name").is_some_and(|name| name.contains('>') && !name.starts_with("keras")) {
        findings.unverified(&format!("{class} is registered by code outside Keras"), place);
    }
    let Some(module) = text("module").filter(|module| !module.is_empty()) else { return };
    // A function is named by its configuration.
    let name = if class == "function" { text("config").unwrap_or(class) } else { class };
    let global = Global { module: module.into(), name: name.into() };
    if is_known(module, name, class) {
        return;
    }
    let loads_code =
        module.starts_with("keras") && matches!(name, "get_file" | "enable_unsafe_deserialization" | "load_model");
    if loads_code || policy::judge(&global) == Judgement::Dangerous {
        findings.dangerous(global.path(), place);
    } else {
        findings.unverified(&format!("{} is not on the list of harmless names", global.path()), place);
    }
}

fn is_known(module: &str, name: &str, class: &str) -> bool {
    let rest =
        ["keras.src.", "keras.", "tf_keras.src.", "tf_keras."].iter().find_map(|start| module.strip_prefix(start));
    match (module, rest) {
        ("keras" | "tf_keras", _) => TOP.contains(&name),
        ("builtins", _) => {
            class == "function"
                || matches!(name, "float" | "int" | "str" | "bool" | "list" | "dict" | "tuple" | "bytes" | "slice")
        }
        (_, Some(rest)) => {
            let part = rest.split('.').next().unwrap_or_default();
            // Functions of these two load and save; classes are made of their configuration. One layer loads a whole graph.
            let loads =
                matches!(part, "layers" | "models") && !name.starts_with(|first: char| first.is_ascii_uppercase());
            PARTS.contains(&part) && !loads && !name.contains('.') && name != "TFSMLayer"
        }
        _ => false,
    }
}

//! PMML documents: what the data dictionary, the mining schema and the models of one say.

use proofmark_domain::model::ModelFacts;
use serde_json::{Value, json};

use super::facts::{blank, insert_within};
use super::verdict::Findings;
use super::xml::{self, Event, attribute};

/// Fields of a data dictionary that are kept.
const FIELDS: usize = 100_000;

/// Elements that are models (PMML 4.4, "General Structure").
const MODELS: [&str; 20] = [
    "AnomalyDetectionModel",
    "AssociationModel",
    "BayesianNetworkModel",
    "BaselineModel",
    "ClusteringModel",
    "GaussianProcessModel",
    "GeneralRegressionModel",
    "MiningModel",
    "NaiveBayesModel",
    "NearestNeighborModel",
    "NeuralNetwork",
    "RegressionModel",
    "RuleSetModel",
    "Scorecard",
    "SequenceModel",
    "SupportVectorMachineModel",
    "TextModel",
    "TimeSeriesModel",
    "TreeModel",
    "DeepNetwork",
];

#[derive(Default)]
struct State {
    fields: Vec<Field>,
    inputs: Vec<String>,
    targets: Vec<String>,
    results: Vec<String>,
    in_dictionary: bool,
    /// Models that are open at this place.
    models: usize,
    schemas: usize,
    in_output: bool,
    in_header: bool,
    element: String,
}

struct Field {
    name: String,
    kind: Option<String>,
    categorical: bool,
    values: Vec<Value>,
}

/// Reads a document.
pub(crate) fn read(text: &str) -> ModelFacts {
    let mut facts = blank("pmml");
    facts.framework = Some("pmml".to_owned());
    let mut findings = Findings::default();
    let mut state = State::default();
    let result = xml::walk(text, |event| match event {
        Event::Doctype => findings.unverified("declares a document type, which may name entities", "DOCTYPE"),
        Event::Start { name, attributes } => state.start(name, attributes, &mut facts, &mut findings),
        Event::End(name) => state.end(name),
        Event::Text(text) if state.in_header && state.element == "Timestamp" => {
            insert_within(&mut facts.training, "timestamp".to_owned(), Value::from(xml::resolved(text)));
        }
        Event::Text(_) => {}
    });
    if let Err((what, at)) = result {
        findings.unverified(what, format!("byte {at}"));
    }
    state.settle(&mut facts);
    if facts.class.is_none() {
        findings.unverified("there is no model of a known kind in it", "PMML");
    }
    facts.safety = findings.into_safety();
    facts
}

impl State {
    fn start(&mut self, name: &str, attributes: &str, facts: &mut ModelFacts, findings: &mut Findings) {
        let value = |key: &str| attribute(attributes, key);
        name.clone_into(&mut self.element);
        match name {
            "PMML" => facts.framework_version = value("version"),
            "Header" => self.in_header = true,
            "Application" => {
                if let (Some(name), Some(version)) = (value("name"), value("version")) {
                    facts.environment.packages.insert(name, version);
                }
            }
            "DataDictionary" => self.in_dictionary = true,
            "DataField" if self.fields.len() < FIELDS => {
                if let Some(name) = value("name") {
                    let categorical = value("optype").is_some_and(|kind| kind != "continuous");
                    self.fields.push(Field { name, kind: value("dataType"), categorical, values: Vec::new() });
                }
            }
            "Value" if self.in_dictionary => {
                if let (Some(field), Some(text)) = (self.fields.last_mut(), value("value"))
                    && value("property").is_none_or(|property| property == "valid")
                    && field.values.len() < FIELDS
                {
                    let typed = scalar(&text, field.kind.as_deref());
                    field.values.push(typed);
                }
            }
            "MiningSchema" => self.schemas += 1,
            // Models inside models have schemas of their own; the first one is that of the whole.
            "MiningField" if self.schemas == 1 => {
                let Some(field) = value("name") else { return };
                match value("usageType").as_deref() {
                    None | Some("active") => self.inputs.push(field),
                    Some("target" | "predicted") => self.targets.push(field),
                    Some(_) => {}
                }
            }
            "Output" if self.models == 1 => self.in_output = true,
            "OutputField" if self.in_output => self.results.extend(value("name")),
            "Extension" if self.models == 0 => {}
            model if MODELS.contains(&model) => self.model(model, attributes, facts),
            "DefineFunction" | "Apply" => {
                // JPMML lets a document name Java classes where a function stands.
                if let Some(function) = value("function").filter(|function| function.contains('.')) {
                    findings.unverified(&format!("calls {function}, which is code of the reader"), name);
                }
            }
            _ => {}
        }
    }

    fn model(&mut self, model: &str, attributes: &str, facts: &mut ModelFacts) {
        if facts.class.is_none() {
            facts.class = Some(model.to_owned());
            for key in ["modelName", "functionName", "algorithmName", "normalizationMethod", "missingValueStrategy"] {
                if let Some(value) = attribute(attributes, key) {
                    facts.parameters.insert(key.to_owned(), Value::from(value));
                }
            }
        } else if facts.steps.len() < 10_000 {
            facts.steps.push(model.to_owned());
        }
        self.models += 1;
    }

    fn end(&mut self, name: &str) {
        match name {
            "Header" => self.in_header = false,
            "DataDictionary" => self.in_dictionary = false,
            "Output" => self.in_output = false,
            model if MODELS.contains(&model) => self.models = self.models.saturating_sub(1),
            _ => {}
        }
        self.element.clear();
    }

    fn settle(self, facts: &mut ModelFacts) {
        let ports: Vec<Value> =
            self.fields.iter().map(|field| json!({"name": field.name, "type": field.kind})).collect();
        if let Some(target) = self.targets.first()
            && facts.parameters.get("functionName").is_none_or(|function| function == "classification")
        {
            let field = self.fields.iter().find(|field| field.name == *target && field.categorical);
            facts.classes = field.map(|field| field.values.clone()).filter(|values| !values.is_empty());
        }
        facts.signature = Some(json!({"fields": ports, "outputs": self.results}));
        facts.features_in = Some(self.inputs).filter(|names| !names.is_empty());
        facts.outputs = Some(self.targets).filter(|names| !names.is_empty());
    }
}

fn scalar(text: &str, kind: Option<&str>) -> Value {
    let typed = match kind {
        Some("integer") => text.parse::<i64>().ok().map(Value::from),
        Some("boolean") => text.parse::<bool>().ok().map(Value::from),
        Some("double" | "float") => text.parse::<f64>().ok().map(super::pickle::array::number),
        _ => None,
    };
    typed.unwrap_or_else(|| Value::from(text))
}

//! Records that carry requests and answers of a model server: CloudEvents, inference tables, bodies written down as they came.
//!
//! Requests and answers that stand in records of their own are joined by identifier. A half that never finds the other is kept and counted.

use std::collections::{HashMap, VecDeque};

use serde_json::{Map, Value};

use super::super::cells::{Builder, Cell};
use super::bodies::{self, Row};
use crate::table::parse_moment;

/// Halves that wait for their other half at most; beyond it the oldest are let go.
const MOST_WAITING: usize = 200_000;

/// Names under which a request's body is written down.
const REQUESTS: &[&str] = &["request", "request_body", "request_payload", "requestBody", "input_payload"];
/// Names under which an answer's body is written down.
const RESPONSES: &[&str] = &["response", "response_body", "response_payload", "responseBody", "output_payload"];
/// Names of an identifier, the one that a caller can know first.
const IDS: &[&str] = &[
    "client_request_id",
    "request_id",
    "requestid",
    "databricks_request_id",
    "inference_id",
    "prediction_id",
    "id",
    "uuid",
    "event_id",
    "ce-id",
    "Ce-Id",
    "ce_id",
];
const TIMES: &[&str] = &[
    "timestamp_ms",
    "request_time",
    "time",
    "timestamp",
    "ts",
    "datetime",
    "ce-time",
    "Ce-Time",
    "ce_time",
    "logged_at",
];

/// One half, or both, of a logged request.
#[derive(Debug, Default)]
struct Exchange {
    about: Row,
    asked: Option<Vec<Row>>,
    answered: Option<Vec<Row>>,
    asked_at: Option<f64>,
    answered_at: Option<f64>,
}

/// Joins halves, and puts whole exchanges into a builder.
#[derive(Debug, Default)]
pub(super) struct Exchanges {
    waiting: HashMap<String, Exchange>,
    order: VecDeque<String>,
    /// Requests without an answer and answers without a request.
    pub(super) halves: u64,
    /// What the first exchange was.
    pub(super) format: Option<&'static str>,
}

/// Whether a record carries a request or an answer, rather than plain columns.
pub(super) fn is_envelope(fields: &Map<String, Value>) -> bool {
    let body = |names: &[&str]| names.iter().filter_map(|it| fields.get(*it)).any(is_body_like);
    is_event(fields) || bodies::is_body(fields) || (body(REQUESTS) || body(RESPONSES))
}

/// Whether columns of a table carry bodies.
pub(super) fn has_bodies(names: &[String]) -> bool {
    let any = |list: &[&str]| names.iter().any(|it| list.contains(&it.as_str()));
    any(REQUESTS) && any(RESPONSES)
}

fn is_event(fields: &Map<String, Value>) -> bool {
    let kind = event_type(fields).unwrap_or_default();
    kind.contains("inference") && (kind.ends_with("request") || kind.ends_with("response"))
}

fn event_type(fields: &Map<String, Value>) -> Option<&str> {
    let own = ["type", "ce-type", "Ce-Type", "ce_type"].iter().find_map(|it| fields.get(*it)).and_then(Value::as_str);
    own.or_else(|| {
        let headers = fields.get("headers")?.as_object()?;
        headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("ce-type")).and_then(|(_, it)| it.as_str())
    })
}

fn is_body_like(value: &Value) -> bool {
    match value {
        Value::Object(_) | Value::Array(_) => true,
        Value::String(text) => text.trim_start().starts_with(['{', '[']),
        _ => false,
    }
}

/// A body, which can be written as text.
fn body(value: &Value) -> Option<Value> {
    match value {
        Value::String(text) => serde_json::from_str(text).ok(),
        Value::Object(_) | Value::Array(_) => Some(value.clone()),
        _ => None,
    }
}

fn moment(cell: &Value) -> Option<f64> {
    match cell {
        Value::Number(it) => it.as_f64().map(super::super::clock::epoch_ms),
        Value::String(it) => parse_moment(it, false).map(|it| it.ms as f64),
        _ => None,
    }
}

fn scalar(value: &Value) -> Cell {
    match value {
        Value::Number(it) => it.as_f64().map_or(Cell::Null, Cell::Number),
        Value::String(it) => Cell::Text(it.clone()),
        Value::Bool(it) => Cell::Text(it.to_string()),
        _ => Cell::Null,
    }
}

impl Exchanges {
    /// Takes one record. Nothing is put into the builder while its other half is missing.
    pub(super) fn take(&mut self, fields: Map<String, Value>, into: &mut Builder) {
        let (id, exchange) = self.read(fields);
        let Some(id) = id else {
            self.emit(None, exchange, into);
            return;
        };
        if exchange.asked.is_some() && exchange.answered.is_some() {
            self.emit(Some(&id), exchange, into);
            return;
        }
        // A record that has only one half, or a failure.
        let failed = exchange.about.iter().any(|(name, _)| name == "status" || name == "error");
        if failed && exchange.answered.is_none() {
            self.emit(Some(&id), exchange, into);
            return;
        }
        match self.waiting.remove(&id) {
            None => {
                self.order.push_back(id.clone());
                self.waiting.insert(id, exchange);
            }
            Some(known) if known.asked.is_some() == exchange.asked.is_some() => {
                // The same half twice: the first is kept as a half of its own, the repetition is seen by its identifier.
                self.halves += 1;
                self.emit(Some(&id), known, into);
                self.waiting.insert(id, exchange);
            }
            Some(mut known) => {
                for (name, cell) in exchange.about {
                    if !known.about.iter().any(|(it, _)| *it == name) {
                        known.about.push((name, cell));
                    }
                }
                known.asked = known.asked.or(exchange.asked);
                known.answered = known.answered.or(exchange.answered);
                known.asked_at = known.asked_at.or(exchange.asked_at);
                known.answered_at = known.answered_at.or(exchange.answered_at);
                self.emit(Some(&id), known, into);
            }
        }
        while self.waiting.len() > MOST_WAITING {
            let Some(oldest) = self.order.pop_front() else { break };
            self.let_go(&oldest, into);
        }
    }

    /// Puts what still waits into the builder.
    pub(super) fn finish(&mut self, into: &mut Builder) {
        for id in std::mem::take(&mut self.order) {
            self.let_go(&id, into);
        }
    }

    fn let_go(&mut self, id: &str, into: &mut Builder) {
        if let Some(half) = self.waiting.remove(id) {
            self.halves += 1;
            self.emit(Some(id), half, into);
        }
    }

    fn read(&mut self, mut fields: Map<String, Value>) -> (Option<String>, Exchange) {
        let mut exchange = Exchange::default();
        if is_event(&fields) {
            self.format.get_or_insert("cloudevents");
            return self.read_event(&fields, exchange);
        }
        let take = |fields: &mut Map<String, Value>, names: &[&str]| {
            let name = names.iter().find(|it| fields.get(**it).is_some_and(is_body_like))?;
            fields.remove(*name)
        };
        let (request, response) = (take(&mut fields, REQUESTS), take(&mut fields, RESPONSES));
        if request.is_some() || response.is_some() {
            let request = request.as_ref().and_then(body);
            let response = response.as_ref().and_then(body);
            let format =
                request.as_ref().or(response.as_ref()).and_then(Value::as_object).map_or("v1", bodies::protocol);
            let table = fields.contains_key("databricks_request_id") || fields.contains_key("served_entity_id");
            self.format.get_or_insert(if table { "mlflow" } else { format });
            exchange.asked = request.as_ref().map(bodies::inputs);
            if let Some(response) = &response {
                note_model(response, &mut exchange.about);
                exchange.answered = Some(bodies::outputs(response));
            }
            let inner = [&request, &response].into_iter().flatten().find_map(|it| it.get("id").and_then(Value::as_str));
            let id = id_of(&fields).or_else(|| inner.map(str::to_owned));
            about(&fields, &mut exchange);
            return (id, exchange);
        }
        self.format.get_or_insert(bodies::protocol(&fields));
        let id = id_of(&fields);
        let asks =
            ["instances", "inputs", "dataframe_split", "dataframe_records"].iter().any(|it| fields.contains_key(*it));
        let answers = ["predictions", "outputs"].iter().any(|it| fields.contains_key(*it));
        let whole = Value::Object(fields);
        if asks || !answers {
            exchange.asked = Some(bodies::inputs(&whole));
        }
        if answers {
            exchange.answered = Some(bodies::outputs(&whole));
        }
        if let Value::Object(fields) = whole {
            let rest: Map<String, Value> = fields
                .into_iter()
                .filter(|(name, _)| {
                    !matches!(
                        name.as_str(),
                        "instances"
                            | "inputs"
                            | "outputs"
                            | "predictions"
                            | "dataframe_split"
                            | "dataframe_records"
                            | "parameters"
                    )
                })
                .collect();
            about(&rest, &mut exchange);
        }
        (id, exchange)
    }

    fn read_event(&mut self, fields: &Map<String, Value>, mut exchange: Exchange) -> (Option<String>, Exchange) {
        let headers = fields.get("headers").and_then(Value::as_object);
        let attribute = |wanted: &[&str]| -> Option<String> {
            let plain =
                |name: &str| name.to_ascii_lowercase().trim_start_matches("ce-").trim_start_matches("ce_").to_owned();
            let all = fields.iter().chain(headers.into_iter().flatten());
            wanted
                .iter()
                .find_map(|name| all.clone().find(|(it, _)| plain(it) == *name))
                .and_then(|(_, it)| it.as_str())
                .map(str::to_owned)
        };
        let is_request = event_type(fields).is_some_and(|it| it.ends_with("request"));
        let id = attribute(&["requestid", "id"]);
        let at = attribute(&["time", "timestamp"]).and_then(|it| parse_moment(&it, false)).map(|it| it.ms as f64);
        for (name, wanted) in [
            ("model", ["inferenceservicename", "modelid", "modelname"].as_slice()),
            ("version", ["modelversion", "revision"].as_slice()),
            ("caller", ["caller", "subject", "user"].as_slice()),
        ] {
            if let Some(value) = attribute(wanted) {
                exchange.about.push((name.to_owned(), Cell::Text(value)));
            }
        }
        let data = ["data", "body", "payload"].iter().find_map(|it| fields.get(*it)).and_then(body);
        if is_request {
            exchange.asked_at = at;
            exchange.asked = Some(data.as_ref().map(bodies::inputs).unwrap_or_default());
        } else {
            exchange.answered_at = at;
            if let Some(data) = &data {
                note_model(data, &mut exchange.about);
            }
            exchange.answered = Some(data.as_ref().map(bodies::outputs).unwrap_or_default());
        }
        (id, exchange)
    }

    fn emit(&mut self, id: Option<&str>, exchange: Exchange, into: &mut Builder) {
        let (asked, answered) = (exchange.asked.unwrap_or_default(), exchange.answered.unwrap_or_default());
        let rows = asked.len().max(answered.len()).max(1);
        let time = exchange.asked_at.or(exchange.answered_at);
        let latency = exchange.asked_at.zip(exchange.answered_at).map(|(a, b)| b - a).filter(|it| *it >= 0.0);
        for row in 0..rows {
            if let Some(id) = id {
                let id = if row == 0 { id.to_owned() } else { format!("{id}#{row}") };
                into.put("id", &Cell::Text(id));
            }
            if let Some(time) = time {
                into.put("time", &Cell::Number(time));
            }
            if let Some(latency) = latency {
                into.put("latency_ms", &Cell::Number(latency));
            }
            let parts = exchange
                .about
                .iter()
                .chain(asked.get(row).into_iter().flatten())
                .chain(answered.get(row).into_iter().flatten());
            for (name, cell) in parts {
                into.put(name, cell);
            }
            into.end_row();
        }
    }
}

/// Model and version that an answer names.
fn note_model(response: &Value, about: &mut Row) {
    for (name, field) in [("model", "model_name"), ("version", "model_version")] {
        if let Some(value) = response.get(field).and_then(Value::as_str).filter(|it| !it.is_empty()) {
            about.push((name.to_owned(), Cell::Text(value.to_owned())));
        }
    }
    if let Some(error) = response.get("error") {
        about.push(("error".to_owned(), Cell::Text(error.as_str().map_or_else(|| error.to_string(), str::to_owned))));
    }
}

fn id_of(fields: &Map<String, Value>) -> Option<String> {
    let found = IDS.iter().find_map(|it| fields.get(*it).filter(|value| value.is_string() || value.is_number()))?;
    Some(found.as_str().map_or_else(|| found.to_string(), str::to_owned)).filter(|it| !it.is_empty())
}

/// What a record says about the exchange besides the two bodies.
fn about(fields: &Map<String, Value>, exchange: &mut Exchange) {
    if let Some(time) = TIMES.iter().find_map(|it| fields.get(*it)).and_then(moment) {
        exchange.asked_at = Some(time);
    }
    let mut row = Row::new();
    for (name, value) in fields {
        if IDS.contains(&name.as_str()) || TIMES.contains(&name.as_str()) || name == "date" {
            continue;
        }
        let name = match name.as_str() {
            "model"
            | "request_metadata.model_name"
            | "model_name"
            | "inferenceservicename"
            | "served_model_name"
            | "endpoint_name" => "model",
            "version" | "request_metadata.model_version" | "model_version" | "served_entity_id" => "version",
            "execution_time_ms" | "execution_duration_ms" | "latency_ms" | "latency" | "duration_ms" => "latency_ms",
            "status_code" | "status" => "status",
            "requester" | "caller" | "user" | "client" => "caller",
            "error" | "error_message" => "error",
            "label" | "ground_truth" | "y_true" | "actual" | "target" => "label",
            "request_metadata" | "metadata" => {
                for (field, target) in
                    [("model_name", "model"), ("model_version", "version"), ("endpoint_name", "endpoint")]
                {
                    let inner = body(value).and_then(|it| it.get(field).and_then(Value::as_str).map(str::to_owned));
                    row.extend(inner.map(|it| (target.to_owned(), Cell::Text(it))));
                }
                continue;
            }
            _ => continue,
        };
        let cell = scalar(value);
        if cell != Cell::Null && !row.iter().any(|(it, _)| it == name) {
            row.push((name.to_owned(), cell));
        }
    }
    for (name, cell) in row {
        if !exchange.about.iter().any(|(it, _)| *it == name) {
            exchange.about.push((name, cell));
        }
    }
}

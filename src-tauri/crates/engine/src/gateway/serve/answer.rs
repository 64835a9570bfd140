//! Which path asks for what, and the answers.

use serde_json::{Value, json};

use super::super::exchange::reason;
use super::super::wire::{Headers, Request, text};
use super::super::{ID_HEADER, record};
use super::follow::Following;
use super::protocol::{self, Named, ToldPort};

/// The length of the JSON of a body with bytes behind it.
const JSON_LENGTH: &str = "inference-header-content-length";

/// An answer on its way.
#[derive(Debug)]
pub(in crate::gateway) struct Served {
    pub(in crate::gateway) status: u16,
    pub(in crate::gateway) body: Vec<u8>,
    /// How many bytes of the body are JSON, where others follow.
    json: Option<usize>,
    /// The request as it is written down, where that is not as it came.
    pub(in crate::gateway) request: Option<Vec<u8>>,
    /// The answer as it is written down, where that is not as it goes.
    pub(in crate::gateway) logged: Option<Vec<u8>>,
    /// Why there is no prediction.
    pub(in crate::gateway) error: Option<String>,
}

impl Served {
    fn told(status: u16, body: &Value) -> Self {
        Self { status, body: body.to_string().into_bytes(), json: None, request: None, logged: None, error: None }
    }

    fn refused(status: u16, why: String) -> Self {
        Self { error: Some(why.clone()), ..Self::told(status, &json!({"error": why})) }
    }

    /// The whole message.
    pub(in crate::gateway) fn message(&self, request: &Request, id: Option<&str>, keeps: bool) -> Vec<u8> {
        let kind = if self.json.is_some() { "application/octet-stream" } else { "application/json" };
        let mut message = format!(
            "HTTP/1.1 {} {}\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n",
            self.status,
            reason(self.status),
            self.body.len()
        );
        if let Some(length) = self.json {
            message.push_str(&format!("{JSON_LENGTH}: {length}\r\n"));
        }
        if let Some(id) = id {
            message.push_str(&format!("{ID_HEADER}: {id}\r\n"));
        }
        if !keeps {
            message.push_str("connection: close\r\n");
        }
        message.push_str("\r\n");
        let mut message = message.into_bytes();
        if request.method != "HEAD" {
            message.extend_from_slice(&self.body);
        }
        message
    }
}

fn path(request: &Request) -> &str {
    request.target.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/')
}

/// Whether a request asks for a prediction, so that it is written down.
pub(in crate::gateway) fn predicts(request: &Request) -> bool {
    request.method == "POST" && path(request).ends_with("/infer")
}

impl Following {
    /// Answers a request that asks for no prediction.
    pub(in crate::gateway) fn tell(&self, request: &Request) -> Served {
        if !matches!(request.method.as_str(), "GET" | "HEAD") {
            return Served::refused(405, format!("{} is for requests that read", path(request)));
        }
        match path(request) {
            "/v2/health/live" => Served::told(200, &json!({"live": true})),
            "/v2/health/ready" => self.ready(),
            "/v2" => Served::told(
                200,
                &json!({"name": "proofmark", "version": env!("CARGO_PKG_VERSION"), "extensions": ["binary_tensor_data"]}),
            ),
            other => match self.named(other, request) {
                Ok("") => self.metadata(),
                Ok("/ready") => self.ready(),
                Ok(_) => Served::refused(404, format!("{other} is no path of this protocol")),
                Err(refused) => refused,
            },
        }
    }

    fn ready(&self) -> Served {
        let standing = self.standing();
        match serde_json::to_value(&standing) {
            Ok(told) => Served::told(200, &told),
            Err(error) => Served::refused(500, error.to_string()),
        }
    }

    fn metadata(&self) -> Served {
        let current = self.current();
        let ports = |it: &[proofmark_scoring::Port]| {
            serde_json::to_value(it.iter().map(ToldPort::of).collect::<Vec<_>>()).unwrap_or_default()
        };
        Served::told(
            200,
            &json!({
                "name": self.name(),
                "versions": [current.version],
                "platform": "onnx_proofmark",
                "inputs": ports(current.model.inputs()),
                "outputs": ports(current.model.outputs()),
                "parameters": {"digest": format!("sha256:{}", current.digest.hex())},
            }),
        )
    }

    /// What a path asks of the model that answers here, behind its name and version.
    fn named<'p>(&self, path: &'p str, request: &Request) -> Result<&'p str, Served> {
        let none = || Served::refused(404, format!("{path} is no path of this protocol"));
        let rest = path.strip_prefix("/v2/models/").ok_or_else(none)?;
        let (model, version) = record::named_by_path(&request.target);
        if model.as_deref() != Some(self.name()) {
            let named = model.unwrap_or_default();
            return Err(Served::refused(404, format!("no model {named} answers here, only {}", self.name())));
        }
        let rest = rest.strip_prefix(self.name()).ok_or_else(none)?;
        let Some(version) = version else { return Ok(rest) };
        let current = self.current();
        let rest = rest.strip_prefix("/versions/").ok_or_else(none)?;
        let (named, rest) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
        if named != current.version {
            let message =
                format!("version {version} of {} does not answer here, only {}", self.name(), current.version);
            return Err(Served::refused(404, message));
        }
        Ok(rest)
    }

    /// Answers a request to predict.
    pub(in crate::gateway) fn answer(&self, request: &Request, body: &[u8], id: &str) -> Served {
        let path = path(request);
        match self.named(path, request) {
            Ok("/infer") => {}
            Ok(_) => return Served::refused(404, format!("{path} is no path of this protocol")),
            Err(refused) => return refused,
        }
        if let Some(encoding) = encoding(&request.headers) {
            return Served::refused(415, format!("the body is encoded as {encoding}, and is read in plain form only"));
        }
        let json = match text(&request.headers, JSON_LENGTH).map(str::parse::<usize>) {
            None => None,
            Some(Ok(length)) => Some(length),
            Some(Err(_)) => return Served::refused(400, format!("{JSON_LENGTH} is no number")),
        };
        let current = self.current();
        let mut question = match protocol::read(body, json, current.columns.as_deref()) {
            Ok(question) => question,
            Err(why) => return Served::refused(400, why),
        };
        let logged = question.plain.take();
        let outputs = match current.model.evaluate(std::mem::take(&mut question.inputs)) {
            Ok(outputs) => outputs,
            Err(error) => {
                let status = if error.is_input() { 400 } else { 500 };
                return Served { request: logged, ..Served::refused(status, error.to_string()) };
            }
        };
        let own = question.id.clone();
        let named = Named { model: self.name(), version: &current.version, id: own.as_deref().unwrap_or(id) };
        match protocol::write(&question, outputs, current.model.outputs(), &named) {
            Ok(reply) => Served {
                status: 200,
                body: reply.body,
                json: reply.json,
                request: logged,
                logged: reply.plain,
                error: None,
            },
            Err(why) => Served { request: logged, ..Served::refused(400, why) },
        }
    }
}

fn encoding(headers: &Headers) -> Option<&str> {
    text(headers, "content-encoding").filter(|it| !it.eq_ignore_ascii_case("identity"))
}

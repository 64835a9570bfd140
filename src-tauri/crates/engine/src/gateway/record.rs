//! What is written down of one exchange: a line of the documented log of predictions.

use proofmark_domain::Timestamp;
use serde_json::{Map, Value, json};

use super::private::Private;
use super::wire::{Headers, text};

/// Text that is no JSON is kept up to this length.
const LONGEST_TEXT: usize = 64 << 10;

/// One exchange.
pub(super) struct Exchange<'a> {
    pub(super) id: &'a str,
    pub(super) time: Timestamp,
    /// Path and query.
    pub(super) target: &'a str,
    pub(super) caller: Option<&'a str>,
    /// Headers and body of the request; `None` where it was not read.
    pub(super) request: Option<(&'a Headers, &'a [u8])>,
    /// Headers and body of the answer; `None` where there is none.
    pub(super) response: Option<(&'a Headers, &'a [u8])>,
    pub(super) status: u16,
    pub(super) latency_ms: f64,
    pub(super) error: Option<&'a str>,
    /// What else is not written down, and why.
    pub(super) left_out: Option<&'a str>,
}

/// Model and version that a path names: `/v1/models/NAME[/versions/V]:predict`, `/v2/models/NAME[/versions/V]/infer`.
pub(super) fn named_by_path(target: &str) -> (Option<String>, Option<String>) {
    let path = target.split(['?', '#']).next().unwrap_or_default();
    let mut parts = path.split('/').skip_while(|it| *it != "models").skip(1);
    let plain = |part: &str| part.split(':').next().filter(|it| !it.is_empty()).map(str::to_owned);
    let model = parts.next().and_then(plain);
    let version = parts.next().filter(|it| *it == "versions").and_then(|_| parts.next()).and_then(plain);
    (model, version)
}

/// The part of a body that is JSON: of a body with binary tensors behind it, what the header says.
pub(super) fn json_part<'a>(headers: &Headers, body: &'a [u8]) -> (&'a [u8], bool) {
    let length = text(headers, "inference-header-content-length").and_then(|it| it.parse::<usize>().ok());
    match length {
        Some(length) if length < body.len() => (&body[..length], true),
        _ => (body, false),
    }
}

/// A body as it is written down, and what was left out of it.
fn body(what: &str, headers: &Headers, bytes: &[u8], private: &Private, left_out: &mut Vec<String>) -> Value {
    if bytes.is_empty() {
        return Value::Null;
    }
    if let Some(encoding) = text(headers, "content-encoding").filter(|it| !it.eq_ignore_ascii_case("identity")) {
        left_out.push(format!("the {what}, because it is encoded as {encoding}"));
        return Value::Null;
    }
    let (bytes, has_binary) = json_part(headers, bytes);
    if has_binary {
        left_out.push(format!("binary tensors of the {what}"));
    }
    let Ok(mut value) = serde_json::from_slice::<Value>(bytes) else {
        // What cannot be taken apart can hold anything.
        if !private.is_empty() {
            left_out.push(format!("the {what}, because it is no JSON in which the columns to hide could be found"));
            return Value::Null;
        }
        return match std::str::from_utf8(bytes) {
            Ok(it) if it.len() <= LONGEST_TEXT => Value::String(it.to_owned()),
            _ => {
                left_out.push(format!("the {what}, because it is neither JSON nor a short text"));
                Value::Null
            }
        };
    };
    let hidden = if what == "request" { private.hide_in_request(&mut value) } else { private.hide(&mut value) };
    if let Err(why) = hidden {
        left_out.push(format!("the {what}, because {why}"));
        return Value::Null;
    }
    value
}

/// The line of an exchange, with its end.
pub(super) fn line(
    exchange: &Exchange<'_>,
    private: &Private,
    named: (Option<&str>, Option<&str>),
) -> Result<Vec<u8>, serde_json::Error> {
    let mut left_out = Vec::new();
    let request = exchange
        .request
        .map_or(Value::Null, |(headers, bytes)| body("request", headers, bytes, private, &mut left_out));
    let response = exchange
        .response
        .map_or(Value::Null, |(headers, bytes)| body("answer", headers, bytes, private, &mut left_out));
    left_out.extend(exchange.left_out.map(str::to_owned));
    let (by_path, version_by_path) = named_by_path(exchange.target);
    let said = |field: &str| response.get(field).and_then(Value::as_str).filter(|it| !it.is_empty()).map(str::to_owned);
    let model = said("model_name").or(by_path).or_else(|| named.0.map(str::to_owned));
    let version = said("model_version").or(version_by_path).or_else(|| named.1.map(str::to_owned));
    let mut record = Map::new();
    let mut put = |name: &str, value: Value| record.insert(name.to_owned(), value);
    put("request_id", json!(exchange.id));
    put("time", json!(exchange.time));
    put("model", json!(model));
    put("version", json!(version));
    put("caller", json!(exchange.caller));
    put("latency_ms", json!((exchange.latency_ms * 1000.0).round() / 1000.0));
    put("status", json!(exchange.status));
    put("error", json!(exchange.error));
    put("path", json!(exchange.target.split('?').next()));
    put("request", request);
    put("response", response);
    if !left_out.is_empty() {
        put("left_out", json!(left_out));
    }
    let mut line = serde_json::to_vec(&Value::Object(record))?;
    line.push(b'\n');
    Ok(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_name_models() {
        let named = |path: &str| {
            let (model, version) = named_by_path(path);
            (model.unwrap_or_default(), version.unwrap_or_default())
        };
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(named("/v1/models/iris:predict"), pair("iris", ""));
        assert_eq!(named("/v1/models/iris/versions/3:predict?x=1"), pair("iris", "3"));
        assert_eq!(named("/v2/models/iris/versions/7/infer"), pair("iris", "7"));
        assert_eq!(named("/prefix/v2/models/iris/infer"), pair("iris", ""));
        assert_eq!(named("/invocations"), pair("", ""));
    }
}

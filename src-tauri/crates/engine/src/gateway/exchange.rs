//! One client's connection: requests in, answers out, a line in the log between the two.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use proofmark_domain::Timestamp;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::timeout;

use super::ID_HEADER;
use super::front::{Behind, LogFailure, Shared, count};
use super::record::{self, Exchange};
use super::serve::{self, Served};
use super::upstream::Upstream;
use super::wire::{Body, Fault, Framing, Headers, Request, Response, Wire, lists, text};
use crate::{Clock, SystemClock};

/// How long a connection may stand without a request.
const IDLE: Duration = Duration::from_secs(75);
/// How long a head may take to come.
const HEAD: Duration = Duration::from_secs(10);
/// How long a body may take to come.
const BODY: Duration = Duration::from_secs(60);
/// How long a request waits for its turn.
const TURN: Duration = Duration::from_secs(1);
/// How long a client may take to take an answer.
const TAKE: Duration = Duration::from_secs(60);
/// How long a parting client may go on sending.
const PARTING: Duration = Duration::from_millis(800);

/// Why a request without a prediction is not written down where columns are hidden: what does not fit the model can hold them anywhere.
const REFUSED: &str =
    "the request, because it was refused, so that the columns to hide may lie where they cannot be found";

/// What the connection does after an answer.
#[derive(PartialEq, Eq)]
enum Then {
    GoesOn,
    Ends,
}

/// Answers what comes on a connection until one side ends it.
pub(super) async fn serve(shared: &Shared, stream: TcpStream, peer: SocketAddr) {
    let mut wire = Wire::new(stream);
    let mut stopping = shared.stopping.clone();
    loop {
        let begun = tokio::select! {
            begun = timeout(IDLE, wire.begins()) => begun,
            () = told(&mut stopping) => return,
        };
        if !matches!(begun, Ok(Ok(true))) {
            return;
        }
        count(&shared.counts.requests);
        let request = match timeout(HEAD, wire.request()).await.unwrap_or(Err(Fault::Late)) {
            Ok(request) => request,
            Err(fault) => {
                count(&shared.counts.refused);
                let status = match fault {
                    Fault::Gone(_) => return,
                    Fault::Late => 408,
                    Fault::TooLarge => 431,
                    Fault::Garbage(_) => 400,
                };
                refuse(wire, status, &fault.to_string(), None).await;
                return;
            }
        };
        match one(shared, &mut wire, &request, peer).await {
            Ok(Then::GoesOn) if !*shared.stopping.borrow() => {}
            // What went wrong with the client's own connection is nobody else's business.
            Ok(Then::GoesOn | Then::Ends) => {
                wire.part(PARTING).await;
                return;
            }
            Err(_) => return,
        }
    }
}

/// Returns when the gateway is to stop, or is gone.
pub(super) async fn told(stopping: &mut watch::Receiver<bool>) {
    // An error says that nobody is left who could tell, which is an end as well.
    let _ = stopping.wait_for(|it| *it).await;
}

pub(super) fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        400 => "Bad Request",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        413 => "Content Too Large",
        415 => "Unsupported Media Type",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "",
    }
}

/// An answer of the gateway's own: an error in JSON.
fn own_answer(status: u16, why: &str, id: Option<&str>, keeps: bool) -> Vec<u8> {
    let body = json!({"error": why, "request_id": id}).to_string();
    let id = id.map_or_else(String::new, |it| format!("{ID_HEADER}: {it}\r\n"));
    let retry = if status == 503 { "retry-after: 1\r\n" } else { "" };
    let connection = if keeps { "" } else { "connection: close\r\n" };
    format!(
        "HTTP/1.1 {status} {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n{id}{retry}{connection}\r\n{body}",
        reason(status),
        body.len()
    )
    .into_bytes()
}

async fn refuse(mut wire: Wire, status: u16, why: &str, id: Option<&str>) {
    // The client may be gone; then nobody is left to refuse.
    let _ = timeout(TAKE, wire.send(&own_answer(status, why, id, false))).await;
    wire.part(PARTING).await;
}

/// The identifier of a request: the client's own where it is one, else new.
fn id_of(headers: &Headers, body: &[u8]) -> String {
    let fine = |it: &str| (1..=200).contains(&it.len()) && it.bytes().all(|byte| byte.is_ascii_graphic());
    let named =
        [ID_HEADER, "ce-id"].iter().find_map(|name| text(headers, name)).filter(|it| fine(it)).map(str::to_owned);
    let said = || {
        let (body, _) = record::json_part(headers, body);
        // Only the Open Inference Protocol has an identifier in its body; looking for the word first saves parsing all others.
        let has = body.windows(4).any(|it| it == b"\"id\"");
        let parsed: Option<Value> = has.then(|| serde_json::from_slice(body).ok()).flatten();
        let id = parsed.as_ref().and_then(|it| it.get("id")).and_then(Value::as_str)?;
        fine(id).then(|| id.to_owned())
    };
    named.or_else(said).unwrap_or_else(|| uuid::Uuid::now_v7().to_string())
}

/// Answers one request.
async fn one(shared: &Shared, wire: &mut Wire, request: &Request, peer: SocketAddr) -> Result<Then, Fault> {
    let began = Instant::now();
    let time = SystemClock.now();
    let limit = shared.options.largest_body;
    let after = if request.keeps { Then::GoesOn } else { Then::Ends };
    if request.method == "CONNECT" || lists(&request.headers, "connection", "upgrade") {
        count(&shared.counts.refused);
        wire.send(&own_answer(501, "only plain requests of HTTP/1 are taken", None, false)).await?;
        return Ok(Then::Ends);
    }
    if lists(&request.headers, "expect", "100-continue")
        && !matches!(request.framing, Framing::Length(it) if it > limit as u64)
    {
        wire.send(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
    }
    let predicts = match &shared.behind {
        Behind::Server(..) => request.method == "POST",
        Behind::Model(_) => serve::predicts(request),
    };
    let read = timeout(BODY, Body::new(request.framing).whole(wire, limit)).await.unwrap_or(Err(Fault::Late));
    let caller =
        text(&request.headers, &shared.options.caller_header).map_or_else(|| peer.ip().to_string(), str::to_owned);
    let mut story = Story { shared, request, time, began, caller, id: String::new(), predicts };
    let body = match read {
        Ok(body) => body,
        Err(Fault::Gone(error)) => return Err(Fault::Gone(error)),
        Err(fault) => {
            count(&shared.counts.refused);
            let (status, why) = match fault {
                Fault::TooLarge => (413, format!("the body is larger than the {limit} bytes that are taken")),
                Fault::Late => (408, "the body did not come in time".to_owned()),
                other => (400, other.to_string()),
            };
            story.id = id_of(&request.headers, &[]);
            story.write(&Said::failure(status, &why)).await;
            wire.send(&own_answer(status, &why, Some(&story.id), false)).await?;
            return Ok(Then::Ends);
        }
    };
    story.id = id_of(&request.headers, &body);
    let whole = (&request.headers, body.as_slice());
    if let (Behind::Model(model), false) = (&shared.behind, predicts) {
        // Health and metadata are told also while everybody waits for a turn.
        let served = model.tell(request);
        wire.send(&served.message(request, None, after == Then::GoesOn)).await?;
        return Ok(after);
    }
    let turn = match timeout(TURN, shared.slots.acquire()).await {
        Ok(Ok(turn)) => turn,
        _ => {
            count(&shared.counts.refused);
            let why = "too many requests are being answered";
            // A model here has not looked at its form yet.
            let hides = matches!(shared.behind, Behind::Model(_)) && !shared.private.is_empty();
            let left_out = hides.then_some(REFUSED);
            let said = Said { request: (!hides).then_some(whole), left_out, ..Said::failure(503, why) };
            story.write(&said).await;
            wire.send(&own_answer(503, why, Some(&story.id), request.keeps)).await?;
            return Ok(after);
        }
    };
    match &shared.behind {
        Behind::Server(upstream, patience) => story.ask(wire, upstream, *patience, &body, after, turn).await,
        Behind::Model(model) => {
            // The evaluation keeps its thread busy, so the others are told to take over what else is to be done.
            let served = tokio::task::block_in_place(|| model.answer(request, &body, &story.id));
            drop(turn);
            story.give(wire, whole, served, after).await
        }
    }
}

impl Story<'_> {
    /// Gives the answer of the model in this process, once it is written down.
    async fn give(
        &self,
        wire: &mut Wire,
        whole: (&Headers, &[u8]),
        served: Served,
        after: Then,
    ) -> Result<Then, Fault> {
        if served.status >= 400 {
            count(&self.shared.counts.failures);
        }
        let plain = Headers::new();
        // Binary tensors are written down as numbers.
        let request = served.request.as_ref().map_or(whole, |it| (&plain, it.as_slice()));
        let hides = served.error.is_some() && !self.shared.private.is_empty();
        let answer = served.logged.as_ref().unwrap_or(&served.body);
        let said = Said {
            request: (!hides).then_some(request),
            answer: served.error.is_none().then_some((&plain, answer.as_slice())),
            status: served.status,
            error: served.error.as_deref(),
            left_out: hides.then_some(REFUSED),
        };
        let message = if self.write(&said).await {
            served.message(self.request, Some(&self.id), after == Then::GoesOn)
        } else {
            own_answer(503, "the answer could not be written to the log", Some(&self.id), self.request.keeps)
        };
        match timeout(TAKE, wire.send(&message)).await {
            Ok(sent) => sent?,
            Err(_) => return Err(Fault::Late),
        }
        Ok(after)
    }

    /// Asks the server, and passes its answer on once it is written down.
    async fn ask(
        &self,
        wire: &mut Wire,
        upstream: &Upstream,
        patience: Duration,
        body: &[u8],
        after: Then,
        turn: tokio::sync::SemaphorePermit<'_>,
    ) -> Result<Then, Fault> {
        let Self { request, .. } = self;
        let whole = (&request.headers, body);
        let limit = self.shared.options.largest_body;
        let end = self.began + patience;
        let asked = tokio::time::timeout_at(end.into(), upstream.ask(request, body, &self.id))
            .await
            .unwrap_or(Err(Fault::Late));
        let (head, mut server) = match asked {
            Ok(answered) => answered,
            Err(fault) => return self.failed(wire, body, patience, &fault, after).await,
        };
        let mut rest = Body::new(head.framing);
        if text(&head.headers, "content-type").is_some_and(|it| it.starts_with("text/event-stream")) {
            let why = "the answer, because it is a stream";
            return self.pass_on(wire, (body, patience), (&head, &mut server, &mut rest), Vec::new(), why).await;
        }
        let mut answer = Vec::new();
        loop {
            match tokio::time::timeout_at(end.into(), rest.piece(&mut server, &mut answer))
                .await
                .unwrap_or(Err(Fault::Late))
            {
                Ok(true) if answer.len() > limit => {
                    let why = "the answer, because it is larger than the limit of bodies";
                    return self.pass_on(wire, (body, patience), (&head, &mut server, &mut rest), answer, why).await;
                }
                Ok(true) => {}
                Ok(false) => break,
                Err(fault) => return self.failed(wire, body, patience, &fault, after).await,
            }
        }
        if head.keeps && rest.is_done() {
            upstream.keep(server);
        }
        drop(turn);
        let said = Said {
            request: Some(whole),
            answer: Some((&head.headers, &answer)),
            status: head.status,
            error: None,
            left_out: None,
        };
        if !self.write(&said).await {
            wire.send(&own_answer(503, "the answer could not be written to the log", Some(&self.id), request.keeps))
                .await?;
            return Ok(after);
        }
        let mut message = answer_head(&head, &self.id);
        // An answer without a body says how long one would be, which is not how long this is.
        let says_nothing = request.method == "HEAD" || head.status == 204 || head.status == 304;
        let length = if says_nothing {
            text(&head.headers, "content-length").map(str::to_owned)
        } else {
            Some(answer.len().to_string())
        };
        if let Some(length) = length {
            message.extend_from_slice(format!("content-length: {length}\r\n").as_bytes());
        }
        if after == Then::Ends {
            message.extend_from_slice(b"connection: close\r\n");
        }
        message.extend_from_slice(b"\r\n");
        message.extend_from_slice(&answer);
        match timeout(TAKE, wire.send(&message)).await {
            Ok(sent) => sent?,
            Err(_) => return Err(Fault::Late),
        }
        Ok(after)
    }
}

/// Status line and headers of the server's answer, without what is of its connection.
fn answer_head(head: &Response, id: &str) -> Vec<u8> {
    const OURS: &[&str] = &[
        "connection",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "content-length",
        ID_HEADER,
    ];
    let mut message = format!("HTTP/1.1 {} {}\r\n", head.status, reason(head.status)).into_bytes();
    for (name, value) in &head.headers {
        if OURS.iter().any(|it| it.eq_ignore_ascii_case(name)) || lists(&head.headers, "connection", name) {
            continue;
        }
        message.extend_from_slice(name.as_bytes());
        message.extend_from_slice(b": ");
        message.extend_from_slice(value);
        message.extend_from_slice(b"\r\n");
    }
    message.extend_from_slice(format!("{ID_HEADER}: {id}\r\n").as_bytes());
    message
}

/// What is written down of an exchange beside what is known of its request.
struct Said<'a> {
    request: Option<(&'a Headers, &'a [u8])>,
    answer: Option<(&'a Headers, &'a [u8])>,
    status: u16,
    error: Option<&'a str>,
    left_out: Option<&'a str>,
}

impl<'a> Said<'a> {
    const fn failure(status: u16, why: &'a str) -> Self {
        Self { request: None, answer: None, status, error: Some(why), left_out: None }
    }
}

/// What is known of a request while it is answered.
struct Story<'a> {
    shared: &'a Shared,
    request: &'a Request,
    time: Timestamp,
    began: Instant,
    caller: String,
    id: String,
    /// Whether it asks for a prediction: only that is written down.
    predicts: bool,
}

impl Story<'_> {
    /// Writes the line of this exchange. `false` if the answer must not be given, because it could not be written.
    async fn write(&self, said: &Said<'_>) -> bool {
        if !self.predicts {
            return true;
        }
        let options = &self.shared.options;
        let exchange = Exchange {
            id: &self.id,
            time: self.time,
            target: &self.request.target,
            caller: Some(&self.caller),
            request: said.request,
            response: said.answer,
            status: said.status,
            latency_ms: self.began.elapsed().as_secs_f64() * 1000.0,
            error: said.error,
            left_out: said.left_out,
        };
        // What a model here answers by changes while it runs.
        let current = match &self.shared.behind {
            Behind::Model(model) => Some(model.current_version()),
            Behind::Server(..) => None,
        };
        let named = (self.shared.named.0.as_deref(), current.as_deref().or(self.shared.named.1.as_deref()));
        let written = match record::line(&exchange, &self.shared.private, named) {
            Ok(line) => self.shared.log.append(line).await.map_err(|it| it.to_string()),
            Err(error) => Err(error.to_string()),
        };
        match written {
            Ok(()) => {
                count(&self.shared.counts.recorded);
                true
            }
            Err(why) => {
                count(&self.shared.counts.not_recorded);
                *crate::lock(&self.shared.log_problem) = Some(why);
                options.log_failure == LogFailure::Answer
            }
        }
    }

    /// The server did not answer as it should.
    async fn failed(
        &self,
        wire: &mut Wire,
        body: &[u8],
        patience: Duration,
        fault: &Fault,
        after: Then,
    ) -> Result<Then, Fault> {
        count(&self.shared.counts.failures);
        let (status, why) = match fault {
            Fault::Late => (504, format!("the model server did not answer within {} s", patience.as_secs_f64())),
            other => (502, format!("the model server did not answer: {other}")),
        };
        let said = Said { request: Some((&self.request.headers, body)), ..Said::failure(status, &why) };
        self.write(&said).await;
        wire.send(&own_answer(status, &why, Some(&self.id), after == Then::GoesOn)).await?;
        Ok(after)
    }

    /// Passes a stream on as it comes. Its line is written before its first byte goes out, without what it says.
    async fn pass_on(
        &self,
        wire: &mut Wire,
        (body, patience): (&[u8], Duration),
        (head, server, rest): (&Response, &mut Wire, &mut Body),
        begun: Vec<u8>,
        why: &str,
    ) -> Result<Then, Fault> {
        let said = Said {
            request: Some((&self.request.headers, body)),
            answer: None,
            status: head.status,
            error: None,
            left_out: Some(why),
        };
        if !self.write(&said).await {
            wire.send(&own_answer(503, "the answer could not be written to the log", Some(&self.id), false)).await?;
            return Ok(Then::Ends);
        }
        let chunked = self.request.knows_chunks;
        let mut message = answer_head(head, &self.id);
        message.extend_from_slice(if chunked { b"transfer-encoding: chunked\r\n" } else { b"" });
        message.extend_from_slice(b"connection: close\r\n\r\n");
        let mut piece = begun;
        loop {
            if !piece.is_empty() {
                if chunked {
                    message.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
                }
                message.extend_from_slice(&piece);
                message.extend_from_slice(if chunked { b"\r\n" } else { b"" });
            }
            match timeout(TAKE, wire.send(&message)).await {
                Ok(sent) => sent?,
                Err(_) => return Err(Fault::Late),
            }
            message.clear();
            piece.clear();
            // A stream that pauses longer than a server may take has ended, as far as anybody can tell.
            match timeout(patience, rest.piece(server, &mut piece)).await.unwrap_or(Err(Fault::Late)) {
                Ok(true) => {}
                Ok(false) => break,
                Err(fault) => {
                    // The client sees that the stream was cut, because its last chunk is missing.
                    count(&self.shared.counts.failures);
                    return Err(fault);
                }
            }
        }
        if chunked {
            wire.send(b"0\r\n\r\n").await?;
        }
        Ok(Then::Ends)
    }
}

//! A gateway before a model server: it passes requests on, and writes every answer down before it is given. Or, without a server: a model
//! that answers by itself ([`serve`]).
//!
//! It speaks HTTP/1 on a socket that a person opened by a command, and to nobody but the server that was named. Every request to predict
//! has an identifier, the client's own or a new UUID, which stands in the log and in a header of the answer. What is answered is
//! held until its line is in the log; so nobody has an answer that the log does not know, however this process ends.

mod exchange;
mod front;
mod journal;
mod private;
mod record;
pub mod serve;
mod upstream;
mod wire;

use std::net::SocketAddr;
use std::time::Duration;

use serde::Serialize;

use self::front::{Behind, Front};
use self::upstream::Upstream;
use crate::trouble::Answer;

pub use self::front::{FrontOptions, LogFailure, SyncWhen};

/// The header that carries the identifier of a request.
pub(crate) const ID_HEADER: &str = "x-request-id";

/// How a gateway is set up.
#[derive(Debug, Clone)]
pub struct GatewayOptions {
    /// The model server, `http://HOST:PORT[/PREFIX]`.
    pub upstream: String,
    /// The model, where neither path nor answer names it.
    pub model: Option<String>,
    /// Its version, likewise.
    pub version: Option<String>,
    /// How long the server may take.
    pub patience: Duration,
    /// Where it listens, what it lets through, and what it writes down.
    pub front: FrontOptions,
}

/// What a gateway did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GatewaySummary {
    /// Where it listened.
    pub listening: String,
    /// The model server.
    pub upstream: String,
    /// The log.
    pub log: String,
    /// Requests that came.
    pub requests: u64,
    /// Lines that were written.
    pub recorded: u64,
    /// Requests to predict that were answered without a line, because the log could not be written.
    pub not_recorded: u64,
    /// Requests that were refused: too large, too many, no HTTP.
    pub refused: u64,
    /// Requests that the server did not answer as it should.
    pub upstream_failures: u64,
    /// Requests that were still unanswered when it ended.
    pub unfinished: u64,
    /// What the last failure of the log was.
    pub log_problem: Option<String>,
}

/// A running gateway. Dropping it ends it at once; [`Gateway::stop`] ends it in good order.
pub struct Gateway {
    front: Front,
    upstream: String,
}

impl Gateway {
    /// Opens the log and the socket, and begins to answer.
    ///
    /// # Errors
    /// If an option is none, the log cannot be written, or the socket cannot be opened.
    pub fn start(options: GatewayOptions) -> Answer<Self> {
        let behind = Behind::Server(Upstream::of(&options.upstream)?, options.patience);
        let front = Front::start(behind, (options.model, options.version), options.front)?;
        Ok(Self { front, upstream: options.upstream })
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.front.address()
    }

    /// What last went wrong with the log, if anything did.
    pub fn log_problem(&self) -> Option<String> {
        self.front.log_problem()
    }

    /// Takes no more requests, waits for those that are being answered, and closes the log.
    ///
    /// # Errors
    /// If the log cannot be brought to the disk.
    pub fn stop(self, patience: Duration) -> Answer<GatewaySummary> {
        let Self { front, upstream } = self;
        let (listening, log) = (front.address().to_string(), front.log());
        let totals = front.stop(patience)?;
        Ok(GatewaySummary {
            listening,
            upstream,
            log,
            requests: totals.requests,
            recorded: totals.recorded,
            not_recorded: totals.not_recorded,
            refused: totals.refused,
            upstream_failures: totals.failures,
            unfinished: totals.unfinished,
            log_problem: totals.log_problem,
        })
    }
}

//! A gateway before a model server: it passes requests on, and writes every answer down before it is given.
//!
//! It speaks HTTP/1 on a socket that a person opened by a command, and to nobody but the server that was named. Every request to predict
//! has an identifier, the client's own or a new UUID, which stands in the log and in a header of the answer. What the server answers is
//! held until its line is in the log; so nobody has an answer that the log does not know, however this process ends.

mod exchange;
mod journal;
mod private;
mod record;
mod upstream;
mod wire;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use proofmark_contract::ErrorCode;
use serde::Serialize;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::{Semaphore, watch};

use self::journal::{Appender, Journal};
use self::private::Private;
use self::upstream::Upstream;
use crate::trouble::{Answer, Trouble};
use crate::{EngineOptions, Home};

/// The header that carries the identifier of a request.
pub(crate) const ID_HEADER: &str = "x-request-id";
/// Connections that are open at once; further ones wait to be taken.
const MOST_CONNECTIONS: usize = 2_048;

/// When lines are forced to the disk, against a loss of power.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SyncWhen {
    /// Once a second: a loss of power costs at most the last second.
    EverySecond,
    /// Before every answer: it costs nothing, and every answer waits for the disk.
    EveryAnswer,
}

/// What happens to an answer that cannot be written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFailure {
    /// The client gets an error instead of the answer.
    Refuse,
    /// The client gets the answer, and the gap is counted and told.
    Answer,
}

/// How a gateway is set up.
#[derive(Debug, Clone)]
pub struct GatewayOptions {
    /// The model server, `http://HOST:PORT[/PREFIX]`.
    pub upstream: String,
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The log, appended to.
    pub log: PathBuf,
    /// The model, where neither path nor answer names it.
    pub model: Option<String>,
    /// Its version, likewise.
    pub version: Option<String>,
    /// Columns that are not written down.
    pub leave_out: Vec<String>,
    /// Columns of which a keyed hash is written down.
    pub hash: Vec<String>,
    /// Bytes of a body, at most; larger requests are refused, larger answers passed on without being written down.
    pub largest_body: usize,
    /// Requests at the server at once; further ones wait a second.
    pub at_once: usize,
    /// How long the server may take.
    pub patience: Duration,
    /// The header that names the caller; without it the log knows the address.
    pub caller_header: String,
    /// When lines are forced to the disk.
    pub sync: SyncWhen,
    /// What happens when the log cannot be written.
    pub log_failure: LogFailure,
    /// The home, for the key of hashes; the usual one if absent.
    pub home: Option<PathBuf>,
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

#[derive(Debug, Default)]
struct Counts {
    requests: AtomicU64,
    recorded: AtomicU64,
    not_recorded: AtomicU64,
    refused: AtomicU64,
    upstream_failures: AtomicU64,
}

fn count(of: &AtomicU64) {
    of.fetch_add(1, Ordering::Relaxed);
}

/// What all connections share.
struct Shared {
    options: GatewayOptions,
    upstream: Upstream,
    private: Private,
    log: Appender,
    slots: Semaphore,
    counts: Counts,
    log_problem: std::sync::Mutex<Option<String>>,
    stopping: watch::Receiver<bool>,
}

/// A running gateway. Dropping it ends it at once; [`Gateway::stop`] ends it in good order.
pub struct Gateway {
    runtime: Runtime,
    address: SocketAddr,
    shared: Arc<Shared>,
    journal: Journal,
    stop: watch::Sender<bool>,
    connections: Arc<Semaphore>,
}

impl Gateway {
    /// Opens the log and the socket, and begins to answer.
    ///
    /// # Errors
    /// If an option is none, the log cannot be written, or the socket cannot be opened.
    pub fn start(options: GatewayOptions) -> Answer<Self> {
        let upstream = Upstream::of(&options.upstream)?;
        if options.at_once == 0 || options.largest_body == 0 {
            let message = "A gateway that lets nothing through is of no use: both limits have to be above 0.";
            return Err(Trouble::new(ErrorCode::InvalidRequest, message));
        }
        let private = if options.hash.is_empty() {
            Private::new(&options.leave_out, &[], std::path::Path::new(""))?
        } else {
            let home = Home::at(EngineOptions::with_home(options.home.clone()).home)?;
            Private::new(&options.leave_out, &options.hash, &home.folder().join("gateway.key"))?
        };
        let journal = Journal::open(&options.log, options.sync == SyncWhen::EveryAnswer)?;
        let threads = std::thread::available_parallelism().map_or(2, usize::from).clamp(2, 8);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(threads)
            .thread_name("gateway")
            .enable_all()
            .build()
            .map_err(|error| {
                Trouble::new(ErrorCode::Internal, format!("The gateway could not start its threads: {error}."))
            })?;
        let listener = runtime.block_on(TcpListener::bind(options.listen)).map_err(|error| {
            Trouble::new(ErrorCode::Busy, format!("The gateway cannot listen at {}: {error}.", options.listen))
                .hint("Choose another address with --listen; port 0 takes a free one.")
        })?;
        let address = listener.local_addr().unwrap_or(options.listen);
        let (stop, stopping) = watch::channel(false);
        let shared = Arc::new(Shared {
            slots: Semaphore::new(options.at_once),
            upstream,
            private,
            log: journal.appender(),
            counts: Counts::default(),
            log_problem: std::sync::Mutex::default(),
            stopping,
            options,
        });
        let connections = Arc::new(Semaphore::new(MOST_CONNECTIONS));
        runtime.spawn(accept(listener, Arc::clone(&shared), Arc::clone(&connections)));
        Ok(Self { runtime, address, shared, journal, stop, connections })
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// What last went wrong with the log, if anything did.
    pub fn log_problem(&self) -> Option<String> {
        self.shared.log_problem.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    /// Takes no more requests, waits for those that are being answered, and closes the log.
    ///
    /// # Errors
    /// If the log cannot be brought to the disk.
    pub fn stop(self, patience: Duration) -> Answer<GatewaySummary> {
        let Self { runtime, address, shared, journal, stop, connections } = self;
        // Nobody listens any more when all connections ended by themselves.
        let _ = stop.send(true);
        let all = MOST_CONNECTIONS as u32;
        let finished =
            runtime.block_on(async { tokio::time::timeout(patience, connections.acquire_many(all)).await.is_ok() });
        let unfinished = if finished { 0 } else { (MOST_CONNECTIONS - connections.available_permits()) as u64 };
        runtime.shutdown_timeout(Duration::from_millis(200));
        let log_problem = shared.log_problem.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        let counts = &shared.counts;
        let read = |of: &AtomicU64| of.load(Ordering::Relaxed);
        let summary = GatewaySummary {
            listening: address.to_string(),
            upstream: shared.options.upstream.clone(),
            log: shared.options.log.to_string_lossy().into_owned(),
            requests: read(&counts.requests),
            recorded: read(&counts.recorded),
            not_recorded: read(&counts.not_recorded),
            refused: read(&counts.refused),
            upstream_failures: read(&counts.upstream_failures),
            unfinished,
            log_problem,
        };
        drop(shared);
        journal.close().map_err(|error| {
            Trouble::new(
                ErrorCode::Storage,
                format!("The last lines of {} may not be on the disk: {error}.", summary.log),
            )
            .hint("Every answer that was given is in the file; look at the free space of its disk.")
        })?;
        Ok(summary)
    }
}

/// Takes connections until it is told to stop.
async fn accept(listener: TcpListener, shared: Arc<Shared>, connections: Arc<Semaphore>) {
    let mut stopping = shared.stopping.clone();
    loop {
        let Ok(permit) = Arc::clone(&connections).acquire_owned().await else { return };
        let taken = tokio::select! {
            taken = listener.accept() => taken,
            () = exchange::told(&mut stopping) => return,
        };
        match taken {
            Ok((stream, peer)) => {
                let shared = Arc::clone(&shared);
                tokio::spawn(async move {
                    exchange::serve(&shared, stream, peer).await;
                    drop(permit);
                });
            }
            // Too many open files, most often: it passes when connections end.
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

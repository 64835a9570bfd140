//! What listens: connections in, limits, the log, and an end in good order. Behind it stands a model server or a model.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use proofmark_contract::ErrorCode;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::{Semaphore, watch};

use super::exchange;
use super::journal::{Appender, Journal};
use super::private::Private;
use super::serve::Following;
use super::upstream::Upstream;
use crate::trouble::{Answer, Trouble};
use crate::{EngineOptions, Home};

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

/// Where it listens, what it lets through, and what it writes down.
#[derive(Debug, Clone)]
pub struct FrontOptions {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The log, appended to.
    pub log: PathBuf,
    /// Columns that are not written down.
    pub leave_out: Vec<String>,
    /// Columns of which a keyed hash is written down.
    pub hash: Vec<String>,
    /// Bytes of a body, at most; larger requests are refused, larger answers of a server passed on without being written down.
    pub largest_body: usize,
    /// Requests that are answered at once; further ones wait a second.
    pub at_once: usize,
    /// The header that names the caller; without it the log knows the address.
    pub caller_header: String,
    /// When lines are forced to the disk.
    pub sync: SyncWhen,
    /// What happens when the log cannot be written.
    pub log_failure: LogFailure,
    /// The home, for the key of hashes; the usual one if absent.
    pub home: Option<PathBuf>,
}

/// Who answers.
pub(super) enum Behind {
    /// A server, which may take so long.
    Server(Upstream, Duration),
    /// A model in this process.
    Model(Arc<Following>),
}

/// What was done so far.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) requests: AtomicU64,
    pub(super) recorded: AtomicU64,
    pub(super) not_recorded: AtomicU64,
    pub(super) refused: AtomicU64,
    pub(super) failures: AtomicU64,
}

pub(super) fn count(of: &AtomicU64) {
    of.fetch_add(1, Ordering::Relaxed);
}

/// What was done, when it is over.
pub(super) struct Totals {
    pub(super) requests: u64,
    pub(super) recorded: u64,
    pub(super) not_recorded: u64,
    pub(super) refused: u64,
    pub(super) failures: u64,
    pub(super) unfinished: u64,
    pub(super) log_problem: Option<String>,
}

/// What all connections share.
pub(super) struct Shared {
    pub(super) options: FrontOptions,
    pub(super) behind: Behind,
    /// Model and version, where neither path nor answer names them.
    pub(super) named: (Option<String>, Option<String>),
    pub(super) private: Private,
    pub(super) log: Appender,
    pub(super) slots: Semaphore,
    pub(super) counts: Counts,
    pub(super) log_problem: std::sync::Mutex<Option<String>>,
    pub(super) stopping: watch::Receiver<bool>,
}

/// What listens. Dropping it ends it at once; [`Front::stop`] ends it in good order.
pub(super) struct Front {
    runtime: Runtime,
    address: SocketAddr,
    shared: Arc<Shared>,
    journal: Journal,
    stop: watch::Sender<bool>,
    connections: Arc<Semaphore>,
}

impl Front {
    /// Opens the log and the socket, and begins to answer.
    ///
    /// # Errors
    /// If an option is none, the log cannot be written, or the socket cannot be opened.
    pub(super) fn start(
        behind: Behind,
        named: (Option<String>, Option<String>),
        options: FrontOptions,
    ) -> Answer<Self> {
        if options.at_once == 0 || options.largest_body == 0 {
            let message = "What lets nothing through is of no use: both limits have to be above 0.";
            return Err(Trouble::new(ErrorCode::InvalidRequest, message));
        }
        let private = if options.hash.is_empty() {
            Private::new(&options.leave_out, &[], Path::new(""))?
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
                Trouble::new(ErrorCode::Internal, format!("The threads that answer could not be started: {error}."))
            })?;
        let listener = runtime.block_on(TcpListener::bind(options.listen)).map_err(|error| {
            Trouble::new(ErrorCode::Busy, format!("Nothing can listen at {}: {error}.", options.listen))
                .hint("Choose another address with --listen; port 0 takes a free one.")
        })?;
        let address = listener.local_addr().unwrap_or(options.listen);
        let (stop, stopping) = watch::channel(false);
        let shared = Arc::new(Shared {
            slots: Semaphore::new(options.at_once),
            behind,
            named,
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
    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The log.
    pub(super) fn log(&self) -> String {
        self.shared.options.log.to_string_lossy().into_owned()
    }

    /// What last went wrong with the log, if anything did.
    pub(super) fn log_problem(&self) -> Option<String> {
        crate::lock(&self.shared.log_problem).clone()
    }

    /// Takes no more requests, waits for those that are being answered, and closes the log.
    ///
    /// # Errors
    /// If the log cannot be brought to the disk.
    pub(super) fn stop(self, patience: Duration) -> Answer<Totals> {
        let Self { runtime, shared, journal, stop, connections, .. } = self;
        // Nobody listens any more when all connections ended by themselves.
        let _ = stop.send(true);
        let all = MOST_CONNECTIONS as u32;
        let finished =
            runtime.block_on(async { tokio::time::timeout(patience, connections.acquire_many(all)).await.is_ok() });
        let unfinished = if finished { 0 } else { (MOST_CONNECTIONS - connections.available_permits()) as u64 };
        runtime.shutdown_timeout(Duration::from_millis(200));
        let log_problem = crate::lock(&shared.log_problem).clone();
        let log = shared.options.log.to_string_lossy().into_owned();
        let counts = &shared.counts;
        let read = |of: &AtomicU64| of.load(Ordering::Relaxed);
        let totals = Totals {
            requests: read(&counts.requests),
            recorded: read(&counts.recorded),
            not_recorded: read(&counts.not_recorded),
            refused: read(&counts.refused),
            failures: read(&counts.failures),
            unfinished,
            log_problem,
        };
        drop(shared);
        journal.close().map_err(|error| {
            Trouble::new(ErrorCode::Storage, format!("The last lines of {log} may not be on the disk: {error}."))
                .hint("Every answer that was given is in the file; look at the free space of its disk.")
        })?;
        Ok(totals)
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

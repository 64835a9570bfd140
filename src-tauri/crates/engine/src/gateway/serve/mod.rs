//! A model that answers by itself, by the Open Inference Protocol, version 2.
//!
//! A version of a registry is verified before it is loaded, and its alias is followed: when another version is promoted, that one is
//! verified, loaded, and takes over between two requests. Until then, and where it does not verify or load, the last version that verified
//! answers on, and the health document says so. A copy of it is kept, so that a registry that cannot be reached does not keep a restart
//! from answering.

mod answer;
mod binary;
mod follow;
mod kept;
mod protocol;
mod standing;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::Duration;

use proofmark_contract::ErrorCode;
use serde::Serialize;

use self::follow::{Follower, Source};
use super::front::{Behind, Front, FrontOptions};
use crate::Engine;
use crate::trouble::{Answer, Trouble};

pub(super) use self::answer::{Served, predicts};
pub(super) use self::follow::Following;
pub use self::standing::{Newer, Standing};

/// How a model is served.
#[derive(Debug, Clone)]
pub struct ServeOptions {
    /// `model@alias`, `model/3` or `model` of the attached registry (a folder or a bucket), or the path of an ONNX file.
    pub model: String,
    /// The name under which it answers; that of the registry or of the file if absent.
    pub name: Option<String>,
    /// The columns of a model that takes a matrix, in their order: their names go into the log. What the model itself says if empty.
    pub columns: Vec<String>,
    /// Between two looks where the alias points.
    pub every: Duration,
    /// Where it listens, what it lets through, and what it writes down.
    pub front: FrontOptions,
}

/// What was served.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ServeSummary {
    /// Where it listened.
    pub listening: String,
    /// The model, as it was named.
    pub model: String,
    /// The version that answered last.
    pub version: String,
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
    /// Requests to predict that could not be answered with a prediction.
    pub failures: u64,
    /// Requests that were still unanswered when it ended.
    pub unfinished: u64,
    /// How often another version took over.
    pub reloads: u64,
    /// What the last failure of the log was.
    pub log_problem: Option<String>,
}

/// A model that is served. Dropping it ends it at once; [`Server::stop`] ends it in good order.
pub struct Server {
    front: Front,
    following: Arc<Following>,
    model: String,
    stop: mpsc::Sender<()>,
    thread: Option<JoinHandle<()>>,
}

impl Engine {
    /// Verifies and loads a model, opens the log and the socket, and begins to answer.
    ///
    /// # Errors
    /// If the model does not verify or cannot be evaluated here, and no version that did is kept; if the log cannot be written, or the
    /// socket cannot be opened.
    pub fn serve(&self, options: ServeOptions) -> Answer<Server> {
        let source = Source::of(&options.model)?;
        let follows = source.may_change();
        let mut follower = Follower::start(self.clone(), source, options.name.as_deref(), options.columns)?;
        let following = follower.following();
        let named = (Some(following.name().to_owned()), None);
        let front = Front::start(Behind::Model(Arc::clone(&following)), named, options.front)?;
        let (stop, stopped) = mpsc::channel();
        let thread = if follows {
            let every = options.every.max(Duration::from_millis(100));
            let run = move || {
                // Nobody sends: the wait ends when it is over, or when the server is gone.
                while stopped.recv_timeout(every) == Err(RecvTimeoutError::Timeout) {
                    follower.look();
                }
            };
            let thread = std::thread::Builder::new().name("serve-follow".to_owned()).spawn(run).map_err(|error| {
                Trouble::new(ErrorCode::Internal, format!("The alias cannot be followed: {error}."))
            })?;
            Some(thread)
        } else {
            None
        };
        Ok(Server { front, following, model: options.model, stop, thread })
    }
}

impl Server {
    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.front.address()
    }

    /// The name under which it answers.
    pub fn name(&self) -> &str {
        self.following.name()
    }

    /// Which version answers, and what is wrong with newer ones.
    pub fn standing(&self) -> Standing {
        self.following.standing()
    }

    /// What last went wrong with the log, if anything did.
    pub fn log_problem(&self) -> Option<String> {
        self.front.log_problem()
    }

    /// Takes no more requests, waits for those that are being answered, and closes the log.
    ///
    /// # Errors
    /// If the log cannot be brought to the disk.
    pub fn stop(self, patience: Duration) -> Answer<ServeSummary> {
        let Self { front, following, model, stop, thread } = self;
        drop(stop);
        let (listening, log) = (front.address().to_string(), front.log());
        let totals = front.stop(patience)?;
        if let Some(thread) = thread.filter(JoinHandle::is_finished) {
            // One that is copying a version out of a slow registry is not waited for: what it does is undone by the next start.
            let _ = thread.join();
        }
        Ok(ServeSummary {
            listening,
            model,
            version: following.current().version.clone(),
            log,
            requests: totals.requests,
            recorded: totals.recorded,
            not_recorded: totals.not_recorded,
            refused: totals.refused,
            failures: totals.failures,
            unfinished: totals.unfinished,
            reloads: following.standing().reloads,
            log_problem: totals.log_problem,
        })
    }
}

/// The only ONNX file below a folder.
fn onnx_below(folder: &Path) -> Answer<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        let trouble = |error: &std::io::Error| crate::trouble::io_trouble("reading", &next, error);
        for entry in std::fs::read_dir(&next).map_err(|error| trouble(&error))? {
            let entry = entry.map_err(|error| trouble(&error))?;
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|it| it.eq_ignore_ascii_case("onnx")) {
                found.push(path);
            }
        }
    }
    match found.len() {
        1 => Ok(found.remove(0)),
        0 => Err(Trouble::new(ErrorCode::InvalidRequest, "The version holds no ONNX file, so it cannot be evaluated here.")
            .hint("Export the model to ONNX and release that, or put a gateway before the server that runs it: proofmark gateway.")),
        many => Err(Trouble::new(
            ErrorCode::InvalidRequest,
            format!("The version holds {many} ONNX files, so it is not clear which one answers."),
        )),
    }
}

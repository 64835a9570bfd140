//! What a gateway and a served model have in common: where they listen, what they let through, what they write down.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use proofmark_contract::{ErrorBody, ErrorCode};
use proofmark_engine::gateway::{FrontOptions, LogFailure, SyncWhen};

use crate::context::Context;
use crate::text::safe;

/// Between two looks whether it is to stop.
const TICK: Duration = Duration::from_millis(100);
/// How long requests that are being answered may take when it stops.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// When lines are forced to the disk.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Sync {
    /// Once a second; a loss of power costs at most the last second
    Second,
    /// Before every answer
    Answer,
}

/// What becomes of an answer that cannot be written down.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum OnFailure {
    /// The client gets an error instead
    Refuse,
    /// The client gets it, and the gap is told
    Answer,
}

/// Where it listens, what it lets through, and what it writes down
#[derive(Debug, Args)]
pub struct Front {
    /// The log that is appended to, JSON lines
    #[arg(long, value_name = "FILE")]
    log: PathBuf,
    /// Where to listen. Other machines reach it only if an address of the network is named
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8801")]
    listen: SocketAddr,
    /// A column that is not written down. Can be repeated
    #[arg(long, value_name = "COLUMN")]
    leave_out: Vec<String>,
    /// A column of which a keyed hash is written down. Can be repeated
    #[arg(long, value_name = "COLUMN")]
    hash: Vec<String>,
    /// Largest body in MiB; larger requests are refused
    #[arg(long, value_name = "MIB", default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=1024))]
    max_body: u32,
    /// Requests that are answered at once
    #[arg(long, value_name = "COUNT", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    max_requests: u32,
    /// The header that names the caller; the log knows the address without it
    #[arg(long, value_name = "NAME", default_value = "x-caller")]
    caller_header: String,
    /// When lines are forced to the disk. What was answered is safe from the end of this process in both cases
    #[arg(long, value_enum, default_value_t = Sync::Second)]
    sync: Sync,
    /// What becomes of an answer that cannot be written down
    #[arg(long, value_enum, default_value_t = OnFailure::Refuse)]
    on_log_failure: OnFailure,
    /// Ends by itself after so many seconds
    #[arg(long = "for", value_name = "SECONDS")]
    seconds: Option<u64>,
}

impl Front {
    /// As the engine takes it.
    pub fn options(self, context: &Context) -> FrontOptions {
        FrontOptions {
            listen: self.listen,
            log: self.log,
            leave_out: self.leave_out,
            hash: self.hash,
            largest_body: self.max_body as usize * (1 << 20),
            at_once: self.max_requests as usize,
            caller_header: self.caller_header,
            sync: match self.sync {
                Sync::Second => SyncWhen::EverySecond,
                Sync::Answer => SyncWhen::EveryAnswer,
            },
            log_failure: match self.on_log_failure {
                OnFailure::Refuse => LogFailure::Refuse,
                OnFailure::Answer => LogFailure::Answer,
            },
            home: context.home(),
        }
    }

    /// How long it is to go on, where that was said.
    pub fn end(&self) -> Option<Duration> {
        self.seconds.map(Duration::from_secs)
    }
}

/// A flag that an interrupt sets.
///
/// # Errors
/// If the system does not pass interrupts on.
pub fn interrupt() -> Result<Arc<AtomicBool>, ErrorBody> {
    let stopped = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&stopped);
    ctrlc::set_handler(move || flag.store(true, Ordering::Release)).map_err(|error| {
        ErrorBody::new(ErrorCode::Internal, format!("The system refused to pass interrupts on: {error}."))
    })?;
    Ok(stopped)
}

/// Says where it listens, and then what it is told, each time that changes, until it is interrupted or over.
pub fn until_stopped(
    context: &Context,
    address: SocketAddr,
    (stopped, end): (&AtomicBool, Option<Duration>),
    mut tell: impl FnMut() -> [Option<String>; 2],
) {
    let begun = Instant::now();
    let to_all = if address.ip().is_loopback() { "" } else { " Other machines can reach it." };
    context.progress().say(&format!("Listening on http://{address}.{to_all}"));
    let mut told: [Option<String>; 2] = Default::default();
    while !stopped.load(Ordering::Acquire) && end.is_none_or(|end| begun.elapsed() < end) {
        std::thread::sleep(TICK);
        let now = tell();
        for (before, now) in told.iter_mut().zip(now) {
            if now.is_some() && now != *before {
                context.progress().say(&safe(now.as_deref().unwrap_or_default()));
            }
            *before = now;
        }
    }
}

/// The sentence about a log that cannot be written.
pub fn log_sentence(problem: Option<String>) -> Option<String> {
    problem.map(|why| format!("The log cannot be written: {why}."))
}

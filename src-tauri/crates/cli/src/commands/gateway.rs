//! A gateway before a model server.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use proofmark_contract::{ErrorBody, ErrorCode};
use proofmark_engine::gateway::{Gateway, GatewayOptions, GatewaySummary, LogFailure, SyncWhen};

use crate::context::Context;
use crate::reply::Outcome;
use crate::text::{counted, safe};

/// Between two looks whether it is to stop.
const TICK: Duration = Duration::from_millis(100);
/// How long requests that are being answered may take when it stops.
const PATIENCE: Duration = Duration::from_secs(10);

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

/// What stands where, and what is written.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The model server, as http://HOST:PORT
    #[arg(long, value_name = "URL")]
    upstream: String,
    /// The log that is appended to, JSON lines
    #[arg(long, value_name = "FILE")]
    log: PathBuf,
    /// Where to listen. Other machines reach it only if an address of the network is named
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8801")]
    listen: SocketAddr,
    /// The model's name, where neither path nor answer says it
    #[arg(long)]
    model: Option<String>,
    /// The model's version, likewise; a digest binds predictions to its bytes
    #[arg(long = "model-version", value_name = "VERSION")]
    version: Option<String>,
    /// A column that is not written down. Can be repeated
    #[arg(long, value_name = "COLUMN")]
    leave_out: Vec<String>,
    /// A column of which a keyed hash is written down. Can be repeated
    #[arg(long, value_name = "COLUMN")]
    hash: Vec<String>,
    /// Largest body in MiB; larger requests are refused
    #[arg(long, value_name = "MIB", default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=1024))]
    max_body: u32,
    /// Requests at the server at once
    #[arg(long, value_name = "COUNT", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    max_requests: u32,
    /// Seconds that the server may take
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=3_600))]
    timeout: u32,
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

impl Arguments {
    /// Does it, until it is interrupted.
    ///
    /// # Errors
    /// If the log cannot be written, or the socket cannot be opened.
    pub fn run(self, context: &Context) -> Outcome {
        let end = self.seconds.map(Duration::from_secs);
        let stopped = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&stopped);
        ctrlc::set_handler(move || flag.store(true, Ordering::Release)).map_err(|error| {
            ErrorBody::new(ErrorCode::Internal, format!("The system refused to pass interrupts on: {error}."))
        })?;
        let gateway = Gateway::start(self.options(context))?;
        let begun = Instant::now();
        let to_all = if gateway.address().ip().is_loopback() { "" } else { " Other machines can reach it." };
        context.progress().say(&format!("Listening on http://{}.{to_all}", gateway.address()));
        let mut told = None;
        while !stopped.load(Ordering::Acquire) && end.is_none_or(|end| begun.elapsed() < end) {
            std::thread::sleep(TICK);
            let problem = gateway.log_problem();
            if problem.is_some() && problem != told {
                told.clone_from(&problem);
                let why = problem.unwrap_or_default();
                context.progress().say(&format!("The log cannot be written: {}.", safe(&why)));
            }
        }
        let summary = gateway.stop(PATIENCE)?;
        context.answer("gateway", &summary, || text(&summary))
    }

    fn options(self, context: &Context) -> GatewayOptions {
        GatewayOptions {
            upstream: self.upstream,
            listen: self.listen,
            log: self.log,
            model: self.model,
            version: self.version,
            leave_out: self.leave_out,
            hash: self.hash,
            largest_body: self.max_body as usize * (1 << 20),
            at_once: self.max_requests as usize,
            patience: Duration::from_secs(self.timeout.into()),
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
}

fn text(summary: &GatewaySummary) -> String {
    let mut text = format!(
        "{}, {} written to {}.\n",
        counted(summary.requests, "request", "requests"),
        counted(summary.recorded, "line", "lines"),
        safe(&summary.log)
    );
    for (count, what) in [
        (summary.refused, "refused"),
        (summary.upstream_failures, "not answered by the model server"),
        (summary.not_recorded, "not written, because the log failed"),
        (summary.unfinished, "still open at the end"),
    ] {
        if count > 0 {
            text.push_str(&format!("{} {what}.\n", counted(count, "request", "requests")));
        }
    }
    text
}

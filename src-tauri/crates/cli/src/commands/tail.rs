//! The newest predictions of a log, as they are written.

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use clap::Args;
use proofmark_contract::view::{LogTail, TailLine};
use proofmark_contract::{ErrorBody, ErrorCode};
use proofmark_engine::adhoc;

use crate::context::Context;
use crate::reply::{Outcome, Reply, document_line};
use crate::text::{cut, safe};

const TICK: Duration = Duration::from_millis(250);

/// Shows the newest predictions of a log, and those that come
///
/// With --json --follow there is one document per line: the first with the newest lines, a further one whenever some came.
#[derive(Debug, Args)]
pub struct Arguments {
    /// A log of lines, such as the gateway writes
    log: PathBuf,
    /// Lines to begin with
    #[arg(long, short = 'n', value_name = "COUNT", default_value_t = 20)]
    lines: usize,
    /// Goes on as the log grows, until it is interrupted
    #[arg(long, short)]
    follow: bool,
    /// Prints one JSON object per line, as it comes
    #[arg(long, conflicts_with = "json")]
    json_lines: bool,
    /// Ends by itself after so many seconds
    #[arg(long = "for", value_name = "SECONDS")]
    seconds: Option<u64>,
}

impl Arguments {
    /// Does it.
    ///
    /// # Errors
    /// If the log cannot be read, or is no file of lines.
    pub fn run(self, context: &Context) -> Outcome {
        let first = adhoc::tail(&self.log, self.lines)?;
        if !self.follow {
            if self.json_lines {
                self.print(context, &first)?;
                return Ok(Reply::silent());
            }
            if first.lines.is_empty() {
                context.progress().say("There is no whole line in it yet.");
            }
            return context.answer("tail", &first, || first.lines.iter().map(line).collect());
        }
        let stopped = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&stopped);
        ctrlc::set_handler(move || flag.store(true, Ordering::Release)).map_err(|error| {
            ErrorBody::new(ErrorCode::Internal, format!("The system refused to pass interrupts on: {error}."))
        })?;
        let (begun, end) = (Instant::now(), self.seconds.map(Duration::from_secs));
        let mut follower = adhoc::Follower::behind(&self.log, &first)?;
        let mut reads = self.print(context, &first)?;
        while reads && !stopped.load(Ordering::Acquire) && end.is_none_or(|end| begun.elapsed() < end) {
            let news = follower.look()?;
            if news.rotated {
                context.progress().say("The log was rotated or written anew; it is read from its begin.");
            }
            if news.lines.is_empty() && !news.rotated {
                std::thread::sleep(TICK);
                continue;
            }
            reads = self.print(context, &news)?;
        }
        Ok(Reply::silent())
    }

    /// `false` if nobody reads any more.
    fn print(&self, context: &Context, look: &LogTail) -> Result<bool, ErrorBody> {
        let mut text = String::new();
        if context.json() {
            text = document_line("tail", look)?;
        } else if self.json_lines {
            for it in &look.lines {
                text.push_str(&serde_json::to_string(it).map_err(|error| {
                    ErrorBody::new(ErrorCode::Internal, format!("A line could not be written down: {error}."))
                })?);
                text.push('\n');
            }
        } else {
            text.extend(look.lines.iter().map(line));
        }
        let mut output = io::stdout().lock();
        match output.write_all(text.as_bytes()).and_then(|()| output.flush()) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
            Err(error) => Err(ErrorBody::new(ErrorCode::Storage, format!("Lines can no longer be printed: {error}."))),
        }
    }
}

fn line(it: &TailLine) -> String {
    let Some(id) = &it.request_id else { return format!("{}\n", safe(&cut(&it.text, 160))) };
    let or = |value: &Option<String>| value.as_deref().map_or_else(|| "–".to_owned(), |it| safe(&cut(it, 40)));
    let time =
        it.time.as_deref().map_or_else(|| "–".to_owned(), |it| safe(it.get(..23).unwrap_or(it)).replace('T', " "));
    let status = it.status.map_or_else(|| "–".to_owned(), |it| it.to_string());
    let latency = it.latency_ms.map_or_else(|| "–".to_owned(), |it| format!("{it:.1} ms"));
    let said = it.error.as_ref().map_or_else(|| or(&it.prediction), |it| safe(&cut(it, 80)));
    format!("{time}  {}  {}  {status:>3}  {latency:>9}  {said}\n", safe(&cut(id, 40)), or(&it.model))
}

//! A gateway before a model server.

use std::time::Duration;

use clap::Args;
use proofmark_engine::gateway::{Gateway, GatewayOptions, GatewaySummary};

use super::front::{Front, PATIENCE, interrupt, log_sentence, until_stopped};
use crate::context::Context;
use crate::reply::Outcome;
use crate::text::{counted, safe};

/// What stands where, and what is written.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The model server, as http://HOST:PORT
    #[arg(long, value_name = "URL")]
    upstream: String,
    /// The model's name, where neither path nor answer says it
    #[arg(long)]
    model: Option<String>,
    /// The model's version, likewise; a digest binds predictions to its bytes
    #[arg(long = "model-version", value_name = "VERSION")]
    version: Option<String>,
    /// Seconds that the server may take
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=3_600))]
    timeout: u32,
    #[command(flatten)]
    front: Front,
}

impl Arguments {
    /// Does it, until it is interrupted.
    ///
    /// # Errors
    /// If the log cannot be written, or the socket cannot be opened.
    pub fn run(self, context: &Context) -> Outcome {
        let end = self.front.end();
        let stopped = interrupt()?;
        let gateway = Gateway::start(GatewayOptions {
            upstream: self.upstream,
            model: self.model,
            version: self.version,
            patience: Duration::from_secs(self.timeout.into()),
            front: self.front.options(context),
        })?;
        until_stopped(context, gateway.address(), (&stopped, end), || [log_sentence(gateway.log_problem()), None]);
        let summary = gateway.stop(PATIENCE)?;
        context.answer("gateway", &summary, || text(&summary))
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

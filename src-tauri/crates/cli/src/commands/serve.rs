//! A model that answers by itself.

use std::time::Duration;

use clap::Args;
use proofmark_engine::gateway::serve::{ServeOptions, ServeSummary};

use super::front::{Front, PATIENCE, interrupt, log_sentence, until_stopped};
use crate::context::Context;
use crate::reply::Outcome;
use crate::text::{counted, safe};

/// Which model answers, and what is written.
#[derive(Debug, Args)]
pub struct Arguments {
    /// model@alias, model/3 or model of the attached registry, or an ONNX file
    #[arg(value_name = "MODEL")]
    model: String,
    /// The name under which it answers, instead of its own
    #[arg(long)]
    name: Option<String>,
    /// The columns of a model that takes a matrix, in their order, with commas between them; the log has their names then
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',')]
    columns: Vec<String>,
    /// Seconds between two looks whether another version was promoted
    #[arg(long, value_name = "SECONDS", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    every: u32,
    #[command(flatten)]
    front: Front,
}

impl Arguments {
    /// Does it, until it is interrupted.
    ///
    /// # Errors
    /// If the model does not verify or cannot be evaluated, the log cannot be written, or the socket cannot be opened.
    pub fn run(self, context: &Context) -> Outcome {
        let end = self.front.end();
        let stopped = interrupt()?;
        let engine = context.open()?;
        let server = engine.serve(ServeOptions {
            model: self.model,
            name: self.name,
            columns: self.columns,
            every: Duration::from_secs(self.every.into()),
            front: self.front.options(context),
        })?;
        until_stopped(context, server.address(), (&stopped, end), || {
            [log_sentence(server.log_problem()), Some(server.standing().sentence)]
        });
        let summary = server.stop(PATIENCE)?;
        context.answer("serve", &summary, || text(&summary))
    }
}

fn text(summary: &ServeSummary) -> String {
    let mut text = format!(
        "{} answered last as version {}. {}, {} written to {}.\n",
        safe(&summary.model),
        safe(&summary.version),
        counted(summary.requests, "request", "requests"),
        counted(summary.recorded, "line", "lines"),
        safe(&summary.log)
    );
    for (count, what) in [
        (summary.refused, "refused"),
        (summary.failures, "answered without a prediction"),
        (summary.not_recorded, "not written, because the log failed"),
        (summary.unfinished, "still open at the end"),
    ] {
        if count > 0 {
            text.push_str(&format!("{} {what}.\n", counted(count, "request", "requests")));
        }
    }
    if summary.reloads > 0 {
        text.push_str(&format!("Another version took over {}.\n", counted(summary.reloads, "time", "times")));
    }
    text
}

//! The story of one prediction.

use std::path::PathBuf;

use clap::Args;
use proofmark_contract::ErrorCode;
use proofmark_contract::view::{Explanation, Trace};
use serde_json::Value;

use crate::context::Context;
use crate::reply::Outcome;
use crate::text::{counted, cut, safe};

/// Tells where a prediction came from: its inputs, its model, who approved it, its data
#[derive(Debug, Args)]
pub struct Arguments {
    /// Its identifier
    id: String,
    /// A log to look in, instead of those of the projects. Can be repeated
    #[arg(long = "log", value_name = "FILE")]
    logs: Vec<PathBuf>,
    /// The table to compare the inputs with, instead of what the model was trained on
    #[arg(long, value_name = "FILE")]
    reference: Option<PathBuf>,
}

impl Arguments {
    /// Does it.
    ///
    /// # Errors
    /// If no log has the prediction.
    pub fn run(self, context: &Context) -> Outcome {
        let engine = context.engine()?;
        let mut found = engine.trace_in(&self.id, &self.logs, self.reference.as_deref());
        let unknown = found.as_ref().is_err_and(|it| it.0.code == ErrorCode::NotFound);
        if unknown
            && self.logs.is_empty()
            && let Ok(here) = context.project(None)
        {
            // The log may have come or grown since the last scan.
            context.refresh(&here, false)?;
            found = engine.trace_in(&self.id, &self.logs, self.reference.as_deref());
        }
        let trace = found?;
        context.answer("trace", &trace, || text(&trace))
    }
}

fn shown(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    safe(&cut(&text, 60))
}

fn explained(it: &Explanation) -> String {
    let method = match it.method.as_str() {
        "shapley_exact" => "exact Shapley values",
        _ => "Shapley values from orders drawn at random",
    };
    let mut text = format!(
        "\nWhat made {} {:.4} instead of {:.4}, the mean over {} ({method})\n",
        safe(&it.output),
        it.answer,
        it.baseline,
        counted(it.background, "training row", "training rows")
    );
    for part in &it.contributions {
        text.push_str(&format!(
            "  {:+.4} (± {:.4})  {}: {}\n",
            part.contribution,
            part.error,
            safe(&part.name),
            shown(&part.value)
        ));
    }
    if it.agrees == Some(false) {
        text.push_str("  The log says another answer than the model gives now.\n");
    }
    for limit in &it.limits {
        text.push_str(&format!("  {}\n", safe(limit)));
    }
    text
}

fn text(trace: &Trace) -> String {
    let logged = &trace.logged;
    let mut text = format!("Prediction {}", safe(&logged.request_id));
    if let Some(time) = logged.time {
        text.push_str(&format!(" of {time}"));
    }
    let model = logged.model.as_deref().map(safe).unwrap_or_else(|| "an unnamed model".to_owned());
    let version = logged.version.as_deref().map_or_else(String::new, |it| format!(", version {}", safe(it)));
    text.push_str(&format!(" by {model}{version}, in {}.\n", safe(&logged.log)));
    if logged.copies > 1 {
        text.push_str(&format!(
            "Its identifier stands {} times in that log; the first record is shown.\n",
            logged.copies
        ));
    }
    text.push_str("\nAnswered\n");
    for (name, value) in &logged.outputs {
        text.push_str(&format!("  {}: {}\n", safe(name), shown(value)));
    }
    text.push_str("\nAsked\n");
    for (name, value) in &logged.inputs {
        let unusual = trace.unusual_inputs.iter().find(|it| it.name == *name);
        let note = unusual.map_or_else(String::new, |it| format!("   unusual: {}", safe(&it.sentence)));
        text.push_str(&format!("  {}: {}{note}\n", safe(name), shown(value)));
    }
    if let Some(it) = &trace.named_inputs {
        text.push_str(&format!("  {}\n", safe(&it.sentence)));
    }
    text.push('\n');
    match &trace.release {
        Some(it) => {
            let withdrawn = if it.withdrawn { " It was withdrawn since." } else { "" };
            text.push_str(&format!(
                "Released as {} {} by {} on {}.{withdrawn}\n",
                safe(&it.model),
                it.version,
                safe(&it.published_by),
                it.published_at
            ));
        }
        None => text.push_str("No release of its model is known.\n"),
    }
    for it in &trace.approvals {
        let word = if it.approved { "Approved" } else { "Rejected" };
        text.push_str(&format!("{word} by {} on {}: {}\n", safe(&it.by), it.at, safe(&it.reason)));
    }
    if let Some(it) = &trace.model_file {
        let digest = it.digest.map_or_else(String::new, |it| format!(" ({it})"));
        text.push_str(&format!("Model file {}{digest}, known by {}.\n", safe(&it.path), it.known_by));
    }
    if let Some(it) = &trace.run {
        text.push_str(&format!(
            "Made by the run {}{}.\n",
            safe(&it.name),
            it.started.map_or_else(String::new, |at| format!(" of {at}"))
        ));
    }
    for it in &trace.datasets {
        let there = if it.present { "" } else { ", not there any more" };
        text.push_str(&format!("Made from {}{there}.\n", safe(&it.path)));
    }
    if let Some(it) = &trace.environment {
        let python = it.python.as_deref().map_or_else(String::new, |it| format!("Python {}, ", safe(it)));
        text.push_str(&format!("Environment {}: {python}{} packages.\n", it.digest, it.packages));
    }
    if let Some(it) = &trace.drift {
        text.push_str(&format!("Drift: {}\n", safe(it)));
    }
    if let (Some(nearest), Some(usual)) = (trace.neighbours.first(), trace.usual_distance) {
        text.push_str(&format!(
            "The nearest training row is row {}, at a distance of {:.3}; usual are {usual:.3}.\n",
            nearest.row, nearest.distance
        ));
    }
    if let Some(it) = &trace.explanation {
        text.push_str(&explained(it));
    }
    for it in &trace.missing {
        text.push_str(&format!("{}\n", safe(it)));
    }
    text
}

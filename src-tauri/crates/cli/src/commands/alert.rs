//! Alerts about models in use, and what people answer to them.

use clap::{Args, Subcommand, ValueEnum};
use proofmark_contract::domain::Timestamp;
use proofmark_contract::domain::monitor::{Alert, AlertKind, AlertState, ModelMonitor};
use proofmark_contract::view::{AlertReply, AlertVerb, MonitorStart, MonitorView, PathRef};
use proofmark_contract::{ErrorBody, ErrorCode};
use serde::Serialize;

use crate::context::Context;
use crate::reply::{Outcome, wrong};
use crate::text::{safe, words};

/// Commands about alerts.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Reads the log and lists its alerts, those that nobody answered first
    List(Log),
    /// Says that it is known; it shows again when it becomes worse
    Acknowledge(Reply),
    /// Puts it off
    Snooze {
        #[command(flatten)]
        reply: Reply,
        /// Until when, as 2026-12-31 or with a time; a week from now if absent
        #[arg(long, value_name = "DATE")]
        until: Option<String>,
    },
    /// Says that this time of the year is like that; the same months of later years are then expected
    Seasonal(Reply),
    /// Takes the last answer back
    Reopen(Reply),
    /// Says what speaks for training the model anew, as a document with its evidence
    Retraining(Log),
}

/// Which log.
#[derive(Debug, Args)]
pub struct Log {
    /// The log of predictions, in the folder of a project
    log: String,
    /// What the model was trained on; found by lineage if absent
    #[arg(long, value_name = "FILE")]
    reference: Option<String>,
    /// What turned out to be true: a column of identifiers and one of labels
    #[arg(long, value_name = "FILE")]
    labels: Option<String>,
    /// Identifier, name or folder of the project; from the log's place if absent
    #[arg(long)]
    project: Option<String>,
}

/// Which alert, and why.
#[derive(Debug, Args)]
pub struct Reply {
    /// The log of predictions, in the folder of a project
    log: String,
    /// What the alert is about
    #[arg(value_enum)]
    about: About,
    /// Begin of its first window; the open one if absent
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// The model in the log; the one with most predictions if absent
    #[arg(long)]
    model: Option<String>,
    /// Why, in your words
    #[arg(long, value_name = "TEXT", default_value = "")]
    note: String,
    /// Identifier, name or folder of the project; from the log's place if absent
    #[arg(long)]
    project: Option<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
#[value(rename_all = "snake_case")]
enum About {
    Performance,
    EstimatedPerformance,
    Errors,
    Quality,
    Scores,
    Inputs,
    Together,
    Outputs,
    Confidence,
    Skew,
    Silence,
    Latency,
}

impl From<About> for AlertKind {
    fn from(about: About) -> Self {
        match about {
            About::Performance => Self::Performance,
            About::EstimatedPerformance => Self::EstimatedPerformance,
            About::Errors => Self::Errors,
            About::Quality => Self::Quality,
            About::Scores => Self::Scores,
            About::Inputs => Self::Inputs,
            About::Together => Self::Together,
            About::Outputs => Self::Outputs,
            About::Confidence => Self::Confidence,
            About::Skew => Self::Skew,
            About::Silence => Self::Silence,
            About::Latency => Self::Latency,
        }
    }
}

/// The document of `alert`.
#[derive(Debug, Serialize)]
struct Alerts<'a> {
    log: &'a str,
    models: Vec<OfModel<'a>>,
}

#[derive(Debug, Serialize)]
struct OfModel<'a> {
    model: &'a Option<String>,
    health: &'a proofmark_contract::domain::monitor::Health,
    alerts: &'a [Alert],
}

/// A day, or a moment.
fn moment(text: &str) -> Result<Timestamp, ErrorBody> {
    let whole = if text.len() == 10 { format!("{text}T00:00:00Z") } else { text.to_owned() };
    whole.parse().map_err(|_| {
        wrong(format!("`{}` is no date.", safe(text))).hint("Write it as 2026-12-31 or 2026-12-31T08:00:00Z.")
    })
}

/// Reads a log of a project, and shows what it says.
fn read(context: &Context, log: &Log) -> Result<MonitorView, ErrorBody> {
    let engine = context.engine()?;
    let (project, path) = context.locate(&log.log, log.project.as_deref())?;
    context.refresh(&project, false)?;
    let inside = |file: &Option<String>| -> Result<Option<String>, ErrorBody> {
        file.as_ref().map(|it| context.locate(it, log.project.as_deref()).map(|(_, path)| path)).transpose()
    };
    let start = MonitorStart {
        project: project.id,
        path: path.clone(),
        reference: inside(&log.reference)?,
        labels: inside(&log.labels)?,
        window: None,
    };
    context.finish(engine.monitor_start(start)?)?;
    Ok(engine.monitor_show(PathRef { project: project.id, path })?)
}

impl Command {
    /// Does it.
    ///
    /// # Errors
    /// If the log cannot be read, or has no such alert.
    pub fn run(self, context: &Context) -> Outcome {
        let (reply, verb, until) = match self {
            Self::List(log) => {
                let view = read(context, &log)?;
                return answer(context, &view);
            }
            Self::Retraining(log) => {
                let view = read(context, &log)?;
                let at = PathRef { project: view.project, path: view.path };
                let request = context.engine()?.retraining_request(at)?;
                return context.answer("retraining", &request, || {
                    let mut text = format!("{}: {}\n", words(&request.advice), safe(&request.why));
                    for it in &request.evidence {
                        text.push_str(&format!("  {}  {}\n", words(&it.kind), safe(&it.sentence)));
                    }
                    for it in &request.doubts {
                        text.push_str(&format!("  {}\n", safe(it)));
                    }
                    text
                });
            }
            Self::Acknowledge(reply) => (reply, AlertVerb::Acknowledge, None),
            Self::Snooze { reply, until } => (reply, AlertVerb::Snooze, until.as_deref().map(moment).transpose()?),
            Self::Seasonal(reply) => (reply, AlertVerb::Seasonal, None),
            Self::Reopen(reply) => (reply, AlertVerb::Reopen, None),
        };
        let (project, path) = context.locate(&reply.log, reply.project.as_deref())?;
        let view = context.engine()?.alert_answer(AlertReply {
            project: project.id,
            path,
            model: reply.model,
            kind: reply.about.into(),
            since: reply.since.as_deref().map(moment).transpose()?,
            verb,
            until,
            note: reply.note,
        })?;
        answer(context, &view)
    }
}

fn answer(context: &Context, view: &MonitorView) -> Outcome {
    let report = view.report.as_ref().ok_or_else(|| {
        ErrorBody::new(ErrorCode::Internal, format!("{} was read, and what it says was not kept.", view.path))
    })?;
    let models: Vec<&ModelMonitor> = std::iter::once(&report.main).chain(&report.others).collect();
    let document = Alerts {
        log: &view.path,
        models: models.iter().map(|it| OfModel { model: &it.model, health: &it.health, alerts: &it.alerts }).collect(),
    };
    context.answer("alert", &document, || models.iter().map(|it| text(it)).collect())
}

fn text(model: &ModelMonitor) -> String {
    let mut text = format!("{}\n", safe(&model.health.why));
    for alert in &model.alerts {
        text.push_str(&line(alert));
    }
    text
}

/// An alert as people read it.
pub fn line(alert: &Alert) -> String {
    let open = if alert.is_open { "open" } else { "over" };
    let since = alert.since.map_or_else(String::new, |it| {
        format!(" since {}", it.to_string().get(..16).unwrap_or_default().replace('T', " "))
    });
    let answer = alert.answer.as_ref().map_or_else(String::new, |it| {
        let what = match it.state {
            AlertState::Acknowledged => "acknowledged",
            AlertState::Snoozed => "snoozed",
            AlertState::Seasonal if it.learned => "expected at this time of the year, as learned from an answer",
            AlertState::Seasonal => "called seasonal",
        };
        let until = it.until.map_or_else(String::new, |it| format!(" until {it}"));
        let note = if it.note.is_empty() { String::new() } else { format!(": {}", safe(&it.note)) };
        format!("      {what}{until} by {}{note}\n", safe(&it.by))
    });
    format!("\n{open:<4}  {}{since}\n      {}\n{answer}", words(&alert.kind), safe(&alert.sentence))
}

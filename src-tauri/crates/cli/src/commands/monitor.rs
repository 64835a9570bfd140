//! What a log of predictions says about its models.

use std::path::PathBuf;

use clap::Args;
use proofmark_contract::ErrorBody;
use proofmark_contract::domain::drift::DriftVerdict;
use proofmark_contract::domain::monitor::{
    HealthState, LogRole, ModelMonitor, MonitorReport, MonitorWindow, WindowKind,
};
use proofmark_contract::view::{ColumnRole, LogMap};
use proofmark_engine::adhoc::{self, MonitorFiles, MonitorWishes};
use proofmark_engine::{Clock, SystemClock};

use crate::context::Context;
use crate::reply::{Outcome, wrong};
use crate::text::Side::{Left, Right};
use crate::text::{Table, count, counted, cut, percent, safe, words};

/// Says how a model does in use, from a log of its predictions
#[derive(Debug, Args)]
pub struct Monitor {
    /// JSON lines, Parquet or CSV, or a folder of them; see the documentation of the prediction log
    log: PathBuf,
    /// What the model was trained on, or a log whose outcomes are known
    #[arg(long, value_name = "FILE")]
    reference: Option<PathBuf>,
    /// What turned out to be true: a column of identifiers and one of labels
    #[arg(long, value_name = "FILE")]
    labels: Option<PathBuf>,
    /// hour, day, week, month, or a number of predictions; chosen by the span of the log if absent
    #[arg(long, value_name = "SIZE")]
    window: Option<String>,
    /// What a column stands for, such as id=order_no, time=ts, prediction=yhat, score:yes=p_yes, label=outcome, input=age, ignored=note.
    /// Can be repeated
    #[arg(long = "column", value_name = "ROLE=COLUMN")]
    columns: Vec<String>,
    /// Keeps what --column says for this log of a project, so that neither here nor in the window it has to be said again; without
    /// --column takes back what was kept
    #[arg(long)]
    confirm: bool,
    /// Writes a self-contained HTML report, too
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Writes the same report as PDF, too
    #[arg(long, value_name = "FILE")]
    pdf: Option<PathBuf>,
    /// Writes the figures in the text format of Prometheus, too, for the text file collector of its node exporter
    #[arg(long, value_name = "FILE")]
    prometheus: Option<PathBuf>,
    /// Writes what speaks for training the model anew, with its evidence, as JSON
    #[arg(long, value_name = "FILE")]
    retraining: Option<PathBuf>,
}

fn window_kind(text: &str) -> Result<WindowKind, ErrorBody> {
    Ok(match text.trim().to_lowercase().as_str() {
        "hour" | "hourly" => WindowKind::Hour,
        "day" | "daily" => WindowKind::Day,
        "week" | "weekly" => WindowKind::Week,
        "month" | "monthly" => WindowKind::Month,
        other => match other.replace([',', '_'], "").parse::<u64>() {
            Ok(rows) if rows > 0 => WindowKind::Rows(rows),
            _ => {
                return Err(wrong(format!("`{}` is no size of a window.", safe(text)))
                    .hint("Use hour, day, week, month, or a number of predictions."));
            }
        },
    })
}

fn role(text: &str) -> Result<(String, LogRole, Option<String>), ErrorBody> {
    let no = || {
        wrong(format!("`{}` does not say what a column stands for.", safe(text)))
            .hint("Write it as ROLE=COLUMN, such as id=order_no or score:yes=p_yes.")
    };
    let (role, column) = text.split_once('=').ok_or_else(no)?;
    let (role, class) = match role.split_once(':') {
        Some((role, class)) => (role, Some(class.to_owned())),
        None => (role, None),
    };
    let role = match role.trim() {
        "id" => LogRole::Id,
        "time" => LogRole::Time,
        "model" => LogRole::Model,
        "version" => LogRole::Version,
        "caller" => LogRole::Caller,
        "latency" => LogRole::Latency,
        "status" => LogRole::Status,
        "error" => LogRole::Error,
        "prediction" => LogRole::Prediction,
        "score" => LogRole::Score,
        "label" => LogRole::Label,
        "input" => LogRole::Input,
        "ignored" | "ignore" => LogRole::Ignored,
        _ => return Err(no()),
    };
    Ok((column.to_owned(), role, class))
}

impl Monitor {
    /// Does it. That a model does badly is an answer, not a failure: the exit code is 0.
    ///
    /// # Errors
    /// If a file cannot be read, or an option is none.
    pub fn run(self, context: &Context) -> Outcome {
        let mut columns = self.columns.iter().map(|it| role(it)).collect::<Result<Vec<_>, _>>()?;
        if !self.confirm
            && let Some(engine) = context.engine_if_any()?
        {
            // What is said now outdoes what was said once.
            let kept = engine.log_columns_at(&self.log)?;
            let new = kept.into_iter().filter(|it| columns.iter().all(|said| said.0 != it.column));
            columns.extend(new.map(|it| (it.column, it.role, it.class)).collect::<Vec<_>>());
        }
        let wishes = MonitorWishes {
            reference: self.reference,
            labels: self.labels,
            window: self.window.as_deref().map(window_kind).transpose()?,
            columns,
        };
        let title = format!("Reading {}", self.log.display());
        let progress =
            |done: f64, what: &str| context.progress().show(&title, (done * 100.0) as u64, Some(100), "percent", what);
        let report = adhoc::monitor(&self.log, &wishes, SystemClock.now(), &progress);
        context.progress().clear();
        let mut report = report?;
        if self.confirm {
            let (project, path) = context.locate(&self.log.to_string_lossy(), None)?;
            let said = |(column, role, class): &(String, LogRole, Option<String>)| ColumnRole {
                column: column.clone(),
                role: *role,
                class: class.clone(),
            };
            let columns = wishes.columns.iter().map(said).collect();
            context.engine()?.log_map(LogMap { project: project.id, path, columns })?;
        }
        if let Some(engine) = context.engine_if_any()? {
            report = engine.answered_log(&self.log, report)?;
        }
        let files =
            MonitorFiles { html: self.html, pdf: self.pdf, prometheus: self.prometheus, retraining: self.retraining };
        adhoc::write_monitor(&self.log, &report, SystemClock.now(), &files)?;
        context.answer("monitor", &report, || text(&report))
    }
}

fn state(state: HealthState) -> &'static str {
    match state {
        HealthState::Good => "good",
        HealthState::Watch => "to be watched",
        HealthState::Bad => "bad",
        HealthState::Unknown => "not known",
    }
}

fn span(window: &MonitorWindow, at: usize) -> String {
    window.start.map_or_else(
        || format!("window {}", at + 1),
        |it| it.to_string().get(..16).unwrap_or_default().replace('T', " "),
    )
}

fn one(value: f64) -> String {
    if value.abs() < 10.0 { format!("{value:.3}") } else { format!("{value:.1}") }
}

fn model_text(model: &ModelMonitor) -> String {
    let name = model.model.as_deref().map_or_else(|| "The model".to_owned(), safe);
    let mut text = format!("{name} is {}. {}\n", state(model.health.state), safe(&model.health.why));
    for alert in &model.alerts {
        text.push_str(&super::alert::line(alert));
    }
    let metric = ["accuracy", "mae", "roc_auc"].into_iter().find(|metric| {
        model
            .windows
            .iter()
            .any(|it| it.performance.realised.contains_key(*metric) || it.performance.estimated.contains_key(*metric))
    });
    let mut table = Table::new([
        ("Window", Left),
        ("Predictions", Right),
        ("Errors", Right),
        ("Confidence", Right),
        ("Drift", Left),
        ("Measured", Right),
        ("Estimated", Right),
    ]);
    for (at, window) in model.windows.iter().enumerate() {
        let drift = window.drift.as_ref().map_or_else(
            || "–".to_owned(),
            |it| match it.verdict {
                DriftVerdict::Drift if it.only_together() => "together".to_owned(),
                DriftVerdict::Drift => format!("{} of {}", it.drifted, it.compared),
                DriftVerdict::NoDrift => "none".to_owned(),
                DriftVerdict::CannotTell => "cannot tell".to_owned(),
            },
        );
        let with_interval =
            |value: f64, (low, high): (f64, f64)| format!("{} ({}–{})", one(value), one(low), one(high));
        let real = metric.and_then(|it| window.performance.realised.get(it));
        let said = metric.and_then(|it| window.performance.estimated.get(it));
        table.row([
            span(window, at),
            count(window.rows),
            percent(window.usage.error_rate),
            window.confidence.map_or_else(|| "–".to_owned(), |it| one(it.max_probability)),
            drift,
            real.map_or_else(|| "–".to_owned(), |it| with_interval(it.value, it.interval)),
            said.map_or_else(
                || "–".to_owned(),
                |it| {
                    it.value
                        .zip(it.interval)
                        .map_or_else(|| "no number".to_owned(), |(value, interval)| with_interval(value, interval))
                },
            ),
        ]);
    }
    text.push('\n');
    if let Some(metric) = metric {
        text.push_str(&format!("Measured and estimated: {metric}, with 95 % intervals.\n"));
    }
    text.push_str(&table.text());
    if let Some(window) = model.windows.last() {
        let at = model.windows.len() - 1;
        if let Some(drift) = window.drift.as_ref().filter(|it| it.only_together()) {
            text.push_str(&format!("\nIn {}: {}\n", span(window, at), safe(&drift.why)));
        }
        if !window.performance.segments.is_empty() {
            text.push_str(&format!("\nWorse than elsewhere, in {}:\n", span(window, at)));
        }
        for segment in &window.performance.segments {
            text.push_str(&format!("  {}\n", safe(&segment.sentence)));
        }
    }
    text
}

fn text(report: &MonitorReport) -> String {
    let mut text = model_text(&report.main);
    for other in &report.others {
        text.push('\n');
        text.push_str(&model_text(other));
    }
    let log = &report.log;
    text.push_str(&format!(
        "\n{} in {}, read as {}.\n",
        counted(log.rows, "prediction", "predictions"),
        counted(log.paths.len() as u64, "file", "files"),
        log.format
    ));
    if let Some(reference) = &report.reference {
        text.push_str(&format!(
            "Compared with {} ({}).\n",
            safe(&reference.path),
            counted(reference.rows, "row", "rows")
        ));
    }
    let guessed: Vec<String> = log
        .mapping
        .iter()
        .filter(|it| !it.confirmed && !matches!(it.role, LogRole::Input | LogRole::Ignored))
        .map(|it| format!("{} as {}", safe(&cut(&it.column, 40)), words(&it.role)))
        .collect();
    if !guessed.is_empty() {
        text.push_str(&format!(
            "Understood by their names: {}. Say otherwise with --column ROLE=COLUMN.\n",
            guessed.join(", ")
        ));
    }
    for problem in &log.problems {
        text.push_str(&format!("{}\n", safe(&problem.message)));
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn sizes_and_roles_are_read() {
        assert_eq!(window_kind("day").unwrap(), WindowKind::Day);
        assert_eq!(window_kind("5,000").unwrap(), WindowKind::Rows(5_000));
        assert!(window_kind("0").is_err() && window_kind("fortnight").is_err());
        assert_eq!(role("score:yes=p_yes").unwrap(), ("p_yes".to_owned(), LogRole::Score, Some("yes".to_owned())));
        assert!(role("colour=blue").is_err() && role("id").is_err());
    }
}

//! What a log of predictions says about its models.
//!
//! The log is gone through once, in blocks; what is kept of it are counts by window, which can be added up, and a bounded part of the rows
//! for what cannot. The reference (what the model was trained on, or a log whose outcomes are known) is read first and thinned out evenly
//! when it is large. Without a reference the first third of the log is taken.

mod baseline;
mod cells;
mod change;
mod clock;
mod estimate;
mod gather;
mod kept;
mod labels;
mod lone;
mod mapping;
mod places;
mod reference;
mod report;
pub(crate) mod season;
mod segments;
mod shared;
mod source;
mod task;
mod together;
pub mod trace;
mod usage;
mod windows;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use polars::prelude::{Column, DataFrame};
use proofmark_domain::counts::{counted, grouped};
use proofmark_domain::monitor::{
    LabelReading, LogProblem, LogReading, LogRole, ModelMonitor, MonitorReport, WindowKind, health,
};

pub use self::mapping::Wish;

use self::cells::Block;
use self::clock::stamp;
use self::estimate::realised::measure;
use self::gather::{Counts, Gather};
use self::mapping::Mapping;
use self::reference::Prepared;
use self::report::Against;
use self::source::{Source, Trouble, files_of};
use crate::table::TableError;

/// What is asked about a log.
#[derive(Debug, Clone)]
pub struct MonitorInput {
    /// A file, or a folder of files.
    pub log: PathBuf,
    /// What the model was trained on, or a log whose outcomes are known.
    pub reference: Option<PathBuf>,
    /// What turned out to be true, by identifier.
    pub labels: Option<PathBuf>,
    /// Size of the windows; chosen by the span of the log if absent.
    pub window: Option<WindowKind>,
    /// What a person says about columns.
    pub columns: Vec<Wish>,
    /// Now, in milliseconds since 1970, to know the future from the past.
    pub now: i64,
}

/// Files of the log, and what was wrong with the others.
struct Opened {
    sources: Vec<Source>,
    problems: Vec<LogProblem>,
}

fn problem(code: &str, count: u64, message: impl Into<String>) -> LogProblem {
    LogProblem { code: code.to_owned(), count, message: message.into() }
}

fn open_all(path: &Path) -> Result<Opened, TableError> {
    let files = files_of(path)?;
    let mut opened = Opened { sources: Vec::new(), problems: Vec::new() };
    let mut last = None;
    for file in files {
        match Source::open(&file) {
            Ok(source) => opened.sources.push(source),
            Err(error) => {
                let code =
                    if matches!(error, TableError::Truncated { .. }) { "truncated_file" } else { "unreadable_file" };
                opened.problems.push(problem(code, 1, format!("{error} The other files were used.")));
                last = Some(error);
            }
        }
    }
    match (opened.sources.is_empty(), last) {
        (true, Some(error)) => Err(error),
        _ => Ok(opened),
    }
}

/// The first block of the first file that has rows.
fn head(sources: &[Source], cancel: &dyn Fn() -> bool) -> Result<Block, TableError> {
    for source in sources {
        let head = source.head(cancel)?;
        if head.rows > 0 {
            return Ok(head);
        }
    }
    Ok(Block::default())
}

/// Year and month, 1..=12, of a moment in milliseconds since 1970.
pub(crate) fn month_of(ms: i64) -> (i64, u32) {
    clock::month(ms)
}

/// The moments of a column in milliseconds since 1970, whatever it is written as.
pub(crate) fn moments(column: &Column) -> Vec<Option<i64>> {
    let frame = DataFrame::new(column.len(), vec![column.clone()]);
    let block = frame.ok().and_then(|it| source::block_of(&it).ok());
    let cells = block.and_then(|it| it.columns.into_iter().next()).unwrap_or_default();
    (0..column.len())
        .map(|row| match cells.text(row) {
            Some(text) => clock::read_moment(text).map(|it| it.ms),
            None => cells.number(row).map(|it| clock::epoch_ms(it) as i64),
        })
        .collect()
}

/// Says what a log shows.
///
/// # Errors
/// When no file of the log, or the reference, or the labels can be read at all; when `cancel` says so. Everything else that is wrong is a
/// problem in the report.
pub fn monitor(
    input: &MonitorInput,
    cancel: &dyn Fn() -> bool,
    progress: &dyn Fn(f64, &str),
) -> Result<MonitorReport, TableError> {
    progress(0.0, "opening the log");
    let opened = match open_all(&input.log) {
        Ok(opened) => opened,
        Err(TableError::EmptyFile { path }) => return Ok(empty(input, &path)),
        Err(error) => return Err(error),
    };
    let mut problems = opened.problems;
    let first = head(&opened.sources, cancel)?;
    if first.rows == 0 {
        return Ok(empty(input, &input.log));
    }
    progress(0.05, "reading the reference");
    let prepared = reference::prepare(input, &opened.sources, &first, &mut problems, cancel)?;
    progress(0.3, "reading the log");
    let Prepared { mapping, baselines, columns, task, mut labels, .. } = prepared;
    let mut format = "";
    let (counts, task, mut models) = {
        let mut gather = Gather::new(
            &mapping,
            &baselines,
            columns,
            task,
            labels.as_mut().map(|it| &mut it.0),
            input.window,
            input.now,
        );
        let mut troubles = source::Read::default();
        let mut first_broken = None;
        for (at, source) in opened.sources.iter().enumerate() {
            let wanted: Vec<String> =
                mapping.columns.iter().filter(|it| it.role != LogRole::Ignored).map(|it| it.column.clone()).collect();
            let outcome = source.read(Some(&wanted), cancel, &mut |block| {
                gather.add(&block);
                Ok(())
            });
            match outcome {
                Ok(read) => {
                    if !read.format.is_empty() {
                        format = read.format;
                    }
                    for trouble in Trouble::ALL {
                        troubles.add(trouble, read.count(trouble));
                    }
                    first_broken = first_broken.or_else(|| {
                        let (line, why) = read.first_broken?;
                        let name = source.path().file_name().unwrap_or_default().to_string_lossy().into_owned();
                        Some(format!("line {line} of {name}: {why}"))
                    });
                }
                Err(TableError::Cancelled) => return Err(TableError::Cancelled),
                Err(error) => problems.push(problem(
                    "unreadable_file",
                    1,
                    format!("{error} What was read of it before, and the other files, were used."),
                )),
            }
            progress(0.3 + 0.6 * (at + 1) as f64 / opened.sources.len() as f64, "reading the log");
        }
        problems.extend(file_problems(&troubles, first_broken.as_deref()));
        (gather.counts, gather.task, gather.models)
    };
    progress(0.9, "judging the windows");
    problems.extend(row_problems(&counts, &mapping, input.now));
    for model in &mut models {
        drop_future(model, &counts, input.now);
        model.windows.finish();
        if let Some(wish) = input.window.filter(|it| *it != model.windows.kind) {
            let words = format!(
                "Windows of {} would be more than can be looked at, so windows of {} were taken.",
                size_words(wish),
                size_words(model.windows.kind)
            );
            problems.push(problem("too_many_windows", model.rows, words));
        }
    }
    models.sort_by_key(|it| std::cmp::Reverse(it.rows));
    let (estimator, no_estimator) = reference::estimator(&task, prepared.outcomes.as_ref(), &models, &baselines);
    let labels = labels.map(|(known, path, all)| {
        let unmatched = all.saturating_sub(known.joined);
        if known.joined == 0 && all > 0 {
            let words = format!("None of the {} labels belongs to a prediction of the log: their identifiers differ. Name the right columns.", grouped(all));
            problems.push(problem("unmatched_labels", all, words));
        } else if unmatched > 0 {
            problems.push(problem("unmatched_labels", unmatched, format!("{} labels belong to predictions that are not in the log; they were left out.", grouped(unmatched))));
        }
        LabelReading { path: Some(path), labels: all, joined: known.joined, unmatched }
    });
    let own = (counts.own_labels > 0).then_some(LabelReading {
        path: None,
        labels: counts.own_labels,
        joined: counts.own_labels,
        unmatched: 0,
    });
    let measured: BTreeMap<String, f64> = match &prepared.outcomes {
        Some(kept) => measure(&task, kept).into_iter().map(|(name, it)| (name, it.value)).collect(),
        None => BTreeMap::new(),
    };
    let against = Against {
        baselines: &baselines,
        task: &task,
        estimator: estimator.as_ref(),
        outcomes: prepared.outcomes.as_ref(),
        measured: &measured,
        sample: &prepared.sample,
        no_estimator: &no_estimator,
        absent: &prepared.absent,
        of_itself: prepared.of_itself,
        now: input.now,
        last: counts.last,
    };
    let window = models.first().map_or(WindowKind::Day, |it| it.windows.kind);
    let mut all: Vec<ModelMonitor> = models.iter().map(|it| report::report(it, &against, cancel)).collect();
    if cancel() {
        return Err(TableError::Cancelled);
    }
    problems.extend(outcome_problems(&models, &task, &counts));
    let main = if all.is_empty() { nothing() } else { all.remove(0) };
    progress(1.0, "done");
    Ok(MonitorReport {
        main,
        window,
        log: LogReading {
            paths: opened.sources.iter().map(|it| it.path().to_string_lossy().into_owned()).collect(),
            format: if !format.is_empty() {
                format.to_owned()
            } else if mapping
                .columns
                .iter()
                .any(|it| it.role == LogRole::Input && it.confirmed && it.column.starts_with("inputs."))
            {
                "proofmark".to_owned()
            } else {
                "table".to_owned()
            },
            rows: counts.rows,
            span: counts.first.zip(counts.last).map(|(a, b)| (stamp(a), stamp(b))),
            mapping: mapping.columns,
            problems,
        },
        reference: prepared.reading,
        labels: labels.or(own),
        others: all,
    })
}

fn size_words(kind: WindowKind) -> String {
    match kind {
        WindowKind::Hour => "an hour".to_owned(),
        WindowKind::Day => "a day".to_owned(),
        WindowKind::Week => "a week".to_owned(),
        WindowKind::Month => "a month".to_owned(),
        WindowKind::Rows(1) => "one prediction".to_owned(),
        WindowKind::Rows(rows) => counted(rows, "prediction", "predictions"),
    }
}

fn nothing() -> ModelMonitor {
    let health = health(&[], &[]);
    ModelMonitor {
        model: None,
        versions: Vec::new(),
        windows: Vec::new(),
        changes: Vec::new(),
        skew: Vec::new(),
        alerts: Vec::new(),
        health,
    }
}

fn empty(input: &MonitorInput, path: &Path) -> MonitorReport {
    MonitorReport {
        main: nothing(),
        window: input.window.unwrap_or(WindowKind::Day),
        log: LogReading {
            paths: vec![path.to_string_lossy().into_owned()],
            format: "table".to_owned(),
            rows: 0,
            span: None,
            mapping: Vec::new(),
            problems: vec![problem("no_rows", 0, format!("{} holds no prediction yet.", path.display()))],
        },
        reference: None,
        labels: None,
        others: Vec::new(),
    }
}

/// Windows that lie wholly in the future are the work of a wrong clock, unless most of the log does.
fn drop_future(model: &mut gather::Model, counts: &Counts, now: i64) {
    if counts.future == 0 || counts.future * 2 >= counts.rows || matches!(model.windows.kind, WindowKind::Rows(_)) {
        return;
    }
    let kind = model.windows.kind;
    let keep: Vec<bool> = model.windows.all.iter().map(|(key, _)| clock::start_of(kind, *key) <= now).collect();
    model.activity.forget_after(now);
    let mut at = keep.iter();
    model.windows.all.retain(|_| at.next().copied().unwrap_or(true));
    for counts in &mut model.windows.columns {
        let mut at = keep.iter();
        counts.retain(|_| at.next().copied().unwrap_or(true));
    }
}

fn file_problems(read: &source::Read, first_broken: Option<&str>) -> Vec<LogProblem> {
    let words = |trouble: Trouble, n: u64| match trouble {
        Trouble::BrokenLine => {
            let what = if n == 1 {
                "1 line is no record and was skipped"
            } else {
                &format!("{} lines are no records and were skipped", grouped(n))
            };
            let first = first_broken.map_or_else(String::new, |it| format!(" (the first is {it})"));
            ("broken_lines", format!("{what}{first}; every other line was used."))
        }
        Trouble::PartialLine => (
            "partial_line",
            "The last line is not finished. It was left out and will be read once its writer has ended it.".to_owned(),
        ),
        Trouble::Truncated => (
            "truncated_file",
            "The packed data breaks off. Everything before the break was used; copy the file again for the rest."
                .to_owned(),
        ),
        Trouble::OtherEncoding => (
            "other_encoding",
            format!(
                "{} read as windows-1252. Look whether names and texts are right.",
                counted(n, "line is not UTF-8 and was", "lines are not UTF-8 and were")
            ),
        ),
        Trouble::MissingHalf => (
            "missing_half",
            format!(
                "{} requests have no answer in the log, or answers no request. What there is of them was used.",
                grouped(n)
            ),
        ),
    };
    Trouble::ALL
        .into_iter()
        .filter(|it| read.count(*it) > 0)
        .map(|it| {
            let (code, message) = words(it, read.count(it));
            problem(code, read.count(it), message)
        })
        .collect()
}

fn row_problems(counts: &Counts, mapping: &Mapping, now: i64) -> Vec<LogProblem> {
    let mut found = Vec::new();
    let mut add = |code: &str, n: u64, message: String| {
        if n > 0 {
            found.push(problem(code, n, message));
        }
    };
    add(
        "duplicate_ids",
        counts.duplicates,
        format!(
            "{} an identifier that stands before; each identifier was counted once.",
            counted(counts.duplicates, "prediction has", "predictions have")
        ),
    );
    add(
        "further_models",
        counts.further_models,
        format!(
            "{} of a model beyond the first {}, and left out. Is the right column the model's name?",
            counted(counts.further_models, "prediction is", "predictions are"),
            gather::MOST_MODELS
        ),
    );
    add(
        "ids_forgotten",
        u64::from(counts.ids_forgotten),
        "The log has so many identifiers that repetitions among the last of them were not looked for.".to_owned(),
    );
    add(
        "bad_times",
        if mapping.of(LogRole::Time).is_some() { counts.bad_times } else { 0 },
        format!(
            "{} no time that can be read, and so no window.",
            counted(counts.bad_times, "prediction has", "predictions have")
        ),
    );
    let rest = if counts.future * 2 >= counts.rows {
        "Most of the log does, so they were kept: a clock is wrong."
    } else {
        "Windows that have not begun yet were left out."
    };
    add(
        "future_times",
        counts.future,
        format!(
            "{} dated after now ({}). {rest}",
            counted(counts.future, "prediction is", "predictions are"),
            stamp(now)
        ),
    );
    add(
        "unordered_times",
        counts.unordered,
        format!(
            "{} behind later ones. Windows go by time, so this changes nothing.",
            counted(counts.unordered, "prediction stands", "predictions stand")
        ),
    );
    if counts.zoned > 0 {
        add(
            "mixed_zones",
            counts.unzoned,
            format!(
                "{} times have a zone and {} have none; the latter were read as UTC.",
                counts.zoned, counts.unzoned
            ),
        );
    }
    add(
        "scores_out_of_range",
        counts.out_of_range,
        format!(
            "{} outside of 0 to 1. They count as requests, but not for confidence or performance.",
            counted(counts.out_of_range, "prediction has scores", "predictions have scores")
        ),
    );
    add(
        "scores_do_not_sum",
        counts.not_summing,
        format!(
            "{} of all classes that do not sum to 1. They count as requests, but not for confidence or performance.",
            counted(counts.not_summing, "prediction has scores", "predictions have scores")
        ),
    );
    add(
        "not_finite",
        counts.not_finite,
        format!(
            "{} infinite or not a number; counted where it lies, or as missing.",
            counted(counts.not_finite, "value of an input is", "values of inputs are")
        ),
    );
    add(
        "scores_out_of_range",
        counts.scores_not_finite,
        format!(
            "{} are infinite or not a number. They count as requests, but not for confidence or performance.",
            counted(counts.scores_not_finite, "prediction has scores that", "predictions have scores that")
        ),
    );
    if mapping.of(LogRole::Time).is_none() {
        found.push(problem(
            "no_times",
            counts.rows,
            "The log has no column of times, so its windows are numbers of rows in the order of the file.",
        ));
    }
    if mapping.of(LogRole::Id).is_none() {
        found.push(problem(
            "no_ids",
            counts.rows,
            "The log has no identifiers, so repetitions cannot be found and labels cannot be joined.",
        ));
    }
    if mapping.of(LogRole::Prediction).is_none() && mapping.of(LogRole::Score).is_none() {
        found.push(problem(
            "no_outputs",
            counts.rows,
            "The log has no predictions or scores, so only what the model was asked can be looked at.",
        ));
    }
    found
}

/// That predictions or labels are all the same, as far as rows were kept.
fn outcome_problems(models: &[gather::Model], task: &kept::Task, counts: &Counts) -> Vec<LogProblem> {
    let kept::Task::Classes { names, .. } = task else { return Vec::new() };
    let windows = || models.iter().flat_map(|it| &it.windows.all).map(|it| &it.1.kept);
    let only = |values: &dyn Fn(&kept::Kept) -> Vec<f64>| -> Option<&str> {
        let mut known = windows().flat_map(values).filter(|it| !it.is_nan());
        let first = known.next()?;
        known.all(|it| it == first).then(|| names.get(first as usize).map_or("", String::as_str))
    };
    let mut found = Vec::new();
    if counts.rows > 1
        && let Some(class) = only(&|it| it.prediction.clone())
    {
        found.push(problem(
            "one_class",
            1,
            format!("The model answered nothing but \"{class}\", so only the share of right answers can be measured."),
        ));
    }
    if counts.own_labels > 1
        && let Some(class) = only(&|it| it.label.clone())
    {
        let words = format!(
            "The label is \"{class}\" wherever it is known, {} times, so only the share of right answers can be measured.",
            counts.own_labels
        );
        found.push(problem("constant_label", counts.own_labels, words));
    }
    found
}

#[cfg(test)]
mod tests;

//! What a log is held against: read before the log, so that bins, classes and roles are known.

use std::collections::BTreeSet;
use std::path::Path;

use proofmark_domain::monitor::{LogProblem, LogRole, ReferenceReading};

use super::baseline::{Baseline, Thinned};
use super::cells::{Block, Cells, hash_of, id_hash, number_text};
use super::clock::{epoch_ms, read_moment};
use super::estimate::Estimator;
use super::gather::{Labels, Model, class_text, valid_scores};
use super::kept::{Kept, Task};
use super::labels::{code_labels, read_labels};
use super::lone::pair_scores;
use super::mapping::{Mapping, guess};
use super::places::{in_order, name_by_place};
use super::shared::shared_rows;
use super::source::Source;
use super::task::decide_task;
use super::together::{MOST_ROWS, spread};
use super::{MonitorInput, open_all, problem};
use crate::drift::mix;
use crate::table::TableError;

/// Score columns up to which each is compared with the reference.
const MOST_OUTPUTS: usize = 10;
/// Share of the log that stands in for a reference.
const FIRST: usize = 3;

/// Everything that must be known before the log is read.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) mapping: Mapping,
    pub(super) baselines: Vec<Baseline>,
    /// The log's column of each baseline.
    pub(super) columns: Vec<String>,
    pub(super) task: Task,
    pub(super) labels: Option<(Labels, String, u64)>,
    /// Rows of the reference with an outcome.
    pub(super) outcomes: Option<Kept>,
    /// The inputs of some rows of the reference, with or without an outcome.
    pub(super) sample: Kept,
    pub(super) reading: Option<ReferenceReading>,
    pub(super) absent: Vec<String>,
    pub(super) of_itself: bool,
}

/// Reads everything that the log is held against.
pub(super) fn prepare(
    input: &MonitorInput,
    log: &[Source],
    first: &Block,
    problems: &mut Vec<LogProblem>,
    cancel: &dyn Fn() -> bool,
) -> Result<Prepared, TableError> {
    let reference = input.reference.as_deref().map(open_all).transpose()?;
    let reference_head = reference.as_ref().map(|it| super::head(&it.sources, cancel)).transpose()?;
    ensure_known(input, first, reference_head.as_ref(), problems, cancel)?;
    // Whether the reference is a log itself decides how vague names are understood, so it is mapped first.
    let alone = reference_head.as_ref().map(|head| guess(head, &[], None));
    let is_log =
        alone.as_ref().is_some_and(|it| it.of(LogRole::Prediction).is_some() || it.of(LogRole::Score).is_some());
    let reference_names: Option<Vec<String>> = reference_head.as_ref().map(|it| it.names.clone());
    let mut mapping = guess(first, &input.columns, reference_names.as_deref().map(|it| (it, is_log)));
    let mut texts = Vec::new();
    let raw = input
        .labels
        .as_deref()
        .map(|path| read_labels(path, input, &mapping, &mut texts, problems, cancel))
        .transpose()?
        .flatten();

    let own_inputs: Vec<String> = mapping.all(LogRole::Input).map(|it| it.1.to_owned()).collect();
    let mut reference_mapping = reference_head.as_ref().map(|head| {
        let wishes: Vec<super::Wish> =
            input.columns.iter().filter(|it| head.names.contains(&it.column)).cloned().collect();
        guess(head, &wishes, Some((&own_inputs, false)))
    });
    if let (Some(found), Some(head)) = (&mut reference_mapping, &reference_head) {
        find_target(found, head, &mapping, raw.as_ref().map(|it| it.column.as_str()));
        problems.extend(name_by_place(&mut mapping, found));
    }
    let thinned = match (&reference, &reference_mapping) {
        (Some(opened), Some(found)) => thin(&opened.sources, found, cancel)?,
        _ => thin(log, &mapping, cancel)?,
    };
    if let Some(found) = &mut reference_mapping {
        pair_scores(&mapping, first, found, &thinned.block);
    }
    let of_itself = reference.is_none();
    let about = reference_mapping.as_ref().unwrap_or(&mapping);
    let rows = if of_itself { first_rows(&thinned.block, &mapping) } else { (0..thinned.block.rows).collect() };
    let label_names = raw.as_ref().map(|it| it.names(&texts)).unwrap_or_default();
    let mut task = decide_task(&mapping, first, about, &thinned.block, &label_names, problems);
    let labels = raw.map(|raw| code_labels(raw, &texts, &mut task, problems));

    let (baselines, columns) = baselines(&mapping, about, &thinned.block, &rows);
    let outcomes = outcomes(
        about,
        &thinned.block,
        &rows,
        &mut task,
        labels.as_ref().filter(|_| of_itself).map(|it| &it.0),
        &baselines,
        &columns,
        &mapping,
    );
    let sample = sample(about, &thinned.block, &rows, &baselines, &columns, &mapping);
    let mut baselines = baselines;
    learn_losses(&mut baselines, about, &mapping, &columns, &thinned.block, &rows, &task, outcomes.as_ref());
    let absent = if of_itself {
        Vec::new()
    } else {
        let known: BTreeSet<&str> = mapping.all(LogRole::Input).map(|it| it.1).collect();
        let inputs = about.all(LogRole::Input).map(|it| it.1).filter(|it| !known.contains(it));
        let has_inputs = !known.is_empty();
        inputs.filter(|_| has_inputs).map(str::to_owned).collect()
    };
    // A training table often has columns that the model never sees. Only beside an input that the reference does not know may one
    // that the log never had be the same under another name.
    let strange = mapping.all(LogRole::Input).any(|(column, name)| {
        !about.columns.iter().any(|it| it.role == LogRole::Input && (it.name == name || it.column == column))
    });
    if !absent.is_empty() {
        let words = format!(
            "The reference has {} that the log never had: {}.{}",
            if absent.len() == 1 { "1 input".to_owned() } else { format!("{} inputs", absent.len()) },
            absent.iter().take(8).cloned().collect::<Vec<_>>().join(", "),
            if strange { "" } else { " The model is taken not to be asked with what its log never had." }
        );
        problems.push(problem("schema_mismatch", absent.len() as u64, words));
    }
    let absent = if strange { absent } else { Vec::new() };
    if !of_itself {
        problems.extend(shared_rows(&mapping, first, about, &thinned.block));
    }
    let found: Vec<String> = baselines.iter().filter(|it| it.role == "input").map(|it| it.name.clone()).collect();
    if reference.is_some() && thinned.rows == 0 {
        let name = input.reference.as_deref().unwrap_or(Path::new("")).display();
        problems.push(problem(
            "no_rows",
            0,
            format!("The reference {name} holds no rows, so nothing can be compared with it."),
        ));
    } else if reference.is_some() && found.is_empty() {
        problems.push(problem("schema_mismatch", 0, "The reference and the log have no input in common, so inputs are not compared. Is it the table that this model was trained on?"));
    }
    // Where nothing is the same, the reference is the wrong one, or named otherwise; that says nothing of the model.
    let absent = if found.is_empty() { Vec::new() } else { absent };
    let path = match &input.reference {
        Some(path) => path.to_string_lossy().into_owned(),
        None => "the first third of the log".to_owned(),
    };
    let reading = (!baselines.is_empty()).then(|| ReferenceReading {
        path,
        rows: if of_itself { thinned.rows / FIRST as u64 } else { thinned.rows },
        used: rows.len() as u64,
        columns: found,
        has_outcomes: outcomes.is_some(),
    });
    Ok(Prepared { mapping, baselines, columns, task, labels, outcomes, sample, reading, absent, of_itself })
}

/// What a person says about a column holds for the log, the reference and the labels: what turned out to be true often stands in the reference
/// only, and may come later. Any other column that none of them has is a slip of the pen.
fn ensure_known(
    input: &MonitorInput,
    log: &Block,
    reference: Option<&Block>,
    problems: &mut Vec<LogProblem>,
    cancel: &dyn Fn() -> bool,
) -> Result<(), TableError> {
    let has = |block: &Block, wish: &super::Wish| block.names.contains(&wish.column);
    let mut unknown: Vec<&super::Wish> =
        input.columns.iter().filter(|it| !has(log, it) && !reference.is_some_and(|block| has(block, it))).collect();
    if let Some(path) = input.labels.as_ref().filter(|_| !unknown.is_empty()) {
        let labels = super::head(&open_all(path)?.sources, cancel)?;
        unknown.retain(|it| !has(&labels, it));
    }
    for wish in unknown {
        if wish.role != LogRole::Label {
            return Err(TableError::NoSuchColumn {
                path: input.log.clone(),
                column: wish.column.clone(),
                known: log.names.iter().take(40).cloned().collect::<Vec<_>>().join(", "),
            });
        }
        let words =
            format!("No file that was read has the column `{}`, which is said to hold the outcome.", wish.column);
        problems.push(problem("schema_mismatch", 0, words));
    }
    Ok(())
}

/// The column of the reference that holds what turned out to be true: named so, or named as in the labels, or the only one that the log lacks.
fn find_target(found: &mut Mapping, head: &Block, log: &Mapping, label: Option<&str>) {
    let set = |found: &mut Mapping, column: &str| {
        if let Some(it) = found.columns.iter_mut().find(|it| it.column == column) {
            it.role = LogRole::Label;
        }
    };
    if let Some(label) = label.or_else(|| log.of(LogRole::Label)).filter(|it| head.names.iter().any(|name| name == it))
    {
        for it in found.columns.iter_mut().filter(|it| it.role == LogRole::Label && it.column != label) {
            it.role = LogRole::Ignored;
        }
        set(found, label);
        return;
    }
    if found.of(LogRole::Label).is_some() {
        return;
    }
    let extra: Vec<String> = found
        .all(LogRole::Input)
        .filter(|(column, name)| {
            !log.columns.iter().any(|it| it.role == LogRole::Input && (it.name == *name || it.column == *column))
        })
        .map(|it| it.0.to_owned())
        .collect();
    // Inputs without names that are as many as all columns of the table leave none over to be predicted.
    if extra.len() == head.names.len()
        && in_order(log.all(LogRole::Input).map(|it| it.1)).is_some_and(|it| it.len() == extra.len())
    {
        return;
    }
    // Of several columns that the log lacks, the last of the table is what is predicted, as most tables have it.
    let last = head.names.last().filter(|it| extra.contains(it));
    let target = if let [only] = extra.as_slice() { Some(only) } else { last };
    if let Some(target) = target {
        set(found, target);
    }
}

fn thin(sources: &[Source], mapping: &Mapping, cancel: &dyn Fn() -> bool) -> Result<Thinned, TableError> {
    let wanted: Vec<String> =
        mapping.columns.iter().filter(|it| it.role != LogRole::Ignored).map(|it| it.column.clone()).collect();
    let known: BTreeSet<&str> = wanted.iter().map(String::as_str).collect();
    let mut thinned = Thinned::default();
    for source in sources {
        let outcome = source.read(Some(&wanted), cancel, &mut |block| {
            thinned.add(&block, &|name| known.contains(name));
            Ok(())
        });
        match outcome {
            Ok(_) => {}
            Err(TableError::Cancelled) => return Err(TableError::Cancelled),
            // A file that breaks is told when the log itself is read; of a reference nothing may be missing unseen.
            Err(error) if sources.len() == 1 => return Err(error),
            Err(_) => {}
        }
    }
    Ok(thinned)
}

fn moment(cells: &Cells, row: usize) -> Option<i64> {
    match cells.text(row) {
        Some(text) => read_moment(text).map(|it| it.ms),
        None => cells.number(row).map(|it| epoch_ms(it) as i64),
    }
}

/// The first third of the log by time, or by place where there are no times.
fn first_rows(block: &Block, mapping: &Mapping) -> Vec<usize> {
    let mut order: Vec<(i64, usize)> = match mapping.of(LogRole::Time).and_then(|it| block.column(it)) {
        Some(times) => (0..block.rows).filter_map(|row| Some((moment(times, row)?, row))).collect(),
        None => (0..block.rows).map(|row| (row as i64, row)).collect(),
    };
    order.sort_unstable();
    order.truncate(order.len() / FIRST);
    order.into_iter().map(|it| it.1).collect()
}

/// Inputs by name, and outputs, that both the log and the reference have.
fn baselines(log: &Mapping, about: &Mapping, block: &Block, rows: &[usize]) -> (Vec<Baseline>, Vec<String>) {
    let mut found = Vec::new();
    let mut columns = Vec::new();
    let mut add = |name: &str, role: &'static str, own: &str, theirs: &str| {
        if let Some(baseline) = block.column(theirs).and_then(|cells| Baseline::learn(name, role, cells, rows)) {
            found.push(baseline);
            columns.push(own.to_owned());
        }
    };
    for (own, name) in log.all(LogRole::Input) {
        let theirs = about.columns.iter().find(|it| it.role == LogRole::Input && (it.name == name || it.column == own));
        if let Some(theirs) = theirs {
            add(name, "input", own, &theirs.column);
        }
    }
    if let (Some(own), Some(theirs)) = (log.of(LogRole::Prediction), about.of(LogRole::Prediction)) {
        add("prediction", "output", own, theirs);
    }
    for (own, name) in log.all(LogRole::Score).take(MOST_OUTPUTS) {
        if let Some(theirs) = their_score(log, about, name) {
            let shown = if name.is_empty() { "score".to_owned() } else { format!("score of {name}") };
            add(&shown, "output", own, theirs);
        }
    }
    (found, columns)
}

fn code_of(task: &mut Task, cells: &Cells, row: usize) -> f64 {
    match task {
        Task::Numbers => {
            cells.number(row).or_else(|| cells.text(row).and_then(|it| it.trim().parse().ok())).unwrap_or(f64::NAN)
        }
        Task::Classes { names, .. } => class_text(cells, row).map_or(f64::NAN, |name| {
            names.iter().position(|it| *it == name).unwrap_or_else(|| {
                names.push(name);
                names.len() - 1
            }) as f64
        }),
    }
}

/// Rows of the reference whose prediction and outcome are known.
#[allow(clippy::too_many_arguments)]
fn outcomes(
    about: &Mapping,
    block: &Block,
    rows: &[usize],
    task: &mut Task,
    labels: Option<&Labels>,
    baselines: &[Baseline],
    columns: &[String],
    log: &Mapping,
) -> Option<Kept> {
    let of = |role| about.of(role).and_then(|it| block.column(it));
    let (predictions, truth, ids) = (of(LogRole::Prediction), of(LogRole::Label), of(LogRole::Id));
    let score_names: Vec<String> = log.all(LogRole::Score).map(|it| it.1.to_owned()).collect();
    let scores: Vec<Option<&Cells>> =
        score_names.iter().map(|name| their_score(log, about, name).and_then(|it| block.column(it))).collect();
    if truth.is_none() && labels.is_none() {
        return None;
    }
    if predictions.is_none() && scores.iter().all(Option::is_none) {
        return None;
    }
    let k = match task {
        Task::Classes { scores, .. } => scores.len(),
        Task::Numbers => 0,
    };
    let mut kept = Kept::new(k, baselines.len());
    let cells = their_cells(about, block, baselines, columns, log);
    for row in rows {
        let own = truth.map_or(f64::NAN, |it| code_of(task, it, *row));
        let hash = || {
            ids.and_then(|it| {
                it.text(*row).map(id_hash).or_else(|| it.number(*row).map(|it| hash_of(&number_text(it))))
            })
        };
        let label =
            if own.is_nan() { labels.and_then(|it| it.values.get(&hash()?).copied()).unwrap_or(f64::NAN) } else { own };
        if label.is_nan() {
            continue;
        }
        let mut raw: Vec<f64> =
            scores.iter().take(k).map(|it| it.and_then(|it| it.number(*row)).unwrap_or(f64::NAN)).collect();
        // Of two classes the score of one is enough.
        match (raw.as_mut_slice(), scores.as_slice()) {
            ([known, other], [Some(_), None]) | ([other, known], [None, Some(_)]) => *other = 1.0 - *known,
            _ => {}
        }
        let valid = valid_scores(&raw) == Ok(true);
        let mut prediction = predictions.map_or(f64::NAN, |it| code_of(task, it, *row));
        if prediction.is_nan() && valid {
            prediction = from_scores(task, &raw);
        }
        let raw: Vec<f32> = raw.iter().map(|it| if valid { *it as f32 } else { f32::NAN }).collect();
        let codes =
            baselines.iter().zip(&cells).map(|(it, cells)| cells.map_or(0, |cells| it.code(it.place(cells, *row))));
        kept.push(mix(*row as u64), &raw, prediction, label, codes);
    }
    (kept.len() > 0).then_some(kept)
}

/// The inputs of rows of the reference at even distances.
fn sample(
    about: &Mapping,
    block: &Block,
    rows: &[usize],
    baselines: &[Baseline],
    columns: &[String],
    log: &Mapping,
) -> Kept {
    let cells = their_cells(about, block, baselines, columns, log);
    let mut kept = Kept::new(0, baselines.len());
    for row in spread(rows.len(), MOST_ROWS).into_iter().filter_map(|it| rows.get(it)) {
        let codes =
            baselines.iter().zip(&cells).map(|(it, cells)| cells.map_or(0, |cells| it.code(it.place(cells, *row))));
        kept.push(mix(*row as u64), &[], f64::NAN, f64::NAN, codes);
    }
    kept
}

/// The column of the reference for each baseline.
fn their_cells<'b>(
    about: &Mapping,
    block: &'b Block,
    baselines: &[Baseline],
    columns: &[String],
    log: &Mapping,
) -> Vec<Option<&'b Cells>> {
    let of = |(it, own): (&Baseline, &String)| their_column(about, it, own, log).and_then(|it| block.column(it));
    baselines.iter().zip(columns).map(of).collect()
}

/// The reference's score of a class: of the same name, or the only one where both have but one.
fn their_score<'a>(log: &Mapping, about: &'a Mapping, class: &str) -> Option<&'a str> {
    let mut all = about.all(LogRole::Score);
    match (log.all(LogRole::Score).count(), about.all(LogRole::Score).count()) {
        (1, 1) => all.next().map(|it| it.0),
        _ => all.find(|it| it.1 == class).map(|it| it.0),
    }
}

/// The class that the scores speak for.
pub(super) fn from_scores(task: &Task, scores: &[f64]) -> f64 {
    let Task::Classes { names, scores: classes } = task else { return f64::NAN };
    if let ([p], [positive]) = (scores, classes.as_slice()) {
        let other = (0..names.len()).find(|it| it != positive);
        return if *p >= 0.5 { *positive as f64 } else { other.map_or(f64::NAN, |it| it as f64) };
    }
    let best = scores.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).and_then(|it| classes.get(it.0));
    best.map_or(f64::NAN, |it| *it as f64)
}

fn their_column<'a>(about: &'a Mapping, baseline: &Baseline, own: &str, log: &Mapping) -> Option<&'a str> {
    if baseline.role == "input" {
        return about
            .columns
            .iter()
            .find(|it| it.role == LogRole::Input && (it.name == baseline.name || it.column == own))
            .map(|it| it.column.as_str());
    }
    if baseline.name == "prediction" {
        return about.of(LogRole::Prediction);
    }
    let class = log.columns.iter().find(|it| it.column == own).map(|it| it.name.as_str())?;
    their_score(log, about, class)
}

/// The loss of the model by bin of each column: wrong or right for classes, the absolute error for numbers; where no outcome is known, the
/// doubt that the model itself has.
#[allow(clippy::too_many_arguments)]
fn learn_losses(
    baselines: &mut [Baseline],
    about: &Mapping,
    log: &Mapping,
    columns: &[String],
    block: &Block,
    rows: &[usize],
    task: &Task,
    outcomes: Option<&Kept>,
) {
    let of = |role| about.of(role).and_then(|it| block.column(it));
    let mut losses: Vec<(usize, f64)> = Vec::new();
    match (outcomes.is_some(), of(LogRole::Prediction), of(LogRole::Label)) {
        (true, Some(predictions), Some(truth)) => {
            for row in rows {
                let loss = match task {
                    Task::Numbers => predictions.number(*row).zip(truth.number(*row)).map(|(a, b)| (a - b).abs()),
                    Task::Classes { .. } => class_text(predictions, *row)
                        .zip(class_text(truth, *row))
                        .map(|(a, b)| f64::from(u8::from(a != b))),
                };
                losses.extend(loss.filter(|it| it.is_finite()).map(|it| (*row, it)));
            }
        }
        _ => {
            let scores: Vec<&Cells> = about.all(LogRole::Score).filter_map(|it| block.column(it.0)).collect();
            for row in rows {
                let raw: Vec<f64> = scores.iter().map(|it| it.number(*row).unwrap_or(f64::NAN)).collect();
                if valid_scores(&raw) == Ok(true) {
                    let top =
                        if let [p] = raw.as_slice() { p.max(1.0 - p) } else { raw.iter().copied().fold(0.0, f64::max) };
                    losses.push((*row, 1.0 - top));
                }
            }
        }
    }
    for (baseline, own) in baselines.iter_mut().zip(columns) {
        if let Some(cells) = their_column(about, baseline, own, log).and_then(|it| block.column(it)) {
            baseline.learn_loss(cells, &losses);
        }
    }
}

/// Learns to estimate performance from the reference, else from the earliest windows of the log that have labels. Otherwise says why not.
pub(super) fn estimator(
    task: &Task,
    outcomes: Option<&Kept>,
    models: &[Model],
    baselines: &[Baseline],
) -> (Option<Estimator>, String) {
    let names: Vec<String> = baselines.iter().map(|it| it.name.clone()).collect();
    let first = match outcomes {
        Some(kept) => match Estimator::learn(task, kept, &names) {
            Ok(found) => return (Some(found), String::new()),
            Err(why) => why,
        },
        None => "the reference has no predictions with a known outcome".to_owned(),
    };
    let Some(model) = models.first() else { return (None, first) };
    let mut pooled: Option<Kept> = None;
    for (_, window) in &model.windows.all {
        let rows: Vec<usize> = (0..window.kept.len())
            .filter(|it| !window.kept.label[*it].is_nan() && !window.kept.prediction[*it].is_nan())
            .collect();
        if rows.is_empty() {
            continue;
        }
        let part = window.kept.only(&rows);
        match &mut pooled {
            None => pooled = Some(part),
            Some(all) => all.join(part),
        }
        if pooled.as_ref().is_some_and(|it| it.len() >= 2_000) {
            break;
        }
    }
    match pooled.map(|it| Estimator::learn(task, &it, &names)) {
        Some(Ok(found)) => (Some(found), String::new()),
        Some(Err(why)) => (None, why),
        None => (None, format!("{first}, and no prediction of the log has a label")),
    }
}

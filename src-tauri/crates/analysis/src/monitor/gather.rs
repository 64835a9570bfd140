//! Goes through a log once and puts every prediction into its window.

use std::collections::{HashMap, HashSet};

use proofmark_domain::monitor::{LogRole, WindowKind};

use super::baseline::Baseline;
use super::cells::{Block, Cells, hash_of, id_hash, number_text};
use super::clock::{epoch_ms, read_moment};
use super::kept::Task;
use super::mapping::Mapping;
use super::reference::from_scores;
use super::usage::{Activity, Names};
use super::windows::Windows;
use crate::drift::mix;

/// Identifiers that are remembered to find repetitions.
const MOST_IDS: usize = 60_000_000;
/// Rows that are kept of all windows together.
const MOST_KEPT: usize = 2_000_000;
/// Models that are told apart in one log.
pub(super) const MOST_MODELS: usize = 50;
/// Classes that are told apart.
const MOST_CLASSES: usize = 1_000;

/// Labels by the hash of an identifier.
#[derive(Debug, Default)]
pub(super) struct Labels {
    pub(super) values: HashMap<u64, f64>,
    pub(super) joined: u64,
}

/// What is counted over the whole log.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) rows: u64,
    pub(super) duplicates: u64,
    pub(super) ids_forgotten: bool,
    pub(super) bad_times: u64,
    pub(super) unordered: u64,
    pub(super) zoned: u64,
    pub(super) unzoned: u64,
    pub(super) future: u64,
    pub(super) out_of_range: u64,
    pub(super) not_summing: u64,
    pub(super) not_finite: u64,
    pub(super) scores_not_finite: u64,
    pub(super) own_labels: u64,
    /// Rows of models beyond those that are told apart.
    pub(super) further_models: u64,
    pub(super) first: Option<i64>,
    pub(super) last: Option<i64>,
}

/// One model of the log.
#[derive(Debug)]
pub(super) struct Model {
    pub(super) name: Option<String>,
    pub(super) windows: Windows,
    pub(super) activity: Activity,
    pub(super) versions: Names,
    pub(super) rows: u64,
}

/// Everything that is gathered from a log.
#[derive(Debug)]
pub(super) struct Gather<'a> {
    mapping: &'a Mapping,
    baselines: &'a [Baseline],
    columns: Vec<String>,
    pub(super) task: Task,
    classes: HashMap<String, usize>,
    labels: Option<&'a mut Labels>,
    pub(super) models: Vec<Model>,
    by_name: HashMap<String, usize>,
    seen: HashSet<u64>,
    pub(super) counts: Counts,
    wish: Option<WindowKind>,
    now: i64,
    last_time: i64,
}

/// A row that is a prediction of its own.
#[derive(Debug)]
struct Arrival {
    row: usize,
    /// Hash of its identifier.
    id: Option<u64>,
    /// What decides whether it is kept.
    key: u64,
    time: Option<i64>,
    model: usize,
}

/// A class in one spelling: whole numbers without decimals, true and false as 1 and 0.
pub(super) fn class_text(cells: &Cells, row: usize) -> Option<String> {
    match cells.text(row) {
        Some(text) => class_name(text),
        None => cells.number(row).filter(|it| it.is_finite()).map(number_text),
    }
}

/// The same for a text.
pub(super) fn class_name(text: &str) -> Option<String> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    Some(match text {
        "true" | "True" | "TRUE" => "1".to_owned(),
        "false" | "False" | "FALSE" => "0".to_owned(),
        _ => text.parse::<f64>().ok().filter(|it| it.is_finite()).map_or_else(|| text.to_owned(), number_text),
    })
}

/// Why scores are no probabilities.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unfit {
    /// A score lies outside of 0 to 1.
    Range,
    /// Scores of all classes do not sum to 1.
    Sum,
    /// The file has a NaN for one.
    NotANumber,
}

/// Whether the scores of a row are probabilities; `Ok(false)` where there are none.
pub(super) fn valid_scores(scores: &[f64]) -> Result<bool, Unfit> {
    if scores.is_empty() || scores.iter().any(|it| it.is_nan()) {
        return Ok(false);
    }
    if scores.iter().any(|it| !(-1e-6..=1.000_001).contains(it)) {
        return Err(Unfit::Range);
    }
    let tolerated = 0.02f64.max(0.005 * scores.len() as f64 + 0.005);
    if scores.len() > 1 && (scores.iter().sum::<f64>() - 1.0).abs() > tolerated {
        return Err(Unfit::Sum);
    }
    Ok(true)
}

impl<'a> Gather<'a> {
    pub(super) fn new(
        mapping: &'a Mapping,
        baselines: &'a [Baseline],
        columns: Vec<String>,
        task: Task,
        labels: Option<&'a mut Labels>,
        wish: Option<WindowKind>,
        now: i64,
    ) -> Self {
        let classes = match &task {
            Task::Classes { names, .. } => names.iter().enumerate().map(|(code, name)| (name.clone(), code)).collect(),
            Task::Numbers => HashMap::new(),
        };
        Self {
            mapping,
            baselines,
            columns,
            task,
            classes,
            labels,
            models: Vec::new(),
            by_name: HashMap::new(),
            seen: HashSet::new(),
            counts: Counts::default(),
            wish,
            now,
            last_time: i64::MIN,
        }
    }

    fn class(&mut self, cells: &Cells, row: usize) -> f64 {
        let Some(name) = class_text(cells, row) else { return f64::NAN };
        if let Some(code) = self.classes.get(&name) {
            return *code as f64;
        }
        if let Task::Classes { names, .. } = &mut self.task
            && names.len() < MOST_CLASSES
        {
            let code = names.len();
            names.push(name.clone());
            self.classes.insert(name, code);
            return code as f64;
        }
        f64::NAN
    }

    /// The number or class code of a cell.
    pub(super) fn value(&mut self, cells: &Cells, row: usize) -> f64 {
        if self.task != Task::Numbers {
            return self.class(cells, row);
        }
        cells.number(row).or_else(|| cells.text(row).and_then(|it| it.trim().parse().ok())).unwrap_or(f64::NAN)
    }

    fn model(&mut self, name: Option<String>) -> Option<usize> {
        let key = name.clone().unwrap_or_default();
        if let Some(at) = self.by_name.get(&key) {
            return Some(*at);
        }
        if self.models.len() >= MOST_MODELS {
            return None;
        }
        let k = match &self.task {
            Task::Classes { scores, .. } => scores.len(),
            Task::Numbers => 0,
        };
        // Without times, windows are counted in rows.
        let wish =
            self.wish.or(if self.mapping.of(LogRole::Time).is_none() { Some(WindowKind::Rows(1_000)) } else { None });
        let mut windows = Windows::new(wish, k, self.baselines.len(), &key);
        windows.chosen = self.wish.is_some();
        self.models.push(Model { name, windows, activity: Activity::default(), versions: Names::default(), rows: 0 });
        self.by_name.insert(key, self.models.len() - 1);
        Some(self.models.len() - 1)
    }

    fn time(&mut self, cells: &Cells, row: usize) -> Option<i64> {
        let found = match cells.text(row) {
            Some(text) => {
                let written = read_moment(text);
                if let Some(written) = written {
                    if written.zoned { self.counts.zoned += 1 } else { self.counts.unzoned += 1 }
                }
                written.map(|it| it.ms)
            }
            None => cells.number(row).filter(|it| it.is_finite() && it.abs() >= 1e7).map(|it| epoch_ms(it) as i64),
        };
        // The years 1970 to 2200: everything else is a broken clock.
        let found = found.filter(|it| (0..7_258_118_400_000).contains(it));
        match found {
            None => self.counts.bad_times += 1,
            Some(ms) => {
                self.counts.unordered += u64::from(ms < self.last_time);
                self.last_time = self.last_time.max(ms);
                self.counts.future += u64::from(ms > self.now);
                self.counts.first = Some(self.counts.first.map_or(ms, |it| it.min(ms)));
                self.counts.last = Some(self.counts.last.map_or(ms, |it| it.max(ms)));
            }
        }
        found
    }

    /// The rows of a block that are predictions of their own, with whose they are and when; their windows are made large enough for them.
    fn arrivals(&mut self, block: &Block) -> Vec<Arrival> {
        let mapping = self.mapping;
        let of = |role: LogRole| mapping.of(role).and_then(|it| block.column(it));
        let (ids, times, models, versions) =
            (of(LogRole::Id), of(LogRole::Time), of(LogRole::Model), of(LogRole::Version));
        let has_time_column = mapping.of(LogRole::Time).is_some();
        let mut arrivals = Vec::with_capacity(block.rows);
        for row in 0..block.rows {
            let id = ids
                .and_then(|it| it.text(row))
                .map(id_hash)
                .or_else(|| ids.and_then(|it| it.number(row)).map(|it| hash_of(&number_text(it))));
            if let Some(id) = id {
                if self.seen.len() < MOST_IDS {
                    if !self.seen.insert(id) {
                        self.counts.duplicates += 1;
                        continue;
                    }
                } else {
                    self.counts.ids_forgotten = true;
                }
            }
            let key = mix(id.unwrap_or(self.counts.rows ^ 0x51ed));
            self.counts.rows += 1;
            let time = times.and_then(|it| self.time(it, row));
            if times.is_none() && has_time_column {
                self.counts.bad_times += 1;
            }
            let Some(model) = self.model(models.and_then(|it| it.shown(row))) else {
                self.counts.further_models += 1;
                continue;
            };
            self.models[model].rows += 1;
            if let Some(version) = versions.and_then(|it| it.shown(row)) {
                self.models[model].versions.add(&version, 1);
            }
            if let Some(ms) = time {
                self.models[model].activity.add(ms);
            }
            arrivals.push(Arrival { row, id, key, time, model });
        }
        let mut times: Vec<(Vec<i64>, usize)> = vec![(Vec::new(), 0); self.models.len()];
        for it in &arrivals {
            times[it.model].0.extend(it.time);
            times[it.model].1 += 1;
        }
        for (model, (times, rows)) in self.models.iter_mut().zip(&times) {
            model.windows.expect(times, *rows);
        }
        arrivals
    }

    /// Takes the rows of a block.
    pub(super) fn add(&mut self, block: &Block) {
        let mapping = self.mapping;
        let of = |role: LogRole| mapping.of(role).and_then(|it| block.column(it));
        let (ids, versions) = (of(LogRole::Id), of(LogRole::Version));
        let (callers, latencies, statuses, errors) =
            (of(LogRole::Caller), of(LogRole::Latency), of(LogRole::Status), of(LogRole::Error));
        let (predictions, labels) = (of(LogRole::Prediction), of(LogRole::Label));
        let scale = latency_scale(mapping.of(LogRole::Latency));
        let scores: Vec<Option<&Cells>> = mapping.all(LogRole::Score).map(|(column, _)| block.column(column)).collect();
        let inputs: Vec<Option<&Cells>> = self.columns.iter().map(|it| block.column(it)).collect();
        let not_finite = |it: &Option<&Cells>| it.map_or(0, |it| it.not_finite);
        let baselines = self.baselines.iter().zip(&inputs).filter(|it| it.0.role == "input");
        self.counts.not_finite += baselines.map(|it| not_finite(it.1)).sum::<u64>();
        self.counts.scores_not_finite += scores.iter().map(not_finite).max().unwrap_or(0);
        let arrivals = self.arrivals(block);
        // The window of each row, by model.
        let mut slots: Vec<Vec<u32>> = vec![vec![u32::MAX; block.rows]; self.models.len()];
        let (mut probabilities, mut raw) = (Vec::new(), Vec::new());
        for Arrival { row, id, key, time, model } in arrivals {
            let Some(slot) = self.models[model].windows.slot(time) else { continue };
            slots[model][row] = slot as u32;
            let failed = statuses.is_some_and(|it| is_failure(it, row))
                || errors.and_then(|it| it.text(row)).is_some_and(|it| !it.trim().is_empty());
            let is_further = ids.and_then(|it| it.text(row)).is_some_and(|it| it.contains('#'));
            let prediction = if failed { f64::NAN } else { predictions.map_or(f64::NAN, |it| self.value(it, row)) };
            let mut label = labels.map_or(f64::NAN, |it| self.value(it, row));
            if !label.is_nan() {
                self.counts.own_labels += 1;
            }
            if let (Some(id), Some(known)) = (id, self.labels.as_deref_mut())
                && let Some(value) = known.values.get(&id)
            {
                known.joined += 1;
                label = *value;
            }
            raw.clear();
            raw.extend(scores.iter().map(|it| it.and_then(|it| it.number(row)).unwrap_or(f64::NAN)));
            let verdict = if failed {
                Ok(false)
            } else if scores.iter().flatten().any(|it| it.is_not_a_number(row)) {
                Err(Unfit::NotANumber)
            } else {
                valid_scores(&raw)
            };
            match verdict {
                Err(Unfit::Range) => self.counts.out_of_range += 1,
                Err(Unfit::Sum) => self.counts.not_summing += 1,
                Ok(_) | Err(Unfit::NotANumber) => {}
            }
            let valid = verdict == Ok(true);
            let prediction = if prediction.is_nan() && valid { from_scores(&self.task, &raw) } else { prediction };
            let Some((_, window)) = self.models[model].windows.all.get_mut(slot) else { continue };
            window.rows += 1;
            if let Some(ms) = time {
                window.first = window.first.min(ms);
                window.last = window.last.max(ms);
            }
            window.usage.requests += u64::from(!is_further);
            window.usage.errors += u64::from(failed && !is_further);
            window.bad_scores += u64::from(verdict.is_err());
            if let Some(ms) = latencies.and_then(|it| it.number(row)) {
                window.usage.latency(ms * scale);
            }
            if let Some(caller) = callers.and_then(|it| it.text(row)) {
                window.usage.callers.add(caller, 1);
            }
            if let Some(version) = versions.and_then(|it| it.shown(row)) {
                window.usage.versions.add(&version, 1);
            }
            if valid {
                probabilities.clear();
                probabilities.extend_from_slice(&raw);
                if let [one] = probabilities.as_slice() {
                    let rest = 1.0 - one;
                    probabilities.push(rest);
                }
                window.sureness.add(&probabilities);
            }
            window.kept.seen += 1;
            if window.kept.wants(key) && !(prediction.is_nan() && label.is_nan() && !valid) {
                let row_scores: Vec<f32> = raw.iter().map(|it| if valid { *it as f32 } else { f32::NAN }).collect();
                let codes = self
                    .baselines
                    .iter()
                    .zip(&inputs)
                    .map(|(it, cells)| cells.map_or(0, |cells| it.code(it.place(cells, row))));
                window.kept.push(key, &row_scores, prediction, label, codes);
            }
        }
        for (model, slots) in self.models.iter_mut().zip(&slots) {
            let mut outside = vec![false; block.rows];
            model.windows.count(self.baselines, &inputs, slots, &mut outside);
            for (slot, _) in slots.iter().zip(&outside).filter(|it| *it.1) {
                if let Some((_, window)) = model.windows.all.get_mut(*slot as usize) {
                    window.outside += 1;
                }
            }
            model.windows.settle(MOST_KEPT);
        }
    }
}

fn is_failure(cells: &Cells, row: usize) -> bool {
    if let Some(code) = cells.number(row) {
        // HTTP's failures; what a program's own small numbers mean is not known.
        return (400.0..600.0).contains(&code);
    }
    let Some(text) = cells.text(row) else { return false };
    let text = text.trim().to_ascii_lowercase();
    match text.parse::<f64>() {
        Ok(code) => (400.0..600.0).contains(&code),
        Err(_) => {
            text.contains("error") || text.contains("fail") || text.contains("timeout") || text.contains("exception")
        }
    }
}

/// Milliseconds of one unit of a latency, by the ending of its name.
fn latency_scale(name: Option<&str>) -> f64 {
    let name = name.unwrap_or_default().to_lowercase();
    if name.ends_with("_us") || name.ends_with("micros") {
        1e-3
    } else if name.ends_with("_ns") {
        1e-6
    } else if name.ends_with("_s") || name.ends_with("_sec") || name.ends_with("seconds") {
        1e3
    } else {
        1.0
    }
}

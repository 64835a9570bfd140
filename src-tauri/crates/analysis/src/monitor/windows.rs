//! The windows of one model while its log is read. Everything in them can be added up, so that hours can become days and days months.

use std::collections::{BTreeMap, HashMap, HashSet};

use proofmark_domain::monitor::{ModelConfidence, WindowKind};
use rayon::prelude::*;

use super::baseline::{Baseline, Place};
use super::cells::{Cells, hash_of};
use super::clock::{start_of, window_of};
use super::kept::Kept;
use super::usage::UsageCount;
use crate::drift::Random;
use crate::drift::statistics::Z95;

/// Hours that are told apart before they are put together into days, and days before they become months.
const MOST_HOURS: usize = 24 * 10;
/// More than the span up to which weeks are shown, which can be made of days but not of months.
const MOST_DAYS: usize = 560;
/// Windows of a log without times.
const MOST_PARTS: usize = 50;
/// Windows that a person can ask for at most; beyond, larger ones are taken.
const MOST_WINDOWS: usize = 3_000;
/// Counts of a column in a window that are held at once, at up to 5 KB each, and windows that are told apart even so.
const MOST_COUNTS: usize = 250_000;
const LEAST_WINDOWS: usize = 50;
/// Rows that a window should have on average to be judged at all.
const ENOUGH_ROWS: u64 = 30;
/// Values of a column that are kept of a window.
const SAMPLE: usize = 400;
/// New categories that are told apart in one window.
const MOST_UNSEEN: usize = 500;

/// One column of one window.
#[derive(Debug, Clone, Default)]
pub(super) struct ColumnCount {
    pub(super) counts: Vec<u64>,
    pub(super) rows: u64,
    pub(super) missing: u64,
    pub(super) wrong_type: u64,
    pub(super) not_finite: u64,
    pub(super) outside: u64,
    pub(super) unseen: u64,
    pub(super) unseen_names: BTreeMap<String, u64>,
    sample: Vec<f64>,
    offered: u64,
}

impl ColumnCount {
    fn add(&mut self, place: Place, baseline: &Baseline, cells: &Cells, row: usize, random: &mut Random) {
        self.rows += 1;
        match place {
            Place::Missing => self.missing += 1,
            Place::WrongType => self.wrong_type += 1,
            Place::Unseen => {
                self.unseen += 1;
                if self.unseen_names.len() < MOST_UNSEEN
                    && let Some(name) = cells.shown(row)
                {
                    *self.unseen_names.entry(name).or_default() += 1;
                } else if let Some(count) = cells.shown(row).and_then(|it| self.unseen_names.get_mut(&it)) {
                    *count += 1;
                }
            }
            Place::Bin(bin) => {
                let bin = bin as usize;
                if self.counts.len() <= bin {
                    self.counts.resize(baseline.counts.len().max(bin + 1), 0);
                }
                self.counts[bin] += 1;
                if let Some((low, high)) = baseline.range {
                    // A number in a text column was parsed by `place`; only real numbers are sampled.
                    if let Some(value) = cells.number(row) {
                        self.outside += u64::from(value < low || value > high);
                        self.not_finite += u64::from(!value.is_finite());
                        self.offer(value, random);
                    }
                }
            }
        }
    }

    /// Keeps a fair sample (Vitter's algorithm R, 1985).
    fn offer(&mut self, value: f64, random: &mut Random) {
        self.offered += 1;
        if self.sample.len() < SAMPLE {
            self.sample.push(value);
        } else {
            let place = random.below(self.offered as usize);
            if let Some(kept) = self.sample.get_mut(place) {
                *kept = value;
            }
        }
    }

    fn join(&mut self, other: Self, random: &mut Random) {
        if self.counts.len() < other.counts.len() {
            self.counts.resize(other.counts.len(), 0);
        }
        self.counts.iter_mut().zip(&other.counts).for_each(|(a, b)| *a += b);
        self.rows += other.rows;
        self.missing += other.missing;
        self.wrong_type += other.wrong_type;
        self.not_finite += other.not_finite;
        self.outside += other.outside;
        self.unseen += other.unseen;
        for (name, count) in other.unseen_names {
            if self.unseen_names.len() < MOST_UNSEEN || self.unseen_names.contains_key(&name) {
                *self.unseen_names.entry(name).or_default() += count;
            }
        }
        let share = other.offered as f64 / (self.offered + other.offered).max(1) as f64;
        let all = self.sample.len() + other.sample.len();
        if all <= SAMPLE {
            self.sample.extend(other.sample);
        } else {
            let (mut a, mut b) = (std::mem::take(&mut self.sample), other.sample);
            random.shuffle(&mut a);
            random.shuffle(&mut b);
            let from_b = ((SAMPLE as f64 * share).round() as usize).min(b.len());
            a.truncate(SAMPLE - from_b);
            a.extend(b.into_iter().take(from_b));
            self.sample = a;
        }
        self.offered += other.offered;
    }

    /// Several windows as one.
    pub(super) fn pooled<'c>(parts: impl Iterator<Item = &'c Self>) -> Self {
        let mut random = Random::new(0);
        let mut pooled = Self::default();
        parts.for_each(|part| pooled.join(part.clone(), &mut random));
        pooled
    }

    /// The kept values, sorted.
    pub(super) fn sorted_sample(&self) -> Vec<f64> {
        let mut values: Vec<f64> = self.sample.iter().copied().filter(|it| !it.is_nan()).collect();
        values.sort_unstable_by(f64::total_cmp);
        values
    }

    /// Counts by bin or category, with the categories that the reference never had behind them, and their names.
    pub(super) fn with_unseen(&self, baseline: &Baseline) -> (Vec<u64>, Vec<String>) {
        let mut counts = self.counts.clone();
        counts.resize(baseline.counts.len(), 0);
        let named: u64 = self.unseen_names.values().sum();
        let mut names: Vec<String> = self.unseen_names.keys().cloned().collect();
        counts.extend(self.unseen_names.values());
        if self.unseen > named {
            names.push("(other new values)".to_owned());
            counts.push(self.unseen - named);
        }
        (counts, names)
    }
}

fn count_column(
    counts: &mut [ColumnCount],
    baseline: &Baseline,
    cells: &Cells,
    slots: &[u32],
    random: &mut Random,
) -> Vec<u32> {
    let by_name = baseline.places_of_names(cells);
    let mut outside = Vec::new();
    let compared = baseline.bounds_what_is_known();
    for (row, slot) in slots.iter().enumerate() {
        let Some(count) = counts.get_mut(*slot as usize) else { continue };
        let place = match cells.codes.get(row).and_then(|it| by_name.get(*it as usize)) {
            Some(place) => *place,
            None => baseline.place(cells, row),
        };
        let before = count.outside;
        count.add(place, baseline, cells, row, random);
        if compared && (count.outside > before || matches!(place, Place::Unseen | Place::WrongType)) {
            outside.push(row as u32);
        }
    }
    outside
}

/// Sums of how sure the model was.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sureness {
    n: f64,
    max: f64,
    squares: f64,
    margin: f64,
    entropy: f64,
    unsure: f64,
}

impl Sureness {
    /// Adds the probabilities of all classes.
    pub(super) fn add(&mut self, probabilities: &[f64]) {
        let (mut first, mut second, mut entropy) = (0.0f64, 0.0f64, 0.0);
        for p in probabilities {
            if *p > first {
                (first, second) = (*p, first);
            } else if *p > second {
                second = *p;
            }
            if *p > 0.0 {
                entropy -= p * p.log2();
            }
        }
        self.n += 1.0;
        self.max += first;
        self.squares += first * first;
        self.margin += first - second;
        self.entropy += entropy;
        self.unsure += f64::from(u8::from(first < 0.6));
    }

    fn join(&mut self, other: Self) {
        self.n += other.n;
        self.max += other.max;
        self.squares += other.squares;
        self.margin += other.margin;
        self.entropy += other.entropy;
        self.unsure += other.unsure;
    }

    pub(super) fn report(&self) -> Option<ModelConfidence> {
        if self.n < 1.0 {
            return None;
        }
        let mean = self.max / self.n;
        let variance = (self.squares / self.n - mean * mean).max(0.0);
        let half = Z95 * (variance / self.n).sqrt();
        Some(ModelConfidence {
            rows: self.n as u64,
            max_probability: mean,
            interval: ((mean - half).max(0.0), (mean + half).min(1.0)),
            margin: self.margin / self.n,
            entropy: self.entropy / self.n,
            unsure: self.unsure / self.n,
        })
    }
}

/// One window while it is read.
#[derive(Debug, Clone)]
pub(super) struct Window {
    pub(super) first: i64,
    pub(super) last: i64,
    pub(super) rows: u64,
    pub(super) usage: UsageCount,
    pub(super) sureness: Sureness,
    /// Rows whose scores are not probabilities.
    pub(super) bad_scores: u64,
    /// Rows with any input that the reference gives no hold for.
    pub(super) outside: u64,
    pub(super) kept: Kept,
}

/// All windows of one model.
#[derive(Debug)]
pub(super) struct Windows {
    /// Size in which they are counted now.
    pub(super) kind: WindowKind,
    /// Whether a person chose the size.
    pub(super) chosen: bool,
    slots: HashMap<i64, usize>,
    pub(super) all: Vec<(i64, Window)>,
    /// Counts by column, then by window.
    pub(super) columns: Vec<Vec<ColumnCount>>,
    k: usize,
    width: usize,
    random: Random,
    counted: u64,
}

/// The next larger size. A week that lies in two months goes to the one in which it begins.
fn larger(kind: WindowKind) -> WindowKind {
    match kind {
        WindowKind::Hour => WindowKind::Day,
        WindowKind::Day => WindowKind::Week,
        WindowKind::Week | WindowKind::Month => WindowKind::Month,
        WindowKind::Rows(rows) => WindowKind::Rows(rows.max(1) * 2),
    }
}

impl Windows {
    pub(super) fn new(wish: Option<WindowKind>, k: usize, width: usize, name: &str) -> Self {
        Self {
            kind: wish.unwrap_or(WindowKind::Hour),
            chosen: wish.is_some(),
            slots: HashMap::new(),
            all: Vec::new(),
            columns: vec![Vec::new(); width],
            k,
            width,
            random: Random::new(hash_of(name)),
            counted: 0,
        }
    }

    /// Makes windows large enough for rows of these times, and as many without one, that are about to come. One block can span years, and
    /// its rows are bound to the windows that they are given, so it cannot wait until the block is over.
    pub(super) fn expect(&mut self, times: &[i64], rows: usize) {
        loop {
            let most = match self.kind {
                WindowKind::Hour if !self.chosen => MOST_HOURS,
                WindowKind::Day if !self.chosen => MOST_DAYS,
                _ => MOST_WINDOWS,
            };
            let most = most.min((MOST_COUNTS / self.width.max(1)).max(LEAST_WINDOWS));
            let count = match self.kind {
                WindowKind::Month => return,
                WindowKind::Rows(size) => (self.counted + rows as u64).div_ceil(size.max(1)) as usize,
                kind => {
                    let mut keys: HashSet<i64> = self.slots.keys().copied().collect();
                    for ms in times {
                        keys.insert(window_of(kind, *ms));
                        if keys.len() > most {
                            break;
                        }
                    }
                    keys.len()
                }
            };
            if count <= most {
                return;
            }
            self.regroup(if !self.chosen && self.kind == WindowKind::Day {
                WindowKind::Month
            } else {
                larger(self.kind)
            });
        }
    }

    /// The window of a row, made when it is new; `None` for a row without a time.
    pub(super) fn slot(&mut self, time: Option<i64>) -> Option<usize> {
        let key = match self.kind {
            WindowKind::Rows(rows) => {
                self.counted += 1;
                ((self.counted - 1) / rows.max(1)) as i64
            }
            kind => window_of(kind, time?),
        };
        if let Some(slot) = self.slots.get(&key) {
            return Some(*slot);
        }
        let window = Window {
            first: i64::MAX,
            last: i64::MIN,
            rows: 0,
            usage: UsageCount::default(),
            sureness: Sureness::default(),
            bad_scores: 0,
            outside: 0,
            kept: Kept::new(self.k, self.width),
        };
        self.slots.insert(key, self.all.len());
        self.all.push((key, window));
        self.columns.iter_mut().for_each(|it| it.push(ColumnCount::default()));
        Some(self.all.len() - 1)
    }

    /// Counts all columns of a block, given the window of each row, and marks the rows with an input that the reference gives no hold for.
    pub(super) fn count(
        &mut self,
        baselines: &[Baseline],
        cells: &[Option<&Cells>],
        slots: &[u32],
        outside: &mut [bool],
    ) {
        let seed = self.random.next();
        let found: Vec<Vec<u32>> = self
            .columns
            .par_iter_mut()
            .enumerate()
            .map(|(at, counts)| match (baselines.get(at), cells.get(at).copied().flatten()) {
                (Some(baseline), Some(cells)) => {
                    count_column(counts, baseline, cells, slots, &mut Random::new(seed ^ at as u64))
                }
                // A block can lack a column, which then has no value there.
                _ => {
                    for slot in slots {
                        if let Some(count) = counts.get_mut(*slot as usize) {
                            count.rows += 1;
                            count.missing += 1;
                        }
                    }
                    Vec::new()
                }
            })
            .collect();
        for row in found.into_iter().flatten() {
            if let Some(mark) = outside.get_mut(row as usize) {
                *mark = true;
            }
        }
    }

    /// Puts numbers of rows together when there are too many for a person to look at, unless a person chose their size, and keeps fewer rows
    /// of each. Called between blocks.
    pub(super) fn settle(&mut self, kept_rows: usize) {
        if !self.chosen {
            while matches!(self.kind, WindowKind::Rows(_)) && self.all.len() > MOST_PARTS {
                self.regroup(larger(self.kind));
            }
        }
        let most = (kept_rows / self.all.len().max(1)).clamp(500, 50_000);
        self.all.iter_mut().for_each(|(_, it)| it.kept.shrink(most));
    }

    /// Chooses the size that fits the span, once all is read: hours up to three days, days up to two months, weeks up to a year and a half,
    /// months beyond; a size larger where windows would have too few rows to say anything.
    pub(super) fn finish(&mut self) {
        if !self.chosen && !matches!(self.kind, WindowKind::Rows(_)) {
            let days = self.span_of_most() as f64 / 86_400_000.0;
            let wanted = if days <= 3.0 {
                WindowKind::Hour
            } else if days <= 62.0 {
                WindowKind::Day
            } else if days <= 550.0 {
                WindowKind::Week
            } else {
                WindowKind::Month
            };
            let order = [WindowKind::Hour, WindowKind::Day, WindowKind::Week, WindowKind::Month];
            let place = |kind: WindowKind| order.iter().position(|it| *it == kind);
            let mut kind = if place(wanted) > place(self.kind) { wanted } else { self.kind };
            let rows: u64 = self.all.iter().map(|it| it.1.rows).sum();
            let count = |kind| self.all.iter().map(|it| window_of(kind, it.1.first)).collect::<HashSet<i64>>().len();
            while kind != WindowKind::Month && rows < ENOUGH_ROWS * count(kind) as u64 {
                kind = larger(kind);
            }
            if kind != self.kind {
                self.regroup(kind);
            }
        }
        let mut order: Vec<usize> = (0..self.all.len()).collect();
        order.sort_by_key(|it| self.all.get(*it).map(|it| it.0));
        self.all.sort_by_key(|it| it.0);
        for counts in &mut self.columns {
            let mut old: Vec<Option<ColumnCount>> = std::mem::take(counts).into_iter().map(Some).collect();
            *counts = order.iter().filter_map(|it| old.get_mut(*it).and_then(Option::take)).collect();
        }
    }

    /// Milliseconds that all but one in a hundred predictions span: a few times of a broken clock must not decide how all others are looked at.
    fn span_of_most(&self) -> i64 {
        let mut windows: Vec<&Window> = self.all.iter().map(|it| &it.1).collect();
        windows.sort_by_key(|it| it.first);
        let rows: u64 = windows.iter().map(|it| it.rows).sum();
        let within = |it: &&&Window, before: &mut u64| {
            *before += it.rows;
            *before * 200 > rows
        };
        let (mut before, mut behind) = (0, 0);
        let first = windows.iter().find(|it| within(it, &mut before)).map(|it| it.first);
        let last = windows.iter().rev().find(|it| within(it, &mut behind)).map(|it| it.last);
        first.zip(last).map_or(0, |(first, last)| (last - first).max(0))
    }

    fn regroup(&mut self, kind: WindowKind) {
        let old = std::mem::take(&mut self.all);
        let from = self.kind;
        self.kind = kind;
        self.slots.clear();
        let mut moved = Vec::with_capacity(old.len());
        for (key, window) in old {
            let key = match (from, kind) {
                (WindowKind::Rows(_), _) => key / 2,
                // Hours and days lie in one window of every larger size; weeks are only made at the end.
                _ => window_of(kind, start_of(from, key)),
            };
            let slot = *self.slots.entry(key).or_insert(self.all.len());
            moved.push(slot);
            match self.all.get_mut(slot) {
                None => self.all.push((key, window)),
                Some((_, into)) => {
                    into.first = into.first.min(window.first);
                    into.last = into.last.max(window.last);
                    into.rows += window.rows;
                    into.bad_scores += window.bad_scores;
                    into.outside += window.outside;
                    into.usage.join(window.usage);
                    into.sureness.join(window.sureness);
                    into.kept.join(window.kept);
                }
            }
        }
        for counts in &mut self.columns {
            let old = std::mem::take(counts);
            counts.resize_with(self.all.len(), ColumnCount::default);
            for (slot, count) in moved.iter().zip(old) {
                if let Some(into) = counts.get_mut(*slot) {
                    into.join(count, &mut self.random);
                }
            }
        }
    }
}

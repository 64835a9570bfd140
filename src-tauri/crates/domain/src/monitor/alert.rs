//! Which of what was measured a person should look at: few alerts, grouped, each with a begin and perhaps an end.
//!
//! An alert opens when its condition holds in two windows in a row, or in one where it holds by far; it closes when two windows in a row
//! are clear. A window that cannot be judged changes nothing. So a value that swings about its limit raises one alert, not ten.

use serde::{Deserialize, Serialize};

use super::performance::{Performance, more_is_better};
use super::{AlertResponse, ChangePoint, ColumnQuality, MonitorWindow, SeasonState, Skew, WindowColumn};
use crate::Timestamp;
use crate::counts::{counted, grouped};
use crate::drift::DriftVerdict;

/// What an alert is about, the costliest kind first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub enum AlertKind {
    /// The predictions became worse, as labels show.
    Performance,
    /// The predictions are thought to have become worse.
    EstimatedPerformance,
    /// Requests fail.
    Errors,
    /// Inputs are missing, of another type or out of range.
    Quality,
    /// What should be probabilities is none.
    Scores,
    /// Inputs are distributed otherwise than in the reference.
    Inputs,
    /// Inputs hang together otherwise than in the reference, though each alone is as it was.
    Together,
    /// Outputs are distributed otherwise than in the reference.
    Outputs,
    /// The model became less sure.
    Confidence,
    /// Inputs never were as in training.
    Skew,
    /// Nobody asks any more.
    Silence,
    /// Answers take longer.
    Latency,
}

/// Something a person should look at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct Alert {
    /// What it is about.
    pub kind: AlertKind,
    /// The columns concerned, the costliest first.
    pub columns: Vec<String>,
    /// The first window of it, counted from 0.
    pub window: u64,
    /// The begin of that window.
    pub since: Option<Timestamp>,
    /// Windows that it lasted.
    pub windows: u64,
    /// Whether it still lasts.
    pub is_open: bool,
    /// What it costs: the change of the mean loss that was measured or is estimated. Larger is worse; `null` when not known.
    pub cost: Option<f64>,
    /// In one sentence.
    pub sentence: String,
    /// What a person answered, where that holds.
    #[serde(default)]
    pub answer: Option<AlertResponse>,
}

/// Loss of a metric that is looked at at all: a hundredth of classes, a twentieth of an error of numbers.
const WORSE_SHARE: f64 = 0.01;
const WORSE_RELATIVE: f64 = 0.05;
/// Loss that needs no second window.
const FAR_WORSE_SHARE: f64 = 0.05;
const FAR_WORSE_RELATIVE: f64 = 0.25;
/// Rise of the share of failed requests that is looked at.
const MORE_ERRORS: f64 = 0.02;
/// Share of failed requests that is never usual, however long it lasts.
const NEVER_USUAL: f64 = 0.1;
/// Rise of the share of missing, unseen or out-of-range values that is looked at.
const LESS_QUALITY: f64 = 0.05;
/// Share of scores that are no probabilities, so large that one window is enough.
const FAR_UNFIT_SCORES: f64 = 0.2;

/// Distance of a column that needs no second window, where chance does not make it in any of the windows at this level.
const FAR_MOVED: f64 = 0.2;
const LEVEL: f64 = 0.04;

/// How a window stands to a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Clear,
    Unknown,
    Holds,
    HoldsByFar,
}

/// Spans of windows in which an alert was open: first window, last window, and whether it still is.
fn spans(states: &[State]) -> Vec<(usize, usize, bool)> {
    let mut found = Vec::new();
    let (mut open, mut first, mut clear, mut held): (Option<usize>, Option<usize>, u32, u32) = (None, None, 0, 0);
    let mut last = 0;
    for (place, state) in states.iter().enumerate() {
        match state {
            State::Holds | State::HoldsByFar => {
                first = first.or(Some(place));
                held += 1;
                (clear, last) = (0, place);
                if open.is_none() && (held >= 2 || *state == State::HoldsByFar) {
                    open = first;
                }
            }
            State::Clear => {
                clear += 1;
                held = 0;
                if open.is_none() {
                    first = None;
                } else if clear >= 2 {
                    found.extend(open.take().map(|begin| (begin, last, false)));
                    first = None;
                }
            }
            State::Unknown => {}
        }
    }
    found.extend(open.map(|begin| (begin, last, true)));
    found
}

/// The metric that stands for performance, best first.
pub(super) fn chief<T>(metrics: &super::Measures<T>) -> Option<(&str, &T)> {
    ["accuracy", "mae", "roc_auc", "f1", "rmse"]
        .iter()
        .find_map(|name| metrics.get_key_value(*name))
        .map(|(name, it)| (name.as_str(), it))
}

/// How much wider than a 95 % interval one is that holds in all of so many windows at once (Bonferroni). One window in forty lies outside of
/// its own by chance, so that of many some always would.
fn wider(windows: usize) -> f64 {
    // Upper quantile of the normal distribution (Abramowitz and Stegun 1964, 26.2.23; within 0.00045).
    let t = (-2.0 * (0.025 / windows.max(1) as f64).ln()).sqrt();
    let above = (0.010_328 * t + 0.802_853) * t + 2.515_517;
    let below = ((0.001_308 * t + 0.189_269) * t + 1.432_788) * t + 1.0;
    ((t - above / below) / 1.96).max(1.0)
}

/// How much worse a value with its interval is than a baseline for sure, as a state; by far only if no number of windows makes chance of it.
fn worse(metric: &str, value: f64, interval: (f64, f64), baseline: f64, windows: usize) -> State {
    let loss = |it: f64| {
        if more_is_better(metric) { baseline - it } else { (it - baseline) / baseline.abs().max(f64::MIN_POSITIVE) }
    };
    let (limit, far) =
        if more_is_better(metric) { (WORSE_SHARE, FAR_WORSE_SHARE) } else { (WORSE_RELATIVE, FAR_WORSE_RELATIVE) };
    let near = if more_is_better(metric) { interval.1 } else { interval.0 };
    let nearest = value + (near - value) * wider(windows);
    let sure = loss(nearest) > limit;
    let loss = loss(near);
    if loss > far && sure {
        State::HoldsByFar
    } else if loss > limit {
        State::Holds
    } else {
        State::Clear
    }
}

/// The value that a window is held against: the reference's, else the first that is known.
pub(super) fn baseline(windows: &[MonitorWindow], metric: &str) -> Option<f64> {
    let of = |p: &Performance| p.reference.get(metric).copied();
    windows
        .iter()
        .find_map(|window| of(&window.performance))
        .or_else(|| windows.iter().find_map(|window| window.performance.realised.get(metric).map(|it| it.value)))
}

struct Maker<'a> {
    windows: &'a [MonitorWindow],
    alerts: Vec<Alert>,
}

impl Maker<'_> {
    fn add(
        &mut self,
        kind: AlertKind,
        states: &[State],
        describe: impl Fn(usize, usize) -> (Vec<String>, Option<f64>, String),
    ) {
        for (first, last, is_open) in spans(states) {
            let (columns, cost, sentence) = describe(first, last);
            self.alerts.push(Alert {
                kind,
                columns,
                window: first as u64,
                since: self.windows.get(first).and_then(|it| it.start),
                windows: (last - first + 1) as u64,
                is_open,
                cost,
                sentence,
                answer: None,
            });
        }
    }
}

/// A number of a metric as people write it: three decimals for shares, four digits for others.
pub(super) fn figure(value: f64) -> String {
    let size = value.abs();
    if size <= 1.0 {
        format!("{value:.3}")
    } else if size < 1e6 {
        format!("{value:.*}", (3.0 - size.log10().floor()).max(0.0) as usize)
    } else {
        format!("{value:.3e}")
    }
}

/// So many predictions.
pub(super) fn predictions(rows: u64) -> String {
    counted(rows, "prediction", "predictions")
}

fn listed(columns: &[String]) -> String {
    match columns {
        [] => String::new(),
        [one] => one.clone(),
        [first, second] => format!("{first} and {second}"),
        [first, second, third] => format!("{first}, {second} and {third}"),
        [first, second, third, rest @ ..] => format!("{first}, {second}, {third} and {} more", rest.len()),
    }
}

/// Whether a column of a window moved in a way that the season does not explain.
pub(super) fn moved(column: &WindowColumn) -> bool {
    column.verdict == DriftVerdict::Drift && column.season.as_ref().is_none_or(|it| it.state != SeasonState::Expected)
}

/// Alerts over all windows of one model: open ones first, then by what they cost.
pub fn raise(windows: &[MonitorWindow], changes: &[ChangePoint], skew: &[Skew]) -> Vec<Alert> {
    let mut maker = Maker { windows, alerts: Vec::new() };
    performance(&mut maker);
    usage(&mut maker);
    quality(&mut maker);
    scores(&mut maker);
    for (role, kind) in [("input", AlertKind::Inputs), ("output", AlertKind::Outputs)] {
        columns(&mut maker, role, kind, skew);
    }
    together(&mut maker);
    for change in changes.iter().filter(|it| it.series == "confidence" && it.after < it.before) {
        maker.alerts.push(Alert {
            kind: AlertKind::Confidence,
            columns: Vec::new(),
            window: change.window,
            since: change.at,
            windows: (windows.len() as u64).saturating_sub(change.window),
            is_open: true,
            cost: None,
            sentence: change.sentence.clone(),
            answer: None,
        });
    }
    if !skew.is_empty() {
        let columns: Vec<String> = skew.iter().map(|it| it.column.clone()).collect();
        let sentence = match skew {
            [one] => one.sentence.clone(),
            _ => format!(
                "{} differ from the reference in every window since the first prediction; that is how they are served, not a change of the world.",
                listed(&columns)
            ),
        };
        maker.alerts.push(Alert {
            kind: AlertKind::Skew,
            columns,
            window: 0,
            since: windows.first().and_then(|it| it.start),
            windows: windows.len() as u64,
            is_open: true,
            cost: None,
            sentence,
            answer: None,
        });
    }
    let mut alerts = maker.alerts;
    let rank = |it: &Alert| (!it.is_open, it.kind > AlertKind::Errors, -it.cost.unwrap_or(f64::MIN_POSITIVE), it.kind);
    alerts.sort_by(|a, b| {
        let (a, b) = (rank(a), rank(b));
        a.0.cmp(&b.0).then(a.1.cmp(&b.1)).then(a.2.total_cmp(&b.2)).then(a.3.cmp(&b.3))
    });
    alerts
}

fn performance(maker: &mut Maker<'_>) {
    let windows = maker.windows;
    let realised = windows.iter().find_map(|it| chief(&it.performance.realised).map(|it| it.0.to_owned()));
    if let Some(metric) = realised
        && let Some(base) = baseline(windows, &metric)
    {
        let of = |window: &MonitorWindow| window.performance.realised.get(&metric).copied();
        let states: Vec<State> = windows
            .iter()
            .map(|it| of(it).map_or(State::Unknown, |it| worse(&metric, it.value, it.interval, base, windows.len())))
            .collect();
        maker.add(AlertKind::Performance, &states, |first, last| {
            let worst = windows[first..=last].iter().filter_map(of).max_by(|a, b| {
                let loss =
                    |it: &super::Realised| if more_is_better(&metric) { base - it.value } else { it.value - base };
                loss(a).total_cmp(&loss(b))
            });
            let Some(worst) = worst else { return (Vec::new(), None, String::new()) };
            let cost = (worst.value - base).abs();
            let is_worst = |it: &&MonitorWindow| of(it).as_ref() == Some(&worst);
            let parts = windows[first..=last].iter().find(is_worst).and_then(|it| it.performance.segments.first());
            let where_ = parts.map_or_else(String::new, |it| format!(" {}", it.sentence));
            let sentence = format!(
                "{metric} went from {} to {} ({} to {} with 95 %), measured on {} with a label.{where_}",
                figure(base),
                figure(worst.value),
                figure(worst.interval.0),
                figure(worst.interval.1),
                predictions(worst.rows)
            );
            (Vec::new(), Some(cost), sentence)
        });
    }
    let estimated = windows.iter().find_map(|it| chief(&it.performance.estimated).map(|it| it.0.to_owned()));
    let Some(metric) = estimated else { return };
    let Some(base) = windows.iter().find_map(|it| it.performance.reference.get(&metric).copied()) else { return };
    let of = |window: &MonitorWindow| {
        let it = window.performance.estimated.get(&metric)?;
        Some((it.value?, it.interval?))
    };
    let states: Vec<State> = windows
        .iter()
        .map(|it| {
            of(it).map_or(State::Unknown, |(value, interval)| worse(&metric, value, interval, base, windows.len()))
        })
        .collect();
    maker.add(AlertKind::EstimatedPerformance, &states, |first, last| {
        let worst = windows[first..=last].iter().filter_map(of).max_by(|a, b| {
            let loss = |value: f64| if more_is_better(&metric) { base - value } else { value - base };
            loss(a.0).total_cmp(&loss(b.0))
        });
        let Some((value, interval)) = worst else { return (Vec::new(), None, String::new()) };
        let sentence = format!(
            "{metric} is estimated to have gone from {} to {} ({} to {} with 95 %); no label confirms it yet.",
            figure(base),
            figure(value),
            figure(interval.0),
            figure(interval.1)
        );
        (Vec::new(), Some((value - base).abs()), sentence)
    });
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

fn usage(maker: &mut Maker<'_>) {
    let windows = maker.windows;
    let median_rate = median(windows.iter().filter(|it| it.usage.requests > 0).map(|it| it.usage.error_rate).collect());
    let usual = median_rate.unwrap_or(0.0).min(NEVER_USUAL);
    let errors = |it: &MonitorWindow| {
        let (n, rate) = (it.usage.requests as f64, it.usage.error_rate);
        if n < 20.0 {
            return State::Unknown;
        }
        // Two standard errors below the measured rate, with one failure and one success added.
        let p = (it.usage.errors as f64 + 1.0) / (n + 2.0);
        let sure = rate - 1.96 * (p * (1.0 - p) / n).sqrt() - usual;
        if sure > 5.0 * MORE_ERRORS {
            State::HoldsByFar
        } else if sure > MORE_ERRORS {
            State::Holds
        } else {
            State::Clear
        }
    };
    let states: Vec<State> = windows.iter().map(errors).collect();
    maker.add(AlertKind::Errors, &states, |first, last| {
        let (errors, requests) =
            windows[first..=last].iter().fold((0, 0), |sum, it| (sum.0 + it.usage.errors, sum.1 + it.usage.requests));
        let share = errors as f64 / requests.max(1) as f64 * 100.0;
        let usual = if usual < NEVER_USUAL { format!("; usual are {:.1} %", usual * 100.0) } else { String::new() };
        (
            Vec::new(),
            None,
            format!("{} of {} requests failed ({share:.1} %){usual}.", grouped(errors), grouped(requests)),
        )
    });
    let usual = median(windows.iter().filter_map(|it| it.usage.latency.map(|l| l.p95)).collect());
    if let Some(usual) = usual.filter(|it| *it > 0.0) {
        let states: Vec<State> = windows
            .iter()
            .map(|it| match it.usage.latency {
                Some(l) if l.p95 > 2.0 * usual && it.usage.requests >= 20 => State::Holds,
                Some(_) if it.usage.requests >= 20 => State::Clear,
                _ => State::Unknown,
            })
            .collect();
        maker.add(AlertKind::Latency, &states, |first, last| {
            let worst =
                windows[first..=last].iter().filter_map(|it| it.usage.latency.map(|l| l.p95)).fold(0.0, f64::max);
            (Vec::new(), None, format!("One answer in twenty took longer than {worst:.0} ms; usual are {usual:.0} ms."))
        });
    }
    for (place, window) in windows.iter().enumerate() {
        let Some(silence) = window.usage.silence.filter(|it| it.is_unusual) else { continue };
        maker.alerts.push(Alert {
            kind: AlertKind::Silence,
            columns: Vec::new(),
            window: place as u64,
            since: Some(silence.from),
            windows: 1,
            is_open: false,
            cost: None,
            sentence: format!(
                "Nobody asked for {} from {} on, far longer than usual.",
                match silence.seconds / 3600.0 {
                    hours if hours < 72.0 => format!("{hours:.1} hours"),
                    hours => format!("{:.1} days", hours / 24.0),
                },
                silence.from
            ),
            answer: None,
        });
    }
}

/// What is wrong with inputs over a span of windows: of the first three the chief fault, in figures.
fn faulty(span: &[MonitorWindow], columns: &[String]) -> String {
    let rows = span.iter().map(|it| it.rows).sum::<u64>().max(1) as f64;
    let of = |name: &String| -> String {
        let absent: u64 = span.iter().filter(|it| it.quality.absent.contains(name)).map(|it| it.rows).sum();
        let share = |value: fn(&ColumnQuality) -> f64| -> f64 {
            let of_window = |it: &MonitorWindow| {
                let found = it.quality.columns.iter().find(|column| column.name == *name);
                found.map_or(0.0, value) * it.rows as f64
            };
            span.iter().map(of_window).sum::<f64>() / rows
        };
        let faults = [
            (absent as f64 / rows, "is missing altogether"),
            (
                share(|it| it.missing - it.missing_reference.unwrap_or(it.missing)),
                "has no value, beyond what the reference lacks,",
            ),
            (share(|it| it.wrong_type), "is of another type than in the reference"),
            (share(|it| it.not_finite), "is infinite or not a number"),
            (share(|it| it.unseen.unwrap_or(0.0)), "has a value that the reference never had"),
            (share(|it| it.outside_range.unwrap_or(0.0)), "is out of the range of the reference"),
        ];
        // A value of another type is also counted as missing, and an infinite one as out of range.
        let chief = faults.iter().max_by(|a, b| a.0.total_cmp(&b.0)).copied().unwrap_or_default();
        let more_exact = faults.iter().skip(2).take(2).find(|it| it.0 > 0.5 * chief.0).copied();
        let chief = more_exact.unwrap_or(chief);
        format!("{name} {} in {:.1} % of the predictions", chief.1, 100.0 * chief.0)
    };
    let told: Vec<String> = columns.iter().take(3).map(of).collect();
    let more = match columns.len().saturating_sub(3) {
        0 => String::new(),
        1 => "; another input is damaged, too".to_owned(),
        more => format!("; {more} further inputs are damaged, too"),
    };
    format!("{}{more}.", told.join("; "))
}

fn quality(maker: &mut Maker<'_>) {
    let windows = maker.windows;
    let faults = |window: &MonitorWindow| -> Vec<String> {
        let bad = window.quality.columns.iter().filter(|it| {
            it.missing - it.missing_reference.unwrap_or(it.missing) > LESS_QUALITY
                || it.unseen.is_some_and(|share| share > LESS_QUALITY)
                || it.outside_range.is_some_and(|share| share > LESS_QUALITY)
                || it.wrong_type > WORSE_SHARE
                || it.not_finite > WORSE_SHARE
        });
        bad.map(|it| it.name.clone()).chain(window.quality.absent.iter().cloned()).collect()
    };
    let states: Vec<State> = windows
        .iter()
        .map(|it| {
            if it.rows < 20 {
                State::Unknown
            } else if !it.quality.absent.is_empty() {
                State::HoldsByFar
            } else if faults(it).is_empty() {
                State::Clear
            } else {
                State::Holds
            }
        })
        .collect();
    maker.add(AlertKind::Quality, &states, |first, last| {
        let mut columns: Vec<String> = Vec::new();
        for name in windows[first..=last].iter().flat_map(faults) {
            if !columns.contains(&name) {
                columns.push(name);
            }
        }
        let sentence = faulty(&windows[first..=last], &columns);
        (columns, None, sentence)
    });
}

/// Without probabilities nothing is known of confidence, and performance cannot be estimated, however calm everything else looks.
fn scores(maker: &mut Maker<'_>) {
    let windows = maker.windows;
    let states: Vec<State> = windows
        .iter()
        .map(|it| match it.quality.scores_unfit {
            _ if it.rows < 20 => State::Unknown,
            share if share > FAR_UNFIT_SCORES => State::HoldsByFar,
            share if share > WORSE_SHARE => State::Holds,
            _ => State::Clear,
        })
        .collect();
    maker.add(AlertKind::Scores, &states, |first, last| {
        let span = &windows[first..=last];
        let unfit: f64 = span.iter().map(|it| it.quality.scores_unfit * it.rows as f64).sum();
        let share = unfit / span.iter().map(|it| it.rows).sum::<u64>().max(1) as f64;
        let sentence = format!(
            "{:.1} % of the predictions have scores that are no probabilities (outside of 0 to 1, not a number, or not summing to 1); confidence and estimates rest \
             on the others alone.",
            100.0 * share
        );
        (Vec::new(), None, sentence)
    });
}

fn columns(maker: &mut Maker<'_>, role: &str, kind: AlertKind, skew: &[Skew]) {
    let windows = maker.windows;
    let skewed = |name: &str| skew.iter().any(|it| it.column == name);
    let found = |window: &MonitorWindow| -> Vec<WindowColumn> {
        let all = window.drift.iter().flat_map(|it| &it.columns);
        all.filter(|it| it.role == role && moved(it) && !skewed(&it.name)).cloned().collect()
    };
    let states: Vec<State> = windows
        .iter()
        .map(|window| {
            let Some(drift) = &window.drift else { return State::Unknown };
            let moved = found(window);
            let by_far = |it: &WindowColumn| {
                it.interval.is_some_and(|(low, _)| low > FAR_MOVED)
                    && it.p_adjusted.is_none_or(|p| p * (windows.len() as f64) < LEVEL)
            };
            if moved.iter().any(by_far) {
                State::HoldsByFar
            } else if !moved.is_empty() {
                State::Holds
            } else if drift.columns.iter().any(|it| it.role == role && it.verdict != DriftVerdict::CannotTell) {
                State::Clear
            } else {
                State::Unknown
            }
        })
        .collect();
    maker.add(kind, &states, |first, last| {
        let mut all: Vec<WindowColumn> = Vec::new();
        for column in windows[first..=last].iter().flat_map(found) {
            match all.iter_mut().find(|it| it.name == column.name) {
                Some(known) if known.effect < column.effect => *known = column,
                Some(_) => {}
                None => all.push(column),
            }
        }
        all.sort_by(|a, b| {
            let weight = |it: &WindowColumn| (it.cost.map_or(0.0, f64::abs), it.effect.unwrap_or(0.0));
            let (a, b) = (weight(a), weight(b));
            b.0.total_cmp(&a.0).then(b.1.total_cmp(&a.1))
        });
        let cost =
            all.iter().filter_map(|it| it.cost).fold(None, |sum: Option<f64>, cost| Some(sum.unwrap_or(0.0) + cost));
        let names: Vec<String> = all.iter().map(|it| it.name.clone()).collect();
        let what = if role == "input" {
            "distributed otherwise than in the reference"
        } else {
            "answered otherwise than on the reference"
        };
        let verb = if names.len() == 1 { "is" } else { "are" };
        let first_why = all.first().map_or_else(String::new, |it| format!(" {}: {}.", it.name, it.why));
        (names.clone(), cost, format!("{} {verb} {what}.{first_why}", listed(&names)))
    });
}

/// A change of how the inputs hang together. Where a column shows it, its own alert says more, and nothing follows for this one.
fn together(maker: &mut Maker<'_>) {
    /// Lower end of the AUC's interval from which one window is enough.
    const BY_FAR: f64 = 0.65;
    let windows = maker.windows;
    let found = |window: &MonitorWindow| window.drift.as_ref().and_then(|it| it.together.clone());
    let states: Vec<State> = windows
        .iter()
        .map(|window| match (&window.drift, found(window)) {
            (Some(drift), Some(it)) if drift.only_together() => {
                if it.interval.is_some_and(|it| it.0 > BY_FAR) {
                    State::HoldsByFar
                } else {
                    State::Holds
                }
            }
            (_, Some(it)) if it.verdict == DriftVerdict::NoDrift => State::Clear,
            _ => State::Unknown,
        })
        .collect();
    maker.add(AlertKind::Together, &states, |first, last| {
        let worst = windows[first..=last].iter().filter(|it| it.drift.as_ref().is_some_and(super::WindowDrift::only_together));
        let worst = worst.filter_map(found).max_by(|a, b| a.auc.unwrap_or(0.0).total_cmp(&b.auc.unwrap_or(0.0)));
        let Some(worst) = worst else { return (Vec::new(), None, String::new()) };
        let names: Vec<String> = worst.chief_drivers().into_iter().map(str::to_owned).collect();
        let by = if names.is_empty() { String::new() } else { format!(": {}", listed(&names)) };
        let sentence = format!(
            "The inputs hang together otherwise than in the reference, though each alone is as it was{by}. A classifier tells the rows apart with an AUC of {}.",
            figure(worst.auc.unwrap_or(0.5))
        );
        (names, None, sentence)
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_swinging_value_raises_one_alert() {
        use State::{Clear, Holds, HoldsByFar, Unknown};
        assert_eq!(spans(&[Clear, Holds, Clear, Holds, Clear, Clear]), [], "one window is not enough");
        assert_eq!(
            spans(&[Holds, Holds, Clear, Holds, Clear, Holds]),
            [(0, 5, true)],
            "one clear window does not close it"
        );
        assert_eq!(spans(&[Holds, Holds, Clear, Clear, Holds]), [(0, 1, false)], "two do");
        assert_eq!(spans(&[Clear, HoldsByFar]), [(1, 1, true)], "a large one needs no second");
        assert_eq!(spans(&[Holds, Unknown, Holds]), [(0, 2, true)], "what cannot be judged changes nothing");
    }

    #[test]
    fn worse_is_judged_by_the_near_end_of_the_interval() {
        let judged = |metric, value, interval, base| worse(metric, value, interval, base, 1);
        assert_eq!(judged("accuracy", 0.90, (0.80, 0.95), 0.92), State::Clear, "it could still be better");
        assert_eq!(judged("accuracy", 0.85, (0.80, 0.90), 0.92), State::Holds);
        assert_eq!(judged("accuracy", 0.75, (0.70, 0.80), 0.92), State::HoldsByFar);
        assert_eq!(judged("mae", 1.3, (1.2, 1.4), 1.0), State::Holds, "of an error, more is worse");
        assert_eq!(judged("mae", 0.3, (0.2, 0.4), 1.0), State::Clear);
    }

    #[test]
    fn one_of_many_small_windows_is_no_alarm() {
        // Three right of eight, where three of four are usual.
        let small = |windows| worse("accuracy", 0.375, (0.137, 0.694), 0.77, windows);
        assert_eq!((small(1), small(60)), (State::HoldsByFar, State::Holds));
        assert_eq!(worse("accuracy", 0.55, (0.53, 0.57), 0.75, 3_000), State::HoldsByFar, "what is certain stays so");
        assert!((wider(1) - 1.0).abs() < 0.001, "{}", wider(1));
        assert!((wider(100) - 3.481 / 1.96).abs() < 0.001, "{}", wider(100));
    }
}

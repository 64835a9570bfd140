//! From what was gathered to the report of one model.

use std::collections::BTreeMap;

use proofmark_domain::counts::{counted, grouped};
use proofmark_domain::drift::{ColumnDrift, DriftChange, DriftVerdict};
use proofmark_domain::monitor::{
    Assumption, ChangePoint, ChangeShape, ColumnQuality, ModelMonitor, MonitorWindow, Performance, Season, SeasonState,
    Skew, WindowColumn, WindowDrift, WindowKind, WindowQuality, health, raise,
};

use super::baseline::Baseline;
use super::change::step;
use super::clock::{stamp, start_of};
use super::estimate::realised::{measure, reported};
use super::estimate::{Circumstances, Estimator};
use super::gather::Model;
use super::kept::{Kept, Task};
use super::season::{Phase, judge as judge_season};
use super::segments::segments;
use super::together::{FEWEST as FEWEST_TOGETHER, NEWEST_WINDOWS, most_windows, together};
use super::windows::{ColumnCount, Windows};
use crate::drift::DriftOptions;
use crate::drift::counts::{Counted, judge};
use crate::drift::season::explains;

/// What a model is held against.
#[derive(Debug)]
pub(super) struct Against<'a> {
    pub(super) baselines: &'a [Baseline],
    pub(super) task: &'a Task,
    pub(super) estimator: Option<&'a Estimator>,
    /// Rows of the reference whose prediction and outcome are known.
    pub(super) outcomes: Option<&'a Kept>,
    /// Metrics of those rows.
    pub(super) measured: &'a BTreeMap<String, f64>,
    /// The inputs of some rows of the reference.
    pub(super) sample: &'a Kept,
    /// Why there is no estimator.
    pub(super) no_estimator: &'a str,
    /// Inputs of the reference that the log lacks altogether.
    pub(super) absent: &'a [String],
    /// Whether the reference is a part of the log.
    pub(super) of_itself: bool,
    pub(super) now: i64,
    pub(super) last: Option<i64>,
}

fn bounds(windows: &Windows, at: usize) -> (Option<i64>, Option<i64>) {
    let Some((key, window)) = windows.all.get(at) else { return (None, None) };
    match windows.kind {
        WindowKind::Rows(_) if window.first > window.last => (None, None),
        WindowKind::Rows(_) => (Some(window.first), Some(window.last)),
        kind => (Some(start_of(kind, *key)), Some(start_of(kind, key + 1))),
    }
}

/// Compares two counts of one column.
fn compare(
    baseline: &Baseline,
    a: (&[u64], u64, &[f64]),
    b: (&ColumnCount, &[f64]),
    options: &DriftOptions,
) -> Option<ColumnDrift> {
    let (counts, further) = b.0.with_unseen(baseline);
    let column = Counted {
        name: &baseline.name,
        shape: &baseline.shape,
        counts: (a.0, &counts),
        further: &further,
        samples: (a.2, b.1),
        rows: (a.1, b.0.rows),
    };
    judge(&[column], options).into_iter().next()
}

/// The report of one model. `model` must be finished.
pub(super) fn report(model: &Model, against: &Against<'_>, cancel: &dyn Fn() -> bool) -> ModelMonitor {
    let windows = &model.windows;
    let spans: Vec<(i64, i64)> =
        (0..windows.all.len()).map(|it| bounds(windows, it)).map(|it| (it.0.unwrap_or(0), it.1.unwrap_or(0))).collect();
    let silences = if matches!(windows.kind, WindowKind::Rows(_)) {
        vec![None; spans.len()]
    } else {
        model.activity.silences(&spans)
    };
    let options = DriftOptions::default();
    let drifts: Vec<Option<Vec<ColumnDrift>>> =
        (0..windows.all.len()).map(|at| columns_of(windows, at, against, &options)).collect();
    let relations = relations(windows, against);
    let mut drifts: Vec<Option<WindowDrift>> = drifts
        .iter()
        .enumerate()
        .map(|(at, it)| it.as_ref().map(|columns| drift_of(windows, at, columns, against)))
        .collect();
    ask_about_inputs_together(&mut drifts, windows, against, cancel);
    let mut reported_windows = Vec::with_capacity(windows.all.len());
    for (at, (_, window)) in windows.all.iter().enumerate() {
        let (start, end) = bounds(windows, at);
        let drift = drifts.get_mut(at).and_then(Option::take);
        reported_windows.push(MonitorWindow {
            start: start.map(stamp),
            end: end.map(stamp),
            rows: window.rows,
            is_open: at + 1 == windows.all.len()
                && end.zip(against.last).is_some_and(|(end, last)| last < end && end > against.now),
            usage: window.usage.report(silences.get(at).copied().flatten()),
            // The few that are left where most scores are none are not like the others.
            confidence: window.sureness.report().filter(|it| it.rows >= window.bad_scores),
            drift,
            quality: quality(windows, at, against),
            performance: performance(windows, at, against, relations.get(at).copied().unwrap_or(Assumption::Unknown)),
        });
    }
    let changes = changes(&reported_windows);
    let skew = if against.of_itself { Vec::new() } else { skew(&reported_windows) };
    let alerts = raise(&reported_windows, &changes, &skew);
    let health = health(&reported_windows, &alerts);
    ModelMonitor {
        model: model.name.clone(),
        versions: model.versions.listed(50),
        windows: reported_windows,
        changes,
        skew,
        alerts,
        health,
    }
}

fn columns_of(windows: &Windows, at: usize, against: &Against<'_>, options: &DriftOptions) -> Option<Vec<ColumnDrift>> {
    if against.baselines.is_empty() {
        return None;
    }
    let compared: Vec<(&Baseline, &ColumnCount)> = against
        .baselines
        .iter()
        .zip(&windows.columns)
        .filter(|(it, _)| it.left_out.is_none())
        .filter_map(|(it, counts)| Some((it, counts.get(at)?)))
        .collect();
    let parts: Vec<(Vec<u64>, Vec<String>, Vec<f64>)> = compared
        .iter()
        .map(|(baseline, count)| {
            let (counts, further) = count.with_unseen(baseline);
            (counts, further, count.sorted_sample())
        })
        .collect();
    let counted: Vec<Counted<'_>> = compared
        .iter()
        .zip(&parts)
        .map(|((baseline, count), (counts, further, sample))| Counted {
            name: &baseline.name,
            shape: &baseline.shape,
            counts: (&baseline.counts, counts),
            further,
            samples: (&baseline.sample, sample),
            rows: (baseline.rows, count.rows),
        })
        .collect();
    Some(judge(&counted, options))
}

/// The season's part in a difference of one column.
fn season(windows: &Windows, at: usize, column: usize, baseline: &Baseline, effect: f64) -> Option<Season> {
    let (start, _) = bounds(windows, at);
    let start = start?;
    let phase = Phase::of(windows.kind, start)?;
    let counts = windows.columns.get(column)?;
    // Weeks of one month follow each other; only those of another year are another cycle.
    let half_cycle = match windows.kind {
        WindowKind::Hour | WindowKind::Day => 4 * 86_400_000,
        _ => 183 * 86_400_000,
    };
    let starts: Vec<i64> = (0..at).map(|it| bounds(windows, it).0.unwrap_or(i64::MIN)).collect();
    let earlier: Vec<usize> = (0..at)
        .filter(|it| start - starts[*it] > half_cycle && Phase::of(windows.kind, starts[*it]) == Some(phase))
        .filter(|it| counts.get(*it).is_some_and(|it| it.rows - it.missing >= 30))
        .collect();
    let cycle = if half_cycle < 86_400_000 * 10 { 7 * 86_400_000 } else { 360 * 86_400_000 };
    let seen_cycle = starts.first().is_some_and(|it| start - it >= cycle);
    let current = counts.get(at)?;
    let sample = current.sorted_sample();
    // Other years are never quite the same; what counts is whether it is as far from the reference as then.
    let tolerant = DriftOptions { effect_threshold: 0.08, ..DriftOptions::default() };
    let against = |then: &ColumnCount| -> Option<ColumnDrift> {
        let (mut a, _) = then.with_unseen(baseline);
        a.truncate(baseline.counts.len());
        compare(baseline, (&a, then.rows, &then.sorted_sample()), (current, &sample), &tolerant)
    };
    let held_against = |it: &usize| against(counts.get(*it)?);
    let like = |it: &usize| held_against(it).is_some_and(|found| is_alike(&found));
    let within =
        earlier.iter().filter_map(held_against).any(|found| is_alike(&found) && explains(found.interval, effect));
    // What stayed the same ever since is a lasting change; the windows between must have looked otherwise to speak of a season.
    let reference = (baseline.counts.as_slice(), baseline.rows, baseline.sample.as_slice());
    let from_reference =
        |count: &ColumnCount| compare(baseline, reference, (count, &count.sorted_sample()), &DriftOptions::default());
    let lasting = earlier.last().is_some_and(|last| {
        let between: Vec<usize> =
            (last + 1..at).filter(|it| counts.get(*it).is_some_and(|it| it.rows - it.missing >= 30)).collect();
        let stayed = || between.iter().filter(|it| like(it)).count() * 10 >= between.len() * 9;
        // Small windows are apart by chance; together they are as this one, or not.
        let like_all = || {
            let all = ColumnCount::pooled(between.iter().filter_map(|it| counts.get(*it)));
            against(&all).is_some_and(|it| it.verdict != DriftVerdict::Drift)
        };
        between.len() >= 3 && (stayed() || like_all())
    });
    // A reference that mixes the seasons differs from each of them, and not from a whole cycle of them.
    let lasting = lasting && {
        let within_cycle = (0..at).filter(|it| start - starts[*it] <= cycle);
        let whole = ColumnCount::pooled(within_cycle.filter_map(|it| counts.get(it)));
        from_reference(&whole).is_some_and(|found| found.verdict == DriftVerdict::Drift)
    };
    Some(judge_season(phase, earlier.len(), within, lasting, seen_cycle))
}

fn is_alike(found: &ColumnDrift) -> bool {
    found.verdict != DriftVerdict::Drift && found.effect.is_none_or(|it| it < 0.15)
}

fn drift_of(windows: &Windows, at: usize, found: &[ColumnDrift], against: &Against<'_>) -> WindowDrift {
    let place = |name: &str| against.baselines.iter().position(|it| it.name == name);
    let columns: Vec<WindowColumn> = found
        .iter()
        .map(|column| {
            let at_place = place(&column.name);
            let baseline = at_place.and_then(|it| against.baselines.get(it));
            let moved = column.verdict == DriftVerdict::Drift;
            let season = at_place
                .zip(baseline)
                .filter(|_| moved)
                .and_then(|(it, baseline)| season(windows, at, it, baseline, column.effect.unwrap_or(0.0)));
            let expected = season.as_ref().is_some_and(|it| it.state == SeasonState::Expected);
            let count = at_place.and_then(|it| windows.columns.get(it)).and_then(|it| it.get(at));
            let cost = baseline.zip(count).filter(|_| moved).and_then(|(baseline, count)| baseline.cost(&count.counts));
            let mut why = column.why.clone();
            if let Some(season) = &season {
                why = format!("{why}; {}", season.sentence);
            }
            WindowColumn {
                name: column.name.clone(),
                role: baseline.map_or("input", |it| it.role).to_owned(),
                verdict: column.verdict,
                effect: column.effect,
                interval: column.interval,
                p_adjusted: column.p_adjusted,
                change: if expected { Some(DriftChange::Season) } else { column.change },
                cost,
                season,
                why,
            }
        })
        .collect();
    let seasonal = |it: &&WindowColumn| it.change == Some(DriftChange::Season);
    let drifted = columns.iter().filter(|it| it.verdict == DriftVerdict::Drift && !seasonal(it)).count();
    let expected = columns.iter().filter(seasonal).count();
    let judged = columns.iter().filter(|it| it.verdict != DriftVerdict::CannotTell).count();
    let names = |only: &dyn Fn(&WindowColumn) -> bool| -> String {
        let all: Vec<&str> = columns.iter().filter(|it| only(it)).map(|it| it.name.as_str()).collect();
        let shown = all.iter().take(3).copied().collect::<Vec<_>>().join(", ");
        if all.len() > 3 { format!("{shown} and {} more", all.len() - 3) } else { shown }
    };
    let season_words = if expected > 0 {
        format!(
            " {expected} of them moved as the season has it: {}.",
            names(&|it| it.change == Some(DriftChange::Season))
        )
    } else {
        String::new()
    };
    let (verdict, why) = if drifted > 0 {
        let list = names(&|it| it.verdict == DriftVerdict::Drift && it.change != Some(DriftChange::Season));
        (DriftVerdict::Drift, format!("{drifted} of {} columns drifted: {list}.{season_words}", columns.len()))
    } else if judged == 0 {
        let rows = windows.all.get(at).map_or(0, |it| it.1.rows);
        let why = if columns.is_empty() {
            "No column of the reference is in the log.".to_owned()
        } else {
            format!("{} are too few to compare with the reference.", counted(rows, "prediction", "predictions"))
        };
        (DriftVerdict::CannotTell, why)
    } else if !against.of_itself && !columns.iter().any(|it| it.role == "input") {
        let why = format!(
            "No input of the reference is in the log, so only what the model answered was compared; none of it drifted.{season_words}"
        );
        (DriftVerdict::CannotTell, why)
    } else if judged * 2 < columns.len() {
        (
            DriftVerdict::CannotTell,
            format!("Only {judged} of {} columns can be judged; none of them drifted.{season_words}", columns.len()),
        )
    } else {
        (DriftVerdict::NoDrift, format!("None of {} columns drifted.{season_words}", columns.len()))
    };
    WindowDrift { verdict, drifted: drifted as u64, compared: columns.len() as u64, columns, together: None, why }
}

/// Asks the classifier about the newest windows, and about older ones for as long as the inputs hang together otherwise, so that it is
/// known since when.
fn ask_about_inputs_together(
    drifts: &mut [Option<WindowDrift>],
    windows: &Windows,
    against: &Against<'_>,
    cancel: &dyn Fn() -> bool,
) {
    let (mut asked, mut clear) = (0, 0);
    let most = most_windows(against.baselines.iter().filter(|it| it.role == "input").count());
    for (at, drift) in drifts.iter_mut().enumerate().rev() {
        let is_full = windows.all.get(at).is_some_and(|it| it.1.kept.len() >= FEWEST_TOGETHER);
        let Some(found) = drift.take_if(|_| is_full) else { continue };
        let found = with_inputs_together(found, windows, at, against, cancel);
        asked += 1;
        clear = if found.only_together() { 0 } else { clear + 1 };
        *drift = Some(found);
        if asked >= most || asked >= NEWEST_WINDOWS && clear >= 2 || cancel() {
            break;
        }
    }
}

/// Asks the classifier about all inputs of a window together.
fn with_inputs_together(
    mut found: WindowDrift,
    windows: &Windows,
    at: usize,
    against: &Against<'_>,
    cancel: &dyn Fn() -> bool,
) -> WindowDrift {
    let Some((_, window)) = windows.all.get(at) else { return found };
    let seasonal = found.columns.iter().filter(|it| it.change == Some(DriftChange::Season));
    let left_out = seasonal.map(|it| (it.name.clone(), "moved as the season has it".to_owned())).collect();
    found.together = together(against.baselines, against.sample, &window.kept, left_out, cancel);
    if found.only_together() {
        found.verdict = DriftVerdict::Drift;
        let drivers: Vec<&str> = found.together.iter().flat_map(|it| it.chief_drivers()).collect();
        let by = if drivers.is_empty() { String::new() } else { format!(": {}", drivers.join(", ")) };
        found.why = format!("{} Together they hang together otherwise than in the reference{by}.", found.why);
    }
    found
}

fn quality(windows: &Windows, at: usize, against: &Against<'_>) -> WindowQuality {
    let mut columns = Vec::new();
    let mut absent: Vec<String> = against.absent.to_vec();
    for (baseline, counts) in against.baselines.iter().zip(&windows.columns).filter(|it| it.0.role == "input") {
        let Some(count) = counts.get(at).filter(|it| it.rows > 0) else { continue };
        let rows = count.rows as f64;
        let values = (count.rows - count.missing).max(1) as f64;
        let reference_missing =
            baseline.rows.saturating_sub(baseline.counts.iter().sum::<u64>()) as f64 / baseline.rows.max(1) as f64;
        if count.missing == count.rows && reference_missing < 0.5 {
            absent.push(baseline.name.clone());
            continue;
        }
        let is_category = baseline.range.is_none();
        let found = ColumnQuality {
            name: baseline.name.clone(),
            missing: count.missing as f64 / rows,
            missing_reference: Some(reference_missing),
            outside_range: (!is_category).then_some(count.outside as f64 / values),
            unseen: (is_category && baseline.left_out.is_none()).then_some(count.unseen as f64 / values),
            wrong_type: count.wrong_type as f64 / values,
            not_finite: count.not_finite as f64 / values,
        };
        let wrong = found.missing > reference_missing + 0.01
            || found.outside_range.is_some_and(|it| it > 0.001 && baseline.left_out.is_none())
            || found.unseen.is_some_and(|it| it > 0.001)
            || found.wrong_type > 0.0
            || found.not_finite > 0.0;
        if wrong {
            columns.push(found);
        }
    }
    let weight = |it: &ColumnQuality| {
        let missing = (it.missing - it.missing_reference.unwrap_or(0.0)).max(0.0);
        missing + it.outside_range.unwrap_or(0.0) + it.unseen.unwrap_or(0.0) + it.wrong_type + it.not_finite
    };
    columns.sort_by(|a, b| weight(b).total_cmp(&weight(a)));
    absent.sort();
    absent.dedup();
    let scores_unfit = windows.all.get(at).map_or(0.0, |(_, it)| it.bad_scores as f64 / it.rows.max(1) as f64);
    WindowQuality { columns, absent, scores_unfit }
}

fn outside_share(windows: &Windows, at: usize, against: &Against<'_>) -> (f64, f64) {
    let expected: f64 =
        against.baselines.iter().filter(|it| it.bounds_what_is_known()).map(Baseline::expected_outside).sum();
    let share = windows.all.get(at).map_or(0.0, |(_, it)| it.outside as f64 / it.rows.max(1) as f64);
    (share, expected.min(1.0))
}

/// Whether the relation of score and outcome held, for each window: what labels of the window itself show, else those of the last window
/// that had any, as long as they speak against it.
fn relations(windows: &Windows, against: &Against<'_>) -> Vec<Assumption> {
    let mut known = Assumption::Unknown;
    (0..windows.all.len())
        .map(|at| {
            let own = windows.all.get(at).and_then(|(_, window)| {
                let estimator = against.estimator?;
                let rows: Vec<usize> = (0..window.kept.len())
                    .filter(|it| !window.kept.label[*it].is_nan() && !window.kept.prediction[*it].is_nan())
                    .collect();
                if rows.len() < 50 {
                    return None;
                }
                let part = window.kept.only(&rows);
                let real = measure(against.task, &part);
                let said = estimator.values(against.task, &part);
                let (metric, tolerated) =
                    if *against.task == Task::Numbers { ("mae", None) } else { ("accuracy", Some(0.02)) };
                let (is, said) = (real.get(metric)?, said.get(metric)?);
                let gap = (is.value - said).abs();
                let error = is
                    .spread
                    .at(is.rows)
                    .hypot(estimator.reference.get(metric).map_or(0.0, |it| it.spread.at(it.rows)));
                let tolerated = tolerated.unwrap_or(0.1 * said.abs());
                Some(if gap > tolerated && gap > 3.0 * error {
                    Assumption::Fails
                } else if gap + error <= 2.0 * tolerated {
                    Assumption::Holds
                } else {
                    Assumption::Unknown
                })
            });
            match own {
                Some(found) => {
                    known = if found == Assumption::Fails { Assumption::Fails } else { Assumption::Unknown };
                    found
                }
                None => known,
            }
        })
        .collect()
}

fn performance(windows: &Windows, at: usize, against: &Against<'_>, relation: Assumption) -> Performance {
    let Some((_, window)) = windows.all.get(at) else { return Performance::default() };
    let realised = reported(&measure(against.task, &window.kept));
    let labelled = realised.values().map(|it| it.rows).max().unwrap_or(0);
    let segments = segments(against.task, against.baselines, against.outcomes, &window.kept);
    let mut found = Performance { realised, segments, reference: against.measured.clone(), ..Performance::default() };
    let of_which = against.task.positive_name().filter(|_| labelled > 0 || against.estimator.is_some());
    let of_which = of_which.map_or_else(String::new, |it| format!(" Precision, recall and F1 are of \"{it}\"."));
    match against.estimator {
        Some(estimator) => {
            let (outside, expected_outside) = outside_share(windows, at, against);
            let bad_scores = window.bad_scores as f64 / window.rows.max(1) as f64;
            found.estimated = estimator.estimate(
                against.task,
                &window.kept,
                Circumstances { outside, expected_outside, bad_scores, relation },
            );
            if found.reference.is_empty() {
                found.reference = estimator.reference.iter().map(|(name, it)| (name.clone(), it.value)).collect();
            }
            let basis =
                if labelled > 0 { format!("{} predictions have a label; ", grouped(labelled)) } else { String::new() };
            found.why = format!(
                "{basis}estimates are learnt from {} rows with a known outcome; {}.",
                grouped(estimator.rows),
                estimator.calibration().1
            ) + &of_which;
        }
        None if labelled > 0 => {
            found.why = format!(
                "{} predictions have a label; nothing is estimated, because {}.{of_which}",
                grouped(labelled),
                against.no_estimator
            )
        }
        None => {
            found.why = format!(
                "No prediction of this window has a label, and nothing can be estimated, because {}.",
                against.no_estimator
            )
        }
    }
    found
}

fn changes(windows: &[MonitorWindow]) -> Vec<ChangePoint> {
    let whole: Vec<(usize, &MonitorWindow)> =
        windows.iter().enumerate().filter(|(_, it)| it.rows >= 20 && !it.is_open).collect();
    type Series = (&'static str, &'static str, f64, fn(&MonitorWindow) -> Option<f64>);
    let series: [Series; 3] = [
        ("confidence", "The mean largest probability", 0.01, |it| it.confidence.map(|it| it.max_probability)),
        ("error_rate", "The share of failed requests", 0.01, |it| Some(it.usage.error_rate)),
        ("latency_p95", "The 95th percentile of latency in milliseconds", 0.0, |it| it.usage.latency.map(|it| it.p95)),
    ];
    let mut found = Vec::new();
    for (name, words, least, of) in series {
        let known: Vec<(usize, f64)> = whole.iter().filter_map(|(at, it)| Some((*at, of(it)?))).collect();
        let values: Vec<f64> = known.iter().map(|it| it.1).collect();
        let Some(step) = step(&values).filter(|it| {
            (it.after - it.before).abs() > least.max(0.1 * f64::from(u8::from(name == "latency_p95")) * it.before)
        }) else {
            continue;
        };
        let Some((at, _)) = known.get(step.at) else { continue };
        let start = windows.get(*at).and_then(|it| it.start);
        let when = start.map_or_else(
            || format!("window {}", at + 1),
            |it| it.to_string().get(..16).unwrap_or_default().replace('T', " "),
        );
        let how = if step.shape == ChangeShape::Trend { "moved little by little" } else { "went" };
        found.push(ChangePoint {
            series: name.to_owned(),
            window: *at as u64,
            at: start,
            before: step.before,
            after: step.after,
            p_value: step.p_value,
            shape: step.shape,
            sentence: format!("{words} {how} from {:.3} to {:.3} about {when}.", step.before, step.after),
        });
    }
    found
}

/// Columns that differ from the reference in every window that can be judged, by about as much from the first on.
fn skew(windows: &[MonitorWindow]) -> Vec<Skew> {
    let judged: Vec<&WindowDrift> =
        windows.iter().filter_map(|it| it.drift.as_ref()).filter(|it| it.verdict != DriftVerdict::CannotTell).collect();
    if judged.len() < 3 {
        return Vec::new();
    }
    let Some(first) = judged.first() else { return Vec::new() };
    let mut found = Vec::new();
    for column in first.columns.iter().filter(|it| it.role == "input" && it.verdict == DriftVerdict::Drift) {
        let effects: Option<Vec<f64>> = judged
            .iter()
            .map(|it| {
                it.columns
                    .iter()
                    .find(|it| it.name == column.name)
                    .filter(|it| it.verdict == DriftVerdict::Drift)
                    .and_then(|it| it.effect)
            })
            .collect();
        let Some(effects) = effects else { continue };
        let (low, high) = effects.iter().fold((f64::MAX, f64::MIN), |it, e| (it.0.min(*e), it.1.max(*e)));
        if low > 0.05 && high - low < 0.5 * high {
            let sentence = format!(
                "{} differs from the reference in every window since the first prediction (distance {low:.2} to {high:.2}): it is served otherwise than in training. {}.",
                column.name, column.why
            );
            found.push(Skew { column: column.name.clone(), effect: low, sentence });
        }
    }
    found.sort_by(|a, b| b.effect.total_cmp(&a.effect));
    found
}

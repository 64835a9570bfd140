//! Whether a difference is what the same season of earlier cycles had, too.
//!
//! A current table that lies within one month is held against the same month of earlier years, one that lies within a day against the same
//! weekday, where the reference reaches that far back. What no single earlier cycle explains stays drift.

use std::collections::BTreeMap;

use polars::prelude::{Column, DataFrame, IdxCa, IdxSize};
use proofmark_domain::drift::{DriftChange, DriftReport, DriftVerdict};
use proofmark_domain::monitor::WindowKind;

use super::{DriftError, DriftOptions, compare};
use crate::monitor::season::Phase;
use crate::monitor::{moments, month_of};

const DAY: i64 = 86_400_000;
/// Rows that an earlier cycle needs.
const FEWEST: usize = 50;
/// Distance between the same season of two cycles up to which they are alike: no two years are the same.
const ALIKE: f64 = 0.08;

/// Whether an earlier season explains a difference from the reference of the size `effect`: what is left between that season and now must be
/// less than half of it, as far as its interval says. Two windows that are both near the reference are near each other, too, and explain nothing.
pub(crate) fn explains(left: Option<(f64, f64)>, effect: f64) -> bool {
    left.is_none_or(|(low, _)| low <= effect / 2.0)
}

/// Earlier cycles of the season that the current table lies in.
#[derive(Debug)]
struct Cycles {
    phase: Phase,
    /// Rows of the reference by cycle.
    rows: BTreeMap<i64, Vec<usize>>,
}

#[derive(Debug)]
enum Known {
    Cycles(Cycles),
    /// The reference does not reach back to the same season.
    TooShort(Phase),
    /// The current table spans more than a season.
    No,
}

/// The column of times that both tables have: the one that was named, else the only one whose name says so.
pub(crate) fn time_column(reference: &DataFrame, current: &DataFrame, named: Option<&str>) -> Option<String> {
    if let Some(named) = named {
        return Some(named.to_owned());
    }
    let is_time = |column: &&Column| {
        let name = column.name().to_lowercase();
        let says = name
            .split(|c: char| !c.is_alphanumeric())
            .any(|word| matches!(word, "time" | "timestamp" | "date" | "datetime" | "ts"));
        column.dtype().is_temporal() && says && !name.contains("birth") && !name.contains("hired")
    };
    let found: Vec<&Column> =
        reference.columns().iter().filter(is_time).filter(|it| current.column(it.name()).is_ok()).collect();
    match found.as_slice() {
        [only] => Some(only.name().to_string()),
        _ => None,
    }
}

fn ends(times: &[Option<i64>]) -> Option<(i64, i64)> {
    let mut known: Vec<i64> = times.iter().flatten().copied().collect();
    if known.len() < FEWEST {
        return None;
    }
    known.sort_unstable();
    // A stray row must not turn a day into a month.
    let at = |q: usize| known[q * (known.len() - 1) / 1000];
    Some((at(5), at(995)))
}

fn known(reference: &[Option<i64>], current: &[Option<i64>]) -> Known {
    let (Some((from, to)), Some((begin, end))) = (ends(reference), ends(current)) else { return Known::No };
    let middle = begin + (end - begin) / 2;
    let (kind, cycle) = if end - begin <= DAY + DAY / 4 && to - from < 300 * DAY {
        (WindowKind::Day, 7 * DAY)
    } else if end - begin <= 33 * DAY {
        (WindowKind::Month, 365 * DAY)
    } else {
        return Known::No;
    };
    let Some(phase) = Phase::of(kind, middle) else { return Known::No };
    let mut rows: BTreeMap<i64, Vec<usize>> = BTreeMap::new();
    for (row, time) in reference.iter().enumerate() {
        let Some(time) = time.filter(|it| Phase::of(kind, *it) == Some(phase)) else { continue };
        // The same month of the same year is no earlier cycle.
        if (middle - time).abs() < cycle / 2 {
            continue;
        }
        let number = if kind == WindowKind::Month { month_of(time).0 } else { time.div_euclid(7 * DAY) };
        rows.entry(number).or_default().push(row);
    }
    rows.retain(|_, it| it.len() >= FEWEST);
    if rows.is_empty() { Known::TooShort(phase) } else { Known::Cycles(Cycles { phase, rows }) }
}

fn take(frame: &DataFrame, rows: &[usize]) -> Option<DataFrame> {
    let rows: Vec<IdxSize> = rows.iter().filter_map(|it| IdxSize::try_from(*it).ok()).collect();
    frame.take(&IdxCa::from_vec("rows".into(), rows)).ok()
}

/// Marks what the season explains in a finished report, and says so. Nothing changes where there are no times or nothing drifted.
///
/// # Errors
/// As [`compare`].
pub(crate) fn explain(
    report: &mut DriftReport,
    reference: &DataFrame,
    current: &DataFrame,
    time: &str,
    options: &DriftOptions,
    cancel: &dyn Fn() -> bool,
) -> Result<(), DriftError> {
    let drifted = report.columns.iter().any(|it| it.verdict == DriftVerdict::Drift)
        || report.joint.verdict == DriftVerdict::Drift;
    let (Ok(a), Ok(b)) = (reference.column(time), current.column(time)) else { return Ok(()) };
    if !drifted {
        return Ok(());
    }
    let cycles = match known(&moments(a), &moments(b)) {
        Known::No => return Ok(()),
        Known::TooShort(phase) => {
            report.why = format!(
                "{} Less than one cycle is known: the reference holds no earlier {}, so this cannot be told from the season.",
                report.why,
                phase.name()
            );
            return Ok(());
        }
        Known::Cycles(cycles) => cycles,
    };
    let tolerant = DriftOptions {
        effect_threshold: ALIKE,
        time: Some(time.to_owned()),
        max_rows: options.max_rows.min(8_000),
        ..options.clone()
    };
    // The last five cycles: a season of long ago says little.
    let effects: BTreeMap<String, f64> =
        report.columns.iter().filter_map(|it| Some((it.name.clone(), it.effect?))).collect();
    let mut alike: BTreeMap<String, bool> = BTreeMap::new();
    let mut joint_alike = false;
    let count = cycles.rows.len().min(5);
    for rows in cycles.rows.values().rev().take(5) {
        let Some(then) = take(reference, rows) else { continue };
        let found = compare(&then, current, &tolerant, cancel, &|_, _| ())?;
        joint_alike |= found.joint.verdict != DriftVerdict::Drift;
        for column in found.columns {
            let effect = effects.get(&column.name).copied().unwrap_or(0.0);
            let is_alike = column.verdict != DriftVerdict::Drift && column.effect.is_none_or(|it| it < 2.0 * ALIKE);
            *alike.entry(column.name).or_default() |= is_alike && explains(column.interval, effect);
        }
    }
    let name = cycles.phase.name();
    let which = if count == 1 { format!("the last {name}") } else { format!("the last {count} {name}s") };
    let mut explained = Vec::new();
    for column in report.columns.iter_mut().filter(|it| it.verdict == DriftVerdict::Drift) {
        // Another unit or other names are no season.
        let can = matches!(column.change, Some(DriftChange::Distribution | DriftChange::Nulls) | None);
        if can && alike.get(&column.name).copied().unwrap_or(false) {
            column.verdict = DriftVerdict::NoDrift;
            column.change = Some(DriftChange::Season);
            column.why = format!("expected for {name}: inside the range of {which}; {}", column.why);
            explained.push(column.name.clone());
        } else {
            column.why = format!("{}; not expected for {name}: outside the range of {which}", column.why);
        }
    }
    let left: Vec<String> =
        report.columns.iter().filter(|it| it.verdict == DriftVerdict::Drift).map(|it| it.name.clone()).collect();
    let concept = report.concept.as_ref().is_some_and(|it| it.verdict == DriftVerdict::Drift);
    if !explained.is_empty() && left.is_empty() && joint_alike && !concept {
        report.verdict = DriftVerdict::NoDrift;
        report.why = format!(
            "{} moved as expected for {name}: inside the range of {which}. Nothing else drifted.",
            explained.join(", ")
        );
    } else if !explained.is_empty() {
        report.why =
            format!("{} Expected for {name}, inside the range of {which}: {}.", report.why, explained.join(", "));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_season_needs_an_earlier_cycle() {
        let days = |from: i64, count: i64| -> Vec<Option<i64>> {
            (0..count * 10).map(|it| Some((from + it / 10) * DAY)).collect()
        };
        // From 2020-01-01 on; December 2023 is day 19,692.
        let years = days(18_262, 3 * 365);
        let december = days(19_692, 30);
        match known(&years, &december) {
            Known::Cycles(cycles) => assert_eq!((cycles.phase, cycles.rows.len()), (Phase::Month(12), 3)),
            other => panic!("{other:?}"),
        }
        assert!(matches!(known(&days(19_500, 150), &december), Known::TooShort(Phase::Month(12))));
        assert!(matches!(known(&years, &days(19_400, 200)), Known::No), "half a year is no season");
    }
}

//! What is wrong with dates and times.

use proofmark_domain::Timestamp;
use proofmark_domain::check::{Finding, FindingKind, Severity};
use proofmark_domain::counts::grouped;

use super::finding::{About, finding, percent};
use super::view::{View, ViewColumn};

const DAY: i64 = 86_400_000;
const YEAR: i64 = 365 * DAY;
/// Dates that stand for "none": 1970-01-01, 1900-01-01, 1899-12-30 (spreadsheets), 1899-12-31, 1753-01-01 (SQL Server), 0001-01-01, 1901-01-01, 1980-01-01, and the far future.
const NONE_DATES: [i64; 12] =
    [0, -25_567, -25_569, -25_568, -79_258, -719_162, -25_202, 3652, 2_932_896, 47_481, 84_005, 11_322];

fn day(ms: i64) -> String {
    Timestamp::from_ms(ms).to_string().chars().take(10).collect()
}

/// All checks of one column of moments.
pub fn check(
    view: &View,
    column: &ViewColumn,
    earlier: Option<&ViewColumn>,
    now: Timestamp,
    findings: &mut Vec<Finding>,
) {
    let Some(ms) = column.times() else { return };
    forms(view, column, findings);
    let mut all: Vec<i64> = ms.iter().copied().filter(|v| *v != i64::MIN).collect();
    all.sort_unstable();
    if all.len() < 10 {
        return;
    }
    let found = sentinels(view, column, ms, &all, earlier, findings);
    let all: Vec<i64> = all.into_iter().filter(|v| !found.contains(&v.div_euclid(DAY))).collect();
    future(view, column, ms, &all, &found, earlier, now, findings);
    gap(view, column, ms, &all, findings);
    if earlier.and_then(ViewColumn::times).is_none_or(|before| ascending(before) == 1.0) {
        moved_block(view, column, ms, findings);
    }
    stopped(view, column, ms, findings);
    if let Some(before) = earlier.and_then(ViewColumn::times) {
        against(view, column, ms, &all, before, findings);
    }
}

fn forms(view: &View, column: &ViewColumn, findings: &mut Vec<Finding>) {
    if column.date_forms.len() < 2 {
        return;
    }
    let mut forms: Vec<_> = column.date_forms.iter().collect();
    forms.sort_by_key(|(_, odd)| std::cmp::Reverse(odd.count));
    let mut rare = crate::table::Odd::default();
    for (_, odd) in forms.iter().skip(1) {
        rare.count += odd.count;
        rare.rows.extend(odd.rows.iter().copied());
    }
    rare.rows.sort_unstable();
    let listed: Vec<&str> = forms.iter().map(|(form, _)| form.example()).collect();
    let message = format!("`{}` writes dates in {} ways (like {}).", column.name, forms.len(), listed.join(", "));
    let advice =
        "Bring them to one form, best 2024-01-31. Readers guess each row for itself and may swap day and month.";
    findings.push(
        finding(FindingKind::MixedDateFormats, &[&column.name], Severity::Error, 0.95, message, advice)
            .counted(&rare, view.total_rows),
    );
}

fn sentinels(
    view: &View,
    column: &ViewColumn,
    ms: &[i64],
    all: &[i64],
    earlier: Option<&ViewColumn>,
    findings: &mut Vec<Finding>,
) -> Vec<i64> {
    let mut found = Vec::new();
    let before = earlier.and_then(ViewColumn::times);
    for none in NONE_DATES {
        let count = all.iter().filter(|v| v.div_euclid(DAY) == none).count();
        if count == 0 || count == all.len() {
            continue;
        }
        let rest: Vec<i64> =
            all.iter().copied().filter(|v| v.div_euclid(DAY) != none && !found.contains(&v.div_euclid(DAY))).collect();
        let (Some(low), Some(high)) = (rest.first().copied(), rest.last().copied()) else { continue };
        let value = none * DAY;
        let apart = if value < low { low - value } else { value - high };
        let widest = rest.windows(2).map(|p| if let [a, b] = p { b - a } else { 0 }).max().unwrap_or(0);
        let known = before
            .is_some_and(|b| b.iter().filter(|v| v.div_euclid(DAY) == none).count() * 3 * all.len() > count * b.len());
        let spike = count >= 5 && count * 20 > rest.len() && apart > -YEAR;
        if known
            || !(apart > 5 * YEAR && apart > (high - low) / 2 || apart > 2 * widest && apart > 0 && count >= 5 && spike)
        {
            continue;
        }
        found.push(none);
        let rows =
            ms.iter().enumerate().filter(|(_, v)| **v != i64::MIN && v.div_euclid(DAY) == none).map(|(row, _)| row);
        let message = format!(
            "`{}` is {} in {} rows ({}); all other dates lie between {} and {}.",
            column.name,
            day(value),
            grouped(count),
            percent(count as f64 / all.len() as f64),
            day(low),
            day(high)
        );
        let advice =
            "Replace it by a missing value. Ages and durations computed from it are nonsense that a model would learn.";
        findings.push(
            finding(FindingKind::Sentinel, &[&column.name], Severity::Error, 0.95, message, advice).rows(view, rows),
        );
    }
    found
}

#[allow(clippy::too_many_arguments, reason = "the facts of one column, all of them needed")]
fn future(
    view: &View,
    column: &ViewColumn,
    ms: &[i64],
    all: &[i64],
    found: &[i64],
    earlier: Option<&ViewColumn>,
    now: Timestamp,
    findings: &mut Vec<Finding>,
) {
    let limit = now.ms() + 2 * DAY;
    let later = all.len() - all.partition_point(|v| *v <= limit);
    // Due dates and expiry dates lie in the future by nature: then many do, or the name says so.
    let planned = [
        "due", "expir", "end", "until", "valid", "plan", "sched", "matur", "forecast", "deliver", "renew", "next",
        "deadline", "horizon",
    ]
    .iter()
    .any(|word| column.name.to_lowercase().contains(word));
    let before = earlier.and_then(ViewColumn::times).is_some_and(|b| b.iter().any(|v| *v > limit));
    if later == 0 || later * 5 > all.len() || planned || before {
        return;
    }
    let rows =
        ms.iter().enumerate().filter(|(_, v)| **v > limit && !found.contains(&v.div_euclid(DAY))).map(|(row, _)| row);
    let latest = all.last().copied().unwrap_or(limit);
    let message = format!(
        "`{}` lies in the future in {} rows, as late as {}; the others do not.",
        column.name,
        grouped(later),
        day(latest)
    );
    let advice = "Check the year and the time zone of these rows. Features made from time differences become negative.";
    findings.push(
        finding(FindingKind::FutureTimestamps, &[&column.name], Severity::Error, 0.9, message, advice).rows(view, rows),
    );
}

/// A hole in an otherwise regular series.
fn gap(view: &View, column: &ViewColumn, ms: &[i64], all: &[i64], findings: &mut Vec<Finding>) {
    let mut unique: Vec<i64> = all.to_vec();
    unique.dedup();
    if unique.len() < 30 {
        return;
    }
    let mut steps: Vec<i64> =
        unique.windows(2).filter_map(|p| if let [a, b] = p { Some(b - a) } else { None }).collect();
    let largest_at = steps.iter().enumerate().max_by_key(|(_, s)| **s).map(|(i, _)| i).unwrap_or(0);
    let largest = steps.get(largest_at).copied().unwrap_or(0);
    steps.sort_unstable();
    let usual = steps.get(steps.len() / 2).copied().unwrap_or(1).max(1);
    let wide = steps.get(steps.len() * 99 / 100).copied().unwrap_or(usual).max(usual);
    let second = steps.get(steps.len().saturating_sub(2)).copied().unwrap_or(usual);
    let span = unique.last().copied().unwrap_or(0) - unique.first().copied().unwrap_or(0);
    let regular = steps.iter().filter(|s| **s == usual).count() * 100 >= steps.len() * 90;
    // Moments at random have long gaps too; the longest of n is about ln n times the mean.
    let mean = span as f64 / steps.len() as f64;
    let by_chance = mean * ((steps.len() as f64).ln() + 8.0);
    // A series that thins out at its ends has long steps there.
    let before_it = all.partition_point(|v| *v <= unique.get(largest_at).copied().unwrap_or(0));
    let inside = before_it * 20 > all.len() && (all.len() - before_it) * 20 > all.len();
    let irregular = inside && largest as f64 > 1.5 * by_chance && largest > 4 * second && largest > 5 * wide;
    if !(regular && largest >= 5 * usual && largest >= 3 * second || irregular) || largest < 3 * usual {
        return;
    }
    let (Some(from), Some(to)) = (unique.get(largest_at).copied(), unique.get(largest_at + 1).copied()) else { return };
    let row = ms.iter().position(|v| *v == to);
    let message = format!(
        "`{}` has no value between {} and {}; the usual step is {} seconds.",
        column.name,
        day(from),
        day(to),
        usual / 1000
    );
    let advice = "Load the missing stretch. Averages over time and seasons learned from this table are bent.";
    findings.push(
        finding(FindingKind::TimeGap, &[&column.name], Severity::Warn, 0.85, message, advice).rows(view, row).measure(
            "longest step in seconds",
            largest as f64 / 1000.0,
            Some(usual as f64 * 5.0 / 1000.0),
        ),
    );
}

/// A clock that stands still from some row on to the end, while it moved before.
fn stopped(view: &View, column: &ViewColumn, ms: &[i64], findings: &mut Vec<Finding>) {
    let known: Vec<(usize, i64)> = ms.iter().copied().enumerate().filter(|(_, v)| *v != i64::MIN).collect();
    let Some((_, last)) = known.last().copied() else { return };
    let tail = known.iter().rev().take_while(|(_, v)| *v == last).count();
    if known.len() < 60 || tail < 20.max(known.len() / 20) || tail * 10 > known.len() * 9 {
        return;
    }
    let head = known.get(..known.len() - tail).unwrap_or_default();
    let (mut run, mut longest, mut distinct) = (1usize, 1usize, 1usize);
    for pair in head.windows(2) {
        if let [(_, a), (_, b)] = pair {
            run = if a == b { run + 1 } else { 1 };
            distinct += usize::from(a != b);
            longest = longest.max(run);
        }
    }
    // Rows in the order of time, of which no earlier moment had nearly as many.
    let line: Vec<i64> = head.iter().map(|(_, v)| *v).collect();
    if longest * 5 > tail || distinct < 20 || ascending(&line) < 0.95 {
        return;
    }
    let message = format!(
        "`{}` stands still at {} for the last {} rows; before, no moment stands in more than {} rows.",
        column.name,
        day(last),
        grouped(tail),
        grouped(longest)
    );
    let advice = "The clock of the feed stopped. Get the file again; the order of these rows and every feature of time are worthless.";
    findings.push(
        finding(FindingKind::StaleTimestamps, &[&column.name], Severity::Error, 0.9, message, advice)
            .rows(view, known.iter().skip(known.len() - tail).map(|(row, _)| *row))
            .measure("rows at the last moment", tail as f64, Some(5.0 * longest as f64)),
    );
}

/// Rows in the order of time but for a few stretches that stand in another place of the file.
fn moved_block(view: &View, column: &ViewColumn, ms: &[i64], findings: &mut Vec<Finding>) {
    let known: Vec<(usize, i64)> = ms.iter().copied().enumerate().filter(|(_, v)| *v != i64::MIN).collect();
    if known.len() < 60 {
        return;
    }
    let breaks: Vec<usize> = known
        .windows(2)
        .enumerate()
        .filter_map(|(i, p)| if let [(_, a), (_, b)] = p { (b < a).then_some(i + 1) } else { None })
        .collect();
    if breaks.is_empty() || breaks.len() > 4 {
        return;
    }
    // Which stretch each row belongs to, in the order of time: stretches of a moved block follow each other, those of several
    // series in one file interleave.
    let mut by_time: Vec<(i64, usize)> =
        known.iter().enumerate().map(|(i, (_, v))| (*v, breaks.partition_point(|b| *b <= i))).collect();
    by_time.sort_unstable();
    let turns = by_time.windows(2).filter(|p| matches!(p, [a, b] if a.1 != b.1 && a.0 != b.0)).count();
    let ties = by_time.windows(2).filter(|p| matches!(p, [a, b] if a.1 != b.1 && a.0 == b.0)).count();
    // Two series one after the other over different spans have one turn; a block out of its place leaves a hole that it fills.
    if turns > 2 * breaks.len() || turns < 2 || ties > 4 * breaks.len() {
        return;
    }
    let rows: Vec<usize> = breaks.iter().filter_map(|i| known.get(*i)).map(|(row, _)| *row).collect();
    let message = format!(
        "`{}` goes back {} times in an otherwise ordered file: a stretch of rows stands in the wrong place.",
        column.name,
        rows.len()
    );
    let advice = "Sort by it before making lags or splitting by time; otherwise a model sees the future.";
    findings.push(
        finding(FindingKind::UnsortedTime, &[&column.name], Severity::Warn, 0.85, message, advice).rows(view, rows),
    );
}

fn ascending(ms: &[i64]) -> f64 {
    let known: Vec<i64> = ms.iter().copied().filter(|v| *v != i64::MIN).collect();
    let pairs = known.len().saturating_sub(1);
    if pairs == 0 {
        return 1.0;
    }
    known.windows(2).filter(|p| matches!(p, [a, b] if a <= b)).count() as f64 / pairs as f64
}

fn against(view: &View, column: &ViewColumn, ms: &[i64], all: &[i64], before: &[i64], findings: &mut Vec<Finding>) {
    let mut then: Vec<i64> = before.iter().copied().filter(|v| *v != i64::MIN).collect();
    let (sorted_then, sorted_now) = (ascending(before), ascending(ms));
    if sorted_then == 1.0 && sorted_now < 1.0 && then.len() >= 20 {
        let known: Vec<(usize, i64)> = ms.iter().copied().enumerate().filter(|(_, v)| *v != i64::MIN).collect();
        let rows =
            known.windows(2).filter_map(|p| if let [(_, a), (row, b)] = p { (b < a).then_some(*row) } else { None });
        let message = format!(
            "`{}` is in order in the reference, and here {} of the steps go back.",
            column.name,
            percent(1.0 - sorted_now)
        );
        let advice = "Sort by it before making lags or splitting by time; otherwise a model sees the future.";
        findings.push(
            finding(FindingKind::UnsortedTime, &[&column.name], Severity::Warn, 0.9, message, advice).rows(view, rows),
        );
    }
    then.sort_unstable();
    let (Some(last_then), Some(first_then), Some(last_now)) = (then.last(), then.first(), all.last()) else { return };
    let span = last_then - first_then;
    let one = all.first() == all.last() && span > 0 && all.len() >= 20;
    if one {
        let message =
            format!("`{}` is {} in every row; the reference spans {} days.", column.name, day(*last_now), span / DAY);
        let advice = "The clock of the feed stands still. Get the file again; features of time are worthless in it.";
        findings.push(
            finding(FindingKind::StaleTimestamps, &[&column.name], Severity::Error, 0.9, message, advice)
                .rows(view, 0..view.rows),
        );
    } else if *last_now < *first_then {
        let message = format!(
            "`{}` ends on {}, before the reference even begins ({}).",
            column.name,
            day(*last_now),
            day(*first_then)
        );
        let advice = "An old file was delivered again. Get the present one; a model retrained on it learns the past.";
        findings.push(finding(FindingKind::StaleTimestamps, &[&column.name], Severity::Warn, 0.8, message, advice));
    }
}

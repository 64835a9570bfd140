//! What is wrong with numbers, without a rule.

use proofmark_domain::check::{Finding, FindingKind, Severity};
use proofmark_domain::counts::grouped;

use super::finding::{About, finding, percent, show};
use super::stats::{counts, mad, quantile, sorted};
use super::units::{part_scaled, scaled};
use super::view::{View, ViewColumn};

/// Numbers that people and programs type for "no value". Others are not believed to be sentinels, however often they stand.
const SENTINELS: [f64; 43] = [
    -1.0,
    -9.0,
    -99.0,
    -999.0,
    -9999.0,
    -99999.0,
    -999_999.0,
    -9_999_999.0,
    -9_999_999_999.0,
    99.0,
    999.0,
    9999.0,
    99_999.0,
    999_999.0,
    9_999_999.0,
    99_999_999.0,
    999_999_999.0,
    9_999_999_999.0,
    0.0,
    -8.0,
    -7.0,
    -88.0,
    -888.0,
    -777.0,
    888.0,
    8888.0,
    777.0,
    98.0,
    97.0,
    77.0,
    88.0,
    -77.0,
    -66.0,
    -2.0,
    -3.0,
    111_111.0,
    888_888.0,
    12_345.0,
    123_456.0,
    -999.9,
    999.9,
    99.9,
    1_234_567_890.0,
];
const MISLEADS: &str = "Replace the value by a missing one before training; a model would take it as a real quantity and learn its average wrongly.";

/// All checks of one column of numbers.
pub fn check(view: &View, column: &ViewColumn, earlier: Option<&ViewColumn>, findings: &mut Vec<Finding>) {
    let Some((values, whole)) = column.numbers() else { return };
    let all = sorted(values.iter().copied());
    let before = earlier.and_then(ViewColumn::numbers).map(|(values, _)| sorted(values.iter().copied()));
    let infinite: Vec<usize> = values.iter().enumerate().filter(|(_, v)| v.is_infinite()).map(|(row, _)| row).collect();
    if !infinite.is_empty()
        && !earlier.and_then(ViewColumn::numbers).is_some_and(|(v, _)| v.iter().any(|v| v.is_infinite()))
    {
        let message = format!("`{}` holds {} infinite values.", column.name, infinite.len());
        let advice =
            "Find the division by zero or the overflow that made them; most models refuse to train on infinity.";
        findings.push(
            finding(FindingKind::Overflow, &[&column.name], Severity::Error, 0.95, message, advice)
                .rows(view, infinite),
        );
    }
    if all.len() < 20 {
        return;
    }
    if let Some(before) = &before
        && before.len() >= 20
        && scaled(view, column, &all, before, findings)
    {
        return;
    }
    if part_scaled(view, column, values, &all, before.as_deref(), findings) {
        return;
    }
    let limits = overflow(view, column, values, &all, before.as_deref(), findings);
    let all: Vec<f64> = all.into_iter().filter(|v| !limits.contains(v)).collect();
    let mut found = sentinels(view, column, values, whole, &all, before.as_deref(), findings);
    found.extend(limits);
    let impossible = super::ranges::check(view, column, values, &found, findings);
    found.extend(impossible);
    outliers(view, column, values, &all, before.as_deref(), &found, findings);
    clipped(view, column, values, whole, &all, before.as_deref(), findings);
    frozen(view, column, values, whole, &all, earlier, findings);
    if let Some(before) = &before {
        if !digits_lost(view, column, &all, before, findings) {
            precision(column, &all, before, findings);
        }
        out_of_range(view, column, values, &all, before, &found, findings);
    }
}

fn sentinels(
    view: &View,
    column: &ViewColumn,
    values: &[f64],
    whole: bool,
    all: &[f64],
    before: Option<&[f64]>,
    findings: &mut Vec<Finding>,
) -> Vec<f64> {
    let n = all.len() as f64;
    let table = counts(all);
    let fractional = table.iter().filter(|(v, _)| v.fract() != 0.0).map(|(_, c)| *c).sum::<usize>() as f64 / n;
    let mut found = Vec::new();
    // Farthest first, so that -999 does not hide -1.
    let mut candidates: Vec<(f64, usize)> = table.iter().copied().filter(|(v, _)| SENTINELS.contains(v)).collect();
    candidates.sort_by(|a, b| b.0.abs().total_cmp(&a.0.abs()));
    for (value, count) in candidates {
        let share = count as f64 / n;
        let rest: Vec<(f64, usize)> =
            table.iter().copied().filter(|(v, _)| *v != value && !found.contains(v)).collect();
        let rest_n: usize = rest.iter().map(|(_, c)| c).sum();
        let (Some(low), Some(high)) = (rest.first().map(|(v, _)| *v), rest.last().map(|(v, _)| *v)) else { continue };
        if rest_n < 15 || rest.len() < 3 {
            continue;
        }
        let rest_sorted: Vec<f64> = all.iter().copied().filter(|v| *v != value && !found.contains(v)).collect();
        let (q01, median, q99) =
            (quantile(&rest_sorted, 0.01), quantile(&rest_sorted, 0.5), quantile(&rest_sorted, 0.99));
        let spread = quantile(&rest_sorted, 0.75) - quantile(&rest_sorted, 0.25);
        let range = high - low;
        let next = rest.iter().map(|(_, c)| *c).max().unwrap_or(1) as f64;
        let old = before.map(|b| b.iter().filter(|v| **v == value).count() as f64 / b.len().max(1) as f64);
        // A value that the reference holds as often is how this column is.
        if old.is_some_and(|old| old > 0.0 && share < 3.0 * old + 0.002) {
            continue;
        }
        let is_new = old == Some(0.0);
        let enough = count >= if is_new || n < 200.0 { 2 } else { 3 };
        let outside = value < low || value > high;
        let gap = if value < low { low - value } else { value - high };
        let spike = count as f64 >= 8.0 * next && count >= 5;
        let by = if value == 0.0 {
            // Some quantities cannot be zero; of others, many honest ones are.
            let impossible = never_zero(&column.name);
            let (close, most) = if impossible { (0.08, 0.5) } else { (0.4, 0.1) };
            (low > 0.0
                && q01 > 1.5 * close * median
                && low > close * median
                && (impossible || low > 0.8 * spread && low > 1.5 && rest_n >= 100 && rest.len() >= 30)
                && share <= most
                && count >= 3
                && rest.len() >= 10)
                .then_some("all other values are far above it")
                .or_else(|| {
                    (is_new && spike && count >= 10 && share > 0.01)
                        .then_some("it stands far more often than any other value and never in the reference")
                })
        } else if value < 0.0 && low >= 0.0 && value == -1.0 {
            // -1 next to 0, 1, 2 … may be a code; next to amounts it is not.
            let wide = rest.len() >= 10 && (range >= 9.0 || fractional > 0.3 || spike);
            let probability = high <= 1.0 && fractional > 0.3;
            ((wide || probability || is_new || (low >= 1.0 && rest.len() >= 3)) && enough)
                .then_some("all other values are zero or above")
        } else if value < 0.0 && low >= 0.0 {
            (enough && (gap >= 5.0 || is_new) && (gap > 0.02 * range || count >= 3))
                .then_some("all other values are zero or above")
        } else if outside && gap > 0.5 * range.max(1e-9) && gap > 3.0 * spread && enough {
            Some("it stands far from all other values")
        } else if value.abs() >= 99.0
            && spike
            && (fractional > 0.5 || count as f64 >= 15.0 * next)
            && !matches!(value, 99.0 | 99.9)
        {
            Some("it stands far more often than any other value")
        } else if value == -1.0 && fractional > 0.5 && spike {
            Some("it stands far more often than any other value, and most others have decimals")
        } else if is_new && spike && value.abs() >= 9.0 && (value < q01 || value > q99 || count >= 10) {
            Some("it stands far more often than any other value and never in the reference")
        } else {
            None
        };
        let Some(by) = by else { continue };
        found.push(value);
        let rows = values.iter().enumerate().filter(|(_, v)| **v == value).map(|(row, _)| row);
        let kind_of = if whole || fractional == 0.0 { "whole numbers" } else { "numbers" };
        let message = format!(
            "`{}` is {} in {} rows ({}); {by}: they are {kind_of} from {} to {}.",
            column.name,
            show(value),
            grouped(count),
            percent(share),
            show(low),
            show(high)
        );
        let confidence = if is_new || gap > range { 0.97 } else { 0.9 };
        findings.push(
            finding(FindingKind::Sentinel, &[&column.name], Severity::Error, confidence, message, MISLEADS)
                .rows(view, rows)
                .measure(&format!("share of rows at {}", show(value)), share, old.map(|o| 3.0 * o + 0.002))
                .measure("least other value", low, None)
                .measure("greatest other value", high, None),
        );
    }
    found
}

/// Whether a name says that zero is no value of this quantity: nothing weighs nothing.
fn never_zero(name: &str) -> bool {
    const QUANTITIES: [&str; 35] = [
        "weight",
        "height",
        "mass",
        "bmi",
        "pressure",
        "bp",
        "glucose",
        "insulin",
        "thickness",
        "cholesterol",
        "salary",
        "wage",
        "income",
        "price",
        "area",
        "sqft",
        "voltage",
        "frequency",
        "hemoglobin",
        "heartrate",
        "pulse",
        "hpa",
        "year",
        "volume",
        "diameter",
        "length",
        "width",
        "circumference",
        "calories",
        "haemoglobin",
        "platelets",
        "creatinine",
        "albumin",
        "sodium",
        "potassium",
    ];
    super::paired::words_of(name).iter().any(|word| QUANTITIES.contains(&word.as_str()))
}

/// A scale on which heavy tails are short: the logarithm of what is positive, the inverse hyperbolic sine of the rest.
enum Scale {
    Log,
    Asinh { middle: f64, unit: f64 },
}

impl Scale {
    fn of(values: &[f64]) -> (Self, Vec<f64>) {
        let positive: Vec<f64> = values.iter().copied().filter(|v| *v > 0.0).collect();
        let negatives = values.partition_point(|v| *v < 0.0);
        if negatives == 0 && positive.len() * 2 > values.len() {
            return (Self::Log, positive.iter().map(|v| v.ln()).collect());
        }
        let middle = quantile(values, 0.5);
        let unit = mad(values).max((quantile(values, 0.9) - quantile(values, 0.1)) / 2.563).max(1e-12);
        (Self::Asinh { middle, unit }, values.iter().map(|v| ((v - middle) / unit).asinh()).collect())
    }

    fn back(&self, value: f64) -> f64 {
        match self {
            Self::Log => value.exp(),
            Self::Asinh { middle, unit } => middle + unit * value.sinh(),
        }
    }
}

/// Whether a value lies far outside numbers whose tail is no longer than that of a normal distribution.
fn short_tailed_outlier(all: &[f64], value: f64, last_inside: f64, upper: bool) -> bool {
    if all.len() < 60 {
        return false;
    }
    let median = quantile(all, 0.5);
    let unit = if upper { quantile(all, 0.9) - median } else { median - quantile(all, 0.1) };
    let steps = |v: f64| if upper { (v - median) / unit } else { (median - v) / unit };
    // The 90 % quantile of a normal distribution lies 1.28 deviations from its middle; 2.9 of these units are 3.7 deviations.
    unit > 0.0 && steps(last_inside) <= 2.9 && steps(value) >= 6.5 && steps(value) >= 2.2 * steps(last_inside)
}

fn outliers(
    view: &View,
    column: &ViewColumn,
    values: &[f64],
    all: &[f64],
    before: Option<&[f64]>,
    sentinels: &[f64],
    findings: &mut Vec<Finding>,
) {
    let rest: Vec<f64> = all.iter().copied().filter(|v| !sentinels.contains(v)).collect();
    // Numbers of rows and places on the globe are not more or less.
    let words = super::paired::words_of(&column.name);
    let place = words.iter().any(|w| matches!(w.as_str(), "longitude" | "latitude" | "lon" | "lat" | "lng"));
    if place || crate::profile::named_like_an_id(&column.name) {
        return;
    }
    if rest.len() < 40 || counts(&rest).len() < 12 {
        return;
    }
    let (scale, line) = Scale::of(&rest);
    let logarithmic = matches!(scale, Scale::Log);
    let n = line.len();
    let most = ((n as f64 * 0.01).floor() as usize).clamp(1, 200);
    let median = quantile(&line, 0.5);
    let spread = mad(&line).max((quantile(&line, 0.9) - quantile(&line, 0.1)) / 2.563).max(1e-12);
    let mut limits: Option<(f64, f64)> = None;
    for upper in [true, false] {
        let tail: Vec<f64> = if upper {
            line.iter().rev().copied().take(most + 1).collect()
        } else {
            line.iter().copied().take(most + 1).collect()
        };
        // The largest gap within the last few values; what lies beyond it is apart from the rest.
        let best = tail.windows(2).enumerate().map(|(i, pair)| {
            let [a, b] = pair else { return (i, 0.0) };
            (i, (a - b).abs())
        });
        let Some((at, gap)) = best.max_by(|a, b| a.1.total_cmp(&b.1)) else { continue };
        let (Some(first_apart), Some(last_inside)) = (tail.get(at).copied(), tail.get(at + 1).copied()) else {
            continue;
        };
        let inner = quantile(&line, if upper { 0.9 } else { 0.1 });
        let tail_length = (last_inside - inner).abs().max(spread * 0.5);
        let distance = (first_apart - median).abs() / spread;
        let known = before.is_some_and(|b| {
            let edge = scale.back(first_apart);
            if upper {
                b.last().is_some_and(|max| *max >= edge * 0.5)
            } else {
                b.first().is_some_and(|min| *min <= edge * 2.0)
            }
        });
        let beyond =
            if logarithmic { distance > if upper { 6.0 } else { 7.0 } } else { first_apart.abs() > 12f64.asinh() };
        let far = gap >= if logarithmic && !upper { 6f64.ln() } else { 3.4f64.ln() } && beyond;
        // Towards zero the logarithm stretches small honest values; only a clean break counts.
        let factor = if logarithmic && !upper { 2.0 } else { 1.1 };
        let (first_raw, last_raw) = (scale.back(first_apart), scale.back(last_inside));
        // Beside a reference, several values beyond its end are out of its range.
        let few = before.is_none() || at < 3;
        let alone = few && short_tailed_outlier(&rest, first_raw, last_raw, upper) && at < 20.max(n / 200);
        if (far && gap > factor * tail_length || alone) && !known {
            let edge = scale.back(first_apart);
            let (low, high) = limits.unwrap_or((f64::NEG_INFINITY, f64::INFINITY));
            limits = Some(if upper { (low, edge) } else { (edge, high) });
        }
    }
    let Some((low, high)) = limits else { return };
    let tolerance = |edge: f64| edge.abs() * 1e-9;
    let apart = |v: f64| {
        v.is_finite()
            && !sentinels.contains(&v)
            && (v >= high - tolerance(high) || v <= low + tolerance(low))
            && !(logarithmic && v <= 0.0)
    };
    let rows: Vec<usize> = values.iter().enumerate().filter(|(_, v)| apart(**v)).map(|(row, _)| row).collect();
    let inside: Vec<f64> = rest.iter().copied().filter(|v| !apart(*v)).collect();
    let (Some(least), Some(greatest), Some(example)) =
        (inside.first(), inside.last(), rows.first().and_then(|row| values.get(*row)))
    else {
        return;
    };
    let message = format!(
        "`{}` holds {} values far from all others, such as {}; the others lie between {} and {} with a median of {}. A slipped decimal point or unit is likely.",
        column.name,
        grouped(rows.len()),
        show(*example),
        show(*least),
        show(*greatest),
        show(quantile(&inside, 0.5))
    );
    let advice = "Check these rows at their source. A linear model follows such values; scaling by range squeezes all others together.";
    findings.push(
        finding(FindingKind::Outliers, &[&column.name], Severity::Warn, 0.85, message, advice)
            .rows(view, rows)
            .measure("least usual value", *least, None)
            .measure("greatest usual value", *greatest, None),
    );
}

/// Values at the limit of a whole-number type, and numbers that only a wrap-around makes. Returns the limits that were found.
fn overflow(
    view: &View,
    column: &ViewColumn,
    values: &[f64],
    all: &[f64],
    before: Option<&[f64]>,
    findings: &mut Vec<Finding>,
) -> Vec<f64> {
    const EDGES: [f64; 9] = [
        2_147_483_647.0,
        -2_147_483_648.0,
        4_294_967_295.0,
        32_767.0,
        -32_768.0,
        65_535.0,
        9_223_372_036_854_775_807.0,
        -9_223_372_036_854_775_808.0,
        18_446_744_073_709_551_615.0,
    ];
    let mut found = Vec::new();
    for edge in EDGES {
        let count = all.partition_point(|v| *v <= edge) - all.partition_point(|v| *v < edge);
        let is_end = all.first() == Some(&edge) || all.last() == Some(&edge);
        let known = before.is_some_and(|b| b.binary_search_by(|v| v.total_cmp(&edge)).is_ok());
        // Once may be chance; not where the next value is far away.
        let next = if edge > 0.0 { all.iter().rev().find(|v| **v < edge) } else { all.iter().find(|v| **v > edge) };
        let apart = next.is_some_and(|next| next.abs() * 4.0 < edge.abs());
        if count == 0 || count < 2 && !apart || !is_end || known || count * 2 > all.len() {
            continue;
        }
        found.push(edge);
        let message = format!(
            "`{}` is {} in {} rows, the limit of a whole-number type: the true values did not fit.",
            column.name,
            show(edge),
            grouped(count)
        );
        let advice = "Export the column with a wider type. The cut values teach a model a limit that does not exist.";
        let rows = values.iter().enumerate().filter(|(_, v)| **v == edge).map(|(row, _)| row);
        findings.push(
            finding(FindingKind::Overflow, &[&column.name], Severity::Error, 0.9, message, advice).rows(view, rows),
        );
    }
    found
}

/// Values cut off at a limit, where the reference goes on.
fn clipped(
    view: &View,
    column: &ViewColumn,
    values: &[f64],
    whole: bool,
    all: &[f64],
    before: Option<&[f64]>,
    findings: &mut Vec<Finding>,
) {
    let Some(before) = before.filter(|b| b.len() >= 50) else { return };
    let n = all.len() as f64;
    if counts(before).len() < if whole { 30 } else { 15 } {
        return;
    }
    for upper in [true, false] {
        let Some(edge) = (if upper { all.last() } else { all.first() }).copied() else { continue };
        let at_edge = values.iter().filter(|v| **v == edge).count() as f64 / n;
        let beyond =
            before.iter().filter(|v| if upper { **v > edge } else { **v < edge }).count() as f64 / before.len() as f64;
        let at_edge_before = before.iter().filter(|v| **v == edge).count() as f64 / before.len() as f64;
        if at_edge > 0.01 && beyond > 0.01 && at_edge > 0.5 * beyond && at_edge > 4.0 * at_edge_before + 3.0 / n {
            let message = format!(
                "`{}` stops at {} ({} of the rows stand exactly there); in the reference {} lie beyond.",
                column.name,
                show(edge),
                percent(at_edge),
                percent(beyond)
            );
            let advice = "Find the limit in the export or the sensor. A model cannot tell the cut values apart and underrates the extremes.";
            let rows = values.iter().enumerate().filter(|(_, v)| **v == edge).map(|(row, _)| row);
            findings.push(
                finding(FindingKind::ClippedValues, &[&column.name], Severity::Warn, 0.9, message, advice)
                    .rows(view, rows)
                    .measure("share at the limit", at_edge, Some(0.01)),
            );
        }
    }
}

/// A measured value that stands still for a stretch while it moves everywhere else.
fn frozen(
    view: &View,
    column: &ViewColumn,
    values: &[f64],
    whole: bool,
    all: &[f64],
    earlier: Option<&ViewColumn>,
    findings: &mut Vec<Finding>,
) {
    let distinct = counts(all).len();
    if distinct * 5 < all.len() || all.len() < 60 || whole && distinct * 2 < all.len() {
        return;
    }
    let longest = |values: &[f64]| {
        let (mut best, mut best_end, mut run) = (1usize, 0usize, 1usize);
        let mut runs = Vec::new();
        for (i, pair) in values.windows(2).enumerate() {
            if let [a, b] = pair {
                if a == b {
                    run += 1;
                    if run > best {
                        (best, best_end) = (run, i + 1);
                    }
                } else {
                    if run > 1 {
                        runs.push(run);
                    }
                    run = 1;
                }
            }
        }
        runs.sort_unstable();
        let second = runs.iter().rev().find(|r| **r < best).copied().unwrap_or(1);
        (best, best_end, second)
    };
    let (run, end, second) = longest(values);
    let before = earlier.and_then(ViewColumn::numbers).map_or(0, |(values, _)| longest(values).0);
    // A sorted column has runs by nature.
    let ordered = values.windows(2).filter(|p| matches!(p, [a, b] if a <= b)).count() * 20 > values.len() * 19;
    let descending = values.windows(2).filter(|p| matches!(p, [a, b] if a >= b)).count() * 20 > values.len() * 19;
    if run >= 12.max(all.len() / 200) && run > 5 * second && run > 2 * before && !ordered && !descending {
        let value = values.get(end).copied().unwrap_or(f64::NAN);
        // Nothing happened for a while is a fact, not a fault; and an index is 1 or 100 all through its base.
        if value == 0.0 && all.partition_point(|v| *v < 0.0) == 0 || value == 1.0 || value == 100.0 {
            return;
        }
        let message = format!(
            "`{}` stands still at {} for {} rows in a row; elsewhere it stays for at most {}.",
            column.name,
            show(value),
            grouped(run),
            grouped(second)
        );
        let advice = "Check the sensor or the feed for that stretch and leave the rows out; a model would learn a calm that was not there.";
        findings.push(
            finding(FindingKind::FrozenValues, &[&column.name], Severity::Warn, 0.9, message, advice)
                .rows(view, end + 1 - run..end + 1)
                .measure("rows without a change", run as f64, Some(5.0 * second as f64)),
        );
    }
}

/// Numbers that are written out to count their digits; a share of one hundredth is then known to a tenth of itself.
const DIGITS_LOOKED: usize = 20_000;

/// Significant digits that all but a hundredth of the numbers get by with.
fn significant(values: &[f64]) -> (u32, u32) {
    let digits = |v: &f64| {
        let text = format!("{:e}", v.abs());
        text.split('e').next().map_or(0, |m| m.bytes().filter(u8::is_ascii_digit).count() as u32)
    };
    // The numbers are ascending, so that every k-th is a fair sample; writing all of them out is what costs.
    let step = values.len().div_ceil(DIGITS_LOOKED).max(1);
    let mut all: Vec<u32> = values.iter().step_by(step).filter(|v| **v != 0.0).map(digits).collect();
    all.sort_unstable();
    let at = |share: usize| all.get((all.len().saturating_sub(1)) * share / 100).copied().unwrap_or(0);
    (at(50), at(99))
}

/// Numbers that were written with fewer digits than the reference has, as `1.2E+05`.
fn digits_lost(view: &View, column: &ViewColumn, all: &[f64], before: &[f64], findings: &mut Vec<Finding>) -> bool {
    if quantile(all, 0.5).abs() < 1000.0 {
        return false;
    }
    let ((_, most), (usual_then, _)) = (significant(all), significant(before));
    let (now, then) = (counts(all).len() as f64 / all.len() as f64, counts(before).len() as f64 / before.len() as f64);
    let coarse = usual_then > most && now < 0.6 * then;
    if most == 0 || most > 6 || !(usual_then >= most + 2 || coarse) || now > 0.95 * then || counts(before).len() < 30 {
        return false;
    }
    let message = format!(
        "`{}` has at most {most} significant digits; the reference usually has {usual_then}. Different values became one.",
        column.name
    );
    let advice =
        "Export the column without scientific notation. Keys written so cannot be told apart, and sums are off.";
    findings.push(
        finding(FindingKind::PrecisionLoss, &[&column.name], Severity::Error, 0.9, message, advice)
            .rows(view, (0..view.rows).filter(|row| column.hashes.get(*row).is_some_and(|h| *h != 0)))
            .measure("significant digits", f64::from(most), Some(f64::from(usual_then))),
    );
    true
}

/// Decimals that the reference had and this table has not.
fn precision(column: &ViewColumn, all: &[f64], before: &[f64], findings: &mut Vec<Finding>) {
    if all.len() < 30 || before.len() < 30 {
        return;
    }
    let decimals = |values: &[f64]| {
        (0..7).find(|d| {
            let scale = 10f64.powi(*d);
            let rounded =
                values.iter().filter(|v| ((*v * scale).round() / scale - **v).abs() <= 1e-9 * v.abs().max(1.0)).count();
            rounded * 100 >= values.len() * 98
        })
    };
    let (now, then) = (decimals(all), decimals(before));
    let lost = match (now, then) {
        (Some(now), Some(then)) => then > now,
        (Some(now), None) => now <= 4,
        _ => false,
    };
    // Enough values of the reference must need the digits that are gone, or it is chance.
    let scale = 10f64.powi(now.unwrap_or_default());
    let needing =
        before.iter().filter(|v| ((*v * scale).round() / scale - **v).abs() > 1e-9 * v.abs().max(1.0)).count();
    if lost && needing * 10 > before.len() * 3 && counts(before).len() * 5 > before.len().min(500) {
        let then = then.map_or("seven or more".to_owned(), |d| d.to_string());
        let now = now.unwrap_or_default();
        let message = format!(
            "`{}` has {now} decimal places; the reference has {then}. Precision was lost on the way.",
            column.name
        );
        let advice = "Export the column again without rounding. Small differences that a model used are gone.";
        findings.push(finding(FindingKind::PrecisionLoss, &[&column.name], Severity::Warn, 0.9, message, advice));
    }
}

fn out_of_range(
    view: &View,
    column: &ViewColumn,
    values: &[f64],
    all: &[f64],
    before: &[f64],
    sentinels: &[f64],
    findings: &mut Vec<Finding>,
) {
    // Few different values are codes; an unnamed number of rows or accounts goes on without end.
    let distinct = counts(before).len();
    let numbered =
        distinct == before.len() && before.len() >= 50 && values.iter().chain(before).all(|v| v.fract() == 0.0);
    if before.len() < 50 || distinct < 8 || numbered || super::super::profile::named_like_an_id(&column.name) {
        return;
    }
    let (Some(low), Some(high)) = (before.first().copied(), before.last().copied()) else { return };
    let spread = quantile(before, 0.99) - quantile(before, 0.01);
    let tail = |outer: f64, inner: f64| (outer - inner).abs();
    let room_high = (spread * 0.75).max(tail(high, quantile(before, 0.95)) * 2.0);
    let room_low = (spread * 0.75).max(tail(low, quantile(before, 0.05)) * 2.0);
    // A sign that never occurred is out of range without any tolerance, if the column is not close to zero by nature.
    // Just below zero is where the logarithm or difference of a small quantity lies.
    let floor = if low >= 0.0 { -0.1 * spread } else { low - room_low };
    // The greatest value of a heavy tail grows with every row.
    let positive = before.get(before.partition_point(|v| *v <= 0.0)..).unwrap_or_default();
    let median = quantile(positive, 0.5);
    let heavy = low >= 0.0 && median > 0.0 && quantile(positive, 0.99) > 5.0 * median;
    let room_high = if heavy { room_high.max(high * (high / median).powf(0.75)) } else { room_high };
    // Skewed quantities are even on a logarithmic scale.
    let (p01, p99) = (quantile(positive, 0.01), quantile(positive, 0.99));
    let skewed = low >= 0.0 && p01 > 0.0 && p99 - median > 1.4 * (median - p01);
    let room_high = if skewed { room_high.max(high * ((p99 / p01).powf(0.35) - 1.0)) } else { room_high };
    // Tails that reach several times as far as 99 % of the values have no end that one table shows.
    let long = |outer: f64, inner: f64, middle: f64| (outer - middle).abs() > 3.0 * (inner - middle).abs();
    let middle = quantile(before, 0.5);
    let room_high =
        if long(high, quantile(before, 0.99), middle) { room_high.max(5.0 * (high - middle)) } else { room_high };
    let floor = if low < 0.0 && long(low, quantile(before, 0.01), middle) {
        floor.min(middle - 6.0 * (middle - low))
    } else {
        floor
    };
    let ceiling = if high <= 1.0
        && low >= 0.0
        && before.iter().any(|v| v.fract() != 0.0)
        && high > 0.9
        && quantile(before, 0.9) > 0.5
    {
        1.0
    } else {
        high + room_high
    };
    // A column that moves on with time (a counter, a year) leaves its range by nature.
    let shifted = (quantile(all, 0.5) - quantile(before, 0.5)).abs() > 0.5 * spread;
    let rows: Vec<usize> = values
        .iter()
        .enumerate()
        .filter(|(_, v)| v.is_finite() && (**v < floor || **v > ceiling) && !sentinels.contains(v))
        .map(|(row, _)| row)
        .collect();
    if rows.is_empty() || shifted {
        return;
    }
    let extreme = rows
        .iter()
        .filter_map(|row| values.get(*row))
        .copied()
        .max_by(|a, b| a.abs().total_cmp(&b.abs()))
        .unwrap_or(f64::NAN);
    let message = format!(
        "`{}` leaves its usual range in {} rows, as far as {}; the reference lies between {} and {}.",
        column.name,
        grouped(rows.len()),
        show(extreme),
        show(low),
        show(high)
    );
    let advice = "Check these rows at their source. A model has never seen such values and extrapolates.";
    findings.push(
        finding(FindingKind::OutOfRange, &[&column.name], Severity::Warn, 0.85, message, advice)
            .rows(view, rows)
            .measure("least value allowed", floor, None)
            .measure("greatest value allowed", ceiling, None),
    );
}

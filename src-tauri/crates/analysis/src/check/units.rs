//! Columns, or parts of them, in another unit.

use proofmark_domain::check::{Finding, FindingKind, Severity};
use proofmark_domain::counts::grouped;

use super::finding::{About, finding, percent, show};
use super::stats::{counts, ks, quantile, sorted};
use super::view::{View, ViewColumn};

/// Factors between units that are mixed up in practice, with what they are.
const UNITS: [(f64, &str); 14] = [
    (1000.0, "thousands against ones (g and kg, m and km)"),
    (100.0, "hundredths (cents and euros, percent and share)"),
    (10.0, "tenths (mm and cm)"),
    (1e6, "millions against ones"),
    (0.453_592_37, "pounds and kilograms"),
    (2.54, "inches and centimetres"),
    (0.3048, "feet and metres"),
    (1.609_344, "miles and kilometres"),
    (3.785_411_784, "gallons and litres"),
    (28.349_523_125, "ounces and grams"),
    (60.0, "minutes and seconds, or hours and minutes"),
    (3600.0, "hours and seconds"),
    (24.0, "days and hours"),
    (12.0, "years and months, or feet and inches"),
];

/// The unit whose factor turns `a` into `b`, within `tolerance`; the factor and its name.
fn unit_between(ratio: f64, tolerance: f64) -> Option<(f64, &'static str)> {
    UNITS
        .iter()
        .flat_map(|(factor, name)| [(*factor, *name), (1.0 / factor, *name)])
        .filter(|(factor, _)| (ratio / factor).ln().abs() < tolerance)
        .min_by(|a, b| (ratio / a.0).ln().abs().total_cmp(&(ratio / b.0).ln().abs()))
}

/// What a factor means for a column. Powers of ten have two readings: another unit (cents, grams) or a slipped decimal point. Names of
/// quantities that have such units decide for the first; ten itself is hardly ever a unit.
fn kind_of_factor(factor: f64, name: &str) -> FindingKind {
    let up = factor.abs().max(1.0 / factor.abs());
    let decimal = [10.0, 100.0, 1000.0, 1e4, 1e5, 1e6].iter().any(|power: &f64| (up / power - 1.0).abs() < 1e-9);
    if !decimal {
        return FindingKind::UnitChange;
    }
    const MONEY: [&str; 24] = [
        "amount", "price", "cost", "fee", "fare", "salary", "income", "revenue", "payment", "balance", "charge",
        "charges", "total", "paid", "tip", "premium", "reserve", "budget", "wage", "sales", "turnover", "eur", "usd",
        "spend",
    ];
    const MEASURED: [&str; 29] = [
        "weight",
        "mass",
        "kg",
        "g",
        "height",
        "length",
        "width",
        "distance",
        "depth",
        "km",
        "m",
        "cm",
        "mm",
        "t",
        "duration",
        "latency",
        "ms",
        "volume",
        "l",
        "ml",
        "pressure",
        "power",
        "kw",
        "energy",
        "area",
        "size",
        "elevation",
        "altitude",
        "mb",
    ];
    let words = super::paired::words_of(name);
    let named = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
    let is = |power: f64| (up / power - 1.0).abs() < 1e-9;
    if named(&MONEY) && (is(100.0) || is(1000.0)) || named(&MEASURED) && !is(10.0) {
        FindingKind::UnitChange
    } else {
        FindingKind::ScaleChange
    }
}

/// A power of ten is another unit or a slipped decimal point; numbers alone do not say which. The less likely reading is a remark.
fn other_reading(kind: FindingKind, column: &ViewColumn, factor: f64, findings: &mut Vec<Finding>) {
    let (other, what) = match kind {
        FindingKind::UnitChange => (FindingKind::ScaleChange, "the decimal point slipped"),
        FindingKind::ScaleChange => (FindingKind::UnitChange, "the unit changed"),
        _ => return,
    };
    let message = format!("`{}` is {} times what it was; it may also be that {what}.", column.name, show(factor));
    findings.push(
        finding(other, &[&column.name], Severity::Info, 0.4, message, UNIT_ADVICE).measure("factor", factor, None),
    );
}

const UNIT_ADVICE: &str = "Convert the values back, or ask the source which unit is right. A model trained on the other unit gives wrong answers without an error.";

/// The whole column is the reference times a factor, or in other degrees.
pub fn scaled(view: &View, column: &ViewColumn, all: &[f64], before: &[f64], findings: &mut Vec<Finding>) -> bool {
    let apart = ks(all, before);
    let noise = 1.6 * (1.0 / all.len() as f64 + 1.0 / before.len() as f64).sqrt();
    if apart < 0.35 || counts(before).len() < 8 || crate::profile::named_like_an_id(&column.name) {
        return false;
    }
    let (m_now, m_then) = (quantile(all, 0.5), quantile(before, 0.5));
    let ratio = m_now / m_then;
    let matches_after = |convert: &dyn Fn(f64) -> f64| {
        let converted = sorted(before.iter().map(|v| convert(*v)));
        ks(all, &converted)
    };
    let mut best: Option<(f64, FindingKind, String, f64)> = None;
    let mut offer = |distance: f64, kind, what: String, factor: f64| {
        if best.as_ref().is_none_or(|b| distance < b.0) {
            best = Some((distance, kind, what, factor));
        }
    };
    if ratio.is_finite() && ratio > 0.0 {
        let mut seen: Vec<f64> = Vec::new();
        while let Some((factor, name)) = UNITS
            .iter()
            .flat_map(|(factor, name)| [(*factor, *name), (1.0 / factor, *name)])
            .find(|(factor, _)| (ratio / factor).ln().abs() < 0.25 && !seen.contains(factor))
        {
            seen.push(factor);
            offer(
                matches_after(&|v| v * factor),
                kind_of_factor(factor, &column.name),
                format!("times {} ({name})", show(factor)),
                factor,
            );
        }
    }
    let degrees = |median: f64| (-60.0..=250.0).contains(&median);
    if degrees(m_now) && degrees(m_then) {
        offer(
            matches_after(&|v| v * 1.8 + 32.0),
            FindingKind::UnitChange,
            "in Fahrenheit instead of Celsius".to_owned(),
            1.8,
        );
        offer(
            matches_after(&|v| (v - 32.0) / 1.8),
            FindingKind::UnitChange,
            "in Celsius instead of Fahrenheit".to_owned(),
            1.0 / 1.8,
        );
    }
    if degrees(m_then) && (220.0..=420.0).contains(&m_now) {
        offer(matches_after(&|v| v + 273.15), FindingKind::UnitChange, "in Kelvin instead of Celsius".to_owned(), 1.0);
    }
    if degrees(m_now) && (220.0..=420.0).contains(&m_then) {
        offer(matches_after(&|v| v - 273.15), FindingKind::UnitChange, "in Celsius instead of Kelvin".to_owned(), 1.0);
    }
    if before.first().is_some_and(|v| *v >= 0.0)
        && all.first().is_some_and(|v| *v < 0.0)
        && all.last().is_some_and(|v| *v <= 0.0)
    {
        offer(matches_after(&|v| -v), FindingKind::ScaleChange, "with the opposite sign".to_owned(), -1.0);
    }
    let Some((distance, kind, what, factor)) = best else { return false };
    // A factor explains the change if the two agree after it; or, where values lie close together and wander, if it brings them to
    // the same place with the same spread, from far away.
    let width = |v: &[f64]| quantile(v, 0.9) - quantile(v, 0.1);
    let (wide, narrow) = (width(before) * factor.abs(), width(all));
    let like = narrow > wide / 4.0 && narrow < wide * 4.0;
    let far = (m_now - m_then).abs() > 12.0 * wide.max(narrow) && factor != 1.0;
    let placed = far && like && (m_now / m_then / factor - 1.0).abs() < 0.05;
    // Values that moved by a fixed amount grew, and were not converted.
    let moved = {
        let by = m_now - m_then;
        ks(all, &sorted(before.iter().map(|v| v + by)))
    };
    let decimal = [10.0, 100.0, 1000.0, 1e6]
        .iter()
        .any(|p: &f64| (factor.abs() / p - 1.0).abs() < 1e-9 || (factor.abs() * p - 1.0).abs() < 1e-9);
    if !placed && (distance > (0.12 + noise).min(apart * 0.4) || !decimal && factor != 1.0 && moved <= distance * 1.1) {
        return false;
    }
    let message = format!(
        "`{}` looks like the reference {what}: the median went from {} to {}, and after conversion the two agree.",
        column.name,
        show(m_then),
        show(m_now)
    );
    findings.push(
        finding(kind, &[&column.name], Severity::Error, 0.95, message, UNIT_ADVICE)
            .rows(view, (0..view.rows).filter(|row| column.hashes.get(*row).is_some_and(|h| *h != 0)))
            .measure("factor", factor, None)
            .measure("distance of the distributions after conversion", distance, Some(0.12 + noise))
            .measure("distance before", apart, Some(0.35)),
    );
    if decimal {
        other_reading(kind, column, factor, findings);
    }
    true
}

/// A part of the rows is the rest times a factor: two clusters of the same shape with a clear gap.
pub fn part_scaled(
    view: &View,
    column: &ViewColumn,
    values: &[f64],
    all: &[f64],
    before: Option<&[f64]>,
    findings: &mut Vec<Finding>,
) -> bool {
    let positive: Vec<f64> = all.iter().copied().filter(|v| *v > 0.0).collect();
    if positive.len() < 40
        || all.first().is_some_and(|v| *v < 0.0)
        || positive.len() * 10 < all.len() * 9
        || counts(&positive).len() < 30
    {
        return false;
    }
    let logs: Vec<f64> = positive.iter().map(|v| v.ln()).collect();
    // Fewer are slips of single rows.
    let margin = (logs.len() / 60).max(8);
    let cut = logs
        .windows(2)
        .enumerate()
        .skip(margin - 1)
        .take(logs.len().saturating_sub(2 * margin - 1))
        .filter_map(|(i, pair)| match pair {
            [a, b] => Some((i, b - a)),
            _ => None,
        })
        .max_by(|a, b| a.1.total_cmp(&b.1));
    let Some((at, gap)) = cut else { return false };
    let (low, high) = (logs.get(..=at).unwrap_or_default(), logs.get(at + 1..).unwrap_or_default());
    let shift = quantile(high, 0.5) - quantile(low, 0.5);
    let Some((factor, name)) = unit_between(shift.exp(), 0.3) else { return false };
    // Without a reference, groups a few times apart are species or models, not units.
    let decimal = [10.0, 100.0, 1000.0, 1e6].contains(&factor);
    if before.is_none() && !decimal {
        return false;
    }
    // Among few values two groups ten times apart come about by chance.
    if before.is_none() && ((factor - 10.0).abs() < 1e-9 || (factor - 0.1).abs() < 1e-9) && logs.len() < 300 {
        return false;
    }
    let (small, large) = if low.len() < high.len() { (low, high) } else { (high, low) };
    let factor_log = factor.ln();
    let towards = if low.len() < high.len() { factor_log } else { -factor_log };
    let moved = sorted(small.iter().map(|v| v + towards));
    let noise = 1.0 * (1.0 / small.len() as f64 + 1.0 / large.len() as f64).sqrt();
    // Between the clusters there must be room that neither cluster has within itself.
    let inner = |part: &[f64]| quantile(part, 0.9) - quantile(part, 0.1);
    let clear = gap > 0.25 && gap > 0.5 * inner(large).max(0.2);
    let edge = low.last().copied().unwrap_or(0.0) + gap / 2.0;
    let reference_has_both = before.is_some_and(|b| {
        let share = b.iter().filter(|v| **v > 0.0 && (v.ln() > edge) == (low.len() >= high.len())).count() as f64
            / b.len().max(1) as f64;
        share > 0.3 * small.len() as f64 / logs.len() as f64
    });
    if !clear
        || factor < 5.0 && gap < 0.4
        || ks(&moved, large) > 0.15 + noise
        || small.len() * 2 > logs.len()
        || reference_has_both
    {
        return false;
    }
    let upper_is_small = low.len() >= high.len();
    let rows: Vec<usize> = values
        .iter()
        .enumerate()
        .filter(|(_, v)| **v > 0.0 && v.is_finite() && (v.ln() > edge) == upper_is_small)
        .map(|(row, _)| row)
        .collect();
    let span = rows.last().zip(rows.first()).map_or(0, |(last, first)| last - first + 1);
    let block = span <= rows.len() + rows.len() / 10;
    let applied = if upper_is_small { factor } else { 1.0 / factor };
    let message = format!(
        "{} rows of `{}` ({}) are about {} times the others ({name}); between the two groups there is no value{}.",
        grouped(rows.len()),
        column.name,
        percent(rows.len() as f64 / view.rows.max(1) as f64),
        show(applied),
        if block { ", and the rows stand in one block" } else { "" }
    );
    findings.push(
        finding(
            kind_of_factor(factor, &column.name),
            &[&column.name],
            Severity::Error,
            if block { 0.95 } else { 0.85 },
            message,
            UNIT_ADVICE,
        )
        .rows(view, rows)
        .measure("factor", applied, None),
    );
    true
}

//! Tells a change of unit, of writing or of precision apart from a change of the world.

use std::collections::HashMap;

use proofmark_domain::drift::DriftChange;

use super::statistics::{kolmogorov_smirnov, quantile_sorted};

/// Quantiles that stand for a distribution when transformations are tried.
const POINTS: usize = 1000;

/// Transformations `x -> factor * x + offset` that a change of unit makes, with their words.
const UNITS: &[(f64, f64, &str)] = &[
    (10.0, 0.0, "times 10"),
    (0.1, 0.0, "divided by 10"),
    (100.0, 0.0, "times 100"),
    (0.01, 0.0, "divided by 100"),
    (1e3, 0.0, "times 1,000"),
    (1e-3, 0.0, "divided by 1,000"),
    (1e6, 0.0, "times 1,000,000"),
    (1e-6, 0.0, "divided by 1,000,000"),
    (2.204_622_621_8, 0.0, "kilograms to pounds"),
    (0.453_592_37, 0.0, "pounds to kilograms"),
    (2.54, 0.0, "inches to centimetres"),
    (1.0 / 2.54, 0.0, "centimetres to inches"),
    (0.3048, 0.0, "feet to metres"),
    (1.0 / 0.3048, 0.0, "metres to feet"),
    (1.609_344, 0.0, "miles to kilometres"),
    (1.0 / 1.609_344, 0.0, "kilometres to miles"),
    (3.785_411_784, 0.0, "gallons to litres"),
    (1.0 / 3.785_411_784, 0.0, "litres to gallons"),
    (28.349_523_125, 0.0, "ounces to grams"),
    (1.0 / 28.349_523_125, 0.0, "grams to ounces"),
    (3.6, 0.0, "metres per second to kilometres per hour"),
    (1.0 / 3.6, 0.0, "kilometres per hour to metres per second"),
    (60.0, 0.0, "times 60"),
    (1.0 / 60.0, 0.0, "divided by 60"),
    (3600.0, 0.0, "times 3,600"),
    (1.0 / 3600.0, 0.0, "divided by 3,600"),
    (24.0, 0.0, "days to hours"),
    (1.0 / 24.0, 0.0, "hours to days"),
    (1024.0, 0.0, "times 1,024"),
    (1.0 / 1024.0, 0.0, "divided by 1,024"),
    (18.0, 0.0, "mmol/l to mg/dl"),
    (1.0 / 18.0, 0.0, "mg/dl to mmol/l"),
    (4.184, 0.0, "kilocalories to kilojoules"),
    (1.0 / 4.184, 0.0, "kilojoules to kilocalories"),
    (1.8, 32.0, "degrees Celsius to Fahrenheit"),
    (1.0 / 1.8, -32.0 / 1.8, "degrees Fahrenheit to Celsius"),
    (1.0, 273.15, "degrees Celsius to kelvin"),
    (1.0, -273.15, "kelvin to degrees Celsius"),
    (-1.0, 0.0, "sign turned"),
];

fn grid(sorted: &[f64]) -> Vec<f64> {
    let points = sorted.len().min(POINTS);
    (0..points).map(|i| quantile_sorted(sorted, (i as f64 + 0.5) / points as f64)).collect()
}

/// Where the rows of the reference end and those of the current table begin, in the order of the rows: the medians there.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Border {
    last: f64,
    first: f64,
}

impl Border {
    /// Of the values in the order of their rows; `None` where there are too few.
    pub(super) fn of(reference: &[f64], current: &[f64]) -> Option<Self> {
        let middle = |values: &mut dyn Iterator<Item = &f64>, rows: usize| -> Option<f64> {
            let mut some: Vec<f64> = values.filter(|it| it.is_finite()).copied().take((rows / 10).max(30)).collect();
            some.sort_unstable_by(f64::total_cmp);
            Some(quantile_sorted(&some, 0.5)).filter(|it| it.is_finite())
        };
        let last = middle(&mut reference.iter().rev(), reference.len())?;
        Some(Self { last, first: middle(&mut current.iter(), current.len())? })
    }

    /// Whether values go on over the border as they are rather than in another unit: then they grew, and the unit stayed.
    fn goes_on(self, factor: f64, offset: f64) -> bool {
        (self.first - self.last).abs() <= (self.first - (self.last * factor + offset)).abs()
    }
}

/// Finds the change of unit that makes two sorted samples equal again: the KS distance must fall from at least 0.2 to a quarter of
/// it, and to no more than 0.05 plus what chance leaves. A series that grows from the first row of the reference to the last of the
/// current table would be explained by many a factor; it gives itself away at the border between the two.
pub(super) fn unit(reference: &[f64], current: &[f64], distance: f64, border: Option<Border>) -> Option<String> {
    if distance < 0.2 || reference.len() < 20 || current.len() < 20 {
        return None;
    }
    let (a, b) = (grid(reference), grid(current));
    if a.first() == a.last() || b.first() == b.last() {
        return None;
    }
    // What was converted is often rounded, too, by which values that are equal otherwise differ in a last digit.
    let (digits_a, digits_b) = (decimals(reference), decimals(current));
    let rounded_distance = |moved: &[f64], fixed: &[f64], digits: Option<u32>| {
        let digits = digits.filter(|it| *it < 6)?;
        let rounded: Vec<f64> = moved.iter().map(|it| round_to(*it, digits)).collect();
        // A scale that leaves next to nothing to compare explains nothing.
        let ks = kolmogorov_smirnov(&rounded, fixed).filter(|_| varied(&rounded))?;
        Some(ks.distance)
    };
    let chance = 1.36 * (1.0 / reference.len() as f64 + 1.0 / current.len() as f64).sqrt();
    let mut best: Option<(f64, &str)> = None;
    for &(factor, offset, words) in UNITS {
        if border.is_some_and(|it| it.goes_on(factor, offset)) {
            continue;
        }
        let mut moved: Vec<f64> = a.iter().map(|v| v * factor + offset).collect();
        if factor < 0.0 {
            moved.reverse();
        }
        let mut back: Vec<f64> = b.iter().map(|v| (v - offset) / factor).collect();
        if factor < 0.0 {
            back.reverse();
        }
        let plain = kolmogorov_smirnov(&moved, &b).map_or(1.0, |ks| ks.distance);
        let further = [rounded_distance(&moved, &b, digits_b), rounded_distance(&back, &a, digits_a)];
        let left = further.into_iter().flatten().fold(plain, f64::min);
        if left <= distance / 4.0 && left <= 0.05 + chance && best.is_none_or(|(smallest, _)| left < smallest) {
            best = Some((left, words));
        }
    }
    best.map(|(left, words)| {
        format!("looks like a change of unit ({words}): after it the distance falls from {distance:.2} to {left:.2}")
    })
}

/// Whether so many decimals are enough for a value.
fn fits(value: f64, decimals: u32) -> bool {
    let scaled = value * 10f64.powi(decimals as i32);
    (scaled - scaled.round()).abs() <= 1e-6_f64.min(scaled.abs() * 1e-12 + 1e-9)
}

/// Decimals that values are written with, 0..=9; None when some value needs more (or is not finite).
fn decimals(sorted: &[f64]) -> Option<u32> {
    let step = (sorted.len() / 2000).max(1);
    let mut most = 0;
    for value in sorted.iter().step_by(step) {
        if !value.is_finite() {
            continue;
        }
        most = most.max((most..=9).find(|d| fits(*value, *d))?);
    }
    Some(most)
}

/// Values of the finer table that would be expected among those of the coarser one for chance not to explain that it has none of them
/// (e to the power of -10).
const FINER: f64 = 10.0;

/// Whether one table writes fewer decimals than the other, by more than that it happens not to have the few values with most: the number of
/// decimals to which both must be rounded to be comparable.
pub(super) fn precision(reference: &[f64], current: &[f64]) -> Option<(u32, bool)> {
    if reference.len() < 20 || current.len() < 20 {
        return None;
    }
    let (a, b) = (decimals(reference), decimals(current));
    let lost = |coarse: &[f64], digits: u32, fine: &[f64]| {
        let step = (fine.len() / 2000).max(1);
        let finer = fine.iter().step_by(step).filter(|it| it.is_finite() && !fits(**it, digits)).count();
        varied(coarse) && (finer * step) as f64 / fine.len() as f64 * coarse.len() as f64 >= FINER
    };
    match (a, b) {
        (Some(a), Some(b)) if a == b => None,
        (Some(a), b) if b.is_none_or(|b| a < b) => lost(reference, a, current).then_some((a, false)),
        (_, Some(b)) => lost(current, b, reference).then_some((b, true)),
        _ => None,
    }
}

/// A handful of round values is a code list, not lost precision.
fn varied(sorted: &[f64]) -> bool {
    let mut distinct = 0;
    for pair in sorted.windows(2) {
        distinct += usize::from(pair[0] != pair[1]);
        if distinct >= 10 {
            return true;
        }
    }
    false
}

/// Rounds to a number of decimals; very large values stay.
pub(super) fn round_to(value: f64, decimals: u32) -> f64 {
    let scale = 10f64.powi(decimals as i32);
    let rounded = (value * scale).round() / scale;
    if rounded.is_finite() { rounded } else { value }
}

/// Recognises the same categories written otherwise: by case, spaces or punctuation, or renamed one to one.
pub(super) fn encoding(
    names: &[String],
    reference: &[u64],
    current: &[u64],
    distance: f64,
) -> Option<(DriftChange, String)> {
    let (n, m) = (reference.iter().sum::<u64>() as f64, current.iter().sum::<u64>() as f64);
    if distance < 0.1 || n < 20.0 || m < 20.0 {
        return None;
    }
    let plain = |name: &str| -> String {
        let kept: String = name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
        // "1.0" and "1" are the same code that went through a table with missing values.
        let number = name.trim().parse::<f64>().ok().filter(|v| v.fract() == 0.0 && v.abs() < 1e15);
        number.map_or(if kept.is_empty() { name.trim().to_owned() } else { kept }, |v| format!("{v:.0}"))
    };
    let mut merged: HashMap<String, (f64, f64)> = HashMap::new();
    for ((name, a), b) in names.iter().zip(reference).zip(current) {
        let entry = merged.entry(plain(name)).or_default();
        entry.0 += *a as f64 / n;
        entry.1 += *b as f64 / m;
    }
    let chance = (merged.len() as f64 * (1.0 / n + 1.0 / m)).sqrt();
    let left: f64 = merged.values().map(|(p, q)| (p - q).abs()).sum::<f64>() / 2.0;
    if left <= distance / 4.0 && left <= 0.05 + chance {
        let words = format!(
            "the same categories written otherwise (case, spaces, punctuation or a trailing .0): read alike, the distance falls from \
             {distance:.2} to {left:.2}"
        );
        return Some((DriftChange::Encoding, words));
    }
    let unseen: f64 = reference.iter().zip(current).filter(|(a, _)| **a == 0).map(|(_, b)| *b as f64 / m).sum();
    let kinds = |counts: &[u64], total: f64| counts.iter().filter(|c| **c as f64 / total >= 0.001).count();
    let (kinds_a, kinds_b) = (kinds(reference, n), kinds(current, m));
    if kinds_a < 2 || kinds_a.abs_diff(kinds_b) * 20 > kinds_a {
        return None;
    }
    let sorted = |counts: &[u64], total: f64| {
        let mut shares: Vec<f64> = counts.iter().map(|c| *c as f64 / total).collect();
        shares.sort_unstable_by(|a, b| b.total_cmp(a));
        shares
    };
    let (p, q) = (sorted(reference, n), sorted(current, m));
    let left: f64 = p.iter().zip(&q).map(|(p, q)| (p - q).abs()).sum::<f64>() / 2.0;
    let renamed = unseen > 0.95;
    // Codes swapped within the same list are only recognised when the shares differ so much that no other reading is likely.
    let swapped = unseen < 0.001 && kinds_a >= 3 && distance >= 0.2 && left <= 0.02 + 0.25 * chance;
    if (renamed || swapped) && left <= 0.05 + 0.5 * chance && left <= distance / 8.0 {
        return Some((
            DriftChange::Encoding,
            format!(
                "looks like the same categories under other codes: matched by frequency, the distance falls from {distance:.2} to {left:.2}"
            ),
        ));
    }
    None
}

//! How pairs of columns go together.

use std::collections::HashMap;

use polars::prelude::{DataFrame, DataType, PolarsResult};
use proofmark_domain::profile::{Association, AssociationMeasure, Meaning, TableProfile};
use rayon::prelude::*;

/// Columns that are paired; of a wider table the first ones.
const COLUMNS: usize = 60;
/// Different values of a category that is paired.
const CATEGORIES: u64 = 50;
/// Pairs that a profile shows, and the least strength that is worth showing.
const SHOWN: usize = 200;
const LEAST: f64 = 0.3;
/// Rows with fewer pairs of values say nothing.
const FEWEST: usize = 10;

enum Values {
    /// NaN is missing.
    Numbers(Vec<f64>),
    /// `u32::MAX` is missing.
    Codes(Vec<u32>),
}

/// Pairs that go together, strongest first.
///
/// # Errors
/// If a column cannot be read as what its profile says it is.
pub fn of(frame: &DataFrame, profile: &TableProfile) -> PolarsResult<Vec<Association>> {
    let mut columns: Vec<(&str, Values)> = Vec::new();
    for column in &profile.columns {
        if columns.len() >= COLUMNS || column.distinct < 2 {
            continue;
        }
        let Ok(series) = frame.column(&column.name) else { continue };
        let dtype = series.dtype();
        let numeric = dtype.is_primitive_numeric() || matches!(dtype, DataType::Decimal(..));
        let values = match column.meaning {
            Meaning::Number if numeric => {
                let floats = series.cast(&DataType::Float64)?;
                let value = |it: Option<f64>| it.filter(|it| it.is_finite()).unwrap_or(f64::NAN);
                Values::Numbers(floats.f64()?.iter().map(value).collect())
            }
            Meaning::Category | Meaning::Boolean if column.distinct <= CATEGORIES => {
                let texts = series.cast(&DataType::String)?;
                let mut known: HashMap<String, u32> = HashMap::new();
                let mut codes = Vec::with_capacity(texts.len());
                for text in texts.str()?.iter() {
                    codes.push(match text {
                        None => u32::MAX,
                        Some(text) => match known.get(text) {
                            Some(code) => *code,
                            None => {
                                let code = known.len() as u32;
                                known.insert(text.to_owned(), code);
                                code
                            }
                        },
                    });
                }
                Values::Codes(codes)
            }
            _ => continue,
        };
        columns.push((&column.name, values));
    }
    let pairs: Vec<(usize, usize)> =
        (0..columns.len()).flat_map(|a| (a + 1..columns.len()).map(move |b| (a, b))).collect();
    let mut found: Vec<Association> = pairs
        .into_par_iter()
        .flat_map_iter(|(a, b)| match (columns.get(a), columns.get(b)) {
            (Some(a), Some(b)) => pair(a, b),
            _ => Vec::new(),
        })
        .filter(|it| it.value.is_finite() && it.value.abs() >= LEAST)
        .collect();
    found.sort_by(|a, b| {
        b.value.abs().total_cmp(&a.value.abs()).then_with(|| (&a.a, &a.b, a.measure).cmp(&(&b.a, &b.b, b.measure)))
    });
    found.truncate(SHOWN);
    Ok(found)
}

fn pair((name, left): &(&str, Values), (other, right): &(&str, Values)) -> Vec<Association> {
    let one = |a: &str, b: &str, measure, (value, rows): (f64, usize)| Association {
        a: a.to_owned(),
        b: b.to_owned(),
        measure,
        value,
        rows: rows as u64,
    };
    match (left, right) {
        (Values::Numbers(x), Values::Numbers(y)) => {
            let (x, y) = both(x, y);
            if x.len() < FEWEST {
                return Vec::new();
            }
            let rows = x.len();
            vec![
                one(name, other, AssociationMeasure::Pearson, (pearson(&x, &y), rows)),
                one(name, other, AssociationMeasure::Spearman, (pearson(&ranks(&x), &ranks(&y)), rows)),
            ]
        }
        (Values::Codes(a), Values::Codes(b)) => {
            let measured = cramers_v(a, b);
            vec![one(name, other, AssociationMeasure::CramersV, measured)]
        }
        (Values::Codes(codes), Values::Numbers(numbers)) => {
            vec![one(name, other, AssociationMeasure::CorrelationRatio, correlation_ratio(codes, numbers))]
        }
        (Values::Numbers(numbers), Values::Codes(codes)) => {
            vec![one(other, name, AssociationMeasure::CorrelationRatio, correlation_ratio(codes, numbers))]
        }
    }
}

fn both(x: &[f64], y: &[f64]) -> (Vec<f64>, Vec<f64>) {
    x.iter().zip(y).filter(|(x, y)| !x.is_nan() && !y.is_nan()).map(|(x, y)| (*x, *y)).unzip()
}

/// Product-moment correlation; NaN if either does not vary.
fn pearson(x: &[f64], y: &[f64]) -> f64 {
    let n = x.len() as f64;
    let (mx, my) = (x.iter().sum::<f64>() / n, y.iter().sum::<f64>() / n);
    let (mut sxy, mut sxx, mut syy) = (0.0, 0.0, 0.0);
    for (x, y) in x.iter().zip(y) {
        let (dx, dy) = (x - mx, y - my);
        sxy += dx * dy;
        sxx += dx * dx;
        syy += dy * dy;
    }
    if sxx <= 0.0 || syy <= 0.0 { f64::NAN } else { (sxy / (sxx.sqrt() * syy.sqrt())).clamp(-1.0, 1.0) }
}

/// Ranks from 1; equal values share the mean of theirs.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    let at = |index: usize| values.get(index).copied().unwrap_or(f64::NAN);
    order.sort_by(|a, b| at(*a).total_cmp(&at(*b)));
    let mut ranks = vec![0.0; values.len()];
    let mut from = 0;
    while from < order.len() {
        let value = order.get(from).map(|index| at(*index));
        let mut to = from;
        // Minus nought equals nought, although it sorts before it.
        while order.get(to).map(|index| at(*index)) == value {
            to += 1;
        }
        let mean = (from + to + 1) as f64 / 2.0;
        for index in order.get(from..to).unwrap_or_default() {
            if let Some(rank) = ranks.get_mut(*index) {
                *rank = mean;
            }
        }
        from = to.max(from + 1);
    }
    ranks
}

/// The root of chi-square over n times the smaller of rows and columns less one.
fn cramers_v(a: &[u32], b: &[u32]) -> (f64, usize) {
    let mut cells: HashMap<(u32, u32), f64> = HashMap::new();
    let (mut left, mut right): (HashMap<u32, f64>, HashMap<u32, f64>) = Default::default();
    let mut rows = 0usize;
    for (a, b) in a.iter().zip(b).filter(|(a, b)| **a != u32::MAX && **b != u32::MAX) {
        *cells.entry((*a, *b)).or_default() += 1.0;
        *left.entry(*a).or_default() += 1.0;
        *right.entry(*b).or_default() += 1.0;
        rows += 1;
    }
    let smaller = left.len().min(right.len());
    if rows < FEWEST || smaller < 2 {
        return (f64::NAN, rows);
    }
    let n = rows as f64;
    // The sum over all cells of (observed - expected)^2 / expected is n (sum of observed^2 / (row total * column total) - 1).
    let sum: f64 = cells
        .iter()
        .map(|((a, b), observed)| {
            let totals = left.get(a).copied().unwrap_or(1.0) * right.get(b).copied().unwrap_or(1.0);
            observed * observed / totals
        })
        .sum();
    let chi2 = (n * (sum - 1.0)).max(0.0);
    ((chi2 / (n * (smaller - 1) as f64)).sqrt().min(1.0), rows)
}

/// The root of the share of the variance that lies between the categories.
fn correlation_ratio(codes: &[u32], numbers: &[f64]) -> (f64, usize) {
    let mut groups: HashMap<u32, (f64, f64)> = HashMap::new();
    let (mut sum, mut rows) = (0.0, 0usize);
    let pairs = || codes.iter().zip(numbers).filter(|(code, value)| **code != u32::MAX && !value.is_nan());
    for (code, value) in pairs() {
        let group = groups.entry(*code).or_default();
        group.0 += 1.0;
        group.1 += value;
        sum += value;
        rows += 1;
    }
    if rows < FEWEST || groups.len() < 2 {
        return (f64::NAN, rows);
    }
    let mean = sum / rows as f64;
    let total: f64 = pairs().map(|(_, value)| (value - mean).powi(2)).sum();
    let mut order: Vec<(&u32, &(f64, f64))> = groups.iter().collect();
    // Sums in a fixed order give the same last digit every time.
    order.sort_by_key(|it| it.0);
    let explained: f64 = order.iter().map(|(_, (n, sum))| n * (sum / n - mean).powi(2)).sum();
    (if total <= 0.0 { f64::NAN } else { (explained / total).sqrt().min(1.0) }, rows)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::table::{ReadOptions, open};

    #[test]
    fn measures_are_those_of_scipy() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/fixtures/statistics");
        let source = open(&folder.join("association.csv"), &ReadOptions::default()).unwrap();
        let profile = super::super::profile(&source, &|| false, &mut |_| {}).unwrap();
        let found = of(&source.frame(None).unwrap(), &profile).unwrap();
        let truth: serde_json::Value =
            serde_json::from_slice(&std::fs::read(folder.join("association.json")).unwrap()).unwrap();
        let truth = truth.as_array().unwrap();
        for expected in truth {
            let measure: AssociationMeasure = serde_json::from_value(expected["measure"].clone()).unwrap();
            let ours = found.iter().find(|it| {
                it.measure == measure
                    && (it.a == expected["a"] && it.b == expected["b"]
                        || it.a == expected["b"] && it.b == expected["a"])
            });
            let value = expected["value"].as_f64().unwrap();
            match ours {
                Some(ours) => {
                    assert!((ours.value - value).abs() < 1e-9, "{expected}: {}", ours.value);
                    assert_eq!(ours.rows, expected["rows"].as_u64().unwrap(), "{expected}");
                }
                None => assert!(value.abs() < LEAST, "{expected} is missing"),
            }
        }
        assert!(found.len() >= 6, "{found:?}");
    }
}

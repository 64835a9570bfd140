//! Columns made ready for the classifiers.
//!
//! Bins, means and the list of frequent categories come from both tables together and never look at which table a row is from, so that
//! they can be made once, before the folds, without leakage. What does look at it (weights, trees, chosen pairs) is made inside the folds.

use crate::drift::change::round_to;
use crate::drift::columns::{MISSING, Values};
use crate::drift::random::mix;
use crate::drift::statistics::quantile_sorted;

/// Bins of a numeric column; code 0 is the missing value.
const BINS: usize = 32;
/// Frequent categories with a code of their own.
const CATEGORIES: usize = 30;
/// Frequent categories with a term of their own in the logistic model.
const TERMS_PER_CATEGORY: usize = 10;

/// One column in the form that both classifiers read.
#[derive(Debug, Clone)]
pub(crate) struct Feature {
    pub(crate) name: String,
    /// 0 missing, then bins in ascending order, or categories from frequent to rare.
    pub(crate) codes: Vec<u8>,
    /// Standardised and clipped value; 0 where missing; empty for categories.
    pub(crate) values: Vec<f32>,
    pub(crate) has_missing: bool,
    highest: u8,
}

/// A column of the logistic model's design matrix. The numbers are places in the list of features.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Term {
    Value(usize),
    Square(usize),
    Missing(usize),
    /// Codes from..=to.
    Range(usize, u8, u8),
    Product(usize, usize),
}

/// The chosen rows of one column: those of the reference, then those of the current table.
#[derive(Debug, Clone)]
pub(crate) enum Picked {
    Numbers(Vec<f64>),
    Categories { names: Vec<String>, codes: Vec<u32> },
}

/// Takes the chosen rows out of a column; numbers are rounded when one table lost decimals.
pub(crate) fn pick(values: &Values, rows: (&[usize], &[usize]), decimals: Option<u32>) -> Picked {
    fn joined<T: Copy>(reference: &[T], current: &[T], rows: (&[usize], &[usize]), absent: T) -> Vec<T> {
        let from = |side: &[T], row: &usize| side.get(*row).copied().unwrap_or(absent);
        rows.0.iter().map(|r| from(reference, r)).chain(rows.1.iter().map(|r| from(current, r))).collect()
    }
    match values {
        Values::Numbers { reference, current } => {
            let mut numbers = joined(reference, current, rows, f64::NAN);
            if let Some(decimals) = decimals {
                numbers.iter_mut().for_each(|v| *v = round_to(*v, decimals));
            }
            Picked::Numbers(numbers)
        }
        Values::Categories { names, reference, current } => {
            Picked::Categories { names: names.clone(), codes: joined(reference, current, rows, MISSING) }
        }
    }
}

impl Picked {
    /// A hash per row, by which equal rows are found.
    pub(crate) fn hashes(&self) -> Vec<u64> {
        match self {
            Self::Numbers(values) => {
                values.iter().map(|v| mix(if v.is_nan() { 1 } else { v.to_bits() ^ 0x5bd1 })).collect()
            }
            Self::Categories { codes, .. } => codes.iter().map(|c| mix(u64::from(*c).wrapping_add(7))).collect(),
        }
    }
}

/// Makes the feature of one column; None when it holds one value only.
pub(crate) fn feature(name: &str, picked: &Picked) -> Option<Feature> {
    match picked {
        Picked::Numbers(values) => numeric(name, values),
        Picked::Categories { codes, .. } => categorical(name, codes),
    }
}

impl Feature {
    /// A feature that was binned before: codes under 64, of which 0 is the missing value.
    pub(crate) fn coded(name: &str, codes: Vec<u8>) -> Self {
        let highest = codes.iter().copied().max().unwrap_or(0);
        let has_missing = codes.contains(&0);
        Self { name: name.to_owned(), codes, values: Vec::new(), has_missing, highest }
    }

    /// The highest code.
    pub(crate) fn highest(&self) -> u8 {
        self.highest
    }

    /// Keeps only the given rows.
    pub(crate) fn keep(&mut self, rows: &[usize]) {
        self.codes = rows.iter().map(|r| self.codes[*r]).collect();
        if !self.values.is_empty() {
            self.values = rows.iter().map(|r| self.values[*r]).collect();
        }
    }
}

fn numeric(name: &str, picked: &[f64]) -> Option<Feature> {
    let mut sorted: Vec<f64> = picked.iter().copied().filter(|v| !v.is_nan()).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let has_missing = sorted.len() < picked.len();
    let mut edges: Vec<f64> =
        (1..BINS).map(|i| sorted.get(i * sorted.len() / BINS).copied().unwrap_or(f64::NAN)).collect();
    edges.retain(|e| !e.is_nan());
    edges.dedup();
    // An edge at the lowest value would leave the first bin empty.
    if edges.first().is_some_and(|e| sorted.first().is_some_and(|s| e <= s)) {
        edges.remove(0);
    }
    if edges.is_empty() && !has_missing && sorted.first() == sorted.last() {
        return None;
    }
    let codes: Vec<u8> =
        picked.iter().map(|v| if v.is_nan() { 0 } else { 1 + edges.partition_point(|e| e <= v) as u8 }).collect();
    let finite: Vec<f64> = sorted.iter().copied().filter(|v| v.is_finite()).collect();
    let (low, high) = (quantile_sorted(&finite, 0.005), quantile_sorted(&finite, 0.995));
    let (low, high) = if low.is_nan() { (0.0, 0.0) } else { (low, high) };
    // Halves keep the sums of very large values finite.
    let half = |v: f64| v.clamp(low, high) / 2.0;
    let count = sorted.len().max(1) as f64;
    let mean = sorted.iter().map(|v| half(*v) / count).sum::<f64>();
    let scale = (high / 2.0 - low / 2.0).abs();
    let spread = if scale > 0.0 {
        (sorted.iter().map(|v| ((half(*v) - mean) / scale).powi(2)).sum::<f64>() / count).sqrt() * scale
    } else {
        0.0
    };
    let standard = |v: &f64| {
        let z = if v.is_nan() || spread <= 0.0 { 0.0 } else { (half(*v) - mean) / spread };
        if z.is_finite() { z.clamp(-6.0, 6.0) as f32 } else { 0.0 }
    };
    let values = picked.iter().map(standard).collect();
    Some(Feature { name: name.to_owned(), codes, values, has_missing, highest: 1 + edges.len() as u8 })
}

fn categorical(name: &str, picked: &[u32]) -> Option<Feature> {
    let distinct = picked.iter().filter(|c| **c != MISSING).max().map_or(0, |c| *c as usize + 1);
    let mut counts = vec![0usize; distinct];
    for &code in picked {
        if let Some(count) = counts.get_mut(code as usize) {
            *count += 1;
        }
    }
    let mut order: Vec<usize> = (0..distinct).filter(|c| counts[*c] > 0).collect();
    order.sort_by(|a, b| counts[*b].cmp(&counts[*a]).then(a.cmp(b)));
    let has_missing = picked.contains(&MISSING);
    if order.is_empty() || (order.len() == 1 && !has_missing) {
        return None;
    }
    let mut code_of = vec![CATEGORIES as u8 + 1; distinct];
    for (rank, code) in order.iter().take(CATEGORIES).enumerate() {
        code_of[*code] = rank as u8 + 1;
    }
    let codes = picked.iter().map(|c| code_of.get(*c as usize).copied().unwrap_or(0)).collect();
    let highest = order.len().min(CATEGORIES + 1) as u8;
    Some(Feature { name: name.to_owned(), codes, values: Vec::new(), has_missing, highest })
}

/// The terms of the logistic model without the pairs, which are chosen inside the folds.
pub(crate) fn terms(features: &[Feature]) -> Vec<Term> {
    let few = features.len() <= 40;
    let mut terms = Vec::new();
    for (place, feature) in features.iter().enumerate() {
        if feature.has_missing {
            terms.push(Term::Missing(place));
        }
        if feature.values.is_empty() {
            terms.extend((1..=feature.highest.min(TERMS_PER_CATEGORY as u8)).map(|c| Term::Range(place, c, c)));
            continue;
        }
        terms.extend([Term::Value(place), Term::Square(place)]);
        if few && feature.highest >= 4 {
            let width = feature.highest.div_ceil(4);
            terms.extend(
                (0..3u8).map(|q| {
                    Term::Range(place, 1 + q.saturating_mul(width), q.saturating_add(1).saturating_mul(width))
                }),
            );
        }
    }
    terms
}

impl Term {
    /// The value of this term, where `row(feature)` says from which row a feature is read.
    pub(crate) fn value(&self, features: &[Feature], row: impl Fn(usize) -> usize) -> f64 {
        let read = |f: usize| f64::from(features[f].values[row(f)]);
        match *self {
            Self::Value(f) => read(f),
            Self::Square(f) => (read(f).powi(2) - 1.0).min(9.0),
            Self::Missing(f) => f64::from(u8::from(features[f].codes[row(f)] == 0)),
            Self::Range(f, from, to) => f64::from(u8::from((from..=to).contains(&features[f].codes[row(f)]))),
            Self::Product(f, g) => (read(f) * read(g)).clamp(-9.0, 9.0),
        }
    }
}

//! Performance of a model of numbers without labels: direct loss estimation.
//!
//! A forest learns from the reference how large the error is where (from the inputs and the prediction), and says what it is to be in a window
//! (nannyml.readthedocs.io, "Direct loss estimation", which uses boosted trees). It sees errors that follow from other inputs, not a
//! relation that changed.

use std::collections::BTreeMap;

use super::super::kept::Kept;
use crate::drift::Random;
use crate::drift::joint::{Feature, Forest, Size};

/// Rows that the forest is grown on at most.
const MOST_ROWS: usize = 40_000;
/// Rows of a window that it is asked about at most.
const MOST_ASKED: usize = 20_000;

/// Forests for the absolute and the squared error, and the mean error by the predicted value.
#[derive(Debug)]
pub(in crate::monitor) struct LossModel {
    absolute: Forest,
    squared: Forest,
    signed: Forest,
    edges: Vec<f64>,
    names: Vec<String>,
}

impl LossModel {
    /// Learns from the given rows; `None` when there are no inputs.
    pub(in crate::monitor) fn fit(kept: &Kept, rows: &[usize], names: &[String]) -> Option<Self> {
        if kept.width == 0 || rows.is_empty() {
            return None;
        }
        let mut random = Random::new(0xd1e);
        let chosen: Vec<usize> = random.sample(rows.len(), MOST_ROWS).into_iter().map(|it| rows[it]).collect();
        let mut sorted: Vec<f64> = chosen.iter().map(|it| kept.prediction[*it]).filter(|it| it.is_finite()).collect();
        sorted.sort_unstable_by(f64::total_cmp);
        let mut edges: Vec<f64> = (1..60).filter_map(|it| sorted.get(it * sorted.len() / 60).copied()).collect();
        edges.dedup();
        let features = features(kept, &chosen, &edges, names);
        let errors: Vec<f64> = chosen.iter().map(|it| kept.prediction[*it] - kept.label[*it]).collect();
        let all: Vec<usize> = (0..chosen.len()).collect();
        let size = Size { trees: 60, depth: 10, leaf: (chosen.len() / 500).clamp(10, 60) };
        let mut grow = |target: Vec<f32>| Forest::fit(&features, &all, &target, size, &mut random, &|| false);
        let absolute = grow(errors.iter().map(|it| it.abs() as f32).collect());
        let squared = grow(errors.iter().map(|it| (it * it) as f32).collect());
        let signed = grow(errors.iter().map(|it| *it as f32).collect());
        Some(Self { absolute, squared, signed, edges, names: names.to_vec() })
    }

    /// Expected metrics over the given rows.
    pub(in crate::monitor) fn estimate(&self, kept: &Kept, rows: &[usize]) -> BTreeMap<String, f64> {
        let usable: Vec<usize> = rows.iter().copied().filter(|it| !kept.prediction[*it].is_nan()).collect();
        let mut random = Random::new(0xd1e2);
        let chosen: Vec<usize> = random.sample(usable.len(), MOST_ASKED).into_iter().map(|it| usable[it]).collect();
        if chosen.is_empty() {
            return BTreeMap::new();
        }
        let features = features(kept, &chosen, &self.edges, &self.names);
        let mean = |forest: &Forest| {
            (0..chosen.len()).map(|row| forest.predict(&features, |_| row)).sum::<f64>() / chosen.len() as f64
        };
        BTreeMap::from([
            ("mae".to_owned(), mean(&self.absolute)),
            ("rmse".to_owned(), mean(&self.squared).max(0.0).sqrt()),
            ("bias".to_owned(), mean(&self.signed)),
        ])
    }
}

/// The inputs of the given rows, and the prediction in sixtieths.
fn features(kept: &Kept, rows: &[usize], edges: &[f64], names: &[String]) -> Vec<Feature> {
    let mut features: Vec<Feature> = (0..kept.width)
        .map(|column| {
            let codes = rows.iter().map(|it| kept.codes[it * kept.width + column]).collect();
            Feature::coded(names.get(column).map_or("", String::as_str), codes)
        })
        .collect();
    let predicted = rows.iter().map(|it| {
        let value = kept.prediction[*it];
        if value.is_nan() { 0 } else { 1 + edges.partition_point(|edge| *edge <= value) as u8 }
    });
    features.push(Feature::coded("prediction", predicted.collect()));
    features
}

//! A random forest on binned features: one byte per cell, histograms instead of sorting.
//!
//! Trees minimise the squared error of a target in 0..1 or any other number, which for a yes-or-no target is the Gini criterion
//! (Breiman 2001). Features are drawn anew at every split, rows are drawn without replacement.

use super::features::Feature;
use crate::drift::random::Random;

/// Shape of a forest.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    pub(crate) trees: usize,
    pub(crate) depth: usize,
    /// Fewest rows of a leaf.
    pub(crate) leaf: usize,
}

#[derive(Debug, Clone, Copy)]
struct Node {
    /// `u32::MAX` in a leaf.
    feature: u32,
    /// Codes up to this one go left.
    split: u8,
    left: u32,
    right: u32,
    value: f32,
}

/// A fitted forest.
#[derive(Debug)]
pub(crate) struct Forest {
    trees: Vec<Vec<Node>>,
}

const LEAF: u32 = u32::MAX;
/// Rows by which a leaf's mean is drawn to the mean of all.
const SHRINK: f64 = 4.0;

impl Forest {
    /// Fits on the given rows; `target` is indexed by row. An empty list of rows or features gives a forest that knows only the mean.
    pub(crate) fn fit(
        features: &[Feature],
        rows: &[usize],
        target: &[f32],
        size: Size,
        random: &mut Random,
        cancel: &(dyn Fn() -> bool + Sync),
    ) -> Self {
        let mean = if rows.is_empty() {
            0.0
        } else {
            rows.iter().map(|r| f64::from(target[*r])).sum::<f64>() / rows.len() as f64
        };
        let mut trees = Vec::with_capacity(size.trees);
        for _ in 0..size.trees {
            if cancel() {
                break;
            }
            let wanted = (rows.len() * 3 / 5).max(rows.len().min(20));
            let mut chosen: Vec<u32> = random.sample(rows.len(), wanted).into_iter().map(|i| rows[i] as u32).collect();
            let mut grower =
                Grower { features, target, size, mean, nodes: Vec::new(), random: Random::new(random.next()) };
            grower.grow(&mut chosen, 0);
            trees.push(grower.nodes);
        }
        if trees.is_empty() {
            trees.push(vec![Node { feature: LEAF, split: 0, left: 0, right: 0, value: mean as f32 }]);
        }
        Self { trees }
    }

    /// The mean prediction of the trees, where `row(feature)` says from which row a feature is read.
    pub(crate) fn predict(&self, features: &[Feature], row: impl Fn(usize) -> usize) -> f64 {
        let mut sum = 0.0;
        for tree in &self.trees {
            let mut node = &tree[0];
            while node.feature != LEAF {
                let feature = node.feature as usize;
                let left = features[feature].codes[row(feature)] <= node.split;
                node = &tree[if left { node.left } else { node.right } as usize];
            }
            sum += f64::from(node.value);
        }
        sum / self.trees.len() as f64
    }
}

struct Grower<'a> {
    features: &'a [Feature],
    target: &'a [f32],
    size: Size,
    mean: f64,
    nodes: Vec<Node>,
    random: Random,
}

impl Grower<'_> {
    fn grow(&mut self, rows: &mut [u32], depth: usize) -> u32 {
        let sum: f64 = rows.iter().map(|r| f64::from(self.target[*r as usize])).sum();
        let value = ((sum + self.mean * SHRINK) / (rows.len() as f64 + SHRINK)) as f32;
        let place = self.nodes.len() as u32;
        self.nodes.push(Node { feature: LEAF, split: 0, left: 0, right: 0, value });
        if depth >= self.size.depth || rows.len() < 2 * self.size.leaf {
            return place;
        }
        let Some((feature, split)) = self.best_split(rows, sum) else { return place };
        let codes = &self.features[feature].codes;
        let mut middle = 0;
        for i in 0..rows.len() {
            if codes[rows[i] as usize] <= split {
                rows.swap(i, middle);
                middle += 1;
            }
        }
        let (low, high) = rows.split_at_mut(middle);
        let left = self.grow(low, depth + 1);
        let right = self.grow(high, depth + 1);
        self.nodes[place as usize] = Node { feature: feature as u32, split, left, right, value };
        place
    }

    fn best_split(&mut self, rows: &[u32], sum: f64) -> Option<(usize, u8)> {
        let count = rows.len() as f64;
        let base = sum * sum / count;
        let tries = ((self.features.len() as f64).sqrt().ceil() as usize).max(3).min(self.features.len());
        let mut best: Option<(f64, usize, u8)> = None;
        for _ in 0..tries {
            let feature = self.random.below(self.features.len());
            let codes = &self.features[feature].codes;
            let mut bins = [(0u32, 0.0f32); 64];
            for &row in rows {
                let bin = &mut bins[usize::from(codes[row as usize] & 63)];
                bin.0 += 1;
                bin.1 += self.target[row as usize];
            }
            let (mut n, mut s) = (0u32, 0.0f64);
            for (code, bin) in bins.iter().enumerate() {
                if bin.0 == 0 {
                    continue;
                }
                n += bin.0;
                s += f64::from(bin.1);
                if (n as usize) < self.size.leaf {
                    continue;
                }
                if rows.len() - (n as usize) < self.size.leaf {
                    break;
                }
                let rest = count - f64::from(n);
                let gain = s * s / f64::from(n) + (sum - s).powi(2) / rest - base;
                if gain > best.map_or(1e-9, |b| b.0) {
                    best = Some((gain, feature, code as u8));
                }
            }
        }
        best.map(|(_, feature, split)| (feature, split))
    }
}

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
            let drawn = random.sample(rows.len(), wanted).into_iter();
            let mut chosen: Vec<(u32, f32)> = drawn.map(|i| (rows[i] as u32, target[rows[i]])).collect();
            let mut grower = Grower { features, size, mean, nodes: Vec::new(), random: Random::new(random.next()) };
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
        let sum: f64 = self.trees.iter().map(|tree| f64::from(walk(tree, features, &row, &mut 0))).sum();
        sum / self.trees.len() as f64
    }

    /// What each tree says of one row, and which features it asked for that.
    pub(crate) fn votes(&self, features: &[Feature], row: usize) -> Vec<Vote> {
        let of = |tree: &Vec<Node>| {
            let mut asked = 0;
            Vote { value: walk(tree, features, &|_| row, &mut asked), asked }
        };
        self.trees.iter().map(of).collect()
    }

    /// [`Forest::predict`] for the row of `votes` when the feature `changed` is read from the row `other`: only trees that asked for it
    /// are walked again.
    pub(crate) fn predict_changed(
        &self,
        features: &[Feature],
        votes: &[Vote],
        row: usize,
        (changed, other): (usize, usize),
    ) -> f64 {
        let read = |feature: usize| if feature == changed { other } else { row };
        let again = self.trees.iter().zip(votes).map(|(tree, vote)| {
            let touched = vote.asked & bit(changed) != 0;
            f64::from(if touched { walk(tree, features, &read, &mut 0) } else { vote.value })
        });
        again.sum::<f64>() / self.trees.len() as f64
    }
}

/// What one tree says of one row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Vote {
    value: f32,
    /// A bit for each feature on the way to the leaf; features that share one are only walked once too often.
    asked: u64,
}

fn bit(feature: usize) -> u64 {
    1 << (feature % 64)
}

fn walk(tree: &[Node], features: &[Feature], row: &impl Fn(usize) -> usize, asked: &mut u64) -> f32 {
    let mut node = &tree[0];
    while node.feature != LEAF {
        let feature = node.feature as usize;
        *asked |= bit(feature);
        let left = features[feature].codes[row(feature)] <= node.split;
        node = &tree[if left { node.left } else { node.right } as usize];
    }
    node.value
}

/// Codes that a feature can have.
const CODES: usize = 64;
/// Features whose bins are filled in one pass over the rows of a node, at most.
const AT_ONCE: usize = 4;

/// Rows of a code and the sum of their targets.
type Bins = [(u32, f32); CODES];

struct Grower<'a> {
    features: &'a [Feature],
    size: Size,
    mean: f64,
    nodes: Vec<Node>,
    random: Random,
}

impl Grower<'_> {
    /// Each of `rows` is a row and its target.
    fn grow(&mut self, rows: &mut [(u32, f32)], depth: usize) -> u32 {
        let sum: f64 = rows.iter().map(|(_, target)| f64::from(*target)).sum();
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
            if codes[rows[i].0 as usize] <= split {
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

    fn best_split(&mut self, rows: &[(u32, f32)], sum: f64) -> Option<(usize, u8)> {
        let all = self.features.len();
        let tries = ((all as f64).sqrt().ceil() as usize).max(3).min(all);
        let drawn: Vec<usize> = (0..tries).map(|_| self.random.below(all)).collect();
        let mut best: Option<(f64, usize, u8)> = None;
        // Passes over as many features each as can be, and none over fewer than the others by more than one.
        let passes = tries.div_ceil(AT_ONCE);
        let mut rest = drawn.as_slice();
        for pass in 0..passes {
            let (some, others) = rest.split_at(rest.len().div_ceil(passes - pass));
            rest = others;
            match *some {
                [a] => self.try_splits([a], rows, sum, &mut best),
                [a, b] => self.try_splits([a, b], rows, sum, &mut best),
                [a, b, c] => self.try_splits([a, b, c], rows, sum, &mut best),
                [a, b, c, d] => self.try_splits([a, b, c, d], rows, sum, &mut best),
                _ => {}
            }
        }
        best.map(|(_, feature, split)| (feature, split))
    }

    /// Holds some features against `best`, in one pass over the rows.
    fn try_splits<const N: usize>(
        &self,
        some: [usize; N],
        rows: &[(u32, f32)],
        sum: f64,
        best: &mut Option<(f64, usize, u8)>,
    ) {
        let codes: [&[u8]; N] = some.map(|it| self.features[it].codes.as_slice());
        let mut bins: [Bins; N] = [[(0, 0.0); CODES]; N];
        for &(row, target) in rows {
            for (bins, codes) in bins.iter_mut().zip(&codes) {
                let bin = &mut bins[usize::from(codes[row as usize]) % CODES];
                bin.0 += 1;
                bin.1 += target;
            }
        }
        for (feature, bins) in some.iter().zip(&bins) {
            self.split_of(bins, *feature, rows.len(), sum, best);
        }
    }

    /// Keeps the best place to split a node by one feature where it is better than `best`: gain, feature, highest code on the left.
    fn split_of(&self, bins: &Bins, feature: usize, rows: usize, sum: f64, best: &mut Option<(f64, usize, u8)>) {
        let count = rows as f64;
        let base = sum * sum / count;
        let (mut n, mut s) = (0u32, 0.0f64);
        let codes = usize::from(self.features[feature].highest()) + 1;
        for (code, bin) in bins.iter().enumerate().take(codes) {
            if bin.0 == 0 {
                continue;
            }
            n += bin.0;
            s += f64::from(bin.1);
            if (n as usize) < self.size.leaf {
                continue;
            }
            if rows - (n as usize) < self.size.leaf {
                break;
            }
            let rest = count - f64::from(n);
            let gain = s * s / f64::from(n) + (sum - s).powi(2) / rest - base;
            if gain > best.map_or(1e-9, |b| b.0) {
                *best = Some((gain, feature, code as u8));
            }
        }
    }
}

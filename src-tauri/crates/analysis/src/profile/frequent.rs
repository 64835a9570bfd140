//! Which values stand most often.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use super::EXACT_ROWS;
use super::distinct::Distinct;

/// Keys are hashes already.
#[derive(Debug, Clone, Default)]
pub struct Ready(u64);

impl Hasher for Ready {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }
    fn write_u64(&mut self, value: u64) {
        self.0 = value;
    }
}

/// Entries kept once the table is larger than is counted exactly.
const KEPT: usize = 16_384;

/// Counts per value: exact for the first rows, then Misra-Gries with 16,384 entries (a count is at most n / 16,384 too low).
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct Frequent<V> {
    counts: HashMap<u64, (u64, V), BuildHasherDefault<Ready>>,
    seen: u64,
    exact: bool,
    distinct: Distinct,
    last: Option<u64>,
}

impl<V> Default for Frequent<V> {
    fn default() -> Self {
        Self { counts: HashMap::default(), seen: 0, exact: true, distinct: Distinct::default(), last: None }
    }
}

impl<V: Clone> Frequent<V> {
    /// Counts a value by its hash; `value` makes the value when it is new.
    #[inline]
    pub fn add(&mut self, hash: u64, value: impl FnOnce() -> V) {
        self.seen += 1;
        if self.last != Some(hash) {
            self.distinct.add(hash);
            self.last = Some(hash);
        }
        if let Some(entry) = self.counts.get_mut(&hash) {
            entry.0 += 1;
            return;
        }
        self.counts.insert(hash, (1, value()));
        if self.seen > EXACT_ROWS && self.counts.len() > 2 * KEPT {
            self.prune();
        }
    }

    /// Adds what was counted elsewhere.
    pub fn merge(&mut self, other: Self) {
        self.seen += other.seen;
        self.exact &= other.exact;
        self.distinct.merge(&other.distinct);
        self.last = None;
        for (hash, (count, value)) in other.counts {
            self.counts.entry(hash).or_insert((0, value)).0 += count;
        }
        if self.seen > EXACT_ROWS && self.counts.len() > 2 * KEPT {
            self.prune();
        }
    }

    /// Keeps the most frequent values only, if there are many.
    pub fn shrink(&mut self) {
        if self.counts.len() > 2 * KEPT {
            self.prune();
        }
    }

    /// Lets go of every value.
    pub fn forget(&mut self) {
        self.exact = false;
        self.counts.clear();
    }

    /// Whether what was read back from a file can be true.
    pub fn is_sound(&self) -> bool {
        self.distinct.is_sound() && self.counts.values().all(|(count, _)| *count <= self.seen)
    }

    fn prune(&mut self) {
        self.exact = false;
        let mut counts: Vec<u64> = self.counts.values().map(|entry| entry.0).collect();
        let at = counts.len() - KEPT;
        let (_, cut, _) = counts.select_nth_unstable(at);
        let cut = *cut;
        self.counts.retain(|_, entry| entry.0 > cut);
    }

    /// Different values, and whether this is an estimate.
    pub fn distinct(&self) -> (u64, bool) {
        if self.exact { (self.counts.len() as u64, false) } else { (self.distinct.estimate().min(self.seen), true) }
    }

    /// The `n` most frequent values. Empty if no value stands out from what pruning may have lost.
    pub fn top(&self, n: usize, order: impl Fn(&V, &V) -> std::cmp::Ordering) -> Vec<(V, u64)> {
        let mut all: Vec<(&V, u64)> = self.counts.values().map(|(count, value)| (value, *count)).collect();
        all.sort_unstable_by(|a, b| b.1.cmp(&a.1).then_with(|| order(a.0, b.0)));
        all.into_iter().take(n).map(|(value, count)| (value.clone(), count)).collect()
    }
}

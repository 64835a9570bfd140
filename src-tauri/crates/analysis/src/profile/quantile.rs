//! Quantiles of more numbers than are kept.
//!
//! Exact while few; then a stack of compactors: a full level is sorted, and every other value goes up with twice the weight (the idea of
//! Munro-Paterson and KLL). With 8,192 values per level, ten million numbers have a rank error below 0.1 %.

use super::EXACT_ROWS;

const LEVEL: usize = 8192;

/// Numbers seen so far, thinned out if they are many.
#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize)]
pub struct Quantiles {
    exact: Vec<f64>,
    levels: Vec<Vec<f64>>,
    sketched: bool,
    flip: bool,
}

impl Quantiles {
    /// Adds a finite number.
    pub fn add(&mut self, value: f64) {
        if self.sketched {
            self.push(0, value);
            return;
        }
        self.exact.push(value);
        if self.exact.len() as u64 > EXACT_ROWS {
            self.sketched = true;
            for value in std::mem::take(&mut self.exact) {
                self.push(0, value);
            }
        }
    }

    /// Adds what was gathered elsewhere.
    pub fn merge(&mut self, other: Self) {
        if !self.sketched && !other.sketched && (self.exact.len() + other.exact.len()) as u64 <= EXACT_ROWS {
            self.exact.extend(other.exact);
            return;
        }
        self.sketch();
        for value in other.exact {
            self.push(0, value);
        }
        for (level, values) in other.levels.into_iter().enumerate() {
            for value in values {
                self.push(level, value);
            }
        }
    }

    fn sketch(&mut self) {
        if !self.sketched {
            self.sketched = true;
            for value in std::mem::take(&mut self.exact) {
                self.push(0, value);
            }
        }
    }

    /// Thins out many exact numbers.
    pub fn shrink(&mut self) {
        if self.exact.len() > 4 * LEVEL {
            self.sketch();
        }
    }

    /// Whether what was read back from a file can be true: no level holds more than it may, and there are no more than a 64-bit count
    /// can have.
    pub fn is_sound(&self) -> bool {
        self.levels.len() <= 50
            && self.levels.iter().all(|values| values.len() <= LEVEL)
            && self.exact.len() as u64 <= EXACT_ROWS
            && self.levels.iter().flatten().chain(&self.exact).all(|value| value.is_finite())
    }

    fn push(&mut self, level: usize, value: f64) {
        while self.levels.len() <= level {
            self.levels.push(Vec::with_capacity(LEVEL));
        }
        let Some(values) = self.levels.get_mut(level) else { return };
        values.push(value);
        if values.len() < LEVEL {
            return;
        }
        let mut full = std::mem::take(values);
        full.sort_unstable_by(f64::total_cmp);
        self.flip = !self.flip;
        let promoted: Vec<f64> = full.iter().copied().skip(usize::from(self.flip)).step_by(2).collect();
        for value in promoted {
            self.push(level + 1, value);
        }
    }

    /// Values with their weights, ascending.
    pub fn weighted(&self) -> Vec<(f64, u64)> {
        let mut all: Vec<(f64, u64)> = self.exact.iter().map(|value| (*value, 1)).collect();
        for (level, values) in self.levels.iter().enumerate() {
            all.extend(values.iter().map(|value| (*value, 1u64 << level)));
        }
        all.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        all
    }
}

/// The quantile of ascending weighted values, with linear interpolation between neighbours (Hyndman-Fan 7, NumPy's default).
pub fn at(weighted: &[(f64, u64)], total: u64, probability: f64) -> Option<f64> {
    let position = probability * total.checked_sub(1)? as f64;
    let (low, share) = (position.floor(), position.fract());
    let mut passed = 0u64;
    for (index, (value, weight)) in weighted.iter().enumerate() {
        passed += weight;
        if (passed as f64) > low {
            if share == 0.0 || (passed as f64) > low + 1.0 {
                return Some(*value);
            }
            let next = weighted.get(index + 1).map_or(*value, |(next, _)| *next);
            return Some(value + (next - value) * share);
        }
    }
    weighted.last().map(|(value, _)| *value)
}

//! Repeatable random numbers, so that the same comparison gives the same answer.

/// SplitMix64 (Steele, Lea and Flood 2014): small, seedable with anything, good enough to shuffle rows.
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mix(self.0)
    }

    /// A whole number in `0..bound`; 0 when the bound is 0.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        ((u128::from(self.next()) * bound as u128) >> 64) as usize
    }

    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            items.swap(i, self.below(i + 1));
        }
    }

    /// `wanted` of the rows `0..rows` in ascending order, each equally likely; all of them when there are no more.
    pub(crate) fn sample(&mut self, rows: usize, wanted: usize) -> Vec<usize> {
        if wanted >= rows {
            return (0..rows).collect();
        }
        let mut chosen = Vec::with_capacity(wanted);
        for row in 0..rows {
            if self.below(rows - row) < wanted - chosen.len() {
                chosen.push(row);
            }
        }
        chosen
    }
}

/// Scatters the bits of a number; also joins hashes of cells into the hash of a row.
pub(crate) fn mix(value: u64) -> u64 {
    let mut z = value;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

//! Where a series of windows went to another level, and whether it did so at once.

use proofmark_domain::monitor::ChangeShape;

use crate::drift::Random;

/// A change of level.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Step {
    /// First place of the new level.
    pub(super) at: usize,
    /// Mean before.
    pub(super) before: f64,
    /// Mean after.
    pub(super) after: f64,
    /// p-value of the largest step among all places, by permutation.
    pub(super) p_value: f64,
    /// At once or little by little.
    pub(super) shape: ChangeShape,
}

/// Fewest values on either side.
const SIDE: usize = 2;
const PERMUTATIONS: usize = 999;

/// Largest `|t|`-like statistic over all places: the squared difference of the means over its share of the squares.
fn best(values: &[f64]) -> (usize, f64) {
    let n = values.len() as f64;
    let total: f64 = values.iter().sum();
    let mut sum = 0.0;
    let mut found = (SIDE, 0.0);
    for (place, value) in values.iter().enumerate() {
        sum += value;
        let left = (place + 1) as f64;
        if place + 1 < SIDE || values.len() - place - 1 < SIDE {
            continue;
        }
        let right = n - left;
        let gain = (sum / left - (total - sum) / right).powi(2) * left * right / n;
        if gain > found.1 {
            found = (place + 1, gain);
        }
    }
    found
}

fn squares(values: &[f64]) -> f64 {
    let mean = values.iter().sum::<f64>() / values.len().max(1) as f64;
    values.iter().map(|it| (it - mean).powi(2)).sum()
}

/// What a straight line leaves.
fn left_by_line(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let (mx, my) = ((n - 1.0) / 2.0, values.iter().sum::<f64>() / n);
    let (mut sxy, mut sxx) = (0.0, 0.0);
    for (x, y) in values.iter().enumerate() {
        sxy += (x as f64 - mx) * (y - my);
        sxx += (x as f64 - mx).powi(2);
    }
    squares(values) - if sxx > 0.0 { sxy * sxy / sxx } else { 0.0 }
}

/// The change of level of a series, if there is one: the best split in two, whose p-value is the share of random orders with a split as good.
/// A change is a trend when a straight line fits better than two levels. `None` for fewer than six values, or when chance explains it.
pub(super) fn step(values: &[f64]) -> Option<Step> {
    if values.len() < 6 || values.iter().any(|it| !it.is_finite()) {
        return None;
    }
    let (at, gain) = best(values);
    if gain <= 0.0 {
        return None;
    }
    let mut random = Random::new(0x57e9);
    let mut shuffled = values.to_vec();
    let mut as_good = 0usize;
    for _ in 0..PERMUTATIONS {
        random.shuffle(&mut shuffled);
        as_good += usize::from(best(&shuffled).1 >= gain * (1.0 - 1e-12));
        if as_good > PERMUTATIONS / 20 {
            return None;
        }
    }
    let p_value = (as_good + 1) as f64 / (PERMUTATIONS + 1) as f64;
    let mean = |part: &[f64]| part.iter().sum::<f64>() / part.len() as f64;
    let (left, right) = values.split_at(at);
    let two_levels = squares(left) + squares(right);
    let shape = if left_by_line(values) < two_levels { ChangeShape::Trend } else { ChangeShape::Step };
    (p_value <= 0.02).then(|| Step { at, before: mean(left), after: mean(right), p_value, shape })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn noise(random: &mut Random) -> f64 {
        (0..12).map(|_| random.below(1_000_000) as f64 / 1e6).sum::<f64>() - 6.0
    }

    #[test]
    fn a_step_and_a_trend_are_told_apart() {
        let mut random = Random::new(7);
        let step_series: Vec<f64> =
            (0..30).map(|it| if it < 20 { 0.9 } else { 0.8 } + 0.01 * noise(&mut random)).collect();
        let found = step(&step_series).unwrap();
        assert_eq!((found.at, found.shape), (20, ChangeShape::Step));
        let trend: Vec<f64> = (0..30).map(|it| 0.9 - 0.004 * f64::from(it) + 0.01 * noise(&mut random)).collect();
        assert_eq!(step(&trend).unwrap().shape, ChangeShape::Trend);
    }

    #[test]
    fn noise_seldom_steps() {
        let mut random = Random::new(11);
        let alarms =
            (0..200).filter(|_| step(&(0..24).map(|_| noise(&mut random)).collect::<Vec<_>>()).is_some()).count();
        assert!(alarms <= 10, "{alarms} of 200 at a level of 2 %");
    }
}

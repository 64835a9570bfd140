//! Isotonic regression: the increasing function of a score that fits what turned out to be true best.

/// A fitted function, linear between its points and constant outside of them.
#[derive(Debug, Clone, Default, PartialEq)]
pub(in crate::monitor) struct Isotonic {
    x: Vec<f64>,
    y: Vec<f64>,
}

impl Isotonic {
    /// Fits by pooling adjacent violators (Ayer et al. 1955) after equal scores were put together. Pairs with a score that is not finite are
    /// left out. Equals `sklearn.isotonic.IsotonicRegression(out_of_bounds="clip")`.
    pub(in crate::monitor) fn fit(pairs: impl Iterator<Item = (f64, f64)>) -> Self {
        let mut pairs: Vec<(f64, f64)> = pairs.filter(|it| it.0.is_finite() && it.1.is_finite()).collect();
        pairs.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        // Blocks of the pool: weight, sum of labels, first and last score.
        let mut groups: Vec<(f64, f64, f64)> = Vec::new();
        for (score, label) in pairs {
            match groups.last_mut() {
                Some(last) if last.0 == score => {
                    last.1 += label;
                    last.2 += 1.0;
                }
                _ => groups.push((score, label, 1.0)),
            }
        }
        let mut blocks: Vec<(f64, f64, f64, f64)> = Vec::new();
        for (score, sum, weight) in groups {
            let mut block = (score, score, sum, weight);
            while let Some(last) = blocks.last() {
                if last.2 / last.3 < block.2 / block.3 {
                    break;
                }
                block = (last.0, block.1, last.2 + block.2, last.3 + block.3);
                blocks.pop();
            }
            blocks.push(block);
        }
        let mut fitted = Self::default();
        for (from, to, sum, weight) in blocks {
            fitted.x.push(from);
            fitted.y.push(sum / weight);
            if to > from {
                fitted.x.push(to);
                fitted.y.push(sum / weight);
            }
        }
        fitted
    }

    /// Whether nothing was fitted.
    pub(in crate::monitor) fn is_empty(&self) -> bool {
        self.x.is_empty()
    }

    /// The value at a score.
    pub(in crate::monitor) fn at(&self, score: f64) -> f64 {
        let place = self.x.partition_point(|it| *it < score);
        let (Some(first), Some(last)) = (self.y.first(), self.y.last()) else { return score };
        if place == 0 {
            return *first;
        }
        let (Some(high_x), Some(high_y)) = (self.x.get(place), self.y.get(place)) else { return *last };
        let (low_x, low_y) = (self.x[place - 1], self.y[place - 1]);
        low_y + (high_y - low_y) * (score - low_x) / (high_x - low_x)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equals_scikit_learn() {
        // IsotonicRegression(out_of_bounds="clip").fit(x, y).predict(q) of scikit-learn 1.9.
        let x = [0.1, 0.2, 0.2, 0.35, 0.4, 0.5, 0.6, 0.6, 0.8, 0.9];
        let y = [0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 1.0, 1.0, 0.0, 1.0];
        let fitted = Isotonic::fit(x.into_iter().zip(y));
        let wanted = [
            (0.0, 0.0),
            (0.1, 0.0),
            (0.15, 1.0 / 6.0),
            (0.2, 1.0 / 3.0),
            (0.3, 1.0 / 3.0),
            (0.45, 0.5),
            (0.55, 7.0 / 12.0),
            (0.7, 2.0 / 3.0),
            (0.85, 5.0 / 6.0),
            (2.0, 1.0),
        ];
        for (score, value) in wanted {
            assert!((fitted.at(score) - value).abs() < 1e-12, "at {score}: {} instead of {value}", fitted.at(score));
        }
    }
}

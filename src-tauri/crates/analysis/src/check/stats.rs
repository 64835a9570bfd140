//! Small statistics over sorted numbers.

/// The quantile of ascending numbers (Hyndman-Fan 7). NaN if there are none.
pub fn quantile(sorted: &[f64], p: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return f64::NAN };
    let position = p.clamp(0.0, 1.0) * last as f64;
    let low = position.floor() as usize;
    let a = sorted.get(low).copied().unwrap_or(f64::NAN);
    let b = sorted.get(low + 1).copied().unwrap_or(a);
    a + (b - a) * position.fract()
}

/// Ascending finite numbers.
pub fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut out: Vec<f64> = values.filter(|v| v.is_finite()).collect();
    out.sort_unstable_by(f64::total_cmp);
    out
}

/// Median absolute deviation, scaled to the standard deviation of a normal distribution.
pub fn mad(sorted_values: &[f64]) -> f64 {
    let median = quantile(sorted_values, 0.5);
    let mut deviations: Vec<f64> = sorted_values.iter().map(|v| (v - median).abs()).filter(|v| v.is_finite()).collect();
    let Some(last) = deviations.len().checked_sub(1) else { return f64::NAN };
    let (_, low, above) = deviations.select_nth_unstable_by(last / 2, f64::total_cmp);
    let low = *low;
    let high = if last % 2 == 0 { low } else { above.iter().copied().fold(f64::INFINITY, f64::min) };
    1.4826 * (low + high) / 2.0
}

/// Greatest distance between two empirical distribution functions (two-sample Kolmogorov-Smirnov).
pub fn ks(a: &[f64], b: &[f64]) -> f64 {
    let (mut i, mut j, mut worst) = (0usize, 0usize, 0f64);
    while let (Some(x), Some(y)) = (a.get(i), b.get(j)) {
        let value = x.min(*y);
        while a.get(i).is_some_and(|v| *v <= value) {
            i += 1;
        }
        while b.get(j).is_some_and(|v| *v <= value) {
            j += 1;
        }
        worst = worst.max((i as f64 / a.len() as f64 - j as f64 / b.len() as f64).abs());
    }
    worst
}

/// Values with their counts, ascending.
pub fn counts(sorted_values: &[f64]) -> Vec<(f64, usize)> {
    let mut out: Vec<(f64, usize)> = Vec::new();
    for value in sorted_values {
        match out.last_mut() {
            Some((last, count)) if *last == *value => *count += 1,
            _ => out.push((*value, 1)),
        }
    }
    out
}

/// Levenshtein distance with transposition of neighbours, up to `limit`.
pub fn edits(a: &str, b: &str, limit: usize) -> Option<usize> {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    if a.len().abs_diff(b.len()) > limit {
        return None;
    }
    let mut before: Vec<usize> = vec![0; b.len() + 1];
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let at = |line: &[usize], k: usize| line.get(k).copied().unwrap_or(usize::MAX / 2);
            let mut best = (at(&last, j) + usize::from(x != y)).min(at(&last, j + 1) + 1).min(at(&row, j) + 1);
            if i > 0 && j > 0 && a.get(i - 1) == Some(y) && b.get(j - 1) == Some(x) {
                best = best.min(at(&before, j - 1) + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut last, row);
    }
    last.last().copied().filter(|distance| *distance <= limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        assert_eq!(edits("berlin", "berlni", 1), Some(1));
        assert_eq!(edits("berlin", "bern", 1), None);
        assert_eq!(ks(&[1.0, 2.0], &[3.0, 4.0]), 1.0);
        assert_eq!(ks(&[1.0, 2.0, 3.0], &[1.0, 2.0, 3.0]), 0.0);
    }
}

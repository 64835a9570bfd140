//! Statistics of two rows of counts or shares over the same categories or bins.

use statrs::function::gamma::{gamma_ur, ln_gamma};

/// A test of independence on a 2 x k table.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChiSquare {
    /// The statistic, 0 and up.
    pub statistic: f64,
    /// Degrees of freedom: categories with any count, less one.
    pub degrees: usize,
    /// Upper tail of the chi-square distribution, 0..1.
    pub p_value: f64,
}

fn contingency(a: &[u64], b: &[u64], cell: impl Fn(f64, f64) -> f64) -> Option<ChiSquare> {
    let (n, m) = (a.iter().sum::<u64>() as f64, b.iter().sum::<u64>() as f64);
    if n == 0.0 || m == 0.0 || a.len() != b.len() {
        return None;
    }
    let mut statistic = 0.0;
    let mut used = 0usize;
    for (&x, &y) in a.iter().zip(b) {
        let both = (x + y) as f64;
        if both == 0.0 {
            continue;
        }
        used += 1;
        statistic += cell(x as f64, both * n / (n + m)) + cell(y as f64, both * m / (n + m));
    }
    let degrees = used.saturating_sub(1);
    let p_value = if degrees == 0 || statistic <= 0.0 { 1.0 } else { gamma_ur(degrees as f64 / 2.0, statistic / 2.0) };
    Some(ChiSquare { statistic: statistic.max(0.0), degrees, p_value })
}

/// Pearson's chi-square `sum (O - E)^2 / E` on two rows of counts, without Yates' correction.
/// Equals `scipy.stats.chi2_contingency(correction=False)`. None when a row is empty.
pub fn chi_square(a: &[u64], b: &[u64]) -> Option<ChiSquare> {
    contingency(a, b, |observed, expected| (observed - expected).powi(2) / expected)
}

/// Likelihood-ratio (G) test `2 sum O ln(O / E)`.
/// Equals `scipy.stats.chi2_contingency(correction=False, lambda_="log-likelihood")`.
pub fn g_test(a: &[u64], b: &[u64]) -> Option<ChiSquare> {
    contingency(
        a,
        b,
        |observed, expected| if observed > 0.0 { 2.0 * observed * (observed / expected).ln() } else { 0.0 },
    )
}

/// Two-sided Fisher exact p-value of the table `[[a, b], [c, d]]`: the probability of all tables with these margins that are no more
/// likely than the one seen (with SciPy's relative slack of 1e-14). Equals `scipy.stats.fisher_exact`.
pub fn fisher_exact(a: u64, b: u64, c: u64, d: u64) -> f64 {
    let (row, column, total) = (a + b, a + c, a + b + c + d);
    let ln_choose =
        |n: u64, k: u64| ln_gamma(n as f64 + 1.0) - ln_gamma(k as f64 + 1.0) - ln_gamma((n - k) as f64 + 1.0);
    let low = (row + column).saturating_sub(total);
    let high = row.min(column);
    let base = ln_choose(total, column);
    let ln_p = |x: u64| ln_choose(row, x) + ln_choose(total - row, column - x) - base;
    let seen = ln_p(a) + 1e-9;
    let sum: f64 = (low..=high).map(ln_p).filter(|&p| p <= seen).map(f64::exp).sum();
    sum.min(1.0)
}

/// Largest sum for which [`unseen_p`] is computed exactly.
const EXACT_SUM: usize = 4_000;

/// p-value of "more rows than by chance hold a value that the first table never had", 0..1, one-sided.
///
/// Given all rows of both tables, chance deals them out: a value with `c` rows in all falls into the second table as a whole with
/// probability `(m / (n + m))^c`. The rows of unseen values are then a sum of independent `c_j`, whose distribution is added up exactly; the
/// normal one is taken where the sum is large. Values so frequent that chance never deals them all to one side count as impossible, which
/// is what makes a new value of ten rows in a thousand certain.
pub fn unseen_p(reference: &[u64], current: &[u64]) -> f64 {
    let (n, m) = (reference.iter().sum::<u64>() as f64, current.iter().sum::<u64>() as f64);
    let unseen: u64 = reference.iter().zip(current).filter(|(a, _)| **a == 0).map(|(_, b)| b).sum();
    if n == 0.0 || m == 0.0 || unseen == 0 {
        return 1.0;
    }
    let ratio = (m / (n + m)).ln();
    // How many values have so many rows in all.
    let mut sizes = std::collections::BTreeMap::<u64, u64>::new();
    for (x, y) in reference.iter().zip(current).filter(|(x, y)| **x + **y > 0) {
        *sizes.entry(x + y).or_default() += 1;
    }
    let chance = |size: u64| (size as f64 * ratio).exp();
    let values: u64 = sizes.iter().filter(|(size, _)| chance(**size) > 1e-15).map(|(_, count)| count).sum();
    if unseen as usize > EXACT_SUM || values as usize * unseen as usize > 4_000_000 {
        let (mut mean, mut variance) = (0.0, 0.0);
        for (size, count) in &sizes {
            let (p, size, count) = (chance(*size), *size as f64, *count as f64);
            mean += count * size * p;
            variance += count * size * size * p * (1.0 - p);
        }
        let z = (unseen as f64 - 0.5 - mean) / variance.sqrt().max(f64::MIN_POSITIVE);
        return super::normal_upper_tail(z);
    }
    // sums[s] is the probability of s rows so far; what reaches `unseen` is gathered at the end.
    let wanted = unseen as usize;
    let mut sums = vec![0.0f64; wanted + 1];
    sums[0] = 1.0;
    for (size, count) in sizes {
        let p = chance(size);
        if p <= 1e-15 {
            break;
        }
        for _ in 0..count {
            for from in (0..=wanted).rev() {
                let mass = sums[from];
                if mass == 0.0 || from == wanted {
                    continue;
                }
                sums[(from + size as usize).min(wanted)] += mass * p;
                sums[from] = mass * (1.0 - p);
            }
        }
    }
    sums[wanted].min(1.0)
}

fn shares(counts: &[f64]) -> Option<Vec<f64>> {
    let total: f64 = counts.iter().sum();
    (total > 0.0 && total.is_finite()).then(|| counts.iter().map(|c| c / total).collect())
}

/// Share below which a bin counts as this share in the population stability index, so that an empty bin stays finite.
pub const PSI_FLOOR: f64 = 1e-4;

/// Population stability index `sum (q - p) ln(q / p)` over shares p, q, each at least 1e-4; 0 and up (not bounded).
/// Usual reading: below 0.1 stable, above 0.25 changed (Siddiqi 2006), which ignores the number of rows.
pub fn population_stability_index(reference: &[f64], current: &[f64]) -> Option<f64> {
    let (p, q) = (shares(reference)?, shares(current)?);
    let term = |(p, q): (&f64, &f64)| {
        let (p, q) = (p.max(PSI_FLOOR), q.max(PSI_FLOOR));
        (q - p) * (q / p).ln()
    };
    Some(p.iter().zip(&q).map(term).sum())
}

/// Jensen-Shannon distance, the square root of the divergence in bits, 0..1.
/// Equals `scipy.spatial.distance.jensenshannon(p, q, base=2)`.
pub fn jensen_shannon_distance(reference: &[f64], current: &[f64]) -> Option<f64> {
    let (p, q) = (shares(reference)?, shares(current)?);
    let part = |x: f64, middle: f64| if x > 0.0 { x * (x / middle).log2() } else { 0.0 };
    let divergence: f64 =
        p.iter().zip(&q).map(|(&p, &q)| (part(p, (p + q) / 2.0) + part(q, (p + q) / 2.0)) / 2.0).sum();
    Some(divergence.clamp(0.0, 1.0).sqrt())
}

/// Hellinger distance `sqrt(1/2 sum (sqrt p - sqrt q)^2)`, 0..1.
pub fn hellinger(reference: &[f64], current: &[f64]) -> Option<f64> {
    let (p, q) = (shares(reference)?, shares(current)?);
    let sum: f64 = p.iter().zip(&q).map(|(p, q)| (p.sqrt() - q.sqrt()).powi(2)).sum();
    Some((sum / 2.0).sqrt().min(1.0))
}

/// Total variation distance `1/2 sum |p - q|`, 0..1: the share of rows that would have to be changed to make the two equal.
/// The plain estimate is too large in small samples; see [`corrected_total_variation`].
pub fn total_variation(reference: &[f64], current: &[f64]) -> Option<f64> {
    let (p, q) = (shares(reference)?, shares(current)?);
    Some(p.iter().zip(&q).map(|(p, q)| (p - q).abs()).sum::<f64>() / 2.0)
}

/// Largest difference of a share, `max |p - q|`, 0..1.
pub fn l_infinity(reference: &[f64], current: &[f64]) -> Option<f64> {
    let (p, q) = (shares(reference)?, shares(current)?);
    Some(p.iter().zip(&q).map(|(p, q)| (p - q).abs()).fold(0.0, f64::max))
}

/// Total variation without its upward bias, and its standard error.
///
/// Each `|p - q|` has the standard error `s` and, when nothing differs, the expectation `s sqrt(2/pi)`, which adds up over many
/// categories. With `z = |p - q| / s` each term is replaced by `s (z - sqrt(2/pi) sqrt(3) exp(-z^2))`: its expectation is zero when
/// nothing differs (E exp(-Z^2) = 1/sqrt(3)) and it becomes `|p - q|` as the difference grows; in between it is a little too small,
/// so that an alarm never comes from the correction. The standard error is that of `sum sign(p - q) (p - q) / 2`, exact for
/// multinomial counts when the signs are known.
pub fn corrected_total_variation(reference: &[u64], current: &[u64]) -> Option<(f64, f64)> {
    let (n, m) = (reference.iter().sum::<u64>() as f64, current.iter().sum::<u64>() as f64);
    if n == 0.0 || m == 0.0 || reference.len() != current.len() {
        return None;
    }
    let (mut sum, mut tilt_p, mut tilt_q) = (0.0, 0.0, 0.0);
    for (&x, &y) in reference.iter().zip(current) {
        let (p, q) = (x as f64 / n, y as f64 / m);
        let pooled = (x + y) as f64 / (n + m);
        let error = (pooled * (1.0 - pooled) * (1.0 / n + 1.0 / m)).sqrt();
        if error > 0.0 {
            let z = (p - q).abs() / error;
            sum += error * (z - (2.0 / std::f64::consts::PI).sqrt() * 3f64.sqrt() * (-z * z).exp());
        } else {
            sum += (p - q).abs();
        }
        tilt_p += (p - q).signum() * p;
        tilt_q += (p - q).signum() * q;
    }
    let variance = ((1.0 - tilt_p * tilt_p).max(0.0) / n + (1.0 - tilt_q * tilt_q).max(0.0) / m) / 4.0;
    Some(((sum / 2.0).clamp(0.0, 1.0), variance.sqrt()))
}

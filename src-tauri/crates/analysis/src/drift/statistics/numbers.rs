//! Statistics of two samples of numbers. All take both samples sorted ascending and free of NaN.

/// Largest distance between two empirical distribution functions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ks {
    /// `sup |F_a(x) - F_b(x)|`, 0..1.
    pub distance: f64,
    /// Where it is reached.
    pub at: f64,
    /// F_a there.
    pub cdf_a: f64,
    /// F_b there.
    pub cdf_b: f64,
}

/// Walks two sorted samples value by value and hands on `(value, copies in a, copies in b)`.
fn walk(a: &[f64], b: &[f64], mut each: impl FnMut(f64, usize, usize)) {
    let (mut i, mut j) = (0, 0);
    while i < a.len() || j < b.len() {
        let value = match (a.get(i), b.get(j)) {
            (Some(&x), Some(&y)) => x.min(y),
            (Some(&x), None) => x,
            (None, Some(&y)) => y,
            (None, None) => return,
        };
        let (from_i, from_j) = (i, j);
        while i < a.len() && a[i] <= value {
            i += 1;
        }
        while j < b.len() && b[j] <= value {
            j += 1;
        }
        if i == from_i && j == from_j {
            // Only a NaN compares with nothing; the walk must end all the same.
            return;
        }
        each(value, i - from_i, j - from_j);
    }
}

/// Two-sample Kolmogorov-Smirnov distance `sup |F_a - F_b|`, 0..1; None when a sample is empty.
/// Equals the statistic of `scipy.stats.ks_2samp`.
pub fn kolmogorov_smirnov(a: &[f64], b: &[f64]) -> Option<Ks> {
    if a.is_empty() || b.is_empty() {
        return None;
    }
    let (n, m) = (a.len() as f64, b.len() as f64);
    let (mut seen_a, mut seen_b) = (0usize, 0usize);
    let mut best = Ks { distance: 0.0, at: a[0], cdf_a: 0.0, cdf_b: 0.0 };
    walk(a, b, |value, in_a, in_b| {
        seen_a += in_a;
        seen_b += in_b;
        let (cdf_a, cdf_b) = (seen_a as f64 / n, seen_b as f64 / m);
        let distance = (cdf_a - cdf_b).abs();
        if distance > best.distance {
            best = Ks { distance, at: value, cdf_a, cdf_b };
        }
    });
    Some(best)
}

/// p-value of a KS distance: exact up to `n * m = 4,000,000`, the asymptotic one beyond it.
/// SciPy's `method="auto"` is exact up to 10,000 rows of the larger sample; the two agree to about 1 % beyond our limit.
pub fn ks_p_value(distance: f64, n: usize, m: usize) -> f64 {
    if n.saturating_mul(m) <= 4_000_000 { ks_p_exact(distance, n, m) } else { ks_p_asymptotic(distance, n, m) }
}

/// Exact two-sided p-value: the share of lattice paths from (0,0) to (n,m) that reach the boundary `|i/n - j/m| >= distance`.
///
/// Recursion over the last step of a random path, `P(i,j) = (i P(i-1,j) + j P(i,j-1)) / (i+j)`, with P = 1 on and beyond the
/// boundary (Hodges 1958). Costs n * m steps. Exact without ties, conservative with them. Equals
/// `scipy.stats.ks_2samp(method="exact")`.
pub fn ks_p_exact(distance: f64, n: usize, m: usize) -> f64 {
    if n == 0 || m == 0 || !distance.is_finite() {
        return f64::NAN;
    }
    // The distance is a multiple of 1/(n m); the boundary is compared in whole numbers so that rounding cannot move it.
    let bound = (distance * n as f64 * m as f64).round() as i128;
    if bound <= 0 {
        return 1.0;
    }
    let outside = |i: usize, j: usize| (i as i128 * m as i128 - j as i128 * n as i128).abs() >= bound;
    let mut row = vec![0.0f64; m + 1];
    for (j, cell) in row.iter_mut().enumerate() {
        *cell = if outside(0, j) { 1.0 } else { 0.0 };
    }
    for j in 1..=m {
        row[j] = row[j].max(row[j - 1]);
    }
    for i in 1..=n {
        row[0] = if outside(i, 0) || row[0] >= 1.0 { 1.0 } else { 0.0 };
        for j in 1..=m {
            row[j] = if outside(i, j) { 1.0 } else { (row[j] * i as f64 + row[j - 1] * j as f64) / (i + j) as f64 };
        }
    }
    row[m].clamp(0.0, 1.0)
}

/// Asymptotic two-sided p-value: Kolmogorov's limit `2 sum (-1)^(k-1) exp(-2 k^2 z^2)` at `z = distance * sqrt(nm/(n+m))`.
/// Equals `scipy.special.kolmogorov(z)`.
pub fn ks_p_asymptotic(distance: f64, n: usize, m: usize) -> f64 {
    if n == 0 || m == 0 || !distance.is_finite() {
        return f64::NAN;
    }
    let z = distance * (n as f64 * m as f64 / (n as f64 + m as f64)).sqrt();
    if z <= 0.0 {
        return 1.0;
    }
    if z < 0.82 {
        // The theta-function dual converges where the alternating series does not.
        let w = std::f64::consts::PI.powi(2) / (8.0 * z * z);
        let sum: f64 = (1..=20).map(|k| (-((2 * k - 1) as f64).powi(2) * w).exp()).sum();
        return (1.0 - (2.0 * std::f64::consts::PI).sqrt() / z * sum).clamp(0.0, 1.0);
    }
    let mut sum = 0.0;
    let mut sign = 1.0;
    for k in 1..=100 {
        let term = (-2.0 * (k as f64).powi(2) * z * z).exp();
        sum += sign * term;
        if term < 1e-18 * sum {
            break;
        }
        sign = -sign;
    }
    (2.0 * sum).clamp(0.0, 1.0)
}

/// Two-sample Cramér-von Mises statistic T, with mid-ranks for ties; 0 and up.
///
/// `U = n sum (r_i - i)^2 + m sum (s_j - j)^2`, `T = U / (nm(n+m)) - (4nm - 1) / (6(n+m))` (Anderson 1962).
/// Equals the statistic of `scipy.stats.cramervonmises_2samp`.
pub fn cramer_von_mises(a: &[f64], b: &[f64]) -> Option<f64> {
    if a.len() < 2 || b.len() < 2 {
        return None;
    }
    let (n, m) = (a.len() as f64, b.len() as f64);
    let (mut seen_a, mut seen_b) = (0usize, 0usize);
    let (mut sum_a, mut sum_b) = (0.0f64, 0.0f64);
    walk(a, b, |_, in_a, in_b| {
        let rank = (seen_a + seen_b) as f64 + ((in_a + in_b) as f64 + 1.0) / 2.0;
        sum_a += squared_gaps(rank, seen_a, in_a);
        sum_b += squared_gaps(rank, seen_b, in_b);
        seen_a += in_a;
        seen_b += in_b;
    });
    let u = n * sum_a + m * sum_b;
    Some(u / (n * m * (n + m)) - (4.0 * n * m - 1.0) / (6.0 * (n + m)))
}

/// `sum over i in seen+1..=seen+copies of (rank - i)^2`, in closed form so that many ties cost nothing.
fn squared_gaps(rank: f64, seen: usize, copies: usize) -> f64 {
    if copies == 0 {
        return 0.0;
    }
    let c = copies as f64;
    let middle = seen as f64 + (c + 1.0) / 2.0;
    c * (rank - middle).powi(2) + c * (c * c - 1.0) / 12.0
}

/// The two-sample Anderson-Darling statistic.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AndersonDarling {
    /// `A2akN`, mid-rank version.
    pub raw: f64,
    /// `(A2akN - 1) / sigma`: about standardised when nothing drifts; can be negative.
    pub standardised: f64,
}

/// Anderson-Darling statistic of two samples, mid-rank version for ties (Scholz and Stephens 1987, eq. 7).
/// `standardised` equals the statistic of `scipy.stats.anderson_ksamp(midrank=True)`. None below 2 rows or when all values are equal.
pub fn anderson_darling(a: &[f64], b: &[f64]) -> Option<AndersonDarling> {
    anderson_darling_over((a.len() as u64, b.len() as u64), |each| walk(a, b, |_, x, y| each(x as u64, y as u64)))
}

/// The same for values that were only counted by bins in ascending order: all values of a bin count as equal.
pub fn anderson_darling_of_counts(a: &[u64], b: &[u64]) -> Option<AndersonDarling> {
    anderson_darling_over((a.iter().sum(), b.iter().sum()), |each| {
        for (x, y) in a.iter().zip(b).filter(|(x, y)| **x + **y > 0) {
            each(*x, *y);
        }
    })
}

fn anderson_darling_over(rows: (u64, u64), visit: impl FnOnce(&mut dyn FnMut(u64, u64))) -> Option<AndersonDarling> {
    let (n, m) = (rows.0 as f64, rows.1 as f64);
    let total = n + m;
    if rows.0 < 2 || rows.1 < 2 {
        return None;
    }
    let (mut seen_a, mut seen_all, mut distinct) = (0.0f64, 0.0f64, 0usize);
    let (mut inner_a, mut inner_b) = (0.0f64, 0.0f64);
    visit(&mut |in_a, in_b| {
        distinct += 1;
        let copies = (in_a + in_b) as f64;
        let below = seen_all + copies / 2.0;
        let below_a = seen_a + in_a as f64 / 2.0;
        let below_b = below - below_a;
        let scale = below * (total - below) - total * copies / 4.0;
        if scale > 0.0 {
            inner_a += copies / total * (total * below_a - below * n).powi(2) / scale;
            inner_b += copies / total * (total * below_b - below * m).powi(2) / scale;
        }
        seen_a += in_a as f64;
        seen_all += copies;
    });
    if distinct < 2 {
        return None;
    }
    let raw = (inner_a / n + inner_b / m) * (total - 1.0) / total;
    let reciprocal = 1.0 / n + 1.0 / m;
    let (running, g) = harmonics(rows.0 + rows.1);
    let h = running + 1.0;
    let k = 2.0f64;
    let c3 = (4.0 * g - 6.0) * (k - 1.0) + (10.0 - 6.0 * g) * reciprocal;
    let c2 = (2.0 * g - 4.0) * k * k + 8.0 * h * k + (2.0 * g - 14.0 * h - 4.0) * reciprocal - 8.0 * h + 4.0 * g - 6.0;
    let c1 = (6.0 * h + 2.0 * g - 2.0) * k * k + (4.0 * h - 4.0 * g + 6.0) * k + (2.0 * h - 6.0) * reciprocal + 4.0 * h;
    let c0 = (2.0 * h + 6.0) * k * k - 4.0 * h * k;
    let variance =
        (c3 * total.powi(3) + c2 * total * total + c1 * total + c0) / ((total - 1.0) * (total - 2.0) * (total - 3.0));
    (variance > 0.0).then(|| AndersonDarling { raw, standardised: (raw - 1.0) / variance.sqrt() })
}

/// `sum_{i=1}^{N-1} 1/i - 1` and `sum_{i=1}^{N-2} sum_{j=i+1}^{N-1} 1 / ((N-i) j)` of Scholz and Stephens. The second sum tends to pi^2/6
/// like `ln N / N`, so that beyond ten million rows its limit is taken (relative error under 2e-6).
fn harmonics(count: u64) -> (f64, f64) {
    const EXACT: u64 = 10_000_000;
    let (mut running, mut g) = (0.0f64, 0.0f64);
    for i in 2..count.min(EXACT) {
        running += 1.0 / (count - i + 1) as f64;
        g += running / i as f64;
    }
    if count > EXACT {
        let n = count as f64 - 1.0;
        running = n.ln() + 0.577_215_664_901_532_9 + 1.0 / (2.0 * n) - 1.0;
        g = std::f64::consts::PI.powi(2) / 6.0;
    }
    (running, g)
}

/// Wasserstein-1 (earth mover's) distance `integral |F_a - F_b| dx`, in the column's unit, 0 and up; infinite values must be taken
/// out before. Equals `scipy.stats.wasserstein_distance`.
pub fn wasserstein(a: &[f64], b: &[f64]) -> Option<f64> {
    if a.is_empty() || b.is_empty() {
        return None;
    }
    let (n, m) = (a.len() as f64, b.len() as f64);
    let (mut seen_a, mut seen_b, mut sum) = (0usize, 0usize, 0.0f64);
    let mut last: Option<f64> = None;
    walk(a, b, |value, in_a, in_b| {
        if let Some(last) = last {
            sum += (seen_a as f64 / n - seen_b as f64 / m).abs() * (value - last);
        }
        seen_a += in_a;
        seen_b += in_b;
        last = Some(value);
    });
    Some(sum)
}

/// Energy distance `sqrt(2 integral (F_a - F_b)^2 dx)`, in the square root of the column's unit, 0 and up; infinite values must be taken
/// out before. Equals `scipy.stats.energy_distance` (Székely and Rizzo 2013).
pub fn energy_distance(a: &[f64], b: &[f64]) -> Option<f64> {
    if a.is_empty() || b.is_empty() {
        return None;
    }
    let (n, m) = (a.len() as f64, b.len() as f64);
    let (mut seen_a, mut seen_b, mut sum) = (0usize, 0usize, 0.0f64);
    let mut last: Option<f64> = None;
    walk(a, b, |value, in_a, in_b| {
        if let Some(last) = last {
            sum += (seen_a as f64 / n - seen_b as f64 / m).powi(2) * (value - last);
        }
        seen_a += in_a;
        seen_b += in_b;
        last = Some(value);
    });
    Some((2.0 * sum).sqrt())
}

/// Quantile `q` in 0..=1 of a sorted sample with linear interpolation (type 7, NumPy's default); NaN when it is empty.
pub fn quantile_sorted(sorted: &[f64], q: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return f64::NAN };
    let position = q.clamp(0.0, 1.0) * last as f64;
    let low = position.floor() as usize;
    let high = (low + 1).min(last);
    let weight = position - low as f64;
    if weight == 0.0 || sorted[low] == sorted[high] {
        return sorted[low];
    }
    sorted[low] + (sorted[high] - sorted[low]) * weight
}

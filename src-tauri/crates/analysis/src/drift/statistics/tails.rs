//! Tails of the limit distributions of the Cramér-von Mises and Anderson-Darling statistics, without tables.
//!
//! Both limits are sums `Q = sum lambda_j Z_j^2` of independent squared normals with distinct weights. Smirnov (1936) gives
//!
//! `P(Q > x) = 1/pi sum_k (-1)^(k+1) integral_{a_(2k-1)}^{a_(2k)} exp(-x u / 2) / (u sqrt(|D(u)|)) du`,
//!
//! where `a_j = 1 / lambda_j` ascending and `D(u) = product (1 - u / a_j)`, which both limits have in closed form. The integrand is
//! infinite like an inverse square root at both ends; `u` is written as a function of `s = centre + half sin(phi)`, which makes it smooth,
//! so that the midpoint rule converges faster than any power of its step.

use std::f64::consts::PI;

use super::numbers::AndersonDarling;

const STEPS: usize = 96;
const MOST_TERMS: usize = 400;

/// One of the two limits, by its variable `s`.
struct Limit {
    /// Centre and half-width in `s` of the k-th interval between an odd and an even zero, k from 1.
    interval: fn(f64) -> (f64, f64),
    /// `u` of `s`.
    u: fn(f64) -> f64,
    /// `|du / ds| / (u sqrt(|D(u)|))` at `s`.
    density: fn(f64) -> f64,
}

fn upper_tail(limit: &Limit, x: f64) -> f64 {
    if x.is_nan() {
        return f64::NAN;
    }
    // Below this neither limit has any mass that a double could show, and the alternating sum would need many terms.
    if x < 0.003 {
        return 1.0;
    }
    let mut sum = 0.0;
    for k in 1..=MOST_TERMS {
        let (centre, half) = (limit.interval)(k as f64);
        let mut part = 0.0;
        for step in 0..STEPS {
            let phi = ((step as f64 + 0.5) / STEPS as f64 - 0.5) * PI;
            let s = centre + half * phi.sin();
            part += (-x * (limit.u)(s) / 2.0).exp() * (limit.density)(s) * half * phi.cos();
        }
        part *= PI / STEPS as f64;
        sum += if k % 2 == 1 { part } else { -part };
        if part <= 1e-17 * sum.abs() {
            break;
        }
    }
    (sum / PI).clamp(0.0, 1.0)
}

/// Upper tail of the Anderson-Darling limit, `lambda_j = 1 / (j (j + 1))`, 0..1: p-value of `AndersonDarling::raw` for two samples of
/// which neither is tiny (from about 10 rows on). With many ties it errs to the safe side.
pub fn anderson_darling_p(statistic: &AndersonDarling) -> f64 {
    anderson_darling_tail(statistic.raw)
}

/// The same for any value of the limit; see [`anderson_darling_p`].
pub(super) fn anderson_darling_tail(x: f64) -> f64 {
    // D(u) = -cos(pi/2 sqrt(1 + 4u)) / (pi u) with s = sqrt(1 + 4u), whose zeros are at s = 3, 5, 7, …
    let limit = Limit {
        interval: |k| (4.0 * k, 1.0),
        u: |s| (s * s - 1.0) / 4.0,
        density: |s| {
            let u = (s * s - 1.0) / 4.0;
            (s / 2.0) / u * (PI * u / (PI * s / 2.0).cos().abs()).sqrt()
        },
    };
    upper_tail(&limit, x)
}

/// Upper tail of the Cramér-von Mises limit, `lambda_j = 1 / (j pi)^2`, 0..1.
pub(super) fn cramer_von_mises_tail(x: f64) -> f64 {
    // D(u) = sin(sqrt u) / sqrt u with s = sqrt u, whose zeros are at s = pi, 2 pi, …
    let limit = Limit {
        interval: |k| ((2.0 * k - 0.5) * PI, PI / 2.0),
        u: |s| s * s,
        density: |s| 2.0 * s / (s * s) * (s / s.sin().abs()).sqrt(),
    };
    upper_tail(&limit, x)
}

/// p-value of the two-sample Cramér-von Mises statistic: the statistic is brought to the mean and variance that it has for samples of
/// these sizes (Anderson 1962, eq. 3), then held against the limit. Equals `scipy.stats.cramervonmises_2samp(method="asymptotic")`.
pub fn cramer_von_mises_p(statistic: f64, n: usize, m: usize) -> f64 {
    if n < 2 || m < 2 || !statistic.is_finite() {
        return f64::NAN;
    }
    let (n, m) = (n as f64, m as f64);
    let (all, product) = (n + m, n * m);
    let mean = (1.0 + 1.0 / all) / 6.0;
    let variance = (all + 1.0) * (4.0 * product * all - 3.0 * (n * n + m * m) - 2.0 * product)
        / (45.0 * all * all * 4.0 * product);
    cramer_von_mises_tail(1.0 / 6.0 + (statistic - mean) / (45.0 * variance).sqrt())
}

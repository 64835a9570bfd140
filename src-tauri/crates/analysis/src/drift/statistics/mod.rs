//! The statistics of a comparison: pure functions on slices.
//!
//! Every function states its formula, its range and its source, and equals SciPy, scikit-learn or statsmodels to a relative 1e-9
//! unless it says otherwise (`tests/fixtures/statistics/drift.json`, written by `drift.py` beside it).

mod auc;
mod counts;
mod many;
mod numbers;
mod tails;

pub use auc::{Auc, auc_interval, delong, mann_whitney_null_variance, roc_points};
pub use counts::{
    ChiSquare, chi_square, corrected_total_variation, fisher_exact, g_test, hellinger, jensen_shannon_distance,
    l_infinity, population_stability_index, total_variation, unseen_p,
};
pub use many::benjamini_hochberg;
pub use numbers::{
    AndersonDarling, Distances, Ks, anderson_darling, anderson_darling_of_counts, cramer_von_mises, distances,
    energy_distance, kolmogorov_smirnov, ks_p_asymptotic, ks_p_exact, ks_p_value, quantile_sorted, wasserstein,
};
pub use tails::{anderson_darling_p, cramer_von_mises_p};

use statrs::function::erf::erfc;

/// Two-sided 95 % point of the standard normal distribution.
pub const Z95: f64 = 1.959_963_984_540_054;

/// Upper tail of the standard normal distribution, P(Z > z), in 0..1.
pub fn normal_upper_tail(z: f64) -> f64 {
    0.5 * erfc(z / std::f64::consts::SQRT_2)
}

#[cfg(test)]
mod tests;

//! The logistic half of the domain classifier, on linfa.

use linfa::DatasetBase;
use linfa::traits::Fit;
use linfa_logistic::LogisticRegression;
use ndarray::{Array1, Array2, ShapeBuilder};

use super::features::{Feature, Term};
use crate::drift::random::Random;

/// Cells of the design matrix beyond which rows are sampled, so that a fold takes about half a second.
const MAX_CELLS: usize = 1_200_000;
const MAX_ITERATIONS: u64 = 25;
/// Numeric columns among which pairs are searched.
const MAX_PAIRED: usize = 60;
/// Pairs that get a term of their own.
const MAX_PAIRS: usize = 12;

/// Weights of the terms.
#[derive(Debug, Default)]
pub(crate) struct Logistic {
    weights: Vec<(Term, f64)>,
    intercept: f64,
}

impl Logistic {
    /// Fits "is from the current table" on the given rows. None when linfa finds no solution, which the caller says.
    pub(crate) fn fit(
        features: &[Feature],
        terms: &[Term],
        rows: &[usize],
        is_current: &[bool],
        random: &mut Random,
    ) -> Option<Self> {
        let mut terms = terms.to_vec();
        terms.extend(pairs(features, rows, is_current));
        if terms.is_empty() || rows.len() < 4 {
            return None;
        }
        let limit = (MAX_CELLS / terms.len()).max(1000);
        let rows: Vec<usize> = random.sample(rows.len(), limit).into_iter().map(|i| rows[i]).collect();
        let positives = rows.iter().filter(|r| is_current[**r]).count();
        if positives == 0 || positives == rows.len() {
            return None;
        }
        // By columns: linfa multiplies the transposed matrix with a vector at each step, which then reads memory in its order.
        let cells: Vec<f64> =
            terms.iter().flat_map(|term| rows.iter().map(|row| term.value(features, |_| *row))).collect();
        let x = Array2::from_shape_vec((rows.len(), terms.len()).f(), cells).ok()?;
        let y: Array1<usize> = rows.iter().map(|r| usize::from(is_current[*r])).collect();
        let fitted = LogisticRegression::default()
            .alpha(0.002 * rows.len() as f64 + 1.0)
            .max_iterations(MAX_ITERATIONS)
            .gradient_tolerance(1e-3)
            .fit(&DatasetBase::new(x, y))
            .ok()?;
        let sign = if fitted.labels().pos.class == 1 { 1.0 } else { -1.0 };
        let weights: Vec<(Term, f64)> = terms.into_iter().zip(fitted.params().iter().map(|w| sign * w)).collect();
        let intercept = sign * fitted.intercept();
        (intercept.is_finite() && weights.iter().all(|(_, w)| w.is_finite())).then_some(Self { weights, intercept })
    }

    /// Log-odds of "current", where `row(feature)` says from which row a feature is read.
    pub(crate) fn log_odds(&self, features: &[Feature], row: impl Fn(usize) -> usize) -> f64 {
        self.intercept + self.weights.iter().map(|(term, w)| w * term.value(features, &row)).sum::<f64>()
    }
}

/// Products of two numeric columns whose mean differs most between the tables in the training rows: what a change of correlation leaves
/// behind when no column changes by itself. Only pairs beyond two standard errors are taken.
fn pairs(features: &[Feature], rows: &[usize], is_current: &[bool]) -> Vec<Term> {
    let numeric: Vec<usize> =
        (0..features.len()).filter(|f| !features[*f].values.is_empty()).take(MAX_PAIRED).collect();
    let budget = 40_000_000usize;
    let count = numeric.len() * numeric.len().saturating_sub(1) / 2;
    if count == 0 {
        return Vec::new();
    }
    let step = (rows.len() * count / budget).max(1);
    let taken: Vec<usize> = rows.iter().copied().step_by(step).collect();
    let mut found: Vec<(f64, Term)> = Vec::new();
    for (i, &f) in numeric.iter().enumerate() {
        for &g in &numeric[i + 1..] {
            let mut sums = [[0.0f64; 3]; 2];
            let (a, b) = (&features[f].values, &features[g].values);
            for &row in &taken {
                let product = f64::from(a[row] * b[row]);
                let side = &mut sums[usize::from(is_current[row])];
                side[0] += 1.0;
                side[1] += product;
                side[2] += product * product;
            }
            let moments = |s: [f64; 3]| (s[1] / s[0], (s[2] / s[0] - (s[1] / s[0]).powi(2)).max(0.0) / s[0]);
            let ((mean_0, error_0), (mean_1, error_1)) = (moments(sums[0]), moments(sums[1]));
            let z = (mean_0 - mean_1).abs() / (error_0 + error_1).sqrt();
            if z.is_finite() && z > 2.0 {
                found.push((z, Term::Product(f, g)));
            }
        }
    }
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    found.into_iter().take(MAX_PAIRS).map(|(_, term)| term).collect()
}

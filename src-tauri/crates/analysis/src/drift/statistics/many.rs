/// Benjamini-Hochberg adjusted p-values: `min over j >= i of p_(j) * m / j`, at most 1, in the order given.
///
/// Controls the expected share of false discoveries; when nothing drifts at all it controls the chance of any alarm.
/// NaN stays NaN and is not counted. Source: Benjamini and Hochberg 1995; equals `scipy.stats.false_discovery_control`.
pub fn benjamini_hochberg(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len()).filter(|&i| !p_values[i].is_nan()).collect();
    order.sort_by(|&a, &b| p_values[a].total_cmp(&p_values[b]));
    let mut adjusted = vec![f64::NAN; p_values.len()];
    let m = order.len() as f64;
    let mut smallest = 1.0f64;
    for (position, &index) in order.iter().enumerate().rev() {
        smallest = smallest.min(p_values[index] * m / (position as f64 + 1.0));
        adjusted[index] = smallest;
    }
    adjusted
}

//! One column: what is measured, and what is decided once all p-values are known.

use std::collections::BTreeMap;

use proofmark_domain::counts::grouped;
use proofmark_domain::drift::{ColumnDrift, DriftChange, DriftShape, DriftVerdict};

use super::DriftOptions;
use super::change::{self, Border};
use super::columns::Values;
use super::sentinel::{self, Replaced, Sentinel};
use super::statistics::{
    AndersonDarling, Distances, Z95, anderson_darling_of_counts, anderson_darling_p, chi_square,
    corrected_total_variation, cramer_von_mises_p, distances, energy_distance, fisher_exact, g_test, hellinger,
    jensen_shannon_distance, ks_p_asymptotic, ks_p_value, l_infinity, population_stability_index, quantile_sorted,
    total_variation, unseen_p, wasserstein,
};

mod categories;

pub(super) use categories::counted;

/// Half-width of the interval up to which "no difference was found" may be called no drift. 0.15 is reached at about 85 rows per table:
/// a shift of half a standard deviation (KS 0.20) would then mostly have been found.
const VISIBLE: f64 = 0.15;
/// Bins of the figure of a numeric column.
const FIGURE_BINS: usize = 30;
/// Categories of the figure and of the tests; the rest are `(other)`.
const TOP_CATEGORIES: usize = 50;
const FIGURE_CATEGORIES: usize = 20;

/// One way in which a column can change.
#[derive(Debug, Clone)]
struct Aspect {
    change: DriftChange,
    effect: f64,
    interval: (f64, f64),
    p_value: f64,
    threshold: f64,
    words: String,
}

/// What was measured on one column.
#[derive(Debug, Clone)]
pub(super) struct Measured {
    name: String,
    aspects: Vec<Aspect>,
    /// Unit, writing or precision that explains the difference.
    explained: Option<(DriftChange, String)>,
    /// Whether that was undone before the values were compared.
    undone: bool,
    note: Option<String>,
    statistics: BTreeMap<String, f64>,
    shape: Option<DriftShape>,
    n: (u64, u64),
    /// Decimals to which both sides were rounded.
    pub(super) rounded: Option<u32>,
}

impl Measured {
    /// The column's p-value: the smallest of its tests times their number.
    pub(super) fn p_value(&self) -> Option<f64> {
        let smallest = self.aspects.iter().map(|a| a.p_value).filter(|p| !p.is_nan()).reduce(f64::min)?;
        Some((smallest * self.aspects.len() as f64).min(1.0))
    }
}

/// Measures one column of both tables. `written` says how the same values are written otherwise, where that was undone to compare them.
pub(super) fn measure(name: &str, values: &Values, written: Option<String>, options: &DriftOptions) -> Measured {
    let (mut measured, replaced, rows) = match values {
        Values::Numbers { reference, current } => {
            let rows = (reference.len() as u64, current.len() as u64);
            let (a, b) = (sorted(reference), sorted(current));
            let replaced = sentinel::of_numbers(&a, &b, rows);
            (numbers(name, (a, b), Border::of(reference, current), options), replaced, rows)
        }
        Values::Categories { names, reference, current } => {
            let rows = (reference.len() as u64, current.len() as u64);
            let count = |codes: &[u32]| sentinel::counts(codes, names.len());
            let (a, b) = (count(reference), count(current));
            (counted(name, names, &a, &b, options), sentinel::of_categories(names, &a, &b, rows), rows)
        }
    };
    add_missing(&mut measured, rows, options);
    add_replaced(&mut measured, replaced, rows, options);
    if let Some(words) = written {
        measured.explained = Some((DriftChange::Encoding, words));
        measured.undone = true;
    }
    measured
}

/// A column of moments that are written otherwise in every row.
pub(super) fn rewritten(name: &str, words: String, n: (u64, u64), options: &DriftOptions) -> Measured {
    let (low, high) = wilson(n.1, n.1);
    let aspect = Aspect {
        change: DriftChange::Encoding,
        effect: 1.0,
        interval: (low, high),
        p_value: two_shares(0, n.0, n.1, n.1),
        threshold: options.effect_threshold,
        words,
    };
    Measured {
        name: name.to_owned(),
        aspects: vec![aspect],
        explained: None,
        undone: false,
        note: None,
        statistics: BTreeMap::new(),
        shape: None,
        n,
        rounded: None,
    }
}

/// Adds that rows without a value are written otherwise. A model takes a stand-in that it does not know for a value, so as of new values a
/// tenth of the tolerated effect is tolerated.
pub(super) fn add_replaced(
    measured: &mut Measured,
    replaced: Option<Replaced>,
    rows: (u64, u64),
    options: &DriftOptions,
) {
    let Some(Replaced { before, after, rows: (x, y) }) = replaced else { return };
    let words = |it: &Sentinel| match it {
        Sentinel::Missing => "no value".to_owned(),
        Sentinel::Number(it) => short(*it),
        Sentinel::Word(it) => format!("\"{it}\""),
    };
    let share = |count: u64, of: u64| percent(count as f64 / of.max(1) as f64);
    measured.aspects.push(Aspect {
        change: DriftChange::Encoding,
        effect: y as f64 / rows.1.max(1) as f64,
        interval: wilson(y, rows.1),
        p_value: match after {
            Sentinel::Missing => two_shares(x, rows.0, 0, rows.1),
            _ => two_shares(0, rows.0, y, rows.1),
        },
        threshold: options.effect_threshold / 10.0,
        words: format!(
            "what stands for a missing value changed: {} of the reference rows have {}, and {} of the current rows have {} in its place",
            share(x, rows.0),
            words(&before),
            share(y, rows.1),
            words(&after),
        ),
    });
}

/// Adds the share of rows without a value, given the rows of both tables.
pub(super) fn add_missing(measured: &mut Measured, rows: (u64, u64), options: &DriftOptions) {
    let missing = (rows.0 - measured.n.0.min(rows.0), rows.1 - measured.n.1.min(rows.1));
    if rows.0 == 0 || rows.1 == 0 || measured.n == (0, 0) {
        return;
    }
    let (p, q) = (missing.0 as f64 / rows.0 as f64, missing.1 as f64 / rows.1 as f64);
    measured.statistics.insert("missing_reference".to_owned(), p);
    measured.statistics.insert("missing_current".to_owned(), q);
    if missing.0 + missing.1 > 0 {
        let effect = (p - q).abs();
        let half = Z95 * error_of_difference(missing.0, rows.0 as usize, missing.1, rows.1 as usize);
        measured.aspects.push(Aspect {
            change: DriftChange::Nulls,
            effect,
            interval: ((effect - half).max(0.0), (effect + half).min(1.0)),
            p_value: two_shares(missing.0, rows.0, missing.1, rows.1),
            threshold: options.effect_threshold,
            words: format!("the share of rows without a value moved from {} to {}", percent(p), percent(q)),
        });
    }
}

/// Measures a column of numbers by how many rows of either table stand in bins with common inner edges. The KS distance is the largest at an
/// edge, which is at most the share of one bin less than the distance of the rows themselves. `samples` are some values of each table, sorted,
/// by which a change of unit is recognised.
pub(super) fn binned(
    name: &str,
    edges: &[f64],
    (a, b): (&[u64], &[u64]),
    samples: (&[f64], &[f64]),
    options: &DriftOptions,
) -> Measured {
    let (n, m) = (a.iter().sum::<u64>(), b.iter().sum::<u64>());
    let mut measured = Measured {
        name: name.to_owned(),
        aspects: Vec::new(),
        explained: None,
        undone: false,
        note: None,
        statistics: BTreeMap::new(),
        shape: numeric_shape(samples.0, samples.1),
        n: (n, m),
        rounded: None,
    };
    if n == 0 || m == 0 {
        return measured;
    }
    let (mut below_a, mut below_b) = (0u64, 0u64);
    let (mut distance, mut at, mut most) = (0.0f64, edges.first().copied().unwrap_or(f64::NAN), (0u64, 0u64));
    for ((edge, x), y) in edges.iter().zip(a).zip(b) {
        below_a += x;
        below_b += y;
        let gap = (below_a as f64 / n as f64 - below_b as f64 / m as f64).abs();
        if gap > distance {
            (distance, at, most) = (gap, *edge, (below_a, below_b));
        }
    }
    // The exact p-value costs n * m steps, too many for every column of every window; beyond 100 rows the two hardly differ.
    let ks_p = if n.min(m) < 100 {
        ks_p_value(distance, n as usize, m as usize)
    } else {
        ks_p_asymptotic(distance, n as usize, m as usize)
    };
    let half = Z95 * error_of_difference(most.0, n as usize, most.1, m as usize);
    put(&mut measured.statistics, "ks", Some(distance));
    put(&mut measured.statistics, "ks_p", Some(ks_p));
    let ad = anderson_darling_of_counts(a, b);
    let p_value = numeric_p(ad, ks_p, n.min(m) as usize);
    put_anderson_darling(&mut measured.statistics, ad);
    // The share statistics are defined on tenths of the reference.
    let tenths = |counts: &[u64]| -> Vec<u64> {
        let (mut kept, mut sum, mut limit) = (Vec::new(), 0u64, 0u64);
        for (count, share) in counts.iter().zip(a) {
            sum += count;
            limit += share;
            if limit * 10 >= n {
                kept.push(std::mem::take(&mut sum));
                limit = 0;
            }
        }
        kept.push(sum + counts.iter().skip(a.len()).sum::<u64>());
        kept
    };
    let (tenths_a, tenths_b) = (tenths(a), tenths(b));
    put_share_statistics(&mut measured.statistics, &tenths_a, &tenths_b);
    let (mean_a, spread) = moments(finite(samples.0));
    let (mean_b, _) = moments(finite(samples.1));
    put(&mut measured.statistics, "mean_reference", Some(mean_a));
    put(&mut measured.statistics, "mean_current", Some(mean_b));
    if spread > 0.0 {
        let apart = wasserstein(finite(samples.0), finite(samples.1));
        put(&mut measured.statistics, "wasserstein", apart.map(|it| it / spread));
    }
    measured.aspects.push(Aspect {
        change: DriftChange::Distribution,
        effect: distance,
        interval: ((distance - half).max(0.0), (distance + half).min(1.0)),
        p_value,
        threshold: options.effect_threshold,
        words: format!(
            "{} of the reference and {} of the current rows are below {} (KS distance {distance:.3}); {}",
            percent(most.0 as f64 / n as f64),
            percent(most.1 as f64 / m as f64),
            short(at),
            median_moved(quantile_sorted(samples.0, 0.5), quantile_sorted(samples.1, 0.5)),
        ),
    });
    measured.explained = change::unit(samples.0, samples.1, distance, None).map(|words| (DriftChange::Unit, words));
    measured
}

/// p-value of a column of numbers. Anderson and Darling's test finds a shift or another spread with about two thirds of the rows that
/// Kolmogorov and Smirnov's needs; its limit distribution is taken from 20 rows on.
fn numeric_p(ad: Option<AndersonDarling>, ks_p: f64, fewest: usize) -> f64 {
    ad.filter(|_| fewest >= 20).map_or(ks_p, |ad| anderson_darling_p(&ad))
}

fn put_anderson_darling(statistics: &mut BTreeMap<String, f64>, ad: Option<AndersonDarling>) {
    put(statistics, "ad", ad.map(|it| it.standardised));
    put(statistics, "ad_p", ad.map(|it| anderson_darling_p(&it)));
}

/// Standard error of a difference of two shares with two successes and failures added to each (Agresti and Caffo 2000 in spirit), so that
/// it is not zero when a share is 0 or 1.
fn error_of_difference(x: u64, n: usize, y: u64, m: usize) -> f64 {
    let part = |x: u64, n: usize| {
        let (x, n) = (x as f64 + 1.0, n as f64 + 2.0);
        x / n * (1.0 - x / n) / n
    };
    (part(x, n) + part(y, m)).sqrt()
}

fn two_shares(x: u64, n: u64, y: u64, m: u64) -> f64 {
    let pooled = (x + y) as f64 / (n + m).max(1) as f64;
    let rarest = pooled.min(1.0 - pooled) * n.min(m) as f64;
    if rarest < 10.0 {
        return fisher_exact(x, n - x, y, m - y);
    }
    chi_square(&[x, n - x], &[y, m - y]).map_or(f64::NAN, |t| t.p_value)
}

fn percent(share: f64) -> String {
    if share > 0.0 && share < 0.001 { "under 0.1 %".to_owned() } else { format!("{:.1} %", share * 100.0) }
}

fn put(statistics: &mut BTreeMap<String, f64>, name: &str, value: Option<f64>) {
    if let Some(value) = value.filter(|v| v.is_finite()) {
        statistics.insert(name.to_owned(), value);
    }
}

fn sorted(values: &[f64]) -> Vec<f64> {
    // The order of `f64::total_cmp` as whole numbers, which are sorted in less than half of the time.
    let swap = |bits: i64| bits ^ (((bits >> 63) as u64) >> 1) as i64;
    let mut keys: Vec<i64> = values.iter().filter(|v| !v.is_nan()).map(|v| swap(v.to_bits() as i64)).collect();
    keys.sort_unstable();
    keys.into_iter().map(|key| f64::from_bits(swap(key) as u64)).collect()
}

fn finite(sorted: &[f64]) -> &[f64] {
    let from = sorted.partition_point(|v| *v == f64::NEG_INFINITY);
    let to = sorted.partition_point(|v| *v < f64::INFINITY);
    sorted.get(from..to).unwrap_or_default()
}

fn bin_counts(sorted: &[f64], inner_edges: &[f64]) -> Vec<u64> {
    let mut counts = Vec::with_capacity(inner_edges.len() + 1);
    let mut from = 0;
    for edge in inner_edges {
        let to = sorted.partition_point(|v| v < edge);
        counts.push((to - from) as u64);
        from = to;
    }
    counts.push((sorted.len() - from) as u64);
    counts
}

fn as_f64(counts: &[u64]) -> Vec<f64> {
    counts.iter().map(|c| *c as f64).collect()
}

/// Measures a column of numbers by its sorted values.
fn numbers(
    name: &str,
    (mut a, mut b): (Vec<f64>, Vec<f64>),
    border: Option<Border>,
    options: &DriftOptions,
) -> Measured {
    let mut measured = Measured {
        name: name.to_owned(),
        aspects: Vec::new(),
        explained: None,
        undone: false,
        note: None,
        statistics: BTreeMap::new(),
        shape: None,
        n: (a.len() as u64, b.len() as u64),
        rounded: None,
    };
    let infinite = (a.len() - finite(&a).len(), b.len() - finite(&b).len());
    if infinite.0 + infinite.1 > 0 {
        measured.note = Some(format!("{} and {} values are infinite", grouped(infinite.0), grouped(infinite.1)));
    }
    let mut taken = distances(&a, &b);
    // Another unit brings other decimals with it; rounding to the fewer of them would hide it.
    let unit = taken.and_then(|it| change::unit(&a, &b, it.ks.distance, border));
    if unit.is_none()
        && let Some((decimals, in_current)) = change::precision(&a, &b)
    {
        for side in [&mut a, &mut b] {
            side.iter_mut().for_each(|v| *v = change::round_to(*v, decimals));
        }
        measured.rounded = Some(decimals);
        measured.undone = true;
        let who = if in_current { "the current table" } else { "the reference" };
        measured.explained = Some((
            DriftChange::Encoding,
            match decimals {
                0 => {
                    format!("a change of precision: {who} has only whole numbers; compared after rounding both to them")
                }
                1 => format!("a change of precision: {who} has only one decimal; compared after rounding both to it"),
                _ => format!(
                    "a change of precision: {who} has only {decimals} decimals; compared after rounding both to them"
                ),
            },
        ));
        put(&mut measured.statistics, "ks_before_rounding", taken.map(|it| it.ks.distance));
        taken = distances(&a, &b);
    }
    measured.shape = numeric_shape(&a, &b);
    let Some(Distances { ks, cvm, ad, wasserstein: all_area, energy: all_energy }) = taken else { return measured };
    let ks_p = ks_p_value(ks.distance, a.len(), b.len());
    let p_value = numeric_p(ad, ks_p, a.len().min(b.len()));
    let at = |cdf: f64, side: &[f64]| (cdf * side.len() as f64).round() as u64;
    let half = Z95 * error_of_difference(at(ks.cdf_a, &a), a.len(), at(ks.cdf_b, &b), b.len());
    let stats = &mut measured.statistics;
    put(stats, "ks", Some(ks.distance));
    put(stats, "ks_p", Some(ks_p));
    put(stats, "cvm", cvm);
    put(stats, "cvm_p", cvm.map(|it| cramer_von_mises_p(it, a.len(), b.len())));
    put_anderson_darling(stats, ad);
    let (fa, fb) = (finite(&a), finite(&b));
    let (distance, energy) = if infinite == (0, 0) {
        (Some(all_area), Some(all_energy))
    } else {
        (wasserstein(fa, fb), energy_distance(fa, fb))
    };
    put(stats, "wasserstein_raw", distance);
    put(stats, "energy", energy);
    let (mean_a, spread) = moments(fa);
    let (mean_b, spread_b) = moments(fb);
    put(stats, "mean_reference", Some(mean_a));
    put(stats, "mean_current", Some(mean_b));
    put(stats, "std_reference", Some(spread));
    put(stats, "std_current", Some(spread_b));
    if spread > 0.0 {
        put(stats, "wasserstein", distance.map(|d| d / spread));
    }
    let mut edges: Vec<f64> = (1..10).map(|i| quantile_sorted(&a, f64::from(i) / 10.0)).collect();
    edges.dedup();
    let (counts_a, counts_b) = (bin_counts(&a, &edges), bin_counts(&b, &edges));
    put_share_statistics(stats, &counts_a, &counts_b);
    if let (Some(low), Some(high)) = (a.first(), a.last()) {
        let outside = b.partition_point(|v| v < low) + b.len() - b.partition_point(|v| v <= high);
        put(stats, "outside_range", Some(outside as f64 / b.len() as f64));
    }
    let middle = |side: &[f64]| quantile_sorted(side, 0.5);
    measured.aspects.push(Aspect {
        change: DriftChange::Distribution,
        effect: ks.distance,
        interval: ((ks.distance - half).max(0.0), (ks.distance + half).min(1.0)),
        p_value,
        threshold: options.effect_threshold,
        words: format!(
            "{} of the reference and {} of the current rows are at or below {} (KS distance {:.3}); {}",
            percent(ks.cdf_a),
            percent(ks.cdf_b),
            short(ks.at),
            ks.distance,
            median_moved(middle(&a), middle(&b)),
        ),
    });
    if let Some(words) = unit {
        measured.explained = Some((DriftChange::Unit, words));
    }
    measured
}

/// Mean and standard deviation (population), by halves of a scale so that very large values do not overflow.
fn moments(values: &[f64]) -> (f64, f64) {
    let (Some(low), Some(high)) = (values.first(), values.last()) else { return (f64::NAN, f64::NAN) };
    let n = values.len() as f64;
    let mean = values.iter().map(|v| v / n).sum::<f64>();
    let scale = (high / 2.0 - low / 2.0) * 2.0;
    if !(scale > 0.0 && scale.is_finite()) {
        return (mean, if scale == 0.0 { 0.0 } else { f64::NAN });
    }
    let squares = values.iter().map(|v| ((v - mean) / scale).powi(2)).sum::<f64>() / n;
    (mean, squares.sqrt() * scale)
}

/// A number as a person would write it: about four digits that count.
pub(super) fn short(value: f64) -> String {
    let size = value.abs();
    if value == 0.0 || (value.fract() == 0.0 && size < 1e7) {
        format!("{value:.0}")
    } else if !(1e-3..1e7).contains(&size) {
        format!("{value:.3e}")
    } else {
        let decimals = (3 - size.log10().floor() as i32).clamp(0, 6) as usize;
        format!("{value:.decimals$}")
    }
}

fn median_moved(before: f64, after: f64) -> String {
    let (before, after) = (short(before), short(after));
    if before == after {
        format!("the median stayed at {before}")
    } else {
        format!("the median moved from {before} to {after}")
    }
}

fn put_share_statistics(statistics: &mut BTreeMap<String, f64>, a: &[u64], b: &[u64]) {
    let (p, q) = (as_f64(a), as_f64(b));
    put(statistics, "psi", population_stability_index(&p, &q));
    put(statistics, "js", jensen_shannon_distance(&p, &q));
    put(statistics, "hellinger", hellinger(&p, &q));
    put(statistics, "tv", total_variation(&p, &q));
    put(statistics, "l_infinity", l_infinity(&p, &q));
}

/// Equal bins over the range that holds 99 % of each table; what lies beyond is in the outermost bins.
fn numeric_shape(a: &[f64], b: &[f64]) -> Option<DriftShape> {
    let (fa, fb) = (finite(a), finite(b));
    let ends = |side: &[f64]| (quantile_sorted(side, 0.005), quantile_sorted(side, 0.995));
    let ((low_a, high_a), (low_b, high_b)) = (ends(fa), ends(fb));
    let (low, high) = (low_a.min(low_b), high_a.max(high_b));
    if !low.is_finite() || !high.is_finite() {
        return None;
    }
    let high = if high > low { high } else { low + low.abs().max(1.0) * 1e-3 };
    let width = high / FIGURE_BINS as f64 - low / FIGURE_BINS as f64;
    let edges: Vec<f64> =
        (0..=FIGURE_BINS).map(|i| if i == FIGURE_BINS { high } else { low + width * i as f64 }).collect();
    if !width.is_finite() || edges.windows(2).any(|w| w[0] >= w[1]) {
        return None;
    }
    let share = |side: &[f64]| -> Vec<f64> {
        let counts = bin_counts(side, edges.get(1..FIGURE_BINS).unwrap_or_default());
        counts.iter().map(|c| *c as f64 / side.len().max(1) as f64).collect()
    };
    Some(DriftShape::Numeric { reference: share(fa), current: share(fb), edges })
}

/// 95 % interval of a share (Wilson 1927).
fn wilson(hits: u64, rows: u64) -> (f64, f64) {
    let (n, z2) = (rows as f64, Z95 * Z95);
    let share = hits as f64 / n;
    let middle = (share + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = Z95 * (share * (1.0 - share) / n + z2 / (4.0 * n * n)).sqrt() / (1.0 + z2 / n);
    ((middle - half).max(0.0), (middle + half).min(1.0))
}

/// Decides on a column, given its p-value after the correction for many columns.
pub(super) fn decide(measured: Measured, p_adjusted: Option<f64>, options: &DriftOptions) -> ColumnDrift {
    let p_value = measured.p_value();
    let tests = measured.aspects.len() as f64;
    // How much the correction for many columns and several tests enlarged p.
    let factor = match (p_value, p_adjusted) {
        (Some(p), Some(adjusted)) if p > 0.0 => (adjusted / p).max(1.0),
        _ => 1.0,
    };
    let significant = |a: &Aspect| (a.p_value * tests * factor) < options.alpha_columns();
    let beyond = |a: &&Aspect| significant(a) && a.interval.0 > a.threshold;
    let first = measured.aspects.first().filter(|a| a.change == DriftChange::Distribution);
    let worst = measured.aspects.iter().filter(beyond).max_by(|a, b| {
        // A new value or lost values name the change better than the distribution that they move, and what became of them better still.
        let weight = |a: &Aspect| {
            let times = match a.change {
                DriftChange::Distribution => 1.0,
                DriftChange::Encoding => 3.0,
                _ => 1.6,
            };
            a.effect * times
        };
        weight(a).total_cmp(&weight(b))
    });
    let shown = worst.or(first).or(measured.aspects.first());
    let half = |a: &Aspect| (a.interval.1 - a.interval.0) / 2.0;
    let explained = measured.explained.as_ref();
    let (verdict, change, mut why) = match (worst, shown) {
        (Some(aspect), _) => {
            let explains = explained.filter(|_| !matches!(aspect.change, DriftChange::Nulls | DriftChange::Encoding));
            match explains {
                Some((change, words)) if !measured.undone => {
                    (DriftVerdict::Drift, Some(*change), format!("{words}; {}", aspect.words))
                }
                Some((_, words)) => {
                    (DriftVerdict::Drift, Some(aspect.change), format!("{}; also {words}", aspect.words))
                }
                None => (DriftVerdict::Drift, Some(aspect.change), aspect.words.clone()),
            }
        }
        (None, None) => (
            DriftVerdict::CannotTell,
            None,
            format!(
                "there are no values to compare ({} and {} rows with a value)",
                grouped(measured.n.0),
                grouped(measured.n.1)
            ),
        ),
        (None, Some(aspect)) => {
            let change = explained.filter(|_| measured.undone).map(|(change, _)| *change);
            let doubtful = measured
                .aspects
                .iter()
                .find(|a| significant(a) && a.interval.1 > a.threshold && a.effect > a.threshold);
            let widest = measured.aspects.iter().map(half).fold(0.0, f64::max);
            if let Some(a) = doubtful {
                let words = format!(
                    "{}, but the interval {:.3} to {:.3} does not say whether that is more than the tolerated {:.3}",
                    a.words, a.interval.0, a.interval.1, a.threshold
                );
                (DriftVerdict::CannotTell, change, words)
            } else if measured.aspects.iter().all(|a| a.interval.1 <= a.threshold) {
                let words = format!(
                    "at most {:.3} apart, which is within the tolerated {:.3}",
                    aspect.interval.1, aspect.threshold
                );
                (DriftVerdict::NoDrift, change, words)
            } else if widest <= VISIBLE {
                let words = format!(
                    "{:.3} apart, which chance or the tolerated {:.3} explains",
                    aspect.effect, aspect.threshold
                );
                (DriftVerdict::NoDrift, change, words)
            } else {
                let words = format!(
                    "too few rows to tell ({} and {}): the distance could be anything from {:.2} to {:.2}",
                    measured.n.0, measured.n.1, aspect.interval.0, aspect.interval.1
                );
                (DriftVerdict::CannotTell, change, words)
            }
        }
    };
    if verdict != DriftVerdict::Drift
        && let Some((_, words)) = explained.filter(|_| measured.undone)
    {
        why = format!("{words}; {why}");
    }
    if let Some(note) = &measured.note {
        why = format!("{why}; {note}");
    }
    ColumnDrift {
        name: measured.name,
        verdict,
        effect: shown.map(|a| a.effect),
        interval: shown.map(|a| a.interval),
        p_value,
        p_adjusted,
        change,
        n: measured.n,
        threshold: shown.map_or(options.effect_threshold, |a| a.threshold),
        statistics: measured.statistics,
        why,
        shape: measured.shape,
    }
}

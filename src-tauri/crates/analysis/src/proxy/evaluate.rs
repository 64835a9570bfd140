//! How well features predict a target: cross-validation beside shuffled copies of the target.

use proofmark_domain::proxy::{ProxyBaseline, ProxyFeature, ProxyTarget, ProxyVerdict};
use rayon::prelude::*;

use super::ProxyError;
use super::target::{FEWEST, Target};
use crate::drift::joint::features::{self, Feature, Term};
use crate::drift::joint::forest::{Forest, Size};
use crate::drift::joint::logistic::Logistic;
use crate::drift::random::{Random, mix};
use crate::drift::statistics::{Auc, auc_interval, delong};

const FOLDS: usize = 5;
/// Shuffled copies of the target. The least p value is one over one more.
const PERMUTATIONS: u32 = 20;
const TREES: usize = 40;
const SEED: u64 = 0x0070_726f_7879;
/// Area under the curve from which a column counts as not hidden.
const STRONG: f64 = 0.75;
/// Area below which better than chance is of little use to anybody.
const WEAK: f64 = 0.55;
/// Features that are also tried alone.
const ALONE: usize = 60;

/// An answer without figures.
pub fn cannot_tell(name: &str, label: Option<String>, rows: u64, why: String) -> ProxyTarget {
    ProxyTarget {
        column: name.to_owned(),
        label,
        verdict: ProxyVerdict::CannotTell,
        predicted: "classes".to_owned(),
        classes: 0,
        rows,
        auc: None,
        interval: None,
        p_value: None,
        baseline: None,
        features: Vec::new(),
        why,
    }
}

/// The rows with a value: their features, classes and folds.
struct Data {
    features: Vec<Feature>,
    terms: Vec<Term>,
    class: Vec<u8>,
    classes: usize,
    fold: Vec<usize>,
}

/// The area for every fold and class, joined.
#[derive(Debug, Clone, Copy, Default)]
struct Area {
    auc: f64,
    /// Standard error, as if the errors of the classes went together, which is the worst case.
    error: f64,
}

/// Predicts the target from the features and judges the result.
///
/// # Errors
/// [`ProxyError::Cancelled`].
pub fn evaluate(
    name: &str,
    label: Option<String>,
    target: &Target,
    own: &[&Feature],
    cancel: &dyn Fn() -> bool,
) -> Result<ProxyTarget, ProxyError> {
    let rows: Vec<usize> =
        (0..target.class.len()).filter(|r| target.class.get(*r).is_some_and(Option::is_some)).collect();
    if own.is_empty() {
        return Ok(cannot_tell(name, label, rows.len() as u64, "No column is left to predict it from.".to_owned()));
    }
    let data = prepare(target, own, &rows);
    let all: Vec<usize> = (0..data.features.len()).collect();
    let observed = area(&data, &data.class, &all, TREES, SEED);
    if cancel() {
        return Err(ProxyError::Cancelled);
    }
    let mut shuffled: Vec<f64> = Vec::new();
    let seeds: Vec<u64> = (0..u64::from(PERMUTATIONS)).collect();
    for part in seeds.chunks(4) {
        shuffled.par_extend(part.par_iter().map(|seed| {
            let mut class = data.class.clone();
            Random::new(mix(SEED ^ (seed + 1))).shuffle(&mut class);
            area(&data, &class, &all, TREES, SEED ^ seed).auc
        }));
        if cancel() {
            return Err(ProxyError::Cancelled);
        }
    }
    let baseline = ProxyBaseline {
        permutations: PERMUTATIONS,
        mean: shuffled.iter().sum::<f64>() / f64::from(PERMUTATIONS),
        highest: shuffled.iter().copied().fold(0.0, f64::max),
    };
    let reached = shuffled.iter().filter(|a| **a >= observed.auc).count() as f64;
    let p_value = (reached + 1.0) / (f64::from(PERMUTATIONS) + 1.0);
    let interval = auc_interval(&Auc { auc: observed.auc, variance: observed.error.powi(2) });
    let above = observed.auc > baseline.highest && interval.0 > baseline.mean;
    let mut features = if above { strongest(&data, observed.auc, cancel)? } else { Vec::new() };
    features.truncate(20);
    let verdict = match observed.auc {
        auc if above && auc >= STRONG => ProxyVerdict::Strong,
        auc if above && auc >= WEAK => ProxyVerdict::Weak,
        _ => ProxyVerdict::None,
    };
    Ok(ProxyTarget {
        column: name.to_owned(),
        label,
        verdict,
        predicted: target.predicted.to_owned(),
        classes: target.counts.len() as u32,
        rows: rows.len() as u64,
        auc: Some(observed.auc),
        interval: Some(interval),
        p_value: Some(p_value),
        why: sentence(verdict, observed.auc, &baseline, &features),
        baseline: Some(baseline),
        features,
    })
}

fn sentence(verdict: ProxyVerdict, auc: f64, baseline: &ProxyBaseline, features: &[ProxyFeature]) -> String {
    let best = features.iter().take(3).map(|f| format!("`{}`", f.column)).collect::<Vec<_>>().join(", ");
    let figures = format!("area under the curve {auc:.2}, chance reaches {:.2} at most", baseline.highest);
    match verdict {
        ProxyVerdict::Strong => {
            format!(
                "Leaving this column out does not hide it: the other columns predict it well ({figures}), above all {best}."
            )
        }
        ProxyVerdict::Weak => {
            format!("The other columns tell something of this one ({figures}), above all {best}.")
        }
        ProxyVerdict::None => format!("The other columns do not predict this one better than chance ({figures})."),
        ProxyVerdict::CannotTell => "It cannot be told.".to_owned(),
    }
}

fn prepare(target: &Target, own: &[&Feature], rows: &[usize]) -> Data {
    let features: Vec<Feature> = own
        .iter()
        .map(|feature| {
            let mut copy = (*feature).clone();
            copy.keep(rows);
            copy
        })
        .collect();
    let class: Vec<u8> = rows.iter().filter_map(|r| target.class.get(*r).copied().flatten()).collect();
    // Each class is dealt out over the folds in turn, in an order that does not follow the file.
    let mut order: Vec<usize> = (0..class.len()).collect();
    Random::new(mix(SEED)).shuffle(&mut order);
    order.sort_by_key(|row| class.get(*row).copied());
    let mut fold = vec![0; class.len()];
    for (place, row) in order.iter().enumerate() {
        if let Some(f) = fold.get_mut(*row) {
            *f = place % FOLDS;
        }
    }
    Data { terms: features::terms(&features), features, class, classes: target.counts.len(), fold }
}

/// Fits on four folds and scores the fifth, one class against the others, for every class and fold. `columns` are the features used.
fn area(data: &Data, class: &[u8], columns: &[usize], trees: usize, seed: u64) -> Area {
    let whole = columns.len() == data.features.len();
    let chosen: Vec<Feature>;
    let (features, terms): (&[Feature], Vec<Term>) = if whole {
        (&data.features, data.terms.clone())
    } else {
        chosen = columns.iter().filter_map(|c| data.features.get(*c).cloned()).collect();
        let terms = features::terms(&chosen);
        (&chosen, terms)
    };
    let pieces: Vec<(u8, usize)> = against(data.classes).flat_map(|c| (0..FOLDS).map(move |f| (c, f))).collect();
    let found: Vec<(u8, Option<(Auc, f64)>)> = pieces
        .par_iter()
        .map(|(one, fold)| {
            let fitted = Fitted::new(features, &terms, class, &data.fold, *one, *fold, trees, seed);
            (*one, fitted.area(features, &|_, row| row))
        })
        .collect();
    join(class, data.classes, &found)
}

/// The classes that are told from the others; of two, the second tells all.
fn against(classes: usize) -> std::ops::Range<u8> {
    if classes == 2 { 1..2 } else { 0..classes as u8 }
}

/// Weighted by pairs within a class, by the share of rows between the classes.
fn join(class: &[u8], classes: usize, found: &[(u8, Option<(Auc, f64)>)]) -> Area {
    let mut total = Area::default();
    let mut weights = 0.0;
    for one in against(classes) {
        let (mut auc, mut variance, mut pairs) = (0.0, 0.0, 0.0);
        for (a, weight) in found.iter().filter(|(c, _)| *c == one).filter_map(|(_, a)| *a) {
            auc += a.auc * weight;
            variance += a.variance * weight * weight;
            pairs += weight;
        }
        if pairs > 0.0 {
            let share = class.iter().filter(|c| **c == one).count() as f64;
            total.auc += share * auc / pairs;
            total.error += share * variance.sqrt() / pairs;
            weights += share;
        }
    }
    if weights > 0.0 {
        Area { auc: total.auc / weights, error: total.error / weights }
    } else {
        Area { auc: 0.5, error: 0.5 }
    }
}

struct Fitted {
    logistic: Option<Logistic>,
    forest: Forest,
    test: Vec<usize>,
    positive: Vec<bool>,
}

impl Fitted {
    #[allow(clippy::too_many_arguments)]
    fn new(
        features: &[Feature],
        terms: &[Term],
        class: &[u8],
        folds: &[usize],
        one: u8,
        fold: usize,
        trees: usize,
        seed: u64,
    ) -> Self {
        let mut random = Random::new(mix(seed ^ (u64::from(one) << 8) ^ fold as u64));
        let (test, train): (Vec<usize>, Vec<usize>) =
            (0..class.len()).partition(|row| folds.get(*row).is_some_and(|f| *f == fold));
        let positive: Vec<bool> = class.iter().map(|c| *c == one).collect();
        let logistic = Logistic::fit(features, terms, &train, &positive, &mut random);
        let wanted: Vec<f32> = positive.iter().map(|p| f32::from(u8::from(*p))).collect();
        let size = Size { trees, depth: 8, leaf: (train.len() / 200).clamp(5, 40) };
        let forest = Forest::fit(features, &train, &wanted, size, &mut random, &|| false);
        Self { logistic, forest, test, positive }
    }

    /// Sum of the log-odds of both models; `read(feature, row)` says from which row a feature is read.
    fn score(&self, features: &[Feature], row: usize, read: &(dyn Fn(usize, usize) -> usize + Sync)) -> f64 {
        let vote = self.forest.predict(features, |f| read(f, row)).clamp(0.005, 0.995);
        let linear = self.logistic.as_ref().map_or(0.0, |l| l.log_odds(features, |f| read(f, row)));
        (vote / (1.0 - vote)).ln() + linear.clamp(-8.0, 8.0)
    }

    /// The area on the test rows, and its number of pairs.
    fn area(&self, features: &[Feature], read: &(dyn Fn(usize, usize) -> usize + Sync)) -> Option<(Auc, f64)> {
        let (mut low, mut high) = (Vec::new(), Vec::new());
        for row in &self.test {
            let score = self.score(features, *row, read);
            if self.positive.get(*row).copied().unwrap_or(false) { high.push(score) } else { low.push(score) }
        }
        delong(&low, &high).map(|auc| (auc, low.len() as f64 * high.len() as f64))
    }
}

/// What each feature tells alone, and what the area loses without it (Breiman 2001).
fn strongest(data: &Data, auc: f64, cancel: &dyn Fn() -> bool) -> Result<Vec<ProxyFeature>, ProxyError> {
    let pieces: Vec<(u8, usize)> = against(data.classes).flat_map(|c| (0..FOLDS).map(move |f| (c, f))).collect();
    let fitted: Vec<(u8, Fitted)> = pieces
        .par_iter()
        .map(|(one, fold)| {
            let model = Fitted::new(&data.features, &data.terms, &data.class, &data.fold, *one, *fold, TREES, SEED);
            (*one, model)
        })
        .collect();
    let mut all: Vec<ProxyFeature> = Vec::new();
    for (place, feature) in data.features.iter().enumerate() {
        if cancel() {
            return Err(ProxyError::Cancelled);
        }
        let found: Vec<(u8, Option<(Auc, f64)>)> = fitted
            .par_iter()
            .map(|(one, model)| {
                let mut other = model.test.clone();
                Random::new(mix(SEED ^ place as u64)).shuffle(&mut other);
                let mut partner = vec![0; data.class.len()];
                for (row, from) in model.test.iter().zip(&other) {
                    if let Some(p) = partner.get_mut(*row) {
                        *p = *from;
                    }
                }
                let read =
                    |f: usize, row: usize| if f == place { partner.get(row).copied().unwrap_or(row) } else { row };
                (*one, model.area(&data.features, &read))
            })
            .collect();
        let lost = (auc - join(&data.class, data.classes, &found).auc).clamp(0.0, 1.0);
        all.push(ProxyFeature { column: feature.name.clone(), alone: 0.5, importance: lost });
    }
    let mut order: Vec<usize> = (0..all.len()).collect();
    order.sort_by(|a, b| all[*b].importance.total_cmp(&all[*a].importance));
    for part in order.iter().copied().take(ALONE).collect::<Vec<_>>().chunks(8) {
        for place in part {
            if let Some(feature) = all.get_mut(*place) {
                feature.alone = area(data, &data.class, &[*place], TREES / 2, SEED).auc;
            }
        }
        if cancel() {
            return Err(ProxyError::Cancelled);
        }
    }
    let strength = |f: &ProxyFeature| (f.alone - 0.5).max(f.importance);
    all.sort_by(|a, b| strength(b).total_cmp(&strength(a)).then_with(|| a.column.cmp(&b.column)));
    // What tells nothing, alone or together with others, is no stand-in: two standard errors of an area near chance.
    let rows = data.class.len().max(FEWEST) as f64;
    all.retain(|f| strength(f) > 1.2 / rows.sqrt());
    Ok(all)
}

//! The domain classifier: can a row's table be told from the row?

pub(crate) mod features;
pub(crate) mod forest;
pub(crate) mod logistic;

pub(crate) use self::features::Feature;
pub(crate) use self::forest::{Forest, Size};

use std::collections::{HashMap, HashSet};
use std::sync::atomic::Ordering;

use proofmark_domain::counts::grouped;
use proofmark_domain::drift::{AucWithout, DriftVerdict, Driver, JointDrift, TypicalRow};

use self::forest::Vote;
use self::logistic::Logistic;
use super::random::{Random, mix};
use super::statistics::{Auc, auc_interval, delong, mann_whitney_null_variance, normal_upper_tail, roc_points};
use super::{DriftError, DriftOptions, work};

/// Fewest distinct rows of a table for the classifier.
const FEWEST: usize = 50;
const FOLDS: usize = 5;
/// Half-width of the interval up to which "no difference was found" may be called no drift; reached at about 120 rows per table.
const VISIBLE: f64 = 0.075;
/// Rows on which the loss of AUC per column is measured.
const DRIVER_ROWS: usize = 5000;
/// By how much cross-validation enlarges the variance of the AUC when nothing drifts. What a model learns in fold j and shows in fold k
/// it shows again when it learns in k and is tested in j: each pair counts twice instead of twice independently, which doubles the
/// variance of a bilinear form. Without it the classifier alone raised 2.7 % instead of 0.4 % alarms at 200 rows.
const FOLDS_SHARE_ROWS: f64 = 2.0;
const ROC_POINTS: usize = 200;
/// Columns that are taken out to see what is left.
const MOST_TAKEN_OUT: usize = 3;
/// Rows that are named as typical of the current table.
const MOST_TYPICAL: usize = 5;

/// The rows and features of both tables, ready for classifiers.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    pub(crate) features: Vec<Feature>,
    pub(crate) is_current: Vec<bool>,
    /// Equal rows have equal hashes.
    pub(crate) hashes: Vec<u64>,
    /// Most distinct values of one column, in the reference and in the current table.
    pub(crate) most_distinct: [usize; 2],
    /// What was done to the rows, in words.
    pub(crate) notes: Vec<String>,
    /// Whether verdict, AUC and drivers are enough, as for one window of many.
    pub(crate) in_short: bool,
    /// Place among the picked rows, for the target's sake.
    pub(crate) picked: Vec<usize>,
}

impl Rows {
    pub(crate) fn counts(&self) -> (usize, usize) {
        let current = self.is_current.iter().filter(|c| **c).count();
        (self.is_current.len() - current, current)
    }

    /// Notes how many values of one column differ within each table.
    pub(crate) fn note_distinct(&mut self, hashes: &[u64]) {
        for (current, most) in self.most_distinct.iter_mut().enumerate() {
            let side = hashes.iter().zip(&self.is_current).filter(|(_, c)| usize::from(**c) == current);
            let distinct: HashSet<u64> = side.map(|(h, _)| *h).collect();
            *most = (*most).max(distinct.len());
        }
    }

    /// Takes out the copies of rows within a table, which would make chance look certain. Equal rows are copies, rather than the nature
    /// of a table of few values, when a single column already tells nearly all distinct rows apart and has many values.
    pub(super) fn drop_copies(&mut self) {
        if self.features.len() < 2 {
            return;
        }
        let (n, m) = self.counts();
        let distinct = self.distinct();
        let copied = [(n, 0), (m, 1)].map(|(rows, side): (usize, usize)| {
            let most = self.most_distinct[side] as f64;
            distinct[side] < rows && most >= 0.2 * rows as f64 && distinct[side] as f64 <= 1.1 * most
        });
        if copied == [false, false] {
            return;
        }
        let mut seen = HashSet::new();
        let keep: Vec<usize> = (0..self.hashes.len())
            .filter(|row| {
                let current = self.is_current[*row];
                !copied[usize::from(current)] || seen.insert((current, self.hashes[*row]))
            })
            .collect();
        let copies = self.hashes.len() - keep.len();
        self.features.iter_mut().for_each(|f| f.keep(&keep));
        self.is_current = keep.iter().map(|r| self.is_current[*r]).collect();
        self.hashes = keep.iter().map(|r| self.hashes[*r]).collect();
        self.picked = keep.iter().map(|r| self.picked[*r]).collect();
        self.notes.push(match copies {
            1 => "one row that stands more than once in its table was counted once".to_owned(),
            copies => format!("{} rows that stand more than once in their table were counted once", grouped(copies)),
        });
    }

    fn distinct(&self) -> [usize; 2] {
        [false, true].map(|current| {
            let side = self.hashes.iter().zip(&self.is_current).filter(|(_, c)| **c == current);
            side.map(|(h, _)| *h).collect::<HashSet<u64>>().len()
        })
    }

    /// Whether equal rows are rare enough that being equal means being the same record.
    fn records(&self) -> bool {
        let (n, m) = self.counts();
        let [a, b] = self.distinct();
        a as f64 >= 0.8 * n as f64 && b as f64 >= 0.8 * m as f64
    }

    /// Folds in which both tables have their share, and equal rows are in the same fold: a row of both tables, or a copy, must not be
    /// learnt in one fold and recognised in another. Where rows are equal by nature (few columns of few values) they are dealt singly.
    pub(super) fn folds(&self, random: &mut Random) -> Vec<usize> {
        let mut groups: HashMap<u64, (Vec<usize>, [bool; 2])> = HashMap::new();
        let records = self.records();
        for (row, hash) in self.hashes.iter().enumerate() {
            let group = groups.entry(if records { *hash } else { row as u64 }).or_default();
            group.0.push(row);
            group.1[usize::from(self.is_current[row])] = true;
        }
        let mut groups: Vec<(Vec<usize>, [bool; 2])> = groups.into_values().collect();
        groups.sort_by_key(|(rows, _)| rows.first().copied());
        random.shuffle(&mut groups);
        // Groups of one table, of the other and of both are dealt out one after the other, which keeps the folds stratified.
        groups.sort_by_key(|(_, sides)| *sides);
        let mut folds = vec![0; self.hashes.len()];
        for (place, (rows, _)) in groups.iter().enumerate() {
            for row in rows {
                folds[*row] = place % FOLDS;
            }
        }
        folds
    }
}

struct Fitted {
    logistic: Option<Logistic>,
    forest: Forest,
    test: Vec<usize>,
    scores: Vec<f64>,
}

impl Fitted {
    /// Sum of the log-odds of both models.
    fn score(&self, features: &[Feature], row: usize) -> f64 {
        self.joined(self.forest.predict(features, |_| row), features, |_| row)
    }

    /// The same for a row of which one feature is read from another row.
    fn score_changed(&self, features: &[Feature], votes: &[Vote], row: usize, changed: (usize, usize)) -> f64 {
        let vote = self.forest.predict_changed(features, votes, row, changed);
        self.joined(vote, features, |feature| if feature == changed.0 { changed.1 } else { row })
    }

    fn joined(&self, vote: f64, features: &[Feature], row: impl Fn(usize) -> usize) -> f64 {
        let vote = vote.clamp(0.005, 0.995);
        let forest = (vote / (1.0 - vote)).ln();
        let linear = self.logistic.as_ref().map_or(0.0, |l| l.log_odds(features, &row));
        forest + linear.clamp(-8.0, 8.0)
    }
}

fn auc_of(rows: &[usize], scores: &[f64], is_current: &[bool]) -> Option<(Auc, usize, usize)> {
    let side = |current: bool| -> Vec<f64> {
        rows.iter().zip(scores).filter(|(r, _)| is_current[**r] == current).map(|(_, s)| *s).collect()
    };
    let (low, high) = (side(false), side(true));
    delong(&low, &high).map(|auc| (auc, low.len(), high.len()))
}

/// An empty answer with its reason.
pub(crate) fn cannot_tell(left_out: Vec<(String, String)>, n: (usize, usize), why: String) -> JointDrift {
    JointDrift {
        verdict: DriftVerdict::CannotTell,
        auc: None,
        interval: None,
        p_value: None,
        drivers: Vec::new(),
        left_out,
        roc: Vec::new(),
        n: (n.0 as u64, n.1 as u64),
        without: None,
        typical: Vec::new(),
        why,
    }
}

/// Cross-validates the domain classifier. The second value holds the out-of-fold score of each row (log-odds of "current"), for the
/// overlap of the tables.
///
/// # Errors
/// `Cancelled`, or `Internal` when a thread of ours broke.
pub(crate) fn classify(
    rows: &Rows,
    left_out: Vec<(String, String)>,
    options: &DriftOptions,
    cancel: &dyn Fn() -> bool,
    progress: &mut dyn FnMut(f64),
) -> Result<(JointDrift, Option<Vec<f64>>), DriftError> {
    let n = rows.counts();
    if rows.features.is_empty() {
        let why = "no column is left that could tell the tables apart".to_owned();
        return Ok((cannot_tell(left_out, n, why), None));
    }
    if n.0 < FEWEST || n.1 < FEWEST {
        let why = format!("too few rows for a classifier ({} and {}; it needs {FEWEST} of each)", n.0, n.1);
        return Ok((cannot_tell(left_out, n, why), None));
    }
    let seed = mix(options.seed);
    let Some(found) = cross_validated(rows, seed, cancel, &mut |p| progress(p * 0.6))? else {
        let why = "the rows of the two tables are too much alike to be split into folds".to_owned();
        return Ok((cannot_tell(left_out, n, why), None));
    };
    let Validated { fitted, auc, scores, ranked: (ranked_low, ranked_high), .. } = &found;
    let interval = auc_interval(auc);
    let p_value = found.p_value();
    let drivers = if interval.0 > 0.5 {
        drivers(rows, fitted, seed, cancel, &mut |p| progress(0.6 + 0.15 * p))?
    } else {
        Vec::new()
    };
    let (verdict, mut why) = judge(auc, interval, p_value, &drivers, options);
    let without = match verdict {
        DriftVerdict::Drift if !rows.in_short => {
            without_drivers(rows, &drivers, seed, cancel, &mut |p| progress(0.75 + 0.25 * p))?
        }
        _ => None,
    };
    if let Some(it) = &without {
        let named = it.columns.join(", ");
        why.push_str(&match it.auc.zip(it.interval) {
            Some((auc, (low, high))) => {
                format!("; without {named} the AUC is {auc:.3} (95 % interval {low:.3} to {high:.3})")
            }
            None => format!("; without {named} nothing is left to tell them apart by"),
        });
    }
    let typical = if verdict == DriftVerdict::Drift && !rows.in_short { typical(rows, scores) } else { Vec::new() };
    if fitted.iter().all(|m| m.logistic.is_none()) {
        why.push_str("; the logistic model found no solution, so this rests on the forest alone");
    }
    let shared = shared_rows(rows);
    // A few equal rows are no news: they move nothing.
    if shared * 100 >= n.0.min(n.1) {
        why.push_str(&format!(
            "; {shared} of the rows compared stand in both tables, which hides drift rather than showing it"
        ));
    } else if interval.1 < 0.5 {
        why.push_str("; an AUC below one half is no drift: a classifier that finds nothing to learn can end there, the more so where near copies of rows stand in both tables");
    }
    for note in &rows.notes {
        why.push_str("; ");
        why.push_str(note);
    }
    let joint = JointDrift {
        verdict,
        auc: Some(auc.auc),
        interval: Some(interval),
        p_value: Some(p_value),
        drivers,
        left_out,
        roc: if rows.in_short { Vec::new() } else { roc_points(ranked_low, ranked_high, ROC_POINTS) },
        n: (n.0 as u64, n.1 as u64),
        without,
        typical,
        why,
    };
    Ok((joint, Some(found.scores)))
}

/// What five classifiers, each tested on the rows that it did not learn from, came to.
struct Validated {
    fitted: Vec<Fitted>,
    auc: Auc,
    null_variance: f64,
    /// Log-odds of "current" of each row.
    scores: Vec<f64>,
    /// Ranks within the folds, 0..1, of the reference's rows and of the current ones.
    ranked: (Vec<f64>, Vec<f64>),
}

impl Validated {
    fn p_value(&self) -> f64 {
        normal_upper_tail((self.auc.auc - 0.5) / self.null_variance.sqrt())
    }
}

/// `None` where no fold has rows of both tables.
fn cross_validated(
    rows: &Rows,
    seed: u64,
    cancel: &dyn Fn() -> bool,
    progress: &mut dyn FnMut(f64),
) -> Result<Option<Validated>, DriftError> {
    let folds = rows.folds(&mut Random::new(seed));
    let fitted = fit_folds(rows, &folds, seed, cancel, progress)?;
    let mut scores = vec![0.0; rows.is_current.len()];
    let (mut auc, mut variance, mut null_variance, mut weights) = (0.0, 0.0, 0.0, 0.0);
    let mut ranked = (Vec::new(), Vec::new());
    for model in &fitted {
        for (row, score) in model.test.iter().zip(&model.scores) {
            scores[*row] = *score;
        }
        let Some((fold_auc, low, high)) = auc_of(&model.test, &model.scores, &rows.is_current) else { continue };
        // Scores of different models are comparable within a fold only, so the AUC is taken by fold and weighted by its pairs.
        let weight = low as f64 * high as f64;
        auc += weight * fold_auc.auc;
        variance += weight * weight * fold_auc.variance;
        null_variance += weight * weight * mann_whitney_null_variance(low, high);
        weights += weight;
        for (position, row) in by_score(model).into_iter().enumerate() {
            let rank = position as f64 / model.test.len() as f64;
            if rows.is_current[row] { ranked.1.push(rank) } else { ranked.0.push(rank) }
        }
    }
    if weights == 0.0 {
        return Ok(None);
    }
    let auc = Auc { auc: auc / weights, variance: variance / (weights * weights) };
    let null_variance = FOLDS_SHARE_ROWS * null_variance / (weights * weights);
    Ok(Some(Validated { fitted, auc, null_variance, scores, ranked }))
}

/// What is left to tell the tables apart by when the columns that do it most are taken out.
fn without_drivers(
    rows: &Rows,
    drivers: &[Driver],
    seed: u64,
    cancel: &dyn Fn() -> bool,
    progress: &mut dyn FnMut(f64),
) -> Result<Option<AucWithout>, DriftError> {
    let Some(strongest) = drivers.first() else { return Ok(None) };
    let columns: Vec<String> = drivers
        .iter()
        .take(MOST_TAKEN_OUT)
        .filter(|it| it.importance >= 0.1 * strongest.importance)
        .map(|it| it.column.clone())
        .collect();
    let rest = Rows {
        // A figure beside the verdict, not the verdict.
        in_short: true,
        features: rows.features.iter().filter(|it| !columns.contains(&it.name)).cloned().collect(),
        is_current: rows.is_current.clone(),
        hashes: rows.hashes.clone(),
        picked: rows.picked.clone(),
        ..Rows::default()
    };
    if rest.features.is_empty() {
        return Ok(Some(AucWithout { columns, auc: None, interval: None }));
    }
    let found = cross_validated(&rest, seed ^ 0x0007, cancel, progress)?;
    Ok(Some(AucWithout {
        columns,
        auc: found.as_ref().map(|it| it.auc.auc),
        interval: found.as_ref().map(|it| auc_interval(&it.auc)),
    }))
}

/// The current rows that are least like the reference, by their score when they were not learnt from, each once.
fn typical(rows: &Rows, scores: &[f64]) -> Vec<TypicalRow> {
    let mut order: Vec<usize> = (0..scores.len()).filter(|row| rows.is_current[*row]).collect();
    order.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]).then(a.cmp(b)));
    let mut seen = HashSet::new();
    order
        .into_iter()
        .filter(|row| scores[*row] > 0.0 && seen.insert(rows.hashes[*row]))
        .take(MOST_TYPICAL)
        .map(|row| TypicalRow { row: rows.picked[row] as u64, sure: 1.0 / (1.0 + (-scores[row] / 2.0).exp()) })
        .collect()
}

fn by_score(model: &Fitted) -> Vec<usize> {
    let mut order: Vec<usize> = (0..model.test.len()).collect();
    order.sort_by(|a, b| model.scores[*a].total_cmp(&model.scores[*b]));
    order.into_iter().map(|i| model.test[i]).collect()
}

fn shared_rows(rows: &Rows) -> usize {
    // Few columns with few values are equal by nature; only otherwise is "the same row" a statement.
    if !rows.records() {
        return 0;
    }
    let side = |current: bool| -> HashSet<u64> {
        rows.hashes.iter().zip(&rows.is_current).filter(|(_, c)| **c == current).map(|(h, _)| *h).collect()
    };
    side(false).intersection(&side(true)).count()
}

/// One half of a fold's classifier.
enum Half {
    Forest(Forest),
    Logistic(Option<Logistic>),
}

/// Fits the classifiers of all folds, half by half: ten pieces of work keep all cores busy where five would leave one idle at the end.
fn fit_folds(
    rows: &Rows,
    folds: &[usize],
    seed: u64,
    cancel: &dyn Fn() -> bool,
    progress: &mut dyn FnMut(f64),
) -> Result<Vec<Fitted>, DriftError> {
    let terms = features::terms(&rows.features);
    let target: Vec<f32> = rows.is_current.iter().map(|c| f32::from(u8::from(*c))).collect();
    let split = |fold: usize| -> (Vec<usize>, Vec<usize>) { (0..folds.len()).partition(|row| folds[*row] == fold) };
    let halves = work::each(2 * FOLDS, cancel, &mut |share, _, _| progress(0.9 * share), |piece, stop| {
        let mut random = Random::new(mix(seed ^ (piece as u64 + 1)));
        let (_, train) = split(piece % FOLDS);
        if piece >= FOLDS {
            return Half::Logistic(Logistic::fit(&rows.features, &terms, &train, &rows.is_current, &mut random));
        }
        let trees = if rows.in_short { 40 } else { 100 };
        let size = Size { trees, depth: 9, leaf: (train.len() / 400).clamp(8, 40) };
        let stopped = || stop.load(Ordering::Relaxed);
        Half::Forest(Forest::fit(&rows.features, &train, &target, size, &mut random, &stopped))
    })?;
    let (mut forests, mut logistics) = (Vec::new(), Vec::new());
    for half in halves {
        match half {
            Half::Forest(forest) => forests.push(forest),
            Half::Logistic(logistic) => logistics.push(logistic),
        }
    }
    let mut fitted: Vec<Fitted> = forests
        .into_iter()
        .zip(logistics)
        .enumerate()
        .map(|(fold, (forest, logistic))| Fitted { logistic, forest, test: split(fold).0, scores: Vec::new() })
        .collect();
    let scores = work::each(fitted.len(), cancel, &mut |share, _, _| progress(0.9 + 0.1 * share), |fold, _| {
        let model = &fitted[fold];
        model.test.iter().map(|row| model.score(&rows.features, *row)).collect::<Vec<f64>>()
    })?;
    for (model, scores) in fitted.iter_mut().zip(scores) {
        model.scores = scores;
    }
    Ok(fitted)
}

/// AUC lost when one column's values are shuffled among the test rows (Breiman 2001), as a mean over the folds.
fn drivers(
    rows: &Rows,
    fitted: &[Fitted],
    seed: u64,
    cancel: &dyn Fn() -> bool,
    progress: &mut dyn FnMut(f64),
) -> Result<Vec<Driver>, DriftError> {
    let features = &rows.features;
    let per_fold = (DRIVER_ROWS / FOLDS).min(2_000_000 / (FOLDS * features.len()).max(1)).max(200);
    let lost = work::each(fitted.len(), cancel, &mut |share, _, _| progress(share), |fold, stop| {
        let model = &fitted[fold];
        let mut random = Random::new(mix(seed ^ 0xd21e ^ fold as u64));
        let chosen: Vec<usize> = random.sample(model.test.len(), per_fold).into_iter().map(|i| model.test[i]).collect();
        let votes: Vec<Vec<Vote>> = chosen.iter().map(|row| model.forest.votes(features, *row)).collect();
        let scores: Vec<f64> = chosen.iter().map(|row| model.score(features, *row)).collect();
        let base = auc_of(&chosen, &scores, &rows.is_current).map_or(f64::NAN, |a| a.0.auc);
        let mut shuffled = chosen.clone();
        random.shuffle(&mut shuffled);
        (0..features.len())
            .map(|column| {
                if stop.load(Ordering::Relaxed) {
                    return f64::NAN;
                }
                let scores: Vec<f64> = chosen
                    .iter()
                    .zip(&shuffled)
                    .zip(&votes)
                    .map(|((row, other), votes)| model.score_changed(features, votes, *row, (column, *other)))
                    .collect();
                base - auc_of(&chosen, &scores, &rows.is_current).map_or(f64::NAN, |a| a.0.auc)
            })
            .collect::<Vec<f64>>()
    })?;
    let mut drivers: Vec<Driver> = features
        .iter()
        .enumerate()
        .map(|(column, feature)| {
            let values: Vec<f64> =
                lost.iter().filter_map(|l| l.get(column).copied()).filter(|v| v.is_finite()).collect();
            let importance = (values.iter().sum::<f64>() / values.len().max(1) as f64).clamp(0.0, 1.0);
            Driver { column: feature.name.clone(), importance }
        })
        .filter(|driver| driver.importance > 0.0005)
        .collect();
    drivers.sort_by(|a, b| b.importance.total_cmp(&a.importance).then(a.column.cmp(&b.column)));
    drivers.truncate(20);
    Ok(drivers)
}

/// A p-value in a sentence; below a ten-thousandth its exact size says nothing more.
fn p_words(p: f64) -> String {
    if p < 0.000_1 { "p < 0.0001".to_owned() } else { format!("p = {p:.4}") }
}

fn judge(
    auc: &Auc,
    interval: (f64, f64),
    p_value: f64,
    drivers: &[Driver],
    options: &DriftOptions,
) -> (DriftVerdict, String) {
    let limit = 0.5 + options.auc_threshold;
    let numbers =
        format!("AUC {:.3}, 95 % interval {:.3} to {:.3}, {}", auc.auc, interval.0, interval.1, p_words(p_value));
    let half = (interval.1 - interval.0) / 2.0;
    if interval.0 > limit && p_value < options.alpha_joint() {
        let top: Vec<String> = drivers
            .iter()
            .take(3)
            .map(|d| format!("{} (AUC lost without it: {:.3})", d.column, d.importance))
            .collect();
        let by = if top.is_empty() { String::new() } else { format!(", mostly by {}", top.join(", ")) };
        return (DriftVerdict::Drift, format!("a classifier can tell the tables apart ({numbers}){by}"));
    }
    if interval.0 > limit && half <= VISIBLE {
        let words = "a classifier may tell the tables apart by more than tolerated; chance is not excluded";
        return (
            DriftVerdict::CannotTell,
            format!("{words} ({numbers}; tolerated {limit:.3}; p must be under {:.3})", options.alpha_joint()),
        );
    }
    if interval.1 <= limit || (p_value >= options.alpha_joint() && half <= VISIBLE) {
        return (
            DriftVerdict::NoDrift,
            format!("a classifier cannot tell the tables apart beyond the tolerated {limit:.3} ({numbers})"),
        );
    }
    let words = if half > VISIBLE {
        "too few rows to tell whether a classifier can tell the tables apart"
    } else {
        "a classifier may tell the tables apart, but the interval does not say whether by more than tolerated"
    };
    (DriftVerdict::CannotTell, format!("{words} ({numbers}; tolerated {limit:.3})"))
}

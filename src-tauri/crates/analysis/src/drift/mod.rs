//! Whether two tables come from the same world: column by column, all columns together, and the relation to the target.
//!
//! A verdict rests on the size of the difference with its 95 % interval and on a p-value corrected for the number of columns, so that
//! it means the same at 300 rows and at 30 million. What cannot be told is said to be so.

mod change;
mod column;
pub(crate) mod columns;
mod concept;
pub(crate) mod counts;
pub(crate) mod joint;
mod news;
pub(crate) mod random;
pub(crate) mod season;
mod sentinel;
pub mod statistics;
mod times;
mod work;

use std::collections::HashSet;

use polars::prelude::DataFrame;
use proofmark_domain::counts::grouped;
use proofmark_domain::drift::{ColumnDrift, ConceptDrift, DriftReport, DriftVerdict, JointDrift, RowCounts};

use self::column::Measured;
use self::columns::{Reading, Values};
pub use self::columns::{to_categories, to_numbers};
use self::joint::Rows;
use self::joint::features::{Feature, Picked, feature, pick};
pub use self::news::{DriftNews, Follow};
pub(crate) use self::random::{Random, mix};
use self::statistics::benjamini_hochberg;
pub use self::times::{WrittenDate, WrittenDates};

/// Why a comparison gave no report.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum DriftError {
    /// The caller asked to stop.
    #[error("the comparison was cancelled; nothing was kept")]
    Cancelled,
    /// A column that was named does not stand in either table.
    #[error("the {role} column \"{column}\" stands in neither table; choose one of their columns")]
    UnknownColumn {
        /// `target`, `prediction` or `time`.
        role: &'static str,
        /// The name that was given.
        column: String,
    },
    /// A threshold that is not a number in its range.
    #[error("{name} is {value}, but must be {range}")]
    BadOption {
        /// The option.
        name: &'static str,
        /// What was given.
        value: String,
        /// What is allowed.
        range: &'static str,
    },
    /// A thread of ours broke.
    #[error("the comparison broke off by a fault of this program; nothing was kept")]
    Internal,
}

/// What is compared, and how much difference is tolerated.
#[derive(Debug, Clone, PartialEq)]
pub struct DriftOptions {
    /// Name of the reference table in the report.
    pub reference: String,
    /// Name of the current table in the report.
    pub current: String,
    /// The target (label): compared as a column, left out of the classifier, and used for concept drift.
    pub target: Option<String>,
    /// A model's prediction: compared as a column, left out of the classifier.
    pub prediction: Option<String>,
    /// The time of a row: not compared.
    pub time: Option<String>,
    /// Further columns that are not compared.
    pub leave_out: Vec<String>,
    /// How dates stand in the files that the tables were read from, where these are text.
    pub dates: WrittenDates,
    /// The same seed gives the same report.
    pub seed: u64,
    /// Tolerated KS or total variation distance, 0..1; a tenth of it for the share of new values. Default 0.025: five rows in two
    /// hundred, or a shift of 0.063 standard deviations. That is a third of what Cohen (1988) calls a small effect (0.2), so that a small
    /// shift is found with its whole interval above the limit at a thousand rows and half of one at ten thousand, and far above what any
    /// number of rows makes "significant".
    pub effect_threshold: f64,
    /// Tolerated AUC of the domain classifier above one half, 0..0.5. Default 0.02: the ROC curve of the best classifier passes a point
    /// with TPR - FPR = total variation, so a tolerated total variation of 0.025 already means an AUC of 0.5125 or more.
    pub auc_threshold: f64,
    /// Chance of any alarm when nothing drifts, 0..1: four fifths go to the columns (Benjamini-Hochberg over all of them), one fifth
    /// to the classifier. Default 0.05, so a column's corrected p-value must be below 0.04, the classifier's below 0.01.
    pub alpha: f64,
    /// Rows of each table that the classifier uses at most; the columns are always compared on all rows. Default 20,000.
    pub max_rows: usize,
}

impl Default for DriftOptions {
    fn default() -> Self {
        Self {
            reference: "reference".to_owned(),
            current: "current".to_owned(),
            target: None,
            prediction: None,
            time: None,
            leave_out: Vec::new(),
            dates: WrittenDates::default(),
            seed: 20_240_229,
            effect_threshold: 0.025,
            auc_threshold: 0.02,
            alpha: 0.05,
            max_rows: 20_000,
        }
    }
}

impl DriftOptions {
    fn validate(&self, reference: &DataFrame, current: &DataFrame) -> Result<(), DriftError> {
        let number = |name, value: f64, high: f64, range| {
            if value.is_finite() && (0.0..high).contains(&value) {
                return Ok(());
            }
            Err(DriftError::BadOption { name, value: value.to_string(), range })
        };
        number("the tolerated effect", self.effect_threshold, 1.0, "at least 0 and under 1")?;
        number("the tolerated AUC", self.auc_threshold, 0.5, "at least 0 and under 0.5")?;
        number("the level", self.alpha, 1.0, "at least 0 and under 1")?;
        for (role, column) in [("target", &self.target), ("prediction", &self.prediction), ("time", &self.time)] {
            if let Some(column) = column
                && reference.column(column).is_err()
                && current.column(column).is_err()
            {
                return Err(DriftError::UnknownColumn { role, column: column.clone() });
            }
        }
        Ok(())
    }

    fn alpha_columns(&self) -> f64 {
        0.8 * self.alpha
    }

    fn alpha_joint(&self) -> f64 {
        0.2 * self.alpha
    }

    fn left_out_by_name(&self, name: &str) -> Option<String> {
        if self.time.as_deref() == Some(name) {
            return Some("is the time of the row".to_owned());
        }
        self.leave_out.iter().any(|n| n == name).then(|| "was left out on request".to_owned())
    }
}

/// What became of one column before anything is decided.
enum Outcome {
    LeftOut(String),
    /// A time, which is not compared, and is written otherwise.
    Rewritten(Box<Measured>),
    Measured {
        measured: Box<Measured>,
        feature: Option<Feature>,
        hashes: Vec<u64>,
        picked: Option<Picked>,
    },
}

/// Compares two tables. `cancel` is asked about every 50 ms and at every step; `progress` gets a share of 0..1 and what is being done.
///
/// Columns are compared on all rows; the domain classifier uses at most `max_rows` of each table and says so.
///
/// # Errors
/// `Cancelled`; `UnknownColumn` and `BadOption` for options that do not fit; `Internal` for a fault of ours. Tables that cannot be
/// compared (no rows, no common column) are no error: the verdict is then "cannot tell", with the reason.
pub fn compare(
    reference: &DataFrame,
    current: &DataFrame,
    options: &DriftOptions,
    cancel: &dyn Fn() -> bool,
    progress: &dyn Fn(f64, &str),
) -> Result<DriftReport, DriftError> {
    compare_telling(reference, current, options, &Follow { cancel, progress, news: None })
}

/// The same, and tells what is known early.
///
/// # Errors
/// As [`compare`].
pub(crate) fn compare_telling(
    reference: &DataFrame,
    current: &DataFrame,
    options: &DriftOptions,
    follow: &Follow<'_>,
) -> Result<DriftReport, DriftError> {
    let Follow { cancel, progress, news } = *follow;
    options.validate(reference, current)?;
    let names = column_names(reference, current);
    let counts = RowCounts { reference: reference.height() as u64, current: current.height() as u64 };
    let mut random = Random::new(mix(options.seed ^ 0x5a17));
    let rows = (random.sample(reference.height(), options.max_rows), random.sample(current.height(), options.max_rows));
    progress(0.0, "comparing columns");
    let mut done = 0u64;
    let of = names.len() as u64;
    let mut ended = |share: f64, place: usize, outcome: &Outcome| {
        done += 1;
        if let Some(news) = news {
            news(match outcome {
                Outcome::LeftOut(_) => DriftNews::LeftOut { column: names[place].clone(), done, of },
                Outcome::Rewritten(measured) | Outcome::Measured { measured, .. } => {
                    let column = Box::new(news::provisional(measured, names.len(), options));
                    DriftNews::Column { column, done, of }
                }
            });
        }
        progress(share * 0.5, "comparing columns");
    };
    let outcomes = work::each(names.len(), cancel, &mut ended, |place, _| {
        outcome(&names[place], reference, current, options, (&rows.0, &rows.1))
    })?;

    let mut joint_rows = Rows {
        is_current: (0..rows.0.len() + rows.1.len()).map(|i| i >= rows.0.len()).collect(),
        hashes: vec![0; rows.0.len() + rows.1.len()],
        picked: (0..rows.0.len() + rows.1.len()).collect(),
        ..Rows::default()
    };
    if rows.0.len() < reference.height() || rows.1.len() < current.height() {
        let note = format!(
            "the classifier used a random sample of {} and {} rows",
            grouped(rows.0.len()),
            grouped(rows.1.len())
        );
        joint_rows.notes.push(note);
    }
    let (mut left_out, mut measured) = (Vec::new(), Vec::new());
    let (mut target, mut prediction) = (None, None);
    for (name, outcome) in names.iter().zip(outcomes) {
        match outcome {
            Outcome::LeftOut(reason) => left_out.push((name.clone(), reason)),
            Outcome::Rewritten(found) => {
                left_out.push((name.clone(), columns::IS_TIME.to_owned()));
                measured.push(*found);
            }
            Outcome::Measured { measured: found, feature, hashes, picked } => {
                measured.push(*found);
                if options.target.as_ref() == Some(name) {
                    left_out.push((name.clone(), "is the target; compared by itself".to_owned()));
                    target = picked;
                } else if options.prediction.as_ref() == Some(name) {
                    left_out.push((name.clone(), "is the prediction; compared by itself".to_owned()));
                    prediction = picked;
                } else if let Some(feature) = feature {
                    joint_rows.note_distinct(&hashes);
                    for (all, one) in joint_rows.hashes.iter_mut().zip(hashes) {
                        *all = mix(*all ^ one).wrapping_add(0x9e37);
                    }
                    joint_rows.features.push(feature);
                } else {
                    left_out.push((name.clone(), "holds one value only (or none) in both tables".to_owned()));
                }
            }
        }
    }
    let columns = decide_all(measured, options);
    if let Some(news) = news {
        news(DriftNews::Columns { columns: columns.clone(), settled: true });
    }
    joint_rows.drop_copies();
    progress(0.5, "training the domain classifier");
    let (mut joint, scores) = joint::classify(&joint_rows, left_out, options, cancel, &mut |p| {
        if let Some(news) = news {
            news(DriftNews::Classifier { share: p });
        }
        progress(0.5 + 0.4 * p, "training the domain classifier");
    })?;
    // The classifier knows the current rows by their place behind the reference's among those that were picked.
    for it in &mut joint.typical {
        let place = (it.row as usize).checked_sub(rows.0.len()).and_then(|it| rows.1.get(it));
        it.row = place.map_or(0, |it| *it as u64 + 1);
    }
    if !joint.typical.is_empty() {
        let named: Vec<String> = joint.typical.iter().map(|it| it.row.to_string()).collect();
        joint.why.push_str(&format!("; most typical of the current table are its rows {}", named.join(", ")));
    }
    progress(0.9, "looking at the relation to the target");
    let concept = match &options.target {
        None => None,
        Some(name) => Some(concept::relation(
            name,
            target.as_ref(),
            prediction.as_ref(),
            &joint_rows,
            scores.as_deref(),
            options,
            cancel,
            &mut |p| progress(0.9 + 0.1 * p, "looking at the relation to the target"),
        )?),
    };
    let (verdict, mut why) = overall(&columns, &joint, concept.as_ref(), counts);
    why.push_str(&lone_columns(&joint.left_out));
    progress(1.0, "done");
    Ok(DriftReport {
        reference: options.reference.clone(),
        current: options.current.clone(),
        verdict,
        rows: counts,
        columns,
        joint,
        concept,
        why,
    })
}

/// The columns alone, without the classifier.
///
/// # Errors
/// As [`compare`].
pub(crate) fn columns_alone(
    reference: &DataFrame,
    current: &DataFrame,
    options: &DriftOptions,
    cancel: &dyn Fn() -> bool,
) -> Result<Vec<ColumnDrift>, DriftError> {
    options.validate(reference, current)?;
    let names = column_names(reference, current);
    let found = work::each(names.len(), cancel, &mut |_, _, _| (), |place, _| {
        match measured(&names[place], reference, current, options) {
            Found::LeftOut(_) => None,
            Found::Rewritten(measured) => Some(*measured),
            Found::Measured(measured, _) => Some(*measured),
        }
    })?;
    Ok(decide_all(found.into_iter().flatten().collect(), options))
}

/// Names of both tables, in the reference's order and then the current table's.
fn column_names(reference: &DataFrame, current: &DataFrame) -> Vec<String> {
    let mut seen = HashSet::new();
    let all = reference.get_column_names().into_iter().chain(current.get_column_names());
    all.map(|name| name.as_str()).filter(|name| seen.insert(*name)).map(str::to_owned).collect()
}

/// What there is to say about one column by itself.
enum Found {
    LeftOut(String),
    /// A time, which is not compared, and is written otherwise.
    Rewritten(Box<Measured>),
    Measured(Box<Measured>, Values),
}

/// Measures one column, or says why it is not compared.
fn measured(name: &str, reference: &DataFrame, current: &DataFrame, options: &DriftOptions) -> Found {
    if !options.leave_out.iter().any(|it| it == name)
        && let Some((words, n)) = times::written_otherwise(name, reference, current, &options.dates)
    {
        return Found::Rewritten(Box::new(column::rewritten(name, words, n, options)));
    }
    if let Some(reason) = options.left_out_by_name(name) {
        return Found::LeftOut(reason);
    }
    match columns::read(name, reference, current) {
        Reading::LeftOut(reason) => Found::LeftOut(reason),
        Reading::Comparable(values, written) => {
            Found::Measured(Box::new(column::measure(name, &values, written, options)), values)
        }
    }
}

fn outcome(
    name: &str,
    reference: &DataFrame,
    current: &DataFrame,
    options: &DriftOptions,
    rows: (&[usize], &[usize]),
) -> Outcome {
    let (measured, values) = match measured(name, reference, current, options) {
        Found::Measured(measured, values) => (measured, values),
        Found::Rewritten(measured) => return Outcome::Rewritten(measured),
        Found::LeftOut(reason) => return Outcome::LeftOut(reason),
    };
    let picked = pick(&values, rows, measured.rounded);
    let feature = feature(name, &picked);
    let hashes = picked.hashes();
    let wanted = options.target.as_deref() == Some(name) || options.prediction.as_deref() == Some(name);
    Outcome::Measured { measured, feature, hashes, picked: wanted.then_some(picked) }
}

fn decide_all(measured: Vec<Measured>, options: &DriftOptions) -> Vec<ColumnDrift> {
    let p_values: Vec<f64> = measured.iter().map(|m| m.p_value().unwrap_or(f64::NAN)).collect();
    let adjusted = benjamini_hochberg(&p_values);
    let mut columns: Vec<ColumnDrift> = measured
        .into_iter()
        .zip(adjusted)
        .map(|(m, p)| column::decide(m, (!p.is_nan()).then_some(p), options))
        .collect();
    let rank = |c: &ColumnDrift| (c.verdict != DriftVerdict::Drift, -c.effect.unwrap_or(-1.0));
    columns.sort_by(|a, b| {
        let (a, b) = (rank(a), rank(b));
        a.0.cmp(&b.0).then(a.1.total_cmp(&b.1))
    });
    columns
}

fn overall(
    columns: &[ColumnDrift],
    joint: &JointDrift,
    concept: Option<&ConceptDrift>,
    rows: RowCounts,
) -> (DriftVerdict, String) {
    let of = |verdict| columns.iter().filter(move |c| c.verdict == verdict);
    let drifted = of(DriftVerdict::Drift).count();
    let mut reasons = Vec::new();
    if drifted > 0 {
        let named: Vec<&str> = of(DriftVerdict::Drift).take(3).map(|c| c.name.as_str()).collect();
        let most = if drifted > named.len() { ", most of all" } else { ":" };
        reasons.push(match columns.len() {
            1 => format!("the only column drifted: {}", named.join(", ")),
            all => format!("{} of {} columns drifted{most} {}", grouped(drifted), grouped(all), named.join(", ")),
        });
    }
    if joint.verdict == DriftVerdict::Drift {
        let alone = if drifted == 0 { "no column drifted by itself, but " } else { "" };
        reasons.push(format!("{alone}{}", joint.why));
    }
    if let Some(concept) = concept.filter(|c| c.verdict == DriftVerdict::Drift) {
        reasons.push(concept.why.clone());
    }
    if !reasons.is_empty() {
        reasons.extend(of(DriftVerdict::Drift).take(3).map(|c| format!("{}: {}", c.name, c.why)));
        let sentences: Vec<String> = reasons.iter().map(|it| capitalised(it)).collect();
        return (DriftVerdict::Drift, format!("{}.", sentences.join(". ")));
    }
    if rows.reference == 0 || rows.current == 0 {
        let words = format!(
            "One table has no rows ({} and {}), so nothing can be compared.",
            grouped(rows.reference),
            grouped(rows.current)
        );
        return (DriftVerdict::CannotTell, words);
    }
    let with_values: Vec<&ColumnDrift> = columns.iter().filter(|c| c.n != (0, 0)).collect();
    if with_values.is_empty() {
        let mut why = "The tables have no column with values that can be compared.".to_owned();
        for (name, reason) in joint.left_out.iter().filter(|it| !is_lone(&it.1)).take(5) {
            why.push_str(&format!(" {name} {reason}."));
        }
        return (DriftVerdict::CannotTell, why);
    }
    let unsure: Vec<&&ColumnDrift> = with_values.iter().filter(|c| c.verdict == DriftVerdict::CannotTell).collect();
    if let Some(first) = unsure.first() {
        let which = match columns.len() {
            1 => "The only column".to_owned(),
            all => format!("{} of {all} columns", unsure.len()),
        };
        let words = format!("{which} cannot be judged. {}: {}.", first.name, first.why);
        return (DriftVerdict::CannotTell, words);
    }
    if joint.verdict == DriftVerdict::CannotTell && !joint.n.eq(&(0, 0)) && joint.auc.is_some() {
        return (DriftVerdict::CannotTell, format!("No column drifted, but {}.", joint.why));
    }
    // Where most of the reference has no counterpart, the few columns in common say little about the table.
    let lone = joint.left_out.iter().filter(|it| it.1 == columns::ONLY_REFERENCE).count();
    if lone > 0 && lone >= columns.len() {
        let words = match columns.len() {
            1 => "Only one column of the reference".to_owned(),
            few => format!("Only {few} columns of the reference"),
        };
        let why = format!(
            "{words} could be compared, which did not drift; {lone} have no counterpart. Is it the same kind of table?"
        );
        return (DriftVerdict::CannotTell, why);
    }
    let largest =
        columns.first().map_or_else(String::new, |c| format!(" The largest difference is in {}: {}.", c.name, c.why));
    let none = match columns.len() {
        1 => "The only column did not drift".to_owned(),
        all => format!("None of {all} columns drifted"),
    };
    (DriftVerdict::NoDrift, format!("{none}; {}.{largest}", joint.why))
}

fn is_lone(reason: &str) -> bool {
    [columns::ONLY_REFERENCE, columns::ONLY_CURRENT].contains(&reason)
}

/// What stands in one table alone was not compared, which no verdict on the others may hide.
fn lone_columns(left_out: &[(String, String)]) -> String {
    let mut words = String::new();
    for reason in [columns::ONLY_REFERENCE, columns::ONLY_CURRENT] {
        let names: Vec<&str> = left_out.iter().filter(|it| it.1 == reason).map(|it| it.0.as_str()).collect();
        let listed = match names.as_slice() {
            [] => continue,
            [one] => (*one).to_owned(),
            [few @ .., last] if names.len() <= 5 => format!("{} and {last}", few.join(", ")),
            [a, b, c, rest @ ..] => format!("{a}, {b}, {c} and {} more columns", rest.len()),
            many => many.join(", "),
        };
        let reason = if names.len() == 1 { reason.to_owned() } else { reason.replace("stands", "stand") };
        let verb = if names.len() == 1 { "was" } else { "were" };
        words.push_str(&format!(" {listed} {reason} and {verb} not compared."));
    }
    words
}

/// A sentence begins with a capital letter, unless it begins with the name of a column.
fn capitalised(sentence: &str) -> String {
    let first_word = sentence.split_whitespace().next().unwrap_or("");
    let mut letters = sentence.chars();
    match letters.next() {
        Some(first) if !first_word.ends_with(':') => first.to_uppercase().chain(letters).collect(),
        _ => sentence.to_owned(),
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod told;

//! From a table to labels, predictions and scores.

use std::collections::BTreeSet;

use polars::prelude::{Column, DataFrame, DataType};

use super::{EvaluateError, MOST_ROWS, Predictions};
use crate::drift::to_numbers;
use crate::facade::Table;

/// Classes told apart at most; a label with more is a number or a name.
const CLASSES: usize = 100;
/// Whole numbers with more different values than this are amounts, not classes.
const CODES: usize = 20;
/// A number with more different values than this is cut into quarters to make parts.
const PARTS: usize = 20;

/// What is predicted.
#[derive(Debug, Clone, PartialEq)]
pub enum Task {
    /// One of several classes.
    Classes {
        /// Their names, sorted; numbers by value.
        names: Vec<String>,
        /// The positive one, if there are two.
        positive: Option<usize>,
    },
    /// A number.
    Numbers,
}

impl Task {
    pub(super) fn text(&self, value: f64) -> String {
        match self {
            // Places are small whole numbers by construction.
            Self::Classes { names, .. } => names.get(value as usize).cloned().unwrap_or_default(),
            Self::Numbers => value.to_string(),
        }
    }

    /// The place of the positive class.
    pub const fn positive(&self) -> Option<usize> {
        match self {
            Self::Classes { positive, .. } => *positive,
            Self::Numbers => None,
        }
    }

    /// The name of the positive class.
    pub fn positive_name(&self) -> Option<&str> {
        match self {
            Self::Classes { names, positive } => names.get((*positive)?).map(String::as_str),
            Self::Numbers => None,
        }
    }
}

/// Where a table says what.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct EvaluationColumns {
    /// The column with what is true.
    pub label: String,
    /// The column with the predicted class or number; from the score if absent.
    pub prediction: Option<String>,
    /// The column with the probability of the positive class.
    pub score: Option<String>,
    /// The column that names a row, so that rows of two files can be told to be the same; the place of the row if absent.
    pub row: Option<String>,
    /// Columns that cut the rows into parts.
    pub parts: Vec<String>,
    /// The positive class; of two, the later one by value if absent, as scikit-learn has it.
    pub positive: Option<String>,
    /// Score from which the positive class is predicted where there is no column of predictions; 0.5 if absent.
    pub threshold: Option<f64>,
    /// Whether the label is a number, whatever it looks like.
    pub numbers: Option<bool>,
}

/// Reads predictions. `name_of` turns the name of a row into what is kept of it.
///
/// # Errors
/// If the file is no table, or lacks a column, or has one that cannot be what it is said to be.
pub fn read(
    table: &Table,
    columns: &EvaluationColumns,
    name_of: &dyn Fn(&str) -> String,
) -> Result<Predictions, EvaluateError> {
    if table.rows() > MOST_ROWS as u64 {
        return Err(EvaluateError::TooLarge { rows: table.rows() });
    }
    let frame = table.columns_named(&wanted(table, columns)?)?;
    let label = frame_column(&frame, &columns.label)?;
    let score = columns.score.as_deref().map(|name| numbers_of(&frame, name)).transpose()?;
    let prediction = columns.prediction.as_deref().map(|name| frame_column(&frame, name)).transpose()?;
    let is_number = match columns.numbers {
        Some(said) => said,
        None => is_amount(label)? || prediction.map(is_amount).transpose()?.unwrap_or(false),
    };
    let (task, label, prediction, score) = if is_number {
        let label = numbers_of(&frame, &columns.label)?;
        let prediction = match (&columns.prediction, score) {
            (Some(name), _) => numbers_of(&frame, name)?,
            (None, Some(score)) => score,
            (None, None) => return Err(nothing_predicted(columns)),
        };
        (Task::Numbers, label, prediction, None)
    } else {
        classes(columns, texts(label)?, prediction.map(texts).transpose()?, score)?
    };
    let row = match &columns.row {
        Some(name) => texts(frame_column(&frame, name)?)?.into_iter().map(|it| it.map(|it| name_of(&it))).collect(),
        None => (1..=label.len()).map(|at| Some(at.to_string())).collect::<Vec<_>>(),
    };
    let parts = columns.parts.iter().map(|name| Ok((name.clone(), part_names(&frame, name)?)));
    let whole = Predictions {
        task,
        row: row.iter().map(|it| it.clone().unwrap_or_default()).collect(),
        named: columns.row.is_some(),
        parts: parts.collect::<Result<_, EvaluateError>>()?,
        left_out: 0,
        label,
        prediction,
        score: score.unwrap_or_default(),
    };
    let there = |of: &[f64], at: usize| of.get(at).is_some_and(|it| it.is_finite());
    let kept: Vec<usize> = (0..whole.len())
        .filter(|at| {
            there(&whole.label, *at)
                && there(&whole.prediction, *at)
                && (whole.score.is_empty() || there(&whole.score, *at))
                && row.get(*at).is_some_and(Option::is_some)
        })
        .collect();
    let mut found = whole.at(&kept);
    found.left_out = (whole.len() - kept.len()) as u64;
    Ok(found)
}

fn wanted(table: &Table, columns: &EvaluationColumns) -> Result<Vec<String>, EvaluateError> {
    let mut wanted: Vec<String> = vec![columns.label.clone()];
    let others = [&columns.prediction, &columns.score, &columns.row];
    wanted.extend(others.into_iter().flatten().chain(&columns.parts).cloned());
    let mut seen = BTreeSet::new();
    wanted.retain(|name| seen.insert(name.clone()));
    for column in &wanted {
        if !table.columns().contains(column) {
            let known = table.columns().iter().take(12).map(|it| format!("`{it}`")).collect::<Vec<_>>().join(", ");
            return Err(EvaluateError::NoColumn { column: column.clone(), known });
        }
    }
    Ok(wanted)
}

fn nothing_predicted(columns: &EvaluationColumns) -> EvaluateError {
    EvaluateError::Column { column: columns.label.clone(), why: "has no prediction or score beside it".to_owned() }
}

fn frame_column<'f>(frame: &'f DataFrame, name: &str) -> Result<&'f Column, EvaluateError> {
    frame.column(name).map_err(|error| broken(name, &error))
}

fn broken(name: &str, error: &dyn std::fmt::Display) -> EvaluateError {
    EvaluateError::Column { column: name.to_owned(), why: format!("cannot be read: {error}") }
}

fn numbers_of(frame: &DataFrame, name: &str) -> Result<Vec<f64>, EvaluateError> {
    let column = frame_column(frame, name)?;
    if !(column.dtype().is_primitive_numeric() || matches!(column.dtype(), DataType::Boolean)) {
        return Err(EvaluateError::Column { column: name.to_owned(), why: "does not hold numbers".to_owned() });
    }
    to_numbers(column).map_err(|error| broken(name, &error))
}

/// Whether a column holds amounts rather than classes: fractions, or many different whole numbers.
fn is_amount(column: &Column) -> Result<bool, EvaluateError> {
    if !column.dtype().is_primitive_numeric() {
        return Ok(false);
    }
    let numbers = to_numbers(column).map_err(|error| broken(column.name(), &error))?;
    let mut distinct = BTreeSet::new();
    for number in numbers.into_iter().filter(|it| it.is_finite()) {
        if number.fract() != 0.0 {
            return Ok(true);
        }
        distinct.insert(number.to_bits());
        if distinct.len() > CODES {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The cells of a column as text; whole numbers without a fraction, so that `1` and `1.0` are one class.
fn texts(column: &Column) -> Result<Vec<Option<String>>, EvaluateError> {
    let name = column.name().to_string();
    if column.dtype().is_float() {
        let numbers = to_numbers(column).map_err(|error| broken(&name, &error))?;
        return Ok(numbers.into_iter().map(|it| it.is_finite().then(|| it.to_string())).collect());
    }
    let cast = column.cast(&DataType::String).map_err(|error| broken(&name, &error))?;
    let cells = cast.str().map_err(|error| broken(&name, &error))?;
    Ok(cells.iter().map(|it| it.map(str::to_owned)).collect())
}

type Read = (Task, Vec<f64>, Vec<f64>, Option<Vec<f64>>);

fn classes(
    columns: &EvaluationColumns,
    label: Vec<Option<String>>,
    prediction: Option<Vec<Option<String>>>,
    score: Option<Vec<f64>>,
) -> Result<Read, EvaluateError> {
    let mut names: Vec<String> = label
        .iter()
        .chain(prediction.iter().flatten())
        .flatten()
        .cloned()
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    if names.len() > CLASSES {
        let why = format!("has {} different values, which are no classes", names.len());
        return Err(EvaluateError::Column { column: columns.label.clone(), why });
    }
    let by_value = names.iter().all(|it| it.parse::<f64>().is_ok());
    if by_value {
        names.sort_by(|a, b| a.parse::<f64>().unwrap_or(0.0).total_cmp(&b.parse::<f64>().unwrap_or(0.0)));
    }
    let positive = match &columns.positive {
        Some(name) => {
            let place = names.iter().position(|it| it == name);
            if place.is_none() && names.len() > 1 {
                let known = names.iter().take(12).cloned().collect::<Vec<_>>().join(", ");
                let why = format!("never holds the positive class `{name}`; it holds {known}");
                return Err(EvaluateError::Column { column: columns.label.clone(), why });
            }
            place.filter(|_| names.len() <= 2)
        }
        // As in `sklearn.preprocessing.label_binarize`, the later of two is the positive one.
        None => (names.len() == 2).then_some(1),
    };
    let place = |name: &Option<String>| {
        name.as_ref().and_then(|it| names.iter().position(|known| known == it)).map_or(f64::NAN, |at| at as f64)
    };
    let label: Vec<f64> = label.iter().map(place).collect();
    let prediction: Vec<f64> = match (prediction, &score, positive) {
        (Some(prediction), ..) => prediction.iter().map(place).collect(),
        (None, Some(score), Some(positive)) => {
            let other = 1usize.saturating_sub(positive) as f64;
            let threshold = columns.threshold.unwrap_or(0.5);
            let class =
                |it: &f64| if it.is_nan() { f64::NAN } else { class_of(*it, threshold, positive as f64, other) };
            score.iter().map(class).collect()
        }
        (None, Some(_), None) => {
            let why = "has not two classes, so that a score alone does not say which one was predicted".to_owned();
            return Err(EvaluateError::Column { column: columns.label.clone(), why });
        }
        (None, None, _) => return Err(nothing_predicted(columns)),
    };
    Ok((Task::Classes { names, positive }, label, prediction, score))
}

const fn class_of(score: f64, threshold: f64, positive: f64, other: f64) -> f64 {
    if score >= threshold { positive } else { other }
}

/// Each row's part by this column: its value, or the quarter of the numbers in which it lies.
fn part_names(frame: &DataFrame, name: &str) -> Result<Vec<String>, EvaluateError> {
    let column = frame_column(frame, name)?;
    let missing = || "(missing)".to_owned();
    let cells = texts(column)?;
    let distinct: BTreeSet<&String> = cells.iter().flatten().collect();
    if distinct.len() <= PARTS || !column.dtype().is_primitive_numeric() {
        if distinct.len() > 1000 {
            let why = format!("has {} different values, which are no parts", distinct.len());
            return Err(EvaluateError::Column { column: name.to_owned(), why });
        }
        return Ok(cells.into_iter().map(|it| it.unwrap_or_else(missing)).collect());
    }
    let numbers = numbers_of(frame, name)?;
    let mut sorted: Vec<f64> = numbers.iter().copied().filter(|it| it.is_finite()).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let cut = |share: f64| crate::drift::statistics::quantile_sorted(&sorted, share);
    let cuts = [cut(0.25), cut(0.5), cut(0.75)];
    Ok(numbers
        .into_iter()
        .map(|it| match cuts {
            _ if !it.is_finite() => missing(),
            [low, ..] if it <= low => format!("up to {low}"),
            [low, middle, _] if it <= middle => format!("{low} to {middle}"),
            [_, middle, high] if it <= high => format!("{middle} to {high}"),
            [.., high] => format!("over {high}"),
        })
        .collect())
}

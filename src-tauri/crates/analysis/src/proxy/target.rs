//! The sensitive column as classes.

use polars::prelude::{DataFrame, DataType, PolarsError};

use crate::drift::{to_categories, to_numbers};

/// Distinct numbers up to which they are taken as classes.
const CODES: usize = 10;
/// Classes told apart at most.
const CLASSES: usize = 8;
/// Rows that a class needs, so that each fold has some.
pub const FEWEST: usize = 20;

/// What is to be predicted.
#[derive(Debug, Clone, PartialEq)]
pub struct Target {
    /// Class of each row; none where there is no value.
    pub class: Vec<Option<u8>>,
    /// Rows of each class.
    pub counts: Vec<usize>,
    /// `classes` or `above_median`.
    pub predicted: &'static str,
}

/// Reads a column as a target, or says why it is none.
pub fn read(frame: &DataFrame, name: &str) -> Result<Result<Target, String>, PolarsError> {
    let column = frame.column(name)?;
    let dtype = column.dtype().clone();
    if dtype.is_nested() || matches!(dtype, DataType::Binary | DataType::BinaryOffset) {
        return Ok(Err("The column is nested or binary, so there is nothing to predict.".to_owned()));
    }
    if matches!(dtype, DataType::String | DataType::Categorical(..) | DataType::Enum(..) | DataType::Boolean) {
        let (_, codes, _) = to_categories(column, &column.head(Some(0)))?;
        return Ok(classes(&codes.iter().map(|c| (*c != u32::MAX).then_some(u64::from(*c))).collect::<Vec<_>>()));
    }
    let numbers = to_numbers(column)?;
    let mut sorted: Vec<f64> = numbers.iter().copied().filter(|v| !v.is_nan()).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let mut distinct = sorted.clone();
    distinct.dedup();
    if distinct.len() <= CODES {
        let code = |v: &f64| distinct.iter().position(|d| d == v).map(|place| place as u64);
        return Ok(classes(&numbers.iter().map(code).collect::<Vec<_>>()));
    }
    let median = sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN);
    let class: Vec<Option<u8>> = numbers.iter().map(|v| (!v.is_nan()).then(|| u8::from(*v >= median))).collect();
    let high = class.iter().flatten().filter(|c| **c == 1).count();
    let low = sorted.len() - high;
    if low.min(high) < FEWEST {
        return Ok(Err(too_few(sorted.len())));
    }
    Ok(Ok(Target { class, counts: vec![low, high], predicted: "above_median" }))
}

/// The frequent classes, and all rarer ones as one.
fn classes(codes: &[Option<u64>]) -> Result<Target, String> {
    let mut counts: std::collections::BTreeMap<u64, usize> = std::collections::BTreeMap::new();
    codes.iter().flatten().for_each(|c| *counts.entry(*c).or_default() += 1);
    let present: usize = counts.values().sum();
    if present >= 30 && counts.len() * 2 > present {
        return Err("Nearly every row has its own value, so there are no classes to predict.".to_owned());
    }
    let mut order: Vec<(u64, usize)> = counts.into_iter().collect();
    order.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    let kept: Vec<u64> = order.iter().filter(|(_, n)| *n >= FEWEST).take(CLASSES).map(|(c, _)| *c).collect();
    let rest: usize = order.iter().filter(|(c, _)| !kept.contains(c)).map(|(_, n)| n).sum();
    let others = rest >= FEWEST;
    if kept.len() + usize::from(others) < 2 {
        return Err(if order.len() < 2 {
            "The column has one value only, so there is nothing to predict.".to_owned()
        } else {
            too_few(present)
        });
    }
    let place = |code: &u64| match kept.iter().position(|k| k == code) {
        Some(place) => Some(place as u8),
        None => others.then_some(kept.len() as u8),
    };
    let class: Vec<Option<u8>> = codes.iter().map(|c| c.as_ref().and_then(place)).collect();
    let mut counts = vec![0; kept.len() + usize::from(others)];
    for c in class.iter().flatten() {
        if let Some(count) = counts.get_mut(usize::from(*c)) {
            *count += 1;
        }
    }
    Ok(Target { class, counts, predicted: "classes" })
}

fn too_few(rows: usize) -> String {
    format!("Too few rows to tell: {rows} have a value, and two classes need {FEWEST} each.")
}

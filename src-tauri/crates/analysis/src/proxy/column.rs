//! Columns of a table as features.

use polars::prelude::{DataFrame, DataType, PolarsError};

use crate::drift::joint::features::{self, Feature, Picked};
use crate::drift::{to_categories, to_numbers};

/// The feature of a column, or why it is none.
pub fn feature(frame: &DataFrame, name: &str, barred: Option<String>) -> Result<Result<Feature, String>, PolarsError> {
    if let Some(why) = barred {
        return Ok(Err(why));
    }
    let column = frame.column(name)?;
    let dtype = column.dtype().clone();
    if dtype.is_nested() || matches!(dtype, DataType::Binary | DataType::BinaryOffset) {
        return Ok(Err("is nested or binary".to_owned()));
    }
    let text = matches!(dtype, DataType::String | DataType::Categorical(..) | DataType::Enum(..));
    let picked = if text {
        let (names, codes, _) = to_categories(column, &column.head(Some(0)))?;
        let present = codes.iter().filter(|c| **c != u32::MAX).count();
        if present >= 30 && names.len() * 10 >= present * 9 {
            return Ok(Err("is an identifier or free text: nearly every row has its own value".to_owned()));
        }
        Picked::Categories { names, codes }
    } else {
        let numbers = to_numbers(column)?;
        if running(&numbers) {
            return Ok(Err("is a running number".to_owned()));
        }
        Picked::Numbers(numbers)
    };
    Ok(features::feature(name, &picked).ok_or_else(|| "holds one value only".to_owned()))
}

/// Whole numbers that rise by one from row to row, or nearly.
fn running(values: &[f64]) -> bool {
    values.len() >= 30
        && values.iter().all(|v| v.fract() == 0.0)
        && values.windows(2).all(|w| matches!(w, [a, b] if a < b))
        && values.last().zip(values.first()).is_some_and(|(last, first)| {
            let step = (last - first) / (values.len() as f64 - 1.0);
            values.windows(2).all(|w| matches!(w, [a, b] if ((b - a) - step).abs() <= 1.0))
        })
}

//! A seeded sample of each column: distinct values with null and shape counts, nested fields by path.

use super::SensitiveError;
use polars::prelude::*;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};

/// Rows looked at per column; enough for 10,000 distinct values in most tables.
pub const SAMPLE_ROWS: usize = 20_000;
/// Distinct values kept per column.
pub const SAMPLE_DISTINCT: usize = 10_000;

/// How a column is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text or categories.
    Text,
    /// Whole numbers.
    Integer,
    /// Numbers with a fraction.
    Float,
    /// True or false.
    Boolean,
    /// Calendar dates.
    Date,
    /// Points in time.
    Time,
    /// Binary and other types, whose values were not read.
    Other,
}

/// The sampled column.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnSample {
    /// Name or path of the nested field.
    pub path: String,
    /// How it is stored.
    pub kind: Kind,
    /// Values in the sample that are not null.
    pub present: usize,
    /// Distinct values with their counts in the sample, in order of first appearance.
    pub values: Vec<(String, u32)>,
}

impl ColumnSample {
    /// Distinct over present values in the sample, 0..1.
    pub fn uniqueness(&self) -> f64 {
        if self.present == 0 { 0.0 } else { self.values.len() as f64 / self.present as f64 }
    }
}

/// Every leaf column of a frame: struct fields by path, lists by their items.
///
/// # Errors
/// Values that polars cannot read, and [`SensitiveError::Cancelled`].
pub fn columns(frame: &DataFrame, cancel: &AtomicBool) -> Result<Vec<ColumnSample>, SensitiveError> {
    let rows = sample_rows(frame.height());
    let mut out = Vec::with_capacity(frame.width());
    for column in frame.columns() {
        if cancel.load(Ordering::Relaxed) {
            return Err(SensitiveError::Cancelled);
        }
        let name = column.name().to_string();
        let read = |source| SensitiveError::Read { column: name.clone(), source };
        let series = column.as_materialized_series();
        let part = match &rows {
            Some(rows) => series.take(rows).map_err(read)?,
            None => series.clone(),
        };
        leaves(&part, &name, 0, &mut out).map_err(read)?;
    }
    Ok(out)
}

/// Leaf series of the whole frame under a path, for counting groups; `None` if a list lies on the way.
pub fn leaf(frame: &DataFrame, path: &str) -> Option<Series> {
    if let Ok(column) = frame.column(path) {
        return Some(column.as_materialized_series().clone());
    }
    path.match_indices('.').find_map(|(dot, _)| {
        let mut series = frame.column(path.get(..dot)?).ok()?.as_materialized_series().clone();
        let mut rest = path.get(dot + 1..)?;
        loop {
            let fields = series.struct_().ok()?.fields_as_series();
            if let Some(field) = fields.iter().find(|f| f.name().as_str() == rest) {
                return Some(field.clone());
            }
            let (head, tail) = rest.split_once('.')?;
            series = fields.into_iter().find(|f| f.name().as_str() == head)?;
            rest = tail;
        }
    })
}

fn leaves(series: &Series, path: &str, depth: usize, out: &mut Vec<ColumnSample>) -> PolarsResult<()> {
    match series.dtype() {
        DataType::Struct(fields) if depth < 16 && !fields.is_empty() => {
            for field in series.struct_()?.fields_as_series() {
                leaves(&field, &format!("{path}.{}", field.name()), depth + 1, out)?;
            }
        }
        DataType::List(_) if depth < 16 => {
            let items = series.list()?.get_inner();
            leaves(&items.head(Some(SAMPLE_ROWS)), path, depth + 1, out)?;
        }
        _ => out.push(one(series, path)?),
    }
    Ok(())
}

fn one(series: &Series, path: &str) -> PolarsResult<ColumnSample> {
    let kind = match series.dtype() {
        DataType::String | DataType::Categorical(..) | DataType::Enum(..) => Kind::Text,
        DataType::Boolean => Kind::Boolean,
        DataType::Date => Kind::Date,
        DataType::Datetime(..) | DataType::Time | DataType::Duration(_) => Kind::Time,
        DataType::Float32 | DataType::Float64 | DataType::Decimal(..) => Kind::Float,
        dtype if dtype.is_integer() => Kind::Integer,
        _ => Kind::Other,
    };
    let mut sample =
        ColumnSample { path: path.to_string(), kind, present: series.len() - series.null_count(), values: Vec::new() };
    if kind == Kind::Other {
        return Ok(sample);
    }
    let text = series.cast(&DataType::String)?;
    let mut index: HashMap<&str, usize> = HashMap::new();
    let values = text.str()?;
    let mut blank = 0;
    for value in values.iter().flatten() {
        let value = value.trim();
        if null_spelling(value) {
            blank += 1;
            continue;
        }
        match index.get(value) {
            Some(at) => {
                if let Some((_, count)) = sample.values.get_mut(*at) {
                    *count += 1;
                }
            }
            None if sample.values.len() < SAMPLE_DISTINCT => {
                index.insert(value, sample.values.len());
                sample.values.push((value.to_string(), 1));
            }
            None => {}
        }
    }
    sample.present -= blank;
    Ok(sample)
}

fn null_spelling(value: &str) -> bool {
    value.is_empty()
        || ["na", "n/a", "nan", "null", "none", "-", "?", "nil", "#n/a", "\\n", "<na>"]
            .iter()
            .any(|n| value.eq_ignore_ascii_case(n))
}

/// Row numbers of a sample spread over the whole table, drawn by a fixed seed; `None` to look at every row.
fn sample_rows(height: usize) -> Option<IdxCa> {
    if height <= SAMPLE_ROWS {
        return None;
    }
    // one row from each of equal strata: sorted files are covered from end to end
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let rows = (0..SAMPLE_ROWS).map(|i| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let low = i * height / SAMPLE_ROWS;
        let high = ((i + 1) * height / SAMPLE_ROWS).max(low + 1);
        (low + (state >> 33) as usize % (high - low)) as IdxSize
    });
    Some(IdxCa::from_vec("rows".into(), rows.collect()))
}

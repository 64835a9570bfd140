//! The columns of a frame as samples: nested fields by path, rows drawn by a fixed seed.

use super::SensitiveError;
use super::sample::{ColumnSample, Kind};
use polars::prelude::*;
use std::sync::atomic::{AtomicBool, Ordering};

/// Rows looked at per column; enough for 10,000 distinct values in most tables.
pub const SAMPLE_ROWS: usize = 20_000;

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
    if kind == Kind::Other {
        let present = series.len() - series.null_count();
        return Ok(ColumnSample { path: path.to_string(), kind, present, values: Vec::new() });
    }
    let text = series.cast(&DataType::String)?;
    Ok(ColumnSample::collect(path, kind, text.str()?.iter().flatten()))
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

//! Tables as logs: columns become cells; nested columns of Parquet become columns of their own.

use polars::prelude::*;
use serde_json::{Map, Value};

use super::super::cells::{Block, Builder, Cells, MISSING};
use super::envelope::{Exchanges, has_bodies};
use super::{Read, Trouble};
use crate::drift::to_numbers;
use crate::table::{TableError, TableSource};

/// Rows of a batch.
const BATCH: usize = 65_536;
/// Places of a list that become columns.
const MOST_PLACES: usize = 64;

pub(super) fn read(
    source: &TableSource,
    columns: Option<&[String]>,
    cancel: &dyn Fn() -> bool,
    each: &mut dyn FnMut(Block) -> Result<(), TableError>,
) -> Result<Read, TableError> {
    let mut outcome = Read::default();
    let mut exchanges = has_bodies(source.column_names()).then(Exchanges::default);
    let wanted: Option<Vec<String>> = columns.filter(|_| exchanges.is_none()).map(|wanted| {
        let root = |name: &String| wanted.iter().any(|it| it == name || it.starts_with(&format!("{name}.")));
        source.column_names().iter().filter(|it| root(it)).cloned().collect()
    });
    if let Some(structure) = source.structure() {
        outcome.add(Trouble::BrokenLine, structure.bad_lines.count);
    }
    source.for_each_batch(wanted.as_deref(), BATCH, cancel, &mut |_, frame| {
        let block = block_of(&frame)
            .map_err(|error| TableError::Damaged { path: source.path().to_owned(), detail: error.to_string() })?;
        match &mut exchanges {
            None => each(block),
            Some(exchanges) => {
                let mut builder = Builder::default();
                for row in 0..block.rows {
                    exchanges.take(record(&block, row), &mut builder);
                }
                each(builder.finish())
            }
        }
    })?;
    if let Some(mut exchanges) = exchanges {
        let mut builder = Builder::default();
        exchanges.finish(&mut builder);
        if builder.rows() > 0 {
            each(builder.finish())?;
        }
        outcome.add(Trouble::MissingHalf, exchanges.halves);
        outcome.format = exchanges.format.unwrap_or("v1");
    }
    Ok(outcome)
}

fn record(block: &Block, row: usize) -> Map<String, Value> {
    let cell = |cells: &Cells| match cells.text(row) {
        Some(text) => Some(Value::String(text.to_owned())),
        None => cells.number(row).and_then(serde_json::Number::from_f64).map(Value::Number),
    };
    block.names.iter().zip(&block.columns).filter_map(|(name, cells)| Some((name.clone(), cell(cells)?))).collect()
}

/// The columns of a batch.
pub(in crate::monitor) fn block_of(frame: &DataFrame) -> PolarsResult<Block> {
    let mut block = Block { rows: frame.height(), ..Block::default() };
    for column in frame.columns() {
        add(column.name().as_str(), column.as_materialized_series(), &mut block, 0)?;
    }
    Ok(block)
}

fn add(name: &str, series: &Series, block: &mut Block, depth: usize) -> PolarsResult<()> {
    let mut put = |cells: Cells| {
        block.names.push(name.to_owned());
        block.columns.push(cells);
    };
    match series.dtype() {
        DataType::Struct(_) if depth < 8 => {
            for field in series.struct_()?.fields_as_series() {
                add(&format!("{name}.{}", field.name()), &field, block, depth + 1)?;
            }
        }
        DataType::List(inner) if matches!(inner.as_ref(), DataType::Struct(_)) => return add_map(name, series, block),
        DataType::List(_) if depth < 8 => {
            let list = series.list()?;
            let most = list.amortized_iter().flatten().map(|it| it.as_ref().len()).max().unwrap_or(0).min(MOST_PLACES);
            for place in 0..most {
                let values: Vec<AnyValue<'static>> = list
                    .amortized_iter()
                    .map(|it| {
                        it.and_then(|it| it.as_ref().get(place).ok().map(|value| value.into_static()))
                            .unwrap_or(AnyValue::Null)
                    })
                    .collect();
                let inner = Series::from_any_values(PlSmallStr::EMPTY, &values, false)?;
                add(&format!("{name}.{place}"), &inner, block, depth + 1)?;
            }
        }
        DataType::Date => {
            let days = series.cast(&DataType::Int32)?;
            put(Cells::of_numbers(
                days.i32()?.iter().map(|it| it.map_or(f64::NAN, |it| f64::from(it) * 86_400_000.0)).collect(),
            ));
        }
        DataType::Datetime(..) => {
            let ms = series.cast(&DataType::Datetime(TimeUnit::Milliseconds, None))?.to_physical_repr().into_owned();
            put(Cells::of_numbers(ms.i64()?.iter().map(|it| it.map_or(f64::NAN, |it| it as f64)).collect()));
        }
        dtype
            if dtype.is_primitive_numeric()
                || matches!(dtype, DataType::Decimal(..) | DataType::Duration(..) | DataType::Time) =>
        {
            let numbers = to_numbers(&series.clone().into_column())?;
            let missing = series.null_count();
            let not_finite = numbers.iter().filter(|it| !it.is_finite()).count().saturating_sub(missing) as u64;
            let not_a_number = match not_finite {
                0 => Vec::new(),
                _ => (0u32..)
                    .zip(numbers.iter().zip(series.is_not_null().iter()))
                    .filter(|(_, (value, is_there))| value.is_nan() && *is_there == Some(true))
                    .map(|it| it.0)
                    .collect(),
            };
            put(Cells { numbers, not_finite, not_a_number, ..Cells::default() });
        }
        DataType::Null => put(Cells::of_numbers(vec![f64::NAN; series.len()])),
        DataType::Binary | DataType::BinaryOffset | DataType::Struct(_) | DataType::List(_) => {}
        _ => {
            let texts = series.cast(&DataType::String)?;
            let mut index = std::collections::HashMap::new();
            let (mut names, mut codes) = (Vec::new(), Vec::with_capacity(series.len()));
            for value in texts.str()?.iter() {
                codes.push(value.map_or(MISSING, |text| {
                    *index.entry(text).or_insert_with(|| {
                        names.push(text.to_owned());
                        (names.len() - 1) as u32
                    })
                }));
            }
            put(Cells { names, codes, ..Cells::default() });
        }
    }
    Ok(())
}

/// A map is a list of pairs: one column for each key that occurs.
fn add_map(name: &str, series: &Series, block: &mut Block) -> PolarsResult<()> {
    let mut builder = Builder::default();
    for pairs in series.list()?.amortized_iter() {
        if let Some(pairs) = pairs {
            let fields = pairs.as_ref().struct_()?.fields_as_series();
            if let [keys, values] = fields.as_slice() {
                let (keys, values) = (keys.cast(&DataType::String)?, values.cast(&DataType::String)?);
                for (key, value) in keys.str()?.iter().zip(values.str()?.iter()) {
                    if let (Some(key), Some(value)) = (key, value)
                        && let Some(place) = builder.place(&format!("{name}.{key}"))
                    {
                        builder.text(place, value);
                    }
                }
            }
        }
        builder.end_row();
    }
    let found = builder.finish();
    block.names.extend(found.names);
    block.columns.extend(found.columns);
    Ok(())
}

/// The rows of which any identifying column holds what is wanted. The columns that can identify are read first, alone.
pub(super) fn matching(
    source: &TableSource,
    is_wanted: &dyn Fn(&Cells, usize) -> bool,
    cancel: &dyn Fn() -> bool,
) -> Result<Vec<Block>, TableError> {
    let identifies = |name: &String| {
        let name = name.to_lowercase();
        name.ends_with("id") || name.contains("uuid") || name.contains("guid") || name.ends_with("key")
    };
    let names: Vec<String> = source.column_names().iter().filter(|it| identifies(it)).cloned().collect();
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let bodies = has_bodies(source.column_names());
    let mut rows: Vec<u64> = Vec::new();
    let convert = |frame: &DataFrame| {
        block_of(frame)
            .map_err(|error| TableError::Damaged { path: source.path().to_owned(), detail: error.to_string() })
    };
    source.for_each_batch(Some(&names), BATCH, cancel, &mut |first, frame| {
        let block = convert(&frame)?;
        rows.extend(
            (0..block.rows)
                .filter(|row| block.columns.iter().any(|it| is_wanted(it, *row)))
                .map(|row| first + row as u64),
        );
        Ok(())
    })?;
    let Some(last) = rows.last().copied() else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    let outcome = source.for_each_batch(None, BATCH, cancel, &mut |first, frame| {
        let height = frame.height() as u64;
        for row in rows.iter().filter(|it| (first..first + height).contains(*it)) {
            let block = convert(&frame.slice((row - first) as i64, 1))?;
            if bodies {
                let mut builder = Builder::default();
                let mut exchanges = Exchanges::default();
                exchanges.take(record(&block, 0), &mut builder);
                exchanges.finish(&mut builder);
                found.push(builder.finish());
            } else {
                found.push(block);
            }
        }
        if first + height > last { Err(TableError::Cancelled) } else { Ok(()) }
    });
    match outcome {
        Err(TableError::Cancelled) if cancel() => Err(TableError::Cancelled),
        Ok(()) | Err(TableError::Cancelled) => Ok(found),
        Err(error) => Err(error),
    }
}

//! Turns the columns of two tables into numbers or category codes that can be compared, or says why it cannot.

use polars::prelude::{Column, DataFrame, DataType, PlHashMap, PolarsResult};

/// Why a column of one table alone is not compared.
pub(super) const ONLY_REFERENCE: &str = "stands only in the reference";
/// The same of the current table.
pub(super) const ONLY_CURRENT: &str = "stands only in the current table";

/// Why a column of moments is not compared.
pub(super) const IS_TIME: &str = "is a time, which always moves";

/// The code of a missing value.
pub(crate) const MISSING: u32 = u32::MAX;

/// Most distinct whole numbers that are read as codes rather than as a quantity.
pub(super) const MAX_CODES: usize = 12;

/// A column of both tables in comparable form.
#[derive(Debug, Clone)]
pub(crate) enum Values {
    /// Missing values (and NaN) are NaN; infinities are kept.
    Numbers { reference: Vec<f64>, current: Vec<f64> },
    /// Codes into `names`; [`MISSING`] where there is none.
    Categories { names: Vec<String>, reference: Vec<u32>, current: Vec<u32> },
}

/// What a column turned out to be.
#[derive(Debug, Clone)]
pub(super) enum Reading {
    /// With how the same values are written otherwise, where that was undone.
    Comparable(Values, Option<String>),
    /// Not compared, and why.
    LeftOut(String),
}

/// Turns a polars column into f64: missing values and NaN become NaN, booleans 0 and 1, durations their count of units, decimals
/// their value. Text is parsed as numbers; what does not parse becomes NaN.
///
/// # Errors
/// When polars cannot cast the type to numbers (nested types).
pub fn to_numbers(column: &Column) -> PolarsResult<Vec<f64>> {
    let series = column.as_materialized_series().to_physical_repr();
    let source = column.as_materialized_series();
    let cast = match source.dtype() {
        DataType::Decimal(..) | DataType::String => source.cast(&DataType::Float64)?,
        _ => series.cast(&DataType::Float64)?,
    };
    let numbers = cast.f64()?;
    let mut values = Vec::with_capacity(numbers.len());
    for chunk in numbers.downcast_iter() {
        if chunk.validity().is_none() {
            // Adding zero turns -0.0 into 0.0, which is the same value to a person.
            values.extend(chunk.values().iter().map(|v| v + 0.0));
        } else {
            values.extend(chunk.iter().map(|v| v.map_or(f64::NAN, |v| v + 0.0)));
        }
    }
    Ok(values)
}

/// Turns a column of each table into category codes over common names, in order of first appearance; [`u32::MAX`] where missing.
/// Works for every type that polars can write as text.
///
/// # Errors
/// When polars cannot write the type as text (nested types).
pub fn to_categories(reference: &Column, current: &Column) -> PolarsResult<(Vec<String>, Vec<u32>, Vec<u32>)> {
    let texts = |column: &Column| column.as_materialized_series().cast(&DataType::String);
    let (reference, current) = (texts(reference)?, texts(current)?);
    let (reference, current) = (reference.str()?, current.str()?);
    let mut names: Vec<String> = Vec::new();
    let mut index: PlHashMap<&str, u32> = PlHashMap::default();
    let mut code_all = |values: &mut dyn Iterator<Item = Option<_>>, length: usize| {
        let mut codes = Vec::with_capacity(length);
        for value in values {
            codes.push(match value {
                None => MISSING,
                Some(text) => *index.entry(text).or_insert_with(|| {
                    names.push(str::to_owned(text));
                    (names.len() - 1) as u32
                }),
            });
        }
        codes
    };
    let a = code_all(&mut reference.iter(), reference.len());
    let b = code_all(&mut current.iter(), current.len());
    Ok((names, a, b))
}

fn is_number(dtype: &DataType) -> bool {
    dtype.is_primitive_numeric() || matches!(dtype, DataType::Decimal(..) | DataType::Duration(..) | DataType::Time)
}

fn is_nested(dtype: &DataType) -> bool {
    dtype.is_nested() || matches!(dtype, DataType::Binary | DataType::BinaryOffset)
}

/// Reads the column `name` of both tables.
pub(super) fn read(name: &str, reference: &DataFrame, current: &DataFrame) -> Reading {
    let (a, b) = match (reference.column(name), current.column(name)) {
        (Ok(a), Ok(b)) => (a, b),
        (Ok(_), Err(_)) => return Reading::LeftOut(ONLY_REFERENCE.to_owned()),
        _ => return Reading::LeftOut(ONLY_CURRENT.to_owned()),
    };
    match read_pair(name, a, b) {
        Ok(reading) => reading,
        Err(error) => Reading::LeftOut(format!("could not be read as numbers or text: {error}")),
    }
}

fn read_pair(name: &str, a: &Column, b: &Column) -> PolarsResult<Reading> {
    let (type_a, type_b) = (a.dtype(), b.dtype());
    if is_nested(type_a) || is_nested(type_b) {
        return Ok(Reading::LeftOut(format!("is nested or binary ({type_a} and {type_b})")));
    }
    let time = |dtype: &DataType| matches!(dtype, DataType::Date | DataType::Datetime(..));
    if time(type_a) || time(type_b) {
        return Ok(Reading::LeftOut(IS_TIME.to_owned()));
    }
    // A boolean beside other numbers counts as 0 and 1.
    let either = is_number(type_a) || is_number(type_b);
    let number = |dtype: &DataType| is_number(dtype) || (either && dtype == &DataType::Boolean);
    let empty = |column: &Column| column.null_count() == column.len();
    if type_a != type_b
        && [type_a, type_b].into_iter().any(|it| matches!(it, DataType::Boolean | DataType::String))
        && let (Some((a, how_a)), Some((b, how_b))) = (truths(a)?, truths(b)?)
    {
        let words =
            format!("the same values written otherwise: {how_a} in the reference, {how_b} in the current table");
        return Ok(match numbers(name, a, b) {
            Reading::Comparable(values, _) => Reading::Comparable(values, Some(words)),
            left_out => left_out,
        });
    }
    if (number(type_a) || empty(a)) && (number(type_b) || empty(b)) && (number(type_a) || number(type_b)) {
        return Ok(numbers(name, filled(a, number(type_a))?, filled(b, number(type_b))?));
    }
    if number(type_a) != number(type_b) {
        // Text in one table and numbers in the other is most often a reader's guess, not a change of the world.
        let (texts, other) = if number(type_a) { (b, a) } else { (a, b) };
        let parsed = if texts.dtype() == &DataType::String { to_numbers(texts)? } else { Vec::new() };
        let readable = parsed.iter().filter(|v| !v.is_nan()).count();
        if readable > 0 && readable as f64 >= 0.95 * (texts.len() - texts.null_count()) as f64 {
            let other = to_numbers(other)?;
            let (a, b) = if number(type_a) { (other, parsed) } else { (parsed, other) };
            return Ok(numbers(name, a, b));
        }
    }
    let (names, reference, current) = to_categories(a, b)?;
    Ok(texts(names, reference, current))
}

/// The values of a column that says yes or no, as 0 and 1, and how it writes them.
fn truths(column: &Column) -> PolarsResult<Option<(Vec<f64>, &'static str)>> {
    if column.null_count() == column.len() {
        return Ok(None);
    }
    let bit = |it: &f64| it.is_nan() || *it == 0.0 || *it == 1.0;
    Ok(match column.dtype() {
        DataType::Boolean => Some((to_numbers(column)?, "true and false")),
        it if it.is_primitive_numeric() => {
            Some(to_numbers(column)?).filter(|it| it.iter().all(bit)).map(|it| (it, "0 and 1"))
        }
        DataType::String => {
            let mut values = Vec::with_capacity(column.len());
            for text in column.str()?.iter() {
                values.push(match text.map(str::trim) {
                    None | Some("") => f64::NAN,
                    Some(it) if it.eq_ignore_ascii_case("true") => 1.0,
                    Some(it) if it.eq_ignore_ascii_case("false") => 0.0,
                    Some(_) => return Ok(None),
                });
            }
            Some((values, "the words true and false"))
        }
        _ => None,
    })
}

fn filled(column: &Column, numeric: bool) -> PolarsResult<Vec<f64>> {
    if numeric { to_numbers(column) } else { Ok(vec![f64::NAN; column.len()]) }
}

/// Distinct values of a sample from the front, middle and end of a column, by which identifiers are recognised.
const LOOK: usize = 20_000;

pub(super) fn numbers(name: &str, reference: Vec<f64>, current: Vec<f64>) -> Reading {
    let whole = |values: &[f64]| values.iter().all(|v| v.is_nan() || (v.fract() == 0.0 && v.abs() < 9.0e15));
    if whole(&reference) && whole(&current) {
        if let Some(reason) = whole_number_reason(name, &reference, &current) {
            return Reading::LeftOut(reason);
        }
        if let Some(values) = as_codes(&reference, &current) {
            return Reading::Comparable(values, None);
        }
    }
    Reading::Comparable(Values::Numbers { reference, current }, None)
}

/// Why a column of whole numbers is an identifier or a time rather than a quantity.
fn whole_number_reason(name: &str, reference: &[f64], current: &[f64]) -> Option<String> {
    let mut keys = true;
    let mut looked = false;
    let mut epoch = true;
    let name = name.to_lowercase();
    let words: Vec<&str> = name.split(|c: char| !c.is_alphanumeric()).collect();
    let named_key =
        words.iter().any(|w| matches!(*w, "id" | "uuid" | "guid" | "key" | "index" | "rowid" | "nr" | "no"))
            || name.ends_with("id") && name.len() <= 12
            || name.starts_with("unnamed");
    let named_time = words.iter().any(|w| matches!(*w, "time" | "timestamp" | "ts" | "date" | "epoch" | "at"))
        || name.ends_with("time")
        || name.ends_with("date");
    for side in [reference, current] {
        let values: Vec<f64> = side.iter().copied().filter(|v| !v.is_nan()).take(LOOK).collect();
        if values.len() < 20 {
            continue;
        }
        looked = true;
        let rising = values.windows(2).all(|w| w[0] < w[1]) || values.windows(2).all(|w| w[0] > w[1]);
        let mut sorted = values;
        sorted.sort_unstable_by(f64::total_cmp);
        let count = sorted.len() as f64;
        let span = sorted[sorted.len() - 1] - sorted[0];
        sorted.dedup();
        let distinct = sorted.len() as f64 / count;
        let dense = count >= 50.0 && distinct == 1.0 && span <= 1.5 * count;
        keys &= distinct > 0.95 && (rising || named_key || dense);
        let (first, last) = (sorted[0], sorted[sorted.len() - 1]);
        let within = |scale: f64| first >= 3e8 * scale && last <= 4e9 * scale;
        epoch &= distinct > 0.2 && (within(1.0) || within(1e3) || within(1e6)) && (named_time || rising);
    }
    if looked && epoch {
        return Some("is a time (seconds or milliseconds since 1970), which always moves".to_owned());
    }
    (looked && keys).then(|| "is an identifier: nearly every row has its own number".to_owned())
}

/// Whole numbers with few distinct values are compared as codes: their order need not mean anything.
fn as_codes(reference: &[f64], current: &[f64]) -> Option<Values> {
    let mut seen: Vec<i64> = Vec::with_capacity(MAX_CODES + 1);
    for value in reference.iter().chain(current) {
        if value.is_nan() {
            continue;
        }
        let value = *value as i64;
        if let Err(place) = seen.binary_search(&value) {
            if seen.len() == MAX_CODES {
                return None;
            }
            seen.insert(place, value);
        }
    }
    let code = |v: &f64| {
        if v.is_nan() { MISSING } else { seen.binary_search(&(*v as i64)).map_or(MISSING, |place| place as u32) }
    };
    Some(Values::Categories {
        names: seen.iter().map(i64::to_string).collect(),
        reference: reference.iter().map(code).collect(),
        current: current.iter().map(code).collect(),
    })
}

pub(super) fn texts(names: Vec<String>, reference: Vec<u32>, current: Vec<u32>) -> Reading {
    let mut dates = !names.is_empty();
    for name in names.iter().step_by((names.len() / 200).max(1)) {
        dates &= looks_like_date(name);
    }
    if dates {
        return Reading::LeftOut(IS_TIME.to_owned());
    }
    // None: too few rows to say.
    let unique = |side: &[u32]| {
        let mut codes: Vec<u32> = side.iter().copied().filter(|c| *c != MISSING).take(LOOK).collect();
        let count = codes.len();
        codes.sort_unstable();
        codes.dedup();
        (count >= 30).then_some(codes.len() as f64 >= 0.9 * count as f64)
    };
    match (unique(&reference), unique(&current)) {
        (Some(true), Some(true) | None) | (None, Some(true)) => {
            Reading::LeftOut("is an identifier or free text: nearly every row has its own value".to_owned())
        }
        _ => Reading::Comparable(Values::Categories { names, reference, current }, None),
    }
}

/// `2024-01-31…`, `31.01.2024…` or `01/31/2024…`.
fn looks_like_date(text: &str) -> bool {
    let bytes = text.trim().as_bytes();
    if bytes.len() < 8 || bytes.len() > 40 {
        return false;
    }
    let digits =
        |range: std::ops::Range<usize>| bytes.get(range).is_some_and(|part| part.iter().all(u8::is_ascii_digit));
    let mark = |at: usize| bytes.get(at).is_some_and(|b| matches!(b, b'-' | b'/' | b'.'));
    (digits(0..4) && mark(4) && digits(5..7) && mark(7) && digits(8..10))
        || (digits(0..2) && mark(2) && digits(3..5) && mark(5) && digits(6..10))
}

//! What is gathered about one column.

use polars::prelude::*;
use proofmark_domain::profile::{ColumnProfile, Scalar};
use serde::{Deserialize, Serialize};

use super::calendar::Calendar;
use super::distinct::{hash_text, mix};
use super::frequent::Frequent;
use super::patterns::Patterns;
use super::quantile::Quantiles;
use super::summary;

/// Moments of the finite numbers, exact under merging (Chan, Golub and LeVeque 1979).
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub struct Moments {
    /// How many.
    pub n: u64,
    /// Their mean.
    pub mean: f64,
    /// Sum of squared differences from it.
    pub m2: f64,
}

impl Moments {
    fn merge(&mut self, other: Self) {
        if other.n == 0 {
            return;
        }
        let n = self.n + other.n;
        let delta = other.mean - self.mean;
        let (a, b, total) = (self.n as f64, other.n as f64, n as f64);
        self.mean += delta * b / total;
        self.m2 += other.m2 + delta * delta * a * b / total;
        self.n = n;
    }
}

/// Facts about numbers.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Numbers {
    pub moments: Moments,
    #[serde(with = "super::sketch::edge")]
    pub min: f64,
    #[serde(with = "super::sketch::edge")]
    pub max: f64,
    pub int_range: Option<(i64, i64)>,
    pub zeros: u64,
    pub negatives: u64,
    pub not_finite: u64,
    pub quantiles: Quantiles,
    pub values: Frequent<f64>,
    /// Of moments only.
    #[serde(default)]
    pub calendar: Calendar,
}

/// Facts about text.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Texts {
    pub values: Frequent<String>,
    pub min: Option<String>,
    pub max: Option<String>,
    pub lengths: Option<(u64, u64)>,
    /// How many were numbers, dates, two-valued words, lists; of the first hundred thousand.
    pub looked_at: u64,
    pub numbers: u64,
    pub moments: u64,
    pub booleans: u64,
    pub words: u64,
    #[serde(default)]
    pub patterns: Patterns,
}

/// Everything about the column.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Facts {
    /// Numbers.
    Numbers(Box<Numbers>),
    /// Moments, as milliseconds.
    Moments(Box<Numbers>),
    /// True and false.
    Booleans {
        yes: u64,
        no: u64,
    },
    Texts(Box<Texts>),
    Nested(Box<Texts>),
    Nothing,
}

/// How a column is stored, as far as its summary depends on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stored {
    /// Name of the type, such as `int64`.
    pub name: String,
    /// Whole numbers.
    pub whole: bool,
    /// Days without a time.
    pub day: bool,
    /// Times of day.
    pub time_of_day: bool,
}

impl Stored {
    fn of(dtype: &DataType) -> Self {
        Self {
            name: summary::type_name(dtype),
            whole: dtype.is_integer(),
            day: *dtype == DataType::Date,
            time_of_day: *dtype == DataType::Time,
        }
    }
}

/// Gathers a column batch by batch.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ColumnAccumulator {
    pub(super) name: String,
    pub(super) stored: Stored,
    pub(super) nulls: u64,
    pub(super) facts: Facts,
    /// Its texts were taken out, here or in a part that was merged in.
    #[serde(default)]
    pub(super) masked: bool,
}

/// Milliseconds of one unit of a time column.
pub fn as_ms(series: &Series) -> PolarsResult<Series> {
    match series.dtype() {
        DataType::Date => {
            series.cast(&DataType::Datetime(TimeUnit::Milliseconds, None))?.to_physical_repr().cast(&DataType::Int64)
        }
        DataType::Datetime(unit, _) | DataType::Duration(unit) => {
            let divisor = match unit {
                TimeUnit::Milliseconds => 1,
                TimeUnit::Microseconds => 1_000,
                TimeUnit::Nanoseconds => 1_000_000,
            };
            let raw = series.to_physical_repr().cast(&DataType::Int64)?;
            let ms: Int64Chunked = raw.i64()?.apply_values(|value| value.div_euclid(divisor));
            Ok(ms.into_series())
        }
        _ => series.to_physical_repr().cast(&DataType::Int64),
    }
}

impl ColumnAccumulator {
    /// An accumulator for a column of this type.
    pub fn new(name: &str, dtype: &DataType) -> Self {
        let numbers = || Box::new(Numbers { min: f64::INFINITY, max: f64::NEG_INFINITY, ..Numbers::default() });
        let facts = match dtype {
            DataType::Boolean => Facts::Booleans { yes: 0, no: 0 },
            DataType::Date | DataType::Datetime(..) => Facts::Moments(numbers()),
            DataType::List(_) | DataType::Struct(_) => Facts::Nested(Box::default()),
            DataType::Null => Facts::Nothing,
            DataType::Decimal(..) => Facts::Numbers(numbers()),
            other if other.is_primitive_numeric() => Facts::Numbers(numbers()),
            _ => Facts::Texts(Box::default()),
        };
        Self { name: name.to_owned(), stored: Stored::of(dtype), nulls: 0, facts, masked: false }
    }

    /// Adds a batch.
    pub fn add(&mut self, series: &Series) -> PolarsResult<()> {
        self.nulls += series.null_count() as u64;
        match &mut self.facts {
            Facts::Numbers(numbers) => match series.dtype() {
                DataType::Int8
                | DataType::Int16
                | DataType::Int32
                | DataType::Int64
                | DataType::UInt8
                | DataType::UInt16
                | DataType::UInt32 => {
                    let values = series.cast(&DataType::Int64)?;
                    add_ints(numbers, values.i64()?.iter().flatten());
                }
                // Beyond 2^53 different numbers would become one as floating-point numbers.
                DataType::UInt64 => add_unsigned(numbers, series.u64()?.iter().flatten()),
                DataType::Decimal(..) => {
                    let floats = series.cast(&DataType::Float64)?;
                    let values = decimal_keys(series)?;
                    add_exact(numbers, values.into_iter().zip(floats.f64()?.iter()));
                }
                _ => {
                    let values = series.cast(&DataType::Float64)?;
                    let values = values.f64()?;
                    if values.null_count() > 0 {
                        add_floats(numbers, values.iter().flatten());
                    } else {
                        values.downcast_iter().for_each(|chunk| add_floats(numbers, chunk.values().iter().copied()));
                    }
                }
            },
            Facts::Moments(numbers) => {
                let moments = as_ms(series)?;
                add_ints(numbers, moments.i64()?.iter().flatten());
                moments.i64()?.iter().flatten().for_each(|ms| numbers.calendar.add(ms));
            }
            Facts::Booleans { yes, no } => {
                for value in series.bool()?.iter().flatten() {
                    if value { *yes += 1 } else { *no += 1 }
                }
            }
            Facts::Texts(texts) => {
                let values = series.cast(&DataType::String)?;
                for value in values.str()?.iter().flatten() {
                    texts.add(value);
                }
            }
            Facts::Nested(texts) => {
                for value in series.iter().filter(|value| !value.is_null()) {
                    texts.add(&value.to_string());
                }
            }
            Facts::Nothing => {}
        }
        Ok(())
    }

    /// The summary.
    pub fn finish(mut self, rows: u64) -> ColumnProfile {
        if self.masked {
            // A part that was merged in later may have brought texts with it.
            self.mask();
        }
        let masked = self.masked;
        let mut profile = summary::of(self.name, &self.stored, self.nulls, self.facts, rows);
        profile.masked = masked;
        profile
    }
}

impl Facts {
    /// Whether not a single value was seen.
    fn nothing(&self) -> bool {
        match self {
            Self::Nothing => true,
            Self::Booleans { yes, no } => yes + no == 0,
            Self::Numbers(it) | Self::Moments(it) => it.moments.n == 0 && it.not_finite == 0,
            Self::Texts(it) | Self::Nested(it) => it.min.is_none() && it.lengths.is_none(),
        }
    }
}

impl ColumnAccumulator {
    /// Adds what was gathered elsewhere. False if the two hold values of different kinds.
    pub fn merge(&mut self, other: Self) -> bool {
        self.masked |= other.masked;
        self.nulls += other.nulls;
        if other.facts.nothing() {
            return true;
        }
        if self.facts.nothing() {
            (self.stored, self.facts) = (other.stored, other.facts);
            return true;
        }
        let same = match (&mut self.facts, other.facts) {
            (Facts::Numbers(a), Facts::Numbers(b)) | (Facts::Moments(a), Facts::Moments(b)) => {
                a.merge(*b);
                true
            }
            (Facts::Texts(a), Facts::Texts(b)) | (Facts::Nested(a), Facts::Nested(b)) => {
                a.merge(*b);
                true
            }
            (Facts::Booleans { yes, no }, Facts::Booleans { yes: more_yes, no: more_no }) => {
                *yes += more_yes;
                *no += more_no;
                true
            }
            _ => false,
        };
        // Whole numbers and others together are numbers; a type of the same kind but another width is the wider one.
        if self.stored != other.stored
            && (self.stored.whole && !other.stored.whole || self.stored.day && !other.stored.day)
        {
            self.stored = other.stored;
        }
        same
    }

    /// Thins out what is too large to be saved.
    pub fn shrink(&mut self) {
        match &mut self.facts {
            Facts::Numbers(it) | Facts::Moments(it) => {
                it.quantiles.shrink();
                it.values.shrink();
            }
            Facts::Texts(it) | Facts::Nested(it) => it.values.shrink(),
            Facts::Booleans { .. } | Facts::Nothing => {}
        }
    }

    /// Takes out every text, as for a sensitive column; counts stay.
    pub fn mask(&mut self) {
        if let Facts::Texts(it) | Facts::Nested(it) = &mut self.facts {
            self.masked = true;
            it.values.forget();
            it.min = None;
            it.max = None;
        }
    }
}

impl Numbers {
    /// Takes a finite value in; `batch` has the moments of those that come together.
    fn add(&mut self, value: f64, batch: &mut Pass) {
        self.min = self.min.min(value);
        self.max = self.max.max(value);
        self.zeros += u64::from(value == 0.0);
        self.negatives += u64::from(value < 0.0);
        batch.add(value);
        self.quantiles.add(value);
    }

    fn merge(&mut self, other: Self) {
        self.moments.merge(other.moments);
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
        self.int_range = match (self.int_range, other.int_range) {
            (Some((a, b)), Some((c, d))) => Some((a.min(c), b.max(d))),
            (one, None) | (None, one) => one,
        };
        self.zeros += other.zeros;
        self.negatives += other.negatives;
        self.not_finite += other.not_finite;
        self.quantiles.merge(other.quantiles);
        self.values.merge(other.values);
        self.calendar.merge(other.calendar);
    }
}

impl Texts {
    fn merge(&mut self, other: Self) {
        self.values.merge(other.values);
        self.min = match (self.min.take(), other.min) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (one, None) | (None, one) => one,
        };
        self.max = match (self.max.take(), other.max) {
            (Some(a), Some(b)) => Some(a.max(b)),
            (one, None) | (None, one) => one,
        };
        self.lengths = match (self.lengths, other.lengths) {
            (Some((a, b)), Some((c, d))) => Some((a.min(c), b.max(d))),
            (one, None) | (None, one) => one,
        };
        self.looked_at += other.looked_at;
        self.numbers += other.numbers;
        self.moments += other.moments;
        self.booleans += other.booleans;
        self.words += other.words;
        self.patterns.merge(other.patterns);
    }
}

fn add_ints(numbers: &mut Numbers, values: impl Iterator<Item = i64>) {
    let mut batch = Pass::default();
    let (mut low, mut high) = numbers.int_range.unwrap_or((i64::MAX, i64::MIN));
    for value in values {
        low = low.min(value);
        high = high.max(value);
        numbers.zeros += u64::from(value == 0);
        numbers.negatives += u64::from(value < 0);
        let float = value as f64;
        batch.add(float);
        numbers.quantiles.add(float);
        numbers.values.add(mix(value as u64), || float);
    }
    if low <= high {
        numbers.int_range = Some((low, high));
        numbers.min = numbers.min.min(low as f64);
        numbers.max = numbers.max.max(high as f64);
    }
    numbers.moments.merge(batch.moments());
}

fn add_unsigned(numbers: &mut Numbers, values: impl Iterator<Item = u64>) {
    let mut batch = Pass::default();
    for value in values {
        let float = value as f64;
        numbers.min = numbers.min.min(float);
        numbers.max = numbers.max.max(float);
        numbers.zeros += u64::from(value == 0);
        batch.add(float);
        numbers.quantiles.add(float);
        numbers.values.add(mix(value), || float);
    }
    numbers.moments.merge(batch.moments());
}

/// What tells each decimal number apart: as a floating-point number where that is exact, else by all of its digits. `None` where
/// there is none.
pub fn decimal_keys(series: &Series) -> PolarsResult<Vec<Option<u64>>> {
    const EXACT: i128 = 1 << 53;
    let floats = series.cast(&DataType::Float64)?;
    let digits = series.to_physical_repr();
    let key = |(digits, float): (Option<i128>, Option<f64>)| {
        let (digits, float) = (digits?, float?);
        Some(if digits.abs() < EXACT {
            mix(if float == 0.0 { 0 } else { float.to_bits() })
        } else {
            mix(digits as u64 ^ mix((digits >> 64) as u64))
        })
    };
    Ok(digits.i128()?.iter().zip(floats.f64()?.iter()).map(key).collect())
}

fn add_exact(numbers: &mut Numbers, values: impl Iterator<Item = (Option<u64>, Option<f64>)>) {
    let mut batch = Pass::default();
    for (key, value) in values {
        let (Some(key), Some(value)) = (key, value) else { continue };
        numbers.add(value, &mut batch);
        numbers.values.add(key, || value);
    }
    numbers.moments.merge(batch.moments());
}

fn add_floats(numbers: &mut Numbers, values: impl Iterator<Item = f64>) {
    let mut batch = Pass::default();
    for value in values {
        if !value.is_finite() {
            numbers.not_finite += 1;
            continue;
        }
        numbers.add(value, &mut batch);
        let key = if value == 0.0 { 0 } else { value.to_bits() };
        numbers.values.add(mix(key), || value);
    }
    numbers.moments.merge(batch.moments());
}

/// Sums of one batch around its first value, which keeps the digits that a plain sum of squares loses.
#[derive(Default)]
struct Pass {
    n: u64,
    origin: f64,
    sum: f64,
    squares: f64,
}

impl Pass {
    #[inline]
    fn add(&mut self, value: f64) {
        if self.n == 0 {
            self.origin = value;
        }
        let from_origin = value - self.origin;
        self.sum += from_origin;
        self.squares += from_origin * from_origin;
        self.n += 1;
    }

    fn moments(&self) -> Moments {
        if self.n == 0 {
            return Moments::default();
        }
        let n = self.n as f64;
        let mean = self.sum / n;
        Moments { n: self.n, mean: self.origin + mean, m2: (self.squares - self.sum * mean).max(0.0) }
    }
}

impl Texts {
    fn add(&mut self, value: &str) {
        self.values.add(hash_text(value), || shortened(value));
        if self.min.as_deref().is_none_or(|min| value < min) {
            self.min = Some(shortened(value));
        }
        if self.max.as_deref().is_none_or(|max| value > max) {
            self.max = Some(shortened(value));
        }
        let length = if value.is_ascii() { value.len() } else { value.chars().count() } as u64;
        self.lengths = Some(self.lengths.map_or((length, length), |(low, high)| (low.min(length), high.max(length))));
        if self.looked_at < 100_000 {
            self.looked_at += 1;
            self.patterns.add(value);
            use crate::table::{Kind, classify};
            match classify(value, true) {
                Kind::Int | Kind::BigInt | Kind::Float | Kind::Comma | Kind::Thousands => self.numbers += 1,
                Kind::Moment(_) => self.moments += 1,
                Kind::Bool => self.booleans += 1,
                Kind::Text if value.trim().contains(' ') => self.words += 1,
                _ => {}
            }
        }
    }
}

/// Long text is kept up to 256 characters, so that one cell cannot fill a profile.
fn shortened(value: &str) -> String {
    if value.len() <= 256 { value.to_owned() } else { value.chars().take(256).collect() }
}

/// A number as it is shown: whole if the column holds whole numbers that a JSON number can carry.
pub fn scalar(value: f64, whole: bool) -> Scalar {
    if whole && value.abs() < 9_007_199_254_740_992.0 { Scalar::Int(value as i64) } else { Scalar::Float(value) }
}

//! A table in memory, in the few forms that checks need.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::BuildHasherDefault;
use std::sync::OnceLock;

use polars::prelude::*;
use rayon::prelude::*;

use crate::profile::Ready;
use crate::table::{
    DateForm, Odd, TableError, TableSource, classify, compact_date, is_null_spelling, lenient_number, parse_moment,
};

/// Cells that are held at most.
const MAX_CELLS: u64 = 40_000_000;
const BATCH: usize = 65_536;
/// Texts among numbers or dates that are remembered row by row.
const STRAYS: usize = 20_000;
/// Rows that a finding shows as examples.
pub const LISTED: usize = 10;
/// Code of a missing text.
pub const MISSING: u32 = u32::MAX;

/// One form of a column's values.
#[derive(Debug)]
pub enum Data {
    /// Numbers; NaN is missing.
    Numbers {
        /// Per row.
        values: Vec<f64>,
        /// Whether it is stored as whole numbers.
        whole: bool,
    },
    /// Texts, by code into `words`.
    Texts {
        /// Per row.
        codes: Vec<u32>,
        /// Different texts.
        words: Vec<String>,
        /// Rows per text.
        counts: Vec<u64>,
    },
    /// Moments in milliseconds; `i64::MIN` is missing.
    Times {
        /// Per row.
        ms: Vec<i64>,
    },
    /// Lists, structures, booleans.
    Other,
}

/// A set of hashes, which are not hashed again.
pub type HashesSet = HashSet<u64, BuildHasherDefault<Ready>>;
/// Something for each of many hashes, which are not hashed again.
pub type HashesMap<V> = HashMap<u64, V, BuildHasherDefault<Ready>>;

/// How the values of a column are spread over its rows.
#[derive(Debug, Clone, Copy)]
pub struct Spread {
    /// Different values that are there.
    pub distinct: usize,
    /// Rows that have one.
    pub present: usize,
    /// Minus the logarithm of the chance that two rows agree, missing values being a value (collision entropy).
    pub entropy: f64,
}

/// A column.
#[derive(Debug)]
pub struct ViewColumn {
    /// Its name.
    pub name: String,
    /// Its type as stored.
    pub stored: String,
    /// Its values.
    pub data: Data,
    /// Texts within a column of numbers or dates that are stored as text.
    pub strays: BTreeMap<String, Odd>,
    /// The same row by row, the first twenty thousand.
    pub stray_rows: Vec<(usize, String)>,
    /// Rows whose number is written otherwise than plain (`1.234,5`, `$3`).
    pub odd_numbers: Odd,
    /// Dates stored as text, by how they are written.
    pub date_forms: BTreeMap<DateForm, Odd>,
    /// A hash per row, for duplicates; 0 is missing.
    pub hashes: Vec<u64>,
    spread: OnceLock<Spread>,
}

impl ViewColumn {
    /// How its values are spread, counted when it is first asked for.
    pub fn spread(&self) -> Spread {
        *self.spread.get_or_init(|| {
            let mut counts: HashesMap<u64> = HashMap::default();
            for hash in &self.hashes {
                // The lowest bit only says that something is there, and would leave every other place of the table empty.
                *counts.entry(hash >> 1).or_default() += 1;
            }
            let n = self.hashes.len().max(1) as f64;
            let missing = counts.get(&0).copied().unwrap_or_default();
            let agree: f64 = counts.values().map(|count| (*count as f64 / n).powi(2)).sum();
            Spread {
                distinct: counts.len() - usize::from(missing > 0),
                present: self.hashes.len() - missing as usize,
                entropy: -agree.max(1e-300).ln(),
            }
        })
    }

    fn add_stray(&mut self, word: &str, row: usize, number: u64) {
        // As many rows for all words together as are remembered one by one below.
        let room = if self.stray_rows.len() < STRAYS { Odd::MOST } else { 10 };
        self.strays.entry(word.to_owned()).or_default().add_up_to(number, room);
        if self.stray_rows.len() < STRAYS {
            self.stray_rows.push((row, word.to_owned()));
        }
    }

    /// Its numbers.
    pub fn numbers(&self) -> Option<(&[f64], bool)> {
        match &self.data {
            Data::Numbers { values, whole } => Some((values, *whole)),
            _ => None,
        }
    }

    /// Its texts.
    pub fn texts(&self) -> Option<(&[u32], &[String], &[u64])> {
        match &self.data {
            Data::Texts { codes, words, counts } => Some((codes, words, counts)),
            _ => None,
        }
    }

    /// Its moments.
    pub fn times(&self) -> Option<&[i64]> {
        match &self.data {
            Data::Times { ms } => Some(ms),
            _ => None,
        }
    }

    /// Rows that hold one of the words for which `wanted` is true.
    pub fn rows_with(&self, wanted: impl Fn(u32) -> bool) -> Vec<usize> {
        match &self.data {
            Data::Texts { codes, .. } => {
                codes.iter().enumerate().filter(|(_, c)| **c != MISSING && wanted(**c)).map(|(row, _)| row).collect()
            }
            _ => Vec::new(),
        }
    }
}

/// A table in memory.
#[derive(Debug)]
pub struct View {
    /// Columns in order.
    pub columns: Vec<ViewColumn>,
    /// Rows held.
    pub rows: usize,
    /// Rows of the file.
    pub total_rows: u64,
    /// Whether some batches were left out.
    pub sampled: bool,
    /// Rows that a finding lists.
    pub listed: usize,
    numbers: Vec<(usize, u64)>,
    skipped: Vec<u64>,
}

enum Building {
    Numbers(Vec<f64>, bool),
    Texts { codes: Vec<u32>, index: HashMap<String, u32>, words: Vec<String>, counts: Vec<u64> },
    Times(Vec<i64>),
    Other,
}

impl View {
    /// Reads a table.
    pub fn load(source: &TableSource, cancel: &dyn Fn() -> bool) -> Result<Self, TableError> {
        Self::load_with(source, cancel, &mut |_| Ok(()))
    }

    /// The same, and hands every batch of the table to `also`.
    pub fn load_with(
        source: &TableSource,
        cancel: &dyn Fn() -> bool,
        also: &mut dyn FnMut(&DataFrame) -> Result<(), TableError>,
    ) -> Result<Self, TableError> {
        let cells = source.rows().saturating_mul(source.column_names().len() as u64);
        let every = cells.div_ceil(MAX_CELLS).max(1);
        let mut building: Vec<(String, String, Building, Vec<u64>)> = Vec::new();
        let (mut rows, mut batch_index) = (0usize, 0u64);
        let mut numbers = Vec::new();
        let mut fail = None;
        source.for_each_batch(None, BATCH, cancel, &mut |first, frame| {
            also(&frame)?;
            batch_index += 1;
            if (batch_index - 1) % every != 0 {
                return Ok(());
            }
            numbers.push((rows, first));
            rows += frame.height();
            if building.is_empty() {
                building = frame.columns().iter().map(start).collect();
            }
            let failed = building.par_iter_mut().zip(frame.columns().par_iter()).find_map_first(
                |((_, _, column, hashes), values)| extend(column, hashes, values.as_materialized_series()).err(),
            );
            if let Some(error) = failed {
                fail = Some(error.to_string());
            }
            Ok(())
        })?;
        if let Some(detail) = fail {
            return Err(TableError::Damaged { path: source.path().to_owned(), detail });
        }
        if building.is_empty() {
            building = source.frame(None)?.columns().iter().map(start).collect();
        }
        let skipped = source.structure().map(|s| s.skipped.clone()).unwrap_or_default();
        let mut view = Self {
            columns: Vec::new(),
            rows,
            total_rows: source.rows(),
            sampled: every > 1,
            listed: LISTED,
            numbers,
            skipped,
        };
        let columns = building
            .into_par_iter()
            .map(|(name, stored, data, hashes)| view.finish(name, stored, data, hashes))
            .collect();
        view.columns = columns;
        Ok(view)
    }

    /// The number that the file gives to a row of the view.
    pub fn row_number(&self, index: usize) -> u64 {
        let at = self.numbers.partition_point(|(start, _)| *start <= index).saturating_sub(1);
        let (start, first) = self.numbers.get(at).copied().unwrap_or((0, 0));
        let mut number = first + (index - start.min(index)) as u64 + 1;
        for skipped in &self.skipped {
            if *skipped > number {
                break;
            }
            number += 1;
        }
        number
    }

    /// The column called `name`.
    pub fn column(&self, name: &str) -> Option<&ViewColumn> {
        self.columns.iter().find(|column| column.name == name)
    }

    fn finish(&self, name: String, stored: String, data: Building, hashes: Vec<u64>) -> ViewColumn {
        let mut column = ViewColumn {
            name,
            stored,
            data: Data::Other,
            strays: BTreeMap::new(),
            stray_rows: Vec::new(),
            odd_numbers: Odd::default(),
            date_forms: BTreeMap::new(),
            hashes,
            spread: OnceLock::new(),
        };
        column.data = match data {
            Building::Numbers(values, whole) => Data::Numbers { values, whole },
            Building::Times(ms) => Data::Times { ms },
            Building::Other => Data::Other,
            Building::Texts { codes, words, counts, .. } => self.meant(&mut column, codes, words, counts),
        };
        column
    }

    /// Texts that are mostly numbers or dates are numbers or dates, with strays.
    fn meant(&self, column: &mut ViewColumn, codes: Vec<u32>, words: Vec<String>, counts: Vec<u64>) -> Data {
        use crate::table::Kind;
        let total: u64 = counts.iter().sum();
        let (mut numeric, mut dated, mut coded, mut comma, mut first_is_day, mut second_is_day) =
            (0u64, 0u64, 0u64, 0u64, 0u64, 0u64);
        for (word, count) in words.iter().zip(&counts) {
            match classify(word, true) {
                Kind::Int | Kind::BigInt | Kind::Float | Kind::Thousands => numeric += count,
                Kind::Comma => {
                    numeric += count;
                    comma += count;
                }
                Kind::Coded => coded += count,
                Kind::Moment(moment) => {
                    dated += count;
                    if let Some((a, b)) = moment.first_two {
                        first_is_day += if a > 12 { *count } else { 0 };
                        second_is_day += if b > 12 { *count } else { 0 };
                    }
                }
                _ => {}
            }
        }
        if total > 0 && coded == 0 && numeric * 100 >= total * 70 {
            let mostly_comma = comma * 2 > numeric;
            let mut parsed = Vec::with_capacity(words.len());
            let mut odd = Vec::with_capacity(words.len());
            for word in &words {
                let kind = classify(word, false);
                let plain = matches!(kind, Kind::Int | Kind::BigInt)
                    || (kind == if mostly_comma { Kind::Comma } else { Kind::Float });
                let value = if mostly_comma && kind == Kind::Thousands {
                    crate::table::parse_number(word, true)
                } else {
                    lenient_number(word)
                };
                odd.push(value.is_some() && !plain);
                parsed.push(value);
            }
            let mut values = vec![f64::NAN; codes.len()];
            let mut whole = true;
            for (row, code) in codes.iter().enumerate() {
                let Some(word) = words.get(*code as usize) else { continue };
                match parsed.get(*code as usize).copied().flatten() {
                    Some(value) => {
                        if let Some(slot) = values.get_mut(row) {
                            *slot = value;
                        }
                        whole &= value.fract() == 0.0;
                        if odd.get(*code as usize) == Some(&true) {
                            column.odd_numbers.add_up_to(self.row_number(row), Odd::MOST);
                        }
                    }
                    None => column.add_stray(word, row, self.row_number(row)),
                }
            }
            return Data::Numbers { values, whole };
        }
        if total > 0 && dated * 100 >= total * 70 {
            let day_first = first_is_day > second_is_day;
            let parsed: Vec<_> =
                words.iter().map(|word| parse_moment(word, day_first).or_else(|| compact_date(word))).collect();
            let mut ms = vec![i64::MIN; codes.len()];
            for (row, code) in codes.iter().enumerate() {
                let Some(word) = words.get(*code as usize) else { continue };
                match parsed.get(*code as usize).copied().flatten() {
                    Some(moment) => {
                        if let Some(slot) = ms.get_mut(row) {
                            *slot = moment.ms;
                        }
                        column.date_forms.entry(moment.form).or_default().add_up_to(self.row_number(row), Odd::MOST);
                    }
                    None => column.add_stray(word, row, self.row_number(row)),
                }
            }
            return Data::Times { ms };
        }
        Data::Texts { codes, words, counts }
    }
}

fn start(column: &Column) -> (String, String, Building, Vec<u64>) {
    let data = match column.dtype() {
        DataType::Date | DataType::Datetime(..) => Building::Times(Vec::new()),
        DataType::String | DataType::Categorical(..) | DataType::Enum(..) => {
            Building::Texts { codes: Vec::new(), index: HashMap::new(), words: Vec::new(), counts: Vec::new() }
        }
        other if other.is_primitive_numeric() || matches!(other, DataType::Decimal(..)) => {
            Building::Numbers(Vec::new(), other.is_integer())
        }
        _ => Building::Other,
    };
    (column.name().to_string(), crate::profile::type_name(column.dtype()), data, Vec::new())
}

fn extend(building: &mut Building, hashes: &mut Vec<u64>, series: &Series) -> PolarsResult<()> {
    use crate::profile::{hash_text, mix};
    match building {
        Building::Numbers(values, _) => {
            if *series.dtype() == DataType::UInt64 {
                for value in series.u64()?.iter() {
                    hashes.push(value.map_or(0, |v| mix(v) | 1));
                    values.push(value.map_or(f64::NAN, |v| v as f64));
                }
            } else if matches!(series.dtype(), DataType::Decimal(..)) {
                let floats = series.cast(&DataType::Float64)?;
                for (key, value) in crate::profile::decimal_keys(series)?.into_iter().zip(floats.f64()?.iter()) {
                    hashes.push(key.map_or(0, |key| key | 1));
                    values.push(value.unwrap_or(f64::NAN));
                }
            } else if series.dtype().is_integer() {
                // Whole numbers beyond 2^53 would collide as floating-point numbers.
                let exact = series.cast(&DataType::Int64)?;
                hashes.extend(exact.i64()?.iter().map(|v| v.map_or(0, |v| mix(v as u64) | 1)));
                let floats = series.cast(&DataType::Float64)?;
                values.extend(floats.f64()?.iter().map(|v| v.unwrap_or(f64::NAN)));
            } else {
                let floats = series.cast(&DataType::Float64)?;
                for value in floats.f64()?.iter() {
                    let value = value.unwrap_or(f64::NAN);
                    hashes.push(if value.is_nan() { 0 } else { mix(value.to_bits()) | 1 });
                    values.push(value);
                }
            }
        }
        Building::Texts { codes, index, words, counts } => {
            let texts = series.cast(&DataType::String)?;
            for text in texts.str()?.iter() {
                let Some(text) = text else {
                    codes.push(MISSING);
                    hashes.push(0);
                    continue;
                };
                hashes.push(hash_text(text) | 1);
                let code = match index.get(text) {
                    Some(code) => *code,
                    None => {
                        let code = words.len() as u32;
                        index.insert(text.to_owned(), code);
                        words.push(text.to_owned());
                        counts.push(0);
                        code
                    }
                };
                if let Some(count) = counts.get_mut(code as usize) {
                    *count += 1;
                }
                codes.push(code);
            }
        }
        Building::Times(out) => {
            let ms = crate::profile::as_ms(series)?;
            for value in ms.i64()?.iter() {
                out.push(value.unwrap_or(i64::MIN));
                hashes.push(value.map_or(0, |v| mix(v as u64) | 1));
            }
        }
        Building::Other => {
            if *series.dtype() == DataType::Boolean {
                hashes.extend(series.bool()?.iter().map(|v| v.map_or(0, |v| if v { 3 } else { 5 })));
            } else {
                hashes.extend(series.iter().map(|v| if v.is_null() { 0 } else { hash_text(&v.to_string()) | 1 }));
            }
        }
    }
    Ok(())
}

/// Whether a text stands for a missing value the way programs write it.
pub fn null_like(word: &str) -> bool {
    let trimmed = word.trim();
    is_null_spelling(trimmed)
        || matches!(
            trimmed.to_lowercase().as_str(),
            "null"
                | "none"
                | "nil"
                | "nan"
                | "n/a"
                | "#n/a"
                | "#ref!"
                | "#value!"
                | "#div/0!"
                | "#name?"
                | "(null)"
                | "<null>"
                | "[null]"
                | "undefined"
                | "nat"
                | "<na>"
                | "na"
        )
}

/// Whether a text stands for a missing value the way people write it.
pub fn placeholder(word: &str) -> bool {
    let lower = word.trim().to_lowercase();
    matches!(
        lower.as_str(),
        "?" | "??"
            | "???"
            | "-"
            | "--"
            | "---"
            | "–"
            | "—"
            | "."
            | ".."
            | "..."
            | "*"
            | "**"
            | "#"
            | "x"
            | "xx"
            | "xxx"
            | "xxxx"
            | "unknown"
            | "unk"
            | "unbekannt"
            | "inconnu"
            | "desconocido"
            | "sconosciuto"
            | "missing"
            | "tbd"
            | "tba"
            | "tbc"
            | "to be determined"
            | "not available"
            | "not applicable"
            | "not specified"
            | "not provided"
            | "unspecified"
            | "no data"
            | "n.a."
            | "n. a."
            | "k.a."
            | "empty"
            | "blank"
            | "dummy"
            | "test"
            | "asdf"
            | "lorem ipsum"
            | "placeholder"
            | "default"
            | "invalid"
            | "error"
            | "_"
            | "''"
            | "\"\""
            | "na."
            | "not known"
            | "not set"
    )
}

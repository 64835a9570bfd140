//! Builds typed columns from text.

use polars::prelude::*;

use super::moment::parse_moment;
use super::options::{DecimalMark, ReadOptions, is_missing};
use super::structure::ColumnText;
use super::value::{is_null_spelling, parse_number};

/// What a column of a text table is read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadAs {
    /// 64-bit whole numbers.
    Int,
    /// Numbers; `comma` tells that the decimal mark is a comma.
    Float {
        /// Whether the decimal mark is a comma.
        comma: bool,
    },
    /// True or false.
    Bool,
    /// Days.
    Date {
        /// Whether `03/04` is the third of April.
        day_first: bool,
    },
    /// Moments, in milliseconds.
    Datetime {
        /// Whether `03/04` is the third of April.
        day_first: bool,
    },
    /// Text; `na_is_code` keeps `NA` as a value.
    Text {
        /// Whether `NA` is a value.
        na_is_code: bool,
    },
}

impl ReadAs {
    /// Decides from all fields of a column. Anything that does not fit every field stays text.
    pub fn of(column: &ColumnText, options: &ReadOptions) -> Self {
        let values = column.values();
        let text = Self::Text { na_is_code: column.na_is_code() };
        if values == 0 {
            return text;
        }
        if column.int == values {
            return Self::Int;
        }
        if let Some(mark) = options.decimal
            && column.numbers() > 0
        {
            return if column.numbers_as_said == values {
                Self::Float { comma: mark == DecimalMark::Comma }
            } else {
                text
            };
        }
        if column.int + column.float + column.big == values && column.float > 0 {
            return Self::Float { comma: false };
        }
        if column.comma > 0 && column.int + column.comma == values {
            return Self::Float { comma: true };
        }
        if column.thousands > 0 {
            if column.comma > 0 && column.int + column.comma + column.thousands == values {
                return Self::Float { comma: true };
            }
            if column.int + column.float + column.thousands == values && column.large_unmarked == 0 {
                return Self::Float { comma: false };
            }
        }
        if column.bool == values {
            return Self::Bool;
        }
        if column.moments() == values && column.dates.len() == 1 && (column.day_first == 0 || column.month_first == 0) {
            let day_first = options.day_first.unwrap_or(column.day_first > 0);
            if (if day_first { column.month_first } else { column.day_first }) > 0 {
                return text;
            }
            return if column.with_time > 0 { Self::Datetime { day_first } } else { Self::Date { day_first } };
        }
        text
    }
}

enum Values {
    Int(Vec<Option<i64>>),
    Float(Vec<Option<f64>>),
    Bool(Vec<Option<bool>>),
    Days(Vec<Option<i32>>),
    Ms(Vec<Option<i64>>),
    Text(StringChunkedBuilder),
}

/// Collects the fields of one column.
pub struct ColumnBuilder {
    name: PlSmallStr,
    kind: ReadAs,
    values: Values,
}

impl ColumnBuilder {
    /// An empty column.
    pub fn new(name: &str, kind: ReadAs, capacity: usize) -> Self {
        let name = PlSmallStr::from_str(name);
        let values = match kind {
            ReadAs::Int => Values::Int(Vec::with_capacity(capacity)),
            ReadAs::Float { .. } => Values::Float(Vec::with_capacity(capacity)),
            ReadAs::Bool => Values::Bool(Vec::with_capacity(capacity)),
            ReadAs::Date { .. } => Values::Days(Vec::with_capacity(capacity)),
            ReadAs::Datetime { .. } => Values::Ms(Vec::with_capacity(capacity)),
            ReadAs::Text { .. } => Values::Text(StringChunkedBuilder::new(name.clone(), capacity)),
        };
        Self { name, kind, values }
    }

    /// Adds a field.
    pub fn push(&mut self, field: &str) {
        let trimmed = field.trim();
        match (&mut self.values, self.kind) {
            (Values::Int(out), _) => out.push(trimmed.strip_prefix('+').unwrap_or(trimmed).parse().ok()),
            (Values::Float(out), ReadAs::Float { comma }) => {
                out.push(if is_missing(trimmed) { None } else { parse_number(trimmed, comma) });
            }
            (Values::Bool(out), _) => out.push(match trimmed.as_bytes().first() {
                Some(b't' | b'T') => Some(true),
                Some(b'f' | b'F') => Some(false),
                _ => None,
            }),
            (Values::Days(out), ReadAs::Date { day_first }) => {
                out.push(parse_moment(trimmed, day_first).and_then(|m| i32::try_from(m.ms.div_euclid(86_400_000)).ok()))
            }
            (Values::Ms(out), ReadAs::Datetime { day_first }) => {
                out.push(parse_moment(trimmed, day_first).map(|moment| moment.ms));
            }
            (Values::Text(out), kind) => {
                let code = kind == ReadAs::Text { na_is_code: true } && trimmed == "NA";
                if trimmed.is_empty() || (is_null_spelling(trimmed) && !code) {
                    out.append_null();
                } else {
                    out.append_value(field);
                }
            }
            (Values::Float(out), _) => out.push(None),
            (Values::Days(out), _) => out.push(None),
            (Values::Ms(out), _) => out.push(None),
        }
    }

    /// Adds a row without a value.
    pub fn push_null(&mut self) {
        match &mut self.values {
            Values::Int(out) | Values::Ms(out) => out.push(None),
            Values::Float(out) => out.push(None),
            Values::Bool(out) => out.push(None),
            Values::Days(out) => out.push(None),
            Values::Text(out) => out.append_null(),
        }
    }

    /// The column.
    pub fn finish(self) -> PolarsResult<Column> {
        let name = self.name;
        Ok(match self.values {
            Values::Int(values) => Column::new(name, values),
            Values::Float(values) => Column::new(name, values),
            Values::Bool(values) => Column::new(name, values),
            Values::Days(values) => Column::new(name, values).cast(&DataType::Date)?,
            Values::Ms(values) => Column::new(name, values).cast(&DataType::Datetime(TimeUnit::Milliseconds, None))?,
            Values::Text(builder) => builder.finish().into_series().into(),
        })
    }
}

/// Collects rows into frames.
pub struct FrameBuilder {
    plan: Vec<(usize, String, ReadAs)>,
    columns: Vec<ColumnBuilder>,
    /// Rows collected so far.
    pub height: usize,
}

impl FrameBuilder {
    /// `plan`: index of the field, name, type.
    pub fn new(plan: Vec<(usize, String, ReadAs)>) -> Self {
        let mut builder = Self { plan, columns: Vec::new(), height: 0 };
        builder.reset();
        builder
    }

    fn reset(&mut self) {
        self.height = 0;
        self.columns = self.plan.iter().map(|(_, name, kind)| ColumnBuilder::new(name, *kind, 1024)).collect();
    }

    /// Adds a row; `field` gives the text of a field by its index.
    pub fn push<'a>(&mut self, field: impl Fn(usize) -> Option<&'a str>) {
        for ((index, _, _), column) in self.plan.iter().zip(&mut self.columns) {
            match field(*index) {
                Some(text) => column.push(text),
                None => column.push_null(),
            }
        }
        self.height += 1;
    }

    /// Takes what was collected.
    pub fn take(&mut self) -> PolarsResult<DataFrame> {
        let height = self.height;
        let columns = std::mem::take(&mut self.columns)
            .into_iter()
            .map(ColumnBuilder::finish)
            .collect::<PolarsResult<Vec<_>>>()?;
        self.reset();
        DataFrame::new(height, columns)
    }
}

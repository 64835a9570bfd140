//! Moments that one table writes otherwise than the other.

use std::collections::BTreeMap;

use polars::prelude::{Column, DataFrame, DataType};

use super::columns::to_numbers;
use crate::table::{DateForm, parse_moment};

/// Values of a column that are looked at.
const LOOK: usize = 2_000;
/// Share of the values that must be written alike.
const MOST: f64 = 0.95;
/// Ten years, in milliseconds: numbers that are read as moments must lie so near those of the other table.
const NEAR: f64 = 10.0 * 365.25 * 86_400_000.0;

/// The order of day and month where both are numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DayOrder {
    /// 31/01/2024
    DayFirst,
    /// 01/31/2024
    MonthFirst,
}

/// How a text writes its dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WrittenDate {
    /// Order and marks.
    pub form: DateForm,
    /// Day or month first, where the values show it.
    pub order: Option<DayOrder>,
}

impl WrittenDate {
    /// How dates are written, from how many are in each form and how many show the order of day and month. `None` where they are mixed.
    pub fn of(forms: &BTreeMap<DateForm, u64>, day_first: u64, month_first: u64) -> Option<Self> {
        let all: u64 = forms.values().sum();
        let (form, count) = forms.iter().max_by_key(|it| *it.1)?;
        let order = match (day_first, month_first) {
            (0, 0) => None,
            (_, 0) => Some(DayOrder::DayFirst),
            (0, _) => Some(DayOrder::MonthFirst),
            _ => return None,
        };
        (*count as f64 >= MOST * all as f64).then_some(Self { form: *form, order })
    }

    fn example(self) -> &'static str {
        match (self.form, self.order) {
            (DateForm::Slash, Some(DayOrder::MonthFirst)) => "01/31/2024",
            (DateForm::Dash, Some(DayOrder::MonthFirst)) => "01-31-2024",
            (DateForm::Dot, Some(DayOrder::MonthFirst)) => "01.31.2024",
            (form, _) => form.example(),
        }
    }
}

/// How dates of columns are written in the files of two tables, where the tables themselves no longer show it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WrittenDates {
    /// By column of the reference.
    pub reference: BTreeMap<String, WrittenDate>,
    /// By column of the current table.
    pub current: BTreeMap<String, WrittenDate>,
}

/// How a column keeps moments.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Kept {
    /// In a type of its own.
    Typed,
    Text(WrittenDate),
    /// As a number of units since 1970, in milliseconds each.
    Count(f64),
}

impl Kept {
    fn words(self) -> String {
        match self {
            Self::Typed => "as dates of their own type".to_owned(),
            Self::Text(written) => format!("like {}", written.example()),
            Self::Count(unit) => {
                let unit = match unit {
                    it if it >= 1e3 => "seconds",
                    it if it >= 1.0 => "milliseconds",
                    it if it >= 1e-3 => "microseconds",
                    _ => "nanoseconds",
                };
                format!("as {unit} since 1970")
            }
        }
    }

    fn is_like(self, other: Self) -> bool {
        match (self, other) {
            (Self::Typed, Self::Typed) => true,
            // What one file format keeps in a type, another writes in the form of the standard.
            (Self::Typed, Self::Text(it)) | (Self::Text(it), Self::Typed) => it.form == DateForm::Iso,
            (Self::Text(a), Self::Text(b)) => {
                a.form == b.form && (a.order == b.order || a.order.is_none() || b.order.is_none())
            }
            (Self::Count(a), Self::Count(b)) => a == b,
            _ => false,
        }
    }
}

/// First and last moment of a column, in milliseconds since 1970.
type Span = (f64, f64);

/// Words for how the moments of a column are written otherwise now, and the rows of both tables with a moment. `None` where they are not, or where it is no column of moments.
pub(super) fn written_otherwise(
    name: &str,
    reference: &DataFrame,
    current: &DataFrame,
    written: &WrittenDates,
) -> Option<(String, (u64, u64))> {
    let (a, b) = (reference.column(name).ok()?, current.column(name).ok()?);
    let (said_a, said_b) = (written.reference.get(name).copied(), written.current.get(name).copied());
    let (known_a, known_b) = (kept(a, said_a), kept(b, said_b));
    let (before, after) = match (known_a, known_b) {
        (Some(a), Some(b)) => (a.0, b.0),
        // A number is a moment only beside moments that it can be one of.
        (Some((before, span)), None) => (before, count(b, span)?),
        (None, Some((after, span))) => (count(a, span)?, after),
        (None, None) => return None,
    };
    if before.is_like(after) {
        return None;
    }
    let turned = matches!((before, after), (Kept::Text(a), Kept::Text(b)) if a.form == b.form);
    let more = if turned { ": day and month changed their places" } else { "" };
    let words = format!(
        "dates are written otherwise: {} in the reference, {} in the current table{more}",
        before.words(),
        after.words()
    );
    let values = |column: &Column| (column.len() - column.null_count()) as u64;
    Some((words, (values(a), values(b))))
}

fn kept(column: &Column, said: Option<WrittenDate>) -> Option<(Kept, Span)> {
    let span = |column: &Column| -> Option<Span> {
        let ms = column.cast(&DataType::Datetime(polars::prelude::TimeUnit::Milliseconds, None)).ok()?;
        ends(&to_numbers(&ms).ok()?)
    };
    match column.dtype() {
        DataType::Date | DataType::Datetime(..) => Some((said.map_or(Kept::Typed, Kept::Text), span(column)?)),
        DataType::String => {
            let texts = column.str().ok()?;
            let (mut seen, mut moments) = (0u64, Vec::new());
            let (mut forms, mut day_first, mut month_first) = (BTreeMap::new(), 0, 0);
            for text in texts.iter().flatten().filter(|it| !it.trim().is_empty()).take(LOOK) {
                seen += 1;
                let Some(moment) = parse_moment(text, true).or_else(|| parse_moment(text, false)) else { continue };
                *forms.entry(moment.form).or_insert(0u64) += 1;
                if let Some((first, second)) = moment.first_two {
                    day_first += u64::from(first > 12);
                    month_first += u64::from(second > 12);
                }
                moments.push(moment.ms as f64);
            }
            let enough = seen > 0 && moments.len() as f64 >= MOST * seen as f64;
            let written = WrittenDate::of(&forms, day_first, month_first).filter(|_| enough)?;
            Some((Kept::Text(written), ends(&moments)?))
        }
        _ => None,
    }
}

/// Numbers that are moments near those of the other table, in one of the units that are counted in.
fn count(column: &Column, near: Span) -> Option<Kept> {
    if !column.dtype().is_primitive_numeric() {
        return None;
    }
    let (first, last) = ends(&to_numbers(column).ok()?)?;
    [1e3, 1.0, 1e-3, 1e-6]
        .into_iter()
        .find(|unit| first * unit >= near.0 - NEAR && last * unit <= near.1 + NEAR && first >= 1e8)
        .map(Kept::Count)
}

fn ends(values: &[f64]) -> Option<Span> {
    let known = || values.iter().copied().filter(|it| it.is_finite());
    Some((known().reduce(f64::min)?, known().reduce(f64::max)?))
}

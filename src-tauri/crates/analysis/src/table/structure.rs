//! What was seen while a text table was read from its first byte to its last.

use std::collections::BTreeMap;

use super::moment::{DateForm, Moment};
use super::options::{DecimalMark, strict_number};
use super::value::Kind;

/// Rows where the same oddity was seen: how many, and the first of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Odd {
    /// How many rows.
    pub count: u64,
    /// The first ten, numbered as in the file; of oddities of whole rows the first hundred thousand.
    pub rows: Vec<u64>,
}

impl Odd {
    /// Rows of an oddity of whole rows that are remembered, so that they can be set aside.
    pub(crate) const MOST: usize = 100_000;

    pub(crate) fn add(&mut self, row: u64) {
        self.add_up_to(row, 10);
    }

    /// Adds a row, and remembers it if there are fewer than `most`.
    pub(crate) fn add_up_to(&mut self, row: u64, most: usize) {
        self.count += 1;
        if self.rows.len() < most {
            self.rows.push(row);
        }
    }
}

/// One way in which a missing value was written.
pub type Spelling = BTreeMap<String, Odd>;

/// What the fields of one column look like, counted over the whole file.
#[derive(Debug, Clone, Default)]
pub struct ColumnText {
    /// Empty fields.
    pub empty: u64,
    /// Words for missing values, by spelling.
    pub nulls: Spelling,
    /// Whole numbers.
    pub int: u64,
    /// Whole numbers beyond 64 bits.
    pub big: u64,
    /// Digits with a leading zero.
    pub coded: u64,
    /// Numbers with a decimal point.
    pub float: u64,
    /// Numbers with a decimal comma.
    pub comma: u64,
    /// Numbers with marks between thousands.
    pub thousands: u64,
    /// Numbers of a thousand and more that have no mark.
    pub large_unmarked: u64,
    /// `true` and `false`.
    pub bool: u64,
    /// Dates by the way they are written.
    pub dates: BTreeMap<DateForm, u64>,
    /// Dates with a time of day.
    pub with_time: u64,
    /// Dates whose first number cannot be a month.
    pub day_first: u64,
    /// Dates whose second number cannot be a month.
    pub month_first: u64,
    /// Anything else.
    pub text: u64,
    /// Numbers under the decimal mark that a person named, where one did.
    pub numbers_as_said: u64,
    /// Text fields of exactly two capital letters, since `NA` among them is Namibia.
    pub two_letters: u64,
}

impl ColumnText {
    /// Counts a word that stands for a missing value.
    pub(crate) fn add_null(&mut self, word: &str, row: u64) {
        match self.nulls.get_mut(word) {
            Some(odd) => odd.add(row),
            None => {
                let mut odd = Odd::default();
                odd.add(row);
                self.nulls.insert(word.to_owned(), odd);
            }
        }
    }

    pub(crate) fn add(&mut self, field: &str, row: u64, decimal: Option<DecimalMark>) {
        if let Some(mark) = decimal {
            self.numbers_as_said += u64::from(strict_number(field, mark).is_some());
        }
        let dates = self.text < 100 || !self.dates.is_empty();
        match super::value::classify(field, dates) {
            Kind::Empty => self.empty += 1,
            Kind::Null => self.add_null(field.trim(), row),
            Kind::Int => {
                self.int += 1;
                self.large_unmarked += u64::from(field.trim().trim_start_matches(['-', '+']).len() >= 4);
            }
            Kind::BigInt => self.big += 1,
            Kind::Coded => self.coded += 1,
            Kind::Float => {
                self.float += 1;
                let whole = field.trim().split('.').next().unwrap_or_default();
                self.large_unmarked += u64::from(whole.trim_start_matches(['-', '+']).len() >= 4);
            }
            Kind::Comma => self.comma += 1,
            Kind::Thousands => self.thousands += 1,
            Kind::Bool => self.bool += 1,
            Kind::Moment(moment) => self.add_moment(&moment),
            Kind::Text => {
                self.text += 1;
                let text = field.trim().as_bytes();
                self.two_letters += u64::from(text.len() == 2 && text.iter().all(u8::is_ascii_uppercase));
            }
        }
    }

    fn add_moment(&mut self, moment: &Moment) {
        *self.dates.entry(moment.form).or_default() += 1;
        self.with_time += u64::from(moment.has_time);
        if let Some((first, second)) = moment.first_two {
            self.day_first += u64::from(first > 12);
            self.month_first += u64::from(second > 12);
        }
    }

    /// Fields that hold a value.
    pub fn values(&self) -> u64 {
        self.numbers() + self.coded + self.bool + self.moments() + self.text
    }

    /// Fields that are written as numbers.
    pub fn numbers(&self) -> u64 {
        self.int + self.big + self.float + self.comma + self.thousands
    }

    /// Fields that are dates.
    pub fn moments(&self) -> u64 {
        self.dates.values().sum()
    }

    /// Whether `NA` is a code here, not a missing value.
    pub fn na_is_code(&self) -> bool {
        self.two_letters > 0 && self.two_letters == self.values()
    }
}

/// What was seen in a text table as a whole.
#[derive(Debug, Clone, Default)]
pub struct Structure {
    /// Per column of the header.
    pub columns: Vec<ColumnText>,
    /// Rows with fewer fields than the header.
    pub short_rows: Odd,
    /// Rows with more fields than the header.
    pub long_rows: Odd,
    /// Rows that repeat the header; they are left out of the table.
    pub repeated_header: Odd,
    /// Rows where a quote opens and never closes; read as if the quote were a letter.
    pub open_quotes: Odd,
    /// Rows with bytes that are not valid in the file's encoding.
    pub bad_encoding: Odd,
    /// Rows with NUL bytes.
    pub nul_bytes: Odd,
    /// Rows that are longer than is read (64 MiB); their end is left out.
    pub cut_rows: Odd,
    /// Lines without a single character.
    pub blank_lines: u64,
    /// Lines that are not JSON.
    pub bad_lines: Odd,
    /// The last row, if it is a sum of those before it; left out of the table.
    pub footer: Option<u64>,
    /// The last row, if the file ends in the middle of it; left out of the table.
    pub truncated: Option<u64>,
    /// Whether a compressed file ended too early.
    pub truncated_compression: bool,
    /// Names that stand more than once in the header.
    pub duplicate_names: Vec<String>,
    /// Rows of the file that are not in the table, ascending.
    pub skipped: Vec<u64>,
}

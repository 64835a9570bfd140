//! Columns of a few thousand logged predictions, in the form that everything here reads.

use std::collections::HashMap;

/// The code of a missing text.
pub(super) const MISSING: u32 = u32::MAX;

/// One column of a block. A cell is in `numbers`, in `texts`, or missing in both.
#[derive(Debug, Clone, Default)]
pub(super) struct Cells {
    /// NaN where there is no number; empty when the column has none at all.
    pub(super) numbers: Vec<f64>,
    /// Texts that occur, by code.
    pub(super) names: Vec<String>,
    /// Codes into `names`, [`MISSING`] where there is no text; empty when the column has none at all.
    pub(super) codes: Vec<u32>,
    /// Cells whose number was infinite or NaN in the file.
    pub(super) not_finite: u64,
    /// Rows, ascending, whose cell in the file is a NaN, which is an answer and not a missing one.
    pub(super) not_a_number: Vec<u32>,
}

impl Cells {
    /// The number of a row.
    pub(super) fn number(&self, row: usize) -> Option<f64> {
        self.numbers.get(row).copied().filter(|it| !it.is_nan())
    }

    /// Whether the file has a NaN in that row.
    pub(super) fn is_not_a_number(&self, row: usize) -> bool {
        u32::try_from(row).is_ok_and(|row| self.not_a_number.binary_search(&row).is_ok())
    }

    /// The text of a row.
    pub(super) fn text(&self, row: usize) -> Option<&str> {
        let code = *self.codes.get(row)?;
        self.names.get(code as usize).map(String::as_str)
    }

    /// The cell as text, whatever it is.
    pub(super) fn shown(&self, row: usize) -> Option<String> {
        self.text(row).map(str::to_owned).or_else(|| self.number(row).map(number_text))
    }

    /// Whether no row has a value.
    pub(super) fn is_empty(&self) -> bool {
        self.codes.iter().all(|it| *it == MISSING) && self.numbers.iter().all(|it| it.is_nan())
    }

    pub(super) fn of_numbers(numbers: Vec<f64>) -> Self {
        Self { numbers, ..Self::default() }
    }
}

/// A number as the text of a category: `1` and `1.0` are the same.
pub(super) fn number_text(value: f64) -> String {
    if value.fract() == 0.0 && value.abs() < 9.0e15 { format!("{value:.0}") } else { format!("{value:?}") }
}

/// Rows of a log by columns.
#[derive(Debug, Clone, Default)]
pub(super) struct Block {
    /// Names of the columns.
    pub(super) names: Vec<String>,
    /// One for each name.
    pub(super) columns: Vec<Cells>,
    /// Rows.
    pub(super) rows: usize,
}

impl Block {
    /// The column of that name.
    pub(super) fn column(&self, name: &str) -> Option<&Cells> {
        self.names.iter().position(|it| it == name).and_then(|at| self.columns.get(at))
    }
}

/// One value of a record.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cell {
    Null,
    Number(f64),
    Text(String),
}

#[derive(Debug, Default)]
struct Growing {
    cells: Cells,
    index: HashMap<String, u32>,
}

impl Growing {
    fn fill(&mut self, rows: usize) {
        if !self.cells.numbers.is_empty() || self.cells.codes.is_empty() {
            self.cells.numbers.resize(rows, f64::NAN);
        }
        if !self.cells.codes.is_empty() {
            self.cells.codes.resize(rows, MISSING);
        }
    }

    fn number(&mut self, row: usize, value: f64) {
        self.cells.numbers.resize(row, f64::NAN);
        if !value.is_finite() {
            self.cells.not_finite += 1;
            if value.is_nan() {
                self.cells.not_a_number.extend(u32::try_from(row).ok());
            }
        }
        self.cells.numbers.push(value + 0.0);
    }

    fn text(&mut self, row: usize, value: &str) {
        self.cells.codes.resize(row, MISSING);
        let code = match self.index.get(value) {
            Some(code) => *code,
            None => {
                let code = self.cells.names.len() as u32;
                self.cells.names.push(value.to_owned());
                self.index.insert(value.to_owned(), code);
                code
            }
        };
        self.cells.codes.push(code);
    }
}

/// More columns than any model has inputs: names are data then, and further ones are left out.
pub(super) const MOST_COLUMNS: usize = 4_000;

/// Collects records with any fields into a block.
#[derive(Debug, Default)]
pub(super) struct Builder {
    names: Vec<String>,
    places: HashMap<String, usize>,
    columns: Vec<Growing>,
    rows: usize,
}

impl Builder {
    /// The place of a column; `None` once there are too many.
    pub(super) fn place(&mut self, name: &str) -> Option<usize> {
        if let Some(place) = self.places.get(name) {
            return Some(*place);
        }
        if self.names.len() >= MOST_COLUMNS {
            return None;
        }
        let place = self.names.len();
        self.names.push(name.to_owned());
        self.places.insert(name.to_owned(), place);
        self.columns.push(Growing::default());
        Some(place)
    }

    /// Puts a number into the row that is being collected. A second value of the same column is ignored.
    pub(super) fn number(&mut self, place: usize, value: f64) {
        let row = self.rows;
        if let Some(column) = self.columns.get_mut(place)
            && column.cells.numbers.len() <= row
        {
            column.number(row, value);
        }
    }

    /// Puts a text into the row that is being collected.
    pub(super) fn text(&mut self, place: usize, value: &str) {
        let row = self.rows;
        if let Some(column) = self.columns.get_mut(place)
            && column.cells.codes.len() <= row
        {
            column.text(row, value);
        }
    }

    /// Puts a value by name.
    pub(super) fn put(&mut self, name: &str, cell: &Cell) {
        let Some(place) = self.place(name) else { return };
        match cell {
            Cell::Null => {}
            Cell::Number(value) => self.number(place, *value),
            Cell::Text(text) => self.text(place, text),
        }
    }

    /// Ends the row.
    pub(super) fn end_row(&mut self) {
        self.rows += 1;
    }

    /// Takes back what was put into the row that is being collected.
    pub(super) fn drop_row(&mut self) {
        for column in &mut self.columns {
            column.cells.numbers.truncate(self.rows);
            column.cells.codes.truncate(self.rows);
        }
    }

    pub(super) const fn rows(&self) -> usize {
        self.rows
    }

    /// The rows collected so far.
    pub(super) fn finish(mut self) -> Block {
        let rows = self.rows;
        self.columns.iter_mut().for_each(|it| it.fill(rows));
        Block { names: self.names, columns: self.columns.into_iter().map(|it| it.cells).collect(), rows }
    }
}

/// FNV-1a with a final mix: identifiers are told apart by it, so 64 bits are needed and stability between runs.
pub(super) fn hash_of(text: &str) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325u64;
    for byte in text.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    crate::drift::mix(hash).max(1)
}

/// The hash of an identifier: case and hyphens of a UUID do not matter.
pub(super) fn id_hash(text: &str) -> u64 {
    let text = text.trim().trim_start_matches("urn:uuid:").trim_matches(|it| matches!(it, '{' | '}' | '"'));
    let is_uuid = text.len() == 36 && text.bytes().all(|it| it.is_ascii_hexdigit() || it == b'-');
    if is_uuid && text.bytes().all(|it| !it.is_ascii_uppercase()) {
        return hash_of(text);
    }
    if is_uuid {
        return hash_of(&text.to_ascii_lowercase());
    }
    hash_of(text)
}

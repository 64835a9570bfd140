//! How a text table is read, as `proofmark.toml` says it: `[dataset.read]`.

use proofmark_analysis::facade::{DecimalMark, ReadOptions, TextEncoding};
use serde::Deserialize;

/// What the file says. What it leaves out is found out.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReadConfig {
    /// The mark between fields; `tab` for a tabulator.
    #[serde(default)]
    delimiter: Option<String>,
    /// Whether the first line holds names.
    #[serde(default)]
    header: Option<bool>,
    /// The sheet of a workbook, or the table of a database.
    #[serde(default)]
    table: Option<String>,
    /// `utf-8`, `utf-16le`, `utf-16be`, `utf-32le`, `utf-32be`, `windows-1252`.
    #[serde(default)]
    encoding: Option<String>,
    /// `.` or `,`.
    #[serde(default)]
    decimal: Option<String>,
    /// Words for a missing value.
    #[serde(default)]
    null: Vec<String>,
    /// `day_first` or `month_first`.
    #[serde(default)]
    dates: Option<String>,
}

impl ReadConfig {
    /// The same for the reader.
    ///
    /// # Errors
    /// What cannot be meant.
    pub(crate) fn options(&self) -> Result<ReadOptions, String> {
        read_options(&Said {
            delimiter: self.delimiter.as_deref(),
            header: self.header,
            table: self.table.as_deref(),
            encoding: self.encoding.as_deref(),
            decimal: self.decimal.as_deref(),
            null: &self.null,
            dates: self.dates.as_deref(),
        })
    }
}

/// What a person said in words, in a file or on the command line.
#[derive(Debug, Clone, Copy, Default)]
pub struct Said<'a> {
    /// The mark between fields; `tab` for a tabulator.
    pub delimiter: Option<&'a str>,
    /// Whether the first line holds names.
    pub header: Option<bool>,
    /// The sheet of a workbook, or the table of a database.
    pub table: Option<&'a str>,
    /// `utf-8`, `utf-16le`, `utf-16be`, `utf-32le`, `utf-32be`, `windows-1252`.
    pub encoding: Option<&'a str>,
    /// `.` or `,`.
    pub decimal: Option<&'a str>,
    /// Words for a missing value.
    pub null: &'a [String],
    /// `day_first` or `month_first`.
    pub dates: Option<&'a str>,
}

/// How a file is read, from a person's words.
///
/// # Errors
/// What cannot be meant, as the end of a sentence.
pub fn read_options(said: &Said<'_>) -> Result<ReadOptions, String> {
    let one = |name: &str, text: &str| -> Result<char, String> {
        let mut letters = text.chars();
        match (letters.next(), letters.next()) {
            (Some(mark), None) if mark.is_ascii() => Ok(mark),
            _ => Err(format!("`{name}` is one character, not \u{201c}{text}\u{201d}")),
        }
    };
    let delimiter = match said.delimiter {
        Some("tab" | "\\t") => Some('\t'),
        Some(text) => Some(one("delimiter", text)?),
        None => None,
    };
    let encoding = match said.encoding {
        Some(name) => Some(TextEncoding::named(name).ok_or_else(|| {
            format!("the encoding \u{201c}{name}\u{201d} is not known; utf-8, utf-16le, utf-16be, utf-32le, utf-32be and windows-1252 are")
        })?),
        None => None,
    };
    let decimal = match said.decimal {
        Some("comma") => Some(DecimalMark::Comma),
        Some("point") => Some(DecimalMark::Point),
        Some(text) => Some(
            DecimalMark::of(one("decimal", text)?)
                .ok_or_else(|| format!("the decimal mark is a point or a comma, not \u{201c}{text}\u{201d}"))?,
        ),
        None => None,
    };
    let day_first = match said.dates {
        None => None,
        Some("day_first" | "day-first" | "dmy") => Some(true),
        Some("month_first" | "month-first" | "mdy") => Some(false),
        Some(other) => return Err(format!("`dates` is day_first or month_first, not \u{201c}{other}\u{201d}")),
    };
    Ok(ReadOptions {
        delimiter,
        has_header: said.header,
        table: said.table.map(str::to_owned),
        encoding,
        decimal,
        null_words: said.null.to_vec(),
        day_first,
    })
}

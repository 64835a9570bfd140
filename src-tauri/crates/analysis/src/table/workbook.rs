//! Sheets of Excel and OpenDocument workbooks. Formulas are never computed: a cell holds the value that was saved with it.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use calamine::{Data, Reader, SheetType, SheetVisible, Sheets};

use super::TableError;
use super::rows::Grid;

/// Cells of one sheet that are held at most; a larger one belongs in a format that streams.
const MOST_CELLS: usize = 30_000_000;
/// Bytes that a workbook unpacks to at most.
const MOST_UNPACKED: u64 = 2 << 30;

/// Whether a ZIP archive or an OLE file is a workbook, by the names of its parts.
pub fn is_workbook(path: &Path, sample: &[u8]) -> bool {
    if sample.starts_with(b"\xd0\xcf\x11\xe0") {
        let wide: Vec<u8> = "Workbook".bytes().flat_map(|b| [b, 0]).collect();
        return tail(path).is_some_and(|end| contains(&end, &wide)) || contains(sample, &wide);
    }
    sample.starts_with(b"PK\x03\x04")
        && tail(path).is_some_and(|end| {
            contains(&end, b"xl/workbook.") || contains(sample, b"application/vnd.oasis.opendocument.spreadsheet")
        })
}

/// The last 256 KiB, where a ZIP archive lists its parts.
fn tail(path: &Path) -> Option<Vec<u8>> {
    let mut file = File::open(path).ok()?;
    let size = file.metadata().ok()?.len();
    file.seek(SeekFrom::Start(size.saturating_sub(256 << 10))).ok()?;
    let mut out = Vec::new();
    file.read_to_end(&mut out).ok()?;
    Some(out)
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    memchr::memmem::find(bytes, wanted).is_some()
}

/// The sum of the unpacked sizes that the archive states in its list of parts; those that lie are cut off while they are unpacked.
fn unpacked_size(path: &Path) -> u64 {
    let Some(end) = tail(path) else { return 0 };
    memchr::memmem::find_iter(&end, b"PK\x01\x02")
        .filter_map(|at| end.get(at + 24..at + 28))
        .filter_map(|bytes| <[u8; 4]>::try_from(bytes).ok())
        .map(|bytes| u64::from(u32::from_le_bytes(bytes)))
        .sum()
}

/// Reads a sheet: the one asked for, or the first visible one that holds anything. Returns its name and those of the others.
pub fn read(path: &Path, wanted: Option<&str>) -> Result<(Grid, String, Vec<String>), TableError> {
    let damaged = |detail: String| TableError::Damaged { path: path.to_owned(), detail };
    let size = unpacked_size(path);
    if size > MOST_UNPACKED {
        return Err(TableError::TooLarge {
            path: path.to_owned(),
            detail: format!("the workbook unpacks to {} MiB", size >> 20),
        });
    }
    // The reader is not ours and meets damaged files here.
    let outcome = catch_unwind(AssertUnwindSafe(|| read_sheet(path, wanted)));
    outcome.unwrap_or_else(|_| Err(damaged("its content contradicts itself".to_owned())))
}

fn read_sheet(path: &Path, wanted: Option<&str>) -> Result<(Grid, String, Vec<String>), TableError> {
    let damaged = |detail: String| TableError::Damaged { path: path.to_owned(), detail };
    let mut book: Sheets<BufReader<File>> =
        calamine::open_workbook_auto(path).map_err(|error| damaged(error.to_string()))?;
    let sheets: Vec<String> = book
        .sheets_metadata()
        .iter()
        .filter(|sheet| sheet.typ == SheetType::WorkSheet && sheet.visible == SheetVisible::Visible)
        .map(|sheet| sheet.name.clone())
        .collect();
    let names = match wanted {
        Some(name) if book.sheet_names().iter().any(|known| known == name) => vec![name.to_owned()],
        Some(name) => {
            return Err(TableError::NoSuchPart {
                path: path.to_owned(),
                part: name.to_owned(),
                known: sheets.join(", "),
            });
        }
        None => sheets.clone(),
    };
    for name in names {
        let range = book.worksheet_range(&name).map_err(|error| damaged(error.to_string()))?;
        if range.is_empty() {
            continue;
        }
        let (height, width) = range.get_size();
        if height.saturating_mul(width) > MOST_CELLS {
            return Err(TableError::TooLarge {
                path: path.to_owned(),
                detail: format!("sheet `{name}` holds {height} rows of {width} columns"),
            });
        }
        let cells: Vec<Vec<Option<Box<str>>>> = range
            .rows()
            .map(|row| row.iter().map(|cell| text_of(cell).map(String::into_boxed_str)).collect())
            .collect();
        let others = sheets.into_iter().filter(|other| *other != name).collect();
        return Ok((Grid { cells, width }, name, others));
    }
    Err(TableError::NoColumns { path: path.to_owned() })
}

/// A cell as a text table would write it.
fn text_of(cell: &Data) -> Option<String> {
    match cell {
        Data::Empty => None,
        Data::Int(value) => Some(value.to_string()),
        Data::Float(value) if value.fract() == 0.0 && value.abs() < 1e15 => Some(format!("{value:.0}")),
        Data::Float(value) => Some(value.to_string()),
        Data::String(text) => Some(text.clone()),
        Data::Bool(value) => Some(value.to_string()),
        Data::DateTime(moment) if moment.is_datetime() => {
            let (year, month, day, hour, minute, second, ms) = moment.to_ymd_hms_milli();
            let date = format!("{year:04}-{month:02}-{day:02}");
            Some(match (hour, minute, second, ms) {
                (0, 0, 0, 0) => date,
                (_, _, _, 0) => format!("{date} {hour:02}:{minute:02}:{second:02}"),
                _ => format!("{date} {hour:02}:{minute:02}:{second:02}.{ms:03}"),
            })
        }
        Data::DateTime(length) => Some(length.as_f64().to_string()),
        Data::DateTimeIso(text) | Data::DurationIso(text) => Some(text.clone()),
        Data::Error(error) => Some(error.to_string()),
    }
}

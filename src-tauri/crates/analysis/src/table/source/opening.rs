//! What is in a file, and what it takes to read it.

use super::*;

pub(super) fn unreadable(path: &Path, source: std::io::Error) -> TableError {
    if source.kind() == std::io::ErrorKind::InvalidData || source.kind() == std::io::ErrorKind::InvalidInput {
        return TableError::Damaged { path: path.to_owned(), detail: source.to_string() };
    }
    TableError::Unreadable { path: path.to_owned(), source }
}

/// Reads up to [`sniff::SAMPLE`] bytes; the flag tells that this was all.
fn sample_of(path: &Path, packing: Packing) -> Result<(Vec<u8>, bool), TableError> {
    let mut raw = decode::unpacked(path, packing).map_err(|error| unreadable(path, error))?;
    let mut sample = vec![0u8; sniff::SAMPLE];
    let mut filled = 0;
    while let Some(rest) = sample.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match raw.read(rest) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof && filled > 0 => break,
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
                return Err(TableError::Truncated {
                    path: path.to_owned(),
                    detail: "the compressed data breaks off".to_owned(),
                });
            }
            Err(error) => return Err(unreadable(path, error)),
        }
    }
    sample.truncate(filled);
    let whole = filled < sniff::SAMPLE;
    Ok((sample, whole))
}

/// Finds out what the file is and reads its layout. Text tables are gone through once from end to end.
///
/// # Errors
/// When the file cannot be read, is empty, is not a table, is cut off or damaged; each names the file and what to do.
pub fn open(path: &Path, options: &ReadOptions) -> Result<TableSource, TableError> {
    if let Some(found) = parts::of(path)? {
        return open_parts(path, found, options);
    }
    let about = std::fs::metadata(path).map_err(|source| TableError::Unreadable { path: path.to_owned(), source })?;
    if !about.is_file() {
        let looks_like = if about.is_dir() { "a folder" } else { "a device, pipe or socket" };
        return Err(TableError::NotATable { path: path.to_owned(), looks_like: looks_like.to_owned() });
    }
    let (head, _) = sample_of(path, Packing::Plain)?;
    if head.is_empty() {
        return Err(TableError::EmptyFile { path: path.to_owned() });
    }
    if head.starts_with(b"PAR1") {
        return open_binary(path, Binary::Parquet, about.len());
    }
    if head.starts_with(b"ARROW1") {
        return open_binary(path, Binary::Arrow, about.len());
    }
    if head.starts_with(b"SQLite format 3\0") {
        return open_sqlite(path, options);
    }
    if workbook::is_workbook(path, &head) {
        return open_workbook(path, options);
    }
    let packing = match head.as_slice() {
        [0x1f, 0x8b, ..] => Packing::Gzip,
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Packing::Zstd,
        _ => Packing::Plain,
    };
    let (sample, whole) = if packing == Packing::Plain {
        let whole = head.len() < sniff::SAMPLE;
        (head, whole)
    } else {
        sample_of(path, packing)?
    };
    let not = |looks_like: &str| TableError::NotATable { path: path.to_owned(), looks_like: looks_like.to_owned() };
    if let Some(name) = sniff::foreign(&sample) {
        return Err(not(name));
    }
    let encoding = match options.encoding {
        Some(said) => said.with_mark(&sample),
        None => sniff::encoding(&sample).ok_or_else(|| not("binary data of a kind that is not known"))?,
    };
    let text = as_utf8(path, packing, encoding, sample)?;
    let trimmed = text.trim_ascii_start();
    if trimmed.is_empty() && whole {
        return Err(TableError::EmptyFile { path: path.to_owned() });
    }
    if let Some(array) = json_kind(trimmed) {
        return open_json(path, packing, encoding, array);
    }
    if trimmed.starts_with(b"{") && packing == Packing::Plain && json::is_document(trimmed) {
        return Err(not("one JSON object; a table is a list of objects, one per row"));
    }
    open_delimited(path, packing, encoding, &text, whole, options)
}

/// The names of the columns of a delimited text that is not packed, as opening it finds them, from its beginning alone. `None` for
/// anything else.
///
/// # Errors
/// When the file cannot be read.
pub fn names_of_text(path: &Path) -> Result<Option<Vec<String>>, TableError> {
    let (sample, whole) = sample_of(path, Packing::Plain)?;
    let packed = matches!(sample.as_slice(), [0x1f, 0x8b, ..] | [0x28, 0xb5, 0x2f, 0xfd, ..]);
    if sample.is_empty() || packed || sniff::foreign(&sample).is_some() {
        return Ok(None);
    }
    let Some(encoding) = sniff::encoding(&sample) else { return Ok(None) };
    let text = as_utf8(path, Packing::Plain, encoding, sample)?;
    if json_kind(text.trim_ascii_start()).is_some() {
        return Ok(None);
    }
    Ok(Some(csv::heading(&text, whole, &ReadOptions::default()).names()))
}

/// The sample as UTF-8, as far as splitting it needs.
fn as_utf8(path: &Path, packing: Packing, encoding: Encoding, sample: Vec<u8>) -> Result<Vec<u8>, TableError> {
    match encoding {
        Encoding::Utf8 | Encoding::Windows1252 => Ok(sample),
        Encoding::Utf8Bom => Ok(sample.get(3..).unwrap_or_default().to_vec()),
        Encoding::Utf16Le
        | Encoding::Utf16Be
        | Encoding::Utf32Le
        | Encoding::Utf32Be
        | Encoding::Windows1252Throughout => {
            let input = decode::text(path, packing, encoding).map_err(|error| unreadable(path, error))?;
            let mut out = Vec::new();
            input.take(sniff::SAMPLE as u64).read_to_end(&mut out).map_err(|error| unreadable(path, error))?;
            Ok(out)
        }
    }
}

/// `Some(true)` for an array of objects, `Some(false)` for lines of objects.
fn json_kind(text: &[u8]) -> Option<bool> {
    if let Some(rest) = text.strip_prefix(b"[") {
        let rest = rest.trim_ascii_start();
        return (rest.starts_with(b"{") || rest.starts_with(b"]")).then_some(true);
    }
    let line = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
    (line.starts_with(b"{") && serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(line).is_ok())
        .then_some(false)
}

fn open_binary(path: &Path, kind: Binary, size: u64) -> Result<TableSource, TableError> {
    let (magic, name): (&[u8], _) = match kind {
        Binary::Parquet => (b"PAR1", "parquet"),
        Binary::Arrow => (b"ARROW1", "arrow"),
    };
    let tail = (|| {
        use std::io::Seek;
        let mut file = std::fs::File::open(path)?;
        file.seek(std::io::SeekFrom::Start(size.saturating_sub(magic.len() as u64)))?;
        let mut end = Vec::new();
        file.read_to_end(&mut end)?;
        Ok(end)
    })()
    .map_err(|error| unreadable(path, error))?;
    if tail != magic || size < 12 {
        let detail = format!("a {name} file ends with its table of contents, and this one does not");
        return Err(TableError::Truncated { path: path.to_owned(), detail });
    }
    let shape = binary::shape(path, kind)?;
    if shape.names.is_empty() {
        return Err(TableError::NoColumns { path: path.to_owned() });
    }
    Ok(TableSource {
        path: path.to_owned(),
        format: Format::Binary { kind, groups: shape.groups },
        reading: Reading {
            format: name.to_owned(),
            delimiter: None,
            encoding: None,
            has_header: None,
            notes: Vec::new(),
        },
        names: shape.names,
        rows: shape.rows,
        structure: None,
        kept: None,
    })
}

fn open_sqlite(path: &Path, options: &ReadOptions) -> Result<TableSource, TableError> {
    let tables = sqlite::tables(path)?;
    let table = match (&options.table, tables.as_slice()) {
        (Some(name), known) if known.contains(name) => name.clone(),
        (Some(name), _) => {
            return Err(TableError::NoSuchPart { path: path.to_owned(), part: name.clone(), known: tables.join(", ") });
        }
        (None, [only]) => only.clone(),
        (None, []) => return Err(TableError::NoColumns { path: path.to_owned() }),
        (None, _) => return Err(TableError::SeveralTables { path: path.to_owned(), known: tables.join(", ") }),
    };
    let (names, twice) = csv::unique_names(&sqlite::columns(path, &table)?);
    let notes = vec![format!("read from the table `{table}`")];
    open_rows(path, "sqlite", RowSource::Sqlite(table), (names, twice), None, notes)
}

fn open_workbook(path: &Path, options: &ReadOptions) -> Result<TableSource, TableError> {
    let (grid, sheet, others) = workbook::read(path, options.table.as_deref())?;
    let (names, twice, from, has_header) = rows::header_of(&grid);
    let mut notes =
        vec![format!("read from the sheet `{sheet}`; formulas were not computed, their saved values were read")];
    if !others.is_empty() {
        notes.push(format!("other sheets were not read: {}", others.join(", ")));
    }
    let above = from - usize::from(has_header);
    if above > 0 {
        notes.push(format!("{above} rows above the table were left out"));
    }
    let source = RowSource::Held(std::sync::Arc::new(grid), from);
    open_rows(path, "excel", source, (names, twice), Some(has_header), notes)
}

fn open_rows(
    path: &Path,
    format: &str,
    source: RowSource,
    (names, twice): (Vec<String>, Vec<String>),
    has_header: Option<bool>,
    notes: Vec<String>,
) -> Result<TableSource, TableError> {
    if names.is_empty() {
        return Err(TableError::NoColumns { path: path.to_owned() });
    }
    let scanned = rows::scan(path, &source, names, twice)?;
    Ok(TableSource {
        path: path.to_owned(),
        format: Format::Rows { source, types: scanned.types },
        reading: Reading { format: format.to_owned(), delimiter: None, encoding: None, has_header, notes },
        names: scanned.names,
        rows: scanned.rows,
        structure: Some(scanned.structure),
        kept: None,
    })
}

/// Parts of one table: all must have the columns of the first.
fn open_parts(path: &Path, files: Vec<PathBuf>, options: &ReadOptions) -> Result<TableSource, TableError> {
    let count = files.len();
    let sources = files.iter().map(|file| open(file, options)).collect::<Result<Vec<_>, _>>()?;
    let Some(first) = sources.first() else { return Err(TableError::EmptyFile { path: path.to_owned() }) };
    for other in &sources {
        if other.names != first.names {
            let missing = first.names.iter().find(|name| !other.names.contains(name));
            let more = other.names.iter().find(|name| !first.names.contains(name));
            let how = match (missing, more) {
                (Some(name), _) => format!("it lacks the column `{name}`"),
                (None, Some(name)) => format!("it has a further column `{name}`"),
                (None, None) => "its columns stand in another order".to_owned(),
            };
            let detail = format!("{} differs from {}: {how}", other.path.display(), first.path.display());
            return Err(TableError::PartsDiffer { path: path.to_owned(), detail });
        }
    }
    let mut reading = first.reading.clone();
    reading.notes = vec![format!(
        "{} were read as one table, in the order of their names; rows are numbered through",
        counted(count, "file", "files")
    )];
    for source in &sources {
        let name = source.path.file_name().map(|it| it.to_string_lossy().into_owned()).unwrap_or_default();
        reading.notes.extend(source.reading.notes.iter().take(3).map(|note| format!("{name}: {note}")));
    }
    reading.notes.truncate(50);
    Ok(TableSource {
        path: path.to_owned(),
        names: first.names.clone(),
        rows: sources.iter().map(TableSource::rows).sum(),
        structure: parts::merged(&sources),
        kept: None,
        reading,
        format: Format::Parts(sources),
    })
}

fn open_json(path: &Path, packing: Packing, encoding: Encoding, array: bool) -> Result<TableSource, TableError> {
    let scanned = json::scan(path, packing, encoding, array).map_err(|error| json_error(path, error))?;
    if scanned.names.is_empty() {
        return Err(TableError::NoColumns { path: path.to_owned() });
    }
    let mut notes = Vec::new();
    if scanned.structure.bad_lines.count > 0 {
        notes.push(format!(
            "{} lines are not JSON and were read as empty rows",
            grouped(scanned.structure.bad_lines.count)
        ));
    }
    Ok(TableSource {
        path: path.to_owned(),
        format: Format::Json { packing, encoding, array, types: scanned.types },
        reading: Reading {
            format: if array { "json" } else { "json_lines" }.to_owned(),
            delimiter: None,
            encoding: Some(encoding.name().to_owned()),
            has_header: None,
            notes,
        },
        names: scanned.names,
        rows: scanned.rows,
        structure: Some(scanned.structure),
        kept: None,
    })
}

pub(super) fn json_error(path: &Path, error: JsonError) -> TableError {
    match error {
        JsonError::Io(error) => unreadable(path, error),
        JsonError::Syntax(detail) if detail.contains("EOF") => TableError::Truncated { path: path.to_owned(), detail },
        JsonError::Syntax(detail) => TableError::Damaged { path: path.to_owned(), detail },
    }
}

fn open_delimited(
    path: &Path,
    packing: Packing,
    encoding: Encoding,
    sample: &[u8],
    whole: bool,
    options: &ReadOptions,
) -> Result<TableSource, TableError> {
    let heading = csv::heading(sample, whole, options);
    if options.delimiter.is_none()
        && heading.consistency < 0.5
        && let Some(looks_like) = prose(path, sample)
    {
        return Err(TableError::NotATable { path: path.to_owned(), looks_like: looks_like.to_owned() });
    }
    let scanned =
        csv::scan(path, packing, encoding, sample, whole, options, heading).map_err(|error| unreadable(path, error))?;
    let delimiter = char::from(scanned.layout.delimiter);
    Ok(TableSource {
        path: path.to_owned(),
        reading: Reading {
            format: if delimiter == '\t' { "tsv" } else { "csv" }.to_owned(),
            delimiter: Some(delimiter.to_string()),
            encoding: Some(scanned.layout.encoding.name().to_owned()),
            has_header: Some(scanned.layout.header),
            notes: scanned.notes,
        },
        names: scanned.layout.names.clone(),
        format: Format::Delimited(scanned.layout),
        rows: scanned.rows,
        structure: Some(scanned.structure),
        kept: scanned.kept.map(Arc::new),
    })
}

/// Text that has no columns: what it is instead. One column of values is a table, if its name says so.
fn prose(path: &Path, sample: &[u8]) -> Option<&'static str> {
    let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default().to_ascii_lowercase();
    if matches!(extension.as_str(), "csv" | "tsv" | "tab" | "psv" | "gz" | "zst") {
        return None;
    }
    let text = String::from_utf8_lossy(sample);
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).take(100).collect();
    let values = lines.iter().skip(1).filter(|line| !matches!(value::classify(line, true), value::Kind::Text)).count();
    if values * 10 >= lines.len() * 8 {
        return None;
    }
    Some(match extension.as_str() {
        "py" => "Python source",
        "md" | "rst" => "a text document",
        "yaml" | "yml" | "toml" | "ini" | "cfg" => "a configuration file",
        "json" => "JSON that is not a list of records",
        _ => "text without columns",
    })
}

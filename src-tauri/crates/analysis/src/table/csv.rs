//! Delimited text: one pass that sees everything, and as many passes for values as are asked for.

use std::io;
use std::path::Path;

use super::build::ReadAs;
use super::decode::{self, Encoding, Packing};
use super::kept::{Keeping, Kept};
use super::options::ReadOptions;
use super::records::{Record, RecordReader};
use super::sniff;
use super::structure::{ColumnText, Odd, Structure};
use super::value::{Kind, classify};

/// How the text is laid out.
#[derive(Debug, Clone)]
pub struct Layout {
    /// How the file is packed.
    pub packing: Packing,
    /// Its encoding.
    pub encoding: Encoding,
    /// The byte between fields.
    pub delimiter: u8,
    /// Lines above the names of the columns, which are no part of the table.
    pub above: usize,
    /// Whether the first row holds names.
    pub header: bool,
    /// Names, unique.
    pub names: Vec<String>,
    /// What each column is read as.
    pub types: Vec<ReadAs>,
    /// What a person said about it.
    pub options: ReadOptions,
}

/// What the first pass over the file found.
pub struct Scanned {
    /// How it is laid out.
    pub layout: Layout,
    /// What was seen.
    pub structure: Structure,
    /// Rows of the table.
    pub rows: u64,
    /// For a person to know.
    pub notes: Vec<String>,
    /// Its values, if there was room for them.
    pub kept: Option<Kept>,
}

impl Layout {
    /// Records before the first row of the table, blank lines left out.
    pub fn before_rows(&self) -> usize {
        self.above + usize::from(self.header)
    }
}

/// Opens the records of a file.
pub fn reader(path: &Path, layout: &Layout) -> io::Result<RecordReader<Box<dyn io::Read>>> {
    let input = decode::text(path, layout.packing, layout.encoding)?;
    Ok(RecordReader::new(input, layout.delimiter, b'"'))
}

/// Names that are unique and not empty; the second of a name becomes `name_2`.
pub fn unique_names(raw: &[String]) -> (Vec<String>, Vec<String>) {
    let mut seen = std::collections::HashSet::new();
    let mut twice = Vec::new();
    let mut names = Vec::with_capacity(raw.len());
    for (index, name) in raw.iter().enumerate() {
        let base = name.trim();
        let base = if base.is_empty() { format!("column_{}", index + 1) } else { base.to_owned() };
        let mut unique = base.clone();
        let mut n = 2;
        while !seen.insert(unique.clone()) {
            if n == 2 && !twice.contains(&base) {
                twice.push(base.clone());
            }
            unique = format!("{base}_{n}");
            n += 1;
        }
        names.push(unique);
    }
    (names, twice)
}

const TOTALS: [&str; 14] = [
    "total",
    "totals",
    "grand total",
    "sum",
    "summe",
    "gesamt",
    "gesamtsumme",
    "total general",
    "totale",
    "insgesamt",
    "subtotal",
    "totaal",
    "somme",
    "suma",
];

/// Whether a field names a sum of the rows above.
fn names_a_total(field: &str) -> bool {
    let word = field.trim().trim_end_matches(':').to_lowercase();
    TOTALS.contains(&word.as_str())
        || word.starts_with("total rows")
        || word.starts_with("row count")
        || word.starts_with("rows:")
}

/// What the beginning of a text says of its columns.
pub struct Heading {
    /// The byte between fields.
    pub delimiter: u8,
    /// How consistently the beginning is split by the delimiter that was found out, 0..1.
    pub consistency: f64,
    /// Lines above the names.
    above: usize,
    /// Whether the first column, of names of rows, has no name.
    row_names: bool,
    /// Whether there are names.
    header: bool,
    /// The names as they stand there, else numbered ones.
    raw: Vec<String>,
}

impl Heading {
    /// Names, unique.
    pub fn names(&self) -> Vec<String> {
        unique_names(&self.raw).0
    }
}

/// Finds the delimiter and the names from the beginning of a text.
pub fn heading(sample: &[u8], whole: bool, options: &ReadOptions) -> Heading {
    let (found, consistency) = sniff::delimiter(sample, whole);
    let delimiter = options.delimiter.and_then(|mark| u8::try_from(mark).ok()).unwrap_or(found);
    let mut head = sniff::records(sample, delimiter, whole, 300);
    // Whoever says where the names stand, or that there are none, means the first line.
    let above = if options.has_header.is_none() { sniff::above_header(&head) } else { 0 };
    head.drain(..above);
    let row_names = options.has_header != Some(false) && sniff::lacks_first_name(&head);
    let header = options.has_header.unwrap_or_else(|| row_names || sniff::has_header(&head));
    // The widest layout that many rows share, when there is no header to say it.
    let width_of_rows = head.iter().map(Vec::len).max().unwrap_or(1);
    let raw: Vec<String> = match head.first() {
        // An empty name is numbered where names are made unique.
        Some(first) if row_names => std::iter::once(String::new()).chain(first.iter().cloned()).collect(),
        Some(first) if header => first.clone(),
        _ => (1..=width_of_rows).map(|index| format!("column_{index}")).collect(),
    };
    Heading { delimiter, consistency, above, row_names, header, raw }
}

/// Goes through the whole file once.
pub fn scan(
    path: &Path,
    packing: Packing,
    encoding: Encoding,
    sample: &[u8],
    whole: bool,
    options: &ReadOptions,
    heading: Heading,
) -> io::Result<Scanned> {
    let Heading { delimiter, above, row_names, header, raw, .. } = heading;
    let mut notes = Vec::new();
    let (names, duplicate_names) = unique_names(&raw);
    if above > 0 {
        let lines = if above == 1 { "1 line" } else { &format!("{above} lines") };
        notes.push(format!("{lines} above the names of the columns were left out"));
    }
    if row_names {
        notes.push(
            "the header names one column less than the rows hold; the first one was taken for names of rows".to_owned(),
        );
    }
    if !duplicate_names.is_empty() {
        notes.push(format!("column names that stand more than once were numbered: {}", duplicate_names.join(", ")));
    }
    let mut layout =
        Layout { packing, encoding, delimiter, above, header, names, types: Vec::new(), options: options.clone() };
    let width = layout.names.len();
    let mut structure =
        Structure { columns: vec![ColumnText::default(); width], duplicate_names, ..Structure::default() };
    let mut keeping = Keeping::new(&layout.names, guess(sample, &layout, whole));
    let mut reader = reader(path, &layout)?;
    let mut record = Record::default();
    let mut held = Record::default();
    let mut holding = false;
    let mut valid_beyond_ascii = 0u64;
    let mut row = 0u64;
    let mut ahead = layout.before_rows();
    let mut one_short_only = true;
    loop {
        let got = reader.next(&mut record)?;
        if !got {
            break;
        }
        if record.blank && width > 1 {
            structure.blank_lines += 1;
            continue;
        }
        valid_beyond_ascii += u64::from(record.beyond_ascii && !record.not_utf8);
        if ahead > 0 {
            ahead -= 1;
            continue;
        }
        if holding {
            row += 1;
            take(&held, row, &raw, &layout, &mut structure, &mut one_short_only, &mut keeping);
        }
        std::mem::swap(&mut held, &mut record);
        holding = true;
    }
    structure.truncated_compression = reader.ended_early;
    if holding {
        row += 1;
        finish(&held, row, &raw, header, &mut structure, reader.ended_early);
        if structure.skipped.last() != Some(&row) {
            take(&held, row, &raw, &layout, &mut structure, &mut one_short_only, &mut keeping);
        }
    }
    if options.encoding.is_none() && valid_beyond_ascii == 0 && structure.bad_encoding.count > 0 {
        layout.encoding = Encoding::Windows1252;
        structure.bad_encoding = Default::default();
    }
    layout.types = structure.columns.iter().map(|column| ReadAs::of(column, options)).collect();
    if let Some(day_first) = options.day_first {
        let against = layout.names.iter().zip(&structure.columns).filter(|(_, column)| {
            column.moments() == column.values() && (if day_first { column.month_first } else { column.day_first }) > 0
        });
        let against: Vec<&str> = against.map(|(name, _)| name.as_str()).take(20).collect();
        if !against.is_empty() {
            let order = if day_first { "the day" } else { "the month" };
            notes.push(format!(
                "dates that cannot begin with {order}, as was said, were kept as text in: {}",
                against.join(", ")
            ));
        }
    }
    describe(&structure, &layout, &mut notes);
    let rows = row - structure.skipped.len() as u64;
    let kept = keeping.finish(&layout.types);
    Ok(Scanned { layout, structure, rows, notes, kept })
}

/// What the columns are read as, as far as the beginning of the file tells.
fn guess(sample: &[u8], layout: &Layout, whole: bool) -> Vec<ReadAs> {
    const ROWS: usize = 2_000;
    let mut columns = vec![ColumnText::default(); layout.names.len()];
    let rows = sniff::records(sample, layout.delimiter, whole, ROWS);
    for (row, fields) in rows.iter().skip(layout.before_rows()).enumerate() {
        for (column, field) in columns.iter_mut().zip(fields) {
            column.add(layout.options.field(field), row as u64, layout.options.decimal);
        }
    }
    columns.iter().map(|column| ReadAs::of(column, &layout.options)).collect()
}

fn take(
    record: &Record,
    row: u64,
    raw: &[String],
    layout: &Layout,
    structure: &mut Structure,
    one_short_only: &mut bool,
    keeping: &mut Keeping,
) {
    if layout.header
        && record.len() == raw.len()
        && raw.len() > 1
        && record.fields().zip(raw).all(|(field, name)| field.trim() == name.trim())
    {
        structure.repeated_header.add(row);
        structure.skipped.push(row);
        return;
    }
    if record.len() < raw.len() {
        structure.short_rows.add_up_to(row, Odd::MOST);
        *one_short_only &= record.len() + 1 == raw.len();
    }
    if record.len() > raw.len() {
        structure.long_rows.add_up_to(row, Odd::MOST);
    }
    if record.open_quote {
        structure.open_quotes.add_up_to(row, Odd::MOST);
    }
    if record.not_utf8 {
        structure.bad_encoding.add_up_to(row, Odd::MOST);
    }
    if record.nul {
        structure.nul_bytes.add_up_to(row, Odd::MOST);
    }
    if record.cut {
        structure.cut_rows.add_up_to(row, Odd::MOST);
    }
    let options = &layout.options;
    for (index, column) in structure.columns.iter_mut().enumerate() {
        let field = record.get(index);
        if options.is_null(field) {
            column.add_null(field.trim(), row);
        } else {
            column.add(field, row, options.decimal);
        }
    }
    keeping.push(|index| Some(options.field(record.get(index))));
}

/// Looks at the last row: a sum of the others, or the row in which the file broke off.
fn finish(record: &Record, row: u64, raw: &[String], header: bool, structure: &mut Structure, ended_early: bool) {
    let width = raw.len();
    let enough = row > 3;
    let total = record.fields().take(3).any(names_a_total);
    if enough && total {
        let words_before = structure.columns.first().map_or(0, |column| column.text);
        let numbers = record
            .fields()
            .filter(|f| matches!(classify(f, false), Kind::Int | Kind::Float | Kind::Thousands | Kind::Comma));
        let sparse = record.fields().filter(|field| field.trim().is_empty()).count();
        if numbers.count() > 0 && (sparse > 0 || words_before == 0 || record.len() < width) {
            structure.footer = Some(row);
            structure.skipped.push(row);
            return;
        }
    }
    let short = record.len() < width && structure.short_rows.count * 20 < row;
    let torn = enough && !record.terminated && record.len() == width && last_field_is_torn(record, structure);
    let open = record.open_quote && !record.terminated;
    if (enough || header) && width > 1 && !record.terminated && (short || torn || open)
        || (ended_early && record.len() < width)
    {
        structure.truncated = Some(row);
        structure.skipped.push(row);
    }
}

/// Whether the last field of the last row is the beginning of what stands there in all other rows.
fn last_field_is_torn(record: &Record, structure: &Structure) -> bool {
    let (Some(column), Some(index)) = (structure.columns.last(), record.len().checked_sub(1)) else { return false };
    let field = record.get(index);
    let values = column.values();
    let torn_date = column.moments() == values && values > 0 && !matches!(classify(field, true), Kind::Moment(_));
    let torn_bool = column.bool == values && values > 0 && !matches!(classify(field, true), Kind::Bool);
    !field.trim().is_empty() && (torn_date || torn_bool)
}

fn describe(structure: &Structure, layout: &Layout, notes: &mut Vec<String>) {
    let mut say = |count: u64, one: &str, many: &str| {
        if count > 0 {
            notes.push(format!("{count} {}", if count == 1 { one } else { many }));
        }
    };
    let (short, long) = ("the missing ones were read as empty", "what is beyond it was left out");
    say(
        structure.short_rows.count,
        &format!("row has fewer fields than the header; {short}"),
        &format!("rows have fewer fields than the header; {short}"),
    );
    say(
        structure.long_rows.count,
        &format!("row has more fields than the header; {long}"),
        &format!("rows have more fields than the header; {long}"),
    );
    say(
        structure.repeated_header.count,
        "row repeats the header and was left out",
        "rows repeat the header and were left out",
    );
    say(
        structure.open_quotes.count,
        "row opens a quote that never closes; it was read as a letter",
        "rows open a quote that never closes; it was read as a letter",
    );
    say(
        structure.bad_encoding.count,
        "row is not valid UTF-8 and was read as windows-1252",
        "rows are not valid UTF-8 and were read as windows-1252",
    );
    say(structure.nul_bytes.count, "row holds NUL bytes", "rows hold NUL bytes");
    say(structure.cut_rows.count, "row is longer than 64 MiB and was cut", "rows are longer than 64 MiB and were cut");
    if structure.footer.is_some() {
        notes.push("the last row is a total and was left out".to_owned());
    }
    if structure.truncated.is_some() || structure.truncated_compression {
        notes.push("the file ends in the middle of a row, which was left out".to_owned());
    }
    if !layout.header {
        notes.push("the first row holds values, not names; columns were numbered".to_owned());
    }
    let of_kind = |wanted: &dyn Fn(&ColumnText, ReadAs) -> bool| {
        layout
            .names
            .iter()
            .zip(&structure.columns)
            .zip(&layout.types)
            .filter(|((_, column), kind)| wanted(column, **kind))
            .map(|((name, _), _)| name.as_str())
            .take(20)
            .collect::<Vec<_>>()
            .join(", ")
    };
    let mut list = |names: String, what: &str| {
        if !names.is_empty() {
            notes.push(format!("{what}: {names}"));
        }
    };
    list(of_kind(&|_, kind| kind == ReadAs::Float { comma: true }), "decimal commas were read as such in");
    list(
        of_kind(&|c, kind| matches!(kind, ReadAs::Float { .. }) && c.thousands > 0),
        "marks between thousands were read as such in",
    );
    list(
        of_kind(&|c, kind| matches!(kind, ReadAs::Text { .. }) && c.coded > 0 && c.text == 0),
        "digits with leading zeros were kept as text in",
    );
    list(
        of_kind(&|c, kind| matches!(kind, ReadAs::Text { .. }) && c.big > 0),
        "whole numbers beyond 64 bits were kept as text in",
    );
    list(
        of_kind(&|c, kind| {
            layout.options.day_first.is_none()
                && matches!(kind, ReadAs::Date { .. } | ReadAs::Datetime { .. })
                && c.day_first == 0
                && c.month_first == 0
                && c.dates.keys().any(|form| matches!(form, super::DateForm::Slash | super::DateForm::Dash))
        }),
        "dates that read either way were read with the month first in",
    );
    let mut spellings: Vec<&str> =
        structure.columns.iter().flat_map(|column| column.nulls.keys()).map(String::as_str).collect();
    spellings.sort_unstable();
    spellings.dedup();
    list(spellings.into_iter().take(20).collect::<Vec<_>>().join(", "), "read as missing, apart from empty fields");
}

//! Finds out what a file is and how its text is laid out, from its first 256 KiB.

use super::decode::Encoding;
use super::records::{Record, RecordReader};
use super::value::{Kind, classify};

/// How much of a file is looked at.
pub const SAMPLE: usize = 256 << 10;

/// What is not a table, by its first bytes.
pub fn foreign(sample: &[u8]) -> Option<&'static str> {
    const MAGIC: [(&[u8], &str); 18] = [
        (b"SQLite format 3\0", "an SQLite database"),
        (b"\x89PNG", "a PNG picture"),
        (b"\xff\xd8\xff", "a JPEG picture"),
        (b"GIF8", "a GIF picture"),
        (b"%PDF", "a PDF document"),
        (b"PK\x03\x04", "a ZIP archive (Excel, NumPy .npz or another packed format)"),
        (b"\xd0\xcf\x11\xe0", "an old Excel or Word file"),
        (b"\x89HDF", "an HDF5 file"),
        (b"\x93NUMPY", "a NumPy array"),
        (b"\x7fELF", "a program"),
        (b"Obj\x01", "an Avro file"),
        (b"ORC", "an ORC file"),
        (b"\x80\x02", "a Python pickle"),
        (b"\x80\x03", "a Python pickle"),
        (b"\x80\x04", "a Python pickle"),
        (b"\x80\x05", "a Python pickle"),
        (b"BZh", "a bzip2 archive"),
        (b"\xfd7zXZ", "an xz archive"),
    ];
    if let Some((_, name)) = MAGIC.iter().find(|(magic, _)| sample.starts_with(magic)) {
        return Some(name);
    }
    let head = String::from_utf8_lossy(sample.get(..sample.len().min(200)).unwrap_or_default())
        .trim_start()
        .to_ascii_lowercase();
    if head.starts_with("<!doctype html") || head.starts_with("<html") {
        return Some("a web page (HTML); a download may have returned an error page instead of the data");
    }
    if head.starts_with("<?xml") {
        return Some("an XML document");
    }
    None
}

/// The encoding, or `None` for bytes that are no text.
pub fn encoding(sample: &[u8]) -> Option<Encoding> {
    if sample.starts_with(b"\xef\xbb\xbf") {
        return Some(Encoding::Utf8Bom);
    }
    // The mark of UTF-32 begins with that of UTF-16.
    if sample.starts_with(b"\xff\xfe\0\0") {
        return Some(Encoding::Utf32Le);
    }
    if sample.starts_with(b"\0\0\xfe\xff") {
        return Some(Encoding::Utf32Be);
    }
    if sample.starts_with(b"\xff\xfe") {
        return Some(Encoding::Utf16Le);
    }
    if sample.starts_with(b"\xfe\xff") {
        return Some(Encoding::Utf16Be);
    }
    let zeros = |offset: usize| sample.iter().skip(offset).step_by(2).filter(|b| **b == 0).count();
    let half = sample.len() / 2;
    if half >= 4 {
        let (even, odd) = (zeros(0), zeros(1));
        if odd * 10 > half * 7 && even * 10 < half {
            return Some(Encoding::Utf16Le);
        }
        if even * 10 > half * 7 && odd * 10 < half {
            return Some(Encoding::Utf16Be);
        }
    }
    let control = sample.iter().filter(|b| matches!(b, 0..=8 | 14..=31 | 127)).count();
    if control * 10 > sample.len() * 2 {
        return None;
    }
    // Text in an encoding of one byte a character has hardly a control character; bytes that are no text have one in nine.
    let broken = std::str::from_utf8(sample).is_err_and(|error| error.error_len().is_some());
    if broken && control * 100 > sample.len() * 2 {
        return None;
    }
    // The sample may end within a character.
    match std::str::from_utf8(sample) {
        Ok(_) => Some(Encoding::Utf8),
        Err(error) if error.error_len().is_none() => Some(Encoding::Utf8),
        Err(_) => {
            let text = String::from_utf8_lossy(sample);
            let bad = text.matches('\u{fffd}').count();
            let good = text.chars().filter(|c| !c.is_ascii() && *c != '\u{fffd}').count();
            Some(if good > bad { Encoding::Utf8 } else { Encoding::Windows1252 })
        }
    }
}

/// The first records of a sample when split by `delimiter`.
pub fn records(sample: &[u8], delimiter: u8, whole: bool, limit: usize) -> Vec<Vec<String>> {
    each_record(sample, delimiter, whole, limit, |record| record.fields().map(str::to_owned).collect())
}

fn each_record<T>(sample: &[u8], delimiter: u8, whole: bool, limit: usize, look: impl Fn(&Record) -> T) -> Vec<T> {
    let mut reader = RecordReader::new(sample, delimiter, b'"');
    let mut record = Record::default();
    let mut out = Vec::new();
    while out.len() < limit && matches!(reader.next(&mut record), Ok(true)) {
        if (record.terminated || whole || out.is_empty()) && !record.blank {
            out.push(look(&record));
        }
    }
    out
}

/// Records from which the delimiter is told.
const TOLD_BY: usize = 300;

/// The most frequent width, and how many of the records have it.
fn usual_width(widths: &[usize]) -> Option<(usize, usize)> {
    let mut counts = std::collections::BTreeMap::<usize, usize>::new();
    widths.iter().for_each(|width| *counts.entry(*width).or_default() += 1);
    counts.into_iter().max_by_key(|(width, times)| (*times, *width))
}

/// The delimiter, and how consistently it splits the records (0..1).
pub fn delimiter(sample: &[u8], whole: bool) -> (u8, f64) {
    let mut best = (b',', 0.0, 1usize);
    for candidate in [b'\t', b';', b'|', b',', b' '] {
        // Most candidates are out by the widths alone, without a copy of any field.
        let mut widths = each_record(sample, candidate, whole, TOLD_BY, Record::len);
        if usual_width(&widths).is_none_or(|(width, _)| width < 2) {
            continue;
        }
        let first_fits = |widths: &[usize]| widths.first().copied() == usual_width(widths).map(|it| it.0);
        if !first_fits(&widths) {
            widths.drain(..above_header(&records(sample, candidate, whole, TOLD_BY)));
        }
        let Some((width, times)) = usual_width(&widths) else { continue };
        let mut share = times as f64 / widths.len() as f64;
        let header_fits = first_fits(&widths);
        if candidate == b' ' {
            let rows = records(sample, candidate, whole, TOLD_BY);
            let numeric =
                rows.iter().flatten().filter(|f| !matches!(classify(f, false), Kind::Text | Kind::Empty)).count();
            if share < 0.98 || numeric * 10 < rows.iter().map(Vec::len).sum::<usize>() * 6 {
                continue;
            }
        }
        if !header_fits {
            share *= 0.7;
        }
        // A mark that splits every row alike wins over the comma, which also stands within numbers and sentences.
        let better = share > best.1 + 0.05 || (share > best.1 - 0.03 && width > best.2 && best.1 < 0.97);
        if better {
            best = (candidate, share, width);
        }
    }
    (best.0, best.1)
}

/// Lines that stand above the names of the columns at most.
const ABOVE: usize = 20;

/// How many of the first rows stand above the names of the columns: a title, an author, comments. They fill one field where every row
/// below fills all, and what follows them is a header. 0 where that is not plain.
pub fn above_header(rows: &[Vec<String>]) -> usize {
    let Some((width, _)) = usual_width(&rows.iter().map(Vec::len).collect::<Vec<_>>()) else { return 0 };
    if width < 2 {
        return 0;
    }
    let title = |row: &&Vec<String>| {
        let filled = row.iter().filter(|field| !field.trim().is_empty()).count();
        let comment = row.first().is_some_and(|field| field.starts_with('#'));
        comment || filled <= 1 && (row.len() == 1 || width >= 3)
    };
    let above = rows.iter().take_while(title).count();
    let (titles, rest) = rows.split_at(above);
    let Some((header, body)) = rest.split_first() else { return 0 };
    let alike = body.iter().filter(|row| row.len() == width).count();
    if above == 0 || above > ABOVE || body.len() < 2 || header.len() != width || alike * 10 < body.len() * 9 {
        return 0;
    }
    let mut names: Vec<&str> = header.iter().map(|field| field.trim()).collect();
    names.sort_unstable();
    names.dedup();
    let named = names.len() == width && header.iter().all(|field| classify(field, true) == Kind::Text);
    if !named || !has_header(rest) {
        return 0;
    }
    // A header may itself be empty but for one name, or begin with `#`. Then the values below must tell the names from a row.
    let plain = titles.iter().all(|row| row.len() == 1);
    let told = (0..width).any(|column| {
        let values = body.iter().filter_map(|row| row.get(column)).map(|field| classify(field, true));
        let values: Vec<Kind> = values.filter(|kind| !matches!(kind, Kind::Empty | Kind::Null)).collect();
        let others = values.iter().filter(|kind| !matches!(kind, Kind::Text)).count();
        !values.is_empty() && others * 10 >= values.len() * 8
    });
    if plain || told { above } else { 0 }
}

/// Whether the first row holds names.
pub fn has_header(rows: &[Vec<String>]) -> bool {
    let Some((first, body)) = rows.split_first() else { return true };
    if body.is_empty() {
        return first.iter().all(|field| matches!(classify(field, true), Kind::Text | Kind::Empty));
    }
    let (mut names, mut values) = (0usize, 0usize);
    let (mut unlike, mut numeric) = (0usize, 0usize);
    for (column, field) in first.iter().enumerate() {
        let head = classify(field, true);
        let mut plain = 0usize;
        let mut filled = 0usize;
        let mut recurs = false;
        let mut lengths = std::collections::BTreeSet::new();
        for row in body.iter().filter(|row| *row != first).take(200) {
            let Some(value) = row.get(column) else { continue };
            let kind = classify(value, true);
            if matches!(kind, Kind::Empty | Kind::Null) {
                continue;
            }
            filled += 1;
            lengths.insert(value.len());
            plain += usize::from(!matches!(kind, Kind::Text));
            recurs |= value == field;
        }
        if filled == 0 {
            continue;
        }
        if matches!(head, Kind::Int | Kind::Float) {
            numeric += 1;
            let of = |wanted: Kind| {
                body.iter().filter_map(|row| row.get(column)).filter(|v| classify(v, false) == wanted).count()
            };
            let (ints, floats) = (of(Kind::Int), of(Kind::Float));
            let other = if head == Kind::Int { floats * 10 >= filled * 9 } else { ints * 10 >= filled * 9 };
            unlike += usize::from(other);
        }
        let body_is_values = plain * 10 >= filled * 8;
        match head {
            Kind::Text if body_is_values => names += 1,
            Kind::Text if recurs => values += 1,
            Kind::Text if filled >= 20 && lengths.len() == 1 && !lengths.contains(&field.len()) => names += 1,
            Kind::Text | Kind::Empty | Kind::Null => {}
            _ if body_is_values => values += 2,
            _ => {}
        }
    }
    // Years above measurements are names: in every column the first row is a number of another kind than all below it.
    values == 0 || names > values || (numeric >= 3 && unlike * 10 >= numeric * 9)
}

/// Whether the header names one column less than every row holds: the first column has the names of the rows, as R's `write.table`
/// writes it. A row that merely ends with a delimiter is no such row.
pub fn lacks_first_name(rows: &[Vec<String>]) -> bool {
    let Some((first, body)) = rows.split_first() else { return false };
    let names = first.iter().all(|field| matches!(classify(field, true), Kind::Text));
    let longer = body.iter().all(|row| row.len() == first.len() + 1);
    let ends_with_delimiter = body.iter().all(|row| row.last().is_none_or(|field| field.trim().is_empty()));
    first.len() > 1 && body.len() > 1 && names && longer && !ends_with_delimiter
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_without_a_name_for_the_rows_is_seen() {
        let rows = |text: &str| records(text.as_bytes(), b',', true, 100);
        assert!(lacks_first_name(&rows("\"w\",\"t\"\n\"1\",26.5,1\n\"2\",27,2\n")));
        assert!(!lacks_first_name(&rows("w,t\n26.5,1,\n27,2,\n")), "a delimiter at the end of each row");
        assert!(!lacks_first_name(&rows("w,t\n1,26.5,1\n27,2\n")), "one row that is too long");
        assert!(!lacks_first_name(&rows("1,2\n1,2,3\n4,5,6\n")), "values, not names");
    }

    #[test]
    fn layouts_are_found() {
        assert_eq!(delimiter(b"a;b\n1,5;2,5\n2,5;3,5\n", true).0, b';');
        assert_eq!(delimiter(b"a,b\n1,\"x;y\"\n2,z\n", true).0, b',');
        assert_eq!(delimiter(b"a\tb\n1\t2\n", true).0, b'\t');
        assert_eq!(encoding("é".repeat(5).as_bytes()), Some(Encoding::Utf8));
        assert_eq!(encoding(b"caf\xe9,1\n"), Some(Encoding::Windows1252));
        let rows = |text: &str| records(text.as_bytes(), b',', true, 100);
        assert!(has_header(&rows("id,name\n1,a\n2,b\n")));
        assert!(!has_header(&rows("1,anna\n2,bob\n3,anna\n")));
        assert!(has_header(&rows("name,town\nanna,rome\nbob,oslo\n")));
    }
}

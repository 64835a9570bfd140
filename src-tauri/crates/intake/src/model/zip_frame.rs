//! Whether a zip archive is exactly what its directory says: nothing before, between or behind its members, and the same names
//! in both places where they are kept. Different readers would see different contents in any other archive.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

/// A directory longer than this is not looked through, in bytes.
const DIRECTORY: u64 = 32 << 20;

/// What was found in an archive that should not be there, and where.
pub(crate) type Oddity = (String, String);

struct Entry {
    name: Vec<u8>,
    offset: u64,
    compressed: u64,
    has_descriptor: bool,
}

/// Looks an archive through. Nothing is found in an ordinary one.
pub(crate) fn oddities(file: &mut File, length: u64) -> Vec<Oddity> {
    let mut found = Vec::new();
    if let Err(oddity) = look(file, length, &mut found) {
        found.push(oddity);
    }
    found
}

fn odd(what: &str, place: impl Into<String>) -> Oddity {
    (what.to_owned(), place.into())
}

fn at(file: &mut File, offset: u64, count: u64) -> Result<Vec<u8>, Oddity> {
    let unread = |_| odd("a part of the archive could not be read", format!("byte {offset}"));
    file.seek(SeekFrom::Start(offset)).map_err(unread)?;
    let mut bytes = Vec::new();
    file.take(count).read_to_end(&mut bytes).map_err(unread)?;
    if (bytes.len() as u64) < count {
        return Err(odd("the archive ends inside a part of it", format!("byte {offset}")));
    }
    Ok(bytes)
}

fn number(bytes: &[u8], at: usize, width: usize) -> Option<u64> {
    let mut wide = [0; 8];
    wide.get_mut(..width)?.copy_from_slice(bytes.get(at..at.checked_add(width)?)?);
    Some(u64::from_le_bytes(wide))
}

fn look(file: &mut File, length: u64, found: &mut Vec<Oddity>) -> Result<(), Oddity> {
    let outside = || odd("bytes after the end of the archive", "end of file");
    let end = length.checked_sub(22).ok_or_else(outside)?;
    let tail = at(file, end, 22)?;
    if !tail.starts_with(b"PK\x05\x06") {
        return Err(outside());
    }
    let bad = || odd("a directory that cannot be read", "end of file");
    let mut count = number(&tail, 10, 2).ok_or_else(bad)?;
    let mut size = number(&tail, 12, 4).ok_or_else(bad)?;
    let mut start = number(&tail, 16, 4).ok_or_else(bad)?;
    let mut after = end;
    // The longer form of the same record stands before it, with a pointer between the two.
    if let Some(pointer) = end.checked_sub(20)
        && let Ok(locator) = at(file, pointer, 20)
        && locator.starts_with(b"PK\x06\x07")
    {
        let record = number(&locator, 8, 8).ok_or_else(bad)?;
        let long = at(file, record, 56)?;
        let own = number(&long, 4, 8).and_then(|own| own.checked_add(12)).ok_or_else(bad)?;
        if !long.starts_with(b"PK\x06\x06") || record.checked_add(own) != Some(pointer) {
            return Err(odd("bytes between the parts of the directory", format!("byte {record}")));
        }
        count = number(&long, 32, 8).ok_or_else(bad)?;
        size = number(&long, 40, 8).ok_or_else(bad)?;
        start = number(&long, 48, 8).ok_or_else(bad)?;
        after = record;
    }
    if start.checked_add(size) != Some(after) {
        return Err(odd("bytes before the archive or between its parts", "byte 0"));
    }
    if size > DIRECTORY {
        return Err(odd("a directory that is too large to be read", format!("byte {start}")));
    }
    let directory = at(file, start, size)?;
    let mut entries = entries(&directory, count).ok_or_else(bad)?;
    let names: BTreeSet<&[u8]> = entries.iter().map(|entry| entry.name.as_slice()).collect();
    if names.len() < entries.len() {
        found.push(odd("two members of one name", format!("byte {start}")));
    }
    entries.sort_by_key(|entry| entry.offset);
    let mut expected = 0;
    for entry in &entries {
        let name = String::from_utf8_lossy(&entry.name).into_owned();
        if entry.offset != expected {
            return Err(odd("bytes that belong to no member", format!("byte {}", expected.min(entry.offset))));
        }
        let head = at(file, entry.offset, 30)?;
        let (Some(names), Some(extra)) = (number(&head, 26, 2), number(&head, 28, 2)) else { return Err(bad()) };
        let own = at(file, entry.offset + 30, names)?;
        if !head.starts_with(b"PK\x03\x04") || own != entry.name {
            return Err(odd("a member whose own name is not that of the directory", name));
        }
        let mut next = entry
            .offset
            .checked_add(30 + names + extra)
            .and_then(|data| data.checked_add(entry.compressed))
            .filter(|next| *next <= start)
            .ok_or_else(|| odd("a member that leaves the archive", name))?;
        if entry.has_descriptor {
            // Checksum and sizes behind the data; the mark before them is optional, and sizes take four or eight bytes.
            let mark = at(file, next, 4)?;
            let marked = if mark == b"PK\x07\x08" { 4 } else { 0 };
            let bytes = at(file, next, (marked + 20).min(start - next))?;
            let wide = number(&bytes, marked as usize + 4, 8) == Some(entry.compressed);
            let narrow = number(&bytes, marked as usize + 4, 4) == Some(entry.compressed);
            next += marked + if wide { 20 } else { 12 };
            if !wide && !narrow {
                return Err(odd("a member with another length than the directory says", format!("byte {next}")));
            }
        }
        expected = next;
    }
    if expected != start {
        return Err(odd("bytes that belong to no member", format!("byte {expected}")));
    }
    Ok(())
}

fn entries(directory: &[u8], count: u64) -> Option<Vec<Entry>> {
    let mut found = Vec::new();
    let mut rest = directory;
    while !rest.is_empty() {
        if !rest.starts_with(b"PK\x01\x02") {
            return None;
        }
        let (names, extra, comment) = (number(rest, 28, 2)?, number(rest, 30, 2)?, number(rest, 32, 2)?);
        let (name_end, extra_end) = (46 + names as usize, 46 + (names + extra) as usize);
        let mut entry = Entry {
            name: rest.get(46..name_end)?.to_vec(),
            offset: number(rest, 42, 4)?,
            compressed: number(rest, 20, 4)?,
            has_descriptor: number(rest, 8, 2)? & 0x08 != 0,
        };
        widen(&mut entry, number(rest, 24, 4)?, rest.get(name_end..extra_end)?)?;
        found.push(entry);
        rest = rest.get(extra_end + comment as usize..)?;
    }
    (found.len() as u64 == count).then_some(found)
}

/// Takes sizes beyond 32 bits from the extra field that holds them.
fn widen(entry: &mut Entry, size: u64, mut extra: &[u8]) -> Option<()> {
    const FULL: u64 = u32::MAX as u64;
    while extra.len() >= 4 {
        let (kind, length) = (number(extra, 0, 2)?, number(extra, 2, 2)? as usize);
        let body = extra.get(4..4 + length)?;
        if kind == 1 {
            let mut at = if size == FULL { 8 } else { 0 };
            if entry.compressed == FULL {
                entry.compressed = number(body, at, 8)?;
                at += 8;
            }
            if entry.offset == FULL {
                entry.offset = number(body, at, 8)?;
            }
        }
        extra = extra.get(4 + length..)?;
    }
    Some(())
}

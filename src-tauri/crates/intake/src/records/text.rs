//! Small text files, read within bounds.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use crate::files::platform::open_for_reading;

/// Reads a whole file of at most `most` bytes.
///
/// # Errors
///
/// What the file system answers; also for a file that is no regular one, or is larger.
pub fn read_bytes(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let file = open_for_reading(path)?;
    let facts = file.metadata()?;
    if !facts.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file"));
    }
    if facts.len() > most {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("it has {} bytes, and at most {most} are read", facts.len()),
        ));
    }
    take(file, facts.len(), most)
}

fn take(file: File, expected: u64, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(usize::try_from(expected).unwrap_or(0));
    // It may grow while it is read.
    file.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The same as text. Bytes that are not UTF-8 are replaced, so that one bad letter costs one letter.
///
/// # Errors
///
/// Those of [`read_bytes`].
pub fn read_text(path: &Path, most: u64) -> io::Result<String> {
    let bytes = read_bytes(path, most)?;
    Ok(match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
    })
}

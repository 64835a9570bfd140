//! Windows: names are 16-bit units that need not be Unicode, and parts are separated by backslashes.

use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::os::windows::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::windows::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use super::{FileStat, nanoseconds};

/// What tells two folders apart: the resolved path, because file numbers are not available to every file system here.
pub type FolderId = PathBuf;

/// `FILE_FLAG_OPEN_REPARSE_POINT`: a link is opened itself and then refused, as it is no regular file.
const OPEN_REPARSE_POINT: u32 = 0x0020_0000;
/// `FILE_FLAG_SEQUENTIAL_SCAN`: the cache reads ahead.
const SEQUENTIAL_SCAN: u32 = 0x0800_0000;
/// From 1601-01-01, where Windows counts from, to 1970-01-01, in units of 100 ns.
const EPOCH_OFFSET: i64 = 116_444_736_000_000_000;

/// Appends one part of a path in label form: an unpaired surrogate as `\uHHHH`. A name here holds no backslash.
pub fn encode_name(name: &OsStr, label: &mut String) {
    for unit in char::decode_utf16(name.encode_wide()) {
        match unit {
            Ok('\\') => label.push_str("\\\\"),
            Ok(character) => label.push(character),
            Err(unpaired) => {
                // Writing to a String cannot fail.
                let _ = write!(label, "\\u{:04X}", unpaired.unpaired_surrogate());
            }
        }
    }
}

/// Reads one part of a label back. `None` if an escape is malformed.
pub fn decode_name(part: &str) -> Option<OsString> {
    let mut units = Vec::with_capacity(part.len());
    let mut rest = part.chars();
    let mut buffer = [0u16; 2];
    while let Some(character) = rest.next() {
        if character != '\\' {
            units.extend_from_slice(character.encode_utf16(&mut buffer));
            continue;
        }
        match rest.next()? {
            '\\' => units.push(u16::from(b'\\')),
            'u' => {
                let mut unit = 0u32;
                for _ in 0..4 {
                    unit = unit * 16 + rest.next()?.to_digit(16)?;
                }
                units.push(u16::try_from(unit).ok()?);
            }
            _ => return None,
        }
    }
    Some(OsString::from_wide(&units))
}

/// Whether the part can be the name of a file: no separator, no drive, no stream, no NUL.
pub fn valid_label_part(name: &OsStr) -> bool {
    !name.encode_wide().any(|unit| [0, u16::from(b'/'), u16::from(b'\\'), u16::from(b':')].contains(&unit))
}

fn unix_nanoseconds(file_time: u64) -> i64 {
    if file_time == 0 {
        return 0;
    }
    let ticks = i64::try_from(file_time).unwrap_or(i64::MAX).saturating_sub(EPOCH_OFFSET);
    nanoseconds(ticks.div_euclid(10_000_000), ticks.rem_euclid(10_000_000) * 100)
}

/// What the file system says about a file.
pub fn stat_of(metadata: &Metadata) -> FileStat {
    FileStat {
        size: metadata.file_size(),
        mtime_ns: unix_nanoseconds(metadata.last_write_time()),
        ctime_ns: unix_nanoseconds(metadata.creation_time()),
        inode: 0,
        device: 0,
    }
}

/// What tells this folder apart from every other one.
///
/// # Errors
///
/// The folder went away, or may not be looked at.
pub fn folder_id(path: &Path, _metadata: &Metadata) -> io::Result<FolderId> {
    std::fs::canonicalize(path)
}

/// Opens a file without following a link in its last part.
///
/// # Errors
///
/// Those of the system. The caller must still check that it is a regular file.
pub fn open_for_reading(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).custom_flags(OPEN_REPARSE_POINT | SEQUENTIAL_SCAN).open(path)
}

/// The advice was given when the file was opened.
pub fn advise_sequential(_file: &File) {}

/// The folder of the person who runs this process.
pub fn home_folder() -> Option<PathBuf> {
    std::env::var_os("USERPROFILE").filter(|home| !home.is_empty()).map(PathBuf::from)
}

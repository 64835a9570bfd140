//! Linux, macOS and the other Unix systems: names are bytes, files have inodes.

use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use super::{FileStat, nanoseconds};

/// What tells two folders apart, whatever their names.
pub type FolderId = (u64, u64);

/// Appends one part of a path in label form: bytes that are no UTF-8 as `\xHH`, a backslash as `\\`.
pub fn encode_name(name: &OsStr, label: &mut String) {
    for chunk in name.as_bytes().utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '\\' => label.push_str("\\\\"),
                other => label.push(other),
            }
        }
        for byte in chunk.invalid() {
            // Writing to a String cannot fail.
            let _ = write!(label, "\\x{byte:02X}");
        }
    }
}

/// Reads one part of a label back. `None` if an escape is malformed.
pub fn decode_name(part: &str) -> Option<OsString> {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        if first != b'\\' {
            bytes.push(first);
            rest = tail;
            continue;
        }
        match tail {
            [b'\\', after @ ..] => {
                bytes.push(b'\\');
                rest = after;
            }
            [b'x', high, low, after @ ..] => {
                let digit = |byte: &u8| char::from(*byte).to_digit(16);
                bytes.push((digit(high)? * 16 + digit(low)?) as u8);
                rest = after;
            }
            _ => return None,
        }
    }
    Some(OsString::from_vec(bytes))
}

/// Whether the part can be the name of a file: no NUL and no separator.
pub fn valid_label_part(name: &OsStr) -> bool {
    !name.as_bytes().iter().any(|byte| matches!(byte, 0 | b'/'))
}

/// What the file system says about a file.
pub fn stat_of(metadata: &Metadata) -> FileStat {
    FileStat {
        size: metadata.len(),
        mtime_ns: nanoseconds(metadata.mtime(), metadata.mtime_nsec()),
        ctime_ns: nanoseconds(metadata.ctime(), metadata.ctime_nsec()),
        inode: metadata.ino(),
        device: metadata.dev(),
    }
}

/// What tells this folder apart from every other one.
///
/// # Errors
///
/// None on Unix; other platforms must ask the file system again.
pub fn folder_id(_path: &Path, metadata: &Metadata) -> io::Result<FolderId> {
    Ok((metadata.dev(), metadata.ino()))
}

/// Opens a file without following a link in its last part and without waiting for the other end of a FIFO.
///
/// # Errors
///
/// Those of `open(2)`; `ELOOP` if the last part is a link. The caller must still check that it is a regular file.
pub fn open_for_reading(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_CLOEXEC | libc::O_NOCTTY)
        .open(path)
}

/// Tells the kernel that the file will be read once from start to end, so that it reads ahead further.
#[cfg(target_os = "linux")]
pub fn advise_sequential(file: &File) {
    use std::os::fd::AsRawFd as _;
    // SAFETY: the descriptor is open for the length of the call, and posix_fadvise touches no memory of ours.
    // Its result is of no interest: the advice is about speed only.
    let _ = unsafe { libc::posix_fadvise(file.as_raw_fd(), 0, 0, libc::POSIX_FADV_SEQUENTIAL) };
}

/// Other systems find out by themselves that a file is read from start to end.
#[cfg(not(target_os = "linux"))]
pub fn advise_sequential(_file: &File) {}

/// The folder of the person who runs this process.
pub fn home_folder() -> Option<PathBuf> {
    std::env::var_os("HOME").filter(|home| !home.is_empty()).map(PathBuf::from)
}

//! What differs between operating systems when files are named, described and opened.

use serde::{Deserialize, Serialize};

#[cfg(unix)]
mod unix;
#[cfg(unix)]
pub use unix::{
    FolderId, advise_sequential, decode_name, encode_name, folder_id, home_folder, open_for_reading, stat_of,
    valid_label_part,
};

#[cfg(windows)]
mod windows;
#[cfg(windows)]
pub use windows::{
    FolderId, advise_sequential, decode_name, encode_name, folder_id, home_folder, open_for_reading, stat_of,
    valid_label_part,
};

/// What the file system says about a file without reading it. Two equal values mean: very probably the same bytes.
///
/// Where a file system or platform does not know a field, the field is 0 for every file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct FileStat {
    /// Bytes.
    pub size: u64,
    /// Last change of the bytes, in nanoseconds since 1970-01-01T00:00:00Z.
    pub mtime_ns: i64,
    /// Last change of bytes or attributes, in nanoseconds since 1970-01-01T00:00:00Z. On Windows the time of creation.
    pub ctime_ns: i64,
    /// Number of the file within its file system; 0 on Windows.
    pub inode: u64,
    /// Number of the file system; 0 on Windows.
    pub device: u64,
}

/// Seconds and nanoseconds as nanoseconds, kept within what an `i64` can hold: file systems do hold absurd times.
pub(crate) fn nanoseconds(seconds: i64, nanoseconds: i64) -> i64 {
    seconds.saturating_mul(1_000_000_000).saturating_add(nanoseconds)
}

//! The identity of a file's bytes.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, ErrorKind, Read as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use proofmark_domain::Digest;
use proofmark_domain::artifact::SkipCause;
use sha2::{Digest as _, Sha256};
use thiserror::Error;

use super::platform::{FileStat, advise_sequential, open_for_reading, stat_of};
use super::walk::FoundFile;

/// How many bytes of the start of a file are kept for finding out what it is.
pub const HEAD_BYTES: usize = 64 * 1024;

/// Bytes read at a time: large enough that system calls cost nothing, small enough to stay in the second-level cache.
const BUFFER_BYTES: usize = 256 * 1024;

/// How often a file that changes while it is read is read again before it is given up.
const ATTEMPTS: usize = 3;

/// How long to wait for a writer before another attempt.
const PAUSE: Duration = Duration::from_millis(40);

/// Files above this size are handed out first and largest first, so that all cores end together.
const LARGE_BYTES: u64 = 1024 * 1024;

thread_local! {
    static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// A file that was read from start to end while nobody changed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hashed {
    /// SHA-256 of its bytes.
    pub digest: Digest,
    /// What the file system said about exactly these bytes.
    pub stat: FileStat,
    /// The first 64 KiB.
    pub head: Vec<u8>,
}

/// Why a file has no digest.
#[derive(Debug, Error)]
pub enum HashError {
    /// It went away.
    #[error("{} went away before it was read", path.display())]
    Vanished {
        /// The file.
        path: PathBuf,
    },
    /// No permission.
    #[error("{} may not be read by this user; grant read permission, or name it in .proofmarkignore", path.display())]
    PermissionDenied {
        /// The file.
        path: PathBuf,
    },
    /// It became a link, pipe, socket, device or folder.
    #[error("{} is not a regular file any more", path.display())]
    NotARegularFile {
        /// The file.
        path: PathBuf,
    },
    /// Somebody writes it.
    #[error("{} changed each of the {ATTEMPTS} times it was read; it will be read again when it rests", path.display())]
    ChangedWhileRead {
        /// The file.
        path: PathBuf,
    },
    /// The caller asked to stop.
    #[error("reading {} was cancelled", path.display())]
    Cancelled {
        /// The file.
        path: PathBuf,
    },
    /// Any other failure of the file system.
    #[error("{} cannot be read: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

impl HashError {
    /// The reason for the scan's list of skipped files; `None` if the caller asked to stop.
    pub const fn skip_cause(&self) -> Option<SkipCause> {
        match self {
            Self::Vanished { .. } => Some(SkipCause::Vanished),
            Self::PermissionDenied { .. } => Some(SkipCause::PermissionDenied),
            Self::NotARegularFile { .. } => Some(SkipCause::NotARegularFile),
            Self::ChangedWhileRead { .. } => Some(SkipCause::ChangedWhileRead),
            Self::Unreadable { .. } => Some(SkipCause::Unreadable),
            Self::Cancelled { .. } => None,
        }
    }

    fn from_io(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            ErrorKind::NotFound | ErrorKind::NotADirectory => Self::Vanished { path },
            ErrorKind::PermissionDenied => Self::PermissionDenied { path },
            _ if refuses_special(&source) => Self::NotARegularFile { path },
            _ => Self::Unreadable { path, source },
        }
    }
}

/// A link in the last part (`ELOOP`), or a socket or a device without a driver (`ENXIO`, `ENODEV`).
#[cfg(unix)]
fn refuses_special(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::ELOOP | libc::ENXIO | libc::ENODEV))
}

#[cfg(not(unix))]
fn refuses_special(_error: &io::Error) -> bool {
    false
}

/// What one reading of a file came to.
enum Attempt {
    Read(Hashed),
    Changed,
}

/// Reads a file and computes its digest.
///
/// `expected` is what the file system said when the file was found; a file that changed since is read as it is now, and
/// [`Hashed::stat`] says which state that was. `on_bytes` is told how many more bytes were read. An attempt that the
/// writer of the file spoiled takes its bytes back by none: the sum can exceed the size.
///
/// # Errors
///
/// See [`HashError`]. A file that changes while it is read is read up to three times.
pub fn hash_file(
    path: &Path,
    expected: &FileStat,
    cancel: &dyn Fn() -> bool,
    on_bytes: &dyn Fn(u64),
) -> Result<Hashed, HashError> {
    for attempt in 1..=ATTEMPTS {
        match read_once(path, expected, cancel, on_bytes)? {
            Attempt::Read(hashed) => return Ok(hashed),
            Attempt::Changed if attempt < ATTEMPTS => std::thread::sleep(PAUSE),
            Attempt::Changed => {}
        }
    }
    Err(HashError::ChangedWhileRead { path: path.to_owned() })
}

fn read_once(
    path: &Path,
    expected: &FileStat,
    cancel: &dyn Fn() -> bool,
    on_bytes: &dyn Fn(u64),
) -> Result<Attempt, HashError> {
    let failed = |source| HashError::from_io(path, source);
    let mut file = open_for_reading(path).map_err(failed)?;
    let opened = file.metadata().map_err(failed)?;
    if !opened.is_file() {
        return Err(HashError::NotARegularFile { path: path.to_owned() });
    }
    let before = stat_of(&opened);
    if before.size.max(expected.size) > BUFFER_BYTES as u64 {
        advise_sequential(&file);
    }
    let mut hasher = Sha256::new();
    let mut head = Vec::with_capacity(usize::try_from(before.size).unwrap_or(HEAD_BYTES).min(HEAD_BYTES));
    let mut total = 0u64;
    let ended = BUFFER.with_borrow_mut(|buffer| -> Result<bool, HashError> {
        buffer.resize(BUFFER_BYTES, 0);
        loop {
            let read = read_some(&mut file, buffer).map_err(failed)?;
            let Some(bytes) = buffer.get(..read).filter(|bytes| !bytes.is_empty()) else { return Ok(true) };
            if let Some(wanted) = bytes.get(..bytes.len().min(HEAD_BYTES - head.len())) {
                head.extend_from_slice(wanted);
            }
            hasher.update(bytes);
            total += bytes.len() as u64;
            on_bytes(bytes.len() as u64);
            if total > before.size {
                // It grows faster than it can be read, perhaps for ever.
                return Ok(false);
            }
            if cancel() {
                return Err(HashError::Cancelled { path: path.to_owned() });
            }
        }
    })?;
    let after = stat_of(&file.metadata().map_err(failed)?);
    // The kernel may only now have written down the time of an access; that is not part of the state.
    if !ended || after != before || total != before.size {
        return Ok(Attempt::Changed);
    }
    let digest = Digest::from_bytes(hasher.finalize().into());
    Ok(Attempt::Read(Hashed { digest, stat: after, head }))
}

fn read_some(file: &mut File, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match file.read(buffer) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

/// Reads many files on `threads` threads and hands each result to `on_done` with the index of its file.
///
/// Large files come first so that all cores end together; one file is read by one core, because SHA-256 is serial.
/// Once `cancel` says so, no further file is begun and those being read end as [`HashError::Cancelled`]. Answers how many
/// files were handed to `on_done`.
pub fn hash_many(
    files: &[FoundFile],
    threads: usize,
    cancel: &(dyn Fn() -> bool + Sync),
    on_bytes: &(dyn Fn(u64) + Sync),
    on_done: &(dyn Fn(usize, Result<Hashed, HashError>) + Sync),
) -> usize {
    let mut order: Vec<(usize, &FoundFile)> = files.iter().enumerate().collect();
    // Small files keep the order of the walk, in which neighbours on the disk stand together.
    order.sort_by_key(|(_, file)| {
        let large = if file.stat.size > LARGE_BYTES { file.stat.size } else { 0 };
        std::cmp::Reverse(large)
    });
    let next = AtomicUsize::new(0);
    let done = AtomicUsize::new(0);
    let work = || {
        while !cancel() {
            let Some((index, file)) = order.get(next.fetch_add(1, Ordering::Relaxed)) else { return };
            on_done(*index, hash_file(&file.absolute, &file.stat, &cancel, &on_bytes));
            done.fetch_add(1, Ordering::Relaxed);
        }
    };
    let workers = threads.max(1).min(order.len());
    if workers <= 1 {
        work();
    } else {
        std::thread::scope(|scope| {
            for _ in 0..workers {
                scope.spawn(work);
            }
        });
    }
    done.into_inner()
}

#[cfg(test)]
mod tests;

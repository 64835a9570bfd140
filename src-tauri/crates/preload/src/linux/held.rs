//! Data that is held back: opening it for reading is refused.
//!
//! `PROOFMARK_HELD` names a list with a line for each file: device, inode, size, nanoseconds of the last change, path, what to say. A file
//! is known by the first four, whatever name it is opened by; whoever writes it anew makes it another file.

use std::ffi::c_int;
use std::sync::atomic::{AtomicI32, AtomicU64, Ordering};

use super::trace::{Line, now, trace};

/// As many files as are looked for; the recorder says if there are more.
const MOST: usize = 4096;
const FIELDS: usize = 4;

/// How many there are; -1 before the list was read. Threads that read it at the same time write the same numbers.
static COUNT: AtomicI32 = AtomicI32::new(-1);
static FILES: [[AtomicU64; FIELDS]; MOST] = [const { [const { AtomicU64::new(0) }; FIELDS] }; MOST];

/// The list, byte by byte through a small buffer, without the watched calls and without the heap.
struct List {
    descriptor: c_int,
    buffer: [u8; 4096],
    at: usize,
    end: usize,
}

impl List {
    fn open() -> Option<Self> {
        // SAFETY: the name is a C string; the result is checked and only read.
        let name = unsafe { libc::getenv(c"PROOFMARK_HELD".as_ptr()) };
        if name.is_null() {
            return None;
        }
        // SAFETY: `name` points to a C string that the environment owns. The system call is made directly, so that our own
        // `open` is not entered.
        let opened =
            unsafe { libc::syscall(libc::SYS_openat, libc::AT_FDCWD, name, libc::O_RDONLY | libc::O_CLOEXEC) } as c_int;
        (opened >= 0).then_some(Self { descriptor: opened, buffer: [0; 4096], at: 0, end: 0 })
    }

    fn byte(&mut self) -> Option<u8> {
        if self.at == self.end {
            // SAFETY: the buffer is ours and its length is given.
            let read =
                unsafe { libc::syscall(libc::SYS_read, self.descriptor, self.buffer.as_mut_ptr(), self.buffer.len()) };
            self.end = usize::try_from(read).unwrap_or(0);
            self.at = 0;
        }
        let byte = self.buffer.get(self.at).copied().filter(|_| self.at < self.end)?;
        self.at += 1;
        Some(byte)
    }
}

impl Drop for List {
    fn drop(&mut self) {
        // SAFETY: the descriptor is ours.
        unsafe { libc::syscall(libc::SYS_close, self.descriptor) };
    }
}

/// Reads the list once.
fn count() -> usize {
    let known = COUNT.load(Ordering::Acquire);
    if known >= 0 {
        return known as usize;
    }
    let mut files = 0;
    if let Some(mut list) = List::open() {
        let (mut field, mut number, mut negative) = (0, 0u64, false);
        while let Some(byte) = list.byte() {
            match byte {
                b'\t' => {
                    if let Some(place) = FILES.get(files).and_then(|row| row.get(field)) {
                        place.store(if negative { number.wrapping_neg() } else { number }, Ordering::Relaxed);
                    }
                    (field, number, negative) = (field + 1, 0, false);
                }
                b'\n' => {
                    // Half a line, as of a list that is still written, names no file.
                    if field >= FIELDS && files < MOST {
                        files += 1;
                    }
                    (field, number, negative) = (0, 0, false);
                }
                b'-' if field < FIELDS => negative = true,
                digit @ b'0'..=b'9' if field < FIELDS => {
                    number = number.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'));
                }
                _ => {}
            }
        }
    }
    COUNT.store(files as i32, Ordering::Release);
    files
}

/// The place in the list of the file behind a descriptor.
fn place_of(descriptor: c_int) -> Option<usize> {
    let files = count();
    if files == 0 {
        return None;
    }
    // SAFETY: an all-zero `stat` is a valid one, and `facts` is a valid place to write to.
    let facts = unsafe {
        let mut facts: libc::stat = std::mem::zeroed();
        if libc::fstat(descriptor, &raw mut facts) != 0 {
            return None;
        }
        facts
    };
    let changed = (facts.st_mtime as i64).wrapping_mul(1_000_000_000).wrapping_add(facts.st_mtime_nsec as i64);
    let own = [facts.st_dev as u64, facts.st_ino as u64, facts.st_size as u64, changed as u64];
    FILES
        .iter()
        .take(files)
        .position(|row| row.iter().zip(own).all(|(known, own)| known.load(Ordering::Relaxed) == own))
}

/// Says on standard error, which is the run's log, and in the trace that a file was refused.
fn tell(place: usize) {
    let Some(mut list) = List::open() else { return };
    for _ in 0..place {
        while list.byte().is_some_and(|byte| byte != b'\n') {}
    }
    let (mut said, mut path) = (Line::new(), Line::new());
    said.push(b"proofmark: ");
    let mut field = 0;
    while let Some(byte) = list.byte() {
        match (byte, field) {
            (b'\n', _) => break,
            (b'\t', _) => {
                field += 1;
                if field == FIELDS + 1 {
                    said.push(b" is ");
                }
            }
            (byte, 4) => {
                path.push(&[byte]);
                said.push(&[byte]);
            }
            (byte, 5) => said.push(&[byte]),
            _ => {}
        }
    }
    said.push(b" Opening it was refused.\n");
    said.write(libc::STDERR_FILENO);
    if let Some(descriptor) = trace() {
        let mut line = Line::new();
        line.push(b"h\t");
        // SAFETY: cannot fail.
        line.number(unsafe { libc::getpid() } as u64);
        line.push(b"\t");
        line.number(now());
        line.push(b"\t0\t");
        line.push(path.text());
        line.push(b"\n");
        line.write(descriptor);
    }
}

/// Whether a file that was just opened must not be read. Writing to it is free: it may be on its way to be made anew.
pub(super) fn is_refused(descriptor: c_int, flags: c_int) -> bool {
    if flags & libc::O_ACCMODE == libc::O_WRONLY || flags & libc::O_PATH != 0 {
        return false;
    }
    // SAFETY: `errno` belongs to this thread. The program must not see ours.
    let errno = unsafe { *libc::__errno_location() };
    let place = place_of(descriptor);
    if let Some(place) = place {
        tell(place);
    }
    // SAFETY: as above.
    unsafe { *libc::__errno_location() = errno };
    place.is_some()
}

/// The answer of a call of the `open` family: the descriptor, or the refusal.
pub(super) fn answer(descriptor: c_int, flags: c_int) -> c_int {
    if descriptor < 0 || !is_refused(descriptor, flags) {
        return descriptor;
    }
    // SAFETY: the descriptor was opened by this call, and nobody else knows it yet.
    unsafe { libc::syscall(libc::SYS_close, descriptor) };
    refuse();
    -1
}

/// Says to the program that it may not.
pub(super) fn refuse() {
    // SAFETY: `errno` belongs to this thread.
    unsafe { *libc::__errno_location() = libc::EACCES };
}

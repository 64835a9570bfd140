//! The trace: one line for each call, written at once.

use std::ffi::{CStr, c_char, c_int};
use std::sync::atomic::{AtomicI32, Ordering};

/// Longest line of the trace. A path is at most 4,096 bytes, and a rename names two.
const LINE: usize = 9 * 1024;

/// The trace's descriptor: -1 before the first line, -2 when there is no trace to write.
static TRACE: AtomicI32 = AtomicI32::new(-1);

/// A line under construction, on the stack.
pub(super) struct Line {
    bytes: [u8; LINE],
    length: usize,
}

impl Line {
    pub(super) const fn new() -> Self {
        Self { bytes: [0; LINE], length: 0 }
    }

    pub(super) fn push(&mut self, bytes: &[u8]) {
        let room = LINE - self.length;
        let taken = bytes.len().min(room);
        self.bytes[self.length..self.length + taken].copy_from_slice(&bytes[..taken]);
        self.length += taken;
    }

    pub(super) fn number(&mut self, mut number: u64) {
        let mut digits = [0u8; 20];
        let mut at = digits.len();
        loop {
            at -= 1;
            digits[at] = b'0' + (number % 10) as u8;
            number /= 10;
            if number == 0 {
                break;
            }
        }
        self.push(&digits[at..]);
    }

    /// What was pushed so far.
    pub(super) fn text(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    /// Appends the line to the trace at once, so that the lines of several processes do not mix. A failed write loses one line of
    /// the trace and nothing else.
    pub(super) fn write(&self, descriptor: c_int) {
        // SAFETY: the bytes are initialised up to `length`.
        unsafe { libc::syscall(libc::SYS_write, descriptor, self.bytes.as_ptr(), self.length) };
    }

    /// Escapes what would end a field or a line.
    pub(super) fn path(&mut self, path: &[u8]) {
        for &byte in path {
            match byte {
                b'\n' => self.push(b"\\n"),
                b'\t' => self.push(b"\\t"),
                b'\\' => self.push(b"\\\\"),
                _ => self.push(&[byte]),
            }
        }
    }
}

/// Opens the trace once per process. Children of `fork` share the descriptor, which appends.
pub(super) fn trace() -> Option<c_int> {
    match TRACE.load(Ordering::Acquire) {
        -2 => None,
        -1 => {
            // SAFETY: the name is a C string; the result is checked and only read.
            let name = unsafe { libc::getenv(c"PROOFMARK_TRACE".as_ptr()) };
            if name.is_null() {
                TRACE.store(-2, Ordering::Release);
                return None;
            }
            let flags = libc::O_WRONLY | libc::O_APPEND | libc::O_CREAT | libc::O_CLOEXEC;
            // SAFETY: `name` points to a C string that the environment owns. The system call is made directly, so that our own
            // `open` is not entered.
            let opened = unsafe { libc::syscall(libc::SYS_openat, libc::AT_FDCWD, name, flags, 0o600) } as c_int;
            if opened < 0 {
                TRACE.store(-2, Ordering::Release);
                return None;
            }
            // Programs close or reuse low descriptors without asking, so ours moves out of their way.
            // SAFETY: plain descriptor calls on a descriptor that we own.
            let high = unsafe { libc::fcntl(opened, libc::F_DUPFD_CLOEXEC, 700) };
            let kept = if high >= 0 {
                // SAFETY: as above.
                unsafe { libc::syscall(libc::SYS_close, opened) };
                high
            } else {
                opened
            };
            TRACE.store(kept, Ordering::Release);
            Some(kept)
        }
        descriptor => Some(descriptor),
    }
}

/// Whether a path is of the system and says nothing about data: left out here, to keep the cost of imports low.
pub(super) fn is_noise(path: &[u8]) -> bool {
    const PREFIXES: [&[u8]; 9] =
        [b"/proc/", b"/sys/", b"/dev/", b"/usr/lib", b"/usr/share/", b"/lib", b"/etc/", b"/run/", b"/usr/bin/"];
    PREFIXES.iter().any(|prefix| path.starts_with(prefix))
}

pub(super) fn now() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a valid place to write to.
    unsafe { libc::clock_gettime(libc::CLOCK_REALTIME, &raw mut time) };
    (time.tv_sec as u64).wrapping_mul(1_000_000_000).wrapping_add(time.tv_nsec as u64)
}

/// Appends the folder that a relative path starts from, then the path.
pub(super) fn absolute(line: &mut Line, folder: c_int, path: &[u8]) {
    if path.first() != Some(&b'/') {
        let mut buffer = [0u8; 4096];
        let length = if folder == libc::AT_FDCWD {
            // SAFETY: the buffer is ours and its length is given.
            let written = unsafe { libc::getcwd(buffer.as_mut_ptr().cast(), buffer.len()) };
            if written.is_null() { 0 } else { buffer.iter().position(|&byte| byte == 0).unwrap_or(0) }
        } else {
            let mut name = Line::new();
            name.push(b"/proc/self/fd/");
            name.number(folder.max(0) as u64);
            name.push(&[0]);
            // SAFETY: `name` ends with a NUL byte, and the buffer's length is given.
            let read = unsafe { libc::readlink(name.bytes.as_ptr().cast(), buffer.as_mut_ptr().cast(), buffer.len()) };
            read.max(0) as usize
        };
        line.path(&buffer[..length]);
        line.push(b"/");
    }
    line.path(path);
}

/// Notes one call. `what` is one letter: `o` open, `m` move, `l` link, `d` delete, `x` start of a program, `c` start of a program with an
/// environment from which this library is missing. `held` writes `h`, a file that was refused.
///
/// # Safety
/// `path` and, if not null, `second` point to C strings.
pub(super) unsafe fn note(
    what: &[u8],
    folder: c_int,
    path: *const c_char,
    flags: c_int,
    second: *const c_char,
    second_folder: c_int,
) {
    if path.is_null() {
        return;
    }
    // SAFETY: promised by the caller.
    let text = unsafe { CStr::from_ptr(path) }.to_bytes();
    if text.is_empty() || is_noise(text) {
        return;
    }
    // SAFETY: `errno` belongs to this thread. The program must not see ours.
    let errno = unsafe { *libc::__errno_location() };
    if let Some(descriptor) = trace() {
        let mut line = Line::new();
        line.push(what);
        line.push(b"\t");
        // SAFETY: cannot fail.
        line.number(unsafe { libc::getpid() } as u64);
        line.push(b"\t");
        line.number(now());
        line.push(b"\t");
        line.number(flags as u32 as u64);
        line.push(b"\t");
        absolute(&mut line, folder, text);
        if !second.is_null() {
            line.push(b"\t");
            // SAFETY: promised by the caller.
            absolute(&mut line, second_folder, unsafe { CStr::from_ptr(second) }.to_bytes());
        }
        line.push(b"\n");
        line.write(descriptor);
    }
    // SAFETY: as above.
    unsafe { *libc::__errno_location() = errno };
}

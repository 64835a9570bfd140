//! The watched calls of the C library.

use std::ffi::{CStr, c_char, c_int, c_uint, c_void};
use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering};

/// Longest line of the trace. A path is at most 4,096 bytes, and a rename names two.
const LINE: usize = 9 * 1024;

/// The trace's descriptor: -1 before the first line, -2 when there is no trace to write.
static TRACE: AtomicI32 = AtomicI32::new(-1);

/// A line under construction, on the stack.
struct Line {
    bytes: [u8; LINE],
    length: usize,
}

impl Line {
    const fn new() -> Self {
        Self { bytes: [0; LINE], length: 0 }
    }

    fn push(&mut self, bytes: &[u8]) {
        let room = LINE - self.length;
        let taken = bytes.len().min(room);
        self.bytes[self.length..self.length + taken].copy_from_slice(&bytes[..taken]);
        self.length += taken;
    }

    fn number(&mut self, mut number: u64) {
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

    /// Escapes what would end a field or a line.
    fn path(&mut self, path: &[u8]) {
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
fn trace() -> Option<c_int> {
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
fn is_noise(path: &[u8]) -> bool {
    const PREFIXES: [&[u8]; 9] =
        [b"/proc/", b"/sys/", b"/dev/", b"/usr/lib", b"/usr/share/", b"/lib", b"/etc/", b"/run/", b"/usr/bin/"];
    PREFIXES.iter().any(|prefix| path.starts_with(prefix))
}

fn now() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a valid place to write to.
    unsafe { libc::clock_gettime(libc::CLOCK_REALTIME, &raw mut time) };
    (time.tv_sec as u64).wrapping_mul(1_000_000_000).wrapping_add(time.tv_nsec as u64)
}

/// Appends the folder that a relative path starts from, then the path.
fn absolute(line: &mut Line, folder: c_int, path: &[u8]) {
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
/// environment from which this library is missing.
///
/// # Safety
/// `path` and, if not null, `second` point to C strings.
unsafe fn note(
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
        // SAFETY: the bytes are initialised up to `length`. A failed write loses one line of the trace and nothing else.
        unsafe { libc::syscall(libc::SYS_write, descriptor, line.bytes.as_ptr(), line.length) };
    }
    // SAFETY: as above.
    unsafe { *libc::__errno_location() = errno };
}

/// Finds the C library's own function of a name, once.
fn real(place: &AtomicUsize, name: &CStr) -> usize {
    let known = place.load(Ordering::Relaxed);
    if known != 0 {
        return known;
    }
    // SAFETY: the name is a C string.
    let found = unsafe { libc::dlsym(libc::RTLD_NEXT, name.as_ptr()) } as usize;
    place.store(found, Ordering::Relaxed);
    found
}

macro_rules! real {
    ($name:literal as fn($($argument:ty),* $(,)?) -> $answer:ty) => {{
        static PLACE: AtomicUsize = AtomicUsize::new(0);
        let found = real(&PLACE, $name);
        // SAFETY: the C library's function of this name has this type. Absent functions are caught by the callers.
        (found != 0).then(|| unsafe { std::mem::transmute::<usize, unsafe extern "C" fn($($argument),*) -> $answer>(found) })
    }};
}

fn missing() -> c_int {
    // SAFETY: `errno` belongs to this thread.
    unsafe { *libc::__errno_location() = libc::ENOSYS };
    -1
}

// In C the last argument of the `open` family is optional. Where it is left out, the register holds whatever it held, and
// the kernel does not look at it: on the calling conventions of 64-bit Linux the two declarations are called alike.
macro_rules! open_like {
    ($($name:ident $symbol:literal),*) => {$(
        /// Passes on, then notes the path if it was opened.
        ///
        /// # Safety
        /// As the function of the C library.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $name(path: *const c_char, flags: c_int, mode: c_uint) -> c_int {
            let Some(call) = real!($symbol as fn(*const c_char, c_int, c_uint) -> c_int) else { return missing() };
            // SAFETY: passed on as received.
            unsafe {
                let answer = call(path, flags, mode);
                if answer >= 0 && flags & libc::O_DIRECTORY == 0 {
                    note(b"o", libc::AT_FDCWD, path, flags, std::ptr::null(), 0);
                }
                answer
            }
        }
    )*};
}

open_like!(open c"open", open64 c"open64", __open64 c"__open64", __open c"__open");

macro_rules! openat_like {
    ($($name:ident $symbol:literal),*) => {$(
        /// Passes on, then notes the path if it was opened.
        ///
        /// # Safety
        /// As the function of the C library.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $name(folder: c_int, path: *const c_char, flags: c_int, mode: c_uint) -> c_int {
            let Some(call) = real!($symbol as fn(c_int, *const c_char, c_int, c_uint) -> c_int) else { return missing() };
            // SAFETY: passed on as received.
            unsafe {
                let answer = call(folder, path, flags, mode);
                if answer >= 0 && flags & libc::O_DIRECTORY == 0 {
                    note(b"o", folder, path, flags, std::ptr::null(), 0);
                }
                answer
            }
        }
    )*};
}

openat_like!(openat c"openat", openat64 c"openat64");

macro_rules! creat_like {
    ($($name:ident $symbol:literal),*) => {$(
        /// Passes on, then notes the path if it was made.
        ///
        /// # Safety
        /// As the function of the C library.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $name(path: *const c_char, mode: c_uint) -> c_int {
            let Some(call) = real!($symbol as fn(*const c_char, c_uint) -> c_int) else { return missing() };
            // SAFETY: passed on as received.
            unsafe {
                let answer = call(path, mode);
                if answer >= 0 {
                    note(b"o", libc::AT_FDCWD, path, libc::O_WRONLY | libc::O_CREAT | libc::O_TRUNC, std::ptr::null(), 0);
                }
                answer
            }
        }
    )*};
}

creat_like!(creat c"creat", creat64 c"creat64");

/// The flags that a mode of `fopen` stands for.
///
/// # Safety
/// `mode` points to a C string or is null.
unsafe fn flags_of(mode: *const c_char) -> c_int {
    if mode.is_null() {
        return libc::O_RDONLY;
    }
    // SAFETY: promised by the caller.
    let mode = unsafe { CStr::from_ptr(mode) }.to_bytes();
    let both = mode.contains(&b'+');
    match (mode.first(), both) {
        (Some(b'r'), true) => libc::O_RDWR,
        (Some(b'w'), true) => libc::O_RDWR | libc::O_CREAT | libc::O_TRUNC,
        (Some(b'w'), false) => libc::O_WRONLY | libc::O_CREAT | libc::O_TRUNC,
        (Some(b'a'), true) => libc::O_RDWR | libc::O_CREAT | libc::O_APPEND,
        (Some(b'a'), false) => libc::O_WRONLY | libc::O_CREAT | libc::O_APPEND,
        _ => libc::O_RDONLY,
    }
}

macro_rules! fopen_like {
    ($($name:ident $symbol:literal),*) => {$(
        /// Passes on, then notes the path if it was opened.
        ///
        /// # Safety
        /// As the function of the C library.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $name(path: *const c_char, mode: *const c_char) -> *mut c_void {
            let Some(call) = real!($symbol as fn(*const c_char, *const c_char) -> *mut c_void) else {
                missing();
                return std::ptr::null_mut();
            };
            // SAFETY: passed on as received.
            unsafe {
                let answer = call(path, mode);
                if !answer.is_null() {
                    note(b"o", libc::AT_FDCWD, path, flags_of(mode), std::ptr::null(), 0);
                }
                answer
            }
        }
    )*};
}

fopen_like!(fopen c"fopen", fopen64 c"fopen64");

/// Passes on, then notes both paths if it succeeded.
///
/// # Safety
/// As the function of the C library.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rename(from: *const c_char, to: *const c_char) -> c_int {
    let Some(call) = real!(c"rename" as fn(*const c_char, *const c_char) -> c_int) else { return missing() };
    // SAFETY: passed on as received.
    unsafe {
        let answer = call(from, to);
        if answer == 0 {
            note(b"m", libc::AT_FDCWD, from, 0, to, libc::AT_FDCWD);
        }
        answer
    }
}

/// Passes on, then notes both paths if it succeeded.
///
/// # Safety
/// As the function of the C library.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn renameat(
    from_folder: c_int,
    from: *const c_char,
    to_folder: c_int,
    to: *const c_char,
) -> c_int {
    let Some(call) = real!(c"renameat" as fn(c_int, *const c_char, c_int, *const c_char) -> c_int) else {
        return missing();
    };
    // SAFETY: passed on as received.
    unsafe {
        let answer = call(from_folder, from, to_folder, to);
        if answer == 0 {
            note(b"m", from_folder, from, 0, to, to_folder);
        }
        answer
    }
}

/// Passes on, then notes both paths if it succeeded.
///
/// # Safety
/// As the function of the C library.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn renameat2(
    from_folder: c_int,
    from: *const c_char,
    to_folder: c_int,
    to: *const c_char,
    flags: c_uint,
) -> c_int {
    let Some(call) = real!(c"renameat2" as fn(c_int, *const c_char, c_int, *const c_char, c_uint) -> c_int) else {
        return missing();
    };
    // SAFETY: passed on as received.
    unsafe {
        let answer = call(from_folder, from, to_folder, to, flags);
        if answer == 0 {
            note(b"m", from_folder, from, 0, to, to_folder);
        }
        answer
    }
}

/// Passes on, then notes the path if it succeeded.
///
/// # Safety
/// As the function of the C library.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn unlink(path: *const c_char) -> c_int {
    let Some(call) = real!(c"unlink" as fn(*const c_char) -> c_int) else { return missing() };
    // SAFETY: passed on as received.
    unsafe {
        let answer = call(path);
        if answer == 0 {
            note(b"d", libc::AT_FDCWD, path, 0, std::ptr::null(), 0);
        }
        answer
    }
}

/// Passes on, then notes the path if it succeeded.
///
/// # Safety
/// As the function of the C library.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn unlinkat(folder: c_int, path: *const c_char, flags: c_int) -> c_int {
    let Some(call) = real!(c"unlinkat" as fn(c_int, *const c_char, c_int) -> c_int) else { return missing() };
    // SAFETY: passed on as received.
    unsafe {
        let answer = call(folder, path, flags);
        if answer == 0 {
            note(b"d", folder, path, 0, std::ptr::null(), 0);
        }
        answer
    }
}

// With `_FORTIFY_SOURCE`, calls of the `open` family without a mode become these.
macro_rules! fortified_open {
    ($($name:ident $symbol:literal),*) => {$(
        /// Passes on, then notes the path if it was opened.
        ///
        /// # Safety
        /// As the function of the C library.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $name(path: *const c_char, flags: c_int) -> c_int {
            let Some(call) = real!($symbol as fn(*const c_char, c_int) -> c_int) else { return missing() };
            // SAFETY: passed on as received.
            unsafe {
                let answer = call(path, flags);
                if answer >= 0 && flags & libc::O_DIRECTORY == 0 {
                    note(b"o", libc::AT_FDCWD, path, flags, std::ptr::null(), 0);
                }
                answer
            }
        }
    )*};
}

fortified_open!(__open_2 c"__open_2", __open64_2 c"__open64_2");

macro_rules! fortified_openat {
    ($($name:ident $symbol:literal),*) => {$(
        /// Passes on, then notes the path if it was opened.
        ///
        /// # Safety
        /// As the function of the C library.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $name(folder: c_int, path: *const c_char, flags: c_int) -> c_int {
            let Some(call) = real!($symbol as fn(c_int, *const c_char, c_int) -> c_int) else { return missing() };
            // SAFETY: passed on as received.
            unsafe {
                let answer = call(folder, path, flags);
                if answer >= 0 && flags & libc::O_DIRECTORY == 0 {
                    note(b"o", folder, path, flags, std::ptr::null(), 0);
                }
                answer
            }
        }
    )*};
}

fortified_openat!(__openat_2 c"__openat_2", __openat64_2 c"__openat64_2");

macro_rules! freopen_like {
    ($($name:ident $symbol:literal),*) => {$(
        /// Passes on, then notes the path if it was opened.
        ///
        /// # Safety
        /// As the function of the C library.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $name(path: *const c_char, mode: *const c_char, stream: *mut c_void) -> *mut c_void {
            let Some(call) = real!($symbol as fn(*const c_char, *const c_char, *mut c_void) -> *mut c_void) else {
                missing();
                return std::ptr::null_mut();
            };
            // SAFETY: passed on as received.
            unsafe {
                let answer = call(path, mode, stream);
                if !answer.is_null() {
                    note(b"o", libc::AT_FDCWD, path, flags_of(mode), std::ptr::null(), 0);
                }
                answer
            }
        }
    )*};
}

freopen_like!(freopen c"freopen", freopen64 c"freopen64");

macro_rules! truncate_like {
    ($($name:ident $symbol:literal),*) => {$(
        /// Passes on, then notes the path if it was cut.
        ///
        /// # Safety
        /// As the function of the C library.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $name(path: *const c_char, length: i64) -> c_int {
            let Some(call) = real!($symbol as fn(*const c_char, i64) -> c_int) else { return missing() };
            // SAFETY: passed on as received.
            unsafe {
                let answer = call(path, length);
                if answer == 0 {
                    note(b"o", libc::AT_FDCWD, path, libc::O_RDWR, std::ptr::null(), 0);
                }
                answer
            }
        }
    )*};
}

truncate_like!(truncate c"truncate", truncate64 c"truncate64");

// The name is only known once the file is made: the template is written over.
macro_rules! mkstemp_like {
    ($($name:ident $symbol:literal ($($argument:ident: $kind:ty),*)),* $(,)?) => {$(
        /// Passes on, then notes the name that was made.
        ///
        /// # Safety
        /// As the function of the C library.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $name(template: *mut c_char, $($argument: $kind),*) -> c_int {
            let Some(call) = real!($symbol as fn(*mut c_char $(, $kind)*) -> c_int) else { return missing() };
            // SAFETY: passed on as received.
            unsafe {
                let answer = call(template, $($argument),*);
                if answer >= 0 {
                    note(b"o", libc::AT_FDCWD, template, libc::O_RDWR | libc::O_CREAT, std::ptr::null(), 0);
                }
                answer
            }
        }
    )*};
}

mkstemp_like!(
    mkstemp c"mkstemp" (),
    mkstemp64 c"mkstemp64" (),
    mkostemp c"mkostemp" (flags: c_int),
    mkostemp64 c"mkostemp64" (flags: c_int),
    mkstemps c"mkstemps" (suffix: c_int),
    mkstemps64 c"mkstemps64" (suffix: c_int),
    mkostemps c"mkostemps" (suffix: c_int, flags: c_int),
    mkostemps64 c"mkostemps64" (suffix: c_int, flags: c_int),
);

/// Passes on, then notes the path if it succeeded.
///
/// # Safety
/// As the function of the C library.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn remove(path: *const c_char) -> c_int {
    let Some(call) = real!(c"remove" as fn(*const c_char) -> c_int) else { return missing() };
    // SAFETY: passed on as received.
    unsafe {
        let answer = call(path);
        if answer == 0 {
            note(b"d", libc::AT_FDCWD, path, 0, std::ptr::null(), 0);
        }
        answer
    }
}

/// Passes on, then notes both paths if it succeeded.
///
/// # Safety
/// As the function of the C library.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn link(from: *const c_char, to: *const c_char) -> c_int {
    let Some(call) = real!(c"link" as fn(*const c_char, *const c_char) -> c_int) else { return missing() };
    // SAFETY: passed on as received.
    unsafe {
        let answer = call(from, to);
        if answer == 0 {
            note(b"l", libc::AT_FDCWD, from, 0, to, libc::AT_FDCWD);
        }
        answer
    }
}

/// Passes on, then notes both paths if it succeeded.
///
/// # Safety
/// As the function of the C library.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn linkat(
    from_folder: c_int,
    from: *const c_char,
    to_folder: c_int,
    to: *const c_char,
    flags: c_int,
) -> c_int {
    let Some(call) = real!(c"linkat" as fn(c_int, *const c_char, c_int, *const c_char, c_int) -> c_int) else {
        return missing();
    };
    // SAFETY: passed on as received.
    unsafe {
        let answer = call(from_folder, from, to_folder, to, flags);
        if answer == 0 && flags & libc::AT_EMPTY_PATH == 0 {
            note(b"l", from_folder, from, 0, to, to_folder);
        }
        answer
    }
}

/// Whether an environment brings this library into the program that is started with it.
///
/// # Safety
/// `environment` is null or an array of C strings that ends with a null.
unsafe fn brings_us(environment: *const *const c_char) -> bool {
    if environment.is_null() {
        return false;
    }
    let mut at = environment;
    // SAFETY: promised by the caller; the walk ends at the null.
    unsafe {
        while !(*at).is_null() {
            if CStr::from_ptr(*at).to_bytes().starts_with(b"LD_PRELOAD=") {
                return true;
            }
            at = at.add(1);
        }
    }
    false
}

/// Notes the start of a program, before it happens: after it, this process is another one.
///
/// # Safety
/// As the arguments of `execve`.
unsafe fn note_start(path: *const c_char, environment: *const *const c_char) {
    if path.is_null() {
        return;
    }
    // SAFETY: promised by the caller.
    unsafe {
        let what: &[u8] = if brings_us(environment) { b"x" } else { b"c" };
        note_program(what, path);
    }
}

/// As [`note`], without leaving out the system's own programs: a static one among them sees nothing.
///
/// # Safety
/// `path` points to a C string.
unsafe fn note_program(what: &[u8], path: *const c_char) {
    // SAFETY: promised by the caller.
    let text = unsafe { CStr::from_ptr(path) }.to_bytes();
    // SAFETY: `errno` belongs to this thread.
    let errno = unsafe { *libc::__errno_location() };
    if let (Some(descriptor), true) = (trace(), !text.is_empty()) {
        let mut line = Line::new();
        line.push(what);
        line.push(b"\t");
        // SAFETY: cannot fail.
        line.number(unsafe { libc::getpid() } as u64);
        line.push(b"\t");
        line.number(now());
        line.push(b"\t0\t");
        // A bare name is looked for on the search path, so it has no folder yet.
        if text.contains(&b'/') {
            absolute(&mut line, libc::AT_FDCWD, text)
        } else {
            line.path(text)
        }
        line.push(b"\n");
        // SAFETY: the bytes are initialised up to `length`.
        unsafe { libc::syscall(libc::SYS_write, descriptor, line.bytes.as_ptr(), line.length) };
    }
    // SAFETY: as above.
    unsafe { *libc::__errno_location() = errno };
}

unsafe extern "C" {
    static environ: *const *const c_char;
}

/// Notes the program, then passes on.
///
/// # Safety
/// As the function of the C library.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn execve(
    path: *const c_char,
    arguments: *const *const c_char,
    environment: *const *const c_char,
) -> c_int {
    let Some(call) = real!(c"execve" as fn(*const c_char, *const *const c_char, *const *const c_char) -> c_int) else {
        return missing();
    };
    // SAFETY: passed on as received.
    unsafe {
        note_start(path, environment);
        call(path, arguments, environment)
    }
}

macro_rules! exec_like {
    ($($name:ident $symbol:literal),*) => {$(
        /// Notes the program, then passes on.
        ///
        /// # Safety
        /// As the function of the C library.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $name(path: *const c_char, arguments: *const *const c_char) -> c_int {
            let Some(call) = real!($symbol as fn(*const c_char, *const *const c_char) -> c_int) else { return missing() };
            // SAFETY: passed on as received.
            unsafe {
                note_start(path, environ);
                call(path, arguments)
            }
        }
    )*};
}

exec_like!(execv c"execv", execvp c"execvp");

macro_rules! spawn_like {
    ($($name:ident $symbol:literal),*) => {$(
        /// Notes the program, then passes on.
        ///
        /// # Safety
        /// As the function of the C library.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $name(
            pid: *mut c_int,
            path: *const c_char,
            actions: *const c_void,
            attributes: *const c_void,
            arguments: *const *const c_char,
            environment: *const *const c_char,
        ) -> c_int {
            let Some(call) = real!(
                $symbol as fn(
                    *mut c_int,
                    *const c_char,
                    *const c_void,
                    *const c_void,
                    *const *const c_char,
                    *const *const c_char
                ) -> c_int
            ) else {
                return libc::ENOSYS;
            };
            // SAFETY: passed on as received.
            unsafe {
                note_start(path, environment);
                call(pid, path, actions, attributes, arguments, environment)
            }
        }
    )*};
}

spawn_like!(posix_spawn c"posix_spawn", posix_spawnp c"posix_spawnp");

//! Calls that open, make or cut a file.

use std::ffi::{CStr, c_char, c_int, c_uint, c_void};

use super::held;
use super::original::{missing, real};
use super::trace::note;

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
                let answer = held::answer(call(path, flags, mode), flags);
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
                let answer = held::answer(call(folder, path, flags, mode), flags);
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

/// The answer of a call of the `fopen` family: the stream, or the refusal of a file that is held back.
///
/// # Safety
/// `stream` was just opened with `mode`, or is null.
unsafe fn stream_or_refusal(stream: *mut c_void, mode: *const c_char) -> *mut c_void {
    if stream.is_null() {
        return stream;
    }
    // SAFETY: promised by the caller.
    unsafe {
        if !held::is_refused(libc::fileno(stream.cast()), flags_of(mode)) {
            return stream;
        }
        libc::fclose(stream.cast());
    }
    held::refuse();
    std::ptr::null_mut()
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
                let answer = stream_or_refusal(call(path, mode), mode);
                if !answer.is_null() {
                    note(b"o", libc::AT_FDCWD, path, flags_of(mode), std::ptr::null(), 0);
                }
                answer
            }
        }
    )*};
}

fopen_like!(fopen c"fopen", fopen64 c"fopen64");

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
                let answer = held::answer(call(path, flags), flags);
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
                let answer = held::answer(call(folder, path, flags), flags);
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
                let answer = stream_or_refusal(call(path, mode, stream), mode);
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

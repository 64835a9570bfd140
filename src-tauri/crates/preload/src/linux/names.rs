//! Calls that rename, link or remove a file.

use std::ffi::{c_char, c_int, c_uint};

use super::original::{missing, real};
use super::trace::note;

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

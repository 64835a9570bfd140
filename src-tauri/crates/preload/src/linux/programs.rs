//! Calls that start another program.

use std::ffi::{CStr, c_char, c_int, c_void};

use super::original::{missing, real};
use super::trace::{Line, absolute, now, trace};

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
        line.write(descriptor);
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

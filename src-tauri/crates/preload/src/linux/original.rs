//! The C library's own functions, to which every watched call is passed on.

use std::ffi::{CStr, c_int};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Finds the C library's own function of a name, once.
pub(super) fn look_up(place: &AtomicUsize, name: &CStr) -> usize {
    let known = place.load(Ordering::Relaxed);
    if known != 0 {
        return known;
    }
    // SAFETY: the name is a C string.
    let found = unsafe { libc::dlsym(libc::RTLD_NEXT, name.as_ptr()) } as usize;
    place.store(found, Ordering::Relaxed);
    found
}

/// The C library's function of a name, looked up once, or `None` where there is none.
macro_rules! real {
    ($name:literal as fn($($argument:ty),* $(,)?) -> $answer:ty) => {{
        static PLACE: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
        let found = $crate::linux::original::look_up(&PLACE, $name);
        // SAFETY: the C library's function of this name has this type. Absent functions are caught by the callers.
        (found != 0).then(|| unsafe { std::mem::transmute::<usize, unsafe extern "C" fn($($argument),*) -> $answer>(found) })
    }};
}

pub(super) fn missing() -> c_int {
    // SAFETY: `errno` belongs to this thread.
    unsafe { *libc::__errno_location() = libc::ENOSYS };
    -1
}

pub(super) use real;

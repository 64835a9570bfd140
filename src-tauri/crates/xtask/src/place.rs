//! Where things lie.

use std::env;
use std::path::{Path, PathBuf};

/// The root of the checkout.
pub fn root() -> PathBuf {
    // This file's crate lies three folders below the root.
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(3).map_or_else(|| PathBuf::from("."), Path::to_path_buf)
}

/// A folder for what may be built again: compiled code and tools. Outside the checkout, so that a second clone reuses it.
pub fn cache() -> PathBuf {
    if let Some(chosen) = env::var_os("PROOFMARK_BUILD_CACHE") {
        return PathBuf::from(chosen);
    }
    let base = if cfg!(windows) {
        env::var_os("LOCALAPPDATA").map(PathBuf::from)
    } else if cfg!(target_os = "macos") {
        env::var_os("HOME").map(|home| PathBuf::from(home).join("Library/Caches"))
    } else {
        env::var_os("XDG_CACHE_HOME")
            .map(PathBuf::from)
            .or_else(|| env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache")))
    };
    base.unwrap_or_else(env::temp_dir).join("proofmark")
}

/// Where cargo puts what it compiles.
pub fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| cache().join("target"), PathBuf::from)
}

/// Where the driver of the real-window tests is installed.
pub fn tools() -> PathBuf {
    cache().join("tools")
}

/// The name of an executable file on this platform.
pub fn executable(name: &str) -> String {
    format!("{name}{}", env::consts::EXE_SUFFIX)
}

/// Looks an executable up on the search path.
pub fn on_path(name: &str) -> Option<PathBuf> {
    let names = [executable(name), format!("{name}.cmd")];
    env::split_paths(&env::var_os("PATH")?)
        .flat_map(|folder| names.iter().map(move |name| folder.join(name)).collect::<Vec<_>>())
        .find(|path| path.is_file())
}

//! Where things lie.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use anyhow::{Context, bail};

use crate::Outcome;

/// The root of the checkout.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map_or_else(|| PathBuf::from("."), Path::to_path_buf)
}

/// A program of ours: named by `variable`, else beside the test itself, where cargo puts it.
///
/// # Errors
/// If it was not built.
pub(crate) fn program(variable: &str, name: &str) -> Outcome<PathBuf> {
    let file = format!("{name}{}", env::consts::EXE_SUFFIX);
    let candidates: Vec<PathBuf> = match env::var_os(variable).filter(|it| !it.is_empty()) {
        Some(named) => vec![PathBuf::from(named)],
        None => {
            let me = env::current_exe().context("finding this test")?;
            me.ancestors().skip(1).take(2).map(|folder| folder.join(&file)).collect()
        }
    };
    match candidates.iter().find(|path| path.is_file()) {
        Some(found) => Ok(found.clone()),
        None => bail!(
            "{name} was not built: set {variable}, or run `cargo xtask test`, which builds it first (looked at {candidates:?})"
        ),
    }
}

/// The driver between WebDriver clients and the window.
///
/// # Errors
/// If it is not installed.
pub(crate) fn driver() -> Outcome<PathBuf> {
    let named = env::var_os("PROOFMARK_DRIVER").filter(|it| !it.is_empty()).map(PathBuf::from);
    let found = named.or_else(|| on_path("tauri-driver")).filter(|path| path.is_file());
    found.context("tauri-driver is not installed: set PROOFMARK_DRIVER, or run `cargo xtask test`, which installs it")
}

/// Looks an executable up on the search path.
pub(crate) fn on_path(name: &str) -> Option<PathBuf> {
    let file = format!("{name}{}", env::consts::EXE_SUFFIX);
    env::split_paths(&env::var_os("PATH")?).map(|folder| folder.join(&file)).find(|path| path.is_file())
}

/// The Python interpreter itself, past shims that need the variables of a login; `None` if this machine has none.
pub fn python() -> Option<&'static Path> {
    static FOUND: OnceLock<Option<PathBuf>> = OnceLock::new();
    FOUND
        .get_or_init(|| {
            let asked = Command::new("python3")
                .args(["-c", "import sys; print(sys.executable)"])
                .stdin(Stdio::null())
                .output()
                .ok()?;
            let path = PathBuf::from(String::from_utf8(asked.stdout).ok()?.trim());
            (asked.status.success() && path.is_file()).then_some(path)
        })
        .as_deref()
}

/// Where pictures of the window go, if anybody wants them.
pub fn screenshots() -> Option<PathBuf> {
    env::var_os("PROOFMARK_SCREENSHOTS").filter(|it| !it.is_empty()).map(PathBuf::from)
}

/// Variables that a program under test may see from outside. Everything else would make a result depend on who runs it.
pub(crate) fn passed_on() -> impl Iterator<Item = (OsString, OsString)> {
    const NAMES: &[&str] = &[
        "PATH",
        "TMPDIR",
        "TEMP",
        "TMP",
        "SystemRoot",
        "ComSpec",
        "PATHEXT",
        "WINDIR",
        "RUST_BACKTRACE",
        "DISPLAY",
        "XAUTHORITY",
        "DBUS_SESSION_BUS_ADDRESS",
        "GDK_BACKEND",
        "GTK_USE_PORTAL",
        "NO_AT_BRIDGE",
        "LD_LIBRARY_PATH",
        "DYLD_LIBRARY_PATH",
    ];
    NAMES.iter().filter_map(|name| env::var_os(name).map(|value| (OsString::from(name), value)))
}

//! Windows. Written with care and not tried yet; the README says so.

use std::path::Path;
use std::process::{Child, Command};

/// Folders below the user's profile are closed to other users already.
pub(crate) fn make_private(_folder: &Path) {}

/// What tells a process from a later one with the same number; `None` if there is no such process.
pub(crate) fn process_token(pid: u32) -> Option<String> {
    if pid == std::process::id() {
        return Some("alive".to_owned());
    }
    let listed = Command::new("tasklist").args(["/FI", &format!("PID eq {pid}"), "/NH", "/FO", "CSV"]).output().ok()?;
    String::from_utf8_lossy(&listed.stdout).contains(&format!("\"{pid}\"")).then(|| "alive".to_owned())
}

/// Milliseconds since this process began.
pub(crate) fn process_age_ms() -> Option<u128> {
    None
}

/// Windows always says it in the environment.
pub(crate) fn account_name() -> Option<String> {
    None
}

/// The working folder and the command line of the process that started this one.
pub(crate) fn command_of_parent() -> Option<(std::path::PathBuf, Vec<std::ffi::OsString>)> {
    None
}

/// Groups are not needed: ending the program is what there is.
pub(crate) fn lead_own_group(_command: &mut Command) {}

/// Ends a program and waits for it. What it started itself goes on.
pub(crate) fn end_group(child: &mut Child) {
    let _ = child.kill();
    let _ = child.wait();
}

//! Linux and macOS.

#[cfg(target_os = "linux")]
use std::ffi::OsStr;
use std::ffi::OsString;
use std::fs;
#[cfg(target_os = "linux")]
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

/// Closes a folder to other users. Where the file system knows no permissions this changes nothing.
pub(crate) fn make_private(folder: &Path) {
    if let Ok(facts) = fs::metadata(folder) {
        let mut permissions = facts.permissions();
        if permissions.mode() & 0o077 != 0 {
            permissions.set_mode(0o700);
            let _ = fs::set_permissions(folder, permissions);
        }
    }
}

/// What tells a process from a later one with the same number; `None` if there is no such process.
#[cfg(target_os = "linux")]
pub(crate) fn process_token(pid: u32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name of the program stands in parentheses and may hold spaces; the 20th field after it is the start time.
    let after_name = stat.rsplit_once(')')?.1;
    let state = after_name.split_whitespace().next()?;
    if matches!(state, "Z" | "X") {
        return None;
    }
    let started = after_name.split_whitespace().nth(19)?;
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    Some(format!("{}:{started}", boot.trim()))
}

/// What tells a process from a later one with the same number; `None` if there is no such process.
#[cfg(not(target_os = "linux"))]
pub(crate) fn process_token(pid: u32) -> Option<String> {
    let pid = i32::try_from(pid).ok()?;
    // SAFETY: signal 0 only asks whether the process is there.
    let alive = unsafe { libc::kill(pid, 0) } == 0;
    alive.then(|| "alive".to_owned())
}

/// Milliseconds since this process began.
#[cfg(target_os = "linux")]
pub(crate) fn process_age_ms() -> Option<u128> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    let ticks: u128 = stat.rsplit_once(')')?.1.split_whitespace().nth(19)?.parse().ok()?;
    let uptime: f64 = fs::read_to_string("/proc/uptime").ok()?.split_whitespace().next()?.parse().ok()?;
    // SAFETY: asks for a constant of the system.
    let per_second = u128::try_from(unsafe { libc::sysconf(libc::_SC_CLK_TCK) }).ok().filter(|it| *it > 0)?;
    Some(((uptime * 1000.0) as u128).saturating_sub(ticks * 1000 / per_second))
}

/// Milliseconds since this process began.
#[cfg(not(target_os = "linux"))]
pub(crate) fn process_age_ms() -> Option<u128> {
    None
}

/// The working folder and the command line of the process that started this one.
#[cfg(target_os = "linux")]
pub(crate) fn command_of_parent() -> Option<(PathBuf, Vec<OsString>)> {
    let parent = std::os::unix::process::parent_id();
    let folder = fs::read_link(format!("/proc/{parent}/cwd")).ok()?;
    let line = fs::read(format!("/proc/{parent}/cmdline")).ok()?;
    let words = line.split(|byte| *byte == 0).filter(|word| !word.is_empty());
    Some((folder, words.map(|word| OsStr::from_bytes(word).to_owned()).collect()))
}

/// The working folder and the command line of the process that started this one.
#[cfg(not(target_os = "linux"))]
pub(crate) fn command_of_parent() -> Option<(PathBuf, Vec<OsString>)> {
    None
}

/// The name of the account that this process runs under, where the environment does not say it.
pub(crate) fn account_name() -> Option<String> {
    // SAFETY: asks for a number.
    let uid = unsafe { libc::getuid() };
    let accounts = fs::read_to_string("/etc/passwd").ok()?;
    accounts.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(uid)).then(|| name.to_owned())
    })
}

/// Makes a program the leader of a group of its own, so that it can be ended with all that it starts.
pub(crate) fn lead_own_group(command: &mut Command) {
    command.process_group(0);
}

/// Ends a program that leads its own group, with its group, and waits for it.
pub(crate) fn end_group(child: &mut Child) {
    // A child that was waited for already no longer bears its number.
    if let Ok(None) = child.try_wait()
        && let Ok(pid) = libc::pid_t::try_from(child.id())
    {
        // SAFETY: the group is that of our own child, which has not been waited for, so its number is still its own.
        unsafe { libc::kill(-pid, libc::SIGKILL) };
    }
    let _ = child.wait();
}

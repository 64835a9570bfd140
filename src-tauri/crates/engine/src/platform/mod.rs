//! What differs between operating systems.

mod keychain;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub(crate) use unix::*;
#[cfg(windows)]
pub(crate) use windows::*;

pub use keychain::Keychain;
use proofmark_ledger::Owner;

/// This process, so that a later one can tell whether it still lives.
pub(crate) fn owner() -> Owner {
    let pid = std::process::id();
    Owner { pid, token: process_token(pid).unwrap_or_default() }
}

/// Whether the process that left something unfinished is gone.
pub(crate) fn is_gone(owner: &Owner) -> bool {
    process_token(owner.pid).is_none_or(|token| token != owner.token)
}

/// The name of the user, as the operating system knows them.
pub(crate) fn user_name() -> String {
    ["USER", "USERNAME", "LOGNAME"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
        .or_else(account_name)
        .unwrap_or_else(|| "unknown user".to_owned())
}

/// A sentence about the machine.
pub(crate) fn system() -> String {
    format!("{} on {}", std::env::consts::OS, std::env::consts::ARCH)
}

/// The name of this machine on its network.
pub(crate) fn host_name() -> String {
    #[cfg(unix)]
    let own = {
        let mut buffer = [0u8; 256];
        // SAFETY: the buffer is ours and its length is given.
        let answer = unsafe { libc::gethostname(buffer.as_mut_ptr().cast(), buffer.len() - 1) };
        let end = buffer.iter().position(|byte| *byte == 0).unwrap_or(0);
        (answer == 0).then(|| String::from_utf8_lossy(&buffer[..end]).into_owned())
    };
    #[cfg(not(unix))]
    let own = std::env::var("COMPUTERNAME").ok();
    own.filter(|name| !name.is_empty()).unwrap_or_else(|| "localhost".to_owned())
}

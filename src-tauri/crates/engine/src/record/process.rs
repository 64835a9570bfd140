//! Starts a process, passes its output on, and waits for its end.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::lock;
use crate::trouble::{Answer, io_trouble};

/// How a process ended.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Ended {
    pub(crate) exit_code: Option<i32>,
    pub(crate) signal: Option<i32>,
    /// Largest resident memory of the process and of its children that it waited for, in bytes.
    pub(crate) peak_memory: Option<u64>,
    pub(crate) log_truncated: bool,
}

/// Where the output of the process goes besides the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Echo {
    /// Output to output, errors to errors.
    AsIs,
    /// All of it to errors, because the output is a document of ours.
    ToErrors,
    /// Nowhere.
    Silent,
}

/// Starts the command, keeps its output up to `log_limit` bytes, and waits.
pub(crate) fn run(
    argv: &[OsString],
    folder: &Path,
    environment: &BTreeMap<OsString, OsString>,
    echo: Echo,
    log_limit: u64,
    keep_log: &(dyn Fn(&[u8]) + Sync),
) -> Answer<Ended> {
    let Some((program, arguments)) = argv.split_first() else {
        return Err(crate::Trouble::new(proofmark_contract::ErrorCode::InvalidRequest, "There is no command to run.")
            .hint("Write it after two dashes: proofmark run -- python train.py"));
    };
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder).envs(environment).stdout(Stdio::piped()).stderr(Stdio::piped());
    if echo == Echo::Silent {
        command.stdin(Stdio::null());
    }
    let mut child = command.spawn().map_err(|error| {
        io_trouble("starting", Path::new(program), &error)
            .hint("Check the spelling, and that the program is on the search path.")
    })?;
    let _forward = signals::forward_to(child.id());
    let (output, errors) = (child.stdout.take(), child.stderr.take());
    let kept = AtomicU64::new(0);
    let truncated = AtomicBool::new(false);
    // Lines of both streams must not tear each other apart.
    let turn = Mutex::new(());
    let pass = |stream: Option<Box<dyn Read + Send>>, is_output: bool| {
        let Some(mut stream) = stream else { return };
        let mut buffer = [0u8; 16 * 1024];
        loop {
            let length = match stream.read(&mut buffer) {
                Ok(0) => return,
                Ok(length) => length,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(_) => return,
            };
            let bytes = &buffer[..length];
            let _turn = lock(&turn);
            // Whoever reads our output may have gone away; the process and its log go on.
            let _ = match (echo, is_output) {
                (Echo::AsIs, true) => std::io::stdout().write_all(bytes).and_then(|()| std::io::stdout().flush()),
                (Echo::AsIs, false) | (Echo::ToErrors, _) => std::io::stderr().write_all(bytes),
                (Echo::Silent, _) => Ok(()),
            };
            let before = kept.load(Ordering::Relaxed);
            let room = log_limit.saturating_sub(before).min(length as u64) as usize;
            if room < length {
                truncated.store(true, Ordering::Relaxed);
            }
            if room > 0 {
                kept.store(before + room as u64, Ordering::Relaxed);
                keep_log(&bytes[..room]);
            }
        }
    };
    let mut ended = std::thread::scope(|scope| {
        scope.spawn(|| pass(output.map(|it| Box::new(it) as Box<dyn Read + Send>), true));
        scope.spawn(|| pass(errors.map(|it| Box::new(it) as Box<dyn Read + Send>), false));
        wait(&mut child)
    })
    .map_err(|error| io_trouble("waiting for", Path::new(program), &error))?;
    ended.log_truncated = truncated.load(Ordering::Relaxed);
    Ok(ended)
}

#[cfg(unix)]
fn wait(child: &mut Child) -> std::io::Result<Ended> {
    use std::os::unix::process::ExitStatusExt;
    let pid = child.id() as libc::pid_t;
    let mut status = 0;
    // SAFETY: an all-zero `rusage` is a valid one.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    loop {
        // SAFETY: `pid` is our own child that nobody has waited for, and both places are ours to write to.
        let answer = unsafe { libc::wait4(pid, &raw mut status, 0, &raw mut usage) };
        if answer == pid {
            break;
        }
        let error = std::io::Error::last_os_error();
        if error.kind() != std::io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
    // Linux counts in KiB, macOS in bytes.
    let unit = if cfg!(target_os = "macos") { 1 } else { 1024 };
    let status = ExitStatus::from_raw(status);
    Ok(Ended {
        exit_code: status.code(),
        signal: status.signal(),
        peak_memory: u64::try_from(usage.ru_maxrss).ok().map(|peak| peak * unit),
        log_truncated: false,
    })
}

#[cfg(not(unix))]
fn wait(child: &mut Child) -> std::io::Result<Ended> {
    let status: ExitStatus = child.wait()?;
    Ok(Ended { exit_code: status.code(), ..Ended::default() })
}

/// While the process runs, Ctrl-C and a request to end are for it: we stay to write down how it ended.
#[cfg(unix)]
mod signals {
    use std::sync::atomic::{AtomicI32, Ordering};

    static CHILD: AtomicI32 = AtomicI32::new(0);

    extern "C" fn pass_on(signal: libc::c_int) {
        let child = CHILD.load(Ordering::Relaxed);
        if child > 0 {
            // SAFETY: `kill` may be called in a signal handler.
            unsafe { libc::kill(child, signal) };
        }
    }

    pub(super) struct Forward {
        before: Vec<(libc::c_int, libc::sighandler_t)>,
    }

    impl Drop for Forward {
        fn drop(&mut self) {
            CHILD.store(0, Ordering::Relaxed);
            for (signal, handler) in &self.before {
                // SAFETY: puts back what was there.
                unsafe { libc::signal(*signal, *handler) };
            }
        }
    }

    /// The terminal sends Ctrl-C to the process as well, so only a request that comes to us alone is passed on.
    pub(super) fn forward_to(child: u32) -> Forward {
        CHILD.store(i32::try_from(child).unwrap_or(0), Ordering::Relaxed);
        // SAFETY: installs a handler that only calls `kill`; the child was started before and keeps its own handlers.
        let before = unsafe {
            vec![
                (libc::SIGINT, libc::signal(libc::SIGINT, libc::SIG_IGN)),
                (libc::SIGTERM, libc::signal(libc::SIGTERM, pass_on as *const () as libc::sighandler_t)),
                (libc::SIGHUP, libc::signal(libc::SIGHUP, pass_on as *const () as libc::sighandler_t)),
            ]
        };
        Forward { before }
    }
}

#[cfg(not(unix))]
mod signals {
    pub(super) struct Forward;

    /// The console sends Ctrl-C to every process of its group.
    pub(super) fn forward_to(_child: u32) -> Forward {
        Forward
    }
}

//! Processes that a test started, and nobody else's.

use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::Context;

use crate::{Outcome, wait};

/// A process that ends when the test does, however the test ends.
#[derive(Debug)]
pub struct OwnedChild {
    child: Child,
    with_descendants: bool,
}

impl OwnedChild {
    /// Starts it. With `with_descendants`, everything that it starts itself ends with it.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn start(command: &mut Command, with_descendants: bool) -> Outcome<Self> {
        #[cfg(unix)]
        if with_descendants {
            std::os::unix::process::CommandExt::process_group(command, 0);
        }
        let child = command.spawn().with_context(|| format!("starting {:?}", command.get_program()))?;
        Ok(Self { child, with_descendants })
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, if it did.
    ///
    /// # Errors
    /// If the system cannot tell.
    pub fn ended(&mut self) -> Outcome<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// If it does not end in time; it is killed then.
    pub fn wait(&mut self, patience: Duration) -> Outcome<ExitStatus> {
        let ended = wait::until_for(patience, "the end of a process", || Ok(self.child.try_wait()?));
        if ended.is_err() {
            self.kill();
        }
        ended
    }

    /// Kills it without a chance to tidy up, as a power cut would.
    pub fn kill(&mut self) {
        if self.with_descendants && cfg!(unix) {
            kill_now(&format!("-{}", self.child.id()));
        }
        // It may be gone already, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for OwnedChild {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Kills one process, or with a leading `-` one process group, that the test started.
pub fn kill_now(id: &str) {
    let _ = Command::new("kill").args(["-KILL", "--", id]).stdout(Stdio::null()).stderr(Stdio::null()).status();
}

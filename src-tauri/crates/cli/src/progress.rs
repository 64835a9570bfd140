//! How far long work is, on standard error: one line that is rewritten on a terminal, a line now and then elsewhere.

use std::io::{self, IsTerminal, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::text::{bytes, count, cut, safe};

/// Columns of a line on a terminal; more could wrap, and a wrapped line cannot be rewritten.
const WIDTH: usize = 78;

/// Between two drawings on a terminal.
const REDRAW: Duration = Duration::from_millis(100);

/// Between two lines where there is no terminal.
const SPARSE: Duration = Duration::from_secs(5);

/// Draws progress.
#[derive(Debug)]
pub struct Progress {
    shown: bool,
    terminal: bool,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    last: Instant,
    open: bool,
}

impl Progress {
    /// Draws on standard error unless `quiet`.
    pub fn new(quiet: bool) -> Self {
        Self {
            shown: !quiet,
            terminal: io::stderr().is_terminal(),
            state: Mutex::new(State { last: Instant::now(), open: false }),
        }
    }

    /// Shows how far it is. Cheap enough to call for every file.
    pub fn show(&self, title: &str, done: u64, total: Option<u64>, unit: &str, detail: &str) {
        if !self.shown {
            return;
        }
        let mut state = self.state();
        if state.last.elapsed() < if self.terminal { REDRAW } else { SPARSE } {
            return;
        }
        state.last = Instant::now();
        state.open = self.terminal;
        let line = line(title, done, total, unit, detail);
        // Progress that cannot be shown is no reason to stop the work.
        let _ = if self.terminal {
            write!(io::stderr(), "\r\x1b[2K{}", cut(&line, WIDTH))
        } else {
            writeln!(io::stderr(), "{line}")
        };
    }

    /// Takes the line away, so that something else can be written.
    pub fn clear(&self) {
        let mut state = self.state();
        if state.open {
            state.open = false;
            let _ = write!(io::stderr(), "\r\x1b[2K");
        }
    }

    /// Says something to people beside the answer.
    pub fn say(&self, text: &str) {
        if self.shown {
            self.clear();
            let _ = writeln!(io::stderr(), "{}", safe(text));
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn line(title: &str, done: u64, total: Option<u64>, unit: &str, detail: &str) -> String {
    let amount = match (unit, total) {
        ("bytes", Some(total)) => format!("{} of {}", bytes(done), bytes(total)),
        ("bytes", None) => bytes(done),
        ("percent", _) => format!("{done} %"),
        (_, Some(total)) => format!("{} of {} {unit}", count(done), count(total)),
        (_, None) => format!("{} {unit}", count(done)),
    };
    let detail = if detail.is_empty() { String::new() } else { format!(" · {}", safe(detail)) };
    format!("{}: {amount}{detail}", safe(title))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_what_how_far_and_at_which_file() {
        assert_eq!(
            line("Scanning credit", 1_200, Some(20_000), "files", "data/a.csv"),
            "Scanning credit: 1,200 of 20,000 files · data/a.csv"
        );
        assert_eq!(line("Verifying shared", 2_048, Some(4_096), "bytes", ""), "Verifying shared: 2.0 KiB of 4.0 KiB");
        assert_eq!(line("Comparing", 40, Some(100), "percent", "classifier"), "Comparing: 40 % · classifier");
        assert_eq!(
            line("Scanning x", 3, None, "files", "a\rb"),
            "Scanning x: 3 files · a\\rb",
            "a file's name must not rewrite the line"
        );
    }
}

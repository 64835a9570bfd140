//! Runs commands one after the other, says which and how long each took, and counts tests.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::place;

/// What failed, in a sentence for a person.
pub type Outcome<T = ()> = Result<T, String>;

/// Tests that ran and how they ended.
#[derive(Debug, Default, Clone, Copy)]
pub struct Tally {
    /// Ended well.
    pub passed: u64,
    /// Did not.
    pub failed: u64,
}

/// Numbered steps with their times.
pub struct Steps {
    total: usize,
    done: usize,
    started: Instant,
    /// Tests counted so far.
    pub tally: Tally,
}

impl Steps {
    pub fn new(total: usize) -> Self {
        Self { total, done: 0, started: Instant::now(), tally: Tally::default() }
    }

    /// Announces a step and runs it.
    pub fn step<T>(&mut self, what: &str, work: impl FnOnce(&mut Self) -> Outcome<T>) -> Outcome<T> {
        self.done += 1;
        eprintln!("\n[{}/{}] {what}", self.done, self.total);
        let began = Instant::now();
        let value = work(self).map_err(|trouble| format!("{what}: {trouble}"))?;
        eprintln!("      done in {}", seconds(began));
        Ok(value)
    }

    pub fn elapsed(&self) -> String {
        seconds(self.started)
    }
}

fn seconds(since: Instant) -> String {
    let all = since.elapsed().as_secs_f64();
    if all < 90.0 { format!("{all:.1} s") } else { format!("{} min {:02} s", all as u64 / 60, all as u64 % 60) }
}

/// A command in the root of the checkout, with the shared target folder.
///
/// Cargo describes the package that it runs (this one) in the environment. Build scripts that watch those variables would see other values than in
/// a build started by hand and compile half the tree anew, so they are left out.
pub fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(place::root()).env("CARGO_TARGET_DIR", place::target());
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(describes_a_package) {
            command.env_remove(name);
        }
    }
    command
}

fn describes_a_package(variable: &str) -> bool {
    ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_CRATE_", "CARGO_BIN_", "CARGO_PRIMARY_PACKAGE"]
        .iter()
        .any(|start| variable.starts_with(start))
}

/// Cargo as it was called for us.
pub fn cargo() -> Command {
    command(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// npm in the folder of the window's pages.
pub fn npm() -> Outcome<Command> {
    let npm = place::on_path("npm")
        .ok_or("npm is not on the search path. Install Node.js 20.19 or newer, which brings it.")?;
    let mut command = command(npm);
    command.current_dir(place::root().join("ui"));
    Ok(command)
}

/// Runs a command with its output on ours.
pub fn run(command: &mut Command) -> Outcome {
    let status = command.status().map_err(|error| format!("`{}` could not be started: {error}", shown(command)))?;
    if status.success() { Ok(()) } else { Err(format!("`{}` ended with {status}", shown(command))) }
}

/// Runs a command, passes its output on line by line and counts the tests that it reports.
pub fn run_counting(command: &mut Command, tally: &mut Tally) -> Outcome {
    let shown = shown(command);
    let mut child =
        command.stdout(Stdio::piped()).spawn().map_err(|error| format!("`{shown}` could not be started: {error}"))?;
    if let Some(output) = child.stdout.take() {
        for line in BufReader::new(output).split(b'\n') {
            let line = line.map_err(|error| format!("the output of `{shown}` could not be read: {error}"))?;
            let line = String::from_utf8_lossy(&line);
            println!("{line}");
            count(&line, tally);
        }
    }
    let status = child.wait().map_err(|error| format!("`{shown}` was lost: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("`{shown}` ended with {status}")) }
}

/// Reads the closing lines of cargo's test harness (`test result: ok. 3 passed; 0 failed; …`) and of vitest (`Tests  12 passed (12)`).
fn count(line: &str, tally: &mut Tally) {
    let plain: String = strip_colours(line);
    let plain = plain.trim();
    let closing = plain
        .strip_prefix("test result:")
        .map(|rest| rest.replace(';', " "))
        .or_else(|| plain.strip_prefix("Tests ").map(|rest| rest.replace('|', " ")));
    let Some(closing) = closing else { return };
    let words: Vec<&str> = closing.split_whitespace().collect();
    for pair in words.windows(2) {
        if let Ok(number) = pair[0].parse::<u64>() {
            match pair[1] {
                "passed" => tally.passed += number,
                "failed" => tally.failed += number,
                _ => {}
            }
        }
    }
}

fn strip_colours(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        if letter == '\u{1b}' {
            // A colour ends with a letter.
            for rest in letters.by_ref() {
                if rest.is_ascii_alphabetic() {
                    break;
                }
            }
        } else {
            plain.push(letter);
        }
    }
    plain
}

fn shown(command: &Command) -> String {
    std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(|part| part.to_string_lossy().into_owned())
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_lines_of_both_runners_are_counted() {
        let mut tally = Tally::default();
        count(
            "test result: ok. 3 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.1s",
            &mut tally,
        );
        count(
            "\u{1b}[2m      Tests \u{1b}[22m \u{1b}[1m\u{1b}[32m12 passed\u{1b}[39m\u{1b}[22m\u{1b}[90m (12)\u{1b}[39m",
            &mut tally,
        );
        count("running 3 tests", &mut tally);
        assert_eq!((tally.passed, tally.failed), (15, 1), "both runners' lines, and nothing else, are counted");
    }
}

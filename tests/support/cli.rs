//! The command line, driven as other programs drive it: with `--json`, and with an eye on the exit code.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{Read, Seek};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use serde_json::{Deserializer, Value};

use crate::{Outcome, OwnedChild, PASSPHRASE, place};

/// Longer than any command of a test may take, also unoptimised on a busy machine.
const LONGEST: Duration = Duration::from_secs(240);

/// The `proofmark` command with a home of its own.
#[derive(Debug, Clone)]
pub struct Cli {
    program: PathBuf,
    home: PathBuf,
    user_home: PathBuf,
    passphrase: String,
}

/// What a command answered.
#[derive(Debug)]
pub struct Answer {
    /// What was asked, for messages.
    pub asked: String,
    /// The exit code; `None` if a signal ended it.
    pub code: Option<i32>,
    /// All that it printed.
    pub output: Vec<u8>,
    /// All that it printed for people.
    pub errors: String,
}

impl Cli {
    pub(crate) fn new(sandbox: &Path, home: PathBuf) -> Outcome<Self> {
        let program = place::program("PROOFMARK_CLI", "proofmark")?;
        Ok(Self { program, home, user_home: sandbox.join("user"), passphrase: PASSPHRASE.to_owned() })
    }

    /// Where its ledger and keys lie.
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// The same with another passphrase.
    #[must_use]
    pub fn with_passphrase(&self, passphrase: &str) -> Self {
        Self { passphrase: passphrase.to_owned(), ..self.clone() }
    }

    /// The bare command, in a clean environment, ready for arguments.
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.env_clear().envs(place::passed_on());
        command.env("PROOFMARK_HOME", &self.home).env("PROOFMARK_PASSPHRASE", &self.passphrase);
        command
            .env("HOME", &self.user_home)
            .env("USERPROFILE", &self.user_home)
            .env("LANG", "C.UTF-8")
            .env("TZ", "UTC");
        // Without a bus there is no keychain: a test must never reach that of the person who runs it.
        command.env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus");
        command.stdin(Stdio::null());
        command
    }

    /// Runs it with `--json` and waits for its end.
    ///
    /// # Errors
    /// If it cannot be started or does not end.
    pub fn ask<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Outcome<Answer> {
        self.ask_in(&self.home, arguments)
    }

    /// The same in a working directory.
    ///
    /// # Errors
    /// As [`Cli::ask`].
    pub fn ask_in<A: AsRef<OsStr>>(&self, folder: &Path, arguments: impl IntoIterator<Item = A>) -> Outcome<Answer> {
        let mut command = self.command();
        command.current_dir(folder).arg("--json").args(arguments);
        finish(&mut command)
    }

    /// Runs it and expects success.
    ///
    /// # Errors
    /// If it does not exit with 0 and one document.
    pub fn ok<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Outcome<Value> {
        self.ask(arguments)?.document(0)
    }

    /// Starts it without `--json`, with its standard output in a file that can be read while it runs.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn stream<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Outcome<Stream> {
        let file = tempfile::NamedTempFile::new()?;
        let mut command = self.command();
        command.current_dir(&self.home).args(arguments).stdout(file.reopen()?).stderr(Stdio::null());
        Ok(Stream { child: OwnedChild::start(&mut command, true)?, file })
    }

    /// Starts it without waiting, for tests that end it in the middle.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn start<A: AsRef<OsStr>>(&self, folder: &Path, arguments: impl IntoIterator<Item = A>) -> Outcome<OwnedChild> {
        let mut command = self.command();
        command.current_dir(folder).arg("--json").args(arguments).stdout(Stdio::null()).stderr(Stdio::null());
        OwnedChild::start(&mut command, true)
    }
}

/// A command that prints one JSON object per line for as long as it runs.
#[derive(Debug)]
pub struct Stream {
    /// The process.
    pub child: OwnedChild,
    file: tempfile::NamedTempFile,
}

impl Stream {
    /// What it printed until now. A line that is not complete yet is left for later.
    ///
    /// # Errors
    /// If a line is no JSON.
    pub fn lines(&self) -> Outcome<Vec<Value>> {
        let text = std::fs::read_to_string(self.file.path())?;
        let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
        whole
            .lines()
            .map(|line| serde_json::from_str(line).with_context(|| format!("a line is no JSON: {line}")))
            .collect()
    }

    /// Waits for a line that fits.
    ///
    /// # Errors
    /// If none comes in time.
    pub fn wait_for(&self, what: &str, fits: impl Fn(&Value) -> bool) -> Outcome<Value> {
        crate::until(what, || Ok(self.lines()?.into_iter().find(|line| fits(line))))
            .with_context(|| format!("the lines were {:?}", self.lines().unwrap_or_default()))
    }
}

/// Runs a command to its end with its output in files, so that no pipe can fill up.
fn finish(command: &mut Command) -> Outcome<Answer> {
    let words: Vec<OsString> =
        std::iter::once(command.get_program()).chain(command.get_args()).map(OsStr::to_owned).collect();
    let asked = words.iter().map(|it| it.to_string_lossy()).collect::<Vec<_>>().join(" ");
    let (mut output, mut errors) = (tempfile::tempfile()?, tempfile::tempfile()?);
    command.stdout(output.try_clone()?).stderr(errors.try_clone()?);
    let mut child = OwnedChild::start(command, true)?;
    let ended: ExitStatus = child.wait(LONGEST).with_context(|| asked.clone())?;
    Ok(Answer {
        asked,
        code: ended.code(),
        output: content(&mut output)?,
        errors: String::from_utf8_lossy(&content(&mut errors)?).into_owned(),
    })
}

fn content(file: &mut File) -> Outcome<Vec<u8>> {
    let mut bytes = Vec::new();
    file.rewind()?;
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

impl Answer {
    /// The one document, if the exit code is `code`.
    ///
    /// # Errors
    /// If the exit code is another, or standard output is not exactly one document with a schema.
    pub fn document(&self, code: i32) -> Outcome<Value> {
        ensure!(self.code == Some(code), "`{}` exited with {:?}, not {code}.\n{}", self.asked, self.code, self.told());
        let document = self.one_document()?;
        let schema = document["schema"].as_str().unwrap_or_default();
        ensure!(
            schema.starts_with("proofmark/") && schema.ends_with("/1"),
            "`{}` names no schema: {schema:?}",
            self.asked
        );
        Ok(document)
    }

    /// The error that it answered, if the exit code is `code` and the error is of the sort `sort`.
    ///
    /// # Errors
    /// If it is no error, another one, or one that does not say what happened and what to do.
    pub fn error(&self, code: i32, sort: &str) -> Outcome<Value> {
        let document = self.document(code)?;
        let error = &document["error"];
        let Some(message) = error["message"].as_str().filter(|it| !it.trim().is_empty()) else {
            bail!("`{}` failed without saying why.\n{}", self.asked, self.told());
        };
        ensure!(error["code"] == sort, "`{}` answered {}, not {sort}: {message}", self.asked, error["code"]);
        let hints = error["hints"].as_array().with_context(|| format!("`{}` has no list of hints", self.asked))?;
        ensure!(hints.iter().all(Value::is_string), "`{}` has hints that are no text", self.asked);
        for raw in ["os error", "Os {", "panicked", "unwrap", "called `"] {
            ensure!(!message.contains(raw), "`{}` shows people our insides ({raw:?}): {message}", self.asked);
        }
        Ok(error.clone())
    }

    /// An error that also says what to do next.
    ///
    /// # Errors
    /// As [`Answer::error`], and if there is no hint.
    pub fn error_with_hint(&self, code: i32, sort: &str) -> Outcome<Value> {
        let error = self.error(code, sort)?;
        // The next step stands in the hints, or as a sentence of its own at the end of the message.
        let told = error["message"].as_str().is_some_and(|message| message.contains(". ") || message.contains("; "));
        let helpful = told || error["hints"].as_array().is_some_and(|hints| !hints.is_empty());
        ensure!(helpful, "`{}` does not say what to do next: {}", self.asked, error["message"]);
        Ok(error)
    }

    fn one_document(&self) -> Outcome<Value> {
        let documents: Result<Vec<Value>, _> = Deserializer::from_slice(&self.output).into_iter().collect();
        let documents =
            documents.with_context(|| format!("`{}` printed what is no JSON.\n{}", self.asked, self.told()))?;
        ensure!(
            documents.len() == 1,
            "`{}` printed {} documents, not one.\n{}",
            self.asked,
            documents.len(),
            self.told()
        );
        documents.into_iter().next().context("no document")
    }

    /// Everything that it said, cut to a length that people read.
    pub fn told(&self) -> String {
        let cut = |text: &str| text.chars().take(2_000).collect::<String>();
        format!("--- output\n{}\n--- errors\n{}", cut(&String::from_utf8_lossy(&self.output)), cut(&self.errors))
    }
}

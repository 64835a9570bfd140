//! What a command answers: one document for programs or text for people, and an exit code.

use std::io::{self, IsTerminal, Write};

use proofmark_contract::{ErrorBody, ErrorCode};
use serde::Serialize;

use crate::text::safe;

/// It was done.
pub const DONE: i32 = 0;
/// A check, gate or verification failed.
pub const FAILED: i32 = 1;
/// Wrong usage or configuration; also: not found, unreadable, not permitted.
pub const USAGE: i32 = 2;
/// Somebody else holds what is needed.
pub const BUSY: i32 = 3;
/// Our fault.
pub const OURS: i32 = 70;
/// A person stopped it, as shells say it: 128 and the number of the interrupt signal.
pub const STOPPED: i32 = 130;

/// What a command answers, or why it cannot.
pub type Outcome = Result<Reply, ErrorBody>;

/// What a command answers.
#[derive(Debug, PartialEq, Eq)]
pub struct Reply {
    /// To print; ends with a line break unless empty.
    pub output: String,
    /// Whether it goes to standard error, because standard output belongs to somebody else.
    pub to_errors: bool,
    /// The exit code.
    pub code: i32,
}

impl Reply {
    /// Nothing to print.
    pub const fn silent() -> Self {
        Self { output: String::new(), to_errors: false, code: DONE }
    }

    /// The same with another exit code.
    #[must_use]
    pub const fn with_code(mut self, code: i32) -> Self {
        self.code = code;
        self
    }

    /// Fails with [`FAILED`] unless `passed`.
    #[must_use]
    pub const fn passed(self, passed: bool) -> Self {
        self.with_code(if passed { DONE } else { FAILED })
    }

    /// Writes it where it belongs. A reader that went away, as `head` does, is no error.
    ///
    /// # Errors
    /// If the output cannot be written for another reason.
    pub fn print(&self) -> io::Result<()> {
        if self.to_errors {
            write(&mut io::stderr().lock(), &self.output)
        } else {
            write(&mut io::stdout().lock(), &self.output)
        }
    }
}

/// Writes and flushes; a reader that went away is no error.
pub fn write(to: &mut impl Write, text: &str) -> io::Result<()> {
    match to.write_all(text.as_bytes()).and_then(|()| to.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

#[derive(Serialize)]
struct Document<'a, T> {
    schema: String,
    #[serde(flatten)]
    body: &'a T,
}

/// The document of a command, with its schema in front. Indented where a person looks at it.
///
/// # Errors
/// If the answer has a form that JSON has not, which is our fault.
pub fn document<T: Serialize>(command: &str, body: &T) -> Result<String, ErrorBody> {
    if !io::stdout().is_terminal() {
        return document_line(command, body);
    }
    ended(serde_json::to_string_pretty(&Document { schema: format!("proofmark/{command}/1"), body }))
}

/// The same on one line, for a command that prints one document after another.
///
/// # Errors
/// If the answer has a form that JSON has not, which is our fault.
pub fn document_line<T: Serialize>(command: &str, body: &T) -> Result<String, ErrorBody> {
    ended(serde_json::to_string(&Document { schema: format!("proofmark/{command}/1"), body }))
}

fn ended(written: serde_json::Result<String>) -> Result<String, ErrorBody> {
    written
        .map(|text| text + "\n")
        .map_err(|error| ErrorBody::new(ErrorCode::Internal, format!("The answer could not be written down: {error}.")))
}

/// The document of an error.
pub fn error_document(error: &ErrorBody) -> String {
    // A code, a text and a list of texts always have a JSON form.
    serde_json::json!({"schema": "proofmark/error/1", "error": error}).to_string() + "\n"
}

/// An error for people.
pub fn error_text(error: &ErrorBody) -> String {
    let mut text = format!("proofmark: {}\n", safe(&error.message));
    for hint in &error.hints {
        text.push_str(&format!("  {}\n", safe(hint)));
    }
    text
}

/// The exit code of an error.
pub const fn exit_code(code: ErrorCode) -> i32 {
    match code {
        ErrorCode::Blocked | ErrorCode::VerificationFailed => FAILED,
        ErrorCode::Busy => BUSY,
        ErrorCode::Cancelled => STOPPED,
        ErrorCode::Internal => OURS,
        ErrorCode::InvalidRequest
        | ErrorCode::NotFound
        | ErrorCode::AlreadyExists
        | ErrorCode::PermissionDenied
        | ErrorCode::Unreadable
        | ErrorCode::Storage
        | ErrorCode::LedgerNewer
        | ErrorCode::LedgerDamaged
        | ErrorCode::NoIdentity
        | ErrorCode::WrongPassphrase
        | ErrorCode::NoRegistry
        | ErrorCode::RegistryUnavailable => USAGE,
    }
}

/// A request that is not of the form that the command takes.
pub fn wrong(message: impl Into<String>) -> ErrorBody {
    ErrorBody::new(ErrorCode::InvalidRequest, message)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn exit_codes_are_those_that_scripts_rely_on() {
        for (code, expected) in [
            (ErrorCode::Blocked, 1),
            (ErrorCode::VerificationFailed, 1),
            (ErrorCode::NotFound, 2),
            (ErrorCode::Unreadable, 2),
            (ErrorCode::PermissionDenied, 2),
            (ErrorCode::Busy, 3),
            (ErrorCode::Internal, 70),
        ] {
            assert_eq!(exit_code(code), expected, "{code:?}");
        }
    }

    #[test]
    fn a_document_names_its_schema_beside_its_fields() {
        let text = document("runs-list", &serde_json::json!({"runs": [], "total": 0})).unwrap();
        let read: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(read, serde_json::json!({"schema": "proofmark/runs-list/1", "runs": [], "total": 0}));
    }

    #[test]
    fn an_error_says_the_same_to_programs_and_people() {
        let error = ErrorBody::new(ErrorCode::NotFound, "There is no file a\u{1b}[2J.").hint("Look again.");
        let read: serde_json::Value = serde_json::from_str(&error_document(&error)).unwrap();
        assert_eq!(read["error"]["code"], "not_found");
        assert_eq!(read["error"]["hints"], serde_json::json!(["Look again."]));
        assert_eq!(
            error_text(&error),
            "proofmark: There is no file a\\u{1b}[2J.\n  Look again.\n",
            "a name must not drive the terminal"
        );
    }

    struct Gone(io::ErrorKind);

    impl Write for Gone {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_that_went_away_is_no_error() {
        assert!(write(&mut Gone(io::ErrorKind::BrokenPipe), "text").is_ok());
        assert!(write(&mut Gone(io::ErrorKind::StorageFull), "text").is_err(), "a full disk is one");
    }
}

//! `proofmark`: the same engine as the window's, for a terminal and for other programs.
//!
//! One method of the engine per command. With `--json` exactly one document goes to standard output; progress and remarks always
//! go to standard error. Exit codes: see [`reply`].

mod commands;
mod context;
mod moment;
mod progress;
mod reply;
mod secret;
mod text;

use std::ffi::{OsStr, OsString};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

use clap::Parser;
use clap::error::ErrorKind;
use proofmark_contract::{ErrorBody, ErrorCode};

use crate::commands::Command;
use crate::context::Context;
use crate::reply::{DONE, OURS, Reply, error_document, error_text, exit_code};

/// Keeps the proof of machine-learning models: what they came from, whether their data was fit, who approved them.
#[derive(Debug, Parser)]
#[command(
    name = "proofmark",
    version,
    arg_required_else_help = true,
    after_help = "Exit codes: 0 done · 1 a check, gate or verification failed · 2 wrong usage, not found or not readable · 3 busy · 70 our fault · 130 stopped by a person"
)]
struct Arguments {
    /// Prints one JSON document on standard output
    #[arg(long, global = true)]
    json: bool,
    /// The folder of ledger and keys; else PROOFMARK_HOME, else the platform's own place
    #[arg(long, global = true, value_name = "DIR")]
    home: Option<PathBuf>,
    /// Shows neither progress nor text
    #[arg(long, short, global = true)]
    quiet: bool,
    #[command(subcommand)]
    command: Command,
}

fn main() {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let (reply, failure, json) = match Arguments::try_parse_from(&arguments) {
        Ok(parsed) => {
            let json = parsed.json;
            let (reply, failure) = answer(parsed);
            (reply, failure, json)
        }
        Err(error) => {
            let (reply, failure) = unparsed(&error);
            (reply, failure, asks_for_json(&arguments))
        }
    };
    std::process::exit(finish(&reply, failure.as_ref(), json));
}

/// Does what was asked. A mistake of ours becomes an error with its own exit code.
fn answer(arguments: Arguments) -> (Reply, Option<ErrorBody>) {
    let context = Context::new(arguments.json, arguments.quiet, arguments.home);
    let outcome = catch_unwind(AssertUnwindSafe(|| arguments.command.run(&context))).unwrap_or_else(|_| {
        Err(ErrorBody::new(ErrorCode::Internal, "Proofmark made a mistake here. What had been recorded is kept.")
            .hint("Please report it, with what you did and the message above."))
    });
    context.close();
    match outcome {
        Ok(reply) => (reply, None),
        Err(error) => (Reply::silent().with_code(exit_code(error.code)), Some(error)),
    }
}

/// Help and version are answers; everything else is wrong usage.
fn unparsed(error: &clap::Error) -> (Reply, Option<ErrorBody>) {
    let text = error.render().to_string();
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            (Reply { output: text, to_errors: false, code: DONE }, None)
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            let error =
                ErrorBody::new(ErrorCode::InvalidRequest, "No command was given.").hint("See proofmark --help.");
            (Reply { output: text, to_errors: true, code: exit_code(error.code) }, Some(error))
        }
        _ => {
            let mut parts = text.trim().split("\n\n").map(|part| part.split_whitespace().collect::<Vec<_>>().join(" "));
            let message = parts.next().unwrap_or_default();
            let message = message.strip_prefix("error: ").unwrap_or(&message).to_owned();
            let error = parts.fold(ErrorBody::new(ErrorCode::InvalidRequest, message), ErrorBody::hint);
            (Reply { output: text, to_errors: true, code: exit_code(error.code) }, Some(error))
        }
    }
}

/// Whether `--json` stands among the options, for a line that could not be understood otherwise.
fn asks_for_json(arguments: &[OsString]) -> bool {
    arguments
        .iter()
        .skip(1)
        .take_while(|it| it.as_os_str() != OsStr::new("--"))
        .any(|it| it.as_os_str() == OsStr::new("--json"))
}

/// Prints, and returns the exit code.
fn finish(reply: &Reply, failure: Option<&ErrorBody>, json: bool) -> i32 {
    let mut outcomes = vec![reply.print()];
    if let Some(error) = failure {
        if reply.output.is_empty() {
            outcomes.push(Reply { output: error_text(error), to_errors: true, code: reply.code }.print());
        }
        if json {
            outcomes.push(Reply { output: error_document(error), to_errors: false, code: reply.code }.print());
        }
    }
    match outcomes.into_iter().collect::<Result<Vec<()>, _>>() {
        Ok(_) => reply.code,
        Err(error) => {
            // Nobody can be told if standard error is what fails.
            let _ = reply::write(
                &mut std::io::stderr(),
                &format!("proofmark: the answer could not be written: {error}.\n"),
            );
            OURS
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use clap::CommandFactory;

    use super::*;

    fn line(text: &str) -> Vec<OsString> {
        text.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn every_command_is_declared_without_contradiction() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn what_follows_the_command_of_a_run_belongs_to_it() {
        let parsed =
            Arguments::try_parse_from(line("proofmark run --name x -- python train.py --json --quiet")).unwrap();
        assert!(!parsed.json && !parsed.quiet, "options of the recorded program are its own");
        let parsed = Arguments::try_parse_from(line("proofmark run --json -- python train.py")).unwrap();
        assert!(parsed.json);
        assert!(Arguments::try_parse_from(line("proofmark run")).is_err(), "there is nothing to run");
    }

    #[test]
    fn wrong_usage_is_told_with_its_code_and_the_next_step() {
        let error = Arguments::try_parse_from(line("proofmark scam data")).unwrap_err();
        let (reply, failure) = unparsed(&error);
        let failure = failure.unwrap();
        assert_eq!((reply.code, reply.to_errors), (2, true));
        assert_eq!(failure.code, ErrorCode::InvalidRequest);
        assert!(failure.message.contains("scam"), "the wrong word is named: {}", failure.message);
        assert!(
            failure.hints.iter().any(|hint| hint.contains("scan")),
            "the right one is proposed: {:?}",
            failure.hints
        );
    }

    #[test]
    fn help_and_version_are_answers() {
        for text in ["proofmark --help", "proofmark --version", "proofmark release --help"] {
            let (reply, failure) = unparsed(&Arguments::try_parse_from(line(text)).unwrap_err());
            assert_eq!((reply.code, reply.to_errors, failure), (0, false, None), "{text}");
            assert!(!reply.output.is_empty());
        }
    }

    #[test]
    fn json_is_asked_for_before_the_dashes_only() {
        assert!(asks_for_json(&line("proofmark scan --json")));
        assert!(!asks_for_json(&line("proofmark run -- tool --json")));
    }
}

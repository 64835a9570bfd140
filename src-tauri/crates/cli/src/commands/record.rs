//! `proofmark run`: a command, recorded.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;
use proofmark_contract::ErrorBody;
use proofmark_contract::domain::run::{HeldFate, Run};
use proofmark_engine::{Echo, RecordRequest, Recorded};
use serde::Serialize;

use crate::context::Context;
use crate::reply::{DONE, OURS, Outcome, Reply, wrong};
use crate::text::{bytes, counted, joined, safe, seconds};

/// What to run.
#[derive(Debug, Args)]
pub struct Arguments {
    /// What to call the run; from the command if absent
    #[arg(long)]
    name: Option<String>,
    /// Where it runs; here if absent
    #[arg(long, value_name = "DIR")]
    cwd: Option<PathBuf>,
    /// Lets it read data that is held back, and records why
    #[arg(long, value_name = "REASON", allow_hyphen_values = true)]
    use_held: Option<String>,
    /// The command, after two dashes
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true, value_name = "CMD")]
    command: Vec<OsString>,
}

/// The document of a recorded run.
#[derive(Debug, Serialize)]
struct Document<'a> {
    project: String,
    project_name: &'a str,
    project_was_added: bool,
    exit_code: i32,
    run: &'a Run,
}

impl Arguments {
    /// Does it. The exit code is that of the command; 128 and the signal's number if a signal ended it.
    ///
    /// # Errors
    /// If the command cannot be started or recorded.
    pub fn run(self, context: &Context) -> Outcome {
        let folder = match self.cwd {
            Some(folder) => folder,
            None => std::env::current_dir()
                .map_err(|error| wrong(format!("The working directory is not there: {error}.")))?,
        };
        let echo = if context.json() { Echo::ToErrors } else { Echo::AsIs };
        let request = RecordRequest { argv: self.command, folder, name: self.name, echo, use_held: self.use_held };
        let recorded = context.open()?.record(&request)?;
        let code = code_of(&recorded.run);
        reply(context, &recorded, code)
    }
}

/// Standard output belongs to the command, so what we say to people goes to standard error.
fn reply(context: &Context, recorded: &Recorded, code: i32) -> Result<Reply, ErrorBody> {
    let document = Document {
        project: recorded.project.id.to_string(),
        project_name: &recorded.project.name,
        project_was_added: recorded.project_was_added,
        exit_code: code,
        run: &recorded.run,
    };
    let reply = context.answer("run", &document, || text(recorded))?;
    Ok(Reply { to_errors: !context.json(), ..reply }.with_code(code))
}

/// As a shell says it.
fn code_of(run: &Run) -> i32 {
    let Some(process) = &run.process else { return OURS };
    match (process.exit_code, process.signal) {
        (Some(code), _) => code,
        (None, Some(signal)) => 128 + signal,
        // A system that says neither has no signals, and an end without a code is none that went well.
        (None, None) => OURS,
    }
}

fn text(recorded: &Recorded) -> String {
    let run = &recorded.run;
    let code = code_of(run);
    let end = if code == DONE { "finished".to_owned() } else { format!("ended with {code}") };
    let took = match (run.started, run.ended) {
        (Some(began), Some(ended)) => format!(" in {}", seconds(ended.seconds_since(began))),
        _ => String::new(),
    };
    let peak = run
        .process
        .as_ref()
        .and_then(|it| it.peak_memory)
        .map_or_else(String::new, |peak| format!(", {} at most", bytes(peak)));
    let mut text = format!(
        "proofmark: {} {end}{took}{peak}; it read {} and wrote {}.\n",
        safe(&run.name),
        counted(run.inputs.len() as u64, "file", "files"),
        counted(run.outputs.len() as u64, "file", "files"),
    );
    if recorded.project_was_added {
        text.push_str(&format!("  {} is a project now.\n", safe(&recorded.project.root)));
    }
    for spot in run.process.iter().flat_map(|it| &it.blind_spots) {
        text.push_str(&format!("  Not seen: {}\n", safe(spot)));
    }
    for held in run.process.iter().flat_map(|it| &it.held) {
        let fate = match held.fate {
            HeldFate::Refused => "was refused to it",
            HeldFate::Allowed => "was read, because you said so",
            HeldFate::NotStopped => "was read all the same, because nothing of ours was in the process to refuse it",
        };
        text.push_str(&format!("  Held back: {} {fate}. {}\n", safe(held.path.as_str()), safe(&held.reason)));
    }
    let results: Vec<String> =
        run.metrics.iter().map(|(name, value)| format!("{} {}", safe(name), crate::text::number(*value))).collect();
    if !results.is_empty() {
        text.push_str(&format!("  Measured {}.\n", joined(&results)));
    }
    text.push_str(&format!("  {}\n", run.id));
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn ended(process: serde_json::Value) -> Run {
        serde_json::from_value(serde_json::json!({
            "id": "run_00000000-0000-0000-0000-000000000000", "project": "prj_00000000-0000-0000-0000-000000000000",
            "source": "recorded", "foreign_id": null, "name": "train.py", "status": "finished",
            "started": null, "ended": null, "command": null, "parameters": {}, "metrics": {},
            "code": {"commit": null, "branch": null, "dirty": null, "path": null, "diff": null},
            "environment_digest": null, "inputs": [], "outputs": [], "process": process, "user": null
        }))
        .unwrap()
    }

    #[test]
    fn the_exit_code_is_that_of_the_command() {
        let process = |code: Option<i32>, signal: Option<i32>| {
            serde_json::json!({
                "argv": [], "cwd": "/", "exit_code": code, "signal": signal, "peak_memory": null,
                "observed_by": [], "blind_spots": [], "log_truncated": false
            })
        };
        assert_eq!(code_of(&ended(process(Some(0), None))), 0);
        assert_eq!(code_of(&ended(process(Some(7), None))), 7);
        assert_eq!(code_of(&ended(process(None, Some(9)))), 137, "as a shell says it");
        assert_ne!(code_of(&ended(serde_json::Value::Null)), 0, "an end that nobody saw went not well");
    }
}

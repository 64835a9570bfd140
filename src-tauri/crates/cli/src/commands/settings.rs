//! Settings, the sample project, and whether everything is in order.

use clap::Subcommand;
use proofmark_contract::ErrorBody;
use proofmark_contract::domain::project::WatchState;
use proofmark_contract::view::{Nothing, ProjectRef, SettingSet, SettingsView};
use proofmark_engine::Engine;
use serde::Serialize;
use serde_json::{Value, json};

use crate::context::Context;
use crate::reply::{Outcome, wrong};
use crate::text::Side::Left;
use crate::text::{Table, bytes, counted, safe, word};

/// Commands about settings.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Shows settings and where things lie
    Show,
    /// Changes one setting
    Set {
        /// theme, screen_automatically, screen_size_limit, log_limit or notifications
        key: String,
        /// system, light or dark; true or false; bytes, also as 512MiB
        value: String,
    },
}

impl Command {
    /// Does it.
    ///
    /// # Errors
    /// What the engine answers.
    pub fn run(self, context: &Context) -> Outcome {
        let engine = context.engine()?;
        let (command, view) = match self {
            Self::Show => ("settings-show", engine.settings_show(Nothing {})?),
            Self::Set { key, value } => ("settings-set", engine.settings_set(setting(&key, &value)?)?),
        };
        context.answer(command, &view, || text(&view))
    }
}

fn setting(key: &str, value: &str) -> Result<SettingSet, ErrorBody> {
    let key = key.replace('-', "_");
    let value = match (key.as_str(), value) {
        ("screen_automatically" | "notifications", "true" | "on" | "yes") => Value::Bool(true),
        ("screen_automatically" | "notifications", "false" | "off" | "no") => Value::Bool(false),
        ("screen_size_limit" | "log_limit", text) => size(text).map_or_else(|| json!(text), Value::from),
        (_, text) => json!(text),
    };
    serde_json::from_value(json!({"key": key, "value": value})).map_err(|error| {
        wrong(format!("This is no setting that can be made: {error}."))
            .hint("theme: system, light or dark. screen_automatically and notifications: true or false. screen_size_limit and log_limit: bytes, such as 1048576 or 512MiB.")
    })
}

/// A number of bytes, with or without a unit.
fn size(text: &str) -> Option<u64> {
    let text = text.trim();
    let at = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    let (digits, unit) = text.split_at(at);
    let factor: u64 = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kib" => 1 << 10,
        "m" | "mib" => 1 << 20,
        "g" | "gib" => 1 << 30,
        "t" | "tib" => 1 << 40,
        _ => return None,
    };
    digits.parse::<u64>().ok()?.checked_mul(factor)
}

fn text(view: &SettingsView) -> String {
    let settings = &view.settings;
    let mut table = Table::new([("Setting", Left), ("Value", Left)]);
    table.row(["theme".into(), word(&settings.theme)]);
    table.row(["screen_automatically".into(), settings.screen_automatically.to_string()]);
    table.row(["screen_size_limit".into(), bytes(settings.screen_size_limit)]);
    table.row(["log_limit".into(), bytes(settings.log_limit)]);
    table.row(["notifications".into(), settings.notifications.to_string()]);
    format!(
        "Proofmark {} keeps its ledger in {} ({}).\n{}",
        view.version,
        safe(&view.home),
        bytes(view.ledger_size),
        table.text()
    )
}

/// Opens the sample project and waits until all of it has been looked at.
///
/// # Errors
/// What the engine answers.
pub fn sample(context: &Context) -> Outcome {
    let engine = context.engine()?;
    let project = engine.sample_open(Nothing {})?.project;
    context.refresh(&project, true)?;
    context.finish_all(project.id)?;
    let view = engine.project_show(ProjectRef { project: project.id })?;
    context.answer("sample", &view, || super::project::show_text(&view))
}

/// How something was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum State {
    /// In order.
    Ok,
    /// Works, and somebody should know.
    Note,
    /// Not in order.
    Problem,
}

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct Line {
    name: String,
    state: State,
    detail: String,
    hints: Vec<String>,
}

impl Line {
    fn new(name: &str, state: State, detail: impl Into<String>) -> Self {
        Self { name: name.to_owned(), state, detail: detail.into(), hints: Vec::new() }
    }

    fn of_error(name: &str, error: ErrorBody) -> Self {
        Self { hints: error.hints, ..Self::new(name, State::Problem, error.message) }
    }
}

/// The document of the doctor.
#[derive(Debug, Serialize)]
struct Diagnosis {
    verdict: State,
    version: &'static str,
    home: Option<String>,
    ledger: Option<String>,
    ledger_size: Option<u64>,
    logs: Option<String>,
    system: Option<String>,
    preload_library: Option<String>,
    checks: Vec<Line>,
}

/// Looks whether everything that Proofmark needs is in order.
///
/// # Errors
/// If the answer cannot be written down; what is wrong is the answer.
pub fn doctor(context: &Context) -> Outcome {
    let preload = proofmark_engine::preload_library();
    let mut found = Diagnosis {
        verdict: State::Ok,
        version: env!("CARGO_PKG_VERSION"),
        home: None,
        ledger: None,
        ledger_size: None,
        logs: None,
        system: None,
        preload_library: preload.as_ref().map(|path| path.to_string_lossy().into_owned()),
        checks: Vec::new(),
    };
    match context.engine() {
        Ok(engine) => {
            found.checks.push(Line::new("ledger", State::Ok, "It opens."));
            look_at(engine, &mut found);
        }
        Err(error) => found.checks.push(Line::of_error("ledger", error)),
    }
    found.checks.push(match &preload {
        Some(path) => Line::new("observation of runs", State::Ok, path.to_string_lossy()),
        None if cfg!(target_os = "linux") => Line::new(
            "observation of runs",
            State::Note,
            "The library that sees which files native code opens is not beside the program. Such files are seen by comparing the folder before and after a run.",
        ),
        None => Line::new(
            "observation of runs",
            State::Note,
            "On this system, files that native code opens are seen by comparing the folder before and after a run.",
        ),
    });
    found.verdict =
        if found.checks.iter().any(|line| line.state == State::Problem) { State::Problem } else { State::Ok };
    let reply = context.answer("doctor", &found, || doctor_text(&found))?;
    Ok(reply.passed(found.verdict == State::Ok))
}

fn look_at(engine: &Engine, found: &mut Diagnosis) {
    match engine.settings_show(Nothing {}) {
        Ok(view) => {
            found.home = Some(view.home);
            found.ledger = Some(view.ledger_path);
            found.ledger_size = Some(view.ledger_size);
            found.logs = Some(view.logs_path);
            found.system = Some(view.system);
        }
        Err(trouble) => found.checks.push(Line::of_error("settings", trouble.into())),
    }
    found.checks.push(match engine.audit_verify(Nothing {}) {
        Ok(verdict) => {
            let state = if verdict.intact { State::Ok } else { State::Problem };
            Line::new(
                "record of who did what",
                state,
                super::governance::verdict_text(&verdict).lines().next().unwrap_or_default(),
            )
        }
        Err(trouble) => Line::of_error("record of who did what", trouble.into()),
    });
    match engine.project_list(Nothing {}) {
        Ok(list) => {
            for view in &list.projects {
                let state = match (&view.problem, view.state) {
                    (_, WatchState::Unreachable) => State::Problem,
                    (Some(_), _) => State::Note,
                    (None, _) => State::Ok,
                };
                let detail = view.problem.clone().unwrap_or_else(|| view.sentence.clone());
                found.checks.push(Line::new(&format!("project {}", view.project.name), state, detail));
            }
        }
        Err(trouble) => found.checks.push(Line::of_error("projects", trouble.into())),
    }
    found.checks.push(match engine.person_list(Nothing {}) {
        Ok(list) => match list.people.iter().find(|person| person.is_current) {
            Some(person) => Line::new(
                "keys",
                State::Ok,
                format!("{}; {} acts.", counted(list.people.len() as u64, "key", "keys"), person.card.name),
            ),
            None => Line::new("keys", State::Note, "Nobody has been chosen to act, so nothing can be signed."),
        },
        Err(trouble) => Line::of_error("keys", trouble.into()),
    });
    match engine.registry_show(Nothing {}) {
        Ok(view) if !view.attached => found.checks.push(Line::new("registry", State::Note, view.sentence)),
        Ok(view) => {
            let state = if view.problem.is_some() { State::Problem } else { State::Ok };
            found.checks.push(Line::new("registry", state, view.problem.unwrap_or(view.sentence)));
            for line in view.self_test {
                let state = if line.holds { State::Ok } else { State::Note };
                let detail = if line.holds { "holds".to_owned() } else { format!("does not hold. {}", line.meaning) };
                found.checks.push(Line::new(&format!("registry: {}", line.name), state, detail));
            }
        }
        Err(trouble) => found.checks.push(Line::of_error("registry", trouble.into())),
    }
}

fn doctor_text(found: &Diagnosis) -> String {
    let problems = found.checks.iter().filter(|line| line.state == State::Problem).count() as u64;
    let mut text = match problems {
        0 => "Everything is in order.\n".to_owned(),
        some => format!("{} not in order.\n", counted(some, "thing is", "things are")),
    };
    let system = found.system.as_deref().unwrap_or_default();
    text.push_str(&format!("Proofmark {} {}\n", found.version, safe(system)).replace(" \n", "\n"));
    for (name, place) in [("Home", &found.home), ("Ledger", &found.ledger), ("Logs", &found.logs)] {
        if let Some(place) = place {
            text.push_str(&format!("{name}: {}\n", safe(place)));
        }
    }
    let mut table = Table::new([("State", Left), ("What", Left), ("Detail", Left)]);
    for line in &found.checks {
        table.row([word(&line.state), line.name.clone(), line.detail.clone()]);
    }
    text.push_str(&table.text());
    for line in found.checks.iter().filter(|line| !line.hints.is_empty()) {
        text.push_str(&format!("\n{}: {}\n", safe(&line.name), safe(&line.hints.join(" "))));
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proofmark_contract::view::Theme;

    use super::*;

    #[test]
    fn settings_are_named_and_written_as_people_do() {
        assert_eq!(setting("theme", "dark").unwrap(), SettingSet::Theme(Theme::Dark));
        assert_eq!(setting("screen-automatically", "off").unwrap(), SettingSet::ScreenAutomatically(false));
        assert_eq!(setting("log_limit", "512 KiB").unwrap(), SettingSet::LogLimit(512 * 1024));
        assert_eq!(setting("screen_size_limit", "100").unwrap(), SettingSet::ScreenSizeLimit(100));
        for (key, value) in [
            ("theme", "pink"),
            ("log_limit", "-1"),
            ("log_limit", "99999999999999999999"),
            ("log_limit", "1 furlong"),
            ("colour", "red"),
        ] {
            let error = setting(key, value).unwrap_err();
            assert!(!error.hints.is_empty(), "{key} {value} is refused, with what would do");
        }
    }

    #[test]
    fn a_problem_is_told_before_everything_else() {
        let line = |state| Line::new("ledger", state, "It is damaged.");
        let found = |checks: Vec<Line>| Diagnosis {
            verdict: State::Ok,
            version: "1",
            home: None,
            ledger: None,
            ledger_size: None,
            logs: None,
            system: None,
            preload_library: None,
            checks,
        };
        assert!(doctor_text(&found(vec![line(State::Ok), line(State::Note)])).starts_with("Everything is in order.\n"));
        assert!(doctor_text(&found(vec![line(State::Problem)])).starts_with("1 thing is not in order.\n"));
    }
}

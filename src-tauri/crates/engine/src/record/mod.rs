//! `proofmark run`: starts a command, sees what it reads and writes, and records it.

mod edges;
mod held;
mod kernel;
mod left_behind;
mod observers;
mod process;
mod programs;
mod trace;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use proofmark_contract::view::ProjectAdd;
use proofmark_domain::artifact::{ArtifactKind, RelPath};
use proofmark_domain::environment::Environment;
use proofmark_domain::id::RunId;
use proofmark_domain::project::Project;
use proofmark_domain::run::{CodeState, ProcessFacts, Run, RunSource, RunStatus};
use proofmark_domain::{Basis, Confidence};
use proofmark_ledger::{AuditEntry, FileState};
use serde_json::Value;

pub(crate) use held::refusal;
pub use kernel::InstalledKernel;
pub(crate) use left_behind::claim;
pub use observers::preload_library;
pub(crate) use observers::refusing;
pub use process::Echo;
#[cfg(test)]
pub(crate) use trace::unescape;

use crate::hold::Guard;
use crate::scan::ScanControl;
use crate::trouble::{Answer, Trouble, io_trouble};
use crate::{Engine, lock, platform};

/// Largest uncommitted difference that is kept with a run, in bytes.
const DIFF_LIMIT: usize = 256 * 1024;

/// A command to be recorded.
#[derive(Debug, Clone)]
pub struct RecordRequest {
    /// The command, an argument each.
    pub argv: Vec<OsString>,
    /// Where it runs.
    pub folder: PathBuf,
    /// What to call the run; from the command if absent.
    pub name: Option<String>,
    /// What to do with its output besides keeping it.
    pub echo: Echo,
    /// Why it may read data that is held back; it may not if absent.
    pub use_held: Option<String>,
}

/// A run that was recorded.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// The run.
    pub run: Run,
    /// The project it belongs to.
    pub project: Project,
    /// Whether the folder was made a project for it.
    pub project_was_added: bool,
}

impl Engine {
    /// Runs a command and records it. The command's own failure is a fact of the run, not an error here.
    ///
    /// # Errors
    /// If the command cannot be started, the folder cannot be scanned, or the ledger cannot be written. A run that was begun
    /// and could not be finished is marked as killed at the next start.
    pub fn record(&self, request: &RecordRequest) -> Answer<Recorded> {
        let folder =
            fs::canonicalize(&request.folder).map_err(|error| io_trouble("finding", &request.folder, &error))?;
        let (project, project_was_added) = self.project_around(&folder)?;
        let quiet = ScanControl { cancelled: &|| false, progress: &|_, _, _| () };
        self.scan(&project, &RelPath::from(""), &quiet)?;
        let before = self.present(&project)?;
        self.refuse_held(&project, &before, request, &folder)?;

        let id = RunId::from_uuid(self.0.clock.new_id());
        let argv: Vec<String> = request.argv.iter().map(|it| it.to_string_lossy().into_owned()).collect();
        let mut run = self.begun(id, &project, request, &argv, &folder, &before)?;
        let place = self.home().runs().join(id.to_string());
        let mut observers = observers::Observers::prepare(self.home(), &place, &request.argv)?;
        let guard = self.guard()?;
        match request.use_held {
            None => observers.refuse(&guard, &place)?,
            Some(_) => observers.environment.extend(Guard::nothing()),
        }
        let environment = self.environment_of(&argv, &folder);
        run.environment_digest = Some(environment.digest);
        let entry = AuditEntry::new(self.actor(), "run.begin", id.to_string());
        self.ledger().write(self.now(), entry, |write| -> Answer<()> {
            write.note("command", argv.join(" "));
            if let Some(reason) = &request.use_held {
                write.note("use_held", reason.trim());
            }
            write.environments().add(&environment)?;
            Ok(write.runs().insert(&run, Some(&platform::owner()))?)
        })?;

        let log_path = place.join("output.log");
        let log = fs::File::create(&log_path).map_err(|error| io_trouble("making", &log_path, &error))?;
        let log = Mutex::new(log);
        let limit = self.settings()?.log_limit;
        let ended = process::run(&request.argv, &folder, &observers.environment, request.echo, limit, &|bytes| {
            // A log that cannot be written must not stop the run; what is missing shows in the log's size.
            let _ = lock(&log).write_all(bytes);
        });
        drop(log);
        run.ended = Some(self.now());
        let outcome = match ended {
            Ok(ended) => ended,
            Err(trouble) => {
                run.status = RunStatus::Failed;
                self.finish(&run, &log_path)?;
                observers.clear();
                return Err(trouble);
            }
        };
        run.status = match (outcome.exit_code, outcome.signal) {
            (Some(0), _) => RunStatus::Finished,
            (_, Some(_)) => RunStatus::Killed,
            _ => RunStatus::Failed,
        };
        // What was written belongs to this run, so nothing is concluded about it before the run is complete.
        self.scan_without_conclusions(&project, &quiet)?;
        let after = self.present(&project)?;
        let accesses = observers.read();
        let mut found = edges::edges(&edges::Scene {
            root: Path::new(&project.root),
            before: &before,
            after: &after,
            stories: &trace::stories(&accesses),
            script: run.code.path.as_ref(),
            sees_everything: observers.sees_everything,
            own_folders: &[self.home().folder()],
        });
        if let Some(script) = &run.code.path
            && let Some(source) = self.sources(&project, &|| false)?.into_iter().find(|source| source.path == *script)
        {
            edges::add_lines(&mut found, &source);
        }
        run.inputs = found.inputs;
        run.outputs = found.outputs;
        run.metrics = edges::metrics(Path::new(&project.root), &run.outputs);
        run.process = Some(ProcessFacts {
            argv,
            cwd: folder.to_string_lossy().into_owned(),
            exit_code: outcome.exit_code,
            signal: outcome.signal,
            peak_memory: outcome.peak_memory,
            observed_by: observers.words.iter().cloned().chain(["scan".to_owned()]).collect(),
            blind_spots: observers.blind_spots.clone(),
            log_truncated: outcome.log_truncated,
            variables: proofmark_intake::environment::relevant_variables(std::env::vars_os()),
            held: held::inputs(Path::new(&project.root), &guard, &accesses, &run.inputs, request.use_held.is_some()),
            use_held: request.use_held.as_ref().map(|it| it.trim().to_owned()),
        });
        self.finish(&run, &log_path)?;
        observers.clear();
        self.infer_runs(&project, &|| self.is_closing())?;
        Ok(Recorded { run, project, project_was_added })
    }

    /// The project whose folder contains `folder`; if there is none, `folder` becomes one.
    fn project_around(&self, folder: &Path) -> Answer<(Project, bool)> {
        let projects = self.ledger().read::<_, Trouble>(|read| Ok(read.projects().list()?))?;
        let around = projects
            .into_iter()
            .filter(|project| folder.starts_with(&project.root))
            .max_by_key(|project| project.root.len());
        if let Some(project) = around {
            return Ok((project, false));
        }
        let request = ProjectAdd { path: folder.to_string_lossy().into_owned(), name: None };
        Ok((self.add_project(&request)?, true))
    }

    pub(crate) fn present(&self, project: &Project) -> Answer<BTreeMap<RelPath, FileState>> {
        let files = self.ledger().read::<_, Trouble>(|read| Ok(read.files().of_project(project.id)?))?;
        Ok(files.into_iter().map(|state| (state.facts.path.clone(), state)).collect())
    }

    fn begun(
        &self,
        id: RunId,
        project: &Project,
        request: &RecordRequest,
        argv: &[String],
        folder: &Path,
        before: &BTreeMap<RelPath, FileState>,
    ) -> Answer<Run> {
        let script = script_of(&request.argv, folder, Path::new(&project.root), before);
        let mut code = code_state(folder);
        code.path.clone_from(&script);
        let name = request.name.clone().unwrap_or_else(|| match &script {
            Some(script) => script.file_name().to_owned(),
            None => argv.first().map_or_else(
                || "run".to_owned(),
                |program| RelPath::new(program.replace('\\', "/")).file_name().to_owned(),
            ),
        });
        Ok(Run {
            id,
            project: project.id,
            source: RunSource::Recorded,
            foreign_id: None,
            name,
            status: RunStatus::Running,
            started: Some(self.now()),
            ended: None,
            command: Some(shell_line(argv)),
            parameters: parameters_of(argv),
            metrics: BTreeMap::new(),
            code,
            environment_digest: None,
            inputs: Vec::new(),
            outputs: Vec::new(),
            process: None,
            user: Some(platform::user_name()),
            record: None,
        })
    }

    /// The machine, and the interpreter that the command names with its packages.
    fn environment_of(&self, argv: &[String], folder: &Path) -> Environment {
        use proofmark_intake::environment as known;
        let path = std::env::var_os("PATH");
        let python = known::find_interpreter(argv, folder, path.as_deref()).and_then(|it| known::of_python(&it).ok());
        known::environment(python.as_ref(), &known::machine(), Basis::Observed, Confidence::CERTAIN)
    }

    fn finish(&self, run: &Run, log_path: &Path) -> Answer<()> {
        let log = fs::read(log_path).unwrap_or_default();
        let entry = AuditEntry::new(self.actor(), "run.end", run.id.to_string());
        self.ledger().write(self.now(), entry, |write| -> Answer<()> {
            write.note("inputs", run.inputs.len());
            write.note("outputs", run.outputs.len());
            write.runs().finish(run)?;
            if !log.is_empty() {
                write.run_logs().append(run.id, &log)?;
            }
            Ok(())
        })
    }

    /// Marks what processes that are gone left unfinished, and keeps what they had written down.
    pub(crate) fn bury_the_dead(&self) -> Answer<()> {
        let (runs, jobs) =
            self.ledger().read::<_, Trouble>(|read| Ok((read.runs().running()?, read.jobs().unfinished()?)))?;
        for (mut run, owner) in runs {
            if !owner.as_ref().is_none_or(platform::is_gone) {
                continue;
            }
            run.status = RunStatus::Killed;
            let place = self.home().runs().join(run.id.to_string());
            self.finish(&run, &place.join("output.log"))?;
            // Left-over traces are of no further use.
            let _ = fs::remove_dir_all(&place);
        }
        left_behind::remove(&self.home().runs(), std::time::SystemTime::now());
        let dead: Vec<_> = jobs.iter().filter(|(_, owner)| platform::is_gone(owner)).map(|(job, _)| job.id).collect();
        if !dead.is_empty() {
            let entry = AuditEntry::new("proofmark", "job.interrupted", "jobs");
            self.ledger().write(self.now(), entry, |write| -> Answer<()> {
                write.jobs().interrupt(&dead)?;
                Ok(())
            })?;
        }
        Ok(())
    }
}

/// Commit, branch and uncommitted difference. A repository that cannot be read is recorded as no repository: the run matters more.
fn code_state(folder: &Path) -> CodeState {
    match proofmark_intake::git::code_state(folder, DIFF_LIMIT) {
        Ok(Some(state)) => state.to_code_state(),
        Ok(None) | Err(_) => CodeState::default(),
    }
}

/// The first argument that names a script or notebook of the project.
fn script_of(argv: &[OsString], folder: &Path, root: &Path, before: &BTreeMap<RelPath, FileState>) -> Option<RelPath> {
    let notebook = kernel::notebook(argv).map(PathBuf::into_os_string);
    argv.iter().chain(&notebook).find_map(|argument| {
        let path = fs::canonicalize(folder.join(argument)).ok()?;
        let label = proofmark_intake::files::label_of(root, &path).ok()?;
        let state = before.get(&label)?;
        matches!(state.facts.kind, ArtifactKind::Code | ArtifactKind::Notebook).then_some(label)
    })
}

/// `--name value` and `--name=value` as parameters; numbers and truth values as such.
fn parameters_of(argv: &[String]) -> BTreeMap<String, Value> {
    let mut parameters = BTreeMap::new();
    let mut rest = argv.iter().peekable();
    while let Some(argument) = rest.next() {
        let Some(name) = argument.strip_prefix("--").filter(|name| !name.is_empty()) else { continue };
        let (name, value) = match name.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (name, rest.next_if(|next| !next.starts_with('-') || next.parse::<f64>().is_ok()).cloned()),
        };
        let value = match value {
            None => Value::Bool(true),
            Some(text) => serde_json::from_str(&text)
                .ok()
                .filter(|it: &Value| it.is_number() || it.is_boolean())
                .unwrap_or(Value::String(text)),
        };
        parameters.insert(name.to_owned(), value);
    }
    parameters
}

/// The command as a person could type it again in a shell.
fn shell_line(argv: &[String]) -> String {
    let plain =
        |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_./=:,@%+".contains(&b));
    argv.iter()
        .map(
            |argument| {
                if plain(argument) { argument.clone() } else { format!("'{}'", argument.replace('\'', "'\\''")) }
            },
        )
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_of_the_command_become_parameters() {
        let argv: Vec<String> =
            ["python", "train.py", "--rate", "0.1", "--deep", "--name=a b", "--shift", "-3"].map(String::from).into();
        let parameters = parameters_of(&argv);
        assert_eq!(parameters["rate"], serde_json::json!(0.1));
        assert_eq!(parameters["deep"], Value::Bool(true), "an option without a value is a switch");
        assert_eq!(parameters["name"], serde_json::json!("a b"));
        assert_eq!(parameters["shift"], serde_json::json!(-3), "a negative number is a value, not an option");
        assert_eq!(shell_line(&argv[..2]), "python train.py");
        assert_eq!(shell_line(&["it's".into()]), r"'it'\''s'");
    }
}

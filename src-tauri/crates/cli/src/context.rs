//! What every command shares: the engine, how to answer, and how people name things.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use proofmark_contract::domain::id::ProjectId;
use proofmark_contract::domain::job::Job;
use proofmark_contract::domain::project::Project;
use proofmark_contract::view::{CandidateDraft, JobRef, Nothing, PathRef, ScreenStart};
use proofmark_contract::{EngineEvent, ErrorBody, ErrorCode};
use proofmark_engine::{Engine, EngineOptions, adhoc};
use serde::Serialize;

use crate::progress::Progress;
use crate::reply::{DONE, Outcome, Reply, STOPPED, document, wrong};

/// Work that was told to stop and has not after this time is left: what it recorded is whole.
const PATIENCE: Duration = Duration::from_secs(3);

/// What every command shares.
pub struct Context {
    json: bool,
    quiet: bool,
    home: Option<PathBuf>,
    engine: OnceLock<Engine>,
    progress: Arc<Progress>,
    stopped: Arc<AtomicBool>,
}

impl Context {
    /// From the options that every command takes.
    pub fn new(json: bool, quiet: bool, home: Option<PathBuf>) -> Self {
        Self {
            json,
            quiet,
            home,
            engine: OnceLock::new(),
            progress: Arc::new(Progress::new(quiet)),
            stopped: Arc::default(),
        }
    }

    /// Whether a program reads the answer.
    pub const fn json(&self) -> bool {
        self.json
    }

    /// The home that was named.
    pub fn home(&self) -> Option<PathBuf> {
        self.home.clone()
    }

    /// How far long work is.
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// Whether a person stopped it.
    pub fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Acquire)
    }

    /// The answer: a document for a program, else text. With `--quiet` people get the exit code only.
    ///
    /// # Errors
    /// If the answer cannot be written down.
    pub fn answer<T: Serialize>(&self, command: &str, value: &T, text: impl FnOnce() -> String) -> Outcome {
        let output = if self.json {
            document(command, value)?
        } else if self.quiet {
            String::new()
        } else {
            text()
        };
        Ok(Reply { output, to_errors: false, code: DONE })
    }

    /// The engine, opened when it is first needed. An interrupt then ends its work in good order.
    ///
    /// # Errors
    /// If the ledger cannot be opened.
    pub fn engine(&self) -> Result<&Engine, ErrorBody> {
        let first = self.engine.get().is_none();
        let engine = self.open()?;
        if first {
            let (stopping, stopped) = (engine.clone(), Arc::clone(&self.stopped));
            let handler = move || {
                stopped.store(true, Ordering::Release);
                stopping.close();
                std::thread::sleep(PATIENCE);
                std::process::exit(STOPPED);
            };
            if let Err(error) = ctrlc::set_handler(handler) {
                self.progress.say(&format!(
                    "An interrupt will end this at once, because the system refused to pass it on: {error}."
                ));
            }
        }
        Ok(engine)
    }

    /// The engine for a command that hands interrupts to a process of its own.
    ///
    /// # Errors
    /// If the ledger cannot be opened.
    pub fn open(&self) -> Result<&Engine, ErrorBody> {
        if let Some(engine) = self.engine.get() {
            return Ok(engine);
        }
        let engine = Engine::open(EngineOptions::with_home(self.home.clone()))?;
        let progress = Arc::clone(&self.progress);
        engine.subscribe(Box::new(move |event| {
            if let EngineEvent::Job { job } = event {
                progress.show(&job.title, job.done, job.total, &job.unit, &job.detail);
            }
        }));
        Ok(self.engine.get_or_init(|| engine))
    }

    /// The engine, if there is a ledger already: a question about a file makes none.
    ///
    /// # Errors
    /// If the ledger cannot be opened.
    pub fn engine_if_any(&self) -> Result<Option<&Engine>, ErrorBody> {
        if EngineOptions::with_home(self.home.clone()).has_ledger() { self.engine().map(Some) } else { Ok(None) }
    }

    /// Waits until a job has ended.
    ///
    /// # Errors
    /// The job's own error.
    pub fn finish(&self, job: JobRef) -> Result<Job, ErrorBody> {
        let ended = self.engine()?.wait_for(job.job);
        self.progress.clear();
        ended
    }

    /// What a model would be as a candidate. Where gates ask an ONNX model itself, it is evaluated first: nothing of the project runs for that.
    ///
    /// # Errors
    /// If there is no such model, or it cannot be read.
    pub fn evaluated_draft(&self, place: PathRef) -> Result<CandidateDraft, ErrorBody> {
        let draft = self.engine()?.candidate_draft(place.clone())?;
        if !draft.unevaluated {
            return Ok(draft);
        }
        self.finish(self.engine()?.gates_run(place.clone())?)?;
        Ok(self.engine()?.candidate_draft(place)?)
    }

    /// Waits for every job of a project that this process began, such as the look at new data after a scan.
    ///
    /// # Errors
    /// The first error of any.
    pub fn finish_all(&self, project: ProjectId) -> Result<(), ErrorBody> {
        loop {
            let jobs = self.engine()?.status(Nothing {})?.jobs;
            let Some(job) = jobs.into_iter().find(|job| job.project == Some(project)) else { return Ok(()) };
            self.finish(JobRef { job: job.id })?;
        }
    }

    /// Brings what is known of a project up to date: files, model files, and on request profiles and checks of its data.
    ///
    /// # Errors
    /// If the folder cannot be listed, or a person stopped it.
    pub fn refresh(&self, project: &Project, with_data: bool) -> Result<(), ErrorBody> {
        let title = format!("Scanning {}", project.name);
        let show =
            |done: u64, total: Option<u64>, detail: &str| self.progress.show(&title, done, total, "files", detail);
        self.engine()?.scan_folder(Path::new(&project.root), &show)?;
        self.progress.clear();
        if with_data {
            self.finish(self.engine()?.screen_start(ScreenStart { project: project.id, path: None })?)?;
        }
        Ok(())
    }

    /// The project that was named; else the one around the working directory; else the only one.
    ///
    /// # Errors
    /// If none is meant by that.
    pub fn project(&self, named: Option<&str>) -> Result<Project, ErrorBody> {
        let engine = self.engine()?;
        if let Some(named) = named {
            return Ok(engine.project_named(named)?);
        }
        if let Ok(here) = std::env::current_dir()
            && let Ok(project) = engine.project_at(&here)
        {
            return Ok(project);
        }
        let mut all = engine.project_list(Nothing {})?.projects;
        match (all.pop(), all.is_empty()) {
            (Some(only), true) => Ok(only.project),
            (None, _) => Err(ErrorBody::new(ErrorCode::NotFound, "There is no project yet.")
                .hint("Add one: proofmark project add DIR")),
            (Some(_), false) => Err(wrong("It is not clear which project is meant.")
                .hint("Name it with --project, or change into its folder.")),
        }
    }

    /// The project and the path in it that a file on the command line stands for. A file that is gone is taken as a path of
    /// the project.
    ///
    /// # Errors
    /// If the file is in no project and none was named.
    pub fn locate(&self, file: &str, project: Option<&str>) -> Result<(Project, String), ErrorBody> {
        if let Some(project) = project {
            let project = self.project(Some(project))?;
            let path = inside(&project, file).unwrap_or_else(|| file.to_owned());
            return Ok((project, path));
        }
        if Path::new(file).exists() {
            let project = self.engine()?.project_at(Path::new(file))?;
            let path = inside(&project, file).unwrap_or_else(|| file.to_owned());
            return Ok((project, path));
        }
        Ok((self.project(None)?, file.to_owned()))
    }

    /// Lets the ledger settle.
    pub fn close(&self) {
        self.progress.clear();
        if let Some(engine) = self.engine.get() {
            engine.close();
        }
    }
}

/// The path inside a project of a file that lies there, as the ledger knows it: a file name need not be Unicode.
pub fn inside(project: &Project, file: &str) -> Option<String> {
    let root = Path::new(&project.root);
    // The named path may be relative to the working directory or, where that leads nowhere, to the project.
    let found = real_place(Path::new(file)).filter(|path| path.starts_with(root));
    let found = found.or_else(|| real_place(&root.join(file)).filter(|path| path.starts_with(root)))?;
    Some(adhoc::label(root, &found).as_str().to_owned())
}

/// The absolute place of a file that is there. Links are followed to its folder, not from it: a linked file is known by the
/// place of the link.
fn real_place(path: &Path) -> Option<PathBuf> {
    let facts = fs::symlink_metadata(path).ok()?;
    match (path.parent(), path.file_name()) {
        (Some(folder), Some(name)) if !facts.is_dir() => {
            let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
            Some(fs::canonicalize(folder).ok()?.join(name))
        }
        _ => fs::canonicalize(path).ok(),
    }
}

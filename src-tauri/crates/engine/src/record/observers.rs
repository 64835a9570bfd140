//! Puts the observers into a process before it starts, and says what they will not see.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};

use super::programs;
use super::trace::{self, Access};
use crate::hold::Guard;
use crate::home::Home;
use crate::trouble::{Answer, io_trouble};

const HOOK: &str = include_str!("sitecustomize.py");

/// File name of the preloaded library.
const LIBRARY: &str = "libproofmark_preload.so";

/// What was put into a process.
pub(crate) struct Observers {
    folder: PathBuf,
    pub(crate) environment: BTreeMap<OsString, OsString>,
    /// The observers at work.
    pub(crate) words: Vec<String>,
    /// What they cannot see.
    pub(crate) blind_spots: Vec<String>,
    /// Whether every file that ordinary programs open is seen.
    pub(crate) sees_everything: bool,
}

impl Observers {
    /// Prepares a folder for the traces and the variables that bring the observers into the process.
    pub(crate) fn prepare(home: &Home, folder: &Path, argv: &[OsString]) -> Answer<Self> {
        super::claim(folder)?;
        let mut observers = Self {
            folder: folder.to_path_buf(),
            environment: BTreeMap::new(),
            words: Vec::new(),
            blind_spots: Vec::new(),
            sees_everything: false,
        };
        observers.add_audit_hook(home, argv)?;
        observers.add_library();
        Ok(observers)
    }

    fn python_trace(&self) -> PathBuf {
        self.folder.join("python.trace")
    }

    fn library_trace(&self) -> PathBuf {
        self.folder.join("library.trace")
    }

    fn add_audit_hook(&mut self, home: &Home, argv: &[OsString]) -> Answer<()> {
        let helpers = home.helpers();
        let hook = helpers.join("sitecustomize.py");
        if fs::read_to_string(&hook).ok().as_deref() != Some(HOOK) {
            fs::create_dir_all(&helpers).map_err(|error| io_trouble("making", &helpers, &error))?;
            // Another run may read it at this moment, so it appears whole or not at all.
            let draft = helpers.join(format!("sitecustomize.{}.tmp", std::process::id()));
            fs::write(&draft, HOOK).map_err(|error| io_trouble("writing", &draft, &error))?;
            fs::rename(&draft, &hook).map_err(|error| io_trouble("writing", &hook, &error))?;
        }
        let mut path = helpers.into_os_string();
        if let Some(former) = std::env::var_os("PYTHONPATH").filter(|it| !it.is_empty()) {
            path.push(if cfg!(windows) { ";" } else { ":" });
            path.push(former);
        }
        self.environment.insert("PYTHONPATH".into(), path);
        self.environment.insert("PROOFMARK_TRACE_PYTHON".into(), self.python_trace().into_os_string());
        self.words.push("audit_hook".into());
        if argv.iter().skip(1).take_while(|it| it.as_encoded_bytes().starts_with(b"-")).any(|it| isolates_python(it)) {
            self.blind_spots
                .push("Python was started isolated (-I, -E or -S), so the lines of its scripts are not known.".into());
        }
        Ok(())
    }

    fn add_library(&mut self) {
        if !cfg!(target_os = "linux") {
            self.blind_spots.push(
                "On this system only what Python itself opens is seen. Files that native libraries such as pyarrow, polars or duckdb open are seen by comparing the folder before and after.".into(),
            );
            return;
        }
        let Some(library) = preload_library() else {
            self.blind_spots.push(format!(
                "{LIBRARY} was not found beside the program, so files that native libraries open are seen only by comparing the folder before and after."
            ));
            return;
        };
        let mut list = library.into_os_string();
        if let Some(former) = std::env::var_os("LD_PRELOAD").filter(|it| !it.is_empty()) {
            list.push(":");
            list.push(former);
        }
        self.environment.insert("LD_PRELOAD".into(), list);
        self.environment.insert("PROOFMARK_TRACE".into(), self.library_trace().into_os_string());
        self.words.push("preload".into());
        self.sees_everything = true;
    }

    /// Has the observers refuse what is held back.
    pub(crate) fn refuse(&mut self, guard: &Guard, folder: &Path) -> Answer<()> {
        self.environment.extend(guard.variables(folder)?);
        if let Some(more) = guard.overflows() {
            self.blind_spots.push(format!("{more} more files are held back than the observers can refuse."));
        }
        Ok(())
    }

    /// Reads what the observers wrote. Trouble with a trace is a blind spot, not a failure of the run.
    pub(crate) fn read(&mut self) -> Vec<Access> {
        let mut accesses = Vec::new();
        for (path, parse) in [
            (self.python_trace(), trace::read_python as fn(&str) -> Vec<Access>),
            (self.library_trace(), trace::read_preload),
        ] {
            match fs::read(&path) {
                Ok(bytes) => accesses.extend(parse(&String::from_utf8_lossy(&bytes))),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => {
                    self.blind_spots.push(format!("The trace {} could not be read: {error}.", path.display()))
                }
            }
        }
        if self.sees_everything && !self.library_trace().exists() {
            self.sees_everything = false;
            self.blind_spots.push(
                "The program did not load the observing library: it is linked statically or runs with other rights. Files are seen by comparing the folder before and after.".into(),
            );
        }
        self.blind_spots.extend(programs::blind_spots(&accesses));
        accesses
    }

    /// Removes the traces, which hold the names of every file that was opened.
    pub(crate) fn clear(&self) {
        // What stays behind is private to the user and is removed with the next start.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// What keeps a process that is not recorded from opening data that is held back; nothing if nothing is held.
pub(crate) fn refusing(home: &Home, guard: &Guard, folder: &Path) -> Answer<BTreeMap<OsString, OsString>> {
    if guard.files.is_empty() {
        return Ok(Guard::nothing());
    }
    let mut observers = Observers::prepare(home, folder, &[])?;
    observers.environment.extend(guard.variables(folder)?);
    Ok(observers.environment)
}

fn isolates_python(argument: &OsStr) -> bool {
    let bytes = argument.as_encoded_bytes();
    bytes.len() >= 2 && bytes[1] != b'-' && bytes[1..].iter().any(|letter| matches!(letter, b'I' | b'E' | b'S'))
}

/// The library that observes native code (Linux), where it was found. Beside the program, as cargo builds it, or in the folder where a package installs it.
pub fn preload_library() -> Option<PathBuf> {
    let program = std::env::current_exe().ok()?;
    let folder = program.parent()?;
    [
        folder.join(LIBRARY),
        folder.join("deps").join(LIBRARY),
        folder.join("../lib/proofmark").join(LIBRARY),
        folder.join("..").join(LIBRARY),
    ]
    .into_iter()
    .find(|path| path.is_file())
}

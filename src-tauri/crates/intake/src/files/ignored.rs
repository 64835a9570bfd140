//! What a scan leaves out: a built-in list, and `.proofmarkignore` in any folder.
//!
//! `.gitignore` is never read: data and models are what people keep out of version control.

use std::ffi::OsStr;
use std::io::Read as _;
use std::path::Path;

use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::platform::open_for_reading;

/// The file that holds patterns of what to leave out, in the syntax of `.gitignore`.
pub const IGNORE_FILE: &str = ".proofmarkignore";

/// An ignore file larger than this is not one.
const LARGEST_IGNORE_FILE: u64 = 1024 * 1024;

/// Folders that hold no work of the project, by name.
const FOLDERS: &[&str] = &[
    ".git",
    ".hg",
    ".svn",
    ".bzr",
    ".jj",
    ".venv",
    "venv",
    "node_modules",
    "__pycache__",
    "__pypackages__",
    "site-packages",
    ".ipynb_checkpoints",
    ".mypy_cache",
    ".pytest_cache",
    ".ruff_cache",
    ".hypothesis",
    ".tox",
    ".nox",
    ".eggs",
    ".cache",
    ".idea",
    ".vscode",
    ".proofmark",
    ".Trash",
    "$RECYCLE.BIN",
    "System Volume Information",
];

/// Files that the system or an editor leaves behind, by name.
const FILES: &[&str] = &[".DS_Store", "Thumbs.db", "desktop.ini", ".directory"];

/// Endings of files that an editor or a download leaves behind.
const ENDINGS: &[&str] = &["~", ".swp", ".swo", ".swx", ".crdownload", ".proofmark-partial"];

/// The patterns of one `.proofmarkignore`, and the patterns of the folders above it.
#[derive(Debug)]
struct Level {
    patterns: Gitignore,
    above: Option<usize>,
}

/// What the ignore files say about a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Leave it out.
    LeaveOut,
    /// A pattern that begins with `!` wants it, whatever the built-in list says.
    Wanted,
    /// No pattern speaks of it, and it is not on the built-in list.
    Silent,
}

/// The ignore files of one scan. Levels are kept in one list, so that nothing here recurses however deep folders nest.
#[derive(Debug, Default)]
pub struct Ignores {
    levels: Vec<Level>,
}

impl Ignores {
    /// Reads the ignore file of `folder`, which lies below the level `above`. Answers the level that holds for the
    /// folder's entries, and a sentence for each pattern that could not be understood.
    pub fn enter(&mut self, folder: &Path, above: Option<usize>) -> (Option<usize>, Vec<String>) {
        let text = match read_small(&folder.join(IGNORE_FILE)) {
            Ok(text) => text,
            Err(problem) => return (above, vec![problem]),
        };
        let mut problems = Vec::new();
        let mut builder = GitignoreBuilder::new(folder);
        for (index, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
            if let Err(error) = builder.add_line(None, line) {
                problems.push(format!("line {}: {error}; the other patterns hold", index + 1));
            }
        }
        match builder.build() {
            Ok(patterns) => {
                self.levels.push(Level { patterns, above });
                (Some(self.levels.len() - 1), problems)
            }
            Err(error) => {
                problems.push(format!("its patterns cannot be used together: {error}"));
                (above, problems)
            }
        }
    }

    /// What holds for one entry, asked from the innermost ignore file outwards and then from the built-in list.
    pub fn verdict(&self, level: Option<usize>, path: &Path, is_folder: bool) -> Verdict {
        let mut next = level;
        while let Some(level) = next.and_then(|index| self.levels.get(index)) {
            if path.starts_with(level.patterns.path()) {
                let found = level.patterns.matched(path, is_folder);
                if found.is_ignore() {
                    return Verdict::LeaveOut;
                }
                if found.is_whitelist() {
                    return Verdict::Wanted;
                }
            }
            next = level.above;
        }
        if built_in(path, is_folder) { Verdict::LeaveOut } else { Verdict::Silent }
    }
}

/// The text of an ignore file. A file that is not there has no patterns.
fn read_small(path: &Path) -> Result<String, String> {
    match std::fs::symlink_metadata(path) {
        Err(_) => return Ok(String::new()),
        Ok(metadata) if !metadata.is_file() => return Err("it is not a regular file; its patterns are not used".into()),
        Ok(_) => {}
    }
    let unreadable = |error: std::io::Error| format!("it cannot be read ({error}); its patterns are not used");
    let file = open_for_reading(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    file.take(LARGEST_IGNORE_FILE + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > LARGEST_IGNORE_FILE {
        return Err("it is larger than 1 MiB; its patterns are not used".into());
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn built_in(path: &Path, is_folder: bool) -> bool {
    let Some(name) = path.file_name().and_then(OsStr::to_str) else { return false };
    if is_folder {
        if matches!(name, "cache" | "tmp") {
            return path.parent().and_then(Path::file_name) == Some(OsStr::new(".dvc"));
        }
        return FOLDERS.contains(&name);
    }
    // A linked worktree or submodule has a file `.git`.
    name == ".git"
        || FILES.contains(&name)
        || ENDINGS.iter().any(|ending| name.ends_with(ending))
        || (name.starts_with(".#") || (name.len() > 2 && name.starts_with('#') && name.ends_with('#')))
        || name.starts_with("._")
}

/// Whether a folder is a cache or an installation, by what lies in it. `names` are the names of its entries.
pub fn is_machine_made<'a>(folder: &Path, names: impl Iterator<Item = &'a OsStr>) -> bool {
    let (mut programs, mut libraries) = (false, false);
    for name in names {
        match name.to_str() {
            // PEP 405: every virtual environment has this file.
            Some("pyvenv.cfg") => return true,
            Some("CACHEDIR.TAG") if has_cache_tag(folder) => return true,
            Some("conda-meta") if folder.join("conda-meta/history").is_file() => return true,
            Some("bin" | "Scripts") => programs = true,
            Some("lib" | "Lib") => libraries = true,
            _ => {}
        }
    }
    // Old virtualenv made no pyvenv.cfg.
    let old_name = folder.file_name().and_then(OsStr::to_str).is_some_and(|name| matches!(name, "env" | "ENV"));
    old_name && programs && libraries
}

/// The first bytes of a `CACHEDIR.TAG`, from the Cache Directory Tagging Specification (bford.info/cachedir).
const CACHE_TAG: &[u8] = b"Signature: 8a477f597d28d172789f06886806bc55";

fn has_cache_tag(folder: &Path) -> bool {
    let Ok(file) = open_for_reading(&folder.join("CACHEDIR.TAG")) else { return false };
    if !file.metadata().is_ok_and(|metadata| metadata.is_file()) {
        return false;
    }
    let mut start = Vec::with_capacity(CACHE_TAG.len());
    file.take(CACHE_TAG.len() as u64).read_to_end(&mut start).is_ok() && start == CACHE_TAG
}

//! A source on disk, with the project around it.

use std::path::{Path, PathBuf};

use ignore::WalkBuilder;
use proofmark_domain::artifact::RelPath;

use super::{Notebook, NotebookError, ProjectModules, SourceFacts, decode_source, read_notebook, read_source, syntax};

/// How many files of a project are read for what a source imports.
const FILES: usize = 5_000;
/// How many bytes of them are read in all.
const BYTES: usize = 64 << 20;
/// Larger notebooks are not read.
const NOTEBOOK: u64 = 512 << 20;
/// Folders and files that mark the root of a project.
const MARKS: [&str; 9] = [
    ".git",
    "pyproject.toml",
    "setup.py",
    "setup.cfg",
    "proofmark.toml",
    "Makefile",
    "dvc.yaml",
    "requirements.txt",
    "MLproject",
];

/// A source with what it does.
#[derive(Debug)]
pub struct LoadedSource {
    /// The folder that its paths are relative to: the nearest above it that looks like a project, else its own.
    pub root: PathBuf,
    /// Its path in that folder.
    pub path: RelPath,
    /// The notebook, if it is one.
    pub notebook: Option<Notebook>,
    /// What it does.
    pub facts: SourceFacts,
}

/// Why a source could not be read.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// It cannot be opened.
    #[error("{path} could not be read: {source}. Nothing was changed; check that the file is there and may be read.")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is too large.
    #[error("{path} has {size} bytes, more than the {limit} that are read of a source. Nothing was changed.")]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size, in bytes.
        size: u64,
        /// What is read at most, in bytes.
        limit: u64,
    },
    /// It is no notebook.
    #[error(transparent)]
    Notebook(#[from] NotebookError),
}

/// Reads a script or notebook with the project around it. Executes nothing, follows no symbolic links.
///
/// # Errors
/// [`SourceError`] when it cannot be read, or is a notebook that cannot be understood. Code that does not parse is no error: see
/// [`SourceFacts::parse_errors`].
pub fn load_source(file: &Path) -> Result<LoadedSource, SourceError> {
    let io = |source| SourceError::Io { path: file.to_owned(), source };
    let file = std::fs::canonicalize(file).map_err(io)?;
    let is_notebook = file.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("ipynb"));
    let size = std::fs::metadata(&file).map_err(io)?.len();
    let limit = if is_notebook { NOTEBOOK } else { 8 * syntax::LONGEST as u64 };
    if size > limit {
        return Err(SourceError::TooLarge { path: file, size, limit });
    }
    let bytes = std::fs::read(&file).map_err(io)?;
    let text = decode_source(&bytes);
    let root = root_of(&file);
    let path = RelPath::new(file.strip_prefix(&root).unwrap_or(&file).to_string_lossy().replace('\\', "/"));
    let context = open_project(&root);
    if is_notebook {
        let notebook = read_notebook(&text, &path, &context)?;
        let facts = notebook.facts.clone();
        return Ok(LoadedSource { root, path, notebook: Some(notebook), facts });
    }
    let facts = read_source(&text, &path, &context);
    Ok(LoadedSource { root, path, notebook: None, facts })
}

fn root_of(file: &Path) -> PathBuf {
    let own = file.parent().unwrap_or(Path::new("."));
    let marked = own.ancestors().take(12).find(|folder| MARKS.iter().any(|mark| folder.join(mark).exists()));
    marked.unwrap_or(own).to_owned()
}

/// The Python files and settings below a folder. What cannot be read is left out: it only helps to understand others.
fn open_project(root: &Path) -> ProjectModules {
    let wanted = |name: &str| {
        let ending = name.rsplit('.').next().unwrap_or("");
        matches!(ending, "py" | "yaml" | "yml" | "toml" | "sh" | "mk")
            || matches!(name, "Makefile" | "MLproject" | "params.json" | "settings.json" | "config.json")
    };
    let walk = WalkBuilder::new(root).hidden(true).require_git(false).max_depth(Some(12)).build();
    let (mut files, mut left) = (Vec::new(), BYTES);
    for entry in walk.flatten().filter(|entry| entry.file_type().is_some_and(|kind| kind.is_file())) {
        let name = entry.file_name().to_string_lossy();
        let path = entry.path().strip_prefix(root).unwrap_or(entry.path()).to_string_lossy().replace('\\', "/");
        let foreign = ["site-packages/", "node_modules/", "__pycache__/"].iter().any(|part| path.contains(part));
        if !wanted(&name) || foreign || files.len() >= FILES {
            continue;
        }
        let Ok(bytes) = std::fs::read(entry.path()) else { continue };
        if bytes.len() > syntax::LONGEST || bytes.len() > left {
            continue;
        }
        left -= bytes.len();
        files.push((RelPath::new(&path), decode_source(&bytes).into_owned()));
    }
    ProjectModules::new(files.iter().map(|(path, text)| (path.clone(), text.as_str())))
}

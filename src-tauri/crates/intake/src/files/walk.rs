//! Finding the files of a project.
//!
//! The walk keeps its own list of folders to visit, so that nesting cannot overflow the stack, and answers in the order of
//! the labels, so that two walks of the same folder answer the same.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs::Metadata;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use proofmark_domain::artifact::{RelPath, SkipCause, Skipped};
use thiserror::Error;

use super::ignored::{IGNORE_FILE, Ignores, Verdict, is_machine_made};
use super::path::{LabelError, label_of, resolve};
use super::platform::{FileStat, stat_of};
use crate::records::mlflow::{Part, is_store};

/// How many entries pass between two questions whether to stop.
const ENTRIES_PER_CANCEL: usize = 256;

/// What a walk must know beside its root.
#[derive(Debug, Clone, Default)]
pub struct WalkOptions {
    /// Canonical roots of the other projects. Those within this one are left to them.
    pub other_roots: Vec<PathBuf>,
}

/// A file that was found, not yet read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundFile {
    /// Its label.
    pub path: RelPath,
    /// Where its bytes lie: for a link, the file that the link leads to.
    pub absolute: PathBuf,
    /// What the file system said about it.
    pub stat: FileStat,
}

/// A link to a folder that is recorded under its own name already.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Alias {
    /// The link.
    pub link: RelPath,
    /// The folder that it leads to.
    pub target: RelPath,
}

/// What a walk found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Walk {
    /// Files, by label.
    pub files: Vec<FoundFile>,
    /// What could not be recorded and why, by label.
    pub skipped: Vec<Skipped>,
    /// Links to folders whose files are recorded under the folders' own names.
    pub aliases: Vec<Alias>,
    /// Files and folders that the ignore rules left out. A folder counts once, whatever is in it.
    pub ignored: u64,
    /// Folders that are file stores of MLflow. Their artifacts are among the files, the record of their runs is not.
    pub mlflow_stores: Vec<RelPath>,
}

/// Why a walk has no result at all.
#[derive(Debug, Error)]
pub enum FileError {
    /// The root cannot be listed.
    #[error("the project folder {} cannot be read: {source}. Nothing recorded was changed; check the disk and the permissions, then scan again", root.display())]
    RootUnreadable {
        /// The project's folder.
        root: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The subtree to walk is not one of this project.
    #[error(transparent)]
    Label(#[from] LabelError),
    /// The caller asked to stop.
    #[error("the scan was cancelled; nothing recorded was changed")]
    Cancelled,
}

/// A folder that waits for its visit.
#[derive(Debug)]
struct Folder {
    /// Where it lies, with every link resolved.
    absolute: PathBuf,
    /// Its label, which for a linked folder is not that of `absolute`.
    label: RelPath,
    /// The ignore patterns that hold for the folder itself.
    level: Option<usize>,
    /// Whether a pattern asked for it, so that its content is not asked whether it is a cache.
    wanted: bool,
    /// Whether it is the folder that the walk began with.
    is_start: bool,
    /// What it is to a file store of MLflow.
    part: Part,
}

/// A link that waits until all real folders are known.
#[derive(Debug)]
struct Link {
    path: PathBuf,
    label: RelPath,
    level: Option<usize>,
}

struct Walker<'a> {
    root: PathBuf,
    options: &'a WalkOptions,
    cancel: &'a dyn Fn() -> bool,
    on_progress: &'a mut dyn FnMut(u64),
    ignores: Ignores,
    found: Walk,
    folders: Vec<Folder>,
    links: BTreeMap<RelPath, Link>,
    /// Folders that are ignored under their own name and were entered through a link.
    followed: BTreeSet<PathBuf>,
    entries_seen: usize,
}

/// Finds all files below `root`.
///
/// `cancel` is asked every few hundred entries; `on_progress` is told how many files were found so far, once a folder.
/// A symbolic link to a file within the root is a file of its own. A link to a folder within the root is followed only if
/// that folder is not recorded under its own name (because an ignore rule leaves it out); else it is an [`Alias`].
///
/// # Errors
///
/// [`FileError::RootUnreadable`] if the root itself cannot be listed, [`FileError::Cancelled`] if `cancel` says so.
/// Any other failure is an entry of [`Walk::skipped`], and the rest goes on.
pub fn walk(
    root: &Path,
    options: &WalkOptions,
    cancel: &dyn Fn() -> bool,
    on_progress: &mut dyn FnMut(u64),
) -> Result<Walk, FileError> {
    walk_under(root, &RelPath::from(""), options, cancel, on_progress)
}

/// Finds the files at and below one label, as [`walk`] of the whole project would. Nothing lies there: nothing is found.
///
/// # Errors
///
/// Those of [`walk`]; [`FileError::Label`] if `sub` is no label.
pub fn walk_under(
    root: &Path,
    sub: &RelPath,
    options: &WalkOptions,
    cancel: &dyn Fn() -> bool,
    on_progress: &mut dyn FnMut(u64),
) -> Result<Walk, FileError> {
    let unreadable = |source| FileError::RootUnreadable { root: root.to_owned(), source };
    let root = std::fs::canonicalize(root).map_err(unreadable)?;
    std::fs::read_dir(&root).map_err(unreadable)?;
    let mut walker = Walker {
        root,
        options,
        cancel,
        on_progress,
        ignores: Ignores::default(),
        found: Walk::default(),
        folders: Vec::new(),
        links: BTreeMap::new(),
        followed: BTreeSet::new(),
        entries_seen: 0,
    };
    walker.begin(sub)?;
    walker.run()?;
    let mut found = walker.found;
    found.files.sort_by(|a, b| a.path.cmp(&b.path));
    found.skipped.sort_by(|a, b| a.path.cmp(&b.path));
    found.aliases.sort();
    found.mlflow_stores.sort();
    found.mlflow_stores.dedup();
    Ok(found)
}

impl Walker<'_> {
    /// Goes down from the root to `sub`, minding the ignore files on the way.
    fn begin(&mut self, sub: &RelPath) -> Result<(), FileError> {
        let target = resolve(&self.root, sub)?;
        let mut folder = Folder {
            absolute: self.root.clone(),
            label: RelPath::from(""),
            level: None,
            wanted: true,
            is_start: true,
            part: Part::Outside,
        };
        self.settle_part(&mut folder, None);
        let steps: Vec<OsString> = target
            .strip_prefix(&self.root)
            .map(|relative| relative.components().map(|part| part.as_os_str().to_owned()).collect())
            .unwrap_or_default();
        for (index, name) in steps.iter().enumerate() {
            let (level, _) = self.ignores.enter(&folder.absolute, folder.level);
            let path = folder.absolute.join(name);
            let Ok(metadata) = std::fs::symlink_metadata(&path) else { return Ok(()) };
            let is_last = index + 1 == steps.len();
            if metadata.is_dir() && !is_last {
                match self.ignores.verdict(level, &path, true) {
                    Verdict::LeaveOut => return Ok(()),
                    verdict => {
                        let wanted = verdict == Verdict::Wanted;
                        if self.belongs_to_other(&path) || (!wanted && self.machine_made(&path)) {
                            return Ok(());
                        }
                        let label = label_of(&self.root, &path)?;
                        let part = folder.part.of_child(name_of(&path), &path);
                        folder = Folder { absolute: path, label, level, wanted, is_start: false, part };
                        self.settle_part(&mut folder, None);
                    }
                }
            } else {
                let label = label_of(&self.root, &path)?;
                if !metadata.is_dir() && folder.part.hides_files() {
                    return Ok(());
                }
                self.entry(path, label, metadata.file_type().is_dir(), level, Ok(metadata), folder.part);
                return Ok(());
            }
        }
        self.folders.push(folder);
        Ok(())
    }

    fn run(&mut self) -> Result<(), FileError> {
        loop {
            while let Some(folder) = self.folders.pop() {
                self.visit(folder)?;
                (self.on_progress)(self.found.files.len() as u64);
            }
            let Some((_, link)) = self.links.pop_first() else { return Ok(()) };
            self.follow(link);
        }
    }

    fn visit(&mut self, mut folder: Folder) -> Result<(), FileError> {
        if (self.cancel)() {
            return Err(FileError::Cancelled);
        }
        let listing = match std::fs::read_dir(&folder.absolute) {
            Ok(listing) => listing,
            Err(source) if folder.is_start => {
                return Err(FileError::RootUnreadable { root: folder.absolute, source });
            }
            Err(error) => {
                self.skip_error(folder.label, "the folder", &error);
                return Ok(());
            }
        };
        let mut entries = Vec::new();
        for entry in listing {
            self.entries_seen += 1;
            if self.entries_seen.is_multiple_of(ENTRIES_PER_CANCEL) && (self.cancel)() {
                return Err(FileError::Cancelled);
            }
            match entry {
                Ok(entry) => entries.push((entry.file_name(), entry)),
                Err(error) => self.skip_error(folder.label.clone(), "an entry of the folder", &error),
            }
        }
        if !folder.wanted && is_machine_made(&folder.absolute, entries.iter().map(|(name, _)| name.as_os_str())) {
            self.found.ignored += 1;
            return Ok(());
        }
        let mut level = folder.level;
        if entries.iter().any(|(name, _)| name == IGNORE_FILE) {
            let (inner, problems) = self.ignores.enter(&folder.absolute, folder.level);
            level = inner;
            for reason in problems {
                let path = join_label(&folder.label, &label_of_name(IGNORE_FILE.as_ref()));
                self.skip(path, SkipCause::Unreadable, reason);
            }
        }
        self.settle_part(&mut folder, Some(&entries));
        if folder.part.hides_all() {
            return Ok(());
        }
        let logs: Vec<OsString> = database_logs(entries.iter().map(|(name, _)| name));
        for (name, entry) in entries {
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            if !is_folder && (folder.part.hides_files() || logs.contains(&name)) {
                continue;
            }
            let label = join_label(&folder.label, &label_of_name(&name));
            let path = folder.absolute.join(&name);
            self.entry(path, label, is_folder, level, entry.metadata(), folder.part);
        }
        Ok(())
    }

    /// Finds out whether a folder is a file store of MLflow, now that its entries are known or can be listed.
    fn settle_part(&mut self, folder: &mut Folder, entries: Option<&[(OsString, std::fs::DirEntry)]>) {
        if folder.part == Part::Outside {
            let is_one = match entries {
                Some(entries) => is_store(&folder.absolute, entries.iter().map(|(name, _)| name.as_os_str())),
                None => std::fs::read_dir(&folder.absolute).is_ok_and(|listing| {
                    let names: Vec<OsString> = listing.flatten().map(|entry| entry.file_name()).collect();
                    is_store(&folder.absolute, names.iter().map(OsString::as_os_str))
                }),
            };
            if is_one {
                folder.part = Part::Store;
            }
        }
        if folder.part == Part::Store && name_of(&folder.absolute) != ".trash" {
            self.found.mlflow_stores.push(folder.label.clone());
        }
    }

    /// Takes one entry of a folder that was not asked about yet.
    fn entry(
        &mut self,
        path: PathBuf,
        label: RelPath,
        is_folder: bool,
        level: Option<usize>,
        metadata: io::Result<Metadata>,
        parent: Part,
    ) {
        let verdict = self.ignores.verdict(level, &path, is_folder);
        if verdict == Verdict::LeaveOut {
            self.found.ignored += 1;
            return;
        }
        let metadata = match metadata {
            Ok(metadata) => metadata,
            Err(error) => return self.skip_error(label, "it", &error),
        };
        if metadata.is_symlink() {
            self.links.insert(label.clone(), Link { path, label, level });
        } else if metadata.is_dir() {
            if self.belongs_to_other(&path) {
                return self.skip_other_project(label);
            }
            let wanted = verdict == Verdict::Wanted;
            let part = parent.of_child(name_of(&path), &path);
            if part.hides_all() {
                return;
            }
            self.folders.push(Folder { absolute: path, label, level, wanted, is_start: false, part });
        } else if metadata.is_file() {
            self.found.files.push(FoundFile { path: label, absolute: path, stat: stat_of(&metadata) });
        } else {
            self.skip_special(label);
        }
    }

    fn follow(&mut self, link: Link) {
        let target = match std::fs::canonicalize(&link.path) {
            Ok(target) => target,
            Err(error) => {
                let (cause, reason) = match error.kind() {
                    ErrorKind::NotFound | ErrorKind::NotADirectory => {
                        (SkipCause::LinkBroken, "the link leads to nothing".to_owned())
                    }
                    _ if is_link_loop(&error) => (SkipCause::LinkLoops, "the link leads to itself".to_owned()),
                    _ => return self.skip_error(link.label, "the target of the link", &error),
                };
                return self.skip(link.label, cause, reason);
            }
        };
        let Ok(target_label) = label_of(&self.root, &target) else {
            let reason = format!("the link leads out of the project, to {}", target.display());
            return self.skip(link.label, SkipCause::LinkLeavesProject, reason);
        };
        if self.belongs_to_other(&target) {
            return self.skip_other_project(link.label);
        }
        let metadata = match std::fs::symlink_metadata(&target) {
            Ok(metadata) => metadata,
            Err(error) => return self.skip_error(link.label, "the target of the link", &error),
        };
        if metadata.is_file() {
            self.found.files.push(FoundFile { path: link.label, absolute: target, stat: stat_of(&metadata) });
        } else if metadata.is_dir() {
            if link.path.starts_with(&target) {
                let reason = "the link leads to a folder that contains it".to_owned();
                self.skip(link.label, SkipCause::LinkLoops, reason);
            } else if self.recorded_by_name(&target) || self.followed.iter().any(|seen| target.starts_with(seen)) {
                self.found.aliases.push(Alias { link: link.label, target: target_label });
            } else {
                self.followed.insert(target.clone());
                let (absolute, label, level) = (target, link.label, link.level);
                let part = Part::Outside;
                self.folders.push(Folder { absolute, label, level, wanted: true, is_start: false, part });
            }
        } else {
            self.skip_special(link.label);
        }
    }

    /// Whether a walk of the whole project records the files of this real folder under its own name.
    fn recorded_by_name(&mut self, folder: &Path) -> bool {
        let Ok(relative) = folder.strip_prefix(&self.root) else { return false };
        let mut path = self.root.clone();
        let mut level = None;
        for part in relative.components() {
            (level, _) = self.ignores.enter(&path, level);
            path.push(part);
            match self.ignores.verdict(level, &path, true) {
                Verdict::LeaveOut => return false,
                Verdict::Wanted => {}
                Verdict::Silent if self.machine_made(&path) => return false,
                Verdict::Silent => {}
            }
        }
        true
    }

    fn machine_made(&self, folder: &Path) -> bool {
        let Ok(listing) = std::fs::read_dir(folder) else { return false };
        let names: Vec<OsString> = listing.flatten().map(|entry| entry.file_name()).collect();
        is_machine_made(folder, names.iter().map(OsString::as_os_str))
    }

    fn belongs_to_other(&self, path: &Path) -> bool {
        // A project that contains this one is no reason: such projects cannot be added, but older ledgers may hold them.
        self.options
            .other_roots
            .iter()
            .any(|other| *other != self.root && other.starts_with(&self.root) && path.starts_with(other))
    }

    fn skip(&mut self, path: RelPath, cause: SkipCause, reason: String) {
        self.found.skipped.push(Skipped { path, cause, reason });
    }

    fn skip_other_project(&mut self, label: RelPath) {
        let reason = "another project watches this folder and records its files".to_owned();
        self.skip(label, SkipCause::BelongsToOtherProject, reason);
    }

    fn skip_special(&mut self, label: RelPath) {
        let reason = "it is a pipe, socket or device, which holds no bytes to record".to_owned();
        self.skip(label, SkipCause::NotARegularFile, reason);
    }

    fn skip_error(&mut self, label: RelPath, what: &str, error: &io::Error) {
        let (cause, reason) = match error.kind() {
            ErrorKind::PermissionDenied => {
                let advice = "grant read permission, or name it in .proofmarkignore";
                (SkipCause::PermissionDenied, format!("{what} may not be read by this user; {advice}"))
            }
            ErrorKind::NotFound => (SkipCause::Vanished, format!("{what} went away while the scan ran")),
            ErrorKind::InvalidFilename => {
                (SkipCause::Unreadable, format!("{what} lies deeper than the system can open by path ({error})"))
            }
            _ => (SkipCause::Unreadable, format!("{what} cannot be read: {error}")),
        };
        self.skip(label, cause, reason);
    }
}

/// The name of a folder; of one that is not Unicode, no name that means anything to another tool.
fn name_of(path: &Path) -> &str {
    path.file_name().and_then(|name| name.to_str()).unwrap_or_default()
}

/// Names of files that SQLite keeps beside a database while it is in use: no files of their own.
fn database_logs<'a>(names: impl Iterator<Item = &'a OsString>) -> Vec<OsString> {
    let names: BTreeSet<&OsString> = names.collect();
    names
        .iter()
        .filter(|name| {
            name.to_str().is_some_and(|name| {
                ["-wal", "-shm", "-journal"].iter().any(|ending| {
                    name.strip_suffix(ending).is_some_and(|database| names.contains(&OsString::from(database)))
                })
            })
        })
        .map(|name| (*name).clone())
        .collect()
}

fn label_of_name(name: &std::ffi::OsStr) -> String {
    let mut label = String::with_capacity(name.len());
    super::platform::encode_name(name, &mut label);
    label
}

fn join_label(folder: &RelPath, name: &str) -> RelPath {
    if folder.as_str().is_empty() { RelPath::from(name) } else { RelPath::new(format!("{folder}/{name}")) }
}

#[cfg(unix)]
fn is_link_loop(error: &io::Error) -> bool {
    error.raw_os_error() == Some(libc::ELOOP)
}

/// `ERROR_CANT_RESOLVE_FILENAME`: what Windows answers to a link that leads to itself.
#[cfg(windows)]
fn is_link_loop(error: &io::Error) -> bool {
    error.raw_os_error() == Some(1921)
}

#[cfg(test)]
mod tests;

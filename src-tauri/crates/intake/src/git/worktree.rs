//! Which tracked files differ from the commit.

use std::collections::{BTreeMap, HashMap};
use std::fs::Metadata;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use gix::bstr::{BStr, BString, ByteSlice as _};
use gix::index::entry::{Flags, Mode};
use gix::objs::Kind;
use sha2::{Digest as _, Sha256};

use super::diff::LARGEST_SHOWN;
use crate::files::platform::{FileStat, open_for_reading, stat_of};

/// Files above this size are compared by what the index says about them, and never read.
const LARGEST_READ: u64 = 256 * 1024 * 1024;

/// A tracked file that differs from the commit.
#[derive(Debug)]
pub struct Change {
    /// Its path in the repository.
    pub path: BString,
    /// What was committed; `None` if it is new.
    pub before: Option<Vec<u8>>,
    /// What lies there; `None` if it is gone.
    pub after: Option<Vec<u8>>,
    /// Whether the bytes are too many, or are none (a submodule).
    pub not_shown: bool,
}

/// All differences.
#[derive(Debug, Default)]
pub struct Compared {
    /// By path.
    pub changes: Vec<Change>,
    /// Whether a file could not be compared, so that no difference found does not mean that there is none.
    pub incomplete: bool,
}

/// What the commit, or the index, holds for a path.
#[derive(Clone, Copy)]
struct Tracked {
    id: gix::ObjectId,
    mode: Mode,
}

/// What the index remembers of a file that was equal to `id`.
struct Remembered {
    id: gix::ObjectId,
    stat: gix::index::entry::Stat,
    kept_out: bool,
}

struct Comparison<'a> {
    repository: &'a gix::Repository,
    root: &'a Path,
    remembered: HashMap<BString, Remembered>,
    /// When the index was written, in nanoseconds: a file changed since, or in the same moment, is read.
    index_time: i64,
    /// Whether a folder within the repository is a real one.
    real_folders: HashMap<PathBuf, bool>,
    found: Compared,
}

/// Compares the commit with the files in `root`.
pub fn compare(repository: &gix::Repository, commit: &gix::Commit<'_>, root: &Path) -> Result<Compared, String> {
    let tree = commit.tree_id().map_err(|error| error.to_string())?;
    let committed = repository.index_from_tree(&tree).map_err(|error| error.to_string())?;
    let mut tracked: BTreeMap<BString, (Option<Tracked>, bool)> = BTreeMap::new();
    for entry in committed.entries() {
        let file = Tracked { id: entry.id, mode: entry.mode };
        tracked.insert(entry.path(&committed).to_owned(), (Some(file), true));
    }
    let mut comparison = Comparison {
        repository,
        root,
        remembered: HashMap::new(),
        index_time: 0,
        real_folders: HashMap::new(),
        found: Compared::default(),
    };
    // A damaged index costs speed and files that were added; the commit is compared all the same.
    match repository.try_index() {
        Ok(Some(index)) => {
            let time = index.timestamp();
            comparison.index_time = time.unix_seconds().saturating_mul(1_000_000_000) + i64::from(time.nanoseconds());
            for entry in index.entries() {
                let path = entry.path(&index).to_owned();
                tracked.entry(path.clone()).or_insert((None, false)).1 = true;
                let kept_out = entry.flags.contains(Flags::SKIP_WORKTREE);
                comparison.remembered.insert(path, Remembered { id: entry.id, stat: entry.stat, kept_out });
            }
        }
        Ok(None) => {}
        Err(_) => comparison.found.incomplete = true,
    }
    for (path, (committed, _)) in tracked {
        comparison.one(path.as_bstr(), committed);
    }
    Ok(comparison.found)
}

impl Comparison<'_> {
    fn one(&mut self, path: &BStr, committed: Option<Tracked>) {
        let remembered = self.remembered.get(path);
        if remembered.is_some_and(|remembered| remembered.kept_out) {
            return;
        }
        let Some(absolute) = self.locate(path) else {
            self.found.incomplete = true;
            return;
        };
        let there = if self.is_reached_without_links(&absolute) { absolute.symlink_metadata().ok() } else { None };
        let Some(metadata) = there else {
            if committed.is_some() {
                self.changed(path, committed, None);
            }
            return;
        };
        if committed.is_some_and(|file| file.mode == Mode::COMMIT) {
            return self.submodule(path, &absolute, committed);
        }
        if metadata.is_file() {
            self.file(path, &absolute, &metadata, committed);
        } else if metadata.is_symlink() {
            let target = std::fs::read_link(&absolute).ok();
            let Some(bytes) = target.and_then(|target| gix::path::into_bstr(target).ok().map(|path| path.into_owned()))
            else {
                self.found.incomplete = true;
                return;
            };
            let bytes: Vec<u8> = bytes.into();
            if committed.is_none_or(|file| file.mode != Mode::SYMLINK || !self.is_blob(&bytes, file.id)) {
                self.changed(path, committed, Some(bytes));
            }
        } else {
            // A folder or a pipe where a file was.
            self.changed(path, committed, None);
        }
    }

    fn file(&mut self, path: &BStr, absolute: &Path, metadata: &Metadata, committed: Option<Tracked>) {
        let stat = stat_of(metadata);
        if let (Some(file), Some(remembered)) = (committed, self.remembered.get(path))
            && remembered.id == file.id
            && self.is_as_remembered(&stat, &remembered.stat)
        {
            return;
        }
        if stat.size > LARGEST_READ {
            let before = committed.map(|_| Vec::new());
            let after = Some(Vec::new());
            self.found.changes.push(Change { path: path.to_owned(), before, after, not_shown: true });
            return;
        }
        let mut bytes = Vec::new();
        let read = open_for_reading(absolute).and_then(|file| file.take(LARGEST_READ).read_to_end(&mut bytes));
        if read.is_err() {
            self.found.incomplete = true;
            return;
        }
        if committed.is_some_and(|file| file.mode != Mode::SYMLINK && self.holds(&bytes, file.id)) {
            return;
        }
        self.changed(path, committed, Some(bytes));
    }

    /// Whether the bytes are those of the blob, or become them by what git does on check-in.
    fn holds(&self, bytes: &[u8], id: gix::ObjectId) -> bool {
        if self.is_blob(bytes, id) {
            return true;
        }
        if bytes.contains_str("\r\n") && self.is_blob(&bytes.replace("\r\n", "\n"), id) {
            return true;
        }
        let Some(blob) = self.blob(id).filter(|blob| blob.len() < 1024) else { return false };
        lfs_digest(&blob).is_some_and(|digest| {
            let ours: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
            ours == digest
        })
    }

    fn is_blob(&self, bytes: &[u8], id: gix::ObjectId) -> bool {
        gix::objs::compute_hash(id.kind(), Kind::Blob, bytes).is_ok_and(|found| found == id)
    }

    fn blob(&self, id: gix::ObjectId) -> Option<Vec<u8>> {
        // The header is asked first, so that a huge object is not unpacked for a diff that would not show it.
        let header = self.repository.find_header(id).ok()?;
        if header.size() > LARGEST_SHOWN as u64 {
            return None;
        }
        self.repository.find_object(id).ok().map(|mut object| std::mem::take(&mut object.data))
    }

    fn submodule(&mut self, path: &BStr, absolute: &Path, committed: Option<Tracked>) {
        // A submodule that is not checked out is not changed.
        if !super::is_repository(&absolute.join(".git")) {
            return;
        }
        let head = super::open(absolute).ok().and_then(|inner| inner.head_id().ok().map(gix::Id::detach));
        match (head, committed) {
            (Some(head), Some(file)) if head == file.id => {}
            (Some(head), Some(file)) => {
                let line = |id: gix::ObjectId| Some(format!("Subproject commit {id}\n").into_bytes());
                let (before, after) = (line(file.id), line(head));
                self.found.changes.push(Change { path: path.to_owned(), before, after, not_shown: false });
            }
            _ => self.found.incomplete = true,
        }
    }

    fn changed(&mut self, path: &BStr, committed: Option<Tracked>, after: Option<Vec<u8>>) {
        let mut not_shown = false;
        let before = committed.map(|file| {
            if file.mode == Mode::COMMIT {
                return format!("Subproject commit {}\n", file.id).into_bytes();
            }
            self.blob(file.id).unwrap_or_else(|| {
                not_shown = true;
                Vec::new()
            })
        });
        let after = after.map(|bytes| {
            not_shown |= bytes.len() > LARGEST_SHOWN;
            if not_shown { Vec::new() } else { bytes }
        });
        self.found.changes.push(Change { path: path.to_owned(), before, after, not_shown });
    }

    /// The path of a tracked file. A doctored tree can hold names that lead elsewhere; those are not followed.
    fn locate(&self, path: &BStr) -> Option<PathBuf> {
        let parts = path.split_str("/");
        let harmless =
            parts.clone().all(|part| !part.is_empty() && part != b"." && part != b".." && !part.contains(&0));
        let relative = gix::path::from_bstr(path).ok()?;
        let inside = relative.components().all(|part| matches!(part, std::path::Component::Normal(_)));
        (harmless && inside).then(|| self.root.join(relative))
    }

    /// Whether no folder on the way is a link: for git, what lies behind a link is not the tracked file.
    fn is_reached_without_links(&mut self, absolute: &Path) -> bool {
        let Some(parent) = absolute.parent() else { return false };
        let folders: Vec<&Path> = parent.ancestors().take_while(|folder| *folder != self.root).collect();
        folders.into_iter().all(|folder| match self.real_folders.get(folder) {
            Some(known) => *known,
            None => {
                let real = folder.symlink_metadata().is_ok_and(|metadata| metadata.is_dir());
                self.real_folders.insert(folder.to_owned(), real);
                real
            }
        })
    }

    /// git's own test, with its rule for files that changed in the moment in which the index was written.
    fn is_as_remembered(&self, stat: &FileStat, known: &gix::index::entry::Stat) -> bool {
        let known_mtime = i64::from(known.mtime.secs) * 1_000_000_000 + i64::from(known.mtime.nsecs);
        let same_time = stat.mtime_ns == known_mtime
            || (known.mtime.nsecs == 0 && stat.mtime_ns.div_euclid(1_000_000_000) == i64::from(known.mtime.secs));
        let same_file = stat.inode == 0 || known.ino == 0 || stat.inode as u32 == known.ino;
        same_time && same_file && stat.size as u32 == known.size && known.size != 0 && stat.mtime_ns < self.index_time
    }
}

/// The digest in a pointer of Git LFS (github.com/git-lfs/git-lfs, docs/spec.md).
fn lfs_digest(blob: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(blob).ok()?;
    if !text.starts_with("version https://git-lfs.github.com/spec/") {
        return None;
    }
    text.lines().find_map(|line| line.strip_prefix("oid sha256:")).map(|digest| digest.trim().to_owned())
}

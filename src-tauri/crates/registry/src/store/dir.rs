//! A registry in a directory: local, on a network file system or in a synchronised folder.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write as _};
use std::path::{Path, PathBuf};

use uuid::Uuid;

use super::self_test::{SelfTest, self_test};
use super::{Entry, EntryKind, Store};
use crate::layout::{MARKER, STAGING};

const READ_LIMIT: u64 = 64 * 1024 * 1024;

/// A directory as the place of a registry.
#[derive(Debug, Clone)]
pub struct DirStore {
    root: PathBuf,
}

/// Flushes the names in a folder to the disk, where the system can.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(windows) {
        return Ok(());
    }
    match File::open(folder)?.sync_all() {
        // Some network and FUSE file systems cannot flush a folder; they keep names in order by themselves.
        Err(error) if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) => Ok(()),
        result => result,
    }
}

impl DirStore {
    /// Takes an existing directory.
    pub fn new(root: &Path) -> io::Result<Self> {
        let root = fs::canonicalize(root)?;
        if !root.is_dir() {
            return Err(io::Error::from(io::ErrorKind::NotADirectory));
        }
        Ok(Self { root })
    }

    /// Joins a path of ours. They are made by this crate or checked by it; this is the last line of defence.
    fn at(&self, path: &str) -> io::Result<PathBuf> {
        let plain = |part: &str| !part.is_empty() && part != "." && part != ".." && !part.contains(['\\', '\0']);
        if !path.split('/').all(plain) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("`{path}` leaves the registry")));
        }
        Ok(self.root.join(path))
    }

    /// A lost mount leaves an empty folder behind: nothing may be written into that, nor read from it as if it were
    /// an empty registry.
    fn still_there(&self) -> io::Result<()> {
        fs::symlink_metadata(self.root.join(MARKER)).map(drop).map_err(|error| {
            if error.kind() == io::ErrorKind::NotFound {
                io::Error::new(error.kind(), "the registry's folder is gone (is the share still mounted?)")
            } else {
                error
            }
        })
    }

    /// Makes the folders above `path`, each flushed into the one above it. A link on the way is refused.
    fn make_above(&self, path: &str) -> io::Result<()> {
        self.still_there()?;
        let Some((folders, _)) = path.rsplit_once('/') else { return Ok(()) };
        let mut at = self.root.clone();
        for part in folders.split('/') {
            let above = at.clone();
            at.push(part);
            match fs::create_dir(&at) {
                Ok(()) => sync_folder(&above)?,
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    if !fs::symlink_metadata(&at)?.is_dir() {
                        return Err(io::Error::new(error.kind(), format!("{} is not a folder", at.display())));
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn sync_above(&self, path: &Path) -> io::Result<()> {
        path.parent().map_or(Ok(()), sync_folder)
    }

    fn write_new(path: &Path, content: &[u8]) -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
        file.write_all(content)?;
        file.sync_all()
    }
}

fn entry_of(name: String, metadata: &fs::Metadata) -> Entry {
    let kind = if metadata.is_symlink() {
        EntryKind::Link
    } else if metadata.is_dir() {
        EntryKind::Folder
    } else if metadata.is_file() {
        EntryKind::File
    } else {
        EntryKind::Other
    };
    let size = if kind == EntryKind::File { metadata.len() } else { 0 };
    Entry { name, kind, size, stamp: stamp(metadata) }
}

#[cfg(unix)]
fn stamp(metadata: &fs::Metadata) -> Option<[i64; 4]> {
    use std::os::unix::fs::MetadataExt as _;
    let nanos = |seconds: i64, nanos: i64| seconds.wrapping_mul(1_000_000_000).wrapping_add(nanos);
    let modified = nanos(metadata.mtime(), metadata.mtime_nsec());
    let changed = nanos(metadata.ctime(), metadata.ctime_nsec());
    Some([modified, changed, metadata.ino().cast_signed(), metadata.dev().cast_signed()])
}

#[cfg(not(unix))]
fn stamp(metadata: &fs::Metadata) -> Option<[i64; 4]> {
    let since = metadata.modified().ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
    Some([i64::try_from(since.as_nanos()).ok()?, 0, 0, 0])
}

impl Store for DirStore {
    fn place(&self) -> String {
        self.root.display().to_string()
    }

    fn uri(&self) -> String {
        let path = self.root.to_string_lossy().replace('\\', "/");
        let mut uri = String::from(if path.starts_with('/') { "file://" } else { "file:///" });
        for byte in path.bytes() {
            if byte.is_ascii_alphanumeric() || b"-._~/:".contains(&byte) {
                uri.push(char::from(byte));
            } else {
                uri.push_str(&format!("%{byte:02X}"));
            }
        }
        uri
    }

    fn folder(&self) -> Option<&Path> {
        Some(&self.root)
    }

    fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.open(path)?.take(READ_LIMIT + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > READ_LIMIT {
            return Err(io::Error::new(
                io::ErrorKind::FileTooLarge,
                "it is larger than 64 MiB, which no record here is",
            ));
        }
        Ok(bytes)
    }

    fn open(&self, path: &str) -> io::Result<Box<dyn Read + Send>> {
        let path = self.at(path)?;
        // Opening a pipe would wait for a writer for ever.
        if !fs::symlink_metadata(&path)?.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"));
        }
        Ok(Box::new(File::open(path)?))
    }

    fn entry(&self, path: &str) -> io::Result<Option<Entry>> {
        let name = path.rsplit('/').next().unwrap_or(path).to_owned();
        match fs::symlink_metadata(self.at(path)?) {
            Ok(metadata) => Ok(Some(entry_of(name, &metadata))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => self.still_there().map(|()| None),
            Err(error) => Err(error),
        }
    }

    fn list(&self, path: &str) -> io::Result<Vec<Entry>> {
        Ok(self.list_further(path, &|_| false)?.0)
    }

    fn list_further(&self, path: &str, known: &dyn Fn(&str) -> bool) -> io::Result<(Vec<Entry>, usize)> {
        let folder = if path.is_empty() { self.root.clone() } else { self.at(path)? };
        let names = match fs::read_dir(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return self.still_there().map(|()| (Vec::new(), 0));
            }
            names => names?,
        };
        let (mut entries, mut there) = (Vec::new(), 0);
        for name in names {
            let name = name?;
            if name.file_name().to_str().is_some_and(known) && name.file_type().is_ok_and(|it| it.is_file()) {
                there += 1;
                continue;
            }
            // A file that another program removes while we look is not there.
            match name.metadata() {
                Ok(metadata) => entries.push(entry_of(name.file_name().to_string_lossy().into_owned(), &metadata)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        Ok((entries, there))
    }

    fn mark(&self, path: &str) -> io::Result<Option<bool>> {
        let target = self.at(path)?;
        self.make_above(path)?;
        match OpenOptions::new().write(true).create_new(true).open(target) {
            Ok(_) => Ok(Some(true)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(Some(false)),
            Err(error) => Err(error),
        }
    }

    fn stage(&self, path: &str, source: &mut dyn Read) -> io::Result<u64> {
        let target = self.at(path)?;
        self.make_above(path)?;
        let mut file = OpenOptions::new().write(true).create_new(true).open(&target)?;
        let mut buffer = vec![0u8; 1024 * 1024];
        let mut written = 0u64;
        loop {
            let read = match source.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            file.write_all(buffer.get(..read).unwrap_or_default())?;
            written += read as u64;
        }
        file.sync_all()?;
        self.sync_above(&target)?;
        Ok(written)
    }

    fn link_staged(&self, existing: &str, path: &str) -> io::Result<bool> {
        let (existing, target) = (self.at(existing)?, self.at(path)?);
        self.make_above(path)?;
        if fs::hard_link(existing, &target).is_err() {
            return Ok(false);
        }
        self.sync_above(&target)?;
        Ok(true)
    }

    fn settle(&self, staged: &str, path: &str) -> io::Result<()> {
        let (from, target) = (self.at(staged)?, self.at(path)?);
        self.make_above(path)?;
        fs::rename(&from, &target)?;
        self.sync_above(&target)
    }

    fn settle_folder(&self, staged: &str, path: &str) -> io::Result<bool> {
        let (from, target) = (self.at(staged)?, self.at(path)?);
        self.make_above(path)?;
        if fs::symlink_metadata(&target).is_ok() {
            return Ok(false);
        }
        match fs::rename(&from, &target) {
            Ok(()) => self.sync_above(&target).map(|()| true),
            Err(_) if fs::symlink_metadata(&target).is_ok() => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn create_new(&self, path: &str, content: &[u8]) -> io::Result<()> {
        let target = self.at(path)?;
        if path != MARKER {
            self.make_above(path)?;
        }
        // A complete file that gets its name in one step is never seen half written. Where the file system knows no
        // second names (SMB, many FUSE ones), creating exclusively still decides who is first.
        let staged_name = format!("{}.new", Uuid::new_v4());
        let staged = if path == MARKER {
            self.root.join(format!(".{staged_name}"))
        } else {
            let staged = format!("{STAGING}/{staged_name}");
            self.make_above(&staged)?;
            self.at(&staged)?
        };
        let linked = Self::write_new(&staged, content).and_then(|()| fs::hard_link(&staged, &target));
        let placed = match linked {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(error),
            Err(error) if matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::ReadOnlyFilesystem) => {
                Err(error)
            }
            Err(_) => Self::write_new(&target, content),
        };
        // The staged name has done its work either way; if it cannot be removed, cleaning up will.
        let _ = fs::remove_file(&staged);
        placed.and_then(|()| self.sync_above(&target))
    }

    fn discard(&self, staged: &str) -> io::Result<()> {
        if !staged.starts_with(&format!("{STAGING}/")) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "only staged things are ever removed"));
        }
        let path = self.at(staged)?;
        let removed = match fs::symlink_metadata(&path) {
            Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(&path),
            Ok(_) => fs::remove_file(&path),
            Err(error) => Err(error),
        };
        match removed {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        }
    }

    fn self_test(&self) -> io::Result<SelfTest> {
        self.make_above(&format!("{STAGING}/x"))?;
        Ok(self_test(&self.root.join(STAGING)))
    }
}

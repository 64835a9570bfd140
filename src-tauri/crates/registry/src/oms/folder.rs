//! The files of a model on disk, and their digests.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use proofmark_domain::Digest;
use sha2::{Digest as _, Sha256};

use super::{FileHash, Method, Refused};
use crate::error::RegistryError;
use crate::progress::Watch;

/// Bytes of a shard in the reference tool.
pub const DEFAULT_SHARD: u64 = 1_000_000_000;

fn reading(path: &Path, what: &'static str) -> impl FnOnce(io::Error) -> Refused {
    let shown = path.display().to_string();
    move |source| Refused::Reading(RegistryError::io(shown, what)(source))
}

/// The path of `inside` relative to the model, if it lies in it.
pub fn inside(model: &Path, inside: &Path) -> Option<String> {
    let model = fs::canonicalize(model).ok()?;
    // The signature may not exist yet; its folder does.
    let parent = inside.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let file = fs::canonicalize(parent).ok()?.join(inside.file_name()?);
    let relative = file.strip_prefix(&model).ok()?;
    let parts: Option<Vec<&str>> = relative.iter().map(|part| part.to_str()).collect();
    parts.map(|parts| parts.join("/")).filter(|path| !path.is_empty())
}

/// The name of a model: that of its folder or file.
pub fn name_of(model: &Path) -> String {
    let real = fs::canonicalize(model).unwrap_or_else(|_| model.to_owned());
    real.file_name().map_or_else(|| "model".to_owned(), |name| name.to_string_lossy().into_owned())
}

/// The files of a model by relative path, sorted. With `only`, just those of its names that exist.
pub fn files(
    model: &Path,
    ignored: &BTreeSet<String>,
    links: bool,
    only: Option<&BTreeSet<String>>,
) -> Result<BTreeMap<String, PathBuf>, Refused> {
    let mut files = BTreeMap::new();
    let metadata = fs::metadata(model).map_err(reading(model, "looking at"))?;
    if metadata.is_file() {
        files.insert(".".to_owned(), model.to_owned());
        return Ok(files);
    }
    let mut open = vec![(model.to_owned(), String::new())];
    while let Some((folder, below)) = open.pop() {
        for entry in fs::read_dir(&folder).map_err(reading(&folder, "listing"))? {
            let entry = entry.map_err(reading(&folder, "listing"))?;
            let path = entry.path();
            let Some(name) = entry.file_name().to_str().map(|name| format!("{below}{name}")) else {
                return Err(Refused::Statement(format!("the name of {} is not Unicode", path.display())));
            };
            if ignored.contains(&name) {
                continue;
            }
            let kind = entry.file_type().map_err(reading(&path, "looking at"))?;
            let wanted = only.is_none_or(|only| only.contains(&name));
            if kind.is_symlink() {
                let target = fs::metadata(&path);
                let to_file = target.as_ref().is_ok_and(fs::Metadata::is_file);
                if !links && (only.is_none() || wanted) {
                    return Err(Refused::Link(path.display().to_string()));
                }
                if links && !to_file && only.is_none() {
                    // The reference passes over what a link to a folder holds, which would leave it unverified.
                    return Err(Refused::Statement(format!(
                        "{} is a link to something that is no file",
                        path.display()
                    )));
                }
                if links && to_file && wanted {
                    files.insert(name, path);
                }
            } else if kind.is_dir() {
                open.push((path, format!("{name}/")));
            } else if kind.is_file() {
                if wanted {
                    files.insert(name, path);
                }
            } else if only.is_none() {
                return Err(Refused::Statement(format!("{} is neither a file nor a folder", path.display())));
            }
        }
    }
    Ok(files)
}

/// Digests by resource name.
pub fn digests(
    model: &Path,
    files: &BTreeMap<String, PathBuf>,
    method: Method,
    with: FileHash,
    watch: &mut Watch<'_>,
) -> Result<BTreeMap<String, Digest>, Refused> {
    let size = |path: &PathBuf| fs::metadata(path).map_or(0, |it| it.len());
    watch.expect(files.values().map(size).sum());
    let mut found = BTreeMap::new();
    for (name, path) in files {
        let file = fs::File::open(path).map_err(reading(path, "opening"))?;
        match method {
            Method::Files => {
                let (digest, _) = hash(file, path, u64::MAX, with, watch)?;
                found.insert(name.clone(), digest);
            }
            Method::Shards(shard) => {
                let mut file = file;
                let mut start = 0u64;
                loop {
                    let (digest, read) = hash(&mut file, path, shard, with, watch)?;
                    if read == 0 {
                        break;
                    }
                    found.insert(format!("{name}:{start}:{}", start + read), digest);
                    start += read;
                }
            }
        }
    }
    if found.is_empty() {
        return Err(Refused::Statement(format!("{} holds no file that could be compared", model.display())));
    }
    Ok(found)
}

/// Files at a path of the model and below it, with their sizes. Links count as files of no size.
pub fn below(model: &Path, path: &str, into: &mut Vec<(String, u64)>) -> Result<(), Refused> {
    let leaves = path.split('/').any(|part| part == "..") || Path::new(path).is_absolute();
    if leaves || path.is_empty() {
        return Ok(());
    }
    let mut open = vec![(model.join(path), path.to_owned())];
    while let Some((at, name)) = open.pop() {
        let metadata = match fs::symlink_metadata(&at) {
            Ok(metadata) => metadata,
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => continue,
            Err(error) => return Err(reading(&at, "looking at")(error)),
        };
        if metadata.is_dir() {
            for entry in fs::read_dir(&at).map_err(reading(&at, "listing"))? {
                let entry = entry.map_err(reading(&at, "listing"))?;
                open.push((entry.path(), format!("{name}/{}", entry.file_name().to_string_lossy())));
            }
        } else {
            into.push((name, if metadata.is_file() { metadata.len() } else { 0 }));
        }
    }
    Ok(())
}

enum Hasher {
    Sha256(Sha256),
    Blake3(Box<blake3::Hasher>),
}

impl Hasher {
    fn new(with: FileHash) -> Self {
        match with {
            FileHash::Sha256 => Self::Sha256(Sha256::new()),
            FileHash::Blake3 => Self::Blake3(Box::default()),
        }
    }

    fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha256(hash) => hash.update(bytes),
            Self::Blake3(hash) => drop(hash.update(bytes)),
        }
    }

    fn finish(self) -> Digest {
        match self {
            Self::Sha256(hash) => Digest::from_bytes(hash.finalize().into()),
            Self::Blake3(hash) => Digest::from_bytes(*hash.finalize().as_bytes()),
        }
    }
}

fn hash(
    file: impl Read,
    path: &Path,
    limit: u64,
    with: FileHash,
    watch: &mut Watch<'_>,
) -> Result<(Digest, u64), Refused> {
    let mut part = file.take(limit);
    let mut hash = Hasher::new(with);
    let mut buffer = vec![0u8; 1024 * 1024];
    let mut total = 0u64;
    let shown = path.display().to_string();
    loop {
        let read = match part.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(reading(path, "reading")(error)),
        };
        hash.update(buffer.get(..read).unwrap_or_default());
        total += read as u64;
        watch.advance(read as u64, &shown).map_err(Refused::Reading)?;
    }
    Ok((hash.finish(), total))
}

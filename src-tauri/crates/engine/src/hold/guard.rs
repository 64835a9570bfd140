//! Keeps a process from opening data that is held back: the list that the observers inside it look into.
//!
//! A line for each file: device, inode, size, nanoseconds of its last change, path, what to say. Whoever writes the file anew makes it
//! another one. The list guards against mistakes, not against somebody who wants to read the data: see `docs/checks.md`.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use proofmark_domain::Digest;
use proofmark_domain::artifact::RelPath;
use proofmark_domain::hold::HoldWord;
use proofmark_domain::project::Project;
use proofmark_intake::files::platform::stat_of;
use proofmark_intake::files::{hash_file, resolve};
use proofmark_ledger::FileState;

use crate::Engine;
use crate::trouble::{Answer, Trouble, io_trouble};

/// The variable that names the list.
const VARIABLE: &str = "PROOFMARK_HELD";

/// As many as the library inside a process has room for.
const MOST: usize = 4096;

/// A file that holds bytes that are held back.
#[derive(Debug, Clone)]
pub(crate) struct HeldFile {
    pub(crate) digest: Digest,
    pub(crate) word: HoldWord,
}

/// Every file that is held back on this machine, by its absolute path.
#[derive(Debug, Clone, Default)]
pub(crate) struct Guard {
    pub(crate) files: BTreeMap<PathBuf, HeldFile>,
}

impl Guard {
    /// What has a process refuse nothing, whatever list the process around this one was given.
    pub(crate) fn nothing() -> BTreeMap<OsString, OsString> {
        BTreeMap::from([(VARIABLE.into(), OsString::new())])
    }

    /// Writes the list and answers what a process needs to find it.
    pub(crate) fn variables(&self, folder: &Path) -> Answer<BTreeMap<OsString, OsString>> {
        if self.files.is_empty() {
            return Ok(Self::nothing());
        }
        fs::create_dir_all(folder).map_err(|error| io_trouble("making", folder, &error))?;
        let path = folder.join("held.list");
        fs::write(&path, self.list()).map_err(|error| io_trouble("writing", &path, &error))?;
        Ok(BTreeMap::from([(VARIABLE.into(), path.into_os_string())]))
    }

    /// Whether some files have no room in the list.
    pub(crate) fn overflows(&self) -> Option<usize> {
        self.files.len().checked_sub(MOST).filter(|it| *it > 0)
    }

    fn list(&self) -> String {
        let mut text = String::new();
        for (path, held) in self.files.iter().take(MOST) {
            // A file that went away meanwhile cannot be read either.
            let Ok(facts) = fs::metadata(path) else { continue };
            let stat = stat_of(&facts);
            let said = format!("held back by {}: {}", held.word.who(), held.word.why());
            let (path, said) = (escape(&path.to_string_lossy()), escape(&said));
            // Writing into a string cannot fail.
            let _ = writeln!(text, "{}\t{}\t{}\t{}\t{path}\t{said}", stat.device, stat.inode, stat.size, stat.mtime_ns);
        }
        text
    }
}

/// What would end a field or a line, as the observers write it.
fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\n', "\\n").replace('\t', "\\t").replace('\r', " ")
}

impl Engine {
    /// Every file of every project that is held back.
    pub(crate) fn guard(&self) -> Answer<Guard> {
        let projects = self.ledger().read::<_, Trouble>(|read| Ok(read.projects().list()?))?;
        let mut guard = Guard::default();
        for project in projects {
            guard.files.extend(self.held_files(&project)?);
        }
        Ok(guard)
    }

    fn held_files(&self, project: &Project) -> Answer<Vec<(PathBuf, HeldFile)>> {
        let holds = self.holds(project)?;
        if !holds.values().any(|(_, word)| word.is_held()) {
            return Ok(Vec::new());
        }
        let root = Path::new(&project.root);
        let is_held = |digest: &Digest| holds.get(digest).filter(|(_, word)| word.is_held());
        let held = |path: RelPath, state: FileState| {
            is_held(&state.facts.digest)?;
            let path = resolve(root, &path).ok()?;
            let digest = digest_now(&path, &state)?;
            let (_, word) = is_held(&digest)?;
            Some((path, HeldFile { digest, word: word.clone() }))
        };
        Ok(self.present(project)?.into_iter().filter_map(|(path, state)| held(path, state)).collect())
    }
}

/// The digest of the bytes that lie there now, which are read only if the file is another one than the last scan saw. Other
/// projects than that of the run were perhaps scanned long ago. Nothing if the file is gone.
fn digest_now(path: &Path, state: &FileState) -> Option<Digest> {
    let now = stat_of(&fs::metadata(path).ok()?);
    let known = &state.stat;
    let same = (now.size, now.mtime_ns, now.ctime_ns) == (known.size, known.mtime_ns, known.ctime_ns)
        && (now.inode, now.device) == (known.inode, known.device);
    if same {
        return Some(state.facts.digest);
    }
    match hash_file(path, &now, &|| false, &|_| ()) {
        Ok(hashed) => Some(hashed.digest),
        Err(_) if !path.exists() => None,
        // What cannot be read or is being written may still be what was held back.
        Err(_) => Some(state.facts.digest),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::unescape;

    #[test]
    fn names_of_all_kinds_read_back() {
        for text in ["plain", "tab\tline\nback\\slash", "\\n is no line"] {
            assert_eq!(unescape(&escape(text)), text);
            assert!(!escape(text).contains(['\t', '\n']));
        }
    }
}

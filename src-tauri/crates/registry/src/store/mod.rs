//! What a registry asks of the place that it lies in.

mod dir;
mod self_test;

use std::io::{self, Read};

pub use dir::{DirStore, sync_folder};
pub use self_test::SelfTest;

/// What kind of thing a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link, which is never followed.
    Link,
    /// A device, socket or pipe.
    Other,
}

/// A name in a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The last part of its path. A name that is not Unicode is shown with replacement characters.
    pub name: String,
    /// What it is.
    pub kind: EntryKind,
    /// Bytes of a file; 0 for anything else.
    pub size: u64,
    /// Tells one state of the file from another cheaply: times and number of the file. `None` if the place has no such.
    pub stamp: Option<[i64; 4]>,
}

/// A name that nothing else has.
pub fn fresh_name() -> String {
    uuid::Uuid::new_v4().to_string()
}

/// The place of a registry: a directory, or a bucket of an object store.
///
/// Paths are relative, with `/`. Every call is complete when it returns: what was written has been flushed, and so have the
/// folders that name it. The one primitive that correctness rests on is [`Store::create_new`].
pub trait Store: Send + Sync {
    /// The place in words, for messages.
    fn place(&self) -> String;

    /// The place as a URI without a slash at the end, for tools that need one.
    fn uri(&self) -> String;

    /// The local folder, if the place is one.
    fn folder(&self) -> Option<&std::path::Path>;

    /// Reads a small file, at most 64 MiB.
    fn read(&self, path: &str) -> io::Result<Vec<u8>>;

    /// Opens a file for reading once.
    fn open(&self, path: &str) -> io::Result<Box<dyn Read + Send>>;

    /// What lies at a path; `None` if nothing does. Links are not followed.
    fn entry(&self, path: &str) -> io::Result<Option<Entry>>;

    /// The names in a folder, sorted; none if the folder is not there.
    fn list(&self, path: &str) -> io::Result<Vec<Entry>>;

    /// The entries of a folder, sorted, but for files that `known` names, and how many of those there are. Where size and time cost a call
    /// for each name, those of known files are not asked for.
    fn list_further(&self, path: &str, known: &dyn Fn(&str) -> bool) -> io::Result<(Vec<Entry>, usize)> {
        let mut entries = self.list(path)?;
        let all = entries.len();
        entries.retain(|entry| entry.kind != EntryKind::File || !known(&entry.name));
        let further = entries.len();
        Ok((entries, all - further))
    }

    /// The paths of everything below a folder, relative to it and sorted; folders too where they have names of their own. Where each
    /// listing is a way over a network, this is one.
    fn names_below(&self, path: &str) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        let mut open = vec![String::new()];
        while let Some(folder) = open.pop() {
            let inside = if folder.is_empty() { path.to_owned() } else { format!("{path}/{folder}") };
            for entry in self.list(&inside)? {
                let name = if folder.is_empty() { entry.name } else { format!("{folder}/{}", entry.name) };
                if entry.kind == EntryKind::Folder {
                    open.push(name.clone());
                }
                names.push(name);
            }
        }
        names.sort_unstable();
        Ok(names)
    }

    /// Writes a file that no reader lists yet, below `.staging/`, with the folders above it.
    fn stage(&self, path: &str, source: &mut dyn Read) -> io::Result<u64>;

    /// Gives a finished file a second name below `.staging/` without copying, if the place can.
    fn link_staged(&self, existing: &str, path: &str) -> io::Result<bool>;

    /// Makes an empty file below `.staging/` and says whether nothing had its name before. It is not flushed, and nothing may rest on it.
    /// `None` where every look at such a file is a way over a network.
    fn mark(&self, _path: &str) -> io::Result<Option<bool>> {
        Ok(None)
    }

    /// Moves a staged file to its name, over whatever has that name.
    fn settle(&self, staged: &str, path: &str) -> io::Result<()>;

    /// Moves a complete staged folder to its name. `false` if a folder already has that name, which then stays. Where this takes
    /// several steps, its [`crate::layout::LAST_OF_FOLDER`] comes into being last. From a name to one below `.staging/`, it takes a
    /// folder away.
    fn settle_folder(&self, staged: &str, path: &str) -> io::Result<bool>;

    /// Whether [`Store::settle_folder`] has placed a folder of this name as a whole.
    fn is_placed(&self, path: &str) -> io::Result<bool> {
        Ok(self.entry(path)?.is_some())
    }

    /// Makes a file that must not exist yet, with this content. Of any number of callers, on any number of machines,
    /// one succeeds and the others get [`io::ErrorKind::AlreadyExists`].
    fn create_new(&self, path: &str, content: &[u8]) -> io::Result<()>;

    /// Removes something below `.staging/`.
    fn discard(&self, staged: &str) -> io::Result<()>;

    /// Tries out what this place can promise. Writes below `.staging/` only, and removes it again.
    fn self_test(&self) -> io::Result<SelfTest>;
}

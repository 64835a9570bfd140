//! Where the registry of a test lies: here, a directory. The same promises are tried on other places with another one of these.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use proofmark_registry::{DirStore, Store};

use crate::support::copy_tree;

pub struct Ground {
    dir: PathBuf,
    kept: PathBuf,
}

impl Ground {
    /// Takes a room of the test's own.
    pub fn new(room: &Path) -> io::Result<Self> {
        let dir = room.join("registry");
        fs::create_dir_all(&dir)?;
        Ok(Self { dir, kept: room.join("kept") })
    }

    /// The place as another writer sees it.
    pub fn store(&self) -> io::Result<Box<dyn Store>> {
        Ok(Box::new(DirStore::new(&self.dir)?))
    }

    /// Keeps everything as it is now.
    pub fn keep(&self) -> io::Result<()> {
        copy_tree(&self.dir, &self.kept)
    }

    /// Makes it again as it was kept.
    pub fn put_back(&self) -> io::Result<()> {
        fs::remove_dir_all(&self.dir)?;
        copy_tree(&self.kept, &self.dir)
    }

    /// Half a file under its final name is what a file system without second names can leave behind.
    pub fn write_half(&self, path: &str, content: &[u8]) {
        let path = self.dir.join(path);
        if let Some(parent) = path.parent() {
            let _ = fs::create_dir_all(parent);
        }
        if !path.exists() {
            let _ = fs::write(path, &content[..content.len() / 2]);
        }
    }
}

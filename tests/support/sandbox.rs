//! A place of its own for each test.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use tempfile::TempDir;

use crate::{Cli, Outcome};

/// A temporary folder with room for projects, homes and registries. It is removed with the test.
#[derive(Debug)]
pub struct Sandbox {
    // Canonical: programs under test name files by their canonical path.
    root: PathBuf,
    _keeps: TempDir,
}

impl Sandbox {
    /// Makes it.
    ///
    /// # Errors
    /// If the temporary folder cannot be made.
    pub fn new() -> Outcome<Self> {
        let folder =
            tempfile::Builder::new().prefix("proofmark-test-").tempdir().context("making a temporary folder")?;
        Ok(Self { root: fs::canonicalize(folder.path())?, _keeps: folder })
    }

    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A folder in it, made if it is not there.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn folder(&self, name: &str) -> Outcome<PathBuf> {
        let path = self.root.join(name);
        fs::create_dir_all(&path).with_context(|| format!("making {}", path.display()))?;
        Ok(path)
    }

    /// Writes a file, and makes the folders around it.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> Outcome<PathBuf> {
        let path = self.root.join(name);
        if let Some(around) = path.parent() {
            fs::create_dir_all(around)?;
        }
        fs::write(&path, content).with_context(|| format!("writing {}", path.display()))?;
        Ok(path)
    }

    /// The command line of a person whose ledger and keys lie in a home of this name.
    ///
    /// # Errors
    /// If the command was not built.
    pub fn cli(&self, home: &str) -> Outcome<Cli> {
        Cli::new(&self.root, self.folder(&format!("homes/{home}"))?)
    }
}

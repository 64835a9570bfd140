//! MLflow: its folder of small files (`mlruns/`) and its SQLite database (`mlflow.db`), of versions 2 and 3.

mod database;
mod file_registry;
mod files;
mod layout;
mod raw;

use proofmark_domain::artifact::RelPath;
use proofmark_domain::foreign::ForeignRun;

pub use layout::{Part, is_store};

use super::{ReadOptions, StoreReading};
use crate::files::FoundFile;

/// The first bytes of every SQLite database.
const MAGIC: &[u8] = b"SQLite format 3\0";

/// Whether a file is a database that MLflow writes: by its content, since people call it as they like.
pub(crate) fn is_database(found: &FoundFile) -> bool {
    if !matches!(found.path.extension().as_str(), "db" | "sqlite" | "sqlite3" | "db3") || found.stat.size < 512 {
        return false;
    }
    database::looks_like_mlflow(&found.absolute, MAGIC)
}

/// Reads a file store. See [`super::read_store`].
///
/// # Errors
///
/// What `take` answers.
pub fn read_files<E>(
    store: &RelPath,
    options: &ReadOptions<'_>,
    take: &mut dyn FnMut(ForeignRun) -> Result<(), E>,
) -> Result<StoreReading, E> {
    files::read(store, options, take)
}

/// Reads a database. See [`super::read_store`].
///
/// # Errors
///
/// What `take` answers.
pub fn read_database<E>(
    file: &RelPath,
    options: &ReadOptions<'_>,
    take: &mut dyn FnMut(ForeignRun) -> Result<(), E>,
) -> Result<StoreReading, E> {
    database::read(file, options, take)
}

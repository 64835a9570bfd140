//! What can go wrong when a table is read.

use std::path::PathBuf;

use thiserror::Error;

/// Why a file could not be read as a table. Each names the file and what can be done.
#[derive(Debug, Error)]
pub enum TableError {
    /// The operating system refused.
    #[error("{} could not be read: {source}. Check that it exists and that you may read it.", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// There is not one byte of content.
    #[error("{} is empty (0 bytes of content). The program that wrote it probably stopped before its first row.", path.display())]
    EmptyFile {
        /// The file.
        path: PathBuf,
    },
    /// There are no columns.
    #[error("{} has no columns. Export it again with at least one column.", path.display())]
    NoColumns {
        /// The file.
        path: PathBuf,
    },
    /// The content is something else.
    #[error("{} is not a table that can be read: it looks like {looks_like}. Tables are read from CSV, TSV, JSON, JSON lines, Parquet and Arrow files.", path.display())]
    NotATable {
        /// The file.
        path: PathBuf,
        /// What it looks like.
        looks_like: String,
    },
    /// The file is of a known format, but its end is missing.
    #[error("{} is cut off: {detail}. Nothing of it was used; copy or export it again.", path.display())]
    Truncated {
        /// The file.
        path: PathBuf,
        /// What is missing.
        detail: String,
    },
    /// The file is of a known format, but a part of it is damaged.
    #[error("{} is damaged: {detail}. Nothing of it was used; restore it from its source.", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Which part, as far as known.
        detail: String,
    },
    /// A column was asked for that does not exist.
    #[error("{} has no column `{column}`. Its columns are: {known}.", path.display())]
    NoSuchColumn {
        /// The file.
        path: PathBuf,
        /// The column asked for.
        column: String,
        /// The columns there are (the first twenty).
        known: String,
    },
    /// The file was changed between two passes over it.
    #[error("{} changed while it was read. Try again when its writer has finished.", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// The person or the engine asked to stop.
    #[error("stopped on request")]
    Cancelled,
}

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
    #[error("{} is not a table that can be read: it looks like {looks_like}. Tables are read from CSV, TSV, JSON, JSON lines, Parquet, Arrow, Excel and SQLite files.", path.display())]
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
    /// The file holds more than can be held in memory, in a format that cannot be read in parts.
    #[error("{} is too large to be read in this format: {detail}. Nothing of it was used; export it as CSV or Parquet.", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// How large it is.
        detail: String,
    },
    /// The file holds several tables, and none was named.
    #[error("{} holds several tables: {known}. Say which one with --table.", path.display())]
    SeveralTables {
        /// The file.
        path: PathBuf,
        /// Their names.
        known: String,
    },
    /// A sheet or table was asked for that the file does not hold.
    #[error("{} has no table or sheet `{part}`. It holds: {known}.", path.display())]
    NoSuchPart {
        /// The file.
        path: PathBuf,
        /// The one asked for.
        part: String,
        /// Those that there are.
        known: String,
    },
    /// Parts of one table that do not fit together.
    #[error("The parts of {} are not one table: {detail}. Nothing of them was used.", path.display())]
    PartsDiffer {
        /// The folder or pattern.
        path: PathBuf,
        /// Which part differs, and how.
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

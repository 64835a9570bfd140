//! Logs in files: found out by content, read in blocks, with what was odd on the way.

mod bodies;
mod envelope;
mod lines;
mod nan;
mod table;

pub(super) use self::table::block_of;

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::cells::Block;
use crate::table::{Packing, ReadOptions, TableError, TableSource, unpacked};

/// What can be odd about a file without making it useless.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Trouble {
    /// Lines that are not records.
    BrokenLine,
    /// A last line that is not finished yet.
    PartialLine,
    /// Packed data that breaks off.
    Truncated,
    /// Records that are not UTF-8.
    OtherEncoding,
    /// Requests without an answer, or the other way round.
    MissingHalf,
}

impl Trouble {
    pub(super) const ALL: [Self; 5] =
        [Self::BrokenLine, Self::PartialLine, Self::Truncated, Self::OtherEncoding, Self::MissingHalf];
}

/// How a file was read.
#[derive(Debug, Default)]
pub(super) struct Read {
    /// The word of the report; empty for plain columns.
    pub(super) format: &'static str,
    /// The first line that is no record, counted from 1, and what is wrong with it.
    pub(super) first_broken: Option<(u64, String)>,
    troubles: BTreeMap<Trouble, u64>,
}

impl Read {
    pub(super) fn add(&mut self, trouble: Trouble, count: u64) {
        if count > 0 {
            *self.troubles.entry(trouble).or_default() += count;
        }
    }

    pub(super) fn count(&self, trouble: Trouble) -> u64 {
        self.troubles.get(&trouble).copied().unwrap_or(0)
    }
}

/// The files of a log: itself, or, of a folder, what lies in it, older rotations first.
///
/// # Errors
/// When the path cannot be read.
pub(super) fn files_of(path: &Path) -> Result<Vec<PathBuf>, TableError> {
    let unreadable = |source| TableError::Unreadable { path: path.to_owned(), source };
    if !std::fs::metadata(path).map_err(unreadable)?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    for entry in std::fs::read_dir(path).map_err(unreadable)? {
        let found = entry.map_err(unreadable)?.path();
        let name = found.file_name().map(|it| it.to_string_lossy().into_owned()).unwrap_or_default();
        if !name.starts_with(['.', '_']) && std::fs::metadata(&found).is_ok_and(|it| it.is_file() && it.len() > 0) {
            files.push(found);
        }
    }
    // `log.jsonl.2` is older than `log.jsonl.1`, which is older than `log.jsonl`.
    let rotation = |path: &PathBuf| {
        let name = path.file_name().map(|it| it.to_string_lossy().into_owned()).unwrap_or_default();
        let name = name.trim_end_matches(".gz").trim_end_matches(".zst").to_owned();
        let (stem, number) = match name.rsplit_once('.') {
            Some((stem, number)) if number.len() < 6 && number.parse::<u32>().is_ok() => {
                (stem.to_owned(), number.parse().unwrap_or(0))
            }
            _ => (name, 0u32),
        };
        (stem, std::cmp::Reverse(number))
    };
    files.sort_by_cached_key(rotation);
    if files.is_empty() {
        return Err(TableError::EmptyFile { path: path.to_owned() });
    }
    Ok(files)
}

/// A file of a log, found out once.
#[derive(Debug)]
pub(super) enum Source {
    /// JSON lines.
    Lines {
        /// The file.
        path: PathBuf,
        /// How it is packed.
        packing: Packing,
    },
    /// Any other table.
    Table(Box<TableSource>),
}

impl Source {
    /// Finds out what a file is.
    ///
    /// # Errors
    /// When it cannot be read at all.
    pub(super) fn open(path: &Path) -> Result<Self, TableError> {
        let unreadable = |source| TableError::Unreadable { path: path.to_owned(), source };
        let about = std::fs::metadata(path).map_err(unreadable)?;
        if !about.is_file() && !about.is_dir() {
            let looks_like = "a device, pipe or socket".to_owned();
            return Err(TableError::NotATable { path: path.to_owned(), looks_like });
        }
        let mut magic = [0u8; 4];
        let filled = std::fs::File::open(path).and_then(|mut file| file.read(&mut magic)).map_err(unreadable)?;
        if filled == 0 {
            return Err(TableError::EmptyFile { path: path.to_owned() });
        }
        let packing = match magic {
            [0x1f, 0x8b, ..] => Packing::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd] => Packing::Zstd,
            _ => Packing::Plain,
        };
        if &magic != b"PAR1" && &magic != b"ARRO" {
            let mut head = Vec::new();
            // A head that breaks off is judged by what there is of it; the reader itself tells that it does.
            let _ = unpacked(path, packing).map_err(unreadable)?.take(1 << 18).read_to_end(&mut head);
            if lines::looks_like_lines(&head) {
                return Ok(Self::Lines { path: path.to_owned(), packing });
            }
        }
        Ok(Self::Table(Box::new(crate::table::open(path, &ReadOptions::default())?)))
    }

    /// The file.
    pub(super) fn path(&self) -> &Path {
        match self {
            Self::Lines { path, .. } => path,
            Self::Table(source) => source.path(),
        }
    }

    /// Reads it block by block; of a table only the columns that are wanted.
    ///
    /// # Errors
    /// When it cannot be read, when `cancel` says so, and what `each` returns.
    pub(super) fn read(
        &self,
        columns: Option<&[String]>,
        cancel: &dyn Fn() -> bool,
        each: &mut dyn FnMut(Block) -> Result<(), TableError>,
    ) -> Result<Read, TableError> {
        match self {
            Self::Lines { path, packing } => lines::read(path, *packing, cancel, each),
            Self::Table(source) => table::read(source, columns, cancel, each),
        }
    }

    /// The first block.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(super) fn head(&self, cancel: &dyn Fn() -> bool) -> Result<Block, TableError> {
        let mut head = None;
        let outcome = self.read(None, cancel, &mut |block| {
            head = Some(block);
            Err(TableError::Cancelled)
        });
        match (head, outcome) {
            (Some(head), _) => Ok(head),
            (None, Err(error)) => Err(error),
            (None, Ok(_)) => Ok(Block::default()),
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_refused_instead_of_read_without_end() {
        let refused = Source::open(Path::new("/dev/zero"));
        assert!(matches!(refused, Err(TableError::NotATable { .. })), "{refused:?}");
    }
}

impl Source {
    /// The rows that may be those of an identifier, in blocks with all their columns.
    ///
    /// # Errors
    /// When the file cannot be read, or `cancel` says so.
    pub(super) fn matching(
        &self,
        id: &str,
        is_wanted: &dyn Fn(&super::cells::Cells, usize) -> bool,
        cancel: &dyn Fn() -> bool,
    ) -> Result<Vec<Block>, TableError> {
        match self {
            Self::Lines { path, packing } => lines::matching(path, *packing, id, cancel),
            Self::Table(source) => table::matching(source, is_wanted, cancel),
        }
    }
}

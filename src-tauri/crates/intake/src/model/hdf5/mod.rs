//! The structure of an HDF5 file: groups, attributes, and the types and shapes of its data sets. The data are not read.
//!
//! After the "HDF5 File Format Specification, version 3.0" of The HDF Group: superblocks 0 to 3, object headers 1 and 2, symbol tables
//! and compact links. Groups with so many links that they are kept in a fractal heap are named as not read.

mod bytes;
mod header;
mod links;
mod value;

use std::collections::BTreeMap;
use std::io::{Read, Seek, SeekFrom};
use std::time::Instant;

use serde_json::Value;

use super::Limits;
use super::source::Fault;
use bytes::Cursor;

/// The mark of the format.
pub(crate) const MARK: &[u8] = b"\x89HDF\r\n\x1a\n";
/// The largest piece that is read at once, in bytes: a block of a header, a heap of names.
const BLOCK: u64 = 4 << 20;
/// Bytes read of one file in all.
const READ: u64 = 256 << 20;
/// Bytes of one name.
const NAME: usize = 1_024;
/// Groups inside each other.
const DEPTH: u32 = 48;

/// One group or data set.
#[derive(Debug, Default)]
pub(crate) struct Item {
    /// Its place, such as `model_weights/dense/kernel`; empty for the root.
    pub(crate) path: String,
    /// Its attributes, as far as their types are texts and numbers.
    pub(crate) attributes: BTreeMap<String, Value>,
    /// Element type and shape of a data set.
    pub(crate) data: Option<(String, Vec<u64>)>,
}

/// What a file holds.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    /// Everything, parents first.
    pub(crate) items: Vec<Item>,
    /// What was met and not read, such as links to other files.
    pub(crate) unread: Vec<String>,
    /// Where the file says that it ends, in bytes.
    pub(crate) end: u64,
}

impl Tree {
    /// An attribute of the root.
    pub(crate) fn root_attribute(&self, name: &str) -> Option<&Value> {
        self.items.first()?.attributes.get(name)
    }
}

/// A file that can be read anywhere.
pub(crate) trait Random: Read + Seek {}
impl<T: Read + Seek> Random for T {}

struct Reader<'f> {
    file: &'f mut dyn Random,
    length: u64,
    base: u64,
    /// Bytes of an address.
    offsets: u8,
    /// Bytes of a length.
    lengths: u8,
    left: u64,
    objects: usize,
    deadline: Instant,
    heaps: BTreeMap<u64, value::Heap>,
    tree: Tree,
}

/// Reads the structure. What was read before a fault is kept.
pub(crate) fn read(file: &mut dyn Random, length: u64, limits: &Limits, deadline: Instant) -> (Tree, Option<Fault>) {
    let mut reader = Reader {
        file,
        length,
        base: 0,
        offsets: 8,
        lengths: 8,
        left: READ.min(limits.retained_bytes * 2),
        objects: limits.values.min(200_000),
        deadline,
        heaps: BTreeMap::new(),
        tree: Tree::default(),
    };
    let fault = reader.run().err();
    (reader.tree, fault)
}

impl Reader<'_> {
    fn run(&mut self) -> Result<(), Fault> {
        let root = self.superblock()?;
        let mut above = Vec::new();
        self.object(root, String::new(), &mut above, DEPTH)
    }

    /// `count` bytes at an address.
    fn at(&mut self, address: u64, count: u64) -> Result<Vec<u8>, Fault> {
        if Instant::now() > self.deadline {
            return Err(Fault::Limit(address, "time"));
        }
        let start = self.base.checked_add(address).ok_or(Fault::Truncated(self.length, "an address"))?;
        let end = start.checked_add(count).ok_or(Fault::Truncated(self.length, "a length"))?;
        if end > self.length {
            return Err(Fault::Truncated(self.length, "a part that an address leads to"));
        }
        if count > BLOCK {
            return Err(Fault::Limit(start, "bytes of structure"));
        }
        self.charge(count, start)?;
        let io = |error| Fault::Io(start, error);
        self.file.seek(SeekFrom::Start(start)).map_err(io)?;
        let mut bytes = vec![0; count as usize];
        self.file.read_exact(&mut bytes).map_err(io)?;
        Ok(bytes)
    }

    /// Counts bytes that are read or kept against the limit of the file.
    fn charge(&mut self, count: u64, at: u64) -> Result<(), Fault> {
        self.left = self.left.checked_sub(count).ok_or(Fault::Limit(at, "bytes of structure"))?;
        Ok(())
    }

    /// Reads the superblock and returns the address of the root group's header.
    fn superblock(&mut self) -> Result<u64, Fault> {
        let head = self.at(0, 96.min(self.length))?;
        if !head.starts_with(MARK) {
            return Err(Fault::Malformed(0, "no HDF5 file".to_owned()));
        }
        let version = head.get(8).copied().ok_or(Fault::Truncated(self.length, "the header"))?;
        let sizes = match version {
            0 | 1 => head.get(13..15),
            2 | 3 => head.get(9..11),
            _ => return Err(Fault::Malformed(8, format!("version {version} of the header is not known"))),
        };
        let [offsets, lengths] = sizes.unwrap_or_default() else {
            return Err(Fault::Truncated(self.length, "the header"));
        };
        if !matches!(offsets, 2 | 4 | 8) || !matches!(lengths, 2 | 4 | 8) {
            return Err(Fault::Malformed(9, "an impossible width of addresses".to_owned()));
        }
        (self.offsets, self.lengths) = (*offsets, *lengths);
        let start = match version {
            0 => 24,
            1 => 28,
            _ => 12,
        };
        let mut cursor = Cursor::new(&head, start, self.offsets, self.lengths, start as u64);
        let base = cursor.address()?;
        cursor.address()?;
        self.tree.end = cursor.address()?.saturating_add(base);
        if version < 2 {
            cursor.address()?;
            cursor.address()?;
        }
        let root = cursor.address()?;
        self.base = base;
        Ok(root)
    }
}

//! What a file is for, decided by its content. The name breaks ties only, so that a wrong ending misleads nobody.

mod binary;
mod compressed;
mod json;
mod names;
mod pickle;
mod prediction;
mod protobuf;
mod table;
mod text;
mod zip_names;

use std::io;

use proofmark_domain::artifact::{ArtifactKind, RelPath};

/// What a file was found to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Classified {
    /// What it is for.
    pub kind: ArtifactKind,
    /// Its media type, such as `text/csv`. A compressed file that was looked into has a suffix: `text/csv+gzip`.
    pub media_type: String,
}

impl Classified {
    pub(crate) fn new(kind: ArtifactKind, media_type: impl Into<String>) -> Self {
        Self { kind, media_type: media_type.into() }
    }
}

/// Reads `len` bytes at an offset; fewer at the end of the file.
pub type Reader<'a> = dyn FnMut(u64, usize) -> io::Result<Vec<u8>> + 'a;

/// A file as the recognisers see it.
pub(crate) struct Source<'a, 'r> {
    /// Its label.
    pub path: &'a RelPath,
    /// Lower-case name.
    pub name: String,
    /// Lower-case ending.
    pub ending: String,
    /// The first bytes.
    pub head: &'a [u8],
    /// Bytes of the whole file.
    pub size: u64,
    /// Access to the rest.
    pub reader: &'a mut Reader<'r>,
}

impl Source<'_, '_> {
    /// Whether `head` is the whole file.
    pub fn is_whole(&self) -> bool {
        self.size <= self.head.len() as u64
    }

    /// Up to `len` bytes from the end of the file. A failure to read is no bytes: the head must do then.
    pub fn tail(&mut self, len: usize) -> Vec<u8> {
        let len = len.min(usize::try_from(self.size).unwrap_or(usize::MAX));
        if self.is_whole() {
            return self.head.get(self.head.len().saturating_sub(len)..).unwrap_or_default().to_vec();
        }
        self.at(self.size - len as u64, len)
    }

    /// Up to `len` bytes at `offset`; none if they cannot be read.
    pub fn at(&mut self, offset: u64, len: usize) -> Vec<u8> {
        let mut bytes = (self.reader)(offset, len).unwrap_or_default();
        bytes.truncate(len);
        bytes
    }
}

/// Finds out what a file is for.
///
/// `head` holds the first bytes (64 KiB are enough), `size` is the size of the whole file, and `reader` gives access to the
/// rest: formats such as Parquet and ZIP keep their directory at the end. At most a few MiB are read, and nothing is
/// loaded or executed.
pub fn classify(path: &RelPath, head: &[u8], size: u64, reader: &mut Reader<'_>) -> Classified {
    classify_as(path, path.file_name(), head, size, reader)
}

/// What a path that holds nothing any more was most likely for, by its name alone.
pub fn kind_of_path(path: &RelPath) -> ArtifactKind {
    let name = path.file_name().to_lowercase();
    names::kind_of_name(&name, &path.extension())
}

/// Like [`classify`], under another name: for what lies inside a compressed file.
fn classify_as(path: &RelPath, name: &str, head: &[u8], size: u64, reader: &mut Reader<'_>) -> Classified {
    let name = name.to_lowercase();
    let ending = RelPath::from(name.as_str()).extension();
    let mut source = Source { path, name, ending, head, size, reader };
    if size == 0 || head.is_empty() {
        return Classified::new(names::kind_of_name(&source.name, &source.ending), "application/x-empty");
    }
    if let Some(found) = binary::recognise(&mut source) {
        return found;
    }
    if let Some(found) = compressed::recognise(&mut source) {
        return found;
    }
    if let Some(found) = pickle::recognise(&mut source) {
        return found;
    }
    if let Some(found) = protobuf::recognise(&source) {
        return found;
    }
    match text::decode(head, source.is_whole()) {
        Some(decoded) => text::recognise(&source, &decoded),
        None => names::binary_by_name(&source.ending),
    }
}

#[cfg(test)]
mod tests;

//! ZIP files: the names of their entries say what they are.

use proofmark_domain::artifact::ArtifactKind::{Archive, Dataset, Document, Model};

use super::{Classified, Source};

/// The end record with the longest comment that it can have.
const END_BYTES: usize = 22 + 65_535;
/// The largest directory that is read.
const LARGEST_DIRECTORY: u64 = 4 * 1024 * 1024;
/// More names than this add nothing.
const MOST_NAMES: usize = 20_000;

/// Says what a ZIP file is.
pub fn recognise(source: &mut Source<'_, '_>) -> Classified {
    let mut names = from_directory(source);
    if names.is_empty() {
        names = from_local_headers(source.head);
    }
    let has = |wanted: &str| names.iter().any(|name| name == wanted);
    let ends = |wanted: &str| names.iter().any(|name| name.ends_with(wanted));
    let starts = |wanted: &str| names.iter().any(|name| name.starts_with(wanted));
    let (kind, media) = if starts("xl/") || has("xl/workbook.xml") {
        (Dataset, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
    } else if starts("word/") {
        (Document, "application/vnd.openxmlformats-officedocument.wordprocessingml.document")
    } else if starts("ppt/") {
        (Document, "application/vnd.openxmlformats-officedocument.presentationml.presentation")
    } else if has("mimetype") {
        open_document(source.head)
    } else if has("config.json") && (has("metadata.json") || ends("model.weights.h5")) {
        (Model, "application/vnd.keras")
    } else if has("schema.json") && !has("META-INF/MANIFEST.MF") {
        (Model, "application/vnd.skops")
    } else if ends("/data.pkl") || has("data.pkl") || has("constants.pkl") || ends("/constants.pkl") {
        (Model, "application/vnd.pytorch")
    } else if has("model.ini") || ends("/model.ini") {
        (Model, "application/vnd.h2o.mojo")
    } else if !names.is_empty() && names.iter().all(|name| name.ends_with(".npy")) {
        (Dataset, "application/x-npz")
    } else if ends(".dist-info/WHEEL") {
        (Archive, "application/x-wheel+zip")
    } else if has("META-INF/MANIFEST.MF") {
        (Archive, "application/java-archive")
    } else {
        (Archive, "application/zip")
    };
    Classified::new(kind, media)
}

/// The first entry of an OpenDocument file is `mimetype`, stored without compression.
fn open_document(head: &[u8]) -> (proofmark_domain::artifact::ArtifactKind, &'static str) {
    let start = head.get(..256.min(head.len())).unwrap_or_default();
    if super::binary::find(start, b"opendocument.spreadsheet") {
        (Dataset, "application/vnd.oasis.opendocument.spreadsheet")
    } else if super::binary::find(start, b"opendocument.") {
        (Document, "application/vnd.oasis.opendocument.text")
    } else if super::binary::find(start, b"epub+zip") {
        (Document, "application/epub+zip")
    } else {
        (Archive, "application/zip")
    }
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|chunk| u16::from_le_bytes(*chunk))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|chunk| u32::from_le_bytes(*chunk))
}

/// Names from the central directory; none if it cannot be found, as in a truncated file or one beyond 4 GiB.
fn from_directory(source: &mut Source<'_, '_>) -> Vec<String> {
    let end = source.tail(END_BYTES);
    let Some(at) = end.windows(4).rposition(|window| window == b"PK\x05\x06") else { return Vec::new() };
    let (Some(length), Some(offset)) = (u32_at(&end, at + 12), u32_at(&end, at + 16)) else { return Vec::new() };
    let length = u64::from(length).min(LARGEST_DIRECTORY);
    if u64::from(offset) >= source.size {
        return Vec::new();
    }
    let directory = if source.is_whole() {
        let from = usize::try_from(offset).unwrap_or(usize::MAX);
        source.head.get(from..).unwrap_or_default().to_vec()
    } else {
        source.at(u64::from(offset), usize::try_from(length).unwrap_or_default())
    };
    let mut names = Vec::new();
    let mut rest = directory.as_slice();
    while rest.starts_with(b"PK\x01\x02") && names.len() < MOST_NAMES {
        let (Some(name), Some(extra), Some(comment)) = (u16_at(rest, 28), u16_at(rest, 30), u16_at(rest, 32)) else {
            break;
        };
        let Some(bytes) = rest.get(46..46 + usize::from(name)) else { break };
        names.push(String::from_utf8_lossy(bytes).into_owned());
        let next = 46 + usize::from(name) + usize::from(extra) + usize::from(comment);
        rest = rest.get(next..).unwrap_or_default();
    }
    names
}

/// Names from the headers before the entries, as far as the head reaches.
fn from_local_headers(head: &[u8]) -> Vec<String> {
    let mut names = Vec::new();
    let mut at = 0usize;
    while let Some(rest) = head.get(at..).filter(|rest| rest.starts_with(b"PK\x03\x04")) {
        let (Some(packed), Some(name), Some(extra)) = (u32_at(rest, 18), u16_at(rest, 26), u16_at(rest, 28)) else {
            break;
        };
        let Some(bytes) = rest.get(30..30 + usize::from(name)) else { break };
        names.push(String::from_utf8_lossy(bytes).into_owned());
        let step = u64::from(packed) + 30 + u64::from(name) + u64::from(extra);
        let Some(next) = usize::try_from(step).ok().and_then(|step| at.checked_add(step)) else { break };
        at = next;
    }
    names
}

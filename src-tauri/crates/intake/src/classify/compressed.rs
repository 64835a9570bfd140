//! Compressed single files: a look at what is inside, where a decoder is at hand.

use std::io::Read as _;

use flate2::read::{GzDecoder, ZlibDecoder};
use proofmark_domain::artifact::ArtifactKind::{self, Archive, Dataset, Model};

use super::{Classified, Source, names};

/// How much is unpacked to see what it is. A bomb cannot make this larger.
const PEEK_BYTES: u64 = 64 * 1024;
/// Memory that a decoder may take, in KiB.
const MEMORY_KIB: u32 = 64 << 10;

/// Recognises compressed files.
pub fn recognise(source: &mut Source<'_, '_>) -> Option<Classified> {
    let head = source.head;
    if head.starts_with(b"\x1f\x8b\x08") {
        return Some(looked_into(source, &unpack(GzDecoder::new(head)), "gzip", "application/gzip"));
    }
    if is_zlib(head) {
        let inside = unpack(ZlibDecoder::new(head));
        if !inside.is_empty() {
            return Some(looked_into(source, &inside, "zlib", "application/zlib"));
        }
    }
    // Decoders that reserve memory on the word of a header are told how much they may have.
    let (suffix, media, inside) = if head.starts_with(b"BZh") && head.get(4..10) == Some(b"\x31\x41\x59\x26\x53\x59") {
        ("bzip2", "application/x-bzip2", unpack(bzip2::read::BzDecoder::new(head)))
    } else if head.starts_with(b"\xfd7zXZ\0") {
        ("xz", "application/x-xz", unpack(lzma_rust2::XzReader::new_mem_limit(head, false, MEMORY_KIB)))
    } else if head.starts_with(b"\x28\xb5\x2f\xfd") {
        let window = u64::from(MEMORY_KIB) << 10;
        let decoder = ruzstd::decoding::StreamingDecoder::new_with_max_window_size(head, window).ok();
        ("zstd", "application/zstd", decoder.map(unpack).unwrap_or_default())
    } else if head.starts_with(b"\x04\x22\x4d\x18") {
        ("lz4", "application/x-lz4", unpack(lz4_flex::frame::FrameDecoder::new(head)))
    } else if head.starts_with(b"\x5d\0\0") && head.get(5..).is_some_and(|rest| rest.starts_with(&[0xff; 8])) {
        let decoder = lzma_rust2::LzmaReader::new_mem_limit(head, MEMORY_KIB, None).ok();
        ("lzma", "application/x-lzma", decoder.map(unpack).unwrap_or_default())
    } else {
        return None;
    };
    if inside.is_empty() {
        return Some(by_inner_name(source, suffix, media));
    }
    Some(looked_into(source, &inside, suffix, media))
}

/// RFC 1950: method 8, and the first two bytes are a multiple of 31.
fn is_zlib(head: &[u8]) -> bool {
    matches!(head, [0x78, flags, ..] if matches!(flags, 0x01 | 0x5e | 0x9c | 0xda))
}

/// The first bytes inside. A truncated stream gives what it has.
fn unpack(decoder: impl std::io::Read) -> Vec<u8> {
    let mut inside = Vec::new();
    let mut limited = decoder.take(PEEK_BYTES);
    let mut chunk = [0u8; 8192];
    while let Ok(read) = limited.read(&mut chunk) {
        match chunk.get(..read) {
            Some(bytes) if !bytes.is_empty() => inside.extend_from_slice(bytes),
            _ => break,
        }
    }
    inside
}

/// The name without the ending of the compression.
fn inner_name(name: &str) -> &str {
    match name.rsplit_once('.') {
        Some((stem, "gz" | "gzip" | "z" | "zlib" | "bz2" | "xz" | "lzma" | "zst" | "zstd" | "lz4")) => stem,
        _ => name,
    }
}

fn looked_into(source: &Source<'_, '_>, inside: &[u8], suffix: &str, media: &str) -> Classified {
    // R writes its own serialisation, compressed by default. It can hold a model as well as a table.
    if [&b"X\n\0\0"[..], b"RDX2\n", b"RDX3\n", b"A\n2\n", b"A\n3\n"].iter().any(|mark| inside.starts_with(mark)) {
        let kind = if source.name.contains("model") || source.name.contains("fit") { Model } else { Dataset };
        return Classified::new(kind, "application/x-r-data");
    }
    let name = inner_name(&source.name).to_owned();
    // A size that is larger than the head makes every recogniser take the bytes for the start of more.
    let size = if (inside.len() as u64) < PEEK_BYTES { inside.len() as u64 } else { u64::MAX / 2 };
    // What is a stream inside a stream cannot be reached at its end, and a second layer is not opened.
    let nested = inside.starts_with(b"\x1f\x8b") || is_zlib(inside) || inside.starts_with(b"PK\x03\x04");
    if nested || inside.is_empty() {
        return by_inner_name(source, suffix, media);
    }
    let mut no_more = |_: u64, _: usize| Ok(Vec::new());
    let found = super::classify_as(source.path, &name, inside, size, &mut no_more);
    match found.kind {
        Dataset | Model | ArtifactKind::PredictionLog | ArtifactKind::Metrics => {
            Classified::new(found.kind, format!("{}+{suffix}", found.media_type))
        }
        _ => Classified::new(Archive, media),
    }
}

/// The stream cannot be opened here, so the ending inside the ending decides.
fn by_inner_name(source: &Source<'_, '_>, suffix: &str, media: &str) -> Classified {
    let inner = proofmark_domain::artifact::RelPath::from(inner_name(&source.name)).extension();
    if names::is_table(&inner) {
        let text = if matches!(inner.as_str(), "tsv" | "tab") { "text/tab-separated-values" } else { "text/csv" };
        Classified::new(Dataset, format!("{text}+{suffix}"))
    } else if matches!(inner.as_str(), "jsonl" | "ndjson") {
        Classified::new(Dataset, format!("application/x-ndjson+{suffix}"))
    } else if names::is_data(&inner) {
        Classified::new(Dataset, media)
    } else if names::is_model(&inner) {
        Classified::new(Model, media)
    } else {
        Classified::new(Archive, media)
    }
}

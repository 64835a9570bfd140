//! Model files, read without running them.
//!
//! A file is recognised by its content, never by its name. What is read from a pickle is walked symbolically: nothing is
//! imported and nothing is called.

mod archive;
mod catboost;
mod companion;
mod estimator;
mod facts;
mod flatbuffers;
mod hdf5;
mod json;
mod keras;
mod lightgbm;
mod mlflow;
mod npy;
mod onnx;
mod outside;
mod pickle;
mod pickled;
mod pmml;
mod protobuf;
mod saved_model;
mod skops;
mod source;
mod tensors;
mod textual;
mod torch;
mod verdict;
mod xgboost;
mod xgboost_binary;
mod xml;
mod zip_frame;

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use proofmark_domain::model::{ModelFacts, SafetyReason, SafetyVerdict};

use source::{Fault, Source};

/// How much a file may cost. The defaults keep memory under 1 GiB and time under ten seconds for any file.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Wall time for one file.
    pub time: Duration,
    /// Bytes that a compressed file may expand to.
    pub expanded_bytes: u64,
    /// Bytes of one string or array that are kept.
    pub blob_bytes: u64,
    /// Bytes of all strings and arrays that are kept.
    pub retained_bytes: u64,
    /// Bytes of a text, JSON or YAML document that is held in memory.
    pub document_bytes: u64,
    /// Values in one file.
    pub values: usize,
    /// Operations in one file.
    pub operations: u64,
    /// Memo entries of one pickle.
    pub memo: usize,
    /// Containers, pickles or archives inside each other.
    pub depth: u32,
    /// Members of an archive.
    pub members: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            time: Duration::from_secs(8),
            expanded_bytes: 4 << 30,
            blob_bytes: 32 << 20,
            retained_bytes: 128 << 20,
            document_bytes: 64 << 20,
            values: 2_500_000,
            operations: 30_000_000,
            memo: 2_500_000,
            depth: 64,
            members: 20_000,
        }
    }
}

/// Why a file could not be read as a model at all. A damaged model is no error: its facts say so in their verdict.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// The operating system refused.
    #[error("{path} could not be read: {source}. Nothing was changed; check that it exists and that you may read it.")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The content is that of no model format.
    #[error("{path} is no model file of a known format. Nothing was changed; it is kept as an ordinary file.")]
    NotAModel {
        /// The file.
        path: PathBuf,
    },
}

/// Reads what a model file, or the folder of an MLflow model or of a SavedModel, says about itself. Executes nothing.
///
/// # Errors
/// [`ModelError::Io`] if the file cannot be opened, [`ModelError::NotAModel`] if its content is of no known format. A
/// truncated, damaged or hostile model is not an error: what could be read is returned, and its verdict is never `safe`.
pub fn read_model(path: &Path, limits: &Limits) -> Result<ModelFacts, ModelError> {
    let deadline = Instant::now() + limits.time;
    let io = |source| ModelError::Io { path: path.to_owned(), source };
    let metadata = std::fs::metadata(path).map_err(io)?;
    if metadata.is_dir() {
        let graph = path.join("saved_model.pb");
        if graph.is_file() {
            return read_file(&graph, File::open(&graph).map_err(io)?, limits, deadline);
        }
        return mlflow::read(&path.join("MLmodel"), limits, deadline);
    }
    if !metadata.is_file() {
        return Err(ModelError::NotAModel { path: path.to_owned() });
    }
    let file = File::open(path).map_err(io)?;
    read_file(path, file, limits, deadline)
}

/// Files beside a model file, relative to its folder, without which it cannot be loaded: weights that an ONNX model keeps elsewhere, and
/// arrays of joblib before 0.10. Names are as the model gives them, and may lead out of the folder.
///
/// # Errors
/// [`ModelError::Io`] if the file or its folder cannot be read.
pub fn companions(path: &Path, limits: &Limits) -> Result<Vec<String>, ModelError> {
    let io = |source| ModelError::Io { path: path.to_owned(), source };
    let mut file = File::open(path).map_err(io)?;
    let mut head = Vec::new();
    (&mut file).take(4_096).read_to_end(&mut head).map_err(io)?;
    if onnx::sniff(&head) {
        file.seek(SeekFrom::Start(0)).map_err(io)?;
        let mut source = Source::file(file, limits, Instant::now() + limits.time)
            .map_err(|fault| io(std::io::Error::other(fault.what())))?;
        return Ok(onnx::external(&mut source));
    }
    companion::beside(path).map_err(io)
}

/// Whether the first bytes of a file are those of the binary format that XGBoost gave up, which has no mark of its own.
pub(crate) fn is_old_xgboost(head: &[u8]) -> bool {
    xgboost_binary::sniff(head)
}

fn read_file(path: &Path, mut file: File, limits: &Limits, deadline: Instant) -> Result<ModelFacts, ModelError> {
    let io = |source| ModelError::Io { path: path.to_owned(), source };
    let length = file.metadata().map_err(io)?.len();
    let mut head = Vec::new();
    (&mut file).take(4_096).read_to_end(&mut head).map_err(io)?;
    file.seek(SeekFrom::Start(0)).map_err(io)?;
    let other = || ModelError::NotAModel { path: path.to_owned() };
    let open = |file| Source::file(file, limits, deadline);
    let fault = |fault: Fault| match fault {
        Fault::Io(_, source) => ModelError::Io { path: path.to_owned(), source },
        _ => other(),
    };
    match sniff(&head, length) {
        Kind::Zip => archive::read(file, limits, deadline).ok_or_else(other),
        Kind::SavedModel => Ok(settle(saved_model::read(&mut open(file).map_err(fault)?, limits, path.parent()))),
        Kind::Onnx => Ok(settle(onnx::read(&mut open(file).map_err(fault)?, path.parent()))),
        Kind::Safetensors => {
            let mut facts = facts::blank("safetensors");
            let result = tensors::safetensors(&mut open(file).map_err(fault)?, length, &mut facts);
            Ok(settle((facts, result.err())))
        }
        Kind::Gguf => Ok(settle(tensors::gguf(&mut open(file).map_err(fault)?, limits, length))),
        Kind::Pickle => pickled::read(open(file).map_err(fault)?, limits, "pickle", path.parent()).ok_or_else(other),
        Kind::Compressed(codec) => read_compressed(path, &mut file, codec, limits, deadline),
        Kind::XgboostBinary => Ok(xgboost_binary::read(&head)),
        Kind::Text if mlflow::is_description(&head) => mlflow::read(path, limits, deadline),
        Kind::Text => textual::read(&mut open(file).map_err(fault)?, &head, length, limits).ok_or_else(other),
        Kind::CatBoost => Ok(catboost::read(&mut open(file).map_err(fault)?, limits)),
        Kind::Hdf5 => keras::h5(file, length, limits, deadline).ok_or_else(other),
    }
}

#[derive(Debug, Clone, Copy)]
enum Codec {
    /// As versions of joblib before 0.10 wrote it, behind a header of their own.
    OldJoblib,
    Zlib,
    Gzip,
    Bzip2,
    Xz,
    Lzma,
    Lz4,
    Zstd,
}

enum Kind {
    Zip,
    SavedModel,
    Onnx,
    Safetensors,
    Gguf,
    Pickle,
    Compressed(Codec),
    CatBoost,
    Hdf5,
    XgboostBinary,
    Text,
}

fn sniff(head: &[u8], length: u64) -> Kind {
    let starts = |magic: &[u8]| head.starts_with(magic);
    if starts(b"PK\x03\x04") || starts(b"PK\x05\x06") {
        Kind::Zip
    } else if starts(b"GGUF") {
        Kind::Gguf
    } else if starts(b"ZF0x") {
        Kind::Compressed(Codec::OldJoblib)
    } else if starts(&[0x1f, 0x8b]) {
        Kind::Compressed(Codec::Gzip)
    } else if starts(b"BZh") && head.get(4..10) == Some(&[0x31, 0x41, 0x59, 0x26, 0x53, 0x59]) {
        Kind::Compressed(Codec::Bzip2)
    } else if starts(&[0xfd, b'7', b'z', b'X', b'Z', 0]) {
        Kind::Compressed(Codec::Xz)
    } else if starts(&[0x5d, 0, 0]) {
        Kind::Compressed(Codec::Lzma)
    } else if starts(&[0x04, 0x22, 0x4d, 0x18]) {
        Kind::Compressed(Codec::Lz4)
    } else if starts(&[0x28, 0xb5, 0x2f, 0xfd]) {
        Kind::Compressed(Codec::Zstd)
    } else if starts(hdf5::MARK) {
        Kind::Hdf5
    } else if starts(b"CBM1") {
        Kind::CatBoost
    } else if xgboost_binary::sniff(head) {
        Kind::XgboostBinary
    } else if tensors::is_safetensors(head, length) {
        Kind::Safetensors
    } else if head.first() == Some(&0x80) && head.get(1).is_some_and(|protocol| *protocol <= 5) {
        Kind::Pickle
    } else if saved_model::sniff(head, length) {
        Kind::SavedModel
    } else if onnx::sniff(head) {
        Kind::Onnx
    } else if head.first() == Some(&0x78) && head.get(1).is_some_and(|second| (0x7800 + u16::from(*second)) % 31 == 0) {
        Kind::Compressed(Codec::Zlib)
    } else {
        Kind::Text
    }
}

fn read_compressed(
    path: &Path,
    file: &mut File,
    codec: Codec,
    limits: &Limits,
    deadline: Instant,
) -> Result<ModelFacts, ModelError> {
    const MEMORY_KIB: u32 = 128 << 10;
    let other = || ModelError::NotAModel { path: path.to_owned() };
    let whole = !matches!(codec, Codec::Lz4) || lz4_ends_with_the_file(file).unwrap_or(false);
    let start = match codec {
        Codec::OldJoblib => companion::start_of_data(file).map_err(|_| other())?,
        _ => 0,
    };
    file.seek(SeekFrom::Start(start)).map_err(|source| ModelError::Io { path: path.to_owned(), source })?;
    let mut buffered = std::io::BufReader::with_capacity(64 * 1024, &mut *file);
    let input = &mut buffered;
    let decoder: Box<dyn Read + '_> = match codec {
        Codec::Zlib | Codec::OldJoblib => Box::new(flate2::bufread::ZlibDecoder::new(input)),
        Codec::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(input)),
        Codec::Bzip2 => Box::new(bzip2::bufread::MultiBzDecoder::new(input)),
        Codec::Xz => Box::new(lzma_rust2::XzReader::new_mem_limit(input, true, MEMORY_KIB)),
        Codec::Lzma => Box::new(lzma_rust2::LzmaReader::new_mem_limit(input, MEMORY_KIB, None).map_err(|_| other())?),
        Codec::Lz4 => Box::new(lz4_flex::frame::FrameDecoder::new(input)),
        Codec::Zstd => Box::new(ruzstd::decoding::StreamingDecoder::new(input).map_err(|_| other())?),
    };
    let mut peeked = Vec::new();
    let mut decoder = decoder;
    // A compressed file that is damaged at once is no model that anyone could name.
    let _ = (&mut decoder).take(2).read_to_end(&mut peeked);
    if !pickled::starts_like_a_pickle(&peeked) {
        return Err(other());
    }
    let source = Source::stream(Box::new(std::io::Cursor::new(peeked).chain(decoder)), limits, deadline);
    let mut facts = pickled::read(source, limits, "joblib", path.parent()).ok_or_else(other)?;
    // Some decoders go on over concatenated members and fail on bytes that are none; the others just stop.
    let left = !std::io::BufRead::fill_buf(&mut buffered).is_ok_and(<[u8]>::is_empty);
    if !whole {
        doubt(&mut facts, "the compressed data do not end where the file ends", "end of file");
    } else if left || matches!(codec, Codec::Lzma) && ends_before_the_last_byte(file, limits, deadline) {
        doubt(&mut facts, "bytes after the end of the compressed data", "end of file");
    }
    Ok(facts)
}

/// Whether LZMA data end before the last byte of the file. The decoder reads ahead, so this is asked by leaving the last
/// byte away: data that need it fail without it.
fn ends_before_the_last_byte(file: &mut File, limits: &Limits, deadline: Instant) -> bool {
    const MEMORY_KIB: u32 = 128 << 10;
    let Ok(length) = file.metadata().map(|metadata| metadata.len()) else { return true };
    if file.seek(SeekFrom::Start(0)).is_err() {
        return true;
    }
    let input = std::io::BufReader::new(file.take(length.saturating_sub(1)));
    match lzma_rust2::LzmaReader::new_mem_limit(input, MEMORY_KIB, None) {
        Ok(reader) => Source::stream(Box::new(reader), limits, deadline).drain().is_ok(),
        Err(_) => false,
    }
}

/// Whether one LZ4 frame fills the whole file, by the lengths of its blocks. The decoder takes a frame that is cut
/// between two blocks for a whole one.
fn lz4_ends_with_the_file(file: &mut File) -> std::io::Result<bool> {
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(0))?;
    let mut head = [0_u8; 6];
    file.read_exact(&mut head)?;
    let flags = head[4];
    let (block_checksum, content_size, content_checksum, dictionary) =
        (flags & 0x10 != 0, flags & 0x08 != 0, flags & 0x04 != 0, flags & 0x01 != 0);
    let mut at = 7 + if content_size { 8 } else { 0 } + if dictionary { 4 } else { 0 };
    loop {
        file.seek(SeekFrom::Start(at))?;
        let mut size = [0_u8; 4];
        file.read_exact(&mut size)?;
        at += 4;
        match u32::from_le_bytes(size) & 0x7fff_ffff {
            0 => return Ok(at + if content_checksum { 4 } else { 0 } == length),
            size => at += u64::from(size) + if block_checksum { 4 } else { 0 },
        }
    }
}

/// Adds a reason not to call a file safe.
fn doubt(facts: &mut ModelFacts, what: &str, place: &str) {
    if facts.safety.verdict == SafetyVerdict::Safe {
        facts.safety.verdict = SafetyVerdict::Unverified;
    }
    facts.safety.reasons.push(SafetyReason { what: what.to_owned(), place: place.to_owned() });
}

/// Facts of a file that may have ended early.
fn settle((mut facts, fault): (ModelFacts, Option<Fault>)) -> ModelFacts {
    if let Some(fault) = fault {
        let place = format!("byte {}", fault.position());
        doubt(&mut facts, &fault.what(), &place);
    }
    facts
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;

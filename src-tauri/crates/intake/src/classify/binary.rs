//! Formats that begin with a mark of their own.

use proofmark_domain::artifact::ArtifactKind::{self, Archive, Dataset, Document, Metrics, Model, Other};

use super::{Classified, Source, prediction, zip_names};

/// Marks at the start of a file that leave no doubt.
const MARKS: &[(&[u8], ArtifactKind, &str)] = &[
    (b"ARROW1", Dataset, "application/vnd.apache.arrow.file"),
    (b"FEA1", Dataset, "application/vnd.apache.feather"),
    (b"Obj\x01", Dataset, "application/vnd.apache.avro"),
    (b"\x93NUMPY", Dataset, "application/x-npy"),
    (b"MATLAB 5.0 MAT-file", Dataset, "application/x-matlab-data"),
    (b"<stata_dta>", Dataset, "application/x-stata"),
    (b"$FL2@(#)", Dataset, "application/x-spss-sav"),
    (b"$FL3@(#)", Dataset, "application/x-spss-sav"),
    (b"HEADER RECORD*******LIB", Dataset, "application/x-sas-xport"),
    (b"CDF\x01", Dataset, "application/x-netcdf"),
    (b"CDF\x02", Dataset, "application/x-netcdf"),
    (b"CBM1", Model, "application/vnd.catboost"),
    (b"GGUF", Model, "application/vnd.gguf"),
    (b"binf", Model, "application/vnd.xgboost"),
    // Compressed by a version of joblib before 0.10.
    (b"ZF0x", Model, "application/x-python-pickle"),
    (b"\x89PNG\r\n\x1a\n", Document, "image/png"),
    (b"\xff\xd8\xff", Document, "image/jpeg"),
    (b"GIF87a", Document, "image/gif"),
    (b"GIF89a", Document, "image/gif"),
    (b"II*\0", Document, "image/tiff"),
    (b"MM\0*", Document, "image/tiff"),
    (b"%PDF-", Document, "application/pdf"),
    (b"%!PS", Document, "application/postscript"),
    (b"7z\xbc\xaf\x27\x1c", Archive, "application/x-7z-compressed"),
    (b"Rar!\x1a\x07", Archive, "application/vnd.rar"),
    (b"\x7fELF", Other, "application/x-executable"),
    (b"\xfe\xed\xfa\xce", Other, "application/x-mach-binary"),
    (b"\xfe\xed\xfa\xcf", Other, "application/x-mach-binary"),
    (b"\xcf\xfa\xed\xfe", Other, "application/x-mach-binary"),
    (b"\xca\xfe\xba\xbe", Other, "application/java-vm"),
    (b"\0asm", Other, "application/wasm"),
    (b"OggS", Other, "audio/ogg"),
    (b"ID3", Other, "audio/mpeg"),
    (b"fLaC", Other, "audio/flac"),
];

/// Recognises a file by its first bytes, looking further where one mark stands for several formats.
pub fn recognise(source: &mut Source<'_, '_>) -> Option<Classified> {
    let head = source.head;
    if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
        return Some(zip_names::recognise(source));
    }
    if head.starts_with(b"PAR1") || head.starts_with(b"PARE") {
        return Some(parquet(source));
    }
    if head.starts_with(b"SQLite format 3\0") {
        let is_mlflow = find(head, b"CREATE TABLE latest_metrics") && find(head, b"CREATE TABLE runs");
        let alembic = find(head, b"alembic_version") && find(head, b"experiments");
        let kind = if is_mlflow || alembic { Metrics } else { Dataset };
        return Some(Classified::new(kind, "application/vnd.sqlite3"));
    }
    if head.starts_with(b"\x89HDF\r\n\x1a\n") {
        let keras = [&b"model_config"[..], b"keras_version", b"layer_names", b"weight_names", b"model_weights"];
        let is_model = keras.iter().any(|mark| find(head, mark)) || source.name.ends_with(".weights.h5");
        return Some(Classified::new(if is_model { Model } else { Dataset }, "application/x-hdf5"));
    }
    if head.starts_with(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") {
        return Some(compound(source));
    }
    if head.starts_with(b"RIFF") {
        return match head.get(8..12) {
            Some(b"WEBP") => Some(Classified::new(Document, "image/webp")),
            Some(b"WAVE") => Some(Classified::new(Other, "audio/wav")),
            _ => Some(Classified::new(Other, "application/x-riff")),
        };
    }
    if let Some(found) = at_other_places(head) {
        return Some(found);
    }
    if let Some((_, kind, media)) = MARKS.iter().find(|(mark, _, _)| head.starts_with(mark)) {
        return Some(Classified::new(*kind, *media));
    }
    if let Some(found) = guarded(source) {
        return Some(found);
    }
    None
}

/// Marks that do not stand at the start.
fn at_other_places(head: &[u8]) -> Option<Classified> {
    if head.get(8..12) == Some(b"DUCK") {
        return Some(Classified::new(Dataset, "application/vnd.duckdb"));
    }
    if head.get(4..8) == Some(b"TFL3") {
        return Some(Classified::new(Model, "application/vnd.tflite"));
    }
    if head.get(4..8) == Some(b"ftyp") {
        return Some(Classified::new(Other, "video/mp4"));
    }
    if head.get(257..262) == Some(b"ustar") {
        return Some(Classified::new(Archive, "application/x-tar"));
    }
    // The 32 bytes with which every SAS7BDAT begins (github.com/BioStatMatt/sas7bdat, file format notes).
    if head.get(12..20) == Some(b"\xc2\xea\x81\x60\xb3\x14\x11\xcf") {
        return Some(Classified::new(Dataset, "application/x-sas-data"));
    }
    None
}

/// Marks so short that a second sign must agree with them.
fn guarded(source: &Source<'_, '_>) -> Option<Classified> {
    let head = source.head;
    // An ORC file begins with "ORC"; its first stripe is binary.
    if head.starts_with(b"ORC") && head.iter().take(512).any(|byte| *byte < 9) {
        return Some(Classified::new(Dataset, "application/vnd.apache.orc"));
    }
    if head.starts_with(b"BM") {
        let stated = head.get(2..6).and_then(|bytes| bytes.try_into().ok()).map(u32::from_le_bytes);
        if stated.is_some_and(|stated| u64::from(stated) == source.size) {
            return Some(Classified::new(Document, "image/bmp"));
        }
    }
    if head.starts_with(b"MZ") && head.iter().take(128).any(|byte| *byte == 0) {
        return Some(Classified::new(Other, "application/vnd.microsoft.portable-executable"));
    }
    // An Arrow stream: continuation mark, then the length of a schema message.
    if let Some((mark, rest)) = head.split_first_chunk::<4>() {
        let length = rest.first_chunk::<4>().map(|bytes| u32::from_le_bytes(*bytes));
        if *mark == [0xff; 4] && length.is_some_and(|length| length > 8 && u64::from(length) < source.size) {
            return Some(Classified::new(Dataset, "application/vnd.apache.arrow.stream"));
        }
    }
    if let Some((length, rest)) = head.split_first_chunk::<8>() {
        let length = u64::from_le_bytes(*length);
        let fits = length >= 2 && length <= source.size.saturating_sub(8) && length <= 100_000_000;
        if fits && rest.first() == Some(&b'{') && (find(rest, b"\"dtype\"") || find(rest, b"\"__metadata__\"")) {
            return Some(Classified::new(Model, "application/vnd.safetensors"));
        }
    }
    if crate::model::is_old_xgboost(head) {
        return Some(Classified::new(Model, "application/vnd.xgboost"));
    }
    // UBJSON: an object whose first key is `learner`.
    if head.first() == Some(&b'{') && head.get(..64).is_some_and(|start| find(start, b"learner") && start.contains(&0))
    {
        return Some(Classified::new(Model, "application/vnd.xgboost+ubj"));
    }
    None
}

/// The older Microsoft container: the names of its streams are UTF-16.
fn compound(source: &Source<'_, '_>) -> Classified {
    let wide = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    if find(source.head, &wide("Workbook")) || source.ending == "xls" {
        Classified::new(Dataset, "application/vnd.ms-excel")
    } else if find(source.head, &wide("WordDocument")) || source.ending == "doc" {
        Classified::new(Document, "application/msword")
    } else if find(source.head, &wide("PowerPoint Document")) || source.ending == "ppt" {
        Classified::new(Document, "application/vnd.ms-powerpoint")
    } else {
        Classified::new(Other, "application/x-ole-storage")
    }
}

/// The largest footer that is looked through for names of columns.
const LARGEST_FOOTER: u64 = 4 * 1024 * 1024;

/// Parquet: the names of its columns say whether it is a log of predictions.
fn parquet(source: &mut Source<'_, '_>) -> Classified {
    let plain = Classified::new(Dataset, "application/vnd.apache.parquet");
    let end = source.tail(8);
    let Some(length) = end.first_chunk::<4>().map(|bytes| u64::from(u32::from_le_bytes(*bytes))) else { return plain };
    if end.get(4..8) != Some(b"PAR1") || length > LARGEST_FOOTER || length.saturating_add(12) > source.size {
        return plain;
    }
    let footer = source.at(source.size - 8 - length, usize::try_from(length).unwrap_or_default());
    if prediction::names_are_of_a_log(footer_names(&footer).iter().map(String::as_str)) {
        return Classified::new(ArtifactKind::PredictionLog, plain.media_type);
    }
    plain
}

/// Names in a Parquet footer. In Thrift's compact protocol a short text field is a byte whose low half is 8, a length and
/// the text; a schema element keeps its name in such a field.
fn footer_names(footer: &[u8]) -> Vec<String> {
    let mut names = Vec::new();
    let mut rest = footer;
    while let Some((field, after)) = rest.split_first() {
        rest = after;
        if field & 0x0f != 8 {
            continue;
        }
        let Some((&length, text)) = after.split_first() else { break };
        let Some(text) = text.get(..usize::from(length)).filter(|_| (1..=100).contains(&length)) else { continue };
        if text.iter().all(|byte| byte.is_ascii_alphanumeric() || b"_-. ".contains(byte)) {
            names.push(String::from_utf8_lossy(text).into_owned());
        }
    }
    names
}

/// Whether `needle` occurs in `bytes`.
pub fn find(bytes: &[u8], needle: &[u8]) -> bool {
    let Some(first) = needle.first() else { return true };
    bytes
        .iter()
        .enumerate()
        .filter(|(_, byte)| *byte == first)
        .any(|(at, _)| bytes.get(at..).is_some_and(|rest| rest.starts_with(needle)))
}

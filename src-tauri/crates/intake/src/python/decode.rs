//! The bytes of a source as text: byte order marks, the encoding that a source names (PEP 263), and those that it has.

use std::borrow::Cow;

/// The text of a Python source. Never fails: bytes that fit no encoding become replacement characters.
///
/// A byte order mark decides first, then `# -*- coding: NAME -*-` in one of the first two lines, then UTF-8; what is neither is
/// read as Windows-1252, as old sources in western languages are.
pub fn decode_source(bytes: &[u8]) -> Cow<'_, str> {
    if let Some((encoding, length)) = encoding_rs::Encoding::for_bom(bytes) {
        return encoding.decode_without_bom_handling(&bytes[length..]).0;
    }
    if let Some(encoding) = named(bytes)
        && encoding != encoding_rs::UTF_8
    {
        return encoding.decode_without_bom_handling(bytes).0;
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => encoding_rs::WINDOWS_1252.decode_without_bom_handling(bytes).0,
    }
}

fn named(bytes: &[u8]) -> Option<&'static encoding_rs::Encoding> {
    bytes.split(|byte| *byte == b'\n').take(2).find_map(|line| {
        let line = std::str::from_utf8(&line[..line.len().min(200)]).ok()?;
        let comment = line.trim_start().strip_prefix('#')?;
        let name = comment.split_once("coding").map(|(_, rest)| rest)?;
        let name = name.strip_prefix([':', '='])?.trim_start();
        let end = name
            .find(|letter: char| !letter.is_alphanumeric() && !matches!(letter, '-' | '_' | '.'))
            .unwrap_or(name.len());
        let name = name[..end].replace('_', "-");
        // The names of Python that the web does not have.
        let name = match name.to_lowercase().as_str() {
            "latin-1" | "latin1" | "iso-latin-1" => "iso-8859-1".to_owned(),
            "cp1252" | "cp1251" | "cp1250" => name.to_lowercase().replace("cp", "windows-"),
            other => other.to_owned(),
        };
        encoding_rs::Encoding::for_label(name.as_bytes())
    })
}

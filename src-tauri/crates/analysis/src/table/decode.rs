//! From the bytes on disk to bytes of text: decompression, UTF-16 and UTF-32.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

/// How characters are encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8, and with it ASCII.
    Utf8,
    /// UTF-8 that begins with a byte order mark.
    Utf8Bom,
    /// UTF-16, low byte first.
    Utf16Le,
    /// UTF-16, high byte first.
    Utf16Be,
    /// UTF-32, low byte first.
    Utf32Le,
    /// UTF-32, high byte first.
    Utf32Be,
    /// windows-1252, the superset of ISO 8859-1; records that are valid UTF-8 are read as such.
    Windows1252,
    /// windows-1252 from the first byte to the last, because a person said so.
    Windows1252Throughout,
}

impl Encoding {
    /// Its name as the Encoding Standard spells it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "utf-8",
            Self::Utf8Bom => "utf-8-sig",
            Self::Utf16Le => "utf-16le",
            Self::Utf16Be => "utf-16be",
            Self::Utf32Le => "utf-32le",
            Self::Utf32Be => "utf-32be",
            Self::Windows1252 | Self::Windows1252Throughout => "windows-1252",
        }
    }
}

/// How the file is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// As it is.
    Plain,
    /// gzip, several members allowed.
    Gzip,
    /// Zstandard.
    Zstd,
}

/// Opens the unpacked bytes.
pub fn unpacked(path: &Path, packing: Packing) -> io::Result<Box<dyn Read>> {
    let file = File::open(path)?;
    Ok(match packing {
        Packing::Plain => Box::new(file),
        Packing::Gzip => Box::new(flate2::read::MultiGzDecoder::new(BufReader::with_capacity(1 << 18, file))),
        Packing::Zstd => Box::new(zstd::stream::read::Decoder::new(file)?),
    })
}

/// Opens the text as UTF-8 (or as windows-1252, which is decoded record by record), without its byte order mark.
pub fn text(path: &Path, packing: Packing, encoding: Encoding) -> io::Result<Box<dyn Read>> {
    let mut raw = unpacked(path, packing)?;
    Ok(match encoding {
        Encoding::Utf8 | Encoding::Windows1252 => raw,
        Encoding::Utf8Bom => {
            let mut mark = [0u8; 3];
            raw.read_exact(&mut mark)?;
            raw
        }
        Encoding::Windows1252Throughout => Box::new(OneByte { raw, out: String::new(), at: 0 }),
        Encoding::Utf16Le | Encoding::Utf16Be | Encoding::Utf32Le | Encoding::Utf32Be => Box::new(Wide {
            raw: BufReader::with_capacity(1 << 16, raw),
            big: matches!(encoding, Encoding::Utf16Be | Encoding::Utf32Be),
            four: matches!(encoding, Encoding::Utf32Le | Encoding::Utf32Be),
            out: Vec::new(),
            at: 0,
            first: true,
            high: None,
        }),
    })
}

struct OneByte<R> {
    raw: R,
    out: String,
    at: usize,
}

impl<R: Read> Read for OneByte<R> {
    fn read(&mut self, target: &mut [u8]) -> io::Result<usize> {
        if self.at >= self.out.len() {
            let mut chunk = [0u8; 1 << 14];
            let filled = self.raw.read(&mut chunk)?;
            self.out.clear();
            self.at = 0;
            push_windows_1252(chunk.get(..filled).unwrap_or_default(), &mut self.out);
        }
        Ok(hand_over(self.out.as_bytes(), &mut self.at, target))
    }
}

/// Copies what is left of `out` from `at` on, as far as it fits.
fn hand_over(out: &[u8], at: &mut usize, target: &mut [u8]) -> usize {
    let rest = out.get(*at..).unwrap_or_default();
    let n = rest.len().min(target.len());
    if let (Some(to), Some(from)) = (target.get_mut(..n), rest.get(..n)) {
        to.copy_from_slice(from);
    }
    *at += n;
    n
}

/// Text of two or four bytes a character.
struct Wide<R> {
    raw: BufReader<R>,
    big: bool,
    four: bool,
    out: Vec<u8>,
    at: usize,
    first: bool,
    high: Option<u16>,
}

impl<R: Read> Wide<R> {
    fn refill(&mut self) -> io::Result<()> {
        self.out.clear();
        self.at = 0;
        let mut chunk = vec![0u8; 1 << 16];
        let mut filled = 0;
        while filled < chunk.len() {
            let rest = chunk.get_mut(filled..).unwrap_or_default();
            match self.raw.read(rest)? {
                0 => break,
                n => filled += n,
            }
        }
        chunk.truncate(filled);
        let text = if self.four { self.of_four(&chunk) } else { self.of_two(&chunk) };
        let marked = self.first && text.starts_with('\u{feff}');
        self.first &= text.is_empty();
        self.out = text.into_bytes();
        if marked {
            self.at = '\u{feff}'.len_utf8();
        }
        Ok(())
    }

    fn of_two(&mut self, chunk: &[u8]) -> String {
        let mut units: Vec<u16> = self.high.take().into_iter().collect();
        for pair in chunk.chunks(2) {
            let bytes = [pair.first().copied().unwrap_or(0), pair.get(1).copied().unwrap_or(0)];
            units.push(if self.big { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) });
        }
        // A pair of surrogates must not be torn apart at the end of a chunk.
        if chunk.len() == (1 << 16) && units.last().is_some_and(|unit| (0xD800..0xDC00).contains(unit)) {
            self.high = units.pop();
        }
        char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
    }

    fn of_four(&self, chunk: &[u8]) -> String {
        chunk
            .chunks(4)
            .map(|four| {
                // The end of a file that was cut within a character is no character.
                let bytes: Option<[u8; 4]> = four.try_into().ok();
                bytes
                    .map(|it| if self.big { u32::from_be_bytes(it) } else { u32::from_le_bytes(it) })
                    .and_then(char::from_u32)
                    .unwrap_or(char::REPLACEMENT_CHARACTER)
            })
            .collect()
    }
}

impl<R: Read> Read for Wide<R> {
    fn read(&mut self, target: &mut [u8]) -> io::Result<usize> {
        if self.at >= self.out.len() {
            self.refill()?;
        }
        Ok(hand_over(&self.out, &mut self.at, target))
    }
}

/// The characters of windows-1252 from 0x80 to 0x9F; what is not assigned stays the control character (WHATWG index).
const WINDOWS_1252: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}', '‘', '’',
    '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

/// Appends bytes of windows-1252 as text.
pub fn push_windows_1252(bytes: &[u8], out: &mut String) {
    for byte in bytes {
        out.push(match byte {
            0x80..=0x9F => WINDOWS_1252.get(usize::from(byte - 0x80)).copied().unwrap_or('\u{fffd}'),
            other => char::from(*other),
        });
    }
}

/// The byte that windows-1252 has for a character.
pub fn windows_1252_byte(c: char) -> Option<u8> {
    match c as u32 {
        code @ (0..=0x7F | 0xA0..=0xFF) => u8::try_from(code).ok(),
        _ => WINDOWS_1252.iter().position(|known| *known == c).and_then(|at| u8::try_from(at + 0x80).ok()),
    }
}

//! Finds imports hidden in raw array data.
//!
//! A joblib file whose array data are pickle opcodes is harmless for `joblib.load` and is code for `pickle.load`.

use super::graph::Global;
use super::policy::{self, Judgement};

/// How much of an array is looked through, in bytes.
pub(crate) const LOOKED_AT: u64 = 512 << 20;
/// The longest spelling of an import that is recognised, in bytes.
const LONGEST: usize = 512;

/// Looks for what `pickle.load` would take as the import of a dangerous name, in data that come in blocks.
#[derive(Debug, Default)]
pub(crate) struct Search {
    /// The end of the last block, where a spelling may begin.
    carried: Vec<u8>,
    found: bool,
}

impl Search {
    /// Looks through one more block.
    pub(crate) fn feed(&mut self, block: &[u8]) {
        if self.found {
            return;
        }
        self.found = reads_as_import(block);
        let head = &block[..block.len().min(LONGEST)];
        if !self.found && !self.carried.is_empty() {
            self.carried.extend_from_slice(head);
            self.found = reads_as_import(&self.carried);
        }
        let from = block.len().saturating_sub(LONGEST);
        if block.len() < LONGEST {
            let from = self.carried.len().saturating_sub(LONGEST);
            // A short block was carried already when there was something before it.
            if self.carried.is_empty() {
                self.carried.extend_from_slice(block);
            }
            self.carried.drain(..from);
        } else {
            self.carried.clear();
            self.carried.extend_from_slice(&block[from..]);
        }
    }

    /// Whether there was one.
    pub(crate) fn found(&self) -> bool {
        self.found
    }
}

fn reads_as_import(data: &[u8]) -> bool {
    data.iter().enumerate().any(|(at, byte)| match byte {
        b'c' | b'i' => text_import(&data[at + 1..]),
        0x93 => stack_import(&data[..at]),
        _ => false,
    })
}

fn dangerous(module: &[u8], name: &[u8]) -> bool {
    let (Ok(module), Ok(name)) = (std::str::from_utf8(module), std::str::from_utf8(name)) else { return false };
    let (module, name) = policy::modern(module, name);
    policy::judge(&Global { module: module.into(), name: name.into() }) == Judgement::Dangerous
}

fn is_word(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.'))
}

fn text_import(rest: &[u8]) -> bool {
    let rest = &rest[..rest.len().min(256)];
    if !rest.first().is_some_and(|first| first.is_ascii_alphabetic() || *first == b'_') {
        return false;
    }
    let mut lines = rest.splitn(3, |byte| *byte == b'\n');
    match (lines.next(), lines.next(), lines.next()) {
        (Some(module), Some(name), Some(_)) => is_word(module) && is_word(name) && dangerous(module, name),
        _ => false,
    }
}

/// Reads backwards: two short strings, each perhaps put into the memo.
fn stack_import(before: &[u8]) -> bool {
    let Some((before, name)) = last_string(before) else { return false };
    let Some((_, module)) = last_string(before) else { return false };
    is_word(module) && is_word(name) && dangerous(module, name)
}

fn last_string(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let bytes = match bytes {
        [rest @ .., 0x94] => rest,
        [rest @ .., b'q', _] => rest,
        other => other,
    };
    // Data are mostly numbers: a name must end with a character that can stand in one.
    bytes.last().filter(|last| last.is_ascii_alphanumeric() || **last == b'_')?;
    (1..=100_usize.min(bytes.len().checked_sub(2)?)).find_map(|length| {
        let start = bytes.len() - length;
        let short = start >= 2 && matches!(bytes[start - 2], 0x8c | b'U') && usize::from(bytes[start - 1]) == length;
        if short {
            return Some((&bytes[..start - 2], &bytes[start..]));
        }
        let long = start >= 5 && bytes[start - 5] == b'X' && bytes[start - 4..start] == (length as u32).to_le_bytes();
        long.then(|| (&bytes[..start - 5], &bytes[start..]))
    })
}

//! Splits delimited text into records, whatever state it is in.

use std::io::{self, Read};

use super::decode::push_windows_1252;

/// Longest record that is read; the rest of a longer one is left out, so that a file without line ends cannot fill the memory.
const MAX_RECORD: usize = 64 << 20;
/// Longest quoted field that spans lines; a quote that is open for longer was never meant to open.
const MAX_QUOTED: usize = 1 << 20;

/// The fields of one record.
#[derive(Debug, Default)]
pub struct Record {
    text: String,
    ends: Vec<usize>,
    /// Bytes were not valid UTF-8 and were read as windows-1252.
    pub not_utf8: bool,
    /// It holds characters beyond ASCII.
    pub beyond_ascii: bool,
    /// It holds a NUL byte.
    pub nul: bool,
    /// A quote opened and did not close.
    pub open_quote: bool,
    /// Its end was left out.
    pub cut: bool,
    /// It ended with a line end.
    pub terminated: bool,
    /// Nothing stood in the line.
    pub blank: bool,
}

impl Record {
    /// How many fields.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// A field; empty if there are fewer.
    pub fn get(&self, index: usize) -> &str {
        let Some(&end) = self.ends.get(index) else { return "" };
        let start = if index == 0 { 0 } else { self.ends.get(index - 1).copied().unwrap_or(0) };
        self.text.get(start..end).unwrap_or("")
    }

    /// All fields.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).map(|index| self.get(index))
    }

    fn clear(&mut self) {
        self.text.clear();
        self.ends.clear();
        self.not_utf8 = false;
        self.beyond_ascii = false;
        self.nul = false;
        self.open_quote = false;
        self.cut = false;
        self.terminated = false;
        self.blank = false;
    }

    fn push(&mut self, bytes: &[u8]) {
        match std::str::from_utf8(bytes) {
            Ok(text) => {
                self.beyond_ascii |= !text.is_ascii();
                self.text.push_str(text);
            }
            Err(_) => {
                self.not_utf8 = true;
                push_windows_1252(bytes, &mut self.text);
            }
        }
    }

    fn end_field(&mut self) {
        self.ends.push(self.text.len());
    }
}

/// Reads records one after the other.
pub struct RecordReader<R> {
    input: R,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    done: bool,
    delimiter: u8,
    quote: u8,
    scratch: Vec<u8>,
    /// Set when the input ended before it should have (a cut compressed file).
    pub ended_early: bool,
}

impl<R: Read> RecordReader<R> {
    /// Reads from `input`.
    pub fn new(input: R, delimiter: u8, quote: u8) -> Self {
        Self {
            input,
            buffer: vec![0; 1 << 18],
            start: 0,
            end: 0,
            done: false,
            delimiter,
            quote,
            scratch: Vec::new(),
            ended_early: false,
        }
    }

    /// Gets more bytes after those not yet used. False at the end.
    fn more(&mut self) -> io::Result<bool> {
        if self.done {
            return Ok(false);
        }
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.end == self.buffer.len() {
            let larger = (self.buffer.len() * 2).min(MAX_RECORD + (1 << 18));
            self.buffer.resize(larger, 0);
        }
        let Some(room) = self.buffer.get_mut(self.end..) else { return Ok(false) };
        if room.is_empty() {
            return Ok(false);
        }
        match self.input.read(room) {
            Ok(0) => {
                self.done = true;
                Ok(false)
            }
            Ok(n) => {
                self.end += n;
                Ok(true)
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(true),
            // A compressed file that breaks off: what came before is good.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                self.done = true;
                self.ended_early = true;
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    /// Where the next line end is, counted from `start`; reads on as needed. `None`: no line end before the end or the limit.
    fn line_end(&mut self, from: usize) -> io::Result<Option<usize>> {
        let mut searched = from;
        loop {
            let window = self.buffer.get(self.start + searched..self.end).unwrap_or_default();
            if let Some(at) = memchr::memchr(b'\n', window) {
                return Ok(Some(searched + at));
            }
            searched = self.end - self.start;
            if searched >= MAX_RECORD || !self.more()? {
                return Ok(None);
            }
        }
    }

    /// Reads the next record. False at the end of the input.
    pub fn next(&mut self, record: &mut Record) -> io::Result<bool> {
        record.clear();
        let mut end = self.line_end(0)?;
        let mut length = end.unwrap_or(self.end - self.start);
        if end.is_none() && length == 0 {
            return Ok(false);
        }
        let line = self.buffer.get(self.start..self.start + length).unwrap_or_default();
        let has_quote = self.quote != 0 && memchr::memchr(self.quote, line).is_some();
        if has_quote {
            let first_length = length;
            let first_end = end;
            let mut quoting = Quoting::default();
            let mut open = quoting.read_to(self.window(length), self.delimiter, self.quote);
            while open {
                if length > MAX_QUOTED {
                    break;
                }
                let Some(newline) = end else { break };
                end = self.line_end(newline + 1)?;
                length = end.unwrap_or(self.end - self.start);
                open = quoting.read_to(self.window(length), self.delimiter, self.quote);
            }
            if open {
                record.open_quote = true;
                length = first_length;
                end = first_end;
            }
        }
        let literal = !has_quote || record.open_quote;
        let mut content = length;
        if content > 0 && self.buffer.get(self.start + content - 1) == Some(&b'\r') {
            content -= 1;
        }
        let line = self.buffer.get(self.start..self.start + content).unwrap_or_default();
        record.blank = line.is_empty();
        record.nul = memchr::memchr(0, line).is_some();
        if literal {
            let mut from = 0;
            for at in memchr::memchr_iter(self.delimiter, line) {
                record.push(line.get(from..at).unwrap_or_default());
                record.end_field();
                from = at + 1;
            }
            record.push(line.get(from..).unwrap_or_default());
            record.end_field();
        } else {
            split_quoted(line, self.delimiter, self.quote, &mut self.scratch, record);
        }
        record.terminated = end.is_some();
        self.start += length + usize::from(end.is_some());
        if end.is_none() && !self.done {
            record.cut = true;
            self.skip_line()?;
        }
        Ok(true)
    }

    /// The first bytes of the present record.
    fn window(&self, length: usize) -> &[u8] {
        self.buffer.get(self.start..self.start + length).unwrap_or_default()
    }

    fn skip_line(&mut self) -> io::Result<()> {
        loop {
            self.start = self.end;
            if !self.more()? {
                return Ok(());
            }
            let window = self.buffer.get(self.start..self.end).unwrap_or_default();
            if let Some(at) = memchr::memchr(b'\n', window) {
                self.start += at + 1;
                return Ok(());
            }
        }
    }
}

/// Whether a quoted field is open, line by line: a field of many lines is read once, not once for each of them.
struct Quoting {
    open: bool,
    field_start: bool,
    at: usize,
}

impl Default for Quoting {
    fn default() -> Self {
        Self { open: false, field_start: true, at: 0 }
    }
}

impl Quoting {
    /// Goes on to the end of `bytes`, which begin as they did before, and says whether a field is open there.
    fn read_to(&mut self, bytes: &[u8], delimiter: u8, quote: u8) -> bool {
        while let Some(&byte) = bytes.get(self.at) {
            if self.open {
                if byte == quote {
                    if bytes.get(self.at + 1) == Some(&quote) {
                        self.at += 1;
                    } else {
                        self.open = false;
                    }
                }
            } else if byte == quote && self.field_start {
                self.open = true;
            }
            let begins = byte == delimiter || byte == b'\n' || (self.field_start && byte == b' ');
            self.field_start = !self.open && begins;
            self.at += 1;
        }
        self.open
    }
}

fn split_quoted(line: &[u8], delimiter: u8, quote: u8, scratch: &mut Vec<u8>, record: &mut Record) {
    let mut i = 0;
    loop {
        scratch.clear();
        let mut from = i;
        while line.get(from) == Some(&b' ') {
            from += 1;
        }
        if line.get(from) == Some(&quote) {
            i = from + 1;
            while let Some(&byte) = line.get(i) {
                if byte == quote {
                    if line.get(i + 1) == Some(&quote) {
                        scratch.push(quote);
                        i += 2;
                        continue;
                    }
                    i += 1;
                    break;
                }
                scratch.push(byte);
                i += 1;
            }
        }
        while let Some(&byte) = line.get(i) {
            if byte == delimiter {
                break;
            }
            scratch.push(byte);
            i += 1;
        }
        record.push(scratch);
        record.end_field();
        if line.get(i).is_none() {
            return;
        }
        i += 1;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn all(text: &str) -> Vec<Vec<String>> {
        let mut reader = RecordReader::new(text.as_bytes(), b',', b'"');
        let mut record = Record::default();
        let mut out = Vec::new();
        while reader.next(&mut record).unwrap() {
            out.push(record.fields().map(str::to_owned).collect());
        }
        out
    }

    #[test]
    fn a_field_of_many_lines_takes_time_by_its_length() {
        let text = format!("a,\"{}\"\nc,d\n", "x\n".repeat(400_000));
        let began = std::time::Instant::now();
        let rows = all(&text);
        assert_eq!((rows.len(), rows[0][1].len()), (2, 800_000));
        assert!(began.elapsed().as_secs() < 20, "each line was read from the start again: {:?}", began.elapsed());
    }

    #[test]
    fn quotes_line_ends_and_open_quotes() {
        assert_eq!(all("a,\"b,\"\"c\"\"\nd\",e\r\nf,,g"), vec![vec!["a", "b,\"c\"\nd", "e"], vec!["f", "", "g"]]);
        assert_eq!(all("a,\"b\nc,d\n"), vec![vec!["a", "\"b"], vec!["c", "d"]], "an open quote is a letter");
        assert_eq!(all("5\" pipe,x\n"), vec![vec!["5\" pipe", "x"]], "a quote within a field is a letter");
        assert_eq!(all(""), Vec::<Vec<String>>::new());
    }
}

//! Follows a log line by line through rotations, without losing what was written between two looks.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use proofmark_contract::ErrorCode;
use proofmark_contract::view::LogTail;
use proofmark_intake::files::platform::stat_of;

use super::place::Place;
use super::{MOST_BYTES, line, open};
use crate::trouble::{Answer, io_trouble};

/// Bytes of one line that are kept in memory, more than a gateway writes with the largest bodies that it takes by itself.
const LONGEST_LINE: usize = 64 << 20;

/// A log that is read as it grows. It holds the file open that it reads, so that the last lines of a file that was moved away are read before
/// the first ones of the file in its place.
#[derive(Debug)]
pub struct Follower {
    path: PathBuf,
    file: File,
    place: Place,
    /// The begin of a line that is still being written.
    begun: Vec<u8>,
    /// Where it begins.
    behind: u64,
}

impl Follower {
    /// Goes on behind a look at the end of the log.
    ///
    /// # Errors
    /// If the log cannot be read.
    pub fn behind(path: &Path, look: &LogTail) -> Answer<Self> {
        let trouble = |error: &std::io::Error| io_trouble("reading", path, error);
        let mut file = open(path)?;
        let mut place = Place::of(&mut file, look.next).map_err(|error| trouble(&error))?;
        if place.mark() != look.mark {
            place = Place::of(&mut file, 0).map_err(|error| trouble(&error))?;
        }
        let behind = place.at;
        Ok(Self { path: path.to_owned(), file, place, begun: Vec::new(), behind })
    }

    /// The lines that came since the last look, at most about a megabyte of them. None mean that there is nothing to read for now.
    ///
    /// # Errors
    /// If the log cannot be read. That there is none for now is no error: between two files of a rotation there is none.
    pub fn look(&mut self) -> Answer<LogTail> {
        let path = self.path.clone();
        let trouble = |error: std::io::Error| io_trouble("reading", &path, &error);
        let mut rotated = false;
        let mut lines = Vec::new();
        if !self.place.is_in(&mut self.file).map_err(trouble)? {
            // Cut and written anew in its place.
            rotated = true;
            lines.extend(self.begin_anew().map_err(trouble)?);
        }
        let mut bytes = self.read().map_err(trouble)?;
        if bytes.is_empty()
            && let Some(file) = self.other_file()?
        {
            (rotated, self.file) = (true, file);
            lines.extend(self.begin_anew().map_err(trouble)?);
            bytes = self.read().map_err(trouble)?;
        }
        lines.extend(self.split(&bytes));
        if !bytes.is_empty() {
            self.place = Place::of(&mut self.file, self.place.at + bytes.len() as u64).map_err(trouble)?;
        }
        Ok(LogTail {
            lines: lines.iter().map(|it| line(it)).collect(),
            next: self.behind,
            mark: Place::of(&mut self.file, self.behind).map_err(trouble)?.mark(),
            skipped: 0,
            skipped_bytes: 0,
            rotated,
        })
    }

    /// Goes to the begin of the file; answers the line that will not be ended any more.
    fn begin_anew(&mut self) -> std::io::Result<Option<String>> {
        self.place = Place::of(&mut self.file, 0)?;
        self.behind = 0;
        Ok(self.end_line())
    }

    fn read(&mut self) -> std::io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.file.seek(SeekFrom::Start(self.place.at))?;
        Read::take(&mut self.file, MOST_BYTES).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// The file that took the place of the one that is read.
    fn other_file(&self) -> Answer<Option<File>> {
        let trouble = |error: std::io::Error| io_trouble("reading", &self.path, &error);
        let number = |file: &File| file.metadata().map(|it| stat_of(&it)).map(|it| (it.device, it.inode));
        let file = match open(&self.path) {
            Ok(file) => file,
            Err(trouble) if trouble.0.code == ErrorCode::NotFound => return Ok(None),
            Err(trouble) => return Err(trouble),
        };
        let is_other = number(&file).map_err(trouble)? != number(&self.file).map_err(trouble)?;
        Ok(is_other.then_some(file))
    }

    fn end_line(&mut self) -> Option<String> {
        let begun = std::mem::take(&mut self.begun);
        let text = String::from_utf8_lossy(&begun);
        let text = text.trim_end();
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// The lines that end in the bytes behind the place.
    fn split(&mut self, bytes: &[u8]) -> Vec<String> {
        let mut lines = Vec::new();
        let mut at = self.place.at;
        for part in bytes.split_inclusive(|it| *it == b'\n') {
            at += part.len() as u64;
            let room = LONGEST_LINE.saturating_sub(self.begun.len());
            // A file that was cut under its writer begins with a gap of zeros.
            self.begun.extend(part.iter().take(room).filter(|it| **it != 0));
            if part.ends_with(b"\n") {
                self.behind = at;
                lines.extend(self.end_line());
            }
        }
        lines
    }
}

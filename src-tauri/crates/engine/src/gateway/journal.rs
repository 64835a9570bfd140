//! The log that answers are written to before they are given.
//!
//! One thread appends; what arrives while it writes is written together the next time. A line is on its way to the disk (in the system's
//! memory, where the end of this process cannot lose it) before its answer goes out. Against a loss of power the file is synchronised
//! once a second, or before every answer where that is wished.

use std::fs::{File, Metadata, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use proofmark_contract::ErrorCode;
use proofmark_intake::files::platform::stat_of;
use tokio::sync::oneshot;

use crate::trouble::{Answer, Trouble, io_trouble};

/// Between two synchronisations, and between two looks whether the file was moved away.
const BETWEEN: Duration = Duration::from_secs(1);
/// Bytes that are written at once.
const MOST_AT_ONCE: usize = 4 << 20;

/// What the writing thread is told.
enum Entry {
    /// A line, and who waits for it.
    Line { line: Vec<u8>, done: oneshot::Sender<io::Result<()>> },
    /// No line follows that anybody waits for: an answer that is still being made when the gateway ends does not keep it from ending.
    End,
}

/// Appends lines to a file.
#[derive(Debug)]
pub(super) struct Journal {
    sender: mpsc::Sender<Entry>,
    thread: JoinHandle<io::Result<()>>,
}

impl Journal {
    /// Opens the file and the thread that writes to it.
    ///
    /// # Errors
    /// If the file cannot be written, or another process writes to it.
    pub(super) fn open(path: &Path, sync_each: bool) -> Answer<Self> {
        let pen = Pen::open(path.to_owned(), sync_each)?;
        let (sender, receiver) = mpsc::channel();
        let thread = std::thread::Builder::new()
            .name("gateway-log".to_owned())
            .spawn(move || pen.write_all(&receiver))
            .map_err(|error| io_trouble("starting to write", path, &error))?;
        Ok(Self { sender, thread })
    }

    /// A way to append for those who answer.
    pub(super) fn appender(&self) -> Appender {
        Appender(self.sender.clone())
    }

    /// Writes what is left and synchronises it.
    ///
    /// # Errors
    /// If that fails.
    pub(super) fn close(self) -> io::Result<()> {
        // A thread that has ended already needs no telling.
        let _ = self.sender.send(Entry::End);
        self.thread.join().unwrap_or_else(|_| Err(io::Error::other("the writing thread broke")))
    }
}

/// Appends lines.
#[derive(Debug, Clone)]
pub(super) struct Appender(mpsc::Sender<Entry>);

impl Appender {
    /// Returns when the line is written.
    ///
    /// # Errors
    /// If it could not be; nothing of it is in the file then.
    pub(super) async fn append(&self, line: Vec<u8>) -> io::Result<()> {
        let (done, written) = oneshot::channel();
        let gone = || io::Error::other("the writing thread has ended");
        self.0.send(Entry::Line { line, done }).map_err(|_| gone())?;
        written.await.map_err(|_| gone())?
    }
}

struct Pen {
    path: PathBuf,
    file: File,
    sync_each: bool,
    is_dirty: bool,
    looked: Instant,
    /// Why lines that were written may not be on the disk. The system says so once, so it is kept until somebody can be told.
    lost: Option<io::Error>,
}

/// Opens a log for appending and locks it. A line that was cut off by a loss of power is ended, so that it costs itself only.
fn open(path: &Path) -> Answer<File> {
    let trouble = |error: &io::Error| io_trouble("opening for writing", path, error);
    let mut file =
        OpenOptions::new().create(true).read(true).append(true).open(path).map_err(|error| trouble(&error))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            return Err(Trouble::new(ErrorCode::Busy, format!("Another gateway writes to {}.", path.display()))
                .hint("Name another log with --log, or stop the other gateway."));
        }
        // A file system without locks: whether somebody else writes cannot be told.
        Err(TryLockError::Error(_)) => {}
    }
    let length = file.metadata().map_err(|error| trouble(&error))?.len();
    if length > 0 {
        let mut last = [0u8; 1];
        file.seek(SeekFrom::Start(length - 1))
            .and_then(|_| file.read_exact(&mut last))
            .map_err(|error| trouble(&error))?;
        if last[0] != b'\n' {
            file.write_all(b"\n").map_err(|error| trouble(&error))?;
        }
    }
    Ok(file)
}

impl Pen {
    fn open(path: PathBuf, sync_each: bool) -> Answer<Self> {
        let file = open(&path)?;
        Ok(Self { path, file, sync_each, is_dirty: false, looked: Instant::now(), lost: None })
    }

    fn write_all(mut self, receiver: &mpsc::Receiver<Entry>) -> io::Result<()> {
        let mut text: Vec<u8> = Vec::new();
        loop {
            let (line, done) = match receiver.recv_timeout(BETWEEN) {
                Ok(Entry::Line { line, done }) => (line, done),
                Err(RecvTimeoutError::Timeout) => {
                    self.looked = Instant::now();
                    self.sync();
                    self.follow();
                    continue;
                }
                Ok(Entry::End) | Err(RecvTimeoutError::Disconnected) => return self.end(),
            };
            let is_due = self.looked.elapsed() >= BETWEEN;
            if is_due {
                // Before the line: one that went into a file that was moved away may be gone with it.
                self.follow();
            }
            text.clear();
            text.extend_from_slice(&line);
            let mut waiting = vec![done];
            let mut ends = false;
            while text.len() < MOST_AT_ONCE
                && !ends
                && let Ok(next) = receiver.try_recv()
            {
                match next {
                    Entry::Line { line, done } => {
                        text.extend_from_slice(&line);
                        waiting.push(done);
                    }
                    Entry::End => ends = true,
                }
            }
            let written = self.write(&text);
            for done in waiting {
                let answer = match &written {
                    Ok(()) => Ok(()),
                    Err(error) => Err(io::Error::new(error.kind(), error.to_string())),
                };
                // Who no longer waits does not need the answer.
                let _ = done.send(answer);
            }
            if ends {
                return self.end();
            }
            if is_due {
                // After the answers: nobody waits for the disk.
                self.looked = Instant::now();
                self.sync();
            }
        }
    }

    /// Brings to the disk what is written, and says what may not be there.
    fn end(mut self) -> io::Result<()> {
        self.sync();
        self.lost.take().map_or(Ok(()), Err)
    }

    fn write(&mut self, text: &[u8]) -> io::Result<()> {
        if let Some(error) = self.lost.take() {
            // Those who wait now are told; the lines before them are in the file, and no longer for certain on the disk.
            return Err(error);
        }
        let before = self.file.metadata()?.len();
        let written =
            self.file.write_all(text).and_then(|()| if self.sync_each { self.file.sync_data() } else { Ok(()) });
        if written.is_err() && self.file.metadata().is_ok_and(|it| it.len() > before) {
            // Half a line must not stay, as its answer is not given. If even this fails, the reader takes it for a cut line.
            let _ = self.file.set_len(before);
        }
        self.is_dirty |= written.is_ok() && !self.sync_each;
        written
    }

    fn sync(&mut self) {
        if std::mem::take(&mut self.is_dirty)
            && let Err(error) = self.file.sync_data()
        {
            self.lost = Some(error);
        }
    }

    /// Goes on in a new file when the old one was moved away, as programs that rotate logs do.
    fn follow(&mut self) {
        if !is_same(&self.path, &self.file)
            && let Ok(file) = open(&self.path)
        {
            self.sync();
            self.file = file;
        }
    }
}

/// Where files have no numbers, one that is there is taken for the same.
fn is_same(path: &Path, file: &File) -> bool {
    let number = |it: &Metadata| (stat_of(it).device, stat_of(it).inode);
    match (std::fs::metadata(path), file.metadata()) {
        (Ok(named), Ok(open)) => number(&named) == number(&open),
        (Err(_), _) => false,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn lines_are_whole_and_a_cut_one_costs_itself_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.jsonl");
        std::fs::write(&path, "{\"a\":1}\n{\"cut").unwrap();
        let journal = Journal::open(&path, false).unwrap();
        assert!(matches!(Journal::open(&path, false), Err(it) if it.0.code == ErrorCode::Busy), "one writer only");
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        for number in 0..3 {
            runtime.block_on(journal.appender().append(format!("{{\"b\":{number}}}\n").into_bytes())).unwrap();
        }
        journal.close().unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text, "{\"a\":1}\n{\"cut\n{\"b\":0}\n{\"b\":1}\n{\"b\":2}\n");
    }

    #[test]
    fn who_is_still_answering_does_not_keep_the_log_open() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.jsonl");
        let journal = Journal::open(&path, false).unwrap();
        let late = journal.appender();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(late.append(b"{}\n".to_vec())).unwrap();
        let (told, ended) = mpsc::channel();
        std::thread::spawn(move || told.send(journal.close()));
        ended.recv_timeout(Duration::from_secs(20)).unwrap().unwrap();
        assert!(runtime.block_on(late.append(b"{}\n".to_vec())).is_err(), "its answer is not given");
        assert_eq!(std::fs::read(&path).unwrap(), b"{}\n");
    }

    #[cfg(unix)]
    #[test]
    fn a_line_after_a_rotation_goes_into_the_new_file() {
        let folder = tempfile::tempdir().unwrap();
        let (path, old) = (folder.path().join("log.jsonl"), folder.path().join("log.jsonl.1"));
        let mut pen = Pen::open(path.clone(), false).unwrap();
        pen.write(b"1\n").unwrap();
        std::fs::rename(&path, &old).unwrap();
        pen.follow();
        pen.write(b"2\n").unwrap();
        assert_eq!(std::fs::read(&old).unwrap(), b"1\n");
        assert_eq!(std::fs::read(&path).unwrap(), b"2\n");
    }

    #[test]
    fn what_the_disk_lost_is_told_once_and_the_log_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.jsonl");
        let mut pen = Pen::open(path.clone(), false).unwrap();
        pen.lost = Some(io::Error::other("the disk failed"));
        assert!(pen.write(b"1\n").is_err(), "those who wait are told");
        pen.write(b"2\n").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"2\n");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_told_to_who_waits() {
        let journal = Journal::open(Path::new("/dev/full"), false);
        // Not every system has the device.
        let Ok(journal) = journal else { return };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        assert!(runtime.block_on(journal.appender().append(b"{}\n".to_vec())).is_err());
    }
}

//! The log that answers are written to before they are given.
//!
//! Who has a line writes it, together with those that others have meanwhile; only one writes at a time, and the others wait without keeping a
//! thread. A line is on its way to the disk (in the system's memory, where the end of this process cannot lose it) before its answer goes
//! out. Against a loss of power a thread synchronises the file once a second while lines go on being written; where that is wished before
//! every answer, the thread writes as well, so that waiting for the disk keeps nobody else from being answered.

use std::fs::{File, Metadata, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use proofmark_contract::ErrorCode;
use proofmark_intake::files::platform::stat_of;
use tokio::sync::oneshot;

use crate::lock;
use crate::trouble::{Answer, Trouble, io_trouble};

/// Between two synchronisations, and between two looks whether the file was moved away.
const BETWEEN: Duration = Duration::from_secs(1);
/// Bytes that are written at once.
const MOST_AT_ONCE: usize = 4 << 20;

/// A line, and who waits for it.
#[derive(Debug)]
struct Entry {
    line: Vec<u8>,
    done: oneshot::Sender<io::Result<()>>,
}

/// What the thread is told.
enum Word {
    /// There are lines.
    Lines,
    /// No line follows that anybody waits for: an answer that is still being made when the gateway ends does not keep it from ending.
    End,
}

/// What all who write share.
#[derive(Debug)]
struct Desk {
    /// Lines that wait; absent once the log is closed.
    waiting: Mutex<Option<Vec<Entry>>>,
    /// Absent once the log is closed.
    pen: Mutex<Option<Pen>>,
}

/// Appends lines to a file.
#[derive(Debug)]
pub(super) struct Journal {
    desk: Arc<Desk>,
    sync_each: bool,
    sender: mpsc::Sender<Word>,
    thread: JoinHandle<io::Result<()>>,
}

impl Journal {
    /// Opens the file, and the thread that synchronises it.
    ///
    /// # Errors
    /// If the file cannot be written, or another process writes to it.
    pub(super) fn open(path: &Path, sync_each: bool) -> Answer<Self> {
        let pen = Pen::open(path.to_owned(), sync_each)?;
        let desk = Arc::new(Desk { waiting: Mutex::new(Some(Vec::new())), pen: Mutex::new(Some(pen)) });
        let (sender, receiver) = mpsc::channel();
        let own = Arc::clone(&desk);
        let thread = std::thread::Builder::new()
            .name("gateway-log".to_owned())
            .spawn(move || own.tend(&receiver))
            .map_err(|error| io_trouble("starting to write", path, &error))?;
        Ok(Self { desk, sync_each, sender, thread })
    }

    /// A way to append for those who answer.
    pub(super) fn appender(&self) -> Appender {
        Appender { desk: Arc::clone(&self.desk), thread: self.sync_each.then(|| self.sender.clone()) }
    }

    /// Writes what is left and synchronises it.
    ///
    /// # Errors
    /// If that fails.
    pub(super) fn close(self) -> io::Result<()> {
        // A thread that has ended already needs no telling.
        let _ = self.sender.send(Word::End);
        self.thread.join().unwrap_or_else(|_| Err(io::Error::other("the writing thread broke")))
    }
}

/// Appends lines.
#[derive(Debug, Clone)]
pub(super) struct Appender {
    desk: Arc<Desk>,
    /// Who writes, where it is not the one who has a line.
    thread: Option<mpsc::Sender<Word>>,
}

impl Appender {
    /// Returns when the line is written.
    ///
    /// # Errors
    /// If it could not be; nothing of it is in the file then.
    pub(super) async fn append(&self, line: Vec<u8>) -> io::Result<()> {
        let (done, written) = oneshot::channel();
        let gone = || io::Error::other("the log is closed");
        lock(&self.desk.waiting).as_mut().ok_or_else(gone)?.push(Entry { line, done });
        match &self.thread {
            Some(thread) => thread.send(Word::Lines).map_err(|_| gone())?,
            None => self.desk.write_waiting(),
        }
        written.await.map_err(|_| gone())?
    }
}

impl Desk {
    /// Writes what waits, unless somebody else is at it, who then writes it.
    fn write_waiting(&self) {
        // A line that came while another wrote was not seen by it, and its owner has turned away by the time the pen is free: so whoever
        // lays the pen down looks again.
        while lock(&self.waiting).as_ref().is_some_and(|it| !it.is_empty()) {
            let mut pen = match self.pen.try_lock() {
                Ok(pen) => pen,
                Err(std::sync::TryLockError::WouldBlock) => return,
                Err(std::sync::TryLockError::Poisoned(error)) => error.into_inner(),
            };
            let Some(pen) = pen.as_mut() else { return };
            let entries = lock(&self.waiting).as_mut().map(std::mem::take).unwrap_or_default();
            pen.write_entries(entries);
        }
    }

    /// The thread's work: looks after the file once a second, and writes what waits whenever it is told to.
    fn tend(&self, receiver: &mpsc::Receiver<Word>) -> io::Result<()> {
        let mut looked = Instant::now();
        loop {
            let word = receiver.recv_timeout(BETWEEN.saturating_sub(looked.elapsed()));
            if matches!(word, Ok(Word::End) | Err(RecvTimeoutError::Disconnected)) {
                return self.close();
            }
            let is_due = looked.elapsed() >= BETWEEN;
            if is_due {
                // Before the lines: one that went into a file that was moved away may be gone with it.
                self.with_pen(Pen::follow);
            }
            self.write_waiting();
            if is_due {
                // After the answers: nobody waits for the disk.
                self.sync();
                looked = Instant::now();
            }
        }
    }

    /// Does something to the file, and then writes what came meanwhile.
    fn with_pen<T>(&self, does: impl FnOnce(&mut Pen) -> T) -> Option<T> {
        let done = lock(&self.pen).as_mut().map(does);
        self.write_waiting();
        done
    }

    /// Brings to the disk what is written, while others go on writing.
    fn sync(&self) {
        let Some(Some(file)) = self.with_pen(Pen::unsynced) else { return };
        if let Err(error) = file.and_then(|it| it.sync_data()) {
            self.with_pen(|pen| pen.lost = Some(error));
        }
    }

    /// Takes no more lines, writes those that wait, brings all to the disk, and says what may not be there.
    fn close(&self) -> io::Result<()> {
        let entries = lock(&self.waiting).take().unwrap_or_default();
        let Some(mut pen) = lock(&self.pen).take() else { return Ok(()) };
        pen.write_entries(entries);
        pen.sync();
        pen.lost.take().map_or(Ok(()), Err)
    }
}

#[derive(Debug)]
struct Pen {
    path: PathBuf,
    file: File,
    sync_each: bool,
    is_dirty: bool,
    text: Vec<u8>,
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
        Ok(Self { path, file, sync_each, is_dirty: false, text: Vec::new(), lost: None })
    }

    /// Writes lines and tells those who wait for them.
    fn write_entries(&mut self, entries: Vec<Entry>) {
        let mut entries = entries.into_iter().peekable();
        let mut text = std::mem::take(&mut self.text);
        while entries.peek().is_some() {
            let mut waiting = Vec::new();
            text.clear();
            while text.len() < MOST_AT_ONCE
                && let Some(Entry { line, done }) = entries.next()
            {
                text.extend_from_slice(&line);
                waiting.push(done);
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
        }
        text.shrink_to(MOST_AT_ONCE);
        self.text = text;
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

    /// Another handle of the file, if something was written to it since it was last asked for.
    fn unsynced(&mut self) -> Option<io::Result<File>> {
        std::mem::take(&mut self.is_dirty).then(|| self.file.try_clone())
    }

    fn sync(&mut self) {
        if let Some(Err(error)) = self.unsynced().map(|file| file.and_then(|it| it.sync_data())) {
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
    fn many_who_write_at_once_lose_nothing() {
        for (sync_each, lines) in [(false, 2_000), (true, 20)] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("log.jsonl");
            let journal = Journal::open(&path, sync_each).unwrap();
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).build().unwrap();
            let writers: Vec<_> = (0..16)
                .map(|writer| {
                    let own = journal.appender();
                    runtime.spawn(async move {
                        for line in 0..lines {
                            own.append(format!("{writer}.{line}\n").into_bytes()).await.unwrap();
                        }
                    })
                })
                .collect();
            for writer in writers {
                runtime.block_on(writer).unwrap();
            }
            let mut found: Vec<String> = std::fs::read_to_string(&path).unwrap().lines().map(str::to_owned).collect();
            journal.close().unwrap();
            let mut all: Vec<String> =
                (0..16).flat_map(|writer| (0..lines).map(move |line| format!("{writer}.{line}"))).collect();
            found.sort();
            all.sort();
            assert!(found == all, "{} lines of {}", found.len(), all.len());
        }
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

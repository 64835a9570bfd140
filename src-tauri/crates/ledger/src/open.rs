//! Opening the ledger: every way in which the file can be wrong is met here, before anything is written to it.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use proofmark_domain::Timestamp;
use rusqlite::{Connection, OpenFlags};

use crate::migrations::{APPLICATION_ID, KNOWN_VERSION, MIGRATIONS};
use crate::{LedgerError, platform};

/// How the ledger is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// How long a write waits for another process before it gives up.
    pub busy_timeout: Duration,
    /// Readers that are kept open for the next read. More may read at once; those are closed afterwards.
    pub idle_readers: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { busy_timeout: Duration::from_secs(5), idle_readers: 4 }
    }
}

/// An open ledger file: its writing connection and the mark that this process uses it.
pub(crate) struct Opened {
    pub(crate) writer: Connection,
    pub(crate) presence: Presence,
}

/// Opens the ledger at `path`, and makes it if nothing is there.
pub(crate) fn open(path: &Path, now: Timestamp, options: &Options) -> Result<Opened, LedgerError> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    platform::create_private_folder(folder).map_err(|why| LedgerError::from_io("creating the folder", folder, why))?;
    let network = platform::network_file_system(folder)
        .map_err(|why| LedgerError::from_io("asking for the file system of", folder, why))?;
    if let Some(kind) = network {
        return Err(LedgerError::NetworkFileSystem { path: path.to_owned(), kind });
    }
    let mut presence = Presence::enter(path, options.busy_timeout)?;
    if !exists(path)? {
        create(path, folder, options)?;
    }
    check_header(path)?;
    let mut writer = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE, options)?;
    let sqlite = |why| LedgerError::from_sqlite(path, options.busy_timeout, why);
    let found = user_version(&writer).map_err(sqlite)?;
    if found > KNOWN_VERSION {
        return Err(LedgerError::NewerVersion { path: path.to_owned(), found, known: KNOWN_VERSION });
    }
    if writer.is_readonly("main").map_err(sqlite)? {
        let detail = "the file is write-protected".to_owned();
        return Err(LedgerError::PermissionDenied { path: path.to_owned(), detail });
    }
    set_up(&writer).map_err(sqlite)?;
    if presence.found_unclean_end {
        quick_check(&writer, path, options)?;
    }
    if found < KNOWN_VERSION {
        if !presence.alone {
            // An older Proofmark still writes the older format.
            return Err(LedgerError::Busy { path: path.to_owned(), waited: options.busy_timeout });
        }
        let copy = copy_before_migration(&writer, path, found, now, options)?;
        migrate(&mut writer, path, Some(copy))?;
    }
    presence.settle(path, options.busy_timeout)?;
    Ok(Opened { writer, presence })
}

/// Opens another connection that cannot write.
pub(crate) fn reader(path: &Path, options: &Options) -> Result<Connection, LedgerError> {
    let conn = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY, options)?;
    let sqlite = |why| LedgerError::from_sqlite(path, options.busy_timeout, why);
    set_up_common(&conn).and_then(|()| conn.pragma_update(None, "query_only", true)).map_err(sqlite)?;
    Ok(conn)
}

fn connect(path: &Path, mode: OpenFlags, options: &Options) -> Result<Connection, LedgerError> {
    let sqlite = |why| LedgerError::from_sqlite(path, options.busy_timeout, why);
    // Each connection is used by one thread at a time, so SQLite need not lock. No URI: a `?` in a path is a `?`.
    let conn = Connection::open_with_flags(path, mode | OpenFlags::SQLITE_OPEN_NO_MUTEX).map_err(sqlite)?;
    conn.busy_timeout(options.busy_timeout).map_err(sqlite)?;
    conn.set_prepared_statement_cache_capacity(128);
    Ok(conn)
}

fn set_up_common(conn: &Connection) -> rusqlite::Result<()> {
    conn.pragma_update(None, "trusted_schema", false)?;
    conn.pragma_update(None, "cell_size_check", true)?;
    // Memory-mapped reading is reported to turn stray writes of a process into damage of the file.
    conn.pragma_update(None, "mmap_size", 0)?;
    conn.pragma_update(None, "temp_store", "MEMORY")?;
    conn.pragma_update(None, "cache_size", -16_384)
}

fn set_up(conn: &Connection) -> rusqlite::Result<()> {
    set_up_common(conn)?;
    conn.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    // A record that was acknowledged must survive a power cut; NORMAL may lose the last ones.
    conn.pragma_update(None, "synchronous", "FULL")?;
    conn.pragma_update(None, "foreign_keys", true)?;
    // Otherwise INSERT OR REPLACE would pass by the triggers that forbid removal.
    conn.pragma_update(None, "recursive_triggers", true)?;
    conn.pragma_update_and_check(None, "journal_size_limit", 67_108_864, |_| Ok(()))
}

fn user_version(conn: &Connection) -> rusqlite::Result<i64> {
    conn.query_row("PRAGMA user_version", [], |row| row.get(0))
}

/// Whether something is at `path`. What is not a file is refused.
fn exists(path: &Path) -> Result<bool, LedgerError> {
    let found = match std::fs::metadata(path) {
        Ok(facts) if facts.is_file() => return Ok(true),
        Ok(facts) if facts.is_dir() => "a folder",
        Ok(_) => "a device or pipe",
        Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(why) => return Err(LedgerError::from_io("looking at", path, why)),
    };
    Err(LedgerError::NotAFile { path: path.to_owned(), found })
}

/// Looks at the first 100 bytes before SQLite does, which would already write to a database of another application.
/// The layout is that of <https://sqlite.org/fileformat2.html>, section 1.3.
fn check_header(path: &Path) -> Result<(), LedgerError> {
    let io = |why| LedgerError::from_io("reading", path, why);
    let damaged = |detail: &str| LedgerError::Damaged { path: path.to_owned(), detail: detail.to_owned() };
    let mut header = Vec::with_capacity(100);
    File::open(path).map_err(io)?.take(100).read_to_end(&mut header).map_err(io)?;
    if header.is_empty() {
        // Ours are made whole under another name first, so an empty one was never a new one.
        return Err(damaged("the file is empty"));
    }
    if !header.starts_with(b"SQLite format 3\0") {
        return Err(damaged("it is not an SQLite database"));
    }
    let Some(id) = header.get(68..72).and_then(|bytes| <[u8; 4]>::try_from(bytes).ok()).map(u32::from_be_bytes) else {
        return Err(damaged("the file ends within its header"));
    };
    if id != APPLICATION_ID.cast_unsigned() {
        return Err(LedgerError::NotALedger { path: path.to_owned(), found: id });
    }
    Ok(())
}

fn quick_check(conn: &Connection, path: &Path, options: &Options) -> Result<(), LedgerError> {
    let sqlite = |why| LedgerError::from_sqlite(path, options.busy_timeout, why);
    let answer: String = conn.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(sqlite)?;
    if answer == "ok" { Ok(()) } else { Err(LedgerError::Damaged { path: path.to_owned(), detail: answer }) }
}

/// Makes a whole ledger under another name and links it into place, so that a crash leaves either none or a whole one
/// and two processes that begin at once do not overwrite each other.
fn create(path: &Path, folder: &Path, options: &Options) -> Result<(), LedgerError> {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let draft = with_suffix(path, &format!(".new-{}-{}", std::process::id(), COUNTER.fetch_add(1, Ordering::Relaxed)));
    let outcome = fill(&draft, path, options).and_then(|()| {
        let io = |why| LedgerError::from_io("putting the new ledger in place as", path, why);
        match std::fs::hard_link(&draft, path) {
            Err(why) if why.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            // File systems without hard links, such as exFAT.
            Err(_) if !exists(path)? => std::fs::rename(&draft, path).map_err(io),
            other => other.map_err(io),
        }?;
        platform::sync_folder(folder).map_err(io)
    });
    for suffix in ["", "-wal", "-shm"] {
        // What is left of the draft does no harm, and the outcome is what the caller must hear of.
        let _ = std::fs::remove_file(with_suffix(&draft, suffix));
    }
    outcome
}

fn fill(draft: &Path, path: &Path, options: &Options) -> Result<(), LedgerError> {
    let sqlite = |why| LedgerError::from_sqlite(path, options.busy_timeout, why);
    let io = |why| LedgerError::from_io("creating", draft, why);
    match std::fs::remove_file(draft) {
        Err(why) if why.kind() != io::ErrorKind::NotFound => return Err(io(why)),
        _ => File::create_new(draft).map_err(io)?,
    };
    platform::make_private(draft).map_err(io)?;
    let mut conn = connect(draft, OpenFlags::SQLITE_OPEN_READ_WRITE, options)?;
    conn.pragma_update(None, "application_id", APPLICATION_ID).map_err(sqlite)?;
    set_up(&conn).map_err(sqlite)?;
    migrate(&mut conn, path, None)?;
    conn.close().map_err(|(_, why)| sqlite(why))
}

fn migrate(conn: &mut Connection, path: &Path, copy: Option<PathBuf>) -> Result<(), LedgerError> {
    MIGRATIONS.to_latest(conn).map_err(|why| LedgerError::Migration {
        path: path.to_owned(),
        known: KNOWN_VERSION,
        copy,
        detail: why.to_string(),
    })
}

fn copy_before_migration(
    conn: &Connection,
    path: &Path,
    found: i64,
    now: Timestamp,
    options: &Options,
) -> Result<PathBuf, LedgerError> {
    let copy = with_suffix(path, &format!(".format-{found}-{}", now.ms()));
    if exists(&copy)? {
        return Ok(copy);
    }
    let part = with_suffix(&copy, ".part");
    let io = |why| LedgerError::from_io("copying the ledger to", &copy, why);
    match std::fs::remove_file(&part) {
        Err(why) if why.kind() != io::ErrorKind::NotFound => return Err(io(why)),
        _ => (),
    }
    // VACUUM INTO takes an expression, so the name of the file needs no quoting; it does need to be Unicode.
    let Some(name) = part.to_str() else {
        return Err(LedgerError::Io {
            doing: "copying the ledger before its format changes to",
            path: copy,
            source: io::Error::new(io::ErrorKind::InvalidFilename, "its path is not Unicode"),
        });
    };
    conn.execute("VACUUM INTO ?1", [name]).map_err(|why| LedgerError::from_sqlite(path, options.busy_timeout, why))?;
    platform::make_private(&part).map_err(io)?;
    std::fs::rename(&part, &copy).map_err(io)?;
    Ok(copy)
}

/// `path` with `suffix` appended to its file name.
pub(crate) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// A lock on a file beside the ledger by which processes know of each other. It tells an unclean end (a write-ahead log is
/// left and nobody is there) from a ledger in use, and keeps a format from changing under a running process.
///
/// It protects no data, SQLite does that: where locks do not work it is passed over.
pub(crate) struct Presence {
    file: Option<File>,
    alone: bool,
    found_unclean_end: bool,
}

impl Presence {
    fn enter(path: &Path, patience: Duration) -> Result<Self, LedgerError> {
        let beside = with_suffix(path, ".lock");
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&beside)
            .map_err(|why| LedgerError::from_io("opening", &beside, why))?;
        let alone = match file.try_lock() {
            Ok(()) => true,
            Err(TryLockError::WouldBlock) => {
                share(&file, path, patience)?;
                false
            }
            Err(TryLockError::Error(_)) => {
                return Ok(Self { file: None, alone: true, found_unclean_end: left_over(path) });
            }
        };
        Ok(Self { file: Some(file), alone, found_unclean_end: alone && left_over(path) })
    }

    /// Lets others in.
    fn settle(&mut self, path: &Path, patience: Duration) -> Result<(), LedgerError> {
        if self.alone
            && let Some(file) = &self.file
        {
            // Windows cannot turn an exclusive lock into a shared one.
            file.unlock().map_err(|why| LedgerError::from_io("unlocking", path, why))?;
            share(file, path, patience)?;
            self.alone = false;
        }
        Ok(())
    }
}

fn left_over(path: &Path) -> bool {
    std::fs::metadata(with_suffix(path, "-wal")).is_ok_and(|facts| facts.len() > 0)
}

/// Waits for a shared lock while another process opens the ledger, which it does under an exclusive one.
fn share(file: &File, path: &Path, patience: Duration) -> Result<(), LedgerError> {
    let begun = Instant::now();
    loop {
        match file.try_lock_shared() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) if begun.elapsed() < patience => {
                std::thread::sleep(Duration::from_millis(10));
            }
            Err(TryLockError::WouldBlock) => {
                return Err(LedgerError::Busy { path: path.to_owned(), waited: patience });
            }
            Err(TryLockError::Error(why)) => return Err(LedgerError::from_io("locking", path, why)),
        }
    }
}

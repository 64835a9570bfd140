//! Opening a database that another program may be writing to, without leaving a trace beside it.
//!
//! SQLite makes files beside a database even for a reader: the shared memory of a write-ahead log. So a database without a log
//! is opened as one that nobody changes; one with a log and its shared memory is read through a shared memory that is not written to;
//! and one with a log alone, or an unfinished transaction, is read from a copy in a private folder.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};

/// How long another program's lock is waited for.
const PATIENCE: Duration = Duration::from_secs(3);

/// No query of ours takes longer on a sound database; one that was made to be slow is given up.
const LONGEST_QUERY: Duration = Duration::from_secs(120);

/// Larger databases are not copied.
const LARGEST_COPY: u64 = 4 << 30;

/// An open database.
pub struct Opened {
    pub conn: Connection,
    /// What should be known about how it was opened.
    pub notes: Vec<String>,
    /// Removes the copy, if there is one, when the connection is closed.
    _copy: Option<PrivateCopy>,
}

struct PrivateCopy(PathBuf);

impl Drop for PrivateCopy {
    fn drop(&mut self) {
        // What stays is in the folder for temporary files, which the system clears.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Opens the database at `path` for reading.
///
/// # Errors
///
/// A sentence on why it cannot be read, what was kept and what to do.
pub fn open(path: &Path) -> Result<Opened, String> {
    let size = |suffix: &str| beside(path, suffix).metadata().map(|it| it.len()).ok();
    let (log, memory, journal) =
        (size("-wal").filter(|it| *it > 0), size("-shm"), size("-journal").filter(|it| *it > 0));
    if log.is_some() && memory.is_some() {
        match connect(path, "mode=ro&readonly_shm=1") {
            Ok(conn) => return Ok(Opened { conn, notes: Vec::new(), _copy: None }),
            Err(why) if is_busy(&why) => return Err(explain(&why)),
            // The shared memory is of no use without a writer that keeps it: the copy has its own.
            Err(_) => return copy(path, &["-wal"]),
        }
    }
    if log.is_some() {
        return copy(path, &["-wal"]);
    }
    if journal.is_some() {
        // Either a transaction is going on, and its lock shows, or one was broken off, and a copy can be mended.
        return match connect(path, "mode=ro") {
            Ok(conn) => Ok(Opened { conn, notes: Vec::new(), _copy: None }),
            Err(why) if is_busy(&why) => Err(explain(&why)),
            Err(_) => copy(path, &["-journal"]),
        };
    }
    let options = if is_logged(path) { "mode=ro&immutable=1" } else { "mode=ro" };
    connect(path, options).map(|conn| Opened { conn, notes: Vec::new(), _copy: None }).map_err(|why| explain(&why))
}

fn connect(path: &Path, options: &str) -> rusqlite::Result<Connection> {
    let uri = format!("file:{}?{options}", encoded(path));
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    prepare(Connection::open_with_flags(uri, flags)?)
}

fn prepare(conn: Connection) -> rusqlite::Result<Connection> {
    conn.busy_timeout(PATIENCE)?;
    conn.pragma_update(None, "trusted_schema", false)?;
    conn.pragma_update(None, "query_only", true)?;
    conn.pragma_update(None, "cell_size_check", true)?;
    conn.pragma_update(None, "mmap_size", 0)?;
    conn.pragma_update(None, "cache_size", -32_768)?;
    let begun = Instant::now();
    conn.progress_handler(10_000, Some(move || begun.elapsed() > LONGEST_QUERY))?;
    // The first look at the file: damage, locks and foreign formats show here.
    conn.query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get::<_, i64>(0))?;
    Ok(conn)
}

/// Copies the database with what stands beside it into a private folder, and opens the copy.
fn copy(path: &Path, suffixes: &[&str]) -> Result<Opened, String> {
    let size = path.metadata().map(|it| it.len()).unwrap_or(u64::MAX);
    if size > LARGEST_COPY {
        let conn = connect(path, "mode=ro&immutable=1").map_err(|why| explain(&why))?;
        let notes = vec!["What its write-ahead log holds was not read, because the database is too large to be copied. Close the program that writes to it and look again.".to_owned()];
        return Ok(Opened { conn, notes, _copy: None });
    }
    let failed = |why: std::io::Error| {
        format!(
            "It cannot be read beside a program that writes to it: {why}. Nothing that was read before was changed; it is read again at the next look."
        )
    };
    let folder = private_folder().map_err(failed)?;
    let kept = PrivateCopy(folder.clone());
    let target = folder.join("mlflow.db");
    std::fs::copy(path, &target).map_err(failed)?;
    for suffix in suffixes {
        std::fs::copy(beside(path, suffix), beside(&target, suffix)).map_err(failed)?;
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(&target, flags).and_then(prepare).map_err(|why| explain(&why))?;
    Ok(Opened { conn, notes: Vec::new(), _copy: Some(kept) })
}

fn private_folder() -> std::io::Result<PathBuf> {
    use std::sync::atomic::{AtomicU64, Ordering};
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let base = std::env::temp_dir();
    for _ in 0..64 {
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        let folder = base.join(format!("proofmark-read-{}-{number}", std::process::id()));
        let mut builder = std::fs::DirBuilder::new();
        #[cfg(unix)]
        {
            use std::os::unix::fs::DirBuilderExt as _;
            builder.mode(0o700);
        }
        match builder.create(&folder) {
            Err(why) if why.kind() == std::io::ErrorKind::AlreadyExists => {}
            other => return other.map(|()| folder),
        }
        #[cfg(not(unix))]
        let _ = &mut builder;
    }
    Err(std::io::Error::other("no name for a private folder is free"))
}

/// Whether the header says that the database has a write-ahead log (bytes 18 and 19 of the file format).
fn is_logged(path: &Path) -> bool {
    use std::io::Read as _;
    let mut head = Vec::new();
    crate::files::platform::open_for_reading(path).is_ok_and(|file| file.take(20).read_to_end(&mut head).is_ok())
        && head.get(18) == Some(&2)
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// A path inside of a URI.
fn encoded(path: &Path) -> String {
    #[cfg(unix)]
    let bytes = std::os::unix::ffi::OsStrExt::as_bytes(path.as_os_str()).to_vec();
    #[cfg(not(unix))]
    let bytes = format!("/{}", path.to_string_lossy().replace('\\', "/")).into_bytes();
    let mut out = String::with_capacity(bytes.len());
    for byte in bytes {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'-' | b'_' | b'.' | b':' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

fn is_busy(why: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{DatabaseBusy, DatabaseLocked};
    matches!(why.sqlite_error_code(), Some(DatabaseBusy | DatabaseLocked))
}

/// Says in a sentence what a failure means and what to do.
pub fn explain(why: &rusqlite::Error) -> String {
    use rusqlite::ErrorCode::{
        CannotOpen, DatabaseBusy, DatabaseCorrupt, DatabaseLocked, NotADatabase, OperationInterrupted, PermissionDenied,
    };
    let kept = "Nothing that was read before was changed";
    match why.sqlite_error_code() {
        Some(DatabaseBusy | DatabaseLocked) => {
            format!("Another program holds it locked. {kept}; it is read again at the next look.")
        }
        Some(DatabaseCorrupt | NotADatabase) => {
            format!(
                "The database is damaged ({why}). {kept}. Restore it from a copy, or mend it with sqlite3's `.recover`."
            )
        }
        Some(PermissionDenied | CannotOpen) => {
            format!("It may not be opened ({why}). {kept}; grant read permission and look again.")
        }
        Some(OperationInterrupted) => format!("Reading it took too long and was given up. {kept}."),
        _ => format!("It cannot be read ({why}). {kept}."),
    }
}

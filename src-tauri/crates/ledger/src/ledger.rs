//! The ledger as a whole: one writer, many readers.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use proofmark_domain::Timestamp;
use rusqlite::{Connection, TransactionBehavior};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::audit::{self, Audit, AuditEntry, AuditReport};
use crate::change_log::{self, Change, Changes, Tag};
use crate::db::{Db, Fault};
use crate::open::{self, Opened, Options, Presence};
use crate::table::decision::{Decisions, DecisionsMut};
use crate::table::environment::{Environments, EnvironmentsMut};
use crate::table::file::{Files, FilesMut};
use crate::table::foreign::{ForeignRecords, ForeignRecordsMut};
use crate::table::job::{Jobs, JobsMut};
use crate::table::person::{People, PeopleMut};
use crate::table::project::{Projects, ProjectsMut};
use crate::table::registry::{Registries, RegistriesMut};
use crate::table::report::{Reports, ReportsMut};
use crate::table::run::{Runs, RunsMut};
use crate::table::run_log::{RunLogs, RunLogsMut};
use crate::table::setting::{Settings, SettingsMut};
use crate::table::version::{Versions, VersionsMut};
use crate::{LedgerError, platform};

/// The open ledger. Threads may share it; several processes may have the same file open.
pub struct Ledger {
    path: PathBuf,
    options: Options,
    /// `None` only while the ledger is being closed.
    writer: Mutex<Option<Connection>>,
    idle_readers: Mutex<Vec<Connection>>,
    // Dropped last: as long as it is there, other processes know that this one uses the file.
    _presence: Presence,
}

/// What checking every page, index and reference found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IntegrityReport {
    /// Whether nothing was found.
    pub ok: bool,
    /// What was found, in SQLite's words; at most a hundred lines.
    pub problems: Vec<String>,
}

/// A finished backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupReport {
    /// Where it lies.
    pub path: PathBuf,
    /// Its size in bytes.
    pub bytes: u64,
}

impl Ledger {
    /// Opens the ledger at `path`, and makes it and its folder if nothing is there.
    ///
    /// A ledger of an older format is copied beside itself and then brought to the present one. `now` goes into the
    /// name of that copy.
    pub fn open(path: &Path, now: Timestamp) -> Result<Self, LedgerError> {
        Self::open_with(path, now, Options::default())
    }

    /// Opens the ledger with other options.
    pub fn open_with(path: &Path, now: Timestamp, options: Options) -> Result<Self, LedgerError> {
        let Opened { writer, presence } = open::open(path, now, &options)?;
        Ok(Self {
            path: path.to_owned(),
            options,
            writer: Mutex::new(Some(writer)),
            idle_readers: Mutex::new(Vec::new()),
            _presence: presence,
        })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes in one transaction: all that `work` did, the audit entry and the line in the change log, or nothing.
    ///
    /// `at` is the time of the audit entry. If `work` fails, nothing stays and its error comes back. Writes of other
    /// threads wait; writes of other processes are waited for up to [`Options::busy_timeout`], then the answer is
    /// [`LedgerError::Busy`]. `work` must not touch shared directories or wait for anything, and must not call
    /// [`Ledger::write`] of the same ledger, which would wait for itself: [`Write::read`] reads within the transaction.
    pub fn write<T, E: From<LedgerError>>(
        &self,
        at: Timestamp,
        audit: AuditEntry,
        work: impl FnOnce(&mut Write<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut writer = lock(&self.writer);
        let Some(conn) = writer.as_mut() else {
            return Err(self.error(rusqlite::Error::InvalidQuery).into());
        };
        let transaction =
            conn.transaction_with_behavior(TransactionBehavior::Immediate).map_err(|why| self.error(why))?;
        let mut write = Write {
            db: self.db(&transaction),
            at,
            stale: RefCell::new(BTreeSet::from([Tag::Audit])),
            notes: RefCell::new(Map::new()),
            object: RefCell::new(None),
        };
        let value = work(&mut write)?;
        write.finish(audit)?;
        // Dropping the transaction before this line, also by a panic, rolls it back.
        transaction.commit().map_err(|why| self.error(why))?;
        Ok(value)
    }

    /// Reads one moment of the ledger: what others write meanwhile is not seen, and nobody waits.
    ///
    /// While a read goes on the write-ahead log cannot shrink, so `work` should not wait for people or the network.
    pub fn read<T, E: From<LedgerError>>(&self, work: impl FnOnce(&Read<'_>) -> Result<T, E>) -> Result<T, E> {
        let idle = lock(&self.idle_readers).pop();
        let mut conn = match idle {
            Some(conn) => conn,
            None => open::reader(&self.path, &self.options)?,
        };
        let value = {
            let transaction = conn.transaction().map_err(|why| self.error(why))?;
            work(&Read { db: self.db(&transaction) })?
        };
        let mut idle = lock(&self.idle_readers);
        if idle.len() < self.options.idle_readers {
            idle.push(conn);
        }
        Ok(value)
    }

    /// The writes after position `seq`, of this and of other processes, oldest first.
    pub fn changes_since(&self, seq: i64) -> Result<Vec<Change>, LedgerError> {
        self.read(|read| read.changes().since(seq))
    }

    /// The position of the last write of any process; 0 before the first. Cheap enough to ask several times a second.
    pub fn latest_seq(&self) -> Result<i64, LedgerError> {
        self.read(|read| read.changes().latest_seq())
    }

    /// Re-computes the chain of audit entries.
    pub fn audit_verify(&self) -> Result<AuditReport, LedgerError> {
        self.read(|read| read.audit().verify())
    }

    /// Checks every page, index and reference. Takes seconds on a large ledger.
    pub fn integrity_check(&self) -> Result<IntegrityReport, LedgerError> {
        self.read(|read| read.db.run(integrity_check))
    }

    /// Copies the ledger, as it is at one moment, to `dest`, which must not exist; the copy is checked before it gets that name.
    pub fn backup(&self, dest: &Path) -> Result<BackupReport, LedgerError> {
        let io = |why| LedgerError::from_io("writing the backup", dest, why);
        if std::fs::symlink_metadata(dest).is_ok() {
            return Err(LedgerError::Exists { what: "backup", id: dest.display().to_string() });
        }
        let part = open::with_suffix(dest, ".part");
        match std::fs::remove_file(&part) {
            Err(why) if why.kind() != std::io::ErrorKind::NotFound => return Err(io(why)),
            _ => (),
        }
        let outcome = self.copy_to(&part).and_then(|()| {
            platform::make_private(&part).map_err(io)?;
            std::fs::File::options().write(true).open(&part).and_then(|file| file.sync_all()).map_err(io)?;
            let bytes = std::fs::metadata(&part).map_err(io)?.len();
            std::fs::rename(&part, dest).map_err(io)?;
            let folder = dest.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
            platform::sync_folder(folder).map_err(io)?;
            Ok(BackupReport { path: dest.to_owned(), bytes })
        });
        if outcome.is_err() {
            // A leftover does no harm, the next backup to this place removes it; the first error is what counts.
            let _ = std::fs::remove_file(&part);
        }
        outcome
    }

    fn copy_to(&self, part: &Path) -> Result<(), LedgerError> {
        let there = |why| LedgerError::from_sqlite(part, self.options.busy_timeout, why);
        self.read(|read| {
            let mut copy = Connection::open(part).map_err(there)?;
            // All pages in one step: stepping would begin anew after each write in between.
            let step = rusqlite::backup::Backup::new(read.db.conn, &mut copy).and_then(|backup| backup.step(-1));
            match step.map_err(there)? {
                rusqlite::backup::StepResult::Done => (),
                _ => return Err(LedgerError::Busy { path: self.path.clone(), waited: self.options.busy_timeout }),
            }
            // One file that stands on its own, without a write-ahead log beside it.
            copy.pragma_update_and_check(None, "journal_mode", "DELETE", |_| Ok(())).map_err(there)?;
            let found = Db { conn: &copy, path: part, waits: self.options.busy_timeout }.run(integrity_check)?;
            if let Some(problem) = found.problems.into_iter().next() {
                return Err(LedgerError::Damaged { path: self.path.clone(), detail: problem });
            }
            copy.close().map_err(|(_, why)| there(why))
        })
    }

    /// Closes the ledger and folds the write-ahead log into the file. Dropping does the same, but cannot say what failed;
    /// nothing that was written is lost either way.
    pub fn close(self) -> Result<(), LedgerError> {
        self.shut().map_err(|why| self.error(why))
    }

    /// Folds the write-ahead log into the file, without closing. Where another process reads or writes, the log stays as it is.
    pub fn settle(&self) -> Result<(), LedgerError> {
        lock(&self.idle_readers).clear();
        let writer = lock(&self.writer);
        let Some(conn) = writer.as_ref() else { return Ok(()) };
        conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).map_err(|why| self.error(why))
    }

    fn shut(&self) -> rusqlite::Result<()> {
        lock(&self.idle_readers).clear();
        let Some(conn) = lock(&self.writer).take() else { return Ok(()) };
        // While another process reads or writes, the log cannot be folded in; it will do so when it closes.
        conn.busy_timeout(std::time::Duration::from_millis(200))?;
        let tidied = conn
            .execute_batch("PRAGMA optimize")
            .and_then(|()| conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())));
        conn.close().map_err(|(_, why)| why)?;
        match tidied {
            Err(rusqlite::Error::SqliteFailure(failure, _))
                if matches!(failure.code, rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked) =>
            {
                Ok(())
            }
            other => other,
        }
    }

    fn db<'c>(&'c self, conn: &'c Connection) -> Db<'c> {
        Db { conn, path: &self.path, waits: self.options.busy_timeout }
    }

    fn error(&self, source: rusqlite::Error) -> LedgerError {
        LedgerError::from_sqlite(&self.path, self.options.busy_timeout, source)
    }
}

impl Drop for Ledger {
    fn drop(&mut self) {
        // Best effort: the write-ahead log holds everything, and the next opening reads it.
        let _ = self.shut();
    }
}

/// A panic in another thread's `work` rolled its transaction back, so the connection behind the lock is sound.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn integrity_check(conn: &Connection) -> Result<IntegrityReport, Fault> {
    let mut statement = conn.prepare("PRAGMA integrity_check(100)")?;
    let lines: Vec<String> = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let mut problems: Vec<String> = lines.into_iter().filter(|line| line != "ok").collect();
    let mut statement = conn.prepare("PRAGMA foreign_key_check")?;
    let dangling = statement.query_map([], |row| {
        let (table, parent): (String, String) = (row.get(0)?, row.get(2)?);
        Ok(format!("a row of {table} names a row of {parent} that is not there"))
    })?;
    for line in dangling.take(100) {
        problems.push(line?);
    }
    Ok(IntegrityReport { ok: problems.is_empty(), problems })
}

/// One moment of the ledger.
pub struct Read<'c> {
    db: Db<'c>,
}

/// A write in progress. See [`Ledger::write`].
pub struct Write<'c> {
    pub(crate) db: Db<'c>,
    at: Timestamp,
    stale: RefCell<BTreeSet<Tag>>,
    notes: RefCell<Map<String, Value>>,
    object: RefCell<Option<String>>,
}

impl Write<'_> {
    /// The time of this write.
    pub const fn at(&self) -> Timestamp {
        self.at
    }

    /// Reads within this transaction, so with what it wrote so far.
    pub fn read(&self) -> Read<'_> {
        Read { db: self.db }
    }

    /// Adds a fact to the `detail` of the audit entry, such as the number of files that changed.
    pub fn note(&mut self, name: &str, value: impl Into<Value>) {
        self.notes.borrow_mut().insert(name.to_owned(), value.into());
    }

    /// Names the object of the audit entry, where it is known only now.
    pub fn name_object(&mut self, object: impl Into<String>) {
        self.object.replace(Some(object.into()));
    }

    /// Names a part of the domain that this write makes stale. The writers of tables do so for their own.
    pub fn stale(&mut self, tag: Tag) {
        self.touch(tag);
    }

    pub(crate) fn touch(&self, tag: Tag) -> Db<'_> {
        self.stale.borrow_mut().insert(tag);
        self.db
    }

    fn finish(&self, mut entry: AuditEntry) -> Result<(), LedgerError> {
        if let Some(object) = self.object.take() {
            entry.object = object;
        }
        let notes = self.notes.take();
        if !notes.is_empty() {
            entry.detail = match entry.detail {
                Value::Object(mut detail) => {
                    detail.extend(notes);
                    Value::Object(detail)
                }
                Value::Null => Value::Object(notes),
                other => {
                    let mut detail = notes;
                    detail.insert("detail".to_owned(), other);
                    Value::Object(detail)
                }
            };
        }
        self.db.run(|conn| {
            audit::append(conn, self.at, &entry)?;
            change_log::append(conn, self.at, &self.stale.borrow())
        })
    }
}

macro_rules! tables {
    ($($(#[$doc:meta])* $name:ident: $reader:ident, $writer:ident;)*) => {
        impl Read<'_> {
            $($(#[$doc])* pub fn $name(&self) -> $reader<'_> { $reader { db: self.db } })*

            /// The audit trail.
            pub fn audit(&self) -> Audit<'_> {
                Audit { db: self.db }
            }

            /// The change log.
            pub fn changes(&self) -> Changes<'_> {
                Changes { db: self.db }
            }
        }

        impl Write<'_> {
            $($(#[$doc])* pub fn $name(&mut self) -> $writer<'_> { $writer { write: self } })*
        }
    };
}

tables! {
    /// Watched folders.
    projects: Projects, ProjectsMut;
    /// Present files and the stat cache.
    files: Files, FilesMut;
    /// Histories of files.
    versions: Versions, VersionsMut;
    /// Runs with their edges.
    runs: Runs, RunsMut;
    /// Registries of other tools, and their records.
    foreign: ForeignRecords, ForeignRecordsMut;
    /// The output of runs.
    run_logs: RunLogs, RunLogsMut;
    /// Environments of runs.
    environments: Environments, EnvironmentsMut;
    /// Profiles, checks, sensitive columns, drift.
    reports: Reports, ReportsMut;
    /// People with a key on this machine.
    people: People, PeopleMut;
    /// Settings.
    settings: Settings, SettingsMut;
    /// Jobs.
    jobs: Jobs, JobsMut;
    /// Decisions about findings and labels.
    decisions: Decisions, DecisionsMut;
    /// Attached registries.
    registries: Registries, RegistriesMut;
}

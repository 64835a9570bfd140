//! The `file` table: what the last scan saw, and the stat values that make the next one cheap.

use proofmark_domain::Digest;
use proofmark_domain::artifact::{ArtifactKind, FileFacts, RelPath};
use proofmark_domain::id::ProjectId;
use rusqlite::{OptionalExtension as _, Row, params, params_from_iter, types::Value as Cell};

use crate::codec::{self, Page, int, uint};
use crate::db::{Db, Fault};
use crate::{LedgerError, Tag, Write};

const COLUMNS: &str =
    "path, digest, kind, media_type, size, modified, mtime_ns, ctime_ns, inode, device, cached_at_ns, project";

/// What the file system said about a file when it was hashed. While all of it stays the same, so do the bytes, with one
/// exception: a file written within the clock's granularity of `cached_at_ns` may change without a trace, so a caller
/// trusts an entry only if `mtime_ns` is clearly before it (git's "racy" rule).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stat {
    /// Bytes.
    pub size: u64,
    /// Last change of the bytes, nanoseconds since the epoch.
    pub mtime_ns: i64,
    /// Last change of the entry, nanoseconds since the epoch; 0 where the system has none.
    pub ctime_ns: i64,
    /// Number of the file on its device; 0 where the system has none.
    pub inode: u64,
    /// The device; 0 where the system has none.
    pub device: u64,
    /// When the file was hashed, nanoseconds since the epoch.
    pub cached_at_ns: i64,
}

/// A file as the last scan saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileState {
    /// The project.
    pub project: ProjectId,
    /// What it is.
    pub facts: FileFacts,
    /// What the file system said. Its `size` is that of `facts`.
    pub stat: Stat,
}

/// The order of a list of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FileSort {
    /// By path.
    #[default]
    Path,
    /// Last written first.
    Newest,
    /// Largest first.
    Largest,
    /// By kind, then by path.
    Kind,
}

/// Which files are wanted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FileFilter {
    /// Only of this project; otherwise of all that were not removed.
    pub project: Option<ProjectId>,
    /// Only of these kinds; empty means all.
    pub kinds: Vec<ArtifactKind>,
    /// Only paths that contain this text; ASCII letters are compared regardless of case.
    pub text: Option<String>,
    /// The order.
    pub sort: FileSort,
    /// At most so many rows; `None` means all.
    pub limit: Option<u64>,
    /// Rows to pass over.
    pub offset: u64,
}

/// Reads present files.
pub struct Files<'c> {
    pub(crate) db: Db<'c>,
}

impl Files<'_> {
    /// Gives every file of a project to `each`, by path, without holding all of them in memory.
    pub fn for_each<E: From<LedgerError>>(
        &self,
        project: ProjectId,
        mut each: impl FnMut(FileState) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut failure = None;
        self.db.run(|conn| {
            let sql = format!("SELECT {COLUMNS} FROM file WHERE project = ?1 ORDER BY path");
            let mut statement = conn.prepare_cached(&sql)?;
            for row in statement.query_map([project.to_string()], file)? {
                if let Err(why) = each(row?) {
                    failure = Some(why);
                    break;
                }
            }
            Ok(())
        })?;
        failure.map_or(Ok(()), Err)
    }

    /// Every file of a project, by path.
    pub fn of_project(&self, project: ProjectId) -> Result<Vec<FileState>, LedgerError> {
        let mut files = Vec::new();
        self.for_each(project, |file| {
            files.push(file);
            Ok::<(), LedgerError>(())
        })?;
        Ok(files)
    }

    /// One file.
    pub fn by_path(&self, project: ProjectId, path: &RelPath) -> Result<Option<FileState>, LedgerError> {
        self.db.run(|conn| {
            let sql = format!("SELECT {COLUMNS} FROM file WHERE project = ?1 AND path = ?2");
            let mut statement = conn.prepare_cached(&sql)?;
            Ok(statement.query_row(params![project.to_string(), path.as_str()], file).optional()?)
        })
    }

    /// Files below a folder, by path, at most `most` of them.
    pub fn below(&self, project: ProjectId, folder: &RelPath, most: u64) -> Result<Vec<FileState>, LedgerError> {
        self.db.run(|conn| {
            let sql = format!(
                "SELECT {COLUMNS} FROM file WHERE project = ?1 AND path > ?2 AND path < ?3 ORDER BY path LIMIT ?4"
            );
            let mut statement = conn.prepare_cached(&sql)?;
            // `0` is the character after `/`.
            let (from, to) = (format!("{folder}/"), format!("{folder}0"));
            let rows = statement.query_map(params![project.to_string(), from, to, codec::limit(Some(most))], file)?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// The files, of all projects that were not removed, that hold these bytes.
    pub fn by_digest(&self, digest: &Digest) -> Result<Vec<FileState>, LedgerError> {
        self.db.run(|conn| {
            let sql = format!(
                "SELECT {COLUMNS} FROM file
                  WHERE digest = ?1 AND project IN (SELECT id FROM project WHERE removed_at IS NULL)
                  ORDER BY project, path"
            );
            let mut statement = conn.prepare_cached(&sql)?;
            Ok(statement.query_map([digest.as_bytes()], file)?.collect::<Result<_, _>>()?)
        })
    }

    /// One page of the files that `filter` lets through, and how many there are in all.
    pub fn list(&self, filter: &FileFilter) -> Result<Page<FileState>, LedgerError> {
        self.db.run(|conn| {
            let mut conditions = Vec::new();
            let mut values: Vec<Cell> = Vec::new();
            match filter.project {
                Some(project) => {
                    conditions.push("project = ?".to_owned());
                    values.push(project.to_string().into());
                }
                None => conditions.push("project IN (SELECT id FROM project WHERE removed_at IS NULL)".to_owned()),
            }
            if !filter.kinds.is_empty() {
                conditions.push(format!("kind IN ({})", vec!["?"; filter.kinds.len()].join(", ")));
                values.extend(filter.kinds.iter().map(|kind| Cell::from(kind.word().to_owned())));
            }
            if let Some(text) = filter.text.as_deref().filter(|text| !text.is_empty()) {
                conditions.push("path LIKE ? ESCAPE '\\'".to_owned());
                values.push(codec::contains(text).into());
            }
            let conditions = conditions.join(" AND ");
            let total: i64 = conn
                .prepare_cached(&format!("SELECT count(*) FROM file WHERE {conditions}"))?
                .query_row(params_from_iter(&values), |row| row.get(0))?;
            let order = match filter.sort {
                FileSort::Path => "path, project",
                FileSort::Newest => "modified DESC, path, project",
                FileSort::Largest => "size DESC, path, project",
                FileSort::Kind => "kind, path, project",
            };
            let sql = format!("SELECT {COLUMNS} FROM file WHERE {conditions} ORDER BY {order} LIMIT ? OFFSET ?");
            values.extend([codec::limit(filter.limit).into(), i64::try_from(filter.offset).unwrap_or(i64::MAX).into()]);
            let mut statement = conn.prepare_cached(&sql)?;
            let rows = statement.query_map(params_from_iter(&values), file)?.collect::<Result<_, _>>()?;
            Ok(Page { rows, total: total.cast_unsigned() })
        })
    }

    /// How many files of each kind a project has, and their bytes.
    pub fn count_by_kind(&self, project: ProjectId) -> Result<Vec<(ArtifactKind, u64, u64)>, LedgerError> {
        self.db.run(|conn| {
            let mut statement = conn.prepare_cached(
                "SELECT kind, count(*), sum(size) FROM file WHERE project = ?1 GROUP BY kind ORDER BY kind",
            )?;
            let rows = statement
                .query_map([project.to_string()], |row| Ok((codec::word(row, 0)?, uint(row, 1)?, uint(row, 2)?)))?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }
}

/// Writes present files.
pub struct FilesMut<'c> {
    pub(crate) write: &'c Write<'c>,
}

impl FilesMut<'_> {
    /// Stores what a scan saw, in place of what earlier ones saw under the same paths.
    pub fn put<'f>(&self, files: impl IntoIterator<Item = &'f FileState>) -> Result<(), LedgerError> {
        self.write.touch(Tag::Files).run(|conn| {
            let mut statement = conn.prepare_cached(
                "INSERT INTO file (path, digest, kind, media_type, size, modified,
                                   mtime_ns, ctime_ns, inode, device, cached_at_ns, project)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
                 ON CONFLICT (project, path) DO UPDATE SET
                     digest = excluded.digest, kind = excluded.kind, media_type = excluded.media_type,
                     size = excluded.size, modified = excluded.modified, mtime_ns = excluded.mtime_ns,
                     ctime_ns = excluded.ctime_ns, inode = excluded.inode, device = excluded.device,
                     cached_at_ns = excluded.cached_at_ns",
            )?;
            for FileState { project, facts, stat } in files {
                statement.execute(params![
                    facts.path.as_str(),
                    facts.digest.as_bytes(),
                    facts.kind.word(),
                    facts.media_type,
                    int(facts.size),
                    facts.modified.ms(),
                    stat.mtime_ns,
                    stat.ctime_ns,
                    int(stat.inode),
                    int(stat.device),
                    stat.cached_at_ns,
                    project.to_string(),
                ])?;
            }
            Ok::<(), Fault>(())
        })
    }

    /// Forgets that files lie under these paths; their history stays. Returns how many there were.
    pub fn remove<'p>(
        &self,
        project: ProjectId,
        paths: impl IntoIterator<Item = &'p RelPath>,
    ) -> Result<u64, LedgerError> {
        self.write.touch(Tag::Files).run(|conn| {
            let mut statement = conn.prepare_cached("DELETE FROM file WHERE project = ?1 AND path = ?2")?;
            let (project, mut removed) = (project.to_string(), 0);
            for path in paths {
                removed += statement.execute(params![project, path.as_str()])? as u64;
            }
            Ok(removed)
        })
    }
}

fn file(row: &Row<'_>) -> rusqlite::Result<FileState> {
    let size = uint(row, 4)?;
    Ok(FileState {
        project: codec::parsed(row, 11)?,
        facts: FileFacts {
            path: RelPath::new(row.get::<_, String>(0)?),
            digest: codec::digest(row, 1)?,
            kind: codec::word(row, 2)?,
            media_type: row.get(3)?,
            size,
            modified: codec::time(row, 5)?,
        },
        stat: Stat {
            size,
            mtime_ns: row.get(6)?,
            ctime_ns: row.get(7)?,
            inode: uint(row, 8)?,
            device: uint(row, 9)?,
            cached_at_ns: row.get(10)?,
        },
    })
}

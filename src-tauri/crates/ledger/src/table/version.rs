//! The `version` table: everything that happened to every path. Append-only.

use proofmark_domain::Digest;
use proofmark_domain::artifact::{ArtifactKind, PathChange, RelPath};
use proofmark_domain::id::ProjectId;
use rusqlite::{Params, Row, params};

use crate::codec::{self, int, to_word, uint};
use crate::db::Db;
use crate::{LedgerError, Tag, Write};

const COLUMNS: &str = "seq, project, path, change, moved_from, digest, kind, seen_at, media_type, size";

/// Versions of projects that were not removed.
const VISIBLE: &str = "project IN (SELECT id FROM project WHERE removed_at IS NULL)";

/// A change of a path that is to be recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewVersion {
    /// What happened.
    pub change: PathChange,
    /// Media type of the bytes.
    pub media_type: String,
    /// Bytes.
    pub size: u64,
}

/// A change of a path as it was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredVersion {
    /// Its position; later changes have larger ones, over all projects.
    pub seq: i64,
    /// The project.
    pub project: ProjectId,
    /// What happened.
    pub version: NewVersion,
}

/// Reads histories.
pub struct Versions<'c> {
    pub(crate) db: Db<'c>,
}

impl Versions<'_> {
    /// Everything that happened to a path, oldest first, with the move that took its bytes elsewhere.
    pub fn of_path(&self, project: ProjectId, path: &RelPath) -> Result<Vec<StoredVersion>, LedgerError> {
        self.many(
            "project = ?1 AND (path = ?2 OR moved_from = ?2) ORDER BY seq",
            params![project.to_string(), path.as_str()],
        )
    }

    /// The last changes of a project, or of all that were not removed; newest first.
    pub fn latest(&self, project: Option<ProjectId>, limit: u64) -> Result<Vec<StoredVersion>, LedgerError> {
        let limit = codec::limit(Some(limit));
        match project {
            Some(project) => self.many("project = ?1 ORDER BY seq DESC LIMIT ?2", params![project.to_string(), limit]),
            None => self.many(&format!("{VISIBLE} ORDER BY seq DESC LIMIT ?1"), [limit]),
        }
    }

    /// The versions of one kind, of a project or of all that were not removed; newest first. Deletions are left out:
    /// they bring no new bytes.
    pub fn of_kind(
        &self,
        kind: ArtifactKind,
        project: Option<ProjectId>,
        limit: Option<u64>,
    ) -> Result<Vec<StoredVersion>, LedgerError> {
        let scope = format!(
            "kind = ?1 AND change <> 'deleted' AND (?2 IS NULL OR project = ?2) AND (?2 IS NOT NULL OR {VISIBLE})
             ORDER BY seq DESC LIMIT ?3"
        );
        self.many(&scope, params![kind.word(), project.map(|it| it.to_string()), codec::limit(limit)])
    }

    /// Every change, of any project, also of removed ones, that brought these bytes to a path or took them away; oldest first.
    pub fn of_digest(&self, digest: &Digest) -> Result<Vec<StoredVersion>, LedgerError> {
        self.many("digest = ?1 ORDER BY seq", [digest.as_bytes()])
    }

    fn many(&self, scope: &str, values: impl Params) -> Result<Vec<StoredVersion>, LedgerError> {
        self.db.run(|conn| {
            let mut statement = conn.prepare_cached(&format!("SELECT {COLUMNS} FROM version WHERE {scope}"))?;
            Ok(statement.query_map(values, version)?.collect::<Result<_, _>>()?)
        })
    }
}

/// Writes histories.
pub struct VersionsMut<'c> {
    pub(crate) write: &'c Write<'c>,
}

impl VersionsMut<'_> {
    /// Records changes in their order.
    pub fn append<'v>(
        &self,
        project: ProjectId,
        versions: impl IntoIterator<Item = &'v NewVersion>,
    ) -> Result<(), LedgerError> {
        self.write.touch(Tag::Versions).run(|conn| {
            let mut statement = conn.prepare_cached(
                "INSERT INTO version (project, path, change, moved_from, digest, kind, seen_at, media_type, size)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            )?;
            let project = project.to_string();
            for NewVersion { change, media_type, size } in versions {
                statement.execute(params![
                    project,
                    change.path.as_str(),
                    to_word(&change.change)?,
                    change.moved_from.as_ref().map(RelPath::as_str),
                    change.digest.as_bytes(),
                    change.kind.word(),
                    change.seen_at.ms(),
                    media_type,
                    int(*size),
                ])?;
            }
            Ok(())
        })
    }
}

fn version(row: &Row<'_>) -> rusqlite::Result<StoredVersion> {
    Ok(StoredVersion {
        seq: row.get(0)?,
        project: codec::parsed(row, 1)?,
        version: NewVersion {
            change: PathChange {
                path: RelPath::new(row.get::<_, String>(2)?),
                change: codec::word(row, 3)?,
                moved_from: row.get::<_, Option<String>>(4)?.map(RelPath::new),
                digest: codec::digest(row, 5)?,
                kind: codec::word(row, 6)?,
                seen_at: codec::time(row, 7)?,
            },
            media_type: row.get(8)?,
            size: uint(row, 9)?,
        },
    })
}

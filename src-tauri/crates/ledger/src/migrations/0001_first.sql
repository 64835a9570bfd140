-- The first shape of the ledger. Migrations are append-only: a released file never changes, the next one mends it.
-- Ids are text (`prj_<uuid>`), times are milliseconds since the epoch, digests are the 32 raw bytes of a SHA-256.

CREATE TABLE project (
    id         TEXT PRIMARY KEY,
    name       TEXT NOT NULL,
    root       TEXT NOT NULL UNIQUE,
    added_at   INTEGER NOT NULL,
    paused     INTEGER NOT NULL CHECK (paused IN (0, 1)),
    last_scan  INTEGER,
    is_sample  INTEGER NOT NULL CHECK (is_sample IN (0, 1)),
    removed_at INTEGER
) STRICT;

-- What the last scan saw, with the stat values that make the next scan cheap. The only facts here that are overwritten:
-- the history is in `version`.
CREATE TABLE file (
    project      TEXT NOT NULL REFERENCES project (id),
    path         TEXT NOT NULL,
    digest       BLOB NOT NULL CHECK (length(digest) = 32),
    kind         TEXT NOT NULL,
    media_type   TEXT NOT NULL,
    size         INTEGER NOT NULL,
    modified     INTEGER NOT NULL,
    mtime_ns     INTEGER NOT NULL,
    ctime_ns     INTEGER NOT NULL,
    inode        INTEGER NOT NULL,
    device       INTEGER NOT NULL,
    cached_at_ns INTEGER NOT NULL,
    PRIMARY KEY (project, path)
) STRICT, WITHOUT ROWID;
CREATE INDEX file_by_digest ON file (digest);
CREATE INDEX file_by_kind ON file (project, kind, path);

CREATE TABLE version (
    seq        INTEGER PRIMARY KEY AUTOINCREMENT,
    project    TEXT NOT NULL REFERENCES project (id),
    path       TEXT NOT NULL,
    digest     BLOB NOT NULL CHECK (length(digest) = 32),
    kind       TEXT NOT NULL,
    media_type TEXT NOT NULL,
    size       INTEGER NOT NULL,
    change     TEXT NOT NULL,
    moved_from TEXT,
    seen_at    INTEGER NOT NULL
) STRICT;
CREATE INDEX version_by_path ON version (project, path, seq);
CREATE INDEX version_by_origin ON version (project, moved_from, seq) WHERE moved_from IS NOT NULL;
CREATE INDEX version_by_project ON version (project, seq);
CREATE INDEX version_by_kind ON version (kind, seq);
CREATE INDEX version_by_digest ON version (digest, seq);

CREATE TABLE environment (
    digest BLOB PRIMARY KEY CHECK (length(digest) = 32),
    body   TEXT NOT NULL CHECK (json_valid(body))
) STRICT;

CREATE TABLE run (
    id          TEXT PRIMARY KEY,
    project     TEXT NOT NULL REFERENCES project (id),
    source      TEXT NOT NULL,
    foreign_id  TEXT,
    name        TEXT NOT NULL,
    status      TEXT NOT NULL,
    started     INTEGER,
    ended       INTEGER,
    command     TEXT,
    parameters  TEXT NOT NULL CHECK (json_valid(parameters)),
    metrics     TEXT NOT NULL CHECK (json_valid(metrics)),
    code        TEXT NOT NULL CHECK (json_valid(code)),
    environment BLOB CHECK (length(environment) = 32),
    process     TEXT CHECK (json_valid(process)),
    user        TEXT,
    owner_pid   INTEGER,
    owner_token TEXT
) STRICT;
CREATE UNIQUE INDEX run_by_foreign_id ON run (project, source, foreign_id) WHERE foreign_id IS NOT NULL;
CREATE INDEX run_by_project ON run (project, started);
CREATE INDEX run_by_start ON run (started);
CREATE INDEX run_by_status ON run (status);
CREATE INDEX run_by_environment ON run (environment) WHERE environment IS NOT NULL;

CREATE TABLE run_edge (
    run        TEXT NOT NULL REFERENCES run (id),
    direction  TEXT NOT NULL CHECK (direction IN ('in', 'out')),
    ordinal    INTEGER NOT NULL,
    path       TEXT NOT NULL,
    digest     BLOB CHECK (length(digest) = 32),
    kind       TEXT NOT NULL,
    role       TEXT NOT NULL,
    basis      TEXT NOT NULL,
    confidence REAL NOT NULL,
    columns    TEXT NOT NULL CHECK (json_valid(columns)),
    evidence   TEXT NOT NULL,
    PRIMARY KEY (run, direction, ordinal)
) STRICT, WITHOUT ROWID;
CREATE INDEX run_edge_by_digest ON run_edge (digest, direction) WHERE digest IS NOT NULL;
CREATE INDEX run_edge_by_path ON run_edge (path, direction);

-- `start` is the position of the chunk's first byte in the whole output.
CREATE TABLE run_log (
    run   TEXT NOT NULL REFERENCES run (id),
    start INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (run, start)
) STRICT;

CREATE TABLE report (
    seq        INTEGER PRIMARY KEY AUTOINCREMENT,
    id         TEXT NOT NULL UNIQUE,
    kind       TEXT NOT NULL,
    project    TEXT REFERENCES project (id),
    path       TEXT,
    digest     BLOB NOT NULL CHECK (length(digest) = 32),
    reference  BLOB CHECK (length(reference) = 32),
    reference_path TEXT,
    params_key TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    verdict    TEXT,
    summary    TEXT NOT NULL CHECK (json_valid(summary)),
    body       TEXT NOT NULL CHECK (json_valid(body))
) STRICT;
CREATE INDEX report_by_subject ON report (kind, digest, seq);
CREATE INDEX report_by_project ON report (project, kind, seq);

CREATE TABLE person (
    key_id       TEXT PRIMARY KEY,
    id           TEXT NOT NULL,
    name         TEXT NOT NULL,
    contact      TEXT,
    public_key   TEXT NOT NULL,
    fingerprint  TEXT NOT NULL,
    storage      TEXT NOT NULL,
    key_location TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    is_current   INTEGER NOT NULL CHECK (is_current IN (0, 1))
) STRICT;
CREATE UNIQUE INDEX person_current ON person (is_current) WHERE is_current = 1;

CREATE TABLE setting (
    key        TEXT PRIMARY KEY,
    value      TEXT NOT NULL CHECK (json_valid(value)),
    changed_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE job (
    id          TEXT PRIMARY KEY,
    kind        TEXT NOT NULL,
    title       TEXT NOT NULL,
    project     TEXT REFERENCES project (id),
    state       TEXT NOT NULL,
    done        INTEGER NOT NULL,
    total       INTEGER,
    unit        TEXT NOT NULL,
    detail      TEXT NOT NULL,
    created_at  INTEGER NOT NULL,
    ended_at    INTEGER,
    error       TEXT,
    owner_pid   INTEGER NOT NULL,
    owner_token TEXT NOT NULL
) STRICT;
CREATE INDEX job_by_creation ON job (created_at);
CREATE INDEX job_by_state ON job (state);

CREATE TABLE decision (
    seq      INTEGER PRIMARY KEY AUTOINCREMENT,
    project  TEXT NOT NULL REFERENCES project (id),
    path     TEXT NOT NULL,
    "column" TEXT NOT NULL,
    subject  TEXT NOT NULL,
    key      TEXT NOT NULL,
    decision TEXT NOT NULL,
    reason   TEXT NOT NULL,
    actor    TEXT NOT NULL,
    at       INTEGER NOT NULL
) STRICT;
CREATE INDEX decision_by_subject ON decision (project, path, subject, "column", key, seq);

CREATE TABLE registry_attachment (
    path          TEXT PRIMARY KEY,
    id            TEXT NOT NULL,
    name          TEXT NOT NULL,
    owner_key_id  TEXT NOT NULL,
    attached_at   INTEGER NOT NULL,
    verified_at   INTEGER,
    last_report   TEXT CHECK (json_valid(last_report))
) STRICT;

CREATE TABLE audit (
    seq      INTEGER PRIMARY KEY AUTOINCREMENT,
    at       INTEGER NOT NULL,
    actor    TEXT NOT NULL,
    action   TEXT NOT NULL,
    object   TEXT NOT NULL,
    detail   TEXT NOT NULL CHECK (json_valid(detail)),
    previous BLOB NOT NULL CHECK (length(previous) = 32),
    hash     BLOB NOT NULL UNIQUE CHECK (length(hash) = 32)
) STRICT;
CREATE INDEX audit_by_object ON audit (object, seq);

-- How windows and command lines see each other's writes. Tags are words of `Tag`, joined by commas.
CREATE TABLE change_log (
    seq  INTEGER PRIMARY KEY AUTOINCREMENT,
    at   INTEGER NOT NULL,
    tags TEXT NOT NULL
) STRICT;

-- Nothing recorded is overwritten. The messages begin with `append-only:`; the error type looks for that.
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit
BEGIN SELECT RAISE (ABORT, 'append-only: an audit entry cannot be changed'); END;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit
BEGIN SELECT RAISE (ABORT, 'append-only: an audit entry cannot be removed'); END;

CREATE TRIGGER version_no_update BEFORE UPDATE ON version
BEGIN SELECT RAISE (ABORT, 'append-only: a recorded version cannot be changed'); END;
CREATE TRIGGER version_no_delete BEFORE DELETE ON version
BEGIN SELECT RAISE (ABORT, 'append-only: a recorded version cannot be removed'); END;

CREATE TRIGGER environment_no_update BEFORE UPDATE ON environment
BEGIN SELECT RAISE (ABORT, 'append-only: a recorded environment cannot be changed'); END;
CREATE TRIGGER environment_no_delete BEFORE DELETE ON environment
BEGIN SELECT RAISE (ABORT, 'append-only: a recorded environment cannot be removed'); END;

CREATE TRIGGER report_no_update BEFORE UPDATE ON report
BEGIN SELECT RAISE (ABORT, 'append-only: a report cannot be changed'); END;
CREATE TRIGGER report_no_delete BEFORE DELETE ON report
BEGIN SELECT RAISE (ABORT, 'append-only: a report cannot be removed'); END;

CREATE TRIGGER decision_no_update BEFORE UPDATE ON decision
BEGIN SELECT RAISE (ABORT, 'append-only: a decision cannot be changed, a newer one replaces it'); END;
CREATE TRIGGER decision_no_delete BEFORE DELETE ON decision
BEGIN SELECT RAISE (ABORT, 'append-only: a decision cannot be removed, a newer one replaces it'); END;

CREATE TRIGGER project_no_delete BEFORE DELETE ON project
BEGIN SELECT RAISE (ABORT, 'append-only: a project is hidden, its facts stay'); END;

CREATE TRIGGER run_log_no_update BEFORE UPDATE ON run_log
BEGIN SELECT RAISE (ABORT, 'append-only: the output of a run cannot be changed'); END;
CREATE TRIGGER run_log_no_delete BEFORE DELETE ON run_log
BEGIN SELECT RAISE (ABORT, 'append-only: the output of a run cannot be removed'); END;

-- A recorded run may be completed once, while it runs. What other tools recorded follows their record; what was
-- inferred is a conclusion, which new facts may replace.
CREATE TRIGGER run_no_update BEFORE UPDATE ON run WHEN OLD.source = 'recorded' AND OLD.status <> 'running'
BEGIN SELECT RAISE (ABORT, 'append-only: a run that ended cannot be changed'); END;
CREATE TRIGGER run_keeps_identity BEFORE UPDATE ON run
WHEN NEW.id <> OLD.id OR NEW.project <> OLD.project OR NEW.source <> OLD.source
BEGIN SELECT RAISE (ABORT, 'append-only: a run keeps its identity'); END;
CREATE TRIGGER run_no_delete BEFORE DELETE ON run WHEN OLD.source <> 'inferred'
BEGIN SELECT RAISE (ABORT, 'append-only: a recorded run cannot be removed'); END;

CREATE TRIGGER run_edge_no_update BEFORE UPDATE ON run_edge
BEGIN SELECT RAISE (ABORT, 'append-only: an edge of a run cannot be changed'); END;
CREATE TRIGGER run_edge_no_late_insert BEFORE INSERT ON run_edge
WHEN EXISTS (SELECT 1 FROM run WHERE id = NEW.run AND source = 'recorded' AND status <> 'running')
BEGIN SELECT RAISE (ABORT, 'append-only: a run that ended gets no further edges'); END;
CREATE TRIGGER run_edge_no_delete BEFORE DELETE ON run_edge
WHEN EXISTS (SELECT 1 FROM run WHERE id = OLD.run AND source = 'recorded' AND status <> 'running')
BEGIN SELECT RAISE (ABORT, 'append-only: an edge of a run that ended cannot be removed'); END;

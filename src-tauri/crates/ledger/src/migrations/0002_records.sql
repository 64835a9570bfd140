-- What other tools recorded: where a run stands in their record, single facts that can be asked for among many runs, the
-- histories of metrics, and versions in their registries of models.

ALTER TABLE run ADD COLUMN record TEXT CHECK (json_valid(record));
-- The place of the record in the project, and what tells that it has to be read again.
ALTER TABLE run ADD COLUMN store TEXT;
ALTER TABLE run ADD COLUMN stamp TEXT;
-- The run that started it, by its identifier there.
ALTER TABLE run ADD COLUMN parent TEXT;
ALTER TABLE run ADD COLUMN deleted INTEGER NOT NULL DEFAULT 0 CHECK (deleted IN (0, 1));
-- A short name for the rows below. The rowid will not do: it may change when the file is compacted.
ALTER TABLE run ADD COLUMN seq INTEGER;

DROP TRIGGER run_no_update;
UPDATE run SET seq = rowid;
CREATE TRIGGER run_no_update BEFORE UPDATE ON run WHEN OLD.source = 'recorded' AND OLD.status <> 'running'
BEGIN SELECT RAISE (ABORT, 'append-only: a run that ended cannot be changed'); END;

CREATE UNIQUE INDEX run_by_seq ON run (seq);
CREATE INDEX run_heads ON run (seq, project, deleted, started, id, source, status, name);
-- What lists are made of, without reading the rows.
DROP INDEX run_by_project;
DROP INDEX run_by_start;
CREATE INDEX run_by_project ON run (project, deleted, started, id, seq, source, status);
CREATE INDEX run_by_start ON run (started, id, project, deleted, seq, source, status);
CREATE INDEX run_by_name ON run (name COLLATE NOCASE, id, project, deleted);
CREATE INDEX run_texts ON run (project, deleted, name, command, foreign_id, id, started);
CREATE INDEX run_by_parent ON run (project, source, parent, started) WHERE parent IS NOT NULL;
CREATE INDEX run_by_store ON run (project, source, store, foreign_id, stamp) WHERE store IS NOT NULL;

CREATE TABLE fact_name (
    id   INTEGER PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('metric', 'parameter', 'tag')),
    name TEXT NOT NULL,
    UNIQUE (kind, name)
) STRICT;

-- A parameter or a metric of a run. `number` is its value as a number where it has one, `text` is for those that have none.
CREATE TABLE run_fact (
    run    INTEGER NOT NULL,
    name   INTEGER NOT NULL REFERENCES fact_name (id),
    number REAL,
    text   TEXT,
    PRIMARY KEY (run, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX run_fact_by_value ON run_fact (name, number, text, run);

INSERT INTO fact_name (kind, name) SELECT DISTINCT 'metric', it.key FROM run, json_each(run.metrics) AS it;
INSERT INTO fact_name (kind, name) SELECT DISTINCT 'parameter', it.key FROM run, json_each(run.parameters) AS it;
INSERT INTO run_fact (run, name, number)
    SELECT run.seq, fact_name.id, CASE WHEN it.type IN ('integer', 'real') THEN CAST(it.value AS REAL) END
      FROM run, json_each(run.metrics) AS it JOIN fact_name ON fact_name.kind = 'metric' AND fact_name.name = it.key;
INSERT INTO run_fact (run, name, number, text)
    SELECT run.seq, fact_name.id, CASE WHEN it.type IN ('integer', 'real') THEN CAST(it.value AS REAL) END,
           CASE WHEN it.type NOT IN ('integer', 'real') THEN substr(CAST(it.value AS TEXT), 1, 200) END
      FROM run, json_each(run.parameters) AS it JOIN fact_name ON fact_name.kind = 'parameter' AND fact_name.name = it.key;

-- The history of a metric. `points` are 24 bytes each, little-endian: step, milliseconds since the epoch (the least number if unknown), value.
CREATE TABLE run_curve (
    run      INTEGER NOT NULL,
    name     INTEGER NOT NULL REFERENCES fact_name (id),
    recorded INTEGER NOT NULL,
    points   BLOB NOT NULL,
    PRIMARY KEY (run, name)
) STRICT;

CREATE TABLE foreign_version (
    project     TEXT NOT NULL REFERENCES project (id),
    source      TEXT NOT NULL,
    store       TEXT NOT NULL,
    model       TEXT NOT NULL,
    version     TEXT NOT NULL,
    aliases     TEXT NOT NULL CHECK (json_valid(aliases)),
    run         TEXT,
    path        TEXT,
    created     INTEGER,
    description TEXT,
    gone        INTEGER NOT NULL DEFAULT 0 CHECK (gone IN (0, 1)),
    PRIMARY KEY (project, source, store, model, version)
) STRICT, WITHOUT ROWID;

-- The records that were found, and what could not be read of them the last time.
CREATE TABLE foreign_store (
    project  TEXT NOT NULL REFERENCES project (id),
    kind     TEXT NOT NULL,
    path     TEXT NOT NULL,
    read_at  INTEGER NOT NULL,
    runs     INTEGER NOT NULL,
    problems TEXT NOT NULL CHECK (json_valid(problems)),
    PRIMARY KEY (project, kind, path)
) STRICT, WITHOUT ROWID;

//! The SQLite database of MLflow, of any version since 2.0. Columns are looked up by name: versions add and drop them.

mod open;
mod tables;

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use proofmark_domain::Timestamp;
use proofmark_domain::artifact::RelPath;
use proofmark_domain::foreign::{ForeignModelVersion, ForeignRun};
use proofmark_domain::run::RunSource;
use rusqlite::{Connection, Row, Rows, Statement};
use sha2::{Digest as _, Sha256};

use super::super::{Locator, ReadOptions, StoreReading};
use super::file_registry::Homes;
use super::raw::{History, RawDataset, RawModel, RawRun};
use crate::files::resolve;
use tables::{Table, Tables, Text};

/// Entries of an artifact folder that count for the stamp.
const MOST_ARTIFACTS: usize = 256;

/// Bytes at the beginning of a database in which its schema usually lies.
const HEAD: u64 = 1 << 20;

/// Whether a file is a database with MLflow's tables. Looks at the text of its schema, which stands near its beginning.
pub fn looks_like_mlflow(path: &Path, magic: &[u8]) -> bool {
    use std::io::Read as _;
    let Ok(file) = crate::files::platform::open_for_reading(path) else { return false };
    let mut head = Vec::new();
    if file.take(HEAD).read_to_end(&mut head).is_err() || !head.starts_with(magic) {
        return false;
    }
    let holds = |text: &[u8]| head.windows(text.len()).any(|window| window == text);
    if holds(b"CREATE TABLE latest_metrics") && holds(b"CREATE TABLE alembic_version") {
        return true;
    }
    // The schema may lie on later pages or in the log, so the database itself is asked.
    let Ok(opened) = open::open(path) else {
        // It may be locked or damaged, which reading it will tell; its name decides whether that is worth telling.
        return path.file_name().is_some_and(|name| name == "mlflow.db" || name == "mlruns.db");
    };
    let names = |table: &str| {
        opened
            .conn
            .query_row("SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = ?1", [table], |row| {
                row.get::<_, i64>(0)
            })
            .map(|count| count > 0)
    };
    match (names("experiments"), names("runs"), names("alembic_version")) {
        (Ok(experiments), Ok(runs), Ok(versioned)) => experiments && runs && versioned,
        _ => path.file_name().is_some_and(|name| name == "mlflow.db" || name == "mlruns.db"),
    }
}

/// Reads the database at `file`.
pub fn read<E>(
    file: &RelPath,
    options: &ReadOptions<'_>,
    take: &mut dyn FnMut(ForeignRun) -> Result<(), E>,
) -> Result<StoreReading, E> {
    let mut reading = StoreReading::default();
    let path = match resolve(options.root, file) {
        Ok(path) => path,
        Err(why) => {
            reading.problem(file.clone(), format!("{why}."));
            return Ok(reading);
        }
    };
    let opened = match open::open(&path) {
        Ok(opened) => opened,
        Err(why) => {
            reading.problem(file.clone(), why);
            return Ok(reading);
        }
    };
    for note in &opened.notes {
        reading.problem(file.clone(), note.clone());
    }
    let base = path.parent().unwrap_or(options.root).to_owned();
    let mut locator = Locator::new(options.root, &base);
    for usual in ["mlruns", "mlartifacts"] {
        locator.also(base.join(usual));
        locator.also(options.root.join(usual));
    }
    let mut reader = Reader { conn: &opened.conn, file, options, locator, reading, homes: Homes::default() };
    let outcome = reader.all(take);
    let mut reading = reader.reading;
    match outcome {
        Ok(()) => {}
        Err(Stop::Caller(error)) => return Err(error),
        Err(Stop::Sqlite(why)) => {
            reading.complete = false;
            let kept = reading.present.len();
            reading
                .problem(file.clone(), format!("{} {kept} runs were read before that and stay.", open::explain(&why)));
        }
        Err(Stop::Cancelled) => reading.complete = false,
    }
    Ok(reading)
}

enum Stop<E> {
    Caller(E),
    Sqlite(rusqlite::Error),
    Cancelled,
}

impl<E> From<rusqlite::Error> for Stop<E> {
    fn from(why: rusqlite::Error) -> Self {
        Self::Sqlite(why)
    }
}

struct Reader<'a> {
    conn: &'a Connection,
    file: &'a RelPath,
    options: &'a ReadOptions<'a>,
    locator: Locator,
    reading: StoreReading,
    homes: Homes,
}

impl Reader<'_> {
    fn all<E>(&mut self, take: &mut dyn FnMut(ForeignRun) -> Result<(), E>) -> Result<(), Stop<E>> {
        // All tables as they are at one moment, while others write.
        self.conn.execute_batch("BEGIN")?;
        let tables = Tables::of(self.conn)?;
        let Some(runs) = tables.get("runs") else {
            self.reading.problem(
                self.file.clone(),
                "It has no table `runs`, so it holds no runs of MLflow. Nothing else of it was read.",
            );
            return Ok(());
        };
        if tables.get("alembic_version").is_none() {
            self.reading.problem(
                self.file.clone(),
                "It does not say which version of MLflow wrote it; what has the known names was read.",
            );
        }
        let experiments = self.experiments(&tables)?;
        let mut models = self.logged_models(&tables)?;
        let datasets = self.datasets(&tables)?;
        let (mut read_by, mut models_read, mut models_written) = self.inputs(&tables, &datasets, &models)?;
        for (run, ids) in std::mem::take(&mut models.by_run) {
            let written: &mut Vec<RawModel> = models_written.entry(run).or_default();
            for id in ids {
                if !written.iter().any(|it| it.id == id)
                    && let Some(model) = models.by_id.get(&id)
                {
                    written.push(model.clone());
                }
            }
        }
        let mut params = by_run(self.conn, tables.get("params"), &["key", "value"])?;
        let mut params = Groups::new(&mut params, keyed_text)?;
        let mut tags = by_run(self.conn, tables.get("tags"), &["key", "value"])?;
        let mut tags = Groups::new(&mut tags, keyed_text)?;
        let mut latest = by_run(self.conn, tables.get("latest_metrics"), &["key", "value", "is_nan"])?;
        let mut latest = Groups::new(&mut latest, keyed_number)?;
        let counts = self.metric_counts(&tables)?;
        // With an index the histories of single runs are cheap to ask for; without, all of them pass by once.
        let metrics = tables.get("metrics").filter(|table| table.has("run_uuid"));
        let indexed = metrics.map(|table| table.has_index_on(self.conn, "run_uuid")).transpose()?.unwrap_or(false);
        let mut of_run = metrics
            .filter(|_| indexed)
            .map(|table| {
                let columns: Vec<&str> = std::iter::once("run_uuid").chain(POINT).collect();
                self.conn.prepare(&format!("{} WHERE run_uuid = ?1", table.select(&columns)))
            })
            .transpose()?;
        let mut all_points = by_run(self.conn, metrics.filter(|_| !indexed), &POINT)?;
        let mut all_points = Groups::new(&mut all_points, point)?;
        let sql = runs.select(&[
            "run_uuid",
            "name",
            "status",
            "start_time",
            "end_time",
            "lifecycle_stage",
            "artifact_uri",
            "experiment_id",
            "user_id",
            "source_name",
            "source_version",
        ]);
        let mut statement = self.conn.prepare(&format!("{sql} ORDER BY run_uuid"))?;
        let mut rows = statement.query([])?;
        let mut number = 0_u64;
        while let Some(row) = rows.next()? {
            number += 1;
            if number.is_multiple_of(256) && (self.options.cancel)() {
                return Err(Stop::Cancelled);
            }
            let Some(id) = Text::of(row, 0)? else { continue };
            let experiment = Text::of(row, 7)?.unwrap_or_default();
            let (name, experiment_deleted) = experiments.get(&experiment).cloned().unwrap_or_default();
            let mut run = RawRun {
                name: Text::of(row, 1)?,
                // In a database a missing state is not known; only the files leave it out for a run that goes on.
                status: Some(Text::of(row, 2)?.unwrap_or_else(|| "UNKNOWN".to_owned())),
                started_ms: tables::whole(row, 3)?,
                ended_ms: tables::whole(row, 4)?,
                deleted: experiment_deleted || Text::of(row, 5)?.as_deref() == Some("deleted"),
                artifact_uri: Text::of(row, 6)?,
                experiment: name,
                user: Text::of(row, 8)?,
                source_name: Text::of(row, 9)?,
                source_version: Text::of(row, 10)?,
                datasets: read_by.remove(&id).unwrap_or_default(),
                models_read: models_read.remove(&id).unwrap_or_default(),
                models_written: models_written.remove(&id).unwrap_or_default(),
                ..RawRun::default()
            };
            params.take(&id, |(key, value)| {
                run.params.extend(key.map(|key| (key, value.unwrap_or_default())));
            })?;
            tags.take(&id, |(key, value)| {
                run.tags.extend(key.map(|key| (key, value.unwrap_or_default())));
            })?;
            latest.take(&id, |(key, value)| run.metrics.extend(key.map(|key| (key, value))))?;
            run.id.clone_from(&id);
            let artifacts = run.artifact_uri.as_deref().and_then(|uri| self.locator.find(uri)).map(|found| found.path);
            if let Some(found) = &artifacts {
                self.homes.runs.insert(id.clone(), resolve(self.options.root, found).unwrap_or_default());
            }
            run.artifacts = artifacts;
            let stamp = self.stamp_of(&run, counts.get(&id).copied().unwrap_or_default());
            self.reading.present.push(id.clone());
            if self.options.known.get(&id) == Some(&stamp) {
                continue;
            }
            let mut histories = Histories::default();
            if let Some(statement) = &mut of_run {
                let mut rows = statement.query([&id])?;
                while let Some(row) = rows.next()? {
                    histories.push(point(row)?);
                }
            }
            all_points.take(&id, |point| histories.push(point))?;
            histories.into_run(&mut run);
            take(run.into_foreign(self.file, &self.locator, stamp)).map_err(Stop::Caller)?;
        }
        self.reading.complete = true;
        self.reading.versions = self.versions(&tables)?;
        Ok(())
    }

    /// Name and whether deleted, by identifier.
    fn experiments(&self, tables: &Tables) -> rusqlite::Result<HashMap<String, (Option<String>, bool)>> {
        let Some(table) = tables.get("experiments") else { return Ok(HashMap::new()) };
        let mut statement = self.conn.prepare(&table.select(&["experiment_id", "name", "lifecycle_stage"]))?;
        let mut rows = statement.query([])?;
        let mut found = HashMap::new();
        while let Some(row) = rows.next()? {
            if let Some(id) = Text::of(row, 0)? {
                found.insert(id, (Text::of(row, 1)?, Text::of(row, 2)?.as_deref() == Some("deleted")));
            }
        }
        Ok(found)
    }

    fn logged_models(&mut self, tables: &Tables) -> rusqlite::Result<Models> {
        let mut models = Models::default();
        let Some(table) = tables.get("logged_models") else { return Ok(models) };
        let sql = table.select(&["model_id", "name", "artifact_location", "source_run_id"]);
        let mut statement = self.conn.prepare(&sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let Some(id) = Text::of(row, 0)? else { continue };
            let location = Text::of(row, 2)?.unwrap_or_default();
            let found = self.locator.find(&location).map(|it| it.path);
            self.homes.models.insert(id.clone(), found.clone());
            if let Some(run) = Text::of(row, 3)?.filter(|it| !it.is_empty()) {
                models.by_run.entry(run).or_default().push(id.clone());
            }
            let model = RawModel { id: id.clone(), name: Text::of(row, 1)?.unwrap_or_default(), location, found };
            models.by_id.insert(id, model);
        }
        Ok(models)
    }

    fn datasets(&self, tables: &Tables) -> rusqlite::Result<HashMap<String, RawDataset>> {
        let mut found = HashMap::new();
        let Some(table) = tables.get("datasets") else { return Ok(found) };
        let sql = table.select(&[
            "dataset_uuid",
            "name",
            "digest",
            "dataset_source_type",
            "dataset_source",
            "dataset_schema",
        ]);
        let mut statement = self.conn.prepare(&sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let Some(id) = Text::of(row, 0)? else { continue };
            let dataset = RawDataset {
                name: Text::of(row, 1)?.unwrap_or_default(),
                digest: Text::of(row, 2)?.unwrap_or_default(),
                source_type: Text::of(row, 3)?.unwrap_or_default(),
                source: Text::of(row, 4)?.unwrap_or_default(),
                schema: Text::of(row, 5)?.unwrap_or_default(),
                context: None,
            };
            found.insert(id, dataset);
        }
        Ok(found)
    }

    /// Data sets read, models read and models written, by run.
    #[allow(clippy::type_complexity, reason = "three maps of the same shape, used once")]
    fn inputs(
        &self,
        tables: &Tables,
        datasets: &HashMap<String, RawDataset>,
        models: &Models,
    ) -> rusqlite::Result<(
        HashMap<String, Vec<RawDataset>>,
        HashMap<String, Vec<RawModel>>,
        HashMap<String, Vec<RawModel>>,
    )> {
        let (mut read, mut models_read, mut written) = (HashMap::new(), HashMap::new(), HashMap::new());
        let Some(table) = tables.get("inputs") else { return Ok((read, models_read, written)) };
        let contexts = self.contexts(tables)?;
        let sql = table.select(&["input_uuid", "source_type", "source_id", "destination_type", "destination_id"]);
        let mut statement = self.conn.prepare(&format!("{sql} ORDER BY rowid"))?;
        let mut rows = statement.query([])?;
        let model = |id: &str| {
            models.by_id.get(id).cloned().unwrap_or_else(|| RawModel { id: id.to_owned(), ..RawModel::default() })
        };
        while let Some(row) = rows.next()? {
            let (Some(from_kind), Some(from), Some(to)) = (Text::of(row, 1)?, Text::of(row, 2)?, Text::of(row, 4)?)
            else {
                continue;
            };
            match from_kind.as_str() {
                "DATASET" => {
                    let mut dataset = datasets
                        .get(&from)
                        .cloned()
                        .unwrap_or_else(|| RawDataset { name: from.clone(), ..RawDataset::default() });
                    dataset.context = Text::of(row, 0)?.and_then(|id| contexts.get(&id).cloned());
                    read.entry(to).or_insert_with(Vec::new).push(dataset);
                }
                "RUN_INPUT" => models_read.entry(from).or_insert_with(Vec::new).push(model(&to)),
                "RUN_OUTPUT" => written.entry(from).or_insert_with(Vec::new).push(model(&to)),
                // Written the other way round by some versions.
                "MODEL_INPUT" | "MODEL" => models_read.entry(to).or_insert_with(Vec::new).push(model(&from)),
                _ => {}
            }
        }
        Ok((read, models_read, written))
    }

    fn contexts(&self, tables: &Tables) -> rusqlite::Result<HashMap<String, String>> {
        let mut found = HashMap::new();
        let Some(table) = tables.get("input_tags") else { return Ok(found) };
        let mut statement = self.conn.prepare(&table.select(&["input_uuid", "name", "value"]))?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            if Text::of(row, 1)?.as_deref() == Some("mlflow.data.context")
                && let (Some(id), Some(value)) = (Text::of(row, 0)?, Text::of(row, 2)?)
            {
                found.insert(id, value);
            }
        }
        Ok(found)
    }

    /// How many points each run has, and the number of its last row: enough to see that some were added.
    fn metric_counts(&self, tables: &Tables) -> rusqlite::Result<HashMap<String, (i64, i64)>> {
        let mut found = HashMap::new();
        let Some(table) = tables.get("metrics").filter(|table| table.has("run_uuid")) else { return Ok(found) };
        let sql = format!("SELECT run_uuid, count(*), max(rowid) FROM {} GROUP BY run_uuid", table.quoted());
        let mut statement = self.conn.prepare(&sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            if let Some(id) = Text::of(row, 0)? {
                found.insert(id, (row.get(1)?, row.get(2)?));
            }
        }
        Ok(found)
    }

    fn stamp_of(&self, run: &RawRun, metrics: (i64, i64)) -> String {
        let mut hash = Sha256::new();
        // Everything that was read of the run, in an order that does not change.
        hash.update(format!("{run:?} {metrics:?}"));
        let models = run.models_written.iter().filter_map(|it| it.found.as_ref());
        for folder in run.artifacts.iter().chain(models) {
            let Ok(folder) = resolve(self.options.root, folder) else { continue };
            let mut names: Vec<String> = std::fs::read_dir(folder)
                .into_iter()
                .flatten()
                .flatten()
                .take(MOST_ARTIFACTS)
                .map(|entry| entry.file_name().to_string_lossy().into_owned())
                .collect();
            names.sort();
            hash.update(names.join("/"));
        }
        hash.finalize().iter().take(12).map(|byte| format!("{byte:02x}")).collect()
    }

    fn versions(&self, tables: &Tables) -> rusqlite::Result<Vec<ForeignModelVersion>> {
        let Some(table) = tables.get("model_versions") else { return Ok(Vec::new()) };
        let mut aliases: HashMap<(String, String), Vec<String>> = HashMap::new();
        if let Some(table) = tables.get("registered_model_aliases") {
            let mut statement = self.conn.prepare(&table.select(&["name", "version", "alias"]))?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                if let (Some(model), Some(version), Some(alias)) =
                    (Text::of(row, 0)?, Text::of(row, 1)?, Text::of(row, 2)?)
                {
                    aliases.entry((model, version)).or_default().push(alias);
                }
            }
        }
        let sql = table.select(&[
            "name",
            "version",
            "creation_time",
            "description",
            "current_stage",
            "source",
            "storage_location",
            "run_id",
            "model_id",
        ]);
        let mut statement = self.conn.prepare(&sql)?;
        let mut rows = statement.query([])?;
        let mut versions = Vec::new();
        while let Some(row) = rows.next()? {
            let (Some(model), Some(version)) = (Text::of(row, 0)?, Text::of(row, 1)?) else { continue };
            let stage = Text::of(row, 4)?.filter(|it| !it.is_empty() && it != "None");
            // A deleted version stays in the table.
            if stage.as_deref() == Some("Deleted_Internal") {
                continue;
            }
            let mut names = aliases.remove(&(model.clone(), version.clone())).unwrap_or_default();
            names.sort();
            let places = [Text::of(row, 8)?.map(|id| format!("models:/{id}")), Text::of(row, 6)?, Text::of(row, 5)?];
            let found = places
                .iter()
                .flatten()
                .filter(|it| !it.is_empty())
                .find_map(|it| self.homes.find(it, self.options.root, &self.locator));
            versions.push(ForeignModelVersion {
                source: RunSource::Mlflow,
                store: self.file.clone(),
                model,
                version,
                aliases: stage.into_iter().chain(names).collect(),
                run: Text::of(row, 7)?.filter(|it| !it.is_empty()),
                found,
                created: tables::whole(row, 2)?.map(Timestamp::from_ms),
                description: Text::of(row, 3)?.filter(|it| !it.is_empty()),
            });
        }
        versions.sort_by(|a, b| (&a.model, a.version.len(), &a.version).cmp(&(&b.model, b.version.len(), &b.version)));
        Ok(versions)
    }
}

#[derive(Debug, Default)]
struct Models {
    by_id: HashMap<String, RawModel>,
    by_run: HashMap<String, Vec<String>>,
}

/// The query for rows of a table in the order of runs; `None` if the table is not there.
fn by_run<'c>(
    conn: &'c Connection,
    table: Option<&Table>,
    columns: &[&str],
) -> rusqlite::Result<Option<Statement<'c>>> {
    let Some(table) = table.filter(|table| table.has("run_uuid")) else { return Ok(None) };
    let columns: Vec<&str> = std::iter::once("run_uuid").chain(columns.iter().copied()).collect();
    conn.prepare(&format!("{} ORDER BY run_uuid", table.select(&columns))).map(Some)
}

/// Rows of a table that pass by together with the runs they belong to. One pass, whether there is an index or not.
struct Groups<'s, T> {
    rows: Option<Rows<'s>>,
    read: fn(&Row<'_>) -> rusqlite::Result<T>,
    pending: Option<(String, T)>,
}

impl<'s, T> Groups<'s, T> {
    fn new(
        statement: &'s mut Option<Statement<'_>>,
        read: fn(&Row<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<Self> {
        let rows = statement.as_mut().map(|it| it.query([])).transpose()?;
        Ok(Self { rows, read, pending: None })
    }

    /// Gives out the rows of `run`. Runs must be asked for in order.
    fn take(&mut self, run: &str, mut each: impl FnMut(T)) -> rusqlite::Result<()> {
        loop {
            if let Some((id, value)) = self.pending.take() {
                match id.as_str().cmp(run) {
                    Ordering::Less => {}
                    Ordering::Equal => each(value),
                    Ordering::Greater => {
                        self.pending = Some((id, value));
                        return Ok(());
                    }
                }
            }
            let Some(rows) = &mut self.rows else { return Ok(()) };
            let Some(row) = rows.next()? else {
                self.rows = None;
                return Ok(());
            };
            if let Some(id) = Text::of(row, 0)? {
                self.pending = Some((id, (self.read)(row)?));
            }
        }
    }
}

fn keyed_text(row: &Row<'_>) -> rusqlite::Result<(Option<String>, Option<String>)> {
    Ok((Text::of(row, 1)?, Text::of(row, 2)?))
}

fn keyed_number(row: &Row<'_>) -> rusqlite::Result<(Option<String>, f64)> {
    Ok((Text::of(row, 1)?, tables::measured(row, 2, 3)?))
}

/// A point with its metric.
type Point = (Option<String>, f64, i64, i64);

fn point(row: &Row<'_>) -> rusqlite::Result<Point> {
    Ok((
        Text::of(row, 1)?,
        tables::measured(row, 2, 3)?,
        tables::whole(row, 4)?.unwrap_or(0),
        tables::whole(row, 5)?.unwrap_or(0),
    ))
}

const POINT: [&str; 5] = ["key", "value", "is_nan", "timestamp", "step"];

/// The histories of one run's metrics.
#[derive(Default)]
struct Histories(BTreeMap<String, History>);

impl Histories {
    fn push(&mut self, (key, value, at, step): Point) {
        if let Some(key) = key {
            self.0.entry(key).or_default().push(step, at, value);
        }
    }

    /// Puts the curves into the run, and a value where the table of latest values has none.
    fn into_run(self, run: &mut RawRun) {
        for (key, history) in self.0 {
            if let (false, Some(latest)) = (run.metrics.contains_key(&key), history.latest()) {
                run.metrics.insert(key.clone(), latest);
            }
            if let Some(curve) = history.into_curve() {
                run.curves.insert(key, curve);
            }
        }
    }
}

//! Stores that the real tools made (`tests/fixtures/records`), compared with what the tools' own clients say about them.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use proofmark_domain::run::{EdgeRole, RunStatus};
use serde_json::Value;

use super::*;
use crate::files::{WalkOptions, walk};

type Outcome = Result<(), Box<dyn std::error::Error>>;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/fixtures/records").join(name)
}

/// A copy in a folder of its own, so that nothing that is read can change the fixture.
fn copy_of(name: &str) -> Result<tempfile::TempDir, Box<dyn std::error::Error>> {
    fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
        std::fs::create_dir_all(to)?;
        for entry in std::fs::read_dir(from)? {
            let entry = entry?;
            let target = to.join(entry.file_name());
            if entry.file_type()?.is_dir() {
                copy(&entry.path(), &target)?
            } else {
                std::fs::copy(entry.path(), target).map(|_| ())?
            }
        }
        Ok(())
    }
    let folder = tempfile::tempdir()?;
    copy(&fixture(name), folder.path())?;
    Ok(folder)
}

struct Everything {
    stores: Vec<StoreRef>,
    runs: BTreeMap<String, ForeignRun>,
    reading: StoreReading,
    files: Vec<String>,
}

fn read_all(root: &Path, known: &HashMap<String, String>) -> Result<Everything, Box<dyn std::error::Error>> {
    let root = root.canonicalize()?;
    let found = walk(&root, &WalkOptions::default(), &|| false, &mut |_| ())?;
    let mut everything = Everything {
        stores: stores_in(&root, &found),
        runs: BTreeMap::new(),
        reading: StoreReading::default(),
        files: found.files.iter().map(|it| it.path.as_str().to_owned()).collect(),
    };
    let under = RelPath::from("");
    for store in everything.stores.clone() {
        let options = ReadOptions { root: &root, known, under: &under, cancel: &|| false };
        let read: Result<StoreReading, std::convert::Infallible> = read_store(&store, &options, &mut |run| {
            everything.runs.insert(run.foreign_id.clone(), run);
            Ok(())
        });
        let Ok(read) = read;
        everything.reading.present.extend(read.present);
        everything.reading.versions.extend(read.versions);
        everything.reading.problems.extend(read.problems);
    }
    Ok(everything)
}

fn expected(name: &str) -> Result<Value, Box<dyn std::error::Error>> {
    Ok(serde_json::from_str(&std::fs::read_to_string(fixture(name).join("expected.json"))?)?)
}

fn same_number(found: f64, expected: &Value) -> bool {
    match expected {
        Value::String(word) if word == "nan" => found.is_nan(),
        Value::String(word) => found.is_infinite() && word == "inf",
        other => other.as_f64() == Some(found),
    }
}

fn check_mlflow(name: &str) -> Outcome {
    let folder = copy_of(name)?;
    let read = read_all(folder.path(), &HashMap::new())?;
    let expected = expected(name)?;
    assert!(read.reading.problems.is_empty(), "{name}: {:?}", read.reading.problems);
    let runs = expected["runs"].as_object().ok_or("no runs")?;
    assert_eq!(read.runs.keys().collect::<Vec<_>>(), runs.keys().collect::<Vec<_>>(), "{name}: the same runs");
    for (id, want) in runs {
        let run = &read.runs[id];
        let of = format!("{name}, run {id} ({})", run.name);
        assert_eq!(run.name, want["name"].as_str().unwrap_or_default(), "{of}");
        let status = match want["status"].as_str() {
            Some("FINISHED") => RunStatus::Finished,
            Some("FAILED") => RunStatus::Failed,
            Some("KILLED") => RunStatus::Killed,
            Some("SCHEDULED") => RunStatus::Scheduled,
            Some("RUNNING") => RunStatus::Running,
            _ => RunStatus::Unknown,
        };
        assert_eq!(run.status, status, "{of}");
        assert_eq!(run.started.map(|it| it.ms()), want["start_ms"].as_i64(), "{of}: start");
        assert_eq!(run.ended.map(|it| it.ms()), want["end_ms"].as_i64(), "{of}: end");
        let experiment = &expected["experiments"][want["experiment"].as_str().unwrap_or_default()];
        assert_eq!(run.record.experiment.as_deref(), experiment["name"].as_str(), "{of}: experiment");
        let deleted = want["lifecycle"] == "deleted" || experiment["lifecycle"] == "deleted";
        assert_eq!(run.record.deleted, deleted, "{of}: deleted");
        assert_eq!(serde_json::to_value(&run.parameters)?, want["parameters"], "{of}: parameters");
        assert_eq!(serde_json::to_value(&run.record.tags)?, want["tags"], "{of}: tags");
        let metrics = want["metrics"].as_object().ok_or("no metrics")?;
        assert_eq!(
            run.metrics.keys().collect::<Vec<_>>(),
            metrics.keys().collect::<Vec<_>>(),
            "{of}: names of metrics"
        );
        for (metric, value) in metrics {
            assert!(
                same_number(run.metrics[metric], value),
                "{of}: {metric} is {} and not {value}",
                run.metrics[metric]
            );
            let history = want["history"][metric].as_array().ok_or("no history")?;
            let points = run.curves.get(metric).map_or(1, |it| it.points.len());
            assert_eq!(points, history.len(), "{of}: points of {metric}");
            for point in run.curves.get(metric).into_iter().flat_map(|it| &it.points) {
                let is_recorded = history.iter().any(|it| {
                    it[0].as_i64() == Some(point.step)
                        && it[1].as_i64() == point.at.map(|it| it.ms())
                        && same_number(point.value, &it[2])
                });
                assert!(is_recorded, "{of}: {metric} has no point {point:?}");
            }
        }
        let data: Vec<_> = run.inputs.iter().filter(|it| it.role == EdgeRole::Data).collect();
        let inputs = want["inputs"].as_array().ok_or("no inputs")?;
        assert_eq!(data.len(), inputs.len(), "{of}: inputs");
        for input in inputs {
            let name = input["name"].as_str().unwrap_or_default();
            let edge =
                data.iter().find(|it| it.evidence.contains(&format!("\"{name}\""))).ok_or("an input is missing")?;
            assert_eq!(
                edge.found.as_ref().map(RelPath::as_str),
                Some(format!("data/{name}.csv").as_str()),
                "{of}: moved with the folder"
            );
            assert_eq!(edge.columns, ["age", "income", "churned"], "{of}: columns of {name}");
            assert!(edge.evidence.contains(input["context"].as_str().unwrap_or("?")), "{of}: {}", edge.evidence);
        }
        for model in want["outputs"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            let edge = run.outputs.iter().find(|it| it.evidence.contains(model)).ok_or("a model is missing")?;
            let found = edge.found.as_ref().ok_or("the model was not found")?;
            assert!(folder.path().join(found.as_str()).join("MLmodel").is_file(), "{of}: {found}");
        }
    }
    let parent = read.runs.values().find(|run| run.name == "parent").ok_or("no parent")?;
    assert_eq!(parent.user.as_deref(), Some("ada"));
    assert_eq!(parent.code.commit.as_deref(), Some("0123456789abcdef0123456789abcdef01234567"));
    assert_eq!(parent.code.path.as_ref().map(RelPath::as_str), Some("src/train.py"));
    let children: Vec<_> =
        read.runs.values().filter(|run| run.record.parent.as_ref() == Some(&parent.foreign_id)).collect();
    assert_eq!(children.len(), 2, "{name}: nested runs know who started them");
    let artifacts =
        parent.outputs.iter().find(|it| it.evidence.contains("artifacts of the run")).ok_or("no artifacts")?;
    let notes = artifacts.found.as_ref().ok_or("artifacts were not found")?;
    assert!(folder.path().join(notes.as_str()).join("notes.txt").is_file(), "{name}: {notes}");
    let registry = expected["registry"].as_array().ok_or("no registry")?;
    assert_eq!(read.reading.versions.len(), registry.len(), "{name}: versions");
    for want in registry {
        let version = read
            .reading
            .versions
            .iter()
            .find(|it| {
                it.model == want["model"].as_str().unwrap_or_default()
                    && Some(it.version.as_str()) == want["version"].as_str()
            })
            .ok_or("a version is missing")?;
        assert_eq!(serde_json::to_value(&version.aliases)?, want["aliases"], "{name}: aliases");
        assert_eq!(version.run.as_deref(), want["run"].as_str(), "{name}: run of a version");
        assert_eq!(version.description.as_deref(), want["description"].as_str(), "{name}: description");
        let found = version.found.as_ref().ok_or("the model of a version was not found")?;
        assert!(folder.path().join(found.as_str()).join("MLmodel").is_file(), "{name}: {found}");
    }
    let internal: Vec<_> = read
        .files
        .iter()
        .filter(|it| it.contains("/metrics/") || it.contains("/params/") || it.ends_with("meta.yaml"))
        .collect();
    assert!(internal.is_empty(), "{name}: the record itself is no file of the project: {internal:?}");
    assert!(read.files.iter().any(|it| it.ends_with("artifacts/notes.txt")), "{name}: artifacts are");
    // A second look finds everything the same.
    let known = read.runs.iter().map(|(id, run)| (id.clone(), run.stamp.clone())).collect();
    let again = read_all(folder.path(), &known)?;
    assert!(again.runs.is_empty(), "{name}: nothing changed, and {:?} was read again", again.runs.keys());
    assert_eq!(again.reading.present.len(), runs.len());
    Ok(())
}

#[test]
fn the_files_of_mlflow_2_say_what_its_client_says() -> Outcome {
    check_mlflow("mlflow2-files")
}

#[test]
fn the_database_of_mlflow_2_says_what_its_client_says() -> Outcome {
    check_mlflow("mlflow2-sqlite")
}

#[test]
fn the_files_of_mlflow_3_say_what_its_client_says() -> Outcome {
    check_mlflow("mlflow3-files")
}

#[test]
fn the_database_of_mlflow_3_says_what_its_client_says() -> Outcome {
    check_mlflow("mlflow3-sqlite")
}

#[test]
fn a_pipeline_of_dvc_says_what_dvc_says() -> Outcome {
    let folder = copy_of("dvc")?;
    let read = read_all(folder.path(), &HashMap::new())?;
    assert!(read.reading.problems.is_empty(), "{:?}", read.reading.problems);
    let expected = expected("dvc")?;
    let stages = expected["stages"].as_object().ok_or("no stages")?;
    assert_eq!(read.runs.keys().collect::<Vec<_>>(), stages.keys().collect::<Vec<_>>());
    for (name, want) in stages {
        let run = &read.runs[name];
        assert_eq!(run.command.as_deref(), want["command"].as_str(), "{name}");
        let finished = run.status == RunStatus::Finished;
        assert_eq!(finished, want["locked"].as_bool().unwrap_or_default(), "{name}");
        for (edges, part) in [(&run.inputs, "deps"), (&run.outputs, "outs")] {
            let want = want[part].as_array().ok_or("no list")?;
            assert_eq!(edges.len(), want.len(), "{name}, {part}");
            for entry in want {
                let path = entry["path"].as_str().unwrap_or_default();
                let edge =
                    edges.iter().find(|it| it.written_as == path).ok_or_else(|| format!("{name} has no {path}"))?;
                if let Some(hash) = entry["hash"].as_str() {
                    assert!(edge.evidence.contains(hash), "{name}: {}", edge.evidence);
                }
            }
        }
        if finished {
            let flat: BTreeMap<String, Value> = run.parameters.clone();
            let want = want["params"].as_object().ok_or("no params")?;
            let seed = want.get("seed");
            assert_eq!(flat.get("seed"), seed, "{name}: {flat:?}");
            assert_eq!(flat.get("train.rate"), want.get("train").map(|it| &it["rate"]), "{name}");
        }
    }
    let train = &read.runs["train"];
    assert_eq!(train.metrics, BTreeMap::from([("rows".to_owned(), 3.0), ("score.auc".to_owned(), 0.75)]));
    assert_eq!(train.code.path.as_ref().map(RelPath::as_str), Some("train.py"));
    let state = |run: &str, path: &str| {
        let run = &read.runs[run];
        run.inputs
            .iter()
            .chain(&run.outputs)
            .find(|it| it.written_as == path)
            .map(|it| (it.found.is_some(), it.evidence.clone()))
    };
    let model = state("train", "model").ok_or("no model")?;
    assert!(model.0 && model.1.ends_with("holds the recorded bytes"), "a folder is compared by its list: {}", model.1);
    let changed = state("clean@de", "raw/de.csv").ok_or("no raw")?;
    assert!(
        !changed.0 && changed.1.contains("has changed since; the recorded bytes are in DVC's cache"),
        "{}",
        changed.1
    );
    let cached = state("clean@us", "clean/us.csv").ok_or("no clean")?;
    assert!(!cached.0 && cached.1.contains("is not there; the recorded bytes are in DVC's cache"), "{}", cached.1);
    Ok(())
}

#[test]
fn a_half_copied_store_is_read_as_far_as_it_goes() -> Outcome {
    let folder = copy_of("mlflow3-files")?;
    let whole = read_all(folder.path(), &HashMap::new())?;
    let store = folder.path().join("mlruns");
    let run =
        |name: &str| whole.runs.values().find(|it| it.name == name).map(|it| it.foreign_id.clone()).unwrap_or_default();
    let experiment = std::fs::read_dir(&store)?
        .flatten()
        .map(|it| it.path())
        .find(|it| it.join(run("parent")).is_dir())
        .ok_or("no experiment")?;
    std::fs::write(experiment.join(run("child-2")).join("meta.yaml"), "run_id: [")?;
    std::fs::remove_file(experiment.join(run("child-4")).join("meta.yaml"))?;
    std::fs::write(experiment.join(run("parent")).join("metrics/once"), "not a number\n17 1.5 0\n")?;
    std::fs::remove_file(experiment.join("meta.yaml"))?;
    std::fs::write(store.join("models/churn-model/version-1/meta.yaml"), "{")?;
    #[cfg(unix)]
    std::os::unix::fs::symlink("/etc/passwd", experiment.join(run("parent")).join("params/outside"))?;
    let read = read_all(folder.path(), &HashMap::new())?;
    assert_eq!(read.runs.len(), whole.runs.len(), "what is left of each run was read");
    assert_eq!(read.runs[&run("child-2")].status, RunStatus::Unknown);
    assert_eq!(read.runs[&run("child-4")].parameters["depth"], "4");
    let parent = &read.runs[&run("parent")];
    assert_eq!(parent.metrics["once"], 1.5);
    assert!(!parent.parameters.contains_key("outside"), "links are not followed");
    assert_eq!(read.reading.versions.len(), 1);
    let told: Vec<&str> = read.reading.problems.iter().map(|it| it.path.as_str()).collect();
    for part in ["child", "once", "meta.yaml", "version-1"] {
        let part = if part == "child" { run("child-2") } else { part.to_owned() };
        assert!(told.iter().any(|it| it.contains(&part)), "{part} is told: {told:?}");
    }
    Ok(())
}

/// Names of everything in a folder.
fn names(folder: &Path) -> std::io::Result<Vec<String>> {
    let mut names: Vec<String> =
        std::fs::read_dir(folder)?.flatten().map(|it| it.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    Ok(names)
}

#[test]
fn a_database_in_use_is_read_and_nothing_is_written_beside_it() -> Outcome {
    let folder = copy_of("mlflow3-sqlite")?;
    let path = folder.path().join("mlflow.db");
    let writer = rusqlite::Connection::open(&path)?;
    writer.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    writer.pragma_update(None, "wal_autocheckpoint", 0)?;
    writer.execute("UPDATE runs SET name = 'renamed in the log' WHERE name = 'parent'", [])?;
    // The shared memory is not compared: this process writes to it itself, as the writer.
    let before = (names(folder.path())?, std::fs::read(&path)?, std::fs::read(folder.path().join("mlflow.db-wal"))?);
    let read = read_all(folder.path(), &HashMap::new())?;
    assert!(read.runs.values().any(|run| run.name == "renamed in the log"), "what only the log holds is read");
    let after = (names(folder.path())?, std::fs::read(&path)?, std::fs::read(folder.path().join("mlflow.db-wal"))?);
    assert_eq!(before.0, after.0, "no file came or went");
    assert!(before == after, "no byte changed");
    // A copy of database and log without the shared memory, as rsync makes it.
    let copied = tempfile::tempdir()?;
    for name in ["mlflow.db", "mlflow.db-wal"] {
        std::fs::copy(folder.path().join(name), copied.path().join(name))?;
    }
    let read = read_all(copied.path(), &HashMap::new())?;
    assert!(read.runs.values().any(|run| run.name == "renamed in the log"));
    assert_eq!(names(copied.path())?, ["mlflow.db", "mlflow.db-wal"], "nothing was left beside the copy");
    drop(writer);
    Ok(())
}

#[test]
fn a_locked_a_damaged_and_a_foreign_database_are_told_apart() -> Outcome {
    let folder = copy_of("mlflow2-sqlite")?;
    let path = folder.path().join("mlflow.db");
    let writer = rusqlite::Connection::open(&path)?;
    writer.execute_batch("BEGIN EXCLUSIVE")?;
    let read = read_all(folder.path(), &HashMap::new())?;
    assert!(
        read.runs.is_empty() && read.reading.problems.iter().any(|it| it.message.contains("locked")),
        "{:?}",
        read.reading.problems
    );
    writer.execute_batch("ROLLBACK")?;
    drop(writer);
    let mut bytes = std::fs::read(&path)?;
    let third = bytes.len() / 3;
    bytes[512..third].fill(0x5a);
    std::fs::write(&path, &bytes)?;
    let read = read_all(folder.path(), &HashMap::new())?;
    assert!(read.reading.problems.iter().any(|it| it.message.contains("damaged")), "{:?}", read.reading.problems);
    std::fs::write(&path, &bytes[..1000])?;
    let read = read_all(folder.path(), &HashMap::new())?;
    assert!(!read.reading.problems.is_empty(), "a cut database is told");
    std::fs::remove_file(&path)?;
    let other = rusqlite::Connection::open(&path)?;
    other.execute_batch("CREATE TABLE x (a); INSERT INTO x VALUES (1)")?;
    drop(other);
    let read = read_all(folder.path(), &HashMap::new())?;
    assert!(
        read.stores.iter().all(|it| it.kind != StoreKind::MlflowDatabase),
        "a database of something else is none of MLflow's"
    );
    Ok(())
}

#[test]
fn a_database_of_an_unknown_revision_is_read_by_the_names_of_its_columns() -> Outcome {
    let folder = tempfile::tempdir()?;
    let conn = rusqlite::Connection::open(folder.path().join("tracking.sqlite"))?;
    conn.execute_batch(
        "CREATE TABLE alembic_version (version_num TEXT);
         INSERT INTO alembic_version VALUES ('ffff00000000');
         CREATE TABLE experiments (workspace TEXT, experiment_id INTEGER, name TEXT, future TEXT);
         INSERT INTO experiments VALUES ('w', 7, 'e', NULL);
         CREATE TABLE runs (run_uuid TEXT, status TEXT, start_time INTEGER, experiment_id INTEGER);
         INSERT INTO runs VALUES ('b', 'FINISHED', 1700000000000, 7), ('a', 'FAILED', NULL, 8);
         CREATE TABLE params (value TEXT, run_uuid TEXT, key TEXT);
         INSERT INTO params VALUES ('1', 'b', 'x'), ('2', 'a', 'x'), ('3', 'zz', 'orphan');
         CREATE TABLE metrics (key TEXT, value REAL, timestamp INTEGER, run_uuid TEXT, step INTEGER, is_nan BOOLEAN);
         INSERT INTO metrics VALUES ('m', 1.0, 5, 'b', 0, 0), ('m', 2.0, 6, 'b', 1, 0), ('m', 0.0, 7, 'b', 2, 1);",
    )?;
    drop(conn);
    let read = read_all(folder.path(), &HashMap::new())?;
    assert!(read.reading.problems.is_empty(), "{:?}", read.reading.problems);
    assert_eq!(read.runs["a"].parameters["x"], "2");
    assert_eq!(read.runs["b"].record.experiment.as_deref(), Some("e"));
    assert!(read.runs["b"].metrics["m"].is_nan(), "the last point is what MLflow shows");
    assert_eq!(read.runs["b"].curves["m"].points.len(), 3);
    assert_eq!(read.runs["b"].name, "b", "without a name the identifier stands for it");
    Ok(())
}

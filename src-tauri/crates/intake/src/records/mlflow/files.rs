//! The file store: a folder per experiment, a folder per run, a small file per parameter, metric and tag.

use std::collections::{BTreeMap, HashMap};
use std::fs::DirEntry;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use proofmark_domain::artifact::RelPath;
use proofmark_domain::foreign::ForeignRun;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::super::{Locator, ReadOptions, StoreReading, text, yaml};
use super::file_registry;
use super::layout::{is_experiment_name, is_run_name};
use super::raw::{History, RawDataset, RawModel, RawRun};
use crate::files::platform::open_for_reading;
use crate::files::{label_of, resolve};

/// A description, a parameter or a tag larger than this is not one.
const LARGEST_TEXT: u64 = 4 << 20;
/// A metric's history is read up to this size.
const LARGEST_HISTORY: u64 = 512 << 20;
/// More parameters, metrics or tags of one run are not read.
const MOST_KEYS: usize = 20_000;
/// Keys with more parts than this are not followed.
const DEEPEST_KEY: usize = 16;
/// Entries of an artifact folder that count for the stamp.
const MOST_ARTIFACTS: usize = 2_000;
/// Runs that are read between two hand-overs.
const CHUNK: usize = 512;

/// The description of an experiment, a run, a data set or a logged model. All fields are optional: versions differ.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Meta {
    name: Option<String>,
    lifecycle_stage: Option<String>,
    artifact_location: Option<String>,
    run_name: Option<String>,
    status: Option<String>,
    user_id: Option<String>,
    start_time: Option<String>,
    end_time: Option<String>,
    deleted_time: Option<String>,
    source_name: Option<String>,
    source_version: Option<String>,
    artifact_uri: Option<String>,
    source_id: Option<String>,
    source_run_id: Option<String>,
    destination_id: Option<String>,
    digest: Option<String>,
    source_type: Option<String>,
    source: Option<String>,
    schema: Option<String>,
    tags: Option<serde_json::Value>,
}

/// What the runs of an experiment share.
#[derive(Debug, Default)]
struct Experiment {
    name: Option<String>,
    deleted: bool,
    datasets: HashMap<String, RawDataset>,
    models: HashMap<String, RawModel>,
    /// Identifiers of logged models by the run that made them.
    models_of: HashMap<String, Vec<String>>,
}

/// A run that waits to be read.
struct Job {
    id: String,
    folder: PathBuf,
    experiment: Arc<Experiment>,
}

/// What became of a run.
enum Outcome {
    Same,
    Read(Box<ForeignRun>, Vec<(PathBuf, String)>),
    Unusable(Vec<(PathBuf, String)>),
}

/// Reads the store at `store`.
pub fn read<E>(
    store: &RelPath,
    options: &ReadOptions<'_>,
    take: &mut dyn FnMut(ForeignRun) -> Result<(), E>,
) -> Result<StoreReading, E> {
    let mut reading = StoreReading::default();
    let base = match resolve(options.root, store) {
        Ok(base) if base.is_dir() => base,
        _ => {
            reading.problem(
                store.clone(),
                "The folder is not there any more. Nothing that was read from it before was changed.",
            );
            return Ok(reading);
        }
    };
    let locator = Locator::new(options.root, &base);
    let focus = Focus::new(options, &base);
    let mut jobs = Vec::new();
    let mut homes = file_registry::Homes::default();
    for place in [base.clone(), base.join(".trash")] {
        for folder in folders(&place) {
            let name = file_name(&folder);
            if !is_experiment_name(&name) {
                continue;
            }
            let experiment = Arc::new(experiment(&folder, place != base, options, &mut reading));
            for (id, model) in &experiment.models {
                homes.models.insert(id.clone(), model.found.clone());
            }
            for run in folders(&folder).into_iter().chain(folders(&folder.join(".trash"))) {
                let id = file_name(&run);
                let described = run.join("meta.yaml").is_file() && !is_reserved(&id);
                if !is_run_name(&id) && !described {
                    continue;
                }
                homes.runs.insert(id.clone(), run.join("artifacts"));
                if focus.wants(&run, &folder) {
                    jobs.push(Job { id, folder: run, experiment: Arc::clone(&experiment) });
                }
            }
        }
    }
    jobs.sort_by(|a, b| a.id.cmp(&b.id));
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get).min(8);
    for chunk in jobs.chunks(CHUNK) {
        if (options.cancel)() {
            return Ok(reading);
        }
        let share = chunk.len().div_ceil(threads).max(1);
        let outcomes: Vec<Outcome> = std::thread::scope(|scope| {
            let parts: Vec<_> = chunk
                .chunks(share)
                .map(|part| {
                    let locator = &locator;
                    scope.spawn(move || {
                        part.iter().map(|job| read_run(job, store, options, locator)).collect::<Vec<_>>()
                    })
                })
                .collect();
            parts.into_iter().flat_map(|part| part.join().unwrap_or_default()).collect()
        });
        for (job, outcome) in chunk.iter().zip(outcomes) {
            let problems = match outcome {
                Outcome::Same => {
                    reading.present.push(job.id.clone());
                    continue;
                }
                Outcome::Read(run, problems) => {
                    reading.present.push(job.id.clone());
                    take(*run)?;
                    problems
                }
                Outcome::Unusable(problems) => problems,
            };
            for (path, message) in problems {
                reading.problem(label(options.root, &path), message);
            }
        }
    }
    reading.complete = focus.everything;
    reading.versions = file_registry::read(&base, store, options, &locator, &homes, &mut reading.problems);
    Ok(reading)
}

/// Which runs must be looked at when something below a path changed.
struct Focus {
    everything: bool,
    touched: PathBuf,
}

impl Focus {
    fn new(options: &ReadOptions<'_>, base: &Path) -> Self {
        let touched = resolve(options.root, options.under).unwrap_or_else(|_| options.root.to_owned());
        // Whatever contains the store, or lies outside of it, concerns all of it.
        Self { everything: base.starts_with(&touched) || !touched.starts_with(base), touched }
    }

    fn wants(&self, run: &Path, experiment: &Path) -> bool {
        self.everything
            || run.starts_with(&self.touched)
            || self.touched.starts_with(run)
            // What is shared by the runs of an experiment: data sets, logged models, its name.
            || (self.touched.starts_with(experiment)
                && ["datasets", "models"].iter().any(|part| self.touched.starts_with(experiment.join(part))))
            || self.touched == *experiment
    }
}

fn is_reserved(name: &str) -> bool {
    matches!(name, "tags" | "datasets" | "traces" | "models" | ".trash")
}

fn experiment(folder: &Path, in_trash: bool, options: &ReadOptions<'_>, reading: &mut StoreReading) -> Experiment {
    let file = folder.join("meta.yaml");
    let mut experiment = Experiment { deleted: in_trash, ..Experiment::default() };
    match meta(&file) {
        Ok(meta) => {
            experiment.deleted |= meta.lifecycle_stage.as_deref() == Some("deleted");
            experiment.name = meta.name;
        }
        Err(why) => reading.problem(
            label(options.root, &file),
            format!("The description of the experiment cannot be read: {why}. Its runs were read without the experiment's name."),
        ),
    }
    for dataset in folders(&folder.join("datasets")) {
        let file = dataset.join("meta.yaml");
        match meta(&file) {
            Ok(meta) => {
                let read = RawDataset {
                    name: meta.name.unwrap_or_default(),
                    digest: meta.digest.unwrap_or_default(),
                    source_type: meta.source_type.unwrap_or_default(),
                    source: meta.source.unwrap_or_default(),
                    schema: meta.schema.unwrap_or_default(),
                    context: None,
                };
                experiment.datasets.insert(file_name(&dataset), read);
            }
            Err(why) => reading.problem(
                label(options.root, &file),
                format!("The description of a data set cannot be read: {why}. Runs that used it do not show it."),
            ),
        }
    }
    for model in folders(&folder.join("models")) {
        let (id, file) = (file_name(&model), model.join("meta.yaml"));
        let artifacts = model.join("artifacts");
        let found = artifacts.is_dir().then(|| label(options.root, &artifacts));
        match meta(&file) {
            Ok(meta) => {
                if let Some(run) = meta.source_run_id.filter(|it| !it.is_empty()) {
                    experiment.models_of.entry(run).or_default().push(id.clone());
                }
                let read = RawModel {
                    id: id.clone(),
                    name: meta.name.unwrap_or_default(),
                    location: meta.artifact_location.unwrap_or_default(),
                    found,
                };
                experiment.models.insert(id, read);
            }
            Err(why) => {
                reading.problem(
                    label(options.root, &file),
                    format!(
                        "The description of a logged model cannot be read: {why}. The model is known by its files only."
                    ),
                );
                experiment.models.insert(id.clone(), RawModel { id, found, ..RawModel::default() });
            }
        }
    }
    experiment
}

fn read_run(job: &Job, store: &RelPath, options: &ReadOptions<'_>, locator: &Locator) -> Outcome {
    let mut problems = Vec::new();
    let stamp = stamp_of(job);
    if options.known.get(&job.id) == Some(&stamp) {
        return Outcome::Same;
    }
    let file = job.folder.join("meta.yaml");
    let (meta, described) = match meta(&file) {
        Ok(meta) => (meta, true),
        Err(why) => {
            problems.push((
                file,
                format!("The description of the run cannot be read: {why}. Its parameters, metrics and tags were read; its state and times are not known."),
            ));
            (Meta::default(), false)
        }
    };
    let mut run = RawRun {
        id: job.id.clone(),
        name: meta.run_name.or(meta.name),
        status: if described { meta.status } else { Some("UNKNOWN".to_owned()) },
        started_ms: number(meta.start_time.as_deref()),
        ended_ms: number(meta.end_time.as_deref()),
        deleted: job.experiment.deleted || meta.lifecycle_stage.as_deref() == Some("deleted"),
        user: meta.user_id,
        source_name: meta.source_name,
        source_version: meta.source_version,
        artifact_uri: meta.artifact_uri,
        experiment: job.experiment.name.clone(),
        ..RawRun::default()
    };
    let _ = meta.deleted_time;
    run.params = texts(&job.folder.join("params"), &mut problems);
    run.tags = texts(&job.folder.join("tags"), &mut problems);
    metrics(&job.folder.join("metrics"), &mut run, &mut problems);
    inputs_and_outputs(job, &mut run, &mut problems);
    let artifacts = job.folder.join("artifacts");
    if artifacts.is_dir() {
        run.artifacts = Some(label(options.root, &artifacts));
    }
    if !described && run.params.is_empty() && run.tags.is_empty() && run.metrics.is_empty() {
        return Outcome::Unusable(problems);
    }
    Outcome::Read(Box::new(run.into_foreign(store, locator, stamp)), problems)
}

fn inputs_and_outputs(job: &Job, run: &mut RawRun, problems: &mut Vec<(PathBuf, String)>) {
    for input in folders(&job.folder.join("inputs")) {
        let file = input.join("meta.yaml");
        let meta = match meta(&file) {
            Ok(meta) => meta,
            Err(why) => {
                problems.push((file, format!("An input of the run cannot be read: {why}. The other inputs were.")));
                continue;
            }
        };
        let Some(source) = meta.source_id else { continue };
        if meta.source_type.as_deref().is_some_and(|kind| kind.contains("MODEL")) {
            run.models_read.push(model_of(job, &source));
            continue;
        }
        let mut dataset = job
            .experiment
            .datasets
            .get(&source)
            .cloned()
            .unwrap_or_else(|| RawDataset { name: source.clone(), ..RawDataset::default() });
        dataset.context = meta
            .tags
            .as_ref()
            .and_then(|tags| tags.get("mlflow.data.context"))
            .and_then(serde_json::Value::as_str)
            .map(str::to_owned);
        run.datasets.push(dataset);
    }
    for output in folders(&job.folder.join("outputs")) {
        let id =
            meta(&output.join("meta.yaml")).ok().and_then(|it| it.destination_id).unwrap_or_else(|| file_name(&output));
        run.models_written.push(model_of(job, &id));
    }
    for id in job.experiment.models_of.get(&job.id).into_iter().flatten() {
        if !run.models_written.iter().any(|it| it.id == *id) {
            run.models_written.push(model_of(job, id));
        }
    }
}

fn model_of(job: &Job, id: &str) -> RawModel {
    job.experiment.models.get(id).cloned().unwrap_or_else(|| RawModel { id: id.to_owned(), ..RawModel::default() })
}

/// The files below a folder, each with its key: the path to it with `/`. Links are not followed.
fn keyed(folder: &Path, problems: &mut Vec<(PathBuf, String)>) -> Vec<(String, PathBuf)> {
    let mut found = Vec::new();
    let mut waiting = vec![(String::new(), folder.to_owned(), 0)];
    while let Some((prefix, folder, depth)) = waiting.pop() {
        for entry in entries(&folder) {
            let name = entry.file_name().to_string_lossy().into_owned();
            let key = if prefix.is_empty() { name } else { format!("{prefix}/{name}") };
            let Ok(kind) = entry.file_type() else { continue };
            if kind.is_dir() && depth < DEEPEST_KEY {
                waiting.push((key, entry.path(), depth + 1));
            } else if kind.is_file() {
                if found.len() == MOST_KEYS {
                    problems.push((folder.clone(), format!("More than {MOST_KEYS} names of one run are not read.")));
                    return found;
                }
                found.push((key, entry.path()));
            } else if kind.is_symlink() {
                problems.push((entry.path(), "A link in the record of a run is not followed.".to_owned()));
            }
        }
    }
    found
}

fn texts(folder: &Path, problems: &mut Vec<(PathBuf, String)>) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for (key, file) in keyed(folder, problems) {
        match text::read_text(&file, LARGEST_TEXT) {
            Ok(text) => {
                found.insert(key, text);
            }
            Err(why) => problems.push((file, format!("It cannot be read: {why}. The rest of the run was read."))),
        }
    }
    found
}

fn metrics(folder: &Path, run: &mut RawRun, problems: &mut Vec<(PathBuf, String)>) {
    for (key, file) in keyed(folder, problems) {
        match history(&file) {
            Ok((history, bad)) => {
                if bad > 0 {
                    problems.push((
                        file,
                        format!("{bad} of its lines are no measurements of MLflow and were passed over; the others were read."),
                    ));
                }
                if let Some(latest) = history.latest() {
                    run.metrics.insert(key.clone(), latest);
                }
                if let Some(curve) = history.into_curve() {
                    run.curves.insert(key, curve);
                }
            }
            Err(why) => problems.push((file, format!("It cannot be read: {why}. The rest of the run was read."))),
        }
    }
}

/// Reads the lines of a metric, and counts those that are none.
fn history(file: &Path) -> std::io::Result<(History, u64)> {
    let open = open_for_reading(file)?;
    let mut reader = BufReader::new(open.take(LARGEST_HISTORY));
    let (mut history, mut bad) = (History::default(), 0);
    let mut line = Vec::new();
    loop {
        line.clear();
        if reader.by_ref().take(4096).read_until(b'\n', &mut line)? == 0 {
            return Ok((history, bad));
        }
        let text = String::from_utf8_lossy(&line);
        if text.trim().is_empty() {
            continue;
        }
        match point(&text) {
            Some((step, at, value)) => history.push(step, at, value),
            None => bad += 1,
        }
    }
}

/// `<time in ms> <value> [<step> [<run> …]]`.
fn point(line: &str) -> Option<(i64, i64, f64)> {
    let mut words = line.split_whitespace();
    let at = whole(words.next()?)?;
    let value: f64 = words.next()?.parse().ok()?;
    let step = match words.next() {
        Some(word) => whole(word)?,
        None => 0,
    };
    Some((step, at, value))
}

fn whole(word: &str) -> Option<i64> {
    word.parse().ok().or_else(|| word.parse::<f64>().ok().filter(|it| it.is_finite()).map(|it| it as i64))
}

fn number(text: Option<&str>) -> Option<i64> {
    whole(text?.trim())
}

/// Changes when anything about the run may have changed: names, sizes and times of its files.
fn stamp_of(job: &Job) -> String {
    let mut seen: Vec<(String, u64, i64)> = Vec::new();
    stat_below(&job.folder, "", MOST_KEYS, &mut seen);
    for id in job.experiment.models_of.get(&job.id).into_iter().flatten() {
        if let Some(experiment) = job.folder.parent() {
            let mut of_model = Vec::new();
            stat_below(&experiment.join("models").join(id), id, MOST_ARTIFACTS, &mut of_model);
            seen.append(&mut of_model);
        }
    }
    seen.sort();
    let mut hash = Sha256::new();
    hash.update([u8::from(job.experiment.deleted)]);
    hash.update(job.experiment.name.as_deref().unwrap_or_default());
    for (path, size, time) in &seen {
        hash.update(path.as_bytes());
        hash.update([0]);
        hash.update(size.to_le_bytes());
        hash.update(time.to_le_bytes());
    }
    hash.finalize().iter().take(12).map(|byte| format!("{byte:02x}")).collect()
}

fn stat_below(folder: &Path, prefix: &str, most: usize, seen: &mut Vec<(String, u64, i64)>) {
    let mut waiting = vec![(prefix.to_owned(), folder.to_owned(), 0)];
    while let Some((prefix, folder, depth)) = waiting.pop() {
        for entry in entries(&folder) {
            if seen.len() >= most {
                return;
            }
            let path = format!("{prefix}/{}", entry.file_name().to_string_lossy());
            let Ok(facts) = entry.metadata() else { continue };
            if facts.is_dir() {
                if depth < DEEPEST_KEY {
                    waiting.push((path, entry.path(), depth + 1));
                }
            } else {
                seen.push((path, facts.len(), crate::files::platform::stat_of(&facts).mtime_ns));
            }
        }
    }
}

fn meta(file: &Path) -> Result<Meta, String> {
    let text = text::read_text(file, LARGEST_TEXT).map_err(|why| match why.kind() {
        std::io::ErrorKind::NotFound => "it is not there".to_owned(),
        _ => why.to_string(),
    })?;
    if text.trim().is_empty() {
        return Err("it is empty".to_owned());
    }
    yaml::read(&text)
}

fn entries(folder: &Path) -> Vec<DirEntry> {
    std::fs::read_dir(folder).map(|listing| listing.flatten().collect()).unwrap_or_default()
}

/// The folders in a folder, links to folders not among them, in order.
pub fn folders(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = entries(folder)
        .into_iter()
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .map(|entry| entry.path())
        .collect();
    found.sort();
    found
}

pub fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

pub fn label(root: &Path, path: &Path) -> RelPath {
    label_of(root, path).unwrap_or_else(|_| RelPath::new(path.to_string_lossy()))
}

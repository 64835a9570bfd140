//! DVC: pipelines (`dvc.yaml`, `dvc.lock`), imported data (`*.dvc`), and releases that GTO keeps as git tags.

mod content;
mod gto;
mod lock;
mod stage;
mod template;

use std::path::{Path, PathBuf};

use proofmark_domain::artifact::RelPath;
use proofmark_domain::foreign::{ForeignEdge, ForeignRecord, ForeignRun};
use proofmark_domain::run::{CodeState, EdgeRole, RunSource, RunStatus};
use serde_yaml_ng::Value as Yaml;
use sha2::{Digest as _, Sha256};

use super::{ReadOptions, StoreReading, text};
use crate::files::{label_of, resolve};
use content::{Cache, State};
use lock::{Entry, Locked};
use stage::Stage;

/// A pipeline file larger than this is not one.
pub(crate) const LARGEST: u64 = 64 << 20;

/// Whether a file is part of a pipeline or a record of data.
pub fn is_part(path: &RelPath) -> bool {
    let name = path.file_name();
    name == "dvc.yaml" || name == "dvc.lock" || name == "Dvcfile" || (name.len() > 4 && name.ends_with(".dvc"))
}

/// The folder that a pipeline file belongs to.
pub fn folder_of(path: &RelPath) -> RelPath {
    path.as_str().rsplit_once('/').map_or_else(|| RelPath::from(""), |(folder, _)| RelPath::from(folder))
}

/// Reads the pipeline and the records of one folder. See [`super::read_store`].
///
/// # Errors
///
/// What `take` answers.
pub fn read_folder<E>(
    store: &RelPath,
    options: &ReadOptions<'_>,
    take: &mut dyn FnMut(ForeignRun) -> Result<(), E>,
) -> Result<StoreReading, E> {
    let mut reading = StoreReading { complete: true, ..StoreReading::default() };
    let folder = match resolve(options.root, store) {
        Ok(folder) if folder.is_dir() => folder,
        _ => return Ok(StoreReading::default()),
    };
    let mut pipeline = Pipeline { store, folder: &folder, options, cache: Cache::of(options.root, &folder) };
    for run in pipeline.runs(&mut reading) {
        if (options.cancel)() {
            reading.complete = false;
            return Ok(reading);
        }
        reading.present.push(run.foreign_id.clone());
        if options.known.get(&run.foreign_id) == Some(&run.stamp) {
            continue;
        }
        let run = pipeline.complete(run);
        take(run)?;
    }
    reading.versions = gto::versions(store, &folder, options, &mut reading.problems);
    Ok(reading)
}

/// A run that is known from the files of the pipeline, before the files that it names were looked into.
struct Draft {
    foreign_id: String,
    stamp: String,
    name: String,
    stage: Stage,
    locked: Option<Locked>,
    file: &'static str,
    from: String,
}

struct Pipeline<'a> {
    store: &'a RelPath,
    folder: &'a Path,
    options: &'a ReadOptions<'a>,
    cache: Cache,
}

impl Pipeline<'_> {
    fn runs(&self, reading: &mut StoreReading) -> Vec<Draft> {
        let mut drafts = Vec::new();
        let stages = self.document("dvc.yaml", reading).map(|yaml| {
            let (stages, problems) = stage::stages(&yaml, self.folder);
            for problem in problems {
                reading.problem(self.label("dvc.yaml"), problem);
            }
            stages
        });
        let mut locked = self.document("dvc.lock", reading).map(|yaml| lock::stages(&yaml)).unwrap_or_default();
        for stage in stages.unwrap_or_default() {
            let of_lock = locked.remove(&stage.name);
            let from = if of_lock.is_some() { "dvc.lock" } else { "dvc.yaml" };
            drafts.push(self.draft(stage, of_lock, from));
        }
        // What the lock holds and the pipeline does not name any more did run all the same.
        for (name, of_lock) in locked {
            let stage = Stage { name, ..Stage::default() };
            drafts.push(self.draft(stage, Some(of_lock), "dvc.lock"));
        }
        for name in self.records_of_data() {
            let Some(yaml) = self.document(&name, reading) else { continue };
            if let Some((stage, locked)) = lock::single(&yaml, &name) {
                drafts.push(Draft {
                    foreign_id: self.address(&name),
                    from: name,
                    ..self.draft(stage, Some(locked), "a .dvc file")
                });
            }
        }
        drafts
    }

    /// `*.dvc` files that say where their data came from. Those that only track data record no run.
    fn records_of_data(&self) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(self.folder)
            .into_iter()
            .flatten()
            .flatten()
            .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()))
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .filter(|name| name == "Dvcfile" || (name.len() > 4 && name.ends_with(".dvc")))
            .collect();
        names.sort();
        names
    }

    fn document(&self, name: &str, reading: &mut StoreReading) -> Option<Yaml> {
        let file = self.folder.join(name);
        let text = match text::read_text(&file, LARGEST) {
            Ok(text) => text,
            Err(why) if why.kind() == std::io::ErrorKind::NotFound => return None,
            Err(why) => {
                reading.complete = false;
                reading.problem(
                    self.label(name),
                    format!("It cannot be read: {why}. Runs that were read from it before stay."),
                );
                return None;
            }
        };
        match super::yaml::read::<Yaml>(&text) {
            Ok(yaml) => Some(yaml),
            Err(why) => {
                reading.complete = false;
                reading.problem(
                    self.label(name),
                    format!("It is no valid YAML: {why}. Runs that were read from it before stay; mend the file and look again."),
                );
                None
            }
        }
    }

    fn label(&self, name: &str) -> RelPath {
        if self.store.as_str().is_empty() {
            RelPath::from(name)
        } else {
            RelPath::new(format!("{}/{name}", self.store))
        }
    }

    /// The name by which DVC itself addresses a stage from the project's folder.
    fn address(&self, stage: &str) -> String {
        if self.store.as_str().is_empty() { stage.to_owned() } else { format!("{}/dvc.yaml:{stage}", self.store) }
    }

    fn draft(&self, stage: Stage, locked: Option<Locked>, file: &'static str) -> Draft {
        let mut draft = Draft {
            foreign_id: self.address(&stage.name),
            stamp: String::new(),
            name: stage.name.clone(),
            stage,
            locked,
            file,
            from: file.to_owned(),
        };
        draft.stamp = self.stamp_of(&draft);
        draft
    }

    fn stamp_of(&self, draft: &Draft) -> String {
        let mut hash = Sha256::new();
        hash.update(format!("{:?} {:?}", draft.stage, draft.locked));
        let (deps, outs) = self.entries(draft);
        let params = draft.stage.params.iter().map(|(file, _)| file.clone());
        for path in deps.iter().chain(&outs).map(|it| it.path.clone()).chain(params) {
            if let Some(place) = self.place(draft, &path) {
                hash.update(content::stat_text(&place));
            }
        }
        hash.finalize().iter().take(12).map(|byte| format!("{byte:02x}")).collect()
    }

    /// What it read and wrote: the lock's word, and the pipeline's where nothing is locked.
    fn entries(&self, draft: &Draft) -> (Vec<Entry>, Vec<Entry>) {
        match &draft.locked {
            Some(locked) => (locked.deps.clone(), locked.outs.clone()),
            None => (
                draft.stage.deps.iter().map(|path| Entry::unlocked(path)).collect(),
                draft.stage.outs.iter().map(|out| Entry::unlocked(&out.path)).collect(),
            ),
        }
    }

    /// Where a path of a stage lies: relative to its working directory.
    fn place(&self, draft: &Draft, path: &str) -> Option<PathBuf> {
        let base = self.folder.join(draft.stage.wdir.as_deref().unwrap_or("."));
        content::inside(self.options.root, &base.join(path))
    }

    fn complete(&mut self, draft: Draft) -> ForeignRun {
        let (deps, outs) = self.entries(&draft);
        let inputs = deps.iter().map(|entry| self.edge(&draft, entry, "deps")).collect();
        let outputs = outs.iter().map(|entry| self.edge(&draft, entry, "outs")).collect();
        let mut parameters = std::collections::BTreeMap::new();
        match &draft.locked {
            Some(locked) if !locked.params.is_empty() => {
                for values in locked.params.values() {
                    for (name, value) in content::flat(values) {
                        parameters.entry(name).or_insert(value);
                    }
                }
            }
            _ => {
                for (file, keys) in &draft.stage.params {
                    let Some(place) = self.place(&draft, file) else { continue };
                    let Some(values) = content::values_of(&place) else { continue };
                    for (name, value) in content::chosen(&values, keys) {
                        parameters.entry(name).or_insert(value);
                    }
                }
            }
        }
        let mut metrics = std::collections::BTreeMap::new();
        for out in draft.stage.outs.iter().filter(|out| out.is_metrics) {
            let Some(place) = self.place(&draft, &out.path) else { continue };
            let entry = outs.iter().find(|entry| entry.path == out.path);
            if let Some(values) = self.cache.values_of(&place, entry) {
                metrics.extend(
                    content::flat(&values).into_iter().filter_map(|(name, value)| Some((name, value.as_f64()?))),
                );
            }
        }
        for path in &draft.stage.inner_metrics {
            if let Some(values) = self.place(&draft, path).and_then(|place| content::values_of(&place)) {
                metrics.extend(
                    content::flat(&values).into_iter().filter_map(|(name, value)| Some((name, value.as_f64()?))),
                );
            }
        }
        let command = draft.locked.as_ref().and_then(|it| it.command.clone()).or_else(|| draft.stage.command.clone());
        let script = self.script(&draft, &deps);
        ForeignRun {
            source: RunSource::Dvc,
            foreign_id: draft.foreign_id.clone(),
            stamp: draft.stamp.clone(),
            name: draft.name.clone(),
            status: if draft.locked.is_some() { RunStatus::Finished } else { RunStatus::Unknown },
            started: None,
            ended: None,
            command,
            user: None,
            parameters,
            metrics,
            code: CodeState { path: script, ..CodeState::default() },
            record: ForeignRecord {
                store: self.label(&draft.from),
                experiment: Some(if self.store.as_str().is_empty() {
                    "dvc.yaml".to_owned()
                } else {
                    format!("{}/dvc.yaml", self.store)
                }),
                parent: None,
                deleted: false,
                tags: draft.stage.description.clone().map(|it| ("desc".to_owned(), it)).into_iter().collect(),
            },
            inputs,
            outputs,
            environment_files: Vec::new(),
            curves: std::collections::BTreeMap::new(),
        }
    }

    /// The script that the command starts, if it is one of the inputs.
    fn script(&self, draft: &Draft, deps: &[Entry]) -> Option<RelPath> {
        let command = draft.locked.as_ref().and_then(|it| it.command.as_deref()).or(draft.stage.command.as_deref())?;
        let words: Vec<&str> = command.split_whitespace().collect();
        let dep = deps.iter().find(|dep| {
            [".py", ".ipynb", ".R", ".r", ".sh", ".jl"].iter().any(|ending| dep.path.ends_with(ending))
                && words.contains(&dep.path.as_str())
        })?;
        label_of(self.options.root, &self.place(draft, &dep.path)?).ok()
    }

    fn edge(&mut self, draft: &Draft, entry: &Entry, part: &str) -> ForeignEdge {
        let place = self.place(draft, &entry.path);
        let label = place.as_ref().and_then(|it| label_of(self.options.root, it).ok());
        let (state, found) = match (&place, &label) {
            (Some(place), Some(label)) => {
                let state = self.cache.state_of(place, entry);
                let found = matches!(state, State::Same | State::NotCompared | State::SameSize).then(|| label.clone());
                (state.words(), found)
            }
            _ => ("outside of the project", None),
        };
        let role = if draft.stage.outs.iter().any(|out| out.is_metrics && out.path == entry.path) {
            EdgeRole::Metrics
        } else {
            EdgeRole::Other
        };
        let written_as = match (&entry.repository, &label) {
            (Some(repository), _) => format!("{repository}#{}", entry.path),
            (None, Some(label)) => label.as_str().to_owned(),
            (None, None) => entry.path.clone(),
        };
        let hash = entry.hash.as_ref().map(|(kind, value)| format!(", {kind} {value}")).unwrap_or_default();
        ForeignEdge {
            written_as,
            found: if entry.repository.is_some() { None } else { found },
            digest: None,
            role,
            columns: Vec::new(),
            evidence: format!("{}, stage {}, {part}{hash}; {state}", draft.file, draft.name),
        }
    }
}

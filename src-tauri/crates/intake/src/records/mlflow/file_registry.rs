//! The registry of models in a file store: `models/<name>/version-<n>`.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use proofmark_domain::Timestamp;
use proofmark_domain::artifact::RelPath;
use proofmark_domain::foreign::{ForeignModelVersion, RecordProblem};
use proofmark_domain::run::RunSource;
use serde::Deserialize;

use super::super::{Locator, ReadOptions, text, yaml};
use super::files::{file_name, folders, label};

/// More registered versions than this are not read.
const MOST_VERSIONS: usize = 50_000;

/// Where the artifacts of runs and logged models of this store lie.
#[derive(Debug, Default)]
pub struct Homes {
    /// By run.
    pub runs: HashMap<String, PathBuf>,
    /// By logged model.
    pub models: HashMap<String, Option<RelPath>>,
}

impl Homes {
    /// Finds what a version names as its source: `models:/m-…`, `runs:/<run>/<path>`, or a place.
    pub fn find(&self, written: &str, root: &Path, locator: &Locator) -> Option<RelPath> {
        if let Some(id) = written.strip_prefix("models:/") {
            return self.models.get(id.trim_matches('/')).cloned().flatten();
        }
        if let Some(rest) = written.strip_prefix("runs:/") {
            let (run, path) = rest.split_once('/')?;
            let place = self.runs.get(run)?.join(path);
            return place.exists().then(|| label(root, &place));
        }
        locator.find(written).map(|found| found.path)
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Meta {
    name: Option<String>,
    version: Option<String>,
    creation_timestamp: Option<String>,
    description: Option<String>,
    current_stage: Option<String>,
    source: Option<String>,
    storage_location: Option<String>,
    run_id: Option<String>,
    model_id: Option<String>,
}

/// Reads the registry below a store.
pub fn read(
    base: &Path,
    store: &RelPath,
    options: &ReadOptions<'_>,
    locator: &Locator,
    homes: &Homes,
    problems: &mut Vec<RecordProblem>,
) -> Vec<ForeignModelVersion> {
    let mut versions = Vec::new();
    for model in folders(&base.join("models")) {
        let mut aliases: Vec<(String, String)> = Vec::new();
        for entry in std::fs::read_dir(model.join("aliases")).into_iter().flatten().flatten() {
            match text::read_text(&entry.path(), 4096) {
                Ok(version) => {
                    aliases.push((entry.file_name().to_string_lossy().into_owned(), version.trim().to_owned()))
                }
                Err(why) => problems.push(RecordProblem {
                    path: label(options.root, &entry.path()),
                    message: format!("An alias cannot be read: {why}. The versions of the model were read."),
                }),
            }
        }
        aliases.sort();
        for folder in folders(&model) {
            let Some(number) = file_name(&folder).strip_prefix("version-").map(str::to_owned) else { continue };
            if versions.len() == MOST_VERSIONS {
                return versions;
            }
            let file = folder.join("meta.yaml");
            let meta: Meta =
                match text::read_text(&file, 4 << 20).map_err(|why| why.to_string()).and_then(|it| yaml::read(&it)) {
                    Ok(meta) => meta,
                    Err(why) => {
                        problems.push(RecordProblem {
                            path: label(options.root, &file),
                            message: format!("A registered version cannot be read: {why}. The other versions were."),
                        });
                        continue;
                    }
                };
            let version = meta.version.clone().unwrap_or(number);
            let stage = meta.current_stage.filter(|it| !it.is_empty() && it != "None");
            let places = [meta.model_id.map(|id| format!("models:/{id}")), meta.storage_location, meta.source];
            versions.push(ForeignModelVersion {
                source: RunSource::Mlflow,
                store: store.clone(),
                model: meta.name.unwrap_or_else(|| file_name(&model)),
                aliases: stage
                    .into_iter()
                    .chain(aliases.iter().filter(|(_, of)| *of == version).map(|(alias, _)| alias.clone()))
                    .collect(),
                version,
                run: meta.run_id.filter(|it| !it.is_empty()),
                found: places
                    .iter()
                    .flatten()
                    .filter(|it| !it.is_empty())
                    .find_map(|it| homes.find(it, options.root, locator)),
                created: meta.creation_timestamp.and_then(|it| it.trim().parse().ok()).map(Timestamp::from_ms),
                description: meta.description.filter(|it| !it.is_empty()),
            });
        }
    }
    versions
}

//! Which files are a model: one file, one with companions, or a folder.

use std::fs;
use std::path::{Component, Path, PathBuf};

use proofmark_contract::ErrorCode;
use proofmark_domain::artifact::{ArtifactKind, FileFacts, RelPath};
use proofmark_domain::project::Project;
use proofmark_intake::model::{Limits, companions};
use proofmark_registry::names::MLFLOW_REGISTERED_META;

use crate::Engine;
use crate::screen::absolute;
use crate::trouble::{Answer, Trouble, io_trouble};

/// A folder with more files than this is no model.
const MOST_FILES: usize = 10_000;
/// Folders that tools keep for themselves.
const OF_TOOLS: [&str; 4] = [".git", "__pycache__", ".cache", ".ipynb_checkpoints"];
/// Files that desktops leave everywhere.
const OF_DESKTOPS: [&str; 3] = [".DS_Store", "Thumbs.db", "desktop.ini"];

/// The place of a model that is to be released.
pub(super) struct ModelPlace {
    /// The file by which the model is known.
    pub facts: FileFacts,
    /// The folder that is released as a whole.
    folder: Option<PathBuf>,
}

impl Engine {
    /// The model at a path. A folder is released as a whole, and known by the model file in it.
    pub(super) fn model_place(&self, project: &Project, path: &str) -> Answer<ModelPlace> {
        let label = RelPath::new(path.trim_end_matches('/'));
        let whole = absolute(project, &label).ok().filter(|it| it.is_dir() && *it != Path::new(&project.root));
        let Some(whole) = whole else {
            let facts = self.file(project, &RelPath::new(path))?.facts;
            let folder = folder_of(Path::new(&project.root), &absolute(project, &facts.path)?);
            return Ok(ModelPlace { facts, folder });
        };
        let below = format!("{}/", label.as_str());
        let mut models: Vec<FileFacts> = self
            .files_of_kind(project, &[ArtifactKind::Model])?
            .into_iter()
            .filter(|it| it.path.as_str().starts_with(&below))
            .collect();
        // A description of a model is not the model, and what lies deeper is a part of it.
        let rank = |facts: &FileFacts| {
            let name = facts.path.as_str();
            (facts.path.file_name() == "MLmodel", name.matches('/').count(), name.to_owned())
        };
        models.sort_by_key(rank);
        let Some(facts) = models.into_iter().next() else {
            return Err(Trouble::not_found(format!("model file in the folder {label} of {}", project.name))
                .hint("Name the model file itself, or scan the folder first."));
        };
        Ok(ModelPlace { facts, folder: Some(whole) })
    }
}

impl ModelPlace {
    /// The files of the model by their names in the release.
    pub(super) fn sources(&self, project: &Project) -> Answer<Vec<(String, PathBuf)>> {
        let own = absolute(project, &self.facts.path)?;
        match &self.folder {
            Some(folder) => whole(folder),
            None => with_companions(self.facts.path.file_name(), own),
        }
    }

    /// What the file by which the model is known is called in the release.
    pub(super) fn name_in_release(&self, project: &Project) -> Answer<String> {
        let own = absolute(project, &self.facts.path)?;
        let below = self.folder.as_ref().and_then(|folder| own.strip_prefix(folder).ok());
        let name = below.map(|it| it.to_string_lossy().replace('\\', "/"));
        Ok(name.unwrap_or_else(|| self.facts.path.file_name().to_owned()))
    }
}

/// The folder that a tool wrote as one model: that of MLflow, which may keep the file deeper, a SavedModel, or one that Hugging Face's
/// libraries load.
fn folder_of(root: &Path, file: &Path) -> Option<PathBuf> {
    let inside = || file.ancestors().skip(1).take_while(|folder| *folder != root && folder.starts_with(root));
    if let Some(folder) = inside().take(3).find(|folder| folder.join("MLmodel").is_file()) {
        return Some(folder.to_owned());
    }
    let folder = inside().next()?;
    let is_graph = file.file_name().is_some_and(|name| name == "saved_model.pb");
    (is_graph || is_hugging_face(folder)).then(|| folder.to_owned())
}

fn is_hugging_face(folder: &Path) -> bool {
    let text = fs::read_to_string(folder.join("config.json")).unwrap_or_default();
    let config: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    config.get("model_type").is_some() || config.get("architectures").is_some()
}

/// Every file of a folder.
fn whole(folder: &Path) -> Answer<Vec<(String, PathBuf)>> {
    let refused = |why: String| Trouble::new(ErrorCode::InvalidRequest, why);
    let mut found = Vec::new();
    let mut open = vec![(folder.to_path_buf(), String::new())];
    while let Some((at, below)) = open.pop() {
        for entry in fs::read_dir(&at).map_err(|error| io_trouble("listing", &at, &error))? {
            let entry = entry.map_err(|error| io_trouble("listing", &at, &error))?;
            let Ok(name) = entry.file_name().into_string() else {
                let shown = entry.path().display().to_string();
                return Err(refused(format!("{shown} has a name that is not Unicode, so it cannot be released."))
                    .hint("Rename it, or move it out of the model's folder."));
            };
            // MLflow writes the one when it loads a model; the others are no part of it.
            if name == MLFLOW_REGISTERED_META
                || OF_TOOLS.contains(&name.as_str())
                || OF_DESKTOPS.contains(&name.as_str())
                || name.starts_with("._")
                || name.starts_with(".nfs")
            {
                continue;
            }
            let kind = entry.file_type().map_err(|error| io_trouble("reading", &entry.path(), &error))?;
            if kind.is_dir() {
                open.push((entry.path(), format!("{below}{name}/")));
            } else {
                found.push((format!("{below}{name}"), entry.path()));
            }
            if found.len() + open.len() > MOST_FILES {
                return Err(refused(format!(
                    "{} holds more than {MOST_FILES} files, which no model does.",
                    folder.display()
                )));
            }
        }
    }
    found.sort();
    Ok(found)
}

/// A file, with those beside it that it needs.
fn with_companions(name: &str, file: PathBuf) -> Answer<Vec<(String, PathBuf)>> {
    let refused = |why: String, hint: &str| Trouble::new(ErrorCode::InvalidRequest, why).hint(hint);
    // Whether a file that is gone or cannot be read is one of a model is said where it is copied.
    let needed = companions(&file, &Limits::default()).unwrap_or_default();
    let folder = file.parent().unwrap_or(Path::new("")).to_path_buf();
    let mut found = vec![(name.to_owned(), file)];
    for needed in needed {
        let plain = Path::new(&needed).components().all(|part| matches!(part, Component::Normal(_)));
        if !plain {
            let why = format!("{name} keeps weights in {needed}, outside of its folder, so it cannot be released.");
            return Err(refused(why, "Save the model with its weights beside it."));
        }
        let path = folder.join(&needed);
        if !path.is_file() {
            let why =
                format!("{name} keeps weights in {needed}, which is not there; without it the model cannot be loaded.");
            return Err(refused(why, "Put the file back beside the model, or save the model again."));
        }
        found.push((needed, path));
    }
    found.sort();
    Ok(found)
}

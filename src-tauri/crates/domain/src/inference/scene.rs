//! Everything that is known about a project before anything is concluded.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::place::{Fit, fits};
use super::times::Times;
use crate::artifact::{ArtifactKind, RelPath};
use crate::{Digest, Timestamp};

/// A file of the project.
#[derive(Debug, Clone, PartialEq)]
pub struct SceneFile {
    /// Where it lies.
    pub path: RelPath,
    /// Its bytes.
    pub digest: Digest,
    /// What it is for.
    pub kind: ArtifactKind,
    /// Bytes.
    pub size: u64,
    /// When it was last written.
    pub modified: Timestamp,
}

/// Bytes that lay under a path before others did.
#[derive(Debug, Clone, PartialEq)]
pub struct Earlier {
    /// The bytes.
    pub digest: Digest,
    /// When they were first seen there.
    pub seen: Timestamp,
    /// When something else was seen there.
    pub gone: Timestamp,
}

/// A column of a file that a script reads, on its way into a column of a file that it writes.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ScriptFlow {
    /// The read that it comes from: a place in [`Source::reads`].
    pub read: usize,
    /// The column there. `*` stands for every column that the code does not name, less those in `except`.
    pub from: String,
    /// The column or feature that it reaches. `*` beside `from: "*"` means under its own name; beside a named column, columns
    /// whose names only the data tells. Other names may contain `*` where the data decides, as `city_*`.
    pub to: String,
    /// Columns that do not take part, when `from` is `*`.
    pub except: Vec<String>,
    /// How sure the analysis of the code is, 0..1.
    pub confidence: f64,
    /// Whether it only decides which value a row gets, as a mask does, and is none of the values.
    #[serde(default)]
    pub decides: bool,
}

/// A path that a script reads or writes.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ScriptUse {
    /// The path; each part that cannot be known is `*`. Relative to the project unless absolute.
    pub pattern: String,
    /// The line on which it happens.
    pub line: u32,
    /// The call that does it, such as `pandas.read_csv`.
    pub call: String,
    /// Columns that it names.
    pub columns: Vec<String>,
    /// How sure the analysis of the code is, 0..1.
    pub confidence: f64,
    /// Whether everything that fits the pattern is meant, as with a glob, and not one of them.
    pub all: bool,
    /// Whether it happens when the script is run as it is; otherwise only when somebody calls the function in which it stands.
    pub when_run: bool,
    /// Of a write: from which columns of what was read its columns, or the features of the model, are made. Empty when nothing
    /// is known; otherwise complete.
    pub flows: Vec<ScriptFlow>,
}

/// A script or notebook, as far as it was understood.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Source {
    /// Where it lies.
    pub path: RelPath,
    /// Its bytes.
    pub digest: Digest,
    /// Whether it is a notebook.
    pub kind: ArtifactKind,
    /// When it was last written.
    pub modified: Timestamp,
    /// For a notebook, whether its saved state shows that cells were run; `None` for scripts.
    pub executed: Option<bool>,
    /// Whether it does something when it is run, and not only when it is imported.
    pub runs_itself: bool,
    /// What it reads.
    pub reads: Vec<ScriptUse>,
    /// What it writes.
    pub writes: Vec<ScriptUse>,
    /// From which columns the models are made that it trains and saves at a place that the code does not tell, as a tracking
    /// client does. Their targets are among them.
    #[serde(default)]
    pub fitted: Vec<ScriptFlow>,
    /// Files of the project that it imports, directly or not.
    pub imports: BTreeSet<RelPath>,
    /// Packages that it or what it imports uses, by the name that is imported.
    pub packages: BTreeSet<String>,
    /// Classes of estimators that it or what it imports makes, such as `sklearn.linear_model.LogisticRegression`.
    pub classes: BTreeSet<String>,
}

/// A command that a file of the project spells out: a Makefile, a shell script, a README.
#[derive(Debug, Clone, PartialEq)]
pub struct Invocation {
    /// Where it stands, such as `Makefile line 4`.
    pub place: String,
    /// The script that it runs.
    pub script: RelPath,
    /// The whole command.
    pub command: String,
    /// Arguments that may be paths.
    pub arguments: Vec<String>,
}

/// What a model file says that can be compared with code and tables.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ModelTraits {
    /// Names of the features it was trained on.
    pub features: Vec<String>,
    /// Such as `scikit-learn`.
    pub framework: Option<String>,
    /// Its class and the classes of its steps.
    pub classes: Vec<String>,
}

/// Everything that is known.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Scene {
    /// Every file that lies there now.
    pub files: Vec<SceneFile>,
    /// Every script and notebook.
    pub sources: Vec<Source>,
    /// Commands that are spelled out.
    pub invocations: Vec<Invocation>,
    /// Columns of tables whose columns are known.
    pub tables: BTreeMap<Digest, Vec<String>>,
    /// Models that could be read.
    pub models: BTreeMap<Digest, ModelTraits>,
    /// Bytes whose origin is recorded, so that there is nothing to conclude.
    pub recorded: BTreeSet<Digest>,
    /// What lay under a path before, oldest first.
    pub earlier: BTreeMap<RelPath, Vec<Earlier>>,
}

/// Files that a path in a script can mean, and how well it fits each.
pub(super) type Fitting<'s> = Vec<(&'s SceneFile, Fit)>;

/// The scene with what the rules ask of it again and again.
pub(super) struct View<'s> {
    pub(super) scene: &'s Scene,
    pub(super) times: Times,
    pub(super) by_path: BTreeMap<&'s str, &'s SceneFile>,
    by_digest: BTreeMap<Digest, Vec<&'s SceneFile>>,
    /// File names, for paths of other machines and wrong folders.
    pub(super) by_name: BTreeMap<&'s str, Vec<&'s SceneFile>>,
    sources: BTreeMap<&'s RelPath, &'s Source>,
    /// What was found to fit, by the folder of a script and a pattern: every run of a script asks the same.
    fitted: RefCell<BTreeMap<(String, String), Fitting<'s>>>,
}

impl<'s> View<'s> {
    pub(super) fn new(scene: &'s Scene) -> Self {
        let mut by_digest: BTreeMap<Digest, Vec<&SceneFile>> = BTreeMap::new();
        let mut by_name: BTreeMap<&str, Vec<&SceneFile>> = BTreeMap::new();
        for file in &scene.files {
            by_digest.entry(file.digest).or_default().push(file);
            by_name.entry(file.path.file_name()).or_default().push(file);
        }
        Self {
            scene,
            times: Times::new(&scene.files),
            by_path: scene.files.iter().map(|file| (file.path.as_str(), file)).collect(),
            by_digest,
            by_name,
            sources: scene.sources.iter().map(|source| (&source.path, source)).collect(),
            fitted: RefCell::default(),
        }
    }

    /// Every file that holds these bytes.
    pub(super) fn holding(&self, digest: &Digest) -> &[&'s SceneFile] {
        self.by_digest.get(digest).map(Vec::as_slice).unwrap_or_default()
    }

    pub(super) fn source(&self, path: &RelPath) -> Option<&'s Source> {
        self.sources.get(path).copied()
    }

    /// The files that a use of a script can mean.
    pub(super) fn fitting(&self, source: &Source, used: &ScriptUse) -> Fitting<'s> {
        let folder = source.path.as_str().rsplit_once('/').map_or("", |(folder, _)| folder);
        let key = (folder.to_owned(), used.pattern.clone());
        if let Some(known) = self.fitted.borrow().get(&key) {
            return known.clone();
        }
        let found = fits(self, folder, &used.pattern);
        self.fitted.borrow_mut().insert(key, found.clone());
        found
    }

    pub(super) fn columns(&self, digest: &Digest) -> Option<&'s [String]> {
        self.scene.tables.get(digest).map(Vec::as_slice)
    }

    pub(super) fn model(&self, digest: &Digest) -> Option<&'s ModelTraits> {
        self.scene.models.get(digest)
    }
}

impl ArtifactKind {
    /// Whether a file of this kind is made by runs, so that its origin is worth a question.
    pub(super) const fn is_made(self) -> bool {
        matches!(
            self,
            Self::Dataset
                | Self::Model
                | Self::PredictionLog
                | Self::Metrics
                | Self::Document
                | Self::Archive
                | Self::Other
        )
    }
}

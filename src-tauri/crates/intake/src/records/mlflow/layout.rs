//! Which folders belong to MLflow's file store. Their small files are the record of runs, not files of the project; what lies
//! in `artifacts/` is.

use std::ffi::OsStr;
use std::path::Path;

/// What a folder is to a file store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Part {
    /// None of it.
    #[default]
    Outside,
    /// The store itself, usually `mlruns`, or its `.trash`.
    Store,
    /// An experiment.
    Experiment,
    /// The logged models of an experiment (MLflow 3).
    LoggedModels,
    /// A run or a logged model: its `artifacts` are files of the project.
    Run,
    /// Parameters, metrics, tags, the registry: no files of the project.
    Internal,
}

impl Part {
    /// What a folder that lies in a folder of this part is.
    pub fn of_child(self, name: &str, path: &Path) -> Self {
        match self {
            // Whether it is a store shows when it is listed: see [`is_store`].
            Self::Outside => Self::Outside,
            Self::Store => match name {
                ".trash" => Self::Store,
                "models" => Self::Internal,
                _ if is_experiment_name(name) => Self::Experiment,
                _ => Self::Outside,
            },
            Self::Experiment => match name {
                "models" => Self::LoggedModels,
                ".trash" => Self::Experiment,
                "tags" | "datasets" | "traces" => Self::Internal,
                _ if is_run_name(name) || path.join("meta.yaml").is_file() => Self::Run,
                _ => Self::Outside,
            },
            Self::LoggedModels => Self::Run,
            Self::Run if name == "artifacts" => Self::Outside,
            Self::Run | Self::Internal => Self::Internal,
        }
    }

    /// Whether the files that lie directly in such a folder are part of the record.
    pub const fn hides_files(self) -> bool {
        matches!(self, Self::Experiment | Self::LoggedModels | Self::Run | Self::Internal)
    }

    /// Whether nothing in such a folder, however deep, is a file of the project.
    pub const fn hides_all(self) -> bool {
        matches!(self, Self::Internal)
    }
}

/// Whether a folder with these entries is a file store: by its usual name if there is an experiment or a registry in it, else
/// by an experiment that has its description.
pub fn is_store<'a>(path: &Path, names: impl Iterator<Item = &'a OsStr>) -> bool {
    let usual = path.file_name().is_some_and(|name| name == "mlruns");
    let mut looked_into = 0;
    for child in names.filter_map(OsStr::to_str) {
        if is_experiment_name(child) {
            looked_into += 1;
            if has_description(&path.join(child)) || (usual && has_runs(&path.join(child))) {
                return true;
            }
            // Folders named by numbers that are no experiments: the first ones tell.
            if looked_into == 16 {
                return false;
            }
        } else if usual && matches!(child, "models" | ".trash") && path.join(child).is_dir() {
            return true;
        }
    }
    false
}

/// Whether a folder holds the record of a run although the description of the experiment is lost. With a database beside it, the
/// same folder holds artifacts only.
fn has_runs(experiment: &Path) -> bool {
    let entries = std::fs::read_dir(experiment).into_iter().flatten().flatten().take(64);
    entries.filter(|entry| entry.file_name().to_str().is_some_and(is_run_name)).any(|entry| {
        let run = entry.path();
        ["meta.yaml", "params", "metrics", "tags"].iter().any(|part| run.join(part).symlink_metadata().is_ok())
    })
}

fn has_description(experiment: &Path) -> bool {
    super::super::text::read_text(&experiment.join("meta.yaml"), 64 << 10)
        .is_ok_and(|text| text.contains("experiment_id") || text.contains("artifact_location"))
}

/// Experiments are numbered.
pub fn is_experiment_name(name: &str) -> bool {
    !name.is_empty() && name.len() <= 24 && name.bytes().all(|byte| byte.is_ascii_digit())
}

/// Runs have 32 hexadecimal digits; very old ones may have hyphens.
pub fn is_run_name(name: &str) -> bool {
    name.bytes().filter(u8::is_ascii_hexdigit).count() == 32
        && name.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

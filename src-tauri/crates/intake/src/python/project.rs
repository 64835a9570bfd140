//! The Python files of a project, so that names can be followed from one file to another.

use std::collections::{BTreeMap, HashMap};

use proofmark_domain::artifact::RelPath;

use super::arguments::{Commands, commands_in, variables_in};
use super::syntax::{self, Parsed};

/// All Python files of a project by path, with what else tells how they are run: settings, and the command lines of Makefiles,
/// shell scripts, `dvc.yaml` and `MLproject`.
#[derive(Debug, Default)]
pub struct ProjectModules {
    modules: BTreeMap<String, Parsed>,
    documents: BTreeMap<String, serde_json::Value>,
    commands: Commands,
    columns: BTreeMap<String, Vec<String>>,
}

impl ProjectModules {
    /// Parses the files once. Those that end in `.yaml`, `.yml`, `.json` or `.toml` are kept as settings; of Makefiles, shell
    /// scripts, `dvc.yaml` and `MLproject` the command lines are kept; all others are taken for Python. A file that does not parse
    /// contributes what could be read.
    pub fn new<'t>(files: impl IntoIterator<Item = (RelPath, &'t str)>) -> Self {
        let files: Vec<(RelPath, &str)> = files.into_iter().collect();
        super::with_room(move || {
            let mut project = Self::default();
            for (path, text) in files {
                if text.len() <= syntax::LONGEST {
                    project.add(&path, text);
                }
            }
            project
        })
        .unwrap_or_default()
    }

    fn add(&mut self, path: &RelPath, text: &str) {
        let name = path.as_str().rsplit('/').next().unwrap_or("");
        let extension = path.extension();
        if matches!(name, "Makefile" | "makefile" | "GNUmakefile" | "justfile")
            || matches!(extension.as_str(), "mk" | "sh" | "bash")
        {
            commands_in(text, &variables_in(text), &mut self.commands);
            return;
        }
        let document: Option<serde_json::Value> = match extension.as_str() {
            // Aliases can make a small file huge.
            "yaml" | "yml" if text.contains(": *") || text.contains("- *") => return,
            "yaml" | "yml" => serde_yaml_ng::from_str(text).ok(),
            "json" => serde_json::from_str(text).ok(),
            "toml" => toml::from_str(text).ok(),
            _ if name == "MLproject" && !text.contains(": *") => serde_yaml_ng::from_str(text).ok(),
            _ => {
                self.modules.insert(path.as_str().to_owned(), syntax::parse(text));
                return;
            }
        };
        let Some(document) = document else { return };
        if matches!(name, "dvc.yaml" | "MLproject") {
            let mut lines = String::new();
            commands_of(&document, &mut lines, 12);
            commands_in(&lines, &HashMap::new(), &mut self.commands);
        }
        self.documents.insert(path.as_str().to_owned(), document);
    }

    /// Says which columns a file has, where that is known, so that columns are followed even when the code does not name them.
    /// The path is that of [`PathUse::pattern`](super::PathUse::pattern).
    #[must_use]
    pub fn with_columns(mut self, files: impl IntoIterator<Item = (String, Vec<String>)>) -> Self {
        self.columns.extend(files);
        self
    }

    /// The columns of a file, if they are known.
    pub(crate) fn columns(&self, path: &str) -> Option<&[String]> {
        self.columns.get(path).map(Vec::as_slice)
    }

    /// The arguments with which the project runs a script.
    pub(crate) fn commands(&self, path: &str) -> &[Vec<String>] {
        let found = self.commands.get(path);
        // `python -m package.module` from a folder above or below.
        let found = found.or_else(|| {
            self.commands.iter().find(|(other, _)| path.ends_with(&format!("/{other}"))).map(|(_, found)| found)
        });
        found.map(Vec::as_slice).unwrap_or_default()
    }

    /// The file of an imported module, as seen from `from`; the one nearest to it if several could be meant.
    pub(crate) fn find(&self, from: &str, module: &str, level: u32) -> Option<&str> {
        let folder: Vec<&str> = from.split('/').collect();
        let folder = &folder[..folder.len().saturating_sub(1)];
        let tail = module.replace('.', "/");
        let join = |parent: &[&str]| {
            let parts: Vec<&str> = parent.iter().copied().chain((!tail.is_empty()).then_some(tail.as_str())).collect();
            parts.join("/")
        };
        if level > 0 {
            let keep = folder.len().checked_sub(level as usize - 1)?;
            return self.at(&join(&folder[..keep]));
        }
        if module.is_empty() {
            return None;
        }
        // The script's own folder and then its parents, as `sys.path` and editable installations have it.
        for keep in (0..=folder.len()).rev() {
            if let Some(found) = self.at(&join(&folder[..keep])) {
                return Some(found);
            }
        }
        if let Some(found) = self.at(&format!("src/{tail}")) {
            return Some(found);
        }
        let (file, package) = (format!("/{tail}.py"), format!("/{tail}/__init__.py"));
        self.modules.keys().find(|path| path.ends_with(&file) || path.ends_with(&package)).map(String::as_str)
    }

    fn at(&self, stem: &str) -> Option<&str> {
        [format!("{stem}.py"), format!("{stem}/__init__.py")]
            .iter()
            .find_map(|path| self.modules.get_key_value(path.as_str()).map(|(path, _)| path.as_str()))
    }

    /// A parsed module by its path.
    pub(crate) fn module(&self, path: &str) -> Option<&Parsed> {
        self.modules.get(path)
    }

    /// A settings file by its path.
    pub(crate) fn document(&self, path: &str) -> Option<&serde_json::Value> {
        self.documents.get(path)
    }
}

/// All texts below a key `cmd` or `command`, a line each.
fn commands_of(document: &serde_json::Value, lines: &mut String, depth: usize) {
    let Some(depth) = depth.checked_sub(1) else { return };
    match document {
        serde_json::Value::Object(entries) => {
            for (key, value) in entries {
                match (key.as_str(), value) {
                    ("cmd" | "command", serde_json::Value::String(text)) => {
                        lines.push_str(&text.replace('\n', " "));
                        lines.push('\n');
                    }
                    ("cmd", serde_json::Value::Array(items)) => {
                        for item in items.iter().filter_map(serde_json::Value::as_str) {
                            lines.push_str(item);
                            lines.push('\n');
                        }
                    }
                    (_, value) => commands_of(value, lines, depth),
                }
            }
        }
        serde_json::Value::Array(items) => items.iter().for_each(|item| commands_of(item, lines, depth)),
        _ => {}
    }
}

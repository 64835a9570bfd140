//! The Python files of a project, so that names can be followed from one file to another.

use std::collections::BTreeMap;

use proofmark_domain::artifact::RelPath;

use super::syntax::{self, Parsed};

/// All Python files of a project by path; YAML, JSON and TOML settings may be given as well.
#[derive(Debug, Default)]
pub struct ProjectModules {
    modules: BTreeMap<String, Parsed>,
    documents: BTreeMap<String, serde_json::Value>,
}

impl ProjectModules {
    /// Parses the files once. Those that end in `.yaml`, `.yml`, `.json` or `.toml` are kept as settings, all others
    /// are taken for Python. A file that does not parse contributes what could be read.
    pub fn new<'t>(files: impl IntoIterator<Item = (RelPath, &'t str)>) -> Self {
        let files: Vec<(RelPath, &str)> = files.into_iter().collect();
        super::with_room(move || {
            let mut project = Self::default();
            for (path, text) in files {
                if text.len() > syntax::LONGEST {
                    continue;
                }
                match path.extension().as_str() {
                    "yaml" | "yml" if !text.contains(": *") && !text.contains("- *") => {
                        if let Ok(value) = serde_yaml_ng::from_str(text) {
                            project.documents.insert(path.as_str().to_owned(), value);
                        }
                    }
                    "yaml" | "yml" => {}
                    "json" => {
                        if let Ok(value) = serde_json::from_str(text) {
                            project.documents.insert(path.as_str().to_owned(), value);
                        }
                    }
                    "toml" => {
                        if let Ok(value) = toml::from_str(text) {
                            project.documents.insert(path.as_str().to_owned(), value);
                        }
                    }
                    _ => {
                        project.modules.insert(path.as_str().to_owned(), syntax::parse(text, false));
                    }
                }
            }
            project
        })
        .unwrap_or_default()
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

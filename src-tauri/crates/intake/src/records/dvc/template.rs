//! `${…}` in `dvc.yaml`.

use std::path::Path;

use serde_yaml_ng::{Mapping, Value as Yaml};

use super::super::{text, yaml};
use super::content::inside_folder;
use super::stage::text_of;

/// A file of values larger than this is not one.
const LARGEST: u64 = 16 << 20;
/// Nesting deeper than this is not resolved.
const DEEPEST: usize = 32;

/// The names that hold.
#[derive(Debug, Clone, Default)]
pub struct Context {
    values: Mapping,
    scopes: Vec<Mapping>,
}

impl Context {
    /// The names of a pipeline: `params.yaml`, and what `vars` names.
    pub fn of(document: &Yaml, folder: &Path, problems: &mut Vec<String>) -> Self {
        let mut context = Self::default();
        if let Some(Yaml::Mapping(values)) = file(&folder.join("params.yaml")) {
            context.values = values;
        }
        context.add_vars(document.get("vars"), folder, problems);
        context
    }

    /// Adds what a list of `vars` names: maps of values, and files, of which `file:a,b` takes some keys only.
    pub fn add_vars(&mut self, vars: Option<&Yaml>, folder: &Path, problems: &mut Vec<String>) {
        for var in vars.and_then(Yaml::as_sequence).into_iter().flatten() {
            match var {
                Yaml::Mapping(values) => merge(&mut self.values, values, 0),
                other => {
                    let Some(name) = text_of(other) else { continue };
                    let (name, keys) = match name.split_once(':') {
                        Some((name, keys)) => (name, keys.split(',').map(str::trim).collect()),
                        None => (name.as_str(), Vec::new()),
                    };
                    let values = inside_folder(folder, name).and_then(|path| file(&path));
                    let Some(Yaml::Mapping(values)) = values else {
                        problems.push(format!("The values of {name}, which `vars` names, cannot be read; what depends on them stays as it is written."));
                        continue;
                    };
                    let chosen: Mapping = values
                        .into_iter()
                        .filter(|(key, _)| {
                            keys.is_empty() || text_of(key).is_some_and(|key| keys.contains(&key.as_str()))
                        })
                        .collect();
                    merge(&mut self.values, &chosen, 0);
                }
            }
        }
    }

    /// Names that hold until [`Context::leave`].
    pub fn enter(&mut self, scope: Mapping) {
        self.scopes.push(scope);
    }

    /// Forgets the names of the last [`Context::enter`].
    pub fn leave(&mut self) {
        self.scopes.pop();
    }

    /// A value that may be one `${…}` as a whole, which stands for a list or a map.
    pub fn whole(&self, value: &Yaml) -> Yaml {
        if let Yaml::String(text) = value
            && let Some(name) = text.trim().strip_prefix("${").and_then(|it| it.strip_suffix('}'))
            && let Some(found) = self.find(name)
        {
            return found.clone();
        }
        resolve(value, self)
    }

    fn find(&self, path: &str) -> Option<&Yaml> {
        let path = path.trim();
        self.scopes.iter().rev().chain([&self.values]).find_map(|scope| {
            let mut parts = path.split(['.', '[', ']']).filter(|part| !part.is_empty());
            let mut value = scope.get(parts.next()?)?;
            for part in parts {
                value = match value {
                    Yaml::Sequence(list) => list.get(part.parse::<usize>().ok()?)?,
                    other => other.get(part)?,
                };
            }
            Some(value)
        })
    }

    /// Writes out the `${…}` of a text. What is not known stays as it is written; `\${` stands for itself.
    fn text(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find("${") {
            let (before, from) = rest.split_at(at);
            if let Some(escaped) = before.strip_suffix('\\') {
                out.push_str(escaped);
                out.push_str("${");
                rest = &from[2..];
                continue;
            }
            out.push_str(before);
            let Some(end) = from.find('}') else {
                out.push_str(from);
                return out;
            };
            match self.find(&from[2..end]) {
                Some(value) => out.push_str(&plain(value)),
                None => out.push_str(&from[..=end]),
            }
            rest = &from[end + 1..];
        }
        out.push_str(rest);
        out
    }
}

/// A value inside of a text: a list by its members, a map as options of a command.
fn plain(value: &Yaml) -> String {
    match value {
        Yaml::Sequence(list) => list.iter().map(plain).collect::<Vec<_>>().join(" "),
        Yaml::Mapping(map) => map
            .iter()
            .filter_map(|(key, value)| {
                let key = text_of(key)?;
                Some(match value {
                    Yaml::Bool(true) => format!("--{key}"),
                    Yaml::Bool(false) => format!("--no-{key}"),
                    other => format!("--{key} {}", plain(other)),
                })
            })
            .collect::<Vec<_>>()
            .join(" "),
        Yaml::Null => String::new(),
        other => text_of(other).unwrap_or_default(),
    }
}

/// A definition with its `${…}` written out, in keys as well.
pub fn resolve(value: &Yaml, context: &Context) -> Yaml {
    fn within(value: &Yaml, context: &Context, depth: usize) -> Yaml {
        if depth > DEEPEST {
            return Yaml::Null;
        }
        match value {
            Yaml::String(text) => Yaml::String(context.text(text)),
            Yaml::Sequence(list) => Yaml::Sequence(list.iter().map(|it| within(it, context, depth + 1)).collect()),
            Yaml::Mapping(map) => Yaml::Mapping(
                map.iter().map(|(key, it)| (within(key, context, depth + 1), within(it, context, depth + 1))).collect(),
            ),
            other => other.clone(),
        }
    }
    within(value, context, 0)
}

fn merge(into: &mut Mapping, from: &Mapping, depth: usize) {
    for (key, value) in from {
        match (into.get_mut(key), value) {
            (Some(Yaml::Mapping(old)), Yaml::Mapping(new)) if depth < DEEPEST => merge(old, new, depth + 1),
            _ => {
                into.insert(key.clone(), value.clone());
            }
        }
    }
}

/// The values of a file: YAML or JSON (which YAML contains), TOML, or the constants of a Python file.
pub fn file(path: &Path) -> Option<Yaml> {
    let text = text::read_text(path, LARGEST).ok()?;
    match path.extension().and_then(|it| it.to_str()) {
        Some("toml") => {
            let table: toml::Table = text.parse().ok()?;
            serde_yaml_ng::to_value(table).ok()
        }
        Some("py") => Some(Yaml::Mapping(constants(&text))),
        Some("json") => {
            let value: serde_json::Value = serde_json::from_str(&text).ok()?;
            serde_yaml_ng::to_value(value).ok()
        }
        _ => yaml::read(&text).ok(),
    }
}

/// `NAME = value` at the beginning of a line, where the value is a literal that JSON has as well.
fn constants(text: &str) -> Mapping {
    let mut found = Mapping::new();
    for line in text.lines().take(100_000) {
        let Some((name, value)) = line.split_once('=') else { continue };
        let name = name.split(':').next().unwrap_or(name);
        if line.starts_with(char::is_whitespace) || !name.trim().chars().all(|it| it.is_alphanumeric() || it == '_') {
            continue;
        }
        let value = value.split(" #").next().unwrap_or(value).trim().replace('\'', "\"");
        let value = match value.as_str() {
            "True" => "true",
            "False" => "false",
            "None" => "null",
            other => other,
        };
        if let Ok(value) = serde_json::from_str::<serde_json::Value>(value)
            && let Ok(value) = serde_yaml_ng::to_value(value)
        {
            found.insert(Yaml::String(name.trim().to_owned()), value);
        }
    }
    found
}

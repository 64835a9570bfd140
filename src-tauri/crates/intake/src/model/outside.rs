//! Weights that an ONNX model keeps in other files.
//!
//! Such a file is nothing but numbers in a row: whoever loads the model takes bytes out of it and runs none of them. So it can be
//! vouched for where it is an ordinary file of the model's own folder that is as long as the model says.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path};

use super::protobuf::{Field, fields};

/// The files, with the length in bytes that the model needs of each.
#[derive(Debug, Default)]
pub(crate) struct Outside {
    needed: BTreeMap<String, u64>,
    /// Places that do not read.
    malformed: Vec<String>,
}

impl Outside {
    /// Takes note of where a tensor keeps its values, if that is another file.
    pub(crate) fn note(&mut self, tensor: &[(u64, Field<'_>)]) {
        let mut place = BTreeMap::new();
        for (_, entry) in tensor.iter().filter(|(number, _)| *number == 13) {
            let parts = fields(entry.bytes()).unwrap_or_default();
            let part = |wanted: u64| parts.iter().find(|(number, _)| *number == wanted).map(|(_, field)| field.text());
            place.insert(part(1).unwrap_or_default(), part(2).unwrap_or_default());
        }
        let Some(location) = place.remove("location") else { return };
        let location = plain(&location);
        let number = |name: &str| place.get(name).map_or(Some(0), |text| text.trim().parse::<u64>().ok());
        match (number("offset"), number("length")) {
            (Some(offset), Some(length)) => {
                let needed = self.needed.entry(location).or_default();
                *needed = (*needed).max(offset.saturating_add(length));
            }
            _ => {
                self.malformed.push(location.clone());
                self.needed.entry(location).or_default();
            }
        }
    }

    /// Names of the files, as the model gives them.
    pub(crate) fn files(self) -> Vec<String> {
        self.needed.into_keys().collect()
    }

    /// Why the weights cannot be vouched for, one reason each; none where every file lies in `folder` as the model needs it.
    pub(crate) fn troubles(&self, folder: Option<&Path>) -> Vec<String> {
        let malformed = self.malformed.iter().map(|file| format!("where weights lie in {file} is no number"));
        let found = self.needed.iter().filter_map(|(file, needed)| trouble(folder, file, *needed));
        malformed.chain(found).collect()
    }
}

/// A place without the steps that lead nowhere: `./part.weights` is `part.weights`.
fn plain(location: &str) -> String {
    location.split('/').filter(|it| *it != ".").collect::<Vec<_>>().join("/")
}

fn trouble(folder: Option<&Path>, file: &str, needed: u64) -> Option<String> {
    let Some(folder) = folder else {
        return Some(format!("weights lie in another file, {file}, which was not looked for"));
    };
    let parts = Path::new(file).components();
    let inside = !file.is_empty() && !file.contains('\\') && parts.clone().all(|it| matches!(it, Component::Normal(_)));
    if !inside {
        return Some(format!("weights lie outside of the model's folder, in {file}"));
    }
    // A link anywhere on the way could lead out of the folder.
    let mut path = folder.to_path_buf();
    let mut last = None;
    for part in parts {
        path.push(part);
        match fs::symlink_metadata(&path) {
            Ok(metadata) if metadata.is_symlink() => {
                return Some(format!("weights lie behind a link, {file}, which could lead anywhere"));
            }
            Ok(metadata) => last = Some(metadata),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Some(format!("weights lie in another file, {file}, which is not there"));
            }
            Err(error) => {
                return Some(format!("weights lie in another file, {file}, which cannot be looked at: {error}"));
            }
        }
    }
    match last {
        Some(metadata) if !metadata.is_file() => Some(format!("weights lie in {file}, which is no file")),
        Some(metadata) if metadata.len() < needed => {
            let there = metadata.len();
            Some(format!("weights lie in {file}, which is cut short: {there} of {needed} bytes"))
        }
        _ => None,
    }
}

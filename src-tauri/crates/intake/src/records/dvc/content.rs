//! Whether files still hold the bytes that DVC recorded, and the values in files of parameters and metrics.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Component, Path, PathBuf};

use md5::{Digest as _, Md5};
use serde_json::Value;
use serde_yaml_ng::Value as Yaml;

use super::lock::Entry;
use super::template;
use crate::files::platform::{open_for_reading, stat_of};

/// Larger files are compared by their size only.
const LARGEST_COMPARED: u64 = 8 << 30;
/// Files of a folder that are looked at.
const MOST_FILES: usize = 20_000;
/// Values of one file.
const MOST_VALUES: usize = 5_000;

/// What has become of recorded bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// They lie there.
    Same,
    /// Too large to compare, and of the same size.
    SameSize,
    /// Something lies there, and the record gives nothing to compare.
    NotCompared,
    /// Other bytes lie there; the recorded ones are in the cache.
    ChangedButCached,
    /// Other bytes lie there.
    Changed,
    /// Nothing lies there; the recorded ones are in the cache.
    OnlyCached,
    /// Nothing lies there.
    Missing,
}

impl State {
    /// In words, for the evidence of an edge.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Same => "the file holds the recorded bytes",
            Self::SameSize => "the file has the recorded size and is too large to compare",
            Self::NotCompared => "the record has no digest to compare",
            Self::ChangedButCached => "the file has changed since; the recorded bytes are in DVC's cache",
            Self::Changed => "the file has changed since",
            Self::OnlyCached => "the file is not there; the recorded bytes are in DVC's cache",
            Self::Missing => "the file is not there, and not in DVC's cache",
        }
    }
}

/// DVC's store of file contents.
#[derive(Debug, Default)]
pub struct Cache {
    folder: Option<PathBuf>,
}

impl Cache {
    /// The cache of the repository that contains `folder`.
    pub fn of(root: &Path, folder: &Path) -> Self {
        let home = folder.ancestors().take_while(|it| it.starts_with(root)).find(|it| it.join(".dvc").is_dir());
        let configured = home.and_then(|home| {
            ["config.local", "config"].iter().find_map(|name| {
                let text = super::super::text::read_text(&home.join(".dvc").join(name), 1 << 20).ok()?;
                let mut in_cache = false;
                text.lines().find_map(|line| {
                    let line = line.trim();
                    if line.starts_with('[') {
                        in_cache = line == "[cache]";
                    }
                    let (key, value) = line.split_once('=')?;
                    (in_cache && key.trim() == "dir").then(|| home.join(".dvc").join(value.trim()))
                })
            })
        });
        Self { folder: configured.or_else(|| home.map(|home| home.join(".dvc/cache"))) }
    }

    /// Where recorded bytes lie in the cache, if they do.
    fn object(&self, entry: &Entry) -> Option<PathBuf> {
        let (kind, hash) = entry.hash.as_ref()?;
        if *kind != "md5" || hash.len() < 32 || !hash.is_ascii() || hash.contains(['/', '\\']) {
            return None;
        }
        let folder = self.folder.as_ref()?;
        let (first, rest) = hash.split_at(2);
        [folder.join("files/md5").join(first).join(rest), folder.join(first).join(rest)]
            .into_iter()
            .find(|it| it.is_file())
    }

    /// What has become of the recorded bytes.
    pub fn state_of(&self, place: &Path, entry: &Entry) -> State {
        let cached = self.object(entry).is_some();
        let gone = if cached { State::OnlyCached } else { State::Missing };
        let changed = if cached { State::ChangedButCached } else { State::Changed };
        let Ok(facts) = place.metadata() else { return gone };
        let hash = match &entry.hash {
            Some(("md5", hash)) => hash,
            _ => return State::NotCompared,
        };
        if facts.is_dir() {
            let Some(recorded) = hash.strip_suffix(".dir") else { return changed };
            let (files, size) = contents(place);
            if entry.files.is_some_and(|it| it != files.len() as u64) || entry.size.is_some_and(|it| it != size) {
                return changed;
            }
            if size > LARGEST_COMPARED || files.len() >= MOST_FILES {
                return State::SameSize;
            }
            return if folder_md5(place, &files, entry.is_legacy).is_some_and(|it| it == recorded) {
                State::Same
            } else {
                changed
            };
        }
        if hash.ends_with(".dir") {
            return changed;
        }
        // With Unix line ends a text is smaller than it lies there, and its recorded size is that of the file.
        if entry.size.is_some_and(|size| size != facts.len()) {
            return changed;
        }
        if facts.len() > LARGEST_COMPARED {
            return State::SameSize;
        }
        match file_md5(place, entry.is_legacy) {
            Some(found) if found == *hash => State::Same,
            _ => changed,
        }
    }

    /// The values of a file of metrics as they were recorded: from the file if it is unchanged, else from the cache.
    pub fn values_of(&self, place: &Path, entry: Option<&Entry>) -> Option<Yaml> {
        let Some(entry) = entry else { return values_of(place) };
        match self.state_of(place, entry) {
            State::Same | State::NotCompared | State::SameSize => values_of(place),
            _ => {
                let object = self.object(entry)?;
                // The object has no ending that tells its format; JSON is YAML, too.
                let text = super::super::text::read_text(&object, 16 << 20).ok()?;
                match place.extension().and_then(|it| it.to_str()) {
                    Some("toml") => serde_yaml_ng::to_value(text.parse::<toml::Table>().ok()?).ok(),
                    _ => super::super::yaml::read(&text).ok(),
                }
            }
        }
    }
}

/// The values of a file, of any format in which people keep parameters and metrics.
pub fn values_of(place: &Path) -> Option<Yaml> {
    template::file(place)
}

/// Single values by name, those of nested maps with dots between.
pub fn flat(values: &Yaml) -> BTreeMap<String, Value> {
    fn collect(prefix: &str, value: &Yaml, into: &mut BTreeMap<String, Value>, depth: usize) {
        if into.len() >= MOST_VALUES || depth > 16 {
            return;
        }
        match value {
            Yaml::Mapping(map) => {
                for (key, value) in map {
                    let Some(key) = super::stage::text_of(key) else { continue };
                    let name = if prefix.is_empty() { key } else { format!("{prefix}.{key}") };
                    collect(&name, value, into, depth + 1);
                }
            }
            other => {
                if let Ok(value) = serde_json::to_value(other) {
                    into.insert(prefix.to_owned(), value);
                }
            }
        }
    }
    let mut found = BTreeMap::new();
    collect("", values, &mut found, 0);
    found.remove("");
    found
}

/// The values at `keys`, or all of them.
pub fn chosen(values: &Yaml, keys: &[String]) -> BTreeMap<String, Value> {
    if keys.is_empty() {
        return flat(values);
    }
    let mut found = BTreeMap::new();
    for key in keys {
        let value = key.split('.').try_fold(values, |value, part| value.get(part));
        match value {
            Some(value @ Yaml::Mapping(_)) => {
                found.extend(flat(value).into_iter().map(|(name, value)| (format!("{key}.{name}"), value)));
            }
            Some(value) => {
                if let Ok(value) = serde_json::to_value(value) {
                    found.insert(key.clone(), value);
                }
            }
            None => {}
        }
    }
    found
}

/// A path without `.` and `..`, if it stays inside the project.
pub fn inside(root: &Path, path: &Path) -> Option<PathBuf> {
    let mut clean = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                clean.pop();
            }
            Component::CurDir => {}
            other => clean.push(other),
        }
    }
    clean.starts_with(root).then_some(clean)
}

/// A file below a folder, named by a relative path.
pub fn inside_folder(folder: &Path, name: &str) -> Option<PathBuf> {
    // Files of a parent folder may be named; links and absolute paths are read like any other file of the person's.
    let path = folder.join(name);
    (!Path::new(name).is_absolute()).then_some(path)
}

/// Size and time of a file, or of the files of a folder: what tells that they may have changed.
pub fn stat_text(place: &Path) -> String {
    let Ok(facts) = place.metadata() else { return "-".to_owned() };
    if facts.is_file() {
        return format!("{} {}", facts.len(), stat_of(&facts).mtime_ns);
    }
    let (files, _) = contents(place);
    let mut text = String::new();
    for (name, path) in files {
        if let Ok(facts) = path.metadata() {
            text.push_str(&format!("{name} {} {}\n", facts.len(), stat_of(&facts).mtime_ns));
        }
    }
    text
}

/// The files of a folder by their path in it, and the sum of their sizes.
fn contents(folder: &Path) -> (BTreeMap<String, PathBuf>, u64) {
    let (mut files, mut size) = (BTreeMap::new(), 0);
    let mut waiting = vec![(String::new(), folder.to_owned(), 0)];
    while let Some((prefix, folder, depth)) = waiting.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
            let Ok(facts) = entry.path().metadata() else { continue };
            if facts.is_dir() {
                if depth < 64 {
                    waiting.push((format!("{name}/"), entry.path(), depth + 1));
                }
            } else if files.len() < MOST_FILES {
                size += facts.len();
                files.insert(name, entry.path());
            }
        }
    }
    (files, size)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The MD5 of a file. DVC before version 3 gave texts Unix line ends first.
fn file_md5(path: &Path, legacy: bool) -> Option<String> {
    let mut file = open_for_reading(path).ok()?;
    let mut hash = Md5::new();
    let mut buffer = vec![0_u8; 1 << 20];
    let mut is_text = None;
    loop {
        let count = file.read(&mut buffer).ok()?;
        if count == 0 {
            return Some(hex(&hash.finalize()));
        }
        let chunk = &buffer[..count];
        if legacy && *is_text.get_or_insert_with(|| looks_like_text(&chunk[..count.min(512)])) {
            // DVC replaces within chunks as well, so a pair that is cut in two stays; its chunks are of the same size.
            let mut unix = Vec::with_capacity(count);
            let mut bytes = chunk.iter().peekable();
            while let Some(byte) = bytes.next() {
                if *byte != b'\r' || bytes.peek() != Some(&&b'\n') {
                    unix.push(*byte);
                }
            }
            hash.update(&unix);
        } else {
            hash.update(chunk);
        }
    }
}

/// DVC's own rule: no zero byte, and at most three in ten bytes that texts do not have, among the first 512.
fn looks_like_text(head: &[u8]) -> bool {
    if head.contains(&0) {
        return false;
    }
    let text = |byte: &u8| (32..127).contains(byte) || matches!(byte, b'\n' | b'\r' | b'\t' | 0x0c | 0x08);
    let other = head.iter().filter(|byte| !text(byte)).count();
    head.is_empty() || other * 10 <= head.len() * 3
}

/// The MD5 of a folder: that of the JSON list of its files with their MD5s.
fn folder_md5(_folder: &Path, files: &BTreeMap<String, PathBuf>, legacy: bool) -> Option<String> {
    // Sorted by the parts of the path, as Python sorts tuples of them.
    let mut names: Vec<(&String, &PathBuf)> = files.iter().collect();
    names.sort_by(|a, b| a.0.split('/').cmp(b.0.split('/')));
    let mut json = String::from("[");
    for (index, (name, path)) in names.into_iter().enumerate() {
        if index > 0 {
            json.push_str(", ");
        }
        let name = ascii_json(name);
        json.push_str(&format!("{{\"md5\": \"{}\", \"relpath\": {name}}}", file_md5(path, legacy)?));
    }
    json.push(']');
    Some(hex(&Md5::digest(json.as_bytes())))
}

/// A text as Python's `json.dumps` writes it: everything beyond ASCII escaped.
fn ascii_json(text: &str) -> String {
    let mut out = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            ' '..='~' => out.push(character),
            other => {
                let mut units = [0_u16; 2];
                for unit in other.encode_utf16(&mut units) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    out.push('"');
    out
}

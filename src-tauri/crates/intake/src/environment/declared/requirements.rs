//! `requirements.txt` of pip, and single requirements (PEP 508).

use std::path::Path;

use super::{Declared, LARGEST, MOST_INCLUDES, Requirement};
use crate::records::read_text;

/// Reads a file with the files that it includes, as long as those lie below the same folder or beside it.
pub fn file(text: &str, path: &Path) -> Declared {
    let mut declared = Declared::default();
    let mut open = vec![path.to_owned()];
    read(text, path, &mut declared, &mut open, false);
    let pinned = |it: &Requirement| it.version.is_some();
    declared.is_locked = !declared.packages.is_empty() && declared.packages.values().all(pinned);
    declared
}

fn read(text: &str, path: &Path, declared: &mut Declared, open: &mut Vec<std::path::PathBuf>, constraints: bool) {
    // A backslash at its end continues a line.
    let text = text.trim_start_matches('\u{feff}').replace("\\\r\n", " ").replace("\\\n", " ");
    for line in text.lines() {
        let line = without_comment(line);
        if line.is_empty() {
            continue;
        }
        let mut words = line.split_whitespace();
        let first = words.next().unwrap_or_default();
        let (option, value) = match first.split_once('=') {
            Some((option, value)) if first.starts_with("--") => (option, value.to_owned()),
            _ => (first, words.collect::<Vec<_>>().join(" ")),
        };
        match option {
            "-r" | "--requirement" | "-c" | "--constraint" => {
                include(&value, path, declared, open, constraints || matches!(option, "-c" | "--constraint"));
            }
            "-e" | "--editable" => add(&value, declared, constraints),
            _ if option.starts_with('-') => {}
            _ => add(line, declared, constraints),
        }
    }
}

fn include(name: &str, from: &Path, declared: &mut Declared, open: &mut Vec<std::path::PathBuf>, constraints: bool) {
    if name.contains("://") {
        declared.problems.push(format!("{name} is not downloaded; what it asks for is not known."));
        return;
    }
    let path = from.parent().unwrap_or(Path::new(".")).join(name);
    if open.len() >= MOST_INCLUDES || open.contains(&path) || Path::new(name).is_absolute() {
        declared.problems.push(format!("{name} was not read a second time, or lies outside of the project."));
        return;
    }
    match read_text(&path, LARGEST) {
        Ok(text) => {
            open.push(path.clone());
            read(&text, &path, declared, open, constraints);
        }
        Err(why) => declared.problems.push(format!("{name}, which is included, cannot be read: {why}.")),
    }
}

fn add(line: &str, declared: &mut Declared, constraints: bool) {
    match requirement(line) {
        // A constraint asks for nothing; it only says which version, if something else asks.
        Some((name, it)) if constraints => {
            if let Some(known) = declared.packages.get_mut(&super::normal_name(&name)) {
                known.version = known.version.take().or(it.version);
            }
        }
        Some((name, it)) => declared.add(&name, it),
        None => declared.problems.push(format!("`{}` is no requirement.", line.chars().take(80).collect::<String>())),
    }
}

/// A `#` begins a comment at the start of a line or behind a blank; elsewhere it belongs to a URL.
fn without_comment(line: &str) -> &str {
    let line = line.trim();
    if line.starts_with('#') {
        return "";
    }
    match line.find(" #").or_else(|| line.find("\t#")) {
        Some(at) => line[..at].trim(),
        None => line,
    }
}

/// Reads a requirement such as `uvicorn[standard]>=0.20,<1 ; python_version > "3.8" --hash=sha256:…`, `name @ url`, or a URL.
pub fn requirement(text: &str) -> Option<(String, Requirement)> {
    let text = text.split(" --").next().unwrap_or(text).trim();
    if let Some(found) = of_url(text) {
        return Some(found);
    }
    let (text, marker) = match text.split_once(';') {
        Some((text, marker)) => (text.trim(), Some(marker.trim().to_owned()).filter(|it| !it.is_empty())),
        None => (text, None),
    };
    let end = text.find(|c: char| !(c.is_alphanumeric() || matches!(c, '-' | '_' | '.'))).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    if name.is_empty() || !name.starts_with(|c: char| c.is_alphanumeric()) {
        return None;
    }
    let rest = rest.trim();
    let (extras, rest) = match rest.strip_prefix('[').and_then(|it| it.split_once(']')) {
        Some((extras, rest)) => {
            (extras.split(',').map(|it| it.trim().to_owned()).filter(|it| !it.is_empty()).collect(), rest.trim())
        }
        None => (Vec::new(), rest),
    };
    if let Some(source) = rest.strip_prefix('@') {
        let requirement =
            Requirement { extras, marker, source: Some(source.trim().to_owned()), ..Requirement::default() };
        return Some((name.to_owned(), requirement));
    }
    let specifier = rest.trim_start_matches('(').trim_end_matches(')').replace(' ', "");
    if !specifier.is_empty() && !specifier.starts_with(['=', '<', '>', '!', '~']) {
        return None;
    }
    Some((name.to_owned(), Requirement { version: exact(&specifier), specifier, extras, marker, source: None }))
}

/// The version that `==1.2` or `===1.2` names; a pattern such as `==1.*` names none.
pub fn exact(specifier: &str) -> Option<String> {
    specifier.split(',').find_map(|part| {
        let version = part.trim().strip_prefix("===").or_else(|| part.trim().strip_prefix("=="))?;
        (!version.contains('*') && !version.is_empty()).then(|| version.trim().to_owned())
    })
}

/// `git+https://host/name.git@v1.2#egg=name`, a wheel by its URL, or a path.
fn of_url(text: &str) -> Option<(String, Requirement)> {
    let is_place = text.contains("://") && !text.contains(" @")
        || text.starts_with("./")
        || text.starts_with("../")
        || text.starts_with("file:");
    if !is_place {
        return None;
    }
    let (text, marker) = match text.split_once(" ;") {
        Some((text, marker)) => (text.trim(), Some(marker.trim().to_owned())),
        None => (text, None),
    };
    let (place, fragment) = text.split_once('#').unwrap_or((text, ""));
    let egg = fragment.split('&').find_map(|it| it.strip_prefix("egg="));
    let last = place.trim_end_matches('/').rsplit('/').next().unwrap_or(place);
    let mut version = None;
    let name = match egg {
        Some(egg) => egg.split('[').next().unwrap_or(egg).to_owned(),
        None if last.ends_with(".whl") => {
            let mut parts = last.split('-');
            let name = parts.next().unwrap_or(last).to_owned();
            version = parts.next().map(str::to_owned);
            name
        }
        None => last.split('@').next().unwrap_or(last).trim_end_matches(".git").to_owned(),
    };
    Some((name, Requirement { version, marker, source: Some(text.to_owned()), ..Requirement::default() }))
}

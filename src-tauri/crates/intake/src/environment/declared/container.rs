//! Container files: the image that they begin with, and what pip and conda install in them.

use std::path::Path;

use super::requirements::requirement;
use super::{Declared, LARGEST, MOST_INCLUDES, requirements};
use crate::records::read_text;

/// A `Dockerfile`. Of several stages the last counts, as it is the one that an image is made of.
pub fn dockerfile(text: &str, path: &Path) -> Declared {
    let mut declared = Declared::default();
    let mut arguments: Vec<(String, String)> = Vec::new();
    let mut included = 0;
    for line in instructions(text) {
        let Some((word, rest)) = line.split_once(char::is_whitespace) else { continue };
        let rest = with_arguments(rest.trim(), &arguments);
        match word.to_uppercase().as_str() {
            "ARG" | "ENV" => {
                if let Some((name, value)) = rest.split_once('=') {
                    arguments.push((name.trim().to_owned(), value.trim().trim_matches('"').to_owned()));
                }
            }
            "FROM" => {
                let image = rest.split_whitespace().find(|it| !it.starts_with("--")).unwrap_or_default().to_owned();
                declared.python = python_of_image(&image).or(declared.python.take());
                declared.base_image = Some(image);
            }
            "RUN" => {
                for command in rest.split("&&").flat_map(|it| it.split(';')) {
                    installs(command, path, &mut declared, &mut included);
                }
            }
            _ => {}
        }
    }
    declared
}

/// Instructions with continued lines put together, without comments.
fn instructions(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut current = String::new();
    for line in text.lines() {
        let trimmed = line.trim();
        if trimmed.starts_with('#') || (trimmed.is_empty() && current.is_empty()) {
            continue;
        }
        match trimmed.strip_suffix('\\') {
            Some(part) => {
                current.push_str(part);
                current.push(' ');
            }
            None => {
                current.push_str(trimmed);
                found.push(std::mem::take(&mut current));
            }
        }
    }
    found.push(current);
    found
}

fn with_arguments(text: &str, arguments: &[(String, String)]) -> String {
    let mut text = text.to_owned();
    for (name, value) in arguments.iter().rev() {
        if text.contains('$') && text.len() < 64 << 10 {
            text = text.replace(&format!("${{{name}}}"), value).replace(&format!("${name}"), value);
        }
    }
    text
}

/// `python:3.11.7-slim` names its Python.
fn python_of_image(image: &str) -> Option<String> {
    let (name, tag) = image.split('@').next()?.rsplit_once(':')?;
    if name.rsplit('/').next()? != "python" {
        return None;
    }
    let version = tag.split('-').next()?;
    version.starts_with(|c: char| c.is_ascii_digit()).then(|| version.to_owned())
}

fn installs(command: &str, path: &Path, declared: &mut Declared, included: &mut usize) {
    let words: Vec<&str> = command.split_whitespace().map(|it| it.trim_matches(['"', '\''])).collect();
    let Some(at) = words.iter().position(|it| *it == "install") else { return };
    let is_pip = words[..at].iter().any(|it| *it == "pip" || *it == "pip3" || it.ends_with("/pip"));
    if !is_pip {
        return;
    }
    let mut words = words[at + 1..].iter();
    while let Some(word) = words.next() {
        match *word {
            "-r" | "--requirement" => {
                let Some(name) = words.next() else { return };
                let file = Path::new(name).file_name().unwrap_or_default();
                let place = path.parent().unwrap_or(Path::new(".")).join(file);
                *included += 1;
                if *included < MOST_INCLUDES
                    && let Ok(text) = read_text(&place, LARGEST)
                {
                    declared.merge(requirements::file(&text, &place));
                }
            }
            "-i" | "--index-url" | "--extra-index-url" | "-f" | "--find-links" | "-c" | "--constraint" | "-t"
            | "--target" => {
                words.next();
            }
            word if word.starts_with('-') || word == "." => {}
            word => {
                if let Some((name, it)) = requirement(word) {
                    declared.add(&name, it);
                }
            }
        }
    }
}

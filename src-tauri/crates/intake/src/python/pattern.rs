//! Path patterns: text in which `*` stands for what cannot be known.

use super::values::HOLE;

/// Joins as `pathlib` and `os.path.join` do: an absolute part starts anew.
pub(crate) fn join(left: &str, right: &str) -> String {
    if left.is_empty() || is_absolute(right) {
        return right.to_owned();
    }
    if right.is_empty() {
        return left.to_owned();
    }
    format!("{}/{right}", left.trim_end_matches('/'))
}

/// Whether a path starts at the root of a file system or names another place altogether.
pub(crate) fn is_absolute(path: &str) -> bool {
    path.starts_with(['/', '\\', '~'])
        || path.contains("://")
        || path.get(1..3).is_some_and(|rest| rest == ":\\" || rest == ":/")
}

/// Takes `.` and `..` out. What leads out of the project keeps its leading `..`.
pub(crate) fn normal(path: &str) -> String {
    if path.contains("://") {
        return path.to_owned();
    }
    let slashes = path.replace('\\', "/");
    let absolute = slashes.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in slashes.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            other => parts.push(other),
        }
    }
    format!("{}{}", if absolute { "/" } else { "" }, parts.join("/"))
}

/// The path without its last part.
pub(crate) fn parent(path: &str) -> String {
    let path = path.trim_end_matches('/');
    match path.rsplit_once('/') {
        Some(("", _)) => "/".to_owned(),
        Some((parent, _)) => parent.to_owned(),
        None if path.is_empty() || path == "." => "..".to_owned(),
        None => String::new(),
    }
}

/// The last part of the path.
pub(crate) fn name(path: &str) -> &str {
    path.trim_end_matches('/').rsplit('/').next().unwrap_or(path)
}

/// Replaces runs of unknown parts by one.
pub(crate) fn squeeze(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter != HOLE || !result.ends_with(HOLE) {
            result.push(letter);
        }
    }
    result
}

/// Replaces runs of `*` by one.
pub(crate) fn squeeze_to_star(pattern: &str) -> String {
    let mut text = String::with_capacity(pattern.len());
    for letter in pattern.chars() {
        if letter != '*' || !text.ends_with('*') {
            text.push(letter);
        }
    }
    text
}

/// Whether anything but wildcards and separators is left.
pub(crate) fn says_something(pattern: &str) -> bool {
    let bare: String = pattern.chars().filter(|letter| letter.is_alphanumeric()).collect();
    if bare.is_empty() {
        return false;
    }
    // A lone ending, such as `*.csv`, fits half of the project.
    let file = name(pattern);
    !(file == pattern && file.starts_with("*.") && !file[2..].contains('*'))
}

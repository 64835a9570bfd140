//! Which files of the project a path in a script can mean.

use super::scene::{SceneFile, View};

/// How well a path fits a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fit {
    /// Nothing but the ending, or not even that.
    Ending,
    /// The file's name, in another folder than the script says.
    NameOnly,
    /// The folder and the ending.
    Folder,
    /// A part of the name that is written out, and the ending.
    Part,
    /// The end of an absolute path that names another machine's folder.
    Elsewhere,
    /// Written out, but two folders can be meant: the project's and the script's.
    TwoPlaces,
    /// Written out.
    Whole,
}

impl Fit {
    /// Log-odds that the file is meant, against all that could be meant instead.
    pub(super) const fn weight(self) -> f64 {
        match self {
            Self::Whole => 3.0,
            Self::Elsewhere => 2.0,
            Self::Part => 1.5,
            Self::TwoPlaces => -0.1,
            Self::Folder => -0.4,
            Self::NameOnly => -0.6,
            Self::Ending => -2.5,
        }
    }

    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::Whole => "the path is written out",
            Self::Elsewhere => "the path of another machine ends like it",
            Self::Part => "a part of the path is not known, the rest fits",
            Self::TwoPlaces => {
                "the path fits, but another file can be meant: relative to the project, or to the script"
            }
            Self::Folder => "only folder and ending are known",
            Self::NameOnly => "the name fits, the folder does not",
            Self::Ending => "hardly anything of the path is known",
        }
    }
}

/// The files that a pattern in a script can mean; `folder` is that of the script.
pub(super) fn fits<'s>(view: &View<'s>, folder: &str, pattern: &str) -> Vec<(&'s SceneFile, Fit)> {
    let pattern = pattern.trim_end_matches('/');
    if pattern.contains("://") && !pattern.starts_with("file://") {
        return Vec::new();
    }
    let pattern = pattern.strip_prefix("file://").unwrap_or(pattern).replace('\\', "/");
    if pattern.starts_with('/') || pattern.starts_with('~') || pattern.get(1..2) == Some(":") {
        return of_absolute(view, &pattern);
    }
    let mut readings: Vec<String> = Vec::new();
    for base in ["", folder] {
        if let Some(reading) = joined(base, &pattern)
            && !readings.contains(&reading)
        {
            readings.push(reading);
        }
    }
    let mut found: Vec<Vec<(&SceneFile, Fit)>> =
        readings.iter().map(|reading| of_relative(view, reading)).filter(|it| !it.is_empty()).collect();
    match found.len() {
        0 if !pattern.contains('*') => {
            let name = pattern.rsplit('/').next().unwrap_or(&pattern);
            let named = view.by_name.get(name).map(Vec::as_slice).unwrap_or_default();
            named.iter().map(|file| (*file, Fit::NameOnly)).collect()
        }
        0 => Vec::new(),
        1 => found.pop().unwrap_or_default(),
        _ => found
            .into_iter()
            .flatten()
            .map(|(file, fit)| (file, if fit == Fit::Whole { Fit::TwoPlaces } else { fit }))
            .collect(),
    }
}

/// Whether a path in a script can mean a file of which it is known that the script's run touched it: relative to the project, to
/// the script, or the end of another machine's path.
pub fn can_mean(script: &str, pattern: &str, path: &str) -> bool {
    let pattern = pattern.trim_end_matches('/').strip_prefix("file://").unwrap_or(pattern).replace('\\', "/");
    let like = |reading: &str| {
        is_like(reading, path)
            || path.strip_prefix(reading).is_some_and(|rest| !reading.is_empty() && rest.starts_with('/'))
    };
    if pattern.starts_with(['/', '~']) || pattern.get(1..2) == Some(":") {
        let parts: Vec<&str> = pattern.split('/').filter(|part| !part.is_empty()).collect();
        return is_like(&pattern, path) || (1..parts.len()).any(|skip| like(&parts[skip..].join("/")));
    }
    let folder = script.rsplit_once('/').map_or("", |(folder, _)| folder);
    ["", folder].iter().any(|base| joined(base, &pattern).is_some_and(|reading| like(&reading)))
}

/// A relative path from a folder, without `.` and `..`; `None` if it leaves the project.
fn joined(folder: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            other => parts.push(other),
        }
    }
    Some(parts.join("/"))
}

fn of_relative<'s>(view: &View<'s>, pattern: &str) -> Vec<(&'s SceneFile, Fit)> {
    if !pattern.contains('*') {
        if let Some(file) = view.by_path.get(pattern) {
            return vec![(*file, Fit::Whole)];
        }
        return folder_of(view, pattern);
    }
    let fit = specificity(pattern);
    view.by_path.iter().filter(|(path, _)| is_like(pattern, path)).map(|(_, file)| (*file, fit)).collect()
}

/// A folder that is read or written as one: a partitioned data set, a saved model.
fn folder_of<'s>(view: &View<'s>, folder: &str) -> Vec<(&'s SceneFile, Fit)> {
    if folder.is_empty() {
        return Vec::new();
    }
    let prefix = format!("{folder}/");
    let inside = view.by_path.range(prefix.as_str()..).take_while(|(path, _)| path.starts_with(&prefix));
    inside.map(|(_, file)| (*file, Fit::Whole)).collect()
}

/// The longest end of an absolute path under which a file lies; the name alone is not enough.
fn of_absolute<'s>(view: &View<'s>, pattern: &str) -> Vec<(&'s SceneFile, Fit)> {
    let parts: Vec<&str> = pattern.split('/').filter(|part| !part.is_empty()).collect();
    for skip in 1..parts.len() {
        let tail = parts[skip..].join("/");
        let found = of_relative(view, &tail);
        if found.is_empty() {
            continue;
        }
        let deep = parts.len() - skip >= 2;
        return found
            .into_iter()
            .map(|(file, fit)| (file, if deep { fit.min(Fit::Elsewhere) } else { fit.min(Fit::NameOnly) }))
            .collect();
    }
    Vec::new()
}

/// How much of a pattern with unknown parts is known.
fn specificity(pattern: &str) -> Fit {
    let (folder, name) = pattern.rsplit_once('/').unwrap_or(("", pattern));
    let (stem, ending) = name.rsplit_once('.').unwrap_or((name, ""));
    let letters = |text: &str| text.chars().filter(|letter| letter.is_alphanumeric()).count();
    let known_ending = !ending.is_empty() && !ending.contains('*');
    if letters(stem) >= 3 && (known_ending || !folder.contains('*') && !folder.is_empty()) {
        Fit::Part
    } else if !folder.is_empty() && !folder.contains('*') && known_ending
        || letters(folder) >= 3 && letters(stem) >= 1 && known_ending
    {
        Fit::Folder
    } else {
        Fit::Ending
    }
}

/// Whether a path is one that the pattern can mean. A wildcard stands for any text, also across folders if it stands alone
/// between two separators or at the beginning, else within one name.
pub fn is_like(pattern: &str, path: &str) -> bool {
    let (pattern, path) = (pattern.as_bytes(), path.as_bytes());
    // The usual two-pointer match: on a mismatch, the last wildcard takes one letter more.
    let (mut p, mut t) = (0, 0);
    let mut back: Option<(usize, usize, bool)> = None;
    while t < path.len() {
        if p < pattern.len() && pattern[p] == b'*' {
            let alone = (p == 0 || pattern[p - 1] == b'/') && pattern.get(p + 1).is_none_or(|next| *next == b'/');
            back = Some((p, t, alone || p == 0));
            p += 1;
        } else if p < pattern.len() && pattern[p] == path[t] {
            p += 1;
            t += 1;
        } else if let Some((star, from, across)) = back {
            if path[from] == b'/' && !across {
                return false;
            }
            back = Some((star, from + 1, across));
            p = star + 1;
            t = from + 1;
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wildcard_stays_within_a_name_unless_it_is_a_whole_part() {
        assert!(is_like("models/model_*.pkl", "models/model_3.pkl"));
        assert!(!is_like("models/model_*.pkl", "models/model_3/x.pkl"));
        assert!(is_like("*/raw.csv", "data/in/raw.csv"), "an unknown folder may be deep");
        assert!(is_like("data/*.csv", "data/a.b.csv"));
        assert!(!is_like("data/*.csv", "data/a.parquet"));
        assert!(is_like("a*b*c", "axxbyyc") && !is_like("a*b*c", "axxbyy"));
        assert!(is_like("*", "anything/at/all"));
    }

    #[test]
    fn what_is_known_of_a_path_decides_how_much_it_says() {
        assert_eq!(specificity("models/model_*.pkl"), Fit::Part);
        assert_eq!(specificity("models/*.pkl"), Fit::Folder);
        assert_eq!(specificity("*.pkl"), Fit::Ending);
        assert_eq!(specificity("*"), Fit::Ending);
        assert_eq!(specificity("*/train.csv"), Fit::Part);
    }

    #[test]
    fn dots_are_taken_out_and_the_project_is_not_left() {
        assert_eq!(joined("notebooks", "../data/x.csv").as_deref(), Some("data/x.csv"));
        assert_eq!(joined("", "../data/x.csv"), None);
    }
}

//! Which names may be part of a release, and which names in a shared folder belong to somebody else.

use std::collections::BTreeMap;

use thiserror::Error;
use unicode_normalization::{UnicodeNormalization, is_nfc};

/// A path that cannot be part of a release.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{path}` cannot be part of a release: {why}")]
pub struct BadPath {
    /// The path.
    pub path: String,
    /// Why.
    pub why: String,
}

/// The name that MLflow writes beside a model when it loads one from a folder. It is never part of a release.
pub const MLFLOW_REGISTERED_META: &str = "registered_model_meta";

/// Checks one relative path of a bundle: `/` between parts, no `.` or `..`, nothing that a file system of another
/// machine would read differently or refuse.
pub fn check_path(path: &str) -> Result<(), BadPath> {
    let bad = |why: &str| Err(BadPath { path: path.to_owned(), why: why.to_owned() });
    if path.is_empty() {
        return bad("it is empty");
    }
    if path.starts_with('/') {
        return bad("it is absolute; names in a release begin in its own folder");
    }
    if path.len() > 1024 {
        return bad("it is longer than 1024 bytes; shorten its folders");
    }
    if !is_nfc(path) {
        let composed: String = path.nfc().collect();
        return bad(&format!(
            "its letters and their accents are kept apart (Unicode form NFD, as macOS writes names), and another system would spell it differently. Rename it to `{composed}`, which looks the same and is composed (NFC): type the name anew, or use `convmv -f utf8 -t utf8 --nfc --notest`"
        ));
    }
    for part in path.split('/') {
        match part {
            "" => return bad("it has an empty part; leave the second `/` out"),
            "." | ".." => return bad("it leaves its folder; put the file into the model's folder"),
            _ => {}
        }
        if part.len() > 255 {
            return bad("a part is longer than 255 bytes; shorten it");
        }
        if part.chars().any(|c| c.is_control() || matches!(c, '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|')) {
            return bad(
                "it has a character that Windows or SMB does not allow; rename it without \\ : * ? \" < > | and control characters",
            );
        }
        if part.chars().any(is_hidden) {
            return bad(
                "it has a character that is not seen, or that turns the direction of the text; type the name anew without it",
            );
        }
        if part.ends_with('.') || part.ends_with(' ') {
            return bad("a part ends in a dot or a space, which Windows drops; rename it without");
        }
        let stem = part.split('.').next().unwrap_or(part).trim_end_matches(' ').to_ascii_lowercase();
        let digit = |n: &str| matches!(n, "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9" | "¹" | "²" | "³");
        let numbered = |prefix: &str| stem.strip_prefix(prefix).is_some_and(digit);
        let device = matches!(stem.as_str(), "con" | "prn" | "aux" | "nul" | "conin$" | "conout$");
        if device || numbered("com") || numbered("lpt") {
            return bad("Windows keeps this name for a device; choose another");
        }
    }
    Ok(())
}

/// Checks the paths of a bundle together: each by itself, no two that one file system would take for the same, and none
/// that is a folder to another.
pub fn check_paths<'a>(paths: impl IntoIterator<Item = &'a str>) -> Result<(), BadPath> {
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    for path in paths {
        check_path(path)?;
        if let Some(other) = seen.insert(folded(path), path) {
            let why = format!("`{other}` is the same name on a file system that ignores case; rename one of them");
            return Err(BadPath { path: path.to_owned(), why });
        }
    }
    let all: Vec<(&String, &&str)> = seen.iter().collect();
    for (name, path) in &all {
        let mut above = name.as_str();
        while let Some((parent, _)) = above.rsplit_once('/') {
            if let Some(file) = seen.get(parent) {
                return Err(BadPath {
                    path: (**path).to_owned(),
                    why: format!("`{file}` is a file, and cannot be a folder too; rename one of them"),
                });
            }
            above = parent;
        }
    }
    // Folders that differ only by case would merge on some systems.
    let mut folders: BTreeMap<String, &str> = BTreeMap::new();
    for (_, path) in &all {
        let mut above: &str = path;
        while let Some((parent, _)) = above.rsplit_once('/') {
            if let Some(other) = folders.insert(folded(parent), parent).filter(|other| *other != parent) {
                let why =
                    format!("its folder `{parent}` and the folder `{other}` differ by case only; give them one name");
                return Err(BadPath { path: (**path).to_owned(), why });
            }
            above = parent;
        }
    }
    Ok(())
}

/// Characters that show nothing or turn the direction of what follows, so that a name is not what it looks like. The joiners that some
/// scripts are written with are not among them.
const fn is_hidden(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
    )
}

fn folded(path: &str) -> String {
    // Some file systems pass over joiners when they compare names.
    let seen = path.nfkc().filter(|c| !matches!(c, '\u{200c}' | '\u{200d}'));
    seen.collect::<String>().to_lowercase().nfc().collect()
}

/// Why a name in a shared folder is none of ours: made by a synchroniser, a desktop or a network file system.
pub fn foreign(name: &str) -> Option<&'static str> {
    let lower = name.to_lowercase();
    let stem = lower.rsplit_once('.').map_or(lower.as_str(), |(stem, _)| stem);
    let numbered = stem.ends_with(')')
        && stem.rsplit_once(" (").is_some_and(|(_, n)| {
            let n = &n[..n.len() - 1];
            !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit())
        });
    if lower.contains(".sync-conflict-") || lower.contains("conflicted copy") || numbered {
        Some("a conflict copy of a synchroniser")
    } else if matches!(lower.as_str(), ".ds_store" | "thumbs.db" | "desktop.ini" | ".directory" | ".localized")
        || lower.starts_with("._")
        || matches!(
            lower.as_str(),
            ".trash" | ".spotlight-v100" | ".fseventsd" | ".stfolder" | ".stversions" | "lost+found"
        )
    {
        Some("left by a desktop or synchroniser")
    } else if lower.starts_with(".nfs") || lower.starts_with(".smb") || lower.starts_with(".fuse_hidden") {
        Some("a file that a network file system keeps while it is open")
    } else if lower.starts_with(".syncthing.")
        || lower.starts_with("~syncthing~")
        || lower.ends_with(".tmp")
        || lower.starts_with("~$")
    {
        Some("a transfer that is under way")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_leave_or_collide_are_refused() {
        for bad in [
            "",
            "/etc/passwd",
            "../x",
            "a/../b",
            "a//b",
            "./a",
            "a\\b",
            "c:x",
            "nul.txt",
            "COM1",
            "e\u{301}.bin",
            "a.",
            "a/b ",
            "x\0y",
            "nul .txt",
            "com².bin",
            "CONOUT$",
            "a\u{202e}lkp.exe",
            "mo\u{200b}del.pkl",
        ] {
            assert!(check_path(bad).is_err(), "`{}` must be refused", bad.escape_debug());
        }
        for good in ["model.pkl", "a/b/c.onnx", ".gitignore", "é.bin", "com10", "weights 1.bin", "نمی\u{200c}دانم.bin"]
        {
            assert_eq!(check_path(good), Ok(()), "`{good}` is an ordinary name");
        }
        for together in [["Model.pkl", "model.pkl"], ["a/b", "a"], ["A/x", "a/y"], ["ﬁ", "fi"], ["a\u{200d}b", "ab"]]
        {
            assert!(check_paths(together).is_err(), "{together:?} collide somewhere");
        }
        assert_eq!(check_paths(["a/x", "a/y", "b"]), Ok(()), "siblings are fine");
    }

    #[test]
    fn a_name_that_is_not_composed_is_told_with_the_one_to_use() {
        let told = check_path("mode\u{301}le.bin").map_err(|bad| bad.to_string());
        assert!(told.as_ref().is_err_and(|why| why.contains("Rename it to `mod\u{e9}le.bin`")), "{told:?}");
    }

    #[test]
    fn foreign_names_are_recognised() {
        for name in [
            "x.sync-conflict-20260101-101010-ABCDEF.json",
            "1 (1)",
            "meta (2).yaml",
            "x (Ann's conflicted copy 2026-01-01).json",
            ".DS_Store",
            ".nfs000000000000001",
            "._x",
        ] {
            assert!(foreign(name).is_some(), "`{name}` is none of ours");
        }
        for name in ["model.pkl", "meta.yaml", "f(1).py", "12", "(1)"] {
            assert_eq!(foreign(name), None, "`{name}` is an ordinary name");
        }
    }
}

//! Where a file lies now that a record names by a place of another time or another machine.

use std::path::{Component, Path, PathBuf};

use proofmark_domain::artifact::RelPath;

use crate::files::label_of;

/// Longer places are not looked for.
const MOST_PARTS: usize = 64;

/// A place that was found, and how surely it is the one that was meant.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// Where it lies, relative to the project.
    pub path: RelPath,
    /// Whether it lies exactly where the record says, or was found by the end of the path only.
    pub moved: bool,
}

/// Looks for recorded places inside one project and nowhere else.
#[derive(Debug, Clone)]
pub struct Locator {
    root: PathBuf,
    bases: Vec<PathBuf>,
}

impl Locator {
    /// Looks below `base` (the folder of the record) and the folders above it, up to the project's.
    pub fn new(root: &Path, base: &Path) -> Self {
        let bases = base.ancestors().take_while(|folder| folder.starts_with(root)).map(Path::to_owned).collect();
        Self { root: root.to_owned(), bases }
    }

    /// Also looks below this folder, after the others.
    pub fn also(&mut self, base: PathBuf) {
        if base.starts_with(&self.root) && !self.bases.contains(&base) {
            self.bases.push(base);
        }
    }

    /// Finds what a URI or path names. The longest end of it that exists below one of the folders is taken; of a path of
    /// several parts, the last part alone is not enough, since files of one name are many.
    pub fn find(&self, written: &str) -> Option<Found> {
        let path = local_path(written)?;
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
        if parts.is_empty() || parts.len() > MOST_PARTS || parts.contains(&"..") {
            return self.relative(&path);
        }
        if path.starts_with('/') || is_windows_absolute(&path) {
            let absolute = Path::new(&path);
            if absolute.starts_with(&self.root)
                && let Some(label) = self.label(absolute)
            {
                return Some(Found { path: label, moved: false });
            }
        } else {
            for base in &self.bases {
                if let Some(label) = self.label(&base.join(&path)) {
                    return Some(Found { path: label, moved: false });
                }
            }
        }
        let least = if parts.len() > 1 { 2 } else { 1 };
        for start in 0..=parts.len().saturating_sub(least) {
            let end: PathBuf = parts[start..].iter().collect();
            for base in &self.bases {
                if let Some(label) = self.label(&base.join(&end)) {
                    return Some(Found { path: label, moved: true });
                }
            }
        }
        None
    }

    /// A relative path with `..` in it, which may stay inside the project all the same.
    fn relative(&self, path: &str) -> Option<Found> {
        let base = self.bases.first()?;
        let mut absolute = base.clone();
        for part in Path::new(path).components() {
            match part {
                Component::Normal(name) => absolute.push(name),
                Component::CurDir => {}
                Component::ParentDir => {
                    absolute.pop();
                }
                Component::RootDir | Component::Prefix(_) => return None,
            }
        }
        self.label(&absolute).map(|path| Found { path, moved: false })
    }

    fn label(&self, absolute: &Path) -> Option<RelPath> {
        // A link that leads out of the project is not followed.
        let there = std::fs::symlink_metadata(absolute).is_ok();
        there.then(|| label_of(&self.root, absolute).ok()).flatten().filter(|label| !label.as_str().is_empty())
    }
}

/// The path of a URI that can name a file here: `file:`, `mlflow-artifacts:` and no scheme at all. `None` for storage elsewhere.
pub fn local_path(written: &str) -> Option<String> {
    let written = written.trim();
    if written.is_empty() || written.contains('\0') {
        return None;
    }
    let Some((scheme, rest)) = written.split_once(':').filter(|(scheme, _)| is_scheme(scheme)) else {
        return Some(written.replace('\\', "/"));
    };
    match scheme.to_lowercase().as_str() {
        "file" | "mlflow-artifacts" | "dbfs" => {
            let path = match rest.strip_prefix("//") {
                // An authority stands before the path.
                Some(rest) => rest.find('/').map_or("", |at| &rest[at..]),
                None => rest,
            };
            Some(decoded(path))
        }
        _ => None,
    }
}

/// A scheme, and no drive letter.
fn is_scheme(text: &str) -> bool {
    text.len() > 1
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
}

fn is_windows_absolute(path: &str) -> bool {
    let bytes = path.as_bytes();
    bytes.len() > 2 && bytes[0].is_ascii_alphabetic() && bytes[1] == b':' && bytes[2] == b'/'
}

/// Undoes percent-encoding. What is none stays.
fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let digits = bytes.get(at + 1..at + 3).and_then(|it| std::str::from_utf8(it).ok());
        match digits.filter(|_| bytes[at] == b'%').and_then(|it| u8::from_str_radix(it, 16).ok()) {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_elsewhere_are_no_paths() {
        assert_eq!(local_path("file:///a%20b/c").as_deref(), Some("/a b/c"));
        assert_eq!(local_path("file:/a/b").as_deref(), Some("/a/b"));
        assert_eq!(local_path("mlflow-artifacts:/1/2").as_deref(), Some("/1/2"));
        assert_eq!(local_path("C:\\data\\x.csv").as_deref(), Some("C:/data/x.csv"));
        assert_eq!(local_path("./mlruns/1").as_deref(), Some("./mlruns/1"));
        for elsewhere in ["s3://bucket/x", "https://host/x.csv", "models:/m/1", "", "runs:/x/model"] {
            assert_eq!(local_path(elsewhere), None, "{elsewhere}");
        }
    }

    #[test]
    fn what_moved_with_the_folder_is_found_again() -> std::io::Result<()> {
        let folder = tempfile::tempdir()?;
        let root = folder.path().canonicalize()?;
        std::fs::create_dir_all(root.join("mlruns/7/abc/artifacts/model"))?;
        std::fs::create_dir_all(root.join("data"))?;
        std::fs::write(root.join("data/train.csv"), "a\n")?;
        let locator = Locator::new(&root, &root.join("mlruns"));
        let find = |written: &str| locator.find(written).map(|it| (it.path.as_str().to_owned(), it.moved));
        assert_eq!(find("file:///home/other/mlruns/7/abc/artifacts"), Some(("mlruns/7/abc/artifacts".into(), true)));
        assert_eq!(find("/srv/p/data/train.csv"), Some(("data/train.csv".into(), true)));
        assert_eq!(find("data/train.csv"), Some(("data/train.csv".into(), false)));
        assert_eq!(find(&root.join("data/train.csv").to_string_lossy()), Some(("data/train.csv".into(), false)));
        assert_eq!(find("../data/train.csv"), Some(("data/train.csv".into(), false)));
        assert_eq!(find("/elsewhere/train.csv"), None, "the name alone is not enough");
        assert_eq!(find("../../etc/passwd"), None);
        Ok(())
    }
}

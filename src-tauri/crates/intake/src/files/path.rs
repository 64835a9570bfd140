//! Labels of files and the paths that they stand for. Each leads to the other without loss.

use std::path::{Component, Path, PathBuf};

use proofmark_domain::artifact::RelPath;
use thiserror::Error;

use super::platform::{decode_name, encode_name, valid_label_part};

/// A path or label that has no counterpart within the project.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LabelError {
    /// The path does not lie below the root.
    #[error("{} does not lie in the project folder {}", path.display(), root.display())]
    OutsideRoot {
        /// The path.
        path: PathBuf,
        /// The project's folder.
        root: PathBuf,
    },
    /// The label would lead out of the project, or is not one that [`label_of`] makes.
    #[error("`{label}` is not the label of a file within a project: {why}")]
    NotALabel {
        /// The label.
        label: String,
        /// What is wrong with it.
        why: &'static str,
    },
}

/// The label of a path below `root`. The root itself has the empty label.
///
/// Both paths are taken as they are: neither is looked up in the file system.
///
/// # Errors
///
/// [`LabelError::OutsideRoot`] if the path is not below the root, or holds a `..`.
pub fn label_of(root: &Path, absolute: &Path) -> Result<RelPath, LabelError> {
    let outside = || LabelError::OutsideRoot { path: absolute.to_owned(), root: root.to_owned() };
    let relative = absolute.strip_prefix(root).map_err(|_| outside())?;
    let mut label = String::with_capacity(relative.as_os_str().len());
    for component in relative.components() {
        match component {
            Component::Normal(name) => {
                if !label.is_empty() {
                    label.push('/');
                }
                encode_name(name, &mut label);
            }
            Component::CurDir => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return Err(outside()),
        }
    }
    Ok(RelPath::new(label))
}

/// The path that a label stands for.
///
/// # Errors
///
/// [`LabelError::NotALabel`] for a label that is absolute, has an empty, `.` or `..` part, holds a malformed escape, or
/// escapes what needs none: every file has exactly one label.
pub fn resolve(root: &Path, label: &RelPath) -> Result<PathBuf, LabelError> {
    let refuse = |why| LabelError::NotALabel { label: label.as_str().to_owned(), why };
    let mut path = root.to_owned();
    if label.as_str().is_empty() {
        return Ok(path);
    }
    for part in label.as_str().split('/') {
        match part {
            "" => return Err(refuse("it is absolute or has an empty part")),
            "." | ".." => return Err(refuse("it has a part that stands for another folder")),
            _ => {}
        }
        let name = decode_name(part).ok_or_else(|| refuse("it has a malformed escape"))?;
        if !valid_label_part(&name) || name == ".." || name == "." {
            return Err(refuse("one of its parts cannot be the name of a file"));
        }
        let mut again = String::with_capacity(part.len());
        encode_name(&name, &mut again);
        if again != part {
            return Err(refuse("it escapes what needs no escape"));
        }
        path.push(name);
    }
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    type Outcome = Result<(), Box<dyn std::error::Error>>;

    #[test]
    fn labels_that_leave_the_project_are_refused() {
        let root = Path::new("/project");
        for label in ["../x", "a/../x", "/etc/passwd", "a//b", "a/", ".", "a/./b", "\\", "\\x4", "\\q", "\\x41", "a\0b"]
        {
            assert!(resolve(root, &RelPath::from(label)).is_err(), "`{label}` must not become a path");
        }
    }

    #[test]
    fn paths_outside_of_the_root_have_no_label() {
        for path in ["/other/x", "/projects/x", "/project/../x"] {
            assert!(label_of(Path::new("/project"), Path::new(path)).is_err(), "`{path}` is not in the project");
        }
    }

    #[test]
    fn the_root_has_the_empty_label() -> Outcome {
        let root = Path::new("/project");
        assert_eq!(label_of(root, root)?.as_str(), "");
        assert_eq!(resolve(root, &RelPath::from(""))?, root);
        Ok(())
    }

    #[cfg(unix)]
    #[test]
    fn escapes_are_the_documented_ones() -> Outcome {
        use std::ffi::OsStr;
        use std::os::unix::ffi::OsStrExt as _;
        let root = Path::new("/project");
        let path = root.join(OsStr::from_bytes(b"data/caf\xe9\\x\xff.csv"));
        let label = label_of(root, &path)?;
        assert_eq!(label.as_str(), "data/caf\\xE9\\\\x\\xFF.csv");
        assert_eq!(resolve(root, &label)?, path);
        Ok(())
    }

    #[cfg(unix)]
    #[test]
    fn arbitrary_bytes_come_back_and_labels_are_unique() -> Outcome {
        use std::collections::HashMap;
        use std::ffi::OsStr;
        use std::os::unix::ffi::OsStrExt as _;
        let root = Path::new("/project");
        let mut seen: HashMap<String, PathBuf> = HashMap::new();
        // A linear congruential generator: the same bytes on every machine.
        let mut state = 0x2545_f491_4f6c_dd1du64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize
        };
        let palette: &[u8] = b"\\x4aF\xc3\xa9\xed\xa0\x80\xf0\x9f\x98\x80\xff\n\"'u{} .";
        for _ in 0..20_000 {
            let length = 1 + next() % 8;
            let name: Vec<u8> = (0..length)
                .map(|_| if next() % 3 == 0 { (next() % 256) as u8 } else { palette[next() % palette.len()] })
                .map(|byte| if byte == b'/' || byte == 0 { b'_' } else { byte })
                .collect();
            if name == b"." || name == b".." {
                continue;
            }
            let path = root.join(OsStr::from_bytes(&name));
            let label = label_of(root, &path)?;
            assert_eq!(resolve(root, &label)?, path, "label {label:?} leads back to {name:?}");
            if let Some(other) = seen.insert(label.as_str().to_owned(), path.clone()) {
                assert_eq!(other, path, "two files share the label {label:?}");
            }
        }
        Ok(())
    }
}

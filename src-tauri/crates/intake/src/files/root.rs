//! Whether a folder can become a project.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::platform::home_folder;

/// Why a folder cannot become a project.
#[derive(Debug, Error)]
pub enum RootError {
    /// Nothing lies there.
    #[error("{} does not exist. Check the spelling, or whether its disk is connected", path.display())]
    NotFound {
        /// The path as it was given.
        path: PathBuf,
    },
    /// It is a file.
    #[error("{} is not a folder. Choose the folder that contains it", path.display())]
    NotADirectory {
        /// The path as it was given.
        path: PathBuf,
    },
    /// Its contents may not be listed.
    #[error("{} may not be read by this user. Grant read permission on the folder, or choose another", path.display())]
    PermissionDenied {
        /// The path as it was given.
        path: PathBuf,
    },
    /// It is `/` or a drive.
    #[error("{} is a whole file system. Choose the folder of one project", path.display())]
    IsFileSystemRoot {
        /// The folder.
        path: PathBuf,
    },
    /// It is a project already.
    #[error("{} is a project already", root.display())]
    AlreadyAProject {
        /// The project's folder.
        root: PathBuf,
    },
    /// A project's folder contains it.
    #[error("{} lies inside the project {}, which records its files already", path.display(), root.display())]
    InsideOtherProject {
        /// The folder.
        path: PathBuf,
        /// The project's folder.
        root: PathBuf,
    },
    /// It contains a project's folder.
    #[error("{} contains the project {}. Remove that project first, or choose another folder", path.display(), root.display())]
    ContainsOtherProject {
        /// The folder.
        path: PathBuf,
        /// The project's folder.
        root: PathBuf,
    },
    /// The file system failed in another way.
    #[error("{} cannot be read: {source}", path.display())]
    Unreadable {
        /// The path as it was given.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
}

/// Something to ask a person about before a folder becomes a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RootWarning {
    /// It is a home folder: everything a person has would be watched.
    IsHomeFolder,
}

/// The canonical path of a folder that can become a project beside `existing`, the canonical roots of the others.
///
/// # Errors
///
/// See [`RootError`].
pub fn check_root(path: &Path, existing: &[PathBuf]) -> Result<PathBuf, RootError> {
    let failed = |source: std::io::Error| match source.kind() {
        ErrorKind::NotFound => RootError::NotFound { path: path.to_owned() },
        ErrorKind::PermissionDenied => RootError::PermissionDenied { path: path.to_owned() },
        ErrorKind::NotADirectory => RootError::NotADirectory { path: path.to_owned() },
        _ => RootError::Unreadable { path: path.to_owned(), source },
    };
    let canonical = std::fs::canonicalize(path).map_err(failed)?;
    if !std::fs::metadata(&canonical).map_err(failed)?.is_dir() {
        return Err(RootError::NotADirectory { path: path.to_owned() });
    }
    if canonical.parent().is_none() {
        return Err(RootError::IsFileSystemRoot { path: canonical });
    }
    std::fs::read_dir(&canonical).map_err(failed)?;
    for root in existing {
        if *root == canonical {
            return Err(RootError::AlreadyAProject { root: root.clone() });
        }
        if canonical.starts_with(root) {
            return Err(RootError::InsideOtherProject { path: canonical, root: root.clone() });
        }
        if root.starts_with(&canonical) {
            return Err(RootError::ContainsOtherProject { path: canonical, root: root.clone() });
        }
    }
    Ok(canonical)
}

/// Whether a person should be asked before the canonical folder `root` becomes a project.
pub fn root_warning(root: &Path) -> Option<RootWarning> {
    let home = home_folder().and_then(|home| std::fs::canonicalize(home).ok())?;
    (home == root || home.starts_with(root)).then_some(RootWarning::IsHomeFolder)
}

#[cfg(test)]
mod tests {
    use super::*;

    type Outcome = Result<(), Box<dyn std::error::Error>>;

    #[test]
    fn folders_that_cannot_be_projects_are_refused_with_their_reason() -> Outcome {
        let folder = tempfile::tempdir()?;
        let base = std::fs::canonicalize(folder.path())?;
        let (outer, inner) = (base.join("outer"), base.join("outer/inner"));
        std::fs::create_dir_all(&inner)?;
        std::fs::write(base.join("file"), "x")?;
        let projects = |path: &Path| vec![path.to_owned()];
        assert!(matches!(check_root(&base.join("none"), &[]), Err(RootError::NotFound { .. })));
        assert!(matches!(check_root(&base.join("file"), &[]), Err(RootError::NotADirectory { .. })));
        assert!(matches!(check_root(&base.join("file/x"), &[]), Err(RootError::NotADirectory { .. })));
        assert!(matches!(check_root(&inner, &projects(&outer)), Err(RootError::InsideOtherProject { .. })));
        assert!(matches!(check_root(&outer, &projects(&inner)), Err(RootError::ContainsOtherProject { .. })));
        assert!(matches!(check_root(&outer, &projects(&outer)), Err(RootError::AlreadyAProject { .. })));
        assert_eq!(
            check_root(&outer.join("../outer"), &projects(&base.join("out")))?,
            outer,
            "a prefix of the name is no parent"
        );
        Ok(())
    }

    #[cfg(unix)]
    #[test]
    fn the_root_of_the_file_system_is_refused_under_any_name() {
        for path in ["/", "/..", "/tmp/.."] {
            assert!(matches!(check_root(Path::new(path), &[]), Err(RootError::IsFileSystemRoot { .. })), "{path}");
        }
    }
}

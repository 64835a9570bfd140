//! The folder of ledger, keys and logs.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use etcetera::BaseStrategy;
use proofmark_contract::{ErrorBody, ErrorCode};

use crate::clock::{Clock, SystemClock};
use crate::platform::Keychain;
use crate::trouble::{Answer, Trouble, io_trouble};

/// How the engine is opened.
pub struct EngineOptions {
    /// The folder of ledger, keys and logs; the platform's own place if absent.
    pub home: Option<PathBuf>,
    /// Where time comes from.
    pub clock: Arc<dyn Clock>,
    /// What keeps passphrases, if a person says so.
    pub keychain: Keychain,
}

impl EngineOptions {
    /// Home from `PROOFMARK_HOME`, else the platform's place for application data.
    pub fn for_window() -> Self {
        Self::with_home(None)
    }

    /// A home that was named, else as for the window.
    pub fn with_home(home: Option<PathBuf>) -> Self {
        let named = home.or_else(|| std::env::var_os("PROOFMARK_HOME").filter(|it| !it.is_empty()).map(PathBuf::from));
        Self { home: named, clock: Arc::new(SystemClock), keychain: Keychain::system() }
    }

    /// Whether there is a ledger already. Makes nothing, unlike opening the engine.
    pub fn has_ledger(&self) -> bool {
        let folder = match &self.home {
            Some(folder) => Some(folder.clone()),
            None => etcetera::choose_base_strategy().ok().map(|it| it.data_dir().join("proofmark")),
        };
        folder.is_some_and(|folder| Home(folder).ledger().is_file())
    }
}

/// Where everything lies that is not in a project or a registry.
#[derive(Debug, Clone)]
pub struct Home(PathBuf);

fn unusable(folder: &Path, error: &std::io::Error) -> Trouble {
    let trouble = io_trouble("making", folder, error);
    let code =
        if trouble.0.code == ErrorCode::PermissionDenied { ErrorCode::PermissionDenied } else { ErrorCode::Storage };
    Trouble::new(code, trouble.0.message)
        .hint("The ledger needs a folder of its own: name another one with --home or PROOFMARK_HOME.")
}

impl Home {
    pub(crate) fn at(named: Option<PathBuf>) -> Answer<Self> {
        let folder = match named {
            Some(folder) => std::path::absolute(&folder).map_err(|error| unusable(&folder, &error))?,
            None => etcetera::choose_base_strategy()
                .map_err(|error| {
                    Trouble(
                        ErrorBody::new(
                            ErrorCode::Storage,
                            format!("There is no home folder to keep the ledger in: {error}."),
                        )
                        .hint("Name a folder with --home or PROOFMARK_HOME."),
                    )
                })?
                .data_dir()
                .join("proofmark"),
        };
        std::fs::create_dir_all(&folder).map_err(|error| unusable(&folder, &error))?;
        crate::platform::make_private(&folder);
        // Folders are compared by their real paths: one that was named through `..` or a link would seem to lie elsewhere.
        let real = std::fs::canonicalize(&folder).map_err(|error| unusable(&folder, &error))?;
        Ok(Self(real))
    }

    /// The folder itself.
    pub fn folder(&self) -> &Path {
        &self.0
    }

    /// The ledger.
    pub fn ledger(&self) -> PathBuf {
        self.0.join("ledger.sqlite")
    }

    /// Encrypted key files.
    pub fn keys(&self) -> PathBuf {
        self.0.join("keys")
    }

    /// Logs and traces of runs that are being recorded.
    pub fn runs(&self) -> PathBuf {
        self.0.join("runs")
    }

    /// What the application logs about itself.
    pub fn logs(&self) -> PathBuf {
        self.0.join("logs")
    }

    /// The sample project.
    pub fn sample(&self) -> PathBuf {
        self.0.join("sample-project")
    }

    /// Written reports, when no other place is named.
    pub fn reports(&self) -> PathBuf {
        self.0.join("reports")
    }

    /// Helpers that are put into recorded processes.
    pub(crate) fn helpers(&self) -> PathBuf {
        self.0.join("helpers").join(env!("CARGO_PKG_VERSION"))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_home_that_was_named_through_another_folder_does_not_lie_in_it() {
        let room = tempfile::tempdir().unwrap();
        let project = std::fs::canonicalize(room.path()).unwrap().join("project");
        std::fs::create_dir(&project).unwrap();
        let home = Home::at(Some(project.join("../beside/home"))).unwrap();
        assert!(!home.folder().starts_with(&project), "{}", home.folder().display());
    }
}

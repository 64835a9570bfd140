//! The project that ships with the application.

use std::fs;
use std::path::Path;

use include_dir::{Dir, include_dir};
use proofmark_contract::ErrorCode;
use proofmark_contract::view::*;

use crate::Engine;
use crate::trouble::{Answer, io_trouble};

static SAMPLE: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/sample/project");

impl Engine {
    /// Lays the sample project out in the home folder and adds it. Files that a person changed there stay as they are.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn sample_open(&self, _: Nothing) -> Answer<ProjectView> {
        let folder = self.home().sample();
        lay_out(&SAMPLE, &folder)?;
        let request =
            ProjectAdd { path: folder.to_string_lossy().into_owned(), name: Some("Kestrel Credit (sample)".into()) };
        match self.project_add(request) {
            Err(trouble) if trouble.0.code == ErrorCode::AlreadyExists => {
                let project = self.project_at(&folder)?;
                self.project_show(ProjectRef { project: project.id })
            }
            other => other,
        }
    }
}

fn lay_out(from: &Dir<'_>, to: &Path) -> Answer<()> {
    fs::create_dir_all(to).map_err(|error| io_trouble("making", to, &error))?;
    for file in from.files() {
        let Some(name) = file.path().file_name() else { continue };
        let path = to.join(name);
        if !path.exists() {
            fs::write(&path, file.contents()).map_err(|error| io_trouble("writing", &path, &error))?;
        }
    }
    for folder in from.dirs() {
        if let Some(name) = folder.path().file_name() {
            lay_out(folder, &to.join(name))?;
        }
    }
    Ok(())
}

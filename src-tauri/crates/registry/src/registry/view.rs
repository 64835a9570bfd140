//! A view of the registry for MLflow on this machine: the small files alone, naming the folder where it is mounted here.
//!
//! The files that are published name the folder of the machine that published them, because MLflow takes a relative place for
//! one below its own working folder. Where a registry is mounted elsewhere, a view takes their place.

use std::fs;
use std::path::Path;

use super::Registry;
use super::version::model_metas;
use crate::error::RegistryError;
use crate::layout;
use crate::progress::Watch;

impl Registry {
    /// Writes the view into a folder of its own, which is made if it is not there. Every version is verified before it is
    /// listed; returns how many are. Files of an earlier view are replaced, and those of versions that may no longer be used
    /// are taken away.
    pub fn view_to(&self, to: &Path, watch: &mut Watch<'_>) -> Result<usize, RegistryError> {
        let state = self.state()?;
        let shown = to.display().to_string();
        self.ensure_outside(to)?;
        let models = to.join("models");
        // Only ever what an earlier view left there: a folder with anything else is not touched.
        if models.exists() && !to.join(MARK).exists() {
            return Err(RegistryError::Invalid(format!(
                "{shown} holds models that are no view; choose another folder"
            )));
        }
        let io = |what| RegistryError::io(shown.clone(), what);
        if models.exists() {
            fs::remove_dir_all(&models).map_err(io("taking the earlier view away"))?;
        }
        fs::create_dir_all(&models).map_err(io("making the folder"))?;
        fs::write(to.join(MARK), format!("{}\n", self.id)).map_err(io("writing"))?;
        let mut listed = 0;
        for (model, versions) in &state.versions {
            let mut here = Vec::new();
            for (number, record) in versions {
                let usable = record.withdrawn.is_none()
                    && self.inspect(model, *number, watch)?.verdict == proofmark_domain::registry::RegistryVerdict::Ok;
                let manifest = state.candidates.get(&record.candidate).and_then(|it| it.manifest.as_ref());
                let Some(manifest) = manifest.filter(|_| usable) else { continue };
                let folder = to.join(layout::version_folder(model, *number));
                fs::create_dir_all(&folder).map_err(io("making the folder"))?;
                let meta = layout::version_meta(model, *number, record.at.ms(), &manifest.purpose, &self.store.uri());
                fs::write(folder.join("meta.yaml"), meta).map_err(io("writing"))?;
                here.push(*number);
            }
            let Some(meta) = model_metas(&state, model).pop().filter(|_| !here.is_empty()) else { continue };
            let folder = to.join(layout::model_folder(model));
            fs::write(folder.join("meta.yaml"), meta).map_err(io("writing"))?;
            fs::create_dir_all(folder.join("aliases")).map_err(io("making the folder"))?;
            for (alias, record) in state.aliases.get(model).into_iter().flatten() {
                if let Some(version) = record.version.filter(|version| here.contains(version)) {
                    fs::write(folder.join("aliases").join(alias), version.to_string()).map_err(io("writing"))?;
                }
            }
            listed += here.len();
        }
        Ok(listed)
    }
}

/// Says that a folder is a view, and of which registry.
const MARK: &str = "proofmark-view";

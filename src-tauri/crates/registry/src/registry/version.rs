//! The folder of a version: complete, self-explaining, and readable by tools that know nothing of us.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

use proofmark_domain::Digest;
use proofmark_domain::id::CandidateId;
use proofmark_domain::release::{BundleFile, BundleManifest, ModelName, RegistryState, StatementBody, VersionRecord};
use sha2::{Digest as _, Sha256};

use super::log::{Freshness, Loaded};
use super::publish::{known, manifest_of, version_record};
use super::{Registry, Workroom};
use crate::error::RegistryError;
use crate::keys::Signer;
use crate::layout;
use crate::names::MLFLOW_REGISTERED_META;
use crate::oms;
use crate::progress::Watch;

/// Hashes what `source` gives, telling `watch`.
pub(super) fn hash(
    source: &mut dyn Read,
    path: &str,
    watch: &mut Watch<'_>,
    mut keep: impl FnMut(&[u8]) -> std::io::Result<()>,
) -> Result<(Digest, u64), RegistryError> {
    let mut hash = Sha256::new();
    let mut size = 0u64;
    let mut buffer = vec![0u8; 1024 * 1024];
    loop {
        let read = match source.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(RegistryError::io(path, "reading")(error)),
        };
        let part = buffer.get(..read).unwrap_or_default();
        hash.update(part);
        keep(part).map_err(RegistryError::io(path, "copying"))?;
        size += read as u64;
        watch.advance(read as u64, path)?;
    }
    Ok((Digest::from_bytes(hash.finalize().into()), size))
}

impl Registry {
    /// Lays out the model, its evidence, the manifest and the signature over the model in the workroom.
    pub(super) fn prepare(
        &self,
        room: &Workroom<'_>,
        (bundle, manifest): (&Digest, &BundleManifest),
        publisher: &Signer,
        watch: &mut Watch<'_>,
    ) -> Result<(), RegistryError> {
        super::submit::check_manifest(manifest)?;
        let parts =
            manifest.files.iter().map(|it| ("model", it)).chain(manifest.evidence.iter().map(|it| ("evidence", it)));
        watch.expect(manifest.files.iter().chain(&manifest.evidence).map(|it| it.size).sum());
        for (folder, file) in parts {
            self.place_object(file, &room.path(&format!("version/{folder}/{}", file.path)), watch)?;
        }
        // The very bytes that were approved: a program that knows more fields would write others.
        let text = self.object(bundle)?;
        self.stage(&room.path("version/manifest.json"), &text)?;
        let resources = manifest.files.iter().map(|file| (file.path.clone(), file.digest));
        let bundle = oms::sign_resources("model", resources.collect(), &[MLFLOW_REGISTERED_META.to_owned()], publisher)
            .map_err(|source| RegistryError::Signature { path: "model.sig".to_owned(), source })?;
        self.stage(&room.path("version/model.sig"), &bundle)
    }

    fn stage(&self, path: &str, text: &[u8]) -> Result<(), RegistryError> {
        self.store.stage(path, &mut &*text).map(drop).map_err(RegistryError::io(self.path(path), "writing"))
    }

    /// Gives an object a place in the workroom, after checking every byte of it.
    fn place_object(&self, file: &BundleFile, staged: &str, watch: &mut Watch<'_>) -> Result<(), RegistryError> {
        let path = layout::object(&file.digest);
        let shown = self.path(&path);
        let mut source = self.store.open(&path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => RegistryError::Incomplete {
                path: shown.clone(),
                why: format!("it holds {} of the candidate; the submitter can submit again", file.path),
            },
            _ => RegistryError::io(shown.clone(), "opening")(error),
        })?;
        let (digest, size) = hash(source.as_mut(), &file.path, watch, |_| Ok(()))?;
        if digest == file.digest && size != file.size {
            let why = format!("it holds {}, which its manifest says has {} bytes", file.path, file.size);
            return Err(RegistryError::Damaged { path: shown, why });
        }
        if digest != file.digest {
            let why = format!("it should hold {}, and its bytes have changed; submitting again restores it", file.path);
            return Err(RegistryError::Damaged { path: shown, why });
        }
        let linked = self.store.link_staged(&path, staged).map_err(RegistryError::io(self.path(staged), "linking"))?;
        if !linked {
            let mut source = self.store.open(&path).map_err(RegistryError::io(shown, "opening"))?;
            self.store.stage(staged, source.as_mut()).map_err(RegistryError::io(self.path(staged), "copying"))?;
        }
        Ok(())
    }

    /// Completes the prepared folder and gives it its name. If another was faster, theirs stays.
    pub(super) fn show(&self, room: &Workroom<'_>, candidate: CandidateId, version: u64) -> Result<(), RegistryError> {
        let loaded = self.load(Freshness::Names)?;
        let record = known(&loaded, candidate)?;
        let manifest = manifest_of(&record)?;
        let model = &record.model;
        for (name, text) in self.proof(&loaded, model, version)? {
            self.stage(&room.path(&format!("version/statements/{name}")), &text)?;
        }
        let at = version_record(&loaded, model, version)?.at.ms();
        let meta = layout::version_meta(model, version, at, &manifest.purpose, &self.store.uri());
        self.stage(&room.path("version/meta.yaml"), &meta)?;
        let folder = layout::model_folder(model);
        let place = |staged: &str, path: &str| {
            self.store.settle_folder(staged, path).map(drop).map_err(RegistryError::io(self.path(path), "placing"))
        };
        // MLflow fails on a model folder without its description, so both come into being together.
        let exists = self.store.is_placed(&folder).map_err(RegistryError::io(self.path(&folder), "looking at"))?;
        if let (false, Some(meta)) = (exists, self.expected_model_meta(&loaded.state, model)) {
            self.stage(&room.path("model/meta.yaml"), &meta)?;
            place(&room.path("model"), &folder)?;
        }
        place(&room.path("version"), &layout::version_folder(model, version))
    }

    /// The statements by which a version proves itself: those about people up to its publication, and its own.
    fn proof(
        &self,
        loaded: &Loaded,
        model: &ModelName,
        version: u64,
    ) -> Result<BTreeMap<String, Vec<u8>>, RegistryError> {
        let record = version_record(loaded, model, version)?;
        let mut proof = BTreeMap::new();
        for (id, (path, placed)) in loaded.statements.iter() {
            let about_trust = placed.model.is_none()
                && *id < record.statement
                && !loaded.refused.contains(id)
                && !matches!(placed.statement.body, StatementBody::JoinRequested { .. });
            if about_trust || record.proof.contains(id) || *id == record.statement {
                let text = self.store.read(path).map_err(RegistryError::io(self.path(path), "reading"))?;
                proof.insert(layout::statement_name(&placed.statement), text);
            }
        }
        Ok(proof)
    }

    /// `meta.yaml` of a model as the statements have it; `None` before its first version.
    pub(super) fn expected_model_meta(&self, state: &RegistryState, model: &ModelName) -> Option<Vec<u8>> {
        let (created, times) = times(state, model)?;
        Some(layout::model_meta(model, created, *times.last()?))
    }
}

/// Every text that `meta.yaml` of a model had or should have had, the present one last.
pub(super) fn model_metas(state: &RegistryState, model: &ModelName) -> Vec<Vec<u8>> {
    let Some((created, times)) = times(state, model) else { return Vec::new() };
    times.into_iter().map(|updated| layout::model_meta(model, created, updated)).collect()
}

/// When a model came into being, and when anything about it changed, oldest first.
fn times(state: &RegistryState, model: &ModelName) -> Option<(i64, BTreeSet<i64>)> {
    let (created, versions) = created(state, model)?;
    let withdrawn = versions.values().filter_map(|it| it.withdrawn.as_ref()).map(|it| it.at.ms());
    let moved = state.aliases.get(model).into_iter().flat_map(|all| all.values()).flat_map(|it| &it.history);
    Some((created, versions.values().map(|it| it.at.ms()).chain(withdrawn).chain(moved.map(|it| it.at.ms())).collect()))
}

fn created<'s>(state: &'s RegistryState, model: &ModelName) -> Option<(i64, &'s BTreeMap<u64, VersionRecord>)> {
    let versions = state.versions.get(model)?;
    Some((versions.values().map(|it| it.at.ms()).min()?, versions))
}

/// Texts of `meta.yaml` that a machine whose clock is ahead may have written: as it will be when a promotion's time has come.
pub(super) fn early_model_metas(state: &RegistryState, model: &ModelName) -> Vec<Vec<u8>> {
    let Some((created, _)) = created(state, model) else { return Vec::new() };
    let planned = state.aliases.get(model).into_iter().flat_map(|all| all.values()).filter_map(|it| it.planned());
    planned.map(|plan| layout::model_meta(model, created, plan.from.ms())).collect()
}

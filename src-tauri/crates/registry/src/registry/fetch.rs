//! Taking a version out of the registry: verified first, then copied, and the copy checked as it is written.

use std::fs;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use proofmark_domain::Digest;
use proofmark_domain::id::StatementId;
use proofmark_domain::registry::{RegistryProblem, RegistryVerdict};
use proofmark_domain::release::{BundleFile, ModelName, ReleaseBlocked, Statement, StatementBody};

use super::Registry;
use super::log::Freshness;
use super::publish::version_record;
use super::verify::{Check, expected_files};
use super::version::hash;
use crate::error::RegistryError;
use crate::layout;
use crate::progress::Watch;

/// Which version is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// By number: `churn/3`.
    Version(ModelName, u64),
    /// By alias: `churn@production`.
    Alias(ModelName, String),
    /// The highest number that is not withdrawn: `churn`.
    Latest(ModelName),
}

impl FromStr for Wanted {
    type Err = RegistryError;

    fn from_str(text: &str) -> Result<Self, RegistryError> {
        let name = |text: &str| ModelName::new(text).map_err(|error| RegistryError::Invalid(error.to_string()));
        if let Some((model, alias)) = text.split_once('@') {
            return Ok(Self::Alias(name(model)?, alias.to_owned()));
        }
        let Some((model, version)) = text.split_once('/') else { return name(text).map(Self::Latest) };
        match layout::read_number(version) {
            Some(version) => Ok(Self::Version(name(model)?, version)),
            None if version == "latest" => name(model).map(Self::Latest),
            None => Err(RegistryError::Invalid(format!(
                "`{version}` is not a version number; write model@alias or model/1"
            ))),
        }
    }
}

/// A version that was taken out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// The model.
    pub model: ModelName,
    /// The version.
    pub version: u64,
    /// Digest of its manifest.
    pub bundle: Digest,
    /// Where it lies now.
    pub folder: PathBuf,
    /// Files copied.
    pub files: usize,
    /// Bytes copied.
    pub bytes: u64,
}

/// One version as it is found now.
#[derive(Debug, Clone)]
pub struct Inspected {
    /// What checking its bytes and signatures found.
    pub verdict: RegistryVerdict,
    /// What is wrong with it.
    pub problems: Vec<RegistryProblem>,
    /// The statements by which it proves itself, oldest first, with the bytes of their files.
    pub statements: Vec<(Statement, Vec<u8>)>,
}

impl Registry {
    /// Checks one version and gathers the statements by which it proves itself.
    pub fn inspect(&self, model: &ModelName, version: u64, watch: &mut Watch<'_>) -> Result<Inspected, RegistryError> {
        let loaded = self.load(Freshness::Bytes)?;
        self.ensure_trusted(&loaded.state)?;
        let record = version_record(&loaded, model, version)?;
        let mut check = Check::of(self, &loaded);
        let files = check.walk(&(model.clone(), version))?;
        if record.destroyed.is_none() || !files.is_empty() {
            check.version(&(model.clone(), version), &files, watch)?;
        }
        let own = |id: &StatementId| record.proof.contains(id) || *id == record.statement;
        let mut statements = Vec::new();
        for (id, (path, placed)) in loaded.statements.iter() {
            let trust = matches!(
                placed.statement.body,
                StatementBody::TrustProposed { .. } | StatementBody::TrustEndorsed { .. }
            );
            if own(id) || (trust && !loaded.refused.contains(id)) {
                let text = self.store.read(path).map_err(RegistryError::io(self.path(path), "reading"))?;
                statements.push((placed.statement.clone(), text));
            }
        }
        Ok(Inspected {
            verdict: check.findings.iter().map(|it| it.verdict).max().unwrap_or(RegistryVerdict::Ok),
            problems: check.findings.into_iter().map(|it| it.problem).collect(),
            statements,
        })
    }

    /// Verifies a version and copies it to `dest`, which must not exist yet. `dest` appears only when all of it is there
    /// and every byte of the copy has been compared with what was approved. A withdrawn version is refused.
    pub fn fetch(&self, wanted: &Wanted, dest: &Path, watch: &mut Watch<'_>) -> Result<Fetched, RegistryError> {
        self.ensure_outside(dest)?;
        let loaded = self.load(Freshness::Bytes)?;
        self.ensure_trusted(&loaded.state)?;
        self.ensure_not_less(&loaded)?;
        let (model, version) = self.resolve(&loaded.state, wanted)?;
        let record = version_record(&loaded, &model, version)?;
        if record.withdrawn.is_some() {
            return Err(ReleaseBlocked::Version { model: model.to_string(), version, state: "is withdrawn" }.into());
        }
        let base = layout::version_folder(&model, version);
        let mut check = Check::of(self, &loaded);
        let key = (model.clone(), version);
        let files = check.walk(&key)?;
        watch.expect(files.iter().map(|(_, entry)| entry.size.saturating_mul(2)).sum());
        if files.is_empty() {
            let why = "its folder is missing or empty".to_owned();
            return Err(RegistryError::Incomplete { path: self.path(&base), why });
        }
        check.version(&key, &files, watch)?;
        if let Some(worst) = check.findings.iter().max_by_key(|it| it.verdict) {
            let (path, why) = (self.path(&worst.problem.path), worst.problem.message.clone());
            return Err(match worst.verdict {
                RegistryVerdict::Incomplete => RegistryError::Incomplete { path, why },
                RegistryVerdict::Untrusted => RegistryError::Untrusted { path, why },
                _ => RegistryError::Damaged { path, why },
            });
        }
        let digests: Vec<(String, Digest, u64)> = {
            let manifest = loaded.state.candidates.get(&record.candidate).and_then(|it| it.manifest.as_deref());
            let expected = manifest.map(expected_files).unwrap_or_default();
            let mut all = Vec::new();
            for (name, entry) in &files {
                let listed = expected.contains_key(name) || name.starts_with("statements/");
                if listed && crate::names::foreign(&entry.name).is_none() || expected.contains_key(name) {
                    let (digest, size) = check.hash(&format!("{base}/{name}"), entry, watch)?;
                    all.push((name.clone(), digest, size));
                }
            }
            all
        };
        let bytes = digests.iter().map(|(.., size)| size).sum();
        self.copy_out(&base, &digests, dest, watch)?;
        Ok(Fetched { model, version, bundle: record.bundle, folder: dest.to_owned(), files: digests.len(), bytes })
    }

    /// The bytes of an object of at most 64 MiB, such as evidence of a version, compared with their digest.
    ///
    /// # Errors
    /// If they are not there, or are others by now.
    pub fn object(&self, digest: &Digest) -> Result<Vec<u8>, RegistryError> {
        let path = layout::object(digest);
        let bytes = self.store.read(&path).map_err(RegistryError::io(self.path(&path), "reading"))?;
        if crate::statement::sha256(&bytes) != *digest {
            return Err(RegistryError::Damaged { path: self.path(&path), why: "its bytes have changed".to_owned() });
        }
        Ok(bytes)
    }

    /// The version that is wanted, by the statements that hold.
    pub fn find(&self, wanted: &Wanted) -> Result<(ModelName, u64), RegistryError> {
        let state = self.state()?;
        self.find_in(&state, wanted)
    }

    /// The version that is wanted, by a state that was read already.
    pub fn find_in(
        &self,
        state: &proofmark_domain::release::RegistryState,
        wanted: &Wanted,
    ) -> Result<(ModelName, u64), RegistryError> {
        self.resolve(state, wanted)
    }

    /// The bytes of one of the model's files of a version, at most so many, compared with its digest in the manifest.
    ///
    /// # Errors
    /// If they are not there, are more, or are others by now.
    pub fn model_file(
        &self,
        model: &ModelName,
        version: u64,
        file: &BundleFile,
        most: u64,
    ) -> Result<Vec<u8>, RegistryError> {
        let path = format!("{}/model/{}", layout::version_folder(model, version), file.path);
        let mut bytes = Vec::new();
        let source = self.store.open(&path).map_err(RegistryError::io(self.path(&path), "opening"))?;
        // One byte beyond the limit is enough to tell that there is more.
        source
            .take(most.saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(RegistryError::io(self.path(&path), "reading"))?;
        if bytes.len() as u64 > most {
            return Err(RegistryError::Invalid(format!("{} is larger than {most} bytes", self.path(&path))));
        }
        if crate::statement::sha256(&bytes) != file.digest {
            return Err(RegistryError::Damaged { path: self.path(&path), why: "its bytes have changed".to_owned() });
        }
        Ok(bytes)
    }

    fn resolve(
        &self,
        state: &proofmark_domain::release::RegistryState,
        wanted: &Wanted,
    ) -> Result<(ModelName, u64), RegistryError> {
        let missing = |what: String| RegistryError::Invalid(format!("{} has no {what}", self.store.place()));
        match wanted {
            Wanted::Version(model, version) if state.version(model, *version).is_some() => {
                Ok((model.clone(), *version))
            }
            Wanted::Version(model, version) => Err(missing(format!("version {version} of {model}"))),
            Wanted::Alias(model, alias) => {
                let version = state.aliased(model, alias);
                Ok((model.clone(), version.ok_or_else(|| missing(format!("{model}@{alias}")))?))
            }
            Wanted::Latest(model) => {
                let versions = state.versions.get(model).into_iter().flatten();
                let latest = versions.filter(|(_, it)| it.withdrawn.is_none()).map(|(number, _)| *number).max();
                Ok((model.clone(), latest.ok_or_else(|| missing(format!("version of {model}")))?))
            }
        }
    }

    fn copy_out(
        &self,
        base: &str,
        files: &[(String, Digest, u64)],
        dest: &Path,
        watch: &mut Watch<'_>,
    ) -> Result<(), RegistryError> {
        let shown = dest.display().to_string();
        if fs::symlink_metadata(dest).is_ok() {
            return Err(RegistryError::Invalid(format!("{shown} exists already; name a folder that does not")));
        }
        let parent = dest.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let name = dest.file_name().ok_or_else(|| RegistryError::Invalid(format!("{shown} names no folder")))?;
        fs::create_dir_all(parent).map_err(RegistryError::io(parent.display().to_string(), "making the folder"))?;
        let staged = parent.join(format!(".{}.{}", name.to_string_lossy(), self.clock.fresh(self.clock.now())));
        let copied = files.iter().try_for_each(|(name, digest, _)| {
            let target = staged.join(name);
            let shown = target.display().to_string();
            let io = |what| RegistryError::io(shown.clone(), what);
            if let Some(parent) = target.parent() {
                fs::create_dir_all(parent).map_err(io("making the folder"))?;
            }
            let from = format!("{base}/{name}");
            let mut source = self.store.open(&from).map_err(RegistryError::io(self.path(&from), "opening"))?;
            let mut file = fs::File::create_new(&target).map_err(io("making the file"))?;
            let (found, _) = hash(source.as_mut(), name, watch, |part| file.write_all(part))?;
            file.sync_all().map_err(io("writing"))?;
            if found != *digest {
                let why = "it changed while it was copied".to_owned();
                return Err(RegistryError::Damaged { path: self.path(&from), why });
            }
            Ok(())
        });
        let placed = copied.and_then(|()| fs::rename(&staged, dest).map_err(RegistryError::io(&shown, "placing")));
        if placed.is_err() {
            // The error says what happened; what was copied so far is of no use to anybody.
            let _ = fs::remove_dir_all(&staged);
        }
        placed
    }
}

//! Submitting: bytes first, then the manifest, then the statement.

use std::fs;
use std::io::{self, Read};
use std::path::PathBuf;

use proofmark_domain::Digest;
use proofmark_domain::gate::GateOutcome;
use proofmark_domain::id::CandidateId;
use proofmark_domain::release::{
    BundleData, BundleFile, BundleManifest, CandidateState, ModelName, RegistryState, StatementBody, rules,
};
use proofmark_domain::sensitive::CarriedLabel;
use sha2::{Digest as _, Sha256};

use super::{Registry, Workroom};
use crate::canonical;
use crate::error::RegistryError;
use crate::keys::Signer;
use crate::layout;
use crate::names::{self, BadPath, MLFLOW_REGISTERED_META};
use crate::progress::Watch;
use crate::statement::sha256;

/// A file to submit.
#[derive(Debug, Clone)]
pub struct SourceFile {
    /// Its path in the bundle, with `/`.
    pub path: String,
    /// Where it lies on this machine. A link is refused.
    pub source: PathBuf,
}

/// Content to submit that lies in no file.
#[derive(Debug, Clone)]
pub struct SourceBytes {
    /// Its path in the bundle, with `/`.
    pub path: String,
    /// The content.
    pub bytes: Vec<u8>,
}

/// Everything that a candidate consists of.
#[derive(Debug, Clone)]
pub struct Submission {
    /// The model.
    pub model: ModelName,
    /// Files that consumers load; at least one.
    pub files: Vec<SourceFile>,
    /// Further such files that are made for the occasion, such as an `MLmodel`.
    pub generated: Vec<SourceBytes>,
    /// Reports and other evidence.
    pub evidence: Vec<SourceBytes>,
    /// What the gates said.
    pub gates: Vec<GateOutcome>,
    /// Sensitive labels that reach the model.
    pub labels: Vec<CarriedLabel>,
    /// Metrics of the training run, each a finite number.
    pub metrics: std::collections::BTreeMap<String, f64>,
    /// What the model is for.
    pub purpose: String,
    /// What it must not be used for.
    pub limits: String,
    /// Data sets upstream.
    pub datasets: Vec<BundleData>,
    /// Digest of the environment of the training run.
    pub environment: Option<Digest>,
    /// Commit of the code that trained it.
    pub commit: Option<String>,
    /// Risk class; empty for none.
    pub risk: String,
    /// What is new, in words.
    pub note: String,
}

/// Sizes are added up for progress and shown in windows, whose numbers are exact up to here.
const MOST_BYTES: u64 = 1 << 53;

/// Checks what a manifest says about names and sizes, wherever it came from.
pub(super) fn check_manifest(manifest: &BundleManifest) -> Result<(), BadPath> {
    for files in [&manifest.files, &manifest.evidence] {
        names::check_paths(files.iter().map(|file| file.path.as_str()))?;
    }
    let bad = |path: &str, why: &str| Err(BadPath { path: path.to_owned(), why: why.to_owned() });
    if manifest.files.is_empty() {
        return bad("model", "a release needs at least one model file");
    }
    let mut sizes = manifest.files.iter().chain(&manifest.evidence).map(|file| file.size);
    if sizes.try_fold(0u64, u64::checked_add).is_none_or(|all| all > MOST_BYTES) {
        return bad("model", "its files would be larger than any disk");
    }
    if manifest.files.iter().any(|file| file.path.eq_ignore_ascii_case(MLFLOW_REGISTERED_META)) {
        return bad(
            MLFLOW_REGISTERED_META,
            "MLflow writes a file of this name when it loads a model, so it cannot be signed",
        );
    }
    Ok(())
}

/// Counts and hashes what flows through, and stops when told to.
struct Measured<'s, 'w> {
    source: &'s mut dyn Read,
    hash: Sha256,
    size: u64,
    watch: &'s mut Watch<'w>,
    name: &'s str,
    stopped: Option<RegistryError>,
}

impl Read for Measured<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(buffer)?;
        self.hash.update(buffer.get(..read).unwrap_or_default());
        self.size += read as u64;
        if let Err(stop) = self.watch.advance(read as u64, self.name) {
            self.stopped = Some(stop);
            return Err(io::Error::other("stopped on request"));
        }
        Ok(read)
    }
}

impl Registry {
    /// Submits a candidate. If the same person already submitted the same bytes and they still wait or are approved,
    /// that candidate is returned: an attempt that was cut short can simply be repeated.
    pub fn submit(
        &self,
        submitter: &Signer,
        submission: &Submission,
        watch: &mut Watch<'_>,
    ) -> Result<CandidateId, RegistryError> {
        if let Some(what) = names::foreign(submission.model.as_str()) {
            let name = &submission.model;
            return Err(RegistryError::Invalid(format!(
                "a model cannot be called `{name}`: readers of a shared folder take such a name for {what}"
            )));
        }
        rules::may_submit(&self.ready(submitter)?.state, self.actor(submitter))?;
        let sources = checked_sources(submission)?;
        watch.expect(sources.iter().map(|(.., size)| size).sum::<u64>());
        watch.expect(submission.generated.iter().chain(&submission.evidence).map(|it| it.bytes.len() as u64).sum());
        let room = self.workroom();
        let mut manifest = BundleManifest {
            model: submission.model.clone(),
            files: Vec::new(),
            evidence: Vec::new(),
            gates: submission.gates.clone(),
            labels: submission.labels.clone(),
            metrics: submission.metrics.clone(),
            purpose: submission.purpose.clone(),
            limits: submission.limits.clone(),
            datasets: submission.datasets.clone(),
            environment: submission.environment,
            commit: submission.commit.clone(),
            risk: submission.risk.clone(),
        };
        for (file, _) in &sources {
            let shown = file.source.display().to_string();
            let mut source = fs::File::open(&file.source).map_err(RegistryError::io(shown, "opening"))?;
            manifest.files.push(self.put(&room, &file.path, &mut source, watch)?);
        }
        for part in &submission.generated {
            manifest.files.push(self.put(&room, &part.path, &mut part.bytes.as_slice(), watch)?);
        }
        for part in &submission.evidence {
            manifest.evidence.push(self.put(&room, &part.path, &mut part.bytes.as_slice(), watch)?);
        }
        manifest.files.sort_by(|a, b| a.path.cmp(&b.path));
        manifest.evidence.sort_by(|a, b| a.path.cmp(&b.path));
        let text = canonical::to_bytes(&manifest)
            .map_err(|error| RegistryError::Invalid(format!("the manifest cannot be written: {error}")))?;
        let bundle = sha256(&text);
        self.put(&room, "manifest.json", &mut text.as_slice(), &mut Watch::silent())?;

        let _turn = self.turn();
        let loaded = self.ready(submitter)?;
        if let Some(known) = same_candidate(&loaded.state, submitter, &submission.model, &bundle) {
            return Ok(known);
        }
        rules::may_submit(&loaded.state, self.actor(submitter))?;
        let candidate = CandidateId::from_uuid(self.clock.fresh(self.clock.now()));
        let (model, note) = (submission.model.clone(), submission.note.clone());
        let body = StatementBody::Submitted { candidate, bundle, model, note };
        self.append(&loaded, submitter, Some(&submission.model), body)?;
        Ok(candidate)
    }

    /// Puts content into the registry under its digest. An object that is already there is replaced by the same
    /// bytes, which mends it if it was damaged.
    fn put(
        &self,
        room: &Workroom<'_>,
        name: &str,
        source: &mut dyn Read,
        watch: &mut Watch<'_>,
    ) -> Result<BundleFile, RegistryError> {
        let staged = room.path(&format!("object-{}", self.clock.fresh(self.clock.now())));
        let mut measured = Measured { source, hash: Sha256::new(), size: 0, watch, name, stopped: None };
        let written = self.store.stage(&staged, &mut measured);
        if let Some(stopped) = measured.stopped {
            return Err(stopped);
        }
        let (digest, size) = (Digest::from_bytes(measured.hash.finalize().into()), measured.size);
        written.map_err(RegistryError::io(format!("{name} (copying to {})", self.path(&staged)), "copying"))?;
        let target = layout::object(&digest);
        self.store.settle(&staged, &target).map_err(RegistryError::io(self.path(&target), "placing"))?;
        Ok(BundleFile { path: name.to_owned(), digest, size })
    }
}

fn same_candidate(state: &RegistryState, signer: &Signer, model: &ModelName, bundle: &Digest) -> Option<CandidateId> {
    state
        .candidates
        .values()
        .find(|it| {
            it.bundle == *bundle
                && it.model == *model
                && it.submitter == signer.card().id
                && matches!(it.state, CandidateState::Waiting | CandidateState::Approved)
        })
        .map(|it| it.id)
}

/// Checks everything that can be checked before a byte is copied.
fn checked_sources(submission: &Submission) -> Result<Vec<(&SourceFile, u64)>, RegistryError> {
    let generated = submission.generated.iter().map(|it| it.path.as_str());
    names::check_paths(submission.files.iter().map(|it| it.path.as_str()).chain(generated))?;
    names::check_paths(submission.evidence.iter().map(|it| it.path.as_str()))?;
    if submission.files.is_empty() && submission.generated.is_empty() {
        return Err(RegistryError::Invalid("a release needs at least one model file".to_owned()));
    }
    let mut all = submission.files.iter().map(|it| &it.path).chain(submission.generated.iter().map(|it| &it.path));
    if let Some(path) = all.find(|path| path.eq_ignore_ascii_case(MLFLOW_REGISTERED_META)) {
        let why = "MLflow writes a file of this name when it loads a model, so it cannot be signed".to_owned();
        return Err(BadPath { path: path.clone(), why }.into());
    }
    if submission.purpose.trim().is_empty() {
        return Err(RegistryError::Invalid(
            "say what the model is for: the purpose is part of what is approved".to_owned(),
        ));
    }
    if let Some((name, value)) = submission.metrics.iter().find(|(_, value)| !value.is_finite()) {
        return Err(RegistryError::Invalid(format!(
            "the metric `{name}` is {value}, which cannot be approved; leave it out"
        )));
    }
    let mut sources = Vec::new();
    for file in &submission.files {
        let shown = file.source.display().to_string();
        let metadata = fs::symlink_metadata(&file.source).map_err(RegistryError::io(&shown, "looking at"))?;
        if !metadata.is_file() {
            let what = if metadata.is_symlink() { "a link" } else { "not a regular file" };
            return Err(RegistryError::Invalid(format!("{shown} is {what}; submit the file that it stands for")));
        }
        sources.push((file, metadata.len()));
    }
    Ok(sources)
}

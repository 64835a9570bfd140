//! Re-checking every byte, every signature and every rule.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use proofmark_domain::Digest;
use proofmark_domain::id::StatementId;
use proofmark_domain::registry::{RegistryProblem, RegistryReport, RegistryVerdict, VersionVerdict, sentence};
use proofmark_domain::release::{
    BundleManifest, CandidateRecord, CandidateState, ModelName, ReleaseBlocked, Statement, StatementBody, VersionRecord,
};

use super::log::{Claim, Finding, Freshness, Loaded, finding, unreadable};
use super::version::hash;
use super::{Registry, short};
use crate::error::RegistryError;
use crate::keys::PublicKey;
use crate::layout::{self, MARKER, STAGING};
use crate::names::{MLFLOW_REGISTERED_META, foreign};
use crate::oms;
use crate::progress::Watch;
use crate::statement::sha256;
use crate::store::{Entry, EntryKind};

const AGAIN: &str = "publishing the same candidate again completes it";
const COPY: &str = "move the version's folder away and publish its candidate again, or restore it from another copy";
const WAIT: &str =
    "wait until the folder is synchronised; if it stays, restore the file from another copy of the registry";

impl Registry {
    /// Re-checks the whole registry. Nothing is written.
    ///
    /// Fails only if the place cannot be read or `watch` stops it; everything that is wrong with the registry is in
    /// the report.
    pub fn verify(&self, watch: &mut Watch<'_>) -> Result<RegistryReport, RegistryError> {
        let loaded = self.load(Freshness::Bytes)?;
        Ok(self.check(&loaded, watch)?.report())
    }

    /// Everything that is wrong with the whole registry.
    pub(super) fn findings(&self, watch: &mut Watch<'_>) -> Result<Vec<Finding>, RegistryError> {
        let loaded = self.load(Freshness::Bytes)?;
        Ok(self.check(&loaded, watch)?.findings)
    }

    fn check<'r>(&'r self, loaded: &'r Loaded, watch: &mut Watch<'_>) -> Result<Check<'r>, RegistryError> {
        let mut check = Check {
            registry: self,
            loaded,
            findings: loaded.findings.clone(),
            ignored: loaded.ignored.iter().cloned().chain(overtaken(loaded)).collect(),
            hashed: HashMap::new(),
            signers: BTreeMap::new(),
        };
        check.root()?;
        check.trust();
        check.trust_claims();
        check.claims();
        let objects = check.object_list()?;
        let folders = check.version_folders()?;
        let in_folders = folders.iter().flat_map(|((model, number), files)| {
            let base = layout::version_folder(model, *number);
            files.iter().map(move |(name, entry)| (format!("{base}/{name}"), entry.clone()))
        });
        check.hash_all(objects.iter().cloned().chain(in_folders).collect(), watch)?;
        check.objects(&objects, watch)?;
        for (version, files) in &folders {
            check.version(version, files, watch)?;
        }
        check.views(&folders)?;
        Ok(check)
    }
}

mod hashing;
mod trust;
mod views;

type Files = Vec<(String, Entry)>;
type Folders = BTreeMap<(ModelName, u64), Files>;

pub(super) struct Check<'r> {
    pub registry: &'r Registry,
    pub loaded: &'r Loaded,
    pub findings: Vec<Finding>,
    pub ignored: Vec<String>,
    /// Digests of files by stamp: a hard link is read once.
    pub hashed: HashMap<[i64; 4], (Digest, u64)>,
    pub signers: BTreeMap<(ModelName, u64), Vec<String>>,
}

impl<'r> Check<'r> {
    fn list(&mut self, path: &str) -> Result<Vec<Entry>, RegistryError> {
        match self.registry.store.list(path) {
            Ok(entries) => Ok(entries),
            Err(error) if error.kind() == std::io::ErrorKind::NotADirectory => {
                self.findings.push(unreadable(path, &error));
                Ok(Vec::new())
            }
            Err(error) => Err(RegistryError::io(self.registry.path(path), "listing")(error)),
        }
    }

    fn found(&mut self, verdict: RegistryVerdict, code: &str, path: &str, message: impl Into<String>, mend: &str) {
        self.findings.push(finding(verdict, code, path, message.into(), mend));
    }

    fn found_in(
        &mut self,
        version: &(ModelName, u64),
        verdict: RegistryVerdict,
        code: &str,
        path: &str,
        message: String,
        mend: &str,
    ) {
        let mut found = finding(verdict, code, path, message, mend);
        found.version = Some(version.clone());
        self.findings.push(found);
    }

    /// Where other programs look, a link or a device stands for something that nobody published.
    fn refuse_link(&mut self, path: &str, kind: EntryKind) -> bool {
        let strange = matches!(kind, EntryKind::Link | EntryKind::Other);
        if strange {
            let message = "it is a link or a device, which a registry does not hold";
            self.found(RegistryVerdict::Damaged, "link_unexpected", path, message, "remove it");
        }
        strange
    }

    fn ignore(&mut self, path: &str) {
        let name = path.rsplit('/').next().unwrap_or(path);
        let why = foreign(name).unwrap_or("a name that does not belong here");
        self.ignored.push(format!("{path} ({why})"));
    }

    /// Names at the top, and what unfinished work left behind.
    fn root(&mut self) -> Result<(), RegistryError> {
        for entry in self.list("")? {
            match (entry.name.as_str(), entry.kind) {
                (MARKER, EntryKind::File) | ("log" | "objects" | "claims" | "models", EntryKind::Folder) => {}
                (STAGING, EntryKind::Folder) => {
                    for left in self.list(STAGING)? {
                        self.ignored.push(format!("{STAGING}/{} (work that is under way or was cut short)", left.name));
                    }
                }
                (name @ ("log" | "objects" | "claims" | "models"), _) => {
                    let message = "it is no folder, and must be one";
                    self.found(
                        RegistryVerdict::Damaged,
                        "file_unexpected",
                        name,
                        message,
                        "restore it from another copy",
                    );
                }
                _ => self.ignore(&entry.name),
            }
        }
        let text =
            self.registry.store.read(MARKER).map_err(RegistryError::io(self.registry.path(MARKER), "reading"))?;
        let expected = super::Marker { format: layout::FORMAT, id: self.registry.id }.to_bytes();
        // The beginning is there and was claimed, and is for another registry than the file says.
        let begins =
            |body: &StatementBody| matches!(body, StatementBody::TrustProposed { list, .. } if list.version == 1);
        let other_id = self
            .loaded
            .statements
            .values()
            .any(|(_, it)| begins(&it.statement.body) && it.statement.registry != self.registry.id)
            && self.loaded.state.root_key.is_none();
        if text != expected || other_id {
            let message = "it is not as it was written, or names another registry than its statements do";
            self.found(RegistryVerdict::Damaged, "marker_changed", MARKER, message, "restore it from another copy");
        }
        Ok(())
    }

    /// Every object file.
    fn object_list(&mut self) -> Result<Files, RegistryError> {
        let mut files = Vec::new();
        for algorithm in self.list("objects")? {
            let path = format!("objects/{}", algorithm.name);
            if algorithm.name != "sha256" || algorithm.kind != EntryKind::Folder {
                self.ignore(&path);
                continue;
            }
            for folder in self.list(&path)? {
                let path = format!("{path}/{}", folder.name);
                if folder.kind != EntryKind::Folder {
                    self.ignore(&path);
                    continue;
                }
                for entry in self.list(&path)? {
                    let path = format!("{path}/{}", entry.name);
                    let named = Digest::from_hex(&entry.name).is_ok_and(|digest| layout::object(&digest) == path);
                    if named && entry.kind == EntryKind::File {
                        files.push((path, entry));
                    } else {
                        self.ignore(&path);
                    }
                }
            }
        }
        Ok(files)
    }

    fn objects(&mut self, objects: &Files, watch: &mut Watch<'_>) -> Result<(), RegistryError> {
        let mut needed: BTreeMap<Digest, &CandidateRecord> = BTreeMap::new();
        for record in self.loaded.state.candidates.values() {
            // Manifests were checked when the log was read.
            let version = record.version.and_then(|number| self.loaded.state.version(&record.model, number));
            let destroyed = version.is_some_and(|it| it.destroyed.is_some());
            if let Some(manifest) =
                record.manifest.as_ref().filter(|_| record.state != CandidateState::Rejected && !destroyed)
            {
                needed.extend(manifest.files.iter().chain(&manifest.evidence).map(|it| (it.digest, record)));
            }
        }
        let manifests: BTreeSet<Digest> = self.loaded.state.candidates.values().map(|it| it.bundle).collect();
        for (path, entry) in objects {
            let Some((digest, _)) = self.hash_or_say(path, entry, watch)? else { continue };
            if digest.hex() == entry.name {
                needed.remove(&digest);
                continue;
            }
            let Ok(named) = Digest::from_hex(&entry.name) else { continue };
            if manifests.contains(&named) {
                continue;
            }
            match needed.remove(&named) {
                Some(record) => {
                    let message = format!("its bytes have changed; it belongs to a candidate of {}", record.model);
                    let mend = "submitting the same files again restores it";
                    self.found(RegistryVerdict::Damaged, "object_changed", path, message, mend);
                }
                None => {
                    let message = "its bytes have changed; nothing refers to it";
                    self.found(RegistryVerdict::Damaged, "object_changed", path, message, "remove the file");
                }
            }
        }
        for (digest, record) in needed {
            let message = format!("a file of a candidate of {} is missing", record.model);
            self.found(RegistryVerdict::Incomplete, "object_missing", &layout::object(&digest), message, WAIT);
        }
        Ok(())
    }

    pub fn hash(&mut self, path: &str, entry: &Entry, watch: &mut Watch<'_>) -> Result<(Digest, u64), RegistryError> {
        if let Some(known) = entry.stamp.as_ref().and_then(|stamp| self.hashed.get(stamp)) {
            return Ok(*known);
        }
        let shown = self.registry.path(path);
        let mut source = self.registry.store.open(path).map_err(RegistryError::io(&shown, "opening"))?;
        let found = hash(source.as_mut(), &shown, watch, |_| Ok(()))?;
        if let Some(stamp) = entry.stamp {
            self.hashed.insert(stamp, found);
        }
        Ok(found)
    }

    /// The digest of a file; `None` if it cannot be read, which is then a finding.
    fn hash_or_say(
        &mut self,
        path: &str,
        entry: &Entry,
        watch: &mut Watch<'_>,
    ) -> Result<Option<(Digest, u64)>, RegistryError> {
        match self.hash(path, entry, watch) {
            Ok(found) => Ok(Some(found)),
            Err(RegistryError::Io { source, .. }) => {
                self.findings.push(unreadable(path, &source));
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Every version folder, with all files in it.
    fn version_folders(&mut self) -> Result<Folders, RegistryError> {
        let mut folders = Folders::new();
        for folder in self.list("models")? {
            let path = format!("models/{}", folder.name);
            if self.refuse_link(&path, folder.kind) {
                continue;
            }
            let (Ok(model), EntryKind::Folder) = (ModelName::new(&folder.name), folder.kind) else {
                self.ignore(&path);
                continue;
            };
            if !self.loaded.claims.contains_key(&model) && !self.loaded.state.versions.contains_key(&model) {
                let message = "nobody published a model of this name here";
                let mend = "do not use it; wait for missing statements, or ask who put it there";
                self.found(RegistryVerdict::Untrusted, "model_unknown", &path, message, mend);
            }
            for entry in self.list(&path)? {
                let path = format!("{path}/{}", entry.name);
                if self.refuse_link(&path, entry.kind) {
                    continue;
                }
                let number = entry.name.strip_prefix("version-").and_then(layout::read_number);
                match (number, entry.kind) {
                    (Some(number), EntryKind::Folder) => {
                        let key = (model.clone(), number);
                        let files = self.walk(&key)?;
                        folders.insert(key, files);
                    }
                    _ if matches!(entry.name.as_str(), "meta.yaml" | "aliases") => {}
                    _ => self.ignore(&path),
                }
            }
        }
        for (model, versions) in &self.loaded.state.versions {
            for number in versions.keys() {
                let key = (model.clone(), *number);
                let destroyed = versions.get(number).is_some_and(|it| it.destroyed.is_some());
                if !folders.contains_key(&key) && !destroyed {
                    let path = layout::version_folder(model, *number);
                    let message = "its folder is missing: publishing was cut short, or it has not arrived".to_owned();
                    self.found_in(&key, RegistryVerdict::Incomplete, "version_missing", &path, message, AGAIN);
                }
            }
        }
        Ok(folders)
    }

    /// Lists the folder of a version with everything below it, by path relative to that folder.
    pub fn walk(&mut self, (model, number): &(ModelName, u64)) -> Result<Files, RegistryError> {
        let base = layout::version_folder(model, *number);
        let state = &self.loaded.state;
        let candidate = state.version(model, *number).and_then(|it| state.candidates.get(&it.candidate));
        let expected = candidate.and_then(|it| it.manifest.as_deref()).map(expected_files).unwrap_or_default();
        let mut files = Files::new();
        let mut open = vec![String::new()];
        while let Some(folder) = open.pop() {
            let path = if folder.is_empty() { base.clone() } else { format!("{base}/{folder}") };
            for entry in self.list(&path)? {
                let name = if folder.is_empty() { entry.name.clone() } else { format!("{folder}/{}", entry.name) };
                if entry.kind != EntryKind::Folder {
                    files.push((name, entry));
                } else if foreign(&entry.name).is_none() || leads_to(&expected, &name) {
                    open.push(name);
                } else {
                    self.ignore(&format!("{base}/{name}"));
                }
            }
        }
        Ok(files)
    }

    /// Checks a version folder against what was published.
    pub fn version(
        &mut self,
        key: &(ModelName, u64),
        files: &Files,
        watch: &mut Watch<'_>,
    ) -> Result<(), RegistryError> {
        let loaded = self.loaded;
        let (model, number) = key;
        let base = layout::version_folder(model, *number);
        let Some(record) = loaded.state.version(model, *number) else {
            if let Some(why) = overtaken_claim(loaded, model, *number) {
                let message = format!("this number is empty, because others were faster: {why}");
                let mend = "whoever publishes may remove the folder";
                self.found_in(key, RegistryVerdict::Incomplete, "version_overtaken", &base, message, mend);
                return Ok(());
            }
            let pending = loaded.statements.values().any(|(_, it)| {
                matches!(&it.statement.body, StatementBody::Published { model: of, version, .. } if of == model && version == number)
            });
            let (verdict, code, message) = if pending
                && !loaded.claims.get(model).is_some_and(|it| it.contains_key(number))
            {
                (RegistryVerdict::Damaged, "claim_missing", "its folder is there, and the claim of its number is gone")
            } else {
                (RegistryVerdict::Untrusted, "version_unknown", "no statement that holds publishes this version")
            };
            let mend = "do not use it; wait for missing statements, or ask who put it there";
            self.found_in(key, verdict, code, &base, message.to_owned(), mend);
            return Ok(());
        };
        if record.destroyed.is_some() {
            let message = "its bytes were to be destroyed, and its folder is still there".to_owned();
            let mend = "the owner who destroyed it repeats that";
            self.found_in(key, RegistryVerdict::Incomplete, "destruction_pending", &base, message, mend);
        }
        let Some(manifest) = loaded.state.candidates.get(&record.candidate).and_then(|it| it.manifest.as_ref()) else {
            let message = "its manifest is missing, so its bytes cannot be checked".to_owned();
            self.found_in(key, RegistryVerdict::Incomplete, "manifest_missing", &base, message, WAIT);
            return Ok(());
        };
        let mut missing = expected_files(manifest);
        let mut statements = own_statements(loaded, record);
        for (name, entry) in files {
            let path = format!("{base}/{name}");
            if entry.kind != EntryKind::File {
                let message = "it is a link or a device, and a release holds only files".to_owned();
                self.found_in(key, RegistryVerdict::Damaged, "file_unexpected", &path, message, "remove it");
            } else if let Some(expected) = missing.remove(name) {
                let Some((digest, size)) = self.hash_or_say(&path, entry, watch)? else { continue };
                if expected != Some((digest, size)) && expected.is_some() {
                    let message = format!(
                        "its bytes have changed: {} instead of what was approved, so the approval no longer applies",
                        digest.short()
                    );
                    self.found_in(key, RegistryVerdict::Damaged, "file_changed", &path, message, COPY);
                }
                match name.as_str() {
                    "manifest.json" => self.manifest(key, &path, record)?,
                    "model.sig" => self.signature(key, &path, record, manifest)?,
                    "meta.yaml" => self.meta(key, &path, record, manifest)?,
                    _ => {}
                }
            } else if let Some(statement) = name.strip_prefix("statements/") {
                self.statement_copy(key, &path, statement, &mut statements)?;
            } else if name == &format!("model/{MLFLOW_REGISTERED_META}") {
                self.ignored.push(format!("{path} (written by MLflow when it loaded the model)"));
            } else if foreign(name.rsplit('/').next().unwrap_or(name)).is_some() {
                self.ignore(&path);
            } else {
                let message = "it was not published with this version".to_owned();
                self.found_in(key, RegistryVerdict::Damaged, "file_unexpected", &path, message, "remove it");
            }
        }
        let statements = statements.into_iter().map(|name| format!("statements/{name}"));
        let mut missing = missing.into_keys().chain(statements).peekable();
        if missing.peek().is_none() {
            return Ok(());
        }
        let placed = self.registry.store.is_placed(&base);
        let placed = placed.map_err(RegistryError::io(self.registry.path(&base), "looking at"))?;
        if !placed {
            let message = "its folder is not complete: publishing is under way, or was cut short".to_owned();
            self.found_in(key, RegistryVerdict::Incomplete, "version_missing", &base, message, AGAIN);
            return Ok(());
        }
        for name in missing {
            let message = "it is missing".to_owned();
            // Whole folders are put in place in one step, so a gap here is damage or a transfer under way.
            self.found_in(key, RegistryVerdict::Damaged, "file_missing", &format!("{base}/{name}"), message, COPY);
        }
        Ok(())
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, RegistryError> {
        self.registry.store.read(path).map_err(RegistryError::io(self.registry.path(path), "reading"))
    }

    fn manifest(&mut self, key: &(ModelName, u64), path: &str, record: &VersionRecord) -> Result<(), RegistryError> {
        if sha256(&self.read(path)?) != record.bundle {
            let message = "it is not the manifest that was approved".to_owned();
            self.found_in(key, RegistryVerdict::Damaged, "file_changed", path, message, COPY);
        }
        Ok(())
    }

    /// The signature that other tools check must be a member's, and cover exactly the files of the manifest.
    fn signature(
        &mut self,
        key: &(ModelName, u64),
        path: &str,
        record: &VersionRecord,
        manifest: &BundleManifest,
    ) -> Result<(), RegistryError> {
        let text = self.read(path)?;
        let hint = oms::key_hint(&text).unwrap_or_default();
        let Some((member, public)) = self.loaded.state.holder(&hint).zip(self.public_key(&hint)) else {
            let message = format!("it was made with the key {}, which nobody in this registry holds", short(&hint));
            self.found_in(key, RegistryVerdict::Damaged, "signature_invalid", path, message, COPY);
            return Ok(());
        };
        let expected: BTreeMap<String, Digest> = manifest.files.iter().map(|it| (it.path.clone(), it.digest)).collect();
        match oms::check_resources(&text, &public, &expected, &[MLFLOW_REGISTERED_META]) {
            Ok(()) => {
                let mut names = vec![member.card.name.clone()];
                if hint != record.publisher_key {
                    names.push("(completed the publication)".to_owned());
                }
                self.signers.insert(key.clone(), vec![names.join(" ")]);
            }
            Err(error) => {
                self.found_in(key, RegistryVerdict::Damaged, "signature_invalid", path, error.to_string(), COPY);
            }
        }
        Ok(())
    }

    fn public_key(&self, key_id: &str) -> Option<PublicKey> {
        let (.., key) = self.loaded.state.trust.as_ref()?.holder(key_id)?;
        PublicKey::from_pem(&key.public_key, "the trust list").ok()
    }

    fn meta(
        &mut self,
        key: &(ModelName, u64),
        path: &str,
        record: &VersionRecord,
        manifest: &BundleManifest,
    ) -> Result<(), RegistryError> {
        let text = self.read(path)?;
        let fits = layout::uri_of_version_meta(&text, &key.0, key.1, record.at.ms(), &manifest.purpose);
        if fits.is_none() {
            let message = "what MLflow reads about this version is not what was published".to_owned();
            self.found_in(key, RegistryVerdict::Damaged, "file_changed", path, message, COPY);
        }
        Ok(())
    }

    fn statement_copy(
        &mut self,
        key: &(ModelName, u64),
        path: &str,
        name: &str,
        own: &mut BTreeSet<String>,
    ) -> Result<(), RegistryError> {
        let id = name.get(..36).and_then(|id| uuid::Uuid::try_parse(id).ok()).map(StatementId::from_uuid);
        let original = id.and_then(|id| self.loaded.statements.get(&id));
        let original = original.filter(|(_, it)| layout::statement_name(&it.statement) == name);
        let Some((original, _)) = original else {
            if foreign(name).is_some() {
                self.ignore(path);
            } else {
                let message = "it is no copy of any statement that holds".to_owned();
                self.found_in(key, RegistryVerdict::Damaged, "file_unexpected", path, message, "remove it");
            }
            return Ok(());
        };
        own.remove(name);
        if self.read(path)? != self.read(original)? {
            let message = format!("it differs from {original}");
            self.found_in(key, RegistryVerdict::Damaged, "file_changed", path, message, COPY);
        }
        Ok(())
    }

    fn report(self) -> RegistryReport {
        let state = &self.loaded.state;
        let whole = |finding: &&Finding| {
            matches!(
                finding.problem.code.as_str(),
                "owner_unknown" | "root_missing" | "trust_rolled_back" | "trust_expired"
            )
        };
        let base = self.findings.iter().filter(whole).map(|it| it.verdict).max().unwrap_or(RegistryVerdict::Ok);
        let worst = |key: &(ModelName, u64)| {
            let own = self.findings.iter().filter(|it| it.version.as_ref() == Some(key)).map(|it| it.verdict);
            own.chain([base]).max().unwrap_or(RegistryVerdict::Ok)
        };
        let mut keys: BTreeSet<(ModelName, u64)> = self.findings.iter().filter_map(|it| it.version.clone()).collect();
        keys.extend(state.versions.iter().flat_map(|(model, all)| all.keys().map(|number| (model.clone(), *number))));
        let versions = keys.into_iter().map(|key| {
            let record = state.version(&key.0, key.1);
            let candidate = record.and_then(|it| state.candidates.get(&it.candidate));
            VersionVerdict {
                verdict: worst(&key),
                digest: record.map(|it| it.bundle),
                signers: self.signers.get(&key).cloned().unwrap_or_default(),
                approvals: candidate
                    .map(|it| it.decisions.iter().filter(|it| it.approved).cloned().collect())
                    .unwrap_or_default(),
                aliases: state.aliases_of(&key.0, key.1),
                withdrawn: record.is_some_and(|it| it.withdrawn.is_some()),
                model: key.0,
                version: key.1,
            }
        });
        let versions: Vec<VersionVerdict> = versions.collect();
        let problems: Vec<RegistryProblem> = self.findings.iter().map(|it| it.problem.clone()).collect();
        let verdict = self.findings.iter().map(|it| it.verdict).max().unwrap_or(RegistryVerdict::Ok);
        RegistryReport {
            registry: self.registry.store.place(),
            verdict,
            sentence: sentence(verdict, &problems, &versions),
            versions,
            problems,
            ignored: self.ignored.clone(),
        }
    }
}

/// Whether a folder holds any of these files.
pub(super) fn leads_to<T>(files: &BTreeMap<String, T>, folder: &str) -> bool {
    let below = format!("{folder}/");
    files.range(below.clone()..).next().is_some_and(|(name, _)| name.starts_with(&below))
}

/// The files of a version folder, with digest and size where the manifest gives them.
pub(super) fn expected_files(manifest: &BundleManifest) -> BTreeMap<String, Option<(Digest, u64)>> {
    let files = manifest.files.iter().map(|it| (format!("model/{}", it.path), Some((it.digest, it.size))));
    let evidence = manifest.evidence.iter().map(|it| (format!("evidence/{}", it.path), Some((it.digest, it.size))));
    let own = ["manifest.json", "model.sig", "meta.yaml"].map(|name| (name.to_owned(), None));
    files.chain(evidence).chain(own).collect()
}

/// Statements that count for nothing because others were faster, and numbers that stay empty for that reason.
fn overtaken(loaded: &Loaded) -> impl Iterator<Item = String> {
    let statements = loaded.overtaken.iter().map(|(id, why)| {
        let path = loaded.statements.get(id).map_or("log", |(path, _)| path.as_ref());
        format!("{path} (others were faster, so it counts for nothing: {why})")
    });
    let numbers = loaded.claims.iter().flat_map(|(model, numbers)| numbers.keys().map(move |number| (model, *number)));
    let numbers = numbers.filter_map(|(model, number)| {
        let why = overtaken_claim(loaded, model, number)?;
        Some(format!("{} (others were faster, so this number stays empty: {why})", layout::claim(model, number)))
    });
    statements.chain(numbers)
}

/// Why the publication that holds a number came too late: its candidate was published on another machine, say, before the two saw each other.
fn overtaken_claim<'l>(loaded: &'l Loaded, model: &ModelName, number: u64) -> Option<&'l ReleaseBlocked> {
    if loaded.overtaken.is_empty() || loaded.state.version(model, number).is_some() {
        return None;
    }
    let held = loaded.claims.get(model)?.get(&number)?.holder()?;
    let (id, why) =
        loaded.overtaken.iter().find(|(id, _)| loaded.statements.get(id).is_some_and(|(_, it)| it.digest == held))?;
    let publishes = matches!(&loaded.statements.get(id)?.1.statement.body, StatementBody::Published { model: of, version, .. } if of == model && *version == number);
    publishes.then_some(why)
}

/// Names of the statements without which a version does not prove itself.
fn own_statements(loaded: &Loaded, record: &VersionRecord) -> BTreeSet<String> {
    let own = record.proof.iter().chain([&record.statement]).filter_map(|id| loaded.statements.get(id));
    let own = own.map(|(_, placed)| &placed.statement);
    own.chain(lists_of(loaded, record)).map(layout::statement_name).collect()
}

/// The versions of the trust list that lead to the one under which a version was published: its publisher had them all.
fn lists_of<'l>(loaded: &'l Loaded, record: &VersionRecord) -> Vec<&'l Statement> {
    let mut next = loaded.statements.get(&record.statement).and_then(|(_, it)| it.statement.trust);
    let mut lists = Vec::new();
    // Each names the one before by its digest, so there is no way back to where it began.
    while let Some((_, it)) =
        next.and_then(|digest| loaded.by_digest.get(&digest)).and_then(|id| loaded.statements.get(id))
        && let StatementBody::TrustProposed { list, .. } = &it.statement.body
    {
        lists.push(&it.statement);
        next = list.previous;
    }
    lists
}

impl<'r> Check<'r> {
    /// A check of single versions, for fetching.
    pub fn of(registry: &'r Registry, loaded: &'r Loaded) -> Self {
        Self {
            registry,
            loaded,
            findings: Vec::new(),
            ignored: Vec::new(),
            hashed: HashMap::new(),
            signers: BTreeMap::new(),
        }
    }
}

//! Reading the log: which statements hold, and what they add up to.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, PoisonError};

use proofmark_domain::Digest;
use proofmark_domain::id::{CandidateId, StatementId};
use proofmark_domain::registry::{RegistryProblem, RegistryVerdict};
use proofmark_domain::release::{
    BundleManifest, Claims, ModelName, Placed, Refused, RegistryState, ReleaseBlocked, StatementBody, TrustList, fold,
};

use super::{Registry, is_plain_file, short, waits};
use crate::canonical;
use crate::dsse::SignatureError;
use crate::error::RegistryError;
use crate::keys::{PublicKey, key_id_of};
use crate::layout::{self, REGISTRY_LOG};
use crate::names::foreign;
use crate::statement::{Untrusted, sha256};
use crate::store::{Entry, EntryKind};

/// One thing that is wrong, how bad it is, and which version it touches.
#[derive(Debug, Clone)]
pub(super) struct Finding {
    pub verdict: RegistryVerdict,
    pub problem: RegistryProblem,
    pub version: Option<(ModelName, u64)>,
    /// It is about something that counts for nothing, whoever reads it, and takes nothing from what counts. A log keeps such
    /// things for ever, so they must not stand in the way of a copy.
    pub void: bool,
}

/// What to do about something that counts for nothing.
pub(super) const VOID: &str = "it counts for nothing and may stay; ask its author, or an owner, how it came about";

/// A finding about something that counts for nothing.
fn void(code: &str, path: &str, message: String, mend: &str) -> Finding {
    Finding { void: true, ..finding(RegistryVerdict::Untrusted, code, path, message, mend) }
}

pub(super) fn finding(verdict: RegistryVerdict, code: &str, path: &str, message: String, mend: &str) -> Finding {
    let problem = RegistryProblem { code: code.to_owned(), path: path.to_owned(), message, mend: mend.to_owned() };
    Finding { verdict, problem, version: None, void: false }
}

/// A file or link that is there and cannot be read as a file.
pub(super) fn unreadable(path: &str, error: &std::io::Error) -> Finding {
    finding(RegistryVerdict::Damaged, "unreadable", path, format!("it cannot be read: {error}"), RESTORE)
}

/// What a claim file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Claim {
    Statement(Digest),
    /// Its text is cut short, as while it arrives.
    Partial,
    /// Its text is something else.
    Unreadable,
}

/// Manifests by digest.
type Manifests = BTreeMap<Digest, Arc<BundleManifest>>;

/// Claims by the number that they are for.
type Numbered = BTreeMap<u64, Claim>;

impl Claim {
    /// The statement that holds the number, if the claim says.
    pub const fn holder(&self) -> Option<Digest> {
        match self {
            Self::Statement(digest) => Some(*digest),
            Self::Partial | Self::Unreadable => None,
        }
    }
}

/// Everything that reading the log gives.
pub(super) struct Loaded {
    pub state: RegistryState,
    pub findings: Vec<Finding>,
    pub ignored: Vec<String>,
    pub claims: BTreeMap<ModelName, BTreeMap<u64, Claim>>,
    pub trust_claims: BTreeMap<u64, Claim>,
    /// Statements whose signature holds, by id, with their path.
    pub statements: BTreeMap<StatementId, (Arc<str>, Arc<Placed>)>,
    pub refused: BTreeSet<StatementId>,
    /// Newest time part of any accepted statement's id, in milliseconds.
    pub newest_ms: i64,
    /// The last statement by each key.
    pub heads: BTreeMap<String, (StatementId, Digest)>,
}

/// No statement is larger. Whoever puts a larger file into the log must not make every reader read it.
const MOST_BYTES: u64 = 16 * 1024 * 1024;

/// Log files that were read before. A file is read again when its size or stamp differs.
#[derive(Default)]
pub(super) struct Cache {
    files: HashMap<String, (u64, [i64; 4], File)>,
    manifests: HashMap<Digest, Arc<BundleManifest>>,
    /// Claims that name a statement; they never change again.
    claims: HashMap<String, (u64, [i64; 4], Digest)>,
    keys: HashMap<String, PublicKey>,
}

#[derive(Clone)]
struct File {
    path: Arc<str>,
    bundle: Arc<Untrusted>,
    verified: Option<Arc<Placed>>,
}

const WAIT: &str =
    "wait until the folder is synchronised; if it stays, restore the file from another copy of the registry";
const RESTORE: &str = "restore the file from another copy of the registry or from a backup";

impl Registry {
    /// Reads the log, the claims and the manifests. With `fresh`, every byte is read again.
    pub(super) fn load(&self, fresh: bool) -> Result<Loaded, RegistryError> {
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        if fresh {
            *cache = Cache::default();
        }
        let (findings, ignored) = (Vec::new(), Vec::new());
        let mut reading = Reading { registry: self, checking: fresh, cache: &mut cache, findings, ignored };
        let files = reading.files()?;
        let mut statements = reading.verified(files);
        reading.check_order(&mut statements);
        reading.check_chains(&statements);
        // Claims are read after statements: a claim's statement was written before the claim, so one that is
        // missing now has not arrived, and was not merely overlooked.
        let (claims, trust_claims) = reading.claims()?;
        let (manifests, unfit) = reading.manifests(&statements, fresh)?;
        let versions = claims.iter().flat_map(|(model, numbers)| {
            numbers.iter().filter_map(move |(number, claim)| Some(((model.clone(), *number), claim.holder()?)))
        });
        let trust = trust_claims.iter().filter_map(|(number, claim)| Some((*number, claim.holder()?)));
        let held = Claims { versions: versions.collect(), trust: trust.collect() };
        let fit = statements.iter().filter(|(id, _)| !unfit.contains(id));
        let placed = fit.map(|(_, (_, placed))| placed.clone()).collect();
        let (mut state, refused) = fold(self.id, placed, &manifests, &held);
        state.settle(self.clock.now());
        let Reading { mut findings, mut ignored, .. } = reading;
        for refused in &refused {
            let path = statements.get(&refused.statement).map_or("log", |(path, _)| path.as_ref());
            if is_overtaken(&refused.why) {
                ignored.push(format!("{path} (others were faster, so it counts for nothing: {})", refused.why));
            } else {
                findings.push(refusal(refused, path));
            }
        }
        waits::settle(&mut findings, &statements, &refused, &state, self.clock.now());
        let refused: BTreeSet<StatementId> = refused.iter().map(|it| it.statement).chain(unfit).collect();
        let mut heads = BTreeMap::new();
        let mut newest_ms = 0;
        for (id, (_, placed)) in statements.iter().filter(|(id, _)| !refused.contains(id)) {
            heads.insert(placed.statement.key_id.clone(), (*id, placed.digest));
            // Whoever only asks to join sets no time for others.
            if !matches!(placed.statement.body, StatementBody::JoinRequested { .. }) {
                newest_ms = newest_ms.max(time_of(id));
            }
        }
        Ok(Loaded { state, findings, ignored, claims, trust_claims, statements, refused, newest_ms, heads })
    }
}

/// The time part of a version 7 identifier, in milliseconds since 1970.
pub(super) fn time_of(id: &StatementId) -> i64 {
    let bytes = id.uuid().into_bytes();
    bytes.iter().take(6).fold(0i64, |ms, byte| (ms << 8) | i64::from(*byte))
}

/// What its author was allowed to say, and what something that they had not seen yet has made void: somebody who decides on
/// two machines, an approval of what was published meanwhile, an alias of what was withdrawn. That is nobody's fault.
const fn is_overtaken(why: &ReleaseBlocked) -> bool {
    matches!(
        why,
        ReleaseBlocked::AlreadyDecided { .. }
            | ReleaseBlocked::WrongState { .. }
            | ReleaseBlocked::Version { .. }
            | ReleaseBlocked::Frozen { .. }
            | ReleaseBlocked::NothingPlanned { .. }
    )
}

fn refusal(refused: &Refused, path: &str) -> Finding {
    let code = match &refused.why {
        ReleaseBlocked::KeyRevoked { .. } => "key_revoked",
        ReleaseBlocked::KeyExpired { .. } => "key_expired",
        ReleaseBlocked::OwnersMissing { .. } => "trust_unsigned",
        ReleaseBlocked::Superseded { .. } => "trust_superseded",
        ReleaseBlocked::TrustExpired { .. } => "trust_expired",
        ReleaseBlocked::TrustMissing { .. } => "trust_missing",
        ReleaseBlocked::Unknown { .. } => "signer_unknown",
        ReleaseBlocked::AuthorDecides { .. } => "author_decides",
        ReleaseBlocked::RoleMissing { .. } => "role_missing",
        ReleaseBlocked::OutOfPlace(_) => "statement_misplaced",
        ReleaseBlocked::OtherBytes { .. } => "other_bytes",
        ReleaseBlocked::NoCandidate { .. } | ReleaseBlocked::ManifestMissing { .. } => waits::WAITS,
        _ => "statement_refused",
    };
    let waits = matches!(code, waits::WAITS | "trust_missing");
    let message = format!("this statement is not accepted: {}", refused.why);
    if waits {
        finding(RegistryVerdict::Incomplete, code, path, message, WAIT)
    } else {
        void(code, path, message, VOID)
    }
}

struct Reading<'r> {
    registry: &'r Registry,
    /// What cannot be read is a finding of a check; for anything else it must stop the work, because a statement that is left
    /// out could be the one that forbids it.
    checking: bool,
    cache: &'r mut Cache,
    findings: Vec<Finding>,
    ignored: Vec<String>,
}

impl Reading<'_> {
    fn list(&mut self, path: &str) -> Result<Vec<Entry>, RegistryError> {
        match self.registry.store.list(path) {
            Ok(entries) => Ok(entries),
            Err(error) if self.checking && error.kind() == std::io::ErrorKind::NotADirectory => {
                self.findings.push(unreadable(path, &error));
                Ok(Vec::new())
            }
            Err(error) => Err(RegistryError::io(self.registry.path(path), "listing")(error)),
        }
    }

    fn ignore(&mut self, path: &str, name: &str) {
        let why = foreign(name).unwrap_or("a name that does not belong here");
        self.ignored.push(format!("{path} ({why})"));
    }

    /// Reads a small file; `None` if it is not there, or if this is a check and it cannot be read, which is then a finding.
    fn read(&mut self, path: &str) -> Result<Option<Vec<u8>>, RegistryError> {
        match self.registry.store.read(path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) if self.checking || error.kind() == std::io::ErrorKind::FileTooLarge => {
                self.findings.push(unreadable(path, &error));
                Ok(None)
            }
            Err(error) => Err(RegistryError::io(self.registry.path(path), "reading")(error)),
        }
    }

    /// Every statement file by path, with the model whose folder holds it.
    fn files(&mut self) -> Result<Vec<(Option<ModelName>, File)>, RegistryError> {
        let mut files = Vec::new();
        for folder in self.list("log")? {
            let path = format!("log/{}", folder.name);
            let model = ModelName::new(&folder.name).ok().filter(|_| foreign(&folder.name).is_none());
            if folder.kind != EntryKind::Folder || (model.is_none() && folder.name != REGISTRY_LOG) {
                self.ignore(&path, &folder.name);
                continue;
            }
            for entry in self.list(&path)? {
                let path = format!("{path}/{}", entry.name);
                if !is_statement_name(&entry.name) || !is_plain_file(entry.kind) {
                    self.ignore(&path, &entry.name);
                } else if let Some(file) = self.file(&path, &entry)? {
                    files.push((model.clone(), file));
                }
            }
        }
        Ok(files)
    }

    fn file(&mut self, path: &str, entry: &Entry) -> Result<Option<File>, RegistryError> {
        if let (Some(stamp), Some((size, known, file))) = (entry.stamp, self.cache.files.get(path))
            && *size == entry.size
            && *known == stamp
        {
            return Ok(Some(file.clone()));
        }
        if entry.size > MOST_BYTES {
            let message = format!("it is larger than {} MiB, which no statement is", MOST_BYTES / 1024 / 1024);
            self.findings.push(finding(RegistryVerdict::Damaged, "statement_unreadable", path, message, RESTORE));
            return Ok(None);
        }
        let Some(bytes) = self.read(path)? else { return Ok(None) };
        match Untrusted::read(&bytes) {
            Ok(bundle) => {
                let file = File { path: path.into(), bundle: Arc::new(bundle), verified: None };
                if let Some(stamp) = entry.stamp {
                    self.cache.files.insert(path.to_owned(), (entry.size, stamp, file.clone()));
                }
                Ok(Some(file))
            }
            Err(error) => {
                let cut = serde_json::from_slice::<serde::de::IgnoredAny>(&bytes).is_err_and(|it| it.is_eof());
                self.findings.push(if cut {
                    let message = "this statement has arrived in part only".to_owned();
                    finding(RegistryVerdict::Incomplete, "statement_partial", path, message, WAIT)
                } else {
                    finding(RegistryVerdict::Damaged, "statement_unreadable", path, error.to_string(), RESTORE)
                });
                Ok(None)
            }
        }
    }

    /// The statements whose signature holds, by id.
    ///
    /// Any statement may introduce a key, since a key's id is the digest of its text and so proves itself. Whether
    /// its holder may do anything is for the fold to say.
    fn verified(&mut self, files: Vec<(Option<ModelName>, File)>) -> BTreeMap<StatementId, (Arc<str>, Arc<Placed>)> {
        for (_, file) in &files {
            if file.verified.is_none() {
                for pem in file.bundle.introduces() {
                    // Each version of the trust list repeats the keys of the one before.
                    if self.cache.keys.contains_key(&key_id_of(&pem)) {
                        continue;
                    }
                    if let Ok(key) = PublicKey::from_pem(&pem, "a statement") {
                        self.cache.keys.insert(key.key_id().to_owned(), key);
                    }
                }
            }
        }
        let holding: Vec<(Arc<str>, Arc<Placed>)> = files
            .into_iter()
            .filter_map(|(model, file)| self.verify_one(model, &file).map(|placed| (file.path, placed)))
            .collect();
        let models: BTreeMap<CandidateId, ModelName> = holding
            .iter()
            .filter_map(|(_, placed)| match &placed.statement.body {
                StatementBody::Submitted { candidate, model, .. } => Some((*candidate, model.clone())),
                _ => None,
            })
            .collect();
        let mut statements: BTreeMap<StatementId, (Arc<str>, Arc<Placed>)> = BTreeMap::new();
        for (path, placed) in holding {
            let id = placed.statement.id;
            let Some((other, known)) = statements.get(&id) else {
                statements.insert(id, (path, placed));
                continue;
            };
            // Of two that bear one id, the one in its right place is kept: its folder is part of what it says.
            let code = if known.digest == placed.digest { "statement_copied" } else { "statement_id_twice" };
            let replaces = belongs(&placed, &models) && !belongs(known, &models);
            let (kept, bad) = if replaces { (&path, other) } else { (other, &path) };
            let message = format!("{kept} bears the same id");
            let mend = "it counts for nothing; remove the copy";
            self.findings.push(void(code, bad, message, mend));
            if replaces {
                statements.insert(id, (path, placed));
            }
        }
        statements
    }

    fn verify_one(&mut self, model: Option<ModelName>, file: &File) -> Option<Arc<Placed>> {
        if let Some(placed) = &file.verified {
            return Some(Arc::clone(placed));
        }
        let path = file.path.as_ref();
        let key_id = file.bundle.key_id().unwrap_or_default();
        let Some(key) = self.cache.keys.get(key_id) else {
            let message = format!("signed with the key {}, which nobody in this registry holds", short(key_id));
            let mend = "it counts for nothing; if it should, an owner must admit its author first";
            self.findings.push(void("signer_unknown", path, message, mend));
            return None;
        };
        let verified = match file.bundle.verify(key) {
            Ok(verified) => verified,
            Err(error @ SignatureError::Unknown(_)) => {
                let mend = "if a newer Proofmark wrote it, use that to read this registry; else it counts for nothing and may stay";
                self.findings.push(void("statement_unknown", path, error.to_string(), mend));
                return None;
            }
            Err(error) => {
                let problem = finding(RegistryVerdict::Damaged, "signature_invalid", path, error.to_string(), RESTORE);
                self.findings.push(problem);
                return None;
            }
        };
        let digest = verified.digest();
        let statement = verified.into_value();
        if path.rsplit('/').next() != Some(layout::statement_name(&statement).as_str()) {
            let message = format!("its name must be {}", layout::statement_name(&statement));
            let mend = "it counts for nothing; give it back its name, or remove it if it is a copy";
            self.findings.push(void("statement_renamed", path, message, mend));
            return None;
        }
        if let StatementBody::TrustProposed { list, .. } = &statement.body
            && let Err(why) = check_keys(list)
        {
            self.findings.push(void("trust_malformed", path, why, VOID));
            return None;
        }
        let placed = Arc::new(Placed { model, digest, statement });
        if let Some((.., known)) = self.cache.files.get_mut(path) {
            known.verified = Some(Arc::clone(&placed));
        }
        Some(placed)
    }

    /// A statement's id puts it after everything that its author had seen, and no further than their clock. One that lies beyond both
    /// would leave no place behind it for others, so it is left out.
    fn check_order(&mut self, statements: &mut BTreeMap<StatementId, (Arc<str>, Arc<Placed>)>) {
        let mut newest = 0;
        statements.retain(|id, (path, placed)| {
            let time = time_of(id);
            let ahead = time > placed.statement.at.ms().max(newest + 1);
            if ahead || id.uuid().get_version_num() != 7 {
                let message = "its id lies later than its own time and than every statement before it";
                self.findings.push(void("statement_ahead", path, message.to_owned(), VOID));
                return false;
            }
            newest = newest.max(time);
            true
        });
    }

    /// Each statement's predecessor must be there and older.
    fn check_chains(&mut self, statements: &BTreeMap<StatementId, (Arc<str>, Arc<Placed>)>) {
        let by_digest: HashMap<Digest, &Placed> = statements.values().map(|(_, it)| (it.digest, it.as_ref())).collect();
        for (path, placed) in statements.values() {
            let statement = &placed.statement;
            let Some(previous) = statement.previous else { continue };
            let (verdict, code, message) = match by_digest.get(&previous) {
                None => {
                    let message = format!("its author's statement before this one, {}, is missing", previous.short());
                    (RegistryVerdict::Incomplete, "statement_missing", message)
                }
                Some(it) if it.statement.key_id != statement.key_id || it.statement.id >= statement.id => {
                    let message = "the statement that it names as the one before is not".to_owned();
                    (RegistryVerdict::Untrusted, "chain_broken", message)
                }
                Some(_) => continue,
            };
            self.findings.push(finding(verdict, code, path, message, WAIT));
        }
    }

    /// Claims on versions of models, and on versions of the trust list.
    fn claims(&mut self) -> Result<(BTreeMap<ModelName, Numbered>, Numbered), RegistryError> {
        let mut claims: BTreeMap<ModelName, Numbered> = BTreeMap::new();
        let mut trust = BTreeMap::new();
        for folder in self.list("claims")? {
            let path = format!("claims/{}", folder.name);
            let model = ModelName::new(&folder.name).ok();
            if folder.kind != EntryKind::Folder || (model.is_none() && folder.name != REGISTRY_LOG) {
                self.ignore(&path, &folder.name);
                continue;
            }
            for entry in self.list(&path)? {
                let path = format!("{path}/{}", entry.name);
                let (Some(number), EntryKind::File) = (layout::read_number(&entry.name), entry.kind) else {
                    self.ignore(&path, &entry.name);
                    continue;
                };
                let claim = self.claim(&path, &entry)?;
                match &model {
                    Some(model) => claims.entry(model.clone()).or_default().insert(number, claim),
                    None => trust.insert(number, claim),
                };
            }
        }
        Ok((claims, trust))
    }

    fn claim(&mut self, path: &str, entry: &Entry) -> Result<Claim, RegistryError> {
        if let (Some(stamp), Some((size, known, digest))) = (entry.stamp, self.cache.claims.get(path))
            && *size == entry.size
            && *known == stamp
        {
            return Ok(Claim::Statement(*digest));
        }
        let whole = layout::claim_text(&Digest::from_bytes([0; 32])).len();
        let Some(text) = self.read(path)? else { return Ok(Claim::Unreadable) };
        Ok(match layout::read_claim(&text) {
            Some(digest) => {
                if let Some(stamp) = entry.stamp {
                    self.cache.claims.insert(path.to_owned(), (entry.size, stamp, digest));
                }
                Claim::Statement(digest)
            }
            None if text.len() < whole => Claim::Partial,
            None => Claim::Unreadable,
        })
    }

    /// The manifests that submissions name, as far as they are there and whole, and the submissions whose manifest can be none.
    fn manifests(
        &mut self,
        statements: &BTreeMap<StatementId, (Arc<str>, Arc<Placed>)>,
        fresh: bool,
    ) -> Result<(Manifests, BTreeSet<StatementId>), RegistryError> {
        let (mut manifests, mut unfit) = (BTreeMap::new(), BTreeSet::new());
        for (id, (submitted, placed)) in statements {
            let StatementBody::Submitted { bundle, model, .. } = &placed.statement.body else { continue };
            // One manifest may be submitted under two names, and fits one of them.
            if manifests.get(bundle).is_some_and(|it: &Arc<BundleManifest>| it.model == *model) {
                continue;
            }
            if let Some(known) = self.cache.manifests.get(bundle).filter(|it| !fresh && it.model == *model) {
                manifests.insert(*bundle, Arc::clone(known));
                continue;
            }
            let path = layout::object(bundle);
            let Some(text) = self.read(&path)? else {
                let message = "the manifest of a candidate is missing".to_owned();
                self.findings.push(finding(RegistryVerdict::Incomplete, "manifest_missing", &path, message, WAIT));
                continue;
            };
            if sha256(&text) != *bundle {
                let message = "its bytes are not those that were submitted".to_owned();
                self.findings.push(finding(RegistryVerdict::Damaged, "manifest_changed", &path, message, RESTORE));
                continue;
            }
            let manifest = canonical::read::<BundleManifest>(&text).map_err(|error| error.to_string());
            let checked = manifest.and_then(|manifest| {
                super::submit::check_manifest(&manifest).map_err(|error| error.to_string())?;
                if manifest.model == *model {
                    return Ok(manifest);
                }
                Err(format!("it is for the model {}, and was submitted for {model}", manifest.model))
            });
            match checked {
                Ok(manifest) => {
                    let manifest = Arc::new(manifest);
                    self.cache.manifests.insert(*bundle, Arc::clone(&manifest));
                    manifests.insert(*bundle, manifest);
                }
                // These are the bytes that were submitted, so no other copy has better ones.
                Err(why) => {
                    let message = format!("this submission is not accepted: its manifest {}: {why}", bundle.short());
                    self.findings.push(void("manifest_unfit", submitted, message, VOID));
                    unfit.insert(*id);
                }
            }
        }
        Ok((manifests, unfit))
    }
}

/// A key's id must be the digest of its text, and the key one that can sign here: a list cannot give one key's name to
/// another.
fn check_keys(list: &TrustList) -> Result<(), String> {
    for person in list.people.values() {
        for (key_id, key) in &person.keys {
            let name = &person.name;
            match PublicKey::from_pem(&key.public_key, name) {
                Ok(public) if public.key_id() != key_id || public.pem() != key.public_key => {
                    return Err(format!("the key {} of {name} is not the one that it is listed as", short(key_id)));
                }
                Ok(public) if public.curve_name() != "P-256" => {
                    return Err(format!("the key {} of {name} is not on P-256", short(key_id)));
                }
                Ok(_) => {}
                Err(error) => return Err(error.to_string()),
            }
        }
    }
    Ok(())
}

/// Whether a statement lies in the folder of what it is about.
fn belongs(placed: &Placed, models: &BTreeMap<CandidateId, ModelName>) -> bool {
    let body = &placed.statement.body;
    let about = body.model().or_else(|| models.get(&body.candidate()?.0));
    placed.model.as_ref() == about
}

/// `<uuid>-<twelve hex digits>.json`, in lower case.
fn is_statement_name(name: &str) -> bool {
    let hex = |text: &str| text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b) || b == b'-');
    name.strip_suffix(".json").and_then(|stem| Some((stem.get(..36)?, stem.get(36..37)?, stem.get(37..)?))).is_some_and(
        |(id, dash, key)| hex(id) && dash == "-" && key.len() == 12 && hex(key) && uuid::Uuid::try_parse(id).is_ok(),
    )
}

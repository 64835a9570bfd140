//! Reads the files of a log: statements, claims and manifests, and remembers what it read.

use std::collections::HashSet;

use super::*;
use crate::canonical;
use crate::dsse::SignatureError;
use crate::keys::{PublicKey, key_id_of};
use crate::names::foreign;
use crate::registry::{is_plain_file, short, submit};
use crate::statement::{Untrusted, sha256};
use crate::store::{Entry, EntryKind};

/// No statement is larger. Whoever puts a larger file into the log must not make every reader read it.
const MOST_BYTES: u64 = 16 * 1024 * 1024;

/// Files that were read before.
///
/// A full pass reads a file again when its size or stamp differs. A pass that goes on from the last one knows statements by their names
/// alone, since they are never changed: one that was damaged meanwhile is found by the next full pass, which every check is.
#[derive(Default)]
pub(in crate::registry) struct Cache {
    files: HashMap<String, (u64, [i64; 4], File)>,
    manifests: HashMap<Digest, Arc<BundleManifest>>,
    /// Claims that name a statement; they never change again.
    claims: HashMap<String, (u64, [i64; 4], Digest)>,
    keys: HashMap<String, PublicKey>,
    /// What all of it added up to, if further files may be added to that.
    pub(super) last: Option<Last>,
}

/// A statement's file.
#[derive(Clone)]
pub(super) struct File {
    path: Arc<str>,
    bundle: Arc<Untrusted>,
    verified: Option<Arc<Placed>>,
}

/// Names of files that were read, by the folder that they lie in.
pub(super) type Names = HashMap<String, HashSet<String>>;

/// Statements' files, each with the model whose folder holds it.
type Files = Vec<(Option<ModelName>, File)>;

/// One pass over the files.
pub(super) struct Reading<'r> {
    registry: &'r Registry,
    /// What cannot be read is a finding of a check; for anything else it must stop the work, because a statement that is left
    /// out could be the one that forbids it.
    checking: bool,
    cache: &'r mut Cache,
    pub findings: Vec<Finding>,
    pub ignored: Vec<String>,
}

impl<'r> Reading<'r> {
    pub const fn new(registry: &'r Registry, checking: bool, cache: &'r mut Cache) -> Self {
        Self { registry, checking, cache, findings: Vec::new(), ignored: Vec::new() }
    }
}

impl Reading<'_> {
    fn list(&mut self, path: &str) -> Result<Vec<Entry>, RegistryError> {
        let listed = self.registry.store.list(path);
        self.listed(path, listed)
    }

    fn list_further(&mut self, path: &str, known: &dyn Fn(&str) -> bool) -> Result<(Vec<Entry>, usize), RegistryError> {
        let listed = self.registry.store.list_further(path, known);
        self.listed(path, listed)
    }

    fn listed<T: Default>(&mut self, path: &str, listed: std::io::Result<T>) -> Result<T, RegistryError> {
        match listed {
            Ok(entries) => Ok(entries),
            Err(error) if self.checking && error.kind() == std::io::ErrorKind::NotADirectory => {
                self.findings.push(unreadable(path, &error));
                Ok(T::default())
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

    /// Every statement file that `known` does not name, and how many of those that it names are still there.
    pub fn files(&mut self, known: &Names) -> Result<(Files, usize), RegistryError> {
        let (mut files, mut there) = (Vec::new(), 0);
        for folder in self.list("log")? {
            let path = format!("log/{}", folder.name);
            let model = ModelName::new(&folder.name).ok().filter(|_| foreign(&folder.name).is_none());
            if folder.kind != EntryKind::Folder || (model.is_none() && folder.name != REGISTRY_LOG) {
                self.ignore(&path, &folder.name);
                continue;
            }
            let names = known.get(&path);
            let (entries, seen) = self.list_further(&path, &|name| names.is_some_and(|it| it.contains(name)))?;
            there += seen;
            for entry in entries {
                let path = format!("{path}/{}", entry.name);
                if !is_statement_name(&entry.name) || !is_plain_file(entry.kind) {
                    self.ignore(&path, &entry.name);
                } else if let Some(file) = self.file(&path, &entry)? {
                    files.push((model.clone(), file));
                }
            }
        }
        Ok((files, there))
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

    /// Files whose signature holds.
    ///
    /// Any statement may introduce a key, since a key's id is the digest of its text and so proves itself. Whether
    /// its holder may do anything is for the fold to say.
    pub fn holding(&mut self, files: Files) -> Vec<(Arc<str>, Arc<Placed>)> {
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
        let verified = files.into_iter().filter_map(|(model, file)| Some((self.verify_one(model, &file)?, file.path)));
        verified.map(|(placed, path)| (path, placed)).collect()
    }

    /// The same by id.
    pub fn by_id(&mut self, holding: Vec<(Arc<str>, Arc<Placed>)>) -> Statements {
        let models: BTreeMap<CandidateId, ModelName> = holding
            .iter()
            .filter_map(|(_, placed)| match &placed.statement.body {
                StatementBody::Submitted { candidate, model, .. } => Some((*candidate, model.clone())),
                _ => None,
            })
            .collect();
        let mut statements = Statements::new();
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
    pub fn check_order(&mut self, statements: &mut Statements) {
        let mut newest = 0;
        statements.retain(|id, (path, placed)| {
            if is_ahead(placed, newest) {
                let message = "its id lies later than its own time and than every statement before it";
                self.findings.push(void("statement_ahead", path, message.to_owned(), VOID));
                return false;
            }
            newest = newest.max(time_of(id));
            true
        });
    }

    /// Each statement's predecessor must be there and older.
    pub fn check_chains(&mut self, statements: &Statements) {
        let by_digest: HashMap<Digest, &Placed> = statements.values().map(|(_, it)| (it.digest, it.as_ref())).collect();
        for (path, placed) in statements.values() {
            let previous = |digest: &Digest| by_digest.get(digest).copied();
            let (verdict, code, message) = match follows(&placed.statement, previous) {
                Follows::Well => continue,
                Follows::Missing(previous) => {
                    let message = format!("its author's statement before this one, {}, is missing", previous.short());
                    (RegistryVerdict::Incomplete, "statement_missing", message)
                }
                Follows::Another => {
                    let message = "the statement that it names as the one before is not".to_owned();
                    (RegistryVerdict::Untrusted, "chain_broken", message)
                }
            };
            self.findings.push(finding(verdict, code, path, message, WAIT));
        }
    }

    /// Claims on versions of models, and on versions of the trust list.
    pub fn claims(&mut self) -> Result<(BTreeMap<ModelName, Numbered>, Numbered), RegistryError> {
        let mut claims: BTreeMap<ModelName, Numbered> = BTreeMap::new();
        let mut trust = Numbered::new();
        let none = Numbered::new();
        for (model, folder) in self.claim_folders()? {
            let (read, _) = self.numbered(&folder, &none)?;
            match model {
                Some(model) => claims.entry(model).or_default().extend(read),
                None => trust.extend(read),
            }
        }
        Ok((claims, trust))
    }

    /// Claims on versions of models that are not among those that are known by their name; `None` if one of these went away, a new one
    /// cannot be read, or somebody claimed a version of the trust list.
    pub fn further_claims(
        &mut self,
        known: &BTreeMap<ModelName, Numbered>,
        trust: &Numbered,
    ) -> Result<Option<Claimed>, RegistryError> {
        let (mut further, mut there) = (Vec::new(), 0);
        let none = Numbered::new();
        for (model, folder) in self.claim_folders()? {
            let of = model.as_ref().map_or(trust, |model| known.get(model).unwrap_or(&none));
            let (read, seen) = self.numbered(&folder, of)?;
            there += seen;
            for (number, claim) in read {
                let (Some(model), Some(digest)) = (&model, claim.holder()) else { return Ok(None) };
                further.push(((model.clone(), number), digest));
            }
        }
        let all = known.values().map(BTreeMap::len).sum::<usize>() + trust.len();
        Ok((there == all).then_some(further))
    }

    /// The folders of claims: of a model, or of the trust list.
    fn claim_folders(&mut self) -> Result<Vec<(Option<ModelName>, String)>, RegistryError> {
        let mut folders = Vec::new();
        for folder in self.list("claims")? {
            let path = format!("claims/{}", folder.name);
            let model = ModelName::new(&folder.name).ok();
            if folder.kind != EntryKind::Folder || (model.is_none() && folder.name != REGISTRY_LOG) {
                self.ignore(&path, &folder.name);
            } else {
                folders.push((model, path));
            }
        }
        Ok(folders)
    }

    /// The claims of a folder that are not `known`, and how many of those are there.
    fn numbered(&mut self, folder: &str, known: &Numbered) -> Result<(Numbered, usize), RegistryError> {
        let is_known = |name: &str| layout::read_number(name).is_some_and(|it| known.contains_key(&it));
        let (entries, there) = self.list_further(folder, &is_known)?;
        let mut numbered = Numbered::new();
        for entry in entries {
            let path = format!("{folder}/{}", entry.name);
            let (Some(number), EntryKind::File) = (layout::read_number(&entry.name), entry.kind) else {
                self.ignore(&path, &entry.name);
                continue;
            };
            let claim = self.claim(&path, &entry)?;
            numbered.insert(number, claim);
        }
        Ok((numbered, there))
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
    pub fn manifests<'s>(
        &mut self,
        statements: impl Iterator<Item = (&'s str, &'s Placed)>,
    ) -> Result<(Manifests, BTreeSet<StatementId>), RegistryError> {
        let (mut manifests, mut unfit) = (BTreeMap::new(), BTreeSet::new());
        for (submitted, placed) in statements {
            let StatementBody::Submitted { bundle, model, .. } = &placed.statement.body else { continue };
            // One manifest may be submitted under two names, and fits one of them.
            if manifests.get(bundle).is_some_and(|it: &Arc<BundleManifest>| it.model == *model) {
                continue;
            }
            if let Some(known) = self.cache.manifests.get(bundle).filter(|it| it.model == *model) {
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
                submit::check_manifest(&manifest).map_err(|error| error.to_string())?;
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
                    unfit.insert(placed.statement.id);
                }
            }
        }
        Ok((manifests, unfit))
    }
}

/// How a statement stands to the one that it names as its author's one before.
pub(super) enum Follows {
    Well,
    Missing(Digest),
    Another,
}

/// `find` gives a statement by its digest.
pub(super) fn follows<'p>(statement: &Statement, find: impl FnOnce(&Digest) -> Option<&'p Placed>) -> Follows {
    let Some(previous) = statement.previous else { return Follows::Well };
    match find(&previous).map(|it| &it.statement) {
        None => Follows::Missing(previous),
        Some(it) if it.key_id != statement.key_id || it.id >= statement.id => Follows::Another,
        Some(_) => Follows::Well,
    }
}

/// Whether a statement's id lies beyond its author's clock and beyond all statements before it, of whose ids `newest` is the newest time.
pub(super) fn is_ahead(placed: &Placed, newest: i64) -> bool {
    let id = &placed.statement.id;
    time_of(id) > placed.statement.at.ms().max(newest + 1) || id.uuid().get_version_num() != 7
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

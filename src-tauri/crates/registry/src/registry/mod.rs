//! A registry: opened, written to by signed statements, read by folding them.

mod fetch;
mod log;
mod mirror;
mod prune;
mod publish;
mod queue;
mod review;
mod submit;
mod trust;
mod verify;
mod version;
mod view;
mod waits;

use std::collections::BTreeMap;
use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use proofmark_domain::id::{CandidateId, RegistryId, StatementId};
use proofmark_domain::registry::{RegistryProblem, RegistryReport, RegistryVerdict, Seen, sentence};
use proofmark_domain::release::rules::{self, Actor};
use proofmark_domain::release::{ModelName, Policy, RegistryState, ReleaseBlocked, Statement, StatementBody};
use proofmark_domain::{Digest, Timestamp};
use serde::{Deserialize, Serialize};

use crate::clock::{Clock, SystemClock};
use crate::error::RegistryError;
use crate::keys::Signer;
use crate::layout::{self, FORMAT, MARKER, STAGING};
use crate::statement;
use crate::store::{DirStore, EntryKind, SelfTest, Store};

pub use fetch::{Fetched, Inspected, Wanted};
pub use mirror::Mirrored;
pub use prune::Pruned;
pub use submit::{SourceBytes, SourceFile, Submission};
pub use trust::TrustChange;

use log::{Cache, Freshness, Loaded};

/// How a registry is opened.
#[derive(Clone, Default)]
pub struct OpenOptions {
    /// The id of the key that must have begun the registry. Without it, whoever can replace the whole directory can
    /// replace its people as well.
    pub trusted_owner: Option<String>,
    /// What was seen of this registry before. Storage that shows less is told apart from one where nothing happened.
    pub seen: Option<Seen>,
    /// Where times come from; the machine's clock if none is given.
    pub clock: Option<Arc<dyn Clock>>,
}

/// What a registry begins with.
#[derive(Debug, Clone)]
pub struct NewRegistry {
    /// What people call it.
    pub name: String,
    /// What a release needs.
    pub policy: Policy,
}

impl NewRegistry {
    /// A registry with the default policy.
    pub fn named(name: &str) -> Self {
        Self { name: name.to_owned(), policy: Policy::default() }
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Marker {
    format: u32,
    id: RegistryId,
}

impl Marker {
    fn to_bytes(&self) -> Vec<u8> {
        format!("{{\"format\":{},\"id\":\"{}\"}}\n", self.format, self.id).into_bytes()
    }
}

/// A registry.
pub struct Registry {
    store: Box<dyn Store>,
    id: RegistryId,
    trusted_owner: Option<String>,
    seen: Mutex<Option<Seen>>,
    clock: Arc<dyn Clock>,
    cache: Mutex<Cache>,
    turn: Mutex<()>,
    tested: Mutex<Option<SelfTest>>,
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Registry({} at {})", self.id, self.store.place())
    }
}

/// Whether a folder was a registry once, whatever became of its first file.
pub fn has_remains(dir: &Path) -> bool {
    let there = |name: &str| fs::symlink_metadata(dir.join(name)).is_ok();
    there(MARKER) || (there("log") && there("claims") && there("objects"))
}

/// What there is to say about a registry whose first file no longer reads.
pub fn report_of_remains(place: &str, error: &RegistryError) -> RegistryReport {
    let problems = vec![RegistryProblem {
        code: "marker_unreadable".to_owned(),
        path: MARKER.to_owned(),
        message: error.to_string(),
        mend: "put this file back from a copy of the registry; every statement names the registry's identifier"
            .to_owned(),
    }];
    let verdict = RegistryVerdict::Damaged;
    RegistryReport {
        registry: place.to_owned(),
        verdict,
        sentence: sentence(verdict, &problems, &[]),
        versions: Vec::new(),
        problems,
        ignored: Vec::new(),
    }
}

impl Registry {
    /// Begins a registry in a directory, which is made if it is not there. `owner` becomes its first owner, and holds no
    /// other role until an owner gives it.
    ///
    /// An attempt that was cut short can be repeated by the same person.
    pub fn create(dir: &Path, new: &NewRegistry, owner: &Signer, options: OpenOptions) -> Result<Self, RegistryError> {
        let shown = dir.display().to_string();
        fs::create_dir_all(dir).map_err(RegistryError::io(&shown, "making the folder"))?;
        let store = DirStore::new(dir).map_err(RegistryError::io(&shown, "opening the folder"))?;
        Self::create_in(Box::new(store), new, owner, options)
    }

    /// Begins a registry in any store.
    pub fn create_in(
        store: Box<dyn Store>,
        new: &NewRegistry,
        owner: &Signer,
        options: OpenOptions,
    ) -> Result<Self, RegistryError> {
        if new.name.trim().is_empty() {
            return Err(RegistryError::Invalid("a registry needs a name".to_owned()));
        }
        let clock = options.clock.clone().unwrap_or_else(|| Arc::new(SystemClock));
        let place = store.place();
        let marker = Marker { format: FORMAT, id: RegistryId::from_uuid(clock.fresh(clock.now())) };
        match store.create_new(MARKER, &marker.to_bytes()) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(RegistryError::io(format!("{place}/{MARKER}"), "writing")(error)),
        }
        let registry = Self::open_in(store, options)?;
        registry.begin(new, owner)?;
        Ok(registry)
    }

    /// Opens the registry in a directory. Nothing is written.
    pub fn open(dir: &Path, options: OpenOptions) -> Result<Self, RegistryError> {
        let shown = dir.display().to_string();
        let store = DirStore::new(dir).map_err(RegistryError::io(shown, "opening the folder"))?;
        Self::open_in(Box::new(store), options)
    }

    /// Opens the registry in any store. Nothing is written.
    pub fn open_in(store: Box<dyn Store>, options: OpenOptions) -> Result<Self, RegistryError> {
        let path = store.place();
        let text = store.read(MARKER).map_err(|error| {
            use std::io::ErrorKind::{FileTooLarge, InvalidInput, IsADirectory, NotFound};
            match error.kind() {
                NotFound => {
                    RegistryError::NotARegistry { path: path.clone(), why: format!("there is no {MARKER} in it") }
                }
                // Whatever else bears the name.
                InvalidInput | IsADirectory | FileTooLarge => {
                    let why = format!("{MARKER} does not read ({error})");
                    RegistryError::NotARegistry { path: path.clone(), why }
                }
                _ => RegistryError::io(format!("{path}/{MARKER}"), "reading")(error),
            }
        })?;
        let marker: Marker = serde_json::from_slice(&text).map_err(|error| RegistryError::NotARegistry {
            path: path.clone(),
            why: format!("{MARKER} does not read ({error})"),
        })?;
        if marker.format > FORMAT {
            return Err(RegistryError::NewerFormat { path, found: marker.format, known: FORMAT });
        }
        Ok(Self {
            store,
            id: marker.id,
            trusted_owner: options.trusted_owner,
            seen: Mutex::new(options.seen),
            clock: options.clock.unwrap_or_else(|| Arc::new(SystemClock)),
            cache: Mutex::default(),
            turn: Mutex::default(),
            tested: Mutex::default(),
        })
    }

    /// The registry's identifier.
    pub const fn id(&self) -> RegistryId {
        self.id
    }

    /// Where it lies, in words.
    pub fn place(&self) -> String {
        self.store.place()
    }

    /// Tries out what the place can promise; the first writing call does so by itself.
    pub fn self_test(&self) -> Result<SelfTest, RegistryError> {
        self.store.self_test().map_err(RegistryError::io(self.path(STAGING), "trying out the file system"))
    }

    /// What the place can promise, as it was found out when this registry was first written to, or now. A place that could promise
    /// too little is tried again by the next writing call.
    pub fn promises(&self) -> Result<SelfTest, RegistryError> {
        let tested = self.tested.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match tested {
            Some(test) => Ok(test),
            None => self.try_out(),
        }
    }

    /// Tries the place out, and remembers what it can promise.
    fn try_out(&self) -> Result<SelfTest, RegistryError> {
        let test = self.self_test()?;
        *self.tested.lock().unwrap_or_else(PoisonError::into_inner) = Some(test.clone());
        Ok(test)
    }

    /// What the registry's statements add up to. Statements that do not hold are left out; [`Registry::verify`] lists
    /// them. Fails if the pinned owner did not begin this registry.
    pub fn state(&self) -> Result<Arc<RegistryState>, RegistryError> {
        let loaded = self.load(Freshness::Stamps)?;
        self.ensure_trusted(&loaded.state)?;
        Ok(loaded.state)
    }

    /// A number that is another one after anybody added a statement or a claim; cheap to ask for. It is no proof of anything.
    pub fn pulse(&self) -> Result<u64, RegistryError> {
        let mut hash = DefaultHasher::new();
        for top in ["log", "claims"] {
            let io = || RegistryError::io(self.path(top), "listing");
            if self.store.folder().is_none() {
                // Folders of a bucket have no times, and asking for each is a way over the network.
                self.store.names_below(top).map_err(io())?.hash(&mut hash);
                continue;
            }
            for folder in self.store.list(top).map_err(io())? {
                let path = format!("{top}/{}", folder.name);
                path.hash(&mut hash);
                // The time of a folder is that of the last name in it.
                folder.stamp.hash(&mut hash);
            }
        }
        Ok(hash.finish())
    }

    /// Copies and views must not lie in the registry itself: others would find in it what nobody published.
    fn ensure_outside(&self, to: &Path) -> Result<(), RegistryError> {
        let Some(folder) = self.store.folder() else { return Ok(()) };
        let io = RegistryError::io(to.display().to_string(), "looking at");
        let whole = std::path::absolute(to).map_err(io)?;
        // What is there of it, with links followed; the rest is yet to be made.
        let there = whole.ancestors().find_map(|above| fs::canonicalize(above).ok());
        if there.is_some_and(|there| there.starts_with(folder)) || whole.starts_with(folder) {
            let shown = to.display();
            return Err(RegistryError::Invalid(format!("{shown} lies in the registry; choose a folder outside of it")));
        }
        Ok(())
    }

    fn path(&self, path: &str) -> String {
        format!("{}/{path}", self.store.place())
    }

    /// One statement of this process at a time, so that a person's chain does not fork without need.
    fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is to be seen of this registry now, to be remembered and given back on opening.
    pub fn seen(&self) -> Result<Seen, RegistryError> {
        let loaded = self.load(Freshness::Stamps)?;
        let mut heads: BTreeMap<String, Digest> =
            loaded.heads.iter().map(|(key_id, (_, digest))| (key_id.clone(), *digest)).collect();
        // What was seen and is missing stays in memory until it is there again.
        heads.extend(self.missing(&loaded));
        Ok(Seen {
            trust_version: loaded.state.trust.as_ref().map_or(0, |list| list.version),
            trust: loaded.state.trust_statement,
            heads,
        })
    }

    /// The last statements by each key that were seen before and are missing now.
    fn missing(&self, loaded: &Loaded) -> BTreeMap<String, Digest> {
        let mut heads = self.seen_before().map(|it| it.heads).unwrap_or_default();
        heads.retain(|_, digest| !loaded.by_digest.contains_key(digest));
        heads
    }

    /// Takes note of what was seen of this registry meanwhile, by another process of this machine perhaps.
    pub fn remember(&self, seen: Seen) {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(seen);
    }

    fn seen_before(&self) -> Option<Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Why this registry is not the one that was seen before, if it is not.
    fn set_back(&self, state: &RegistryState) -> Option<String> {
        let seen = self.seen_before().filter(|seen| seen.trust_version > 0)?;
        let version = state.trust.as_ref().map_or(0, |list| list.version);
        if version < seen.trust_version {
            let before = seen.trust_version;
            return Some(format!("its trust list is at version {version}, and version {before} was seen here before"));
        }
        // A newer list leads back to the one that was seen, because each names the one before.
        let same = version > seen.trust_version || state.trust_statement == seen.trust;
        (!same).then(|| format!("version {version} of its trust list is another than the one seen here before"))
    }

    fn ensure_trusted(&self, state: &RegistryState) -> Result<(), RegistryError> {
        if let Some(why) = self.set_back(state) {
            return Err(RegistryError::Untrusted { path: self.store.place(), why });
        }
        let Some(expected) = &self.trusted_owner else { return Ok(()) };
        let path = self.store.place();
        match &state.root_key {
            Some(found) if found == expected => Ok(()),
            Some(found) => {
                let why = format!("it was begun with the key {}, and you trust {}", short(found), short(expected));
                Err(RegistryError::Untrusted { path, why })
            }
            None => Err(RegistryError::Incomplete { path, why: "the statement that begins it is missing".to_owned() }),
        }
    }

    fn ensure_writable(&self) -> Result<(), RegistryError> {
        let known = self.tested.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let test = match known.filter(SelfTest::can_publish) {
            Some(test) => test,
            // A full disk or a share that was read-only may have been mended since.
            None => self.try_out()?,
        };
        if test.can_publish() {
            return Ok(());
        }
        Err(RegistryError::ReadOnly { path: self.store.place(), why: test.notes.join("; ") })
    }

    /// Loads the registry for writing by `signer`.
    fn ready(&self, signer: &Signer) -> Result<Loaded, RegistryError> {
        self.ready_for(signer, Freshness::Stamps)
    }

    fn ready_for(&self, signer: &Signer, freshness: Freshness) -> Result<Loaded, RegistryError> {
        self.ensure_writable()?;
        let loaded = self.load(freshness)?;
        self.ensure_trusted(&loaded.state)?;
        if loaded.state.root_key.is_none() {
            let why = "the statement that begins it is missing".to_owned();
            return Err(RegistryError::Incomplete { path: self.store.place(), why });
        }
        rules::ensure_active(&loaded.state, self.actor(signer)).map_err(|why| named(why, signer))?;
        if let Some(last) = self.missing(&loaded).get(signer.key_id()) {
            let why = format!(
                "your last statement, {}, is missing, and what you sign now would not rest on it; somebody set the registry back, or it has not arrived",
                last.short()
            );
            return Err(RegistryError::Incomplete { path: self.store.place(), why });
        }
        Ok(loaded)
    }

    /// Refuses a registry that lacks what was seen of it before: whatever it says of a version, something was said since.
    fn ensure_not_less(&self, loaded: &Loaded) -> Result<(), RegistryError> {
        let missing = self.missing(loaded);
        let Some((key_id, digest)) = missing.first_key_value() else { return Ok(()) };
        let name = loaded.state.holder(key_id).map_or_else(|| short(key_id).to_owned(), |it| it.card.name.clone());
        let why = format!(
            "a statement of {name} that you saw before, {}, is missing, and it may speak about this version; somebody set the registry back, or it has not arrived",
            digest.short()
        );
        Err(RegistryError::Incomplete { path: self.store.place(), why })
    }

    fn act(
        &self,
        signer: &Signer,
        candidate: Option<CandidateId>,
        decide: impl FnOnce(&RegistryState, Actor<'_>) -> Result<StatementBody, ReleaseBlocked>,
    ) -> Result<(Statement, Digest), RegistryError> {
        let _turn = self.turn();
        let loaded = self.ready(signer)?;
        let body = decide(&loaded.state, self.actor(signer))?;
        let model = candidate.and_then(|candidate| loaded.state.candidates.get(&candidate)).map(|it| it.model.clone());
        self.append(&loaded, signer, model.as_ref(), body)
    }

    fn act_on(
        &self,
        signer: &Signer,
        model: &ModelName,
        decide: impl FnOnce(&RegistryState, Actor<'_>) -> Result<StatementBody, ReleaseBlocked>,
    ) -> Result<(Statement, Digest), RegistryError> {
        let _turn = self.turn();
        let loaded = self.ready(signer)?;
        let body = decide(&loaded.state, self.actor(signer))?;
        self.append(&loaded, signer, Some(model), body)
    }

    /// Signs a statement and adds it to the log.
    fn append(
        &self,
        loaded: &Loaded,
        signer: &Signer,
        model: Option<&ModelName>,
        body: StatementBody,
    ) -> Result<(Statement, Digest), RegistryError> {
        let at = self.clock.now();
        // After everything that its author has seen, also when the clocks of two machines differ.
        let order = Timestamp::from_ms(at.ms().max(loaded.newest_ms.saturating_add(1)));
        let statement = Statement {
            id: StatementId::from_uuid(self.clock.fresh(order)),
            registry: self.id,
            at,
            author: signer.card().id,
            key_id: signer.key_id().to_owned(),
            previous: loaded.heads.get(signer.key_id()).map(|(_, digest)| *digest),
            trust: loaded.state.trust_statement,
            body,
        };
        let path = format!("{}/{}", layout::log_folder(model), layout::statement_name(&statement));
        let (bytes, digest) = statement::sign(&statement, signer)
            .map_err(|source| RegistryError::Signature { path: self.path(&path), source })?;
        self.store.create_new(&path, &bytes).map_err(RegistryError::io(self.path(&path), "writing the statement"))?;
        Ok((statement, digest))
    }

    fn actor<'s>(&self, signer: &'s Signer) -> Actor<'s> {
        Actor { person: signer.card().id, key_id: signer.key_id(), at: self.clock.now() }
    }

    /// A folder of its own for unfinished work, removed when this is dropped.
    fn workroom(&self) -> Workroom<'_> {
        let name = format!("{STAGING}/{}", self.clock.fresh(self.clock.now()));
        Workroom { store: self.store.as_ref(), name }
    }
}

/// Whoever is not known to a registry still has a name, which they know better than their identifier.
fn named(why: ReleaseBlocked, signer: &Signer) -> ReleaseBlocked {
    match why {
        ReleaseBlocked::Unknown { .. } => ReleaseBlocked::Unknown { name: signer.card().name.clone() },
        other => other,
    }
}

struct Workroom<'r> {
    store: &'r dyn Store,
    name: String,
}

impl Workroom<'_> {
    fn path(&self, name: &str) -> String {
        format!("{}/{name}", self.name)
    }
}

impl Drop for Workroom<'_> {
    fn drop(&mut self) {
        // What cannot be removed now is listed by `verify` as left over, and removed by `clean`.
        let _ = self.store.discard(&self.name);
    }
}

fn short(hex: &str) -> &str {
    hex.get(..12).unwrap_or(hex)
}

fn is_plain_file(kind: EntryKind) -> bool {
    kind == EntryKind::File
}

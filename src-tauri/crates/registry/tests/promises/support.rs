//! Four people, a registry and a place that fails when told to.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

use proofmark_domain::Timestamp;
use proofmark_domain::id::{CandidateId, PersonId};
use proofmark_domain::person::Role;
use proofmark_domain::registry::{RegistryReport, RegistryVerdict};
use proofmark_domain::release::ModelName;
use proofmark_registry::registry::{NewRegistry, OpenOptions, SourceBytes, SourceFile, Submission};
use proofmark_registry::store::{Entry, SelfTest};
use proofmark_registry::{Clock, Registry, Signer, Store, SystemClock, Watch};
use uuid::Uuid;

use crate::ground::Ground;

pub type Outcome = Result<(), Box<dyn Error>>;

/// The machine's clock, which a test may put forward.
#[derive(Default)]
pub struct Ahead(pub AtomicI64);

impl Clock for Ahead {
    fn now(&self) -> Timestamp {
        Timestamp::from_ms(SystemClock.now().ms() + self.0.load(Ordering::Relaxed))
    }

    fn fresh(&self, at: Timestamp) -> Uuid {
        SystemClock.fresh(at)
    }
}

pub struct Team {
    pub room: tempfile::TempDir,
    pub ground: Arc<Ground>,
    pub owner: Signer,
    pub ann: Signer,
    pub bob: Signer,
    pub eve: Signer,
}

pub fn person(name: &str) -> Result<Signer, Box<dyn Error>> {
    Ok(Signer::generate(PersonId::from_uuid(Uuid::new_v4()), name, None)?)
}

pub fn churn() -> ModelName {
    ModelName::new("churn").unwrap_or_else(|_| unreachable!("a literal"))
}

impl Team {
    /// A registry with an owner, Ann who submits and publishes, Bob who approves; Eve is nobody.
    pub fn new() -> Result<Self, Box<dyn Error>> {
        let room = tempfile::tempdir()?;
        let team = Self {
            ground: Arc::new(Ground::new(room.path())?),
            room,
            owner: person("Olga Owner")?,
            ann: person("Ann Author")?,
            bob: person("Bob Approver")?,
            eve: person("Eve")?,
        };
        let named = NewRegistry::named("Models");
        let registry = Registry::create_in(team.ground.store()?, &named, &team.owner, OpenOptions::default())?;
        registry.admit(&team.owner, team.ann.card(), &BTreeSet::from([Role::Submitter, Role::Publisher]))?;
        registry.admit(&team.owner, team.bob.card(), &BTreeSet::from([Role::Approver]))?;
        fs::create_dir_all(team.source().join("data"))?;
        fs::write(team.source().join("model.pkl"), [7u8; 300])?;
        fs::write(team.source().join("data/vocab.txt"), "a\nb\n")?;
        Ok(team)
    }

    pub fn dir(&self) -> PathBuf {
        self.room.path().join("registry")
    }

    pub fn source(&self) -> PathBuf {
        self.room.path().join("source")
    }

    pub fn open(&self) -> Result<Registry, Box<dyn Error>> {
        let trusted_owner = Some(self.owner.key_id().to_owned());
        self.open_with(OpenOptions { trusted_owner, ..OpenOptions::default() })
    }

    pub fn open_with(&self, options: OpenOptions) -> Result<Registry, Box<dyn Error>> {
        Ok(Registry::open_in(self.ground.store()?, options)?)
    }

    pub fn submission(&self, note: &str) -> Submission {
        submission_of(&self.source(), note)
    }

    /// Submits and approves.
    pub fn approved(&self, registry: &Registry, note: &str) -> Result<CandidateId, Box<dyn Error>> {
        let candidate = registry.submit(&self.ann, &self.submission(note), &mut Watch::silent())?;
        let bundle = registry.state()?.candidates.get(&candidate).ok_or("the candidate is there")?.bundle;
        registry.approve(&self.bob, candidate, &bundle, "looked at it")?;
        Ok(candidate)
    }

    /// A registry with one published version under the alias `production`.
    pub fn published() -> Result<Self, Box<dyn Error>> {
        let team = Self::new()?;
        let registry = team.open()?;
        let candidate = team.approved(&registry, "first")?;
        registry.publish(&team.ann, candidate, &mut Watch::silent())?;
        registry.promote(&team.ann, &churn(), "production", 1, "best so far")?;
        Ok(team)
    }

    pub fn verify(&self) -> Result<RegistryReport, Box<dyn Error>> {
        Ok(self.open()?.verify(&mut Watch::silent())?)
    }
}

/// A candidate whose files lie in this folder.
pub fn submission_of(folder: &Path, note: &str) -> Submission {
    let file = |path: &str| SourceFile { path: path.to_owned(), source: folder.join(path) };
    Submission {
        model: churn(),
        files: vec![file("model.pkl"), file("data/vocab.txt")],
        generated: Vec::new(),
        evidence: vec![SourceBytes { path: "report.html".to_owned(), bytes: format!("<p>{note}</p>").into_bytes() }],
        gates: Vec::new(),
        labels: Vec::new(),
        metrics: BTreeMap::from([("auc".to_owned(), 0.875)]),
        purpose: "Find customers \"about\" to leave".to_owned(),
        limits: "Not for pricing".to_owned(),
        datasets: Vec::new(),
        environment: None,
        commit: None,
        risk: String::new(),
        note: note.to_owned(),
    }
}

pub fn codes(report: &RegistryReport) -> Vec<&str> {
    report.problems.iter().map(|problem| problem.code.as_str()).collect()
}

pub fn assert_whole(report: &RegistryReport, when: &str) {
    assert_eq!(report.verdict, RegistryVerdict::Ok, "{when}: {:#?}", report.problems);
}

pub fn copy_tree(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_tree(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

pub fn all_files(folder: &Path, into: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            all_files(&entry.path(), into)?;
        } else {
            into.push(entry.path());
        }
    }
    Ok(())
}

/// How a call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing happens, and the caller is told so; later calls succeed.
    Error(io::ErrorKind),
    /// It happens, and the answer is lost; later calls succeed.
    LostAnswer,
    /// The process ends before the call.
    KilledBefore,
    /// The process ends in the middle: half of what was to be written is there.
    KilledWithin,
    /// The process ends right after the call.
    KilledAfter,
}

/// A place whose k-th call fails.
pub struct Faulty {
    inner: Box<dyn Store>,
    ground: Arc<Ground>,
    fault: Fault,
    at: usize,
    calls: Arc<AtomicUsize>,
}

impl Faulty {
    pub fn new(ground: &Arc<Ground>, fault: Fault, at: usize) -> io::Result<(Self, Arc<AtomicUsize>)> {
        let calls = Arc::new(AtomicUsize::new(0));
        let (inner, ground) = (ground.store()?, Arc::clone(ground));
        Ok((Self { inner, ground, fault, at, calls: Arc::clone(&calls) }, calls))
    }

    fn call<T>(&self, run: impl FnOnce() -> io::Result<T>, half: impl FnOnce()) -> io::Result<T> {
        let now = self.calls.fetch_add(1, Ordering::SeqCst) + 1;
        let dead = || io::Error::other("the process is gone");
        let killed = matches!(self.fault, Fault::KilledBefore | Fault::KilledWithin | Fault::KilledAfter);
        if now < self.at || (now > self.at && !killed) {
            return run();
        }
        if now > self.at {
            return Err(dead());
        }
        match self.fault {
            Fault::Error(kind) => Err(kind.into()),
            Fault::LostAnswer => run().and_then(|_| Err(io::Error::from(io::ErrorKind::TimedOut))),
            Fault::KilledBefore => Err(dead()),
            Fault::KilledWithin => {
                half();
                Err(dead())
            }
            Fault::KilledAfter => run().and_then(|_| Err(dead())),
        }
    }
}

impl Store for Faulty {
    fn place(&self) -> String {
        self.inner.place()
    }
    fn uri(&self) -> String {
        self.inner.uri()
    }
    fn folder(&self) -> Option<&Path> {
        self.inner.folder()
    }
    fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        self.call(|| self.inner.read(path), || {})
    }
    fn open(&self, path: &str) -> io::Result<Box<dyn Read + Send>> {
        self.call(|| self.inner.open(path), || {})
    }
    fn entry(&self, path: &str) -> io::Result<Option<Entry>> {
        self.call(|| self.inner.entry(path), || {})
    }
    fn list(&self, path: &str) -> io::Result<Vec<Entry>> {
        self.call(|| self.inner.list(path), || {})
    }
    fn stage(&self, path: &str, source: &mut dyn Read) -> io::Result<u64> {
        let mut bytes = Vec::new();
        source.read_to_end(&mut bytes)?;
        self.call(|| self.inner.stage(path, &mut bytes.as_slice()), || self.ground.write_half(path, &bytes))
    }
    fn link_staged(&self, existing: &str, path: &str) -> io::Result<bool> {
        self.call(|| self.inner.link_staged(existing, path), || {})
    }
    fn settle(&self, staged: &str, path: &str) -> io::Result<()> {
        self.call(|| self.inner.settle(staged, path), || {})
    }
    fn settle_folder(&self, staged: &str, path: &str) -> io::Result<bool> {
        self.call(|| self.inner.settle_folder(staged, path), || {})
    }
    fn is_placed(&self, path: &str) -> io::Result<bool> {
        self.call(|| self.inner.is_placed(path), || {})
    }
    fn create_new(&self, path: &str, content: &[u8]) -> io::Result<()> {
        self.call(|| self.inner.create_new(path, content), || self.ground.write_half(path, content))
    }
    fn discard(&self, staged: &str) -> io::Result<()> {
        self.call(|| self.inner.discard(staged), || {})
    }
    fn self_test(&self) -> io::Result<SelfTest> {
        self.call(|| self.inner.self_test(), || {})
    }
}

//! The use cases of Proofmark: what happens, in which order, and who may ask for it.
//!
//! The engine runs without a window. The window and the command line are two clients of the same methods: one method per
//! command of the contract, of the same name. A request is answered within one call; work that takes longer is a job.
//!
//! Not here: no SQL, no polars, no pixels. Decisions are in `domain`, numbers in `analysis`, rows in `ledger`.

#![deny(missing_docs)]

mod clock;
mod config;
mod dispatch;
mod events;
mod follow;
mod foreign;
pub mod gateway;
mod graph;
mod hold;
mod home;
mod infer;
mod jobs;
mod picture;
mod platform;
mod record;
mod scan;
mod screen;
mod screenings;
mod trouble;
mod usecase;
mod watch;

pub use clock::{Clock, FixedClock, SystemClock, since_process_start_ms};
pub use config::read_gates;
pub use dispatch::Caller;
pub use home::{EngineOptions, Home};
pub use proofmark_registry::oms::VerifyOptions;
pub use proofmark_report::interop::ServingOptions;
pub use record::{Echo, InstalledKernel, RecordRequest, Recorded, preload_library};
pub use scan::ScanSummary;
pub use trouble::{Answer, Trouble};
pub use usecase::{Dossier, adhoc, code};

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use proofmark_contract::{EngineEvent, ErrorBody};
use proofmark_domain::Timestamp;
use proofmark_domain::artifact::Skipped;
use proofmark_domain::id::ProjectId;
use proofmark_ledger::Ledger;

/// The engine. Cheap to clone; all clones are the same engine.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

/// Registries in buckets that were opened, by address and pinned owner, with the stamp of the settings that they were opened with.
type Buckets = BTreeMap<(String, Option<String>), (u64, Arc<proofmark_registry::Registry>)>;

struct Inner {
    home: Home,
    ledger: Ledger,
    clock: Arc<dyn Clock>,
    events: events::Events,
    jobs: jobs::Jobs,
    comparisons: Mutex<usecase::Comparisons>,
    watches: Mutex<BTreeMap<ProjectId, watch::Watch>>,
    /// What the last scan of a project left out; re-computed by each scan, so it need not outlive the process.
    skipped: Mutex<BTreeMap<ProjectId, Vec<Skipped>>>,
    /// How databases of other tools were when this process last read them.
    records_seen: Mutex<foreign::Seen>,
    /// Scans of one project wait for each other.
    scanning: Mutex<BTreeMap<ProjectId, Arc<Mutex<()>>>>,
    /// Screenings of whole projects that have not ended.
    screenings: Mutex<screenings::Screenings>,
    /// The graph of each project, for as long as nothing that it is made of changes.
    graphs: Mutex<graph::Graphs>,
    /// What is searched, for as long as it holds.
    corpus: Mutex<usecase::Shelf>,
    buckets: Mutex<Buckets>,
    keychain: platform::Keychain,
    /// A key that the keychain opened, for the signature that follows.
    unlocked: Mutex<Option<proofmark_registry::Signer>>,
    closing: AtomicBool,
}

impl Engine {
    /// Opens the ledger in its home, and makes both if they are not there.
    ///
    /// Runs and jobs that a process left unfinished are marked as such.
    ///
    /// # Errors
    /// If the ledger cannot be opened: damaged, newer, locked, not permitted. Nothing is changed then.
    pub fn open(options: EngineOptions) -> Result<Self, ErrorBody> {
        Self::open_inner(options).map_err(|trouble| trouble.0)
    }

    fn open_inner(options: EngineOptions) -> Answer<Self> {
        let home = Home::at(options.home)?;
        let (clock, keychain) = (options.clock, options.keychain);
        let ledger = Ledger::open(&home.ledger(), clock.now())?;
        let events = events::Events::default();
        let engine = Self(Arc::new(Inner {
            jobs: jobs::Jobs::default(),
            comparisons: Mutex::default(),
            home,
            ledger,
            clock,
            events,
            watches: Mutex::default(),
            skipped: Mutex::default(),
            records_seen: Mutex::default(),
            scanning: Mutex::default(),
            screenings: Mutex::default(),
            graphs: Mutex::default(),
            corpus: Mutex::default(),
            buckets: Mutex::default(),
            keychain,
            unlocked: Mutex::default(),
            closing: AtomicBool::new(false),
        }));
        engine.bury_the_dead()?;
        Ok(engine)
    }

    /// Calls `listener` for each event until the engine is closed.
    pub fn subscribe(&self, listener: Box<dyn Fn(&EngineEvent) + Send + Sync>) {
        self.0.events.subscribe(listener);
    }

    /// Stops watching and jobs, and lets the ledger settle. What was recorded is on disk before this, too.
    pub fn close(&self) {
        self.0.closing.store(true, Ordering::Release);
        self.0.jobs.cancel_all();
        self.stop_watching();
        // Whatever does not fit into the database file now stays in its log, from which the next start takes it up.
        let _ = self.0.ledger.settle();
    }

    /// The folder of ledger, keys and logs.
    pub fn home(&self) -> &Home {
        &self.0.home
    }

    pub(crate) fn ledger(&self) -> &Ledger {
        &self.0.ledger
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.0.closing.load(Ordering::Acquire)
    }

    /// Who acts, for the audit: the chosen person, else the user of the operating system.
    pub(crate) fn actor(&self) -> String {
        let person = self.ledger().read(|read| read.people().current()).ok().flatten();
        person.map_or_else(platform::user_name, |stored| stored.person.card.name)
    }
}

/// Locks, also after a panic of another thread: every guarded value is whole between two statements.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[cfg(test)]
mod tests;

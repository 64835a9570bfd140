//! Notices that something in a project's folder may have changed, and has it looked at.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use notify::RecursiveMode;
use notify::event::EventKind;
use notify_debouncer_full::{DebounceEventResult, new_debouncer};
use proofmark_contract::{EngineEvent, Tag};
use proofmark_domain::artifact::RelPath;
use proofmark_domain::id::ProjectId;
use proofmark_domain::project::{Project, WatchState};
use proofmark_intake::files::label_of;

use crate::scan::ScanControl;
use crate::{Engine, lock};

/// Quiet time after an event before the folder is looked at: an editor's save is several events.
const QUIET: Duration = Duration::from_millis(400);

/// Between two looks through everything, in case an event was lost.
const FULL_RESCAN: Duration = Duration::from_secs(600);

/// Between two looks where the file system gives no events.
const POLL: Duration = Duration::from_secs(10);

/// More touched folders than this are looked at as one.
const MANY: usize = 32;

/// Between two questions whether another process wrote to the ledger.
const NEIGHBOURS: Duration = Duration::from_millis(300);

/// A project that is being watched by this process.
pub(crate) struct Watch {
    stop: Sender<Nudge>,
    stopped: Arc<AtomicBool>,
    pub(crate) state: WatchState,
    /// Why events do not come, if they do not.
    pub(crate) problem: Option<String>,
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Relaxed);
        // The thread may have ended already.
        let _ = self.stop.send(Nudge::Stop);
    }
}

enum Nudge {
    /// These folders may have changed.
    Look(BTreeSet<PathBuf>),
    /// Anything may have changed.
    LookAtAll,
    Stop,
}

impl Engine {
    /// Watches every project that is not paused, and passes on what other processes write to the ledger.
    pub fn start_watching(&self) {
        if let Ok(projects) = self.ledger().read::<_, crate::Trouble>(|read| Ok(read.projects().list()?)) {
            for project in projects.into_iter().filter(|project| !project.paused) {
                self.watch(&project);
            }
        }
        let engine = self.clone();
        // Without this thread, writes of other processes show at the next start only; the window itself still works.
        let _ =
            std::thread::Builder::new().name("proofmark-neighbours".into()).spawn(move || engine.follow_the_ledger());
        let engine = self.clone();
        // Without this one, what others write to the registry shows when a page is opened anew.
        let _ =
            std::thread::Builder::new().name("proofmark-registry".into()).spawn(move || engine.follow_the_registry());
    }

    /// Whether this process watches.
    pub(crate) fn watch_state(&self, project: &Project) -> (WatchState, Option<String>) {
        if !Path::new(&project.root).is_dir() {
            let problem = format!("The folder {} is not there at the moment. Nothing recorded was lost.", project.root);
            return (WatchState::Unreachable, Some(problem));
        }
        if project.paused {
            return (WatchState::Paused, None);
        }
        lock(&self.0.watches)
            .get(&project.id)
            .map_or((WatchState::Idle, None), |watch| (watch.state, watch.problem.clone()))
    }

    pub(crate) fn watch(&self, project: &Project) {
        let (send, receive) = mpsc::channel();
        let stopped = Arc::new(AtomicBool::new(false));
        let root = PathBuf::from(&project.root);
        let source = event_source(&root, &send);
        let (state, problem) = match &source {
            Ok(_) => (WatchState::Watching, None),
            Err(why) => (WatchState::Polling, Some(why.clone())),
        };
        let every = if source.is_ok() { FULL_RESCAN } else { POLL };
        let watch = Watch { stop: send, stopped: Arc::clone(&stopped), state, problem };
        lock(&self.0.watches).insert(project.id, watch);
        let (engine, followed) = (self.clone(), project.clone());
        let spawned = std::thread::Builder::new().name("proofmark-watch".into()).spawn(move || {
            // Dropping the source ends the events.
            let _source = source;
            engine.follow_the_folder(&followed, &receive, every, &stopped);
        });
        if spawned.is_err() {
            lock(&self.0.watches).remove(&project.id);
        }
    }

    pub(crate) fn unwatch(&self, project: ProjectId) {
        lock(&self.0.watches).remove(&project);
    }

    pub(crate) fn stop_watching(&self) {
        lock(&self.0.watches).clear();
    }

    /// Looks at everything once at the start, then at what events name, and at everything again from time to time.
    fn follow_the_folder(&self, project: &Project, nudges: &Receiver<Nudge>, every: Duration, stopped: &AtomicBool) {
        let mut last_full = Instant::now();
        self.look(project, [RelPath::from("")].into(), stopped);
        loop {
            let wait = every.saturating_sub(last_full.elapsed());
            let nudge = match nudges.recv_timeout(wait) {
                Ok(nudge) => nudge,
                Err(RecvTimeoutError::Timeout) => Nudge::LookAtAll,
                Err(RecvTimeoutError::Disconnected) => return,
            };
            let mut touched: BTreeSet<PathBuf> = BTreeSet::new();
            let mut all = false;
            for nudge in std::iter::once(nudge).chain(nudges.try_iter()) {
                match nudge {
                    Nudge::Stop => return,
                    Nudge::LookAtAll => all = true,
                    Nudge::Look(folders) => touched.extend(folders),
                }
            }
            if stopped.load(Ordering::Relaxed) || self.is_closing() {
                return;
            }
            let places = if all || touched.len() > MANY {
                BTreeSet::from([RelPath::from("")])
            } else {
                outermost(project, &touched)
            };
            if places.contains(&RelPath::from("")) {
                last_full = Instant::now();
            }
            self.look(project, places, stopped);
        }
    }

    fn look(&self, project: &Project, places: BTreeSet<RelPath>, stopped: &AtomicBool) {
        for place in places {
            let cancelled = || stopped.load(Ordering::Relaxed) || self.is_closing();
            if cancelled() {
                return;
            }
            if place.as_str().is_empty() {
                // A look through everything is a job that a person can see and stop.
                let begun = self.scan_start(proofmark_contract::view::ProjectRef { project: project.id });
                if let Ok(job) = begun {
                    // Its failure is in the job, where a person sees it.
                    let _ = self.wait_for(job.job);
                }
                continue;
            }
            let control = ScanControl { cancelled: &cancelled, progress: &|_, _, _| () };
            if self.scan(project, &place, &control).is_err() {
                // The next look through everything says what is wrong, as a job.
                self.0.events.emit(&EngineEvent::Stale { tags: vec![Tag::Projects] });
            }
        }
    }

    /// Tells this process's clients what any process wrote, itself included.
    fn follow_the_ledger(&self) {
        let mut seen = self.ledger().latest_seq().unwrap_or(0);
        while !self.is_closing() {
            std::thread::sleep(NEIGHBOURS);
            let Ok(latest) = self.ledger().latest_seq() else { continue };
            if latest <= seen {
                continue;
            }
            let Ok(changes) = self.ledger().changes_since(seen) else { continue };
            seen = latest;
            let tags: BTreeSet<Tag> =
                changes.iter().flat_map(|change| change.tags.iter()).map(|tag| crate::events::tag_of(*tag)).collect();
            self.0.events.emit(&EngineEvent::Stale { tags: tags.into_iter().collect() });
        }
    }
}

type Source = notify_debouncer_full::Debouncer<notify::RecommendedWatcher, notify_debouncer_full::RecommendedCache>;

/// Begins to receive events of the file system.
fn event_source(root: &Path, nudges: &Sender<Nudge>) -> Result<Source, String> {
    let send = nudges.clone();
    let base = root.to_path_buf();
    let handler = move |result: DebounceEventResult| {
        let nudge = match result {
            Ok(events) => {
                if events.iter().any(|event| event.need_rescan()) {
                    Nudge::LookAtAll
                } else {
                    let touched: BTreeSet<PathBuf> = events
                        .iter()
                        // Reading a file, as we do ourselves, changes nothing.
                        .filter(|event| !matches!(event.kind, EventKind::Access(_)))
                        .flat_map(|event| event.paths.iter().cloned())
                        .collect();
                    if touched.is_empty() {
                        return;
                    }
                    Nudge::Look(touched)
                }
            }
            Err(_) => Nudge::LookAtAll,
        };
        // The project may have been removed meanwhile.
        let _ = send.send(nudge);
    };
    let explain = |error: notify::Error| match error.kind {
        notify::ErrorKind::MaxFilesWatch => format!(
            "The system allows no more watched folders, so {} is looked through every {} seconds. To have changes appear at once, raise fs.inotify.max_user_watches.",
            base.display(),
            POLL.as_secs()
        ),
        _ => format!(
            "The file system of {} tells of no changes ({error}), so it is looked through every {} seconds.",
            base.display(),
            POLL.as_secs()
        ),
    };
    let mut debouncer = new_debouncer(QUIET, None, handler).map_err(&explain)?;
    debouncer.watch(root, RecursiveMode::Recursive).map_err(&explain)?;
    Ok(debouncer)
}

/// The folders that contain all that was touched, none inside another, as labels.
fn outermost(project: &Project, touched: &BTreeSet<PathBuf>) -> BTreeSet<RelPath> {
    let root = Path::new(&project.root);
    let mut folders: BTreeSet<PathBuf> = BTreeSet::new();
    for path in touched {
        // The folder that holds the touched path: a new folder may have been filled before anybody watched it, so a folder
        // that is there is looked at as a whole.
        let folder = if path.is_dir() { path.as_path() } else { path.parent().unwrap_or(root) };
        let mut folder = folder;
        while !folder.is_dir() && folder != root {
            folder = folder.parent().unwrap_or(root);
        }
        folders.insert(folder.to_path_buf());
    }
    let mut kept: BTreeSet<RelPath> = BTreeSet::new();
    let mut last: Option<&PathBuf> = None;
    for folder in &folders {
        if last.is_some_and(|outer| folder.starts_with(outer)) {
            continue;
        }
        last = Some(folder);
        kept.insert(label_of(root, folder).unwrap_or_else(|_| RelPath::from("")));
    }
    kept
}

//! Looks through a project's folder and records what changed. The truth about files; events are hints for when to do it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use proofmark_contract::ErrorCode;
use proofmark_contract::view::{JobRef, ProjectRef};
use proofmark_domain::Timestamp;
use proofmark_domain::artifact::{ArtifactKind, Change, FileFacts, PathChange, RelPath, SkipCause, Skipped};
use proofmark_domain::foreign::StoreRef;
use proofmark_domain::job::JobKind;
use proofmark_domain::project::Project;
use proofmark_intake::classify::{Classified, classify};
use proofmark_intake::files::{FileStat, FoundFile, HashError, Hashed, WalkOptions, hash_many, walk_under};
use proofmark_intake::records::stores_in;
use proofmark_ledger::{AuditEntry, FileState, NewVersion, Stat};

use crate::jobs::{JobPlan, Worker};
use crate::trouble::{Answer, Trouble};
use crate::usecase::is_own_record;
use crate::{Engine, lock};

/// Files that are recorded in one transaction. A scan that is stopped or killed keeps what it recorded, and the next one goes on
/// from there.
const BATCH: usize = 2_000;

/// A file written so shortly before the scan may change again without a trace in its times (git's "racy" rule). Where times are
/// kept finely, the clock of the system ticks every few milliseconds.
const RACY_NS: i64 = 20_000_000;

/// Where times are whole seconds, two seconds is the granularity of the coarsest file system in use, FAT.
const COARSE_RACY_NS: i64 = 2_000_000_000;

/// What a scan did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ScanSummary {
    /// Paths that are new.
    pub added: Vec<RelPath>,
    /// Paths that hold other bytes than before.
    pub changed: Vec<RelPath>,
    /// Paths whose bytes lay elsewhere before.
    pub moved: Vec<RelPath>,
    /// Paths where nothing lies any more.
    pub deleted: Vec<RelPath>,
    /// What could not be recorded, and why.
    pub skipped: Vec<Skipped>,
    /// Files found.
    pub files: u64,
    /// Files that had to be read.
    pub hashed: u64,
    /// Bytes that were read.
    pub bytes_hashed: u64,
}

impl ScanSummary {
    /// Whether anything is other than before.
    pub fn changed_anything(&self) -> bool {
        !(self.added.is_empty() && self.changed.is_empty() && self.moved.is_empty() && self.deleted.is_empty())
    }
}

/// How a scan tells how far it is and learns whether to stop.
pub(crate) struct ScanControl<'a> {
    pub(crate) cancelled: &'a (dyn Fn() -> bool + Sync),
    pub(crate) progress: &'a (dyn Fn(u64, Option<u64>, &str) + Sync),
}

impl Engine {
    /// Starts to look through a project's folder.
    ///
    /// # Errors
    /// If there is no such project.
    pub fn scan_start(&self, request: ProjectRef) -> Answer<JobRef> {
        let project = self.project(request.project)?;
        let plan = JobPlan {
            kind: JobKind::Scan,
            title: format!("Scanning {}", project.name),
            project: Some(project.id),
            unit: "files",
            notice: None,
        };
        self.start_job(plan, move |engine, worker| {
            engine.scan_in_job(&project, worker)?;
            Ok(())
        })
    }

    pub(crate) fn scan_in_job(&self, project: &Project, worker: &Worker) -> Answer<ScanSummary> {
        let control = ScanControl {
            cancelled: &|| worker.cancelled(),
            progress: &|done, total, detail| worker.progress(done, total, detail),
        };
        self.scan(project, &RelPath::from(""), &control)
    }

    /// Looks through a project's folder, or the part of it below `under`, and records what changed.
    pub(crate) fn scan(&self, project: &Project, under: &RelPath, control: &ScanControl<'_>) -> Answer<ScanSummary> {
        let turn = Arc::clone(lock(&self.0.scanning).entry(project.id).or_default());
        // Another scan of the same project would see half of what this one records.
        let _turn = lock(&turn);
        let summary = self.scan_and_read(project, under, control)?;
        self.conclude(project, &summary, control)?;
        Ok(summary)
    }

    /// The same, for a caller that is about to record where what changed came from.
    pub(crate) fn scan_without_conclusions(&self, project: &Project, control: &ScanControl<'_>) -> Answer<ScanSummary> {
        let turn = Arc::clone(lock(&self.0.scanning).entry(project.id).or_default());
        let _turn = lock(&turn);
        self.scan_and_read(project, &RelPath::from(""), control)
    }

    fn scan_and_read(&self, project: &Project, under: &RelPath, control: &ScanControl<'_>) -> Answer<ScanSummary> {
        let (mut summary, stores) = self.scan_alone(project, under, control)?;
        let unread = self.take_records(project, under, &stores, control)?;
        if !unread.is_empty() {
            summary.skipped.extend(unread);
            summary.skipped.sort_by(|a, b| a.path.cmp(&b.path));
            self.remember_skipped(project, under, summary.skipped.clone());
        }
        self.after_scan(project, &summary, control)?;
        Ok(summary)
    }

    fn scan_alone(
        &self,
        project: &Project,
        under: &RelPath,
        control: &ScanControl<'_>,
    ) -> Answer<(ScanSummary, Vec<StoreRef>)> {
        let root = PathBuf::from(&project.root);
        if !root.is_dir() {
            return Err(Trouble::new(
                ErrorCode::NotFound,
                format!(
                    "The folder {} of project {} is not there at the moment. Nothing recorded was lost.",
                    root.display(),
                    project.name
                ),
            )
            .hint("Connect its disk, or remove the project and add the folder under its new place."));
        }
        let began = self.now();
        let options = WalkOptions { other_roots: self.other_roots(project)? };
        let walk = walk_under(&root, under, &options, &|| (control.cancelled)(), &mut |found| {
            (control.progress)(found, None, "looking for files");
        })?;
        let stores = stores_in(&root, &walk);
        let known = self.known_files(project, under)?;
        let mut summary = ScanSummary { files: walk.files.len() as u64, ..ScanSummary::default() };
        let mut skipped = walk.skipped;

        let to_read: Vec<FoundFile> = walk
            .files
            .iter()
            .filter(|found| known.get(&found.path).is_none_or(|state| !is_fresh(state, &found.stat)))
            .cloned()
            .collect();
        let found_paths: BTreeSet<&RelPath> = walk.files.iter().map(|found| &found.path).collect();
        let gone: BTreeMap<RelPath, FileState> = known
            .iter()
            .filter(|(path, _)| !found_paths.contains(path) && !is_out_of_sight(path, &skipped))
            .map(|(path, state)| (path.clone(), state.clone()))
            .collect();

        let recorder = Recorder {
            engine: self,
            project,
            began,
            known: &known,
            gone: Mutex::new(gone),
            pending: Mutex::new(Vec::new()),
            summary: Mutex::new(std::mem::take(&mut summary)),
            failure: Mutex::new(None),
        };
        let total = to_read.len() as u64;
        let read = AtomicU64::new(0);
        let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let late: Mutex<Vec<Skipped>> = Mutex::default();
        let stop = || (control.cancelled)() || recorder.failed();
        hash_many(&to_read, threads, &stop, &|_| (), &|index, outcome| {
            let Some(found) = to_read.get(index) else { return };
            match outcome {
                Ok(hashed) => recorder.take(read_classified(found, hashed)),
                Err(error) => {
                    if let Some(cause) = error.skip_cause() {
                        lock(&late).push(skipped_by(found, cause, &error));
                    }
                }
            }
            let done = read.fetch_add(1, Ordering::Relaxed) + 1;
            (control.progress)(done, Some(total), found.path.as_str());
        });
        skipped.extend(late.into_inner().unwrap_or_default());
        recorder.flush()?;
        if let Some(trouble) = lock(&recorder.failure).take() {
            return Err(trouble);
        }
        if (control.cancelled)() {
            return Err(Trouble::cancelled());
        }
        // A file that could not be read this time is not gone.
        lock(&recorder.gone).retain(|path, _| !is_out_of_sight(path, &skipped));
        recorder.bury()?;
        let mut summary = lock(&recorder.summary).clone();
        drop(recorder);
        for paths in [&mut summary.added, &mut summary.changed, &mut summary.moved, &mut summary.deleted] {
            paths.sort();
        }
        skipped.sort_by(|a, b| a.path.cmp(&b.path));
        summary.skipped.clone_from(&skipped);
        self.remember_skipped(project, under, skipped);
        Ok((summary, stores))
    }

    fn known_files(&self, project: &Project, under: &RelPath) -> Answer<BTreeMap<RelPath, FileState>> {
        let mut known = BTreeMap::new();
        self.ledger().read(|read| {
            read.files().for_each::<Trouble>(project.id, |state| {
                if is_below(&state.facts.path, under) {
                    known.insert(state.facts.path.clone(), state);
                }
                Ok(())
            })
        })?;
        Ok(known)
    }

    fn remember_skipped(&self, project: &Project, under: &RelPath, skipped: Vec<Skipped>) {
        let mut all = lock(&self.0.skipped);
        let entry = all.entry(project.id).or_default();
        entry.retain(|old| !is_below(&old.path, under));
        entry.extend(skipped);
        entry.sort_by(|a, b| a.path.cmp(&b.path));
    }

    fn other_roots(&self, project: &Project) -> Answer<Vec<PathBuf>> {
        let projects = self.ledger().read::<_, Trouble>(|read| Ok(read.projects().list()?))?;
        Ok(projects.into_iter().filter(|it| it.id != project.id).map(|it| PathBuf::from(it.root)).collect())
    }
}

fn is_below(path: &RelPath, under: &RelPath) -> bool {
    let (path, under) = (path.as_str(), under.as_str());
    under.is_empty() || path == under || path.strip_prefix(under).is_some_and(|rest| rest.starts_with('/'))
}

/// Whether a path lies in a folder that could not be looked into. What cannot be seen is not deleted.
fn is_out_of_sight(path: &RelPath, skipped: &[Skipped]) -> bool {
    skipped.iter().any(|it| it.cause != SkipCause::Vanished && is_below(path, &it.path))
}

/// Whether the bytes are still those of the cached digest.
fn is_fresh(state: &FileState, now: &FileStat) -> bool {
    let then = &state.stat;
    let same = then.size == now.size
        && then.mtime_ns == now.mtime_ns
        && then.ctime_ns == now.ctime_ns
        && then.inode == now.inode
        && then.device == now.device;
    let written = now.mtime_ns.max(now.ctime_ns);
    let racy = if now.mtime_ns % 1_000_000_000 == 0 { COARSE_RACY_NS } else { RACY_NS };
    same && written.saturating_add(racy) < then.cached_at_ns
}

fn skipped_by(found: &FoundFile, cause: SkipCause, error: &HashError) -> Skipped {
    Skipped { path: found.path.clone(), cause, reason: error.to_string() }
}

/// A file that was read, and what it is for.
struct ReadFile {
    path: RelPath,
    hashed: Hashed,
    classified: Classified,
}

fn read_classified(found: &FoundFile, hashed: Hashed) -> ReadFile {
    let absolute: &Path = &found.absolute;
    let mut open: Option<File> = None;
    let mut reader = |offset: u64, len: usize| {
        if open.is_none() {
            open = Some(File::open(absolute)?);
        }
        let mut bytes = Vec::new();
        if let Some(file) = &mut open {
            file.seek(SeekFrom::Start(offset))?;
            file.take(len as u64).read_to_end(&mut bytes)?;
        }
        Ok(bytes)
    };
    let classified = if is_own_record(found.path.as_str()) {
        // Our own records of runs would otherwise pass for a data set of theirs.
        Classified { kind: ArtifactKind::Config, media_type: "application/vnd.proofmark.records+jsonl".to_owned() }
    } else {
        classify(&found.path, &hashed.head, hashed.stat.size, &mut reader)
    };
    ReadFile { path: found.path.clone(), classified, hashed: Hashed { head: Vec::new(), ..hashed } }
}

/// Collects what the readers of files find, and records it in batches.
struct Recorder<'a> {
    engine: &'a Engine,
    project: &'a Project,
    /// When the scan began: whatever was written since may still be in the writing.
    began: Timestamp,
    known: &'a BTreeMap<RelPath, FileState>,
    /// Known paths where nothing lies any more; a new path with the same bytes takes one of them as its former place.
    gone: Mutex<BTreeMap<RelPath, FileState>>,
    pending: Mutex<Vec<ReadFile>>,
    summary: Mutex<ScanSummary>,
    failure: Mutex<Option<Trouble>>,
}

impl Recorder<'_> {
    fn failed(&self) -> bool {
        lock(&self.failure).is_some()
    }

    fn take(&self, read: ReadFile) {
        let full = {
            let mut pending = lock(&self.pending);
            pending.push(read);
            pending.len() >= BATCH
        };
        if full && let Err(trouble) = self.flush() {
            *lock(&self.failure) = Some(trouble);
        }
    }

    fn flush(&self) -> Answer<()> {
        let mut batch = std::mem::take(&mut *lock(&self.pending));
        if batch.is_empty() {
            return Ok(());
        }
        batch.sort_by(|a, b| a.path.cmp(&b.path));
        let now = self.engine.now();
        let mut states = Vec::with_capacity(batch.len());
        let mut versions = Vec::new();
        let mut moved_away = Vec::new();
        {
            let mut summary = lock(&self.summary);
            let mut gone = lock(&self.gone);
            for read in batch {
                let state = self.state_of(&read);
                summary.hashed += 1;
                summary.bytes_hashed += state.facts.size;
                let before = self.known.get(&read.path);
                let change = match before {
                    Some(before) if before.facts.digest == state.facts.digest => None,
                    Some(_) => {
                        summary.changed.push(read.path.clone());
                        Some((Change::Changed, None))
                    }
                    None => {
                        let former = gone
                            .iter()
                            .find(|(_, old)| old.facts.digest == state.facts.digest)
                            .map(|(path, _)| path.clone());
                        Some(match former {
                            Some(former) => {
                                gone.remove(&former);
                                moved_away.push(former.clone());
                                summary.moved.push(read.path.clone());
                                (Change::Moved, Some(former))
                            }
                            None => {
                                summary.added.push(read.path.clone());
                                (Change::Added, None)
                            }
                        })
                    }
                };
                if let Some((change, moved_from)) = change {
                    versions.push(version_of(&state, change, moved_from, now));
                }
                states.push(state);
            }
        }
        self.write("scan.record", &states, &versions, &moved_away)
    }

    /// Records that nothing lies any more at the paths that are left over.
    fn bury(&self) -> Answer<()> {
        let gone = std::mem::take(&mut *lock(&self.gone));
        let now = self.engine.now();
        if !gone.is_empty() {
            let versions: Vec<NewVersion> =
                gone.values().map(|state| version_of(state, Change::Deleted, None, now)).collect();
            let paths: Vec<RelPath> = gone.into_keys().collect();
            lock(&self.summary).deleted.clone_from(&paths);
            self.write("scan.bury", &[], &versions, &paths)?;
        }
        let entry = AuditEntry::new("proofmark", "scan.end", self.project.id.to_string());
        self.engine
            .ledger()
            .write(now, entry, |write| -> Answer<()> { Ok(write.projects().set_last_scan(self.project.id, now)?) })
    }

    fn write(&self, action: &str, states: &[FileState], versions: &[NewVersion], removed: &[RelPath]) -> Answer<()> {
        let entry = AuditEntry::new("proofmark", action, self.project.id.to_string());
        self.engine.ledger().write(self.engine.now(), entry, |write| -> Answer<()> {
            write.note("files", states.len());
            write.note("changes", versions.len());
            write.files().put(states)?;
            write.files().remove(self.project.id, removed)?;
            if !versions.is_empty() {
                crate::infer::owe(write, self.project.id)?;
            }
            Ok(write.versions().append(self.project.id, versions)?)
        })
    }

    fn state_of(&self, read: &ReadFile) -> FileState {
        let stat = &read.hashed.stat;
        FileState {
            project: self.project.id,
            facts: FileFacts {
                path: read.path.clone(),
                digest: read.hashed.digest,
                kind: read.classified.kind,
                media_type: read.classified.media_type.clone(),
                size: stat.size,
                modified: Timestamp::from_ms(stat.mtime_ns.div_euclid(1_000_000)),
            },
            stat: Stat {
                size: stat.size,
                mtime_ns: stat.mtime_ns,
                ctime_ns: stat.ctime_ns,
                inode: stat.inode,
                device: stat.device,
                cached_at_ns: self.began.ms().saturating_mul(1_000_000),
            },
        }
    }
}

fn version_of(state: &FileState, change: Change, moved_from: Option<RelPath>, now: Timestamp) -> NewVersion {
    NewVersion {
        change: PathChange {
            path: state.facts.path.clone(),
            change,
            moved_from,
            digest: state.facts.digest,
            kind: state.facts.kind,
            seen_at: now,
        },
        media_type: state.facts.media_type.clone(),
        size: state.facts.size,
    }
}

/// Kinds whose content is looked at once it is recorded.
pub(crate) const fn is_tabular(kind: ArtifactKind) -> bool {
    matches!(kind, ArtifactKind::Dataset | ArtifactKind::PredictionLog)
}

impl Engine {
    /// Concludes which runs nobody recorded, whenever files or records are other than before.
    fn conclude(&self, project: &Project, summary: &ScanSummary, control: &ScanControl<'_>) -> Answer<()> {
        if project.last_scan.is_some() && !self.owes_conclusions(project)? {
            return Ok(());
        }
        (control.progress)(summary.files, Some(summary.files), "concluding what made what");
        self.infer_runs(project, &|| (control.cancelled)())
    }

    /// What follows a scan: records that came with the folder, model files, and looking at new data sets.
    fn after_scan(&self, project: &Project, summary: &ScanSummary, control: &ScanControl<'_>) -> Answer<()> {
        self.import_records(project)?;
        let is_new = project.last_scan.is_none() || self.owes_conclusions(project)?;
        if is_new {
            for facts in self.files_of_kind(project, &[ArtifactKind::Model])? {
                if (control.cancelled)() {
                    return Err(Trouble::cancelled());
                }
                (control.progress)(summary.files, Some(summary.files), facts.path.as_str());
                self.read_model_once(project, &facts)?;
            }
        }
        let is_served = lock(&self.0.watches).contains_key(&project.id);
        if is_served && self.settings()?.screen_automatically && (is_new || !self.logs_due(project)?.is_empty()) {
            // Data is looked at by a job of its own, so that files show up before their profiles are done.
            self.screen_project(project)?;
        }
        Ok(())
    }
}

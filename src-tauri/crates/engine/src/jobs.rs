//! Long work: started, followed, stopped.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use proofmark_contract::view::{Done, JobList, JobRef, Nothing};
use proofmark_contract::{EngineEvent, ErrorBody, ErrorCode, Notice, NoticeTone};
use proofmark_domain::id::{JobId, ProjectId};
use proofmark_domain::job::{Job, JobKind, JobState};
use proofmark_ledger::AuditEntry;

use crate::trouble::{Answer, Trouble};
use crate::{Engine, lock, platform};

/// Between two reports of progress, so that a fast job does not flood the window.
const REPORT_EVERY: Duration = Duration::from_millis(120);

/// Ended jobs that are remembered for the status line.
const REMEMBERED: usize = 50;

#[derive(Default)]
pub(crate) struct Jobs {
    known: Mutex<BTreeMap<JobId, Known>>,
    ended: Condvar,
}

struct Known {
    job: Job,
    cancel: Arc<AtomicBool>,
    failure: Option<ErrorBody>,
}

/// A job at work: tells how far it is and learns whether to stop.
pub(crate) struct Worker {
    engine: Engine,
    id: JobId,
    cancel: Arc<AtomicBool>,
    reported: Mutex<Instant>,
}

impl Worker {
    /// Whether to stop.
    pub(crate) fn cancelled(&self) -> bool {
        self.cancel.load(Ordering::Relaxed) || self.engine.is_closing()
    }

    /// An error if the job is to stop.
    pub(crate) fn check(&self) -> Answer<()> {
        if self.cancelled() { Err(Trouble::cancelled()) } else { Ok(()) }
    }

    /// The job.
    pub(crate) fn id(&self) -> JobId {
        self.id
    }

    /// Says that there is more to see, however short ago it last said something.
    pub(crate) fn tell(&self) {
        *lock(&self.reported) = Instant::now();
        self.engine.change_job(self.id, |_| ());
    }

    /// Says how far it is. Cheap enough to call for every file.
    pub(crate) fn progress(&self, done: u64, total: Option<u64>, detail: &str) {
        {
            let mut reported = lock(&self.reported);
            let is_last = total == Some(done);
            if reported.elapsed() < REPORT_EVERY && !is_last {
                return;
            }
            *reported = Instant::now();
        }
        self.engine.change_job(self.id, |job| {
            job.done = done;
            job.total = total;
            detail.clone_into(&mut job.detail);
        });
    }
}

impl Jobs {
    pub(crate) fn cancel_all(&self) {
        for known in lock(&self.known).values() {
            known.cancel.store(true, Ordering::Relaxed);
        }
    }

    /// Jobs that have not ended.
    pub(crate) fn unfinished(&self) -> Vec<Job> {
        let active = |job: &Job| matches!(job.state, JobState::Queued | JobState::Running);
        lock(&self.known).values().map(|known| &known.job).filter(|job| active(job)).cloned().collect()
    }
}

/// What a job is about, before it begins.
pub(crate) struct JobPlan {
    pub(crate) kind: JobKind,
    pub(crate) title: String,
    pub(crate) project: Option<ProjectId>,
    pub(crate) unit: &'static str,
    /// What to tell a person when it ended well; nothing if it is of no interest.
    pub(crate) notice: Option<String>,
}

impl Engine {
    /// Starts a job on a thread of its own and returns at once. A job of the same kind for the same project that has not ended
    /// is returned instead of a second one.
    pub(crate) fn start_job(
        &self,
        plan: JobPlan,
        work: impl FnOnce(&Engine, &Worker) -> Answer<()> + Send + 'static,
    ) -> Answer<JobRef> {
        let (id, cancel) = {
            let mut known = lock(&self.0.jobs.known);
            let same = known.values().find(|it| {
                let active = matches!(it.job.state, JobState::Queued | JobState::Running);
                let shared = matches!(plan.kind, JobKind::Scan | JobKind::Verify);
                active && shared && it.job.kind == plan.kind && it.job.project == plan.project
            });
            if let Some(same) = same {
                return Ok(JobRef { job: same.job.id });
            }
            let id = JobId::from_uuid(self.0.clock.new_id());
            let job = Job {
                id,
                kind: plan.kind,
                title: plan.title,
                project: plan.project,
                state: JobState::Running,
                done: 0,
                total: None,
                unit: plan.unit.to_owned(),
                detail: String::new(),
                created_at: self.now(),
                ended_at: None,
                error: None,
            };
            let cancel = Arc::new(AtomicBool::new(false));
            known.insert(id, Known { job, cancel: Arc::clone(&cancel), failure: None });
            (id, cancel)
        };
        self.record_job(id);
        let engine = self.clone();
        let notice = plan.notice;
        let body = move || {
            let worker = Worker { engine: engine.clone(), id, cancel, reported: Mutex::new(Instant::now()) };
            let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| work(&engine, &worker)));
            let outcome = caught.unwrap_or_else(|panic| Err(Trouble(panicked(&panic))));
            engine.end_job(id, outcome, notice);
        };
        let spawned = std::thread::Builder::new().name("proofmark-job".into()).spawn(body);
        if let Err(error) = spawned {
            let trouble = Trouble::new(ErrorCode::Storage, format!("The system gives no further thread: {error}."));
            self.end_job(id, Err(trouble.clone()), None);
            return Err(trouble);
        }
        Ok(JobRef { job: id })
    }

    fn change_job(&self, id: JobId, change: impl FnOnce(&mut Job)) {
        let job = {
            let mut known = lock(&self.0.jobs.known);
            let Some(entry) = known.get_mut(&id) else { return };
            change(&mut entry.job);
            entry.job.clone()
        };
        self.0.events.emit(&EngineEvent::Job { job });
    }

    fn end_job(&self, id: JobId, outcome: Answer<()>, notice: Option<String>) {
        let ended_at = self.now();
        let failure = outcome.err();
        let mut title = String::new();
        {
            let mut known = lock(&self.0.jobs.known);
            if let Some(entry) = known.get_mut(&id) {
                entry.failure = failure.as_ref().map(|trouble| trouble.0.clone());
            }
        }
        self.change_job(id, |job| {
            job.ended_at = Some(ended_at);
            job.state = match &failure {
                None => JobState::Done,
                Some(trouble) if trouble.is_cancelled() => JobState::Cancelled,
                Some(_) => JobState::Failed,
            };
            job.error = failure.as_ref().filter(|it| !it.is_cancelled()).map(|trouble| trouble.0.message.clone());
            title.clone_from(&job.title);
        });
        self.record_job(id);
        {
            let mut known = lock(&self.0.jobs.known);
            while known.len() > REMEMBERED {
                let oldest = known.iter().find(|(_, it)| it.job.ended_at.is_some()).map(|(id, _)| *id);
                let Some(oldest) = oldest else { break };
                known.remove(&oldest);
            }
        }
        self.0.jobs.ended.notify_all();
        let told = match (&failure, notice) {
            (None, Some(text)) => Some(Notice { tone: NoticeTone::Pass, text, target: None }),
            (Some(trouble), _) if !trouble.is_cancelled() => {
                Some(Notice { tone: NoticeTone::Fail, text: format!("{title}: {}", trouble.0.message), target: None })
            }
            _ => None,
        };
        if let Some(notice) = told {
            self.0.events.emit(&EngineEvent::Notice { notice });
        }
    }

    /// Keeps the job in the ledger. Its history is a convenience: a ledger that is busy must not fail the job itself.
    fn record_job(&self, id: JobId) {
        let Some(job) = lock(&self.0.jobs.known).get(&id).map(|known| known.job.clone()) else { return };
        let action = if job.ended_at.is_some() { "job.end" } else { "job.start" };
        let entry = AuditEntry::new(self.actor(), action, job.id.to_string());
        let owner = platform::owner();
        let _: Answer<()> = self.ledger().write(self.now(), entry, |write| {
            write.note("title", job.title.clone());
            Ok(write.jobs().put(&job, &owner)?)
        });
        self.0.events.emit(&EngineEvent::Stale { tags: vec![proofmark_contract::Tag::Jobs] });
    }

    /// Waits until a job has ended.
    ///
    /// # Errors
    /// The job's own error, also if a person stopped it.
    pub fn wait_for(&self, job: JobId) -> Result<Job, ErrorBody> {
        let mut known = lock(&self.0.jobs.known);
        loop {
            let Some(entry) = known.get(&job) else {
                return Err(Trouble::not_found(format!("job {job}")).0);
            };
            if entry.job.ended_at.is_some() {
                return entry.failure.clone().map_or_else(|| Ok(entry.job.clone()), Err);
            }
            known = self
                .0
                .jobs
                .ended
                .wait_timeout(known, Duration::from_millis(200))
                .map_or_else(|poisoned| poisoned.into_inner().0, |(guard, _)| guard);
        }
    }

    /// Jobs, those at work first, then the last ones that ended.
    ///
    /// # Errors
    /// If the ledger cannot be read.
    pub fn job_list(&self, _: Nothing) -> Answer<JobList> {
        let mut jobs = self.0.jobs.unfinished();
        jobs.reverse();
        let past: Vec<Job> = self.ledger().read(|read| read.jobs().latest(50))?;
        for job in past {
            if !jobs.iter().any(|it| it.id == job.id) {
                jobs.push(job);
            }
        }
        Ok(JobList { jobs })
    }

    /// Stops a job of this process. It ends within a second; what it had recorded stays.
    ///
    /// # Errors
    /// If there is no such job.
    pub fn job_cancel(&self, request: JobRef) -> Answer<Done> {
        let known = lock(&self.0.jobs.known);
        let entry = known.get(&request.job).ok_or_else(|| Trouble::not_found(format!("job {}", request.job)))?;
        entry.cancel.store(true, Ordering::Relaxed);
        Ok(Done { message: format!("{} is being stopped.", entry.job.title) })
    }
}

/// What a panic becomes for a client.
pub(crate) fn panicked(panic: &Box<dyn std::any::Any + Send>) -> ErrorBody {
    let said = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no message");
    ErrorBody::new(
        ErrorCode::Internal,
        format!("Proofmark made a mistake here: {said}. What had been recorded is kept."),
    )
    .hint("Please report it, with what you did and the message above.")
}

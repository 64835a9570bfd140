//! Takes over what other tools recorded: MLflow, DVC, releases in git tags. Their records are read in place, and what changed in
//! them since the last look is written to the ledger in batches.

mod convert;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use proofmark_domain::artifact::{RelPath, SkipCause, Skipped};
use proofmark_domain::foreign::{ForeignRun, RecordProblem, StoreKind, StoreRef};
use proofmark_domain::id::{ProjectId, RunId};
use proofmark_domain::project::Project;
use proofmark_domain::run::{Run, RunSource};
use proofmark_intake::files::resolve;
use proofmark_intake::records::{ReadOptions, StoreReading, read_store};
use proofmark_ledger::{AuditEntry, ForeignRow, KnownStore};
use uuid::Uuid;

use crate::scan::ScanControl;
use crate::trouble::{Answer, Trouble};
use crate::{Engine, lock};
use convert::Converter;

/// Runs that are written in one transaction.
const BATCH: usize = 1_000;

/// How each database was when it was last read by this process: size and time of the file and of its log.
pub(crate) type Seen = BTreeMap<(ProjectId, StoreRef), Vec<Option<(u64, i64)>>>;

impl Engine {
    /// Reads the records in a project that may have changed, and takes over what is new in them. Answers what could not be read.
    pub(crate) fn take_records(
        &self,
        project: &Project,
        under: &RelPath,
        found: &[StoreRef],
        control: &ScanControl<'_>,
    ) -> Answer<Vec<Skipped>> {
        let remembered = self.ledger().read::<_, Trouble>(|read| Ok(read.foreign().stores(project.id)?))?;
        let mut stores: BTreeSet<StoreRef> = found.iter().cloned().collect();
        if !under.as_str().is_empty() {
            // A pipeline names files anywhere in the project, and may see one of them change.
            stores.extend(remembered.iter().map(|it| &it.store).filter(|it| it.kind == StoreKind::Dvc).cloned());
        }
        let mut problems = Vec::new();
        let mut taken: BTreeMap<RunSource, BTreeMap<String, RelPath>> = BTreeMap::new();
        for store in &stores {
            if (control.cancelled)() {
                return Err(Trouble::cancelled());
            }
            if !under.as_str().is_empty() && !self.may_have_changed(project, store) {
                continue;
            }
            let source = source_of(store);
            let known = self.ledger().read::<_, Trouble>(|read| Ok(read.runs().foreign_rows(project.id, source)?))?;
            let taken = taken.entry(source).or_default();
            let read = self.take_store(project, under, store, &known, taken, control)?;
            problems.extend(read.into_iter().map(|problem| Skipped {
                path: problem.path,
                cause: SkipCause::Unreadable,
                reason: problem.message,
            }));
        }
        Ok(problems)
    }

    /// Whether a database is other than this process last saw it. Other records tell by themselves.
    fn may_have_changed(&self, project: &Project, store: &StoreRef) -> bool {
        if store.kind != StoreKind::MlflowDatabase {
            return true;
        }
        let now = state_of(Path::new(&project.root), store);
        lock(&self.0.records_seen).get(&(project.id, store.clone())) != Some(&now)
    }

    fn take_store(
        &self,
        project: &Project,
        under: &RelPath,
        store: &StoreRef,
        known: &[ForeignRow],
        taken: &mut BTreeMap<String, RelPath>,
        control: &ScanControl<'_>,
    ) -> Answer<Vec<RecordProblem>> {
        let root = PathBuf::from(&project.root);
        let before = state_of(&root, store);
        // A record of DVC is a file in the folder that stands for its store.
        let of_store = |row: &&ForeignRow| is_of_store(&row.store, store);
        let stamps: HashMap<String, String> =
            known.iter().filter(of_store).map(|row| (row.foreign_id.clone(), row.stamp.clone())).collect();
        let ids: HashMap<&str, RunId> = known.iter().map(|row| (row.foreign_id.as_str(), row.id)).collect();
        let options = ReadOptions { root: &root, known: &stamps, under, cancel: control.cancelled };
        let mut pending: Vec<ForeignRun> = Vec::new();
        let mut converter = Converter::new(project, &root);
        let mut count = 0_u64;
        let mut elsewhere: Vec<String> = Vec::new();
        let reading = read_store(store, &options, &mut |run: ForeignRun| -> Answer<()> {
            // The same run in a second copy of a store: the first one, by path, is the one that is kept.
            if taken.get(&run.foreign_id).is_some_and(|other| !is_of_store(other, store)) {
                elsewhere.push(run.foreign_id);
                return Ok(());
            }
            pending.push(run);
            count += 1;
            if pending.len() >= BATCH {
                (control.progress)(count, None, store.path.as_str());
                self.write_runs(project, store, std::mem::take(&mut pending), &ids, &mut converter)?;
            }
            Ok(())
        })?;
        self.write_runs(project, store, pending, &ids, &mut converter)?;
        for id in &reading.present {
            taken.entry(id.clone()).or_insert_with(|| store.path.clone());
        }
        if (control.cancelled)() {
            return Err(Trouble::cancelled());
        }
        self.finish_store(project, store, &reading, known)?;
        lock(&self.0.records_seen).insert((project.id, store.clone()), before);
        let mut problems = reading.problems;
        if reading.more_problems > 0 {
            let message = format!("{} further places of this record could not be read.", reading.more_problems);
            problems.push(RecordProblem { path: store.path.clone(), message });
        }
        if !elsewhere.is_empty() {
            let message = format!(
                "{} of its runs stand in another record of the project, too, and were taken from there.",
                elsewhere.len()
            );
            problems.push(RecordProblem { path: store.path.clone(), message });
        }
        Ok(problems)
    }

    fn write_runs(
        &self,
        project: &Project,
        store: &StoreRef,
        batch: Vec<ForeignRun>,
        ids: &HashMap<&str, RunId>,
        converter: &mut Converter<'_>,
    ) -> Answer<()> {
        if batch.is_empty() {
            return Ok(());
        }
        // What lies in the project is looked up, and files of environments are read, before the transaction is open.
        let converted = self.ledger().read::<_, Trouble>(|read| {
            batch
                .into_iter()
                .map(|run| {
                    let id = ids.get(run.foreign_id.as_str()).copied();
                    let former = id.map(|id| read.runs().by_id(id)).transpose()?.flatten();
                    let id = id.unwrap_or_else(|| RunId::from_uuid(Uuid::now_v7()));
                    let executed = former.as_ref().filter(|_| run.source == RunSource::Dvc);
                    let mut converted = converter.run(read, &run, id, executed)?;
                    if run.source == RunSource::Mlflow
                        && let Some(former) = &former
                    {
                        crate::infer::keep_conclusions(former, &mut converted);
                    }
                    Ok((run, converted, former))
                })
                .collect::<Answer<Vec<_>>>()
        })?;
        let environments = converter.take_environments();
        let entry = AuditEntry::new("proofmark", "record.read", project.id.to_string());
        self.ledger().write(self.now(), entry, |write| -> Answer<()> {
            write.note("record", store.path.as_str());
            write.note("runs", converted.len());
            if converted.iter().any(|(_, run, former)| former.as_ref().is_none_or(|it| is_of_other_files(it, run))) {
                crate::infer::owe(write, project.id)?;
            }
            for environment in &environments {
                write.environments().add(environment)?;
            }
            for (foreign, run, former) in &converted {
                if let Some(former) = former
                    && run.source == RunSource::Dvc
                    && is_another_execution(former, run)
                {
                    // The pipeline was run again: what it made before stays known as a run of its own.
                    let old_id = foreign_id_of_former(former);
                    let kept = Run { id: RunId::from_uuid(Uuid::now_v7()), foreign_id: Some(old_id), ..former.clone() };
                    write.runs().upsert_foreign(&kept)?;
                }
                let id = write.runs().upsert_foreign(run)?;
                write.runs().set_record(id, &foreign.record.store, &foreign.stamp, &foreign.curves)?;
            }
            Ok(())
        })
    }

    /// Notes what the record held as a whole: its registry, how many runs, what could not be read, and which runs went away.
    fn finish_store(
        &self,
        project: &Project,
        store: &StoreRef,
        reading: &StoreReading,
        known: &[ForeignRow],
    ) -> Answer<()> {
        let present: BTreeSet<&str> = reading.present.iter().map(String::as_str).collect();
        let gone: Vec<&ForeignRow> = known
            .iter()
            .filter(|row| reading.complete && is_of_store(&row.store, store))
            .filter(|row| !row.deleted && !present.contains(row.foreign_id.as_str()))
            .collect();
        let now = self.now();
        let source = source_of(store);
        let (versions, last) = self.ledger().read::<_, Trouble>(|read| {
            let versions = read.foreign().versions(project.id)?;
            let last = read.foreign().stores(project.id)?.into_iter().find(|it| it.store == *store);
            Ok((versions, last))
        })?;
        let mut of_store: Vec<_> =
            versions.into_iter().filter(|it| it.source == source && it.store == store.path).collect();
        let mut read_now = reading.versions.clone();
        let order = |a: &proofmark_domain::foreign::ForeignModelVersion,
                     b: &proofmark_domain::foreign::ForeignModelVersion| {
            (&a.model, &a.version).cmp(&(&b.model, &b.version))
        };
        of_store.sort_by(order);
        read_now.sort_by(order);
        let registry_changed = (reading.complete || !read_now.is_empty()) && of_store != read_now;
        let runs = if reading.complete {
            reading.present.len() as u64
        } else {
            last.as_ref().map_or(reading.present.len() as u64, |it| it.runs)
        };
        let unchanged = last.is_some_and(|it| it.runs == runs && it.problems == reading.problems);
        if gone.is_empty() && !registry_changed && unchanged {
            return Ok(());
        }
        let entry = AuditEntry::new("proofmark", "record.settle", project.id.to_string());
        self.ledger().write(now, entry, |write| -> Answer<()> {
            write.note("record", store.path.as_str());
            write.note("gone", gone.len());
            for row in &gone {
                write.runs().mark_deleted(row.id)?;
            }
            if registry_changed {
                write.foreign().put_versions(project.id, source, &store.path, &reading.versions)?;
            }
            let problems = reading.problems.clone();
            Ok(write
                .foreign()
                .put_store(project.id, &KnownStore { store: store.clone(), read_at: now, runs, problems })?)
        })
    }
}

const fn source_of(store: &StoreRef) -> RunSource {
    match store.kind {
        StoreKind::MlflowFiles | StoreKind::MlflowDatabase => RunSource::Mlflow,
        StoreKind::Dvc => RunSource::Dvc,
    }
}

/// Whether a run's record lies in a store: it is the store, or for a pipeline one of the files in its folder.
fn is_of_store(record: &RelPath, store: &StoreRef) -> bool {
    if record == &store.path {
        return true;
    }
    let folder = record.as_str().rsplit_once('/').map_or("", |(folder, _)| folder);
    store.kind == StoreKind::Dvc && folder == store.path.as_str()
}

/// Whether a record says other things of files than before: only those are worth concluding anew. A run that goes on gets new metrics
/// all the time.
fn is_of_other_files(former: &Run, run: &Run) -> bool {
    (&former.inputs, &former.outputs, &former.code.path, former.ended)
        != (&run.inputs, &run.outputs, &run.code.path, run.ended)
}

/// Whether two readings of a stage are two executions of it: what it wrote differs, as far as both know it.
fn is_another_execution(former: &Run, now: &Run) -> bool {
    former.outputs.iter().any(|old| {
        old.digest.is_some()
            && now.outputs.iter().any(|new| new.path == old.path && new.digest.is_some() && new.digest != old.digest)
    })
}

fn foreign_id_of_former(former: &Run) -> String {
    let name = former.foreign_id.as_deref().unwrap_or(&former.name);
    let of_outputs = former.outputs.iter().find_map(|it| it.digest).map(|it| it.short()).unwrap_or_default();
    format!("{name}#{of_outputs}")
}

fn state_of(root: &Path, store: &StoreRef) -> Vec<Option<(u64, i64)>> {
    let Ok(path) = resolve(root, &store.path) else { return Vec::new() };
    ["", "-wal", "-journal"]
        .iter()
        .map(|suffix| {
            let mut name = path.clone().into_os_string();
            name.push(suffix);
            let facts = std::fs::metadata(PathBuf::from(name)).ok()?;
            let time = facts.modified().ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
            Some((facts.len(), i64::try_from(time.as_nanos()).unwrap_or(i64::MAX)))
        })
        .collect()
}

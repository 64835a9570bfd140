//! What goes into each table comes out of it, and what was recorded cannot be changed.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use proofmark_domain::artifact::{ArtifactKind, Change, FileFacts, PathChange, RelPath};
use proofmark_domain::environment::Environment;
use proofmark_domain::id::{JobId, PersonId, ProjectId, RegistryId, ReportId};
use proofmark_domain::job::{Job, JobKind, JobState};
use proofmark_domain::person::{KeyStorage, LocalPerson, PersonCard};
use proofmark_domain::registry::{RegistryReport, RegistryVerdict};
use proofmark_domain::{Basis, Confidence, Digest, Timestamp};
use proofmark_ledger::{
    Added, Attachment, DecisionKey, FileFilter, FileSort, FileState, LedgerError, NewDecision, NewReport, NewVersion,
    Owner, ReportHead, ReportKind, Stat, StoredPerson,
};
use serde_json::{Value, json};

use crate::{Outcome, Sandbox, digest, now, project, uuid};

fn file(project: ProjectId, path: &str, kind: ArtifactKind, number: u8) -> FileState {
    FileState {
        project,
        facts: FileFacts {
            path: RelPath::new(path),
            digest: digest(number),
            kind,
            media_type: "text/csv".into(),
            size: u64::from(number),
            modified: now(),
        },
        stat: Stat {
            size: u64::from(number),
            mtime_ns: i64::MAX,
            ctime_ns: -1,
            inode: u64::MAX,
            device: 7,
            cached_at_ns: 1_795_411_522_582_000_001,
        },
    }
}

#[test]
fn a_removed_folder_comes_back_with_its_history() -> Outcome {
    let (sandbox, id) = Sandbox::with_project()?;
    sandbox.write(|w| {
        w.projects().rename(id, "Credit")?;
        w.projects().set_paused(id, true)?;
        w.projects().set_last_scan(id, now())?;
        w.files().put([&file(id, "a.csv", ArtifactKind::Dataset, 1)])
    })?;
    let read = sandbox.ledger.read(|r| r.projects().by_id(id))?.ok_or("it is gone")?;
    assert_eq!((read.name.as_str(), read.paused, read.last_scan), ("Credit", true, Some(now())));
    let twice = sandbox.write(|w| w.projects().add(&project(2, "/data/credit")));
    assert!(matches!(twice, Err(LedgerError::Exists { .. })), "one folder, one project: {twice:?}");

    sandbox.write(|w| w.projects().remove(id))?;
    assert_eq!(sandbox.ledger.read(|r| r.projects().list())?, [], "lists hide it");
    assert_eq!(sandbox.ledger.read(|r| r.files().by_digest(&digest(1)))?, [], "so do searches over all projects");
    let gone = sandbox.write(|w| w.projects().rename(id, "x"));
    assert!(matches!(gone, Err(LedgerError::Missing { .. })), "{gone:?}");

    let added = sandbox.write(|w| w.projects().add(&project(2, "/data/credit")))?;
    assert!(matches!(&added, Added::Revived(it) if it.id == id && it.name == "Project 2" && !it.paused), "{added:?}");
    assert_eq!(sandbox.ledger.read(|r| r.files().of_project(id))?.len(), 1, "with what was known about it");
    Ok(())
}

#[test]
fn files_are_put_found_and_removed() -> Outcome {
    let (sandbox, id) = Sandbox::with_project()?;
    let files = [
        file(id, "data/100%_Train.csv", ArtifactKind::Dataset, 3),
        file(id, "data/zz\\xff.csv", ArtifactKind::Dataset, 2),
        file(id, "model.pkl", ArtifactKind::Model, 9),
    ];
    sandbox.write(|w| w.files().put(&files))?;
    assert_eq!(sandbox.ledger.read(|r| r.files().of_project(id))?, files, "as they were, by path");
    let found = sandbox.ledger.read(|r| r.files().by_path(id, &files[1].facts.path))?;
    assert_eq!(found.as_ref(), Some(&files[1]), "a name with odd bytes as well");
    let list = |filter| sandbox.ledger.read(|r| r.files().list(&filter));
    let page = list(FileFilter {
        kinds: vec![ArtifactKind::Dataset],
        sort: FileSort::Largest,
        limit: Some(1),
        ..FileFilter::default()
    })?;
    assert_eq!((page.rows.as_slice(), page.total), (&files[..1], 2), "one page, and the total of all");
    let page = list(FileFilter { project: Some(id), text: Some("%_train".into()), ..FileFilter::default() })?;
    assert_eq!(page.rows, files[..1], "text is taken literally");

    let changed = file(id, "model.pkl", ArtifactKind::Model, 10);
    let missing = RelPath::new("nowhere");
    let removed = sandbox.write(|w| {
        w.files().put([&changed])?;
        w.files().remove(id, [&files[0].facts.path, &missing])
    })?;
    assert_eq!(removed, 1, "only what was there");
    assert_eq!(sandbox.ledger.read(|r| r.files().of_project(id))?, [files[1].clone(), changed]);
    Ok(())
}

#[test]
fn twenty_thousand_files_take_a_moment() -> Outcome {
    let (sandbox, id) = Sandbox::with_project()?;
    let files: Vec<_> =
        (0..20_000).map(|n| file(id, &format!("data/part-{n}.csv"), ArtifactKind::Dataset, (n % 251) as u8)).collect();
    let begun = Instant::now();
    sandbox.write(|w| w.files().put(&files))?;
    let put = begun.elapsed();
    let begun = Instant::now();
    let read = sandbox.ledger.read(|r| r.files().of_project(id))?;
    assert_eq!(read.len(), files.len());
    eprintln!("put {put:?}, read {:?}", begun.elapsed());
    // Far above what it takes, so that a busy machine does not fail; a statement per file outside a transaction takes minutes.
    assert!(put < Duration::from_secs(20), "{put:?}");
    Ok(())
}

#[test]
fn histories_are_kept_and_cannot_be_changed() -> Outcome {
    let (sandbox, id) = Sandbox::with_project()?;
    let version = |path: &str, change, from: Option<&str>, number| NewVersion {
        change: PathChange {
            path: RelPath::new(path),
            change,
            moved_from: from.map(RelPath::new),
            digest: digest(number),
            kind: ArtifactKind::Dataset,
            seen_at: now(),
        },
        media_type: "text/csv".into(),
        size: 4,
    };
    let history = [
        version("a.csv", Change::Added, None, 1),
        version("a.csv", Change::Changed, None, 2),
        version("b.csv", Change::Moved, Some("a.csv"), 2),
        version("b.csv", Change::Deleted, None, 2),
    ];
    sandbox.write(|w| w.versions().append(id, &history))?;
    sandbox.ledger.read(|r| {
        let plain =
            |found: Vec<proofmark_ledger::StoredVersion>| found.into_iter().map(|it| it.version).collect::<Vec<_>>();
        let versions = r.versions();
        assert_eq!(plain(versions.of_path(id, &"a.csv".into())?), history[..3], "with the move that ended it");
        assert_eq!(plain(versions.latest(Some(id), 1)?), history[3..], "the newest first");
        assert_eq!(versions.latest(None, 10)?.len(), 4);
        assert_eq!(versions.of_kind(ArtifactKind::Dataset, None, None)?.len(), 3, "a deletion is no version");
        assert_eq!(versions.of_kind(ArtifactKind::Dataset, Some(id), Some(2))?.len(), 2);
        assert_eq!(versions.of_digest(&digest(2))?.len(), 3);
        Ok::<(), LedgerError>(())
    })?;
    Ok(())
}

#[test]
fn triggers_refuse_to_change_what_was_recorded() -> Outcome {
    let (sandbox, id) = Sandbox::with_project()?;
    sandbox.write(|w| {
        w.environments().add(&environment())?;
        w.reports().add(&report(1, None, "1", "pass"))?;
        w.decisions().add(&decision(id, "accepted"))?;
        let version = NewVersion {
            change: PathChange {
                path: "a".into(),
                change: Change::Added,
                moved_from: None,
                digest: digest(1),
                kind: ArtifactKind::Other,
                seen_at: now(),
            },
            media_type: String::new(),
            size: 0,
        };
        w.versions().append(id, [&version])
    })?;
    let raw = sandbox.raw()?;
    for table in ["audit", "version", "environment", "report", "decision", "project"] {
        let refused = raw.execute(&format!("DELETE FROM {table}"), []);
        assert!(refused.is_err_and(|why| why.to_string().contains("append-only")), "{table} lets rows be removed");
        let column: String =
            raw.query_row(&format!("SELECT name FROM pragma_table_info('{table}') LIMIT 1 OFFSET 1"), [], |row| {
                row.get(0)
            })?;
        let changed = raw.execute(&format!("UPDATE {table} SET \"{column}\" = \"{column}\""), []);
        assert_eq!(changed.is_ok(), table == "project", "{table}: only a project has a present state");
    }
    Ok(())
}

fn environment() -> Environment {
    Environment {
        digest: digest(5),
        interpreter: None,
        packages: BTreeMap::from([("numpy".into(), "2.1".into())]),
        system: "Linux 6".into(),
        architecture: "x86_64".into(),
        cpu: None,
        gpus: vec![],
        basis: Basis::Observed,
        confidence: Confidence::CERTAIN,
        evidence: vec!["site-packages".into()],
    }
}

const BODY: Value = Value::Null;

fn report(number: u8, reference: Option<Digest>, key: &str, verdict: &str) -> NewReport<'static, Value> {
    let head = ReportHead {
        id: ReportId::from_uuid(uuid(u128::from(number))),
        kind: ReportKind::Check,
        project: None,
        path: Some("a.csv".into()),
        digest: digest(1),
        reference,
        reference_path: None,
        params_key: key.to_owned(),
        created_at: now(),
        verdict: Some(verdict.to_owned()),
        summary: json!({"findings": number}),
    };
    NewReport { head, body: &BODY }
}

fn decision(project: ProjectId, word: &str) -> NewDecision {
    NewDecision {
        about: DecisionKey {
            project,
            path: "a.csv".into(),
            column: "amount".into(),
            subject: "finding".into(),
            key: "sentinel".into(),
        },
        decision: word.to_owned(),
        reason: "agents type -1".into(),
        actor: "ada".into(),
        detail: serde_json::json!({"share": 0.03}),
    }
}

#[test]
fn the_newest_report_counts() -> Outcome {
    let sandbox = Sandbox::new()?;
    let other = Some(digest(2));
    let reports = [report(1, None, "1", "pass"), report(2, None, "2", "warn"), report(3, other, "1", "fail")];
    sandbox.write(|w| reports.iter().try_for_each(|it| w.reports().add(it)))?;
    sandbox.ledger.read(|r| {
        let of = r.reports();
        let exact =
            |reference: Option<&Digest>, key| of.newest_exact::<Value>(ReportKind::Check, &digest(1), reference, key);
        assert_eq!(
            exact(None, "1")?.map(|it| it.head),
            Some(reports[0].head.clone()),
            "no reference is a reference too"
        );
        assert_eq!(exact(other.as_ref(), "1")?.map(|it| it.head.id), Some(reports[2].head.id));
        assert_eq!(exact(None, "3")?, None, "another version of the computation has to compute");
        assert_eq!(of.newest::<Value>(ReportKind::Check, &digest(1))?.map(|it| it.head.id), Some(reports[2].head.id));
        assert_eq!(of.by_id::<Value>(reports[1].head.id)?.map(|it| it.body), Some(Value::Null));
        let heads = of.newest_heads(ReportKind::Check, [&digest(7), &digest(1)])?;
        assert_eq!(heads, [None, Some(reports[2].head.clone())], "in the order of the question");
        assert_eq!(of.newest_heads(ReportKind::Drift, [&digest(1)])?, [None], "of that kind only");
        assert_eq!(of.about(&digest(1))?.len(), 3);
        Ok::<(), LedgerError>(())
    })?;
    let mut drift = report(9, other, "1", "drift");
    let project = project(1, "/data");
    (drift.head.kind, drift.head.project) = (ReportKind::Drift, Some(project.id));
    sandbox.write(|w| {
        w.projects().add(&project)?;
        w.reports().add(&drift)
    })?;
    let found = sandbox.ledger.read(|r| r.reports().of_project(project.id, ReportKind::Drift, None))?;
    assert_eq!(found, [drift.head]);
    Ok(())
}

#[test]
fn environments_decisions_and_settings_come_back() -> Outcome {
    let (sandbox, id) = Sandbox::with_project()?;
    assert!(sandbox.write(|w| w.environments().add(&environment()))?, "it is new");
    assert!(!sandbox.write(|w| w.environments().add(&environment()))?, "and then known");
    assert_eq!(sandbox.ledger.read(|r| r.environments().by_digest(&digest(5)))?, Some(environment()));

    let (first, second) = (decision(id, "accepted"), decision(id, "rejected"));
    sandbox.write(|w| w.decisions().add(&first).and_then(|()| w.decisions().add(&second)))?;
    let standing = sandbox.ledger.read(|r| r.decisions().standing(id, Some(&"a.csv".into())))?;
    assert_eq!(standing.len(), 1, "one subject, one decision that counts");
    assert_eq!((standing[0].at, &standing[0].decision), (now(), &second), "the newest");
    assert_eq!(sandbox.ledger.read(|r| r.decisions().history(&first.about))?.len(), 2, "both are kept");

    sandbox.write(|w| w.settings().set("theme", &"dark"))?;
    let wrong = sandbox.ledger.read(|r| r.settings().get::<u8>("theme"));
    assert!(matches!(wrong, Err(LedgerError::BadRow { .. })), "a value of another type is named: {wrong:?}");
    sandbox.write(|w| w.settings().unset("theme"))?;
    assert_eq!(sandbox.ledger.read(|r| r.settings().get::<String>("theme"))?, None);
    Ok(())
}

#[test]
fn at_most_one_person_acts() -> Outcome {
    let sandbox = Sandbox::new()?;
    let person = |number: u128, is_current| StoredPerson {
        person: LocalPerson {
            card: PersonCard {
                id: PersonId::from_uuid(uuid(number)),
                name: format!("Person {number}"),
                contact: None,
                public_key: "-----BEGIN PUBLIC KEY-----".into(),
                key_id: format!("key{number}"),
            },
            fingerprint: "abcd ef01".into(),
            storage: KeyStorage::EncryptedFile,
            created_at: now(),
            is_current,
        },
        key_location: "/home/ada/key".into(),
    };
    sandbox.write(|w| w.people().add(&person(1, true)).and_then(|()| w.people().add(&person(2, true))))?;
    assert_eq!(sandbox.ledger.read(|r| r.people().current())?, Some(person(2, true)), "the last one acts");
    assert_eq!(sandbox.ledger.read(|r| r.people().list())?, [person(1, false), person(2, true)]);
    sandbox.write(|w| w.people().set_current(Some("key1")))?;
    let missing = sandbox.write(|w| w.people().set_current(Some("key9")));
    assert!(matches!(missing, Err(LedgerError::Missing { .. })), "{missing:?}");
    assert_eq!(
        sandbox.ledger.read(|r| r.people().current())?,
        Some(person(1, true)),
        "a failed choice changes nothing"
    );
    sandbox.write(|w| w.people().set_current(None))?;
    assert_eq!(sandbox.ledger.read(|r| r.people().current())?, None);
    Ok(())
}

#[test]
fn jobs_of_dead_processes_are_interrupted() -> Outcome {
    let sandbox = Sandbox::new()?;
    let owner = Owner { pid: 7, token: "boot/1".into() };
    let job = |number: u128, state| Job {
        id: JobId::from_uuid(uuid(number)),
        kind: JobKind::Scan,
        title: "Scanning".into(),
        project: None,
        state,
        done: 3,
        total: None,
        unit: "files".into(),
        detail: String::new(),
        created_at: Timestamp::from_ms(number as i64),
        ended_at: None,
        error: None,
    };
    let (running, done) = (job(1, JobState::Running), job(2, JobState::Done));
    sandbox.write(|w| w.jobs().put(&running, &owner).and_then(|()| w.jobs().put(&done, &owner)))?;
    assert_eq!(sandbox.ledger.read(|r| r.jobs().unfinished())?, [(running.clone(), owner)]);
    assert_eq!(sandbox.write(|w| w.jobs().interrupt(&[running.id, done.id]))?, 1, "what ended stays as it is");
    let interrupted = Job { state: JobState::Interrupted, ended_at: Some(now()), ..running };
    assert_eq!(sandbox.ledger.read(|r| r.jobs().latest(9))?, [done, interrupted], "newest first");
    Ok(())
}

#[test]
fn an_attached_registry_keeps_its_trusted_owner() -> Outcome {
    let sandbox = Sandbox::new()?;
    let mut attachment = Attachment {
        path: "/mnt/registry".into(),
        id: RegistryId::from_uuid(uuid(1)),
        name: "Team".into(),
        owner_key_id: "k1".into(),
        attached_at: now(),
        verified_at: None,
        last_report: None,
    };
    sandbox.write(|w| w.registries().attach(&attachment))?;
    let other = Attachment { owner_key_id: "k2".into(), ..attachment.clone() };
    let refused = sandbox.write(|w| w.registries().attach(&other));
    assert!(matches!(refused, Err(LedgerError::Exists { .. })), "trust does not move silently: {refused:?}");
    let report = RegistryReport {
        registry: attachment.path.clone(),
        verdict: RegistryVerdict::Ok,
        sentence: "All is well.".into(),
        versions: vec![],
        problems: vec![],
        ignored: vec![],
    };
    sandbox.write(|w| w.registries().set_verified(&attachment.path, &report))?;
    (attachment.verified_at, attachment.last_report) = (Some(now()), Some(report));
    assert_eq!(sandbox.ledger.read(|r| r.registries().list())?, [attachment.clone()]);
    sandbox.write(|w| w.registries().detach(&attachment.path))?;
    assert_eq!(sandbox.ledger.read(|r| r.registries().by_path(&attachment.path))?, None);
    Ok(())
}

//! What rests on something that never was: it waits for a time, and stands in nobody's way.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use proofmark_domain::id::{CandidateId, StatementId};
use proofmark_domain::person::Role;
use proofmark_domain::registry::RegistryVerdict;
use proofmark_domain::release::{Statement, StatementBody};
use proofmark_domain::{Digest, Timestamp};
use proofmark_registry::registry::OpenOptions;
use proofmark_registry::{Clock, Registry, Signer, SystemClock, Watch, layout, statement};
use uuid::Uuid;

use crate::support::{Outcome, Team, assert_whole, churn, codes, person};

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// What a statement says of itself beside its body.
struct Said {
    at: i64,
    previous: Option<Digest>,
    trust: Option<Digest>,
}

/// Puts a statement in the log that its author signed with any tool.
fn put(team: &Team, signer: &Signer, folder: &str, said: &Said, body: StatementBody) -> Outcome {
    let made = Statement {
        id: StatementId::from_uuid(SystemClock.fresh(Timestamp::from_ms(said.at))),
        registry: team.open()?.state()?.id,
        at: Timestamp::from_ms(said.at),
        author: signer.card().id,
        key_id: signer.key_id().to_owned(),
        previous: said.previous,
        trust: said.trust,
        body,
    };
    let (bytes, _) = statement::sign(&made, signer)?;
    let path = team.dir().join(folder).join(layout::statement_name(&made));
    fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
    fs::write(path, bytes)?;
    Ok(())
}

fn now() -> i64 {
    SystemClock.now().ms()
}

fn never_was() -> Digest {
    Digest::from_bytes([7; 32])
}

/// Copies the registry, and answers what was said about the copy.
fn mirrored(team: &Team, name: &str) -> Result<Vec<String>, Box<dyn std::error::Error>> {
    let copy = team.room.path().join(name);
    let notes = team.open()?.mirror(&copy, &mut Watch::silent())?.notes;
    let copy = Registry::open(&copy, OpenOptions::default())?;
    assert_eq!(copy.state()?.versions, team.open()?.state()?.versions, "the copy says the same");
    Ok(notes)
}

#[test]
fn an_approval_of_what_never_was_ends_and_keeps_nobody_from_a_copy() -> Outcome {
    for (days, verdict, code) in [
        (0, RegistryVerdict::Incomplete, "statement_waits"),
        (29, RegistryVerdict::Incomplete, "statement_waits"),
        (31, RegistryVerdict::Untrusted, "statement_unfounded"),
        // Nobody can wait for longer by dating it ahead.
        (-400, RegistryVerdict::Untrusted, "statement_unfounded"),
    ] {
        let team = Team::published()?;
        let candidate = CandidateId::from_uuid(Uuid::now_v7());
        let body = StatementBody::Approved { candidate, bundle: never_was(), reason: "why not".to_owned() };
        let trust = team.open()?.state()?.trust_statement;
        put(&team, &team.bob, "log/churn", &Said { at: now() - days * DAY_MS, previous: None, trust }, body)?;
        let report = team.verify()?;
        assert_eq!((report.verdict, codes(&report)), (verdict, vec![code]), "{days} days old");
        assert!(report.versions.iter().all(|it| it.verdict == RegistryVerdict::Ok), "no version is harmed");
        let notes = mirrored(&team, "copy")?;
        assert!(matches!(notes.as_slice(), [note] if note.contains(&candidate.to_string())), "{notes:?}");
        let registry = team.open()?;
        let next = team.approved(&registry, "the next one")?;
        assert_eq!(registry.publish(&team.ann, next, &mut Watch::silent())?, 2, "work goes on");
    }
    Ok(())
}

#[test]
fn a_candidate_that_comes_late_is_decided_on_as_if_it_had_not() -> Outcome {
    let team = Team::published()?;
    let registry = team.open()?;
    let candidate = team.approved(&registry, "late")?;
    let name = registry.state()?.candidates[&candidate].statements[0].uuid().to_string();
    let log = team.dir().join("log/churn");
    let submitted = fs::read_dir(&log)?.flatten().map(|it| it.path());
    let submitted = submitted.filter(|it| it.to_string_lossy().contains(&name)).last().ok_or("the submission")?;
    let bytes = fs::read(&submitted)?;
    fs::remove_file(&submitted)?;
    assert!(codes(&team.verify()?).contains(&"statement_waits"), "{:?}", codes(&team.verify()?));
    fs::write(&submitted, bytes)?;
    assert_whole(&team.verify()?, "once it has come");
    assert_eq!(team.open()?.state()?.candidates[&candidate].decisions.len(), 1, "the approval counts");
    Ok(())
}

#[test]
fn a_submission_whose_manifest_never_was_ends_with_its_rejection() -> Outcome {
    let team = Team::published()?;
    let candidate = CandidateId::from_uuid(Uuid::now_v7());
    let body = StatementBody::Submitted { candidate, bundle: never_was(), model: churn(), note: String::new() };
    let trust = team.open()?.state()?.trust_statement;
    put(&team, &team.ann, "log/churn", &Said { at: now(), previous: None, trust }, body)?;
    assert!(codes(&team.verify()?).contains(&"manifest_missing"));
    assert!(mirrored(&team, "early").is_err(), "it may be on its way");
    team.open()?.reject(&team.bob, candidate, &never_was(), "there is nothing to look at")?;
    assert_whole(&team.verify()?, "after it was rejected");
    assert!(mirrored(&team, "copy")?.is_empty());
    Ok(())
}

#[test]
fn whose_key_counts_for_nothing_stands_in_nobodys_way_with_what_never_was() -> Outcome {
    // A stranger who asks to join, and names a predecessor that nobody has.
    let team = Team::published()?;
    let body = StatementBody::JoinRequested { person: team.eve.card().clone(), note: String::new() };
    put(&team, &team.eve, "log/_registry", &Said { at: now(), previous: Some(never_was()), trust: None }, body)?;
    assert_eq!(codes(&team.verify()?), ["statement_missing"]);
    assert_eq!(mirrored(&team, "with a stranger")?.len(), 1);

    // A member who names a trust list and a predecessor that nobody has: the owner ends it.
    let team = Team::published()?;
    let mallory = person("Mallory")?;
    team.open()?.admit(&team.owner, mallory.card(), &BTreeSet::from([Role::Approver]))?;
    let candidate = *team.open()?.state()?.candidates.keys().next().ok_or("a candidate")?;
    let ask = || StatementBody::Asked { candidate, bundle: never_was(), text: "Really?".to_owned() };
    put(&team, &mallory, "log/churn", &Said { at: now(), previous: None, trust: Some(never_was()) }, ask())?;
    let trust = team.open()?.state()?.trust_statement;
    put(&team, &mallory, "log/churn", &Said { at: now(), previous: Some(never_was()), trust }, ask())?;
    let found = team.verify()?;
    assert!(codes(&found).contains(&"trust_missing") && codes(&found).contains(&"statement_missing"), "{found:?}");
    assert!(mirrored(&team, "before").is_err(), "something may be withheld");
    team.open()?.revoke_key(&team.owner, mallory.key_id(), "makes things up", true)?;
    let found = team.verify()?;
    assert_eq!(found.verdict, RegistryVerdict::Untrusted, "{found:?}");
    assert!(!codes(&found).contains(&"trust_missing"), "{found:?}");
    assert!(!mirrored(&team, "after")?.is_empty());
    Ok(())
}

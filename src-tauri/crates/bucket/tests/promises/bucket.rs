//! What only a bucket can do to a registry.

use std::io::ErrorKind;

use proofmark_domain::registry::RegistryVerdict;
use proofmark_registry::registry::OpenOptions;
use proofmark_registry::{Registry, RegistryError, Store as _, Wanted, Watch};

use crate::support::{Outcome, Team, assert_whole, churn, codes};

/// Everything in the bucket below a folder.
fn all(team: &Team, folder: &str) -> Result<Vec<String>, Box<dyn std::error::Error>> {
    let store = team.ground.store()?;
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in store.list(&folder)? {
            let path = format!("{folder}/{}", entry.name);
            if entry.kind == proofmark_registry::store::EntryKind::Folder { open.push(path) } else { found.push(path) }
        }
    }
    Ok(found)
}

fn remove(team: &Team, path: &str) -> Outcome {
    Ok(team.ground.store()?.settle(path, ".staging/removed/x")?)
}

#[test]
fn a_folder_without_its_last_object_is_not_placed_and_publishing_completes_it() -> Outcome {
    let team = Team::published()?;
    let base = "models/churn/version-1";
    remove(&team, &format!("{base}/meta.yaml"))?;
    remove(&team, &format!("{base}/model/model.pkl"))?;
    let report = team.verify()?;
    assert_eq!(report.verdict, RegistryVerdict::Incomplete, "{:#?}", report.problems);
    assert!(codes(&report).contains(&"version_missing"), "{:?}", codes(&report));
    let registry = team.open()?;
    let out = team.room.path().join("out");
    let early = registry.fetch(&"churn/1".parse::<Wanted>()?, &out, &mut Watch::silent());
    assert!(matches!(early, Err(RegistryError::Incomplete { .. })), "it is not given out: {early:?}");
    let candidate = registry.state()?.versions[&churn()][&1].candidate;
    assert_eq!(registry.publish(&team.ann, candidate, &mut Watch::silent())?, 1, "it stays the same version");
    assert_whole(&team.verify()?, "after publishing again");
    Ok(())
}

#[test]
fn a_gap_in_a_folder_that_was_placed_is_damage() -> Outcome {
    let team = Team::published()?;
    remove(&team, "models/churn/version-1/model/model.pkl")?;
    let report = team.verify()?;
    assert_eq!(report.verdict, RegistryVerdict::Damaged, "{:#?}", report.problems);
    assert!(codes(&report).contains(&"file_missing"), "{:?}", codes(&report));
    Ok(())
}

#[test]
fn one_changed_byte_in_any_object_shows() -> Outcome {
    let team = Team::published()?;
    let mut tried = 0;
    for folder in ["log", "objects", "claims", "models"] {
        for path in all(&team, folder)? {
            team.ground.keep()?;
            let store = team.ground.store()?;
            let mut bytes = store.read(&path)?;
            let Some(middle) = bytes.len().checked_div(2).and_then(|at| bytes.get_mut(at)) else { continue };
            *middle ^= 1;
            store.stage(".staging/change/x", &mut bytes.as_slice())?;
            store.settle(".staging/change/x", &path)?;
            let report = team.verify();
            let whole = report.as_ref().is_ok_and(|report| report.verdict == RegistryVerdict::Ok);
            assert!(!whole, "{path} was changed and nothing noticed");
            team.ground.put_back()?;
            tried += 1;
        }
    }
    assert!(tried > 15, "only {tried} objects were tried");
    assert_whole(&team.verify()?, "as it was");
    Ok(())
}

#[test]
fn an_emptied_prefix_is_no_empty_registry() -> Outcome {
    let team = Team::published()?;
    let registry = team.open()?;
    for path in ["log", "objects", "claims", "models"]
        .map(|folder| all(&team, folder))
        .into_iter()
        .collect::<Result<Vec<_>, _>>()?
        .concat()
    {
        remove(&team, &path)?;
    }
    assert!(registry.state().is_err(), "the marker alone, with nothing begun, is not believed by who pins the owner");
    remove(&team, "proofmark-registry.json")?;
    let error = team.ground.store()?.list("log").err().ok_or("nothing is there")?;
    assert_eq!(error.kind(), ErrorKind::NotConnected, "{error}");
    assert!(registry.state().is_err(), "nor is nothing at all");
    Ok(())
}

#[test]
fn a_copy_in_a_folder_is_a_registry_and_back() -> Outcome {
    let team = Team::published()?;
    let registry = team.open()?;
    let copy = team.room.path().join("copy");
    registry.mirror(&copy, &mut Watch::silent())?;
    let options = || OpenOptions { trusted_owner: Some(team.owner.key_id().to_owned()), ..OpenOptions::default() };
    let copied = Registry::open(&copy, options())?;
    assert_whole(&copied.verify(&mut Watch::silent())?, "the copy in a folder");
    let back = proofmark_bucket::BucketStore::in_memory();
    let other = back.beside().ok_or("it is in memory")?;
    let first = copied.mirror_in(Box::new(back), &mut Watch::silent())?;
    assert!(first.files > 10, "{first:?}");
    let again = other.beside().ok_or("it is in memory")?;
    let second = copied.mirror_in(Box::new(again), &mut Watch::silent())?;
    assert_eq!(second.files, 0, "what is there already is not copied again");
    assert_whole(&Registry::open_in(Box::new(other), options())?.verify(&mut Watch::silent())?, "and back in a bucket");
    Ok(())
}

#[test]
fn destroyed_bytes_are_gone_from_the_bucket() -> Outcome {
    let team = Team::published()?;
    let registry = team.open()?;
    let candidate = team.approved(&registry, "second")?;
    registry.publish(&team.ann, candidate, &mut Watch::silent())?;
    registry.withdraw(&team.ann, &churn(), 1, Some(2), "wrong labels")?;
    registry.destroy(&team.owner, &churn(), 1, "a person asked for it")?;
    assert!(all(&team, "models/churn/version-1")?.is_empty(), "its folder is gone");
    assert_whole(&team.verify()?, "after destroying");
    assert_eq!(all(&team, ".staging")?, Vec::<String>::new(), "and nothing is left over");
    Ok(())
}

#[test]
fn the_pulse_beats_when_somebody_writes() -> Outcome {
    let team = Team::new()?;
    let (one, other) = (team.open()?, team.open()?);
    let before = one.pulse()?;
    assert_eq!(one.pulse()?, before, "not by itself");
    other.submit(&team.ann, &team.submission("x"), &mut Watch::silent())?;
    assert_ne!(one.pulse()?, before, "but when another writer adds a statement");
    Ok(())
}

#[test]
fn the_bytes_of_a_model_come_from_the_bucket_and_are_compared() -> Outcome {
    let team = Team::published()?;
    let registry = team.open()?;
    let state = registry.state()?;
    let candidate = state.candidates.get(&state.versions[&churn()][&1].candidate).ok_or("a candidate")?;
    let file = candidate.manifest.as_ref().and_then(|it| it.files.first()).ok_or("a file")?;
    let bytes = registry.model_file(&churn(), 1, file, file.size)?;
    assert_eq!(bytes.len() as u64, file.size);
    let refused = registry.model_file(&churn(), 1, file, file.size - 1);
    assert!(matches!(refused, Err(RegistryError::Invalid(_))), "no more than asked for: {refused:?}");
    let mut other = file.clone();
    other.digest = candidate.bundle;
    let refused = registry.model_file(&churn(), 1, &other, file.size);
    assert!(matches!(refused, Err(RegistryError::Damaged { .. })), "other bytes are told: {refused:?}");
    remove(&team, &format!("models/churn/version-1/model/{}", file.path))?;
    assert!(registry.model_file(&churn(), 1, file, file.size).is_err(), "what is gone is an error");
    Ok(())
}

#[test]
fn leftovers_of_an_attempt_are_no_content_of_a_copy() -> Outcome {
    let team = Team::published()?;
    let target = proofmark_bucket::BucketStore::in_memory();
    let large = vec![7u8; 17 * 1024 * 1024];
    target.stage(".staging/cut-short/x", &mut large.as_slice())?;
    let other = target.beside().ok_or("it is in memory")?;
    assert!(!other.list("")?.is_empty(), "something lies there");
    team.open()?.mirror_in(Box::new(target), &mut Watch::silent())?;
    let full = proofmark_bucket::BucketStore::in_memory();
    full.stage("somebody/else", &mut large.as_slice())?;
    assert!(team.open()?.mirror_in(Box::new(full), &mut Watch::silent()).is_err(), "but what others put there is");
    Ok(())
}

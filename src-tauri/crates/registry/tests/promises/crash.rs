//! Every point at which submitting and publishing can be cut short or fail.

use std::fs;
use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use proofmark_domain::id::CandidateId;
use proofmark_domain::registry::RegistryVerdict;
use proofmark_registry::registry::OpenOptions;
use proofmark_registry::{Registry, RegistryError, Watch};

use crate::support::{Ahead, Fault, Faulty, Outcome, Team, assert_whole, churn, codes, copy_tree};

const FAULTS: [Fault; 6] = [
    Fault::Error(ErrorKind::StorageFull),
    Fault::Error(ErrorKind::Other),
    Fault::LostAnswer,
    Fault::KilledBefore,
    Fault::KilledWithin,
    Fault::KilledAfter,
];

/// Runs `step` with a fault at every call in turn until it gets through, and checks the registry after each.
fn at_every_call(
    team: &Team,
    step: impl Fn(&Team, &Registry) -> Result<(), RegistryError>,
) -> Result<usize, Box<dyn std::error::Error>> {
    let before = team.room.path().join("before");
    copy_tree(&team.dir(), &before)?;
    let mut points = 0;
    for fault in FAULTS {
        for at in 1.. {
            fs::remove_dir_all(team.dir())?;
            copy_tree(&before, &team.dir())?;
            let (store, calls) = Faulty::new(&team.dir(), fault, at)?;
            let result = Registry::open_in(Box::new(store), OpenOptions::default()).and_then(|it| step(team, &it));
            if calls.load(Ordering::SeqCst) < at {
                result?;
                break;
            }
            points += 1;
            let report = team.verify()?;
            assert!(
                report.verdict <= RegistryVerdict::Incomplete,
                "{fault:?} at call {at} must do no damage: {:#?}",
                report.problems
            );
            // A minute later, so that what was cut short is known to be abandoned.
            let clock = Arc::new(Ahead::default());
            clock.0.store(120_000, Ordering::Relaxed);
            let options = OpenOptions { clock: Some(clock), ..OpenOptions::default() };
            let registry = Registry::open(&team.dir(), options)?;
            step(team, &registry).map_err(|error| format!("{fault:?} at call {at}, then again: {error}"))?;
            let report = team.verify()?;
            let left: Vec<&str> = codes(&report).into_iter().filter(|code| *code != "statement_partial").collect();
            assert!(left.is_empty(), "{fault:?} at call {at}, then again: {:#?}", report.problems);
        }
    }
    Ok(points)
}

#[test]
fn publishing_survives_a_fault_at_every_call() -> Outcome {
    let team = Team::new()?;
    let candidate = team.approved(&team.open()?, "x")?;
    let points = at_every_call(&team, |team, registry| {
        let version = registry.publish(&team.ann, candidate, &mut Watch::silent())?;
        assert_eq!(version, 1, "whatever happened before, it is the first version");
        Ok(())
    })?;
    assert!(points > 100, "only {points} points were tried");
    Ok(())
}

#[test]
fn submitting_survives_a_fault_at_every_call() -> Outcome {
    let team = Team::new()?;
    let points = at_every_call(&team, |team, registry| {
        let candidate: CandidateId = registry.submit(&team.ann, &team.submission("x"), &mut Watch::silent())?;
        let state = registry.state()?;
        assert!(state.candidates.contains_key(&candidate), "what is acknowledged is there");
        assert_eq!(state.candidates.len(), 1, "an attempt that was repeated submits once");
        Ok(())
    })?;
    assert!(points > 50, "only {points} points were tried");
    Ok(())
}

#[test]
fn moving_an_alias_survives_a_fault_at_every_call() -> Outcome {
    let team = Team::published()?;
    at_every_call(&team, |team, registry| registry.promote(&team.ann, &churn(), "canary", 1, "try"))?;
    Ok(())
}

#[test]
fn a_directory_that_vanishes_is_an_error_and_no_empty_registry() -> Outcome {
    let team = Team::published()?;
    let registry = team.open()?;
    let candidate = team.approved(&registry, "second")?;
    let away = team.room.path().join("away");
    fs::rename(team.dir(), &away)?;
    // What a lost mount leaves behind.
    fs::create_dir(team.dir())?;
    assert!(registry.state().is_err(), "an empty mount point is not an empty registry");
    assert!(registry.publish(&team.ann, candidate, &mut Watch::silent()).is_err(), "nor can it be published to");
    assert_eq!(fs::read_dir(team.dir())?.count(), 0, "and nothing was written into it");
    fs::remove_dir(team.dir())?;
    fs::rename(&away, team.dir())?;
    assert_eq!(registry.publish(&team.ann, candidate, &mut Watch::silent())?, 2, "when it is back, work goes on");
    assert_whole(&team.verify()?, "after the mount came back");
    Ok(())
}

#[cfg(unix)]
#[test]
fn a_read_only_directory_is_read_and_not_written() -> Outcome {
    use std::os::unix::fs::PermissionsExt as _;
    let team = Team::published()?;
    // Permissions do not bind root, so a file in the way of `.staging` stands in for the refusal.
    fs::remove_dir_all(team.dir().join(".staging"))?;
    fs::write(team.dir().join(".staging"), "")?;
    fs::set_permissions(team.dir(), fs::Permissions::from_mode(0o555))?;
    let registry = team.open()?;
    assert_eq!(registry.state()?.versions[&churn()].len(), 1, "it can be read");
    let result = registry.submit(&team.ann, &team.submission("y"), &mut Watch::silent());
    fs::set_permissions(team.dir(), fs::Permissions::from_mode(0o755))?;
    assert!(matches!(result, Err(RegistryError::ReadOnly { .. } | RegistryError::Io { .. })), "{result:?}");
    Ok(())
}

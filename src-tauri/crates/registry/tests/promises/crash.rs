//! Every point at which submitting and publishing can be cut short or fail.

use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use proofmark_domain::id::CandidateId;
use proofmark_domain::registry::RegistryVerdict;
use proofmark_registry::registry::OpenOptions;
use proofmark_registry::{Registry, RegistryError, Watch};

use crate::support::{Ahead, Fault, Faulty, Outcome, Team, churn, codes};

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
    team.ground.keep()?;
    let mut points = 0;
    for fault in FAULTS {
        for at in 1.. {
            team.ground.put_back()?;
            let (store, calls) = Faulty::new(&team.ground, fault, at)?;
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
            let registry = team.open_with(options)?;
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

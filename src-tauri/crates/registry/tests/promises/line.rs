//! The way of a release, and who may not go it.

use std::collections::BTreeSet;
use std::fs;
use std::sync::Arc;
use std::thread;

use proofmark_domain::Timestamp;
use proofmark_domain::gate::{GateOutcome, GateVerdict};
use proofmark_domain::person::Role;
use proofmark_domain::registry::RegistryVerdict;
use proofmark_domain::release::{CandidateState, ReleaseBlocked};
use proofmark_domain::sensitive::{CarriedLabel, SensitiveGroup};
use proofmark_registry::registry::{NewRegistry, OpenOptions, SourceFile};
use proofmark_registry::{Registry, RegistryError, Wanted, Watch};

use crate::support::{Outcome, Team, assert_whole, churn, codes};

fn blocked<T>(result: Result<T, RegistryError>) -> Option<ReleaseBlocked> {
    match result {
        Err(RegistryError::Blocked(why)) => Some(why),
        _ => None,
    }
}

#[test]
fn a_release_goes_from_submission_to_withdrawal() -> Outcome {
    let team = Team::published()?;
    let registry = team.open()?;
    assert_whole(&team.verify()?, "after publishing");
    let state = registry.state()?;
    assert_eq!(state.aliased(&churn(), "production"), Some(1), "the alias points to the version");
    let report = team.verify()?;
    assert_eq!(report.versions[0].signers, ["Ann Author"], "the publisher signed the bytes");
    assert_eq!(report.versions[0].approvals[0].name, "Bob Approver", "the approval is named");

    let dest = team.room.path().join("out");
    let fetched = registry.fetch(&"churn@production".parse::<Wanted>()?, &dest, &mut Watch::silent())?;
    assert_eq!(fetched.version, 1, "the alias was followed");
    assert_eq!(
        fs::read(dest.join("model/model.pkl"))?,
        fs::read(team.source().join("model.pkl"))?,
        "bytes as submitted"
    );

    registry.remove_alias(&team.ann, &churn(), "production", "stop")?;
    let shown = team.ground.store()?.entry("models/churn/aliases/production")?;
    assert!(shown.is_none(), "MLflow no longer sees the alias");
    registry.withdraw(&team.ann, &churn(), 1, None, "wrong labels")?;
    let again = registry.fetch(&"churn/1".parse::<Wanted>()?, &team.room.path().join("out2"), &mut Watch::silent());
    assert!(matches!(blocked(again), Some(ReleaseBlocked::Version { .. })), "a withdrawn version is not given out");
    assert_whole(&team.verify()?, "after withdrawing");
    Ok(())
}

#[test]
fn nobody_decides_on_their_own_work_or_without_a_role() -> Outcome {
    let team = Team::new()?;
    let registry = team.open()?;
    let both = BTreeSet::from([Role::Submitter, Role::Approver, Role::Publisher]);
    registry.admit(&team.owner, team.ann.card(), &both)?;
    let candidate = registry.submit(&team.ann, &team.submission("x"), &mut Watch::silent())?;
    let bundle = registry.state()?.candidates[&candidate].bundle;
    let own = registry.approve(&team.ann, candidate, &bundle, "mine");
    assert!(matches!(blocked(own), Some(ReleaseBlocked::AuthorDecides { .. })), "the author");
    let owner = registry.approve(&team.owner, candidate, &bundle, "I own this");
    assert!(matches!(blocked(owner), Some(ReleaseBlocked::RoleMissing { .. })), "an owner without the role");
    let eve = registry.approve(&team.eve, candidate, &bundle, "hello");
    assert!(matches!(blocked(eve), Some(ReleaseBlocked::Unknown { .. })), "a stranger");
    let early = registry.publish(&team.ann, candidate, &mut Watch::silent());
    assert!(matches!(blocked(early), Some(ReleaseBlocked::ApprovalsMissing { given: 0, required: 1 })), "too early");
    let silent = registry.reject(&team.bob, candidate, &bundle, "  ");
    assert_eq!(blocked(silent), Some(ReleaseBlocked::ReasonMissing), "no reason");
    let other = proofmark_domain::Digest::from_bytes([1; 32]);
    let moved = registry.approve(&team.bob, candidate, &other, "what I saw");
    assert!(matches!(blocked(moved), Some(ReleaseBlocked::OtherBytes { .. })), "other bytes than were looked at");
    registry.reject(&team.bob, candidate, &bundle, "no")?;
    assert_eq!(registry.state()?.candidates[&candidate].state, CandidateState::Rejected, "a rejection is final");
    assert_whole(&team.verify()?, "refusals leave no trace");
    Ok(())
}

#[test]
fn gates_and_sensitive_data_hold_a_release_up() -> Outcome {
    let team = Team::new()?;
    let registry = team.open()?;
    let mut submission = team.submission("gate");
    submission.gates.push(GateOutcome {
        gate: "auc-floor".into(),
        rule: "auc at least 0.9".into(),
        required: true,
        verdict: GateVerdict::CannotTell,
        measured: "nothing".into(),
        allowed: "0.9".into(),
        why: "the run has no auc".into(),
        evidence: vec![],
        figures: vec![],
        definition: None,
        waivable_by: BTreeSet::new(),
    });
    let candidate = registry.submit(&team.ann, &submission, &mut Watch::silent())?;
    let bundle = registry.state()?.candidates[&candidate].bundle;
    let result = registry.approve(&team.bob, candidate, &bundle, "fine");
    assert!(
        matches!(blocked(result), Some(ReleaseBlocked::Gate { .. })),
        "a required gate that cannot tell forbids it"
    );

    let (grace, group) = (crate::support::person("Grace Governance")?, SensitiveGroup::Special);
    registry.admit(&team.owner, grace.card(), &BTreeSet::from([Role::GovernanceReviewer]))?;
    let mut submission = team.submission("sensitive");
    let (label, column, dataset) = ("diagnosis".to_owned(), "icd".to_owned(), "train.csv".to_owned());
    submission.labels.push(CarriedLabel { label, group, column, dataset, reached_as: vec![], exact: false });
    let candidate = registry.submit(&team.ann, &submission, &mut Watch::silent())?;
    let bundle = registry.state()?.candidates[&candidate].bundle;
    registry.approve(&team.bob, candidate, &bundle, "fine")?;
    let early = registry.publish(&team.ann, candidate, &mut Watch::silent());
    assert_eq!(blocked(early), Some(ReleaseBlocked::GovernanceMissing), "somebody must answer for sensitive data");
    registry.approve(&grace, candidate, &bundle, "purpose allows it")?;
    assert_eq!(registry.publish(&team.ann, candidate, &mut Watch::silent())?, 1, "now it may go");
    assert_whole(&team.verify()?, "after a governed release");
    Ok(())
}

#[test]
fn names_that_could_harm_are_refused() -> Outcome {
    let team = Team::new()?;
    let registry = team.open()?;
    for bad in ["../x", "/etc/passwd", "MODEL.pkl", "registered_model_meta", "e\u{301}"] {
        let mut submission = team.submission("bad");
        let source = team.source().join("model.pkl");
        submission.files.push(SourceFile { path: bad.to_owned(), source });
        assert!(registry.submit(&team.ann, &submission, &mut Watch::silent()).is_err(), "`{bad}` must be refused");
    }
    let mut submission = team.submission("nan");
    submission.metrics.insert("auc".to_owned(), f64::NAN);
    assert!(registry.submit(&team.ann, &submission, &mut Watch::silent()).is_err(), "NaN is no metric");
    Ok(())
}

#[test]
fn eight_writers_get_contiguous_numbers() -> Outcome {
    let team = Arc::new(Team::new()?);
    let registry = team.open()?;
    let mut candidates = Vec::new();
    for number in 0..8 {
        candidates.push(team.approved(&registry, &format!("candidate {number}"))?);
    }
    let writers: Vec<_> = candidates
        .into_iter()
        .map(|candidate| {
            let team = Arc::clone(&team);
            // Each opens the registry for itself, as a process would.
            thread::spawn(move || {
                let registry = team.open().map_err(|error| error.to_string())?;
                registry.publish(&team.ann, candidate, &mut Watch::silent()).map_err(|error| error.to_string())
            })
        })
        .collect();
    let mut versions = BTreeSet::new();
    for writer in writers {
        versions.insert(writer.join().map_err(|_| "a writer panicked")??);
    }
    assert_eq!(versions, (1..=8).collect(), "each got a number of its own, without gaps");
    assert_whole(&team.verify()?, "after eight at once");
    Ok(())
}

#[test]
fn only_the_pinned_owner_is_believed() -> Outcome {
    let team = Team::published()?;
    let options = OpenOptions { trusted_owner: Some(team.eve.key_id().to_owned()), ..OpenOptions::default() };
    let registry = team.open_with(options)?;
    assert!(matches!(registry.state(), Err(RegistryError::Untrusted { .. })), "its state is not given out");
    let report = registry.verify(&mut Watch::silent())?;
    assert_eq!(report.verdict, RegistryVerdict::Untrusted, "{:?}", codes(&report));
    assert_eq!(report.versions[0].verdict, RegistryVerdict::Untrusted, "nor is any version of it");
    let mine = NewRegistry::named("Mine");
    let again = Registry::create_in(team.ground.store()?, &mine, &team.eve, OpenOptions::default());
    assert!(matches!(again, Err(RegistryError::AlreadyThere { .. })), "a registry begins once");
    Ok(())
}

#[test]
fn a_cancelled_submission_leaves_nothing() -> Outcome {
    let team = Team::new()?;
    let registry = team.open()?;
    let mut steps = 0;
    let mut report = |_: proofmark_registry::Step<'_>| steps += 1;
    let result = registry.submit(&team.ann, &team.submission("x"), &mut Watch::new(&mut report, &|| true));
    assert!(matches!(result, Err(RegistryError::Cancelled)), "it stops when told to");
    assert!(steps > 0, "and had said how far it was");
    assert!(registry.state()?.candidates.is_empty(), "nothing was submitted");
    let report = team.verify()?;
    assert_whole(&report, "after cancelling");
    assert!(report.ignored.is_empty(), "nothing is left over: {:?}", report.ignored);
    Ok(())
}

/// A clock that a test sets.
struct Set(std::sync::atomic::AtomicI64);

impl proofmark_registry::Clock for Set {
    fn now(&self) -> Timestamp {
        Timestamp::from_ms(self.0.load(std::sync::atomic::Ordering::SeqCst))
    }

    fn fresh(&self, at: Timestamp) -> uuid::Uuid {
        proofmark_registry::SystemClock.fresh(at)
    }
}

#[test]
fn a_planned_promotion_moves_the_alias_and_then_what_others_read() -> Outcome {
    use std::sync::atomic::Ordering::SeqCst;
    let team = Team::published()?;
    let now = proofmark_registry::Clock::now(&proofmark_registry::SystemClock).ms();
    let clock = Arc::new(Set((now + 1_000).into()));
    let open = || {
        let trusted_owner = Some(team.owner.key_id().to_owned());
        team.open_with(OpenOptions { trusted_owner, clock: Some(clock.clone()), ..OpenOptions::default() })
    };
    let registry = open()?;
    let candidate = team.approved(&registry, "second")?;
    registry.publish(&team.ann, candidate, &mut Watch::silent())?;
    let (model, hour) = (churn(), 3_600_000);
    let from = Timestamp::from_ms(now + hour);
    let past = registry.plan_promotion(&team.ann, &model, "production", 2, "", Timestamp::from_ms(now));
    assert!(matches!(past, Err(RegistryError::Invalid(_))), "{past:?}");
    let other = registry.plan_promotion(&team.bob, &model, "production", 2, "", from);
    assert!(matches!(blocked(other), Some(ReleaseBlocked::RoleMissing { .. })), "who may not promote may not plan to");
    registry.plan_promotion(&team.ann, &model, "production", 2, "monday", from)?;
    let shown = || -> Result<Vec<u8>, Box<dyn std::error::Error>> {
        Ok(team.ground.store()?.read("models/churn/aliases/production")?)
    };
    assert_eq!(registry.state()?.aliased(&model, "production"), Some(1), "until then the former one");
    assert_eq!(registry.follow_plans(&*registry.state()?)?, [], "nothing to follow");
    assert_eq!(shown()?, b"1");
    assert_whole(&registry.verify(&mut Watch::silent())?, "while it waits");

    clock.0.store(from.ms(), SeqCst);
    let late = open()?;
    assert_eq!(late.state()?.aliased(&model, "production"), Some(2), "from then on the new one");
    let fetched = late.fetch(&"churn@production".parse()?, &team.room.path().join("out"), &mut Watch::silent())?;
    assert_eq!(fetched.version, 2);
    let report = late.verify(&mut Watch::silent())?;
    assert_eq!(report.verdict, RegistryVerdict::Incomplete, "{:?}", codes(&report));
    assert!(codes(&report).iter().all(|code| *code == "view_stale"), "{:?}", codes(&report));
    assert_eq!(late.follow_plans(&*late.state()?)?, [churn()], "whoever looks next writes what MLflow reads");
    assert_eq!(shown()?, b"2");
    assert_eq!(late.follow_plans(&*late.state()?)?, []);
    assert_whole(&late.verify(&mut Watch::silent())?, "after it took effect");

    // Another machine, whose clock is an hour behind.
    clock.0.store(from.ms() - hour / 2, SeqCst);
    let report = open()?.verify(&mut Watch::silent())?;
    assert_eq!(report.verdict, RegistryVerdict::Incomplete, "{:#?}", report.problems);
    assert!(codes(&report).iter().all(|code| *code == "view_early"), "{:?}", codes(&report));

    clock.0.store(from.ms() + 1_000, SeqCst);
    assert_eq!(late.roll_back(&team.ann, &model, "production", None, "worse")?, 1, "and it can be taken back");
    late.plan_promotion(&team.ann, &model, "production", 2, "again", Timestamp::from_ms(from.ms() + hour))?;
    late.call_off(&team.ann, &model, "production", "it is the holidays")?;
    clock.0.store(from.ms() + 2 * hour, SeqCst);
    assert_eq!(open()?.state()?.aliased(&model, "production"), Some(1), "what was called off does not come");
    assert_whole(&open()?.verify(&mut Watch::silent())?, "after calling off");
    Ok(())
}

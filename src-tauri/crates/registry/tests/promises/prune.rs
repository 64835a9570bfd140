//! What nobody needs is taken away, by owners, and nothing else.

use std::fs;
use std::io::ErrorKind;
use std::sync::atomic::Ordering;
use std::time::Duration;

use proofmark_domain::release::ReleaseBlocked;
use proofmark_registry::registry::OpenOptions;
use proofmark_registry::{Pruned, Registry, RegistryError, Signer, Watch};

use crate::support::{Fault, Faulty, Outcome, Team, all_files, assert_whole, churn};

const AT_ONCE: Duration = Duration::ZERO;

fn prune(registry: &Registry, signer: &Signer, age: Duration) -> Result<Pruned, RegistryError> {
    let mut pruned = Pruned::default();
    registry.prune(signer, age, &mut pruned).map(|()| pruned)
}

#[test]
fn an_owner_takes_away_what_nobody_needs_and_nothing_else() -> Outcome {
    let team = Team::published()?;
    let registry = team.open()?;
    fs::write(team.source().join("model.pkl"), [9u8; 500])?;
    let rejected = registry.submit(&team.ann, &team.submission("rejected"), &mut Watch::silent())?;
    let bundle = registry.state()?.candidates[&rejected].bundle;
    registry.reject(&team.bob, rejected, &bundle, "no")?;
    fs::write(team.source().join("model.pkl"), [8u8; 500])?;
    let open = registry.submit(&team.ann, &team.submission("open"), &mut Watch::silent())?;
    fs::create_dir_all(team.dir().join(".staging/left-behind"))?;
    let mut before = Vec::new();
    all_files(&team.dir(), &mut before)?;

    let refused = prune(&registry, &team.ann, AT_ONCE);
    assert!(matches!(refused, Err(RegistryError::Blocked(ReleaseBlocked::RoleMissing { .. }))), "{refused:?}");
    assert_eq!(
        prune(&registry, &team.owner, Duration::from_secs(3_600))?.objects,
        Vec::<String>::new(),
        "all of it is young"
    );
    let pruned = prune(&registry, &team.owner, AT_ONCE)?;
    assert_eq!((pruned.objects.len(), pruned.leftovers.len()), (2, 1), "{pruned:?}");
    assert!(pruned.bytes > 500, "the model and its report: {pruned:?}");
    assert_whole(&team.verify()?, "after pruning");
    let mut after = Vec::new();
    all_files(&team.dir(), &mut after)?;
    let gone: Vec<_> = before.iter().filter(|it| !after.contains(it)).collect();
    assert_eq!(gone.len(), 2, "nothing else is gone: {gone:?}");

    // What is open goes on, and what was rejected can be submitted again.
    let bundle = registry.state()?.candidates[&open].bundle;
    registry.approve(&team.bob, open, &bundle, "yes")?;
    registry.publish(&team.ann, open, &mut Watch::silent())?;
    assert_whole(&team.verify()?, "after publishing what was open");
    assert_eq!(prune(&registry, &team.owner, AT_ONCE)?, Default::default(), "there is nothing more");
    Ok(())
}

#[test]
fn nothing_is_taken_while_something_is_missing() -> Outcome {
    let team = Team::published()?;
    let registry = team.open()?;
    let candidate = registry.submit(&team.ann, &team.submission("open"), &mut Watch::silent())?;
    let submitted = registry.state()?.candidates[&candidate].statements[0].uuid().to_string();
    let approved = registry.state()?.candidates[&candidate].bundle;
    registry.approve(&team.bob, candidate, &approved, "yes")?;
    registry.publish(&team.ann, candidate, &mut Watch::silent())?;
    let mut files = Vec::new();
    all_files(&team.dir().join("log/churn"), &mut files)?;
    let file = files.iter().find(|it| it.to_string_lossy().contains(&submitted)).ok_or("the submission")?;
    fs::remove_file(file)?;
    let refused = prune(&team.open()?, &team.owner, AT_ONCE);
    assert!(matches!(refused, Err(RegistryError::Incomplete { .. })), "{refused:?}");
    Ok(())
}

#[test]
fn nothing_is_taken_while_a_decision_waits_for_its_submission() -> Outcome {
    let team = Team::published()?;
    let registry = team.open()?;
    fs::write(team.source().join("model.pkl"), [7u8; 500])?;
    let candidate = team.approved(&registry, "late")?;
    let submitted = registry.state()?.candidates[&candidate].statements[0].uuid().to_string();
    let mut files = Vec::new();
    all_files(&team.dir().join("log/churn"), &mut files)?;
    let file = files.iter().find(|it| it.to_string_lossy().contains(&submitted)).ok_or("the submission")?;
    let bytes = fs::read(file)?;
    fs::remove_file(file)?;
    let refused = prune(&team.open()?, &team.owner, AT_ONCE);
    assert!(matches!(refused, Err(RegistryError::Incomplete { .. })), "{refused:?}");
    fs::write(file, bytes)?;
    assert_eq!(prune(&team.open()?, &team.owner, AT_ONCE)?, Default::default(), "all of it is needed");
    assert_whole(&team.verify()?, "once it has come");
    Ok(())
}

#[test]
fn what_was_taken_is_told_although_it_ended_with_an_error() -> Outcome {
    let team = Team::published()?;
    let registry = team.open()?;
    for byte in [1u8, 2] {
        fs::write(team.source().join("model.pkl"), [byte; 500])?;
        let candidate = registry.submit(&team.ann, &team.submission("rejected"), &mut Watch::silent())?;
        let bundle = registry.state()?.candidates[&candidate].bundle;
        registry.reject(&team.bob, candidate, &bundle, "no")?;
    }
    team.ground.keep()?;
    let mut told = 0;
    for at in 1.. {
        team.ground.put_back()?;
        let (store, calls) = Faulty::new(&team.ground, Fault::Error(ErrorKind::StorageFull), at)?;
        let mut pruned = Pruned::default();
        let ended = Registry::open_in(Box::new(store), OpenOptions::default())
            .and_then(|it| it.prune(&team.owner, AT_ONCE, &mut pruned));
        let left: Vec<_> = pruned.objects.iter().filter(|it| team.dir().join(it).exists()).collect();
        assert!(left.is_empty(), "call {at}: told to be gone, and there: {left:?}");
        if calls.load(Ordering::SeqCst) < at {
            ended?;
            break;
        }
        told += usize::from(ended.is_err() && !pruned.objects.is_empty());
    }
    assert!(told > 0, "no fault fell between the first file and the last");
    Ok(())
}

#[test]
fn a_copy_loses_what_was_destroyed() -> Outcome {
    let team = Team::published()?;
    let copy = team.room.path().join("copy");
    let registry = team.open()?;
    registry.mirror(&copy, &mut Watch::silent())?;
    registry.withdraw(&team.ann, &churn(), 1, None, "a person asked to be forgotten")?;
    registry.destroy(&team.owner, &churn(), 1, "erasure")?;
    registry.mirror(&copy, &mut Watch::silent())?;
    assert!(!copy.join("models/churn/version-1").exists(), "its folder lives on in the copy");
    let model = fs::read(team.source().join("model.pkl"))?;
    let mut files = Vec::new();
    all_files(&copy, &mut files)?;
    let kept: Vec<_> = files.iter().filter(|it| fs::read(it).is_ok_and(|bytes| bytes == model)).collect();
    assert!(kept.is_empty(), "its bytes live on in the copy: {kept:?}");
    assert_whole(&Registry::open(&copy, OpenOptions::default())?.verify(&mut Watch::silent())?, "the copy");
    Ok(())
}

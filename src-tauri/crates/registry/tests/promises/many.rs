//! Many processes that publish into one model at the same moment.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use proofmark_domain::id::CandidateId;
use proofmark_domain::release::CandidateState;
use proofmark_registry::keys::{EncryptedFileVault, KdfCost, KeyVault as _, Passphrase};
use proofmark_registry::registry::OpenOptions;
use proofmark_registry::{Registry, Signer, SystemClock, Watch};

use crate::support::{Outcome, Team, assert_whole, churn};

pub const PASSPHRASE: &str = "a passphrase for tests";

pub fn vault(folder: &Path) -> EncryptedFileVault {
    EncryptedFileVault::new(folder).with_cost(KdfCost { memory_kib: 8, passes: 1, lanes: 1 })
}

pub fn number(name: &str, otherwise: usize) -> usize {
    std::env::var(name).ok().and_then(|it| it.parse().ok()).unwrap_or(otherwise)
}

/// What one of the processes does: publishes its candidates, and prints the number of each.
#[test]
fn child_publishes() -> Outcome {
    let Ok(order) = std::env::var("PROOFMARK_TEST_PUBLISH") else { return Ok(()) };
    let lines: Vec<&str> = order.lines().collect();
    let [dir, keys, key_id, candidates] = lines.as_slice() else { return Err("four lines".into()) };
    let signer = vault(Path::new(keys)).load(key_id, &Passphrase::new(PASSPHRASE))?;
    let registry = Registry::open(Path::new(dir), OpenOptions::default())?;
    for candidate in candidates.split(' ') {
        let candidate: CandidateId = candidate.parse()?;
        println!("published {}", registry.publish(&signer, candidate, &mut Watch::silent())?);
    }
    Ok(())
}

/// `PROOFMARK_WRITERS=64 PROOFMARK_VERSIONS=100` is the figure to reach; the default is for every run.
#[test]
fn processes_that_publish_at_once_get_contiguous_numbers() -> Outcome {
    let (writers, each) = (number("PROOFMARK_WRITERS", 4), number("PROOFMARK_VERSIONS", 3));
    let team = Team::new()?;
    let registry = team.open()?;
    let keys = team.room.path().join("keys");
    vault(&keys).import(&team.ann, &Passphrase::new(PASSPHRASE), &SystemClock)?;
    let mut orders = Vec::new();
    for writer in 0..writers {
        let mut candidates = Vec::new();
        for number in 0..each {
            candidates.push(team.approved(&registry, &format!("{writer} {number}"))?.to_string());
        }
        let parts = [team.dir().display().to_string(), keys.display().to_string(), team.ann.key_id().to_owned()];
        orders.push(format!("{}\n{}", parts.join("\n"), candidates.join(" ")));
    }
    let begin = Instant::now();
    let children: Vec<_> = orders
        .iter()
        .map(|order| {
            Command::new(std::env::current_exe()?)
                .args(["many::child_publishes", "--exact", "--nocapture"])
                .env("PROOFMARK_TEST_PUBLISH", order)
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
        })
        .collect::<Result<_, _>>()?;
    let mut numbers = Vec::new();
    for child in children {
        let output = child.wait_with_output()?;
        assert!(output.status.success(), "a publisher failed: {}", String::from_utf8_lossy(&output.stdout));
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        numbers.extend(
            text.split("published ").skip(1).filter_map(|it| it.split_whitespace().next()?.parse::<u64>().ok()),
        );
    }
    let took = begin.elapsed();
    let wanted = (writers * each) as u64;
    assert_eq!(numbers.len() as u64, wanted, "every publication was acknowledged");
    assert_eq!(numbers.iter().copied().collect::<BTreeSet<u64>>(), (1..=wanted).collect(), "without gap and double");
    assert_whole(&team.verify()?, "after all of them");
    let state = team.open()?.state()?;
    assert_eq!(state.versions[&churn()].len() as u64, wanted, "none is lost");
    let log = fs::read_dir(team.dir().join("log/churn"))?.count() as u64;
    println!("{writers} processes, {wanted} versions in {took:.1?}; {} statements lost a race", log - 3 * wanted);
    Ok(())
}

/// Somebody who was killed while it was their turn must not keep the next one waiting for ever.
#[test]
fn a_turn_that_was_left_behind_is_passed_over() -> Outcome {
    let team = Team::new()?;
    let registry = team.open()?;
    let candidate = team.approved(&registry, "after a crash")?;
    let turn = team.dir().join(".staging").join(format!("next-{}", churn()));
    fs::create_dir_all(turn.parent().ok_or("a folder")?)?;
    fs::write(&turn, "")?;
    assert_eq!(registry.publish(&team.ann, candidate, &mut Watch::silent())?, 1);
    assert!(!turn.exists(), "it is taken away");
    assert_whole(&team.verify()?, "after it");
    Ok(())
}

/// What the other does: approves, publishes and promotes a candidate, and says so after each.
#[test]
fn child_releases() -> Outcome {
    let Ok(order) = std::env::var("PROOFMARK_TEST_RELEASE") else { return Ok(()) };
    let lines: Vec<&str> = order.lines().collect();
    let [dir, keys, ann, bob, candidate] = lines.as_slice() else { return Err("five lines".into()) };
    let signer = |key_id| vault(Path::new(keys)).load(key_id, &Passphrase::new(PASSPHRASE));
    let (ann, bob) = (signer(ann)?, signer(bob)?);
    let registry = Registry::open(Path::new(dir), OpenOptions::default())?;
    let candidate: CandidateId = candidate.parse()?;
    release(&registry, &ann, &bob, candidate, |said| println!("acknowledged {said}"))
}

/// Takes a candidate as far as production, whatever of that is done already.
fn release(registry: &Registry, ann: &Signer, bob: &Signer, candidate: CandidateId, done: impl Fn(String)) -> Outcome {
    let state = registry.state()?;
    let record = state.candidates.get(&candidate).ok_or("the candidate")?;
    if record.state == CandidateState::Waiting {
        registry.approve(bob, candidate, &record.bundle, "looked at it")?;
    }
    done("approved".to_owned());
    let version = registry.publish(ann, candidate, &mut Watch::silent())?;
    done(format!("published {version}"));
    registry.promote(ann, &churn(), "production", version, "the newest")?;
    done(format!("promoted {version}"));
    Ok(())
}

/// `PROOFMARK_KILL_CYCLES=1000` is the figure to reach: as many approvals, publications and promotions. The default is for every run.
#[test]
fn killed_processes_lose_nothing_that_was_acknowledged() -> Outcome {
    let team = Team::new()?;
    let registry = team.open()?;
    let keys = team.room.path().join("keys");
    for signer in [&team.ann, &team.bob] {
        vault(&keys).import(signer, &Passphrase::new(PASSPHRASE), &SystemClock)?;
    }
    let (mut longest, mut acknowledged) = (None, [0u64; 3]);
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    let cycles = number("PROOFMARK_KILL_CYCLES", 12);
    for cycle in 0..=cycles {
        let candidate =
            registry.submit(&team.ann, &team.submission(&format!("cycle {cycle}")), &mut Watch::silent())?;
        let places = [team.dir(), keys.clone()].map(|it| it.display().to_string()).join("\n");
        let order = format!("{places}\n{}\n{}\n{candidate}", team.ann.key_id(), team.bob.key_id());
        let begin = Instant::now();
        let mut child = Command::new(std::env::current_exe()?)
            .args(["many::child_releases", "--exact", "--nocapture"])
            .env("PROOFMARK_TEST_RELEASE", order)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        if let Some(longest) = longest {
            // A fixed sequence of moments, spread over all of it.
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            std::thread::sleep(std::time::Duration::mul_f64(longest, (seed % 1000) as f64 / 1000.0));
            child.kill()?;
        }
        let output = child.wait_with_output()?;
        // One that is left alone now and then says how long one takes, which grows with the registry.
        if cycle % 50 == 0 && longest.is_none() {
            longest = Some(begin.elapsed());
        } else if cycle % 50 == 49 {
            longest = None;
        }
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let said: Vec<&str> = text.split("acknowledged ").skip(1).filter_map(|it| it.lines().next()).collect();
        let state = registry.state()?;
        let record = state.candidates.get(&candidate).ok_or("what was submitted is there")?;
        for what in &said {
            let number = what.split(' ').nth(1).and_then(|it| it.parse::<u64>().ok());
            let (place, kept) = match what.split(' ').next() {
                Some("approved") => (0, record.decisions.iter().any(|it| it.approved)),
                Some("published") => (1, record.state == CandidateState::Published && record.version == number),
                _ => (2, state.aliased(&churn(), "production") == number),
            };
            acknowledged[place] += 1;
            assert!(kept, "cycle {cycle}: {what} was acknowledged and is lost");
        }
        if cycle % (cycles / 20).max(1) == 0 {
            let report = team.verify()?;
            let worst = proofmark_domain::registry::RegistryVerdict::Incomplete;
            assert!(report.verdict <= worst, "cycle {cycle}: {:#?}", report.problems);
        }
        release(&registry, &team.ann, &team.bob, candidate, |_| {})?;
    }
    let there: BTreeSet<u64> = registry.state()?.versions[&churn()].keys().copied().collect();
    assert_eq!(there, (1..=cycles as u64 + 1).collect(), "every candidate is one version");
    let report = team.verify()?;
    let left: Vec<_> = report.problems.iter().filter(|it| it.code != "publication_pending").collect();
    assert!(left.is_empty(), "after all of them: {left:#?}");
    let [approved, published, promoted] = acknowledged;
    println!(
        "{cycles} processes killed; acknowledged before that: {approved} approvals, {published} publications, {promoted} promotions; none lost"
    );
    Ok(())
}

//! Every call of the file system at which submitting, approving, publishing and promoting can be cut short or fail.
//!
//! A child process does one step with `faults/shim.c` before the C library; the k-th call about the registry fails, or ends the process, for each k.
//! Too long for every run: `cargo test -p proofmark-registry --test promises -- --ignored --nocapture system_calls`; `tests/file_systems.sh` does
//! the same on ext4, xfs and btrfs. `PROOFMARK_FAULT_STEP` and `PROOFMARK_FAULT_EVERY` narrow it down.
#![cfg(target_os = "linux")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use proofmark_domain::id::CandidateId;
use proofmark_domain::registry::RegistryVerdict;
use proofmark_domain::release::CandidateState;
use proofmark_registry::keys::{KeyVault as _, Passphrase};
use proofmark_registry::registry::OpenOptions;
use proofmark_registry::{Registry, Signer, SystemClock, Watch};

use crate::many::{PASSPHRASE, number, vault};
use crate::support::{Ahead, Outcome, Team, churn, codes, copy_tree, submission_of};

/// How the one call goes wrong, by the name that the shim knows.
const KINDS: [(&str, &str); 5] = [("ends", "kill"), ("EIO", "5"), ("ENOSPC", "28"), ("EINTR", "4"), ("short", "short")];

const STEPS: [&str; 4] = ["submit", "approve", "publish", "promote"];

/// One step of the line, done by a child and again by us.
fn step(registry: &Registry, name: &str, signer: &Signer, source: &Path, candidate: Option<CandidateId>) -> Outcome {
    let known = || candidate.ok_or("a candidate");
    match name {
        "submit" => {
            registry.submit(signer, &submission_of(source, "x"), &mut Watch::silent())?;
        }
        "approve" => {
            let state = registry.state()?;
            let record = state.candidates.get(&known()?).ok_or("the candidate")?;
            registry.approve(signer, record.id, &record.bundle, "looked at it")?;
        }
        "publish" => {
            registry.publish(signer, known()?, &mut Watch::silent())?;
        }
        "promote" => registry.promote(signer, &churn(), "canary", 1, "try")?,
        other => return Err(format!("no step {other}").into()),
    }
    Ok(())
}

/// What the child does.
#[test]
fn child_acts() -> Outcome {
    let Ok(order) = std::env::var("PROOFMARK_TEST_ACT") else { return Ok(()) };
    let lines: Vec<&str> = order.lines().collect();
    let [dir, source, keys, key_id, name, candidate] = lines.as_slice() else { return Err("six lines".into()) };
    let signer = vault(Path::new(keys)).load(key_id, &Passphrase::new(PASSPHRASE))?;
    let done = Registry::open(Path::new(dir), OpenOptions::default())
        .map_err(Into::into)
        .and_then(|registry| step(&registry, name, &signer, Path::new(source), candidate.trim().parse().ok()));
    match done {
        Ok(()) => println!("acknowledged"),
        Err(error) => println!("refused: {error}"),
    }
    Ok(())
}

/// Whether what the step promises is there.
fn is_done(
    registry: &Registry,
    name: &str,
    candidate: Option<CandidateId>,
) -> Result<bool, Box<dyn std::error::Error>> {
    let state = registry.state()?;
    let record = candidate.and_then(|it| state.candidates.get(&it));
    Ok(match name {
        "submit" => !state.candidates.is_empty(),
        "approve" => record.is_some_and(|it| it.decisions.iter().any(|it| it.approved)),
        "publish" => record.is_some_and(|it| it.state == CandidateState::Published),
        _ => state.aliased(&churn(), "canary") == Some(1),
    })
}

#[derive(Default)]
struct Tally {
    tried: u64,
    acknowledged: u64,
    refused: u64,
    recovered: u64,
    calls: BTreeSet<String>,
}

#[test]
#[ignore = "minutes; see the head of this file"]
fn every_call_of_the_file_system_can_fail() -> Outcome {
    let shim = build_shim()?;
    let wanted = std::env::var("PROOFMARK_FAULT_STEP").ok();
    let every = number("PROOFMARK_FAULT_EVERY", 1);
    let mut table: BTreeMap<(String, &str), Tally> = BTreeMap::new();
    let mut damaged = Vec::new();
    for name in STEPS.into_iter().filter(|name| wanted.as_deref().is_none_or(|it| it == *name)) {
        let (team, candidate) = before(name)?;
        let keys = team.room.path().join("keys");
        let signer = if name == "approve" { &team.bob } else { &team.ann };
        vault(&keys).import(signer, &Passphrase::new(PASSPHRASE), &SystemClock)?;
        let kept = team.room.path().join("before");
        copy_tree(&team.dir(), &kept)?;
        for (kind, code) in KINDS {
            for at in (1..).step_by(every) {
                fs::remove_dir_all(team.dir())?;
                copy_tree(&kept, &team.dir())?;
                let shown = candidate.map_or_else(String::new, |it| it.to_string());
                let (dir, source) = (team.dir(), team.source());
                let places = [&dir, &source, &keys].map(|it| it.display().to_string()).join("\n");
                let order = format!("{places}\n{}\n{name}\n{shown} ", signer.key_id());
                let (output, calls, call) = run_child(&shim, &team.dir(), &order, at, code)?;
                if calls < at as u64 {
                    break;
                }
                let tally = table.entry((name.to_owned(), kind)).or_default();
                tally.tried += 1;
                tally.calls.insert(call.clone());
                let text =
                    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
                let acknowledged = text.contains("acknowledged");
                tally.acknowledged += u64::from(acknowledged);
                tally.refused += u64::from(text.contains("refused: "));
                let mut bad = |why: String| damaged.push(format!("{name}, {kind} at call {at} ({call}): {why}"));
                if text.contains("panicked") || (!acknowledged && !text.contains("refused: ") && code != "kill") {
                    bad(format!("no clear answer: {text}"));
                    continue;
                }
                let report = team.verify()?;
                if report.verdict > RegistryVerdict::Incomplete {
                    bad(format!("{:?} {:?}", report.verdict, report.problems));
                    continue;
                }
                if acknowledged && !is_done(&team.open()?, name, candidate)? {
                    bad("it was acknowledged, and is not there".to_owned());
                    continue;
                }
                // A minute later, so that what was cut short is known to be abandoned.
                let clock = Arc::new(Ahead::default());
                clock.0.store(120_000, Ordering::Relaxed);
                let registry =
                    Registry::open(&team.dir(), OpenOptions { clock: Some(clock), ..OpenOptions::default() })?;
                let was_done = is_done(&registry, name, candidate)?;
                let again = step(&registry, name, signer, &source, candidate);
                // Who has decided cannot decide twice: what the first attempt left is then the whole of it.
                if let Err(error) =
                    again.or_else(|error| if was_done && name == "approve" { Ok(()) } else { Err(error) })
                {
                    bad(format!("again: {error}"));
                    continue;
                }
                let report = team.verify()?;
                let left: Vec<&str> = codes(&report).into_iter().filter(|it| *it != "statement_partial").collect();
                if !left.is_empty() || !is_done(&team.open()?, name, candidate)? {
                    bad(format!("after repeating it: {:?}", report.problems));
                    continue;
                }
                if let Some(tally) = table.get_mut(&(name.to_owned(), kind)) {
                    tally.recovered += 1;
                }
            }
        }
    }
    println!(
        "| step | fault | points tried | acknowledged | clear error | recovered | damaged |\n|---|---|---|---|---|---|---|"
    );
    for ((name, kind), it) in &table {
        let Tally { tried, acknowledged, refused, recovered, .. } = it;
        println!("| {name} | {kind} | {tried} | {acknowledged} | {refused} | {recovered} | {} |", tried - recovered);
    }
    let calls: BTreeSet<&String> = table.values().flat_map(|it| &it.calls).collect();
    println!("calls: {calls:?}");
    assert!(table.values().map(|it| it.tried).sum::<u64>() > 100 / every as u64, "too few points: is the shim loaded?");
    assert!(damaged.is_empty(), "{} points: {:#?}", damaged.len(), damaged.iter().take(20).collect::<Vec<_>>());
    Ok(())
}

/// A registry in which the step is the next thing to do.
fn before(name: &str) -> Result<(Team, Option<CandidateId>), Box<dyn std::error::Error>> {
    Ok(match name {
        "submit" => (Team::new()?, None),
        "approve" => {
            let team = Team::new()?;
            let candidate = team.open()?.submit(&team.ann, &team.submission("x"), &mut Watch::silent())?;
            (team, Some(candidate))
        }
        "publish" => {
            let team = Team::new()?;
            let candidate = team.approved(&team.open()?, "x")?;
            (team, Some(candidate))
        }
        _ => (Team::published()?, None),
    })
}

fn build_shim() -> Result<PathBuf, Box<dyn std::error::Error>> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/faults/shim.c");
    let target = std::env::temp_dir().join(format!("proofmark-faults-{}.so", std::process::id()));
    let built =
        Command::new("cc").args(["-O1", "-shared", "-fPIC", "-o"]).arg(&target).arg(&source).arg("-ldl").output()?;
    if !built.status.success() {
        return Err(format!("the shim does not compile: {}", String::from_utf8_lossy(&built.stderr)).into());
    }
    Ok(target)
}

/// Runs the child with a fault at one call; also how many calls there were, and the name of the one that failed.
fn run_child(
    shim: &Path,
    root: &Path,
    order: &str,
    at: usize,
    kind: &str,
) -> Result<(Output, u64, String), Box<dyn std::error::Error>> {
    let log = root.with_extension("calls");
    fs::write(&log, [0u8; 64])?;
    let output = Command::new(std::env::current_exe()?)
        .args(["system_calls::child_acts", "--exact", "--nocapture"])
        .env("PROOFMARK_TEST_ACT", order)
        .env("LD_PRELOAD", shim)
        .env("FAULT_ROOT", fs::canonicalize(root)?)
        .env("FAULT_AT", at.to_string())
        .env("FAULT_KIND", kind)
        .env("FAULT_LOG", &log)
        .output()?;
    let page = fs::read(&log)?;
    let calls = page.first_chunk::<8>().map_or(0, |it| u64::from_ne_bytes(*it));
    let name = String::from_utf8_lossy(page.get(8..).unwrap_or_default()).trim_end_matches('\0').to_owned();
    Ok((output, calls, name))
}

//! Every threat of the format document, tried. The table in `registry-format.md` names these tests.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use proofmark_domain::Timestamp;
use proofmark_domain::id::StatementId;
use proofmark_domain::person::Role;
use proofmark_domain::registry::RegistryVerdict;
use proofmark_domain::release::{ReleaseBlocked, Statement, StatementBody};
use proofmark_registry::registry::{OpenOptions, SourceFile, TrustChange};
use proofmark_registry::{Clock, Registry, RegistryError, Signer, SystemClock, Wanted, Watch, dsse, layout, statement};
use sha2::Digest as _;

use crate::support::{Outcome, Team, all_files, assert_whole, churn, codes, copy_tree, person};

type Tried<T> = Result<T, Box<dyn std::error::Error>>;

/// Puts a file in the log that its author signed with any tool: with the time, predecessor and trust list that they like.
fn forge(team: &Team, signer: &Signer, folder: &str, at: i64, body: StatementBody) -> Tried<PathBuf> {
    let state = team.open()?.state()?;
    let forged = Statement {
        id: StatementId::from_uuid(SystemClock.fresh(Timestamp::from_ms(at))),
        registry: state.id,
        at: Timestamp::from_ms(at),
        author: signer.card().id,
        key_id: signer.key_id().to_owned(),
        previous: None,
        trust: state.trust_statement,
        body,
    };
    let (bytes, _) = statement::sign(&forged, signer)?;
    let path = team.dir().join(folder).join(layout::statement_name(&forged));
    fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
    fs::write(&path, bytes)?;
    Ok(path)
}

fn now() -> i64 {
    SystemClock.now().ms()
}

#[test]
fn a_stolen_key_cannot_go_back_behind_its_revocation() -> Outcome {
    let team = Team::new()?;
    let registry = team.open()?;
    let candidate = registry.submit(&team.ann, &team.submission("x"), &mut Watch::silent())?;
    let bundle = registry.state()?.candidates[&candidate].bundle;
    let before = now();
    registry.revoke_key(&team.owner, team.bob.key_id(), "stolen", false)?;
    for at in [before, before - 3_600_000, now() + 1000] {
        let approval = StatementBody::Approved { candidate, bundle, reason: "thief".to_owned() };
        let path = forge(&team, &team.bob, "log/churn", at, approval)?;
        let report = team.verify()?;
        assert_eq!(report.verdict, RegistryVerdict::Untrusted, "{:?}", codes(&report));
        assert!(team.open()?.state()?.candidates[&candidate].decisions.is_empty(), "at {at} it counts for nothing");
        fs::remove_file(path)?;
    }
    Ok(())
}

#[test]
fn who_lost_a_role_cannot_backdate_into_it() -> Outcome {
    let team = Team::new()?;
    let registry = team.open()?;
    let candidate = registry.submit(&team.ann, &team.submission("x"), &mut Watch::silent())?;
    let bundle = registry.state()?.candidates[&candidate].bundle;
    let before = now();
    registry.admit(&team.owner, team.bob.card(), &BTreeSet::new())?;
    let approval = StatementBody::Approved { candidate, bundle, reason: "I was one then".to_owned() };
    forge(&team, &team.bob, "log/churn", before, approval)?;
    let report = team.verify()?;
    assert_eq!(codes(&report), ["role_missing"], "{:#?}", report.problems);
    assert!(registry.state()?.candidates[&candidate].decisions.is_empty(), "it counts for nothing");
    Ok(())
}

#[test]
fn an_expired_key_signs_nothing() -> Outcome {
    let team = Team::new()?;
    let registry = team.open()?;
    let candidate = registry.submit(&team.ann, &team.submission("x"), &mut Watch::silent())?;
    let bundle = registry.state()?.candidates[&candidate].bundle;
    let (bob, end) = (team.bob.card().clone(), Timestamp::from_ms(now() - 1));
    registry.change_trust(&team.owner, "keys last a year", |list, _| {
        if let Some(key) = list.people.get_mut(&bob.id).and_then(|it| it.keys.get_mut(&bob.key_id)) {
            key.expires = Some(end);
        }
        Ok(())
    })?;
    let result = registry.approve(&team.bob, candidate, &bundle, "fine");
    assert!(matches!(result, Err(RegistryError::Blocked(ReleaseBlocked::KeyExpired { .. }))), "{result:?}");
    for at in [now(), end.ms() - 1000] {
        let approval = StatementBody::Approved { candidate, bundle, reason: "fine".to_owned() };
        let path = forge(&team, &team.bob, "log/churn", at, approval)?;
        let report = team.verify()?;
        assert_eq!(codes(&report), ["key_expired"], "at {at}: {:#?}", report.problems);
        fs::remove_file(path)?;
    }
    Ok(())
}

#[test]
fn an_expired_key_says_nothing_about_what_came_after_its_end() -> Outcome {
    let team = Team::new()?;
    let registry = team.open()?;
    let (bob, end) = (team.bob.card().clone(), Timestamp::from_ms(now() + 300));
    registry.change_trust(&team.owner, "keys last a year", |list, _| {
        if let Some(key) = list.people.get_mut(&bob.id).and_then(|it| it.keys.get_mut(&bob.key_id)) {
            key.expires = Some(end);
        }
        Ok(())
    })?;
    std::thread::sleep(std::time::Duration::from_millis(400));
    let candidate = registry.submit(&team.ann, &team.submission("x"), &mut Watch::silent())?;
    let bundle = registry.state()?.candidates[&candidate].bundle;
    // Its holder sets the clock back to before the end.
    let approval = StatementBody::Approved { candidate, bundle, reason: "fine".to_owned() };
    let (mut statement, _) = drafted(&team, &team.bob, approval)?;
    let submitted = registry.state()?.candidates[&candidate].statements[0].uuid();
    let (seconds, rest) = submitted.get_timestamp().ok_or("an id has a time")?.to_unix();
    let next = i64::try_from(seconds)? * 1_000 + i64::from(rest / 1_000_000) + 1;
    statement.id = StatementId::from_uuid(SystemClock.fresh(Timestamp::from_ms(next)));
    statement.at = Timestamp::from_ms(end.ms() - 100);
    let (bytes, _) = statement::sign(&statement, &team.bob)?;
    let path = team.dir().join("log/churn").join(layout::statement_name(&statement));
    fs::write(path, bytes)?;
    let report = team.verify()?;
    assert_eq!(codes(&report), ["key_expired"], "{:#?}", report.problems);
    assert_eq!(team.open()?.state()?.candidates[&candidate].decisions.len(), 0);
    let back = crate::support::Ahead::default();
    back.0.store(end.ms() - 100 - now(), std::sync::atomic::Ordering::Relaxed);
    let options = OpenOptions { clock: Some(std::sync::Arc::new(back)), ..OpenOptions::default() };
    let result = team.open_with(options)?.reject(&team.bob, candidate, &bundle, "no");
    assert!(matches!(result, Err(RegistryError::Blocked(ReleaseBlocked::KeyExpired { .. }))), "{result:?}");
    Ok(())
}

#[test]
fn an_expired_trust_list_is_not_believed_until_it_is_renewed() -> Outcome {
    let team = Team::published()?;
    let registry = team.open()?;
    registry.change_trust(&team.owner, "a short one", |list, _| {
        list.expires = Some(Timestamp::from_ms(now() + 400));
        Ok(())
    })?;
    assert_whole(&team.verify()?, "before its end");
    std::thread::sleep(std::time::Duration::from_millis(500));
    let report = team.verify()?;
    assert_eq!(codes(&report), ["trust_expired"], "{:#?}", report.problems);
    assert_eq!(report.versions[0].verdict, RegistryVerdict::Untrusted, "nor is any version");
    let result = registry.submit(&team.ann, &team.submission("late"), &mut Watch::silent());
    assert!(matches!(result, Err(RegistryError::Blocked(ReleaseBlocked::TrustExpired { .. }))), "{result:?}");
    registry.change_trust(&team.owner, "renewed", |list, _| {
        list.expires = None;
        Ok(())
    })?;
    assert_whole(&team.verify()?, "after the owners signed a new one");
    Ok(())
}

#[test]
fn a_change_of_trust_needs_as_many_owners_as_the_list_says() -> Outcome {
    let team = Team::new()?;
    let registry = team.open()?;
    let olaf = person("Olaf Owner")?;
    registry.admit(&team.owner, olaf.card(), &BTreeSet::from([Role::Owner]))?;
    registry.change_trust(&team.owner, "two owners from now on", |list, _| {
        list.owners_needed = 2;
        Ok(())
    })?;
    let change = registry.admit(&team.owner, team.eve.card(), &BTreeSet::from([Role::Approver]))?;
    let TrustChange::Waits { version, list, signed: 1, required: 2 } = change else {
        return Err(format!("one owner is not enough: {change:?}").into());
    };
    assert!(!registry.state()?.people.contains_key(&team.eve.card().id), "it does not hold yet");
    assert_whole(&team.verify()?, "waiting is no fault");
    // One owner with a second key is still one.
    let second = Signer::generate(team.owner.card().id, "Olga Owner", None)?;
    forge(&team, &second, "log/_registry", now(), StatementBody::TrustEndorsed { version, list })?;
    // A stranger claims the number for it all the same.
    let claim = team.dir().join(layout::trust_claim(version));
    fs::write(&claim, layout::claim_text(&list))?;
    let report = team.verify()?;
    assert!(codes(&report).contains(&"trust_unsigned"), "{:?}", codes(&report));
    assert!(!team.open()?.state()?.people.contains_key(&team.eve.card().id), "a claim is no signature");
    fs::remove_file(&claim)?;
    let done = team.open()?.endorse_trust(&olaf, &list)?;
    assert_eq!(done, TrustChange::Holds { version }, "the second owner puts it into force");
    assert!(team.open()?.state()?.people.contains_key(&team.eve.card().id), "now it holds");
    Ok(())
}

#[test]
fn a_trust_list_that_was_set_back_shows() -> Outcome {
    let team = Team::new()?;
    let registry = team.open()?;
    let candidate = registry.submit(&team.ann, &team.submission("x"), &mut Watch::silent())?;
    registry
        .revoke_key(&team.owner, team.eve.key_id(), "never admitted", false)
        .expect_err("a key that was never admitted cannot be revoked");
    registry.admit(&team.owner, team.eve.card(), &BTreeSet::from([Role::Approver]))?;
    let seen = registry.seen()?;
    let newest = team.dir().join(layout::trust_claim(seen.trust_version));
    let claim = fs::read(&newest)?;
    // Storage takes the newest version away; nobody acted under it yet, so only whoever saw it can know.
    fs::remove_file(&newest)?;
    let options = OpenOptions { seen: Some(seen), ..OpenOptions::default() };
    let reader = Registry::open(&team.dir(), options)?;
    let report = reader.verify(&mut Watch::silent())?;
    assert!(codes(&report).contains(&"trust_rolled_back"), "{:?}", codes(&report));
    assert_eq!(report.verdict, RegistryVerdict::Untrusted, "it is not believed");
    assert!(matches!(reader.state(), Err(RegistryError::Untrusted { .. })), "nor is its state given out");
    // Once anybody acted under it, everybody can know.
    fs::write(&newest, claim)?;
    let bundle = team.open()?.state()?.candidates[&candidate].bundle;
    team.open()?.approve(&team.bob, candidate, &bundle, "fine")?;
    fs::remove_file(&newest)?;
    assert!(codes(&team.verify()?).contains(&"trust_missing"), "{:?}", codes(&team.verify()?));
    Ok(())
}

#[test]
fn what_a_reader_saw_cannot_be_withheld_later() -> Outcome {
    let team = Team::published()?;
    let seen = team.open()?.seen()?;
    let mut files = Vec::new();
    all_files(&team.dir().join("log/churn"), &mut files)?;
    files.sort();
    // The promotion: the last statement about the model, so no other names it.
    let last = files.last().ok_or("statements")?;
    let bytes = fs::read(last)?;
    fs::remove_file(last)?;
    let reader = Registry::open(&team.dir(), OpenOptions { seen: Some(seen.clone()), ..OpenOptions::default() })?;
    let report = reader.verify(&mut Watch::silent())?;
    assert!(codes(&report).contains(&"statement_missing"), "{:?}", codes(&report));
    // It could have been a withdrawal: nothing is given out, and its author signs nothing that does not rest on it.
    let (to, wanted) = (team.room.path().join("out"), "churn/1".parse::<Wanted>()?);
    let fetched = reader.fetch(&wanted, &to, &mut Watch::silent());
    assert!(matches!(fetched, Err(RegistryError::Incomplete { .. })), "{fetched:?}");
    let moved = reader.promote(&team.ann, &churn(), "canary", 1, "try");
    assert!(matches!(moved, Err(RegistryError::Incomplete { .. })), "{moved:?}");
    assert_eq!(reader.seen()?, seen, "what was seen stays in memory");
    fs::write(last, bytes)?;
    reader.promote(&team.ann, &churn(), "canary", 1, "try")?;
    reader.fetch(&wanted, &to, &mut Watch::silent())?;
    Ok(())
}

#[test]
fn parts_of_two_versions_do_not_mix() -> Outcome {
    let team = Team::published()?;
    let registry = team.open()?;
    fs::write(team.source().join("model.pkl"), [8u8; 300])?;
    let second = team.approved(&registry, "second")?;
    registry.publish(&team.ann, second, &mut Watch::silent())?;
    assert_whole(&team.verify()?, "two versions");
    let (one, two) = (team.dir().join("models/churn/version-1"), team.dir().join("models/churn/version-2"));
    for part in ["model", "model.sig", "manifest.json", "statements", "meta.yaml", "evidence"] {
        let (a, b, aside) = (one.join(part), two.join(part), team.room.path().join("aside"));
        let swap = || -> std::io::Result<()> {
            fs::rename(&a, &aside)?;
            fs::rename(&b, &a)?;
            fs::rename(&aside, &b)
        };
        swap()?;
        let report = team.verify()?;
        assert!(report.verdict > RegistryVerdict::Ok, "{part} was exchanged: {:?}", codes(&report));
        for wanted in ["churn/1", "churn/2"] {
            let to = team.room.path().join("out");
            let fetched = team.open()?.fetch(&wanted.parse::<Wanted>()?, &to, &mut Watch::silent());
            assert!(fetched.is_err(), "{part} was exchanged, and {wanted} was given out");
        }
        swap()?;
    }
    assert_whole(&team.verify()?, "with everything back in place");
    Ok(())
}

#[test]
fn a_publisher_cannot_publish_what_was_not_approved() -> Outcome {
    let team = Team::new()?;
    let registry = team.open()?;
    let candidate = registry.submit(&team.ann, &team.submission("x"), &mut Watch::silent())?;
    let bundle = registry.state()?.candidates[&candidate].bundle;
    let model = churn();
    let body = StatementBody::Published { candidate, bundle, model: model.clone(), version: 1, proof: vec![] };
    let path = forge(&team, &team.ann, "log/churn", now(), body)?;
    let digest = {
        let text = fs::read(&path)?;
        let bundle: serde_json::Value = serde_json::from_slice(&text)?;
        let payload = bundle["dsseEnvelope"]["payload"].as_str().ok_or("a payload")?;
        use base64::Engine as _;
        let payload = base64::engine::general_purpose::STANDARD.decode(payload)?;
        use sha2::Digest as _;
        proofmark_domain::Digest::from_bytes(sha2::Sha256::digest(payload).into())
    };
    let claim = team.dir().join(layout::claim(&model, 1));
    fs::create_dir_all(claim.parent().ok_or("a folder")?)?;
    fs::write(&claim, layout::claim_text(&digest))?;
    let report = team.verify()?;
    assert!(codes(&report).contains(&"claim_refused"), "{:#?}", report.problems);
    assert_eq!(report.verdict, RegistryVerdict::Untrusted, "nobody approved it");
    assert!(registry.state()?.versions.is_empty(), "and it is no version");
    Ok(())
}

#[test]
fn a_folder_that_nobody_published_is_not_given_out() -> Outcome {
    let team = Team::published()?;
    let (one, nine) = (team.dir().join("models/churn/version-1"), team.dir().join("models/churn/version-9"));
    copy_tree(&one, &nine)?;
    let report = team.verify()?;
    assert!(codes(&report).contains(&"version_unknown"), "{:?}", codes(&report));
    let fetched =
        team.open()?.fetch(&"churn/9".parse::<Wanted>()?, &team.room.path().join("out"), &mut Watch::silent());
    assert!(fetched.is_err(), "it is not given out");
    Ok(())
}

#[test]
fn clocks_that_differ_change_nothing() -> Outcome {
    let team = Team::new()?;
    let skewed = |by: i64| -> Tried<Registry> {
        let clock = crate::support::Ahead::default();
        clock.0.store(by, std::sync::atomic::Ordering::Relaxed);
        let options = OpenOptions { clock: Some(std::sync::Arc::new(clock)), ..OpenOptions::default() };
        Ok(Registry::open(&team.dir(), options)?)
    };
    let day = 86_400_000;
    // Ann's clock is a day ahead, Bob's a day behind, the owner's right.
    let candidate = skewed(day)?.submit(&team.ann, &team.submission("x"), &mut Watch::silent())?;
    let bundle = team.open()?.state()?.candidates[&candidate].bundle;
    skewed(-day)?.approve(&team.bob, candidate, &bundle, "fine")?;
    team.open()?.admit(&team.owner, team.eve.card(), &BTreeSet::from([Role::Approver]))?;
    assert_eq!(skewed(day)?.publish(&team.ann, candidate, &mut Watch::silent())?, 1, "it goes its way");
    skewed(-day)?.promote(&team.ann, &churn(), "production", 1, "go")?;
    assert_whole(&team.verify()?, "whatever the clocks say");
    assert_eq!(team.open()?.state()?.aliased(&churn(), "production"), Some(1), "the last move counts");
    Ok(())
}

#[test]
fn names_in_a_manifest_that_leave_the_registry_are_refused_by_readers() -> Outcome {
    for bad in ["../../x", "/etc/passwd", "A/x\u{0}", "e\u{301}.bin", "nul.txt", "a\\b"] {
        let team = Team::new()?;
        let registry = team.open()?;
        // A submitter with their own tools: the manifest is signed, and no writer of ours would have taken it.
        let digest = "a".repeat(64);
        let manifest = serde_json::json!({
            "evidence": [], "files": [{"digest": format!("sha256:{digest}"), "path": bad, "size": 1}], "gates": [], "labels": [],
            "limits": "", "metrics": {}, "model": "churn", "purpose": "p",
        });
        let text = serde_json::to_vec(&manifest)?;
        let bundle = proofmark_domain::Digest::from_bytes(sha2::Sha256::digest(&text).into());
        let path = team.dir().join(layout::object(&bundle));
        fs::create_dir_all(path.parent().ok_or("a folder")?)?;
        fs::write(&path, text)?;
        let candidate = proofmark_domain::id::CandidateId::from_uuid(SystemClock.fresh(SystemClock.now()));
        let body = StatementBody::Submitted { candidate, bundle, model: churn(), note: String::new() };
        forge(&team, &team.ann, "log/churn", now(), body)?;
        let report = team.verify()?;
        assert_eq!(codes(&report), ["manifest_unfit"], "`{}`: {:#?}", bad.escape_debug(), report.problems);
        let result = registry.approve(&team.bob, candidate, &bundle, "fine");
        assert!(result.is_err(), "nobody can approve `{}`", bad.escape_debug());
    }
    Ok(())
}

#[cfg(unix)]
#[test]
fn links_in_a_registry_are_not_followed() -> Outcome {
    let team = Team::published()?;
    let secret = team.room.path().join("secret");
    fs::write(&secret, [7u8; 300])?;
    let file = team.dir().join("models/churn/version-1/model/model.pkl");
    fs::remove_file(&file)?;
    std::os::unix::fs::symlink(&secret, &file)?;
    let report = team.verify()?;
    assert_eq!(report.verdict, RegistryVerdict::Damaged, "the same bytes, behind a link: {:?}", codes(&report));
    let out = team.room.path().join("out");
    assert!(team.open()?.fetch(&"churn/1".parse::<Wanted>()?, &out, &mut Watch::silent()).is_err(), "not given out");
    Ok(())
}

#[test]
fn who_asks_to_join_may_do_nothing_yet() -> Outcome {
    let team = Team::new()?;
    let registry = team.open()?;
    registry.request_join(&team.eve, "I am new here")?;
    registry.request_join(&team.eve, "again")?;
    let state = registry.state()?;
    assert_eq!(state.requests.len(), 1, "asked once");
    assert_eq!(state.requests[0].person.key_id, team.eve.key_id(), "with the key to be compared");
    assert_whole(&team.verify()?, "asking is no fault");
    assert!(registry.submit(&team.eve, &team.submission("x"), &mut Watch::silent()).is_err(), "nothing else");
    registry.admit(&team.owner, team.eve.card(), &BTreeSet::from([Role::Submitter]))?;
    assert!(registry.state()?.requests.is_empty(), "whoever is admitted waits no more");
    Ok(())
}

#[test]
fn owners_who_change_the_list_at_once_both_succeed() -> Outcome {
    let team = Team::new()?;
    let olaf = person("Olaf")?;
    team.open()?.admit(&team.owner, olaf.card(), &BTreeSet::from([Role::Owner]))?;
    let people: Vec<Signer> = (0..6).map(|number| person(&format!("P{number}"))).collect::<Result<_, _>>()?;
    std::thread::scope(|scope| -> Outcome {
        let mut threads = Vec::new();
        for (index, new) in people.iter().enumerate() {
            let (team, olaf) = (&team, &olaf);
            threads.push(scope.spawn(move || {
                let registry = team.open().map_err(|error| error.to_string())?;
                let owner = if index % 2 == 0 { &team.owner } else { olaf };
                registry.admit(owner, new.card(), &BTreeSet::from([Role::Submitter])).map_err(|error| error.to_string())
            }));
        }
        for thread in threads {
            thread.join().map_err(|_| "an owner's thread panicked")??;
        }
        Ok(())
    })?;
    let state = team.open()?.state()?;
    for new in &people {
        assert!(state.people.contains_key(&new.card().id), "{} was admitted", new.card().name);
    }
    assert_whole(&team.verify()?, "after six changes at once");
    Ok(())
}

/// How many random changes are tried; the nightly run asks for more.
fn changes() -> usize {
    std::env::var("PROOFMARK_CHANGES").ok().and_then(|it| it.parse().ok()).unwrap_or(60)
}

#[test]
fn random_changes_of_one_byte_are_found() -> Outcome {
    let team = Team::published()?;
    let mut files = Vec::new();
    all_files(&team.dir().join("models/churn/version-1"), &mut files)?;
    files.sort();
    // A fixed sequence, so that what fails can be tried again.
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = |below: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (seed % below.max(1) as u64) as usize
    };
    let sizes: Vec<u64> = files.iter().map(|it| fs::metadata(it).map_or(0, |it| it.len())).collect();
    let total: u64 = sizes.iter().sum();
    for round in 0..changes() {
        // Every byte of the version is as likely as any other.
        let mut at = random(total as usize) as u64;
        let index = sizes
            .iter()
            .position(|size| {
                if at < *size {
                    true
                } else {
                    at -= size;
                    false
                }
            })
            .unwrap_or_default();
        let file = &files[index];
        let bytes = fs::read(file)?;
        let mut changed = bytes.clone();
        changed[at as usize] ^= 1 << random(8);
        fs::remove_file(file)?;
        fs::write(file, &changed)?;
        let report = team.verify()?;
        assert!(report.verdict > RegistryVerdict::Ok, "round {round}: byte {at} of {} went unseen", file.display());
        assert!(report.problems.iter().all(|it| !it.mend.is_empty()), "each says what mends it");
        fs::remove_file(file)?;
        fs::write(file, &bytes)?;
    }
    assert_whole(&team.verify()?, "with every byte back in place");
    Ok(())
}

#[test]
fn a_destroyed_version_is_gone_and_still_explained() -> Outcome {
    let team = Team::published()?;
    let registry = team.open()?;
    registry.withdraw(&team.ann, &churn(), 1, None, "a person asked to be forgotten")?;
    assert!(registry.destroy(&team.ann, &churn(), 1, "erasure").is_err(), "owners only");
    registry.destroy(&team.owner, &churn(), 1, "erasure")?;
    assert!(!team.dir().join("models/churn/version-1").exists(), "its folder is gone");
    let mut objects = Vec::new();
    all_files(&team.dir().join("objects"), &mut objects)?;
    let model = [7u8; 300];
    let left = objects.iter().filter(|it| fs::read(it).is_ok_and(|bytes| bytes == model)).count();
    assert_eq!(left, 0, "so are its bytes");
    assert_whole(&team.verify()?, "what is destroyed is not missing");
    let state = registry.state()?;
    assert_eq!(
        state.version(&churn(), 1).and_then(|it| it.destroyed.as_ref()).map(|it| it.reason.as_str()),
        Some("erasure")
    );
    Ok(())
}

#[test]
fn a_mirror_is_a_registry_and_takes_nothing_damaged() -> Outcome {
    let team = Team::published()?;
    let copy = team.room.path().join("mirror");
    let first = team.open()?.mirror(&copy, &mut Watch::silent())?;
    assert!(first.files > 20, "everything was copied: {first:?}");
    let options = OpenOptions { trusted_owner: Some(team.owner.key_id().to_owned()), ..OpenOptions::default() };
    assert_whole(&Registry::open(&copy, options)?.verify(&mut Watch::silent())?, "the copy");
    let registry = team.open()?;
    let second = team.approved(&registry, "second")?;
    registry.publish(&team.ann, second, &mut Watch::silent())?;
    let more = team.open()?.mirror(&copy, &mut Watch::silent())?;
    assert!(more.files > 0 && more.files < first.files, "only what is new: {more:?}");
    let file = team.dir().join("models/churn/version-1/model/model.pkl");
    fs::remove_file(&file)?;
    fs::write(&file, "other")?;
    assert!(team.open()?.mirror(&copy, &mut Watch::silent()).is_err(), "a damaged registry is not copied");
    Ok(())
}

#[test]
fn an_alias_goes_back_to_the_version_before() -> Outcome {
    let team = Team::published()?;
    let registry = team.open()?;
    for number in 2..=3 {
        let candidate = team.approved(&registry, &format!("version {number}"))?;
        registry.publish(&team.ann, candidate, &mut Watch::silent())?;
        registry.promote(&team.ann, &churn(), "production", number, "newer")?;
    }
    registry.set_frozen(&team.owner, true, "incident")?;
    assert!(registry.promote(&team.ann, &churn(), "production", 1, "x").is_err(), "nothing is promoted meanwhile");
    assert_eq!(registry.roll_back(&team.ann, &churn(), "production", None, "errors")?, 2, "but going back is possible");
    registry.set_frozen(&team.owner, false, "over")?;
    registry.withdraw(&team.ann, &churn(), 2, Some(1), "wrong too")?;
    assert_eq!(registry.roll_back(&team.ann, &churn(), "production", None, "errors")?, 3, "past what is withdrawn");
    assert!(registry.roll_back(&team.ann, &churn(), "canary", Some(1), "x").is_err(), "an alias that never was");
    let state = registry.state()?;
    assert_eq!(state.version(&churn(), 2).and_then(|it| it.withdrawn.as_ref()).and_then(|it| it.replacement), Some(1));
    assert_eq!(state.aliases[&churn()]["production"].history.len(), 5, "every move is kept");
    assert_whole(&team.verify()?, "after going back and forth");
    Ok(())
}

#[test]
fn whatever_lies_in_the_way_is_reported_and_the_check_goes_on() -> Outcome {
    let odd: [(&str, &str); 9] = [
        ("models/churn/meta.yaml", "folder"),
        ("models/churn/aliases", "file"),
        ("models/churn/version-1/model.sig", "folder"),
        ("claims/churn/1", "folder"),
        ("claims/churn", "file"),
        ("log/churn", "file"),
        ("objects", "file"),
        ("claims/_registry/1", "large"),
        ("models/evil/meta.yaml", "new"),
    ];
    for (path, what) in odd {
        let team = Team::published()?;
        let at = team.dir().join(path);
        if at.is_dir() {
            fs::remove_dir_all(&at)?;
        } else if at.exists() {
            fs::remove_file(&at)?;
        }
        fs::create_dir_all(at.parent().ok_or("a folder")?)?;
        match what {
            "folder" => fs::create_dir(&at)?,
            "large" => fs::File::create(&at)?.set_len(65 * 1024 * 1024)?,
            _ => fs::write(&at, "x")?,
        }
        let report = team.verify().map_err(|error| format!("{path} stopped the check: {error}"))?;
        assert!(report.verdict > RegistryVerdict::Ok, "{path} as a {what}: {report:?}");
    }
    #[cfg(unix)]
    for path in ["models/churn/version-1", "models/other", "log/churn"] {
        let team = Team::published()?;
        let (at, away) = (team.dir().join(path), team.room.path().join("away"));
        if at.exists() {
            fs::rename(&at, &away)?;
        } else {
            copy_tree(&team.dir().join("models/churn"), &away)?;
        }
        std::os::unix::fs::symlink(&away, &at)?;
        let report = team.verify()?;
        assert!(report.verdict > RegistryVerdict::Ok, "{path} as a link: {report:?}");
    }
    Ok(())
}

/// Writes a file in the log whose payload its author signed as it is.
fn forge_payload(team: &Team, signer: &Signer, statement: &Statement, payload: Vec<u8>) -> Tried<PathBuf> {
    let path = team.dir().join("log/churn").join(layout::statement_name(statement));
    fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
    fs::write(&path, dsse::Bundle::sign(dsse::IN_TOTO, payload, signer).to_bytes()?)?;
    Ok(path)
}

/// A statement and the payload that is signed for it.
fn drafted(team: &Team, signer: &Signer, body: StatementBody) -> Tried<(Statement, serde_json::Value)> {
    let state = team.open()?.state()?;
    let statement = Statement {
        id: StatementId::from_uuid(SystemClock.fresh(SystemClock.now())),
        registry: state.id,
        at: SystemClock.now(),
        author: signer.card().id,
        key_id: signer.key_id().to_owned(),
        previous: None,
        trust: state.trust_statement,
        body,
    };
    let (bytes, _) = statement::sign(&statement, signer)?;
    let bundle: serde_json::Value = serde_json::from_slice(&bytes)?;
    let payload = bundle["dsseEnvelope"]["payload"].as_str().ok_or("a payload")?;
    let payload = base64::engine::general_purpose::STANDARD.decode(payload)?;
    Ok((statement, serde_json::from_slice(&payload)?))
}

fn promotion(from: Option<Timestamp>) -> StatementBody {
    let (alias, reason) = ("staging".to_owned(), "try".to_owned());
    StatementBody::Promoted { model: churn(), alias, version: 1, reason, from }
}

#[test]
fn a_statement_that_says_more_than_is_understood_counts_for_nothing() -> Outcome {
    let team = Team::published()?;
    let (statement, payload) = drafted(&team, &team.ann, promotion(None))?;
    let (mut more, mut kind, mut newer) = (payload.clone(), payload.clone(), payload.clone());
    more["predicate"]["only_if"] = "approved twice".into();
    kind["predicate"]["kind"] = "quarantined".into();
    newer["predicateType"] = "https://proofmark.dev/statement/v9".into();
    let mut forms: Vec<Vec<u8>> = Vec::new();
    for value in [&more, &kind, &newer] {
        forms.push(serde_json::to_vec(value)?);
    }
    forms.push(serde_json::to_vec_pretty(&payload)?);
    let text = String::from_utf8(serde_json::to_vec(&payload)?)?;
    forms.push(text.replace("\"version\":1", "\"version\":2,\"version\":1").into_bytes());
    for form in forms {
        let path = forge_payload(&team, &team.ann, &statement, form)?;
        let report = team.verify()?;
        assert_eq!(codes(&report), ["statement_unknown"], "{:#?}", report.problems);
        assert_eq!(report.verdict, RegistryVerdict::Untrusted, "its author did sign it");
        assert_eq!(team.open()?.state()?.aliased(&churn(), "staging"), None, "it moves no alias");
        fs::remove_file(path)?;
    }
    Ok(())
}

#[test]
fn a_promotion_with_a_time_is_of_a_kind_that_older_readers_refuse() -> Outcome {
    let team = Team::published()?;
    let later = Timestamp::from_ms(now() + 3_600_000);
    let (_, at_once) = drafted(&team, &team.ann, promotion(None))?;
    let (statement, planned) = drafted(&team, &team.ann, promotion(Some(later)))?;
    assert_eq!(at_once["predicateType"], statement::PREDICATE, "as ever");
    assert_eq!(planned["predicateType"], statement::PREDICATE_2, "a reader of before passes it over");
    let mut before = planned;
    before["predicateType"] = statement::PREDICATE.into();
    forge_payload(&team, &team.ann, &statement, serde_json::to_vec(&before)?)?;
    let state = team.open()?.state()?;
    assert_eq!(state.aliased(&churn(), "staging"), None, "its time has not come");
    let plan = state.aliases[&churn()]["staging"].planned().map(|it| it.version);
    assert_eq!(plan, Some(1), "plans that were signed before there was a kind for them still wait");
    Ok(())
}

#[test]
fn whoever_asks_to_join_cannot_take_the_last_place_in_the_order() -> Outcome {
    let team = Team::published()?;
    let registry = team.open()?;
    for (id, at) in [((1i64 << 48) - 1, now()), (now() + 86_400_000, now())] {
        let request = StatementBody::JoinRequested { person: team.eve.card().clone(), note: String::new() };
        let forged = Statement {
            id: StatementId::from_uuid(SystemClock.fresh(Timestamp::from_ms(id))),
            registry: registry.id(),
            at: Timestamp::from_ms(at),
            author: team.eve.card().id,
            key_id: team.eve.key_id().to_owned(),
            previous: None,
            trust: None,
            body: request,
        };
        let (bytes, _) = statement::sign(&forged, &team.eve)?;
        fs::write(team.dir().join("log/_registry").join(layout::statement_name(&forged)), bytes)?;
    }
    assert_eq!(codes(&team.verify()?), ["statement_ahead", "statement_ahead"], "it is named");
    let candidate = team.approved(&registry, "after it")?;
    assert_eq!(registry.publish(&team.ann, candidate, &mut Watch::silent())?, 2, "and stops nobody");
    Ok(())
}

#[test]
fn a_manifest_that_is_none_becomes_no_candidate_and_no_version() -> Outcome {
    let team = Team::published()?;
    let registry = team.open()?;
    let manifest = fs::read_to_string(team.dir().join("models/churn/version-1/manifest.json"))?;
    let value: serde_json::Value = serde_json::from_str(&manifest)?;
    let (mut more, mut huge) = (value.clone(), value.clone());
    more["only_for"] = "tests".into();
    for file in huge["files"].as_array_mut().into_iter().flatten() {
        file["size"] = u64::MAX.into();
    }
    let texts = [
        serde_json::to_string_pretty(&value)?,
        serde_json::to_string(&more)?,
        serde_json::to_string(&huge)?,
        manifest.replace("data/vocab.txt", "../../vocab.txt"),
        manifest.replace("\"purpose\"", "\"purpose\":\"other\",\"purpose\""),
    ];
    for text in texts {
        let bundle = proofmark_domain::Digest::from_bytes(sha2::Sha256::digest(text.as_bytes()).into());
        let object = team.dir().join(layout::object(&bundle));
        fs::create_dir_all(object.parent().unwrap_or(Path::new(".")))?;
        fs::write(&object, &text)?;
        let candidate = proofmark_domain::id::CandidateId::from_uuid(SystemClock.fresh(SystemClock.now()));
        let body = StatementBody::Submitted { candidate, bundle, model: churn(), note: String::new() };
        let path = forge(&team, &team.ann, "log/churn", now(), body)?;
        let report = team.verify()?;
        assert_eq!(codes(&report), ["manifest_unfit"], "{text}: {:#?}", report.problems);
        assert!(!registry.state()?.candidates.contains_key(&candidate), "nobody is asked to approve it");
        let to = team.room.path().join("copy");
        registry.mirror(&to, &mut Watch::silent())?;
        assert!(to.join("models/churn/version-1/model.sig").is_file(), "and it keeps nobody from a copy");
        fs::remove_dir_all(&to)?;
        fs::remove_file(path)?;
        fs::remove_file(object)?;
    }
    Ok(())
}

#[test]
fn numbers_cannot_be_used_up() -> Outcome {
    let team = Team::published()?;
    let registry = team.open()?;
    let claims = team.dir().join("claims/churn");
    for false_number in ["18446744073709551615", "999999999"] {
        fs::copy(claims.join("1"), claims.join(false_number))?;
    }
    assert_ne!(team.verify()?.verdict, RegistryVerdict::Ok, "it is named");
    let candidate = team.approved(&registry, "second")?;
    assert_eq!(registry.publish(&team.ann, candidate, &mut Watch::silent())?, 2, "nobody published those numbers");
    fs::write(claims.join("999999999"), layout::claim_text(&proofmark_domain::Digest::from_bytes([7; 32])))?;
    let candidate = team.approved(&registry, "third")?;
    let result = registry.publish(&team.ann, candidate, &mut Watch::silent());
    assert!(matches!(result, Err(RegistryError::Damaged { .. })), "the claim is named: {result:?}");
    Ok(())
}

#[test]
fn a_claim_that_was_cut_short_and_is_dated_ahead_can_be_taken_over() -> Outcome {
    let team = Team::published()?;
    let registry = team.open()?;
    let claim = fs::File::create(team.dir().join("claims/churn/2"))?;
    claim.set_modified(std::time::SystemTime::now() + std::time::Duration::from_secs(100_000_000))?;
    let candidate = team.approved(&registry, "second")?;
    assert_eq!(registry.publish(&team.ann, candidate, &mut Watch::silent())?, 2, "nobody is writing it");
    Ok(())
}

#[test]
fn nothing_is_copied_into_the_registry_itself() -> Outcome {
    let team = Team::published()?;
    let registry = team.open()?;
    let inside = team.dir().join("models/churn/version-9");
    let around = team.source().join("../registry/copy");
    for to in [&inside, &around] {
        let wanted: Wanted = "churn/1".parse()?;
        let fetched = registry.fetch(&wanted, to, &mut Watch::silent());
        assert!(matches!(fetched, Err(RegistryError::Invalid(_))), "{fetched:?}");
        assert!(registry.view_to(to, &mut Watch::silent()).is_err(), "a view neither");
        assert!(registry.mirror(to, &mut Watch::silent()).is_err(), "a mirror neither");
        assert!(!to.exists(), "nothing was made");
    }
    assert_whole(&team.verify()?, "nothing came in");
    Ok(())
}

#[test]
fn files_that_are_named_as_synchronisers_name_theirs_are_released_like_others() -> Outcome {
    let team = Team::new()?;
    let registry = team.open()?;
    fs::create_dir_all(team.source().join("part (2)"))?;
    let mut submission = team.submission("odd names");
    for name in ["weights (1).bin", "part (2)/x.tmp"] {
        fs::write(team.source().join(name), name)?;
        submission.files.push(SourceFile { path: name.to_owned(), source: team.source().join(name) });
    }
    let candidate = registry.submit(&team.ann, &submission, &mut Watch::silent())?;
    let bundle = registry.state()?.candidates[&candidate].bundle;
    registry.approve(&team.bob, candidate, &bundle, "fine")?;
    registry.publish(&team.ann, candidate, &mut Watch::silent())?;
    assert_whole(&team.verify()?, "published");
    let (copy, out) = (team.room.path().join("copy"), team.room.path().join("out"));
    registry.mirror(&copy, &mut Watch::silent())?;
    registry.fetch(&"churn".parse()?, &out, &mut Watch::silent())?;
    for folder in [copy.join("models/churn/version-1"), out] {
        assert!(folder.join("model/part (2)/x.tmp").is_file(), "{} has all of it", folder.display());
    }
    submission.model = proofmark_domain::release::ModelName::new("churn.tmp")?;
    let refused = registry.submit(&team.ann, &submission, &mut Watch::silent());
    assert!(matches!(refused, Err(RegistryError::Invalid(_))), "its statements would be passed over: {refused:?}");
    Ok(())
}

#[test]
fn a_file_that_is_too_large_for_a_statement_is_not_read() -> Outcome {
    let team = Team::published()?;
    let name = format!("{}-{}.json", SystemClock.fresh(SystemClock.now()), "0".repeat(12));
    let file = fs::File::create(team.dir().join("log/churn").join(name))?;
    file.set_len(60 * 1024 * 1024)?;
    assert_eq!(codes(&team.verify()?), ["statement_unreadable"], "it is named");
    let registry = team.open()?;
    let candidate = team.approved(&registry, "second")?;
    assert_eq!(registry.publish(&team.ann, candidate, &mut Watch::silent())?, 2, "and stops nobody");
    Ok(())
}

#[test]
fn the_small_program_takes_no_option_that_it_does_not_know() -> Outcome {
    let team = Team::published()?;
    let run = |arguments: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_proofmark-verify"));
        command.args(arguments).output()
    };
    let dir = team.dir().display().to_string();
    let wrong = "0".repeat(64);
    let (owner, joined) = (team.owner.key_id(), format!("--owner={wrong}"));
    let all: [(&[&str], i32); 8] = [
        (&["registry", &dir, "--owner", owner], 0),
        (&["registry", &dir, "--onwer", &wrong], 2),
        (&["registry", &dir, "--owner", ""], 2),
        (&["registry", &dir, &joined], 1),
        (&["fetch", &dir, "churn@nowhere", "--to", "x"], 2),
        (&["fetch", &dir, "churn/77", "--to", "x"], 2),
        (&["model", &dir, "--signature", "x"], 2),
        (&["--help"], 0),
    ];
    for (arguments, code) in all {
        let output = run(arguments)?;
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", String::from_utf8_lossy(&output.stdout));
        if code == 2 {
            let document: serde_json::Value = serde_json::from_slice(&output.stdout)?;
            assert!(document["error"]["hints"].is_array(), "as every error document: {document}");
        }
    }
    Ok(())
}

#[test]
fn a_registry_without_its_first_file_is_a_damaged_one() -> Outcome {
    let team = Team::published()?;
    let dir = team.dir();
    for text in [None, Some("{}"), Some("")] {
        match text {
            Some(text) => fs::write(dir.join(layout::MARKER), text)?,
            None => fs::remove_file(dir.join(layout::MARKER))?,
        }
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_proofmark-verify"));
        let output = command.arg("registry").arg(&dir).output()?;
        let document: serde_json::Value = serde_json::from_slice(&output.stdout)?;
        assert_eq!(output.status.code(), Some(1), "{document}");
        assert_eq!(document["verdict"], "damaged", "{document}");
        assert_eq!(document["problems"][0]["code"], "marker_unreadable", "{document}");
    }
    Ok(())
}

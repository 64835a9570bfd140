//! What somebody with write access to the directory can do to it, and that it shows.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use proofmark_domain::id::StatementId;
use proofmark_domain::person::Role;
use proofmark_domain::registry::RegistryVerdict;
use proofmark_domain::release::{Statement, StatementBody};
use proofmark_registry::registry::Registry;
use proofmark_registry::{Clock, Signer, SystemClock, Wanted, Watch, layout, statement};

use crate::support::{Outcome, Team, all_files, assert_whole, churn, codes};

#[test]
fn one_changed_byte_in_any_file_shows() -> Outcome {
    let team = Team::published()?;
    let mut files = Vec::new();
    all_files(&team.dir(), &mut files)?;
    assert!(files.len() > 20, "a version has many parts");
    for file in &files {
        let bytes = fs::read(file)?;
        let step = (bytes.len() / 3).max(1);
        for at in (0..bytes.len()).step_by(step).chain([bytes.len() - 1]) {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            // Written as a new file: objects and versions share their bytes by a second name.
            fs::remove_file(file)?;
            fs::write(file, &changed)?;
            match team.open().and_then(|it| Ok(it.verify(&mut Watch::silent())?)) {
                Ok(report) => assert!(
                    report.verdict != RegistryVerdict::Ok && !report.problems.is_empty(),
                    "byte {at} of {} was changed and nobody noticed",
                    file.display()
                ),
                // The file that makes it a registry no longer reads.
                Err(_) => {
                    assert!(file.ends_with("proofmark-registry.json"), "{} cannot stop the check", file.display())
                }
            }
        }
        fs::remove_file(file)?;
        fs::write(file, &bytes)?;
    }
    assert_whole(&team.verify()?, "with every byte back in place");
    Ok(())
}

#[test]
fn files_added_or_removed_show() -> Outcome {
    let team = Team::published()?;
    let version = team.dir().join("models/churn/version-1");
    let mut files = Vec::new();
    all_files(&version, &mut files)?;
    // An endorsement may have come after the publication; everything else was there.
    for file in files {
        let bytes = fs::read(&file)?;
        fs::remove_file(&file)?;
        let report = team.verify()?;
        assert_eq!(report.verdict, RegistryVerdict::Damaged, "{} is missing: {:?}", file.display(), codes(&report));
        fs::write(&file, bytes)?;
    }
    for added in ["model/sitecustomize.py", "evidence/more.html", "x"] {
        fs::write(version.join(added), "x")?;
        let report = team.verify()?;
        assert_eq!(codes(&report), ["file_unexpected"], "{added} was added");
        let out = team.room.path().join("out");
        assert!(
            team.open()?.fetch(&"churn/1".parse::<Wanted>()?, &out, &mut Watch::silent()).is_err(),
            "and not given out"
        );
        assert!(!out.exists(), "nothing was copied");
        fs::remove_file(version.join(added))?;
    }
    Ok(())
}

#[test]
fn names_of_others_are_passed_over_and_listed() -> Outcome {
    let team = Team::published()?;
    for name in [
        ".DS_Store",
        "log/churn/.nfs0000000001",
        "log/_registry/x.sync-conflict-20260101-101010-ABCDEF.json",
        "claims/churn/1 (1)",
        "models/churn/aliases/production (conflicted copy)",
        "models/churn/version-1/model/model (1).pkl",
        "models/churn/version-1/model/registered_model_meta",
        "notes.txt",
    ] {
        fs::write(team.dir().join(name), "x")?;
    }
    let report = team.verify()?;
    assert_whole(&report, "with foreign names about");
    assert_eq!(report.ignored.len(), 8, "each is listed: {:#?}", report.ignored);
    Ok(())
}

#[test]
fn aliases_claims_and_manifests_cannot_be_exchanged() -> Outcome {
    let team = Team::published()?;
    let registry = team.open()?;
    let second = team.approved(&registry, "second")?;
    registry.publish(&team.ann, second, &mut Watch::silent())?;
    assert_whole(&team.verify()?, "two versions");
    let change = |path: &str, text: &[u8], code: &str, verdict: RegistryVerdict| -> Outcome {
        let path = team.dir().join(path);
        let before = fs::read(&path)?;
        fs::write(&path, text)?;
        let report = team.verify()?;
        assert!(codes(&report).contains(&code), "{}: {:?}", path.display(), report.problems);
        assert_eq!(report.verdict, verdict, "{}", path.display());
        fs::write(&path, before)?;
        Ok(())
    };
    change("models/churn/aliases/production", b"2", "view_changed", RegistryVerdict::Damaged)?;
    let claim = fs::read(team.dir().join("claims/churn/2"))?;
    change("claims/churn/1", &claim, "claim_refused", RegistryVerdict::Damaged)?;
    let manifest = fs::read(team.dir().join("models/churn/version-2/manifest.json"))?;
    change("models/churn/version-1/manifest.json", &manifest, "file_changed", RegistryVerdict::Damaged)?;
    let signature = fs::read(team.dir().join("models/churn/version-2/model.sig"))?;
    change("models/churn/version-1/meta.yaml", &signature, "file_changed", RegistryVerdict::Damaged)?;
    fs::remove_file(team.dir().join("claims/churn/1"))?;
    let report = team.verify()?;
    assert!(
        report.verdict >= RegistryVerdict::Incomplete && codes(&report).contains(&"claim_missing"),
        "{:?}",
        codes(&report)
    );
    Ok(())
}

/// Writes a statement as its author could with any text editor and their key.
fn slip_in(
    team: &Team,
    registry: &Registry,
    signer: &Signer,
    folder: &str,
    body: StatementBody,
) -> Result<PathBuf, Box<dyn std::error::Error>> {
    let later = proofmark_domain::Timestamp::from_ms(SystemClock.now().ms() + 60_000);
    let forged = Statement {
        id: StatementId::from_uuid(SystemClock.fresh(later)),
        registry: registry.id(),
        at: later,
        author: signer.card().id,
        key_id: signer.key_id().to_owned(),
        previous: None,
        trust: registry.state()?.trust_statement,
        body,
    };
    let (bytes, _) = statement::sign(&forged, signer)?;
    let path = team.dir().join(folder).join(layout::statement_name(&forged));
    fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
    fs::write(&path, bytes)?;
    Ok(path)
}

#[test]
fn rules_hold_for_what_was_slipped_in() -> Outcome {
    let team = Team::new()?;
    let registry = team.open()?;
    let all = BTreeSet::from([Role::Submitter, Role::Approver, Role::Publisher]);
    registry.admit(&team.owner, team.ann.card(), &all)?;
    let candidate = registry.submit(&team.ann, &team.submission("x"), &mut Watch::silent())?;
    let bundle = registry.state()?.candidates[&candidate].bundle;
    let approval = || StatementBody::Approved { candidate, bundle, reason: "me".to_owned() };
    // The list as it holds, with Eve added by somebody who may not.
    let state = registry.state()?;
    let admitted = |signer: &Signer| {
        let (list, statement) = (state.trust.clone().expect("a list"), state.trust_statement.expect("its statement"));
        let mut list = list.next(statement, &BTreeMap::new());
        list.admit(signer.card(), &all, SystemClock.now());
        StatementBody::TrustProposed { list, reason: "let me in".to_owned() }
    };
    for (signer, folder, body, code) in [
        (&team.ann, "log/churn", approval(), "author_decides"),
        (&team.eve, "log/churn", approval(), "signer_unknown"),
        (&team.bob, "log/other", approval(), "statement_misplaced"),
        (&team.bob, "log/_registry", admitted(&team.eve), "role_missing"),
        (&team.eve, "log/_registry", admitted(&team.eve), "signer_unknown"),
    ] {
        let path = slip_in(&team, &registry, signer, folder, body)?;
        let report = team.verify()?;
        assert_eq!(codes(&report), [code], "{folder}: {:#?}", report.problems);
        assert_eq!(report.verdict, RegistryVerdict::Untrusted, "{code}");
        assert!(registry.state()?.candidates[&candidate].decisions.is_empty(), "{code}: it counts for nothing");
        fs::remove_file(path)?;
    }
    Ok(())
}

#[test]
fn copies_and_replays_count_for_nothing() -> Outcome {
    let (team, other) = (Team::published()?, Team::published()?);
    let find = |team: &Team| -> Result<PathBuf, Box<dyn std::error::Error>> {
        let mut files = Vec::new();
        all_files(&team.dir().join("log/churn"), &mut files)?;
        let bob: String = team.bob.key_id().chars().take(12).collect();
        Ok(files.into_iter().find(|it| it.to_string_lossy().contains(&bob)).ok_or("Bob's approval")?)
    };
    let approval = find(&team)?;
    let name = approval.file_name().ok_or("a name")?;
    // Sorted before the genuine folder, so that order cannot decide.
    let copy = team.dir().join("log/aaa").join(name);
    fs::create_dir_all(team.dir().join("log/aaa"))?;
    fs::copy(&approval, &copy)?;
    let report = team.verify()?;
    assert_eq!(codes(&report), ["statement_copied"], "{:#?}", report.problems);
    assert_eq!(report.versions[0].verdict, RegistryVerdict::Ok, "the genuine one still counts");
    fs::remove_dir_all(team.dir().join("log/aaa"))?;

    let foreign = find(&other)?;
    fs::copy(&foreign, team.dir().join("log/churn").join(foreign.file_name().ok_or("a name")?))?;
    assert_eq!(codes(&team.verify()?), ["signer_unknown"], "from another registry");
    // Even if the person is known here as well.
    team.open()?.admit(&team.owner, other.bob.card(), &BTreeSet::from([Role::Approver]))?;
    assert!(codes(&team.verify()?).contains(&"statement_misplaced"), "it was signed for the other registry");
    Ok(())
}

#[test]
fn a_revoked_key_signs_nothing_more_and_cannot_backdate() -> Outcome {
    let team = Team::published()?;
    let registry = team.open()?;
    let candidate = registry.submit(&team.ann, &team.submission("next"), &mut Watch::silent())?;
    let bundle = registry.state()?.candidates[&candidate].bundle;
    let before = proofmark_domain::Timestamp::from_ms(SystemClock.now().ms());
    registry.revoke_key(&team.owner, team.bob.key_id(), "laptop stolen", false)?;
    assert!(registry.approve(&team.bob, candidate, &bundle, "hm").is_err(), "the key is refused");
    assert_whole(&team.verify()?, "what it had approved still counts");
    // A thief backdates an approval to before the revocation.
    let forged = Statement {
        id: StatementId::from_uuid(SystemClock.fresh(before)),
        registry: registry.id(),
        at: before,
        author: team.bob.card().id,
        key_id: team.bob.key_id().to_owned(),
        previous: None,
        trust: registry.state()?.trust_statement,
        body: StatementBody::Approved { candidate, bundle, reason: "thief".to_owned() },
    };
    let (bytes, _) = statement::sign(&forged, &team.bob)?;
    fs::write(team.dir().join("log/churn").join(layout::statement_name(&forged)), bytes)?;
    let state = registry.state()?;
    assert!(state.candidates[&candidate].decisions.is_empty(), "it counts for nothing");
    assert_eq!(state.versions[&churn()].len(), 1, "and harms nothing");
    Ok(())
}

#[test]
fn a_missing_statement_shows_in_its_authors_chain() -> Outcome {
    let team = Team::published()?;
    let mut files = Vec::new();
    all_files(&team.dir().join("log/_registry"), &mut files)?;
    files.sort();
    // The admission of Ann, by which version 2 of the trust list holds: version 3 rests on it.
    fs::remove_file(files.get(1).ok_or("three statements")?)?;
    let report = team.verify()?;
    assert!(codes(&report).contains(&"statement_missing"), "{:?}", codes(&report));
    Ok(())
}

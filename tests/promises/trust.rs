//! Who may do what in a registry, by command line only: joining, thresholds, waivers, questions, freezing, mirrors, dossiers.

use std::fs;

use anyhow::{Context, ensure};
use proofmark_tests::{Desk, Outcome, SAMPLE_MODEL, Sandbox};
use serde_json::Value;

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

#[test]
fn somebody_asks_to_join_and_is_admitted_by_fingerprint() -> Outcome {
    let sandbox = Sandbox::new()?;
    let (ada, bob) = (Desk::new(&sandbox, "ada", "Ada")?, Desk::new(&sandbox, "bob", "Bob")?);
    let registry = sandbox.root().join("registry");
    ada.begin_registry(&registry)?;
    bob.attach(&registry)?;
    bob.cli.ok(["registry", "join", "--note", "I look after the models."])?;
    let shown = ada.cli.ok(["registry", "show"])?;
    let request = list(&shown["trust"]["requests"]).first().context("nobody asks")?.clone();
    ensure!(request["card"]["name"] == "Bob" && request["note"] == "I look after the models.", "{request}");
    let card = sandbox.write("bob.json", request["card"].to_string())?;
    let admit = |fingerprint: &str| {
        ada.cli.ask([
            "registry".as_ref(),
            "admit".as_ref(),
            card.as_os_str(),
            "--role".as_ref(),
            "approver".as_ref(),
            "--fingerprint".as_ref(),
            fingerprint.as_ref(),
        ])
    };
    admit("0000 0000 0000 0000")?.error(1, "verification_failed")?;
    let shown = admit(request["fingerprint"].as_str().context("a fingerprint")?)?.document(0)?;
    ensure!(list(&shown["people"]).iter().any(|it| it["card"]["name"] == "Bob"), "{}", shown["people"]);
    ensure!(list(&shown["trust"]["requests"]).is_empty(), "whoever is admitted waits no more");
    let (code, report) = bob.verify(&registry)?;
    ensure!(code == Some(0), "{report}");
    Ok(())
}

#[test]
fn a_registry_that_was_attached_before_comes_to_the_front_again() -> Outcome {
    let sandbox = Sandbox::new()?;
    let ada = Desk::new(&sandbox, "ada", "Ada")?;
    let (first, second) = (sandbox.root().join("first"), sandbox.root().join("second"));
    ada.begin_registry(&first)?;
    ada.begin_registry(&second)?;
    ada.attach(&first)?;
    let shown = ada.cli.ok(["registry", "show"])?;
    ensure!(shown["path"].as_str().is_some_and(|it| it.ends_with("first")), "{}", shown["path"]);

    // Another one in its place is not taken for it.
    fs::rename(&first, sandbox.root().join("moved"))?;
    fs::rename(&second, &first)?;
    let words = ["registry".as_ref(), "attach".as_ref(), first.as_os_str()];
    ada.cli.ask(words)?.error_with_hint(1, "verification_failed")?;
    Ok(())
}

#[test]
fn a_waiver_ends_and_what_a_rule_forbids_says_the_next_step() -> Outcome {
    let sandbox = Sandbox::new()?;
    let (ada, bob) = (Desk::new(&sandbox, "ada", "Ada")?, Desk::new(&sandbox, "bob", "Bob")?);
    let registry = sandbox.root().join("registry");
    ada.begin_registry(&registry)?;
    bob.attach(&registry)?;
    // By the fingerprint that was compared, and with an end.
    bob.cli.ok(["registry", "join"])?;
    let print = bob.cli.ok(["key", "list"])?["people"][0]["fingerprint"].clone();
    let print = print.as_str().context("a fingerprint")?;
    // A key that begins with a few given digits can be made on purpose.
    let part = print.get(..19).context("a fingerprint is longer")?;
    ada.cli.ask(["registry", "admit", part, "--role", "approver"])?.error_with_hint(2, "invalid_request")?;
    let shown = ada.cli.ok(["registry", "admit", print, "--role", "approver", "--until", "2099-06-30"])?;
    let person = list(&shown["people"]).iter().find(|it| it["card"]["name"] == "Bob").context("Bob")?;
    ensure!(person["keys"][0]["expires"] == "2099-06-30T23:59:59.999Z", "{person}");

    let project = sandbox.root().join("project");
    fs::create_dir_all(&project)?;
    fs::copy(proofmark_tests::repository().join("tests/fixtures/scoring/columns.onnx"), project.join("model.onnx"))?;
    let gate = "[[gate]]\nname = \"environment\"\nrequired = true\nwaivable_by = [\"approver\"]\nrule = \"environment_known\"\n";
    fs::write(project.join("proofmark.toml"), gate)?;
    ada.cli.ok(["project".as_ref(), "add".as_ref(), project.as_os_str()])?;
    let candidate = ada.submit(&project.join("model.onnx"), "credit", "The first one.")?;
    let waive = |end: &[&str]| {
        let words = ["release", "waive", &candidate, "environment", "--reason", "It is known to us."];
        bob.cli.ask(words.iter().chain(end))
    };
    waive(&["--expires", "2098-01-01"])?.error_with_hint(1, "blocked")?;
    waive(&["--expires", "2020-01-01"])?.error_with_hint(1, "blocked")?;
    let waived = waive(&[])?.document(0)?;
    ensure!(waived["waivers"][0]["expires"].is_string(), "a waiver has an end: {}", waived["waivers"]);
    let refused = ada.cli.ask(["release", "publish", &candidate])?.error_with_hint(1, "blocked")?;
    ensure!(refused["hints"][0].as_str().is_some_and(|it| it.contains("release approve")), "{refused}");
    Ok(())
}

#[test]
fn two_owners_change_the_trust_list_together() -> Outcome {
    let sandbox = Sandbox::new()?;
    let (ada, bob) = (Desk::new(&sandbox, "ada", "Ada")?, Desk::new(&sandbox, "bob", "Bob")?);
    let eve = Desk::new(&sandbox, "eve", "Eve")?;
    let registry = sandbox.root().join("registry");
    ada.begin_registry(&registry)?;
    ada.admit(&bob, &["owner", "approver"])?;
    bob.attach(&registry)?;
    ada.cli.ok(["registry", "policy", "--owners", "2", "--reason", "Nobody changes this alone."])?;
    let card = sandbox.write("eve.json", eve.cli.ok(["key", "card"])?.to_string())?;
    let shown = ada.cli.ok([
        "registry".as_ref(),
        "admit".as_ref(),
        card.as_os_str(),
        "--role".as_ref(),
        "approver".as_ref(),
    ])?;
    ensure!(
        !list(&shown["people"]).iter().any(|it| it["card"]["name"] == "Eve"),
        "one owner was enough: {}",
        shown["people"]
    );
    let proposal = list(&shown["trust"]["proposals"]).first().context("nothing waits")?.clone();
    ensure!(proposal["required"] == 2 && list(&proposal["signed"]) == ["Ada"], "{proposal}");
    let print = eve.cli.ok(["key", "list"])?["people"][0]["fingerprint"].clone();
    let print = print.as_str().context("a fingerprint")?;
    let told = proposal["changes"][0].as_str().unwrap_or_default();
    ensure!(told.contains(print), "the second owner has nothing to compare: {told}");
    let digest = proposal["list"].as_str().context("a digest")?;
    eve.attach(&registry)?;
    eve.cli.ask(["registry", "endorse", digest])?.error(1, "blocked")?;
    let shown = bob.cli.ok(["registry", "endorse", digest])?;
    ensure!(list(&shown["people"]).iter().any(|it| it["card"]["name"] == "Eve"), "two owners are enough: {shown}");
    let (code, report) = eve.verify(&registry)?;
    ensure!(code == Some(0), "{report}");

    // An older copy of the folder is not believed by whoever saw the newer one.
    let newest = registry.join("claims/_registry").join(shown["trust"]["version"].to_string());
    let claim = fs::read(&newest)?;
    fs::remove_file(&newest)?;
    let (code, report) = bob.verify(&registry)?;
    let codes: Vec<&str> = list(&report["problems"]).iter().filter_map(|it| it["code"].as_str()).collect();
    ensure!(code == Some(1) && codes.contains(&"trust_rolled_back"), "{report}");
    fs::write(&newest, claim)?;

    // A revoked key signs nothing more.
    let key =
        list(&shown["people"]).iter().find(|it| it["card"]["name"] == "Eve").context("Eve")?["fingerprint"].clone();
    let key = key.as_str().context("a fingerprint")?;
    let shown = ada.cli.ok(["registry", "revoke", key, "--reason", "A lost laptop."])?;
    let digest = list(&shown["trust"]["proposals"]).first().context("nothing waits")?["list"].clone();
    bob.cli.ok(["registry", "endorse", digest.as_str().context("a digest")?])?;
    let shown = ada.cli.ok(["registry", "show"])?;
    let eve = list(&shown["people"]).iter().find(|it| it["card"]["name"] == "Eve").context("Eve")?;
    ensure!(eve["revoked"] == true, "{eve}");
    Ok(())
}

#[test]
fn what_never_came_is_rejected_by_its_digest() -> Outcome {
    let sandbox = Sandbox::new()?;
    let (ada, bob) = (Desk::new(&sandbox, "ada", "Ada")?, Desk::new(&sandbox, "bob", "Bob")?);
    let model = ada.open_sample()?.join(SAMPLE_MODEL);
    let registry = sandbox.root().join("registry");
    ada.begin_registry(&registry)?;
    ada.admit(&bob, &["approver"])?;
    bob.attach(&registry)?;
    let candidate = ada.submit(&model, "credit", "The first one.")?;
    let shown = ada.cli.ok(["release", "show", &candidate])?;
    let bundle = shown["row"]["bundle"].as_str().context("a digest")?.to_owned();
    let hex = bundle.rsplit(':').next().unwrap_or(&bundle);
    let place = registry.join("objects/sha256").join(hex.get(..2).context("a digest")?).join(hex);
    fs::remove_file(&place).with_context(|| format!("{} is not there", place.display()))?;
    let reject = ["release", "reject", &candidate, "--reason", "Its manifest never came."];
    let refused = bob.cli.ask(reject)?.error_with_hint(2, "registry_unavailable")?;
    ensure!(refused["hints"][0].as_str().is_some_and(|it| it.contains("--bundle")), "{refused}");
    let approve = ["release", "approve", &candidate, "--reason", "Fine.", "--bundle", &bundle];
    bob.cli.ask(approve)?.error(2, "registry_unavailable")?;
    let rejected = bob.cli.ok(reject.iter().chain(&["--bundle", bundle.as_str()]))?;
    ensure!(rejected["candidate"] == candidate.as_str() && rejected["state"] == "rejected", "{rejected}");
    ensure!(list(&bob.cli.ok(["release", "list"])?["candidates"])[0]["state"] == "rejected", "it stays open");
    Ok(())
}

#[test]
fn a_release_is_discussed_frozen_explained_and_copied() -> Outcome {
    let sandbox = Sandbox::new()?;
    let (ada, bob) = (Desk::new(&sandbox, "ada", "Ada")?, Desk::new(&sandbox, "bob", "Bob")?);
    let model = ada.open_sample()?.join(SAMPLE_MODEL);
    let registry = sandbox.root().join("registry");
    ada.begin_registry(&registry)?;
    ada.admit(&bob, &["approver", "governance-reviewer"])?;
    bob.attach(&registry)?;
    let candidate = ada.submit(&model, "credit", "The first one.")?;
    let asked = bob.cli.ok(["release", "ask", &candidate, "Why is gender a feature?"])?;
    ensure!(list(&asked["questions"]).len() == 1, "{}", asked["questions"]);
    let answered = ada.cli.ok(["release", "answer", &candidate, "It is not used for decisions."])?;
    ensure!(list(&answered["questions"][0]["answers"]).len() == 1, "{}", answered["questions"]);
    bob.approve(&candidate)?;
    ada.cli.ok(["registry", "freeze", "--reason", "An incident."])?;
    ada.cli.ask(["release", "publish", &candidate])?.error(1, "blocked")?;
    ada.cli.ok(["registry", "thaw", "--reason", "It is over."])?;
    ada.publish(&candidate)?;

    // A plain joblib file is published with what MLflow needs to load it, and with what other tools read.
    let version = registry.join("models/credit/version-1");
    for file in [
        "model/MLmodel",
        "model/requirements.txt",
        "evidence/README.md",
        "evidence/bom.cdx.json",
        "evidence/provenance.json",
    ] {
        ensure!(version.join(file).is_file(), "{file} is not in the version's folder");
    }
    let consume = ada.cli.ok(["registry", "consume", "credit@production"])?;
    ensure!(consume["text"].as_str().is_some_and(|it| it.contains("models:/credit@production")), "{consume}");
    let manifests = ada.cli.ok(["registry", "consume", "credit@production", "--manifests"])?;
    ensure!(manifests["text"].as_str().is_some_and(|it| it.contains("kind: InferenceService")), "{manifests}");

    let dossier = sandbox.root().join("dossier.html");
    let written =
        ada.cli.ok(["dossier".as_ref(), "credit".as_ref(), "--sign".as_ref(), "--to".as_ref(), dossier.as_os_str()])?;
    let html = fs::read_to_string(&dossier)?;
    ensure!(html.contains("Why is gender a feature?") && html.contains("Bob"), "the dossier does not tell the story");
    ensure!(!html.contains("<script") && !html.contains("http-equiv=\"refresh\""), "the dossier runs something");
    let theirs = sandbox.write("notes.html", "<title>Proofmark: notes for the audit</title>")?;
    let refused = ada.cli.ask(["dossier".as_ref(), "credit".as_ref(), "--to".as_ref(), theirs.as_os_str()])?;
    refused.error_with_hint(2, "already_exists")?;
    ensure!(fs::read_to_string(&theirs)?.contains("notes"), "the dossier took the place of a person's file");
    let pages = sandbox.root().join("dossier.pdf");
    ada.cli.ok(["dossier".as_ref(), "credit".as_ref(), "--to".as_ref(), pages.as_os_str()])?;
    let bytes = fs::read(&pages)?;
    let holds = |word: &[u8]| bytes.windows(word.len()).any(|it| it == word);
    ensure!(bytes.starts_with(b"%PDF-") && holds(b"/EmbeddedFiles"), "the statements are not attached to the PDF");
    let key = sandbox.write("ada.pub", ada.cli.ok(["key", "card"])?["public_key"].as_str().context("a key")?)?;
    let signature = written["signature"].as_str().context("it is not signed")?.to_owned();
    let verdict = bob.cli.ok([
        "verify-model".as_ref(),
        dossier.as_os_str(),
        "--signature".as_ref(),
        signature.as_ref(),
        "--public-key".as_ref(),
        key.as_os_str(),
    ])?;
    ensure!(verdict["verdict"] == "ok", "{verdict}");

    let mirror = sandbox.root().join("mirror");
    ada.cli.ok(["registry".as_ref(), "mirror".as_ref(), mirror.as_os_str()])?;
    let (code, report) = bob.verify(&mirror)?;
    ensure!(code == Some(0) && list(&report["versions"]).len() == 1, "{report}");

    ada.cli.ok(["release", "withdraw", "credit", "1", "--reason", "A person asked to be forgotten."])?;
    ada.cli.ok(["release", "destroy", "credit", "1", "--reason", "Erasure."])?;
    ensure!(!version.exists(), "its folder is still there");
    let (code, report) = bob.verify(&registry)?;
    ensure!(code == Some(0), "{report}");
    Ok(())
}

#[test]
fn a_key_is_backed_up_restored_and_exchanged() -> Outcome {
    let sandbox = Sandbox::new()?;
    let ada = Desk::new(&sandbox, "ada", "Ada")?;
    let registry = sandbox.root().join("registry");
    ada.begin_registry(&registry)?;
    let backup = sandbox.root().join("ada.key");
    ada.cli.ok(["key".as_ref(), "backup".as_ref(), backup.as_os_str()])?;
    let text = fs::read_to_string(&backup)?;
    ensure!(!text.contains("PRIVATE KEY"), "the backup is not sealed");
    let elsewhere = sandbox.cli("elsewhere")?;
    elsewhere
        .with_passphrase("not the passphrase")
        .ask(["key".as_ref(), "restore".as_ref(), backup.as_os_str()])?
        .error(2, "wrong_passphrase")?;
    elsewhere.ok(["key".as_ref(), "restore".as_ref(), backup.as_os_str()])?;
    elsewhere.ok(["registry".as_ref(), "attach".as_ref(), registry.as_os_str()])?;
    elsewhere.ok(["registry", "freeze", "--reason", "From another machine."])?;

    let new = ada.cli.ok(["key", "rotate"])?;
    let card = sandbox.write("new.json", new["card"].to_string())?;
    let roles = ["--role", "owner", "--role", "publisher"];
    let mut arguments = vec!["registry".into(), "admit".into(), card.as_os_str().to_owned()];
    arguments.extend(roles.iter().map(std::ffi::OsString::from));
    ada.cli.ok(&arguments)?;
    ada.cli.ok(["key", "select", new["card"]["key_id"].as_str().context("a key")?])?;
    ada.cli.ok(["registry", "thaw", "--reason", "With the new key."])?;
    let shown = ada.cli.ok(["registry", "show"])?;
    ensure!(list(&shown["people"]).len() == 1, "one person with two keys: {}", shown["people"]);
    let (code, report) = ada.verify(&registry)?;
    ensure!(code == Some(0), "{report}");
    Ok(())
}

/// A moment as documents write it, from milliseconds since 1970.
fn written(ms: u128) -> String {
    let (mut days, in_day) = (ms / 86_400_000, ms % 86_400_000);
    let is_leap = |year: u128| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let mut year = 1970;
    while days >= if is_leap(year) { 366 } else { 365 } {
        days -= if is_leap(year) { 366 } else { 365 };
        year += 1;
    }
    let february = if is_leap(year) { 29 } else { 28 };
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    let (hours, minutes, seconds) = (in_day / 3_600_000, in_day / 60_000 % 60, in_day / 1_000 % 60);
    format!("{year}-{month:02}-{:02}T{hours:02}:{minutes:02}:{seconds:02}.{:03}Z", days + 1, in_day % 1_000)
}

#[test]
fn a_promotion_is_planned_for_a_time_and_can_be_called_off() -> Outcome {
    let sandbox = Sandbox::new()?;
    let registry = sandbox.root().join("registry");
    let (ada, bob) = (Desk::new(&sandbox, "ada", "Ada")?, Desk::new(&sandbox, "bob", "Bob")?);
    ada.begin_registry(&registry)?;
    ada.admit(&bob, &["approver", "governance-reviewer"])?;
    bob.attach(&registry)?;
    let model = ada.open_sample()?.join(SAMPLE_MODEL);
    for note in ["The first one.", "The second one."] {
        let candidate = ada.submit(&model, "credit", note)?;
        bob.approve(&candidate)?;
        match note {
            "The first one." => ada.publish(&candidate)?,
            _ => ada.cli.ok(["release", "publish", &candidate])?,
        };
    }
    let plan =
        |at: &str| ada.cli.ask(["release", "promote", "credit", "2", "--at", at, "--reason", "After the audit."]);
    plan("2020-01-01T08:00+01:00")?.error(2, "invalid_request")?;
    let planned = plan("2099-12-01T08:00+01:00")?.document(0)?;
    ensure!(planned["from"] == "2099-12-01T07:00:00.000Z" && planned["version"] == 2, "{planned}");
    let shown = bob.cli.ok(["registry", "show"])?;
    let waits = &shown["models"][0]["planned"][0];
    ensure!(waits["alias"] == "production" && waits["version"] == 2 && waits["by"] == "Ada", "{waits}");
    ensure!(waits["reason"] == "After the audit." && waits["ended"].is_null(), "{waits}");
    let fetched = |name: &str| -> Outcome<Value> {
        let copy = sandbox.root().join(name);
        let words = ["registry".as_ref(), "fetch".as_ref(), "credit@production".as_ref(), "--to".as_ref()];
        bob.cli.ok(words.into_iter().chain([copy.as_os_str()]))
    };
    ensure!(fetched("before")?["version"] == 1, "its time has not come");
    bob.cli.ask(["release", "call-off", "credit"])?.error(1, "blocked")?;
    ada.cli.ok(["release", "call-off", "credit", "--reason", "The audit goes on."])?;
    let shown = bob.cli.ok(["registry", "show"])?;
    let ended = shown["models"][0]["planned"][0]["ended"].as_str().context("it still waits")?.to_owned();
    ensure!(ended.contains("Ada called it off: The audit goes on"), "{ended}");
    ada.cli.ask(["release", "call-off", "credit"])?.error(1, "blocked")?;

    // Long enough for the commands that come before it.
    let soon = std::time::SystemTime::now() + std::time::Duration::from_secs(8);
    let since = soon.duration_since(std::time::UNIX_EPOCH)?;
    let time = written(since.as_millis());
    plan(&time)?.document(0)?;
    let alias = registry.join("models/credit/aliases/production");
    ensure!(fs::read_to_string(&alias)? == "1", "what MLflow reads moved early");
    let (code, report) = bob.verify(&registry)?;
    ensure!(code == Some(0), "a plan is nothing wrong: {report}");
    std::thread::sleep(soon.duration_since(std::time::SystemTime::now()).unwrap_or_default());
    std::thread::sleep(std::time::Duration::from_millis(50));
    ensure!(fs::read_to_string(&alias)? == "1", "nobody looked yet");
    ensure!(fetched("after")?["version"] == 2, "its time has come");
    ensure!(fs::read_to_string(&alias)? == "2", "whoever looks writes what MLflow reads");
    let (code, report) = ada.verify(&registry)?;
    ensure!(code == Some(0), "{report}");
    let shown = ada.cli.ok(["registry", "show"])?;
    let moved = &shown["models"][0]["alias_moves"][0];
    ensure!(moved["version"] == 2 && moved["at"] == time.as_str(), "the history names its time: {moved}");
    Ok(())
}

//! Keys, what opens them, and what is never written anywhere.

use anyhow::ensure;
use proofmark_tests::{Desk, Outcome, PASSPHRASE, Sandbox};

/// On other systems the keychain of the person who runs the tests would answer.
#[cfg(target_os = "linux")]
#[test]
fn without_a_keychain_the_passphrase_is_asked_for_and_why_is_said() -> Outcome {
    let sandbox = Sandbox::new()?;
    let ada = Desk::new(&sandbox, "ada", "Ada")?;
    let status = ada.cli.ok(["key", "keychain", "status"])?;
    let why = status["keychain"]["why"].as_str().unwrap_or_default();
    ensure!(status["keychain"]["allowed"] == false && why.contains("asked for it each time"), "{status}");
    ensure!(!why.contains("os error"), "it shows people our insides: {why}");
    ensure!(status["people"][0]["storage"] == "encrypted_file", "{status}");

    let refused = ada.cli.ask(["key", "keychain", "add"])?;
    refused.error_with_hint(2, "permission_denied")?;
    ensure!(!refused.told().contains(PASSPHRASE), "the passphrase stands in what it said");
    let wrong = ada.cli.with_passphrase("something else").ask(["key", "keychain", "add"])?;
    wrong.error(2, "wrong_passphrase")?;
    let after = ada.cli.ok(["key", "keychain", "status"])?;
    ensure!(after["people"][0]["storage"] == "encrypted_file", "nothing was kept, and it says otherwise: {after}");

    // Whoever is not asked cannot sign.
    let registry = sandbox.root().join("registry");
    ada.begin_registry(&registry)?;
    let silent = ada.cli.with_passphrase("").ask(["registry", "freeze", "--reason", "A pause."])?;
    silent.error_with_hint(2, "wrong_passphrase")?;
    Ok(())
}

#[test]
fn a_bucket_without_keys_or_with_keys_in_its_address_is_refused() -> Outcome {
    let sandbox = Sandbox::new()?;
    let ada = Desk::new(&sandbox, "ada", "Ada")?;
    let error = ada.cli.ask(["registry", "init", "s3://models/team"])?.error_with_hint(2, "registry_unavailable")?;
    ensure!(error["message"].as_str().is_some_and(|it| it.contains("AWS_ACCESS_KEY_ID")), "{error}");
    let attach = ada.cli.ask(["registry", "attach", "s3://models/team"])?;
    attach.error_with_hint(2, "registry_unavailable")?;
    let address = "s3://KEYIDENTIFIER:a-secret-key@models/team";
    for command in ["init", "attach", "verify"] {
        let answer = ada.cli.ask(["registry", command, address])?;
        let error = answer.error_with_hint(2, "invalid_request")?;
        ensure!(!error.to_string().contains("a-secret-key"), "the key stands in what it said: {error}");
    }
    let audit = ada.cli.ok(["audit", "list"])?;
    ensure!(!audit.to_string().contains("a-secret-key"), "the key stands in the audit");
    Ok(())
}

#[test]
fn what_is_taken_out_is_known_when_it_is_withdrawn() -> Outcome {
    let sandbox = Sandbox::new()?;
    let registry = sandbox.root().join("registry");
    let (ada, bob) = (Desk::new(&sandbox, "ada", "Ada")?, Desk::new(&sandbox, "bob", "Bob")?);
    ada.begin_registry(&registry)?;
    ada.admit(&bob, &["approver", "governance-reviewer"])?;
    bob.attach(&registry)?;
    let model = ada.open_sample()?.join(proofmark_tests::SAMPLE_MODEL);
    let candidate = ada.submit(&model, "credit", "The first one.")?;
    bob.approve(&candidate)?;
    ada.publish(&candidate)?;
    let nobody = bob.cli.ok(["registry", "consumers", "credit/1"])?;
    ensure!(nobody["consumers"].as_array().is_some_and(Vec::is_empty), "{nobody}");
    let copy = sandbox.root().join("copy");
    bob.cli.ok([
        "registry".as_ref(),
        "fetch".as_ref(),
        "credit@production".as_ref(),
        "--to".as_ref(),
        copy.as_os_str(),
    ])?;
    let known = bob.cli.ok(["registry", "consumers", "credit/1"])?;
    let first = &known["consumers"][0];
    ensure!(first["kind"] == "fetched" && first["name"] == "Bob" && first["count"] == 1, "{known}");
    ensure!(first["place"] == copy.to_string_lossy().as_ref(), "{first}");
    ensure!(known["sentence"].as_str().is_some_and(|it| it.contains("another machine")), "{known}");
    bob.cli.ask(["registry", "consumers", "credit"])?.error(2, "invalid_request")?;
    Ok(())
}

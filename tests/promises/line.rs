//! The whole line, by command line only: data is recorded and judged, a model is released by two people, and anyone can verify it.

use std::fs;
use std::path::Path;

use anyhow::{Context, ensure};
use proofmark_tests::{Desk, Outcome, SAMPLE_MODEL, Sandbox};
use serde_json::Value;

use crate::files::settled;

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// Rows of a list whose field is this word.
fn with<'a>(rows: &'a Value, field: &str, word: &str) -> Vec<&'a Value> {
    list(rows).iter().filter(|it| it[field] == word).collect()
}

#[test]
fn the_sample_is_recorded_with_its_data_runs_and_model() -> Outcome {
    let sandbox = Sandbox::new()?;
    let ada = Desk::new(&sandbox, "ada", "Ada")?;
    let folder = ada.open_sample()?;
    let scan = settled(&ada.cli, &folder)?;
    let artifacts = &scan["artifacts"];
    ensure!(list(artifacts).len() == 22, "the sample has {} files", list(artifacts).len());
    for (kind, least) in [
        ("dataset", 8),
        ("model", 1),
        ("code", 4),
        ("notebook", 1),
        ("prediction_log", 1),
        ("metrics", 1),
        ("config", 1),
    ] {
        ensure!(with(artifacts, "kind", kind).len() >= least, "fewer than {least} files are of the kind {kind}");
    }
    let runs = ada.cli.ok(["runs", "list"])?;
    let names: Vec<&str> = list(&runs["runs"]).iter().filter_map(|it| it["name"].as_str()).collect();
    ensure!(names.len() == 4 && names.contains(&"train") && names.contains(&"prepare"), "the runs are {names:?}");
    let train = with(&runs["runs"], "name", "train");
    ensure!(train.first().is_some_and(|it| it["metrics"]["auc"] == 0.814), "the metrics of the training are not there");
    Ok(())
}

#[test]
fn a_model_leads_back_to_its_data_over_edges_that_say_how_they_are_known() -> Outcome {
    let sandbox = Sandbox::new()?;
    let ada = Desk::new(&sandbox, "ada", "Ada")?;
    let folder = ada.open_sample()?;
    let lineage = ada.cli.ok(["lineage".as_ref(), folder.join(SAMPLE_MODEL).as_os_str(), "--up".as_ref()])?;
    let node = |label: &str| {
        list(&lineage["nodes"])
            .iter()
            .find(|it| it["label"] == label)
            .with_context(|| format!("{label} is not in the lineage"))
    };
    for label in [
        "data/raw/customers.csv",
        "data/raw/transactions.csv",
        "data/raw/repayments.csv",
        "data/processed/train.parquet",
        "src/train.py",
        SAMPLE_MODEL,
    ] {
        node(label)?;
    }
    ensure!(
        list(&lineage["nodes"]).iter().any(|it| it["kind"] == "run" && it["label"] == "train"),
        "the training is not in the lineage"
    );
    ensure!(
        !list(&lineage["nodes"]).iter().any(|it| it["label"] == "data/production/transactions_2026-10.csv"),
        "October did not go into the model"
    );
    for edge in list(&lineage["edges"]) {
        let basis = edge["basis"].as_str().unwrap_or_default();
        ensure!(["declared", "observed", "matched", "inferred"].contains(&basis), "an edge has the basis {basis:?}");
        let confidence = edge["confidence"].as_f64().context("an edge has no confidence")?;
        ensure!((0.0..=1.0).contains(&confidence) && confidence > 0.0, "a confidence is {confidence}");
        ensure!(edge["from"] != edge["to"], "an edge leads to its own beginning");
    }
    let model = node(SAMPLE_MODEL)?;
    let labels: Vec<&str> = list(&model["labels"]).iter().filter_map(|it| it["label"].as_str()).collect();
    ensure!(labels.contains(&"age"), "the model learned from ages, and its labels are {labels:?}");
    ensure!(!labels.contains(&"email"), "the script leaves e-mail addresses behind, and the labels are {labels:?}");
    Ok(())
}

#[test]
fn faults_of_the_sample_are_found() -> Outcome {
    let sandbox = Sandbox::new()?;
    let ada = Desk::new(&sandbox, "ada", "Ada")?;
    let folder = ada.open_sample()?;
    let (raw, october) =
        (folder.join("data/raw/transactions.csv"), folder.join("data/production/transactions_2026-10.csv"));
    let answer = ada.cli.ask(["check".as_ref(), october.as_os_str(), "--reference".as_ref(), raw.as_os_str()])?;
    let check = answer.document(1)?;
    ensure!(check["verdict"] == "fail", "October passes: {check}");
    let sentinel = list(&check["findings"])
        .iter()
        .find(|it| it["kind"] == "sentinel" && it["columns"] == serde_json::json!(["amount"]));
    let sentinel = sentinel.context("the -1 in `amount` was not found")?;
    ensure!(sentinel["affected_rows"].as_u64().is_some_and(|it| it > 100), "too few rows: {sentinel}");
    ensure!(
        !list(&sentinel["example_rows"]).is_empty() && sentinel["suggestion"].as_str().is_some_and(|it| !it.is_empty()),
        "{sentinel}"
    );
    let clean = ada.cli.ok(["check".as_ref(), raw.as_os_str()])?;
    ensure!(clean["verdict"] != "fail", "the months before do not pass: {clean}");

    let sensitive = ada.cli.ok(["sensitive".as_ref(), folder.join("data/raw/customers.csv").as_os_str()])?;
    let column = |name: &str| {
        list(&sensitive["columns"])
            .iter()
            .find(|it| it["name"] == name)
            .with_context(|| format!("{name} was not looked at"))
    };
    for name in ["first_name", "last_name", "email", "phone", "date_of_birth", "iban"] {
        let found = column(name)?;
        ensure!(
            found["sensitive"] == true && !list(&found["labels"]).is_empty(),
            "{name} was taken for harmless: {found}"
        );
    }
    ensure!(
        column("customer_since")?["sensitive"] == false,
        "the day of the first contract was taken for sensitive: {}",
        column("customer_since")?
    );
    let text = sensitive.to_string();
    ensure!(!text.contains("matteo.maier805"), "a report on sensitive data repeats it");

    let (train, now) =
        (folder.join("data/processed/train.parquet"), folder.join("data/production/features_2026-10.parquet"));
    let drift = ada.cli.ok(["drift".as_ref(), train.as_os_str(), now.as_os_str()])?;
    ensure!(drift["verdict"] == "drift", "October looks like the training data: {}", drift["why"]);
    let income = list(&drift["columns"]).iter().find(|it| it["name"] == "income").context("income was not compared")?;
    ensure!(income["verdict"] == "drift", "income moved, and it says {income}");
    let interval: Vec<f64> = list(&income["interval"]).iter().filter_map(Value::as_f64).collect();
    let effect = income["effect"].as_f64().context("no effect")?;
    ensure!(
        interval.len() == 2 && interval[0] <= effect && effect <= interval[1],
        "the effect {effect} is not within {interval:?}"
    );
    let same = ada.cli.ok(["drift".as_ref(), train.as_os_str(), train.as_os_str()])?;
    ensure!(same["verdict"] == "no_drift", "a table drifted from itself: {}", same["why"]);
    Ok(())
}

/// Flips one bit in the middle of a file, and answers the bytes as they were.
fn flip(path: &Path) -> Outcome<Vec<u8>> {
    let before = fs::read(path)?;
    let mut after = before.clone();
    let middle = after.len() / 2;
    *after.get_mut(middle).context("an empty file")? ^= 1;
    let facts = fs::metadata(path)?;
    let mut rights = facts.permissions();
    #[allow(clippy::permissions_set_readonly_false, reason = "a file of the test's own")]
    rights.set_readonly(false);
    fs::set_permissions(path, rights)?;
    fs::write(path, after)?;
    Ok(before)
}

/// The files below a folder.
fn files(folder: &Path) -> Outcome<Vec<std::path::PathBuf>> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.is_dir() { open.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    Ok(found)
}

#[test]
fn two_people_release_a_model_and_anyone_can_verify_it() -> Outcome {
    let sandbox = Sandbox::new()?;
    let (ada, bob) = (Desk::new(&sandbox, "ada", "Ada")?, Desk::new(&sandbox, "bob", "Bob")?);
    let model = ada.open_sample()?.join(SAMPLE_MODEL);
    let registry = sandbox.root().join("registry");
    let gate = ada.cli.ask(["gate".as_ref(), model.as_os_str()])?;
    let gates = gate.document(0)?;
    ensure!(list(&gates["gates"]).len() >= 6, "the gates are {}", gates["gates"]);
    for outcome in list(&gates["gates"]) {
        ensure!(
            outcome["why"].as_str().or(outcome["message"].as_str()).is_some_and(|it| !it.is_empty()),
            "a gate gives no reason: {outcome}"
        );
    }

    ada.begin_registry(&registry)?;
    ada.admit(&bob, &["approver", "governance-reviewer"])?;
    bob.attach(&registry)?;
    let candidate = ada.submit(&model, "kestrel-credit", "The first one.")?;

    // Nobody approves their own work, and nothing is published without an approval.
    ada.cli.ask(["release", "approve", &candidate, "--reason", "It is mine."])?.error(1, "blocked")?;
    ada.cli.ask(["release", "publish", &candidate])?.error(1, "blocked")?;
    bob.cli.ask(["release", "publish", &candidate])?.error(1, "blocked")?;
    bob.approve(&candidate)?;
    ada.cli
        .with_passphrase("not the passphrase")
        .ask(["release", "publish", &candidate])?
        .error(2, "wrong_passphrase")?;
    let published = ada.publish(&candidate)?;
    ensure!(published["version"] == 1, "it became version {}", published["version"]);
    let (code, report) = bob.verify(&registry)?;
    ensure!(code == Some(0) && report["verdict"] == "ok", "{report}");
    let version = list(&report["versions"]).first().context("no version")?.clone();
    ensure!(version["model"] == "kestrel-credit" && version["version"] == 1 && version["verdict"] == "ok", "{version}");
    ensure!(list(&version["approvals"]).iter().any(|it| it["name"] == "Bob"), "Bob's approval is not shown: {version}");

    // Somebody who knows nothing of the project and has no key verifies it too.
    let stranger = sandbox.cli("stranger")?;
    let seen = stranger.ok(["registry".as_ref(), "verify".as_ref(), registry.as_os_str()])?;
    ensure!(seen["verdict"] == "ok", "{seen}");

    every_byte_counts(&bob, &registry)?;
    aliases_move_and_versions_are_withdrawn(&sandbox, &ada, &bob, &registry, &model)
}

/// One flipped bit in any file of the registry is noticed, and the file is named.
fn every_byte_counts(someone: &Desk, registry: &Path) -> Outcome {
    let mut tried = 0;
    for path in files(registry)? {
        if fs::metadata(&path)?.len() == 0 {
            continue;
        }
        let inside = path.strip_prefix(registry)?.to_string_lossy().replace('\\', "/");
        let is_view = inside.starts_with("mlflow") || inside.ends_with(".md") || inside.ends_with(".txt");
        let before = flip(&path)?;
        let answer = someone.cli.ask(["registry".as_ref(), "verify".as_ref(), registry.as_os_str()])?;
        fs::write(&path, before)?;
        let code = answer.code;
        if code == Some(2) && inside == "proofmark-registry.json" {
            // Without the file that makes it a registry there is none to report on.
            let error = answer.error_with_hint(2, "not_found")?;
            ensure!(error["message"].as_str().is_some_and(|it| it.contains(&inside)), "{inside} is not named: {error}");
            continue;
        }
        let report = answer.document(code.unwrap_or(-1)).with_context(|| format!("after a flipped bit in {inside}"))?;
        if is_view && code == Some(0) {
            // What only repeats signed facts for people or other tools is not evidence.
            continue;
        }
        tried += 1;
        ensure!(code == Some(1), "a flipped bit in {inside} went unnoticed: {report}");
        let named = list(&report["problems"])
            .iter()
            .any(|it| it["path"].as_str().is_some_and(|path| inside.contains(path) || path.contains(&inside)));
        ensure!(named, "a flipped bit was noticed, but {inside} is not named: {}", report["problems"]);
        ensure!(
            list(&report["problems"]).iter().all(|it| it["mend"].as_str().is_some_and(|it| !it.is_empty())),
            "{}",
            report["problems"]
        );
    }
    ensure!(tried >= 5, "only {tried} files of the registry were tried");
    let (code, report) = someone.verify(registry)?;
    ensure!(code == Some(0), "the registry is not what it was: {report}");
    Ok(())
}

fn aliases_move_and_versions_are_withdrawn(
    sandbox: &Sandbox,
    ada: &Desk,
    bob: &Desk,
    registry: &Path,
    model: &Path,
) -> Outcome {
    let fetch = |wanted: &str, to: &str| {
        ada.cli.ask([
            "registry".as_ref(),
            "fetch".as_ref(),
            wanted.as_ref(),
            "--to".as_ref(),
            sandbox.root().join(to).as_os_str(),
        ])
    };
    let fetched = fetch("kestrel-credit@production", "first")?.document(0)?;
    ensure!(fetched["version"] == 1, "{fetched}");
    let copies = files(&sandbox.root().join("first"))?;
    let original = fs::read(model)?;
    ensure!(
        copies.iter().any(|it| fs::read(it).is_ok_and(|bytes| bytes == original)),
        "the model is not among {copies:?}"
    );

    let second = ada.submit(model, "kestrel-credit", "The same again, with a new note.")?;
    bob.approve(&second)?;
    ensure!(ada.publish(&second)?["version"] == 2, "the second release is not version 2");
    ensure!(fetch("kestrel-credit@production", "second")?.document(0)?["version"] == 2, "the alias did not follow");
    ada.cli.ok(["release", "rollback", "kestrel-credit", "--reason", "Too many complaints."])?;
    ensure!(fetch("kestrel-credit@production", "third")?.document(0)?["version"] == 1, "the alias did not come back");
    ada.cli.ok(["release", "promote", "kestrel-credit", "2", "--reason", "It was something else."])?;
    ada.cli.ok(["release", "promote", "kestrel-credit", "1", "--reason", "No, it was not."])?;
    ada.cli.ok(["release", "promote", "kestrel-credit", "2", "--alias", "canary", "--reason", "A few customers."])?;
    let removed = ada.cli.ok(["release", "remove-alias", "kestrel-credit", "canary", "--reason", "Enough seen."])?;
    ensure!(removed["alias"] == "canary" && removed["version"].is_null(), "{removed}");
    fetch("kestrel-credit@canary", "no canary")?.error(2, "invalid_request")?;
    ada.cli.ask(["release", "remove-alias", "kestrel-credit", "canary"])?.error_with_hint(1, "blocked")?;
    ada.cli.ok(["release", "withdraw", "kestrel-credit", "2", "--reason", "It offers plans to the wrong people."])?;
    fetch("kestrel-credit/2", "fourth")?.error(1, "blocked")?;
    ensure!(!sandbox.root().join("fourth").exists(), "something was copied of a version that must not be used");
    let (code, report) = bob.verify(registry)?;
    ensure!(code == Some(0) && list(&report["versions"]).len() == 2, "{report}");
    let withdrawn = list(&report["versions"]).iter().find(|it| it["version"] == 2).context("version 2 is gone")?;
    ensure!(withdrawn["withdrawn"] == true, "{withdrawn}");
    let audit = ada.cli.ok(["audit", "verify"])?;
    ensure!(audit["intact"] == true || audit["verdict"] == "intact" || audit["verdict"] == "ok", "{audit}");
    Ok(())
}

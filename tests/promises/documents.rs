//! The documents of `--json`: other programs rely on their fields.

use anyhow::{Context, ensure};
use proofmark_tests::{Csv, Desk, Outcome, SAMPLE_MODEL, Sandbox, repository};
use serde_json::Value;

/// Looks that every field is there. `null` is a value; absence is not.
fn has(what: &str, document: &Value, fields: &[&str]) -> Outcome {
    let object = document.as_object().with_context(|| format!("{what} is no object: {document}"))?;
    let missing: Vec<&&str> = fields.iter().filter(|field| !object.contains_key(**field)).collect();
    ensure!(missing.is_empty(), "{what} lacks {missing:?}; it has {:?}", object.keys().collect::<Vec<_>>());
    Ok(())
}

/// The same for every entry of a list that must not be empty.
fn each(what: &str, list: &Value, fields: &[&str]) -> Outcome {
    let list = list.as_array().with_context(|| format!("{what} is no list"))?;
    ensure!(!list.is_empty(), "{what} is empty, so its fields cannot be tried");
    list.iter().try_for_each(|it| has(what, it, fields))
}

fn is_digest(value: &Value) -> bool {
    value
        .as_str()
        .and_then(|it| it.strip_prefix("sha256:"))
        .is_some_and(|hex| hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_hexdigit() && !b.is_ascii_uppercase()))
}

/// RFC 3339 in UTC.
fn is_time(value: &Value) -> bool {
    value.as_str().is_some_and(|it| it.len() >= 20 && it.as_bytes()[10] == b'T' && it.ends_with('Z'))
}

const EDGE: &[&str] = &["path", "digest", "kind", "role", "basis", "confidence", "columns"];

#[test]
fn documents_about_a_project_have_their_fields() -> Outcome {
    let sandbox = Sandbox::new()?;
    let ada = Desk::new(&sandbox, "ada", "Ada")?;
    let folder = ada.open_sample()?;
    let scan = ada.cli.ok(["scan".as_ref(), folder.as_os_str()])?;
    ensure!(scan["schema"] == "proofmark/scan/1", "{}", scan["schema"]);
    has("scan", &scan, &["project", "root", "artifacts", "skipped", "duration_s", "bytes_hashed"])?;
    each("an artifact", &scan["artifacts"], &["path", "digest", "kind", "media_type", "size", "modified"])?;
    for artifact in scan["artifacts"].as_array().into_iter().flatten() {
        ensure!(is_digest(&artifact["digest"]), "a digest is {}", artifact["digest"]);
        ensure!(is_time(&artifact["modified"]), "a time is {}", artifact["modified"]);
    }
    let runs = ada.cli.ok(["runs", "list"])?;
    each(
        "a run",
        &runs["runs"],
        &[
            "id",
            "source",
            "foreign_id",
            "name",
            "status",
            "started",
            "ended",
            "command",
            "parameters",
            "metrics",
            "code",
            "environment_digest",
            "inputs",
            "outputs",
        ],
    )?;
    for run in runs["runs"].as_array().into_iter().flatten() {
        has("the code of a run", &run["code"], &["commit", "dirty", "path"])?;
        each("an edge", &run["inputs"], EDGE)?;
        each("an edge", &run["outputs"], EDGE)?;
    }
    let lineage = ada.cli.ok(["lineage".as_ref(), folder.join(SAMPLE_MODEL).as_os_str(), "--both".as_ref()])?;
    has("lineage", &lineage, &["focus", "nodes", "edges"])?;
    each("a node", &lineage["nodes"], &["id", "kind", "label", "digest", "labels"])?;
    each("an edge of a graph", &lineage["edges"], &["from", "to", "run", "basis", "confidence", "columns"])?;
    let inspect = ada.cli.ok(["inspect".as_ref(), folder.join(SAMPLE_MODEL).as_os_str()])?;
    has(
        "inspect",
        &inspect,
        &[
            "format",
            "framework",
            "framework_version",
            "class",
            "steps",
            "parameters",
            "features_in",
            "outputs",
            "classes",
            "signature",
            "environment",
            "training",
            "safety",
        ],
    )?;
    has("the environment of a model", &inspect["environment"], &["python", "packages"])?;
    has("safety", &inspect["safety"], &["verdict", "reasons"])?;
    let features: Vec<&str> =
        inspect["features_in"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    ensure!(features.contains(&"income") && !features.contains(&"email"), "the features are {features:?}");
    Ok(())
}

#[test]
fn documents_about_tables_have_their_fields() -> Outcome {
    let sandbox = Sandbox::new()?;
    let cli = sandbox.cli("ada")?;
    let reference = sandbox.write("reference.csv", Csv::customers(500).text())?;
    let mut moved = Csv::new(&["customer_id", "age", "income", "city"]);
    for id in 0..500 {
        let income =
            if id % 10 == 0 { "-999".to_owned() } else { format!("{:.2}", 3_000.0 + moved.random() * 4_000.0) };
        let age = 18 + (moved.random() * 60.0) as u32;
        moved.row(&[format!("C-{id:06}"), age.to_string(), income, "Berlin".to_owned()]);
    }
    let current = sandbox.write("current.csv", moved.text())?;

    let profile = cli.ok(["profile".as_ref(), reference.as_os_str()])?;
    has("profile", &profile, &["path", "digest", "rows", "columns"])?;
    ensure!(profile["rows"] == 500 && is_digest(&profile["digest"]), "{} rows, {}", profile["rows"], profile["digest"]);
    each(
        "a column",
        &profile["columns"],
        &[
            "name",
            "type",
            "meaning",
            "nulls",
            "distinct",
            "distinct_is_estimate",
            "min",
            "max",
            "mean",
            "std",
            "quantiles",
            "top",
        ],
    )?;
    let city =
        profile["columns"].as_array().into_iter().flatten().find(|it| it["name"] == "city").context("no city")?;
    each("a frequent value", &city["top"], &["value", "count"])?;

    let answer = cli.ask(["check".as_ref(), current.as_os_str(), "--reference".as_ref(), reference.as_os_str()])?;
    let check = answer.document(answer.code.context("a signal")?)?;
    ensure!(
        (check["verdict"] == "fail") == (answer.code == Some(1)),
        "the exit code {:?} does not fit {}",
        answer.code,
        check["verdict"]
    );
    has("check", &check, &["path", "reference", "rows", "verdict", "findings"])?;
    each(
        "a finding",
        &check["findings"],
        &[
            "kind",
            "columns",
            "severity",
            "confidence",
            "affected_rows",
            "affected_ratio",
            "example_rows",
            "message",
            "suggestion",
        ],
    )?;
    let sensitive = cli.ok(["sensitive".as_ref(), reference.as_os_str()])?;
    has("sensitive", &sensitive, &["path", "rows_read", "columns", "k_anonymity"])?;
    each("a sensitive column", &sensitive["columns"], &["name", "sensitive", "group", "labels", "factors"])?;

    let drift =
        cli.ok(["drift".as_ref(), reference.as_os_str(), current.as_os_str(), "--target".as_ref(), "income".as_ref()])?;
    has("drift", &drift, &["verdict", "rows", "columns", "joint", "concept", "why"])?;
    has("rows", &drift["rows"], &["reference", "current"])?;
    each(
        "a drifting column",
        &drift["columns"],
        &["name", "verdict", "effect", "interval", "p_value", "p_adjusted", "change", "statistics"],
    )?;
    has("the joint drift", &drift["joint"], &["verdict", "auc", "interval", "p_value", "drivers"])?;
    Ok(())
}

#[test]
fn documents_about_registries_and_signatures_have_their_fields() -> Outcome {
    let sandbox = Sandbox::new()?;
    let ada = Desk::new(&sandbox, "ada", "Ada")?;
    let registry = sandbox.root().join("registry");
    ada.begin_registry(&registry)?;
    let (_, report) = ada.verify(&registry)?;
    ensure!(report["schema"] == "proofmark/registry-verify/1", "{}", report["schema"]);
    has("registry verify", &report, &["registry", "verdict", "versions", "problems", "ignored"])?;

    let made = repository().join("tests/fixtures/registry");
    let words = |signature: &str| {
        let paths = [made.join("model"), made.join(signature), made.join("p256.pub")];
        let [model, signature, key] = paths.map(std::path::PathBuf::into_os_string);
        ["verify-model".into(), model, "--signature".into(), signature, "--public-key".into(), key]
    };
    let ok = ada.cli.ok(words("p256.sig"))?;
    has("verify-model", &ok, &["verdict", "reason", "files"])?;
    ensure!(ok["verdict"] == "ok" && ok["files"].as_u64().is_some_and(|it| it > 0), "{ok}");
    let refused = ada.cli.ask(words("cert.sig"))?.document(1)?;
    ensure!(
        refused["verdict"] == "refused" && refused["reason"].as_str().is_some_and(|it| !it.is_empty()),
        "{refused}"
    );
    Ok(())
}

#[test]
fn an_error_is_one_document_too() -> Outcome {
    let sandbox = Sandbox::new()?;
    let cli = sandbox.cli("ada")?;
    for (words, code, sort) in [
        (vec!["profile", "nowhere.csv"], 2, "not_found"),
        (vec!["lineage", "nothing"], 2, "not_found"),
        (vec!["runs", "show", "run_00000000-0000-0000-0000-000000000000"], 2, "not_found"),
        (vec!["registry", "fetch", "m@production", "--to", "out"], 2, "no_registry"),
        (vec!["no-such-command"], 2, "invalid_request"),
        (vec!["check"], 2, "invalid_request"),
        (vec!["key", "card"], 2, "no_identity"),
    ] {
        let answer = cli.ask(&words)?;
        answer.error_with_hint(code, sort).with_context(|| words.join(" "))?;
    }
    Ok(())
}

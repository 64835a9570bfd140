//! Questions about lineage that nobody wrote down, and the forms in which others read it.

use std::fs;
use std::path::Path;

use anyhow::{Context, ensure};
use proofmark_tests::{Cli, Outcome, Sandbox};
use serde_json::Value;

fn copy(from: &Path, to: &Path) -> Outcome {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?
        } else {
            fs::copy(entry.path(), target).map(drop)?
        }
    }
    Ok(())
}

/// Raw data, two stages and a model, found as they lie.
fn stages(sandbox: &Sandbox, cli: &Cli) -> Outcome<std::path::PathBuf> {
    let folder = sandbox.folder("stages")?;
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/recovered/stages"), &folder)?;
    fs::remove_file(folder.join("truth.json"))?;
    cli.ok(["scan".as_ref(), folder.as_os_str()])?;
    Ok(folder)
}

fn ask(cli: &Cli, folder: &Path, what: &str, more: &[&str]) -> Outcome<Value> {
    let mut words =
        vec!["lineage".to_owned(), what.to_owned(), "--project".to_owned(), folder.to_string_lossy().into_owned()];
    words.extend(more.iter().map(|it| (*it).to_owned()));
    cli.ok(words)
}

#[test]
fn the_way_from_raw_data_to_the_model_is_told_step_by_step() -> Outcome {
    let sandbox = Sandbox::new()?;
    let cli = sandbox.cli("ada")?;
    let folder = stages(&sandbox, &cli)?;
    let way = ask(&cli, &folder, "data/raw.csv", &["--to", "model.joblib"])?;
    let labels: Vec<&str> =
        way["nodes"].as_array().into_iter().flatten().filter_map(|it| it["label"].as_str()).collect();
    ensure!(
        labels
            == [
                "data/raw.csv",
                "prepare.py",
                "data/interim.csv",
                "features.py",
                "data/features.parquet",
                "train.py",
                "model.joblib"
            ],
        "{labels:?}"
    );
    ensure!(way["confidence"].as_f64().is_some_and(|it| it > 0.5 && it < 1.0), "{}", way["confidence"]);
    // Asked the other way round, the answer is the same: data flows one way.
    let back = ask(&cli, &folder, "model.joblib", &["--to", "data/raw.csv"])?;
    ensure!(back["edges"] == way["edges"], "{}", back["sentence"]);
    let sure = ask(&cli, &folder, "model.joblib", &["--up", "--least", "0.99"])?;
    ensure!(sure["nodes"].as_array().is_some_and(|it| it.len() < labels.len()), "guesses were to be left out");
    let columns = ask(&cli, &folder, "model.joblib", &["--columns"])?;
    let age = columns["columns"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|it| it["column"] == "age")
        .context("no feature `age`")?;
    let from = age["sources"].as_array().into_iter().flatten().find(|it| it["dataset"] == "data/raw.csv");
    ensure!(from.is_some_and(|it| it["column"] == "age"), "{age}");
    Ok(())
}

#[test]
fn what_lay_there_then_is_told_from_what_lies_there_now() -> Outcome {
    let sandbox = Sandbox::new()?;
    let cli = sandbox.cli("ada")?;
    let folder = stages(&sandbox, &cli)?;
    let before = cli.ok(["runs", "then-now", "train.py"])?;
    ensure!(before["above"].as_array().is_some_and(|it| it.len() == 2), "two runs stand above it: {before}");
    ensure!(!before["sentence"].as_str().unwrap_or_default().contains("gone"), "{}", before["sentence"]);
    fs::remove_file(folder.join("data/raw.csv"))?;
    fs::write(folder.join("prepare.py"), "print('something else')\n")?;
    cli.ok(["scan".as_ref(), folder.as_os_str()])?;
    let up = ask(&cli, &folder, "model.joblib", &["--up"])?;
    ensure!(!up["nodes"].as_array().is_none_or(Vec::is_empty), "what is known of the model went with its raw data");
    Ok(())
}

#[test]
fn every_form_is_written_and_holds_the_model() -> Outcome {
    let sandbox = Sandbox::new()?;
    let cli = sandbox.cli("ada")?;
    let folder = stages(&sandbox, &cli)?;
    for format in ["openlineage", "atlas", "atlas-types", "prov", "mermaid", "dot", "svg"] {
        let written = ask(&cli, &folder, "model.joblib", &["--up", "--format", format])?;
        let content = written["content"].as_str().unwrap_or_default();
        ensure!(format == "atlas-types" || content.contains("model.joblib"), "{format}: {content}");
        match format {
            "openlineage" => {
                let events: Vec<Value> = content.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
                ensure!(events.len() == 6, "three runs, a beginning and an end each: {}", events.len());
                ensure!(
                    events
                        .iter()
                        .all(|it| it["schemaURL"]
                            == "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent")
                );
            }
            "atlas" | "atlas-types" | "prov" => {
                let document: Value = serde_json::from_str(content).with_context(|| format!("{format} is no JSON"))?;
                ensure!(document.is_object());
            }
            _ => {}
        }
    }
    let target = sandbox.root().join("lineage.svg");
    let named = target.to_string_lossy().into_owned();
    ask(&cli, &folder, "model.joblib", &["--format", "svg", "--output", &named])?;
    ensure!(fs::read_to_string(&target)?.contains("</svg>"));
    let words = ["lineage", "model.joblib", "--format", "svg", "--output", &named];
    let again = cli.ask(words)?;
    ensure!(again.code != Some(0), "a file that is there is not written over");
    let unknown = cli.ask(["lineage", "model.joblib", "--format", "stone-tablet"])?;
    unknown.error_with_hint(2, "invalid_request")?;
    Ok(())
}

#[test]
fn everything_is_found_by_a_part_of_it() -> Outcome {
    let sandbox = Sandbox::new()?;
    let cli = sandbox.cli("ada")?;
    stages(&sandbox, &cli)?;
    for (typed, kind) in [
        ("features.parq", "dataset"),
        ("churned", "column"),
        ("ratio", "feature"),
        ("prepare", "run"),
        ("stages", "project"),
    ] {
        let found = cli.ok(["search", typed])?;
        let hits = found["hits"].as_array().cloned().unwrap_or_default();
        ensure!(hits.iter().any(|it| it["kind"] == kind), "`{typed}` finds no {kind}: {hits:?}");
    }
    Ok(())
}

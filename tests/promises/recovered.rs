//! Lineage that nobody wrote down: recovered from folders that hold scripts, data and models and no record of any run.
//!
//! The table of edges right, wrong and missed, by basis and confidence:
//! `cargo test -p proofmark-tests --test promises recovered -- --nocapture`

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use anyhow::{Context, ensure};
use proofmark_tests::{Cli, Outcome, Sandbox};
use serde_json::Value;

/// Edges between two files: what was read, and what the same run wrote.
type Edges = BTreeMap<(String, String), f64>;

fn copy(from: &Path, to: &Path) -> Outcome {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else if entry.file_name() != "truth.json" {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

fn stamp(folder: &Path, minutes: &Value) -> Outcome {
    let begin = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    let mut open = vec![folder.to_path_buf()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(&next)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                open.push(entry.path());
                continue;
            }
            let path = entry.path();
            let label = path.strip_prefix(folder)?.to_string_lossy().replace('\\', "/");
            let minute = minutes.get(&label).and_then(Value::as_u64).unwrap_or(0);
            fs::File::options().write(true).open(&path)?.set_modified(begin + Duration::from_secs(minute * 60))?;
        }
    }
    Ok(())
}

/// What is told about a project: the surest way between two files through one run.
fn told(cli: &Cli, folder: &Path) -> Outcome<Edges> {
    cli.ok(["scan".as_ref(), folder.as_os_str()])?;
    let runs = cli.ok(["runs".as_ref(), "list".as_ref(), "--project".as_ref(), folder.as_os_str()])?;
    let mut edges = Edges::new();
    for run in runs["runs"].as_array().context("no list of runs")? {
        ensure!(run["source"] == "inferred", "nobody recorded {run}");
        let side = |name: &str| run[name].as_array().cloned().unwrap_or_default();
        for (input, output) in
            side("inputs").iter().flat_map(|i| side("outputs").into_iter().map(move |o| (i.clone(), o)))
        {
            for edge in [&input, &output] {
                ensure!(edge["basis"] == "inferred", "a guess looks like a record: {edge}");
                ensure!(edge["confidence"].as_f64().is_some_and(|it| it < 1.0), "a guess looks certain: {edge}");
                let reasons = edge["reasons"].as_array().context("no reasons")?;
                ensure!(!reasons.is_empty(), "an edge without a reason: {edge}");
            }
            let path = |edge: &Value| edge["path"].as_str().unwrap_or_default().to_owned();
            let sure = input["confidence"].as_f64().unwrap_or(0.0).min(output["confidence"].as_f64().unwrap_or(0.0));
            if path(&input) != path(&output) {
                let best = edges.entry((path(&input), path(&output))).or_default();
                *best = best.max(sure);
            }
        }
    }
    Ok(edges)
}

#[derive(Default)]
struct Tally {
    right: Vec<f64>,
    wrong: Vec<(f64, String)>,
    missed: Vec<String>,
    edges: usize,
}

fn band(sure: f64) -> usize {
    (sure * 10.0).floor().min(9.0) as usize
}

#[test]
fn wrong_edges_are_never_surer_than_one_half() -> Outcome {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/recovered");
    let sandbox = Sandbox::new()?;
    let cli = sandbox.cli("ada")?;
    let mut all = Tally::default();
    let mut names: Vec<_> = fs::read_dir(&fixtures)?.filter_map(Result::ok).filter(|it| it.path().is_dir()).collect();
    names.sort_by_key(fs::DirEntry::file_name);
    ensure!(names.len() >= 20, "only {} projects", names.len());
    println!("{:<26} {:>5} {:>5} {:>6} {:>6} {:>6}  about", "project", "edges", "right", "wrong", "guess", "missed");
    for entry in names {
        let name = entry.file_name().to_string_lossy().into_owned();
        let truth: Value = serde_json::from_slice(&fs::read(entry.path().join("truth.json"))?)?;
        let folder = sandbox.folder(&format!("recovered/{name}"))?;
        copy(&entry.path(), &folder)?;
        stamp(&folder, &truth["minutes"])?;
        let told = told(&cli, &folder)?;
        let happened: Vec<(String, String)> = truth["edges"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|it| Some((it[0].as_str()?.to_owned(), it[1].as_str()?.to_owned())))
            .collect();
        let mut one = Tally { edges: happened.len(), ..Tally::default() };
        let mut guesses = 0;
        for (edge, sure) in &told {
            if happened.contains(edge) {
                one.right.push(*sure);
            } else {
                guesses += usize::from(*sure <= 0.5);
                one.wrong.push((*sure, format!("{name}: {} -> {}", edge.0, edge.1)));
            }
        }
        one.missed = happened
            .iter()
            .filter(|edge| told.get(*edge).is_none_or(|sure| *sure <= 0.5))
            .map(|edge| format!("{name}: {} -> {} ({:.2})", edge.0, edge.1, told.get(edge).copied().unwrap_or(0.0)))
            .collect();
        println!(
            "{name:<26} {:>5} {:>5} {:>6} {guesses:>6} {:>6}  {}",
            one.edges,
            one.right.iter().filter(|sure| **sure > 0.5).count(),
            one.wrong.iter().filter(|(sure, _)| *sure > 0.5).count(),
            one.missed.len(),
            truth["about"].as_str().unwrap_or_default()
        );
        all.edges += one.edges;
        all.right.extend(one.right);
        all.wrong.extend(one.wrong);
        all.missed.extend(one.missed);
    }
    println!("\nbasis     confidence   right  wrong   (all edges are inferred: nothing is recorded)");
    for at in (0..10).rev() {
        let right = all.right.iter().filter(|sure| band(**sure) == at).count();
        let wrong = all.wrong.iter().filter(|(sure, _)| band(*sure) == at).count();
        println!("inferred  {:.1} to {:.1}   {right:>5}  {wrong:>5}", at as f64 / 10.0, (at + 1) as f64 / 10.0);
    }
    for edge in &all.missed {
        println!("missed  {edge}");
    }
    for (sure, edge) in &all.wrong {
        println!("wrong   {edge} ({sure:.2})");
    }
    let found = all.right.iter().filter(|sure| **sure > 0.5).count();
    println!(
        "\n{found} of {} edges found, {} of them missed; {} wrong guesses, none above 0.5.",
        all.edges,
        all.missed.len(),
        all.wrong.len()
    );
    let loud: Vec<_> = all.wrong.iter().filter(|(sure, _)| *sure > 0.5).collect();
    ensure!(loud.is_empty(), "wrong and surer than one half: {loud:?}");
    ensure!(found * 10 >= all.edges * 8, "only {found} of {} edges are found", all.edges);
    Ok(())
}

#[test]
fn a_persons_correction_stands_when_the_project_changes() -> Outcome {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/recovered/rivals_alike");
    let sandbox = Sandbox::new()?;
    let cli = sandbox.cli("ada")?;
    let folder = sandbox.folder("corrected")?;
    copy(&fixture, &folder)?;
    let before = told(&cli, &folder)?;
    ensure!(before.values().all(|sure| *sure <= 0.5), "two scripts can have written it: {before:?}");
    let list = || cli.ok(["runs".as_ref(), "list".as_ref(), "--project".as_ref(), folder.as_os_str()]);
    let runs = list()?;
    let of =
        |runs: &Value, name: &str| runs["runs"].as_array().into_iter().flatten().find(|it| it["name"] == name).cloned();
    let wrong = of(&runs, "train_a.py").context("no run of train_a.py")?;
    let id = wrong["id"].as_str().unwrap_or_default();
    cli.ok(["runs", "reject", id, "--reason", "It was never run."])?;
    let right = of(&list()?, "train_b.py").context("no run of train_b.py")?;
    cli.ok(["runs", "confirm", right["id"].as_str().unwrap_or_default(), "--reason", "I ran it on Monday."])?;
    // The project changes, and everything is concluded anew.
    fs::write(folder.join("notes.md"), "something new\n")?;
    fs::write(folder.join("data/v3.csv"), "a,b\n1,2\n")?;
    cli.ok(["scan".as_ref(), folder.as_os_str()])?;
    let runs = list()?;
    ensure!(of(&runs, "train_a.py").is_none(), "it was rejected: {runs}");
    let run = of(&runs, "train_b.py").context("the confirmed run is gone")?;
    let edge = &run["outputs"][0];
    ensure!(edge["basis"] == "declared" && edge["confidence"] == 1.0, "{edge}");
    ensure!(edge["evidence"].as_str().is_some_and(|it| it.contains("I ran it on Monday.")), "{edge}");
    let audit = cli.ok(["audit", "list"])?;
    ensure!(audit.to_string().contains("run.correct"), "the correction is not in the audit");
    ensure!(cli.ok(["audit", "verify"])?["intact"] == true, "the audit is broken");
    // A record is not corrected.
    let refused = cli.ask(["runs", "confirm", "run_00000000-0000-0000-0000-000000000000"])?;
    ensure!(refused.code == Some(2), "{}", refused.told());
    Ok(())
}

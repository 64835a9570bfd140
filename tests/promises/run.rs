//! A recorded run: what it read, what it wrote, how it ended, and how that is known.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, ensure};
use proofmark_tests::{Csv, Outcome, Sandbox, python, until};
use serde_json::Value;

/// Reads a CSV; writes a CSV in one step, as careful programs do, metrics, and a third file through a process of its own.
const SCRIPT: &str = r#"import csv, json, os, subprocess, sys

with open("data/customers.csv", newline="") as file:
    rows = list(csv.DictReader(file))
kept = [row for row in rows if float(row["income"]) > 2000]
with open("data/kept.csv.tmp", "w", newline="") as file:
    writer = csv.DictWriter(file, fieldnames=rows[0].keys())
    writer.writeheader()
    writer.writerows(kept)
os.replace("data/kept.csv.tmp", "data/kept.csv")
with open("metrics.json", "w") as file:
    json.dump({"kept": len(kept), "share": round(len(kept) / len(rows), 4)}, file)
child = "text = open('data/rates.csv').read(); open('data/copy.csv', 'w').write(text + 'x,1\\n')"
subprocess.run([sys.executable, "-c", child], check=True)
print("kept", len(kept))
sys.exit(int(os.environ.get("EXIT", "0")) if "--fail" not in sys.argv else 3)
"#;

/// The interpreter, or a sentence on why the test was passed over.
fn interpreter() -> Option<&'static Path> {
    let found = python();
    if found.is_none() {
        eprintln!("passed over: there is no python3 on this machine, and a recorded script needs one");
    }
    found
}

fn project(sandbox: &Sandbox) -> Outcome<std::path::PathBuf> {
    sandbox.write("project/data/customers.csv", Csv::customers(200).text())?;
    sandbox.write("project/data/rates.csv", "currency,rate\nEUR,1.0\n")?;
    sandbox.write("project/data/never.csv", "a\n1\n")?;
    sandbox.write("project/train.py", SCRIPT)?;
    sandbox.folder("project")
}

fn edge<'a>(run: &'a Value, way: &str, path: &str) -> Option<&'a Value> {
    run[way].as_array().into_iter().flatten().find(|it| it["path"] == path)
}

#[test]
fn a_run_is_recorded_with_what_it_read_and_wrote() -> Outcome {
    let Some(python) = interpreter() else { return Ok(()) };
    let sandbox = Sandbox::new()?;
    let cli = sandbox.cli("ada")?;
    let folder = project(&sandbox)?;
    let words = [
        "run".as_ref(),
        "--name".as_ref(),
        "train".as_ref(),
        "--".as_ref(),
        python.as_os_str(),
        "train.py".as_ref(),
        "--rate".as_ref(),
        "0.5".as_ref(),
    ];
    let document = cli.ask_in(&folder, words)?.document(0)?;
    let run = &document["run"];
    ensure!(run["status"] == "finished" && document["exit_code"] == 0, "{run}");
    ensure!(run["parameters"]["rate"] == 0.5, "the parameters are {}", run["parameters"]);
    for path in ["data/customers.csv", "data/rates.csv", "train.py"] {
        let found = edge(run, "inputs", path)
            .with_context(|| format!("{path} was read, and the inputs are {}", run["inputs"]))?;
        ensure!(found["basis"] == "observed" && found["confidence"] == 1.0, "{found}");
    }
    for path in ["data/kept.csv", "data/copy.csv", "metrics.json"] {
        let found = edge(run, "outputs", path)
            .with_context(|| format!("{path} was written, and the outputs are {}", run["outputs"]))?;
        ensure!(found["digest"].as_str().is_some_and(|it| it.starts_with("sha256:")), "{found}");
    }
    let read = edge(run, "inputs", "data/customers.csv").and_then(|it| it["evidence"].as_str()).unwrap_or_default();
    ensure!(read.contains("train.py") && read.contains("line 3"), "the line of the script is not named: {read:?}");
    let written = edge(run, "outputs", "metrics.json").and_then(|it| it["evidence"].as_str()).unwrap_or_default();
    ensure!(
        written.contains("train.py") && written.contains("line 11"),
        "the line of the script is not named: {written:?}"
    );
    for path in ["data/never.csv", "data/kept.csv.tmp"] {
        ensure!(
            edge(run, "inputs", path).is_none() && edge(run, "outputs", path).is_none(),
            "{path} has no part in the run"
        );
    }
    ensure!(run["metrics"]["share"].is_number(), "the metrics are {}", run["metrics"]);
    ensure!(!folder.join("__pycache__").exists(), "the recording left files in the project");

    let shown = cli.ok(["runs", "show", "train"])?;
    ensure!(shown["log_tail"].as_str().is_some_and(|it| it.contains("kept ")), "the log is {}", shown["log_tail"]);
    ensure!(
        shown["environment"]["python"].is_object() || shown["environment"].is_object(),
        "the environment is {}",
        shown["environment"]
    );
    // The file that came out is known by its bytes to whoever finds it later.
    let lineage = cli.ok(["lineage".as_ref(), folder.join("data/kept.csv").as_os_str(), "--up".as_ref()])?;
    let labels: Vec<&str> =
        lineage["nodes"].as_array().into_iter().flatten().filter_map(|it| it["label"].as_str()).collect();
    ensure!(labels.contains(&"data/customers.csv") && labels.contains(&"train"), "{labels:?}");
    Ok(())
}

#[test]
fn the_exit_code_is_that_of_the_command() -> Outcome {
    let Some(python) = interpreter() else { return Ok(()) };
    let sandbox = Sandbox::new()?;
    let cli = sandbox.cli("ada")?;
    let folder = project(&sandbox)?;
    let failed = cli
        .ask_in(&folder, ["run".as_ref(), "--".as_ref(), python.as_os_str(), "train.py".as_ref(), "--fail".as_ref()])?
        .document(3)?;
    ensure!(failed["run"]["status"] == "failed", "{}", failed["run"]["status"]);
    let killed = cli.ask_in(
        &folder,
        [
            "run".as_ref(),
            "--".as_ref(),
            python.as_os_str(),
            "-c".as_ref(),
            "import os; os.kill(os.getpid(), 9)".as_ref(),
        ],
    )?;
    let killed = killed.document(137)?;
    ensure!(killed["run"]["status"] == "killed", "{}", killed["run"]["status"]);
    let missing = cli.ask_in(&folder, ["run", "--", "no-such-program-anywhere"])?;
    let error = missing.error_with_hint(2, "not_found")?;
    ensure!(error["message"].as_str().is_some_and(|it| it.contains("no-such-program-anywhere")), "{error}");
    // What people see of the command itself is its own output, untouched.
    let mut plain = cli.command();
    plain.current_dir(&folder).args(["run", "--quiet", "--"]).arg(python).args(["-c", "print('as it is')"]);
    let output = plain.output()?;
    ensure!(output.stdout == b"as it is\n", "standard output was {:?}", String::from_utf8_lossy(&output.stdout));
    Ok(())
}

#[test]
fn a_recorder_that_was_killed_leaves_a_run_that_says_so() -> Outcome {
    let Some(python) = interpreter() else { return Ok(()) };
    let sandbox = Sandbox::new()?;
    let cli = sandbox.cli("ada")?;
    let folder = project(&sandbox)?;
    sandbox.write(
        "project/slow.py",
        "import time\nprint('begun', flush=True)\nopen('begun', 'w').write('x')\ntime.sleep(60)\n",
    )?;
    let mut recorder = cli.start(
        &folder,
        ["run".as_ref(), "--name".as_ref(), "slow".as_ref(), "--".as_ref(), python.as_os_str(), "slow.py".as_ref()],
    )?;
    until("the beginning of the script", || Ok(folder.join("begun").exists().then_some(())))?;
    recorder.kill();
    let runs = cli.ok(["runs", "list"])?;
    let run =
        runs["runs"].as_array().into_iter().flatten().find(|it| it["name"] == "slow").context("the run is gone")?;
    ensure!(run["status"] == "killed", "it is {}", run["status"]);
    let shown = cli.ok(["runs", "show", "slow"])?;
    ensure!(shown["log_tail"].as_str().is_some_and(|it| it.contains("begun")), "the log is {}", shown["log_tail"]);
    ensure!(cli.ok(["audit", "verify"])?["intact"] == true, "the audit is broken");
    // It is told once, not at every start.
    ensure!(
        fs::read_dir(cli.home().join("runs")).map_or(0, Iterator::count) == 0,
        "what the recorder had put aside was left behind"
    );
    Ok(())
}

#[test]
fn two_runs_differ_in_what_differs() -> Outcome {
    let Some(python) = interpreter() else { return Ok(()) };
    let sandbox = Sandbox::new()?;
    let cli = sandbox.cli("ada")?;
    let folder = project(&sandbox)?;
    let run = |name: &str, rate: &str| {
        let words = [
            "run".as_ref(),
            "--name".as_ref(),
            name.as_ref(),
            "--".as_ref(),
            python.as_os_str(),
            "train.py".as_ref(),
            "--rate".as_ref(),
            rate.as_ref(),
        ];
        cli.ask_in(&folder, words)?.document(0)
    };
    run("one", "0.5")?;
    sandbox.write("project/data/customers.csv", Csv::customers(300).text())?;
    std::thread::sleep(Duration::from_millis(20));
    run("two", "0.7")?;
    let compared = cli.ok(["runs", "compare", "one", "two"])?;
    let differences: Vec<(&str, &str)> = compared["differences"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|it| Some((it["of"].as_str()?, it["name"].as_str()?)))
        .collect();
    for expected in [("parameter", "rate"), ("metric", "kept"), ("input", "data/customers.csv")] {
        ensure!(differences.contains(&expected), "{expected:?} is not among {differences:?}");
    }
    ensure!(
        !differences.contains(&("input", "data/rates.csv")),
        "what is the same is not a difference: {differences:?}"
    );
    Ok(())
}

//! Data that is held back: what Proofmark starts does not read it until a person decides, and everybody can see why.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use proofmark_tests::{Cli, Csv, Outcome, Sandbox, python};
use serde_json::Value;

use crate::files::scan;

/// Customers of which some have -1 for an income.
fn bad() -> String {
    let mut lines: Vec<String> = Csv::customers(800).text().lines().map(str::to_owned).collect();
    for line in lines.iter_mut().skip(1).step_by(40) {
        let mut fields: Vec<String> = line.split(',').map(str::to_owned).collect();
        fields[2] = "-1".to_owned();
        *line = fields.join(",");
    }
    lines.join("\n") + "\n"
}

struct Place {
    sandbox: Sandbox,
    cli: Cli,
    folder: PathBuf,
}

/// A project with a bad file and a script that reads it.
fn place() -> Outcome<Place> {
    let sandbox = Sandbox::new()?;
    let cli = sandbox.cli("ada")?;
    sandbox.write("project/data/customers.csv", bad())?;
    sandbox.write("project/data/other.csv", Csv::customers(50).text())?;
    sandbox.write(
        "project/count.py",
        "import csv\n\nwith open('data/customers.csv', newline='') as file:\n    rows = list(csv.DictReader(file))\nwith open('count.txt', 'w') as file:\n    file.write(str(len(rows)))\n",
    )?;
    let folder = sandbox.folder("project")?;
    scan(&cli, &folder)?;
    Ok(Place { sandbox, cli, folder })
}

impl Place {
    fn run(&self, words: &[&OsStr]) -> Outcome<proofmark_tests::Answer> {
        let begin: Vec<&OsStr> = vec!["run".as_ref()];
        self.cli.ask_in(&self.folder, begin.into_iter().chain(words.iter().copied()))
    }

    fn decide(&self, verb: &str, reason: &str) -> Outcome<Value> {
        let file = self.folder.join("data/customers.csv");
        let words: [&OsStr; 5] =
            ["data".as_ref(), verb.as_ref(), file.as_os_str(), "--reason".as_ref(), reason.as_ref()];
        self.cli.ok(words)
    }
}

fn interpreter() -> Option<&'static Path> {
    let found = python();
    if found.is_none() {
        eprintln!("passed over: there is no python3 on this machine");
    }
    found
}

#[test]
fn a_command_that_would_read_held_data_is_not_started() -> Outcome {
    let Some(python) = interpreter() else { return Ok(()) };
    let place = place()?;
    let held = place.decide("hold", "the branch sends it again")?;
    ensure!(held["hold"]["word"]["state"] == "held" && held["hold"]["word"]["by_screening"] == false, "{held}");
    let refused = place.run(&["--".as_ref(), python.as_os_str(), "count.py".as_ref()])?;
    let error = refused.error(1, "blocked")?;
    let message = error["message"].as_str().unwrap_or_default();
    for part in ["data/customers.csv", "the branch sends it again", "count.py line 3", "not started"] {
        ensure!(message.contains(part), "the message lacks {part:?}: {message}");
    }
    let hints = error["hints"].to_string();
    // The hint names the file so that it holds in any folder.
    let release = format!("proofmark data release {}", place.folder.join("data/customers.csv").display());
    ensure!(hints.contains(&release) && hints.contains("--use-held"), "{hints}");
    ensure!(!place.folder.join("count.txt").exists(), "the command was started all the same");
    // Given as an argument, through a shell script, or as a copy under another name, it is the same data.
    fs::copy(place.folder.join("data/customers.csv"), place.folder.join("data/copy.csv"))?;
    place.sandbox.write("project/all.sh", "set -e\npython3 count.py\n")?;
    for words in
        [["wc", "data/customers.csv"], ["wc", "data/copy.csv"], ["sh", "all.sh"], ["cat", "--show=data/customers.csv"]]
    {
        let words: Vec<&OsStr> = ["--"].iter().chain(&words).map(OsStr::new).collect();
        place.run(&words)?.error(1, "blocked")?;
    }
    // Other data is as free as before, and so is writing the file anew.
    place.run(&["--".as_ref(), "wc".as_ref(), "data/other.csv".as_ref()])?.document(0)?;
    let audit = place.cli.ok(["audit", "list"])?.to_string();
    ensure!(audit.contains("run.refused") && audit.contains("hold.decide"), "the refusal is not in the audit: {audit}");

    let again = place.cli.ask([
        "data".as_ref(),
        "hold".as_ref(),
        place.folder.join("data/customers.csv").as_os_str(),
        "--reason".as_ref(),
        "x".as_ref(),
    ])?;
    again.error(2, "already_exists")?;
    place.decide("release", "the branch confirmed it")?;
    let done = place.run(&["--".as_ref(), python.as_os_str(), "count.py".as_ref()])?.document(0)?;
    ensure!(done["run"]["process"]["held"] == serde_json::json!([]), "{}", done["run"]["process"]);
    ensure!(fs::read_to_string(place.folder.join("count.txt"))? == "800", "the command did not run");
    Ok(())
}

#[test]
fn held_data_is_read_when_somebody_says_why_and_that_is_recorded() -> Outcome {
    let Some(python) = interpreter() else { return Ok(()) };
    let place = place()?;
    place.decide("hold", "the branch sends it again")?;
    let words: [&OsStr; 5] =
        ["--use-held".as_ref(), "only counted".as_ref(), "--".as_ref(), python.as_os_str(), "count.py".as_ref()];
    let process = &place.run(&words)?.document(0)?["run"]["process"].clone();
    ensure!(process["use_held"] == "only counted", "{process}");
    let held = &process["held"][0];
    ensure!(held["path"] == "data/customers.csv" && held["fate"] == "allowed", "{process}");
    ensure!(held["reason"] == "the branch sends it again", "{held}");
    let words: [&OsStr; 5] =
        ["--use-held".as_ref(), " ".as_ref(), "--".as_ref(), python.as_os_str(), "count.py".as_ref()];
    place.run(&words)?.error(2, "invalid_request")?;
    Ok(())
}

#[test]
fn what_no_analysis_foresees_is_refused_when_it_opens_the_file() -> Outcome {
    if !cfg!(target_os = "linux") {
        return Ok(());
    }
    let Some(python) = interpreter() else { return Ok(()) };
    let place = place()?;
    place.sandbox.write(
        "project/hidden.py",
        "import os, subprocess, sys\n\nname = bytes.fromhex('646174612f637573746f6d6572732e637376').decode()\ntry:\n    open(name).read()\n    sys.exit(9)\nexcept PermissionError as error:\n    print('refused:', error)\nos.symlink(name, 'link')\nfor other in [name, 'link', sys.argv[1]]:\n    if subprocess.run(['cat', other], stdout=subprocess.DEVNULL).returncode == 0:\n        sys.exit(8)\nos.remove('link')\nopen('data/' + 'other.csv').read()\nwith open(name, 'w') as file:\n    file.write('a,b\\n1,2\\n')\nopen(name).read()\n",
    )?;
    place.decide("hold", "the branch sends it again")?;
    // A second name outside of the project is the same file.
    let second = place.sandbox.folder("outside")?.join("second.csv");
    fs::hard_link(place.folder.join("data/customers.csv"), &second)?;
    let document =
        place.run(&["--".as_ref(), python.as_os_str(), "hidden.py".as_ref(), second.as_os_str()])?.document(0)?;
    let run = &document["run"];
    ensure!(run["status"] == "finished", "{run}");
    let held = run["process"]["held"].as_array().context("no list of held data")?;
    ensure!(held.len() == 1 && held[0]["fate"] == "refused" && held[0]["path"] == "data/customers.csv", "{held:?}");
    let inputs: Vec<&str> =
        run["inputs"].as_array().into_iter().flatten().filter_map(|it| it["path"].as_str()).collect();
    ensure!(!inputs.contains(&"data/customers.csv"), "what was refused counts as read: {inputs:?}");
    ensure!(inputs.contains(&"data/other.csv"), "{inputs:?}");
    let shown = place.cli.ok(["runs", "show", "hidden.py"])?;
    let log = shown["log_tail"].as_str().unwrap_or_default();
    ensure!(log.contains("held back by") && log.contains("the branch sends it again"), "the log is {log:?}");
    ensure!(log.matches("Opening it was refused").count() >= 4, "not every refusal is in the log: {log:?}");
    Ok(())
}

#[test]
fn bad_data_is_held_back_by_itself_where_the_project_says_so() -> Outcome {
    let Some(python) = interpreter() else { return Ok(()) };
    let place = place()?;
    place.sandbox.write("project/proofmark.toml", "[screening]\nhold = \"error\"\n")?;
    // Nobody has looked at the file yet; it is looked at before the command is started.
    let command: [&OsStr; 3] = ["--".as_ref(), python.as_os_str(), "count.py".as_ref()];
    let error = place.run(&command)?.error(1, "blocked")?;
    let message = error["message"].as_str().unwrap_or_default();
    ensure!(message.contains("held back by its checks") && message.contains("income"), "{message}");
    let list = place.cli.ok(["data", "list"])?;
    let hold = &list["holds"][0];
    ensure!(hold["path"] == "data/customers.csv" && hold["word"]["by_screening"] == true, "{list}");
    ensure!(list["holds"].as_array().is_some_and(|it| it.len() == 1), "good data is held, too: {list}");

    // A person's word stands, also when the data is looked at again.
    place.decide("release", "-1 stands for unknown here")?;
    place.cli.ok(["scan".as_ref(), place.folder.as_os_str(), "--screen".as_ref()] as [&OsStr; 3])?;
    place.run(&command)?.document(0)?;
    ensure!(place.cli.ok(["data", "list"])?["holds"] == serde_json::json!([]), "it was held back again");
    let all = place.cli.ok(["data", "list", "--all"])?;
    ensure!(all["holds"][0]["word"]["reason"] == "-1 stands for unknown here", "{all}");

    // Other bytes are another version.
    place.sandbox.write("project/data/customers.csv", bad().replace("Kiel", "Bonn"))?;
    place.run(&command)?.error(1, "blocked")?;
    place.sandbox.write("project/proofmark.toml", "[screening]\nhold = \"sometimes\"\n")?;
    let wrong = place.cli.ask_in(&place.folder, ["rules", "list", "data/customers.csv"])?;
    ensure!(
        String::from_utf8_lossy(&wrong.output).contains("sometimes"),
        "the wrong word is not told: {}",
        wrong.told()
    );
    Ok(())
}

#[test]
fn a_model_made_from_held_data_fails_its_gate_and_the_lineage_says_why() -> Outcome {
    let sandbox = Sandbox::new()?;
    let cli = sandbox.cli("ada")?;
    let sample = cli.ok(["sample"])?;
    let root = sample["project"]["root"].as_str().context("no folder of the sample")?.to_owned();
    let train = Path::new(&root).join("data/processed/train.parquet");
    let model = Path::new(&root).join(proofmark_tests::SAMPLE_MODEL);
    let gate = |cli: &Cli| -> Outcome<Value> {
        let document = cli.ask(["gate".as_ref(), model.as_os_str()])?;
        let document: Value = serde_json::from_slice(&document.output)?;
        let gates = document["gates"].as_array().context("no gates")?;
        let found = gates.iter().find(|it| it["definition"]["rule"] == "data_quality");
        Ok(found.with_context(|| format!("no gate of data quality in {document}"))?.clone())
    };
    let before = gate(&cli)?;
    ensure!(before["why"].as_str().is_some_and(|it| !it.contains("held back")), "{before}");
    cli.ok([
        "data".as_ref(),
        "hold".as_ref(),
        train.as_os_str(),
        "--reason".as_ref(),
        "its labels are checked again".as_ref(),
    ])?;
    let after = gate(&cli)?;
    ensure!(after["verdict"] == "fail", "{after}");
    let why = after["why"].as_str().unwrap_or_default();
    ensure!(why.contains("data/processed/train.parquet") && why.contains("its labels are checked again"), "{why}");
    let lineage = cli.ok(["lineage".as_ref(), model.as_os_str(), "--up".as_ref()])?;
    let troubles = lineage["troubles"].as_array().context("no troubles")?;
    let own = troubles.iter().find(|it| it["kind"] == "held" && it["node"] == it["origin"]);
    ensure!(own.is_some_and(|it| it["dataset"] == "data/processed/train.parquet"), "{troubles:?}");
    let focus = &lineage["focus"];
    ensure!(
        troubles.iter().any(|it| it["kind"] == "held" && it["node"] == *focus),
        "the model is not marked: {troubles:?}"
    );
    Ok(())
}

#[test]
fn what_a_command_read_before_counts_while_its_script_is_the_same() -> Outcome {
    let Some(python) = interpreter() else { return Ok(()) };
    let place = place()?;
    let hidden = "name = bytes.fromhex('646174612f637573746f6d6572732e637376').decode()\nopen(name).read()\n";
    place.sandbox.write("project/hidden.py", hidden)?;
    let words: [&OsStr; 3] = ["--".as_ref(), python.as_os_str(), "hidden.py".as_ref()];
    place.run(&words)?.document(0)?;
    place.decide("hold", "the branch sends it again")?;
    let error = place.run(&words)?.error(1, "blocked")?;
    let message = error["message"].as_str().unwrap_or_default();
    ensure!(message.contains("the same command read it when it was last run"), "{message}");
    // The new script reads nothing of it, and what the old one read says nothing about that.
    place.sandbox.write("project/hidden.py", "print('nothing is read')\n")?;
    let run = &place.run(&words)?.document(0)?["run"].clone();
    ensure!(run["process"]["held"] == serde_json::json!([]), "{run}");
    Ok(())
}

#[test]
fn the_file_of_another_project_is_held_by_the_bytes_that_lie_there_now() -> Outcome {
    if !cfg!(target_os = "linux") {
        return Ok(());
    }
    let place = place()?;
    place.decide("hold", "the branch sends it again")?;
    place.sandbox.write("other/note.txt", "a project of its own\n")?;
    let other = place.sandbox.folder("other")?;
    scan(&place.cli, &other)?;
    let file = place.folder.join("data/customers.csv");
    let read = || place.cli.ask_in(&other, ["run".as_ref(), "--".as_ref(), "cat".as_ref(), file.as_os_str()]);
    let refused = read()?.document(1)?;
    ensure!(refused["run"]["process"]["held"][0]["fate"] == "refused", "{}", refused["run"]["process"]);
    // The same bytes, written anew, are still held back; nobody has looked at that project since.
    let bytes = fs::read(&file)?;
    fs::write(&file, &bytes)?;
    read()?.document(1)?;
    fs::write(&file, Csv::customers(60).text())?;
    let free = read()?.document(0)?;
    ensure!(free["run"]["process"]["held"] == serde_json::json!([]), "{}", free["run"]["process"]);
    Ok(())
}

#[cfg(unix)]
#[test]
fn the_command_of_a_gate_does_not_read_held_data() -> Outcome {
    let place = place()?;
    place.sandbox.write("project/model.json", "{\"learner\": {\"version\": 1}}")?;
    place.sandbox.write(
        "project/proofmark.toml",
        "[gates]\ncommand = [\"sh\", \"answer.sh\"]\n\n[[gate]]\nname = \"behaves\"\nrequired = true\nrule = \"behaviour\"\n\n[[gate.test]]\nname = \"one\"\nkind = \"must_pass\"\nexample = { age = 30 }\nequals = 1\n",
    )?;
    // The name of the data comes about while the command runs.
    place.sandbox.write(
        "project/answer.sh",
        "part=data\nhead -1 $part/customers.csv >/dev/null || exit 3\nwhile read row; do echo 1; done\n",
    )?;
    let model = place.folder.join("model.json");
    let ask = || place.cli.ask(["gate".as_ref(), model.as_os_str(), "--run".as_ref()]);
    let before = ask()?;
    ensure!(before.code != Some(2), "the command does not answer: {}", before.told());
    place.decide("hold", "the branch sends it again")?;
    if cfg!(target_os = "linux") {
        let error = ask()?.error(2, "unreadable")?;
        let message = error["message"].as_str().unwrap_or_default();
        ensure!(message.contains("Permission denied"), "{message}");
    }
    place.sandbox.write("project/answer.sh", "exec python3 count.py\n")?;
    ask()?.error(1, "blocked")?;
    Ok(())
}

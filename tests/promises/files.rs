//! Watch and record: what happens in a folder is known, and nothing recorded is lost.

use std::fs;
use std::path::Path;

use anyhow::{Context, ensure};
use proofmark_tests::{Cli, Csv, Outcome, Sandbox, until};
use serde_json::Value;

pub(crate) fn scan(cli: &Cli, folder: &Path) -> Outcome<Value> {
    cli.ok(["scan".as_ref(), folder.as_os_str()])
}

/// Looks until nothing has to be read. A file that was written just before it was read may change again without a trace in its
/// times, so the next look reads it once more.
pub(crate) fn settled(cli: &Cli, folder: &Path) -> Outcome<Value> {
    until("a look that reads nothing", || {
        let seen = scan(cli, folder)?;
        Ok((seen["bytes_hashed"] == 0).then_some(seen))
    })
}

pub(crate) fn paths(scan: &Value) -> Vec<&str> {
    scan["artifacts"].as_array().into_iter().flatten().filter_map(|it| it["path"].as_str()).collect()
}

#[test]
fn a_watched_folder_tells_what_happens_in_it() -> Outcome {
    let sandbox = Sandbox::new()?;
    let cli = sandbox.cli("ada")?;
    let table = Csv::customers(50);
    sandbox.write("project/old.csv", table.text())?;
    let folder = sandbox.folder("project")?;
    let mut stream = cli.stream(["watch".as_ref(), folder.as_os_str(), "--json-lines".as_ref()])?;
    let of = |path: &'static str, change: &'static str| {
        move |line: &Value| line["change"]["path"] == path && line["change"]["change"] == change
    };
    stream.wait_for("the first look", of("old.csv", "added"))?;
    sandbox.write("project/new.csv", format!("{}C-1,30,1000,Kiel\n", table.text()))?;
    stream.wait_for("the new file", of("new.csv", "added"))?;
    sandbox.write("project/new.csv", format!("{}C-1,30,1001,Kiel\n", table.text()))?;
    stream.wait_for("the changed file", of("new.csv", "changed"))?;
    fs::create_dir(folder.join("kept"))?;
    fs::rename(folder.join("new.csv"), folder.join("kept/new.csv"))?;
    let moved = stream.wait_for("the moved file", of("kept/new.csv", "moved"))?;
    ensure!(moved["change"]["moved_from"] == "new.csv", "{moved}");
    // As careful programs write: beside it first, then in one step.
    sandbox.write("project/kept/new.csv.tmp", "customer_id,age\nC-1,30\n")?;
    fs::rename(folder.join("kept/new.csv.tmp"), folder.join("kept/new.csv"))?;
    stream.wait_for("the replaced file", of("kept/new.csv", "changed"))?;
    fs::remove_file(folder.join("kept/new.csv"))?;
    stream.wait_for("the deleted file", of("kept/new.csv", "deleted"))?;
    ensure!(stream.child.ended()?.is_none(), "watching ended by itself");
    for line in stream.lines()? {
        ensure!(line["change"]["digest"].as_str().is_none_or(|it| it.starts_with("sha256:")), "{line}");
    }
    Ok(())
}

#[test]
fn what_did_not_change_is_not_read_again_and_what_did_is() -> Outcome {
    let sandbox = Sandbox::new()?;
    let cli = sandbox.cli("ada")?;
    let folder = sandbox.folder("project")?;
    let mut size = 0;
    for number in 0..20 {
        let text = Csv::customers(100 + number);
        size += text.text().len() as u64;
        sandbox.write(&format!("project/part-{number}.csv"), text.text())?;
    }
    let first = scan(&cli, &folder)?;
    ensure!(first["bytes_hashed"] == size, "{} of {size} bytes were read", first["bytes_hashed"]);
    let second = settled(&cli, &folder)?;
    ensure!(paths(&second) == paths(&first), "the second look saw something else");
    // The same size and the same time of change: only what the system notes beside them gives it away.
    let path = folder.join("part-3.csv");
    let before = fs::metadata(&path)?.modified()?;
    let digest = |scan: &Value| {
        scan["artifacts"]
            .as_array()
            .into_iter()
            .flatten()
            .find(|it| it["path"] == "part-3.csv")
            .map(|it| it["digest"].clone())
    };
    let mut bytes = fs::read(&path)?;
    let last = bytes.len() - 2;
    bytes[last] ^= 1;
    fs::write(&path, bytes)?;
    fs::File::options().write(true).open(&path)?.set_modified(before)?;
    let third = scan(&cli, &folder)?;
    ensure!(digest(&third) != digest(&second), "a changed file was taken for the old one");
    Ok(())
}

#[test]
fn a_deleted_file_keeps_its_history() -> Outcome {
    let sandbox = Sandbox::new()?;
    let cli = sandbox.cli("ada")?;
    let path = sandbox.write("project/data/customers.csv", Csv::customers(30).text())?;
    sandbox.write("project/readme.md", "About it.")?;
    let folder = sandbox.folder("project")?;
    let before = scan(&cli, &folder)?;
    let digest = before["artifacts"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|it| it["path"] == "data/customers.csv")
        .context("it was not seen")?["digest"]
        .clone();
    fs::remove_file(path)?;
    let after = scan(&cli, &folder)?;
    ensure!(paths(&after) == ["readme.md"], "it is still listed: {:?}", paths(&after));
    ensure!(after["changes"]["deleted"] == 1, "{}", after["changes"]);
    let history = cli.ok(["history".as_ref(), folder.join("data/customers.csv").as_os_str()])?;
    let words: Vec<&str> =
        history["history"].as_array().into_iter().flatten().filter_map(|it| it["change"].as_str()).collect();
    ensure!(words == ["deleted", "added"], "its history is {words:?}");
    ensure!(history["history"][1]["digest"] == digest, "its bytes are forgotten: {history}");
    Ok(())
}

#[test]
fn a_moved_file_is_the_same_file() -> Outcome {
    let sandbox = Sandbox::new()?;
    let cli = sandbox.cli("ada")?;
    let path = sandbox.write("project/customers.csv", Csv::customers(30).text())?;
    let folder = sandbox.folder("project")?;
    scan(&cli, &folder)?;
    fs::create_dir(folder.join("raw"))?;
    fs::rename(path, folder.join("raw/customers.csv"))?;
    let after = scan(&cli, &folder)?;
    ensure!(
        after["changes"]["moved"] == 1 && after["changes"]["added"] == 0 && after["changes"]["deleted"] == 0,
        "{}",
        after["changes"]
    );
    Ok(())
}

#[test]
fn people_say_what_is_left_out_and_version_control_does_not() -> Outcome {
    let sandbox = Sandbox::new()?;
    let cli = sandbox.cli("ada")?;
    let folder = sandbox.folder("project")?;
    sandbox.write("project/.gitignore", "data/\n*.joblib\n")?;
    sandbox.write("project/data/train.csv", Csv::customers(10).text())?;
    sandbox.write("project/.proofmarkignore", "scratch/\n*.log\n!important.log\n")?;
    sandbox.write("project/scratch/try.csv", "a\n1\n")?;
    sandbox.write("project/noise.log", "…")?;
    sandbox.write("project/important.log", "…")?;
    sandbox.write("project/node_modules/x/data.csv", "a\n1\n")?;
    sandbox.write("project/.venv/lib/y.py", "pass\n")?;
    sandbox.write("project/__pycache__/z.pyc", "…")?;
    sandbox.write("project/train.py~", "…")?;
    let scan = scan(&cli, &folder)?;
    let seen = paths(&scan);
    for path in ["data/train.csv", "important.log"] {
        ensure!(seen.contains(&path), "{path} was not recorded: {seen:?}");
    }
    for path in
        ["scratch/try.csv", "noise.log", "node_modules/x/data.csv", ".venv/lib/y.py", "__pycache__/z.pyc", "train.py~"]
    {
        ensure!(!seen.contains(&path), "{path} was recorded: {seen:?}");
    }
    Ok(())
}

#[test]
fn nothing_in_a_watched_folder_is_touched() -> Outcome {
    let sandbox = Sandbox::new()?;
    let cli = sandbox.cli("ada")?;
    let folder = sandbox.folder("project")?;
    let script = "import pathlib\npathlib.Path('executed').write_text('')\n";
    sandbox.write("project/train.py", script)?;
    sandbox.write("project/setup.py", script)?;
    sandbox.write("project/conftest.py", script)?;
    sandbox.write("project/customers.csv", Csv::customers(30).text())?;
    // A pickle that makes a file when it is loaded: `pathlib.Path('executed').touch()`.
    sandbox.write("project/model.pkl", b"cpathlib\nPath\n(S'executed'\ntR.cposix\nsystem\n(S'touch executed'\ntR.")?;
    let listing = |folder: &Path| -> Outcome<Vec<(String, Vec<u8>)>> {
        let mut all = Vec::new();
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            all.push((path.display().to_string(), fs::read(&path)?));
        }
        all.sort();
        Ok(all)
    };
    let before = listing(&folder)?;
    cli.ok(["project".as_ref(), "add".as_ref(), folder.as_os_str()])?;
    cli.ok(["scan".as_ref(), folder.as_os_str(), "--screen".as_ref()])?;
    let inspected = cli.ok(["inspect".as_ref(), folder.join("model.pkl").as_os_str()])?;
    ensure!(
        inspected["safety"]["verdict"] == "dangerous",
        "a pickle that runs a command is called {}",
        inspected["safety"]
    );
    ensure!(listing(&folder)? == before, "something in the folder is not what it was");
    ensure!(!cli.home().join("executed").exists(), "something was executed");
    Ok(())
}

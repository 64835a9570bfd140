//! Power cuts: whatever is killed at whatever moment, what was acknowledged stays, and the next start works.

use std::env;
use std::fs;
use std::time::Duration;

use anyhow::{Context, ensure};
use proofmark_tests::{Cli, Csv, Desk, Outcome, SAMPLE_MODEL, Sandbox, python};
use serde_json::Value;

/// How often to pull the plug.
fn cycles() -> u64 {
    env::var("PROOFMARK_KILL_CYCLES").ok().and_then(|it| it.parse().ok()).unwrap_or(20)
}

/// Moments that are the same in every run of this test.
struct Moments(Csv);

impl Moments {
    fn new() -> Self {
        Self(Csv::new(&["moment"]))
    }

    /// Some time up to `longest`; short ones are as likely as long ones.
    fn next(&mut self, longest: Duration) -> Duration {
        longest.mul_f64(self.0.random())
    }
}

fn is_sound(cli: &Cli) -> Outcome {
    let audit = cli.ok(["audit", "verify"])?;
    ensure!(audit["intact"] == true, "the audit is broken: {audit}");
    Ok(())
}

/// How long a command takes when nobody ends it, so that moments fall into all of it.
fn timed(mut work: impl FnMut() -> Outcome) -> Outcome<Duration> {
    let begin = std::time::Instant::now();
    work()?;
    Ok(begin.elapsed())
}

#[test]
fn a_killed_scan_loses_nothing_that_was_recorded() -> Outcome {
    let sandbox = Sandbox::new()?;
    let cli = sandbox.cli("ada")?;
    let folder = sandbox.folder("project")?;
    for number in 0..40 {
        sandbox.write(&format!("project/part-{number}.csv"), Csv::customers(100 + number).text())?;
    }
    let words = ["scan".as_ref(), folder.as_os_str()];
    let longest = timed(|| cli.ok(words).map(|_| ()))?;
    let acknowledged = cli.ok(words)?["artifacts"].as_array().map_or(0, Vec::len);
    ensure!(acknowledged == 40, "{acknowledged} files were recorded");
    let mut moments = Moments::new();
    for cycle in 0..cycles() {
        for number in 0..10 {
            sandbox.write(
                &format!("project/round-{cycle}-{number}.csv"),
                Csv::customers(50 + cycle as usize + number).text(),
            )?;
        }
        let mut scan = cli.start(&folder, words)?;
        std::thread::sleep(moments.next(longest));
        scan.kill();
        is_sound(&cli).with_context(|| format!("after cycle {cycle}"))?;
    }
    let after = cli.ok(words)?;
    let expected = 40 + 10 * cycles() as usize;
    ensure!(after["artifacts"].as_array().map_or(0, Vec::len) == expected, "not all of {expected} files are there");
    Ok(())
}

#[test]
fn a_killed_recorder_leaves_the_ledger_whole() -> Outcome {
    let Some(python) = python() else {
        eprintln!("passed over: there is no python3 on this machine, and a recorded script needs one");
        return Ok(());
    };
    let sandbox = Sandbox::new()?;
    let cli = sandbox.cli("ada")?;
    let folder = sandbox.folder("project")?;
    sandbox.write("project/data.csv", Csv::customers(50).text())?;
    sandbox.write("project/work.py", "text = open('data.csv').read()\nopen('out.csv', 'w').write(text)\n")?;
    let words =
        ["run".as_ref(), "--name".as_ref(), "work".as_ref(), "--".as_ref(), python.as_os_str(), "work.py".as_ref()];
    let longest = timed(|| cli.ask_in(&folder, words)?.document(0).map(|_| ()))?;
    let acknowledged = cli.ok(["runs", "list"])?["runs"][0]["id"].clone();
    let mut moments = Moments::new();
    for cycle in 0..cycles() {
        let mut run = cli.start(&folder, words)?;
        std::thread::sleep(moments.next(longest));
        run.kill();
        is_sound(&cli).with_context(|| format!("after cycle {cycle}"))?;
    }
    let runs = cli.ok(["runs", "list"])?;
    let runs: &Vec<Value> = runs["runs"].as_array().context("no runs")?;
    ensure!(runs.iter().any(|it| it["id"] == acknowledged && it["status"] == "finished"), "the first run is gone");
    ensure!(
        runs.iter().all(|it| it["status"] == "finished" || it["status"] == "killed"),
        "a run that nobody executes still runs"
    );
    cli.ask_in(&folder, words)?.document(0)?;
    Ok(())
}

#[test]
fn a_killed_publication_is_whole_or_not_there() -> Outcome {
    let sandbox = Sandbox::new()?;
    let (ada, bob) = (Desk::new(&sandbox, "ada", "Ada")?, Desk::new(&sandbox, "bob", "Bob")?);
    let model = ada.open_sample()?.join(SAMPLE_MODEL);
    let registry = sandbox.root().join("registry");
    ada.begin_registry(&registry)?;
    ada.admit(&bob, &["approver", "governance-reviewer"])?;
    bob.attach(&registry)?;
    let first = ada.submit(&model, "credit", "The first one.")?;
    bob.approve(&first)?;
    let longest = timed(|| ada.publish(&first).map(|_| ()))?;
    let kept = fs::read(&model)?;
    let mut moments = Moments::new();
    let mut expected = 1_u64;
    for cycle in 0..cycles().div_ceil(4) {
        let candidate = ada.submit(&model, "credit", &format!("Number {cycle}."))?;
        bob.approve(&candidate)?;
        let mut publication =
            ada.cli.start(ada.cli.home(), ["release", "publish", &candidate, "--alias", "production"])?;
        std::thread::sleep(moments.next(longest));
        publication.kill();
        let (_, report) = ada.verify(&registry)?;
        ensure!(
            ["ok", "incomplete"].contains(&report["verdict"].as_str().unwrap_or_default()),
            "after cycle {cycle}: {report}"
        );
        is_sound(&ada.cli)?;
        // Either it was published, and saying so again is refused, or publishing works now.
        let again = ada.cli.ask(["release", "publish", &candidate, "--alias", "production"])?;
        if again.code != Some(0) {
            let shown = ada.cli.ok(["release", "show", &candidate])?;
            ensure!(shown["version"].is_number(), "it is neither published nor can it be: {}", again.told());
        }
        expected += 1;
        let (code, report) = bob.verify(&registry)?;
        ensure!(
            code == Some(0) && report["versions"].as_array().map_or(0, Vec::len) as u64 == expected,
            "after cycle {cycle}: {report}"
        );
    }
    let to = sandbox.root().join("fetched");
    ada.cli.ok(["registry".as_ref(), "fetch".as_ref(), "credit/1".as_ref(), "--to".as_ref(), to.as_os_str()])?;
    let found = walk(&to)?.into_iter().any(|path| fs::read(path).is_ok_and(|bytes| bytes == kept));
    ensure!(found, "the first version is not what was published");
    Ok(())
}

fn walk(folder: &std::path::Path) -> Outcome<Vec<std::path::PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { found.extend(walk(&path)?) } else { found.push(path) }
    }
    Ok(found)
}

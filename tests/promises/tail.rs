//! The end of a log as it grows, through rotations.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::Path;

use anyhow::ensure;
use proofmark_tests::{Outcome, Sandbox};
use serde_json::Value;

fn append(log: &Path, ids: &[&str]) -> Outcome {
    let mut file = OpenOptions::new().create(true).append(true).open(log)?;
    for id in ids {
        writeln!(file, "{{\"request_id\": \"{id}\", \"status\": 200}}")?;
    }
    Ok(())
}

fn ids(document: &Value) -> Vec<&str> {
    document["lines"].as_array().into_iter().flatten().filter_map(|it| it["request_id"].as_str()).collect()
}

/// One document per line, each with what came, also from a file that is longer than the one whose place it took.
#[test]
fn documents_follow_a_log_through_its_rotations() -> Outcome {
    let sandbox = Sandbox::new()?;
    let cli = sandbox.cli("ada")?;
    let log = sandbox.root().join("log.jsonl");
    append(&log, &["a", "b"])?;
    let stream = cli.stream(["--json".as_ref(), "tail".as_ref(), "--follow".as_ref(), log.as_os_str()])?;
    let has = |id: &'static str| move |it: &Value| ids(it).contains(&id);
    let first = stream.wait_for("the newest lines", has("b"))?;
    ensure!(first["schema"] == "proofmark/tail/1" && ids(&first) == ["a", "b"], "{first}");
    append(&log, &["c"])?;
    fs::rename(&log, sandbox.root().join("log.jsonl.1"))?;
    append(&log, &["d", "e", "f", "g", "h"])?;
    stream.wait_for("the new file", has("h"))?;
    fs::write(&log, "")?;
    append(&log, &["i", "j", "k", "l", "m", "n", "o"])?;
    stream.wait_for("the file that was written anew", has("o"))?;
    let all = stream.lines()?;
    ensure!(all.iter().filter(|it| it["rotated"] == true).count() == 2, "{all:?}");
    let all: Vec<&str> = all.iter().flat_map(ids).collect();
    ensure!(all.concat() == "abcdefghijklmno", "{all:?}");
    Ok(())
}

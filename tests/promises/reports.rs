//! A report is one file that stands on its own, in the form that the person asked for.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;

use anyhow::ensure;
use proofmark_tests::{Cli, Outcome, Sandbox};
use serde_json::Value;

fn table() -> String {
    let row = |i: i64| {
        let age = if i % 9 == 0 { -999 } else { 20 + i % 60 };
        let city = if i % 2 == 0 { "Bern" } else { "Genf" };
        format!("{age},{city},\"#read({i}) <b>\"\n")
    };
    let rows: String = (0..200).map(row).collect();
    format!("age,city,note\n{rows}")
}

/// Writes the report on a table to a file, with further words.
fn report(cli: &Cli, table: &Path, to: &Path, more: &[&str]) -> Outcome<Value> {
    let mut words =
        vec![OsStr::new("report"), OsStr::new("data"), table.as_os_str(), OsStr::new("--to"), to.as_os_str()];
    words.extend(more.iter().map(OsStr::new));
    cli.ok(words)
}

/// Whether a word stands in a PDF outside of its compressed streams: in a structure, a bookmark, or the description of a figure, which
/// are written in UTF-16 where they are not plain.
fn holds(bytes: &[u8], word: &str) -> bool {
    let wide: String = word.encode_utf16().map(|unit| format!("{unit:04X}")).collect();
    [word, &wide, &wide.to_lowercase()].iter().any(|it| bytes.windows(it.len()).any(|part| part == it.as_bytes()))
}

#[test]
fn a_report_comes_as_html_pdf_or_json() -> Outcome {
    let sandbox = Sandbox::new()?;
    let cli = sandbox.cli("ada")?;
    let project = sandbox.folder("work/project")?;
    let file = sandbox.write("work/project/people.csv", table())?;
    cli.ok(["project".as_ref(), "add".as_ref(), project.as_os_str()])?;

    let pdf = sandbox.root().join("report.pdf");
    let written = report(&cli, &file, &pdf, &[])?;
    let bytes = fs::read(&pdf)?;
    ensure!(written["size"].as_u64() == Some(bytes.len() as u64), "the size is not that of the file: {written}");
    ensure!(bytes.starts_with(b"%PDF-1.7") && bytes.trim_ascii_end().ends_with(b"%%EOF"), "it is no whole PDF");
    for word in ["/StructTreeRoot", "/Marked true", "/Outlines", "Distribution of age", "Findings", "Proofmark"] {
        ensure!(holds(&bytes, word), "`{word}` is not in the PDF");
    }
    ensure!(!holds(&bytes, "/JavaScript") && !holds(&bytes, "/URI"), "the PDF runs or loads something");
    // A report of ours may be written anew; a file of somebody else's is left alone.
    report(&cli, &file, &pdf, &[])?;
    let other = sandbox.write("minutes.pdf", "%PDF-1.7\nminutes of a meeting\n%%EOF\n")?;
    let mut words = vec!["report".as_ref(), "data".as_ref(), file.as_os_str()];
    words.extend(["--to".as_ref(), other.as_os_str()]);
    cli.ask(words)?.error_with_hint(2, "already_exists")?;
    ensure!(fs::read_to_string(&other)?.contains("minutes"), "the file of somebody else was changed");

    // The form that is asked for outweighs the ending.
    let named = sandbox.root().join("report.txt");
    report(&cli, &file, &named, &["--format", "json"])?;
    let document: Value = serde_json::from_slice(&fs::read(&named)?)?;
    ensure!(document["schema"] == "proofmark/dataset-report/1", "{document}");
    ensure!(document["profile"]["rows"] == 200 && document["check"]["findings"].is_array(), "{document}");
    report(&cli, &file, &named, &["--format", "html"])?;
    ensure!(fs::read_to_string(&named)?.starts_with("<!DOCTYPE html>"), "no HTML");
    Ok(())
}

#[test]
fn a_comparison_comes_as_pdf_and_as_what_drift_prints() -> Outcome {
    let sandbox = Sandbox::new()?;
    let cli = sandbox.cli("ada")?;
    let project = sandbox.folder("work/project")?;
    let before = sandbox.write("work/project/before.csv", table())?;
    let after = sandbox.write("work/project/after.csv", table().replace("Bern", "Biel"))?;
    cli.ok(["project".as_ref(), "add".as_ref(), project.as_os_str()])?;
    for (name, head) in [("drift.pdf", &b"%PDF-"[..]), ("drift.json", b"{"), ("drift.html", b"<!DOCTYPE html>")] {
        let to = sandbox.root().join(name);
        let mut words = vec!["report".as_ref(), "drift".as_ref(), before.as_os_str(), after.as_os_str()];
        words.extend(["--to".as_ref(), to.as_os_str()]);
        cli.ok(words)?;
        ensure!(fs::read(&to)?.starts_with(head), "{name} is not of its form");
    }
    let document: Value = serde_json::from_slice(&fs::read(sandbox.root().join("drift.json"))?)?;
    ensure!(document["schema"] == "proofmark/drift/1", "{document}");
    ensure!(document["columns"].as_array().is_some_and(|it| it.iter().any(|it| it["name"] == "city")), "{document}");
    Ok(())
}

#[test]
fn a_log_of_which_little_is_known_is_still_set_on_pages() -> Outcome {
    let sandbox = Sandbox::new()?;
    let cli = sandbox.cli("ada")?;
    // No time, no reference, no labels, no model's name: most parts of the document have nothing to say.
    let rows = (0..40).map(|i| format!("{{\"id\": \"{i}\", \"amount\": {}, \"prediction\": {}}}\n", i * 3, i % 2));
    let log = sandbox.write("bare.jsonl", rows.collect::<String>())?;
    let to = sandbox.root().join("bare.pdf");
    cli.ok(["monitor".as_ref(), log.as_os_str(), "--pdf".as_ref(), to.as_os_str()])?;
    let bytes = fs::read(&to)?;
    ensure!(bytes.starts_with(b"%PDF-") && holds(&bytes, "Windows, newest first"), "the document is not whole");

    // Each of these may be written anew, and replaces nothing that a person wrote.
    for (option, name, mine) in [
        ("--pdf", "minutes.pdf", "%PDF-1.7\nProofmark, minutes of a meeting\n%%EOF\n"),
        ("--html", "notes.html", "<!DOCTYPE html>\n<title>How we use Proofmark</title>"),
        ("--prometheus", "rules.prom", "# HELP our_rules Rules about proofmark_alerts_open.\n"),
        ("--retraining", "plan.json", "{\n  \"schema\": \"ours\", \"note\": \"proofmark/retraining/1\"\n}"),
    ] {
        let own = sandbox.root().join(format!("own-{name}"));
        let write = |to: &Path| cli.ask(["monitor".as_ref(), log.as_os_str(), option.as_ref(), to.as_os_str()]);
        write(&own)?.document(0)?;
        write(&own)?.document(0)?;
        let theirs = sandbox.write(name, mine)?;
        write(&theirs)?.error_with_hint(2, "already_exists")?;
        ensure!(fs::read_to_string(&theirs)? == mine, "{name} was written over");
    }
    Ok(())
}

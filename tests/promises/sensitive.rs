//! Sensitive values stay where they are: what is written about a table never repeats them. And leaving a column out does not hide it.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;

use anyhow::{Context, ensure};
use proofmark_tests::{Outcome, Sandbox};
use serde_json::Value;

/// Values that stand nowhere else in the world, one family each.
const PLANTED: &[(&str, &str)] = &[
    ("full_name", "Zbigniewa Quastelhuber"),
    ("email", "zq.quastelhuber@planted.example"),
    ("phone", "+49 151 77000917"),
    ("iban", "DE89370400440532013000"),
    ("card_number", "4929 4212 3456 7890"),
    ("ssn", "536-90-4399"),
    ("password", "Planted#Secret91x"),
    ("diagnosis", "E11.9 quastelhuberitis"),
    ("street_address", "917 Quastelhuber Terrace"),
    ("notes", "Spoke with Zbigniewa Quastelhuber, reply to zq.quastelhuber@planted.example please."),
];

/// A table of people in which the planted row is one of many, and is written twice so that it is a frequent value too.
fn people() -> String {
    let mut text = PLANTED.iter().map(|it| it.0).collect::<Vec<_>>().join(",") + ",amount\n";
    for i in 0..60 {
        let row: Vec<String> = PLANTED
            .iter()
            .map(|(name, value)| {
                let other = match *name {
                    "full_name" => format!("Anna Schmidt{}", ["mann", "berg", ""][i % 3]),
                    "email" => format!("anna{i}@example.org"),
                    "phone" => format!("+49 151 {:08}", 10_000_000 + i * 7919),
                    "iban" => "GB82WEST12345698765432".to_owned(),
                    "card_number" => "4111 1111 1111 1111".to_owned(),
                    "ssn" => format!("{:03}-{:02}-{:04}", 100 + i, 10 + i % 80, 1000 + i * 13),
                    "password" => format!("Aa{i}!xyzwq"),
                    "diagnosis" => "J45.909".to_owned(),
                    "street_address" => format!("{} Main Street", 10 + i),
                    _ => format!("Anna Schmidt called from anna{i}@example.org about the order."),
                };
                format!("\"{}\"", if i % 30 == 0 { (*value).to_owned() } else { other })
            })
            .collect();
        text.push_str(&format!("{},{}\n", row.join(","), i * 10));
    }
    text
}

/// Pieces by which a planted value would be known again.
fn told() -> Vec<String> {
    let mut all: Vec<String> = PLANTED.iter().map(|it| it.1.to_owned()).collect();
    all.extend(["Quastelhuber", "quastelhuber", "77000917", "370400440532013000"].map(String::from));
    all
}

fn silent(what: &str, text: &[u8]) -> Outcome {
    for value in told() {
        ensure!(!text.windows(value.len()).any(|it| it == value.as_bytes()), "{what} repeats `{value}`");
    }
    Ok(())
}

fn silent_folder(folder: &Path) -> Outcome<usize> {
    let mut files = 0;
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.is_dir() {
            files += silent_folder(&path)?;
        } else {
            silent(&path.display().to_string(), &fs::read(&path)?)?;
            files += 1;
        }
    }
    Ok(files)
}

#[test]
fn planted_values_stand_in_no_document_log_or_ledger() -> Outcome {
    let sandbox = Sandbox::new()?;
    let cli = sandbox.cli("ada")?;
    let project = sandbox.folder("work/project")?;
    let file = sandbox.write("work/project/people.csv", people())?;
    let report = cli.ok(["sensitive".as_ref(), file.as_os_str(), "--proxies".as_ref()])?;
    let found: Vec<&str> = report["columns"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|it| it["sensitive"] == true)
        .filter_map(|it| it["name"].as_str())
        .collect();
    for (name, _) in PLANTED {
        ensure!(found.contains(name), "`{name}` was not found sensitive, so that its values would be shown: {found:?}");
    }
    silent("sensitive --json", report.to_string().as_bytes())?;
    for command in ["profile", "check", "proxies"] {
        let answer = cli.ask([OsStr::new(command), file.as_os_str()])?;
        ensure!(!answer.output.is_empty(), "`{}` printed nothing:\n{}", answer.asked, answer.errors);
        silent(command, &answer.output)?;
        silent(command, answer.errors.as_bytes())?;
    }
    cli.ok(["project".as_ref(), "add".as_ref(), project.as_os_str()])?;
    cli.ok(["scan".as_ref(), project.as_os_str(), "--screen".as_ref()])?;
    let html = sandbox.root().join("report.html");
    cli.ok(["report".as_ref(), "data".as_ref(), file.as_os_str(), "--to".as_ref(), html.as_os_str()])?;
    silent("the report", &fs::read(&html)?)?;
    let json = sandbox.root().join("report.json");
    cli.ok(["report".as_ref(), "data".as_ref(), file.as_os_str(), "--to".as_ref(), json.as_os_str()])?;
    silent("the report for programs", &fs::read(&json)?)?;
    let files = silent_folder(cli.home())?;
    ensure!(files > 0, "there is no ledger at {}", cli.home().display());
    Ok(())
}

fn target<'a>(report: &'a Value, name: &str) -> Outcome<&'a Value> {
    let mut targets = report["targets"].as_array().into_iter().flatten();
    targets.find(|it| it["column"] == name).with_context(|| format!("`{name}` was not looked at: {report}"))
}

#[test]
fn a_column_that_others_give_away_is_told_from_one_that_they_do_not() -> Outcome {
    let sandbox = Sandbox::new()?;
    let cli = sandbox.cli("ada")?;
    let table = proofmark_tests::repository().join("tests/fixtures/proxies/people.csv");
    let report = cli.ok([
        "proxies".as_ref(),
        table.as_os_str(),
        "--sensitive".as_ref(),
        "gender".as_ref(),
        "--sensitive".as_ref(),
        "union_member".as_ref(),
    ])?;
    ensure!(report["schema"] == "proofmark/proxies/1", "{}", report["schema"]);
    let gender = target(&report, "gender")?;
    ensure!(gender["verdict"] == "strong", "{gender}");
    let first = &gender["features"][0]["column"];
    ensure!(first == "shoe_size" || first == "height_cm", "{gender}");
    ensure!(target(&report, "union_member")?["verdict"] == "none", "{report}");
    let unknown = cli.ask(["proxies".as_ref(), table.as_os_str(), "--sensitive".as_ref(), "nobody".as_ref()])?;
    unknown.error(2, "invalid_request")?;
    Ok(())
}

#[test]
fn what_people_decided_wins_over_what_is_found() -> Outcome {
    let sandbox = Sandbox::new()?;
    let cli = sandbox.cli("ada")?;
    let project = sandbox.folder("work/project")?;
    let file = sandbox.write("work/project/people.csv", people())?;
    cli.ok(["project".as_ref(), "add".as_ref(), project.as_os_str()])?;
    cli.ok(["scan".as_ref(), project.as_os_str()])?;
    let say = |column: &str, word: &[&str]| -> Outcome<Value> {
        let mut arguments: Vec<&OsStr> = vec![OsStr::new("label"), file.as_os_str(), OsStr::new(column)];
        arguments.extend(word.iter().map(|it| OsStr::new(*it)));
        arguments.extend(["--reason", "known to us"].map(OsStr::new));
        cli.ok(arguments)
    };
    say("email", &["--not-sensitive"])?;
    say("amount", &["--as", "financial"])?;
    // new bytes under the same path are another version, and the word stands
    let text = people();
    let again = text.lines().nth(1).unwrap_or_default();
    sandbox.write("work/project/people.csv", format!("{text}{again}\n"))?;
    let report = cli.ok(["sensitive".as_ref(), file.as_os_str()])?;
    let column = |name: &str| {
        report["columns"].as_array().into_iter().flatten().find(|it| it["name"] == name).cloned().unwrap_or_default()
    };
    ensure!(column("email")["sensitive"] == false, "{}", column("email"));
    ensure!(column("amount")["labels"][0]["label"] == "financial", "{}", column("amount"));
    ensure!(column("phone")["sensitive"] == true, "{}", column("phone"));
    let factors = column("email")["factors"].to_string();
    ensure!(factors.contains("decision") && factors.contains("known to us"), "the reason is not told: {factors}");
    Ok(())
}

//! Alerts about models in use: what people answer, what is learned from it, and the documents that carry it further.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, ensure};
use proofmark_tests::{Cli, Csv, Outcome, Sandbox};
use serde_json::{Value, json};

/// Two years of one prediction in three hours, in which the amounts of every December are twice as high; with a step in the second year's June
/// if asked for.
fn log(years: usize) -> String {
    let mut random = Csv::new(&[]);
    let mut text = String::new();
    let mut row = 0usize;
    for year in 0..years {
        for month in 1..=12usize {
            for day in 1..=28usize {
                for hour in (0..24usize).step_by(3) {
                    let times = if month == 12 { 2.0 } else { 1.0 };
                    let record = json!({
                        "request_id": format!("{row:08x}-0000-4000-8000-{row:012x}"),
                        "time": format!("{}-{month:02}-{day:02}T{hour:02}:00:00Z", 2023 + year),
                        "model": "shop", "version": "3", "status": 200, "latency_ms": 4.0,
                        "inputs": {"amount": times * (50.0 + 100.0 * random.random()), "age": 18.0 + 60.0 * random.random()},
                        "outputs": {"prediction": u8::from(random.random() < 0.5)},
                    });
                    // Writing into a string cannot fail.
                    let _ = writeln!(text, "{record}");
                    row += 1;
                }
            }
        }
    }
    text
}

fn reference() -> String {
    let mut csv = Csv::new(&["amount", "age"]);
    for _ in 0..3_000 {
        let row = [(50.0 + 100.0 * csv.random()).to_string(), (18.0 + 60.0 * csv.random()).to_string()];
        csv.row(&row);
    }
    csv.text().to_owned()
}

fn alerts<'a>(document: &'a Value, kind: &str) -> Vec<&'a Value> {
    let all = document["models"][0]["alerts"].as_array().map(Vec::as_slice).unwrap_or_default();
    all.iter().filter(|it| it["kind"] == kind).collect()
}

fn read(cli: &Cli, log: &Path, reference: &Path) -> Outcome<Value> {
    cli.ok(["alert".as_ref(), "list".as_ref(), log.as_os_str(), "--reference".as_ref(), reference.as_os_str()])
}

#[test]
fn a_season_is_answered_once() -> Outcome {
    let sandbox = Sandbox::new()?;
    let cli = sandbox.cli("ada")?;
    let folder = sandbox.folder("project")?;
    cli.ok(["project".as_ref(), "add".as_ref(), folder.as_os_str()])?;
    let path = sandbox.write("project/logs/predictions.jsonl", log(1))?;
    let known = sandbox.write("project/train.csv", reference())?;
    let first = read(&cli, &path, &known)?;
    ensure!(first["schema"] == "proofmark/alert/1", "{}", first["schema"]);
    let open = alerts(&first, "inputs");
    ensure!(open.len() == 1 && open[0]["is_open"] == true && open[0]["answer"].is_null(), "{open:?}");
    ensure!(open[0]["columns"] == json!(["amount"]), "{}", open[0]);
    let words = |verb: &'static str| ["alert".as_ref(), verb.as_ref(), path.as_os_str(), "inputs".as_ref()];
    // Known, put off, and taken back: each is the last word until the next.
    let known_of = cli.ok(words("acknowledge"))?;
    ensure!(alerts(&known_of, "inputs")[0]["answer"]["state"] == "acknowledged", "{known_of}");
    let put_off = cli.ok(words("snooze"))?;
    ensure!(alerts(&put_off, "inputs")[0]["answer"]["until"].is_string(), "{put_off}");
    let back = cli.ok(words("reopen"))?;
    ensure!(alerts(&back, "inputs")[0]["answer"].is_null(), "{back}");
    let past: [&std::ffi::OsStr; 2] = ["--until".as_ref(), "2020-01-01".as_ref()];
    cli.ask(words("snooze").into_iter().chain(past))?.error_with_hint(2, "invalid_request")?;
    let seasonal = cli.ok(words("seasonal"))?;
    let answered = alerts(&seasonal, "inputs");
    ensure!(answered[0]["is_open"] == false && answered[0]["answer"]["learned"] == false, "{seasonal}");
    ensure!(seasonal["models"][0]["health"]["state"] != "bad", "{}", seasonal["models"][0]["health"]);
    // A year later: the next December is expected.
    fs::write(&path, log(2))?;
    let later = read(&cli, &path, &known)?;
    let open: Vec<&Value> = alerts(&later, "inputs").into_iter().filter(|it| it["is_open"] == true).collect();
    ensure!(open.is_empty(), "an expected December was alarmed: {open:?}");
    cli.ask(["alert".as_ref(), "acknowledge".as_ref(), path.as_os_str(), "latency".as_ref()])?
        .error_with_hint(2, "not_found")?;
    // What was answered stands in the record of who did what.
    let audit = cli.ok(["audit", "list"])?;
    ensure!(audit.to_string().contains("alert.answer"), "the answers are not in the audit");
    Ok(())
}

#[test]
fn a_reading_becomes_documents_for_others() -> Outcome {
    let sandbox = Sandbox::new()?;
    let cli = sandbox.cli("ada")?;
    let path = sandbox.write("predictions.jsonl", log(1))?;
    let known = sandbox.write("train.csv", reference())?;
    let file = |name: &str| sandbox.root().join(name);
    let (html, prom, request) = (file("report.html"), file("proofmark.prom"), file("retraining.json"));
    let mut words = vec!["monitor".as_ref(), path.as_os_str(), "--reference".as_ref(), known.as_os_str()];
    words.extend(["--html".as_ref(), html.as_os_str(), "--prometheus".as_ref(), prom.as_os_str()]);
    let pdf = file("report.pdf");
    words.extend(["--pdf".as_ref(), pdf.as_os_str()]);
    words.extend(["--retraining".as_ref(), request.as_os_str()]);
    cli.ok(words)?;
    let html = fs::read_to_string(&html)?;
    ensure!(html.contains("<svg") && html.contains("amount") && !html.contains("<script"), "no self-contained report");
    let pages = fs::read(&pdf)?;
    ensure!(pages.starts_with(b"%PDF-") && pages.trim_ascii_end().ends_with(b"%%EOF"), "the PDF is not whole");
    let remote = ["src=\"http", "href=\"http", "url(http", "@import"];
    ensure!(remote.iter().all(|it| !html.contains(it)), "the report loads something");
    let text = fs::read_to_string(&prom)?;
    for line in text.lines().filter(|it| !it.starts_with('#')) {
        let (series, value) = line.rsplit_once(' ').context("a line without a value")?;
        ensure!(series.ends_with('}') && value.parse::<f64>().is_ok_and(f64::is_finite), "{line}");
    }
    for wanted in [
        "proofmark_predictions{model=\"shop\"} 2688",
        "proofmark_alerts_open{model=\"shop\",kind=\"inputs\"} 1",
        "proofmark_column_effect{model=\"shop\",column=\"amount\",role=\"input\"}",
    ] {
        ensure!(text.contains(wanted), "{wanted} is not in\n{text}");
    }
    let request: Value = serde_json::from_str(&fs::read_to_string(&request)?)?;
    // Amounts beyond everything that the reference has can be a fault, which training anew would only learn.
    ensure!(
        request["schema"] == "proofmark/retraining/1" && request["advice"] == "mend_first" && request["labels"] == 0,
        "{request}"
    );
    let evidence = request["evidence"].as_array().context("no evidence")?;
    ensure!(evidence.iter().any(|it| it["kind"] == "inputs") && request["since"].is_string(), "{request}");
    Ok(())
}

#[test]
fn the_end_of_a_log_shows_as_it_grows() -> Outcome {
    let sandbox = Sandbox::new()?;
    let cli = sandbox.cli("ada")?;
    let text = log(1);
    let path = sandbox.write("predictions.jsonl", &text)?;
    let tail = cli.ok(["tail".as_ref(), path.as_os_str(), "--lines".as_ref(), "5".as_ref()])?;
    let lines = tail["lines"].as_array().context("no lines")?;
    ensure!(lines.len() == 5 && lines[4]["model"] == "shop" && tail["next"] == text.len(), "{tail}");
    let words =
        ["tail".as_ref(), path.as_os_str(), "--follow".as_ref(), "--json-lines".as_ref(), "-n".as_ref(), "1".as_ref()];
    let stream = cli.stream(words)?;
    stream.wait_for("the last line", |_| true)?;
    let grown = format!("{text}{}\n", json!({"request_id": "the-new-one", "status": 503, "error": "busy"}));
    fs::write(&path, grown)?;
    stream.wait_for("the new line", |it| it["request_id"] == "the-new-one" && it["status"] == 503)?;
    Ok(())
}

//! Models in use: what a log of predictions says, and the story of one of them.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, ensure};
use proofmark_tests::{Cli, Csv, Outcome, Sandbox};
use serde_json::{Value, json};

/// The chance of a good end for an age and an income.
fn chance(age: f64, income: f64) -> f64 {
    1.0 / (1.0 + (-((age - 45.0) / 12.0 + (income - 3_000.0) / 900.0)).exp())
}

/// What a model was trained on, with what it said and what turned out to be true.
fn reference(rows: usize) -> String {
    let mut csv = Csv::new(&["age", "income", "city", "prediction", "score", "good"]);
    for _ in 0..rows {
        let (age, income) = (18.0 + (csv.random() * 60.0).floor(), 1_000.0 + csv.random() * 4_000.0);
        let city = ["Berlin", "Kiel"][(csv.random() * 2.0) as usize % 2];
        let p = chance(age, income);
        let good = u8::from(csv.random() < p);
        csv.row(&[
            age.to_string(),
            format!("{income:.2}"),
            city.to_owned(),
            u8::from(p >= 0.5).to_string(),
            format!("{p:.4}"),
            good.to_string(),
        ]);
    }
    csv.text().to_owned()
}

fn id(number: usize) -> String {
    format!("{number:08x}-0000-4000-8000-{number:012x}")
}

/// The outcome may have a name that nobody would guess, and stand in the reference only.
#[test]
fn the_outcome_may_stand_in_the_reference_only() -> Outcome {
    let sandbox = Sandbox::new()?;
    let cli = sandbox.cli("ada")?;
    let known = reference(3_000);
    let (header, rows) = known.split_once('\n').context("a header")?;
    let known = sandbox.write("reference.csv", format!("{}\n{rows}", header.replace("good", "flarb")))?;
    let log = sandbox.write("log.jsonl", log(2_000).0)?;
    let names = ["--reference", "--column"];
    let said = monitor(&cli, &log, &[&known, Path::new("label=flarb")], &names)?;
    ensure!(said["reference"]["has_outcomes"] == true, "{}", said["reference"]);
    let estimated = &said["windows"][0]["performance"]["estimated"]["accuracy"]["value"];
    ensure!(estimated.is_number(), "{}", said["windows"][0]["performance"]);
    let nowhere = monitor(&cli, &log, &[&known, Path::new("label=nowhere")], &names)?;
    ensure!(nowhere["log"]["problems"].to_string().contains("`nowhere`"), "{}", nowhere["log"]["problems"]);
    Ok(())
}

/// A log in the documented format, twenty days long, whose incomes are twice as high from the eleventh day on, with labels.
fn log(rows: usize) -> (String, String) {
    let mut random = Csv::new(&[]);
    let (mut log, mut labels) = (String::new(), "request_id,good\n".to_owned());
    for row in 0..rows {
        let day = row * 20 / rows;
        let (age, mut income) = (18.0 + (random.random() * 60.0).floor(), 1_000.0 + random.random() * 4_000.0);
        if day >= 10 {
            income *= 2.0;
        }
        let city = ["Berlin", "Kiel"][(random.random() * 2.0) as usize % 2];
        let p = chance(age, income);
        let hour = row * 480 / rows % 24;
        let record = json!({
            "request_id": id(row), "time": format!("2026-03-{:02}T{hour:02}:00:00Z", day + 1), "model": "credit", "version": "7",
            "inputs": {"age": age, "income": income, "city": city}, "outputs": {"prediction": u8::from(p >= 0.5), "scores": {"1": p}},
            "caller": "shop", "latency_ms": 5.0, "status": 200,
        });
        // Writing into a string cannot fail.
        let _ = writeln!(log, "{record}");
        let _ = writeln!(labels, "{},{}", id(row), u8::from(random.random() < p));
    }
    (log, labels)
}

fn monitor(cli: &Cli, log: &Path, further: &[&Path], names: &[&str]) -> Outcome<Value> {
    let mut words = vec!["monitor".as_ref(), log.as_os_str()];
    for (name, path) in names.iter().zip(further) {
        words.extend([name.as_ref(), path.as_os_str()]);
    }
    cli.ok(words)
}

fn has(what: &str, document: &Value, fields: &[&str]) -> Outcome {
    let missing: Vec<&&str> = fields.iter().filter(|it| document.get(**it).is_none()).collect();
    ensure!(missing.is_empty(), "{what} lacks {missing:?}: {document}");
    Ok(())
}

fn problem<'a>(document: &'a Value, code: &str) -> Option<&'a Value> {
    document["log"]["problems"].as_array()?.iter().find(|it| it["code"] == code)
}

#[test]
fn a_log_says_how_its_model_does() -> Outcome {
    let sandbox = Sandbox::new()?;
    let cli = sandbox.cli("ada")?;
    let (text, labels) = log(12_000);
    let broken = format!("{text}{}\nno record\n{{\"request_id\":\"cut", text.lines().next().unwrap_or_default());
    let paths = [
        sandbox.write("log.jsonl", broken)?,
        sandbox.write("reference.csv", reference(6_000))?,
        sandbox.write("labels.csv", labels)?,
    ];
    let document = monitor(&cli, &paths[0], &[&paths[1], &paths[2]], &["--reference", "--labels"])?;
    ensure!(document["schema"] == "proofmark/monitor/1", "{}", document["schema"]);
    has("monitor", &document, &["model", "windows", "health", "alerts", "log", "reference", "labels"])?;
    ensure!(
        document["model"] == "credit" && document["window"] == "day",
        "{} by {}",
        document["model"],
        document["window"]
    );
    let windows = document["windows"].as_array().context("no windows")?;
    ensure!(windows.len() == 20, "{} windows", windows.len());
    for window in windows {
        has("a window", window, &["start", "end", "rows", "usage", "confidence", "drift", "performance"])?;
        ensure!(window["rows"] == 600, "each identifier once: {}", window["rows"]);
    }
    ensure!(
        windows[3]["drift"]["verdict"] == "no_drift" && windows[15]["drift"]["verdict"] == "drift",
        "{} then {}",
        windows[3]["drift"]["why"],
        windows[15]["drift"]["why"]
    );
    let worst = &windows[15]["drift"]["columns"][0];
    ensure!(worst["name"] == "income", "the strongest is {worst}");
    let real = &windows[3]["performance"]["realised"]["accuracy"];
    let said = &windows[3]["performance"]["estimated"]["accuracy"];
    let (value, estimate) =
        (real["value"].as_f64().context("not measured")?, said["value"].as_f64().context("not estimated")?);
    ensure!((value - estimate).abs() < 0.06, "measured {value}, estimated {estimate}");
    has("the assumptions", &said["assumptions"], &["calibration", "overlap", "enough_rows", "stable_relation"])?;
    // Incomes twice as high lie beyond everything that the reference has: it cannot speak for them.
    let later = &windows[15]["performance"]["estimated"]["accuracy"];
    ensure!(later["value"].is_null() && later["assumptions"]["overlap"] == "fails", "{later}");
    ensure!(document["health"]["state"] != "good", "{}", document["health"]);
    for code in ["duplicate_ids", "broken_lines", "partial_line"] {
        ensure!(problem(&document, code).is_some_and(|it| it["count"] == 1), "{code}: {}", document["log"]["problems"]);
    }
    Ok(())
}

#[test]
fn bad_logs_cost_themselves_only() -> Outcome {
    let sandbox = Sandbox::new()?;
    let cli = sandbox.cli("ada")?;
    let empty = monitor(&cli, &sandbox.write("empty.jsonl", "")?, &[], &[])?;
    ensure!(
        empty["windows"] == json!([]) && empty["health"]["state"] == "unknown" && problem(&empty, "no_rows").is_some(),
        "{empty}"
    );
    let mut text = String::new();
    for row in 0..300 {
        let score = if row % 10 == 0 { 1.7 } else { 0.8 };
        let time = if row == 5 {
            "2199-01-01T00:00:00Z".to_owned()
        } else {
            format!("2026-03-{:02} 10:00:00{}", row % 9 + 1, if row % 2 == 0 { "+02:00" } else { "" })
        };
        let _ = writeln!(
            text,
            "{}",
            json!({"request_id": id(row), "time": time, "inputs": {"x": row}, "outputs": {"prediction": "a", "scores": {"a": score}}})
        );
    }
    let document = monitor(&cli, &sandbox.write("odd.jsonl", text)?, &[], &[])?;
    for code in ["scores_out_of_range", "future_times", "unordered_times", "mixed_zones"] {
        ensure!(problem(&document, code).is_some(), "{code} was not told: {}", document["log"]["problems"]);
    }
    ensure!(document["log"]["rows"] == 300, "{}", document["log"]["rows"]);
    cli.ask(["monitor", "nowhere.jsonl"])?.error_with_hint(2, "not_found")?;
    Ok(())
}

#[test]
fn requests_and_answers_are_joined() -> Outcome {
    let sandbox = Sandbox::new()?;
    let cli = sandbox.cli("ada")?;
    let mut text = String::new();
    for row in 0..200 {
        let about = json!({"specversion": "1.0", "id": id(row), "inferenceservicename": "credit", "time": "2026-03-01T10:00:00Z"});
        for (kind, data) in [
            ("request", json!({"instances": [{"age": 30 + row % 20}]})),
            ("response", json!({"predictions": [[0.25, 0.75]]})),
        ] {
            let mut event = about.clone();
            event["type"] = format!("org.kubeflow.serving.inference.{kind}").into();
            event["data"] = data;
            let _ = writeln!(text, "{event}");
        }
    }
    let log = sandbox.write("events.jsonl", text)?;
    let document = monitor(&cli, &log, &[], &[])?;
    ensure!(document["log"]["format"] == "cloudevents" && document["log"]["rows"] == 200, "{}", document["log"]);
    ensure!(
        document["model"] == "credit" && document["windows"][0]["confidence"]["max_probability"] == 0.75,
        "{}",
        document["windows"][0]["confidence"]
    );
    let found = cli.ok(["trace".as_ref(), id(7).as_ref(), "--log".as_ref(), log.as_os_str()])?;
    ensure!(found["inputs"]["age"] == 37 && found["outputs"]["scores"]["1"] == 0.75, "{found}");
    Ok(())
}

#[test]
fn a_prediction_has_its_story() -> Outcome {
    let sandbox = Sandbox::new()?;
    let cli = sandbox.cli("ada")?;
    let (mut text, _) = log(2_000);
    let odd = "DEADBEEF-0000-4000-8000-000000000001";
    let _ = writeln!(
        text,
        "{}",
        json!({"request_id": odd, "time": "2026-03-20T23:00:00Z", "model": "credit", "version": "7", "inputs": {"age": 45, "income": 99_000.0, "city": "Atlantis"}, "outputs": {"prediction": 1, "scores": {"1": 0.99}}})
    );
    let log = sandbox.write("log.jsonl", text)?;
    let reference = sandbox.write("reference.csv", reference(3_000))?;
    let words = [
        "trace".as_ref(),
        "deadbeef-0000-4000-8000-000000000001".as_ref(),
        "--log".as_ref(),
        log.as_os_str(),
        "--reference".as_ref(),
        reference.as_os_str(),
    ];
    let trace = cli.ok(words)?;
    has(
        "trace",
        &trace,
        &[
            "request_id",
            "time",
            "model",
            "version",
            "inputs",
            "outputs",
            "release",
            "approvals",
            "run",
            "datasets",
            "environment",
            "unusual_inputs",
        ],
    )?;
    ensure!(trace["request_id"] == odd && trace["model"] == "credit", "{trace}");
    let unusual: Vec<&Value> = trace["unusual_inputs"].as_array().into_iter().flatten().map(|it| &it["name"]).collect();
    ensure!(
        unusual.contains(&&json!("income")) && unusual.contains(&&json!("city")) && !unusual.contains(&&json!("age")),
        "unusual are {unusual:?}"
    );
    ensure!(trace["neighbours"].as_array().is_some_and(|it| it.len() == 3), "{}", trace["neighbours"]);
    cli.ask(["trace".as_ref(), id(9_999).as_ref(), "--log".as_ref(), log.as_os_str()])?
        .error_with_hint(2, "not_found")?;
    Ok(())
}

/// Normal to the eye: the sum of twelve even numbers.
fn normal(random: &mut Csv) -> f64 {
    (0..12).map(|_| random.random()).sum::<f64>() - 6.0
}

#[test]
fn what_no_column_shows_and_where_the_model_errs_is_told() -> Outcome {
    let sandbox = Sandbox::new()?;
    let cli = sandbox.cli("ada")?;
    let mut random = Csv::new(&["height", "weight", "region", "prediction", "good"]);
    // Height and weight hang together from the seventh day on; the outcome is turned round in one region.
    let mut draw = |hangs: f64, turned: bool| {
        let height = normal(&mut random);
        let weight = hangs * height + (1.0 - hangs * hangs).sqrt() * normal(&mut random);
        let region = ["north", "south", "east", "west"][(random.random() * 4.0) as usize % 4];
        let said = u8::from(height > 0.0);
        let right = (random.random() < 0.85) != (turned && region == "north");
        (height, weight, region, said, if right { said } else { 1 - said })
    };
    let mut table = "height,weight,region,prediction,good\n".to_owned();
    for _ in 0..4_000 {
        let (height, weight, region, said, good) = draw(0.0, false);
        writeln!(table, "{height:.4},{weight:.4},{region},{said},{good}")?;
    }
    let (mut log, mut labels) = (String::new(), "request_id,good\n".to_owned());
    for row in 0..7_200 {
        let day = row / 600;
        let (height, weight, region, said, good) = draw(if day < 6 { 0.0 } else { 0.9 }, day >= 6);
        let record = json!({
            "request_id": id(row), "time": format!("2026-03-{:02}T{:02}:00:00Z", day + 1, row % 24), "model": "fit", "version": "1",
            "inputs": {"height": height, "weight": weight, "region": region}, "outputs": {"prediction": said}, "status": 200,
        });
        writeln!(log, "{record}")?;
        writeln!(labels, "{},{good}", id(row))?;
    }
    let paths = [
        sandbox.write("log.jsonl", log)?,
        sandbox.write("reference.csv", table)?,
        sandbox.write("labels.csv", labels)?,
    ];
    let document = monitor(&cli, &paths[0], &[&paths[1], &paths[2]], &["--reference", "--labels"])?;
    let windows = document["windows"].as_array().context("no windows")?;
    ensure!(windows.len() == 12, "{} windows", windows.len());
    let mut moved = 0;
    for (at, window) in windows.iter().enumerate() {
        let (drift, parts) = (&window["drift"], &window["performance"]["segments"]);
        // One comparison in twenty may find by chance that a column moved.
        if drift["drifted"] != 0 {
            moved += 1;
            continue;
        }
        let (verdict, part) = if at < 6 { ("no_drift", None) } else { ("drift", Some("region")) };
        let joint = &drift["together"]["verdict"];
        // Only the newest windows are asked.
        ensure!(
            joint == verdict || at < 6 && (joint == "cannot_tell" || joint.is_null()),
            "day {at}: {}",
            drift["together"]
        );
        ensure!(drift["verdict"] == verdict, "day {at}: {}", drift["why"]);
        ensure!(parts[0]["column"].as_str() == part, "day {at}: {parts}");
    }
    ensure!(moved <= 1, "columns moved in {moved} days");
    let part = &windows[11]["performance"]["segments"][0];
    ensure!(part["values"] == "is north" && part["metric"] == "accuracy", "{part}");
    let (value, before) =
        (part["value"].as_f64().context("no value")?, part["reference"].as_f64().context("no reference")?);
    ensure!(value < 0.3 && before > 0.8 && part["elsewhere"].as_f64().is_some_and(|it| it > 0.75), "{part}");
    let alerts = document["alerts"].as_array().context("no alerts")?;
    let of = |kind: &str| alerts.iter().find(|it| it["kind"] == kind && it["is_open"] == true);
    let together = of("together").with_context(|| format!("no alert on the inputs together: {alerts:?}"))?;
    ensure!(together["window"] == 6 || together["window"] == 7, "{together}");
    ensure!(together["columns"].to_string().contains("height"), "{together}");
    let worse = of("performance").context("no alert on performance")?["sentence"].to_string();
    ensure!(worse.contains("Where region is north"), "{worse}");
    Ok(())
}

#[test]
fn what_python_writes_is_read_and_a_broken_line_is_named() -> Outcome {
    let sandbox = Sandbox::new()?;
    let cli = sandbox.cli("ada")?;
    let mut text = String::new();
    for row in 0..200 {
        let age = match row % 4 {
            0 => "NaN".to_owned(),
            1 => "Infinity".to_owned(),
            _ => row.to_string(),
        };
        writeln!(
            text,
            "{{\"request_id\":\"{}\",\"time\":\"2026-03-01T10:00:00Z\",\"model\":\"m\",\"inputs\":{{\"age\":{age}}},\"outputs\":{{\"prediction\":\"yes\"}}}}",
            id(row)
        )?;
    }
    text.push_str("{\"request_id\": \"x\",}\n");
    let log = sandbox.write("log.jsonl", text)?;
    let empty = sandbox.write("nothing.csv", "age,good\n")?;
    let document = monitor(&cli, &log, &[&empty], &["--reference"])?;
    ensure!(document["log"]["rows"] == 200, "{}", document["log"]);
    let said = |code: &str| problem(&document, code).map(|it| it["message"].to_string()).unwrap_or_default();
    ensure!(said("broken_lines").contains("line 201 of log.jsonl"), "{}", document["log"]["problems"]);
    ensure!(said("no_rows").contains("nothing.csv holds no rows"), "{}", document["log"]["problems"]);
    ensure!(said("one_class").contains("yes"), "{}", document["log"]["problems"]);
    let alone = monitor(&cli, &log, &[], &[])?;
    let odd = problem(&alone, "not_finite").map(|it| it["count"].clone());
    ensure!(odd == Some(json!(100)), "{}", alone["log"]["problems"]);
    Ok(())
}

#[test]
fn what_columns_stand_for_is_said_once() -> Outcome {
    let sandbox = Sandbox::new()?;
    let cli = sandbox.cli("ada")?;
    let mut random = Csv::new(&[]);
    let mut text = "order_no,written,answer,belief,size\n".to_owned();
    for row in 0..400 {
        let p = random.random();
        writeln!(
            text,
            "{},2026-03-{:02}T10:00:00Z,{},{p:.3},{row}",
            id(row),
            row % 4 + 1,
            if p > 0.5 { "yes" } else { "no" }
        )?;
    }
    let log = sandbox.write("project/used.csv", text)?;
    crate::files::scan(&cli, &sandbox.folder("project")?)?;
    let role = |document: &Value, column: &str| {
        let mapping = document["log"]["mapping"].as_array().cloned().unwrap_or_default();
        mapping.into_iter().find(|it| it["column"] == column).unwrap_or_default()
    };
    let before = monitor(&cli, &log, &[], &[])?;
    ensure!(role(&before, "belief")["role"] != "score", "{}", before["log"]["mapping"]);
    let words: Vec<&std::ffi::OsStr> = vec![
        "monitor".as_ref(),
        log.as_os_str(),
        "--column".as_ref(),
        "prediction=answer".as_ref(),
        "--column".as_ref(),
        "score:yes=belief".as_ref(),
        "--confirm".as_ref(),
    ];
    cli.ok(words)?;
    let after = monitor(&cli, &log, &[], &[])?;
    for (column, is) in [("answer", "prediction"), ("belief", "score")] {
        let found = role(&after, column);
        ensure!(found["role"] == is && found["confirmed"] == true, "{found}");
    }
    ensure!(role(&after, "belief")["name"] == "yes", "{}", after["log"]["mapping"]);
    ensure!(after["windows"][0]["confidence"].is_object(), "there are probabilities now: {}", after["windows"][0]);
    let audit = cli.ok(["audit", "list"])?.to_string();
    ensure!(audit.contains("log.map"), "the word is not in the audit: {audit}");
    let words: Vec<&std::ffi::OsStr> = vec!["monitor".as_ref(), log.as_os_str(), "--confirm".as_ref()];
    cli.ok(words)?;
    let taken_back = monitor(&cli, &log, &[], &[])?;
    ensure!(taken_back["log"]["mapping"] == before["log"]["mapping"], "{}", taken_back["log"]["mapping"]);
    Ok(())
}

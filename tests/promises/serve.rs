//! A released ONNX model that answers by itself: verified before it is loaded, following its alias, and with every answer in the log.

use std::fs::{self, File};
use std::io::{BufReader, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, ensure};
use proofmark_tests::{Cli, Desk, Outcome, OwnedChild, Sandbox, repository, until};
use serde_json::{Value, json};

use crate::gateway::{answers_between_kills, each_is_logged_once, lines, message, post};

/// Only the size forbids anything here.
const GATES: &str = r#"
[release]
model = "credit"

[[gate]]
name = "small"
required = true
rule = "model_size"
at_most = 1000000
"#;

fn fixture(name: &str) -> PathBuf {
    repository().join("tests/fixtures/scoring").join(name)
}

fn record(name: &str) -> Outcome<Value> {
    Ok(serde_json::from_slice(&fs::read(fixture(name))?)?)
}

/// A served model of this test.
struct Server {
    child: OwnedChild,
    address: String,
    errors: PathBuf,
}

fn serve(cli: &Cli, sandbox: &Sandbox, model: &str, log: &Path, further: &[&str]) -> Outcome<Server> {
    let errors = sandbox.root().join(format!("errors-{}.txt", fs::read_dir(sandbox.root())?.count()));
    let mut command = cli.command();
    command.args(["--json", "serve", model, "--listen", "127.0.0.1:0", "--every", "1", "--log"]).arg(log);
    command.args(further).stdout(File::create(sandbox.root().join("out.json"))?).stderr(File::create(&errors)?);
    let mut child = OwnedChild::start(&mut command, true)?;
    let address = until("the model to answer", || {
        let told = fs::read_to_string(&errors)?;
        ensure!(child.ended()?.is_none(), "it ended: {told}");
        Ok(told
            .split_once("http://")
            .and_then(|(_, rest)| rest.split_once('\n'))
            .map(|(line, _)| line.split(' ').next().unwrap_or_default().trim_end_matches('.').to_owned()))
    })?;
    Ok(Server { child, address, errors })
}

fn get(address: &str, path: &str) -> Outcome<(u16, Value)> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    write!(stream, "GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")?;
    let (first, _, body) = message(&mut BufReader::new(stream))?.context("no answer")?;
    Ok((first.split(' ').nth(1).context("no status")?.parse()?, serde_json::from_slice(&body)?))
}

/// The request for one row of the columns of a recorded model.
fn row_of(record: &Value, row: usize) -> Outcome<String> {
    let inputs = record["inputs"].as_object().context("inputs")?.iter().map(|(name, it)| {
        let kind = match it["type"].as_str().unwrap_or_default() {
            "tensor(float)" => "FP32",
            "tensor(int64)" => "INT64",
            _ => "BYTES",
        };
        let values = it["values"][row].as_array().map_or(0, Vec::len);
        json!({"name": name, "shape": [1, values], "datatype": kind, "data": it["values"][row]})
    });
    Ok(json!({"inputs": inputs.collect::<Vec<_>>()}).to_string())
}

/// Submits, approves and promotes the bytes of a fixture as the next version.
fn release(ada: &Desk, bob: &Desk, model: &Path, from: &str) -> Outcome {
    fs::copy(fixture(from), model)?;
    ada.cli.ok(["scan".as_ref(), model.parent().context("no folder")?.as_os_str()])?;
    let candidate = ada.submit(model, "credit", from)?;
    bob.approve(&candidate)?;
    ada.publish(&candidate).map(|_| ())
}

fn ready(address: &str, what: &str, fits: impl Fn(&Value) -> bool) -> Outcome<Value> {
    until(what, || {
        let (status, told) = get(address, "/v2/health/ready")?;
        ensure!(status == 200, "{status} {told}");
        Ok(fits(&told).then_some(told))
    })
}

#[test]
fn the_promoted_version_answers_and_a_worse_one_does_not_take_over() -> Outcome {
    let sandbox = Sandbox::new()?;
    let (ada, bob) = (Desk::new(&sandbox, "ada", "Ada")?, Desk::new(&sandbox, "bob", "Bob")?);
    let project = sandbox.root().join("credit");
    sandbox.write("credit/proofmark.toml", GATES)?;
    let columns = record("columns.json")?;
    sandbox.write("credit/train.csv", train(&columns)?)?;
    fs::copy(fixture("columns.onnx"), project.join("model.onnx"))?;
    ada.cli.ok(["project".as_ref(), "add".as_ref(), project.as_os_str()])?;
    let registry = sandbox.root().join("registry");
    ada.begin_registry(&registry)?;
    ada.admit(&bob, &["approver", "governance-reviewer"])?;
    bob.attach(&registry)?;
    let model = project.join("model.onnx");
    release(&ada, &bob, &model, "columns.onnx")?;

    let log = project.join("served.jsonl");
    let mut server = serve(&ada.cli, &sandbox, "credit@production", &log, &["--hash", "region"])?;
    let address = server.address.clone();
    ensure!(get(&address, "/v2/health/live")? == (200, json!({"live": true})));
    let (_, told) = get(&address, "/v2/health/ready")?;
    ensure!(told["version"] == "1" && told["verified_at"].is_string() && told["newer"].is_null(), "{told}");
    let (status, metadata) = get(&address, "/v2/models/credit/versions/1")?;
    let names: Vec<&str> =
        metadata["inputs"].as_array().into_iter().flatten().filter_map(|it| it["name"].as_str()).collect();
    ensure!(status == 200 && names == ["age", "income", "visits", "region"], "{metadata}");
    for (path, wanted) in [("/v2/models/other", 404), ("/v2/models/credit/versions/9/ready", 404), ("/v1/x", 404)] {
        ensure!(get(&address, path)?.0 == wanted, "{path}");
    }

    // What it answers is what onnxruntime answers.
    let mut first = String::new();
    for row in 0..12 {
        let (status, headers, answer) = post(&address, "/v2/models/credit/infer", "", &row_of(&columns, row)?)?;
        let answer: Value = serde_json::from_slice(&answer)?;
        ensure!(status == 200 && answer["model_version"] == "1", "{answer}");
        let (ours, theirs) = (&answer["outputs"][1]["data"][1], &columns["outputs"]["output_probability"][row][1]);
        let off = (ours.as_f64().context("no number")? - theirs.as_f64().context("no number")?).abs();
        ensure!(off < 1e-5 && answer["outputs"][0]["data"][0] == columns["outputs"]["output_label"][row], "{answer}");
        if row == 3 {
            first = headers["x-request-id"].clone();
        }
    }
    let (status, _, answer) = post(&address, "/v2/models/credit/infer", "", r#"{"inputs":[]}"#)?;
    ensure!(status == 400, "{}", String::from_utf8_lossy(&answer));
    let written = lines(&log)?;
    ensure!(written.len() == 13 && written.iter().filter(|it| it["status"] == 200).count() == 12, "{}", written.len());
    ensure!(written[3]["model"] == "credit" && written[3]["version"] == "1", "{}", written[3]);
    ensure!(!fs::read_to_string(&log)?.contains("north"), "a column that was to be hashed is in the log");

    // A version that cannot be evaluated does not take over, and the health document says why.
    release(&ada, &bob, &model, "unsupported.onnx")?;
    let told = ready(&address, "the second version to be looked at", |it| !it["newer"].is_null())?;
    ensure!(told["version"] == "1" && told["newer"]["version"] == "2", "{told}");
    ensure!(told["newer"]["problem"].as_str().is_some_and(|it| it.contains("SVMClassifier")), "{told}");
    ensure!(post(&address, "/v2/models/credit/infer", "", &row_of(&columns, 1)?)?.0 == 200);

    // One that can, does, without a restart.
    release(&ada, &bob, &model, "logistic.onnx")?;
    let told = ready(&address, "the third version to take over", |it| it["version"] == "3")?;
    ensure!(told["newer"].is_null() && told["reloads"] == 1, "{told}");
    let logistic = record("logistic.json")?;
    let (status, _, answer) = post(&address, "/v2/models/credit/infer", "", &row_of(&logistic, 0)?)?;
    ensure!(status == 200 && serde_json::from_slice::<Value>(&answer)?["model_version"] == "3");

    // A refused request is written down under the version that refused it, and without what it holds: a column to hide may lie anywhere.
    let odd = r#"{"inputs":[{"name":"X","shape":[4],"datatype":"FP32","data":[1,2,31337,4]}]}"#;
    ensure!(post(&address, "/v2/models/credit/infer", "", odd)?.0 == 400);
    let last = lines(&log)?.pop().context("no line")?;
    ensure!(last["version"] == "3" && last["status"] == 400 && last["request"].is_null(), "{last}");
    ensure!(last["left_out"].to_string().contains("refused") && !last.to_string().contains("31337"), "{last}");

    // Bytes that are not those that were approved do not take over, either.
    let published = registry.join("models/credit/version-1/model/model.onnx");
    damage(&published)?;
    ada.cli.ok(["release", "promote", "credit", "1", "--reason", "It was better."])?;
    let told = ready(&address, "the damaged version to be looked at", |it| !it["newer"].is_null())?;
    ensure!(told["version"] == "3" && told["newer"]["version"] == "1", "{told}");
    ensure!(post(&address, "/v2/models/credit/infer", "", &row_of(&logistic, 1)?)?.0 == 200);

    // A start from the kept copy says so, also where the registry's own bytes have the same number and are no longer what verified.
    ada.cli.ok(["release", "promote", "credit", "3", "--reason", "It verified."])?;
    ready(&address, "the third version to be right again", |it| it["newer"].is_null())?;
    server.child.kill();
    let published = registry.join("models/credit/version-3/model/model.onnx");
    let whole = fs::read(&published)?;
    damage(&published)?;
    let mut server = serve(&ada.cli, &sandbox, "credit@production", &log, &[])?;
    std::thread::sleep(Duration::from_millis(2_500));
    let (_, told) = get(&server.address, "/v2/health/ready")?;
    ensure!(told["version"] == "3" && told["newer"]["version"] == "3" && told["registry_problem"].is_null(), "{told}");
    ensure!(told["sentence"].as_str().is_some_and(|it| it.contains("copy that verified")), "{told}");
    fs::write(&published, whole)?;

    // Without the registry it starts from the copy that verified.
    server.child.kill();
    let away = sandbox.root().join("elsewhere");
    fs::rename(&registry, &away)?;
    let server = serve(&ada.cli, &sandbox, "credit@production", &log, &[])?;
    let (_, told) = get(&server.address, "/v2/health/ready")?;
    ensure!(told["version"] == "3" && told["registry_problem"].is_string(), "{told}");
    ensure!(post(&server.address, "/v2/models/credit/infer", "", &row_of(&logistic, 2)?)?.0 == 200);
    until("the person to be told", || {
        Ok(fs::read_to_string(&server.errors)?.contains("cannot be asked").then_some(()))
    })?;
    fs::rename(&away, &registry)?;
    drop(server);

    // The bytes that answered first were damaged here, and are nowhere else: the story says so and divides nothing.
    let train = project.join("train.csv");
    let ask = |id: &str| {
        ada.cli.ok([
            "trace".as_ref(),
            id.as_ref(),
            "--log".as_ref(),
            log.as_os_str(),
            "--reference".as_ref(),
            train.as_os_str(),
        ])
    };
    let trace = ask(&first)?;
    ensure!(trace["release"]["version"] == 1 && trace["explanation"].is_null(), "{trace}");
    let why = trace["missing"].to_string();
    ensure!(why.contains("bytes of the model are not there any more"), "{why}");
    Ok(())
}

#[test]
fn a_trace_says_what_the_inputs_contributed() -> Outcome {
    let sandbox = Sandbox::new()?;
    let cli = sandbox.cli("ada")?;
    let columns = record("columns.json")?;
    let project = sandbox.root().join("credit");
    let train = sandbox.write("credit/train.csv", train(&columns)?)?;
    fs::copy(fixture("columns.onnx"), project.join("columns.onnx"))?;
    let log = project.join("served.jsonl");
    let model = project.join("columns.onnx");
    let server = serve(&cli, &sandbox, &model.to_string_lossy(), &log, &[])?;
    let (status, headers, answer) = post(&server.address, "/v2/models/columns/infer", "", &row_of(&columns, 4)?)?;
    ensure!(status == 200, "{}", String::from_utf8_lossy(&answer));
    let answer: Value = serde_json::from_slice(&answer)?;
    let score = answer["outputs"][1]["data"][1].as_f64().context("no score")?;
    cli.ok(["project".as_ref(), "add".as_ref(), project.as_os_str()])?;
    cli.ok(["scan".as_ref(), project.as_os_str()])?;
    let trace = cli.ok([
        "trace".as_ref(),
        headers["x-request-id"].as_ref(),
        "--log".as_ref(),
        log.as_os_str(),
        "--reference".as_ref(),
        train.as_os_str(),
    ])?;
    let why = &trace["explanation"];
    ensure!(why["method"] == "shapley_exact" && why["agrees"] == true, "{trace}");
    let told = why["answer"].as_f64().context("no answer")?;
    ensure!((told - score).abs() < 1e-6, "{told} is not {score}");
    let parts: Vec<(&str, f64)> = why["contributions"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|it| Some((it["name"].as_str()?, it["contribution"].as_f64()?)))
        .collect();
    let mut names: Vec<&str> = parts.iter().map(|it| it.0).collect();
    names.sort_unstable();
    ensure!(names == ["age", "income", "region", "visits"], "{parts:?}");
    let sum: f64 = parts.iter().map(|it| it.1).sum();
    let baseline = why["baseline"].as_f64().context("no baseline")?;
    ensure!((baseline + sum - told).abs() < 1e-9 && parts.iter().any(|it| it.1.abs() > 1e-3), "{why}");
    Ok(())
}

/// The recorded rows as a table to train on.
fn train(record: &Value) -> Outcome<String> {
    let inputs = record["inputs"].as_object().context("inputs")?;
    let mut text = inputs.keys().cloned().collect::<Vec<_>>().join(",") + ",label\n";
    let rows = inputs.values().next().and_then(|it| it["values"].as_array()).map_or(0, Vec::len);
    for row in 0..rows {
        for it in inputs.values() {
            let value = &it["values"][row][0];
            text += &value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            text += ",";
        }
        text += &format!("{}\n", record["outputs"]["output_label"][row]);
    }
    Ok(text)
}

/// Changes one byte in the middle of a file.
fn damage(path: &Path) -> Outcome {
    let mut bytes = fs::read(path)?;
    let middle = bytes.len() / 2;
    *bytes.get_mut(middle).context("an empty file")? ^= 1;
    let mut rights = fs::metadata(path)?.permissions();
    #[allow(clippy::permissions_set_readonly_false, reason = "a file of the test's own")]
    rights.set_readonly(false);
    fs::set_permissions(path, rights)?;
    Ok(fs::write(path, bytes)?)
}

#[test]
fn a_killed_model_has_written_every_answer_that_it_gave() -> Outcome {
    let sandbox = Sandbox::new()?;
    let cli = sandbox.cli("ada")?;
    let record = record("logistic.json")?;
    let model = sandbox.write("logistic.onnx", fs::read(fixture("logistic.onnx"))?)?;
    let log = sandbox.root().join("served.jsonl");
    let start = || {
        serve(&cli, &sandbox, &model.to_string_lossy(), &log, &["--columns", "a,b,c,d"])
            .map(|it| (it.child, it.address))
    };
    let answered = answers_between_kills(start, "/v2/models/logistic/infer", &row_of(&record, 0)?)?;
    each_is_logged_once(&log, &answered)?;
    let line: Value = serde_json::from_str(fs::read_to_string(&log)?.lines().next().context("no line")?)?;
    ensure!(line["request"]["inputs"][0]["parameters"]["column_names"][3] == "d", "{line}");
    Ok(())
}

#[test]
fn what_is_no_model_is_told_before_anything_listens() -> Outcome {
    let sandbox = Sandbox::new()?;
    let cli = sandbox.cli("ada")?;
    let log = sandbox.root().join("log.jsonl");
    let whole = fs::read(fixture("forest_classifier.onnx"))?;
    sandbox.write("cut.onnx", &whole[..whole.len() / 2])?;
    for (name, told) in [("cut.onnx", "no whole ONNX model"), ("svm.onnx", "SVMClassifier")] {
        let path = sandbox.root().join(name);
        if name == "svm.onnx" {
            fs::copy(fixture("unsupported.onnx"), &path)?;
        }
        let asked = ["serve".as_ref(), path.as_os_str(), "--log".as_ref(), log.as_os_str()];
        let error = cli.ask(asked)?.error_with_hint(2, "unreadable")?;
        ensure!(error["message"].as_str().is_some_and(|it| it.contains(told)), "{error}");
    }
    let asked = ["serve".as_ref(), "credit@production".as_ref(), "--log".as_ref(), log.as_os_str()];
    cli.ask(asked)?.error_with_hint(2, "no_registry")?;
    Ok(())
}

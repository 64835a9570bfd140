//! The gateway before a model server: what it answers, what it writes down, and what it keeps when it is killed.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use proofmark_tests::{Cli, Outcome, OwnedChild, Sandbox, until};
use serde_json::{Value, json};

/// A model server of the Open Inference Protocol that also misbehaves where it is asked to.
fn model_server() -> Outcome<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // A client that goes away ends its own thread only.
            std::thread::spawn(move || drop(answer_all(stream)));
        }
    });
    Ok(format!("http://{address}"))
}

fn answer_all(stream: TcpStream) -> Outcome {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut stream = stream;
    loop {
        let Some((first, _, body)) = message(&mut reader)? else { return Ok(()) };
        let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
        match path.as_str() {
            "/hang" => std::thread::sleep(Duration::from_secs(30)),
            "/die" => return Ok(()),
            "/garbage" => stream.write_all(b"this is no HTTP at all\r\n\r\n")?,
            "/cut" => {
                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\nonly this")?;
                return Ok(());
            }
            "/stream" => {
                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\ndata: 1\n\n")?;
                std::thread::sleep(Duration::from_millis(50));
                stream.write_all(b"data: 2\n\n")?;
                return Ok(());
            }
            _ => {
                let asked: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
                let answer = json!({
                    "model_name": "iris", "model_version": "7", "seen": asked.to_string().len(),
                    "outputs": [{"name": "predict", "shape": [1], "datatype": "INT64", "data": [1]}],
                })
                .to_string();
                let half = answer.len() / 2;
                // In chunks, as many servers answer.
                write!(
                    stream,
                    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n{half:x}\r\n{}\r\n{:x}\r\n{}\r\n0\r\n\r\n",
                    &answer[..half],
                    answer.len() - half,
                    &answer[half..]
                )?;
            }
        }
    }
}

/// First line, headers by lower name, and body.
pub type Message = (String, BTreeMap<String, String>, Vec<u8>);

/// The next message; `None` at the end.
pub fn message(reader: &mut impl BufRead) -> Outcome<Option<Message>> {
    let mut first = String::new();
    if reader.read_line(&mut first)? == 0 {
        return Ok(None);
    }
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            bail!("the message ended in its head");
        }
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.insert(name.to_lowercase(), value.trim().to_owned());
    }
    let mut body = Vec::new();
    match headers.get("content-length").map(|it| it.parse::<u64>()).transpose()? {
        Some(length) => {
            reader.take(length).read_to_end(&mut body)?;
            ensure!(body.len() as u64 == length, "the body was cut");
        }
        None if headers.get("transfer-encoding").is_some_and(|it| it == "chunked") => loop {
            let mut size = String::new();
            reader.read_line(&mut size)?;
            let size = u64::from_str_radix(size.trim(), 16).context("no size of a chunk")?;
            let mut piece = Vec::new();
            reader.take(size + 2).read_to_end(&mut piece)?;
            ensure!(piece.len() as u64 == size + 2, "the chunk was cut");
            body.extend_from_slice(&piece[..size as usize]);
            if size == 0 {
                break;
            }
        },
        None => {}
    }
    Ok(Some((first.trim_end().to_owned(), headers, body)))
}

/// A gateway of this test.
struct Gateway {
    child: OwnedChild,
    address: String,
    log: PathBuf,
    output: PathBuf,
}

fn gateway(cli: &Cli, sandbox: &Sandbox, upstream: &str, further: &[&str]) -> Outcome<Gateway> {
    let (log, output, errors) =
        (sandbox.root().join("served.jsonl"), sandbox.root().join("out.json"), sandbox.root().join("errors.txt"));
    let mut command = cli.command();
    command.args(["--json", "gateway", "--listen", "127.0.0.1:0", "--upstream", upstream, "--log"]).arg(&log);
    command.args(further).stdout(File::create(&output)?).stderr(File::create(&errors)?);
    let child = OwnedChild::start(&mut command, true)?;
    let address = until("the gateway to listen", || {
        let told = fs::read_to_string(&errors)?;
        Ok(told
            .split_once("http://")
            .map(|(_, rest)| rest.split(['\n', ' ']).next().unwrap_or_default().trim_end_matches('.').to_owned()))
    })?;
    Ok(Gateway { child, address, log, output })
}

/// Status, headers and body of one answer.
pub fn post(address: &str, path: &str, headers: &str, body: &str) -> Outcome<(u16, BTreeMap<String, String>, Vec<u8>)> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    write!(stream, "POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n{headers}\r\n{body}", body.len())?;
    let (first, headers, body) = message(&mut BufReader::new(stream))?.context("no answer")?;
    Ok((first.split(' ').nth(1).context("no status")?.parse()?, headers, body))
}

pub fn lines(log: &Path) -> Outcome<Vec<Value>> {
    fs::read_to_string(log)?.lines().map(|it| Ok(serde_json::from_str(it)?)).collect()
}

const ASK: &str = "/v2/models/iris/infer";

fn body(age: u32) -> String {
    json!({"inputs": [
        {"name": "age", "shape": [1], "datatype": "INT64", "data": [age]},
        {"name": "iban", "shape": [1], "datatype": "BYTES", "data": ["DE89370400440532013000"]},
        {"name": "name", "shape": [1], "datatype": "BYTES", "data": ["Ada Lovelace"]}]})
    .to_string()
}

#[test]
fn every_answer_has_its_line_and_sensitive_columns_stay_out() -> Outcome {
    let sandbox = Sandbox::new()?;
    let cli = sandbox.cli("ada")?;
    let mut gateway = gateway(&cli, &sandbox, &model_server()?, &["--leave-out", "name", "--hash", "iban"])?;
    let own = "0190a5b2-0000-7000-8000-000000000001";
    let (status, headers, answer) =
        post(&gateway.address, ASK, &format!("x-request-id: {own}\r\nx-caller: shop\r\n"), &body(41))?;
    ensure!(status == 200 && headers["x-request-id"] == own, "an incoming identifier is kept: {status} {headers:?}");
    let answer: Value = serde_json::from_slice(&answer)?;
    ensure!(answer["seen"].as_u64() > Some(200), "the server sees everything: {answer}");
    let mut ids = vec![own.to_owned()];
    for age in 20..60 {
        let (status, headers, _) = post(&gateway.address, ASK, "", &body(age))?;
        ensure!(status == 200 && headers["x-request-id"].len() == 36, "{status} {headers:?}");
        ids.push(headers["x-request-id"].clone());
    }
    let written = lines(&gateway.log)?;
    ensure!(written.iter().map(|it| it["request_id"].as_str().unwrap_or_default()).eq(ids.iter().map(String::as_str)));
    let first = &written[0];
    ensure!(
        first["model"] == "iris" && first["version"] == "7" && first["caller"] == "shop" && first["status"] == 200,
        "{first}"
    );
    let text = fs::read_to_string(&gateway.log)?;
    ensure!(!text.contains("Lovelace") && !text.contains("DE8937"), "a sensitive value is in the log");
    ensure!(text.contains("hash:"), "the hash is not");
    // Without names nobody knows which value is the one to hide.
    post(&gateway.address, "/invocations", "", "{\"instances\": [[41, \"Ada Lovelace\"]]}")?;
    let last = lines(&gateway.log)?.pop().context("no line")?;
    ensure!(
        last["request"].is_null() && last["left_out"][0].as_str().is_some_and(|it| it.contains("no names")),
        "{last}"
    );
    // What the gateway wrote is what the monitor and the trace read.
    let report = cli.ok(["monitor".as_ref(), gateway.log.as_os_str()])?;
    ensure!(
        report["model"] == "iris" && report["log"]["rows"] == 42,
        "{} of {}",
        report["log"]["rows"],
        report["model"]
    );
    let status = Command::new("kill").args(["-TERM", &gateway.child.id().to_string()]).status()?;
    ensure!(status.success(), "the signal was not sent");
    ensure!(gateway.child.wait(Duration::from_secs(30))?.code() == Some(0), "it did not end in good order");
    let summary: Value = serde_json::from_slice(&fs::read(&gateway.output)?)?;
    ensure!(
        summary["schema"] == "proofmark/gateway/1" && summary["recorded"] == 42 && summary["unfinished"] == 0,
        "{summary}"
    );
    Ok(())
}

#[test]
fn a_server_that_misbehaves_is_told_from_one_that_answers() -> Outcome {
    let sandbox = Sandbox::new()?;
    let cli = sandbox.cli("ada")?;
    let gateway = gateway(&cli, &sandbox, &model_server()?, &["--timeout", "1", "--max-body", "1"])?;
    for (path, expected) in [("/hang", 504), ("/die", 502), ("/garbage", 502), ("/cut", 502), (ASK, 200)] {
        let (status, headers, answer) = post(&gateway.address, path, "", &body(30))?;
        ensure!(status == expected, "{path}: {status} {}", String::from_utf8_lossy(&answer));
        let last = lines(&gateway.log)?.pop().context("no line")?;
        ensure!(
            last["status"] == expected
                && headers.get("x-request-id").is_some_and(|it| last["request_id"] == it.as_str()),
            "{path}: {last}"
        );
        ensure!(expected == 200 || last["error"].is_string(), "{path}: {last}");
    }
    let (status, _, answer) = post(&gateway.address, "/stream", "", "{}")?;
    ensure!(status == 200 && answer == b"data: 1\n\ndata: 2\n\n", "{status} {}", String::from_utf8_lossy(&answer));
    // Announced, never sent: refused before it is read.
    let mut stream = TcpStream::connect(&gateway.address)?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    write!(stream, "POST {ASK} HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n", 1u64 << 30)?;
    let (first, _, _) = message(&mut BufReader::new(stream))?.context("no answer")?;
    ensure!(first.starts_with("HTTP/1.1 413"), "{first}");
    // Two lengths can hide a second request from one of two readers.
    let mut stream = TcpStream::connect(&gateway.address)?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    write!(stream, "POST {ASK} HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\ncontent-length: 9\r\n\r\n{{}}")?;
    let (first, _, _) = message(&mut BufReader::new(stream))?.context("no answer")?;
    ensure!(first.starts_with("HTTP/1.1 400"), "{first}");
    Ok(())
}

/// Kills what `start` starts while clients ask it, three times, and answers the identifiers of all answers that were given.
pub fn answers_between_kills(
    start: impl Fn() -> Outcome<(OwnedChild, String)>,
    path: &'static str,
    asked: &str,
) -> Outcome<Vec<String>> {
    let answered: Arc<Mutex<Vec<String>>> = Arc::default();
    for round in 0..3u64 {
        let (mut child, address) = start()?;
        let ended = Arc::new(AtomicBool::new(false));
        let before = answered.lock().map_err(|_| anyhow::anyhow!("poisoned"))?.len();
        let clients: Vec<_> = (0..4)
            .map(|_| {
                let (address, answered, ended) = (address.clone(), Arc::clone(&answered), Arc::clone(&ended));
                let asked = asked.to_owned();
                std::thread::spawn(move || {
                    while !ended.load(Ordering::Acquire) {
                        // A request that the kill leaves without an answer is no answered one.
                        let Ok((200, headers, _)) = post(&address, path, "", &asked) else { continue };
                        if let Ok(mut all) = answered.lock() {
                            all.push(headers["x-request-id"].clone());
                        }
                    }
                })
            })
            .collect();
        until("some answers", || {
            let now = answered.lock().map_err(|_| anyhow::anyhow!("poisoned"))?.len();
            Ok((now >= before + 60 + 17 * round as usize).then_some(()))
        })?;
        child.kill();
        ended.store(true, Ordering::Release);
        for client in clients {
            client.join().map_err(|_| anyhow::anyhow!("a client broke"))?;
        }
    }
    let answered = answered.lock().map_err(|_| anyhow::anyhow!("poisoned"))?;
    Ok(answered.clone())
}

/// Fails unless every one of these answers stands in the log exactly once.
pub fn each_is_logged_once(log: &Path, answered: &[String]) -> Outcome {
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    for line in fs::read_to_string(log)?.lines() {
        // The kill can cut the last line of a round, whose answer was then not given.
        let Ok(line) = serde_json::from_str::<Value>(line) else { continue };
        *times.entry(line["request_id"].as_str().unwrap_or_default().to_owned()).or_default() += 1;
    }
    ensure!(answered.len() >= 200, "{} answers", answered.len());
    let wrong: Vec<&String> = answered.iter().filter(|it| times.get(*it) != Some(&1)).collect();
    ensure!(wrong.is_empty(), "{} of {} answers are not in the log exactly once", wrong.len(), answered.len());
    Ok(())
}

#[test]
fn a_killed_gateway_has_written_every_answer_that_it_gave() -> Outcome {
    let sandbox = Sandbox::new()?;
    let cli = sandbox.cli("ada")?;
    let upstream = model_server()?;
    let start = || gateway(&cli, &sandbox, &upstream, &[]).map(|it| (it.child, it.address));
    let answered = answers_between_kills(start, ASK, &body(33))?;
    each_is_logged_once(&sandbox.root().join("served.jsonl"), &answered)
}

//! Inputs that a log knows by their place alone: tensors, and lists of values.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::ensure;
use proofmark_tests::{Cli, Outcome, Sandbox};
use serde_json::{Value, json};

/// Two columns to train on, and what is predicted.
fn train() -> String {
    let mut text = "id,age,income,defaulted\n".to_owned();
    for row in 0..400 {
        // Writing into a string cannot fail.
        let _ = writeln!(text, "{row},{},{},{}", 20 + row % 50, 1_000 + row * 1_237 % 4_000, row % 3 / 2);
    }
    text
}

/// The same with its second column behind its third.
fn turned(table: &str) -> String {
    let turn = |line: &str| {
        let mut cells: Vec<&str> = line.split(',').collect();
        cells.swap(1, 2);
        cells.join(",") + "\n"
    };
    table.lines().map(turn).collect()
}

fn body(inputs: &Value) -> String {
    json!({"request_id": "r-1", "time": "2026-03-01T00:00:00Z", "model": "credit", "request": inputs, "response": {"predictions": [1]}})
        .to_string()
        + "\n"
}

fn trace(cli: &Cli, log: &Path, reference: Option<&Path>) -> Outcome<Value> {
    let mut words = vec!["trace".as_ref(), "r-1".as_ref(), "--log".as_ref(), log.as_os_str()];
    if let Some(reference) = reference {
        words.extend(["--reference".as_ref(), reference.as_os_str()]);
    }
    cli.ok(words)
}

#[test]
fn they_take_the_order_of_the_reference_and_say_so() -> Outcome {
    let sandbox = Sandbox::new()?;
    let cli = sandbox.cli("ada")?;
    let train = sandbox.write("train.csv", train())?;
    let bodies = [
        json!({"instances": [[33, 99_000]]}),
        json!([[33, 99_000]]),
        json!({"inputs": [{"name": "x", "shape": [1, 2], "datatype": "FP64", "data": [33, 99_000]}]}),
    ];
    for asked in &bodies {
        let log = sandbox.write("log.jsonl", body(asked))?;
        let told = trace(&cli, &log, Some(&train))?;
        ensure!(told["inputs"] == json!({"age": 33, "income": 99_000}), "{told}");
        ensure!(told["named_inputs"]["by"] == "reference", "{told}");
        let sentence = told["named_inputs"]["sentence"].as_str().unwrap_or_default();
        ensure!(sentence.contains("train.csv: age, income.") && sentence.contains("defaulted"), "{sentence}");
        ensure!(told["unusual_inputs"][0]["name"] == "income" && told["neighbours"][0]["row"].is_u64(), "{told}");
    }
    // Of another number nothing is guessed.
    let log = sandbox.write("log.jsonl", body(&json!({"instances": [[33, 99_000, 1, 2]]})))?;
    let told = trace(&cli, &log, Some(&train))?;
    ensure!(told["named_inputs"].is_null() && told["inputs"]["0"] == 33, "{told}");
    ensure!(told["missing"].to_string().contains("4 inputs without names"), "{}", told["missing"]);
    // Names are names, also where they end in numbers.
    let numbered = sandbox.write("numbered.csv", self::train().replace("age,income", "x1,x2"))?;
    let log = sandbox.write("log.jsonl", body(&json!({"instances": [{"x1": 33, "x2": 99_000}]})))?;
    let told = trace(&cli, &log, Some(&numbered))?;
    ensure!(told["named_inputs"].is_null() && told["unusual_inputs"][0]["name"] == "x2", "{told}");
    Ok(())
}

/// What the model says of itself comes before the order of any table.
#[test]
fn they_take_the_order_of_the_model() -> Outcome {
    let sandbox = Sandbox::new()?;
    let cli = sandbox.cli("ada")?;
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/models/mlflow_model");
    for name in ["MLmodel", "model.pkl", "requirements.txt"] {
        sandbox.write(&format!("shop/credit/{name}"), std::fs::read(fixture.join(name))?)?;
    }
    let train = sandbox.write("shop/train.csv", turned(&train()))?;
    let asked = json!({"instances": [[33, 2_000]]});
    let log = sandbox.write("shop/log.jsonl", body(&asked).replace("\"credit\"", "\"model\""))?;
    let project = sandbox.root().join("shop");
    cli.ok(["project".as_ref(), "add".as_ref(), project.as_os_str()])?;
    cli.ok(["scan".as_ref(), project.as_os_str()])?;
    let told = trace(&cli, &log, Some(&train))?;
    ensure!(told["named_inputs"]["by"] == "model", "{told}");
    ensure!(told["inputs"] == json!({"age": 33, "income": 2_000}), "{told}");
    ensure!(told["unusual_inputs"] == json!([]), "{}", told["unusual_inputs"]);
    Ok(())
}

/// The monitor reads a table that holds the inputs alone in the same order.
#[test]
fn a_reference_of_inputs_alone_names_them_for_the_monitor() -> Outcome {
    let sandbox = Sandbox::new()?;
    let cli = sandbox.cli("ada")?;
    let (mut table, mut log) = ("age,income\n".to_owned(), String::new());
    for row in 0..300 {
        let (age, income) = (20 + row % 50, 1_000 + row * 1_237 % 4_000);
        let _ = writeln!(table, "{age},{income}");
        let asked = json!({"instances": [[age, income]]});
        log.push_str(&body(&asked).replace("r-1", &format!("r-{row}")));
    }
    let (table, log) = (sandbox.write("inputs.csv", table)?, sandbox.write("log.jsonl", log)?);
    let told = cli.ok(["monitor".as_ref(), log.as_os_str(), "--reference".as_ref(), table.as_os_str()])?;
    ensure!(told["reference"]["columns"] == json!(["age", "income"]), "{}", told["reference"]);
    ensure!(told["log"]["problems"].to_string().contains("inputs_by_place"), "{}", told["log"]["problems"]);
    Ok(())
}

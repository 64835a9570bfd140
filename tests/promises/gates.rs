//! Gates that measure: predictions alone, part by part and beside production, calibration, and the project's own command.

use std::fs;
use std::path::Path;

use anyhow::{Context, ensure};
use proofmark_tests::{Desk, Outcome, Sandbox};
use serde_json::Value;

/// A command that answers each row: more debt, more risk; the name is of no interest unless it is Mallory's.
const PREDICT: &str = r#"
while IFS= read -r row; do
  debt=$(printf '%s' "$row" | sed 's/.*"debt": *\([0-9]*\).*/\1/')
  case "$row" in *Mallory*) add=1 ;; *) add=0 ;; esac
  echo "{\"score\": $((debt / 1000 + add))}"
done
"#;

const GATES: &str = r#"
[release]
model = "credit"

[[dataset]]
path = "train.csv"
retention = "2 years"

[gates]
command = ["sh", "predict.sh", "{model}"]
timeout_s = 20

[gates.evaluation]
predictions = "holdout.csv"
label = "defaulted"
score = "score"
row = "id"
segments = ["region"]

[[gate]]
name = "auc"
required = true
rule = "evaluation"
metric = "roc_auc"
at_least = 0.7

[[gate]]
name = "not-worse"
required = true
rule = "against_production"
metric = "roc_auc"

[[gate]]
name = "accuracy-not-worse"
required = true
rule = "against_production"
metric = "accuracy"

[[gate]]
name = "everywhere"
required = true
rule = "segments"
metric = "accuracy"
at_least = 0.6

[[gate]]
name = "calibrated"
required = false
rule = "calibration"
ece_at_most = 0.2

[[gate]]
name = "small"
required = true
rule = "model_size"
at_most = 100000

[[gate]]
name = "kept"
required = false
rule = "retention_not_expired"

[[gate]]
name = "fast"
required = true
rule = "latency"
p95_ms = 5000
rows = 20

[[gate]]
name = "behaves"
required = true
rule = "behaviour"

[[gate.test]]
name = "much debt"
kind = "must_pass"
example = { debt = 90000, name = "Ada" }
at_least = 50

[[gate.test]]
name = "the name says nothing"
kind = "invariance"
example = { debt = 5000, name = "Ada" }
change = { name = "Bob" }

[[gate.test]]
name = "more debt, more risk"
kind = "direction"
example = { debt = 5000, name = "Ada" }
change = { debt = 60000 }
towards = "up"
"#;

/// Predictions of 400 rows. The score follows the label but for noise; `spoil` of 100 rows get the opposite.
fn holdout(spoil: u64, north: bool) -> String {
    let mut text = String::from("id,defaulted,score,region\n");
    for row in 0..400u64 {
        let label = (row * 7919) % 5 < 2;
        let region = if row % 4 == 0 { "north" } else { "south" };
        let noise = ((row * 104_729) % 97) as f64 / 97.0;
        let wrong = (row * 31) % 100 < spoil || (north && region == "north" && row % 16 != 0);
        let score = if label != wrong { 0.55 + 0.4 * noise } else { 0.05 + 0.4 * noise };
        text += &format!("r{row},{},{score:.4},{region}\n", u8::from(label));
    }
    text
}

fn gate<'d>(document: &'d Value, name: &str) -> Outcome<&'d Value> {
    let found = document["gates"].as_array().context("gates")?.iter().find(|it| it["gate"] == name);
    found.with_context(|| format!("the gate {name} is not in {}", document["gates"]))
}

fn verdict(document: &Value, name: &str) -> Outcome<String> {
    Ok(gate(document, name)?["verdict"].as_str().unwrap_or_default().to_owned())
}

fn make_project(sandbox: &Sandbox) -> Outcome<std::path::PathBuf> {
    sandbox.write("credit/train.csv", "id,debt,defaulted\n1,10,0\n2,90000,1\n3,20,0\n")?;
    sandbox.write("credit/predict.sh", PREDICT)?;
    sandbox.write("credit/holdout.csv", holdout(10, false))?;
    sandbox.write("credit/proofmark.toml", GATES)?;
    // An ONNX file says what it is in its first bytes; its name is enough for this.
    sandbox.write("credit/model.json", r#"{"learner": {"version": 1}}"#)?;
    Ok(sandbox.root().join("credit"))
}

fn ask(desk: &Desk, model: &Path, run: bool, code: i32) -> Outcome<Value> {
    let mut arguments = vec!["gate".as_ref(), model.as_os_str()];
    if run {
        arguments.push("--run".as_ref());
    }
    desk.cli.ask(arguments)?.document(code)
}

#[cfg(unix)]
#[test]
fn gates_measure_predictions_and_ask_the_projects_command() -> Outcome {
    let sandbox = Sandbox::new()?;
    let ada = Desk::new(&sandbox, "ada", "Ada")?;
    let project = make_project(&sandbox)?;
    ada.cli.ok(["project".as_ref(), "add".as_ref(), project.as_os_str()])?;
    let model = project.join("model.json");

    // Without being told to, nothing of the project is run, and what was not asked is not known.
    let shown = ask(&ada, &model, false, 1)?;
    for name in ["behaves", "fast"] {
        ensure!(verdict(&shown, name)? == "cannot_tell", "{}", gate(&shown, name)?);
    }
    let auc = gate(&shown, "auc")?;
    let figure = &auc["figures"][0];
    ensure!(auc["verdict"] == "pass" && figure["name"] == "roc_auc" && figure["rows"] == 400, "{auc}");
    let (low, high) = (figure["interval"][0].as_f64(), figure["interval"][1].as_f64());
    ensure!(low < figure["value"].as_f64() && figure["value"].as_f64() < high, "{figure}");
    for name in ["not-worse", "everywhere", "small"] {
        ensure!(verdict(&shown, name)? == "pass", "{}", gate(&shown, name)?);
    }

    let shown = ask(&ada, &model, true, 0)?;
    for name in ["behaves", "fast"] {
        ensure!(verdict(&shown, name)? == "pass", "{}", gate(&shown, name)?);
    }

    // A command that was changed has to be asked again, and one that misbehaves is found out.
    fs::write(project.join("predict.sh"), PREDICT.replace("Mallory", "Bob"))?;
    let shown = ask(&ada, &model, false, 1)?;
    ensure!(verdict(&shown, "behaves")? == "cannot_tell", "{}", gate(&shown, "behaves")?);
    let shown = ask(&ada, &model, true, 1)?;
    let behaves = gate(&shown, "behaves")?;
    ensure!(
        behaves["verdict"] == "fail" && behaves["why"].as_str().is_some_and(|it| it.contains("says nothing")),
        "{behaves}"
    );

    // One that dies is an error that shows its last words, and not a verdict.
    fs::write(project.join("predict.sh"), "echo no such library >&2; exit 3\n")?;
    let arguments = ["gate".as_ref(), model.as_os_str(), "--run".as_ref()];
    let error = ada.cli.ask(arguments)?.error_with_hint(2, "unreadable")?;
    ensure!(error["message"].as_str().is_some_and(|it| it.contains("no such library")), "{error}");

    // A part that fails is found although the whole holds.
    fs::write(project.join("holdout.csv"), holdout(5, true))?;
    let shown = ask(&ada, &model, false, 1)?;
    let everywhere = gate(&shown, "everywhere")?;
    ensure!(
        everywhere["verdict"] == "fail" && everywhere["why"].as_str().is_some_and(|it| it.contains("north")),
        "{everywhere}"
    );
    Ok(())
}

/// Tests of a model that takes age, income, visits and a region.
const OF_MODEL: &str = r#"
[gates]
output = "output_probability"

[[gate]]
name = "fast"
required = true
rule = "latency"
p95_ms = 5000
rows = 20

[[gate]]
name = "behaves"
required = true
rule = "behaviour"

[[gate.test]]
name = "a rich customer"
kind = "must_pass"
example = { age = 1.5, income = 80.0, visits = 1, region = "north" }
at_least = 0.9

[[gate.test]]
name = "regions that nobody knows are one"
kind = "invariance"
example = { age = 0.0, income = 50.0, visits = 3, region = "nowhere" }
change = { region = "elsewhere" }

[[gate.test]]
name = "more income, more likely"
kind = "direction"
example = { age = 0.0, income = 40.0, visits = 3, region = "south" }
change = { income = 60.0 }
towards = "up"
"#;

#[test]
fn an_onnx_model_is_asked_without_any_command() -> Outcome {
    let sandbox = Sandbox::new()?;
    let cli = sandbox.cli("ada")?;
    let project = sandbox.folder("credit")?;
    let model = project.join("model.onnx");
    fs::copy(proofmark_tests::repository().join("tests/fixtures/scoring/columns.onnx"), &model)?;
    let ask = |gates: &str, code: i32| -> Outcome<Value> {
        fs::write(project.join("proofmark.toml"), gates)?;
        cli.ask(["gate".as_ref(), model.as_os_str()])?.document(code)
    };
    cli.ok(["project".as_ref(), "add".as_ref(), project.as_os_str()])?;
    let shown = ask(OF_MODEL, 0)?;
    for name in ["behaves", "fast"] {
        let found = gate(&shown, name)?;
        ensure!(found["verdict"] == "pass" && found["evidence"][0] == "the ONNX model itself", "{found}");
    }
    // What was answered is kept: asked again, nothing is evaluated anew, and so the times are the same.
    ensure!(shown["unevaluated"] == false, "{shown}");
    let measured = gate(&shown, "fast")?["measured"].clone();
    ensure!(gate(&ask(OF_MODEL, 0)?, "fast")?["measured"] == measured, "{shown}");
    let evaluations = || -> Outcome<usize> {
        let entries = cli.ok(["audit", "list"])?;
        Ok(entries.to_string().matches("gates.run").count())
    };
    let before = evaluations()?;
    ensure!(before == 1, "{before}");
    let shown = ask(&OF_MODEL.replace("towards = \"up\"", "towards = \"down\""), 1)?;
    ensure!(evaluations()? == before, "the same rows were asked anew");
    let found = gate(&shown, "behaves")?;
    ensure!(
        found["verdict"] == "fail" && found["why"].as_str().is_some_and(|it| it.contains("more income")),
        "{found}"
    );
    // What the project leaves open says nothing about the model: a column that an example lacks, an output that is not there, a test
    // without a limit.
    for (left_open, told) in [
        (OF_MODEL.replace("income = 80.0, ", ""), "income"),
        (OF_MODEL.replace("output_probability", "score"), "no output score"),
        (OF_MODEL.replace("at_least = 0.9\n", ""), "says nothing about the answer"),
    ] {
        let shown = ask(&left_open, 1)?;
        let found = gate(&shown, "behaves")?;
        ensure!(
            found["verdict"] == "cannot_tell" && found["why"].as_str().is_some_and(|it| it.contains(told)),
            "{found}"
        );
    }
    fs::copy(proofmark_tests::repository().join("tests/fixtures/scoring/unsupported.onnx"), &model)?;
    let shown = ask(OF_MODEL, 1)?;
    let found = gate(&shown, "behaves")?;
    ensure!(
        found["verdict"] == "cannot_tell" && found["why"].as_str().is_some_and(|it| it.contains("SVMClassifier")),
        "{found}"
    );
    Ok(())
}

#[cfg(unix)]
#[test]
fn a_candidate_is_compared_with_production_on_the_same_rows() -> Outcome {
    let sandbox = Sandbox::new()?;
    let (ada, bob) = (Desk::new(&sandbox, "ada", "Ada")?, Desk::new(&sandbox, "bob", "Bob")?);
    let project = make_project(&sandbox)?;
    // Only what is compared forbids anything here.
    let only: String = GATES
        .split("[[gate]]")
        .filter(|it| !it.contains("[[gate.") && !it.contains("rule = ") || it.contains("against_production"))
        .collect::<Vec<_>>()
        .join("[[gate]]");
    fs::write(project.join("proofmark.toml"), only)?;
    ada.cli.ok(["project".as_ref(), "add".as_ref(), project.as_os_str()])?;
    let registry = sandbox.root().join("registry");
    ada.begin_registry(&registry)?;
    ada.admit(&bob, &["approver", "governance-reviewer"])?;
    bob.attach(&registry)?;
    let model = project.join("model.json");
    let candidate = ada.submit(&model, "credit", "The first one.")?;
    bob.approve(&candidate)?;
    ada.publish(&candidate)?;
    let kept = registry.join("models/credit/version-1/evidence/evaluation.csv");
    let kept = fs::read_to_string(&kept)?;
    ensure!(
        kept.starts_with("row,label,prediction,score\n") && !kept.contains("r17") && !kept.contains("north"),
        "{}",
        &kept[..200]
    );

    // Much worse predictions on the same rows: significantly so, by both tests.
    fs::write(&model, r#"{"learner": {"version": 2}}"#)?;
    fs::write(project.join("holdout.csv"), holdout(40, false))?;
    let shown = ask(&ada, &model, false, 1)?;
    for (name, test) in [("not-worse", "delong"), ("accuracy-not-worse", "mcnemar")] {
        let found = gate(&shown, name)?;
        let figure = found["figures"].as_array().and_then(|it| it.last()).context("figures")?;
        ensure!(
            found["verdict"] == "fail" && figure["test"] == test && figure["p_value"].as_f64() < Some(0.01),
            "{found}"
        );
        ensure!(figure["interval"][1].as_f64() < Some(0.0) && figure["rows"] == 400, "{figure}");
    }

    // The same model again is not worse.
    fs::write(project.join("holdout.csv"), holdout(10, false))?;
    let shown = ask(&ada, &model, false, 0)?;
    ensure!(verdict(&shown, "not-worse")? == "pass", "{}", gate(&shown, "not-worse")?);

    // Other rows are no comparison.
    let renamed = holdout(10, false).replace("\nr", "\nother");
    fs::write(project.join("holdout.csv"), renamed)?;
    let shown = ask(&ada, &model, false, 1)?;
    ensure!(verdict(&shown, "not-worse")? == "cannot_tell", "{}", gate(&shown, "not-worse")?);
    Ok(())
}

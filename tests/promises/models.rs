//! Model files: what they are is read from their bytes, and what is damaged or disguised is never called safe.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use proofmark_tests::{Cli, Desk, Outcome, Sandbox};
use serde_json::{Value, json};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/models").join(name)
}

fn inspect(cli: &Cli, path: &Path) -> Outcome<Value> {
    cli.ok([OsStr::new("inspect"), path.as_os_str()])
}

#[test]
fn the_steps_of_a_pipeline_are_told_as_a_tree_with_their_columns() -> Outcome {
    let sandbox = Sandbox::new()?;
    let cli = sandbox.cli("ada")?;
    for name in ["pipeline_p4.pkl", "pipeline.joblib", "pipeline.skops"] {
        let found = inspect(&cli, &fixture(name))?;
        ensure!(found["safety"]["verdict"] == "safe", "{name}: {}", found["safety"]);
        let parts = found["parts"].as_array().context("parts is a list")?;
        let named = |parts: &[Value], name: &str| parts.iter().find(|it| it["name"] == name).cloned();
        let prepare = named(parts, "pre").with_context(|| format!("{name}: no step `pre` in {parts:?}"))?;
        let inner = prepare["parts"].as_array().cloned().unwrap_or_default();
        let numbers = named(&inner, "num").with_context(|| format!("{name}: no `num` in {inner:?}"))?;
        ensure!(numbers["columns"] == json!(["age", "income"]), "{name}: {numbers}");
        let scaler = numbers["parts"].as_array().and_then(|parts| named(parts, "scaler"));
        ensure!(scaler.is_some_and(|it| it["class"].as_str().is_some_and(|it| it.ends_with("StandardScaler"))));
        ensure!(named(&inner, "cat").is_some_and(|it| it["columns"] == json!(["city", "plan"])), "{name}");
        ensure!(
            named(parts, "clf")
                .is_some_and(|it| it["class"].as_str().is_some_and(|it| it.ends_with("LogisticRegression")))
        );
    }
    Ok(())
}

#[test]
fn tensors_are_told_with_their_kinds_and_shapes() -> Outcome {
    let sandbox = Sandbox::new()?;
    let cli = sandbox.cli("ada")?;
    for (name, tensor, dtype, shape) in [
        ("checkpoint.pt", "model_state_dict.hidden.weight", "float32", json!([3, 4])),
        ("saved_model/saved_model.pb", "hidden/kernel", "float32", json!([4, 3])),
    ] {
        let found = inspect(&cli, &fixture(name))?;
        let tensors = found["tensors"].as_array().with_context(|| format!("{name} lists no tensors"))?;
        let one = tensors.iter().find(|it| it["name"] == tensor);
        let one = one.with_context(|| format!("{name} has no {tensor}: {tensors:?}"))?;
        ensure!(one["dtype"] == dtype && one["shape"] == shape, "{name}: {one}");
    }
    Ok(())
}

#[test]
fn a_model_that_is_cut_anywhere_is_never_safe() -> Outcome {
    let sandbox = Sandbox::new()?;
    let cli = sandbox.cli("ada")?;
    for name in ["pipeline.joblib", "pipeline.skops", "pipeline.onnx", "lightgbm.txt", "checkpoint.pt"] {
        let whole = fs::read(fixture(name))?;
        for part in [0.2, 0.5, 0.9, 0.999] {
            let cut = (whole.len() as f64 * part) as usize;
            let path = sandbox.write(&format!("cut/{part}/{name}"), &whole[..cut])?;
            let answer = cli.ask([OsStr::new("inspect"), path.as_os_str()])?;
            // Either it is no model any more, or what is left of it is told together with the reason for doubt.
            if answer.code == Some(0) {
                let found = answer.document(0)?;
                let reasons = found["safety"]["reasons"].as_array().map_or(0, Vec::len);
                ensure!(
                    found["safety"]["verdict"] != "safe" && reasons > 0,
                    "{name} cut at {cut}: {}",
                    found["safety"]
                );
            } else {
                answer.error(2, "unreadable")?;
            }
        }
    }
    Ok(())
}

#[test]
fn a_model_under_a_wrong_name_is_known_by_its_content() -> Outcome {
    let sandbox = Sandbox::new()?;
    let cli = sandbox.cli("ada")?;
    for (fixture_name, name, format, verdict) in [
        ("evil_p4.pkl", "weights.safetensors", "pickle", "dangerous"),
        ("evil_gzip.joblib", "notes.txt", "joblib", "dangerous"),
        ("pipeline.onnx", "model.pkl", "onnx", "safe"),
        ("weights.safetensors", "model.joblib", "safetensors", "safe"),
        ("lightgbm.txt", "model.onnx", "lightgbm_text", "safe"),
    ] {
        let path = sandbox.write(&format!("disguised/{name}"), fs::read(fixture(fixture_name))?)?;
        let found = inspect(&cli, &path)?;
        ensure!(found["format"] == format && found["safety"]["verdict"] == verdict, "{name}: {found}");
    }
    // In a project it is a model as well, and the scan says so.
    let folder = sandbox.folder("disguised")?;
    let scan = cli.ok([OsStr::new("scan"), folder.as_os_str()])?;
    let artifacts = scan["artifacts"].as_array().cloned().unwrap_or_default();
    for name in ["model.pkl", "model.joblib", "model.onnx"] {
        let kind = artifacts.iter().find(|it| it["path"] == name).map(|it| it["kind"].clone());
        ensure!(kind == Some(json!("model")), "{name} is {kind:?}");
    }
    Ok(())
}

#[test]
fn a_saved_model_tells_its_signature_and_is_not_called_safe() -> Outcome {
    let sandbox = Sandbox::new()?;
    let cli = sandbox.cli("ada")?;
    for path in [fixture("saved_model"), fixture("saved_model/saved_model.pb")] {
        let found = inspect(&cli, &path)?;
        ensure!(found["format"] == "saved_model" && found["framework"] == "tensorflow", "{found}");
        ensure!(found["features_in"] == json!(["age", "amount"]), "{}", found["features_in"]);
        ensure!(
            found["framework_version"].as_str().is_some_and(|it| it.starts_with('2')),
            "{}",
            found["framework_version"]
        );
        ensure!(found["safety"]["verdict"] == "unverified", "{}", found["safety"]);
    }
    Ok(())
}

/// An ONNX model of one `MatMul` whose weights lie in `part.weights` beside it.
const WEIGHTS_ELSEWHERE: &str = "0808120468616e643a760a110a01780a015712017922064d61744d756c1201672a320802080110014201576a180a086c6f636174696f6e\
    120c706172742e776569676874736a0b0a066c656e67746812013870015a140a0178120f0a0d080112090a0312016e0a02080262140a0179120f0a0d080112090a03\
    12016e0a02080242040a001011";

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<char> = text.chars().filter(char::is_ascii_hexdigit).collect();
    digits.chunks(2).filter_map(|pair| u8::from_str_radix(&pair.iter().collect::<String>(), 16).ok()).collect()
}

/// Names of the model's files in a candidate's manifest.
fn released(desk: &Desk, candidate: &str) -> Outcome<Vec<String>> {
    let shown = desk.cli.ok(["release", "show", candidate])?;
    let files = shown["manifest"]["files"].as_array().context("a manifest lists files")?;
    Ok(files.iter().filter_map(|it| it["path"].as_str().map(str::to_owned)).collect())
}

#[test]
fn a_model_of_several_files_is_released_with_all_of_them() -> Outcome {
    let sandbox = Sandbox::new()?;
    let ada = Desk::new(&sandbox, "ada", "Ada")?;
    ada.begin_registry(&sandbox.root().join("registry"))?;
    let project = sandbox.root().join("several");
    fs::create_dir_all(project.join("bert/part (1)"))?;
    fs::create_dir_all(project.join("odd"))?;
    fs::write(project.join("net.onnx"), unhex(WEIGHTS_ELSEWHERE))?;
    fs::write(project.join("part.weights"), [0u8; 8])?;
    fs::copy(fixture("linear.pkl"), project.join("odd/model.pkl"))?;
    fs::write(project.join("odd/settings.yaml"), "depth: 3\n")?;
    fs::write(project.join("bert/config.json"), r#"{"model_type": "bert"}"#)?;
    fs::write(project.join("bert/part (1)/vocab.txt"), "a\n")?;
    fs::copy(fixture("linear.pkl"), project.join("bert/head.pkl"))?;
    fs::write(
        project.join("proofmark.toml"),
        "[[gate]]\nname = \"safe\"\nrequired = true\nrule = \"model_file_safe\"\n",
    )?;
    ada.cli.ok(["project".as_ref(), "add".as_ref(), project.as_os_str()])?;

    // Weights that the file itself names go with it, and a model without them is refused.
    let candidate = ada.submit(&project.join("net.onnx"), "net", "")?;
    let files = released(&ada, &candidate)?;
    ensure!(files.contains(&"part.weights".to_owned()) && files.contains(&"net.onnx".to_owned()), "{files:?}");
    ensure!(ada.submit(&project.join("net.onnx"), "net", "")? == candidate, "the same bytes are the same candidate");
    // The step that leads nowhere, which some exporters write, leads nowhere; the lengths around it grow by two.
    let (place, dotted) = ("3a76|2a32|6a18|120c706172742e", "3a78|2a34|6a1a|120e2e2f706172742e");
    let changed = place
        .split('|')
        .zip(dotted.split('|'))
        .fold(WEIGHTS_ELSEWHERE.to_owned(), |text, (from, to)| text.replacen(from, to, 1));
    fs::write(project.join("dotted.onnx"), unhex(&changed))?;
    let candidate = ada.submit(&project.join("dotted.onnx"), "dotted", "")?;
    let files = released(&ada, &candidate)?;
    ensure!(files.contains(&"part.weights".to_owned()) && files.contains(&"dotted.onnx".to_owned()), "{files:?}");
    // Weights beside the model are nothing but numbers, as long as they lie there whole.
    let net = project.join("net.onnx");
    let looked = |code: i32| ada.cli.ask(["gate".as_ref(), net.as_os_str()])?.document(code);
    ensure!(looked(0)?["gates"][0]["verdict"] == "pass", "{}", looked(0)?);
    fs::write(project.join("part.weights"), [0u8; 4])?;
    ensure!(looked(1)?["gates"][0]["verdict"] == "cannot_tell", "cut short: {}", looked(1)?);
    fs::remove_file(project.join("part.weights"))?;
    ensure!(ada.submit(&project.join("net.onnx"), "net", "").is_err(), "it could not be loaded");
    // A folder that libraries load as a whole is one model; any other is where a person names it.
    let candidate = ada.submit(&project.join("bert/head.pkl"), "bert", "")?;
    let files = released(&ada, &candidate)?;
    ensure!(files.contains(&"part (1)/vocab.txt".to_owned()), "{files:?}");
    let candidate = ada.submit(&project.join("odd/model.pkl"), "odd", "")?;
    ensure!(!released(&ada, &candidate)?.contains(&"settings.yaml".to_owned()), "only the file was named");
    let candidate = ada.submit(&project.join("odd"), "odd", "")?;
    ensure!(released(&ada, &candidate)?.contains(&"settings.yaml".to_owned()), "the folder was named");

    // Whoever loads the folder may load any of them, so the gate looks at each.
    let gate = |code: i32| -> Outcome<Value> {
        let words = [std::ffi::OsString::from("gate"), project.join("bert").into_os_string()];
        Ok(ada.cli.ask(words)?.document(code)?["gates"][0].clone())
    };
    ensure!(gate(0)?["verdict"] == "pass", "nothing in it can do harm: {}", gate(0)?);
    fs::write(project.join("bert/modeling.py"), "print('loaded')\n")?;
    ensure!(gate(1)?["verdict"] == "cannot_tell", "it brings code: {}", gate(1)?);
    fs::copy(fixture("evil_p4.pkl"), project.join("bert/zz.bin"))?;
    ensure!(gate(1)?["verdict"] == "fail", "a pickle beside it runs code: {}", gate(1)?);
    Ok(())
}

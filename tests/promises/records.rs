//! Records of other tools: what MLflow's and DVC's own clients say about stores that they wrote is what a scan finds, without a
//! flag and without a click.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use proofmark_tests::{Cli, Outcome, Sandbox, repository};
use serde_json::Value;

const STORES: [&str; 4] = ["mlflow2-files", "mlflow2-sqlite", "mlflow3-files", "mlflow3-sqlite"];

fn copy(from: &Path, to: &Path) -> Outcome {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

fn fixture(name: &str) -> PathBuf {
    repository().join("tests/fixtures/records").join(name)
}

fn expected(name: &str) -> Outcome<Value> {
    Ok(serde_json::from_str(&fs::read_to_string(fixture(name).join("expected.json"))?)?)
}

/// A project made of a fixture, scanned.
fn scanned(sandbox: &Sandbox, cli: &Cli, name: &str) -> Outcome<(PathBuf, Value)> {
    let folder = sandbox.folder(name)?;
    copy(&fixture(name), &folder)?;
    // What the tool said is no part of the project.
    fs::remove_file(folder.join("expected.json"))?;
    let scan = cli.ok(["scan".as_ref(), folder.as_os_str()])?;
    Ok((folder, scan))
}

fn list(cli: &Cli, folder: &Path, more: &[&str]) -> Outcome<Vec<Value>> {
    let folder = folder.to_string_lossy().into_owned();
    let words = ["runs", "list", "--project", folder.as_str()].into_iter().chain(more.iter().copied());
    let document = cli.ok(words)?;
    Ok(document["runs"].as_array().context("no list of runs")?.clone())
}

/// Milliseconds of an RFC 3339 time in UTC.
fn ms(time: &Value) -> Option<i64> {
    let text = time.as_str()?.strip_suffix('Z')?;
    let (date, clock) = text.split_once('T')?;
    let mut date = date.split('-').map(|it| it.parse::<i64>());
    let (year, month, day) = (date.next()?.ok()?, date.next()?.ok()?, date.next()?.ok()?);
    let mut clock = clock.split(':');
    let (hour, minute) = (clock.next()?.parse::<i64>().ok()?, clock.next()?.parse::<i64>().ok()?);
    let second: f64 = clock.next()?.parse().ok()?;
    // Days from civil, by Howard Hinnant: years begin in March.
    let (year, month) = if month <= 2 { (year - 1, month + 9) } else { (year, month - 3) };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    let days = era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468;
    Some(days * 86_400_000 + hour * 3_600_000 + minute * 60_000 + (second * 1000.0).round() as i64)
}

#[test]
fn runs_of_mlflow_are_what_its_client_says() -> Outcome {
    let sandbox = Sandbox::new()?;
    let cli = sandbox.cli("ada")?;
    for name in STORES {
        let (folder, scan) = scanned(&sandbox, &cli, name)?;
        ensure!(scan["skipped"].as_array().is_some_and(Vec::is_empty), "{name}: {}", scan["skipped"]);
        let paths: Vec<&str> =
            scan["artifacts"].as_array().into_iter().flatten().filter_map(|it| it["path"].as_str()).collect();
        ensure!(
            !paths.iter().any(|it| it.ends_with("meta.yaml") || it.contains("/params/") || it.contains("/metrics/")),
            "{name}: the record is among the files: {paths:?}"
        );
        let expected = expected(name)?;
        let want = expected["runs"].as_object().context("no runs")?;
        let runs = list(&cli, &folder, &[])?;
        ensure!(runs.len() == want.len(), "{name}: {} runs and not {}", runs.len(), want.len());
        for run in &runs {
            let id = run["foreign_id"].as_str().context("no foreign id")?;
            let want = want.get(id).with_context(|| format!("{name}: there is no run {id}"))?;
            let of = format!("{name}, {}", run["name"]);
            ensure!(run["source"] == "mlflow" && run["name"] == want["name"], "{of}");
            let status = want["status"].as_str().unwrap_or_default().to_lowercase();
            ensure!(run["status"] == status.as_str(), "{of}: {} and not {status}", run["status"]);
            ensure!(ms(&run["started"]) == want["start_ms"].as_i64(), "{of}: {}", run["started"]);
            ensure!(ms(&run["ended"]) == want["end_ms"].as_i64(), "{of}: {}", run["ended"]);
            ensure!(run["parameters"] == want["parameters"], "{of}: {}", run["parameters"]);
            let metrics = run["metrics"].as_object().context("no metrics")?;
            let wanted = want["metrics"].as_object().context("no metrics")?;
            ensure!(metrics.keys().eq(wanted.keys()), "{of}: {metrics:?}");
            for (metric, value) in wanted {
                let fits = if value.is_string() {
                    metrics[metric].is_null()
                } else {
                    metrics[metric].as_f64() == value.as_f64()
                };
                ensure!(fits, "{of}: {metric} is {} and not {value}", metrics[metric]);
            }
            let in_dead =
                expected["experiments"][want["experiment"].as_str().unwrap_or_default()]["lifecycle"] == "deleted";
            let deleted = want["lifecycle"] == "deleted" || in_dead;
            ensure!(run["record"]["deleted"] == deleted, "{of}: {}", run["record"]);
            for input in want["inputs"].as_array().into_iter().flatten() {
                let path = format!("data/{}.csv", input["name"].as_str().unwrap_or_default());
                let edge = run["inputs"].as_array().into_iter().flatten().find(|it| it["path"] == path.as_str());
                let edge = edge.with_context(|| format!("{of}: {path} is no input: {}", run["inputs"]))?;
                ensure!(edge["basis"] == "declared" && edge["digest"].is_string(), "{of}: {edge}");
            }
        }
        let parent = runs.iter().find(|it| it["name"] == "parent").context("no parent")?;
        let outputs: Vec<&str> =
            parent["outputs"].as_array().into_iter().flatten().filter_map(|it| it["path"].as_str()).collect();
        for file in ["MLmodel", "python_model.pkl", "notes.txt"] {
            ensure!(outputs.iter().any(|it| it.ends_with(file)), "{name}: {file} is no output: {outputs:?}");
        }
        ensure!(parent["environment_digest"].is_string(), "{name}: the model's folder tells its environment");
        let shown = cli.ok(["runs", "show", parent["id"].as_str().unwrap_or_default()])?;
        ensure!(shown["environment"]["packages"]["scikit-learn"] == "1.6.1", "{name}: {}", shown["environment"]);
        let history = &want[parent["foreign_id"].as_str().unwrap_or_default()]["history"]["loss"];
        ensure!(
            shown["curves"]["loss"]["points"].as_array().map(Vec::len) == history.as_array().map(Vec::len),
            "{name}: {}",
            shown["curves"]["loss"]
        );
        ensure!(shown["related"].as_array().is_some_and(|it| it.len() == 2), "{name}: {}", shown["related"]);
        // Data to run to model, through the record alone.
        let model = outputs.iter().find(|it| it.ends_with("python_model.pkl")).context("no model")?;
        let lineage = cli.ok(["lineage".as_ref(), folder.join(model).as_os_str(), "--up".as_ref()])?;
        let labels: Vec<&str> =
            lineage["nodes"].as_array().into_iter().flatten().filter_map(|it| it["label"].as_str()).collect();
        ensure!(labels.contains(&"data/train.csv") && labels.contains(&"parent"), "{name}: {labels:?}");
        let records = cli.ok(["runs".as_ref(), "records".as_ref(), "--project".as_ref(), folder.as_os_str()])?;
        let versions = records["versions"].as_array().context("no versions")?;
        let registry = expected["registry"].as_array().context("no registry")?;
        ensure!(versions.len() == registry.len(), "{name}: {versions:?}");
        for want in registry {
            let found = versions.iter().find(|it| it["model"] == want["model"] && it["version"] == want["version"]);
            let found = found.with_context(|| format!("{name}: no version {want}"))?;
            ensure!(found["aliases"] == want["aliases"] && found["found"].is_string(), "{name}: {found}");
        }
    }
    Ok(())
}

#[test]
fn runs_are_filtered_sorted_and_compared() -> Outcome {
    let sandbox = Sandbox::new()?;
    let cli = sandbox.cli("ada")?;
    let (folder, _) = scanned(&sandbox, &cli, "mlflow3-sqlite")?;
    let names = |more: &[&str]| -> Outcome<Vec<String>> {
        Ok(list(&cli, &folder, more)?.iter().map(|it| it["name"].as_str().unwrap_or_default().to_owned()).collect())
    };
    ensure!(names(&["--where", "metrics.auc > 0.73"])? == ["child-4"]);
    ensure!(names(&["--where", "params.depth = 2"])? == ["child-2"], "a text that is a number is compared as one");
    ensure!(names(&["--where", "params.umlaut ~ röß"])? == ["parent"]);
    ensure!(names(&["--where", "metrics.auc > 0", "--where", "params.depth >= 3"])? == ["child-4"]);
    ensure!(names(&["--sort", "metrics.auc", "--limit", "2"])? == ["child-4", "child-2"]);
    ensure!(names(&["--sort", "metrics.auc", "--ascending", "--limit", "1", "--active"])? == ["child-2"]);
    ensure!(names(&["--deleted"])?.len() == 2, "the deleted run, and the one of a deleted experiment");
    ensure!(names(&["--status", "killed"])? == ["killed"]);
    ensure!(names(&["--where", "metrics.no_such_metric > 0"])?.is_empty());
    let wrong = cli.ask(["runs", "list", "--where", "nonsense"])?.document(2)?;
    ensure!(wrong["error"]["hints"].as_array().is_some_and(|it| !it.is_empty()), "{wrong}");
    let compared = cli.ok(["runs", "compare", "child-2", "child-4"])?;
    let differences: Vec<(&str, &str)> = compared["differences"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|it| Some((it["of"].as_str()?, it["name"].as_str()?)))
        .collect();
    ensure!(
        differences.contains(&("parameter", "depth")) && differences.contains(&("metric", "auc")),
        "{differences:?}"
    );
    Ok(())
}

#[test]
fn a_record_that_grows_is_followed_and_nothing_is_written_to_it() -> Outcome {
    let sandbox = Sandbox::new()?;
    let cli = sandbox.cli("ada")?;
    let (folder, _) = scanned(&sandbox, &cli, "mlflow2-files")?;
    let before = list(&cli, &folder, &[])?;
    let again = cli.ok(["scan".as_ref(), folder.as_os_str()])?;
    ensure!(again["skipped"].as_array().is_some_and(Vec::is_empty), "{}", again["skipped"]);
    ensure!(list(&cli, &folder, &[])? == before, "a second look changes nothing");
    let child = before
        .iter()
        .find(|it| it["name"] == "child-2")
        .and_then(|it| it["foreign_id"].as_str())
        .context("no child")?;
    let run = fs::read_dir(folder.join("mlruns"))?
        .flatten()
        .map(|it| it.path().join(child))
        .find(|it| it.is_dir())
        .context("no folder of the run")?;
    fs::write(run.join("metrics/auc"), "1700000000000 0.72 0\n1700000001000 0.9 1\n")?;
    fs::write(run.join("params/added"), "later")?;
    cli.ok(["scan".as_ref(), folder.as_os_str()])?;
    let after = list(&cli, &folder, &["--text", child])?;
    ensure!(
        after.len() == 1 && after[0]["metrics"]["auc"] == 0.9 && after[0]["parameters"]["added"] == "later",
        "{after:?}"
    );
    let known = before.iter().find(|it| it["foreign_id"] == child).map(|it| &it["id"]);
    ensure!(known == Some(&after[0]["id"]), "it is the same run");
    fs::remove_dir_all(&run)?;
    cli.ok(["scan".as_ref(), folder.as_os_str()])?;
    let gone = list(&cli, &folder, &["--text", child])?;
    ensure!(gone.len() == 1 && gone[0]["record"]["deleted"] == true, "what was known of it stays: {gone:?}");
    Ok(())
}

#[test]
fn a_damaged_record_is_told_and_the_rest_is_read() -> Outcome {
    let sandbox = Sandbox::new()?;
    let cli = sandbox.cli("ada")?;
    let (folder, _) = scanned(&sandbox, &cli, "mlflow2-sqlite")?;
    let whole = list(&cli, &folder, &[])?.len();
    let database = folder.join("mlflow.db");
    let mut bytes = fs::read(&database)?;
    let third = bytes.len() / 3;
    bytes[1024..third].fill(0x5a);
    fs::write(&database, bytes)?;
    fs::write(folder.join("dvc.yaml"), "stages: [")?;
    let scan = cli.ok(["scan".as_ref(), folder.as_os_str()])?;
    for name in ["mlflow.db", "dvc.yaml"] {
        let told = scan["skipped"].as_array().into_iter().flatten().find(|it| it["path"] == name);
        let told = told.with_context(|| format!("{name} is not told: {}", scan["skipped"]))?;
        ensure!(told["reason"].as_str().is_some_and(|it| it.len() > 20), "{told}");
    }
    ensure!(list(&cli, &folder, &[])?.len() == whole, "what was read before stays");
    Ok(())
}

#[test]
fn stages_of_dvc_are_what_dvc_says() -> Outcome {
    let sandbox = Sandbox::new()?;
    let cli = sandbox.cli("ada")?;
    let (folder, scan) = scanned(&sandbox, &cli, "dvc")?;
    ensure!(scan["skipped"].as_array().is_some_and(Vec::is_empty), "{}", scan["skipped"]);
    let expected = expected("dvc")?;
    let want = expected["stages"].as_object().context("no stages")?;
    let runs = list(&cli, &folder, &[])?;
    ensure!(runs.len() == want.len(), "{} runs and not {}", runs.len(), want.len());
    for run in &runs {
        let name = run["name"].as_str().context("no name")?;
        let want = &want[name];
        ensure!(run["source"] == "dvc" && run["foreign_id"] == name && run["command"] == want["command"], "{run}");
        ensure!(
            run["status"] == if want["locked"] == true { "finished" } else { "unknown" },
            "{name}: {}",
            run["status"]
        );
    }
    let train = runs.iter().find(|it| it["name"] == "train").context("no stage train")?;
    ensure!(train["metrics"]["score.auc"] == 0.75 && train["metrics"]["rows"] == 3.0, "{}", train["metrics"]);
    ensure!(train["parameters"]["train.rate"] == 0.5 && train["parameters"]["seed"] == 7, "{}", train["parameters"]);
    let paths = |part: &str| -> Vec<&str> {
        train[part].as_array().into_iter().flatten().filter_map(|it| it["path"].as_str()).collect()
    };
    ensure!(
        paths("inputs").contains(&"clean/de.csv") && paths("inputs").contains(&"train.py"),
        "{:?}",
        paths("inputs")
    );
    ensure!(paths("outputs").contains(&"model/weights.txt"), "a folder is the files in it: {:?}", paths("outputs"));
    let lineage = cli.ok(["lineage".as_ref(), folder.join("model/weights.txt").as_os_str(), "--up".as_ref()])?;
    let labels: Vec<&str> =
        lineage["nodes"].as_array().into_iter().flatten().filter_map(|it| it["label"].as_str()).collect();
    ensure!(labels.contains(&"raw/us.csv") && labels.contains(&"clean@us"), "{labels:?}");
    Ok(())
}

/// A run of MLflow that says which script it was and nothing of its data, as most do.
#[test]
fn a_recorded_run_that_names_no_data_is_given_what_its_script_reads() -> Outcome {
    let sandbox = Sandbox::new()?;
    let cli = sandbox.cli("ada")?;
    let folder = sandbox.folder("tracked")?;
    let id = "0123456789abcdef0123456789abcdef";
    let run = folder.join("mlruns/7").join(id);
    fs::create_dir_all(run.join("tags"))?;
    fs::create_dir_all(run.join("artifacts"))?;
    fs::write(folder.join("data.csv"), "age,income,default\n30,2000,0\n41,3100,1\n")?;
    let script = "import pandas as pd, mlflow\n\
        from sklearn.linear_model import LogisticRegression\n\
        table = pd.read_csv('data.csv')\n\
        model = LogisticRegression().fit(table[['age', 'income']], table['default'])\n\
        mlflow.sklearn.log_model(model, name='model')\n";
    fs::write(folder.join("train.py"), script)?;
    fs::write(folder.join("mlruns/7/meta.yaml"), "experiment_id: '7'\nname: credit\nlifecycle_stage: active\n")?;
    let end = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_millis();
    fs::write(
        run.join("meta.yaml"),
        format!(
            "artifact_uri: {}\nend_time: {end}\nentry_point_name: ''\nexperiment_id: '7'\nlifecycle_stage: active\nrun_id: {id}\n\
             run_name: lr\nrun_uuid: {id}\nsource_type: 4\nstart_time: {}\nstatus: 3\nuser_id: ada\n",
            run.join("artifacts").display(),
            end - 1000
        ),
    )?;
    fs::write(run.join("tags/mlflow.source.name"), "train.py")?;
    fs::write(run.join("tags/mlflow.source.type"), "LOCAL")?;
    fs::write(run.join("artifacts/estimator.txt"), "kept beside the model")?;
    cli.ok(["scan".as_ref(), folder.as_os_str()])?;
    let is_known = |runs: usize| -> Outcome {
        let listed = list(&cli, &folder, &[])?;
        ensure!(listed.len() == runs && listed.iter().all(|it| it["source"] == "mlflow"), "{listed:?}");
        for one in &listed {
            let shown = cli.ok(["runs", "show", one["id"].as_str().context("no id")?])?;
            let inputs = shown["run"]["inputs"].as_array().context("no inputs")?;
            let data = inputs.iter().find(|it| it["path"] == "data.csv");
            let data = data.with_context(|| format!("{} has no data in {inputs:?}", one["name"]))?;
            ensure!(data["basis"] == "inferred", "{data}");
            ensure!(data["confidence"].as_f64().is_some_and(|it| it > 0.8 && it < 1.0), "{data}");
        }
        Ok(())
    };
    is_known(1)?;
    // The record grows, and no file of the project does.
    fs::create_dir_all(run.join("metrics"))?;
    fs::write(run.join("metrics/auc"), format!("{end} 0.8 0\n"))?;
    cli.ok(["scan".as_ref(), folder.as_os_str()])?;
    ensure!(list(&cli, &folder, &[])?[0]["metrics"]["auc"] == 0.8, "the record was not read again");
    is_known(1)?;
    let second = "fedcba9876543210fedcba9876543210";
    let other = folder.join("mlruns/7").join(second);
    fs::create_dir_all(other.join("tags"))?;
    fs::write(other.join("tags/mlflow.source.name"), "train.py")?;
    fs::write(other.join("meta.yaml"), fs::read_to_string(run.join("meta.yaml"))?.replace(id, second))?;
    cli.ok(["scan".as_ref(), folder.as_os_str()])?;
    is_known(2)
}

//! Tables in every form, checked and profiled through the command line.

use std::fs;

use anyhow::{Context, ensure};
use proofmark_tests::{Csv, Outcome, Sandbox};
use serde_json::Value;

fn kinds(report: &Value) -> Vec<(String, Vec<String>)> {
    let word = |it: &Value| it.as_str().unwrap_or_default().to_owned();
    report["findings"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|it| (word(&it["kind"]), it["columns"].as_array().into_iter().flatten().map(word).collect()))
        .collect()
}

#[test]
fn sixteen_parts_profiled_apart_equal_the_whole() -> Outcome {
    let sandbox = Sandbox::new()?;
    let cli = sandbox.cli("ada")?;
    let whole = Csv::customers(16_000);
    let path = sandbox.write("whole.csv", whole.text())?;
    let expected = cli.ok(["profile".as_ref(), path.as_os_str()])?;
    let lines: Vec<&str> = whole.text().lines().collect();
    let mut saved = Vec::new();
    for part in 0..16 {
        let rows = lines[1 + part * 1000..1 + (part + 1) * 1000].join("\n");
        let file = sandbox.write(&format!("parts/part-{part:02}.csv"), format!("{}\n{rows}\n", lines[0]))?;
        let sketch = sandbox.root().join(format!("part-{part:02}.profile"));
        cli.ok(["profile".as_ref(), file.as_os_str(), "--save".as_ref(), sketch.as_os_str()])?;
        saved.push(sketch);
    }
    let mut arguments: Vec<&std::ffi::OsStr> = vec!["profile".as_ref(), "--merge".as_ref()];
    arguments.extend(saved.iter().map(|it| it.as_os_str()));
    let merged = cli.ok(arguments)?;
    ensure!(merged["rows"] == expected["rows"], "rows: {} and {}", merged["rows"], expected["rows"]);
    for (ours, theirs) in merged["columns"]
        .as_array()
        .context("no columns")?
        .iter()
        .zip(expected["columns"].as_array().context("no columns")?)
    {
        let close = |what: &str, tolerance: f64| -> Outcome {
            let (a, b) = (ours[what].as_f64().unwrap_or(f64::NAN), theirs[what].as_f64().unwrap_or(f64::NAN));
            ensure!(
                ours[what] == theirs[what] || (a - b).abs() <= tolerance * b.abs().max(1.0),
                "{what} of {}: {} and {}",
                theirs["name"],
                ours[what],
                theirs[what]
            );
            Ok(())
        };
        // Up to 200,000 rows everything is exact; only the order of the sums differs.
        // The places are sensitive, and texts of sensitive columns are in no saved profile.
        let masked = ours["masked"] == true;
        ensure!(
            !masked || ours["min"].is_null() && ours["top"] == serde_json::json!([]),
            "{} is not masked",
            theirs["name"]
        );
        let values: &[&str] = if masked { &[] } else { &["min", "max"] };
        for what in ["nulls", "distinct", "zeros"].iter().chain(values) {
            close(what, 0.0)?;
        }
        close("mean", 1e-12)?;
        close("std", 1e-9)?;
        for (key, value) in theirs["quantiles"].as_object().context("no quantiles")? {
            let own = ours["quantiles"][key].as_f64().context("a quantile is missing")?;
            ensure!(
                (own - value.as_f64().unwrap_or(f64::NAN)).abs() < 1e-9,
                "{key} of {}: {own} and {value}",
                theirs["name"]
            );
        }
    }
    // The same parts as one table, without saving anything.
    let folder = cli.ok(["profile".as_ref(), sandbox.root().join("parts").as_os_str()])?;
    ensure!(folder["rows"] == expected["rows"], "the folder has {} rows", folder["rows"]);
    // What is no saved profile is refused with its name.
    let wrong = cli.ask(["profile".as_ref(), "--merge".as_ref(), path.as_os_str()])?.error(2, "unreadable")?;
    ensure!(wrong["message"].as_str().is_some_and(|it| it.contains("whole.csv")), "{wrong}");
    Ok(())
}

#[test]
fn errors_are_found_with_their_kind_and_column() -> Outcome {
    let sandbox = Sandbox::new()?;
    let cli = sandbox.cli("ada")?;
    let good = Csv::customers(800);
    let reference = sandbox.write("reference/table.csv", good.text())?;
    let clean = cli.ok(["check".as_ref(), reference.as_os_str()])?;
    ensure!(kinds(&clean).is_empty(), "a good table was blamed: {clean}");

    let mut lines: Vec<String> = good.text().lines().map(str::to_owned).collect();
    for line in lines.iter_mut().skip(1).step_by(40) {
        let mut fields: Vec<String> = line.split(',').map(str::to_owned).collect();
        fields[2] = "-1".to_owned();
        *line = fields.join(",");
    }
    let bad = sandbox.write("new/table.csv", lines.join("\n") + "\n")?;
    let report = cli.ask(["check".as_ref(), bad.as_os_str()])?;
    ensure!(report.code == Some(1), "a sentinel among amounts passed");
    let document: Value = serde_json::from_slice(&report.output)?;
    ensure!(kinds(&document) == [("sentinel".to_owned(), vec!["income".to_owned()])], "{document}");
    ensure!(document["findings"][0]["example_rows"][0] == 1, "{document}");

    let copy = sandbox.write("again/table.csv", good.text())?;
    let again = cli.ask(["check".as_ref(), copy.as_os_str(), "--reference".as_ref(), reference.as_os_str()])?;
    let document: Value = serde_json::from_slice(&again.output)?;
    ensure!(kinds(&document).iter().any(|it| it.0 == "stale_copy"), "{document}");
    Ok(())
}

#[test]
fn keys_of_another_table_of_the_folder_must_exist() -> Outcome {
    let sandbox = Sandbox::new()?;
    let cli = sandbox.cli("ada")?;
    let mut customers = Csv::new(&["customer_id", "name"]);
    let mut orders = Csv::new(&["order_id", "customer_id", "amount"]);
    for id in 0..60 {
        customers.row(&[format!("C{:03}", 100 + id), format!("n{id}")]);
    }
    for id in 0..300 {
        let amount = orders.random() * 90.0;
        let customer = if id % 50 == 7 { format!("X{id:03}") } else { format!("C{:03}", 100 + id % 60) };
        orders.row(&[id.to_string(), customer, format!("{amount:.2}")]);
    }
    sandbox.write("shop/customers.csv", customers.text())?;
    let path = sandbox.write("shop/orders.csv", orders.text())?;
    let report = cli.ask(["check".as_ref(), path.as_os_str()])?;
    let document: Value = serde_json::from_slice(&report.output)?;
    ensure!(kinds(&document) == [("broken_foreign_key".to_owned(), vec!["customer_id".to_owned()])], "{document}");
    ensure!(document["findings"][0]["affected_rows"] == 6, "{document}");
    Ok(())
}

#[test]
fn a_check_speaks_to_ci_servers_and_code_hosts() -> Outcome {
    let sandbox = Sandbox::new()?;
    let cli = sandbox.cli("ada")?;
    let path = sandbox.write("bad.csv", "a,b\n1,2\n3\n4,5\n")?;
    for (format, mark) in [("junit", "<failure type=\"ragged_rows\""), ("sarif", "\"ruleId\": \"ragged_rows\"")] {
        let out =
            cli.command().args(["check".as_ref(), path.as_os_str(), "--format".as_ref(), format.as_ref()]).output()?;
        let text = String::from_utf8(out.stdout)?;
        ensure!(out.status.code() == Some(1) && text.contains(mark), "{format}: {text}");
    }
    fs::remove_file(&path)?;
    Ok(())
}

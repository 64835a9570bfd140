//! What people say about findings, the rules that they write, and how they say that a file is read.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use proofmark_tests::{Cli, Csv, Outcome, Sandbox};
use serde_json::Value;

/// A table in which agents typed -1 into every `every`-th income.
fn with_sentinel(rows: usize, every: usize) -> String {
    let mut lines: Vec<String> = Csv::customers(rows).text().lines().map(str::to_owned).collect();
    for line in lines.iter_mut().skip(1).step_by(every) {
        let mut fields: Vec<String> = line.split(',').map(str::to_owned).collect();
        fields[2] = "-1".to_owned();
        *line = fields.join(",");
    }
    lines.join("\n") + "\n"
}

/// A project with one table, looked at.
fn project(sandbox: &Sandbox, cli: &Cli, table: &str) -> Outcome<(PathBuf, PathBuf)> {
    let file = sandbox.write("shop/data/orders.csv", table)?;
    let folder = sandbox.root().join("shop");
    cli.ok(["project".as_ref(), "add".as_ref(), folder.as_os_str()])?;
    look(cli, &folder)?;
    Ok((folder, file))
}

fn look(cli: &Cli, folder: &Path) -> Outcome {
    cli.ok(["scan".as_ref(), folder.as_os_str(), "--screen".as_ref()]).map(drop)
}

fn only(page: &Value) -> Outcome<&Value> {
    let rows = page["findings"].as_array().context("there is no list")?;
    ensure!(rows.len() == 1, "one finding was expected: {page}");
    Ok(&rows[0])
}

#[test]
fn a_finding_is_expected_until_it_grows_and_resolved_once_it_is_gone() -> Outcome {
    let sandbox = Sandbox::new()?;
    let cli = sandbox.cli("ada")?;
    let (folder, file) = project(&sandbox, &cli, &with_sentinel(1_000, 50))?;

    let page = cli.ok(["findings", "list"])?;
    let row = only(&page)?;
    ensure!(row["state"] == "open" && row["finding"]["kind"] == "sentinel", "{row}");
    ensure!(page["counts"]["errors"] == 1 && page["counts"]["datasets"] == 1, "{page}");
    let id = row["id"].as_str().context("no identifier")?.to_owned();

    // The rows of the finding, as they stand in the file.
    let shown = cli.ok(["findings", "show", &id])?;
    let examples = &shown["examples"];
    ensure!(examples["problem"].is_null() && examples["columns"][0] == "income", "{examples}");
    ensure!(examples["rows"][0]["row"] == 1 && examples["rows"][1]["row"] == 51, "{examples}");
    let first = &examples["rows"][0]["values"][0];
    let hidden = examples["hidden"].as_array().is_some_and(|it| it.iter().any(|name| name == "income"));
    ensure!(if hidden { first.is_null() } else { first.as_str().is_some_and(|it| it.starts_with("-1")) }, "{examples}");

    // It does not count without a reason, and then it does not count.
    cli.ask(["findings", "expect", &id])?.error(2, "invalid_request")?;
    cli.ok(["findings", "expect", &id, "--reason", "Agents mark test orders."])?;
    let page = cli.ok(["findings", "list"])?;
    ensure!(page["total"] == 0 && page["counts"]["expected"] == 1, "{page}");
    let overview = cli.ok(["findings", "list", "--state", "all"])?;
    ensure!(only(&overview)?["said"]["reason"] == "Agents mark test orders.", "{overview}");

    // A new version with many more of them opens it again, and says why.
    fs::write(&file, with_sentinel(1_000, 8))?;
    look(&cli, &folder)?;
    let page = cli.ok(["findings", "list"])?;
    let row = only(&page)?;
    ensure!(row["state"] == "open" && row["id"] == id.as_str(), "{row}");
    ensure!(row["reopened"].as_str().is_some_and(|it| it.contains("2.0 %")), "{row}");

    // Muted for a time; acknowledged findings count.
    cli.ok(["findings", "mute", &id, "--reason", "Waits for the source.", "--days", "7"])?;
    let page = cli.ok(["findings", "list", "--state", "muted"])?;
    ensure!(only(&page)?["said"]["until"].is_string(), "{page}");
    cli.ok(["findings", "acknowledge", &id])?;
    ensure!(only(&cli.ok(["findings", "list"])?)?["state"] == "acknowledged", "it counts again");

    // Without the error it is resolved, and nothing counts.
    fs::write(&file, Csv::customers(1_000).text())?;
    look(&cli, &folder)?;
    let page = cli.ok(["findings", "list"])?;
    ensure!(page["total"] == 0 && page["counts"]["resolved"] == 1, "{page}");
    let gone = cli.ok(["findings", "list", "--state", "resolved", "--severity", "error"])?;
    ensure!(only(&gone)?["resolved_at"].is_string(), "{gone}");
    cli.ask(["findings", "show", "ffffffffff"])?.error_with_hint(2, "not_found")?;
    Ok(())
}

#[test]
fn a_finding_becomes_a_rule_in_the_file_that_people_wrote() -> Outcome {
    let sandbox = Sandbox::new()?;
    let cli = sandbox.cli("ada")?;
    let text = "# Ours, since 2024.\n[[dataset]]\npath = \"data/orders.csv\" # the main one\nowner = \"Ada\"\n\n[[gate]]\nname = \"fit\"\nrequired = true\nrule = \"data_quality\" # never weaken\n";
    let toml = sandbox.write("shop/proofmark.toml", text)?;
    let (folder, file) = project(&sandbox, &cli, &with_sentinel(1_000, 50))?;
    let id = only(&cli.ok(["findings", "list"])?)?["id"].as_str().context("no identifier")?.to_owned();

    let ruled = cli.ok(["findings", "rule", &id, "--write"])?;
    ensure!(ruled["rule"]["rule"] == "none_of" && ruled["rule"]["values"][0] == "-1", "{ruled}");
    let written = fs::read_to_string(&toml)?;
    for line in text.lines() {
        ensure!(written.contains(line), "{line} was lost: {written}");
    }
    ensure!(written.contains("rule = \"none_of\""), "{written}");

    // A range, tried before it is written.
    let tried = cli.ok([
        "rules".as_ref(),
        "add".as_ref(),
        file.as_os_str(),
        "--column".as_ref(),
        "income".as_ref(),
        "--min".as_ref(),
        "0".as_ref(),
        "--dry-run".as_ref(),
    ])?;
    ensure!(tried["tried"][0]["outcome"] == "20 of 1,000 rows would fail.", "{tried}");
    ensure!(fs::read_to_string(&toml)? == written, "a trial wrote something");
    cli.ok([
        "rules".as_ref(),
        "add".as_ref(),
        file.as_os_str(),
        "--for".as_ref(),
        "data/*.csv".as_ref(),
        "--column".as_ref(),
        "customer_id".as_ref(),
        "--matches".as_ref(),
        "^C-[0-9]{6}$".as_ref(),
    ])?;
    let list = cli.ok(["rules".as_ref(), "list".as_ref(), file.as_os_str()])?;
    ensure!(list["from"] == "file" && list["rules"].as_array().is_some_and(|it| it.len() == 2), "{list}");

    // Rules are held against the next version, also of another file that fits the pattern.
    let other = sandbox.write("shop/data/returns.csv", Csv::customers(200).text().replace("C-000007", "X-7"))?;
    look(&cli, &folder)?;
    let report = cli.ask(["check".as_ref(), other.as_os_str()])?;
    ensure!(report.code == Some(1), "a broken rule passed");
    let broken = cli.ok(["findings".as_ref(), "list".as_ref(), "--file".as_ref(), other.as_os_str()])?;
    ensure!(only(&broken)?["finding"]["example_rows"][0] == 8, "{broken}");

    // Taken away by its number.
    cli.ok(["rules".as_ref(), "remove".as_ref(), other.as_os_str(), "1".as_ref()])?;
    let list = cli.ok(["rules".as_ref(), "list".as_ref(), other.as_os_str()])?;
    ensure!(list["rules"] == serde_json::json!([]), "{list}");
    ensure!(cli.ask(["check".as_ref(), other.as_os_str()])?.code == Some(0), "the rule is gone and still counts");
    Ok(())
}

#[test]
fn a_damaged_file_is_told_with_line_and_column_and_the_last_good_rules_stay() -> Outcome {
    let sandbox = Sandbox::new()?;
    let cli = sandbox.cli("ada")?;
    let good = "[[dataset]]\npath = \"data/orders.csv\"\n\n[[dataset.check]]\nrule = \"in_range\"\ncolumn = \"income\"\nmax = 1000\n";
    let toml = sandbox.write("shop/proofmark.toml", good)?;
    let (_, file) = project(&sandbox, &cli, Csv::customers(300).text())?;
    ensure!(cli.ask(["check".as_ref(), file.as_os_str()])?.code == Some(1), "the rule is not in force");

    fs::write(&toml, good.replace("max = 1000", "max = = 1000"))?;
    let list = cli.ok(["rules".as_ref(), "list".as_ref(), file.as_os_str()])?;
    ensure!(list["from"] == "last_good" && list["problem"]["line"] == 7, "{list}");
    ensure!(list["problem"]["column"].as_u64().is_some_and(|it| it >= 5), "{list}");
    let checked = cli.ask(["check".as_ref(), file.as_os_str()])?.document(1)?;
    ensure!(checked["notes"][0].as_str().is_some_and(|it| it.contains("line 7")), "{checked}");
    // Nothing is written into a file that cannot be understood.
    let damaged = fs::read(&toml)?;
    let add = ["rules".as_ref(), "add".as_ref(), file.as_os_str(), "--min-rows".as_ref(), "5".as_ref()];
    cli.ask(add)?.error_with_hint(2, "unreadable")?;
    ensure!(fs::read(&toml)? == damaged, "a damaged file was written");
    // Somebody without the ledger is told, and nothing passes unseen.
    let stranger = sandbox.cli("bob")?;
    let error = stranger.ask(["check".as_ref(), file.as_os_str()])?.error_with_hint(2, "unreadable")?;
    ensure!(error["message"].as_str().is_some_and(|it| it.contains("line 7")), "{error}");
    Ok(())
}

#[test]
fn a_file_is_read_as_a_person_says() -> Outcome {
    let sandbox = Sandbox::new()?;
    let cli = sandbox.cli("ada")?;
    let mut text = b"name;amount;day\n".to_vec();
    for (name, amount, day) in
        [("J\u{fc}rgen", "1.234", "03/04/2024"), ("Zo\u{eb}", "k.A.", "05/06/2024"), ("Ann", "12,5", "07/08/2024")]
    {
        let line = format!("{name};{amount};{day}\n");
        text.extend(line.chars().map(|c| c as u32 as u8));
    }
    let file = sandbox.write("shop/data/german.csv", &text)?;
    let column = |profile: &Value, name: &str| -> Value {
        let columns = profile["columns"].as_array().cloned().unwrap_or_default();
        columns.into_iter().find(|it| it["name"] == name).unwrap_or_default()
    };
    let said = ["--encoding", "latin-1", "--decimal", ",", "--null", "k.A.", "--dates", "day_first"];
    let mut arguments: Vec<&std::ffi::OsStr> = vec!["profile".as_ref(), file.as_os_str()];
    arguments.extend(said.iter().map(AsRef::<std::ffi::OsStr>::as_ref));
    let profile = cli.ok(&arguments)?;
    let (amount, day) = (column(&profile, "amount"), column(&profile, "day"));
    ensure!(amount["max"] == 1234.0 && amount["min"] == 12.5 && amount["nulls"] == 1, "{amount}");
    ensure!(day["min"].as_str().is_some_and(|it| it.starts_with("2024-04-03")), "{day}");

    // The same, said once for all in the project's own file.
    sandbox.write(
        "shop/proofmark.toml",
        "[[dataset]]\npath = \"data/*.csv\"\n[dataset.read]\nencoding = \"windows-1252\"\ndecimal = \",\"\nnull = [\"k.A.\"]\ndates = \"day_first\"\n",
    )?;
    let again = cli.ok(["profile".as_ref(), file.as_os_str()])?;
    ensure!(column(&again, "amount") == amount && column(&again, "day") == day, "{again}");
    let wrong = cli.ask(["profile".as_ref(), file.as_os_str(), "--encoding".as_ref(), "klingon".as_ref()])?;
    wrong.error(2, "invalid_request")?;
    Ok(())
}

#[test]
fn offending_rows_are_set_aside_and_the_file_stays_as_it_is() -> Outcome {
    let sandbox = Sandbox::new()?;
    let cli = sandbox.cli("ada")?;
    let mut lines: Vec<String> = with_sentinel(1_000, 50).lines().map(str::to_owned).collect();
    lines[7] = "C-000006,44,1200.00".to_owned();
    let text = lines.join("\n") + "\n";
    let file = sandbox.write("in/orders.csv", &text)?;
    let to = sandbox.root().join("out");
    let arguments = ["quarantine".as_ref(), file.as_os_str(), "--to".as_ref(), to.as_os_str()];
    let done = cli.ok(arguments)?;
    ensure!(done["rows_aside"] == 21 && done["rows_kept"] == 979, "{done}");
    ensure!(fs::read_to_string(&file)? == text, "the file itself was changed");

    let aside = fs::read_to_string(done["aside"].as_str().context("no file")?)?;
    ensure!(aside.lines().count() == 22 && aside.starts_with("row,reasons,customer_id"), "{aside}");
    ensure!(aside.lines().any(|it| it.starts_with("7,") && it.contains("C-000006")), "{aside}");
    // What stays stays as it was written, and is sound.
    let kept = done["kept"].as_str().context("no file")?;
    let expected: Vec<&str> = text
        .lines()
        .enumerate()
        .filter(|(at, line)| *at == 0 || !line.contains(",-1,") && *at != 7)
        .map(|(_, line)| line)
        .collect();
    ensure!(fs::read_to_string(kept)?.lines().collect::<Vec<_>>() == expected, "what stays was rewritten");
    ensure!(cli.ask(["check", kept])?.code == Some(0), "what stays is not sound");

    // Nothing is overwritten, and a sound table has nothing to set aside.
    cli.ask(arguments)?.error_with_hint(2, "already_exists")?;
    let sound = sandbox.write("in/sound.csv", Csv::customers(300).text())?;
    let none = cli.ok(["quarantine".as_ref(), sound.as_os_str(), "--to".as_ref(), to.as_os_str()])?;
    ensure!(none["rows_aside"] == 0 && none["aside"].is_null(), "{none}");
    Ok(())
}

#[test]
fn two_tables_stand_side_by_side_and_a_profile_tells_forms_gaps_and_what_goes_together() -> Outcome {
    let sandbox = Sandbox::new()?;
    let cli = sandbox.cli("ada")?;
    let table = |skip: std::ops::Range<usize>| {
        let mut csv = Csv::new(&["code", "day", "size", "price"]);
        for at in (0..200).filter(|at| !skip.contains(at)) {
            let size = csv.random() * 50.0;
            let price = size * 3.0 + csv.random();
            let (month, day) = (at / 28 + 1, at % 28 + 1);
            csv.row(&[
                format!("AB-{at:03}"),
                format!("2026-{month:02}-{day:02}"),
                format!("{size:.3}"),
                format!("{price:.3}"),
            ]);
        }
        csv
    };
    let before = sandbox.write("before.csv", table(0..0).text())?;
    let after = sandbox.write("after.csv", table(40..46).text().replacen("price", "cost", 1))?;
    let profile = cli.ok(["profile".as_ref(), after.as_os_str()])?;
    let column = |name: &str| {
        profile["columns"].as_array().into_iter().flatten().find(|it| it["name"] == name).cloned().unwrap_or_default()
    };
    ensure!(column("code")["patterns"][0]["pattern"] == "AA-999", "{}", column("code"));
    let times = column("day")["times"].clone();
    ensure!(times["step"] == "daily" && times["unit"] == "day", "{times}");
    ensure!(times["gaps"].as_array().is_some_and(|it| it.iter().any(|gap| gap["missing"] == 6)), "{times}");
    let pair =
        profile["associations"].as_array().into_iter().flatten().find(|it| it["a"] == "size" && it["b"] == "cost");
    ensure!(pair.is_some_and(|it| it["value"].as_f64().is_some_and(|it| it > 0.99)), "{}", profile["associations"]);

    let pair = cli.ok(["profile".as_ref(), after.as_os_str(), "--beside".as_ref(), before.as_os_str()])?;
    let fates: Vec<(&str, &str)> = pair["columns"]
        .as_array()
        .context("no columns")?
        .iter()
        .map(|it| (it["name"].as_str().unwrap_or_default(), it["fate"].as_str().unwrap_or_default()))
        .collect();
    ensure!(fates.contains(&("cost", "added")) && fates.contains(&("price", "dropped")), "{pair}");
    ensure!(pair["rows_before"] == 200 && pair["rows_after"] == 194, "{pair}");
    Ok(())
}

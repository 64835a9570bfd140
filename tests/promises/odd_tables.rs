//! Tables as they come in the wild: wide, long, torn, nested, empty. Each is read within bounds, told of clearly, and no verdict on
//! a part is shown as one on the whole.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use proofmark_tests::{Cli, Outcome, Sandbox, repository};
use serde_json::Value;

/// As much as any of these tables may take, in bytes. The largest of them has 20 MB.
const BOUND: u64 = 1 << 30;

/// What a table is found to be. Every command answers with a document or with an error that names the file.
struct Seen {
    profile: Result<Value, String>,
    check: Result<Value, String>,
}

impl Seen {
    fn profile(&self) -> Outcome<&Value> {
        self.profile.as_ref().map_err(|why| anyhow::anyhow!("it has no profile: {why}"))
    }

    fn kinds(&self) -> Outcome<Vec<&str>> {
        let check = self.check.as_ref().map_err(|why| anyhow::anyhow!("it has no check: {why}"))?;
        Ok(check["findings"].as_array().into_iter().flatten().filter_map(|it| it["kind"].as_str()).collect())
    }

    /// The example rows of the first finding of a kind.
    fn rows_of(&self, kind: &str) -> Option<Value> {
        let findings = self.check.as_ref().ok()?["findings"].as_array()?;
        Some(findings.iter().find(|it| it["kind"] == kind)?["example_rows"].clone())
    }

    fn column(&self, name: &str) -> Outcome<&Value> {
        let columns = self.profile()?["columns"].as_array().context("no columns")?;
        columns.iter().find(|it| it["name"] == name).with_context(|| format!("no column {name}"))
    }

    /// The rows and columns, and that the check speaks of the same rows.
    fn shape(&self) -> Outcome<(u64, usize)> {
        let profile = self.profile()?;
        let rows = profile["rows"].as_u64().context("no rows")?;
        let check = self.check.as_ref().map_err(|why| anyhow::anyhow!("it has no check: {why}"))?;
        ensure!(check["rows"] == rows, "the check is about {} rows and the profile about {rows}", check["rows"]);
        Ok((rows, profile["columns"].as_array().map_or(0, Vec::len)))
    }
}

fn look(cli: &Cli, path: &Path) -> Outcome<Seen> {
    let ask = |command: &str| -> Outcome<Result<Value, String>> {
        let answer = cli.ask([command.as_ref(), path.as_os_str()])?;
        match answer.code {
            Some(code @ (0 | 1)) => Ok(Ok(answer.document(code)?)),
            _ => {
                let error = answer.error_with_hint(2, "unreadable")?;
                let message = error["message"].as_str().unwrap_or_default().to_owned();
                ensure!(message.contains(&*path.to_string_lossy()), "{command} does not name the file: {message}");
                Ok(Err(message))
            }
        }
    };
    drop(ask("sensitive")?);
    Ok(Seen { profile: ask("profile")?, check: ask("check")? })
}

fn fixture(name: &str) -> PathBuf {
    repository().join("tests/fixtures/odd").join(name)
}

/// The most memory that a command takes, by our own record of it.
#[cfg(unix)]
fn peak(sandbox: &Sandbox, cli: &Cli, command: &str, path: &Path) -> Outcome<u64> {
    let program = cli.command().get_program().to_owned();
    let folder = sandbox.folder("measured")?;
    let words = ["run".as_ref(), "--".as_ref(), program.as_os_str(), command.as_ref(), path.as_os_str()];
    let answer = cli.ask_in(&folder, words)?;
    let document = answer.document(0)?;
    document["run"]["process"]["peak_memory"].as_u64().with_context(|| format!("no peak memory in {document}"))
}

#[test]
fn ten_thousand_columns_are_all_looked_at() -> Outcome {
    let sandbox = Sandbox::new()?;
    let cli = sandbox.cli("ada")?;
    let columns = 10_000;
    let line = |of: &dyn Fn(usize) -> String| (0..columns).map(of).collect::<Vec<_>>().join(",") + "\n";
    let mut text = line(&|at| format!("c{at}"));
    for row in 0..12 {
        text.push_str(&line(&|at| format!("{}", (row * 31 + at * 7) % 101)));
    }
    let path = sandbox.write("wide.csv", text)?;
    let seen = look(&cli, &path)?;
    ensure!(seen.shape()? == (12, columns), "{:?}", seen.shape()?);
    ensure!(seen.column("c9999")?["nulls"] == 0, "{}", seen.column("c9999")?);
    #[cfg(unix)]
    for command in ["profile", "sensitive"] {
        let peak = peak(&sandbox, &cli, command, &path)?;
        ensure!(peak < BOUND, "{command} took {peak} bytes");
    }
    Ok(())
}

#[test]
fn a_line_of_twenty_megabytes_stays_within_bounds() -> Outcome {
    let sandbox = Sandbox::new()?;
    let cli = sandbox.cli("ada")?;
    let text = format!("id,note\n1,short\n2,{}\n3,short\n", "x".repeat(20_000_000));
    let path = sandbox.write("long.csv", text)?;
    let check = cli.ok(["check".as_ref(), path.as_os_str()])?;
    ensure!(check["rows"] == 3, "{check}");
    // Each is run once, and measured by our own record of it: unoptimised, this takes its time.
    #[cfg(unix)]
    for command in ["profile", "sensitive"] {
        let peak = peak(&sandbox, &cli, command, &path)?;
        ensure!(peak < BOUND, "{command} took {peak} bytes");
    }
    Ok(())
}

#[test]
fn torn_text_is_told_of_and_never_passes_as_whole() -> Outcome {
    let sandbox = Sandbox::new()?;
    let cli = sandbox.cli("ada")?;
    let row = |at: usize| format!("{at},name {at},{}.5\n", at * 3);
    let good: String = std::iter::once("id,name,amount\n".to_owned()).chain((1..=60).map(row)).collect();
    let nul = sandbox.write("nul.csv", good.replace("name 7,", "na\0me 7,"))?;
    let seen = look(&cli, &nul)?;
    ensure!(seen.shape()? == (60, 3), "{:?}", seen.shape()?);
    ensure!(seen.rows_of("invisible_characters") == Some(serde_json::json!([7])), "{:?}", seen.check);

    let ragged = sandbox.write(
        "ragged.csv",
        good.replace("9,name 9,27.5\n", "9,name 9,27.5,more\n").replace("11,name 11,33.5\n", "11\n"),
    )?;
    let seen = look(&cli, &ragged)?;
    ensure!(seen.kinds()?.contains(&"ragged_rows"), "{:?}", seen.kinds()?);
    ensure!(seen.rows_of("ragged_rows") == Some(serde_json::json!([9, 11])), "{:?}", seen.check);

    let endless = sandbox.write("endless.csv", good.replace("20,name 20,", "20,\"name 20,"))?;
    let seen = look(&cli, &endless)?;
    // The quote is read as a letter, so nothing behind it is swallowed; the row that has it is named.
    ensure!(seen.shape()? == (60, 3), "{:?}", seen.shape()?);
    ensure!(seen.rows_of("ragged_rows") == Some(serde_json::json!([20])), "{:?}", seen.check);
    ensure!(seen.check.as_ref().is_ok_and(|it| it["verdict"] == "fail"), "it passes: {:?}", seen.check);
    Ok(())
}

#[test]
fn utf_16_is_read_as_what_it_is() -> Outcome {
    let sandbox = Sandbox::new()?;
    let cli = sandbox.cli("ada")?;
    let text: String =
        std::iter::once("id,city\n".to_owned()).chain((0..50).map(|at| format!("{at},Größe {}\n", at % 5))).collect();
    for (name, little) in [("little.csv", true), ("big.csv", false)] {
        let units = std::iter::once(0xfeff_u16).chain(text.encode_utf16());
        let bytes: Vec<u8> = units.flat_map(|it| if little { it.to_le_bytes() } else { it.to_be_bytes() }).collect();
        let path = sandbox.write(name, bytes)?;
        let seen = look(&cli, &path)?;
        ensure!(seen.shape()? == (50, 2), "{name}: {:?}", seen.shape()?);
        let encoding = seen.profile()?["reading"]["encoding"].as_str().unwrap_or_default().to_lowercase();
        ensure!(encoding.contains("utf-16"), "{name} is read as {encoding:?}");
        ensure!(seen.column("city")?["top"].to_string().contains("Größe"), "{}", seen.column("city")?);
    }
    Ok(())
}

#[test]
fn a_parquet_file_with_a_corrupt_page_gets_no_verdict_on_its_other_pages() -> Outcome {
    let sandbox = Sandbox::new()?;
    let cli = sandbox.cli("ada")?;
    let whole = fs::read(repository().join("src-tauri/crates/engine/sample/project/data/processed/train.parquet"))?;
    let mut told = 0;
    for part in 1..8 {
        let mut bytes = whole.clone();
        // Pages lie between the magic number at the beginning and the footer at the end.
        let at = (bytes.len() - 12_000) * part / 8;
        bytes.iter_mut().skip(at).take(200).for_each(|byte| *byte = byte.wrapping_mul(31).wrapping_add(17));
        let path = sandbox.write(&format!("{part}/page.parquet"), bytes)?;
        let seen = look(&cli, &path)?;
        // Both or neither: a profile of a table that cannot be checked would be one of a part.
        match (&seen.profile, &seen.check) {
            (Ok(_), Ok(_)) => ensure!(seen.shape()?.0 == 2_118, "only {} rows were read", seen.shape()?.0),
            (Err(why), check) => {
                told += 1;
                ensure!(why.len() > 30, "nobody knows what is wrong: {why}");
                if let Ok(check) = check {
                    ensure!(check["verdict"] == "fail", "it passes although it cannot be read: {check}");
                }
            }
            (Ok(profile), Err(why)) => anyhow::bail!("it is profiled and cannot be checked ({why}): {profile}"),
        }
    }
    ensure!(told > 0, "no damage was noticed at all");
    Ok(())
}

#[test]
fn nested_values_exact_numbers_and_zones_keep_what_they_are() -> Outcome {
    let sandbox = Sandbox::new()?;
    let cli = sandbox.cli("ada")?;
    let seen = look(&cli, &fixture("nested.parquet"))?;
    ensure!(seen.shape()?.0 == 40, "{:?}", seen.shape()?);
    for name in ["tags", "place", "scores"] {
        let column = seen.column(name)?;
        ensure!(column["meaning"] == "nested", "{name} is taken for {}", column["meaning"]);
    }
    ensure!(seen.column("tags")?["nulls"] == 6, "{}", seen.column("tags")?);

    let lines: String = (0..40)
        .map(|at| {
            format!("{{\"id\":{at},\"tags\":[\"a\",{{\"b\":{at}}}],\"place\":{{\"city\":\"Kiel\",\"lat\":{at}.5}}}}\n")
        })
        .collect();
    let seen = look(&cli, &sandbox.write("nested.jsonl", lines)?)?;
    ensure!(seen.shape()?.0 == 40, "{:?}", seen.shape()?);

    let seen = look(&cli, &fixture("exact.parquet"))?;
    ensure!(seen.shape()? == (40, 3), "{:?}", seen.shape()?);
    for name in ["price", "wide", "unsigned"] {
        let column = seen.column(name)?;
        ensure!(column["nulls"] == 0, "{name}: numbers are taken for missing: {column}");
        ensure!(column["distinct"] == 40, "{name}: numbers that differ in their last digits become one: {column}");
    }
    ensure!(seen.kinds()?.is_empty(), "exact numbers are blamed: {:?}", seen.kinds()?);

    let seen = look(&cli, &fixture("zones.parquet"))?;
    for name in ["berlin", "kolkata", "naive"] {
        let column = seen.column(name)?;
        ensure!(column["meaning"] == "time" && column["nulls"] == 0, "{column}");
        ensure!(
            column["min"].as_str().is_some_and(|it| it.starts_with("2026-03-29T00:30")),
            "{name} begins {}",
            column["min"]
        );
    }
    Ok(())
}

#[test]
fn numbers_beyond_64_bits_decimals_and_offsets_in_text_are_not_bent() -> Outcome {
    let sandbox = Sandbox::new()?;
    let cli = sandbox.cli("ada")?;
    let mut text = String::from("huge,price,at\n");
    for row in 0..60_u64 {
        text.push_str(&format!(
            "{}{:02},{}.{:02},2026-03-{:02}T10:00:00+{:02}:30\n",
            "1234567890123456789012345678",
            row,
            row * 7,
            row,
            1 + row % 28,
            row % 3
        ));
    }
    let seen = look(&cli, &sandbox.write("numbers.csv", text)?)?;
    ensure!(seen.shape()? == (60, 3), "{:?}", seen.shape()?);
    let huge = seen.column("huge")?;
    ensure!(
        huge["nulls"] == 0 && huge["distinct"] == 60,
        "numbers that differ in their last digits become one: {huge}"
    );
    ensure!(
        seen.column("price")?["meaning"] == "number" && seen.column("price")?["nulls"] == 0,
        "{}",
        seen.column("price")?
    );
    let at = seen.column("at")?;
    ensure!(at["meaning"] == "time" && at["nulls"] == 0, "{at}");
    Ok(())
}

#[test]
fn tables_with_nothing_in_them_say_so() -> Outcome {
    let sandbox = Sandbox::new()?;
    let cli = sandbox.cli("ada")?;
    for path in [sandbox.write("no_rows.csv", "a,b,c\n")?, fixture("no_rows.parquet")] {
        let seen = look(&cli, &path)?;
        ensure!(seen.kinds()?.contains(&"empty_table"), "{}: {:?}", path.display(), seen.kinds()?);
        ensure!(seen.check.as_ref().is_ok_and(|it| it["verdict"] != "pass"), "{} passes", path.display());
    }
    for path in [
        sandbox.write("no_columns.csv", "\n\n\n")?,
        sandbox.write("blank.csv", "   \n \n")?,
        fixture("no_columns.parquet"),
        sandbox.write("none.jsonl", "{}\n{}\n")?,
    ] {
        let seen = look(&cli, &path)?;
        let passes = seen.check.as_ref().is_ok_and(|it| it["verdict"] == "pass");
        ensure!(!passes, "{} has no column and passes", path.display());
    }
    for path in [
        sandbox
            .write("all_null.csv", format!("id,a,b\n{}", (0..40).map(|at| format!("{at},,\n")).collect::<String>()))?,
        fixture("all_null.parquet"),
    ] {
        let seen = look(&cli, &path)?;
        ensure!(
            seen.kinds()?.iter().filter(|it| **it == "all_null").count() >= 1,
            "{}: {:?}",
            path.display(),
            seen.kinds()?
        );
        ensure!(seen.column("a")?["nulls"] == 40, "{}", seen.column("a")?);
    }
    let twice = sandbox.write(
        "twice.csv",
        format!("id,amount,amount\n{}", (0..40).map(|at| format!("{at},{at}.5,{}\n", at * 2)).collect::<String>()),
    )?;
    let seen = look(&cli, &twice)?;
    ensure!(seen.shape()?.1 == 3 && seen.kinds()?.contains(&"duplicate_column_name"), "{:?}", seen.kinds()?);
    Ok(())
}

#[test]
fn formulas_in_cells_are_text_wherever_they_are_shown() -> Outcome {
    let sandbox = Sandbox::new()?;
    let cli = sandbox.cli("ada")?;
    let formulas = [
        "=HYPERLINK(\"\"http://example.invalid\"\",\"\"pay\"\")",
        "=cmd|' /C calc'!A0",
        "@SUM(1+1)",
        "+1-2",
        "<img src=x onerror=alert(1)>",
    ];
    let mut text = String::from("id,comment\n");
    for at in 0..100 {
        text.push_str(&format!("{at},\"{}\"\n", formulas[at % formulas.len()]));
    }
    let path = sandbox.write("project/formulas.csv", text)?;
    let seen = look(&cli, &path)?;
    ensure!(seen.shape()? == (100, 2), "{:?}", seen.shape()?);
    ensure!(seen.column("comment")?["distinct"] == 5, "{}", seen.column("comment")?);
    let report = sandbox.root().join("report.html");
    cli.ok(["scan".as_ref(), sandbox.folder("project")?.as_os_str(), "--screen".as_ref()])?;
    cli.ok(["report".as_ref(), "data".as_ref(), path.as_os_str(), "--to".as_ref(), report.as_os_str()])?;
    let html = fs::read_to_string(&report)?;
    ensure!(!html.contains("<img src=x"), "a value of the table became a part of the page");
    ensure!(!html.contains("href=\"http://example.invalid"), "a formula became a link");
    Ok(())
}

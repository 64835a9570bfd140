//! What people and their files do: every trouble is told with what happened to which file, what was kept, and what to do next.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, ensure};
use proofmark_tests::{Cli, Csv, Desk, Outcome, OwnedChild, SAMPLE_MODEL, Sandbox, python, repository, until};
use serde_json::Value;

use crate::files::{paths, scan, settled};

fn names(error: &Value, file: &Path) -> Outcome {
    let message = error["message"].as_str().unwrap_or_default();
    ensure!(message.contains(&*file.to_string_lossy()), "the message does not name {}: {message}", file.display());
    Ok(())
}

/// Whether rights on files mean anything to this user. They do not to root.
fn rights_count(sandbox: &Sandbox) -> Outcome<bool> {
    let path = sandbox.write("rights", "x")?;
    let mut rights = fs::metadata(&path)?.permissions();
    rights.set_readonly(true);
    fs::set_permissions(&path, rights)?;
    let count = fs::File::options().write(true).open(&path).is_err();
    if !count {
        eprintln!("passed over: this user may write what is read-only, as root may");
    }
    Ok(count)
}

#[test]
fn folders_that_cannot_be_projects_are_refused_with_what_to_do() -> Outcome {
    let sandbox = Sandbox::new()?;
    let cli = sandbox.cli("ada")?;
    let project = sandbox.folder("work/project")?;
    let file = sandbox.write("work/project/data.csv", "a\n1\n")?;
    let inside = sandbox.folder("work/project/inside")?;
    cli.ok(["project".as_ref(), "add".as_ref(), project.as_os_str()])?;
    let other = sandbox.write("work/alone.csv", "a\n1\n")?;
    for (path, sort) in [
        (sandbox.root().join("nowhere"), "not_found"),
        (other, "invalid_request"),
        (file, "invalid_request"),
        (inside, "invalid_request"),
        (sandbox.root().join("work"), "invalid_request"),
        (sandbox.root().to_path_buf(), "invalid_request"),
        (project, "already_exists"),
    ] {
        let error = cli.ask(["project".as_ref(), "add".as_ref(), path.as_os_str()])?.error_with_hint(2, sort)?;
        names(&error, &path)?;
    }
    if cfg!(unix) {
        cli.ask(["project", "add", "/"])?.error_with_hint(2, "invalid_request")?;
        cli.ask(["scan", "/"])?.error_with_hint(2, "invalid_request")?;
    }
    ensure!(
        cli.ok(["project", "list"])?["projects"].as_array().is_some_and(|it| it.len() == 1),
        "a refused folder was added"
    );
    Ok(())
}

#[cfg(unix)]
#[test]
fn a_folder_that_may_not_be_read_is_told_and_its_history_stays() -> Outcome {
    use std::os::unix::fs::PermissionsExt;
    let sandbox = Sandbox::new()?;
    if !rights_count(&sandbox)? {
        return Ok(());
    }
    let cli = sandbox.cli("ada")?;
    sandbox.write("project/closed/a.csv", "a\n1\n")?;
    sandbox.write("project/open.csv", "a\n1\n")?;
    let folder = sandbox.folder("project")?;
    scan(&cli, &folder)?;
    let closed = folder.join("closed");
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o000))?;
    let after = scan(&cli, &folder);
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o755))?;
    let after = after?;
    ensure!(after["changes"]["deleted"] == 0, "what cannot be seen was taken for deleted");
    ensure!(after["skipped"].as_array().into_iter().flatten().any(|it| it["path"] == "closed"), "{}", after["skipped"]);
    Ok(())
}

#[cfg(unix)]
#[test]
fn links_pipes_and_sockets_neither_loop_nor_hang() -> Outcome {
    use std::os::unix::fs::symlink;
    let sandbox = Sandbox::new()?;
    let cli = sandbox.cli("ada")?;
    let outside = sandbox.write("outside/secret.csv", "a\n1\n")?;
    sandbox.write("project/data/real.csv", "a\n1\n")?;
    let folder = sandbox.folder("project")?;
    symlink(&folder, folder.join("data/loop"))?;
    symlink(folder.join("data/self"), folder.join("data/self"))?;
    symlink(&outside, folder.join("leaves.csv"))?;
    symlink(sandbox.root(), folder.join("leaves"))?;
    symlink("nothing.csv", folder.join("broken.csv"))?;
    symlink("data/real.csv", folder.join("alias.csv"))?;
    symlink("data", folder.join("linked"))?;
    ensure!(Command::new("mkfifo").arg(folder.join("pipe.csv")).status()?.success(), "mkfifo failed");
    let _socket = std::os::unix::net::UnixListener::bind(folder.join("socket.csv"))?;
    let seen = scan(&cli, &folder)?;
    ensure!(paths(&seen).contains(&"data/real.csv"), "{:?}", paths(&seen));
    for path in ["leaves.csv", "broken.csv", "pipe.csv", "socket.csv", "data/self"] {
        let skipped = seen["skipped"].as_array().into_iter().flatten().find(|it| it["path"] == path);
        let skipped = skipped.with_context(|| format!("{path} is not among what was left out: {}", seen["skipped"]))?;
        ensure!(skipped["reason"].as_str().is_some_and(|it| it.len() > 10), "{skipped}");
        ensure!(!paths(&seen).contains(&path), "{path} was recorded all the same");
    }
    ensure!(
        paths(&seen).iter().all(|it| !it.contains("secret") && !it.starts_with("data/loop/")),
        "{:?}",
        paths(&seen)
    );
    // Named directly, they are refused at once.
    for path in ["pipe.csv", "socket.csv"] {
        let path = folder.join(path);
        for command in ["profile", "check", "sensitive", "inspect"] {
            let error = cli
                .ask([command.as_ref(), path.as_os_str()])?
                .error(2, "unreadable")
                .with_context(|| command.to_owned())?;
            names(&error, &path)?;
        }
    }
    Ok(())
}

#[cfg(unix)]
#[test]
fn files_may_have_any_name() -> Outcome {
    use std::os::unix::ffi::OsStrExt;
    let sandbox = Sandbox::new()?;
    let cli = sandbox.cli("ada")?;
    let folder = sandbox.folder("project")?;
    let table = "a,b\n1,2\n";
    let plain = [
        "--json.csv",
        "it's \"quoted\".csv",
        "<img src=x onerror=alert(1)>.csv",
        "{{ 7*7 }} ${HOME} $(touch x) `id`.csv",
        "\u{202e}vsc.exe",
        "naïve ~ Größe 数据 📈.csv",
        " leading and trailing .csv ",
        "%2e%2e%2fup.csv",
        ".hidden.csv",
    ];
    for name in plain {
        fs::write(folder.join(name), table)?;
    }
    let long = format!("{}.csv", "x".repeat(251));
    fs::write(folder.join(&long), table)?;
    let odd: [&[u8]; 4] = [b"new\nline.csv", b"bell\x07.csv", b"latin-\xe4.csv", b"back\\slash.csv"];
    for name in odd {
        fs::write(folder.join(std::ffi::OsStr::from_bytes(name)), table)?;
    }
    let seen = scan(&cli, &folder)?;
    let found = paths(&seen);
    ensure!(
        found.len() == plain.len() + 1 + odd.len(),
        "{} files were recorded: {found:?}; left out: {}",
        found.len(),
        seen["skipped"]
    );
    let different: std::collections::BTreeSet<&&str> = found.iter().collect();
    ensure!(different.len() == found.len(), "two files have one name: {found:?}");
    for name in plain.iter().filter(|it| !it.contains('%')) {
        ensure!(found.contains(name), "{name:?} is not called so: {found:?}");
    }
    let again = settled(&cli, &folder)?;
    ensure!(paths(&again) == found, "the second look saw other names: {:?}", paths(&again));
    for name in odd {
        let path = folder.join(std::ffi::OsStr::from_bytes(name));
        let profile = cli.ok(["profile".as_ref(), path.as_os_str()])?;
        ensure!(profile["rows"] == 1, "{profile}");
    }
    // What is printed for people must not drive their terminal.
    let mut text = cli.command();
    text.arg("profile").arg(folder.join(std::ffi::OsStr::from_bytes(b"bell\x07.csv")));
    ensure!(!text.output()?.stdout.contains(&7), "a name rang the bell");
    Ok(())
}

#[test]
fn a_file_that_grows_while_it_is_read_is_recorded_in_the_end() -> Outcome {
    let sandbox = Sandbox::new()?;
    let cli = sandbox.cli("ada")?;
    let path = sandbox.write("project/log.csv", Csv::customers(60_000).text())?;
    sandbox.write("project/still.csv", "a\n1\n")?;
    let folder = sandbox.folder("project")?;
    let stop = AtomicBool::new(false);
    let during = std::thread::scope(|scope| {
        scope.spawn(|| -> Outcome {
            use std::io::Write;
            let mut file = fs::File::options().append(true).open(&path)?;
            while !stop.load(Ordering::Relaxed) {
                file.write_all(b"C-9,30,1000.00,Kiel\n")?;
                file.sync_data()?;
            }
            Ok(())
        });
        let during = scan(&cli, &folder);
        stop.store(true, Ordering::Relaxed);
        during
    })?;
    ensure!(paths(&during).contains(&"still.csv"), "another file suffered: {:?}", paths(&during));
    let told = paths(&during).contains(&"log.csv")
        || during["skipped"].as_array().into_iter().flatten().any(|it| it["path"] == "log.csv");
    ensure!(told, "the growing file is neither recorded nor left out with a reason");
    let after = scan(&cli, &folder)?;
    let facts = after["artifacts"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|it| it["path"] == "log.csv")
        .context("it was never recorded")?;
    ensure!(facts["size"] == fs::metadata(&path)?.len(), "{facts}");
    Ok(())
}

/// What `check` says about a file: its findings, or that it cannot be read.
fn judged(cli: &Cli, path: &Path) -> Outcome<Vec<String>> {
    let answer = cli.ask(["check".as_ref(), path.as_os_str()])?;
    match answer.code {
        Some(code @ (0 | 1)) => {
            let report = answer.document(code)?;
            Ok(report["findings"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|it| it["kind"].as_str().map(str::to_owned))
                .collect())
        }
        _ => {
            names(&answer.error_with_hint(2, "unreadable")?, path)?;
            Ok(vec!["unreadable".into()])
        }
    }
}

#[test]
fn files_that_are_no_tables_are_told_from_those_that_are() -> Outcome {
    let sandbox = Sandbox::new()?;
    let cli = sandbox.cli("ada")?;
    let whole = fs::read(repository().join("src-tauri/crates/engine/sample/project/data/processed/train.parquet"))?;
    let table = Csv::customers(300).text().as_bytes().to_vec();
    let cases: [(&str, Vec<u8>, &[&str]); 9] = [
        ("empty.csv", vec![], &["empty_file"]),
        ("header-only.csv", b"a,b,c\n".to_vec(), &["empty_table"]),
        ("truncated.parquet", whole[..whole.len() / 2].to_vec(), &["truncated_file", "unreadable"]),
        ("zeroes.parquet", vec![0; 4_096], &["truncated_file", "unreadable"]),
        ("called.parquet", table.clone(), &["unreadable", ""]),
        ("called.csv", whole.clone(), &["unreadable", ""]),
        (
            "picture.csv",
            b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x01\0\0\0\x01\0\x08\x06\0\0\0".repeat(40),
            &["unreadable", ""],
        ),
        ("archive.csv.gz", b"\x1f\x8b\x08\0\0\0\0\0\0\x03broken".to_vec(), &["truncated_file", "unreadable"]),
        ("cut.csv", table[..table.len() - 9].to_vec(), &["truncated_file", "ragged_rows", ""]),
    ];
    for (name, bytes, expected) in cases {
        let path = sandbox.write(name, bytes)?;
        let found = judged(&cli, &path).with_context(|| name.to_owned())?;
        ensure!(
            expected.contains(&"") || found.iter().any(|it| expected.contains(&it.as_str())),
            "{name} is judged {found:?}, and not one of {expected:?}"
        );
    }
    // A wrong ending does not hide what a file is.
    let by_bytes = cli.ok(["profile".as_ref(), sandbox.root().join("called.csv").as_os_str()])?;
    ensure!(by_bytes["rows"] == 2_118, "a Parquet file called .csv has {} rows", by_bytes["rows"]);
    for path in [sandbox.folder("folder.csv")?, sandbox.root().join("nowhere.csv")] {
        let answer = cli.ask(["profile".as_ref(), path.as_os_str()])?;
        let sort = if path.exists() { "unreadable" } else { "not_found" };
        names(&answer.error_with_hint(2, sort)?, &path)?;
    }
    Ok(())
}

#[test]
fn no_damage_to_a_file_is_our_fault() -> Outcome {
    let sandbox = Sandbox::new()?;
    let cli = sandbox.cli("ada")?;
    let sample = repository().join("src-tauri/crates/engine/sample/project");
    let mut random = Csv::new(&["position"]);
    for name in
        ["data/raw/repayments.csv", "data/processed/holdout.parquet", "logs/predictions_2026-10.jsonl", SAMPLE_MODEL]
    {
        let whole = fs::read(sample.join(name))?;
        let file = name.rsplit('/').next().unwrap_or(name);
        for round in 0..6 {
            let mut bytes = whole.clone();
            let at = (random.random() * bytes.len() as f64) as usize % bytes.len();
            match round % 3 {
                0 => bytes.truncate(at),
                1 => bytes.iter_mut().skip(at).take(64).for_each(|byte| *byte = !*byte),
                _ => drop(bytes.splice(at..at, std::iter::repeat_n(0xff, 300))),
            }
            let path = sandbox.write(&format!("{round}/{file}"), bytes)?;
            for command in ["profile", "check", "sensitive", "inspect"] {
                let answer = cli.ask([command.as_ref(), path.as_os_str()])?;
                let code = answer.code.with_context(|| format!("a signal ended {}", answer.asked))?;
                match code {
                    0 | 1 => drop(answer.document(code)?),
                    _ => names(&answer.error(2, "unreadable")?, &path)?,
                }
            }
        }
    }
    Ok(())
}

/// A ledger with something in it, and its bytes.
fn ledger(cli: &Cli, sandbox: &Sandbox) -> Outcome<(std::path::PathBuf, Vec<u8>)> {
    sandbox.write("project/data.csv", Csv::customers(20).text())?;
    scan(cli, &sandbox.folder("project")?)?;
    let path = cli.home().join("ledger.sqlite");
    let bytes = fs::read(&path)?;
    ensure!(bytes.starts_with(b"SQLite format 3\0"), "{} is no database", path.display());
    Ok((path, bytes))
}

#[test]
fn a_ledger_of_a_newer_version_is_left_alone() -> Outcome {
    let sandbox = Sandbox::new()?;
    let cli = sandbox.cli("ada")?;
    let (path, mut bytes) = ledger(&cli, &sandbox)?;
    // The user version: four bytes, the first one first, at offset 60 of the header.
    bytes[60..64].copy_from_slice(&9_999_u32.to_be_bytes());
    fs::write(&path, &bytes)?;
    let error = cli.ask(["project", "list"])?.error_with_hint(2, "ledger_newer")?;
    names(&error, &path)?;
    ensure!(fs::read(&path)? == bytes, "a ledger of a newer version was changed");
    Ok(())
}

#[test]
fn a_damaged_ledger_is_told_and_kept() -> Outcome {
    let sandbox = Sandbox::new()?;
    let cli = sandbox.cli("ada")?;
    let (path, bytes) = ledger(&cli, &sandbox)?;
    let mut broken = bytes.clone();
    broken.iter_mut().skip(100).take(16_000).for_each(|byte| *byte ^= 0x5a);
    for (what, content) in [
        ("pages", broken),
        ("the header", b"this is no database at all".repeat(200)),
        ("the end", bytes[..bytes.len() / 2].to_vec()),
    ] {
        fs::write(&path, &content)?;
        for rest in ["ledger.sqlite-wal", "ledger.sqlite-shm"] {
            if cli.home().join(rest).exists() {
                fs::remove_file(cli.home().join(rest))?;
            }
        }
        let error = cli
            .ask(["project", "list"])?
            .error_with_hint(2, "ledger_damaged")
            .with_context(|| format!("damage to {what}"))?;
        names(&error, &path)?;
        ensure!(fs::read(&path)? == content, "damage to {what}: the file was changed");
    }
    fs::write(&path, bytes)?;
    ensure!(
        cli.ok(["project", "list"])?["projects"].as_array().is_some_and(|it| it.len() == 1),
        "the backup does not work"
    );
    Ok(())
}

#[test]
fn a_ledger_that_somebody_holds_is_busy_and_nothing_is_lost() -> Outcome {
    let Some(python) = python() else {
        eprintln!("passed over: there is no python3 on this machine to hold the ledger with");
        return Ok(());
    };
    let sandbox = Sandbox::new()?;
    let cli = sandbox.cli("ada")?;
    let (path, _) = ledger(&cli, &sandbox)?;
    let held = sandbox.root().join("held");
    let script = "import sqlite3, sys, time\nledger = sqlite3.connect(sys.argv[1], isolation_level=None)\nledger.execute('BEGIN IMMEDIATE')\nopen(sys.argv[2], 'w').close()\ntime.sleep(120)\n";
    let mut holder = OwnedChild::start(Command::new(python).args(["-c", script]).arg(&path).arg(&held), true)?;
    until("the lock", || Ok(held.exists().then_some(())))?;
    sandbox.write("project/more.csv", Csv::customers(21).text())?;
    let folder = sandbox.folder("project")?;
    let error = cli.ask(["scan".as_ref(), folder.as_os_str()])?.error_with_hint(3, "busy")?;
    names(&error, &path)?;
    holder.kill();
    ensure!(paths(&scan(&cli, &folder)?).len() == 2, "the next look did not work");
    Ok(())
}

#[test]
fn a_home_that_is_a_file_is_told() -> Outcome {
    let sandbox = Sandbox::new()?;
    let cli = sandbox.cli("ada")?;
    let file = sandbox.write("not-a-folder", "x")?;
    let answer = cli.ask(["--home".as_ref(), file.as_os_str(), "project".as_ref(), "list".as_ref()])?;
    let error = answer
        .error(2, "already_exists")
        .or_else(|_| answer.error(2, "unreadable"))
        .or_else(|_| answer.error(2, "storage"))?;
    names(&error, &file)?;
    ensure!(fs::read(&file)? == b"x", "the file was changed");
    Ok(())
}

#[test]
fn a_registry_that_is_gone_or_foreign_is_told() -> Outcome {
    let sandbox = Sandbox::new()?;
    let ada = Desk::new(&sandbox, "ada", "Ada")?;
    let registry = sandbox.root().join("registry");
    let empty = sandbox.folder("empty")?;
    for command in ["attach", "verify"] {
        let error =
            ada.cli.ask(["registry".as_ref(), command.as_ref(), empty.as_os_str()])?.error_with_hint(2, "not_found")?;
        names(&error, &empty)?;
    }
    ada.begin_registry(&registry)?;
    ada.cli.ask(["registry".as_ref(), "init".as_ref(), registry.as_os_str()])?.error_with_hint(2, "already_exists")?;
    let full = sandbox.folder("full")?;
    sandbox.write("full/letter.txt", "mine")?;
    let refused = ada.cli.ask(["registry".as_ref(), "init".as_ref(), full.as_os_str()])?;
    ensure!(refused.code == Some(2), "a registry was begun among other files: {}", refused.told());
    ensure!(fs::read_dir(&full)?.count() == 1, "something was left in a folder that is not empty");

    let away = sandbox.root().join("away");
    fs::rename(&registry, &away)?;
    let error = ada.cli.ask(["registry", "verify"])?.error_with_hint(2, "registry_unavailable")?;
    names(&error, &registry)?;
    let shown = ada.cli.ok(["registry", "show"])?;
    ensure!(
        shown["problem"].as_str().is_some_and(|it| it.contains(&*registry.to_string_lossy())),
        "{}",
        shown["problem"]
    );
    fs::rename(&away, &registry)?;
    ensure!(ada.verify(&registry)?.0 == Some(0), "it does not verify after it came back");
    Ok(())
}

#[cfg(unix)]
#[test]
fn a_registry_that_may_only_be_read_can_still_be_verified() -> Outcome {
    use std::os::unix::fs::PermissionsExt;
    let sandbox = Sandbox::new()?;
    if !rights_count(&sandbox)? {
        return Ok(());
    }
    let (ada, bob) = (Desk::new(&sandbox, "ada", "Ada")?, Desk::new(&sandbox, "bob", "Bob")?);
    let registry = sandbox.root().join("registry");
    ada.begin_registry(&registry)?;
    let set = |mode: u32| Command::new("chmod").arg("-R").arg(format!("{mode:o}")).arg(&registry).status();
    set(0o555)?;
    let verified = ada.verify(&registry);
    let card = bob.card()?;
    let refused =
        ada.cli.ask(["registry".as_ref(), "admit".as_ref(), card.as_os_str(), "--role".as_ref(), "approver".as_ref()]);
    fs::set_permissions(&registry, fs::Permissions::from_mode(0o755))?;
    set(0o755)?;
    ensure!(verified?.0 == Some(0), "it does not verify");
    refused?.error_with_hint(2, "registry_unavailable")?;
    Ok(())
}

#[test]
fn a_passphrase_that_does_not_open_the_key_is_told_and_never_repeated() -> Outcome {
    let sandbox = Sandbox::new()?;
    let ada = Desk::new(&sandbox, "ada", "Ada")?;
    let registry = sandbox.root().join("registry");
    let wrong = ada.cli.with_passphrase("a guess that is wrong");
    let answer = wrong.ask(["registry".as_ref(), "init".as_ref(), registry.as_os_str()])?;
    answer.error_with_hint(2, "wrong_passphrase")?;
    ensure!(!answer.told().contains("a guess"), "the passphrase was repeated");
    ensure!(!registry.exists() || fs::read_dir(&registry)?.count() == 0, "something of a registry was begun");
    let weak = sandbox.cli("bob")?.with_passphrase("short");
    weak.ask(["key", "create", "--name", "Bob"])?.error(2, "invalid_request")?;
    // Neither the passphrase nor the key lies anywhere in the clear.
    let mut open = vec![ada.cli.home().to_path_buf()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                open.push(path);
                continue;
            }
            let bytes = fs::read(&path)?;
            let holds = |needle: &[u8]| bytes.windows(needle.len()).any(|it| it == needle);
            ensure!(
                !holds(proofmark_tests::PASSPHRASE.as_bytes()) && !holds(b"PRIVATE KEY"),
                "{} holds a secret",
                path.display()
            );
        }
    }
    Ok(())
}

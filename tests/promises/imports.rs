//! The house as it was designed: who may import whom, and where things lie.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};
use proofmark_tests::{Outcome, repository};
use serde_json::Value;
use toml::Table;

/// What one crate may import of ours, and what it must never import of others.
struct Rule {
    name: &'static str,
    ours: &'static [&'static str],
    never: &'static [&'static str],
}

/// The import table.
const TABLE: &[Rule] = &[
    Rule { name: "domain", ours: &[], never: &["tokio", "polars", "rusqlite", "tauri", "libc", "notify", "tempfile"] },
    Rule { name: "contract", ours: &["domain"], never: &["tauri", "tokio", "polars", "rusqlite"] },
    Rule { name: "ledger", ours: &["domain"], never: &["polars", "tokio"] },
    // SQLite is a format that others write, too; these two open such files for reading only.
    Rule { name: "intake", ours: &["domain"], never: &["polars", "tauri"] },
    Rule { name: "analysis", ours: &["domain"], never: &["tokio", "tauri"] },
    Rule { name: "report", ours: &["domain"], never: &["polars", "rusqlite"] },
    Rule { name: "registry", ours: &["domain"], never: &["polars", "rusqlite"] },
    Rule { name: "bucket", ours: &["domain", "registry"], never: &["polars", "rusqlite", "tauri"] },
    Rule { name: "scoring", ours: &["domain"], never: &["polars", "rusqlite", "tauri", "tokio"] },
    Rule {
        name: "engine",
        ours: &["domain", "contract", "ledger", "intake", "analysis", "report", "registry", "bucket", "scoring"],
        never: &["tauri", "clap", "rusqlite"],
    },
    Rule { name: "cli", ours: &["contract", "engine"], never: &["tauri", "rusqlite", "polars"] },
    Rule { name: "desktop", ours: &["contract", "engine"], never: &["clap", "rusqlite", "polars"] },
    Rule { name: "preload", ours: &[], never: &["tokio", "polars", "rusqlite", "tauri"] },
    Rule { name: "xtask", ours: &[], never: &["tokio", "polars", "rusqlite", "tauri"] },
    Rule { name: "tests", ours: &[], never: &["polars", "rusqlite", "tauri"] },
];

/// Heavy or dangerous things that live in one crate each.
const AT_HOME: &[(&str, &str)] = &[
    ("polars", "analysis"),
    ("linfa", "analysis"),
    ("plotters", "report"),
    ("p256", "registry"),
    ("gix", "intake"),
    ("clap", "cli"),
    ("tauri", "desktop"),
    ("notify", "engine"),
    ("object_store", "bucket"),
    ("tract", "scoring"),
    ("typst", "report"),
    ("keyring", "engine"),
];

/// Nothing leaves the machine, so nothing of ours can speak to a network.
const NETWORK: &[&str] =
    &["reqwest", "hyper", "ureq", "curl", "isahc", "attohttpc", "native-tls", "rustls", "tungstenite"];

/// A crate of the workspace.
struct Member {
    name: String,
    folder: PathBuf,
    manifest: Table,
}

fn members() -> Outcome<Vec<Member>> {
    let root = repository();
    let workspace: Table = fs::read_to_string(root.join("Cargo.toml"))?.parse().context("Cargo.toml")?;
    let listed = workspace["workspace"]["members"].as_array().context("the workspace has no members")?;
    listed
        .iter()
        .map(|it| {
            let folder = root.join(it.as_str().context("a member is no text")?);
            let manifest: Table = fs::read_to_string(folder.join("Cargo.toml"))?.parse()?;
            let package = manifest["package"]["name"].as_str().context("a package has no name")?;
            Ok(Member { name: package.trim_start_matches("proofmark-").to_owned(), folder, manifest })
        })
        .collect()
}

/// Every crate that a manifest names, for building, running or testing, on whatever platform.
fn dependencies(manifest: &Table) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut collect = |table: &Table| {
        for section in ["dependencies", "build-dependencies", "dev-dependencies"] {
            let Some(section) = table.get(section).and_then(|it| it.as_table()) else { continue };
            for (name, wish) in section {
                // A renamed dependency is what it is, not what it is called.
                let real = wish.get("package").and_then(|it| it.as_str()).unwrap_or(name);
                found.insert(real.to_owned());
            }
        }
    };
    collect(manifest);
    for target in manifest.get("target").and_then(|it| it.as_table()).into_iter().flat_map(|it| it.values()) {
        if let Some(table) = target.as_table() {
            collect(table);
        }
    }
    found
}

/// Whether a dependency is `what` or one of its family: `polars-core` is `polars`, `notify-debouncer-full` is `notify`.
fn is_of(dependency: &str, what: &str) -> bool {
    dependency == what || dependency.strip_prefix(what).is_some_and(|rest| rest.starts_with('-'))
}

#[test]
fn every_crate_imports_only_what_the_table_allows() -> Outcome {
    let members = members()?;
    let names: BTreeSet<&str> = members.iter().map(|it| it.name.as_str()).collect();
    let ruled: BTreeSet<&str> = TABLE.iter().map(|it| it.name).collect();
    ensure!(
        names == ruled,
        "the table and the workspace name different crates: {:?}",
        names.symmetric_difference(&ruled)
    );
    let mut broken = Vec::new();
    for member in &members {
        let rule = TABLE.iter().find(|it| it.name == member.name).context("no rule")?;
        for dependency in dependencies(&member.manifest) {
            if let Some(ours) = dependency.strip_prefix("proofmark-") {
                if !rule.ours.contains(&ours) {
                    broken.push(format!("{} imports our {ours}", member.name));
                }
                continue;
            }
            if rule.never.iter().any(|never| is_of(&dependency, never)) {
                broken.push(format!("{} imports {dependency}", member.name));
            }
            for (what, home) in AT_HOME {
                if is_of(&dependency, what) && member.name != *home {
                    broken.push(format!("{} imports {dependency}, which lives in {home}", member.name));
                }
            }
            if member.name != "tests" && NETWORK.iter().any(|it| is_of(&dependency, it)) {
                broken.push(format!("{} imports {dependency}, which speaks to a network", member.name));
            }
        }
    }
    ensure!(broken.is_empty(), "{}", broken.join("\n"));
    Ok(())
}

#[test]
fn the_domain_knows_words_only() -> Outcome {
    let allowed = ["serde", "serde_json", "uuid", "thiserror", "jiff", "ts-rs"];
    let members = members()?;
    let domain = members.iter().find(|it| it.name == "domain").context("no domain")?;
    let others: Vec<String> =
        dependencies(&domain.manifest).into_iter().filter(|it| !allowed.contains(&it.as_str())).collect();
    ensure!(others.is_empty(), "the domain imports {others:?}");
    let tasks = members.iter().find(|it| it.name == "xtask").context("no xtask")?;
    ensure!(dependencies(&tasks.manifest).is_empty(), "xtask must build with nothing but the compiler");
    Ok(())
}

/// Source of a crate without comments, by file.
fn source(folder: &Path) -> Outcome<BTreeMap<PathBuf, String>> {
    let mut files = BTreeMap::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
            let path = entry?.path();
            if path.is_dir() {
                // A crate may contain others: `src-tauri/crates`.
                if !path.join("Cargo.toml").is_file()
                    && path.file_name().is_none_or(|it| it != "target" && it != "crates")
                {
                    open.push(path);
                }
            } else if path.extension().is_some_and(|it| it == "rs") {
                let text = fs::read_to_string(&path)?;
                let code: Vec<&str> =
                    text.lines().map(|line| line.split_once("//").map_or(line, |(code, _)| code)).collect();
                files.insert(path, code.join("\n"));
            }
        }
    }
    Ok(files)
}

/// Whether source names a path that begins with this crate: as `polars::`, or as `use polars`, but not within a longer word.
fn names_crate(code: &str, what: &str) -> bool {
    let what = what.replace('-', "_");
    code.match_indices(&what).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        let begins = before.is_none_or(|it| !it.is_alphanumeric() && it != '_' && it != ':' && it != '.' && it != '"');
        let rest = &code[at + what.len()..];
        begins && (rest.starts_with("::") || (code[..at].ends_with("use ") && rest.starts_with([';', ' ', ':'])))
    })
}

#[test]
fn no_source_reaches_for_what_lives_elsewhere() -> Outcome {
    let mut broken = Vec::new();
    for member in members()?.iter().filter(|it| it.name != "tests") {
        let rule = TABLE.iter().find(|it| it.name == member.name).context("no rule")?;
        for (path, code) in source(&member.folder)? {
            let elsewhere = AT_HOME.iter().filter(|(_, home)| *home != member.name).map(|(what, _)| *what);
            for what in rule.never.iter().copied().chain(elsewhere) {
                if names_crate(&code, what) {
                    broken.push(format!("{} names {what}", path.display()));
                }
            }
            for ours in TABLE.iter().map(|it| it.name).filter(|it| !rule.ours.contains(it) && *it != member.name) {
                if names_crate(&code, &format!("proofmark-{ours}")) {
                    broken.push(format!("{} names our {ours}", path.display()));
                }
            }
        }
    }
    ensure!(broken.is_empty(), "{}", broken.join("\n"));
    Ok(())
}

#[test]
fn only_the_right_crates_touch_clock_files_processes_and_network() -> Outcome {
    // (what, the crates that may)
    let rules: &[(&[&str], &[&str])] = &[
        (&["TcpStream", "UdpSocket", "TcpListener", "ToSocketAddrs", "UnixStream"], &["tests"]),
        (&["process::Command", "Command::new("], &["engine", "cli", "xtask", "tests"]),
    ];
    let pure: &[&str] = &[
        "std::fs",
        "std::env",
        "std::process",
        "std::io",
        "SystemTime::now",
        "Instant::now",
        "Timestamp::now",
        "Zoned::now",
    ];
    let mut broken = Vec::new();
    for member in members()? {
        for (path, code) in source(&member.folder.join("src")).or_else(|_| source(&member.folder))? {
            // What tests of a crate do to their surroundings is theirs.
            let code = code.split("#[cfg(test)]").next().unwrap_or_default();
            if path.components().any(|it| it.as_os_str() == "tests")
                || path.file_name().is_some_and(|it| it == "tests.rs")
            {
                continue;
            }
            // The gateway, or the model in its place, listens when a person starts it, and speaks to the one server that was named. Nothing
            // else knows a socket.
            let is_gateway = member.name == "engine" && path.components().any(|it| it.as_os_str() == "gateway");
            for (what, may) in rules.iter().skip(usize::from(is_gateway)) {
                for it in what.iter().filter(|it| code.contains(**it)) {
                    if !may.contains(&member.name.as_str()) {
                        broken.push(format!("{} uses {it}", path.display()));
                    }
                }
            }
            if member.name == "domain" {
                broken.extend(
                    pure.iter().filter(|it| code.contains(**it)).map(|it| format!("{} uses {it}", path.display())),
                );
            }
        }
    }
    ensure!(broken.is_empty(), "{}", broken.join("\n"));
    Ok(())
}

/// Top-level entries under version control, or all of them where there is none.
fn top_level() -> Outcome<BTreeSet<String>> {
    let root = repository();
    let listed = Command::new("git").arg("-C").arg(&root).args(["ls-files", "-z"]).output();
    if let Ok(listed) = listed
        && listed.status.success()
        && !listed.stdout.is_empty()
    {
        let text = String::from_utf8_lossy(&listed.stdout).into_owned();
        return Ok(text
            .split('\0')
            .filter_map(|it| it.split('/').next())
            .filter(|it| !it.is_empty())
            .map(str::to_owned)
            .collect());
    }
    Ok(fs::read_dir(&root)?
        .filter_map(|it| Some(it.ok()?.file_name().to_string_lossy().into_owned()))
        .filter(|it| it != "target")
        .collect())
}

#[test]
fn the_top_level_stays_small() -> Outcome {
    let agreed = [
        "Cargo.lock",
        "Cargo.toml",
        "LICENSE",
        "README.md",
        "icons",
        "rust-toolchain.toml",
        "src-tauri",
        "tests",
        "ui",
    ];
    let others: Vec<String> =
        top_level()?.into_iter().filter(|it| !it.starts_with('.') && !agreed.contains(&it.as_str())).collect();
    ensure!(others.is_empty(), "the top level has entries that were not agreed on: {others:?}");
    Ok(())
}

#[test]
fn every_fixture_can_be_made_again() -> Outcome {
    let mut bare = Vec::new();
    for entry in fs::read_dir(repository().join("tests/fixtures"))? {
        let folder = entry?.path();
        if !folder.is_dir() {
            bare.push(folder.display().to_string());
            continue;
        }
        let is_script = |path: &Path| path.extension().is_some_and(|it| it == "py" || it == "sh" || it == "rs");
        let scripts = fs::read_dir(&folder)?.filter_map(Result::ok).any(|it| is_script(&it.path()));
        // The labelled sources were written by hand; their text says how.
        let by_hand = folder.ends_with("python") && folder.join("README.md").is_file();
        if !scripts && !by_hand {
            bare.push(folder.display().to_string());
        }
    }
    ensure!(bare.is_empty(), "these were committed without the script that makes them: {bare:?}");
    Ok(())
}

/// The words between two marks.
fn between<'a>(text: &'a str, from: &str, to: &str) -> Outcome<&'a str> {
    let (_, rest) = text.split_once(from).with_context(|| format!("{from:?} is not there"))?;
    let (inside, _) = rest.split_once(to).with_context(|| format!("{to:?} is not there"))?;
    Ok(inside)
}

#[test]
fn the_window_may_do_exactly_what_is_listed() -> Outcome {
    let shell = repository().join("src-tauri");
    let build = fs::read_to_string(shell.join("build.rs"))?;
    let main = fs::read_to_string(shell.join("src/main.rs"))?;
    let listed: BTreeSet<String> = between(&build, ".commands(&[", "]")?
        .split(',')
        .map(|it| it.trim().trim_matches('"').to_owned())
        .filter(|it| !it.is_empty())
        .collect();
    let handled: BTreeSet<String> = between(&main, "generate_handler![", "]")?
        .split(',')
        .map(|it| it.trim().rsplit("::").next().unwrap_or_default().to_owned())
        .filter(|it| !it.is_empty())
        .collect();
    let mut granted = BTreeSet::new();
    let mut files = BTreeSet::new();
    for entry in fs::read_dir(shell.join("capabilities"))? {
        let path = entry?.path();
        let capability: Value =
            serde_json::from_slice(&fs::read(&path)?).with_context(|| path.display().to_string())?;
        files.insert(capability["identifier"].as_str().unwrap_or_default().to_owned());
        ensure!(
            capability["windows"] == serde_json::json!(["main"]),
            "{} is not for the main window alone",
            path.display()
        );
        ensure!(capability.get("remote").is_none(), "{} lets remote pages in", path.display());
        for permission in capability["permissions"].as_array().context("no permissions")? {
            let name = permission
                .as_str()
                .or_else(|| permission["identifier"].as_str())
                .context("a permission has no name")?;
            if let Some(own) = name.strip_prefix("allow-") {
                granted.insert(own.replace('-', "_"));
            }
            for dangerous in
                ["fs:", "shell:", "http:", "process:", "core:webview", "core:default", "default", "updater:"]
            {
                ensure!(!name.starts_with(dangerous), "{} grants {name}", path.display());
            }
        }
    }
    ensure!(listed == handled, "build.rs lists {listed:?}, main.rs handles {handled:?}");
    ensure!(listed == granted, "build.rs lists {listed:?}, the capabilities grant {granted:?}");
    let config: Value = serde_json::from_slice(&fs::read(shell.join("tauri.conf.json"))?)?;
    let security = &config["app"]["security"];
    let named: BTreeSet<String> = security["capabilities"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|it| Some(it.as_str()?.to_owned()))
        .collect();
    ensure!(named == files, "the window uses the capabilities {named:?}; there are {files:?}");
    let policy = security["csp"].as_str().context("there is no content security policy")?;
    for loose in ["unsafe-inline", "unsafe-eval", "https:", "*"] {
        ensure!(!policy.contains(loose), "the content security policy contains {loose}");
    }
    for directive in [
        "default-src 'self'",
        "script-src 'self'",
        "object-src 'none'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'none'",
    ] {
        ensure!(policy.contains(directive), "the content security policy lacks {directive}");
    }
    ensure!(security.get("dangerousDisableAssetCspModification").is_none(), "the policy of assets is switched off");
    Ok(())
}

#[test]
fn the_rules_above_can_fail() {
    let manifest: Table = "[dependencies]\nsql = { package = \"rusqlite\", version = \"1\" }\n[target.'cfg(unix)'.dev-dependencies]\npolars-core = \"1\"\n"
        .parse()
        .unwrap_or_default();
    let found = dependencies(&manifest);
    assert!(found.contains("rusqlite") && found.iter().any(|it| is_of(it, "polars")), "{found:?}");
    assert!(names_crate("use polars::prelude::*;", "polars") && names_crate("let x = rusqlite::Error;", "rusqlite"));
    assert!(names_crate("use notify_debouncer_full::x;", "notify-debouncer-full"));
    assert!(
        !names_crate("a.polars::x", "polars")
            && !names_crate("use mypolars::x;", "polars")
            && !names_crate("\"polars::x\"", "polars")
    );
}

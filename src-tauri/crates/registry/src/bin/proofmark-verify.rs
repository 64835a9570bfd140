//! A small program that only verifies: for machines that consume models and have nothing else of Proofmark.
//!
//! Prints the same documents as `proofmark registry verify --json`, `proofmark registry fetch --json` and `proofmark verify-model --json`.
//! Exit codes: 0 all is as it was signed, 1 it is not, 2 it could not be tried.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use proofmark_domain::registry::RegistryVerdict;
use proofmark_registry::oms::{self, Trust, VerifyOptions};
use proofmark_registry::registry::{has_remains, report_of_remains};
use proofmark_registry::{OpenOptions, Registry, RegistryError, Wanted, Watch};
use serde_json::{Value, json};

const USAGE: &str = "proofmark-verify registry DIR [--owner KEY]
proofmark-verify fetch DIR MODEL[@ALIAS|/VERSION] --to FOLDER [--owner KEY]
proofmark-verify model PATH --signature FILE (--public-key FILE | --certificate-chain FILE…)
                 [--ignore-unsigned-files] [--allow-symlinks] [--no-ignore-git-paths] [--ignore-path PATH…]
proofmark-verify --help | --version

Prints one JSON document. KEY is the id of the key that began the registry, as its owner told you.
Exit codes: 0 all is as it was signed, 1 it is not, 2 it could not be tried.";

/// Options that stand alone.
const FLAGS: [&str; 3] = ["--ignore-unsigned-files", "--allow-symlinks", "--no-ignore-git-paths"];

/// Arguments by name, and those without one.
#[derive(Default)]
struct Arguments {
    plain: Vec<String>,
    named: Vec<(String, String)>,
}

impl Arguments {
    /// Reads the arguments of one command. A name that the command does not know is refused: a mistyped `--owner` must not mean
    /// that any owner will do.
    fn read(mut raw: impl Iterator<Item = String>, known: &[&str]) -> Result<Self, String> {
        let mut all = Self::default();
        while let Some(text) = raw.next() {
            if text == "--" {
                all.plain.extend(raw);
                break;
            }
            if !text.starts_with("--") {
                all.plain.push(text);
                continue;
            }
            let (name, value) = match text.split_once('=') {
                Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
                None => (text, None),
            };
            if !known.contains(&name.as_str()) {
                return Err(format!("there is no option {name} here\n\n{USAGE}"));
            }
            let value = match (FLAGS.contains(&name.as_str()), value) {
                (true, None) => String::new(),
                (true, Some(_)) => return Err(format!("{name} takes no value")),
                (false, Some(value)) => value,
                (false, None) => raw.next().ok_or_else(|| format!("{name} needs a value"))?,
            };
            if !FLAGS.contains(&name.as_str()) && value.is_empty() {
                return Err(format!("{name} needs a value"));
            }
            all.named.push((name, value));
        }
        Ok(all)
    }

    fn has(&self, name: &str) -> bool {
        self.named.iter().any(|(known, _)| known == name)
    }

    fn all(&self, name: &str) -> Vec<&str> {
        self.named.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str()).collect()
    }

    fn one(&self, name: &str) -> Option<&str> {
        self.all(name).pop()
    }
}

/// The document, and whether all is well.
type Answer = Result<(Value, bool), String>;

fn registry(arguments: &Arguments) -> Answer {
    let [dir] = arguments.plain.as_slice() else { return Err(USAGE.to_owned()) };
    let trusted_owner = arguments.one("--owner").map(str::to_owned);
    let options = OpenOptions { trusted_owner, ..OpenOptions::default() };
    let report = match Registry::open(Path::new(dir), options) {
        Ok(opened) => opened.verify(&mut Watch::silent()).map_err(|error| error.to_string())?,
        Err(error @ RegistryError::NotARegistry { .. }) if has_remains(Path::new(dir)) => {
            report_of_remains(dir, &error)
        }
        Err(error) => return Err(error.to_string()),
    };
    let passed = report.verdict == RegistryVerdict::Ok;
    let mut document = serde_json::to_value(&report).map_err(|error| error.to_string())?;
    document["schema"] = json!("proofmark/registry-verify/1");
    Ok((document, passed))
}

fn fetch(arguments: &Arguments) -> Answer {
    let [dir, wanted] = arguments.plain.as_slice() else { return Err(USAGE.to_owned()) };
    let to = arguments.one("--to").ok_or("fetch needs --to FOLDER")?;
    let trusted_owner = arguments.one("--owner").map(str::to_owned);
    let options = OpenOptions { trusted_owner, ..OpenOptions::default() };
    let opened = Registry::open(Path::new(dir), options).map_err(|error| error.to_string())?;
    let wanted: Wanted = wanted.parse().map_err(|error: proofmark_registry::RegistryError| error.to_string())?;
    match opened.fetch(&wanted, Path::new(to), &mut Watch::silent()) {
        Ok(fetched) => {
            let document = json!({
                "schema": "proofmark/registry-fetch/1", "model": fetched.model, "version": fetched.version,
                "bundle": fetched.bundle, "folder": to, "files": fetched.files, "bytes": fetched.bytes,
            });
            Ok((document, true))
        }
        Err(error) => match error {
            RegistryError::Damaged { .. } | RegistryError::Untrusted { .. } | RegistryError::Signature { .. } => {
                Ok((trouble("verification_failed", &error.to_string()), false))
            }
            RegistryError::Blocked(_) => Ok((trouble("blocked", &error.to_string()), false)),
            _ => Err(error.to_string()),
        },
    }
}

fn model(arguments: &Arguments) -> Answer {
    let [path] = arguments.plain.as_slice() else { return Err(USAGE.to_owned()) };
    let signature = arguments.one("--signature").ok_or("model needs --signature FILE")?;
    let chain: Vec<PathBuf> = arguments.all("--certificate-chain").into_iter().map(PathBuf::from).collect();
    let trust = match (arguments.one("--public-key"), chain.is_empty()) {
        (Some(key), true) => Trust::key_file(Path::new(key)),
        (None, false) => Trust::certificate_files(&chain),
        _ => return Err("model needs either --public-key FILE or --certificate-chain FILE".to_owned()),
    }
    .map_err(|error| error.to_string())?;
    let options = VerifyOptions {
        ignore_unsigned_files: arguments.has("--ignore-unsigned-files"),
        allow_symlinks: arguments.has("--allow-symlinks"),
        ignore_git_paths: !arguments.has("--no-ignore-git-paths"),
        ignore_paths: arguments.all("--ignore-path").into_iter().map(str::to_owned).collect(),
    };
    let (path, signature) = (Path::new(path), Path::new(signature));
    let (verdict, reason, files) = match oms::verify_folder(path, signature, &trust, &options, &mut Watch::silent()) {
        Ok(passed) => ("ok", None, passed.files),
        Err(refused) => ("refused", Some(refused.to_string()), 0),
    };
    let document = json!({"schema": "proofmark/verify-model/1", "verdict": verdict, "reason": reason, "files": files});
    Ok((document, verdict == "ok"))
}

fn trouble(code: &str, message: &str) -> Value {
    json!({"schema": "proofmark/error/1", "error": {"code": code, "message": message, "hints": []}})
}

fn main() -> ExitCode {
    let mut raw = std::env::args().skip(1);
    let answer = match raw.next().as_deref() {
        Some("registry") => Arguments::read(raw, &["--owner"]).and_then(|it| registry(&it)),
        Some("fetch") => Arguments::read(raw, &["--owner", "--to"]).and_then(|it| fetch(&it)),
        Some("model") => {
            let named = ["--signature", "--public-key", "--certificate-chain", "--ignore-path"];
            Arguments::read(raw, &[named.as_slice(), &FLAGS].concat()).and_then(|it| model(&it))
        }
        Some("--help" | "-h" | "help") => {
            return print(USAGE, 0);
        }
        Some("--version" | "-V") => {
            return print(concat!("proofmark-verify ", env!("CARGO_PKG_VERSION")), 0);
        }
        _ => Err(USAGE.to_owned()),
    };
    match answer {
        Ok((document, passed)) => print(&document.to_string(), u8::from(!passed)),
        Err(message) => print(&trouble("invalid_request", &message).to_string(), 2),
    }
}

/// Prints the answer. Whoever cannot read it must not take the exit code for one.
fn print(text: &str, code: u8) -> ExitCode {
    let mut out = std::io::stdout().lock();
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        Ok(()) => ExitCode::from(code),
        Err(_) => ExitCode::from(2),
    }
}

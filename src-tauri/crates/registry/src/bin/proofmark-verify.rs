//! A small program that only verifies: for machines that consume models and have nothing else of Proofmark.
//!
//! Prints the same documents as `proofmark registry verify --json` and `proofmark verify-model --json`. Exit codes: 0 all is
//! as it was signed, 1 it is not, 2 it could not be tried.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use proofmark_domain::registry::RegistryVerdict;
use proofmark_registry::oms::{self, Trust, VerifyOptions};
use proofmark_registry::{OpenOptions, Registry, Wanted, Watch};
use serde_json::{Value, json};

const USAGE: &str = "proofmark-verify registry DIR [--owner KEY]
proofmark-verify fetch DIR MODEL[@ALIAS|/VERSION] --to FOLDER [--owner KEY]
proofmark-verify model PATH --signature FILE (--public-key FILE | --certificate-chain FILE…)
                 [--ignore-unsigned-files] [--allow-symlinks] [--no-ignore-git-paths] [--ignore-path PATH…]";

/// Arguments by name, and those without one.
#[derive(Default)]
struct Arguments {
    plain: Vec<String>,
    named: Vec<(String, String)>,
}

impl Arguments {
    fn read(mut raw: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut all = Self::default();
        while let Some(text) = raw.next() {
            match text.strip_prefix("--") {
                Some("ignore-unsigned-files" | "allow-symlinks" | "no-ignore-git-paths") => {
                    all.named.push((text, String::new()));
                }
                Some(_) => {
                    let value = raw.next().ok_or_else(|| format!("{text} needs a value"))?;
                    all.named.push((text, value));
                }
                None => all.plain.push(text),
            }
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
    let [_, dir] = arguments.plain.as_slice() else { return Err(USAGE.to_owned()) };
    let trusted_owner = arguments.one("--owner").map(str::to_owned);
    let options = OpenOptions { trusted_owner, ..OpenOptions::default() };
    let opened = Registry::open(Path::new(dir), options).map_err(|error| error.to_string())?;
    let report = opened.verify(&mut Watch::silent()).map_err(|error| error.to_string())?;
    let passed = report.verdict == RegistryVerdict::Ok;
    let mut document = serde_json::to_value(&report).map_err(|error| error.to_string())?;
    document["schema"] = json!("proofmark/registry-verify/1");
    Ok((document, passed))
}

fn fetch(arguments: &Arguments) -> Answer {
    let [_, dir, wanted] = arguments.plain.as_slice() else { return Err(USAGE.to_owned()) };
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
        Err(error) => Ok((json!({"error": {"code": "verification_failed", "message": error.to_string()}}), false)),
    }
}

fn model(arguments: &Arguments) -> Answer {
    let [_, path] = arguments.plain.as_slice() else { return Err(USAGE.to_owned()) };
    let signature = arguments.one("--signature").ok_or("model needs --signature FILE")?;
    let trust = match arguments.one("--public-key") {
        Some(key) => Trust::key_file(Path::new(key)),
        None => {
            let files: Vec<PathBuf> = arguments.all("--certificate-chain").into_iter().map(PathBuf::from).collect();
            Trust::certificate_files(&files)
        }
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

fn main() -> ExitCode {
    let answer = Arguments::read(std::env::args().skip(1)).and_then(|arguments| {
        match arguments.plain.first().map(String::as_str) {
            Some("registry") => registry(&arguments),
            Some("fetch") => fetch(&arguments),
            Some("model") => model(&arguments),
            _ => Err(USAGE.to_owned()),
        }
    });
    match answer {
        Ok((document, passed)) => {
            println!("{document}");
            ExitCode::from(u8::from(!passed))
        }
        Err(message) => {
            println!("{}", json!({"error": {"code": "invalid_request", "message": message}}));
            ExitCode::from(2)
        }
    }
}

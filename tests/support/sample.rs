//! People at the command line, and the line that a model travels from its project to the registry.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use serde_json::Value;

use crate::{Cli, Outcome, Sandbox};

/// What protects the keys of people in tests.
pub const PASSPHRASE: &str = "correct horse battery staple";

/// The model of the sample project.
pub const SAMPLE_MODEL: &str = "models/credit_model.joblib";

/// A person with a key, at a machine of their own.
#[derive(Debug, Clone)]
pub struct Desk {
    /// Their command line.
    pub cli: Cli,
    /// What others see beside their signature.
    pub name: String,
}

impl Desk {
    /// Makes the key.
    ///
    /// # Errors
    /// If the command line refuses.
    pub fn new(sandbox: &Sandbox, home: &str, name: &str) -> Outcome<Self> {
        let cli = sandbox.cli(home)?;
        let made = cli.ok(["key", "create", "--name", name])?;
        let mine = made["people"].as_array().into_iter().flatten().find(|it| it["card"]["name"] == name);
        ensure!(mine.is_some_and(|it| it["is_current"] == true), "{name} does not act after making a key: {made}");
        Ok(Self { cli, name: name.to_owned() })
    }

    /// The sample project, looked through to its end. Answers its folder.
    ///
    /// # Errors
    /// If the command line refuses.
    pub fn open_sample(&self) -> Outcome<PathBuf> {
        let view = self.cli.ok(["sample"])?;
        Ok(PathBuf::from(view["project"]["root"].as_str().context("the sample has no folder")?))
    }

    /// A file with their card, to be given to the owner of a registry.
    ///
    /// # Errors
    /// If the command line refuses.
    pub fn card(&self) -> Outcome<PathBuf> {
        let mut card = self.cli.ok(["key", "card"])?;
        if let Some(fields) = card.as_object_mut() {
            fields.remove("schema");
        }
        let path = self.cli.home().join("card.json");
        fs::write(&path, card.to_string())?;
        Ok(path)
    }

    /// Begins a registry and becomes its owner.
    ///
    /// # Errors
    /// If the command line refuses.
    pub fn begin_registry(&self, folder: &Path) -> Outcome<Value> {
        self.cli.ok([
            "registry".as_ref(),
            "init".as_ref(),
            folder.as_os_str(),
            "--name".as_ref(),
            "Retail risk".as_ref(),
        ])
    }

    /// Admits a person to the registry.
    ///
    /// # Errors
    /// If the command line refuses.
    pub fn admit(&self, other: &Self, roles: &[&str]) -> Outcome<Value> {
        let card = other.card()?;
        let mut words = vec!["registry".into(), "admit".into(), card.into_os_string()];
        for role in roles {
            words.extend(["--role".into(), role.into()]);
        }
        self.cli.ok(words)
    }

    /// Attaches a registry that somebody else began.
    ///
    /// # Errors
    /// If the command line refuses.
    pub fn attach(&self, folder: &Path) -> Outcome<Value> {
        self.cli.ok(["registry".as_ref(), "attach".as_ref(), folder.as_os_str()])
    }

    /// Submits a model; answers the candidate.
    ///
    /// # Errors
    /// If the command line refuses.
    pub fn submit(&self, model: &Path, name: &str, note: &str) -> Outcome<String> {
        let words: [&std::ffi::OsStr; 9] = [
            "release".as_ref(),
            "submit".as_ref(),
            model.as_os_str(),
            "--name".as_ref(),
            name.as_ref(),
            "--purpose".as_ref(),
            "Says who may miss an instalment, so that they are offered another plan.".as_ref(),
            "--note".as_ref(),
            note.as_ref(),
        ];
        let submitted = self.cli.ok(words)?;
        Ok(submitted["candidate"].as_str().context("a submission names no candidate")?.to_owned())
    }

    /// Approves a candidate.
    ///
    /// # Errors
    /// If the command line refuses.
    pub fn approve(&self, candidate: &str) -> Outcome<Value> {
        self.cli.ok(["release", "approve", candidate, "--reason", "The gates hold, and the holdout is recent."])
    }

    /// Publishes a candidate under `production`.
    ///
    /// # Errors
    /// If the command line refuses.
    pub fn publish(&self, candidate: &str) -> Outcome<Value> {
        self.cli.ok(["release", "publish", candidate, "--alias", "production"])
    }

    /// Re-checks a registry; answers the report whatever its verdict.
    ///
    /// # Errors
    /// If there is no report.
    pub fn verify(&self, folder: &Path) -> Outcome<(Option<i32>, Value)> {
        let answer = self.cli.ask(["registry".as_ref(), "verify".as_ref(), folder.as_os_str()])?;
        let code = answer.code;
        let report = answer.document(code.unwrap_or(-1))?;
        ensure!(report.get("verdict").is_some(), "{}", answer.told());
        Ok((code, report))
    }
}

//! Rules of a table: those in force, suggested ones, and those of other tools.

use std::path::{Path, PathBuf};

use proofmark_analysis::facade::{self, ReadOptions, Table};
use proofmark_contract::ErrorCode;
use proofmark_domain::check::{FindingKind, Rule};
use proofmark_intake::files::label_of;
use serde::Serialize;

use super::never;
use super::profile::{ProfileWishes, profile};
use crate::Engine;
use crate::config::ProjectConfig;
use crate::screen::reading_of;
use crate::trouble::{Answer, Trouble, io_trouble};

pub use proofmark_intake::rules::ForeignRules;

/// The rules in force for a file, and what a person should know about them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RulesInForce {
    /// The rules.
    pub rules: Vec<Rule>,
    /// Why they are not those of the file as it is.
    pub note: Option<String>,
    pub(crate) reading: ReadOptions,
}

/// The rules that the nearest `proofmark.toml` above a file has for it.
pub(super) fn rules_of(path: &Path) -> Answer<RulesInForce> {
    let Ok(path) = std::fs::canonicalize(path) else { return Ok(RulesInForce::default()) };
    for folder in path.ancestors().skip(1) {
        if !folder.join(crate::config::FILE).is_file() {
            continue;
        }
        let config = ProjectConfig::read(folder)?;
        let Ok(label) = label_of(folder, &path) else { return Ok(RulesInForce::default()) };
        let reading = reading_of(&config, label.as_str());
        return Ok(RulesInForce { rules: config.rules_for(label.as_str()), note: None, reading });
    }
    Ok(RulesInForce::default())
}

/// How the nearest `proofmark.toml` above a file says that it is read. One that cannot be understood says nothing: only a check
/// depends on it so much that it has to stop there.
pub(super) fn reading_at(path: &Path) -> ReadOptions {
    rules_of(path).map(|it| it.reading).unwrap_or_default()
}

impl Engine {
    /// The findings of a file in a project that do not count, because somebody said so: by kind and columns.
    ///
    /// # Errors
    /// If the ledger cannot be read.
    pub fn findings_that_do_not_count(&self, file: &Path) -> Answer<Vec<(FindingKind, Vec<String>)>> {
        let Ok(project) = self.project_at(file) else { return Ok(Vec::new()) };
        let canonical = std::fs::canonicalize(file).unwrap_or_else(|_| file.to_path_buf());
        let Ok(path) = label_of(Path::new(&project.root), &canonical) else { return Ok(Vec::new()) };
        let rows = match self.findings_of(&project, Some(&path)) {
            Ok(rows) => rows,
            // A file that no scan has seen yet has no findings about which anybody could have said anything.
            Err(trouble) if trouble.0.code == ErrorCode::NotFound => Vec::new(),
            Err(trouble) => return Err(trouble),
        };
        Ok(rows
            .into_iter()
            .filter(|it| !it.state.counts() && it.resolved_at.is_none())
            .map(|it| (it.finding.kind, it.finding.columns))
            .collect())
    }

    /// The rules in force for a file that lies in a project; `None` if it lies in none.
    ///
    /// # Errors
    /// If the ledger cannot be read.
    pub fn rules_in_force(&self, file: &Path) -> Answer<Option<RulesInForce>> {
        let Ok(project) = self.project_at(file) else { return Ok(None) };
        let canonical = std::fs::canonicalize(file).unwrap_or_else(|_| file.to_path_buf());
        let Ok(path) = label_of(Path::new(&project.root), &canonical) else { return Ok(None) };
        let now = self.config_now(&project)?;
        if now.problem.is_some() && now.config.dataset.is_empty() {
            // Nothing was ever understood of it: to check without rules would be to pass without a look.
            return Ok(None);
        }
        let note = now
            .problem
            .map(|(_, trouble)| format!("{} The rules that were last understood were applied.", trouble.0.message));
        let reading = reading_of(&now.config, path.as_str());
        Ok(Some(RulesInForce { rules: now.config.rules_for(path.as_str()), note, reading }))
    }
}

/// Rules that a table keeps, with room for what honest data does. Columns that hold sensitive texts get no list of values.
///
/// # Errors
/// If it cannot be read as a table.
pub fn suggest_rules(path: &Path) -> Answer<Vec<Rule>> {
    Ok(proofmark_domain::rules::suggest(&profile(path, &ProfileWishes::default())?))
}

/// Rules as `proofmark.toml` holds them.
///
/// # Errors
/// Never for rules that mean something.
pub fn rules_text(dataset: &str, rules: &[Rule]) -> Answer<String> {
    crate::config::edit::written(dataset, rules)
}

/// Rules that another tool wrote.
///
/// # Errors
/// If the file cannot be read, or is of none of the known formats.
pub fn import_rules(path: &Path) -> Answer<ForeignRules> {
    const LARGEST: u64 = 64 << 20;
    let facts = std::fs::metadata(path).map_err(|error| io_trouble("reading", path, &error))?;
    if facts.len() > LARGEST {
        let message = format!("{} is larger than 64 MiB and was not read as rules.", path.display());
        return Err(Trouble::new(ErrorCode::Unreadable, message));
    }
    let text = std::fs::read_to_string(path).map_err(|error| io_trouble("reading", path, &error))?;
    proofmark_intake::rules::read(&text).map_err(|error| {
        Trouble::new(ErrorCode::Unreadable, format!("{} holds no rules that can be read: {error}.", path.display()))
            .hint("Great Expectations suites, Open Data Contracts and Frictionless schemas are read, as JSON or YAML.")
    })
}

/// Rules in the format of another tool.
pub fn export_rules(format: RuleFormat, path: &Path, rules: &[Rule]) -> serde_json::Value {
    let name =
        path.file_stem().map_or_else(|| "table".to_owned(), |it| it.to_string_lossy().to_lowercase().replace(' ', "-"));
    match format {
        RuleFormat::GreatExpectations => proofmark_report::rules::great_expectations(&name, rules),
        RuleFormat::DataContract => proofmark_report::rules::data_contract(&name, rules),
        RuleFormat::Frictionless => {
            let file = path.file_name().map(|it| it.to_string_lossy().into_owned()).unwrap_or_default();
            proofmark_report::rules::frictionless(&name, &file, rules)
        }
    }
}

/// The formats of other tools that rules are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuleFormat {
    /// Great Expectations 1.x.
    GreatExpectations,
    /// Open Data Contract Standard 3.2.
    DataContract,
    /// Data Package 2.
    Frictionless,
}

/// What rules say of one file of the past.
#[derive(Debug, Clone, Serialize)]
pub struct RuleTrial {
    /// The file.
    pub path: String,
    /// Whether it keeps all rules.
    pub passed: bool,
    /// Which it breaks.
    pub findings: Vec<proofmark_domain::check::Finding>,
}

/// Holds files of the past against rules: those of a file in a known format, or suggested from a table; each against those of the
/// nearest `proofmark.toml` if none are given.
///
/// # Errors
/// If one of the files cannot be read as a table.
pub fn try_rules(rules: Option<&[Rule]>, files: &[PathBuf]) -> Answer<Vec<RuleTrial>> {
    files
        .iter()
        .map(|path| {
            let own;
            let (rules, reading) = match rules {
                Some(rules) => (rules, ReadOptions::default()),
                None => {
                    own = rules_of(path)?;
                    (own.rules.as_slice(), own.reading.clone())
                }
            };
            let findings = facade::broken_rules(&Table::open_as(path, &reading)?, rules, &never)?;
            Ok(RuleTrial { path: path.to_string_lossy().into_owned(), passed: findings.is_empty(), findings })
        })
        .collect()
}

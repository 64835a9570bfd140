//! Questions about a file that need no project: for the command line and for other programs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use proofmark_analysis::facade::{self, CheckInput, DriftInput, Sketch, Table};
use proofmark_analysis::monitor::{MonitorInput, Wish};
use proofmark_contract::ErrorCode;
use proofmark_domain::artifact::RelPath;
use proofmark_domain::check::{CheckReport, Finding, FindingKind, Rule, Severity};
use proofmark_domain::drift::DriftReport;
use proofmark_domain::model::ModelFacts;
use proofmark_domain::monitor::{LogRole, MonitorReport, WindowKind};
use proofmark_domain::profile::{Meaning, TableProfile};
use proofmark_domain::profile_pair::ProfilePair;
use proofmark_domain::proxy::ProxyReport;
use proofmark_domain::sensitive::{SensitiveGroup, SensitivityReport};
use proofmark_domain::{Digest, Timestamp};
use proofmark_intake::files::platform::stat_of;
use proofmark_intake::files::{hash_file, label_of};
use proofmark_intake::model::{Limits, read_model};
use proofmark_registry::Watch;
use proofmark_registry::oms::{self, Trust};
use proofmark_report::document::{Form, MonitorDocument};
use serde::Serialize;

use crate::Engine;
use crate::config::ProjectConfig;
use crate::screen::reading_of;
use crate::trouble::{Answer, Trouble, io_trouble, sentence};

/// Never stops: a command that a person stops ends as a process.
fn never() -> bool {
    false
}

fn digest_of(path: &Path) -> Answer<Option<Digest>> {
    let facts = std::fs::metadata(path).map_err(|error| io_trouble("reading", path, &error))?;
    if !facts.is_file() {
        return Ok(None);
    }
    Ok(Some(hash_file(path, &stat_of(&facts), &never, &|_| ())?.digest))
}

/// The profile of a table in a file. Texts of sensitive columns are masked, also in what is saved.
///
/// # Errors
/// If it cannot be read as a table, or not be saved.
pub fn profile(path: &Path, wishes: &ProfileWishes<'_>) -> Answer<TableProfile> {
    let table = Table::open_as(path, &wishes.reading.clone().or(&reading_at(path)))?;
    let look = facade::look(&table, &never)?;
    let found = look.sensitive(&table, &never)?;
    if let Some(to) = wishes.save {
        let mut sketch = look.sketch().clone();
        // A saved profile is passed on; texts of sensitive columns stay here.
        sketch.mask(&|name| found.columns.iter().any(|column| column.name == name && column.sensitive));
        sketch.save(to)?;
    }
    let mut profile = look.profile(&table)?;
    if let Err(trouble) = rules_of(path) {
        profile.reading.notes.push(trouble.0.message);
    }
    // Printed to the person who asked about their own file, and kept nowhere: distributions of numbers and of broad groups stay,
    // texts that name or protect a single person go.
    let broad = [SensitiveGroup::Quasi, SensitiveGroup::Location];
    let texts: Vec<String> = profile
        .columns
        .iter()
        .filter(|column| !matches!(column.meaning, Meaning::Number | Meaning::Boolean | Meaning::Date | Meaning::Time))
        .map(|column| column.name.clone())
        .collect();
    profile.mask(&|name| {
        let named = found.columns.iter().find(|column| column.name == name);
        texts.iter().any(|text| text == name)
            && named.is_some_and(|it| it.sensitive && it.group.is_none_or(|group| !broad.contains(&group)))
    });
    profile.path = path.to_string_lossy().into_owned();
    profile.digest = digest_of(path)?;
    Ok(profile)
}

/// Two tables side by side. Texts of sensitive columns are masked.
///
/// # Errors
/// If one of them cannot be read as a table.
pub fn side_by_side(before: &Path, after: &Path, reading: &ReadOptions) -> Answer<ProfilePair> {
    let of = |path: &Path| profile(path, &ProfileWishes { save: None, reading: reading.clone() });
    Ok(proofmark_domain::profile_pair::pair(&of(before)?, &of(after)?))
}

/// The profile of a table whose parts were profiled apart and saved.
///
/// # Errors
/// If a saved profile cannot be read, they are not of one table, or the result cannot be saved.
pub fn merge_profiles(parts: &[PathBuf], save: Option<&Path>) -> Answer<TableProfile> {
    let merged = Sketch::merged(parts)?;
    if let Some(to) = save {
        merged.save(to)?;
    }
    let mut profile = merged.finish();
    profile.path = parts.iter().map(|it| it.to_string_lossy().into_owned()).collect::<Vec<_>>().join(", ");
    Ok(profile)
}

/// What to do besides showing a profile, and how the file is laid out where finding out goes wrong.
#[derive(Debug, Clone, Default)]
pub struct ProfileWishes<'a> {
    /// Where to save what was gathered.
    pub save: Option<&'a Path>,
    /// How the file is laid out.
    pub reading: ReadOptions,
}

pub use crate::config::reading::{Said, read_options};
pub use proofmark_analysis::facade::ReadOptions;
pub use proofmark_registry::oms::VerifyOptions;

/// What a table is checked beside.
#[derive(Debug, Clone, Default)]
pub struct CheckBeside<'a> {
    /// The table that it should be like.
    pub reference: Option<&'a Path>,
    /// The table that a model trained on this one is tested with.
    pub test: Option<&'a Path>,
    /// The column that a model is trained to predict; guessed from the names if not given.
    pub target: Option<&'a str>,
    /// How the file is laid out, where finding out goes wrong.
    pub reading: ReadOptions,
    /// The rules in force; those of the nearest `proofmark.toml` if absent.
    pub rules: Option<RulesInForce>,
    /// Whether findings list every row that they concern, as far as it is known, instead of ten examples.
    pub every_row: bool,
}

/// A folder with more tables than this holds parts or versions, not tables that point to each other.
const MOST_NEIGHBOURS: usize = 12;

/// A larger neighbour is not read along: the check of one file should not take as long as that of all.
const LARGEST_NEIGHBOUR: u64 = 64 << 20;

/// The other tables of a file's folder, as far as they are few and small. One that cannot be read is not what was asked about.
fn neighbours(path: &Path, known: &[Option<&Path>]) -> Vec<Table> {
    const ENDINGS: [&str; 9] = ["csv", "tsv", "parquet", "pq", "jsonl", "ndjson", "arrow", "feather", "gz"];
    let same = |a: &Path, b: &Path| {
        std::fs::canonicalize(a).ok().zip(std::fs::canonicalize(b).ok()).is_some_and(|(a, b)| a == b)
    };
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut found: Vec<PathBuf> = entries
        .filter_map(|entry| entry.ok().map(|it| it.path()))
        .filter(|it| it.extension().is_some_and(|end| ENDINGS.iter().any(|known| end.eq_ignore_ascii_case(known))))
        .take(MOST_NEIGHBOURS + 2)
        .collect();
    if found.len() > MOST_NEIGHBOURS + 1 {
        return Vec::new();
    }
    found.sort();
    found
        .into_iter()
        .filter(|it| std::fs::metadata(it).is_ok_and(|facts| facts.is_file() && facts.len() <= LARGEST_NEIGHBOUR))
        .filter(|it| !same(it, path) && !known.iter().flatten().any(|other| same(it, other)))
        .filter_map(|it| Table::open(&it).ok())
        .collect()
}

/// What is wrong with a table, by itself and beside others.
///
/// # Errors
/// If the file is not there or not readable. A file that is no table is a finding, not an error, where it can be told what it is.
pub fn check(path: &Path, beside: &CheckBeside<'_>, now: Timestamp) -> Answer<CheckReport> {
    check_until(path, beside, now, &never)
}

/// The same, until `cancel` says that it shall stop.
fn check_until(
    path: &Path,
    beside: &CheckBeside<'_>,
    now: Timestamp,
    cancel: &dyn Fn() -> bool,
) -> Answer<CheckReport> {
    let CheckBeside { reference, test, target, .. } = *beside;
    let RulesInForce { rules, note, reading } = match &beside.rules {
        Some(rules) => rules.clone(),
        None => rules_of(path)?,
    };
    let table = match Table::open_as(path, &beside.reading.clone().or(&reading)) {
        Ok(table) => table,
        Err(error) => {
            let mut report = facade::check_unreadable(path).ok_or_else(|| Trouble::from(error))?;
            report.path = path.to_string_lossy().into_owned();
            report.reference = reference.map(|it| it.to_string_lossy().into_owned());
            return Ok(report);
        }
    };
    let open = |path: &Path| -> Answer<Table> { Ok(Table::open_as(path, &reading_at(path))?) };
    let reference_table = reference.map(open).transpose()?;
    let test_table = test.map(open).transpose()?;
    let related = neighbours(path, &[reference, test]);
    let input = CheckInput {
        reference: reference_table.as_ref(),
        test: test_table.as_ref(),
        related: &related,
        target,
        rules: &rules,
        now,
        every_row: beside.every_row,
    };
    let mut report = facade::check(&table, &input, cancel)?;
    report.notes.extend(note);
    report.path = path.to_string_lossy().into_owned();
    report.reference = reference.map(|it| it.to_string_lossy().into_owned());
    Ok(report)
}

/// A finding whose rows are set aside, or why they are not.
#[derive(Debug, Clone, Serialize)]
pub struct AsideFinding {
    /// The finding in one sentence.
    pub message: String,
    /// Its kind.
    pub kind: proofmark_domain::check::FindingKind,
    /// Its columns.
    pub columns: Vec<String>,
    /// Rows that it concerns.
    pub rows: u64,
    /// Why its rows stay; `null` if they were set aside.
    pub stays: Option<String>,
}

/// What was set aside.
#[derive(Debug, Clone, Serialize)]
pub struct SetAside {
    /// The table, which was only read.
    pub path: String,
    /// The file with the rows that stay; `null` if nothing had to be set aside.
    pub kept: Option<String>,
    /// The file with the other rows, their numbers and reasons.
    pub aside: Option<String>,
    /// Rows that stay.
    pub rows_kept: u64,
    /// Rows that were set aside.
    pub rows_aside: u64,
    /// Findings that are bad enough, with what became of their rows.
    pub findings: Vec<AsideFinding>,
}

/// Above this share of the rows a finding is about the table, and a table without those rows would be another one.
const MOST_ASIDE: f64 = 0.5;

/// Sets the offending rows of a table aside, each with its reasons. The table is only read, and no file is overwritten.
/// `counts` says which findings count, as far as somebody decided.
///
/// # Errors
/// If the file is no table, or the files cannot be written.
pub fn quarantine(
    path: &Path,
    beside: &CheckBeside<'_>,
    folder: &Path,
    least: Severity,
    counts: &dyn Fn(&Finding) -> bool,
    now: Timestamp,
) -> Answer<SetAside> {
    quarantine_until(path, beside, folder, least, counts, now, &never)
}

/// The same, until `cancel` says that it shall stop: then no file is left behind.
pub(crate) fn quarantine_until(
    path: &Path,
    beside: &CheckBeside<'_>,
    folder: &Path,
    least: Severity,
    counts: &dyn Fn(&Finding) -> bool,
    now: Timestamp,
    cancel: &dyn Fn() -> bool,
) -> Answer<SetAside> {
    let beside = CheckBeside { every_row: true, ..beside.clone() };
    let report = check_until(path, &beside, now, cancel)?;
    let reading = match &beside.rules {
        Some(rules) => rules.reading.clone(),
        None => reading_at(path),
    };
    let table = Table::open_as(path, &beside.reading.clone().or(&reading))?;
    let mut reasons: BTreeMap<u64, Vec<String>> = BTreeMap::new();
    let mut findings = Vec::new();
    for finding in report.findings.iter().filter(|it| it.severity >= least) {
        let stays = if !counts(finding) {
            Some("A person accepted it as expected, or muted it.".to_owned())
        } else if finding.affected_rows == 0 {
            Some("It is about the table as a whole.".to_owned())
        } else if finding.affected_ratio > MOST_ASIDE {
            Some("It concerns more than half of the rows, so it is about the table.".to_owned())
        } else if (finding.example_rows.len() as u64) < finding.affected_rows {
            Some(format!(
                "Only {} of its {} rows are known one by one.",
                finding.example_rows.len(),
                finding.affected_rows
            ))
        } else {
            for row in &finding.example_rows {
                reasons.entry(*row).or_default().push(finding.message.clone());
            }
            None
        };
        findings.push(AsideFinding {
            message: finding.message.clone(),
            kind: finding.kind,
            columns: finding.columns.clone(),
            rows: finding.affected_rows,
            stays,
        });
    }
    let path = path.to_string_lossy().into_owned();
    if reasons.is_empty() {
        let rows_kept = table.rows();
        return Ok(SetAside { path, kept: None, aside: None, rows_kept, rows_aside: 0, findings });
    }
    std::fs::create_dir_all(folder).map_err(|error| io_trouble("making", folder, &error))?;
    let written = facade::quarantine(&table, &reasons, folder, cancel)?;
    let text = |path: &Path| Some(path.to_string_lossy().into_owned());
    Ok(SetAside {
        path,
        kept: text(&written.kept),
        aside: text(&written.aside),
        rows_kept: written.rows_kept,
        rows_aside: written.rows_aside,
        findings,
    })
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
fn rules_of(path: &Path) -> Answer<RulesInForce> {
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
fn reading_at(path: &Path) -> ReadOptions {
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

pub use proofmark_analysis::facade::ProxyRequest;

/// The sensitive columns of a table, and whether the others give them away where that is asked. `decided` puts in what people decided.
///
/// # Errors
/// If it cannot be read as a table, or has no column of a name asked for.
pub fn sensitive(
    path: &Path,
    proxies: Option<&ProxyRequest>,
    decided: &dyn Fn(SensitivityReport) -> Answer<SensitivityReport>,
) -> Answer<SensitivityReport> {
    let table = Table::open_as(path, &reading_at(path))?;
    let mut report = facade::sensitive(&table, &never)?;
    report.path = path.to_string_lossy().into_owned();
    let mut report = decided(report)?;
    report.proxies = proxies.map(|request| facade::proxies(&table, &report, request, &never)).transpose()?;
    Ok(report)
}

/// Whether the other columns of a table give its sensitive ones away.
///
/// # Errors
/// If it cannot be read as a table, or has no column of a name asked for.
pub fn proxies(path: &Path, request: &ProxyRequest) -> Answer<ProxyReport> {
    let table = Table::open_as(path, &reading_at(path))?;
    let mut found = facade::sensitive(&table, &never)?;
    found.path = path.to_string_lossy().into_owned();
    Ok(facade::proxies(&table, &found, request, &never)?)
}

/// What a comparison is about besides its two files.
#[derive(Debug, Clone, Default)]
pub struct DriftWishes {
    /// The target's column.
    pub target: Option<String>,
    /// The prediction's column.
    pub prediction: Option<String>,
    /// The time's column.
    pub time: Option<String>,
}

/// How one table differs from another.
///
/// # Errors
/// If either cannot be read as a table, or a named column does not exist.
pub fn drift(reference: &Path, current: &Path, wishes: &DriftWishes) -> Answer<DriftReport> {
    let input = DriftInput {
        target: wishes.target.clone(),
        prediction: wishes.prediction.clone(),
        time: wishes.time.clone(),
        ..DriftInput::named(&reference.to_string_lossy(), &current.to_string_lossy())
    };
    let open = |path: &Path| -> Answer<Table> { Ok(Table::open_as(path, &reading_at(path))?) };
    Ok(facade::drift(&open(reference)?, &open(current)?, &input, &never, &|_, _| ())?)
}

/// What a model file says about itself.
///
/// # Errors
/// If it cannot be read as a model file.
pub fn inspect(path: &Path) -> Answer<ModelFacts> {
    read_model(path, &Limits::default())
        .map_err(|error| Trouble::new(ErrorCode::Unreadable, sentence(&error.to_string())))
}

/// The verdict on an OpenSSF Model Signing bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ModelVerdict {
    /// `ok` or `refused`.
    pub verdict: &'static str,
    /// Why it was refused.
    pub reason: Option<String>,
    /// Files that were checked.
    pub files: u64,
}

/// Checks a model folder or file against a bundle made by anyone.
///
/// # Errors
/// If the key or certificates cannot be read. A model that does not verify is a verdict, not an error.
pub fn verify_model(
    path: &Path,
    signature: &Path,
    public_key: Option<&Path>,
    certificates: &[PathBuf],
    options: &VerifyOptions,
) -> Answer<ModelVerdict> {
    let trust = match public_key {
        Some(key) => Trust::key_file(key)?,
        None => Trust::certificate_files(certificates)?,
    };
    Ok(match oms::verify_folder(path, signature, &trust, options, &mut Watch::silent()) {
        Ok(passed) => ModelVerdict { verdict: "ok", reason: None, files: passed.files as u64 },
        Err(refused) => ModelVerdict { verdict: "refused", reason: Some(refused.to_string()), files: 0 },
    })
}

/// A file's label inside a folder, for documents that name both.
pub fn label(root: &Path, path: &Path) -> RelPath {
    label_of(root, path).unwrap_or_else(|_| RelPath::new(path.to_string_lossy()))
}

/// What is asked about a log of predictions.
#[derive(Debug, Clone, Default)]
pub struct MonitorWishes {
    /// What the model was trained on, or a log whose outcomes are known.
    pub reference: Option<PathBuf>,
    /// What turned out to be true, by identifier.
    pub labels: Option<PathBuf>,
    /// Size of the windows; chosen by the span of the log if absent.
    pub window: Option<WindowKind>,
    /// What columns stand for: the column, its role, and the class of a score.
    pub columns: Vec<(String, LogRole, Option<String>)>,
}

/// What a log of predictions says about its models, window by window.
///
/// # Errors
/// If the log, the reference or the labels cannot be read at all, or a named column does not exist.
pub fn monitor(
    log: &Path,
    wishes: &MonitorWishes,
    now: Timestamp,
    progress: &dyn Fn(f64, &str),
) -> Answer<MonitorReport> {
    let input = MonitorInput {
        log: log.to_owned(),
        reference: wishes.reference.clone(),
        labels: wishes.labels.clone(),
        window: wishes.window,
        columns: wishes
            .columns
            .iter()
            .map(|(column, role, class)| Wish { column: column.clone(), role: *role, class: class.clone() })
            .collect(),
        now: now.ms(),
    };
    Ok(proofmark_analysis::monitor::monitor(&input, &never, progress)?)
}

/// What to write of a reading besides showing it.
#[derive(Debug, Clone, Default)]
pub struct MonitorFiles {
    /// A self-contained HTML document.
    pub html: Option<PathBuf>,
    /// The same as PDF.
    pub pdf: Option<PathBuf>,
    /// The text format of Prometheus.
    pub prometheus: Option<PathBuf>,
    /// The request to train anew, JSON.
    pub retraining: Option<PathBuf>,
}

/// Writes documents about a reading. Each file is there as a whole or not at all, so that a collector never reads half of one.
///
/// # Errors
/// If one cannot be made or written.
pub fn write_monitor(log: &Path, report: &MonitorReport, now: Timestamp, files: &MonitorFiles) -> Answer<()> {
    let internal =
        |error: String| Trouble::new(ErrorCode::Internal, format!("The document could not be made: {error}."));
    let request = proofmark_domain::monitor::retraining(report, now);
    if files.html.is_some() || files.pdf.is_some() {
        let name = log.file_name().map_or_else(|| "log".to_owned(), |it| it.to_string_lossy().into_owned());
        let document = MonitorDocument {
            title: report.main.model.as_deref().unwrap_or(&name),
            project: None,
            generated_at: now,
            report,
            retraining: &request,
        };
        for (to, form) in [(&files.html, Form::Html), (&files.pdf, Form::Pdf)] {
            if let Some(to) = to {
                replace(to, &document.write(form).map_err(|error| internal(error.to_string()))?)?;
            }
        }
    }
    if let Some(to) = &files.prometheus {
        replace(to, proofmark_report::interop::prometheus(report).as_bytes())?;
    }
    if let Some(to) = &files.retraining {
        let mut document = serde_json::to_value(&request).map_err(|error| internal(error.to_string()))?;
        if let Some(fields) = document.as_object_mut() {
            fields.insert("schema".to_owned(), "proofmark/retraining/1".into());
        }
        let text = serde_json::to_string_pretty(&document).map_err(|error| internal(error.to_string()))?;
        replace(to, format!("{text}\n").as_bytes())?;
    }
    Ok(())
}

/// Writes a file beside its place and moves it there.
fn replace(to: &Path, bytes: &[u8]) -> Answer<()> {
    let mut name = to.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.part", std::process::id()));
    let part = to.with_file_name(name);
    let written = std::fs::write(&part, bytes).and_then(|()| std::fs::rename(&part, to));
    written.map_err(|error| {
        // What is left of the attempt is of no use; if it cannot be removed, the error that follows says enough.
        let _ = std::fs::remove_file(&part);
        io_trouble("writing", to, &error)
    })
}

/// The newest lines of a log, or those after a position.
///
/// # Errors
/// If it cannot be read, or is no file of lines.
pub fn tail(log: &Path, after: Option<u64>, most: usize) -> Answer<proofmark_contract::view::LogTail> {
    super::tail::tail(log, after, most)
}

//! Looks at data sets: profile, checks, sensitive columns. Each new version is looked at once, and the reports are kept by its digest.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use proofmark_analysis::facade::{self, CheckInput, ReadOptions, Table};
use proofmark_contract::view::{JobRef, ReferenceBasis, ScreenStart};
use proofmark_contract::{EngineEvent, Notice, NoticeTone};
use proofmark_domain::Digest;
use proofmark_domain::artifact::{FileFacts, RelPath};
use proofmark_domain::attention::Target;
use proofmark_domain::check::{CheckReport, CheckVerdict, Rule, Severity};
use proofmark_domain::id::ReportId;
use proofmark_domain::job::JobKind;
use proofmark_domain::profile::TableProfile;
use proofmark_domain::project::Project;
use proofmark_domain::sensitive::{SensitiveGroup, SensitivityReport};
use proofmark_domain::series;
use proofmark_intake::files::resolve;
use proofmark_ledger::{AuditEntry, FileState, NewReport, ReportHead, ReportKind, StoredDecision};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::Engine;
use crate::config::ProjectConfig;
use crate::jobs::{JobPlan, Worker};
use crate::scan::is_tabular;
use crate::trouble::{Answer, Trouble};
use crate::usecase::findings::judged_heads;

/// Changes when the computation does, so that old reports are not taken for new ones.
pub(crate) const VERSION: &str = "1";
/// The same of what is read from model files.
pub(crate) const MODEL_VERSION: &str = "2";

/// What a data set is compared with, and why.
pub(crate) struct Reference {
    pub(crate) facts: FileFacts,
    pub(crate) basis: ReferenceBasis,
}

/// A label as the summary of a report holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SummaryLabel {
    pub(crate) label: String,
    pub(crate) group: SensitiveGroup,
    pub(crate) column: String,
}

/// What a person decided about a column.
pub(crate) const LABEL_SUBJECT: &str = "sensitive_label";
/// What a person decided about a finding.
pub(crate) const FINDING_SUBJECT: &str = "finding";

/// The labels of a report's summary, with what people decided: their word wins.
pub(crate) fn labels_in(summary: &Value, decisions: &[&StoredDecision]) -> Vec<SummaryLabel> {
    let mut labels: Vec<SummaryLabel> =
        summary.get("labels").and_then(|it| serde_json::from_value(it.clone()).ok()).unwrap_or_default();
    for stored in decisions.iter().filter(|it| it.decision.about.subject == LABEL_SUBJECT) {
        let column = &stored.decision.about.column;
        labels.retain(|it| it.column != *column);
        if let Some(label) = stored.decision.decision.strip_prefix("label:") {
            let group = facade::label_group(label).unwrap_or(SensitiveGroup::Direct);
            labels.push(SummaryLabel { label: label.to_owned(), group, column: column.clone() });
        }
    }
    labels
}

/// Findings by severity: error, warn, info.
pub(crate) fn counts_in(summary: &Value) -> (u64, u64, u64) {
    let count = |name: &str| summary.get(name).and_then(Value::as_u64).unwrap_or(0);
    (count("errors"), count("warnings"), count("remarks"))
}

impl Engine {
    /// Starts to look at the data sets of a project that were not looked at yet, or at one of them again.
    ///
    /// # Errors
    /// If there is no such project or data set.
    pub fn screen_start(&self, request: ScreenStart) -> Answer<JobRef> {
        let project = self.project(request.project)?;
        let Some(path) = request.path else { return self.screen_project(&project) };
        let title = format!("Looking at {path}");
        let only = RelPath::new(path);
        self.file(&project, &only)?;
        let plan = JobPlan { kind: JobKind::Screen, title, project: Some(project.id), unit: "data sets", notice: None };
        self.start_job(plan, move |engine, worker| engine.screen(&project, Some(&only), worker))
    }

    pub(crate) fn screen(&self, project: &Project, only: Option<&RelPath>, worker: &Worker) -> Answer<()> {
        let limit = self.settings()?.screen_size_limit;
        let files: Vec<FileState> = self
            .present(project)?
            .into_values()
            .filter(|state| is_tabular(state.facts.kind) && only.is_none_or(|path| state.facts.path == *path))
            .filter(|state| only.is_some() || state.facts.size <= limit)
            .collect();
        let total = files.len() as u64 * 2;
        let failed_before: BTreeSet<RelPath> = self.failed_tables(project)?.into_iter().map(|(path, _)| path).collect();
        self.keep_config(project)?;
        let now = self.config_now(project)?;
        let config = now.config;
        // Profiles first: what a table is compared with is found among them.
        let mut done = 0;
        for state in &files {
            worker.check()?;
            worker.progress(done, Some(total), state.facts.path.as_str());
            self.profile_once(project, &state.facts, &config, worker)?;
            done += 1;
        }
        let note = now
            .problem
            .map(|(_, trouble)| format!("{} The rules that were last understood were applied.", trouble.0.message));
        for state in &files {
            worker.check()?;
            worker.progress(done, Some(total), state.facts.path.as_str());
            self.check_once(project, &state.facts, &config, note.as_deref(), worker)?;
            done += 1;
        }
        worker.progress(total, Some(total), "");
        let looked_at: Vec<FileFacts> = files.into_iter().map(|state| state.facts).collect();
        self.hold_by_screening(project, &looked_at, config.screening.hold)?;
        self.tell_failures(project, &failed_before)
    }

    /// Profile and sensitive columns of one version, unless they are known. A file that cannot be read as a table is recorded as such.
    fn profile_once(
        &self,
        project: &Project,
        facts: &FileFacts,
        config: &ProjectConfig,
        worker: &Worker,
    ) -> Answer<()> {
        let reading = reading_of(config, facts.path.as_str());
        let key = profile_key(&reading);
        let (newest, older) = self.ledger().read::<_, Trouble>(|read| {
            let newest =
                read.reports().newest_heads(ReportKind::Profile, [&facts.digest])?.into_iter().flatten().next();
            Ok((newest, read.reports().newest::<Value>(ReportKind::Sensitive, &facts.digest)?))
        })?;
        let known = self.is_known(ReportKind::Profile, facts, None, &key)?;
        let unreadable = newest.is_some_and(|it| it.verdict.as_deref() == Some("unreadable"));
        let judged = older.as_ref().is_some_and(|it| it.head.params_key == detector_key());
        if known && (unreadable || judged) {
            return Ok(());
        }
        // An older detector judged: the columns are judged again, and the profile with them, which hides values by their labels.
        let older: Option<SensitivityReport> = older.and_then(|it| serde_json::from_value(it.body).ok());
        let path = absolute(project, &facts.path)?;
        let cancel = || worker.cancelled();
        let measured = Table::open_as(&path, &reading).map_err(Trouble::from).and_then(|table| {
            let look = facade::look(&table, &cancel)?;
            let sensitive = look.sensitive(&table, &cancel)?;
            let mut profile = look.profile(&table)?;
            profile.digest = Some(facts.digest);
            Ok((profile, sensitive))
        });
        worker.check()?;
        match measured {
            Ok((mut profile, mut sensitive)) => {
                facts.path.as_str().clone_into(&mut profile.path);
                facts.path.as_str().clone_into(&mut sensitive.path);
                sensitive.changed = older.map(|older| sensitive.changes_from(&older));
                self.keep_profile(project, facts, &key, profile, &sensitive)
            }
            Err(trouble) => self.keep_unreadable(project, facts, &key, &trouble),
        }
    }

    fn keep_profile(
        &self,
        project: &Project,
        facts: &FileFacts,
        key: &str,
        mut profile: TableProfile,
        sensitive: &SensitivityReport,
    ) -> Answer<()> {
        let is_sensitive = |name: &str| sensitive.columns.iter().any(|column| column.name == name && column.sensitive);
        profile.mask(&is_sensitive);
        let labels: Vec<SummaryLabel> = sensitive
            .sensitive_columns()
            .flat_map(|column| {
                column.labels.first().map(|label| SummaryLabel {
                    label: label.label.clone(),
                    group: column.group.unwrap_or(SensitiveGroup::Direct),
                    column: column.name.clone(),
                })
            })
            .collect();
        let shape = json!({"rows": profile.rows, "columns": profile.columns.len()});
        let entry = AuditEntry::new("proofmark", "data.screen", facts.path.as_str());
        self.ledger().write(self.now(), entry, |write| -> Answer<()> {
            let mut head = self.head(ReportKind::Profile, project, facts, None, None, shape);
            key.clone_into(&mut head.params_key);
            write.reports().add(&NewReport { head, body: &profile })?;
            let mut head = self.head(ReportKind::Sensitive, project, facts, None, None, json!({"labels": labels}));
            head.params_key = detector_key();
            if let Some(changed) = &sensitive.changed {
                write.note("detector_before", changed.from);
                write.note("columns_judged_otherwise", changed.columns.len());
            }
            write.reports().add(&NewReport { head, body: sensitive })?;
            Ok(())
        })
    }

    fn keep_unreadable(&self, project: &Project, facts: &FileFacts, key: &str, trouble: &Trouble) -> Answer<()> {
        let problem = json!({"problem": trouble.0.message});
        let entry = AuditEntry::new("proofmark", "data.unreadable", facts.path.as_str());
        self.ledger().write(self.now(), entry, |write| -> Answer<()> {
            let mut head =
                self.head(ReportKind::Profile, project, facts, None, Some("unreadable".into()), problem.clone());
            key.clone_into(&mut head.params_key);
            write.reports().add(&NewReport { head, body: &problem })?;
            Ok(())
        })?;
        let path = absolute(project, &facts.path)?;
        // Some files are no tables and yet say what is wrong with them: empty, cut off, another format.
        if let Some(report) = facade::check_unreadable(&path) {
            self.keep_check(project, facts, None, VERSION, report)?;
        }
        Ok(())
    }

    /// Whether what counts of these bytes was made in this way. The same bytes under another path may have been looked at in another
    /// way since; then one that was made in this way will do.
    fn is_known(&self, kind: ReportKind, facts: &FileFacts, reference: Option<&Digest>, key: &str) -> Answer<bool> {
        self.ledger().read::<_, Trouble>(|read| {
            let newest = read.reports().newest_heads(kind, [&facts.digest])?.into_iter().flatten().next();
            Ok(match newest {
                None => false,
                Some(head) if head.params_key == key && head.reference.as_ref() == reference => true,
                Some(head) if head.path.as_ref() == Some(&facts.path) => false,
                Some(_) => read.reports().newest_exact::<Value>(kind, &facts.digest, reference, key)?.is_some(),
            })
        })
    }

    fn check_once(
        &self,
        project: &Project,
        facts: &FileFacts,
        config: &ProjectConfig,
        note: Option<&str>,
        worker: &Worker,
    ) -> Answer<()> {
        if self.stored_profile(&facts.digest)?.is_none() {
            return Ok(());
        }
        let reference = self.reference_of(project, facts, config)?.map(|it| it.facts);
        let reference_digest = reference.as_ref().map(|it| it.digest);
        let rules = config.rules_for(facts.path.as_str());
        let reading = reading_of(config, facts.path.as_str());
        let key = check_key(&rules, &reading);
        if self.is_known(ReportKind::Check, facts, reference_digest.as_ref(), &key)? {
            return Ok(());
        }
        let cancel = || worker.cancelled();
        let table = match Table::open_as(&absolute(project, &facts.path)?, &reading) {
            Ok(table) => table,
            Err(error) => return self.keep_unreadable(project, facts, &profile_key(&reading), &error.into()),
        };
        let reference_table = match &reference {
            Some(reference) => {
                let reading = reading_of(config, reference.path.as_str());
                Table::open_as(&absolute(project, &reference.path)?, &reading).ok()
            }
            None => None,
        };
        let named = |path: &str| config.dataset(path).and_then(|it| it.target.as_deref());
        let target = named(facts.path.as_str()).or_else(|| reference.as_ref().and_then(|it| named(it.path.as_str())));
        let related = self.related_tables(project, facts, reference.as_ref(), config)?;
        let input = CheckInput {
            reference: reference_table.as_ref(),
            test: None,
            related: &related,
            target,
            rules: &rules,
            now: self.now(),
            every_row: false,
        };
        let mut report = facade::check(&table, &input, &cancel)?;
        worker.check()?;
        facts.path.as_str().clone_into(&mut report.path);
        report.reference = reference.as_ref().map(|it| it.path.as_str().to_owned());
        report.notes.extend(note.map(str::to_owned));
        if let Some(sensitive) = self.sensitive_columns_of(project, &facts.path, &facts.digest)? {
            report.mask(&|name| sensitive.contains(name), &|name| table.columns().iter().any(|it| it == name));
        }
        self.keep_check(project, facts, reference.as_ref(), &key, report)
    }

    /// Other tables of the same folder of a project that columns of this one may point to, as far as they are few and small.
    fn related_tables(
        &self,
        project: &Project,
        facts: &FileFacts,
        reference: Option<&FileFacts>,
        config: &ProjectConfig,
    ) -> Answer<Vec<Table>> {
        const MOST: usize = 12;
        const LARGEST: u64 = 64 << 20;
        let folder =
            |path: &RelPath| path.as_str().rsplit_once('/').map_or(String::new(), |(folder, _)| folder.to_owned());
        let beside: Vec<FileFacts> = self
            .present(project)?
            .into_values()
            .map(|it| it.facts)
            .filter(|it| is_tabular(it.kind) && it.path != facts.path && folder(&it.path) == folder(&facts.path))
            .filter(|it| it.size <= LARGEST && reference.is_none_or(|r| r.path != it.path))
            .collect();
        if beside.len() > MOST {
            return Ok(Vec::new());
        }
        let mut tables = Vec::new();
        for other in beside {
            // A neighbour that cannot be read gets its own notice when it is screened.
            let reading = reading_of(config, other.path.as_str());
            tables.extend(Table::open_as(&absolute(project, &other.path)?, &reading).ok());
        }
        Ok(tables)
    }

    fn keep_check(
        &self,
        project: &Project,
        facts: &FileFacts,
        reference: Option<&FileFacts>,
        key: &str,
        report: CheckReport,
    ) -> Answer<()> {
        let count = |severity: Severity| report.findings.iter().filter(|it| it.severity == severity).count();
        let summary = json!({
            "errors": count(Severity::Error),
            "warnings": count(Severity::Warn),
            "remarks": count(Severity::Info),
            "first": report.findings.first().map(|it| it.message.clone()),
        });
        let verdict = word_of(report.verdict);
        let entry = AuditEntry::new("proofmark", "data.check", facts.path.as_str());
        self.ledger().write(self.now(), entry, |write| -> Answer<()> {
            write.note("verdict", verdict);
            let mut head = self.head(ReportKind::Check, project, facts, reference, Some(verdict.into()), summary);
            key.clone_into(&mut head.params_key);
            write.reports().add(&NewReport { head, body: &report })?;
            Ok(())
        })?;
        Ok(())
    }

    /// One notice for one look, however many data sets failed.
    fn tell_failures(&self, project: &Project, before: &BTreeSet<RelPath>) -> Answer<()> {
        let failed = self.failed_tables(project)?;
        let new: Vec<&(RelPath, String)> = failed.iter().filter(|(path, _)| !before.contains(path)).collect();
        let held = self.held_paths(project)?;
        let (text, target) = match new[..] {
            [] => return Ok(()),
            [(path, why)] => {
                let held = if held.contains(path) { " and is held back" } else { "" };
                let text = format!("{path} failed its checks{held}. {why}");
                (text, Target::Dataset { project: project.id, path: path.as_str().to_owned() })
            }
            [(first, _), ..] => {
                let held = match new.iter().filter(|(path, _)| held.contains(path)).count() {
                    0 => String::new(),
                    count => format!("; {count} of them are held back"),
                };
                let text = format!(
                    "{} data sets of {} failed their checks, {first} among them{held}.",
                    new.len(),
                    project.name
                );
                (text, Target::Project { project: project.id })
            }
        };
        self.0
            .events
            .emit(&EngineEvent::Notice { notice: Notice { tone: NoticeTone::Fail, text, target: Some(target) } });
        Ok(())
    }

    /// Paths under which data lies that is held back.
    fn held_paths(&self, project: &Project) -> Answer<BTreeSet<RelPath>> {
        let holds = self.holds(project)?;
        let held = |state: &FileState| holds.get(&state.facts.digest).is_some_and(|(_, word)| word.is_held());
        Ok(self.present(project)?.into_iter().filter(|(_, state)| held(state)).map(|(path, _)| path).collect())
    }

    /// Data sets whose newest check failed, each with its first finding that counts.
    pub(crate) fn failed_tables(&self, project: &Project) -> Answer<Vec<(RelPath, String)>> {
        let tables: Vec<FileState> =
            self.present(project)?.into_values().filter(|it| is_tabular(it.facts.kind)).collect();
        let now = self.now();
        let heads = self.ledger().read::<_, Trouble>(|read| {
            let heads = read.reports().newest_heads(ReportKind::Check, tables.iter().map(|it| &it.facts.digest))?;
            judged_heads(read, heads, now)
        })?;
        Ok(tables
            .into_iter()
            .zip(heads)
            .filter_map(|(state, judged)| {
                let judged = judged.filter(|it| it.verdict == Some(CheckVerdict::Fail))?;
                Some((state.facts.path, judged.first.unwrap_or_default()))
            })
            .collect())
    }

    /// The table that a data set is compared with: the one that a person named, the one that the project's file names, or the one
    /// that comes before it in a series of files with the same columns.
    pub(crate) fn reference_of(
        &self,
        project: &Project,
        facts: &FileFacts,
        config: &ProjectConfig,
    ) -> Answer<Option<Reference>> {
        let chosen: Option<Option<String>> = self
            .ledger()
            .read::<_, Trouble>(|read| Ok(read.settings().get(&reference_setting(project, &facts.path))?))?;
        let (named, basis) = match chosen {
            Some(chosen) => (chosen, ReferenceBasis::Chosen),
            None => match config.dataset(facts.path.as_str()).and_then(|it| it.reference.clone()) {
                Some(named) => (Some(named), ReferenceBasis::ProjectFile),
                None => (self.before_in_series(project, facts)?, ReferenceBasis::Series),
            },
        };
        let Some(named) = named else { return Ok(None) };
        let path = RelPath::new(named);
        let found = self.ledger().read::<_, Trouble>(|read| Ok(read.files().by_path(project.id, &path)?))?;
        let found = found.map(|state| state.facts).filter(|it| it.digest != facts.digest);
        Ok(found.map(|facts| Reference { facts, basis }))
    }

    /// The file before this one in a series such as `sales_2026-09.csv`, `sales_2026-10.csv`, if the two have most of their columns in common.
    fn before_in_series(&self, project: &Project, facts: &FileFacts) -> Answer<Option<String>> {
        let present = self.present(project)?;
        let tables = present.values().filter(|it| it.facts.kind == facts.kind && is_tabular(it.facts.kind));
        let before = series::predecessor(facts.path.as_str(), tables.map(|it| it.facts.path.as_str()));
        let Some(before) = before.and_then(|path| present.get(&RelPath::new(path))) else { return Ok(None) };
        let (Some(own), Some(other)) =
            (self.stored_profile(&facts.digest)?, self.stored_profile(&before.facts.digest)?)
        else {
            return Ok(None);
        };
        let known: BTreeSet<&str> = other.columns.iter().map(|it| it.name.as_str()).collect();
        let common = own.columns.iter().filter(|it| known.contains(it.name.as_str())).count();
        let alike = common * 2 > own.columns.len().max(other.columns.len());
        Ok(alike.then(|| before.facts.path.as_str().to_owned()))
    }

    pub(crate) fn stored_profile(&self, digest: &Digest) -> Answer<Option<TableProfile>> {
        let stored = self
            .ledger()
            .read::<_, Trouble>(|read| Ok(read.reports().newest::<Value>(ReportKind::Profile, digest)?))?;
        let Some(stored) = stored.filter(|it| it.head.verdict.as_deref() != Some("unreadable")) else {
            return Ok(None);
        };
        Ok(serde_json::from_value(stored.body).ok())
    }

    pub(crate) fn head(
        &self,
        kind: ReportKind,
        project: &Project,
        facts: &FileFacts,
        reference: Option<&FileFacts>,
        verdict: Option<String>,
        summary: Value,
    ) -> ReportHead {
        ReportHead {
            id: ReportId::from_uuid(self.0.clock.new_id()),
            kind,
            project: Some(project.id),
            path: Some(facts.path.clone()),
            digest: facts.digest,
            reference: reference.map(|it| it.digest),
            reference_path: reference.map(|it| it.path.clone()),
            params_key: VERSION.to_owned(),
            created_at: self.now(),
            verdict,
            summary,
        }
    }
}

/// The setting in which a person's choice of a reference lies.
pub(crate) fn reference_setting(project: &Project, path: &RelPath) -> String {
    format!("reference/{}/{path}", project.id)
}

/// Judgements of another version of the detector do not count as this one's.
fn detector_key() -> String {
    format!("{VERSION}:detector-{}", facade::DETECTOR_VERSION)
}

/// Profiles of a file that was read in another way do not count.
fn profile_key(reading: &ReadOptions) -> String {
    format!("{VERSION}{}", reading.key())
}

/// Reports made under other rules, or of a file that was read in another way, do not count.
fn check_key(rules: &[Rule], reading: &ReadOptions) -> String {
    let rules =
        if rules.is_empty() { String::new() } else { format!(":{}", serde_json::to_string(rules).unwrap_or_default()) };
    format!("{VERSION}{rules}{}", reading.key())
}

/// How a project's own file says that a data set is read.
pub(crate) fn reading_of(config: &ProjectConfig, path: &str) -> ReadOptions {
    config.reading(path)
}

pub(crate) fn absolute(project: &Project, path: &RelPath) -> Answer<PathBuf> {
    Ok(resolve(Path::new(&project.root), path)?)
}

pub(crate) const fn word_of(verdict: CheckVerdict) -> &'static str {
    match verdict {
        CheckVerdict::Pass => "pass",
        CheckVerdict::Warn => "warn",
        CheckVerdict::Fail => "fail",
    }
}

pub(crate) fn verdict_of(word: &str) -> Option<CheckVerdict> {
    [CheckVerdict::Pass, CheckVerdict::Warn, CheckVerdict::Fail].into_iter().find(|it| word_of(*it) == word)
}

//! Findings of all data sets in one list, and where they stand with people.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use proofmark_analysis::facade::{self, Table};
use proofmark_contract::ErrorCode;
use proofmark_contract::view::*;
use proofmark_domain::artifact::{FileFacts, RelPath};
use proofmark_domain::check::{CheckReport, CheckVerdict, Finding, FindingKind, Severity};
use proofmark_domain::counts::counted;
use proofmark_domain::id::ProjectId;
use proofmark_domain::profile::TableProfile;
use proofmark_domain::project::Project;
use proofmark_domain::rules;
use proofmark_domain::sensitive::SensitivityReport;
use proofmark_domain::standing::{self, FindingState, Said};
use proofmark_domain::{Digest, Timestamp};
use proofmark_ledger::{DecisionKey, Read, ReportHead, ReportKind, StoredDecision, StoredReport};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::data::{TABLES, kind_word, with_decisions};
use crate::Engine;
use crate::screen::{FINDING_SUBJECT, absolute, counts_in, reading_of, verdict_of};
use crate::trouble::{Answer, Trouble};

/// Checks of one data set that are looked through for findings that are gone, and for when each was first found.
const REMEMBERED: u32 = 8;

/// Findings of one answer, if the request does not say.
const PAGE: u64 = 200;

/// Rows that are shown of one finding.
const EXAMPLES: usize = 10;

/// Columns of these rows: those of the finding and the first others.
const EXAMPLE_COLUMNS: usize = 12;

/// What is left of a check once what people said about its findings is taken into account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Judged {
    pub(crate) verdict: Option<CheckVerdict>,
    /// Findings that count by severity: error, warn, info.
    pub(crate) counts: (u64, u64, u64),
    /// The first finding that counts.
    pub(crate) first: Option<String>,
}

/// The columns of a finding as decisions hold them: in whatever order a check names them, they are the same.
fn column_key(columns: &[String]) -> String {
    let mut columns = columns.to_vec();
    columns.sort();
    columns.join("\n")
}

type Key = (FindingKind, String);

fn key_of(finding: &Finding) -> Key {
    (finding.kind, column_key(&finding.columns))
}

/// What people said about findings, by kind and columns.
fn said_about(decisions: &[StoredDecision]) -> BTreeMap<Key, Said> {
    let one = |stored: &StoredDecision| {
        let decision = &stored.decision;
        let kind: FindingKind = serde_json::from_value(Value::String(decision.about.key.clone())).ok()?;
        let moment = |name: &str| decision.detail.get(name).and_then(Value::as_str).and_then(|it| it.parse().ok());
        let said = Said {
            state: FindingState::of_word(&decision.decision)?,
            reason: decision.reason.clone(),
            by: decision.actor.clone(),
            at: stored.at,
            until: moment("until"),
            share: decision.detail.get("share").and_then(Value::as_f64),
        };
        Some(((kind, decision.about.column.clone()), said))
    };
    decisions.iter().filter(|it| it.decision.about.subject == FINDING_SUBJECT).filter_map(one).collect()
}

/// The verdict of a check without what does not count. `decisions` are those about its data set.
pub(crate) fn judged(
    read: &Read<'_>,
    head: &ReportHead,
    decisions: &[StoredDecision],
    now: Timestamp,
) -> Answer<Judged> {
    let said = said_about(decisions);
    let as_found = Judged {
        verdict: head.verdict.as_deref().and_then(verdict_of),
        counts: counts_in(&head.summary),
        first: head.summary.get("first").and_then(Value::as_str).map(str::to_owned),
    };
    if said.values().all(|it| it.state.counts()) {
        return Ok(as_found);
    }
    let Some(report) = read.reports().by_id::<CheckReport>(head.id)? else { return Ok(as_found) };
    let standing: Vec<(&Finding, FindingState)> = report
        .body
        .findings
        .iter()
        .map(|finding| (finding, standing::standing(finding, said.get(&key_of(finding)), now).0))
        .collect();
    let count = |severity| {
        standing.iter().filter(|(finding, state)| state.counts() && finding.severity == severity).count() as u64
    };
    Ok(Judged {
        verdict: Some(standing::verdict(standing.iter().copied())),
        counts: (count(Severity::Error), count(Severity::Warn), count(Severity::Info)),
        first: standing.iter().find(|(_, state)| state.counts()).map(|(finding, _)| finding.message.clone()),
    })
}

/// The newest checks of these bytes as they stand with people, each under the project and path that it was made for.
pub(crate) fn judged_heads(
    read: &Read<'_>,
    heads: Vec<Option<ReportHead>>,
    now: Timestamp,
) -> Answer<Vec<Option<Judged>>> {
    let mut known: BTreeMap<(ProjectId, RelPath), Vec<StoredDecision>> = BTreeMap::new();
    heads
        .into_iter()
        .map(|head| {
            let Some(head) = head else { return Ok(None) };
            let (Some(project), Some(path)) = (head.project, head.path.clone()) else {
                return judged(read, &head, &[], now).map(Some);
            };
            let decisions = match known.entry((project, path.clone())) {
                Entry::Occupied(it) => it.into_mut(),
                Entry::Vacant(it) => it.insert(read.decisions().standing(project, Some(&path))?),
            };
            judged(read, &head, decisions, now).map(Some)
        })
        .collect()
}

/// The identifier of a finding: the same data set, kind and columns give the same.
fn id_of(project: ProjectId, path: &RelPath, (kind, columns): &Key) -> String {
    let text = format!("{project}\0{path}\0{}\0{columns}", kind_word(*kind));
    Sha256::digest(text.as_bytes()).iter().take(5).map(|byte| format!("{byte:02x}")).collect()
}

impl Engine {
    /// Findings of all data sets, or of some.
    ///
    /// # Errors
    /// If there is no such project, or the ledger cannot be read.
    pub fn finding_list(&self, request: FindingQuery) -> Answer<FindingPage> {
        let projects = self.projects_in(&ProjectFilter { project: request.project })?;
        let path = request.path.clone().map(RelPath::new);
        let mut all = Vec::new();
        for project in &projects {
            all.extend(self.findings_of(project, path.as_ref())?);
        }
        let words: Vec<String> = request
            .text
            .iter()
            .flat_map(|it| it.to_lowercase().split_whitespace().map(str::to_owned).collect::<Vec<_>>())
            .collect();
        all.retain(|row| {
            request.severity.is_none_or(|it| it == row.finding.severity)
                && request.kind.is_none_or(|it| it == row.finding.kind)
                && holds(row, &words)
        });
        let counts = counts_of(&all);
        let asked = |state: FindingState| {
            if request.states.is_empty() { state.counts() } else { request.states.contains(&state) }
        };
        all.retain(|row| asked(row.state));
        sort(&mut all);
        let total = all.len() as u64;
        let limit = request.limit.unwrap_or(PAGE);
        let mut findings: Vec<FindingRow> = all
            .into_iter()
            .skip(usize::try_from(request.offset).unwrap_or(usize::MAX))
            .take(usize::try_from(limit).unwrap_or(usize::MAX))
            .collect();
        self.add_rules(&projects, &mut findings)?;
        Ok(FindingPage { sentence: sentence(&counts), findings, total, counts })
    }

    /// The findings of one data set or of all of a project, without the rules that could be made of them.
    pub(crate) fn findings_of(&self, project: &Project, path: Option<&RelPath>) -> Answer<Vec<FindingRow>> {
        let tables: Vec<FileFacts> = match path {
            Some(path) => vec![self.file(project, path)?.facts],
            None => self.files_of_kind(project, &TABLES)?,
        };
        let now = self.now();
        self.ledger().read::<_, Trouble>(|read| {
            let mut decisions: BTreeMap<RelPath, Vec<StoredDecision>> = BTreeMap::new();
            for stored in read.decisions().standing(project.id, path)? {
                decisions.entry(stored.decision.about.path.clone()).or_default().push(stored);
            }
            let mut history: BTreeMap<RelPath, Vec<StoredReport<CheckReport>>> = BTreeMap::new();
            for stored in
                read.reports().newest_of_paths::<CheckReport>(project.id, ReportKind::Check, path, REMEMBERED)?
            {
                if let Some(path) = stored.head.path.clone() {
                    history.entry(path).or_default().push(stored);
                }
            }
            let mut rows = Vec::new();
            for facts in &tables {
                let Some(current) = read.reports().newest::<CheckReport>(ReportKind::Check, &facts.digest)? else {
                    continue;
                };
                let said = decisions.get(&facts.path).map(|it| said_about(it)).unwrap_or_default();
                let before: Vec<StoredReport<CheckReport>> = history
                    .remove(&facts.path)
                    .unwrap_or_default()
                    .into_iter()
                    .filter(|it| it.head.id != current.head.id)
                    .collect();
                rows.extend(rows_of(project, facts, &current, &before, &said, now));
            }
            Ok(rows)
        })
    }

    /// The rule that each of these findings would become.
    pub(crate) fn add_rules(&self, projects: &[Project], rows: &mut [FindingRow]) -> Answer<()> {
        let mut known: BTreeMap<(ProjectId, String), (Option<TableProfile>, Option<TableProfile>)> = BTreeMap::new();
        for row in rows.iter_mut().filter(|it| it.state != FindingState::Resolved) {
            let profiles = match known.entry((row.project, row.path.clone())) {
                Entry::Occupied(it) => it.into_mut(),
                Entry::Vacant(it) => {
                    let Some(project) = projects.iter().find(|it| it.id == row.project) else { continue };
                    let config = self.config_now(project)?.config;
                    let facts = self.file(project, &RelPath::new(row.path.clone()))?.facts;
                    let reference = match self.reference_of(project, &facts, &config)? {
                        Some(reference) => self.stored_profile(&reference.facts.digest)?,
                        None => None,
                    };
                    it.insert((self.stored_profile(&facts.digest)?, reference))
                }
            };
            let (Some(own), reference) = profiles else { continue };
            row.rule = rules::from_finding(&row.finding, own, reference.as_ref());
            row.rule_sentence = row.rule.as_ref().map(proofmark_domain::check::Rule::sentence);
        }
        Ok(())
    }

    /// Rows of a finding as they stand in the file. Values of sensitive columns stay hidden.
    ///
    /// # Errors
    /// If there is no such file. That the rows cannot be shown is an answer.
    pub fn finding_examples(&self, request: ExampleQuery) -> Answer<ExampleRows> {
        let project = self.project(request.project)?;
        let path = RelPath::new(request.path);
        let facts = self.file(&project, &path)?.facts;
        let none = |problem: String| ExampleRows {
            columns: Vec::new(),
            hidden: Vec::new(),
            more_columns: 0,
            rows: Vec::new(),
            problem: Some(problem),
        };
        if facts.digest != request.digest {
            return Ok(none("The file has changed since; the rows are those of the version before.".to_owned()));
        }
        if request.rows.is_empty() {
            return Ok(none("The finding is about the table as a whole, not about single rows.".to_owned()));
        }
        let config = self.config_now(&project)?.config;
        let table = match Table::open_as(&absolute(&project, &path)?, &reading_of(&config, path.as_str())) {
            Ok(table) => table,
            Err(error) => return Ok(none(Trouble::from(error).0.message)),
        };
        let (first, others): (Vec<String>, Vec<String>) =
            table.columns().iter().cloned().partition(|it| request.columns.contains(it));
        let columns: Vec<String> = first.into_iter().chain(others).take(EXAMPLE_COLUMNS).collect();
        let hidden = match self.sensitive_columns_of(&project, &facts.path, &facts.digest)? {
            Some(sensitive) => columns.iter().filter(|it| sensitive.contains(*it)).cloned().collect(),
            // Nobody has looked for sensitive columns yet: nothing is shown before somebody has.
            None => columns.clone(),
        };
        let wanted: Vec<u64> = request.rows.into_iter().take(EXAMPLES).collect();
        let found = match facade::rows(&table, &wanted, &columns, &|| self.is_closing()) {
            Ok(found) => found,
            Err(error) => return Ok(none(Trouble::from(error).0.message)),
        };
        let rows = found.into_iter().map(|(row, values)| {
            let values = columns.iter().zip(values);
            ExampleRow { row, values: values.map(|(name, it)| it.filter(|_| !hidden.contains(name))).collect() }
        });
        let rows = rows.collect();
        let more_columns = (table.columns().len() - columns.len().min(table.columns().len())) as u64;
        Ok(ExampleRows { more_columns, rows, columns, hidden, problem: None })
    }

    /// The sensitive columns of a data set with what people decided; `None` if nobody has looked yet.
    pub(crate) fn sensitive_columns_of(
        &self,
        project: &Project,
        path: &RelPath,
        digest: &Digest,
    ) -> Answer<Option<BTreeSet<String>>> {
        self.ledger().read::<_, Trouble>(|read| {
            let Some(report) = read.reports().newest::<SensitivityReport>(ReportKind::Sensitive, digest)? else {
                return Ok(None);
            };
            let decisions = read.decisions().standing(project.id, Some(path))?;
            let report = with_decisions(report.body, &decisions);
            Ok(Some(report.columns.into_iter().filter(|it| it.sensitive).map(|it| it.name).collect()))
        })
    }

    /// Says where a finding stands. The report itself stays as it is.
    ///
    /// # Errors
    /// If a reason is missing, the state is none that a person can give, or there is no such data set.
    pub fn finding_decide(&self, request: FindingDecide) -> Answer<Done> {
        let wrong = |message: &str| Err(Trouble::new(ErrorCode::InvalidRequest, message));
        if request.state == FindingState::Resolved {
            return wrong("A finding is resolved by a version of the table that does not have it, not by a word.");
        }
        if !request.state.counts() && request.reason.trim().is_empty() {
            return wrong("A reason is needed for a finding not to count: somebody will ask later.");
        }
        if request.until.is_some() && request.state != FindingState::Muted {
            return wrong("Only muting has an end.");
        }
        if request.until.is_some_and(|until| until <= self.now()) {
            return wrong("The end of muting lies in the past.");
        }
        let path = RelPath::new(request.path.clone());
        let project = self.project(request.project)?;
        let facts = self.file(&project, &path)?.facts;
        let columns = column_key(&request.columns);
        let current = self
            .ledger()
            .read::<_, Trouble>(|read| Ok(read.reports().newest::<CheckReport>(ReportKind::Check, &facts.digest)?))?;
        let share = current
            .iter()
            .flat_map(|it| &it.body.findings)
            .filter(|it| it.kind == request.kind && column_key(&it.columns) == columns)
            .map(|it| it.affected_ratio)
            .fold(None, |most: Option<f64>, it| Some(most.map_or(it, |most| most.max(it))));
        let mut detail = json!({"digest": facts.digest});
        if let Some(share) = share {
            detail["share"] = json!(share);
        }
        if let Some(until) = request.until {
            detail["until"] = json!(until);
        }
        let about = DecisionKey {
            project: request.project,
            path,
            column: columns,
            subject: FINDING_SUBJECT.into(),
            key: kind_word(request.kind),
        };
        self.decide(about, request.state.word().to_owned(), request.reason, detail)?;
        let message = match (request.state, request.until) {
            (FindingState::Open, _) => "The finding is open again.".to_owned(),
            (FindingState::Acknowledged, _) => "The finding is acknowledged; it counts.".to_owned(),
            (FindingState::Expected, _) => {
                "The finding is accepted as expected; it does not count unless it grows.".to_owned()
            }
            (_, Some(until)) => format!("The finding is muted until {until}."),
            (_, None) => "The finding is muted.".to_owned(),
        };
        Ok(Done { message })
    }
}

fn rows_of(
    project: &Project,
    facts: &FileFacts,
    current: &StoredReport<CheckReport>,
    before: &[StoredReport<CheckReport>],
    said: &BTreeMap<Key, Said>,
    now: Timestamp,
) -> Vec<FindingRow> {
    let keys = |report: &CheckReport| report.findings.iter().map(key_of).collect::<BTreeSet<Key>>();
    let had: Vec<(Timestamp, BTreeSet<Key>)> = before.iter().map(|it| (it.head.created_at, keys(&it.body))).collect();
    let since = |key: &Key, from: Timestamp| {
        had.iter().take_while(|(_, keys)| keys.contains(key)).map(|(at, _)| *at).fold(from, Timestamp::min)
    };
    let row = |digest: Digest, finding: &Finding, since: Timestamp, resolved_at: Option<Timestamp>| {
        let key = key_of(finding);
        let word = said.get(&key);
        let (state, reopened) = match resolved_at {
            Some(_) => (FindingState::Resolved, None),
            None => standing::standing(finding, word, now),
        };
        FindingRow {
            id: id_of(project.id, &facts.path, &key),
            project: project.id,
            project_name: project.name.clone(),
            path: facts.path.as_str().to_owned(),
            digest,
            finding: finding.clone(),
            state,
            reopened,
            said: word.cloned(),
            since,
            resolved_at,
            rule: None,
            rule_sentence: None,
        }
    };
    let at = current.head.created_at;
    let mut rows: Vec<FindingRow> = current
        .body
        .findings
        .iter()
        .map(|finding| row(facts.digest, finding, since(&key_of(finding), at), None))
        .collect();
    let mut seen = keys(&current.body);
    let mut later = at;
    for (place, report) in before.iter().enumerate() {
        for finding in &report.body.findings {
            let key = key_of(finding);
            if seen.insert(key.clone()) {
                let older = had.get(place + 1..).unwrap_or_default();
                let first = older
                    .iter()
                    .take_while(|(_, keys)| keys.contains(&key))
                    .map(|(at, _)| *at)
                    .fold(report.head.created_at, Timestamp::min);
                rows.push(row(report.head.digest, finding, first, Some(later)));
            }
        }
        later = report.head.created_at;
    }
    rows
}

fn holds(row: &FindingRow, words: &[String]) -> bool {
    if words.is_empty() {
        return true;
    }
    let text = format!(
        "{} {} {} {} {} {}",
        row.id,
        row.project_name,
        row.path,
        row.finding.columns.join(" "),
        kind_word(row.finding.kind).replace('_', " "),
        row.finding.message
    )
    .to_lowercase();
    words.iter().all(|word| text.contains(word.as_str()) || text.contains(&word.replace('_', " ")))
}

/// Those that count first, then the worst, then those that concern most rows.
pub(crate) fn sort(rows: &mut [FindingRow]) {
    rows.sort_by(|a, b| {
        (b.state.counts().cmp(&a.state.counts()))
            .then(b.finding.severity.cmp(&a.finding.severity))
            .then(a.state.cmp(&b.state))
            .then(b.finding.affected_ratio.total_cmp(&a.finding.affected_ratio))
            .then(b.finding.confidence.total_cmp(&a.finding.confidence))
            .then_with(|| (&a.project_name, &a.path, &a.id).cmp(&(&b.project_name, &b.path, &b.id)))
    });
}

fn counts_of(rows: &[FindingRow]) -> FindingCounts {
    let of = |state: FindingState| rows.iter().filter(|it| it.state == state).count() as u64;
    let counting: Vec<&FindingRow> = rows.iter().filter(|it| it.state.counts()).collect();
    let severe = |severity: Severity| counting.iter().filter(|it| it.finding.severity == severity).count() as u64;
    let datasets: BTreeSet<(ProjectId, &str)> = counting.iter().map(|it| (it.project, it.path.as_str())).collect();
    FindingCounts {
        open: of(FindingState::Open),
        acknowledged: of(FindingState::Acknowledged),
        expected: of(FindingState::Expected),
        muted: of(FindingState::Muted),
        resolved: of(FindingState::Resolved),
        errors: severe(Severity::Error),
        warnings: severe(Severity::Warn),
        remarks: severe(Severity::Info),
        datasets: datasets.len() as u64,
    }
}

fn sentence(counts: &FindingCounts) -> String {
    let counting = counts.open + counts.acknowledged;
    if counting == 0 {
        return match counts.expected + counts.muted + counts.resolved {
            0 => "No check has found anything.".to_owned(),
            _ => "No finding counts: what was found is resolved, expected or muted.".to_owned(),
        };
    }
    let of = |n: u64, one: &str, many: &str| (n > 0).then(|| counted(n, one, many));
    let parts: Vec<String> = [
        of(counts.errors, "error", "errors"),
        of(counts.warnings, "warning", "warnings"),
        of(counts.remarks, "remark", "remarks"),
    ]
    .into_iter()
    .flatten()
    .collect();
    let waiting = match counts.open {
        0 => "all of them acknowledged".to_owned(),
        open => format!("{} nobody has looked at", counted(open, "of them", "of them")),
    };
    format!("{} in {}; {waiting}.", super::projects::joined(&parts), counted(counts.datasets, "data set", "data sets"))
}

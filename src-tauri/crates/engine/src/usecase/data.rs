//! Data sets: what is in them, what is wrong with them, what is sensitive in them, who uses them.

use std::collections::BTreeSet;
use std::path::Path;

use proofmark_contract::ErrorCode;
use proofmark_contract::view::*;
use proofmark_domain::artifact::{ArtifactKind, Change, FileFacts, RelPath};
use proofmark_domain::check::{CheckReport, CheckVerdict, FindingKind};
use proofmark_domain::counts::counted;
use proofmark_domain::hold::HoldWord;
use proofmark_domain::job::JobKind;
use proofmark_domain::lineage::{NodeId, NodeKind};
use proofmark_domain::project::Project;
use proofmark_domain::proxy::ProxyReport;
use proofmark_domain::sensitive::{LabelScore, SensitivityReport};
use proofmark_ledger::{AuditEntry, DecisionKey, NewDecision, ReportHead, ReportKind, StoredDecision};
use serde_json::Value;

use super::files::links;
use super::projects::joined;
use crate::Engine;
use crate::graph::ProjectGraph;
use crate::screen::{LABEL_SUBJECT, labels_in, reference_setting};
use crate::trouble::{Answer, Trouble};

/// Kinds that are tables.
pub(crate) const TABLES: [ArtifactKind; 2] = [ArtifactKind::Dataset, ArtifactKind::PredictionLog];

impl Engine {
    /// Data sets of one project or all.
    ///
    /// # Errors
    /// If the ledger cannot be read.
    pub fn dataset_list(&self, request: ProjectFilter) -> Answer<DatasetList> {
        let mut datasets = Vec::new();
        for project in self.projects_in(&request)? {
            let known = self.project_graph(&project)?;
            for facts in self.files_of_kind(&project, &TABLES)? {
                datasets.push(self.dataset_row(&project, &facts, &known)?);
            }
        }
        Ok(DatasetList { datasets })
    }

    /// Everything about one data set.
    ///
    /// # Errors
    /// If there is no such file.
    pub fn dataset_show(&self, request: PathRef) -> Answer<DatasetView> {
        let project = self.project(request.project)?;
        let path = RelPath::new(request.path);
        let facts = self.file(&project, &path)?.facts;
        let known = self.project_graph(&project)?;
        let row = self.dataset_row(&project, &facts, &known)?;
        let (check, sensitive, proxies, decisions, versions, runs) = self.ledger().read::<_, Trouble>(|read| {
            let check = read.reports().newest::<CheckReport>(ReportKind::Check, &facts.digest)?.map(|it| it.body);
            let sensitive =
                read.reports().newest::<SensitivityReport>(ReportKind::Sensitive, &facts.digest)?.map(|it| it.body);
            let proxies = read.reports().newest::<ProxyReport>(ReportKind::Proxies, &facts.digest)?.map(|it| it.body);
            let decisions = read.decisions().standing(project.id, Some(&path))?;
            let versions = read.versions().of_path(project.id, &path)?;
            let runs = (read.runs().that_wrote(&facts.digest)?, read.runs().that_read(&facts.digest)?);
            Ok((check, sensitive, proxies, decisions, versions, runs))
        })?;
        let present: Vec<_> = versions
            .iter()
            .filter(|it| it.version.change.path == path && it.version.change.change != Change::Deleted)
            .collect();
        let digests: Vec<_> = present.iter().map(|it| it.version.change.digest).collect();
        let now = self.now();
        let heads = self.ledger().read::<_, Trouble>(|read| {
            let heads = read.reports().newest_heads(ReportKind::Check, &digests)?;
            super::findings::judged_heads(read, heads, now)
        })?;
        let holds = self.holds(&project)?;
        let mut dataset_versions: Vec<DatasetVersion> = present
            .iter()
            .zip(heads)
            .map(|(it, head)| DatasetVersion {
                digest: it.version.change.digest,
                seen_at: it.version.change.seen_at,
                size: it.version.size,
                verdict: head.and_then(|it| it.verdict),
                hold: holds.get(&it.version.change.digest).map(|(_, word)| word.clone()),
            })
            .collect();
        dataset_versions.reverse();
        let config = self.config_now(&project)?.config;
        let reference = self.reference_of(&project, &facts, &config)?;
        let (reference, reference_basis) = reference.map(|it| (it.facts.path.as_str().to_owned(), it.basis)).unzip();
        let others = self.files_of_kind(&project, &TABLES)?.into_iter().map(|it| it.path.as_str().to_owned());
        let sensitive = sensitive.map(|report| with_decisions(report, &decisions));
        let mut profile = self.stored_profile(&facts.digest)?;
        if let (Some(profile), Some(sensitive)) = (&mut profile, &sensitive) {
            // a person may have called a column sensitive after its profile was kept
            profile.mask(&|name| sensitive.columns.iter().any(|it| it.name == name && it.sensitive));
        }
        let models = models_of(&known, &facts);
        let mut findings = self.findings_of(&project, Some(&path))?;
        super::findings::sort(&mut findings);
        self.add_rules(std::slice::from_ref(&project), &mut findings)?;
        let first = findings.iter().find(|it| it.state.counts()).map(|it| it.finding.message.as_str());
        let (sentence, tone) = describe(&row, first, &models);
        Ok(DatasetView {
            sentence,
            tone,
            profile,
            check,
            sensitive,
            proxies,
            findings,
            versions: dataset_versions,
            written_by: links(&runs.0, Some(&facts.digest), |run| &run.outputs),
            read_by: links(&runs.1, Some(&facts.digest), |run| &run.inputs),
            models,
            reference,
            reference_basis,
            possible_references: others.filter(|it| *it != row.path).collect(),
            drifts: self
                .drift_rows(&project)?
                .into_iter()
                .filter(|it| it.current == row.path || it.reference == row.path)
                .collect(),
            row,
        })
    }

    /// Puts two versions of a data set side by side, from what was kept about them: their files may be gone.
    ///
    /// # Errors
    /// If there is no such project, or the ledger cannot be read.
    pub fn dataset_versions(&self, request: VersionPair) -> Answer<VersionPairView> {
        let project = self.project(request.project)?;
        let path = RelPath::new(request.path);
        let mut profiles = Vec::new();
        for digest in [request.before, request.after] {
            let Some(mut profile) = self.stored_profile(&digest)? else {
                let problem =
                    Some(format!("The version {} was not looked at, so nothing is known of it.", digest.short()));
                return Ok(VersionPairView { pair: None, problem });
            };
            // A person may have called a column sensitive after its profile was kept.
            if let Some(sensitive) = self.sensitive_columns_of(&project, &path, &digest)? {
                profile.mask(&|name| sensitive.contains(name));
            }
            profiles.push(profile);
        }
        let pair = match profiles.as_slice() {
            [before, after] => Some(proofmark_domain::profile_pair::pair(before, after)),
            _ => None,
        };
        Ok(VersionPairView { pair, problem: None })
    }

    /// Names the table that a data set is compared with, and looks at it again.
    ///
    /// # Errors
    /// If either does not exist.
    pub fn dataset_set_reference(&self, request: ReferenceSet) -> Answer<DatasetView> {
        let project = self.project(request.project)?;
        let path = RelPath::new(request.path.clone());
        self.file(&project, &path)?;
        if let Some(reference) = &request.reference {
            if *reference == request.path {
                return Err(Trouble::new(ErrorCode::InvalidRequest, "A data set cannot be compared with itself."));
            }
            self.file(&project, &RelPath::new(reference.clone()))?;
        }
        let entry = AuditEntry::new(self.actor(), "data.reference", request.path.clone());
        self.ledger().write(self.now(), entry, |write| -> Answer<()> {
            write.note("reference", request.reference.clone());
            write.stale(proofmark_ledger::Tag::Reports);
            Ok(write.settings().set(&reference_setting(&project, &path), &request.reference)?)
        })?;
        self.screen_start(ScreenStart { project: project.id, path: Some(request.path.clone()) })?;
        self.dataset_show(PathRef { project: project.id, path: request.path })
    }

    /// Says that a column is sensitive or is not. A person's word wins over the detector's, also when the detector changes.
    ///
    /// # Errors
    /// If the reason is missing, or there is no such data set.
    pub fn label_decide(&self, request: LabelDecide) -> Answer<Done> {
        if request.reason.trim().is_empty() {
            return Err(Trouble::new(
                ErrorCode::InvalidRequest,
                "A reason is needed: a reviewer will ask for it later.",
            ));
        }
        let about = DecisionKey {
            project: request.project,
            path: RelPath::new(request.path.clone()),
            column: request.column.clone(),
            subject: LABEL_SUBJECT.into(),
            key: "label".into(),
        };
        let (word, message) = match &request.label {
            Some(label) => (format!("label:{label}"), format!("{} now counts as {label}.", request.column)),
            None => ("not_sensitive".to_owned(), format!("{} no longer counts as sensitive.", request.column)),
        };
        self.decide(about, word, request.reason, serde_json::json!({}))?;
        Ok(Done { message })
    }

    /// A report about a file with what people decided about its columns, if it lies in a project. Their word wins.
    ///
    /// # Errors
    /// If the ledger cannot be read.
    pub fn decided(&self, file: &Path, report: SensitivityReport) -> Answer<SensitivityReport> {
        let Ok(project) = self.project_at(file) else { return Ok(report) };
        let canonical = std::fs::canonicalize(file).unwrap_or_else(|_| file.to_path_buf());
        let Ok(path) = proofmark_intake::files::label_of(Path::new(&project.root), &canonical) else {
            return Ok(report);
        };
        let decisions =
            self.ledger().read::<_, Trouble>(|read| Ok(read.decisions().standing(project.id, Some(&path))?))?;
        Ok(with_decisions(report, &decisions))
    }

    pub(super) fn decide(&self, about: DecisionKey, decision: String, reason: String, detail: Value) -> Answer<()> {
        let project = self.project(about.project)?;
        self.file(&project, &about.path)?;
        let actor = self.actor();
        let entry = AuditEntry::new(actor.clone(), format!("{}.decide", about.subject), about.path.as_str());
        let new = NewDecision { about, decision, reason: reason.trim().to_owned(), actor, detail };
        self.ledger().write(self.now(), entry, |write| -> Answer<()> {
            write.note("decision", new.decision.clone());
            write.note("column", new.about.column.clone());
            write.note("key", new.about.key.clone());
            Ok(write.decisions().add(&new)?)
        })
    }

    fn dataset_row(&self, project: &Project, facts: &FileFacts, known: &ProjectGraph) -> Answer<DatasetRow> {
        let now = self.now();
        let hold = self.holds(project)?.remove(&facts.digest).map(|(_, word)| word);
        let (profile, check, sensitive, decisions) = self.ledger().read::<_, Trouble>(|read| {
            let one = |kind| -> Answer<Option<ReportHead>> {
                Ok(read.reports().newest_heads(kind, [&facts.digest])?.into_iter().flatten().next())
            };
            let decisions = read.decisions().standing(project.id, Some(&facts.path))?;
            let check = match one(ReportKind::Check)? {
                Some(head) => Some(super::findings::judged(read, &head, &decisions, now)?),
                None => None,
            };
            Ok((one(ReportKind::Profile)?, check, one(ReportKind::Sensitive)?, decisions))
        })?;
        let decided: Vec<&StoredDecision> = decisions.iter().collect();
        let labels: BTreeSet<String> = sensitive
            .map(|head| labels_in(&head.summary, &decided))
            .unwrap_or_default()
            .into_iter()
            .map(|it| it.label)
            .collect();
        let number = |name: &str| profile.as_ref().and_then(|head| head.summary.get(name)).and_then(Value::as_u64);
        let unreadable = profile.as_ref().is_some_and(|head| head.verdict.as_deref() == Some("unreadable"));
        let screening =
            self.0.jobs.unfinished().iter().any(|job| job.kind == JobKind::Screen && job.project == Some(project.id));
        Ok(DatasetRow {
            project: project.id,
            project_name: project.name.clone(),
            path: facts.path.as_str().to_owned(),
            digest: facts.digest,
            media_type: facts.media_type.clone(),
            size: facts.size,
            modified: facts.modified,
            state: match &profile {
                Some(_) if unreadable => ScreenState::Unreadable,
                Some(_) => ScreenState::Done,
                None if screening => ScreenState::Running,
                None => ScreenState::Waiting,
            },
            problem: profile
                .as_ref()
                .filter(|_| unreadable)
                .and_then(|head| head.summary.get("problem"))
                .and_then(Value::as_str)
                .map(str::to_owned),
            rows: number("rows"),
            columns: number("columns"),
            verdict: check.as_ref().and_then(|it| it.verdict),
            findings: check.as_ref().map_or((0, 0, 0), |it| it.counts),
            labels: labels.into_iter().collect(),
            models: models_of(known, facts).len() as u64,
            is_prediction_log: facts.kind == ArtifactKind::PredictionLog,
            hold,
        })
    }
}

fn models_of(known: &ProjectGraph, facts: &FileFacts) -> Vec<ModelUse> {
    let id = NodeId::file(Some(&facts.digest), facts.path.as_str());
    let mut models: Vec<ModelUse> = known
        .confidence_below(&id)
        .into_iter()
        .filter_map(|(id, confidence)| {
            let node = known.node(id).filter(|node| node.kind == NodeKind::Model)?;
            Some(ModelUse { path: node.label.clone(), digest: node.digest?, confidence })
        })
        .collect();
    models.sort_by(|a, b| a.path.cmp(&b.path));
    models
}

pub(crate) fn kind_word(kind: FindingKind) -> String {
    serde_json::to_value(kind).ok().and_then(|it| it.as_str().map(str::to_owned)).unwrap_or_default()
}

/// The report with what people decided: their word wins.
pub(crate) fn with_decisions(mut report: SensitivityReport, decisions: &[StoredDecision]) -> SensitivityReport {
    for stored in decisions.iter().filter(|it| it.decision.about.subject == LABEL_SUBJECT) {
        let Some(column) = report.columns.iter_mut().find(|it| it.name == stored.decision.about.column) else {
            continue;
        };
        match stored.decision.decision.strip_prefix("label:") {
            Some(label) => {
                column.sensitive = true;
                column.group = proofmark_analysis::facade::label_group(label).or(column.group);
                column.labels = vec![LabelScore { label: label.to_owned(), confidence: 1.0 }];
            }
            None => {
                column.sensitive = false;
                column.group = None;
                column.labels.clear();
            }
        }
        column.factors.insert(
            0,
            proofmark_domain::sensitive::Factor {
                name: "decision".into(),
                value: stored.decision.actor.clone(),
                weight: 20.0,
                why: stored.decision.reason.clone(),
            },
        );
    }
    report
}

fn held_words(word: &HoldWord) -> String {
    format!("Held back by {}: nothing that Proofmark starts reads it", word.who())
}

/// Whether it is fit and permitted.
fn describe(row: &DatasetRow, first: Option<&str>, models: &[ModelUse]) -> (String, Tone) {
    match row.state {
        ScreenState::Waiting if row.hold.as_ref().is_some_and(HoldWord::is_held) => {
            let held = row.hold.as_ref().map(held_words).unwrap_or_default();
            return (format!("{held}. It has not been looked at yet."), Tone::Attention);
        }
        ScreenState::Waiting => {
            return ("It has not been looked at yet, so nothing can be said of it.".to_owned(), Tone::Unknown);
        }
        ScreenState::Running => return ("It is being looked at.".to_owned(), Tone::Unknown),
        ScreenState::Unreadable => {
            let why = row.problem.clone().unwrap_or_else(|| "It cannot be read as a table.".to_owned());
            let held = row.hold.as_ref().filter(|it| it.is_held()).map(|word| format!("{}. ", held_words(word)));
            return (format!("{}{why}", held.unwrap_or_default()), Tone::Attention);
        }
        ScreenState::Done => {}
    }
    let size = row.rows.map_or_else(String::new, |rows| format!("{}. ", counted(rows, "row", "rows")));
    let (fit, tone) = match (row.verdict, first) {
        (Some(CheckVerdict::Fail), Some(message)) => (format!("Not fit to train on as it is: {message}"), Tone::Fail),
        (Some(CheckVerdict::Warn), Some(message)) => (format!("Look before training: {message}"), Tone::Attention),
        (Some(_), Some(_)) => ("No check found anything worse than a remark.".to_owned(), Tone::Pass),
        (Some(_), None) => ("No check found anything wrong that counts.".to_owned(), Tone::Pass),
        (None, _) => ("Its checks have not ended yet.".to_owned(), Tone::Unknown),
    };
    let (fit, tone) = match row.hold.as_ref().filter(|it| it.is_held()) {
        Some(word) => (format!("{}. {fit}", held_words(word)), tone.max(Tone::Attention)),
        None => (fit, tone),
    };
    let permitted = if row.labels.is_empty() {
        " No sensitive column was found.".to_owned()
    } else {
        let named: Vec<String> = row.labels.iter().map(|it| super::wording::label_words(it)).collect();
        let shown = if named.len() > 4 {
            format!("{} and {} more", named[..3].join(", "), named.len() - 3)
        } else {
            joined(&named)
        };
        let into = match models.len() {
            0 => "no model here was made from it".to_owned(),
            count => format!("{} made from it", counted(count as u64, "model was", "models were")),
        };
        format!(" It contains {shown}; {into}.")
    };
    (format!("{size}{fit}{permitted}"), tone)
}

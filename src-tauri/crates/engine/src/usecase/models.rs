//! Model files: what they are, what they saw, whether they are safe.

use std::collections::{BTreeMap, BTreeSet};

use proofmark_contract::view::*;
use proofmark_domain::Digest;
use proofmark_domain::artifact::{ArtifactKind, FileFacts, RelPath};
use proofmark_domain::counts::counted;
use proofmark_domain::lineage::{Direction, Graph, GraphIndex, NodeId, NodeKind};
use proofmark_domain::model::{ModelFacts, SafetyVerdict};
use proofmark_domain::project::Project;
use proofmark_domain::release::{CandidateState, RegistryState};
use proofmark_domain::run::Run;
use proofmark_domain::sensitive::CarriedLabel;
use proofmark_intake::model::{Limits, read_model};
use proofmark_ledger::{AuditEntry, NewReport, ReportHead, ReportKind};
use serde_json::{Value, json};

use super::files::links;
use super::projects::joined;
use crate::Engine;
use crate::graph::ProjectGraph;
use crate::screen::{MODEL_VERSION, absolute};
use crate::trouble::{Answer, Trouble};

impl Engine {
    /// Model files of one project or all, newest first.
    ///
    /// # Errors
    /// If the ledger cannot be read.
    pub fn model_list(&self, request: ProjectFilter) -> Answer<ModelList> {
        let state = self.registry_state().map(|(_, state)| state);
        let mut models = Vec::new();
        for project in self.projects_in(&request)? {
            let known = self.project_graph(&project)?;
            for facts in self.files_of_kind(&project, &[ArtifactKind::Model])? {
                models.push(self.model_row(&project, &facts, &known, state.as_deref())?);
            }
        }
        models.sort_by(|a, b| b.modified.cmp(&a.modified).then_with(|| a.path.cmp(&b.path)));
        Ok(ModelList { models })
    }

    /// Everything about one model file.
    ///
    /// # Errors
    /// If there is no such file.
    pub fn model_show(&self, request: PathRef) -> Answer<ModelView> {
        let project = self.project(request.project)?;
        let facts = self.file(&project, &RelPath::new(request.path))?.facts;
        let known = self.project_graph(&project)?;
        let state = self.registry_state().map(|(_, state)| state);
        let row = self.model_row(&project, &facts, &known, state.as_deref())?;
        let stored = self
            .ledger()
            .read::<_, Trouble>(|read| Ok(read.reports().newest::<Value>(ReportKind::ModelFacts, &facts.digest)?))?;
        let (said, problem) = match stored {
            Some(report) if report.head.verdict.as_deref() == Some("unreadable") => {
                (None, report.head.summary.get("problem").and_then(Value::as_str).map(str::to_owned))
            }
            Some(report) => (serde_json::from_value::<ModelFacts>(report.body).ok(), None),
            None => (None, Some("This file has not been looked at yet.".to_owned())),
        };
        let id = NodeId::file(Some(&facts.digest), facts.path.as_str());
        let labels = known.node(&id).map(|node| node.labels.clone()).unwrap_or_default();
        let upstream = known.closure(&id, Direction::Up, None);
        let features: Vec<Feature> = said
            .iter()
            .flat_map(|it| it.features_in.iter().flatten())
            .map(|name| Feature { name: name.clone(), labels: labels_on(name, &labels) })
            .collect();
        let sources = sources_of(&upstream, &id);
        let runs: Vec<Run> = known
            .runs
            .iter()
            .filter(|run| run.outputs.iter().any(|edge| edge.digest == Some(facts.digest)))
            .cloned()
            .collect();
        let own = known.node(&id).map(std::slice::from_ref).unwrap_or_default();
        let troubles = self.troubles(&project, &known, own)?;
        let troubled = super::holds::made_from(&troubles).map(|it| format!(" {it}")).unwrap_or_default();
        let view = ModelView {
            sentence: describe(said.as_ref(), &sources, &labels, &features) + &troubled,
            written_by: links(&runs, Some(&facts.digest), |run| &run.outputs),
            candidates: state.as_ref().map(|state| candidates_of(state, &facts.digest)).unwrap_or_default(),
            may_submit: self.may_submit(state.as_deref())?,
            facts: said,
            row,
            problem,
            features,
            labels,
            sources,
        };
        Ok(view)
    }

    /// Reads a model file once and keeps what it says.
    pub(crate) fn read_model_once(&self, project: &Project, facts: &FileFacts) -> Answer<()> {
        let known = self.ledger().read::<_, Trouble>(|read| {
            Ok(read.reports().newest_exact::<Value>(ReportKind::ModelFacts, &facts.digest, None, MODEL_VERSION)?)
        })?;
        if known.is_some() {
            return Ok(());
        }
        let path = absolute(project, &facts.path)?;
        let (body, verdict, summary) = match read_model(&path, &Limits::default()) {
            Ok(said) => {
                let verdict =
                    serde_json::to_value(said.safety.verdict).ok().and_then(|it| it.as_str().map(str::to_owned));
                let framework = said.framework.as_ref().map(|name| match &said.framework_version {
                    Some(version) => format!("{name} {version}"),
                    None => name.clone(),
                });
                let summary = json!({"format": said.format, "framework": framework, "class": said.class});
                (serde_json::to_value(&said).unwrap_or_default(), verdict, summary)
            }
            Err(error) => {
                let problem = json!({"problem": crate::trouble::sentence(&error.to_string())});
                (problem.clone(), Some("unreadable".to_owned()), problem)
            }
        };
        let head = ReportHead {
            params_key: MODEL_VERSION.to_owned(),
            ..self.head(ReportKind::ModelFacts, project, facts, None, verdict, summary)
        };
        let entry = AuditEntry::new("proofmark", "model.read", facts.path.as_str());
        self.ledger().write(self.now(), entry, |write| -> Answer<()> {
            Ok(write.reports().add(&NewReport { head, body: &body })?)
        })
    }

    pub(crate) fn projects_in(&self, filter: &ProjectFilter) -> Answer<Vec<Project>> {
        match filter.project {
            Some(id) => Ok(vec![self.project(id)?]),
            None => self.projects(),
        }
    }

    pub(crate) fn files_of_kind(&self, project: &Project, kinds: &[ArtifactKind]) -> Answer<Vec<FileFacts>> {
        let filter =
            proofmark_ledger::FileFilter { project: Some(project.id), kinds: kinds.to_vec(), ..Default::default() };
        Ok(self
            .ledger()
            .read::<_, Trouble>(|read| Ok(read.files().list(&filter)?))?
            .rows
            .into_iter()
            .map(|it| it.facts)
            .collect())
    }

    fn model_row(
        &self,
        project: &Project,
        facts: &FileFacts,
        known: &ProjectGraph,
        state: Option<&RegistryState>,
    ) -> Answer<ModelRow> {
        let head = self
            .ledger()
            .read::<_, Trouble>(|read| Ok(read.reports().newest_heads(ReportKind::ModelFacts, [&facts.digest])?))?
            .into_iter()
            .flatten()
            .next();
        let said =
            |name: &str| head.as_ref().and_then(|it| it.summary.get(name)).and_then(Value::as_str).map(str::to_owned);
        let id = NodeId::file(Some(&facts.digest), facts.path.as_str());
        let labels: BTreeSet<String> =
            known.node(&id).map(|node| node.labels.iter().map(|it| it.label.clone()).collect()).unwrap_or_default();
        let safety = head.as_ref().and_then(|it| it.verdict.as_deref()).and_then(|word| match word {
            "safe" => Some(SafetyVerdict::Safe),
            "dangerous" => Some(SafetyVerdict::Dangerous),
            "unverified" | "unreadable" => Some(SafetyVerdict::Unverified),
            _ => None,
        });
        Ok(ModelRow {
            project: project.id,
            project_name: project.name.clone(),
            path: facts.path.as_str().to_owned(),
            digest: facts.digest,
            size: facts.size,
            modified: facts.modified,
            format: said("format"),
            framework: said("framework"),
            class: said("class"),
            safety,
            metrics: metrics_of(known, &facts.digest),
            labels: labels.into_iter().collect(),
            release: standing(state, &facts.digest),
        })
    }
}

/// Metrics of the run that wrote these bytes last.
pub(crate) fn metrics_of(known: &ProjectGraph, digest: &Digest) -> BTreeMap<String, f64> {
    known
        .runs
        .iter()
        .filter(|run| run.outputs.iter().any(|edge| edge.digest.as_ref() == Some(digest)))
        .max_by_key(|run| run.started)
        .map(|run| run.metrics.clone())
        .unwrap_or_default()
}

/// Labels on the column of this name, also where the feature carries the column's name with a prefix of a preprocessing step.
fn labels_on(feature: &str, labels: &[CarriedLabel]) -> Vec<String> {
    let bare = feature.rsplit("__").next().unwrap_or(feature);
    let found: BTreeSet<String> =
        labels.iter().filter(|it| it.column == feature || it.column == bare).map(|it| it.label.clone()).collect();
    found.into_iter().collect()
}

/// Where the model stands in the registry.
pub(crate) fn standing(state: Option<&RegistryState>, digest: &Digest) -> String {
    let Some(state) = state else { return "not released".to_owned() };
    let mut of_these_bytes: Vec<_> = state
        .candidates
        .values()
        .filter(|it| {
            it.manifest.as_ref().is_some_and(|manifest| manifest.files.iter().any(|file| file.digest == *digest))
        })
        .collect();
    of_these_bytes.sort_by_key(|it| it.at);
    let published = of_these_bytes.iter().rev().find_map(|it| it.version.map(|version| (it, version)));
    if let Some((record, version)) = published {
        let withdrawn = state.version(&record.model, version).is_some_and(|it| it.withdrawn.is_some());
        let aliases = state.aliases_of(&record.model, version);
        let mut text = format!("version {version}");
        if withdrawn {
            text.push_str(" · withdrawn");
        }
        for alias in aliases {
            text.push_str(" · ");
            text.push_str(&alias);
        }
        return text;
    }
    match of_these_bytes.last().map(|it| it.state) {
        Some(CandidateState::Waiting) => "waits for approval",
        Some(CandidateState::Approved) => "approved, not published",
        Some(CandidateState::Rejected) => "rejected",
        _ => "not released",
    }
    .to_owned()
}

fn candidates_of(state: &RegistryState, digest: &Digest) -> Vec<CandidateLink> {
    let mut links: Vec<CandidateLink> = state
        .candidates
        .values()
        .filter(|it| {
            it.manifest.as_ref().is_some_and(|manifest| manifest.files.iter().any(|file| file.digest == *digest))
        })
        .map(|it| CandidateLink { candidate: it.id, state: it.state, version: it.version, at: it.at })
        .collect();
    links.sort_by_key(|it| std::cmp::Reverse(it.at));
    links
}

/// The data sets upstream, nearest knowledge of each.
pub(crate) fn sources_of(upstream: &Graph, model: &NodeId) -> Vec<ModelSource> {
    let index = GraphIndex::new(upstream);
    let mut sources: Vec<ModelSource> = upstream
        .nodes
        .iter()
        .filter(|node| node.kind == NodeKind::Dataset && node.id != *model)
        .map(|node| {
            let labels: BTreeSet<String> = node.labels.iter().map(|it| it.label.clone()).collect();
            ModelSource {
                path: node.label.clone(),
                digest: node.digest,
                unchanged: node.present,
                confidence: index.confidence_below(upstream, &node.id).get(model).copied().unwrap_or(0.0),
                labels: labels.into_iter().collect(),
            }
        })
        .collect();
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    sources
}

fn describe(
    said: Option<&ModelFacts>,
    sources: &[ModelSource],
    labels: &[CarriedLabel],
    features: &[Feature],
) -> String {
    let what = said.map_or_else(
        || "What this file holds could not be read".to_owned(),
        |facts| {
            let class = facts.class.as_deref().and_then(|it| it.rsplit('.').next()).unwrap_or("model");
            match &facts.framework {
                Some(framework) => format!("A {class} of {framework}"),
                None => format!("A {class}"),
            }
        },
    );
    let from = if sources.is_empty() {
        "; which data it came from is not known".to_owned()
    } else {
        format!(", from {}", counted(sources.len() as u64, "data set", "data sets"))
    };
    let kinds: Vec<String> =
        labels.iter().map(|it| super::wording::label_words(&it.label)).collect::<BTreeSet<_>>().into_iter().collect();
    let seen: Vec<String> = features.iter().filter(|it| !it.labels.is_empty()).map(|it| it.name.clone()).collect();
    let sensitive = if kinds.is_empty() {
        if sources.is_empty() { String::new() } else { " No sensitive column was found upstream.".to_owned() }
    } else {
        let shown = if kinds.len() > 5 {
            format!("{} and {} more", kinds[..4].join(", "), kinds.len() - 4)
        } else {
            joined(&kinds)
        };
        let reached = if features.is_empty() {
            "the file does not say which columns reached it".to_owned()
        } else if seen.is_empty() {
            "none of these columns is among its features".to_owned()
        } else {
            format!("{} reached it as features", joined(&seen))
        };
        format!(" Its data contains {shown}; {reached}.")
    };
    format!("{what}{from}.{sensitive}")
}

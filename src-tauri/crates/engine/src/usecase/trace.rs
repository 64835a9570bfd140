//! The story of one prediction: from its identifier to model, release, run, data and environment.

use std::path::{Path, PathBuf};

use proofmark_analysis::monitor::trace as logs;
use proofmark_contract::view::TraceQuery;
use proofmark_domain::artifact::{ArtifactKind, FileFacts};
use proofmark_domain::lineage::{Direction, Node, NodeId, NodeKind};
use proofmark_domain::prediction::{
    LoggedPrediction, Trace, TracedApproval, TracedData, TracedEnvironment, TracedModel, TracedRelease, TracedRun,
};
use proofmark_domain::project::Project;
use proofmark_domain::release::{BundleFile, ModelName, RegistryState, VersionRecord};
use proofmark_domain::run::Run;
use proofmark_domain::{Digest, Timestamp};

use super::registry::name_of;
use crate::Engine;
use crate::graph::ProjectGraph;
use crate::screen::absolute;
use crate::trouble::{Answer, Trouble};

/// A log in which predictions are looked for.
struct Log {
    path: PathBuf,
    of: Option<(Project, FileFacts)>,
}

pub(super) fn never() -> bool {
    false
}

impl Engine {
    /// Finds a prediction by its identifier in the logs of all projects, and tells where its model came from.
    ///
    /// # Errors
    /// If no log has it.
    pub fn trace(&self, request: TraceQuery) -> Answer<Trace> {
        self.trace_in(&request.id, &[], None)
    }

    /// The same, in these logs first, and with this table to compare the inputs with.
    ///
    /// # Errors
    /// If no log has it.
    pub fn trace_in(&self, id: &str, further: &[PathBuf], reference: Option<&Path>) -> Answer<Trace> {
        let id = id.trim();
        if id.is_empty() {
            return Err(Trouble::new(
                proofmark_contract::ErrorCode::InvalidRequest,
                "No identifier of a prediction was given.",
            ));
        }
        let known = self.logs(further)?;
        let mut missing = Vec::new();
        let mut found: Option<(LoggedPrediction, &Log)> = None;
        for log in &known {
            let mut unreadable =
                |_: &Path, error: &proofmark_analysis::table::TableError| missing.push(error.to_string());
            let hit = logs::find(id, std::slice::from_ref(&log.path), &never, &mut unreadable)?;
            if let Some(hit) = hit {
                found = Some((hit, log));
                break;
            }
        }
        let Some((logged, log)) = found else {
            let trouble = Trouble::not_found(format!("prediction {id} in {}", counted(known.len())));
            return Err(match missing.first() {
                Some(first) => trouble.hint(format!("A log could not be read: {first}")),
                None if known.is_empty() => {
                    trouble.hint("Add the project that holds the log, or name the log with --log.")
                }
                None if !further.is_empty() => {
                    trouble.hint("Look whether the identifier is whole, and whether that log has been rotated.")
                }
                None => trouble.hint("Scan the project again if the log is new, or name the log with --log."),
            });
        };
        let mut trace = Trace {
            logged,
            named_inputs: None,
            project: log.of.as_ref().map(|it| it.0.id),
            model_file: None,
            release: None,
            approvals: Vec::new(),
            run: None,
            datasets: Vec::new(),
            environment: None,
            unusual_inputs: Vec::new(),
            neighbours: Vec::new(),
            usual_distance: None,
            reference: None,
            explanation: None,
            drift: None,
            missing,
        };
        let mut table = reference.map(Path::to_owned);
        let state = self.registry_state().map(|it| it.1);
        match &log.of {
            Some((project, facts)) => {
                let from = self.story(project, facts, state.as_deref(), &mut trace)?;
                table = table.or(from);
            }
            None => {
                trace
                    .missing
                    .push("The log lies in no project, so nothing is known of the run that made its model.".to_owned());
                if let Some(state) = &state {
                    self.release_of(state, None, &mut trace);
                }
            }
        }
        self.name_inputs(&mut trace, table.as_deref())?;
        match table {
            Some(path) => match logs::against(&trace.logged, &path, &never) {
                Ok(compared) => {
                    trace.unusual_inputs = compared.unusual;
                    trace.neighbours = compared.neighbours;
                    trace.usual_distance = compared.usual_distance;
                    trace.reference = Some(path.to_string_lossy().into_owned());
                    self.explain(&mut trace, &compared.background);
                }
                Err(error) => trace.missing.push(format!("The inputs could not be compared with the training: {error}")),
            },
            None => trace.missing.push("The table that the model was trained on is not known or not there any more, so its inputs cannot be compared with it.".to_owned()),
        }
        Ok(trace)
    }

    fn logs(&self, further: &[PathBuf]) -> Answer<Vec<Log>> {
        let mut logs = Vec::new();
        for path in further {
            let path = std::fs::canonicalize(path).unwrap_or_else(|_| path.clone());
            let of = self.projects()?.into_iter().find(|it| path.starts_with(&it.root)).and_then(|project| {
                let label = super::adhoc::label(Path::new(&project.root), &path);
                self.file(&project, &label).ok().map(|it| (project.clone(), it.facts))
            });
            logs.push(Log { path, of });
        }
        if !further.is_empty() {
            return Ok(logs);
        }
        let mut known = Vec::new();
        for project in self.projects()? {
            for facts in self.files_of_kind(&project, &[ArtifactKind::PredictionLog])? {
                known.push((facts.modified, absolute(&project, &facts.path)?, project.clone(), facts));
            }
        }
        // A prediction that is asked about is most often a late one.
        known.sort_by_key(|it| std::cmp::Reverse(it.0));
        logs.extend(known.into_iter().map(|(_, path, project, facts)| Log { path, of: Some((project, facts)) }));
        Ok(logs)
    }

    /// Fills in what the project and the registry know. Answers the table that the model was trained on.
    fn story(
        &self,
        project: &Project,
        log: &FileFacts,
        state: Option<&RegistryState>,
        trace: &mut Trace,
    ) -> Answer<Option<PathBuf>> {
        let known = self.project_graph(project)?;
        let rows = self.drift_rows(project)?;
        let at = trace.logged.time;
        let drift = rows
            .iter()
            .filter(|it| it.current == log.path.as_str())
            .min_by_key(|it| at.map_or(0, |at| (it.created_at.ms() - at.ms()).abs()));
        trace.drift = drift.map(|it| {
            format!(
                "{} (compared with {} on {})",
                it.why,
                it.reference,
                it.created_at.to_string().get(..10).unwrap_or_default()
            )
        });
        if let Some(state) = state {
            self.release_of(state, Some(&known), trace);
        }
        let found = trace.model_file.as_ref().and_then(|it| it.digest).and_then(|digest| {
            known.graph.nodes.iter().find(|node| node.kind == NodeKind::Model && node.digest == Some(digest))
        });
        let node = match found {
            Some(node) => Some(node.clone()),
            None => self.model_by_lineage(&known, log, trace),
        };
        let Some(node) = node else {
            trace.missing.push("No model of the project is known to have made this prediction.".to_owned());
            let reference = self.log_reference(project, log)?;
            return Ok(reference.map(|it| Path::new(&project.root).join(it)).filter(|it| it.is_file()));
        };
        let made_by: Option<&Run> = known
            .runs
            .iter()
            .filter(|run| run.outputs.iter().any(|edge| edge.digest.is_some() && edge.digest == node.digest))
            .min_by_key(|run| {
                run.outputs.iter().filter(|edge| edge.digest == node.digest).map(|edge| edge.basis).min()
            });
        let Some(run) = made_by else {
            trace.missing.push(format!("No run is known to have made {}.", node.label));
            let reference = self.log_reference(project, log)?;
            return Ok(reference.map(|it| Path::new(&project.root).join(it)).filter(|it| it.is_file()));
        };
        trace.run = Some(TracedRun {
            id: run.id,
            name: run.name.clone(),
            started: run.started,
            command: run.command.clone(),
            commit: run.code.commit.clone(),
            parameters: run.parameters.clone().into_iter().collect(),
        });
        let present = |digest: Option<Digest>, path: &str| {
            known
                .graph
                .nodes
                .iter()
                .any(|it| it.present && it.label == path && (digest.is_none() || it.digest == digest))
        };
        trace.datasets = run
            .inputs
            .iter()
            .filter(|edge| edge.kind == ArtifactKind::Dataset)
            .map(|edge| TracedData {
                path: edge.path.as_str().to_owned(),
                digest: edge.digest,
                basis: edge.basis,
                present: present(edge.digest, edge.path.as_str()),
            })
            .collect();
        if let Some(digest) = &run.environment_digest {
            let environment = self.ledger().read::<_, Trouble>(|read| Ok(read.environments().by_digest(digest)?))?;
            trace.environment = Some(TracedEnvironment {
                digest: *digest,
                python: environment.as_ref().and_then(|it| it.interpreter.as_ref()).map(|it| it.version.clone()),
                packages: environment.map_or(0, |it| it.packages.len() as u64),
            });
        }
        let near = known.graph.closure(&node.id, Direction::Up, Some(2));
        let training = self.log_reference(project, log)?;
        let tables = trace.datasets.iter().filter(|it| it.present).map(|it| it.path.clone());
        let chosen =
            training.filter(|it| near.nodes.iter().any(|node| node.label == *it && node.present)).or_else(|| {
                let mut tables: Vec<String> = tables.collect();
                tables.sort_by_key(|it| !it.to_lowercase().contains("train"));
                tables.into_iter().next()
            });
        Ok(chosen.map(|it| Path::new(&project.root).join(it)).filter(|it| it.is_file()))
    }

    /// The model that a log names by its bytes or by its file, else the one that the log comes from.
    fn model_by_lineage(&self, known: &ProjectGraph, log: &FileFacts, trace: &mut Trace) -> Option<Node> {
        let models = || known.graph.nodes.iter().filter(|node| node.kind == NodeKind::Model);
        let said = trace
            .logged
            .version
            .as_deref()
            .map(|it| it.trim_start_matches("sha256:").to_lowercase())
            .unwrap_or_default();
        let by_digest = (said.len() >= 8 && said.bytes().all(|it| it.is_ascii_hexdigit()))
            .then(|| models().find(|it| it.digest.is_some_and(|digest| digest.hex().starts_with(&said))))
            .flatten();
        let id = NodeId::file(Some(&log.digest), log.path.as_str());
        let above = known.graph.closure(&id, Direction::Up, None);
        let by_lineage = || {
            let nearest = above.nodes.iter().find(|node| node.kind == NodeKind::Model)?;
            models().find(|it| it.id == nearest.id)
        };
        let by_name = || {
            let name = trace.logged.model.as_deref()?.to_lowercase();
            let stem = |node: &&Node| {
                let file = node.label.rsplit('/').next().unwrap_or_default().to_lowercase();
                let stem = file.split('.').next().unwrap_or_default().to_owned();
                stem == name || stem == name.replace('-', "_")
            };
            let fitting: Vec<&Node> = models().filter(stem).collect();
            fitting.iter().max_by_key(|it| it.present).copied()
        };
        let (node, how) = by_digest
            .map(|it| (it, "digest"))
            .or_else(|| by_lineage().map(|it| (it, "lineage")))
            .or_else(|| by_name().map(|it| (it, "name")))?;
        trace.model_file =
            Some(TracedModel { path: node.label.clone(), digest: node.digest, known_by: how.to_owned() });
        Some(node.clone())
    }

    /// The release that a log names by model and version, or the last one before the prediction whose bytes are the model's.
    fn release_of(&self, state: &RegistryState, known: Option<&ProjectGraph>, trace: &mut Trace) {
        let name = trace.logged.model.as_deref().and_then(|it| ModelName::new(&it.to_lowercase()).ok());
        let number =
            trace.logged.version.as_deref().and_then(|it| it.trim_start_matches(['v', 'V']).parse::<u64>().ok());
        let said = trace
            .logged
            .version
            .as_deref()
            .map(|it| it.trim_start_matches("sha256:").to_lowercase())
            .unwrap_or_default();
        let is_digest = said.len() >= 8
            && said.bytes().any(|it| it.is_ascii_alphabetic())
            && said.bytes().all(|it| it.is_ascii_hexdigit());
        let fits = |record: &&VersionRecord| {
            let files = state
                .candidates
                .get(&record.candidate)
                .and_then(|it| it.manifest.as_ref())
                .map(|it| it.files.as_slice())
                .unwrap_or_default();
            let by_bytes = is_digest
                && (files.iter().any(|it| it.digest.hex().starts_with(&said))
                    || record.bundle.hex().starts_with(&said));
            let by_number = name.as_ref() == Some(&record.model) && number == Some(record.version);
            by_bytes || by_number
        };
        let named = state.versions.values().flat_map(|it| it.values()).find(fits);
        // A log that names no version: the one that the alias of production pointed to at that hour.
        let in_use = || {
            let model = name.as_ref()?;
            let at = trace.logged.time?;
            let alias = state.aliases.get(model)?.get("production")?;
            let then = alias.history.iter().rev().find(|it| it.at <= at)?.version?;
            state.versions.get(model)?.get(&then)
        };
        let Some(record) = named.or_else(|| if trace.logged.version.is_none() { in_use() } else { None }) else {
            return;
        };
        let candidate = state.candidates.get(&record.candidate);
        let manifest = candidate.and_then(|it| it.manifest.as_ref());
        let file = manifest.and_then(|it| main_file(&it.files, known));
        trace.release = Some(TracedRelease {
            model: record.model.as_str().to_owned(),
            version: record.version,
            digest: file.map_or(record.bundle, |it| it.digest),
            purpose: manifest.map(|it| it.purpose.clone()).unwrap_or_default(),
            published_by: name_of(state, record.publisher),
            published_at: record.at,
            withdrawn: record.withdrawn.is_some(),
        });
        trace.approvals = candidate
            .iter()
            .flat_map(|it| &it.decisions)
            .map(|it| TracedApproval {
                by: it.name.clone(),
                at: it.at,
                approved: it.approved,
                reason: it.reason.clone(),
            })
            .collect();
        if trace.logged.time.is_some_and(|at: Timestamp| at < record.at) {
            trace.missing.push("The prediction is older than the publication of the version that it names: its log or a clock is wrong.".to_owned());
        }
        if let Some(file) = file {
            let path = known
                .and_then(|it| it.graph.nodes.iter().find(|node| node.digest == Some(file.digest)))
                .map_or_else(|| file.path.clone(), |node| node.label.clone());
            trace.model_file = Some(TracedModel { path, digest: Some(file.digest), known_by: "release".to_owned() });
        }
    }
}

/// The file of a release that answers: the one that a project knows as a model, else an ONNX file, else the first that is not there for
/// MLflow alone.
fn main_file<'f>(files: &'f [BundleFile], known: Option<&ProjectGraph>) -> Option<&'f BundleFile> {
    const BESIDE: [&str; 4] = ["MLmodel", "conda.yaml", "python_env.yaml", "requirements.txt"];
    let is_model = |file: &&BundleFile| {
        known.is_some_and(|it| {
            it.graph.nodes.iter().any(|node| node.kind == NodeKind::Model && node.digest == Some(file.digest))
        })
    };
    let name = |file: &BundleFile| file.path.rsplit('/').next().unwrap_or_default().to_owned();
    let is_onnx = |file: &&BundleFile| file.path.to_lowercase().ends_with(".onnx");
    let is_own = |file: &&BundleFile| !BESIDE.contains(&name(file).as_str());
    let find = |wanted: &dyn Fn(&&BundleFile) -> bool| files.iter().find(|it| wanted(it));
    find(&is_model).or_else(|| find(&is_onnx)).or_else(|| find(&is_own)).or_else(|| files.first())
}

fn counted(logs: usize) -> String {
    match logs {
        0 => "any log: no log of predictions is known".to_owned(),
        1 => "the one log of predictions".to_owned(),
        many => format!("any of {many} logs of predictions"),
    }
}

//! What a candidate consists of: the model's files, what makes them loadable, and the evidence.

use proofmark_contract::ErrorCode;
use proofmark_contract::view::*;
use proofmark_domain::artifact::{FileFacts, RelPath};
use proofmark_domain::environment::Environment;
use proofmark_domain::lineage::{Graph, NodeId, NodeKind};
use proofmark_domain::model::ModelFacts;
use proofmark_domain::project::Project;
use proofmark_domain::release::{BundleData, BundleFile, BundleManifest, ModelName};
use proofmark_domain::run::Run;
use proofmark_registry::{SourceBytes, SourceFile, Submission};
use proofmark_report::interop::{
    ReleaseFacts, TextFile, ml_bom, mlflow_files, model_card, open_lineage, slsa_provenance,
};
use serde::Serialize;
use serde_json::Value;

use super::model_place::ModelPlace;
use crate::Engine;
use crate::screen::absolute;
use crate::trouble::{Answer, Trouble};

/// What is known about how a model came to be.
struct Origin {
    run: Option<Run>,
    environment: Option<Environment>,
    model: Option<ModelFacts>,
    upstream: Graph,
}

impl Engine {
    /// The model's files as they would be released.
    pub(super) fn bundle_files(&self, project: &Project, place: &ModelPlace) -> Answer<Vec<BundleFile>> {
        let mut files = Vec::new();
        for (name, path) in place.sources(project)? {
            let known = if path == absolute(project, &place.facts.path)? {
                Some(place.facts.clone())
            } else {
                let below = path.strip_prefix(&project.root).ok().map(|it| it.to_string_lossy().replace('\\', "/"));
                // A file that the project does not record is hashed when it is submitted.
                below.and_then(|below| self.file(project, &RelPath::new(below)).ok()).map(|file| file.facts)
            };
            files.extend(known.map(|it| BundleFile { path: name, digest: it.digest, size: it.size }));
        }
        Ok(files)
    }

    pub(super) fn submission(
        &self,
        project: &Project,
        place: &ModelPlace,
        model: ModelName,
        draft: CandidateDraft,
        documents: Vec<SourceBytes>,
        request: &CandidateSubmit,
    ) -> Answer<Submission> {
        let facts = &place.facts;
        let origin = self.origin(project, facts)?;
        let own = NodeId::file(Some(&facts.digest), facts.path.as_str());
        let mut datasets: Vec<BundleData> = origin
            .upstream
            .nodes
            .iter()
            .filter(|node| node.kind == NodeKind::Dataset && node.id != own)
            .map(|node| BundleData { path: node.label.clone(), digest: node.digest })
            .collect();
        datasets.sort_by(|a, b| (&a.path, &a.digest).cmp(&(&b.path, &b.digest)));
        datasets.dedup();
        let commit = origin.run.as_ref().and_then(|run| run.code.commit.clone());
        let environment = origin.run.as_ref().and_then(|run| run.environment_digest);
        let manifest = BundleManifest {
            model: model.clone(),
            files: draft.files,
            evidence: Vec::new(),
            gates: draft.gates,
            labels: draft.labels,
            // A registry keeps finite numbers only: JSON has no others.
            metrics: draft.metrics.into_iter().filter(|(_, value)| value.is_finite()).collect(),
            purpose: request.purpose.trim().to_owned(),
            limits: request.limits.trim().to_owned(),
            datasets,
            environment,
            commit,
            risk: request.risk.trim().to_owned(),
        };
        let known = ReleaseFacts {
            manifest: &manifest,
            model: origin.model.as_ref(),
            run: origin.run.as_ref(),
            environment: origin.environment.as_ref(),
            upstream: &origin.upstream,
        };
        let sources = place.sources(project)?;
        let has_mlmodel = sources.iter().any(|(name, _)| name == "MLmodel");
        let loader = if has_mlmodel { None } else { mlflow_files(&place.name_in_release(project)?, &known) };
        let own_names = |file: &TextFile| !sources.iter().any(|(name, _)| *name == file.path);
        let generated = loader.into_iter().flatten().filter(own_names).map(bytes_of).collect();
        let mut evidence = self.evidence(&origin, facts)?;
        evidence.extend(documents);
        evidence.push(bytes_of(TextFile { path: "README.md".to_owned(), text: model_card(&known) }));
        evidence.push(document("bom.cdx.json", &ml_bom(&known))?);
        evidence.push(document("provenance.json", &slsa_provenance(&known))?);
        evidence
            .extend(open_lineage(&known).map(|text| bytes_of(TextFile { path: "openlineage.jsonl".to_owned(), text })));
        evidence.sort_by(|a, b| a.path.cmp(&b.path));
        evidence.dedup_by(|a, b| a.path == b.path);
        Ok(Submission {
            model,
            files: sources.into_iter().map(|(path, source)| SourceFile { path, source }).collect(),
            generated,
            evidence,
            gates: manifest.gates,
            labels: manifest.labels,
            metrics: manifest.metrics,
            purpose: manifest.purpose,
            limits: manifest.limits,
            datasets: manifest.datasets,
            environment: manifest.environment,
            commit: manifest.commit,
            risk: manifest.risk,
            note: request.note.trim().to_owned(),
        })
    }

    fn origin(&self, project: &Project, facts: &FileFacts) -> Answer<Origin> {
        let upstream = self.upstream(project, &facts.digest, facts.path.as_str())?;
        let known = self.project_graph(project)?;
        let run = known
            .runs
            .iter()
            .filter(|run| run.outputs.iter().any(|edge| edge.digest == Some(facts.digest)))
            .max_by_key(|run| run.started)
            .cloned();
        let environment = match run.as_ref().and_then(|run| run.environment_digest) {
            Some(digest) => self.ledger().read::<_, Trouble>(|read| Ok(read.environments().by_digest(&digest)?))?,
            None => None,
        };
        // What an earlier program kept may lack what a loader needs.
        self.read_model_once(project, facts)?;
        let stored = self.ledger().read::<_, Trouble>(|read| {
            Ok(read.reports().newest::<Value>(proofmark_ledger::ReportKind::ModelFacts, &facts.digest)?)
        })?;
        // A file that could not be read as a model has a report of another form.
        let model = stored.and_then(|it| serde_json::from_value(it.body).ok());
        Ok(Origin { run, environment, model, upstream })
    }

    /// Reports, lineage, environment and run of a model, as files that stand on their own.
    fn evidence(&self, origin: &Origin, facts: &FileFacts) -> Answer<Vec<SourceBytes>> {
        let mut evidence = vec![document("lineage.json", &origin.upstream)?];
        if let Some(run) = &origin.run {
            evidence.push(document("run.json", run)?);
        }
        if let Some(environment) = &origin.environment {
            evidence.push(document("environment.json", environment)?);
        }
        let stored = self.ledger().read::<_, Trouble>(|read| {
            Ok(read.reports().newest::<Value>(proofmark_ledger::ReportKind::ModelFacts, &facts.digest)?)
        })?;
        if let Some(stored) = stored {
            evidence.push(document("model.json", &stored.body)?);
        }
        for node in origin.upstream.nodes.iter().filter(|node| node.kind == NodeKind::Dataset) {
            let Some(digest) = node.digest else { continue };
            for (kind, name) in
                [(proofmark_ledger::ReportKind::Check, "check"), (proofmark_ledger::ReportKind::Sensitive, "sensitive")]
            {
                let report =
                    self.ledger().read::<_, Trouble>(|read| Ok(read.reports().newest::<Value>(kind, &digest)?))?;
                if let Some(report) = report {
                    evidence.push(document(&format!("{name}-{}.json", digest.short()), &report.body)?);
                }
            }
        }
        Ok(evidence)
    }
}

fn bytes_of(file: TextFile) -> SourceBytes {
    SourceBytes { path: file.path, bytes: file.text.into_bytes() }
}

pub(super) fn document<T: Serialize>(path: &str, value: &T) -> Answer<SourceBytes> {
    let bytes = serde_json::to_vec_pretty(value).map_err(|error| {
        Trouble::new(ErrorCode::Internal, format!("The evidence {path} could not be written down: {error}."))
    })?;
    Ok(SourceBytes { path: path.to_owned(), bytes })
}

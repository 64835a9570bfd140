//! From a run as another tool wrote it to a run of ours: places become files of the project, with their digests.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use proofmark_domain::artifact::{ArtifactKind, RelPath};
use proofmark_domain::environment::Environment;
use proofmark_domain::foreign::{ForeignEdge, ForeignRun};
use proofmark_domain::id::RunId;
use proofmark_domain::project::Project;
use proofmark_domain::run::{EdgeRole, Run, RunEdge, RunSource, RunStatus};
use proofmark_domain::{Basis, Confidence, Digest};
use proofmark_intake::environment::declared;
use proofmark_intake::records::local_path;
use proofmark_ledger::{FileState, Read};

use crate::trouble::Answer;

/// Files of one recorded folder that become edges of their own.
const MOST_FILES: u64 = 300;

/// What a pipeline names, and no lock says that it ran so.
const NOT_LOCKED: f64 = 0.7;

/// Turns recorded runs into runs, and remembers what many of them share.
pub(super) struct Converter<'a> {
    project: &'a Project,
    root: &'a Path,
    /// By the digests of the files that describe them.
    environments: BTreeMap<Vec<(RelPathTail, Digest)>, Option<Digest>>,
    new_environments: Vec<Environment>,
}

/// The name of a file that describes an environment.
type RelPathTail = String;

impl<'a> Converter<'a> {
    pub(super) const fn new(project: &'a Project, root: &'a Path) -> Self {
        Self { project, root, environments: BTreeMap::new(), new_environments: Vec::new() }
    }

    /// The environments that came up since this was last asked.
    pub(super) fn take_environments(&mut self) -> Vec<Environment> {
        std::mem::take(&mut self.new_environments)
    }

    pub(super) fn run(
        &mut self,
        read: &Read<'_>,
        foreign: &ForeignRun,
        id: RunId,
        former: Option<&Run>,
    ) -> Answer<Run> {
        let confidence = if foreign.source == RunSource::Dvc && foreign.status == RunStatus::Unknown {
            Confidence::clamped(NOT_LOCKED)
        } else {
            Confidence::CERTAIN
        };
        let inputs = self.edges(read, foreign.source, &foreign.inputs, confidence, former.map(|it| &it.inputs[..]))?;
        let outputs =
            self.edges(read, foreign.source, &foreign.outputs, confidence, former.map(|it| &it.outputs[..]))?;
        let environment_digest = self.environment(read, foreign, &outputs)?;
        Ok(Run {
            id,
            project: self.project.id,
            source: foreign.source,
            foreign_id: Some(foreign.foreign_id.clone()),
            name: foreign.name.clone(),
            status: foreign.status,
            started: foreign.started,
            ended: foreign.ended,
            command: foreign.command.clone(),
            parameters: foreign.parameters.clone(),
            metrics: foreign.metrics.clone(),
            code: foreign.code.clone(),
            environment_digest,
            inputs,
            outputs,
            process: None,
            user: foreign.user.clone(),
            record: Some(foreign.record.clone()),
        })
    }

    fn edges(
        &self,
        read: &Read<'_>,
        source: RunSource,
        foreign: &[ForeignEdge],
        confidence: Confidence,
        former: Option<&[RunEdge]>,
    ) -> Answer<Vec<RunEdge>> {
        let mut edges: Vec<RunEdge> = Vec::new();
        let mut seen: BTreeSet<RelPath> = BTreeSet::new();
        for edge in foreign {
            let files = match &edge.found {
                None => Vec::new(),
                Some(found) => match read.files().by_path(self.project.id, found)? {
                    Some(state) => vec![state],
                    None => read.files().below(self.project.id, found, MOST_FILES + 1)?,
                },
            };
            if files.is_empty() {
                let is_own_folder = source == RunSource::Mlflow && edge.role == EdgeRole::Other && edge.found.is_some();
                let lone = self.lone(edge, confidence, former);
                // A folder of artifacts with nothing in it is no file that a run wrote.
                if !is_own_folder && seen.insert(lone.path.clone()) {
                    edges.push(lone);
                }
                continue;
            }
            let more = files.len() as u64 > MOST_FILES;
            for state in files.iter().take(usize::try_from(MOST_FILES).unwrap_or(usize::MAX)) {
                if seen.insert(state.facts.path.clone()) {
                    let mut made = of_file(edge, state, confidence);
                    if more {
                        made.evidence.push_str("; the folder holds more files than are listed");
                    }
                    edges.push(made);
                }
            }
        }
        Ok(edges)
    }

    /// An edge to something that does not lie in the project now, or holds other bytes than were recorded.
    fn lone(&self, edge: &ForeignEdge, confidence: Confidence, former: Option<&[RunEdge]>) -> RunEdge {
        let path = match &edge.found {
            Some(found) => found.clone(),
            None => self.place_of(&edge.written_as),
        };
        let recorded = |evidence: &str| evidence.split(';').next().unwrap_or_default().to_owned();
        // The bytes were known at an earlier look, and the record still names the same ones.
        let earlier = former
            .into_iter()
            .flatten()
            .find(|it| it.path == path && it.digest.is_some() && recorded(&it.evidence) == recorded(&edge.evidence));
        let kind = match edge.role {
            EdgeRole::Data => ArtifactKind::Dataset,
            EdgeRole::Model => ArtifactKind::Model,
            EdgeRole::Code => ArtifactKind::Code,
            EdgeRole::Metrics => ArtifactKind::Metrics,
            EdgeRole::Config => ArtifactKind::Config,
            EdgeRole::Other => proofmark_intake::classify::kind_of_path(&path),
        };
        RunEdge {
            digest: edge.digest.or_else(|| earlier.and_then(|it| it.digest)),
            kind: earlier.map_or(kind, |it| it.kind),
            role: if edge.role == EdgeRole::Other { EdgeRole::of(kind) } else { edge.role },
            path,
            basis: Basis::Declared,
            confidence,
            columns: edge.columns.clone(),
            evidence: edge.evidence.clone(),
        }
    }

    /// A place as it is shown: relative to the project if it lies there, without `file://`, else as it is written.
    fn place_of(&self, written: &str) -> RelPath {
        let Some(path) = local_path(written) else { return RelPath::new(written) };
        if written.starts_with("mlflow-artifacts:") {
            return RelPath::new(written);
        }
        match proofmark_intake::files::label_of(self.root, Path::new(&path)) {
            Ok(label) => label,
            Err(_) => RelPath::new(path),
        }
    }

    /// What the files beside a logged model say about the environment. Of several models, the first.
    fn environment(&mut self, read: &Read<'_>, foreign: &ForeignRun, outputs: &[RunEdge]) -> Answer<Option<Digest>> {
        let names = ["MLmodel", "conda.yaml", "python_env.yaml", "requirements.txt"];
        let mut folder: Option<String> = None;
        let mut files: Vec<(String, RelPath, Digest)> = Vec::new();
        for edge in outputs {
            let (Some(digest), name) = (edge.digest, edge.path.file_name()) else { continue };
            if !names.contains(&name) {
                continue;
            }
            let of = edge.path.as_str().strip_suffix(name).unwrap_or_default();
            if folder.as_deref().is_none_or(|it| it == of) {
                folder = Some(of.to_owned());
                files.push((name.to_owned(), edge.path.clone(), digest));
            }
        }
        for path in &foreign.environment_files {
            if let Some(state) = read.files().by_path(self.project.id, path)? {
                files.push((path.file_name().to_owned(), path.clone(), state.facts.digest));
            }
        }
        if !files.iter().any(|(name, ..)| name != "MLmodel") {
            return Ok(None);
        }
        let key: Vec<(String, Digest)> = files.iter().map(|(name, _, digest)| (name.clone(), *digest)).collect();
        if let Some(known) = self.environments.get(&key) {
            return Ok(*known);
        }
        let places: Vec<_> =
            files.iter().filter_map(|(_, path, _)| proofmark_intake::files::resolve(self.root, path).ok()).collect();
        let environment = declared::of_files(&places).map(declared::Declared::into_environment);
        let digest = environment.as_ref().map(|it| it.digest);
        self.environments.insert(key, digest);
        self.new_environments.extend(environment);
        Ok(digest)
    }
}

fn of_file(edge: &ForeignEdge, state: &FileState, confidence: Confidence) -> RunEdge {
    let facts = &state.facts;
    RunEdge {
        path: facts.path.clone(),
        digest: Some(facts.digest),
        kind: facts.kind,
        role: match edge.role {
            EdgeRole::Other => EdgeRole::of(facts.kind),
            // A folder of a model holds its description and its environment as well.
            EdgeRole::Model if facts.kind != ArtifactKind::Model => EdgeRole::of(facts.kind),
            role => role,
        },
        basis: Basis::Declared,
        confidence,
        columns: edge.columns.clone(),
        evidence: edge.evidence.clone(),
    }
}

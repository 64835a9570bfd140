//! Files and their history.

use std::io::Read;
use std::path::Path;

use proofmark_contract::view::*;
use proofmark_domain::Digest;
use proofmark_domain::artifact::{ArtifactKind, PathChange, RelPath};
use proofmark_domain::lineage::{Direction, Graph};
use proofmark_domain::project::Project;
use proofmark_domain::run::{Run, RunEdge};
use proofmark_ledger::{FileFilter, FileState, ReportKind};

use crate::Engine;
use crate::screen::{absolute, labels_in};
use crate::trouble::{Answer, Trouble};

/// Bytes of a text file that are shown.
const PREVIEW: u64 = 64 * 1024;

impl Engine {
    /// Files of a project, by path.
    ///
    /// # Errors
    /// If there is no such project.
    pub fn file_list(&self, request: FileQuery) -> Answer<FilePage> {
        let project = self.project(request.project)?;
        let filter = FileFilter {
            project: Some(project.id),
            kinds: request.kind.into_iter().collect(),
            text: request.text.filter(|it| !it.is_empty()),
            limit: Some(request.limit.unwrap_or(1_000)),
            offset: request.offset,
            ..FileFilter::default()
        };
        let now = self.now();
        self.ledger().read(|read| {
            let page = read.files().list(&filter)?;
            let digests: Vec<Digest> = page.rows.iter().map(|it| it.facts.digest).collect();
            let checks = read.reports().newest_heads(ReportKind::Check, &digests)?;
            let checks = super::findings::judged_heads(read, checks, now)?;
            let sensitive = read.reports().newest_heads(ReportKind::Sensitive, &digests)?;
            let decisions = read.decisions().standing(project.id, None)?;
            let mut files = Vec::with_capacity(page.rows.len());
            for ((state, check), sensitive) in page.rows.into_iter().zip(checks).zip(sensitive) {
                let decided: Vec<_> =
                    decisions.iter().filter(|it| it.decision.about.path == state.facts.path).collect();
                let mut labels: Vec<String> = sensitive
                    .map(|head| labels_in(&head.summary, &decided))
                    .unwrap_or_default()
                    .into_iter()
                    .map(|it| it.label)
                    .collect();
                labels.sort();
                labels.dedup();
                let versions = read.versions().of_path(project.id, &state.facts.path)?.len() as u64;
                let verdict = check.and_then(|it| it.verdict);
                files.push(FileRow { facts: state.facts, versions, verdict, labels });
            }
            Ok(FilePage { total: page.total, files })
        })
    }

    /// Everything about one path, also of a file that is gone.
    ///
    /// # Errors
    /// If there is no such project, or the path was never seen.
    pub fn file_show(&self, request: PathRef) -> Answer<FileView> {
        let project = self.project(request.project)?;
        let path = RelPath::new(request.path);
        let (state, mut history, same, runs) = self.ledger().read::<_, Trouble>(|read| {
            let state = read.files().by_path(project.id, &path)?;
            let history: Vec<PathChange> =
                read.versions().of_path(project.id, &path)?.into_iter().map(|it| it.version.change).collect();
            let digest = state.as_ref().map(|it| it.facts.digest).or_else(|| history.last().map(|it| it.digest));
            let same = match &digest {
                Some(digest) => read.files().by_digest(digest)?,
                None => Vec::new(),
            };
            let runs = match &digest {
                Some(digest) => (read.runs().that_wrote(digest)?, read.runs().that_read(digest)?),
                None => (Vec::new(), Vec::new()),
            };
            Ok((state, history, same, (runs, digest)))
        })?;
        if state.is_none() && history.is_empty() {
            return Err(Trouble::not_found(format!("file {path} in {}", project.name)));
        }
        history.reverse();
        let ((wrote, read), digest) = runs;
        let absolute = absolute(&project, &path)?;
        let facts = state.map(|it| it.facts);
        Ok(FileView {
            preview: facts.as_ref().filter(|it| is_readable_text(it.kind)).and_then(|_| preview(&absolute)),
            facts,
            absolute: absolute.to_string_lossy().into_owned(),
            history,
            written_by: links(&wrote, digest.as_ref(), |run| &run.outputs),
            read_by: links(&read, digest.as_ref(), |run| &run.inputs),
            same_bytes: same
                .into_iter()
                .filter(|it| it.project == project.id && it.facts.path != path)
                .map(|it| it.facts.path.as_str().to_owned())
                .collect(),
        })
    }

    /// What changed lately, newest first.
    ///
    /// # Errors
    /// If the ledger cannot be read.
    pub fn change_list(&self, request: ChangeQuery) -> Answer<ChangeList> {
        let projects = self.projects()?;
        let changes = self
            .ledger()
            .read::<_, Trouble>(|read| Ok(read.versions().latest(request.project, request.limit.unwrap_or(100))?))?;
        let name = |id| projects.iter().find(|it| it.id == id).map_or_else(String::new, |it| it.name.clone());
        Ok(ChangeList {
            changes: changes
                .into_iter()
                .map(|it| ChangeRow { project: it.project, project_name: name(it.project), change: it.version.change })
                .collect(),
        })
    }

    /// Upstream of a path, for those who only need the graph.
    pub(crate) fn upstream(&self, project: &Project, digest: &Digest, path: &str) -> Answer<Graph> {
        let known = self.project_graph(project)?;
        let id = proofmark_domain::lineage::NodeId::file(Some(digest), path);
        Ok(known.closure(&id, Direction::Up, None))
    }

    pub(crate) fn file(&self, project: &Project, path: &RelPath) -> Answer<FileState> {
        self.ledger().read::<_, Trouble>(|read| Ok(read.files().by_path(project.id, path)?))?.ok_or_else(|| {
            Trouble::not_found(format!("file {path} in {}", project.name))
                .hint("It may have been moved or deleted; its history is in the list of changes.")
        })
    }
}

/// Runs with the edge that connects each of them to these bytes.
pub(crate) fn links(runs: &[Run], digest: Option<&Digest>, edges: impl Fn(&Run) -> &Vec<RunEdge>) -> Vec<RunLink> {
    runs.iter()
        .filter_map(|run| {
            let edge = edges(run).iter().find(|edge| edge.digest.as_ref() == digest)?;
            Some(RunLink { run: run.id, name: run.name.clone(), basis: edge.basis, confidence: edge.confidence })
        })
        .collect()
}

const fn is_readable_text(kind: ArtifactKind) -> bool {
    matches!(
        kind,
        ArtifactKind::Code
            | ArtifactKind::Config
            | ArtifactKind::Environment
            | ArtifactKind::Metrics
            | ArtifactKind::Document
            | ArtifactKind::Notebook
    )
}

/// The beginning of a text; nothing if it is no text. Files are read again at every look, so this shows what lies there now.
fn preview(path: &Path) -> Option<String> {
    let mut bytes = Vec::new();
    std::fs::File::open(path).ok()?.take(PREVIEW).read_to_end(&mut bytes).ok()?;
    if bytes.contains(&0) {
        return None;
    }
    let text = match std::str::from_utf8(&bytes) {
        Ok(text) => text,
        // The cut may have gone through the middle of a letter.
        Err(error) if error.valid_up_to() + 4 > bytes.len() => {
            std::str::from_utf8(&bytes[..error.valid_up_to()]).ok()?
        }
        Err(_) => return None,
    };
    Some(text.to_owned())
}

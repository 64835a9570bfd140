//! What the code of a run says about columns, kept by the bytes of the code.

use std::collections::BTreeMap;

use proofmark_domain::Digest;
use proofmark_domain::artifact::{ArtifactKind, FileFacts};
use proofmark_domain::inference::Source;
use proofmark_domain::project::Project;
use proofmark_domain::run::Run;
use proofmark_ledger::{AuditEntry, NewReport, Read, ReportKind};
use serde_json::{Value, json};

use crate::Engine;
use crate::trouble::{Answer, Trouble};

impl Engine {
    /// Keeps what each source says, so that a run of today can be read with the code of today when the code has changed.
    pub(super) fn keep_sources(&self, project: &Project, sources: &[Source]) -> Answer<()> {
        let mut new = Vec::new();
        let said = |source: &Source| (source.reads.clone(), source.writes.clone(), source.fitted.clone());
        for source in sources.iter().filter(|source| !source.reads.is_empty() || !source.writes.is_empty()) {
            let known = self.ledger().read::<_, Trouble>(|read| {
                Ok(read.reports().newest::<Value>(ReportKind::SourceFacts, &source.digest)?)
            })?;
            // A report of an older form cannot be read as this one, and is replaced.
            let known = known.and_then(|report| serde_json::from_value::<Source>(report.body).ok());
            if known.as_ref().is_none_or(|known| said(known) != said(source)) {
                new.push(source);
            }
        }
        if new.is_empty() {
            return Ok(());
        }
        let entry = AuditEntry::new("proofmark", "code.read", project.id.to_string());
        self.ledger().write(self.now(), entry, |write| -> Answer<()> {
            write.note("sources", new.len());
            for source in new {
                let facts = FileFacts {
                    path: source.path.clone(),
                    digest: source.digest,
                    kind: source.kind,
                    media_type: String::new(),
                    size: 0,
                    modified: source.modified,
                };
                let summary = json!({"reads": source.reads.len(), "writes": source.writes.len()});
                let head = self.head(ReportKind::SourceFacts, project, &facts, None, None, summary);
                write.reports().add(&NewReport { head, body: source })?;
            }
            Ok(())
        })
    }
}

/// Sources by the bytes of their code, read when they are first asked for.
#[derive(Default)]
pub(crate) struct SourceShelf(BTreeMap<Digest, Option<Source>>);

impl SourceShelf {
    /// The source of the script that a run ran, as its code was then.
    pub(crate) fn of_run(&mut self, read: &Read<'_>, run: &Run) -> Answer<Option<&Source>> {
        let is_code = |kind: ArtifactKind| matches!(kind, ArtifactKind::Code | ArtifactKind::Notebook);
        let code = run.inputs.iter().filter(|edge| is_code(edge.kind));
        let edge = match &run.code.path {
            Some(path) => code.clone().find(|edge| edge.path == *path),
            None => code.clone().next(),
        };
        let Some((edge, digest)) = edge.and_then(|edge| Some((edge, edge.digest?))) else { return Ok(None) };
        if let std::collections::btree_map::Entry::Vacant(e) = self.0.entry(digest) {
            let stored = read.reports().newest::<Value>(ReportKind::SourceFacts, &digest)?;
            // Without it the columns are known from their names only, as for code that is not Python.
            let source = stored.and_then(|report| serde_json::from_value::<Source>(report.body).ok());
            e.insert(source.map(|source| Source { path: edge.path.clone(), ..source }));
        }
        Ok(self.0.get(&digest).and_then(Option::as_ref))
    }
}

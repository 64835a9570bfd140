//! Finds anything by what people remember of it.

use proofmark_contract::view::*;
use proofmark_domain::artifact::ArtifactKind;
use proofmark_ledger::{FileFilter, RunFilter};

use crate::Engine;
use crate::trouble::{Answer, Trouble};

impl Engine {
    /// Projects, files, runs, columns and released versions whose name, path, digest or people contain the text.
    ///
    /// # Errors
    /// If the ledger cannot be read.
    pub fn search(&self, request: Search) -> Answer<SearchHits> {
        let text = request.text.trim().to_owned();
        let limit = request.limit.unwrap_or(30) as usize;
        let mut hits: Vec<SearchHit> = Vec::new();
        if text.is_empty() {
            return Ok(SearchHits { hits });
        }
        let lower = text.to_lowercase();
        if is_prediction_id(&text) {
            hits.push(SearchHit {
                kind: "prediction_log".into(),
                label: format!("Prediction {text}"),
                detail: "Look for it in the logs and tell its story".into(),
                address: format!("/trace/{text}"),
            });
        }
        let projects = self.projects()?;
        for project in projects
            .iter()
            .filter(|it| it.name.to_lowercase().contains(&lower) || it.root.to_lowercase().contains(&lower))
        {
            hits.push(SearchHit {
                kind: "project".into(),
                label: project.name.clone(),
                detail: project.root.clone(),
                address: format!("/projects/{}", project.id),
            });
        }
        let (files, runs) = self.ledger().read::<_, Trouble>(|read| {
            let files = read
                .files()
                .list(&FileFilter { text: Some(text.clone()), limit: Some(limit as u64), ..FileFilter::default() })?
                .rows;
            let runs = read
                .runs()
                .list(&RunFilter { text: Some(text.clone()), limit: Some(limit as u64), ..RunFilter::default() })?
                .rows;
            Ok((files, runs))
        })?;
        let name = |id| projects.iter().find(|it| it.id == id).map_or_else(String::new, |it| it.name.clone());
        for state in files {
            let path = state.facts.path.as_str();
            hits.push(SearchHit {
                kind: state.facts.kind.word().into(),
                label: path.to_owned(),
                detail: format!("{} · {}", name(state.project), state.facts.digest.short()),
                address: address(state.facts.kind, &state.project.to_string(), path),
            });
        }
        for run in runs {
            hits.push(SearchHit {
                kind: "run".into(),
                label: run.name.clone(),
                detail: format!("{} · {}", name(run.project), run.command.clone().unwrap_or_default()),
                address: format!("/runs/{}", run.id),
            });
        }
        self.search_digests(&lower, &name, &mut hits)?;
        self.search_registry(&lower, &mut hits);
        hits.truncate(limit);
        Ok(SearchHits { hits })
    }

    fn search_digests(
        &self,
        text: &str,
        name: &dyn Fn(proofmark_domain::id::ProjectId) -> String,
        hits: &mut Vec<SearchHit>,
    ) -> Answer<()> {
        let digits = text.strip_prefix("sha256:").unwrap_or(text);
        if digits.len() < 6 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Ok(());
        }
        for project in self.projects()? {
            for state in self.present(&project)?.into_values().filter(|it| it.facts.digest.hex().starts_with(digits)) {
                let path = state.facts.path.as_str();
                hits.push(SearchHit {
                    kind: state.facts.kind.word().into(),
                    label: path.to_owned(),
                    detail: format!("{} · {}", name(project.id), state.facts.digest.short()),
                    address: address(state.facts.kind, &project.id.to_string(), path),
                });
            }
        }
        Ok(())
    }

    fn search_registry(&self, text: &str, hits: &mut Vec<SearchHit>) {
        let Some((_, state)) = self.registry_state() else { return };
        for record in state.candidates.values() {
            let fits = record.model.as_str().contains(text)
                || record.submitter_name.to_lowercase().contains(text)
                || record.note.to_lowercase().contains(text);
            if !fits {
                continue;
            }
            let (kind, label) = match record.version {
                Some(version) => ("version", format!("{} version {version}", record.model)),
                None => ("candidate", record.model.to_string()),
            };
            hits.push(SearchHit {
                kind: kind.into(),
                label,
                detail: format!("submitted by {}", record.submitter_name),
                address: format!("/releases/{}", record.id),
            });
        }
    }
}

fn address(kind: ArtifactKind, project: &str, path: &str) -> String {
    match kind {
        ArtifactKind::Dataset | ArtifactKind::PredictionLog => format!("/data/{project}/{path}"),
        ArtifactKind::Model => format!("/models/{project}/{path}"),
        _ => format!("/projects/{project}/files?path={path}"),
    }
}

/// Whether a text can be the identifier of a prediction: a UUID, with or without hyphens, perhaps with the number of a row behind it.
fn is_prediction_id(text: &str) -> bool {
    let id = text.split('#').next().unwrap_or_default();
    let hex = id.bytes().filter(u8::is_ascii_hexdigit).count();
    hex == 32 && (id.len() == 32 || (id.len() == 36 && id.bytes().filter(|it| *it == b'-').count() == 4))
}

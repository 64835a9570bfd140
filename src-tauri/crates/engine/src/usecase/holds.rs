//! Holding data back and releasing it, and what data in trouble means for everything downstream.

use std::collections::{BTreeMap, BTreeSet};

use proofmark_contract::ErrorCode;
use proofmark_contract::view::*;
use proofmark_domain::artifact::{FileFacts, RelPath};
use proofmark_domain::check::CheckVerdict;
use proofmark_domain::counts::counted;
use proofmark_domain::hold::{HoldState, HoldWord};
use proofmark_domain::lineage::{Node, NodeId, NodeKind};
use proofmark_domain::project::Project;
use proofmark_domain::{Confidence, Digest};
use proofmark_ledger::{AuditEntry, ReportKind};
use serde_json::{Value, json};

use super::findings::judged_heads;
use crate::Engine;
use crate::graph::ProjectGraph;
use crate::hold::{HOLD_SUBJECT, decision, read_holds};
use crate::scan::is_tabular;
use crate::trouble::{Answer, Trouble};

impl Engine {
    /// Versions of data sets that are held back, or were and were released.
    ///
    /// # Errors
    /// If there is no such project, or the ledger cannot be read.
    pub fn hold_list(&self, request: ProjectFilter) -> Answer<HoldList> {
        let mut holds = Vec::new();
        for project in self.projects_in(&request)? {
            let decided = self.holds(&project)?;
            if decided.is_empty() {
                continue;
            }
            let mut lying: BTreeMap<Digest, Vec<String>> = BTreeMap::new();
            for (path, state) in self.present(&project)? {
                lying.entry(state.facts.digest).or_default().push(path.as_str().to_owned());
            }
            holds.extend(decided.into_iter().map(|(digest, (path, word))| HoldRow {
                project: project.id,
                project_name: project.name.clone(),
                path: path.as_str().to_owned(),
                digest,
                lies_at: lying.remove(&digest).unwrap_or_default(),
                word,
            }));
        }
        holds.sort_by(|a, b| b.word.is_held().cmp(&a.word.is_held()).then(b.word.at.cmp(&a.word.at)));
        let held = holds.iter().filter(|it| it.word.is_held()).count() as u64;
        let sentence = match held {
            0 => "No data is held back.".to_owned(),
            1 => "1 version is held back: nothing that Proofmark starts reads it.".to_owned(),
            _ => {
                format!(
                    "{} are held back: nothing that Proofmark starts reads them.",
                    counted(held, "version", "versions")
                )
            }
        };
        Ok(HoldList { sentence, holds })
    }

    /// Holds a version of a data set back, or releases it.
    ///
    /// # Errors
    /// If the reason is missing, there is no such data set or version, or it stands so already.
    pub fn hold_decide(&self, request: HoldDecide) -> Answer<Done> {
        let reason = request.reason.trim().to_owned();
        if reason.is_empty() {
            return Err(Trouble::new(
                ErrorCode::InvalidRequest,
                "A reason is needed: whoever is kept from the data, or trains on it, will ask for it.",
            ));
        }
        let project = self.project(request.project)?;
        let path = RelPath::new(request.path);
        let digest = match request.digest {
            Some(digest) => self.version_of_data(&project, &path, digest)?,
            None => tabular(self.file(&project, &path)?.facts)?.digest,
        };
        let before = self.holds(&project)?.remove(&digest).map(|(_, word)| word);
        match (&before, request.state) {
            (Some(word), state) if word.state == state => {
                let message = match state {
                    HoldState::Held => format!("{path} is held back already, by {}.", word.who()),
                    HoldState::Released => format!("{path} was released already, by {}.", word.by),
                };
                return Err(Trouble::new(ErrorCode::AlreadyExists, message));
            }
            (None, HoldState::Released) => {
                return Err(Trouble::new(ErrorCode::InvalidRequest, format!("{path} is not held back.")));
            }
            _ => {}
        }
        let actor = self.actor();
        let new = decision(&project, &path, &digest, request.state, (reason, actor.clone(), json!({"by": "person"})));
        let entry = AuditEntry::new(actor, format!("{HOLD_SUBJECT}.decide"), path.as_str());
        self.ledger().write(self.now(), entry, |write| -> Answer<()> {
            write.note("decision", request.state.word());
            write.note("digest", digest.to_string());
            write.note("reason", new.reason.clone());
            Ok(write.decisions().add(&new)?)
        })?;
        let message = match request.state {
            HoldState::Held => format!("{path} is held back: nothing that Proofmark starts reads it."),
            HoldState::Released => format!("{path} is released."),
        };
        Ok(Done { message })
    }

    /// A version that was seen under this path.
    fn version_of_data(&self, project: &Project, path: &RelPath, digest: Digest) -> Answer<Digest> {
        let versions = self.ledger().read::<_, Trouble>(|read| Ok(read.versions().of_path(project.id, path)?))?;
        let known = versions.iter().any(|it| it.version.change.digest == digest && is_tabular(it.version.change.kind));
        if known { Ok(digest) } else { Err(Trouble::not_found(format!("version {} of {path}", digest.short()))) }
    }

    /// The data sets of a graph that are held back, failed or cannot be read, on these nodes of it and on all that was made
    /// from them.
    pub(crate) fn troubles(&self, project: &Project, known: &ProjectGraph, shown: &[Node]) -> Answer<Vec<NodeTrouble>> {
        let origins = self.troubled_data(project, known)?;
        let shown: BTreeSet<&NodeId> = shown.iter().map(|node| &node.id).collect();
        let (mut own, mut carried) = (Vec::new(), Vec::new());
        for (origin, kind, why) in origins {
            let mark = |node: &NodeId, confidence: Confidence| NodeTrouble {
                node: node.clone(),
                origin: origin.id.clone(),
                dataset: origin.label.clone(),
                kind,
                why: why.clone(),
                confidence,
            };
            if shown.contains(&origin.id) {
                own.push(mark(&origin.id, Confidence::CERTAIN));
            }
            for (node, confidence) in known.confidence_below(&origin.id) {
                if shown.contains(node) {
                    carried.push(mark(node, Confidence::clamped(confidence)));
                }
            }
        }
        own.extend(carried);
        Ok(own)
    }

    fn troubled_data<'g>(
        &self,
        project: &Project,
        known: &'g ProjectGraph,
    ) -> Answer<Vec<(&'g Node, TroubleKind, String)>> {
        let data: Vec<(&Node, Digest)> = known
            .graph
            .nodes
            .iter()
            .filter(|node| matches!(node.kind, NodeKind::Dataset | NodeKind::PredictionLog))
            .filter_map(|node| Some((node, node.digest?)))
            .collect();
        let now = self.now();
        let (holds, checks, profiles) = self.ledger().read::<_, Trouble>(|read| {
            let digests = || data.iter().map(|(_, digest)| digest);
            let checks = read.reports().newest_heads(ReportKind::Check, digests())?;
            let profiles = read.reports().newest_heads(ReportKind::Profile, digests())?;
            Ok((read_holds(read, project)?, judged_heads(read, checks, now)?, profiles))
        })?;
        let mut found = Vec::new();
        for (((node, digest), check), profile) in data.into_iter().zip(checks).zip(profiles) {
            if let Some((_, word)) = holds.get(&digest).filter(|(_, word)| word.is_held()) {
                found.push((node, TroubleKind::Held, held_why(word)));
            }
            if let Some(check) = check.filter(|it| it.verdict == Some(CheckVerdict::Fail)) {
                found.push((node, TroubleKind::Failed, check.first.unwrap_or_default()));
            } else if let Some(head) = profile.filter(|it| it.verdict.as_deref() == Some("unreadable")) {
                let why = head.summary.get("problem").and_then(Value::as_str).unwrap_or_default().to_owned();
                found.push((node, TroubleKind::Unreadable, why));
            }
        }
        Ok(found)
    }
}

/// Why data is held back, with who says so.
pub(crate) fn held_why(word: &HoldWord) -> String {
    format!("Held back by {}: {}", word.who(), word.why())
}

/// Which data in trouble a model was made from, in one sentence; nothing if none.
pub(crate) fn made_from(troubles: &[NodeTrouble]) -> Option<String> {
    let named: Vec<String> = troubles
        .iter()
        .filter(|it| it.node != it.origin)
        .map(|it| match it.kind {
            TroubleKind::Held => format!("{}, which is held back", it.dataset),
            TroubleKind::Failed => format!("{}, which failed its checks", it.dataset),
            TroubleKind::Unreadable => format!("{}, which cannot be read as a table", it.dataset),
        })
        .collect();
    let (first, rest) = named.split_first()?;
    let others: BTreeSet<&String> = rest.iter().collect();
    let more = match others.len() {
        0 => String::new(),
        count => format!(", and {}", counted(count as u64, "more like it", "more like it")),
    };
    Some(format!("Made from {first}{more}."))
}

fn tabular(facts: FileFacts) -> Answer<FileFacts> {
    if is_tabular(facts.kind) {
        return Ok(facts);
    }
    Err(Trouble::new(ErrorCode::InvalidRequest, format!("{} is no data set, so it cannot be held back.", facts.path)))
}

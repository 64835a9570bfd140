//! Where sensitive data went, and who did what.

use std::collections::BTreeMap;

use proofmark_contract::view::*;
use proofmark_domain::counts::counted;
use proofmark_domain::lineage::{Direction, NodeKind};
use proofmark_domain::model::ModelFacts;
use proofmark_domain::sensitive::CarriedLabel;
use proofmark_ledger::{AuditRecord, AuditVerdict as Chain, ReportKind};
use serde_json::Value;

use super::models::standing;
use crate::Engine;
use crate::trouble::{Answer, Trouble};

/// Audit entries that are searched for a text.
const SEARCHED: u64 = 20_000;

impl Engine {
    /// Which sensitive columns of which data reached which models.
    ///
    /// # Errors
    /// If the ledger cannot be read.
    pub fn governance(&self, _: Nothing) -> Answer<GovernanceView> {
        let state = self.registry_state().map(|(_, state)| state);
        let mut models: Vec<MatrixModel> = Vec::new();
        let mut rows: Vec<MatrixRow> = Vec::new();
        // Data that nobody looked at yet, and data that could not be read.
        let (mut waiting, mut unreadable) = (0u64, 0u64);
        for project in self.projects()? {
            let known = self.project_graph(&project)?;
            let mut index: BTreeMap<_, u64> = BTreeMap::new();
            for node in known.graph.nodes.iter().filter(|node| node.kind == NodeKind::Model) {
                index.insert(node.id.clone(), models.len() as u64);
                models.push(MatrixModel {
                    project: project.id,
                    project_name: project.name.clone(),
                    path: node.label.clone(),
                    release: node.digest.map_or_else(String::new, |digest| standing(state.as_deref(), &digest)),
                });
            }
            let tables: Vec<_> = known.graph.nodes.iter().filter(|node| node.kind == NodeKind::Dataset).collect();
            for node in tables {
                let Some(digest) = node.digest else {
                    unreadable += 1;
                    continue;
                };
                let (looked, profile) = self.ledger().read::<_, Trouble>(|read| {
                    let reports = read.reports();
                    Ok((
                        reports.newest_heads(ReportKind::Sensitive, [&digest])?,
                        reports.newest_heads(ReportKind::Profile, [&digest])?,
                    ))
                })?;
                if looked.into_iter().flatten().next().is_none() {
                    if profile.into_iter().flatten().next().is_some() {
                        unreadable += 1;
                    } else {
                        waiting += 1;
                    }
                    continue;
                }
                let own: Vec<CarriedLabel> =
                    node.labels.iter().filter(|label| label.dataset == node.label).cloned().collect();
                if own.is_empty() {
                    continue;
                }
                let below = known.closure(&node.id, Direction::Down, None);
                let confidence = known.confidence_below(&node.id);
                let mut cells = Vec::new();
                for model in below.nodes.iter().filter(|it| it.kind == NodeKind::Model) {
                    let Some(at) = index.get(&model.id) else { continue };
                    let reaching: Vec<CarriedLabel> =
                        model.labels.iter().filter(|label| label.dataset == node.label).cloned().collect();
                    if reaching.is_empty() {
                        continue;
                    }
                    let features =
                        model.digest.map(|digest| self.features_of(&digest)).transpose()?.flatten().unwrap_or_default();
                    cells.push(MatrixCell {
                        model: *at,
                        in_features: reaching.iter().any(|label| {
                            features.iter().any(|feature| feature.rsplit("__").next() == Some(&label.column))
                        }),
                        labels: reaching,
                        confidence: confidence.get(&model.id).copied().unwrap_or(0.0),
                    });
                }
                rows.push(MatrixRow {
                    project: project.id,
                    project_name: project.name.clone(),
                    path: node.label.clone(),
                    labels: own,
                    cells,
                });
            }
        }
        let sentence = describe(&rows, waiting, unreadable);
        Ok(GovernanceView { sentence, models, rows, unscreened: waiting + unreadable, waiting })
    }

    /// The features that a model file names, if it names any.
    pub(crate) fn features_of(&self, digest: &proofmark_domain::Digest) -> Answer<Option<Vec<String>>> {
        let stored = self
            .ledger()
            .read::<_, Trouble>(|read| Ok(read.reports().newest::<Value>(ReportKind::ModelFacts, digest)?))?;
        Ok(stored.and_then(|it| serde_json::from_value::<ModelFacts>(it.body).ok()).and_then(|facts| facts.features_in))
    }

    /// Audit entries, newest first.
    ///
    /// # Errors
    /// If the ledger cannot be read.
    pub fn audit_list(&self, request: AuditQuery) -> Answer<AuditPage> {
        let limit = request.limit.unwrap_or(200) as usize;
        let text = request.text.map(|it| it.to_lowercase()).filter(|it| !it.is_empty());
        let all = self.ledger().read::<_, Trouble>(|read| Ok(read.audit().latest(None, SEARCHED)?))?;
        let fits = |entry: &AuditRecord| {
            text.as_ref().is_none_or(|text| {
                let said = format!(
                    "{} {} {} {}",
                    entry.entry.actor, entry.entry.action, entry.entry.object, entry.entry.detail
                );
                said.to_lowercase().contains(text)
            })
        };
        let fitting: Vec<AuditRecord> = all.into_iter().filter(fits).collect();
        Ok(AuditPage {
            total: fitting.len() as u64,
            entries: fitting
                .into_iter()
                .skip(request.offset as usize)
                .take(limit)
                .map(|it| AuditRow {
                    seq: it.seq.unsigned_abs(),
                    at: it.at,
                    actor: it.entry.actor,
                    action: it.entry.action,
                    object: it.entry.object,
                    detail: it.entry.detail,
                    hash: it.hash.to_string(),
                })
                .collect(),
        })
    }

    /// Whether every audit entry follows from the one before.
    ///
    /// # Errors
    /// If the ledger cannot be read.
    pub fn audit_verify(&self, _: Nothing) -> Answer<AuditVerdict> {
        let report = self.ledger().audit_verify()?;
        Ok(AuditVerdict {
            entries: report.entries,
            intact: report.verdict == Chain::Ok,
            first_broken: report.first_broken.and_then(|it| u64::try_from(it).ok()),
            head: report.head.map_or_else(String::new, |head| head.to_string()),
        })
    }
}

fn describe(rows: &[MatrixRow], waiting: u64, unreadable: u64) -> String {
    let reaching = rows.iter().filter(|row| !row.cells.is_empty()).count() as u64;
    let models: std::collections::BTreeSet<u64> =
        rows.iter().flat_map(|row| row.cells.iter().map(|cell| cell.model)).collect();
    let known = if rows.is_empty() {
        "No sensitive column was found in the data that was looked at.".to_owned()
    } else if reaching == 0 {
        format!(
            "{} sensitive columns, and no model here was made from them.",
            if rows.len() == 1 { "One data set has".to_owned() } else { format!("{} data sets have", rows.len()) }
        )
    } else {
        format!(
            "Sensitive data of {} lies upstream of {}.",
            counted(reaching, "data set", "data sets"),
            counted(models.len() as u64, "model", "models")
        )
    };
    let sets = |count: u64| counted(count, "data set", "data sets");
    let mut sentence = known;
    if waiting > 0 {
        sentence.push_str(&format!(
            " {} {} not been looked at yet.",
            sets(waiting),
            if waiting == 1 { "has" } else { "have" }
        ));
    }
    if unreadable > 0 {
        sentence.push_str(&format!(" Nothing can be said of {} that could not be read.", sets(unreadable)));
    }
    sentence
}

//! Whether training data is kept for longer than the project says.

use proofmark_domain::artifact::RelPath;
use proofmark_domain::gate::GateVerdict;
use proofmark_domain::lineage::NodeKind;
use proofmark_domain::retention::Retention;

use super::{Evidence, Found};
use crate::Engine;
use crate::trouble::{Answer, sentence};
use crate::usecase::projects::joined;

impl Engine {
    pub(super) fn retention(&self, evidence: &Evidence<'_>) -> Answer<Found> {
        let now = self.now();
        let (mut expired, mut silent, mut unclear, mut gone, mut held) = (Vec::new(), 0u64, Vec::new(), 0u64, 0u64);
        let mut next = None;
        for node in evidence.upstream.nodes.iter().filter(|node| node.kind == NodeKind::Dataset) {
            let Some(period) = evidence.config.dataset(&node.label).and_then(|it| it.retention.as_deref()) else {
                silent += 1;
                continue;
            };
            let period = match period.parse::<Retention>() {
                Ok(period) => period,
                Err(error) => {
                    unclear.push(format!("{}: {}", node.label, sentence(&error.to_string())));
                    continue;
                }
            };
            let Ok(file) = self.file(evidence.project, &RelPath::new(node.label.clone())) else {
                gone += 1;
                continue;
            };
            let end = period.end(file.facts.modified);
            if end < now {
                expired.push(format!("{} (kept until {end})", node.label));
            } else {
                held += 1;
                next = next.map_or(Some(end), |so_far: proofmark_domain::Timestamp| Some(so_far.min(end)));
            }
        }
        let measured = format!("{held} within their time, {} past it, {silent} without one", expired.len());
        Ok(if !expired.is_empty() {
            let why = format!("{} should have been destroyed.", joined(&expired));
            Found::new(GateVerdict::Fail, measured, why).with(expired)
        } else if !unclear.is_empty() {
            Found::new(GateVerdict::CannotTell, measured, unclear.join(" ")).with(unclear)
        } else if silent + held + gone == 0 {
            Found::new(
                GateVerdict::CannotTell,
                measured,
                "No data set is known upstream, so there is nothing to judge.",
            )
        } else if silent > 0 {
            let why = "A data set upstream has no period in proofmark.toml ([[dataset]] retention).";
            Found::new(GateVerdict::CannotTell, measured, why)
        } else {
            let next = next.map_or_else(String::new, |end| format!(" The first of them ends {end}."));
            Found::new(
                GateVerdict::Pass,
                measured,
                format!("Every data set upstream is within its time or gone.{next}"),
            )
        })
    }
}

//! Promotions that hold from a time on.
//!
//! A plan waits until its time, and any later statement about the same alias ends it: whoever moves an alias decides anew. Whether a
//! statement came before the time is told by the time that its author gives; whether the time has come, by the clock of whoever reads.

use serde::{Deserialize, Serialize};

use super::state::{AliasChange, AliasMoveKind, AliasRecord, RegistryState};
use super::{ModelName, rules};
use crate::Timestamp;
use crate::id::PersonId;

/// What became of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub enum PlanEnd {
    /// Its time came, and the alias was moved.
    TookEffect,
    /// Somebody called it off.
    CalledOff {
        /// Who.
        person: PersonId,
        /// Why.
        reason: String,
        /// When.
        at: Timestamp,
    },
    /// The alias was moved, taken away or planned otherwise before.
    Overtaken {
        /// By whom.
        person: PersonId,
        /// When.
        at: Timestamp,
    },
    /// Its time came, or would have come, while the version could not be promoted.
    Lapsed {
        /// Why, as the end of a sentence.
        why: String,
    },
}

/// An alias that is to point to a version from a time on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct Plan {
    /// The version.
    pub version: u64,
    /// From when on.
    pub from: Timestamp,
    /// Who planned it.
    pub person: PersonId,
    /// Why.
    pub reason: String,
    /// When they did.
    pub at: Timestamp,
    /// What became of it; `null` while it waits.
    pub end: Option<PlanEnd>,
}

impl AliasRecord {
    /// The plan that waits, if there is one; there is never more than one.
    pub fn planned(&self) -> Option<&Plan> {
        self.plans.last().filter(|plan| plan.end.is_none())
    }

    /// Ends the plan that waits, if there is one.
    pub(super) fn end_plan(&mut self, end: PlanEnd) {
        if let Some(plan) = self.plans.last_mut().filter(|plan| plan.end.is_none()) {
            plan.end = Some(end);
        }
    }
}

impl RegistryState {
    /// Lets every plan take effect whose time has come at `now`.
    pub fn settle(&mut self, now: Timestamp) {
        let due: Vec<(ModelName, String)> = self
            .aliases
            .iter()
            .flat_map(|(model, all)| all.iter().map(move |(alias, record)| (model, alias, record)))
            .filter(|(.., record)| record.planned().is_some_and(|plan| plan.from <= now))
            .map(|(model, alias, _)| (model.clone(), alias.clone()))
            .collect();
        for (model, alias) in due {
            self.settle_alias(&model, &alias, now);
        }
    }

    /// The same for one alias.
    pub(super) fn settle_alias(&mut self, model: &ModelName, alias: &str, now: Timestamp) {
        let planned = self.aliases.get(model).and_then(|all| all.get(alias)).and_then(AliasRecord::planned).cloned();
        let Some(plan) = planned.filter(|plan| plan.from <= now) else { return };
        let why_not = rules::why_not_promoted(self, model, plan.version);
        let Some(record) = self.aliases.get_mut(model).and_then(|all| all.get_mut(alias)) else { return };
        if let Some(why) = why_not {
            return record.end_plan(PlanEnd::Lapsed { why });
        }
        record.end_plan(PlanEnd::TookEffect);
        record.version = Some(plan.version);
        record.history.push(AliasChange {
            kind: AliasMoveKind::Promoted,
            version: Some(plan.version),
            person: plan.person,
            reason: plan.reason,
            at: plan.from,
        });
    }

    /// When the next plan is due; `None` if none waits.
    pub fn next_due(&self) -> Option<Timestamp> {
        let records = self.aliases.values().flat_map(|all| all.values());
        records.filter_map(|record| record.planned()).map(|plan| plan.from).min()
    }
}

//! Promotions that hold from a time on.
//!
//! A plan waits until its time, and any later statement about the same alias ends it: whoever moves an alias decides anew. Whether a
//! statement came before the time is told by the time that its author gives; whether the time has come, by the clock of whoever reads.

use serde::{Deserialize, Serialize};

use super::state::{AliasChange, AliasMoveKind, AliasRecord, RegistryState};
use super::{ModelName, fold};
use crate::Timestamp;
use crate::id::{CandidateId, PersonId};

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
    /// The newest plan that waits, if there is one.
    pub fn planned(&self) -> Option<&Plan> {
        self.plans.last().filter(|plan| plan.end.is_none())
    }

    fn waiting(&self) -> impl Iterator<Item = &Plan> {
        self.plans.iter().filter(|plan| plan.end.is_none())
    }

    /// Ends the plans that wait for a time after `at`. One whose time had come by then is past being ended.
    pub(super) fn end_plans(&mut self, at: Timestamp, end: &PlanEnd) {
        for plan in self.plans.iter_mut().filter(|plan| plan.end.is_none() && plan.from > at) {
            plan.end = Some(end.clone());
        }
    }
}

impl RegistryState {
    /// Lets every plan take effect whose time has come at `now`, ends those that cannot any more, and says of each open candidate whether it
    /// has now what it needs: a waiver may have ended since the last statement about it, or the policy have changed.
    pub fn settle(&mut self, now: Timestamp) {
        let candidates: Vec<CandidateId> = self.candidates.keys().copied().collect();
        for candidate in candidates {
            fold::restate(self, candidate, now);
        }
        let waiting: Vec<(ModelName, String)> = self
            .aliases
            .iter()
            .flat_map(|(model, all)| all.iter().map(move |(alias, record)| (model, alias, record)))
            .filter(|(.., record)| record.waiting().next().is_some())
            .map(|(model, alias, _)| (model.clone(), alias.clone()))
            .collect();
        for (model, alias) in waiting {
            self.settle_alias(&model, &alias, now);
        }
    }

    /// The same for one alias.
    pub(super) fn settle_alias(&mut self, model: &ModelName, alias: &str, now: Timestamp) {
        let Some(mut record) = self.aliases.get(model).and_then(|all| all.get(alias)).cloned() else { return };
        for plan in record.plans.iter_mut().filter(|plan| plan.end.is_none()) {
            // Whether the version may be used at the plan's time is known as soon as it is withdrawn; whether the registry stands still
            // at that time, only then.
            let withdrawn = self.version(model, plan.version).and_then(|it| it.withdrawn.as_ref());
            if withdrawn.is_some_and(|it| it.at <= plan.from) {
                plan.end = Some(PlanEnd::Lapsed { why: "the version was withdrawn before its time came".to_owned() });
            } else if plan.from > now {
                continue;
            } else if self.frozen.as_ref().is_some_and(|freeze| freeze.at <= plan.from) {
                plan.end = Some(PlanEnd::Lapsed { why: STOOD_STILL.to_owned() });
            } else {
                plan.end = Some(PlanEnd::TookEffect);
                record.version = Some(plan.version);
                record.history.push(AliasChange {
                    kind: AliasMoveKind::Promoted,
                    version: Some(plan.version),
                    person: plan.person,
                    reason: plan.reason.clone(),
                    at: plan.from,
                });
            }
        }
        self.aliases.entry(model.clone()).or_default().insert(alias.to_owned(), record);
    }

    /// Ends the plans whose time came between the beginning of a freeze and `until`: they do not come after it.
    pub(super) fn lapse_frozen(&mut self, until: Timestamp) {
        let Some(since) = self.frozen.as_ref().map(|freeze| freeze.at) else { return };
        let plans = self.aliases.values_mut().flat_map(|all| all.values_mut()).flat_map(|record| &mut record.plans);
        for plan in plans.filter(|plan| plan.end.is_none() && plan.from >= since && plan.from <= until) {
            plan.end = Some(PlanEnd::Lapsed { why: STOOD_STILL.to_owned() });
        }
    }

    /// When the next plan is due; `None` if none waits.
    pub fn next_due(&self) -> Option<Timestamp> {
        let records = self.aliases.values().flat_map(|all| all.values());
        records.flat_map(AliasRecord::waiting).map(|plan| plan.from).min()
    }
}

const STOOD_STILL: &str = "the registry stood still when its time came";

//! What a release needs in a registry.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{BundleManifest, ModelName};
use crate::gate::Gate;
use crate::sensitive::SensitiveGroup;

/// Who must have approved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct Requirement {
    /// People other than the submitter who must approve. At least one: 0 counts as 1.
    pub approvals: u32,
    /// One of them must be a governance reviewer, whether or not the registry has any.
    pub governance: bool,
}

impl Default for Requirement {
    fn default() -> Self {
        Self { approvals: 1, governance: false }
    }
}

impl Requirement {
    /// What both ask for.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self { approvals: self.approvals.max(other.approvals), governance: self.governance || other.governance }
    }
}

/// What a release needs in a registry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct Policy {
    /// People other than the submitter who must approve. At least one: 0 counts as 1.
    pub approvals: u32,
    /// One of the approvals must be a governance reviewer's if labels of these groups reach the model,
    /// provided that the registry has a governance reviewer other than the submitter.
    pub governance_groups: BTreeSet<SensitiveGroup>,
    /// What is needed on top of that if labels of these groups reach the model.
    #[serde(default)]
    pub sensitive: Requirement,
    /// What single models need at least.
    #[serde(default)]
    pub by_model: BTreeMap<ModelName, Requirement>,
    /// What candidates of a risk class need at least. If there are any classes, a candidate must name one of them.
    #[serde(default)]
    pub by_risk: BTreeMap<String, Requirement>,
    /// Gates that every candidate must be held against, whatever its project asks for.
    #[serde(default)]
    pub gates: Vec<Gate>,
}

impl Default for Policy {
    /// One approval; direct identifiers and special categories of the GDPR ask for a governance reviewer.
    fn default() -> Self {
        Self {
            approvals: 1,
            governance_groups: [SensitiveGroup::Direct, SensitiveGroup::Special].into(),
            sensitive: Requirement::default(),
            by_model: BTreeMap::new(),
            by_risk: BTreeMap::new(),
            gates: Vec::new(),
        }
    }
}

impl Policy {
    /// Whether labels that ask for governance reach the model.
    pub fn is_sensitive(&self, manifest: &BundleManifest) -> bool {
        manifest.labels.iter().any(|label| self.governance_groups.contains(&label.group))
    }

    /// What this candidate needs: the strictest of everything that applies. A risk class that the policy does not know
    /// counts as the strictest one that it does.
    pub fn requirement(&self, manifest: &BundleManifest) -> Requirement {
        let mut needed = Requirement { approvals: self.approvals.max(1), governance: false };
        if let Some(model) = self.by_model.get(&manifest.model) {
            needed = needed.and(*model);
        }
        match self.by_risk.get(&manifest.risk) {
            Some(class) => needed = needed.and(*class),
            None => needed = self.by_risk.values().fold(needed, |all, class| all.and(*class)),
        }
        if self.is_sensitive(manifest) {
            needed = needed.and(self.sensitive);
        }
        needed
    }
}

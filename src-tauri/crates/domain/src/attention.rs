//! What needs a person.

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::id::{CandidateId, ProjectId};

/// How pressing it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub enum Urgency {
    /// When there is time.
    Notice,
    /// Soon.
    Attention,
    /// Now.
    Fail,
}

/// Where a click leads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "to", rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub enum Target {
    /// A data set's page.
    Dataset {
        /// The project.
        project: ProjectId,
        /// The data set.
        path: String,
    },
    /// What a log of predictions says about its model.
    Monitor {
        /// The project.
        project: ProjectId,
        /// The log.
        path: String,
    },
    /// A model's page.
    Model {
        /// The project.
        project: ProjectId,
        /// The model.
        path: String,
    },
    /// A candidate's page.
    Candidate {
        /// The candidate.
        candidate: CandidateId,
    },
    /// A project's page.
    Project {
        /// The project.
        project: ProjectId,
    },
    /// The registry.
    Registry,
    /// Settings.
    Settings,
}

/// One line of the overview: what needs a person, why, and where to go.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct Attention {
    /// How pressing.
    pub urgency: Urgency,
    /// What, in one sentence.
    pub what: String,
    /// Why, in one sentence.
    pub why: String,
    /// The words on the button.
    pub action: String,
    /// Where it leads.
    pub target: Target,
    /// Since when.
    pub since: Timestamp,
}

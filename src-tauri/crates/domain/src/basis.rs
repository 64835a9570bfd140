//! How an edge of lineage is known.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// How an edge is known, strongest first. A guess never looks like a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub enum Basis {
    /// A tool's own record says so.
    Declared,
    /// It was seen while the process ran.
    Observed,
    /// The same digest stands at both ends.
    Matched,
    /// Static analysis, times or names make it likely.
    Inferred,
}

impl Basis {
    /// The word that stands in the ledger and in documents.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Declared => "declared",
            Self::Observed => "observed",
            Self::Matched => "matched",
            Self::Inferred => "inferred",
        }
    }
}

/// How sure an edge or a finding is, from 0 (no reason to believe it) to 1 (recorded).
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS), ts(type = "number"))]
pub struct Confidence(f64);

/// A number that is no confidence.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
#[error("{0} is not a confidence between 0 and 1")]
pub struct BadConfidence(pub f64);

impl Confidence {
    /// Recorded, not guessed.
    pub const CERTAIN: Self = Self(1.0);

    /// Moves `value` into 0..=1. NaN becomes 0: what cannot be computed is not believed.
    pub const fn clamped(value: f64) -> Self {
        if value.is_nan() || value < 0.0 {
            Self(0.0)
        } else if value > 1.0 {
            Self(1.0)
        } else {
            Self(value)
        }
    }

    /// The number itself, 0..=1.
    pub const fn get(self) -> f64 {
        self.0
    }
}

impl TryFrom<f64> for Confidence {
    type Error = BadConfidence;

    fn try_from(value: f64) -> Result<Self, BadConfidence> {
        if (0.0..=1.0).contains(&value) { Ok(Self(value)) } else { Err(BadConfidence(value)) }
    }
}

impl From<Confidence> for f64 {
    fn from(confidence: Confidence) -> Self {
        confidence.0
    }
}

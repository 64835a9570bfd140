//! Which version answers, and what is known of others: the health document.

use proofmark_domain::Timestamp;
use serde::{Deserialize, Serialize};

/// A version that should answer, and does not, as it lies in the registry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Newer {
    /// Its version.
    pub version: String,
    /// Why it does not answer.
    pub problem: String,
    /// When that was found.
    pub since: Timestamp,
}

/// Which version answers, and what is wrong with newer ones.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// Whether requests are answered.
    pub ready: bool,
    /// The name under which the model answers.
    pub name: String,
    /// What was asked for: `model@alias`, or a path.
    pub of: String,
    /// The version that answers: its number in the registry, or the SHA-256 of the file.
    pub version: String,
    /// SHA-256 of the file that answers, as `sha256:…`.
    pub digest: String,
    /// When its signatures and bytes were verified; absent for a file, which nobody signed.
    pub verified_at: Option<Timestamp>,
    /// When it was loaded.
    pub loaded_at: Timestamp,
    /// How often another version took over.
    pub reloads: u64,
    /// The version that the alias points to, where it does not verify or load. It can have the number of the version that answers, where
    /// that is a kept copy and the registry's own is no longer what was verified.
    pub newer: Option<Newer>,
    /// Why the registry could not be asked, where it could not.
    pub registry_problem: Option<String>,
    /// Whether the version that answers was withdrawn in the meantime. It answers on, because what stands behind it decides when to stop.
    pub withdrawn: bool,
    /// One sentence.
    pub sentence: String,
}

impl Standing {
    /// Says it in a sentence.
    pub(super) fn say(&mut self) {
        let mut sentence = format!("{} answers as version {}.", self.name, self.version);
        if self.withdrawn {
            sentence.push_str(" It was withdrawn: promote another version.");
        }
        if let Some(newer) = self.newer.as_ref().filter(|it| it.version == self.version) {
            sentence.push_str(&format!(
                " That is the copy that verified at its time; what the registry holds now does not: {}",
                newer.problem
            ));
        } else if let Some(newer) = &self.newer {
            sentence.push_str(&format!(" Version {} does not take over: {}", newer.version, newer.problem));
        }
        if let Some(problem) = &self.registry_problem {
            sentence.push_str(&format!(" The registry cannot be asked whether another version takes over: {problem}"));
        }
        self.sentence = sentence;
    }
}

//! Collects what speaks against a file, and turns it into one of three verdicts.

use proofmark_domain::model::{Safety, SafetyReason, SafetyVerdict};

/// At most this many reasons of each kind are kept: the first ones say enough.
const REASONS: usize = 50;

/// What was found so far.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    dangerous: Vec<SafetyReason>,
    unverified: Vec<SafetyReason>,
}

impl Findings {
    /// Loading would import or call this.
    pub(crate) fn dangerous(&mut self, what: impl Into<String>, place: impl Into<String>) {
        add(&mut self.dangerous, what.into(), place.into());
    }

    /// A dangerous name is not only imported but called: shows the call in place of the name.
    pub(crate) fn called(&mut self, name: &str, call: String, place: String) {
        match self.dangerous.iter_mut().find(|reason| reason.what == name && reason.place == place) {
            Some(reason) => reason.what = call,
            None => add(&mut self.dangerous, call, place),
        }
    }

    /// This could not be judged.
    pub(crate) fn unverified(&mut self, what: &str, place: impl Into<String>) {
        add(&mut self.unverified, what.to_owned(), place.into());
    }

    /// The verdict: dangerous before unverified before safe.
    pub(crate) fn into_safety(self) -> Safety {
        let verdict = if !self.dangerous.is_empty() {
            SafetyVerdict::Dangerous
        } else if !self.unverified.is_empty() {
            SafetyVerdict::Unverified
        } else {
            SafetyVerdict::Safe
        };
        let mut reasons = self.dangerous;
        reasons.extend(self.unverified);
        Safety { verdict, reasons }
    }
}

fn add(reasons: &mut Vec<SafetyReason>, what: String, place: String) {
    if reasons.len() < REASONS && !reasons.iter().any(|reason| reason.what == what && reason.place == place) {
        reasons.push(SafetyReason { what, place });
    }
}

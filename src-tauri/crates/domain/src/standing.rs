//! Where a finding stands with people: what they said about it, and whether that still holds.

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::check::{CheckVerdict, Finding};

/// Where a finding stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub enum FindingState {
    /// Nobody has said anything about it, or what was said no longer holds.
    Open,
    /// A person has seen it and calls it real; it counts.
    Acknowledged,
    /// A person accepted it as expected, with a reason; it does not count until it grows.
    Expected,
    /// A person does not want to hear of it, for a time or for good; it does not count.
    Muted,
    /// The newest version of the table does not have it any more.
    Resolved,
}

impl FindingState {
    /// All of them, in the order in which a person looks at them.
    pub const ALL: [Self; 5] = [Self::Open, Self::Acknowledged, Self::Expected, Self::Muted, Self::Resolved];

    /// Its word in `--json` and in the ledger.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Acknowledged => "acknowledged",
            Self::Expected => "expected",
            Self::Muted => "muted",
            Self::Resolved => "resolved",
        }
    }

    /// The state of a word. `accepted` and `dismissed` are what ledgers of the first shape hold.
    pub fn of_word(word: &str) -> Option<Self> {
        match word {
            "accepted" => Some(Self::Acknowledged),
            "dismissed" => Some(Self::Expected),
            _ => Self::ALL.into_iter().find(|it| it.word() == word),
        }
    }

    /// Whether a finding in this state counts towards the verdict on its table.
    pub const fn counts(self) -> bool {
        matches!(self, Self::Open | Self::Acknowledged)
    }
}

/// What a person said about a finding.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct Said {
    /// What was said.
    pub state: FindingState,
    /// Why, in the person's words.
    pub reason: String,
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Until when it holds; for good if absent.
    pub until: Option<Timestamp>,
    /// The share of rows that the finding concerned then, 0..1; absent in ledgers of the first shape.
    pub share: Option<f64>,
}

/// What was accepted as expected at a share of the rows is expected up to twice this share and one in a hundred rows more.
pub fn accepted_up_to(share: f64) -> f64 {
    (share * 2.0 + 0.01).min(1.0)
}

/// Where a finding stands now, and why it is open again if it is.
pub fn standing(finding: &Finding, said: Option<&Said>, now: Timestamp) -> (FindingState, Option<String>) {
    let Some(said) = said else { return (FindingState::Open, None) };
    if let Some(until) = said.until.filter(|until| *until <= now) {
        return (FindingState::Open, Some(format!("It was {} until {until}.", said.state.word())));
    }
    match (said.state, said.share) {
        (FindingState::Expected, Some(share)) if finding.affected_ratio > accepted_up_to(share) => {
            let per_cent = |it: f64| format!("{:.1} %", it * 100.0);
            let why = format!(
                "It was accepted at {} of the rows, and now concerns {}.",
                per_cent(share),
                per_cent(finding.affected_ratio)
            );
            (FindingState::Open, Some(why))
        }
        (FindingState::Resolved, _) => (FindingState::Open, None),
        (state, _) => (state, None),
    }
}

/// The verdict that is left of findings once those that do not count are taken away.
pub fn verdict<'a>(findings: impl IntoIterator<Item = (&'a Finding, FindingState)>) -> CheckVerdict {
    let counting: Vec<Finding> =
        findings.into_iter().filter(|(_, state)| state.counts()).map(|(finding, _)| finding.clone()).collect();
    CheckVerdict::of(&counting)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{FindingKind, Severity};

    fn finding(share: f64) -> Finding {
        Finding {
            kind: FindingKind::Sentinel,
            columns: vec!["amount".into()],
            severity: Severity::Error,
            confidence: 1.0,
            affected_rows: 1,
            affected_ratio: share,
            example_rows: vec![1],
            message: String::new(),
            suggestion: String::new(),
            measures: Vec::new(),
        }
    }

    fn said(state: FindingState) -> Said {
        let at = Timestamp::from_ms(1_000);
        Said { state, reason: "known".into(), by: "Ada".into(), at, until: None, share: Some(0.02) }
    }

    #[test]
    fn what_was_accepted_is_open_again_once_it_grows() {
        let now = Timestamp::from_ms(2_000);
        let word = said(FindingState::Expected);
        assert_eq!(standing(&finding(0.03), Some(&word), now), (FindingState::Expected, None));
        let (state, why) = standing(&finding(0.2), Some(&word), now);
        assert_eq!(state, FindingState::Open);
        assert!(why.is_some_and(|it| it.contains("2.0 %") && it.contains("20.0 %")));
    }

    #[test]
    fn muting_ends_at_its_time_and_acknowledged_findings_count() {
        let mut word = said(FindingState::Muted);
        word.until = Some(Timestamp::from_ms(5_000));
        assert_eq!(standing(&finding(0.9), Some(&word), Timestamp::from_ms(4_999)).0, FindingState::Muted);
        assert_eq!(standing(&finding(0.9), Some(&word), Timestamp::from_ms(5_000)).0, FindingState::Open);
        let (bad, known) = (finding(0.1), finding(0.1));
        assert_eq!(verdict([(&bad, FindingState::Acknowledged)]), CheckVerdict::Fail);
        assert_eq!(verdict([(&bad, FindingState::Expected), (&known, FindingState::Muted)]), CheckVerdict::Pass);
        assert_eq!(FindingState::of_word("dismissed"), Some(FindingState::Expected));
        for state in FindingState::ALL {
            assert_eq!(FindingState::of_word(state.word()), Some(state));
        }
    }
}

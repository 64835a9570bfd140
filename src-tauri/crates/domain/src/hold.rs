//! Data that is held back: no command that Proofmark starts reads it until a person releases it.
//!
//! A hold is about bytes, not about a path: a copy of what is held is held, and other bytes under the same path are not.

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::check::CheckVerdict;

/// What was decided last about the bytes of a data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub enum HoldState {
    /// Nothing that Proofmark starts reads them.
    Held,
    /// They were held back, or might have been, and a person let them go.
    Released,
}

impl HoldState {
    /// Its word in `--json` and in the ledger.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Released => "released",
        }
    }

    /// The state of a word.
    pub fn of_word(word: &str) -> Option<Self> {
        [Self::Held, Self::Released].into_iter().find(|it| it.word() == word)
    }
}

/// What was decided about the bytes of a data set, by whom and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct HoldWord {
    /// What was decided.
    pub state: HoldState,
    /// Who decided; `proofmark` where the project's own file has new versions held back by themselves.
    pub by: String,
    /// Whether it was held back by itself, after its checks.
    pub by_screening: bool,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

impl HoldWord {
    /// Whether nothing may read the bytes now.
    pub const fn is_held(&self) -> bool {
        matches!(self.state, HoldState::Held)
    }

    /// The reason as the end of a sentence: a person's words, with a full stop if they have none.
    pub fn why(&self) -> String {
        let reason = self.reason.trim_end();
        if reason.ends_with(['.', '?', '!']) { reason.to_owned() } else { format!("{reason}.") }
    }

    /// Who decided, in words.
    pub fn who(&self) -> &str {
        if self.by_screening { "its checks" } else { &self.by }
    }
}

/// From which verdict on new versions are held back by themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldFrom {
    /// Only a person holds data back.
    #[default]
    Never,
    /// A version that fails its checks, or cannot be read as a table.
    Error,
    /// Also a version whose checks warn.
    Warn,
}

impl HoldFrom {
    /// Whether a version with this verdict is held back. `None` stands for one that cannot be read as a table.
    pub const fn holds(self, verdict: Option<CheckVerdict>) -> bool {
        match self {
            Self::Never => false,
            Self::Error => matches!(verdict, None | Some(CheckVerdict::Fail)),
            Self::Warn => matches!(verdict, None | Some(CheckVerdict::Fail | CheckVerdict::Warn)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_is_held_like_what_fails() {
        for from in [HoldFrom::Error, HoldFrom::Warn] {
            assert!(from.holds(None) && from.holds(Some(CheckVerdict::Fail)) && !from.holds(Some(CheckVerdict::Pass)));
        }
        assert!(HoldFrom::Warn.holds(Some(CheckVerdict::Warn)) && !HoldFrom::Error.holds(Some(CheckVerdict::Warn)));
        assert!(
            !HoldFrom::Never.holds(Some(CheckVerdict::Fail)),
            "by itself nothing is held unless the project says so"
        );
        for state in [HoldState::Held, HoldState::Released] {
            assert_eq!(HoldState::of_word(state.word()), Some(state));
        }
    }
}

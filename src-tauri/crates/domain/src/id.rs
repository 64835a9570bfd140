//! Identifiers as types, so that a run cannot be passed for a release.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;
use uuid::Uuid;

/// A text that is not an identifier of the expected kind.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{found}` is not an identifier of the form {expected}_<uuid>")]
pub struct BadId {
    /// The prefix that was expected, such as `run`.
    pub expected: &'static str,
    /// The text that was found.
    pub found: String,
}

macro_rules! entity_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        ///
        #[doc = concat!("Its text form is `", $prefix, "_<uuid>`, in the ledger, on the command line and in the window alike.")]
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        #[cfg_attr(feature = "bindings", derive(ts_rs::TS), ts(type = "string"))]
        pub struct $name(Uuid);

        impl $name {
            /// Wraps a UUID that the caller made. The engine makes them in version 7, so that they sort by time.
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The UUID without its prefix.
            pub const fn uuid(&self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "_{}"), self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = BadId;

            fn from_str(text: &str) -> Result<Self, BadId> {
                text.strip_prefix(concat!($prefix, "_"))
                    .and_then(|uuid| Uuid::try_parse(uuid).ok())
                    .map(Self)
                    .ok_or_else(|| BadId { expected: $prefix, found: text.to_owned() })
            }
        }

        impl TryFrom<String> for $name {
            type Error = BadId;

            fn try_from(text: String) -> Result<Self, BadId> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.to_string()
            }
        }
    };
}

entity_id! {
    /// A watched folder.
    ProjectId, "prj"
}
entity_id! {
    /// One execution that read and wrote artifacts.
    RunId, "run"
}
entity_id! {
    /// A piece of long work with progress.
    JobId, "job"
}
entity_id! {
    /// A model submitted for release.
    CandidateId, "cand"
}
entity_id! {
    /// A person who signs. One person may hold several keys.
    PersonId, "per"
}
entity_id! {
    /// A shared directory of released models.
    RegistryId, "reg"
}
entity_id! {
    /// A signed statement in a registry.
    StatementId, "stm"
}
entity_id! {
    /// A stored report: quality, sensitive columns or drift.
    ReportId, "rep"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_of_another_kind_is_refused() {
        let run = RunId::from_uuid(Uuid::nil());
        assert_eq!(run.to_string().parse(), Ok(run), "the text form reads back");
        assert!(run.to_string().parse::<CandidateId>().is_err(), "a run is no candidate");
        assert!("run_x".parse::<RunId>().is_err(), "not a UUID");
    }
}

//! What verifying a registry found.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Digest;
use crate::release::{Decision, ModelName};

/// The verdict on a registry or on one of its versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub enum RegistryVerdict {
    /// Every byte and every signature is as it was published.
    Ok,
    /// Something has not arrived yet, as happens in synchronised folders.
    Incomplete,
    /// Signed by nobody that this registry trusts, or not approved as it must be.
    Untrusted,
    /// Bytes differ from what was signed.
    Damaged,
}

/// One thing that is wrong, and what mends it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct RegistryProblem {
    /// A stable word, such as `file_changed`, `file_missing`, `signature_invalid`, `signer_unknown`.
    pub code: String,
    /// Path inside the registry.
    pub path: String,
    /// What is wrong.
    pub message: String,
    /// What mends it.
    pub mend: String,
}

/// The verdict on one version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct VersionVerdict {
    /// The model.
    pub model: ModelName,
    /// The version.
    pub version: u64,
    /// The verdict.
    pub verdict: RegistryVerdict,
    /// Digest of its manifest.
    pub digest: Option<Digest>,
    /// Names of those who signed its bytes.
    pub signers: Vec<String>,
    /// Who approved it.
    pub approvals: Vec<Decision>,
    /// Aliases that point to it.
    pub aliases: Vec<String>,
    /// Whether it was withdrawn.
    pub withdrawn: bool,
}

/// What re-checking every byte and signature of a registry found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct RegistryReport {
    /// The directory.
    pub registry: String,
    /// The worst verdict found.
    pub verdict: RegistryVerdict,
    /// What that means here, in a sentence. Empty in reports from before there was one.
    #[serde(default)]
    pub sentence: String,
    /// Every version.
    pub versions: Vec<VersionVerdict>,
    /// Everything that is wrong.
    pub problems: Vec<RegistryProblem>,
    /// Names that do not belong here and were passed over, such as conflict copies of a synchroniser.
    pub ignored: Vec<String>,
}

/// Codes of problems that concern only the small files which MLflow reads beside the versions.
const OF_VIEWS: [&str; 2] = ["view_stale", "view_early"];
/// Codes of problems that unfinished work leaves behind.
const CUT_SHORT: [&str; 4] = ["publication_pending", "version_missing", "destruction_pending", "trust_pending"];

/// What a verdict means, in a sentence: it says no more than the problems do.
pub fn sentence(verdict: RegistryVerdict, problems: &[RegistryProblem], versions: &[VersionVerdict]) -> String {
    let only = |codes: &[&str]| problems.iter().all(|it| codes.contains(&it.code.as_str()));
    let whole = versions.iter().all(|it| it.verdict == RegistryVerdict::Ok);
    match verdict {
        RegistryVerdict::Ok => "Every byte and every signature is as it was published.",
        RegistryVerdict::Incomplete if only(&["view_early"]) => {
            "Every byte and every signature is as it was published; the small files that MLflow reads beside the versions show a promotion whose time has not come by this machine's clock."
        }
        RegistryVerdict::Incomplete if only(&OF_VIEWS) => {
            "Every byte and every signature is as it was published; the small files that MLflow reads beside the versions do not show the newest statements."
        }
        RegistryVerdict::Incomplete if only(&CUT_SHORT) => {
            "Something was cut short, is under way, or has not arrived yet; what was published before is as it was."
        }
        RegistryVerdict::Incomplete => "Something has not arrived yet, as happens in synchronised folders.",
        RegistryVerdict::Untrusted if whole => {
            "Something is signed by nobody whom this registry trusts, or not as it must be, and counts for nothing; every version is as it was published."
        }
        RegistryVerdict::Untrusted => {
            "Something is signed by nobody whom this registry trusts, or not approved as it must be."
        }
        RegistryVerdict::Damaged => "Bytes differ from what was signed.",
    }
    .to_owned()
}

/// What a reader saw of a registry before. Storage that shows less than that later hides something, or was set back.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct Seen {
    /// The newest version of the trust list.
    pub trust_version: u64,
    /// Digest of the statement that proposed it.
    pub trust: Option<Digest>,
    /// The last statement by each key.
    pub heads: BTreeMap<String, Digest>,
}

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
    /// Every version.
    pub versions: Vec<VersionVerdict>,
    /// Everything that is wrong.
    pub problems: Vec<RegistryProblem>,
    /// Names that do not belong here and were passed over, such as conflict copies of a synchroniser.
    pub ignored: Vec<String>,
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

//! What a model file says about itself, and whether a signature over it holds.

use std::path::{Path, PathBuf};

use proofmark_contract::ErrorCode;
use proofmark_domain::model::ModelFacts;
use proofmark_intake::model::{Limits, read_model};
use proofmark_registry::Watch;
use proofmark_registry::oms::{self, Trust};
use serde::Serialize;

use crate::trouble::{Answer, Trouble, sentence};

pub use proofmark_registry::oms::VerifyOptions;

/// What a model file says about itself.
///
/// # Errors
/// If it cannot be read as a model file.
pub fn inspect(path: &Path) -> Answer<ModelFacts> {
    read_model(path, &Limits::default())
        .map_err(|error| Trouble::new(ErrorCode::Unreadable, sentence(&error.to_string())))
}

/// The verdict on an OpenSSF Model Signing bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ModelVerdict {
    /// `ok` or `refused`.
    pub verdict: &'static str,
    /// Why it was refused.
    pub reason: Option<String>,
    /// Files that were checked.
    pub files: u64,
}

/// Checks a model folder or file against a bundle made by anyone.
///
/// # Errors
/// If the key or certificates cannot be read. A model that does not verify is a verdict, not an error.
pub fn verify_model(
    path: &Path,
    signature: &Path,
    public_key: Option<&Path>,
    certificates: &[PathBuf],
    options: &VerifyOptions,
) -> Answer<ModelVerdict> {
    let trust = match public_key {
        Some(key) => Trust::key_file(key)?,
        None => Trust::certificate_files(certificates)?,
    };
    Ok(match oms::verify_folder(path, signature, &trust, options, &mut Watch::silent()) {
        Ok(passed) => ModelVerdict { verdict: "ok", reason: None, files: passed.files as u64 },
        Err(refused) => ModelVerdict { verdict: "refused", reason: Some(refused.to_string()), files: 0 },
    })
}

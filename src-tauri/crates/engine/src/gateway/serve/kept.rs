//! The copy of the last version that verified, for a start without the registry.

use std::fs;
use std::path::{Path, PathBuf};

use proofmark_domain::{Digest, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::trouble::{Answer, io_trouble};

const RECORD: &str = "kept.json";

/// What was kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Kept {
    pub(super) version: String,
    pub(super) digest: Digest,
    pub(super) verified_at: Timestamp,
}

/// The folder of one alias.
#[derive(Debug)]
pub(super) struct Shelf(PathBuf);

impl Shelf {
    /// Makes the folder where it is not there, and takes away what an ended process left behind.
    ///
    /// # Errors
    /// If it cannot be made.
    pub(super) fn at(folder: PathBuf) -> Answer<Self> {
        fs::create_dir_all(&folder).map_err(|error| io_trouble("making", &folder, &error))?;
        Ok(Self(folder))
    }

    /// A place for a version that is being copied out.
    pub(super) fn staging(&self) -> PathBuf {
        self.0.join(format!("fetch-{}", uuid::Uuid::now_v7()))
    }

    fn file(&self, digest: &Digest) -> PathBuf {
        self.0.join(format!("{}.onnx", digest.hex()))
    }

    /// Keeps a file that was verified, instead of the one before.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(super) fn keep(&self, bytes: &[u8], kept: &Kept) -> Answer<()> {
        let path = self.file(&kept.digest);
        let record = self.0.join(RECORD);
        let text = serde_json::to_vec(kept).map_err(|error| io_trouble("writing", &record, &error.into()))?;
        let whole = |path: &Path, bytes: &[u8]| -> std::io::Result<()> {
            let beside = self.0.join(format!("new-{}", uuid::Uuid::now_v7()));
            fs::write(&beside, bytes)?;
            fs::File::open(&beside)?.sync_all()?;
            fs::rename(&beside, path)
        };
        whole(&path, bytes).map_err(|error| io_trouble("writing", &path, &error))?;
        whole(&record, &text).map_err(|error| io_trouble("writing", &record, &error))?;
        self.tidy(&path);
        Ok(())
    }

    /// Takes away what is no longer kept. What cannot be taken away costs space only.
    fn tidy(&self, but: &Path) {
        for entry in fs::read_dir(&self.0).into_iter().flatten().flatten() {
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            // Another process that serves the same alias may be copying at this moment.
            let old = entry.metadata().and_then(|it| it.modified()).ok().and_then(|it| it.elapsed().ok());
            let is_old = old.is_some_and(|it| it.as_secs() > 24 * 3600);
            if name.ends_with(".onnx") && path != but {
                let _ = fs::remove_file(&path);
            } else if is_old && name.starts_with("fetch-") {
                let _ = fs::remove_dir_all(&path);
            } else if is_old && name.starts_with("new-") {
                let _ = fs::remove_file(&path);
            }
        }
    }

    /// The bytes that were kept, if they still are what was verified.
    pub(super) fn take(&self) -> Option<(Vec<u8>, Kept)> {
        let kept: Kept = serde_json::from_slice(&fs::read(self.0.join(RECORD)).ok()?).ok()?;
        let bytes = fs::read(self.file(&kept.digest)).ok()?;
        (digest_of(&bytes) == kept.digest).then_some((bytes, kept))
    }
}

/// The SHA-256 of bytes.
pub(super) fn digest_of(bytes: &[u8]) -> Digest {
    Digest::from_bytes(Sha256::digest(bytes).into())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn only_what_was_verified_is_taken_up_again() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = Shelf::at(folder.path().join("shelf")).unwrap();
        assert!(shelf.take().is_none());
        let keep = |bytes: &[u8]| {
            let kept = Kept { version: "3".to_owned(), digest: digest_of(bytes), verified_at: Timestamp::from_ms(0) };
            shelf.keep(bytes, &kept).unwrap();
            shelf.file(&kept.digest)
        };
        let first = keep(b"first");
        let second = keep(b"second");
        assert!(!first.exists(), "one version is kept");
        assert_eq!(shelf.take().unwrap().0, b"second");
        fs::write(&second, b"another").unwrap();
        assert!(shelf.take().is_none(), "bytes that changed are not what was verified");
    }
}

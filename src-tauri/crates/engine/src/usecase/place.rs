//! Where a registry lies: a folder, or a bucket of an S3-compatible store.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use proofmark_bucket::{Address, BucketStore};
use proofmark_contract::ErrorCode;
use proofmark_registry::layout::{MARKER, STAGING};
use proofmark_registry::{DirStore, NewRegistry, OpenOptions, Registry, Signer, Store};

use crate::trouble::{Answer, Trouble, io_trouble, sentence};
use crate::{Engine, lock};

/// Where a registry lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// A folder, by its path as given.
    Folder(PathBuf),
    /// A bucket.
    Bucket(Address),
}

impl Place {
    /// Reads what a person gave: `s3://bucket/prefix`, or a path.
    ///
    /// # Errors
    /// If it is meant as the address of a bucket and is none.
    pub(crate) fn read(text: &str) -> Answer<Self> {
        if !Address::is_meant(text) {
            return Ok(Self::Folder(PathBuf::from(text)));
        }
        text.parse().map(Self::Bucket).map_err(|error: proofmark_bucket::BadAddress| {
            Trouble::new(ErrorCode::InvalidRequest, sentence(&error.to_string()))
                .hint("Write s3://BUCKET or s3://BUCKET/PREFIX; keys, region and endpoint come from the AWS_… variables or from ~/.aws.")
        })
    }

    /// The same for a path as the system gave it: the name of a folder need not be Unicode.
    ///
    /// # Errors
    /// As [`Place::read`].
    pub(crate) fn of_path(path: &Path) -> Answer<Self> {
        match path.to_str() {
            Some(text) => Self::read(text),
            None => Ok(Self::Folder(path.to_owned())),
        }
    }

    /// The same place however it was written: a folder by its real path.
    ///
    /// # Errors
    /// If the folder cannot be found.
    pub(crate) fn canonical(&self) -> Answer<Self> {
        Ok(match self {
            Self::Folder(path) => {
                Self::Folder(std::fs::canonicalize(path).map_err(|error| io_trouble("finding", path, &error))?)
            }
            Self::Bucket(address) => Self::Bucket(address.clone()),
        })
    }

    /// How it is written down.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Folder(path) => path.to_string_lossy().into_owned(),
            Self::Bucket(address) => address.to_string(),
        }
    }

    /// The store in it.
    ///
    /// # Errors
    /// If there is no such folder, or no keys for the bucket.
    pub(crate) fn store(&self) -> Answer<Box<dyn Store>> {
        match self {
            Self::Folder(path) => {
                Ok(Box::new(DirStore::new(path).map_err(|error| io_trouble("opening", path, &error))?))
            }
            Self::Bucket(address) => {
                BucketStore::open(address).map(|store| Box::new(store) as Box<dyn Store>).map_err(|error| {
                    Trouble::new(ErrorCode::RegistryUnavailable, sentence(&error.to_string()))
                        .hint("See src-tauri/docs/registry-format.md, Object stores.")
                })
            }
        }
    }

    /// Opens the registry in it.
    ///
    /// # Errors
    /// If there is none.
    pub(crate) fn open(&self, options: OpenOptions) -> Answer<Registry> {
        Ok(Registry::open_in(self.store()?, options)?)
    }

    /// Begins a registry in it.
    ///
    /// # Errors
    /// If it holds anything else, or cannot be written.
    pub(crate) fn begin(&self, new: &NewRegistry, owner: &Signer, options: OpenOptions) -> Answer<Registry> {
        if let Self::Folder(path) = self {
            return Ok(Registry::create(path, new, owner, options)?);
        }
        let store = self.store()?;
        let io = |error: std::io::Error| {
            Trouble::new(ErrorCode::RegistryUnavailable, sentence(&format!("{} cannot be used: {error}", self.text())))
        };
        let names = store.list("").map_err(io)?;
        // What unfinished work of an attempt that was cut short left there is nobody's.
        let other = names.iter().find(|it| it.name != STAGING).map(|it| it.name.as_str());
        if let Some(other) = other.filter(|_| !names.iter().any(|it| it.name == MARKER)) {
            return Err(Trouble::new(
                ErrorCode::AlreadyExists,
                format!("{} is not empty: {other} lies there. No registry was begun.", self.text()),
            )
            .hint("Choose a prefix that nothing else uses, such as s3://BUCKET/registry."));
        }
        let test = store.self_test().map_err(io)?;
        if !test.can_publish() {
            return Err(Trouble::new(
                ErrorCode::RegistryUnavailable,
                sentence(&format!("{} can hold no registry: {}", self.text(), test.notes.join("; "))),
            )
            .hint("Use a store that honours conditional writes (If-None-Match), or a shared folder."));
        }
        Ok(Registry::create_in(store, new, owner, options)?)
    }
}

impl Engine {
    /// The registry at a place. One in a bucket stays open, with what was read of it: each question costs a way over the network. It is
    /// opened anew when keys, region or endpoint are others, such as after a token ended and another took its place.
    pub(crate) fn registry_at(&self, place: &Place, options: OpenOptions) -> Answer<Arc<Registry>> {
        let Place::Bucket(address) = place else { return Ok(Arc::new(place.open(options)?)) };
        let key = (place.text(), options.trusted_owner.clone());
        let settings = proofmark_bucket::settings_stamp(address);
        if let Some((_, open)) = lock(&self.0.buckets).get(&key).filter(|(opened_with, _)| *opened_with == settings) {
            if let Some(seen) = options.seen {
                open.remember(seen);
            }
            return Ok(Arc::clone(open));
        }
        // Not while the lock is held: the store may not answer for a while.
        let opened = Arc::new(place.open(options)?);
        lock(&self.0.buckets).insert(key, (settings, Arc::clone(&opened)));
        Ok(opened)
    }

    /// Lets go of what was read of buckets: who attaches or detaches begins anew.
    pub(crate) fn forget_buckets(&self) {
        lock(&self.0.buckets).clear();
    }
}

/// Whether something lies at the place that should be the first file of a registry.
pub(crate) fn has_marker(place: &Place) -> bool {
    match place {
        Place::Folder(path) => Path::new(path).join(MARKER).exists(),
        Place::Bucket(_) => place.store().is_ok_and(|store| store.entry(MARKER).is_ok_and(|it| it.is_some())),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[cfg(unix)]
    #[test]
    fn the_name_of_a_folder_need_not_be_unicode() {
        use std::os::unix::ffi::OsStrExt as _;
        let path = Path::new(std::ffi::OsStr::from_bytes(b"/shared/mod\xe8les"));
        assert_eq!(Place::of_path(path).unwrap(), Place::Folder(path.to_owned()));
        assert!(Place::of_path(Path::new("s3://models/team")).unwrap().text().starts_with("s3://"));
    }

    #[test]
    fn a_place_is_a_folder_or_a_bucket() {
        assert_eq!(Place::read("/shared/models").unwrap(), Place::Folder("/shared/models".into()));
        assert_eq!(Place::read("s3://models/team/").unwrap().text(), "s3://models/team");
        let wrong = Place::read("s3://KEY:SECRET@models").unwrap_err();
        assert!(!wrong.0.message.contains("SECRET"), "{}", wrong.0.message);
    }
}

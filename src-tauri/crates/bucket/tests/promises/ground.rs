//! Where the registry of a test lies: a bucket in memory.

use std::io;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use proofmark_bucket::BucketStore;
use proofmark_registry::Store;

pub struct Ground {
    bucket: Mutex<BucketStore>,
    kept: Mutex<Option<BucketStore>>,
}

fn in_memory(store: Option<BucketStore>) -> io::Result<BucketStore> {
    store.ok_or_else(|| io::Error::other("the bucket is in memory"))
}

impl Ground {
    /// A bucket needs no room of the test's.
    pub fn new(_room: &Path) -> io::Result<Self> {
        Ok(Self { bucket: Mutex::new(BucketStore::in_memory()), kept: Mutex::default() })
    }

    /// The place as another writer sees it.
    pub fn store(&self) -> io::Result<Box<dyn Store>> {
        let bucket = self.bucket.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(Box::new(in_memory(bucket.beside())?))
    }

    /// Keeps everything as it is now.
    pub fn keep(&self) -> io::Result<()> {
        let copy = in_memory(self.bucket.lock().unwrap_or_else(PoisonError::into_inner).forked())?;
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(copy);
        Ok(())
    }

    /// Makes it again as it was kept.
    pub fn put_back(&self) -> io::Result<()> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let copy = in_memory(kept.as_ref().and_then(BucketStore::forked))?;
        *self.bucket.lock().unwrap_or_else(PoisonError::into_inner) = copy;
        Ok(())
    }

    /// A bucket never holds half of an object.
    pub fn write_half(&self, _path: &str, _content: &[u8]) {}
}

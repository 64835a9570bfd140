//! A bucket as the place of a registry.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;
use std::io::{self, Read};
use std::path::Path as Folder;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore, PutPayload};
use proofmark_registry::layout::{LAST_OF_FOLDER, MARKER, STAGING};
use proofmark_registry::store::{Entry, EntryKind, SelfTest, Store};

use crate::address::Address;
use crate::credentials::{Settings, patience, settings};
use crate::reading::Reading;
use crate::remote::{Clients, Remote};
use crate::staging::{Prepared, Staging};
use crate::upload::{self, Taken};
use crate::{exclusive, self_test};

/// The largest small file.
const READ_LIMIT: u64 = 64 * 1024 * 1024;
/// Files of a folder that are put in place at once.
const AT_ONCE: usize = 8;

/// A registry's place in a bucket.
pub struct BucketStore {
    remote: Remote,
    staging: Mutex<Staging>,
    /// A bucket that is in this process's memory.
    memory: Option<Arc<InMemory>>,
}

impl std::fmt::Debug for BucketStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "BucketStore({})", self.remote.place())
    }
}

impl BucketStore {
    /// Takes a bucket, with the keys, the region and the endpoint that the environment or the files of settings give. Nothing is
    /// asked of the store yet.
    ///
    /// # Errors
    /// If there are no keys, or the settings cannot be used. The text says what to do, and holds no key.
    pub fn open(address: &Address) -> io::Result<Self> {
        Self::open_with(address, &|name| std::env::var(name).ok())
    }

    /// The same with another environment than that of the process: a lookup of variables by name.
    ///
    /// # Errors
    /// As [`BucketStore::open`].
    pub fn open_with(address: &Address, environment: &dyn Fn(&str) -> Option<String>) -> io::Result<Self> {
        let wrong =
            |why: String| io::Error::new(io::ErrorKind::InvalidInput, format!("{address} cannot be reached: {why}"));
        let Settings { builder, secrets } = settings(address, environment).map_err(wrong)?;
        let hidden = |error: object_store::Error| {
            let text = secrets.iter().fold(error.to_string(), |text, secret| text.replace(secret.as_str(), "…"));
            wrong(text)
        };
        let clients = Clients {
            steady: Arc::new(builder.clone().with_retry(patience(4)).build().map_err(hidden)?),
            once: Arc::new(builder.with_retry(patience(0)).build().map_err(hidden)?),
        };
        let remote = Remote::new(clients, address.prefix.clone(), address.to_string(), secrets);
        Ok(Self { remote, staging: Mutex::default(), memory: None })
    }

    /// A bucket in the memory of this process, which is gone with it: for trying out what builds on a store.
    pub fn in_memory() -> Self {
        Self::over(InMemory::new())
    }

    /// Another bucket with the same content, if this one is in memory.
    pub fn forked(&self) -> Option<Self> {
        self.memory.as_ref().map(|memory| Self::over(memory.fork()))
    }

    /// Another writer to the same bucket, as another process would be, if this one is in memory.
    pub fn beside(&self) -> Option<Self> {
        let remote = self.remote.clone();
        self.memory.clone().map(|memory| Self { remote, staging: Mutex::default(), memory: Some(memory) })
    }

    fn over(memory: InMemory) -> Self {
        let memory = Arc::new(memory);
        let way = || Arc::clone(&memory) as Arc<dyn ObjectStore>;
        let clients = Clients { steady: way(), once: way() };
        let remote = Remote::new(clients, "registry".to_owned(), "memory://registry".to_owned(), Vec::new());
        Self { remote, staging: Mutex::default(), memory: Some(memory) }
    }

    fn staging(&self) -> MutexGuard<'_, Staging> {
        self.staging.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A bucket that is gone, or a prefix that was emptied, is no empty registry.
    fn still_there(&self) -> io::Result<()> {
        if self.remote.head(&self.remote.key(MARKER)?)?.is_some() {
            return Ok(());
        }
        let why = format!("the registry is gone: {} is not in the bucket (any more)", MARKER);
        Err(io::Error::new(io::ErrorKind::NotConnected, why))
    }

    fn is_object(&self, path: &str) -> io::Result<bool> {
        Ok(self.remote.head(&self.remote.key(path)?)?.is_some())
    }

    fn make(&self, path: &str, content: &[u8]) -> io::Result<()> {
        let key = self.remote.key(path)?;
        let payload = PutPayload::from(content.to_vec());
        let read = || match self.remote.get(&key, READ_LIMIT) {
            Ok(found) => Ok(Some(found)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        };
        let pause = |attempt: u32| std::thread::sleep(Duration::from_millis(40 << attempt.min(6)));
        let put = || self.remote.put_new(&key, payload.clone());
        exclusive::create(content, put, read, pause, |error| self.remote.said(error))
    }

    fn place_one(&self, staged: &str, what: &Prepared, path: &str) -> io::Result<()> {
        let key = self.remote.key(path)?;
        match what {
            // Somebody who completes the same folder may have been faster; what they wrote holds as well.
            Prepared::Held(bytes) => match self.make(path, bytes) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
                made => made,
            },
            Prepared::Linked(existing) => upload::copy(&self.remote, &self.remote.key(existing)?, &key),
            Prepared::Brought => upload::copy(&self.remote, &self.remote.key(staged)?, &key),
        }
    }

    /// Removes a folder that others see, its mark first, so that nobody takes the rest for a whole one.
    fn take_away(&self, folder: &str) -> io::Result<bool> {
        self.remote.delete(&self.remote.key(&format!("{folder}/{LAST_OF_FOLDER}"))?)?;
        for object in self.remote.below(&self.remote.key(folder)?)? {
            self.remote.delete(&object.location)?;
        }
        Ok(true)
    }

    /// When anything below a name was last written, for names that have no time of their own.
    fn newest_below(&self, key: &Path) -> io::Result<Option<[i64; 4]>> {
        let newest = self.remote.below(key)?.into_iter().max_by_key(|it| it.last_modified);
        Ok(newest.map(|it| stamp(&it)))
    }
}

/// Tells states of an object apart. Two objects never have the same stamp, whatever the store says about them.
fn stamp(meta: &ObjectMeta) -> [i64; 4] {
    static HASHERS: OnceLock<[RandomState; 3]> = OnceLock::new();
    let hashers = HASHERS.get_or_init(|| [RandomState::new(), RandomState::new(), RandomState::new()]);
    let what = (meta.location.as_ref(), meta.e_tag.as_deref(), meta.version.as_deref(), meta.size);
    let [one, two, three] = hashers.each_ref().map(|it| it.hash_one(what).cast_signed());
    [meta.last_modified.timestamp_millis().saturating_mul(1_000_000), one, two, three]
}

fn entry_of(name: &str, meta: &ObjectMeta) -> Entry {
    Entry { name: name.to_owned(), kind: EntryKind::File, size: meta.size, stamp: Some(stamp(meta)) }
}

fn folder_of(name: &str, stamp: Option<[i64; 4]>) -> Entry {
    Entry { name: name.to_owned(), kind: EntryKind::Folder, size: 0, stamp }
}

fn is_staged(path: &str) -> bool {
    path.strip_prefix(STAGING).is_some_and(|rest| rest.starts_with('/'))
}

impl Store for BucketStore {
    fn place(&self) -> String {
        self.remote.place().to_owned()
    }

    fn uri(&self) -> String {
        self.remote.place().to_owned()
    }

    fn folder(&self) -> Option<&Folder> {
        None
    }

    fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        self.remote.get(&self.remote.key(path)?, READ_LIMIT)
    }

    fn open(&self, path: &str) -> io::Result<Box<dyn Read + Send>> {
        let key = self.remote.key(path)?;
        let missing = || io::Error::new(io::ErrorKind::NotFound, "it is not in the bucket");
        let meta = self.remote.head(&key)?.ok_or_else(missing)?;
        Ok(Box::new(Reading::of(&self.remote, key, meta)?))
    }

    fn entry(&self, path: &str) -> io::Result<Option<Entry>> {
        let key = self.remote.key(path)?;
        let name = path.rsplit('/').next().unwrap_or(path);
        if let Some(meta) = self.remote.head(&key)? {
            return Ok(Some(entry_of(name, &meta)));
        }
        // Most folders that are asked for have it, and listing a folder of ten thousand takes longer.
        if self.is_object(&format!("{path}/{LAST_OF_FOLDER}"))? {
            return Ok(Some(folder_of(name, None)));
        }
        let level = self.remote.level(&key)?;
        if level.objects.is_empty() && level.common_prefixes.is_empty() {
            return self.still_there().map(|()| None);
        }
        Ok(Some(folder_of(name, None)))
    }

    fn list(&self, path: &str) -> io::Result<Vec<Entry>> {
        let key = self.remote.key(path)?;
        let level = self.remote.level(&key)?;
        let mut entries = Vec::new();
        for folder in &level.common_prefixes {
            let stamp = if path == STAGING { self.newest_below(folder)? } else { None };
            entries.extend(folder.filename().map(|name| folder_of(name, stamp)));
        }
        // Some tools write an empty object in the name of a folder.
        for meta in level.objects.iter().filter(|it| it.location != key) {
            entries.extend(meta.location.filename().map(|name| entry_of(name, meta)));
        }
        if entries.is_empty() && !path.is_empty() {
            self.still_there()?;
        }
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(entries)
    }

    fn stage(&self, path: &str, source: &mut dyn Read) -> io::Result<u64> {
        let key = self.remote.key(path)?;
        let (what, size) = match upload::take(&self.remote, &key, source)? {
            Taken::Small(bytes) => {
                let size = bytes.len() as u64;
                (Prepared::Held(bytes), size)
            }
            Taken::Brought(size) => (Prepared::Brought, size),
        };
        self.staging().keep(path, what);
        Ok(size)
    }

    fn link_staged(&self, existing: &str, path: &str) -> io::Result<bool> {
        self.remote.key(path)?;
        self.remote.key(existing)?;
        self.staging().keep(path, Prepared::Linked(existing.to_owned()));
        Ok(true)
    }

    fn settle(&self, staged: &str, path: &str) -> io::Result<()> {
        let from = self.remote.key(staged)?;
        if is_staged(path) {
            return self.remote.delete(&from);
        }
        let target = self.remote.key(path)?;
        let prepared = self.staging().get(staged);
        match prepared {
            Some(Prepared::Held(bytes)) => self.remote.put(&target, PutPayload::from(bytes))?,
            Some(Prepared::Linked(existing)) => upload::copy(&self.remote, &self.remote.key(&existing)?, &target)?,
            Some(Prepared::Brought) | None => {
                upload::copy(&self.remote, &from, &target)?;
                self.remote.delete(&from)?;
            }
        }
        self.staging().forget(staged);
        Ok(())
    }

    fn settle_folder(&self, staged: &str, path: &str) -> io::Result<bool> {
        if is_staged(path) {
            return self.take_away(staged);
        }
        if self.is_placed(path)? {
            return Ok(false);
        }
        let mut prepared = self.staging().below(staged);
        let last = prepared.iter().position(|(name, _)| name == LAST_OF_FOLDER).map(|at| prepared.swap_remove(at));
        let Some((_, Prepared::Held(last))) = last else {
            let why = format!("a folder without {LAST_OF_FOLDER} cannot be placed in a bucket");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
        };
        let next = AtomicUsize::new(0);
        let failed = Mutex::new(None);
        std::thread::scope(|scope| {
            for _ in 0..AT_ONCE.min(prepared.len()) {
                scope.spawn(|| {
                    while let Some((name, what)) = prepared.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let placed = self.place_one(&format!("{staged}/{name}"), what, &format!("{path}/{name}"));
                        if let Err(error) = placed {
                            next.store(prepared.len(), Ordering::Relaxed);
                            failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
                        }
                    }
                });
            }
        });
        if let Some(error) = failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
            return Err(error);
        }
        match self.make(&format!("{path}/{LAST_OF_FOLDER}"), &last) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn is_placed(&self, path: &str) -> io::Result<bool> {
        if self.is_object(&format!("{path}/{LAST_OF_FOLDER}"))? {
            return Ok(true);
        }
        self.still_there().map(|()| false)
    }

    fn create_new(&self, path: &str, content: &[u8]) -> io::Result<()> {
        self.make(path, content)
    }

    fn discard(&self, staged: &str) -> io::Result<()> {
        if !is_staged(staged) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "only staged things are ever removed"));
        }
        let known = self.staging().clear(staged);
        match known {
            Some(prepared) => prepared
                .iter()
                .filter(|(_, what)| matches!(what, Prepared::Brought))
                .try_for_each(|(path, _)| self.remote.delete(&self.remote.key(path)?)),
            None => {
                let key = self.remote.key(staged)?;
                for object in self.remote.below(&key)? {
                    self.remote.delete(&object.location)?;
                }
                self.remote.delete(&key)
            }
        }
    }

    fn names_below(&self, path: &str) -> io::Result<Vec<String>> {
        let key = self.remote.key(path)?;
        let inside = format!("{key}/");
        let mut names: Vec<String> = self
            .remote
            .flat(&key)?
            .iter()
            .filter_map(|it| it.location.as_ref().strip_prefix(&inside).map(str::to_owned))
            .collect();
        if names.is_empty() {
            self.still_there()?;
        }
        names.sort_unstable();
        Ok(names)
    }

    fn self_test(&self) -> io::Result<SelfTest> {
        let found = self_test::run(&self.remote);
        // Nothing was found out about a store that was not reached.
        self.remote.reachable()?;
        Ok(found)
    }
}

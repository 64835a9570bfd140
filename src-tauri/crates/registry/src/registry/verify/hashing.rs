//! Reading many files at once: hashing keeps one processor busy for each, and disks and networks answer several.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;

use super::*;

/// More readers than this make a disk seek more than it reads.
const MOST_READERS: usize = 8;
/// Bytes read at once.
const PIECE: usize = 1024 * 1024;

enum Told {
    Read(u64),
    Done([i64; 4], Digest, u64),
}

impl Check<'_> {
    /// Hashes files beforehand, several at once, largest first; a second name of the same file is read once. What cannot be
    /// read is left for the check itself, which says what is wrong with it.
    pub(super) fn hash_all(&mut self, files: Vec<(String, Entry)>, watch: &mut Watch<'_>) -> Result<(), RegistryError> {
        let mut seen = BTreeSet::new();
        let mut work: Vec<(String, Entry, [i64; 4])> = files
            .into_iter()
            .filter(|(_, entry)| entry.kind == EntryKind::File)
            .filter_map(|(path, entry)| entry.stamp.map(|stamp| (path, entry, stamp)))
            .filter(|(.., stamp)| seen.insert(*stamp))
            .collect();
        work.sort_by_key(|(_, entry, _)| std::cmp::Reverse(entry.size));
        watch.expect(work.iter().map(|(_, entry, _)| entry.size).sum());
        let readers = std::thread::available_parallelism().map_or(1, usize::from).min(MOST_READERS).min(work.len());
        let store = self.registry.store.as_ref();
        let (next, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
        let (told, hear) = mpsc::channel();
        std::thread::scope(|scope| {
            for _ in 0..readers {
                let (work, next, stop, told) = (&work, &next, &stop, told.clone());
                scope.spawn(move || {
                    while let Some((path, _, stamp)) = work.get(next.fetch_add(1, Ordering::Relaxed)) {
                        if read_one(store, path, *stamp, stop, &told).is_none() && stop.load(Ordering::Relaxed) {
                            return;
                        }
                    }
                });
            }
            drop(told);
            let mut result = Ok(());
            for message in hear {
                match message {
                    Told::Read(bytes) if result.is_ok() => {
                        result = watch.advance(bytes, "reading");
                        stop.store(result.is_err(), Ordering::Relaxed);
                    }
                    Told::Read(_) => {}
                    Told::Done(stamp, digest, size) => {
                        self.hashed.insert(stamp, (digest, size));
                    }
                }
            }
            result
        })
    }
}

fn read_one(
    store: &dyn crate::store::Store,
    path: &str,
    stamp: [i64; 4],
    stop: &AtomicBool,
    told: &mpsc::Sender<Told>,
) -> Option<()> {
    use sha2::Digest as _;
    let mut source = store.open(path).ok()?;
    let (mut hash, mut size, mut buffer) = (sha2::Sha256::new(), 0u64, vec![0u8; PIECE]);
    loop {
        let read = match source.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(_) => return None,
        };
        if stop.load(Ordering::Relaxed) {
            return None;
        }
        hash.update(buffer.get(..read).unwrap_or_default());
        size += read as u64;
        told.send(Told::Read(read as u64)).ok()?;
    }
    told.send(Told::Done(stamp, Digest::from_bytes(hash.finalize().into()), size)).ok()
}

//! What was prepared and has no name yet. Small content waits in memory, so that a process that ends leaves nothing behind
//! of it; large content waits in the bucket below `.staging/`.

use std::collections::{BTreeMap, BTreeSet};

/// Prepared content.
#[derive(Debug, Clone)]
pub(crate) enum Prepared {
    /// Small content.
    Held(Vec<u8>),
    /// The same content as an object that is there.
    Linked(String),
    /// An object of its own, under the name that it was prepared by.
    Brought,
}

/// Prepared content by path.
#[derive(Default)]
pub(crate) struct Staging {
    prepared: BTreeMap<String, Prepared>,
    /// Folders directly below `.staging/` that this process works in.
    rooms: BTreeSet<String>,
}

/// `.staging/<room>` of a path below it.
fn room_of(path: &str) -> &str {
    path.match_indices('/').nth(1).map_or(path, |(at, _)| path.get(..at).unwrap_or(path))
}

impl Staging {
    pub fn keep(&mut self, path: &str, what: Prepared) {
        self.rooms.insert(room_of(path).to_owned());
        self.prepared.insert(path.to_owned(), what);
    }

    pub fn get(&self, path: &str) -> Option<Prepared> {
        self.prepared.get(path).cloned()
    }

    pub fn forget(&mut self, path: &str) {
        self.prepared.remove(path);
    }

    /// Everything at or below a path, with its path relative to that one.
    pub fn below(&self, path: &str) -> Vec<(String, Prepared)> {
        let below = format!("{path}/");
        let inside = self.prepared.range(below.clone()..).take_while(|(name, _)| name.starts_with(&below));
        inside.map(|(name, what)| (name.get(below.len()..).unwrap_or_default().to_owned(), what.clone())).collect()
    }

    /// Takes a path with everything below it out. `None` if this process never prepared anything there.
    pub fn clear(&mut self, path: &str) -> Option<Vec<(String, Prepared)>> {
        let known = self.rooms.contains(room_of(path));
        let below = format!("{path}/");
        let inside = |name: &String| *name == path || name.starts_with(&below);
        let names: Vec<String> = self.prepared.keys().filter(|it| inside(it)).cloned().collect();
        let taken = names.into_iter().filter_map(|name| self.prepared.remove_entry(&name)).collect();
        if path == room_of(path) {
            self.rooms.remove(path);
        }
        known.then_some(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_prepared_is_found_by_its_folder() {
        let mut staging = Staging::default();
        staging.keep(".staging/r/version/model/a", Prepared::Held(vec![1]));
        staging.keep(".staging/r/version/meta.yaml", Prepared::Held(vec![2]));
        staging.keep(".staging/r/versions", Prepared::Held(vec![3]));
        staging.keep(".staging/s", Prepared::Brought);
        let names: Vec<String> = staging.below(".staging/r/version").into_iter().map(|it| it.0).collect();
        assert_eq!(names, ["meta.yaml", "model/a"], "and not what only begins alike");
        assert_eq!(staging.clear(".staging/r").map(|it| it.len()), Some(3));
        assert!(staging.clear(".staging/r").is_none(), "a room that nobody here works in");
        assert!(staging.get(".staging/s").is_some());
        staging.forget(".staging/s");
        assert_eq!(staging.clear(".staging/s").map(|it| it.len()), Some(0), "known, and nothing left in it");
    }
}

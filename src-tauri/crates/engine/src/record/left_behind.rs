//! Folders of recorded commands, and what to do with those of processes that ended before they could tidy up.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use proofmark_ledger::Owner;

use crate::platform;
use crate::trouble::{Answer, io_trouble};

/// Names the process that a folder belongs to: its number and what tells it from later ones, a line each.
const OWNER: &str = "owner";

/// A folder that does not say whose it is may just be coming about; after so long it is not.
const UNCLAIMED: Duration = Duration::from_secs(24 * 3_600);

/// Makes a folder that is this process's.
pub(crate) fn claim(folder: &Path) -> Answer<()> {
    fs::create_dir_all(folder).map_err(|error| io_trouble("making", folder, &error))?;
    let (path, owner) = (folder.join(OWNER), platform::owner());
    fs::write(&path, format!("{}\n{}\n", owner.pid, owner.token)).map_err(|error| io_trouble("writing", &path, &error))
}

fn owner_of(folder: &Path) -> Option<Owner> {
    let text = fs::read_to_string(folder.join(OWNER)).ok()?;
    let (pid, token) = text.strip_suffix('\n')?.split_once('\n')?;
    Some(Owner { pid: pid.parse().ok()?, token: token.to_owned() })
}

fn is_left_behind(folder: &Path, now: SystemTime) -> bool {
    match owner_of(folder) {
        Some(owner) => platform::is_gone(&owner),
        None => {
            let changed = fs::metadata(folder).and_then(|it| it.modified()).ok();
            changed.and_then(|at| now.duration_since(at).ok()).is_some_and(|age| age > UNCLAIMED)
        }
    }
}

/// Removes the folders whose process is gone. They hold lists and traces, which are private and of no further use.
pub(crate) fn remove(folders: &Path, now: SystemTime) {
    // Without the folder nothing was left behind; what cannot be removed now is tried again at the next start.
    let Ok(entries) = fs::read_dir(folders) else { return };
    for folder in entries.flatten().map(|it| it.path()).filter(|it| it.is_dir() && is_left_behind(it, now)) {
        let _ = fs::remove_dir_all(folder);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_the_dead_left_goes_and_what_the_living_use_stays() {
        let home = tempfile::tempdir().unwrap();
        let folder = |name: &str| home.path().join(name);
        claim(&folder("mine")).unwrap();
        for (name, owner) in [("gates_dead", "4294967294\nno such process\n"), ("torn", "17")] {
            claim(&folder(name)).unwrap();
            fs::write(folder(name).join(OWNER), owner).unwrap();
        }
        fs::create_dir(folder("coming_about")).unwrap();
        let left = || {
            let mut names: Vec<String> = fs::read_dir(home.path())
                .unwrap()
                .map(|it| it.unwrap().file_name().to_string_lossy().into_owned())
                .collect();
            names.sort();
            names
        };
        remove(home.path(), SystemTime::now());
        assert_eq!(left(), ["coming_about", "mine", "torn"]);
        remove(home.path(), SystemTime::now() + UNCLAIMED + Duration::from_secs(60));
        assert_eq!(left(), ["mine"]);
        remove(&folder("absent"), SystemTime::now());
    }
}

//! What every target does with its bytes, and what it holds the answer against: no panic, and an end within ten seconds.

mod models;
mod records;
mod sources;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

pub use models::look;
pub use records::{dvc, environment, mlflow_database, mlflow_files};
pub use sources::{notebook, settings, source};

/// The most that one file may take.
const MOST: Duration = Duration::from_secs(10);

/// Does something that must end in time.
fn timed(work: impl FnOnce()) {
    let start = Instant::now();
    work();
    assert!(start.elapsed() < MOST, "more time than the limit");
}

/// A folder of this process alone.
fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("proofmark-fuzz-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a temporary folder can be made");
    folder
}

/// Writes a file, its folders as well.
fn write(path: &Path, bytes: &[u8]) {
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).expect("a temporary folder can be made");
    }
    std::fs::write(path, bytes).expect("a temporary file can be written");
}

/// The first byte chooses among `names`; the rest is the content.
fn chosen<'d, 'n>(data: &'d [u8], names: &[&'n str]) -> Option<(&'n str, &'d [u8])> {
    let (first, rest) = data.split_first()?;
    Some((names[usize::from(*first) % names.len()], rest))
}

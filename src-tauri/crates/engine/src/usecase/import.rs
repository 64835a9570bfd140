//! Run records that came with a folder: `proofmark-runs.jsonl`, written by `proofmark runs export` on another machine.

use std::fs;
use std::path::Path;

use proofmark_contract::ErrorCode;
use proofmark_domain::environment::Environment;
use proofmark_domain::project::Project;
use proofmark_domain::run::Run;
use proofmark_ledger::AuditEntry;

use crate::Engine;
use crate::trouble::{Answer, Trouble, io_trouble};

/// Portable run records, one JSON object a line.
pub(crate) const RUNS: &str = "proofmark-runs.jsonl";
/// The environments that they name.
pub(crate) const ENVIRONMENTS: &str = "proofmark-environments.jsonl";

/// More than this is no record of runs.
const LIMIT: u64 = 256 << 20;

/// Whether a path is one of these records.
pub(crate) fn is_own_record(path: &str) -> bool {
    path == RUNS || path == ENVIRONMENTS
}

impl Engine {
    /// Takes over the runs that a folder brings along, each once. A line that cannot be read is passed over and counted.
    pub(crate) fn import_records(&self, project: &Project) -> Answer<u64> {
        let root = Path::new(&project.root);
        let environments: Vec<Environment> = lines(&root.join(ENVIRONMENTS))?;
        let runs: Vec<Run> = lines(&root.join(RUNS))?;
        if runs.is_empty() {
            return Ok(0);
        }
        let new = self.ledger().read::<_, Trouble>(|read| {
            let mut new = Vec::new();
            for run in runs {
                if !read.runs().exists(run.id)? {
                    new.push(Run { project: project.id, ..run });
                }
            }
            Ok(new)
        })?;
        if new.is_empty() {
            return Ok(0);
        }
        let entry = AuditEntry::new("proofmark", "run.import", project.id.to_string());
        self.ledger().write(self.now(), entry, |write| -> Answer<u64> {
            write.note("runs", new.len());
            for environment in &environments {
                write.environments().add(environment)?;
            }
            for run in &new {
                // The same folder may be a project twice over, under another path and another identifier.
                if write.read().runs().by_id(run.id)?.is_none() {
                    write.runs().insert(run, None)?;
                }
            }
            Ok(new.len() as u64)
        })
    }

    /// Writes the recorded runs of a project in the portable form. Paths are relative to the project.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn export_runs(&self, project: &Project, folder: &Path) -> Answer<u64> {
        let runs = self.ledger().read::<_, Trouble>(|read| Ok(read.runs().of_project(project.id)?))?;
        let recorded: Vec<&Run> =
            runs.iter().filter(|run| run.source == proofmark_domain::run::RunSource::Recorded).collect();
        let mut environments = Vec::new();
        for digest in
            recorded.iter().filter_map(|run| run.environment_digest).collect::<std::collections::BTreeSet<_>>()
        {
            environments.extend(self.ledger().read::<_, Trouble>(|read| Ok(read.environments().by_digest(&digest)?))?);
        }
        write_lines(&folder.join(RUNS), recorded.iter().copied())?;
        write_lines(&folder.join(ENVIRONMENTS), environments.iter())?;
        Ok(recorded.len() as u64)
    }
}

fn lines<T: serde::de::DeserializeOwned>(path: &Path) -> Answer<Vec<T>> {
    match fs::metadata(path) {
        Ok(facts) if facts.is_file() && facts.len() <= LIMIT => {}
        Ok(_) => return Ok(Vec::new()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(io_trouble("reading", path, &error)),
    }
    let text = fs::read_to_string(path).map_err(|error| io_trouble("reading", path, &error))?;
    Ok(text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect())
}

fn write_lines<'a, T: serde::Serialize + 'a>(path: &Path, values: impl Iterator<Item = &'a T>) -> Answer<()> {
    let mut text = String::new();
    for value in values {
        text.push_str(&serde_json::to_string(value).map_err(|error| {
            Trouble::new(ErrorCode::Internal, format!("A run could not be written down: {error}."))
        })?);
        text.push('\n');
    }
    fs::write(path, text).map_err(|error| io_trouble("writing", path, &error))
}

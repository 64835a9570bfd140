//! Executions.

use std::collections::{BTreeMap, BTreeSet};

use proofmark_contract::ErrorCode;
use proofmark_contract::view::*;
use proofmark_domain::artifact::ArtifactKind;
use proofmark_domain::environment::{Environment, package_differences};
use proofmark_domain::id::RunId;
use proofmark_domain::run::{Run, RunEdge, RunStatus};
use proofmark_ledger::{RunFilter, RunSort as Order};
use serde_json::Value;

use super::projects::{counted, joined};
use crate::Engine;
use crate::trouble::{Answer, Trouble};

/// Bytes of the end of a log that are shown.
const TAIL: usize = 64 * 1024;

/// More runs than this side by side say nothing to anybody.
const MOST_COMPARED: usize = 20;

impl Engine {
    /// Runs of one project or all.
    ///
    /// # Errors
    /// If the ledger cannot be read.
    pub fn run_list(&self, request: RunQuery) -> Answer<RunPage> {
        let sort = match (request.sort, request.ascending) {
            (RunSort::Started, false) => Order::Newest,
            (RunSort::Started, true) => Order::Oldest,
            (RunSort::Name, _) => Order::Name,
            (RunSort::Duration, _) => Order::Longest,
        };
        let filter = RunFilter {
            project: request.project,
            sources: request.source.into_iter().collect(),
            statuses: request.status.into_iter().collect(),
            text: request.text.filter(|it| !it.is_empty()),
            sort,
            limit: Some(request.limit.unwrap_or(200)),
            offset: request.offset,
        };
        let page = self.ledger().read::<_, Trouble>(|read| Ok(read.runs().list(&filter)?))?;
        Ok(RunPage { total: page.total, runs: page.rows })
    }

    /// Everything about one run.
    ///
    /// # Errors
    /// If there is no such run.
    pub fn run_show(&self, request: RunRef) -> Answer<RunView> {
        let run = self.run(request.run)?;
        let project = self.project(run.project)?;
        let (environment, size, tail) = self.ledger().read::<_, Trouble>(|read| {
            let environment = match &run.environment_digest {
                Some(digest) => read.environments().by_digest(digest)?,
                None => None,
            };
            let size = read.run_logs().size(run.id)?;
            let (_, tail) = read.run_logs().tail(run.id, TAIL)?;
            Ok((environment, size, tail))
        })?;
        Ok(RunView {
            sentence: describe(&run),
            project_name: project.name,
            environment,
            log_tail: String::from_utf8_lossy(&tail).into_owned(),
            log_size: size,
            run,
        })
    }

    /// What differs between runs, and only that.
    ///
    /// # Errors
    /// If fewer than two are named, more than twenty, or one does not exist.
    pub fn run_compare(&self, request: RunRefs) -> Answer<RunComparison> {
        if request.runs.len() < 2 || request.runs.len() > MOST_COMPARED {
            return Err(Trouble::new(
                ErrorCode::InvalidRequest,
                format!("Between 2 and {MOST_COMPARED} runs can be compared; {} were named.", request.runs.len()),
            ));
        }
        let runs: Vec<Run> = request.runs.iter().map(|id| self.run(*id)).collect::<Answer<_>>()?;
        let mut facts: BTreeMap<(&str, String), Vec<Option<Value>>> = BTreeMap::new();
        for (index, run) in runs.iter().enumerate() {
            for (of, name, value) in facts_of(run) {
                facts.entry((of, name)).or_insert_with(|| vec![None; runs.len()])[index] = Some(value);
            }
        }
        let mut same = 0;
        let mut differences = Vec::new();
        for ((of, name), values) in facts {
            if values.windows(2).all(|pair| pair[0] == pair[1]) {
                same += 1;
            } else {
                differences.push(RunDifference { of: of.to_owned(), name, values });
            }
        }
        let environments: Vec<Option<Environment>> = self.ledger().read::<_, Trouble>(|read| {
            runs.iter()
                .map(|run| match &run.environment_digest {
                    Some(digest) => Ok(read.environments().by_digest(digest)?),
                    None => Ok(None),
                })
                .collect()
        })?;
        let mut packages = BTreeMap::new();
        if let Some(Some(first)) = environments.first() {
            for (run, environment) in runs.iter().zip(&environments).skip(1) {
                if let Some(environment) = environment {
                    packages.insert(run.id.to_string(), package_differences(first, environment));
                }
            }
        }
        Ok(RunComparison { runs, differences, same, packages })
    }

    pub(crate) fn run(&self, id: RunId) -> Answer<Run> {
        self.ledger()
            .read::<_, Trouble>(|read| Ok(read.runs().by_id(id)?))?
            .ok_or_else(|| Trouble::not_found(format!("run {id}")))
    }
}

fn facts_of(run: &Run) -> Vec<(&'static str, String, Value)> {
    let mut facts: Vec<(&'static str, String, Value)> = Vec::new();
    facts.extend(run.parameters.iter().map(|(name, value)| ("parameter", name.clone(), value.clone())));
    facts.extend(run.metrics.iter().map(|(name, value)| ("metric", name.clone(), Value::from(*value))));
    let digest = |edge: &RunEdge| edge.digest.map_or(Value::Null, |digest| Value::String(digest.to_string()));
    for input in &run.inputs {
        let of = if matches!(input.kind, ArtifactKind::Code | ArtifactKind::Notebook) { "code" } else { "input" };
        facts.push((of, input.path.as_str().to_owned(), digest(input)));
    }
    if let Some(commit) = &run.code.commit {
        facts.push(("code", "commit".to_owned(), Value::String(commit.clone())));
    }
    if let Some(environment) = &run.environment_digest {
        facts.push(("environment", "digest".to_owned(), Value::String(environment.to_string())));
    }
    facts
}

/// What it made from what, with which result.
fn describe(run: &Run) -> String {
    let named = |edges: &[RunEdge], one: &str, many: &str| {
        let data: Vec<String> = edges
            .iter()
            .filter(|edge| {
                matches!(edge.kind, ArtifactKind::Dataset | ArtifactKind::Model | ArtifactKind::PredictionLog)
            })
            .map(|edge| edge.path.file_name().to_owned())
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect();
        if data.is_empty() {
            None
        } else if data.len() <= 3 {
            Some(joined(&data))
        } else {
            Some(counted(data.len() as u64, one, many))
        }
    };
    let from = named(&run.inputs, "file", "files");
    let made = named(&run.outputs, "file", "files");
    let what = match (made, from) {
        (Some(made), Some(from)) => format!("Made {made} from {from}"),
        (Some(made), None) => format!("Made {made}; which data it read is not known"),
        (None, Some(from)) => format!("Read {from} and made nothing that is kept here"),
        (None, None) => "Read and made no data or model that is kept here".to_owned(),
    };
    let how = match run.status {
        RunStatus::Running => ", and is still at work",
        RunStatus::Finished => "",
        RunStatus::Failed => ", and failed",
        RunStatus::Killed => ", and was ended from outside",
        RunStatus::Unknown => "; how it ended is not known",
    };
    let result: Vec<String> = run.metrics.iter().take(2).map(|(name, value)| format!("{name} {value:.3}")).collect();
    let result = if result.is_empty() { String::new() } else { format!(", with {}", joined(&result)) };
    format!("{what}{how}{result}.")
}

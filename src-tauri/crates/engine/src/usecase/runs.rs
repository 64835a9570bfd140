//! Executions.

use std::collections::{BTreeMap, BTreeSet};

use proofmark_contract::ErrorCode;
use proofmark_contract::view::*;
use proofmark_domain::artifact::ArtifactKind;
use proofmark_domain::counts::counted;
use proofmark_domain::environment::{Environment, package_differences};
use proofmark_domain::foreign::Curve;
use proofmark_domain::id::RunId;
use proofmark_domain::run::{Run, RunEdge, RunStatus};
use proofmark_ledger::{Compare, Condition, FactKind as LedgerKind, Operand, RunFilter, RunSort as Order};
use serde_json::Value;

use super::projects::joined;
use super::run_filter::conditions;
use crate::Engine;
use crate::trouble::{Answer, Trouble};

/// Bytes of the end of a log that are shown.
const TAIL: usize = 64 * 1024;

/// Runs started by one run that are named.
const MOST_CHILDREN: u64 = 500;

/// Tags longer than this are left out of lists.
const LONGEST_TAG: usize = 500;

/// More runs than this side by side say nothing to anybody.
const MOST_COMPARED: usize = 20;

impl Engine {
    /// Runs of one project or all.
    ///
    /// # Errors
    /// If the ledger cannot be read.
    pub fn run_list(&self, request: RunQuery) -> Answer<RunPage> {
        let sort = match (request.sort_fact, request.sort, request.ascending) {
            (Some(fact), _, ascending) => Order::Fact { kind: kind_of(fact.kind), name: fact.name, ascending },
            (None, RunSort::Started, false) => Order::Newest,
            (None, RunSort::Started, true) => Order::Oldest,
            (None, RunSort::Name, _) => Order::Name,
            (None, RunSort::Duration, _) => Order::Longest,
        };
        let mut asked = request.conditions;
        asked.extend(conditions(request.filter.as_deref().unwrap_or_default())?);
        let conditions = asked.into_iter().map(condition_of).collect::<Answer<_>>()?;
        let filter = RunFilter {
            project: request.project,
            sources: request.source.into_iter().collect(),
            statuses: request.status.into_iter().collect(),
            text: request.text.filter(|it| !it.is_empty()),
            deleted: request.deleted,
            conditions,
            sort,
            limit: Some(request.limit.unwrap_or(200)),
            offset: request.offset,
        };
        let mut page = self.ledger().read::<_, Trouble>(|read| Ok(read.runs().list(&filter)?))?;
        for run in &mut page.rows {
            // A page is a list: what is long is shown with the run itself.
            run.code.diff = None;
            if let Some(record) = &mut run.record {
                record.tags.retain(|_, value| value.len() <= LONGEST_TAG);
            }
        }
        Ok(RunPage { total: page.total, runs: page.rows })
    }

    /// The parameters and metrics that runs have.
    ///
    /// # Errors
    /// If the ledger cannot be read.
    pub fn run_facts(&self, request: FactQuery) -> Answer<FactList> {
        let found = self.ledger().read::<_, Trouble>(|read| Ok(read.runs().fact_names(request.project)?))?;
        let facts = found.into_iter().map(|it| {
            let kind = match it.kind {
                LedgerKind::Metric => FactKind::Metric,
                LedgerKind::Parameter => FactKind::Parameter,
            };
            FactUse { fact: FactRef { kind, name: it.name }, runs: it.runs }
        });
        Ok(FactList { facts: facts.collect() })
    }

    /// The records of other tools in a project, and the versions in their registries of models.
    ///
    /// # Errors
    /// If there is no such project.
    pub fn record_list(&self, request: ProjectRef) -> Answer<RecordList> {
        let project = self.project(request.project)?;
        self.ledger().read(|read| {
            let records = read.foreign().stores(project.id)?.into_iter();
            let records = records.map(|it| RecordView {
                record: it.store,
                read_at: it.read_at,
                runs: it.runs,
                problems: it.problems,
            });
            Ok(RecordList { records: records.collect(), versions: read.foreign().versions(project.id)? })
        })
    }

    /// Everything about one run.
    ///
    /// # Errors
    /// If there is no such run.
    pub fn run_show(&self, request: RunRef) -> Answer<RunView> {
        let run = self.run(request.run)?;
        let project = self.project(run.project)?;
        let (environment, curves, related, size, tail) = self.ledger().read::<_, Trouble>(|read| {
            let environment = match &run.environment_digest {
                Some(digest) => read.environments().by_digest(digest)?,
                None => None,
            };
            let size = read.run_logs().size(run.id)?;
            let (_, tail) = read.run_logs().tail(run.id, TAIL)?;
            let curves = read.runs().curves(run.id)?;
            let parent = match run.record.as_ref().and_then(|it| it.parent.as_deref()) {
                Some(parent) => read.runs().by_foreign_id(run.project, run.source, parent)?,
                None => None,
            };
            let mut related: Vec<RelatedRun> = parent
                .map(|it| RelatedRun { run: it.id, name: it.name, relation: "parent".to_owned() })
                .into_iter()
                .collect();
            if let Some(foreign_id) = &run.foreign_id {
                let children = read.runs().children(run.project, run.source, foreign_id, MOST_CHILDREN)?;
                related.extend(children.into_iter().map(|(run, name)| RelatedRun {
                    run,
                    name,
                    relation: "child".to_owned(),
                }));
            }
            Ok((environment, curves, related, size, tail))
        })?;
        Ok(RunView {
            sentence: describe(&run),
            project_name: project.name,
            environment,
            curves,
            related,
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
        let mut curves: BTreeMap<String, Vec<Option<Curve>>> = BTreeMap::new();
        for (index, run) in runs.iter().enumerate() {
            for (metric, curve) in self.ledger().read::<_, Trouble>(|read| Ok(read.runs().curves(run.id)?))? {
                curves.entry(metric).or_insert_with(|| vec![None; runs.len()])[index] = Some(curve);
            }
        }
        Ok(RunComparison { runs, differences, same, packages, curves })
    }

    /// The histories of one metric in several runs, each with the name of its run.
    pub(crate) fn metric_curves(&self, runs: &[RunId], metric: &str) -> Answer<Vec<(String, Curve)>> {
        let mut found = Vec::new();
        for id in runs.iter().take(MOST_COMPARED) {
            let run = self.run(*id)?;
            let curve = self.ledger().read::<_, Trouble>(|read| Ok(read.runs().curves(run.id)?.remove(metric)))?;
            found.extend(curve.map(|curve| (run.name, curve)));
        }
        Ok(found)
    }

    pub(crate) fn run(&self, id: RunId) -> Answer<Run> {
        self.ledger()
            .read::<_, Trouble>(|read| Ok(read.runs().by_id(id)?))?
            .ok_or_else(|| Trouble::not_found(format!("run {id}")))
    }
}

const fn kind_of(kind: FactKind) -> LedgerKind {
    match kind {
        FactKind::Metric => LedgerKind::Metric,
        FactKind::Parameter => LedgerKind::Parameter,
    }
}

fn condition_of(asked: FactCondition) -> Answer<Condition> {
    let with = match asked.with {
        Value::Number(number) => Operand::Number(number.as_f64().unwrap_or(f64::NAN)),
        // Parameters of MLflow are texts; those that read as numbers are compared as numbers.
        Value::String(text) => match text.trim().parse::<f64>() {
            Ok(number) if number.is_finite() && asked.compare != FactCompare::Contains => Operand::Number(number),
            _ => Operand::Text(text),
        },
        Value::Bool(value) => Operand::Text(value.to_string()),
        other => {
            return Err(Trouble::new(
                ErrorCode::InvalidRequest,
                format!("A parameter or metric is compared with a number or a text, not with {other}."),
            ));
        }
    };
    let compare = match asked.compare {
        FactCompare::Equal => Compare::Equal,
        FactCompare::NotEqual => Compare::NotEqual,
        FactCompare::Less => Compare::Less,
        FactCompare::AtMost => Compare::AtMost,
        FactCompare::Greater => Compare::Greater,
        FactCompare::AtLeast => Compare::AtLeast,
        FactCompare::Contains => Compare::Contains,
    };
    Ok(Condition { kind: kind_of(asked.fact.kind), name: asked.fact.name, compare, with })
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
        RunStatus::Scheduled => ", and has not begun",
        RunStatus::Unknown => "; how it ended is not known",
    };
    let finite = run.metrics.iter().filter(|(_, value)| value.is_finite());
    let result: Vec<String> = finite
        .take(2)
        .map(|(name, value)| match value.abs() {
            size if size >= 1e9 || (size > 0.0 && size < 1e-3) => format!("{name} {value:.2e}"),
            _ => format!("{name} {value:.3}"),
        })
        .collect();
    let result = if result.is_empty() { String::new() } else { format!(", with {}", joined(&result)) };
    format!("{what}{how}{result}.")
}

//! A run as both stores of MLflow hold it, and what it is in our words.

use std::collections::BTreeMap;

use proofmark_domain::Timestamp;
use proofmark_domain::artifact::RelPath;
use proofmark_domain::foreign::{Curve, ForeignEdge, ForeignRecord, ForeignRun, MetricPoint};
use proofmark_domain::run::{CodeState, EdgeRole, RunSource, RunStatus};
use serde_json::Value;

use super::super::{Locator, MOST_POINTS};

/// A data set that a run read.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RawDataset {
    pub name: String,
    pub digest: String,
    pub source_type: String,
    /// JSON text; its shape depends on the type.
    pub source: String,
    /// JSON text.
    pub schema: String,
    /// Such as `training`, from the tag `mlflow.data.context`.
    pub context: Option<String>,
}

/// A logged model (MLflow 3) that a run read or wrote.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RawModel {
    pub id: String,
    pub name: String,
    pub location: String,
    /// Where it was found, if the store knows by itself.
    pub found: Option<RelPath>,
}

/// A run.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RawRun {
    pub id: String,
    pub name: Option<String>,
    pub status: Option<String>,
    pub started_ms: Option<i64>,
    pub ended_ms: Option<i64>,
    pub deleted: bool,
    pub user: Option<String>,
    pub source_name: Option<String>,
    pub source_version: Option<String>,
    pub artifact_uri: Option<String>,
    /// Where its artifacts were found, if the store knows by itself.
    pub artifacts: Option<RelPath>,
    pub experiment: Option<String>,
    pub params: BTreeMap<String, String>,
    pub tags: BTreeMap<String, String>,
    pub metrics: BTreeMap<String, f64>,
    pub curves: BTreeMap<String, Curve>,
    pub datasets: Vec<RawDataset>,
    pub models_read: Vec<RawModel>,
    pub models_written: Vec<RawModel>,
}

/// The points of one metric, and which of them MLflow shows as its value.
#[derive(Debug, Default)]
pub struct History {
    recorded: u64,
    points: Vec<MetricPoint>,
    latest: Option<(i64, i64, f64)>,
}

impl History {
    /// Takes a point. `at_ms` of zero and less means that it is not known.
    pub fn push(&mut self, step: i64, at_ms: i64, value: f64) {
        let at = (at_ms > 0).then(|| Timestamp::from_ms(at_ms));
        self.points.push(MetricPoint { step, at, value });
        // The greatest by step, then time, then value; of values that cannot be compared the first stays.
        let newer = self.latest.is_none_or(|(last_step, last_at, last)| {
            (step, at_ms) > (last_step, last_at) || ((step, at_ms) == (last_step, last_at) && value > last)
        });
        if newer {
            self.latest = Some((step, at_ms, value));
        }
        self.recorded += 1;
        // A history without end is thinned as it comes, so that it never lies in memory as a whole.
        if self.points.len() >= 200_000 {
            self.points = Curve::thinned(std::mem::take(&mut self.points), 20 * MOST_POINTS).points;
        }
    }

    /// The value that MLflow shows.
    pub fn latest(&self) -> Option<f64> {
        self.latest.map(|(_, _, value)| value)
    }

    /// The curve, if there is more than one point.
    pub fn into_curve(self) -> Option<Curve> {
        let recorded = self.recorded;
        (self.points.len() > 1).then(|| Curve { recorded, ..Curve::thinned(self.points, MOST_POINTS) })
    }
}

/// The status as files (numbers) and databases (words) write it.
pub fn status(written: Option<&str>) -> RunStatus {
    match written.map(str::trim).unwrap_or_default().to_uppercase().as_str() {
        "1" | "RUNNING" | "" => RunStatus::Running,
        "2" | "SCHEDULED" => RunStatus::Scheduled,
        "3" | "FINISHED" => RunStatus::Finished,
        "4" | "FAILED" => RunStatus::Failed,
        "5" | "KILLED" => RunStatus::Killed,
        _ => RunStatus::Unknown,
    }
}

fn nonempty(text: Option<String>) -> Option<String> {
    text.filter(|it| !it.trim().is_empty())
}

impl RawRun {
    /// Says it in our words. Places are looked for below the folder that was opened.
    pub fn into_foreign(self, store: &RelPath, locator: &Locator, stamp: String) -> ForeignRun {
        let tag = |name: &str| self.tags.get(name).cloned().filter(|it| !it.trim().is_empty());
        let script = tag("mlflow.source.name").or_else(|| nonempty(self.source_name.clone()));
        let script_found = script.as_deref().and_then(|it| locator.find(it)).map(|it| it.path);
        let mut inputs: Vec<ForeignEdge> = self.datasets.iter().map(|it| dataset_edge(it, locator)).collect();
        inputs.extend(self.models_read.iter().map(|it| model_edge(it, locator, "model input")));
        if let (Some(found), Some(written_as)) = (&script_found, &script)
            && !found.as_str().is_empty()
        {
            inputs.push(ForeignEdge {
                written_as: written_as.clone(),
                found: Some(found.clone()),
                digest: None,
                role: EdgeRole::Code,
                columns: Vec::new(),
                evidence: "MLflow, tag mlflow.source.name".to_owned(),
            });
        }
        let outputs = self.outputs(locator);
        let code = CodeState {
            commit: tag("mlflow.source.git.commit").or_else(|| nonempty(self.source_version.clone())),
            branch: tag("mlflow.source.git.branch").or_else(|| tag("mlflow.git.branch")),
            dirty: tag("mlflow.source.git.dirty")
                .or_else(|| tag("mlflow.git.dirty"))
                .and_then(|it| it.to_lowercase().parse().ok()),
            path: script_found,
            diff: tag("mlflow.git.diff").or_else(|| tag("mlflow.source.git.diff")),
        };
        let name = nonempty(self.name.clone()).or_else(|| tag("mlflow.runName")).unwrap_or_else(|| self.id.clone());
        let user = tag("mlflow.user").or_else(|| nonempty(self.user.clone()));
        let entry_point = tag("mlflow.project.entryPoint").filter(|_| tag("mlflow.project.backend").is_some());
        let command = entry_point.map(|entry| {
            format!("mlflow run {} -e {entry}", tag("mlflow.source.name").unwrap_or_else(|| ".".to_owned()))
        });
        let environment_files = Vec::new();
        let parent = tag("mlflow.parentRunId");
        ForeignRun {
            source: RunSource::Mlflow,
            foreign_id: self.id,
            stamp,
            name,
            status: status(self.status.as_deref()),
            started: self.started_ms.filter(|ms| *ms > 0).map(Timestamp::from_ms),
            ended: self.ended_ms.filter(|ms| *ms > 0).map(Timestamp::from_ms),
            command,
            user,
            parameters: self.params.into_iter().map(|(name, value)| (name, Value::String(value))).collect(),
            metrics: self.metrics,
            code,
            record: ForeignRecord {
                store: store.clone(),
                experiment: self.experiment,
                parent,
                deleted: self.deleted,
                tags: self.tags,
            },
            inputs,
            outputs,
            environment_files,
            curves: self.curves,
        }
    }

    fn outputs(&self, locator: &Locator) -> Vec<ForeignEdge> {
        let mut outputs: Vec<ForeignEdge> = Vec::new();
        for model in &self.models_written {
            outputs.push(model_edge(model, locator, "model output"));
        }
        let artifacts = self
            .artifacts
            .clone()
            .or_else(|| self.artifact_uri.as_deref().and_then(|uri| locator.find(uri)).map(|it| it.path));
        let moved_away = artifacts.is_none();
        if let Some(found) = artifacts {
            outputs.push(ForeignEdge {
                written_as: self.artifact_uri.clone().unwrap_or_default(),
                found: Some(found),
                digest: None,
                role: EdgeRole::Other,
                columns: Vec::new(),
                evidence: "MLflow, artifacts of the run".to_owned(),
            });
        }
        // What the run says it logged and that is not in the folder is kept by its name.
        let history: Vec<Value> = self
            .tags
            .get("mlflow.log-model.history")
            .and_then(|text| serde_json::from_str(text).ok())
            .unwrap_or_default();
        for entry in history.iter().filter(|_| moved_away && self.models_written.is_empty()) {
            let Some(path) = entry.get("artifact_path").and_then(Value::as_str) else { continue };
            let base = self.artifact_uri.as_deref().unwrap_or_default().trim_end_matches('/');
            outputs.push(ForeignEdge {
                written_as: if path.contains("://") { path.to_owned() } else { format!("{base}/{path}") },
                found: None,
                digest: None,
                role: EdgeRole::Model,
                columns: Vec::new(),
                evidence: "MLflow, tag mlflow.log-model.history; the model is not in this folder".to_owned(),
            });
        }
        outputs
    }
}

fn model_edge(model: &RawModel, locator: &Locator, what: &str) -> ForeignEdge {
    let found = model.found.clone().or_else(|| locator.find(&model.location).map(|it| it.path));
    let name = if model.name.is_empty() { String::new() } else { format!(" \"{}\"", model.name) };
    ForeignEdge {
        written_as: if model.location.is_empty() { model.id.clone() } else { model.location.clone() },
        found,
        digest: None,
        role: EdgeRole::Model,
        columns: Vec::new(),
        evidence: format!("MLflow, {what}{name} ({})", model.id),
    }
}

fn dataset_edge(dataset: &RawDataset, locator: &Locator) -> ForeignEdge {
    let source: Value = serde_json::from_str(&dataset.source).unwrap_or(Value::Null);
    let place = match &source {
        Value::String(text) => Some(text.clone()),
        other => ["uri", "url", "path", "delta_table_name", "table_name", "local_path"]
            .iter()
            .find_map(|key| other.get(*key).and_then(Value::as_str))
            .map(str::to_owned),
    };
    let found = place.as_deref().and_then(|it| locator.find(it));
    let context = dataset.context.as_deref().map(|it| format!(", {it}")).unwrap_or_default();
    let moved = match &found {
        Some(found) if found.moved => ", found by the end of its path",
        _ => "",
    };
    ForeignEdge {
        written_as: place.unwrap_or_else(|| dataset.name.clone()),
        found: found.map(|it| it.path),
        digest: None,
        role: EdgeRole::Data,
        columns: columns_of(&dataset.schema),
        evidence: format!("MLflow, data set \"{}\" (digest {}{context}{})", dataset.name, dataset.digest, moved),
    }
}

/// Names of the columns in a schema of MLflow, which is JSON text: a list, or features and targets.
fn columns_of(schema: &str) -> Vec<String> {
    fn collect(value: &Value, into: &mut Vec<String>, depth: usize) {
        if depth > 6 || into.len() > 2_000 {
            return;
        }
        match value {
            Value::Array(list) => {
                for column in list {
                    if let Some(name) = column.get("name").and_then(Value::as_str) {
                        into.push(name.to_owned());
                    }
                }
            }
            Value::Object(members) => {
                for key in ["mlflow_colspec", "mlflow_tensorspec", "features", "targets"] {
                    if let Some(inner) = members.get(key) {
                        collect(inner, into, depth + 1);
                    }
                }
            }
            _ => {}
        }
    }
    let mut columns = Vec::new();
    if let Ok(schema) = serde_json::from_str::<Value>(schema) {
        collect(&schema, &mut columns, 0);
    }
    columns
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_value_is_the_one_that_mlflow_shows() {
        let mut history = History::default();
        for (step, at, value) in [(0, 5, 1.0), (2, 3, 0.5), (1, 9, 7.0), (2, 3, 0.6), (2, 3, f64::NAN)] {
            history.push(step, at, value);
        }
        assert_eq!(history.latest(), Some(0.6), "by step, then time, then value, and NaN beats nothing");
        let steps: Vec<i64> =
            history.into_curve().map(|it| it.points.iter().map(|it| it.step).collect()).unwrap_or_default();
        assert_eq!(steps, [0, 1, 2, 2, 2]);
        let mut single = History::default();
        single.push(0, 0, f64::NAN);
        assert!(single.latest().is_some_and(f64::is_nan), "a single NaN is what there is");
        assert!(single.into_curve().is_none());
    }

    #[test]
    fn every_word_and_number_for_a_status_is_known() {
        for (written, expected) in [
            (Some("3"), RunStatus::Finished),
            (Some("FAILED"), RunStatus::Failed),
            (Some("5"), RunStatus::Killed),
            (Some("2"), RunStatus::Scheduled),
            (None, RunStatus::Running),
            (Some("9"), RunStatus::Unknown),
        ] {
            assert_eq!(status(written), expected, "{written:?}");
        }
    }

    #[test]
    fn columns_are_read_from_every_shape_of_schema() {
        assert_eq!(
            columns_of(r#"{"mlflow_colspec": [{"type": "double", "name": "a"}, {"type": "long", "name": "b"}]}"#),
            ["a", "b"]
        );
        assert_eq!(columns_of(r#"{"mlflow_tensorspec": {"features": [{"name": "x"}], "targets": null}}"#), ["x"]);
        assert!(columns_of("not json").is_empty());
    }
}

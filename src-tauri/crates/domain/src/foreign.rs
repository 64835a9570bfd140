//! What other tools recorded about runs, as they recorded it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::artifact::RelPath;
use crate::run::{CodeState, EdgeRole, RunSource, RunStatus};
use crate::{Digest, Timestamp};

/// What kind of record another tool keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub enum StoreKind {
    /// MLflow's folder of small files, `mlruns/`.
    MlflowFiles,
    /// MLflow's SQLite database, `mlflow.db`.
    MlflowDatabase,
    /// A DVC pipeline: `dvc.yaml` with `dvc.lock`, or `.dvc` files.
    Dvc,
}

/// A record of another tool that lies in a project.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct StoreRef {
    /// Its kind.
    pub kind: StoreKind,
    /// The folder or file, relative to the project; empty for the project's own folder.
    pub path: RelPath,
}

/// Where a run stands in the record of the tool that wrote it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct ForeignRecord {
    /// The store it was read from, relative to the project.
    pub store: RelPath,
    /// The experiment, or the pipeline, that it belongs to.
    pub experiment: Option<String>,
    /// The run that started it, by its identifier there.
    pub parent: Option<String>,
    /// Whether the tool holds it for deleted.
    pub deleted: bool,
    /// Tags by name, as the tool keeps them.
    pub tags: BTreeMap<String, String>,
}

/// A file that a foreign record names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForeignEdge {
    /// The place as the record writes it: a URI, an absolute path of another machine, a relative path.
    pub written_as: String,
    /// Where it was found in the project, after what had moved was looked for. `None` if it is not there.
    pub found: Option<RelPath>,
    /// The SHA-256 that the record itself gives, if any. Other digests (DVC's MD5, MLflow's eight letters) identify nothing here.
    pub digest: Option<Digest>,
    /// What it was to the run.
    pub role: EdgeRole,
    /// Columns, where the record names them (a signature, a schema).
    pub columns: Vec<String>,
    /// What the record says, in words: `dvc.lock, stage train, outs`.
    pub evidence: String,
}

/// A run as another tool recorded it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ForeignRun {
    /// Who recorded it.
    pub source: RunSource,
    /// Its identifier there, unique within the store and the same at every reading.
    pub foreign_id: String,
    /// Changes whenever something about the run may have changed: sizes and times of its files, or the numbers of its rows. A run whose stamp is known
    /// need not be read again.
    pub stamp: String,
    /// What people call it.
    pub name: String,
    /// How it ended.
    pub status: RunStatus,
    /// When it began.
    pub started: Option<Timestamp>,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// The command, where it is recorded.
    pub command: Option<String>,
    /// Who started it.
    pub user: Option<String>,
    /// Parameters by name.
    pub parameters: BTreeMap<String, Value>,
    /// Last value of each metric by name.
    pub metrics: BTreeMap<String, f64>,
    /// Commit, branch and script, as far as recorded.
    pub code: CodeState,
    /// Where it stands in the record.
    pub record: ForeignRecord,
    /// What it read.
    pub inputs: Vec<ForeignEdge>,
    /// What it wrote.
    pub outputs: Vec<ForeignEdge>,
    /// Files of the project that describe its environment, such as the `requirements.txt` beside a logged model.
    pub environment_files: Vec<RelPath>,
    /// Histories of the metrics that have more than one value, by name.
    pub curves: BTreeMap<String, Curve>,
}

/// One value of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct MetricPoint {
    /// Step, such as the epoch.
    pub step: i64,
    /// When it was measured.
    pub at: Option<Timestamp>,
    /// The value. Not a number and infinities are written as `null` in JSON.
    pub value: f64,
}

/// The history of a metric.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct Curve {
    /// Points that the record holds.
    pub recorded: u64,
    /// Points that are kept, by step and then by time. As many as were recorded, or fewer for a very long history.
    pub points: Vec<MetricPoint>,
}

impl Curve {
    /// Puts points into order and keeps at most about `most` of them. Of each stretch of a longer history its least and its
    /// greatest value stay, so that no spike is lost, and so do the first and the last point.
    pub fn thinned(mut points: Vec<MetricPoint>, most: usize) -> Self {
        points.sort_by(|a, b| (a.step, a.at).cmp(&(b.step, b.at)).then(a.value.total_cmp(&b.value)));
        let recorded = points.len() as u64;
        if points.len() <= most.max(4) {
            return Self { recorded, points };
        }
        let stretch = points.len().div_ceil(most.max(4) / 2 - 1);
        let mut kept = Vec::with_capacity(most);
        kept.extend(points.first());
        for part in points.chunks(stretch) {
            let lowest = (0..part.len()).min_by(|a, b| part[*a].value.total_cmp(&part[*b].value));
            let highest = (0..part.len()).max_by(|a, b| part[*a].value.total_cmp(&part[*b].value));
            let (Some(lowest), Some(highest)) = (lowest, highest) else { continue };
            kept.push(part[lowest.min(highest)]);
            kept.push(part[lowest.max(highest)]);
        }
        kept.extend(points.last());
        kept.dedup();
        Self { recorded, points: kept }
    }
}

/// Something in a record of another tool that could not be read. The rest of the record was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct RecordProblem {
    /// The file or folder, relative to the project.
    pub path: RelPath,
    /// What is wrong, what was kept, and what can be done.
    pub message: String,
}

/// A version of a model in another tool's registry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct ForeignModelVersion {
    /// The tool.
    pub source: RunSource,
    /// The store it was read from.
    pub store: RelPath,
    /// Name of the registered model.
    pub model: String,
    /// Version, as the tool writes it: `3`, `1.4.0`.
    pub version: String,
    /// Stage or aliases that point at it now.
    pub aliases: Vec<String>,
    /// The run that made it, by its identifier there.
    pub run: Option<String>,
    /// Where the model was found in the project.
    pub found: Option<RelPath>,
    /// When it was registered.
    pub created: Option<Timestamp>,
    /// Its description.
    pub description: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(step: i64, value: f64) -> MetricPoint {
        MetricPoint { step, at: None, value }
    }

    #[test]
    fn a_long_history_keeps_its_ends_and_its_spikes() {
        let mut points: Vec<MetricPoint> = (0..10_000).map(|step| point(step, (step % 7) as f64)).collect();
        points[5_003].value = 1e9;
        points[6_001].value = -1e9;
        points.reverse();
        let curve = Curve::thinned(points, 400);
        assert_eq!(curve.recorded, 10_000);
        assert!(curve.points.len() <= 402, "{} points are kept", curve.points.len());
        assert!(curve.points.is_sorted_by_key(|it| it.step), "the order is that of the steps");
        assert_eq!((curve.points[0].step, curve.points[curve.points.len() - 1].step), (0, 9_999));
        assert!(curve.points.contains(&point(5_003, 1e9)) && curve.points.contains(&point(6_001, -1e9)));
        let short = Curve::thinned(vec![point(1, 2.0), point(0, 1.0)], 400);
        assert_eq!(short.points, [point(0, 1.0), point(1, 2.0)], "a short one is kept as it is");
    }
}

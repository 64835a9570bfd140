//! Measures lists of runs: `cargo run --release -p proofmark-ledger --example run_list -- [RUNS]`. Fills a ledger of its own, then
//! prints the best of several times for a page, a filter, a sort, a search and everything.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use proofmark_domain::Timestamp;
use proofmark_domain::foreign::ForeignRecord;
use proofmark_domain::id::{ProjectId, RunId};
use proofmark_domain::project::Project;
use proofmark_domain::run::{CodeState, Run, RunSource, RunStatus};
use proofmark_ledger::{AuditEntry, Compare, Condition, FactKind, Ledger, LedgerError, Operand, RunFilter, RunSort};
use serde_json::Value;
use uuid::Uuid;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let count: u64 = std::env::args().nth(1).map_or(Ok(100_000), |it| it.parse())?;
    let folder = tempfile::tempdir()?;
    let now = Timestamp::from_ms(1_700_000_000_000);
    let ledger = Ledger::open(&folder.path().join("ledger.db"), now)?;
    let project = ProjectId::from_uuid(Uuid::from_u128(1));
    ledger.write(now, AuditEntry::new("bench", "project.add", ""), |write| {
        write.projects().add(&Project {
            id: project,
            name: "many".into(),
            root: folder.path().to_string_lossy().into_owned(),
            added_at: now,
            paused: true,
            last_scan: None,
            is_sample: false,
        })
    })?;
    let begun = Instant::now();
    let mut number = 0;
    while number < count {
        let batch: Vec<Run> = (number..(number + 1_000).min(count)).map(|it| run(project, it)).collect();
        number += 1_000;
        ledger.write(now, AuditEntry::new("bench", "record.read", ""), |write| {
            for run in &batch {
                write.runs().upsert_foreign(run)?;
            }
            Ok::<_, LedgerError>(())
        })?;
    }
    println!("{count} runs written in {:?}", begun.elapsed());
    let base = RunFilter { project: Some(project), deleted: Some(false), limit: Some(100), ..RunFilter::default() };
    let above = |value: f64| Condition {
        kind: FactKind::Metric,
        name: "auc".into(),
        compare: Compare::Greater,
        with: Operand::Number(value),
    };
    let is_forest = Condition {
        kind: FactKind::Parameter,
        name: "model".into(),
        compare: Compare::Equal,
        with: Operand::Text("rf".into()),
    };
    let by_metric = RunSort::Fact { kind: FactKind::Metric, name: "auc".into(), ascending: false };
    let cases = [
        ("first page of 100", base.clone()),
        ("page in the middle", RunFilter { offset: count / 2, ..base.clone() }),
        ("page of all projects", RunFilter { project: None, ..base.clone() }),
        (
            "filter, one in ten and one in three",
            RunFilter { conditions: vec![above(0.9), is_forest.clone()], ..base.clone() },
        ),
        ("filter, one in a thousand", RunFilter { conditions: vec![above(0.999)], ..base.clone() }),
        ("filter, half of them", RunFilter { conditions: vec![above(0.5)], ..base.clone() }),
        ("sorted by a metric", RunFilter { sort: by_metric, ..base.clone() }),
        ("search by text", RunFilter { text: Some(format!("run-{}", count / 3)), ..base.clone() }),
        ("all", RunFilter { limit: None, ..base.clone() }),
    ];
    for (name, filter) in cases {
        let times = if filter.limit.is_some() { 9 } else { 3 };
        let mut best = Duration::MAX;
        let mut found = (0, 0);
        for _ in 0..times {
            let begun = Instant::now();
            let page = ledger.read::<_, LedgerError>(|read| read.runs().list(&filter))?;
            best = best.min(begun.elapsed());
            found = (page.rows.len(), page.total);
        }
        println!("{name:40} {best:>12?}   {} rows of {}", found.0, found.1);
    }
    Ok(())
}

/// The same numbers at every call, spread evenly.
fn noise(number: u64, salt: u64) -> f64 {
    let mixed = (number ^ (salt << 40)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    ((mixed ^ (mixed >> 32)) >> 11) as f64 / (1_u64 << 53) as f64
}

fn run(project: ProjectId, number: u64) -> Run {
    let mut parameters: BTreeMap<String, Value> =
        (0..8).map(|it| (format!("p{it}"), Value::String(format!("{:.0}", noise(number, it) * 100.0)))).collect();
    let model = ["rf", "lr", "gbm"][(noise(number, 20) * 3.0) as usize % 3];
    parameters.insert("model".into(), Value::String(model.into()));
    let metrics = ["auc", "f1", "loss"].iter().zip(30..).map(|(name, salt)| ((*name).to_owned(), noise(number, salt)));
    let began = 1_700_000_000_000 + number as i64 * 1_000;
    Run {
        id: RunId::from_uuid(Uuid::from_u128((u128::from(number) << 80) | 0x7000_8000_0000_0000_0001)),
        project,
        source: RunSource::Mlflow,
        foreign_id: Some(format!("{number:032x}")),
        name: format!("run-{number}"),
        status: RunStatus::Finished,
        started: Some(Timestamp::from_ms(began)),
        ended: Some(Timestamp::from_ms(began + 500)),
        command: None,
        parameters,
        metrics: metrics.collect(),
        code: CodeState::default(),
        environment_digest: None,
        inputs: Vec::new(),
        outputs: Vec::new(),
        process: None,
        user: Some("ada".into()),
        record: Some(ForeignRecord {
            store: "mlflow.db".into(),
            experiment: Some("many".into()),
            parent: None,
            deleted: false,
            tags: BTreeMap::from([
                ("mlflow.user".into(), "ada".into()),
                ("mlflow.source.name".into(), "train.py".into()),
            ]),
        }),
    }
}

//! Lists of runs: filtered by facts, sorted by facts, page by page; histories and registries of other tools.

use std::collections::BTreeMap;

use proofmark_domain::Timestamp;
use proofmark_domain::artifact::RelPath;
use proofmark_domain::foreign::{Curve, ForeignModelVersion, ForeignRecord, MetricPoint};
use proofmark_domain::id::{ProjectId, RunId};
use proofmark_domain::run::{CodeState, Run, RunSource, RunStatus};
use proofmark_ledger::{Compare, Condition, FactKind, LedgerError, Operand, RunFilter, RunSort};
use serde_json::{Value, json};

use crate::{Outcome, Sandbox, uuid};

fn run(number: u128, project: ProjectId, parameters: Value, metrics: &[(&str, f64)]) -> Run {
    Run {
        id: RunId::from_uuid(uuid(number)),
        project,
        source: RunSource::Mlflow,
        foreign_id: Some(format!("f{number}")),
        name: format!("run {number}"),
        status: RunStatus::Finished,
        started: Some(Timestamp::from_ms(1_000 * number as i64)),
        ended: None,
        command: None,
        parameters: serde_json::from_value(parameters).unwrap_or_default(),
        metrics: metrics.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect(),
        code: CodeState::default(),
        environment_digest: None,
        inputs: Vec::new(),
        outputs: Vec::new(),
        process: None,
        user: None,
        record: Some(ForeignRecord {
            store: "mlruns".into(),
            experiment: Some("e".into()),
            parent: (number == 2).then(|| "f1".to_owned()),
            deleted: number == 5,
            tags: BTreeMap::new(),
        }),
    }
}

/// Five runs of another tool.
fn filled() -> Result<(Sandbox, ProjectId), Box<dyn std::error::Error>> {
    let (sandbox, project) = Sandbox::with_project()?;
    let runs = [
        run(1, project, json!({"model": "rf", "depth": "3"}), &[("auc", 0.5)]),
        run(2, project, json!({"model": "lr", "depth": "10"}), &[("auc", 0.9), ("loss", f64::NAN)]),
        run(3, project, json!({"model": "rf", "depth": 7}), &[("auc", 0.7)]),
        run(4, project, json!({"model": "50% rf_x"}), &[]),
        run(5, project, json!({"model": "rf"}), &[("auc", 0.8)]),
    ];
    sandbox.write(|w| {
        for run in &runs {
            w.runs().upsert_foreign(run)?;
        }
        Ok(())
    })?;
    Ok((sandbox, project))
}

fn numbers(sandbox: &Sandbox, filter: &RunFilter) -> Result<(Vec<u128>, u64), LedgerError> {
    let page = sandbox.ledger.read(|r| r.runs().list(filter))?;
    Ok((page.rows.iter().map(|run| run.id.uuid().as_u128()).collect(), page.total))
}

fn where_(kind: FactKind, name: &str, compare: Compare, with: Operand) -> RunFilter {
    RunFilter { conditions: vec![Condition { kind, name: name.into(), compare, with }], ..RunFilter::default() }
}

#[test]
fn runs_are_found_by_their_facts() -> Outcome {
    use Compare::{AtLeast, Contains, Equal, Less, NotEqual};
    use FactKind::{Metric, Parameter};
    let (sandbox, _) = filled()?;
    let text = |it: &str| Operand::Text(it.to_owned());
    for (filter, expected) in [
        (where_(Metric, "auc", AtLeast, Operand::Number(0.7)), vec![5, 3, 2]),
        (where_(Metric, "loss", NotEqual, Operand::Number(0.0)), vec![2]),
        (where_(Metric, "loss", Less, Operand::Number(1e9)), vec![]),
        (where_(Parameter, "depth", Less, Operand::Number(8.0)), vec![3, 1]),
        (where_(Parameter, "model", Equal, text("rf")), vec![5, 3, 1]),
        (where_(Parameter, "model", NotEqual, text("rf")), vec![4, 2]),
        (where_(Parameter, "model", Contains, text("50% rf_")), vec![4]),
        (where_(Parameter, "depth", Contains, Operand::Number(1.0)), vec![2]),
        (where_(Parameter, "unknown", Equal, text("rf")), vec![]),
    ] {
        let (found, total) = numbers(&sandbox, &filter)?;
        assert_eq!((found, total), (expected.clone(), expected.len() as u64), "{:?}", filter.conditions);
    }
    let both = RunFilter {
        conditions: [
            where_(Metric, "auc", AtLeast, Operand::Number(0.6)).conditions,
            where_(Parameter, "model", Equal, text("rf")).conditions,
        ]
        .concat(),
        deleted: Some(false),
        ..RunFilter::default()
    };
    assert_eq!(numbers(&sandbox, &both)?, (vec![3], 1), "all conditions hold, and the deleted one is left out");
    Ok(())
}

#[test]
fn runs_are_sorted_by_a_fact_and_those_without_it_come_last() -> Outcome {
    let (sandbox, project) = filled()?;
    let by = |ascending, offset, limit| RunFilter {
        project: Some(project),
        sort: RunSort::Fact { kind: FactKind::Metric, name: "auc".into(), ascending },
        offset,
        limit: Some(limit),
        ..RunFilter::default()
    };
    assert_eq!(numbers(&sandbox, &by(false, 0, 10))?, (vec![2, 5, 3, 1, 4], 5));
    assert_eq!(numbers(&sandbox, &by(true, 0, 10))?, (vec![1, 3, 5, 2, 4], 5));
    assert_eq!(numbers(&sandbox, &by(true, 3, 2))?, (vec![2, 4], 5), "a page across the border");
    assert_eq!(numbers(&sandbox, &by(true, 4, 2))?, (vec![4], 5), "a page behind it");
    let unknown = RunFilter {
        sort: RunSort::Fact { kind: FactKind::Parameter, name: "nothing".into(), ascending: true },
        ..RunFilter::default()
    };
    assert_eq!(numbers(&sandbox, &unknown)?.1, 5, "a name that no run has loses no run");
    Ok(())
}

#[test]
fn facts_follow_their_run() -> Outcome {
    let (sandbox, project) = filled()?;
    let changed = run(1, project, json!({"model": "gbm"}), &[("auc", 0.99)]);
    sandbox.write(|w| w.runs().upsert_foreign(&changed))?;
    let forests = where_(FactKind::Parameter, "model", Compare::Equal, Operand::Text("rf".into()));
    assert_eq!(numbers(&sandbox, &forests)?.0, [5, 3], "the former value is not found any more");
    let names = sandbox.ledger.read(|r| r.runs().fact_names(Some(project)))?;
    let of = |kind, name: &str| names.iter().find(|it| it.kind == kind && it.name == name).map(|it| it.runs);
    assert_eq!((of(FactKind::Parameter, "model"), of(FactKind::Metric, "auc")), (Some(5), Some(4)));
    Ok(())
}

#[test]
fn what_belongs_to_a_foreign_run_is_kept() -> Outcome {
    let (sandbox, project) = filled()?;
    let id = RunId::from_uuid(uuid(1));
    let points = vec![
        MetricPoint { step: 0, at: None, value: 0.5 },
        MetricPoint { step: -3, at: Some(Timestamp::from_ms(17)), value: f64::INFINITY },
    ];
    let curves = BTreeMap::from([("auc".to_owned(), Curve { recorded: 9, points })]);
    sandbox.write(|w| w.runs().set_record(id, &RelPath::from("mlruns"), "stamp", &curves))?;
    assert_eq!(sandbox.ledger.read(|r| r.runs().curves(id))?, curves);
    let rows = sandbox.ledger.read(|r| r.runs().foreign_rows(project, RunSource::Mlflow))?;
    assert_eq!(rows.len(), 1, "only runs whose record is known are followed");
    assert_eq!((rows[0].stamp.as_str(), rows[0].store.as_str(), rows[0].deleted), ("stamp", "mlruns", false));
    let children = sandbox.ledger.read(|r| r.runs().children(project, RunSource::Mlflow, "f1", 10))?;
    assert_eq!(children, [(RunId::from_uuid(uuid(2)), "run 2".to_owned())]);
    sandbox.write(|w| w.runs().mark_deleted(id))?;
    let gone = sandbox.ledger.read(|r| r.runs().by_id(id))?.and_then(|it| it.record).ok_or("its record is gone")?;
    assert!(gone.deleted && gone.experiment.as_deref() == Some("e"), "deleted, and otherwise as it was");
    Ok(())
}

#[test]
fn a_registry_is_followed() -> Outcome {
    let (sandbox, project) = filled()?;
    let store = RelPath::from("mlruns");
    let version = |number: &str, aliases: &[&str]| ForeignModelVersion {
        source: RunSource::Mlflow,
        store: store.clone(),
        model: "churn".into(),
        version: number.into(),
        aliases: aliases.iter().map(|it| (*it).to_owned()).collect(),
        run: Some("f1".into()),
        found: Some("mlruns/1/f1/artifacts/model".into()),
        created: Some(Timestamp::from_ms(5)),
        description: None,
    };
    let put = |versions: &[ForeignModelVersion]| {
        sandbox.write(|w| w.foreign().put_versions(project, RunSource::Mlflow, &store, versions))
    };
    let first = [version("1", &["champion"]), version("10", &[]), version("2", &[])];
    put(&first)?;
    let read = sandbox.ledger.read(|r| r.foreign().versions(project))?;
    assert_eq!(
        read.iter().map(|it| it.version.as_str()).collect::<Vec<_>>(),
        ["1", "2", "10"],
        "in the order of numbers"
    );
    put(&[version("2", &["champion"])])?;
    assert_eq!(sandbox.ledger.read(|r| r.foreign().versions(project))?, [version("2", &["champion"])]);
    Ok(())
}

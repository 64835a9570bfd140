//! Runs: complete round trips, what may change and what not.

use std::collections::BTreeMap;

use proofmark_domain::artifact::{ArtifactKind, RelPath};
use proofmark_domain::id::{ProjectId, RunId};
use proofmark_domain::lineage::Reason;
use proofmark_domain::run::{CodeState, EdgeRole, ProcessFacts, Run, RunEdge, RunSource, RunStatus};
use proofmark_domain::{Basis, Confidence, Timestamp};
use proofmark_ledger::{LedgerError, Owner, RunFilter, RunSort};
use serde_json::json;

use crate::{Outcome, Sandbox, digest, now, uuid};

fn edge(path: &str, number: u8) -> RunEdge {
    RunEdge {
        path: RelPath::new(path),
        digest: Some(digest(number)),
        kind: ArtifactKind::Dataset,
        role: EdgeRole::Data,
        basis: Basis::Observed,
        confidence: Confidence::clamped(0.1 + 0.2),
        columns: vec!["age".into(), "".into(), "naïve \"quoted\"".into()],
        evidence: "opened for reading".into(),
        reasons: vec![Reason { name: "code".into(), weight: 2.5, why: "train.py line 3 reads it".into() }],
    }
}

fn run(number: u128, project: ProjectId, source: RunSource, status: RunStatus) -> Run {
    Run {
        id: RunId::from_uuid(uuid(number)),
        project,
        source,
        foreign_id: (source != RunSource::Recorded).then(|| format!("foreign-{number}")),
        name: format!("train {number}"),
        status,
        started: Some(Timestamp::from_ms(1000 * number as i64)),
        ended: None,
        command: Some("python train.py --rate 100%".into()),
        parameters: BTreeMap::from([("depth".into(), json!([1, null, {"a": 0.1}]))]),
        metrics: BTreeMap::from([("auc".into(), 0.1 + 0.2), ("gain".into(), f64::INFINITY)]),
        code: CodeState { commit: Some("abc".into()), dirty: Some(true), ..CodeState::default() },
        environment_digest: Some(digest(9)),
        inputs: vec![edge("data/b.csv", 2), edge("data/a.csv", 1)],
        outputs: vec![edge("model.pkl", 3)],
        process: Some(ProcessFacts { argv: vec!["python".into()], peak_memory: Some(u64::MAX), ..Default::default() }),
        user: None,
    }
}

#[test]
fn a_run_comes_back_as_it_was() -> Outcome {
    let (sandbox, project) = Sandbox::with_project()?;
    let run = run(1, project, RunSource::Recorded, RunStatus::Finished);
    sandbox.write(|w| w.runs().insert(&run, None))?;
    assert_eq!(sandbox.ledger.read(|r| r.runs().by_id(run.id))?.as_ref(), Some(&run), "to the last bit");
    let by_edge = |number| {
        sandbox.ledger.read(|r| Ok::<_, LedgerError>((r.runs().that_read(&number)?, r.runs().that_wrote(&number)?)))
    };
    let (readers, writers) = by_edge(digest(1))?;
    assert_eq!((readers.len(), writers.len()), (1, 0), "it read these bytes");
    let (readers, writers) = by_edge(digest(3))?;
    assert_eq!((readers.len(), writers.len()), (0, 1), "and wrote those");
    Ok(())
}

#[test]
fn not_a_number_survives() -> Outcome {
    let (sandbox, project) = Sandbox::with_project()?;
    let mut run = run(1, project, RunSource::Mlflow, RunStatus::Finished);
    run.metrics = BTreeMap::from([("loss".into(), f64::NAN), ("low".into(), f64::NEG_INFINITY)]);
    sandbox.write(|w| w.runs().upsert_foreign(&run))?;
    let read = sandbox.ledger.read(|r| r.runs().by_id(run.id))?.ok_or("it is gone")?;
    assert!(read.metrics["loss"].is_nan(), "training runs do diverge");
    assert_eq!(read.metrics["low"], f64::NEG_INFINITY);
    Ok(())
}

#[test]
fn a_running_run_is_finished_once() -> Outcome {
    let (sandbox, project) = Sandbox::with_project()?;
    let owner = Owner { pid: 81, token: "boot-1/start-2".into() };
    let begun = run(1, project, RunSource::Recorded, RunStatus::Running);
    sandbox.write(|w| w.runs().insert(&begun, Some(&owner)))?;
    let running = sandbox.ledger.read(|r| r.runs().running())?;
    assert_eq!(running, [(begun.clone(), Some(owner))], "a later process can see who records it");

    let mut done = Run { status: RunStatus::Killed, ended: Some(now()), ..begun };
    done.outputs.push(edge("metrics.json", 4));
    sandbox.write(|w| w.runs().finish(&done))?;
    assert_eq!(sandbox.ledger.read(|r| r.runs().by_id(done.id))?.as_ref(), Some(&done), "with its later edges");
    assert_eq!(sandbox.ledger.read(|r| r.runs().running())?, [], "nothing runs");

    let again = Run { status: RunStatus::Finished, ..done.clone() };
    for refused in [sandbox.write(|w| w.runs().finish(&again)), sandbox.write(|w| w.runs().retract_inferred(again.id))]
    {
        assert!(matches!(refused, Err(LedgerError::AppendOnly { .. })), "{refused:?}");
    }
    let without_edges = Run { inputs: vec![], outputs: vec![], ..again };
    assert!(sandbox.write(|w| w.runs().finish(&without_edges)).is_err(), "nor does it lose or gain edges");
    assert_eq!(sandbox.ledger.read(|r| r.runs().by_id(done.id))?.as_ref(), Some(&done), "it is as it was");
    Ok(())
}

#[test]
fn a_foreign_run_follows_its_record_under_one_id() -> Outcome {
    let (sandbox, project) = Sandbox::with_project()?;
    let first = run(1, project, RunSource::Mlflow, RunStatus::Running);
    let second =
        Run { id: RunId::from_uuid(uuid(2)), status: RunStatus::Finished, name: "renamed".into(), ..first.clone() };
    assert_eq!(sandbox.write(|w| w.runs().upsert_foreign(&first))?, first.id);
    assert_eq!(sandbox.write(|w| w.runs().upsert_foreign(&second))?, first.id, "the known id stays");
    let runs = sandbox.ledger.read(|r| r.runs().of_project(project))?;
    assert_eq!(runs, [Run { id: first.id, ..second }], "one run, as its record says now");
    let refused = sandbox.write(|w| w.runs().retract_inferred(first.id));
    assert!(matches!(refused, Err(LedgerError::AppendOnly { .. })), "a record of another tool is no conclusion");
    let guess = run(3, project, RunSource::Inferred, RunStatus::Unknown);
    sandbox.write(|w| w.runs().upsert_foreign(&guess))?;
    sandbox.write(|w| w.runs().retract_inferred(guess.id))?;
    assert_eq!(sandbox.ledger.read(|r| r.runs().by_id(guess.id))?, None, "a conclusion can be withdrawn");
    Ok(())
}

#[test]
fn lists_filter_sort_and_page() -> Outcome {
    let (sandbox, project) = Sandbox::with_project()?;
    sandbox.write(|w| {
        (1..=9).try_for_each(|number| {
            let source = if number % 3 == 0 { RunSource::Dvc } else { RunSource::Mlflow };
            w.runs().upsert_foreign(&run(number, project, source, RunStatus::Finished)).map(|_| ())
        })
    })?;
    let list = |filter: RunFilter| {
        let page = sandbox.ledger.read(|r| r.runs().list(&filter))?;
        Ok::<_, LedgerError>((page.rows.iter().map(|it| it.id.uuid().as_u128()).collect::<Vec<_>>(), page.total))
    };
    let paged = RunFilter { project: Some(project), limit: Some(2), offset: 1, ..RunFilter::default() };
    assert_eq!(list(paged)?, (vec![8, 7], 9), "newest first, one page, the total of all");
    let dvc = RunFilter { sources: vec![RunSource::Dvc], sort: RunSort::Oldest, ..RunFilter::default() };
    assert_eq!(list(dvc)?, (vec![3, 6, 9], 3));
    let text = RunFilter { text: Some("TRAIN 4".into()), ..RunFilter::default() };
    assert_eq!(list(text)?, (vec![4], 1), "regardless of case");
    let literal = RunFilter { text: Some("100%".into()), ..RunFilter::default() };
    assert_eq!(list(literal)?.1, 9, "a percent sign is a percent sign");
    let none = RunFilter { text: Some("1_0%".into()), ..RunFilter::default() };
    assert_eq!(list(none)?.1, 0, "and an underscore is no wildcard");
    Ok(())
}

#[test]
fn output_is_appended_and_read_from_anywhere() -> Outcome {
    let (sandbox, project) = Sandbox::with_project()?;
    let run = run(1, project, RunSource::Recorded, RunStatus::Running);
    sandbox.write(|w| w.runs().insert(&run, None))?;
    for chunk in ["epoch 1\n", "", "epoch 2\n", "done\n"] {
        sandbox.write(|w| w.run_logs().append(run.id, chunk.as_bytes()))?;
    }
    sandbox.ledger.read(|r| {
        let logs = r.run_logs();
        assert_eq!(logs.size(run.id)?, 21);
        assert_eq!(logs.read(run.id, 0, 1000)?, b"epoch 1\nepoch 2\ndone\n");
        assert_eq!(logs.read(run.id, 6, 4)?, b"1\nep", "across chunks");
        assert_eq!(logs.read(run.id, 99, 4)?, b"", "behind the end");
        assert_eq!(logs.tail(run.id, 7)?, (14, b"2\ndone\n".to_vec()));
        Ok::<(), LedgerError>(())
    })?;
    Ok(())
}

use std::fmt::Write;
use std::sync::{Arc, Mutex};

use proofmark_contract::EngineEvent;
use proofmark_contract::view::*;
use proofmark_domain::drift::DriftVerdict;
use proofmark_domain::job::JobKind;

use super::Sandbox;
use super::line::wait;

/// A table of which one column moves by `shift` and one never does.
fn table(rows: u32, shift: u32) -> String {
    let mut text = "age,amount,region\n".to_owned();
    for row in 0..rows {
        let mixed = row.wrapping_mul(2_654_435_761) >> 8;
        let region = ["north", "south", "west"][(mixed % 3) as usize];
        writeln!(text, "{}.5,{}.25,{region}", 20 + mixed % 50 + shift, 100 + mixed.wrapping_mul(31) % 9_000).unwrap();
    }
    text
}

#[test]
fn a_comparison_shows_its_columns_before_its_report() {
    let sandbox = Sandbox::new();
    sandbox.write("data/september.csv", &table(20_000, 0));
    sandbox.write("data/october.csv", &table(20_000, 12));
    let project = sandbox.add();
    sandbox.scan(&project);
    let seen: Arc<Mutex<Vec<DriftSoFar>>> = Arc::default();
    let (engine, kept) = (sandbox.engine.clone(), Arc::clone(&seen));
    sandbox.engine.subscribe(Box::new(move |event| {
        if let EngineEvent::Job { job } = event
            && job.kind == JobKind::Drift
            && let Ok(view) = engine.drift_so_far(JobRef { job: job.id })
        {
            kept.lock().unwrap().push(view);
        }
    }));
    let request = DriftStart {
        project: project.id,
        reference: "data/september.csv".into(),
        current: "data/october.csv".into(),
        target: None,
    };
    let job = sandbox.engine.drift_start(request).unwrap();
    wait(&sandbox, JobRef { job: job.job });

    let end = sandbox.engine.drift_so_far(JobRef { job: job.job }).unwrap();
    let report = sandbox.engine.drift_show(ReportRef { report: end.report.unwrap() }).unwrap().report;
    let seen = seen.lock().unwrap();
    let early: Vec<&DriftSoFar> = seen.iter().filter(|it| it.report.is_none() && it.classifier.is_some()).collect();
    let first = early.first().expect("the columns were shown while the classifier was still learning");
    assert!(first.sentence.contains("1 of 3 columns drifted: age"), "{}", first.sentence);
    assert!(first.sentence.contains("still learning"), "{}", first.sentence);
    assert_eq!(first.rows.unwrap().current, 20_000);
    let shown: Vec<_> = first.columns.iter().map(|it| (&it.column.name, it.column.verdict, it.column.effect)).collect();
    let final_ones: Vec<_> = report.columns.iter().map(|it| (&it.name, it.verdict, it.effect)).collect();
    assert_eq!(shown, final_ones, "what was shown early is what the report says");
    assert!(first.columns.iter().all(|it| it.stage == ColumnStage::Settled && it.column.shape.is_none()));
    assert!(seen.windows(2).all(|pair| pair[0].revision <= pair[1].revision), "what is known only grows");

    // Its pictures can be drawn before there is a report.
    let effects = FigureQuery::DriftEffectsSoFar { job: job.job, revision: end.revision };
    assert!(sandbox.engine.figure(effects).unwrap().svg.starts_with("<svg"));
    let column = FigureQuery::DriftColumnSoFar { job: job.job, column: "age".into(), revision: end.revision };
    assert!(sandbox.engine.figure(column).unwrap().svg.starts_with("<svg"));
}

#[test]
fn a_comparison_that_fails_says_that_nothing_was_kept() {
    let sandbox = Sandbox::new();
    sandbox.write("data/september.csv", &table(500, 0));
    sandbox.write("data/october.csv", &table(500, 3));
    let project = sandbox.add();
    sandbox.scan(&project);
    let request = DriftStart {
        project: project.id,
        reference: "data/september.csv".into(),
        current: "data/october.csv".into(),
        target: Some("no such column".into()),
    };
    let job = sandbox.engine.drift_start(request).unwrap();
    sandbox.engine.wait_for(job.job).unwrap_err();
    let end = sandbox.engine.drift_so_far(JobRef { job: job.job }).unwrap();
    assert_eq!(end.report, None);
    assert!(end.sentence.contains("nothing of it was kept"), "{}", end.sentence);
    assert!(end.columns.iter().all(|it| it.column.verdict != DriftVerdict::Drift || it.stage != ColumnStage::Settled));
}
